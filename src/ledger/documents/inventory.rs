//! The files that events name, which of them were erased, and in what state each is. One piece of logic for `verify`, for
//! `source check`, for erasing and for whoever copies documents.
//!
//! A document is a file, and perhaps a second one with the text that was extracted from it. Erasing a document erases both,
//! but for a text that another document has too, which goes with the last of them. What was erased stays erased,
//! whichever events name it later.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};

use crate::domain::announcement::{Announcement, Body};
use crate::domain::governance::Erasure;
use crate::domain::source::Document;
use crate::event::snapshot::Recorded;
use crate::integrity::digest::{Salt, commitment, document_hash};
use crate::ledger::documents::reader::DocumentReader;
use crate::store::documents::DocumentError;

/// The files that events name.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    files: BTreeMap<String, Entry>,
    /// By the address of a document, the event by which it was erased.
    erased: BTreeMap<String, u64>,
}

/// A file that an event names.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The first event that names it.
    pub seq: u64,
    /// Its bytes, as that event says.
    pub len: u64,
    /// How it is named.
    pub by: NamedBy,
    /// Whether it is a document itself, and not only the text of others.
    is_document: bool,
    /// The documents whose text it is.
    text_of: BTreeSet<String>,
}

/// The documents that these events say were erased, each with the first event that says so.
pub fn erasures(events: &[Recorded]) -> BTreeMap<&str, u64> {
    let mut erased = BTreeMap::new();
    for event in events {
        if let Body::Erasure(erasure) = &event.announcement.body {
            for document in &erasure.documents {
                erased.entry(document.as_str()).or_insert(event.seq);
            }
        }
    }
    erased
}

/// How a file is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// By the plain hash of its bytes.
    Hash,
    /// By a commitment, under a salt that is kept beside it.
    Commitment,
}

/// In what state a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentState {
    /// There, and as it was recorded.
    Kept,
    /// Not there, as that event says.
    Erased(u64),
    /// There, or its salt is, though that event says that it was erased: the deletion was cut short.
    NotDeleted(u64),
    /// Not there, and no event says why.
    Missing(String),
    /// Other bytes than were recorded.
    Altered(String),
    /// It could not be read, for what lies there.
    Unreadable(String),
    /// The operating system does not let it be read, which says nothing of it.
    OutOfReach(String),
}

impl DocumentState {
    /// What does not hold of the file of that address; nothing, if all does.
    pub fn fault(&self, address: &str) -> Option<String> {
        match self {
            Self::Kept | Self::Erased(_) => None,
            Self::NotDeleted(by) => Some(format!(
                "document {address} was erased by event {by}, and is still there: `servanda source erase` deletes it"
            )),
            Self::Missing(what) | Self::Altered(what) | Self::Unreadable(what) | Self::OutOfReach(what) => {
                Some(format!("document {address} {what}"))
            }
        }
    }
}

/// Whether the operating system did not let something be looked at, rather than that something else lies there, or nothing.
pub(crate) fn is_out_of_reach(error: &io::Error) -> bool {
    const OF_WHAT_LIES_THERE: [ErrorKind; 4] =
        [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::IsADirectory, ErrorKind::InvalidFilename];
    error.raw_os_error().is_some() && !OF_WHAT_LIES_THERE.contains(&error.kind())
}

impl Inventory {
    /// Those of events in their order.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Recorded>) -> Self {
        let mut holdings = Self::default();
        for event in events {
            holdings.take(event.seq, &event.announcement);
        }
        holdings
    }

    /// Takes what one more event names, or erases.
    pub fn take(&mut self, seq: u64, announcement: &Announcement) {
        if let Body::Erasure(erasure) = &announcement.body {
            self.erase(seq, erasure);
        }
        for document in announcement.evidence.iter().filter_map(|evidence| evidence.source.document.as_deref()) {
            self.name(seq, document);
        }
    }

    /// Takes what an event says was erased.
    pub(crate) fn erase(&mut self, seq: u64, erasure: &Erasure) {
        for address in &erasure.documents {
            self.erased.entry(address.as_str().to_owned()).or_insert(seq);
        }
    }

    /// The documents that were erased and that none of these events names, with the events that say so.
    pub(crate) fn erased_elsewhere(&self) -> impl Iterator<Item = (&str, u64)> {
        let elsewhere = self.erased.iter().filter(|(address, _)| !self.files.contains_key(*address));
        elsewhere.map(|(address, by)| (address.as_str(), *by))
    }

    fn name(&mut self, seq: u64, document: &Document) {
        let Some(address) = document.address() else { return };
        let by = if document.commit.is_some() { NamedBy::Commitment } else { NamedBy::Hash };
        let named = |len, by| Entry { seq, len, by, is_document: false, text_of: BTreeSet::new() };
        let own = self.files.entry(address.as_str().to_owned()).or_insert_with(|| named(document.len, by));
        own.is_document = true;
        if let Some(text) = &document.text {
            let of_text = self.files.entry(text.b3.as_str().to_owned());
            let of_text = of_text.or_insert_with(|| named(text.len, NamedBy::Hash));
            of_text.text_of.insert(address.as_str().to_owned());
        }
    }

    /// Every file, by its address.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.files.iter().map(|(address, named)| (address.as_str(), named))
    }

    /// The file of that address.
    pub fn get(&self, address: &str) -> Option<&Entry> {
        self.files.get(address)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no event names any.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether an event names a document by this address: as the document itself, not as the text of one.
    pub fn has_document(&self, address: &str) -> bool {
        self.files.get(address).is_some_and(|named| named.is_document)
    }

    /// The addresses of documents that begin so.
    pub fn documents_beginning(&self, prefix: &str) -> Vec<&str> {
        let from = self.files.range(prefix.to_owned()..);
        let of_prefix = from.take_while(|(address, _)| address.starts_with(prefix));
        of_prefix.filter(|(_, named)| named.is_document).map(|(address, _)| address.as_str()).collect()
    }

    /// The event by which a document, or a text, was erased.
    pub fn erased_by(&self, address: &str) -> Option<u64> {
        let own = self.erased.get(address).copied();
        own.or_else(|| {
            let named = self.files.get(address).filter(|named| !named.is_document)?;
            // The text goes with the last of its documents.
            let by: Option<Vec<u64>> = named.text_of.iter().map(|of| self.erased.get(of).copied()).collect();
            by?.into_iter().max()
        })
    }

    /// The files that go with these documents: themselves, and texts that were extracted from them and from nothing that
    /// is kept.
    pub fn erased_files<'h>(&'h self, documents: &BTreeSet<&'h str>) -> Vec<&'h str> {
        let goes = |address: &str, named: &Entry| {
            let is_meant =
                documents.contains(address) || named.text_of.iter().any(|of| documents.contains(of.as_str()));
            is_meant && self.erased_by(address).is_some()
        };
        self.files().filter(|(address, named)| goes(address, named)).map(|(address, _)| address).collect()
    }

    /// In what state a file is.
    pub fn look(&self, shelf: &DocumentReader, address: &str, named: &Entry) -> DocumentState {
        let unreadable = |error: &DocumentError| {
            let what = format!("cannot be read: {error}");
            if matches!(error, DocumentError::Io(source) if is_out_of_reach(source)) {
                DocumentState::OutOfReach(what)
            } else {
                DocumentState::Unreadable(what)
            }
        };
        let salt = match named.by {
            NamedBy::Hash => None,
            NamedBy::Commitment => match shelf.salt(address) {
                Ok(salt) => salt,
                Err(error) => return unreadable(&error),
            },
        };
        let bytes = match shelf.document(address) {
            Ok(bytes) => bytes,
            Err(error) => return unreadable(&error),
        };
        match (bytes, self.erased_by(address)) {
            (None, Some(by)) if salt.is_none() => DocumentState::Erased(by),
            (_, Some(by)) => DocumentState::NotDeleted(by),
            (None, None) if salt.is_some() => DocumentState::Missing("is MISSING, and its salt is there".to_owned()),
            (None, None) => DocumentState::Missing("is MISSING".to_owned()),
            (Some(bytes), None) => compared(address, named, &bytes, salt),
        }
    }
}

/// Holds bytes against what was recorded of them.
fn compared(address: &str, named: &Entry, bytes: &[u8], salt: Option<Vec<u8>>) -> DocumentState {
    if bytes.len() as u64 != named.len {
        return DocumentState::Altered(format!("has {} bytes, not {}", bytes.len(), named.len));
    }
    let found = match (named.by, salt) {
        (NamedBy::Hash, _) => document_hash(bytes).to_string(),
        (NamedBy::Commitment, None) => return DocumentState::Missing("is there, and its salt is MISSING".to_owned()),
        (NamedBy::Commitment, Some(salt)) => match <[u8; 32]>::try_from(salt) {
            Ok(salt) => commitment(&Salt::from_bytes(salt), bytes).to_string(),
            Err(salt) => return DocumentState::Altered(format!("has a salt of {} bytes, not 32", salt.len())),
        },
    };
    let with = if named.by == NamedBy::Commitment { " with its salt" } else { "" };
    if found == address { DocumentState::Kept } else { DocumentState::Altered(format!("hashes to {found}{with}")) }
}
