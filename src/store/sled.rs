//! The store on a disk, in sled.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `tail` | seq, 8 bytes, big-endian | the bytes appended: of the values that fill no bundle yet |
//! | `bundles` | bundle, 8 bytes, and piece, 2 bytes, big-endian | 256 values, sealed as [`bundle`](super::bundle) says; a long bundle in several pieces |
//! | `roots` | bundle, 8 bytes, big-endian | the hash that stands for the bundle: 32 bytes, a node of level 1 of the tiles |
//! | `marks` | `len` | the number of values, 8 bytes, big-endian |
//!
//! One append is one sled transaction over all of them: it fills bundles, and only what is left goes to the tail. sled
//! applies it tree by tree, so that `len` comes last in its log, and recovers either all of it or a log that ends before
//! it. Only if sled itself fails half-way may there be values or bundles without their `len`. Then they were never
//! appended: what lies from `len` on is not read, and the next append removes it. A bundle that was sealed by such an
//! append may hold values below `len` that are no longer in the tail: they are read there, and put back.
//!
//! What sled leaves to us:
//!
//! * its `flush` asks for `sync_file_range`, which does not empty the disk's cache: each append syncs the file itself;
//! * it puts a page longer than a quarter of a segment into a file of its own, which it does not sync before the log
//!   names it, so that a power cut in between could cost a page of *acknowledged* values. Segments are therefore so
//!   large that no page of 17 values or pieces needs that;
//! * killed while it writes a snapshot, it takes the torn one for the newest and refuses to open: torn ones are removed
//!   first. A snapshot only saves reading the log;
//! * on damaged files it may panic. Panics are caught and reported as damage;
//! * if the newest part of its log is damaged, or the header of a segment cannot be read, be it only once, it goes back to
//!   an earlier length without a word, and writes over what is behind. Whoever must know keeps what it goes over
//!   ([`gone_over`]) before it opens its files, compares with a length and a hash kept elsewhere, and puts it back;
//! * it follows links and waits at pipes in its folder: [`files`] tells whether each is what it should be.

mod gone_over;
mod trees;

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::Config;

use crate::store::bundle::Sealing;
use crate::store::durable_file::{self, Kind};
use crate::store::shared::{Umask, share_files};
use crate::store::{Runs, Store, StoreError, check_append, folder};

pub use gone_over::{GoneOver, files, gone_over};
use trees::{Trees, Write};

/// A quarter of this holds the 17 longest values that a leaf may have before it is split. sled fixes it at creation.
pub const SEGMENT_BYTES: usize = 8 << 20;
/// The pages kept in memory, so that walking over a large store stays flat.
const CACHE_BYTES: u64 = 64 << 20;
/// A store in a folder of its own, open at most once over all processes.
pub struct SledStore {
    /// There until the handle is dropped.
    trees: Option<Trees>,
    /// The file that sled writes to. It is opened before the first write, so that it hears of every failure.
    file: File,
    folder: PathBuf,
    sealing: &'static dyn Sealing,
    len: u64,
    must_reopen: bool,
}

impl SledStore {
    /// Creates an empty store in `folder`, which is created if need be. On return it survives a power cut.
    ///
    /// `sealing` says how its values will hang together; a store is always opened with the same.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyThere`], also for a store whose creation was interrupted: open it.
    /// [`StoreError::Io`] if the folder cannot be written.
    pub fn create(folder: &Path, sealing: &'static dyn Sealing) -> Result<Self, StoreError> {
        folder::create(folder)?;
        if durable_file::kind(&folder.join("db"))? != Kind::Absent {
            return Err(StoreError::AlreadyThere { folder: folder.to_owned() });
        }
        remove_torn_settings(folder)?;
        Self::start(folder, &config(folder)?.create_new(true), sealing)
    }

    /// Opens the store in `folder`. Somebody else's handle is waited for, but no longer than a tenth of a second.
    ///
    /// # Errors
    ///
    /// [`StoreError::Absent`] if there is none, [`StoreError::InUse`] if somebody else has it open,
    /// [`StoreError::Damaged`] if its files make no sense, and [`StoreError::Io`].
    pub fn open(folder: &Path, sealing: &'static dyn Sealing) -> Result<Self, StoreError> {
        match durable_file::kind(&folder.join("db"))? {
            Kind::Absent => return Err(StoreError::Absent { folder: folder.to_owned() }),
            Kind::Other => return Err(damaged("its file is not a regular one")),
            Kind::Regular => {}
        }
        remove_torn_snapshots(folder)?;
        Self::start(folder, &config(folder)?, sealing)
    }

    fn start(folder: &Path, config: &Config, sealing: &'static dyn Sealing) -> Result<Self, StoreError> {
        check_threads()?;
        // sled makes files by the umask.
        let umask = Umask::of(folder);
        let trees = guarded(|| Trees::open(config)).map_err(|error| while_opening(error, folder))?;
        let file = File::options().write(true).open(folder.join("db"))?;
        let len = guarded(|| trees.read_len())?;
        drop(umask);
        let store = Self { trees: Some(trees), file, folder: folder.to_owned(), sealing, len, must_reopen: false };
        store.settle(folder)?;
        Ok(store)
    }

    /// Puts everything on the disk that this handle shows. A process that was killed between writing and syncing
    /// leaves values that are there to be read, and would be gone after a power cut.
    fn settle(&self, folder: &Path) -> Result<(), StoreError> {
        guarded(|| self.trees().tail.flush().map_err(StoreError::from))?;
        self.file.sync_all()?;
        File::open(folder.join("conf"))?.sync_all()?;
        for names in [&folder.join("blobs"), folder, folder::parent(folder)] {
            folder::sync(names)?;
        }
        Ok(())
    }

    /// Appends, and syncs. After an error, whether the values are on the disk is not known.
    fn write(&self, values: &[Vec<u8>], new_len: u64) -> Result<(), StoreError> {
        guarded(|| self.trees().append(&Write::of(self.trees(), self.sealing, self.len, values, new_len)?))?;
        Ok(self.file.sync_data()?)
    }

    fn trees(&self) -> &Trees {
        self.trees.as_ref().expect("taken only when the handle is dropped")
    }
}

impl Store for SledStore {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        if self.must_reopen {
            return Err(StoreError::MustReopen);
        }
        check_append(expected_len, self.len, values)?;
        if values.is_empty() {
            return Ok(());
        }
        let new_len = self.len + values.len() as u64;
        if let Err(error) = self.write(values, new_len) {
            self.must_reopen = true;
            return Err(StoreError::OutcomeUnknown(match error {
                StoreError::Io(error) => error,
                other => io::Error::other(other),
            }));
        }
        self.len = new_len;
        Ok(())
    }

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        Box::new(trees::Walk::new(self.trees(), self.sealing, seqs, self.len))
    }

    fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        guarded(|| self.trees().root(bundle))
    }

    fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        guarded(|| self.trees().roots(bundles))
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // sled writes here once more, and panics if the disk fails. Whatever was acknowledged is on the disk already.
        let trees = self.trees.take();
        let umask = Umask::of(&self.folder);
        let _ = catch_unwind(AssertUnwindSafe(move || drop(trees)));
        drop(umask);
        // What its threads made meanwhile.
        share_files(&self.folder);
    }
}

fn config(folder: &Path) -> Result<Config, StoreError> {
    // sled makes up a name of the time since 1970 first, and panics if there is none.
    let new = catch_unwind(Config::new).map_err(|_| io::Error::other("the clock says a time before 1970"))?;
    // Without the thread that flushes every half second: nothing is acknowledged on its word.
    Ok(new.path(folder).flush_every_ms(None).cache_capacity(CACHE_BYTES).segment_size(SEGMENT_BYTES))
}

/// Removes the settings of a creation that was killed before it came to the store's file. sled would not read half of
/// them, and writes them anew.
fn remove_torn_settings(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join("conf")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Removes the snapshots that a killed process did not finish. Whoever has the store open may be writing one just now,
/// so this holds sled's own lock meanwhile.
fn remove_torn_snapshots(folder: &Path) -> Result<(), StoreError> {
    let _locked = lock_for_a_moment(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Takes the lock that sled takes on an open store; dropping the file releases it.
///
/// It waits a little: threads of sled may hold on to the file for a moment after a handle was dropped.
///
/// # Errors
///
/// [`StoreError::InUse`], [`StoreError::Absent`], and [`StoreError::Io`], also if its file is a link or a pipe.
pub fn lock_for_a_moment(folder: &Path) -> Result<File, StoreError> {
    let absent = || StoreError::Absent { folder: folder.to_owned() };
    let file = durable_file::open_to_read(&folder.join("db"))?.ok_or_else(absent)?;
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
    Err(StoreError::InUse { folder: folder.to_owned() })
}

/// Checks that a thread can be started: sled leaves its work to threads of its own, and where none comes it waits for ever.
fn check_threads() -> Result<(), StoreError> {
    let started = thread::Builder::new().spawn(|| ());
    started.map(|thread| drop(thread.join())).map_err(|error| {
        StoreError::Io(io::Error::new(error.kind(), format!("no thread can be started for the store: {error}")))
    })
}

/// What sled says, or that it panicked.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // sled changes a page by swapping a pointer to it, so that a panic leaves every page whole, the old or the new one.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged("its files cannot be followed")))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}

/// sled reports a lock that is taken as an I/O error like any other, but for its words.
fn while_opening(error: StoreError, folder: &Path) -> StoreError {
    let folder = folder.to_owned();
    match error {
        StoreError::Io(error) if error.kind() == io::ErrorKind::AlreadyExists => StoreError::AlreadyThere { folder },
        StoreError::Io(error) if error.to_string().starts_with("could not acquire lock") => {
            StoreError::InUse { folder }
        }
        other => other,
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            // Reading stopped where its own pointers led: the file is cut short, or another was put in its place.
            sled::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => damaged("its file is too short"),
            sled::Error::Io(error) => Self::Io(of_system(&error.to_string()).unwrap_or(error)),
            // What sled says to those who keep it tells others nothing.
            sled::Error::Corruption { .. } => damaged("its file says something that was never written"),
            sled::Error::ReportableBug(what) => {
                of_system(&what).map_or_else(|| damaged("its files contradict themselves"), Self::Io)
            }
            sled::Error::CollectionNotFound(_) | sled::Error::Unsupported(_) => {
                damaged("its files contradict themselves")
            }
        }
    }
}

/// The system's error that sled tells of in a text of its own, as programmers write it: `Os { code: 28, … }`.
fn of_system(text: &str) -> Option<io::Error> {
    let (_, rest) = text.split_once("Os { code: ")?;
    let digits = rest.split(',').next()?;
    digits.parse().ok().map(io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests;
