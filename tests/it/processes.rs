//! Several processes on one ledger: each batch is there whole or not at all, and whoever has to wait is told for whom.

use std::fmt::Write;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Desk, body, draft, found, is_long, key, moment, read};
use servanda::event::{Recorded, Snapshot};
use servanda::ledger::verify::{Outside, verify};
use servanda::ledger::{Access, AppendError, Batch, Folder, Ledger, Log, Options};
use servanda::store::lock::Lock;

/// How many announcements the files of these tests have.
const FILE_LEN: usize = 5;

/// A file that describes parties whose ids begin with `name`.
fn file(desk: &Desk, name: &str) {
    let mut text = "evidence: { none: made up for a test }\nannouncements:\n".to_owned();
    for number in 0..FILE_LEN {
        writeln!(text, "  - {{ kind: party, id: {name}-{number}, name: {name} {number}, type: company }}")
            .expect("text takes everything");
    }
    desk.write(&format!("{name}.yaml"), text);
}

/// A ledger that holds its genesis and the file `first`, to which an agreement belongs.
fn ledger() -> Desk {
    let desk = Desk::new();
    file(&desk, "first");
    desk.write(
        "ilrs.yaml",
        "announcements: [{ kind: agreement, id: ilrs, title: ILRS, type: programme, evidence: { none: a test } }]",
    );
    let answer = desk.run("append --init --ledger ledger ilrs.yaml first.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

fn spawn(desk: &Desk, line: &str) -> Child {
    let mut command: Command = desk.command(line.split_whitespace());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

fn answer(child: Child) -> Answer {
    Answer::of(&child.wait_with_output().expect("it ends"))
}

/// The events, of a ledger that verifies.
fn sound(desk: &Desk) -> Snapshot {
    let (log, snapshot) = read(&Folder::at(desk.path().join("ledger")));
    assert!(verify(&log, &Outside::default()).passed());
    snapshot
}

/// How often the whole file stands in the ledger, as one batch; a part of it never does.
fn count(snapshot: &Snapshot, name: &str) -> usize {
    let own: Vec<&Recorded> =
        snapshot.events.iter().filter(|event| event.id.as_str().starts_with(&format!("party:{name}-"))).collect();
    assert_eq!(own.len() % FILE_LEN, 0, "a part of {name}");
    for batch in own.chunks(FILE_LEN) {
        let end = snapshot.heads.stands().iter().find(|stand| stand.ends_batch && stand.head.len > batch[0].seq);
        assert_eq!(end.map(|end| end.head.len), Some(batch[0].seq + FILE_LEN as u64), "{name} is torn");
        assert!((batch[0].seq..).zip(batch).all(|(seq, event)| event.seq == seq), "{name} is torn");
    }
    own.len() / FILE_LEN
}

/// Done, or told to try again: by the lock, with the name of who holds it, or by the head.
fn done(answer: &Answer) -> bool {
    match answer.code {
        0 => true,
        3 => {
            assert!(answer.err.contains("in use by"), "{}", answer.err);
            false
        }
        4 => false,
        code => panic!("exit code {code}: {}", answer.err),
    }
}

#[test]
fn two_files_appended_at_once_come_one_after_the_other() {
    let desk = ledger();
    for round in 0..5 {
        let names = [format!("left{round}"), format!("right{round}")];
        for name in &names {
            file(&desk, name);
        }
        let children = names.clone().map(|name| spawn(&desk, &format!("append --ledger ledger {name}.yaml")));
        let done = children.map(|child| done(&answer(child)));
        assert!(done.contains(&true), "one of them comes first");
        let events = sound(&desk);
        for (name, done) in names.iter().zip(done) {
            assert_eq!(count(&events, name), usize::from(done));
        }
    }
}

#[test]
fn one_file_appended_by_two_at_once_is_there_once() {
    let desk = ledger();
    file(&desk, "same");
    let children = [(); 2].map(|()| spawn(&desk, "append --ledger ledger same.yaml"));
    let done = children.map(|child| done(&answer(child)));
    assert!(done.contains(&true), "one of them comes first");
    assert_eq!(count(&sound(&desk), "same"), 1);
}

#[test]
fn who_may_not_wait_is_told_who_holds_the_ledger() {
    let desk = ledger();
    let before = sound(&desk).events.len();
    file(&desk, "second");
    let lock = desk.path().join("ledger/LOCK");
    let held = Lock::acquire(&lock, "pid 4711: a long night", Duration::from_secs(10)).expect("nobody holds it");
    let question = "members --ledger ledger ilrs --lock-timeout 0";
    assert_eq!(desk.run(question).code, 0, "the facts are read without waiting for anybody");
    fs::remove_file(desk.path().join("ledger/facts")).expect("they are kept");
    for line in ["append --ledger ledger second.yaml", "members --ledger ledger ilrs", "verify --ledger ledger"] {
        let answer = desk.run(&format!("{line} --lock-timeout 0"));
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{line}");
        assert!(answer.err.contains("pid 4711: a long night"), "{}", answer.err);
    }
    drop(held);
    assert_eq!(sound(&desk).events.len(), before);
    assert_eq!(desk.run("append --ledger ledger second.yaml --lock-timeout 0").code, 0);
}

#[test]
fn a_reader_beside_a_writer_sees_whole_batches_only() {
    const APPENDS: usize = 10;
    let desk = ledger();
    let base = sound(&desk).events.len();
    for number in 0..APPENDS {
        file(&desk, &format!("batch{number}"));
    }
    let lens: Vec<usize> = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..APPENDS {
                let answer = desk.run(&format!("append --ledger ledger batch{number}.yaml"));
                assert_eq!(answer.code, 0, "{}", answer.err);
            }
        });
        let mut lens = Vec::new();
        loop {
            let ended = writer.is_finished();
            let answer = desk.run("members --ledger ledger ilrs --json");
            assert_eq!(answer.code, 0, "{}", answer.err);
            lens.push(usize::try_from(answer.json()["position"]["len"].as_u64().expect("a length")).expect("few"));
            if ended {
                break lens;
            }
        }
    });
    assert!(lens.iter().all(|len| (len - base).is_multiple_of(FILE_LEN)), "{lens:?}");
    assert!(lens.is_sorted(), "{lens:?}");
    assert_eq!(lens.last(), Some(&(base + APPENDS * FILE_LEN)));
    sound(&desk);
}

#[test]
fn an_append_built_on_an_old_head_is_a_conflict_and_changes_nothing() {
    let desk = ledger();
    let old = sound(&desk).heads.head();
    file(&desk, "second");
    file(&desk, "third");
    assert_eq!(desk.run(&format!("append --ledger ledger second.yaml --expect-head {old}")).code, 0);
    let before = sound(&desk);
    let answer = desk.run(&format!("append --ledger ledger third.yaml --expect-head {old}"));
    assert_eq!((answer.code, answer.out.as_str()), (4, ""));
    assert!(answer.err.contains(&old.to_string()) && answer.err.contains("hint"), "{}", answer.err);
    assert_eq!(sound(&desk), before);
}

#[test]
fn what_is_there_is_not_appended_again() {
    let desk = ledger();
    let before = sound(&desk);
    let answer = desk.run("append --ledger ledger first.yaml -v");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains("already event 2\n") && answer.out.contains("appended 0 events"), "{}", answer.out);
    assert_eq!(sound(&desk), before);
}

/// Writers at once.
const WRITERS: usize = 8;
/// What each of them appends by default, and with `SERVANDA_TESTS_LONG`.
const EACH: [usize; 2] = [20, 200];

#[test]
fn eight_writers_that_retry_bring_every_file_in_once() {
    let desk = Desk::new();
    let folder = found(desk.path());
    let each = EACH[usize::from(is_long())];
    let work = |writer: usize| -> usize {
        let access = Access { holder: format!("writer {writer}"), lock_timeout: Duration::from_mins(2) };
        let mut conflicts = 0;
        for number in 0..each {
            let id = format!("w{writer}-{number}");
            let drafts = vec![draft(body("party", json!({"id": id, "name": "N", "type": "company"})))];
            let batch = Batch { drafts, ..Batch::default() };
            loop {
                // Each decides by the head that it saw, as a program does that reads before it writes.
                let seen = Log::read(&folder, &access).expect("it can be read").check().expect("it holds").hash;
                let mut ledger = Ledger::open(&folder, &access).expect("it opens");
                let options = Options { expect_head: Some(seen), ..Options::default() };
                match ledger.append(std::slice::from_ref(&batch), options, &key(), moment(1)) {
                    Ok(_) => break,
                    Err(AppendError::HeadMoved { .. }) => conflicts += 1,
                    Err(error) => panic!("{id}: {error}"),
                }
            }
        }
        conflicts
    };
    let conflicts: usize = thread::scope(|scope| {
        let work = &work;
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || work(writer))).collect();
        writers.into_iter().map(|writer| writer.join().expect("it did not panic")).sum()
    });
    let (log, snapshot) = read(&folder);
    assert!(verify(&log, &Outside::default()).passed());
    for writer in 0..WRITERS {
        for number in 0..each {
            let id = format!("party:w{writer}-{number}");
            assert_eq!(snapshot.events.iter().filter(|event| event.id.as_str() == id).count(), 1, "{id}");
        }
    }
    assert!(conflicts > 0, "nobody was in anybody's way");
}
