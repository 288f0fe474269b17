//! The full change history: every announcement in the order in which things happened, what was struck still there.

use std::collections::HashSet;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::{Body, Kind, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::projection::knowledge::had_happened;
use crate::query::facts_told::deciding;
use crate::query::review::{ReviewState, ReviewTold};
use crate::query::sentence::Names;
use crate::query::{Known, Position, QueryError, View};

/// Fewer entries than these are not worth a thread of their own.
const FEWEST_ENTRIES: usize = 2048;

/// The answer: `servanda/history/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct History {
    /// Name and version of this form.
    pub schema: &'static str,
    /// Whose history: the id of a party, agreement or mission; all, if none.
    pub subject: Option<String>,
    /// The first day of what is listed; from the beginning, if none.
    pub from: Option<Day>,
    /// The last day of what is listed; to the end, if none.
    pub to: Option<Day>,
    /// The position at which the answer was computed.
    pub position: Position,
    /// What was announced, by the day on which it happened, then by the order of recording.
    #[serde(serialize_with = "crate::query::parallel_json::serialize")]
    #[schemars(with = "Vec<Entry>")]
    pub entries: Vec<Entry>,
}

/// One announcement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Entry {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// When it happened, or is expected, as EDTF.
    pub date: Option<Date>,
    /// The source's own words for that date.
    pub wording: Option<String>,
    /// When it was announced, as EDTF, where it or its source says so.
    pub announced: Option<Date>,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// What it says, in a sentence.
    pub what: String,
    /// The event in this list whose claim of the same fact decides; none, if it decides itself or stands alone.
    pub claim_of: Option<u64>,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Who published it.
    pub sources: Vec<String>,
    /// What struck it, if it no longer stands.
    pub struck: Option<StruckBy>,
    /// The events that deny it.
    pub disputed_by: Vec<u64>,
    /// The events that say the same.
    pub confirmed_by: Vec<u64>,
    /// What reviewers said, where its kind needs them or they said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewTold>,
    /// The event that revoked the key with which somebody else may have signed it, unless it was reaffirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<u64>,
}

impl Entry {
    /// Whether somebody denies it, it awaits reviewers, or it is suspect.
    pub fn is_unsure(&self) -> bool {
        let waits = self.review.as_ref().is_some_and(|told| told.state != ReviewState::Counts);
        waits || self.suspect.is_some() || !self.disputed_by.is_empty()
    }
}

/// Why an announcement no longer stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StruckBy {
    /// The correction or retraction.
    pub event: u64,
    /// Its reason.
    pub reason: Option<String>,
    /// Whether something stands in its place.
    pub replaced: bool,
}

/// The days that a history is asked for, both included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// The first day; from the beginning, if none.
    pub from: Option<Day>,
    /// The last day; to the end, if none.
    pub to: Option<Day>,
}

/// Answers what happened, to a party, agreement or mission if one is named, on days of the span.
///
/// What may have happened in it is listed, by the day that it happened or is expected; what has no day, by that of its
/// announcement; descriptions without a day hold from the beginning.
///
/// # Errors
///
/// [`QueryError::NotFound`] if nothing of that name is described.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::history::{Span, history};
/// use servanda::query::Known;
///
/// let facts = example()?;
/// let span = Span { from: Some(Day::parse("2023-10-10")?), to: None };
/// let answer = history(&facts, Some("pakistan"), span, Known::default())?;
/// assert_eq!(answer.entries[0].what, "Pakistan joins International Lunar Research Station (signature)");
/// # Ok(())
/// # }
/// ```
pub fn history(snapshot: &Snapshot, subject: Option<&str>, span: Span, known: Known) -> Result<History, QueryError> {
    let view = View::of(snapshot, known)?;
    let mut events =
        if let Some(name) = subject { view.concerning(&view.subjects(name)?) } else { view.told().collect() };
    events.retain(|event| span.may_have(event, &view));
    Ok(History {
        schema: "servanda/history/v1",
        subject: subject.map(str::to_owned),
        from: span.from,
        to: span.to,
        position: view.position(),
        entries: entries(&view, &events),
    })
}

impl Span {
    /// Whether what an event tells may lie in it.
    fn may_have(&self, event: &Recorded, view: &View<'_>) -> bool {
        let window = match happened(&event.announcement.body) {
            Some(of) => days(view, event, of),
            None if event.announcement.body.kind().is_description() => return self.from.is_none(),
            None => view.knowledge.announced(event),
        };
        let not_before = self.from.is_none_or(|from| window.latest().is_none_or(|latest| from <= latest));
        not_before && self.to.is_none_or(|to| window.possibly_by(to))
    }
}

/// What events tell, by the day from which it is certain, then by the order of recording.
pub(super) fn entries(view: &View<'_>, events: &[&Recorded]) -> Vec<Entry> {
    // Events are looked at in the order in which they lie in memory, and what they tell is put in order afterwards.
    let placed = events.par_iter().with_min_len(FEWEST_ENTRIES).map(|event| (place(view, event), entry(view, event)));
    let (places, mut entries): (Vec<(bool, Option<Day>)>, Vec<Entry>) = placed.unzip();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.par_sort_by_key(|index| places[*index]);
    arrange(&mut entries, order);
    let deciding = deciding(view, events);
    let listed: HashSet<u64> =
        if deciding.is_empty() { HashSet::new() } else { events.iter().map(|of| of.seq).collect() };
    for entry in &mut entries {
        entry.claim_of = deciding.get(&entry.event).copied().filter(|by| listed.contains(by));
    }
    entries
}

/// Puts items in that order of their indices, where they lie: there are many, and they are large.
fn arrange<T>(items: &mut [T], mut order: Vec<usize>) {
    for start in 0..items.len() {
        let mut at = start;
        // Each round puts one item where it belongs, until the first of the circle is met again.
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == at || from == start {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

/// The days on which what an event tells may have happened, by its date and the field that has it.
pub(super) fn days(view: &View<'_>, event: &Recorded, (field, date): (&str, &Date)) -> Window {
    if field == "occurred" { had_happened(event, view.recorded(event), date) } else { date.window() }
}

/// Where an announcement is placed: by the day from which it is certain; what has no day of its own happened when it was
/// announced, things are described before anything happens, and what is certain on no day comes last.
fn place(view: &View<'_>, event: &Recorded) -> (bool, Option<Day>) {
    let latest = match happened(&event.announcement.body) {
        Some(of) => days(view, event, of).latest(),
        None if event.announcement.body.kind().is_description() => return (false, None),
        None => view.knowledge.announced(event).latest(),
    };
    (latest.is_none(), latest)
}

/// What one event tells.
pub(super) fn entry(view: &View<'_>, event: &Recorded) -> Entry {
    let seq = event.seq;
    let announcement = &event.announcement;
    let happened = happened(&announcement.body);
    let claim = view.knowledge.claim(seq);
    let struck = view.knowledge.struck.get(&seq).map(|struck| StruckBy {
        event: struck.by,
        reason: view.event(struck.by).and_then(|by| reason(&by.announcement.body)),
        replaced: struck.replaced,
    });
    let mut sources: Vec<String> =
        announcement.evidence.iter().map(|evidence| evidence.source.publisher.clone()).collect();
    sources.dedup();
    Entry {
        event: seq,
        id: event.id.to_string(),
        kind: announcement.body.kind(),
        date: happened.map(|(_, date)| date.clone()),
        wording: happened.and_then(|(field, _)| announcement.wording.get(field).cloned()),
        announced: announcement.public_on().cloned(),
        recorded: view.recorded(event),
        what: Names(&view.catalogue).sentence(&announcement.body),
        claim_of: None,
        standing: announcement.standing,
        sources,
        struck,
        disputed_by: claim.map(|claim| claim.disputed_by.clone()).unwrap_or_default(),
        confirmed_by: claim.map(|claim| claim.confirmed_by.clone()).unwrap_or_default(),
        review: ReviewTold::of_event(&view.knowledge.review, event),
        suspect: view.knowledge.review.suspected(event),
    }
}

/// The reason that a correction, retraction, dispute or confirmation gives.
pub(super) fn reason(body: &Body) -> Option<String> {
    match body {
        Body::Correction(correction) => correction.reason.clone(),
        Body::Retraction(retraction) => Some(retraction.reason.clone()),
        Body::Dispute(dispute) => dispute.reason.clone(),
        Body::Confirmation(confirmation) => confirmation.reason.clone(),
        _ => None,
    }
}

/// The date by which an announcement is placed in the history, and the field that has it.
pub(super) fn happened(body: &Body) -> Option<(&'static str, &Date)> {
    let occurred = |date| ("occurred", date);
    match body {
        Body::Party(party) => party.from.as_ref().map(|date| ("from", date)),
        Body::Agreement(agreement) => agreement.from.as_ref().map(|date| ("from", date)),
        Body::Mission(mission) => mission.from.as_ref().map(|date| ("from", date)),
        Body::Joining(joining) => Some(occurred(&joining.occurred)),
        Body::Memorandum(memorandum) => Some(occurred(&memorandum.occurred)),
        Body::Contribution(contribution) => contribution
            .occurred
            .as_ref()
            .map(occurred)
            .or(contribution.expected.as_ref().map(|date| ("expected", date))),
        Body::Departure(departure) => Some(occurred(&departure.occurred)),
        Body::Suspension(suspension) => Some(occurred(&suspension.occurred)),
        Body::Statement(statement) => Some(occurred(&statement.occurred)),
        Body::Prospect(prospect) => prospect.due.as_ref().map(|date| ("due", date)),
        Body::Milestone(milestone) => {
            milestone.occurred.as_ref().map(occurred).or(milestone.expected.as_ref().map(|date| ("expected", date)))
        }
        Body::Count(count) => {
            count.on.as_ref().map(|date| ("on", date)).or(count.during.as_ref().map(|date| ("during", date)))
        }
        Body::Correction(correction) => happened(correction.replacement.as_ref()?.0.as_ref()),
        Body::Retraction(_)
        | Body::Dispute(_)
        | Body::Confirmation(_)
        | Body::Genesis(_)
        | Body::RecorderAdded(_)
        | Body::RecorderRevoked(_)
        | Body::ClockCorrected(_)
        | Body::LogKeyChanged(_)
        | Body::Policy(_)
        | Body::Attestation(_)
        | Body::Reaffirmation(_)
        | Body::Erasure(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_into_every_order() {
        let orders: [&[usize]; 7] = [&[], &[0], &[1, 0], &[2, 0, 1], &[1, 2, 0], &[0, 3, 2, 1], &[4, 3, 0, 1, 2]];
        for order in orders {
            let mut items: Vec<usize> = (0..order.len()).map(|item| 10 * item).collect();
            arrange(&mut items, order.to_vec());
            assert_eq!(items, order.iter().map(|index| 10 * index).collect::<Vec<_>>());
        }
    }
}
