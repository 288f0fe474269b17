//! The clocks by which events were recorded: which were wrong, and which lie ahead of the one that is asked by.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::Body;
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::query::Position;

/// The answer: `servanda/clock/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClockAnswer {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The position at which the answer was computed.
    pub position: Position,
    /// What the clock says that is asked by.
    pub now: Timestamp,
    /// When the newest event was recorded.
    pub newest: Option<Timestamp>,
    /// The first event that was recorded later than the clock says, and so all that follow it.
    pub ahead_from: Option<u64>,
    /// The corrections, in their order.
    pub corrections: Vec<ClockCorrection>,
}

/// One correction.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClockCorrection {
    /// The event that says it.
    pub event: u64,
    /// The first event whose time was wrong; the last is the one before this event.
    pub from: u64,
    /// When the clock was corrected: those events count as recorded no later.
    pub recorded: Timestamp,
    /// By whom.
    pub recorder: Recorder,
    /// How it came to be wrong.
    pub reason: String,
}

/// Tells which events lie ahead of a clock, and what was corrected.
///
/// The facts are those of all events about the ledger itself, with the heads after its batches.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::query::clock::clock;
///
/// let facts = example()?;
/// let newest = facts.heads.newest().expect("there are events").recorded;
/// assert_eq!(clock(&facts, newest).ahead_from, None);
/// # Ok(())
/// # }
/// ```
pub fn clock(snapshot: &Snapshot, now: Timestamp) -> ClockAnswer {
    let correction = |event: &Recorded| match &event.announcement.body {
        Body::ClockCorrected(corrected) => Some(ClockCorrection {
            event: event.seq,
            from: corrected.from,
            recorded: event.stated,
            recorder: event.recorder.clone(),
            reason: corrected.reason.clone(),
        }),
        _ => None,
    };
    ClockAnswer {
        schema: "servanda/clock/v1",
        position: Position::of(snapshot),
        now,
        newest: snapshot.heads.newest().map(|newest| newest.recorded),
        ahead_from: Some(snapshot.heads.len_by(now)).filter(|from| *from < snapshot.heads.len()),
        corrections: snapshot.events.iter().filter_map(correction).collect(),
    }
}
