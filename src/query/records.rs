//! The raw events: all of them in order, or one.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::announcement::{Announcement, Kind};
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::event::statement::{self, Event};
use crate::integrity::EventHash;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Horizon, Knowledge};
use crate::query::sentence::Names;
use crate::query::{Asked, Position, QueryError, View};

/// Fewer lines than these are not worth a thread of their own.
const FEWEST_LINES: usize = 2048;

/// The answer: `servanda/log/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LogAnswer {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The ledger's name.
    pub origin: String,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The events, in order.
    pub events: Vec<Line>,
}

/// One event, in a line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Line {
    /// Its position.
    pub seq: u64,
    /// The position of the last event of its batch.
    pub batch: u64,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// By whom.
    pub recorder: Recorder,
    /// What it is about.
    pub kind: Kind,
    /// The announcement's id.
    pub id: String,
    /// What it says, in a sentence.
    pub what: String,
    /// Hash of its bytes.
    pub hash: EventHash,
}

/// One event whole: `servanda/event/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Shown {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The line that the log has for it.
    #[serde(flatten)]
    pub line: Line,
    /// Hash of the event before.
    pub prev: EventHash,
    /// Whether its bytes carry the batch's signature.
    pub signed: bool,
    /// The event that corrected or retracted it, if one did.
    pub struck_by: Option<u64>,
    /// What was announced: everything but the header.
    #[schemars(with = "Announcement")]
    pub announcement: Value,
}

/// Lists the events, oldest first; the newest `last` of them if a number is given.
pub fn log(asked: Asked<'_>, last: Option<usize>) -> LogAnswer {
    let view = View::whole(asked.events);
    let skip = last.map_or(0, |last| asked.events.len().saturating_sub(last));
    let names = Names(&view.catalogue);
    LogAnswer {
        schema: "servanda/log/v1",
        origin: asked.origin.to_owned(),
        position: view.position(asked),
        events: lines(&asked.events[skip..], &names),
    }
}

/// Shows one event, by its position, its announcement's id, or the first 8 or more digits of its hash.
///
/// # Errors
///
/// [`QueryError::NoEvent`], [`QueryError::Ambiguous`].
pub fn show(asked: Asked<'_>, which: &str) -> Result<Shown, QueryError> {
    let event = find(asked.events, which)?;
    let knowledge = Knowledge::of(asked.events, Horizon::default());
    let catalogue = Catalogue::of(&knowledge.claims);
    Ok(Shown {
        schema: "servanda/event/v1",
        line: line(event, &Names(&catalogue)),
        prev: event.header.prev,
        signed: event.signature.is_some(),
        struck_by: knowledge.struck.get(&event.header.seq).map(|struck| struck.by),
        announcement: statement::announced(&event.announcement),
    })
}

/// The event that is meant.
///
/// # Errors
///
/// [`QueryError::NoEvent`], [`QueryError::Ambiguous`].
pub fn find<'a>(events: &'a [Event], which: &str) -> Result<&'a Event, QueryError> {
    let digits = which.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(event) = which.parse::<usize>().ok().filter(|_| digits).and_then(|seq| events.get(seq)) {
        return Ok(event);
    }
    if let Some(event) = events.iter().find(|event| event.id.as_str().eq_ignore_ascii_case(which)) {
        return Ok(event);
    }
    let digits = which.len() >= 8 && which.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = which.to_ascii_lowercase();
    let found: Vec<&Event> =
        events.iter().filter(|event| digits && event.hash.to_string().starts_with(&prefix)).collect();
    match found.as_slice() {
        [] => Err(QueryError::NoEvent(which.to_owned())),
        [event] => Ok(event),
        several => Err(QueryError::Ambiguous { prefix, seqs: several.iter().map(|event| event.header.seq).collect() }),
    }
}

/// A line for each event, made on all cores.
fn lines(events: &[Event], names: &Names<'_, '_>) -> Vec<Line> {
    events.par_iter().with_min_len(FEWEST_LINES).map(|event| line(event, names)).collect()
}

fn line(event: &Event, names: &Names<'_, '_>) -> Line {
    Line {
        seq: event.header.seq,
        batch: event.header.batch,
        recorded: event.header.recorded,
        recorder: event.header.recorder.clone(),
        kind: event.announcement.body.kind(),
        id: event.id.to_string(),
        what: names.sentence(&event.announcement.body),
        hash: event.hash,
    }
}
