//! The questions that every face asks. Plain data out, no formatting.
//!
//! Every answer names the events that it rests on, and the position of the log at which it was computed. A question is
//! asked of [`Snapshot`], the events of a log, from a [`Standpoint`]: a day, what was known, and which
//! claims count. The caller brings the day; there is no today here.
//!
//! # Example
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use servanda::domain::day::Day;
//! use servanda::ledger::{Access, Folder, Log};
//! use servanda::query::members::{Question, members};
//! use servanda::query::Standpoint;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let access = Access { holder: "my program".to_owned(), lock_timeout: Duration::from_secs(10) };
//! let log = Log::read(&Folder::at("ilrs.servanda"), &access)?;
//! let snapshot = log.snapshot()?;
//! let at = Standpoint::on(Day::parse("2023-10-19")?);
//! let answer = members(&snapshot, "ilrs", Question { at, party_type: None, all: false })?;
//! let states: Vec<&str> = answer.members.iter().map(|member| member.name.as_str()).collect();
//! # Ok(())
//! # }
//! ```
//!
//! Each question has an example of its own that runs.

pub mod actions;
pub mod agreement;
pub mod certificate;
pub mod citations;
pub mod clock;
pub mod conflicts;
pub mod consequences;
pub mod contributions;
pub mod correctable;
pub mod counts;
pub mod diff;
mod facts_told;
mod fulfilments;
pub mod history;
pub mod keys;
pub mod list;
pub mod load;
pub mod members;
pub mod mission;
mod parallel_json;
pub mod party;
pub mod prospects;
pub mod records;
pub mod replay;
pub mod review;
pub mod search;
pub mod sentence;
pub mod sources;
pub mod standings;
pub mod timeline;
mod view;
pub mod why;
pub mod years;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::Kind;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::Snapshot;
use crate::integrity::EventHash;
use crate::projection::membership::Reckoning;

pub use crate::projection::membership::Reported;
pub use crate::projection::rank::{Prefer, Reason};
pub use crate::projection::rules::Status;
pub use view::View;

/// Where on the clocks of knowledge an answer is sought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Claims certainly announced by that day, inclusive.
    pub announced_by: Option<Day>,
    /// Events recorded by then, inclusive.
    pub recorded_by: Option<RecordedBy>,
}

/// From where a question is asked: a day, what was known, and which claims count.
#[derive(Debug, Clone, Copy)]
pub struct Standpoint {
    /// The day on which it has to hold.
    pub on: Day,
    /// What was known.
    pub known: Known,
    /// Whether what is only reported may show.
    pub reported: Reported,
    /// Which of several claims of one fact decides.
    pub prefer: Prefer,
}

impl Standpoint {
    /// That day, by all that is known and confirmed, the strongest source deciding.
    pub fn on(day: Day) -> Self {
        Self { on: day, known: Known::default(), reported: Reported::LeftOut, prefer: Prefer::default() }
    }

    fn reckoning(&self) -> Reckoning {
        Reckoning { on: self.on, reported: self.reported, prefer: self.prefer }
    }
}

/// From where an answer was sought, and the position at which it was computed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Vantage {
    /// The day.
    pub on: Day,
    /// The day by which claims had to be announced.
    pub announced_by: Option<Day>,
    /// The position or moment by which events had to be recorded.
    pub recorded_by: Option<RecordedBy>,
    /// Whether what is only reported may show.
    pub include_reported: bool,
    /// Which of several claims of one fact decided.
    pub prefer: Prefer,
    /// The position at which the answer was computed.
    pub position: Position,
}

/// A point on the clock of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RecordedBy {
    /// The event of that position and those before it.
    Seq(u64),
    /// Everything recorded at that moment and before it.
    At(Timestamp),
}

/// The position of the log at which an answer was computed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Position {
    /// Number of events.
    pub len: u64,
    /// Hash of the newest of them.
    pub head: EventHash,
}

impl Position {
    /// Where a log stands now; before its first event, what that follows.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self { len: snapshot.heads.len(), head: snapshot.heads.head() }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Nothing of that name is described.
    #[error("there is no {} `{name}` in the ledger", .namespace.map_or("party, agreement or mission", Namespace::as_str))]
    NotFound {
        /// Where it was looked for; everywhere, if none.
        namespace: Option<Namespace>,
        /// What was asked for.
        name: String,
        /// The things whose names hold the same words, or are spelled nearly so, nearest first.
        near: Vec<Called>,
        /// How many things are described there.
        described: usize,
    },
    /// More than one thing is called so.
    #[error("{} {} are called `{name}`: {}", .found.len(), .namespace.things(), listed(.found))]
    SeveralSo {
        /// Where it was looked for.
        namespace: Namespace,
        /// What was asked for.
        name: String,
        /// They, in the order of their ids.
        found: Vec<Called>,
    },
    /// Nothing was recorded by then, or there is no such event yet.
    #[error("the ledger has no such position: {}", span(*.first, *.newest))]
    NotRecorded {
        /// When the first event was recorded.
        first: Option<Timestamp>,
        /// The newest event, and when it was recorded.
        newest: Option<(u64, Timestamp)>,
    },
    /// The position lies inside a batch, and these facts know the heads of the log at the ends of batches alone.
    #[error("event {0} lies inside a batch, where these facts do not know the head of the log: read them from the log")]
    InsideBatch(u64),
    /// No source has a document whose address begins so.
    #[error("no source has a document whose address begins with `{0}`")]
    NoSource(String),
    /// More than one document has an address that begins so.
    #[error("{} documents have an address that begins with `{prefix}`", .found.len())]
    SeveralSources {
        /// What was asked for.
        prefix: String,
        /// Their addresses.
        found: Vec<String>,
    },
    /// No event of that position, id or hash.
    #[error("there is no event `{0}`")]
    NoEvent(String),
    /// What was retracted is not corrected.
    #[error("event {seq} was taken back by event {by}")]
    TakenBack {
        /// The event.
        seq: u64,
        /// The retraction, or the correction that puts nothing in its place.
        by: u64,
    },
    /// What says nothing of the world is not corrected.
    #[error("event {seq} is a {kind}, which is not corrected")]
    NotCorrectable {
        /// The event.
        seq: u64,
        /// What it is.
        kind: Kind,
    },
    /// More than one event has a hash that begins so.
    #[error("{} events have a hash that begins with `{prefix}`", .seqs.len())]
    Ambiguous {
        /// The beginning that was given.
        prefix: String,
        /// The events.
        seqs: Vec<u64>,
    },
}

/// A thing by its id and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Called {
    /// Its id.
    pub id: String,
    /// Its name or title.
    pub name: String,
}

impl std::fmt::Display for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.id.eq_ignore_ascii_case(&self.name) {
            write!(f, "`{}`", self.id)
        } else {
            write!(f, "`{}` ({})", self.id, self.name)
        }
    }
}

/// The first of some things, and how many more there are.
fn listed(things: &[Called]) -> String {
    const MOST: usize = 12;
    let told: Vec<String> = things.iter().take(MOST).map(Called::to_string).collect();
    match (told.split_last(), things.len().saturating_sub(MOST)) {
        (Some((last, [])), 0) => last.clone(),
        (Some((last, before)), 0) => format!("{} and {last}", before.join(", ")),
        (_, more) => format!("{} and {more} more", told.join(", ")),
    }
}

fn span(first: Option<Timestamp>, newest: Option<(u64, Timestamp)>) -> String {
    match first.zip(newest) {
        Some((first, (seq, moment))) => {
            format!("its first event was recorded at {first}, and the newest, event {seq}, at {moment}")
        }
        None => "it has no events".to_owned(),
    }
}
