//! Why a text is not a date, and what to write instead.

use super::super::day::{Day, DayError};
use super::{Date, MAX_CHARS, hints};

/// Why a text is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// The text is no EDTF expression: write it as one.
    #[error("{text:?} is not an EDTF date: {reason}")]
    NotEdtf {
        /// What was given.
        text: String,
        /// What the grammar expected.
        reason: &'static str,
    },
    /// The text has a day that never was: look into the source again.
    #[error("{text:?} is not in the calendar: {reason}")]
    Impossible {
        /// What was given.
        text: String,
        /// What the calendar lacks.
        reason: DayError,
    },
    /// The text is a value that tables use for "no date": leave the date out.
    #[error("{text:?} stands for a date that is not known")]
    Placeholder {
        /// What was given.
        text: String,
    },
    /// The text goes into hours: give the day.
    #[error("{text:?} has a time of day, and dates are whole days")]
    TimeOfDay {
        /// What was given.
        text: String,
    },
    /// The text has years that no [`Day`] reaches.
    #[error("{text:?} goes beyond the years -9999 to 9999")]
    Unbounded {
        /// What was given.
        text: String,
    },
    /// The text is a story rather than a date.
    #[error("a date has at most {MAX_CHARS} characters")]
    TooLong,
}

impl DateError {
    /// What is wrong with a text that the grammar refused for `reason`, looked for among the dates it is made of.
    pub(super) fn of_text(text: &str, reason: &'static str) -> Self {
        let parts = || text.split(['/', ',', '[', ']', '{', '}']).flat_map(|part| part.split(".."));
        if parts().any(has_time_of_day) {
            Self::TimeOfDay { text: text.to_owned() }
        } else if let Some(reason) = parts().find_map(calendar_fault) {
            Self::Impossible { text: text.to_owned(), reason }
        } else {
            Self::NotEdtf { text: text.to_owned(), reason }
        }
    }

    /// What to write instead, as far as that can be told.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotEdtf { text, .. } => {
                Some(hints::to_write(text).unwrap_or_else(|| "write it like 2023-10-18, 2023-10 or 2023".to_owned()))
            }
            Self::Impossible { text, .. } => hints::to_write(text),
            Self::TimeOfDay { text } => Some(match day_of_time(text) {
                Some(day) => format!("write {day}"),
                None => "give the day without the time".to_owned(),
            }),
            Self::Placeholder { .. } => Some("leave the date out".to_owned()),
            Self::TooLong => Some("give the date, and keep the source's own words in `wording`".to_owned()),
            Self::Unbounded { .. } => None,
        }
    }
}

/// The day that a moment is on; the end of a day, 24:00, is the beginning of the next.
fn day_of_time(text: &str) -> Option<Date> {
    let (date, time) = text.split_once(['T', 't', ' ']).filter(|_| !text.contains('/'))?;
    let clock = time.split(['Z', 'z', '+', '-', '\u{2212}']).next().unwrap_or_default();
    let is_end = clock.strip_prefix("24").is_some_and(|rest| rest.chars().all(|c| matches!(c, '0' | ':' | '.' | ',')));
    match Day::parse(date) {
        Ok(day) if is_end => Some(Date::of_day(day.next())),
        _ => Date::parse(date).ok(),
    }
}

fn has_time_of_day(part: &str) -> bool {
    part.split_once(['T', 't', ' ']).is_some_and(|(day, time)| {
        Day::parse(day) != Err(DayError::NotIso) && time.starts_with(|first: char| first.is_ascii_digit())
    })
}

fn calendar_fault(part: &str) -> Option<DayError> {
    let bare = part.replace(['?', '~', '%'], "");
    match Day::parse(&bare) {
        Err(DayError::NotIso) => Day::parse(&format!("{bare}-01")).err().filter(|fault| *fault != DayError::NotIso),
        other => other.err(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> DateError {
        Date::parse(text).expect_err(text)
    }

    fn check_hint(text: &str, hint: &str) {
        assert_eq!(refused(text).hint().as_deref(), Some(hint), "{text}");
    }

    #[test]
    fn an_impossible_date_is_refused_with_the_reason() {
        for (text, reason) in [
            ("2010-02-29", "2010 is not a leap year: February has 28 days"),
            ("2010-02-29~", "2010 is not a leap year: February has 28 days"),
            ("[..2010-02-29]", "2010 is not a leap year: February has 28 days"),
            ("2009/2010-02-30", "February 2010 has 28 days"),
            ("2023-04-31", "April has 30 days"),
            ("2023-13", "there is no month 13"),
            ("[2023-01-01..2023-00]", "there is no month 00"),
        ] {
            let error = refused(text);
            assert!(matches!(&error, DateError::Impossible { .. }), "{error:?}");
            assert_eq!(error.to_string(), format!("{text:?} is not in the calendar: {reason}"));
        }
    }

    #[test]
    fn a_day_that_stands_for_no_date_is_refused() {
        for text in ["9999-12-31", "0001-01-01", "9999-12-31~", "0001-01-01?", "9999-12-?31", "2004/9999-12-31"] {
            assert_eq!(refused(text), DateError::Placeholder { text: text.to_owned() });
            check_hint(text, "leave the date out");
        }
        for text in ["9999-12-30", "0001-01-02", "0001", "-0001-01-01"] {
            assert!(Date::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_refused_and_its_day_suggested() {
        for text in ["2023-10-18T10:00:00Z", "2023-10-18T10:00", "2023-10-18 10:00", "2023-10-18t10"] {
            assert_eq!(refused(text), DateError::TimeOfDay { text: text.to_owned() });
            check_hint(text, "write 2023-10-18");
        }
        check_hint("2023-10-18T10:00:00/2023-10-19T10:00:00", "give the day without the time");
    }

    #[test]
    fn the_end_of_a_day_is_the_beginning_of_the_next() {
        for text in ["2020-01-31T24:00:00", "2020-01-31T24:00Z", "2020-01-31T24", "2020-01-31 24:00:00.000+01:00"] {
            check_hint(text, "write 2020-02-01");
        }
        check_hint("2020-01-31T24:01", "write 2020-01-31");
    }

    #[test]
    fn years_beyond_the_calendar_are_refused() {
        for text in ["Y10000", "Y-17E7", "9999-24", "[1985,Y1E19]", "Y12345/.."] {
            assert_eq!(refused(text), DateError::Unbounded { text: text.to_owned() });
        }
        assert_eq!(Date::parse("-9999").map(|date| date.window().earliest()), Ok(Some(Day::MIN)));
        assert_eq!(Date::parse("9999").map(|date| date.window().latest()), Ok(Some(Day::MAX)));
    }

    #[test]
    fn a_date_is_short_in_canonical_form_too() {
        assert_eq!(refused(&"9".repeat(101)), DateError::TooLong);
        let longer_when_canonical = format!("[{},1985]", ["2004?-06-11~"; 7].join(","));
        assert!(longer_when_canonical.len() <= MAX_CHARS);
        assert_eq!(refused(&longer_when_canonical), DateError::TooLong);
    }
}
