//! What the ledger says of its own announcements: which need reviewers, what reviewers said, and what was signed
//! with a key that was in other hands.
//!
//! All of it goes by position, as keys do, and by no other clock: [`Policies`] say how many reviewers an event
//! needs, and a verdict counts from its own position on. Only the latest verdict of each
//! reviewer counts, and none on what the reviewer recorded. A rejection does not outweigh others' confirmations, and
//! stays visible.
//!
//! What a key signed while others may have had it is suspect, and counts all the same; a suspect verdict does not,
//! since it would let others' announcements count. Facts tell who recorded an event, and not with which of several
//! keys: all that the recorder signed in that span is suspect. It ends with the first revocation of the key, also where
//! a later one says that others had it: since then the recorder signed with other keys.

use std::collections::HashMap;

use crate::domain::announcement::Body;
use crate::domain::governance::{RecorderKey, RecorderRevoked, RevocationCause, Verdict};
use crate::domain::id::{AnnouncementId, Recorder};
use crate::event::effective::Corrections;
use crate::event::snapshot::Recorded;
use crate::projection::policies::Policies;

/// The ledger's own announcements, as far as they say which others count.
#[derive(Debug, Default)]
pub struct Review<'a> {
    /// When events were recorded whose clock was wrong.
    pub corrections: Corrections,
    policies: Policies,
    /// In the order of their events, by what they are about.
    verdicts: HashMap<&'a AnnouncementId, Vec<Given<'a>>>,
    suspicions: Vec<Suspicion<'a>>,
    /// The last event that reaffirms an announcement.
    reaffirmed: HashMap<&'a AnnouncementId, u64>,
}

/// A verdict that a reviewer gave.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The attestation.
    pub event: u64,
    /// Who gave it.
    pub reviewer: &'a Recorder,
    /// What it is.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<&'a str>,
}

/// How an announcement stands with reviewers.
#[derive(Debug, Clone, Default)]
pub struct Reviewed<'a> {
    /// How many have to confirm it.
    pub needed: u64,
    /// The verdicts that count, in the order of their events.
    pub verdicts: Vec<Given<'a>>,
}

/// A span of positions in which somebody else may have signed as a recorder.
#[derive(Debug)]
struct Suspicion<'a> {
    recorder: &'a Recorder,
    from: u64,
    /// The first revocation of the key.
    until: u64,
    /// The revocation that says so, the first or a later one.
    revoked: u64,
}

impl<'a> Review<'a> {
    /// By the events of a log in their order.
    pub fn of(events: impl IntoIterator<Item = &'a Recorded>) -> Self {
        let is_own = |event: &&Recorded| event.announcement.body.kind().is_about_ledger();
        let (own, told): (Vec<&Recorded>, Vec<&Recorded>) = events.into_iter().partition(is_own);
        Self::by(&own, &told)
    }

    /// By what the ledger says of itself, and what it was told of the world; each in the order of the events.
    pub fn by(own: &[&'a Recorded], told: &[&'a Recorded]) -> Self {
        let mut review = Self {
            corrections: Corrections::of(own.iter().copied()),
            policies: Policies::of(own, told),
            ..Self::default()
        };
        let mut first_revoked: HashMap<(&Recorder, &RecorderKey), u64> = HashMap::new();
        for event in own {
            let Body::RecorderRevoked(revoked) = &event.announcement.body else { continue };
            let until = *first_revoked.entry((&revoked.recorder, &revoked.key)).or_insert(event.seq);
            if revoked.because == RevocationCause::Compromised {
                let from = revoked.suspect_from.unwrap_or_else(|| first_signed(own, revoked));
                review.suspicions.push(Suspicion { recorder: &revoked.recorder, from, until, revoked: event.seq });
            }
        }
        // Only later events reaffirm earlier ones: whether one counts is known before those that it might clear.
        for event in own.iter().rev() {
            if let Body::Reaffirmation(reaffirmation) = &event.announcement.body
                && review.suspected(event).is_none()
            {
                for id in &reaffirmation.of {
                    review.reaffirmed.entry(id).or_insert(event.seq);
                }
            }
        }
        for event in own {
            if let Body::Attestation(attestation) = &event.announcement.body
                && review.suspected(event).is_none()
            {
                let reason = attestation.reason.as_deref();
                let (reviewer, verdict) = (&event.recorder, attestation.verdict);
                let given = review.verdicts.entry(&attestation.of).or_default();
                given.retain(|earlier| earlier.reviewer != reviewer);
                given.push(Given { event: event.seq, reviewer, verdict, reason });
            }
        }
        review
    }

    /// Which policies there were.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Whether it takes reviewers for an event to count, and too few have confirmed it.
    pub fn awaits(&self, event: &Recorded) -> bool {
        let needed = self.policies.needed(event);
        needed > 0 && self.confirmations(event) < needed
    }

    /// How an event stands with reviewers, where it needs them or they said something.
    pub fn of_event(&self, event: &Recorded) -> Option<Reviewed<'a>> {
        let reviewed = Reviewed { needed: self.policies.needed(event), verdicts: self.given(event).copied().collect() };
        (reviewed.needed > 0 || !reviewed.verdicts.is_empty()).then_some(reviewed)
    }

    /// The revocation by which an event is suspect, unless it was reaffirmed since.
    pub fn suspected(&self, event: &Recorded) -> Option<u64> {
        let is_in =
            |span: &&Suspicion<'_>| (span.from..span.until).contains(&event.seq) && *span.recorder == event.recorder;
        let last = self.suspicions.iter().filter(is_in).map(|span| span.revoked).next_back()?;
        self.reaffirmed(&event.id).is_none_or(|by| by < last).then_some(last)
    }

    /// The last event by which an announcement was reaffirmed.
    pub fn reaffirmed(&self, id: &AnnouncementId) -> Option<u64> {
        self.reaffirmed.get(id).copied()
    }

    /// Whether nothing is suspect.
    pub fn has_no_suspicion(&self) -> bool {
        self.suspicions.is_empty()
    }

    fn confirmations(&self, event: &Recorded) -> u64 {
        self.given(event).filter(|given| given.verdict == Verdict::Confirm).count() as u64
    }

    fn given<'r>(&'r self, event: &'r Recorded) -> impl Iterator<Item = &'r Given<'a>> {
        let given = self.verdicts.get(&event.id).into_iter().flatten();
        given.filter(|given| *given.reviewer != event.recorder && given.event > event.seq)
    }
}

impl Given<'_> {
    /// Whether it says just that.
    pub fn says(&self, verdict: Verdict, reason: Option<&str>) -> bool {
        (self.verdict, self.reason) == (verdict, reason)
    }
}

impl Reviewed<'_> {
    /// How many confirm it.
    pub fn confirmed(&self) -> u64 {
        self.verdicts.iter().filter(|given| given.verdict == Verdict::Confirm).count() as u64
    }

    /// Whether somebody rejects it.
    pub fn is_rejected(&self) -> bool {
        self.verdicts.iter().any(|given| given.verdict == Verdict::Reject)
    }
}

/// The first event that a key could sign: the one after it was added, where that is told.
fn first_signed(own: &[&Recorded], revoked: &RecorderRevoked) -> u64 {
    let adds = |event: &&&Recorded| match &event.announcement.body {
        Body::Genesis(genesis) => genesis.recorders.iter().any(|recorder| recorder.key == revoked.key),
        Body::RecorderAdded(added) => added.key == revoked.key,
        _ => false,
    };
    own.iter().find(adds).map_or(0, |event| event.seq + 1)
}
