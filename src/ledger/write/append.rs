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

mod days;
mod findings;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;

use crate::domain::announcement::Body;
use crate::domain::id::{AnnouncementId, Recorder};
use crate::domain::record::Authorised;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::{ChainFault, MAX_BATCH_BYTES, MAX_BATCH_LEN};
use crate::event::facts::Facts;
use crate::event::statement::{Event, Header};
use crate::integrity::digest::{self, EventHash};
use crate::integrity::ssh_key::PublicKey;
use crate::ledger::admission::draft::Batch;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::admission::{self, Documents, New, Salts};
use crate::ledger::facts::{Following, Kept};
use crate::ledger::folder::head::Head;
use crate::ledger::keys::signer::{self, Signer, SignerError};
use crate::ledger::log::clock::{Clock, ClockFault};
use crate::ledger::log::open::Progress;
use crate::ledger::state::authority::AuthorityFault;
use crate::ledger::state::registry::Index;
use crate::ledger::write::Ledger;
use crate::projection::review::Review;
use crate::store::StoreError;
use crate::store::documents::DocumentError;

use findings::{irregular, is_undated, passed_over, stand_alone, undated, unwritable};

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
#[derive(Debug, Clone)]
pub struct Appended {
    /// One outcome for each batch, in their order.
    pub batches: Vec<Outcome>,
    /// Where the log ends now, or would.
    pub head: Head,
    /// Of a dry run, the log with the events that would be at its end.
    pub preview: Option<Preview>,
}

/// A log as it would be.
#[derive(Debug, Clone)]
pub struct Preview {
    /// What it would tell: the events that are there, and those that would be.
    pub facts: Facts,
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

/// A batch that is ready to be written.
struct Ready {
    values: Vec<Vec<u8>>,
    documents: Documents,
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

    /// The same, and tells how many batches were checked and how many were appended, and of how many.
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
        let mark = self.facts.events.len();
        let (ready, appended) = match self.plan(batches, options, signer, clock.into(), progress) {
            Ok((_, appended)) if options.dry_run => {
                let preview = Preview { facts: self.facts.clone(), first_new: mark as u64 };
                self.forget_from(mark);
                return Ok(Appended { preview: Some(preview), ..appended });
            }
            Ok(planned) => planned,
            Err(error) => {
                self.forget_from(mark);
                return Err(error);
            }
        };
        let (mut len, of) = (mark, ready.len() as u64);
        for (done, batch) in (1..).zip(ready) {
            if let Err(error) = self.commit(len as u64, &batch) {
                // Where only a deletion failed, the batch is in the store.
                let is_there = matches!(error, AppendError::NotDeleted { .. });
                self.forget_from(if is_there { len + batch.values.len() } else { len });
                return Err(error);
            }
            len += batch.values.len();
            progress("batches appended", done, of);
        }
        Ok(appended)
    }

    /// Step 1: admits, writes and signs every batch in memory.
    fn plan(
        &mut self,
        batches: &[Batch],
        options: Options,
        signer: &dyn Signer,
        clock: Clock,
        progress: Progress<'_>,
    ) -> Result<(Vec<Ready>, Appended), AppendError> {
        self.check_head(options.expect_head)?;
        let key = signer.public();
        let first_new = self.chain.len();
        let mut findings: Vec<Vec<Finding>> = Vec::new();
        let mut ready = Vec::new();
        let mut outcomes: Vec<Outcome> = Vec::new();
        // Batch and draft of every event that is planned.
        let mut planned: HashMap<u64, (usize, usize)> = HashMap::new();
        let mut refused_before = admission::Refused::new();
        // Batch, draft and time of recording of what bears no day of announcement.
        let mut without_day: Vec<(usize, usize, Timestamp)> = Vec::new();
        let mut salts = if has_documents(batches) { Salts::read(&self.documents)? } else { Salts::default() };
        for batch in batches {
            let recorded = self.recording_time(batch, clock)?;
            let ledger = (&self.facts, &self.index, &self.bearing);
            let (admitted, mut found) = admission::admit(ledger, batch, (&refused_before, recorded), &mut salts);
            let recorded = self.recorded_with(&admitted.new, recorded, clock)?;
            found.extend(stand_alone(&admitted.new));
            let of_batch = admitted.new.iter().filter(|new| is_undated(&new.announcement));
            without_day.extend(of_batch.map(|new| (outcomes.len(), new.draft, recorded)));
            found.extend(self.miscorrected(&admitted.new, recorded, clock));
            let mut outcome = Outcome { already: admitted.already, ..Outcome::default() };
            let refused = !batch.fragments.is_empty() || found.iter().any(|finding| finding.code.refuses());
            let owner =
                if refused || admitted.new.is_empty() { None } else { Some(self.signed_by(&key, &admitted.new)?) };
            let unauthorised = owner.iter().find_map(|owner| self.unauthorised(&key, owner, &admitted.new));
            if let Some(finding) = unauthorised {
                found.push(finding);
            } else if let Some(owner) = owner {
                let drafts: Vec<usize> = admitted.new.iter().map(|new| new.draft).collect();
                match self.write(admitted.new, &owner, recorded, (signer, &key))? {
                    Outcomes::Events(values, appended) => {
                        let places = appended.iter().zip(drafts);
                        planned.extend(places.map(|((seq, _), draft)| (*seq, (outcomes.len(), draft))));
                        ready.push(Ready { values, documents: admitted.documents });
                        outcome.appended = appended;
                    }
                    Outcomes::Refused(finding) => found.push(finding),
                }
            }
            if !batch.fragments.is_empty() || found.iter().any(|finding| finding.code.refuses()) {
                refused_before.extend(admission::names(batch));
            }
            outcomes.push(outcome);
            findings.push(found);
            progress("batches checked", outcomes.len() as u64, batches.len() as u64);
        }
        // Only now, since a later file may make regular what an earlier one tells.
        let place = |seq: u64| usize::try_from(seq).expect("events are in memory");
        let place_of = |id: &_| self.index.announcement(id).map(place);
        let bearing = self.bearing.on(&self.facts.events, place(first_new), place_of);
        let events = &self.facts.events;
        let review = if self.index.asks_for_reviewers() { Review::of(events) } else { Review::default() };
        for event in &events[place(first_new)..] {
            if let Some((batch, draft)) = planned.get(&event.seq).copied()
                && let Some(policy) = review.policies().passed_over_by(event)
            {
                findings[batch].push(passed_over(draft, event, policy));
            }
        }
        for outcome in &mut outcomes {
            outcome.struck = self.struck_among(&outcome.already, &review);
        }
        for (seq, because) in admission::irregular(&bearing, first_new, review) {
            if let Some((batch, draft)) = planned.get(&seq).copied() {
                findings[batch].push(irregular(draft, &events[place(seq)], because, options));
            }
        }
        let broken = batches.iter().any(|batch| !batch.fragments.is_empty());
        let is_refused = broken || findings.iter().flatten().any(|finding| finding.code.refuses());
        if let Some((batch, draft, recorded)) = without_day.first().copied().filter(|_| !is_refused) {
            findings[batch].push(undated(draft, without_day.len() - 1, recorded));
        }
        for (batch, finding) in self.open_days(&planned, place(first_new)) {
            findings[batch].push(finding);
        }
        for (outcome, found) in outcomes.iter_mut().zip(&findings) {
            outcome.warnings = found.iter().filter(|finding| !finding.code.refuses()).cloned().collect();
        }
        let strict = |finding: &Finding| options.strict && finding.code == Code::Irregular;
        if is_refused || findings.iter().flatten().any(strict) {
            return Err(AppendError::NotAdmissible { findings });
        }
        Ok((ready, Appended { batches: outcomes, head: self.head(), preview: None }))
    }

    /// Which of the events that were there already no longer stand, and by what; what awaits reviewers strikes nothing.
    fn struck_among(&self, already: &[(usize, u64)], review: &Review<'_>) -> BTreeMap<u64, Vec<u64>> {
        let place = |seq: u64| usize::try_from(seq).expect("events are in memory");
        // Of what is refused, some would have been there by now.
        let written = already.iter().filter(|(_, seq)| *seq < self.facts.events.len() as u64);
        let struck = written.map(|(_, seq)| {
            let by = self.bearing.struck_by(&self.facts.events, place(*seq)).into_iter();
            let counting = by.take_while(|by| !review.awaits(&self.facts.events[*by]));
            (*seq, counting.map(|by| by as u64).collect::<Vec<_>>())
        });
        struck.filter(|(_, by)| !by.is_empty()).collect()
    }

    /// Steps 2 to 6 for one batch.
    fn commit(&mut self, expected_len: u64, batch: &Ready) -> Result<(), AppendError> {
        for (address, document) in &batch.documents {
            match &document.salt {
                None => self.documents.put(address, &document.bytes)?,
                Some(salt) => self.documents.put_salted(address, &document.bytes, salt.as_bytes())?,
            }
        }
        let len = expected_len + batch.values.len() as u64;
        let mark = self.mark(expected_len)?;
        let (facts, index, kept) = (&self.facts, &self.index, self.kept.take());
        let meanwhile = || {
            let next = kept.as_ref().and_then(|kept| following(kept, (facts, index), expected_len, len));
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
        if let Some(hash) = self.facts.heads.at(len) {
            let _ = Head { len, hash }.save(&self.folder);
        }
        if let Some(kept) = &self.kept {
            kept.remember();
        }
        self.delete_erased(expected_len)
    }

    /// Step 6, if one of the events from a position on is an erasure.
    fn delete_erased(&self, from: u64) -> Result<(), AppendError> {
        let from = usize::try_from(from).expect("events are in memory");
        let new = self.facts.events.get(from..).into_iter().flatten().take(1);
        for event in new {
            if let Body::Erasure(erasure) = &event.announcement.body {
                self.delete(&erasure.documents).map_err(|source| AppendError::NotDeleted { seq: event.seq, source })?;
            }
        }
        Ok(())
    }

    /// Step 3. Where `HEAD` cannot be written it is taken away, which says as much; if neither can be done, nothing is
    /// appended, since readers would go on to take the old head for the newest.
    fn mark(&self, len: u64) -> Result<Option<File>, AppendError> {
        let Some(hash) = self.facts.heads.at(len) else { return Ok(None) };
        match (Head { len, hash }).save_writing(self.lock.holder(), &self.folder) {
            Ok(file) => Ok(Some(file)),
            Err(_) => Head::remove(&self.folder).map(|()| None).map_err(AppendError::Head),
        }
    }

    fn check_head(&self, expected: Option<EventHash>) -> Result<(), AppendError> {
        match expected.filter(|expected| *expected != self.chain.head()) {
            Some(expected) => {
                Err(AppendError::HeadMoved { expected: expected.to_string(), actual: self.chain.head().to_string() })
            }
            None => Ok(()),
        }
    }

    /// The recorder whose key it is.
    fn signed_by(&self, key: &PublicKey, new: &[New]) -> Result<Recorder, AppendError> {
        let founding = |new: &New| match &new.announcement.body {
            Body::Genesis(genesis) => {
                let own = |recorder: &&Authorised| recorder.key.as_str() == key.to_string();
                genesis.recorders.iter().find(own).map(|recorder| recorder.recorder.clone())
            }
            _ => None,
        };
        match new.iter().find_map(founding) {
            Some(recorder) => Ok(recorder),
            None => Ok(self.authority.recorder_of(key)?.clone()),
        }
    }

    /// The first announcement that the recorder may not sign, or that keys and roles do not allow.
    fn unauthorised(&self, key: &PublicKey, recorder: &Recorder, new: &[New]) -> Option<Finding> {
        new.iter().find_map(|new| {
            let body = &new.announcement.body;
            let allowed = self.authority.check(key, recorder, body);
            // Only the ledger's own kinds change keys, and they stand alone: nothing is copied for the others.
            let changed = || {
                if body.kind().is_about_ledger() {
                    self.authority.clone().apply(self.chain.len(), body)
                } else {
                    Ok(())
                }
            };
            let fault = allowed.and_then(|()| changed()).err()?;
            let finding = Finding::new(new.draft, "kind", Code::NotAuthorised, fault.to_string());
            Some(finding.hint("`servanda key show` lists the keys, and who may sign what"))
        })
    }

    /// Writes the statements of a batch, signs the last, and takes them as if they were in the store.
    fn write(
        &mut self,
        new: Vec<New>,
        recorder: &Recorder,
        recorded: Timestamp,
        (signer, key): (&dyn Signer, &PublicKey),
    ) -> Result<Outcomes, AppendError> {
        if new.len() > MAX_BATCH_LEN {
            return Ok(Outcomes::too_large(&format!("{} announcements", new.len())));
        }
        let batch = self.chain.len() + new.len() as u64 - 1;
        let mut values = Vec::with_capacity(new.len());
        let mut appended = Vec::with_capacity(new.len());
        let mut bytes = 0;
        for new in new {
            let header = Header {
                batch,
                ledger: self.facts.origin.clone(),
                prev: self.chain.head(),
                recorded,
                recorder: recorder.clone(),
                seq: self.chain.len(),
            };
            let mut value = match new.written.statement(&header, &new.id) {
                Ok(value) => value,
                Err(error) => return Ok(Outcomes::Refused(unwritable(new.draft, &error))),
            };
            let signature =
                if header.ends_batch() { Some(signer::armor_by(signer, key, value.as_bytes())?) } else { None };
            value.extend(signature.as_deref());
            bytes += value.len();
            let hash = digest::event_hash(value.as_bytes());
            appended.push((header.seq, new.id.to_string()));
            self.take(Event { header, id: new.id, announcement: new.announcement, signature, hash })?;
            values.push(value.into_bytes());
        }
        if bytes > MAX_BATCH_BYTES {
            return Ok(Outcomes::too_large(&format!("{bytes} bytes")));
        }
        Ok(Outcomes::Events(values, appended))
    }
}

fn has_documents(batches: &[Batch]) -> bool {
    let drafts = batches.iter().flat_map(|batch| batch.drafts.iter().map(|draft| &draft.sources));
    let fragments = batches.iter().flat_map(|batch| batch.fragments.iter().map(|fragment| &fragment.sources));
    drafts.chain(fragments).flatten().any(|source| source.document.is_some())
}

/// Packs the facts of a batch.
fn following(kept: &Kept, (facts, index): (&Facts, &Index), from: u64, len: u64) -> Option<Following> {
    let place = |seq: u64| usize::try_from(seq).expect("events are in memory");
    let known = |id: &str| index.announcement(&AnnouncementId::parse(id).ok()?).filter(|seq| *seq < len);
    let end = &facts.heads.stands()[place(len - 1)];
    kept.pack((&facts.events[..place(len)], place(from)), end, |id| known(id).map(place))
}

enum Outcomes {
    Events(Vec<Vec<u8>>, Vec<(u64, String)>),
    Refused(Finding),
}

impl Outcomes {
    fn too_large(what: &str) -> Self {
        let message =
            format!("a batch has at most {MAX_BATCH_LEN} events and {MAX_BATCH_BYTES} bytes; this file makes {what}");
        Self::Refused(Finding::new(0, "", Code::BatchTooLarge, message).hint("split the file"))
    }
}
