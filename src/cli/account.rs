//! The account's own folder: where this program keeps for a user what lies in no ledger.
//!
//! 1. `SERVANDA_STATE` names the folder itself, for services without a home;
//! 2. else it is `servanda` in `XDG_STATE_HOME`;
//! 3. else `.local/state/servanda` in `HOME`.
//!
//! Copies of ledgers that it may only read lie in `cache` within the first, else in `servanda` in `XDG_CACHE_HOME`, else in
//! `.cache/servanda` in `HOME`: whoever deletes them has them made again.
//!
//! One that is somebody else's, as it is where `sudo` keeps the user's `HOME`, is neither read nor written: nothing in it was
//! put there by whoever asks, and what it would get could not be read any more by whose it is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::domain::id::Origin;
use crate::event::chain::Head;
use crate::integrity::checkpoint::Verified;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::checkpoints::Checkpoints;
use crate::ledger::log::memory::{Known, Memory, Met};
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::Report;
use crate::ledger::write::genesis::StagedLedger;
use crate::ledger::{Folder, Log, User};
use crate::store::folder::foreign_owner;

/// Names the folder itself.
const FOLDER: &str = "SERVANDA_STATE";

/// The account's folder, there or still to be made; or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Account {
    /// It is the user's own.
    Own(PathBuf),
    /// Nothing in the environment says where it is.
    Nowhere,
    /// It is another user's.
    OfAnother {
        /// The folder.
        folder: PathBuf,
        /// That user's id.
        owner: u32,
    },
    /// The operating system does not say whose it is.
    Unknown {
        /// The folder.
        folder: PathBuf,
        /// What it says.
        what: String,
    },
}

impl Account {
    /// The folder, if it may be read and written.
    pub(super) fn own(self) -> Option<PathBuf> {
        match self {
            Self::Own(folder) => Some(folder),
            Self::Nowhere | Self::OfAnother { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Why nothing can be kept, and how to change that; nothing, if it can.
    pub(super) fn why_not(&self) -> Option<String> {
        let why = match self {
            Self::Own(_) => return None,
            Self::Nowhere => "none of SERVANDA_STATE, XDG_STATE_HOME and HOME says where".to_owned(),
            Self::OfAnother { folder, owner } => format!("{} belongs to user {owner}", folder.display()),
            Self::Unknown { folder, what } => format!("{}: {what}", folder.display()),
        };
        Some(format!("{why}; set SERVANDA_STATE to a folder of your own"))
    }
}

/// The system's folder for what is gone in the end; in a container that can only be read, what its memory has for that.
fn scratch() -> PathBuf {
    let may_write = |folder: &&str| rustix::fs::access(*folder, rustix::fs::Access::WRITE_OK).is_ok();
    PathBuf::from(["/tmp", "/dev/shm"].iter().find(|folder| may_write(folder)).unwrap_or(&"/tmp"))
}

impl Context<'_, '_> {
    /// A ledger in a folder, for the account that asks: what was derived for it is believed, and another's folder is read from
    /// a copy among the system's temporary files.
    pub(super) fn folder_at(&self, path: impl Into<PathBuf>) -> Folder {
        let scratch = (self.around.variable)("TMPDIR").map_or_else(scratch, PathBuf::from);
        let folder = Folder::at(path).with_scratch(self.around.path(&scratch));
        let folder = self.cache().map_or(folder.clone(), |cache| folder.with_cache(cache));
        // Without a key of one's own nothing derived is believed, and the store is read.
        let user = self.account().own().and_then(|state| User::at(&state, || (self.around.entropy)()).ok());
        user.map_or(folder.clone(), |user| folder.of(Arc::new(user)))
    }

    /// Reads a folder from the environment; one that is not absolute is none.
    ///
    /// # Source
    ///
    /// XDG Base Directory Specification, "Environment variables".
    pub(super) fn absolute(&self, name: &str) -> Option<PathBuf> {
        (self.around.variable)(name).map(PathBuf::from).filter(|folder| folder.is_absolute())
    }

    /// Where copies are kept for the user that can be made again.
    fn cache(&self) -> Option<PathBuf> {
        let named = (self.around.variable)(FOLDER).map(|state| PathBuf::from(state).join("cache"));
        let variable = |name: &str| self.absolute(name);
        let cache = named
            .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("servanda")))
            .or_else(|| variable("HOME").map(|home| home.join(".cache/servanda")));
        let cache = self.around.path(&cache?);
        foreign_owner(&cache).is_ok_and(|owner| owner.is_none()).then_some(cache)
    }

    /// Where this program keeps what it has to remember for the user.
    pub(super) fn account(&self) -> Account {
        let Some(folder) = self.account_folder() else { return Account::Nowhere };
        match foreign_owner(&folder) {
            Ok(None) => Account::Own(folder),
            Ok(Some(owner)) => Account::OfAnother { folder, owner },
            Err(error) => Account::Unknown { folder, what: error.to_string() },
        }
    }

    fn account_folder(&self) -> Option<PathBuf> {
        let variable = |name: &str| self.absolute(name);
        let folder = (self.around.variable)(FOLDER)
            .map(PathBuf::from)
            .or_else(|| variable("XDG_STATE_HOME").map(|state| state.join("servanda")))
            .or_else(|| variable("HOME").map(|home| home.join(".local/state/servanda")));
        folder.map(|folder| self.around.path(&folder))
    }

    /// Where the account's witness keeps what it signs: within a folder that was named, else beside it.
    pub(super) fn witness_folder(&self) -> Option<PathBuf> {
        let folder = self.account_folder()?;
        let is_named = (self.around.variable)(FOLDER).is_some();
        Some(if is_named { folder.join("witness") } else { folder.with_file_name("servanda-witness") })
    }

    /// What is remembered for the user.
    pub(super) fn memory(&self) -> Memory {
        self.account().own().map_or_else(Memory::default, Memory::at)
    }

    /// The checkpoints that are remembered of the ledger in a folder, which is refused if that held another one before.
    pub(super) fn met(&mut self, folder: &Folder, log: &LogId, keys: &Authority) -> Result<Checkpoints, Failure> {
        let memory = self.memory();
        if let Met::New { namesake } = memory.meet(folder, log)? {
            self.warn_of(&log.origin, namesake);
            self.holds(folder, log);
        }
        memory.adopt(log, keys)?;
        Ok(memory.checkpoints(log))
    }

    /// The same of a log that was opened to be read.
    pub(super) fn met_log(&mut self, log: &Log, keys: &Authority) -> Result<Checkpoints, Failure> {
        let folder = self.ledger();
        self.met(&folder, &log.id()?, keys)
    }

    /// Says that another ledger has this one's name.
    pub(super) fn warn_of(&mut self, origin: &Origin, namesake: Option<Known>) {
        if let Some(known) = namesake {
            let what =
                format!("another ledger of the name {origin} is remembered: {known}; this one is remembered apart");
            self.complain_shown(&format!("warning: {what}"));
        }
    }

    /// Remembers which ledger a folder holds from now on.
    pub(super) fn holds(&mut self, folder: &Folder, log: &LogId) {
        if let Err(error) = self.memory().holds(folder, log) {
            let path = self.shown_path(folder);
            self.complain_shown(&format!("warning: which ledger {path} holds is not remembered: {error}"));
        }
    }

    /// Says that a ledger was in a folder where another is founded, if it may be missed: it was signed.
    pub(super) fn say_held(&mut self, folder: &Folder) -> Result<(), Failure> {
        let memory = self.memory();
        if let Some(held) = memory.held(folder)?
            && let Some(size) = memory.checkpoints(&held).sizes()?.last()
        {
            let path = self.shown_path(folder);
            self.say_shown(&format!("{path} held {held}, signed for {size} events: what is remembered of it stays"));
        }
        Ok(())
    }

    /// Moves a ledger that was made into its place, which from then on holds this one.
    pub(super) fn settle<E: Into<Failure>>(
        &mut self,
        target: &Folder,
        log: &LogId,
        publish: impl FnOnce() -> Result<Folder, E>,
    ) -> Result<Folder, Failure> {
        let before = self.memory().held(target).ok().flatten();
        // Nothing is there yet, so that nobody takes what comes between the two for a ledger that was replaced.
        self.holds(target, log);
        publish().map_err(|error| {
            // Of several who found one at a time, nobody knows which was there before: the next who looks does.
            let before = before.filter(|_| !target.is_ledger());
            self.memory().never_held(target, log, before.as_ref());
            error.into()
        })
    }

    /// Moves a ledger that was founded into its place.
    pub(super) fn settle_founded(&mut self, founded: StagedLedger) -> Result<Folder, Failure> {
        let log = founded.ledger.id().expect("a ledger is founded with its genesis");
        let head = founded.ledger.head();
        let folder = self.settle(&founded.target(), &log, || founded.publish())?;
        self.remember_head(&log, head);
        Ok(folder)
    }

    /// Remembers a checkpoint that was seen of a log and holds: from now on, less than that is a rollback.
    pub(super) fn remember_seen(&mut self, log: &LogId, checkpoint: &Verified) {
        if let Err(error) = self.memory().checkpoints(log).keep(checkpoint) {
            self.complain_shown(&format!("warning: the checkpoint that was seen is not remembered: {error}"));
        }
    }

    /// Remembers where a log ended that was appended to or holds: from now on, less than that is a rollback, though nobody signed it.
    pub(super) fn remember_head(&mut self, log: &LogId, head: Head) {
        if let Err(error) = self.memory().saw(log, head) {
            self.complain_shown(&format!("warning: where the ledger ended is not remembered: {error}"));
        }
    }

    /// Says that a log which was restored has fewer events than this account saw of it.
    pub(super) fn say_if_older(&mut self, log: &LogId, events: u64) -> Result<(), Failure> {
        if let Some(seen) = self.memory().checkpoints(log).seen()?.filter(|seen| seen.len > events) {
            self.complain_shown(&format!(
                "warning: it has {events} events, and this account saw {}: what is newer is lost, or elsewhere",
                seen.len
            ));
        }
        Ok(())
    }

    /// Remembers where a log ends that was restored: where less than was known is meant, as what there is.
    pub(super) fn remember_restored(&mut self, (log, report): (&LogId, &Report), despite_known: bool) {
        let head = Head { len: report.since.unwrap_or_default() + report.events, hash: report.head };
        if !despite_known {
            self.remember_head(log, head);
        } else if let Err(error) = self.memory().goes_on_from(log, head) {
            self.complain_shown(&format!("warning: where the ledger ended is not remembered: {error}"));
        }
    }

    /// Says once that nothing is remembered, where what was remembered would be held against a ledger, or added to.
    pub(super) fn say_if_forgetful(&mut self) {
        if let Some(why) = self.account().why_not().filter(|_| !self.is_said) {
            self.is_said = true;
            self.say_shown(&format!("warning: nothing is remembered of ledgers: {why}"));
        }
    }

    /// Remembers a checkpoint of a log; it is kept in the ledger's folder too, so that this can fail.
    pub(super) fn remember(&mut self, log: &LogId, checkpoint: &Verified) {
        let what = "warning: the checkpoint is kept beside the ledger alone, and not remembered";
        if let Some(why) = self.account().why_not().filter(|_| !self.is_said) {
            self.is_said = true;
            self.complain_shown(&format!("{what}: {why}"));
        }
        if let Err(error) = self.memory().checkpoints(log).keep(checkpoint) {
            self.complain_shown(&format!("{what}: {error}"));
        }
    }
}
