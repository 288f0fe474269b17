//! Names as they are looked up: what two people would take for one spelling folds to one text.
//!
//! A folded name is compared and never shown or recorded. It keeps what tells names apart: digits, order and number of
//! words, and the signs that are vowels or other consonants in the scripts of India, South-East Asia and Japan.

use std::iter::once;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use crate::domain::text::is_invisible;

/// Folds a name for comparing: NFKC, without case and diacritics, apostrophes and hyphens in one form, white space single.
///
/// `TÜRKİYE`, `Türkiye` and `turkiye` are one name, and so are `Côte d’Ivoire` and `cote d'ivoire`. Folding a folded name
/// changes nothing.
pub fn folded(name: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'`';
    if name.bytes().all(is_plain) && name.trim().len() == name.len() && !name.contains("  ") {
        return name.to_ascii_lowercase();
    }
    // An acute accent that stands alone decomposes to a space with a mark, so apostrophes come first; others come of it.
    let plain = name.chars().map(with_plain_apostrophe).nfkd().flat_map(without_case).nfkd().map(with_plain_apostrophe);
    let kept = plain.filter(|c| !is_diacritic(*c) && !is_hidden(*c)).flat_map(spelled_out);
    let composed: String = kept.nfc().map(with_plain_hyphen).collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a folded text, without what stands between them.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).filter(|word| !word.is_empty())
}

/// Unicode's case folding, near enough for names: in capitals ß is SS, and both kinds of sigma, of long s and of i are one.
fn without_case(c: char) -> impl Iterator<Item = char> {
    c.to_uppercase().flat_map(char::to_lowercase)
}

fn with_plain_apostrophe(c: char) -> char {
    match c {
        '\u{2018}'..='\u{201B}' | '\u{2B9}' | '\u{2BB}'..='\u{2BD}' | '\u{2032}' | '\u{B4}' | '`' | '\u{FF07}' => '\'',
        _ => c,
    }
}

fn with_plain_hyphen(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' => '-',
        _ => c,
    }
}

/// Whether a mark may be left out without making another name of it.
///
/// # Source
///
/// Unicode's combining classes: 1 is struck through, 10 to 36 are the points of Hebrew, Arabic and Syriac, 200 to 240 stand
/// above and below. Of the others 7 to 9 change a consonant of Indic scripts or kana, and 84 to 132 are vowels and tones.
fn is_diacritic(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..=240)
}

/// Whether nobody sees the character: invisible itself, or a joiner or selector that changes only the shape of others.
fn is_hidden(c: char) -> bool {
    is_invisible(c) || matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Letters that Unicode does not decompose, as they are written where they cannot be typed.
fn spelled_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ł' => ('l', None),
        'ħ' => ('h', None),
        'ŧ' => ('t', None),
        'ı' => ('i', None),
        'ə' => ('e', None),
        _ => (c, None),
    };
    once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(names: &[&str], expected: &str) {
        for name in names {
            assert_eq!(folded(name), expected, "{name:?}");
        }
    }

    #[test]
    fn case_and_diacritics_are_no_other_name() {
        check(&["Türkiye", "TÜRKİYE", "TÜRKIYE", "Tu\u{308}rkiye", "turkiye", "TÜRKIYE", "türkıye"], "turkiye");
        check(&["Côte d’Ivoire", "COTE D'IVOIRE", "Cote d\u{2BC}Ivoire", "Co\u{302}te d´Ivoire"], "cote d'ivoire");
        check(&["Straße", "STRASSE", "strasse"], "strasse");
        check(&["ΚΎΠΡΟΣ", "Κύπρος"], "κυπροσ");
        check(&["Россия", "РОССИЯ"], "россия");
        check(&["Łódź", "LODZ"], "lodz");
        check(&["São Tomé", "SAO TOME", "ＳＡＯ　Tomé"], "sao tome");
        check(&["المَغرِب", "المغرب"], "المغرب");
    }

    #[test]
    fn white_space_hyphens_and_what_nobody_sees_are_no_other_name() {
        check(
            &["Guinea-Bissau", "Guinea\u{2011}Bissau", "guinea\u{2013}bissau", "Gui\u{AD}nea-Bissau"],
            "guinea-bissau",
        );
        check(&["  New\u{A0}Zealand ", "new \t zealand"], "new zealand");
        check(&["می\u{200C}خواهم", "میخواهم"], "میخواهم");
        check(&["", " \u{200B}"], "");
    }

    #[test]
    fn signs_that_are_vowels_or_other_consonants_are_kept() {
        check(&["ガーナ", "ｶﾞｰﾅ"], "ガーナ");
        assert_ne!(folded("ガーナ"), folded("カーナ"));
        assert_ne!(folded("भारत"), folded("भरत"));
        assert_ne!(folded("ลาว"), folded("ลา\u{E49}ว"));
        check(&["한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}"], "한국");
        check(&["中国"], "中国");
    }

    #[test]
    fn words_are_what_stands_between_other_signs() {
        let text = folded("Côte d’Ivoire (République de), भारत");
        assert_eq!(words(&text).collect::<Vec<_>>(), ["cote", "d", "ivoire", "republique", "de", "भारत"]);
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(name in any::<String>()) {
            let once = folded(&name);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn composed_and_decomposed_fold_alike(name in "[ -~À-žΆ-ώА-яİ가-힣]{0,12}") {
            prop_assert_eq!(folded(&name.nfc().collect::<String>()), folded(&name.nfd().collect::<String>()));
        }
    }
}
