//! Documents and quotes alone, by the same code as the layers `documents` and `evidence`, without the rest of `verify`.

use std::collections::BTreeSet;

use crate::domain::source::Address;
use crate::event::snapshot::Recorded;
use crate::ledger::documents::inventory::{DocumentState, Inventory};
use crate::ledger::documents::reader::DocumentReader;
use crate::ledger::verify::Fault;
use crate::ledger::verify::documents::{Quoted, Texts, fault};

/// What came of one document.
#[derive(Debug, Clone)]
pub struct CheckedDocument {
    /// Its address.
    pub address: String,
    /// In what state it is, or the text that was extracted from it: the worse of both.
    pub state: DocumentState,
    /// The first event that names it.
    pub event: u64,
    /// Quotes, or places of passages, that events take from it.
    pub quotes: usize,
    /// How many of them were looked for and found.
    pub found: usize,
    /// What does not hold: of the files by the event that names or erased them, of quotes by theirs.
    pub faults: Vec<Fault>,
}

/// Checks documents that events name, all of them or those of some addresses, and the quotes in them.
pub fn check(events: &[Recorded], shelf: &DocumentReader, only: Option<&[String]>) -> Vec<CheckedDocument> {
    let holdings = Inventory::of(events);
    let texts = Texts::new(shelf.clone());
    let wanted = |address: &str| only.is_none_or(|only| only.iter().any(|one| one == address));
    let documents = holdings.files().filter(|(address, _)| holdings.has_document(address) && wanted(address));
    let mut checked: Vec<CheckedDocument> = documents
        .map(|(address, named)| {
            let state = holdings.look(shelf, address, named);
            let mut one = CheckedDocument {
                address: address.to_owned(),
                state: DocumentState::Kept,
                event: named.seq,
                quotes: 0,
                found: 0,
                faults: Vec::new(),
            };
            one.take(address, state);
            one
        })
        .collect();
    let mut looked_at: BTreeSet<(usize, &str)> = BTreeSet::new();
    for event in events {
        for evidence in &event.announcement.evidence {
            let Some(document) = evidence.source.document.as_deref() else { continue };
            let Some(own) = document.address().map(Address::as_str) else { continue };
            let Ok(place) = checked.binary_search_by(|one| one.address.as_str().cmp(own)) else { continue };
            let one = &mut checked[place];
            if let Some(text) = document.text.as_ref().map(|text| text.b3.as_str())
                && looked_at.insert((place, text))
                && let Some(named) = holdings.get(text)
            {
                one.take(text, holdings.look(shelf, text, named));
            }
            if let Some(quoted) = texts.look_up_one(evidence) {
                one.quotes += 1;
                one.found += usize::from(quoted == Quoted::Stands);
                one.faults.extend(quoted.fault().map(|what| Fault { seq: event.seq, what }));
            }
        }
    }
    checked.sort_by_key(|one| one.event);
    checked
}

impl CheckedDocument {
    fn take(&mut self, address: &str, state: DocumentState) {
        let fault = fault(address, self.event, &state);
        if fault.is_some() || self.state == DocumentState::Kept {
            self.state = state;
        }
        self.faults.extend(fault);
    }

    /// Whether everything that could be looked at holds.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}
