//! The moment of recording: UTC, to the millisecond.

mod iso;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::domain::day::Day;
use crate::domain::schema::named_schema;

pub use iso::MomentError;

const FORM: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A moment, as `YYYY-MM-DDThh:mm:ss.sssZ`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// A text that is no moment, or a moment outside the years 0 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a UTC time like 2026-11-22T09:30:00.000Z")]
pub struct TimestampError(pub String);

impl Timestamp {
    /// The moment that many milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] outside the years 0 to 9999.
    pub fn from_unix_ms(unix_ms: i64) -> Result<Self, TimestampError> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)
            .ok()
            .filter(|moment| (0..=9999).contains(&moment.year()))
            .map(Self)
            .ok_or_else(|| TimestampError(format!("{unix_ms} ms")))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_ms(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1_000_000)
            .expect("years 0 to 9999 fit in 64 bits of milliseconds")
    }

    /// The last millisecond of what a text in ISO 8601 stands for, whatever its precision and its offset; without an offset it is
    /// UTC.
    ///
    /// # Errors
    ///
    /// A [`MomentError`], which says why the text is no moment.
    pub fn last_of(text: &str) -> Result<Self, MomentError> {
        iso::last_of(text)
    }

    /// The day, in UTC.
    pub fn day(self) -> Day {
        self.day_at(0)
    }

    /// The day where clocks are that many seconds ahead of UTC.
    pub fn day_at(self, utc_offset_s: i32) -> Day {
        let there = self.0.checked_add(Duration::seconds(utc_offset_s.into()));
        let date = there.unwrap_or(self.0).date();
        Day::from_ymd(date.year(), date.month().into(), date.day()).expect("a calendar's day is a day")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        PrimitiveDateTime::parse(text, FORM)
            .map(|moment| Self(moment.assume_utc()))
            .ok()
            .filter(|moment| moment.to_string() == text)
            .ok_or_else(|| TimestampError(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.format(FORM).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

named_schema!(Timestamp, |_| schemars::json_schema!({
    "description": "A moment in UTC, to the millisecond.",
    "type": "string",
    "format": "date-time",
    "examples": ["2026-11-22T09:30:00.000Z"],
}));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_that_of_the_place() {
        let moment: Timestamp = "2026-11-30T19:00:00.000Z".parse().expect("a moment");
        for (hours, day) in [(0, "2026-11-30"), (13, "2026-12-01"), (-12, "2026-11-30"), (5, "2026-12-01")] {
            assert_eq!(moment.day_at(hours * 3600).to_string(), day, "{hours}");
        }
        let last: Timestamp = "9999-12-31T23:59:59.999Z".parse().expect("a moment");
        assert_eq!(last.day_at(3600), Day::MAX);
    }

    #[test]
    fn a_moment_is_written_one_way_only() {
        let moment: Timestamp = "2026-11-22T09:30:00.007Z".parse().expect("a moment");
        assert_eq!(moment.to_string(), "2026-11-22T09:30:00.007Z");
        assert_eq!(Timestamp::from_unix_ms(moment.unix_ms()), Ok(moment));
        for wrong in [
            "2026-11-22T09:30:00Z",
            "2026-11-22 09:30:00.007Z",
            "2026-02-29T00:00:00.000Z",
            "+2026-11-22T09:30:00.007Z",
        ] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
    }
}
