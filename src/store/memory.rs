//! A store in memory: the contract with no disk to fail. For tests, and for what need not outlive the process.

use std::ops::Range;

use crate::store::run::Run;
use crate::store::{Runs, Store, StoreError, check_append};

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

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        let len = self.len();
        let missing = seqs.start.max(len);
        let there = seqs.start..seqs.end.min(len);
        let run = (!there.is_empty()).then(|| Ok(self.run(there)));
        let beyond = (missing < seqs.end).then_some(Err(StoreError::Missing { seq: missing }));
        Box::new(run.into_iter().chain(beyond))
    }
}

impl MemoryStore {
    fn run(&self, seqs: Range<u64>) -> Run {
        let place = |seq: u64| usize::try_from(seq).expect("values are in memory");
        let mut run = Run::new(seqs.start, 0);
        for value in &self.values[place(seqs.start)..place(seqs.end)] {
            run.push(&[value]);
        }
        run
    }
}
