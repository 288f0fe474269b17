//! The ledger that benches ask: grown from one seed, on a disk.

#![allow(dead_code, reason = "no bench uses all of it")]
#![expect(clippy::print_stderr, reason = "a figure says nothing without what was measured")]

pub(crate) mod history;
mod press;
mod seed;
pub(crate) mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;

use servanda::domain::id::{Origin, Recorder};
use servanda::domain::timestamp::Timestamp;
use servanda::event::Recorded;
use servanda::integrity::SigningKey;
use servanda::ledger::write::genesis::{NewLedger, StagedLedger};
use servanda::ledger::{Access, Batch, Folder, KeyFile, Ledger, Log, Options, ReadItem, User};

use history::History;

pub(crate) const SEED: u64 = 41;
pub(crate) const BATCH: usize = 256;

/// Whether each bench is to run once over a small ledger: with `--test`, or under `cargo test`.
pub(crate) fn is_small() -> bool {
    // As criterion has it: cargo says `--bench` when it is to be measured, and `--test` comes from people.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    !is_measured || std::env::args().any(|argument| argument == "--test")
}

/// A folder below that one, which is on a disk; a temporary folder may be memory, where nothing is ever durable.
pub(crate) fn desk(below: &str) -> tempfile::TempDir {
    tempfile::tempdir_in(below).expect("a folder on a disk")
}

pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args()
}

/// A ledger of at least `len` events, written in batches, and a line about them.
pub(crate) fn grown(desk: &Path, len: usize) -> Folder {
    let (folder, mut history) = found(desk, "grown");
    let began = Instant::now();
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let batches: Vec<Batch> = (ledger.events().len()..len).step_by(BATCH).map(|_| history.batch(BATCH)).collect();
    ledger.append(&batches, Options::default(), &key(), now()).expect("they are admissible");
    drop(ledger);
    let log = Log::read(&folder, &access()).expect("the log can be read");
    let bytes: usize = values(&log).map(|value| value.len()).sum();
    let events = log.snapshot().expect("the chain holds").events;
    eprintln!(
        "seed {SEED}: {} events of {} bytes on average, in batches of {BATCH}, in sled, grown in {:.1} s",
        events.len(),
        bytes / events.len(),
        began.elapsed().as_secs_f64()
    );
    eprintln!("of {}", kinds(&events));
    folder
}

/// The bytes of every event.
pub(crate) fn values(log: &Log) -> impl Iterator<Item = Vec<u8>> {
    log.found(0..log.len()).flat_map(|found| match found {
        ReadItem::Run(run) => run.values().map(<[u8]>::to_vec).collect::<Vec<_>>(),
        ReadItem::Unreadable { seq, what } => panic!("event {seq}: {what}"),
    })
}

/// How many announcements there are of each kind.
fn kinds(events: &[Recorded]) -> String {
    let mut kinds = BTreeMap::new();
    for event in events {
        *kinds.entry(event.announcement.body.kind().as_str()).or_insert(0) += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, number)| format!("{number} {kind}")).collect();
    kinds.join(", ")
}

/// A new ledger of an account that keeps facts, in which everything is described that its history will name.
pub(crate) fn found(desk: &Path, name: &str) -> (Folder, History) {
    found_with(desk, name, history::AGREEMENTS)
}

/// The same, with so many agreements.
pub(crate) fn found_with(desk: &Path, name: &str, agreements: usize) -> (Folder, History) {
    let founding = NewLedger {
        origin: Origin::parse("bench.example/ledger").expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: now(),
    };
    let user = User::at(&desk.join("state"), || Ok([5; 32])).expect("there is room");
    let target = Folder::at(desk.join(name)).of(Arc::new(user));
    let founded = StagedLedger::new(&target, founding, &key(), &access()).expect("a ledger can be founded");
    let folder = founded.publish().expect("it can be moved into place");
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let mut history = History::new(SEED, agreements);
    append_to(&mut ledger, history.things());
    (folder, history)
}

pub(crate) fn append_to(ledger: &mut Ledger, batch: Batch) {
    ledger.append(&[batch], Options::default(), &key(), now()).expect("it is admissible");
}

pub(crate) fn key() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[7; 32]))
}

pub(crate) fn access() -> Access {
    Access { holder: "bench".to_owned(), lock_timeout: Duration::from_secs(10) }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_795_392_000_000).expect("a moment of 2026")
}
