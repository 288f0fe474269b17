//! Stays: the uninterrupted participations of one party in one agreement, and what the party is in each.
//!
//! Acts with one label make one stay. The others are put in order by their day of effect, so that the order of
//! recording does not matter; what certainly cannot be is irregular, kept apart and not counted.

use std::collections::BTreeMap;

use crate::domain::act::{DepartureAct, JoiningAct, Role, SuspensionAct};
use crate::domain::date::Date;
use crate::domain::window::Window;
use crate::projection::acts::{Act, Milestones, Turn, rank};
use crate::projection::knowledge::Claim;
use crate::projection::rules::{Rules, Status, Step};

/// One status held from a beginning to an end, and the claims behind it.
#[derive(Debug, Clone)]
pub struct Interval<'a> {
    /// What the party is.
    pub status: Status,
    /// From when.
    pub begin: Window,
    /// Until when: the first day on which it no longer is.
    pub end: Option<Window>,
    /// The beginning as the deciding claim says it, or as it was derived.
    pub since: Date,
    /// The end likewise.
    pub until: Option<Date>,
    /// The act that decided.
    pub act: Option<JoiningAct>,
    /// The role, from the strongest claim that states one.
    pub role: Option<Role>,
    /// Claims of the beginning, the deciding one first, then those of the end.
    pub claims: Vec<&'a Claim<'a>>,
}

/// What the acts of one party amount to.
#[derive(Debug, Default)]
pub struct Stays<'a> {
    /// Every status held, in the order of the stays.
    pub intervals: Vec<Interval<'a>>,
    /// Suspensions, each from a beginning to an end.
    pub suspensions: Vec<Interval<'a>>,
    /// Claims that cannot follow the history, and are not counted.
    pub irregular: Vec<&'a Claim<'a>>,
}

/// The acts of one stay while it is being put together.
#[derive(Debug, Default)]
struct Stay<'a> {
    joinings: Vec<(usize, Act<'a>)>,
    /// Steps back inside the stay, each ending what was gained before it.
    steps_back: Vec<Act<'a>>,
    leavings: Vec<Act<'a>>,
}

impl<'a> Stays<'a> {
    /// Puts the acts of one party together.
    pub fn of(acts: &[Act<'a>], for_all: &[Act<'a>], milestones: &Milestones<'a>, rules: &Rules<'_>) -> Self {
        let mut found = Self::default();
        let (suspensions, acts): (Vec<Act<'a>>, Vec<Act<'a>>) =
            acts.iter().chain(for_all).cloned().partition(|act| matches!(act.turn, Turn::Suspension(_)));
        let acts = without_revoked(acts);
        let (labelled, unlabelled): (Vec<Act<'a>>, Vec<Act<'a>>) =
            acts.into_iter().partition(|act| act.claim.stay().is_some());

        let mut by_label: BTreeMap<&str, Vec<Act<'a>>> = BTreeMap::new();
        for act in labelled {
            by_label.entry(act.claim.stay().unwrap_or_default()).or_default().push(act);
        }
        for acts in by_label.into_values() {
            let stay = Stay::of_label(acts);
            found.count(&stay, milestones, rules, true);
        }
        if rules.in_force_is_stated() {
            found.count(&Stay::of_label(unlabelled), milestones, rules, true);
        } else {
            let (stays, irregular) = in_order(unlabelled);
            found.irregular.extend(irregular.iter().map(|act| act.claim));
            for stay in &stays {
                found.count(stay, milestones, rules, false);
            }
        }
        found.suspensions = suspended(suspensions);
        found
    }

    /// Counts a stay, or sets it aside as irregular if it certainly ends before it begins.
    fn count(&mut self, stay: &Stay<'a>, milestones: &Milestones<'a>, rules: &Rules<'_>, labelled: bool) {
        let end = stay.end(milestones, rules);
        let intervals = if rules.in_force_is_stated() {
            stay.stated(end.as_ref()).into_iter().collect()
        } else {
            stay.intervals(end.as_ref(), milestones, rules)
        };
        let empty = |interval: &Interval<'_>| interval.end.is_some_and(|end| ends_by(end, interval.begin));
        let certainly_empty = labelled && !intervals.is_empty() && intervals.iter().all(empty);
        let end_alone = intervals.is_empty() && !stay.leavings.is_empty();
        if certainly_empty || end_alone {
            self.irregular.extend(stay.joinings.iter().map(|(_, act)| act.claim));
            self.irregular.extend(stay.leavings.iter().map(|act| act.claim));
        } else {
            self.intervals.extend(intervals);
        }
    }
}

/// Whether an end certainly is not after a beginning.
fn ends_by(end: Window, begin: Window) -> bool {
    matches!((end.latest(), begin.earliest()), (Some(last), Some(first)) if last <= first)
}

/// Leaves out departures that were called off before they took effect (VCLT 68), and the calling off itself.
fn without_revoked(acts: Vec<Act<'_>>) -> Vec<Act<'_>> {
    let revocations: Vec<(Window, Option<&str>)> = acts
        .iter()
        .filter(|act| act.turn == Turn::Departure(DepartureAct::RevocationOfNotice))
        .map(|act| (act.effect, act.claim.stay()))
        .collect();
    let revoked = |act: &Act<'_>| {
        matches!(act.turn, Turn::Departure(_))
            && revocations.iter().any(|(revoked, stay)| {
                *stay == act.claim.stay()
                    && !revoked.certainly_before(act.occurred)
                    && !act.effect.certainly_before(*revoked)
            })
    };
    let gone: Vec<bool> = acts.iter().map(revoked).collect();
    acts.into_iter()
        .zip(gone)
        .filter(|(act, gone)| !gone && act.turn != Turn::Departure(DepartureAct::RevocationOfNotice))
        .map(|(act, _)| act)
        .collect()
}

/// Whether a departure ends the stay, or goes back one step in it.
const fn goes_back(act: DepartureAct) -> bool {
    match act {
        DepartureAct::WithdrawalOfRatification
        | DepartureAct::WithdrawalOfSignature
        | DepartureAct::EndOfProvisionalApplication => true,
        DepartureAct::Withdrawal
        | DepartureAct::Denunciation
        | DepartureAct::Termination
        | DepartureAct::Expulsion
        | DepartureAct::NonRenewal
        | DepartureAct::RevocationOfNotice => false,
    }
}

/// Splits unlabelled acts into stays; the second part are departures without an open stay.
///
/// A departure that follows a closed stay without a joining between is another claim of the same leaving.
fn in_order(mut acts: Vec<Act<'_>>) -> (Vec<Stay<'_>>, Vec<Act<'_>>) {
    acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
    let mut stays: Vec<Stay<'_>> = Vec::new();
    let mut irregular = Vec::new();
    let mut open = false;
    while !acts.is_empty() {
        let same_days = acts.iter().take_while(|act| act.effect == acts[0].effect).count();
        let mut group: Vec<Act<'_>> = acts.drain(..same_days).collect();
        let departs = |act: &Act<'_>| matches!(act.turn, Turn::Departure(_));
        group.sort_by_key(|act| departs(act) != open);
        for act in group {
            match (departs(&act), stays.last_mut()) {
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

impl<'a> Stay<'a> {
    fn of_label(mut acts: Vec<Act<'a>>) -> Self {
        acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
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

    /// Acts after a step back are counted apart from those before it.
    fn join(&mut self, act: Act<'a>) {
        self.joinings.push((self.steps_back.len(), act));
    }

    /// Takes a departure, and tells whether the stay is still open.
    ///
    /// A withdrawn ratification leaves the signature standing, if there is one.
    fn leave(&mut self, act: Act<'a>) -> bool {
        let Turn::Departure(departure) = act.turn else { return true };
        let signed = self.joinings.iter().any(|(_, act)| act.step() == Some(Step::Sign));
        let keeps_signature = departure != DepartureAct::WithdrawalOfRatification || signed;
        if goes_back(departure) && keeps_signature {
            self.steps_back.push(act);
            return true;
        }
        self.leavings.push(act);
        false
    }

    /// The end of the stay: the strongest claim of leaving, or the end of the agreement if that is earlier.
    fn end(&self, milestones: &Milestones<'a>, rules: &Rules<'_>) -> Option<End<'a>> {
        let mut leavings = self.leavings.clone();
        if rules.in_force_is_stated() {
            leavings.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
        } else {
            rank(&mut leavings, |act| (act.claim, act.effect));
        }
        let left = leavings.first().map(|first| End {
            window: first.effect,
            date: first.date.clone(),
            claims: leavings.iter().map(|act| act.claim).collect(),
        });
        let ended = milestones.ended.map(|(claim, date)| End {
            window: date.window(),
            date: date.clone(),
            claims: vec![claim],
        });
        match (left, ended) {
            (Some(left), Some(ended)) => Some(left.or_earlier(ended)),
            (left, ended) => left.or(ended),
        }
    }

    /// What the party is during this stay, where consent and entry into force are derived.
    fn intervals(&self, end: Option<&End<'a>>, milestones: &Milestones<'a>, rules: &Rules<'_>) -> Vec<Interval<'a>> {
        let mut facts: BTreeMap<(usize, Step, Status), Vec<Act<'a>>> = BTreeMap::new();
        for (part, act) in &self.joinings {
            if let Turn::Joining { step, to, .. } = act.turn {
                // A signature outlives the ratification that was withdrawn.
                let part = if step == Step::Sign { 0 } else { *part };
                facts.entry((part, step, to)).or_default().push(act.clone());
            }
        }
        for acts in facts.values_mut() {
            rank(acts, |act| (act.claim, act.effect));
        }
        let mut intervals = Vec::new();
        for ((part, step, to), acts) in &facts {
            let end = self.end_of(*part, *step, end);
            let interval = Interval::from(acts, *to, end.as_ref());
            let stated = facts.contains_key(&(*part, Step::EnterIntoForce, Status::Member));
            if *step == Step::Consent && !stated {
                intervals.extend(in_force(acts, &interval, milestones, rules));
            }
            intervals.push(interval);
        }
        intervals
    }

    /// When what a step gained is lost: by a step back of its kind, else with the stay.
    fn end_of(&self, part: usize, step: Step, end: Option<&End<'a>>) -> Option<End<'a>> {
        let undone_by = |departure| match step {
            Step::Sign => departure == DepartureAct::WithdrawalOfSignature,
            Step::Apply => departure == DepartureAct::EndOfProvisionalApplication,
            Step::Consent | Step::EnterIntoForce => departure == DepartureAct::WithdrawalOfRatification,
            Step::Join | Step::Leave => false,
        };
        let back = self.steps_back.iter().skip(part).find(|act| match act.turn {
            Turn::Departure(departure) => undone_by(departure),
            Turn::Joining { .. } | Turn::Suspension(_) => false,
        });
        let back = back.map(|act| End { window: act.effect, date: act.date.clone(), claims: vec![act.claim] });
        match (back, end) {
            (Some(back), Some(end)) => Some(back.or_earlier(end.clone())),
            (back, end) => back.or(end.cloned()),
        }
    }

    /// What the party is, where a table states it: in force from the earliest entry into force, else consent.
    fn stated(&self, end: Option<&End<'a>>) -> Option<Interval<'a>> {
        let of = |wanted: Step| {
            let acts = self.joinings.iter().map(|(_, act)| act);
            let mut acts: Vec<Act<'a>> = acts
                .filter(|act| act.step() == Some(wanted) && act.joining() != Some(JoiningAct::Deposit))
                .cloned()
                .collect();
            acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
            Some(acts).filter(|acts| !acts.is_empty())
        };
        let acts = of(Step::EnterIntoForce).or_else(|| of(Step::Consent))?;
        Some(Interval::from(&acts, Status::Member, end))
    }
}

/// A beginning of membership that follows from a consent: the day that it states, else the later of the consent and
/// the agreement's entry into force (VCLT 24).
fn in_force<'a>(
    consent: &[Act<'a>],
    contracting: &Interval<'a>,
    milestones: &Milestones<'a>,
    rules: &Rules<'_>,
) -> Option<Interval<'a>> {
    let mut interval = Interval { status: Status::Member, ..contracting.clone() };
    if let Some(date) = consent.iter().find_map(|act| act.in_force) {
        interval.begin = date.window();
        interval.since = date.clone();
        return Some(interval);
    }
    let (claim, date) = milestones.in_force?;
    interval.begin = contracting.begin.shift(rules.delay_days()).later_of(date.window());
    interval.since = Date::of_window(interval.begin);
    interval.claims.push(claim);
    Some(interval)
}

/// The end of a stay.
#[derive(Debug, Clone)]
struct End<'a> {
    window: Window,
    date: Date,
    claims: Vec<&'a Claim<'a>>,
}

impl End<'_> {
    fn or_earlier(self, other: Self) -> Self {
        let window = self.window.earlier_of(other.window);
        if window == self.window {
            return self;
        }
        if window == other.window {
            return other;
        }
        Self { window, date: Date::of_window(window), claims: [self.claims, other.claims].concat() }
    }
}

impl<'a> Interval<'a> {
    /// The status that ranked acts of one fact lead to.
    fn from(acts: &[Act<'a>], status: Status, end: Option<&End<'a>>) -> Self {
        let first = &acts[0];
        let mut claims: Vec<&'a Claim<'a>> = acts.iter().map(|act| act.claim).collect();
        claims.extend(end.iter().flat_map(|end| end.claims.iter().copied()));
        let stated_act = acts.iter().filter_map(Act::joining).find(|act| *act != JoiningAct::Unspecified);
        Self {
            status,
            begin: first.effect,
            end: end.map(|end| end.window),
            since: first.date.clone(),
            until: end.map(|end| end.date.clone()),
            act: stated_act.or_else(|| first.joining()),
            role: acts.iter().find_map(Act::role),
            claims,
        }
    }
}

impl Act<'_> {
    fn step(&self) -> Option<Step> {
        match self.turn {
            Turn::Joining { step, .. } => Some(step),
            Turn::Departure(_) | Turn::Suspension(_) => None,
        }
    }

    fn joining(&self) -> Option<JoiningAct> {
        match self.turn {
            Turn::Joining { act, .. } => Some(act),
            Turn::Departure(_) | Turn::Suspension(_) => None,
        }
    }

    fn role(&self) -> Option<Role> {
        match self.turn {
            Turn::Joining { role, .. } => role,
            Turn::Departure(_) | Turn::Suspension(_) => None,
        }
    }
}

/// Pairs suspensions with the resumptions that follow them.
fn suspended(mut acts: Vec<Act<'_>>) -> Vec<Interval<'_>> {
    acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
    let mut found: Vec<Interval<'_>> = Vec::new();
    for act in acts {
        let open = found.last_mut().filter(|last| last.end.is_none());
        match (act.turn, open) {
            (Turn::Suspension(SuspensionAct::Resumption), Some(open)) => {
                open.end = Some(act.effect);
                open.until = Some(act.date.clone());
                open.claims.push(act.claim);
            }
            (Turn::Suspension(SuspensionAct::Suspension), Some(open)) => open.claims.push(act.claim),
            (Turn::Suspension(SuspensionAct::Suspension), None) => {
                found.push(Interval::from(&[act], Status::Suspended, None));
            }
            _ => {}
        }
    }
    found
}
