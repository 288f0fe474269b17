//! Canonical JSON: the one way to write a statement, so that its bytes can be hashed, signed and compared. Frozen.
//!
//! A subset of RFC 8785 (the bytes of events, version 1):
//!
//! * the top level is an object; at most 32 objects and arrays lie within each other, itself counted; no white space
//! * keys are `[a-z0-9_]+` and ascend strictly by byte, which also makes them unique
//! * numbers are integers from 0 to 2^53−1, without sign, fraction, exponent or leading zero
//! * text has no U+0000–001F and U+007F–009F; `"` and `\` are escaped by `\`, and nothing else is
//! * there is no null, and nothing is empty, except that the top level's `evidence` may be `[]`
//!
//! [`check_canonical`] is the only judge: what [`to_canonical`] writes must pass it too.

use serde_json::Value;

const MAX_DEPTH: usize = 32;
const MAX_INTEGER: u64 = (1 << 53) - 1;

const TOO_DEEP: &str = "more than 32 objects and arrays within each other";
const VALUE: &str = "expected a value";
const EMPTY: &str = "empty text, arrays and objects are left out";

/// Bytes within text that end it, or need a second look: all others are skipped by this table alone.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        special[control] = true;
        control += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special[0x7f] = true;
    special[0xc2] = true;
    special
};

/// Where a line leaves the canonical form, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical at byte {at}: {what}")]
pub struct NotCanonical {
    /// Byte of the line, from 0.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// Writes an object in its canonical form, without a line end.
///
/// # Errors
///
/// [`NotCanonical`] if it holds anything that the form has no place for; `at` is a byte of the line that it would be.
pub fn to_canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut line = String::new();
    writer::write(value, &mut line).map_err(|_| NotCanonical { at: 0, what: "a key that is no plain text" })?;
    check_canonical(&line)?;
    Ok(line)
}

/// Checks that a line, without its line end, is in canonical form.
///
/// One pass over the bytes: parsing and encoding again would cost several times as much, and parsers
/// forgive duplicate keys and outer white space.
///
/// # Errors
///
/// [`NotCanonical`] with the first byte that is not.
pub fn check_canonical(line: &str) -> Result<(), NotCanonical> {
    members(line).map(drop)
}

/// The most members that an object is given room for; a statement has fewer.
const MEMBERS: usize = 20;

/// Checks a line as [`check_canonical`] does, and gives the members of its object: each key, and its value as it stands.
///
/// # Errors
///
/// [`NotCanonical`] with the first byte that is not.
pub fn members(line: &str) -> Result<Vec<(&str, &str)>, NotCanonical> {
    let mut scanner = Scanner { line, bytes: line.as_bytes(), at: 0, members: Vec::with_capacity(MEMBERS) };
    if scanner.peek() != Some(b'{') {
        return scanner.refuse("expected an object");
    }
    scanner.object(1)?;
    if scanner.at == line.len() { Ok(scanner.members) } else { scanner.refuse("bytes after the object") }
}

fn write_text(text: &str, line: &mut String) {
    let mut written = 0;
    line.push('"');
    for (at, _) in text.match_indices(['"', '\\']) {
        line.push_str(&text[written..at]);
        line.push('\\');
        written = at;
    }
    line.push_str(&text[written..]);
    line.push('"');
}

/// Reads a line once, from the left; `at` never goes back.
struct Scanner<'a> {
    line: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Keys and values of the top level.
    members: Vec<(&'a str, &'a str)>,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'0'..=b'9') => self.integer(),
            Some(b't') => self.expect(b"true", VALUE),
            Some(b'f') => self.expect(b"false", VALUE),
            Some(b'n') => self.refuse("null, which is left out"),
            Some(b'-') => self.refuse("a negative number"),
            _ => self.refuse(VALUE),
        }
    }

    /// An object at `depth`, which is 1 for the top level.
    fn object(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.open(depth, b'}')?;
        let mut previous = "";
        loop {
            let start = self.at;
            let key = self.key()?;
            if key <= previous {
                return Err(NotCanonical { at: start, what: "keys must ascend by byte, each once" });
            }
            previous = key;
            self.expect_byte(b':', "expected a colon")?;
            let start = self.at;
            if !(depth == 1 && key == "evidence" && self.skip(b"[]")) {
                self.value(depth)?;
            }
            if depth == 1 {
                self.members.push((key, &self.line[start..self.at]));
            }
            if self.skip_byte(b'}') {
                return Ok(());
            }
            self.expect_byte(b',', "expected a comma or the end of the object")?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.open(depth, b']')?;
        loop {
            self.value(depth)?;
            if self.skip_byte(b']') {
                return Ok(());
            }
            self.expect_byte(b',', "expected a comma or the end of the array")?;
        }
    }

    /// Steps over the bracket that opens an object or array, which may not close at once.
    fn open(&mut self, depth: usize, close: u8) -> Result<(), NotCanonical> {
        if depth > MAX_DEPTH {
            return self.refuse(TOO_DEEP);
        }
        self.at += 1;
        if self.peek() == Some(close) { self.refuse(EMPTY) } else { Ok(()) }
    }

    fn key(&mut self) -> Result<&'a str, NotCanonical> {
        self.expect_byte(b'"', "expected a key")?;
        let start = self.at;
        while matches!(self.peek(), Some(b'a'..=b'z' | b'0'..=b'9' | b'_')) {
            self.at += 1;
        }
        let key = &self.line[start..self.at];
        if key.is_empty() {
            return self.refuse("a key has at least one of a–z, 0–9 and _");
        }
        self.expect_byte(b'"', "a key has only a–z, 0–9 and _")?;
        Ok(key)
    }

    fn text(&mut self) -> Result<(), NotCanonical> {
        self.at += 1;
        if self.peek() == Some(b'"') {
            return self.refuse(EMPTY);
        }
        loop {
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|byte| SPECIAL[usize::from(*byte)]).unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                // U+0080–009F are these two bytes; all else that begins with 0xC2 is text.
                Some(0xc2) if self.bytes.get(self.at + 1) >= Some(&0xa0) => self.at += 2,
                Some(_) => return self.refuse("a control character"),
                None => return self.refuse("the text does not end"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), NotCanonical> {
        if !matches!(self.bytes.get(self.at + 1), Some(b'"' | b'\\')) {
            return self.refuse("only \" and \\ are escaped");
        }
        self.at += 2;
        Ok(())
    }

    fn integer(&mut self) -> Result<(), NotCanonical> {
        let start = self.at;
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if value == 0 && self.at > start {
                return Err(NotCanonical { at: start, what: "a leading zero" });
            }
            value = value * 10 + u64::from(digit - b'0');
            if value > MAX_INTEGER {
                return Err(NotCanonical { at: start, what: "an integer above 2^53-1" });
            }
            self.at += 1;
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) { self.refuse("a fraction or exponent") } else { Ok(()) }
    }

    fn expect(&mut self, bytes: &[u8], what: &'static str) -> Result<(), NotCanonical> {
        if self.skip(bytes) { Ok(()) } else { self.refuse(what) }
    }

    fn skip(&mut self, bytes: &[u8]) -> bool {
        let there = self.bytes[self.at..].starts_with(bytes);
        if there {
            self.at += bytes.len();
        }
        there
    }

    fn expect_byte(&mut self, byte: u8, what: &'static str) -> Result<(), NotCanonical> {
        if self.skip_byte(byte) { Ok(()) } else { self.refuse(what) }
    }

    fn skip_byte(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn refuse<T>(&self, what: &'static str) -> Result<T, NotCanonical> {
        Err(NotCanonical { at: self.at, what })
    }
}

pub(in crate::event) mod writer;

#[cfg(test)]
mod tests;
