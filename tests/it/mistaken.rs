//! What is told to whoever gave the wrong thing: a file that is no backup, a place where none can be made, a name in place of a
//! key, a word that settings do not know, a path that leads to no ledger. The worry is a hint that leads further astray.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::support::{Answer, Desk, done, tell};
use crate::traced::copy;

/// A ledger `l` with a backup `b`.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write(
        "file.yaml",
        "evidence: { none: a test }\nannouncements:\n- { kind: party, id: one, name: One, type: state }\n",
    );
    done(&desk.run("append --init --ledger l file.yaml"));
    done(&desk.run("backup b --ledger l"));
    desk
}

/// The command ends with that code, tells this and not that.
#[track_caller]
fn check(answer: &Answer, code: i32, told: &[&str], untold: &[&str]) {
    assert_eq!(answer.code, code, "{}{}", answer.out, answer.err);
    for words in told {
        assert!(answer.err.contains(words), "{words}: {}", answer.err);
    }
    for words in untold {
        assert!(!answer.err.contains(words), "{words}: {}", answer.err);
    }
}

/// Runs a command that is given a file on standard input.
fn reading(desk: &Desk, line: &str, file: &str) -> Answer {
    let given = fs::File::open(desk.path().join(file)).expect("it is there");
    let mut command = desk.command(line.split(' '));
    Answer::of(&command.stdin(Stdio::from(given)).output().expect("the binary runs"))
}

#[test]
fn what_is_no_backup_is_told_as_what_it_is_and_how_it_is_unwrapped() {
    let desk = desk();
    let sound = fs::read(desk.path().join("b")).expect("it is there");
    let wrapped = |mark: &[u8]| [mark, &sound].concat();
    let neither = "is neither a backup nor an export";
    for (name, bytes, code, told) in [
        ("b.gz", wrapped(b"\x1f\x8b\x08"), 3, ["compressed with gzip", "gzip -dc b.gz | servanda"]),
        ("b.zst", wrapped(b"\x28\xb5\x2f\xfd"), 3, ["compressed with zstd", "zstd -dc b.zst | servanda"]),
        ("b.age", wrapped(b"age-encryption.org/v1\n"), 3, ["encrypted with age", "age --decrypt -i KEY b.age |"]),
        ("b.asc", wrapped(b"-----BEGIN PGP MESSAGE-----\n"), 3, ["encrypted with gpg", "gpg --decrypt b.asc |"]),
        ("empty", Vec::new(), 1, ["empty is empty", "hint: "]),
        ("zeros", vec![0; 4096], 1, ["begins with zeros", "hint: "]),
        ("text", b"Dear Anna,\n".to_vec(), 1, [neither, "hint: "]),
    ] {
        desk.write(name, bytes);
        for line in ["backup check", "restore", "repair"] {
            let (from, to) = match line {
                "repair" => ("--from ", " --ledger l"),
                "restore" => ("", " copy"),
                _ => ("", ""),
            };
            check(&desk.run(&format!("{line} {from}{name}{to}")), code, &told, &[]);
            let streamed = reading(&desk, &format!("{line} {from}-{to}"), name);
            check(&streamed, code, &["standard input "], &["line 1"]);
        }
    }
    done(&desk.run("verify --ledger l"));
    let ledger = ["l is a ledger itself", "`servanda backup FILE --ledger l`"];
    check(&desk.run("restore l copy"), 1, &ledger, &[]);
    check(&desk.run("backup check l"), 1, &ledger[..1], &[]);
    assert!(!desk.path().join("copy").exists());
    let export = desk.run("export ndjson --ledger l").out;
    desk.write("export", &export);
    check(&reading(&desk, "backup check -", "export"), 1, &["standard input is no backup"], &[]);
    desk.write("cut", &export[..export.len() / 2]);
    check(&reading(&desk, "restore - copy", "cut"), 1, &["standard input: line "], &[]);
}

#[test]
fn a_place_where_no_backup_can_be_made_is_told_with_what_to_name_instead() {
    let desk = desk();
    fs::create_dir(desk.path().join("folder")).expect("there is room");
    let room = "free space";
    for (place, told) in [
        ("/dev/null", ["/dev/null: not a regular file", "name a file"]),
        ("folder", ["folder: not a regular file", "name a file"]),
        ("no/such/dir/x", ["x: No such file or directory", "there is no such folder: make it first"]),
        ("b/x", ["x: Not a directory", "there is no such folder"]),
    ] {
        check(&desk.run(&format!("backup {place} --ledger l")), 3, &told, &[room, ".tmp-", ".servanda-part"]);
    }
}

#[test]
fn a_name_in_place_of_a_key_is_a_misuse_that_says_how_keys_are_named() {
    let desk = desk();
    fs::write(desk.path().join("new.pub"), "nonsense").expect("there is room");
    let told = ["is no public key", "@FILE.pub", "fingerprint as `servanda key show --ledger l`"];
    let key = "@config/servanda/recorder_ed25519.pub";
    for line in [
        "key revoke bob".to_owned(),
        format!("key replace desk --with {key}"),
        format!("key replace {key} --with desk"),
        "key add ana --public ana.pub".to_owned(),
    ] {
        check(&desk.run(&format!("{line} --ledger l")), 2, &told, &[]);
    }
    check(&desk.run("key revoke @new.pub --ledger l"), 1, &["new.pub is no public key"], &[]);
    done(&desk.run("verify --ledger l"));
}

#[test]
fn settings_that_cannot_be_used_are_told_with_line_key_and_words() {
    let desk = desk();
    let file = desk.path().join("l/servanda.toml");
    let sound = fs::read_to_string(&file).expect("it is there");
    let words = "once each, `format = 1`, `origin = \"NAME\"` as the genesis event has it, and `checkpoint = \"on-request\"` or";
    for (text, told) in [
        (
            format!("{sound}checkpoint = \"each-append\"\n"),
            ["line 6, `checkpoint = \"each-append\"`: duplicate key", words],
        ),
        (
            sound.replace("\"on-request\"\n", "\"sometimes\"\n"),
            ["line 5, `checkpoint = \"sometimes\"`: `sometimes` is not a word", words],
        ),
        (format!("{sound}checkpoints = 1\nnonsense\n"), ["line 7, `nonsense`: ", words]),
    ] {
        fs::write(&file, text).expect("it is ours");
        check(&desk.run("log --ledger l"), 3, &told, &[]);
    }
    fs::write(&file, sound).expect("it is ours");
    done(&desk.run("log --ledger l"));
}

#[test]
fn where_several_ledgers_lie_none_of_them_is_taken_for_the_one_that_was_meant() {
    let desk = desk();
    let alone = ["l is one: add --ledger l"];
    check(&desk.run("log --ledger typo"), 3, &alone, &[]);
    done(&desk.run("restore b a-copy --at 0 --despite-known"));
    fs::write(desk.path().join("a-copy/OLDER"), "9 events were known when this ledger was restored.\n").expect("ours");
    check(&desk.run("log --ledger typo"), 3, &["l, a-copy are ledgers: name the one that is meant"], &["is one"]);
    for name in ["m1", "m2", "m3", "m4"] {
        done(&desk.run(&format!("init --ledger {name}")));
    }
    check(&desk.run("log --ledger typo"), 3, &["l, m1, m2, m3 and 2 more are ledgers"], &["is one"]);
}

#[test]
fn a_home_that_is_no_absolute_path_counts_for_nothing() {
    for variable in ["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME"] {
        let desk = desk();
        let key = desk.path().join("config/servanda/recorder_ed25519");
        let mut command = desk.command(["append", "--ledger", "l", "file.yaml"]);
        command.env_clear().env(variable, "rel").env("SERVANDA_KEY", key);
        let answer = Answer::of(&command.output().expect("the binary runs"));
        check(&answer, 0, &["warning: nothing is remembered of ledgers: none of SERVANDA_STATE"], &[]);
        let mut made = desk.command(["init", "--ledger", "m"]);
        let made = Answer::of(&made.env_clear().env(variable, "rel").output().expect("the binary runs"));
        check(&made, 3, &["neither HOME nor XDG_CONFIG_HOME says where keys are kept"], &[]);
        assert!(!desk.path().join("rel").exists(), "{variable}");
    }
}

#[test]
fn a_file_that_may_not_be_written_is_told_by_its_own_name() {
    /// An account that no file of accounts knows.
    const NOBODY: u32 = 54_321;
    let desk = desk();
    let prepared = Command::new("sh")
        .args(["-c", &format!("chmod 755 . && chown -R {NOBODY}:{NOBODY} l config state && mkdir -p l/checkpoints && chown 0:0 l/checkpoints && chmod 755 l/checkpoints")])
        .current_dir(desk.path())
        .status();
    if !prepared.is_ok_and(|status| status.success()) {
        tell("left out: only root gives files away");
        return;
    }
    fs::copy(env!("CARGO_BIN_EXE_servanda"), desk.path().join("servanda")).expect("there is room");
    let mut command = Command::new(desk.path().join("servanda"));
    command.args(["checkpoint", "--ledger", "l"]).current_dir(desk.path()).env_clear().uid(NOBODY).gid(NOBODY);
    command.env("XDG_STATE_HOME", desk.path().join("state")).env("XDG_CONFIG_HOME", desk.path().join("config"));
    let answer = Answer::of(&command.output().expect("the binary runs"));
    check(&answer, 3, &["l/checkpoints/2", "Permission denied", "may not be written"], &[".tmp-"]);
}

#[test]
fn what_is_advised_while_a_command_goes_on_is_for_the_ledger_that_was_given() {
    let desk = desk();
    let settings = desk.path().join("l/servanda.toml");
    let text = fs::read_to_string(&settings).expect("there are settings");
    fs::write(&settings, text.replacen("= \"on-request\"", "= \"each-append\"", 1)).expect("it is ours");
    fs::remove_file(desk.path().join("l/keys/log.key")).expect("init made it");
    check(&desk.run("append --ledger l file.yaml"), 5, &["`servanda key replace-log --because lost --ledger l`"], &[]);
}

#[test]
fn a_name_that_is_forgotten_says_what_goes_with_it_and_counts_again_where_it_lay() {
    let desk = desk();
    copy(&desk.path().join("l"), &desk.path().join("older"));
    desk.write(
        "two.yaml",
        "evidence: { none: a test }\nannouncements:\n- { kind: party, id: two, name: Two, type: state }\n",
    );
    done(&desk.run("append --ledger l two.yaml"));
    fs::rename(desk.path().join("l"), desk.path().join("newer")).expect("it is ours");
    fs::rename(desk.path().join("older"), desk.path().join("l")).expect("it is ours");
    check(&desk.run("checkpoint --ledger l"), 1, &["ROLLBACK"], &[]);
    let known = desk.run("forget --list --json").json();
    let name = known["ledgers"][0]["origin"].as_str().expect("it is remembered").to_owned();
    let forgotten = desk.run(&format!("forget {name}"));
    check(&forgotten, 0, &["older copies of it are told no more", "laid aside in "], &[]);
    let (aside, back) = forgotten.err.split_once(": moved back to ").expect("it says where");
    let aside = aside.rsplit_once("laid aside in ").expect("it says where").1;
    let back = back.split_once(", it counts again").expect("it says where").0;
    fs::rename(aside, back).expect("it lies there");
    check(&desk.run("checkpoint --ledger l"), 1, &["ROLLBACK"], &[]);
}
