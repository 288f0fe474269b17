//! The Merkle tree over events: leaves and nodes of RFC 6962, and the root of a full tile.
//!
//! In scope: hashing. Out of scope: which events, and proofs.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::digest::DocumentHash;

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
