//! How the bytes of a document say characters: as the document declares it, or as whoever brings it says; never guessed.
//!
//! In this order: a byte order mark (UTF-8, UTF-16), what whoever brings it says, what a page declares of itself (the prologue
//! of XML, `meta`), UTF-8. Decoding is strict: what the encoding does not have is refused with its place.
//!
//! # Source
//!
//! WHATWG Encoding, for names and decoders; WHATWG HTML, section 13.2.3.2, for where a page declares its own.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use crate::evidence::extract::MediaType;

/// The bytes of a page that a declaration is looked for in; browsers look through fewer at first.
const HEAD_BYTES: usize = 64 << 10;

/// A way to say characters in bytes, as browsers read it: `iso-8859-1` is windows-1252, `gb2312` is GBK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// What says how a document's bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Its first bytes.
    Mark,
    /// Whoever brings it.
    Bringer,
    /// The page itself.
    Page,
    /// Nothing that is understood.
    Nothing,
}

/// How a document's bytes are to be read, and from which byte on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) encoding: Encoding,
    pub(super) says: Says,
    /// The bytes of a mark before the text.
    pub(super) skip: usize,
    /// A name that the page declares, and nobody knows.
    pub(super) unknown: Option<String>,
}

impl Encoding {
    /// UTF-8.
    pub const UTF_8: Self = Self(UTF_8);

    /// The encoding of that name, by any of its names, whatever their case.
    pub fn named(name: &str) -> Option<Self> {
        encoding_rs::Encoding::for_label_no_replacement(name.as_bytes()).map(Self)
    }

    pub(super) const fn of(encoding: &'static encoding_rs::Encoding) -> Self {
        Self(encoding)
    }

    /// The text of `bytes`, all of which have to be of this encoding.
    ///
    /// # Errors
    ///
    /// The place of the first byte that is not.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
        if self == Self::UTF_8 {
            return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| error.valid_up_to());
        }
        let text = self.0.decode_without_bom_handling_and_without_replacement(bytes);
        text.ok_or_else(|| self.first_malformed(bytes))
    }

    fn first_malformed(self, bytes: &[u8]) -> usize {
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let (mut read, mut piece) = (0, [0; 4096]);
        loop {
            let (result, more, _) = decoder.decode_to_utf8_without_replacement(&bytes[read..], &mut piece, true);
            read += more;
            match result {
                DecoderResult::Malformed(bad, behind) => {
                    return read.saturating_sub(usize::from(bad) + usize::from(behind));
                }
                DecoderResult::InputEmpty => return read,
                DecoderResult::OutputFull => {}
            }
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.name().to_ascii_lowercase())
    }
}

/// How the bytes of a document are to be read.
pub(super) fn told(media: MediaType, bytes: &[u8], brought: Option<Encoding>) -> Told {
    let plain = Told { encoding: Encoding::UTF_8, says: Says::Nothing, skip: 0, unknown: None };
    if let Some((encoding, skip)) = encoding_rs::Encoding::for_bom(bytes) {
        return Told { encoding: Encoding(encoding), says: Says::Mark, skip, ..plain };
    }
    if let Some(encoding) = brought {
        return Told { encoding, says: Says::Bringer, ..plain };
    }
    if media != MediaType::Html {
        return plain;
    }
    for (prologue, encoding) in [(&b"\0<\0?\0x"[..], UTF_16BE), (b"<\0?\0x\0", UTF_16LE)] {
        if bytes.starts_with(prologue) {
            return Told { encoding: Encoding(encoding), says: Says::Page, ..plain };
        }
    }
    match declared(&bytes[..bytes.len().min(HEAD_BYTES)]) {
        Some(label) => match of_page(&label) {
            Some(encoding) => Told { encoding, says: Says::Page, ..plain },
            None => Told { unknown: Some(label), ..plain },
        },
        None => plain,
    }
}

/// What a page means by a name: what says UTF-16 in plain letters cannot be it.
fn of_page(label: &str) -> Option<Encoding> {
    let Encoding(named) = Encoding::named(label)?;
    Some(Encoding(match named {
        utf16 if utf16 == UTF_16LE || utf16 == UTF_16BE => UTF_8,
        user_defined if user_defined == X_USER_DEFINED => WINDOWS_1252,
        other => other,
    }))
}

/// The name that a page declares.
fn declared(head: &[u8]) -> Option<String> {
    if let Some(name) = in_prologue(head) {
        return Some(name);
    }
    let mut meta = Meta::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| meta.read(&event));
    emitter.naively_switch_states(true);
    let first = Tokenizer::new_with_emitter(head, emitter).next();
    first.and_then(Result::ok)
}

/// The name in the prologue of XML.
fn in_prologue(head: &[u8]) -> Option<String> {
    let inside = head.strip_prefix(b"<?xml")?;
    let end = memchr::memmem::find(inside, b"?>").or_else(|| memchr::memchr(b'>', inside))?;
    let prologue = String::from_utf8_lossy(&inside[..end]);
    let behind = prologue.split_once("encoding")?.1.trim_start().strip_prefix('=')?;
    value(behind).map(str::to_owned)
}

/// The element that is being read, as far as it may declare an encoding.
#[derive(Default)]
struct Meta {
    is_open: bool,
    attribute: Vec<u8>,
    charset: Option<String>,
    content: Option<String>,
    is_content_type: bool,
}

impl Meta {
    /// The name that it declares, once that has been read.
    fn read(&mut self, event: &CallbackEvent<'_>) -> Option<String> {
        match event {
            CallbackEvent::OpenStartTag { name } => *self = Self { is_open: *name == b"meta", ..Self::default() },
            CallbackEvent::AttributeName { name } if self.is_open => self.attribute = name.to_vec(),
            CallbackEvent::AttributeValue { value } if self.is_open => self.attribute_is(value),
            CallbackEvent::CloseStartTag { .. } if self.is_open => {
                self.is_open = false;
                return self.declared();
            }
            _ => {}
        }
        None
    }

    fn attribute_is(&mut self, value: &[u8]) {
        let text = || Some(String::from_utf8_lossy(value).trim().to_owned());
        match &self.attribute[..] {
            b"charset" if self.charset.is_none() => self.charset = text(),
            b"content" if self.content.is_none() => self.content = text(),
            b"http-equiv" => self.is_content_type |= value.eq_ignore_ascii_case(b"content-type"),
            _ => {}
        }
    }

    fn declared(&mut self) -> Option<String> {
        let content = self.content.take().filter(|_| self.is_content_type);
        self.charset.take().or_else(|| in_content(&content?)).filter(|name| !name.is_empty())
    }
}

/// The name in `text/html; charset=windows-1251`.
fn in_content(content: &str) -> Option<String> {
    let lower = content.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some((_, behind)) = rest.split_once("charset") {
        if let Some(behind) = behind.trim_start().strip_prefix('=') {
            return value(behind).map(str::to_owned);
        }
        rest = behind;
    }
    None
}

/// A value behind its sign, with or without quotation marks.
fn value(behind: &str) -> Option<&str> {
    let behind = behind.trim_start();
    match behind.chars().next()? {
        quote @ ('"' | '\'') => behind[1..].split_once(quote).map(|(value, _)| value.trim()),
        _ => behind.split(|c: char| c.is_ascii_whitespace() || c == ';').next(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(page: &str, name: Option<&str>) {
        assert_eq!(declared(page.as_bytes()).as_deref(), name, "{page}");
    }

    #[test]
    fn a_page_declares_its_encoding_in_meta_or_in_its_prologue() {
        check("<!doctype html><meta charset=big5>", Some("big5"));
        check("<html><head><META CharSet = 'EUC-KR' /></head>", Some("EUC-KR"));
        check("<meta http-equiv=Content-Type content='text/html; Charset = \"gb2312\"'>", Some("gb2312"));
        check("<meta content=\"text/html;charset=koi8-r\" http-equiv=content-type>", Some("koi8-r"));
        check("<?xml version='1.0' encoding='ISO-8859-1'?><html>", Some("ISO-8859-1"));
        check("<meta name=a content='charset=big5'><meta charset=utf-8>", Some("utf-8"));
        check("<!-- <meta charset=big5> --><script>'<meta charset=big5>'</script><meta charset=utf-8>", Some("utf-8"));
        check("<p>charset=big5", None);
        check("<meta charset=", None);
    }

    #[test]
    fn a_declaration_is_read_as_browsers_read_it() {
        for (label, name) in
            [("latin1", "windows-1252"), ("GB2312", "gbk"), ("utf-16", "utf-8"), ("x-sjis", "shift_jis")]
        {
            assert_eq!(of_page(label).map(|encoding| encoding.to_string()).as_deref(), Some(name), "{label}");
        }
        assert_eq!(of_page("iso-2022-kr"), None);
        assert_eq!(of_page("klingon"), None);
    }

    #[test]
    fn a_mark_comes_before_what_is_said_and_that_before_what_the_page_says() {
        let koi8 = Encoding::named("koi8-r");
        let says = |bytes: &[u8], brought| told(MediaType::Html, bytes, brought).says;
        assert_eq!(says(b"\xFF\xFE<\0", koi8), Says::Mark);
        assert_eq!(says(b"<meta charset=big5>", koi8), Says::Bringer);
        assert_eq!(says(b"<meta charset=big5>", None), Says::Page);
        assert_eq!(told(MediaType::Text, b"<meta charset=big5>", None).says, Says::Nothing);
        assert_eq!(told(MediaType::Html, b"<meta charset=klingon>", None).unknown.as_deref(), Some("klingon"));
    }

    #[test]
    fn what_an_encoding_does_not_have_is_told_with_its_place() {
        for (name, bytes, at) in [
            ("utf-8", &b"ab\xFF"[..], 2),
            ("gb18030", b"a\xD6\xD0\xFF\xFFb", 3),
            ("shift_jis", b"\x93\xFA\x81", 2),
            ("utf-16le", b"a\0b", 2),
            ("utf-16be", b"\0a\xD8\0\0b", 2),
            ("windows-1253", b"abc\xD2", 3),
        ] {
            let encoding = Encoding::named(name).expect("a browser's encoding");
            assert_eq!(encoding.decode(bytes), Err(at), "{name}");
        }
        let late = [&[b'a'; 10_000][..], b"\xFF"].concat();
        assert_eq!(Encoding::named("euc-jp").expect("a browser's encoding").decode(&late), Err(10_000));
    }

    proptest! {
        #[test]
        fn no_head_is_too_strange(head in any::<Vec<u8>>(), text in "(<meta|<\\?xml| charset=|content=|http-equiv=content-type|[<>'\" =;a-z-]){0,12}") {
            let _ = (declared(&head), declared(text.as_bytes()));
            for name in ["gb18030", "big5", "euc-kr", "iso-2022-jp", "utf-16be", "windows-1251"] {
                let encoding = Encoding::named(name).expect("a browser's encoding");
                if let Err(at) = encoding.decode(&head) {
                    prop_assert!(at <= head.len());
                }
            }
        }
    }
}
