//! The sources that events rest on, and the documents kept of them.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::source::{Address, Document, Source};
use crate::event::snapshot::Snapshot;
use crate::ledger::documents::inventory::{Inventory, erasures};
use crate::query::{Position, QueryError};

/// The fewest digits by which a document is named.
const MIN_PREFIX: usize = 4;

/// The answer: `servanda/sources/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Sources {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The sources, in the order in which events first name them.
    #[serde(serialize_with = "crate::query::parallel_json::serialize")]
    #[schemars(with = "Vec<SourceUse>")]
    pub sources: Vec<SourceUse>,
    /// Events about the world that have no source, with the reason.
    pub without: Vec<Without>,
}

/// One source, and what rests on it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SourceUse {
    /// The source, with the hashes and the length of its document.
    #[serde(flatten)]
    pub source: Source,
    /// The event by which its document was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<u64>,
    /// What rests on it.
    pub uses: Vec<Use>,
}

/// One event that rests on a source.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Use {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// The passage; none of a personal document, where only its place is recorded.
    pub quote: Option<String>,
    /// Where the passage stands in the document's text, in bytes.
    pub at: Option<(u64, u64)>,
}

/// An event without evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Without {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// Why there is none.
    pub reason: String,
}

/// Lists the sources.
pub fn sources(snapshot: &Snapshot) -> Sources {
    let mut sources: Vec<SourceUse> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut shared: HashMap<*const Source, usize> = HashMap::new();
    let mut without = Vec::new();
    let erased = erasures(&snapshot.events);
    for event in &snapshot.events {
        let (seq, id) = (event.seq, event.id.to_string());
        if let Some(reason) = &event.announcement.no_evidence {
            without.push(Without { event: seq, id: id.clone(), reason: reason.clone() });
        }
        for evidence in &event.announcement.evidence {
            // Events that were read together share their sources; the same source may still be there twice.
            let place = *shared.entry(Arc::as_ptr(&evidence.source)).or_insert_with(|| {
                let key = serde_json::to_string(&evidence.source).expect("a source has text keys and no floats");
                *places.entry(key).or_insert_with(|| {
                    let source = Source::clone(&evidence.source);
                    let address = source.document.as_deref().and_then(Document::address);
                    let erased = address.and_then(|address| erased.get(address.as_str()).copied());
                    sources.push(SourceUse { source, erased, uses: Vec::new() });
                    sources.len() - 1
                })
            });
            sources[place].uses.push(Use {
                event: seq,
                id: id.clone(),
                quote: evidence.quote.clone(),
                at: evidence.at,
            });
        }
    }
    Sources { schema: "servanda/sources/v1", position: Position::of(snapshot), sources, without }
}

impl Sources {
    /// The sources whose document's address begins so.
    ///
    /// # Errors
    ///
    /// [`QueryError::NoSource`] if there is none, or fewer than four digits were given.
    pub fn of_document(mut self, prefix: &str) -> Result<Self, QueryError> {
        let begins = |document: &Document| {
            document.address().is_some_and(|address| address.as_str().starts_with(&prefix.to_ascii_lowercase()))
        };
        self.sources.retain(|used| used.source.document.as_deref().is_some_and(begins));
        self.without.clear();
        if self.sources.is_empty() || prefix.len() < MIN_PREFIX {
            return Err(QueryError::NoSource(prefix.to_owned()));
        }
        Ok(self)
    }
}

/// The one document whose address begins so.
///
/// # Errors
///
/// [`QueryError::NoSource`] if there is none, or fewer than four digits were given; [`QueryError::SeveralSources`] if
/// there are more.
pub fn document_beginning(holdings: &Inventory, prefix: &str) -> Result<Address, QueryError> {
    let found = holdings.documents_beginning(&prefix.to_ascii_lowercase());
    match found.as_slice() {
        [only] if prefix.len() >= MIN_PREFIX => Address::try_from((*only).to_owned()).map_err(QueryError::NoSource),
        [_, _, ..] if prefix.len() >= MIN_PREFIX => {
            let found = found.into_iter().map(str::to_owned).collect();
            Err(QueryError::SeveralSources { prefix: prefix.to_owned(), found })
        }
        _ => Err(QueryError::NoSource(prefix.to_owned())),
    }
}
