//! `servanda schema`

use clap::Args;

use crate::cli::failure::Exit;
use crate::cli::{Context, Outcome};
use crate::exchange::schema;

/// Print the JSON Schema that editors complete announcement files from
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda schema > announcement-file.schema.json
  servanda schema --line                            of one line of NDJSON")]
pub(in crate::cli) struct Schema {
    /// Of one announcement, as in a line of NDJSON
    #[arg(long)]
    line: bool,
}

impl Schema {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let schema = if self.line { schema::announcement() } else { schema::announcement_file() };
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        context.print(&(text + "\n"))?;
        Ok(Exit::Done)
    }
}
