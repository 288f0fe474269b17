//! Evidence: at least one source for what is told of the world, its document kept, each quote found in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::announcement::Announcement;
use crate::domain::date::Date;
use crate::domain::source::{Document, Evidence, ExtractedText, Source};
use crate::domain::text::TextKind;
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::{Events, Recorded};
use crate::evidence::encoding::Encoding;
use crate::evidence::extract::{self, DocumentText, MediaType};
use crate::evidence::nearest::nearest;
use crate::evidence::quote::Prepared;
use crate::integrity::digest::{Salt, document_hash};
use crate::ledger::admission::draft::{Batch, Draft, DraftDocument, DraftQuote, DraftSource, Fragment, Privacy};
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::admission::personal::{self, Salts};
use crate::ledger::admission::unkept::{Look, Refused};
use crate::ledger::admission::{Documents, ToKeep, encodings, needs_evidence, text};
use crate::ledger::state::registry::Registry;

/// The most bytes, the quotes of a batch times a document, for which a quote that is not found is looked for in other encodings.
const MAX_TRIED_BYTES: usize = 2 << 20;

/// How many documents of a batch that say no encoding are read in others for the hint.
const LOOKED_INTO: usize = 8;

/// The documents of a batch, each read once, by the place of its bytes in memory, whether it is personal, and the encoding that
/// is said of it.
pub(super) type Read<'a> = HashMap<Place, ReadDocument<'a>>;

/// A document with its text.
pub(super) struct ReadDocument<'a> {
    bytes: &'a Arc<[u8]>,
    text: DocumentText<'a>,
    kept: Document,
    /// Of a personal one.
    salt: Option<Salt>,
}

pub(super) type Place = (usize, bool, Option<Encoding>);

/// What evidence is held against.
pub(super) struct AtHand<'a> {
    pub(super) documents: &'a Read<'a>,
    pub(super) prepared: &'a HashMap<Place, Prepared<'a>>,
    /// When it would be recorded, if that is known.
    pub(super) recorded: Option<Timestamp>,
    /// How many quotes the batch has.
    pub(super) quotes: usize,
}

pub(super) fn place(document: &DraftDocument) -> Place {
    let bytes = Arc::as_ptr(&document.bytes).cast::<u8>() as usize;
    (bytes, document.privacy != Privacy::Public, document.encoding)
}

/// Reads every document of the batch, and tells of those that cannot be read or are not the one expected.
pub(super) fn read<'a>(
    batch: &'a Batch,
    ledger: (Events<'_>, &Registry<'_>),
    salts: &mut Salts,
    findings: &mut Vec<Finding>,
) -> Read<'a> {
    let (mut read, mut refused_before) = (Read::new(), HashMap::new());
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
                        let look = if refused_before.len() < LOOKED_INTO { Look::Closely } else { Look::Over };
                        let told = refused_before.entry(place).or_insert_with(|| refused.told(batch, document, look));
                        findings.push(told.finding(position, field));
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

/// What is quoted from a document.
pub(super) fn quotes_of(batch: &Batch, document: Place) -> Vec<&str> {
    let is_in = |source: &DraftSource| source.document.as_ref().is_some_and(|named| place(named) == document);
    let drafts = batch.drafts.iter().map(|draft| (&draft.sources, &draft.quotes));
    let fragments = batch.fragments.iter().map(|fragment| (&fragment.sources, &fragment.quotes));
    let in_it = drafts.chain(fragments).filter(|(sources, _)| sources.iter().any(is_in));
    in_it.flat_map(|(_, quotes)| quotes).map(|quote| quote.text.as_str()).collect()
}

fn read_one<'a>(
    document: &'a DraftDocument,
    ledger: (Events<'_>, &Registry<'_>),
    salts: &Salts,
) -> Result<ReadDocument<'a>, Refused> {
    if document.privacy != Privacy::Public && !document.media.is_plain() {
        return Err(Refused::NotPlain(document.media));
    }
    let text = extract::text_of(document.media, &document.bytes, document.encoding).map_err(Refused::Unreadable)?;
    if document.privacy != Privacy::Public && matches!(text, DocumentText::Extracted(_)) {
        return Err(Refused::NotUtf8);
    }
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
fn known_as_personal(bytes: &[u8], index: &Registry<'_>, salts: &Salts) -> Option<u64> {
    let of_len = index.personal().any(|(_, _, len)| len == bytes.len() as u64);
    let (commit, _) = of_len.then(|| salts.find(bytes, index))??;
    index.personal().find(|(known, ..)| **known == commit).map(|(_, seq, _)| seq)
}

/// The event that names these bytes by their plain hash, as a document or as the text of one.
fn known_by_hash(bytes: &[u8], events: Events<'_>) -> Option<u64> {
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
pub(super) fn kept(read: Read<'_>, index: &Registry<'_>) -> Documents {
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

/// The days of a source on which something that rests on it was certainly not recorded yet, with their keys: it is published,
/// and retrieved, before; a day of grace is for time zones.
pub fn days_after(source: &Source, recorded: Timestamp) -> impl Iterator<Item = (&'static str, &Date)> {
    let latest = recorded.day().next();
    let days = [("published", &source.published), ("retrieved", &source.retrieved)];
    let days = days.into_iter().filter_map(|(key, date)| Some((key, date.as_ref()?)));
    days.filter(move |(_, date)| !date.window().possibly_by(latest))
}

fn check_days(position: usize, sources: &[DraftSource], recorded: Option<Timestamp>, findings: &mut Vec<Finding>) {
    let Some(recorded) = recorded else { return };
    for (index, source) in sources.iter().enumerate() {
        for (key, date) in days_after(&source.source, recorded) {
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
    /// Its document has no text.
    NoText(MediaType),
    /// It stands in the document as another encoding would have it.
    Otherwise(Vec<Encoding>),
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
            Misplaced::Otherwise(encodings) => Misplaced::Otherwise(encodings),
            _ => nowhere(words, document, read, at_hand),
        };
    }
    Err(misplaced)
}

/// What is to be said of a quote that a document does not have.
fn nowhere(words: &str, document: &DraftDocument, read: &ReadDocument<'_>, at_hand: &AtHand<'_>) -> Misplaced {
    let text = read.text.as_str();
    if text.trim().is_empty() {
        return Misplaced::NoText(document.media);
    }
    let is_tried = document.bytes.len().saturating_mul(at_hand.quotes) <= MAX_TRIED_BYTES;
    let encodings = if is_tried { encodings::with_quote(document, words) } else { Vec::new() };
    if encodings.is_empty() { Misplaced::Nowhere(nearest(text, words)) } else { Misplaced::Otherwise(encodings) }
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
            Self::NoText(media) => (
                Code::QuoteNotFound,
                format!("the quote “{}” does not stand in the document, which has no text at all", shortened(words)),
                without_text(media).to_owned(),
            ),
            Self::Otherwise(encodings) => (
                Code::QuoteNotFound,
                format!("the quote “{}” does not stand in the document as it is read", shortened(words)),
                encodings::said_as(&encodings),
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

/// What to do about a document that has no text.
fn without_text(media: MediaType) -> &'static str {
    match media {
        MediaType::Pdf => {
            "it may be scanned, pictures of pages, or damaged: have the text recognised or type it off, keep that as .txt, \
             and name it as the document"
        }
        MediaType::Html => {
            "its text may be written by scripts: keep the page as a browser saves it, or its text as .txt, and name that as \
             the document"
        }
        MediaType::Text | MediaType::Markdown => "it is empty: is it the file that is meant?",
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
