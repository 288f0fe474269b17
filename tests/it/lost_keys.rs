//! The day on which a key is lost, and the days before it. The worries are a ledger whose keys nobody can change any more, a log's
//! key that one person alone can sign with, an append that nobody signed and nobody was told of, and a warning that comes too
//! late, or for ever. `ssh-agent` and `ssh-add` are OpenSSH's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use servanda::ledger::KeyFile;

use crate::support::{Answer, Desk, done, refused};

const FILE: &str =
    "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: one, name: one, type: state }\n";

/// The recorder's own key, where `init` makes it.
const RECORDER: &str = "config/servanda/recorder_ed25519";

/// A desk with an announcement file.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("file.yaml", FILE);
    desk
}

/// Has a ledger sign after every append.
fn sign_each_append(desk: &Desk) {
    let settings = desk.path().join("l/servanda.toml");
    let text = fs::read_to_string(&settings).expect("there are settings");
    fs::write(settings, text.replacen("= \"on-request\"", "= \"each-append\"", 1)).expect("it is ours");
}

/// It was done but for a checkpoint.
#[track_caller]
fn unsigned(answer: &Answer) {
    assert_eq!(answer.code, 5, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains("warning: no checkpoint was signed: "), "{}", answer.err);
}

/// Runs a line of shell in the desk's folder, with OpenSSH's programs and ours.
pub(crate) fn shell(desk: &Desk, line: &str) -> Answer {
    let bin = fs::canonicalize(env!("CARGO_BIN_EXE_servanda")).expect("the binary is built");
    let path = format!("{}:/usr/bin:/bin", bin.parent().expect("it lies in a folder").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(desk.path()).env_clear().env("PATH", path).env("HOME", desk.path());
    shell.env("XDG_STATE_HOME", desk.path().join("state")).env("XDG_CONFIG_HOME", desk.path().join("config"));
    Answer::of(&shell.output().expect("there is a shell"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_recovery_key_has_others_sign_again_when_both_keys_are_gone() {
    let desk = desk();
    let founded = desk.run("init --ledger l --recorder desk --recovery stick/desk-recovery");
    done(&founded);
    assert!(founded.err.contains("Take the recovery key away"), "{}", founded.err);
    assert_eq!(mode(&desk.path().join("stick/desk-recovery")), 0o600);
    let public = fs::read_to_string(desk.path().join("stick/desk-recovery.pub")).expect("its public half is beside it");
    assert!(
        public.contains("recovery key of the ledger local/l-") && public.contains("`servanda key add`"),
        "{public}"
    );
    done(&desk.run("append --ledger l file.yaml"));
    done(&desk.run("checkpoint --ledger l"));

    fs::remove_file(desk.path().join(RECORDER)).expect("init made it");
    fs::remove_file(desk.path().join("l/keys/log.key")).expect("init made it");
    desk.write("two.yaml", FILE.replace(" one", " two"));
    refused(&desk.run("append --ledger l --key stick/desk-recovery two.yaml"), "needs the role recorder");
    KeyFile::create(&desk.path().join("new"), &[7; 32], "new").expect("a key can be made");
    done(&desk.run("key replace @config/servanda/recorder_ed25519.pub --with @new.pub --because lost --key stick/desk-recovery --ledger l"));
    done(&desk.run("key replace-log --because lost --key stick/desk-recovery --ledger l"));
    done(&desk.run("append --ledger l --key new two.yaml"));
    done(&desk.run("checkpoint --ledger l"));
    let verified = desk.run("verify --ledger l --json");
    done(&verified);
    assert_eq!(verified.json()["events"], 6);
}

#[test]
fn who_founds_a_ledger_is_told_which_files_to_copy_in_full() {
    for line in ["init --ledger l", "append --init --ledger l file.yaml"] {
        let desk = desk();
        let told = desk.run(line);
        done(&told);
        let folder = fs::canonicalize(desk.path()).expect("it is there");
        for file in [RECORDER, "l/keys/log.key"] {
            let mut lines = told.err.lines().filter(|line| line.starts_with("  /"));
            let told_file = lines.find(|line| line.contains(file)).expect("the file is named");
            assert!(told_file.contains("   servanda --ledger l key copied"), "{told_file}");
            let named = told_file.split_whitespace().next().expect("a path");
            assert_eq!(fs::canonicalize(named).expect("it is there"), folder.join(file), "{named}");
        }
    }
}

#[test]
fn a_recovery_key_lies_elsewhere_and_takes_the_place_of_nothing() {
    let desk = desk();
    desk.write("there", "something");
    let cases = [("l/recovery", 2, "would be lost with it"), ("there", 3, "is there already")];
    for (file, code, why) in cases {
        let answer = desk.run(&format!("init --ledger l --recovery {file}"));
        assert!(answer.code == code && answer.err.contains(why), "{}", answer.err);
        assert!(!desk.path().join("l").exists() && !desk.path().join("config").exists());
    }
    // What comes to nothing leaves no such key, nor does a dry run.
    desk.write("faulty.yaml", "announcements: [ { kind: nothing } ]\n");
    for line in [
        "append --init --recovery r faulty.yaml --ledger l",
        "append --init --recovery r file.yaml --dry-run --ledger l",
    ] {
        desk.run(line);
        assert!(!desk.path().join("l").exists() && !desk.path().join("r").exists(), "{line}");
    }
    done(&desk.run("append --init --recovery r file.yaml --ledger l"));
    assert!(desk.path().join("r").exists());
}

/// What a ledger's keys are at risk of, by the first words.
fn at_risk(desk: &Desk) -> Vec<String> {
    let told = desk.run("key show --ledger l --json").json();
    let risks = told["at_risk"].as_array().expect("a list");
    let verified = desk.run("verify --ledger l --json").json();
    assert_eq!(verified["at_risk"].as_array().unwrap_or(&Vec::new()), risks, "verify tells what key show tells");
    assert_eq!(verified["passed"], true, "it is no fault of the log");
    let noted = desk.run("verify --ledger l");
    assert_eq!((noted.code, noted.out.contains("note: ")), (0, !risks.is_empty()), "{}", noted.out);
    risks
        .iter()
        .map(|risk| risk["what"].as_str().expect("words").split(' ').take(6).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn keys_that_would_be_missed_are_told_until_there_is_a_copy_and_again_when_they_are_replaced() {
    const ADMIN: &str = "desk's key alone is an admin's,";
    const LOG: &str = "no copy of the log's key";
    let desk = desk();
    done(&desk.run("init --ledger l --recorder desk"));
    assert_eq!(at_risk(&desk), [ADMIN, LOG]);
    done(&desk.run("key copied --ledger l"));
    assert_eq!(at_risk(&desk), [LOG]);
    done(&desk.run("key copied --log-key --ledger l"));
    assert_eq!(at_risk(&desk), [""; 0]);
    KeyFile::create(&desk.path().join("new"), &[7; 32], "new").expect("a key can be made");
    refused(&desk.run("key copied --key new --ledger l"), "was never added to this ledger");
    done(&desk.run("key replace @config/servanda/recorder_ed25519.pub --with @new.pub --ledger l"));
    done(&desk.run("key replace-log --key new --ledger l"));
    assert_eq!(at_risk(&desk), [ADMIN, LOG], "the copies are of keys that sign nothing any more");
    // A second admin is as good as a copy.
    KeyFile::create(&desk.path().join("other"), &[8; 32], "other").expect("a key can be made");
    done(&desk.run("key add other --public @other.pub --role admin --key new --ledger l"));
    assert_eq!(at_risk(&desk), [LOG]);
    // An account that keeps nothing says so.
    let nowhere = Answer::of(
        &desk.command(["key", "copied", "--log-key", "--ledger", "l"]).env_clear().output().expect("the binary runs"),
    );
    assert!(nowhere.code == 3 && nowhere.err.contains("SERVANDA_STATE"), "{}", nowhere.err);
}

#[test]
fn an_append_that_could_not_be_signed_is_there_and_is_told_by_an_exit_code_of_its_own() {
    let desk = desk();
    done(&desk.run("init --ledger l"));
    sign_each_append(&desk);
    fs::rename(desk.path().join("l/keys/log.key"), desk.path().join("away")).expect("init made it");
    let appended = desk.run("append --ledger l file.yaml --json");
    unsigned(&appended);
    assert_eq!(appended.json()["len"], 2, "what was appended is told");
    KeyFile::create(&desk.path().join("ana"), &[7; 32], "ana").expect("a key can be made");
    unsigned(&desk.run("key add ana --public @ana.pub --ledger l"));
    done(&desk.run("append --ledger l file.yaml --log-key away"));
    let signed = desk.run("append --ledger l file.yaml");
    assert_eq!(signed.code, 0, "there is a checkpoint of all that is there: {}", signed.err);
    assert!(desk.path().join("l/checkpoints/3").exists());
    fs::rename(desk.path().join("away"), desk.path().join("l/keys/log.key")).expect("it is ours");
    desk.write("two.yaml", FILE.replace(" one", " two"));
    done(&desk.run("append --ledger l two.yaml"));
    done(&desk.run("verify --ledger l"));
}

#[test]
fn a_log_key_that_a_group_may_read_signs_and_one_that_everybody_may_read_does_not() {
    let desk = desk();
    done(&desk.run("init --ledger l"));
    let key = desk.path().join("l/keys/log.key");
    let set = |mode: u32| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("it is ours");
    for open in [0o644, 0o660, 0o604] {
        set(open);
        let refused = desk.run("checkpoint --ledger l");
        assert!(refused.code == 3 && refused.err.contains("can be read by others"), "{open:o}: {}", refused.err);
    }
    set(0o640);
    done(&desk.run("checkpoint --ledger l"));
    done(&desk.run("key replace-log --ledger l"));
    assert_eq!(mode(&key), 0o640, "the group goes on signing");
    done(&desk.run("checkpoint --ledger l"));
}

#[test]
fn a_log_key_may_lie_elsewhere_and_its_successor_takes_its_place_there() {
    let desk = desk();
    done(&desk.run("init --ledger l --log-key safe/log.key --origin a.example/l"));
    let kept = desk.path().join("safe/log.key");
    assert_eq!(
        (mode(&kept), fs::read_link(desk.path().join("l/keys/log.key")).expect("a link")),
        (0o600, kept.clone())
    );
    done(&desk.run("checkpoint --ledger l"));
    let old = fs::read(&kept).expect("it was made");
    done(&desk.run("key replace-log --ledger l"));
    assert!(fs::read(&kept).expect("it is there") != old && desk.path().join("l/keys/log.key").is_symlink());
    done(&desk.run("checkpoint --ledger l"));
    // To another place, twice, since the first may have been stopped behind its event.
    for told in ["log-key-changed: event 2\n", "log-key-changed: already event 2\n"] {
        let changed = desk.run("key replace-log --log-key other --ledger l");
        done(&changed);
        assert!(changed.err.ends_with(told), "{}", changed.err);
    }
    done(&desk.run("checkpoint --ledger l"));
    done(&desk.run("verify --ledger l"));
    let another = desk.run("init --ledger m --log-key other --origin a.example/m");
    assert!(another.code == 3 && another.err.contains("is the key of the log a.example/l"), "{}", another.err);
    assert!(!desk.path().join("m").exists());
}

#[test]
fn an_agent_signs_for_the_log_without_a_key_on_the_disk_and_whoever_verifies_need_not_know() {
    let desk = desk();
    for (seed, name) in [(1, "log-key"), (2, "next")] {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    let with_agent = |line: &str| shell(&desk, &format!("ssh-agent sh -c 'ssh-add -q log-key next && {line}'"));
    done(&with_agent("servanda init --ledger l --log-key agent:log-key"));
    assert!(!desk.path().join("l/keys/log.key").exists(), "nothing lies on the disk");
    sign_each_append(&desk);
    unsigned(&desk.run("append --ledger l file.yaml"));
    let alone = desk.run("checkpoint --ledger l");
    assert!(alone.code == 3 && alone.err.contains("if an ssh-agent holds it, start that"), "{}", alone.err);
    done(&with_agent("servanda checkpoint --ledger l"));
    let named = with_agent("servanda checkpoint --ledger l --log-key agent:next");
    assert!(named.code == 3 && named.err.contains("and the log signs with"), "{}", named.err);
    let unknown = with_agent("servanda checkpoint --ledger l --log-key agent:nobody");
    assert!(unknown.code == 3 && unknown.err.contains("it has no Ed25519 key nobody"), "{}", unknown.err);
    done(&desk.run("verify --ledger l"));
    done(&with_agent("servanda key replace-log --log-key agent:next --ledger l"));
    done(&with_agent("servanda checkpoint --ledger l"));
    let key = desk.run("key show --ledger l --json").json()["log_key"].as_str().expect("a key").to_owned();
    done(&desk.run("verify --ledger l"));
    fs::copy(desk.path().join("l/checkpoints/3"), desk.path().join("signed")).expect("it was signed");
    done(&desk.run(&format!("check signed --vkey {key}")));
    // And back into a file.
    done(&with_agent("servanda key replace-log --ledger l"));
    done(&desk.run("append --ledger l file.yaml"));
    done(&desk.run("verify --ledger l"));
}

/// Without the log's key where it is looked for: why, and what of that is told.
#[track_caller]
fn unsignable(answer: &Answer, told: &[&str], untold: &[&str]) {
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert!(told.iter().all(|words| answer.err.contains(words)), "{}", answer.err);
    assert!(!untold.iter().any(|words| answer.err.contains(words)), "{}", answer.err);
}

#[test]
fn where_an_agent_may_hold_the_log_key_it_is_told_why_none_does() {
    let desk = desk();
    for (seed, name) in [(1, "log-key"), (2, "other")] {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    done(&shell(&desk, "ssh-agent sh -c 'ssh-add -q log-key && servanda init --ledger l --log-key agent:log-key'"));
    let listed = shell(&desk, "ssh-keygen -l -f log-key.pub");
    let fingerprint = listed.out.split(' ').nth(1).expect("as ssh-add shows it");
    let held = format!("nor has an ssh-agent {fingerprint}: ");
    let replaced = "replace-log`";
    for (line, why) in [
        ("servanda checkpoint --ledger l", "SSH_AUTH_SOCK names none"),
        ("SSH_AUTH_SOCK=gone servanda checkpoint --ledger l", "gone: No such file or directory"),
        ("ssh-agent sh -c 'ssh-add -q other && servanda checkpoint --ledger l'", "has other keys"),
    ] {
        unsignable(&shell(&desk, line), &[&held, why, "an ssh-agent holds it, start that"], &[replaced]);
    }
    // Whoever names a file asks no agent.
    unsignable(&desk.run("checkpoint --ledger l --log-key none"), &["not there: ", "copy it back"], &["ssh-agent"]);
}

#[test]
fn a_key_in_the_place_of_the_log_key_is_told_as_an_earlier_one_or_as_none_of_the_log() {
    let desk = desk();
    done(&desk.run("init --ledger l"));
    done(&desk.run("init --ledger m"));
    let key = desk.path().join("l/keys/log.key");
    let put = |from: &str| fs::copy(desk.path().join(from), &key).expect("there is room");
    fs::copy(&key, desk.path().join("old")).expect("there is room");
    done(&desk.run("key replace-log --ledger l"));
    fs::copy(&key, desk.path().join("new")).expect("there is room");
    done(&desk.run("append --ledger l file.yaml"));
    let finishes = "finishes";
    put("old");
    let earlier = "holds an earlier key of the log, in whose place event 1 put ";
    unsignable(&desk.run("checkpoint --ledger l"), &[earlier, "copy the newer key there"], &["never", finishes]);
    put("m/keys/log.key");
    let foreign = "that was never a key of this log: copy the one in use there";
    unsignable(&desk.run("checkpoint --ledger l"), &[foreign], &["earlier", finishes]);
    put("new");
    done(&desk.run("checkpoint --ledger l"));
}

#[test]
fn whoever_replaces_a_log_key_that_is_lost_is_not_told_to_replace_it() {
    let desk = desk();
    done(&desk.run("init --ledger l"));
    fs::remove_file(desk.path().join("l/keys/log.key")).expect("init made it");
    let replaced = desk.run("key replace-log --because lost --ledger l");
    done(&replaced);
    assert!(!replaced.err.contains("warning") && !replaced.err.contains("hint"), "{}", replaced.err);
    done(&desk.run("checkpoint --ledger l"));
}

#[test]
fn a_log_key_that_cannot_be_put_in_its_place_is_told_by_5_and_put_there_by_the_same_command() {
    for (more, beside) in [("", "new"), (" --log-key elsewhere", "link")] {
        let desk = desk();
        done(&desk.run("init --ledger l"));
        // Nothing else keeps it from its place once it is known that it may be written.
        let in_the_way = desk.path().join("l/keys").join(format!("log.{beside}"));
        fs::create_dir(&in_the_way).expect("nothing is there");
        let line = format!("key replace-log --ledger l{more}");
        let stopped = desk.run(&line);
        assert_eq!(stopped.code, 5, "{line}: {}{}", stopped.out, stopped.err);
        let told = ["the log's key is another since event 1, and could not be put in its place", "hint: "];
        assert!(told.iter().all(|words| stopped.err.contains(words)), "{line}: {}", stopped.err);
        fs::remove_dir(&in_the_way).expect("it is ours");
        done(&desk.run(&line));
        done(&desk.run("checkpoint --ledger l"));
        assert_eq!(desk.run("log --ledger l --json").json()["position"]["len"], 2, "{line}: it was said once");
    }
}

#[test]
fn a_change_of_the_log_key_that_was_stopped_takes_the_place_of_no_file_that_holds_none() {
    let desk = desk();
    done(&desk.run("init --ledger l"));
    let keys = desk.path().join("l/keys");
    fs::create_dir(keys.join("log.new")).expect("nothing is there");
    assert_eq!(desk.run("key replace-log --ledger l").code, 5);
    fs::remove_dir(keys.join("log.new")).expect("it is ours");
    let notes = desk.path().join("notes");
    fs::write(&notes, "my notes").expect("there is room");
    fs::remove_file(keys.join("log.key")).expect("it is there");
    std::os::unix::fs::symlink(&notes, keys.join("log.key")).expect("nothing is there");
    assert_ne!(desk.run("key replace-log --ledger l").code, 0);
    assert_eq!(fs::read_to_string(notes).expect("it is there"), "my notes");
}
