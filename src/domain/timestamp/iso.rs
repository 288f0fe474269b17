//! Moments as people write them: ISO 8601 in any precision, for the last millisecond of what they stand for.
//!
//! A day or a month stands for all of it, `14:41Z` for that minute, `14:41:00.3Z` for that tenth of a second; so whoever asks what
//! was known by then is told of all that came in it. Without an offset the time is UTC.

use time::{Date, Month, OffsetDateTime};

use super::{Timestamp, TimestampError};
use crate::domain::day::{Day, DayError};

const NS_PER_S: i128 = 1_000_000_000;
const NS_PER_MS: i128 = 1_000_000;
const S_PER_DAY: i128 = 24 * 60 * 60;

/// Digits of a fraction that are read; more change nothing in a millisecond.
const FRACTION_DIGITS: usize = 15;

/// Why a text is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentError {
    /// The text has another form.
    #[error("it is no moment in ISO 8601, such as 2026-11-22, 2026-11-22T09:30Z or 2026-11-22T10:30:00+01:00")]
    Form,
    /// The calendar has no such day.
    #[error("{0}")]
    Day(DayError),
    /// The day has no such time.
    #[error("a day has no such time: hours run to 23, minutes and seconds to 59")]
    Time,
    /// No clock has such an offset.
    #[error("no clock is that far from UTC")]
    Offset,
    /// The moment is beyond what a ledger can hold.
    #[error("years run from 0 to 9999")]
    Years,
}

/// From when on, and for how long, in nanoseconds.
#[derive(Clone, Copy)]
struct Span {
    start: i128,
    len: i128,
}

/// The last millisecond of what a text stands for.
pub(super) fn last_of(text: &str) -> Result<Timestamp, MomentError> {
    let span = match text.split_once(['T', 't', ' ']) {
        None => of_days(text)?,
        Some((date, time)) => at(day(date)?, time)?,
    };
    let last_ms = (span.start + span.len - 1).div_euclid(NS_PER_MS);
    let unix_ms = i64::try_from(last_ms).map_err(|_| MomentError::Years)?;
    Timestamp::from_unix_ms(unix_ms).map_err(|TimestampError(_)| MomentError::Years)
}

/// A day, or a month.
fn of_days(text: &str) -> Result<Span, MomentError> {
    let day_ns = S_PER_DAY * NS_PER_S;
    if text.len() != "2026-11".len() {
        return Ok(Span { start: start_of(day(text)?)?, len: day_ns });
    }
    let first = day(&format!("{text}-01"))?;
    let days = i128::from(date(first)?.month().length(first.ymd().0));
    Ok(Span { start: start_of(first)?, len: days * day_ns })
}

/// A day, as `2026-11-22` or `20261122`.
fn day(text: &str) -> Result<Day, MomentError> {
    let is_basic = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let extended = if is_basic { format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]) } else { text.to_owned() };
    Day::parse(&extended).map_err(|error| match error {
        DayError::NotIso => MomentError::Form,
        other => MomentError::Day(other),
    })
}

fn date(day: Day) -> Result<Date, MomentError> {
    let (year, month, day) = day.ymd();
    let month = Month::try_from(month).map_err(|_| MomentError::Form)?;
    Date::from_calendar_date(year, month, day).map_err(|_| MomentError::Years)
}

fn start_of(day: Day) -> Result<i128, MomentError> {
    let midnight = OffsetDateTime::new_utc(date(day)?, time::Time::MIDNIGHT);
    Ok(midnight.unix_timestamp_nanos())
}

/// A time of a day with its offset.
fn at(day: Day, text: &str) -> Result<Span, MomentError> {
    let (clock, offset_s) = match text.find(['Z', 'z', '+', '-', '\u{2212}']) {
        Some(at) => (&text[..at], offset_s(&text[at..])?),
        None => (text, 0),
    };
    let within = of_clock(clock)?;
    Ok(Span { start: start_of(day)? + within.start - offset_s * NS_PER_S, len: within.len })
}

/// Seconds east of UTC: `Z`, `+02`, `+02:00`, `+0200`.
fn offset_s(text: &str) -> Result<i128, MomentError> {
    let mut chars = text.chars();
    let sign = match chars.next() {
        Some('Z' | 'z') if chars.as_str().is_empty() => return Ok(0),
        Some('+') => 1,
        Some('-' | '\u{2212}') => -1,
        _ => return Err(MomentError::Form),
    };
    let (hours, minutes) = match fields(chars.as_str())[..] {
        [Some(hours)] => (hours, 0),
        [Some(hours), Some(minutes)] => (hours, minutes),
        _ => return Err(MomentError::Form),
    };
    if hours > 23 || minutes > 59 {
        return Err(MomentError::Offset);
    }
    Ok(sign * (hours * 3600 + minutes * 60))
}

/// A time from midnight: hours, with minutes, with seconds, the last of them with a fraction.
fn of_clock(text: &str) -> Result<Span, MomentError> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let (hours, minutes, seconds, unit_s) = match fields(whole)[..] {
        [Some(hours)] => (hours, 0, 0, 3600),
        [Some(hours), Some(minutes)] => (hours, minutes, 0, 60),
        [Some(hours), Some(minutes), Some(seconds)] => (hours, minutes, seconds, 1),
        _ => return Err(MomentError::Form),
    };
    let is_end_of_day = hours == 24 && minutes == 0 && seconds == 0;
    // A leap second has no milliseconds of its own here.
    let is_leap = seconds == 60;
    if hours > 23 && !is_end_of_day || minutes > 59 || seconds > 60 {
        return Err(MomentError::Time);
    }
    let start = (hours * 3600 + minutes * 60 + seconds.min(59)) * NS_PER_S;
    let unit = unit_s * NS_PER_S;
    match fraction {
        None => Ok(Span { start, len: unit }),
        Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(MomentError::Form)
        }
        Some(_) if is_leap => Ok(Span { start, len: unit }),
        Some(digits) => {
            let digits = &digits[..digits.len().min(FRACTION_DIGITS)];
            let parts = 10_i128.pow(u32::try_from(digits.len()).unwrap_or(u32::MAX));
            let part = digits.parse::<i128>().map_err(|_| MomentError::Form)?;
            let (from, to) = (part * unit / parts, (part + 1) * unit / parts);
            Ok(Span { start: start + from, len: (to - from).max(1) })
        }
    }
}

/// Numbers of two digits each, with colons between them or with none at all.
fn fields(text: &str) -> Vec<Option<i128>> {
    let number = |field: &str| {
        let is_two = field.len() == 2 && field.bytes().all(|byte| byte.is_ascii_digit());
        is_two.then(|| field.parse().ok()).flatten()
    };
    if text.contains(':') || !text.is_ascii() || text.len() > 6 {
        return text.split(':').take(4).map(number).collect();
    }
    (0..text.len()).step_by(2).map(|at| number(&text[at..text.len().min(at + 2)])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, moment: &str) {
        let last = last_of(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(last.to_string(), moment, "{text}");
    }

    #[test]
    fn a_moment_stands_for_its_last_millisecond() {
        for (text, moment) in [
            ("2026-11", "2026-11-30T23:59:59.999Z"),
            ("2024-02", "2024-02-29T23:59:59.999Z"),
            ("2026-11-22", "2026-11-22T23:59:59.999Z"),
            ("2026-11-22T14", "2026-11-22T14:59:59.999Z"),
            ("2026-11-22T14Z", "2026-11-22T14:59:59.999Z"),
            ("2026-11-22T14:41Z", "2026-11-22T14:41:59.999Z"),
            ("2026-11-22 14:41", "2026-11-22T14:41:59.999Z"),
            ("2026-11-22T14:41:00Z", "2026-11-22T14:41:00.999Z"),
            ("2026-11-22T14:41:00.3Z", "2026-11-22T14:41:00.399Z"),
            ("2026-11-22T14:41:00,323Z", "2026-11-22T14:41:00.323Z"),
            ("2026-11-22T14:41:00.3239999Z", "2026-11-22T14:41:00.323Z"),
            ("2026-11-22T14:41:00.000000000000000000001Z", "2026-11-22T14:41:00.000Z"),
            ("2026-11-22T14:41.5Z", "2026-11-22T14:41:35.999Z"),
            ("2026-11-22T14,50Z", "2026-11-22T14:30:35.999Z"),
            ("20261122T1441Z", "2026-11-22T14:41:59.999Z"),
            ("20261122T144100Z", "2026-11-22T14:41:00.999Z"),
            ("2026-11-22t14:41z", "2026-11-22T14:41:59.999Z"),
            ("2026-11-22T24:00Z", "2026-11-23T00:00:59.999Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ] {
            check(text, moment);
        }
    }

    #[test]
    fn an_offset_is_taken_off() {
        for (text, moment) in [
            ("2030-01-01T00:00:00+02:00", "2029-12-31T22:00:00.999Z"),
            ("2030-01-01T00:00+0200", "2029-12-31T22:00:59.999Z"),
            ("2030-01-01T00-05", "2030-01-01T05:59:59.999Z"),
            ("2030-01-01T00:00\u{2212}03:30", "2030-01-01T03:30:59.999Z"),
            ("2030-01-01T00:00-00:00", "2030-01-01T00:00:59.999Z"),
        ] {
            check(text, moment);
        }
    }

    #[test]
    fn what_is_no_moment_says_why() {
        for (text, error) in [
            ("", MomentError::Form),
            ("soon", MomentError::Form),
            ("2026-11-22T", MomentError::Form),
            ("2026-11-22T9:30Z", MomentError::Form),
            ("2026-11-22T09:30Z+01", MomentError::Form),
            ("2026-11-22T09:30:00.Z", MomentError::Form),
            ("2026-11-22T09:30:00:00", MomentError::Form),
            ("2026-11-22T٠٩", MomentError::Form),
            ("2026-11-22T24:01", MomentError::Time),
            ("2026-11-22T09:60", MomentError::Time),
            ("2026-11-22T09:30+24", MomentError::Offset),
            ("0000-01-01T00:00+01:00", MomentError::Years),
            ("-0001-01-01T00:00", MomentError::Years),
        ] {
            assert_eq!(last_of(text), Err(error), "{text}");
        }
        assert!(matches!(last_of("2026-02-29T00:00Z"), Err(MomentError::Day(_))));
    }

    proptest! {
        #[test]
        fn a_moment_to_the_millisecond_is_itself(unix_ms in 0_i64..253_402_300_799_999) {
            let moment = Timestamp::from_unix_ms(unix_ms).expect("a year of four digits");
            prop_assert_eq!(last_of(&moment.to_string()), Ok(moment));
        }

        #[test]
        fn no_text_is_too_strange(text in "[0-9TZtz:.,+\u{2212} -]{0,30}|\\PC{0,20}") {
            let _ = last_of(&text);
        }
    }
}
