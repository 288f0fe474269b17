//! What a text that is not EDTF was probably meant to say.
//!
//! No reading has other days than the text: before 2030 is `[..2029]`, and after 8 October it begins with the 9th.

mod dates;
mod months;
mod tokens;

use unicode_normalization::UnicodeNormalization as _;

use super::super::day::Day;
use super::super::window::Window;
use super::Date;
use dates::dates;
use months::folded;
use tokens::{Token, tokens};

/// What words around a date make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Before,
    By,
    After,
    Since,
    About,
}

/// Words before a date.
const BEFORE_IT: [(&str, Frame); 29] = [
    ("before ", Frame::Before),
    ("prior to ", Frame::Before),
    ("earlier than ", Frame::Before),
    ("by ", Frame::By),
    ("until ", Frame::By),
    ("till ", Frame::By),
    ("up to ", Frame::By),
    ("on or before ", Frame::By),
    ("no later than ", Frame::By),
    ("not later than ", Frame::By),
    ("not after ", Frame::By),
    ("after ", Frame::After),
    ("later than ", Frame::After),
    ("since ", Frame::Since),
    ("from ", Frame::Since),
    ("as of ", Frame::Since),
    ("on or after ", Frame::Since),
    ("no earlier than ", Frame::Since),
    ("not earlier than ", Frame::Since),
    ("not before ", Frame::Since),
    ("circa ", Frame::About),
    ("ca. ", Frame::About),
    ("ca ", Frame::About),
    ("c. ", Frame::About),
    ("c.", Frame::About),
    ("about ", Frame::About),
    ("around ", Frame::About),
    ("approximately ", Frame::About),
    ("approx. ", Frame::About),
];

/// Words behind a date.
const BEHIND_IT: [(&str, Frame); 6] = [
    (" or earlier", Frame::By),
    (" or before", Frame::By),
    (" at the latest", Frame::By),
    (" or later", Frame::Since),
    (" or after", Frame::Since),
    (" onwards", Frame::Since),
];

/// What stands between the first and the last day of a span.
const BETWEEN: [&str; 6] = [" to ", " through ", " until ", " - ", "–", "—"];

/// The EDTF expressions that `text` may mean; none if that cannot be told, two if it is ambiguous.
pub(super) fn readings(text: &str) -> Vec<String> {
    let text: String = text.trim().nfkc().collect::<String>().to_lowercase();
    if matches!(&*text, "unknown" | "not known" | "undated" | "no date" | "n.d." | "n/a" | "?") {
        return vec!["XXXX".to_owned()];
    }
    let mut unique: Vec<String> = Vec::new();
    for reading in framed(&text) {
        if Date::parse(&reading).is_ok() && !unique.contains(&reading) {
            unique.push(reading);
        }
    }
    unique
}

/// What to write instead, where that can be told.
pub(super) fn to_write(text: &str) -> Option<String> {
    let readings = readings(text);
    let is_season = readings.iter().any(|reading| Date::parse(reading).is_ok_and(|date| date.has_season()));
    let words = if is_season { ", and keep the source's words in `wording`" } else { "" };
    let pasteable: Vec<String> = readings.iter().map(|reading| pasteable(reading)).collect();
    (!readings.is_empty()).then(|| format!("write {}{words}", pasteable.join(" or ")))
}

/// A date as it is written into a file: with quotation marks, where a bracket would begin a list.
pub(super) fn pasteable(date: &str) -> String {
    if date.starts_with(['[', '{']) { format!("\"{date}\"") } else { date.to_owned() }
}

fn framed(text: &str) -> Vec<String> {
    let before = BEFORE_IT.iter().find_map(|(words, frame)| Some((text.strip_prefix(words)?, *frame)));
    let behind = || BEHIND_IT.iter().find_map(|(words, frame)| Some((text.strip_suffix(words)?, *frame)));
    // `from May to July` is a span, and `from May` is open.
    let spans = spans(text);
    if !spans.is_empty() {
        return spans;
    }
    match before.or_else(behind) {
        Some((date, frame)) => dates(date.trim()).iter().filter_map(|date| within(date, frame)).collect(),
        None => dates(text),
    }
}

/// What a frame makes of a date.
fn within(date: &str, frame: Frame) -> Option<String> {
    let read = Date::parse(date).ok()?;
    if read.is_approximate() || read.is_uncertain() {
        return None;
    }
    let window = read.window();
    let form = Precision::of(window);
    match frame {
        Frame::Before => Some(format!("[..{}]", form.text(window.earliest()?.previous()))),
        Frame::By => Some(format!("[..{}]", form.text(window.latest()?))),
        Frame::After => Some(format!("[{}..]", form.text(window.latest()?.next()))),
        Frame::Since => Some(format!("[{}..]", form.text(window.earliest()?))),
        Frame::About => (!date.starts_with('[')).then(|| format!("{date}~")),
    }
}

/// How much of a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    Year,
    Month,
    Day,
}

impl Precision {
    /// The coarsest that has exactly the ends of a window.
    fn of(window: Window) -> Self {
        let is_first = |day: Day| day.ymd().2 == 1;
        let begins = window.earliest().is_none_or(is_first);
        let ends = window.latest().is_none_or(Day::ends_a_month);
        let of_year =
            window.earliest().is_none_or(|day| day.ymd().1 == 1) && window.latest().is_none_or(|day| day.ymd().1 == 12);
        match (begins && ends, of_year) {
            (true, true) => Self::Year,
            (true, false) => Self::Month,
            (false, _) => Self::Day,
        }
    }

    fn text(self, day: Day) -> String {
        let text = day.to_string();
        let cut = match self {
            Self::Year => 6,
            Self::Month => 3,
            Self::Day => 0,
        };
        text[..text.len() - cut].to_owned()
    }
}

/// The spans, or the sets of two, that a text with words for that may mean.
fn spans(text: &str) -> Vec<String> {
    let inner = text.strip_prefix("between ").and_then(|rest| rest.split_once(" and "));
    let from_to = || {
        let rest = text.strip_prefix("from ").unwrap_or(text);
        BETWEEN.iter().find_map(|word| rest.split_once(word))
    };
    if let Some((one, other)) = text.split_once(" or ").filter(|(_, other)| !matches!(*other, "earlier" | "later")) {
        return pairs(one, other, |one, other| Some(format!("[{one},{other}]")));
    }
    match inner.or_else(from_to) {
        Some((first, last)) => pairs(first, last, span),
        None => Vec::new(),
    }
}

/// From the beginning of one date to the end of another.
fn span(first: &str, last: &str) -> Option<String> {
    let [first, last] = [first, last].map(|date| Date::parse(date).map(|date| date.window()));
    let (first, last) = (first.ok()?, last.ok()?);
    let (from, to) = (first.earliest()?, last.latest()?);
    let ends = [Precision::of(first).text(from), Precision::of(last).text(to)];
    (from <= to).then(|| format!("[{}..{}]", ends[0], ends[1]))
}

/// Two dates, of which the first may leave to the second what they have in common: `2–6 October 2023`, `May to July 2024`.
fn pairs(one: &str, other: &str, join: impl Fn(&str, &str) -> Option<String>) -> Vec<String> {
    let others = dates(other.trim());
    let all = |ones: Vec<String>| -> Vec<String> {
        ones.iter().flat_map(|one| others.iter().filter_map(|other| join(one, other)).collect::<Vec<_>>()).collect()
    };
    let ones = dates(one.trim());
    if !ones.is_empty() {
        return all(ones);
    }
    let completed = completed(one, other);
    let precision = |date: &str| Date::parse(date).map(|date| Precision::of(date.window())).ok();
    let is_alike = |one: &String| others.iter().all(|other| precision(one) == precision(other));
    all(completed.into_iter().filter(is_alike).collect())
}

/// The dates that one means with the year of another, or with its month and year where it names no month itself.
fn completed(one: &str, other: &str) -> Vec<String> {
    let names_month = |text: &str| tokens(&folded(text)).iter().any(|token| matches!(token, Token::Month(_)));
    let words: Vec<&str> = other.split_whitespace().collect();
    let common = if names_month(one) { 1 } else { 2 };
    let Some(at) = words.len().checked_sub(common) else { return Vec::new() };
    let whole = format!("{one} {}", words[at..].join(" "));
    if names_month(&whole) { dates(&whole) } else { Vec::new() }
}

#[cfg(test)]
mod tests;
