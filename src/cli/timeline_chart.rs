//! A timeline in a terminal: one line a party, one column for so many days.
//!
//! What is only possible is broken by question marks, so that it is seen without colours too.

use std::collections::BTreeSet;

use crate::cli::screen::{Screen, Tone};
use crate::domain::announcement::Standing;
use crate::domain::day::Day;
use crate::domain::text::shown;
use crate::domain::window::Certainty;
use crate::query::Status;
use crate::query::timeline::{PartyLine, Span, Timeline};

/// Columns where lines may be of any length.
const UNBOUNDED: usize = 100;
/// The fewest columns that are drawn on.
const NARROWEST: usize = 40;
/// The most columns of a party's name.
const NAME: usize = 28;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Draws a timeline of at least one party.
pub(super) fn draw(timeline: &Timeline, screen: Screen) -> String {
    let width = screen.width.unwrap_or(UNBOUNDED).max(NARROWEST);
    let names: Vec<String> = timeline.parties.iter().map(|line| shown(&line.name).into_owned()).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let margin = longest.min(NAME).min(width / 3);
    let scale = Scale::new(timeline.from, timeline.vantage.on, width - margin - 2);
    let mut text = format!("{:margin$}  {}\n", "", scale.axis());
    for (line, name) in timeline.parties.iter().zip(&names) {
        let bar: String = scale.bar(line, screen);
        text += &format!("{:margin$}  {}\n", clipped(name, margin), bar.trim_end());
    }
    text + &format!("\n{}\n", screen.wrapped(&legend(timeline)))
}

/// The glyph of a status, and its tone.
const fn glyph(status: Status) -> (char, Tone) {
    match status {
        Status::Member => ('█', Tone::Good),
        Status::Suspended => ('▚', Tone::Bad),
        Status::Contracting => ('▓', Tone::Plain),
        Status::Provisional => ('▒', Tone::Plain),
        Status::Signatory => ('═', Tone::Plain),
        Status::Associated => ('─', Tone::Plain),
        Status::Prospective | Status::Former | Status::None => ('·', Tone::Quiet),
    }
}

/// What makes a span less than plain: every other column says so.
fn marks(span: &Span) -> Vec<char> {
    let marks = [
        (span.certainty == Certainty::Possible, '?'),
        (span.standing == Standing::Reported, '~'),
        (is_contested(span), '!'),
    ];
    marks.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| mark).collect()
}

fn clipped(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_owned();
    }
    let kept: String = name.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Whether somebody denies it, or would have another answer.
pub(super) fn is_contested(span: &Span) -> bool {
    span.disputed || !span.disagree.is_empty()
}

/// What is contested in a timeline, in words; nothing, if nothing is.
pub(super) fn contested(timeline: &Timeline) -> Option<&'static str> {
    let any = |holds: fn(&Span) -> bool| timeline.parties.iter().flat_map(|line| &line.spans).any(holds);
    match (any(|span| span.disputed), any(|span| !span.disagree.is_empty())) {
        (true, true) => Some("disputed, or sources disagree"),
        (true, false) => Some("disputed"),
        (false, true) => Some("sources disagree"),
        (false, false) => None,
    }
}

fn legend(timeline: &Timeline) -> String {
    let spans = || timeline.parties.iter().flat_map(|line| &line.spans);
    let statuses: BTreeSet<Status> = spans().map(|span| span.status).collect();
    let mut words: Vec<String> = statuses.iter().rev().map(|status| format!("{} {status}", glyph(*status).0)).collect();
    let used: BTreeSet<char> = spans().flat_map(marks).collect();
    let contested = contested(timeline).map(|words| format!("! {words}"));
    let meanings = [('?', "? perhaps"), ('~', "~ reported")];
    words.extend(meanings.into_iter().filter(|(mark, _)| used.contains(mark)).map(|(_, words)| words.to_owned()));
    words.extend(contested);
    words.join("   ")
}

/// Days to columns.
struct Scale {
    from: Day,
    to: Day,
    columns: usize,
}

impl Scale {
    fn new(from: Day, to: Day, columns: usize) -> Self {
        Self { from, to, columns }
    }

    fn days(&self) -> usize {
        usize::try_from(self.to.days_since_epoch() - self.from.days_since_epoch()).unwrap_or_default() + 1
    }

    /// The first day of a column.
    fn day(&self, column: usize) -> Day {
        let days = column * self.days() / self.columns;
        self.from.shift(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// The column in which a day lies.
    fn column(&self, day: Day) -> usize {
        let days = usize::try_from(day.days_since_epoch() - self.from.days_since_epoch()).unwrap_or_default();
        ((days + 1) * self.columns).div_ceil(self.days()).saturating_sub(1).min(self.columns - 1)
    }

    /// Marks of time, as many as fit.
    fn axis(&self) -> String {
        let mut line = vec![' '; self.columns];
        let mut free = 0;
        for (day, label) in self.ticks() {
            let at = self.column(day);
            let length = label.chars().count();
            if at >= free && at + length <= self.columns {
                line.splice(at..at + length, label.chars());
                free = at + length + 1;
            }
        }
        line.into_iter().collect::<String>().trim_end().to_owned()
    }

    /// Beginnings of years, or of months where the days are few.
    fn ticks(&self) -> Vec<(Day, String)> {
        let (first, last) = (self.from.ymd().0, self.to.ymd().0);
        if self.days() <= 3 * 366 {
            let count = self.days() / 30 + 1;
            let step = [1, 2, 3, 6].into_iter().find(|step| count.div_ceil(*step) * 5 <= self.columns).unwrap_or(12);
            let months = (first..=last).flat_map(|year| (1..=12).step_by(step).map(move |month| (year, month)));
            let days = months.filter_map(|(year, month)| {
                let day = Day::from_ymd(year, month, 1).ok()?;
                let name = MONTHS[usize::from(month) - 1];
                Some((day, if month == 1 { year.to_string() } else { name.to_owned() }))
            });
            let mut ticks: Vec<(Day, String)> = days.filter(|(day, _)| (self.from..=self.to).contains(day)).collect();
            // Months alone would leave the year open.
            let has_year = ticks.iter().any(|(day, _)| day.ymd().1 == 1);
            if let Some((day, label)) = ticks.first_mut().filter(|_| !has_year) {
                *label = format!("{label} {}", day.ymd().0);
            }
            return ticks;
        }
        let years = usize::try_from(last - first).unwrap_or_default() + 1;
        let fitting = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
        let step = fitting.into_iter().find(|step| years.div_ceil(*step) * 6 <= self.columns).unwrap_or(10_000);
        let step = i32::try_from(step).unwrap_or(i32::MAX);
        let ticks = (first..=last).filter(|year| year.rem_euclid(step) == 0);
        let days = ticks.filter_map(|year| Some((Day::from_ymd(year, 1, 1).ok()?, year.to_string())));
        days.filter(|(day, _)| (self.from..=self.to).contains(day)).collect()
    }

    fn bar(&self, line: &PartyLine, screen: Screen) -> String {
        let mut bar = String::new();
        for column in 0..self.columns {
            let first = self.day(column);
            let last = self.day(column + 1).previous().max(first);
            match told(line, first, last) {
                None => bar.push(' '),
                Some(span) => {
                    let (glyph, tone) = glyph(span.status);
                    let marks = marks(span);
                    let mark = if column % 2 == 1 { marks.iter().cycle().nth(column / 2) } else { None };
                    let tone = if marks.is_empty() { tone } else { Tone::Unsure };
                    bar += &screen.toned(tone, &mark.unwrap_or(&glyph).to_string());
                }
            }
        }
        bar
    }
}

/// What a party is on the last of these days; if nothing, the highest that it is on another of them, so that a short stay
/// is seen.
fn told(line: &PartyLine, first: Day, last: Day) -> Option<&Span> {
    let there = |span: &&Span| span.from.is_none_or(|from| from <= last) && span.to.is_none_or(|to| to >= first);
    let in_the_end = |span: &&Span| span.to.is_none_or(|to| to >= last);
    let spans = || line.spans.iter().filter(there);
    let highest = || spans().max_by_key(|span| (span.status, span.certainty == Certainty::Possible));
    spans().find(in_the_end).or_else(highest)
}
