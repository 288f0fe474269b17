//! The reader: the events of a ledger as they lie in its store, read a run at a time.
//!
//! It holds the ledger's lock as long as it lives: take what is needed, and drop it, so that nobody waits for a reader.

use crate::ledger::log::open::scratch_of;
use std::ops::Range;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::domain::announcement::Body;
use crate::domain::id::Origin;
use crate::event::chain::{Damage, Head, prev_of};
use crate::event::snapshot::{Heads, LogPoint, Snapshot};
use crate::integrity::checkpoint::Verified;
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::merkle;
use crate::ledger::documents::reader::DocumentReader;
use crate::ledger::facts::{self, CacheCheck, HeadsKnown, Scope};
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::settings::Settings;
use crate::ledger::keys::log_holder::LogSigning;
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::guarded_store::GuardedStore;
use crate::ledger::log::older::Older;
use crate::ledger::log::open::{Access, OpenError, lock, not_locked, open_store};
use crate::ledger::log::replay::{check_end, checked, checked_keeping, parts};
use crate::ledger::log::timestamps::Timestamps;
use crate::ledger::log::tree::LogTree;
use crate::ledger::state::authority::Authority;
use crate::store::bundle::BUNDLE_LEN;
use crate::store::lock::Lock;
use crate::store::memory::MemoryStore;
use crate::store::run::Run;
use crate::store::tiles::bundle;
use crate::store::{Store, StoreError};

/// The events of a ledger, as bytes, at one moment.
pub struct Log {
    folder: Folder,
    pub(crate) origin: Origin,
    pub(crate) store: Box<dyn Store>,
    /// By the names of the files that remember where the log ended.
    remembered: Vec<(&'static str, Head)>,
    // The lock is released last: fields are dropped in the order of their declaration.
    whence: Whence,
}

/// Where the events of a log are read from.
enum Whence {
    /// The store of a ledger of one's own, which is locked meanwhile.
    Own(#[expect(dead_code, reason = "it is held")] Lock),
    /// A copy of the store in another's folder, of which nothing is written.
    Copy,
    /// They were had otherwise.
    Given,
    /// What was published of a log, that has no folder of its own.
    Published,
}

/// What was found at some positions of a log.
#[derive(Debug)]
pub enum ReadItem {
    /// Events, as bytes.
    Run(Run),
    /// Nothing that can be read, and why.
    Unreadable {
        /// The position.
        seq: u64,
        /// Why not.
        what: String,
    },
}

impl Log {
    /// Opens a ledger to read it; others wait until it is dropped.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; what is wrong with single events is left to [`snapshot`](Self::snapshot) and to `verify`.
    pub fn read(folder: &Folder, access: &Access) -> Result<Self, OpenError> {
        let settings = Settings::load(folder)?;
        if !folder.is_own() {
            return Self::of_another(settings, folder, access);
        }
        Self::under(lock(folder, access)?, settings, folder, access)
    }

    /// Reads a copy of the store in a folder that is another's: who owns it can put anything there at any time, also
    /// between a look and opening.
    fn of_another(settings: Settings, folder: &Folder, access: &Access) -> Result<Self, OpenError> {
        let scratch = scratch_of(folder)?;
        let lock = Lock::look(&folder.lock(), access.lock_timeout).map_err(not_locked)?;
        let store = Box::new(GuardedStore::borrowed(folder, scratch)?);
        drop(lock);
        let remembered = Head::remembered(folder).collect();
        Ok(Self { folder: folder.clone(), origin: settings.origin, store, remembered, whence: Whence::Copy })
    }

    /// The same, by whoever has the lock already.
    pub(crate) fn under(lock: Lock, settings: Settings, folder: &Folder, access: &Access) -> Result<Self, OpenError> {
        let store = Box::new(open_store(folder, access)?);
        let remembered = Head::remembered(folder).collect();
        Ok(Self { folder: folder.clone(), origin: settings.origin, store, remembered, whence: Whence::Own(lock) })
    }

    /// Events that were had otherwise.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] if one of them is no event.
    pub fn of(folder: &Folder, origin: Origin, values: &[Vec<u8>]) -> Result<Self, StoreError> {
        let mut store = MemoryStore::default();
        for values in values.chunks(BUNDLE_LEN) {
            store.append(store.len(), values)?;
        }
        Ok(Self {
            folder: folder.clone(),
            origin,
            store: Box::new(store),
            remembered: Vec::new(),
            whence: Whence::Given,
        })
    }

    /// Of a published log, that has no folder of its own.
    pub(crate) fn published(folder: &Folder, origin: Origin, store: Box<dyn Store>) -> Self {
        Self { folder: folder.clone(), origin, store, remembered: Vec::new(), whence: Whence::Published }
    }

    /// Whether it is a published log, that has no folder of its own.
    pub(crate) fn is_published(&self) -> bool {
        matches!(self.whence, Whence::Published)
    }

    /// Whether it lies in a ledger's folder, one's own or another's.
    fn has_folder(&self) -> bool {
        matches!(self.whence, Whence::Own(_) | Whence::Copy)
    }

    /// Whether documents are kept beside its events.
    pub(crate) fn has_documents(&self) -> bool {
        self.has_folder() || self.folder.documents().is_dir()
    }

    /// Some of its events, as a published bundle has them.
    pub(crate) fn bundle(&self, seqs: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let values: Vec<Vec<u8>> = self.store.read(seqs).collect::<Result<_, _>>()?;
        Ok(bundle(values.iter().map(Vec::as_slice)))
    }

    /// The ledger's name, as its settings say.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Which log it is.
    ///
    /// # Errors
    ///
    /// [`Damage`] if its first event cannot be read.
    pub fn id(&self) -> Result<LogId, Damage> {
        let genesis = self.value(0).and_then(Result::ok);
        let genesis = genesis.ok_or_else(|| Damage { seq: 0, what: "it cannot be read".to_owned() })?;
        Ok(LogId { origin: self.origin.clone(), genesis: event_hash(&genesis) })
    }

    /// Number of events.
    pub fn len(&self) -> u64 {
        self.store.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// The bytes of an event; an error says why the store could not give them.
    pub fn value(&self, seq: u64) -> Option<Result<Vec<u8>, String>> {
        let value = (seq < self.len()).then(|| self.store.read(seq..seq + 1).next())??;
        Some(value.map_err(|error| error.to_string()))
    }

    /// The hash that the store keeps of a full bundle of 256 events, if it keeps one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn root(&self, bundle: u64) -> Result<Option<merkle::Node>, StoreError> {
        self.store.root(bundle)
    }

    /// Walks over the events of some positions, a run of them in memory at a time, past what cannot be read.
    pub fn found(&self, seqs: Range<u64>) -> impl Iterator<Item = ReadItem> {
        let mut rest = seqs.start..seqs.end.min(self.len());
        let mut runs = self.store.runs(rest.clone());
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            match runs.next() {
                Some(Ok(run)) => {
                    rest.start += run.len() as u64;
                    Some(ReadItem::Run(run))
                }
                outcome => {
                    let what = match outcome {
                        Some(Err(error)) => error.to_string(),
                        Some(Ok(_)) | None => "the store ends before its length".to_owned(),
                    };
                    let seq = rest.start;
                    rest.start += 1;
                    runs = self.store.runs(rest.clone());
                    Some(ReadItem::Unreadable { seq, what })
                }
            }
        })
    }

    /// The first thing that `HEAD` remembers and the log does not hold: nothing, if the log goes on from there.
    pub fn forgotten(&self) -> Option<Damage> {
        let hash_at = |seq| self.value(seq)?.ok().map(|bytes| event_hash(&bytes));
        self.remembered.iter().find_map(|(who, head)| head.forgotten(who, self.len(), hash_at))
    }

    /// What the events tell, with the heads after each, if the chain holds, its end is signed, and it is no shorter than
    /// `HEAD` remembers.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] at the first event that cannot be believed, or [`OpenError::Store`].
    pub fn snapshot(&self) -> Result<Snapshot, OpenError> {
        let (snapshot, _) = checked(&self.origin, self.store.as_ref())?;
        self.forgotten().map_or(Ok(snapshot), |damage| Err(damage.into()))
    }

    /// The same from the facts that are kept beside the store, if they fit: the events are hashed, and not read.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot), which tells what is wrong with a log that these facts do not fit.
    pub fn hashed_snapshot(&self) -> Result<Snapshot, OpenError> {
        let kept = facts::read(&self.folder, Scope::Everything, HeadsKnown::Batches);
        match kept.and_then(|kept| self.with_hashes(kept)) {
            Some(snapshot) if check_end(&snapshot.events, self.store.as_ref()).is_ok() => {
                self.settle(&snapshot);
                Ok(snapshot)
            }
            _ => {
                let snapshot = self.snapshot()?;
                self.settle(&snapshot);
                Ok(snapshot)
            }
        }
    }

    /// These facts with the heads after each event, if the events hang together and end as the facts do.
    fn with_hashes(&self, mut snapshot: Snapshot) -> Option<Snapshot> {
        if snapshot.heads.len() != self.len() {
            return None;
        }
        let links: Vec<Links> =
            parts(0..self.len()).into_par_iter().map(|part| self.links(part)).collect::<Option<_>>()?;
        let mut heads = Heads::new(&self.origin);
        let mut events = snapshot.events.iter();
        for part in links {
            if part.prev != heads.head() {
                return None;
            }
            for head in part.hashes {
                let event = events.next()?;
                let ends_batch = snapshot.heads.at(event.seq + 1) == Some(head);
                heads.push(LogPoint {
                    head: Head { len: event.seq + 1, hash: head },
                    recorded: event.stated,
                    ends_batch,
                });
            }
        }
        // Each batch must end where it did, and the last of them the log.
        let ends = heads.stands().iter().filter(|stand| stand.ends_batch);
        if !ends.eq(snapshot.heads.stands()) {
            return None;
        }
        snapshot.heads = heads;
        Some(snapshot)
    }

    /// The hashes of events that name each other's.
    fn links(&self, part: Range<u64>) -> Option<Links> {
        let mut links = Links { prev: EventHash::from_bytes([0; 32]), hashes: Vec::new() };
        for run in self.store.runs(part) {
            let run = run.ok()?;
            for (index, bytes) in run.values().enumerate() {
                let prev = prev_of(bytes)?;
                match links.hashes.last() {
                    None => links.prev = prev,
                    Some(before) if *before == prev => {}
                    Some(_) => return None,
                }
                links.hashes.push(run.hash(index).map_or_else(|| event_hash(bytes), EventHash::from_bytes));
            }
        }
        Some(links)
    }

    /// Where the log ends, if it holds: what [`snapshot`](Self::snapshot) checks, and nothing is kept of it.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot).
    pub fn check(&self) -> Result<Head, OpenError> {
        let (_, chain) = checked_keeping(&self.origin, self.store.as_ref(), |body| body.kind().is_about_ledger())?;
        let head = chain.end();
        self.forgotten().map_or(Ok(head), |damage| Err(damage.into()))
    }

    /// Keeps these facts, which were read from the store, beside it in place of what is there; and puts right what `HEAD`
    /// says. They can be done without: it is told whether they are kept.
    pub fn keep(&self, snapshot: &Snapshot) -> bool {
        self.keep_in_blocks(snapshot, facts::BLOCK_LEN)
    }

    /// The same in blocks of so many events: with fewer, less is read for one agreement, and more for all.
    pub fn keep_in_blocks(&self, snapshot: &Snapshot, len: usize) -> bool {
        if !self.has_folder() || snapshot.heads.len() != self.len() {
            return false;
        }
        let is_kept = facts::write(&self.folder, snapshot, len).is_ok();
        self.settle(snapshot);
        is_kept
    }

    /// Puts right what `HEAD` says, by what the store was seen to hold.
    fn settle(&self, snapshot: &Snapshot) {
        if matches!(self.whence, Whence::Own(_)) && !snapshot.heads.is_empty() {
            snapshot.heads.end().settle(&self.folder);
        }
    }

    /// What bears on the names of things, and on who may record, if the end of the log is signed and is no other than `HEAD`
    /// remembers; from the facts that are kept beside the store, if they fit.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot); of what the kept facts spare reading, nothing is said.
    pub fn naming(&self) -> Result<Snapshot, OpenError> {
        let store = self.store.as_ref();
        let kept = facts::read(&self.folder, Scope::Those(bears_on_names), HeadsKnown::Newest);
        let fits = |kept: &Snapshot| {
            let newest = check_end(&kept.events, store).ok().flatten();
            newest.is_some_and(|newest| (kept.heads.len(), kept.heads.head()) == (self.len(), newest.hash))
        };
        let snapshot = match kept.filter(fits) {
            Some(kept) => kept,
            None => checked_keeping(&self.origin, store, bears_on_names)?.0,
        };
        if let Some(damage) = self.forgotten() {
            return Err(damage.into());
        }
        self.settle(&snapshot);
        Ok(snapshot)
    }

    /// The facts that are kept beside the store, to be compared with its events; none beside events that were had
    /// otherwise.
    ///
    /// # Errors
    ///
    /// Why there is nothing to compare.
    pub(crate) fn comparison(&self) -> Result<CacheCheck, String> {
        if self.has_folder() {
            CacheCheck::new(&self.folder, &self.origin)
        } else {
            Err("no facts are kept".to_owned())
        }
    }

    /// The checkpoints that are kept beside the store; of events that were had otherwise, none are.
    pub fn checkpoints(&self) -> Checkpoints {
        if matches!(self.whence, Whence::Given) { Checkpoints::default() } else { Checkpoints::of(&self.folder) }
    }

    /// Who may sign the next event, by the events themselves, whatever is kept of them: for whoever signs the log.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot).
    pub fn authority(&self) -> Result<Authority, OpenError> {
        let is_about_ledger = |body: &Body| body.kind().is_about_ledger();
        let (snapshot, _) = checked_keeping(&self.origin, self.store.as_ref(), is_about_ledger)?;
        Ok(Authority::of(&snapshot.events))
    }

    /// Checks that it goes on from the newest of these checkpoints.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Rollback`], [`CheckpointsError::Fork`], and what keeps a checkpoint from being read.
    pub fn check_known(&self, known: &Checkpoints, keys: &Authority) -> Result<(), CheckpointsError> {
        known.check(self.store.as_ref(), keys).map(drop).map_err(|error| match error {
            CheckpointsError::Rollback { .. } | CheckpointsError::SawMore { .. } => {
                self.check_not_older().err().unwrap_or(error)
            }
            other => other,
        })
    }

    /// Checks that the ledger was not restored as it was earlier, to be read.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Older`], and [`CheckpointsError::Io`] if its folder does not say that clearly.
    pub fn check_not_older(&self) -> Result<(), CheckpointsError> {
        self.older()?.map_or(Ok(()), |older| Err(CheckpointsError::Older(older)))
    }

    /// How much older it is than what was known when it was restored; nothing, if it is not.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`] if its folder does not say that clearly.
    pub(crate) fn older(&self) -> Result<Option<Older>, CheckpointsError> {
        if self.has_folder() { Older::of(&self.folder, self.len()) } else { Ok(None) }
    }

    /// The timestamps that are kept beside its events.
    pub fn timestamps(&self) -> Timestamps {
        Timestamps::of(&self.folder)
    }

    /// The file of a checkpoint beside its events, byte for byte as it was signed.
    pub fn checkpoint_file(&self, size: u64) -> PathBuf {
        Checkpoints::of(&self.folder).file(size)
    }

    /// The tree over its first events, so many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if something cannot be read.
    pub fn tree(&self, size: u64) -> Result<LogTree<'_>, StoreError> {
        LogTree::of(self.store.as_ref(), size)
    }

    /// The checkpoint of the log as it stands: signed before, or signed now, after everything since the last one was
    /// read again. Whatever was remembered elsewhere must be of the same log.
    ///
    /// It is on the disk in the ledger's folder when this returns.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointsError`].
    pub fn checkpoint(
        &self,
        signer: &dyn LogSigning,
        keys: &Authority,
        elsewhere: &Checkpoints,
    ) -> Result<Verified, CheckpointsError> {
        Older::refuse(&self.folder, self.len())?;
        elsewhere.check(self.store.as_ref(), keys)?;
        self.checkpoints().extend(self.store.as_ref(), keys, signer)
    }

    /// Where checkpoints are kept that the log's key should not have signed, with those that they contradict.
    pub fn evidence(&self) -> PathBuf {
        self.folder.evidence()
    }

    /// The documents that its events name.
    pub fn shelf(&self) -> DocumentReader {
        DocumentReader::of(&self.folder)
    }
}

/// Whether a body says what something is called, or comments on what may; or changes who may record.
pub(crate) fn bears_on_names(body: &Body) -> bool {
    let describes = body.kind().is_description() || matches!(body, Body::Memorandum(_));
    describes || body.about().is_some() || body.kind().is_about_ledger()
}

/// The hashes of events in a row, and what the first follows.
struct Links {
    prev: EventHash,
    hashes: Vec<EventHash>,
}

#[cfg(test)]
pub(crate) mod tests;
