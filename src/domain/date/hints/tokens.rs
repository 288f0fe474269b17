//! The words and numbers of a text that is to be a date.

use super::months;

/// What is passed over, in the languages whose months are known: articles, prepositions, words for year, names of weekdays.
const PASSED_OVER: [&str; 46] = [
    "of",
    "the",
    "on",
    "in",
    "de",
    "del",
    "du",
    "le",
    "la",
    "el",
    "en",
    "dia",
    "year",
    "ano",
    "an",
    "annee",
    "г",
    "гг",
    "го",
    "ого",
    "год",
    "года",
    "году",
    "в",
    "на",
    "في",
    "من",
    "عام",
    "سنة",
    "يوم",
    "م",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thurs",
    "fri",
    "sat",
];

/// Digits of Chinese, from 0 on; 零 is another 0.
const CHINESE: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// Ten.
const TEN: char = '十';

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Digits alone.
    Number(String),
    /// A number of an order: `18th`, `1er`.
    Ordinal(u8),
    /// The name of a month.
    Month(u8),
    /// Anything else.
    Word(String),
}

/// The tokens of a folded text. A month that is named twice, as in `تشرين الأول/أكتوبر`, is one.
pub(super) fn tokens(folded: &str) -> Vec<Token> {
    let text = without_chinese(folded);
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut tokens: Vec<Token> = words.filter(|word| !PASSED_OVER.contains(word)).map(token).collect();
    tokens.dedup_by(|one, other| matches!(one, Token::Month(_)) && one == other);
    tokens
}

fn token(word: &str) -> Token {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Token::Number(word.to_owned());
    }
    if let Some(month) = months::number(word) {
        return Token::Month(month);
    }
    let endings = ["st", "nd", "rd", "th", "er", "o", "го"];
    let ordinal = endings.iter().find_map(|ending| word.strip_suffix(ending)).and_then(|digits| digits.parse().ok());
    ordinal.map_or_else(|| Token::Word(word.to_owned()), Token::Ordinal)
}

/// The text with Chinese numbers in digits, and spaces for the words for year, month and day.
fn without_chinese(text: &str) -> String {
    let (mut out, mut number) = (String::with_capacity(text.len()), String::new());
    for c in text.chars() {
        if c == TEN || c == '零' || CHINESE.contains(&c) {
            number.push(c);
            continue;
        }
        out += &digits(&number);
        number.clear();
        out.push(if matches!(c, '年' | '月' | '日' | '号' | '號') { ' ' } else { c });
    }
    out + &digits(&number)
}

/// A number of Chinese in digits: `二〇二三` digit by digit, `三十一` by tens.
fn digits(number: &str) -> String {
    let digit = |c: char| CHINESE.iter().position(|digit| *digit == c).unwrap_or(0).to_string();
    let each = |number: &str| number.chars().map(digit).collect::<String>();
    match number.split_once(TEN) {
        None => each(number),
        Some((tens, ones)) => {
            let or = |digits: String, none: &str| if digits.is_empty() { none.to_owned() } else { digits };
            or(each(tens), "1") + &or(each(ones), "0")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Token]) {
        assert_eq!(tokens(&months::folded(text)), expected, "{text}");
    }

    fn number(digits: &str) -> Token {
        Token::Number(digits.to_owned())
    }

    #[test]
    fn dates_come_apart_into_numbers_and_months() {
        check("18 de octubre de 2023", &[number("18"), Token::Month(10), number("2023")]);
        check("Wednesday, the 18th of Oct. 2023", &[Token::Ordinal(18), Token::Month(10), number("2023")]);
        check("le 1er août 2023", &[Token::Ordinal(1), Token::Month(8), number("2023")]);
        check("18-го октября 2023 г.", &[number("18"), Token::Month(10), number("2023")]);
        check("١٨ تشرين الأول/أكتوبر ٢٠٢٣", &[number("18"), Token::Month(10), number("2023")]);
        check("2023年10月18日", &[number("2023"), number("10"), number("18")]);
        check("二〇二三年十月三十一日", &[number("2023"), number("10"), number("31")]);
        check("二零二三年十二月二十日", &[number("2023"), number("12"), number("20")]);
        check("Q3 2024", &[Token::Word("q3".to_owned()), number("2024")]);
    }
}
