//! The reader: the events of a ledger, taken out of its store in one go, so that nobody waits for a reader.

use crate::domain::id::Origin;
use crate::event::chain::Chain;
use crate::event::statement::Event;
use crate::ledger::settings::{Folder, Head, Settings};
use crate::ledger::{Access, Damage, OpenError, lock, open_store};
use crate::store::Store;
use crate::store::documents::{DocumentError, Documents};

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

    /// Where the log ended when somebody last appended, as `HEAD` remembers.
    pub fn remembered(&self) -> Option<Head> {
        self.remembered
    }

    /// The events, if all of them can be believed as far as the chain goes.
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
        checked(&self.origin, values.into_iter())
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
}

/// Takes what can be read, and says of the rest why it cannot.
fn take_all(store: &dyn Store) -> Vec<Result<Vec<u8>, String>> {
    let len = store.len();
    let mut values = Vec::new();
    while (values.len() as u64) < len {
        let from = values.len() as u64;
        for value in store.read(from..len) {
            values.push(value.map_err(|error| error.to_string()));
        }
        if values.len() as u64 == from {
            values.push(Err("the store ends before its length".to_owned()));
        }
    }
    values
}

/// Reads bytes into events, strictly, and follows the chain.
pub(crate) fn checked<'b>(origin: &Origin, values: impl Iterator<Item = &'b [u8]>) -> Result<Vec<Event>, Damage> {
    let mut chain = Chain::new(origin.clone());
    let mut events = Vec::new();
    for bytes in values {
        let seq = chain.len();
        let event = Event::read(bytes).map_err(|error| Damage { seq, what: error.to_string() })?;
        if let Some(fault) = chain.push(&event).into_iter().next() {
            return Err(Damage { seq, what: fault.to_string() });
        }
        events.push(event);
    }
    if chain.is_open() {
        let seq = chain.len().saturating_sub(1);
        return Err(Damage { seq, what: "the log ends in the middle of a batch".to_owned() });
    }
    Ok(events)
}
