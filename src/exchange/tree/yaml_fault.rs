//! What is wrong with a YAML text, in the words of the person who wrote it.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use super::fault::{SYNTAX, SyntaxFault, YAML_FEATURE, character_at};
use super::limits::too_deep;

/// Puts the parser's error into plain words; `last` is the place of the value or key that it read before.
pub(super) fn explain(text: &str, error: &ScanError, last: &Range<usize>) -> SyntaxFault {
    let offset = error.marker().byte_offset().unwrap_or(text.len());
    let at = character_at(text, offset);
    let (message, hint) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(at),
        ErrorKind::DirectiveDisallowed => {
            let fault = SyntaxFault::new(YAML_FEATURE, at, "directives are not accepted");
            return fault.hint("leave the line out, or put the text in quotes");
        }
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => return tab(text, offset),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent => return unclosed_quote(text, offset, last),
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            ("text stands behind a closing quote".into(), "a quote inside single quotes is written twice: `'it''s'`")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("text stands behind a closing quote".into(), "a quote inside double quotes is written `\\\"`")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            ("an escape in this text is not known".into(), "write `\\\\` for a backslash, or use single quotes")
        }
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => (
            "an escape in this text stands for no character".into(),
            "write the character itself, or use single quotes for a backslash",
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("`{open}` is opened here and never closed"), "close it, or put the text in quotes")
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("this bracket closes nothing".into(), "take it out, or put the text in quotes")
        }
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::ExpectedFlowMappingSeparator => {
            ("a comma or a closing bracket is missing here".into(), "put text that holds commas or brackets in quotes")
        }
        ErrorKind::ExpectedDocumentStart => {
            ("something stands behind the end of the map or list".into(), "is a bracket closed too early?")
        }
        ErrorKind::InvalidBlockScalarHeader => {
            ("text cannot stand behind `|` or `>`".into(), "begin it on the next line, or put it in quotes")
        }
        ErrorKind::InvalidColonPlacement => {
            ("a colon is not expected here".into(), "is a closing bracket or a comma missing before it?")
        }
        ErrorKind::UnexpectedCharacter { character } => return misplaced(text, offset, *character),
        ErrorKind::MappingValueNotAllowed if text.get(last.clone()).is_some_and(|last| last.contains('\n')) => {
            ("a colon is not expected here".into(), "is the colon missing above, or this line indented too far?")
        }
        ErrorKind::MappingValueNotAllowed => {
            ("a second colon on one line".into(), "put text that holds a colon and a space in quotes")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a key without a colon".into(), "write `key: value`")
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidIndentation => (
            "this line goes on with no list or map above it".into(),
            "keys of one map, and dashes of one list, stand in the same column",
        ),
        other => return SyntaxFault::new(SYNTAX, at, other.to_string()),
    };
    SyntaxFault::new(SYNTAX, at, message).hint(hint)
}

/// The parser may point at the beginning of the text that holds the character.
fn misplaced(text: &str, offset: usize, character: char) -> SyntaxFault {
    let at = text.get(offset..).and_then(|rest| rest.find(character)).map_or(offset, |at| offset + at);
    SyntaxFault::new(SYNTAX, character_at(text, at), format!("`{}` cannot stand here", character.escape_default()))
        .hint("put the text in quotes")
}

/// The parser may notice a missing quote only where the text goes on; it was opened behind what was read `last`.
fn unclosed_quote(text: &str, offset: usize, last: &Range<usize>) -> SyntaxFault {
    let opened = text.get(last.end..offset).and_then(|between| between.find(['"', '\'', '#']));
    let at = opened.map(|at| last.end + at).filter(|at| !text[*at..].starts_with('#')).unwrap_or(offset);
    SyntaxFault::new(SYNTAX, character_at(text, at), "a quote is opened here and not closed")
        .hint("close it; if the text goes on, indent its other lines")
}

/// The parser may notice a tab only when the line has gone on, or before it came.
fn tab(text: &str, offset: usize) -> SyntaxFault {
    let at = indenting_tab(text, offset).unwrap_or(offset);
    SyntaxFault::new(SYNTAX, character_at(text, at), "a tab is used for indentation").hint("indent with spaces")
}

/// The first tab in the indentation of the line around `offset` or of one below it.
fn indenting_tab(text: &str, offset: usize) -> Option<usize> {
    let mut start = text[..text.floor_char_boundary(offset)].rfind('\n').map_or(0, |end| end + 1);
    text[start..].split_inclusive('\n').find_map(|line| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let tab = line[..indent].find('\t').map(|tab| start + tab);
        start += line.len();
        tab
    })
}

#[cfg(test)]
mod tests {
    use crate::exchange::tree::{Format, read};

    /// Checks the words and the place of the one fault; `rest` is how the text goes on from there.
    fn check(text: &str, message: &str, rest: &str) {
        let faults = read(Format::Yaml, text).expect_err(text);
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert_eq!((fault.code, fault.message.as_str()), ("E0101", message), "{text:?}");
        assert_eq!(&text[fault.span.start..], rest, "{text:?}");
    }

    #[test]
    fn a_tab_is_pointed_at_wherever_it_is_noticed() {
        let message = "a tab is used for indentation";
        check("a:\n\t- b\n", message, "\t- b\n");
        check("a:\n  - b: 1\n \t  c: 2\n", message, "\t  c: 2\n");
        check("a: x\ty\n\tb: 2\n", message, "\tb: 2\n");
    }

    #[test]
    fn an_unclosed_quote_is_pointed_at_where_it_was_opened() {
        let message = "a quote is opened here and not closed";
        check("a: \"é\nb: 2\n", message, "\"é\nb: 2\n");
        check("a:\n  - 'x\n  - y\n", message, "'x\n  - y\n");
        check("\"a", message, "\"a");
    }

    #[test]
    fn a_colon_too_many_or_too_few_is_pointed_at() {
        check("title: Artemis: return\n", "a second colon on one line", ": return\n");
        check("a: 1\nb\nc: 2\n", "a key without a colon", "b\nc: 2\n");
        check("a 1\nb: 2\n", "a colon is not expected here", ": 2\n");
        check("a:1\nb:2\n", "this is one long text, not keys with values", "a:1\nb:2\n");
        check(": 1\n", "a key is missing before the colon", ": 1\n");
    }

    #[test]
    fn a_line_in_the_wrong_column_is_pointed_at() {
        let message = "this line goes on with no list or map above it";
        check("a:\n  b: 1\n c: 2\n", message, "c: 2\n");
        check("- a\nb: c\n", message, "b: c\n");
    }

    #[test]
    fn a_bracket_that_fits_no_other_is_pointed_at() {
        check("a: {b: 1\n", "`{` is opened here and never closed", "{b: 1\n");
        check("a: }\n", "this bracket closes nothing", "}\n");
        check("a: [1, 2\nb: 3\n", "a colon is not expected here", ": 3\n");
        check("[a], b\n", "something stands behind the end of the map or list", ", b\n");
    }

    #[test]
    fn what_needs_quotes_or_an_escape_is_pointed_at() {
        check("a: @x\n", "`@` cannot stand here", "@x\n");
        check("a: 'it's'\n", "text stands behind a closing quote", "s'\n");
        check("a: \"\\q\"\n", "an escape in this text is not known", "\"\\q\"\n");
        check("a: \"\\ud800\"\n", "an escape in this text stands for no character", "\"\\ud800\"\n");
        check("a: x\u{1b}y\n", "`\\u{1b}` cannot stand here", "\u{1b}y\n");
    }
}
