//! The Merkle tree over events: leaves and nodes of RFC 6962, roots, and the proofs that can be made of a tree.
//!
//! In scope: hashing. Out of scope: which events, and what a proof proves, which [`proof`](super::proof) tells.

use sha2::{Digest, Sha256};

/// A node of the tree: 32 bytes of SHA-256.
pub type Node = [u8; 32];

/// The leaf of an event: its bytes, signature and all.
///
/// # Source
///
/// RFC 6962, section 2.1: `SHA-256(0x00 || bytes)`.
pub fn leaf(event: &[u8]) -> Node {
    Sha256::new().chain_update([0]).chain_update(event).finalize().into()
}

/// The node above two others.
///
/// # Source
///
/// RFC 6962, section 2.1: `SHA-256(0x01 || left || right)`.
pub fn node(left: &Node, right: &Node) -> Node {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over nodes of one level, in order; of none, the hash of nothing.
///
/// # Source
///
/// RFC 6962, section 2.1; the left part is the largest power of two below the number.
pub fn root(nodes: &[Node]) -> Node {
    match nodes {
        [] => Sha256::digest([]).into(),
        [only] => *only,
        _ => {
            let (left, right) = nodes.split_at(nodes.len().div_ceil(2).next_power_of_two());
            node(&root(left), &root(right))
        }
    }
}

/// A tree, of which the root over every complete subtree can be had.
pub trait Tree {
    /// Why one cannot be had.
    type Error;

    /// The root over `1 << height` leaves, from the leaf `index << height` on.
    ///
    /// # Errors
    ///
    /// Whatever keeps the tree from telling.
    fn complete(&self, height: u32, index: u64) -> Result<Node, Self::Error>;

    /// The root over the first leaves, so many; of none, the hash of nothing.
    ///
    /// # Errors
    ///
    /// Those of [`complete`](Self::complete).
    fn root(&self, size: u64) -> Result<Node, Self::Error> {
        if size == 0 { Ok(root(&[])) } else { self.part(0, size) }
    }

    /// The root over `len` leaves from `begin` on, which is a multiple of the power of two that is not below `len`.
    ///
    /// # Errors
    ///
    /// Those of [`complete`](Self::complete).
    fn part(&self, begin: u64, len: u64) -> Result<Node, Self::Error> {
        if len.is_power_of_two() {
            let height = len.ilog2();
            return self.complete(height, begin >> height);
        }
        let left = split(len);
        Ok(node(&self.part(begin, left)?, &self.part(begin + left, len - left)?))
    }

    /// The hashes that lead from a leaf to the root over so many leaves, the leaf's neighbour first.
    ///
    /// # Errors
    ///
    /// Those of [`complete`](Self::complete).
    ///
    /// # Panics
    ///
    /// If there is no such leaf among them.
    ///
    /// # Source
    ///
    /// RFC 6962, section 2.1.1.
    fn inclusion(&self, leaf: u64, size: u64) -> Result<Vec<Node>, Self::Error> {
        assert!(leaf < size, "a leaf of the tree");
        let (mut begin, mut len) = (0, size);
        let mut path = Vec::new();
        while len > 1 {
            let left = split(len);
            if leaf - begin < left {
                path.push(self.part(begin + left, len - left)?);
                len = left;
            } else {
                path.push(self.part(begin, left)?);
                (begin, len) = (begin + left, len - left);
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The hashes that show the tree over `size` leaves to go on from that over the first `old` of them.
    ///
    /// # Errors
    ///
    /// Those of [`complete`](Self::complete).
    ///
    /// # Panics
    ///
    /// If `old` is more than `size`.
    ///
    /// # Source
    ///
    /// RFC 6962, section 2.1.2; from no leaves, and from all of them, the proof is empty.
    fn consistency(&self, old: u64, size: u64) -> Result<Vec<Node>, Self::Error> {
        assert!(old <= size, "the older tree is no larger");
        if old == 0 || old == size {
            return Ok(Vec::new());
        }
        let (mut begin, mut len, mut rest) = (0, size, old);
        let mut path = Vec::new();
        while rest < len {
            let left = split(len);
            if rest <= left {
                path.push(self.part(begin + left, len - left)?);
                len = left;
            } else {
                path.push(self.part(begin, left)?);
                (begin, len, rest) = (begin + left, len - left, rest - left);
            }
        }
        // Whoever checks has the older root, and with it a subtree that begins with the first leaf.
        if begin > 0 {
            path.push(self.part(begin, len)?);
        }
        path.reverse();
        Ok(path)
    }
}

/// The largest power of two below a number of at least two.
fn split(len: u64) -> u64 {
    1 << (len - 1).ilog2()
}

/// The roots over the complete subtrees of a growing tree, from which its root follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// From the largest to the smallest.
    roots: Vec<Node>,
}

impl Frontier {
    /// Of the first leaves of a tree, so many.
    ///
    /// # Errors
    ///
    /// Those of the tree.
    pub fn of<T: Tree>(tree: &T, size: u64) -> Result<Self, T::Error> {
        let mut frontier = Self { size, roots: Vec::new() };
        let mut begin = 0;
        while begin < size {
            let height = (size - begin).ilog2();
            frontier.roots.push(tree.complete(height, begin >> height)?);
            begin += 1 << height;
        }
        Ok(frontier)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next leaf.
    pub fn push(&mut self, leaf: Node) {
        self.push_complete(0, leaf);
    }

    /// Takes the root over the next `1 << height` leaves, of which there must be a multiple so far.
    pub fn push_complete(&mut self, height: u32, root: Node) {
        debug_assert!(self.size.trailing_zeros() >= height, "a subtree begins where it may");
        let mut root = root;
        let mut above = self.size >> height;
        while above & 1 == 1
            && let Some(left) = self.roots.pop()
        {
            root = node(&left, &root);
            above >>= 1;
        }
        self.roots.push(root);
        self.size += 1 << height;
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Node {
        let from_the_right = self.roots.iter().rev().copied();
        from_the_right.reduce(|right, left| node(&left, &right)).unwrap_or_else(|| root(&[]))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::integrity::digest::DocumentHash;

    /// A tree of numbered leaves.
    pub(in crate::integrity) struct Numbers;

    impl Tree for Numbers {
        type Error = Infallible;

        fn complete(&self, height: u32, index: u64) -> Result<Node, Infallible> {
            if height == 0 {
                return Ok(leaf(&index.to_be_bytes()));
            }
            let [Ok(left), Ok(right)] = [0, 1].map(|side| self.complete(height - 1, 2 * index + side));
            Ok(node(&left, &right))
        }
    }

    #[test]
    fn a_growing_tree_has_the_root_of_its_leaves() {
        let mut frontier = Frontier::default();
        let mut leaves = Vec::new();
        for size in 0..=300 {
            assert_eq!((frontier.size(), frontier.root()), (size, root(&leaves)));
            let Ok(again) = Frontier::of(&Numbers, size);
            assert_eq!(again, frontier);
            assert_eq!(Numbers.root(size), Ok(root(&leaves)));
            let Ok(next) = Numbers.complete(0, size);
            frontier.push(next);
            leaves.push(next);
        }
        let Ok(subtree) = Numbers.complete(3, 1);
        let Ok(mut frontier) = Frontier::of(&Numbers, 8);
        frontier.push_complete(3, subtree);
        assert_eq!(Ok(frontier), Frontier::of(&Numbers, 16));
    }

    fn hex(node: Node) -> String {
        DocumentHash::from_bytes(node).to_string()
    }

    #[test]
    fn the_leaf_of_the_published_vector() {
        let leaf = leaf(b"{\"v\":1}\n");
        assert_eq!(hex(leaf), "8b3049e0189bea38005dd976da66b7f146ba48528ef1817cfe91ffceee2dab18");
    }

    #[test]
    fn the_root_of_nothing_is_the_hash_of_nothing() {
        assert_eq!(hex(root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    /// The root as RFC 6962 words it: split at the largest power of two that is smaller than the number.
    fn by_the_book(nodes: &[Node]) -> Node {
        if let [only] = nodes {
            return *only;
        }
        let mut split = 1;
        while split * 2 < nodes.len() {
            split *= 2;
        }
        node(&by_the_book(&nodes[..split]), &by_the_book(&nodes[split..]))
    }

    #[test]
    fn a_root_splits_at_the_largest_power_of_two_below_its_size() {
        let leaves: Vec<Node> = (0..70_u8).map(|number| leaf(&[number])).collect();
        for size in 1..=leaves.len() {
            assert_eq!(root(&leaves[..size]), by_the_book(&leaves[..size]), "{size} leaves");
        }
    }
}
