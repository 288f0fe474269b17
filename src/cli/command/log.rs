//! `servanda log`

use clap::Args;

use crate::cli::failure::Exit;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::query::records::{Line, LogAnswer, log};

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
    last: Option<usize>,
}

impl Log {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let reading = Context::read_hashed(&context.read_log("log")?)?;
        let answer = log(&reading.facts, self.last);
        context.answer_last(answer)?;
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
