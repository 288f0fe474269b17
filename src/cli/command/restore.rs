//! `servanda restore`

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::command::verify::VerifyAnswer;
use crate::cli::failure::{Exit, Failure};
use crate::cli::place::shell_word;
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::exchange::ndjson::lines;
use crate::integrity::EventHash;
use crate::ledger::Folder;
use crate::ledger::restore::{Meant, Restoration, Restored};

/// Make a ledger again from exported events, byte for byte
///
/// Every line is checked as it is read: the hash, the canonical form, the chain, the batches, the signatures and who was authorised. The ledger comes into its place only when all of it holds, and is verified once more as a whole; the verdicts are printed.
///
/// An export has no documents: they are missing, and `verify` says so, until they are copied into the folder documents/; --documents does that. The log's own key under keys/ is never exported: copy keys/log.key where you have it.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda restore copy.servanda --from ilrs.ndjson --documents .servanda/documents
  servanda export ndjson | servanda restore twin.servanda --from - --documents .servanda/documents")]
pub(in crate::cli) struct Restore {
    /// The ledger's folder, where nothing may be yet
    folder: PathBuf,
    /// What `export ndjson` wrote; - is standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Copy the documents that events name from this folder, where each is named by its hash
    #[arg(long, value_name = "FOLDER")]
    documents: Option<PathBuf>,
    /// The hash that the first event must have
    #[arg(long, value_name = "HASH")]
    genesis: Option<EventHash>,
    /// The hash that the newest event must have: nothing is missing at the end
    #[arg(long, value_name = "HASH")]
    expect_head: Option<EventHash>,
}

impl Restore {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let target = Folder::at(context.around.path(&self.folder));
        let meant = Meant { genesis: self.genesis, head: self.expect_head };
        let access = context.access("restore");
        // Whoever waits for the input to come is told at once that it would be for nothing.
        let mut restoration = Restoration::new(&target, meant, &access)?;
        self.take(&mut restoration, context)?;
        if let Some(documents) = &self.documents {
            copy(&restoration, documents, context)?;
        }
        let restored = restoration.finish(&access)?;
        self.tell(restored, context)
    }

    /// Reads the events, and hands them over.
    fn take(&self, restoration: &mut Restoration, context: &mut Context<'_, '_>) -> Result<(), Failure> {
        if self.from.as_os_str() == "-" {
            return take_all(restoration, BufReader::new(&mut *context.around.stdin));
        }
        let file = std::fs::File::open(context.around.path(&self.from)).map_err(|error| {
            let name = shown(&self.from.to_string_lossy()).into_owned();
            Failure::new(Exit::CouldNot, format!("{name} cannot be read: {error}"))
        })?;
        take_all(restoration, BufReader::new(file))
    }

    /// Moves it into its place, and says what it is.
    fn tell(&self, restored: Restored, context: &mut Context<'_, '_>) -> Outcome {
        let report = restored.report.clone();
        let folder = restored.publish()?;
        let path = context.shown_path(&folder);
        context.say(&format!("restored {path}: {} events, head {}\n", report.events, report.head));
        context.say("not in an export: the log's own key; copy keys/log.key where you have it\n");
        if self.documents.is_none() {
            let path = shell_word(&format!("{path}/documents"));
            context.say(&format!("not in an export: documents; copy them to {path}\n"));
        }
        context.answer(&VerifyAnswer::of(&report))?;
        Ok(if report.passed() { Exit::Done } else { Exit::No })
    }
}

fn take_all(restoration: &mut Restoration, input: impl BufRead) -> Result<(), Failure> {
    for read in lines(input) {
        let (line, event) = read?;
        restoration.push(event.hash, event.bytes).map_err(|error| {
            let mut failure = Failure::from(error);
            failure.message = format!("line {line}: {}", failure.message);
            failure
        })?;
    }
    Ok(())
}

fn copy(restoration: &Restoration, from: &Path, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let folder = context.around.path(from);
    if !folder.is_dir() {
        let name = shown(&from.to_string_lossy()).into_owned();
        return Err(Failure::new(Exit::CouldNot, format!("{name} is not a folder"))
            .hint("give the folder documents/ of the ledger, or a copy of it"));
    }
    let copied = restoration.copy_documents(&folder)?;
    context.say(&format!("copied {} of {} documents\n", copied.copied, copied.named));
    for refused in &copied.refused {
        context.complain(&format!("warning: {}\n", shown(refused)));
    }
    Ok(())
}
