//! Restoring: a ledger made again from its events, which were had otherwise, byte for byte.
//!
//! 1. Each event is checked as it comes, by the same walk that `verify` takes: that its bytes hash to what was stated,
//!    are canonical and follow those before; at the end of a batch, that the batch is complete and signed by a key that
//!    was authorised before it. What is not checked yet is never more than one batch, and in memory only.
//! 2. A batch that holds goes into a store in a folder aside, in one append.
//! 3. Documents that events name are copied, if a folder has them under their hashes, personal ones with their salts; but
//!    for those that an event says were erased.
//! 4. The folder aside is read again and verified as a whole, and moved into its place.
//!
//! A crash, or a refusal, at any of these leaves nothing in that place. In scope: the events and the documents. Out of
//! scope: what a ledger has that no event says, above all the log's own key under `keys/`.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::id::Origin;
use crate::event::chain::MAX_BATCH_BYTES;
use crate::event::statement::{Event, EventError};
use crate::evidence::extract::MAX_DOCUMENT_BYTES;
use crate::integrity::checkpoint::Verified;
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::merkle::Node;
use crate::integrity::note::MAX_NOTE;
use crate::ledger::aside::Aside;
use crate::ledger::authority::Authority;
use crate::ledger::backup::BackupError;
use crate::ledger::checkpoints::Checkpoints;
use crate::ledger::found::make_keys_folder;
use crate::ledger::holdings::{Named, NamedBy, State};
use crate::ledger::publish::PublishError;
use crate::ledger::remembered::LogId;
use crate::ledger::settings::{Folder, Head, Settings};
use crate::ledger::shelf::Shelf;
use crate::ledger::verify::{Fault, Layer, Outside, Report, Walk, verify_telling};
use crate::ledger::watched::WatchedStore;
use crate::ledger::{Access, Log, OpenError, Progress, write_readme};
use crate::store::documents::{DocumentError, Documents};
use crate::store::folder as store_folder;
use crate::store::shared::Shared;
use crate::store::whole_file::read_bytes;
use crate::store::{Store, StoreError};

/// Why a ledger was not restored. Nothing of it is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Something is where the ledger should be.
    #[error("{} is there already", .0.display())]
    AlreadyThere(PathBuf),
    /// An event's bytes are others than were meant.
    #[error("event {seq}: its bytes hash to {found}, not to {stated} as is stated beside them")]
    OtherHash {
        /// The event, by its place.
        seq: u64,
        /// What its bytes should hash to.
        stated: EventHash,
        /// What they hash to.
        found: EventHash,
    },
    /// The first event is not that of the ledger that is meant.
    #[error("event 0: genesis hashes to {found}, not to the {expected} that was given")]
    OtherGenesis {
        /// What was given.
        expected: EventHash,
        /// What is there.
        found: EventHash,
    },
    /// The newest event is not the one that is meant.
    #[error("the events end with event {last}, which hashes to {found}, not to the {expected} that was given")]
    OtherHead {
        /// The last event that there was.
        last: u64,
        /// What was given.
        expected: EventHash,
        /// What is there.
        found: EventHash,
    },
    /// The first event cannot be read, so that it is not known which ledger this is.
    #[error("event 0: {0}")]
    NoBeginning(EventError),
    /// An event, or one of the batch that it ends, does not hold.
    #[error("{}", told(.0))]
    DoesNotHold(Vec<Fault>),
    /// More bytes without a signature than a batch may have.
    #[error(
        "event {seq}: a batch has at most {MAX_BATCH_BYTES} bytes, and the one that begins with event {begin} has more"
    )]
    BatchTooLarge {
        /// The event at which it became too large.
        seq: u64,
        /// The first event of the batch.
        begin: u64,
    },
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// There was no event.
    #[error("there is no event, not even a genesis")]
    Empty,
    /// The events end before their batch does.
    #[error("the events end with event {last}, in the middle of a batch: its signed end is missing")]
    CutOff {
        /// The last event that there was.
        last: u64,
    },
    /// What was written is not what is read again.
    #[error("what was written does not hold when it is read again: {}", told(.0))]
    NotTheSame(Vec<Fault>),
    /// A backup could not be read.
    #[error(transparent)]
    Backup(Box<BackupError>),
    /// A published log could not be read.
    #[error(transparent)]
    Published(Box<PublishError>),
    /// What is known of the log from elsewhere is more than, or other than, what there is.
    #[error("{}", told(.0))]
    Known(Vec<Fault>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document could not be read or kept.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What was restored could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The operating system refused.
    #[error("the folder cannot be made: {0}")]
    Io(#[from] io::Error),
}

fn told(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(|fault| format!("event {}: {}", fault.seq, fault.what)).collect();
    told.join("; ")
}

/// What is known from elsewhere of the ledger that is meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meant {
    /// The hash of its first event: without it, genesis proves itself alone.
    pub genesis: Option<EventHash>,
    /// The hash of its newest event: without it, nobody sees that whole batches are missing at the end.
    pub head: Option<EventHash>,
    /// Whether checkpoints that are known of it have to hold.
    pub known: Known,
}

/// What has to be with the checkpoints that are known of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Known {
    /// They hold: nothing is older than what was once signed.
    #[default]
    Holds,
    /// They may tell of more, or of other events: the report says so.
    MayDiffer,
}

/// A ledger that is being made again, not yet in its place: dropping it leaves nothing behind.
pub struct Restoration<'w> {
    store: WatchedStore,
    meant: Meant,
    walk: Option<Walk>,
    /// The events of a batch whose end has not come yet.
    batch: Vec<Vec<u8>>,
    batch_bytes: usize,
    /// Whether somebody wants it to stop.
    is_stopped: Box<dyn Fn() -> bool>,
    progress: Progress<'w>,
    /// How many events are meant to come, where that is known, else 0.
    of: u64,
    // The last, since the store is closed before the folder is removed.
    aside: Aside,
}

impl<'w> Restoration<'w> {
    /// Makes a folder aside, for a ledger that shall be at `target`, where nothing may be.
    ///
    /// # Errors
    ///
    /// [`RestoreError::AlreadyThere`], [`RestoreError::Open`], [`RestoreError::Store`] and [`RestoreError::Io`].
    pub fn new(target: &Folder, meant: Meant, access: &Access) -> Result<Self, RestoreError> {
        if target.path().symlink_metadata().is_ok() {
            return Err(RestoreError::AlreadyThere(target.path().to_owned()));
        }
        Self::aside(Aside::beside(target, &access.holder, target.rights())?, meant)
    }

    /// The same within the folder of a ledger whose store it is to take the place of.
    pub(super) fn within(ledger: &Folder, meant: Meant, access: &Access) -> Result<Self, RestoreError> {
        let rights = Shared::of(ledger.path()).map(Shared::mode);
        Self::aside(Aside::beside(&Folder::at(ledger.store()), &access.holder, rights)?, meant)
    }

    fn aside(aside: Aside, meant: Meant) -> Result<Self, RestoreError> {
        let folder = aside.folder();
        make_keys_folder(&folder)?;
        store_folder::create(&folder.documents())?;
        let store = WatchedStore::create(&folder)?;
        let is_stopped = Box::new(|| false);
        let progress = &|_: &'static str, _, _| ();
        Ok(Self { store, meant, walk: None, batch: Vec::new(), batch_bytes: 0, is_stopped, progress, of: 0, aside })
    }

    /// Has it stop at the next event or document, or before or after what was taken is verified, once that is so: nothing is left
    /// behind then.
    pub fn stop_when(&mut self, is_stopped: Box<dyn Fn() -> bool>) {
        self.is_stopped = is_stopped;
    }

    /// Has it tell how far it has come.
    pub fn tell(&mut self, progress: Progress<'w>) {
        self.progress = progress;
    }

    /// Has it know how many events are to come.
    pub(super) fn await_events(&mut self, of: u64) {
        self.of = of;
    }

    /// Goes on, unless it was asked to stop.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Stopped`].
    pub fn go_on(&self) -> Result<(), RestoreError> {
        if (self.is_stopped)() { Err(RestoreError::Stopped) } else { Ok(()) }
    }

    /// Takes the next event, which was stated to have that hash.
    ///
    /// # Errors
    ///
    /// [`RestoreError`], with everything that does not hold of this event and of the batch that it may end. There is no
    /// going on after it.
    pub fn push(&mut self, stated: EventHash, event: Vec<u8>) -> Result<(), RestoreError> {
        self.go_on()?;
        let seq = self.walk.as_ref().map_or(0, |walk| walk.chain.len());
        let found = event_hash(&event);
        if found != stated {
            return Err(RestoreError::OtherHash { seq, stated, found });
        }
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => Walk::new(&self.begin(&event, found)?),
        };
        walk.event(seq, &event);
        let faults: Vec<Fault> = walk.faults().cloned().collect();
        if !faults.is_empty() {
            return Err(RestoreError::DoesNotHold(faults));
        }
        (self.progress)("events checked", walk.chain.len(), self.of);
        let ended = !walk.chain.is_open();
        self.walk = Some(walk);
        self.batch_bytes += event.len();
        self.batch.push(event);
        if self.batch_bytes > MAX_BATCH_BYTES {
            return Err(RestoreError::BatchTooLarge { seq, begin: self.store.len() });
        }
        if ended { self.keep_batch() } else { Ok(()) }
    }

    /// Reads the ledger's name from its first event, and writes the files that have it.
    fn begin(&self, genesis: &[u8], found: EventHash) -> Result<Origin, RestoreError> {
        if let Some(expected) = self.meant.genesis.filter(|expected| *expected != found) {
            return Err(RestoreError::OtherGenesis { expected, found });
        }
        let origin = Event::read(genesis).map_err(RestoreError::NoBeginning)?.header.ledger;
        let folder = self.aside.folder();
        Settings::new(origin.clone()).save(&folder)?;
        write_readme(&folder, &origin)?;
        Ok(origin)
    }

    /// Step 2: the batch holds, and is kept.
    fn keep_batch(&mut self) -> Result<(), RestoreError> {
        self.store.append(self.store.len(), &self.batch)?;
        self.batch.clear();
        self.batch_bytes = 0;
        Ok(())
    }

    /// The ledger's name, once its first event was taken.
    pub fn origin(&self) -> Option<Origin> {
        Settings::load(&self.folder()).ok().map(|settings| settings.origin)
    }

    /// Which log it is, once its first batch was taken.
    pub fn id(&self) -> Option<LogId> {
        Some(LogId { origin: self.origin()?, genesis: self.hash(0)? })
    }

    /// Who may sign what follows the events that were taken.
    pub fn authority(&self) -> Option<&Authority> {
        self.walk.as_ref().map(|walk| &walk.authority)
    }

    /// How many events there are in whole batches.
    pub(super) fn whole(&self) -> u64 {
        self.store.len()
    }

    /// The hash of one of these.
    pub(super) fn hash(&self, seq: u64) -> Option<EventHash> {
        self.store.read(seq..seq + 1).next()?.ok().map(|bytes| event_hash(&bytes))
    }

    /// The folder aside.
    pub(super) fn folder(&self) -> Folder {
        self.aside.folder()
    }

    /// Where the log ends by now; nothing, before the first event.
    pub fn head(&self) -> Option<Head> {
        let chain = &self.walk.as_ref()?.chain;
        Some(Head { len: chain.len(), hash: chain.head() })
    }

    /// Deletes the documents that the events which were taken say were erased: some may have come with older events.
    pub(super) fn drop_erased(&self) -> Result<(), RestoreError> {
        let Some(holdings) = self.walk.as_ref().map(|walk| &walk.holdings) else { return Ok(()) };
        let erased = holdings.files().map(|(address, _)| address).filter(|of| holdings.erased_by(of).is_some());
        Documents::at(self.aside.folder().documents()).remove(erased)?;
        Ok(())
    }

    /// The root that a checkpoint is signed for, if it is signed with one of the log's keys.
    pub(super) fn signed_root(&self, of: &Checkpoints, size: u64) -> Option<Node> {
        let bytes = read_bytes(&of.file(size), MAX_NOTE as u64).ok()??;
        let mut keys = self.walk.as_ref()?.authority.log_keys();
        let checkpoint = keys.find_map(|key| Verified::open(&bytes, key).ok())?;
        (checkpoint.size() == size).then(|| checkpoint.root())
    }

    /// The documents that are kept here, and are other bytes elsewhere: their paths in a ledger.
    pub(super) fn altered_in(&self, other: &Folder) -> Vec<String> {
        let Some(holdings) = self.walk.as_ref().map(|walk| &walk.holdings) else { return Vec::new() };
        let (own, theirs) = (Shelf::of(&self.folder()), Shelf::of(other));
        let is_altered = |(address, named): &(&str, &Named)| {
            matches!(holdings.look(&theirs, address, named), State::Altered(_))
                && holdings.look(&own, address, named) == State::Kept
        };
        holdings.files().filter(is_altered).map(|(address, _)| format!("documents/{address}")).collect()
    }

    /// Step 3: copies the documents that events name from a folder that has them under their hashes.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Document`] if one could not be kept. One that cannot be read is told in the answer.
    pub fn copy_documents(&self, from: &Path) -> Result<Copied, RestoreError> {
        let (source, kept) = (Documents::at(from), Documents::at(self.aside.folder().documents()));
        let shelf = Shelf::of_documents(source.clone());
        let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
        let mut copied = Copied::default();
        let Some(holdings) = self.walk.as_ref().map(|walk| &walk.holdings) else { return Ok(copied) };
        let of = holdings.files().count() as u64;
        for (address, named) in holdings.files() {
            self.go_on()?;
            copied.named += 1;
            (self.progress)("documents looked at", copied.named as u64, of);
            match holdings.look(&shelf, address, named) {
                State::Kept => {
                    let bytes = source.get(address, limit)?.unwrap_or_default();
                    match source.salt(address)?.map(<[u8; 32]>::try_from) {
                        Some(Ok(salt)) if named.by == NamedBy::Commitment => kept.put_salted(address, &bytes, &salt)?,
                        _ => kept.put(address, &bytes)?,
                    }
                    copied.copied += 1;
                }
                State::Erased(_) => {}
                State::NotDeleted(by) => {
                    copied.refused.push(format!("document {address} was erased by event {by}, and was not copied"));
                }
                State::Missing(_) if !shelf.has(address) => {}
                State::Missing(what) | State::Altered(what) | State::Unreadable(what) => {
                    copied.refused.push(format!("document {address} {what}, and was not copied"));
                }
            }
        }
        Ok(copied)
    }

    /// Step 4: closes what was written, reads it again and verifies it.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Empty`], [`RestoreError::CutOff`] and [`RestoreError::OtherHead`]; [`RestoreError::NotTheSame`] if
    /// the disk has other events than were given; [`RestoreError::Known`] if a checkpoint that came with them, or one that
    /// is remembered, does not hold. Documents that are missing are in the report, and no error.
    pub fn finish(self, remembered: &Checkpoints, access: &Access) -> Result<Restored, RestoreError> {
        self.go_on()?;
        let head = self.head().ok_or(RestoreError::Empty)?;
        let last = head.len - 1;
        if !self.batch.is_empty() {
            return Err(RestoreError::CutOff { last });
        }
        if let Some(expected) = self.meant.head.filter(|expected| *expected != head.hash) {
            return Err(RestoreError::OtherHead { last, expected, found: head.hash });
        }
        let Self { store, aside, meant, is_stopped, progress, .. } = self;
        let folder = aside.folder();
        head.save(&folder)?;
        drop(store);
        let outside = Outside { genesis: meant.genesis, remembered: remembered.clone(), ..Outside::default() };
        let settings = Settings::load(&folder).map_err(OpenError::from)?;
        let report = verify_telling(&Log::under(aside.lock(), settings, &folder, access)?, &outside, progress);
        let faults = |of: &[Layer]| -> Vec<Fault> {
            let layers = report.layers.iter().filter(|layer| of.contains(&layer.layer));
            layers.flat_map(|layer| layer.faults.clone()).collect()
        };
        let of_events = faults(&[Layer::Bytes, Layer::Chain, Layer::Signatures]);
        if !of_events.is_empty() {
            return Err(RestoreError::NotTheSame(of_events));
        }
        let of_known = faults(&[Layer::Checkpoints]);
        if !of_known.is_empty() && meant.known == Known::Holds {
            return Err(RestoreError::Known(of_known));
        }
        if is_stopped() { Err(RestoreError::Stopped) } else { Ok(Restored { report, aside }) }
    }
}

/// What became of the documents.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    /// How many files events name.
    pub named: usize,
    /// How many were copied.
    pub copied: usize,
    /// Why others that are there were not.
    pub refused: Vec<String>,
}

/// A ledger that is complete and not yet in its place: dropping it leaves nothing behind.
pub struct Restored {
    /// What verifying all of it came to.
    pub report: Report,
    aside: Aside,
}

impl Restored {
    /// Where it is now.
    pub(super) fn folder(&self) -> Folder {
        self.aside.folder()
    }

    /// Where it shall be.
    pub fn target(&self) -> Folder {
        self.aside.target().clone()
    }

    /// Moves the ledger into its place, durably.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Io`], also if something came into its place meanwhile.
    pub fn publish(self) -> Result<Folder, RestoreError> {
        Ok(self.aside.publish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::trial::{access, with_missions};

    /// The events of a ledger with a genesis and a batch of three.
    fn events(folder: &Path) -> Vec<Vec<u8>> {
        let log = Log::read(&with_missions(folder, &["a", "b", "c"]), &access()).expect("it can be read");
        (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect()
    }

    #[test]
    fn a_batch_that_goes_on_and_on_is_refused_before_it_fills_the_memory() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let events = events(desk.path());
        let target = Folder::at(desk.path().join("second"));
        let mut restoration = Restoration::new(&target, Meant::default(), &access()).expect("nothing is there");
        for event in &events[..2] {
            restoration.push(event_hash(event), event.clone()).expect("it follows");
        }
        assert_eq!(restoration.store.len(), 1, "only whole batches are kept");
        restoration.batch_bytes = MAX_BATCH_BYTES;
        let refused = restoration.push(event_hash(&events[2]), events[2].clone()).expect_err("it is too much");
        assert!(matches!(refused, RestoreError::BatchTooLarge { seq: 2, begin: 1 }), "{refused}");
        drop(restoration);
        // The ledger, and what the account keeps.
        assert_eq!(std::fs::read_dir(desk.path()).expect("it can be listed").count(), 2, "something is left over");
    }
    #[test]
    fn a_ledger_that_is_verified_and_not_yet_in_its_place_is_nobody_elses_to_remove() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let events = events(desk.path());
        let restored = |name: &str| {
            let target = Folder::at(desk.path().join(name));
            let mut restoration = Restoration::new(&target, Meant::default(), &access()).expect("nothing is there");
            for event in &events {
                restoration.push(event_hash(event), event.clone()).expect("it follows");
            }
            restoration.finish(&Checkpoints::default(), &access()).expect("it holds")
        };
        let (second, third) = (restored("second"), restored("third"));
        for restored in [second, third] {
            let folder = restored.publish().expect("nothing is there");
            assert_eq!(Log::read(&folder, &access()).expect("all of it is there").len(), events.len() as u64);
        }
    }
}
