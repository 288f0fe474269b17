//! The place of a quote in a document's text.
//!
//! Positions are byte ranges of the text as it is kept, so that anyone can cut the passage out and look. The comparison
//! is that of `fold.rs`. Finding proposes places with the skeletons, and [`holds`] decides: what was found at
//! admission is what a verifier confirms later, without preparing the whole document.

use std::ops::Range;

use super::fold;

/// How much of a text is walked at most to reach the place of something in it from the mark before.
const STRIDE: usize = 256;

/// The bytes that may be compared for near misses in one search: about a second's work.
///
/// Prose never comes close, with room for a hundred thousand near misses of a sentence. In a document made of nothing else,
/// what comes after them is not found.
const PATIENCE: usize = 32 << 20;

/// A document's text, prepared for finding many quotes in it.
///
/// Finding one takes time in proportion to the text, whatever the text and the quote.
#[derive(Debug)]
pub struct Prepared<'a> {
    text: &'a str,
    skeleton: String,
    /// Where units start, in the skeleton and in the text: one in each stride.
    marks: Vec<(usize, usize)>,
}

impl<'a> Prepared<'a> {
    /// Prepares `text`, in a pass over it.
    pub fn new(text: &'a str) -> Self {
        let mut skeleton = String::with_capacity(text.len());
        let mut marks = vec![(0, 0)];
        let (mut start, mut marked) = (0, 0);
        while start < text.len() {
            if start - marked >= STRIDE {
                marks.push((skeleton.len(), start));
                marked = start;
            }
            let end = fold::unit_end(text, start);
            fold::push_skeleton(&text[start..end], &mut skeleton);
            start = end;
        }
        Self { text, skeleton, marks }
    }

    /// The bytes of the first passage that says what `quote` says.
    ///
    /// A passage starts and ends with whole characters that can be seen, their marks included. A quote of nothing but
    /// dashes and white space is nowhere.
    pub fn find(&self, quote: &str) -> Option<Range<usize>> {
        let wanted = fold::folded_quote(quote);
        let needle = fold::skeleton(&wanted);
        let first_bone = needle.chars().next()?;
        let (before, after) = dashes_around(&wanted, &needle);
        let (mut from, mut patience) = (0, PATIENCE);
        while let Some(start) = self.skeleton[from..].find(&needle).map(|found| from + found) {
            let first = self.unit_at(start);
            let last = self.unit_at(start + needle.len() - 1);
            let at = over_dashes_back(self.text, first.start, before)..over_dashes_on(self.text, last.end, after);
            if says(self.text, &at, &wanted) {
                return Some(at);
            }
            patience = patience.checked_sub(first.len() + last.len() + at.len() + needle.len() + STRIDE)?;
            from = start + self.skeleton[start..].chars().next().unwrap_or(first_bone).len_utf8();
        }
        None
    }

    /// The unit of the text that the skeleton's byte `bone` comes from.
    fn unit_at(&self, bone: usize) -> Range<usize> {
        let next_mark = self.marks.partition_point(|(bones, _)| *bones <= bone);
        let (mut bones, mut start) = self.marks[next_mark - 1];
        let mut unit = String::new();
        loop {
            let end = fold::unit_end(self.text, start);
            unit.clear();
            fold::push_skeleton(&self.text[start..end], &mut unit);
            bones += unit.len();
            if bones > bone || end == self.text.len() {
                return start..end;
            }
            start = end;
        }
    }
}

/// The bytes of the first passage of `text` that says what `quote` says: [`Prepared::find`] for a single quote.
pub fn find(text: &str, quote: &str) -> Option<Range<usize>> {
    Prepared::new(text).find(quote)
}

/// Whether the bytes `at` of `text` are a passage that says what `quote` says.
///
/// True of every range that [`find`] returns. A range that cuts a character in two, takes white space along or lies outside
/// the text is not such a passage. Takes time in proportion to the passage and the quote alone.
pub fn holds(text: &str, at: Range<usize>, quote: &str) -> bool {
    let wanted = fold::folded_quote(quote);
    !fold::skeleton(&wanted).is_empty() && says(text, &at, &wanted)
}

fn says(text: &str, at: &Range<usize>, wanted: &str) -> bool {
    let Some(passage) = text.get(at.clone()) else { return false };
    let tight = !passage.starts_with(fold::is_blank) && !passage.ends_with(fold::is_blank);
    tight
        && fold::is_boundary(text, at.start)
        && fold::is_boundary(text, at.end)
        && fold::same(&fold::folded(passage), wanted)
}

/// How many dashes stand in a folded quote before and after its skeleton.
fn dashes_around(folded: &str, skeleton: &str) -> (usize, usize) {
    let dashes = |end: &str| end.bytes().filter(|byte| *byte == b'-').count();
    let first = folded.find(|c| skeleton.starts_with(c)).unwrap_or(0);
    let last = folded.rfind(|c| skeleton.ends_with(c)).unwrap_or(folded.len());
    (dashes(&folded[..first]), dashes(&folded[last..]))
}

/// The start of the `count` dashes before `start`; `start` itself if there are not so many.
fn over_dashes_back(text: &str, start: usize, count: usize) -> usize {
    nth_dash(text[..start].char_indices().rev(), count).map_or(start, |(at, _)| at)
}

/// The end of the `count` dashes after `end`; `end` itself if there are not so many.
fn over_dashes_on(text: &str, end: usize, count: usize) -> usize {
    nth_dash(text[end..].char_indices(), count).map_or(end, |(at, c)| end + at + c.len_utf8())
}

/// The dash number `count` of those that come first; nothing but blanks may stand between, and few of them.
fn nth_dash(chars: impl Iterator<Item = (usize, char)>, count: usize) -> Option<(usize, char)> {
    let leading = chars.take(count.saturating_mul(STRIDE)).take_while(|(_, c)| fold::is_blank(*c) || fold::is_dash(*c));
    leading.filter(|(_, c)| fold::is_dash(*c)).nth(count.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;
    use crate::domain::text::{TextKind, admit};

    fn check(text: &str, quote: &str, passage: &str) {
        let at = find(text, quote).unwrap_or_else(|| panic!("{quote:?} is not found in {text:?}"));
        assert_eq!(&text[at.clone()], passage);
        assert!(holds(text, at, quote), "{quote:?} is found in {text:?} but does not hold there");
    }

    fn check_absent(text: &str, quote: &str) {
        assert_eq!(find(text, quote), None, "{quote:?} in {text:?}");
    }

    #[test]
    fn the_first_occurrence_is_found_with_its_exact_bytes() {
        let text = "On 18 October, Zhang signed.\nOn 18 October, again.";
        assert_eq!(find(text, "18 October"), Some(3..13));
        assert_eq!(find(text, "18 October, again."), Some(32..50));
        check_absent(text, "19 October");
    }

    #[test]
    fn case_counts() {
        check_absent("The Agreement", "agreement");
    }

    #[test]
    fn white_space_is_folded_and_line_ends_may_be_crlf() {
        check("joined\r\n\r\n  the\u{A0}programme today", "joined the programme", "joined\r\n\r\n  the\u{A0}programme");
        check("joined the programme", "  joined\nthe\tprogramme ", "joined the programme");
        check_absent("joined theprogramme", "joined the programme");
        check_absent("joined the pro gramme", "joined the programme");
    }

    #[test]
    fn typographic_signs_equal_their_ascii_forms() {
        check("“We’ll join” – soon…", "\"We'll join\" - soon...", "“We’ll join” – soon…");
        check("a \"b\" 'c' d-e ...", "a «b» ‘cʼ d\u{2011}e …", "a \"b\" 'c' d-e ...");
    }

    #[test]
    fn ligatures_are_found_as_letters_but_not_in_halves() {
        check("an oﬃce", "office", "oﬃce");
        check_absent("an oﬃce", "of");
        check("the end…", "end...", "end…");
        check_absent("the end…", "end.");
    }

    #[test]
    fn composed_and_decomposed_letters_are_equal_and_whole() {
        check("Cote\u{301} d'Ivoire", "Coté", "Cote\u{301}");
        check("la Coté d'Ivoire", "Cote\u{301} d", "Coté d");
        check("a\u{323}\u{302} b", "ậ", "a\u{323}\u{302}");
        check_absent("Cote\u{301}", "Cote");
        check_absent("Coté", "Cote");
        check("Coté Cote", "Cote", "Cote");
    }

    #[test]
    fn syllables_of_jamo_are_equal_to_composed_ones_and_whole() {
        check("대한민국 \u{1112}\u{1161}\u{11AB}국", "한국", "\u{1112}\u{1161}\u{11AB}국");
        check("한국", "\u{1112}\u{1161}\u{11AB}국", "한국");
        check_absent("각", "가");
        check_absent("가\u{11A8}", "가");
    }

    #[test]
    fn arabic_is_found_in_presentation_forms_and_without_direction_marks() {
        check("وقعت \u{200F}مصر\u{200F} الاتفاق", "مصر الاتفاق", "مصر\u{200F} الاتفاق");
        check("\u{FEFB}", "لا", "\u{FEFB}");
        check("قال ﷺ نعم", "صلى الله عليه وسلم", "ﷺ");
    }

    #[test]
    fn hyphenation_at_line_ends_is_undone() {
        for quote in ["the agreement was", "the agree-ment was", "the agree- ment was", "the agree-\nment was"] {
            check("of the agree-\r\nment was", quote, "the agree-\r\nment was");
        }
        check("space co-\noperation agree-\nment", "co-operation agreement", "co-\noperation agree-\nment");
        check("the agree\u{AD}ment", "agreement", "agree\u{AD}ment");
        check("the agree\u{AD}\n  ment", "agree-ment", "agree\u{AD}\n  ment");
    }

    #[test]
    fn chinese_and_japanese_are_found_over_line_ends_and_korean_by_its_spaces() {
        check("加入国际月球\r\n科研站的协议", "国际月球科研站", "国际月球\r\n科研站");
        check("加入国际月球科研站的协议", "国际月球\n科研站", "国际月球科研站");
        check("2023年10\n月18日，\n“签署”", "10月18日，“签署”", "10\n月18日，\n“签署”");
        check("国際月面研究\nステーション", "研究ステーション", "研究\nステーション");
        check_absent("国际月球 科研站", "国际月球科研站");
        check("달 과학\n연구기지", "과학 연구기지", "과학\n연구기지");
        check_absent("달 과학\n연구기지", "과학연구기지");
    }

    #[test]
    fn hyphens_inside_a_line_count() {
        check_absent("to re-sign it", "resign");
        check("to re-sign or resign", "resign", "resign");
        check_absent("long- and short-term", "longand");
        check("long- and short-term", "long- and", "long- and");
    }

    #[test]
    fn dashes_at_the_ends_of_a_quote_belong_to_the_passage() {
        check("list\n- one\n– two –\nend", "- two -", "– two –");
        check("-- one", "-- one", "-- one");
        check("pre-\nand post-war", "pre-", "pre-");
        check("5 or -5 degrees", "-5", "-5");
        check_absent("two", "- two");
    }

    #[test]
    fn a_quote_of_nothing_to_see_is_nowhere() {
        for quote in ["", " \n", "–", "\u{200B}"] {
            check_absent("a – \u{200B}b", quote);
            assert!(!holds("a – b", 2..5, quote));
        }
    }

    #[test]
    fn a_place_that_is_off_by_a_character_does_not_hold() {
        let text = "x é the word, é";
        assert!(holds(text, 5..13, "the word"));
        for wrong in [4..13, 5..14, 6..13, 5..12, 3..4, 5..99, 99..100] {
            assert!(!holds(text, wrong, "the word"));
        }
        assert!(!holds(text, Range { start: 13, end: 5 }, "the word"));
    }

    #[test]
    fn one_preparation_serves_many_quotes_in_a_long_text() {
        let line = |n: u32| format!("Ré-\nsolution n°{n} of the  council…\r\n");
        let text = (0..2_000).map(line).collect::<Vec<_>>().concat();
        let prepared = Prepared::new(&text);
        for n in [0, 1, 77, 1_234, 1_999] {
            let at = prepared.find(&format!("solution n°{n} of the council...")).expect("it is there");
            assert_eq!(&text[at], format!("solution n°{n} of the  council…"));
        }
    }

    #[test]
    fn a_quote_behind_too_many_near_misses_is_given_up() {
        let quote = format!("{}a-b", "ab ".repeat(8_000));
        assert!(find(&("ab ".repeat(100) + &quote), &quote).is_some());
        let text = "ab ".repeat(16_000) + &quote;
        assert!(holds(&text, 48_000..text.len(), &quote));
        check_absent(&text, &quote);
    }

    /// Text of the characters that make comparing hard.
    const HARD: &str = "[ab \n\r\u{AD}\u{A0}\u{301}\u{323}\u{200B}é가\u{11A8}\u{1112}\u{1161}ﬁ½´ﷺ“’–…,国か。，-]{0,24}";

    fn check_words(text: &str, cut: (Index, Index)) -> Result<(), TestCaseError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [one, other] = [cut.0, cut.1].map(|cut| cut.index(words.len().max(1)));
        let quote = words.get(one.min(other)..=one.max(other)).unwrap_or_default().join(" ");
        let found = find(text, &quote);
        let something_to_see = !fold::skeleton(&fold::folded_quote(&quote)).is_empty();
        prop_assert_eq!(found.is_some_and(|at| holds(text, at, &quote)), something_to_see, "{:?} in {:?}", quote, text);
        Ok(())
    }

    proptest! {
        #[test]
        fn words_cut_out_of_an_nfc_text_are_found_in_it(text in vec("\\PC{1,6}", 1..8), cut in any::<(Index, Index)>()) {
            check_words(&text.join(" \r\n").nfc().collect::<String>(), cut)?;
        }

        #[test]
        fn words_cut_out_of_a_hard_text_are_found_in_it(text in HARD, cut in any::<(Index, Index)>()) {
            check_words(&text, cut)?;
        }

        #[test]
        fn a_quote_is_found_as_it_was_written_and_as_it_is_recorded(text in HARD, quote in HARD, start in any::<Index>()) {
            let cut = text.char_indices().nth(start.index(8)).map_or(quote.as_str(), |(at, _)| &text[at..]);
            if let Ok(recorded) = admit(cut, TextKind::Quote) {
                prop_assert_eq!(find(&text, cut), find(&text, &recorded.text), "{:?} in {:?}", cut, text);
            }
        }

        #[test]
        fn what_is_found_is_the_first_of_all_ranges_that_hold(text in HARD, quote in "[ab ﬁé가国–-]{1,3}") {
            let mut ranges = (0..text.len()).flat_map(|start| (start + 1..=text.len()).map(move |end| start..end));
            let first = ranges.find(|at| holds(&text, at.clone(), &quote));
            prop_assert_eq!(find(&text, &quote), first, "{:?} in {:?}", quote, text);
        }
    }
}
