//! `servanda export country-years`

use crate::exchange::json_line::json_line;
use clap::Args;

use crate::cli::arguments::word;
use crate::cli::as_of::Knowing;
use crate::cli::command::export::Target;
use crate::cli::command::members::{code, party_type};
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::domain::party::{Country, PartyType};
use crate::query::Status;
use crate::query::years::{CountryYears as Answer, Question, Resolver, Row, years};

/// Write a row for each party, agreement and year of membership
///
/// A year has many days, and with imprecise dates a day may have an uncertain answer. --resolve says which of the answers that `members` gives on the days of a year counts for it:
///
///   any-day-certain    the highest status that the party certainly has on some day
///   any-day-possible   the highest that it possibly has on some day; `certainty` says which
///   every-day-certain  the highest that it certainly has at least, on every day
///   on-1-jan           the highest that it certainly has on 1 January
///   on-31-dec          the highest that it certainly has on 31 December
///
/// Rows are written for parties of status member, or of a lower one with --at-least. Names, types and countries are those of the end of the year; alpha_2 and alpha_3 are the codes of ISO 3166-1. It is CSV unless --json or --format ndjson is given.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    before_help = "\
Examples:
  servanda export country-years country-years.csv
  servanda export country-years --agreement ilrs --from 2021 --to 2023 --type state
  servanda export country-years --to 2023 --resolve on-31-dec --json"
)]
pub(super) struct CountryYears {
    /// Only this agreement, by its id or another of its names
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
    /// The first year [default: the first in which anything turns]
    #[arg(long, value_name = "YEAR", value_parser = year(), allow_negative_numbers = true)]
    from: Option<i32>,
    /// The last year [default: the last in which anything turns, but none to come]
    #[arg(long, value_name = "YEAR", value_parser = year(), allow_negative_numbers = true)]
    to: Option<i32>,
    /// Which status counts for a year: any-day-certain, any-day-possible, every-day-certain, on-1-jan or on-31-dec
    #[arg(long, value_name = "WHICH", value_parser = resolver, default_value_t = Resolver::default())]
    resolve: Resolver,
    /// The lowest status that counts, such as associated or signatory
    #[arg(long, value_name = "STATUS", value_parser = status, default_value_t = Status::Member)]
    at_least: Status,
    /// Only parties of this type, such as state
    #[arg(long, value_name = "TYPE", value_parser = party_type)]
    r#type: Option<PartyType>,
    #[command(flatten)]
    knowing: Knowing,
    #[command(flatten)]
    target: Target,
}

fn year() -> clap::builder::RangedI64ValueParser<i32> {
    clap::value_parser!(i32).range(-9999..=9999)
}

fn resolver(text: &str) -> Result<Resolver, String> {
    word(Resolver::ALL, text)
}

/// A status that somebody has: nothing and no longer anything are none.
fn status(text: &str) -> Result<Status, String> {
    let all: Vec<Status> = Status::ALL.iter().copied().filter(|status| *status > Status::Former).collect();
    match word(&all, text)? {
        Status::None | Status::Former => word(&all, "").map_err(|words| format!("{text} is no part in it; {words}")),
        status => Ok(status),
    }
}

impl CountryYears {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            return Err(Failure::new(Exit::Misuse, "--from is after --to").hint("give the earlier year with --from"));
        }
        let question = Question {
            at: self.knowing.standpoint(context.around.today().day),
            agreement: self.agreement.as_deref(),
            from: self.from,
            to: self.to,
            party_type: self.r#type,
            at_least: self.at_least,
            resolver: self.resolve,
        };
        let reading = context.read("export", self.agreement.as_deref(), &[question.at.known])?;
        let answer = years(&reading.snapshot, question)?;
        self.write(&answer, context)
    }

    fn write(&self, answer: &Answer, context: &mut Context<'_, '_>) -> Outcome {
        match context.format() {
            Format::Table | Format::Csv => return self.target.csv(COLUMNS, answer.rows.iter().map(cells), context),
            Format::Json => {
                context.export(self.target.place.path(), |out| out.write_all(json_line(answer).as_bytes()))?;
            }
            Format::Ndjson => context.export(self.target.place.path(), |out| {
                answer.rows.iter().try_for_each(|row| out.write_all(json_line(row).as_bytes()))
            })?,
        }
        Ok(Exit::Done)
    }
}

/// The columns of country-years.
const COLUMNS: &[&str] =
    &["agreement", "party", "name", "type", "country", "alpha_2", "alpha_3", "year", "status", "certainty", "resolver"];

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.agreement.clone(),
        row.party.clone(),
        row.name.clone(),
        row.r#type.to_string(),
        row.country.as_ref().map(|country| country.as_str().to_owned()).unwrap_or_default(),
        code(row.country.as_ref(), Country::alpha_2),
        code(row.country.as_ref(), Country::alpha_3),
        row.year.to_string(),
        row.status.to_string(),
        row.certainty.to_string(),
        row.resolver.to_string(),
    ]
}
