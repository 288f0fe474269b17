//! Why a command ends without having done what it was asked, and with which exit code.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};

use crate::domain::text::shown;
use crate::event::chain::Damage;
use crate::exchange::ndjson::{LineFault, LineFaultKind};
use crate::exchange::table::TableFault;
use crate::exchange::table::import::ImportFault;
use crate::integrity::proof::ProofError;
use crate::ledger::log::checkpoints::CheckpointsError;
use crate::ledger::log::memory::MemoryError;
use crate::ledger::log::timestamps::TimestampError;
use crate::ledger::publish::prove::ProveError;
use crate::ledger::publish::tiles::PublishError;
use crate::ledger::recover::backup::BackupError;
use crate::ledger::recover::repair::RepairError;
use crate::ledger::recover::restore::RestoreError;
use crate::ledger::write::append::AppendError;
use crate::ledger::write::genesis::FoundError;
use crate::ledger::{ClockFault, OpenError, SettingsError, SignerError};
use crate::query::QueryError;
use crate::store::StoreError;

pub use crate::cli::exit::Exit;

/// A command that ended early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened; empty if it was printed already.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with a message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new() }
    }

    /// A failure of which everything was printed already.
    pub fn said(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The failure as it is printed, safe for a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.message.is_empty() {
            let _ = writeln!(text, "error: {}", shown(&self.message));
        }
        for hint in &self.hints {
            let _ = writeln!(text, "hint: {}", shown(hint));
        }
        text
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::CouldNot, error.to_string())
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let hint = match &error {
            SettingsError::Absent { .. } => "make one with `servanda init`, or append with --init",
            SettingsError::Lost { .. } => {
                "`servanda repair --from FILE` writes it anew, from a backup, an export or a published copy"
            }
            SettingsError::Newer { .. } => "a newer servanda made it: use that, or one that is newer still",
            SettingsError::Unusable { .. } => {
                "it holds, once each, `format = 1`, `origin = \"NAME\"` as the genesis event has it, and `checkpoint = \"on-request\"` or `\"each-append\"`"
            }
            _ => "look at the folder and its permissions",
        };
        Self::new(Exit::CouldNot, error.to_string()).hint(hint)
    }
}

/// What to do where there is no room.
const FULL: &str =
    "nothing is lost: make room on the disk, 64 MiB more than is to be written, and run the same command again";

/// Says what to do where the system refused to write a file that was named.
fn of_disk(source: &io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FULL,
        ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such folder: make it first, or name another",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "name a file in a folder that this account may write"
        }
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::IsADirectory => {
            "name a file, or one that is not there yet; - is a stream"
        }
        _ => "look at the disk, then try again",
    }
}

/// Whether an error comes of a disk without room.
fn is_of_full_disk(error: &(dyn std::error::Error + 'static)) -> bool {
    let full = |error: &io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.downcast_ref::<io::Error>().is_some_and(full))
}

/// Tells by which code what befell a store is told: one that is damaged was found to be so, whoever found it.
fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Damaged { .. } | StoreError::Missing { .. } => Exit::No,
        _ => Exit::CouldNot,
    }
}

/// How a damaged store is made whole.
const REPAIR: &str = "`servanda repair --from FILE` makes it whole again, from a backup, an export or a published copy, and from what can still be read of the damaged files";

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        if is_of_full_disk(&error) {
            return Self::new(Exit::CouldNot, message).hint(FULL);
        }
        match error {
            OpenError::Settings(error) => error.into(),
            OpenError::InUse { .. } => {
                Self::new(Exit::CouldNot, message).hint("wait for it, or wait longer: --lock-timeout SECONDS")
            }
            OpenError::Damaged(damage) => damage.into(),
            OpenError::Checkpoints(error) => error.into(),
            OpenError::Anothers { .. } => Self::new(Exit::CouldNot, message)
                .hint("write to it as that user, or copy the folder and write to the copy"),
            OpenError::NoScratch | OpenError::Scratch { .. } => {
                Self::new(Exit::CouldNot, message).hint("set TMPDIR to a folder of your own, with room for a copy of the ledger")
            }
            // Where there should be a store, one that is gone is found to be so; one that cannot be reached may be whole.
            OpenError::Store(StoreError::Absent { .. }) => Self::new(Exit::No, message).hint(REPAIR),
            OpenError::Store(error) => Self::new(of_store(&error), message).hint(REPAIR),
            OpenError::Io(_) => Self::new(Exit::CouldNot, message)
                .hint("look at the folder, and whether its disk can be written: reading needs no right to write, appending does"),
        }
    }
}

/// What to do where a ledger is to go on without what it had.
const OTHER_LEDGER: &str = "if lost events are given up, `servanda forget NAME` lays aside what is remembered of the ledger; a checkpoint in its own \
     folder has to be taken away: keep it as evidence";

impl From<CheckpointsError> for Failure {
    fn from(error: CheckpointsError) -> Self {
        let message = error.to_string();
        match error {
            CheckpointsError::Damaged(damage) => damage.into(),
            CheckpointsError::Signer(error) => error.into(),
            CheckpointsError::SawMore { .. } => Self::new(Exit::No, message)
                .hint("events were lost: restore the newest copy of the ledger, and append nothing to this one")
                .hint("if they are lost for good, restore what there is with --despite-known, and go on from that")
                .hint(OTHER_LEDGER),
            CheckpointsError::Rollback { .. } => Self::new(Exit::No, message)
                .hint("events were lost: restore the newest copy of the ledger, and append nothing to this one")
                .hint(OTHER_LEDGER),
            CheckpointsError::Older(older) => Self::new(Exit::CouldNot, message)
                .hint("append to the ledger that has all of them; this one is there to be read")
                .hint(format!(
                    "to go on from here, and give up the newer ones: `servanda restore BACKUP FOLDER --at {} --despite-known`",
                    older.len.saturating_sub(1)
                )),
            CheckpointsError::Fork { .. } | CheckpointsError::SawAnother { .. } => Self::new(Exit::No, message)
                .hint("this is another history: keep both, and ask whoever signed; append nothing to this one")
                .hint(OTHER_LEDGER),
            CheckpointsError::Unusable { .. } | CheckpointsError::Misnamed { .. } => Self::new(Exit::No, message)
                .hint("keep the file as evidence, and compare it with copies that others have")
                .hint(OTHER_LEDGER),
            CheckpointsError::Store(error) => Self::new(of_store(&error), message).hint(REPAIR),
            _ => Self::new(Exit::CouldNot, message),
        }
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        let message = error.to_string();
        match error {
            MemoryError::Replaced { .. } => Self::new(Exit::No, message)
                .hint("append nothing to this one: look for the one that was here, and keep both")
                .hint("if it was put here on purpose, `servanda forget --folder` has this account know it here from now on"),
            MemoryError::Taken { known } => Self::new(Exit::CouldNot, message)
                .hint("give this one another name with --origin NAME")
                .hint(format!("or `servanda forget {}` lays aside what is remembered of the other", known.origin)),
            MemoryError::Checkpoints(error) => error.into(),
            MemoryError::Unusable { .. } | MemoryError::Io { .. } => Self::new(Exit::CouldNot, message)
                .hint("it lies in the account's own folder; SERVANDA_STATE names another"),
        }
    }
}

impl From<TimestampError> for Failure {
    fn from(error: TimestampError) -> Self {
        let message = error.to_string();
        match error {
            TimestampError::Refused(_) => Self::new(Exit::No, message)
                .hint("is it a reply for this checkpoint, and are these the authority's certificates?"),
            TimestampError::Ahead { .. } => Self::new(Exit::No, message)
                .hint("if the clock is right, the authority's was ahead: bring the reply when its time has come"),
            TimestampError::NotRun { .. } => Self::new(Exit::CouldNot, message)
                .hint("timestamps are made and checked with OpenSSL: install the package openssl"),
            TimestampError::Io { .. } => Self::new(Exit::CouldNot, message),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let message = error.to_string();
        match error {
            PublishError::Checkpoints(error) => error.into(),
            PublishError::Incomplete { .. } => Self::new(Exit::No, message).hint("get the folder again, whole"),
            PublishError::NotThisLog { .. } => {
                Self::new(Exit::No, message).hint("name another folder, or give the key of that log")
            }
            PublishError::Rollback { .. } | PublishError::Fork { .. } => Self::new(Exit::No, message)
                .hint("the folder was left as it is: keep it as evidence, and name another folder"),
            PublishError::OtherRoot { .. } => {
                Self::new(Exit::No, message).hint("`servanda verify` tells everything that is wrong")
            }
            PublishError::Store(error) => Self::new(of_store(&error), message).hint(REPAIR),
            _ => Self::new(Exit::CouldNot, message),
        }
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        let message = error.to_string();
        match error {
            ProveError::Proof(ProofError::Beyond { .. }) => {
                Self::new(Exit::CouldNot, message).hint("`servanda checkpoint` signs the log as it stands")
            }
            ProveError::Proof(ProofError::Backwards { .. }) => {
                Self::new(Exit::Misuse, message).hint("give the older checkpoint first")
            }
            ProveError::Damaged(damage) => damage.into(),
            ProveError::Store(error) => Self::new(of_store(&error), message).hint(REPAIR),
            ProveError::Proof(_) => {
                Self::new(Exit::No, message).hint("`servanda verify` tells everything that is wrong")
            }
        }
    }
}

impl From<Damage> for Failure {
    fn from(damage: Damage) -> Self {
        Self::new(Exit::No, damage.to_string()).hint("`servanda verify` tells everything that is wrong").hint(REPAIR)
    }
}

impl From<SignerError> for Failure {
    fn from(error: SignerError) -> Self {
        Self::new(Exit::CouldNot, error.to_string()).hint(error.hint())
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let message = error.to_string();
        if is_of_full_disk(&error) {
            return Self::new(Exit::CouldNot, message).hint(FULL);
        }
        match error {
            AppendError::NotAdmissible { .. } => Self::new(Exit::No, message),
            AppendError::HeadMoved { .. } => {
                Self::new(Exit::Conflict, message).hint("look at the new events with `servanda log`, then try again")
            }
            AppendError::NotAuthorised(_) => Self::new(Exit::No, message)
                .hint("`servanda key show` lists who may sign; give another key with --key FILE"),
            AppendError::NoEvent(_) => Self::new(Exit::CouldNot, message),
            AppendError::OwnWord { .. } => {
                Self::new(Exit::No, message).hint("give another reviewer's key with --key FILE")
            }
            AppendError::Signer(error) => error.into(),
            AppendError::Clock(fault) => fault.into(),
            AppendError::DoesNotFollow(_) => Self::new(Exit::CouldNot, message)
                .hint("nothing was appended; this is a mistake of the program, worth a report"),
            AppendError::NotDeleted { .. } => Self::new(Exit::CouldNot, message)
                .hint("look at the folder documents/ of the ledger, then `servanda source erase` the same again"),
            AppendError::Document(_) | AppendError::Store(_) | AppendError::Head(_) => {
                Self::new(Exit::CouldNot, message).hint(
                    "run the same command again: it looks at what is there, and what was appended is not repeated",
                )
            }
        }
    }
}

impl From<ClockFault> for Failure {
    fn from(fault: ClockFault) -> Self {
        let failure = Self::new(Exit::CouldNot, fault.to_string());
        match fault {
            ClockFault::BeforeRelease { .. } => failure.hint("set the clock"),
            ClockFault::Behind { .. } => failure
                .hint("set the clock, if it is behind")
                .hint("if it is right, and was ahead when that was recorded (`servanda clock show` tells what was), an admin goes on with `servanda clock correct --reason TEXT`; under a clock that is behind that would date events back, for good"),
            ClockFault::Ahead { .. } => failure
                .hint("set the clock if it is wrong: whatever is recorded later cannot be recorded earlier")
                .hint("if it is right, and the ledger slept so long, say so: --clock-is-right"),
        }
    }
}

impl From<TableFault> for Failure {
    fn from(fault: TableFault) -> Self {
        let exit = match fault {
            TableFault::NotOpened { .. } => Exit::CouldNot,
            _ => Exit::No,
        };
        Self::new(exit, fault.to_string()).hint(fault.hint())
    }
}

impl From<ImportFault> for Failure {
    fn from(fault: ImportFault) -> Self {
        match fault {
            ImportFault::Table(fault) => fault.into(),
            ImportFault::Append(error) => error.into(),
            other => Self::new(Exit::CouldNot, other.to_string()).hint("name another file with --rejects"),
        }
    }
}

impl From<FoundError> for Failure {
    fn from(error: FoundError) -> Self {
        let message = error.to_string();
        match error {
            FoundError::Genesis(error) => error.into(),
            FoundError::Open(error) => error.into(),
            FoundError::Signer(error) => error.into(),
            FoundError::AlreadyThere { .. } => Self::new(Exit::CouldNot, message).hint("append to it"),
            FoundError::NotEmpty { .. } => Self::new(Exit::CouldNot, message).hint("name another folder with --ledger"),
            _ => Self::new(Exit::CouldNot, message),
        }
    }
}

/// What to do about an export that does not hold.
const NOT_RESTORED: &str = "nothing was restored; get the export again, and compare its hash with that of the original";

impl From<LineFault> for Failure {
    fn from(fault: LineFault) -> Self {
        let message = fault.to_string();
        match fault.what {
            LineFaultKind::Io(_) => Self::new(Exit::CouldNot, message),
            LineFaultKind::Version(_) => Self::new(Exit::CouldNot, message).hint("a newer servanda may read it"),
            _ => Self::new(Exit::No, message).hint(NOT_RESTORED),
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let message = error.to_string();
        if is_of_full_disk(&error) {
            return Self::new(Exit::CouldNot, message).hint(FULL);
        }
        match error {
            RestoreError::AlreadyThere(_) => Self::new(Exit::CouldNot, message)
                .hint("name another folder; in place of a damaged ledger `servanda repair --from FILE` puts it"),
            RestoreError::Stopped => {
                Self::new(Exit::CouldNot, message).hint("nothing was restored, and nothing is left of it")
            }
            RestoreError::OtherHash { .. }
            | RestoreError::NoBeginning(_)
            | RestoreError::DoesNotHold(_)
            | RestoreError::BatchTooLarge { .. }
            | RestoreError::Empty
            | RestoreError::CutOff { .. } => Self::new(Exit::No, message).hint(NOT_RESTORED),
            RestoreError::NoSuchEvent { .. } | RestoreError::NothingBy { .. } => Self::new(Exit::CouldNot, message)
                .hint("nothing was restored; `servanda backup check FILE` says how many events it has"),
            RestoreError::OtherGenesis { .. } => Self::new(Exit::No, message)
                .hint("nothing was restored; this is another ledger, or another founding of it"),
            RestoreError::OtherHead { .. } => Self::new(Exit::No, message)
                .hint("nothing was restored; the export is older or newer than meant, or was cut between two batches"),
            RestoreError::Known(_) => Self::new(Exit::No, message)
                .hint("nothing was restored: a newer backup, a published copy or a mirror may have the rest")
                .hint("with --despite-known it is restored to be read; nothing can be appended to it"),
            RestoreError::Open(error) => error.into(),
            RestoreError::Backup(error) => match *error {
                BackupError::NotBackup { .. } => {
                    Self::new(Exit::No, message).hint("an older backup, an export or a published copy may be whole")
                }
                other => other.into(),
            },
            RestoreError::Published(error) => (*error).into(),
            RestoreError::NotTheSame(_) | RestoreError::Store(_) | RestoreError::Document(_) | RestoreError::Io(_) => {
                Self::new(Exit::CouldNot, message).hint("look at the disk and its free space, then try again")
            }
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        match error {
            BackupError::Open(error) => error.into(),
            BackupError::NotBackup { .. } => Self::new(Exit::No, message)
                .hint("make one under another name, and look at the disk that this one lies on"),
            BackupError::OtherLedger { .. } => Self::new(Exit::No, message).hint("name another file"),
            BackupError::Rollback { .. } => Self::new(Exit::No, message)
                .hint("the ledger lost events that the backup has: see `servanda verify` and `servanda repair`"),
            BackupError::Fork { .. } => Self::new(Exit::No, message)
                .hint("one of both was changed: see `servanda verify`, and back up into another file"),
            BackupError::NotTaken(_) => Self::new(Exit::CouldNot, message)
                .hint("what came over is no backup: look at what takes it, then begin again"),
            BackupError::InUse(_) => Self::new(Exit::Conflict, message).hint("wait, then try again"),
            BackupError::Io { source, .. } => Self::new(Exit::CouldNot, message).hint(of_disk(&source)),
        }
    }
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let message = error.to_string();
        match error {
            RepairError::Restore(error) => error.into(),
            RepairError::Open(error) => error.into(),
            RepairError::GivenChanged => Self::new(Exit::CouldNot, message)
                .hint("nothing was changed: give a file that stays as it is, and no pipe"),
            RepairError::OtherLedger { .. } => Self::new(Exit::No, message).hint("nothing was changed"),
            RepairError::Lost { .. } | RepairError::OtherEvent { .. } | RepairError::Fork(_) => {
                Self::new(Exit::No, message)
                    .hint("nothing was changed: a newer backup, a published copy or a mirror may have the rest")
                    .hint("with --despite-known the ledger goes on without them")
            }
            RepairError::Io { .. } => Self::new(Exit::CouldNot, message).hint("look at the disk, then try again"),
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        let failure = Self::new(Exit::CouldNot, error.to_string());
        match &error {
            QueryError::NotFound { described: 0, .. } => failure.hint("nothing is described yet"),
            QueryError::NotFound { namespace, near, .. } => match near.as_slice() {
                [] => {
                    let what = namespace.map_or(String::new(), |of| format!(" {}", of.things()));
                    let list = format!("`servanda list{what}` shows what there is");
                    failure.hint(format!("{list}; `servanda search WORDS` looks for words in all of it"))
                }
                [near] => failure.hint(format!("did you mean {near}?")),
                several => {
                    let several: Vec<String> = several.iter().map(ToString::to_string).collect();
                    failure.hint(format!("did you mean one of {}?", several.join(", ")))
                }
            },
            QueryError::SeveralSo { .. } => failure.hint("give the id of the one that is meant"),
            QueryError::NoEvent(_) => {
                failure.hint("give a position, an announcement's id, or 8 or more digits of a hash; see `servanda log`")
            }
            QueryError::TakenBack { by, .. } => failure
                .hint(format!("`servanda retract {by} --reason …` takes that back, and what it struck stands again")),
            QueryError::NotCorrectable { kind, seq } if !kind.is_about_ledger() => {
                failure.hint(format!("`servanda retract {seq} --reason …` takes it back"))
            }
            QueryError::NotCorrectable { .. } => {
                failure.hint("keys, policies and the clock have commands of their own")
            }
            QueryError::Ambiguous { .. } => failure.hint("give more digits"),
            QueryError::NotRecorded { .. } => failure.hint("a year or month is no position; write a day: 2026-11-22"),
            QueryError::InsideBatch(_) => failure.hint("ask by the position of the last event of a batch"),
            QueryError::SeveralSources { found, .. } => failure.hint(format!("give more digits of {}", listed(found))),
            QueryError::NoSource(digits) if digits.len() < 4 => failure.hint("give at least 4 digits"),
            QueryError::NoSource(_) => failure.hint("`servanda source list` shows the addresses"),
        }
    }
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}
