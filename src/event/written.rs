//! An announcement in its canonical form, before it has a place: written once, for its content hash and its statement.

use std::fmt::Write as _;
use std::ops::Range;

use serde::Serialize;

use crate::domain::announcement::{Announcement, Standing};
use crate::domain::id::AnnouncementId;
use crate::domain::source::Evidence;
use crate::event::canonical::{self, NotCanonical, writer};
use crate::event::statement::{EventError, Header, MAX_STATEMENT, VERSION};
use crate::integrity::digest::{self, ContentHash};

/// The keys of a statement, in their order.
const KEYS: [&str; 17] = [
    "announced",
    "batch",
    "body",
    "evidence",
    "id",
    "kind",
    "ledger",
    "no_evidence",
    "note",
    "prev",
    "recorded",
    "recorder",
    "seq",
    "source_ref",
    "standing",
    "v",
    "wording",
];

/// The members that an announcement gives to its statement, in canonical form.
#[derive(Debug, Clone, Default)]
pub struct Written {
    text: String,
    /// Where each value stands in the text, in the order of the keys.
    members: Vec<(&'static str, Range<usize>)>,
    /// The evidence without the places of quotes, where it has any: they are part of the event, and not of the content.
    evidence_without_places: Option<Range<usize>>,
}

/// The members of an announcement that are known to be canonical.
#[derive(Debug, Clone)]
pub struct CanonicalAnnouncement {
    written: Written,
    content: ContentHash,
}

impl CanonicalAnnouncement {
    /// The hash by which two announcements are the same.
    pub fn content_hash(&self) -> ContentHash {
        self.content
    }

    /// The statement of the event at that place, with its line feed. What the header adds has nothing to escape.
    ///
    /// # Errors
    ///
    /// [`EventError::StatementTooLong`].
    pub fn statement(&self, header: &Header, id: &AnnouncementId) -> Result<String, EventError> {
        let line = self.written.line(header, id)?;
        debug_assert!(canonical::check_canonical(&line[..line.len() - 1]).is_ok(), "{line}");
        Ok(line)
    }
}

impl Written {
    /// Writes an announcement.
    pub fn of(announcement: &Announcement) -> Self {
        let mut written = Self { text: String::with_capacity(512), members: Vec::with_capacity(9), ..Self::default() };
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
            written.evidence_without_places = Some(written.write(&without));
        }
        written
    }

    /// The members that an event has of it: key and value, in the order of the keys.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.members.iter().map(|(key, place)| (*key, &self.text[place.clone()]))
    }

    /// What the event will say of the announcement.
    pub(super) fn announced(&self) -> String {
        let mut line = String::with_capacity(self.text.len() + 128);
        for (key, value) in self.members() {
            open_member(key, &mut line);
            line.push_str(value);
        }
        line.push('}');
        line
    }

    /// What the content hash covers.
    pub(super) fn content(&self) -> String {
        let mut line = String::with_capacity(self.text.len() + 128);
        for (key, value) in self.members() {
            open_member(key, &mut line);
            line.push_str(match &self.evidence_without_places {
                Some(without) if key == "evidence" => &self.text[without.clone()],
                _ => value,
            });
        }
        line.push('}');
        line
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

    /// The same once it is known to be canonical, with the hash of its content.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] for text that the profile does not have.
    pub fn checked(self) -> Result<CanonicalAnnouncement, NotCanonical> {
        canonical::check_canonical(&self.announced())?;
        let content = digest::content_hash(self.content().as_bytes());
        Ok(CanonicalAnnouncement { written: self, content })
    }

    /// The statement of the event at that place, with its line feed.
    ///
    /// # Errors
    ///
    /// [`EventError::NotCanonical`] for text that the profile does not have, [`EventError::StatementTooLong`].
    pub fn statement(&self, header: &Header, id: &AnnouncementId) -> Result<String, EventError> {
        let line = self.line(header, id)?;
        canonical::check_canonical(&line[..line.len() - 1])?;
        Ok(line)
    }

    /// The same, whether or not it is canonical.
    fn line(&self, header: &Header, id: &AnnouncementId) -> Result<String, EventError> {
        let mut line = String::with_capacity(self.text.len() + 512);
        let mut members = self.members().peekable();
        for key in KEYS {
            if let Some((_, value)) = members.next_if(|(own, _)| *own == key) {
                open_member(key, &mut line);
                line.push_str(value);
            } else if is_of_header(key) {
                open_member(key, &mut line);
                write_of_header(key, header, id, &mut line);
            }
        }
        line.push_str("}\n");
        if line.len() > MAX_STATEMENT {
            return Err(EventError::StatementTooLong(line.len()));
        }
        Ok(line)
    }

    fn member(&mut self, key: &'static str, value: &impl Serialize) {
        let place = self.write(value);
        self.members.push((key, place));
    }

    fn member_if(&mut self, key: &'static str, value: Option<&impl Serialize>) {
        if let Some(value) = value {
            self.member(key, value);
        }
    }

    fn write(&mut self, value: &impl Serialize) -> Range<usize> {
        let start = self.text.len();
        writer::write(value, &mut self.text).expect("what is announced has text keys, and neither bytes nor variants");
        start..self.text.len()
    }
}

/// Whether a member tells of an event's place, and not of its announcement.
pub(super) fn is_of_header(key: &str) -> bool {
    matches!(key, "batch" | "id" | "ledger" | "prev" | "recorded" | "recorder" | "seq" | "v")
}

/// Writes the value of a member that tells of an event's place; names and hashes have nothing to escape.
pub(super) fn write_of_header(key: &str, header: &Header, id: &AnnouncementId, line: &mut String) {
    let written = match key {
        "batch" => write!(line, "{}", header.batch),
        "id" => write!(line, "\"{id}\""),
        "ledger" => write!(line, "\"{}\"", header.ledger),
        "prev" => write!(line, "\"{}\"", header.prev),
        "recorded" => write!(line, "\"{}\"", header.recorded),
        "recorder" => write!(line, "\"{}\"", header.recorder),
        "seq" => write!(line, "{}", header.seq),
        _ => write!(line, "{VERSION}"),
    };
    written.expect("a String takes everything");
}

/// Begins a member, and the object with the first.
fn open_member(key: &str, line: &mut String) {
    line.push_str(if line.is_empty() { "{\"" } else { ",\"" });
    line.push_str(key);
    line.push_str("\":");
}
