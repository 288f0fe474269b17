//! A disk that fails in the middle: the error says what is not known, the handle writes no more, and a reopened ledger shows
//! whole batches and all that was acknowledged. From outside, a lost write and a lost acknowledgement look the same.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::support::{Desk, body, draft, found, key, moment, read, source};
use servanda::domain::id::Origin;
use servanda::ledger::verify::{Outside, verify};
use servanda::ledger::{
    AppendError, Batch, DraftDocument, DraftSource, Folder, Ledger, Log, MediaType, OpenError, Options, Privacy,
};
use servanda::store::faulty::{Fault, FaultyStore};
use servanda::store::lock::Lock;
use servanda::store::memory::MemoryStore;
use servanda::store::{Runs, Store, StoreError};

/// A store that the test keeps while a ledger has it.
#[derive(Clone)]
struct Kept(Arc<Mutex<FaultyStore<MemoryStore>>>);

impl Kept {
    fn new(store: FaultyStore<MemoryStore>) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// What is on the disk.
    fn reopen(self) -> MemoryStore {
        let store = Arc::into_inner(self.0).expect("the ledger is closed");
        store.into_inner().expect("nothing panicked").reopen()
    }
}

impl Store for Kept {
    fn len(&self) -> u64 {
        self.0.lock().expect("nothing panicked").len()
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        self.0.lock().expect("nothing panicked").append(expected_len, values)
    }

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        let store = self.0.lock().expect("nothing panicked");
        let runs: Vec<_> = store.runs(seqs).collect();
        Box::new(runs.into_iter())
    }
}

/// A folder with a genesis, which is also in a store in memory.
fn genesis(desk: &Desk) -> (Folder, MemoryStore) {
    let folder = found(desk.path());
    let (log, _) = read(&folder);
    let mut store = MemoryStore::default();
    let value = log.value(0).expect("it has a genesis").expect("it can be read");
    store.append(0, &[value]).expect("the store is empty");
    (folder, store)
}

fn open(folder: &Folder, store: impl Store + 'static) -> Result<Ledger, OpenError> {
    let lock = Lock::acquire(&folder.path().join("LOCK"), "test", Duration::from_secs(10)).expect("nobody holds it");
    Ledger::with_store(folder, &origin(), Box::new(store), lock)
}

fn origin() -> Origin {
    Origin::parse("test.example/ledger").expect("an origin")
}

/// Two batches of two parties each, each with a document.
fn batches() -> Vec<Batch> {
    let party = |name: &str, text: &str| {
        let mut draft = draft(body("party", json!({"id": name, "name": name, "type": "state"})));
        draft.announcement.no_evidence = None;
        draft.sources = vec![DraftSource { source: source(), document: Some(document(text)) }];
        draft
    };
    let batch =
        |names: [&str; 2], text: &str| Batch { drafts: names.map(|name| party(name, text)).into(), ..Batch::default() };
    vec![batch(["pakistan", "azerbaijan"], "one source\n"), batch(["china", "russia"], "another source\n")]
}

fn document(text: &str) -> DraftDocument {
    DraftDocument {
        media: MediaType::Text,
        bytes: Arc::from(text.as_bytes()),
        expected: None,
        privacy: Privacy::Public,
    }
}

fn documents(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("documents")).expect("it is there").count()
}

/// Append number `nth` of a call with two batches fails; `acknowledged` events are known, `landed` are on the disk.
fn check(nth: u64, fault: Fault, acknowledged: u64, landed: u64) {
    let desk = Desk::new();
    let (folder, store) = genesis(&desk);
    let store = Kept::new(FaultyStore::new(store).fail_append(nth, fault));
    let mut ledger = open(&folder, store.clone()).expect("a genesis is a ledger");

    let failed = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect_err("the disk fails");
    assert!(matches!(failed, AppendError::Store(StoreError::OutcomeUnknown(_))), "{failed:?}");
    assert!(failed.to_string().contains("outcome is unknown"), "{failed}");
    assert_eq!((ledger.head().len, ledger.events().len() as u64), (acknowledged, acknowledged));
    let refused = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect_err("it must be reopened");
    assert!(matches!(refused, AppendError::Store(StoreError::MustReopen)), "{refused:?}");
    assert_eq!(ledger.head().len, acknowledged, "a refusal changes nothing");
    drop(ledger);

    let store = store.reopen();
    assert_eq!(store.len(), landed);
    verified(&folder, &store);
    assert!(documents(folder.path()) > 0, "documents come first, and are harmless without their events");

    let store = Kept::new(FaultyStore::new(store));
    let mut ledger = open(&folder, store.clone()).expect("whole batches are a ledger");
    let done = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect("the disk is sound again");
    assert_eq!(done.head.len, 5, "every announcement is there once");
    drop(ledger);
    verified(&folder, &store.reopen());
    assert_eq!(documents(folder.path()), 2);
}

fn verified(folder: &Folder, store: &MemoryStore) {
    let values = store.read(0..store.len()).collect::<Result<Vec<_>, _>>().expect("memory does not fail");
    let report = verify(&Log::of(folder, origin(), &values).expect("they were in a store"), &Outside::default());
    assert!(report.passed(), "{report:#?}");
}

#[test]
fn a_write_that_was_lost_costs_its_own_batch_and_those_after_it() {
    check(0, Fault::NotPersisted, 1, 1);
    check(1, Fault::NotPersisted, 3, 3);
}

#[test]
fn a_write_whose_acknowledgement_was_lost_is_found_when_the_ledger_is_reopened() {
    check(0, Fault::Persisted, 1, 3);
    check(1, Fault::Persisted, 3, 5);
}

#[test]
fn a_read_that_fails_is_an_error_and_not_a_shorter_ledger() {
    let desk = Desk::new();
    let (folder, store) = genesis(&desk);
    match open(&folder, FaultyStore::new(store).fail_read(0)) {
        Err(OpenError::Store(StoreError::Io(_))) => {}
        Err(other) => panic!("expected the disk's error, not {other}"),
        Ok(ledger) => panic!("opened with {} events", ledger.events().len()),
    }
}

#[test]
fn a_document_that_cannot_be_kept_leaves_the_ledger_as_it_was() {
    let desk = Desk::new();
    let (folder, store) = genesis(&desk);
    let store = Kept::new(FaultyStore::new(store));
    let mut ledger = open(&folder, store.clone()).expect("a genesis is a ledger");
    std::fs::remove_dir(folder.path().join("documents")).expect("it is empty");
    std::fs::write(folder.path().join("documents"), "in the way").expect("it can be written");
    let failed = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect_err("a file is in the way");
    assert!(matches!(failed, AppendError::Document(_)), "{failed:?}");
    assert_eq!((ledger.head().len, store.len()), (1, 1));

    std::fs::remove_file(folder.path().join("documents")).expect("it is there");
    let done = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect("nothing is in the way");
    assert_eq!((done.head.len, store.len()), (5, 5));
}
