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
    *body = Body::read(kind, value).expect("a text in another form leaves an announcement its own");
}

/// The texts of a source, likewise.
pub(super) fn admit_source(draft: usize, path: &str, source: &mut Source, findings: &mut Vec<Finding>) {
    if is_plain(|visit| source.each_text(visit)) {
        return;
    }
    let mut value = serde_json::to_value(&*source).expect("a source is a table of texts and numbers");
    for_each_leaf(&Source::RECORD, &mut value, path, &mut |leaf| {
        if let (Shape::Text(kind), Value::String(text)) = (leaf.shape, &mut *leaf.value) {
            one(draft, &leaf.path, text, kind, findings);
        }
    });
    *source = serde_json::from_value(value).expect("a text in another form leaves a source its own");
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::event::statement::Event;

    /// An announcement of each kind and form.
    fn announcements() -> Vec<Announcement> {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden/v1");
        let files = fs::read_dir(golden).expect("it is there").map(|file| file.expect("a file").path());
        let events = files.filter(|file| file.extension().is_some_and(|ending| ending == "event"));
        let read = |file| Event::read(&fs::read(file).expect("it is there")).expect("an event");
        events.map(|file| read(file).announcement).collect()
    }

    #[test]
    fn whatever_a_text_says_it_is_recorded_in_its_form_or_told() {
        let texts = [" ", "\u{0}", "\u{202e}a", "a\u{308}", "  a  b\n", "\u{feff}\u{ad}", "a\u{0}a\u{308}"];
        for announcement in announcements() {
            for text in texts {
                let kind = announcement.body.kind();
                let mut value = announcement.body.to_value();
                for_each_leaf(kind.record(), &mut value, "", &mut |leaf| {
                    if let Shape::Text(_) = leaf.shape {
                        *leaf.value = Value::String(text.to_owned());
                    }
                });
                let mut told =
                    Announcement { body: Body::read(kind, value).expect("any text"), ..announcement.clone() };
                for evidence in &mut told.evidence {
                    let mut source = Source::clone(&evidence.source);
                    text.clone_into(&mut source.publisher);
                    let mut findings = Vec::new();
                    admit_source(0, "source[0]", &mut source, &mut findings);
                    assert!(source.publisher != text || findings.iter().any(|found| found.code.refuses()), "{text:?}");
                }
                let before = told.clone();
                let mut findings = Vec::new();
                admit(0, &mut told, &mut findings);
                let mut has_texts = false;
                before.body.each_text(&mut |_| has_texts = true);
                assert!(told != before || !findings.is_empty() || !has_texts, "{kind}: {text:?}");
            }
        }
    }
}
