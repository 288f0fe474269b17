//! An event with what follows it in its batch, up to the signature that vouches for both: what can be said of it without
//! the ledger.

use crate::domain::id::{Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Chain;
use crate::event::statement::{Event, split};
use crate::integrity::digest::EventHash;
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::integrity::{PublicKey, SignatureError};

/// An event, and who signed for it.
#[derive(Debug, Clone)]
pub struct SignedEvent {
    /// The ledger that it is of, as it says.
    pub ledger: Origin,
    /// The event's position, as it says.
    pub seq: u64,
    /// The announcement's id.
    pub id: String,
    /// Hash of its bytes.
    pub hash: EventHash,
    /// When it was recorded, as it says.
    pub recorded: Timestamp,
    /// By whom, as it says.
    pub recorder: Recorder,
    /// The event at the end of the batch.
    pub signed_with: u64,
    /// The key that signed that one.
    pub key: PublicKey,
}

/// Why nobody signed for an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchEndError {
    /// Bytes that are no event, or do not follow.
    #[error("{place}: {what}")]
    NotEvent {
        /// The event, or which of those after it.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// The signature does not come.
    #[error("the events up to the signed end of its batch are missing: expected up to event {0}")]
    Unsigned(u64),
    /// Something comes after it.
    #[error("{0} bytes follow the signed end of its batch")]
    Beyond(usize),
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Reads an event and the bytes of those that follow it in its batch, none if it is the last, and checks that they hang
/// together and that the last is signed. Whether that key may sign, only the ledger tells.
///
/// # Errors
///
/// [`BatchEndError`].
pub fn batch_end(event: &[u8], rest: &[u8]) -> Result<SignedEvent, BatchEndError> {
    let read = |bytes: &[u8], place: &str| {
        let not_event = |error: crate::event::EventError| BatchEndError::NotEvent {
            place: place.to_owned(),
            what: error.to_string(),
        };
        Event::read(bytes).map_err(not_event)
    };
    let first = read(event, "the event")?;
    let mut chain = Chain::after(&first);
    let (mut last, mut bytes, mut rest) = (first.clone(), event, rest);
    while !last.header.ends_batch() {
        if rest.is_empty() {
            return Err(BatchEndError::Unsigned(last.header.batch));
        }
        let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        // Only the last has a signature behind its line.
        let len = if last.header.seq + 1 == last.header.batch { rest.len() } else { line };
        let place = format!("event {}", last.header.seq + 1);
        (bytes, rest) = rest.split_at(len);
        last = read(bytes, &place)?;
        if let Some(fault) = chain.push(&last).into_iter().next() {
            return Err(BatchEndError::NotEvent { place, what: fault.to_string() });
        }
    }
    if !rest.is_empty() {
        return Err(BatchEndError::Beyond(rest.len()));
    }
    let (statement, armor) = split(bytes)
        .map_err(|error| BatchEndError::NotEvent { place: "the signed end".to_owned(), what: error.to_string() })?;
    let key = verify_signature(armor.unwrap_or_default(), EVENT_NAMESPACE, &bytes[..=statement.len()])?;
    Ok(SignedEvent {
        ledger: first.header.ledger,
        seq: first.header.seq,
        id: first.id.to_string(),
        hash: first.hash,
        recorded: first.header.recorded,
        recorder: first.header.recorder,
        signed_with: last.header.seq,
        key,
    })
}
