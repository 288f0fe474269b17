//! Erasing documents: on whose authority, in the log; then their bytes, from the disk.
//!
//! 1. The erasure becomes an event, signed by an admin, as every append (`append`, steps 1 to 5). A crash before it is
//!    acknowledged leaves everything as it was, or the event.
//! 2. The documents are deleted, with their salts, and with texts that were extracted from them and from nothing else that
//!    is kept. A crash leaves some of them there, though they are said to be erased: `verify` tells it of each, and
//!    erasing them again goes on here, without a second event.
//! 3. Their folder goes to the disk, so that no power cut brings them back. Only now is it acknowledged.
//!
//! The event comes first, since a document that is missing and that no event accounts for is damage, and who deleted it
//! and why could never be learnt again. In scope: what lies in the ledger's folder. Out of scope: quotes of a document,
//! which stay in events; what a disk keeps of deleted files; copies and backups.

use std::collections::BTreeSet;

use crate::domain::announcement::Announcement;
use crate::domain::governance::Erasure;
use crate::domain::source::Address;
use crate::event::snapshot::Recorded;
use crate::ledger::documents::inventory::Inventory;
use crate::ledger::keys::signer::Signer;
use crate::ledger::log::clock::Clock;
use crate::ledger::write::append::AppendError;
use crate::ledger::write::{Backing, Ledger};
use crate::store::documents::DocumentError;

/// What became of documents that were to be erased.
#[derive(Debug, Clone)]
pub struct Erased {
    /// The event by which it was done, unless all were erased before.
    pub event: Option<u64>,
    /// Those that were erased before, each by that event.
    pub already: Vec<(Address, u64)>,
    /// How many files were deleted, salts and texts among them, that an earlier erasure had left.
    pub finished: usize,
}

impl Ledger {
    /// Erases documents, each given by its whole address; of those that were erased before, the deletion is finished.
    ///
    /// `clock` is the caller's.
    ///
    /// # Errors
    ///
    /// [`AppendError`]: [`AppendError::NotAdmissible`] if no event names one of them, [`AppendError::NotAuthorised`] or a
    /// finding if the signer is no admin, [`AppendError::NotDeleted`] if the event is there and a file is too.
    pub fn erase(
        &mut self,
        documents: &[Address],
        (authority, reason): (&str, &str),
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Erased, AppendError> {
        let mut new: Vec<Address> = Vec::new();
        let mut already = Vec::new();
        for document in documents {
            match self.state.index().erased(document) {
                Some(by) => already.push((document.clone(), by)),
                None if new.contains(document) => {}
                None => new.push(document.clone()),
            }
        }
        let mut event = None;
        if !new.is_empty() {
            let erasure = Erasure { authority: authority.to_owned(), documents: new, reason: reason.to_owned() };
            event = Some(self.append_own(Announcement::of(erasure), signer, clock)?.seq());
        }
        let mut finished = 0;
        for (document, seq) in &already {
            let deleted = self.backing.delete(&self.state.snapshot().events, std::slice::from_ref(document));
            finished += deleted.map_err(|source| AppendError::NotDeleted { seq: *seq, source })?;
        }
        Ok(Erased { event, already, finished })
    }
}

impl Backing {
    /// Steps 2 and 3, for documents that one of the events says were erased.
    pub(in crate::ledger::write) fn delete<'e>(
        &self,
        events: impl IntoIterator<Item = &'e Recorded>,
        documents: &[Address],
    ) -> Result<usize, DocumentError> {
        let holdings = Inventory::of(events);
        let documents: BTreeSet<&str> = documents.iter().map(Address::as_str).collect();
        self.documents.remove(holdings.erased_files(&documents))
    }
}
