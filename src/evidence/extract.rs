//! The text of a document, in which quotes are looked for.
//!
//! Plain text and Markdown in UTF-8 are their own text. HTML, PDF and what is in another encoding are read once, at admission, and
//! their text is kept beside them: nothing that was recorded rests on extracting the same way again. In scope: what a reader of the page sees, in the order of the source.
//! Out of scope: style sheets and scripts, so what they hide is taken for text, and what they write is missing.

use std::borrow::Cow;

use crate::evidence::encoding::{self, Encoding, Says, Told};
use crate::evidence::html;

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
    /// Nothing says in which encoding the document is, and the byte at this offset cannot stand there in UTF-8.
    #[error("the document is not UTF-8 (first at byte {0}), and does not say what it is")]
    NotUtf8(usize),
    /// The byte `at` cannot stand there in the encoding that was said.
    #[error("the document is not {encoding} throughout, as {} (first at byte {at})", said_by(*.is_brought))]
    Malformed {
        /// What was said.
        encoding: Encoding,
        /// The place of the byte.
        at: usize,
        /// Whether whoever brings it said so, and not the document itself.
        is_brought: bool,
    },
    /// The page declares an encoding that nobody knows, and is not UTF-8.
    #[error("the page says that it is {0:?}, which is no encoding that can be read")]
    UnknownEncoding(String),
    /// The document's text has more than [`MAX_DOCUMENT_BYTES`]; its size in bytes is given.
    #[error("the text of the document has {0} bytes in UTF-8; at most {MAX_DOCUMENT_BYTES} can be kept")]
    TooMuchText(usize),
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
    /// What was extracted from it; what is not only decoded ends with one line break.
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
            Self::Malformed { is_brought: true, .. } | Self::UnknownEncoding(_) => {
                "say what it is: `document: { path: …, encoding: NAME }`"
            }
            Self::Malformed { .. } => {
                "it may be damaged, or something else than it says: then say what, `document: { path: …, encoding: NAME }`"
            }
            Self::TooMuchText(_) => "keep the part that supports the announcement",
            Self::NotUtf8(_) => "say what it is, `document: { path: …, encoding: NAME }`; it is kept as it is",
            Self::UnknownMedia(_) | Self::TooLarge(_) => return None,
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

/// The text of the document `bytes`, in the encoding that it declares, or that whoever brings it says.
///
/// # Errors
///
/// [`ExtractError::TooLarge`] and [`ExtractError::TooMuchText`]; of whatever is text [`ExtractError::NotUtf8`], since no encoding
/// is guessed, [`ExtractError::Malformed`] and [`ExtractError::UnknownEncoding`]; [`ExtractError::Pdf`] and
/// [`ExtractError::WithoutPdf`].
pub fn text_of(media: MediaType, bytes: &[u8], brought: Option<Encoding>) -> Result<DocumentText<'_>, ExtractError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(ExtractError::TooLarge(bytes.len()));
    }
    let text = match media {
        MediaType::Pdf => DocumentText::Extracted(text_of_pdf(bytes)?),
        MediaType::Html => DocumentText::Extracted(html::text_of(&decoded(media, bytes, brought)?)),
        MediaType::Text | MediaType::Markdown => match (decoded(media, bytes, brought)?, std::str::from_utf8(bytes)) {
            (Cow::Borrowed(_), Ok(own)) => DocumentText::Own(own),
            (text, Ok(own)) if text == own => DocumentText::Own(own),
            (text, _) => DocumentText::Extracted(text.into_owned()),
        },
    };
    match text.as_str().len() {
        len if len > MAX_DOCUMENT_BYTES => Err(ExtractError::TooMuchText(len)),
        _ => Ok(text),
    }
}

/// The characters of a document, without a byte order mark.
fn decoded(media: MediaType, bytes: &[u8], brought: Option<Encoding>) -> Result<Cow<'_, str>, ExtractError> {
    let Told { encoding, says, skip, unknown } = encoding::told(media, bytes, brought);
    encoding.decode(&bytes[skip..]).map_err(|at| match (says, unknown) {
        (Says::Nothing, Some(name)) => ExtractError::UnknownEncoding(name),
        (Says::Nothing, None) => ExtractError::NotUtf8(at),
        (says, _) => ExtractError::Malformed { encoding, at: skip + at, is_brought: says == Says::Bringer },
    })
}

fn said_by(is_brought: bool) -> &'static str {
    if is_brought { "`encoding` says" } else { "it says itself" }
}

#[cfg(feature = "pdf")]
fn text_of_pdf(bytes: &[u8]) -> Result<String, ExtractError> {
    super::pdf::text_of(bytes).map_err(|error| ExtractError::Pdf(error.to_string()))
}

#[cfg(not(feature = "pdf"))]
fn text_of_pdf(_: &[u8]) -> Result<String, ExtractError> {
    Err(ExtractError::WithoutPdf)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let text = text_of(media, bytes, None).expect("UTF-8");
            assert_eq!(text.as_str().as_bytes(), bytes);
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_its_place() {
        for media in MediaType::ALL.into_iter().filter(|media| *media != MediaType::Pdf) {
            assert_eq!(text_of(media, b"Nov\xE9mbre", None), Err(ExtractError::NotUtf8(3)));
        }
    }

    #[test]
    fn a_document_has_a_largest_size() {
        let largest = vec![b'a'; MAX_DOCUMENT_BYTES];
        assert!(text_of(MediaType::Text, &largest, None).is_ok());
        let larger = vec![b'a'; MAX_DOCUMENT_BYTES + 1];
        assert_eq!(text_of(MediaType::Text, &larger, None), Err(ExtractError::TooLarge(MAX_DOCUMENT_BYTES + 1)));
    }

    /// That a document of these bytes, which says what it is or is said to be that, has that text beside it.
    fn check_encoded(media: MediaType, bytes: &[u8], brought: Option<&str>, text: &str) {
        let brought = brought.and_then(Encoding::named);
        assert_eq!(text_of(media, bytes, brought), Ok(DocumentText::Extracted(text.to_owned())), "{bytes:?}");
    }

    #[test]
    fn what_is_in_another_encoding_is_read_as_it_says() {
        check_encoded(MediaType::Html, b"<meta charset=windows-1251>\xD0\xEE\xF1\xF1\xE8\xFF", None, "Россия\n");
        check_encoded(MediaType::Html, b"<meta charset=shift_jis>\x8D\x91", None, "国\n");
        check_encoded(MediaType::Text, b"\xFF\xFEJ\0\xE9\0", None, "Jé");
        check_encoded(MediaType::Text, b"Nov\xE9mbre", Some("latin1"), "Novémbre");
        check_encoded(MediaType::Markdown, b"# \xD6\xD0\xB9\xFA\r\n", Some("gb2312"), "# 中国\r\n");
        let ascii = text_of(MediaType::Text, b"plain", Encoding::named("big5"));
        assert_eq!(ascii, Ok(DocumentText::Own("plain")));
    }

    #[test]
    fn what_is_not_what_it_says_is_refused_with_its_place() {
        let [big5, jis] = ["big5", "shift_jis"].map(|name| Encoding::named(name).expect("a browser's encoding"));
        let page = b"<meta charset=big5>\xFF";
        let says_itself = ExtractError::Malformed { encoding: big5, at: 19, is_brought: false };
        assert_eq!(text_of(MediaType::Html, page, None), Err(says_itself));
        let said = ExtractError::Malformed { encoding: jis, at: 0, is_brought: true };
        assert_eq!(text_of(MediaType::Text, b"\xFF", Some(jis)), Err(said));
        let unknown = ExtractError::UnknownEncoding("klingon".to_owned());
        assert_eq!(text_of(MediaType::Html, b"<meta charset=klingon>\xFF", None), Err(unknown));
        assert!(text_of(MediaType::Html, "<meta charset=klingon>é".as_bytes(), None).is_ok());
    }

    #[test]
    fn a_text_that_grows_too_large_is_refused() {
        let grows = vec![0xE9; MAX_DOCUMENT_BYTES / 2 + 1];
        let refused = text_of(MediaType::Text, &grows, Encoding::named("latin1"));
        assert_eq!(refused, Err(ExtractError::TooMuchText(MAX_DOCUMENT_BYTES + 2)));
    }
}
