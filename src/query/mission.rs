//! Everything about one mission, on a day.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::Standing;
use crate::domain::id::Namespace;
use crate::event::snapshot::Snapshot;
use crate::query::agreement::{MilestoneEntry, Titled, milestones};
use crate::query::citations::{Cited, sources};
use crate::query::contributions::{ContributionState, contributions};
use crate::query::history::{Entry, entries};
use crate::query::prospects::{Expected, expectations};
use crate::query::{QueryError, Reported, Standpoint, Vantage, View};

/// The answer: `servanda/mission/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MissionPage {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The mission's id.
    pub mission: String,
    /// Its title on that day.
    pub title: String,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The agreement whose mission it is.
    pub programme: Option<Titled>,
    /// Other titles by which it is found.
    pub also_known_as: Vec<String>,
    /// What parties give to it.
    pub contributions: Vec<ContributionState>,
    /// What happened to it as a whole, or is expected to.
    pub milestones: Vec<MilestoneEntry>,
    /// What is or was expected about it.
    pub prospects: Vec<Expected>,
    /// Everything that names it, in the order in which it happened.
    pub history: Vec<Entry>,
    /// On whose word.
    pub sources: Vec<Cited>,
}

/// Answers everything about a mission, found by its id or another of its names.
///
/// # Errors
///
/// [`QueryError::NotFound`] if no such mission is described by then, [`QueryError::NotRecorded`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::mission::mission;
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let page = mission(&facts, "change-6", Standpoint::on(Day::parse("2023-10-21")?))?;
/// assert_eq!(page.contributions[0].item, "ICUBE-Q");
/// # Ok(())
/// # }
/// ```
pub fn mission(snapshot: &Snapshot, name: &str, at: Standpoint) -> Result<MissionPage, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let id = view.find(Namespace::Mission, name)?;
    let described = view.catalogue.mission(&id, at.on).expect("what was found is described");
    let subjects = [(Namespace::Mission, id.clone())];
    let events = view.concerning(&subjects);
    let claims = events.iter().filter_map(|event| view.knowledge.claim(event.seq));
    let claims = claims.filter(|claim| claim.standing == Standing::Confirmed || at.reported == Reported::Included);
    let is_ours = |contribution: &ContributionState| contribution.mission.eq_ignore_ascii_case(&id);
    Ok(MissionPage {
        schema: "servanda/mission/v1",
        mission: described.id.to_string(),
        title: described.title.clone(),
        vantage: view.vantage(at),
        programme: described.programme.as_ref().map(|programme| Titled {
            agreement: view.agreement_id(programme, at.on),
            title: view.agreement_title(programme, at.on),
        }),
        also_known_as: described.also_known_as.clone(),
        contributions: contributions(&view, at).into_iter().filter(is_ours).collect(),
        milestones: milestones(&claims.collect::<Vec<_>>()),
        prospects: expectations(&view, at, Some(&subjects)),
        sources: sources(&events),
        history: entries(&view, &events),
    })
}
