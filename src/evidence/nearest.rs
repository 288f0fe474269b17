//! What a document has instead of a quote that is not in it, for the hint.

use super::fold;

/// The longest passage that is shown, in characters.
const PASSAGE_CHARS: usize = 120;

/// The words of a quote that are looked at. More would not be shown.
const WORDS: usize = 20;

/// The passage of `text` that begins as `quote` does for the most words, whatever their case, accents and punctuation.
///
/// White space is folded, and the passage has at most 120 characters. `None` if fewer than two words in a row agree and
/// they are not the whole quote.
pub fn nearest(text: &str, quote: &str) -> Option<String> {
    let wanted: Vec<String> = words(quote).map(|(_, word)| fold::bare_letters(word).collect()).take(WORDS).collect();
    let mut best = (wanted.len().min(2), None);
    for (at, word) in words(text) {
        if fold::bare_letters(word).eq(wanted.first()?.chars()) {
            let agreeing = agreeing_words(&text[at..], &wanted);
            if agreeing > best.0 || agreeing == best.0 && best.1.is_none() {
                best = (agreeing, Some(at));
            }
        }
        if best.1.is_some() && best.0 == wanted.len() {
            break;
        }
    }
    best.1.map(|at| beginning(&text[at..]))
}

fn agreeing_words(text: &str, wanted: &[String]) -> usize {
    words(text).zip(wanted).take_while(|((_, word), wanted)| fold::bare_letters(word).eq(wanted.chars())).count()
}

/// The words of a text that have letters or digits, with their offsets. Of Chinese and Japanese each character counts as one.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let offset = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    text.split_whitespace()
        .flat_map(|word| word.split_inclusive(fold::is_spaceless))
        .flat_map(|word| match word.char_indices().next_back() {
            Some((at, c)) if fold::is_spaceless(c) => [&word[..at], &word[at..]],
            _ => [word, ""],
        })
        .filter(|word| fold::bare_letters(word).next().is_some())
        .map(move |word| (offset(word), word))
}

/// The words that `text` begins with, as many as may be shown.
fn beginning(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut passage: String = words.next().unwrap_or_default().chars().take(PASSAGE_CHARS).collect();
    let mut room = PASSAGE_CHARS - passage.chars().count();
    for word in words {
        let chars = word.chars().take(PASSAGE_CHARS).count();
        if chars >= room {
            break;
        }
        room -= chars + 1;
        passage.push(' ');
        passage.push_str(word);
    }
    passage
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, quote: &str, expected: Option<&str>) {
        assert_eq!(nearest(text, quote).as_deref(), expected);
    }

    #[test]
    fn another_case_is_found() {
        check("The parties Signed the\nAgreement today.", "signed the agreement", Some("Signed the Agreement today."));
        check("the MOU of May", "MoU", Some("MOU of May"));
    }

    #[test]
    fn the_longest_common_beginning_wins_and_the_first_of_equals() {
        let text = "Pakistan signed on 17 May. Pakistan signed the memorandum – on 18 May. Pakistan signed the treaty.";
        let expected = "Pakistan signed the memorandum – on 18 May. Pakistan signed the treaty.";
        check(text, "Pakistan signed the memorandum on 19 May", Some(expected));
        check(text, "Pakistan signed the convention", Some(expected));
    }

    #[test]
    fn accents_and_punctuation_are_passed_over() {
        check("met Mr. González, twice", "Mr Gonzalez", Some("Mr. González, twice"));
    }

    #[test]
    fn of_writing_without_spaces_the_longest_common_beginning_is_shown() {
        let text = "各方签署了关于国际月球\n科研站的合作协议。国际组织";
        check(text, "国际月球科学站", Some("国际月球 科研站的合作协议。国际组织"));
        check("ILRS协议", "ILRS协定", Some("ILRS协议"));
    }

    #[test]
    fn one_word_in_common_is_no_passage() {
        check("The sun shines", "The agreement was signed", None);
        check("The sun shines", "—", None);
        check("", "The", None);
    }

    #[test]
    fn a_passage_has_at_most_120_characters_and_ends_with_a_word() {
        let passage = nearest(&"long words ".repeat(50), "Long Words").expect("it begins so");
        assert!(passage.ends_with(" words") || passage.ends_with(" long"), "{passage}");
        assert!((110..=120).contains(&passage.chars().count()));
        check(&"é".repeat(500), &"é".repeat(500), Some(&"é".repeat(120)));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in any::<String>(), quote in any::<String>()) {
            let passage = nearest(&text, &quote).unwrap_or_default();
            prop_assert!(passage.chars().count() <= PASSAGE_CHARS);
            prop_assert!(nearest(&text, &text).is_none_or(|passage| !passage.is_empty()));
        }
    }
}
