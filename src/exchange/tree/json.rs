//! JSON and NDJSON, with the place of every value.
//!
//! Two readers look at each text. `serde_json` decides whether it is JSON and says why not; the cursor below, which
//! would let some mistakes pass, knows the places and keeps to the limits.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::fault::{BEYOND_LIMIT, SYNTAX, SyntaxFault, character_at};
use super::limits::{Budget, MAX_FAULTS};
use super::{Entry, Node, Value};

/// Reads a text that is one JSON value.
pub(super) fn read(text: &str) -> Result<Node, Vec<SyntaxFault>> {
    read_part(text, 0..text.len(), &mut Budget::default()).map_err(|fault| vec![fault])
}

/// Reads a text of one JSON value a line.
pub(super) fn read_lines(text: &str) -> Result<Vec<Node>, Vec<SyntaxFault>> {
    let (mut nodes, mut faults) = (Vec::new(), Vec::new());
    let mut budget = Budget::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let part = start..start + line.len();
        start = part.end;
        if line.trim().is_empty() {
            continue;
        }
        match read_part(text, part, &mut budget) {
            Ok(node) => nodes.push(node),
            Err(fault) => faults.push(fault),
        }
        if faults.len() > MAX_FAULTS || budget.is_spent() {
            break;
        }
    }
    if faults.is_empty() { Ok(nodes) } else { Err(faults) }
}

fn read_part(text: &str, part: Range<usize>, budget: &mut Budget) -> Result<Node, SyntaxFault> {
    let mut cursor = Cursor { text: &text[..part.end], at: part.start, budget };
    let node = cursor.value(0);
    if let Err(fault) = &node
        && fault.code == BEYOND_LIMIT
    {
        return node;
    }
    refuse_other_than_json(text, part)?;
    node
}

/// Goes through a text once, and recurses once for each map and list that the budget allows.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    budget: &'t mut Budget,
}

impl Cursor<'_> {
    /// The value that begins here, inside `depth` maps and lists.
    fn value(&mut self, depth: usize) -> Result<Node, SyntaxFault> {
        let first = self.peek();
        let start = self.at;
        let depth = depth + usize::from(matches!(first, Some(b'{' | b'[')));
        self.budget.spend(&(start..start), depth)?;
        let value = match first {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text { text: self.string()?, plain: false },
            _ => self.word()?,
        };
        Ok(Node { span: start..self.at, value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, SyntaxFault> {
        let mut entries = Vec::new();
        self.members(b'}', |cursor| {
            cursor.peek();
            let start = cursor.at;
            let key = cursor.string()?;
            let key_span = start..cursor.at;
            if !cursor.take(b':') {
                return Err(cursor.lost());
            }
            entries.push(Entry { key, key_span, value: cursor.value(depth)? });
            Ok(())
        })?;
        Ok(Value::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value, SyntaxFault> {
        let mut items = Vec::new();
        self.members(b']', |cursor| {
            items.push(cursor.value(depth)?);
            Ok(())
        })?;
        Ok(Value::List(items))
    }

    /// Goes from the opening bracket here through `member`s with commas between them past `close`.
    fn members(
        &mut self,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), SyntaxFault>,
    ) -> Result<(), SyntaxFault> {
        self.at += 1;
        if self.take(close) {
            return Ok(());
        }
        loop {
            member(self)?;
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.lost());
            }
        }
    }

    /// The text between the quote here and its closing one.
    fn string(&mut self) -> Result<String, SyntaxFault> {
        let start = self.at;
        let mut bytes = self.text[start..].bytes().enumerate().skip(1);
        let len = loop {
            match bytes.next() {
                Some((at, b'"')) => break at + 1,
                Some((_, b'\\')) => _ = bytes.next(),
                Some(_) => {}
                None => return Err(self.lost()),
            }
        };
        self.at += len;
        let quoted = &self.text[start..self.at];
        // Validity was not asked for here, so a lone surrogate comes to light only now.
        serde_json::from_str(quoted).map_err(|_| {
            SyntaxFault::new(SYNTAX, start..self.at, "an escape in this text stands for no character")
                .hint("half a surrogate pair stands alone")
        })
    }

    /// A number, `true`, `false` or `null`; whether it is one of them is not looked at here.
    fn word(&mut self) -> Result<Value, SyntaxFault> {
        let rest = &self.text[self.at..];
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        if len == 0 {
            return Err(self.lost());
        }
        self.at += len;
        match &rest[..len] {
            "null" => Ok(Value::Null),
            word => Ok(Value::Text { text: word.to_owned(), plain: true }),
        }
    }

    /// The fault of a text that goes on otherwise than JSON does. `serde_json` has better words for it.
    fn lost(&self) -> SyntaxFault {
        SyntaxFault::new(SYNTAX, character_at(self.text, self.at), "this is not JSON")
    }

    /// The next byte that is not white space, not yet taken.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = rest.iter().take_while(|byte| b" \t\n\r".contains(byte)).count();
        self.at += blank;
        rest.get(blank).copied()
    }

    fn take(&mut self, expected: u8) -> bool {
        let there = self.peek() == Some(expected);
        self.at += usize::from(there);
        there
    }
}

fn refuse_other_than_json(text: &str, part: Range<usize>) -> Result<(), SyntaxFault> {
    let json = &text[part.clone()];
    let Err(error) = serde_json::from_str::<IgnoredAny>(json) else { return Ok(()) };
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(message, _)| message);
    let at = if error.is_eof() { part.end } else { part.start + offset(&error, said, json) };
    Err(explain(said, &text[..part.end], at))
}

/// Where in `json` the error lies. Its lines count from 1, its columns count bytes: mostly those that were read, the
/// one at fault included.
fn offset(error: &serde_json::Error, said: &str, json: &str) -> usize {
    let line: usize = json.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let read = line + error.column();
    match said {
        _ if said.starts_with("control character") => read,
        // A misspelt word has been read in part.
        "expected ident" => json[..read.saturating_sub(1)].trim_end_matches(|c: char| c.is_ascii_alphabetic()).len(),
        _ => read.saturating_sub(1),
    }
}

fn explain(said: &str, text: &str, at: usize) -> SyntaxFault {
    let span = character_at(text, at);
    let closes = matches!(text.get(span.clone()), Some("}" | "]"));
    let (message, hint) = match said {
        "EOF while parsing an object" => ("this ends inside a map", "is a `}` missing?"),
        "EOF while parsing a list" => ("this ends inside a list", "is a `]` missing?"),
        "EOF while parsing a string" => ("this ends inside a text", "is a closing quote missing?"),
        "EOF while parsing a value" => ("this ends where a value has to stand", "is the text cut off?"),
        "key must be a string" | "expected value" if closes && text[..at].trim_end().ends_with(',') => {
            ("nothing stands behind the last comma", "leave the comma out")
        }
        "key must be a string" => ("a key has to stand here", "keys stand in double quotes"),
        "expected value" | "expected ident" => {
            ("a value has to stand here", "text stands in double quotes; there are no comments")
        }
        "trailing characters" => {
            ("something stands behind the end", "for one value a line, give the file the ending `.ndjson`")
        }
        "invalid escape" => ("this escape is not known", "a backslash in a text is written `\\\\`"),
        "invalid number" => ("a number is not written like this", "text stands in double quotes"),
        _ if said.starts_with("control character") => {
            ("a line break or control character inside a text", "write `\\n` for a line break, `\\t` for a tab")
        }
        _ => return SyntaxFault::new(SYNTAX, span, said),
    };
    SyntaxFault::new(SYNTAX, span, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use crate::exchange::tree::{Format, Node, Value, read};

    fn check(text: &str, message: &str, marked: &str, at: usize) {
        let faults = read(Format::Json, text).expect_err(text);
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert_eq!((fault.code, fault.message.as_str()), ("E0101", message), "{text}");
        assert_eq!((&text[fault.span.clone()], fault.span.start), (marked, at), "{text}");
    }

    #[test]
    fn each_mistake_has_its_words_and_its_place() {
        check(r#"{"a": 1,}"#, "nothing stands behind the last comma", "}", 8);
        check(r"[1, ]", "nothing stands behind the last comma", "]", 4);
        check(r"{a: 1}", "a key has to stand here", "a", 1);
        check(r#"{"a": }"#, "a value has to stand here", "}", 6);
        check(r#"{"a": tru}"#, "a value has to stand here", "t", 6);
        check("{\"a\":\n  // é\n1}", "a value has to stand here", "/", 8);
        check(r#"{"é": 'b'}"#, "a value has to stand here", "'", 7);
        check(r#"{"a" 1}"#, "expected `:`", "1", 5);
        check(r"[1 2]", "expected `,` or `]`", "2", 3);
        check(r"[01]", "a number is not written like this", "1", 2);
        check("[\"a\tb\"]", "a line break or control character inside a text", "\t", 3);
        check(r#"["\x"]"#, "this escape is not known", "x", 3);
        check(r"{} {}", "something stands behind the end", "{", 3);
    }

    #[test]
    fn a_text_that_ends_too_early_is_marked_at_its_end() {
        check("{\"a\": 1\n\n", "this ends inside a map", "", 7);
        check("[1", "this ends inside a list", "", 2);
        check("[\"é", "this ends inside a text", "", 4);
        check("{\"a\":", "this ends where a value has to stand", "", 5);
    }

    #[test]
    fn a_lone_surrogate_is_refused_and_a_pair_is_read() {
        check(r#"["x", "\ud800"]"#, "an escape in this text stands for no character", r#""\ud800""#, 6);
        check(r#"{"\udc00": 1}"#, "an escape in this text stands for no character", r#""\udc00""#, 1);
        let nodes = read(Format::Json, r#""\ud83d\ude00\n\"""#);
        let text = Value::Text { text: "\u{1f600}\n\"".to_owned(), plain: false };
        assert_eq!(nodes, Ok(vec![Node { span: 0..18, value: text }]));
    }

    #[test]
    fn a_number_stays_as_it_is_written() {
        for number in ["0", "-0", "1.50", "1e999", "123456789012345678901234567890"] {
            let text = Value::Text { text: number.to_owned(), plain: true };
            assert_eq!(read(Format::Json, number), Ok(vec![Node { span: 0..number.len(), value: text }]));
        }
    }

    #[test]
    fn each_line_of_ndjson_is_judged_on_its_own() {
        let text = "{\"a\":\n\r\n{\"é\": 1}\r\n{\"a\" 1}\n1 2";
        let faults = read(Format::Ndjson, text).expect_err("is refused");
        let found: Vec<_> = faults.iter().map(|fault| (fault.message.as_str(), fault.span.clone())).collect();
        assert_eq!(
            found,
            [
                ("this ends where a value has to stand", 5..5),
                ("expected `:`", 24..25),
                ("something stands behind the end", 29..30)
            ]
        );
    }
}
