//! On whose word: sources, the documents kept of them, and the quotes that support an announcement.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::date::Date;
use crate::domain::packed::{Packed, Packer, Unpacker, Unreadable, packed_fields};
use crate::domain::party::code;
use crate::domain::shape::{Code, Shape, Shaped, record, vocabulary};

record! {
    /// Where an announcement comes from.
    pub struct Source {
        /// Who published it.
        required publisher: String,
        /// Its title.
        optional title: String,
        /// Where it stands, or stood.
        optional url: Url,
        /// The day of publication.
        optional published: Date,
        /// The day on which it was fetched.
        optional retrieved: Date,
        /// How close the publisher is to the fact.
        required grade: Grade,
        /// The document itself, kept in the ledger under its hash.
        optional document: Box<Document>,
    }
}

vocabulary! {
    /// How close a source is to the fact, strongest first.
    pub enum Grade {
        /// The depositary of the agreement.
        Depositary = "depositary",
        /// A party to it.
        Party = "party",
        /// Its host or organiser.
        Host = "host",
        /// The press.
        Press = "press",
        /// A compilation of others' reports.
        Secondary = "secondary",
    }
}

/// A document that the ledger keeps: by the hash of its bytes, or, when it is personal, by a salted commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Plain BLAKE3 of the document's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b3: Option<Address>,
    /// Keyed BLAKE3 of a personal document's bytes under a salt kept beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Address>,
    /// Bytes in the document.
    pub len: u64,
    /// Media type, such as `text/markdown`.
    pub r#type: String,
    /// The extracted text, where the document is not plain text itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<ExtractedText>,
}

packed_fields!(Document { b3, commit, len, r#type, text });
packed_fields!(ExtractedText { b3, len });

impl Shaped for Document {
    const SHAPE: Shape = Shape::Document;
}

impl Document {
    /// The name under which it is kept.
    pub fn address(&self) -> Option<&Address> {
        self.b3.as_ref().or(self.commit.as_ref())
    }

    /// The name under which the text is kept in which quotes are found: the extracted text's, else its own.
    pub fn text_address(&self) -> Option<&Address> {
        self.text.as_ref().map(|text| &text.b3).or(self.address())
    }
}

/// The text of a document, kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractedText {
    /// Plain BLAKE3 of the text.
    pub b3: Address,
    /// Bytes in the text.
    pub len: u64,
}

/// A source, and the passage of its document that supports an announcement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The source; many announcements rest on one, and share it.
    pub source: Arc<Source>,
    /// The passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Where the passage stands: first byte and one past the last, in the document's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<(u64, u64)>,
}

impl Packed for Evidence {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.source(&self.source);
        self.quote.pack(to);
        to.byte(self.at.is_some().into());
        if let Some((first, end)) = self.at {
            to.number(first);
            to.number(end);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        let source = from.source()?;
        let quote = Packed::unpack(from)?;
        let at = match from.byte()? {
            0 => None,
            1 => Some((from.number()?, from.number()?)),
            _ => return Err(from.unreadable("neither a place nor none")),
        };
        Ok(Self { source, quote, at })
    }
}

code!(
    /// The address of a document.
    Address,
    "a BLAKE3 hash of 64 lower-case hexadecimal digits" as "^[0-9a-f]{64}$",
    |text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);
code!(
    /// Where something stands on the web.
    Url,
    "a web address that begins with https:// or http://",
    |text| text.len() <= 2048
        && text.bytes().all(|b| b.is_ascii_graphic())
        && ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
);
