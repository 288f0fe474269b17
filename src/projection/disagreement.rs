//! Where sources disagree about a row: claims by which alone it would be another.

use std::collections::HashSet;

use crate::domain::act::Role;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::window::Window;
use crate::projection::acts::{Act, AgreementActs, Milestones};
use crate::projection::interval::{Fact, Interval};
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Row, shown_on};
use crate::projection::rank::supporting;
use crate::projection::rules::Status;
use crate::projection::stay::Terms;
use crate::projection::stays::Stays;

/// The most other days of one fact that are compared, the strongest: more leave no answer less sure, and cost.
const MOST: usize = 16;
/// The most facts of one party that are compared, the last in the order of its stays: each takes all of its acts again.
const MOST_FACTS: usize = 64;

/// What the claims about a party say otherwise than those that decide.
#[derive(Debug, Default)]
pub struct Compared<'a> {
    otherwise: Vec<Otherwise<'a>>,
    /// The claims that state a role.
    roles: Vec<(&'a Claim<'a>, Role)>,
}

/// What a party would be if of one fact only these claims, of the same days, had been made.
#[derive(Debug)]
struct Otherwise<'a> {
    claims: Vec<&'a Claim<'a>>,
    stays: Stays<'a>,
    /// Of a milestone of the agreement, the event that decides in its place.
    milestone: Option<u64>,
}

/// The milestones of an agreement, if of one of them only these claims had been made.
#[derive(Debug)]
pub(super) struct OtherMilestones<'a> {
    claims: Vec<&'a Claim<'a>>,
    instead_of: u64,
    milestones: Milestones<'a>,
}

impl<'a> OtherMilestones<'a> {
    /// The days of an agreement's milestones that are told and do not decide, nor may be meant by what does.
    pub(super) fn of(milestones: &Milestones<'a>) -> Vec<Self> {
        let mut found = Vec::new();
        for told in milestones.facts() {
            let supporting = supporting(told.iter().map(|reached| reached.window));
            let apart = |window: &Window| !supporting.contains(window) && !window.overlaps(told[0].window);
            let rest = told[1..].iter().filter(|other| apart(&other.window));
            for others in alike(rest, |other| other.window) {
                found.push(Self {
                    claims: others.iter().map(|other| other.claim).collect(),
                    instead_of: told[0].claim.seq(),
                    milestones: milestones.with_only(others[0]),
                });
            }
        }
        found
    }
}

impl<'a> Compared<'a> {
    /// Compares the claims of a party's facts, and of its agreement's milestones.
    pub(super) fn of(
        (acts, party): (&AgreementActs<'a>, &str),
        stays: &Stays<'a>,
        terms: Terms<'_, 'a>,
        milestones: &[OtherMilestones<'a>],
    ) -> Self {
        let mut found = Self::default();
        let told_apart = stays.facts.iter().filter(|fact| fact.acts.len() > 1);
        let left_out = told_apart.clone().count().saturating_sub(MOST_FACTS);
        for fact in told_apart.skip(left_out) {
            let supporting = supporting(fact.acts.iter().map(|act| act.effect));
            let days = |act: &Act<'a>| -> (Window, Option<&'a Date>) { (act.effect, act.in_force) };
            let others = fact.acts.iter().filter(|act| !supporting.contains(&act.effect));
            let others = others.filter(|act| days(act) != days(&fact.acts[0]));
            for others in alike(others, |act| days(act)) {
                let stays = stays_by(acts, party, (fact, others[0].claim), terms);
                let claims = others.iter().map(|act| act.claim).collect();
                found.otherwise.push(Otherwise { claims, stays, milestone: None });
            }
            found.roles.extend(fact.acts.iter().filter_map(|act| Some((act.claim, act.role()?))));
        }
        let own = acts.parties.get(party).map_or(&[][..], Vec::as_slice);
        found.otherwise.extend(milestones.iter().map(|other| Otherwise {
            claims: other.claims.clone(),
            stays: Stays::of(own, &acts.for_all, Terms { milestones: &other.milestones, ..terms }),
            milestone: Some(other.instead_of),
        }));
        found
    }

    /// What the party's acts would amount to otherwise.
    pub(super) fn stays(&self) -> impl Iterator<Item = &Stays<'a>> {
        self.otherwise.iter().map(|other| &other.stays)
    }

    /// The claims that disagree with a row on its day: by them alone it is impossible, or it rests on what they tell
    /// otherwise, in the order of recording.
    pub(super) fn disagreeing(&self, row: &Row<'a>, prospects: &[Interval<'a>], on: Day) -> Vec<&'a Claim<'a>> {
        let contradicts = |other: &&Otherwise<'a>| {
            let (shown, at_least) = shown_on(&other.stays, prospects, on);
            let is_impossible = shown.map_or(Status::None, |held| held.status) < row.status || at_least > row.status;
            is_impossible || other.milestone.is_some_and(|instead_of| rests_on(row, instead_of))
        };
        let of_days = self.otherwise.iter().filter(contradicts).flat_map(|other| other.claims.iter().copied());
        let has_other = |(claim, role): &&(&'a Claim<'a>, Role)| {
            row.role.is_some_and(|shown| shown != *role) && rests_on(row, claim.seq())
        };
        let of_roles = self.roles.iter().filter(has_other).map(|(claim, _)| *claim);
        let mut found: Vec<&Claim<'_>> = of_days.chain(of_roles).collect();
        found.sort_by_key(|claim| claim.seq());
        found.dedup_by_key(|claim| claim.seq());
        found
    }
}

/// Ranked claims of the same days together, the strongest days first, and no more of them than are compared.
fn alike<'t, T, D: PartialEq>(told: impl Iterator<Item = &'t T>, days: impl Fn(&T) -> D) -> Vec<Vec<&'t T>> {
    let mut found: Vec<Vec<&T>> = Vec::new();
    for told in told {
        match found.iter().position(|others| days(others[0]) == days(told)) {
            Some(place) => found[place].push(told),
            None if found.len() < MOST => found.push(vec![told]),
            None => {}
        }
    }
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
