//! A store in memory: the contract with no disk to fail. For tests, and for what need not outlive the process.

use std::ops::Range;

use crate::store::{Store, StoreError, Values, check_append};

/// A store that is gone when it is dropped.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    values: Vec<Vec<u8>>,
}

impl Store for MemoryStore {
    fn len(&self) -> u64 {
        self.values.len() as u64
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        check_append(expected_len, self.len(), values)?;
        self.values.extend_from_slice(values);
        Ok(())
    }

    fn read(&self, seqs: Range<u64>) -> Values<'_> {
        // A seq that is not there ends the walk, so that a range far beyond the length costs nothing.
        let end = seqs.end.min(self.len().max(seqs.start).saturating_add(1));
        Box::new((seqs.start..end).map(|seq| self.value(seq)))
    }
}

impl MemoryStore {
    fn value(&self, seq: u64) -> Result<Vec<u8>, StoreError> {
        let index = usize::try_from(seq).ok();
        index.and_then(|index| self.values.get(index)).cloned().ok_or(StoreError::Missing { seq })
    }
}
