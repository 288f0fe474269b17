//! What text may be recorded, and how text is shown: nothing hidden goes in, and nothing that drives a terminal comes out.
//!
//! A statement is signed by people who read it on a screen. So no text may look other than it is: control characters,
//! characters that reorder their surroundings and characters that nobody sees are refused at admission, except in quotes,
//! which are the source's. Whatever is printed, admitted by us or not, goes through [`shown`].

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::iter::once;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What a text is for, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// One line: a name, a title, any plain field.
    Name,
    /// Notes, reasons, summaries: line breaks and tabs become single spaces.
    Prose,
    /// Words of a source: as prose, and bidirectional controls and invisible characters stay as they are.
    Quote,
}

/// A text in the form in which it is recorded: NFC, one line, no white space around it, not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted<'a> {
    /// The text to record.
    pub text: Cow<'a, str>,
    /// Whether the text given was not NFC and had to be normalised, which the user is told.
    pub normalised: bool,
}

/// Why a text may not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// Nothing is left once the white space around it is gone.
    #[error("the text is empty")]
    Empty,
    /// A character that has no place in this kind of text.
    #[error("{} at byte {at} {why}", CharacterName(*.character))]
    Character {
        /// The character itself.
        character: char,
        /// Its byte offset in the text that was given.
        at: usize,
        /// What is wrong with it.
        why: Objection,
    },
}

/// What is wrong with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// A control character, or a line break in what must be one line.
    Control,
    /// It reorders the text around it.
    Reorders,
    /// Nobody sees it.
    Invisible,
    /// A joiner or variation selector with nothing to work on.
    OutOfPlace,
    /// Not a character, and never will be one.
    Noncharacter,
}

/// Checks `text` and brings it into the form in which it is recorded.
///
/// # Errors
///
/// [`TextFault::Character`] for the first character that may not be there, [`TextFault::Empty`] if nothing is left.
pub fn admit(text: &str, kind: TextKind) -> Result<Admitted<'_>, TextFault> {
    check_characters(text, kind)?;
    let line = match kind {
        TextKind::Name => Cow::Borrowed(text.trim()),
        TextKind::Prose | TextKind::Quote => in_one_line(text.trim()),
    };
    if line.is_empty() {
        return Err(TextFault::Empty);
    }
    let normalised = !unicode_normalization::is_nfc(&line);
    let text = if normalised { Cow::Owned(line.nfc().collect()) } else { line };
    Ok(Admitted { text, normalised })
}

/// Whether any text field takes this text as it is: ASCII that prints, and no space around it. Most texts are that.
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| *first != b' ' && *last != b' ')
        && bytes.iter().all(|byte| (0x20..0x7f).contains(byte))
}

/// Whether [`shown`] leaves this text as it is.
pub fn is_safe(text: &str) -> bool {
    // Most text is plain ASCII, which needs no look at each character; without an early end the bytes are looked at
    // many at a time.
    let is_odd = |odd: bool, byte: &u8| odd | !(0x20..0x7f).contains(byte);
    !text.as_bytes().iter().fold(false, is_odd) || !text.chars().any(must_be_escaped)
}

/// Makes `text` safe to print: what could drive a terminal, reorder the line or hide in it is written as `\u{202e}`.
///
/// Line breaks and tabs are control characters too. Joiners and variation selectors stay: scripts and pictures need them.
pub fn shown(text: &str) -> Cow<'_, str> {
    if is_safe(text) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if must_be_escaped(c) {
            write!(safe, "\\u{{{:x}}}", u32::from(c)).expect("a String takes everything");
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether `c` leaves no trace on a screen, itself: bidirectional controls, soft hyphens, zero-width spaces and the like.
///
/// White space is not invisible, and neither are joiners and variation selectors, which change their neighbours' shape.
pub fn is_invisible(c: char) -> bool {
    matches!(Class::of(c), Class::Bidi | Class::Invisible)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Break,
    Control,
    Bidi,
    Invisible,
    Joiner,
    Selector,
    Noncharacter,
}

impl Class {
    /// # Source
    ///
    /// Invisible are the characters with the property `Default_Ignorable_Code_Point` (Unicode 16, DerivedCoreProperties.txt)
    /// and the interlinear annotation marks U+FFF9–FFFB. Breaks are UAX 14's mandatory ones, and the tab.
    fn of(c: char) -> Self {
        match c {
            '\u{09}'..='\u{0D}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Self::Break,
            '\u{00}'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Self::Control,
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Self::Bidi,
            '\u{200C}' | '\u{200D}' => Self::Joiner,
            '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => {
                Self::Selector
            }
            '\u{FDD0}'..='\u{FDEF}' => Self::Noncharacter,
            _ if u32::from(c) & 0xFFFE == 0xFFFE => Self::Noncharacter,
            _ if is_default_ignorable(c) => Self::Invisible,
            _ => Self::Plain,
        }
    }
}

/// The characters with that property, and the interlinear marks, that are of no other class.
fn is_default_ignorable(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}')
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}')
        || matches!(c, '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}')
        || matches!(c, '\u{E0000}'..='\u{E0FFF}')
}

fn must_be_escaped(c: char) -> bool {
    match Class::of(c) {
        Class::Plain | Class::Joiner | Class::Selector => false,
        Class::Break | Class::Control | Class::Bidi | Class::Invisible | Class::Noncharacter => true,
    }
}

fn check_characters(text: &str, kind: TextKind) -> Result<(), TextFault> {
    let mut previous = None;
    let mut rest = text.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        let next = rest.peek().map(|(_, c)| *c);
        if let Some(why) = objection(character, kind, previous, next) {
            return Err(TextFault::Character { character, at, why });
        }
        previous = Some(character);
    }
    Ok(())
}

fn objection(c: char, kind: TextKind, previous: Option<char>, next: Option<char>) -> Option<Objection> {
    let quoted = kind == TextKind::Quote;
    match Class::of(c) {
        Class::Plain => None,
        Class::Break => (kind == TextKind::Name).then_some(Objection::Control),
        Class::Control => Some(Objection::Control),
        Class::Noncharacter => Some(Objection::Noncharacter),
        Class::Bidi => (!quoted).then_some(Objection::Reorders),
        Class::Invisible => (!quoted).then_some(Objection::Invisible),
        // Persian and the Indic scripts need joiners inside words; anywhere else they only hide.
        Class::Joiner => {
            let inside_a_word = previous.is_some_and(is_letter_or_mark) && next.is_some_and(is_letter_or_mark);
            (!quoted && !inside_a_word).then_some(Objection::OutOfPlace)
        }
        // Japanese names and pictures need selectors after what they select.
        Class::Selector => (!quoted && !previous.is_some_and(has_variants)).then_some(Objection::OutOfPlace),
    }
}

fn is_letter_or_mark(c: char) -> bool {
    (c.is_alphabetic() || is_combining_mark(c)) && Class::of(c) == Class::Plain
}

/// Whether a selector may follow: nothing in ASCII is varied in names, nor what normalisation turns into ASCII (U+212A).
fn has_variants(c: char) -> bool {
    Class::of(c) == Class::Plain && !c.is_whitespace() && once(c).nfc().all(|composed| !composed.is_ascii())
}

/// Each run of white space that holds a line break or a tab becomes one space.
fn in_one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| Class::of(c) == Class::Break) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        line.push_str(&rest[..word_end]);
        rest = &rest[word_end..];
        let gap = &rest[..rest.len() - rest.trim_start().len()];
        line.push_str(if gap.chars().any(|c| Class::of(c) == Class::Break) { " " } else { gap });
        rest = &rest[gap.len()..];
    }
    Cow::Owned(line)
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "is a control character",
            Self::Reorders => "reorders the text around it",
            Self::Invisible => "is invisible",
            Self::OutOfPlace => "has nothing to join or to vary here",
            Self::Noncharacter => "is not a character",
        })
    }
}

/// A character as `U+202E RIGHT-TO-LEFT OVERRIDE`; without the name where we do not know it.
struct CharacterName(char);

impl fmt::Display for CharacterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X}", u32::from(self.0))?;
        match NAMES.iter().find(|(c, _)| *c == self.0) {
            Some((_, name)) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}

/// Unicode's names of what turns up in pasted text.
const NAMES: &[(char, &str)] = &[
    ('\u{00}', "NULL"),
    ('\u{08}', "BACKSPACE"),
    ('\u{09}', "TAB"),
    ('\u{0A}', "LINE FEED"),
    ('\u{0B}', "LINE TABULATION"),
    ('\u{0C}', "FORM FEED"),
    ('\u{0D}', "CARRIAGE RETURN"),
    ('\u{1B}', "ESCAPE"),
    ('\u{7F}', "DELETE"),
    ('\u{85}', "NEXT LINE"),
    ('\u{AD}', "SOFT HYPHEN"),
    ('\u{34F}', "COMBINING GRAPHEME JOINER"),
    ('\u{61C}', "ARABIC LETTER MARK"),
    ('\u{115F}', "HANGUL CHOSEONG FILLER"),
    ('\u{1160}', "HANGUL JUNGSEONG FILLER"),
    ('\u{180E}', "MONGOLIAN VOWEL SEPARATOR"),
    ('\u{200B}', "ZERO WIDTH SPACE"),
    ('\u{200C}', "ZERO WIDTH NON-JOINER"),
    ('\u{200D}', "ZERO WIDTH JOINER"),
    ('\u{200E}', "LEFT-TO-RIGHT MARK"),
    ('\u{200F}', "RIGHT-TO-LEFT MARK"),
    ('\u{2028}', "LINE SEPARATOR"),
    ('\u{2029}', "PARAGRAPH SEPARATOR"),
    ('\u{202A}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202B}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202C}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202D}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202E}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{2060}', "WORD JOINER"),
    ('\u{2061}', "FUNCTION APPLICATION"),
    ('\u{2062}', "INVISIBLE TIMES"),
    ('\u{2063}', "INVISIBLE SEPARATOR"),
    ('\u{2064}', "INVISIBLE PLUS"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{3164}', "HANGUL FILLER"),
    ('\u{FE0F}', "VARIATION SELECTOR-16"),
    ('\u{FEFF}', "ZERO WIDTH NO-BREAK SPACE"),
    ('\u{FFA0}', "HALFWIDTH HANGUL FILLER"),
    ('\u{FFF9}', "INTERLINEAR ANNOTATION ANCHOR"),
    ('\u{FFFA}', "INTERLINEAR ANNOTATION SEPARATOR"),
    ('\u{FFFB}', "INTERLINEAR ANNOTATION TERMINATOR"),
];

/// Whether spreadsheets run a text as a formula, apostrophes before it left aside: it begins with `=`, `+`, `-` or `@`, also
/// in full width and behind white space, or with a control character.
pub fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    let first = text.trim_start().chars().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')) || text.starts_with(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(given: &str, kind: TextKind, recorded: &str) {
        let admitted = admit(given, kind).unwrap_or_else(|fault| panic!("{given:?} was refused: {fault}"));
        assert_eq!(admitted.text, recorded);
    }

    fn check_refused(given: &str, kind: TextKind, because: &str) {
        let fault = admit(given, kind).expect_err("this text is to be refused");
        assert_eq!(fault.to_string(), because);
    }

    #[test]
    fn names_of_every_script_are_recorded_as_they_are() {
        for name in
            ["Türkiye", "中国国家航天局", "می‌خواهم", "क्‍ष", "葛\u{E0100}城", "Côte d’Ivoire", "한국", "❤\u{FE0F}"]
        {
            check(name, TextKind::Name, name);
            assert!(!admit(name, TextKind::Name).expect("just admitted").normalised, "{name}");
        }
    }

    #[test]
    fn decomposed_text_is_composed_and_that_is_said() {
        let admitted = admit("Cote\u{301}", TextKind::Name).expect("letters and a mark");
        assert_eq!(admitted, Admitted { text: "Coté".into(), normalised: true });
    }

    #[test]
    fn white_space_around_a_text_goes() {
        check("\u{A0} Peru \u{3000}", TextKind::Name, "Peru");
    }

    #[test]
    fn nothing_but_white_space_is_empty() {
        for kind in [TextKind::Name, TextKind::Prose, TextKind::Quote] {
            check_refused(" \u{3000}", kind, "the text is empty");
            check_refused("", kind, "the text is empty");
        }
        check_refused("\r\n\t", TextKind::Prose, "the text is empty");
    }

    #[test]
    fn line_breaks_in_prose_become_single_spaces() {
        for kind in [TextKind::Prose, TextKind::Quote] {
            check("one\r\n  two\u{2028}three\tfour  five\n", kind, "one two three four  five");
        }
        check_refused("one\ntwo", TextKind::Name, "U+000A LINE FEED at byte 3 is a control character");
    }

    #[test]
    fn control_characters_are_refused_everywhere() {
        for kind in [TextKind::Name, TextKind::Prose, TextKind::Quote] {
            check_refused("é\u{1b}[2J", kind, "U+001B ESCAPE at byte 2 is a control character");
            check_refused("a\u{9b}", kind, "U+009B at byte 1 is a control character");
        }
    }

    #[test]
    fn what_reorders_or_hides_is_allowed_in_quotes_alone() {
        for kind in [TextKind::Name, TextKind::Prose] {
            check_refused("ab\u{202e}c", kind, "U+202E RIGHT-TO-LEFT OVERRIDE at byte 2 reorders the text around it");
            check_refused("ab\u{200b}c", kind, "U+200B ZERO WIDTH SPACE at byte 2 is invisible");
            check_refused("a\u{e0041}", kind, "U+E0041 at byte 1 is invisible");
        }
        check("ab\u{202e}c\u{200b}\u{e0041}", TextKind::Quote, "ab\u{202e}c\u{200b}\u{e0041}");
    }

    #[test]
    fn joiners_and_selectors_need_something_to_work_on() {
        let nothing = "has nothing to join or to vary here";
        check_refused("a \u{200d}b", TextKind::Name, &format!("U+200D ZERO WIDTH JOINER at byte 2 {nothing}"));
        check_refused("ab\u{200c}", TextKind::Name, &format!("U+200C ZERO WIDTH NON-JOINER at byte 2 {nothing}"));
        check_refused("a\u{fe0f}", TextKind::Name, &format!("U+FE0F VARIATION SELECTOR-16 at byte 1 {nothing}"));
        check_refused("\u{212a}\u{fe0f}", TextKind::Name, &format!("U+FE0F VARIATION SELECTOR-16 at byte 3 {nothing}"));
        check("a \u{200d}b", TextKind::Quote, "a \u{200d}b");
    }

    #[test]
    fn noncharacters_are_refused_and_private_use_is_left_alone() {
        check_refused("a\u{fffe}", TextKind::Quote, "U+FFFE at byte 1 is not a character");
        check_refused("a\u{10ffff}", TextKind::Name, "U+10FFFF at byte 1 is not a character");
        check("\u{e000}\u{378}\u{fffd}", TextKind::Name, "\u{e000}\u{378}\u{fffd}");
    }

    #[test]
    fn what_is_shown_cannot_drive_a_terminal() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}\u{feff}\u{2028}"), "a\\u{1b}[31m\\u{a}\\u{202e}\\u{feff}\\u{2028}");
        assert!(matches!(shown("می‌خواهم ❤\u{FE0F}"), Cow::Borrowed(_)));
    }

    #[test]
    fn every_character_is_either_plain_or_named_to_be_escaped() {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let text = c.to_string();
            let escaped = shown(&text) != text;
            assert!(escaped || !c.is_control(), "U+{:04X} is printed raw", u32::from(c));
            let name = format!("ab{c}de");
            assert!(!escaped || admit(&name, TextKind::Name).is_err(), "U+{:04X} is admitted and hidden", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn what_was_admitted_is_admitted_again_unchanged(text in any::<String>(), kind in any_kind()) {
            if let Ok(first) = admit(&text, kind) {
                let again = admit(&first.text, kind).expect("an admitted text is admissible");
                prop_assert_eq!(&again.text, &first.text);
                prop_assert!(!again.normalised);
            }
        }

        #[test]
        fn showing_twice_is_showing_once(text in any::<String>()) {
            let once = shown(&text).into_owned();
            prop_assert_eq!(shown(&once), once.as_str());
            prop_assert!(!once.chars().any(|c| c.is_control() || is_invisible(c)));
        }
    }

    fn any_kind() -> impl Strategy<Value = TextKind> {
        prop_oneof![Just(TextKind::Name), Just(TextKind::Prose), Just(TextKind::Quote)]
    }
}
