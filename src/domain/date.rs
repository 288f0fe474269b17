//! Dates as precise as their source: an EDTF expression and the days that it may stand for.
//!
//! `~` and `?` are kept and shown, and do not widen the window. A date whose year is wholly unspecified may be any day.
//! A season without a hemisphere (`2023-22`) is read as a northern one.

mod before_zero;
mod error;
mod hints;
mod packed;
mod season;
mod words;

use std::fmt;

use compact_str::CompactString;
use edtf_core::{
    Date as Single, DateField, Edtf, Interval, IntervalEndpoint, Qualifier, Set, SetElement, SetKind, YearKind,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::day::Day;
use super::schema::named_schema;
use super::shape::read_text;
use super::window::Window;

pub use error::DateError;

/// Characters of a day of the years 0000 to 9999, as `2023-10-18`.
const PLAIN_DAY: usize = 10;

/// The longest expression that is read, in characters.
const MAX_CHARS: usize = 100;

/// A date as its source gave it, in canonical EDTF; equal if the text is.
///
/// # Source
///
/// ISO 8601-2:2019, annex A (the Extended Date/Time Format), levels 0 to 2, years -9999 to 9999, without times of day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Date(Form);

/// A date in as little room as it needs: a ledger holds many, and nearly all are plain days.
// Each text has one form, and its window is a function of it, so that derived equality is equality of the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    /// A day of the years 0000 to 9999, written as `2023-10-18`.
    PlainDay(Day),
    Other(Box<(CompactString, Window)>),
}

impl Date {
    /// Reads an EDTF expression of level 0, 1 or 2.
    ///
    /// # Errors
    ///
    /// A [`DateError`] by what there is to do about it; its [`hint`](DateError::hint) says how.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        // Nearly every date is a plain day, and means the same when it is read without the grammar.
        match Day::parse(text) {
            Ok(day) if text.len() == PLAIN_DAY && !is_placeholder(day.ymd()) => Ok(Self(Form::PlainDay(day))),
            _ => Self::parse_by_grammar(text),
        }
    }

    fn parse_by_grammar(text: &str) -> Result<Self, DateError> {
        if is_too_long(text) {
            return Err(DateError::TooLong);
        }
        let edtf = before_zero::read(text).map_err(|reason| DateError::of_text(text, reason))?;
        if matches!(edtf, Edtf::DateTime(_)) {
            return Err(DateError::TimeOfDay { text: text.to_owned() });
        }
        if has_placeholder(&edtf) {
            return Err(DateError::Placeholder { text: text.to_owned() });
        }
        let window = window_of(&edtf).ok_or_else(|| DateError::Unbounded { text: text.to_owned() })?;
        let canonical = edtf.to_string();
        // The canonical form of a qualified date can be a character longer, and has to be readable too.
        if is_too_long(&canonical) { Err(DateError::TooLong) } else { Ok(Self::of(canonical.into(), window)) }
    }

    /// The date of a canonical text, which may stand for these days.
    fn of(text: CompactString, window: Window) -> Self {
        match window.earliest().filter(|_| text.len() == PLAIN_DAY && Day::parse(&text).is_ok()) {
            Some(day) => Self(Form::PlainDay(day)),
            None => Self(Form::Other(Box::new((text, window)))),
        }
    }

    /// Exactly that day.
    pub fn of_day(day: Day) -> Self {
        Self::of_window(Window::of_day(day))
    }

    /// A derived date: any of the days of `window`, whose day of the month is written even where it is not needed.
    pub fn of_window(window: Window) -> Self {
        let text = match (window.earliest(), window.latest()) {
            (Some(first), Some(last)) if first == last && !is_placeholder(first.ymd()) => first.to_string(),
            (Some(first), Some(last)) => format!("[{first}..{last}]"),
            (Some(first), None) => format!("[{first}..]"),
            (None, Some(last)) => format!("[..{last}]"),
            (None, None) => "XXXX".to_owned(),
        };
        Self::of(text.into(), window)
    }

    /// The days that it may stand for.
    pub fn window(&self) -> Window {
        match &self.0 {
            Form::PlainDay(day) => Window::of_day(*day),
            Form::Other(other) => other.1,
        }
    }

    /// As it is written.
    fn text(&self) -> CompactString {
        match &self.0 {
            Form::PlainDay(day) => plain_text(*day),
            Form::Other(other) => other.0.clone(),
        }
    }

    /// Whether it is written with one of these.
    fn has(&self, marks: [char; 2]) -> bool {
        match &self.0 {
            Form::PlainDay(_) => false,
            Form::Other(other) => other.0.contains(marks),
        }
    }

    /// The day, if there is only one that it may stand for, and nothing (`~`, `?`) qualifies it.
    pub fn as_day(&self) -> Option<Day> {
        let is_qualified = self.is_approximate() || self.is_uncertain();
        self.window().earliest().filter(|day| !is_qualified && self.window().latest() == Some(*day))
    }

    /// Whether any part of it is an estimate (`~` or `%`).
    pub fn is_approximate(&self) -> bool {
        self.has(['~', '%'])
    }

    /// Whether its source is doubtful about any part of it (`?` or `%`).
    pub fn is_uncertain(&self) -> bool {
        self.has(['?', '%'])
    }

    /// The date for a reader, such as `Oct 2023` or `by 8 Oct 2023`; a season has its EDTF beside it, and what is rare stays that.
    pub fn in_words(&self) -> String {
        let text = self.text();
        let words = before_zero::read(&text).ok().and_then(|edtf| match season::words_for(&edtf) {
            Some((season, date)) => Some(format!("{} ({text})", qualified(season, shared_qualifier(&date)?)?)),
            None => words_for(&edtf, self.window()),
        });
        words.unwrap_or_else(|| text.into_string())
    }
}

impl Date {
    /// What it says after `since` or `until`; nothing, if it may be any day.
    pub fn bound_in_words(&self) -> Option<String> {
        (self.window() != Window::UNKNOWN).then(|| self.in_words())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, Self::parse)
    }
}

named_schema!(Date, |_| schemars::json_schema!({
    "description": "A date as precise as its source gave it, in EDTF (ISO 8601-2).",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_CHARS,
    "examples": [
        "2023-10-18", "2023-10", "2018", "202X", "[2024-05..2024-08]", "[..2023-10]", "2023-10-18~", "XXXX",
    ],
}));

/// A day of the years 0000 to 9999, as `2023-10-18`.
fn plain_text(day: Day) -> CompactString {
    let (year, month, number) = day.ymd();
    let digit = |number: i32, place: i32| char::from(b'0' + (number / place % 10).to_le_bytes()[0]);
    let (month, number) = (i32::from(month), i32::from(number));
    let mut text = CompactString::default();
    text.extend([1000, 100, 10, 1].map(|place| digit(year, place)));
    text.extend(['-', digit(month, 10), digit(month, 1), '-', digit(number, 10), digit(number, 1)]);
    text
}

fn is_too_long(text: &str) -> bool {
    text.chars().nth(MAX_CHARS).is_some()
}

/// `None` if some of its days are beyond the calendar.
fn window_of(edtf: &Edtf) -> Option<Window> {
    match edtf {
        Edtf::Date(date) => window_of_single(date),
        Edtf::DateTime(at) => window_of_single(&at.date),
        Edtf::Interval(Interval { start, end }) => {
            Window::between(window_of_endpoint(start)?.earliest(), window_of_endpoint(end)?.latest())
        }
        Edtf::Set(set) => {
            set.elements.iter().map(window_of_element).reduce(|all, next| Some(all?.hull(next?))).flatten()
        }
    }
}

fn window_of_endpoint(endpoint: &IntervalEndpoint) -> Option<Window> {
    match endpoint {
        IntervalEndpoint::Open | IntervalEndpoint::Unknown => Some(Window::UNKNOWN),
        IntervalEndpoint::Date(date) => window_of_single(date),
        IntervalEndpoint::OnOrBefore(date) => on_or_before(date),
        IntervalEndpoint::OnOrAfter(date) => on_or_after(date),
    }
}

fn window_of_element(element: &SetElement) -> Option<Window> {
    match element {
        SetElement::Date(date) => window_of_single(date),
        SetElement::OnOrBefore(date) => on_or_before(date),
        SetElement::OnOrAfter(date) => on_or_after(date),
        SetElement::Range(from, to) => {
            Window::between(window_of_single(from)?.earliest(), window_of_single(to)?.latest())
        }
    }
}

fn on_or_before(date: &Single) -> Option<Window> {
    Window::between(None, window_of_single(date)?.latest())
}

fn on_or_after(date: &Single) -> Option<Window> {
    Window::between(window_of_single(date)?.earliest(), None)
}

fn window_of_single(date: &Single) -> Option<Window> {
    if matches!(date.year.kind, YearKind::Standard { negative: false, digits: [None, None, None, None] }) {
        return Some(Window::UNKNOWN);
    }
    let [first, last] = before_zero::ends(date).unwrap_or([*date, *date]).map(|date| Edtf::Date(date).bounds());
    Window::between(Some(day_of(first.earliest)?), Some(day_of(last.latest)?))
}

fn day_of(bound: edtf_core::Bound) -> Option<Day> {
    match bound {
        edtf_core::Bound::Date(at) => Day::from_ymd(at.year.try_into().ok()?, at.month, at.day).ok(),
        edtf_core::Bound::NegativeInfinity | edtf_core::Bound::PositiveInfinity | edtf_core::Bound::Unknown => None,
    }
}

/// Whether it is, or begins or ends with, a day that tables write for "no date".
///
/// The ends of a range in brackets are let through: a derived window may reach the last day of the calendar.
fn has_placeholder(edtf: &Edtf) -> bool {
    let stands_for_none = |date: &Single| {
        let month_and_day = date.month.and_then(DateField::value).zip(date.day.and_then(DateField::value));
        let year = date.year.value().and_then(|year| i32::try_from(year).ok());
        year.zip(month_and_day).is_some_and(|(year, (month, day))| is_placeholder((year, month, day)))
    };
    match edtf {
        Edtf::Date(date) => stands_for_none(date),
        Edtf::DateTime(at) => stands_for_none(&at.date),
        Edtf::Interval(Interval { start, end }) => [start, end].into_iter().any(|endpoint| match endpoint {
            IntervalEndpoint::Date(date) | IntervalEndpoint::OnOrBefore(date) | IntervalEndpoint::OnOrAfter(date) => {
                stands_for_none(date)
            }
            IntervalEndpoint::Open | IntervalEndpoint::Unknown => false,
        }),
        Edtf::Set(set) => set.elements.iter().any(|element| match element {
            SetElement::Date(date) => stands_for_none(date),
            SetElement::OnOrBefore(_) | SetElement::OnOrAfter(_) | SetElement::Range(..) => false,
        }),
    }
}

fn is_placeholder(ymd: (i32, u8, u8)) -> bool {
    matches!(ymd, (9999, 12, 31) | (1, 1, 1))
}

/// `None` for an expression that says more than its window and one qualifier do.
fn words_for(edtf: &Edtf, window: Window) -> Option<String> {
    match edtf {
        Edtf::Date(date) if is_gapless(date) => qualified(words::of(window)?, shared_qualifier(date)?),
        Edtf::Interval(Interval { start: IntervalEndpoint::Date(from), end: IntervalEndpoint::Date(to) })
            if is_plain(from) && is_plain(to) =>
        {
            words::of(window)
        }
        Edtf::Set(Set { kind: SetKind::OneMember, elements }) => match elements.as_slice() {
            [SetElement::Range(..)] => words::of(window),
            [SetElement::Date(date)] if is_plain(date) => words::of(window),
            [SetElement::OnOrBefore(date)] if is_plain(date) => {
                Some(format!("by {}", words::of(window_of_single(date)?)?))
            }
            [SetElement::OnOrAfter(date)] if is_plain(date) => {
                Some(format!("from {}", words::of(window_of_single(date)?)?))
            }
            _ => None,
        },
        _ => None,
    }
}

fn qualified(words: String, qualifier: Qualifier) -> Option<String> {
    match (qualifier.approximate, qualifier.uncertain) {
        (false, false) => Some(words),
        _ if words == words::UNKNOWN => None,
        (true, false) => Some(format!("about {words}")),
        (false, true) => Some(format!("{words} (uncertain)")),
        (true, true) => Some(format!("about {words} (uncertain)")),
    }
}

/// Whether its window has exactly the days that it may stand for: what is unspecified (`X`) comes after all that is not.
fn is_gapless(date: &Single) -> bool {
    let YearKind::Standard { digits, .. } = date.year.kind else { return false };
    let is_season = date.month.and_then(DateField::value).is_some_and(|month| month > 12);
    let smaller = [date.month, date.day].into_iter().flatten().flat_map(|field| field.digits);
    let mut unspecified = digits.into_iter().chain(smaller).skip_while(Option::is_some);
    !is_season && date.year.significant_digits.is_none() && unspecified.all(|digit| digit.is_none())
}

fn is_plain(date: &Single) -> bool {
    is_gapless(date) && !date.has_unspecified() && shared_qualifier(date) == Some(Qualifier::default())
}

/// The qualifier of the date as a whole; `None` if its parts differ.
fn shared_qualifier(date: &Single) -> Option<Qualifier> {
    let whole = date.year.qualifier;
    let mut parts = [date.month, date.day].into_iter().flatten();
    parts.all(|part| part.qualifier == whole).then_some(whole)
}

#[cfg(test)]
mod spec_examples;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::window::tests::{any_day, any_window};
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn one_date_has_one_text_however_it_was_written() {
        for text in ["?2004-?06-?11", "2004?-06?-11?", "2004-06-11?"] {
            assert_eq!(date(text), date("2004-06-11?"));
            assert_eq!(date(text).to_string(), "2004-06-11?");
        }
        assert_ne!(date("2004-06"), date("2004-06-XX"));
    }

    proptest! {
        #[test]
        fn a_plain_day_means_the_same_with_and_without_the_grammar(day in any_day()) {
            let text = day.to_string();
            prop_assert_eq!(Date::parse(&text), Date::parse_by_grammar(&text));
        }
    }

    #[test]
    fn what_looks_like_a_plain_day_and_is_none_is_left_to_the_grammar() {
        for text in ["2010-02-29", "9999-12-31", "0001-01-01", "2023-1X-01", "2023-10-1X", "2023-13-01", "202310-18-"] {
            assert_eq!(Date::parse(text), Date::parse_by_grammar(text), "{text}");
        }
    }

    #[test]
    fn an_unknown_year_leaves_both_ends_open() {
        for text in ["XXXX", "XXXX-12-25", "XXXX~", "[XXXX]", "XXXX/XXXX"] {
            assert_eq!(date(text).window(), Window::UNKNOWN, "{text}");
        }
        assert_eq!(date("XXXX/2004").window(), date("[..2004]").window());
        assert_eq!(date("[2004,XXXX]").window(), Window::UNKNOWN);
    }

    #[test]
    fn qualifiers_are_kept_and_do_not_widen() {
        for (text, approximate, uncertain) in
            [("2018", false, false), ("2018~", true, false), ("2018?", false, true), ("2018%", true, true)]
        {
            let date = date(text);
            assert_eq!((date.is_approximate(), date.is_uncertain()), (approximate, uncertain), "{text}");
            assert_eq!(date.window().width(), Some(365), "{text}");
        }
    }

    #[test]
    fn only_one_unqualified_day_is_a_day() {
        assert_eq!(date("2023-10-18").as_day(), Day::parse("2023-10-18").ok());
        assert_eq!(date("[2023-10-18]").as_day(), Day::parse("2023-10-18").ok());
        for text in ["2023-10-18~", "2023-10-18?", "2023-10", "[..2023-10-18]", "[2023-10-18..]", "XXXX"] {
            assert_eq!(date(text).as_day(), None, "{text}");
        }
    }

    #[test]
    fn a_derived_date_may_be_a_day_that_nobody_may_write() {
        for day in ["0001-01-01", "9999-12-31"].map(|text| Day::parse(text).expect("a day")) {
            let derived = Date::of_day(day);
            assert_eq!(derived.as_day(), Some(day));
            assert_eq!(Date::parse(&derived.to_string()), Ok(derived));
        }
    }

    proptest! {
        #[test]
        fn a_derived_date_keeps_its_window_and_its_text(window in any_window(), day in any_day()) {
            for (derived, window) in [(Date::of_window(window), window), (Date::of_day(day), Window::of_day(day))] {
                prop_assert_eq!(derived.window(), window);
                prop_assert_eq!(Date::parse(&derived.to_string()), Ok(derived.clone()));
                prop_assert_eq!(Date::of_window(derived.window()), derived);
            }
            prop_assert_eq!(Date::of_day(day).as_day(), Some(day));
        }

        #[test]
        fn any_text_is_kept_as_a_date_or_refused_in_printable_words(
            text in r"[0-9XY?~%/,.TZ:S \-\[\]{}]{0,24}|(?s).{0,40}"
        ) {
            match Date::parse(&text) {
                Ok(date) => {
                    let json = serde_json::to_string(&date).expect("a string");
                    prop_assert_eq!(serde_json::from_str::<Date>(&json).expect("a date"), date.clone());
                    prop_assert!(!date.in_words().is_empty());
                }
                Err(error) => {
                    let shown = error.to_string() + &error.hint().unwrap_or_default();
                    prop_assert!(!shown.contains(char::is_control), "{}", shown);
                }
            }
        }

        #[test]
        fn a_date_made_of_valid_parts_keeps_its_text(
            parts in proptest::collection::vec("[?~%]?(19|20|2X|XX)[0-9X]{2}[?~%]?(-[01X][0-9X][?~%]?)?", 1..4),
            frame in proptest::sample::select(vec![("", "/", ""), ("[", ",", "]"), ("[..", ",", "]"), ("{", ",", "..}")]),
        ) {
            if let Ok(date) = Date::parse(&format!("{}{}{}", frame.0, parts.join(frame.1), frame.2)) {
                prop_assert_eq!(Date::parse(&date.to_string()), Ok(date.clone()));
                prop_assert!(!date.in_words().is_empty());
            }
        }
    }
}
