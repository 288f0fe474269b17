//! One stay while it is being put together: what was gained in it, what was lost again, and how it ended.

use std::collections::BTreeMap;

use crate::domain::act::DepartureAct;
use crate::domain::date::Date;
use crate::projection::acts::{Act, Milestones, Turn};
use crate::projection::interval::{End, Fact, Interval};
use crate::projection::rank::{Prefer, rank};
use crate::projection::rules::{Ground, Rules, Status, Step};

/// The acts of one stay.
#[derive(Debug, Default)]
pub(super) struct Stay<'a> {
    /// Each with the number of steps back of its kind that come before it.
    pub(super) joinings: Vec<(usize, Act<'a>)>,
    /// Steps back inside the stay, each ending what was gained of its kind before it.
    steps_back: Vec<Act<'a>>,
    pub(super) leavings: Vec<Act<'a>>,
    /// Steps gained and not undone.
    held: Vec<Step>,
}

/// What was gained in a stay: ranked acts by their part of the stay, their step, and what it leads to.
pub(super) type Gained<'a> = BTreeMap<(usize, Step, Status), Vec<Act<'a>>>;

/// What the ends and beginnings of a stay follow from.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t, 'a> {
    /// What happened to the agreement as a whole.
    pub milestones: &'t Milestones<'a>,
    /// The agreement's rules of membership.
    pub rules: &'t Rules<'t>,
    /// Which of several claims of one fact decides.
    pub prefer: Prefer,
}

impl<'a> Stay<'a> {
    /// The stay that acts of one label make up.
    pub(super) fn of_label(mut acts: Vec<Act<'a>>) -> Self {
        acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect).then(a.departs().cmp(&b.departs())));
        let mut stay = Self::default();
        for act in acts {
            match act.turn {
                Turn::Joining { .. } => stay.join(act),
                Turn::Departure(_) => {
                    stay.leave(act);
                }
                Turn::Suspension(_) => {}
            }
        }
        stay
    }

    /// What is gained after a step back of its kind is counted apart from what was gained before.
    pub(super) fn join(&mut self, act: Act<'a>) {
        if let Some(step) = act.step() {
            self.held.push(step);
            self.joinings.push((self.undoing(step).count(), act));
        }
    }

    /// The steps back that take back such a step, in order.
    fn undoing(&self, step: Step) -> impl Iterator<Item = &Act<'a>> {
        self.steps_back.iter().filter(move |act| matches!(act.turn, Turn::Departure(act) if undoes(act, step)))
    }

    /// Takes a departure, and tells whether the stay is still open: whether anything gained in it is left.
    pub(super) fn leave(&mut self, act: Act<'a>) -> bool {
        let Turn::Departure(departure) = act.turn else { return true };
        self.held.retain(|step| !undoes(departure, *step));
        let goes_on = !self.held.is_empty();
        let acts = if goes_on { &mut self.steps_back } else { &mut self.leavings };
        acts.push(act);
        goes_on
    }

    /// All of its acts.
    pub(super) fn acts(&self) -> impl Iterator<Item = &Act<'a>> {
        self.joinings.iter().map(|(_, act)| act).chain(&self.steps_back).chain(&self.leavings)
    }

    /// What was gained, each with its claims in order.
    pub(super) fn gained(&self, prefer: Prefer) -> Gained<'a> {
        let mut gained = Gained::new();
        for (part, act) in &self.joinings {
            if let Turn::Joining { step, to, .. } = act.turn {
                gained.entry((*part, step, to)).or_default().push(act.clone());
            }
        }
        for acts in gained.values_mut() {
            rank(acts, prefer, Act::rival);
        }
        gained
    }

    /// Every fact of the stay, from what was gained in it to its end.
    pub(super) fn facts(&self, gained: Gained<'a>, prefer: Prefer) -> Vec<Fact<'a>> {
        let mut undone: Vec<Vec<Act<'a>>> = Vec::new();
        for (part, step, _) in gained.keys() {
            let acts = self.steps_back_after(*part, *step);
            if !acts.is_empty() && !undone.iter().any(|known| same_claims(known, &acts)) {
                undone.push(acts);
            }
        }
        let is_counted = |act: &Act<'_>| undone.iter().flatten().any(|known| known.claim.seq() == act.claim.seq());
        let alone: Vec<Act<'a>> = self.steps_back.iter().filter(|act| !is_counted(act)).cloned().collect();
        undone.extend(alone.into_iter().map(|act| vec![act]));
        undone.extend(Some(self.leavings.clone()).filter(|acts| !acts.is_empty()));
        let gained = gained.into_iter().map(|((_, step, to), acts)| Fact { step, to: Some(to), acts });
        gained.chain(undone.into_iter().map(|acts| Fact::ranked(Step::Leave, None, acts, prefer))).collect()
    }

    /// The end of the stay: the strongest claim of leaving, or the end of the agreement if that is earlier.
    pub(super) fn end(&self, terms: Terms<'_, 'a>) -> Option<End<'a>> {
        let mut leavings = self.leavings.clone();
        let left = if terms.rules.in_force_is_stated() {
            leavings.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
            End::of_ranked(&leavings)
        } else {
            End::of(leavings, terms.prefer)
        };
        let left = if terms.rules.needs_notice() { left } else { left.map(End::without_notice) };
        match (left, End::of_agreement(terms.milestones)) {
            (Some(left), Some(ended)) => Some(left.or_earlier(ended)),
            (left, ended) => left.or(ended),
        }
    }

    /// What the party is during this stay, where consent and entry into force are derived.
    pub(super) fn intervals(
        &self,
        gained: &Gained<'a>,
        end: Option<&End<'a>>,
        terms: Terms<'_, 'a>,
    ) -> Vec<Interval<'a>> {
        let mut intervals = Vec::new();
        for ((part, step, to), acts) in gained {
            let end = self.end_of(*part, *step, end, terms.prefer);
            let interval = Interval::from(acts, *to, end.as_ref(), terms.prefer);
            let stated = gained.contains_key(&(*part, Step::EnterIntoForce, Status::Member));
            if *step == Step::Consent && !stated {
                intervals.extend(in_force(acts, &interval, terms));
            }
            intervals.push(interval);
        }
        intervals
    }

    /// When what a step gained is lost: by a step back of its kind, else with the stay.
    fn end_of(&self, part: usize, step: Step, end: Option<&End<'a>>, prefer: Prefer) -> Option<End<'a>> {
        match (End::of(self.steps_back_after(part, step), prefer), end) {
            (Some(back), Some(end)) => Some(back.or_earlier(end.clone())),
            (back, end) => back.or(end.cloned()),
        }
    }

    /// The steps back that take back what a step gained in a part of the stay, before it was gained again: claims of
    /// one fact.
    fn steps_back_after(&self, part: usize, step: Step) -> Vec<Act<'a>> {
        let later = self.joinings.iter().filter(|(later, act)| *later > part && act.step() == Some(step));
        let next = later.map(|(later, _)| *later).min().unwrap_or(usize::MAX);
        self.undoing(step).skip(part).take(next - part).cloned().collect()
    }

    /// What the party is, where a table states it: in force from the earliest entry into force, else consent.
    pub(super) fn stated(&self, end: Option<&End<'a>>, prefer: Prefer) -> Option<Interval<'a>> {
        let of = |wanted: Step| {
            let acts = self.joinings.iter().map(|(_, act)| act);
            let mut acts: Vec<Act<'a>> = acts.filter(|act| act.states(wanted)).cloned().collect();
            acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
            Some(acts).filter(|acts| !acts.is_empty())
        };
        let acts = of(Step::EnterIntoForce).or_else(|| of(Step::Consent))?;
        Some(Interval { ground: Ground::Table, decided_by: None, ..Interval::from(&acts, Status::Member, end, prefer) })
    }
}

/// A beginning of membership that follows from a consent: the day that it states, else the later of the consent and
/// the agreement's entry into force (VCLT 24).
fn in_force<'a>(consent: &[Act<'a>], contracting: &Interval<'a>, terms: Terms<'_, 'a>) -> Option<Interval<'a>> {
    let mut interval = Interval { status: Status::Member, ..contracting.clone() };
    if let Some(date) = consent.iter().find_map(|act| act.in_force) {
        interval.begin = terms.milestones.clip(date.window());
        interval.since = date.clone();
        interval.ground = Ground::StatedEntryIntoForce;
        return Some(interval);
    }
    let reached = terms.milestones.in_force.first()?;
    interval.begin = contracting.begin.shift(terms.rules.delay_days()).later_of(reached.window);
    interval.since = Date::of_window(interval.begin);
    interval.ground = Ground::DerivedEntryIntoForce;
    interval.claims.push(reached.claim);
    Some(interval)
}

/// Whether these are the same acts by the same claims.
fn same_claims(some: &[Act<'_>], others: &[Act<'_>]) -> bool {
    some.iter().map(|act| act.claim.seq()).eq(others.iter().map(|act| act.claim.seq()))
}

/// Whether a departure takes back what a step gained. Leaving takes back everything.
///
/// A withdrawn ratification leaves the signature standing.
fn undoes(departure: DepartureAct, step: Step) -> bool {
    match departure {
        DepartureAct::WithdrawalOfRatification => {
            matches!(step, Step::Consent | Step::EnterIntoForce | Step::Apply)
        }
        DepartureAct::WithdrawalOfSignature => step == Step::Sign,
        DepartureAct::EndOfProvisionalApplication => step == Step::Apply,
        DepartureAct::Withdrawal
        | DepartureAct::Denunciation
        | DepartureAct::Termination
        | DepartureAct::Expulsion
        | DepartureAct::NonRenewal
        | DepartureAct::RevocationOfNotice => true,
    }
}
