//! Changing the log's own key: the new one on the disk, then in the log, then in the place of the old one.
//!
//! 1. The new key lies beside the old one, as `log.next`. A crash leaves it there, and the next try takes it up.
//! 2. The change becomes an event, signed by an admin. From here on checkpoints are signed with the new key. A crash leaves
//!    a log whose key is not where it is looked for: signing says so, and the same command finishes it.
//! 3. The new key takes the place of the old one, which is gone then: it signs nothing any more. A crash leaves `log.next`
//!    beside it with the same key, which the next change clears away.
//!
//! Whoever has the old key alone follows the log up to its last checkpoint by that key; that one should be signed before.

use std::io;
use std::path::PathBuf;

use crate::domain::announcement::Announcement;
use crate::domain::record::{LogKey, LogKeyChanged, RevocationCause};
use crate::integrity::{LogSigner, Vkey};
use crate::ledger::Ledger;
use crate::ledger::append::AppendError;
use crate::ledger::clock::Clock;
use crate::ledger::own::Own;
use crate::ledger::signer::{Signer, SignerError, create_secret, log_key_of};
use crate::store::shared::Rights;
use crate::store::whole_file;

impl Ledger {
    /// Has the log sign with another key from the next event on: one that grows from `seed`, unless a change that was
    /// stopped left one.
    ///
    /// `clock` is the caller's.
    ///
    /// # Errors
    ///
    /// [`AppendError`], as for every event about the ledger; [`AppendError::Signer`] if a key file cannot be used.
    pub fn change_log_key(
        &mut self,
        seed: &[u8; 32],
        because: RevocationCause,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<Own, AppendError> {
        let place = self.folder.log_key();
        let next = place.with_extension("next");
        let mut pending = known(log_key_of(&next))?;
        if let Some(new) = pending.take_if(|new| self.is_log_key(&new.vkey())) {
            let was_there = known(log_key_of(&place))?.is_some_and(|own| own.vkey() == new.vkey());
            put(&new, &place, &next)?;
            if let Some(seq) = self.authority.log_key_since().filter(|_| !was_there) {
                return Ok(Own::Already(seq));
            }
        }
        let new = if let Some(new) = pending {
            new
        } else {
            let new = LogSigner::from_seed(self.origin().as_str(), seed)
                .map_err(|source| SignerError::NoLogKey { file: next.clone(), source })?;
            create_secret(&next, &new.to_secret_text())?;
            new
        };
        let old = self.authority.log_key().map(as_recorded).expect("a ledger begins with its log's key");
        let change = LogKeyChanged { because, new: as_recorded(&new.vkey()), old };
        let made = self.append_own(Announcement::of(change), signer, clock)?;
        put(&new, &place, &next)?;
        Ok(made)
    }

    fn is_log_key(&self, key: &Vkey) -> bool {
        self.authority.log_key() == Some(key)
    }
}

/// A key that may not be there.
fn known(read: Result<LogSigner, SignerError>) -> Result<Option<LogSigner>, SignerError> {
    match read {
        Ok(key) => Ok(Some(key)),
        Err(SignerError::Absent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Step 3.
fn put(key: &LogSigner, place: &PathBuf, next: &PathBuf) -> Result<(), SignerError> {
    let io = |file: &PathBuf| {
        let file = file.clone();
        move |source: io::Error| SignerError::Io { file, source }
    };
    whole_file::replace(place, format!("{}\n", key.to_secret_text()).as_bytes(), Rights::Secret).map_err(io(place))?;
    std::fs::remove_file(next).map_err(io(next))
}

fn as_recorded(key: &Vkey) -> LogKey {
    LogKey::try_from(key.to_string()).expect("a verifier key has its form")
}
