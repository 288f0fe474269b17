//! `servanda log`

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::pieces::Pieces;
use crate::cli::screen::{Answer, Format, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::ledger::{Cursor, Log as Events};
use crate::query::Position;
use crate::query::records::{Line, LogAnswer, Naming};

/// List the events in the order of recording
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda log
  servanda log --last 5
  servanda log --format ndjson > log.ndjson")]
pub(in crate::cli) struct Log {
    /// Only the newest so many
    #[arg(long, value_name = "NUMBER")]
    last: Option<u64>,
}

/// The lines that are in memory at a time, except for a table, whose columns are as wide as all of them need.
const AT_A_TIME: u64 = 32_768;

impl Log {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let log = context.read_log("log")?;
        let known = log.naming()?;
        let naming = Naming::of(&known);
        let answer = |lines| LogAnswer::of(&known.origin, Position::of(&known), lines);
        let mut pass = Cursor::newest(self.last.unwrap_or(u64::MAX), &known.heads, &known.origin);
        let next = |log: &Events, pass: &mut Cursor| log.next(pass, AT_A_TIME, |event| naming.line(&event));
        let is_table = context.format() == Format::Table;
        let all = known.heads.len().min(self.last.unwrap_or(u64::MAX));
        let lines = context.meter("log").run(|progress| {
            let mut lines = next(&log, &mut pass)?;
            while is_table && !pass.is_done() {
                progress("events read", lines.len() as u64, all);
                lines.extend(next(&log, &mut pass)?);
            }
            progress("events read", lines.len() as u64, all);
            Ok::<_, Failure>(lines)
        })?;
        // Whoever reads slowly holds up nobody who wants the ledger.
        drop(log);
        if pass.is_done() {
            context.answer_last(answer(lines))?;
            return Ok(Exit::Done);
        }
        let mut pieces = Pieces::of(&answer(Vec::new()), context.format());
        context.print(&pieces.next(&answer(lines)))?;
        while !pass.is_done() {
            let lines = next(&context.read_log("log")?, &mut pass)?;
            context.print(&pieces.next(&answer(lines)))?;
        }
        context.print(&pieces.end())?;
        Ok(Exit::Done)
    }
}

impl Answer for LogAnswer {
    const ITEMS: &'static str = "events";

    fn table(&self, screen: Screen) -> String {
        let row = |line: &Line| {
            let recorded = line.recorded.to_string();
            let cells = vec![
                line.seq.to_string(),
                recorded[..16].replace('T', " "),
                line.recorder.to_string(),
                line.id.clone(),
                line.what.clone(),
                format!("{:.8}", line.hash.to_string()),
            ];
            (if line.kind.is_description() { Tone::Quiet } else { Tone::Plain }, cells)
        };
        let sheet = Sheet {
            header: vec!["EVENT", "RECORDED", "BY", "ID", "WHAT", "HASH"],
            rows: self.events.iter().map(row).collect(),
        };
        screen.table(&sheet, "no events")
    }

    fn sheet(&self) -> Sheet {
        let row = |line: &Line| {
            let cells = vec![
                line.seq.to_string(),
                line.recorded.to_string(),
                line.recorder.to_string(),
                line.kind.to_string(),
                line.id.clone(),
                line.what.clone(),
                line.hash.to_string(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["event", "recorded", "recorder", "kind", "id", "what", "hash"],
            rows: self.events.iter().map(row).collect(),
        }
    }
}
