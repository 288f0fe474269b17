//! From where a question is asked: the options that most questions share, and how answers repeat them.

use clap::Args;

use crate::cli::Context;
use crate::cli::arguments::{day, prefer, recorded_by};
use crate::cli::screen::{Screen, Tone};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::query::{Known, Position, Prefer, RecordedBy, Reported, Standpoint, Vantage};

/// A day, what was known, and which claims count.
#[derive(Debug, Args)]
pub(super) struct Asking {
    /// The day; also today or yesterday, where you are [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    on: Option<Day>,
    #[command(flatten)]
    knowing: Knowing,
}

/// What was known, and which claims count.
#[derive(Debug, Args)]
pub(super) struct Knowing {
    /// Count only what was certainly announced by this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    announced_by: Option<Day>,
    /// Count only what was recorded by then: an event's position (digits alone), or a day or moment in ISO 8601, such as
    /// 2026-11-22, 2026-11-22T14:41Z or 2026-11-22T15:41+01:00, up to its end; without an offset in UTC
    #[arg(long, value_name = "SEQ|TIME", value_parser = recorded_by)]
    recorded_by: Option<RecordedBy>,
    /// Which of several claims of one fact decides: strongest (by its source, then the more exact, then the first recorded),
    /// latest (announced last), official (of a depositary, party or host) or undisputed (that nobody denies)
    #[arg(long, value_name = "WHICH", value_parser = prefer)]
    prefer: Option<Prefer>,
    /// Show what is only reported, where nothing higher is confirmed
    #[arg(long)]
    include_reported: bool,
}

impl Asking {
    /// The standpoint that is meant; today, if no day is given.
    pub(super) fn standpoint(&self, context: &Context<'_, '_>) -> Standpoint {
        self.knowing.standpoint(self.on.unwrap_or(context.around.today().day))
    }
}

impl Knowing {
    /// The standpoint that is meant, on a day.
    pub(super) fn standpoint(&self, on: Day) -> Standpoint {
        Standpoint {
            on,
            known: Known { announced_by: self.announced_by, recorded_by: self.recorded_by },
            reported: if self.include_reported { Reported::Included } else { Reported::LeftOut },
            prefer: self.prefer.unwrap_or_default(),
        }
    }
}

/// The day in words, whether it is the reader's own, and what else was asked for beside all that is known.
pub(super) fn seen_from(vantage: &Vantage, screen: Screen) -> String {
    format!("{}{}", day_seen(vantage.on, screen), known(vantage))
}

/// A day in words; of the reader's own also that it is, by which clocks.
pub(super) fn day_seen(day: Day, screen: Screen) -> String {
    let words = Date::of_day(day).in_words();
    match screen.today.filter(|today| today.day == day) {
        Some(today) => format!("{words} (today, {today})"),
        None => words,
    }
}

/// What was asked for beside all that is known.
pub(super) fn known(vantage: &Vantage) -> String {
    let announced = vantage.announced_by.map(|day| format!(", as announced by {}", Date::of_day(day).in_words()));
    let recorded = vantage.recorded_by.map(|by| match by {
        RecordedBy::Seq(seq) => format!(", as recorded up to event {seq}"),
        RecordedBy::At(moment) => format!(", as recorded by {moment}"),
    });
    let preferred = match vantage.prefer {
        Prefer::Strongest => None,
        Prefer::Latest => Some(", where sources disagree by the latest"),
        Prefer::Official => Some(", where sources disagree by the official ones"),
        Prefer::Undisputed => Some(", where sources disagree by those that nobody denies"),
    };
    let reported = vantage.include_reported.then_some(", with what is only reported");
    announced
        .into_iter()
        .chain(recorded)
        .chain(preferred.map(str::to_owned))
        .chain(reported.map(str::to_owned))
        .collect()
}

/// The position that an answer rests on, as its last line.
pub(in crate::cli) fn footer(position: &Position, screen: Screen) -> String {
    let position = format!("from {} events, head {:.16}", position.len, position.head.to_string());
    screen.toned(Tone::Quiet, &position)
}
