//! Everything about one agreement, on a day.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::act::{MilestoneAct, StatementAct};
use crate::domain::agreement::{AgreementType, Counted, Membership};
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::event::snapshot::Snapshot;
use crate::projection::knowledge::Claim;
use crate::query::citations::{Cited, Signed, signatories, sources};
use crate::query::contributions::wording;
use crate::query::history::{Entry, entries};
use crate::query::members::{Counts, Member};
use crate::query::prospects::{Expected, expectations};
use crate::query::{QueryError, Reported, Standpoint, Status, Vantage, View};

/// The answer: `servanda/agreement/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgreementPage {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The agreement's id.
    pub agreement: String,
    /// Its title on that day.
    pub title: String,
    /// Its type on that day.
    pub r#type: AgreementType,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The agreement that it belongs to.
    pub parent: Option<Titled>,
    /// The agreements that belong to it.
    pub children: Vec<Titled>,
    /// The party that keeps the original, by id.
    pub depositary: Option<String>,
    /// What it is about.
    pub subjects: Vec<String>,
    /// Other titles by which it is found.
    pub also_known_as: Vec<String>,
    /// Rules of membership of its own.
    pub membership: Option<Membership>,
    /// The parties that take part, in the order of their ids.
    pub members: Vec<Member>,
    /// Those that did once.
    pub former: Vec<Member>,
    /// How many are members.
    pub counts: Counts,
    /// What happened to it as a whole, or is expected to.
    pub milestones: Vec<MilestoneEntry>,
    /// Reservations, declarations and objections, in the order of recording.
    pub statements: Vec<StatementEntry>,
    /// Numbers of parties that others published.
    pub published: Vec<Published>,
    /// What is or was expected about it.
    pub prospects: Vec<Expected>,
    /// Who signed it.
    pub signatories: Vec<Signed>,
    /// Everything that names it, in the order in which it happened.
    pub history: Vec<Entry>,
    /// On whose word.
    pub sources: Vec<Cited>,
}

/// An agreement by its id and title.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Titled {
    /// Its id.
    pub agreement: String,
    /// Its title on that day.
    pub title: String,
}

/// A milestone.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MilestoneEntry {
    /// What happened.
    pub act: MilestoneAct,
    /// More about it.
    pub what: Option<String>,
    /// When it happened, as EDTF.
    pub occurred: Option<Date>,
    /// When it is expected, as EDTF.
    pub expected: Option<Date>,
    /// The source's own words for that date.
    pub wording: Option<String>,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether somebody denies it.
    pub disputed: bool,
    /// The event that tells of it.
    pub event: u64,
}

/// A statement of a party about how it is bound.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatementEntry {
    /// Who made it, by id.
    pub party: String,
    /// The party's name on that day.
    pub name: String,
    /// What kind of statement.
    pub act: StatementAct,
    /// When it was made, as EDTF.
    pub occurred: Date,
    /// What it says.
    pub summary: Option<String>,
    /// The announcement that it answers or withdraws, by id.
    pub to: Option<String>,
    /// The event that tells of it.
    pub event: u64,
}

/// A number that somebody published.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Published {
    /// The number.
    pub number: u64,
    /// Who was counted.
    pub of: Counted,
    /// For which day, as EDTF.
    pub on: Option<Date>,
    /// Within which days so many came, as EDTF.
    pub during: Option<Date>,
    /// The event that tells of it.
    pub event: u64,
}

/// Answers everything about an agreement, found by its id or another of its names.
///
/// # Errors
///
/// [`QueryError::NotFound`] if no such agreement is described by then, [`QueryError::NotRecorded`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::agreement::agreement;
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let page = agreement(&facts, "ilrs", on)?;
/// assert_eq!((page.counts.certain, page.published.len()), (2, 1));
/// # Ok(())
/// # }
/// ```
pub fn agreement(snapshot: &Snapshot, name: &str, at: Standpoint) -> Result<AgreementPage, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let id = view.find(Namespace::Agreement, name)?;
    let state = view.standing(&id, at).expect("what was found is described");
    let described = state.agreement;
    let subjects = [(Namespace::Agreement, id.clone())];
    let events = view.concerning(&subjects);
    let claims: Vec<&Claim<'_>> = events.iter().filter_map(|event| view.knowledge.claim(event.seq)).collect();
    let claims: Vec<&Claim<'_>> = claims
        .into_iter()
        .filter(|claim| claim.standing == Standing::Confirmed || at.reported == Reported::Included)
        .collect();
    let (members, rest): (Vec<Member>, Vec<Member>) = state.members.into_iter().partition(Member::takes_part);
    Ok(AgreementPage {
        schema: "servanda/agreement/v1",
        agreement: described.id.to_string(),
        title: described.title.clone(),
        r#type: described.r#type,
        vantage: view.vantage(at),
        parent: described.parent.as_ref().map(|parent| Titled {
            agreement: view.agreement_id(parent, at.on),
            title: view.agreement_title(parent, at.on),
        }),
        children: children(&view, &id, at),
        depositary: described.depositary.as_ref().map(|party| view.party_id(party, at.on)),
        subjects: described.subjects.clone(),
        also_known_as: described.also_known_as.clone(),
        membership: described.membership.clone(),
        counts: Counts::of(&members),
        members,
        former: rest.into_iter().filter(|row| row.status == Status::Former).collect(),
        milestones: milestones(&claims),
        statements: claims.iter().filter_map(|claim| statement(&view, claim, at)).collect(),
        published: claims.iter().filter_map(|claim| published(claim)).collect(),
        prospects: expectations(&view, at, Some(&subjects)),
        signatories: signatories(&view, &events),
        sources: sources(&events),
        history: entries(&view, &events),
    })
}

fn children(view: &View<'_>, id: &str, at: Standpoint) -> Vec<Titled> {
    let described = view.catalogue.ids(Namespace::Agreement).filter_map(|id| view.catalogue.agreement(id, at.on));
    let is_child = |child: &&crate::domain::agreement::Agreement| {
        child.parent.as_ref().is_some_and(|parent| parent.as_str().eq_ignore_ascii_case(id))
    };
    let titled = |child: &crate::domain::agreement::Agreement| Titled {
        agreement: child.id.to_string(),
        title: child.title.clone(),
    };
    described.filter(is_child).map(titled).collect()
}

/// The milestones that claims tell of, by the day from which they are certain; what is only expected comes by its day too.
pub(super) fn milestones(claims: &[&Claim<'_>]) -> Vec<MilestoneEntry> {
    let mut found: Vec<(Option<Day>, MilestoneEntry)> = claims
        .iter()
        .filter_map(|claim| {
            let entry = milestone(claim)?;
            let occurred = entry.occurred.as_ref().map(|date| claim.happened(date));
            Some((occurred.or(entry.expected.as_ref().map(Date::window))?.latest(), entry))
        })
        .collect();
    found.sort_by_key(|(day, _)| (day.is_none(), *day));
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// The milestone that a claim tells of.
pub(super) fn milestone(claim: &Claim<'_>) -> Option<MilestoneEntry> {
    let Body::Milestone(milestone) = claim.body else { return None };
    Some(MilestoneEntry {
        act: milestone.act,
        what: milestone.what.clone(),
        occurred: milestone.occurred.clone(),
        expected: milestone.expected.clone(),
        wording: wording(claim, "occurred").or_else(|| wording(claim, "expected")),
        standing: claim.standing,
        disputed: !claim.disputed_by.is_empty(),
        event: claim.seq(),
    })
}

fn statement(view: &View<'_>, claim: &Claim<'_>, at: Standpoint) -> Option<StatementEntry> {
    let Body::Statement(statement) = claim.body else { return None };
    Some(StatementEntry {
        party: view.party_id(&statement.party, at.on),
        name: view.party_name(&statement.party, at.on),
        act: statement.act,
        occurred: statement.occurred.clone(),
        summary: statement.summary.clone(),
        to: statement.to.as_ref().map(ToString::to_string),
        event: claim.seq(),
    })
}

fn published(claim: &Claim<'_>) -> Option<Published> {
    let Body::Count(count) = claim.body else { return None };
    Some(Published {
        number: count.number,
        of: count.of,
        on: count.on.clone(),
        during: count.during.clone(),
        event: claim.seq(),
    })
}
