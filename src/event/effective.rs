//! When events were recorded, where the clock of some was wrong: their effective times.
//!
//! A correction of the clock says of the events from `from` up to itself that they bear times that were wrong. The
//! effective time of an event is the least of its own and of those of the later corrections whose `from` is not after
//! it. What a correction may say keeps this simple: its own time is not before the effective time of the event before
//! `from`, so that what stands before `from` is no later than it anyway, and everything else is recorded no earlier than
//! the event before it. So the effective time of an event is the least time of it and of all that follow, and effective
//! times never fall. A correction touches only the end of what it follows: it dates nothing else back, and no later one
//! takes its effect away.
//!
//! In scope: times. Out of scope: who may correct, and when a clock is believed.

use std::sync::Arc;

use crate::domain::announcement::Body;
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::Recorded;

/// The corrections of the clock that a log has, up to some event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections {
    /// Position and time of each that no later one outdoes: both ascend.
    decisive: Vec<(u64, Timestamp)>,
}

impl Corrections {
    /// Among events in their order.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Recorded>) -> Self {
        let mut corrections = Self::default();
        for event in events {
            corrections.take(event);
        }
        corrections
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Recorded) {
        if let Body::ClockCorrected(_) = &event.announcement.body {
            while self.decisive.pop_if(|(_, at)| *at >= event.stated).is_some() {}
            self.decisive.push((event.seq, event.stated));
        }
    }

    /// The effective time of an event.
    pub fn recorded(&self, event: &Recorded) -> Timestamp {
        self.effective(event.seq, event.stated)
    }

    /// The effective time of the event at a position, whose bytes state that time.
    pub fn effective(&self, seq: u64, stated: Timestamp) -> Timestamp {
        self.decisive_for(seq, stated).map_or(stated, |(_, at)| at)
    }

    /// The correction by which the event at a position has another time than its bytes state, if it has.
    pub fn corrected_by(&self, seq: u64, stated: Timestamp) -> Option<u64> {
        self.decisive_for(seq, stated).map(|(by, _)| by)
    }

    fn decisive_for(&self, seq: u64, stated: Timestamp) -> Option<(u64, Timestamp)> {
        let later = self.decisive.partition_point(|(by, _)| *by <= seq);
        self.decisive.get(later).copied().filter(|(_, at)| *at < stated)
    }
}

/// Why a correction of the clock cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorrectionFault {
    /// It would reach the first event, before which there is no time that bounds it.
    #[error("corrects the clock from the first event on, before which there is no time to hold it against")]
    FromGenesis,
    /// Nothing before it is later than it.
    #[error("corrects the clock to {corrected}, and nothing before it was recorded later")]
    NothingLater {
        /// The time of the correction.
        corrected: Timestamp,
    },
    /// What it leaves as it is was recorded later than it.
    #[error(
        "corrects the clock to {corrected} from event {from} on, and the event before that was recorded at {before}"
    )]
    TooLate {
        /// From where it corrects.
        from: u64,
        /// The effective time of the event before.
        before: Timestamp,
        /// The time of the correction.
        corrected: Timestamp,
    },
}

/// The effective times of a log's events, or of those from one on, as they follow each other.
///
/// They are the first events that have a time, with it in milliseconds; both ascend. Sixteen bytes for each time at which a log was
/// recorded: whoever plans what is to follow a long one shares those that stand, and has none of them copied.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    standing: Arc<Vec<(u64, i64)>>,
    /// How many of these count still.
    counting: usize,
    /// Those that follow.
    next: Vec<(u64, i64)>,
}

impl Times {
    /// The latest, which is that of the newest event.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.last().map(|(_, ms)| moment(ms))
    }

    /// Returns the first events that have a time, with it in milliseconds.
    #[cfg(test)]
    pub(super) fn steps(&self) -> Vec<(u64, i64)> {
        [self.counting(), &self.next].concat()
    }

    /// Has those that follow stand, where nobody shares the ones before them any more: whoever plans from here on copies none.
    pub(super) fn settle(&mut self) {
        if let Some(standing) = Arc::get_mut(&mut self.standing) {
            standing.truncate(self.counting);
            standing.append(&mut self.next);
            self.counting = standing.len();
        }
    }

    fn counting(&self) -> &[(u64, i64)] {
        &self.standing[..self.counting]
    }

    fn last(&self) -> Option<(u64, i64)> {
        self.next.last().or_else(|| self.counting().last()).copied()
    }

    /// Returns the step at a place, of all.
    fn at(&self, place: usize) -> Option<(u64, i64)> {
        self.counting().get(place).or_else(|| self.next.get(place.checked_sub(self.counting)?)).copied()
    }

    /// Returns how many steps come first of which something holds that holds of none behind them.
    fn first_of(&self, holds: impl Fn(&(u64, i64)) -> bool) -> usize {
        match self.counting().partition_point(&holds) {
            all if all == self.counting => all + self.next.partition_point(&holds),
            some => some,
        }
    }

    /// Takes the last step away, if something holds of it.
    fn pop_if(&mut self, holds: impl Fn(&(u64, i64)) -> bool) -> Option<(u64, i64)> {
        let last = self.last().filter(holds)?;
        if self.next.pop().is_none() {
            self.counting -= 1;
        }
        Some(last)
    }

    /// Whether the time of the event before that one is known, if there can be one.
    pub(super) fn reach(&self, from: u64) -> bool {
        from.checked_sub(1).is_none_or(|before| self.of(before).is_some())
    }

    /// The time of the event at a position, if it is known.
    fn of(&self, seq: u64) -> Option<Timestamp> {
        let step = self.first_of(|(first, _)| *first <= seq).checked_sub(1)?;
        self.at(step).map(|(_, ms)| moment(ms))
    }

    /// The first event that was recorded later than that.
    pub(super) fn first_after(&self, at: Timestamp) -> Option<u64> {
        let step = self.first_of(|(_, ms)| *ms <= at.unix_ms());
        self.at(step).map(|(first, _)| first)
    }

    /// Takes the next event; those before it are no later.
    pub(super) fn push(&mut self, seq: u64, at: Timestamp) {
        self.push_ms(seq, at.unix_ms());
    }

    /// Goes on with the times of the events that follow; the first of them may be the newest of these.
    pub(super) fn append(&mut self, next: &Self) {
        for (seq, ms) in next.counting().iter().chain(&next.next) {
            self.push_ms(*seq, *ms);
        }
    }

    fn push_ms(&mut self, seq: u64, ms: i64) {
        let mut first = seq;
        while let Some((later, _)) = self.pop_if(|(_, known)| *known > ms) {
            first = later;
        }
        if self.last().is_none_or(|(_, known)| known < ms) {
            self.next.push((first, ms));
        }
    }

    /// Whether a correction of that time, from an event on, can be.
    ///
    /// # Errors
    ///
    /// Every [`CorrectionFault`].
    pub(super) fn check(&self, from: u64, corrected: Timestamp) -> Result<(), CorrectionFault> {
        if self.newest().is_none_or(|newest| newest <= corrected) {
            return Err(CorrectionFault::NothingLater { corrected });
        }
        self.check_from(from, corrected)
    }

    /// Whether a correction of that time may reach back to an event; of one before those that are known nothing is said.
    ///
    /// # Errors
    ///
    /// [`CorrectionFault::FromGenesis`], [`CorrectionFault::TooLate`].
    pub(super) fn check_from(&self, from: u64, corrected: Timestamp) -> Result<(), CorrectionFault> {
        let before = from.checked_sub(1).ok_or(CorrectionFault::FromGenesis)?;
        match self.of(before) {
            Some(before) if before > corrected => Err(CorrectionFault::TooLate { from, before, corrected }),
            _ => Ok(()),
        }
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms).expect("it was a moment")
}
