//! `servanda template`

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Kind;
use crate::exchange::template::template;

/// Print a commented announcement file to start from
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda template joining > new.yaml
  servanda template prospect")]
pub(in crate::cli) struct Template {
    /// What to announce: party, agreement, mission, joining, memorandum, contribution, departure, suspension, statement, prospect, milestone, count, correction, retraction, dispute, confirmation, recorder-added or recorder-revoked
    #[arg(value_parser = kind)]
    kind: Kind,
}

impl Template {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Some(text) = template(self.kind) else {
            let failure = Failure::new(Exit::Misuse, format!("a {} is not written in announcement files", self.kind));
            return Err(failure.hint("`servanda template --help` names those that are"));
        };
        context.print(&text)?;
        Ok(Exit::Done)
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|_| {
        let written = Kind::ALL.iter().filter(|kind| kind.is_written_in_files());
        let words: Vec<&str> = written.map(|kind| kind.as_str()).collect();
        match crate::ledger::finding::nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the kinds are {}", words.join(", ")),
        }
    })
}
