//! The whole state on a day, as one document.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::AgreementType;
use crate::domain::id::Namespace;
use crate::event::snapshot::Snapshot;
use crate::ledger::Progress;
use crate::query::contributions::{ContributionState, contributions};
use crate::query::fulfilments::state_and_fulfilments;
use crate::query::members::{Counts, Member};
use crate::query::prospects::{Expected, ProspectState, expectations_met};
use crate::query::{QueryError, Standpoint, Vantage, View};

/// The answer: `servanda/state/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct State {
    /// Name and version of this form.
    pub schema: &'static str,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// Every agreement, in the order of their ids.
    pub agreements: Vec<AgreementState>,
    /// Every mission, in the order of their ids.
    pub missions: Vec<MissionState>,
    /// What is expected on that day and neither met nor called off.
    pub prospects: Vec<Expected>,
}

/// One mission, and what is given to it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MissionState {
    /// The mission's id.
    pub id: String,
    /// Its title on that day.
    pub title: String,
    /// The agreement whose mission it is, by id.
    pub programme: Option<String>,
    /// What parties give to it.
    pub contributions: Vec<ContributionState>,
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
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::replay::replay;
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let state = replay(&facts, on)?;
/// assert_eq!((state.agreements[0].parties.len(), state.missions.len()), (2, 1));
/// # Ok(())
/// # }
/// ```
pub fn replay(snapshot: &Snapshot, at: Standpoint) -> Result<State, QueryError> {
    replay_telling(snapshot, at, &|_, _, _| {})
}

/// The same, and tells how many agreements were replayed, and of how many.
///
/// # Errors
///
/// Those of [`replay`].
pub fn replay_telling(snapshot: &Snapshot, at: Standpoint, progress: Progress<'_>) -> Result<State, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let (states, met) = state_and_fulfilments(&view, at, progress);
    let agreements = states.into_iter().map(|state| {
        let parties: Vec<Member> = state.members.into_iter().filter(Member::takes_part).collect();
        AgreementState {
            id: state.agreement.id.to_string(),
            title: state.agreement.title.clone(),
            r#type: state.agreement.r#type,
            counts: Counts::of(&parties),
            parties,
        }
    });
    let is_pending = |expected: &Expected| !matches!(expected.state, ProspectState::Met | ProspectState::Cancelled);
    Ok(State {
        schema: "servanda/state/v1",
        vantage: view.vantage(at),
        agreements: agreements.collect(),
        missions: missions(&view, at),
        prospects: expectations_met(&view, at, met).into_iter().filter(is_pending).collect(),
    })
}

fn missions(view: &View<'_>, at: Standpoint) -> Vec<MissionState> {
    let mut by_mission: BTreeMap<String, Vec<ContributionState>> = BTreeMap::new();
    for contribution in contributions(view, at) {
        by_mission.entry(contribution.mission.to_ascii_lowercase()).or_default().push(contribution);
    }
    let ids = view.catalogue.ids(Namespace::Mission);
    let described = ids.filter_map(|id| Some((id, view.catalogue.mission(id, at.on)?)));
    described
        .map(|(id, mission)| MissionState {
            id: mission.id.to_string(),
            title: mission.title.clone(),
            programme: mission.programme.as_ref().map(|programme| view.agreement_id(programme, at.on)),
            contributions: by_mission.remove(id).unwrap_or_default(),
        })
        .collect()
}
