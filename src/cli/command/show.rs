//! `servanda show`

use crate::exchange::json_line::json_line;
use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::page::review;
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::event::Event;
use crate::query::records::{Shown, find, show};

/// Show one event whole
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda show 12
  servanda show pakistan-joins-ilrs
  servanda show 12 --raw > event-12")]
pub(in crate::cli) struct Show {
    /// Its position, its announcement's id, or 8 or more digits of its hash
    event: String,
    /// Write the event's exact bytes
    #[arg(long)]
    raw: bool,
}

impl Show {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let log = context.read_log("show")?;
        let reading = Context::read_hashed(&log)?;
        let meant = find(&reading.snapshot, &self.event)?;
        let bytes = log.value(meant.seq).and_then(Result::ok);
        let unreadable = || Failure::new(Exit::CouldNot, format!("event {} cannot be read", meant.seq));
        let bytes = bytes.ok_or_else(unreadable)?;
        // What is shown beside a hash is what was hashed, whatever is kept of it.
        let Some(event) = Event::recall(&bytes).ok().filter(|event| event.tells(meant)) else {
            let message = format!("the facts that are kept of event {} are others than it tells", meant.seq);
            return Err(Failure::new(Exit::CouldNot, message).hint("`servanda verify` makes them anew"));
        };
        if self.raw {
            context.around.out.write_all(&bytes)?;
            context.around.out.flush()?;
            return Ok(Exit::Done);
        }
        drop(log);
        let answer = show(&reading.snapshot, &event);
        let for_people = context.format() == Format::Table;
        let text = if for_people { context.screen().fitted(&text(&answer)) } else { json_line(&answer) };
        context.page(&text)?;
        Ok(Exit::Done)
    }
}

/// The event for people: its header in lines, and what was announced as JSON with line breaks.
fn text(event: &Shown) -> String {
    let line = &event.line;
    let batch = if event.signed { "signed" } else { "signed with its batch" };
    let announcement = serde_json::to_string_pretty(&event.announcement).unwrap_or_default();
    let announcement: Vec<String> = announcement.lines().map(|line| shown(line).into_owned()).collect();
    let struck = event.struck_by.map(|by| format!("struck    by event {by}\n")).unwrap_or_default();
    let reviewed =
        event.review.as_ref().map(|told| format!("reviewers {}\n", shown(&review(told)))).unwrap_or_default();
    let suspect = event.suspect.map(|by| format!("suspect   key revoked as compromised by event {by}\n"));
    let suspect = suspect.unwrap_or_default();
    let clock =
        line.clock.map(|clock| format!(" (its clock said {}, corrected by event {})", clock.said, clock.corrected_by));
    let clock = clock.unwrap_or_default();
    format!(
        "event     {}\nid        {}\nwhat      {}\n{struck}{reviewed}{suspect}recorded  {}{clock} by {}\nbatch     ends with event {}, {batch}\nhash      {}\nprev      {}\n\n{}\n",
        line.seq,
        line.id,
        shown(&line.what),
        line.recorded,
        line.recorder,
        line.batch,
        line.hash,
        event.prev,
        announcement.join("\n")
    )
}
