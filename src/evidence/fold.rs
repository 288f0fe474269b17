//! How a document and a quote are made comparable: what a reader sees as the same becomes the same.
//!
//! Two texts are compared after Unicode NFKC, without invisible characters, with white space folded and quotation marks,
//! apostrophes and dashes in their ASCII forms; case counts. At the end of a line beside Chinese or Japanese writing, which
//! sets no spaces between words, there may be a space or none. This module decomposes (NFKD): texts are equal after the one
//! exactly if they are equal after the other, and only decomposing can be done piece by piece, from one [`boundary`] to
//! the next. Recorded positions rest on these rules: they may become more generous, never stricter.
//!
//! [`boundary`]: is_boundary

use std::iter::once;

use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::domain::text::is_invisible;

/// In a folded text, a hyphen that may be there only because the line ended. No line break is left to be mistaken for it.
const HYPHENATION: char = '\n';

/// In a folded text, the end of a line beside writing without spaces: it equals a space or nothing.
const WRAP: char = '\r';

/// How many marks of punctuation a line may end with for the writing before them to count.
const MARKS: usize = 8;

/// A document's passage in its comparable form: no white space but single spaces, none at the ends.
///
/// A hyphen between letters at the end of a line becomes the mark of hyphenation, and so does a soft hyphen anywhere; the end
/// of a line beside Chinese or Japanese writing becomes a mark of its own.
pub(super) fn folded(passage: &str) -> String {
    let mut out = String::with_capacity(passage.len());
    let mut gap = Gap::None;
    for c in passage.nfkd().map(plain) {
        if c.is_whitespace() {
            gap = gap.max(if is_line_break(c) { Gap::LineEnd } else { Gap::Space });
        } else if c == '\u{AD}' {
            if gap == Gap::None && out.ends_with(|last| !matches!(last, '-' | HYPHENATION)) {
                out.push(HYPHENATION);
            }
        } else if !is_invisible(c) {
            close_gap(&mut out, gap, c);
            gap = Gap::None;
            out.push(c);
        }
    }
    out.truncate(out.trim_end_matches(HYPHENATION).len());
    out
}

/// A quote in its comparable form. A recorded quote is one line: any white space in it may have been the end of one.
pub(super) fn folded_quote(quote: &str) -> String {
    folded(&quote.split_whitespace().collect::<Vec<_>>().join("\n"))
}

/// Whether two folded texts say the same: hyphenation equals nothing, a hyphen, or a hyphen and a space, and what is a wrap
/// equals nothing or a space.
pub(super) fn same(passage: &str, quote: &str) -> bool {
    let (mut passage, mut quote) = (passage, quote);
    loop {
        match (split_first(passage), split_first(quote)) {
            (None, None) => return true,
            (Some((a, after_a)), Some((b, after_b))) if a == b => (passage, quote) = (after_a, after_b),
            (Some((HYPHENATION, rest)), _) => {
                (passage, quote) = (rest, without_hyphen(quote));
            }
            (_, Some((HYPHENATION, rest))) => {
                (passage, quote) = (without_hyphen(passage), rest);
            }
            (Some((WRAP, rest)), _) => (passage, quote) = (rest, without_space(quote)),
            (_, Some((WRAP, rest))) => (passage, quote) = (without_space(passage), rest),
            _ => return false,
        }
    }
}

/// A folded text without what hyphenation and line ends change: no spaces, no dashes. The same texts have the same skeleton.
pub(super) fn skeleton(folded: &str) -> String {
    folded.chars().filter(|c| is_bone(*c)).collect()
}

/// Appends the skeleton of `unit`, which reaches from one boundary to the next.
pub(super) fn push_skeleton(unit: &str, out: &mut String) {
    // By far the most units are one ASCII character, which decomposing leaves as it is.
    if let [byte] = unit.as_bytes() {
        out.extend(Some(char::from(*byte)).filter(|c| is_bone(*c)));
    } else {
        out.extend(unit.nfkd().map(plain).filter(|c| is_bone(*c)));
    }
}

/// Whether `c` alone is a dash of some kind.
pub(super) fn is_dash(c: char) -> bool {
    once(c).nfkd().map(plain).eq(['-'])
}

/// Whether comparing passes over `c` alone: white space, or invisible.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether `at` lies between two characters of `text` that no normalisation puts together or changes the order of.
pub(super) fn is_boundary(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else { return false };
    match (before.chars().next_back(), after.chars().next()) {
        (Some(previous), Some(c)) => starts_unit(previous, c),
        _ => true,
    }
}

/// The end of the unit of `text` that starts at the boundary `start`: the next boundary.
pub(super) fn unit_end(text: &str, start: usize) -> usize {
    let mut chars = text[start..].char_indices();
    let Some((_, mut previous)) = chars.next() else { return text.len() };
    for (at, c) in chars {
        if starts_unit(previous, c) {
            return start + at;
        }
        previous = c;
    }
    text.len()
}

/// The letters and digits of a word in lower case, without their marks: what is left when a quote is only nearly right.
pub(super) fn bare_letters(word: &str) -> impl Iterator<Item = char> {
    word.nfkd().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    LineEnd,
}

/// Writes what the white space between the last character of `out` and `next` amounts to.
fn close_gap(out: &mut String, gap: Gap, next: char) {
    if out.ends_with(HYPHENATION) {
        // A soft hyphen before a hyphen or before no letter shows nothing of its own.
        if next == '-' || !next.is_alphabetic() && gap != Gap::None {
            out.pop();
        } else {
            return;
        }
    }
    match gap {
        Gap::LineEnd if next.is_alphabetic() && ends_with_hyphenated_letter(out) => {
            out.pop();
            out.push(HYPHENATION);
        }
        Gap::LineEnd if is_wrap(out, next) => out.push(WRAP),
        Gap::Space | Gap::LineEnd if !out.is_empty() => out.push(' '),
        Gap::None | Gap::Space | Gap::LineEnd => {}
    }
}

/// Whether a line end between `line` and `next` is beside writing without spaces: one of the two is such, or the line ends with
/// punctuation behind it; and neither is Korean, which has spaces.
pub(super) fn is_wrap(line: &str, next: char) -> bool {
    let Some(last) = line.chars().next_back() else { return false };
    if is_hangul(last) || is_hangul(next) {
        return false;
    }
    let before_marks = || line.chars().rev().take(MARKS).find(|c| c.is_alphanumeric());
    is_spaceless(last) || is_spaceless(next) || !next.is_alphanumeric() && before_marks().is_some_and(is_spaceless)
}

/// Whether `c` is of a writing that sets no spaces between words: of Chinese or Japanese, their punctuation included.
///
/// # Source
///
/// The blocks of the Unicode Standard, 18.1 to 18.6: radicals, CJK symbols, kana, bopomofo, ideographs, and the fullwidth
/// and halfwidth forms but the Korean ones; of a folded text those are ASCII and kana.
pub(super) fn is_spaceless(c: char) -> bool {
    matches!(
        c,
        '\u{2E80}'..='\u{303F}'
            | '\u{3040}'..='\u{312F}'
            | '\u{3190}'..='\u{319F}'
            | '\u{31A0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{FF01}'..='\u{FF9F}'
            | '\u{FFE0}'..='\u{FFE6}'
            | '\u{1B000}'..='\u{1B16F}'
            | '\u{20000}'..='\u{3FFFD}'
    ) && !c.is_whitespace()
}

/// Whether `c` is Korean: a syllable, or a part of one.
fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}')
}

fn ends_with_hyphenated_letter(out: &str) -> bool {
    out.strip_suffix('-').is_some_and(|word| word.ends_with(|c: char| c.is_alphabetic() || is_combining_mark(c)))
}

pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\u{0A}'..='\u{0D}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn split_first(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    chars.next().map(|first| (first, chars.as_str()))
}

fn without_hyphen(text: &str) -> &str {
    text.strip_prefix('-').map_or(text, |rest| rest.strip_prefix(' ').unwrap_or(rest))
}

fn without_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

fn is_bone(c: char) -> bool {
    c != '-' && !is_blank(c)
}

/// The ASCII form of typographic quotation marks, apostrophes and dashes, after decomposing.
fn plain(c: char) -> char {
    match c {
        '\u{201C}'..='\u{201F}' | '«' | '»' => '"',
        '\u{2018}'..='\u{201B}' | '\u{2BC}' | '‹' | '›' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    }
}

/// Whether `c` begins a unit after `previous`.
///
/// # Source
///
/// UAX 15, section 9: a boundary is before a character that is a starter and cannot compose with what precedes it
/// (`NFC_Quick_Check` is not Maybe); it is the first character of the decomposition that counts. White space, dashes and
/// what is invisible compose with nothing.
fn starts_unit(previous: char, c: char) -> bool {
    if c.is_ascii() || is_blank(previous) || is_dash(previous) {
        return true;
    }
    let mut first = None;
    decompose_compatible(c, |part| {
        first.get_or_insert(part);
    });
    let first = first.unwrap_or(c);
    canonical_combining_class(first) == 0 && is_nfc_quick(once(first)) != IsNormalized::Maybe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(passage: &str, expected: &str) {
        assert_eq!(folded(passage), expected, "{passage:?}");
    }

    #[test]
    fn compatibility_forms_marks_and_spaces_are_folded() {
        check(" ﬁnal\u{A0}\r\n “text” – it’s «so»… ", "final \"text\" - it's \"so\"...");
        check("e\u{301}", "e\u{301}");
        check("é", "e\u{301}");
        check("a\u{200B}b\u{FEFF}\u{202E}c", "abc");
    }

    #[test]
    fn a_hyphen_at_a_line_end_is_hyphenation_only_between_letters() {
        check("agree-\r\n  ment", "agree\nment");
        check("agree\u{2010}\nment", "agree\nment");
        check("agree\u{AD}ment", "agree\nment");
        check("agree\u{AD}\nment", "agree\nment");
        check("long- and", "long- and");
        check("2023-\n10", "2023- 10");
        check("- a\n- b", "- a - b");
        check("agree\u{AD} (", "agree (");
        check("agree-\n", "agree-");
    }

    #[test]
    fn hyphenation_equals_nothing_a_hyphen_or_a_hyphen_and_a_space() {
        for quote in ["agreement", "agree-ment", "agree- ment", "agree-\nment"] {
            assert!(same(&folded("agree-\nment"), &folded_quote(quote)), "{quote:?}");
        }
        for passage in ["agree-ment", "agree- ment", "agree-\nment"] {
            assert!(same(&folded(passage), &folded_quote("agree- ment")), "{passage:?}");
        }
        assert!(!same(&folded("re-sign"), &folded_quote("resign")));
        assert!(!same(&folded("agree-\nment"), &folded_quote("agree ment")));
    }

    #[test]
    fn a_line_end_beside_chinese_or_japanese_is_no_space_and_beside_korean_it_is_one() {
        check("国际月\n球科", "国际月\r球科");
        check("よこ\r\nハマ", "よこ\rハマ");
        check("十月\n18日", "十月\r18日");
        check("加入\nILRS", "加入\rILRS");
        check("协议，\n“国际", "协议,\r\"国际");
        check("国际 月\u{3000}球", "国际 月 球");
        check("월면 \n연구", &"월면 연구".nfkd().collect::<String>());
        check("月面\n연구", &"月面 연구".nfkd().collect::<String>());
        check("said.\n\"Yes", "said. \"Yes");
    }

    #[test]
    fn a_wrap_equals_nothing_or_a_space() {
        for quote in ["国际月球", "国际\n月球", "国际 月球"] {
            assert!(same(&folded("国际\n月球"), &folded_quote(quote)), "{quote:?}");
            assert!(same(&folded("国际 月球"), &folded_quote("国际 月球")));
        }
        assert!(!same(&folded("国际 月球"), &folded_quote("国际月球")));
        assert!(!same(&folded("월면\n연구"), &folded_quote("월면연구")));
    }

    #[test]
    fn a_mark_belongs_to_its_letter_and_jamo_to_their_syllable() {
        assert!(!is_boundary("e\u{301}", 1));
        assert!(!is_boundary("\u{1112}\u{1161}\u{11AB}", 3));
        assert!(!is_boundary("가\u{11A8}", 3));
        assert!(!is_boundary("é", 1));
        assert!(!is_boundary("a", 2));
        assert!(is_boundary("한국", 3));
        assert!(is_boundary("ab", 1));
        assert!(is_boundary("a", 1));
    }

    proptest! {
        #[test]
        fn folding_goes_piece_by_piece_between_boundaries(text in "[a-z \u{301}\u{323}é가\u{11A8}\u{1161}ﬁ½´-]{0,12}|\\PC{0,12}") {
            let mut pieces = String::new();
            let mut start = 0;
            while start < text.len() {
                let end = unit_end(&text, start);
                prop_assert!(end > start && is_boundary(&text, end));
                push_skeleton(&text[start..end], &mut pieces);
                start = end;
            }
            prop_assert_eq!(pieces, skeleton(&folded(&text)));
        }

        #[test]
        fn texts_with_one_nfkc_have_one_fold(text in any::<String>()) {
            prop_assert_eq!(folded(&text.nfkc().collect::<String>()), folded(&text));
            prop_assert_eq!(folded(&text.nfd().collect::<String>()), folded(&text));
        }

        #[test]
        fn a_text_is_the_same_as_itself_quoted(text in "[a-c国かエ한 \n\u{AD}\u{A0}\u{3000}–é.，-]{0,16}") {
            prop_assert!(same(&folded(&text), &folded_quote(&text)), "{:?} {:?}", folded(&text), folded_quote(&text));
        }
    }
}
