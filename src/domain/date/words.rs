//! Windows in English, as precise as they are and never more.

use super::super::window::Window;

/// What is said of a date that may be any day.
pub(super) const UNKNOWN: &str = "unknown";

/// Years before it are written in four digits, or a reader could take them for something else.
pub(super) const FIRST_YEAR: i32 = 1000;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The parts of a year that sources speak of, with their months.
pub(super) const PARTS_OF_YEAR: [(&str, u8, u8); 3] = [("early", 1, 4), ("mid", 5, 8), ("late", 9, 12)];

/// The window in words: `18 Oct 2023`, `2–6 Oct 2023`, `mid-2024`, `2030s`.
///
/// `None` if one end is open, which needs the precision of the other to be put well, and for years before [`FIRST_YEAR`].
pub(super) fn of(window: Window) -> Option<String> {
    let (first, last) = match (window.earliest(), window.latest()) {
        (Some(first), Some(last)) => (first, last),
        (None, None) => return Some(UNKNOWN.to_owned()),
        (Some(_), None) | (None, Some(_)) => return None,
    };
    let ((from_year, from_month, from_day), (to_year, to_month, to_day)) = (first.ymd(), last.ymd());
    if from_year < FIRST_YEAR {
        return None;
    }
    let is_whole_months = from_day == 1 && last.ends_a_month();
    Some(if is_whole_months && from_month == 1 && to_month == 12 {
        years(from_year, to_year)
    } else if is_whole_months {
        months((from_year, from_month), (to_year, to_month))
    } else {
        days((from_year, from_month, from_day), (to_year, to_month, to_day))
    })
}

fn years(from: i32, to: i32) -> String {
    // The first decade of a century would read like the century.
    let is_decade = from % 10 == 0 && from % 100 != 0 && to == from + 9;
    match () {
        () if from == to => format!("{from}"),
        () if is_decade => format!("{from}s"),
        () => format!("{from}–{to}"),
    }
}

fn months((from_year, from): (i32, u8), (to_year, to): (i32, u8)) -> String {
    let (from_name, to_name) = (short(from), short(to));
    if from_year != to_year {
        return format!("{from_name} {from_year}–{to_name} {to_year}");
    }
    match PARTS_OF_YEAR.iter().find(|(_, first, last)| (*first, *last) == (from, to)) {
        Some(("mid", ..)) => format!("mid-{to_year}"),
        Some((part, ..)) => format!("{part} {to_year}"),
        None if from == to => format!("{to_name} {to_year}"),
        None => format!("{from_name}–{to_name} {to_year}"),
    }
}

fn days(from: (i32, u8, u8), to: (i32, u8, u8)) -> String {
    let (from_name, to_name) = (short(from.1), short(to.1));
    let last = format!("{} {to_name} {}", to.2, to.0);
    match () {
        () if from == to => last,
        () if (from.0, from.1) == (to.0, to.1) => format!("{}–{last}", from.2),
        () if from.0 == to.0 => format!("{} {from_name}–{last}", from.2),
        () => format!("{} {from_name} {}–{last}", from.2, from.0),
    }
}

/// The month's first three letters, which are never ambiguous.
fn short(month: u8) -> &'static str {
    &MONTHS[usize::from(month) - 1][..3]
}

#[cfg(test)]
mod tests {
    use super::super::Date;

    fn check_words(text: &str, words: &str) {
        assert_eq!(Date::parse(text).expect(text).in_words(), words, "{text}");
    }

    #[test]
    fn words_are_as_precise_as_the_date() {
        for (text, words) in [
            ("2023-10-18", "18 Oct 2023"),
            ("2023-10", "Oct 2023"),
            ("2023-10-XX", "Oct 2023"),
            ("2018", "2018"),
            ("203X", "2030s"),
            ("200X", "2000–2009"),
            ("20XX", "2000–2099"),
            ("XXXX", "unknown"),
            ("[..2023-10-08]", "by 8 Oct 2023"),
            ("[..2023-10]", "by Oct 2023"),
            ("[2023-10-08..]", "from 8 Oct 2023"),
            ("[2024-01..2024-04]", "early 2024"),
            ("[2024-05..2024-08]", "mid-2024"),
            ("[2024-09..2024-12]", "late 2024"),
            ("[2024-05..2024-07]", "May–Jul 2024"),
            ("[2021-05..2022-08]", "May 2021–Aug 2022"),
            ("2021-05/2022-08", "May 2021–Aug 2022"),
            ("[2018..2020]", "2018–2020"),
            ("[2023-10-02..2023-10-06]", "2–6 Oct 2023"),
            ("[2023-10-30..2023-11-02]", "30 Oct–2 Nov 2023"),
            ("[2023-12-30..2024-01-02]", "30 Dec 2023–2 Jan 2024"),
            ("2023-10-18~", "about 18 Oct 2023"),
            ("2018?", "2018 (uncertain)"),
            ("2018%", "about 2018 (uncertain)"),
        ] {
            check_words(text, words);
        }
    }

    #[test]
    fn a_date_that_words_would_distort_stays_edtf() {
        for text in [
            "2004-06~-11",
            "XXXX-12-25",
            "1560-X2",
            "1950S2",
            "[2004,2006]",
            "{2004..2006}",
            "[..2004~]",
            "[..202X]",
            "2004/..",
            "0476",
            "-0044-03-15",
            "XXXX~",
        ] {
            check_words(text, text);
        }
    }
}
