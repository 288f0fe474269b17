//! Numbers that others published against our own on that day, and which parties may explain the difference.
//!
//! Where the day of a number is not known exactly, ours are the least and the most of all days that it may be. A day with
//! as many certain members as the number, or as many with possible ones, agrees.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::{Agreement, Count, Counted};
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::party::PartyType;
use crate::domain::shape::vocabulary;
use crate::domain::window::{Certainty, Window};
use crate::event::facts::Facts;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Participation, Row, Sources, participations};
use crate::projection::rules::Rules;
use crate::projection::steps::{Step, step_on};
use crate::query::{QueryError, Reported, Standpoint, Status, Vantage, View};

/// The answer: `servanda/counts/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Counts {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The agreement that was asked for; all, if none.
    pub agreement: Option<String>,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The published numbers, by agreement and day.
    #[serde(serialize_with = "crate::query::rows::serialize")]
    #[schemars(with = "Vec<Compared>")]
    pub counts: Vec<Compared>,
}

/// One published number against ours.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Compared {
    /// The agreement's id.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// The number that was published.
    pub number: u64,
    /// Who was counted.
    pub of: Counted,
    /// For which day, as EDTF.
    pub on: Option<Date>,
    /// Within which days so many came, as EDTF.
    pub during: Option<Date>,
    /// Who published it.
    pub publishers: Vec<String>,
    /// The fewest and the most that we count on such a day.
    pub ours: Ours,
    /// How the number compares.
    pub verdict: Verdict,
    /// By how many it is more or fewer than ours.
    pub difference: u64,
    /// Parties that may explain the difference, with the reason.
    pub explained_by: Vec<Candidate>,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether somebody denies the number.
    pub disputed: bool,
    /// The event that tells of it.
    pub event: u64,
}

/// What we count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Ours {
    /// Certain members: the fewest on any day that the number may be for.
    pub certain: u64,
    /// Certain and possible members: the most on any such day.
    pub most: u64,
}

vocabulary! {
    /// How a published number compares with ours.
    pub enum Verdict {
        /// As many as we count, the possible ones perhaps among them.
        Agrees = "agrees",
        /// More than we count.
        More = "more",
        /// Fewer than we count.
        Fewer = "fewer",
    }
}

/// A party that may have been counted, or not.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Candidate {
    /// The party's id.
    pub party: String,
    /// Its name.
    pub name: String,
    /// What it is to the agreement on that day.
    pub status: Status,
    /// How sure that is.
    pub certainty: Certainty,
    /// Why it may explain the difference.
    pub because: Because,
}

vocabulary! {
    /// Why a party may have been counted that we do not count, or not counted that we do.
    pub enum Because {
        /// It only may be a member.
        Possible = "possible",
        /// It takes part without being a member.
        NotMember = "not-member",
        /// It is a member only by what is reported.
        Reported = "reported",
        /// It is a member, and no state.
        NotState = "not-state",
        /// Its joining was announced only after the number.
        AnnouncedLater = "announced-later",
        /// Somebody denies its membership.
        Disputed = "disputed",
    }
}

/// Compares published numbers with ours; those of one agreement, if it is named.
///
/// # Errors
///
/// [`QueryError::NotFound`] if no such agreement is described, [`QueryError::NotRecorded`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::counts::{Verdict, counts};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let answer = counts(&facts, Some("ilrs"), on)?;
/// assert_eq!((answer.counts[0].number, answer.counts[0].ours.most), (3, 2));
/// assert_eq!(answer.counts[0].verdict, Verdict::More);
/// # Ok(())
/// # }
/// ```
pub fn counts(facts: &Facts, agreement: Option<&str>, at: Standpoint) -> Result<Counts, QueryError> {
    let view = View::of(facts, at.known)?;
    let wanted = agreement.map(|name| view.find(Namespace::Agreement, name)).transpose()?;
    let counts = view.of_each(at.on, |id, described, claims| {
        let is_wanted = wanted.as_ref().is_none_or(|wanted| *wanted == id);
        if is_wanted { of_agreement(&view, (id, described), claims, at) } else { Vec::new() }
    });
    Ok(Counts {
        schema: "servanda/counts/v1",
        agreement: agreement.map(str::to_owned),
        vantage: view.vantage(at),
        counts,
    })
}

fn of_agreement(
    view: &View<'_>,
    (id, described): (&str, &Agreement),
    claims: &[&Claim<'_>],
    at: Standpoint,
) -> Vec<Compared> {
    let told = claims.iter().filter_map(|claim| match claim.body {
        Body::Count(count) => Some((*claim, count)),
        _ => None,
    });
    let mut told: Vec<(&Claim<'_>, &Count)> =
        told.filter(|(claim, _)| claim.standing == Standing::Confirmed || at.reported == Reported::Included).collect();
    if told.is_empty() {
        return Vec::new();
    }
    told.sort_by(|(a, a_told), (b, b_told)| days_of(a_told).cmp_by_ends(&days_of(b_told)).then(a.seq().cmp(&b.seq())));
    let rules = Rules::of(described);
    let parts = |standing| {
        let parts = participations(&view.knowledge, claims, id, &rules, (standing, at.prefer, Sources::Decided));
        parts.into_iter().map(|part| Part::of(part, view)).collect::<Vec<_>>()
    };
    let confirmed = parts(Standing::Confirmed);
    let mut turning: Vec<Day> = confirmed.iter().flat_map(|part| part.steps.iter().map(|step| step.from)).collect();
    turning.sort_unstable();
    turning.dedup();
    let ours = Parts { view, turning, confirmed, reported: LazyCell::new(|| parts(Standing::Reported)) };
    told.into_iter()
        .map(|(claim, count)| Compared {
            agreement: described.id.to_string(),
            title: described.title.clone(),
            ..ours.compared(claim, count)
        })
        .collect()
}

/// The days that a number is for, as far as it says so.
fn days_of(count: &Count) -> Window {
    count.date().map_or(Window::UNKNOWN, Date::window)
}

/// One party of an agreement.
struct Part<'p> {
    whole: Participation<'p>,
    steps: Vec<Step>,
    /// Whether it is a state; nothing, if that depends on the day.
    is_state: Option<bool>,
}

impl<'p> Part<'p> {
    fn of(whole: Participation<'p>, view: &View<'_>) -> Self {
        let is_state = view.catalogue.is_always(&whole.party, PartyType::State);
        Self { steps: whole.steps(), whole, is_state }
    }

    fn on(&self, day: Day) -> Step {
        step_on(&self.steps, day)
    }
}

/// The parties of one agreement.
struct Parts<'p, 'a, F> {
    view: &'p View<'a>,
    /// The days on which a number may become another.
    turning: Vec<Day>,
    confirmed: Vec<Part<'p>>,
    /// Few questions need them.
    reported: LazyCell<Vec<Part<'p>>, F>,
}

impl<'p, F: FnOnce() -> Vec<Part<'p>>> Parts<'p, '_, F> {
    fn compared(&self, claim: &Claim<'_>, count: &Count) -> Compared {
        let days = self.days(count);
        let of_day: Vec<Ours> = days.iter().map(|day| self.ours(count.of, *day)).collect();
        let ours = Ours {
            certain: of_day.iter().map(|ours| ours.certain).min().unwrap_or_default(),
            most: of_day.iter().map(|ours| ours.most).max().unwrap_or_default(),
        };
        let agrees = of_day.iter().any(|ours| (ours.certain..=ours.most).contains(&count.number));
        let (verdict, difference) = match (agrees, count.number > ours.most) {
            (true, _) => (Verdict::Agrees, 0),
            (false, true) => (Verdict::More, count.number - ours.most),
            (false, false) => (Verdict::Fewer, ours.certain.saturating_sub(count.number).max(1)),
        };
        let day = days.last().copied().unwrap_or(Day::MAX);
        let mut publishers: Vec<String> =
            claim.evidence.iter().map(|evidence| evidence.source.publisher.clone()).collect();
        publishers.dedup();
        Compared {
            agreement: String::new(),
            title: String::new(),
            number: count.number,
            of: count.of,
            on: count.on.clone(),
            during: count.during.clone(),
            publishers,
            ours,
            verdict,
            difference,
            explained_by: self.candidates(verdict, count.of, claim, day),
            standing: claim.standing,
            disputed: !claim.disputed_by.is_empty(),
            event: claim.seq(),
        }
    }

    /// The days that a number may be for, one for each stretch on which nothing changes.
    fn days(&self, count: &Count) -> Vec<Day> {
        let window = days_of(count);
        let (first, last) = (window.earliest().unwrap_or(Day::MIN), window.latest().unwrap_or(Day::MAX));
        let from = self.turning.partition_point(|day| *day < first);
        let inside = self.turning[from..].iter().copied().take_while(|day| *day <= last);
        let days: BTreeSet<Day> = inside.chain(window.earliest()).chain(window.latest()).collect();
        days.into_iter().collect()
    }

    fn is_counted(&self, of: Counted, part: &Part<'_>, on: Day) -> bool {
        let described = || self.view.catalogue.party(&part.whole.party, on);
        let is_state = || described().is_some_and(|party| party.r#type == PartyType::State);
        of != Counted::States || part.is_state.unwrap_or_else(is_state)
    }

    fn ours(&self, of: Counted, on: Day) -> Ours {
        let mut ours = Ours { certain: 0, most: 0 };
        for part in &self.confirmed {
            let step = part.on(on);
            if step.status == Status::Member && self.is_counted(of, part, on) {
                ours.most += 1;
                ours.certain += u64::from(step.certainty() == Certainty::Certain);
            }
        }
        ours
    }

    /// Whom somebody who counted more, or fewer, may have counted otherwise.
    fn candidates(&self, verdict: Verdict, of: Counted, claim: &Claim<'_>, on: Day) -> Vec<Candidate> {
        let mut found: BTreeMap<&str, Candidate> = BTreeMap::new();
        for part in &self.confirmed {
            let step = part.on(on);
            let counted = || self.is_counted(of, part, on);
            let is_member = step.status == Status::Member;
            let certain = step.certainty() == Certainty::Certain;
            let announced_later = |row: &Row<'_>| {
                let after = |seq: u64| {
                    let event = self.view.event(seq).map(|event| self.view.knowledge.announced(event));
                    event.is_some_and(|event| claim.announced().certainly_before(event))
                };
                row.claims.first().is_some_and(|claim| after(claim.seq()))
            };
            let because = match verdict {
                Verdict::Agrees => (is_member && !certain && counted()).then_some(Because::Possible),
                Verdict::More if is_member => (!counted()).then_some(Because::NotState),
                Verdict::More => (step.status > Status::Former && counted()).then_some(Because::NotMember),
                Verdict::Fewer if !is_member || !counted() => None,
                Verdict::Fewer if !certain => Some(Because::Possible),
                Verdict::Fewer => {
                    let row = part.whole.on(on);
                    let disputed = row.disputed.then_some(Because::Disputed);
                    disputed.or_else(|| announced_later(&row).then_some(Because::AnnouncedLater))
                }
            };
            if let Some(because) = because {
                found.insert(&part.whole.party, self.candidate(&part.whole.party, step, because, on));
            }
        }
        if verdict == Verdict::More {
            for part in self.reported.iter().filter(|part| self.is_counted(of, part, on)) {
                let step = part.on(on);
                let ours = self.confirmed.binary_search_by(|own| own.whole.party.cmp(&part.whole.party)).ok();
                let is_ours = ours.is_some_and(|index| self.confirmed[index].on(on).status == Status::Member);
                if step.status == Status::Member && !is_ours {
                    let candidate = self.candidate(&part.whole.party, step, Because::Reported, on);
                    found.insert(&part.whole.party, candidate);
                }
            }
        }
        found.into_values().collect()
    }

    fn candidate(&self, party: &str, step: Step, because: Because, on: Day) -> Candidate {
        let described = self.view.catalogue.party(party, on);
        Candidate {
            party: described.map_or_else(|| party.to_owned(), |party| party.id.to_string()),
            name: described.map_or_else(|| party.to_owned(), |party| party.name.clone()),
            status: step.status,
            certainty: step.certainty(),
            because,
        }
    }
}
