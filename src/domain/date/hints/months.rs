//! Names of months in the languages of the United Nations, in the forms that stand beside a day or a year.
//!
//! Chinese numbers its months. Arabic has several sets of names, which documents of the United Nations write side by side.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Each month's names: English, French, Spanish, Russian in three cases, Arabic of the east, of Egypt and of the west.
const NAMES: [&[&str]; 12] = [
    &["january", "janvier", "enero", "январь", "января", "январе", "كانون الثاني", "يناير", "جانفي"],
    &["february", "février", "febrero", "февраль", "февраля", "феврале", "شباط", "فبراير", "فيفري"],
    &["march", "mars", "marzo", "март", "марта", "марте", "آذار", "مارس"],
    &["april", "avril", "abril", "апрель", "апреля", "апреле", "نيسان", "أبريل", "إبريل", "أفريل"],
    &["may", "mai", "mayo", "май", "мая", "мае", "أيار", "مايو", "ماي"],
    &["june", "juin", "junio", "июнь", "июня", "июне", "حزيران", "يونيو", "يونيه", "جوان"],
    &["july", "juillet", "julio", "июль", "июля", "июле", "تموز", "يوليو", "يوليه", "يوليوز", "جويلية"],
    &["august", "août", "agosto", "август", "августа", "августе", "آب", "أغسطس", "غشت", "أوت"],
    &[
        "september",
        "septembre",
        "septiembre",
        "setiembre",
        "сентябрь",
        "сентября",
        "сентябре",
        "أيلول",
        "سبتمبر",
        "شتنبر",
    ],
    &["october", "octobre", "octubre", "октябрь", "октября", "октябре", "تشرين الأول", "أكتوبر"],
    &["november", "novembre", "noviembre", "ноябрь", "ноября", "ноябре", "تشرين الثاني", "نوفمبر", "نونبر"],
    &["december", "décembre", "diciembre", "декабрь", "декабря", "декабре", "كانون الأول", "ديسمبر", "دجنبر"],
];

/// The fewest letters that a month is told by.
const FEWEST: usize = 3;

/// What names of two words have as their second.
const SECOND_WORDS: [&str; 2] = ["الأول", "الثاني"];

/// A text with each letter in one form: no marks, no capitals, no names of two words, digits of the West.
pub(super) fn folded(text: &str) -> String {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let mut plain: String = plain.map(|c| digit(c).unwrap_or(c)).collect();
    for word in SECOND_WORDS {
        let word: String = word.nfkd().filter(|c| !is_combining_mark(*c)).collect();
        plain = plain.replace(&format!(" {word}"), &word);
    }
    plain
}

/// The digit of the West for one of Arabic or Persian.
fn digit(c: char) -> Option<char> {
    let first = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6F0}'..='\u{6F9}' => 0x6F0,
        _ => return None,
    };
    char::from_digit(u32::from(c) - first, 10)
}

/// The month of a folded name, or of three or more of its first letters, if no other month has them.
pub(super) fn number(word: &str) -> Option<u8> {
    let names = || (1..).zip(NAMES).flat_map(|(number, names)| names.iter().map(move |name| (number, folded(name))));
    if let Some((number, _)) = names().find(|(_, name)| name == word) {
        return Some(number);
    }
    if word.chars().count() < FEWEST {
        return None;
    }
    let mut begun = names().filter(|(_, name)| name.starts_with(word)).map(|(number, _)| number);
    let first = begun.next()?;
    begun.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_told_from_every_other() {
        for (expected, names) in (1..).zip(NAMES) {
            for name in names {
                assert_eq!(number(&folded(name)), Some(expected), "{name}");
            }
        }
    }

    #[test]
    fn a_beginning_is_enough_where_one_month_has_it() {
        for (word, month) in
            [("sept", 9), ("oct", 10), ("janv", 1), ("dic", 12), ("ago", 8), ("июн", 6), ("jun", 6), ("mar", 3)]
        {
            assert_eq!(number(word), Some(month), "{word}");
        }
        for word in ["jui", "ju", "ма", "mayor", "تشرين", "", "moon"] {
            assert_eq!(number(word), None, "{word}");
        }
    }
}
