//! What cells of tables hold besides their value: footnotes behind names, letters behind dates, dates in several cells.

use std::collections::BTreeMap;

use crate::exchange::table::account::RejectCode;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::dates::{DateForms, Fault, shown};

/// What stands in a column of years, months or days where none is known, however it is padded.
const NO_PART: [&str; 6] = ["0", "00", "-9", "-99", "-999", "0000"];

/// A name without the numbers of footnotes behind it: `China 4, 5`, `Serbia2`, `Serbia²`, `Serbia [2]`, `Serbia*`.
pub(super) fn without_footnotes(name: &str) -> &str {
    let mut rest = name.trim();
    if let Some((name, _, mut behind)) = raised(rest) {
        while let Some((_, _, next)) = raised(behind).filter(|(between, ..)| between.trim().is_empty()) {
            behind = next;
        }
        if behind.trim().is_empty() {
            rest = name.trim_end();
        }
    }
    let is_raised = |c: char| matches!(c, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹' | '*');
    loop {
        let before = rest;
        rest = rest.trim_end_matches(|c: char| is_raised(c) || c.is_whitespace() || c == ',');
        rest = without_number(rest, "", "");
        rest = without_number(rest, "[", "]");
        if rest == before {
            break;
        }
    }
    // A number alone is no footnote.
    if rest.is_empty() { name.trim() } else { rest }
}

/// The first part of a text that markup raises, whatever its case, and what stands before it and behind it.
pub(super) fn raised(text: &str) -> Option<(&str, &str, &str)> {
    let tag = |from: usize, tag: &str| {
        let mut tags = text[from..].match_indices('<').map(|(at, _)| from + at);
        let is_it = |at: &usize| text.get(*at..*at + tag.len()).is_some_and(|own| own.eq_ignore_ascii_case(tag));
        let is_whole = |at: &usize| text[*at + tag.len()..].starts_with(|c: char| c == '>' || c.is_whitespace());
        tags.find(|at| is_it(at) && is_whole(at))
    };
    let end_of_tag = |at: usize| text[at..].find('>').map_or(text.len(), |end| at + end + 1);
    let begin = tag(0, "<sup")?;
    let inner = end_of_tag(begin);
    let end = tag(inner, "</sup").unwrap_or(text.len());
    Some((&text[..begin], &text[inner..end], &text[end_of_tag(end)..]))
}

/// Whether a name may end so: that of a group of so many states goes on, and one letter is none.
fn is_name(text: &str) -> bool {
    let last = text.split_whitespace().next_back().unwrap_or_default();
    last != "of" && text.trim().chars().count() > 1
}

/// Cuts a number of up to three digits off, with what stands around it.
fn without_number<'n>(name: &'n str, open: &str, close: &str) -> &'n str {
    let Some(inner) = name.strip_suffix(close) else { return name };
    let before = inner.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = inner.len() - before.len();
    match before.strip_suffix(open) {
        Some(before) if (1..=3).contains(&digits) && is_name(before) => before,
        _ => name,
    }
}

/// A date and the letters behind it, where letters are acts.
pub(super) fn day_and_act<'c>(
    cell: &'c str,
    letters: &BTreeMap<String, TableAct>,
) -> Result<(&'c str, Option<TableAct>), Fault> {
    let day = cell.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let letter = &cell[day.len()..];
    if letters.is_empty() || letter.is_empty() || !day.trim_end().ends_with(|c: char| c.is_ascii_digit()) {
        return Ok((cell, None));
    }
    match letters.get(letter) {
        Some(act) => Ok((day.trim_end(), Some(*act))),
        None => Err((
            RejectCode::UnknownAct,
            format!("the map says nothing of the letters {} behind a date", shown(letter)),
        )),
    }
}

/// A date in EDTF, of year, month and day in a cell each; empty if there is no year.
pub(super) fn joined(parts: [&str; 3], dates: &DateForms) -> Result<String, Fault> {
    let [year, month, day] = parts.map(|part| part_of(part, dates));
    let (Some(year), month, day) = (year, month, day) else { return Ok(String::new()) };
    if year.len() <= 2 {
        return Err((RejectCode::TwoDigitYear, format!("{} does not say which century", shown(year))));
    }
    let number = |part: &str, most: u8, what: &str| match part.parse::<u8>() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err((RejectCode::ImpossibleDate, format!("{} is no {what}", shown(part)))),
    };
    Ok(match (month, day) {
        (None, None) => format!("{year:0>4}"),
        (None, Some(day)) => {
            return Err((RejectCode::OtherDateForm, format!("the day {} has no month", shown(day))));
        }
        (Some(month), None) => format!("{year:0>4}-{:02}", number(month, 12, "month")?),
        (Some(month), Some(day)) => {
            format!("{year:0>4}-{:02}-{:02}", number(month, 12, "month")?, number(day, 31, "day of a month")?)
        }
    })
}

fn part_of<'p>(part: &'p str, dates: &DateForms) -> Option<&'p str> {
    let part = dates.without_float(part.trim());
    let is_none = part.is_empty() || NO_PART.contains(&part) || dates.none.iter().any(|none| none == part);
    (!is_none).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_behind_a_name_are_footnotes_and_a_number_alone_is_none() {
        for name in [
            "Serbia 2",
            "Serbia2",
            "Serbia²",
            "Serbia 2, 13",
            "Serbia 2,3",
            "Serbia [2]",
            "Serbia*",
            "Serbia <sup>1</sup>",
            "Serbia<SUP class='n'>1</SUP> <sup>2</sup>",
            " Serbia ",
        ] {
            assert_eq!(without_footnotes(name), "Serbia", "{name}");
        }
        for name in ["12", "Area 51 agency", "Netherlands (Kingdom of the)", "Group 1994", "Group of 77", "G77"] {
            assert_eq!(without_footnotes(name), name);
        }
    }

    #[test]
    fn a_date_in_three_cells_is_as_exact_as_they_are() {
        let dates = DateForms { floats: true, ..DateForms::default() };
        let check = |parts, expected: Result<&str, RejectCode>| {
            let found = joined(parts, &dates).map_err(|(code, _)| code);
            assert_eq!(found, expected.map(str::to_owned), "{parts:?}");
        };
        check(["1945", "10", "24"], Ok("1945-10-24"));
        check(["1945", "10", "0"], Ok("1945-10"));
        check(["1945", "-9", "-9"], Ok("1945"));
        check(["1945.0", "10.0", ""], Ok("1945-10"));
        check(["1945", "00", "00"], Ok("1945"));
        check(["-9", "-9", "-9"], Ok(""));
        check(["45", "10", "24"], Err(RejectCode::TwoDigitYear));
        check(["1945", "21", "0"], Err(RejectCode::ImpossibleDate));
        check(["1945", "-9", "24"], Err(RejectCode::OtherDateForm));
    }
}
