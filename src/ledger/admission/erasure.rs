//! Erasure: what was erased on somebody's authority does not come back by being announced again, and is not erased twice.

use std::sync::Arc;

use crate::domain::announcement::{Announcement, Body};
use crate::event::snapshot::Events;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::documents::inventory::Inventory;
use crate::ledger::state::registry::Registry;

/// Checks a new announcement against what was erased.
pub(super) fn check(
    position: usize,
    announcement: &Announcement,
    (events, index): (Events<'_>, &Registry<'_>),
    findings: &mut Vec<Finding>,
) {
    let mut source = 0;
    let mut before = None;
    for evidence in &announcement.evidence {
        // Each source stands once for each of its quotes, one after the other.
        if let Some(before) = before.replace(&evidence.source) {
            if Arc::ptr_eq(before, &evidence.source) {
                continue;
            }
            source += 1;
        }
        let address = evidence.source.document.as_ref().and_then(|document| document.address());
        if let Some(by) = address.and_then(|address| index.erased(address)) {
            let message = format!("this document was erased by event {by}, and is not kept again");
            let hint = format!("`servanda show {by}` says on whose authority; rest the announcement on another source");
            let field = format!("source[{source}].document");
            findings.push(Finding::new(position, field, Code::Erased, message).hint(hint));
        }
    }
    let Body::Erasure(erasure) = &announcement.body else { return };
    let holdings = Inventory::of(events.iter());
    for (place, document) in erasure.documents.iter().enumerate() {
        let field = format!("documents[{place}]");
        if let Some(by) = index.erased(document) {
            let message = format!("document {} was erased by event {by}", document.as_str());
            let hint = "leave it out; `servanda source erase` finishes a deletion that was cut short";
            findings.push(Finding::new(position, field, Code::Erased, message).hint(hint));
        } else if !holdings.has_document(document.as_str()) {
            let message = format!("no event names a document {}", document.as_str());
            let hint = "`servanda source list` shows the addresses; the text of a document goes with it";
            findings.push(Finding::new(position, field, Code::UnknownReference, message).hint(hint));
        }
    }
}
