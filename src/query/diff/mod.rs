//! What changed: between two days as they are known now, or between two states of knowledge of one day.
//!
//! A change is a party's row in an agreement that is not the same in both states: its status, how sure it is, since and
//! until when, its role, whether it is reported, disputed or confirmed. Applying all changes to the first state gives the
//! second. A new instrument with its parties is one change, and so is the end of an agreement with all who took part.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::act::Role;
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::shape::vocabulary;
use crate::domain::window::{Certainty, Window};
use crate::event::snapshot::{Recorded, Snapshot};
use crate::query::diff::words::sentence;
use crate::query::history::reason;
use crate::query::members::Member;
use crate::query::review::{UnderReview, under_review};
use crate::query::view::AgreementState;
use crate::query::{QueryError, Standpoint, Status, Vantage, View};

/// The answer: `servanda/diff/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Diff {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The first state.
    pub from: Vantage,
    /// The second state.
    pub to: Vantage,
    /// What is different in the second, by agreement and party.
    pub changes: Vec<Change>,
    /// What awaits reviewers in the second, and may come to change it; of two states of knowledge, what did not in the
    /// first.
    pub awaiting: Vec<UnderReview>,
}

/// One change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Change {
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// The agreement's id.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// The parties whose rows changed.
    pub parties: Vec<PartyChange>,
    /// Why it is different, the main reason first.
    pub labels: Vec<Label>,
    /// The change in a sentence.
    pub what: String,
    /// The events that make the difference.
    pub events: Vec<u64>,
    /// The reasons that corrections, retractions and disputes among them give.
    pub reasons: Vec<Reason>,
}

/// The row of one party before and after.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PartyChange {
    /// The party's id.
    pub party: String,
    /// Its name.
    pub name: String,
    /// What it was; none, if nothing.
    pub before: Option<Side>,
    /// What it is; none, if nothing.
    pub after: Option<Side>,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// The highest status possible.
    pub status: Status,
    /// How sure that is.
    pub certainty: Certainty,
    /// The highest status that is certain.
    pub at_least: Status,
    /// The role, where a source states one.
    pub role: Option<Role>,
    /// Since when, as EDTF.
    pub since: Option<Date>,
    /// Until when, as EDTF: the first day outside.
    pub until: Option<Date>,
    /// Whether somebody denies it.
    pub disputed: bool,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// How many events confirm what it rests on.
    pub confirmations: usize,
}

/// Why, in the words of a correction, retraction or dispute.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Reason {
    /// The event.
    pub event: u64,
    /// Its reason.
    pub reason: String,
}

vocabulary! {
    /// What kind of change it is.
    pub enum ChangeKind {
        /// A party takes part that did not before.
        Joined = "joined",
        /// A party takes part no longer.
        Left = "left",
        /// A party's row is another.
        Changed = "changed",
        /// A new instrument, with its parties.
        NewInstrument = "new-instrument",
        /// An agreement came to its end for all its parties.
        EndedInstrument = "ended-instrument",
    }
}

vocabulary! {
    /// Why two states differ.
    pub enum Label {
        /// It happened between the two.
        WorldChanged = "world-changed",
        /// It was so before, and became known only between the two; of two days, it became known only after both.
        LearnedLate = "learned-late",
        /// A correction says that it was not so.
        WeWereWrong = "we-were-wrong",
        /// What it rested on was taken back.
        Retracted = "retracted",
        /// Somebody denies it, or no longer does.
        Disputed = "disputed",
        /// Somebody confirms it, or what was only reported is now confirmed.
        Confirmed = "confirmed",
    }
}

/// Compares two standpoints: two days by the same knowledge, or one day by two states of knowledge.
///
/// # Errors
///
/// [`QueryError::NotRecorded`] if the ledger has no such position.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::diff::{Label, diff};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let before = Standpoint::on(Day::parse("2023-10-17")?);
/// let answer = diff(&facts, before, on)?;
/// assert_eq!(answer.changes[0].what, "Pakistan joined International Lunar Research Station: member");
/// assert_eq!(answer.changes[0].labels, [Label::WorldChanged, Label::LearnedLate]);
/// # Ok(())
/// # }
/// ```
pub fn diff(snapshot: &Snapshot, from: Standpoint, to: Standpoint) -> Result<Diff, QueryError> {
    let before = View::of(snapshot, from.known)?;
    let other = if from.known == to.known { None } else { Some(View::of(snapshot, to.known)?) };
    let after = other.as_ref().unwrap_or(&before);
    let (old, new) = if let Some(after) = &other {
        (rows(before.state(from)), rows(after.state(to)))
    } else {
        let [old, new] = before.states(from, [from.on, to.on]);
        (rows(old), rows(new))
    };
    let pair = Pair { before: &before, after, from, to };
    let agreements: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = BTreeMap::new();
    let changes = agreements
        .into_iter()
        .flat_map(|agreement| {
            pair.changes(agreement, old.get(agreement).unwrap_or(&none), new.get(agreement).unwrap_or(&none))
        })
        .collect();
    let waited =
        |event: &Recorded| before.knowledge.awaiting.binary_search_by_key(&event.seq, |known| known.seq).is_ok();
    let is_new = |event: &&&Recorded| other.is_none() || !waited(event);
    let awaiting = after.knowledge.awaiting.iter().filter(is_new).map(|event| under_review(after, event)).collect();
    Ok(Diff { schema: "servanda/diff/v1", from: before.vantage(from), to: after.vantage(to), changes, awaiting })
}

/// The rows that are more than nothing, by agreement and party.
type Rows = BTreeMap<String, BTreeMap<String, Member>>;

fn rows(states: Vec<AgreementState<'_>>) -> Rows {
    let of_agreement = |members: Vec<Member>| {
        let some = members.into_iter().filter(|row| row.status != Status::None);
        some.map(|row| (row.party.to_ascii_lowercase(), row)).collect()
    };
    states.into_iter().map(|state| (state.agreement.id.folded(), of_agreement(state.members))).collect()
}

/// A row in both states.
type Sides<'m> = (Option<&'m Member>, Option<&'m Member>);

/// The two states.
#[derive(Clone, Copy)]
struct Pair<'v, 'a> {
    before: &'v View<'a>,
    after: &'v View<'a>,
    from: Standpoint,
    to: Standpoint,
}

impl Pair<'_, '_> {
    fn changes(&self, agreement: &str, old: &BTreeMap<String, Member>, new: &BTreeMap<String, Member>) -> Vec<Change> {
        let parties: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let changed: Vec<Sides<'_>> = parties
            .into_iter()
            .map(|party| (old.get(party), new.get(party)))
            .filter(|(before, after)| before.map(Side::of) != after.map(Side::of))
            .collect();
        let mut together: Vec<(ChangeKind, Vec<Sides<'_>>)> = Vec::new();
        let mut places: BTreeMap<(ChangeKind, u64), usize> = BTreeMap::new();
        for (before, after) in changed {
            let instrument = self.instrument(before, after);
            let place = instrument.and_then(|instrument| places.get(&instrument).copied());
            if let Some(place) = place {
                together[place].1.push((before, after));
                continue;
            }
            if let Some(instrument) = instrument {
                places.insert(instrument, together.len());
            }
            together.push((instrument.map_or_else(|| kind(before, after), |(kind, _)| kind), vec![(before, after)]));
        }
        together.into_iter().map(|(kind, rows)| self.change(agreement, kind, &rows)).collect()
    }

    /// The event that brought an instrument to all its parties, or ended it for all.
    fn instrument(&self, before: Option<&Member>, after: Option<&Member>) -> Option<(ChangeKind, u64)> {
        let takes_part = |row: Option<&Member>| row.is_some_and(Member::takes_part);
        let find = |row: &Member, wanted: &dyn Fn(&Body) -> bool| {
            row.events
                .iter()
                .copied()
                .find(|seq| self.after.knowledge.claim(*seq).is_some_and(|claim| wanted(claim.body)))
        };
        match (takes_part(before), takes_part(after)) {
            (false, true) => {
                let event = find(after?, &|body| matches!(body, Body::Memorandum(_)))?;
                Some((ChangeKind::NewInstrument, event))
            }
            (true, false) => {
                let event = find(after?, &|body| matches!(body, Body::Milestone(of) if of.act.ends()))?;
                Some((ChangeKind::EndedInstrument, event))
            }
            (true, true) | (false, false) => None,
        }
    }

    fn change(&self, agreement: &str, kind: ChangeKind, rows: &[Sides<'_>]) -> Change {
        let described = |view: &View<'_>, on: Day| {
            let agreement = view.catalogue.agreement(agreement, on);
            agreement.map(|agreement| (agreement.id.to_string(), agreement.title.clone()))
        };
        let (id, title) = described(self.after, self.to.on)
            .or_else(|| described(self.before, self.from.on))
            .unwrap_or_else(|| (agreement.to_owned(), agreement.to_owned()));
        let parties: Vec<PartyChange> = rows.iter().map(|(before, after)| PartyChange::of(*before, *after)).collect();
        let mut events: Vec<u64> = Vec::new();
        let mut labels: BTreeSet<Label> = BTreeSet::new();
        let descriptions = self.descriptions(agreement);
        for (before, after) in rows {
            let (own_labels, own_events) = self.because((*before, *after), descriptions);
            labels.extend(own_labels);
            events.extend(own_events);
        }
        let mut seen = BTreeSet::new();
        events.retain(|event| seen.insert(*event));
        let reason = |event: &u64| {
            let reason = reason(&self.event(*event)?.announcement.body)?;
            Some(Reason { event: *event, reason })
        };
        Change {
            kind,
            what: sentence(kind, &title, &parties),
            agreement: id,
            title,
            parties,
            labels: main_first(labels),
            reasons: events.iter().filter_map(reason).collect(),
            events,
        }
    }

    fn event(&self, seq: u64) -> Option<&Recorded> {
        self.after.event(seq).or_else(|| self.before.event(seq))
    }

    /// The events that describe the agreement in both states, where another type or other rules of its own follow from
    /// them.
    fn descriptions(&self, agreement: &str) -> Option<[u64; 2]> {
        let of = |view: &View<'_>, on: Day| {
            let described = view.catalogue.agreement(agreement, on)?;
            let by = view.catalogue.described_by(Namespace::Agreement, agreement, on)?;
            Some((by, described.r#type, described.membership.clone()))
        };
        let (old, new) = (of(self.before, self.from.on)?, of(self.after, self.to.on)?);
        ((&old.1, &old.2) != (&new.1, &new.2)).then_some([old.0, new.0])
    }

    /// Why a row differs, and the events that make the difference; `descriptions` are those of the agreement, where
    /// they do.
    fn because(&self, (before, after): Sides<'_>, descriptions: Option<[u64; 2]>) -> (Vec<Label>, Vec<u64>) {
        let events = |row: Option<&Member>, state: usize| {
            let mut events = row.map(|row| row.events.clone()).unwrap_or_default();
            events.extend(descriptions.map(|events| events[state]));
            events
        };
        let (old, new) = (&events(before, 0), &events(after, 1));
        let fresh: Vec<u64> = new.iter().copied().filter(|event| !old.contains(event)).collect();
        if self.from.on != self.to.on {
            let events = if fresh.is_empty() { if new.is_empty() { old } else { new }.clone() } else { fresh };
            return (self.of_world(&events), events);
        }
        let mut labels = Vec::new();
        let mut events = fresh.clone();
        for (gone, by, replaced) in self.struck(old) {
            events.extend([by, gone]);
            labels.push(if replaced { Label::WeWereWrong } else { self.label_of_strike(by) });
        }
        let (was, is) = (before.map(Side::of), after.map(Side::of));
        let disputed = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.disputed);
        if disputed(&was) != disputed(&is) {
            labels.push(Label::Disputed);
            events.extend(self.marks(new, old, |claim| &claim.disputed_by));
        }
        let confirmed = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.standing == Standing::Confirmed);
        let confirmations = |side: &Option<Side>| side.as_ref().map_or(0, |side| side.confirmations);
        let now_confirmed = was.is_some() && !confirmed(&was) && confirmed(&is);
        if now_confirmed || (was.is_some() && is.is_some() && confirmations(&was) != confirmations(&is)) {
            labels.push(Label::Confirmed);
            events.extend(self.marks(new, old, |claim| &claim.confirmed_by));
        }
        let corrected = fresh.iter().any(|event| {
            self.event(*event).is_some_and(|event| matches!(event.announcement.body, Body::Correction(_)))
        });
        if labels.is_empty() && corrected {
            labels.push(Label::WeWereWrong);
        }
        if labels.is_empty() {
            labels.push(self.learned(&fresh, after));
        }
        (labels, events)
    }

    /// Of two days by the same knowledge: it happened between them, whenever it was announced.
    fn of_world(&self, events: &[u64]) -> Vec<Label> {
        let deciding = events.first().and_then(|event| self.event(*event));
        let announced = deciding.and_then(|event| self.after.knowledge.announced(event).earliest());
        let late = announced.is_some_and(|day| day > self.from.on.max(self.to.on));
        std::iter::once(Label::WorldChanged).chain(late.then_some(Label::LearnedLate)).collect()
    }

    /// What the later state of knowledge says of something new: whether it happened after the earlier state.
    fn learned(&self, fresh: &[u64], after: Option<&Member>) -> Label {
        let known_until = self
            .from
            .known
            .announced_by
            .into_iter()
            .chain(self.before.events.last().map(|event| self.before.recorded(event).day()));
        let known_until = known_until.min();
        let happened = after.and_then(|row| row.since.as_ref()).map(Date::window);
        let happened = match after {
            Some(row) if row.status == Status::Former => row.until.as_ref().map(Date::window),
            _ => happened,
        };
        let later =
            |window: Window| known_until.is_none_or(|day| window.earliest().is_some_and(|earliest| earliest > day));
        if !fresh.is_empty() && happened.is_some_and(later) { Label::WorldChanged } else { Label::LearnedLate }
    }

    /// Events of a row that only one of the two states has struck: which, by which event, and whether it was replaced.
    fn struck(&self, events: &[u64]) -> Vec<(u64, u64, bool)> {
        let only_after = events.iter().filter(|event| !self.before.knowledge.struck.contains_key(event));
        only_after
            .filter_map(|event| {
                let struck = self.after.knowledge.struck.get(event)?;
                Some((*event, struck.by, struck.replaced))
            })
            .collect()
    }

    fn label_of_strike(&self, by: u64) -> Label {
        match self.event(by).map(|event| &event.announcement.body) {
            Some(Body::Correction(_)) => Label::WeWereWrong,
            _ => Label::Retracted,
        }
    }

    /// Disputes or confirmations that claims of one state have, and those of the other do not.
    fn marks(
        &self,
        new: &[u64],
        old: &[u64],
        of: impl for<'c> Fn(&'c crate::projection::knowledge::Claim<'_>) -> &'c Vec<u64>,
    ) -> Vec<u64> {
        let marks = |view: &View<'_>, events: &[u64]| -> BTreeSet<u64> {
            events.iter().filter_map(|event| view.knowledge.claim(*event)).flat_map(|claim| of(claim).clone()).collect()
        };
        let (is, was) = (marks(self.after, new), marks(self.before, old));
        is.symmetric_difference(&was).copied().collect()
    }
}

impl Side {
    /// What a row says.
    pub fn of(row: &Member) -> Self {
        Self {
            status: row.status,
            certainty: row.certainty,
            at_least: row.at_least,
            role: row.role,
            since: row.since.clone(),
            until: row.until.clone(),
            disputed: row.disputed,
            standing: row.standing,
            confirmations: row.confirmed_by.len(),
        }
    }

    /// The status with how sure it is, in words.
    pub fn in_words(&self) -> String {
        let possibly = if self.certainty == Certainty::Possible { "possibly " } else { "" };
        let reported = if self.standing == Standing::Reported { "reported " } else { "" };
        format!("{possibly}{reported}{}", self.status)
    }
}

impl PartyChange {
    fn of(before: Option<&Member>, after: Option<&Member>) -> Self {
        let row = after.or(before).expect("one of the two states has the row");
        Self {
            party: row.party.clone(),
            name: row.name.clone(),
            before: before.map(Side::of),
            after: after.map(Side::of),
        }
    }
}

fn kind(before: Option<&Member>, after: Option<&Member>) -> ChangeKind {
    let takes_part = |row: Option<&Member>| row.is_some_and(Member::takes_part);
    match (takes_part(before), takes_part(after)) {
        (false, true) => ChangeKind::Joined,
        (true, false) => ChangeKind::Left,
        (true, true) | (false, false) => ChangeKind::Changed,
    }
}

/// Mistakes come before what the world did.
fn main_first(labels: BTreeSet<Label>) -> Vec<Label> {
    let rank = |label: &Label| match label {
        Label::Retracted => 0,
        Label::WeWereWrong => 1,
        Label::WorldChanged => 2,
        Label::LearnedLate => 3,
        Label::Confirmed => 4,
        Label::Disputed => 5,
    };
    let mut labels: Vec<Label> = labels.into_iter().collect();
    labels.sort_by_key(rank);
    labels
}

/// Applies changes to a state: what is left out of them stays as it is.
///
/// A state has what each party's row says, by the ids of agreement and party.
pub fn apply(state: &mut BTreeMap<(String, String), Side>, changes: &[Change]) {
    for change in changes {
        for party in &change.parties {
            let key = (change.agreement.clone(), party.party.clone());
            match &party.after {
                Some(side) => state.insert(key, side.clone()),
                None => state.remove(&key),
            };
        }
    }
}
