//! `servanda timeline`

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::day;
use crate::cli::as_of::{Knowing, day_seen, footer, known};
use crate::cli::command::members::party_type;
use crate::cli::days::dates;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::numbers;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome, svg, timeline_chart};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::party::PartyType;
use crate::domain::text::shown;
use crate::query::timeline::{PartyLine, Question, Span, Timeline as TimelineAnswer, timeline};

/// Draw membership over time, in the terminal or as SVG
///
/// A bar reaches from the first day to the last of each status; where a day is not known exactly, the bar is broken.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda timeline ilrs --to 2023-12-31
  servanda timeline ilrs --from 2023-01-01 --to 2023-12-31 --type state
  servanda timeline ilrs --to 2023-12-31 --svg ilrs.svg")]
pub(in crate::cli) struct Timeline {
    /// The agreement's id, or another of its names
    agreement: String,
    /// The first day [default: the first on which anything is told]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Day>,
    /// The last day; also today or yesterday [default: today, where you are]
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Day>,
    /// Only parties of this type, such as state
    #[arg(long, value_name = "TYPE", value_parser = party_type)]
    r#type: Option<PartyType>,
    /// Write a picture to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    knowing: Knowing,
}

impl Timeline {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let to = self.to.unwrap_or(context.around.today().day);
        if self.from.is_some_and(|from| from > to) {
            return Err(Failure::new(Exit::Misuse, "--from is after --to").hint("give the earlier day with --from"));
        }
        let question = Question { at: self.knowing.standpoint(to), from: self.from, party_type: self.r#type };
        let reading = context.read("timeline", Some(&self.agreement), &[question.at.known])?;
        let answer = timeline(&reading.snapshot, &self.agreement, question)?;
        match self.svg {
            None => context.answer(&answer)?,
            Some(file) if file.as_os_str() == "-" => context.print(&svg::picture(&answer))?,
            Some(file) => {
                std::fs::write(context.around.path(&file), svg::picture(&answer))?;
                context.say(&format!("wrote {}\n", shown(&file.to_string_lossy())));
            }
        }
        Ok(Exit::Done)
    }
}

impl Answer for TimelineAnswer {
    const ITEMS: &'static str = "parties";

    fn table(&self, screen: Screen) -> String {
        let words = |day: Day| Date::of_day(day).in_words();
        let title = format!(
            "{} ({}), {} to {}{}",
            self.title,
            self.agreement,
            words(self.from),
            day_seen(self.vantage.on, screen),
            known(&self.vantage)
        );
        let drawing = if self.parties.is_empty() {
            "nobody takes part on any of these days\n".to_owned()
        } else {
            timeline_chart::draw(self, screen)
        };
        let title = screen.title(&screen.wrapped(&shown(&title)));
        format!("{title}\n\n{drawing}\n{}\n", footer(&self.vantage.position, screen))
    }

    fn sheet(&self) -> Sheet {
        let row = |line: &PartyLine, span: &Span| {
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            let text = |date: Option<&Date>| date.map(ToString::to_string).unwrap_or_default();
            let cells = vec![
                line.party.clone(),
                line.name.clone(),
                line.r#type.to_string(),
                day(span.from),
                day(span.to),
                span.status.to_string(),
                span.certainty.to_string(),
                text(span.since.as_ref()),
                text(span.until.as_ref()),
                span.standing.to_string(),
                span.disputed.to_string(),
                numbers(&span.disagree),
                numbers(&span.events),
            ];
            (Tone::Plain, cells)
        };
        let rows = self.parties.iter().flat_map(|line| line.spans.iter().map(move |span| row(line, span)));
        Sheet {
            header: vec![
                "party",
                "name",
                "type",
                "from",
                "to",
                "status",
                "certainty",
                "since",
                "until",
                "standing",
                "disputed",
                "disagree",
                "events",
            ],
            rows: rows.collect(),
        }
        .with_days(dates!["since", "until"])
    }
}
