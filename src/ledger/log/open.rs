//! How a process comes to a ledger's store, and why it may not.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::event::chain::Damage;
use crate::ledger::folder::Folder;
use crate::ledger::folder::settings::SettingsError;
use crate::ledger::log::checkpoints::CheckpointsError;
use crate::ledger::log::guarded_store::GuardedStore;
use crate::store::StoreError;
use crate::store::lock::{Lock, LockError};
use crate::store::shared::may_write;

/// Whoever wants to know how far long work has come. It is told now and then what was done with what, such as `events
/// verified`, with how many, and of how many, where that is known, else 0.
pub type Progress<'p> = &'p dyn Fn(&'static str, u64, u64);

/// How a process comes to a ledger's store.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who it is, for others: process id and command. No two processes may say the same at one time, since `HEAD` names
    /// by it who is writing.
    pub holder: String,
    /// How long to wait for others.
    pub lock_timeout: Duration,
}

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is none, or its settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Somebody else is using it.
    #[error("the ledger is in use by {holder}")]
    InUse {
        /// What the other says of itself.
        holder: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds something that is no chain of events.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// It is not the log that a checkpoint was signed for, or its checkpoints cannot be used.
    #[error(transparent)]
    Checkpoints(#[from] CheckpointsError),
    /// It is another user's, and is only read.
    #[error("the ledger belongs to user {owner}, and another's ledger is only read")]
    Anothers {
        /// That user's id.
        owner: u32,
    },
    /// It is another user's, and there is no place for the copy that is read.
    #[error("the ledger is another user's, and is read from a copy, for which no place was given")]
    NoScratch,
    /// There is no room for the copy that is read.
    #[error("nothing can be copied into {}: {source}", .folder.display())]
    Scratch {
        /// The folder for copies that are gone in the end.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("the ledger's folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// An event that is missing is damage to the log, of which `verify` can tell more; of a failing disk it cannot.
pub(crate) fn unreadable(error: StoreError) -> OpenError {
    match error {
        StoreError::Missing { seq } => Damage { seq, what: "the store does not have it".to_owned() }.into(),
        other => other.into(),
    }
}

pub(crate) fn lock(folder: &Folder, access: &Access) -> Result<Lock, OpenError> {
    Lock::acquire(&folder.lock(), &access.holder, access.lock_timeout).map_err(not_locked)
}

pub(crate) fn not_locked(error: LockError) -> OpenError {
    match error {
        LockError::Held { holder } if holder.is_empty() => OpenError::InUse { holder: "another process".to_owned() },
        LockError::Held { holder } => OpenError::InUse { holder },
        LockError::Io(error) => OpenError::Io(error),
    }
}

pub(crate) fn open_store(folder: &Folder, access: &Access) -> Result<GuardedStore, OpenError> {
    // Ours is the only lock that waits; sled's own can linger a moment after a process was killed.
    let pause = Duration::from_millis(20);
    let began = Instant::now();
    loop {
        match GuardedStore::open(folder) {
            Err(StoreError::InUse { .. }) if began.elapsed() < access.lock_timeout => std::thread::sleep(pause),
            Err(StoreError::InUse { folder }) => {
                return Err(OpenError::InUse { holder: format!("a process that has {} open", folder.display()) });
            }
            other => return Ok(other?),
        }
    }
}

/// Returns where a copy can be made that is gone in the end.
///
/// # Errors
///
/// [`OpenError::NoScratch`] if no place was given, [`OpenError::Scratch`] if nothing can be made in it.
pub(crate) fn scratch_of(folder: &Folder) -> Result<&Path, OpenError> {
    let scratch = folder.scratch().ok_or(OpenError::NoScratch)?;
    let refused = |source| OpenError::Scratch { folder: scratch.to_owned(), source };
    if !std::fs::metadata(scratch).map_err(refused)?.is_dir() {
        return Err(refused(io::ErrorKind::NotADirectory.into()));
    }
    if may_write(scratch) { Ok(scratch) } else { Err(refused(io::ErrorKind::PermissionDenied.into())) }
}
