//! What can be wrong with a file before its meaning is looked at.

use std::ops::Range;

use crate::exchange::place::Lines;

/// The text does not follow the grammar of its format.
pub const SYNTAX: &str = "E0101";
/// The bytes are not UTF-8 text.
pub const NOT_TEXT: &str = "E0102";
/// Nothing stands in the file.
pub const EMPTY: &str = "E0103";
/// A key is given twice in one map.
pub const DUPLICATE_KEY: &str = "E0104";
/// The file is beyond a limit of size, depth or number of values.
pub const BEYOND_LIMIT: &str = "E0105";
/// A YAML feature that an announcement file does without.
pub const YAML_FEATURE: &str = "E0106";

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxFault {
    /// Bytes of the text; empty where something is missing.
    pub span: Range<usize>,
    /// One of this module's codes.
    pub code: &'static str,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl SyntaxFault {
    pub(super) fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, code, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The key at `span` stands in its map for the second time; `first` is where it stood before, if that is known.
    pub(super) fn duplicate(key: &str, span: Range<usize>, first: Option<usize>, lines: &Lines) -> Self {
        let fault = Self::new(DUPLICATE_KEY, span, format!("`{key}` is given twice"));
        match first.map(|offset| lines.line_column(offset)) {
            Some((line, column)) => fault.hint(format!("it stands first on line {line}, column {column}")),
            None => fault,
        }
    }
}

/// The span of the character at `offset`; empty at the end of a line, and where nothing but white space follows.
pub(super) fn character_at(text: &str, offset: usize) -> Range<usize> {
    let last = text.trim_end().len();
    if offset >= last {
        return last..last;
    }
    let start = text.floor_char_boundary(offset);
    match text[start..].chars().next() {
        None | Some('\n' | '\r') => start..start,
        Some(character) => start..start + character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_the_text_covers_one_whole_character() {
        assert_eq!(character_at("aé\nb", 0), 0..1);
        assert_eq!(character_at("aé\nb", 2), 1..3);
        assert_eq!(character_at("aé\nb", 3), 3..3);
        assert_eq!(character_at("ab \n\n", 4), 2..2);
        assert_eq!(character_at("", 7), 0..0);
    }
}
