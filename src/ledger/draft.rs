//! Drafts: announcements on their way in, with the documents that support them still at hand.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::announcement::Announcement;
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::source::{Address, Source};
use crate::evidence::extract::MediaType;

/// The announcements of one file: all become events, or none.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// In the order of the file.
    pub drafts: Vec<Draft>,
    /// What is known of announcements that could not be read whole; a batch that has any is only checked.
    pub fragments: Vec<Fragment>,
    /// Names that announcements which could not be read would have brought, in lower case: of the things that they
    /// describe, and their own. Naming them is not told as a second mistake.
    pub also_described: BTreeSet<(Namespace, String)>,
}

/// An announcement that has not been admitted yet.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its id; one is made of its content if there is none.
    pub id: Option<AnnouncementId>,
    /// What it says; `evidence` is empty, admission fills it.
    pub announcement: Announcement,
    /// The sources, with their documents.
    pub sources: Vec<DraftSource>,
    /// The passages that support it.
    pub quotes: Vec<DraftQuote>,
}

impl Draft {
    /// A draft of this announcement, without sources.
    pub fn of(announcement: Announcement) -> Self {
        Self { id: None, announcement, sources: Vec::new(), quotes: Vec::new() }
    }
}

/// What could be read of an announcement that is broken elsewhere, so that all of its mistakes are told at once.
#[derive(Debug, Clone, Default)]
pub struct Fragment {
    /// Whether nothing is told that it rests on, and no reason why, though it needs one.
    pub unsupported: bool,
    /// The things that it names: space, id and field.
    pub references: Vec<(Namespace, String, String)>,
    /// The sources, with their documents.
    pub sources: Vec<DraftSource>,
    /// The passages that support it.
    pub quotes: Vec<DraftQuote>,
}

/// A source, with its document's bytes.
#[derive(Debug, Clone)]
pub struct DraftSource {
    /// The source; `document` is empty, admission fills it.
    pub source: Source,
    /// The document, if one is to be kept.
    pub document: Option<DraftDocument>,
}

/// A document's bytes, shared by all drafts that rest on it.
#[derive(Debug, Clone)]
pub struct DraftDocument {
    /// What kind of text it is.
    pub media: MediaType,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// The hash that it must have, if one was given.
    pub expected: Option<Address>,
}

/// A passage, and where to look for it.
#[derive(Debug, Clone)]
pub struct DraftQuote {
    /// The passage.
    pub text: String,
    /// The position of its source in the draft; any source with a document if none is given.
    pub source: Option<usize>,
}
