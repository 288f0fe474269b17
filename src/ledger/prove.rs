//! Proofs about a log, made from its tree, and checked before anybody has them.

use crate::integrity::checkpoint::Verified;
use crate::integrity::merkle::Tree;
use crate::integrity::proof::{ProofError, check_consistency, check_inclusion};
use crate::integrity::proof_file::{ConsistencyFile, InclusionFile};
use crate::ledger::{Damage, Log};
use crate::store::StoreError;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The checkpoint is older than the event, or the log is not the one that it was signed for.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The batch does not end.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A proof that an event is in a log, with what it is about.
#[derive(Debug, Clone)]
pub struct EventProof {
    /// The proof itself.
    pub file: InclusionFile,
    /// The event's bytes.
    pub event: Vec<u8>,
    /// The events that follow it in its batch, up to the one that is signed for all.
    pub rest: Vec<Vec<u8>>,
}

impl Log {
    /// Proves that an event is among those of a checkpoint.
    ///
    /// # Errors
    ///
    /// Every [`ProveError`].
    pub fn prove(&self, seq: u64, checkpoint: &Verified) -> Result<EventProof, ProveError> {
        let size = checkpoint.size();
        if seq >= size {
            return Err(ProofError::Beyond { index: seq, size }.into());
        }
        let path = self.tree(size)?.inclusion(seq, size)?;
        let mut events = self.store.read(seq..self.len());
        let mut next = |seq: u64| {
            let missing = || Damage { seq, what: "the batch has no signed end".to_owned() };
            events.next().transpose()?.ok_or_else(|| ProveError::from(missing()))
        };
        let event = next(seq)?;
        check_inclusion(checkpoint, seq, &event, &path)?;
        let mut rest: Vec<Vec<u8>> = Vec::new();
        // A signature stands behind the line of a statement.
        while rest.last().unwrap_or(&event).ends_with(b"}\n") {
            rest.push(next(seq + 1 + rest.len() as u64)?);
        }
        let file = InclusionFile { index: seq, path, checkpoint: checkpoint.note().to_string() };
        Ok(EventProof { file, event, rest })
    }

    /// The proofs of all events of a checkpoint, one after the other.
    ///
    /// # Errors
    ///
    /// Every [`ProveError`].
    pub fn proofs(
        &self,
        checkpoint: &Verified,
    ) -> Result<impl Iterator<Item = Result<InclusionFile, ProveError>>, ProveError> {
        let size = checkpoint.size();
        let tree = self.tree(size)?;
        let note = checkpoint.note().to_string();
        Ok((0..).zip(self.store.read(0..size)).map(move |(index, event)| {
            let path = tree.inclusion(index, size)?;
            check_inclusion(checkpoint, index, &event?, &path)?;
            Ok(InclusionFile { index, path, checkpoint: note.clone() })
        }))
    }

    /// Proves that the log of one checkpoint goes on from that of an older one.
    ///
    /// # Errors
    ///
    /// [`ProveError::Proof`], [`ProveError::Store`].
    pub fn prove_consistency(&self, older: &Verified, newer: &Verified) -> Result<ConsistencyFile, ProveError> {
        let (old, new) = (older.size(), newer.size());
        if old > new {
            return Err(ProofError::Backwards { old, new }.into());
        }
        let path = self.tree(new)?.consistency(old, new)?;
        check_consistency(older, newer, &path)?;
        Ok(ConsistencyFile { old, path, checkpoint: newer.note().to_string() })
    }
}
