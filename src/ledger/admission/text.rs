//! Texts: what may be recorded, brought into the form in which it is recorded.

use serde_json::Value;

use crate::domain::announcement::{Announcement, Body};
use crate::domain::shape::{Shape, Shaped, for_each_leaf};
use crate::domain::source::{Address, Source};
use crate::domain::text::{self, Objection, TextFault, TextKind};
use crate::integrity::DocumentHash;
use crate::ledger::admission::draft::Fragment;
use crate::ledger::admission::finding::{Code, Finding};

/// Checks every text of the announcement, and puts its recorded form in its place.
pub(super) fn admit(draft: usize, announcement: &mut Announcement, findings: &mut Vec<Finding>) {
    if !is_plain(|visit| announcement.body.each_text(visit)) {
        admit_body(draft, &mut announcement.body, findings);
    }
    if let Some(note) = &mut announcement.note {
        one(draft, "note", note, TextKind::Prose, findings);
    }
    if let Some(reason) = &mut announcement.no_evidence {
        one(draft, "evidence.none", reason, TextKind::Prose, findings);
    }
    if let Some(source_ref) = &mut announcement.source_ref {
        one(draft, "source_ref", source_ref, TextKind::Name, findings);
    }
    for (field, words) in &mut announcement.wording {
        one(draft, &format!("wording.{field}"), words, TextKind::Prose, findings);
    }
}

/// Checks the texts of a fragment, as far as it could be read.
pub(super) fn check(position: usize, fragment: &Fragment, findings: &mut Vec<Finding>) {
    let Some((kind, body)) = &fragment.body else { return };
    for_each_leaf(kind.record(), &mut Value::Object(body.clone()), "", &mut |leaf| {
        if let (Shape::Text(kind), Value::String(text)) = (leaf.shape, &mut *leaf.value) {
            one(position, &leaf.path, text, kind, findings);
        }
    });
}

/// Whether all texts that are visited can be recorded as they are.
fn is_plain(each_text: impl FnOnce(&mut dyn FnMut(&str))) -> bool {
    let mut plain = true;
    each_text(&mut |text| plain &= text::is_plain(text));
    plain
}

fn admit_body(draft: usize, body: &mut Body, findings: &mut Vec<Finding>) {
    let kind = body.kind();
    let mut value = body.to_value();
    for_each_leaf(kind.record(), &mut value, "", &mut |leaf| {
        if let (Shape::Text(kind), Value::String(text)) = (leaf.shape, &mut *leaf.value) {
            one(draft, &leaf.path, text, kind, findings);
        }
    });
    if let Ok(admitted) = Body::read(kind, value) {
        *body = admitted;
    }
}

/// The texts of a source, likewise.
pub(super) fn admit_source(draft: usize, path: &str, source: &mut Source, findings: &mut Vec<Finding>) {
    if is_plain(|visit| source.each_text(visit)) {
        return;
    }
    let mut value = serde_json::to_value(&*source).unwrap_or(Value::Null);
    for_each_leaf(&Source::RECORD, &mut value, path, &mut |leaf| {
        if let (Shape::Text(kind), Value::String(text)) = (leaf.shape, &mut *leaf.value) {
            one(draft, &leaf.path, text, kind, findings);
        }
    });
    if let Ok(admitted) = serde_json::from_value(value) {
        *source = admitted;
    }
}

/// One text, likewise.
pub(super) fn one(draft: usize, field: &str, text: &mut String, kind: TextKind, findings: &mut Vec<Finding>) {
    if text::is_plain(text) {
        return;
    }
    let admitted = match text::admit(text, kind) {
        Ok(admitted) => admitted,
        Err(fault) => {
            findings.push(refused(draft, field, &fault));
            return;
        }
    };
    if admitted.normalised {
        let message = "the text was brought into Unicode normal form C".to_owned();
        findings.push(Finding::new(draft, field, Code::Normalised, message));
    }
    if admitted.text != *text {
        *text = admitted.text.into_owned();
    }
}

fn refused(draft: usize, field: &str, fault: &TextFault) -> Finding {
    let (code, hint) = match fault {
        TextFault::Empty => (Code::EmptyText, "leave the key out, or write something"),
        TextFault::Character { why: Objection::Control, .. } => (Code::ControlCharacter, "delete the character"),
        _ => (Code::HiddenCharacter, "delete the character; it cannot be seen, and changes what is"),
    };
    Finding::new(draft, field, code, fault.to_string()).hint(hint)
}

/// The address of a document as the event holds it.
pub(super) fn address(hash: DocumentHash) -> Address {
    Address::try_from(hash.to_string()).expect("a hash is written as 64 hexadecimal digits")
}
