//! `servanda export csv`

use std::path::Path;

use clap::{Args, Subcommand};

use crate::cli::arguments::{day, recorded_by};
use crate::cli::command::export::{Target, check_format};
use crate::cli::command::members::{Parties, code};
use crate::cli::days::days;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::Unfold as _;
use crate::cli::screen::{Answer, Format};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::party::Country;
use crate::query::actions::{Action, actions};
use crate::query::history::{Span, history};
use crate::query::{Known, RecordedBy};

/// Write a table as comma-separated values
///
/// Dates are EDTF, as they were recorded; beside each stand the first and the last day that it may mean, where they are known. `alpha_2` and `alpha_3` are the codes of ISO 3166-1 of a party's country. It is the table that --format csv gives of the same answer. A cell that begins with =, +, -, @ or a tab gets an apostrophe in front, so that no spreadsheet takes what somebody announced for a formula; so does a year before 0000, such as -0044. Drop that apostrophe to have the text.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda export csv members ilrs ilrs.csv --on 2023-10-19
  servanda export csv history pakistan pakistan.csv --bom
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
    /// A party, agreement or mission, by its id or another of its names; everything, if none is given, or only FILE, which then is - or ends in .csv
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
        self.target.sheet(answer.sheet(), context)
    }
}

impl History {
    fn run(mut self, context: &mut Context<'_, '_>) -> Outcome {
        if self.target.place.file.is_none()
            && let Some(file) = self.subject.take_if(|only| names_file(only))
        {
            if self.target.place.output.is_some() {
                let message = format!("{file} and --output both name the file");
                return Err(Failure::new(Exit::Misuse, message).hint("keep one of them"));
            }
            self.target.place.file = Some(file.into());
        }
        let known = self.knowing.known();
        let reading = context.read("export", None, &[known])?;
        let answer = history(&reading.snapshot, self.subject.as_deref(), Span::default(), known)?;
        self.target.sheet(answer.sheet(), context)
    }
}

impl Actions {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let known = self.knowing.known();
        let reading = context.read("export", None, &[known])?;
        let rows = actions(&reading.snapshot, known)?;
        self.target.csv(COLUMNS, rows.iter().map(cells), context)
    }
}

/// Whether the only argument is the file, and everything is meant.
fn names_file(argument: &str) -> bool {
    argument == "-" || Path::new(argument).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// The columns of acts.
const COLUMNS: &[&str] = &[
    "agreement",
    "party",
    "alpha_2",
    "alpha_3",
    "kind",
    "act",
    "role",
    "through",
    "occurred",
    "occurred_earliest",
    "occurred_latest",
    "effective",
    "effective_earliest",
    "effective_latest",
    "deposited",
    "deposited_earliest",
    "deposited_latest",
    "stay",
    "announced",
    "announced_earliest",
    "announced_latest",
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
    let [occurred, effective, deposited, announced] =
        [Some(&action.occurred), action.effective.as_ref(), action.deposited.as_ref(), action.announced.as_ref()]
            .map(with_days);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut cells = vec![
        action.agreement.clone(),
        text(&action.party),
        code(action.country.as_ref(), Country::alpha_2),
        code(action.country.as_ref(), Country::alpha_3),
        action.kind.to_string(),
        action.act.to_owned(),
        action.role.map(|role| role.to_string()).unwrap_or_default(),
        text(&action.through),
    ];
    cells.extend([occurred, effective, deposited].concat());
    cells.push(text(&action.stay));
    cells.extend(announced);
    cells.extend([
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
    ]);
    cells
}

/// A date with its first and its last day.
fn with_days(date: Option<&Date>) -> [String; 3] {
    let [earliest, latest] = days(date);
    [date.map(ToString::to_string).unwrap_or_default(), earliest, latest]
}
