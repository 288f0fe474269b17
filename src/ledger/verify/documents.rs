//! The files that events name, and whether quotes stand in them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::source::{Address, Evidence};
use crate::evidence::quote::holds;
use crate::ledger::documents::inventory::{DocumentState, Inventory, NamedBy};
use crate::ledger::documents::reader::DocumentReader;
use crate::ledger::verify::{Fault, Layer, LayerReport, not_checked, report, report_of};

/// The most bytes of texts that are kept at hand.
const MAX_TEXT_BYTES: usize = 48 << 20;

/// Whose documents are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The ledger's own: all must be there.
    Ledgers,
    /// Those that were published with a log: never personal ones.
    Published,
}

/// The documents that were looked at.
pub(super) struct Kept {
    looked_at: usize,
    erased: BTreeMap<u64, usize>,
    personal_elsewhere: usize,
    faults: Vec<Fault>,
    out_of_reach: Vec<String>,
    /// How many are what they should be.
    good: usize,
}

impl Kept {
    pub(super) fn look(shelf: &DocumentReader, holdings: &Inventory, whose: Whose) -> Self {
        let mut kept = Self {
            looked_at: 0,
            erased: BTreeMap::new(),
            personal_elsewhere: 0,
            faults: Vec::new(),
            out_of_reach: Vec::new(),
            good: 0,
        };
        for (address, named) in holdings.files() {
            if whose == Whose::Published && named.by == NamedBy::Commitment {
                kept.personal_elsewhere += 1;
                continue;
            }
            kept.looked_at += 1;
            let state = holdings.look(shelf, address, named);
            if let DocumentState::OutOfReach(_) = &state {
                kept.out_of_reach.extend(state.fault(address));
                continue;
            }
            kept.faults.extend(fault(address, named.seq, &state));
            match state {
                DocumentState::Kept => kept.good += 1,
                DocumentState::Erased(by) => *kept.erased.entry(by).or_default() += 1,
                DocumentState::NotDeleted(_)
                | DocumentState::Missing(_)
                | DocumentState::Altered(_)
                | DocumentState::Unreadable(_)
                | DocumentState::OutOfReach(_) => {}
            }
        }
        kept
    }

    /// Takes what does not hold of documents that were looked at elsewhere.
    pub(super) fn add(&mut self, faults: Vec<Fault>) {
        self.looked_at += faults.len();
        self.faults.extend(faults);
    }

    pub(super) fn report(self) -> LayerReport {
        if self.looked_at == 0 && self.personal_elsewhere == 0 {
            return not_checked(Layer::Documents, "no event names one");
        }
        if self.looked_at == 0 {
            return not_checked(Layer::Documents, "all of them are personal, and never published");
        }
        let erased = self.erased.iter().map(|(by, number)| format!(", {number} erased by event {by}"));
        let mut covered = format!("{} of {} files{}", self.good, self.looked_at, erased.collect::<String>());
        if self.personal_elsewhere > 0 {
            covered += &format!("; {} personal ones are never published", self.personal_elsewhere);
        }
        report_of(Layer::Documents, self.faults, self.out_of_reach, covered)
    }
}

/// What does not hold of a file that an event names.
pub(super) fn fault(address: &str, named_by: u64, state: &DocumentState) -> Option<Fault> {
    // Who said that it was erased is to be asked, not who named it.
    let seq = if let DocumentState::NotDeleted(by) = state { *by } else { named_by };
    state.fault(address).map(|what| Fault { seq, what })
}

/// Texts that quotes are looked up in: as many at hand as there is room for.
pub(super) struct Texts {
    shelf: DocumentReader,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// None, where the file is missing, altered or no text.
    texts: HashMap<String, Option<Arc<str>>>,
    bytes: usize,
}

impl Held {
    /// Has one more text at hand, alone if there is no room for it beside the others.
    fn hold(&mut self, address: &str, text: Option<Arc<str>>) {
        let len = text.as_ref().map_or(0, |text| text.len());
        if self.bytes + len > MAX_TEXT_BYTES {
            *self = Self::default();
        }
        self.bytes += len;
        self.texts.insert(address.to_owned(), text);
    }
}

impl Texts {
    pub(super) fn new(shelf: DocumentReader) -> Self {
        Self { shelf, held: Mutex::default() }
    }

    fn text(&self, address: &str) -> Option<Arc<str>> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held().texts.get(address) {
            return known.clone();
        }
        let text: Option<Arc<str>> = self.shelf.document_text(address).ok().map(Into::into);
        held().hold(address, text.clone());
        text
    }

    /// What came of looking for the quotes of an event.
    pub(super) fn look_up(&self, evidence: &[Evidence]) -> Vec<Quoted> {
        evidence.iter().filter_map(|evidence| self.look_up_one(evidence)).collect()
    }

    /// Looks for a quote, or, where only its place is recorded, for a passage at that place; nothing, if neither is.
    pub(super) fn look_up_one(&self, evidence: &Evidence) -> Option<Quoted> {
        if evidence.quote.is_none() && evidence.at.is_none() {
            return None;
        }
        let address = evidence.source.document.as_ref().and_then(|document| document.text_address());
        let Some(address) = address.map(Address::as_str) else { return Some(Quoted::WithoutDocument) };
        let address = || address.to_owned();
        let Some(text) = self.text(&address()) else { return Some(Quoted::Unseen { address: address() }) };
        let at = evidence.at.and_then(|(start, end)| Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?));
        let stands = match &evidence.quote {
            Some(quote) => at.is_some_and(|at| holds(&text, at, quote)),
            None => at.is_some_and(|at| is_passage(&text, at)),
        };
        Some(if stands { Quoted::Stands } else { Quoted::StandsNot { address: address() } })
    }
}

/// Whether something that can be read stands there. What a personal document says is recorded nowhere else, so that the
/// place is all there is to check.
fn is_passage(text: &str, at: Range<usize>) -> bool {
    text.get(at).is_some_and(|passage| !passage.trim().is_empty())
}

/// What came of looking for a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Quoted {
    Stands,
    /// It is not at its place.
    StandsNot {
        /// In which text.
        address: String,
    },
    /// The text is missing, altered or erased, of which the layer `documents` tells.
    Unseen {
        /// Which text.
        address: String,
    },
    /// There is none to look in.
    WithoutDocument,
}

impl Quoted {
    /// What does not hold; nothing, if it stands there or cannot be looked for.
    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::Stands | Self::Unseen { .. } => None,
            Self::StandsNot { address } => Some(format!("a quote does not stand at its place in document {address}")),
            Self::WithoutDocument => Some("a quote has no document to stand in".to_owned()),
        }
    }
}

/// Whether quotes stand where they were found.
#[derive(Default)]
pub(super) struct Quotes {
    number: usize,
    /// By the text in which they could not be looked for: it is known only at the end what was erased.
    unseen: BTreeMap<String, usize>,
    faults: Vec<Fault>,
}

impl Quotes {
    pub(super) fn take(&mut self, seq: u64, quoted: Quoted) {
        self.number += 1;
        self.faults.extend(quoted.fault().map(|what| Fault { seq, what }));
        if let Quoted::Unseen { address } = quoted {
            *self.unseen.entry(address).or_default() += 1;
        }
    }

    pub(super) fn report(self, holdings: &Inventory) -> LayerReport {
        if self.number == 0 {
            return not_checked(Layer::Evidence, "no event has a quote");
        }
        let is_erased = |(address, _): &(&String, &usize)| holdings.erased_by(address).is_some();
        let erased: usize = self.unseen.iter().filter(is_erased).map(|(_, number)| number).sum();
        let others = self.unseen.values().sum::<usize>() - erased;
        match self.number - erased - others {
            0 if others == 0 => not_checked(Layer::Evidence, "the documents of all quotes are erased"),
            0 => not_checked(Layer::Evidence, "the documents of all quotes are missing, altered or erased"),
            checked => {
                let of = if erased + others > 0 { format!(" of {}", self.number) } else { String::new() };
                let mut covered = format!("{checked}{of} quotes");
                if erased > 0 {
                    covered += &format!("; {erased} not checked: erased");
                }
                if others > 0 {
                    covered += &format!("; {others} not checked: their documents are missing or altered");
                }
                report(Layer::Evidence, self.faults, covered)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_texts_are_at_hand_as_there_is_room_for() {
        let mut held = Held::default();
        let text: Arc<str> = "a".repeat(16 << 20).into();
        for (number, at_hand) in [1, 2, 3, 1, 2, 3, 1].into_iter().enumerate() {
            held.hold(&number.to_string(), Some(text.clone()));
            assert_eq!((held.texts.len(), held.bytes), (at_hand, at_hand * text.len()));
        }
        // That there is none takes no room.
        held.hold("none", None);
        assert_eq!((held.texts.len(), held.bytes), (2, text.len()));
    }
}
