//! Append, step by step, with what is durable after each step and what a crash there costs.
//!
//! 1. Admission of every batch. Nothing is written; a crash costs nothing.
//! 2. Documents, each durable under its hash. A crash leaves documents that no event names: harmless, and there
//!    already when the same command runs again.
//! 3. `HEAD` says who is writing. If that process is killed from here on, the next reader looks at the store itself.
//! 4. The batch, in one append to the store: compare-and-swap on the length, there whole or not at all, and on the disk
//!    when it returns. What `HEAD` says goes to the disk meanwhile, and is waited for too. If the power fails before both
//!    are there, readers may go on with the old head, and the batch may be there all the same: nobody was told so, and
//!    whoever next opens the store puts `HEAD` right. From here on it is acknowledged.
//! 5. The facts of the batch, and the new `HEAD`, not waited for. After a power cut what is on the disk fits an older
//!    head, and `HEAD` says either who was writing or where the log ends.
//!
//! 6. What an erasure names is deleted: see [`erase`](crate::ledger::write::administer::erase).
//!
//! With a ledger that is founded on the way, all of it happens in a folder aside, which is moved into place at the end.
//!
//! Steps 2 to 6 are taken for one batch after another: a crash leaves whole files, and the same command goes on, since
//! what is there already is not appended again.

use crate::ledger::state::{NewEvents, Planned};
use crate::ledger::write::Backing;
use crate::ledger::write::plan::{Plan, SignedBatch, plan};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;

use crate::domain::announcement::Body;
use crate::domain::id::{AnnouncementId, Recorder};
use crate::event::chain::{ChainFault, Head};
use crate::integrity::digest::EventHash;
use crate::ledger::admission::Salts;
use crate::ledger::admission::draft::Batch;
use crate::ledger::admission::finding::Finding;
use crate::ledger::facts::{CacheState, PackedBatch};
use crate::ledger::keys::signer::{Signer, SignerError};
use crate::ledger::log::clock::{Clock, ClockFault};
use crate::ledger::log::open::Progress;
use crate::ledger::state::authority::AuthorityFault;
use crate::ledger::write::Ledger;
use crate::store::StoreError;
use crate::store::documents::DocumentError;

/// How to append.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Append only if this is the newest event.
    pub expect_head: Option<EventHash>,
    /// Refuse what would be admitted with a warning that it cannot follow the history.
    pub strict: bool,
    /// Check everything, write nothing.
    pub dry_run: bool,
}

/// What became of an append.
#[derive(Debug)]
pub struct Appended {
    /// One outcome for each batch, in their order.
    pub batches: Vec<Outcome>,
    /// Where the log ends now, or would.
    pub head: Head,
    /// Of a dry run, the log with the events that would be at its end.
    pub preview: Option<Preview>,
}

/// A log as it would be.
#[derive(Debug)]
pub struct Preview {
    /// The events that would be at its end; [`Ledger::into_snapshot_with`] has them with those that are there.
    pub new: NewEvents,
    /// The position of the first of the latter.
    pub first_new: u64,
}

/// What became of one batch.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The events that were appended: position and id.
    pub appended: Vec<(u64, String)>,
    /// The drafts that were events already: position of the draft and of the event.
    pub already: Vec<(usize, u64)>,
    /// Those of these events that no longer stand: by which event each was corrected or retracted, by which that was
    /// corrected, and so on. Retracting them from the last on brings it back.
    pub struck: BTreeMap<u64, Vec<u64>>,
    /// What was admitted with a warning.
    pub warnings: Vec<Finding>,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Announcements that may not be appended, for each batch every one with its reason.
    #[error("{} of the announcements are not admissible", .findings.iter().flatten().filter(|finding| finding.code.refuses()).count())]
    NotAdmissible {
        /// Findings by batch.
        findings: Vec<Vec<Finding>>,
    },
    /// Somebody else appended first. Read the new events, decide again, and retry.
    #[error("the newest event is {actual}, not {expected}")]
    HeadMoved {
        /// What was expected.
        expected: String,
        /// What is there.
        actual: String,
    },
    /// The signer may not.
    #[error(transparent)]
    NotAuthorised(#[from] AuthorityFault),
    /// There is no event at that position to speak of.
    #[error("there is no event {0}")]
    NoEvent(u64),
    /// A reviewer would speak of an announcement that is his own.
    #[error("event {seq} was recorded by {recorder}, and is reviewed by others")]
    OwnWord {
        /// The event.
        seq: u64,
        /// Who recorded it.
        recorder: Recorder,
    },
    /// The signer could not.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The clock is not believed.
    #[error(transparent)]
    Clock(#[from] ClockFault),
    /// What would be written does not follow what is there: a mistake of the program, told before anything is written.
    #[error("the events would not follow those before them: one of them {0}")]
    DoesNotFollow(#[from] ChainFault),
    /// A document could not be kept.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// An event says that documents were erased, and they could not be deleted. The event stays; erase them again.
    #[error("event {seq} says that documents were erased, and they could not be deleted: {source}")]
    NotDeleted {
        /// The event.
        seq: u64,
        /// Why not.
        source: DocumentError,
    },
    /// `HEAD` can neither be written nor taken away. Batches before this one that were acknowledged stay.
    #[error("HEAD cannot be replaced: {0}")]
    Head(#[source] io::Error),
    /// The store failed. Whole batches that were acknowledged before stay.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ledger {
    /// Checks all batches, then appends them one after the other, each whole or not at all.
    ///
    /// `clock` is the caller's.
    ///
    /// # Errors
    ///
    /// [`AppendError`]. Only [`AppendError::Document`], [`AppendError::Head`] and [`AppendError::Store`] can come after
    /// earlier batches of the same call were appended, and [`AppendError::NotDeleted`] after its own too.
    pub fn append(
        &mut self,
        batches: &[Batch],
        options: Options,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Appended, AppendError> {
        self.append_telling(batches, options, signer, clock, &|_, _, _| {})
    }

    /// Appends as [`append`](Self::append) does, and tells how many batches were checked and how many were appended, and of
    /// how many.
    ///
    /// # Errors
    ///
    /// Those of [`append`](Self::append).
    pub fn append_telling(
        &mut self,
        batches: &[Batch],
        options: Options,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
        progress: Progress<'_>,
    ) -> Result<Appended, AppendError> {
        let salts = || Salts::read(&self.backing.documents);
        let Plan { planned, batches, appended } =
            plan(&self.state, batches, (options, clock.into()), signer, (&salts, progress))?;
        if options.dry_run {
            let first_new = self.state.len();
            let preview = Preview { new: planned.into_new(appended.head.len), first_new };
            return Ok(Appended { preview: Some(preview), ..appended });
        }
        let (mut len, of) = (self.state.len(), batches.len() as u64);
        let mut outcome = Ok(());
        for (done, batch) in (1..).zip(&batches) {
            outcome = self.backing.commit(&planned, len, batch);
            // Where only a deletion failed, the batch is in the store.
            if matches!(outcome, Ok(()) | Err(AppendError::NotDeleted { .. })) {
                len += batch.values.len() as u64;
            }
            if outcome.is_err() {
                break;
            }
            progress("batches appended", done, of);
        }
        let new = planned.into_new(len);
        self.state.keep(new);
        outcome.map(|()| appended)
    }
}

impl Backing {
    /// Steps 2 to 6 for a batch of a plan, which the log has with `expected_len` events.
    fn commit(&mut self, planned: &Planned<'_>, expected_len: u64, batch: &SignedBatch) -> Result<(), AppendError> {
        for (address, document) in &batch.documents {
            match &document.salt {
                None => self.documents.put(address, &document.bytes)?,
                Some(salt) => self.documents.put_salted(address, &document.bytes, salt.as_bytes())?,
            }
        }
        let len = expected_len + batch.values.len() as u64;
        let mark = self.mark(planned, expected_len)?;
        let kept = self.kept.take();
        let meanwhile = || {
            let next = kept.as_ref().and_then(|kept| following(kept, planned, expected_len..len));
            (next, mark.is_none_or(|mark| mark.sync_data().is_ok()))
        };
        let (store, values) = (&mut self.store, &batch.values);
        let (appended, (next, is_marked)) = rayon::join(|| store.append(expected_len, values), meanwhile);
        appended?;
        if !is_marked {
            // What the disk says of the head is not known; that it says nothing can be tried.
            let _ = Head::remove(&self.folder);
        }
        self.is_changed = true;
        // If that fails they fit the head no longer, and are made anew.
        self.kept = kept.zip(next).and_then(|(kept, next)| kept.follow(&self.folder, &next));
        if let Some(hash) = planned.head_at(len) {
            let _ = Head { len, hash }.save(&self.folder);
        }
        if let Some(kept) = &self.kept {
            kept.remember();
        }
        self.delete_erased(planned, expected_len..len)
    }

    /// Step 6, for each of the events of a batch that is an erasure.
    fn delete_erased(&self, planned: &Planned<'_>, batch: Range<u64>) -> Result<(), AppendError> {
        for event in planned.events().from(place(batch.start)).take_while(|event| event.seq < batch.end) {
            if let Body::Erasure(erasure) = &event.announcement.body {
                // What later batches of the plan name stays too.
                let deleted = self.delete(planned.events().iter(), &erasure.documents);
                deleted.map_err(|source| AppendError::NotDeleted { seq: event.seq, source })?;
            }
        }
        Ok(())
    }

    /// Step 3. Where `HEAD` cannot be written it is taken away, which says as much; if neither can be done, nothing is
    /// appended, since readers would go on to take the old head for the newest.
    fn mark(&self, planned: &Planned<'_>, len: u64) -> Result<Option<File>, AppendError> {
        let Some(hash) = planned.head_at(len) else { return Ok(None) };
        match (Head { len, hash }).save_writing(self.lock.holder(), &self.folder) {
            Ok(file) => Ok(Some(file)),
            Err(_) => Head::remove(&self.folder).map(|()| None).map_err(AppendError::Head),
        }
    }
}

/// Packs the facts of a batch.
fn following(kept: &CacheState, planned: &Planned<'_>, batch: Range<u64>) -> Option<PackedBatch> {
    let known = |id: &str| planned.index.announcement(&AnnouncementId::parse(id).ok()?);
    let place_of = |id: &str| known(id).filter(|seq| *seq < batch.end).map(place);
    let places = place(batch.start)..place(batch.end);
    kept.pack((planned.events(), places), planned.stand_at(batch.end)?, place_of)
}

/// The place of an event among all of them.
pub(super) fn place(seq: u64) -> usize {
    usize::try_from(seq).expect("events are in memory")
}
