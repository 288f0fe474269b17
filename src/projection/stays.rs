//! Stays: the uninterrupted participations of one party in one agreement, and what the party is in each.
//!
//! Acts with one label make one stay. The others are put in order by their day of effect, so that the order of
//! recording does not matter; what certainly cannot be is irregular, kept apart and not counted.

use std::collections::BTreeMap;

use crate::domain::act::{DepartureAct, SuspensionAct};
use crate::domain::shape::vocabulary;
use crate::domain::window::Window;
use crate::projection::acts::{Act, Turn};
use crate::projection::interval::{End, Fact, Interval, ends_by};
use crate::projection::knowledge::Claim;
use crate::projection::rank::Prefer;
use crate::projection::rules::{EndGround, Status, Step};
use crate::projection::stay::{Stay, Terms};

/// What the acts of one party amount to.
#[derive(Debug, Default)]
pub struct Stays<'a> {
    /// Every status held, in the order of the stays.
    pub intervals: Vec<Interval<'a>>,
    /// Suspensions, each from a beginning to an end.
    pub suspensions: Vec<Interval<'a>>,
    /// What is counted, with all claims of it.
    pub facts: Vec<Fact<'a>>,
    /// Claims that cannot follow the history, and are not counted.
    pub irregular: Vec<Irregular<'a>>,
    /// Notices that were called off in time, and the calling off.
    pub called_off: Vec<&'a Claim<'a>>,
}

/// A claim that cannot follow the history.
#[derive(Debug, Clone, Copy)]
pub struct Irregular<'a> {
    /// The claim.
    pub claim: &'a Claim<'a>,
    /// Why not.
    pub because: Irregularity,
}

vocabulary! {
    /// Why an act cannot follow the history.
    pub enum Irregularity {
        /// The stay certainly ends before it begins, or on that day.
        EndsBeforeItBegins = "ends-before-it-begins",
        /// Nothing is told that it could end.
        NothingToEnd = "nothing-to-end",
    }
}

impl<'a> Stays<'a> {
    /// Puts the acts of one party together; `for_all` are suspensions of the agreement as a whole.
    pub fn of(acts: &[Act<'a>], for_all: &[Act<'a>], terms: Terms<'_, 'a>) -> Self {
        let mut found = Self::default();
        let (suspensions, acts): (Vec<Act<'a>>, Vec<Act<'a>>) =
            acts.iter().cloned().partition(|act| matches!(act.turn, Turn::Suspension(_)));
        let acts = found.without_revoked(acts);
        let (labelled, unlabelled): (Vec<Act<'a>>, Vec<Act<'a>>) =
            acts.into_iter().partition(|act| act.claim.stay().is_some());

        let mut by_label: BTreeMap<&str, Vec<Act<'a>>> = BTreeMap::new();
        for act in labelled {
            by_label.entry(act.claim.stay().unwrap_or_default()).or_default().push(act);
        }
        for acts in by_label.into_values() {
            let stay = Stay::of_label(acts);
            found.count(&stay, terms);
        }
        if terms.rules.in_force_is_stated() {
            found.count(&Stay::of_label(unlabelled), terms);
        } else {
            let (stays, irregular) = in_order(unlabelled);
            found.set_aside(irregular.iter(), Irregularity::NothingToEnd);
            for stay in &stays {
                found.count(stay, terms);
            }
        }
        found.suspend(suspensions, for_all.to_vec(), terms.prefer);
        found
    }

    /// Adds suspensions: a party's own end with the membership in which they began, those for all parties do not.
    fn suspend(&mut self, own: Vec<Act<'a>>, for_all: Vec<Act<'a>>, prefer: Prefer) {
        let mut by_stay: BTreeMap<(Option<&str>, usize), Vec<Act<'a>>> = BTreeMap::new();
        for act in own {
            let over = self.ends(act.claim.stay()).filter(|end| ends_by(*end, act.effect)).count();
            by_stay.entry((act.claim.stay(), over)).or_default().push(act);
        }
        let mut found = suspended(&pauses(for_all, prefer), prefer);
        for ((label, _), acts) in by_stay {
            let pauses = pauses(acts, prefer);
            let suspensions = suspended(&pauses, prefer);
            self.facts.extend(pauses);
            for mut suspension in suspensions {
                let ends = self.ends(label).filter(|end| !ends_by(*end, suspension.begin));
                suspension.end = suspension.end.into_iter().chain(ends).reduce(Window::earlier_of);
                found.push(suspension);
            }
        }
        self.suspensions = found;
    }

    /// When memberships end: those of one stay, or all if no label is given.
    fn ends(&self, label: Option<&str>) -> impl Iterator<Item = Window> {
        let members = self.intervals.iter().filter(|interval| interval.status == Status::Member);
        members.filter(move |interval| label.is_none() || interval.stay == label).filter_map(|interval| interval.end)
    }

    /// Counts a stay, or sets it aside as irregular if it certainly ends before it begins, or on that day.
    fn count(&mut self, stay: &Stay<'a>, terms: Terms<'_, 'a>) {
        let end = stay.end(terms);
        let gained = stay.gained(terms.prefer);
        let intervals = if terms.rules.in_force_is_stated() {
            stay.stated(end.as_ref(), terms.prefer).into_iter().collect()
        } else {
            stay.intervals(&gained, end.as_ref(), terms)
        };
        let empty = |interval: &Interval<'_>| interval.end.is_some_and(|end| ends_by(end, interval.begin));
        if !intervals.is_empty() && intervals.iter().all(empty) {
            self.set_aside(stay.acts(), Irregularity::EndsBeforeItBegins);
        } else if intervals.is_empty() && !stay.leavings.is_empty() {
            self.set_aside(stay.acts(), Irregularity::NothingToEnd);
        } else {
            self.facts.extend(stay.facts(gained, terms.prefer));
            self.intervals.extend(intervals);
        }
    }

    fn set_aside<'s>(&mut self, acts: impl Iterator<Item = &'s Act<'a>>, because: Irregularity)
    where
        'a: 's,
    {
        self.irregular.extend(acts.map(|act| Irregular { claim: act.claim, because }));
    }

    /// Leaves out departures that were called off before they took effect (VCLT 68), and the calling off itself.
    ///
    /// Where no day of effect was stated, none had come as long as the party did not join again.
    fn without_revoked(&mut self, acts: Vec<Act<'a>>) -> Vec<Act<'a>> {
        let revocation = Turn::Departure(DepartureAct::RevocationOfNotice);
        let revocations: Vec<&Act<'a>> = acts.iter().filter(|act| act.turn == revocation).collect();
        if revocations.is_empty() {
            return acts;
        }
        let calls_off = |by: &Act<'_>, act: &Act<'_>| {
            let joined_between = || {
                let mut joinings = acts.iter().filter(|act| matches!(act.turn, Turn::Joining { .. }));
                joinings.any(|joined| {
                    act.effect.certainly_before(joined.effect) && joined.effect.certainly_before(by.effect)
                })
            };
            by.claim.stay() == act.claim.stay()
                && !by.effect.certainly_before(act.occurred)
                && (!act.effect.certainly_before(by.effect) || (!act.states_effect() && !joined_between()))
        };
        let called_off = |act: &Act<'_>| act.departs() && revocations.iter().any(|by| calls_off(by, act));
        let gone: Vec<bool> = acts.iter().map(|act| act.turn == revocation || called_off(act)).collect();
        let (gone, left): (Vec<_>, Vec<_>) = acts.into_iter().zip(gone).partition(|(_, gone)| *gone);
        self.called_off = gone.into_iter().map(|(act, _)| act.claim).collect();
        left.into_iter().map(|(act, _)| act).collect()
    }
}

/// Puts what closes where nothing is open, but may yet follow what opens later, as late as it can be: departures and
/// joinings, resumptions and suspensions, in order of their days of effect.
///
/// Only what certainly cannot follow the history is irregular; what may say again how the last stay was closed does.
fn in_regular_order<'a>(acts: &[Act<'a>], course: impl Fn(&Act<'a>) -> Course) -> Vec<Act<'a>> {
    let mut opening = None;
    let mut openings: Vec<Option<Window>> = Vec::new();
    for act in acts.iter().rev() {
        opening = if course(act) == Course::Opens { Some(act.effect) } else { opening };
        openings.push(opening);
    }
    let mut put_off: BTreeMap<usize, Vec<Act<'a>>> = BTreeMap::new();
    let mut ordered = Vec::new();
    let mut so_far = SoFar::default();
    for (index, act) in acts.iter().enumerate() {
        for late in put_off.remove(&index).unwrap_or_default() {
            so_far.pass(course(&late), late.effect);
            ordered.push(late);
        }
        let may_follow = openings[acts.len() - 1 - index].is_some_and(|next| !act.effect.certainly_before(next));
        if course(act) != Course::Opens && may_follow && so_far.finds_nothing_to_close(act.effect) {
            let is_by_then = |other: &Act<'_>| act.effect.latest().is_none_or(|day| other.effect.possibly_by(day));
            put_off.entry(acts.partition_point(is_by_then)).or_default().push(act.clone());
        } else {
            so_far.pass(course(act), act.effect);
            ordered.push(act.clone());
        }
    }
    ordered.extend(put_off.into_values().flatten());
    ordered
}

/// Whether something is open, and how the last of it was closed.
#[derive(Debug, Default)]
struct SoFar {
    open: bool,
    closed: Option<Window>,
}

impl SoFar {
    fn pass(&mut self, course: Course, effect: Window) {
        match course {
            Course::Opens => *self = Self { open: true, closed: None },
            Course::StepsBack if self.open => {}
            Course::StepsBack | Course::Closes => {
                let closed = self.closed.map_or(effect, |closed| closed.hull(effect));
                *self = Self { open: false, closed: Some(closed) };
            }
        }
    }

    /// Whether there is nothing for it to close, and it does not say again how the last of it was closed.
    fn finds_nothing_to_close(&self, effect: Window) -> bool {
        !self.open && self.closed.is_none_or(|closed| !closed.overlaps(effect))
    }
}

/// What an act does to a stay or a suspension as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Opens,
    /// It may leave something open.
    StepsBack,
    Closes,
}

fn course_of_stay(act: &Act<'_>) -> Course {
    match act.turn {
        Turn::Joining { .. } | Turn::Suspension(_) => Course::Opens,
        Turn::Departure(
            DepartureAct::WithdrawalOfRatification
            | DepartureAct::WithdrawalOfSignature
            | DepartureAct::EndOfProvisionalApplication,
        ) => Course::StepsBack,
        Turn::Departure(
            DepartureAct::Withdrawal
            | DepartureAct::Denunciation
            | DepartureAct::Termination
            | DepartureAct::Expulsion
            | DepartureAct::NonRenewal
            | DepartureAct::RevocationOfNotice,
        ) => Course::Closes,
    }
}

/// Splits unlabelled acts into stays; the second part are departures without an open stay.
///
/// A departure that follows a closed stay without a joining between is another claim of the same leaving.
fn in_order(mut acts: Vec<Act<'_>>) -> (Vec<Stay<'_>>, Vec<Act<'_>>) {
    acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
    let acts = in_regular_order(&acts, course_of_stay);
    let mut stays: Vec<Stay<'_>> = Vec::new();
    let mut irregular = Vec::new();
    let mut open = false;
    for group in acts.chunk_by(|a, b| a.effect == b.effect) {
        let mut group = group.to_vec();
        group.sort_by_key(|act| act.departs() != open);
        for act in group {
            match (act.departs(), stays.last_mut()) {
                (false, Some(stay)) if open => stay.join(act),
                (false, _) => {
                    let mut stay = Stay::default();
                    stay.join(act);
                    stays.push(stay);
                    open = true;
                }
                (true, Some(stay)) => open = stay.leave(act) && open,
                (true, None) => irregular.push(act),
            }
        }
    }
    (stays, irregular)
}

/// Suspensions and resumptions as facts, in the order of their days; several of a kind in a row are claims of one.
pub fn pauses<'a>(mut acts: Vec<Act<'a>>, prefer: Prefer) -> Vec<Fact<'a>> {
    let resumes = |act: &Act<'_>| act.turn == Turn::Suspension(SuspensionAct::Resumption);
    acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect).then(resumes(a).cmp(&resumes(b))));
    let acts = in_regular_order(&acts, |act| if resumes(act) { Course::Closes } else { Course::Opens });
    let fact = |claims: &[Act<'a>]| {
        let step = if resumes(&claims[0]) { Step::Resume } else { Step::Suspend };
        Fact::ranked(step, None, claims.to_vec(), prefer)
    };
    acts.chunk_by(|a, b| a.turn == b.turn).map(fact).collect()
}

/// Pairs suspensions with the resumptions that follow them.
fn suspended<'a>(pauses: &[Fact<'a>], prefer: Prefer) -> Vec<Interval<'a>> {
    let mut found: Vec<Interval<'_>> = Vec::new();
    for fact in pauses {
        if fact.step == Step::Suspend {
            found.push(Interval::from(&fact.acts, Status::Suspended, None, prefer));
        } else if let (Some(suspension), Some(end)) = (found.last_mut(), End::of_ranked(&fact.acts)) {
            suspension.end = Some(end.window);
            suspension.until = Some(end.date);
            suspension.end_ground = Some(EndGround::Resumption);
            suspension.claims.extend(end.claims);
        }
    }
    found
}
