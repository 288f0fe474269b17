//! The only writer: admission, append, signing, verification; and the reader that answers rest on.
//!
//! A ledger is a folder. One process at a time has its store open, readers included, so whoever needs it opens it, does
//! one thing and closes it: a reader takes what it needs out of its [`Log`], and drops it. Most questions need only the
//! [`facts`] that are kept beside it.

pub mod admission;
pub mod append;
mod aside;
pub mod authority;
pub mod backup;
pub mod batch_end;
mod bearing;
mod before;
pub mod checkpoints;
pub mod clock;
mod clock_correction;
pub mod copied;
mod denied;
pub mod draft;
pub mod erase;
pub mod facts;
pub mod finding;
pub mod folder;
pub mod found;
pub mod head;
pub mod holdings;
pub mod index;
mod kept_copy;
pub mod log;
pub mod log_holder;
pub mod log_id;
mod log_key;
pub mod older;
mod open;
pub mod own;
pub mod pass;
pub mod prove;
pub mod publish;
mod readme;
pub mod remembered;
pub mod repair;
pub mod restore;
pub mod review;
mod salvage;
pub mod sealing;
pub mod settings;
pub mod shelf;
pub mod signer;
pub mod status;
mod stretch;
pub mod timestamps;
pub mod tree;
#[cfg(test)]
mod trial;
pub mod user;
pub mod verify;
mod watched;
pub mod witness;

use crate::domain::id::Origin;
use crate::event::chain::{Chain, ChainFault};
use crate::event::facts::{Facts, Recorded};
use crate::event::statement::Event;
use crate::integrity::checkpoint::Verified;
use crate::store::Store;
use crate::store::documents::Documents;
use crate::store::lock::Lock;

use authority::Authority;
use bearing::Bearing;
use checkpoints::{Checkpoints, CheckpointsError};
use facts::Kept;
use index::Index;
use log_id::LogId;
use older::Older;
use open::{lock, open_store};

pub use crate::event::chain::Damage;
pub use crate::evidence::encoding::Encoding;
pub use crate::evidence::extract::{ExtractError, MAX_DOCUMENT_BYTES, MediaType};
pub use crate::store::documents::DocumentError;
pub use crate::store::folder::foreign_owner;
pub use crate::store::whole_file::{read_bytes, replace_with};
pub use append::{AppendError, Appended, Options};
pub use clock::{Clock, ClockFault};
pub use denied::Denied;
pub use draft::{Batch, Brought, Draft, DraftDocument, DraftQuote, DraftSource, Privacy};
pub use finding::{Code, Finding};
pub use folder::Folder;
pub use head::Head;
pub use log::{Found, Log};
pub use log_holder::{LogHolder, LogSigning};
pub use log_key::NewLogKey;
pub use open::{Access, OpenError, Progress};
pub use pass::Pass;
pub use settings::{Settings, SettingsError};
pub use shelf::Shelf;
pub use signer::{KeyFile, Signer, SignerError, create_secret, log_signer};
pub use user::User;

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
        let (facts, chain) = stretch::checked(origin, store.as_ref())?;
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
