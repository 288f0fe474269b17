//! `servanda retract`

use std::path::PathBuf;

use clap::Args;

use crate::cli::administer::ClockSaid;
use crate::cli::command::append::Append;
use crate::cli::failure::Failure;
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::exchange::announcement_file::AnnouncementFile;
use crate::exchange::correction::retraction;
use crate::exchange::tree::Format;
use crate::query::records::find;

/// Take an announcement back: undo
///
/// Nothing is deleted. The retraction is an event of its own, and what it takes back stays to be seen, struck through, and counts no more from then on. A retraction of a retraction, or of a correction, brings back what that struck. Where a source withdrew what it said, an announcement file names that source: `servanda template retraction`.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda retract 23 --reason \"Recorded by mistake\" --dry-run
  servanda retract pakistan-joins-ilrs --reason \"It was another programme\" --dry-run")]
pub(in crate::cli) struct Retract {
    /// Its position, its announcement's id, or 8 or more digits of its hash
    event: String,
    /// Why, in words that stay in the ledger for ever
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When that was made public [default: the day of recording counts]
    #[arg(long, value_name = "DATE", value_parser = date)]
    announced: Option<Date>,
    /// Check everything, show which answers would change, write nothing
    #[arg(long)]
    dry_run: bool,
    /// The recorder's key [default: the one that `init` made] [env: SERVANDA_KEY]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    clock: ClockSaid,
}

impl Retract {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let text = {
            let log = context.read_log("retract")?;
            let reading = Context::read_hashed(&log)?;
            let event = find(&reading.snapshot, &self.event).map_err(Failure::from)?;
            retraction(&event.id, &self.reason, self.announced.as_ref())
        };
        let name = format!("the retraction of {}", self.event);
        let file = AnnouncementFile::read(&name, Some(Format::Yaml), text.as_bytes(), &context.around.folder);
        Append::of_command(self.key, self.clock, self.dry_run).append(vec![file], &[], context)
    }
}

/// A date on the command line.
fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}
