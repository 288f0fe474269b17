//! What commands have in common that append what the ledger says of itself: whose key signs it, and what is told then.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::Answer;
use crate::cli::{Context, Outcome};
use crate::event::snapshot::Snapshot;
use crate::ledger::write::administer::Administered;
use crate::ledger::{AppendError, Clock, Code, Folder, KeyFile, Ledger};

/// An admin, who changes keys, policies and documents.
#[derive(Debug, Args)]
pub(super) struct Admin {
    #[command(flatten)]
    key: AdminKey,
    #[command(flatten)]
    clock: ClockSaid,
}

/// The key of an admin.
#[derive(Debug, Args)]
pub(super) struct AdminKey {
    /// An admin's key [default: the recorder's] [env: SERVANDA_KEY]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// What is said of the clock, by whoever appends.
#[derive(Debug, Args)]
pub(super) struct ClockSaid {
    /// Append though the clock is more than 400 days ahead of the newest event: it is right, and the ledger slept
    #[arg(long)]
    clock_is_right: bool,
}

impl ClockSaid {
    pub(super) fn clock(&self, context: &Context<'_, '_>) -> Clock {
        let now = context.around.now;
        if self.clock_is_right { Clock::said_to_be_right(now) } else { Clock::from(now) }
    }
}

impl Admin {
    pub(super) fn clock(&self, context: &Context<'_, '_>) -> Clock {
        self.clock.clock(context)
    }

    pub(super) fn key(&self, context: &Context<'_, '_>) -> Result<KeyFile, Failure> {
        self.key.read(context)
    }
}

impl AdminKey {
    pub(super) fn read(&self, context: &Context<'_, '_>) -> Result<KeyFile, Failure> {
        Ok(KeyFile::read(&context.key_path(self.key.as_ref())?)?)
    }
}

/// Says of an announcement about the ledger itself why it is none.
pub(super) fn unrecorded(error: AppendError) -> Failure {
    not_recorded(error, "that was not recorded")
}

/// Says which events there are now, signs the log where each append is signed, and answers.
pub(super) fn conclude<A: Answer>(
    (ledger, folder): (Ledger, &Folder),
    made: &[(&str, Administered)],
    answer: impl FnOnce(&Snapshot) -> A,
    context: &mut Context<'_, '_>,
) -> Outcome {
    for (kind, own) in made {
        context.say(&match own {
            Administered::Appended(seq) => format!("{kind}: event {seq}\n"),
            Administered::Already(seq) => format!("{kind}: already event {seq}\n"),
        });
    }
    let is_new = made.iter().any(|(_, own)| matches!(own, Administered::Appended(_)));
    let exit = if is_new { context.sign_if_due(&ledger, folder, None) } else { Exit::Done };
    let answer = answer(ledger.snapshot());
    context.close(ledger);
    context.answer(&answer)?;
    Ok(exit)
}

/// What admission found of an announcement that stands in no file, and what was not done for it.
pub(super) fn not_recorded(error: AppendError, undone: &str) -> Failure {
    let AppendError::NotAdmissible { findings } = error else { return error.into() };
    let mut found = findings.into_iter().flatten().filter(|finding| finding.code.refuses());
    let Some(first) = found.next() else { return Failure::new(Exit::No, undone) };
    let exit = if first.code == Code::UnknownReference { Exit::CouldNot } else { Exit::No };
    let failure = Failure::new(exit, format!("{}; {undone}", first.message));
    first.hint.into_iter().fold(failure, Failure::hint)
}
