//! What we count: the parties of one agreement that a published number may mean, as they were known when it was published.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::domain::act::JoiningAct;
use crate::domain::agreement::{Count, Counted};
use crate::domain::announcement::{Body, Standing};
use crate::domain::day::Day;
use crate::domain::party::PartyType;
use crate::domain::window::{Certainty, Window, covers};
use crate::projection::acts::{AgreementActs, Turn};
use crate::projection::interval::{Interval, ends_by};
use crate::projection::knowledge::{Claim, Knowledge};
use crate::projection::membership::{Participation, Sources, participations};
use crate::projection::rules::{Rules, Status};
use crate::projection::spans::{StatusSpan, step_on};
use crate::query::{Standpoint, View};

use super::{Ours, days_of};

/// The claims about one agreement that were known at some time.
pub(super) struct Seen<'s> {
    pub(super) view: &'s View<'s>,
    pub(super) knowledge: &'s Knowledge<'s>,
    pub(super) claims: Vec<&'s Claim<'s>>,
    /// The folded id of the agreement.
    pub(super) agreement: &'s str,
    pub(super) at: Standpoint,
}

/// The parties of an agreement, for as long as it was described in one way.
pub(super) struct Era<'s> {
    /// The first day of it.
    from: Day,
    pub(super) seen: &'s Seen<'s>,
    pub(super) rules: Rules<'s>,
    /// By what is confirmed, in the order of the parties' ids.
    pub(super) confirmed: Vec<Part<'s>>,
    reported: OnceCell<Vec<Part<'s>>>,
    acts: OnceCell<AgreementActs<'s>>,
}

impl<'s> Seen<'s> {
    /// What was known, of an agreement by its folded id.
    pub(super) fn of(view: &'s View<'s>, knowledge: &'s Knowledge<'s>, agreement: &'s str, at: Standpoint) -> Self {
        Self { view, knowledge, claims: knowledge.about_agreement(agreement), agreement, at }
    }

    /// The agreement as it was described one way after the other, in order; the first goes for all days before too.
    pub(super) fn eras(&'s self) -> Vec<Era<'s>> {
        let mut begins: Vec<Day> =
            [Day::MIN].into_iter().chain(self.view.catalogue.agreement_changes(self.agreement)).collect();
        begins.dedup();
        begins.into_iter().filter_map(|from| self.era(from)).collect()
    }

    fn era(&'s self, from: Day) -> Option<Era<'s>> {
        let rules = Rules::of(self.view.catalogue.agreement(self.agreement, from)?);
        let confirmed = self.parts(&rules, Standing::Confirmed);
        Some(Era { from, seen: self, rules, confirmed, reported: OnceCell::new(), acts: OnceCell::new() })
    }

    fn parts(&'s self, rules: &Rules<'s>, standing: Standing) -> Vec<Part<'s>> {
        let told = (standing, self.at.prefer, Sources::Decided);
        let parts = participations(self.knowledge, &self.claims, self.agreement, rules, told);
        parts.into_iter().map(|part| Part::of(part, rules, self.view)).collect()
    }
}

/// The one among eras that holds on a day.
pub(super) fn era_on<'e, 's>(eras: &'e [Era<'s>], day: Day) -> Option<&'e Era<'s>> {
    eras.iter().rfind(|era| era.from <= day).or(eras.first())
}

impl<'s> Era<'s> {
    /// By what is only reported, in the order of the parties' ids.
    pub(super) fn reported(&self) -> &[Part<'s>] {
        self.reported.get_or_init(|| self.seen.parts(&self.rules, Standing::Reported))
    }

    /// What is confirmed of the parties' acts.
    pub(super) fn acts(&self) -> &AgreementActs<'s> {
        self.acts.get_or_init(|| {
            let Seen { claims, agreement, at, .. } = self.seen;
            AgreementActs::of(claims, agreement, &self.rules, Standing::Confirmed, at.prefer)
        })
    }

    /// A party by its folded id, if anything confirmed is told of it.
    pub(super) fn part(&self, party: &str) -> Option<&Part<'s>> {
        let place = self.confirmed.binary_search_by(|part| part.whole.party.as_str().cmp(party)).ok()?;
        Some(&self.confirmed[place])
    }

    /// How many are counted.
    pub(super) fn ours(&self, of: Counted, when: &When<'_>) -> Ours {
        let mut ours = Ours { certain: 0, most: 0 };
        for part in &self.confirmed {
            let counted = self.counted(of, part, when);
            ours.certain += u64::from(counted == Certainty::Certain);
            ours.most += u64::from(counted != Certainty::Not);
        }
        ours
    }

    /// Whether a party is counted.
    pub(super) fn counted(&self, of: Counted, part: &Part<'_>, when: &When<'_>) -> Certainty {
        let counted = part.counted(of, when);
        let is_of_type = || of != Counted::States || part.is_state(when.day_of(of, part), self.seen.view);
        if counted != Certainty::Not && is_of_type() { counted } else { Certainty::Not }
    }

    /// The days that a number is for, one for each stretch on which nothing changes.
    pub(super) fn days(&self, count: &Count) -> Vec<Day> {
        let window = days_of(count);
        let (first, last) = (window.earliest().unwrap_or(Day::MIN), window.latest().unwrap_or(Day::MAX));
        let of_part = |part: &'_ Part<'_>| part.turning(count.of).collect::<Vec<_>>();
        let inside = self.confirmed.iter().flat_map(of_part).filter(|day| (first..=last).contains(day));
        let days: BTreeSet<Day> = inside.chain(window.earliest()).chain(window.latest()).collect();
        days.into_iter().collect()
    }
}

/// For when parties are counted.
#[derive(Debug, Clone)]
pub(super) enum When<'w> {
    /// Those of a day.
    On(Day),
    /// Those that came within these days.
    During(Window),
    /// One that came then, and those that had come before it.
    Place {
        /// Its folded id.
        party: &'w str,
        /// When it came.
        came: Window,
        /// Only those that came within these days.
        within: Option<Window>,
    },
}

impl When<'_> {
    /// The day on which it is asked what a party is.
    pub(super) fn day(&self) -> Day {
        match self {
            Self::On(day) => *day,
            Self::During(span) => span.latest().or(span.earliest()).unwrap_or(Day::MAX),
            Self::Place { came, .. } => came.latest().or(came.earliest()).unwrap_or(Day::MAX),
        }
    }

    /// The day on which it is asked what type a party has: that on which it came, where it is counted as one that did.
    fn day_of(&self, of: Counted, part: &Part<'_>) -> Day {
        let came = || part.spans(of).into_iter().find_map(|span| span.begin.latest());
        match self {
            Self::On(day) => *day,
            Self::During(_) | Self::Place { .. } => came().unwrap_or(self.day()),
        }
    }
}

/// One party of an agreement.
pub(in crate::query) struct Part<'s> {
    pub(in crate::query) whole: Participation<'s>,
    steps: Vec<StatusSpan>,
    signed: Vec<Span>,
    /// Whether it is a state; nothing, if that depends on the day.
    is_state: Option<bool>,
}

/// The days for which a party is counted, and the events by which it came.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) begin: Window,
    end: Option<Window>,
    pub(super) events: Vec<u64>,
}

impl<'s> Part<'s> {
    pub(in crate::query) fn of(whole: Participation<'s>, rules: &Rules<'_>, view: &View<'_>) -> Self {
        let is_state = view.catalogue.is_always(&whole.party, PartyType::State);
        Self { steps: whole.steps(), signed: signed(&whole, rules), whole, is_state }
    }

    /// What it is on a day.
    pub(super) fn on(&self, day: Day) -> StatusSpan {
        step_on(&self.steps, day)
    }

    /// Whether it is a state on a day.
    pub(in crate::query) fn is_state(&self, on: Day, view: &View<'_>) -> bool {
        let described = || view.catalogue.party(&self.whole.party, on);
        self.is_state.unwrap_or_else(|| described().is_some_and(|party| party.r#type == PartyType::State))
    }

    /// The days on which it may begin or cease to be counted.
    fn turning(&self, of: Counted) -> impl Iterator<Item = Day> {
        let of_signed = self.signed.iter().filter(move |_| of == Counted::Signatories);
        let windows = of_signed.flat_map(|span| [Some(span.begin), span.end]).flatten();
        let days = windows.flat_map(|window| [window.earliest(), window.latest().map(Day::next)]).flatten();
        self.steps.iter().map(|step| step.from).chain(days)
    }

    /// Whether it is counted, whatever its type.
    fn counted(&self, of: Counted, when: &When<'_>) -> Certainty {
        match when {
            When::On(day) => self.counted_on(of, *day),
            When::During(span) => surest(self.spans(of).iter().map(|own| within(own.begin, *span))),
            When::Place { party, .. } if *party == self.whole.party => Certainty::Certain,
            When::Place { came, within: span, .. } => {
                surest(self.spans(of).iter().map(|own| came_before(own, *came, *span)))
            }
        }
    }

    /// The same for a day.
    pub(in crate::query) fn counted_on(&self, of: Counted, day: Day) -> Certainty {
        let step = self.on(day);
        match of {
            Counted::States | Counted::All if step.status == Status::Member => step.certainty(),
            Counted::Parties if step.at_least >= Status::Contracting => Certainty::Certain,
            Counted::Parties if step.status >= Status::Contracting => Certainty::Possible,
            Counted::States | Counted::All | Counted::Parties => Certainty::Not,
            Counted::Signatories => surest(self.signed.iter().map(|span| covers(span.begin, span.end, day))),
        }
    }

    /// The spans of days for which it is counted, each without a break, in order.
    pub(super) fn spans(&self, of: Counted) -> Vec<Span> {
        let held = |statuses: &'static [Status]| {
            let intervals = self.whole.stays.intervals.iter();
            intervals.filter(|interval| statuses.contains(&interval.status)).map(Span::of).collect::<Vec<_>>()
        };
        let spans = match of {
            Counted::States | Counted::All => held(&[Status::Member]),
            Counted::Parties => held(&[Status::Contracting, Status::Member]),
            Counted::Signatories => self.signed.clone(),
        };
        joined(spans)
    }
}

impl Span {
    fn of(interval: &Interval<'_>) -> Self {
        let events = interval.claims.iter().map(|claim| claim.seq()).collect();
        Self { begin: interval.begin, end: interval.end, events }
    }

    /// One that begins on those days ends as the stay does that it is of.
    fn ending_with_stay(begin: Window, of: &Claim<'_>, whole: &Participation<'_>) -> Self {
        let own = whole.stays.intervals.iter().filter(|interval| interval.stay == of.stay());
        let ends = own.filter_map(|interval| interval.end).filter(|end| !ends_by(*end, begin));
        Self { begin, end: ends.reduce(Window::earlier_of), events: vec![of.seq()] }
    }
}

/// Those of some spans that touch each other made one.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| a.begin.cmp_by_ends(&b.begin));
    let mut found: Vec<Span> = Vec::new();
    for span in spans {
        match found.last_mut() {
            Some(before) if before.end.is_none_or(|end| !ends_by(end, span.begin)) => {
                before.begin = before.begin.earlier_of(span.begin);
                before.end = before.end.zip(span.end).map(|(a, b)| a.later_of(b));
                before.events.extend(span.events);
            }
            _ => found.push(span),
        }
    }
    found
}

/// The spans of days for which a party is one of those that have signed, and are not out again.
///
/// Who has signed is whoever did a signature, definitive too, or concluded a softer instrument, all of which are signed, if
/// that makes at least a signatory; acceding to what others signed, or ratifying it, is another thing.
fn signed(whole: &Participation<'_>, rules: &Rules<'_>) -> Vec<Span> {
    if rules.in_force_is_stated() {
        // There a signature begins nothing, so that the stays do not tell of it.
        let acts = whole.stays.facts.iter().filter_map(|fact| fact.acts.first());
        let acts = acts.filter(|act| matches!(act.turn, Turn::Joining { act, .. } if is_signed(act)));
        return acts.map(|act| Span::ending_with_stay(act.effect, act.claim, whole)).collect();
    }
    let is_own = |interval: &&Interval<'_>| interval.status >= Status::Signatory && interval.act.is_some_and(is_signed);
    whole.stays.intervals.iter().filter(is_own).map(Span::of).collect()
}

/// Whether an act is done by signing.
fn is_signed(act: JoiningAct) -> bool {
    matches!(
        act,
        JoiningAct::Signature
            | JoiningAct::DefinitiveSignature
            | JoiningAct::Memorandum
            | JoiningAct::JointStatement
            | JoiningAct::LetterOfIntent
    )
}

/// Whether a day lies within some days.
fn within(day: Window, span: Window) -> Certainty {
    let begins = match (span.earliest(), day.earliest()) {
        (Some(first), Some(day)) => first <= day,
        (first, _) => first.is_none(),
    };
    let ends = span.latest().is_none_or(|last| day.certainly_by(last));
    match (begins && ends, day.overlaps(span)) {
        (true, _) => Certainty::Certain,
        (false, true) => Certainty::Possible,
        (false, false) => Certainty::Not,
    }
}

/// Whether one had come before another did, within some days if they are told; where they are not, whoever may have been
/// out again by then may not have been counted.
fn came_before(own: &Span, other: Window, span: Option<Window>) -> Certainty {
    let inside = span.map_or(Certainty::Certain, |span| within(own.begin, span));
    let is_out = span.is_none() && own.end.is_some_and(|end| ends_by(end, other));
    match inside {
        Certainty::Not => Certainty::Not,
        _ if other.certainly_before(own.begin) => Certainty::Not,
        Certainty::Certain if own.begin.certainly_before(other) && !is_out => Certainty::Certain,
        Certainty::Certain | Certainty::Possible => Certainty::Possible,
    }
}

fn surest(all: impl Iterator<Item = Certainty>) -> Certainty {
    let rank = |of: &Certainty| match of {
        Certainty::Certain => 2,
        Certainty::Possible => 1,
        Certainty::Not => 0,
    };
    all.max_by_key(rank).unwrap_or(Certainty::Not)
}

/// The party that joined by an announcement, and when it came to be counted, if it was.
pub(super) fn came_by<'e>(era: &'e Era<'_>, claim: &Claim<'_>, of: Counted) -> Option<(&'e str, Window)> {
    let Body::Joining(joining) = claim.body else { return None };
    let part = era.part(&joining.party.folded())?;
    let spans = part.spans(of);
    let own = spans.iter().find(|span| span.events.contains(&claim.seq())).or(spans.first())?;
    Some((part.whole.party.as_str(), own.begin))
}
