//! The only way in: a ledger that is open for writing.

pub mod append;
mod plan;

pub mod genesis;

pub mod administer;

use std::io;

use crate::domain::id::Origin;
use crate::event::chain::Head;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::integrity::checkpoint::Verified;
use crate::ledger::facts::{self, CacheState};
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::settings::Settings;
use crate::ledger::keys::log_holder::LogSigning;
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::older::Older;
use crate::ledger::log::open::{Access, OpenError, lock, open_store};
use crate::ledger::log::replay;
use crate::ledger::state::State;
use crate::ledger::state::authority::Authority;
use crate::ledger::write::append::Preview;
use crate::store::Store;
use crate::store::documents::Documents;
use crate::store::lock::Lock;

/// A ledger that is open for writing.
pub struct Ledger {
    state: State,
    // Released last: fields are dropped in the order of their declaration.
    backing: Backing,
}

/// What a ledger is written to.
struct Backing {
    folder: Folder,
    store: Box<dyn Store>,
    documents: Documents,
    /// The facts beside the store, if they fit.
    kept: Option<CacheState>,
    /// Whether anything was appended.
    is_changed: bool,
    // Released last: fields are dropped in the order of their declaration.
    lock: Lock,
}

impl Ledger {
    /// Opens the ledger in a folder, and reads and checks all of it.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; after [`OpenError::InUse`] it is worth trying again.
    pub fn open(folder: &Folder, access: &Access) -> Result<Self, OpenError> {
        let settings = Settings::load(folder)?;
        if let Some(owner) = folder.foreign_owner()? {
            return Err(OpenError::Anothers { owner });
        }
        let lock = lock(folder, access)?;
        let store = open_store(folder, access)?;
        let ledger = Self::with_store(folder, &settings.origin, Box::new(store), lock)?;
        let hash_at = |seq| ledger.state.snapshot().heads.at(seq + 1);
        let forgotten = |(who, head): (&str, Head)| head.forgotten(who, ledger.state.len(), hash_at);
        if let Some(damage) = Head::remembered(folder).find_map(forgotten) {
            return Err(damage.into());
        }
        Older::refuse(folder, ledger.state.len())?;
        ledger.check(&Checkpoints::of(folder))?;
        ledger.head().settle(folder);
        Ok(ledger)
    }

    /// Opens a ledger over a store of one's own; what tests of faults are made of.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] and [`OpenError::Store`] if what the store holds is no ledger of that origin.
    pub fn with_store(folder: &Folder, origin: &Origin, store: Box<dyn Store>, lock: Lock) -> Result<Self, OpenError> {
        let (snapshot, chain) = replay::checked(origin, store.as_ref())?;
        let kept = CacheState::find(folder, origin).filter(|kept| kept.fits(&snapshot));
        Ok(Self { state: State::of(snapshot, chain), backing: Backing::new(folder.clone(), store, kept, lock) })
    }

    /// Checks that the log goes on from the newest of these checkpoints; of those that it keeps itself, that was done.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Rollback`], [`CheckpointsError::Fork`], and what keeps a checkpoint from being read.
    pub fn check(&self, known: &Checkpoints) -> Result<(), CheckpointsError> {
        known.check(self.backing.store.as_ref(), self.authority()).map(drop)
    }

    /// Returns the checkpoint of the log as it stands: signed before, or signed now, after everything since the last one was
    /// read again. It is on the disk in the ledger's folder when this returns.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointsError`].
    pub fn checkpoint(&self, signer: &dyn LogSigning) -> Result<Verified, CheckpointsError> {
        Checkpoints::of(&self.backing.folder).extend(self.backing.store.as_ref(), self.authority(), signer)
    }

    /// Tells whether a checkpoint of the log as it stands was signed; that it is of this log was checked when it was opened.
    pub fn is_signed(&self) -> bool {
        let sizes = Checkpoints::of(&self.backing.folder).sizes();
        sizes.is_ok_and(|sizes| sizes.last() == Some(&self.state.len()))
    }

    /// Returns what the ledger tells, with its heads after each event.
    pub fn snapshot(&self) -> &Snapshot {
        self.state.snapshot()
    }

    /// Returns what the ledger would tell after what a dry run looked at.
    pub fn into_snapshot_with(self, preview: Preview) -> Snapshot {
        preview.new.after(self.state.into_snapshot())
    }

    /// Returns the events of the ledger.
    pub fn events(&self) -> &[Recorded] {
        &self.state.snapshot().events
    }

    /// Returns where the log ends.
    pub fn head(&self) -> Head {
        self.state.chain().end()
    }

    /// Returns the ledger's name.
    pub fn origin(&self) -> &Origin {
        &self.state.snapshot().origin
    }

    /// Returns which log it is; nothing, before its genesis.
    pub fn id(&self) -> Option<LogId> {
        Some(LogId { origin: self.origin().clone(), genesis: self.state.snapshot().heads.at(1)? })
    }

    /// Returns who may sign the next event.
    pub fn authority(&self) -> &Authority {
        self.state.authority()
    }

    /// Returns the ledger as one whose files have another folder.
    fn moved_to(mut self, folder: Folder) -> Self {
        self.backing.folder = folder;
        self
    }

    /// Closes the ledger, and makes the facts beside its store anew if many batches followed them, in this process or in one
    /// that was killed, or if what was appended did not come into them.
    ///
    /// Answers can do without: where a ledger is dropped instead, the next reader makes them.
    ///
    /// # Errors
    ///
    /// What the operating system says of the facts; nothing that was appended hangs on them.
    pub fn close(self) -> io::Result<()> {
        let Self { state, backing } = self;
        let end = state.chain().end();
        let is_settled = backing.kept.as_ref().is_some_and(|kept| kept.is_settled(end));
        if is_settled || (!backing.is_changed && backing.kept.is_none()) {
            return Ok(());
        }
        facts::write(&backing.folder, state.snapshot(), facts::BLOCK_LEN).map(drop)
    }
}

impl Backing {
    fn new(folder: Folder, store: Box<dyn Store>, kept: Option<CacheState>, lock: Lock) -> Self {
        Self { documents: Documents::at(folder.documents()), folder, store, kept, is_changed: false, lock }
    }
}
