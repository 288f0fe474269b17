//! Stays: the uninterrupted participations of one party in one agreement, and what the party is in each.
//!
//! Acts with one label make one stay. The others are put in order by their day of effect, so that the order of
//! recording does not matter; what certainly cannot be is irregular, kept apart and not counted.

use std::collections::BTreeMap;

use crate::domain::act::{DepartureAct, JoiningAct, Role, SuspensionAct};
use crate::domain::announcement::Body;
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
    /// The label of the stay that it belongs to.
    pub stay: Option<&'a str>,
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
    /// Each with the number of steps back of its kind that come before it.
    joinings: Vec<(usize, Act<'a>)>,
    /// Steps back inside the stay, each ending what was gained of its kind before it.
    steps_back: Vec<Act<'a>>,
    leavings: Vec<Act<'a>>,
    /// Steps gained and not undone.
    held: Vec<Step>,
}

impl<'a> Stays<'a> {
    /// Puts the acts of one party together.
    pub fn of(acts: &[Act<'a>], for_all: &[Act<'a>], milestones: &Milestones<'a>, rules: &Rules<'_>) -> Self {
        let mut found = Self::default();
        let (suspensions, acts): (Vec<Act<'a>>, Vec<Act<'a>>) =
            acts.iter().cloned().partition(|act| matches!(act.turn, Turn::Suspension(_)));
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
        found.suspend(suspensions, for_all.to_vec());
        found
    }

    /// Adds suspensions: a party's own end with the membership in which they began, those for all parties do not.
    fn suspend(&mut self, own: Vec<Act<'a>>, for_all: Vec<Act<'a>>) {
        let mut by_stay: BTreeMap<(Option<&str>, usize), Vec<Act<'a>>> = BTreeMap::new();
        for act in own {
            let over = self.ends(act.claim.stay()).filter(|end| ends_by(*end, act.effect)).count();
            by_stay.entry((act.claim.stay(), over)).or_default().push(act);
        }
        let mut found = suspended(for_all);
        for ((label, _), acts) in by_stay {
            for mut suspension in suspended(acts) {
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
pub(super) fn ends_by(end: Window, begin: Window) -> bool {
    matches!((end.latest(), begin.earliest()), (Some(last), Some(first)) if last <= first)
}

/// Leaves out departures that were called off before they took effect (VCLT 68), and the calling off itself.
///
/// Where no day of effect was stated, none had come as long as the party did not join again.
fn without_revoked(acts: Vec<Act<'_>>) -> Vec<Act<'_>> {
    let revocation = Turn::Departure(DepartureAct::RevocationOfNotice);
    let calls_off = |by: &Act<'_>, act: &Act<'_>| {
        let joined_between = || {
            let mut joinings = acts.iter().filter(|act| matches!(act.turn, Turn::Joining { .. }));
            joinings
                .any(|joined| act.effect.certainly_before(joined.effect) && joined.effect.certainly_before(by.effect))
        };
        let in_time = !act.effect.certainly_before(by.effect) || (!act.states_effect() && !joined_between());
        by.turn == revocation
            && by.claim.stay() == act.claim.stay()
            && !by.effect.certainly_before(act.occurred)
            && in_time
    };
    let revoked = |act: &Act<'_>| act.departs() && acts.iter().any(|by| calls_off(by, act));
    let gone: Vec<bool> = acts.iter().map(revoked).collect();
    acts.into_iter().zip(gone).filter(|(act, gone)| !gone && act.turn != revocation).map(|(act, _)| act).collect()
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

/// Puts departures told before the first joining, which may yet follow it, as late as they can be.
///
/// Only what certainly cannot follow the history is irregular.
fn in_regular_order(acts: &mut Vec<Act<'_>>) {
    acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
    let Some(first) = acts.iter().position(|act| !act.departs()) else { return };
    let joined = acts[first].effect;
    let early: Vec<Act<'_>> = acts.drain(..first).collect();
    let (before, after): (Vec<Act<'_>>, Vec<Act<'_>>) =
        early.into_iter().partition(|act| act.effect.certainly_before(joined));
    for act in after {
        let is_by_then = |other: &Act<'_>| act.effect.latest().is_none_or(|latest| other.effect.possibly_by(latest));
        acts.insert(acts.iter().take_while(|other| is_by_then(other)).count(), act);
    }
    acts.splice(..0, before);
}

/// Splits unlabelled acts into stays; the second part are departures without an open stay.
///
/// A departure that follows a closed stay without a joining between is another claim of the same leaving.
fn in_order(mut acts: Vec<Act<'_>>) -> (Vec<Stay<'_>>, Vec<Act<'_>>) {
    in_regular_order(&mut acts);
    let mut stays: Vec<Stay<'_>> = Vec::new();
    let mut irregular = Vec::new();
    let mut open = false;
    while !acts.is_empty() {
        let same_days = acts.iter().take_while(|act| act.effect == acts[0].effect).count();
        let mut group: Vec<Act<'_>> = acts.drain(..same_days).collect();
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

impl<'a> Stay<'a> {
    fn of_label(mut acts: Vec<Act<'a>>) -> Self {
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
    fn join(&mut self, act: Act<'a>) {
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
    fn leave(&mut self, act: Act<'a>) -> bool {
        let Turn::Departure(departure) = act.turn else { return true };
        self.held.retain(|step| !undoes(departure, *step));
        let goes_on = !self.held.is_empty();
        let acts = if goes_on { &mut self.steps_back } else { &mut self.leavings };
        acts.push(act);
        goes_on
    }

    /// The end of the stay: the strongest claim of leaving, or the end of the agreement if that is earlier.
    fn end(&self, milestones: &Milestones<'a>, rules: &Rules<'_>) -> Option<End<'a>> {
        let mut leavings = self.leavings.clone();
        let left = if rules.in_force_is_stated() {
            leavings.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect));
            End::of_ranked(&leavings)
        } else {
            End::of(&mut leavings)
        };
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
                facts.entry((*part, step, to)).or_default().push(act.clone());
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
        let later = self.joinings.iter().filter(|(later, act)| *later > part && act.step() == Some(step));
        let next = later.map(|(later, _)| *later).min().unwrap_or(usize::MAX);
        let mut claims: Vec<Act<'a>> = self.undoing(step).skip(part).take(next - part).cloned().collect();
        match (End::of(&mut claims), end) {
            (Some(back), Some(end)) => Some(back.or_earlier(end.clone())),
            (back, end) => back.or(end.cloned()),
        }
    }

    /// What the party is, where a table states it: in force from the earliest entry into force, else consent.
    fn stated(&self, end: Option<&End<'a>>) -> Option<Interval<'a>> {
        let of = |wanted: Step| {
            let acts = self.joinings.iter().map(|(_, act)| act);
            let mut acts: Vec<Act<'a>> = acts.filter(|act| act.states(wanted)).cloned().collect();
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

impl<'a> End<'a> {
    /// By several claims of one departure.
    fn of(claims: &mut [Act<'a>]) -> Option<Self> {
        rank(claims, |act| (act.claim, act.effect));
        Self::of_ranked(claims)
    }

    fn of_ranked(claims: &[Act<'a>]) -> Option<Self> {
        let first = claims.first()?;
        let claims = claims.iter().map(|act| act.claim).collect();
        Some(Self { window: first.effect, date: first.date.clone(), claims })
    }

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
            stay: first.claim.stay(),
            act: stated_act.or_else(|| first.joining()),
            role: acts.iter().find_map(Act::role),
            claims,
        }
    }
}

impl Act<'_> {
    fn departs(&self) -> bool {
        matches!(self.turn, Turn::Departure(_))
    }

    /// Whether its day of effect was told.
    fn states_effect(&self) -> bool {
        matches!(self.claim.body, Body::Departure(departure) if departure.effective.is_some())
    }

    /// Whether a table states this by it: what makes a member by the rules of the agreement counts as consent.
    fn states(&self, wanted: Step) -> bool {
        match self.turn {
            Turn::Joining { step: Step::Join, to, .. } => wanted == Step::Consent && to == Status::Member,
            Turn::Joining { act, step, .. } => step == wanted && act != JoiningAct::Deposit,
            Turn::Departure(_) | Turn::Suspension(_) => false,
        }
    }

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

/// Pairs suspensions with the resumptions that follow them; several in a row are claims of one.
fn suspended(mut acts: Vec<Act<'_>>) -> Vec<Interval<'_>> {
    let resumes = |act: &Act<'_>| act.turn == Turn::Suspension(SuspensionAct::Resumption);
    acts.sort_by(|a, b| a.effect.cmp_by_ends(&b.effect).then(resumes(a).cmp(&resumes(b))));
    let mut found: Vec<Interval<'_>> = Vec::new();
    for claims in acts.chunk_by_mut(|a, b| a.turn == b.turn) {
        if !resumes(&claims[0]) {
            rank(claims, |act| (act.claim, act.effect));
            found.push(Interval::from(claims, Status::Suspended, None));
        } else if let (Some(suspension), Some(end)) = (found.last_mut(), End::of(claims)) {
            suspension.end = Some(end.window);
            suspension.until = Some(end.date);
            suspension.claims.extend(end.claims);
        }
    }
    found
}
