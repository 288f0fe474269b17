//! The dates that a text may mean that has no words around it: `18 de octubre de 2023`, `Q3 2024`, `late 1990s`, `44 BC`.

use super::super::Date;
use super::super::words::PARTS_OF_YEAR;
use super::months::folded;
use super::tokens::{Token, tokens};
use super::{pairs, span};

/// Each season's number in EDTF.
const SEASONS: [(&str, u8); 5] = [("spring", 21), ("summer", 22), ("autumn", 23), ("fall", 23), ("winter", 24)];

/// Numbers of an order in words.
const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];

/// The dates that a text without words around it may mean, possible or not.
pub(super) fn dates(text: &str) -> Vec<String> {
    let as_written = text.trim().to_uppercase();
    if Date::parse(&as_written).is_ok_and(|date| !date.has_season()) {
        return vec![as_written];
    }
    let folded = folded(text);
    if let Some(dates) = in_era(&folded) {
        return dates;
    }
    let tokens = tokens(&folded);
    let years = years(&tokens, &folded);
    // What a longer dash joins is no single date.
    if !years.is_empty() || folded.contains(['–', '—']) {
        return years;
    }
    let dates = of_tokens(&tokens);
    match folded.split_once('-') {
        Some((one, other)) if dates.is_empty() && !other.contains('-') => pairs(one, other, span),
        _ => dates,
    }
}

/// `2023-2024` and `2023/24`, which may be a month too: `2009/10`.
fn years(tokens: &[Token], text: &str) -> Vec<String> {
    let [Token::Number(first), second @ Token::Number(last)] = tokens else { return Vec::new() };
    let sign = text.trim().strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
    let Some(sign @ ("-" | "/" | "–" | "—")) = sign.map(str::trim) else { return Vec::new() };
    let (true, Some(last)) = (is_number(first, 4), end_of_years(first, last)) else { return Vec::new() };
    let month = month_of(second).filter(|_| sign == "/").map(|month| format!("{first}-{month:02}"));
    month.into_iter().chain([format!("[{first}..{last}]")]).collect()
}

/// The last of the years that two numbers name.
fn end_of_years(first: &str, last: &str) -> Option<String> {
    let (year, number): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let last_year = match last.len() {
        4 => number,
        2 if number == (year + 1) % 100 => year + 1,
        2 => year - year % 100 + number,
        _ => return None,
    };
    (last_year > year).then(|| format!("{last_year:04}"))
}

fn of_tokens(tokens: &[Token]) -> Vec<String> {
    use Token::{Month, Number, Ordinal, Word};
    if let Some((from, to)) = part(tokens) {
        return vec![format!("[{from}..{to}]")];
    }
    match tokens {
        [Number(day)] if is_number(day, 8) => vec![format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])],
        [Number(year)] if is_number(year, 4) => vec![year.clone()],
        [Word(decade)] => decade_of(decade),
        [Word(season), Number(year), rest @ ..] if is_number(year, 4) => season_of(season, year, rest),
        [Ordinal(century), Word(word)] if word == "century" && *century > 0 => {
            vec![format!("[{:02}01..{century:02}00]", century - 1)]
        }
        [Number(year), month] | [month, Number(year)] if is_number(year, 4) => ymd(year, month, None),
        [Number(year), month, day] if is_number(year, 4) => ymd(year, month, Some(day)),
        [one @ Month(_), other, Number(year)] if is_number(year, 4) => ymd(year, one, Some(other)),
        [one, other @ Month(_), Number(year)] if is_number(year, 4) => ymd(year, other, Some(one)),
        [one, other, Number(year)] if is_number(year, 4) => {
            [ymd(year, other, Some(one)), ymd(year, one, Some(other))].concat()
        }
        _ => Vec::new(),
    }
}

/// A part of a decade, a year or a month, as its first and its last date.
fn part(tokens: &[Token]) -> Option<(String, String)> {
    let (words, date) = match tokens {
        [Token::Word(one), Token::Word(other), date @ ..] if date.len() == 1 => (vec![one.as_str(), other], date),
        [Token::Ordinal(nth), Token::Word(other), date @ ..] => {
            (vec![*ORDINALS.get(usize::from(*nth).checked_sub(1)?)?, other.as_str()], date)
        }
        [Token::Word(word), date @ ..] => (vec![word.as_str()], date),
        [date @ Token::Number(_), Token::Word(word)] => (vec![word.as_str()], std::slice::from_ref(date)),
        _ => return None,
    };
    let third = match words[..] {
        ["early" | "beginning" | "start"] => Some(0),
        ["mid" | "middle"] => Some(1),
        ["late" | "end"] => Some(2),
        _ => None,
    };
    match (third, date) {
        (Some(third), [Token::Word(decade)]) => part_of_decade(third, decade),
        (Some(third), [Token::Number(year)]) if is_number(year, 4) => {
            let (_, from, to) = PARTS_OF_YEAR[third];
            Some(months_of(year, from, to))
        }
        (Some(third), [Token::Month(month), Token::Number(year)]) if is_number(year, 4) => {
            part_of_month(third, *month, year)
        }
        (None, [Token::Number(year)]) if is_number(year, 4) => {
            let (from, to) = quarter_or_half(&words)?;
            Some(months_of(year, from, to))
        }
        _ => None,
    }
}

fn months_of(year: &str, from: u8, to: u8) -> (String, String) {
    (format!("{year}-{from:02}"), format!("{year}-{to:02}"))
}

/// Halves that overlap: what sources call late, some would call mid.
fn part_of_decade(third: usize, decade: &str) -> Option<(String, String)> {
    let digits = decade.strip_suffix('s').filter(|digits| is_number(digits, 4) && digits.ends_with('0'))?;
    let (from, to) = [(0, 4), (3, 7), (5, 9)][third];
    Some((format!("{}{from}", &digits[..3]), format!("{}{to}", &digits[..3])))
}

fn part_of_month(third: usize, month: u8, year: &str) -> Option<(String, String)> {
    let date = Date::parse(&format!("{year}-{month:02}")).ok()?;
    let last = date.window().latest()?;
    let day = |day: u8| format!("{year}-{month:02}-{day:02}");
    Some(match third {
        0 => (day(1), day(10)),
        1 => (day(11), day(20)),
        _ => (day(21), last.to_string()),
    })
}

/// The months of `q3`, of `third quarter`, of `h1` and `first half`.
fn quarter_or_half(words: &[&str]) -> Option<(u8, u8)> {
    let (nth, unit) = match words {
        [word] => {
            let nth = word.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u8>().ok()?;
            (nth, word.trim_matches(|c: char| c.is_ascii_digit()))
        }
        [nth, unit] => (ORDINALS.iter().zip(1..).find(|(word, _)| *word == nth)?.1, *unit),
        _ => return None,
    };
    let len = match unit {
        "q" | "quarter" => 3,
        "h" | "half" => 6,
        _ => return None,
    };
    (1..=12 / len).contains(&nth).then(|| (len * (nth - 1) + 1, len * nth))
}

/// A season by its number, also where a winter names the year that it ends in: `winter 2023/24`.
fn season_of(word: &str, year: &str, rest: &[Token]) -> Vec<String> {
    let Some((_, number)) = SEASONS.iter().find(|(season, _)| *season == word) else { return Vec::new() };
    let is_whole = match rest {
        [] => true,
        [Token::Number(next)] => *number == 24 && end_of_years(year, next) == end_of_years(year, &next_of(year)),
        _ => false,
    };
    if is_whole { vec![format!("{year}-{number}")] } else { Vec::new() }
}

/// The year after, in four digits.
fn next_of(year: &str) -> String {
    year.parse::<u32>().map_or_else(|_| String::new(), |year| format!("{:04}", year + 1))
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

/// A date that says from where its years count; the year before year 1 is 0000.
fn in_era(text: &str) -> Option<Vec<String>> {
    let strip = |words: &[&str]| {
        words.iter().find_map(|word| text.strip_suffix(word).or_else(|| text.strip_prefix(word)?.strip_prefix(' ')))
    };
    let (rest, is_before) = match (strip(&["bce", "b.c.e.", "bc", "b.c."]), strip(&["ce", "c.e.", "ad", "a.d."])) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return None,
    };
    let rest = rest.trim();
    let at = rest.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let year: i32 = rest[at..].parse().ok().filter(|year| (1..=9999).contains(year))?;
    let year = match if is_before { 1 - year } else { year } {
        before @ ..0 => format!("-{:04}", -before),
        other => format!("{other:04}"),
    };
    // Any year of four digits does for the rest.
    let dates = dates(&format!("{}2000", &rest[..at]));
    Some(dates.iter().filter_map(|date| Some(format!("{year}{}", date.strip_prefix("2000")?))).collect())
}

fn ymd(year: &str, month: &Token, day: Option<&Token>) -> Vec<String> {
    let text = month_of(month).and_then(|month| match day {
        Some(day) => day_of(day).map(|day| format!("{year}-{month:02}-{day:02}")),
        None => Some(format!("{year}-{month:02}")),
    });
    text.into_iter().collect()
}

fn month_of(token: &Token) -> Option<u8> {
    match token {
        Token::Month(month) => Some(*month),
        // Three digits would be a day of the year.
        Token::Number(digits) if digits.len() <= 2 => digits.parse().ok().filter(|month| (1..=12).contains(month)),
        Token::Number(_) | Token::Ordinal(_) | Token::Word(_) => None,
    }
}

fn day_of(token: &Token) -> Option<u8> {
    let day = match token {
        Token::Ordinal(day) => Some(*day),
        Token::Number(digits) => digits.parse().ok(),
        Token::Month(_) | Token::Word(_) => None,
    };
    day.filter(|day| (1..=31).contains(day))
}

fn is_number(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit())
}
