//! Which keys an account says there are copies of, and which keys of a ledger would be lost with one file.
//!
//! ```text
//! _copied/POINT    the moment at which it was said, a space, and the key LF
//! ```
//!
//! POINT is the SHA-256 of the key's 32 bytes in hex: a key that takes another's place has no copy yet, and one that records in
//! several ledgers is copied once. It lies in the account's folder, beside what is remembered of logs; no origin begins with `_`.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::domain::governance::RecorderRole;
use crate::domain::timestamp::Timestamp;
use crate::integrity::digest::sha256_hex;
use crate::integrity::note_key::Vkey;
use crate::ledger::folder::Folder;
use crate::ledger::state::authority::{Authority, KeyAtRisk};
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

const COPIED: &str = "_copied";

/// What an account says of copies, in a folder of its own; or nothing, if it has none.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    account: Option<PathBuf>,
}

impl Copied {
    /// What an account says, in a folder of its own, which is there or not.
    pub fn at(account: impl Into<PathBuf>) -> Self {
        Self { account: Some(account.into()) }
    }

    /// Keeps that there is a copy of a key, by its 32 bytes and as it is shown.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn say(&self, point: &[u8; 32], shown: &str, now: Timestamp) -> io::Result<()> {
        let Some(file) = self.file(point) else { return Ok(()) };
        store_folder::create_private(store_folder::parent(&file))?;
        durable_file::replace(&file, format!("{now} {shown}\n").as_bytes(), Rights::Secret)
    }

    /// Whether there is a copy of a key.
    pub fn knows(&self, point: &[u8; 32]) -> bool {
        self.file(point).is_some_and(|file| file.is_file())
    }

    fn file(&self, point: &[u8; 32]) -> Option<PathBuf> {
        Some(self.account.as_ref()?.join(COPIED).join(sha256_hex(point)))
    }
}

/// The keys of a ledger whose loss could not be made good, as far as an account knows. The log's own is told to whoever can read
/// it, or should have it.
pub fn keys_at_risk(folder: &Folder, keys: &Authority, copied: &Copied) -> Vec<KeyAtRisk> {
    let is_admin = |role: &RecorderRole| *role == RecorderRole::Admin;
    let mut admins = keys.keys().filter(|(_, history)| history.revoked.is_none() && history.roles.iter().any(is_admin));
    let only = admins.next().filter(|_| admins.next().is_none());
    let only = only.filter(|(key, _)| !copied.knows(key.point()));
    let only = only.map(|(key, history)| KeyAtRisk::OnlyAdmin { recorder: history.recorder.clone(), key: *key });
    let log = keys.log_key().filter(|key| is_uncopied(folder, key, copied));
    only.into_iter().chain(log.map(|key| KeyAtRisk::Log { key: key.clone() })).collect()
}

/// Whether a log's key is for the account to keep, and no copy of it is known to an account that could know.
pub fn is_uncopied(folder: &Folder, key: &Vkey, copied: &Copied) -> bool {
    copied.account.is_some() && !copied.knows(key.point()) && is_kept_here(folder)
}

/// Tells whether the log's key is for the account to keep: it can read the file, or could put it back. A pipe in its place is not
/// waited for.
pub fn is_kept_here(folder: &Folder) -> bool {
    match fs::canonicalize(folder.log_key()).and_then(|file| durable_file::open_to_read(&file)) {
        Ok(found) => found.is_some() || folder.is_own(),
        Err(error) => error.kind() != io::ErrorKind::PermissionDenied && folder.is_own(),
    }
}
