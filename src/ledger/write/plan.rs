//! Step 1 of an append: every batch is admitted, written and signed in memory, behind those before it.
//!
//! In scope: what would be appended, and every reason why not. Out of scope: the disk, which is not touched, whatever comes of it.

mod days;
mod findings;

use std::collections::{BTreeMap, HashMap};

use crate::domain::announcement::Body;
use crate::domain::governance::Authorised;
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::{MAX_BATCH_BYTES, MAX_BATCH_LEN};
use crate::event::statement::{Event, Header};
use crate::integrity::digest::{self, EventHash};
use crate::integrity::ssh_key::PublicKey;
use crate::ledger::admission::draft::Batch;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::admission::{self, Admitted, AdmittedDraft, Documents, Refused, Salts};
use crate::ledger::keys::signer::{self, Signer};
use crate::ledger::log::clock::Clock;
use crate::ledger::log::open::Progress;
use crate::ledger::state::{Planned, State};
use crate::ledger::write::append::{AppendError, Appended, Options, Outcome, place};
use crate::projection::review::Review;
use crate::store::documents::DocumentError;

use days::open_days;
use findings::{irregular, is_undated, passed_over, stand_alone, undated, unwritable};

/// What is to be appended.
pub(super) struct Plan<'s> {
    /// What the ledger would say.
    pub(super) planned: Planned<'s>,
    /// The batches that have something new.
    pub(super) batches: Vec<SignedBatch>,
    /// What will have become of all.
    pub(super) appended: Appended,
}

/// A batch that is ready to be written.
pub(super) struct SignedBatch {
    /// Its events, as bytes.
    pub(super) values: Vec<Vec<u8>>,
    /// The documents that they name.
    pub(super) documents: Documents,
}

/// What an event of a plan was, by the place of its batch and the place of its draft in that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drafted {
    pub(super) batch: usize,
    pub(super) draft: usize,
}

/// An append that is being planned.
struct Planning<'p> {
    planned: Planned<'p>,
    options: Options,
    clock: Clock,
    signer: &'p dyn Signer,
    key: PublicKey,
    salts: Salts,
    /// By batch.
    findings: Vec<Vec<Finding>>,
    outcomes: Vec<Outcome>,
    ready: Vec<SignedBatch>,
    drafted: HashMap<u64, Drafted>,
    /// What refused batches would have brought.
    refused: Refused,
    /// What bears no day of announcement, with the time of its recording.
    undated: Vec<(Drafted, Timestamp)>,
    /// Whether some announcements could not be read at all.
    is_broken: bool,
}

/// Plans what appending batches to a ledger would come to; `salts` reads those of its personal documents.
///
/// # Errors
///
/// [`AppendError`], of those that come before anything is written.
pub(super) fn plan<'s>(
    state: &'s State,
    batches: &[Batch],
    (options, clock): (Options, Clock),
    signer: &'s dyn Signer,
    (salts, progress): (&dyn Fn() -> Result<Salts, DocumentError>, Progress<'_>),
) -> Result<Plan<'s>, AppendError> {
    check_head(state, options.expect_head)?;
    let mut planning = Planning {
        planned: state.plan(),
        options,
        clock,
        signer,
        key: signer.public(),
        salts: if has_documents(batches) { salts()? } else { Salts::default() },
        findings: Vec::new(),
        outcomes: Vec::new(),
        ready: Vec::new(),
        drafted: HashMap::new(),
        refused: Refused::new(),
        undated: Vec::new(),
        is_broken: batches.iter().any(|batch| !batch.fragments.is_empty()),
    };
    for (done, batch) in (1..).zip(batches) {
        planning.admit(batch)?;
        progress("batches checked", done, batches.len() as u64);
    }
    // Only now, since a later file may make regular what an earlier one tells.
    planning.judge();
    planning.end()
}

impl<'p> Planning<'p> {
    /// Plans the next batch.
    fn admit(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let recorded = self.planned.recording_time(batch, self.clock)?;
        let refused = (&self.refused, recorded);
        let (admitted, mut found) = admission::admit(&self.planned, batch, refused, &mut self.salts);
        let Admitted { new, already, documents } = admitted;
        let recorded = self.planned.recorded_with(&new, recorded, self.clock)?;
        let place = self.outcomes.len();
        let without_day = new.iter().filter(|new| is_undated(&new.announcement));
        self.undated.extend(without_day.map(|new| (Drafted { batch: place, draft: new.draft }, recorded)));
        found.extend(stand_alone(&new));
        found.extend(self.planned.miscorrected(&new, recorded, self.clock));
        let mut outcome = Outcome { already, ..Outcome::default() };
        if !refuses(batch, &found) && !new.is_empty() {
            match self.sign(new, recorded)? {
                Ok((values, appended)) => {
                    outcome.appended = appended;
                    self.ready.push(SignedBatch { values, documents });
                }
                Err(finding) => found.push(finding),
            }
        }
        if refuses(batch, &found) {
            self.refused.extend(admission::names(batch));
        }
        self.outcomes.push(outcome);
        self.findings.push(found);
        Ok(())
    }

    /// Writes and signs announcements, and takes them as the next events; or says why not.
    fn sign(&mut self, new: Vec<AdmittedDraft>, recorded: Timestamp) -> Result<Result<Written, Finding>, AppendError> {
        let recorder = self.signed_by(&new)?;
        if let Some(finding) = self.unauthorised(&recorder, &new) {
            return Ok(Err(finding));
        }
        let drafts: Vec<usize> = new.iter().map(|new| new.draft).collect();
        let written = self.write(new, &recorder, recorded)?;
        if let Ok((_, appended)) = &written {
            let batch = self.outcomes.len();
            let drafted = appended.iter().zip(drafts).map(|((seq, _), draft)| (*seq, Drafted { batch, draft }));
            self.drafted.extend(drafted);
        }
        Ok(written)
    }

    /// Returns the recorder whose key it is.
    fn signed_by(&self, new: &[AdmittedDraft]) -> Result<Recorder, AppendError> {
        let founding = |new: &AdmittedDraft| match &new.announcement.body {
            Body::Genesis(genesis) => {
                let own = |recorder: &&Authorised| recorder.key.as_str() == self.key.to_string();
                genesis.recorders.iter().find(own).map(|recorder| recorder.recorder.clone())
            }
            _ => None,
        };
        match new.iter().find_map(founding) {
            Some(recorder) => Ok(recorder),
            None => Ok(self.planned.authority.recorder_of(&self.key)?.clone()),
        }
    }

    /// Finds the first announcement that the recorder may not sign, or that keys and roles do not allow.
    fn unauthorised(&self, recorder: &Recorder, new: &[AdmittedDraft]) -> Option<Finding> {
        new.iter().find_map(|new| {
            let body = &new.announcement.body;
            let allowed = self.planned.authority.check(&self.key, recorder, body);
            // Only the ledger's own kinds change keys, and they stand alone: nothing is copied for the others.
            let changed = || {
                if body.kind().is_about_ledger() {
                    self.planned.authority.clone().apply(self.planned.chain.len(), body)
                } else {
                    Ok(())
                }
            };
            let fault = allowed.and_then(|()| changed()).err()?;
            let finding = Finding::new(new.draft, "kind", Code::NotAuthorised, fault.to_string());
            Some(finding.hint("`servanda key show` lists the keys, and who may sign what"))
        })
    }

    /// Writes the statements of a batch, signs the last, and takes them as the next events.
    fn write(
        &mut self,
        new: Vec<AdmittedDraft>,
        recorder: &Recorder,
        recorded: Timestamp,
    ) -> Result<Result<Written, Finding>, AppendError> {
        if new.len() > MAX_BATCH_LEN {
            return Ok(Err(too_large(&format!("{} announcements", new.len()))));
        }
        let ledger = &self.planned.before().snapshot().origin;
        let batch = self.planned.chain.len() + new.len() as u64 - 1;
        let mut values = Vec::with_capacity(new.len());
        let mut appended = Vec::with_capacity(new.len());
        let mut bytes = 0;
        for new in new {
            let header = Header {
                batch,
                ledger: ledger.clone(),
                prev: self.planned.chain.head(),
                recorded,
                recorder: recorder.clone(),
                seq: self.planned.chain.len(),
            };
            let mut value = match new.written.statement(&header, &new.id) {
                Ok(value) => value,
                Err(error) => return Ok(Err(unwritable(new.draft, &error))),
            };
            let signature = if header.ends_batch() {
                Some(signer::armor_by(self.signer, &self.key, value.as_bytes())?)
            } else {
                None
            };
            value.extend(signature.as_deref());
            bytes += value.len();
            let hash = digest::event_hash(value.as_bytes());
            appended.push((header.seq, new.id.to_string()));
            self.planned.take(Event { header, id: new.id, announcement: new.announcement, signature, hash })?;
            values.push(value.into_bytes());
        }
        Ok(if bytes > MAX_BATCH_BYTES { Err(too_large(&format!("{bytes} bytes"))) } else { Ok((values, appended)) })
    }

    /// Finds what is to be said of the planned events when all of them are known.
    fn judge(&mut self) {
        let first_new = self.planned.before().len();
        let events = self.planned.events();
        let place_of = |id: &_| self.planned.index.announcement(id).map(place);
        let bearing = self.planned.bearing.on(events, place(first_new), place_of);
        let asks = self.planned.index.asks_for_reviewers();
        let review = if asks { Review::of(events.iter()) } else { Review::default() };
        for event in events.from(place(first_new)) {
            if let Some(Drafted { batch, draft }) = self.drafted.get(&event.seq).copied()
                && let Some(policy) = review.policies().passed_over_by(event)
            {
                self.findings[batch].push(passed_over(draft, event, policy));
            }
        }
        for outcome in &mut self.outcomes {
            outcome.struck = struck_among(&self.planned, &outcome.already, &review);
        }
        for (seq, because) in admission::irregular(&bearing, first_new, review) {
            if let Some(Drafted { batch, draft }) = self.drafted.get(&seq).copied() {
                self.findings[batch].push(irregular(draft, events.at(place(seq)), because, self.options));
            }
        }
    }

    /// Returns the plan, unless something refuses it.
    fn end(mut self) -> Result<Plan<'p>, AppendError> {
        let is_refused = self.is_broken || self.findings.iter().flatten().any(|finding| finding.code.refuses());
        if let Some((Drafted { batch, draft }, recorded)) = self.undated.first().copied().filter(|_| !is_refused) {
            self.findings[batch].push(undated(draft, self.undated.len() - 1, recorded));
        }
        for (batch, finding) in open_days(&self.planned, &self.drafted) {
            self.findings[batch].push(finding);
        }
        for (outcome, found) in self.outcomes.iter_mut().zip(&self.findings) {
            outcome.warnings = found.iter().filter(|finding| !finding.code.refuses()).cloned().collect();
        }
        let strict = |finding: &Finding| self.options.strict && finding.code == Code::Irregular;
        if is_refused || self.findings.iter().flatten().any(strict) {
            return Err(AppendError::NotAdmissible { findings: self.findings });
        }
        let head = self.planned.chain.end();
        let appended = Appended { batches: self.outcomes, head, preview: None };
        Ok(Plan { planned: self.planned, batches: self.ready, appended })
    }
}

/// The events of a batch, as bytes, and each with its position and id.
type Written = (Vec<Vec<u8>>, Vec<(u64, String)>);

fn check_head(state: &State, expected: Option<EventHash>) -> Result<(), AppendError> {
    let actual = state.chain().head();
    match expected.filter(|expected| *expected != actual) {
        Some(expected) => Err(AppendError::HeadMoved { expected: expected.to_string(), actual: actual.to_string() }),
        None => Ok(()),
    }
}

/// Tells whether a batch is refused by what was found of it, or since some of it could not be read.
fn refuses(batch: &Batch, found: &[Finding]) -> bool {
    !batch.fragments.is_empty() || found.iter().any(|finding| finding.code.refuses())
}

/// Finds which of the events that were there already no longer stand, and by what; what awaits reviewers strikes nothing.
fn struck_among(planned: &Planned<'_>, already: &[(usize, u64)], review: &Review<'_>) -> BTreeMap<u64, Vec<u64>> {
    let events = planned.events();
    // Of what is refused, some would have been there by now.
    let written = already.iter().filter(|(_, seq)| *seq < events.len() as u64);
    let struck = written.map(|(_, seq)| {
        let by = planned.bearing.struck_by(events, place(*seq)).into_iter();
        let counting = by.take_while(|by| !review.awaits(events.at(*by)));
        (*seq, counting.map(|by| by as u64).collect::<Vec<_>>())
    });
    struck.filter(|(_, by)| !by.is_empty()).collect()
}

fn has_documents(batches: &[Batch]) -> bool {
    let drafts = batches.iter().flat_map(|batch| batch.drafts.iter().map(|draft| &draft.sources));
    let fragments = batches.iter().flat_map(|batch| batch.fragments.iter().map(|fragment| &fragment.sources));
    drafts.chain(fragments).flatten().any(|source| source.document.is_some())
}

fn too_large(what: &str) -> Finding {
    let message =
        format!("a batch has at most {MAX_BATCH_LEN} events and {MAX_BATCH_BYTES} bytes; this file makes {what}");
    Finding::new(0, "", Code::BatchTooLarge, message).hint("split the file")
}
