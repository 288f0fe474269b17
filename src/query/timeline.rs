//! Membership over time: for every party, what the answer is from which day to which.
//!
//! The days are those on which the answer changes. Where a beginning or an end is not known to the day, the answer is
//! possible in between, so that no span says more than `members` does on each of its days.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::AgreementType;
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::party::PartyType;
use crate::domain::window::Certainty;
use crate::event::snapshot::Snapshot;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Participation, Row, Sources, participations};
use crate::projection::rules::Rules;
use crate::query::agreement::{MilestoneEntry, milestones};
use crate::query::members::events;
use crate::query::{QueryError, Reported, Standpoint, Status, Vantage, View};

/// The answer: `servanda/timeline/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Timeline {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The agreement's id.
    pub agreement: String,
    /// Its title on the last day.
    pub title: String,
    /// Its type on the last day, by whose rules all days are told.
    pub r#type: AgreementType,
    /// From where it was asked; its day is the last of the timeline.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The first day; the last day itself, if nothing is told before it.
    pub from: Day,
    /// The parties that take part on some day, in the order of the day from which they certainly are members; those that
    /// only may be, or never are, come last.
    pub parties: Vec<PartyLine>,
    /// What happened to the agreement as a whole.
    pub milestones: Vec<MilestoneEntry>,
}

/// One party over time.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PartyLine {
    /// Its id.
    pub party: String,
    /// Its name on the last day.
    pub name: String,
    /// Its own type.
    pub r#type: PartyType,
    /// What it is, in the order of the days; days on which it is nothing or former are left out.
    pub spans: Vec<Span>,
}

/// Days with one answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Span {
    /// The first of the days; none, if it reaches back without a beginning.
    pub from: Option<Day>,
    /// The last of the days; none, if it goes on beyond the last day of the timeline.
    pub to: Option<Day>,
    /// The highest status possible.
    pub status: Status,
    /// How sure that is.
    pub certainty: Certainty,
    /// Since when, as EDTF.
    pub since: Option<Date>,
    /// Until when, as EDTF: the first day outside.
    pub until: Option<Date>,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether somebody denies it.
    pub disputed: bool,
    /// The events by each of which alone it would be another on these days: sources disagree.
    pub disagree: Vec<u64>,
    /// The events that it rests on, the deciding one first.
    pub events: Vec<u64>,
}

/// Which part of a timeline is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// From where it is asked; its day is the last.
    pub at: Standpoint,
    /// The first day; the first on which anything is told, if none.
    pub from: Option<Day>,
    /// Only parties of this type.
    pub party_type: Option<PartyType>,
}

/// Answers who was what to an agreement over time.
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
/// use servanda::query::timeline::{Question, timeline};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let answer = timeline(&facts, "ilrs", Question { at: on, from: None, party_type: None })?;
/// let spans = &answer.parties[0].spans;
/// // On the first days another source would have it otherwise.
/// assert_eq!((answer.parties[0].name.as_str(), spans.len()), ("Azerbaijan", 2));
/// assert!(!spans[0].disagree.is_empty() && spans[1].disagree.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn timeline(snapshot: &Snapshot, agreement: &str, question: Question) -> Result<Timeline, QueryError> {
    let at = question.at;
    let view = View::of(snapshot, at.known)?;
    let id = view.find(Namespace::Agreement, agreement)?;
    let described = view.catalogue.agreement(&id, at.on).expect("what was found is described");
    let rules = Rules::of(described);
    let claims = view.knowledge.about_agreement(&id);
    let parts =
        |standing| participations(&view.knowledge, &claims, &id, &rules, (standing, at.prefer, Sources::Compared));
    let confirmed = parts(Standing::Confirmed);
    let reported = if at.reported == Reported::Included { parts(Standing::Reported) } else { Vec::new() };
    let told = by_party(&confirmed, &reported);
    let turning = told.values().flatten().flat_map(|part| part.turning_points());
    let first = turning.filter(|day| *day <= at.on).min();
    let from = question.from.or(first).unwrap_or(at.on).min(at.on);
    let lines = told.iter().filter_map(|(party, parts)| {
        let described = view.catalogue.party(party, at.on);
        let line = PartyLine {
            party: described.map_or_else(|| (*party).to_owned(), |party| party.id.to_string()),
            name: described.map_or_else(|| (*party).to_owned(), |party| party.name.clone()),
            r#type: described.map_or(PartyType::Unspecified, |party| party.r#type),
            spans: spans(parts, from, at.on),
        };
        let wanted = question.party_type.is_none_or(|wanted| line.r#type == wanted);
        (wanted && !line.spans.is_empty()).then_some(line)
    });
    let mut parties: Vec<PartyLine> = lines.collect();
    parties.sort_by_cached_key(|line| {
        let is_member = |span: &&Span| span.status == Status::Member;
        let certainly = |span: &&Span| is_member(span) && span.certainty == Certainty::Certain;
        let (member, certain) = (line.spans.iter().find(is_member), line.spans.iter().find(certainly));
        let first = certain.or(member);
        let from = first.map(|span| span.from);
        (first.is_none(), certain.is_none(), from, line.spans[0].from, line.name.clone())
    });
    let confirmed: Vec<&Claim<'_>> =
        claims.iter().copied().filter(|claim| claim.standing == Standing::Confirmed).collect();
    Ok(Timeline {
        schema: "servanda/timeline/v1",
        agreement: described.id.to_string(),
        title: described.title.clone(),
        r#type: described.r#type,
        vantage: view.vantage(at),
        from,
        parties,
        milestones: milestones(&confirmed),
    })
}

/// What is told of each party, what is confirmed before what is only reported.
fn by_party<'p, 'a>(
    confirmed: &'p [Participation<'a>],
    reported: &'p [Participation<'a>],
) -> BTreeMap<&'p str, Vec<&'p Participation<'a>>> {
    let mut told: BTreeMap<&str, Vec<&Participation<'a>>> = BTreeMap::new();
    for part in confirmed.iter().chain(reported) {
        told.entry(&part.party).or_default().push(part);
    }
    told
}

/// What a party is on a day: what is confirmed, or what is only reported, where that is higher.
fn on<'a>(parts: &[&Participation<'a>], day: Day) -> Row<'a> {
    let rows = parts.iter().map(|part| part.on(day));
    rows.reduce(|confirmed, reported| if confirmed.status >= reported.status { confirmed } else { reported })
        .expect("a party is told of at least once")
}

/// The first day, and those after it up to the last on which what a party is may become something else.
fn turns(parts: &[&Participation<'_>], from: Day, to: Day) -> BTreeSet<Day> {
    let turning = parts.iter().flat_map(|part| part.turning_points());
    // What turns on a day may also do so on the next: the first day after the last possible one.
    let days = turning.flat_map(|day| [day, day.next()]).filter(|day| (from..=to).contains(day));
    days.chain([from]).collect()
}

fn spans(parts: &[&Participation<'_>], from: Day, to: Day) -> Vec<Span> {
    let days = turns(parts, from, to);
    let mut found: Vec<Span> = Vec::new();
    let mut open = false;
    for day in days {
        let row = on(parts, day);
        let span = Span {
            from: (day > from || on(parts, day.previous()).status <= Status::Former).then_some(day),
            to: None,
            status: row.status,
            certainty: row.certainty,
            since: row.since,
            until: row.until,
            standing: row.standing,
            disputed: row.disputed,
            disagree: events(&row.disagree),
            events: events(&row.claims),
        };
        let same = |last: &Span| Span { from: None, to: None, ..last.clone() } == Span { from: None, ..span.clone() };
        if open && found.last().is_some_and(same) {
            continue;
        }
        if open && let Some(last) = found.last_mut() {
            last.to = Some(day.previous());
        }
        open = span.status > Status::Former;
        if open {
            found.push(span);
        }
    }
    found
}
