//! What the status of a ledger is told from: the facts that are kept, or a copy of its store.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::domain::announcement::Body;
use crate::domain::id::Origin;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::event::statement::Event;
use crate::integrity::digest::{EventHash, event_hash};
use crate::ledger::facts::{self, HeadsKnown, Scope};
use crate::ledger::folder::Folder;
use crate::ledger::log::guarded_store::GuardedStore;
use crate::ledger::log::open::{Access, OpenError, not_locked};
use crate::ledger::log::replay::checked_keeping;
use crate::ledger::status::{Concern, Noted};
use crate::store::lock::{Lock, LockError};
use crate::store::{Store, StoreError, durable_file};

/// The most bytes of a store that is copied to see whether it opens, where the facts tell everything else.
const SMALL: u64 = 16 << 20;

/// What was seen of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSeen {
    /// It opens, and ends where it should.
    Opens,
    /// Somebody is using it, as they say of themselves.
    InUse(String),
    /// It was not opened, and why.
    NotOpened(String),
    /// It is damaged.
    Damaged,
}

/// What a ledger's events are known from.
pub(super) struct Source {
    events: Option<Events>,
    seen: StoreSeen,
}

enum Events {
    Snapshot(Snapshot),
    Store { snapshot: Snapshot, store: Box<GuardedStore> },
}

impl Source {
    /// Looks for the facts that are kept, and at the store. Nobody writes meanwhile.
    pub(super) fn look(
        folder: &Folder,
        origin: &Origin,
        access: &Access,
        noted: &mut Noted,
    ) -> Result<Self, OpenError> {
        let quiet = Lock::look(&folder.lock(), std::time::Duration::ZERO);
        let kept = facts::read(folder, Scope::Those(is_about_ledger), HeadsKnown::Batches);
        match (kept, quiet) {
            (Some(snapshot), Err(LockError::Held { holder })) => {
                // Whoever has only begun has not said yet who it is; and readers never do.
                let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
                Ok(Self { events: Some(Events::Snapshot(snapshot)), seen: StoreSeen::InUse(holder) })
            }
            (Some(_), Err(LockError::Io(error))) => Err(OpenError::Io(error)),
            (Some(snapshot), Ok(_quiet)) => {
                let seen = Self::beside(&snapshot, folder, noted)?;
                Ok(Self { events: Some(Events::Snapshot(snapshot)), seen })
            }
            (None, Ok(_quiet)) => Self::from_store(folder, origin, noted),
            (None, Err(_)) => {
                let _quiet = Lock::look(&folder.lock(), access.lock_timeout).map_err(not_locked)?;
                Self::from_store(folder, origin, noted)
            }
        }
    }

    /// Whether the store opens and ends where the facts do, if it is small enough to see.
    ///
    /// # Errors
    ///
    /// What keeps whoever asks from looking: nothing is known of the store then.
    fn beside(snapshot: &Snapshot, folder: &Folder, noted: &mut Noted) -> Result<StoreSeen, OpenError> {
        if bytes_of(folder) > SMALL {
            let why = "it is large, and what is kept of it tells everything else".to_owned();
            return Ok(StoreSeen::NotOpened(why));
        }
        let store = match opened(folder) {
            Ok(store) => store,
            Err(error) => return not_opened(error, noted),
        };
        let (len, expected) = (store.len(), snapshot.heads.len());
        let newest = expected.checked_sub(1).and_then(|seq| hash(&store, seq));
        if len != expected || newest != Some(snapshot.heads.head()) {
            noted.add(
                Concern::DamagedStore,
                format!(
                    "the store ends otherwise than what is kept of it: it holds {len} events, and there were {expected}"
                ),
            );
            return Ok(StoreSeen::Damaged);
        }
        Ok(StoreSeen::Opens)
    }

    fn from_store(folder: &Folder, origin: &Origin, noted: &mut Noted) -> Result<Self, OpenError> {
        let damaged = |what: String, noted: &mut Noted| {
            noted.add(Concern::DamagedStore, what);
            Self { events: None, seen: StoreSeen::Damaged }
        };
        let store = match opened(folder) {
            Ok(store) => store,
            Err(error) => return Ok(Self { events: None, seen: not_opened(error, noted)? }),
        };
        let snapshot = match checked_keeping(origin, &store, is_about_ledger) {
            Ok((snapshot, _)) => snapshot,
            Err(OpenError::Damaged(damage)) => return Ok(damaged(damage.to_string(), noted)),
            Err(OpenError::Store(error)) => return Ok(Self { events: None, seen: not_opened(error.into(), noted)? }),
            Err(error) => return Err(error),
        };
        let forgotten = |(who, head): (&str, Head)| head.forgotten(who, store.len(), |seq| hash(&store, seq));
        let seen = match Head::remembered(folder).find_map(forgotten) {
            Some(damage) => {
                noted.add(Concern::DamagedStore, damage.what);
                StoreSeen::Damaged
            }
            None => StoreSeen::Opens,
        };
        Ok(Self { events: Some(Events::Store { snapshot, store: Box::new(store) }), seen })
    }

    pub(super) fn seen(&self) -> &StoreSeen {
        &self.seen
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        self.events.as_ref().map(|events| match events {
            Events::Snapshot(snapshot) | Events::Store { snapshot, .. } => snapshot,
        })
    }

    /// What says who may sign, and perhaps the newest event.
    pub(super) fn events(&self) -> Option<&[Recorded]> {
        self.snapshot().map(|snapshot| snapshot.events.as_slice())
    }

    pub(super) fn head(&self) -> Option<Head> {
        let newest = self.snapshot()?.heads.newest()?;
        Some(newest.head)
    }

    /// When the newest event was recorded.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        Some(self.snapshot()?.heads.newest()?.recorded)
    }

    pub(super) fn genesis(&self) -> Option<EventHash> {
        self.hash_at(1)
    }

    /// The hash of the newest of so many events, if it is known.
    pub(super) fn hash_at(&self, len: u64) -> Option<EventHash> {
        match self.events.as_ref()? {
            Events::Snapshot(snapshot) => snapshot.heads.at(len),
            Events::Store { store, .. } => hash(store, len.checked_sub(1)?),
        }
    }

    /// When the first event was recorded behind so many, if there is one.
    pub(super) fn recorded_after(&self, len: u64) -> Option<Timestamp> {
        match self.events.as_ref()? {
            Events::Snapshot(snapshot) => {
                snapshot.heads.stands().iter().find(|stand| stand.head.len > len).map(|stand| stand.recorded)
            }
            Events::Store { store, .. } => {
                let bytes = store.read(len..store.len().min(len.saturating_add(1))).next()?.ok()?;
                Event::read(&bytes).ok().map(|event| event.header.recorded)
            }
        }
    }
}

fn is_about_ledger(body: &Body) -> bool {
    body.kind().is_about_ledger()
}

fn hash(store: &GuardedStore, seq: u64) -> Option<EventHash> {
    if seq >= store.len() {
        return None;
    }
    store.read(seq..seq + 1).next()?.ok().map(|bytes| event_hash(&bytes))
}

/// Opens a copy of the store, and leaves the store itself as it is.
fn opened(folder: &Folder) -> Result<GuardedStore, OpenError> {
    if durable_file::kind(&folder.store().join("db"))? == durable_file::Kind::Absent {
        return Err(StoreError::Absent { folder: folder.store() }.into());
    }
    let scratch = folder.scratch().ok_or(OpenError::NoScratch)?;
    Ok(GuardedStore::borrowed(folder, scratch)?)
}

/// What is known of a store that was not opened: that it is damaged, or no more than that nobody could look.
fn not_opened(error: OpenError, noted: &mut Noted) -> Result<StoreSeen, OpenError> {
    let OpenError::Store(of_store) = &error else { return Err(error) };
    if !of_store.is_of_files() && !matches!(of_store, StoreError::Absent { .. }) {
        return Err(error);
    }
    noted.add(Concern::DamagedStore, error.to_string());
    Ok(StoreSeen::Damaged)
}

/// The bytes on the disk of the store's files.
fn bytes_of(folder: &Folder) -> u64 {
    let blocks = |path| fs::symlink_metadata(path).map_or(0, |found: fs::Metadata| found.blocks());
    let files = fs::read_dir(folder.store()).into_iter().flatten().flatten();
    files.map(|entry| blocks(entry.path())).sum::<u64>().saturating_mul(512)
}
