//! Documents that cannot be kept, and what to do about them.

use crate::evidence::extract::{ExtractError, MediaType};
use crate::ledger::admission::draft::{Batch, DraftDocument};
use crate::ledger::admission::encodings;
use crate::ledger::admission::evidence::{place, quotes_of};
use crate::ledger::admission::finding::{Code, Finding};

/// Why a document cannot be kept.
pub(super) enum Refused {
    /// It has no text for us.
    Unreadable(ExtractError),
    /// Nobody brought a salt for it.
    NoSalt,
    /// A personal document is plain text.
    NotPlain(MediaType),
    /// A personal document is in UTF-8.
    NotUtf8,
    /// It is known by its hash.
    Public {
        /// The event that names it.
        seq: u64,
    },
    /// It is kept as personal, and would be known by its hash.
    Personal {
        /// The event that names it.
        seq: u64,
    },
}

/// How much is done to tell in what encoding a document may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It is read in each.
    Closely,
    /// None is tried.
    Over,
}

/// What is told of a document that cannot be kept, wherever it is named.
pub(super) struct Told {
    code: Code,
    message: String,
    hint: String,
}

impl Told {
    pub(super) fn finding(&self, position: usize, field: String) -> Finding {
        Finding::new(position, field, self.code, self.message.clone()).hint(self.hint.clone())
    }
}

impl Refused {
    /// What is told of it.
    pub(super) fn told(self, batch: &Batch, document: &DraftDocument, look: Look) -> Told {
        let (code, message, hint) = match self {
            Self::Unreadable(error) => {
                let kinds = || format!("documents are {}", MediaType::ALL.map(MediaType::name).join(", "));
                let hint = match &error {
                    ExtractError::NotUtf8(_) if look == Look::Closely => {
                        encodings::to_say(document, &quotes_of(batch, place(document)))
                    }
                    other => other.hint().unwrap_or_else(kinds),
                };
                (Code::Unreadable, error.to_string(), hint)
            }
            Self::NoSalt => (
                Code::Personal,
                "no random bytes were brought for the salt of a personal document".to_owned(),
                "`Batch::bring_salts` takes them from the caller".to_owned(),
            ),
            Self::NotPlain(media) => (
                Code::Personal,
                format!("a personal document is plain text, and this one is {}", media.name()),
                "what is extracted from a document would be known by its hash: keep the passage as .txt or .md"
                    .to_owned(),
            ),
            Self::NotUtf8 => (
                Code::Personal,
                "a personal document is plain text in UTF-8, and this one is in another encoding".to_owned(),
                "its text would be known by its hash: convert it, and keep what you converted".to_owned(),
            ),
            Self::Public { seq } => (
                Code::Personal,
                format!("this document cannot be personal any more: event {seq} names it by its plain hash"),
                "leave `personal` out, or erase the document first and keep another form of it".to_owned(),
            ),
            Self::Personal { seq } => (
                Code::Personal,
                format!("this document is kept as a personal one, named by event {seq}"),
                "add `personal: true` to its source, so that its plain hash stays unknown".to_owned(),
            ),
        };
        Told { code, message, hint }
    }
}
