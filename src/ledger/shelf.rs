//! The documents that events rest on, read without the ledger's lock: they lie under their hashes and never change.

use crate::integrity::digest::{DocumentHash, document_hash};
use crate::ledger::settings::Folder;
use crate::store::documents::{DocumentError, Documents};

/// The documents of a ledger.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: Folder,
}

impl Shelf {
    /// The documents of the ledger in that folder.
    pub fn of(folder: &Folder) -> Self {
        Self { folder: folder.clone() }
    }

    /// A document that an event names, by its address.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if it is there and cannot be read.
    pub fn document(&self, address: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        let limit = u64::try_from(crate::evidence::extract::MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
        Documents::at(self.folder.documents()).get(address, limit)
    }

    /// Keeps a document under its address.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn keep(&self, address: &str, bytes: &[u8]) -> Result<(), DocumentError> {
        Documents::at(self.folder.documents()).put(address, bytes)
    }

    /// The text of a document, if it is the one that was recorded.
    ///
    /// # Errors
    ///
    /// [`TextError`], saying whether it is gone, altered, or cannot be read.
    pub fn document_text(&self, address: &str) -> Result<String, TextError> {
        let bytes = self.document(address)?.ok_or_else(|| TextError::Gone { address: address.to_owned() })?;
        let found = document_hash(&bytes);
        if found.to_string() != address {
            return Err(TextError::Altered { address: address.to_owned(), found });
        }
        String::from_utf8(bytes).map_err(|_| TextError::NotText { address: address.to_owned() })
    }
}

/// Why a document's text cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// It is not in the ledger's folder.
    #[error("document {address} is not in the ledger's folder")]
    Gone {
        /// Which document.
        address: String,
    },
    /// Its bytes are others than those that were recorded.
    #[error("document {address} was altered: it hashes to {found}")]
    Altered {
        /// Which document.
        address: String,
        /// The hash of what is there.
        found: DocumentHash,
    },
    /// Its bytes are not text in UTF-8.
    #[error("document {address} is not text")]
    NotText {
        /// Which document.
        address: String,
    },
    /// It could not be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
}
