//! `servanda counts`

use clap::Args;

use crate::cli::as_of::{Asking, known};
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{Page, counted};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::query::counts::{Candidate, Compared, Counts as CountsAnswer, Verdict, counts};

/// The most events of one party that people are shown.
const SHOWN_EVENTS: usize = 3;

/// Compare published numbers of parties with our own on that day
///
/// Ours is what `members` says of the day by what was announced when the number was. Says which parties, and which claims about them, may explain the difference.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda counts
  servanda counts ilrs --json")]
pub(in crate::cli) struct Counts {
    /// The agreement's id, or another of its names; all, if none is given
    agreement: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

impl Counts {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("counts", None, &[at.known])?;
        let answer = counts(&reading.snapshot, self.agreement.as_deref(), at)?;
        context.answer_last(answer)?;
        Ok(Exit::Done)
    }
}

impl Answer for CountsAnswer {
    const ITEMS: &'static str = "counts";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, &format!("Published numbers of parties, and ours{}", known(&self.vantage)));
        page.line(&counted(self.counts.len(), "number", "numbers"));
        let row = |of: &Compared| {
            let ours = if of.ours.certain == of.ours.most {
                of.ours.certain.to_string()
            } else {
                format!("{}–{}", of.ours.certain, of.ours.most)
            };
            let verdict = match of.verdict {
                Verdict::Agrees => "agrees".to_owned(),
                Verdict::More => format!("{} more than ours", of.difference),
                Verdict::Fewer => format!("{} fewer than ours", of.difference),
            };
            let disputed = if of.disputed { " (disputed)" } else { "" };
            let tone = if of.verdict == Verdict::Agrees { Tone::Good } else { Tone::Unsure };
            let cells = vec![
                of.agreement.clone(),
                counted_for(of.on.as_ref(), of.during.as_ref()),
                number(of),
                ours,
                format!("{verdict}{disputed}"),
                perhaps(of),
                of.publishers.join("; "),
                of.event.to_string(),
            ];
            (tone, cells)
        };
        let header = vec!["AGREEMENT", "ON", "NUMBER", "OURS", "VERDICT", "PERHAPS", "PUBLISHER", "EVENT"];
        page.section("", &Sheet { header, rows: self.counts.iter().map(row).collect() });
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |of: &Compared| {
            let cells = vec![
                of.agreement.clone(),
                of.on.as_ref().map(ToString::to_string).unwrap_or_default(),
                of.during.as_ref().map(ToString::to_string).unwrap_or_default(),
                of.number.to_string(),
                of.of.to_string(),
                of.joining.clone().unwrap_or_default(),
                of.ours.certain.to_string(),
                of.ours.most.to_string(),
                of.verdict.to_string(),
                of.difference.to_string(),
                of.agrees_as.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                of.explained_by.iter().map(|of| of.party.clone()).collect::<Vec<_>>().join(" "),
                of.publishers.join("; "),
                of.event.to_string(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec![
                "agreement",
                "on",
                "during",
                "number",
                "of",
                "joining",
                "ours_certain",
                "ours_most",
                "verdict",
                "difference",
                "agrees_as",
                "explained_by",
                "publishers",
                "event",
            ],
            rows: self.counts.iter().map(row).collect(),
        }
        .with_days(dates!["on"])
    }
}

/// The number and whom it counts, or the joining of which it is the place.
fn number(of: &Compared) -> String {
    match &of.joining {
        Some(joining) => format!("{} ({}), the place of {joining}", of.number, of.of),
        None => format!("{} ({})", of.number, of.of),
    }
}

/// What may explain the difference: who else may have been counted, and parties with their events.
fn perhaps(of: &Compared) -> String {
    let others = of.agrees_as.iter().map(|of| format!("it counts {of}"));
    others.chain(of.explained_by.iter().map(candidate)).collect::<Vec<_>>().join(", ")
}

fn candidate(of: &Candidate) -> String {
    let events: Vec<String> = of.events.iter().take(SHOWN_EVENTS).map(ToString::to_string).collect();
    let events = if events.is_empty() { String::new() } else { format!(": {}", events.join(", ")) };
    format!("{} ({}{events})", of.name, of.because.as_str().replace('-', " "))
}

/// For when a number was published.
pub(super) fn counted_for(on: Option<&Date>, during: Option<&Date>) -> String {
    on.map(Date::in_words).or(during.map(|date| format!("within {}", date.in_words()))).unwrap_or_default()
}
