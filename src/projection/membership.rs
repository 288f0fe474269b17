//! Who is what to an agreement on a day: certainly, possibly, or not.

use std::collections::HashMap;

use crate::domain::act::{JoiningAct, Role};
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::window::{Certainty, Window, covers};
use crate::projection::acts::{AgreementActs, Expectation};
use crate::projection::knowledge::{Claim, Knowledge};
use crate::projection::rules::{Rules, Status};
use crate::projection::stays::{Interval, Stays, ends_by};

/// One party on a day.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The folded id of the party.
    pub party: String,
    /// The highest status possible on that day.
    pub status: Status,
    /// How sure that status is.
    pub certainty: Certainty,
    /// The highest status that is certain.
    pub at_least: Status,
    /// The act that led to the status.
    pub act: Option<JoiningAct>,
    /// The role, where a source states one.
    pub role: Option<Role>,
    /// Since when, as precisely as the deciding source says it.
    pub since: Option<Date>,
    /// Until when, as far as it is known.
    pub until: Option<Date>,
    /// Whether a claim that the row rests on is denied by somebody.
    pub disputed: bool,
    /// Whether the row rests on what is only reported.
    pub standing: Standing,
    /// The claims that it rests on, the deciding one first.
    pub claims: Vec<&'a Claim<'a>>,
}

/// Whether claims that are only reported may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// Confirmed claims alone.
    LeftOut,
    /// Reported claims too, where the confirmed status is lower.
    Included,
}

/// Every party that was ever told to be anything to the agreement, with its status on that day.
///
/// `agreement` is a folded id; rows are in the order of the parties' ids.
pub fn members<'a>(
    knowledge: &'a Knowledge<'a>,
    agreement: &str,
    rules: &Rules<'_>,
    on: Day,
    reported: Reported,
) -> Vec<Row<'a>> {
    let mut rows = rows_of(knowledge, agreement, rules, on, Standing::Confirmed);
    if reported == Reported::Included {
        for row in rows_of(knowledge, agreement, rules, on, Standing::Reported) {
            match rows.iter_mut().find(|confirmed| confirmed.party == row.party) {
                Some(confirmed) if confirmed.status >= row.status => {}
                Some(confirmed) => *confirmed = row,
                None => rows.push(row),
            }
        }
        rows.sort_by(|a, b| a.party.cmp(&b.party));
    }
    rows
}

fn rows_of<'a>(
    knowledge: &'a Knowledge<'a>,
    agreement: &str,
    rules: &Rules<'_>,
    on: Day,
    standing: Standing,
) -> Vec<Row<'a>> {
    let acts = AgreementActs::of(&knowledge.claims, agreement, rules, standing);
    let mut expected: HashMap<String, Vec<&Expectation<'a>>> = HashMap::new();
    for expectation in &acts.prospects {
        expected.entry(expectation.party.folded()).or_default().push(expectation);
    }
    let mut parties: Vec<&String> = acts.parties.keys().chain(expected.keys()).collect();
    parties.sort_unstable();
    parties.dedup();
    parties
        .into_iter()
        .map(|party| {
            let own = acts.parties.get(party).map_or(&[][..], Vec::as_slice);
            let stays = Stays::of(own, &acts.for_all, &acts.milestones, rules);
            let prospects = expected.get(party).map_or(&[][..], Vec::as_slice);
            let prospects: Vec<Interval<'a>> =
                prospects.iter().map(|expectation| prospect(expectation, &stays, knowledge)).collect();
            row(party, &stays, &prospects, on, standing)
        })
        .collect()
}

/// A prospect runs from its announcement until it is fulfilled, or the party has come nearer.
fn prospect<'a>(expectation: &Expectation<'a>, stays: &Stays<'a>, knowledge: &Knowledge<'a>) -> Interval<'a> {
    let begin = expectation.claim.announced();
    let fulfilled = expectation
        .fulfilled_by
        .and_then(|id| knowledge.claims.iter().find(|claim| claim.event.id == *id).map(Claim::announced));
    // Only what was over by then leaves room for something new.
    let over = |interval: &&Interval<'a>| interval.end.is_some_and(|end| ends_by(end, begin));
    let joined = stays.intervals.iter().filter(|interval| !over(interval)).map(|interval| interval.begin);
    let end = fulfilled.into_iter().chain(joined).reduce(Window::earlier_of);
    Interval {
        status: Status::Prospective,
        begin,
        end,
        since: Date::of_window(begin),
        until: end.map(Date::of_window),
        stay: None,
        act: None,
        role: None,
        claims: vec![expectation.claim],
    }
}

/// What one interval amounts to on a day.
struct Held<'i, 'a> {
    status: Status,
    certainty: Certainty,
    interval: &'i Interval<'a>,
    /// The membership that a suspension takes the place of.
    beneath: Option<&'i Interval<'a>>,
}

fn row<'a>(party: &str, stays: &Stays<'a>, prospects: &[Interval<'a>], on: Day, standing: Standing) -> Row<'a> {
    let intervals: Vec<&Interval<'a>> = stays.intervals.iter().chain(prospects).collect();
    let held: Vec<Held<'_, 'a>> = intervals.iter().flat_map(|interval| held(interval, stays, on)).collect();
    let possible = held.iter().filter(|held| held.certainty != Certainty::Not);
    let best =
        possible.max_by_key(|held| (held.status, held.certainty == Certainty::Certain, held.interval.begin.latest()));
    let left = stays.intervals.iter().filter_map(|interval| former(interval, on));
    let left = left.max_by_key(|held| (held.certainty == Certainty::Certain, held.interval.begin.latest()));
    let was = left.as_ref().map_or(Status::None, |held| match held.certainty {
        Certainty::Certain => Status::Former,
        Certainty::Possible | Certainty::Not => Status::None,
    });
    let certain = held.iter().filter(|held| held.certainty == Certainty::Certain).map(|held| held.status).max();
    let shown = match (&best, &left) {
        (Some(best), _) => best,
        (None, Some(left)) => left,
        (None, None) => return unrelated(party, standing, stays),
    };
    // Whoever is a member but perhaps suspended is at least suspended.
    let suspended = held.iter().any(|held| held.status == Status::Suspended && held.certainty == Certainty::Possible)
        && intervals.iter().any(|interval| interval.status == Status::Member && interval.on(on) == Certainty::Certain);
    let at_least = certain.into_iter().chain([was]).chain(suspended.then_some(Status::Suspended)).max();
    let (interval, beneath) = (shown.interval, shown.beneath);
    let claims: Vec<&Claim<'a>> =
        std::iter::once(interval).chain(beneath).flat_map(|interval| &interval.claims).copied().collect();
    Row {
        party: party.to_owned(),
        status: shown.status,
        certainty: shown.certainty,
        at_least: at_least.unwrap_or(Status::None),
        act: interval.act,
        role: interval.role.or_else(|| beneath?.role),
        since: Some(interval.since.clone()),
        until: interval.until.clone().or_else(|| beneath?.until.clone()),
        disputed: claims.iter().any(|claim| !claim.disputed_by.is_empty()),
        standing,
        claims,
    }
}

fn unrelated<'a>(party: &str, standing: Standing, stays: &Stays<'a>) -> Row<'a> {
    let mut claims: Vec<&Claim<'a>> = stays.intervals.iter().flat_map(|interval| &interval.claims).copied().collect();
    claims.extend(&stays.irregular);
    Row {
        party: party.to_owned(),
        status: Status::None,
        certainty: Certainty::Certain,
        at_least: Status::None,
        act: None,
        role: None,
        since: None,
        until: None,
        disputed: claims.iter().any(|claim| !claim.disputed_by.is_empty()),
        standing,
        claims,
    }
}

/// The statuses that an interval gives on a day: membership splits where it may be suspended.
fn held<'i, 'a>(interval: &'i Interval<'a>, stays: &'i Stays<'a>, on: Day) -> Vec<Held<'i, 'a>> {
    let certainty = interval.on(on);
    let plain = |certainty| Held { status: interval.status, certainty, interval, beneath: None };
    if interval.status != Status::Member || certainty == Certainty::Not {
        return vec![plain(certainty)];
    }
    let touching = |suspension: &&Interval<'a>| suspension.stay.is_none() || suspension.stay == interval.stay;
    let suspension = stays.suspensions.iter().filter(touching).max_by_key(|suspension| match suspension.on(on) {
        Certainty::Certain => 2,
        Certainty::Possible => 1,
        Certainty::Not => 0,
    });
    let Some((suspension, suspended)) = suspension.map(|suspension| (suspension, suspension.on(on))) else {
        return vec![plain(certainty)];
    };
    let both = if certainty == Certainty::Certain { suspended } else { Certainty::Possible };
    let held = Held { status: Status::Suspended, certainty: both, interval: suspension, beneath: Some(interval) };
    match suspended {
        Certainty::Not => vec![plain(certainty)],
        Certainty::Certain => vec![held],
        Certainty::Possible => vec![plain(Certainty::Possible), held],
    }
}

/// Whether the interval lies, or may lie, in the past.
fn former<'i, 'a>(interval: &'i Interval<'a>, on: Day) -> Option<Held<'i, 'a>> {
    let end = interval.end?;
    if !end.possibly_by(on) || !interval.begin.possibly_by(on) {
        return None;
    }
    let certain = end.certainly_by(on) && interval.begin.certainly_by(on);
    let certainty = if certain { Certainty::Certain } else { Certainty::Possible };
    Some(Held { status: Status::Former, certainty, interval, beneath: None })
}

impl Interval<'_> {
    /// Whether the status is held on a day.
    pub fn on(&self, day: Day) -> Certainty {
        covers(self.begin, self.end, day)
    }
}
