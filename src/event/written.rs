//! An announcement in its canonical form, before it has a place: written once, for its content hash and its statement.

use serde::Serialize;

use crate::domain::announcement::{Announcement, Standing};
use crate::domain::id::AnnouncementId;
use crate::domain::source::Evidence;
use crate::event::canonical::{self, NotCanonical, writer};
use crate::event::statement::{EventError, Header, MAX_STATEMENT, VERSION};
use crate::integrity::digest::{self, ContentHash};

/// The members that an announcement gives to its statement, in canonical form.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// In the order of their keys.
    members: Vec<(&'static str, String)>,
    /// The evidence without the places of quotes, where it has any: they are part of the event, and not of the content.
    evidence_without_places: Option<String>,
}

impl Written {
    /// Writes an announcement.
    pub fn of(announcement: &Announcement) -> Self {
        let mut written = Self::default();
        written.member_if("announced", announcement.announced.as_ref());
        written.member("body", &announcement.body);
        written.member("evidence", &announcement.evidence);
        written.member("kind", &announcement.body.kind());
        written.member_if("no_evidence", announcement.no_evidence.as_ref());
        written.member_if("note", announcement.note.as_ref());
        written.member_if("source_ref", announcement.source_ref.as_ref());
        let standing = announcement.standing;
        written.member_if("standing", (standing != Standing::default()).then_some(&standing));
        written.member_if("wording", (!announcement.wording.is_empty()).then_some(&announcement.wording));
        if announcement.evidence.iter().any(|evidence| evidence.at.is_some()) {
            let without = |evidence: &Evidence| Evidence { at: None, ..evidence.clone() };
            let without: Vec<Evidence> = announcement.evidence.iter().map(without).collect();
            written.evidence_without_places = Some(text(&without));
        }
        written
    }

    /// What the event will say of the announcement.
    pub(super) fn announced(&self) -> String {
        let members: Vec<(&str, &str)> = self.members.iter().map(|(key, value)| (*key, value.as_str())).collect();
        object(&members)
    }

    /// What the content hash covers.
    pub(super) fn content(&self) -> String {
        let value = |key: &str, value: &'_ String| -> String {
            match &self.evidence_without_places {
                Some(without) if key == "evidence" => without.clone(),
                _ => value.clone(),
            }
        };
        if self.evidence_without_places.is_none() {
            return self.announced();
        }
        let members: Vec<(&str, String)> = self.members.iter().map(|(key, own)| (*key, value(key, own))).collect();
        let members: Vec<(&str, &str)> = members.iter().map(|(key, value)| (*key, value.as_str())).collect();
        object(&members)
    }

    /// The hash by which two announcements are the same.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] for text that the profile does not have.
    pub fn content_hash(&self) -> Result<ContentHash, NotCanonical> {
        let line = self.content();
        canonical::check_canonical(&line)?;
        Ok(digest::content_hash(line.as_bytes()))
    }

    /// The statement of the event at that place, with its line feed.
    ///
    /// # Errors
    ///
    /// [`EventError::NotCanonical`] for text that the profile does not have, [`EventError::StatementTooLong`].
    pub fn statement(&self, header: &Header, id: &AnnouncementId) -> Result<String, EventError> {
        let own = [
            ("batch", header.batch.to_string()),
            ("id", text(id)),
            ("ledger", text(&header.ledger)),
            ("prev", text(&header.prev)),
            ("recorded", text(&header.recorded)),
            ("recorder", text(&header.recorder)),
            ("seq", header.seq.to_string()),
            ("v", VERSION.to_string()),
        ];
        let own = own.iter().map(|(key, value)| (*key, value.as_str()));
        let announced = self.members.iter().map(|(key, value)| (*key, value.as_str()));
        let mut members: Vec<(&str, &str)> = own.chain(announced).collect();
        members.sort_unstable_by_key(|(key, _)| *key);
        let mut line = object(&members);
        canonical::check_canonical(&line)?;
        line.push('\n');
        if line.len() > MAX_STATEMENT {
            return Err(EventError::StatementTooLong(line.len()));
        }
        Ok(line)
    }

    fn member(&mut self, key: &'static str, value: &impl Serialize) {
        self.members.push((key, text(value)));
    }

    fn member_if(&mut self, key: &'static str, value: Option<&impl Serialize>) {
        if let Some(value) = value {
            self.member(key, value);
        }
    }
}

fn text(value: &(impl Serialize + ?Sized)) -> String {
    let mut text = String::new();
    writer::write(value, &mut text).expect("what is announced has text keys, and neither floats nor nulls");
    text
}

fn object(members: &[(&str, &str)]) -> String {
    let mut line = String::with_capacity(members.iter().map(|(key, value)| key.len() + value.len() + 4).sum());
    for (index, (key, value)) in members.iter().enumerate() {
        line.push_str(if index == 0 { "{\"" } else { ",\"" });
        line.push_str(key);
        line.push_str("\":");
        line.push_str(value);
    }
    line.push('}');
    line
}
