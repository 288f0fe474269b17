//! The raw events: all of them in order, or one.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::announcement::{Announcement, Kind};
use crate::domain::id::{Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::event::effective::Corrections;
use crate::event::snapshot::{LogPoint, Recorded, Snapshot};
use crate::event::statement::{self, Event};
use crate::integrity::EventHash;
use crate::ledger::log::reader::bears_on_names;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Horizon, Knowledge, Unreviewed};
use crate::projection::review::Review;
use crate::query::review::ReviewTold;
use crate::query::sentence::Names;
use crate::query::{Position, QueryError};

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
    #[serde(serialize_with = "crate::query::parallel_json::serialize")]
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
    /// What the clock said instead, where it was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<WrongClock>,
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

/// A clock that was wrong.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct WrongClock {
    /// What it said, as the event's bytes have it.
    pub said: Timestamp,
    /// The event that corrected it.
    pub corrected_by: u64,
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
    /// What reviewers said, where its kind needs them or they said something.
    pub review: Option<ReviewTold>,
    /// The event that revoked the key with which somebody else may have signed it, unless it was reaffirmed.
    pub suspect: Option<u64>,
    /// What was announced: everything but the header.
    #[schemars(with = "Announcement")]
    pub announcement: Value,
}

/// The names by which sentences call things, and when events were recorded.
#[derive(Debug)]
pub struct Naming<'a> {
    catalogue: Catalogue<'a>,
    corrections: Corrections,
}

impl<'a> Naming<'a> {
    /// From what bears on names, as [`Log::naming`](crate::ledger::Log::naming) gives it, or from more.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Self::by(&naming(snapshot, None, Review::of(&snapshot.events)))
    }

    fn by(knowledge: &Knowledge<'a>) -> Self {
        Self { catalogue: Catalogue::of(knowledge), corrections: knowledge.review.corrections.clone() }
    }

    /// An event in a line.
    pub fn line(&self, event: &Event) -> Line {
        let header = &event.header;
        let corrected_by = self.corrections.corrected_by(header.seq, header.recorded);
        Line {
            seq: header.seq,
            batch: header.batch,
            recorded: self.corrections.effective(header.seq, header.recorded),
            clock: corrected_by.map(|corrected_by| WrongClock { said: header.recorded, corrected_by }),
            recorder: header.recorder.clone(),
            kind: event.announcement.body.kind(),
            id: event.id.to_string(),
            what: Names(&self.catalogue).sentence(&event.announcement.body),
            hash: event.hash,
        }
    }
}

impl LogAnswer {
    /// Events in their lines, of a log that stands so.
    pub fn of(origin: &Origin, position: Position, events: Vec<Line>) -> Self {
        Self { schema: "servanda/log/v1", origin: origin.to_string(), position, events }
    }
}

/// Shows an event whole; what is known of it, and of names, is told by the facts of the log.
pub fn show(snapshot: &Snapshot, event: &Event) -> Shown {
    let seq = event.header.seq;
    // How many reviewers an event takes may follow from what has no bearing on names.
    let knowledge = naming(snapshot, Some(seq), Review::of(&snapshot.events));
    let (review, recorded) = (&knowledge.review, snapshot.event(seq));
    Shown {
        schema: "servanda/event/v1",
        line: Naming::by(&knowledge).line(event),
        prev: event.header.prev,
        signed: event.header.ends_batch(),
        struck_by: knowledge.struck.get(&seq).map(|struck| struck.by),
        review: recorded.and_then(|recorded| ReviewTold::of_event(review, recorded)),
        suspect: recorded.and_then(|recorded| review.suspected(recorded)),
        announcement: statement::announced(&event.announcement),
    }
}

/// What is known of names: by descriptions, and by what is said about them; and of one event, whether it was struck.
fn naming<'a>(snapshot: &'a Snapshot, also: Option<u64>, review: Review<'a>) -> Knowledge<'a> {
    let bears = |event: &&Recorded| {
        let body = &event.announcement.body;
        !body.kind().is_about_ledger() && (bears_on_names(body) || also == Some(event.seq))
    };
    let told = snapshot.events.iter().filter(bears).collect();
    Knowledge::reviewed(told, review, Horizon::default(), Unreviewed::LeftOut)
}

/// The event that is meant.
///
/// # Errors
///
/// [`QueryError::NoEvent`], [`QueryError::Ambiguous`].
pub fn find<'a>(snapshot: &'a Snapshot, which: &str) -> Result<&'a Recorded, QueryError> {
    let digits = which.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(event) = which.parse().ok().filter(|_| digits).and_then(|seq| snapshot.event(seq)) {
        return Ok(event);
    }
    if let Some(event) = snapshot.events.iter().find(|event| event.id.as_str().eq_ignore_ascii_case(which)) {
        return Ok(event);
    }
    let digits = which.len() >= 8 && which.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = which.to_ascii_lowercase();
    let begins = |stand: &&LogPoint| digits && stand.head.hash.to_string().starts_with(&prefix);
    let seqs: Vec<u64> = snapshot.heads.stands().iter().filter(begins).map(|stand| stand.head.len - 1).collect();
    match seqs.as_slice() {
        [seq] => snapshot.event(*seq).ok_or_else(|| QueryError::NoEvent(which.to_owned())),
        [] => Err(QueryError::NoEvent(which.to_owned())),
        _ => Err(QueryError::Ambiguous { prefix, seqs }),
    }
}
