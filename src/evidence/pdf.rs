//! The text of a PDF, in which quotes are looked for.
//!
//! In scope: text that pages show with fonts whose characters are known, in the order of the content, which is mostly that of
//! reading. A move to another line is a line break, a move along the line a space, but between two characters of Chinese or
//! Japanese. Encrypted files are read if no password is needed for it. Out of scope: pictures of text, forms and annotations, text
//! inside form objects, and columns that are written across.
//!
//! Whoever made the file may mean harm. So it is read in a thread of its own: a panic of the crate ends that thread and
//! becomes an error, which takes that the program unwinds, as it is built to; the stack is large enough for the nesting
//! that the crate allows. What bounds the rest:
//!
//! | what | bound |
//! |---|---|
//! | the file | [`MAX_PDF_BYTES`] |
//! | one stream of objects, unpacked; one font's table | [`MAX_STREAM_BYTES`] |
//! | all objects together, roughly, in memory | [`MAX_OBJECT_BYTES`] |
//! | the content of a page, unpacked | [`MAX_PAGE_BYTES`] |
//! | the content of all pages, and the text | [`MAX_CONTENT_BYTES`], [`MAX_DOCUMENT_BYTES`] |
//! | time | [`MAX_SECONDS`]: then the thread is left behind, and ends by the other bounds or with the process |
//!
//! Short things in arrays take many times their bytes in memory: measured, the worst files of that size come to 1.1 GB for
//! a moment, and are then refused, while an ordinary one needs little more than itself.

mod key;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use lopdf::content::{Content, Operation};
use lopdf::{Document, Encoding, LoadOptions, Object, ObjectId};

use crate::evidence::extract::{MAX_DOCUMENT_BYTES, PDF_THREAD};
use crate::evidence::fold;

/// The largest file that is read, in bytes.
const MAX_PDF_BYTES: usize = 8 << 20;
/// The largest stream that is unpacked to read objects or a font's table from it, in bytes.
const MAX_STREAM_BYTES: usize = 2 << 20;
/// The most that all objects come to, in bytes, counted roughly.
const MAX_OBJECT_BYTES: usize = 256 << 20;
/// The largest content of a page, in bytes.
const MAX_PAGE_BYTES: usize = 4 << 20;
/// The most that the contents of all pages come to, in bytes.
const MAX_CONTENT_BYTES: usize = 64 << 20;
/// How long it may take.
const MAX_SECONDS: u64 = 20;
/// The stack of the thread, in bytes.
const STACK_BYTES: usize = 32 << 20;
/// How far text moves back, in thousandths of its size, for there to be a space between two words.
const WORD_GAP: f32 = -180.0;

/// In a line, that text moved on.
const MOVE: char = '\0';

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub(super) enum PdfError {
    #[error("it has {0} bytes, and at most {MAX_PDF_BYTES} are read")]
    TooLarge(usize),
    #[error("it is encrypted, and needs a password to be read")]
    Encrypted,
    #[error("it unpacks to more than is read")]
    TooMuch,
    #[error("it takes longer than {MAX_SECONDS} seconds")]
    TooLong,
    #[error("it is damaged in a way that nobody expected")]
    Panicked,
    #[error("{0}")]
    Damaged(lopdf::Error),
    #[error("no thread could be started for it: {0}")]
    Thread(std::io::Error),
}

impl From<lopdf::Error> for PdfError {
    fn from(error: lopdf::Error) -> Self {
        match error {
            lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. }) => Self::TooMuch,
            other => Self::Damaged(other),
        }
    }
}

thread_local! {
    /// What objects may still come to, while a file is read on this thread. The crate takes a function for the objects
    /// that it has read, and no more than a function.
    static ROOM: Cell<usize> = const { Cell::new(0) };
}

/// The text of a PDF: lines without blanks around them, none of them empty, each with its line break.
pub(super) fn text_of(bytes: &[u8]) -> Result<String, PdfError> {
    if bytes.len() > MAX_PDF_BYTES {
        return Err(PdfError::TooLarge(bytes.len()));
    }
    let (done, text) = channel();
    let mut bytes = bytes.to_vec();
    let read = move || drop(done.send(read(&mut bytes)));
    let builder = thread::Builder::new().name(PDF_THREAD.to_owned()).stack_size(STACK_BYTES);
    builder.spawn(read).map_err(PdfError::Thread)?;
    match text.recv_timeout(Duration::from_secs(MAX_SECONDS)) {
        Ok(text) => text,
        Err(RecvTimeoutError::Timeout) => Err(PdfError::TooLong),
        Err(RecvTimeoutError::Disconnected) => Err(PdfError::Panicked),
    }
}

fn read(bytes: &mut [u8]) -> Result<String, PdfError> {
    key::make_ready(bytes)?;
    ROOM.set(MAX_OBJECT_BYTES);
    let options =
        LoadOptions { filter: Some(admit), max_decompressed_size: Some(MAX_STREAM_BYTES), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(bytes, options)?;
    if ROOM.get() == 0 {
        return Err(PdfError::TooMuch);
    }
    let mut page = Lines::default();
    let mut room = MAX_CONTENT_BYTES;
    for (_, id) in document.get_pages() {
        let content = document.get_page_content_with_limit(id, room.min(MAX_PAGE_BYTES))?;
        room -= content.len();
        let content = Content::decode(&content)?;
        let fonts = fonts(&document, id)?;
        page.read(&content.operations, &fonts)?;
        page.end_line();
    }
    Ok(page.into_text())
}

/// Decrypts what is encrypted; passes over pictures, which have no text and are most of many files, and over everything once
/// there is no room.
fn admit(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let is_picture = object
        .as_stream()
        .is_ok_and(|stream| stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image"));
    if is_picture {
        return None;
    }
    key::decrypt(id, object);
    let left = ROOM.get().saturating_sub(weight(object));
    ROOM.set(left);
    // Of a packed object the crate takes what is given back, of another the object itself.
    (left > 0).then(|| (id, object.clone()))
}

/// About how many bytes of memory an object takes. Objects are nested no deeper than the crate lets them.
fn weight(object: &Object) -> usize {
    const EACH: usize = size_of::<Object>();
    let inside = match object {
        Object::Array(items) => items.iter().map(weight).sum(),
        Object::Dictionary(entries) => entries.iter().map(|(key, value)| EACH + key.len() + weight(value)).sum(),
        Object::Stream(stream) => {
            let entries: usize = stream.dict.iter().map(|(key, value)| EACH + key.len() + weight(value)).sum();
            entries + stream.content.len()
        }
        Object::Name(bytes) | Object::String(bytes, _) => bytes.len(),
        Object::Null | Object::Boolean(_) | Object::Integer(_) | Object::Real(_) | Object::Reference(_) => 0,
    };
    EACH + inside
}

/// The fonts of a page by their names there; one that cannot be read shows nothing that we know.
fn fonts(document: &Document, page: ObjectId) -> Result<BTreeMap<Vec<u8>, Encoding<'_>>, PdfError> {
    let fonts = document.get_page_fonts(page)?.into_iter();
    let known = fonts
        .filter_map(|(name, font)| Some((name, font.get_font_encoding_with_limit(document, MAX_STREAM_BYTES).ok()?)));
    Ok(known.collect())
}

/// Text, line by line.
#[derive(Default)]
struct Lines {
    text: String,
    line: String,
    /// Where the line is on the page.
    height: Option<f32>,
}

impl Lines {
    /// # Source
    ///
    /// ISO 32000-2, section 9.4: text objects, positioning and showing.
    fn read(&mut self, operations: &[Operation], fonts: &BTreeMap<Vec<u8>, Encoding<'_>>) -> Result<(), PdfError> {
        let mut font = None;
        for Operation { operator, operands } in operations {
            match operator.as_str() {
                "Tf" => font = operands.first().and_then(|name| fonts.get(name.as_name().ok()?)),
                "Td" | "TD" => match operands.get(1).and_then(number) {
                    Some(0.0) => self.space(),
                    _ => self.end_line(),
                },
                "Tm" => {
                    let height = operands.get(5).and_then(number);
                    if height == self.height {
                        self.space();
                    } else {
                        self.end_line();
                    }
                    self.height = height;
                }
                "T*" | "BT" | "ET" => self.end_line(),
                "Tj" | "TJ" => self.show(operands, font)?,
                "'" => {
                    self.end_line();
                    self.show(operands, font)?;
                }
                "\"" => {
                    self.end_line();
                    self.show(operands.get(2..).unwrap_or_default(), font)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn show(&mut self, operands: &[Object], font: Option<&Encoding<'_>>) -> Result<(), PdfError> {
        let Some(font) = font else { return Ok(()) };
        for operand in operands {
            match operand {
                Object::String(bytes, _) => {
                    // What a font does not know is left out, and the rest of the line is kept.
                    let _ = font.write_to_string(bytes, &mut self.line);
                }
                Object::Array(items) => self.show(items, Some(font))?,
                other if number(other).is_some_and(|moved| moved < WORD_GAP) => self.space(),
                _ => {}
            }
        }
        if self.text.len() + self.line.len() > MAX_DOCUMENT_BYTES {
            return Err(PdfError::TooMuch);
        }
        Ok(())
    }

    fn space(&mut self) {
        self.line.push(MOVE);
    }

    fn end_line(&mut self) {
        let line = spaced(&self.line);
        if !line.is_empty() {
            self.text += &line;
            self.text.push('\n');
        }
        self.line.clear();
    }

    fn into_text(mut self) -> String {
        self.end_line();
        if self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
    }
}

/// A line with single spaces between its words. Where text only moved on between two characters of Chinese or Japanese, which are
/// set one by one, there is none.
fn spaced(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut gap = None;
    for c in line.chars() {
        if c == MOVE {
            gap = gap.or(Some(MOVE));
        } else if c.is_whitespace() || c.is_control() {
            gap = Some(' ');
        } else {
            let is_between = out.ends_with(fold::is_spaceless) && fold::is_spaceless(c);
            let is_space = gap.is_some_and(|gap| gap != MOVE || !is_between);
            if is_space && !out.is_empty() {
                out.push(' ');
            }
            gap = None;
            out.push(c);
        }
    }
    out
}

fn number(object: &Object) -> Option<f32> {
    object.as_float().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_a_space_but_between_characters_of_chinese_or_japanese() {
        for (line, expected) in [
            ("\0joined\0\0the pact\0", "joined the pact"),
            ("国\0际\0月球", "国际月球"),
            ("国\0 际", "国 际"),
            ("달\0과학", "달 과학"),
            ("加入\0ILRS", "加入 ILRS"),
        ] {
            assert_eq!(spaced(line), expected, "{line:?}");
        }
    }
}
