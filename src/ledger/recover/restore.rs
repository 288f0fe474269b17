//! Restoring: a ledger made again from its events, which were had otherwise, byte for byte.
//!
//! 1. Each event is checked as it comes, by the same walk that `verify` takes: that its bytes hash to what was stated,
//!    are canonical and follow those before; at the end of a batch, that the batch is complete and signed by a key that
//!    was authorised before it. What is not checked yet is never more than one batch, and in memory only.
//! 2. Batches that hold go into a store in a folder aside, several of them in one append.
//! 3. Documents that events name are copied, if a folder has them under their hashes, personal ones with their salts; but
//!    for those that an event says were erased. They are synced together, when the last was written.
//! 4. The folder aside is read again and verified as a whole, and moved into its place.
//!
//! A crash, or a refusal, at any of these leaves nothing in that place. What is written in the steps 2 and 3 need not last by
//! itself, since nobody reads the folder aside before it is moved, and each of these steps ends when all of it is on the disk: so
//! a ledger that a power cut leaves in its place has all its events and all its documents.
//!
//! Where only the events up to one are meant, those that follow are checked all the same, and not kept: whatever they say was
//! erased is not brought back. What is made then knows that it is [older](crate::ledger::log::older).
//!
//! In scope: the events and the documents. Out of scope: what a ledger has that no event says, above all the log's own key
//! under `keys/`.

mod documents;
mod error;

use crate::domain::id::Origin;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::{Head, MAX_BATCH_BYTES};
use crate::event::statement::Event;
use crate::integrity::checkpoint::Verified;
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::merkle::Node;
use crate::integrity::note::MAX_NOTE;
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::readme::{make_keys_folder, write_readme};
use crate::ledger::folder::settings::Settings;
use crate::ledger::folder::staging::StagingFolder;
use crate::ledger::log::checkpoints::Checkpoints;
use crate::ledger::log::guarded_store::GuardedStore;
use crate::ledger::log::older::Older;
use crate::ledger::log::open::scratch_of;
use crate::ledger::log::open::{Access, OpenError, Progress};
use crate::ledger::log::reader::Log;
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::{Fault, Fold, Layer, Outside, Report, verify_telling};
use crate::store::durable_file::read_bytes;
use crate::store::shared::Shared;
use crate::store::{Store, folder as store_folder};

pub use documents::Copied;
pub use error::RestoreError;

/// The most events, and bytes of them, that were checked and are not in the store yet: more are appended at a time.
const MOST_CHECKED: (usize, usize) = (1 << 12, 8 << 20);

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

/// Up to where a ledger is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The end of the batch that this event is of.
    Event(u64),
    /// The last batch that was recorded by that moment, by effective times.
    Moment(Timestamp),
}

/// A ledger that is being made again, not yet in its place: dropping it leaves nothing behind.
pub struct Restoration<'w> {
    store: GuardedStore,
    meant: Meant,
    walk: Option<Fold>,
    /// The events of a batch whose end has not come yet.
    batch: Vec<Vec<u8>>,
    batch_bytes: usize,
    /// Events of whole batches that are not in the store yet.
    checked: Vec<Vec<u8>>,
    checked_bytes: usize,
    /// The last event that is wanted, if not all are, with those of its batch.
    until: Option<u64>,
    /// Where what is kept ends.
    kept: Option<Head>,
    /// Whether somebody wants it to stop.
    is_stopped: Box<dyn Fn() -> bool>,
    progress: Progress<'w>,
    /// How many events are meant to come, where that is known, else 0.
    of: u64,
    // The last, since the store is closed before the folder is removed.
    aside: StagingFolder,
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
        // What a group has in a folder of its own stays the group's.
        let around = || Shared::of(store_folder::parent(target.path())).map(Shared::mode);
        Self::aside(StagingFolder::beside(target, &access.holder, target.rights().or_else(around))?, meant)
    }

    /// Makes a folder for what is only to be checked, where the ledger's account has room for copies that are gone in the end.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn to_check(ledger: &Folder, access: &Access) -> Result<Self, RestoreError> {
        let scratch = scratch_of(ledger)?;
        let meant = Meant { known: Known::MayDiffer, ..Meant::default() };
        let mut restoration = Self::aside(
            StagingFolder::beside(&ledger.elsewhere(scratch.join("checked")), &access.holder, None)?,
            meant,
        )?;
        // That there is more by now does not make it wrong.
        restoration.keep_until(u64::MAX);
        Ok(restoration)
    }

    /// The same within the folder of a ledger whose store it is to take the place of.
    pub(crate) fn within(ledger: &Folder, meant: Meant, access: &Access) -> Result<Self, RestoreError> {
        let rights = Shared::of(ledger.path()).map(Shared::mode);
        Self::aside(StagingFolder::beside(&Folder::at(ledger.store()), &access.holder, rights)?, meant)
    }

    fn aside(aside: StagingFolder, meant: Meant) -> Result<Self, RestoreError> {
        let folder = aside.folder();
        make_keys_folder(&folder)?;
        store_folder::create(&folder.documents())?;
        let store = GuardedStore::create(&folder)?;
        let is_stopped = Box::new(|| false);
        let progress = &|_: &'static str, _, _| ();
        Ok(Self {
            store,
            meant,
            walk: None,
            batch: Vec::new(),
            batch_bytes: 0,
            checked: Vec::new(),
            checked_bytes: 0,
            until: None,
            kept: None,
            is_stopped,
            progress,
            of: 0,
            aside,
        })
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

    /// Tells how far it has come.
    pub(crate) fn told(&self, did: &'static str, done: u64, of: u64) {
        (self.progress)(did, done, of);
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
            None => Fold::new(&self.begin(&event, found)?),
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
            let begin = (seq + 1).saturating_sub(self.batch.len() as u64);
            return Err(RestoreError::BatchTooLarge { seq, begin });
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

    /// Keeps what comes up to the end of the batch that an event is of, and nothing behind it.
    pub(super) fn keep_until(&mut self, seq: u64) {
        self.until = Some(seq);
    }

    /// Step 2: the batch holds, and is kept.
    fn keep_batch(&mut self) -> Result<(), RestoreError> {
        let batch = std::mem::take(&mut self.batch);
        let bytes = std::mem::take(&mut self.batch_bytes);
        let is_beyond = |until| self.kept.is_some_and(|kept| kept.len > until);
        if self.until.is_some_and(is_beyond) {
            return Ok(());
        }
        let is_full = |events: usize, bytes: usize| events > MOST_CHECKED.0 || bytes > MOST_CHECKED.1;
        if is_full(self.checked.len() + batch.len(), self.checked_bytes + bytes) {
            self.store_checked()?;
        }
        self.checked.extend(batch);
        self.checked_bytes += bytes;
        self.kept = self.head();
        if is_full(self.checked.len(), self.checked_bytes) { self.store_checked() } else { Ok(()) }
    }

    fn store_checked(&mut self) -> Result<(), RestoreError> {
        self.store.append(self.store.len(), &self.checked)?;
        self.checked.clear();
        self.checked_bytes = 0;
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

    /// How many events are kept, all of them in whole batches.
    pub(crate) fn whole(&self) -> u64 {
        self.store.len() + self.checked.len() as u64
    }

    /// The hash of one of these.
    pub(crate) fn hash(&self, seq: u64) -> Option<EventHash> {
        let Some(behind) = seq.checked_sub(self.store.len()) else {
            return self.store.read(seq..seq + 1).next()?.ok().map(|bytes| event_hash(&bytes));
        };
        self.checked.get(usize::try_from(behind).ok()?).map(|bytes| event_hash(bytes))
    }

    /// The folder aside.
    pub(crate) fn folder(&self) -> Folder {
        self.aside.folder()
    }

    /// Where the log ends by now; nothing, before the first event.
    pub fn head(&self) -> Option<Head> {
        let chain = &self.walk.as_ref()?.chain;
        Some(chain.end())
    }

    /// The root that a checkpoint is signed for, if it is signed with one of the log's keys.
    pub(super) fn signed_root(&self, of: &Checkpoints, size: u64) -> Option<Node> {
        let bytes = read_bytes(&of.file(size), MAX_NOTE as u64).ok()??;
        let mut keys = self.walk.as_ref()?.authority.log_keys();
        let checkpoint = keys.find_map(|key| Verified::open(&bytes, key).ok())?;
        (checkpoint.size() == size).then(|| checkpoint.root())
    }

    /// Step 4: closes what was written, reads it again and verifies it.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Empty`], [`RestoreError::CutOff`] and [`RestoreError::OtherHead`]; [`RestoreError::NotTheSame`] if
    /// the disk has other events than were given; [`RestoreError::Known`] if a checkpoint that came with them, or one that
    /// is remembered, does not hold. Documents that are missing are in the report, and no error.
    pub fn finish(mut self, remembered: &Checkpoints, access: &Access) -> Result<Restored, RestoreError> {
        self.go_on()?;
        let all = self.head().ok_or(RestoreError::Empty)?;
        if !self.batch.is_empty() {
            return Err(RestoreError::CutOff { last: all.len - 1 });
        }
        let head = self.kept.ok_or(RestoreError::Empty)?;
        if let Some(expected) = self.meant.head.filter(|expected| *expected != head.hash) {
            return Err(RestoreError::OtherHead { last: head.len - 1, expected, found: head.hash });
        }
        self.store_checked()?;
        let Self { store, aside, meant, until, is_stopped, progress, .. } = self;
        let folder = aside.folder();
        head.save(&folder)?;
        drop(store);
        let (mut remembered, mut older) = (remembered.clone(), None);
        if until.is_some() {
            let known = remembered.most().unwrap_or_default();
            older = Some(Older { len: head.len, known: known.max(all.len) }).filter(|older| older.known > older.len);
            // Where older events are asked for, they need not be all that was ever signed.
            remembered = remembered.within(0..=head.len);
        }
        if let Some(older) = older.filter(|_| meant.known == Known::Holds) {
            older.save(&folder)?;
        }
        let outside = Outside { genesis: meant.genesis, remembered, ..Outside::default() };
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
        if is_stopped() { Err(RestoreError::Stopped) } else { Ok(Restored { report, older, aside }) }
    }
}

/// A ledger that is complete and not yet in its place: dropping it leaves nothing behind.
pub struct Restored {
    /// What verifying all of it came to.
    pub report: Report,
    /// How much older it is than what is known, if it was to be restored as it was earlier.
    pub older: Option<Older>,
    aside: StagingFolder,
}

impl Restored {
    /// Where it is now.
    pub(crate) fn folder(&self) -> Folder {
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
    use std::path::Path;

    use super::*;
    use crate::ledger::testing::{access, with_missions};

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
        assert_eq!(restoration.whole(), 1, "only whole batches are kept");
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
