//! Who is what to an agreement on a day: certainly, possibly, or not.

use std::collections::{BTreeSet, HashMap};

use crate::domain::act::{JoiningAct, Role};
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::window::{Certainty, Window, covers};
use crate::projection::acts::{AgreementActs, Expectation};
use crate::projection::disagreement::{Compared, OtherMilestones, stays_by};
use crate::projection::interval::{Fact, Interval, ends_by};
use crate::projection::knowledge::{Claim, Knowledge};
use crate::projection::rank::{Prefer, Reason};
use crate::projection::rules::{EndGround, Ground, Rules, Status};
use crate::projection::statements::{MadeStatement, remarks};
use crate::projection::stay::Terms;
use crate::projection::stays::Stays;

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
    /// Why it is since then: why the first claim decides; nothing, if there is no other.
    pub decided_by: Option<Reason>,
    /// By which rule it has that status.
    pub ground: Option<Ground>,
    /// How the status ends, as far as that is known.
    pub end_ground: Option<EndGround>,
    /// Whether a claim that the row rests on is denied by somebody.
    pub disputed: bool,
    /// Whether the row rests on what is only reported.
    pub standing: Standing,
    /// The claims that it rests on, the deciding one first.
    pub claims: Vec<&'a Claim<'a>>,
    /// Reservations, declarations and objections that stand on that day.
    pub remarks: Vec<MadeStatement<'a>>,
    /// The claims by which alone it would be another, in the order of recording.
    pub disagree: Vec<&'a Claim<'a>>,
}

/// Whether claims that are only reported may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// Confirmed claims alone.
    LeftOut,
    /// Reported claims too, where the confirmed status is lower.
    Included,
}

/// How the statuses of a day are reckoned.
#[derive(Debug, Clone, Copy)]
pub struct Reckoning {
    /// The day.
    pub on: Day,
    /// Whether what is only reported may show.
    pub reported: Reported,
    /// Which of several claims of one fact decides.
    pub prefer: Prefer,
}

/// Everything told of one party's part in one agreement, before a day is asked for.
#[derive(Debug)]
pub struct Participation<'a> {
    /// The folded id of the party.
    pub party: String,
    /// Whether it is told for certain, or only reported.
    pub standing: Standing,
    /// What its acts amount to.
    pub stays: Stays<'a>,
    /// What is expected of it.
    pub prospects: Vec<Interval<'a>>,
    /// Its reservations, declarations and objections.
    pub remarks: Vec<MadeStatement<'a>>,
    /// What claims say otherwise, where sources were compared.
    compared: Compared<'a>,
}

/// Whether claims that do not decide are looked at too, for the disagreement of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sources {
    /// Only what decides.
    Decided,
    /// Each with the others.
    Compared,
}

/// Every party that was ever told to be anything to the agreement, with its status on that day.
///
/// `agreement` is a folded id; rows are in the order of the parties' ids.
pub fn members<'a>(
    knowledge: &'a Knowledge<'a>,
    agreement: &str,
    rules: &Rules<'_>,
    reckoning: Reckoning,
) -> Vec<Row<'a>> {
    rows(knowledge, &knowledge.about_agreement(agreement), agreement, rules, reckoning)
}

/// The same from the claims about the agreement, where they are at hand.
pub fn rows<'a>(
    knowledge: &'a Knowledge<'a>,
    claims: &[&'a Claim<'a>],
    agreement: &str,
    rules: &Rules<'_>,
    reckoning: Reckoning,
) -> Vec<Row<'a>> {
    Participations::of(knowledge, claims, agreement, rules, reckoning).on(reckoning.on)
}

/// Every party's part in an agreement, before a day is asked for.
#[derive(Debug)]
pub struct Participations<'a> {
    /// By what is confirmed, in the order of the parties' ids.
    pub confirmed: Vec<Participation<'a>>,
    /// None, where what is only reported may not show.
    reported: Vec<Participation<'a>>,
}

impl<'a> Participations<'a> {
    /// Reads the claims about an agreement; the day of the reckoning is not looked at.
    pub fn of(
        knowledge: &'a Knowledge<'a>,
        claims: &[&'a Claim<'a>],
        agreement: &str,
        rules: &Rules<'_>,
        reckoning: Reckoning,
    ) -> Self {
        let (prefer, sources) = (reckoning.prefer, Sources::Compared);
        let of = |standing| participations(knowledge, claims, agreement, rules, (standing, prefer, sources));
        let reported = match reckoning.reported {
            Reported::Included => of(Standing::Reported),
            Reported::LeftOut => Vec::new(),
        };
        Self { confirmed: of(Standing::Confirmed), reported }
    }

    /// Every party's row on a day: what is only reported shows where the confirmed status is lower.
    pub fn on(&self, day: Day) -> Vec<Row<'a>> {
        let mut rows: Vec<Row<'a>> = self.confirmed.iter().map(|part| part.on(day)).collect();
        if self.reported.is_empty() {
            return rows;
        }
        for row in self.reported.iter().map(|part| part.on(day)) {
            match self.confirmed.binary_search_by(|part| part.party.cmp(&row.party)) {
                Ok(index) if rows[index].status >= row.status => {}
                Ok(index) => rows[index] = row,
                Err(_) => rows.push(row),
            }
        }
        rows.sort_by(|a, b| a.party.cmp(&b.party));
        rows
    }
}

/// Every party's part in an agreement, by what is told of that standing; in the order of the parties' ids.
pub fn participations<'a>(
    knowledge: &'a Knowledge<'a>,
    claims: &[&'a Claim<'a>],
    agreement: &str,
    rules: &Rules<'_>,
    (standing, prefer, sources): (Standing, Prefer, Sources),
) -> Vec<Participation<'a>> {
    let acts = AgreementActs::of(claims, agreement, rules, standing, prefer);
    let mut expected: HashMap<String, Vec<&Expectation<'a>>> = HashMap::new();
    for expectation in &acts.prospects {
        expected.entry(expectation.party.folded()).or_default().push(expectation);
    }
    let mut remarks = remarks(knowledge, &acts.statements);
    let mut parties: Vec<&String> = acts.parties.keys().chain(expected.keys()).collect();
    parties.sort_unstable();
    parties.dedup();
    let terms = Terms { milestones: &acts.milestones, rules, prefer };
    let compares = sources == Sources::Compared;
    let milestones = if compares { OtherMilestones::of(&acts.milestones) } else { Vec::new() };
    parties
        .into_iter()
        .map(|party| {
            let own = acts.parties.get(party).map_or(&[][..], Vec::as_slice);
            let stays = Stays::of(own, &acts.for_all, terms);
            let prospects = expected.get(party).map_or(&[][..], Vec::as_slice);
            let prospects = prospects.iter().map(|expectation| prospect(expectation, &stays, knowledge)).collect();
            let remarks = remarks.remove(party).unwrap_or_default();
            let compared =
                if compares { Compared::of((&acts, party), &stays, terms, &milestones) } else { Compared::default() };
            Participation { party: party.clone(), standing, stays, prospects, remarks, compared }
        })
        .collect()
}

/// What a party would be on a day if only one of the claims of a fact had been made.
pub fn if_only<'a>(
    acts: &AgreementActs<'a>,
    party: &str,
    (fact, kept): (&Fact<'a>, &Claim<'a>),
    terms: Terms<'_, 'a>,
    on: Day,
) -> Row<'a> {
    part_if_only(acts, party, (fact, kept), terms).on(on)
}

/// A party's part in an agreement if only one of the claims of a fact had been made; what is expected of it, and what it
/// remarked, is left out.
pub fn part_if_only<'a>(
    acts: &AgreementActs<'a>,
    party: &str,
    (fact, kept): (&Fact<'a>, &Claim<'a>),
    terms: Terms<'_, 'a>,
) -> Participation<'a> {
    Participation {
        party: party.to_owned(),
        standing: kept.standing,
        stays: stays_by(acts, party, (fact, kept), terms),
        prospects: Vec::new(),
        remarks: Vec::new(),
        compared: Compared::default(),
    }
}

/// A prospect runs from its announcement until it is fulfilled, or the party has come nearer.
fn prospect<'a>(expectation: &Expectation<'a>, stays: &Stays<'a>, knowledge: &'a Knowledge<'a>) -> Interval<'a> {
    let begin = expectation.claim.announced();
    let fulfilled = expectation.fulfilled_by.and_then(|id| knowledge.claim_of(id)).map(|by| (by.announced(), by));
    // Only what was over by then leaves room for something new.
    let over = |interval: &&Interval<'a>| interval.end.is_some_and(|end| ends_by(end, begin));
    let joined = stays.intervals.iter().filter(|interval| !over(interval));
    let ends: Vec<(Window, &Claim<'a>)> =
        fulfilled.into_iter().chain(joined.map(|interval| (interval.begin, interval.claims[0]))).collect();
    let end = ends.iter().map(|(end, _)| *end).reduce(Window::earlier_of);
    let by = ends.iter().min_by(|(a, _), (b, _)| a.cmp_by_ends(b)).map(|(_, by)| *by);
    Interval {
        status: Status::Prospective,
        begin,
        end,
        since: Date::of_window(begin),
        until: end.map(Date::of_window),
        decided_by: None,
        ground: Ground::Expectation,
        end_ground: end.map(|_| EndGround::Fulfilment),
        stay: None,
        act: None,
        role: None,
        claims: std::iter::once(expectation.claim).chain(by).collect(),
    }
}

impl Row<'_> {
    /// Whether the end is that of a notice which does not say when it takes effect (VCLT 56(2)).
    pub fn effect_is_assumed(&self) -> bool {
        self.end_ground == Some(EndGround::Notice)
    }
}

impl<'a> Participation<'a> {
    /// What the party is on a day.
    pub fn on(&self, day: Day) -> Row<'a> {
        let remarks = self.remarks.iter().filter(|remark| remark.on(day) != Certainty::Not).cloned().collect();
        let row = row(&self.party, &self.stays, &self.prospects, day, self.standing);
        let disagree = self.compared.disagreeing(&row, &self.prospects, day);
        Row { remarks, disagree, ..row }
    }

    /// The days on which what the party is may become something else: between two of them nothing changes.
    pub fn turning_points(&self) -> BTreeSet<Day> {
        let remarks = self.remarks.iter().flat_map(|remark| [Some(remark.made), remark.withdrawn]).flatten();
        let otherwise = self.compared.stays().flat_map(windows);
        ends_of(self.windows().chain(remarks).chain(otherwise)).collect()
    }

    /// When what its status rests on begins and ends.
    pub(super) fn windows(&self) -> impl Iterator<Item = Window> {
        windows(&self.stays).chain(self.prospects.iter().flat_map(ends))
    }
}

/// When what stays amount to begins and ends.
fn windows(stays: &Stays<'_>) -> impl Iterator<Item = Window> {
    stays.intervals.iter().chain(&stays.suspensions).flat_map(ends)
}

fn ends(interval: &Interval<'_>) -> impl Iterator<Item = Window> {
    [Some(interval.begin), interval.end].into_iter().flatten()
}

/// The first and the last days of windows.
pub(super) fn ends_of(windows: impl Iterator<Item = Window>) -> impl Iterator<Item = Day> {
    windows.flat_map(|window| [window.earliest(), window.latest()]).flatten()
}

/// What one interval amounts to on a day.
#[derive(Clone, Copy)]
pub(super) struct StatusOnDay<'i, 'a> {
    pub(super) status: Status,
    certainty: Certainty,
    interval: &'i Interval<'a>,
    /// The membership that a suspension takes the place of.
    beneath: Option<&'i Interval<'a>>,
}

fn row<'a>(party: &str, stays: &Stays<'a>, prospects: &[Interval<'a>], on: Day, standing: Standing) -> Row<'a> {
    let (shown, at_least) = shown_on(stays, prospects, on);
    let Some(shown) = shown else { return unrelated(party, standing, stays) };
    let (interval, beneath) = (shown.interval, shown.beneath);
    let claims: Vec<&Claim<'a>> =
        std::iter::once(interval).chain(beneath).flat_map(|interval| &interval.claims).copied().collect();
    Row {
        party: party.to_owned(),
        status: shown.status,
        certainty: shown.certainty,
        at_least,
        act: interval.act,
        role: interval.role.or_else(|| beneath?.role),
        since: Some(interval.since.clone()),
        until: interval.until.clone().or_else(|| beneath?.until.clone()),
        decided_by: interval.decided_by,
        ground: Some(interval.ground),
        end_ground: interval.end_ground.or_else(|| beneath?.end_ground),
        disputed: claims.iter().any(|claim| !claim.disputed_by.is_empty()),
        standing,
        claims,
        remarks: Vec::new(),
        disagree: Vec::new(),
    }
}

/// What a party has on a day that its row shows, and the highest status that is certain.
pub(super) fn shown_on<'i, 'a>(
    stays: &'i Stays<'a>,
    prospects: &'i [Interval<'a>],
    on: Day,
) -> (Option<StatusOnDay<'i, 'a>>, Status) {
    let mut certain = Status::None;
    let mut may_be_suspended = false;
    let possible = all_held(stays, prospects, on).inspect(|held| match held.certainty {
        Certainty::Certain => certain = certain.max(held.status),
        Certainty::Possible => may_be_suspended |= held.status == Status::Suspended,
        Certainty::Not => {}
    });
    let (best, left) = (best(possible), left(stays, on));
    if left.as_ref().is_some_and(|held| held.certainty == Certainty::Certain) {
        certain = certain.max(Status::Former);
    }
    // Whoever is a member but perhaps suspended is at least suspended.
    let is_member = |own: &Interval<'a>| own.status == Status::Member && own.on(on) == Certainty::Certain;
    if may_be_suspended && stays.intervals.iter().any(is_member) {
        certain = certain.max(Status::Suspended);
    }
    (best.or(left), certain)
}

/// Everything that the intervals of a party amount to on a day.
fn all_held<'i, 'a>(
    stays: &'i Stays<'a>,
    prospects: &'i [Interval<'a>],
    on: Day,
) -> impl Iterator<Item = StatusOnDay<'i, 'a>> {
    stays.intervals.iter().chain(prospects).flat_map(move |interval| held(interval, stays, on)).flatten()
}

/// The highest status that is possible.
fn best<'i, 'a: 'i>(held: impl Iterator<Item = StatusOnDay<'i, 'a>>) -> Option<StatusOnDay<'i, 'a>> {
    let possible = held.filter(|held| held.certainty != Certainty::Not);
    possible.max_by_key(|held| (held.status, held.certainty == Certainty::Certain, held.interval.begin.latest()))
}

/// What was left behind last.
fn left<'i, 'a>(stays: &'i Stays<'a>, on: Day) -> Option<StatusOnDay<'i, 'a>> {
    let left = stays.intervals.iter().filter_map(|interval| former(interval, on));
    left.max_by_key(|held| (held.certainty == Certainty::Certain, held.interval.begin.latest()))
}

fn unrelated<'a>(party: &str, standing: Standing, stays: &Stays<'a>) -> Row<'a> {
    let mut claims: Vec<&Claim<'a>> = stays.intervals.iter().flat_map(|interval| &interval.claims).copied().collect();
    claims.extend(stays.irregular.iter().map(|irregular| irregular.claim));
    // What the agreement came to is told of no party, and where it ends a stay depends on which claim of that decides.
    claims.retain(|claim| !matches!(claim.body, Body::Milestone(_)));
    Row {
        party: party.to_owned(),
        status: Status::None,
        certainty: Certainty::Certain,
        at_least: Status::None,
        act: None,
        role: None,
        since: None,
        until: None,
        decided_by: None,
        ground: None,
        end_ground: None,
        disputed: claims.iter().any(|claim| !claim.disputed_by.is_empty()),
        standing,
        claims,
        remarks: Vec::new(),
        disagree: Vec::new(),
    }
}

/// The statuses that an interval gives on a day: membership splits where it may be suspended.
fn held<'i, 'a>(interval: &'i Interval<'a>, stays: &'i Stays<'a>, on: Day) -> [Option<StatusOnDay<'i, 'a>>; 2] {
    let certainty = interval.on(on);
    let plain = |certainty| StatusOnDay { status: interval.status, certainty, interval, beneath: None };
    if interval.status != Status::Member || certainty == Certainty::Not {
        return [Some(plain(certainty)), None];
    }
    let touching = |suspension: &&Interval<'a>| suspension.stay.is_none() || suspension.stay == interval.stay;
    let suspension = stays.suspensions.iter().filter(touching).max_by_key(|suspension| match suspension.on(on) {
        Certainty::Certain => 2,
        Certainty::Possible => 1,
        Certainty::Not => 0,
    });
    let Some((suspension, suspended)) = suspension.map(|suspension| (suspension, suspension.on(on))) else {
        return [Some(plain(certainty)), None];
    };
    let both = if certainty == Certainty::Certain { suspended } else { Certainty::Possible };
    let held =
        StatusOnDay { status: Status::Suspended, certainty: both, interval: suspension, beneath: Some(interval) };
    match suspended {
        Certainty::Not => [Some(plain(certainty)), None],
        Certainty::Certain => [Some(held), None],
        Certainty::Possible => [Some(plain(Certainty::Possible)), Some(held)],
    }
}

/// Whether the interval lies, or may lie, in the past; one that ends before it begins never was.
fn former<'i, 'a>(interval: &'i Interval<'a>, on: Day) -> Option<StatusOnDay<'i, 'a>> {
    let end = interval.end?;
    if ends_by(end, interval.begin) || !end.possibly_by(on) || !interval.begin.possibly_by(on) {
        return None;
    }
    let certain = end.certainly_by(on) && interval.begin.certainly_by(on);
    let certainty = if certain { Certainty::Certain } else { Certainty::Possible };
    Some(StatusOnDay { status: Status::Former, certainty, interval, beneath: None })
}

impl Interval<'_> {
    /// Whether the status is held on a day.
    pub fn on(&self, day: Day) -> Certainty {
        covers(self.begin, self.end, day)
    }
}
