//! What runs every night, unasked: a night when all is well says nothing, and one that is not says what is wrong where
//! errors go; a backup goes through a pipe, is checked without a place to restore it to, and gives back what there was at
//! some earlier time. The worries are a letter from cron every night, a night that was silent and found something, a stream that
//! was cut, an older ledger that somebody goes on with, and a power cut behind a restore that said it was done.

use std::fs::{self, File};
use std::io::pipe;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::backup::{all, append, document, forget, founding_case, same};
use crate::personal::{desk as personal_desk, files};
use crate::support::{Answer, Desk, done, refused};

/// It was done, and nothing was said.
#[track_caller]
fn silent(answer: &Answer) {
    assert_eq!((answer.code, answer.out.as_str(), answer.err.as_str()), (0, "", ""));
}

/// Runs a command that reads the bytes of a file below the desk.
fn reading(desk: &Desk, line: &str, file: &str) -> Answer {
    let input = File::open(desk.path().join(file)).expect("it is there");
    let mut command = desk.command(line.split_whitespace());
    Answer::of(&command.stdin(Stdio::from(input)).output().expect("the binary runs"))
}

/// Runs a command that writes its answer to a file below the desk.
fn writing(desk: &Desk, line: &str, file: &str) -> Answer {
    let out = File::create(desk.path().join(file)).expect("there is room");
    let mut command = desk.command(line.split_whitespace());
    Answer::of(&command.stdout(Stdio::from(out)).output().expect("the binary runs"))
}

/// The names in the desk's folder.
fn beside(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(desk.path()).expect("it can be listed");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn event_count(desk: &Desk, ledger: &str) -> u64 {
    let report = desk.run(&format!("verify --ledger {ledger} --json")).json();
    report["events"].as_u64().expect("a number")
}

#[test]
fn a_night_when_all_is_well_says_nothing() {
    let desk = founding_case();
    append(&desk, "l", "one");
    for line in ["verify", "backup b", "backup b", "backup check b", "checkpoint", "checkpoint", "verify"] {
        silent(&desk.run(&format!("{line} --quiet --ledger l")));
    }
    silent(&desk.run("restore b copy --quiet"));
    silent(&desk.run("repair --from b --quiet --ledger copy"));
    // Whoever asks for a form that programs read gets it.
    for line in ["verify", "backup b", "backup check b", "checkpoint"] {
        let answer = desk.run(&format!("{line} --quiet --json --ledger l"));
        done(&answer);
        assert!(answer.json()["schema"].is_string() && answer.err.is_empty(), "{line}: {answer:?}");
    }
}

#[test]
fn a_night_that_finds_something_says_it_on_standard_error_alone() {
    let desk = founding_case();
    done(&desk.run("backup sound --ledger l"));
    fs::remove_file(document(&desk, "l")).expect("it is there");
    let said = |line: &str, what: &str| {
        let answer = desk.run(line);
        assert_eq!((answer.code, answer.out.as_str()), (1, ""), "{line}: {}", answer.err);
        assert!(answer.err.contains(what), "{line}: {}", answer.err);
        answer.err
    };
    let verified = said("verify --quiet --ledger l", "is MISSING");
    assert!(verified.starts_with("documents    fail"), "only what fails is told: {verified}");
    assert!(verified.contains("the first bad event is ") && !verified.contains("pass"), "{verified}");
    said("backup b --quiet --ledger l", "it lacks 1 file");
    said("backup check b --quiet", "is MISSING");
    let loud = desk.run("verify --ledger l");
    assert!(loud.code == 1 && loud.out.contains("is MISSING") && loud.err.is_empty(), "{loud:?}");
}

#[test]
fn a_backup_goes_through_a_pipe_and_comes_back() {
    let desk = personal_desk();
    done(&desk.run("checkpoint --ledger l"));
    done(&desk.run("backup b --ledger l"));
    let streamed = writing(&desk, "backup - --ledger l", "stream");
    done(&streamed);
    assert!(streamed.err.contains("; it holds "), "{}", streamed.err);
    assert_eq!(
        fs::read(desk.path().join("stream")).expect("it is there"),
        fs::read(desk.path().join("b")).expect("too")
    );
    done(&reading(&desk, "restore - copy", "stream"));
    same(&desk, "copy", "l");
    // An export is told from it by how it begins.
    done(&writing(&desk, "export ndjson --ledger l", "export"));
    done(&reading(&desk, "restore - third --documents l/documents", "export"));
    assert!(all(&desk, "third").0 == all(&desk, "l").0);
    silent(&writing(&desk, "backup - --quiet --ledger l", "again"));
    assert_eq!(beside(&desk).iter().filter(|name| name.starts_with('.')).count(), 0, "something is left over");
}

#[test]
fn a_stream_that_was_cut_is_no_backup_and_leaves_nothing() {
    let desk = founding_case();
    done(&writing(&desk, "backup - --ledger l", "whole"));
    let whole = fs::read(desk.path().join("whole")).expect("it is there");
    let before = beside(&desk);
    for len in [whole.len() - 1, whole.len() / 2, 16] {
        desk.write("whole", &whole[..len]);
        refused(&reading(&desk, "restore - copy", "whole"), "standard input is no backup that can be used");
        refused(&reading(&desk, "backup check -", "whole"), "standard input is no backup that can be used");
        assert_eq!(beside(&desk), before, "{len} bytes");
    }
    for len in [0, 15] {
        desk.write("whole", &whole[..len]);
        assert_eq!(reading(&desk, "restore - copy", "whole").code, 1, "{len} bytes are no export");
        assert_eq!(beside(&desk), before, "{len} bytes");
    }
}

#[test]
fn a_backup_that_nobody_takes_to_its_end_says_so() {
    let desk = founding_case();
    let (reader, writer) = pipe().expect("there are pipes");
    drop(reader);
    let mut command = desk.command(["backup", "-", "--ledger", "l"]);
    let answer = Answer::of(&command.stdout(Stdio::from(writer)).output().expect("the binary runs"));
    assert_eq!(answer.code, 3, "{}", answer.err);
    assert!(answer.err.contains("the backup was not taken to its end"), "{}", answer.err);
}

/// Checks a backup with a folder of its own for what is temporary, in which nothing is left.
fn check_backup(desk: &Desk, line: &str) -> Answer {
    let scratch = desk.path().join("scratch");
    fs::create_dir_all(&scratch).expect("there is room");
    let before = beside(desk);
    let mut command = desk.command(line.split_whitespace());
    let answer = Answer::of(&command.env("TMPDIR", &scratch).output().expect("the binary runs"));
    assert_eq!(beside(desk), before);
    assert_eq!(files(&scratch), Vec::<PathBuf>::new(), "something is left over");
    answer
}

#[test]
fn a_backup_is_checked_as_a_ledger_is_verified_and_none_is_made_of_it() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let checked = check_backup(&desk, "backup check b");
    done(&checked);
    let verdict = |layer: &str| format!("{layer:<12} pass");
    for layer in ["bytes", "chain", "signatures", "tree", "checkpoints", "documents", "evidence"] {
        assert!(checked.out.contains(&verdict(layer)), "{layer}: {}", checked.out);
    }
    done(&reading(&desk, "backup check -", "b"));
    assert_eq!(check_backup(&desk, "backup check b --json").json()["passed"], true);

    let sound = fs::read(desk.path().join("b")).expect("it is there");
    for at in [16, sound.len() / 4, sound.len() / 2, sound.len() - 40] {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        desk.write("damaged", &bytes);
        assert_eq!(check_backup(&desk, "backup check damaged").code, 1, "byte {at}");
    }
    done(&writing(&desk, "export ndjson --ledger l", "export"));
    refused(&check_backup(&desk, "backup check export"), "is no backup");
    assert_eq!(check_backup(&desk, "backup check nothing").code, 3);
}

#[test]
fn a_backup_of_last_night_holds_though_more_is_signed_by_now_and_one_of_another_history_does_not() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    done(&desk.run("restore b fork"));
    fs::copy(desk.path().join("l/keys/log.key"), desk.path().join("fork/keys/log.key")).expect("there is room");
    append(&desk, "fork", "one");
    done(&desk.run("backup forked --ledger fork"));
    desk.forget_what_was_seen();
    append(&desk, "l", "two");
    done(&desk.run("checkpoint --ledger l"));
    let older = check_backup(&desk, "backup check b");
    done(&older);
    assert!(older.err.contains(" are known by now: what is newer is not in it"), "{}", older.err);
    let other = check_backup(&desk, "backup check forked");
    assert!(other.code == 1 && other.out.contains("FORK: "), "{other:?}");
}

/// A ledger `l` and its backup `b`, with three events behind the founding case, each signed; and how many it had before.
fn grown() -> (Desk, u64) {
    let desk = founding_case();
    let begun = event_count(&desk, "l");
    for name in ["one", "two", "three"] {
        append(&desk, "l", name);
        done(&desk.run("checkpoint --ledger l"));
        done(&desk.run("backup b --ledger l"));
    }
    (desk, begun)
}

/// The lines of an export.
fn lines(desk: &Desk, ledger: &str) -> Vec<String> {
    all(desk, ledger).0.lines().map(str::to_owned).collect()
}

#[test]
fn one_backup_gives_back_what_there_was_up_to_an_event_or_a_moment() {
    let (desk, begun) = grown();
    let whole = lines(&desk, "l");
    let recorded = |seq: u64| {
        let line: Value = serde_json::from_str(&whole[usize::try_from(seq).expect("few")]).expect("JSON");
        let event: Value = serde_json::from_str(line["statement"].as_str().expect("a statement")).expect("JSON");
        (event["recorded"].as_str().expect("a time").to_owned(), event["batch"].as_u64().expect("a number"))
    };
    let check = |name: &str, at: &str, len: u64| {
        let restored = desk.run(&format!("restore b {name} --at {at}"));
        done(&restored);
        let len = usize::try_from(len).expect("few");
        assert_eq!(lines(&desk, name), whole[..len], "{at}");
        let signed = files(&desk.path().join(name).join("checkpoints"));
        let sizes = signed.iter().map(|file| file.file_name().expect("a name").to_string_lossy().parse::<usize>());
        assert!(sizes.into_iter().all(|size| size.expect("a size") <= len), "{at}");
        assert_eq!(restored.err.contains("older: it has "), len < whole.len(), "{}", restored.err);
        assert_eq!(restored.out.contains("were known then"), len < whole.len(), "{}", restored.out);
    };
    check("one", &begun.to_string(), begun + 1);
    // A batch comes whole.
    let (_, end) = recorded(2);
    assert!(end > 2, "the founding case has a batch");
    check("batch", "2", end + 1);
    check("by", &recorded(begun + 1).0, begun + 2);
    check("all", &(begun + 2).to_string(), begun + 3);
    check("future", "9999-12-30", begun + 3);
    let none = desk.run("restore b none --at 1999-12-31");
    assert!(none.code == 3 && none.err.contains("nothing was recorded by 1999-12-31"), "{}", none.err);
    let none = desk.run(&format!("restore b none --at {}", begun + 3));
    assert!(none.code == 3 && none.err.contains("there is no event"), "{}", none.err);
    done(&writing(&desk, "export ndjson --ledger l", "export"));
    assert_eq!(desk.run("restore export none --at 2").code, 2, "of an export it is not known in advance");
    assert!(!desk.path().join("none").exists());
}

#[test]
fn an_older_ledger_is_only_read_whatever_is_remembered_and_what_is_remembered_stays() {
    let (desk, begun) = grown();
    done(&desk.run(&format!("restore b past --at {begun}")));
    fs::copy(desk.path().join("l/keys/log.key"), desk.path().join("past/keys/log.key")).expect("there is room");
    let file = "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: x, name: X, type: company }\n";
    desk.write("x.yaml", file);
    let is_refused = |line: &str| {
        let answer = desk.run(&format!("{line} --ledger past"));
        assert!(answer.code == 3 && answer.err.contains("ROLLBACK"), "{line}: {answer:?}");
    };
    is_refused("append x.yaml");
    // Nothing that was remembered is another for it.
    append(&desk, "l", "four");
    done(&desk.run("verify --ledger l"));
    forget(&desk);
    for line in ["append x.yaml", "checkpoint", "backup c"] {
        is_refused(line);
    }
    let verified = desk.run("verify --ledger past");
    done(&verified);
    assert!(verified.out.contains("It was restored as it was earlier"), "{}", verified.out);
    assert_eq!(desk.run("verify --ledger past --json").json()["older"]["known"], begun + 3);
    done(&desk.run("log --last 1 --ledger past"));
    done(&desk.run("list --ledger past"));
    // A repair with all of them makes it what it was.
    done(&desk.run("repair --from b --ledger past"));
    append(&desk, "past", "five");
}

#[test]
fn an_older_ledger_is_gone_on_with_if_the_newer_events_are_given_up() {
    let (desk, begun) = grown();
    let restored = desk.run(&format!("restore b past --at {begun} --despite-known"));
    done(&restored);
    assert!(restored.err.contains("it can be gone on with"), "{}", restored.err);
    desk.write(
        "x.yaml",
        "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: x, name: X, type: company }\n",
    );
    let remembered = desk.run("append x.yaml --ledger past");
    assert!(
        remembered.code == 1 && remembered.err.contains("`servanda forget test.example/ilrs`"),
        "{}",
        remembered.err
    );
    done(&desk.run("forget test.example/ilrs"));
    done(&desk.run("append x.yaml --ledger past"));
    assert_eq!(event_count(&desk, "past"), begun + 2);
}

#[test]
fn what_was_erased_since_does_not_come_back_with_an_older_ledger() {
    let desk = personal_desk();
    done(&desk.run("backup b --ledger l"));
    let begun = event_count(&desk, "l");
    let document = document(&desk, "l");
    let name = document.file_name().expect("a name").to_string_lossy().into_owned();
    done(&desk.run(&format!("source erase {name:.8} --authority Court --reason Order --ledger l")));
    done(&desk.run("backup b --ledger l"));
    let restored = desk.run(&format!("restore b past --at {}", begun - 1));
    assert_eq!(restored.code, 1, "it lacks a document: {}", restored.out);
    assert!(restored.err.contains("was erased by event"), "{}", restored.err);
    assert_eq!(files(&desk.path().join("past/documents")), Vec::<PathBuf>::new());
    assert_eq!(event_count(&desk, "past"), begun);
}

#[test]
fn a_night_verifies_what_is_new_since_a_checkpoint_and_says_what_it_did_not_read() {
    let (desk, begun) = grown();
    let signed = writing(&desk, &format!("checkpoint show {begun} --ledger l"), "last.checkpoint");
    done(&signed);
    for since in [begun.to_string(), "last.checkpoint".to_owned()] {
        let verified = desk.run(&format!("verify --since {since} --ledger l"));
        done(&verified);
        let read = format!("since the checkpoint of {begun} events, from which the log goes on");
        assert!(verified.out.contains("\n3 events and ") && verified.out.contains(&read), "{}", verified.out);
        let not_read = format!("not read again: the bytes and signatures of the first {begun} events, the documents");
        assert!(verified.out.contains(&not_read), "{}", verified.out);
        let answer = desk.run(&format!("verify --since {since} --json --ledger l")).json();
        assert_eq!((&answer["since"], &answer["events"]), (&begun.into(), &3.into()));
    }
    silent(&desk.run("verify --quiet --since last.checkpoint --ledger l"));
    silent(&desk.run(&format!("verify --quiet --since {} --ledger l", begun + 3)));
    // Without the facts that are kept, the store tells who may sign.
    fs::remove_file(desk.path().join("l/facts")).expect("they are kept");
    silent(&desk.run("verify --quiet --since last.checkpoint --ledger l"));

    let none = desk.run("verify --since 5 --ledger l");
    assert!(none.code == 3 && none.err.contains("there is no checkpoint of 5 events"), "{}", none.err);
    desk.write("folder/file", "");
    for (since, text) in [
        ("last.checkpoint", "nothing\n"),
        ("last.checkpoint", ""),
        ("last.checkpoint", "\u{0}"),
        ("nowhere", ""),
        ("folder", ""),
    ] {
        desk.write("last.checkpoint", text);
        let answer = desk.run(&format!("verify --quiet --since {since} --ledger l"));
        assert_eq!(answer.code, 3, "{text:?}: {}", answer.err);
        let hint = format!(
            "nothing was verified, for want of {since}: `servanda verify --ledger l` without --since reads all"
        );
        assert!(answer.err.contains(&hint), "{text:?}: {}", answer.err);
    }
    let unset = desk.command(["verify", "--since", "", "--ledger", "l"]).output().expect("the binary runs");
    assert_eq!(Answer::of(&unset).code, 2, "a shell's variable that is not set");
}

#[test]
fn a_checkpoint_that_is_kept_stays_when_no_other_can_be_signed() {
    let desk = founding_case();
    done(&desk.run("checkpoint --quiet --output kept --ledger l"));
    let kept = || fs::read_to_string(desk.path().join("kept")).expect("it is there");
    let first = kept();
    assert_eq!(first, desk.run("checkpoint show --ledger l").out);
    append(&desk, "l", "one");
    let key = desk.path().join("l/keys/log.key");
    fs::rename(&key, desk.path().join("away")).expect("it is there");
    let failed = desk.run("checkpoint --quiet --output kept --ledger l");
    assert_eq!((failed.code, kept()), (3, first.clone()), "{}", failed.err);
    silent(&desk.run("verify --quiet --since kept --ledger l"));
    fs::rename(desk.path().join("away"), &key).expect("it is there");
    silent(&desk.run("checkpoint --quiet --output kept --ledger l"));
    assert_ne!(kept(), first);
    silent(&desk.run("checkpoint show --quiet --output kept --ledger l"));
    assert_eq!(desk.run("checkpoint --output kept list --ledger l").code, 2);
}

#[test]
fn what_a_killed_backup_or_export_left_goes_with_the_next_and_what_another_is_writing_stays() {
    let desk = founding_case();
    for line in ["backup b --ledger l", "export ndjson e --ledger l"] {
        let dead = desk.write(".servanda-part-dead", "all of a ledger");
        let alive = File::create(desk.path().join(".servanda-part-alive")).expect("there is room");
        alive.lock().expect("nobody has it");
        done(&desk.run(line));
        assert!(!dead.exists() && desk.path().join(".servanda-part-alive").exists(), "{line}");
    }
    assert_eq!(beside(&desk).iter().filter(|name| name.starts_with('.')).count(), 1, "something is left over");
}

#[test]
fn a_night_finds_documents_of_new_events_that_are_gone_and_the_week_those_of_old_ones() {
    let desk = founding_case();
    let begun = event_count(&desk, "l");
    let old = document(&desk, "l");
    let before = files(&desk.path().join("l/documents"));
    desk.write("note.txt", "A note of today.\n");
    let party = "{ kind: party, id: new, name: New, type: company, quote: A note }";
    let source = "{ publisher: Somebody, grade: press, document: note.txt }";
    desk.write("new.yaml", format!("source: {source}\nannouncements:\n  - {party}\n"));
    done(&desk.run("append new.yaml --ledger l"));
    let now = files(&desk.path().join("l/documents"));
    let new = now.into_iter().find(|file| !before.contains(file)).expect("it was kept");
    let night = format!("verify --since {begun} --quiet --ledger l");

    let bytes = fs::read(&old).expect("it is there");
    fs::remove_file(&old).expect("it is there");
    silent(&desk.run(&night));
    assert_eq!(desk.run("verify --quiet --ledger l").code, 1);
    fs::write(&old, bytes).expect("there is room");
    fs::write(&new, "A note of tomorrow.\n").expect("it is ours");
    refused(&desk.run(&night), "documents    fail");
}

#[test]
fn a_document_that_was_erased_before_a_checkpoint_stays_erased_since_it_and_one_erased_since_is_looked_for() {
    let desk = personal_desk();
    done(&desk.run("checkpoint --ledger l"));
    let begun = event_count(&desk, "l");
    let file = document(&desk, "l");
    let bytes = fs::read(&file).expect("it is there");
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    done(&desk.run(&format!("source erase {name:.8} --authority Court --reason Order --ledger l")));
    silent(&desk.run(&format!("verify --since {begun} --quiet --ledger l")));
    // The deletion was undone.
    fs::write(&file, bytes).expect("there is room");
    let night = desk.run(&format!("verify --since {begun} --quiet --ledger l"));
    refused(&night, "and is still there");
    fs::remove_file(&file).expect("it is there");
    done(&desk.run("checkpoint --ledger l"));
    append(&desk, "l", "one");
    silent(&desk.run(&format!("verify --since {} --quiet --ledger l", begun + 1)));
}
