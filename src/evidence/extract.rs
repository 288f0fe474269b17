//! The text of a document, in which quotes are looked for.
//!
//! Plain text and Markdown are their own text. HTML and PDF are read once, at admission, and their text is kept beside them: nothing
//! that was recorded rests on extracting the same way again. In scope: what a reader of the page sees, in the order of the source.
//! Out of scope: style sheets and scripts, so what they hide is taken for text, and what they write is missing.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

/// The largest document that is kept, in bytes: 16 MiB.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// The name of the thread in which a PDF is read: a panic there is caught and becomes an error, so that whoever prints panics
/// can pass over it.
pub const PDF_THREAD: &str = "servanda-pdf";

/// A kind of document whose text we can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `.txt`
    Text,
    /// `.md`
    Markdown,
    /// `.html`, `.htm`
    Html,
    /// `.pdf`
    Pdf,
}

/// Why a document has no text for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The name's ending is none that we know; the name is given.
    #[error("{0:?} is of no kind that can be read; keep the document as .txt, .md, .html, .htm or .pdf")]
    UnknownMedia(String),
    /// The document has more than [`MAX_DOCUMENT_BYTES`]; its size in bytes is given.
    #[error("the document has {0} bytes; at most {MAX_DOCUMENT_BYTES} can be kept")]
    TooLarge(usize),
    /// The byte at this offset cannot stand there in UTF-8.
    #[error("the document is not UTF-8 (first at byte {0}); convert it, and keep what you converted")]
    NotUtf8(usize),
    /// This program was built without the feature `pdf`.
    #[error("this program was built without the means to read PDF")]
    WithoutPdf,
    /// Its text cannot be taken out of it; why is given.
    #[error("the text of this PDF cannot be read: {0}")]
    Pdf(String),
}

/// The text of a document: the bytes that positions of quotes count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentText<'a> {
    /// The document itself, a byte order mark included, which no comparison sees.
    Own(&'a str),
    /// What was extracted from it; ends with one line break.
    Extracted(String),
}

impl ExtractError {
    /// What to do about it, where that is more than the kinds of documents there are.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::WithoutPdf => {
                "build it with `--features pdf`; or save the PDF's text as .txt, and name that as the document"
            }
            Self::Pdf(_) => "save its text as .txt, and name that as the document",
            Self::UnknownMedia(_) | Self::TooLarge(_) | Self::NotUtf8(_) => return None,
        };
        Some(hint.to_owned())
    }
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Text, Self::Markdown, Self::Html, Self::Pdf];

    /// Whether a document of this kind is its own text.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Text | Self::Markdown)
    }

    /// The media type by a file name's ending, whatever its case.
    ///
    /// # Errors
    ///
    /// [`ExtractError::UnknownMedia`] for any other ending, or none.
    pub fn of_file(name: &str) -> Result<Self, ExtractError> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("txt") => Ok(Self::Text),
            Some("md") => Ok(Self::Markdown),
            Some("html" | "htm") => Ok(Self::Html),
            Some("pdf") => Ok(Self::Pdf),
            _ => Err(ExtractError::UnknownMedia(name.to_owned())),
        }
    }

    /// The media type by its recorded name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.name() == name)
    }

    /// The name that is recorded, as IANA lists it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
        }
    }
}

impl DocumentText<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Extracted(text) => text,
        }
    }
}

/// The text of the document `bytes`.
///
/// # Errors
///
/// [`ExtractError::TooLarge`]; [`ExtractError::NotUtf8`] of whatever is text, since no encoding is guessed;
/// [`ExtractError::Pdf`] and [`ExtractError::WithoutPdf`].
pub fn text_of(media: MediaType, bytes: &[u8]) -> Result<DocumentText<'_>, ExtractError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(ExtractError::TooLarge(bytes.len()));
    }
    if media == MediaType::Pdf {
        return text_of_pdf(bytes).map(DocumentText::Extracted);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ExtractError::NotUtf8(error.valid_up_to()))?;
    Ok(match media {
        MediaType::Html => DocumentText::Extracted(text_of_html(text)),
        MediaType::Text | MediaType::Markdown | MediaType::Pdf => DocumentText::Own(text),
    })
}

#[cfg(feature = "pdf")]
fn text_of_pdf(bytes: &[u8]) -> Result<String, ExtractError> {
    super::pdf::text_of(bytes).map_err(|error| ExtractError::Pdf(error.to_string()))
}

#[cfg(not(feature = "pdf"))]
fn text_of_pdf(_: &[u8]) -> Result<String, ExtractError> {
    Err(ExtractError::WithoutPdf)
}

/// # Source
///
/// WHATWG HTML, section 13.2.5 (tokenization, by html5gum) and, for what is a line of its own, 15.3 (the elements that are
/// blocks, list items or parts of tables unless styled otherwise).
fn text_of_html(html: &str) -> String {
    let mut page = Page::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
        page.read(&event);
        None::<Infallible>
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    page.into_text()
}

/// What is not text of the page, with all inside; `head` holds nothing else that could be seen but the title.
const DROPPED: &[&str] = &["iframe", "noembed", "noframes", "noscript", "script", "style", "template"];

/// What begins and ends a line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "option",
    "p",
    "plaintext",
    "pre",
    "search",
    "section",
    "select",
    "summary",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "xmp",
];

/// A page, as far as it has been read.
#[derive(Default)]
struct Page {
    lines: String,
    space_is_due: bool,
    /// The element that is being passed over, and how many of its name are open.
    dropped: Option<(&'static str, usize)>,
}

impl Page {
    fn read(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.open(name),
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } if self.dropped.is_none() => self.write(&String::from_utf8_lossy(value)),
            CallbackEvent::String { .. }
            | CallbackEvent::AttributeName { .. }
            | CallbackEvent::AttributeValue { .. }
            | CallbackEvent::CloseStartTag { .. }
            | CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
    }

    fn open(&mut self, name: &[u8]) {
        match &mut self.dropped {
            Some((dropped, open)) => *open += usize::from(dropped.as_bytes() == name),
            None => match DROPPED.iter().find(|dropped| dropped.as_bytes() == name) {
                Some(dropped) => self.dropped = Some((dropped, 1)),
                None => self.break_line_at(name),
            },
        }
    }

    fn close(&mut self, name: &[u8]) {
        match &mut self.dropped {
            Some((dropped, open)) if dropped.as_bytes() == name => {
                *open -= 1;
                if *open == 0 {
                    self.dropped = None;
                }
            }
            Some(_) => {}
            None => self.break_line_at(name),
        }
    }

    fn break_line_at(&mut self, name: &[u8]) {
        if BLOCKS.iter().any(|block| block.as_bytes() == name) {
            self.break_line();
        }
    }

    fn break_line(&mut self) {
        self.space_is_due = false;
        if !self.at_line_start() {
            self.lines.push('\n');
        }
    }

    fn write(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.space_is_due = true;
                continue;
            }
            if self.space_is_due && !self.at_line_start() {
                self.lines.push(' ');
            }
            self.space_is_due = false;
            self.lines.push(c);
        }
    }

    fn at_line_start(&self) -> bool {
        self.lines.is_empty() || self.lines.ends_with('\n')
    }

    fn into_text(mut self) -> String {
        self.break_line();
        if self.lines.is_empty() {
            self.lines.push('\n');
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(html: &str, lines: &[&str]) {
        let text = text_of(MediaType::Html, html.as_bytes()).expect("a small page in UTF-8");
        let expected = lines.join("\n") + "\n";
        assert_eq!(text, DocumentText::Extracted(expected), "{html}");
    }

    #[test]
    fn media_types_go_by_the_ending_of_the_name() {
        assert_eq!(MediaType::of_file("a.b/C.HTM"), Ok(MediaType::Html));
        assert_eq!(MediaType::of_file("x.md"), Ok(MediaType::Markdown));
        assert_eq!(MediaType::of_file("x.tar.txt"), Ok(MediaType::Text));
        assert_eq!(MediaType::of_file("report.PDF"), Ok(MediaType::Pdf));
        for name in ["report.docx", "README", "x.htmlx", "md"] {
            let refused = MediaType::of_file(name).expect_err("of no kind that can be read");
            assert!(refused.to_string().ends_with("keep the document as .txt, .md, .html, .htm or .pdf"), "{refused}");
        }
    }

    #[test]
    fn a_media_type_is_found_again_by_its_name() {
        for media in MediaType::ALL {
            assert_eq!(MediaType::named(media.name()), Some(media));
        }
        assert_eq!(MediaType::named("application/zip"), None);
    }

    #[test]
    fn plain_text_and_markdown_are_their_own_bytes() {
        let bytes = "\u{FEFF}# Título\r\n*so* <b>\n".as_bytes();
        for media in [MediaType::Text, MediaType::Markdown] {
            let text = text_of(media, bytes).expect("UTF-8");
            assert_eq!(text.as_str().as_bytes(), bytes);
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_its_place() {
        for media in MediaType::ALL.into_iter().filter(|media| *media != MediaType::Pdf) {
            assert_eq!(text_of(media, b"Nov\xE9mbre"), Err(ExtractError::NotUtf8(3)));
        }
    }

    #[test]
    fn a_document_has_a_largest_size() {
        let largest = vec![b'a'; MAX_DOCUMENT_BYTES];
        assert!(text_of(MediaType::Text, &largest).is_ok());
        let larger = vec![b'a'; MAX_DOCUMENT_BYTES + 1];
        assert_eq!(text_of(MediaType::Text, &larger), Err(ExtractError::TooLarge(MAX_DOCUMENT_BYTES + 1)));
    }

    #[test]
    fn a_page_gives_its_title_and_its_text() {
        check(
            "<!doctype html><html><head><meta charset=utf-8><title>Pakistan &amp; ILRS</title><style>p{}</style>\
             <script>if (a < b) document.write('<p>no</p>')</script></head>\n<body>\n <h1>Joins</h1>\
             <p>On <b>18&nbsp;October</b>,\n  Zhang<br>signed.<!-- no --><noscript>no</noscript></p>\n</body></html>",
            &["Pakistan & ILRS", "Joins", "On 18 October, Zhang", "signed."],
        );
    }

    #[test]
    fn blocks_and_cells_stand_on_lines_of_their_own_and_inline_elements_do_not() {
        check("<ul><li>one<li>t<i>w</i>o</ul><table><tr><td>a<td>b</table>c", &["one", "two", "a", "b", "c"]);
        check("agree<wbr>ment<span> </span>was <em> made</em>", &["agreement was made"]);
    }

    #[test]
    fn what_a_reader_does_not_see_is_dropped_with_all_inside() {
        check("a<template><p>no<template>no</template>no</p></template>b", &["ab"]);
        check("a<iframe><p>no</p></iframe>b<noframes><p>no</p></noframes>c<STYLE>no</style >d", &["abcd"]);
        check("a<script>no</p>", &["a"]);
    }

    #[test]
    fn entities_are_decoded_with_and_without_a_semicolon() {
        check("&eacute; &#233 &#xe9; &lt;p&gt; &hellip; &unknown; AT&T", &["é é é <p> … &unknown; AT&T"]);
    }

    #[test]
    fn a_page_without_text_is_one_line_break() {
        assert_eq!(text_of(MediaType::Html, b"<div id=app></div>"), Ok(DocumentText::Extracted("\n".to_owned())));
    }

    proptest! {
        #[test]
        fn no_page_is_too_strange(html in "([<>/!&;#='\"a -]|é|<p|</|<script>|<!--|-->|<title>|<template>|&amp|\\PC){0,40}") {
            let text = text_of(MediaType::Html, html.as_bytes()).expect("small and UTF-8");
            let text = text.as_str();
            prop_assert!(text.ends_with('\n'));
            prop_assert!(!text.contains("\n\n") && !text.contains("  ") && !text.contains(" \n"));
            let replaced = text.contains(char::REPLACEMENT_CHARACTER);
            prop_assert!(!replaced || html.contains(['\0', '#', char::REPLACEMENT_CHARACTER]), "{:?}", text);
        }
    }
}
