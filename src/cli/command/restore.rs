//! `servanda restore`

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::recorded_by;
use crate::cli::command::verify::{VerifyAnswer, exit_of};
use crate::cli::failure::{Exit, Failure};
use crate::cli::locate::shell_word;
use crate::cli::recovered_from::{self, Given, Taken, take, take_input};
use crate::cli::{Context, Outcome};
use crate::integrity::EventHash;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::memory::Memory;
use crate::ledger::log::older::Older;
use crate::ledger::recover::restore::{At, Known, Meant, Restoration, RestoreError, Restored};
use crate::ledger::state::authority::Authority;
use crate::ledger::{Folder, Progress};
use crate::query::RecordedBy;
use crate::store::acting::{Acting, as_oneself};

/// Make a ledger again from a backup, an export or a published log, byte for byte
///
/// Everything is checked as it is read: hashes, the canonical form, the chain, the batches, the signatures and who was authorised. The ledger comes into its place only when all of it holds, also against the newest checkpoint that is known of it anywhere, and is verified once more as a whole; the verdicts are printed. A ledger that is there is left alone: `servanda repair` takes its place. If a backup is damaged, what stands before that is restored, and the exit code is 1.
///
/// --at takes from one backup what there was up to an event, with its batch, or what was recorded by a day. What is newer is checked all the same, and what it says was erased stays erased. The ledger that is made says that it is older than what is known, and is only read: nothing is appended to it, and it is not signed. With --despite-known it can be gone on with, once `servanda forget` laid aside what is remembered of newer events.
///
/// An export has no documents: they are missing, and `verify` says so, until they are copied into the folder documents/; --documents does that. The log's own key under keys/ is in no backup and no export: copy keys/log.key where you have it.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda restore ilrs.backup copy.servanda
  servanda restore ilrs.backup before.servanda --at 30      up to that event, or a day
  age --decrypt -i key.txt ilrs.backup.age | servanda restore - copy.servanda
  servanda restore ilrs.ndjson third.servanda --documents .servanda/documents
  servanda export ndjson | servanda restore - twin.servanda --documents .servanda/documents")]
pub(in crate::cli) struct Restore {
    /// What `backup` or `export ndjson` wrote, or the folder of `export tiles`; - is one of the first two on standard input
    file: PathBuf,
    /// The ledger's folder, where nothing may be yet
    folder: PathBuf,
    /// Copy the documents that events name from this folder, where each is named by its hash
    #[arg(long, value_name = "FOLDER")]
    documents: Option<PathBuf>,
    /// The hash that the first event must have
    #[arg(long, value_name = "HASH")]
    genesis: Option<EventHash>,
    /// The hash that the newest event must have: nothing is missing at the end
    #[arg(long, value_name = "HASH")]
    expect_head: Option<EventHash>,
    /// Up to this event, or what was recorded by this moment: a position, a day, or a time
    #[arg(long, value_name = "EVENT|DATE", value_parser = recorded_by)]
    at: Option<RecordedBy>,
    /// Restore it to be read also if a checkpoint is known that it does not hold; with --at, also to go on with it
    #[arg(long)]
    despite_known: bool,
}

impl Restore {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let target = context.folder_at(context.around.path(&self.folder));
        let mut taken = None;
        let made = context.meter("restore").run(|progress| self.take(&target, progress, &mut taken, context));
        if let Some(taken) = &taken {
            taken.tell(context);
        }
        let (restored, log, given) = made?;
        context.warn_of(&log.origin, context.memory().namesake(&log, &target)?);
        self.tell((restored, &log), given, context)
    }

    /// Takes all of it and finishes it; what was taken is told also where that does not come to its end.
    fn take(
        &self,
        target: &Folder,
        progress: Progress<'_>,
        taken: &mut Option<Taken>,
        context: &mut Context<'_, '_>,
    ) -> Result<(Restored, LogId, Given), Failure> {
        let known = known(self.despite_known);
        let meant = Meant { genesis: self.genesis, head: self.expect_head, known };
        let access = context.access("restore");
        let _acting = Acting::as_owner_around(target.path())?;
        // Whoever waits for the input to come is told at once that it would be for nothing.
        let mut restoration = Restoration::new(target, meant, &access)?;
        restoration.stop_when((context.around.watch_interrupt)()?);
        restoration.tell(progress);
        let at = self.at.map(|at| match at {
            RecordedBy::Seq(seq) => At::Event(seq),
            RecordedBy::At(moment) => At::Moment(moment),
        });
        let all = if self.file.as_os_str() == "-" {
            take_input(&mut *context.around.stdin, &mut restoration, at)?
        } else {
            take(&self.file, &context.around.path(&self.file), &mut restoration, at)?
        };
        let given = all.given;
        let all = taken.insert(all);
        if let Some(documents) = &self.documents {
            let hint = "give the folder documents/ of the ledger, or a copy of it";
            all.copied.push(restoration.copy_documents(&recovered_from::folder(documents, hint, context)?)?);
        }
        let log = restoration.id();
        let remembered = match log.as_ref().zip(restoration.authority()) {
            Some((log, keys)) => as_oneself(|| remembered(&context.memory(), log, keys))?,
            None => Checkpoints::default(),
        };
        // What nobody signed may have been lost with the disk: that is told of what was restored.
        let restored = restoration.finish(&remembered.signed(), &access)?;
        Ok((restored, log.ok_or(RestoreError::Empty)?, given))
    }

    /// Moves it into its place, and says what it is.
    fn tell(&self, (restored, log): (Restored, &LogId), given: Given, context: &mut Context<'_, '_>) -> Outcome {
        let (report, older) = (restored.report.clone(), restored.older);
        // Whoever restores a ledger means it to be in this folder from now on.
        let target = restored.target();
        let folder = context.settle(&target, log, || {
            let _acting = Acting::as_owner_around(target.path())?;
            restored.publish()
        })?;
        context.say_if_older(log, report.events)?;
        context.remember_restored((log, &report), self.despite_known);
        let path = context.shown_path(&folder);
        context.say(&format!("restored {path}: {} events, head {}\n", report.events, report.head));
        if let Some(Older { len, known }) = older {
            let signed = context.memory().checkpoints(log).sizes().ok().and_then(|sizes| sizes.last().copied());
            let may = match (self.despite_known, signed.is_some_and(|signed| signed > len)) {
                (false, _) => "it is only read".to_owned(),
                (true, false) => "it can be gone on with".to_owned(),
                (true, true) => {
                    let forget = format!("`servanda forget {}`", log.origin);
                    format!(
                        "it can be gone on with, once {forget} laid aside what is remembered of those that were signed"
                    )
                }
            };
            context.say(&format!("older: it has {len} events, and {known} are known; {may}\n"));
        }
        let what = if matches!(given, Given::Backup { .. }) { "a backup" } else { "an export" };
        context.say(&format!("not in {what}: the log's own key; copy keys/log.key where you have it\n"));
        if self.documents.is_none() && given == Given::Export {
            let path = shell_word(&format!("{path}/documents"));
            context.say(&format!("not in an export: documents; copy them to {path}\n"));
        }
        VerifyAnswer::of(&report).tell(context)?;
        let is_all = given != Given::Backup { is_damaged: true };
        Ok(if is_all { exit_of(&report) } else { Exit::No })
    }
}

/// The checkpoints that are remembered of a log with those keys.
pub(super) fn remembered(memory: &Memory, log: &LogId, keys: &Authority) -> Result<Checkpoints, CheckpointsError> {
    memory.adopt(log, keys)?;
    Ok(memory.checkpoints(log))
}

/// Whether checkpoints that are known may tell of more.
pub(super) fn known(despite: bool) -> Known {
    if despite { Known::MayDiffer } else { Known::Holds }
}
