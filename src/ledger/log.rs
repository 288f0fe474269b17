//! The reader: the events of a ledger, taken out of its store in one go, so that nobody waits for a reader.

use std::num::NonZero;
use std::ops::Range;

use crate::domain::id::Origin;
use crate::event::chain::Chain;
use crate::event::statement::{Event, Recall};
use crate::integrity::digest::{DocumentHash, document_hash, event_hash};
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::ledger::authority::Authority;
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
    values: Vec<Result<Vec<u8>, String>>,
    remembered: Option<Head>,
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
        Ok(Self { folder: folder.clone(), origin: settings.origin, values: take_all(&store), remembered })
    }

    /// Events that were had otherwise.
    pub fn of(folder: &Folder, origin: Origin, values: Vec<Vec<u8>>) -> Self {
        Self { folder: folder.clone(), origin, values: values.into_iter().map(Ok).collect(), remembered: None }
    }

    /// The ledger's name, as its settings say.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of events.
    pub fn len(&self) -> u64 {
        self.values.len() as u64
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The bytes of an event; an error says why the store could not give them.
    pub fn value(&self, seq: u64) -> Option<Result<&[u8], &str>> {
        let value = self.values.get(usize::try_from(seq).ok()?)?;
        Some(value.as_deref().map_err(String::as_str))
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
        let mut values = Vec::with_capacity(self.values.len());
        for (seq, value) in self.values.iter().enumerate() {
            let value = value.as_deref().map_err(|what| Damage { seq: seq as u64, what: what.clone() })?;
            values.push(value);
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
fn take_all(store: &dyn Store) -> Vec<Result<Vec<u8>, String>> {
    in_parts(store.len(), |part| {
        let (mut seq, mut values) = (part.start, Vec::new());
        while seq < part.end {
            let before = values.len();
            values.extend(store.read(seq..part.end).map(|value| value.map_err(|error| error.to_string())));
            if values.len() == before {
                values.push(Err("the store ends before its length".to_owned()));
            }
            seq += (values.len() - before) as u64;
        }
        values
    })
}

/// Reads bytes into events, strictly, follows the chain, and checks the signature at its end, which through `prev` binds
/// every byte before it.
pub(crate) fn checked(origin: &Origin, values: &[&[u8]]) -> Result<Vec<Event>, Damage> {
    let read = in_parts(values.len() as u64, |part| {
        let mut recall = Recall::default();
        let place = |seq: u64| usize::try_from(seq).expect("values are in memory");
        values[place(part.start)..place(part.end)].iter().map(|bytes| recall.event(bytes)).collect()
    });
    let mut chain = Chain::new(origin.clone());
    let mut events = Vec::with_capacity(values.len());
    for event in read {
        let seq = chain.len();
        let event = event.map_err(|error| Damage { seq, what: error.to_string() })?;
        if let Some(fault) = chain.push(&event).into_iter().next() {
            return Err(Damage { seq, what: fault.to_string() });
        }
        events.push(event);
    }
    if chain.is_open() {
        let seq = chain.len().saturating_sub(1);
        return Err(Damage { seq, what: "the log ends in the middle of a batch".to_owned() });
    }
    check_end(&events, values.last().copied().unwrap_or_default())?;
    Ok(events)
}

/// Does work over positions from 0 on, on all cores, and puts the results together in their order.
fn in_parts<T: Send>(len: u64, work: impl Fn(Range<u64>) -> Vec<T> + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let part = len.div_ceil(cores).max(MIN_PART);
    let parts = (0..len).step_by(usize::try_from(part).unwrap_or(usize::MAX)).map(|start| start..len.min(start + part));
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut all = Vec::new();
        for part in running {
            // A panic is our own mistake, wherever it happened.
            all.extend(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
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
