//! A day of the calendar: the only unit of time in which agreements are asked about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{Month, macros::date};

use super::schema::named_schema;

/// A day, counted from 1970-01-01.
///
/// Proleptic Gregorian, years -9999 to 9999; the year 0000 is 1 BCE. Written and serialised as `2023-10-18`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// 1970-01-01 as a Julian day, which is how `time` counts.
const EPOCH: i32 = date!(1970 - 01 - 01).to_julian_day();

/// Why something is not a [`Day`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DayError {
    /// The text has another form than `2023-10-18`.
    #[error("a day is written like 2023-10-18")]
    NotIso,
    /// The year is beyond what a ledger can hold.
    #[error("years run from -9999 to 9999")]
    NoSuchYear(i32),
    /// The month is not one of 1 to 12.
    #[error("there is no month {0:02}")]
    NoSuchMonth(u8),
    /// The month has no such day.
    #[error("{}", no_such_day(*.year, *.month, *.day))]
    NoSuchDay {
        /// The year, which decides on February.
        year: i32,
        /// The month, which exists.
        month: Month,
        /// The day that it lacks.
        day: u8,
    },
}

impl Day {
    /// The first day there is: -9999-01-01.
    pub const MIN: Self = Self::of(date!(-9999 - 01 - 01));
    /// The last day there is: 9999-12-31.
    pub const MAX: Self = Self::of(date!(9999 - 12 - 31));

    /// Reads `2023-10-18`, and no other form; a year before 0000 has a minus sign.
    ///
    /// # Errors
    ///
    /// [`DayError::NotIso`] if the text has another form, else as [`Day::from_ymd`].
    pub fn parse(text: &str) -> Result<Self, DayError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        match (parts(unsigned).ok_or(DayError::NotIso)?, unsigned == text) {
            ((year, month, day), true) => Self::from_ymd(year, month, day),
            ((0, ..), false) => Err(DayError::NotIso),
            ((year, month, day), false) => Self::from_ymd(-year, month, day),
        }
    }

    /// The day of a year, month (1 to 12) and day of the month (1 to 31).
    ///
    /// # Errors
    ///
    /// The first of year, month and day that does not exist.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Result<Self, DayError> {
        if !(-9999..=9999).contains(&year) {
            return Err(DayError::NoSuchYear(year));
        }
        let month = Month::try_from(month).map_err(|_| DayError::NoSuchMonth(month))?;
        time::Date::from_calendar_date(year, month, day).map(Self::of).map_err(|_| DayError::NoSuchDay {
            year,
            month,
            day,
        })
    }

    /// Year, month and day of the month.
    pub fn ymd(self) -> (i32, u8, u8) {
        let (year, month, day) = self.date().to_calendar_date();
        (year, month.into(), day)
    }

    /// The day with this number, if the calendar reaches that far; 1970-01-01 is 0.
    pub fn from_days_since_epoch(days: i32) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&days).then_some(Self(days))
    }

    /// The number of days since 1970-01-01, negative before it.
    pub fn days_since_epoch(self) -> i32 {
        self.0
    }

    /// The day so many days later, or earlier if negative; [`Day::MIN`] and [`Day::MAX`] are never passed.
    #[must_use]
    pub fn shift(self, days: i32) -> Self {
        Self(self.0.saturating_add(days).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The day after; the last day is its own.
    #[must_use]
    pub fn next(self) -> Self {
        self.shift(1)
    }

    /// The day before; the first day is its own.
    #[must_use]
    pub fn previous(self) -> Self {
        self.shift(-1)
    }

    /// Whether the next day begins another month.
    pub(super) fn ends_a_month(self) -> bool {
        let (year, month, day) = self.date().to_calendar_date();
        day == month.length(year)
    }

    const fn of(date: time::Date) -> Self {
        Self(date.to_julian_day() - EPOCH)
    }

    fn date(self) -> time::Date {
        time::Date::from_julian_day(self.0 + EPOCH).expect("a day between MIN and MAX is one that `time` can represent")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        let sign = if year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{month:02}-{day:02}", year.abs())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

named_schema!(Day, |_| schemars::json_schema!({
    "description": "A day of the proleptic Gregorian calendar; a year before 0000 has a minus sign.",
    "type": "string",
    "format": "date",
    "examples": ["2023-10-18"],
}));

/// Year, month and day of `2023-10-18`, whether or not there was such a day.
fn parts(text: &str) -> Option<(i32, u8, u8)> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Some((number(year, 4)?, number(month, 2)?, number(day, 2)?))
}

fn number<T: FromStr>(digits: &str, len: usize) -> Option<T> {
    // `from_str` alone would take a sign.
    let is_number = digits.len() == len && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn no_such_day(year: i32, month: Month, day: u8) -> String {
    let len = month.length(year);
    match (month, day) {
        (_, 0) => "there is no day 00".to_owned(),
        (Month::February, 29) => format!("{year:04} is not a leap year: February has {len} days"),
        (Month::February, _) => format!("February {year:04} has {len} days"),
        _ => format!("{month} has {len} days"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn check_refused(text: &str, reason: &str) {
        assert_eq!(Day::parse(text).expect_err(text).to_string(), reason, "{text}");
    }

    #[test]
    fn days_are_counted_from_1970() {
        for (text, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2000-03-01", 11_017), ("0000-03-01", -719_468)]
        {
            assert_eq!(day(text).days_since_epoch(), number, "{text}");
        }
    }

    #[test]
    fn the_calendar_is_proleptic_gregorian_and_has_a_year_zero() {
        assert_eq!(day("1582-10-04").next(), day("1582-10-05"));
        assert_eq!(day("-0001-12-31").next(), day("0000-01-01"));
        assert_eq!(day("0000-02-29").next(), day("0000-03-01"));
        assert_eq!(day("1900-02-28").next(), day("1900-03-01"));
    }

    #[test]
    fn an_impossible_day_is_refused_with_the_reason() {
        check_refused("2010-02-29", "2010 is not a leap year: February has 28 days");
        check_refused("1900-02-29", "1900 is not a leap year: February has 28 days");
        check_refused("2012-02-30", "February 2012 has 29 days");
        check_refused("2023-04-31", "April has 30 days");
        check_refused("2023-12-32", "December has 31 days");
        check_refused("2023-04-00", "there is no day 00");
        check_refused("2023-13-01", "there is no month 13");
        check_refused("2023-00-01", "there is no month 00");
        assert_eq!(Day::from_ymd(10_000, 1, 1), Err(DayError::NoSuchYear(10_000)));
    }

    #[test]
    fn only_the_one_iso_form_is_read() {
        for text in [
            "",
            "2023-10",
            "20231018",
            "2023-1-18",
            "2023/10/18",
            "+2023-10-18",
            " 2023-10-18",
            "-0000-01-01",
            "２023-1",
        ] {
            check_refused(text, "a day is written like 2023-10-18");
        }
        check_refused("12023-10-18", "a day is written like 2023-10-18");
    }

    #[test]
    fn steps_stop_at_the_limits() {
        assert_eq!((Day::MIN.to_string(), Day::MAX.to_string()), ("-9999-01-01".into(), "9999-12-31".into()));
        assert_eq!((Day::MIN.previous(), Day::MAX.next()), (Day::MIN, Day::MAX));
        assert_eq!((day("2023-10-18").shift(i32::MIN), day("2023-10-18").shift(i32::MAX)), (Day::MIN, Day::MAX));
        assert_eq!(day("2024-02-28").shift(2), day("2024-03-01"));
        assert_eq!(Day::from_days_since_epoch(Day::MAX.days_since_epoch() + 1), None);
        assert_eq!(Day::from_days_since_epoch(Day::MIN.days_since_epoch() - 1), None);
    }

    #[test]
    fn every_day_of_a_leap_cycle_follows_the_one_before_and_keeps_its_text() {
        let mut at = day("1999-12-31");
        while at < day("2004-12-31") {
            let (year, month, _) = at.ymd();
            assert_eq!(at.ends_a_month(), at.next().ymd().1 != month, "{at}");
            assert!(at < at.next() && at.next().previous() == at && at.next().ymd().0 >= year);
            at = at.next();
            assert_eq!(day(&at.to_string()), at);
        }
    }

    proptest! {
        #[test]
        fn a_day_survives_its_text_its_json_and_its_parts(number in Day::MIN.0..=Day::MAX.0) {
            let at = Day(number);
            let (year, month, of_month) = at.ymd();
            prop_assert_eq!(Day::parse(&at.to_string()), Ok(at));
            prop_assert_eq!(Day::from_ymd(year, month, of_month), Ok(at));
            prop_assert_eq!(Day::from_days_since_epoch(at.days_since_epoch()), Some(at));
            let json = serde_json::to_string(&at).expect("a string");
            prop_assert_eq!(serde_json::from_str::<Day>(&json).expect("a day"), at);
        }
    }
}
