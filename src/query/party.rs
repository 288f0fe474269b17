//! Everything about one party, on a day.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::AgreementType;
use crate::domain::announcement::Body;
use crate::domain::id::Namespace;
use crate::domain::party::{Identifiers, PartyType};
use crate::event::snapshot::Snapshot;
use crate::query::citations::{Cited, Signed, signatories, sources};
use crate::query::contributions::{ContributionState, contributions};
use crate::query::history::{Entry, entries};
use crate::query::members::Member;
use crate::query::prospects::{Expected, expectations};
use crate::query::{QueryError, Standpoint, Status, Vantage, View};

/// The answer: `servanda/party/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PartyPage {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The party's id.
    pub party: String,
    /// Its name on that day.
    pub name: String,
    /// What kind of party it is.
    pub r#type: PartyType,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The party that it acts for.
    pub acts_for: Option<Named>,
    /// The country where it sits, by its code in ISO 3166-1.
    pub country: Option<String>,
    /// Other names by which it is found.
    pub also_known_as: Vec<String>,
    /// Its entries in registers of others.
    pub identifiers: Option<Identifiers>,
    /// The parties that act for it.
    pub agents: Vec<Named>,
    /// What it is, or was, to agreements.
    pub agreements: Vec<Participation>,
    /// What the parties that act for it are to agreements: theirs, and not its own.
    pub through_agents: Vec<Participation>,
    /// What others did through it, and what is theirs.
    pub for_others: Vec<Through>,
    /// What it gives to missions, or helps to give.
    pub contributions: Vec<ContributionState>,
    /// What is or was expected of it.
    pub prospects: Vec<Expected>,
    /// Who signed for it, or in what it joined.
    pub signatories: Vec<Signed>,
    /// Everything that names it, in the order in which it happened.
    pub history: Vec<Entry>,
    /// On whose word.
    pub sources: Vec<Cited>,
}

/// A party by its id and name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Named {
    /// Its id.
    pub party: String,
    /// Its name on that day.
    pub name: String,
}

/// What a party is to one agreement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Participation {
    /// The agreement's id.
    pub agreement: String,
    /// Its title on that day.
    pub title: String,
    /// Its type on that day.
    pub agreement_type: AgreementType,
    /// The party's row.
    #[serde(flatten)]
    pub row: Member,
}

/// What a party did through an agency.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Through {
    /// The party, by id.
    pub party: String,
    /// The agreement, by id.
    pub agreement: String,
    /// The event that tells of it.
    pub event: u64,
}

/// Answers everything about a party, found by its id or another of its names.
///
/// # Errors
///
/// [`QueryError::NotFound`] if no such party is described by then, [`QueryError::NotRecorded`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::party::party;
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let page = party(&facts, "Pakistan", Standpoint { on: Day::parse("2023-10-21")?, ..on })?;
/// assert_eq!((page.agreements.len(), page.contributions.len()), (1, 1));
/// # Ok(())
/// # }
/// ```
pub fn party(snapshot: &Snapshot, name: &str, at: Standpoint) -> Result<PartyPage, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let id = view.find(Namespace::Party, name)?;
    let described = view.catalogue.party(&id, at.on).expect("what was found is described");
    let is_agent = |agent: &str| {
        let described = view.catalogue.party(agent, at.on);
        described.and_then(|party| party.acts_for.as_ref()).is_some_and(|of| of.as_str().eq_ignore_ascii_case(&id))
    };
    let agents: Vec<String> =
        view.catalogue.ids(Namespace::Party).filter(|agent| is_agent(agent)).map(str::to_owned).collect();
    let (agreements, through_agents) = participations(&view, &id, &agents, at);
    let subjects = [(Namespace::Party, id.clone())];
    let events = view.concerning(&subjects);
    let is_partner = |contribution: &ContributionState| {
        let mut parties = contribution.with.iter().chain(&contribution.through).chain([&contribution.party]);
        parties.any(|party| party.eq_ignore_ascii_case(&id))
    };
    Ok(PartyPage {
        schema: "servanda/party/v1",
        party: described.id.to_string(),
        name: described.name.clone(),
        r#type: described.r#type,
        vantage: view.vantage(at),
        acts_for: described
            .acts_for
            .as_ref()
            .map(|of| Named { party: view.party_id(of, at.on), name: view.party_name(of, at.on) }),
        country: described.country.as_ref().map(|country| country.as_str().to_owned()),
        also_known_as: described.also_known_as.clone(),
        identifiers: described.identifiers.clone(),
        agents: agents
            .iter()
            .filter_map(|agent| view.catalogue.party(agent, at.on))
            .map(|agent| Named { party: agent.id.to_string(), name: agent.name.clone() })
            .collect(),
        agreements,
        through_agents,
        for_others: for_others(&view, &id),
        contributions: contributions(&view, at).into_iter().filter(is_partner).collect(),
        prospects: expectations(&view, at, Some(&subjects)),
        signatories: signatories(&view, &events),
        sources: sources(&events),
        history: entries(&view, &events),
    })
}

/// What the party is to agreements, and what its agents are.
fn participations(
    view: &View<'_>,
    id: &str,
    agents: &[String],
    at: Standpoint,
) -> (Vec<Participation>, Vec<Participation>) {
    let (mut own, mut of_agents) = (Vec::new(), Vec::new());
    for state in view.state_of(at, |party| party == id || agents.iter().any(|agent| agent == party)) {
        for row in state.members.into_iter().filter(|row| row.status != Status::None) {
            let is_own = row.party.eq_ignore_ascii_case(id);
            let of = Participation {
                agreement: state.agreement.id.to_string(),
                title: state.agreement.title.clone(),
                agreement_type: state.agreement.r#type,
                row,
            };
            if is_own { own.push(of) } else { of_agents.push(of) }
        }
    }
    (own, of_agents)
}

fn for_others(view: &View<'_>, id: &str) -> Vec<Through> {
    let through = view.knowledge.claims.iter().filter_map(|claim| match claim.body {
        Body::Joining(joining) => {
            joining.through.as_ref().filter(|through| through.as_str().eq_ignore_ascii_case(id))?;
            let (party, agreement) = (joining.party.to_string(), joining.agreement.to_string());
            Some(Through { party, agreement, event: claim.seq() })
        }
        _ => None,
    });
    through.collect()
}
