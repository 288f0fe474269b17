//! The tree and its proofs against another implementation, and proofs that were changed.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use rayon::prelude::*;
use sha2::Sha256;

use servanda::integrity::LogSigner;
use servanda::integrity::checkpoint::{Checkpoint, Verified};
use servanda::integrity::merkle::{Node, Tree, leaf, node};
use servanda::integrity::proof::{ProofError, check_consistency, check_inclusion};

use crate::support::is_long;

const ORIGIN: &str = "ledger.example/numbers";

/// The bytes of a leaf.
fn event(number: u64) -> Vec<u8> {
    format!("event {number}\n").into_bytes()
}

/// A tree of such leaves, with the roots over all complete subtrees.
struct Numbers(Vec<Vec<Node>>);

impl Numbers {
    fn of(size: u64) -> Self {
        let mut levels: Vec<Vec<Node>> = vec![(0..size).map(|number| leaf(&event(number))).collect()];
        while levels.last().is_some_and(|level| level.len() > 1) {
            let below = levels.last().expect("there is one");
            levels.push(below.chunks_exact(2).map(|pair| node(&pair[0], &pair[1])).collect());
        }
        Self(levels)
    }

    fn checkpoint(&self, size: u64) -> Verified {
        let Ok(root) = self.root(size);
        signed(size, root)
    }

    fn path(&self, index: u64, size: u64) -> Vec<Node> {
        let Ok(path) = self.inclusion(index, size);
        path
    }

    fn way(&self, old: u64, new: u64) -> Vec<Node> {
        let Ok(path) = self.consistency(old, new);
        path
    }
}

impl Tree for Numbers {
    type Error = Infallible;

    fn complete(&self, height: u32, index: u64) -> Result<Node, Infallible> {
        Ok(self.0[height as usize][usize::try_from(index).expect("a small tree")])
    }
}

fn signed(size: u64, root: Node) -> Verified {
    let signer = LogSigner::from_seed(ORIGIN, &[5; 32]).expect("a good name");
    Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&signer).expect("it is one")
}

type Theirs = MemoryBackedTree<Sha256, Vec<u8>>;

/// Grows the tree of the other implementation to these sizes, one after the other, and has each checked.
fn grow(sizes: RangeInclusive<u64>, check: impl Fn(u64, &Theirs)) {
    let mut tree = Theirs::new();
    for size in sizes {
        (tree.len()..size).for_each(|number| tree.push(event(number)));
        check(size, &tree);
    }
}

/// Checks the root, and the proofs of each `step`th leaf, and of the last.
#[track_caller]
fn check_size(ours: &Numbers, size: u64, theirs: &Theirs, step: usize) {
    let checkpoint = ours.checkpoint(size);
    assert_eq!(checkpoint.root().as_slice(), theirs.root().as_bytes().as_slice(), "{size} leaves");
    let leaves: Vec<u64> = (0..size).step_by(step).chain(size.checked_sub(1)).collect();
    leaves.into_par_iter().for_each(|index| {
        let path = ours.path(index, size);
        let place = usize::try_from(index).expect("a small tree");
        assert_eq!(path.concat(), theirs.prove_inclusion(place).as_bytes(), "{index} of {size}");
        assert_eq!(check_inclusion(&checkpoint, index, &event(index), &path), Ok(()), "{index} of {size}");
    });
}

#[test]
fn roots_and_inclusion_proofs_are_those_of_another_implementation() {
    let ours = Numbers::of(600);
    grow(0..=600, |size, theirs| check_size(&ours, size, theirs, 1));
}

#[test]
fn roots_and_inclusion_proofs_are_those_of_another_implementation_around_a_power_of_two() {
    let ours = Numbers::of(65_537);
    let step = if is_long() { 1 } else { 5 };
    grow(65_535..=65_537, |size, theirs| check_size(&ours, size, theirs, step));
}

#[test]
fn consistency_proofs_are_those_of_another_implementation() {
    let ours = Numbers::of(130);
    grow(0..=130, |new, theirs| {
        for old in 0..=new {
            let path = ours.way(old, new);
            if old > 0 && old < new {
                let additions = usize::try_from(new - old).expect("a small tree");
                assert_eq!(path.concat(), theirs.prove_consistency(additions).as_bytes(), "{old} to {new}");
            }
            assert_eq!(
                check_consistency(&ours.checkpoint(old), &ours.checkpoint(new), &path),
                Ok(()),
                "{old} to {new}"
            );
        }
    });
}

#[test]
fn an_inclusion_proof_that_was_changed_proves_nothing() {
    let ours = Numbers::of(70);
    for size in [1, 2, 3, 7, 8, 64, 70] {
        let checkpoint = ours.checkpoint(size);
        for index in 0..size {
            let path = ours.path(index, size);
            let root = Err(ProofError::Root { size });
            assert_eq!(check_inclusion(&checkpoint, index, &event(index + 1), &path), root);
            for place in 0..path.len() {
                let mut other = path.clone();
                other[place][0] ^= 1;
                assert_eq!(check_inclusion(&checkpoint, index, &event(index), &other), root);
                let short = [&path[..place], &path[place + 1..]].concat();
                assert!(check_inclusion(&checkpoint, index, &event(index), &short).is_err());
                let mut swapped = path.clone();
                swapped.swap(0, place);
                assert!(place == 0 || check_inclusion(&checkpoint, index, &event(index), &swapped).is_err());
            }
            let long = [&path[..], &[[0; 32]]].concat();
            let length = Err(ProofError::Length { found: long.len() });
            assert_eq!(check_inclusion(&checkpoint, index, &event(index), &long), length);
            for elsewhere in (0..size).filter(|other| *other != index) {
                assert!(check_inclusion(&checkpoint, elsewhere, &event(index), &path).is_err());
            }
        }
        let beyond = Err(ProofError::Beyond { index: size, size });
        assert_eq!(check_inclusion(&checkpoint, size, &event(size), &ours.path(size - 1, size)), beyond);
        let farthest = check_inclusion(&checkpoint, u64::MAX, &event(0), &[]);
        assert_eq!(farthest, Err(ProofError::Beyond { index: u64::MAX, size }));
    }
}

#[test]
fn a_consistency_proof_that_was_changed_proves_nothing() {
    let ours = Numbers::of(40);
    for new in 1..=40 {
        for old in 0..new {
            let (older, newer) = (ours.checkpoint(old), ours.checkpoint(new));
            let path = ours.way(old, new);
            let check = |older: &Verified, newer: &Verified, path: &[Node]| check_consistency(older, newer, path);
            for place in 0..path.len() {
                let mut other = path.clone();
                other[place][31] ^= 0x80;
                assert!(check(&older, &newer, &other).is_err(), "{old} to {new}");
                assert!(check(&older, &newer, &path[..place]).is_err(), "{old} to {new}");
            }
            assert!(check(&older, &newer, &[&path[..], &[[0; 32]]].concat()).is_err(), "{old} to {new}");
            let forked = signed(new, leaf(b"another history"));
            assert_eq!(check(&older, &forked, &path).is_err(), old > 0, "{old} to {new}");
            if old > 0 {
                let forked = signed(old, leaf(b"another history"));
                assert!(check(&forked, &newer, &path).is_err(), "{old} to {new}");
                assert_eq!(check(&newer, &older, &path), Err(ProofError::Backwards { old: new, new: old }));
            }
        }
    }
    let (same, other) = (ours.checkpoint(9), signed(9, leaf(b"another history")));
    assert_eq!(check_consistency(&same, &other, &[]), Err(ProofError::Root { size: 9 }));
}

#[test]
fn proofs_are_of_one_log() {
    let ours = Numbers::of(9);
    let signer = LogSigner::from_seed("ledger.example/others", &[5; 32]).expect("a good name");
    let Ok(root) = ours.root(9);
    let other = Checkpoint { origin: "ledger.example/others".to_owned(), size: 9, root }.sign(&signer);
    let found = check_consistency(&ours.checkpoint(4), &other.expect("it is one"), &ours.way(4, 9));
    assert_eq!(found, Err(ProofError::Origin { old: ORIGIN.to_owned(), new: "ledger.example/others".to_owned() }));
}
