//! Evidence: at least one source for what is told of the world, its document kept, each quote found in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::announcement::Announcement;
use crate::domain::source::{Document, Evidence, ExtractedText};
use crate::domain::text::TextKind;
use crate::domain::timestamp::Timestamp;
use crate::event::facts::Recorded;
use crate::evidence::extract::{self, DocumentText};
use crate::evidence::nearest::nearest;
use crate::evidence::quote::Prepared;
use crate::integrity::digest::{Salt, document_hash};
use crate::ledger::admission::personal::{self, Salts};
use crate::ledger::admission::{Documents, ToKeep, needs_evidence, text};
use crate::ledger::draft::{Batch, Draft, DraftDocument, DraftQuote, DraftSource, Fragment, Privacy};
use crate::ledger::finding::{Code, Finding};
use crate::ledger::index::Index;

/// What is in the ledger.
pub(super) type Ledger<'a> = (&'a [Recorded], &'a Index);

/// The documents of a batch, each read once, by the place of its bytes in memory and whether it is personal.
pub(super) type Read<'a> = HashMap<Place, ReadDocument<'a>>;

/// A document with its text.
pub(super) struct ReadDocument<'a> {
    bytes: &'a Arc<[u8]>,
    text: DocumentText<'a>,
    kept: Document,
    /// Of a personal one.
    salt: Option<Salt>,
}

pub(super) type Place = (usize, bool);

/// What evidence is held against.
pub(super) struct AtHand<'a> {
    pub(super) documents: &'a Read<'a>,
    pub(super) prepared: &'a HashMap<Place, Prepared<'a>>,
    /// When it would be recorded, if that is known.
    pub(super) recorded: Option<Timestamp>,
}

fn place(document: &DraftDocument) -> Place {
    (Arc::as_ptr(&document.bytes).cast::<u8>() as usize, document.privacy != Privacy::Public)
}

/// Reads every document of the batch, and tells of those that cannot be read or are not the one expected.
pub(super) fn read<'a>(
    batch: &'a Batch,
    ledger: Ledger<'_>,
    salts: &mut Salts,
    findings: &mut Vec<Finding>,
) -> Read<'a> {
    let mut read = Read::new();
    let drafts = batch.drafts.iter().map(|draft| &draft.sources);
    for (position, sources) in drafts.chain(batch.fragments.iter().map(|fragment| &fragment.sources)).enumerate() {
        for (index, source) in sources.iter().enumerate() {
            let Some(document) = &source.document else { continue };
            let field = format!("source[{index}].document");
            let place = place(document);
            let known = match read.get(&place) {
                Some(known) => known,
                None => match read_one(document, ledger, salts) {
                    Ok(new) => {
                        if let (Some(commit), Some(salt)) = (&new.kept.commit, &new.salt) {
                            salts.take(commit, salt);
                        }
                        read.entry(place).or_insert(new)
                    }
                    Err(refused) => {
                        findings.push(refused.finding(position, field));
                        continue;
                    }
                },
            };
            if let Some(expected) = &document.expected {
                let found = text::address(document_hash(known.bytes));
                if *expected != found {
                    let message = format!("the document hashes to {}, not to {}", found.as_str(), expected.as_str());
                    let hint = "this is another document, or a changed one; `b3sum FILE` prints its hash";
                    findings.push(Finding::new(position, field, Code::OtherHash, message).hint(hint));
                }
            }
        }
    }
    read
}

/// Why a document cannot be kept.
enum Refused {
    /// It has no text for us.
    Unreadable(extract::ExtractError),
    /// Nobody brought a salt for it.
    NoSalt,
    /// A personal document is plain text.
    NotPlain(extract::MediaType),
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

impl Refused {
    fn finding(self, position: usize, field: String) -> Finding {
        let (code, message, hint) = match self {
            Self::Unreadable(error) => {
                let kinds = extract::MediaType::ALL.map(extract::MediaType::name).join(", ");
                (
                    Code::Unreadable,
                    error.to_string(),
                    error.hint().unwrap_or(format!("documents are {kinds}, in UTF-8")),
                )
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
        Finding::new(position, field, code, message).hint(hint)
    }
}

fn read_one<'a>(document: &'a DraftDocument, ledger: Ledger<'_>, salts: &Salts) -> Result<ReadDocument<'a>, Refused> {
    if document.privacy != Privacy::Public && !document.media.is_plain() {
        return Err(Refused::NotPlain(document.media));
    }
    let text = extract::text_of(document.media, &document.bytes).map_err(Refused::Unreadable)?;
    let len = document.bytes.len() as u64;
    let r#type = document.media.name().to_owned();
    match &document.privacy {
        Privacy::Public => {
            if let Some(seq) = known_as_personal(&document.bytes, ledger.1, salts) {
                return Err(Refused::Personal { seq });
            }
            let extracted = match &text {
                DocumentText::Own(_) => None,
                DocumentText::Extracted(text) => {
                    Some(ExtractedText { b3: text::address(document_hash(text.as_bytes())), len: text.len() as u64 })
                }
            };
            let b3 = Some(text::address(document_hash(&document.bytes)));
            let kept = Document { b3, commit: None, len, r#type, text: extracted };
            Ok(ReadDocument { bytes: &document.bytes, text, kept, salt: None })
        }
        Privacy::Personal { salt } => {
            let (commit, salt) = if let Some(known) = salts.find(&document.bytes, ledger.1) {
                known
            } else {
                if let Some(seq) = known_by_hash(&document.bytes, ledger.0) {
                    return Err(Refused::Public { seq });
                }
                let salt = salt.clone().ok_or(Refused::NoSalt)?;
                (personal::committed(&salt, &document.bytes), salt)
            };
            let kept = Document { b3: None, commit: Some(commit), len, r#type, text: None };
            Ok(ReadDocument { bytes: &document.bytes, text, kept, salt: Some(salt) })
        }
    }
}

/// The event that names these bytes by a commitment.
fn known_as_personal(bytes: &[u8], index: &Index, salts: &Salts) -> Option<u64> {
    let of_len = index.personal().any(|(_, _, len)| len == bytes.len() as u64);
    let (commit, _) = of_len.then(|| salts.find(bytes, index))??;
    index.personal().find(|(known, ..)| **known == commit).map(|(_, seq, _)| seq)
}

/// The event that names these bytes by their plain hash, as a document or as the text of one.
fn known_by_hash(bytes: &[u8], events: &[Recorded]) -> Option<u64> {
    let hash = document_hash(bytes).to_string();
    let names = |document: &Document| {
        let text = document.text.as_ref().map(|text| &text.b3);
        document.b3.iter().chain(text).any(|address| address.as_str() == hash)
    };
    let of = |event: &&Recorded| {
        event.announcement.evidence.iter().any(|evidence| evidence.source.document.as_deref().is_some_and(names))
    };
    events.iter().find(of).map(|event| event.seq)
}

/// Each document made ready for finding quotes in it, once for all of them.
pub(super) fn prepare<'a>(read: &'a Read<'a>) -> HashMap<Place, Prepared<'a>> {
    read.iter().map(|(place, document)| (*place, Prepared::new(document.text.as_str()))).collect()
}

/// The files to keep: documents, and the texts extracted from them; but none that was erased.
pub(super) fn kept(read: Read<'_>, index: &Index) -> Documents {
    let mut files = BTreeMap::new();
    for document in read.into_values() {
        let Some(address) = document.kept.address().filter(|address| index.erased(address).is_none()) else { continue };
        let file = ToKeep { bytes: document.bytes.to_vec(), salt: document.salt };
        files.insert(address.as_str().to_owned(), file);
        if let (Some(extracted), DocumentText::Extracted(text)) = (&document.kept.text, document.text) {
            files.insert(extracted.b3.as_str().to_owned(), ToKeep { bytes: text.into_bytes(), salt: None });
        }
    }
    files
}

/// Puts the evidence into the announcement: each source with each of its quotes, and where it stands.
pub(super) fn admit(
    position: usize,
    draft: &Draft,
    announcement: &mut Announcement,
    at_hand: &AtHand<'_>,
    findings: &mut Vec<Finding>,
) {
    let found = place_quotes(position, &draft.sources, &draft.quotes, at_hand, findings);
    check_days(position, &draft.sources, at_hand.recorded, findings);
    let unsaid = announcement.no_evidence.is_none() && needs_evidence(&announcement.body);
    if draft.sources.is_empty() && unsaid {
        findings.push(unsupported(position));
    }
    for (index, (source, quotes)) in draft.sources.iter().zip(found).enumerate() {
        let mut source_kept = source.source.clone();
        text::admit_source(position, &format!("source[{index}]"), &mut source_kept, findings);
        let document = source.document.as_ref().and_then(|document| at_hand.documents.get(&place(document)));
        source_kept.document = document.map(|document| Box::new(document.kept.clone()));
        let is_personal = document.is_some_and(|document| document.salt.is_some());
        let source_kept = Arc::new(source_kept);
        if quotes.is_empty() {
            announcement.evidence.push(Evidence { source: source_kept, quote: None, at: None });
        } else {
            announcement.evidence.extend(quotes.into_iter().map(|(quote, at)| Evidence {
                source: Arc::clone(&source_kept),
                // What a personal document says is recorded nowhere: where it says it is enough.
                quote: Some(quote).filter(|_| !is_personal),
                at: Some(at),
            }));
        }
    }
}

/// Checks the evidence of a fragment.
pub(super) fn check(position: usize, fragment: &Fragment, at_hand: &AtHand<'_>, findings: &mut Vec<Finding>) {
    if fragment.unsupported {
        findings.push(unsupported(position));
    }
    place_quotes(position, &fragment.sources, &fragment.quotes, at_hand, findings);
    check_days(position, &fragment.sources, at_hand.recorded, findings);
}

/// A source is published, and retrieved, before something is recorded that rests on it; a day of grace is for time zones.
fn check_days(position: usize, sources: &[DraftSource], recorded: Option<Timestamp>, findings: &mut Vec<Finding>) {
    let Some(recorded) = recorded else { return };
    let latest = recorded.day().next();
    for (index, source) in sources.iter().enumerate() {
        let days = [("published", &source.source.published), ("retrieved", &source.source.retrieved)];
        for (key, date) in days {
            let Some(date) = date.as_ref().filter(|date| !date.window().possibly_by(latest)) else { continue };
            let message = format!("the source was {key} on {date}, and by the clock it is {}", recorded.day());
            let hint = "a source is there before what rests on it is recorded: is the date right, and is the clock?";
            let field = format!("source[{index}].{key}");
            findings.push(Finding::new(position, field, Code::SourceAhead, message).hint(hint));
        }
    }
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
    at_hand: &AtHand<'_>,
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
        match place_quote(&words, quote.source, sources, at_hand) {
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
    at_hand: &AtHand<'_>,
) -> Result<(usize, (u64, u64)), Misplaced> {
    let mut misplaced = Misplaced::NoDocument;
    let asked = |(index, _): &(usize, &DraftSource)| source.is_none_or(|only| only == *index);
    for (index, own) in sources.iter().enumerate().filter(asked) {
        let Some(document) = &own.document else { continue };
        let place = place(document);
        let (Some(prepared), Some(read)) = (at_hand.prepared.get(&place), at_hand.documents.get(&place)) else {
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
