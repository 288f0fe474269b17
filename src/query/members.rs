//! Who is what to an agreement on a day.

use serde::Serialize;

use crate::domain::act::{JoiningAct, Role};
use crate::domain::agreement::AgreementType;
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::party::PartyType;
use crate::domain::window::Certainty;
use crate::projection::membership::{Reported, Row, members as rows};
use crate::projection::rules::{Rules, Status};
use crate::query::{Asked, Known, Position, QueryError, RecordedBy, View};

/// A question about the parties of an agreement.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The day.
    pub on: Day,
    /// What was known.
    pub known: Known,
    /// Only parties of this type.
    pub party_type: Option<PartyType>,
    /// Whether what is only reported may show.
    pub reported: Reported,
    /// Whether parties that are nothing to it, or no longer anything, are listed too.
    pub all: bool,
}

/// The answer: `servanda/members/v1`.
#[derive(Debug, Clone, Serialize)]
pub struct Members {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The agreement's id.
    pub agreement: String,
    /// Its title on that day.
    pub title: String,
    /// Its type on that day.
    pub r#type: AgreementType,
    /// The day.
    pub on: Day,
    /// The day by which claims had to be announced.
    pub announced_by: Option<Day>,
    /// The position or moment by which events had to be recorded.
    pub recorded_by: Option<RecordedBy>,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The parties, in the order of their ids.
    pub members: Vec<Member>,
    /// How many are members.
    pub counts: Counts,
}

/// One party.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    /// Its id.
    pub party: String,
    /// Its name on that day.
    pub name: String,
    /// Its own type, never that of whom it acts for.
    pub r#type: PartyType,
    /// The highest status possible.
    pub status: Status,
    /// How sure that status is: certain or possible.
    #[serde(serialize_with = "certainty")]
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
    /// Whether somebody denies what the row rests on.
    pub disputed: bool,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether an event that it rests on has no evidence.
    pub without_evidence: bool,
    /// The events that it rests on, the deciding one first.
    pub events: Vec<u64>,
}

/// How many rows are members, after all filters.
#[derive(Debug, Clone, Copy, Serialize)]
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
pub fn members(asked: Asked<'_>, agreement: &str, question: Question) -> Result<Members, QueryError> {
    let view = View::of(asked.events, question.known)?;
    let id = view.find(Namespace::Agreement, agreement)?;
    let described = view.catalogue.agreement(&id, question.on).expect("what was found is described");
    let rows = rows(&view.knowledge, &id, &Rules::of(described), question.on, question.reported);
    let participants = matches!(described.r#type, AgreementType::Programme | AgreementType::Organisation);
    let members: Vec<Member> = rows
        .iter()
        .filter(|row| question.all || !matches!(row.status, Status::None | Status::Former))
        .map(|row| member(row, &view, question.on, participants))
        .filter(|member| question.party_type.is_none_or(|wanted| member.r#type == wanted))
        .collect();
    let of =
        |wanted| members.iter().filter(|member| member.status == Status::Member && member.certainty == wanted).count();
    let counts = Counts { certain: of(Certainty::Certain), possible: of(Certainty::Possible) };
    Ok(Members {
        schema: "servanda/members/v1",
        agreement: described.id.to_string(),
        title: described.title.clone(),
        r#type: described.r#type,
        on: question.on,
        announced_by: question.known.announced_by,
        recorded_by: question.known.recorded_by,
        position: view.position_or(asked.origin),
        members,
        counts,
    })
}

fn member(row: &Row<'_>, view: &View<'_>, on: Day, participants: bool) -> Member {
    let party = view.catalogue.party(&row.party, on);
    let implied = (participants && row.status == Status::Member).then_some(Role::Member);
    let mut events: Vec<u64> = Vec::new();
    for claim in &row.claims {
        if !events.contains(&claim.seq()) {
            events.push(claim.seq());
        }
    }
    Member {
        party: party.map_or_else(|| row.party.clone(), |party| party.id.to_string()),
        name: party.map_or_else(|| row.party.clone(), |party| party.name.clone()),
        r#type: party.map_or(PartyType::Unspecified, |party| party.r#type),
        status: row.status,
        certainty: row.certainty,
        at_least: row.at_least,
        role: row.role.or(implied),
        act: row.act,
        since: row.since.clone(),
        until: row.until.clone(),
        disputed: row.disputed,
        standing: row.standing,
        without_evidence: row.claims.iter().any(|claim| claim.evidence.is_empty()),
        events,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn certainty<S: serde::Serializer>(certainty: &Certainty, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match certainty {
        Certainty::Certain => "certain",
        Certainty::Possible => "possible",
        Certainty::Not => "not",
    })
}
