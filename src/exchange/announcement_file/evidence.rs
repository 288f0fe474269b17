//! The keys `source`, `quote` and `evidence`, of an announcement or of the top of a file.

use std::ops::Range;

use serde_json::Value;

use crate::domain::shape::Field;
use crate::domain::source::{Address, Source};
use crate::evidence::encoding::Encoding;
use crate::evidence::extract::MediaType;
use crate::exchange::announcement_file::decode::{Decoder, FieldPlaces};
use crate::exchange::announcement_file::documents::DocumentFolder;
use crate::exchange::announcement_file::find;
use crate::exchange::fields::PERSONAL;
use crate::exchange::tree::{self, Entry, Node};
use crate::ledger::admission::finding::Code;
use crate::ledger::{DraftDocument, DraftQuote, DraftSource, Privacy};

/// Sources and quotes, with their places.
#[derive(Debug, Default, Clone)]
pub(super) struct EvidenceAt {
    pub(super) sources: Vec<(DraftSource, FieldPlaces)>,
    pub(super) quotes: Vec<(DraftQuote, Range<usize>)>,
    pub(super) none: Option<(String, Range<usize>)>,
    /// A source could not be read, which was told; what rests on it is not told again.
    pub(super) unread: bool,
}

impl EvidenceAt {
    /// What an announcement brings itself, else what stands at the top; its own quotes are found in the top's sources.
    pub(super) fn or(mut self, top: &Self) -> Self {
        if self.sources.is_empty() && self.none.is_none() {
            self.sources.clone_from(&top.sources);
            self.none.clone_from(&top.none);
            self.unread |= top.unread;
            if self.quotes.is_empty() {
                self.quotes.clone_from(&top.quotes);
            }
        }
        self
    }

    /// The places of all of it, by the names that admission uses.
    pub(super) fn places(&self) -> FieldPlaces {
        let mut places = FieldPlaces::new();
        for (index, (_, own)) in self.sources.iter().enumerate() {
            places.extend(own.iter().map(|(field, span)| (format!("source[{index}]{field}"), span.clone())));
        }
        for (index, (_, span)) in self.quotes.iter().enumerate() {
            places.insert(format!("quote[{index}]"), span.clone());
        }
        if let Some((_, span)) = &self.none {
            places.insert("evidence.none".to_owned(), span.clone());
        }
        places
    }
}

/// Reads `source` with `quote`, or `evidence`.
pub(super) fn read(entries: &[Entry], decoder: &mut Decoder, documents: &mut DocumentFolder<'_>) -> EvidenceAt {
    let before = decoder.count();
    let evidence = read_keys(entries, decoder, documents);
    EvidenceAt { unread: decoder.count() > before, ..evidence }
}

fn read_keys(entries: &[Entry], decoder: &mut Decoder, documents: &mut DocumentFolder<'_>) -> EvidenceAt {
    let mut evidence = EvidenceAt::default();
    if let Some(node) = find(entries, "source") {
        for node in one_or_more(node) {
            evidence.sources.extend(source(node, decoder, documents));
        }
    }
    if let Some(node) = find(entries, "quote") {
        quotes(node, None, decoder, &mut evidence);
    }
    let Some(node) = find(entries, "evidence") else { return evidence };
    if let Some(other) = find(entries, "source").or(find(entries, "quote")) {
        let message = "`evidence` stands beside `source` or `quote`".to_owned();
        decoder.say(other.span.clone(), Code::Combination, message, "put the source and the quote into `evidence`");
    }
    for node in one_or_more(node) {
        item(node, decoder, documents, &mut evidence);
    }
    evidence
}

/// One `{source, quote}`, or `{none: reason}`.
fn item(node: &Node, decoder: &mut Decoder, documents: &mut DocumentFolder<'_>, evidence: &mut EvidenceAt) {
    let Some(entries) = decoder.map(node, "`evidence`") else { return };
    decoder.only(entries, &["source", "quote", "none"], "in `evidence`");
    if let Some(reason) = find(entries, "none") {
        evidence.none = decoder.text(reason, "none").map(|text| (text, reason.span.clone()));
        if entries.len() > 1 {
            let message = "`none` stands beside a source".to_owned();
            decoder.say(reason.span.clone(), Code::Combination, message, "keep one of them");
        }
        return;
    }
    let Some(found) = find(entries, "source") else {
        let hint = "evidence: [{ source: { publisher: …, grade: … }, quote: … }]";
        decoder.say(node.span.clone(), Code::MissingKey, "`source` is missing".to_owned(), hint);
        return;
    };
    let Some(found) = source(found, decoder, documents) else { return };
    let index = evidence.sources.len();
    evidence.sources.push(found);
    if let Some(node) = find(entries, "quote") {
        quotes(node, Some(index), decoder, evidence);
    }
}

fn quotes(node: &Node, source: Option<usize>, decoder: &mut Decoder, evidence: &mut EvidenceAt) {
    for node in one_or_more(node) {
        if let Some(text) = decoder.text(node, "quote") {
            evidence.quotes.push((DraftQuote { text, source }, node.span.clone()));
        }
    }
}

fn source(
    node: &Node,
    decoder: &mut Decoder,
    documents: &mut DocumentFolder<'_>,
) -> Option<(DraftSource, FieldPlaces)> {
    let entries = decoder.map(node, "a source")?;
    let known: Vec<&str> = Source::RECORD.fields.iter().map(Field::name).chain([PERSONAL.name]).collect();
    let meant = decoder.only(entries, &known, "in a source");
    let mut places = FieldPlaces::new();
    let map = decoder.fields(&Source::RECORD, (entries, &meant), &node.span, "", &mut places);
    let privacy = privacy(entries, decoder)?;
    let document = match find(entries, "document") {
        Some(node) => Some(DraftDocument { privacy, ..document(node, decoder, documents)? }),
        None => None,
    };
    let mut places: FieldPlaces = places.into_iter().map(|(field, span)| (format!(".{field}"), span)).collect();
    places.insert(String::new(), node.span.clone());
    // A source that does not decode was told of, field by field.
    let source = serde_json::from_value(Value::Object(map)).ok()?;
    Some((DraftSource { source, document }, places))
}

/// Whether the document is personal, of which only a source with a document can speak.
fn privacy(entries: &[Entry], decoder: &mut Decoder) -> Option<Privacy> {
    let Some(node) = find(entries, PERSONAL.name) else { return Some(Privacy::Public) };
    let is_personal = decoder.parsed_word::<bool>(node, ["true", "false"].into_iter(), PERSONAL.name)?;
    if is_personal && find(entries, "document").is_none() {
        let message = "`personal` is said of a document, and this source has none".to_owned();
        decoder.say(node.span.clone(), Code::Combination, message, "keep the document: `document: sources/NAME.txt`");
        return None;
    }
    Some(if is_personal { Privacy::Personal { salt: None } } else { Privacy::Public })
}

/// The way to a document, or `{path, b3, encoding}` where its hash or the encoding of its text is given.
fn document(node: &Node, decoder: &mut Decoder, documents: &mut DocumentFolder<'_>) -> Option<DraftDocument> {
    let (path, expected, encoding) = match &node.value {
        tree::Value::Map(entries) => {
            decoder.only(entries, &["path", "b3", "encoding"], "in a document");
            let Some(path) = find(entries, "path") else {
                let hint = "document: { path: sources/NAME.md, b3: HASH }";
                decoder.say(node.span.clone(), Code::MissingKey, "`path` is missing".to_owned(), hint);
                return None;
            };
            (path, find(entries, "b3"), find(entries, "encoding"))
        }
        _ => (node, None, None),
    };
    let expected = match expected {
        Some(node) => Some(address(node, decoder)?),
        None => None,
    };
    let said = match encoding {
        Some(node) => Some(named_encoding(node, decoder)?),
        None => None,
    };
    let text = decoder.text(path, "document")?;
    match documents.get(&text) {
        Ok((MediaType::Pdf, _)) if said.is_some() => {
            let message = "`encoding` stands beside a PDF, which says itself what its letters are".to_owned();
            decoder.say(path.span.clone(), Code::Combination, message, "leave it out");
            None
        }
        Ok((media, bytes)) => Some(DraftDocument { media, bytes, encoding: said, expected, privacy: Privacy::Public }),
        Err(refusal) => {
            decoder.say(path.span.clone(), Code::Unreadable, refusal.message, refusal.hint);
            None
        }
    }
}

fn named_encoding(node: &Node, decoder: &mut Decoder) -> Option<Encoding> {
    let name = decoder.text(node, "encoding")?;
    let known = Encoding::named(&name);
    if known.is_none() {
        let message = format!("`{name}` is no encoding that can be read");
        let hint = "names are those of web pages: utf-8, windows-1251, iso-8859-1, gb18030, big5, shift_jis, euc-kr, utf-16le, …";
        decoder.say(node.span.clone(), Code::UnknownWord, message, hint);
    }
    known
}

fn address(node: &Node, decoder: &mut Decoder) -> Option<Address> {
    let text = decoder.text(node, "b3")?;
    Address::try_from(text)
        .map_err(|message| decoder.say(node.span.clone(), Code::NotId, message, "`b3sum FILE` prints it"))
        .ok()
}

/// A node, or the items of it where it is a list.
fn one_or_more(node: &Node) -> &[Node] {
    match &node.value {
        tree::Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}
