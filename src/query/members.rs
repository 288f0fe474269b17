//! Who is what to an agreement on a day.

use std::collections::{BTreeSet, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::act::{JoiningAct, Role, StatementAct};
use crate::domain::agreement::AgreementType;
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, Namespace};
use crate::domain::party::{Country, PartyType};
use crate::domain::window::Certainty;
use crate::event::snapshot::Snapshot;
use crate::projection::knowledge::Claim;
use crate::projection::membership::Row;
use crate::projection::rank::Reason;
use crate::projection::rules::Status;
use crate::projection::statements::MadeStatement;
use crate::query::review::{UnderReview, awaiting_on, describes_any, under_review};
use crate::query::{QueryError, Standpoint, Vantage, View};

/// A question about the parties of an agreement.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// From where it is asked.
    pub at: Standpoint,
    /// Only parties of this type.
    pub party_type: Option<PartyType>,
    /// Whether parties that are nothing to it, or no longer anything, are listed too.
    pub all: bool,
}

/// The answer: `servanda/members/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Members {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The agreement's id.
    pub agreement: String,
    /// Its title on that day.
    pub title: String,
    /// Its type on that day.
    pub r#type: AgreementType,
    /// The event that describes it as it was on that day: from its type, or from rules of its own, follows who is its
    /// member.
    pub described_by: Option<u64>,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The parties, in the order of their ids.
    pub members: Vec<Member>,
    /// How many are members.
    pub counts: Counts,
    /// What was told of the agreement, or describes it or one of these parties anew, and awaits reviewers before it
    /// counts.
    pub awaiting: Vec<UnderReview>,
}

/// One party.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the answer")]
pub struct Member {
    /// Its id.
    pub party: String,
    /// Its name on that day.
    pub name: String,
    /// Its own type, never that of whom it acts for.
    pub r#type: PartyType,
    /// The country where it sits, by its code in ISO 3166-1, if it is described with one.
    pub country: Option<Country>,
    /// The event that describes it as it was on that day: its name and its type.
    pub described_by: Option<u64>,
    /// The highest status possible.
    pub status: Status,
    /// How sure that status is: certain or possible.
    pub certainty: Certainty,
    /// The highest status that is certain.
    pub at_least: Status,
    /// The role, where a source states one; of a member of a programme or organisation, member.
    pub role: Option<Role>,
    /// The act that led to the status.
    pub act: Option<JoiningAct>,
    /// Since when, as EDTF.
    pub since: Option<Date>,
    /// Until when, as EDTF: the first day outside.
    pub until: Option<Date>,
    /// Whether the end is that of a notice which does not say when it takes effect (VCLT 56(2)).
    pub effect_assumed: bool,
    /// Why it is since then: why the first of its events decides; nothing, if there is no other claim of that.
    pub decided_by: Option<Reason>,
    /// Whether somebody denies what the row rests on.
    pub disputed: bool,
    /// The events by each of which alone the row would be another on that day: sources disagree.
    pub disagree: Vec<u64>,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether an event that it rests on has no evidence.
    pub without_evidence: bool,
    /// Whether somebody else may have signed an event that it rests on, and nobody reaffirmed it.
    pub suspect: bool,
    /// Its reservations, declarations and objections that stand on that day.
    pub statements: Vec<Statement>,
    /// The events that confirm what it rests on.
    pub confirmed_by: Vec<u64>,
    /// The events that it rests on, the deciding one first.
    pub events: Vec<u64>,
}

/// A reservation, declaration, understanding or objection.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Statement {
    /// The event that tells of it.
    pub event: u64,
    /// What kind of statement it is.
    pub act: StatementAct,
    /// How sure it is that it stands on that day: certain or possible.
    pub certainty: Certainty,
    /// Whether somebody denies that it was made.
    pub disputed: bool,
    /// The events that tell of objections to it.
    pub objections: Vec<u64>,
}

/// How many rows are members, after all filters.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Counts {
    /// Certainly.
    pub certain: usize,
    /// Possibly, without the certain ones.
    pub possible: usize,
}

/// Answers who is what to an agreement, found by its id or another of its names.
///
/// # Errors
///
/// [`QueryError::NotFound`] if no such agreement is described by then.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::members::{Question, members};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let answer = members(&facts, "ilrs", Question { at: on, party_type: None, all: false })?;
/// assert_eq!((answer.counts.certain, answer.counts.possible), (2, 0));
/// assert_eq!(answer.members[1].since.as_ref().map(ToString::to_string).as_deref(), Some("2023-10-18"));
/// # Ok(())
/// # }
/// ```
pub fn members(snapshot: &Snapshot, agreement: &str, question: Question) -> Result<Members, QueryError> {
    let at = question.at;
    let view = View::of(snapshot, at.known)?;
    let id = view.find(Namespace::Agreement, agreement)?;
    let standing = view.standing(&id, at).expect("what was found is described");
    let mut members = standing.members;
    let mut things: BTreeSet<(Namespace, String)> = BTreeSet::from([(Namespace::Agreement, id.clone())]);
    things.extend(members.iter().map(|row| (Namespace::Party, row.party.to_ascii_lowercase())));
    members.retain(|member| question.all || member.takes_part());
    members.retain(|member| question.party_type.is_none_or(|wanted| member.r#type == wanted));
    let is_ours = |own: &AgreementId| own.as_str().eq_ignore_ascii_case(&id);
    let awaiting = awaiting_on(&view, |body| body.agreement().is_some_and(is_ours) || describes_any(body, &things));
    Ok(Members {
        schema: "servanda/members/v1",
        agreement: standing.agreement.id.to_string(),
        title: standing.agreement.title.clone(),
        r#type: standing.agreement.r#type,
        described_by: view.catalogue.described_by(Namespace::Agreement, &id, at.on),
        vantage: view.vantage(at),
        counts: Counts::of(&members),
        members,
        awaiting: awaiting.into_iter().map(|event| under_review(&view, event)).collect(),
    })
}

impl Member {
    /// Whether it is more than nothing or a former party.
    pub fn takes_part(&self) -> bool {
        !matches!(self.status, Status::None | Status::Former)
    }
}

impl Counts {
    /// Counts the rows of status member.
    pub fn of(members: &[Member]) -> Self {
        let of = |wanted| {
            members.iter().filter(|member| member.status == Status::Member && member.certainty == wanted).count()
        };
        Self { certain: of(Certainty::Certain), possible: of(Certainty::Possible) }
    }
}

/// A row with the names of its party; of `participants` in a programme or organisation, members have a role.
pub(super) fn member(row: &Row<'_>, view: &View<'_>, on: Day, participants: bool) -> Member {
    let party = view.catalogue.party(&row.party, on);
    let implied = (participants && row.status == Status::Member).then_some(Role::Member);
    Member {
        party: party.map_or_else(|| row.party.clone(), |party| party.id.to_string()),
        name: party.map_or_else(|| row.party.clone(), |party| party.name.clone()),
        r#type: party.map_or(PartyType::Unspecified, |party| party.r#type),
        country: party.and_then(|party| party.country.clone()),
        described_by: view.catalogue.described_by(Namespace::Party, &row.party, on),
        status: row.status,
        certainty: row.certainty,
        at_least: row.at_least,
        role: row.role.or(implied),
        act: row.act,
        since: row.since.clone(),
        until: row.until.clone(),
        effect_assumed: row.effect_is_assumed(),
        decided_by: row.decided_by,
        disputed: row.disputed,
        disagree: events(&row.disagree),
        standing: row.standing,
        without_evidence: row.claims.iter().any(|claim| claim.evidence.is_empty()),
        suspect: row.claims.iter().any(|claim| claim.suspect.is_some()),
        statements: row.remarks.iter().map(|remark| Statement::of(remark, on)).collect(),
        confirmed_by: row.claims.iter().flat_map(|claim| claim.confirmed_by.iter().copied()).collect(),
        events: events(&row.claims),
    }
}

impl Statement {
    fn of(remark: &MadeStatement<'_>, on: Day) -> Self {
        Self {
            event: remark.claim.seq(),
            act: remark.act,
            certainty: remark.on(on),
            disputed: !remark.claim.disputed_by.is_empty(),
            objections: events(&remark.objections),
        }
    }
}

/// The events of claims, each once, in their order.
pub(super) fn events(claims: &[&Claim<'_>]) -> Vec<u64> {
    let mut seen = HashSet::new();
    claims.iter().map(|claim| claim.seq()).filter(|seq| seen.insert(*seq)).collect()
}
