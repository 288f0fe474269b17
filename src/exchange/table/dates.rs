//! The dates of tables: the forms that they may have, and why a text is none of them.

use crate::domain::date::{Date, DateError};
use crate::domain::day::{Day, DayError};
use crate::exchange::table::account::RejectCode;
use crate::exchange::table::months;

/// A way to write a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateForm {
    /// EDTF; also `A..B` and `A/B` for some day from A to B.
    Edtf,
    /// Digits, names of months and marks, as `dd.mm.yyyy` and `d mmm yyyy`.
    Pattern(Vec<Part>),
    /// The number of a day in a spreadsheet that counts from 1900: 1 is the first of January 1900.
    Serial,
}

/// A part of a date in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `yyyy`: four digits.
    Year,
    /// `mm`: two digits; `m`: one or two.
    Month(usize),
    /// `mmm`: its name, or the beginning of that.
    MonthName,
    /// `dd`: two digits; `d`: one or two.
    Day(usize),
    /// Anything else stands for itself, and a space for any white space.
    Mark(char),
}

/// How a table writes its dates.
#[derive(Debug, Clone)]
pub struct DateForms {
    /// The forms, in the order in which they are tried.
    pub forms: Vec<DateForm>,
    /// Texts that stand for no date, besides an empty one.
    pub none: Vec<String>,
    /// Texts that stand for no date where an end is told: it goes on.
    pub none_at_end: Vec<String>,
    /// The last year that is a date.
    pub last_year: i32,
    /// Whether `2020-21` is the spring of 2020, as EDTF has it, and not a pair of years.
    pub seasons: bool,
    /// Whether numbers may end in `.0`, as programs write them that take a column for fractions.
    pub floats: bool,
}

impl Default for DateForms {
    fn default() -> Self {
        let (forms, none_at_end) = (vec![DateForm::Edtf], vec!["9999-12-31".to_owned()]);
        Self { forms, none: Vec::new(), none_at_end, last_year: 2099, seasons: false, floats: false }
    }
}

/// Why a text is no date: the code, and a sentence.
pub(super) type Fault = (RejectCode, String);

impl DateForm {
    /// The form of that name: `edtf`, `excel`, or a pattern with each of `yyyy`, `mmm`, `mm` or `m`, and `dd` or `d` at most
    /// once.
    ///
    /// # Errors
    ///
    /// What is wrong with the pattern.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.eq_ignore_ascii_case("edtf") {
            return Ok(Self::Edtf);
        }
        if text.eq_ignore_ascii_case("excel") {
            return Ok(Self::Serial);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let run = rest.chars().take_while(|c| *c == first).count();
            let part = match (first, run) {
                ('y', 4) => Part::Year,
                ('m', 1 | 2) => Part::Month(run),
                ('m', 3) => Part::MonthName,
                ('d', 1 | 2) => Part::Day(run),
                ('y', _) => return Err("a year has four digits: `yyyy`"),
                ('m', _) => return Err("a month is `mmm`, `mm` or `m`"),
                ('d', _) => return Err("a day is `dd` or `d`"),
                (mark, _) => Part::Mark(mark),
            };
            let length = if matches!(part, Part::Mark(_)) { first.len_utf8() } else { run };
            parts.push(part);
            rest = &rest[length..];
        }
        check_parts(&parts).map(|()| Self::Pattern(parts))
    }

    /// Reads a text of this form; none if it has another.
    pub(super) fn read(&self, text: &str) -> Option<Result<Date, Fault>> {
        match self {
            Self::Edtf => {
                let span = span_of(text);
                match Date::parse(span.as_deref().unwrap_or(text)) {
                    Err(DateError::NotEdtf { .. }) => None,
                    other => Some(other.map_err(|error| fault_of(&error))),
                }
            }
            Self::Pattern(parts) => in_pattern(parts, text),
            Self::Serial => serial(text),
        }
    }
}

fn check_parts(parts: &[Part]) -> Result<(), &'static str> {
    let count = |is: fn(&Part) -> bool| parts.iter().filter(|part| is(part)).count();
    let years = count(|part| matches!(part, Part::Year));
    let months = count(|part| matches!(part, Part::Month(_) | Part::MonthName));
    let days = count(|part| matches!(part, Part::Day(_)));
    match (years, months, days) {
        (1, 1, 0 | 1) | (1, 0, 0) => Ok(()),
        (0, _, _) => Err("there is no year in it: write for example `dd.mm.yyyy`, or `edtf`"),
        (1, 0, _) => Err("a day needs its month"),
        _ => Err("a part stands twice in it"),
    }
}

/// `A..B` and `A/B` as EDTF's `[A..B]`: one day of those.
fn span_of(text: &str) -> Option<String> {
    if text.contains(['[', '{']) {
        return None;
    }
    let (from, to) = text.split_once('/').or_else(|| text.split_once(".."))?;
    let is_open = |end: &str| end.is_empty() || end == "..";
    if is_open(from) && is_open(to) { None } else { Some(format!("[{}..{}]", open(from), open(to))) }
}

fn open(end: &str) -> &str {
    if end == ".." { "" } else { end.trim() }
}

/// None if the text has other digits and marks than the pattern.
fn in_pattern(parts: &[Part], text: &str) -> Option<Result<Date, Fault>> {
    let (mut year, mut month, mut day) = (0, None, None);
    let mut rest = text;
    for part in parts {
        match *part {
            Part::Year => year = number(&mut rest, 4, 4)?,
            Part::Month(least) => month = Some(number(&mut rest, least, 2)?),
            Part::Day(least) => day = Some(number(&mut rest, least, 2)?),
            Part::MonthName => month = Some(month_name(&mut rest)?),
            Part::Mark(' ') => rest = Some(rest.trim_start()).filter(|trimmed| trimmed.len() < rest.len())?,
            Part::Mark(mark) => rest = rest.strip_prefix(mark)?,
        }
    }
    if !rest.is_empty() {
        return None;
    }
    let edtf = match (month, day) {
        (Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(month), None) => format!("{year:04}-{month:02}"),
        (None, _) => format!("{year:04}"),
    };
    Some(Date::parse(&edtf).map_err(|error| fault_of(&error)))
}

fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, behind) = rest.split_at(digits);
    *rest = behind;
    (digits >= least).then(|| number.parse().ok()).flatten()
}

/// The name of a month, with the full stop of one that is cut short.
fn month_name(rest: &mut &str) -> Option<u32> {
    let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(letters);
    *rest = behind.strip_prefix('.').unwrap_or(behind);
    months::number(name)
}

/// The day of a spreadsheet's number; a fraction is a time of that day.
fn serial(text: &str) -> Option<Result<Date, Fault>> {
    /// What follows is one less, since spreadsheets have a 29th of February in 1900.
    const NO_DAY: u32 = 60;
    /// The number of the first of January 1970.
    const EPOCH: i32 = 25_569;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || !(1..=7).contains(&whole.len()) {
        return None;
    }
    let number = whole.bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse::<u32>().ok()).flatten()?;
    if number == 0 || number == NO_DAY {
        return Some(Err((RejectCode::ImpossibleDate, format!("{} is the number of no day", shown(text)))));
    }
    let days = i32::try_from(number).ok()? - if number > NO_DAY { EPOCH } else { EPOCH - 1 };
    let Some(day) = Day::from_days_since_epoch(days).filter(|day| day.ymd().0 <= 9999) else {
        return Some(Err((RejectCode::LateYear, format!("{} is the number of a day too late", shown(text)))));
    };
    let (year, month, day) = day.ymd();
    Some(Date::parse(&format!("{year:04}-{month:02}-{day:02}")).map_err(|error| fault_of(&error)))
}

/// Whether a year and a number that is no month stand in it: tables write two years so, and EDTF some seasons.
fn has_pair(text: &str) -> bool {
    let is_pair = |group: &str| {
        let group = group.trim_end_matches(['?', '~', '%']);
        let (year, season) = group.rsplit_once('-')?;
        let is_year = year.len() >= 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        let season = (season.len() == 2).then(|| season.parse::<u32>().ok()).flatten()?;
        Some(is_year && season > 12)
    };
    text.split(['/', '[', ']', '{', '}', ',', ' '])
        .flat_map(|part| part.split(".."))
        .any(|group| is_pair(group) == Some(true))
}

impl DateForms {
    /// Reads a date.
    pub(super) fn read(&self, text: &str) -> Result<Date, Fault> {
        let text = self.without_float(text);
        if text.is_empty() || self.none.iter().any(|none| none == text) {
            return Err((RejectCode::NoDateGiven, "no date is given".to_owned()));
        }
        let is_pair = !self.seasons && has_pair(text);
        let allowed = self.forms.iter().filter(|form| !is_pair || **form != DateForm::Edtf);
        let read = allowed.into_iter().find_map(|form| form.read(text));
        let read = read.or_else(|| is_pair.then(|| Err(no_season(text))));
        let date = read.unwrap_or_else(|| Err(other_form(text)))?;
        let year = |day: Option<Day>| day.map(|day| day.ymd().0);
        let latest = year(date.window().latest()).into_iter().chain(year(date.window().earliest())).max();
        match latest.filter(|latest| *latest > self.last_year) {
            Some(_) => {
                Err((RejectCode::LateYear, format!("{} is later than the year {}", shown(text), self.last_year)))
            }
            None => Ok(date),
        }
    }

    /// A number without the `.0` behind it, where that may be there.
    pub(super) fn without_float<'t>(&self, text: &'t str) -> &'t str {
        let whole = text.strip_suffix(".0").filter(|_| self.floats);
        whole.filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')).unwrap_or(text)
    }

    /// Whether the text says that an end has not come.
    pub(super) fn is_no_end(&self, text: &str) -> bool {
        self.none_at_end.iter().any(|none| none == text)
    }
}

fn no_season(text: &str) -> Fault {
    let reason =
        format!("{} may be two years or a season; a map says that it is a season: [dates] seasons = true", shown(text));
    (RejectCode::OtherDateForm, reason)
}

fn other_form(text: &str) -> Fault {
    let groups: Vec<&str> = text.split(['-', '.', '/']).collect();
    let is_short = |group: &&str| (1..=2).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit());
    if groups.len() == 3 && groups.iter().all(is_short) {
        return (RejectCode::TwoDigitYear, format!("{} does not say which century", shown(text)));
    }
    let day = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let has_name = DateForm::parse("d mmm yyyy").is_ok_and(|form| form.read(day).is_some());
    let hint = match (has_name, day.len() < text.len()) {
        (false, _) => "",
        (true, false) => "; a map can say: forms = [\"d mmm yyyy\"]",
        (true, true) => {
            "; a map can say what letters behind a date mean, and `import untc` knows those of the United Nations"
        }
    };
    (RejectCode::OtherDateForm, format!("{} is written in none of the forms that dates have here{hint}", shown(text)))
}

fn fault_of(error: &DateError) -> Fault {
    let code = match error {
        DateError::Placeholder { .. } => RejectCode::PlaceholderDate,
        DateError::Impossible { reason: DayError::NotIso, .. } | DateError::NotEdtf { .. } => RejectCode::OtherDateForm,
        DateError::Impossible { .. } => RejectCode::ImpossibleDate,
        DateError::Unbounded { .. } => RejectCode::LateYear,
        _ => RejectCode::OtherDateForm,
    };
    (code, error.to_string())
}

/// What stands in the cell, cut where it is long.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{:?}…", &text[..at]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(names: &[&str]) -> DateForms {
        DateForms {
            forms: names.iter().map(|name| DateForm::parse(name).expect(name)).collect(),
            none: vec!["n/a".to_owned()],
            ..DateForms::default()
        }
    }

    fn check(forms: &DateForms, text: &str, expected: Result<&str, RejectCode>) {
        let found = forms.read(text).map(|date| date.to_string()).map_err(|(code, _)| code);
        assert_eq!(found, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn edtf_and_spans_are_dates_and_what_tables_write_besides_is_told_apart() {
        let edtf = forms(&["edtf"]);
        for (text, expected) in [
            ("1968-07-01", Ok("1968-07-01")),
            ("1968-07", Ok("1968-07")),
            ("1968", Ok("1968")),
            ("1968-07-01?", Ok("1968-07-01?")),
            ("1968-07..1968-09", Ok("[1968-07..1968-09]")),
            ("1968-07/1968-09", Ok("[1968-07..1968-09]")),
            ("../1968-09", Ok("[..1968-09]")),
            ("[1968..1970]", Ok("[1968..1970]")),
            ("", Err(RejectCode::NoDateGiven)),
            ("n/a", Err(RejectCode::NoDateGiven)),
            ("9999-12-31", Err(RejectCode::PlaceholderDate)),
            ("2899-01-01", Err(RejectCode::LateYear)),
            ("2100", Err(RejectCode::LateYear)),
            ("1968..2100", Err(RejectCode::LateYear)),
            ("01-01-01", Err(RejectCode::TwoDigitYear)),
            ("1.7.68", Err(RejectCode::TwoDigitYear)),
            ("17.12.1994", Err(RejectCode::OtherDateForm)),
            ("soon", Err(RejectCode::OtherDateForm)),
            ("2010-02-29", Err(RejectCode::ImpossibleDate)),
            ("17.12.1994?", Err(RejectCode::OtherDateForm)),
        ] {
            check(&edtf, text, expected);
        }
    }

    #[test]
    fn a_map_can_name_other_forms() {
        let german = forms(&["dd.mm.yyyy", "d.m.yyyy", "mm/yyyy", "yyyy"]);
        for (text, expected) in [
            ("17.12.1994", Ok("1994-12-17")),
            ("7.2.1994", Ok("1994-02-07")),
            ("12/1994", Ok("1994-12")),
            ("1994", Ok("1994")),
            ("31.02.1994", Err(RejectCode::ImpossibleDate)),
            ("17.12.94", Err(RejectCode::TwoDigitYear)),
            ("1994-12-17", Err(RejectCode::OtherDateForm)),
        ] {
            check(&german, text, expected);
        }
    }

    #[test]
    fn months_have_names_and_spreadsheets_count_days() {
        let named = forms(&["d mmm yyyy", "d. mmm yyyy", "mmm yyyy", "excel"]);
        for (text, expected) in [
            ("8 Jun 1994", Ok("1994-06-08")),
            ("8\u{a0} june  1994", Ok("1994-06-08")),
            ("3. März 2001", Ok("2001-03-03")),
            ("15 févr. 2001", Ok("2001-02-15")),
            ("Jun 1994", Ok("1994-06")),
            ("31 Jun 1994", Err(RejectCode::ImpossibleDate)),
            ("8 Jum 1994", Err(RejectCode::OtherDateForm)),
            ("1", Ok("1900-01-01")),
            ("59", Ok("1900-02-28")),
            ("60", Err(RejectCode::ImpossibleDate)),
            ("61", Ok("1900-03-01")),
            ("45217", Ok("2023-10-18")),
            ("45217.75", Ok("2023-10-18")),
            ("0", Err(RejectCode::ImpossibleDate)),
            ("99999999", Err(RejectCode::OtherDateForm)),
            ("9999999", Err(RejectCode::LateYear)),
        ] {
            check(&named, text, expected);
        }
    }

    #[test]
    fn two_years_are_no_season_unless_the_map_says_so_and_all_such_cells_are_treated_alike() {
        let (pairs, seasons) = (forms(&["edtf"]), DateForms { seasons: true, ..forms(&["edtf"]) });
        for text in ["2019-20", "2020-21", "2024-25", "2020-21?", "2019-12..2020-21", "[2020-21..2021]"] {
            check(&pairs, text, Err(RejectCode::OtherDateForm));
        }
        check(&seasons, "2020-21", Ok("2020-21"));
        check(&pairs, "2020-12", Ok("2020-12"));
        check(&pairs, "2020-12-31", Ok("2020-12-31"));
    }

    #[test]
    fn numbers_may_end_as_those_of_fractions_do_where_the_map_says_so() {
        let floats = DateForms { floats: true, ..forms(&["edtf"]) };
        check(&floats, "1994.0", Ok("1994"));
        check(&forms(&["edtf"]), "1994.0", Err(RejectCode::OtherDateForm));
    }

    #[test]
    fn a_form_that_is_no_date_is_refused_with_the_reason() {
        for wrong in ["", "dd.mm", "dd.yyyy", "dd.mm.yy", "ddd.mm.yyyy", "yyyy-mm-mm", "yyyymmmm"] {
            assert!(DateForm::parse(wrong).is_err(), "{wrong}");
        }
    }
}
