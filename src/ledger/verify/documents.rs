//! The files that events name, and whether quotes stand in them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::source::{Address, Document, Evidence};
use crate::evidence::quote::holds;
use crate::integrity::digest::document_hash;
use crate::ledger::shelf::Shelf;
use crate::ledger::verify::{Fault, Layer, LayerReport, not_checked, report};

/// The most bytes of texts that are kept at hand.
const MAX_TEXT_BYTES: usize = 48 << 20;

/// A file that an event names.
pub(in crate::ledger) struct Named {
    /// The first event that names it.
    pub(super) seq: u64,
    pub(in crate::ledger) len: u64,
    /// The document that it is, or whose text it is: erased together.
    pub(super) document: String,
}

/// The files that a document stands for, with their lengths: itself, and the text extracted from it.
pub(super) fn files_of(document: &Document) -> Vec<(String, u64)> {
    let own = document.address().map(|address| (address.as_str().to_owned(), document.len));
    let text = document.text.as_ref().map(|text| (text.b3.as_str().to_owned(), text.len));
    own.into_iter().chain(text).collect()
}

/// The documents that were looked at.
pub(super) struct Kept {
    looked_at: usize,
    erased: usize,
    faults: Vec<Fault>,
    /// How many are what they should be.
    good: usize,
}

impl Kept {
    pub(super) fn look(shelf: &Shelf, named: &BTreeMap<String, Named>, erased: &BTreeMap<String, u64>) -> Self {
        let mut kept = Self { looked_at: named.len(), erased: 0, faults: Vec::new(), good: 0 };
        for (address, Named { seq, len, document }) in named {
            let fault = match shelf.document(address) {
                Ok(Some(bytes)) if bytes.len() as u64 != *len => {
                    Some(format!("document {address} has {} bytes, not {len}", bytes.len()))
                }
                Ok(Some(bytes)) if document_hash(&bytes).to_string() != *address => {
                    Some(format!("document {address} hashes to {}", document_hash(&bytes)))
                }
                Ok(Some(_)) => {
                    kept.good += 1;
                    None
                }
                Ok(None) if erased.contains_key(document) => {
                    kept.erased += 1;
                    None
                }
                Ok(None) => Some(format!("document {address} is MISSING")),
                Err(error) => Some(format!("document {address}: {error}")),
            };
            if let Some(what) = fault {
                kept.faults.push(Fault { seq: *seq, what });
            }
        }
        kept
    }

    pub(super) fn report(self) -> LayerReport {
        if self.looked_at == 0 {
            return not_checked(Layer::Documents, "no event names one");
        }
        let erased = if self.erased > 0 { format!(", {} erased as events say", self.erased) } else { String::new() };
        let covered = format!("{} of {} files{erased}", self.good, self.looked_at);
        report(Layer::Documents, self.faults, covered)
    }
}

/// Texts that quotes are looked up in: as many at hand as there is room for.
pub(super) struct Texts {
    shelf: Shelf,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// None, where the file is missing, altered or no text.
    texts: HashMap<String, Option<Arc<str>>>,
    bytes: usize,
}

impl Texts {
    pub(super) fn new(shelf: Shelf) -> Self {
        Self { shelf, held: Mutex::default() }
    }

    fn text(&self, address: &str) -> Option<Arc<str>> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held().texts.get(address) {
            return known.clone();
        }
        let text: Option<Arc<str>> = self.shelf.document_text(address).ok().map(Into::into);
        let mut held = held();
        let len = text.as_ref().map_or(0, |text| text.len());
        if held.bytes + len > MAX_TEXT_BYTES {
            *held = Held::default();
        }
        held.bytes += len;
        held.texts.insert(address.to_owned(), text.clone());
        text
    }

    /// What came of looking for the quotes of an event.
    pub(super) fn look_up(&self, evidence: &[Evidence]) -> Vec<Quoted> {
        evidence.iter().filter_map(|evidence| self.look_up_one(evidence)).collect()
    }

    fn look_up_one(&self, evidence: &Evidence) -> Option<Quoted> {
        let quote = evidence.quote.as_ref()?;
        let Some(document) = &evidence.source.document else { return Some(Quoted::WithoutDocument) };
        let Some(address) = document.text_address().map(Address::as_str) else { return Some(Quoted::Unseen) };
        let Some(text) = self.text(address) else { return Some(Quoted::Unseen) };
        let at = evidence.at.and_then(|(start, end)| Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?));
        let stands = at.is_some_and(|at| holds(&text, at, quote));
        Some(if stands { Quoted::Stands } else { Quoted::StandsNot { address: address.to_owned() } })
    }
}

/// What came of looking for a quote.
pub(super) enum Quoted {
    Stands,
    /// It is not at its place.
    StandsNot {
        /// In which document.
        address: String,
    },
    /// The document is missing, altered or erased, of which the layer `documents` tells.
    Unseen,
    /// There is none to look in.
    WithoutDocument,
}

/// Whether quotes stand where they were found.
#[derive(Default)]
pub(super) struct Quotes {
    number: usize,
    unseen: usize,
    faults: Vec<Fault>,
}

impl Quotes {
    pub(super) fn take(&mut self, seq: u64, quoted: Quoted) {
        self.number += 1;
        let what = match quoted {
            Quoted::Stands => return,
            Quoted::Unseen => {
                self.unseen += 1;
                return;
            }
            Quoted::StandsNot { address } => format!("a quote does not stand at its place in document {address}"),
            Quoted::WithoutDocument => "a quote has no document to stand in".to_owned(),
        };
        self.faults.push(Fault { seq, what });
    }

    pub(super) fn report(self) -> LayerReport {
        if self.number == 0 {
            return not_checked(Layer::Evidence, "no event has a quote");
        }
        if self.unseen == self.number {
            return not_checked(Layer::Evidence, "the documents of all quotes are missing, altered or erased");
        }
        let covered = match self.unseen {
            0 => format!("{} quotes", self.number),
            unseen => format!(
                "{} of {} quotes; the documents of the others are missing, altered or erased",
                self.number - unseen,
                self.number
            ),
        };
        report(Layer::Evidence, self.faults, covered)
    }
}
