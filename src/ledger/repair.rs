//! Repair: the store of a ledger made again from a backup, an export or published tiles, in place of a damaged one.
//!
//! 1. The events are taken from what was had elsewhere, each batch checked as when a ledger is restored; then, as far as
//!    they follow, those of the damaged store that are newer. All of it into a store aside.
//! 2. What is known of the log is held against it: `HEAD`, and every checkpoint that is kept or remembered. If events are
//!    known that nobody has any more, it is said how many, and nothing changes unless that is accepted.
//! 3. `HEAD` is taken away, so that every reader looks at the store; the two stores change places in one step; the damaged
//!    one is laid aside, and `HEAD` says where the log ends now. A crash between any two of these leaves the damaged store
//!    in its place, or the new one.
//! 4. All of it is verified once more, with the documents that lie there and those that came with the events.
//!
//! The keys of the ledger stay as they are.

use std::io;
use std::path::{Path, PathBuf};

use crate::evidence::extract::MAX_DOCUMENT_BYTES;
use crate::integrity::digest::{EventHash, event_hash};
use crate::ledger::backup::paths;
use crate::ledger::checkpoints::Checkpoints;
use crate::ledger::restore::{Known, Meant, Restoration, RestoreError};
use crate::ledger::settings::{Folder, Head, Settings};
use crate::ledger::verify::{Outside, Report, verify};
use crate::ledger::{Access, Log, OpenError, lock, open_store};
use crate::store::whole_file::{self, read_bytes};
use crate::store::{Store, folder as store_folder};

/// Why a ledger was not repaired. It is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The events could not be had.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The ledger is in use, or is none.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// These are events of another ledger.
    #[error("what was given is of the ledger {found}, not of {origin}")]
    OtherLedger {
        /// Whose they are.
        found: String,
        /// Which ledger was to be repaired.
        origin: String,
    },
    /// Events are known that are nowhere any more.
    #[error("HEAD remembers {known} events, and what was given and what the store still has are {found}: the last {} are lost", .known - .found)]
    Lost {
        /// How many there were.
        known: u64,
        /// How many there would be.
        found: u64,
    },
    /// Another event is known.
    #[error("event {seq} is known as another, by HEAD: {known}, and what was given has {found}")]
    OtherEvent {
        /// The event.
        seq: u64,
        /// Its hash, as `HEAD` says.
        known: EventHash,
        /// What it would be.
        found: EventHash,
    },
    /// The operating system refused.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a repair came to.
#[derive(Debug)]
pub struct Repaired {
    /// What verifying all of it came to.
    pub report: Report,
    /// Events that came from elsewhere.
    pub given: u64,
    /// Newer ones that the damaged store still had.
    pub saved: u64,
    /// Documents that were other bytes than was recorded, and are put right.
    pub mended: usize,
    /// Where the damaged store was laid, if there was one.
    pub damaged: Option<PathBuf>,
}

/// Makes the store of a ledger again; `take` hands over the events from elsewhere, and may be asked to do so again.
///
/// # Errors
///
/// [`RepairError`], or what `take` says.
pub fn repair<E: From<RepairError>>(
    folder: &Folder,
    (remembered, known): (Checkpoints, Known),
    access: &Access,
    mut take: impl FnMut(&mut Restoration) -> Result<(), E>,
) -> Result<Repaired, E> {
    let lock = lock(folder, access).map_err(RepairError::from)?;
    let own = open_store(folder, access).ok();
    let meant = Meant { known, ..Meant::default() };
    let mut limit = u64::MAX;
    let (restoration, given) = loop {
        let mut restoration = Restoration::within(folder, meant, access).map_err(RepairError::from)?;
        take(&mut restoration)?;
        let given = restoration.whole();
        check_whose(folder, &restoration)?;
        if given == 0 {
            return Err(RepairError::from(RestoreError::Empty).into());
        }
        match own.as_ref().map_or(Ok(()), |own| add_own(own, limit, &mut restoration)) {
            Ok(()) => break (restoration, given),
            // What does not hold cannot be unmade: all is taken again, up to there.
            Err(whole) => limit = whole,
        }
    };
    drop(own);
    let newest = restoration.head().ok_or(RestoreError::Empty).map_err(RepairError::from)?;
    if known == Known::Holds {
        check_head(folder, newest, &restoration)?;
    }
    // What came with older events may have been erased since.
    restoration.drop_erased().map_err(RepairError::from)?;
    let altered = restoration.altered_in(folder);
    take_over(folder, &restoration.folder())?;
    let restored = restoration.finish(&remembered, access).map_err(RepairError::from)?;
    let damaged = put_in_place(folder, &restored.folder(), newest, &altered)?;
    drop(restored);
    drop(lock);
    let log = Log::read(folder, access).map_err(RepairError::from)?;
    let report = verify(&log, &Outside { remembered, ..Outside::default() });
    Ok(Repaired { report, given, saved: newest.len - given, mended: altered.len(), damaged })
}

/// Adds the events that a damaged store has behind those that are there, up to a limit; if they do not hold, it tells how
/// many there are in whole batches.
fn add_own(own: &dyn Store, limit: u64, restoration: &mut Restoration) -> Result<(), u64> {
    let begin = restoration.head().map_or(0, |head| head.len);
    let end = own.len().min(limit);
    if begin < end {
        for value in own.read(begin..end).map_while(Result::ok) {
            let whole = restoration.whole();
            restoration.push(event_hash(&value), value).map_err(|_| whole)?;
        }
    }
    let whole = restoration.whole();
    if restoration.head().is_none_or(|head| head.len == whole) { Ok(()) } else { Err(whole) }
}

fn check_whose(folder: &Folder, restoration: &Restoration) -> Result<(), RepairError> {
    let (Ok(own), Ok(theirs)) = (Settings::load(folder), Settings::load(&restoration.folder())) else { return Ok(()) };
    if own.origin == theirs.origin {
        return Ok(());
    }
    Err(RepairError::OtherLedger { found: theirs.origin.to_string(), origin: own.origin.to_string() })
}

/// `HEAD` is no authority; what it says is a reason to look elsewhere before it is given up.
fn check_head(folder: &Folder, newest: Head, restoration: &Restoration) -> Result<(), RepairError> {
    let Some(known) = Head::load(folder) else { return Ok(()) };
    let Some(seq) = known.len.checked_sub(1) else { return Ok(()) };
    if known.len > newest.len {
        return Err(RepairError::Lost { known: known.len, found: newest.len });
    }
    match restoration.hash(seq) {
        Some(found) if found != known.hash => Err(RepairError::OtherEvent { seq, known: known.hash, found }),
        _ => Ok(()),
    }
}

/// Copies what the ledger keeps beside its events to where they are verified before they take its place.
fn take_over(from: &Folder, to: &Folder) -> Result<(), RepairError> {
    copy(from, to, |path| !path.starts_with("documents/"), |_| false)
}

/// Copies the files that are wanted; those that are there stay, but for some.
fn copy(
    from: &Folder,
    to: &Folder,
    wanted: impl Fn(&str) -> bool,
    goes: impl Fn(&str) -> bool,
) -> Result<(), RepairError> {
    let refused = |file: &Path| {
        let file = file.to_owned();
        move |source| RepairError::Io { file, source }
    };
    let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
    for path in paths(from).map_err(refused(from.path()))?.into_iter().filter(|path| wanted(path)) {
        let (own, file) = (from.path().join(&path), to.path().join(&path));
        if whole_file::kind(&file).map_err(refused(&file))? != whole_file::Kind::Absent && !goes(&path) {
            continue;
        }
        if let Some(bytes) = read_bytes(&own, limit).map_err(refused(&own))? {
            store_folder::create(store_folder::parent(&file)).map_err(refused(&file))?;
            // A personal document has a salt beside it, and neither is for others.
            let is_private = own.extension().is_some_and(|end| end == "salt") || own.with_extension("salt").exists();
            let mode = is_private.then_some(0o600);
            whole_file::replace(&file, &bytes, mode).map_err(refused(&file))?;
        }
    }
    Ok(())
}

/// Steps 3 and 4; returns where the damaged store lies now.
fn put_in_place(
    folder: &Folder,
    made: &Folder,
    newest: Head,
    altered: &[String],
) -> Result<Option<PathBuf>, RepairError> {
    let is_altered = |path: &str| altered.iter().any(|address| path.strip_prefix("documents/") == Some(address));
    copy(made, folder, |_| true, is_altered)?;
    let refused = |source| RepairError::Io { file: folder.path().to_owned(), source };
    Head::remove(folder).map_err(refused)?;
    let is_there = whole_file::kind(&folder.store()).map_err(refused)? != whole_file::Kind::Absent;
    let aside = if is_there {
        store_folder::exchange(&made.store(), &folder.store()).map_err(refused)?;
        let aside = (1..).map(|number| folder.path().join(format!("sled.damaged-{number}")));
        let aside = aside.into_iter().find(|aside| !aside.exists()).unwrap_or_default();
        std::fs::rename(made.store(), &aside).map_err(refused)?;
        Some(aside)
    } else {
        std::fs::rename(made.store(), folder.store()).map_err(refused)?;
        None
    };
    store_folder::sync(folder.path()).map_err(refused)?;
    // Facts of other events are none; they are made anew.
    for derived in [folder.facts(), folder.recent()] {
        let _ = std::fs::remove_file(derived);
    }
    newest.save(folder).map_err(refused)?;
    Ok(aside)
}
