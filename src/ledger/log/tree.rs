//! The Merkle tree of a log, from the events in its store and the hashes that the store keeps of full bundles.
//!
//! What is kept can be wrong like everything derived: whoever shows a root or a proof to others holds it against a
//! checkpoint, and `verify` computes all of it anew.

use std::cell::RefCell;

use crate::integrity::merkle::{self, Node, Tree, node};
use crate::store::bundle::BUNDLE_LEN;
use crate::store::{Store, StoreError};

/// A bundle is a complete subtree of this height, and one hash of the tiles above it.
pub(crate) const BUNDLE_HEIGHT: u32 = BUNDLE_LEN.ilog2();

/// The tree over the first events of a store.
pub struct LogTree<'s> {
    store: &'s dyn Store,
    size: u64,
    /// The roots of full bundles, and over them those of every larger complete subtree, by height.
    above: Vec<Vec<Node>>,
    /// The leaves of the bundle that was looked at last.
    leaves: RefCell<Option<(u64, Vec<Node>)>>,
}

impl<'s> LogTree<'s> {
    /// Of a store's first events, so many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if something cannot be read, or there are not so many.
    pub(crate) fn of(store: &'s dyn Store, size: u64) -> Result<Self, StoreError> {
        if size > store.len() {
            return Err(StoreError::Missing { seq: store.len() });
        }
        let mut tree = Self { store, size, above: Vec::new(), leaves: RefCell::default() };
        let bundles = size / BUNDLE_LEN as u64;
        let root = |(bundle, kept): (u64, Option<Node>)| match kept {
            Some(root) => Ok(root),
            None => Ok(merkle::root(&tree.leaves_of(bundle)?)),
        };
        let kept = (0..).zip(store.roots(bundles)?);
        let mut level: Vec<Node> = kept.map(root).collect::<Result<_, StoreError>>()?;
        while !level.is_empty() {
            let next = level.chunks_exact(2).map(|pair| node(&pair[0], &pair[1])).collect();
            tree.above.push(std::mem::replace(&mut level, next));
        }
        Ok(tree)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The leaves of a bundle, as many as it has.
    pub(crate) fn leaves_of(&self, bundle: u64) -> Result<Vec<Node>, StoreError> {
        let begin = bundle * BUNDLE_LEN as u64;
        let mut leaves = Vec::with_capacity(BUNDLE_LEN);
        for run in self.store.runs(begin..self.size.min(begin + BUNDLE_LEN as u64)) {
            leaves.extend(run?.values().map(merkle::leaf));
        }
        Ok(leaves)
    }

    fn leaf(&self, index: u64) -> Result<Node, StoreError> {
        let bundle = index >> BUNDLE_HEIGHT;
        let mut kept = self.leaves.borrow_mut();
        if kept.as_ref().is_none_or(|(known, _)| *known != bundle) {
            *kept = Some((bundle, self.leaves_of(bundle)?));
        }
        let within = usize::try_from(index % BUNDLE_LEN as u64).expect("a bundle has few values");
        let leaf = kept.as_ref().and_then(|(_, leaves)| leaves.get(within)).copied();
        leaf.ok_or(StoreError::Missing { seq: index })
    }
}

impl Tree for LogTree<'_> {
    type Error = StoreError;

    fn complete(&self, height: u32, index: u64) -> Result<Node, StoreError> {
        if height == 0 {
            return self.leaf(index);
        }
        let level = height.checked_sub(BUNDLE_HEIGHT).and_then(|level| self.above.get(level as usize));
        if let Some(known) = level.and_then(|roots| roots.get(usize::try_from(index).ok()?)) {
            return Ok(*known);
        }
        Ok(node(&self.complete(height - 1, 2 * index)?, &self.complete(height - 1, 2 * index + 1)?))
    }
}

impl std::fmt::Debug for LogTree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogTree").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::merkle::Frontier;
    use crate::store::memory::MemoryStore;

    #[test]
    fn a_log_has_the_tree_of_its_events() {
        let mut store = MemoryStore::default();
        let mut grown = Frontier::default();
        for size in [1, 255, 256, 257, 512, 700, 1024, 1500_u64] {
            let more: Vec<Vec<u8>> = (store.len()..size).map(|seq| seq.to_be_bytes().to_vec()).collect();
            store.append(store.len(), &more).expect("there is room");
            for value in &more {
                grown.push(merkle::leaf(value));
            }
            let tree = LogTree::of(&store, size).expect("it can be read");
            assert_eq!(tree.root(size).expect("it can be read"), grown.root(), "{size} events");
            let again = Frontier::of(&tree, size).expect("it can be read");
            assert_eq!(again, grown);
        }
        assert!(matches!(LogTree::of(&store, 1 << 53), Err(StoreError::Missing { seq: 1500 })));
        let tree = LogTree::of(&store, 300).expect("it can be read");
        assert!(matches!(tree.complete(0, 300), Err(StoreError::Missing { seq: 300 })));
    }
}
