//! What the ledger says about itself: one announcement, alone in its batch, signed by who may change keys and documents.

pub mod clock;
pub mod erase;
pub mod log_key;
pub mod review;

use crate::domain::announcement::{Announcement, Body};
use crate::domain::id::AnnouncementId;
use crate::ledger::admission::draft::{Batch, Draft};
use crate::ledger::keys::signer::Signer;
use crate::ledger::log::clock::Clock;
use crate::ledger::state::authority::AuthorityFault;
use crate::ledger::write::Ledger;
use crate::ledger::write::append::{AppendError, Options};

/// What became of an announcement about the ledger itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administered {
    /// It is this event now.
    Appended(u64),
    /// The same was this event before.
    Already(u64),
}

impl Administered {
    /// The event that says it.
    pub fn seq(self) -> u64 {
        match self {
            Self::Appended(seq) | Self::Already(seq) => seq,
        }
    }
}

impl Ledger {
    /// Appends one announcement about the ledger itself.
    ///
    /// `clock` is the caller's.
    ///
    /// # Errors
    ///
    /// [`AppendError`]: [`AppendError::NotAdmissible`] also if the signer lacks the role, or keys cannot change so;
    /// [`AppendError::NotAuthorised`] also if a key is added that was revoked.
    pub fn append_own(
        &mut self,
        announcement: Announcement,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Administered, AppendError> {
        self.append_own_draft(Draft::of(announcement), signer, clock.into())
    }

    /// The same of one that is another each time it is said, and so is named for its position.
    pub(crate) fn append_own_anew(
        &mut self,
        announcement: Announcement,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Administered, AppendError> {
        let id = format!("{}:{}", announcement.body.kind(), self.state.snapshot().heads.len());
        let id = AnnouncementId::parse(&id).expect("a kind and a number are an id");
        self.append_own_draft(Draft { id: Some(id), ..Draft::of(announcement) }, signer, clock.into())
    }

    fn append_own_draft(
        &mut self,
        draft: Draft,
        signer: &dyn Signer,
        clock: Clock,
    ) -> Result<Administered, AppendError> {
        debug_assert!(draft.announcement.body.kind().is_about_ledger(), "others come in files, with evidence");
        // That it was added once, before it was revoked, is no answer to whoever wants it to sign.
        if let Body::RecorderAdded(added) = &draft.announcement.body
            && let Ok(key) = added.key.as_str().parse()
            && let Err(revoked @ AuthorityFault::Revoked { .. }) = self.state.authority().check_new(&key)
        {
            return Err(revoked.into());
        }
        let batch = Batch { drafts: vec![draft], ..Batch::default() };
        let appended = self.append(&[batch], Options::default(), signer, clock)?;
        let [outcome] = appended.batches.as_slice() else { unreachable!("one batch has one outcome") };
        let new = outcome.appended.first().map(|(seq, _)| Administered::Appended(*seq));
        let already = || outcome.already.first().map(|(_, seq)| Administered::Already(*seq));
        Ok(new.or_else(already).expect("an announcement is appended, or there already"))
    }
}
