//! Where bytes lie. It returns exactly the bytes it was given, and knows nothing of their meaning.
//!
//! # The contract
//!
//! A store holds `len` values, numbered from 0 without a gap. There is one way to change it: [`Store::append`].
//!
//! * **Compare and swap.** An append names the `len` that it was built on. If the store has moved on, nothing is
//!   written.
//! * **All or none.** The values of one append are there together or not at all: after an error, after `kill -9`, and
//!   after a power cut.
//! * **Durable.** When an append returns `Ok`, its values are on the disk. What a reopened store shows is on the disk
//!   too, even if the append that wrote it never returned.
//! * **Unknown is said.** If the disk fails in the middle, the outcome is unknown and the handle writes no more, for
//!   only the disk can tell. Reads go on as of before that append; reopening shows which it was.
//! * **Nothing is assumed of the layout.** Callers give and get single values by seq. That a store may keep many of
//!   them in one compressed record is its own affair, so no promise is made of keys, of records, or of the cost of
//!   reading one value twice.
//!
//! Beside the store of events lie single files: [`documents`] under the names of their hashes, and small files written
//! [whole](durable_file), or [many](many_files) together; the [lock] says who works on the folder.

pub mod acting;
pub mod bundle;
pub mod compressed;
pub mod documents;
pub mod durable_file;
pub mod faulty;
pub mod folder;
pub mod lenient_read;
pub mod lock;
pub mod many_files;
pub mod memory;
pub mod run;
pub mod shared;
pub mod sled;
pub mod tiles;
pub(crate) mod unfinished;
pub mod within;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod damage;

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use run::Run;

/// The longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 65_535;
/// The most values in one append.
pub const MAX_BATCH_LEN: usize = 65_536;
/// The most bytes in one append, all its values together.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// The values that a read walks over, in the order of their seqs.
pub type Values<'a> = Box<dyn Iterator<Item = Result<Vec<u8>, StoreError>> + 'a>;

/// The same, as many at a time as lie together.
pub type Runs<'a> = Box<dyn Iterator<Item = Result<Run, StoreError>> + Send + 'a>;

/// Values in a row, appended and never changed. The contract is in [this module's words](self).
pub trait Store: Send + Sync {
    /// The number of values, which is the seq of the next.
    fn len(&self) -> u64;

    /// Whether nothing was ever appended.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends `values` if the store still holds `expected_len`; they get the seqs from there on.
    ///
    /// An append of no values writes nothing, and still fails if `expected_len` is not the length.
    ///
    /// # Errors
    ///
    /// [`StoreError::LenMoved`] and [`StoreError::TooLarge`] before anything is written,
    /// [`StoreError::OutcomeUnknown`] if a write failed, and [`StoreError::MustReopen`] ever after.
    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError>;

    /// Walks over the values of `seqs`, a run of them in memory at a time. It ends with the first error.
    ///
    /// # Errors
    ///
    /// Each item may be [`StoreError::Missing`], also for a seq at or beyond the length, [`StoreError::Damaged`] or
    /// [`StoreError::Io`].
    fn runs(&self, seqs: Range<u64>) -> Runs<'_>;

    /// Walks over the values of `seqs` one by one, as [`runs`](Self::runs) does.
    ///
    /// # Errors
    ///
    /// Those of [`runs`](Self::runs).
    fn read(&self, seqs: Range<u64>) -> Values<'_> {
        Box::new(self.runs(seqs).flat_map(|run| match run {
            Ok(run) => run.values().map(|value| Ok(value.to_vec())).collect(),
            Err(error) => vec![Err(error)],
        }))
    }

    /// The hash that stands for a full bundle of 256 values, if the store keeps one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] and [`StoreError::Io`].
    fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        let _ = bundle;
        Ok(None)
    }

    /// The same of the first bundles, so many, in their order.
    ///
    /// # Errors
    ///
    /// Those of [`root`](Self::root).
    fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        (0..bundles).map(|bundle| self.root(bundle)).collect()
    }
}

/// Why the store did not do what it was asked.
///
/// Every variant but [`OutcomeUnknown`](Self::OutcomeUnknown) leaves the stored values as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer came first. Read what is new, decide again, and retry.
    #[error("the store holds {actual} values, not the {expected} that were expected")]
    LenMoved {
        /// The length that the append was built on.
        expected: u64,
        /// The length that the store has.
        actual: u64,
    },
    /// Another process, or another handle of this one, has the store open. Wait, and retry.
    #[error("the store in {} is in use", .folder.display())]
    InUse {
        /// Where the store is.
        folder: PathBuf,
    },
    /// There is no store to open. Create it, or look elsewhere.
    #[error("there is no store in {}", .folder.display())]
    Absent {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// There is a store already where one was to be created. Open it.
    #[error("there is already a store in {}", .folder.display())]
    AlreadyThere {
        /// Where it is.
        folder: PathBuf,
    },
    /// More than one append may hold. Split it.
    #[error("{what} is {actual}, more than {limit}")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// The most that it may be.
        limit: usize,
        /// What it was.
        actual: usize,
    },
    /// There is no value of this seq. Below the length that is damage: restore from a backup.
    #[error("value {seq} is missing")]
    Missing {
        /// The first seq without a value.
        seq: u64,
    },
    /// The files hold something that no append has written. Restore from a backup.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// A write failed. Its values are there entirely or not at all; reopen the store to learn which.
    #[error("the write failed ({0}), and its outcome is unknown; reopen the store")]
    OutcomeUnknown(#[source] io::Error),
    /// An earlier write failed. Reopen the store before writing again.
    #[error("an earlier write failed; reopen the store")]
    MustReopen,
    /// A file of the store cannot be read. Nothing was written; what the disk cannot read for good is read around by a
    /// repair.
    #[error("{} cannot be read at byte {at}: {source}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Where.
        at: u64,
        /// Why not.
        source: io::Error,
    },
    /// The operating system refused, and nothing was written.
    #[error("the store cannot be reached: {0}")]
    Io(#[from] io::Error),
}

impl StoreError {
    /// Whether it comes of what is in the store's files: of damage, or of a disk that cannot read them.
    pub fn is_of_files(&self) -> bool {
        const EIO: i32 = 5;
        match self {
            Self::Damaged { .. } => true,
            Self::Io(error) | Self::Unreadable { source: error, .. } => error.raw_os_error() == Some(EIO),
            _ => false,
        }
    }
}

/// Refuses an append that was built on another length, or is larger than an append may be.
fn check_append(expected: u64, actual: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
    if expected != actual {
        return Err(StoreError::LenMoved { expected, actual });
    }
    let longest = values.iter().map(Vec::len).max().unwrap_or(0);
    check_size("a value's length in bytes", longest, MAX_VALUE_BYTES)?;
    check_size("the number of values in an append", values.len(), MAX_BATCH_LEN)?;
    check_size("an append's size in bytes", values.iter().map(Vec::len).sum(), MAX_BATCH_BYTES)
}

fn check_size(what: &'static str, actual: usize, limit: usize) -> Result<(), StoreError> {
    if actual > limit { Err(StoreError::TooLarge { what, limit, actual }) } else { Ok(()) }
}
