//! What a party is on every day, without all that this rests on: its statuses one after the other.

use std::collections::BTreeMap;

use crate::domain::day::Day;
use crate::domain::window::Certainty;
use crate::projection::membership::{Participation, ends_of, shown_on};
use crate::projection::rules::Status;

/// What a party is from a day on, until the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSpan {
    /// The first day.
    pub from: Day,
    /// The highest status possible.
    pub status: Status,
    /// The highest status that is certain.
    pub at_least: Status,
}

impl StatusSpan {
    /// How sure the status is.
    pub fn certainty(self) -> Certainty {
        if self.status == self.at_least { Certainty::Certain } else { Certainty::Possible }
    }

    /// Whether it tells the same from another day on.
    pub fn goes_on(self, before: Self) -> bool {
        Self { from: before.from, ..self } == before
    }
}

impl Participation<'_> {
    /// Its statuses on all days, in their order, the first from the first day there is.
    pub fn steps(&self) -> Vec<StatusSpan> {
        // What turns on a day may also do so on the next: the first day after the last possible one.
        let turning = ends_of(self.windows()).flat_map(|day| [day, day.next()]);
        stepped(turning, |day| {
            let (shown, at_least) = shown_on(&self.stays, &self.prospects, day);
            (shown.map_or(Status::None, |held| held.status), at_least)
        })
    }
}

/// The statuses of every party, by its folded id: what is confirmed, or what is only reported, where that is higher.
pub fn steps<'p>(
    confirmed: &'p [Participation<'_>],
    reported: &'p [Participation<'_>],
) -> BTreeMap<&'p str, Vec<StatusSpan>> {
    let mut found: BTreeMap<&str, Vec<StatusSpan>> =
        confirmed.iter().map(|part| (part.party.as_str(), part.steps())).collect();
    for part in reported {
        let told = part.steps();
        let shown = match found.get(part.party.as_str()) {
            Some(own) => stepped(own.iter().chain(&told).map(|step| step.from), |day| {
                let (own, told) = (step_on(own, day), step_on(&told, day));
                let shown = if own.status >= told.status { own } else { told };
                (shown.status, shown.at_least)
            }),
            None => told,
        };
        found.insert(&part.party, shown);
    }
    found
}

/// What holds on a day, of statuses on all days.
pub fn step_on(steps: &[StatusSpan], day: Day) -> StatusSpan {
    steps[steps.partition_point(|step| step.from <= day).saturating_sub(1)]
}

/// The steps of what may become something else on these days, and is something from the first day there is.
fn stepped(turning: impl Iterator<Item = Day>, on: impl Fn(Day) -> (Status, Status)) -> Vec<StatusSpan> {
    let mut days: Vec<Day> = turning.chain([Day::MIN]).collect();
    days.sort_unstable();
    days.dedup();
    let mut steps: Vec<StatusSpan> = Vec::new();
    for from in days {
        let (status, at_least) = on(from);
        let step = StatusSpan { from, status, at_least };
        if steps.last().is_none_or(|before| !step.goes_on(*before)) {
            steps.push(step);
        }
    }
    steps
}
