//! `servanda backup`

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::command::counted;
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::integrity::EventHash;
use crate::ledger::authority::Authority;
use crate::ledger::backup::{BackedUp, BackupError, Rest, backup_telling};

/// Back the ledger up into a file, or add what is new to a backup that is there
///
/// The file has the events, the documents, checkpoints, cosignatures, timestamps and settings: everything but the keys, of which you keep copies elsewhere. Others read and write meanwhile; what was acknowledged before it began is in it. If it is stopped, a new backup is not there, and an older one is as it was. Personal documents are in it, and readable: keep it as you keep the ledger.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda backup ilrs.backup
  servanda backup ilrs.backup                adds what is new since then")]
pub(in crate::cli) struct Backup {
    /// The file
    file: PathBuf,
}

/// Of a log that is known to have been longer, or another, no backup is begun: it would be taken for the newest.
fn check_known(context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let log = context.read_log("backup")?;
    // A log of which that cannot be read is told of when it is copied.
    let Ok(keys) = log.naming().map(|facts| Authority::of(&facts.events)) else { return Ok(()) };
    let known = context.met_log(&log, &keys)?;
    Ok(log.check_known(&known, &keys)?)
}

impl Backup {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        let (path, access) = (context.around.path(&self.file), context.access("backup"));
        check_known(context)?;
        let done = context.meter("backup").run(|progress| backup_telling(&folder, &path, &access, progress));
        let done = done.map_err(|error| match error {
            BackupError::Open(error) => context.not_opened(error, &folder),
            other => other.into(),
        })?;
        context.answer(&BackupAnswer::of(&self.file, &done))?;
        if let Some(Rest { bytes, what, .. }) = &done.rest {
            let name = shown(&self.file.to_string_lossy()).into_owned();
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
        if done.faults.is_empty() {
            return Ok(Exit::Done);
        }
        let files = counted(done.faults.len(), "file", "files");
        context
            .complain(&format!("the backup is not whole: it lacks {files}; back up again when they are put right\n"));
        Ok(Exit::No)
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
