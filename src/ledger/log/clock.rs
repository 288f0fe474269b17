//! The clock by which an append is recorded, and how far a wrong one may lead.
//!
//! What follows an event is recorded no earlier than it. So a clock that was far ahead once would keep everybody from
//! appending until that day, and one that lies behind would date back. A clock that cannot be right is refused; one that
//! leaps is, until somebody says that it is right. What was recorded under a wrong one all the same is corrected by an event
//! that an admin signs, from which the ledger goes on: see [`effective`](crate::event::effective).

use crate::domain::timestamp::Timestamp;

/// When this format was made, in milliseconds since 1970: 2026-11-22. Nothing was recorded before.
const RELEASED_MS: i64 = 1_795_305_600_000;
/// How far a clock may lie behind the newest event, in milliseconds: as far as honest clocks of two machines differ.
const MOST_BEHIND_MS: i64 = 10 * 60 * 1000;
/// How far a clock may lie ahead of the newest event unless it is said to be right, in milliseconds: a ledger of yearly
/// reports never meets it.
const MOST_AHEAD_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// The latest time that an honest clock may have said when another says that.
pub(crate) fn tolerated(now: Timestamp) -> Timestamp {
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

    /// Returns what the clock says, whether or not anything can be recorded then.
    pub(crate) fn reading(self) -> Timestamp {
        self.now
    }

    /// Tells whether somebody says that the clock is right.
    pub(crate) fn is_said_right(self) -> bool {
        self.said == Said::Right
    }

    /// When something is recorded that follows an event of that time: the later of both.
    ///
    /// # Errors
    ///
    /// Every [`ClockFault`].
    pub(crate) fn after(self, newest: Option<Timestamp>) -> Result<Timestamp, ClockFault> {
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

impl From<Timestamp> for Clock {
    /// A clock of which nothing is said.
    fn from(now: Timestamp) -> Self {
        Self { now, said: Said::Nothing }
    }
}
