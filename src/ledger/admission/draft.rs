//! Drafts: announcements on their way in, with the documents that support them still at hand.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::announcement::{Announcement, Kind};
use crate::domain::date::Date;
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::source::{Address, Source};
use crate::evidence::encoding::Encoding;
use crate::evidence::extract::MediaType;
use crate::integrity::digest::Salt;

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

impl Batch {
    /// Brings a salt to every personal document of the batch, for the case that it is not kept yet: 32 random bytes for
    /// each, which the library never makes itself.
    ///
    /// # Errors
    ///
    /// What `random` says.
    pub fn bring_salts<E>(&mut self, mut random: impl FnMut() -> Result<[u8; 32], E>) -> Result<(), E> {
        let mut brought: HashMap<*const u8, Salt> = HashMap::new();
        let drafts = self.drafts.iter_mut().flat_map(|draft| &mut draft.sources);
        let fragments = self.fragments.iter_mut().flat_map(|fragment| &mut fragment.sources);
        for document in drafts.chain(fragments).filter_map(|source| source.document.as_mut()) {
            let place = document.bytes.as_ptr();
            if let Privacy::Personal { salt } = &mut document.privacy {
                let own = match brought.entry(place) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(Salt::from_bytes(random()?)),
                };
                *salt = Some(own.clone());
            }
        }
        Ok(())
    }
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
    /// Whether these sources are its own.
    pub brought: Brought,
    /// The passages that support it.
    pub quotes: Vec<DraftQuote>,
    /// The announcements that it names by the positions of their events: the way to each in the body, where something else
    /// stands until admission writes the id.
    pub positions: BTreeMap<String, u64>,
}

/// By whom the sources of an announcement are brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Brought {
    /// By the announcement: what they were published for is this.
    #[default]
    ByItself,
    /// By its file, for all that have none of their own: when they were published says nothing of one of them.
    ByFile,
}

impl Draft {
    /// A draft of this announcement, without sources.
    pub fn of(announcement: Announcement) -> Self {
        Self {
            id: None,
            announcement,
            sources: Vec::new(),
            brought: Brought::default(),
            quotes: Vec::new(),
            positions: BTreeMap::new(),
        }
    }
}

/// What could be read of an announcement that is broken elsewhere, so that all of its mistakes are told at once.
#[derive(Debug, Clone, Default)]
pub struct Fragment {
    /// Whether nothing is told that it rests on, and no reason why, though it needs one.
    pub unsupported: bool,
    /// What it is about, if that could be read, and the fields of that kind that could be.
    pub body: Option<(Kind, Map<String, Value>)>,
    /// When it was announced.
    pub announced: Option<Date>,
    /// The announcements that it names by the positions of their events, as in a draft.
    pub positions: BTreeMap<String, u64>,
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
    /// The encoding of its text, where the document does not say it, or says it wrongly.
    pub encoding: Option<Encoding>,
    /// The hash that it must have, if one was given.
    pub expected: Option<Address>,
    /// Who may know it by its hash.
    pub privacy: Privacy,
}

/// Who may know a document by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Privacy {
    /// Anybody.
    #[default]
    Public,
    /// Nobody: it tells of persons, and is known by a commitment.
    Personal {
        /// Random bytes for it if it is not kept yet; see [`Batch::bring_salts`].
        salt: Option<Salt>,
    },
}

/// A passage, and where to look for it.
#[derive(Debug, Clone)]
pub struct DraftQuote {
    /// The passage.
    pub text: String,
    /// The position of its source in the draft; any source with a document if none is given.
    pub source: Option<usize>,
}
