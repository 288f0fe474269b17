//! A store that fails when it is told to. For tests of what stands above a store.
//!
//! Faults of writing come in pairs. Whoever appends must come out right both when the write was lost and when it
//! landed but its acknowledgement was lost, for from outside the two look the same.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::bundle::BUNDLE_LEN;
use crate::store::{Runs, Store, StoreError};

/// What became of the write that is reported as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing of it is on the disk.
    NotPersisted,
    /// All of it is on the disk.
    Persisted,
}

/// A store around another, which fails at a chosen call and is faithful at every other.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    /// The length before the failed append, which the handle goes on showing.
    stopped_at: Option<u64>,
    append_fault: Option<(u64, Fault)>,
    read_fault: Option<u64>,
    appends: u64,
    reads: AtomicU64,
}

impl<S: Store> FaultyStore<S> {
    /// A store that never fails, until it is told to.
    pub fn new(inner: S) -> Self {
        Self { inner, stopped_at: None, append_fault: None, read_fault: None, appends: 0, reads: AtomicU64::new(0) }
    }

    /// Lets append number `nth`, counted from 0, fail with an unknown outcome. Refused appends count too.
    #[must_use]
    pub fn fail_append(self, nth: u64, fault: Fault) -> Self {
        Self { append_fault: Some((nth, fault)), ..self }
    }

    /// Lets read number `nth`, counted from 0, yield an I/O error in place of its first value. Asking for the hashes of
    /// bundles is reading too.
    #[must_use]
    pub fn fail_read(self, nth: u64) -> Self {
        Self { read_fault: Some(nth), ..self }
    }

    /// How often it was asked to append, and to read.
    pub fn calls(&self) -> (u64, u64) {
        (self.appends, self.reads.load(Ordering::Relaxed))
    }

    /// What reopening would find on the disk.
    pub fn reopen(self) -> S {
        self.inner
    }

    /// Counts a read, and fails if it is the chosen one.
    fn count_read(&self) -> Result<(), StoreError> {
        let nth = self.reads.fetch_add(1, Ordering::Relaxed);
        let fails = self.read_fault == Some(nth);
        if fails { Err(StoreError::Io(io::Error::other("a fault that was asked for"))) } else { Ok(()) }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn len(&self) -> u64 {
        self.stopped_at.unwrap_or_else(|| self.inner.len())
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        if self.stopped_at.is_some() {
            return Err(StoreError::MustReopen);
        }
        let nth = self.appends;
        self.appends += 1;
        let Some((_, fault)) = self.append_fault.filter(|(at, _)| *at == nth) else {
            return self.inner.append(expected_len, values);
        };
        let len_before = self.inner.len();
        match fault {
            Fault::NotPersisted => {}
            Fault::Persisted => self.inner.append(expected_len, values)?,
        }
        self.stopped_at = Some(len_before);
        Err(StoreError::OutcomeUnknown(io::Error::other("a fault that was asked for")))
    }

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        if let Err(fault) = self.count_read() {
            return Box::new(std::iter::once(Err(fault)));
        }
        let Some(len) = self.stopped_at else { return self.inner.runs(seqs) };
        // What has landed behind the handle's back is not shown, as a real store would not show it.
        let missing = seqs.start.max(len);
        let beyond = (missing < seqs.end).then_some(Err(StoreError::Missing { seq: missing }));
        Box::new(self.inner.runs(seqs.start..seqs.end.min(len)).chain(beyond))
    }

    fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.count_read()?;
        if (bundle + 1) * BUNDLE_LEN as u64 > self.len() { Ok(None) } else { self.inner.root(bundle) }
    }

    fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        self.count_read()?;
        let mut roots = self.inner.roots(bundles)?;
        let full = usize::try_from(self.len() / BUNDLE_LEN as u64).unwrap_or(usize::MAX);
        roots.iter_mut().skip(full).for_each(|root| *root = None);
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    /// One value is there; the append of two more fails. Afterwards `len` values are on the disk.
    fn check(fault: Fault, len: u64) {
        let mut store = FaultyStore::new(MemoryStore::default()).fail_append(1, fault);
        store.append(0, &[b"first".to_vec()]).expect("only the second append fails");
        let batch = [b"second".to_vec(), b"third".to_vec()];
        assert!(matches!(store.append(1, &batch), Err(StoreError::OutcomeUnknown(_))));

        assert_eq!(store.len(), 1, "the handle shows what was before");
        let shown: Vec<_> = store.read(0..3).collect();
        assert!(matches!(&shown[..], [Ok(first), Err(StoreError::Missing { seq: 1 })] if first == b"first"));
        assert!(matches!(store.append(1, &batch), Err(StoreError::MustReopen)));

        assert_eq!(store.reopen().len(), len);
    }

    #[test]
    fn a_write_that_was_lost_is_not_there_after_reopening() {
        check(Fault::NotPersisted, 1);
    }

    #[test]
    fn a_write_whose_acknowledgement_was_lost_is_there_after_reopening() {
        check(Fault::Persisted, 3);
    }

    #[test]
    fn an_append_refused_by_the_store_beneath_is_refused_and_not_unknown() {
        let mut store = FaultyStore::new(MemoryStore::default()).fail_append(0, Fault::Persisted);
        let refused = store.append(7, &[b"value".to_vec()]);
        assert!(matches!(refused, Err(StoreError::LenMoved { expected: 7, actual: 0 })));
        store.append(0, &[b"value".to_vec()]).expect("a refusal leaves the handle usable");
    }

    #[test]
    fn only_the_chosen_read_fails() {
        let mut store = FaultyStore::new(MemoryStore::default()).fail_read(1);
        store.append(0, &[b"value".to_vec()]).expect("appends do not fail");
        let outcomes: Vec<bool> = (0..3).map(|_| store.read(0..1).all(|value| value.is_ok())).collect();
        assert_eq!(outcomes, [true, false, true]);
    }
}
