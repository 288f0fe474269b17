//! The contract as a test, run over every store.

use std::ops::Range;

use crate::store::bundle::Toy;
use crate::store::faulty::FaultyStore;
use crate::store::memory::MemoryStore;
use crate::store::sled::SledStore;
use crate::store::{MAX_BATCH_BYTES, MAX_BATCH_LEN, MAX_VALUE_BYTES, Store, StoreError};

#[test]
fn the_store_in_memory_keeps_the_contract() {
    contract(MemoryStore::default);
}

#[test]
fn the_faulty_store_without_faults_keeps_the_contract() {
    contract(|| FaultyStore::new(MemoryStore::default()));
}

#[test]
fn the_sled_store_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut made = 0;
    contract(|| {
        made += 1;
        SledStore::create(&folder.path().join(made.to_string()), &Toy).expect("a fresh folder")
    });
}

/// Everything that holds for any store; `fresh` makes an empty one.
fn contract<S: Store>(mut fresh: impl FnMut() -> S) {
    a_fresh_store_is_empty(&fresh());
    values_come_back_as_they_were_given(fresh());
    an_append_built_on_another_length_changes_nothing(fresh());
    a_read_beyond_the_length_names_the_first_missing_seq(fresh());
    what_is_too_large_is_refused_whole(fresh());
    the_largest_appends_are_taken(fresh());
}

fn a_fresh_store_is_empty(store: &impl Store) {
    assert!(store.is_empty());
    check(store, 0..0, &[]);
    assert!(matches!(store.read(0..1).next(), Some(Err(StoreError::Missing { seq: 0 }))));
}

fn values_come_back_as_they_were_given(mut store: impl Store) {
    // Around 256, where keys of other shapes than big-endian would change their order.
    let values: Vec<Vec<u8>> = (0..300_u32).map(|n| format!("value {n}\n").into_bytes()).collect();
    let odd = [vec![], vec![0], vec![0xff, 0, 0xfe], vec![7; MAX_VALUE_BYTES]];
    append(&mut store, &values[..1]);
    append(&mut store, &[]);
    append(&mut store, &values[1..]);
    append(&mut store, &odd);

    assert_eq!(store.len(), 304);
    check(&store, 0..300, &values);
    check(&store, 250..260, &values[250..260]);
    check(&store, 299..300, &values[299..]);
    check(&store, 300..304, &odd);
    check(&store, 304..304, &[]);
    #[expect(clippy::reversed_empty_ranges, reason = "such a range is what is tested")]
    check(&store, 9..3, &[]);
}

fn an_append_built_on_another_length_changes_nothing(mut store: impl Store) {
    let held = [b"held".to_vec(), b"also held".to_vec()];
    append(&mut store, &held);
    for expected in [0, 1, 3, u64::MAX] {
        for values in [&held[..], &[]] {
            let refused = store.append(expected, values);
            assert!(matches!(refused, Err(StoreError::LenMoved { expected: e, actual: 2 }) if e == expected));
        }
        assert_eq!(store.len(), 2);
        check(&store, 0..2, &held);
    }
    append(&mut store, &held);
    check(&store, 2..4, &held);
}

fn a_read_beyond_the_length_names_the_first_missing_seq(mut store: impl Store) {
    append(&mut store, &[b"only".to_vec()]);
    for (seqs, missing) in [(0..u64::MAX, 1), (1..2, 1), (5..9, 5), (u64::MAX - 1..u64::MAX, u64::MAX - 1)] {
        let mut outcomes = store.read(seqs).skip_while(Result::is_ok);
        assert!(matches!(outcomes.next(), Some(Err(StoreError::Missing { seq })) if seq == missing));
        assert!(outcomes.next().is_none(), "a read ends with its first error");
    }
}

fn what_is_too_large_is_refused_whole(mut store: impl Store) {
    let too_long = [b"short".to_vec(), vec![0; MAX_VALUE_BYTES + 1]];
    let too_many = vec![vec![]; MAX_BATCH_LEN + 1];
    let too_heavy = vec![vec![0; MAX_VALUE_BYTES]; MAX_BATCH_BYTES / MAX_VALUE_BYTES + 1];
    for values in [&too_long[..], &too_many, &too_heavy] {
        assert!(matches!(store.append(0, values), Err(StoreError::TooLarge { .. })));
        assert!(store.is_empty());
    }
    append(&mut store, &[b"the handle is still good".to_vec()]);
}

fn the_largest_appends_are_taken(mut store: impl Store) {
    let many: Vec<Vec<u8>> = (0..MAX_BATCH_LEN).map(|n| n.to_le_bytes().to_vec()).collect();
    let heavy: Vec<Vec<u8>> =
        (0..MAX_BATCH_BYTES / MAX_VALUE_BYTES).map(|n| vec![n.to_le_bytes()[0]; MAX_VALUE_BYTES]).collect();
    append(&mut store, &many);
    append(&mut store, &heavy);
    let heavy_from = many.len() as u64;
    check(&store, 0..heavy_from, &many);
    check(&store, heavy_from..heavy_from + heavy.len() as u64, &heavy);
}

fn append(store: &mut impl Store, values: &[Vec<u8>]) {
    store.append(store.len(), values).expect("built on the present length, and within the limits");
}

fn check(store: &impl Store, seqs: Range<u64>, expected: &[Vec<u8>]) {
    let mut expected = expected.iter();
    for value in store.read(seqs.clone()) {
        let value = value.expect("all of these seqs are there");
        assert!(expected.next() == Some(&value), "another value in {seqs:?}");
    }
    assert!(expected.next().is_none(), "values missing at the end of {seqs:?}");
}
