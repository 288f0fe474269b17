//! What admins and reviewers say of announcements that are there: which kinds take reviewers, verdicts, and that what a
//! compromised key signed is true all the same.

use std::collections::BTreeMap;

use crate::domain::announcement::{Announcement, Kind};
use crate::domain::governance::{Attestation, Confirm, Policy, Reaffirmation, Verdict};
use crate::domain::id::AnnouncementId;
use crate::event::snapshot::Recorded;
use crate::ledger::keys::signer::Signer;
use crate::ledger::log::clock::Clock;
use crate::ledger::write::Ledger;
use crate::ledger::write::administer::Administered;
use crate::ledger::write::append::AppendError;
use crate::projection::review::Review;

/// Announcements that one event reaffirms: ids of 128 bytes fit into one.
const MOST_REAFFIRMED: usize = 256;

impl Ledger {
    /// Says how many reviewers announcements of some kinds take from now on, in place of every earlier policy; a kind
    /// that is not named takes none. But where any is named, parties, agreements and missions that are described anew
    /// take as many as a joining, or else as the kind that takes the most: they change what it amounts to. 0 says that
    /// they take none.
    ///
    /// Nothing happens, and nothing is returned, if there never was a policy and none is wanted.
    ///
    /// # Errors
    ///
    /// [`AppendError`]: [`AppendError::NotAdmissible`] also if a kind takes no reviewers.
    pub fn set_policy(
        &mut self,
        needs: &BTreeMap<Kind, u64>,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Option<Administered>, AppendError> {
        let review = Review::of(&self.state.snapshot().events);
        let wanted = with_descriptions(needs);
        let in_force = match review.policies().newest() {
            Some((seq, known)) if *known == wanted => return Ok(Some(Administered::Already(seq))),
            Some((seq, known)) if wanted.is_empty() && known.values().all(|reviewers| *reviewers == 0) => {
                return Ok(Some(Administered::Already(seq)));
            }
            Some((_, known)) => known.clone(),
            None if wanted.is_empty() => return Ok(None),
            None => BTreeMap::new(),
        };
        let mut by_number: BTreeMap<u64, Vec<Kind>> = BTreeMap::new();
        for (kind, reviewers) in &wanted {
            by_number.entry(*reviewers).or_default().push(*kind);
        }
        if wanted.is_empty() {
            by_number.insert(0, in_force.into_keys().collect());
        }
        let confirm = by_number.into_iter().map(|(reviewers, kinds)| Confirm { kinds, reviewers }).collect();
        self.append_own_anew(Announcement::of(Policy { confirm }), signer, clock).map(Some)
    }

    /// Records what the signer, a reviewer, says of the event at a position.
    ///
    /// # Errors
    ///
    /// [`AppendError`]: [`AppendError::OwnWord`] if the reviewer recorded it, [`AppendError::NoEvent`], [`AppendError::NotAdmissible`]
    /// also if the signer is no reviewer, or a rejection has no reason.
    pub fn attest(
        &mut self,
        seq: u64,
        verdict: Verdict,
        reason: Option<&str>,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Administered, AppendError> {
        let reviewer = self.state.authority().recorder_of(&signer.public())?;
        let event = self.state.snapshot().event(seq).ok_or(AppendError::NoEvent(seq))?;
        if event.recorder == *reviewer {
            return Err(AppendError::OwnWord { seq, recorder: reviewer.clone() });
        }
        let reviewed = Review::of(&self.state.snapshot().events).of_event(event);
        let mut verdicts = reviewed.iter().flat_map(|reviewed| &reviewed.verdicts);
        let same = verdicts.find(|given| given.reviewer == reviewer && given.says(verdict, reason));
        if let Some(same) = same {
            return Ok(Administered::Already(same.event));
        }
        let attestation = Attestation { of: event.id.clone(), verdict, reason: reason.map(str::to_owned) };
        self.append_own_anew(Announcement::of(attestation), signer, clock)
    }

    /// Says of events that are suspect that they are true all the same; what was reaffirmed before is not said again.
    ///
    /// The events are named by their positions, and it takes one event for 256 of them.
    ///
    /// # Errors
    ///
    /// [`AppendError`]: [`AppendError::NoEvent`], [`AppendError::NotAdmissible`] also if one is not suspect. What was appended before stays.
    pub fn reaffirm(
        &mut self,
        seqs: &[u64],
        reason: &str,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Vec<Administered>, AppendError> {
        let clock = clock.into();
        let review = Review::of(&self.state.snapshot().events);
        let (mut open, mut made): (Vec<AnnouncementId>, Vec<Administered>) = (Vec::new(), Vec::new());
        for seq in seqs {
            let event = self.state.snapshot().event(*seq).ok_or(AppendError::NoEvent(*seq))?;
            match review.reaffirmed(&event.id).filter(|_| review.suspected(event).is_none()) {
                Some(by) if made.contains(&Administered::Already(by)) => {}
                Some(by) => made.push(Administered::Already(by)),
                None => open.push(event.id.clone()),
            }
        }
        for of in open.chunks(MOST_REAFFIRMED) {
            let reaffirmation = Reaffirmation { of: of.to_vec(), reason: reason.to_owned() };
            made.push(self.append_own(Announcement::of(reaffirmation), signer, clock)?);
        }
        Ok(made)
    }
}

/// The events of a log by which things may be found by their names: all but those that describe anew and await
/// reviewers.
pub fn usable(events: &[Recorded]) -> impl Iterator<Item = &Recorded> {
    let review = Review::of(events);
    events.iter().filter(move |event| !review.awaits(event) || review.policies().describes_anew(event).is_empty())
}

/// Names the descriptions that are not named, with as many reviewers as a joining takes, or the kind that takes the
/// most.
fn with_descriptions(needs: &BTreeMap<Kind, u64>) -> BTreeMap<Kind, u64> {
    let as_many = needs.get(&Kind::Joining).or_else(|| needs.values().max()).copied();
    let mut all = needs.clone();
    for kind in Kind::ALL.iter().copied().filter(|kind| kind.is_description()) {
        if let Some(reviewers) = as_many {
            all.entry(kind).or_insert(reviewers);
        }
    }
    all
}
