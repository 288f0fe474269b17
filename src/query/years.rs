//! Parties, agreements and years: one row for each year in which a party is a member, as statistics are made of.
//!
//! A year has many days, and a day may have an uncertain answer. A [`Resolver`] says which of these answers counts for
//! the year; what it gives follows from what [`members`](crate::query::members) answers on the days of that year, and
//! from nothing else.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::party::{Country, PartyType};
use crate::domain::shape::vocabulary;
use crate::domain::window::Certainty;
use crate::event::snapshot::Snapshot;
use crate::projection::spans::StatusSpan;
use crate::query::standings::{Course, course};
use crate::query::{QueryError, Standpoint, Status, Vantage, View};

vocabulary! {
    /// Which status counts for a whole year, where dates are imprecise and things change within it.
    pub enum Resolver default AnyDayCertain {
        /// The highest that it certainly has on some day of the year.
        AnyDayCertain = "any-day-certain",
        /// The highest that it possibly has on some day of the year.
        AnyDayPossible = "any-day-possible",
        /// The highest that it certainly has at least, on every day of the year.
        EveryDayCertain = "every-day-certain",
        /// The highest that it certainly has on 1 January.
        OnFirstOfJanuary = "on-1-jan",
        /// The highest that it certainly has on 31 December.
        OnLastOfDecember = "on-31-dec",
    }
}

/// A question about years.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// From where it is asked; without a last year, there is none after its day's.
    pub at: Standpoint,
    /// The one agreement that is meant, by its id or another of its names; all, if none.
    pub agreement: Option<&'q str>,
    /// The first year; the first in which anything turns, if none.
    pub from: Option<i32>,
    /// The last year; the last in which anything turns, if none.
    pub to: Option<i32>,
    /// Only parties of this type.
    pub party_type: Option<PartyType>,
    /// The lowest status that counts.
    pub at_least: Status,
    /// Which status counts for a year.
    pub resolver: Resolver,
}

impl Question<'_> {
    /// Members of all agreements and years, as of a day.
    pub fn of(at: Standpoint) -> Self {
        Self {
            at,
            agreement: None,
            from: None,
            to: None,
            party_type: None,
            at_least: Status::Member,
            resolver: Resolver::default(),
        }
    }
}

/// The answer: `servanda/country-years/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CountryYears {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The id of the one agreement that was asked for.
    pub agreement: Option<String>,
    /// The first year.
    pub from: i32,
    /// The last year.
    pub to: i32,
    /// Which status counts for a year.
    pub resolver: Resolver,
    /// The lowest status that counts.
    pub at_least: Status,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// By agreement, party and year.
    pub rows: Vec<Row>,
}

/// One party of one agreement in one year.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// The agreement's id.
    pub agreement: String,
    /// The party's id.
    pub party: String,
    /// Its name at the end of that year.
    pub name: String,
    /// Its own type, at the end of that year.
    pub r#type: PartyType,
    /// The country where it sits, by its code in ISO 3166-1, if it is described with one.
    pub country: Option<Country>,
    /// The year; the year before 1 is 0.
    pub year: i32,
    /// The status that counts for that year.
    pub status: Status,
    /// Whether it certainly has that status then.
    pub certainty: Certainty,
    /// Which status counts for a year.
    pub resolver: Resolver,
}

/// Answers in which years who was a member of what.
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
/// use servanda::query::years::{Question, years};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let now = Standpoint::on(Day::parse("2025-06-01")?);
/// let answer = years(&facts, Question { to: Some(2024), ..Question::of(now) })?;
/// let rows: Vec<_> = answer.rows.iter().map(|row| (row.party.as_str(), row.year)).collect();
/// assert_eq!(rows, [("azerbaijan", 2023), ("azerbaijan", 2024), ("pakistan", 2023), ("pakistan", 2024)]);
/// # Ok(())
/// # }
/// ```
pub fn years(snapshot: &Snapshot, question: Question<'_>) -> Result<CountryYears, QueryError> {
    let at = question.at;
    let view = View::of(snapshot, at.known)?;
    let only = question.agreement.map(|name| view.find(Namespace::Agreement, name)).transpose()?;
    let wanted = |id: &str| only.as_ref().is_none_or(|only| only == id);
    let courses =
        view.of_each(
            at.on,
            |id, agreement, claims| {
                if wanted(id) { vec![course(&view, id, agreement, claims, at)] } else { Vec::new() }
            },
        );
    let (from, to) = span(&courses, &question);
    let rows = courses.iter().flat_map(|course| rows(&view, course, from, to, &question)).collect();
    Ok(CountryYears {
        schema: "servanda/country-years/v1",
        agreement: only.and_then(|id| Some(view.catalogue.agreement(&id, at.on)?.id.to_string())),
        from,
        to,
        resolver: question.resolver,
        at_least: question.at_least,
        vantage: view.vantage(at),
        rows,
    })
}

/// The first year and the last.
fn span(courses: &[Course], question: &Question<'_>) -> (i32, i32) {
    let all = courses.iter().flat_map(|course| course.parties.values());
    // What a party is from the first day there is did not turn on that day.
    let turning: Vec<i32> = all.flat_map(|steps| steps.iter().skip(1).map(|next| year_of(next.from))).collect();
    let now = year_of(question.at.on);
    let last = turning.iter().max().map_or(now, |last| now.min(*last));
    let to = question.to.unwrap_or_else(|| question.from.map_or(last, |from| last.max(from)));
    let from = question.from.unwrap_or_else(|| turning.iter().min().map_or(to, |first| to.min(*first)));
    (from, to)
}

fn year_of(day: Day) -> i32 {
    day.ymd().0
}

/// The rows of one agreement.
fn rows(view: &View<'_>, course: &Course, from: i32, to: i32, question: &Question<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (party, steps) in &course.parties {
        for year in from..=to {
            let (Ok(first), Ok(last)) = (Day::from_ymd(year, 1, 1), Day::from_ymd(year, 12, 31)) else { continue };
            let (status, certainty) = question.resolver.resolve(within(steps, first, last));
            let described = view.catalogue.party(party, last);
            let r#type = described.map_or(PartyType::Unspecified, |party| party.r#type);
            if status < question.at_least || question.party_type.is_some_and(|wanted| wanted != r#type) {
                continue;
            }
            rows.push(Row {
                agreement: course.agreement.clone(),
                party: described.map_or_else(|| party.clone(), |party| party.id.to_string()),
                name: described.map_or_else(|| party.clone(), |party| party.name.clone()),
                r#type,
                country: described.and_then(|party| party.country.clone()),
                year,
                status,
                certainty,
                resolver: question.resolver,
            });
        }
    }
    rows
}

/// The steps that have a day between these two, of those that follow each other from the first day there is on.
fn within(steps: &[StatusSpan], first: Day, last: Day) -> &[StatusSpan] {
    let begin = steps.partition_point(|step| step.from <= first).saturating_sub(1);
    let end = steps.partition_point(|step| step.from <= last);
    &steps[begin..end]
}

impl Resolver {
    /// The status that counts for the days of these steps, in their order, and how sure it is.
    fn resolve(self, steps: &[StatusSpan]) -> (Status, Certainty) {
        let certain = || steps.iter().map(|step| step.at_least);
        let highest = certain().max().unwrap_or(Status::None);
        let status = match self {
            Self::AnyDayCertain => highest,
            Self::EveryDayCertain => certain().min().unwrap_or(Status::None),
            Self::OnFirstOfJanuary => steps.first().map_or(Status::None, |first| first.at_least),
            Self::OnLastOfDecember => steps.last().map_or(Status::None, |last| last.at_least),
            Self::AnyDayPossible => {
                let status = steps.iter().map(|step| step.status).max().unwrap_or(Status::None);
                return (status, if status == highest { Certainty::Certain } else { Certainty::Possible });
            }
        };
        (status, Certainty::Certain)
    }
}
