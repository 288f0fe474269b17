//! Corrections of the clock: an event that an admin signs, from which the ledger goes on.

use crate::domain::announcement::{Announcement, Body};
use crate::domain::governance::ClockCorrected;
use crate::domain::timestamp::Timestamp;
use crate::event::effective::CorrectionFault;
use crate::ledger::admission::draft::Batch;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::admission::{AdmittedDraft, days_after};
use crate::ledger::keys::signer::Signer;
use crate::ledger::log::clock::{Clock, ClockFault};
use crate::ledger::state::Planned;
use crate::ledger::write::Ledger;
use crate::ledger::write::administer::Administered;
use crate::ledger::write::append::{AppendError, place};

impl Ledger {
    /// Says that events bear times that were wrong: those from one on, or, if none is named, from the first that is later
    /// than the clock. What follows is recorded from the clock on.
    ///
    /// # Errors
    ///
    /// [`AppendError`]: [`AppendError::NotAdmissible`] also if no event is later than the clock, or the event before these
    /// is, or one of these rests on a source of a day that the clock has not reached and is not said to be right about, or
    /// the signer is no admin.
    pub fn correct_clock(
        &mut self,
        from: Option<u64>,
        reason: &str,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Administered, AppendError> {
        let clock = clock.into();
        let newest = self.state.chain().len().saturating_sub(1);
        let from = from.or_else(|| self.state.chain().first_after(clock.reading())).unwrap_or(newest);
        let corrected = ClockCorrected { from, reason: reason.to_owned() };
        self.append_own_anew(Announcement::of(corrected), signer, clock)
    }
}

fn corrects(announcement: &Announcement) -> bool {
    matches!(announcement.body, Body::ClockCorrected(_))
}

impl Planned<'_> {
    /// When a batch is recorded, before it is known what of it is new: the later of the clock and the newest event, which a
    /// correction of the clock precedes.
    pub(crate) fn recording_time(&self, batch: &Batch, clock: Clock) -> Result<Timestamp, ClockFault> {
        let corrects = batch.drafts.iter().any(|draft| corrects(&draft.announcement));
        if corrects { clock.now() } else { clock.after(self.chain.recorded()) }
    }

    /// The same of what is new of it: a correction that is there already precedes nothing.
    pub(crate) fn recorded_with(
        &self,
        new: &[AdmittedDraft],
        time: Timestamp,
        clock: Clock,
    ) -> Result<Timestamp, ClockFault> {
        let is_before = self.chain.recorded().is_some_and(|newest| time < newest);
        let corrects = new.iter().any(|new| corrects(&new.announcement));
        if is_before && !corrects && !new.is_empty() { clock.after(self.chain.recorded()) } else { Ok(time) }
    }

    /// A correction of the clock that would correct nothing, or too much.
    pub(crate) fn miscorrected(&self, new: &[AdmittedDraft], recorded: Timestamp, clock: Clock) -> Option<Finding> {
        new.iter().find_map(|new| {
            let Body::ClockCorrected(corrected) = &new.announcement.body else { return None };
            let refused = |field: &str, message: String, hint: &str| {
                Some(Finding::new(new.draft, field, Code::ClockCorrection, message).hint(hint))
            };
            let Err(fault) = self.chain.check_correction(corrected.from, recorded) else {
                let before = self.source_after(corrected.from, recorded).filter(|_| !clock.is_said_right())?;
                let hint = "set the clock: it is behind now. If it is right, and that day is wrong, say so: --clock-is-right";
                return refused("", before, hint);
            };
            let hint = match fault {
                CorrectionFault::FromGenesis => {
                    "a ledger that was founded under a wrong clock is founded again, and its files appended to the new one"
                }
                CorrectionFault::TooLate { .. } => "the wrong times begin earlier, or the clock is behind now",
                _ => "`servanda log` shows when events were recorded; is the clock right now?",
            };
            let field = if matches!(fault, CorrectionFault::NothingLater { .. }) { "" } else { "from" };
            refused(field, fault.to_string(), hint)
        })
    }

    /// The first event from one on that rests on a source of a later day than a time, in words: it was not recorded by then.
    fn source_after(&self, from: u64, recorded: Timestamp) -> Option<String> {
        self.events().from(place(from)).find_map(|event| {
            let mut sources = event.announcement.evidence.iter();
            let (key, date) = sources.find_map(|evidence| days_after(&evidence.source, recorded).next())?;
            Some(format!(
                "corrects the clock to {recorded}, and event {}, which counts as recorded no later then, rests on a source that was {key} on {date}",
                event.seq
            ))
        })
    }
}
