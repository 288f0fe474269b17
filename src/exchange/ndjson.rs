//! Events in NDJSON, one a line, as archives and other people's tools take them: `servanda/exported-event/v1`. Frozen:
//! lines of golden events are in `fixtures/golden/exported-event-v1.ndjson`.
//!
//! ```text
//! line      = {"hash":HASH,"signature":ARMOR,"statement":STATEMENT,"v":1} LF
//! HASH      = the event's hash, 64 hexadecimal digits
//! ARMOR     = the signature as the event has it, with its line feeds; the key is absent inside a batch
//! STATEMENT = the statement without its line feed: a text, not an object, so that no byte of it is lost
//! event     = STATEMENT LF ARMOR
//! ```
//!
//! Lines stand in the order of the events, from the genesis on, and nothing stands before or after them. A line is
//! JSON: a reader takes its keys in any order and with any escapes, and refuses other keys. What counts are the event's
//! bytes, which the hash covers. Nothing of ours is needed to check the line of an event:
//!
//! ```sh
//! jq -j '.statement, "\n", .signature // ""' LINE | b3sum --derive-key 'servanda 2026-11-22 event v1'
//! jq -r .statement LINE | jq .prev
//! ```
//!
//! A file that was cut between two batches is the export of a shorter ledger: only a head that was kept elsewhere tells.
//!
//! In scope: writing and reading lines. Out of scope: whether events follow each other and who signed them, which
//! [`restore`](crate::ledger::recover::restore) checks.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::EventError;
use crate::event::statement::{MAX_EVENT, split};
use crate::exchange::json_line::json_line;
use crate::integrity::EventHash;
use crate::integrity::digest::event_hash;

/// The version of this format.
const VERSION: u64 = 1;
/// The most bytes in a line: all of an event's written as `\u0000`, and room for the rest.
pub const MAX_LINE: usize = 6 * MAX_EVENT + 1024;

/// The keys of a line, in the order of their bytes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    hash: EventHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    statement: Cow<'a, str>,
    v: u64,
}

/// What a line says: an event's bytes, and what they should hash to. Nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedEvent {
    /// The hash that the line states.
    pub hash: EventHash,
    /// The bytes that it holds.
    pub bytes: Vec<u8>,
}

/// Why a line is no exported event.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct LineFault {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: LineFaultKind,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineFaultKind {
    /// More bytes than a line may have.
    #[error("a line has at most {MAX_LINE} bytes, and this one has more")]
    TooLong,
    /// Bytes that are no UTF-8.
    #[error("not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// Nothing stands in it.
    #[error("an event was expected, and the line is empty")]
    Empty,
    /// It is no JSON, or has other keys and values than a line has.
    #[error("not an exported event, at column {column}: {what}")]
    NotLine {
        /// Where, in bytes from 1.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// It says that it is of another version.
    #[error("`v` is {0}, and this program reads {VERSION}")]
    Version(u64),
    /// The statement is more than a line.
    #[error("the statement has a line feed in it")]
    LineFeed,
    /// It could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// The line of an event, with its line feed.
///
/// # Errors
///
/// [`EventError`] for bytes that are no text of an event.
pub fn line(event: &[u8]) -> Result<String, EventError> {
    let (statement, signature) = split(event)?;
    let signature = signature.map(Cow::Borrowed);
    let line = Line { hash: event_hash(event), signature, statement: statement.into(), v: VERSION };
    Ok(json_line(&line))
}

/// Reads lines one after the other, never more than one of them into memory.
pub fn lines<R: BufRead>(input: R) -> Lines<R> {
    Lines { input, line: 0, text: Vec::new() }
}

/// The lines of an export, each with its number; see [`lines`].
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<(u64, ExportedEvent), LineFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line += 1;
        let line = self.line;
        let read = self.next_text().and_then(|there| there.then(|| read(&self.text)).transpose());
        read.map_err(|what| LineFault { line, what }).transpose().map(|read| read.map(|event| (line, event)))
    }
}

impl<R: BufRead> Lines<R> {
    /// Reads one more line without its end; false, if there is none.
    fn next_text(&mut self) -> Result<bool, LineFaultKind> {
        self.text.clear();
        let limit = MAX_LINE as u64 + 1;
        let len = (&mut self.input).take(limit).read_until(b'\n', &mut self.text)?;
        if self.text.pop_if(|end| *end == b'\n').is_none() && len > MAX_LINE {
            return Err(LineFaultKind::TooLong);
        }
        Ok(len > 0)
    }
}

/// Reads one line, without its line feed.
fn read(text: &[u8]) -> Result<ExportedEvent, LineFaultKind> {
    let text = std::str::from_utf8(text).map_err(|error| LineFaultKind::NotUtf8(error.valid_up_to()))?;
    if text.trim().is_empty() {
        return Err(LineFaultKind::Empty);
    }
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| not_line(&error))?;
    if line.v != VERSION {
        return Err(LineFaultKind::Version(line.v));
    }
    if line.statement.contains('\n') {
        return Err(LineFaultKind::LineFeed);
    }
    let signature = line.signature.unwrap_or_default();
    Ok(ExportedEvent { hash: line.hash, bytes: format!("{}\n{signature}", line.statement).into_bytes() })
}

/// serde says where in the text, which is one line of many.
fn not_line(error: &serde_json::Error) -> LineFaultKind {
    let what = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = what.strip_suffix(&place).unwrap_or(&what);
    let what = if error.is_eof() { "the line is cut off" } else { what };
    LineFaultKind::NotLine { column: error.column(), what: what.to_owned() }
}

/// The JSON Schema of a line.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://servanda.example/schema/exported-event/v1",
        "title": "servanda exported event",
        "description": "One event of an export, a line of NDJSON.",
        "type": "object",
        "properties": {
            "hash": {
                "description": "The event's hash: BLAKE3 of the statement, a line feed and the signature.",
                "type": "string",
                "pattern": "^[0-9a-f]{64}$",
            },
            "signature": {
                "description": "The armored OpenSSH signature with its line feeds, where a batch ends.",
                "type": "string",
            },
            "statement": {
                "description": "The line of canonical JSON that was hashed and signed, without its line feed.",
                "type": "string",
            },
            "v": { "description": "The version of this form.", "const": VERSION },
        },
        "required": ["hash", "statement", "v"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "4450cc50e614373f62a7a5c75b09fd09f78b00bdbcda6da1615802daab802c94";

    fn read_all(text: &[u8]) -> Vec<Result<(u64, ExportedEvent), String>> {
        lines(text).map(|read| read.map_err(|fault| fault.to_string())).take(9).collect()
    }

    /// The first line is refused, for that reason.
    fn check(text: &str, reason: &str) {
        let first = read_all(text.as_bytes()).into_iter().next().expect("there is a line");
        let fault = first.expect_err(text);
        assert!(fault.contains(reason), "{text}: {fault}");
    }

    #[test]
    fn a_line_is_written_as_it_is_drawn() {
        let line = line(b"{\"v\":1}\n").expect("it is text");
        assert_eq!(line, format!("{{\"hash\":\"{HASH}\",\"statement\":\"{{\\\"v\\\":1}}\",\"v\":1}}\n"));
    }

    #[test]
    fn an_event_comes_back_byte_for_byte() {
        let events = [
            "{\"v\":1}\n",
            "{}\nARMOR\nARMOR\n",
            "\"\\\"\u{202e}\u{200d}é\u{10ffff}\"\n",
            "\n",
            "\u{1}\u{7f}\u{9b}\n\u{1b}[31m\n",
        ];
        let text: String = events.iter().map(|event| line(event.as_bytes()).expect("it is text")).collect();
        let read: Vec<_> = lines(text.as_bytes()).map(|line| line.expect("it was written so")).collect();
        let expected = events.map(|event| ExportedEvent { hash: event_hash(event.as_bytes()), bytes: event.into() });
        assert_eq!(read, (1..).zip(expected).collect::<Vec<_>>());
        assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{9b}']), "{text:?}");
    }

    #[test]
    fn a_line_may_be_written_by_others_and_its_end_may_be_missing() {
        let text =
            format!(" {{ \"v\" : 1, \"statement\": \"\\u007b}}\", \"signature\": null, \"hash\": \"{HASH}\" }}\r");
        let read = read_all(text.as_bytes());
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].as_ref().map(|(_, event)| event.bytes.as_slice()), Ok(&b"{}\n"[..]));
    }

    #[test]
    fn what_is_no_line_is_refused_with_its_place() {
        check("{\"hash\":\"", "line 1: not an exported event, at column 9: the line is cut off");
        check("[]", "column");
        check("\n", "the line is empty");
        check(&format!("{{\"hash\":\"{HASH}\",\"statement\":\"\"}}"), "missing field `v`");
        check(&format!("{{\"hash\":\"{HASH}\",\"statement\":\"\",\"v\":2}}"), "`v` is 2");
        check(&format!("{{\"hash\":\"{HASH}\",\"statement\":\"\",\"v\":1,\"w\":1}}"), "unknown field `w`");
        check(&format!("{{\"hash\":\"{HASH}\",\"hash\":\"{HASH}\",\"statement\":\"\",\"v\":1}}"), "duplicate field");
        check(&format!("{{\"hash\":\"{}\",\"statement\":\"\",\"v\":1}}", HASH.to_uppercase()), "lower-case hex digit");
        check(&format!("{{\"hash\":\"{HASH}\",\"statement\":\"a\\nb\",\"v\":1}}"), "line feed");
        check(&format!("{{\"hash\":\"{HASH}\",\"statement\":{{}},\"v\":1}}"), "expected a string");
        assert_eq!(read_all(b"\xff\n"), [Err("line 1: not UTF-8 from byte 0 on".to_owned())]);
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_is_in_memory() {
        let mut endless = lines(io::BufReader::new(io::repeat(b'x')));
        let fault = endless.next().expect("a line").expect_err("it is too long");
        assert!(matches!(fault, LineFault { line: 1, what: LineFaultKind::TooLong }), "{fault}");
        assert!(endless.text.capacity() < 3 * MAX_LINE);
    }
}
