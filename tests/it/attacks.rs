//! The attack table, a test each: what somebody does to a ledger, with which keys, and which layer of `verify` tells of it.
//!
//! What stands here is the ledger that is attacked and the one `check` by which every attack is told; the attacks are in
//! the modules, by what the attacker has and by who finds it. `tests/README.md` has the table.

mod beside;
mod chain;
mod documents;
mod eyes;
mod hostile;
mod keys;
mod outside;
mod remembered;
mod signatures;
mod since;
mod store;

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::support::{Desk, access, armor, body, draft, key, moment, of_account, read, source};
use servanda::domain::id::{Origin, Recorder};
use servanda::event::statement::split;
use servanda::evidence::extract::MediaType;
use servanda::integrity::checkpoint::{Checkpoint, Verified};
use servanda::integrity::digest::{document_hash, event_hash};
use servanda::integrity::merkle::{leaf, root};
use servanda::integrity::{LogSigner, SigningKey};
use servanda::ledger::verify::{Layer, Outside, Report, Verdict, verify};
use servanda::ledger::write::genesis::{NewLedger, StagedLedger};
use servanda::ledger::{
    AppendError, Appended, Batch, Draft, DraftDocument, DraftQuote, DraftSource, Folder, KeyFile, Log, Options, Privacy,
};

const ORIGIN: &str = "test.example/ledger";
const LOG_SEED: [u8; 32] = [9; 32];
const NOTE: &str = "The host writes: Pakistan signed on 18 October. The talks went on until 18 October.\n";
const PAGE: &str = "<html><body><p>Azerbaijan <b>joined</b> on 3 October.</p></body></html>";

/// A sound ledger, with its events taken out. Its batches end with the events 0, 3, 6 and 8.
struct Ledger {
    desk: Desk,
    folder: Folder,
    values: Vec<Vec<u8>>,
}

impl Ledger {
    fn new() -> Self {
        Self::founded(ORIGIN, &key())
    }

    /// The same announcements in a ledger of that name, by whoever has that key.
    fn founded(origin: &str, key: &KeyFile) -> Self {
        let desk = Desk::new();
        let folder = founded(desk.path(), origin, key);
        for batch in [things(), joinings(), others()] {
            append(&folder, batch, key).expect("all of it is admissible");
        }
        let values = taken(&folder);
        Self { desk, folder, values }
    }

    /// What its owner finds in these events, with nothing from elsewhere.
    fn verify(&self, values: &[Vec<u8>]) -> Report {
        self.verify_with(values, &Outside::default())
    }

    /// What somebody finds who knows more.
    fn verify_with(&self, values: &[Vec<u8>], outside: &Outside) -> Report {
        verify(&log_of(&self.folder, ORIGIN, values), outside)
    }

    /// Where a document lies.
    fn document(&self, bytes: &[u8]) -> PathBuf {
        self.folder.path().join("documents").join(document_hash(bytes).to_string())
    }

    /// Changes the statement of one event, and makes all that follow fit, with the recorder's own key.
    fn rewritten(&self, seq: usize, change: impl Fn(&str) -> String) -> Vec<Vec<u8>> {
        self.rewritten_with(Some(&key()), seq..=seq, change)
    }

    /// Changes the statements of some events, and makes all that follow fit, with any key; without one the signatures stay
    /// as they were.
    fn rewritten_with(
        &self,
        key: Option<&KeyFile>,
        seqs: RangeInclusive<usize>,
        change: impl Fn(&str) -> String,
    ) -> Vec<Vec<u8>> {
        let mut values = self.values.clone();
        for seq in *seqs.start()..values.len() {
            let (statement, armor) = parts(&self.values[seq]);
            let mut statement = if seqs.contains(&seq) { change(statement) } else { statement.to_owned() };
            if seq > *seqs.start() {
                let (old, new) = (event_hash(&self.values[seq - 1]), event_hash(&values[seq - 1]));
                statement = statement.replace(&old.to_string(), &new.to_string());
            }
            values[seq] = match (armor, key) {
                (Some(armor), None) => format!("{statement}\n{armor}").into_bytes(),
                (armor, key) => signed(&statement, key.filter(|_| armor.is_some())),
            };
        }
        values
    }
}

/// Says that Azerbaijan joined on another day, in event 5, where no quote tells the day of the year.
fn another_day(statement: &str) -> String {
    let changed = statement.replace("\"occurred\":\"2023-10-03\"", "\"occurred\":\"2023-10-04\"");
    assert_ne!(changed, statement, "it tells of that day");
    changed
}

/// A checkpoint of these events, by whoever has the log's key.
fn checkpoint(values: &[Vec<u8>]) -> Verified {
    let leaves: Vec<_> = values.iter().map(|value| leaf(value)).collect();
    let signed = Checkpoint { origin: ORIGIN.to_owned(), size: values.len() as u64, root: root(&leaves) };
    signed.sign(&log_key()).expect("it is one")
}

/// Somebody who kept these checkpoints.
fn kept(checkpoints: impl IntoIterator<Item = Verified>) -> Outside {
    let checkpoints = checkpoints.into_iter().map(|kept| (format!("kept of {}", kept.size()), kept)).collect();
    Outside { checkpoints, log_key: Some(log_key().vkey()), ..Outside::default() }
}

fn log_key() -> LogSigner {
    LogSigner::from_seed(ORIGIN, &LOG_SEED).expect("a good name")
}

/// A key that nobody added to the ledger.
fn strangers_key() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[8; 32]))
}

fn founded(folder: &Path, origin: &str, key: &KeyFile) -> Folder {
    let founding = NewLedger {
        origin: Origin::parse(origin).expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &LOG_SEED,
        now: moment(0),
    };
    let target = of_account(folder, "ledger");
    StagedLedger::new(&target, founding, key, &access())
        .and_then(StagedLedger::publish)
        .expect("a ledger can be founded")
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

/// Something else to tell.
fn mission(id: &str) -> Vec<Draft> {
    vec![draft(body("mission", json!({"id": id, "title": "A mission"})))]
}

fn document(media: MediaType, text: &str) -> DraftDocument {
    DraftDocument { media, bytes: Arc::from(text.as_bytes()), encoding: None, expected: None, privacy: Privacy::Public }
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

/// An event: a statement, and a signature if there is a key.
fn signed(statement: &str, key: Option<&KeyFile>) -> Vec<u8> {
    let mut value = format!("{statement}\n");
    if let Some(key) = key {
        value += &armor(key, &value);
    }
    value.into_bytes()
}

/// Appends a batch by whoever has that key, a second after the ledger was founded.
fn append(folder: &Folder, drafts: Vec<Draft>, key: &KeyFile) -> Result<Appended, AppendError> {
    append_at(folder, drafts, key, 1000)
}

/// The same at a time, in milliseconds after the founding.
fn append_at(folder: &Folder, drafts: Vec<Draft>, key: &KeyFile, ms: i64) -> Result<Appended, AppendError> {
    let mut ledger = servanda::ledger::Ledger::open(folder, &access()).expect("the ledger opens");
    ledger.append(&[Batch { drafts, ..Batch::default() }], Options::default(), key, moment(ms))
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
    assert_eq!((report.first_bad(), report.passed()), (seqs.first().copied(), layers.is_empty()));
}

#[test]
fn the_table_of_attacks_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let read = |file: &str| fs::read_to_string(root.join(file));
    let readme = read("README.md").expect("it is there");
    let rows = readme.lines().filter(|line| line.starts_with('|') && line.contains("::"));
    let names: Vec<&str> = rows.flat_map(|row| row.split('`').filter(|word| word.contains("::"))).collect();
    assert!(names.len() > 50, "{names:?}");
    for (module, test) in names.iter().filter_map(|name| name.split_once("::")) {
        let source = read(&format!("it/attacks/{module}.rs")).or_else(|_| read(&format!("it/{module}.rs")));
        let source = source.unwrap_or_else(|error| panic!("{module}: {error}"));
        assert_eq!(source.matches(&format!("\nfn {test}")).count(), 1, "{module}::{test}");
    }
}
