//! The raw events: all of them in order, or one.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::announcement::{Announcement, Body, Kind};
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::event::facts::{Facts, Recorded, Stand};
use crate::event::statement;
use crate::integrity::EventHash;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Horizon, Knowledge};
use crate::query::sentence::Names;
use crate::query::{Position, QueryError};

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
    #[serde(serialize_with = "crate::query::rows::serialize")]
    #[schemars(with = "Vec<Line>")]
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
///
/// The facts are those of a whole log, with its heads after each event, as [`Log::facts`](crate::ledger::Log::facts)
/// gives them.
pub fn log(facts: &Facts, last: Option<usize>) -> LogAnswer {
    let knowledge = naming(facts, None);
    let catalogue = Catalogue::of(&knowledge.claims);
    let skip = last.map_or(0, |last| facts.events.len().saturating_sub(last));
    LogAnswer {
        schema: "servanda/log/v1",
        origin: facts.origin.to_string(),
        position: Position::of(facts),
        events: lines(facts, skip, &Names(&catalogue)),
    }
}

/// Shows one event, by its position, its announcement's id, or the first 8 or more digits of its hash.
///
/// The facts are those of a whole log, as for [`log`].
///
/// # Errors
///
/// [`QueryError::NoEvent`], [`QueryError::Ambiguous`].
pub fn show(facts: &Facts, which: &str) -> Result<Shown, QueryError> {
    let event = find(facts, which)?;
    let knowledge = naming(facts, Some(event.seq));
    let catalogue = Catalogue::of(&knowledge.claims);
    let place = facts.heads.stands().partition_point(|stand| stand.len <= event.seq);
    let later = &facts.heads.stands()[place..];
    let batch = later.iter().find(|stand| stand.ends_batch).map_or(event.seq, |end| end.len - 1);
    Ok(Shown {
        schema: "servanda/event/v1",
        line: line(event, (batch, later[0].head), &Names(&catalogue)),
        prev: facts.heads.at(event.seq).ok_or(QueryError::InsideBatch(event.seq))?,
        signed: later[0].ends_batch,
        struck_by: knowledge.struck.get(&event.seq).map(|struck| struck.by),
        announcement: statement::announced(&event.announcement),
    })
}

/// What is known of names: by descriptions, and by what is said about them; and of one event, whether it was struck.
fn naming(facts: &Facts, also: Option<u64>) -> Knowledge<'_> {
    let bears_on_names = |event: &&Recorded| {
        let body = &event.announcement.body;
        let describes = body.kind().is_description() || matches!(body, Body::Memorandum(_));
        describes || body.about().is_some() || also == Some(event.seq)
    };
    Knowledge::among(facts.events.iter().filter(bears_on_names), Horizon::default())
}

/// The event that is meant.
///
/// # Errors
///
/// [`QueryError::NoEvent`], [`QueryError::Ambiguous`].
pub fn find<'a>(facts: &'a Facts, which: &str) -> Result<&'a Recorded, QueryError> {
    let digits = which.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(event) = which.parse().ok().filter(|_| digits).and_then(|seq| facts.event(seq)) {
        return Ok(event);
    }
    if let Some(event) = facts.events.iter().find(|event| event.id.as_str().eq_ignore_ascii_case(which)) {
        return Ok(event);
    }
    let digits = which.len() >= 8 && which.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = which.to_ascii_lowercase();
    let begins = |stand: &&Stand| digits && stand.head.to_string().starts_with(&prefix);
    let seqs: Vec<u64> = facts.heads.stands().iter().filter(begins).map(|stand| stand.len - 1).collect();
    match seqs.as_slice() {
        [seq] => facts.event(*seq).ok_or_else(|| QueryError::NoEvent(which.to_owned())),
        [] => Err(QueryError::NoEvent(which.to_owned())),
        _ => Err(QueryError::Ambiguous { prefix, seqs }),
    }
}

/// A line for each event from a place on, made on all cores.
fn lines(facts: &Facts, skip: usize, names: &Names<'_, '_>) -> Vec<Line> {
    let stands = &facts.heads.stands()[skip..];
    let mut batch = facts.heads.len().saturating_sub(1);
    let mut places: Vec<(u64, EventHash)> = Vec::with_capacity(stands.len());
    for stand in stands.iter().rev() {
        batch = if stand.ends_batch { stand.len - 1 } else { batch };
        places.push((batch, stand.head));
    }
    places.reverse();
    let events = facts.events[skip..].par_iter().with_min_len(FEWEST_LINES).zip(places);
    events.map(|(event, place)| line(event, place, names)).collect()
}

fn line(event: &Recorded, (batch, hash): (u64, EventHash), names: &Names<'_, '_>) -> Line {
    Line {
        seq: event.seq,
        batch,
        recorded: event.recorded,
        recorder: event.recorder.clone(),
        kind: event.announcement.body.kind(),
        id: event.id.to_string(),
        what: names.sentence(&event.announcement.body),
        hash,
    }
}
