//! The sources that events rest on, and the documents kept of them.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::source::{Document, Source};
use crate::event::facts::Facts;
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
    #[serde(serialize_with = "crate::query::rows::serialize")]
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
    /// The passage.
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
pub fn sources(facts: &Facts) -> Sources {
    let mut sources: Vec<SourceUse> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut shared: HashMap<*const Source, usize> = HashMap::new();
    let mut without = Vec::new();
    for event in &facts.events {
        let (seq, id) = (event.seq, event.id.to_string());
        if let Some(reason) = &event.announcement.no_evidence {
            without.push(Without { event: seq, id: id.clone(), reason: reason.clone() });
        }
        for evidence in &event.announcement.evidence {
            // Events that were read together share their sources; the same source may still be there twice.
            let place = *shared.entry(Arc::as_ptr(&evidence.source)).or_insert_with(|| {
                let key = serde_json::to_string(&evidence.source).expect("a source has text keys and no floats");
                *places.entry(key).or_insert_with(|| {
                    sources.push(SourceUse { source: Source::clone(&evidence.source), uses: Vec::new() });
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
    Sources { schema: "servanda/sources/v1", position: Position::of(facts), sources, without }
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
