//! How a ledger stands, for whoever watches over it: by the facts and the files that are there. Nothing is written into the
//! ledger, and no event is read again where the facts tell of them.
//!
//! 1. The facts that are kept say how many events there are, how old they are, and who may change keys. Where none fit, the
//!    events are read from a copy of the store.
//! 2. The files say what was signed, seen by witnesses and stamped, and when; the account says what it saw, and what it
//!    backed up.
//! 3. A store that nobody is using is opened as a copy too, if it is small: whether it opens is known then.
//!
//! In scope: what is known to be wrong, or to wait. Out of scope: whether everything holds, which only `verify` says; and what
//! to do, which faces say.

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::domain::governance::RecorderRole;
use crate::domain::id::Origin;
use crate::domain::shape::vocabulary;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::integrity::Vkey;
use crate::integrity::digest::EventHash;
use crate::integrity::note::{MAX_NOTE, NoteSignature};
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::settings::{CheckpointWhen, Settings};
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::guarded_store::DAMAGED;
use crate::ledger::log::memory::{BackupKind, LastBackup, Memory};
use crate::ledger::log::older::Older;
use crate::ledger::log::open::{Access, OpenError};
use crate::ledger::log::timestamps::Timestamps;
use crate::ledger::state::authority::{Authority, KeyHistory};
use crate::store::durable_file;

use source::Source;

pub use source::StoreSeen;

vocabulary! {
    /// What whoever keeps a ledger has to look at.
    pub enum Concern {
        /// The folder holds another ledger than it did.
        Replaced = "replaced",
        /// More is remembered of the ledger than it holds.
        Rollback = "rollback",
        /// Other events are remembered than it holds.
        Fork = "fork",
        /// The store does not open, or is not what is remembered of it.
        DamagedStore = "damaged-store",
        /// It was restored as it was earlier, and is only read.
        Older = "older",
        /// A damaged store was laid aside.
        StoreAside = "store-aside",
        /// Checkpoints are kept that the log's key should not have signed.
        Evidence = "evidence",
        /// Whoever is to sign for the log cannot.
        LogKeyUnusable = "log-key-unusable",
        /// Events wait for a checkpoint.
        CheckpointDue = "checkpoint-due",
        /// Events wait for witnesses that saw others.
        WitnessDue = "witness-due",
        /// The file of the last backup is not there, or no longer what it was.
        BackupGone = "backup-gone",
        /// Events are in no backup that is known.
        BackupDue = "backup-due",
        /// Events are in a backup alone that went to standard output, and that nobody has looked at since.
        StreamUnchecked = "stream-unchecked",
        /// One key alone can change keys.
        SingleAdmin = "single-admin",
        /// Nobody has confirmed a copy of the log's key.
        LogKeyUncopied = "log-key-uncopied",
        /// Others can read the log's key.
        LogKeyOpen = "log-key-open",
        /// Whoever appends or keeps backups remembers nothing of the ledger.
        NotRemembered = "not-remembered",
        /// The disk is nearly full.
        Room = "room",
    }
}

/// What is to be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub concern: Concern,
    /// What was found.
    pub what: String,
}

/// From when on something is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The caller's clock.
    pub now: Timestamp,
    /// How many days events may wait for a checkpoint, a witness or a backup.
    pub days: u32,
    /// How many bytes the disk should have free.
    pub room: u64,
}

/// How far something reaches, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Events that it is of.
    pub size: u64,
    /// When it was made, as far as that is known: of a file, when it was written.
    pub at: Option<Timestamp>,
    /// When the first event was recorded that it is not of.
    pub waiting_since: Option<Timestamp>,
}

/// How a ledger stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its name.
    pub origin: Origin,
    /// The hash of its first event, if that can be told.
    pub genesis: Option<EventHash>,
    /// How many events there are, and the hash of the newest. Where the store does not open, what is remembered of them.
    pub head: Option<Head>,
    /// When the newest was recorded.
    pub newest: Option<Timestamp>,
    /// What was seen of the store.
    pub store: StoreSeen,
    /// The newest checkpoint.
    pub checkpoint: Option<Reached>,
    /// The newest checkpoint that witnesses signed, and when the last of them did, as they say; nothing of it is checked.
    pub witness: Option<Reached>,
    /// The newest checkpoint that was stamped.
    pub timestamp: Option<Reached>,
    /// The last backup into a file that the account knows of.
    pub backup: Option<(LastBackup, Reached)>,
    /// The last backup that the account wrote to standard output.
    pub stream: Option<(LastBackup, Reached)>,
    /// The last backup that came back as a stream, and was whole.
    pub checked: Option<Reached>,
    /// How much older it is than what was known when it was restored so.
    pub older: Option<Older>,
    /// How many keys may change keys; nothing, if that cannot be told.
    pub admins: Option<usize>,
    /// The log's key in use.
    pub log_key: Option<Vkey>,
    /// Bytes that are free on the disk.
    pub free: Option<u64>,
    /// What is to be looked at, in the order of [`Concern::ALL`].
    pub findings: Vec<Finding>,
}

/// Tells how a ledger stands, as far as an account may see it.
///
/// # Errors
///
/// [`OpenError::Settings`] if there is none; [`OpenError::InUse`] and [`OpenError::Io`] if neither facts nor store can be
/// looked at. A store that is damaged is a finding.
pub fn status(folder: &Folder, memory: &Memory, access: &Access, limits: Limits) -> Result<Status, OpenError> {
    let settings = Settings::load(folder)?;
    let mut noted = Noted::default();
    let source = Source::look(folder, &settings.origin, access, &mut noted)?;
    let genesis = source.genesis();
    let log = genesis.map(|genesis| LogId { origin: settings.origin.clone(), genesis });
    let reached = |size, at| Reached { size, at, waiting_since: source.recorded_after(size) };
    let sizes = Checkpoints::of(folder).sizes()?;
    let checkpoint = sizes.last().map(|size| reached(*size, written(&Checkpoints::of(folder).file(*size))));
    let witness = cosigned(folder)?.map(|(size, at)| reached(size, at));
    let stamps = Timestamps::of(folder);
    let timestamp = stamps.sizes()?.last().map(|size| reached(*size, written(&stamps.file(*size))));
    // What cannot be read of one's own memory is as if it were not there: it is told by whatever rests on it.
    let last = |kind| log.as_ref().and_then(|log| memory.last_backup(log, kind).ok().flatten());
    let backed_up = |kind| last(kind).map(|last| (last.clone(), reached(last.head.len, Some(last.at))));
    let [backup, stream, checked] = [BackupKind::File, BackupKind::Stream, BackupKind::Checked].map(backed_up);
    let older = source.head().map_or(Ok(None), |head| Older::of(folder, head.len))?;
    let authority = source.events().map(Authority::of);
    let admins = authority.as_ref().map(admins);
    let free = free(folder.path());

    noted.identity(folder, memory, log.as_ref());
    let made: Vec<&LastBackup> = [&backup, &stream].into_iter().flatten().map(|(last, _)| last).collect();
    noted.more_is_known(&source, (folder, older), memory, log.as_ref(), &sizes, &made)?;
    noted.aside(folder)?;
    let [backup_reached, stream_reached, checked] =
        [&backup, &stream, &checked].map(|made| made.as_ref().map(|(_, reached)| *reached));
    if let Some(older) = older {
        noted.older(older);
    } else {
        noted.waiting(&source, settings.checkpoint, [checkpoint, witness], limits);
        noted.backed_up(&source, [backup_reached, stream_reached, checked], limits);
        if let Some((last, _)) = &backup {
            noted.backup_file(last);
        }
        noted.single_admin(admins);
    }
    noted.open_key(folder);
    if free.is_some_and(|free| free < limits.room) {
        let mib = free.unwrap_or_default() >> 20;
        noted.add(Concern::Room, format!("the disk has {mib} MiB free, fewer than {}", limits.room >> 20));
    }
    Ok(Status {
        origin: settings.origin,
        genesis,
        head: source.head().or_else(|| Head::least(folder)),
        newest: source.newest(),
        store: source.seen().clone(),
        checkpoint,
        witness,
        timestamp,
        backup,
        stream,
        checked,
        older,
        admins,
        log_key: authority.and_then(|authority| authority.log_key().cloned()),
        free,
        findings: noted.in_order(),
    })
}

/// What is to be told so far, by its kind.
#[derive(Debug, Default)]
struct Noted(BTreeMap<Concern, Vec<String>>);

impl Noted {
    fn add(&mut self, concern: Concern, what: impl Into<String>) {
        self.0.entry(concern).or_default().push(what.into());
    }

    fn in_order(self) -> Vec<Finding> {
        let each = |(concern, all): (Concern, Vec<String>)| all.into_iter().map(move |what| Finding { concern, what });
        self.0.into_iter().flat_map(each).collect()
    }

    /// Whether the folder holds the ledger that it held.
    fn identity(&mut self, folder: &Folder, memory: &Memory, log: Option<&LogId>) {
        match (memory.held(folder), log) {
            (Ok(Some(held)), Some(log)) if held != *log => {
                self.add(Concern::Replaced, format!("the folder held {held}, and now it holds {log}"));
            }
            _ => {}
        }
    }

    /// Whether more is known of the ledger than it holds: by its own checkpoints, by what the account saw of it, and by
    /// its last backups. Of one that was restored as it was earlier, its own checkpoints alone would tell of a rollback.
    fn more_is_known(
        &mut self,
        source: &Source,
        (folder, older): (&Folder, Option<Older>),
        memory: &Memory,
        log: Option<&LogId>,
        own: &[u64],
        backups: &[&LastBackup],
    ) -> Result<(), CheckpointsError> {
        let (Some(head), Some(log)) = (source.head(), log) else { return Ok(()) };
        let remembered = memory.checkpoints(log);
        let seen = remembered.seen()?;
        let derived = folder.marks(&log.origin, log.genesis).map(|marks| marks.greatest());
        let elsewhere = [
            ("this account remembers a checkpoint", remembered.sizes()?.last().copied()),
            ("this account saw the ledger, and that was", seen.map(|seen| seen.len)),
            // What cannot be read there says nothing.
            ("this account has read facts", derived.filter(|greatest| *greatest != u64::MAX)),
            ("the last backup is", backups.iter().map(|last| last.head.len).max()),
        ];
        let elsewhere = elsewhere.into_iter().filter(|_| older.is_none());
        let known = [("a checkpoint in its folder is", own.last().copied())].into_iter().chain(elsewhere);
        // The one that knows most tells it for all.
        let more = known.filter_map(|(who, size)| Some((who, size.filter(|size| *size > head.len)?)));
        if let Some((who, size)) = more.rev().max_by_key(|(_, size)| *size) {
            let what = format!("ROLLBACK: {who} of {size} events, and the ledger holds {}", head.len);
            self.add(Concern::Rollback, what);
        }
        let seen = seen.map(|seen| ("this account saw", seen));
        let heads = seen.into_iter().chain(backups.iter().map(|last| ("those in the last backup", last.head)));
        let is_another = |of: &Head| source.hash_at(of.len).is_some_and(|hash| hash != of.hash);
        if let Some((which, other)) = heads.into_iter().find(|(_, of)| is_another(of)) {
            self.add(Concern::Fork, format!("FORK: the first {} events are others than {which}", other.len));
        }
        Ok(())
    }

    /// What lies in the folder beside the ledger, and tells of damage.
    fn aside(&mut self, folder: &Folder) -> io::Result<()> {
        let names =
            fs::read_dir(folder.path())?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut stores: Vec<String> = names.filter(|name| name.starts_with(DAMAGED)).collect();
        stores.sort_unstable();
        for name in stores {
            self.add(Concern::StoreAside, format!("{name} is a damaged store that was laid aside"));
        }
        let kept = fs::read_dir(folder.evidence()).map_or(0, Iterator::count);
        if kept > 0 {
            self.add(Concern::Evidence, format!("evidence/ has {kept} checkpoints that contradict each other"));
        }
        Ok(())
    }

    /// Notes that the ledger is older on purpose.
    fn older(&mut self, Older { len, known }: Older) {
        let what = format!(
            "it was restored as it was with {len} events, when {known} were known, and is only read (file OLDER)"
        );
        self.add(Concern::Older, what);
    }

    /// Notes what events wait for, longer than they may: a checkpoint, and a witness.
    fn waiting(
        &mut self,
        source: &Source,
        when: CheckpointWhen,
        [checkpoint, witness]: [Option<Reached>; 2],
        limits: Limits,
    ) {
        match waiting_since(source, checkpoint) {
            Some(since) if when == CheckpointWhen::EachAppend => {
                let what = format!("events since {since} are in no checkpoint, and each append should be signed");
                self.add(Concern::CheckpointDue, what);
            }
            Some(since) if limits.is_late(since) => {
                self.add(Concern::CheckpointDue, format!("events since {since} are in no checkpoint"));
            }
            _ => {}
        }
        // Where no witness ever signed, none is asked.
        let unseen = witness.and_then(|_| waiting_since(source, witness)).filter(|since| limits.is_late(*since));
        if let Some(since) = unseen {
            self.add(Concern::WitnessDue, format!("events since {since} were seen by no witness"));
        }
    }

    /// Notes whether events wait longer than they may for a backup, or for somebody who looks at the one that they are in. What was
    /// written to standard output may have gone nowhere, until it was found whole.
    fn backed_up(&mut self, source: &Source, [file, stream, checked]: [Option<Reached>; 3], limits: Limits) {
        let late = |made: [Option<Reached>; 3]| {
            let newest = made.into_iter().flatten().max_by_key(|made| made.size);
            waiting_since(source, newest).filter(|since| limits.is_late(*since))
        };
        if let Some(since) = late([file, stream, checked]) {
            let is_known = [file, stream, checked].iter().any(Option::is_some);
            let known = if is_known { "" } else { " of which this account knows" };
            self.add(Concern::BackupDue, format!("events since {since} are in no backup{known}"));
        } else if let Some(since) = late([file, None, checked]) {
            let what = format!(
                "events since {since} are in no backup but one that went to standard output, which nobody looked at"
            );
            self.add(Concern::StreamUnchecked, what);
        }
    }

    /// Notes whether the file of the last backup is gone, or shorter than it was.
    fn backup_file(&mut self, last: &LastBackup) {
        let wrong = match fs::metadata(&last.file) {
            Ok(found) if !found.is_file() => "is no file".to_owned(),
            Ok(found) if found.len() < last.bytes => {
                format!("has {} bytes, and had {} when it was made", found.len(), last.bytes)
            }
            Ok(_) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound => "is not there".to_owned(),
            Err(error) => format!("cannot be looked at: {error}"),
        };
        self.add(Concern::BackupGone, format!("the last backup, {}, {wrong}", last.file.display()));
    }

    fn single_admin(&mut self, admins: Option<usize>) {
        if admins == Some(1) {
            self.add(
                Concern::SingleAdmin,
                "one key alone can change keys: if it is lost, no key can be added or revoked",
            );
        }
    }

    fn open_key(&mut self, folder: &Folder) {
        let file = folder.log_key();
        // Where it is a link, the file that it leads to is the key.
        if let Ok(found) = fs::metadata(&file)
            && found.permissions().mode() & 0o007 != 0
        {
            let mode = found.permissions().mode() & 0o777;
            self.add(
                Concern::LogKeyOpen,
                format!("others can read or write the log's key, {} (mode {mode:o})", file.display()),
            );
        }
    }
}

impl Limits {
    /// Tells whether what waits since then waits longer than it may.
    fn is_late(&self, since: Timestamp) -> bool {
        self.now.unix_ms().saturating_sub(since.unix_ms()) > i64::from(self.days) * 24 * 60 * 60 * 1000
    }
}

/// Tells when the first event was recorded that something is not of; of nothing, the first of all.
fn waiting_since(source: &Source, reached: Option<Reached>) -> Option<Timestamp> {
    reached.map_or_else(|| source.recorded_after(0), |reached| reached.waiting_since)
}

/// How many keys may change keys.
fn admins(authority: &Authority) -> usize {
    let may = |history: &KeyHistory| history.revoked.is_none() && history.roles.contains(&RecorderRole::Admin);
    authority.keys().filter(|(_, history)| may(history)).count()
}

/// The newest checkpoint under which something of witnesses is kept, and the newest time that one of them says.
fn cosigned(folder: &Folder) -> Result<Option<(u64, Option<Timestamp>)>, CheckpointsError> {
    let kept = Checkpoints::of(folder);
    let Some(size) = kept.cosigned_sizes()?.last().copied() else { return Ok(None) };
    let file = folder.cosignatures().join(size.to_string());
    let text =
        durable_file::read_text(&file, MAX_NOTE as u64).map_err(|source| CheckpointsError::Io { file, source })?;
    let text = text.unwrap_or_default();
    let times = text.lines().filter_map(NoteSignature::parse).filter_map(|signature| {
        let seconds = i64::try_from(u64::from_be_bytes(*signature.bytes.first_chunk()?)).ok()?;
        Timestamp::from_unix_ms(seconds.checked_mul(1000)?).ok()
    });
    Ok(Some((size, times.max())))
}

/// When a file was written, as far as the file system tells.
fn written(file: &Path) -> Option<Timestamp> {
    let found = fs::symlink_metadata(file).ok()?;
    let ms = found.mtime().checked_mul(1000)?.checked_add(found.mtime_nsec() / 1_000_000)?;
    Timestamp::from_unix_ms(ms).ok()
}

/// Bytes that are free on the disk of a folder, for who asks.
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
