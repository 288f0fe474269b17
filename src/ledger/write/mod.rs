//! The only way in: a ledger that is open for writing.

pub mod append;

pub mod genesis;

pub mod administer;

use crate::domain::id::Origin;
use crate::event::chain::{Chain, ChainFault};
use crate::event::facts::{Facts, Recorded};
use crate::event::statement::Event;
use crate::integrity::checkpoint::Verified;
use crate::ledger::facts::{self, Kept};
use crate::ledger::folder::Folder;
use crate::ledger::folder::head::Head;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::settings::Settings;
use crate::ledger::keys::log_holder::LogSigning;
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::older::Older;
use crate::ledger::log::open::{Access, OpenError, lock, open_store};
use crate::ledger::log::replay;
use crate::ledger::state::authority::Authority;
use crate::ledger::state::registry::Index;
use crate::ledger::state::relevance::Bearing;
use crate::store::Store;
use crate::store::documents::Documents;
use crate::store::lock::Lock;

/// A ledger that is open for writing.
pub struct Ledger {
    folder: Folder,
    store: Box<dyn Store>,
    documents: Documents,
    facts: Facts,
    chain: Chain,
    authority: Authority,
    index: Index,
    bearing: Bearing,
    /// The facts beside the store, if they fit.
    kept: Option<Kept>,
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
        let hash_at = |seq| ledger.facts.heads.at(seq + 1);
        let forgotten = |(who, head): (&str, Head)| head.forgotten(who, ledger.chain.len(), hash_at);
        if let Some(damage) = Head::remembered(folder).find_map(forgotten) {
            return Err(damage.into());
        }
        Older::refuse(folder, ledger.chain.len())?;
        ledger.check(&Checkpoints::of(folder))?;
        ledger.head().settle(folder);
        Ok(ledger)
    }

    /// A ledger over a store of one's own; what tests of faults are made of.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] and [`OpenError::Store`] if what the store holds is no ledger of that origin.
    pub fn with_store(folder: &Folder, origin: &Origin, store: Box<dyn Store>, lock: Lock) -> Result<Self, OpenError> {
        let (facts, chain) = replay::checked(origin, store.as_ref())?;
        let mut ledger = Self {
            folder: folder.clone(),
            chain,
            store,
            documents: Documents::at(folder.documents()),
            kept: Kept::find(folder, origin).filter(|kept| kept.fits(&facts)),
            is_changed: false,
            facts,
            authority: Authority::default(),
            index: Index::default(),
            bearing: Bearing::default(),
            lock,
        };
        ledger.learn(0);
        Ok(ledger)
    }

    /// Takes an event that is about to be in the store.
    ///
    /// # Errors
    ///
    /// The first [`ChainFault`], if it does not follow: it was taken all the same, and is to be forgotten.
    fn take(&mut self, event: Event) -> Result<(), ChainFault> {
        let faults = self.chain.push(&event);
        let first_new = self.facts.events.len();
        self.facts.extend([event]);
        self.learn(first_new);
        faults.into_iter().next().map_or(Ok(()), Err)
    }

    /// Brings what is derived from the events up to those from a place on.
    fn learn(&mut self, first_new: usize) {
        for (place, event) in self.facts.events.iter().enumerate().skip(first_new) {
            // What `verify` would tell of keys does not keep others from reading; signing is checked when it happens.
            let _ = self.authority.apply(event.seq, &event.announcement.body);
            self.index.add(event);
            self.bearing.add(place, event);
        }
    }

    /// Forgets events that did not come into the store.
    fn forget_from(&mut self, len: usize) {
        if self.facts.events.len() == len {
            return;
        }
        self.facts.events.truncate(len);
        self.facts.heads.cut(len as u64);
        self.chain = Chain::resumed(self.facts.origin.clone(), &self.facts.heads);
        self.authority = Authority::default();
        self.index = Index::default();
        self.bearing = Bearing::default();
        self.learn(0);
    }

    /// Checks that it goes on from the newest of these checkpoints; of those that it keeps itself, that was done.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Rollback`], [`CheckpointsError::Fork`], and what keeps a checkpoint from being read.
    pub fn check(&self, known: &Checkpoints) -> Result<(), CheckpointsError> {
        known.check(self.store.as_ref(), &self.authority).map(drop)
    }

    /// The checkpoint of the log as it stands: signed before, or signed now, after everything since the last one was
    /// read again. It is on the disk in the ledger's folder when this returns.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointsError`].
    pub fn checkpoint(&self, signer: &dyn LogSigning) -> Result<Verified, CheckpointsError> {
        Checkpoints::of(&self.folder).extend(self.store.as_ref(), &self.authority, signer)
    }

    /// Whether a checkpoint of the log as it stands was signed; that it is of this log was checked when it was opened.
    pub fn is_signed(&self) -> bool {
        let sizes = Checkpoints::of(&self.folder).sizes();
        sizes.is_ok_and(|sizes| sizes.last() == Some(&self.chain.len()))
    }

    /// What it tells, with its heads after each event.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its events.
    pub fn events(&self) -> &[Recorded] {
        &self.facts.events
    }

    /// Where the log ends.
    pub fn head(&self) -> Head {
        Head { len: self.chain.len(), hash: self.chain.head() }
    }

    /// The ledger's name.
    pub fn origin(&self) -> &Origin {
        &self.facts.origin
    }

    /// Which log it is; nothing, before its genesis.
    pub fn id(&self) -> Option<LogId> {
        Some(LogId { origin: self.facts.origin.clone(), genesis: self.facts.heads.at(1)? })
    }

    /// Who may sign the next event.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl Drop for Ledger {
    /// Makes the facts anew if many batches followed them, in this process or in one that was killed, or if what was
    /// appended did not come into them. It can be done without.
    fn drop(&mut self) {
        let is_settled = self.kept.as_ref().is_some_and(|kept| kept.is_settled(self.head()));
        if !is_settled && (self.is_changed || self.kept.is_some()) {
            let _ = facts::write(&self.folder, &self.facts, facts::BLOCK_LEN);
        }
    }
}
