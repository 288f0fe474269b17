//! Folders that are another's, or that somebody else prepared: they are only read, and nothing is written through a link or into
//! a copy. The worries are a link behind which a file of the reader's is overwritten, a pipe that is waited for with the
//! lock held, and a folder that changes while it is looked at.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::personal::files;
use crate::support::{Answer, Desk, done, tell};
use crate::traced::{base, can_trace, copied, traced, traced_with, write_parties};

/// An account that is nobody's.
pub(crate) const OTHER: u32 = 12_345;

/// Gives a folder with all that is in it to another account; only root can.
pub(crate) fn give_away(folder: &Path) -> bool {
    let given = Command::new("chown").args(["-R", &OTHER.to_string()]).arg(folder).output().expect("chown is there");
    if !given.status.success() {
        tell("left out: only root gives folders away");
    }
    given.status.success()
}

/// The files below a folder with what is in them.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let read = |file: PathBuf| {
        let content = (fs::read(&file).expect("it can be read"), fs::metadata(&file).expect("it is there").uid());
        (file, content)
    };
    files(folder).into_iter().map(read).collect()
}

/// The program with a bound on its time, past which it would wait for ever.
fn bounded(desk: &Desk, line: &str) -> Answer {
    let own = desk.command(line.split_whitespace());
    let mut command = Command::new("timeout");
    command.arg("60").arg(own.get_program()).args(own.get_args()).current_dir(desk.path()).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", "/usr/bin:/bin");
    let answer = Answer::of(&command.output().expect("timeout is part of every system"));
    assert_ne!(answer.code, 124, "{line} waits: {:?}", pipes(desk));
    answer
}

/// What is no file and no folder below a desk.
fn pipes(desk: &Desk) -> String {
    let found = Command::new("find").arg(desk.path()).args(["-type", "p"]).output().expect("find is there");
    String::from_utf8_lossy(&found.stdout).into_owned()
}

const QUESTIONS: [&str; 5] = [
    "log --ledger l",
    "members ilrs --on 2023-10-19 --ledger l",
    "key show --ledger l",
    "show 3 --ledger l",
    "source check --ledger l",
];

#[test]
fn the_ledger_of_another_account_is_answered_from_and_never_written() {
    let desk = base();
    let ledger = desk.path().join("l");
    let expected = QUESTIONS.map(|line| desk.run(line).out);
    write_parties(&desk, &["new"], 1, None);
    if !give_away(&ledger) {
        return;
    }
    let before = contents(&ledger);
    for _ in 0..2 {
        for (line, expected) in QUESTIONS.iter().zip(&expected) {
            let answer = desk.run(line);
            assert_eq!((answer.code, &answer.out), (0, expected), "{line}: {}", answer.err);
        }
        done(&desk.run("verify --ledger l"));
        assert!(contents(&ledger) == before);
    }
    for line in
        ["append files/new.yaml", "checkpoint --size 1", "key add clerk --key files/new.yaml", "reaffirm 3 --reason so"]
    {
        let refused = desk.run(&format!("{line} --ledger l"));
        assert!(refused.code != 0, "{line}: {}", refused.out);
        assert!(contents(&ledger) == before, "{line}");
    }
    let refused = desk.run("append files/new.yaml --ledger l");
    assert!(refused.code == 3 && refused.err.contains("belongs to user 12345"), "{}", refused.err);
    let left = fs::read_dir(desk.path()).expect("it can be listed").flatten();
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().contains(".servanda-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_ledger_of_ones_own_whose_store_is_anothers_is_read_from_a_copy_and_never_written() {
    for name in ["l/sled", "l/sled/db", "l/sled/conf"] {
        let desk = base();
        let expected = QUESTIONS.map(|line| desk.run(line).out);
        write_parties(&desk, &["new"], 1, None);
        if chown(desk.path().join(name), Some(OTHER), None).is_err() {
            tell("left out: only root gives folders away");
            return;
        }
        let before = contents(&desk.path().join("l/sled"));
        for (line, expected) in QUESTIONS.iter().zip(&expected) {
            let answer = desk.run(line);
            assert_eq!((answer.code, &answer.out), (0, expected), "{name}: {line}: {}", answer.err);
        }
        let refused = desk.run("append files/new.yaml --ledger l");
        assert!(refused.code == 3 && refused.err.contains("belongs to user 12345"), "{name}: {}", refused.err);
        assert!(contents(&desk.path().join("l/sled")) == before, "{name}");
    }
}

#[test]
fn a_copy_that_a_killed_reader_left_goes_with_the_next_one() {
    let desk = base();
    if !can_trace() || !give_away(&desk.path().join("l")) {
        return;
    }
    let scratch = desk.path().join("scratch");
    fs::create_dir(&scratch).expect("there is room");
    let copies = || fs::read_dir(&scratch).expect("it can be listed").count();
    let is_killed = ["-e", "inject=fdatasync,fsync:signal=KILL:when=1"];
    // Where none can be kept.
    let prepare = |command: &mut Command| {
        command.env("TMPDIR", &scratch).env_remove("XDG_CACHE_HOME");
    };
    let killed = traced_with(&desk, "log", &is_killed, prepare);
    assert_eq!((killed.code, copies()), (-1, 1), "{}", killed.err);
    let mut next = desk.command(["log", "--ledger", "l"]);
    prepare(&mut next);
    done(&Answer::of(&next.output().expect("it runs")));
    assert_eq!(copies(), 0);
    // One that stays is made anew by the next reader.
    let killed = traced_with(&desk, "log", &is_killed, |_| ());
    assert_eq!(killed.code, -1, "{}", killed.err);
    done(&desk.run("log --ledger l"));
}

#[test]
fn a_store_of_another_that_claims_to_be_large_is_answered_from_in_time() {
    let desk = base();
    let expected = QUESTIONS.map(|line| desk.run(line).out);
    let db = fs::OpenOptions::new().write(true).open(desk.path().join("l/sled/db")).expect("it is ours");
    db.set_len(200 << 30).expect("all of it is a hole");
    if !give_away(&desk.path().join("l")) {
        return;
    }
    for (line, expected) in QUESTIONS.iter().zip(&expected) {
        let answer = bounded(&desk, line);
        assert_eq!((answer.code, &answer.out), (0, expected), "{line}: {}", answer.err);
    }
}

#[test]
fn what_is_no_file_in_the_store_is_refused_before_sled_opens_it() {
    for name in ["sled/conf", "sled/db", "sled/blobs", "sled/snap.00000000000000FF", "sled/other", "sled/blobs/1"] {
        for kind in ["link", "pipe", "folder"] {
            let desk = base();
            let path = desk.path().join("l").join(name);
            let outside = desk.write("outside", "untouched");
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            match kind {
                "link" => symlink(&outside, &path).expect("a fresh link"),
                "pipe" => assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success()),
                _ if name == "sled/blobs" => continue,
                _ => fs::create_dir(&path).expect("a fresh folder"),
            }
            let answer = bounded(&desk, "log --ledger l");
            assert_eq!(answer.code, 1, "{name}, a {kind}: {}", answer.err);
            assert_eq!(fs::read_to_string(&outside).expect("it is there"), "untouched", "{name}, a {kind}");
            assert!(!bounded(&desk, "log --ledger l --lock-timeout 0").err.contains("in use"), "{name}, a {kind}");
        }
    }
}

#[test]
fn what_a_killed_process_kept_is_put_back_through_no_link_and_waits_at_no_pipe() {
    if !can_trace() {
        return;
    }
    let killed = base();
    let kill = ["-e", "trace=rename", "-e", "inject=rename:error=EIO:signal=KILL:when=2"];
    traced(&killed, "log", &kill);
    assert!(killed.path().join("l/sled.before").is_dir(), "it was killed elsewhere");
    for name in ["sled", "sled/db", "sled/conf"] {
        for kind in ["link", "pipe"] {
            let desk = copied(&killed);
            let victim = desk.path().join("victim");
            fs::rename(desk.path().join("l/sled"), &victim).expect("it is ours");
            crate::traced::copy(&victim, &desk.path().join("l/sled"));
            fs::write(victim.join("conf"), "another's").expect("it is ours");
            let (path, before) = (desk.path().join("l").join(name), contents(&victim));
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            match kind {
                "link" if name == "sled" => symlink(&victim, &path).expect("a fresh link"),
                "link" => symlink(victim.join(&name[5..]), &path).expect("a fresh link"),
                _ => assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success()),
            }
            for line in ["log --ledger l", "verify --ledger l"] {
                let answer = bounded(&desk, line);
                assert!([1, 3].contains(&answer.code), "{name}, a {kind}: {}", answer.err);
                assert!(contents(&victim) == before, "{name}, a {kind}: it was written through");
            }
            assert!(!bounded(&desk, "log --ledger l --lock-timeout 0").err.contains("in use"), "{name}, a {kind}");
        }
    }
}

#[test]
fn a_pipe_in_the_place_of_any_file_of_a_ledger_is_not_waited_for_and_a_link_not_written_through() {
    let sound = base();
    let ledger = sound.path().join("l");
    let names = files(&ledger).into_iter().filter(|file| !file.starts_with(ledger.join("sled")));
    let names: Vec<PathBuf> = names.map(|file| file.strip_prefix(&ledger).expect("it lies below").to_owned()).collect();
    assert!(names.iter().any(|name| name.ends_with("log.key")) && names.len() > 7, "{names:?}");
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        // Of documents one stands for all.
        if name.starts_with("documents") && !seen.insert("documents") {
            continue;
        }
        for kind in ["pipe", "link"] {
            let desk = crate::traced::copied(&sound);
            write_parties(&desk, &["new"], 1, None);
            let path = desk.path().join("l").join(&name);
            let outside = desk.write("outside", "untouched");
            fs::remove_file(&path).expect("it is there");
            match kind {
                "link" => symlink(&outside, &path).expect("a fresh link"),
                _ => assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success()),
            }
            for line in ["members ilrs", "log", "append files/new.yaml", "checkpoint", "verify", "backup b"] {
                bounded(&desk, &format!("{line} --ledger l"));
                let text = fs::read_to_string(&outside).expect("it is there");
                assert_eq!(text, "untouched", "{}, a {kind}: {line}", name.display());
            }
        }
    }
}

#[test]
fn a_copy_by_hard_links_stays_as_it_is_when_the_ledger_goes_on() {
    let desk = base();
    write_parties(&desk, &["one", "two"], 3, None);
    done(&desk.run("append files/one.yaml --ledger l"));
    let copied = Command::new("cp").arg("-al").args(["l", "copy"]).current_dir(desk.path()).status();
    assert!(copied.expect("cp is there").success());
    let shown = desk.run("log --ledger copy").out;
    let before = contents(&desk.path().join("copy"));
    done(&desk.run("append files/two.yaml --ledger l"));
    done(&desk.run("checkpoint --ledger l"));
    done(&desk.run("verify --ledger l"));
    assert!(contents(&desk.path().join("copy")) == before, "the copy changed");
    assert_eq!(desk.run("log --ledger copy").out, shown);
}

#[test]
fn a_state_folder_of_another_account_is_not_believed() {
    let desk = base();
    if chown(desk.path().join("state/servanda"), Some(OTHER), None).is_err() {
        tell("left out: only root gives folders away");
        return;
    }
    // What it holds could have been put there by whose it is; the store is read.
    fs::write(desk.path().join("l/facts"), "nothing").expect("it is ours");
    done(&desk.run("members ilrs --ledger l"));
    assert_eq!(fs::read_to_string(desk.path().join("l/facts")).expect("it is there"), "nothing", "nobody keeps facts");
}
