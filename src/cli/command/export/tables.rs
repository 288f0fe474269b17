//! `servanda export csv`

use clap::{Args, Subcommand};

use crate::cli::command::export::{Target, check_format};
use crate::cli::command::members::{Parties, sheet};
use crate::cli::command::{day, recorded_by};
use crate::cli::page::Unfold as _;
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::query::actions::{Action, actions};
use crate::query::history::{Span, history};
use crate::query::{Known, RecordedBy};

/// Write a table as comma-separated values
///
/// Dates are EDTF, as they were recorded. A cell that begins with =, +, -, @ or a tab gets an apostrophe in front, so that no spreadsheet takes what somebody announced for a formula; so does a year before 0000, such as -0044. Drop that apostrophe to have the text.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda export csv members ilrs --on 2023-10-19 --output members.csv
  servanda export csv history pakistan
  servanda export csv actions --recorded-by 39")]
pub(super) struct Tables {
    #[command(subcommand)]
    table: Table,
}

#[derive(Debug, Subcommand)]
enum Table {
    Members(Members),
    History(History),
    Actions(Actions),
}

/// Who is what to an agreement on a day, a row a party
#[derive(Debug, Args)]
struct Members {
    #[command(flatten)]
    parties: Parties,
    #[command(flatten)]
    target: Target,
}

/// The change history, a row an announcement, with what was struck
#[derive(Debug, Args)]
struct History {
    /// A party, agreement or mission, by its id or another of its names; everything, if none is given
    subject: Option<String>,
    #[command(flatten)]
    knowing: By,
    #[command(flatten)]
    target: Target,
}

/// What parties did under agreements, a row an act, with what was struck
#[derive(Debug, Args)]
struct Actions {
    #[command(flatten)]
    knowing: By,
    #[command(flatten)]
    target: Target,
}

/// What was known.
#[derive(Debug, Args)]
struct By {
    /// Only what was certainly announced by this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    announced_by: Option<Day>,
    /// Only what was recorded by then: an event's position (digits alone), or a day or moment in ISO 8601,
    /// up to its end; without an offset in UTC
    #[arg(long, value_name = "SEQ|TIME", value_parser = recorded_by)]
    recorded_by: Option<RecordedBy>,
}

impl By {
    fn known(&self) -> Known {
        Known { announced_by: self.announced_by, recorded_by: self.recorded_by }
    }
}

impl Tables {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        check_format(context, Format::Csv, "CSV")?;
        match self.table {
            Table::Members(table) => table.run(context),
            Table::History(table) => table.run(context),
            Table::Actions(table) => table.run(context),
        }
    }
}

impl Members {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let answer = self.parties.answer(context, "export")?;
        // A table that is kept says of what and of when it is.
        let mut sheet = sheet(&answer.members);
        sheet.header.splice(..0, ["agreement", "on"]);
        for (_, cells) in &mut sheet.rows {
            cells.splice(..0, [answer.agreement.clone(), answer.vantage.on.to_string()]);
        }
        self.target.sheet(sheet, context)
    }
}

impl History {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let known = self.knowing.known();
        let reading = context.read("export", None, &[known])?;
        let answer = history(&reading.facts, self.subject.as_deref(), Span::default(), known)?;
        self.target.sheet(answer.sheet(), context)
    }
}

impl Actions {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let known = self.knowing.known();
        let reading = context.read("export", None, &[known])?;
        let rows = actions(&reading.facts, known)?;
        self.target.csv(COLUMNS, rows.iter().map(cells), context)
    }
}

/// The columns of acts.
const COLUMNS: &[&str] = &[
    "agreement",
    "party",
    "kind",
    "act",
    "role",
    "through",
    "occurred",
    "effective",
    "deposited",
    "stay",
    "announced",
    "recorded",
    "standing",
    "disputed",
    "publisher",
    "grade",
    "url",
    "source_ref",
    "id",
    "event",
    "struck_by",
];

fn cells(action: &Action) -> Vec<String> {
    let date = |date: &Option<Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        action.agreement.clone(),
        text(&action.party),
        action.kind.to_string(),
        action.act.to_owned(),
        action.role.map(|role| role.to_string()).unwrap_or_default(),
        text(&action.through),
        action.occurred.to_string(),
        date(&action.effective),
        date(&action.deposited),
        text(&action.stay),
        date(&action.announced),
        action.recorded.to_string(),
        action.standing.to_string(),
        action.disputed.to_string(),
        action.publishers.join("; "),
        action.grade.map(|grade| grade.to_string()).unwrap_or_default(),
        action.urls.join(" "),
        text(&action.source_ref),
        action.id.clone(),
        action.event.to_string(),
        action.struck_by.map(|event| event.to_string()).unwrap_or_default(),
    ]
}
