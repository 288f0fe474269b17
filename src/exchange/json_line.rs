//! JSON that drives no terminal: one document a line, in which no character is hidden.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::text::is_safe;

/// The bytes that are written at a time.
const PIECE_BYTES: usize = 64 << 10;

/// One JSON document in a line, with its line feed. What could drive a terminal is escaped, which JSON reads as the
/// same text.
pub fn json_line(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    write_json_line(value, &mut bytes).expect("answers have text keys and no floats, and memory takes everything");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// The same, written piece by piece: a long document is never in memory as text.
///
/// # Errors
///
/// What the writer says.
pub fn write_json_line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(PIECE_BYTES, out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Visible);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Compact JSON in which no character is hidden.
struct Visible;

impl serde_json::ser::Formatter for Visible {
    // Outside of strings there is nothing to escape.
    fn write_raw_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        self.write_string_fragment(writer, fragment)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if is_safe(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut buffer = [0; 4];
        for c in fragment.chars() {
            let text: &str = c.encode_utf8(&mut buffer);
            if is_safe(text) {
                writer.write_all(text.as_bytes())?;
            } else {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
