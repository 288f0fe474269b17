//! `servanda template`

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Kind;
use crate::exchange::table::map;
use crate::exchange::template::{self, template};

/// Print a commented announcement file to start from, a first case, or a map of a table's columns
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda template case > case.yaml         parties, an agreement and a joining: the first day
  servanda template joining > new.yaml
  servanda template map > columns.toml       for `servanda import csv`")]
pub(in crate::cli) struct Template {
    /// What to announce: party, agreement, mission, joining, memorandum, contribution, departure, suspension, statement, prospect, milestone, count, correction, retraction, dispute, confirmation, recorder-added or recorder-revoked; or case, or map
    #[arg(value_parser = what)]
    what: What,
}

/// What to start from.
#[derive(Debug, Clone, Copy)]
enum What {
    Announcement(Kind),
    Case,
    Map,
}

const CASE: &str = "case";
const MAP: &str = "map";

impl Template {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let kind = match self.what {
            What::Announcement(kind) => kind,
            What::Case => {
                context.print(template::CASE)?;
                return Ok(Exit::Done);
            }
            What::Map => {
                context.print(map::TEMPLATE)?;
                return Ok(Exit::Done);
            }
        };
        let Some(text) = template(kind) else {
            let failure = Failure::new(Exit::Misuse, format!("a {kind} is not written in announcement files"));
            return Err(failure.hint("`servanda template --help` names those that are"));
        };
        context.print(&text)?;
        Ok(Exit::Done)
    }
}

fn what(text: &str) -> Result<What, String> {
    match text {
        CASE => return Ok(What::Case),
        MAP => return Ok(What::Map),
        _ => {}
    }
    text.parse().map(What::Announcement).map_err(|_| {
        let written = Kind::ALL.iter().filter(|kind| kind.is_written_in_files());
        let words: Vec<&str> = written.map(|kind| kind.as_str()).chain([CASE, MAP]).collect();
        match crate::ledger::admission::finding::nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the kinds are {}", words.join(", ")),
        }
    })
}
