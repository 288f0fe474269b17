//! What lies beside the events: documents and what is quoted of them, changed, removed, swapped or never said so; and facts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::{Ledger, NOTE, PAGE, append, check};
use crate::support::{Desk, access, body, draft, key, moment, name};
use servanda::domain::announcement::Body;
use servanda::event::Snapshot;
use servanda::event::snapshot::{Heads, LogPoint};
use servanda::ledger::verify::{Layer, Outside, verify};
use servanda::ledger::{Folder, Log, User};

#[test]
fn a_document_changed_or_removed_is_found_by_documents_at_the_event_that_names_it() {
    let ledger = Ledger::new();
    let page = ledger.document(PAGE.as_bytes());
    let text = fs::read_dir(ledger.folder.path().join("documents")).expect("it can be listed");
    let text = text.map(|entry| entry.expect("an entry").path());
    let text = text.into_iter().find(|path| ![&page, &ledger.document(NOTE.as_bytes())].contains(&path));
    let text = text.expect("the text of the page lies beside it");
    // The note stands behind events 4 and 6, the page and its text behind event 5.
    for (path, seq) in [(ledger.document(NOTE.as_bytes()), 4), (page, 5), (text, 5)] {
        let sound = fs::read(&path).expect("the document is kept");
        let mut changed = sound.clone();
        changed[1] ^= 1;
        let longer = [&sound[..], b"\n"].concat();
        for other in [&changed[..], &sound[..sound.len() - 1], &longer, b""] {
            fs::write(&path, other).expect("it can be written");
            check(&ledger.verify(&ledger.values), &[Layer::Documents], &[seq]);
        }
        fs::remove_file(&path).expect("it is there");
        check(&ledger.verify(&ledger.values), &[Layer::Documents], &[seq]);
        fs::write(&path, sound).expect("it can be written");
    }
    assert!(ledger.verify(&ledger.values).passed());
}

#[test]
fn two_documents_swapped_are_found_by_documents_at_both_events() {
    let ledger = Ledger::new();
    fs::write(ledger.document(NOTE.as_bytes()), PAGE).expect("it can be written");
    fs::write(ledger.document(PAGE.as_bytes()), NOTE).expect("it can be written");
    check(&ledger.verify(&ledger.values), &[Layer::Documents], &[4, 5]);
}

#[test]
fn a_quote_that_does_not_stand_at_its_place_is_found_by_evidence_even_if_the_recorder_signed_it() {
    let ledger = Ledger::new();
    let at = |statement: &str| {
        let start = statement.find("\"at\":[").expect("it has a quote") + 6;
        start..start + statement[start..].find(']').expect("the place ends")
    };
    let move_to = |seq: usize, place: &str| {
        ledger.verify(&ledger.rewritten(seq, |statement| {
            let mut statement = statement.to_owned();
            statement.replace_range(at(&statement), place);
            statement
        }))
    };
    let second = NOTE.rfind("18 October").expect("it stands there twice");
    for place in ["0,29", "18,47", "17,18", "17,17", "47,18", "0,9007199254740991", "86,87"] {
        check(&move_to(4, place), &[Layer::Evidence], &[4]);
    }
    // Where the same words stand once more, they support the announcement as well.
    check(&move_to(6, &format!("{second},{}", second + 10)), &[], &[]);

    let said = ledger.rewritten(4, |statement| statement.replace("signed on 18 October", "signed on 19 October"));
    check(&ledger.verify(&said), &[Layer::Evidence], &[4]);
}

#[test]
fn facts_that_tell_something_else_are_found_by_projections_at_the_event_and_made_anew() {
    let ledger = Ledger::new();
    let log = Log::read(&ledger.folder, &access()).expect("the log can be read");
    // As a fault of the program might leave them, which has the account's key.
    assert!(log.keep(&forged(&log)));
    check(&verify(&log, &Outside::default()), &[Layer::Projections], &[5]);
    drop(log);
    let ask = |line: &str| ledger.desk.run(&format!("{line} --ledger ledger"));
    let shown = ask("show 5");
    assert!(
        shown.code == 3 && shown.err.contains("`servanda verify --ledger ledger` makes them anew"),
        "{}{}",
        shown.out,
        shown.err
    );
    let verified = ask("verify");
    assert!(verified.code == 1 && verified.out.contains("they were made anew"), "{}", verified.out);
    let members = ask("members ilrs --on 2023-12-31").out;
    assert!(members.contains("azerbaijan"), "{members}");
    assert_eq!(ask("verify").code, 0);
}

/// What a log tells, but for one joining, which is dated a year later.
fn forged(log: &Log) -> Snapshot {
    let mut snapshot = log.snapshot().expect("the chain holds");
    let Body::Joining(joining) = &mut snapshot.events[5].announcement.body else {
        panic!("event 5 tells of a joining")
    };
    joining.occurred = name("2024-10-03");
    snapshot
}

/// What the program answers where somebody else may have written what is derived.
struct Answers<'l> {
    ledger: &'l Ledger,
    expected: Vec<String>,
}

impl<'l> Answers<'l> {
    const QUESTIONS: [&'static str; 5] = [
        "members ilrs --on 2023-12-31",
        "why azerbaijan ilrs --on 2023-12-31",
        "key show",
        "key export",
        "export csv members ilrs --on 2023-12-31",
    ];

    fn of(ledger: &'l Ledger) -> Self {
        let mut answers = Self { ledger, expected: Vec::new() };
        answers.expected = Self::QUESTIONS.map(|line| answers.ask(line)).to_vec();
        answers
    }

    #[track_caller]
    fn ask(&self, line: &str) -> String {
        let answer = self.ledger.desk.run(&format!("{line} --ledger ledger"));
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
        answer.out
    }

    /// Every question is answered as ever, each with the files as somebody left them.
    #[track_caller]
    fn check(&self, what: &str, leave: impl Fn()) {
        for (line, expected) in Self::QUESTIONS.iter().zip(&self.expected) {
            leave();
            assert_eq!(self.ask(line), *expected, "{what}: {line}");
        }
        leave();
        let verified = self.ledger.desk.run("verify --ledger ledger");
        assert!(verified.out.contains("they were made anew"), "{what}: {}{}", verified.out, verified.err);
        assert!(!self.ledger.desk.run("verify --ledger ledger").out.contains("made anew"), "{what}");
    }

    /// The files that are derived, and `HEAD`.
    fn files(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        files_of(self.ledger.folder.path())
    }
}

fn files_of(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    ["facts", "recent", "HEAD"].map(|name| (folder.join(name), fs::read(folder.join(name)).ok())).to_vec()
}

/// Puts files into a ledger's folder; those that are not there go.
fn leave(folder: &Path, files: &[(PathBuf, Option<Vec<u8>>)]) {
    for (path, bytes) in files {
        let to = folder.join(path.file_name().expect("a file"));
        match bytes {
            Some(bytes) => fs::write(to, bytes).expect("it can be written"),
            None => drop(fs::remove_file(to)),
        }
    }
}

#[test]
fn facts_forged_whole_by_another_account_are_not_used() {
    let ledger = Ledger::new();
    let answers = Answers::of(&ledger);
    let other = User::at(&ledger.desk.path().join("mallory"), || Ok([66; 32])).expect("there is room");
    let theirs = Folder::at(ledger.folder.path()).of(Arc::new(other));
    let log = Log::read(&theirs, &access()).expect("the log can be read");
    assert!(log.keep(&forged(&log)));
    drop(log);
    let files = answers.files();
    answers.check("another account's", || leave(ledger.folder.path(), &files));
}

#[test]
fn facts_of_another_ledger_with_its_head_are_not_used_whosever_they_are() {
    let ledger = Ledger::new();
    let answers = Answers::of(&ledger);
    // The same account's, of the same name and with the same genesis, in another folder.
    let copy = ledger.desk.path().join("copy");
    let copied = Command::new("cp").arg("-a").args([ledger.folder.path(), &copy]).status();
    assert!(copied.expect("cp is part of every Unix").success());
    let mission = draft(body("mission", serde_json::json!({"id": "m", "title": "M"})));
    append(&ledger.desk.ledger("copy"), vec![mission], &key()).expect("it is admissible");
    for line in ["log --ledger copy", "key show --ledger copy"] {
        assert_eq!(ledger.desk.run(line).code, 0, "{line}");
    }
    let stranger = Desk::with_ilrs(&["october-2023"]);
    for (what, folder) in [("a copy's", copy), ("a stranger's", stranger.path().join("ilrs.servanda"))] {
        let files = files_of(&folder);
        // A head of another log is told, and nothing is answered from the files that go with it.
        for line in Answers::QUESTIONS {
            leave(ledger.folder.path(), &files);
            let answer = ledger.desk.run(&format!("{line} --ledger ledger"));
            assert!(answer.code == 1 && answer.err.contains("HEAD was replaced"), "{what}: {line}: {}", answer.out);
        }
        let without_head: Vec<_> = files.into_iter().filter(|(path, _)| !path.ends_with("HEAD")).collect();
        answers.check(what, || {
            leave(ledger.folder.path(), &without_head);
            let _ = fs::remove_file(ledger.folder.path().join("HEAD"));
        });
    }
}

#[test]
fn facts_of_yesterday_with_their_head_are_not_used() {
    let ledger = Ledger::new();
    let old = files_of(ledger.folder.path());
    let joined = serde_json::json!({"party": "x", "agreement": "ilrs", "occurred": "2023-05-01"});
    let party = serde_json::json!({"id": "x", "name": "X", "type": "state"});
    let drafts = vec![draft(body("party", party)), draft(body("joining", joined))];
    append(&ledger.folder, drafts, &key()).expect("it is admissible");
    let answers = Answers::of(&ledger);
    assert!(answers.expected[0].contains('X'), "{}", answers.expected[0]);
    answers.check("yesterday's", || leave(ledger.folder.path(), &old));
    // Also where nobody remembers how the store was closed.
    answers.check("yesterday's, and no end", || {
        leave(ledger.folder.path(), &old);
        let _ = fs::remove_file(ledger.folder.path().join("sled.check"));
    });
}

#[test]
fn facts_with_one_hash_patched_are_not_used() {
    let ledger = Ledger::new();
    let answers = Answers::of(&ledger);
    let files = answers.files();
    let (_, snapshot) = &files[0];
    let snapshot = snapshot.clone().expect("they are kept");
    // Wherever a digest may stand: in the beginning and the index.
    for at in (16..snapshot.len().min(600)).step_by(41) {
        let mut other = files.clone();
        let mut patched = snapshot.clone();
        patched[at..(at + 32).min(snapshot.len())].iter_mut().for_each(|byte| *byte ^= 0xff);
        other[0].1 = Some(patched);
        leave(ledger.folder.path(), &other);
        assert_eq!(answers.ask(Answers::QUESTIONS[0]), answers.expected[0], "byte {at}");
    }
}

#[test]
fn ends_of_batches_forged_among_the_facts_are_found_by_projections() {
    let ledger = Ledger::new();
    let log = Log::read(&ledger.folder, &access()).expect("the log can be read");
    let genuine = log.snapshot().expect("the chain holds");
    for place in 0..3 {
        let mut snapshot = genuine.clone();
        snapshot.heads = Heads::new(log.origin());
        for (number, stand) in genuine.heads.stands().iter().filter(|stand| stand.ends_batch).enumerate() {
            let recorded = if number == place { moment(999) } else { stand.recorded };
            snapshot.heads.push(LogPoint { recorded, ..*stand });
        }
        log.keep(&snapshot);
        check(&verify(&log, &Outside::default()), &[Layer::Projections], &[8]);
    }
}
