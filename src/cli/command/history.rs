//! `servanda history`

use clap::Args;

use crate::cli::arguments::{day, recorded_by};
use crate::cli::as_of::footer;
use crate::cli::days::dates;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::{Claims, Line, Unfold, Unfolding, counted, dated, doubts, facts};
use crate::cli::screen::{Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::query::history::{Entry, History as HistoryAnswer, Span, history};
use crate::query::{Known, RecordedBy};

/// Show the full change history
///
/// In the order in which things happened. What was corrected or retracted is struck through, never hidden.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda history
  servanda history pakistan
  servanda history ilrs --from 2023-07-01 --to 2023-09-30")]
pub(in crate::cli) struct History {
    /// A party, agreement or mission, by its id or another of its names; everything, if none is given
    subject: Option<String>,
    /// Show only what may have happened on this day or later
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Day>,
    /// Show only what may have happened on this day or before
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Day>,
    /// Show only what was certainly announced by this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    announced_by: Option<Day>,
    /// Show only what was recorded by then: an event's position (digits alone), or a day or moment in ISO 8601,
    /// up to its end; without an offset in UTC
    #[arg(long, value_name = "SEQ|TIME", value_parser = recorded_by)]
    recorded_by: Option<RecordedBy>,
    /// Give every claim of a fact a line, beneath the one that decides
    #[arg(long)]
    claims: bool,
}

impl History {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let known = Known { announced_by: self.announced_by, recorded_by: self.recorded_by };
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            return Err(Failure::new(Exit::Misuse, "--from is after --to").hint("give the earlier day with --from"));
        }
        let span = Span { from: self.from, to: self.to };
        let reading = context.read("history", None, &[known])?;
        let answer = history(&reading.snapshot, self.subject.as_deref(), span, known)?;
        context.answer_last(Unfolding { answer, claims: Claims::wanted(self.claims) })?;
        Ok(Exit::Done)
    }
}

impl Unfold for HistoryAnswer {
    const ITEMS: &'static str = "entries";

    fn table(&self, screen: Screen, claims: Claims) -> String {
        let sheet = Sheet {
            header: vec!["WHEN", "WHAT", "SOURCE, ANNOUNCED", "EVENT"],
            rows: facts(&self.entries, claims).iter().map(cells).collect(),
        };
        format!(
            "{}\n{}\n{}\n",
            screen.table(&sheet, "nothing"),
            counted(self.entries.len(), "announcement", "announcements"),
            footer(&self.position, screen)
        )
    }

    fn sheet(&self) -> Sheet {
        let row = |entry: &Entry| {
            let cells = vec![
                entry.event.to_string(),
                entry.id.clone(),
                entry.kind.to_string(),
                entry.date.as_ref().map(ToString::to_string).unwrap_or_default(),
                entry.announced.as_ref().map(ToString::to_string).unwrap_or_default(),
                entry.what.clone(),
                entry.standing.to_string(),
                entry.sources.join("; "),
                entry.struck.as_ref().map(|struck| struck.event.to_string()).unwrap_or_default(),
                entry.review.as_ref().map(|told| told.state.to_string()).unwrap_or_default(),
                entry.suspect.map(|by| by.to_string()).unwrap_or_default(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec![
                "event",
                "id",
                "kind",
                "date",
                "announced",
                "what",
                "standing",
                "sources",
                "struck_by",
                "review",
                "suspect",
            ],
            rows: self.entries.iter().map(row).collect(),
        }
        .with_days(dates!["date", "announced"])
    }
}

fn cells(line: &Line<'_>) -> (Tone, Vec<String>) {
    let entry = line.entry;
    let when = match &entry.date {
        Some(date) => dated(date, entry.wording.as_deref()),
        None if entry.kind.is_description() => String::new(),
        None => entry.announced.as_ref().map(Date::in_words).unwrap_or_default(),
    };
    let mut what = entry.what.clone();
    if entry.standing == Standing::Reported {
        what = format!("(reported) {what}");
    }
    let mut tone = if entry.kind.is_description() { Tone::Quiet } else { Tone::Plain };
    if !entry.disputed_by.is_empty() {
        what += &format!(" — disputed by event {}", joined(&entry.disputed_by));
    }
    what += &doubts(entry.review.as_ref(), entry.suspect);
    if entry.is_unsure() {
        tone = Tone::Unsure;
    }
    if let Some(struck) = &entry.struck {
        let verb = if struck.replaced { "replaced" } else { "struck" };
        let reason = struck.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        what = format!("✗ {what} — {verb} by event {}{reason}", struck.event);
        tone = Tone::Struck;
    }
    let announced = entry.announced.as_ref().map(|date| format!(", {}", date.in_words())).unwrap_or_default();
    let source = if entry.sources.is_empty() { "no source".to_owned() } else { entry.sources.join("; ") };
    (tone, vec![when, line.what(&what), format!("{source}{announced}"), entry.event.to_string()])
}

fn joined(events: &[u64]) -> String {
    events.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
