//! Why a ledger is not restored.

use std::io;
use std::path::PathBuf;

use crate::domain::timestamp::Timestamp;
use crate::event::chain::MAX_BATCH_BYTES;
use crate::event::statement::EventError;
use crate::integrity::digest::EventHash;
use crate::ledger::log::open::OpenError;
use crate::ledger::publish::tiles::PublishError;
use crate::ledger::recover::backup::BackupError;
use crate::ledger::verify::Fault;
use crate::store::StoreError;
use crate::store::documents::DocumentError;

/// Why a ledger was not restored. Nothing of it is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Something is where the ledger should be.
    #[error("{} is there already", .0.display())]
    AlreadyThere(PathBuf),
    /// An event's bytes are others than were meant.
    #[error("event {seq}: its bytes hash to {found}, not to {stated} as is stated beside them")]
    OtherHash {
        /// The event, by its place.
        seq: u64,
        /// What its bytes should hash to.
        stated: EventHash,
        /// What they hash to.
        found: EventHash,
    },
    /// The first event is not that of the ledger that is meant.
    #[error("event 0: genesis hashes to {found}, not to the {expected} that was given")]
    OtherGenesis {
        /// What was given.
        expected: EventHash,
        /// What is there.
        found: EventHash,
    },
    /// The newest event is not the one that is meant.
    #[error("the events end with event {last}, which hashes to {found}, not to the {expected} that was given")]
    OtherHead {
        /// The last event that there was.
        last: u64,
        /// What was given.
        expected: EventHash,
        /// What is there.
        found: EventHash,
    },
    /// The first event cannot be read, so that it is not known which ledger this is.
    #[error("event 0: {0}")]
    NoBeginning(EventError),
    /// An event, or one of the batch that it ends, does not hold.
    #[error("{}", told(.0))]
    DoesNotHold(Vec<Fault>),
    /// More bytes without a signature than a batch may have.
    #[error(
        "event {seq}: a batch has at most {MAX_BATCH_BYTES} bytes, and the one that begins with event {begin} has more"
    )]
    BatchTooLarge {
        /// The event at which it became too large.
        seq: u64,
        /// The first event of the batch.
        begin: u64,
    },
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// There was no event.
    #[error("there is no event, not even a genesis")]
    Empty,
    /// The events end before their batch does.
    #[error("the events end with event {last}, in the middle of a batch: its signed end is missing")]
    CutOff {
        /// The last event that there was.
        last: u64,
    },
    /// The event up to which it was to be restored is not there.
    #[error("there is no event {seq}: {len} are given, and the last is event {}", .len.saturating_sub(1))]
    NoSuchEvent {
        /// The event that was named.
        seq: u64,
        /// How many there are.
        len: u64,
    },
    /// By the moment up to which it was to be restored nothing was recorded.
    #[error("nothing was recorded by {moment}: the first event is of {first}")]
    NothingBy {
        /// The moment that was named.
        moment: Timestamp,
        /// When the first event was recorded.
        first: Timestamp,
    },
    /// What was written is not what is read again.
    #[error("what was written does not hold when it is read again: {}", told(.0))]
    NotTheSame(Vec<Fault>),
    /// A backup could not be read.
    #[error(transparent)]
    Backup(Box<BackupError>),
    /// A published log could not be read.
    #[error(transparent)]
    Published(Box<PublishError>),
    /// What is known of the log from elsewhere is more than, or other than, what there is.
    #[error("{}", told(.0))]
    Known(Vec<Fault>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document could not be read or kept.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What was restored could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The operating system refused.
    #[error("the folder cannot be made: {0}")]
    Io(#[from] io::Error),
}

fn told(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(|fault| format!("event {}: {}", fault.seq, fault.what)).collect();
    told.join("; ")
}
