//! What is said of documents and quotes: how many were looked at and which could not be, since they are gone, erased or
//! never published; and that documents which are checked by themselves are found as `verify` finds them.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::{
    Ledger, NOTE, ORIGIN, PAGE, append, check, checkpoint, founded, kept, log_key, log_of, quoting, taken, things,
};
use crate::support::{access, body, draft, key, moment};
use servanda::domain::source::Address;
use servanda::evidence::extract::MediaType;
use servanda::integrity::digest::{Salt, commitment, document_hash};
use servanda::ledger::documents::inventory::DocumentState;
use servanda::ledger::publish::tiles::{open, publish};
use servanda::ledger::verify::sources::{self, CheckedDocument};
use servanda::ledger::verify::{Fault, Layer, Report, Verdict, verify};
use servanda::ledger::{Draft, DraftDocument, Privacy};

const LETTER: &str = "Dear colleague,\nMrs Example signed on 18 October.\n";
const SALT: [u8; 32] = [5; 32];

/// An announcement that rests on a personal document.
fn told_in_a_letter() -> Vec<Draft> {
    let milestone = body("milestone", json!({"agreement": "ilrs", "act": "launched", "occurred": "2023-10-18"}));
    let privacy = Privacy::Personal { salt: Some(Salt::from_bytes(SALT)) };
    let bytes = Arc::from(LETTER.as_bytes());
    let letter = DraftDocument { media: MediaType::Text, bytes, encoding: None, expected: None, privacy };
    vec![quoting(draft(milestone), &letter, "Mrs Example signed")]
}

/// The ledger with one event more, event 9, that rests on a letter.
fn with_a_letter() -> Ledger {
    let mut ledger = Ledger::new();
    append(&ledger.folder, told_in_a_letter(), &key()).expect("it is admissible");
    ledger.values = taken(&ledger.folder);
    ledger
}

fn letter() -> String {
    commitment(&Salt::from_bytes(SALT), LETTER.as_bytes()).to_string()
}

fn hash(bytes: &str) -> String {
    document_hash(bytes.as_bytes()).to_string()
}

/// Where the text of the page lies.
fn text(ledger: &Ledger) -> PathBuf {
    let others = [hash(NOTE), hash(PAGE), letter(), letter() + ".salt"];
    let folder = fs::read_dir(ledger.folder.path().join("documents")).expect("it can be listed");
    let mut paths = folder.map(|entry| entry.expect("an entry").path());
    let is_another = |path: &PathBuf| others.iter().any(|other| path.ends_with(other));
    paths.find(|path| !is_another(path)).expect("it lies beside the page")
}

fn erase(ledger: &mut Ledger, address: &str) {
    let address = Address::try_from(address.to_owned()).expect("an address");
    let mut open = servanda::ledger::Ledger::open(&ledger.folder, &access()).expect("the ledger opens");
    open.erase(&[address], ("Authority", "Reason"), &key(), moment(2000)).expect("the recorder is an admin");
    drop(open);
    ledger.values = taken(&ledger.folder);
}

/// What the layers of documents and of evidence cover, or why they checked nothing.
fn covered(report: &Report) -> [&str; 2] {
    [Layer::Documents, Layer::Evidence].map(|layer| {
        let own = report.layers.iter().find(|own| own.layer == layer).expect("every layer is there");
        match &own.verdict {
            Verdict::NotChecked(why) => why.as_ref(),
            Verdict::CouldNot(what) => what.as_str(),
            Verdict::Pass | Verdict::Fail => &own.covered,
        }
    })
}

#[test]
fn what_could_not_be_looked_at_is_told_with_why() {
    let covers = |ledger: &Ledger, told: [&str; 2]| assert_eq!(covered(&ledger.verify(&ledger.values)), told);
    let nothing = Ledger::new();
    assert_eq!(covered(&nothing.verify(&nothing.values[..4])), ["no event names one", "no event has a quote"]);

    let mut ledger = with_a_letter();
    covers(&ledger, ["4 of 4 files", "4 quotes"]);
    fs::remove_file(ledger.document(NOTE.as_bytes())).expect("it is there");
    covers(&ledger, ["3 of 4 files", "2 of 4 quotes; 2 not checked: their documents are missing or altered"]);
    erase(&mut ledger, &hash(NOTE));
    covers(&ledger, ["3 of 4 files, 1 erased by event 10", "2 of 4 quotes; 2 not checked: erased"]);
    fs::remove_file(text(&ledger)).expect("it is there");
    covers(
        &ledger,
        [
            "2 of 4 files, 1 erased by event 10",
            "1 of 4 quotes; 2 not checked: erased; 1 not checked: their documents are missing or altered",
        ],
    );
    erase(&mut ledger, &letter());
    covers(
        &ledger,
        [
            "1 of 4 files, 1 erased by event 10, 1 erased by event 11",
            "the documents of all quotes are missing, altered or erased",
        ],
    );
    erase(&mut ledger, &hash(PAGE));
    covers(
        &ledger,
        [
            "0 of 4 files, 1 erased by event 10, 1 erased by event 11, 2 erased by event 12",
            "the documents of all quotes are erased",
        ],
    );
    check(&ledger.verify(&ledger.values), &[], &[]);
}

/// What somebody finds who has a log as it was published, with these documents.
fn published(ledger: &Ledger, documents: &[&str]) -> Report {
    let (public, log) = (ledger.desk.path().join("public"), log_of(&ledger.folder, ORIGIN, &ledger.values));
    let (signed, keys) = (checkpoint(&ledger.values), log.authority().expect("the chain holds"));
    publish(&log, &signed, &keys, &public, &[]).expect("it can be published");
    fs::create_dir(public.join("documents")).expect("a folder can be made");
    for name in documents {
        let own = ledger.folder.path().join("documents").join(name);
        fs::copy(own, public.join("documents").join(name)).expect("it can be copied");
    }
    let (log, signed) = open(&public, &log_key().vkey()).expect("it is published");
    verify(&log, &kept([signed]))
}

#[test]
fn a_personal_document_is_missed_in_the_ledger_and_not_where_the_log_was_published() {
    let ledger = with_a_letter();
    let text = text(&ledger);
    let text = text.file_name().and_then(|name| name.to_str()).expect("an address");
    let report = published(&ledger, &[&hash(NOTE), &hash(PAGE), text]);
    check(&report, &[], &[]);
    let quotes = "3 of 4 quotes; 1 not checked: their documents are missing or altered";
    assert_eq!(covered(&report), ["3 of 3 files; 1 personal ones are never published", quotes]);

    let mut only = Ledger::new();
    fs::remove_dir_all(only.folder.path()).expect("it is there");
    only.folder = founded(only.desk.path(), ORIGIN, &key());
    for batch in [things(), told_in_a_letter()] {
        append(&only.folder, batch, &key()).expect("it is admissible");
    }
    only.values = taken(&only.folder);
    let report = published(&only, &[]);
    let quotes = "the documents of all quotes are missing, altered or erased";
    assert_eq!(covered(&report), ["all of them are personal, and never published", quotes]);

    fs::remove_file(ledger.folder.path().join("documents").join(letter())).expect("it is kept");
    check(&ledger.verify(&ledger.values), &[Layer::Documents], &[9]);
}

#[test]
fn a_passage_of_a_personal_document_has_to_be_within_its_text() {
    let ledger = with_a_letter();
    let end = LETTER.len();
    for (place, stands) in
        [((0, end), true), ((0, end + 1), false), ((end, end), false), ((9, 4), false), ((end - 1, end), false)]
    {
        let values = ledger.rewritten(9, |statement| {
            let changed = statement.replace("\"at\":[16,34]", &format!("\"at\":[{},{}]", place.0, place.1));
            assert_ne!(changed, statement, "it has that place");
            changed
        });
        let (layers, seqs): (&[_], &[_]) = if stands { (&[], &[]) } else { (&[Layer::Evidence], &[9]) };
        check(&ledger.verify(&values), layers, seqs);
    }
}

/// The faults of documents and quotes, by `verify` and by checking them alone, which have to be the same; and what came of
/// each document.
fn checked(ledger: &Ledger, values: &[Vec<u8>]) -> Vec<CheckedDocument> {
    let log = log_of(&ledger.folder, ORIGIN, values);
    let events = log.snapshot().expect("the chain holds").events;
    let alone = sources::check(&events, &log.shelf(), None);
    let sorted = |mut faults: Vec<Fault>| {
        faults.sort_by(|a, b| (a.seq, &a.what).cmp(&(b.seq, &b.what)));
        faults
    };
    let report = ledger.verify(values);
    let own = report.layers.iter().filter(|own| [Layer::Documents, Layer::Evidence].contains(&own.layer));
    let by_verify = own.flat_map(|own| own.faults.clone()).collect();
    let by_themselves = alone.iter().flat_map(|one| one.faults.clone()).collect();
    assert_eq!(sorted(by_themselves), sorted(by_verify));
    assert!(alone.iter().all(|one| one.holds() == one.faults.is_empty()), "{alone:?}");
    // Asked for one of them, it says the same of that one, and nothing of the others.
    for one in &alone {
        let only = sources::check(&events, &log.shelf(), Some(std::slice::from_ref(&one.address)));
        assert_eq!(format!("{only:?}"), format!("{:?}", [one]));
    }
    alone
}

/// Event, quotes and how many of them were found.
fn counts(documents: &[CheckedDocument]) -> Vec<(u64, usize, usize)> {
    documents.iter().map(|one| (one.event, one.quotes, one.found)).collect()
}

#[test]
fn documents_checked_by_themselves_are_found_as_verify_finds_them() {
    let mut ledger = with_a_letter();
    let (note, page, text) = (ledger.document(NOTE.as_bytes()), ledger.document(PAGE.as_bytes()), text(&ledger));
    let personal = ledger.folder.path().join("documents").join(letter());
    let salt = personal.with_extension("salt");
    let sound = checked(&ledger, &ledger.values);
    assert!(sound.iter().all(|one| one.state == DocumentState::Kept && one.holds()), "{sound:?}");
    assert_eq!(counts(&sound), [(4, 2, 2), (5, 1, 1), (9, 1, 1)]);
    assert_eq!(sound.iter().map(|one| &one.address[..]).collect::<Vec<_>>(), [hash(NOTE), hash(PAGE), letter()]);

    // Which of the documents it is about, and how many quotes are found when it was changed.
    for (path, place, found) in [(&note, 0, 0), (&page, 1, 1), (&text, 1, 0), (&personal, 2, 0), (&salt, 2, 0)] {
        let genuine = fs::read(path).expect("it is there");
        let mut changed = genuine.clone();
        changed[1] ^= 1;
        for other in [&changed[..], &genuine[..genuine.len() - 1], b"", &[&genuine[..], b"\n"].concat()] {
            fs::write(path, other).expect("it can be written");
            let documents = checked(&ledger, &ledger.values);
            let one = &documents[place];
            assert!(matches!(one.state, DocumentState::Altered(_)), "{one:?}");
            assert_eq!((one.faults.len(), one.found), (1, found), "{one:?}");
            assert_eq!(documents.iter().filter(|one| one.holds()).count(), 2, "{documents:?}");
        }
        fs::remove_file(path).expect("it is there");
        let one = &checked(&ledger, &ledger.values)[place];
        assert!(matches!(one.state, DocumentState::Missing(_)) && one.faults.len() == 1, "{one:?}");
        fs::write(path, genuine).expect("it can be written");
    }
    let moved = ledger.rewritten(6, |statement| {
        let start = statement.find("\"at\":[").expect("it has a quote") + 6;
        format!("{}1{}", &statement[..start], &statement[start..])
    });
    assert_eq!(counts(&checked(&ledger, &moved)), [(4, 2, 1), (5, 1, 1), (9, 1, 1)]);

    let genuine = fs::read(&page).expect("it is there");
    erase(&mut ledger, &hash(PAGE));
    let documents = checked(&ledger, &ledger.values);
    assert_eq!((&documents[1].state, documents[1].found), (&DocumentState::Erased(10), 0));
    assert!(documents.iter().all(CheckedDocument::holds), "{documents:?}");
    fs::write(&page, genuine).expect("as if it had not been deleted");
    let documents = checked(&ledger, &ledger.values);
    assert_eq!((&documents[1].state, documents[1].faults[0].seq), (&DocumentState::NotDeleted(10), 10));
}
