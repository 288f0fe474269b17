//! Backups: all of a ledger but its keys in one file, made while others read and write.
//!
//! 1. The events, in stretches; between two of them nobody waits. What was read is what was appended, whoever appends
//!    meanwhile, since no event ever changes. Each must follow the one before.
//! 2. What lies beside them: documents, personal ones with their salts; checkpoints, cosignatures, timestamps, evidence of
//!    forks, and the settings.
//! 3. Where the log ended. If it went on meanwhile, it begins again with what is new, so that no document is missing which
//!    an event of the backup says was not erased.
//!
//! A backup that is there goes on behind its last end, with what is new: a crash leaves what it was before. A new one gets
//! its name when it is on the disk; what a crash leaves of one goes with the next that is made beside it. One that is written as a stream is whole once its end was taken, and what was cut before that
//! is none. `keys/` is in none.
//!
//! What it has is known at its end alone, so that one that comes as a stream is [laid aside](crate::ledger::recover::restore::Restoration::lay_aside) before it is
//! read.

pub(super) mod file;
pub(super) mod files;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::domain::id::Origin;
use crate::event::chain::{Damage, Head, prev_of};
use crate::evidence::extract::MAX_DOCUMENT_BYTES;
use crate::integrity::digest::{document_hash, event_hash, genesis_prev};
use crate::ledger::documents::inventory::{DocumentState, Entry, Inventory};
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::older::Older;
use crate::ledger::log::open::{Access, OpenError, Progress};
use crate::ledger::log::reader::{Log, ReadItem};
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder, unfinished, within};

use file::{Contents, MAGIC, MAX_EVENTS, Record, Records, Writer};
pub(super) use files::paths;
use files::{is_sound, is_within, left_out};

/// Events that are read before others have their turn.
const STRETCH: u64 = 1 << 16;
/// How often it begins again, where somebody appends all the time.
const MOST_ROUNDS: usize = 8;

/// Why there is no backup, or none that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The ledger could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is there is no backup, or one of which nothing can be used.
    #[error("{} is no backup that can be used: {what}", .file.display())]
    NotBackup {
        /// The file.
        file: PathBuf,
        /// Why not.
        what: String,
    },
    /// What is there is a backup of another ledger.
    #[error("{} is a backup of the ledger {found}, not of {origin}", .file.display())]
    OtherLedger {
        /// The file.
        file: PathBuf,
        /// What it is of.
        found: Origin,
        /// What was to be backed up.
        origin: Origin,
    },
    /// What is there was made of more events than there are.
    #[error("ROLLBACK: {} has {found} events, and the ledger only {len}", .file.display())]
    Rollback {
        /// The file.
        file: PathBuf,
        /// Its events.
        found: u64,
        /// Those of the ledger.
        len: u64,
    },
    /// What is there was made of other events.
    #[error("FORK: event {seq} is another in the ledger than in {}", .file.display())]
    Fork {
        /// The file.
        file: PathBuf,
        /// The newest event that it has.
        seq: u64,
    },
    /// Whoever takes it as a stream took no more.
    #[error("the backup was not taken to its end: {0}")]
    NotTaken(io::Error),
    /// Somebody else is making it.
    #[error("{} is being written by somebody else", .0.display())]
    InUse(PathBuf),
    /// The operating system refused.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Bytes behind the last end of a backup, which count for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// How many.
    pub bytes: u64,
    /// Why they do not count.
    pub what: String,
    /// Whether they are what a backup that was stopped leaves, and not damage, behind which there may be more.
    pub is_unfinished: bool,
}

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// Events that it had before.
    pub before: u64,
    /// Which log it is of.
    pub log: LogId,
    /// Where the log ended.
    pub head: Head,
    /// Files beside the events that were written.
    pub files: usize,
    /// Documents in it that the ledger has no longer.
    pub gone: usize,
    /// What is wrong with documents that it should have: they are missing in it, or other than was recorded.
    pub faults: Vec<String>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes behind the last end that it had, which counted for nothing and are gone now, and why, if there were any.
    pub rest: Option<Rest>,
}

/// What a backup has.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The ledger's name.
    pub origin: Origin,
    /// Where the log ended.
    pub head: Head,
    /// Bytes behind that, which do not count, and why, if there are any.
    pub rest: Option<Rest>,
}

/// Backs a ledger up into a file, or what is new of it, if the file has the rest.
///
/// # Errors
///
/// [`BackupError`]; a backup that was there before is then what it was.
pub fn backup(folder: &Folder, path: &Path, access: &Access) -> Result<BackedUp, BackupError> {
    backup_telling(folder, path, access, &|_, _, _| {})
}

/// The same, and tells now and then up to which event it has come, and how many there are.
///
/// # Errors
///
/// Those of [`backup`].
pub fn backup_telling(
    folder: &Folder,
    path: &Path,
    access: &Access,
    progress: Progress<'_>,
) -> Result<BackedUp, BackupError> {
    let failed = |source| BackupError::Io { file: path.to_owned(), source };
    let there = durable_file::kind(path).map_err(failed)?;
    if there == durable_file::Kind::Absent {
        let parent = store_folder::parent(path);
        let made = unfinished::create(parent, Rights::Secret.mode()).map_err(failed)?;
        let making = Making { folder, path: Some(path), access, progress };
        let done = making.write_file(made.as_file(), None)?;
        made.persist_noclobber(path).map_err(|error| failed(error.error))?;
        store_folder::sync(parent).map_err(failed)?;
        return Ok(done);
    }
    if there == durable_file::Kind::Other {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "not a regular file")));
    }
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(BackupError::InUse(path.to_owned())),
        outcome => outcome.map_err(|error| failed(error.into()))?,
    }
    let contents = contents(&file, path, &|| Ok(()))?;
    match &contents.rest {
        // There may be sound records behind it: nobody writes over them.
        Some(rest) if !rest.is_unfinished => {
            let what = format!("behind its first {} events {}", contents.head.len, rest.what);
            Err(BackupError::NotBackup { file: path.to_owned(), what })
        }
        _ => Making { folder, path: Some(path), access, progress }.write_file(&file, Some(&contents)),
    }
}

/// Backs a ledger up into a stream, all of it, and tells as [`backup_telling`] does.
///
/// # Errors
///
/// [`BackupError`]; what was written then is no backup.
pub fn backup_to(
    folder: &Folder,
    out: &mut dyn Write,
    access: &Access,
    progress: Progress<'_>,
) -> Result<BackedUp, BackupError> {
    let making = Making { folder, path: None, access, progress };
    let id = making.begin(None)?;
    let mut writer = Writer::begin(BufWriter::new(out)).map_err(BackupError::NotTaken)?;
    let done = making.write(id, &mut writer, None)?;
    writer.end().map_err(BackupError::NotTaken)?;
    Ok(done)
}

/// Whether something that begins with these bytes is a backup, or was one.
pub fn begins_as_one(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Tells what a backup has; nothing, if the file does not begin as one does.
///
/// # Errors
///
/// [`BackupError::NotBackup`] and [`BackupError::Io`].
pub fn look(path: &Path) -> Result<Option<Holding>, BackupError> {
    let failed = |source| BackupError::Io { file: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() || Records::open(BufReader::new(&file)).map_err(failed)?.is_none() {
        return Ok(None);
    }
    let Contents { origin, head, rest, .. } = contents(&file, path, &|| Ok(()))?;
    Ok(Some(Holding { origin, head, rest }))
}

/// Reads what a backup has; `go_on` is asked now and then.
pub(super) fn contents(file: &File, path: &Path, go_on: &dyn Fn() -> io::Result<()>) -> Result<Contents, BackupError> {
    let failed = |source| BackupError::Io { file: path.to_owned(), source };
    let not_one = |what: &str| BackupError::NotBackup { file: path.to_owned(), what: what.to_owned() };
    let records = Records::open(BufReader::new(file)).map_err(failed)?;
    let records = records.ok_or_else(|| not_one("it does not begin as one does"))?;
    let found = records.contents(go_on).map_err(failed)?;
    found.map_err(|wrong| not_one(&wrong.unwrap_or_else(|| "it has no end".to_owned())))
}

/// A backup that is being made.
struct Making<'m> {
    folder: &'m Folder,
    /// Nothing, if it is a stream.
    path: Option<&'m Path>,
    access: &'m Access,
    progress: Progress<'m>,
}

impl Making<'_> {
    fn failed(&self) -> impl Fn(io::Error) -> BackupError + use<'_> {
        |source| match self.path {
            Some(path) => BackupError::Io { file: path.to_owned(), source },
            None => BackupError::NotTaken(source),
        }
    }

    /// Looks whether there is something to back up, and that it goes on from the backup that is there.
    fn begin(&self, before: Option<&Contents>) -> Result<LogId, BackupError> {
        let log = Log::read(self.folder, self.access)?;
        // A backup of it would not say so.
        Older::refuse(self.folder, log.len()).map_err(OpenError::from)?;
        before.map_or(Ok(()), |contents| self.check_goes_on(&log, contents))?;
        Ok(log.id().map_err(OpenError::from)?)
    }

    fn write_file(&self, file: &File, before: Option<&Contents>) -> Result<BackedUp, BackupError> {
        let id = self.begin(before)?;
        let mut writer = match before {
            None => Writer::begin(BufWriter::new(file)),
            Some(contents) => {
                // What stands behind its end counts for nothing, and goes before anything takes its place.
                file.set_len(contents.len).map_err(self.failed())?;
                Writer::behind(BufWriter::new(file), contents)
            }
        }
        .map_err(self.failed())?;
        let done = self.write(id, &mut writer, before)?;
        writer.end().map_err(self.failed())?;
        file.sync_all().map_err(self.failed())?;
        Ok(done)
    }

    fn write<W: Write>(
        &self,
        id: LogId,
        writer: &mut Writer<W>,
        before: Option<&Contents>,
    ) -> Result<BackedUp, BackupError> {
        let (head, mut known) = match before {
            None => (Head { len: 0, hash: genesis_prev(id.origin.as_str()) }, BTreeMap::new()),
            Some(contents) => (contents.head, contents.files.clone()),
        };
        let rest = before.and_then(|before| before.rest.clone());
        let mut done =
            BackedUp { before: head.len, log: id.clone(), head, files: 0, gone: 0, faults: Vec::new(), bytes: 0, rest };
        for round in 0..MOST_ROUNDS {
            let went_on = self.write_events(&mut done.head, writer)?;
            if !went_on && round > 0 {
                break;
            }
            done.files += self.write_files(done.head.len, (&mut known, &mut done.faults), writer)?;
        }
        let is_same = before.is_some_and(|before| before.head == done.head && done.files == 0);
        if !is_same {
            writer.write(&Record::End { head: done.head, origin: id.origin }).map_err(self.failed())?;
        }
        done.bytes = writer.len();
        let is_document = |path: &str| path.strip_prefix("documents/").is_some_and(|name| !name.contains('.'));
        let is_gone = |path: &&String| is_document(path) && !self.folder.path().join(path).exists();
        done.gone = known.keys().filter(is_gone).count();
        done.faults.extend(self.faults(&known)?);
        // A document that an event names is among the faults already.
        let others = left_out(self.folder).map_err(self.failed())?.into_iter().filter(|path| !is_document(path));
        done.faults.extend(others.map(|path| format!("{path} is a link or no regular file, and is left out")));
        Ok(done)
    }

    /// What is wrong with the documents that the events name and that were not erased.
    fn faults(&self, known: &BTreeMap<String, [u8; 32]>) -> Result<Vec<String>, BackupError> {
        let log = Log::read(self.folder, self.access)?;
        let (holdings, shelf) = (Inventory::of(&log.snapshot()?.events), log.shelf());
        let due = holdings.files().filter(|(address, _)| holdings.erased_by(address).is_none());
        let fault = |(address, named): (&str, &Entry)| match holdings.look(&shelf, address, named) {
            // It may be in the backup from before.
            DocumentState::Missing(_) if is_sound(known, &format!("documents/{address}")) => None,
            state => state.fault(address),
        };
        Ok(due.filter_map(fault).collect())
    }

    fn check_goes_on(&self, log: &Log, contents: &Contents) -> Result<(), BackupError> {
        let file = || self.path.unwrap_or(Path::new("-")).to_owned();
        if contents.origin != *log.origin() {
            let (found, origin) = (contents.origin.clone(), log.origin().clone());
            return Err(BackupError::OtherLedger { file: file(), found, origin });
        }
        let (found, len) = (contents.head.len, log.len());
        if found > len {
            return Err(BackupError::Rollback { file: file(), found, len });
        }
        let Some(seq) = found.checked_sub(1) else { return Ok(()) };
        let newest = log.value(seq).and_then(Result::ok).map(|bytes| event_hash(&bytes));
        if newest == Some(contents.head.hash) { Ok(()) } else { Err(BackupError::Fork { file: file(), seq }) }
    }

    /// Writes the events from `head` on, and tells whether there were any.
    fn write_events<W: Write>(&self, head: &mut Head, writer: &mut Writer<W>) -> Result<bool, BackupError> {
        let began = head.len;
        loop {
            let log = Log::read(self.folder, self.access)?;
            if head.len == began
                && let Some(damage) = log.forgotten()
            {
                return Err(OpenError::Damaged(damage).into());
            }
            let end = log.len().min(head.len + STRETCH);
            let (mut values, mut bytes) = (Vec::new(), 0);
            for found in log.found(head.len..end) {
                let run = match found {
                    ReadItem::Run(run) => run,
                    ReadItem::Unreadable { seq, what } => return Err(OpenError::Damaged(Damage { seq, what }).into()),
                };
                for value in run.values() {
                    if prev_of(value) != Some(head.hash) {
                        let what = "it does not follow the event before it".to_owned();
                        return Err(OpenError::Damaged(Damage { seq: head.len, what }).into());
                    }
                    if bytes + value.len() + 2 > MAX_EVENTS {
                        self.write_row(head.len, &mut values, writer)?;
                        bytes = 0;
                    }
                    bytes += value.len() + 2;
                    values.push(value.to_vec());
                    *head = Head { len: head.len + 1, hash: event_hash(value) };
                }
            }
            let is_all = head.len == log.len();
            (self.progress)("events written", head.len, log.len());
            drop(log);
            self.write_row(head.len, &mut values, writer)?;
            if is_all {
                return Ok(head.len > began);
            }
        }
    }

    /// Writes events of which the last is the one before `end`.
    fn write_row<W: Write>(
        &self,
        end: u64,
        values: &mut Vec<Vec<u8>>,
        writer: &mut Writer<W>,
    ) -> Result<(), BackupError> {
        if values.is_empty() {
            return Ok(());
        }
        let values = std::mem::take(values);
        let first = end - values.len() as u64;
        writer.write(&Record::Events { first, values }).map_err(self.failed())
    }

    /// Writes the files beside the first `len` events that the backup does not know as they are, and tells how many.
    fn write_files<W: Write>(
        &self,
        len: u64,
        (known, faults): (&mut BTreeMap<String, [u8; 32]>, &mut Vec<String>),
        writer: &mut Writer<W>,
    ) -> Result<usize, BackupError> {
        let mut written = 0;
        let paths = paths(self.folder).map_err(self.failed())?;
        for path in paths.into_iter().filter(|path| is_within(path, len)) {
            let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
            let file = self.folder.path().join(&path);
            let refused = |source| BackupError::Io { file: file.clone(), source };
            let is_kept = path.starts_with("documents/") && is_sound(known, &path);
            // Documents lie under their hashes, and never change. One may be erased meanwhile.
            let Some(bytes) =
                (if is_kept { None } else { within::read(self.folder.path(), &path, limit).map_err(refused)? })
            else {
                continue;
            };
            let hash = *document_hash(&bytes).as_bytes();
            // A checkpoint is signed once: of two, the one that was there first is not lost for the other.
            if path.starts_with("checkpoints/") && known.get(&path).is_some_and(|known| *known != hash) {
                let fault = format!("{path} is another than the backup has, which keeps its own");
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            } else if known.get(&path) != Some(&hash) {
                writer.write(&Record::File { path: path.clone(), bytes }).map_err(self.failed())?;
                known.insert(path, hash);
                written += 1;
            }
        }
        Ok(written)
    }
}
