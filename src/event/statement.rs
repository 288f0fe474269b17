//! The bytes of an event, version 1. Frozen: golden files of every kind are in `fixtures/golden/v1`.
//!
//! In scope: writing and reading one event. Out of scope: how events hang together (`chain`), and who may sign.

use serde_json::Value;

use crate::domain::announcement::Announcement;
use crate::domain::id::{AnnouncementId, Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::event::canonical::NotCanonical;
use crate::event::reader::EventReader;
use crate::event::written::{Written, is_of_header, write_of_header};
use crate::integrity::digest::{self, ContentHash, EventHash};

/// The most bytes in an event.
pub const MAX_EVENT: usize = 65_535;
/// The most bytes in a statement and its line feed.
pub const MAX_STATEMENT: usize = 64_511;
/// The version of this format.
pub(super) const VERSION: u64 = 1;
const OTHER_FORM: &str = "a value equal to its default, or written otherwise than events write it";

/// Where an event stands in its ledger, when it was recorded, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `seq` of the last event of the batch.
    pub batch: u64,
    /// The ledger's origin.
    pub ledger: Origin,
    /// Hash of the event before, or of the origin for the first.
    pub prev: EventHash,
    /// The time of recording, one for a batch.
    pub recorded: Timestamp,
    /// Who recorded it.
    pub recorder: Recorder,
    /// Position, from 0.
    pub seq: u64,
}

impl Header {
    /// Whether this is the last event of its batch, the one that is signed.
    pub fn ends_batch(&self) -> bool {
        self.seq == self.batch
    }
}

/// An announcement that has been appended.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where it stands.
    pub header: Header,
    /// The announcement's id.
    pub id: AnnouncementId,
    /// What was announced.
    pub announcement: Announcement,
    /// The armored signature, at the end of a batch.
    pub signature: Option<String>,
    /// Hash of the event's bytes.
    pub hash: EventHash,
}

/// Why bytes are no event, or an announcement cannot be written as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// More bytes than an event may have.
    #[error("an event has at most {MAX_EVENT} bytes, this one has {0}")]
    TooLong(usize),
    /// More bytes than a statement may have.
    #[error("a statement has at most {MAX_STATEMENT} bytes with its line feed, this one has {0}")]
    StatementTooLong(usize),
    /// Bytes that are no UTF-8.
    #[error("not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// No line feed ends the statement.
    #[error("the statement does not end with a line feed")]
    NoLineFeed,
    /// A carriage return.
    #[error("a carriage return at byte {0}")]
    CarriageReturn(usize),
    /// The statement is not in the canonical profile.
    #[error("the statement is not canonical JSON: {0}")]
    NotCanonical(#[from] NotCanonical),
    /// Canonical JSON, but no statement of this version.
    #[error("not a statement of version 1: {0}")]
    NotStatement(String),
    /// Signature where none belongs, or none where one does.
    #[error("event {seq} of the batch that ends with {batch} {}", if *.signed { "is signed, and should not be" } else { "is not signed" })]
    Signature {
        /// The event.
        seq: u64,
        /// The end of its batch.
        batch: u64,
        /// Whether there is a signature.
        signed: bool,
    },
}

/// Writes the statement with its line feed: what is signed, and what `b3sum` and `jq` read.
///
/// # Errors
///
/// [`EventError::NotCanonical`] for text that the profile does not have, [`EventError::StatementTooLong`].
///
/// # Source
///
/// The drawing in [`event`](crate::event); RFC 8785.
pub fn write_statement(
    header: &Header,
    id: &AnnouncementId,
    announcement: &Announcement,
) -> Result<String, EventError> {
    Written::of(announcement).statement(header, id)
}

/// The hash by which two announcements are the same, wherever they stand in whichever ledger.
///
/// # Errors
///
/// [`NotCanonical`] for text that the profile does not have.
pub fn content_hash(announcement: &Announcement) -> Result<ContentHash, NotCanonical> {
    Written::of(announcement).content_hash()
}

/// What an event says of its announcement: everything but the id and the header.
pub fn announced(announcement: &Announcement) -> Value {
    as_value(&Written::of(announcement).announced())
}

/// What the content hash covers: everything but the id, the header and the places of quotes.
pub fn content(announcement: &Announcement) -> Value {
    as_value(&Written::of(announcement).content())
}

fn as_value(line: &str) -> Value {
    serde_json::from_str(line).expect("what was written is JSON")
}

/// The id of an announcement whose author gave none: the thing's for a description, else `<kind>-<32 hex>`.
pub fn default_id(announcement: &Announcement, content: ContentHash) -> AnnouncementId {
    announcement.description_id().unwrap_or_else(|| {
        let text = format!("{}-{}", announcement.body.kind(), &content.to_string()[..32]);
        AnnouncementId::parse(&text).expect("kinds and hexadecimal digits make an id")
    })
}

impl Event {
    /// Reads an event's bytes, strictly.
    ///
    /// # Errors
    ///
    /// Every [`EventError`]: these bytes can be refused, and no other bytes mean the same event.
    pub fn read(bytes: &[u8]) -> Result<Self, EventError> {
        EventReader::default().strict(bytes, digest::event_hash(bytes))
    }

    /// Reads bytes that were read strictly before a recorder signed them, in about half the time.
    ///
    /// It leaves out one check: that the bytes are those which this version writes. `verify` makes it.
    ///
    /// # Errors
    ///
    /// Every [`EventError`].
    pub fn recall(bytes: &[u8]) -> Result<Self, EventError> {
        EventReader::default().event(bytes)
    }

    /// Refuses a statement that says the same in other bytes: serde reads records written as arrays, dates in all their
    /// forms, and defaults that should have been left out. `members` are those of the statement.
    pub(super) fn check_form(&self, statement: &str, members: &[(&str, &str)]) -> Result<(), EventError> {
        let own = Written::of(&self.announcement);
        let mut own = own.members().peekable();
        let mut of_header = String::new();
        for (key, value) in members {
            let expected = match own.next_if(|(own, _)| own == key) {
                Some((_, expected)) => expected,
                None if is_of_header(key) => {
                    of_header.clear();
                    write_of_header(key, &self.header, &self.id, &mut of_header);
                    of_header.as_str()
                }
                None => "",
            };
            if expected != *value {
                let same = expected.bytes().zip(value.bytes()).take_while(|(own, given)| own == given).count();
                let at = value.as_ptr() as usize - statement.as_ptr() as usize + same;
                return Err(NotCanonical { at, what: OTHER_FORM }.into());
            }
        }
        let missing = NotCanonical { at: statement.len(), what: OTHER_FORM };
        own.next().map_or(Ok(()), |_| Err(missing.into()))
    }
}

/// Splits an event's bytes into its statement, without the line feed, and its signature.
///
/// # Errors
///
/// What makes the bytes no text of an event: length, encoding, no line feed.
pub fn split(bytes: &[u8]) -> Result<(&str, Option<&str>), EventError> {
    if bytes.len() > MAX_EVENT {
        return Err(EventError::TooLong(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| EventError::NotUtf8(error.valid_up_to()))?;
    if let Some(at) = text.find('\r') {
        return Err(EventError::CarriageReturn(at));
    }
    let (statement, rest) = text.split_once('\n').ok_or(EventError::NoLineFeed)?;
    if statement.len() >= MAX_STATEMENT {
        return Err(EventError::StatementTooLong(statement.len() + 1));
    }
    Ok((statement, (!rest.is_empty()).then_some(rest)))
}
