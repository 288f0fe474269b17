//! The clock by which an append is recorded, and how far a wrong one may lead.
//!
//! What follows an event is recorded no earlier than it. So a clock that was far ahead once would keep everybody from
//! appending until that day, and one that lies behind would date back. A clock that cannot be right is refused; one that
//! leaps is, until somebody says that it is right. What was recorded under a wrong one all the same is corrected by an event
//! that an admin signs, from which the ledger goes on: see [`effective`](crate::event::effective).

use crate::domain::announcement::{Announcement, Body};
use crate::domain::record::ClockCorrected;
use crate::domain::timestamp::Timestamp;
use crate::event::effective::CorrectionFault;
use crate::ledger::Ledger;
use crate::ledger::admission::{New, days_after};
use crate::ledger::append::AppendError;
use crate::ledger::draft::Batch;
use crate::ledger::finding::{Code, Finding};
use crate::ledger::own::Own;
use crate::ledger::signer::Signer;

/// When this format was made, in milliseconds since 1970: 2026-11-22. Nothing was recorded before.
const RELEASED_MS: i64 = 1_795_305_600_000;
/// How far a clock may lie behind the newest event, in milliseconds: as far as honest clocks of two machines differ.
const MOST_BEHIND_MS: i64 = 10 * 60 * 1000;
/// How far a clock may lie ahead of the newest event unless it is said to be right, in milliseconds: a ledger of yearly
/// reports never meets it.
const MOST_AHEAD_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// The latest time that an honest clock may have said when another says that.
pub(super) fn tolerated(now: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + MOST_BEHIND_MS).unwrap_or(now)
}

/// The caller's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    now: Timestamp,
    said: Said,
}

/// What somebody says of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Right,
}

/// Why a clock is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockFault {
    /// It lies behind the ledger.
    #[error("the clock says {now}, more than 10 minutes before the newest event, recorded at {newest}")]
    Behind {
        /// What the clock says.
        now: Timestamp,
        /// When the newest event was recorded.
        newest: Timestamp,
    },
    /// It lies far ahead of the ledger, and nobody said that it is right.
    #[error("the clock says {now}, more than 400 days after the newest event, recorded at {newest}")]
    Ahead {
        /// What the clock says.
        now: Timestamp,
        /// When the newest event was recorded.
        newest: Timestamp,
    },
    /// It lies before there was a program to append with.
    #[error("the clock says {now}, before this program was made: {released}")]
    BeforeRelease {
        /// What the clock says.
        now: Timestamp,
        /// When the program was made.
        released: Timestamp,
    },
}

impl Clock {
    /// A clock that somebody says is right, however long the ledger has slept.
    pub fn said_to_be_right(now: Timestamp) -> Self {
        Self { now, said: Said::Right }
    }

    /// What it says, if anything can be recorded then.
    ///
    /// # Errors
    ///
    /// [`ClockFault::BeforeRelease`].
    pub fn now(self) -> Result<Timestamp, ClockFault> {
        let released = Timestamp::from_unix_ms(RELEASED_MS).expect("a moment of 2026");
        if self.now < released {
            return Err(ClockFault::BeforeRelease { now: self.now, released });
        }
        Ok(self.now)
    }

    /// When something is recorded that follows an event of that time: the later of both.
    ///
    /// # Errors
    ///
    /// Every [`ClockFault`].
    pub(super) fn after(self, newest: Option<Timestamp>) -> Result<Timestamp, ClockFault> {
        let now = self.now()?;
        let Some(newest) = newest else { return Ok(now) };
        let ahead_ms = now.unix_ms() - newest.unix_ms();
        if ahead_ms < -MOST_BEHIND_MS {
            return Err(ClockFault::Behind { now, newest });
        }
        if ahead_ms > MOST_AHEAD_MS && self.said == Said::Nothing {
            return Err(ClockFault::Ahead { now, newest });
        }
        Ok(now.max(newest))
    }
}

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
    ) -> Result<Own, AppendError> {
        let clock = clock.into();
        let newest = self.chain.len().saturating_sub(1);
        let from = from.or_else(|| self.chain.first_after(clock.now)).unwrap_or(newest);
        let corrected = ClockCorrected { from, reason: reason.to_owned() };
        self.append_own_anew(Announcement::of(corrected), signer, clock)
    }
}

fn corrects(announcement: &Announcement) -> bool {
    matches!(announcement.body, Body::ClockCorrected(_))
}

impl Ledger {
    /// When a batch is recorded, before it is known what of it is new: the later of the clock and the newest event, which a
    /// correction of the clock precedes.
    pub(super) fn recording_time(&self, batch: &Batch, clock: Clock) -> Result<Timestamp, ClockFault> {
        let corrects = batch.drafts.iter().any(|draft| corrects(&draft.announcement));
        if corrects { clock.now() } else { clock.after(self.chain.recorded()) }
    }

    /// The same of what is new of it: a correction that is there already precedes nothing.
    pub(super) fn recorded_with(&self, new: &[New], time: Timestamp, clock: Clock) -> Result<Timestamp, ClockFault> {
        let is_before = self.chain.recorded().is_some_and(|newest| time < newest);
        let corrects = new.iter().any(|new| corrects(&new.announcement));
        if is_before && !corrects && !new.is_empty() { clock.after(self.chain.recorded()) } else { Ok(time) }
    }

    /// A correction of the clock that would correct nothing, or too much.
    pub(super) fn miscorrected(&self, new: &[New], recorded: Timestamp, clock: Clock) -> Option<Finding> {
        new.iter().find_map(|new| {
            let Body::ClockCorrected(corrected) = &new.announcement.body else { return None };
            let refused = |field: &str, message: String, hint: &str| {
                Some(Finding::new(new.draft, field, Code::ClockCorrection, message).hint(hint))
            };
            let Err(fault) = self.chain.check_correction(corrected.from, recorded) else {
                let before = self.source_after(corrected.from, recorded).filter(|_| clock.said == Said::Nothing)?;
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
        let from = usize::try_from(from).expect("events are in memory");
        self.facts.events.iter().skip(from).find_map(|event| {
            let mut sources = event.announcement.evidence.iter();
            let (key, date) = sources.find_map(|evidence| days_after(&evidence.source, recorded).next())?;
            Some(format!(
                "corrects the clock to {recorded}, and event {}, which counts as recorded no later then, rests on a source that was {key} on {date}",
                event.seq
            ))
        })
    }
}

impl From<Timestamp> for Clock {
    /// A clock of which nothing is said.
    fn from(now: Timestamp) -> Self {
        Self { now, said: Said::Nothing }
    }
}
