//! Proofs about a log, made from its tree, and checked before anybody has them.

use std::path::Path;

use crate::event::chain::Damage;
use crate::integrity::Vkey;
use crate::integrity::checkpoint::Verified;
use crate::integrity::merkle::Tree;
use crate::integrity::proof::{ProofError, check_consistency, check_inclusion};
use crate::integrity::proof_file::{ConsistencyFile, InclusionFile};
use crate::ledger::log::reader::Log;
use crate::ledger::publish::tiles::proof_file;
use crate::ledger::verify::Fault;
use crate::store::StoreError;
use crate::store::durable_file::read_bytes;

/// The most bytes of a proof: its hashes, and a checkpoint with cosignatures.
const MAX_PROOF: u64 = 2 << 20;

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
        let event = self.store.read(seq..seq + 1).next().ok_or(StoreError::Missing { seq })??;
        check_inclusion(checkpoint, seq, &event, &path)?;
        let file = InclusionFile { index: seq, path, checkpoint: checkpoint.note().to_string() };
        Ok(EventProof { file, event })
    }

    /// The events that follow one in its batch, up to the one that is signed for all; none, if it is that itself.
    ///
    /// # Errors
    ///
    /// [`ProveError::Damaged`] if the batch does not end, [`ProveError::Store`].
    pub fn rest_of_batch(&self, seq: u64) -> Result<Vec<Vec<u8>>, ProveError> {
        let mut events = Vec::new();
        for event in self.store.read(seq..self.len()) {
            let event = event?;
            // A signature stands behind the line of a statement.
            let is_signed = !event.ends_with(b"}\n");
            events.push(event);
            if is_signed {
                events.remove(0);
                return Ok(events);
            }
        }
        let what = "the batch has no signed end".to_owned();
        Err(Damage { seq: seq + events.len() as u64, what }.into())
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

    /// Checks the proofs that are published in a folder with the log, and tells how many there are, and which prove
    /// nothing.
    pub(super) fn unproved(&self, folder: &Path, keys: &[Vkey]) -> (usize, Vec<Fault>) {
        let (mut proofs, mut faults) = (0, Vec::new());
        if !proof_file(folder, 0).parent().is_some_and(Path::is_dir) {
            return (proofs, faults);
        }
        let mut under = Under { log: self, keys, last: None };
        // An event that cannot be read is told by another layer.
        let events = (0..).zip(self.store.read(0..self.len()));
        for (seq, event) in events.filter_map(|(seq, event)| Some((seq, event.ok()?))) {
            let file = proof_file(folder, seq);
            let checked = match read_bytes(&file, MAX_PROOF) {
                Ok(None) => continue,
                Ok(Some(bytes)) => under.prove(&bytes, (seq, &event)),
                Err(error) => Err(error.to_string()),
            };
            proofs += 1;
            faults.extend(checked.err().map(|what| Fault { seq, what: format!("{}: {what}", file.display()) }));
        }
        (proofs, faults)
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

/// The checkpoints under which proofs are published: most of them under one.
struct Under<'l> {
    log: &'l Log,
    keys: &'l [Vkey],
    last: Option<(String, Verified)>,
}

impl Under<'_> {
    /// Checks that these bytes prove that an event is in the log.
    fn prove(&mut self, bytes: &[u8], (seq, event): (u64, &[u8])) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let proof = InclusionFile::parse(text).map_err(|error| error.to_string())?;
        if proof.index != seq {
            return Err(format!("it is of event {}", proof.index));
        }
        let checkpoint = match self.last.take().filter(|(text, _)| *text == proof.checkpoint) {
            Some((_, known)) => known,
            None => self.open(&proof.checkpoint)?,
        };
        let checked = check_inclusion(&checkpoint, seq, event, &proof.path).map_err(|error| error.to_string());
        self.last = Some((proof.checkpoint, checkpoint));
        checked
    }

    /// A checkpoint that one of the keys signed for this log.
    fn open(&self, note: &str) -> Result<Verified, String> {
        let opened = self.keys.iter().map(|key| Verified::open(note.as_bytes(), key)).reduce(Result::or);
        let checkpoint = opened.ok_or("the log has no key")?.map_err(|error| error.to_string())?;
        let size = checkpoint.size();
        let root = self.log.tree(size).and_then(|tree| tree.root(size)).map_err(|error| error.to_string())?;
        if root == checkpoint.root() {
            Ok(checkpoint)
        } else {
            Err(format!("FORK: its checkpoint of {size} events has another root"))
        }
    }
}
