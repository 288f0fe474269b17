//! Numbers that others published against our own, and which parties may explain the difference.
//!
//! A number is held against what `members` says of its day by what was announced by the latest day of its own
//! announcement: what came later nobody could have counted. Where its day is not known exactly, ours are the least and the
//! most of all days that it may be, and a day with as many certain parties as the number, or as many with possible ones,
//! agrees. A number within some days counts those that came then; one of a joining is the place that this has among them.
//!
//! `states` and `all` are members. `signatories` are those that have signed and are not out again, whatever they became
//! since; who acceded to what others signed is none. `parties` are those that are bound: contracting, suspended and member.

pub(super) mod ours;
mod reasons;

use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::{Agreement, Count, Counted};
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, AnnouncementId, Namespace, folded};
use crate::domain::shape::vocabulary;
use crate::domain::window::{Certainty, Window};
use crate::event::snapshot::{Recorded, Snapshot};
use crate::projection::knowledge::{Claim, Horizon, Knowledge};
use crate::query::{QueryError, Reported, Standpoint, Status, Vantage, View};

use ours::{Era, Seen, When, came_by, era_on};
use reasons::Asked;

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
    #[serde(serialize_with = "crate::query::parallel_json::serialize")]
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
    /// The joining of which the number is the place, by the announcement's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joining: Option<String>,
    /// The parties that the source lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<String>,
    /// Whether that list claims to be whole.
    pub complete: bool,
    /// By which day what we count was announced: the latest day of the number's own announcement.
    pub announced_by: Option<Day>,
    /// How the number compares.
    pub verdict: Verdict,
    /// By how many it is more or fewer than ours.
    pub difference: u64,
    /// Where it does not agree: who else may have been counted, if the number would agree with that.
    pub agrees_as: Vec<Counted>,
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
    /// The claims that would close it: of a conflict those that say otherwise, else those that its status rests on.
    pub events: Vec<u64>,
}

vocabulary! {
    /// Why a party may have been counted that we do not count, or not counted that we do.
    pub enum Because {
        /// Sources disagree, and by another one it would be counted, or not.
        Conflict = "conflict",
        /// It only may be one of them.
        Possible = "possible",
        /// It takes part without being a member.
        NotMember = "not-member",
        /// It takes part without being bound.
        NotParty = "not-party",
        /// It takes part without having signed.
        NotSignatory = "not-signatory",
        /// It is one of them only by what is reported.
        Reported = "reported",
        /// It is one of them, and no state.
        NotState = "not-state",
        /// It has signed, and is bound by now.
        Bound = "bound",
        /// It is one of them by claims of which nothing says when they were announced.
        Undated = "undated",
        /// Somebody denies what makes it one of them.
        Disputed = "disputed",
        /// The source lists it.
        Listed = "listed",
        /// A list that claims to be whole lacks it.
        NotListed = "not-listed",
        /// Its joining, of which the number is the place, is not counted.
        NotCounted = "not-counted",
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
pub fn counts(snapshot: &Snapshot, agreement: Option<&str>, at: Standpoint) -> Result<Counts, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let wanted = agreement.map(|name| view.find(Namespace::Agreement, name)).transpose()?;
    let bearing = Bearing::of(&view);
    let counts = view.of_each(at.on, |id, described, claims| {
        let is_wanted = wanted.as_ref().is_none_or(|wanted| *wanted == id);
        if is_wanted { of_agreement(&view, (id, described), claims, &bearing, at) } else { Vec::new() }
    });
    Ok(Counts {
        schema: "servanda/counts/v1",
        agreement: agreement.map(str::to_owned),
        vantage: view.vantage(at),
        counts,
    })
}

/// The events that tell of agreements, by their folded ids, and what the ledger says of itself.
struct Bearing<'a> {
    agreements: HashMap<String, Told<'a>>,
    own: Vec<&'a Recorded>,
}

/// What is told of one agreement.
#[derive(Default)]
struct Told<'a> {
    events: Vec<&'a Recorded>,
    /// The last days on which those may have been announced that can change what we count, in order.
    changes: Vec<Option<Day>>,
}

impl Told<'_> {
    /// How many events that can change what we count were announced by a day: where these are as many on two days, so is
    /// all that we count.
    fn changes_by(&self, day: Option<Day>) -> usize {
        day.map_or(usize::MAX, |day| self.changes.partition_point(|change| change.is_some_and(|change| change <= day)))
    }
}

impl<'a> Bearing<'a> {
    /// Of the agreements for which numbers are told, the events that tell of them or describe them, and those about such.
    fn of(view: &View<'a>) -> Self {
        let is_count = |claim: &&Claim<'_>| matches!(claim.body, Body::Count(_));
        let counted = view.knowledge.claims.iter().filter(is_count).filter_map(Claim::agreement);
        let mut found =
            Self { agreements: counted.map(|id| (id.folded(), Told::default())).collect(), own: Vec::new() };
        let mut of_event: HashMap<&AnnouncementId, Vec<String>> = HashMap::new();
        let mut numbers: HashSet<&AnnouncementId> = HashSet::new();
        for event in view.events {
            let body = &event.announcement.body;
            if body.kind().is_about_ledger() {
                found.own.push(event);
                continue;
            }
            let said = body.said();
            let described = said.and_then(Body::describes).filter(|(space, _)| *space == Namespace::Agreement);
            let mut ids: Vec<String> = body.about().and_then(|id| of_event.get(id)).cloned().unwrap_or_default();
            ids.extend(said.and_then(Body::agreement).map(AgreementId::folded));
            ids.extend(described.map(|(_, id)| folded(id).into_owned()));
            ids.retain(|id| found.agreements.contains_key(id));
            ids.sort_unstable();
            ids.dedup();
            let is_number = |said: Option<&Body>| said.is_none_or(|said| matches!(said, Body::Count(_)));
            let is_about_number = body.about().is_some_and(|id| numbers.contains(id));
            let is_of_numbers = match body {
                Body::Count(_) => true,
                Body::Correction(_) => is_about_number && is_number(said),
                _ => is_about_number,
            };
            if is_of_numbers {
                numbers.insert(&event.id);
            }
            for id in &ids {
                let told = found.agreements.entry(id.clone()).or_default();
                told.events.push(event);
                told.changes.extend((!is_of_numbers).then(|| view.knowledge.announced(event).latest()));
            }
            if !ids.is_empty() {
                of_event.insert(&event.id, ids);
            }
        }
        // What has no last day was announced by none.
        let by_day = |told: &mut Told<'_>| told.changes.sort_unstable_by_key(|change| (change.is_none(), *change));
        found.agreements.values_mut().for_each(by_day);
        found
    }

    /// What was known of an agreement, of what was announced by a day.
    fn known(&self, agreement: &str, announced_by: Option<Day>) -> Knowledge<'a> {
        let told = self.agreements.get(agreement).into_iter().flat_map(|told| &told.events);
        let mut events: Vec<&Recorded> = self.own.iter().chain(told).copied().collect();
        events.sort_unstable_by_key(|event| event.seq);
        Knowledge::among(events, Horizon { announced_by })
    }
}

/// A number that a claim tells, and the day by which it was published.
type Numbered<'c, 'v> = (Option<Day>, &'c Claim<'v>, &'c Count);

/// The numbers told of one agreement.
fn of_agreement(
    view: &View<'_>,
    (id, described): (&str, &Agreement),
    claims: &[&Claim<'_>],
    bearing: &Bearing<'_>,
    at: Standpoint,
) -> Vec<Compared> {
    let told = claims.iter().filter_map(|claim| match claim.body {
        Body::Count(count) => Some((*claim, count)),
        _ => None,
    });
    let told = told.filter(|(claim, _)| claim.standing == Standing::Confirmed || at.reported == Reported::Included);
    let mut by_changes: BTreeMap<usize, Vec<Numbered<'_, '_>>> = BTreeMap::new();
    for (claim, count) in told {
        let day = published(view, claim).latest().or(at.known.announced_by);
        let changes = bearing.agreements.get(id).map_or(0, |told| told.changes_by(day));
        by_changes.entry(changes).or_default().push((day, claim, count));
    }
    let now = Seen::of(view, &view.knowledge, id, at);
    let mut found: Vec<(Window, Compared)> = Vec::new();
    for told in by_changes.into_values() {
        // The numbers themselves name joinings, so the last day is taken, on which all of them are known.
        let knowledge = bearing.known(id, told.iter().map(|(day, ..)| *day).max().flatten());
        let seen = Seen::of(view, &knowledge, id, at);
        let eras = seen.eras();
        for (day, claim, count) in told {
            if let Some(compared) = compared((&eras, &now), (claim, count), day) {
                let title = described.title.clone();
                let compared = Compared { agreement: described.id.to_string(), title, ..compared };
                found.push((days_of(count), compared));
            }
        }
    }
    found.sort_by(|(a, a_told), (b, b_told)| a.cmp_by_ends(b).then(a_told.event.cmp(&b_told.event)));
    found.into_iter().map(|(_, compared)| compared).collect()
}

/// When a number was published: a correction that says nothing of that corrects one that was published then.
fn published(view: &View<'_>, claim: &Claim<'_>) -> Window {
    let mut event = claim.event;
    while let Body::Correction(correction) = &event.announcement.body {
        let says = event.announcement.announced.is_some() || !event.announcement.evidence.is_empty();
        let corrected = view.knowledge.event(&correction.corrects).filter(|of| !says && of.seq < event.seq);
        let Some(corrected) = corrected else { break };
        event = corrected;
    }
    view.knowledge.announced(event)
}

/// The days that a number is for, as far as it says so.
fn days_of(count: &Count) -> Window {
    count.date().map_or(Window::UNKNOWN, Date::window)
}

fn compared<'e>(
    (eras, now): (&'e [Era<'_>], &'e Seen<'e>),
    (claim, count): (&Claim<'_>, &Count),
    announced_by: Option<Day>,
) -> Option<Compared> {
    let last = days_of(count).latest().unwrap_or(Day::MAX);
    let era = era_on(eras, last)?;
    let whens: Vec<(&Era<'_>, When<'_>)> = match (&count.joining, &count.during) {
        (Some(joining), during) => {
            let came = era.seen.knowledge.claim_of(joining).and_then(|claim| came_by(era, claim, count.of));
            let within = during.as_ref().map(Date::window);
            came.map(|(party, came)| (era, When::Place { party, came, within })).into_iter().collect()
        }
        (None, Some(during)) => vec![(era, When::During(during.window()))],
        (None, None) => {
            let days = era.days(count).into_iter();
            days.filter_map(|day| Some((era_on(eras, day)?, When::On(day)))).collect()
        }
    };
    let ours_as = |of: Counted| whens.iter().map(move |(era, when)| era.ours(of, when));
    let off = |ours: &Ours| ours.certain.saturating_sub(count.number).max(count.number.saturating_sub(ours.most));
    let all: Vec<Ours> = ours_as(count.of).collect();
    // Of several days the last that comes nearest.
    let nearest = (0..all.len()).rev().min_by_key(|place| off(&all[*place]));
    let nothing = Ours { certain: 0, most: 0 };
    let best = nearest.map_or(nothing, |place| all[place]);
    let verdict = match (off(&best), count.number > best.most) {
        (0, _) => Verdict::Agrees,
        (_, true) => Verdict::More,
        (_, false) => Verdict::Fewer,
    };
    let ours = Ours {
        certain: all.iter().map(|ours| ours.certain).min().unwrap_or_default(),
        most: all.iter().map(|ours| ours.most).max().unwrap_or_default(),
    };
    let mut others: Vec<Counted> = Counted::ALL.to_vec();
    others.retain(|of| verdict != Verdict::Agrees && *of != count.of && ours_as(*of).any(|ours| off(&ours) == 0));
    let (era, when) = nearest.map_or((era, None), |place| (whens[place].0, Some(whens[place].1.clone())));
    let is_higher = count.number > best.certain;
    let mut publishers: Vec<String> = claim.evidence.iter().map(|evidence| evidence.source.publisher.clone()).collect();
    publishers.dedup();
    Some(Compared {
        agreement: String::new(),
        title: String::new(),
        number: count.number,
        of: count.of,
        on: count.on.clone(),
        during: count.during.clone(),
        publishers,
        ours,
        joining: count.joining.as_ref().map(ToString::to_string),
        listed: count.listed.iter().map(ToString::to_string).collect(),
        complete: count.complete,
        announced_by,
        verdict,
        difference: off(&best),
        agrees_as: others,
        explained_by: Asked { count, verdict, is_higher, when, era, now }.candidates(),
        standing: claim.standing,
        disputed: !claim.disputed_by.is_empty(),
        event: claim.seq(),
    })
}
