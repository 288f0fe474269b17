//! `servanda backup`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::command::restore::remembered;
use crate::cli::command::verify::{VerifyAnswer, exit_of};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::recovered_from::{Given, name_of, take, take_input};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::event::chain::Head;
use crate::integrity::EventHash;
use crate::ledger::Progress;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::checkpoints::Checkpoints;
use crate::ledger::log::memory::{BackupKind, LastBackup};
use crate::ledger::log::older::Older;
use crate::ledger::recover::backup::{BackedUp, BackupError, Rest, backup_telling, backup_to};
use crate::ledger::recover::restore::{Restoration, Restored};
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::Report;

/// Back the ledger up into a file, or add what is new to a backup that is there
///
/// The file has the events, the documents, checkpoints, cosignatures, timestamps and settings: everything but the keys, of which you keep copies elsewhere. Others read and write meanwhile; what was acknowledged before it began is in it. If it is stopped, a new backup is not there, and an older one is as it was. Personal documents are in it, and readable: keep it as you keep the ledger.
///
/// As a stream it is all of the ledger each time, for a program that encrypts it or takes it elsewhere. See that the shell tells if one of both fails (set -o pipefail): what was cut is no backup.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    before_help = "\
Examples:
  servanda backup ilrs.backup
  servanda backup ilrs.backup                adds what is new since then
  servanda backup check ilrs.backup          that it holds, and can be restored
  servanda backup - > copy.backup            as a stream: for age, gpg or ssh behind |"
)]
pub(in crate::cli) struct Backup {
    #[command(subcommand)]
    what: Option<What>,
    /// The file; - is standard output
    #[arg(required = true)]
    file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(Check),
}

/// Check a backup, and make no ledger of it
///
/// Everything is checked that `restore` checks, and the verdicts are those of `verify`: hashes, chain, signatures, batches, documents, quotes and checkpoints, also against those that are remembered of the ledger. For a while it takes as much room as the ledger does, among the system's temporary files (TMPDIR). If the ledger was signed for more events since, that is said, and no fault.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda backup check ilrs.backup
  servanda backup check ilrs.backup --quiet    says nothing if all is well
  age --decrypt -i key.txt ilrs.backup.age | servanda backup check -")]
struct Check {
    /// The backup; - is standard input
    file: PathBuf,
}

/// Of a log that is known to have been longer, or another, no backup is begun: it would be taken for the newest.
fn check_known(context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let log = context.read_log("backup")?;
    // A log of which that cannot be read is told of when it is copied.
    let Ok(keys) = log.naming().map(|snapshot| Authority::of(&snapshot.events)) else { return Ok(()) };
    let known = context.met_log(&log, &keys)?;
    Ok(log.check_known(&known, &keys)?)
}

impl Backup {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if let Some(What::Check(check)) = self.what {
            return check.run(context);
        }
        let file = self.file.expect("it is required where there is no subcommand");
        let (folder, access) = (context.ledger().afresh(), context.access("backup"));
        let is_stream = file.as_os_str() == "-";
        if is_stream && context.around.out_is_terminal {
            return Err(
                Failure::new(Exit::Misuse, "a backup is no text").hint("name a file, or send it to a program: |")
            );
        }
        check_known(context)?;
        let (path, meter) = (context.around.path(&file), context.meter("backup"));
        let done = meter.run(|progress| {
            if is_stream {
                backup_to(&folder, &mut *context.around.out, &access, progress)
            } else {
                backup_telling(&folder, &path, &access, progress)
            }
        });
        let done = done.map_err(|error| match error {
            BackupError::Open(error) => context.not_opened(error, &folder),
            other => other.into(),
        })?;
        let answer = BackupAnswer::of(&file, &done);
        if is_stream {
            // The answer would come among what is backed up.
            context.say(&answer.table(context.error_screen()));
        } else if !context.is_silent() {
            context.answer(&answer)?;
        }
        tell(&file, &done, context);
        if done.faults.is_empty() {
            context.remember_backup(Some(path.as_path()).filter(|_| !is_stream), &done);
        }
        Ok(if done.faults.is_empty() { Exit::Done } else { Exit::No })
    }
}

/// Says what is worth knowing of a backup that was made, and what is wrong with it.
fn tell(file: &Path, done: &BackedUp, context: &mut Context<'_, '_>) {
    if let Some(Rest { bytes, what, .. }) = &done.rest {
        let name = shown(&file.to_string_lossy()).into_owned();
        context.complain(&format!(
            "warning: {name} ended with {bytes} bytes that were unfinished, and were replaced: {what}\n"
        ));
    }
    if done.gone > 0 {
        let documents = counted(done.gone, "document is", "documents are");
        context.say(&format!(
            "{documents} in the backup and no longer in the ledger: if they were erased, make a backup under another name, and delete this one\n"
        ));
    }
    for fault in &done.faults {
        context.complain(&format!("warning: {}\n", shown(fault)));
    }
    if !done.faults.is_empty() {
        let files = counted(done.faults.len(), "file", "files");
        context
            .complain(&format!("the backup is not whole: it lacks {files}; back up again when they are put right\n"));
    }
}

impl Check {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let meter = context.meter("backup check");
        let checked = meter.run(|progress| self.take(progress, context)).map_err(|failure| match failure.exit {
            Exit::No => Failure { hints: vec![OTHERS.to_owned()], ..failure },
            _ => failure,
        });
        let (restored, log, is_damaged) = checked?;
        if let Some(Older { len, known }) = restored.older {
            context.say(&format!("it has {len} events, and {known} are known by now: what is newer is not in it\n"));
        }
        VerifyAnswer::of(&restored.report).tell(context)?;
        if let (true, false, Some(log)) = (restored.report.passed(), is_damaged, log) {
            self.remember(&log, &restored.report, context);
        }
        Ok(if is_damaged { Exit::No } else { exit_of(&restored.report) })
    }

    /// Remembers that what came as a stream is whole: of a file that is there anybody can look.
    fn remember(&self, log: &LogId, report: &Report, context: &mut Context<'_, '_>) {
        if self.file.as_os_str() != "-" {
            return;
        }
        let head = Head { len: report.events, hash: report.head };
        let checked = LastBackup { file: PathBuf::new(), at: context.around.now, head, bytes: 0 };
        if let Err(error) = context.memory().backed_up(log, BackupKind::Checked, &checked) {
            context.complain_shown(&format!("warning: it is not remembered that the backup is whole: {error}"));
        }
    }

    /// Takes all of it, and tells of which log it is, and whether there is damage behind its end.
    fn take(
        &self,
        progress: Progress<'_>,
        context: &mut Context<'_, '_>,
    ) -> Result<(Restored, Option<LogId>, bool), Failure> {
        let (path, access) = (context.around.path(&self.file), context.access("backup check"));
        let mut restoration = Restoration::to_check(&context.folder_at(&path), &access)?;
        restoration.stop_when((context.around.watch_interrupt)()?);
        restoration.tell(progress);
        let taken = if self.file.as_os_str() == "-" {
            take_input(&mut *context.around.stdin, &mut restoration, None)?
        } else {
            take(&self.file, &path, &mut restoration, None)?
        };
        let Given::Backup { is_damaged } = taken.given else {
            let name = shown(&name_of(&self.file)).into_owned();
            return Err(Failure::new(Exit::No, format!("{name} is no backup: it does not begin as one does")));
        };
        taken.warn(context);
        let log = restoration.id();
        let remembered = match log.as_ref().zip(restoration.authority()) {
            Some((log, keys)) => remembered(&context.memory(), log, keys)?,
            None => Checkpoints::default(),
        };
        Ok((restoration.finish(&remembered, &access)?, log, is_damaged))
    }
}

/// What to do about a backup that does not hold.
const OTHERS: &str =
    "make another backup while the ledger is there; an older one, an export or a published copy may hold";

impl Context<'_, '_> {
    /// Remembers that the ledger was backed up, which no ledger knows of itself.
    fn remember_backup(&mut self, file: Option<&Path>, done: &BackedUp) {
        self.say_if_forgetful();
        let kind = if file.is_some() { BackupKind::File } else { BackupKind::Stream };
        let file = file.map(|file| file.canonicalize().unwrap_or_else(|_| file.to_owned())).unwrap_or_default();
        let last = LastBackup { file, at: self.around.now, head: done.head, bytes: done.bytes };
        self.remember_head(&done.log, done.head);
        if let Err(error) = self.memory().backed_up(&done.log, kind, &last) {
            self.complain_shown(&format!("warning: it is not remembered that there is a backup: {error}"));
        }
    }
}

/// The answer: `servanda/backup/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct BackupAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// The file, as it was named.
    file: String,
    /// Events that it had before.
    before: u64,
    /// Events that it has now.
    len: u64,
    /// Hash of the newest of them.
    head: EventHash,
    /// Documents, checkpoints and other files beside the events that were added now.
    files: usize,
    /// Documents in it that the ledger has no longer.
    gone: usize,
    /// What is wrong with documents that it should have.
    faults: Vec<String>,
    /// Its size in bytes.
    bytes: u64,
}

impl BackupAnswer {
    fn of(file: &Path, done: &BackedUp) -> Self {
        Self {
            schema: "servanda/backup/v1",
            file: file.display().to_string(),
            before: done.before,
            len: done.head.len,
            head: done.head.hash,
            files: done.files,
            gone: done.gone,
            faults: done.faults.clone(),
            bytes: done.bytes,
        }
    }
}

impl Answer for BackupAnswer {
    const ITEMS: &'static str = "backup";

    fn table(&self, _: Screen) -> String {
        let new = counted(usize::try_from(self.len - self.before).unwrap_or(usize::MAX), "event", "events");
        let files = counted(self.files, "file", "files");
        let head = format!("{:.16}", self.head.to_string());
        format!(
            "{}: {new} and {files} added; it holds {}, head {head}, in {} bytes\n",
            shown(&self.file),
            self.len,
            self.bytes
        )
    }

    fn sheet(&self) -> Sheet {
        let cells = vec![
            self.file.clone(),
            self.before.to_string(),
            self.len.to_string(),
            self.head.to_string(),
            self.files.to_string(),
            self.gone.to_string(),
            self.faults.len().to_string(),
            self.bytes.to_string(),
        ];
        Sheet {
            header: vec!["file", "before", "len", "head", "files", "gone", "faults", "bytes"],
            rows: vec![(Tone::Plain, cells)],
        }
    }
}
