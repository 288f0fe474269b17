//! Backups, and ledgers made whole from them. The worries are a backup that lacks something, one that is damaged and does
//! not say so, an older one that hides that events are lost, and a repair that was stopped and left nothing.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::personal::{LETTER, desk as personal_desk, files};
use crate::support::{Answer, Desk, done, refused};
use crate::traced::{base, write_parties};

/// A ledger `l` with the founding case, signed.
pub(crate) fn founding_case() -> Desk {
    let desk = Desk::with_ilrs(&["october-2023"]);
    fs::rename(desk.path().join("ilrs.servanda"), desk.path().join("l")).expect("a ledger can be moved");
    done(&desk.run("checkpoint --ledger l"));
    desk
}

/// Appends a party of that name.
pub(crate) fn append(desk: &Desk, ledger: &str, name: &str) {
    let party = format!("{{ kind: party, id: {name}, name: {name}, type: company }}");
    desk.write("new.yaml", format!("evidence: {{ none: made up }}\nannouncements:\n  - {party}\n"));
    done(&desk.run(&format!("append new.yaml --ledger {ledger}")));
}

/// The events of a ledger, and the files that lie beside them but for those that are made anew.
pub(crate) fn all(desk: &Desk, ledger: &str) -> (String, Vec<(String, Vec<u8>)>) {
    let root = desk.path().join(ledger);
    let events = desk.run(&format!("export ndjson --ledger {ledger}"));
    done(&events);
    let is_beside = |path: &str| ["documents", "checkpoints", "servanda.toml"].iter().any(|own| path.starts_with(own));
    let beside = files(&root).into_iter().map(|file| {
        let path = file.strip_prefix(&root).expect("below").display().to_string();
        (path, fs::read(file).expect("it can be read"))
    });
    (events.out, beside.filter(|(path, _)| is_beside(path)).collect())
}

/// Two ledgers have the same events, and the same beside them.
#[track_caller]
pub(crate) fn same(desk: &Desk, one: &str, other: &str) {
    let ((events, beside), (others, besides)) = (all(desk, one), all(desk, other));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert!(events == others, "the events of {one} and {other}");
    assert_eq!(names(&beside), names(&besides));
    for ((name, bytes), (_, others)) in beside.iter().zip(&besides) {
        assert!(bytes == others, "{name}");
    }
}

/// Forgets the checkpoints that the user's state has.
pub(crate) fn forget(desk: &Desk) {
    for state in ["state", ".local/state"] {
        let _ = fs::remove_dir_all(desk.path().join(state));
    }
}

#[test]
fn a_ledger_comes_back_from_a_backup_with_all_but_its_keys() {
    let desk = founding_case();
    done(&desk.run("checkpoint --ledger l"));
    fs::write(
        desk.path().join("l/servanda.toml"),
        fs::read_to_string(desk.path().join("l/servanda.toml")).expect("text").replacen(
            "checkpoint = \"on-request\"",
            "checkpoint = \"each-append\"",
            1,
        ),
    )
    .expect("it is ours");
    let made = desk.run("backup b --ledger l --json");
    done(&made);
    assert_eq!(
        (&made.json()["before"], &made.json()["len"]),
        (&0.into(), &desk.run("verify --ledger l --json").json()["events"])
    );
    let restored = desk.run("restore b copy");
    done(&restored);
    assert!(restored.err.contains("not in a backup: the log's own key"), "{}", restored.err);
    same(&desk, "copy", "l");
    assert_eq!(files(&desk.path().join("copy/keys")), [desk.path().join("copy/keys/.gitignore")]);
    assert!(!fs::read(desk.path().join("b")).expect("it is there").windows(7).any(|bytes| bytes == b"PRIVATE"));
}

#[test]
fn a_backup_grows_by_what_is_new() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let first = fs::read(desk.path().join("b")).expect("it is there");
    let unchanged = desk.run("backup b --ledger l --json").json();
    assert_eq!((&unchanged["files"], &unchanged["before"]), (&0.into(), &unchanged["len"]));
    assert_eq!(fs::read(desk.path().join("b")).expect("it is there"), first, "nothing is new");
    append(&desk, "l", "one");
    done(&desk.run("checkpoint --ledger l"));
    let more = desk.run("backup b --ledger l --json").json();
    assert_eq!(more["len"].as_u64(), more["before"].as_u64().map(|before| before + 1));
    let second = fs::read(desk.path().join("b")).expect("it is there");
    assert!(second.starts_with(&first) && second.len() < first.len() + 2000, "{} and {}", first.len(), second.len());
    done(&desk.run("restore b copy"));
    same(&desk, "copy", "l");
}

#[test]
fn a_backup_that_was_cut_or_damaged_is_what_it_was_before_and_goes_on_from_there() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let first = fs::read(desk.path().join("b")).expect("it is there");
    let before = all(&desk, "l");
    append(&desk, "l", "one");
    done(&desk.run("backup b --ledger l"));
    let second = fs::read(desk.path().join("b")).expect("it is there");
    let mut damaged = second.clone();
    damaged[first.len() + 20] ^= 1;
    for (number, bytes) in [&second[..second.len() - 1], &second[..=first.len()], &damaged].into_iter().enumerate() {
        desk.write("b", bytes);
        let restored = desk.run(&format!("restore b copy-{number}"));
        // Of a damaged one nobody knows whether it is all there was.
        assert_eq!(restored.code, i32::from(number == 2), "{}", restored.err);
        assert!(restored.err.contains(", and do not count"), "{}", restored.err);
        assert!(all(&desk, &format!("copy-{number}")) == before, "{number}");
        let again = desk.run("backup b --ledger l --json");
        if number == 2 {
            // There may be more behind it.
            refused(&again, "is damaged");
            assert_eq!(fs::read(desk.path().join("b")).expect("it is there"), bytes, "it is left as it is");
            continue;
        }
        assert!(again.err.contains("unfinished, and were replaced"), "{}", again.err);
        let again = again.json();
        assert_eq!(again["len"].as_u64(), again["before"].as_u64().map(|before| before + 1));
        assert_eq!(fs::read(desk.path().join("b")).expect("it is there"), second);
    }
    for (number, bytes) in [&first[..first.len() - 1], &first[..100], b"servanda backup1"].into_iter().enumerate() {
        desk.write("b", bytes);
        refused(&desk.run(&format!("restore b none-{number}")), "is no backup that can be used");
        desk.forget_what_was_seen();
        refused(&desk.run("backup b --ledger l"), "is no backup that can be used");
        assert_eq!(fs::read(desk.path().join("b")).expect("it is there"), bytes, "it is left as it is");
    }
}

#[test]
fn a_backup_of_another_ledger_or_of_events_that_are_gone_is_not_gone_on_with() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    done(&desk.run("init --ledger other --origin test.example/other"));
    refused(
        &desk.run("backup b --ledger other"),
        "is a backup of the ledger test.example/ilrs, not of test.example/other",
    );
    append(&desk, "l", "one");
    done(&desk.run("restore b older"));
    done(&desk.run("backup b --ledger l"));
    desk.forget_what_was_seen();
    refused(&desk.run("backup b --ledger older"), "ROLLBACK: ");
    fs::copy(desk.path().join("l/keys/log.key"), desk.path().join("older/keys/log.key")).expect("there is room");
    append(&desk, "older", "two");
    desk.forget_what_was_seen();
    refused(&desk.run("backup b --ledger older"), "FORK: event ");
    desk.write("b", "something else");
    desk.forget_what_was_seen();
    refused(&desk.run("backup b --ledger l"), "is no backup that can be used: it does not begin as one does");
    fs::create_dir(desk.path().join("folder")).expect("there is room");
    assert_eq!(desk.run("backup folder --ledger l").code, 3);
    assert_eq!(desk.run("backup nowhere/b --ledger l").code, 3);
    assert_eq!(desk.run("backup c --ledger nothing").code, 3);
    assert!(!desk.path().join("c").exists());
}

#[test]
fn only_one_at_a_time_writes_a_backup() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let file = fs::File::options().write(true).open(desk.path().join("b")).expect("it is there");
    file.lock().expect("nobody holds it");
    let busy = desk.run("backup b --ledger l");
    assert_eq!(busy.code, 4, "{}", busy.err);
    assert!(busy.err.contains("is being written by somebody else"), "{}", busy.err);
}

#[test]
fn an_older_backup_is_refused_where_a_newer_checkpoint_is_known_and_can_be_had_to_be_read() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    append(&desk, "l", "one");
    done(&desk.run("checkpoint --ledger l"));
    refused(&desk.run("restore b copy"), "ROLLBACK");
    assert!(!desk.path().join("copy").exists());
    let despite = desk.run("restore b copy --despite-known");
    assert_eq!(despite.code, 1, "the verdicts say so");
    assert!(despite.out.contains("ROLLBACK"), "{}", despite.out);
    done(&desk.run("log --last 1 --ledger copy"));
    desk.write(
        "new.yaml",
        "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: x, name: X, type: company }\n",
    );
    let appended = desk.run("append new.yaml --ledger copy");
    assert!(appended.code == 1 && appended.err.contains("ROLLBACK"), "{}", appended.err);
    let there = desk.run("restore b l");
    assert!(there.code == 3 && there.err.contains("is there already"), "{}", there.err);
}

#[test]
fn a_backup_is_made_while_others_append() {
    let desk = founding_case();
    fs::create_dir(desk.path().join("many")).expect("there is room");
    for number in 0..24 {
        let text = format!(
            "evidence: {{ none: made up }}\nannouncements:\n  - {{ kind: party, id: m{number}, name: M, type: company }}\n"
        );
        desk.write(&format!("many/{number:02}.yaml"), text);
    }
    let mut writer = desk.command(["append", "many", "--ledger", "l"]).stdout(Stdio::null()).spawn().expect("it runs");
    let mut lens = Vec::new();
    while lens.len() < 4 || writer.try_wait().expect("it is ours").is_none() {
        let made = desk.run("backup b --ledger l --json --lock-timeout 60");
        done(&made);
        lens.push(made.json()["len"].as_u64().expect("a number"));
        if lens.len() > 40 {
            break;
        }
    }
    assert!(writer.wait().expect("it is ours").success());
    done(&desk.run("backup b --ledger l"));
    assert!(lens.is_sorted(), "{lens:?}");
    done(&desk.run("restore b copy"));
    assert!(all(&desk, "copy").0 == all(&desk, "l").0);
}

#[test]
fn a_backup_that_is_killed_leaves_the_old_one_or_none() {
    let desk = founding_case();
    for round in 0..12_u64 {
        append(&desk, "l", &format!("p{round}"));
        let mut child = desk
            .command(["backup", "b", "--ledger", "l"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        thread::sleep(Duration::from_millis(3 * round));
        let _ = child.kill();
        let _ = child.wait();
        if desk.path().join("b").exists() {
            done(&desk.run(&format!("restore b copy-{round}")));
        }
        if round % 4 == 3 {
            done(&desk.run("backup b --ledger l"));
        }
    }
    done(&desk.run("backup b --ledger l"));
    done(&desk.run("restore b copy"));
    assert!(all(&desk, "copy").0 == all(&desk, "l").0);
}

#[test]
fn personal_documents_are_in_a_backup_and_what_was_erased_since_is_told_and_not_brought_back() {
    let desk = personal_desk();
    done(&desk.run("backup b --ledger l"));
    done(&desk.run("restore b copy"));
    same(&desk, "copy", "l");
    let document = fs::read_dir(desk.path().join("l/documents"))
        .expect("a folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .find(|name| !name.contains('.'))
        .expect("a document");
    done(&desk.run(&format!("source erase {document:.8} --authority Court --reason Order --ledger l")));
    let more = desk.run("backup b --ledger l");
    done(&more);
    assert!(more.err.contains("1 document is in the backup and no longer in the ledger"), "{}", more.err);
    let restored = desk.run("restore b again");
    done(&restored);
    assert!(restored.err.contains("was erased by event"), "{}", restored.err);
    assert_eq!(fs::read_dir(desk.path().join("again/documents")).expect("a folder").count(), 0);
    done(&desk.run("backup anew --ledger l"));
    let anew = fs::read(desk.path().join("anew")).expect("it is there");
    assert!(!anew.windows(20).any(|bytes| bytes == &LETTER.as_bytes()[..20]), "a new one does not have it");
}

/// The file of the first document of a ledger.
pub(crate) fn document(desk: &Desk, ledger: &str) -> PathBuf {
    let documents = files(&desk.path().join(ledger).join("documents"));
    documents.into_iter().find(|file| file.extension().is_none()).expect("it has a document")
}

#[test]
fn a_backup_says_which_documents_it_lacks_and_has_them_when_they_are_there() {
    let desk = founding_case();
    let file = document(&desk, "l");
    let sound = fs::read(&file).expect("it can be read");
    fs::remove_file(&file).expect("it is there");
    let lacking = desk.run("backup b --ledger l");
    assert_eq!(lacking.code, 1, "{}", lacking.err);
    assert!(lacking.err.contains("is MISSING") && lacking.err.contains("it lacks 1 file"), "{}", lacking.err);
    fs::write(&file, "other bytes\n").expect("it is ours");
    let altered = desk.run("backup b --ledger l --json");
    assert_eq!(altered.code, 1, "{}", altered.err);
    assert_eq!(altered.json()["faults"].as_array().map(Vec::len), Some(1), "{}", altered.out);
    fs::write(&file, sound).expect("it is ours");
    done(&desk.run("backup b --ledger l"));
    fs::remove_file(&file).expect("it is there");
    done(&desk.run("backup b --ledger l"));
    done(&desk.run("restore b copy"));
    done(&desk.run("verify --ledger copy"));
}

#[test]
fn a_backup_keeps_the_checkpoints_that_it_has_and_takes_no_strays() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let checkpoint = files(&desk.path().join("l/checkpoints")).pop().expect("it was signed");
    let sound = fs::read(&checkpoint).expect("it can be read");
    fs::write(&checkpoint, "no checkpoint\n").expect("it is ours");
    desk.write("l/documents/old-log.key", "PRIVATE+KEY");
    let rotten = desk.run("backup b --ledger l");
    assert_eq!(rotten.code, 1, "{}", rotten.err);
    assert!(rotten.err.contains("is another than the backup has"), "{}", rotten.err);
    done(&desk.run("restore b copy"));
    let restored = desk.path().join("copy/checkpoints").join(checkpoint.file_name().expect("a file"));
    assert_eq!(fs::read(restored).expect("it was restored"), sound);
    let bytes = fs::read(desk.path().join("b")).expect("it is there");
    assert!(!bytes.windows(11).any(|window| window == b"PRIVATE+KEY"), "a stray file is in the backup");
}

#[test]
fn a_restore_that_is_interrupted_while_nothing_comes_ends_and_leaves_nothing() {
    let desk = base();
    write_parties(&desk, &["many"], 1000, None);
    done(&desk.run("append files/many.yaml --ledger l"));
    let export = desk.run("export ndjson --ledger l").out;
    let names = || fs::read_dir(desk.path()).expect("it can be listed").count();
    let before = names();
    let mut command = desk.command("restore - twin".split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut input = child.stdin.take().expect("it was asked for");
    // More than a pipe holds: once it is written, some of it was read.
    assert!(export.len() > 200_000, "{}", export.len());
    input.write_all(export.trim_end().as_bytes()).expect("it is read");
    let interrupt = Command::new("kill").arg("-INT").arg(child.id().to_string()).status();
    assert!(interrupt.expect("there is kill").success());
    let answer = Answer::of(&child.wait_with_output().expect("it is ours"));
    assert_eq!(answer.code, 3, "{}", answer.err);
    assert!(answer.err.contains("stopped"), "{}", answer.err);
    assert_eq!(names(), before, "something is left over");
    drop(input);
}
