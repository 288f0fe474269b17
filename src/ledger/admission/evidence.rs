//! Evidence: at least one source for what is told of the world, its document kept, each quote found in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::announcement::Announcement;
use crate::domain::source::{Document, Evidence, ExtractedText};
use crate::domain::text::TextKind;
use crate::evidence::extract::{self, DocumentText};
use crate::evidence::nearest::nearest;
use crate::evidence::quote::Prepared;
use crate::integrity::digest::document_hash;
use crate::ledger::admission::{Documents, needs_evidence, text};
use crate::ledger::draft::{Batch, Draft, DraftDocument, DraftQuote, DraftSource, Fragment};
use crate::ledger::finding::{Code, Finding};

/// The documents of a batch, each read once, by the place of its bytes in memory.
pub(super) type Read<'a> = HashMap<usize, ReadDocument<'a>>;

/// A document with its text.
pub(super) struct ReadDocument<'a> {
    bytes: &'a Arc<[u8]>,
    text: DocumentText<'a>,
    kept: Document,
}

fn place(document: &DraftDocument) -> usize {
    Arc::as_ptr(&document.bytes).cast::<u8>() as usize
}

/// Reads every document of the batch, and tells of those that cannot be read or are not the one expected.
pub(super) fn read<'a>(batch: &'a Batch, findings: &mut Vec<Finding>) -> Read<'a> {
    let mut read = Read::new();
    let drafts = batch.drafts.iter().map(|draft| &draft.sources);
    for (position, sources) in drafts.chain(batch.fragments.iter().map(|fragment| &fragment.sources)).enumerate() {
        for (index, source) in sources.iter().enumerate() {
            let Some(document) = &source.document else { continue };
            let field = format!("source[{index}].document");
            let known = match read.get(&place(document)) {
                Some(known) => known,
                None => match read_one(document) {
                    Ok(new) => read.entry(place(document)).or_insert(new),
                    Err(error) => {
                        let hint = format!(
                            "documents are {}, in UTF-8",
                            extract::MediaType::ALL.map(extract::MediaType::name).join(", ")
                        );
                        let message = error.to_string();
                        findings.push(Finding::new(position, field, Code::Unreadable, message).hint(hint));
                        continue;
                    }
                },
            };
            if let Some(expected) =
                document.expected.as_ref().filter(|expected| Some(*expected) != known.kept.b3.as_ref())
            {
                let found = known.kept.b3.as_ref().map_or("", |hash| hash.as_str());
                let message = format!("the document hashes to {found}, not to {}", expected.as_str());
                let hint = "this is another document, or a changed one; `b3sum FILE` prints its hash";
                findings.push(Finding::new(position, field, Code::OtherHash, message).hint(hint));
            }
        }
    }
    read
}

fn read_one(document: &DraftDocument) -> Result<ReadDocument<'_>, extract::ExtractError> {
    let text = extract::text_of(document.media, &document.bytes)?;
    let extracted = match &text {
        DocumentText::Own(_) => None,
        DocumentText::Extracted(text) => {
            Some(ExtractedText { b3: text::address(document_hash(text.as_bytes())), len: text.len() as u64 })
        }
    };
    let kept = Document {
        b3: Some(text::address(document_hash(&document.bytes))),
        commit: None,
        len: document.bytes.len() as u64,
        r#type: document.media.name().to_owned(),
        text: extracted,
    };
    Ok(ReadDocument { bytes: &document.bytes, text, kept })
}

/// Each document made ready for finding quotes in it, once for all of them.
pub(super) fn prepare<'a>(read: &'a Read<'a>) -> HashMap<usize, Prepared<'a>> {
    read.iter().map(|(place, document)| (*place, Prepared::new(document.text.as_str()))).collect()
}

/// The files to keep: documents, and the texts extracted from them.
pub(super) fn kept(read: Read<'_>) -> Documents {
    let mut files = BTreeMap::new();
    for document in read.into_values() {
        if let Some(address) = &document.kept.b3 {
            files.insert(address.as_str().to_owned(), document.bytes.to_vec());
        }
        if let (Some(extracted), DocumentText::Extracted(text)) = (&document.kept.text, document.text) {
            files.insert(extracted.b3.as_str().to_owned(), text.into_bytes());
        }
    }
    files
}

/// Puts the evidence into the announcement: each source with each of its quotes, and where it stands.
pub(super) fn admit(
    position: usize,
    draft: &Draft,
    announcement: &mut Announcement,
    read: &Read<'_>,
    prepared: &HashMap<usize, Prepared<'_>>,
    findings: &mut Vec<Finding>,
) {
    let found = place_quotes(position, &draft.sources, &draft.quotes, read, prepared, findings);
    let unsaid = announcement.no_evidence.is_none() && needs_evidence(&announcement.body);
    if draft.sources.is_empty() && unsaid {
        findings.push(unsupported(position));
    }
    for (index, (source, quotes)) in draft.sources.iter().zip(found).enumerate() {
        let mut source_kept = source.source.clone();
        text::admit_source(position, &format!("source[{index}]"), &mut source_kept, findings);
        let document = source.document.as_ref().and_then(|document| read.get(&place(document)));
        source_kept.document = document.map(|document| Box::new(document.kept.clone()));
        let source_kept = Arc::new(source_kept);
        if quotes.is_empty() {
            announcement.evidence.push(Evidence { source: source_kept, quote: None, at: None });
        } else {
            announcement.evidence.extend(quotes.into_iter().map(|(quote, at)| Evidence {
                source: Arc::clone(&source_kept),
                quote: Some(quote),
                at: Some(at),
            }));
        }
    }
}

/// Checks the evidence of a fragment.
pub(super) fn check(
    position: usize,
    fragment: &Fragment,
    read: &Read<'_>,
    prepared: &HashMap<usize, Prepared<'_>>,
    findings: &mut Vec<Finding>,
) {
    if fragment.unsupported {
        findings.push(unsupported(position));
    }
    place_quotes(position, &fragment.sources, &fragment.quotes, read, prepared, findings);
}

fn unsupported(position: usize) -> Finding {
    let hint = "give a `source`, for one announcement or at the top for all; or `evidence: { none: \"why\" }`";
    let message = "no source says this, and no reason is given why there is none".to_owned();
    Finding::new(position, "", Code::NoEvidence, message).hint(hint)
}

/// Looks for every quote, and gives each source its own with their places.
fn place_quotes(
    position: usize,
    sources: &[DraftSource],
    quotes: &[DraftQuote],
    read: &Read<'_>,
    prepared: &HashMap<usize, Prepared<'_>>,
    findings: &mut Vec<Finding>,
) -> Vec<Vec<Placed>> {
    let mut found = vec![Vec::new(); sources.len()];
    for (index, quote) in quotes.iter().enumerate() {
        let field = format!("quote[{index}]");
        let mut words = quote.text.clone();
        let before = findings.len();
        text::one(position, &field, &mut words, TextKind::Quote, findings);
        if findings[before..].iter().any(|finding| finding.code.refuses()) {
            continue;
        }
        match place_quote(&words, quote.source, sources, read, prepared) {
            Ok((source, at)) => found[source].push((words, at)),
            Err(misplaced) => findings.extend(misplaced.finding(position, field, &words)),
        }
    }
    found
}

/// A quote, and its first byte and one past the last.
type Placed = (String, (u64, u64));

/// Why a quote has no place.
enum Misplaced {
    /// No source has a document.
    NoDocument,
    /// A document cannot be read, which was said.
    Unreadable,
    /// It stands in none of them; the passage that comes nearest.
    Nowhere(Option<String>),
}

/// Looks for a quote in the documents where it may stand: the source, and first byte and one past the last.
fn place_quote(
    words: &str,
    source: Option<usize>,
    sources: &[DraftSource],
    read: &Read<'_>,
    prepared: &HashMap<usize, Prepared<'_>>,
) -> Result<(usize, (u64, u64)), Misplaced> {
    let mut misplaced = Misplaced::NoDocument;
    let asked = |(index, _): &(usize, &DraftSource)| source.is_none_or(|only| only == *index);
    for (index, own) in sources.iter().enumerate().filter(asked) {
        let Some(document) = &own.document else { continue };
        let place = place(document);
        let (Some(prepared), Some(read)) = (prepared.get(&place), read.get(&place)) else {
            return Err(Misplaced::Unreadable);
        };
        if let Some(at) = prepared.find(words) {
            return Ok((index, (at.start as u64, at.end as u64)));
        }
        misplaced = match misplaced {
            Misplaced::Nowhere(Some(passage)) => Misplaced::Nowhere(Some(passage)),
            _ => Misplaced::Nowhere(nearest(read.text.as_str(), words)),
        };
    }
    Err(misplaced)
}

impl Misplaced {
    fn finding(self, position: usize, field: String, words: &str) -> Option<Finding> {
        let (code, message, hint) = match self {
            Self::Unreadable => return None,
            Self::NoDocument => (
                Code::QuoteWithoutDocument,
                "there is no document for this quote to stand in".to_owned(),
                "keep the source's document beside the file, and name it: `document: sources/NAME.md`".to_owned(),
            ),
            Self::Nowhere(passage) => (
                Code::QuoteNotFound,
                format!("the quote “{}” does not stand in the document", shortened(words)),
                passage.map_or_else(
                    || "a quote is an exact passage of the document; upper and lower case count".to_owned(),
                    |passage| format!("the document has “{passage}”"),
                ),
            ),
        };
        Some(Finding::new(position, field, code, message).hint(hint))
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
