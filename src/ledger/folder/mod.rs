//! Where the parts of a ledger lie, and whose they are.

pub mod denied;
pub mod head;
pub mod log_id;
pub mod readme;
pub mod settings;
pub mod staging;
pub mod user;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::id::Origin;
use crate::integrity::digest::EventHash;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::folder::user::{Marks, User};
use crate::store::folder::foreign_owner;
use crate::store::shared::{self, Shared, may_write};

/// Where the parts of a ledger lie, for whoever asks.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    user: Option<Arc<User>>,
    scratch: Option<PathBuf>,
    cache: Option<PathBuf>,
    /// Whether a copy that is kept of it is to be made anew, once.
    afresh: Option<Arc<AtomicBool>>,
    /// The rights of the folder, once it is made, if it is to be shared.
    rights: Option<u32>,
}

impl Folder {
    /// The ledger in that folder, whether it is there or not, for somebody who keeps no derived files, and believes none.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), user: None, scratch: None, cache: None, afresh: None, rights: None }
    }

    /// The same for an account that keeps derived files.
    #[must_use]
    pub fn of(self, user: Arc<User>) -> Self {
        Self { user: Some(user), ..self }
    }

    /// The same with a folder for copies that are gone in the end: what is another user's is read from one.
    #[must_use]
    pub fn with_scratch(self, scratch: impl Into<PathBuf>) -> Self {
        Self { scratch: Some(scratch.into()), ..self }
    }

    /// The same with a folder of the account's for copies that stay: of what it may only read.
    #[must_use]
    pub fn with_cache(self, cache: impl Into<PathBuf>) -> Self {
        Self { cache: Some(cache.into()), ..self }
    }

    /// The same, of a ledger that is to be made for a group to work in: what is made in it has the group's rights.
    #[must_use]
    pub fn for_group(self) -> Self {
        Self { rights: Some(shared::GROUP), ..self }
    }

    /// The rights of the folder, once it is made, if it is to be shared.
    pub(crate) fn rights(&self) -> Option<u32> {
        self.rights
    }

    /// Another folder, for whom this one is.
    #[must_use]
    pub(crate) fn elsewhere(&self, path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..self.clone() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder is the account's own, or one that it shares, and can be written; all else is only read.
    pub fn is_own(&self) -> bool {
        let is_written =
            || [self.path.clone(), self.store()].iter().all(|folder| !folder.exists() || may_write(folder));
        self.foreign_owner().is_ok_and(|owner| owner.is_none()) && is_written()
    }

    /// Whether a group works in it.
    pub(crate) fn is_shared(&self) -> bool {
        Shared::of(&self.path).is_some()
    }

    /// Tells whose the ledger is, by the user id, if it is another's than of who asks. So it is also if its store is, or a file
    /// of that: whoever owns it can put anything there at any time. What a group shares to which whoever asks belongs is no
    /// other's, as long as nobody else can write there.
    ///
    /// # Errors
    ///
    /// What the operating system says, if it does not let one look.
    pub(crate) fn foreign_owner(&self) -> std::io::Result<Option<u32>> {
        let store = self.store();
        let group = Shared::of(&self.path).filter(|shared| shared.is_ours()).map(Shared::group);
        let asks = rustix::process::geteuid().as_raw();
        let is_foreign = |found: &std::fs::Metadata| found.uid() != asks && Some(found.gid()) != group;
        if group.is_none()
            && let Some(owner) = foreign_owner(&self.path)?
        {
            return Ok(Some(owner));
        }
        if let Some(found) = std::fs::metadata(&store).ok().filter(is_foreign) {
            return Ok(Some(found.uid()));
        }
        // What cannot be listed is not opened either.
        let entries = std::fs::read_dir(&store).into_iter().flatten().flatten();
        let mut found = entries.filter_map(|entry| entry.metadata().ok());
        Ok(found.find(is_foreign).map(|found| found.uid()))
    }

    /// Checks that the folder may be written: it is the account's own, or is still to be made.
    ///
    /// # Errors
    ///
    /// [`std::io::ErrorKind::PermissionDenied`] if it is another's.
    pub(crate) fn check_own(&self) -> std::io::Result<()> {
        let Some(owner) = self.foreign_owner()? else { return Ok(()) };
        let what = format!("{} belongs to user {owner}, and another's ledger is only read", self.path.display());
        Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what))
    }

    /// Where a copy can be made that is gone in the end.
    pub(crate) fn scratch(&self) -> Option<&Path> {
        self.scratch.as_deref()
    }

    /// Sees to it that what is derived now is known again by the account.
    pub(crate) fn keep_key(&self) -> std::io::Result<()> {
        self.user.as_ref().map_or(Ok(()), |user| user.keep_key())
    }

    /// What the account knows again, as a line of text: nothing, where it has no key on the disk.
    pub(crate) fn own_tag(&self, text: &str) -> Option<String> {
        self.user.as_ref()?.own_tag(text)
    }

    /// How files are told that were derived from the ledger of that name and genesis; nothing, where none are kept.
    pub(crate) fn marks(&self, origin: &Origin, genesis: EventHash) -> Option<Marks> {
        self.user.as_ref()?.marks(&self.path, origin, genesis).ok()
    }

    /// How many events the log of that name and genesis has at the least, by the checkpoints that the account remembers of it.
    pub(crate) fn signed(&self, origin: &Origin, genesis: EventHash) -> u64 {
        let log = LogId { origin: origin.clone(), genesis };
        self.user.as_ref().map_or(0, |user| user.signed(&log))
    }

    /// Returns the folder for somebody who wants to know what its disk has now: a copy that is kept of it is not believed, and
    /// made anew when it is first read.
    #[must_use]
    pub fn afresh(self) -> Self {
        Self { afresh: Some(Arc::new(AtomicBool::new(true))), ..self }
    }

    /// Tells, the first time, whether a copy that is kept is to be made anew.
    pub(crate) fn is_to_be_copied_anew(&self) -> bool {
        self.afresh.as_ref().is_some_and(|afresh| afresh.swap(false, Ordering::Relaxed))
    }

    /// Where a copy can be kept of what may only be read.
    pub(crate) fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// Where derived files lie: in the ledger's own folder, or where others write there or nobody can, with the account.
    fn derived(&self) -> Option<PathBuf> {
        let user = self.user.as_ref()?;
        if self.has_derived() { Some(self.path.clone()) } else { user.place(&self.path).ok() }
    }

    /// Whether derived files lie in the ledger's folder.
    pub(crate) fn has_derived(&self) -> bool {
        !self.is_shared() && self.is_own()
    }

    /// Forgets how long the ledger was for which there were derived files.
    pub(crate) fn forget_derived(&self) -> std::io::Result<()> {
        let Some(place) = self.user.as_ref().and_then(|user| user.place(&self.path).ok()) else { return Ok(()) };
        match std::fs::remove_dir_all(place) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether a ledger was founded here.
    pub fn is_ledger(&self) -> bool {
        self.settings_file().is_file()
    }

    pub(crate) fn check(&self) -> PathBuf {
        self.path.join("sled.check")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("sled")
    }
    pub(crate) fn documents(&self) -> PathBuf {
        self.path.join("documents")
    }
    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }
    /// The file of the log's own key.
    pub fn log_key(&self) -> PathBuf {
        self.keys().join("log.key")
    }
    pub(crate) fn lock(&self) -> PathBuf {
        self.path.join("LOCK")
    }
    pub(crate) fn head(&self) -> PathBuf {
        self.path.join("HEAD")
    }
    pub(crate) fn older(&self) -> PathBuf {
        self.path.join("OLDER")
    }
    /// Nothing, where none are kept.
    pub(crate) fn facts(&self) -> Option<PathBuf> {
        Some(self.derived()?.join("facts"))
    }
    /// Likewise.
    pub(crate) fn recent(&self) -> Option<PathBuf> {
        Some(self.derived()?.join("recent"))
    }
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }
    pub(crate) fn cosignatures(&self) -> PathBuf {
        self.path.join("cosignatures")
    }
    pub(crate) fn evidence(&self) -> PathBuf {
        self.path.join("evidence")
    }
    pub(crate) fn timestamps(&self) -> PathBuf {
        self.path.join("timestamps")
    }
    pub(crate) fn readme(&self) -> PathBuf {
        self.path.join("README")
    }
    pub(crate) fn settings_file(&self) -> PathBuf {
        self.path.join("servanda.toml")
    }
}
