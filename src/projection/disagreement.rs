//! Where sources disagree about a row: claims by which alone it would be another.

use std::collections::HashSet;

use crate::domain::act::Role;
use crate::domain::day::Day;
use crate::projection::acts::{Act, AgreementActs, Milestones};
use crate::projection::interval::{Fact, Interval};
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Row, shown_on};
use crate::projection::rank::supporting;
use crate::projection::rules::Status;
use crate::projection::stay::Terms;
use crate::projection::stays::Stays;

/// What one claim of a fact says of a party, and what the party would be by it alone.
#[derive(Debug)]
pub struct Alone<'a> {
    claim: &'a Claim<'a>,
    /// The role that it states.
    role: Option<Role>,
    /// What the acts of the party would amount to; none, where they would to the same, or the claim merely supports what
    /// decides.
    pub(super) stays: Option<Stays<'a>>,
}

/// A claim of something that happened to the agreement, and another with other days that decides.
#[derive(Debug, Clone, Copy)]
pub struct Overruled<'a> {
    claim: &'a Claim<'a>,
    by: u64,
}

impl<'a> Alone<'a> {
    /// The claims of a party's facts that may make another row of it.
    pub(super) fn of(acts: &AgreementActs<'a>, party: &str, stays: &Stays<'a>, terms: Terms<'_, 'a>) -> Vec<Self> {
        let mut found = Vec::new();
        for fact in stays.facts.iter().filter(|fact| fact.acts.len() > 1) {
            let supporting = supporting(fact.acts.iter().map(|act| act.effect));
            let decides = &fact.acts[0];
            for act in &fact.acts {
                let same = act.effect == decides.effect && act.in_force == decides.in_force;
                let other = !same && !supporting.contains(&act.effect);
                if other || act.role().is_some() {
                    let stays = other.then(|| stays_by(acts, party, (fact, act.claim), terms));
                    found.push(Self { claim: act.claim, role: act.role(), stays });
                }
            }
        }
        found
    }

    /// Whether by the claim alone the row is impossible on its day, or has another role.
    fn contradicts(&self, row: &Row<'_>, prospects: &[Interval<'a>], on: Day) -> bool {
        let otherwise = self.role.zip(row.role).is_some_and(|(own, shown)| own != shown);
        otherwise && rests_on(row, self.claim.seq())
            || self.stays.as_ref().is_some_and(|stays| {
                let (shown, at_least) = shown_on(stays, prospects, on);
                shown.map_or(Status::None, |held| held.status) < row.status || at_least > row.status
            })
    }
}

impl<'a> Overruled<'a> {
    /// The claims of an agreement's milestones that may not be meant by what decides.
    pub(super) fn of(milestones: &Milestones<'a>) -> Vec<Self> {
        let mut found = Vec::new();
        for told in milestones.facts() {
            let supporting = supporting(told.iter().map(|reached| reached.window));
            let rest = told[1..].iter().filter(|other| !supporting.contains(&other.window));
            let apart = rest.filter(|other| !other.window.overlaps(told[0].window));
            found.extend(apart.map(|other| Self { claim: other.claim, by: told[0].claim.seq() }));
        }
        found
    }
}

/// The claims that disagree with a row on its day.
pub(super) fn disagreeing<'a>(
    row: &Row<'a>,
    (alone, overruled): (&[Alone<'a>], &[Overruled<'a>]),
    prospects: &[Interval<'a>],
    on: Day,
) -> Vec<&'a Claim<'a>> {
    let of_party = alone.iter().filter(|alone| alone.contradicts(row, prospects, on)).map(|alone| alone.claim);
    let of_agreement = overruled.iter().filter(|other| rests_on(row, other.by)).map(|other| other.claim);
    let mut found: Vec<&Claim<'_>> = of_party.chain(of_agreement).collect();
    found.sort_by_key(|claim| claim.seq());
    found.dedup_by_key(|claim| claim.seq());
    found
}

/// What the acts of a party would amount to if only one of the claims of a fact had been made.
pub(super) fn stays_by<'a>(
    acts: &AgreementActs<'a>,
    party: &str,
    (fact, kept): (&Fact<'a>, &Claim<'a>),
    terms: Terms<'_, 'a>,
) -> Stays<'a> {
    let others: HashSet<u64> = fact.acts.iter().map(|act| act.claim.seq()).filter(|seq| *seq != kept.seq()).collect();
    let own = acts.parties.get(party).map_or(&[][..], Vec::as_slice);
    let own: Vec<Act<'a>> = own.iter().filter(|act| !others.contains(&act.claim.seq())).cloned().collect();
    Stays::of(&own, &acts.for_all, terms)
}

fn rests_on(row: &Row<'_>, seq: u64) -> bool {
    row.claims.iter().any(|claim| claim.seq() == seq)
}
