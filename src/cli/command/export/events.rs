//! `servanda export ndjson`

use std::io;
use std::ops::Range;

use clap::Args;

use crate::cli::command::export::{Place, check_format};
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::exchange::ndjson;
use crate::ledger::Log;
use crate::ledger::log::reader::ReadItem;
use crate::query::Position;

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
    #[command(flatten)]
    place: Place,
}

/// About so many bytes are written between two readings of the store.
const PIECE_BYTES: usize = 8 << 20;

impl Ndjson {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        check_format(context, Format::Ndjson, "NDJSON")?;
        let position = checked(&context.read_log("export")?)?;
        let (folder, access) = (context.ledger(), context.access("export"));
        context.export_metered(self.place.path(), |out, progress| {
            let mut seqs = 0..position.len;
            while !seqs.is_empty() {
                let text = piece(&Log::read(&folder, &access).map_err(io::Error::other)?, &mut seqs)?;
                out.write_all(text.as_bytes())?;
                progress("events written", seqs.start, position.len);
            }
            Ok(())
        })?;
        context.say(&format!("exported {} events, head {}\n", position.len, position.head));
        Ok(Exit::Done)
    }
}

/// Where a log ends that holds: what does not is not exported.
fn checked(log: &Log) -> Result<Position, Failure> {
    let head = log.check()?;
    Ok(Position { len: head.len, head: head.hash })
}

/// The lines of the next events, and not much more than [`PIECE_BYTES`]: whoever reads them slowly holds up nobody else
/// who wants the ledger, since events never change.
fn piece(log: &Log, seqs: &mut Range<u64>) -> io::Result<String> {
    let mut text = String::new();
    for found in log.found(seqs.clone()) {
        let run = match found {
            ReadItem::Run(run) => run,
            ReadItem::Unreadable { seq, what } => return Err(io::Error::other(format!("event {seq}: {what}"))),
        };
        for event in run.values() {
            text += &ndjson::line(event).map_err(|error| io::Error::other(format!("event {}: {error}", seqs.start)))?;
            seqs.start += 1;
        }
        if text.len() >= PIECE_BYTES {
            return Ok(text);
        }
    }
    // A store that is shorter than it was a moment ago is another one.
    if seqs.is_empty() { Ok(text) } else { Err(io::Error::other(format!("event {} is gone", seqs.start))) }
}
