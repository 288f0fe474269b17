//! Seasons, quarters and other parts of a year by number, as `2020-21`, which elsewhere means the years 2020 to 2021.

use super::{Date, DateField, Edtf, Form, Single, YearKind, before_zero, hints, words};

/// What the numbers 21 to 41 say of a year that stands behind.
///
/// # Source
///
/// ISO 8601-2, 4.8: independent of the hemisphere, of the northern, of the southern; quarters, thirds, halves.
const NAMES: [&str; 21] = [
    "spring",
    "summer",
    "autumn",
    "winter",
    "northern spring",
    "northern summer",
    "northern autumn",
    "northern winter",
    "southern spring",
    "southern summer",
    "southern autumn",
    "southern winter",
    "first quarter of",
    "second quarter of",
    "third quarter of",
    "fourth quarter of",
    "first third of",
    "second third of",
    "last third of",
    "first half of",
    "second half of",
];

impl Date {
    /// Whether some part of it is a season, or another part of a year by number.
    pub fn has_season(&self) -> bool {
        match &self.0 {
            Form::PlainDay(_) => false,
            Form::Other(other) => before_zero::read(&other.0)
                .is_ok_and(|mut edtf| before_zero::dates_in(&mut edtf).iter().any(|date| number(date).is_some())),
        }
    }

    /// What to write instead of a season that may not be meant: the years, or the months of the season.
    pub fn season_hint(&self) -> String {
        let text = self.to_string();
        let years =
            hints::readings(&text).into_iter().map(|years| format!("{} for the years, ", hints::pasteable(&years)));
        let months = self.window().earliest().zip(self.window().latest()).map(|(first, last)| {
            let month = |day: super::Day| day.to_string().rsplit_once('-').map(|(month, _)| month.to_owned());
            format!("\"[{}..{}]\"", month(first).unwrap_or_default(), month(last).unwrap_or_default())
        });
        let months = months.map(|months| format!("{months} for these months, or ")).unwrap_or_default();
        format!(
            "write {}{months}keep the source's words for it in `wording`, such as `spring 2020`",
            years.collect::<String>()
        )
    }
}

/// The number of a season.
fn number(date: &Single) -> Option<u8> {
    date.month.and_then(DateField::value).filter(|number| (21..=41).contains(number))
}

/// A date that is nothing but a season of a known year, in words, without what qualifies it.
pub(super) fn words_for(edtf: &Edtf) -> Option<(String, Single)> {
    let Edtf::Date(date) = edtf else { return None };
    let number = number(date)?;
    let year = date.year.value().filter(|_| date.year.significant_digits.is_none())?;
    if year < words::FIRST_YEAR.into() || !matches!(date.year.kind, YearKind::Standard { .. }) {
        return None;
    }
    let name = NAMES.get(usize::from(number) - 21)?;
    // What begins in December ends in the next year.
    let ends = matches!(number, 24 | 28 | 30);
    let until = if ends { format!("–{:02}", (year + 1) % 100) } else { String::new() };
    Some((format!("{name} {year}{until}"), *date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, words: &str) {
        assert_eq!(Date::parse(text).expect(text).in_words(), words, "{text}");
    }

    #[test]
    fn a_season_is_shown_in_words_beside_its_number() {
        check("2020-21", "spring 2020 (2020-21)");
        check("2020-22~", "about summer 2020 (2020-22~)");
        check("2020-24", "winter 2020–21 (2020-24)");
        check("2020-28", "northern winter 2020–21 (2020-28)");
        check("2020-30", "southern summer 2020–21 (2020-30)");
        check("2020-35", "third quarter of 2020 (2020-35)");
        check("2020-39", "last third of 2020 (2020-39)");
        check("2020-41?", "second half of 2020 (uncertain) (2020-41?)");
        check("202X-21", "202X-21");
        check("[2020-21,2021-21]", "[2020-21,2021-21]");
    }

    #[test]
    fn seasons_are_told_from_months_wherever_they_stand() {
        for text in ["2020-21", "2020-41~", "2020-21/2021-02", "[2019,2020-22]", "202X-21"] {
            assert!(Date::parse(text).expect(text).has_season(), "{text}");
        }
        for text in ["2020-12", "2020", "2020-10-21", "[2020-01..2021-12]", "202X", "XXXX", "2020-XX"] {
            assert!(!Date::parse(text).expect(text).has_season(), "{text}");
        }
    }

    #[test]
    fn what_may_not_be_a_season_says_what_to_write() {
        let hint = |text: &str| Date::parse(text).expect(text).season_hint();
        assert_eq!(
            hint("2020-21"),
            "write \"[2020..2021]\" for the years, \"[2020-03..2020-05]\" for these months, or keep the source's words for it in \
             `wording`, such as `spring 2020`"
        );
        assert!(hint("2040-33").starts_with("write \"[2040-01..2040-03]\" for these months"), "{}", hint("2040-33"));
    }
}
