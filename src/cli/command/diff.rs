//! `servanda diff`

use clap::Args;

use crate::cli::arguments::{day, recorded_by, said_day};
use crate::cli::as_of::{Knowing, footer, known, seen_from};
use crate::cli::command::awaiting::under_review;
use crate::cli::days::dates;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::{Page, counted, numbers};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::query::diff::{Change, Diff as DiffAnswer, Label, PartyChange, Side, diff};
use crate::query::{Known, RecordedBy, Standpoint, Vantage};

/// Compare two days, or with --recorded or --announced two states of knowledge
///
/// Each change says why: the world changed, it was learned late, we were wrong, it was retracted, disputed or confirmed. A new instrument with its parties is one change.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda diff 2023-10-17 2023-10-19
  servanda diff --recorded 40 56 --on 2023-10-19
  servanda diff --announced 2023-10-19 2023-10-20 --on 2023-10-19")]
pub(in crate::cli) struct Diff {
    /// The first day, also today or yesterday; with --recorded an event's position (digits alone), a day or a moment
    from: String,
    /// The second
    to: String,
    /// Compare what this ledger knew at two positions, days or moments
    #[arg(long, conflicts_with_all = ["announced", "recorded_by"])]
    recorded: bool,
    /// Compare what was announced by two days
    #[arg(long, conflicts_with = "announced_by")]
    announced: bool,
    /// The day that two states of knowledge are of; also today or yesterday [default: today, where you are]
    #[arg(long, value_name = "DATE", value_parser = day)]
    on: Option<Day>,
    #[command(flatten)]
    knowing: Knowing,
}

impl Diff {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let (from, to) = self.standpoints(context)?;
        let reading = context.read("diff", None, &[from.known, to.known])?;
        let answer = diff(&reading.snapshot, from, to)?;
        context.answer_last(answer)?;
        Ok(Exit::Done)
    }

    /// The two standpoints that are meant.
    fn standpoints(&self, context: &Context<'_, '_>) -> Result<(Standpoint, Standpoint), Failure> {
        let today = context.around.today().day;
        let at = self.knowing.standpoint(self.on.unwrap_or(today));
        let known = |known: Known| Standpoint { known, ..at };
        if self.recorded {
            let by = |text| -> Result<Standpoint, Failure> {
                let by: RecordedBy = parsed(text, recorded_by)?;
                Ok(known(Known { recorded_by: Some(by), ..at.known }))
            };
            return Ok((by(&self.from)?, by(&self.to)?));
        }
        let day = |text| parsed(text, |text| said_day(text, today));
        if self.announced {
            let by = |text| -> Result<Standpoint, Failure> {
                Ok(known(Known { announced_by: Some(day(text)?), ..at.known }))
            };
            return Ok((by(&self.from)?, by(&self.to)?));
        }
        if self.on.is_some() {
            return Err(Failure::new(Exit::Misuse, "--on is for two states of knowledge of one day")
                .hint("add --recorded or --announced, or leave --on out to compare two days"));
        }
        Ok((Standpoint { on: day(&self.from)?, ..at }, Standpoint { on: day(&self.to)?, ..at }))
    }
}

fn parsed<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Failure> {
    let hint = "two days; with --recorded, positions of events, days or moments";
    parse(text).map_err(|why| Failure::new(Exit::Misuse, format!("`{text}`: {why}")).hint(hint))
}

impl Answer for DiffAnswer {
    const ITEMS: &'static str = "changes";

    fn table(&self, screen: Screen) -> String {
        let title = if self.from.on == self.to.on {
            format!("On {}:{}, then{}", Date::of_day(self.from.on).in_words(), clock(&self.from), clock(&self.to))
        } else {
            format!("From {} to {}", Date::of_day(self.from.on).in_words(), seen_from(&self.to, screen))
        };
        let mut page = Page::new(screen, &title);
        page.line(&counted(self.changes.len(), "change", "changes"));
        let row = |change: &Change| {
            let labels: Vec<String> = change.labels.iter().map(|label| label.to_string().replace('-', " ")).collect();
            let reasons: Vec<&str> = change.reasons.iter().map(|of| of.reason.as_str()).collect();
            let reasons = if reasons.is_empty() { String::new() } else { format!(" — {}", reasons.join("; ")) };
            (tone(change), vec![labels.join(", "), format!("{}{reasons}", change.what), numbers(&change.events)])
        };
        let sheet = Sheet { header: vec!["WHY", "WHAT", "EVENTS"], rows: self.changes.iter().map(row).collect() };
        page.section("", &sheet);
        page.section("Awaiting reviewers, and not counted", &under_review(&self.awaiting));
        if self.from.position.len != self.to.position.len {
            page.line(&format!("\n{}", footer(&self.from.position, Screen { colour: false, ..screen })));
        }
        page.end(&self.to.position)
    }

    fn sheet(&self) -> Sheet {
        let text = |date: Option<&Date>| date.map(ToString::to_string).unwrap_or_default();
        let side = |side: Option<&Side>| {
            let status = side.map(|side| side.status.to_string()).unwrap_or_default();
            let certainty = side.map(|side| side.certainty.to_string()).unwrap_or_default();
            [
                status,
                certainty,
                text(side.and_then(|side| side.since.as_ref())),
                text(side.and_then(|side| side.until.as_ref())),
            ]
        };
        let row = |change: &Change, party: &PartyChange| {
            let labels: Vec<&str> = change.labels.iter().map(|label| label.as_str()).collect();
            let mut cells =
                vec![change.kind.to_string(), change.agreement.clone(), party.party.clone(), labels.join(" ")];
            cells.extend(side(party.before.as_ref()));
            cells.extend(side(party.after.as_ref()));
            cells.extend([change.what.clone(), numbers(&change.events)]);
            (Tone::Plain, cells)
        };
        let rows = self.changes.iter().flat_map(|change| change.parties.iter().map(move |party| row(change, party)));
        Sheet {
            header: vec![
                "kind",
                "agreement",
                "party",
                "labels",
                "before",
                "before_certainty",
                "before_since",
                "before_until",
                "after",
                "after_certainty",
                "after_since",
                "after_until",
                "what",
                "events",
            ],
            rows: rows.collect(),
        }
        .with_days(dates!["before_since", "before_until", "after_since", "after_until"])
    }
}

/// A state of knowledge in words.
fn clock(vantage: &Vantage) -> String {
    known(vantage).trim_start_matches(',').to_owned()
}

fn tone(change: &Change) -> Tone {
    match change.labels.first() {
        Some(Label::WeWereWrong | Label::Retracted) => Tone::Bad,
        Some(Label::LearnedLate | Label::Disputed) => Tone::Unsure,
        Some(Label::Confirmed) => Tone::Good,
        Some(Label::WorldChanged) | None => Tone::Plain,
    }
}
