//! `servanda export ndjson`

use std::io;
use std::path::PathBuf;

use clap::Args;

use crate::cli::command::export::check_format;
use crate::cli::failure::Exit;
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::exchange::ndjson;
use crate::ledger::Log;

/// Write every event whole, one a line
///
/// A line has the event's `statement` as text, its `signature` where a batch ends, and its `hash`; `servanda schema exported-event` describes it. Documents and the log's own key are not in it: keep a copy of the folder `documents/` beside it. Keep the head that is printed, too: a file that was cut between two batches cannot be told from an older export.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda export ndjson > ilrs-2023.ndjson
  servanda export ndjson | gzip > ilrs-2023.ndjson.gz
  servanda export ndjson | jq -r .statement | jq -r .id")]
pub(super) struct Ndjson {
    /// The file, there whole or not at all; standard output, if it is - or none is given
    file: Option<PathBuf>,
}

impl Ndjson {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        check_format(context, Format::Ndjson, "NDJSON")?;
        let reading = context.read("export")?;
        context.export(self.file.as_deref(), |out| {
            (0..reading.log.len()).try_for_each(|seq| out.write_all(line(&reading.log, seq)?.as_bytes()))
        })?;
        let position = reading.asked().position();
        context.say(&format!("exported {} events, head {}\n", position.len, position.head));
        Ok(Exit::Done)
    }
}

/// The line of an event that was read before.
fn line(log: &Log, seq: u64) -> io::Result<String> {
    let bytes = log.value(seq).unwrap_or(Err("not there"));
    let line = bytes.map_err(str::to_owned).and_then(|bytes| ndjson::line(bytes).map_err(|error| error.to_string()));
    line.map_err(|what| io::Error::other(format!("event {seq}: {what}")))
}
