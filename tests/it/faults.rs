//! A disk that fails in the middle: the error says what is not known, the handle writes no more, and a reopened ledger shows
//! whole batches and all that was acknowledged. From outside, a lost write and a lost acknowledgement look the same.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::support::{Desk, access, body, draft, found, key, moment, read, source};
use crate::traced::copied;
use servanda::domain::id::Origin;
use servanda::domain::source::Address;
use servanda::evidence::extract::MediaType;
use servanda::integrity::LogSigner;
use servanda::integrity::digest::document_hash;
use servanda::ledger::log::sealing;
use servanda::ledger::verify::{Layer, LayerReport, Outside, Verdict, verify};
use servanda::ledger::{
    AppendError, Batch, DraftDocument, DraftSource, Folder, Ledger, Log, OpenError, Options, Privacy,
};
use servanda::store::faulty::{Fault, FaultyStore};
use servanda::store::lock::Lock;
use servanda::store::memory::MemoryStore;
use servanda::store::sled::SledStore;
use servanda::store::{Runs, Store, StoreError};

/// A store that the test keeps while a ledger has it.
struct Kept<S>(Arc<Mutex<FaultyStore<S>>>);

impl<S: Store> Kept<S> {
    fn new(store: FaultyStore<S>) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// The same one, for a ledger.
    fn lent(&self) -> Self {
        Self(self.0.clone())
    }

    /// How often it was asked to append, and to read.
    fn calls(&self) -> (u64, u64) {
        self.0.lock().expect("nothing panicked").calls()
    }

    /// What is on the disk.
    fn reopen(self) -> S {
        let store = Arc::into_inner(self.0).expect("the ledger is closed");
        store.into_inner().expect("nothing panicked").reopen()
    }
}

impl<S: Store> Store for Kept<S> {
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

    fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.0.lock().expect("nothing panicked").root(bundle)
    }

    fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        self.0.lock().expect("nothing panicked").roots(bundles)
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
    let lock =
        Lock::acquire(&folder.path().join("LOCK"), "a writer", Duration::from_secs(10)).expect("nobody holds it");
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
        encoding: None,
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
    let mut ledger = open(&folder, store.lent()).expect("a genesis is a ledger");

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
    let mut ledger = open(&folder, store.lent()).expect("whole batches are a ledger");
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
    let mut ledger = open(&folder, store.lent()).expect("a genesis is a ledger");
    std::fs::remove_dir(folder.path().join("documents")).expect("it is empty");
    std::fs::write(folder.path().join("documents"), "in the way").expect("it can be written");
    let failed = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect_err("a file is in the way");
    assert!(matches!(failed, AppendError::Document(_)), "{failed:?}");
    assert_eq!((ledger.head().len, store.len()), (1, 1));

    std::fs::remove_file(folder.path().join("documents")).expect("it is there");
    let done = ledger.append(&batches(), Options::default(), &key(), moment(1000)).expect("nothing is in the way");
    assert_eq!((done.head.len, store.len()), (5, 5));
}

/// What is done to a ledger over a store that fails somewhere in it.
struct Act {
    prepare: fn(&Folder),
    run: fn(&mut Ledger) -> Result<(), String>,
    /// How often that appends to the store.
    appends: u64,
    /// The events that there are when it is done.
    len: u64,
    /// Whether no document is left then.
    erases: bool,
}

fn parties(prefix: &str, len: usize) -> Batch {
    let party =
        |number| draft(body("party", json!({"id": format!("{prefix}-{number}"), "name": "P", "type": "state"})));
    Batch { drafts: (0..len).map(party).collect(), ..Batch::default() }
}

fn appended(ledger: &mut Ledger, batches: &[Batch]) -> Result<(), String> {
    ledger.append(batches, Options::default(), &key(), moment(1000)).map(drop).map_err(|error| error.to_string())
}

/// Appends in a handle of its own, over the store itself.
fn prepare(folder: &Folder, batches: &[Batch]) {
    let mut ledger = Ledger::open(folder, &access()).expect("it opens");
    appended(&mut ledger, batches).expect("nothing fails");
}

fn signed(ledger: &Ledger) -> Result<(), String> {
    let signer = LogSigner::from_seed("test.example/ledger", &[9; 32]).expect("a good name");
    ledger.checkpoint(&signer).map(drop).map_err(|error| error.to_string())
}

/// What stands on the disk holds, and has all that was acknowledged before. An erasure that was not acknowledged may not
/// have deleted anything yet.
fn whole(folder: &Folder, before: &[Vec<u8>], acknowledged: u64, place: &str, may_be_undeleted: bool) {
    let (log, _) = read(folder);
    let values: Vec<_> = (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it is sound")).collect();
    assert!(values.starts_with(before) && log.len() >= acknowledged, "{place}: {} events", log.len());
    let report = verify(&log, &Outside::default());
    let is_undeleted = |layer: &LayerReport| layer.layer == Layer::Documents && may_be_undeleted;
    let failed = report.layers.iter().find(|layer| layer.verdict == Verdict::Fail && !is_undeleted(layer));
    assert!(failed.is_none(), "{place}: {failed:#?}");
}

/// Does it over a store that fails at one call, and tells whether the ledger noticed; what is there then is whole, and doing it
/// again completes it.
fn fails(
    base: &Desk,
    act: &Act,
    place: &str,
    fault: impl FnOnce(FaultyStore<SledStore>) -> FaultyStore<SledStore>,
) -> bool {
    let desk = copied(base);
    let folder = Folder::at(desk.path().join("ledger"));
    let (log, _) = read(&folder);
    let before: Vec<_> = (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it is sound")).collect();
    drop(log);
    let store = SledStore::open(&folder.path().join("sled"), &sealing::EventSealing).expect("it opens");
    let store = Kept::new(fault(FaultyStore::new(store)));
    let (mut acknowledged, mut noticed) = (before.len() as u64, true);
    if let Ok(mut ledger) = open(&folder, store.lent()) {
        noticed = (act.run)(&mut ledger).is_err();
        acknowledged = ledger.head().len;
    }
    drop(store);
    whole(&folder, &before, acknowledged, place, act.erases);
    let mut ledger = Ledger::open(&folder, &access()).expect("it opens");
    (act.run)(&mut ledger).unwrap_or_else(|error| panic!("{place}, and again: {error}"));
    assert_eq!(ledger.head().len, act.len, "{place}, and again");
    drop(ledger);
    whole(&folder, &before, act.len, place, false);
    assert!(documents(folder.path()) == 0 || !act.erases, "{place}: a document is left");
    noticed
}

/// Lets each call to the store fail, once with and once without a write having landed.
fn fails_everywhere(act: &Act) {
    let base = Desk::new();
    let folder = found(base.path());
    (act.prepare)(&folder);
    let (appends, reads) = {
        let desk = copied(&base);
        let folder = Folder::at(desk.path().join("ledger"));
        let store = SledStore::open(&folder.path().join("sled"), &sealing::EventSealing).expect("it opens");
        let store = Kept::new(FaultyStore::new(store));
        let mut ledger = open(&folder, store.lent()).expect("it opens");
        (act.run)(&mut ledger).expect("nothing fails");
        store.calls()
    };
    assert_eq!((appends, reads > 0), (act.appends, true));
    for nth in 0..appends {
        for fault in [Fault::NotPersisted, Fault::Persisted] {
            let place = format!("append {nth} fails, {fault:?}");
            assert!(fails(&base, act, &place, |store| store.fail_append(nth, fault)), "{place}: nobody noticed");
        }
    }
    for nth in 0..reads {
        let place = format!("read {nth} fails");
        assert!(fails(&base, act, &place, |store| store.fail_read(nth)), "{place}: nobody noticed");
    }
}

#[test]
fn an_append_of_two_batches_whichever_call_fails() {
    fails_everywhere(&Act {
        prepare: |_| {},
        run: |ledger| appended(ledger, &batches()),
        appends: 2,
        len: 5,
        erases: false,
    });
}

#[test]
fn an_append_that_seals_a_bundle_whichever_call_fails() {
    fails_everywhere(&Act {
        prepare: |folder| prepare(folder, &[parties("a", 250)]),
        run: |ledger| appended(ledger, &[parties("b", 10), parties("c", 10)]),
        appends: 2,
        len: 271,
        erases: false,
    });
}

#[test]
fn an_import_of_many_batches_with_their_facts_whichever_call_fails() {
    fails_everywhere(&Act {
        prepare: |folder| prepare(folder, &[parties("a", 1)]),
        run: |ledger| appended(ledger, &["b", "c", "d", "e", "f"].map(|prefix| parties(prefix, 3))),
        appends: 5,
        len: 17,
        erases: false,
    });
}

#[test]
fn a_first_checkpoint_whichever_call_fails() {
    fails_everywhere(&Act {
        prepare: |folder| prepare(folder, &[parties("a", 260)]),
        run: |ledger| signed(ledger),
        appends: 0,
        len: 261,
        erases: false,
    });
}

#[test]
fn a_checkpoint_behind_another_whichever_call_fails() {
    fails_everywhere(&Act {
        prepare: |folder| {
            prepare(folder, &[parties("a", 250)]);
            signed(&Ledger::open(folder, &access()).expect("it opens")).expect("nothing fails");
        },
        run: |ledger| appended(ledger, &[parties("b", 10)]).and_then(|()| signed(ledger)),
        appends: 1,
        len: 261,
        erases: false,
    });
}

#[test]
fn an_erasure_whichever_call_fails() {
    fails_everywhere(&Act {
        prepare: |folder| prepare(folder, &batches()),
        run: |ledger| {
            let address = |text: &str| Address::try_from(document_hash(text.as_bytes()).to_string());
            let documents = ["one source\n", "another source\n"].map(|text| address(text).expect("an address"));
            let erased = ledger.erase(&documents, ("The court", "It names someone"), &key(), moment(2000));
            erased.map(drop).map_err(|error| error.to_string())
        },
        appends: 1,
        len: 6,
        erases: true,
    });
}
