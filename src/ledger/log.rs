//! The reader: the events of a ledger, taken out of its store in one go, so that nobody waits for a reader.

use std::ops::Range;

use crate::domain::id::Origin;
use crate::event::chain::Chain;
use crate::event::recall::Recall;
use crate::event::statement::Event;
use crate::integrity::digest::{DocumentHash, document_hash, event_hash};
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::ledger::authority::Authority;
use crate::ledger::parts::in_parts;
use crate::ledger::settings::{Folder, Head, Settings};
use crate::ledger::{Access, Damage, OpenError, lock, open_store};
use crate::store::Store;
use crate::store::documents::{DocumentError, Documents};

/// Fewer positions than these are not worth a thread of their own.
const MIN_PART: u64 = 2048;

/// All events of a ledger, as bytes, at one moment.
#[derive(Debug)]
pub struct Log {
    folder: Folder,
    origin: Origin,
    /// Bytes of events one after the other.
    blocks: Vec<Vec<u8>>,
    places: Vec<Result<Place, String>>,
    remembered: Option<Head>,
}

/// Where the bytes of an event lie: in which block, and where in it.
#[derive(Debug, Clone)]
struct Place {
    block: usize,
    bytes: Range<usize>,
}

impl Log {
    /// Opens the store, takes all events out of it and closes it.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; what is wrong with single events is left to [`events`](Self::events) and to `verify`.
    pub fn read(folder: &Folder, access: &Access) -> Result<Self, OpenError> {
        let settings = Settings::load(folder)?;
        let _lock = lock(folder, access)?;
        let store = open_store(folder, access)?;
        let remembered = Head::load(folder);
        let (blocks, places) = take_all(&store);
        Ok(Self { folder: folder.clone(), origin: settings.origin, blocks, places, remembered })
    }

    /// Events that were had otherwise.
    pub fn of(folder: &Folder, origin: Origin, values: Vec<Vec<u8>>) -> Self {
        let place = |(block, value): (usize, &Vec<u8>)| Ok(Place { block, bytes: 0..value.len() });
        let places = values.iter().enumerate().map(place).collect();
        Self { folder: folder.clone(), origin, blocks: values, places, remembered: None }
    }

    /// The ledger's name, as its settings say.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of events.
    pub fn len(&self) -> u64 {
        self.places.len() as u64
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The bytes of an event; an error says why the store could not give them.
    pub fn value(&self, seq: u64) -> Option<Result<&[u8], &str>> {
        let place = self.places.get(usize::try_from(seq).ok()?)?;
        Some(place.as_ref().map(|place| self.bytes(place)).map_err(String::as_str))
    }

    fn bytes(&self, place: &Place) -> &[u8] {
        &self.blocks[place.block][place.bytes.clone()]
    }

    /// The first thing that `HEAD` remembers and the log does not hold: nothing, if the log goes on from there.
    pub fn forgotten(&self) -> Option<Damage> {
        let hash_at = |seq| self.value(seq)?.ok().map(event_hash);
        self.remembered?.forgotten(self.len(), hash_at)
    }

    /// The events, if the chain holds, its end is signed, and it is no shorter than `HEAD` remembers.
    ///
    /// # Errors
    ///
    /// [`Damage`] at the first event that cannot.
    pub fn events(&self) -> Result<Vec<Event>, Damage> {
        let mut values = Vec::with_capacity(self.places.len());
        for (seq, place) in (0..).zip(&self.places) {
            let place = place.as_ref().map_err(|what| Damage { seq, what: what.clone() })?;
            values.push(self.bytes(place));
        }
        let events = checked(&self.origin, &values)?;
        self.forgotten().map_or(Ok(events), Err)
    }

    /// A document that an event names, by its address.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if it is there and cannot be read.
    pub fn document(&self, address: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        let limit = u64::try_from(crate::evidence::extract::MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
        Documents::at(self.folder.documents()).get(address, limit)
    }

    /// The text of a document, if it is the one that was recorded.
    ///
    /// # Errors
    ///
    /// [`TextError`], saying whether it is gone, altered, or cannot be read.
    pub fn document_text(&self, address: &str) -> Result<String, TextError> {
        let bytes = self.document(address)?.ok_or_else(|| TextError::Gone { address: address.to_owned() })?;
        let found = document_hash(&bytes);
        if found.to_string() != address {
            return Err(TextError::Altered { address: address.to_owned(), found });
        }
        String::from_utf8(bytes).map_err(|_| TextError::NotText { address: address.to_owned() })
    }
}

/// Why a document's text cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// It is not in the ledger's folder.
    #[error("document {address} is not in the ledger's folder")]
    Gone {
        /// Which document.
        address: String,
    },
    /// Its bytes are others than those that were recorded.
    #[error("document {address} was altered: it hashes to {found}")]
    Altered {
        /// Which document.
        address: String,
        /// The hash of what is there.
        found: DocumentHash,
    },
    /// Its bytes are not text in UTF-8.
    #[error("document {address} is not text")]
    NotText {
        /// Which document.
        address: String,
    },
    /// It could not be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
}

/// Takes what can be read, and says of the rest why it cannot.
fn take_all(store: &dyn Store) -> (Vec<Vec<u8>>, Vec<Result<Place, String>>) {
    let parts = in_parts(store.len(), MIN_PART, |part| {
        // One allocation for many events: each of its own would cost more than reading it.
        let (mut block, mut ends) = (Vec::new(), Vec::new());
        let mut seq = part.start;
        while seq < part.end {
            let before = ends.len();
            ends.extend(store.read(seq..part.end).map(|value| {
                value.map(|value| block.extend(value)).map_err(|error| error.to_string())?;
                Ok(block.len())
            }));
            if ends.len() == before {
                ends.push(Err("the store ends before its length".to_owned()));
            }
            seq += (ends.len() - before) as u64;
        }
        (block, ends)
    });
    let (mut blocks, mut places) = (Vec::new(), Vec::new());
    for (block, ends) in parts {
        let mut start = 0;
        places.extend(ends.into_iter().map(|end| {
            let end = end?;
            let bytes = std::mem::replace(&mut start, end)..end;
            Ok(Place { block: blocks.len(), bytes })
        }));
        blocks.push(block);
    }
    (blocks, places)
}

/// Reads bytes into events, strictly, follows the chain, and checks the signature at its end, which through `prev` binds
/// every byte before it.
pub(crate) fn checked(origin: &Origin, values: &[&[u8]]) -> Result<Vec<Event>, Damage> {
    let parts = in_parts(values.len() as u64, MIN_PART, |part| Stretch::read(origin, values, part));
    let mut events = Vec::new();
    for stretch in parts {
        if let (Some(last), Some(next)) = (events.last(), stretch.events.first()) {
            fits(&mut Chain::after(last), next)?;
        }
        if events.is_empty() {
            events = stretch.events;
        } else {
            events.extend(stretch.events);
        }
        stretch.ends.map_or(Ok(()), Err)?;
    }
    if events.last().is_some_and(|last| !last.header.ends_batch()) {
        let seq = events.len() as u64 - 1;
        return Err(Damage { seq, what: "the log ends in the middle of a batch".to_owned() });
    }
    check_end(&events, values.last().copied().unwrap_or_default())?;
    Ok(events)
}

/// Events in a row that fit each other, up to the first that does not. Whether they fit those before is not looked at.
struct Stretch {
    events: Vec<Event>,
    ends: Option<Damage>,
}

impl Stretch {
    fn read(origin: &Origin, values: &[&[u8]], part: Range<u64>) -> Self {
        let place = |seq: u64| usize::try_from(seq).expect("values are in memory");
        // The first has room for all that follow it.
        let room = values.len() - place(part.start);
        let mut stretch = Self { events: Vec::with_capacity(room), ends: None };
        let mut recall = Recall::default();
        let mut chain = (part.start == 0).then(|| Chain::new(origin.clone()));
        for (seq, bytes) in (part.start..).zip(&values[place(part.start)..place(part.end)]) {
            let read = recall.event(bytes).map_err(|error| Damage { seq, what: error.to_string() });
            let fitting = read.and_then(|event| {
                match &mut chain {
                    Some(chain) => fits(chain, &event)?,
                    None => chain = Some(Chain::after(&event)),
                }
                Ok(event)
            });
            match fitting {
                Ok(event) => stretch.events.push(event),
                Err(damage) => {
                    stretch.ends = Some(damage);
                    break;
                }
            }
        }
        stretch
    }
}

/// Goes on to the next event of a chain, if it fits.
fn fits(chain: &mut Chain, event: &Event) -> Result<(), Damage> {
    let seq = chain.len();
    match chain.push(event).into_iter().next() {
        Some(fault) => Err(Damage { seq, what: fault.to_string() }),
        None => Ok(()),
    }
}

/// Checks that the newest event is signed by a key that may. Earlier signatures are left to `verify`.
fn check_end(events: &[Event], newest: &[u8]) -> Result<(), Damage> {
    let Some(end) = events.last() else { return Ok(()) };
    let damage = |what: String| Damage { seq: end.header.seq, what };
    let armor = end.signature.as_deref().unwrap_or_default();
    let statement = &newest[..newest.len().saturating_sub(armor.len())];
    let key = verify_signature(armor, EVENT_NAMESPACE, statement).map_err(|error| damage(error.to_string()))?;
    let mut authority = Authority::default();
    for event in events.iter().take_while(|event| event.header.batch < end.header.batch) {
        // What could not be changed then is `verify`'s to tell.
        let _ = authority.apply(event.header.seq, &event.announcement.body);
    }
    let check = authority.check(&key, &end.header.recorder, &end.announcement.body);
    check.map_err(|fault| damage(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreement::Mission;
    use crate::domain::announcement::Announcement;
    use crate::domain::id::{AnnouncementId, MissionId, Recorder};
    use crate::domain::timestamp::Timestamp;
    use crate::event::statement::{Header, write_statement};

    /// Enough for two threads, wherever there are two cores.
    const LEN: u64 = 2 * MIN_PART + 100;

    fn origin() -> Origin {
        Origin::parse("ledger.example/parts").expect("an origin")
    }

    /// A chain of one batch, of which only the signature is missing.
    fn unsigned() -> Vec<Vec<u8>> {
        let id: MissionId = MissionId::parse("m").expect("an id");
        let described = Mission { id, title: "M".to_owned(), programme: None, also_known_as: Vec::new(), from: None };
        let announcement = Announcement::of(described);
        let id = AnnouncementId::parse("mission:m").expect("an id");
        let mut prev = crate::integrity::digest::genesis_prev(origin().as_str());
        let write = |seq| {
            let header = Header {
                batch: LEN,
                ledger: origin(),
                prev,
                recorded: Timestamp::from_unix_ms(0).expect("a moment"),
                recorder: Recorder::parse("desk").expect("a recorder"),
                seq,
            };
            let value = write_statement(&header, &id, &announcement).expect("plain text").into_bytes();
            prev = event_hash(&value);
            value
        };
        (0..LEN).map(write).collect()
    }

    /// What is wrong first, read one after the other.
    fn first_damage(values: &[Vec<u8>]) -> Option<Damage> {
        let mut chain = Chain::new(origin());
        (0..).zip(values).find_map(|(seq, bytes)| match Event::recall(bytes) {
            Err(error) => Some(Damage { seq, what: error.to_string() }),
            Ok(event) => chain.push(&event).first().map(|fault| Damage { seq, what: fault.to_string() }),
        })
    }

    fn check(values: &[Vec<u8>], at: u64) {
        let bytes: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let found = checked(&origin(), &bytes).expect_err("it is damaged");
        assert_eq!(found.seq, at);
        if let Some(first) = first_damage(values) {
            assert_eq!(found, first);
        }
    }

    #[test]
    fn the_first_damage_is_told_whichever_thread_comes_upon_it() {
        let whole = unsigned();
        check(&whole, LEN - 1);
        let place = |seq: u64| usize::try_from(seq).expect("a small number");
        for at in [0, 1, LEN / 2 - 1, LEN / 2, LEN / 2 + 1, LEN - 1] {
            let mut unreadable = whole.clone();
            unreadable[place(at)].pop();
            unreadable[place(LEN - 1)].clear();
            check(&unreadable, at);

            let mut swapped = whole.clone();
            swapped[place(at)] = whole[place((at + 2) % LEN)].clone();
            check(&swapped, at);
        }
    }
}
