//! Which announcements await reviewers, which are suspect, and the policy that says what takes reviewers.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::{Body, Kind};
use crate::domain::date::Date;
use crate::domain::governance::{RecorderRole, Verdict};
use crate::domain::id::{Namespace, Recorder};
use crate::domain::shape::vocabulary;
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::ledger::state::authority::Authority;
use crate::projection::review::{Given, Review, Reviewed};
use crate::query::history::happened;
use crate::query::keys::Moment;
use crate::query::sentence::Names;
use crate::query::{Position, View};

/// The answer: `servanda/awaiting/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Awaiting {
    /// Name and version of this form.
    pub schema: &'static str,
    /// For whom it was asked: a reviewer, who can speak of what is listed; for all, if none.
    pub reviewer: Option<Recorder>,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The announcements that too few reviewers have confirmed, in the order of recording.
    pub awaiting: Vec<UnderReview>,
    /// The events that somebody else may have signed, and that were not reaffirmed; none, if it was asked for a reviewer.
    pub suspect: Vec<Suspect>,
}

/// What `attest` made of announcements: `servanda/reviewed/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReviewedAnswer {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The announcements, in the order in which they were named.
    pub announcements: Vec<UnderReview>,
}

/// An announcement that reviewers speak of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnderReview {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// When it happened, as EDTF.
    pub date: Option<Date>,
    /// What it says, in a sentence.
    pub what: String,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// By whom: reviewers are others.
    pub recorder: Recorder,
    /// What reviewers said.
    pub review: ReviewTold,
}

/// How an announcement stands with reviewers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReviewTold {
    /// Whether it counts by that.
    pub state: ReviewState,
    /// How many reviewers have to confirm it; 0, if it counts without them.
    pub needed: u64,
    /// How many confirm it.
    pub confirmed: u64,
    /// The latest verdict of each reviewer, in the order of the events.
    pub verdicts: Vec<VerdictTold>,
}

vocabulary! {
    /// Whether an announcement counts, by what reviewers said.
    pub enum ReviewState {
        /// Enough confirm it, or none need to.
        Counts = "counts",
        /// Too few confirm it so far.
        Awaiting = "awaiting",
        /// Too few confirm it, and somebody rejects it.
        Rejected = "rejected",
    }
}

/// A reviewer's verdict.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerdictTold {
    /// The attestation.
    pub event: u64,
    /// Who gave it.
    pub reviewer: Recorder,
    /// What it is.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<String>,
}

/// An event that somebody else may have signed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Suspect {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// What it says, in a sentence.
    pub what: String,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// In whose name.
    pub recorder: Recorder,
    /// The event that revoked the key.
    pub revoked_by: u64,
}

/// The answer: `servanda/policy/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PolicyAnswer {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The event that set the policy in force, and when; none, if there never was one.
    pub since: Option<Moment>,
    /// The kinds of announcements that take reviewers; all others count at once.
    pub confirm: Vec<KindConfirmed>,
    /// The descriptions that it says nothing of, though it asks for reviewers: one recorder alone can describe such a
    /// thing anew, and so change what counts.
    pub unnamed: Vec<Kind>,
    /// Who can review now.
    pub reviewers: Vec<Recorder>,
}

/// A kind that takes reviewers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KindConfirmed {
    /// The kind.
    pub kind: Kind,
    /// How many have to confirm an announcement of it.
    pub reviewers: u64,
}

/// Lists what awaits reviewers, and what is suspect; for a reviewer, what he did not record and has not spoken of.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let facts = example()?;
/// assert!(servanda::query::review::awaiting(&facts, None).awaiting.is_empty(), "no kind takes reviewers there");
/// # Ok(())
/// # }
/// ```
pub fn awaiting(snapshot: &Snapshot, reviewer: Option<&Recorder>) -> Awaiting {
    let view = View::whole(snapshot);
    let awaiting = view.knowledge.awaiting.iter().map(|event| under_review(&view, event));
    let mut awaiting: Vec<UnderReview> = awaiting.collect();
    if let Some(reviewer) = reviewer {
        let has_spoken = |of: &UnderReview| of.review.verdicts.iter().any(|told| told.reviewer == *reviewer);
        awaiting.retain(|of| of.recorder != *reviewer && !has_spoken(of));
    }
    let suspects = view.events.iter().filter(|_| reviewer.is_none() && !view.knowledge.review.has_no_suspicion());
    Awaiting {
        schema: "servanda/awaiting/v1",
        reviewer: reviewer.cloned(),
        position: view.position(),
        awaiting,
        suspect: suspects.filter_map(|event| suspect(&view, event)).collect(),
    }
}

/// The announcements among those that await reviewers that say such a thing, themselves or by what they are about.
pub(super) fn awaiting_on<'a>(view: &View<'a>, says: impl Fn(&Body) -> bool) -> Vec<&'a Recorded> {
    let mut known: HashMap<u64, bool> = HashMap::new();
    let mut concerns = |event: &'a Recorded| {
        let (mut chain, mut at) = (Vec::new(), event);
        // Each is about an earlier one, so this comes to an end; what one was found to say is not looked for again.
        let found = loop {
            if let Some(found) = known.get(&at.seq) {
                break *found;
            }
            chain.push(at.seq);
            let body = &at.announcement.body;
            if body.said().is_some_and(&says) {
                break true;
            }
            match body.about().and_then(|id| view.knowledge.event(id)).filter(|target| target.seq < at.seq) {
                Some(target) => at = target,
                None => break false,
            }
        };
        known.extend(chain.into_iter().map(|seq| (seq, found)));
        found
    };
    view.knowledge.awaiting.iter().copied().filter(|event| concerns(event)).collect()
}

/// Whether a body describes one of these things, whose ids are folded.
pub(super) fn describes_any(body: &Body, things: &BTreeSet<(Namespace, String)>) -> bool {
    body.describes().is_some_and(|(space, id)| things.contains(&(space, id.to_ascii_lowercase())))
}

/// The events from a position on that await reviewers.
pub fn await_from(snapshot: &Snapshot, first: u64) -> Vec<u64> {
    let review = Review::of(&snapshot.events);
    let new = &snapshot.events[snapshot.events.partition_point(|event| event.seq < first)..];
    new.iter().filter(|event| review.awaits(event)).map(|event| event.seq).collect()
}

/// How events stand with reviewers.
pub fn reviewed(snapshot: &Snapshot, events: &[&Recorded]) -> ReviewedAnswer {
    let view = View::whole(snapshot);
    ReviewedAnswer {
        schema: "servanda/reviewed/v1",
        position: view.position(),
        announcements: events.iter().map(|event| under_review(&view, event)).collect(),
    }
}

/// Tells which kinds take reviewers, and who can review.
pub fn policy(snapshot: &Snapshot) -> PolicyAnswer {
    let view = View::whole(snapshot);
    let policy = view.knowledge.review.policies().newest();
    let moment = |event: u64| Some(Moment { event, recorded: view.recorded(view.event(event)?) });
    let authority = Authority::of(view.events);
    let can_review =
        authority.keys().filter(|(_, key)| key.revoked.is_none() && key.roles.contains(&RecorderRole::Reviewer));
    let reviewers: BTreeSet<&Recorder> = can_review.map(|(_, key)| &key.recorder).collect();
    let named = policy.map(|(_, named)| named.clone()).unwrap_or_default();
    let is_unnamed = |kind: &Kind| kind.is_description() && !named.contains_key(kind);
    let confirm = named.iter().filter(|(_, reviewers)| **reviewers > 0);
    let confirm: Vec<KindConfirmed> =
        confirm.map(|(kind, reviewers)| KindConfirmed { kind: *kind, reviewers: *reviewers }).collect();
    PolicyAnswer {
        schema: "servanda/policy/v1",
        position: view.position(),
        since: policy.and_then(|(event, _)| moment(event)),
        unnamed: Kind::ALL.iter().copied().filter(|kind| !confirm.is_empty() && is_unnamed(kind)).collect(),
        confirm,
        reviewers: reviewers.into_iter().cloned().collect(),
    }
}

/// An event that reviewers speak of.
pub(super) fn under_review(view: &View<'_>, event: &Recorded) -> UnderReview {
    let body = &event.announcement.body;
    UnderReview {
        event: event.seq,
        id: event.id.to_string(),
        kind: body.kind(),
        date: happened(body).map(|(_, date)| date.clone()),
        what: Names(&view.catalogue).sentence(body),
        recorded: view.recorded(event),
        recorder: event.recorder.clone(),
        review: ReviewTold::of(&view.knowledge.review.of_event(event).unwrap_or_default()),
    }
}

fn suspect(view: &View<'_>, event: &Recorded) -> Option<Suspect> {
    let revoked_by = view.knowledge.review.suspected(event)?;
    Some(Suspect {
        event: event.seq,
        id: event.id.to_string(),
        kind: event.announcement.body.kind(),
        what: Names(&view.catalogue).sentence(&event.announcement.body),
        recorded: view.recorded(event),
        recorder: event.recorder.clone(),
        revoked_by,
    })
}

impl ReviewTold {
    /// What reviewers said of an event, where its kind needs them or they said something.
    pub(super) fn of_event(review: &Review<'_>, event: &Recorded) -> Option<Self> {
        review.of_event(event).as_ref().map(Self::of)
    }

    fn of(reviewed: &Reviewed<'_>) -> Self {
        let verdict = |given: &Given<'_>| VerdictTold {
            event: given.event,
            reviewer: given.reviewer.clone(),
            verdict: given.verdict,
            reason: given.reason.map(str::to_owned),
        };
        let (needed, confirmed) = (reviewed.needed, reviewed.confirmed());
        let state = match reviewed.is_rejected() {
            _ if confirmed >= needed => ReviewState::Counts,
            true => ReviewState::Rejected,
            false => ReviewState::Awaiting,
        };
        Self { state, needed, confirmed, verdicts: reviewed.verdicts.iter().map(verdict).collect() }
    }
}
