//! Personal documents, which are known by commitments under salts that are kept beside them.
//!
//! The same file under another salt would be another document, and the same announcement another event. So a file is first
//! tried with the salts that are kept. Where a salt is gone, with its document or without, nobody can tell whether a file
//! is the one that was committed to: announcements are then taken for the same if they differ in nothing else, and the
//! documents are equally long.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::announcement::Announcement;
use crate::domain::source::{Address, Source};
use crate::event::snapshot::Events;
use crate::event::statement;
use crate::integrity::digest::{Salt, commitment};
use crate::ledger::state::registry::Registry;
use crate::store::documents::{DocumentError, Documents};

/// The salts that are kept, and those of batches before this one.
#[derive(Debug, Default)]
pub struct Salts {
    kept: Vec<(Address, Salt)>,
}

impl Salts {
    /// Reads those that lie beside documents, also where no event names them: an append that was killed left them.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn read(documents: &Documents) -> Result<Self, DocumentError> {
        let mut kept = Vec::new();
        for name in documents.salted()? {
            let salt = documents.salt(&name)?.and_then(|salt| salt.try_into().ok());
            if let (Some(salt), Ok(address)) = (salt, Address::try_from(name)) {
                kept.push((address, Salt::from_bytes(salt)));
            }
        }
        Ok(Self { kept })
    }

    /// The commitment that is to this file, with its salt, if one of those known is and was not erased.
    pub(super) fn find(&self, bytes: &[u8], index: &Registry<'_>) -> Option<(Address, Salt)> {
        let other_len: BTreeSet<&Address> =
            index.personal().filter(|(_, _, len)| *len != bytes.len() as u64).map(|(address, ..)| address).collect();
        let possible =
            |(address, _): &&(Address, Salt)| !other_len.contains(address) && index.erased(address).is_none();
        let found = self.kept.iter().filter(possible).find(|(address, salt)| committed(salt, bytes) == *address);
        found.cloned()
    }

    /// Keeps in mind what a batch brings, so that later ones have the same.
    pub(super) fn take(&mut self, address: &Address, salt: &Salt) {
        self.kept.push((address.clone(), salt.clone()));
    }

    fn is_at_hand(&self, address: &Address) -> bool {
        self.kept.iter().any(|(kept, _)| kept == address)
    }

    /// The event of which nobody can say that it is another announcement than this one.
    pub(super) fn indistinguishable(
        &self,
        announcement: &Announcement,
        (events, index): (Events<'_>, &Registry<'_>),
    ) -> Option<u64> {
        let new: BTreeSet<&Address> = commitments(announcement).filter(|commit| !index.is_personal(commit)).collect();
        if new.is_empty() {
            return None;
        }
        let lost: BTreeSet<&Address> =
            index.personal().map(|(known, ..)| known).filter(|known| !self.is_at_hand(known)).collect();
        let content = |announcement: &Announcement, hidden: &BTreeSet<&Address>| {
            statement::content_hash(&without(announcement, hidden)).ok()
        };
        let wanted = content(announcement, &new)?;
        let kind = announcement.body.kind();
        let candidates = events.iter().filter(|event| {
            event.announcement.body.kind() == kind
                && commitments(&event.announcement).any(|commit| lost.contains(commit))
        });
        let mut candidates = candidates.filter(|event| content(&event.announcement, &lost) == Some(wanted));
        candidates.next().map(|event| event.seq)
    }
}

/// The address of a personal document.
pub(super) fn committed(salt: &Salt, bytes: &[u8]) -> Address {
    Address::try_from(commitment(salt, bytes).to_string()).expect("a digest is written as 64 hexadecimal digits")
}

fn commitments(announcement: &Announcement) -> impl Iterator<Item = &Address> {
    announcement.evidence.iter().filter_map(|evidence| evidence.source.document.as_ref()?.commit.as_ref())
}

/// The announcement as it is whatever these commitments are.
fn without(announcement: &Announcement, hidden: &BTreeSet<&Address>) -> Announcement {
    let mut announcement = announcement.clone();
    for evidence in &mut announcement.evidence {
        let mut source = Source::clone(&evidence.source);
        let commit = source.document.as_mut().and_then(|document| document.commit.as_mut());
        if let Some(commit) = commit.filter(|commit| hidden.contains(&**commit)) {
            *commit = Address::try_from("0".repeat(64)).expect("64 hexadecimal digits");
        }
        evidence.source = Arc::new(source);
    }
    announcement
}
