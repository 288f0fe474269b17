//! The whole state on a day, as one document.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::AgreementType;
use crate::domain::day::Day;
use crate::query::members::{Counts, Member};
use crate::query::{Asked, Position, Prefer, QueryError, RecordedBy, Standpoint, View};

/// The answer: `servanda/state/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct State {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The day.
    pub on: Day,
    /// The day by which claims had to be announced.
    pub announced_by: Option<Day>,
    /// The position or moment by which events had to be recorded.
    pub recorded_by: Option<RecordedBy>,
    /// Which of several claims of one fact decided.
    pub prefer: Prefer,
    /// The position at which the answer was computed.
    pub position: Position,
    /// Every agreement, in the order of their ids.
    pub agreements: Vec<AgreementState>,
}

/// One agreement, and who is what to it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgreementState {
    /// The agreement's id.
    pub id: String,
    /// Its title on that day.
    pub title: String,
    /// Its type on that day.
    pub r#type: AgreementType,
    /// The parties whose status is more than former, in the order of their ids.
    pub parties: Vec<Member>,
    /// How many are members.
    pub counts: Counts,
}

/// Replays the history to a day.
///
/// # Errors
///
/// [`QueryError::NotRecorded`] if the ledger has no such position.
pub fn replay(asked: Asked<'_>, at: Standpoint) -> Result<State, QueryError> {
    let view = View::of(asked.events, at.known)?;
    let agreements = view.state(at).into_iter().map(|state| {
        let parties: Vec<Member> = state.members.into_iter().filter(Member::takes_part).collect();
        AgreementState {
            id: state.agreement.id.to_string(),
            title: state.agreement.title.clone(),
            r#type: state.agreement.r#type,
            counts: Counts::of(&parties),
            parties,
        }
    });
    Ok(State {
        schema: "servanda/state/v1",
        on: at.on,
        announced_by: at.known.announced_by,
        recorded_by: at.known.recorded_by,
        prefer: at.prefer,
        position: view.position(asked),
        agreements: agreements.collect(),
    })
}
