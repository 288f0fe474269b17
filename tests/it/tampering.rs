//! Whoever owns the disk changes, removes, repeats, moves or adds something: verification finds it and says where.
//!
//! An event is bad if its bytes do not hash to the `prev` of the next; for the last one its signature tells. So a change
//! of `prev` itself accuses two events: the one that was changed, and the one before it, for which nobody vouches any more.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::support::{Desk, access, append, body, draft, key, moment, read, source};
use servanda::domain::id::{Origin, Recorder};
use servanda::event::statement::split;
use servanda::integrity::SigningKey;
use servanda::integrity::digest::{document_hash, event_hash};
use servanda::ledger::found::{Founded, Founding};
use servanda::ledger::verify::{Layer, Outside, Report, Verdict, verify};
use servanda::ledger::{
    Draft, DraftDocument, DraftQuote, DraftSource, Folder, KeyFile, Log, MediaType, Privacy, Signer,
};

const ORIGIN: &str = "test.example/ledger";
const NOTE: &str = "The host writes: Pakistan signed on 18 October. The talks went on until 18 October.\n";
const PAGE: &str = "<html><body><p>Azerbaijan <b>joined</b> on 3 October.</p></body></html>";

/// A sound ledger, with its events taken out. Its batches end with the events 0, 3, 6 and 8.
struct Ledger {
    _desk: Desk,
    folder: Folder,
    values: Vec<Vec<u8>>,
}

impl Ledger {
    fn new() -> Self {
        Self::founded(ORIGIN, &key())
    }

    fn founded(origin: &str, key: &KeyFile) -> Self {
        let desk = Desk::new();
        let folder = founded(desk.path(), origin, key);
        if *origin == *ORIGIN && key.public() == crate::support::key().public() {
            for batch in [things(), joinings(), others()] {
                append(&folder, batch).expect("all of it is admissible");
            }
        }
        let values = taken(&folder);
        Self { _desk: desk, folder, values }
    }

    fn verify(&self, values: &[Vec<u8>]) -> Report {
        verify(&log_of(&self.folder, ORIGIN, values), &Outside::default())
    }

    /// Where a document lies.
    fn document(&self, bytes: &[u8]) -> std::path::PathBuf {
        self.folder.path().join("documents").join(document_hash(bytes).to_string())
    }

    /// Changes the statement of one event, and makes all that follow fit, with the recorder's own key.
    fn rewritten(&self, seq: usize, change: impl FnOnce(&str) -> String) -> Vec<Vec<u8>> {
        let mut values = self.values.clone();
        let (statement, _) = parts(&values[seq]);
        values[seq] = signed(&change(statement), parts(&self.values[seq]).1.is_some(), &key());
        for next in seq + 1..values.len() {
            let (old, new) = (event_hash(&self.values[next - 1]), event_hash(&values[next - 1]));
            let (statement, armor) = parts(&self.values[next]);
            let statement = statement.replace(&old.to_string(), &new.to_string());
            values[next] = signed(&statement, armor.is_some(), &key());
        }
        values
    }
}

fn founded(folder: &Path, origin: &str, key: &KeyFile) -> Folder {
    let founding = Founding {
        origin: Origin::parse(origin).expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: moment(0),
    };
    let target = Folder::at(folder.join("ledger"));
    Founded::new(&target, founding, key, &access()).and_then(Founded::publish).expect("a ledger can be founded")
}

fn things() -> Vec<Draft> {
    vec![
        draft(body("party", json!({"id": "pakistan", "name": "Pakistan", "type": "state"}))),
        draft(body("party", json!({"id": "azerbaijan", "name": "Azerbaijan", "type": "state"}))),
        draft(body("agreement", json!({"id": "ilrs", "title": "ILRS", "type": "programme"}))),
    ]
}

fn joinings() -> Vec<Draft> {
    let joining =
        |party: &str, day: &str| body("joining", json!({"party": party, "agreement": "ilrs", "occurred": day}));
    let (note, page) = (document(MediaType::Markdown, NOTE), document(MediaType::Html, PAGE));
    vec![
        quoting(draft(joining("pakistan", "2023-10-18")), &note, "Pakistan signed on 18 October"),
        quoting(draft(joining("azerbaijan", "2023-10-03")), &page, "Azerbaijan joined on 3 October."),
        quoting(draft(joining("pakistan", "2023-10")), &note, "18 October"),
    ]
}

fn others() -> Vec<Draft> {
    let milestone = |act: &str, day: &str| body("milestone", json!({"agreement": "ilrs", "act": act, "occurred": day}));
    vec![draft(milestone("established", "2021-03-09")), draft(milestone("opened", "2021-06-16"))]
}

fn document(media: MediaType, text: &str) -> DraftDocument {
    DraftDocument { media, bytes: Arc::from(text.as_bytes()), expected: None, privacy: Privacy::Public }
}

fn quoting(mut draft: Draft, document: &DraftDocument, quote: &str) -> Draft {
    draft.announcement.no_evidence = None;
    draft.sources = vec![DraftSource { source: source(), document: Some(document.clone()) }];
    draft.quotes = vec![DraftQuote { text: quote.to_owned(), source: None }];
    draft
}

fn log_of(folder: &Folder, origin: &str, values: &[Vec<u8>]) -> Log {
    Log::of(folder, Origin::parse(origin).expect("an origin"), values).expect("none is longer than a store takes")
}

fn taken(folder: &Folder) -> Vec<Vec<u8>> {
    let (log, _) = read(folder);
    (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect()
}

/// The statement, and the signature if there is one.
fn parts(value: &[u8]) -> (&str, Option<&str>) {
    split(value).expect("a sound event")
}

fn signed(statement: &str, ends_batch: bool, key: &KeyFile) -> Vec<u8> {
    let mut value = format!("{statement}\n");
    if ends_batch {
        value += &key.sign(value.as_bytes()).expect("the key is at hand");
    }
    value.into_bytes()
}

/// Whom the report accuses.
fn accused(report: &Report) -> BTreeSet<u64> {
    report.layers.iter().flat_map(|layer| &layer.faults).map(|fault| fault.seq).collect()
}

/// The layers that failed.
fn failed(report: &Report) -> Vec<Layer> {
    report.layers.iter().filter(|layer| layer.verdict == Verdict::Fail).map(|layer| layer.layer).collect()
}

/// These layers fail, no others, and they accuse these events, no others.
fn check(report: &Report, layers: &[Layer], seqs: &[u64]) {
    assert_eq!(failed(report), layers, "{report:#?}");
    assert_eq!(accused(report).into_iter().collect::<Vec<_>>(), seqs, "{report:#?}");
    assert_eq!(report.first_bad(), seqs.first().copied());
}

/// The bytes of the value of `prev`.
fn place_of_prev(value: &[u8]) -> Range<usize> {
    let (statement, _) = parts(value);
    let start = statement.find("\"prev\":\"").expect("every statement has it") + 8;
    start..start + 64
}

#[test]
fn a_sound_ledger_passes() {
    let ledger = Ledger::new();
    let report = ledger.verify(&ledger.values);
    check(&report, &[], &[]);
    assert_eq!((report.events, report.bytes), (9, ledger.values.iter().map(|value| value.len() as u64).sum()));
}

#[test]
fn every_changed_byte_is_found_and_its_event_named() {
    let ledger = Ledger::new();
    let mut covered = 0;
    for seq in 0..ledger.values.len() {
        let prev = place_of_prev(&ledger.values[seq]);
        for at in 0..ledger.values[seq].len() {
            for mask in [0x01, 0x20] {
                let mut values = ledger.values.clone();
                values[seq][at] ^= mask;
                let report = ledger.verify(&values);
                let seq = seq as u64;
                assert!(accused(&report).contains(&seq), "byte {at} of event {seq} xor {mask}: {report:#?}");
                let first = if prev.contains(&at) { seq.saturating_sub(1) } else { seq };
                let readable = !failed(&report).contains(&Layer::Bytes);
                let first = if readable { first } else { seq };
                assert_eq!(report.first_bad(), Some(first), "byte {at} of event {seq} xor {mask}: {report:#?}");
            }
            covered += 1;
        }
    }
    assert_eq!(covered, ledger.values.iter().map(Vec::len).sum::<usize>());
}

#[test]
fn every_removed_event_is_found_and_the_one_before_the_gap_named() {
    let ledger = Ledger::new();
    for seq in 0..ledger.values.len() {
        let mut values = ledger.values.clone();
        values.remove(seq);
        let report = ledger.verify(&values);
        // Cut at the very end, it is the batch that lacks its signed event; else the one before the gap has a stranger
        // for a successor.
        assert_eq!(report.first_bad(), Some(seq.saturating_sub(1) as u64), "event {seq} removed: {report:#?}");
        assert!(failed(&report).contains(&Layer::Chain), "{report:#?}");
    }
}

#[test]
fn every_inserted_event_is_found_where_it_stands() {
    let ledger = Ledger::new();
    let strangers = Ledger::founded(ORIGIN, &KeyFile::of(SigningKey::from_seed(&[8; 32])));
    let strange = strangers.values[0].clone();
    for at in 1..=ledger.values.len() {
        for slipped_in in [ledger.values[at - 1].clone(), strange.clone()] {
            let mut values = ledger.values.clone();
            values.insert(at, slipped_in);
            let report = ledger.verify(&values);
            let at = at as u64;
            assert!(accused(&report).contains(&at), "inserted at {at}: {report:#?}");
            assert_eq!(report.first_bad(), Some(at - 1), "inserted at {at}: {report:#?}");
        }
    }
    let mut values = ledger.values.clone();
    values.insert(0, strange);
    assert_eq!(ledger.verify(&values).first_bad(), Some(0));
}

#[test]
fn every_pair_of_neighbours_swapped_is_found_there() {
    let ledger = Ledger::new();
    for seq in 0..ledger.values.len() - 1 {
        let mut values = ledger.values.clone();
        values.swap(seq, seq + 1);
        let report = ledger.verify(&values);
        assert!(accused(&report).is_superset(&BTreeSet::from([seq as u64, seq as u64 + 1])), "{seq}: {report:#?}");
        assert_eq!(report.first_bad(), Some(seq.saturating_sub(1) as u64), "{seq}: {report:#?}");
    }
}

#[test]
fn a_gap_does_not_accuse_all_that_follows() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    values.remove(4);
    check(&ledger.verify(&values), &[Layer::Chain], &[3, 4]);
}

#[test]
fn an_unreadable_end_of_a_batch_does_not_accuse_the_next_batch() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    values[3][0] = b'[';
    check(&ledger.verify(&values), &[Layer::Bytes, Layer::Chain], &[3]);
}

#[test]
fn a_tail_cut_within_a_batch_is_found_by_its_missing_end() {
    let ledger = Ledger::new();
    for len in [2, 3, 5, 6, 8] {
        check(&ledger.verify(&ledger.values[..len]), &[Layer::Chain], &[len as u64 - 1]);
    }
    check(&ledger.verify(&[]), &[Layer::Chain], &[0]);
}

#[test]
fn a_batch_signed_by_a_stranger_is_found_by_its_signature() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    let (statement, _) = parts(&values[8]);
    values[8] = signed(statement, true, &KeyFile::of(SigningKey::from_seed(&[8; 32])));
    let report = ledger.verify(&values);
    check(&report, &[Layer::Signatures], &[7]);
}

#[test]
fn a_signature_taken_from_another_batch_is_found() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    let (statement, _) = parts(&ledger.values[8]);
    let (_, armor) = parts(&ledger.values[6]);
    values[8] = format!("{statement}\n{}", armor.expect("event 6 ends a batch")).into_bytes();
    check(&ledger.verify(&values), &[Layer::Signatures], &[8]);
}

#[test]
fn a_genuine_ledger_under_another_name_is_found() {
    let ledger = Ledger::new();
    let other = Ledger::founded("test.example/other", &key());
    let mut values = ledger.values.clone();
    values.push(other.values[0].clone());
    let report = ledger.verify(&values);
    assert!(accused(&report).contains(&9), "{report:#?}");
    assert!(report.layers[1].faults.iter().any(|fault| fault.what.contains("test.example/other")), "{report:#?}");

    let whole = verify(&log_of(&ledger.folder, "test.example/other", &ledger.values), &Outside::default());
    assert_eq!(accused(&whole), (0..9).collect());
}

#[test]
fn a_genesis_that_founds_another_ledger_than_its_own_is_found() {
    let ledger = Ledger::new();
    let body = |origin: &str| format!("\"origin\":\"{origin}\"");
    let report = ledger.verify(&ledger.rewritten(0, |line| line.replace(&body(ORIGIN), &body("test.example/other"))));
    assert_eq!(report.first_bad(), Some(0));
    let told = report.layers[1].faults.iter().any(|fault| fault.what.contains("founds the ledger test.example/other"));
    assert!(told, "{report:#?}");
}

#[test]
fn a_statement_that_says_the_same_in_other_bytes_is_refused_whoever_signed_it() {
    let ledger = Ledger::new();
    let spelt = |change: &dyn Fn(&str) -> String| ledger.verify(&ledger.rewritten(8, change));
    check(&spelt(&|line| line.to_owned()), &[], &[]);
    let changes: [&dyn Fn(&str) -> String; 7] = [
        &|line| line.replacen(':', ": ", 1),
        &|line| line.replace("\"opened\"", "\"open\\u0065d\""),
        &|line| line.replacen("{\"batch\":8,", "{", 1).replace(",\"v\":1}", ",\"v\":1,\"batch\":8}"),
        &|line| line.replace("\"batch\":8", "\"batch\":8.0"),
        &|line| line.replace("\"batch\":8", "\"batch\":8,\"batch\":8"),
        &|line| line.replace(",\"v\":1}", ",\"standing\":\"confirmed\",\"v\":1}"),
        &|line| line.replace("\"v\":1}", "\"v\":1,\"w\":1}"),
    ];
    for change in changes {
        check(&spelt(change), &[Layer::Bytes], &[8]);
    }
}

#[test]
fn another_genesis_of_the_same_name_is_found_by_its_hash() {
    let ledger = Ledger::new();
    let other = Ledger::founded(ORIGIN, &KeyFile::of(SigningKey::from_seed(&[8; 32])));
    let genesis = event_hash(&ledger.values[0]);
    let log = |values: &[Vec<u8>]| log_of(&ledger.folder, ORIGIN, values);
    let outside = Outside { genesis: Some(genesis), ..Outside::default() };
    assert!(verify(&log(&ledger.values), &outside).passed());
    check(&verify(&log(&other.values), &Outside::default()), &[], &[]);
    check(&verify(&log(&other.values), &outside), &[Layer::Signatures], &[0]);

    let mut values = ledger.values.clone();
    values[0] = other.values[0].clone();
    let report = verify(&log(&values), &Outside::default());
    assert_eq!((report.first_bad(), failed(&report)), (Some(0), vec![Layer::Chain, Layer::Signatures]));
}

#[test]
fn a_document_that_is_not_what_was_recorded_is_found() {
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
fn two_documents_swapped_are_both_found() {
    let ledger = Ledger::new();
    fs::write(ledger.document(NOTE.as_bytes()), PAGE).expect("it can be written");
    fs::write(ledger.document(PAGE.as_bytes()), NOTE).expect("it can be written");
    check(&ledger.verify(&ledger.values), &[Layer::Documents], &[4, 5]);
}

#[test]
fn a_quote_that_does_not_stand_at_its_place_is_found_even_if_the_recorder_signed_it() {
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
