//! Years before 0 with unspecified digits, such as `-01XX`, some year from -0199 to -0100.
//!
//! ISO 8601-2 has them, and the crate that reads EDTF has not. It is given a year that may be meant, so that it checks
//! everything else, and the digits are taken back out of what it read.

use super::{DateField, Edtf, Interval, IntervalEndpoint, Set, SetElement, Single, YearKind};

/// The digits of a year; none where one is unspecified.
type Digits = [Option<u8>; 4];

/// Reads an expression.
///
/// # Errors
///
/// Why it is none.
pub(super) fn read(text: &str) -> Result<Edtf, &'static str> {
    if !text.contains('X') {
        return Edtf::parse(text).map_err(|error| error.message);
    }
    let dates = dates_of(text);
    let masked = || dates.iter().enumerate().filter_map(|(index, (at, date))| Some((index, *at, Masked::of(date)?)));
    let mut given = text.to_owned();
    for (_, at, year) in masked() {
        let is_end = text.find('/').is_some_and(|slash| slash < at);
        // The year that leaves most room for an interval, in either direction.
        let chosen = if is_end { year.latest() } else { year.earliest() };
        if let Some(chosen) = chosen {
            given.replace_range(at + year.at..at + year.at + 4, &format!("{chosen:04}"));
        }
    }
    let mut edtf = Edtf::parse(&given).map_err(|error| error.message)?;
    let mut read = dates_in(&mut edtf);
    if read.len() == dates.len() {
        for (index, _, year) in masked() {
            read[index].year.kind = YearKind::Standard { negative: true, digits: year.digits };
        }
    }
    if given == text || !has_unspecified_range(&edtf) {
        Ok(edtf)
    } else {
        Err("set range endpoints cannot contain unspecified digits")
    }
}

/// The first and the last date that is meant, if its year is before 0 and has unspecified digits.
pub(super) fn ends(date: &Single) -> Option<[Single; 2]> {
    let YearKind::Standard { negative: true, digits } = date.year.kind else { return None };
    if !date.year.has_unspecified() {
        return None;
    }
    let is_leap_day =
        date.month.and_then(DateField::value) == Some(2) && date.day.and_then(DateField::value) == Some(29);
    let year = Masked { at: 0, digits, is_leap_day };
    Some([in_year(*date, year.earliest()?), in_year(*date, year.latest()?)])
}

/// A year before 0 with unspecified digits.
struct Masked {
    /// Where its digits begin within its date.
    at: usize,
    digits: Digits,
    /// Whether its date is a 29 February, and it a leap year then.
    is_leap_day: bool,
}

impl Masked {
    fn of(date: &str) -> Option<Self> {
        let unqualified = date.trim_start_matches(QUALIFIERS);
        let year = unqualified.strip_prefix('-')?;
        let at = date.len() - year.len();
        let (digits, rest) = year.split_at_checked(4)?;
        let is_masked = digits.contains('X') && digits.bytes().all(|byte| byte == b'X' || byte.is_ascii_digit());
        let digits: Vec<Option<u8>> = digits.bytes().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect();
        let digits = Digits::try_from(digits).ok().filter(|_| is_masked)?;
        let is_leap_day = rest.replace(QUALIFIERS, "") == "-02-29";
        // Significant digits are of a year that is known.
        (!rest.starts_with('S')).then_some(Self { at, digits, is_leap_day })
    }

    /// The years that are meant, from the year -1 back, without their sign.
    fn years(&self) -> impl DoubleEndedIterator<Item = u16> {
        let is_meant = |year: &u16| {
            let own = [year / 1000, year / 100 % 10, year / 10 % 10, year % 10];
            let fits =
                self.digits.iter().zip(own).all(|(digit, own)| digit.is_none_or(|digit| u16::from(digit) == own));
            let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            fits && (is_leap || !self.is_leap_day)
        };
        (1..=9999).filter(is_meant)
    }

    fn earliest(&self) -> Option<u16> {
        self.years().next_back()
    }

    fn latest(&self) -> Option<u16> {
        self.years().next()
    }
}

fn in_year(mut date: Single, year: u16) -> Single {
    let digit = |place: u16| Some((year / place % 10).to_le_bytes()[0]);
    date.year.kind = YearKind::Standard { negative: true, digits: [1000, 100, 10, 1].map(digit) };
    date
}

const QUALIFIERS: [char; 3] = ['?', '~', '%'];

/// The dates of an expression, and where they stand.
fn dates_of(text: &str) -> Vec<(usize, &str)> {
    let parts = text.split(['/', ',', '[', ']', '{', '}']).flat_map(|part| part.split(".."));
    let dates = parts.filter(|date| !date.is_empty());
    dates.map(|date| (date.as_ptr() as usize - text.as_ptr() as usize, date)).collect()
}

/// The dates of an expression that was read, in their order.
pub(super) fn dates_in(edtf: &mut Edtf) -> Vec<&mut Single> {
    match edtf {
        Edtf::Date(date) => vec![date],
        Edtf::DateTime(at) => vec![&mut at.date],
        Edtf::Interval(Interval { start, end }) => [start, end].into_iter().filter_map(of_endpoint).collect(),
        Edtf::Set(Set { elements, .. }) => elements.iter_mut().flat_map(of_element).collect(),
    }
}

fn of_endpoint(endpoint: &mut IntervalEndpoint) -> Option<&mut Single> {
    match endpoint {
        IntervalEndpoint::Open | IntervalEndpoint::Unknown => None,
        IntervalEndpoint::Date(date) | IntervalEndpoint::OnOrBefore(date) | IntervalEndpoint::OnOrAfter(date) => {
            Some(date)
        }
    }
}

fn of_element(element: &mut SetElement) -> Vec<&mut Single> {
    match element {
        SetElement::Date(date) | SetElement::OnOrBefore(date) | SetElement::OnOrAfter(date) => vec![date],
        SetElement::Range(from, to) => vec![from, to],
    }
}

fn has_unspecified_range(edtf: &Edtf) -> bool {
    let is_one = |element: &SetElement| match element {
        SetElement::Range(from, to) => from.has_unspecified() || to.has_unspecified(),
        SetElement::Date(_) | SetElement::OnOrBefore(_) | SetElement::OnOrAfter(_) => false,
    };
    matches!(edtf, Edtf::Set(set) if set.elements.iter().any(is_one))
}

#[cfg(test)]
mod tests {
    use super::super::{Date, Window};

    #[track_caller]
    fn check(text: &str, first: &str, last: &str) {
        let date = Date::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let end = |day: &str| (!day.is_empty()).then(|| Date::parse(day).expect(day).window().earliest()).flatten();
        assert_eq!(Some(date.window()), Window::between(end(first), end(last)), "{text}");
        assert_eq!(date.to_string(), text);
        assert_eq!(date.in_words(), text, "words would distort it");
        assert_eq!(Date::parse(&date.to_string()), Ok(date));
    }

    #[test]
    fn unspecified_digits_of_a_year_before_0_are_any_that_there_are() {
        check("-01XX", "-0199-01-01", "-0100-12-31");
        check("-20XX", "-2099-01-01", "-2000-12-31");
        check("-004X", "-0049-01-01", "-0040-12-31");
        check("-0X44", "-0944-01-01", "-0044-12-31");
        check("-X999", "-9999-01-01", "-0999-12-31");
        // Year 0 is not before itself.
        check("-000X", "-0009-01-01", "-0001-12-31");
        check("-XXXX", "-9999-01-01", "-0001-12-31");
    }

    #[test]
    fn months_and_days_stand_behind_them_as_behind_others() {
        check("-01XX-03", "-0199-03-01", "-0100-03-31");
        check("-01XX-03-15", "-0199-03-15", "-0100-03-15");
        check("-01XX-XX", "-0199-01-01", "-0100-12-31");
        check("-01XX-02", "-0199-02-01", "-0100-02-28");
        // Of these only leap years have such a day: -0100 and -0200 have none, and -0400 has.
        check("-01XX-02-29", "-0196-02-29", "-0104-02-29");
        check("-0X00-02-29", "-0800-02-29", "-0400-02-29");
        check("-01XX~", "-0199-01-01", "-0100-12-31");
        check("-01XX?-03", "-0199-03-01", "-0100-03-31");
    }

    #[test]
    fn they_stand_in_intervals_and_sets() {
        check("-01XX/-0050", "-0199-01-01", "-0050-12-31");
        check("-01XX/-0150", "-0199-01-01", "-0150-12-31");
        check("-0150/-01XX", "-0150-01-01", "-0100-12-31");
        check("-01XX/-01XX", "-0199-01-01", "-0100-12-31");
        check("-00XX/00XX", "-0099-01-01", "0099-12-31");
        check("-01XX/..", "-0199-01-01", "");
        check("../-01XX", "", "-0100-12-31");
        check("[-01XX..]", "-0199-01-01", "");
        check("[..-01XX]", "", "-0100-12-31");
        check("[-03XX,-01XX,0050]", "-0399-01-01", "0050-12-31");
    }

    #[test]
    fn what_could_be_no_date_is_refused_as_it_is_after_0() {
        for (before, after) in [
            ("-01XX-13", "01XX-13"),
            ("-01XX-02-30", "01XX-02-30"),
            ("-01X1-02-29", "01X1-02-29"),
            ("-01XXS2", "01XXS2"),
            ("-01XX-1", "01XX-1"),
            ("-01X", "01X"),
            ("-01XXX", "01XXX"),
            ("-0100/-02XX", "0200/01XX"),
            ("[-01XX..-0050]", "[01XX..0250]"),
            ("[-0250..-01XX]", "[0050..01XX]"),
            ("-01XX-01-01T10:00:00", "01XX-01-01T10:00:00"),
            ("--01XX", "-+01XX"),
        ] {
            assert!(Date::parse(after).is_err(), "{after}");
            assert!(Date::parse(before).is_err(), "{before}");
        }
    }
}
