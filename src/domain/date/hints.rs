//! What a text that is not EDTF was probably meant to say.

use super::Date;
use super::words::{MONTHS, PARTS_OF_YEAR};

/// Words before a date, and what they put around its EDTF form.
const PHRASES: [(&str, &str, &str); 13] = [
    ("before ", "[..", "]"),
    ("by ", "[..", "]"),
    ("after ", "[", "..]"),
    ("since ", "[", "..]"),
    ("from ", "[", "..]"),
    ("circa ", "", "~"),
    ("ca. ", "", "~"),
    ("ca ", "", "~"),
    ("c. ", "", "~"),
    ("c.", "", "~"),
    ("about ", "", "~"),
    ("around ", "", "~"),
    ("approximately ", "", "~"),
];

/// The EDTF expressions that `text` may mean; none if that cannot be told, two if it is ambiguous.
pub(super) fn readings(text: &str) -> Vec<String> {
    let text = text.trim().to_lowercase();
    let mut readings =
        match PHRASES.iter().find_map(|(words, open, close)| Some((text.strip_prefix(words)?, open, close))) {
            Some((date, open, close)) => dates(date).into_iter().map(|date| format!("{open}{date}{close}")).collect(),
            None if matches!(&*text, "unknown" | "undated" | "n/a" | "?") => vec!["XXXX".to_owned()],
            None => dates(&text),
        };
    readings.retain(|reading| Date::parse(reading).is_ok());
    readings.dedup();
    readings
}

/// The dates that a text without such words may mean, possible or not.
fn dates(text: &str) -> Vec<String> {
    let as_written = text.trim().to_uppercase();
    if Date::parse(&as_written).is_ok() {
        return vec![as_written];
    }
    let tokens: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|token| !token.is_empty()).collect();
    match tokens[..] {
        [day] if is_number(day, 8) => vec![format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])],
        [decade] => decade_of(decade),
        // `2009/10` may be a month, and is more often two years.
        [year, month] if is_number(year, 4) && !text.contains('/') => ymd(year, month, None),
        [period, year] if is_number(year, 4) => part_of_year(period, year).unwrap_or_else(|| ymd(year, period, None)),
        [year, month, day] if is_number(year, 4) => ymd(year, month, Some(day)),
        [a, b, year] if is_number(year, 4) => [ymd(year, b, Some(a)), ymd(year, a, Some(b))].concat(),
        _ => Vec::new(),
    }
}

fn decade_of(text: &str) -> Vec<String> {
    match text.strip_suffix('s') {
        Some(century) if is_number(century, 4) && century.ends_with("00") => {
            vec![format!("{}X", &century[..3]), format!("{}XX", &century[..2])]
        }
        Some(decade) if is_number(decade, 4) && decade.ends_with('0') => vec![format!("{}X", &decade[..3])],
        _ => Vec::new(),
    }
}

fn part_of_year(word: &str, year: &str) -> Option<Vec<String>> {
    let (_, from, to) = PARTS_OF_YEAR.iter().find(|(part, ..)| *part == word)?;
    Some(vec![format!("[{year}-{from:02}..{year}-{to:02}]")])
}

fn ymd(year: &str, month: &str, day: Option<&str>) -> Vec<String> {
    let text = month_number(month).and_then(|month| match day {
        Some(day) => day_number(day).map(|day| format!("{year}-{month:02}-{day:02}")),
        None => Some(format!("{year}-{month:02}")),
    });
    text.into_iter().collect()
}

/// A month as a number, by its name, or by three or more of its first letters.
fn month_number(text: &str) -> Option<usize> {
    let named = || MONTHS.iter().position(|name| text.len() >= 3 && name.to_lowercase().starts_with(text));
    // Three digits would be a day of the year.
    let numbered = text.parse().ok().filter(|month| text.len() <= 2 && (1..=12).contains(month));
    numbered.or_else(|| Some(named()? + 1))
}

/// A day of the month, also as an ordinal: `1st`, `22nd`.
fn day_number(text: &str) -> Option<u8> {
    let cardinal = ["st", "nd", "rd", "th"].iter().find_map(|ending| text.strip_suffix(ending));
    cardinal.unwrap_or(text).parse().ok().filter(|day| (1..=31).contains(day))
}

fn is_number(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_hint(text: &str, hint: &str) {
        assert_eq!(Date::parse(text).expect_err(text).hint().as_deref(), Some(hint), "{text}");
    }

    #[test]
    fn what_a_source_says_is_met_with_the_expression_to_write() {
        for (text, hint) in [
            ("18.10.2023", "write 2023-10-18"),
            ("18 October 2023", "write 2023-10-18"),
            ("18th Oct. 2023", "write 2023-10-18"),
            ("October 18, 2023", "write 2023-10-18"),
            ("Oct 2023", "write 2023-10"),
            ("10/2023", "write 2023-10"),
            ("2023-1", "write 2023-01"),
            ("20231018", "write 2023-10-18"),
            ("2023/10/18", "write 2023-10-18"),
            (" 2023-10-xx", "write 2023-10-XX"),
            ("03/04/2023", "write 2023-04-03 or 2023-03-04"),
            ("05.05.2023", "write 2023-05-05"),
            ("mid-2024", "write [2024-05..2024-08]"),
            ("early 2024", "write [2024-01..2024-04]"),
            ("Late 2024", "write [2024-09..2024-12]"),
            ("2030s", "write 203X"),
            ("2000s", "write 200X or 20XX"),
            ("before 2023-10-08", "write [..2023-10-08]"),
            ("by 8 October 2023", "write [..2023-10-08]"),
            ("since 2023-10-08", "write [2023-10-08..]"),
            ("c. 2018", "write 2018~"),
            ("about 2018", "write 2018~"),
            ("unknown", "write XXXX"),
        ] {
            check_hint(text, hint);
        }
    }

    #[test]
    fn nothing_is_suggested_that_cannot_be_told() {
        for text in [
            "",
            "soon",
            "31.02.2023",
            "13/13/2023",
            "18.10.23",
            "2009/10",
            "2009-010",
            "Mayor 2023",
            "about",
            "２０２３年",
            "s",
        ] {
            check_hint(text, "write it like 2023-10-18, 2023-10 or 2023");
        }
    }
}
