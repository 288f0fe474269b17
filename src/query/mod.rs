//! The questions that every face asks. Plain data out, no formatting.
//!
//! Every answer names the events that it rests on, and the position of the log at which it was computed.

pub mod history;
pub mod keys;
pub mod members;
pub mod records;
pub mod sentence;
pub mod sources;

use serde::Serialize;

use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::timestamp::Timestamp;
use crate::event::statement::Event;
use crate::integrity::EventHash;
use crate::integrity::digest::genesis_prev;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Horizon, Knowledge};

pub use crate::projection::membership::Reported;
pub use crate::projection::rules::Status;

/// Where on the clocks of knowledge an answer is sought.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Claims certainly announced by that day, inclusive.
    pub announced_by: Option<Day>,
    /// Events recorded by then, inclusive.
    pub recorded_by: Option<RecordedBy>,
}

/// A point on the clock of recording.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum RecordedBy {
    /// The event of that position and those before it.
    Seq(u64),
    /// Everything recorded at that moment and before it.
    At(Timestamp),
}

/// The position of the log at which an answer was computed.
#[derive(Debug, Clone, Serialize)]
pub struct Position {
    /// Number of events.
    pub len: u64,
    /// Hash of the newest of them.
    pub head: EventHash,
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
        /// What is there.
        known: Vec<String>,
    },
    /// Nothing was recorded by then, or there is no such event yet.
    #[error("the ledger has no such position: {}", span(*.first, *.newest))]
    NotRecorded {
        /// When the first event was recorded.
        first: Option<Timestamp>,
        /// The newest event, and when it was recorded.
        newest: Option<(u64, Timestamp)>,
    },
    /// No source has a document whose address begins so.
    #[error("no source has a document whose address begins with `{0}`")]
    NoSource(String),
    /// No event of that position, id or hash.
    #[error("there is no event `{0}`")]
    NoEvent(String),
    /// More than one event has a hash that begins so.
    #[error("{} events have a hash that begins with `{prefix}`", .seqs.len())]
    Ambiguous {
        /// The beginning that was given.
        prefix: String,
        /// The events.
        seqs: Vec<u64>,
    },
}

fn span(first: Option<Timestamp>, newest: Option<(u64, Timestamp)>) -> String {
    match first.zip(newest) {
        Some((first, (seq, moment))) => {
            format!("its first event was recorded at {first}, and the newest, event {seq}, at {moment}")
        }
        None => "it has no events".to_owned(),
    }
}

/// A log, seen from a point on the clocks of knowledge.
#[derive(Debug)]
pub struct View<'a> {
    events: &'a [Event],
    knowledge: Knowledge<'a>,
    catalogue: Catalogue<'a>,
}

impl<'a> View<'a> {
    /// Looks at a log's events from `known`.
    ///
    /// # Errors
    ///
    /// [`QueryError::NotRecorded`] if `known` names an event that there is not, or a moment before the first.
    pub fn of(events: &'a [Event], known: Known) -> Result<Self, QueryError> {
        let len = match known.recorded_by {
            None => events.len(),
            Some(RecordedBy::Seq(seq)) => events.partition_point(|event| event.header.seq <= seq),
            Some(RecordedBy::At(moment)) => events.partition_point(|event| event.header.recorded <= moment),
        };
        let beyond = matches!(known.recorded_by, Some(RecordedBy::Seq(seq)) if seq >= events.len() as u64);
        if beyond || (len == 0 && known.recorded_by.is_some()) {
            let newest = events.last().map(|event| (event.header.seq, event.header.recorded));
            return Err(QueryError::NotRecorded { newest, first: events.first().map(|event| event.header.recorded) });
        }
        Ok(Self::at(&events[..len], Horizon { announced_by: known.announced_by }))
    }

    /// Looks at all of a log, as it is known now.
    pub fn whole(events: &'a [Event]) -> Self {
        Self::at(events, Horizon::default())
    }

    fn at(events: &'a [Event], horizon: Horizon) -> Self {
        let knowledge = Knowledge::of(events, horizon);
        let catalogue = Catalogue::of(&knowledge.claims);
        Self { events, knowledge, catalogue }
    }

    /// The position that answers are computed at; `None` before the first event.
    pub fn position(&self) -> Option<Position> {
        let last = self.events.last()?;
        Some(Position { len: self.events.len() as u64, head: last.hash })
    }

    fn position_or(&self, origin: &str) -> Position {
        self.position().unwrap_or_else(|| Position { len: 0, head: genesis_prev(origin) })
    }

    /// The id of a thing, as its description writes it, by its id or another name.
    fn find(&self, namespace: Namespace, name: &str) -> Result<String, QueryError> {
        self.catalogue.find(namespace, name).ok_or_else(|| QueryError::NotFound {
            namespace: Some(namespace),
            name: name.to_owned(),
            known: self.catalogue.ids(namespace).map(str::to_owned).collect(),
        })
    }
}

/// The events of a log, with the name of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The ledger's origin.
    pub origin: &'a str,
    /// Its events.
    pub events: &'a [Event],
}
