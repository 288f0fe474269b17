//! The documents that events rest on, read without the ledger's lock: they lie under their hashes and never change.

use crate::integrity::digest::{Salt, commitment, document_hash};
use crate::ledger::folder::Folder;
use crate::store::documents::{DocumentError, Documents};

/// The documents of a ledger.
#[derive(Debug, Clone)]
pub struct DocumentReader {
    documents: Documents,
}

impl DocumentReader {
    /// The documents of the ledger in that folder.
    pub fn of(folder: &Folder) -> Self {
        Self::of_documents(Documents::at(folder.documents()))
    }

    /// Documents that lie together, wherever that is.
    pub(crate) fn of_documents(documents: Documents) -> Self {
        Self { documents }
    }

    /// A document that an event names, by its address.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if it is there and cannot be read.
    pub fn document(&self, address: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        let limit = u64::try_from(crate::evidence::extract::MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
        self.documents.get(address, limit)
    }

    /// The salt beside a personal document, of whatever length.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if it is there and cannot be read.
    pub fn salt(&self, address: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        self.documents.salt(address)
    }

    /// Whether a document of this address is there.
    pub fn has(&self, address: &str) -> bool {
        self.documents.contains(address).unwrap_or(false)
    }

    /// Keeps a document under its address.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn keep(&self, address: &str, bytes: &[u8]) -> Result<(), DocumentError> {
        self.documents.put(address, bytes)
    }

    /// Deletes documents with their salts, durably, and returns how many files there were.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn remove<'a>(&self, addresses: impl IntoIterator<Item = &'a str>) -> Result<usize, DocumentError> {
        self.documents.remove(addresses)
    }

    /// The text of a document, if it is the one that was recorded: under its hash, or, with a salt beside it, under the
    /// commitment to it.
    ///
    /// # Errors
    ///
    /// [`TextError`], saying whether it is gone, altered, or cannot be read.
    pub fn document_text(&self, address: &str) -> Result<String, TextError> {
        let bytes = self.document(address)?.ok_or_else(|| TextError::Gone { address: address.to_owned() })?;
        let salt = self.salt(address)?.and_then(|salt| salt.try_into().ok()).map(Salt::from_bytes);
        let found = match salt {
            Some(salt) => commitment(&salt, &bytes).to_string(),
            None => document_hash(&bytes).to_string(),
        };
        if found != address {
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
        /// The hash of what is there, or the commitment to it.
        found: String,
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
