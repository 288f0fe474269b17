//! Who is what to every agreement on every day: rows of integers, from which a day is read in milliseconds.
//!
//! For whoever asks of many days: a map of members by year, a chart. What a status rests on is not told here, but by
//! [`members`](crate::query::members) and [`why`](crate::query::why), which agree with it on every day.

use std::collections::{BTreeMap, HashMap};

use crate::domain::agreement::Agreement;
use crate::domain::announcement::Standing;
use crate::domain::day::Day;
use crate::event::snapshot::Snapshot;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Sources, participations};
use crate::projection::rules::Rules;
use crate::projection::spans::{StatusSpan, step_on, steps};
use crate::query::{Position, QueryError, Reported, Standpoint, Status, View};

/// What every party is to every agreement on every day, by the same knowledge.
#[derive(Debug)]
pub struct Standings {
    /// The position that they were computed at.
    pub position: Position,
    /// The agreements' ids, in the order of their folded ids.
    agreements: Vec<String>,
    /// The parties' folded ids.
    parties: Vec<String>,
    /// By agreement, by party, by day.
    rows: Vec<Row>,
}

/// What a party is to an agreement from a day on: 16 bytes.
#[derive(Debug, Clone, Copy)]
struct Row {
    agreement: u32,
    party: u32,
    from: Day,
    status: Status,
    at_least: Status,
}

/// What a party is to an agreement on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartyStatus<'s> {
    /// The agreement's id.
    pub agreement: &'s str,
    /// The party's folded id.
    pub party: &'s str,
    /// The highest status possible on that day.
    pub status: Status,
    /// The highest status that is certain.
    pub at_least: Status,
}

/// What the parties of one agreement are over all time, by their folded ids.
#[derive(Debug)]
pub(super) struct Course {
    /// The agreement's id.
    pub(super) agreement: String,
    pub(super) parties: BTreeMap<String, Vec<StatusSpan>>,
}

/// Follows every party of every agreement that is described by the day of the standpoint through all time.
///
/// # Errors
///
/// [`QueryError::NotRecorded`], [`QueryError::InsideBatch`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::standings::standings;
/// use servanda::query::{Standpoint, Status};
///
/// let facts = example()?;
/// let standings = standings(&facts, Standpoint::on(Day::parse("2025-06-01")?))?;
/// let members = |day| Ok::<_, Box<dyn std::error::Error>>(
///     standings.on(Day::parse(day)?).filter(|row| row.status == Status::Member).count(),
/// );
/// assert_eq!((members("2023-01-01")?, members("2023-10-19")?), (0, 2));
/// # Ok(())
/// # }
/// ```
pub fn standings(snapshot: &Snapshot, at: Standpoint) -> Result<Standings, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let courses = view.of_each(at.on, |id, agreement, claims| vec![course(&view, id, agreement, claims, at)]);
    let mut found =
        Standings { position: view.position(), agreements: Vec::new(), parties: Vec::new(), rows: Vec::new() };
    let mut known: HashMap<String, u32> = HashMap::new();
    for (agreement, course) in (0..).zip(courses) {
        found.agreements.push(course.agreement);
        for (id, steps) in course.parties {
            let party = *known.entry(id).or_insert_with_key(|id| {
                found.parties.push(id.clone());
                u32::try_from(found.parties.len() - 1).expect("events have fewer than 2^32 parties")
            });
            let row = |step: StatusSpan| Row {
                agreement,
                party,
                from: step.from,
                status: step.status,
                at_least: step.at_least,
            };
            found.rows.extend(steps.into_iter().map(row));
        }
    }
    Ok(found)
}

impl Standings {
    /// What every party that was ever told to be anything to an agreement is on a day, by agreement.
    pub fn on(&self, day: Day) -> impl Iterator<Item = PartyStatus<'_>> {
        self.rows.chunk_by(|a, b| (a.agreement, a.party) == (b.agreement, b.party)).map(move |rows| {
            let row = rows[rows.partition_point(|row| row.from <= day).saturating_sub(1)];
            PartyStatus {
                agreement: &self.agreements[row.agreement as usize],
                party: &self.parties[row.party as usize],
                status: row.status,
                at_least: row.at_least,
            }
        })
    }
}

/// Follows every party of an agreement through all time, each description of the agreement by its own rules.
pub(super) fn course<'a>(
    view: &View<'a>,
    id: &str,
    agreement: &Agreement,
    claims: &[&Claim<'a>],
    at: Standpoint,
) -> Course {
    let mut begins: Vec<Day> = [Day::MIN].into_iter().chain(view.catalogue.agreement_changes(id)).collect();
    begins.dedup();
    let mut parties: BTreeMap<String, Vec<StatusSpan>> = BTreeMap::new();
    for (place, begin) in begins.iter().enumerate() {
        let end = begins.get(place + 1).copied();
        let described = view.catalogue.agreement(id, *begin).unwrap_or(agreement);
        let rules = Rules::of(described);
        let told =
            |standing| participations(&view.knowledge, claims, id, &rules, (standing, at.prefer, Sources::Decided));
        let confirmed = told(Standing::Confirmed);
        let reported = if at.reported == Reported::Included { told(Standing::Reported) } else { Vec::new() };
        for (party, own) in steps(&confirmed, &reported) {
            let known = parties.entry(party.to_owned()).or_default();
            let first = StatusSpan { from: *begin, ..step_on(&own, *begin) };
            let later = own.into_iter().filter(|step| step.from > *begin && end.is_none_or(|end| step.from < end));
            for step in std::iter::once(first).chain(later) {
                if known.last().is_none_or(|before| !step.goes_on(*before)) {
                    known.push(step);
                }
            }
        }
    }
    Course { agreement: agreement.id.to_string(), parties }
}
