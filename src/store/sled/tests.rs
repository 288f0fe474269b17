//! The store in sled: what it does with its own trees and files.

use std::ops::Range;

use sled::IVec;

use super::trees::{LEN, key};
use super::*;
use crate::store::bundle::Toy;

fn fresh() -> (tempfile::TempDir, SledStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SledStore::create(folder.path(), &Toy).expect("the folder is empty");
    (folder, store)
}

fn reopen(folder: &tempfile::TempDir) -> SledStore {
    SledStore::open(folder.path(), &Toy).expect("nobody else has it open")
}

fn append(store: &mut SledStore, values: &[Vec<u8>]) {
    store.append(store.len(), values).expect("built on the present length");
}

fn numbered(numbers: Range<u32>) -> Vec<Vec<u8>> {
    numbers.map(|n| format!("value {n}").into_bytes()).collect()
}

fn check(store: &SledStore, expected: &[Vec<u8>]) {
    assert_eq!(store.len(), expected.len() as u64);
    let values: Result<Vec<_>, _> = store.read(0..store.len()).collect();
    assert!(values.expect("all values are there") == expected);
}

/// Lets `change` at the trees behind the store's back.
fn tamper(folder: &tempfile::TempDir, change: impl FnOnce(&Trees)) {
    drop(lock_for_a_moment(folder.path()).expect("nobody else has it open"));
    change(&Trees::open(&config(folder.path()).expect("the clock goes")).expect("nobody else has it open"));
}

#[test]
fn a_reopened_store_shows_all_that_was_appended() {
    let (folder, mut store) = fresh();
    let values = numbered(0..300);
    append(&mut store, &values[..1]);
    drop(store);
    let mut store = reopen(&folder);
    check(&store, &values[..1]);
    append(&mut store, &values[1..]);
    drop(store);
    check(&reopen(&folder), &values);
}

#[test]
fn a_store_is_created_once_and_opened_only_if_it_is_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("ledger/sled");
    assert!(matches!(SledStore::open(&inside, &Toy), Err(StoreError::Absent { .. })));
    assert!(!inside.exists(), "opening creates nothing");
    drop(SledStore::create(&inside, &Toy).expect("the folder is empty"));
    assert!(matches!(SledStore::create(&inside, &Toy), Err(StoreError::AlreadyThere { .. })));
}

#[test]
fn a_store_is_open_once_at_a_time() {
    let (folder, store) = fresh();
    assert!(matches!(SledStore::open(folder.path(), &Toy), Err(StoreError::InUse { .. })));
    assert!(matches!(SledStore::create(folder.path(), &Toy), Err(StoreError::AlreadyThere { .. })));
    drop(store);
    reopen(&folder);
}

#[test]
fn an_interrupted_creation_is_begun_again_or_opened_as_an_empty_store() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("conf"), "segment_size: 83").expect("a fresh file");
    check(&SledStore::create(folder.path(), &Toy).expect("nothing was made of it yet"), &[]);

    let folder = tempfile::tempdir().expect("a temporary folder");
    File::create(folder.path().join("db")).expect("a fresh file");
    let mut store = reopen(&folder);
    check(&store, &[]);
    append(&mut store, &numbered(0..1));
}

#[test]
fn values_without_their_length_were_never_appended() {
    let (folder, mut store) = fresh();
    append(&mut store, &numbered(0..2));
    drop(store);
    tamper(&folder, |trees| {
        for seq in [2, 3, 5, 400] {
            trees.tail.insert(key(seq), "half an append").expect("the folder can be written");
        }
    });
    let mut store = reopen(&folder);
    check(&store, &numbered(0..2));
    assert!(matches!(store.read(2..4).next(), Some(Err(StoreError::Missing { seq: 2 }))));

    append(&mut store, &numbered(2..4));
    check(&store, &numbered(0..4));
    assert_eq!(store.trees().tail.len(), 4, "nothing of the half append is left");
}

#[test]
fn a_gap_is_named_by_its_seq() {
    let (folder, mut store) = fresh();
    append(&mut store, &numbered(0..6));
    drop(store);
    tamper(&folder, |trees| {
        for seq in [3, 5] {
            trees.tail.remove(key(seq)).expect("the folder can be written");
        }
    });
    let store = reopen(&folder);
    for (from, missing) in [(0, 3), (3, 3), (4, 5), (5, 5)] {
        let last = store.read(from..6).last();
        assert!(matches!(last, Some(Err(StoreError::Missing { seq })) if seq == missing));
    }
}

type Change = fn(&Trees) -> sled::Result<Option<IVec>>;

#[test]
fn what_no_append_writes_is_damage() {
    let changes: [Change; 4] = [
        |trees| trees.tail.insert([0; 9], "a key too long"),
        |trees| trees.marks.insert(LEN, "not a number"),
        |trees| trees.marks.insert(LEN, &u64::MAX.to_be_bytes()),
        |trees| trees.marks.remove(LEN),
    ];
    for change in changes {
        let (folder, mut store) = fresh();
        append(&mut store, &numbered(0..3));
        drop(store);
        tamper(&folder, |trees| drop(change(trees).expect("the folder can be written")));
        let outcome =
            SledStore::open(folder.path(), &Toy).and_then(|store| store.read(0..3).collect::<Result<Vec<_>, _>>());
        assert!(matches!(outcome, Err(StoreError::Damaged { .. })));
    }
}

#[test]
fn no_page_is_large_enough_for_a_file_of_its_own() {
    let (folder, mut store) = fresh();
    let longest = vec![vec![0xa5; crate::store::MAX_VALUE_BYTES]; 20];
    for _ in 0..10 {
        append(&mut store, &longest);
        append(&mut store, &longest[..1]);
    }
    drop(store);
    check(&reopen(&folder), &vec![longest[0].clone(); 210]);
    assert_eq!(fs::read_dir(folder.path().join("blobs")).expect("sled makes it").count(), 0);
}

#[test]
fn a_snapshot_torn_by_a_kill_is_no_obstacle() {
    let (folder, mut store) = fresh();
    append(&mut store, &numbered(0..3));
    drop(store);
    for torn in ["", "torn in the middle of writing"] {
        fs::write(folder.path().join("snap.00000000FFFFFFFF.generating"), torn).expect("a fresh file");
        check(&reopen(&folder), &numbered(0..3));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn after_a_failed_sync_the_handle_writes_no_more_and_shows_what_was_before() {
    let (folder, mut store) = fresh();
    append(&mut store, &numbered(0..2));
    store.file = File::open("/dev/null").expect("every Linux has it, and it cannot be synced");
    assert!(matches!(store.append(2, &numbered(2..4)), Err(StoreError::OutcomeUnknown(_))));
    assert!(matches!(store.append(2, &numbered(2..4)), Err(StoreError::MustReopen)));
    check(&store, &numbered(0..2));
    assert!(matches!(store.read(2..4).next(), Some(Err(StoreError::Missing { seq: 2 }))));
    drop(store);
    check(&reopen(&folder), &numbered(0..4));
}

#[test]
fn full_bundles_are_sealed_and_only_the_rest_lies_in_the_tail() {
    let (folder, mut store) = fresh();
    let values = numbered(0..1000);
    for (from, to) in [(0, 1), (1, 255), (255, 257), (257, 767), (767, 768), (768, 1000)] {
        append(&mut store, &values[from..to]);
        assert_eq!(store.trees().tail.len(), to % 256, "after {to}");
        assert_eq!(store.trees().bundles.len(), to / 256, "after {to}");
        check(&store, &values[..to]);
        let roots: Vec<_> = (0..4).map(|bundle| store.root(bundle).expect("it can be read").is_some()).collect();
        assert_eq!(roots, (0..4).map(|bundle| bundle < to / 256).collect::<Vec<_>>(), "after {to}");
        for bundles in 0..5 {
            let each: Vec<_> = (0..bundles).map(|bundle| store.root(bundle).expect("it can be read")).collect();
            assert_eq!(store.roots(bundles).expect("they can be read"), each, "{bundles} after {to}");
        }
    }
    drop(store);
    let store = reopen(&folder);
    check(&store, &values);
    for (from, to) in [(0, 1000), (1, 255), (255, 257), (300, 301), (700, 900), (768, 769), (999, 1000)] {
        let read: Vec<_> = store.read(from..to).map(|value| value.expect("it is there")).collect();
        let place = |seq: u64| usize::try_from(seq).expect("a small number");
        assert!(read == values[place(from)..place(to)], "{from} to {to}");
    }
}

/// What an append would have written that got no further than its bundles, or its bundles and the tail.
fn half_an_append(trees: &Trees, len: u64, values: &[Vec<u8>], emptied: bool) {
    let before: Vec<_> = trees.tail.iter().map(|entry| entry.expect("it can be read")).collect();
    let write = Write::of(trees, &Toy, len, values, len + values.len() as u64).expect("it can be read");
    trees.append(&write).expect("the folder can be written");
    trees.marks.insert(LEN, &len.to_be_bytes()).expect("the folder can be written");
    if !emptied {
        for (key, value) in before {
            trees.tail.insert(key, value).expect("the folder can be written");
        }
    }
}

#[test]
fn a_bundle_that_was_sealed_without_its_length_loses_nothing_and_adds_nothing() {
    for emptied in [true, false] {
        for more in [1, 255, 256, 600] {
            let (folder, mut store) = fresh();
            let values = numbered(0..300);
            append(&mut store, &values);
            drop(store);
            tamper(&folder, |trees| half_an_append(trees, 300, &vec![b"never".to_vec(); 700], emptied));

            let mut store = reopen(&folder);
            check(&store, &values);
            assert!(matches!(store.read(300..301).next(), Some(Err(StoreError::Missing { seq: 300 }))));
            let next = numbered(300..300 + more);
            append(&mut store, &next);
            drop(store);
            let store = reopen(&folder);
            check(&store, &[values, next].concat());
            let len = usize::try_from(300 + more).expect("a small number");
            assert_eq!((store.trees().bundles.len(), store.trees().tail.len()), (len / 256, len % 256));
        }
    }
}

#[test]
fn a_bundle_in_many_pieces_is_damaged_if_one_is_missing() {
    let (folder, mut store) = fresh();
    let noise = |seed: u32| -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        };
        (0..4000).map(next).collect()
    };
    let values: Vec<Vec<u8>> = (1..=256).map(noise).collect();
    append(&mut store, &values);
    check(&store, &values);
    let pieces = store.trees().bundles.len();
    assert!(pieces > 5, "{pieces} pieces");
    drop(store);
    tamper(&folder, |trees| {
        let third = trees.bundles.iter().keys().nth(2).expect("there are more").expect("it can be read");
        trees.bundles.remove(third).expect("the folder can be written");
    });
    let store = reopen(&folder);
    assert!(matches!(store.read(0..256).next(), Some(Err(StoreError::Damaged { .. }))));
}

#[test]
fn what_sled_goes_over_again_is_what_follows_its_snapshot_and_the_headers_of_all_segments() {
    fn scanned(folder: &Path) -> u64 {
        let mut bytes = 0;
        for file in gone_over(folder).expect("it can be read") {
            let content = fs::read(folder.join(&file.name)).expect("it can be read");
            let place = |at: u64| usize::try_from(at).expect("in memory");
            let parts = file.parts.iter().map(|part| &content[place(part.start)..place(part.end)]);
            // What was never written, or was emptied, is zeros.
            bytes += parts.filter(|part| part.iter().any(|byte| *byte != 0)).map(|part| part.len() as u64).sum::<u64>();
        }
        bytes
    }
    let (folder, mut store) = fresh();
    // Values that do not pack well, in more than two segments.
    let value = |number: u64| {
        (0..2000)
            .flat_map(|n| (number * 2000 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let values: Vec<Vec<u8>> = (0..1500).map(value).collect();
    values.chunks(300).for_each(|values| append(&mut store, values));
    drop(store);
    let len = fs::metadata(folder.path().join("db")).expect("it is there").len();
    assert!(len > 2 * SEGMENT_BYTES as u64, "{len}");
    assert!(scanned(folder.path()) > len / 2, "without a snapshot, all of it");
    drop(reopen(&folder));
    assert!(scanned(folder.path()) <= SEGMENT_BYTES as u64 + 4096 * 20, "a snapshot stands for the rest");
    let files = gone_over(folder.path()).expect("it can be read");
    let db = files.iter().find(|file| file.name == "db").expect("it is there");
    let is_seen = |at: u64| db.parts.iter().any(|part| part.contains(&at));
    // Where the newest one lies is up to sled: it takes segments again that nothing is left in.
    let segments = || (0..len).step_by(SEGMENT_BYTES);
    assert!(segments().all(|begin| is_seen(begin + 5)), "of each the header");
    assert!(segments().any(|begin| is_seen(begin + 1000)), "the newest whole");
    assert!(segments().any(|begin| !is_seen(begin + 1000)), "what is older sled does not touch");
}

#[test]
fn a_store_that_claims_to_be_larger_than_any_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["db", "snap.0", "snap.1"] {
        let file = fs::File::create(folder.path().join(name)).expect("a fresh file");
        file.set_len(400 << 30).expect("it has nothing in it");
    }
    assert!(matches!(gone_over(folder.path()), Err(StoreError::Damaged { .. })));
    for name in ["db", "snap.0", "snap.1"] {
        fs::remove_file(folder.path().join(name)).expect("it is there");
    }
    fs::create_dir(folder.path().join("blobs")).expect("there is room");
    for number in 0..4096 {
        fs::write(folder.path().join(format!("blobs/{number}")), "").expect("there is room");
    }
    assert_eq!(gone_over(folder.path()).expect("they are few enough").len(), 4096);
    fs::write(folder.path().join("conf"), "").expect("there is room");
    assert!(matches!(gone_over(folder.path()), Err(StoreError::Damaged { .. })));
}
