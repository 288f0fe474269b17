//! Repair: the store of a ledger made again from a backup, an export or published tiles, in place of a damaged one.
//!
//! 1. The events are taken from what was had elsewhere, each batch checked as when a ledger is restored; then, as far as
//!    they follow, those of the damaged store that are newer. All of it into a store aside.
//! 2. What is known of the log is held against it: `HEAD`, and every checkpoint that is kept or remembered. If events are
//!    known that nobody has any more, it is said how many, and nothing changes unless that is accepted.
//! 3. `HEAD` says that somebody is writing, so that every reader looks at the store; the new one is put where the damaged
//!    one shall lie, and the two change places in one step; then `HEAD` says where the log ends now. A crash between any two
//!    of these leaves the damaged store in its place, or the new one. On a system that cannot exchange two folders, it may leave
//!    none; the next repair looks for events in both.
//! 4. All of it is verified once more, with the documents that lie there and those that came with the events.
//!
//! The keys of the ledger stay as they are.

use std::io;
use std::path::{Path, PathBuf};

use crate::event::chain::Head;
use crate::evidence::extract::MAX_DOCUMENT_BYTES;
use crate::integrity::digest::{EventHash, event_hash};
use crate::ledger::folder::Folder;
use crate::ledger::folder::head::Check;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::settings::Settings;
use crate::ledger::folder::staging::{Copied, StagingFolder};
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::guarded_store::{GuardedStore, logs, unused};
use crate::ledger::log::open::{Access, OpenError, Progress, lock, open_store};
use crate::ledger::log::reader::Log;
use crate::ledger::recover::backup::paths;
use crate::ledger::recover::restore::{Known, Meant, Restoration, RestoreError};
use crate::ledger::recover::salvage;
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::{Outside, Report, verify_telling};
use crate::store::durable_file;
use crate::store::many_files::ManyFiles;
use crate::store::shared::Rights;
use crate::store::{Store, StoreError, folder as store_folder, within};

/// The file with a ledger's name, by its path in the folder.
const SETTINGS: &str = "servanda.toml";

/// Why a ledger was not repaired. No event of it is gone.
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
    /// What was given was read twice, and was not the same.
    #[error("what was given was another when it was read again")]
    GivenChanged,
    /// A checkpoint is kept of another log.
    #[error("FORK: checkpoints/{0} was signed for other events than were given")]
    Fork(u64),
    /// Events are known that are nowhere any more.
    #[error("{who} remembers {known} events, and what was given and what the store still has are {found}: the last {} are lost", .known - .found)]
    Lost {
        /// By what.
        who: &'static str,
        /// How many there were.
        known: u64,
        /// How many there would be.
        found: u64,
    },
    /// Another event is known.
    #[error("event {seq} is known as another, by {who}: {known}, and what was given has {found}")]
    OtherEvent {
        /// The event.
        seq: u64,
        /// Who says so.
        who: &'static str,
        /// Its hash, as that says.
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
    /// Which log it is.
    pub log: LogId,
    /// What verifying all of it came to.
    pub report: Report,
    /// Events that came from elsewhere.
    pub given: u64,
    /// Newer ones that the damaged store still had.
    pub saved: u64,
    /// Documents that were other bytes than was recorded, and checkpoints that were none, and are put right.
    pub mended: usize,
    /// Where the damaged store was laid, if there was one.
    pub damaged: Option<PathBuf>,
}

/// Makes the store of a ledger again; `take` hands over the events from elsewhere, and may be asked to do so again.
///
/// `remembered` gives the checkpoints that are remembered of a log with those keys; which log is meant is what the folder is
/// remembered to have held.
///
/// # Errors
///
/// [`RepairError`], or what `take` says.
pub fn repair<E: From<RepairError>>(
    folder: &Folder,
    (remembered, meant): (impl Fn(&LogId, &Authority) -> Result<Checkpoints, CheckpointsError>, Meant),
    access: &Access,
    progress: Progress<'_>,
    mut take: impl FnMut(&mut Restoration<'_>) -> Result<(), E>,
) -> Result<Repaired, E> {
    let lock = lock(folder, access).map_err(RepairError::from)?;
    remove_left(folder)?;
    let own = open_damaged(folder, access)?;
    // Opened, it has lost what was behind a damage; a copy of what it was lies beside it.
    let logs = logs(folder);
    let remembers: Vec<Head> = Head::remembered(folder).map(|(_, head)| head).collect();
    // Whose events they are is told by what is nearest first.
    let Meant { genesis: held, known, .. } = meant;
    let meant = Meant { known, ..Meant::default() };
    let (mut limit, mut before) = (u64::MAX, None);
    let (restoration, given) = loop {
        let mut restoration = Restoration::within(folder, meant, access).map_err(RepairError::from)?;
        restoration.tell(progress);
        take(&mut restoration)?;
        let given = restoration.head().ok_or(RestoreError::Empty).map_err(RepairError::from)?;
        if *before.get_or_insert(given) != given {
            return Err(RepairError::GivenChanged.into());
        }
        let others = own.as_ref().filter(|_| known == Known::Holds);
        check_whose(folder, (others, held), &restoration)?;
        match add_newer(own.as_ref(), (&logs, &remembers), limit, &mut restoration) {
            // What does not hold cannot be unmade: all is taken again, up to there.
            Err(Stop::Whole(whole)) if whole < limit => limit = whole,
            Err(Stop::Other(error)) => return Err(RepairError::from(error).into()),
            // If it still ends within a batch, finishing tells.
            _ => break (restoration, given.len),
        }
    };
    let newest = restoration.head().ok_or(RestoreError::Empty).map_err(RepairError::from)?;
    if known == Known::Holds {
        check_head(folder, newest, &restoration)?;
        let has = own.as_ref().map_or(0, Store::len);
        if has > newest.len {
            return Err(RepairError::Lost { who: "the store", known: has, found: newest.len }.into());
        }
    }
    drop(own);
    let id = restoration.id();
    let remembered = match id.as_ref().zip(restoration.authority()) {
        Some((log, keys)) => remembered(log, keys).map_err(OpenError::from).map_err(RepairError::from)?,
        None => Checkpoints::default(),
    };
    // What came with older events may have been erased since.
    restoration.drop_erased().map_err(RepairError::from)?;
    let mut altered = restoration.altered_in(folder);
    altered.extend(altered_checkpoints(folder, &restoration, known)?);
    take_over(folder, &restoration.folder())?;
    let restored = restoration.finish(&remembered, access).map_err(RepairError::from)?;
    let id = id.ok_or(RestoreError::Empty).map_err(RepairError::from)?;
    let damaged = put_in_place(folder, &restored.folder(), newest, &altered)?;
    drop(restored);
    let settings = Settings::load(folder).map_err(OpenError::from).map_err(RepairError::from)?;
    let log = Log::under(lock, settings, folder, access).map_err(RepairError::from)?;
    let report = verify_telling(&log, &Outside { remembered, ..Outside::default() }, progress);
    Ok(Repaired { log: id, report, given, saved: newest.len - given, mended: altered.len(), damaged })
}

/// Adds the events behind those that are there, up to a limit, that a damaged store has, or that can still be read in the
/// files of stores that are damaged; if they do not hold, it tells how many there are in whole batches.
fn add_newer(
    own: Option<&GuardedStore>,
    (logs, remembered): (&[PathBuf], &[Head]),
    limit: u64,
    restoration: &mut Restoration<'_>,
) -> Result<(), Stop> {
    let mut before = None;
    while let Some(head) = restoration.head().filter(|head| Some(*head) != before) {
        before = Some(head);
        let end = own.map_or(0, Store::len).min(limit);
        let own = own.filter(|_| head.len < end);
        add(own.into_iter().flat_map(|own| own.read(head.len..end).map_while(Result::ok)), limit, restoration)?;
        let head = restoration.head().unwrap_or(head);
        add(salvage::behind(head, remembered, logs), limit, restoration)?;
    }
    let whole = restoration.whole();
    if restoration.head().is_none_or(|head| head.len == whole) { Ok(()) } else { Err(Stop::Whole(whole)) }
}

/// Why no more was added.
enum Stop {
    /// An event does not hold, and so many are there in whole batches.
    Whole(u64),
    /// The events may well hold.
    Other(RestoreError),
}

fn add(values: impl IntoIterator<Item = Vec<u8>>, limit: u64, restoration: &mut Restoration<'_>) -> Result<(), Stop> {
    for value in values {
        if restoration.head().is_some_and(|head| head.len >= limit) {
            break;
        }
        let whole = restoration.whole();
        restoration.push(event_hash(&value), value).map_err(|error| match error {
            RestoreError::DoesNotHold(_) | RestoreError::BatchTooLarge { .. } => Stop::Whole(whole),
            other => Stop::Other(other),
        })?;
    }
    Ok(())
}

/// Folders that repairs left behind which were killed: they may have personal documents.
fn remove_left(folder: &Folder) -> Result<(), RepairError> {
    let refused = |source| RepairError::Io { file: folder.path().to_owned(), source };
    for entry in std::fs::read_dir(folder.path()).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let name = entry.file_name();
        let is_left =
            [StagingFolder::PREFIX, Copied::PREFIX].iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
        if is_left && entry.file_type().map_err(refused)?.is_dir() {
            std::fs::remove_dir_all(entry.path()).map_err(refused)?;
        }
    }
    Ok(())
}

/// The store that is to be replaced, if anything can be had of it. What is not damage, but a program that has it open, or
/// permissions, is no reason to do without it.
fn open_damaged(folder: &Folder, access: &Access) -> Result<Option<GuardedStore>, RepairError> {
    match open_store(folder, access) {
        Ok(store) => Ok(Some(store)),
        Err(OpenError::Store(StoreError::Absent { .. })) => Ok(None),
        Err(OpenError::Store(error)) if error.is_of_files() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The checkpoints that the ledger keeps and that are no signed roots, where those that were given have a sound one.
fn altered_checkpoints(
    folder: &Folder,
    restoration: &Restoration<'_>,
    known: Known,
) -> Result<Vec<String>, RepairError> {
    let (own, theirs) = (Checkpoints::of(folder), Checkpoints::of(&restoration.folder()));
    let mut altered = Vec::new();
    for size in theirs.sizes().unwrap_or_default() {
        let Some(their_root) = restoration.signed_root(&theirs, size) else { continue };
        let is_there = durable_file::kind(&own.file(size)).is_ok_and(|kind| kind == durable_file::Kind::Regular);
        match restoration.signed_root(&own, size) {
            Some(root) if root != their_root && known == Known::Holds => return Err(RepairError::Fork(size)),
            None if is_there => altered.push(format!("checkpoints/{size}")),
            _ => {}
        }
    }
    Ok(altered)
}

fn check_whose(
    folder: &Folder,
    (store, held): (Option<&GuardedStore>, Option<EventHash>),
    restoration: &Restoration<'_>,
) -> Result<(), RepairError> {
    if let (Ok(own), Some(found)) = (Settings::load(folder), restoration.origin())
        && own.origin != found
    {
        return Err(RepairError::OtherLedger { found: found.to_string(), origin: own.origin.to_string() });
    }
    let genesis = store.and_then(|store| store.read(0..1).next()?.ok()).map(|bytes| event_hash(&bytes));
    for (who, known) in [("the store", genesis), ("what is remembered of the folder", held)] {
        if let (Some(known), Some(found)) = (known, restoration.hash(0))
            && known != found
        {
            return Err(RepairError::OtherEvent { seq: 0, who, known, found });
        }
    }
    Ok(())
}

/// `HEAD` is no authority; what it says is a reason to look elsewhere before it is given up.
fn check_head(folder: &Folder, newest: Head, restoration: &Restoration<'_>) -> Result<(), RepairError> {
    for (who, known) in Head::remembered(folder) {
        let Some(seq) = known.len.checked_sub(1) else { continue };
        if known.len > newest.len {
            return Err(RepairError::Lost { who, known: known.len, found: newest.len });
        }
        if let Some(found) = restoration.hash(seq).filter(|found| *found != known.hash) {
            return Err(RepairError::OtherEvent { seq, who, known: known.hash, found });
        }
    }
    Ok(())
}

/// Copies what the ledger keeps beside its events to where they are verified before they take its place.
fn take_over(from: &Folder, to: &Folder) -> Result<(), RepairError> {
    copy(from, to, |path| !path.starts_with("documents/"), |_| false)
}

/// Copies the files that are wanted; those that are there stay, but for some. They are synced together: what a power cut leaves of
/// them is put right by the repair that is needed then all the same, since the damaged store is still in its place.
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
    let mut files = ManyFiles::default();
    for path in paths(from).map_err(refused(from.path()))?.into_iter().filter(|path| wanted(path)) {
        let (own, file) = (from.path().join(&path), to.path().join(&path));
        if durable_file::kind(&file).map_err(refused(&file))? != durable_file::Kind::Absent && !goes(&path) {
            continue;
        }
        if let Some(bytes) = within::read(from.path(), &path, limit).map_err(refused(&own))? {
            store_folder::create(store_folder::parent(&file)).map_err(refused(&file))?;
            // A personal document has a salt beside it, and neither is for others.
            let is_private = own.extension().is_some_and(|end| end == "salt") || own.with_extension("salt").exists();
            let rights = if is_private { Rights::Personal } else { Rights::Usual };
            files.write(&file, &bytes, rights).map_err(refused(&file))?;
        }
    }
    files.sync().map_err(refused(to.path()))
}

/// Steps 3 and 4; returns where the damaged store lies now.
fn put_in_place(
    folder: &Folder,
    made: &Folder,
    newest: Head,
    altered: &[String],
) -> Result<Option<PathBuf>, RepairError> {
    let is_unusable = Settings::load(folder).is_err();
    // A document is what its bytes and its salt are.
    let is_altered = |path: &str| altered.iter().any(|own| own == path.strip_suffix(".salt").unwrap_or(path));
    let goes = |path: &str| is_altered(path) || (is_unusable && path == SETTINGS);
    copy(made, folder, |_| true, goes)?;
    let refused = |source| RepairError::Io { file: folder.path().to_owned(), source };
    // What is known of the old log stays known until the new one is in its place.
    let known = Head::least(folder).unwrap_or(newest);
    known.save_writing("", folder).and_then(|head| head.sync_all()).map_err(refused)?;
    let is_there = durable_file::kind(&folder.store()).map_err(refused)? != durable_file::Kind::Absent;
    let aside = if is_there {
        // The one that is made is where the damaged one shall be, so that this is never in a folder that is removed.
        let aside = unused(folder);
        std::fs::rename(made.store(), &aside).map_err(refused)?;
        // Where it takes steps, the damaged one has on its way a name under which the next repair looks for it.
        if let Err(error) = store_folder::exchange(&aside, &folder.store(), &unused(folder)) {
            // What was made is no damaged store.
            let _ = std::fs::rename(&aside, made.store());
            return Err(refused(error));
        }
        Some(aside)
    } else {
        std::fs::rename(made.store(), folder.store()).map_err(refused)?;
        None
    };
    store_folder::sync(folder.path()).map_err(refused)?;
    // Facts of other events are none, and what is known of the files is of others; they are made anew.
    for derived in folder.facts().into_iter().chain(folder.recent()).chain([folder.check()]) {
        let _ = std::fs::remove_file(derived);
    }
    folder.forget_derived().map_err(refused)?;
    Check::renew(folder, newest).map_err(refused)?;
    newest.save(folder).and_then(|()| std::fs::File::open(folder.head())?.sync_all()).map_err(refused)?;
    store_folder::sync(folder.path()).map_err(refused)?;
    Ok(aside)
}
