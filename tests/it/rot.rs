//! Disks that forget: a bit of an event that flips, an end that is cut off, blocks and files of the store that are gone. What
//! is read then is what was appended, or it is found and said. The worries are an answer from less than there was, a panic,
//! and damage that `verify` does not see.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::personal::files;
use crate::support::{Desk, access, body, done, draft, found, is_long, key, moment, read, tell};
use servanda::domain::id::Origin;
use servanda::event::chain::Chain;
use servanda::event::{Event, Snapshot};
use servanda::integrity::LogSigner;
use servanda::ledger::log::checkpoints::Checkpoints;
use servanda::ledger::publish::signed_event::batch_end;
use servanda::ledger::verify::{Outside, verify};
use servanda::ledger::{Batch, Folder, Ledger, Log, Options};

/// What a page of a disk holds.
const BLOCK: usize = 4096;

/// A ledger of 300 events, in batches of 100 after its genesis, with all that it tells.
struct Sound {
    desk: Desk,
    folder: Folder,
    snapshot: Snapshot,
    values: Vec<Vec<u8>>,
    /// The files of its store, without the zeros that they end with, and how long they are with those.
    store: BTreeMap<PathBuf, (Vec<u8>, u64)>,
    /// What is known of these files.
    check: Vec<u8>,
}

impl Sound {
    fn new() -> Self {
        let desk = Desk::new();
        let folder = found(desk.path());
        let mut ledger = Ledger::open(&folder, &access()).expect("it opens");
        for (batch, len) in [100, 100, 99].into_iter().enumerate() {
            let party = |number| {
                let id = format!("p{batch}-{number}");
                draft(body("party", json!({"id": id, "name": "A party", "type": "company"})))
            };
            let batch = Batch { drafts: (0..len).map(party).collect(), ..Batch::default() };
            ledger.append(&[batch], Options::default(), &key(), moment(1)).expect("it is admissible");
        }
        drop(ledger);
        let (log, snapshot) = read(&folder);
        let values: Vec<_> = (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it is sound")).collect();
        assert_eq!(values.len(), 300);
        drop(log);
        let store = files(&folder.path().join("sled")).into_iter().map(|file| {
            let mut bytes = fs::read(&file).expect("it can be read");
            let len = bytes.len() as u64;
            bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            (file, (bytes, len))
        });
        let check = fs::read(folder.path().join("sled.check")).expect("the store was closed");
        Self { store: store.collect(), desk, folder, snapshot, values, check }
    }

    fn origin() -> Origin {
        Origin::parse("test.example/ledger").expect("an origin")
    }

    /// Puts the store back as it was.
    fn put_back(&self) {
        fs::write(self.folder.path().join("sled.check"), &self.check).expect("there is room");
        let folder = self.folder.path().join("sled");
        for file in files(&folder).into_iter().filter(|file| !self.store.contains_key(file)) {
            fs::remove_file(file).expect("it is there");
        }
        for (file, (bytes, len)) in &self.store {
            let out = File::options().write(true).create(true).truncate(true).open(file).expect("there is room");
            out.write_all_at(bytes, 0).expect("there is room");
            out.set_len(*len).expect("there is room");
        }
    }

    /// Does that to the store, and tells whether anybody notices; what nobody notices has changed nothing.
    fn is_seen(&self, what: &str, damage: impl FnOnce()) -> bool {
        self.put_back();
        damage();
        let before = self.contents();
        let is_seen = self.is_told(what);
        assert!(!is_seen || self.contents() == before, "{what}: it is told, and what is left was changed");
        let beside = fs::read_dir(self.folder.path()).expect("it can be listed").flatten();
        let left = beside.map(|entry| entry.file_name()).find(|name| name.to_string_lossy().starts_with("sled."));
        assert!(left.is_none_or(|name| name == "sled.check"), "{what}: a copy is left over");
        is_seen
    }

    /// The files of the store with what is in them.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = files(&self.folder.path().join("sled")).into_iter();
        files.map(|file| (file.clone(), fs::read(file).expect("it can be read"))).collect()
    }

    /// Whether reading or verifying tells that something is wrong.
    fn is_told(&self, what: &str) -> bool {
        let Ok(log) = Log::read(&self.folder, &access()) else { return true };
        let is_verified = verify(&log, &Outside::default()).passed();
        // From the store: the facts that are kept beside it are as they were.
        let snapshot = log.hashed_snapshot();
        if log.forgotten().is_none()
            && let Ok(snapshot) = &snapshot
        {
            assert!(*snapshot == self.snapshot, "{what}: it tells something else, and does not say so");
            assert!(is_verified, "{what}: it is read, and does not verify");
        } else {
            assert!(!is_verified, "{what}: it cannot be read, and verifies");
        }
        !is_verified
    }
}

fn write_at(file: &Path, bytes: &[u8], at: usize) {
    let out = File::options().write(true).open(file).expect("it is there");
    out.write_all_at(bytes, at as u64).expect("there is room");
}

/// Whether the log notices that an event is another, as whoever walks over it does; a batch is signed by its last event.
fn is_noticed(before: &Chain, other: &[u8], next: Option<&Event>) -> bool {
    let Ok(event) = Event::read(other) else { return true };
    let mut chain = before.clone();
    if !chain.push(&event).is_empty() {
        return true;
    }
    match next {
        Some(next) => !chain.push(next).is_empty(),
        None => batch_end(other, b"").is_err(),
    }
}

#[test]
fn every_bit_of_every_event_that_flips_and_every_end_that_is_missing_is_noticed() {
    let sound = Sound::new();
    let events: Vec<_> = sound.values.iter().map(|value| Event::read(value).expect("it is sound")).collect();
    let mut chain = Chain::new(Sound::origin());
    let mut changed = 0;
    for (seq, value) in sound.values.iter().enumerate() {
        let next = events.get(seq + 1);
        // All of them by default, too, where the events are alike: of the first and the last of each batch.
        let is_whole = is_long() || [0, 1, 100, 101, 200, 201, 299].contains(&seq);
        for bit in (0..8 * value.len()).step_by(if is_whole { 1 } else { 101 }) {
            let mut other = value.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(is_noticed(&chain, &other, next), "event {seq}, bit {bit}");
            changed += 1;
        }
        for len in 0..value.len() {
            assert!(is_noticed(&chain, &value[..len], next), "event {seq}, cut to {len} bytes");
            changed += 1;
        }
        assert!(!is_noticed(&chain, value, next), "event {seq} as it is");
        assert!(chain.push(&events[seq]).is_empty());
    }
    tell(&format!("{changed} events that were changed or cut, all noticed"));
}

#[test]
fn a_log_that_ends_early_or_lacks_an_event_is_found() {
    let sound = Sound::new();
    // A log that ends with a batch is whole, but for a checkpoint that knows of more.
    let signer = LogSigner::from_seed("test.example/ledger", &[9; 32]).expect("a good name");
    Ledger::open(&sound.folder, &access()).expect("it opens").checkpoint(&signer).expect("it can be signed");
    let outside = Outside { remembered: Checkpoints::of(&sound.folder), ..Outside::default() };
    let verified = |values: &[Vec<u8>]| {
        let log = Log::of(&sound.folder, Sound::origin(), values).expect("none is longer than a store takes");
        verify(&log, &outside).passed()
    };
    assert!(verified(&sound.values));
    let lens = (0..sound.values.len()).step_by(if is_long() { 1 } else { 7 });
    for len in lens.chain([1, 101, 201]) {
        assert!(!verified(&sound.values[..len]), "{len} events");
        let mut without = sound.values.clone();
        without.remove(len);
        assert!(!verified(&without), "without event {len}");
    }
}

#[test]
fn a_bit_that_flips_anywhere_in_the_store_is_found_or_changes_nothing() {
    let sound = Sound::new();
    let step = std::env::var("SERVANDA_ROT_STEP").ok().and_then(|step| step.parse().ok());
    let step = step.unwrap_or(if is_long() { 31 } else { 2999 });
    let (mut seen, mut flips) = (0, 0);
    for (file, (bytes, _)) in &sound.store {
        for at in (0..bytes.len()).step_by(step) {
            flips += 1;
            let what = format!("{}, bit {} of byte {at}", file.display(), at % 8);
            let other = bytes[at] ^ 1 << (at % 8);
            seen += usize::from(sound.is_seen(&what, || write_at(file, &[other], at)));
        }
    }
    assert!(seen > flips / 20, "{seen} of {flips}: the damage is not where it should be");
    tell(&format!("{flips} bits of the store, {seen} seen"));
}

#[test]
fn a_block_of_the_store_that_is_gone_is_found_or_changes_nothing() {
    let sound = Sound::new();
    let (mut seen, mut blocks) = (0, 0);
    for (file, (bytes, _)) in &sound.store {
        for at in (0..bytes.len()).step_by(BLOCK) {
            blocks += 1;
            let end = (at + BLOCK).min(bytes.len());
            let what = format!("{}, bytes {at} to {end}", file.display());
            seen += usize::from(sound.is_seen(&what, || write_at(file, &vec![0; end - at], at)));
        }
    }
    assert!(seen > blocks / 4, "{seen} of {blocks}: the damage is not where it should be");
    tell(&format!("{blocks} blocks of the store, {seen} seen"));
}

#[test]
fn a_file_of_the_store_that_is_cut_anywhere_is_found_or_changes_nothing() {
    let sound = Sound::new();
    let (mut seen, mut cuts) = (0, 0);
    for (file, (bytes, _)) in &sound.store {
        let step = if is_long() { 257 } else { BLOCK };
        for at in (0..bytes.len()).step_by(step) {
            cuts += 1;
            let what = format!("{}, cut to {at} bytes", file.display());
            let cut = || File::options().write(true).open(file).and_then(|file| file.set_len(at as u64));
            seen += usize::from(sound.is_seen(&what, || cut().expect("it can be cut")));
        }
    }
    assert!(seen > cuts / 4, "{seen} of {cuts}: the damage is not where it should be");
    tell(&format!("{cuts} cuts of the store, {seen} seen"));
}

#[test]
fn a_store_that_lacks_a_file_says_how_to_get_it_back_and_gets_it_back() {
    let sound = Sound::new();
    done(&sound.desk.run("backup --ledger ledger a.backup"));
    let mut seen = 0;
    for file in sound.store.keys() {
        let what = file.display();
        if !sound.is_seen(&what.to_string(), || fs::remove_file(file).expect("it is there")) {
            continue;
        }
        seen += 1;
        sound.put_back();
        fs::remove_file(file).expect("it is there");
        let verified = sound.desk.run("verify --ledger ledger");
        assert!(verified.code != 0 && verified.code < 100, "{what}: {}", verified.err);
        assert!(verified.err.contains("servanda repair") || verified.out.contains("servanda repair"), "{verified:?}");
        done(&sound.desk.run("repair --ledger ledger --from a.backup"));
        done(&sound.desk.run("verify --ledger ledger"));
        assert!(read(&sound.folder).1 == sound.snapshot, "{what}");
    }
    assert!(seen > 0, "none of them is needed");
}
