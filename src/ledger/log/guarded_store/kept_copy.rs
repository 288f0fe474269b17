//! A copy of the store of a ledger that an account may only read, which stays with the account until the ledger's files change.
//!
//! ```text
//! CACHE/copies/PLACE/      for each folder of a ledger, by a hash of its device and inode
//!     LOCK                 held while the copy is read
//!     stamp                what the ledger's files were when they were copied
//!     sled/                the copy
//! ```
//!
//! The stamp has each file's name, length, inode and times, and what `HEAD` and `sled.check` say: an append that was
//! acknowledged has changed these. What a disk lost by itself has not, so that whoever verifies or backs up has the copy made anew.
//! While somebody else reads the copy, or where none can be kept, a reader makes one that is gone
//! when it is done.

use std::fmt::Write;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::integrity::digest::document_hash;
use crate::ledger::folder::Folder;
use crate::store::lock::Lock;
use crate::store::shared::Rights;
use crate::store::sled::files;
use crate::store::{StoreError, durable_file, folder as store_folder};

/// The most bytes of a stamp, and of `HEAD` in it: a store has at most so many files.
const MAX_STAMP: u64 = 4 << 20;
/// How often files are copied that change meanwhile.
const TRIES: usize = 3;

/// A copy that stays, while it is read.
pub(super) struct KeptCopy {
    folder: PathBuf,
    _lock: Lock,
}

impl KeptCopy {
    /// The copy of a ledger's store, if one can be kept and nobody else reads it; `copy` makes it anew in a folder that is not
    /// there, where the files have changed.
    ///
    /// # Errors
    ///
    /// What `copy` says.
    pub(super) fn of(
        ledger: &Folder,
        cache: &Path,
        copy: impl Fn(&Path) -> Result<(), StoreError>,
    ) -> Result<Option<Self>, StoreError> {
        let Ok(own) = Self::locked(ledger, cache) else { return Ok(None) };
        // A disk that lost a byte tells no other length, and no other time.
        if ledger.is_to_be_copied_anew() && own.forget().is_err() {
            return Ok(None);
        }
        let stamp = own.folder.join("stamp");
        for _ in 0..TRIES {
            let now = stamp_of(ledger)?;
            if durable_file::read_text(&stamp, MAX_STAMP).is_ok_and(|then| then.as_ref() == Some(&now)) {
                return Ok(Some(own));
            }
            if own.forget().is_err() {
                return Ok(None);
            }
            copy(&own.store())?;
            // What changed while it was copied is copied again.
            if stamp_of(ledger)? == now && durable_file::replace(&stamp, now.as_bytes(), Rights::Secret).is_err() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn locked(ledger: &Folder, cache: &Path) -> io::Result<Self> {
        let found = std::fs::metadata(ledger.path())?;
        let place = document_hash(format!("{} {}", found.dev(), found.ino()).as_bytes()).to_string();
        let folder = cache.join("copies").join(place);
        store_folder::create_private(&folder)?;
        let lock = Lock::acquire(&folder.join("LOCK"), "a reader of a copy", Duration::ZERO);
        Ok(Self { folder, _lock: lock.map_err(io::Error::other)? })
    }

    /// Where the copy lies.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("sled")
    }

    /// Does without the copy: the next reader makes another.
    pub(super) fn forget(&self) -> io::Result<()> {
        for gone in [std::fs::remove_file(self.folder.join("stamp")), std::fs::remove_dir_all(self.store())] {
            match gone {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What tells the files of a ledger from what they were.
fn stamp_of(ledger: &Folder) -> Result<String, StoreError> {
    let mut stamp = String::new();
    for name in files(&ledger.store())? {
        let found = std::fs::symlink_metadata(ledger.store().join(&name))?;
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
        let _ = writeln!(stamp, "{name} {} {} {times:?}", found.ino(), found.len());
    }
    for file in [ledger.head(), ledger.check()] {
        let text = durable_file::read_bytes(&file, MAX_STAMP)?.unwrap_or_default();
        let _ = writeln!(stamp, "{}", document_hash(&text));
    }
    Ok(stamp)
}
