//! Changing the log's own key: the new one on the disk, then in the log, then in the place of the old one.
//!
//! 1. The new key lies beside the old one, as `log.next`. A crash leaves it there, and the next try takes it up.
//! 2. The change becomes an event, signed by an admin. From here on checkpoints are signed with the new key. A crash leaves
//!    a log whose key is not where it is looked for: signing says so, and the same command finishes it.
//! 3. The new key takes the place of the old one, which is gone then: it signs nothing any more. A crash leaves `log.next`
//!    beside it with the same key, which the next change clears away.
//!
//! A key that lies elsewhere is there before it is named, so that step 1 falls away, and step 3 has a link lead to its file, or takes
//! the old one away, where an agent holds the new one.
//!
//! Whoever has the old key alone follows the log up to its last checkpoint by that key; that one should be signed before.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::domain::announcement::Announcement;
use crate::domain::governance::{LogKey, LogKeyChanged, RevocationCause};
use crate::integrity::{LogSigner, Vkey};
use crate::ledger::keys::log_holder::{LogHolder, LogSigning};
use crate::ledger::keys::signer::{NEXT, Signer, SignerError, create_secret, log_key_of};
use crate::ledger::log::clock::Clock;
use crate::ledger::write::administer::Administered;
use crate::ledger::write::append::AppendError;
use crate::ledger::write::{Authority, Ledger};
use crate::store::folder as store_folder;
use crate::store::shared::may_write;

/// The key that a log is to sign with from now on.
#[derive(Debug)]
pub enum NewLogKey<'k> {
    /// One that grows from 32 random bytes and lies where the old one does, unless a change that was stopped left one.
    Own(&'k [u8; 32]),
    /// One that somebody holds elsewhere.
    Held(&'k LogHolder),
}

/// What became of a change of the log's key.
#[derive(Debug)]
pub struct LogKeyReplaced {
    /// The event that says it.
    pub made: Administered,
    /// Why the new key is not where the log's key is looked for, though the log signs with it from that event on.
    pub misplaced: Option<SignerError>,
}

impl Ledger {
    /// Has the log sign with another key from the next event on.
    ///
    /// `clock` is the caller's.
    ///
    /// # Errors
    ///
    /// [`AppendError`], as for every event about the ledger; [`AppendError::Signer`] if a key file cannot be used, or who asks
    /// may not put the new key in its place. Then nothing was appended.
    pub fn change_log_key(
        &mut self,
        new: &NewLogKey<'_>,
        because: RevocationCause,
        signer: &dyn Signer,
        clock: impl Into<Clock>,
    ) -> Result<LogKeyReplaced, AppendError> {
        let seed = match new {
            NewLogKey::Own(seed) => seed,
            NewLogKey::Held(holder) => return self.change_log_key_to(holder, because, signer, clock.into()),
        };
        let next = self.backing.folder.log_key().with_extension(NEXT);
        // Where a link leads elsewhere, the new key takes the place of the old one there.
        let place = fs::canonicalize(self.backing.folder.log_key()).unwrap_or_else(|_| self.backing.folder.log_key());
        // Before anybody's file is replaced, and before anybody signs that it is so.
        check_place(&place, &self.backing.folder.log_key(), self.state.authority())?;
        check_rights(&place)?;
        let mut pending = known(log_key_of(&next))?;
        if let Some(new) = pending.take_if(|new| self.is_log_key(&new.vkey())) {
            let was_there = known(log_key_of(&place))?.is_some_and(|own| own.vkey() == new.vkey());
            put(&new, &place, &next)?;
            if let Some(seq) = self.state.authority().log_key_since().filter(|_| !was_there) {
                return Ok(LogKeyReplaced { made: Administered::Already(seq), misplaced: None });
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
        let made = self.append_own(self.log_key_changed(&new.vkey(), because), signer, clock)?;
        Ok(LogKeyReplaced { made, misplaced: put(&new, &place, &next).err() })
    }

    /// Has the log sign with a key that somebody holds elsewhere from the next event on.
    fn change_log_key_to(
        &mut self,
        holder: &LogHolder,
        because: RevocationCause,
        signer: &dyn Signer,
        clock: Clock,
    ) -> Result<LogKeyReplaced, AppendError> {
        let place = self.backing.folder.log_key();
        // Before anybody signs that it is so: whoever cannot lead there would leave a log that nobody signs.
        if !matches!(holder, LogHolder::File { file, .. } if is_same(file, &place)) {
            check_rights(&place)?;
        }
        let since = self.state.authority().log_key_since().filter(|_| self.is_log_key(&holder.vkey()));
        let made = match since {
            Some(seq) => Administered::Already(seq),
            None => self.append_own(self.log_key_changed(&holder.vkey(), because), signer, clock)?,
        };
        Ok(LogKeyReplaced { made, misplaced: lead_to(holder, &place).err() })
    }

    fn log_key_changed(&self, new: &Vkey, because: RevocationCause) -> Announcement {
        let old = self.state.authority().log_key().map(as_recorded).expect("a ledger begins with its log's key");
        Announcement::of(LogKeyChanged { because, new: as_recorded(new), old })
    }

    fn is_log_key(&self, key: &Vkey) -> bool {
        self.state.authority().log_key() == Some(key)
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

/// Checks that what a new key takes the place of is one of the log, where a link in the ledger's folder led there: else it is
/// somebody's file, and whoever made the link would have it destroyed.
fn check_place(place: &Path, own: &Path, keys: &Authority) -> Result<(), SignerError> {
    let is_link = fs::symlink_metadata(own).is_ok_and(|found| found.file_type().is_symlink());
    // Of a link that leads nowhere, the link itself is replaced.
    if !is_link || place == own {
        return Ok(());
    }
    match known(log_key_of(place))? {
        Some(there) if keys.log_keys().any(|key| *key == there.vkey()) => Ok(()),
        _ => Err(SignerError::Io {
            file: own.to_owned(),
            source: io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it leads to {}, which holds no key of this log", place.display()),
            ),
        }),
    }
}

/// Checks that who asks may put a key in a place.
fn check_rights(place: &Path) -> Result<(), SignerError> {
    let folder = store_folder::parent(place);
    if may_write(folder) {
        return Ok(());
    }
    let source = io::Error::new(io::ErrorKind::PermissionDenied, "who asks may put nothing there");
    Err(SignerError::Io { file: folder.to_owned(), source })
}

/// Step 3. The one that lies beside gets the rights that the one before had, and takes its place: a crash leaves either.
fn put(key: &LogSigner, place: &Path, next: &Path) -> Result<(), SignerError> {
    let shared = fs::metadata(place).ok().filter(|there| there.mode() & GROUP_READS != 0);
    let beside = place.with_extension("new");
    absent(fs::remove_file(&beside)).map_err(io_at(&beside))?;
    create_secret(&beside, &key.to_secret_text())?;
    if let Some(shared) = shared {
        share(&beside, &shared).map_err(io_at(&beside))?;
    }
    let placed = fs::rename(&beside, place).and_then(|()| store_folder::sync(store_folder::parent(place)));
    placed.map_err(io_at(place))?;
    fs::remove_file(next).map_err(io_at(next))
}

/// The group may read it.
const GROUP_READS: u32 = 0o040;

/// Lets the group read a key that could read the one before.
fn share(key: &Path, before: &fs::Metadata) -> io::Result<()> {
    if fs::metadata(key)?.gid() != before.gid() {
        chown(key, None, Some(before.gid()))?;
    }
    fs::set_permissions(key, fs::Permissions::from_mode(0o600 | GROUP_READS))
}

/// Has the place of a log's key lead to whoever holds it: a link to the file, or nothing where an agent does.
pub(crate) fn lead_to(holder: &LogHolder, place: &Path) -> Result<(), SignerError> {
    let folder = store_folder::parent(place);
    let done = match holder {
        LogHolder::File { file, .. } if is_same(file, place) => Ok(()),
        LogHolder::File { file, .. } => link(file, place),
        LogHolder::Agent(_) => absent(fs::remove_file(place)),
    };
    done.and_then(|()| store_folder::sync(folder)).map_err(io_at(place))
}

fn is_same(file: &Path, place: &Path) -> bool {
    fs::canonicalize(place).is_ok_and(|place| fs::canonicalize(file).is_ok_and(|file| file == place))
}

/// Puts a link in the place of whatever is there.
fn link(to: &Path, place: &Path) -> io::Result<()> {
    let beside = place.with_extension("link");
    absent(fs::remove_file(&beside))?;
    std::os::unix::fs::symlink(to, &beside)?;
    fs::rename(&beside, place)
}

fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn io_at(file: &Path) -> impl FnOnce(io::Error) -> SignerError {
    let file: PathBuf = file.to_owned();
    move |source| SignerError::Io { file, source }
}

fn as_recorded(key: &Vkey) -> LogKey {
    LogKey::try_from(key.to_string()).expect("a verifier key has its form")
}
