//! The packed form of a date: a plain day is its number, and every other date its text, of which there are fewer.

use super::{Date, Form, is_placeholder};
use crate::domain::day::Day;
use crate::domain::packed::{NameKind, Packed, Packer, Unpacker, Unreadable};

/// Stands for a date that is no plain day; days that are not before 1970 count from one more than this.
const OTHER: i64 = 0;

impl Packed for Date {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        match &self.0 {
            Form::PlainDay(day) => to.signed(number(*day)),
            Form::Other(other) => {
                to.signed(OTHER);
                to.name(&other.0);
            }
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        match from.signed()? {
            OTHER => {
                let text = from.name(NameKind::Text, |_| true)?;
                let date = Self::parse(&text).ok().filter(|date| date.text() == text);
                date.ok_or_else(|| from.unreadable("no date in its canonical form"))
            }
            number => plain(number).ok_or_else(|| from.unreadable("a day that there is not")),
        }
    }
}

fn number(day: Day) -> i64 {
    let days = i64::from(day.days_since_epoch());
    if days < OTHER { days } else { days + 1 }
}

fn plain(number: i64) -> Option<Date> {
    let days = if number < OTHER { number } else { number - 1 };
    let day = Day::from_days_since_epoch(i32::try_from(days).ok()?)?;
    let is_plain = day.ymd().0 >= 0 && !is_placeholder(day.ymd());
    is_plain.then_some(Date(Form::PlainDay(day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let date = Date::parse(text).expect(text);
        let mut packer = Packer::default();
        date.pack(&mut packer);
        let bytes = packer.into_bytes();
        let mut unpacker = Unpacker::new(&bytes);
        assert_eq!(Date::unpack(&mut unpacker), Ok(date), "{text}");
        unpacker.finish().expect(text);
        bytes
    }

    #[test]
    fn dates_of_every_form_come_back() {
        for text in ["2023-10", "202X", "[..2023-10-08]", "2023-10-18~", "XXXX", "-0044-03-15", "2023-10-1X", "2023-21"]
        {
            packed(text);
        }
    }

    #[test]
    fn a_plain_day_is_its_number() {
        for text in ["1970-01-01", "1969-12-31", "2023-10-18", "0000-01-01", "0999-02-28", "9999-12-30", "1582-10-15"] {
            assert!(packed(text).len() <= 4, "{text}");
        }
        assert_eq!(packed("2023-10-18").len(), 3);
    }

    #[test]
    fn numbers_of_no_plain_day_are_refused() {
        for day in [Day::MIN, Day::MAX, Day::parse("-0001-12-31").expect("a day")] {
            let mut packer = Packer::default();
            packer.signed(number(day));
            assert!(Date::unpack(&mut Unpacker::new(&packer.into_bytes())).is_err(), "{day}");
        }
    }
}
