//! The files of a ledger's folder that are not events: where they lie, and `servanda.toml`.
//!
//! `servanda.toml` and `HEAD` are copies, never authority: what counts is what the events say.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::id::Origin;
use crate::domain::shape::vocabulary;
use crate::integrity::digest::EventHash;
use crate::ledger::Damage;
use crate::ledger::checkpoints::Checkpoints;
use crate::ledger::remembered::LogId;
use crate::ledger::user::{Marks, User};
use crate::ledger::watched::Check;
use crate::store::folder as store_folder;
use crate::store::folder::foreign_owner;
use crate::store::lock::Lock;
use crate::store::shared::Rights;
use crate::store::shared::{self, Shared, may_write};
use crate::store::whole_file;

/// The most bytes that `servanda.toml` or `HEAD` may have.
const MAX_TEXT_BYTES: u64 = 64 << 10;

/// The format of the folder, version 1.
const FORMAT: u32 = 1;

/// Where the parts of a ledger lie, for whoever asks.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    user: Option<Arc<User>>,
    scratch: Option<PathBuf>,
    cache: Option<PathBuf>,
    /// The rights of the folder, once it is made, if it is to be shared.
    rights: Option<u32>,
}

impl Folder {
    /// The ledger in that folder, whether it is there or not, for somebody who keeps no derived files, and believes none.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), user: None, scratch: None, cache: None, rights: None }
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
    pub(super) fn rights(&self) -> Option<u32> {
        self.rights
    }

    /// Another folder, for whom this one is.
    #[must_use]
    pub(super) fn elsewhere(&self, path: impl Into<PathBuf>) -> Self {
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
    pub(super) fn is_shared(&self) -> bool {
        Shared::of(&self.path).is_some()
    }

    /// Tells whose the ledger is, by the user id, if it is another's than of who asks. So it is also if its store is, or a file
    /// of that: whoever owns it can put anything there at any time. What a group shares to which whoever asks belongs is no
    /// other's, as long as nobody else can write there.
    ///
    /// # Errors
    ///
    /// What the operating system says, if it does not let one look.
    pub(super) fn foreign_owner(&self) -> std::io::Result<Option<u32>> {
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
    pub(super) fn check_own(&self) -> std::io::Result<()> {
        let Some(owner) = self.foreign_owner()? else { return Ok(()) };
        let what = format!("{} belongs to user {owner}, and another's ledger is only read", self.path.display());
        Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what))
    }

    /// Where a copy can be made that is gone in the end.
    pub(super) fn scratch(&self) -> Option<&Path> {
        self.scratch.as_deref()
    }

    /// Sees to it that what is derived now is known again by the account.
    pub(super) fn keep_key(&self) -> std::io::Result<()> {
        self.user.as_ref().map_or(Ok(()), |user| user.keep_key())
    }

    /// What the account knows again, as a line of text: nothing, where it has no key on the disk.
    pub(super) fn own_tag(&self, text: &str) -> Option<String> {
        self.user.as_ref()?.own_tag(text)
    }

    /// How files are told that were derived from the ledger of that name and genesis; nothing, where none are kept.
    pub(super) fn marks(&self, origin: &Origin, genesis: EventHash) -> Option<Marks> {
        self.user.as_ref()?.marks(&self.path, origin, genesis).ok()
    }

    /// How many events the log of that name and genesis has at the least, by the checkpoints that the account remembers of it.
    pub(super) fn signed(&self, origin: &Origin, genesis: EventHash) -> u64 {
        let log = LogId { origin: origin.clone(), genesis };
        self.user.as_ref().map_or(0, |user| user.signed(&log))
    }

    /// Where a copy can be kept of what may only be read.
    pub(super) fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// Where derived files lie: in the ledger's own folder, or where others write there or nobody can, with the account.
    fn derived(&self) -> Option<PathBuf> {
        let user = self.user.as_ref()?;
        if self.has_derived() { Some(self.path.clone()) } else { user.place(&self.path).ok() }
    }

    /// Whether derived files lie in the ledger's folder.
    pub(super) fn has_derived(&self) -> bool {
        !self.is_shared() && self.is_own()
    }

    /// Forgets how long the ledger was for which there were derived files.
    pub(super) fn forget_derived(&self) -> std::io::Result<()> {
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

    pub(super) fn check(&self) -> PathBuf {
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
    pub(super) fn older(&self) -> PathBuf {
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

/// What `servanda.toml` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// Version of the folder's format.
    pub format: u32,
    /// The ledger's name; the genesis event says the same.
    pub origin: Origin,
    /// When a checkpoint is signed without being asked for.
    #[serde(default)]
    pub checkpoint: CheckpointWhen,
}

vocabulary! {
    /// When a checkpoint is signed without being asked for; after an import one always is.
    pub enum CheckpointWhen default OnRequest {
        /// Never.
        OnRequest = "on-request",
        /// After every append.
        EachAppend = "each-append",
    }
}

/// Why the settings of a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no ledger here.
    #[error("there is no ledger at {}", .folder.display())]
    Absent {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// There is a store, and no file that says which ledger it is of.
    #[error("{} is lost: there is a store beside it, and nothing says which ledger that is", .file.display())]
    Lost {
        /// Where the file should be.
        file: PathBuf,
    },
    /// A newer program made the folder.
    #[error("the format of {} is {found}, and this program reads {FORMAT}", .file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// The format.
        found: u32,
    },
    /// The file says what it should not.
    #[error("{} cannot be used: {what}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The operating system refused.
    #[error("{} cannot be read: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Settings {
    /// Settings of a new ledger.
    pub fn new(origin: Origin) -> Self {
        Self { format: FORMAT, origin, checkpoint: CheckpointWhen::default() }
    }

    /// Reads the settings of a ledger.
    ///
    /// # Errors
    ///
    /// [`SettingsError`].
    pub fn load(folder: &Folder) -> Result<Self, SettingsError> {
        let file = folder.settings_file();
        let text = match whole_file::read_text(&file, MAX_TEXT_BYTES) {
            Ok(Some(text)) => text,
            Ok(None) if folder.store().join("db").is_file() => return Err(SettingsError::Lost { file }),
            Ok(None) => return Err(SettingsError::Absent { folder: folder.path().to_owned() }),
            Err(source) => return Err(SettingsError::Io { file, source }),
        };
        if let Some(found) = format_of(&text).filter(|found| *found > FORMAT) {
            return Err(SettingsError::Newer { file, found });
        }
        Self::parse(&text).map_err(|what| SettingsError::Unusable { file, what })
    }

    /// Reads what such a file says; else what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if settings.format != FORMAT {
            return Err(format!("its format is {}, and this program reads {FORMAT}", settings.format));
        }
        Ok(settings)
    }

    pub(crate) fn save(&self, folder: &Folder) -> std::io::Result<()> {
        let text = format!(
            "# A ledger of servanda. Its name is a copy of what the genesis event says; `servanda verify` compares them.\n\
             format = {}\norigin = \"{}\"\n\
             # When a checkpoint is signed: \"on-request\", or \"each-append\".\ncheckpoint = \"{}\"\n",
            self.format, self.origin, self.checkpoint
        );
        whole_file::replace(&folder.settings_file(), text.as_bytes(), Rights::Usual)
    }
}

/// The format that such a file says, whatever else it says.
fn format_of(text: &str) -> Option<u32> {
    let table: toml::Table = toml::from_str(text).ok()?;
    u32::try_from(table.get("format")?.as_integer()?).ok()
}

/// Where the log ended when somebody last appended, in the file `HEAD`: never believed by `verify`, which looks at the
/// store. It says for which log questions may be answered from the facts that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of events.
    pub len: u64,
    /// Hash of the newest.
    pub hash: EventHash,
}

/// Says of a head that nobody was appending to it.
const SETTLED: &str = "settled";
/// Says of a head that somebody was about to append to it; who, stands in the next line.
const WRITING: &str = "writing";

/// What `HEAD` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remembered {
    head: Head,
    /// Who was about to append to it, if somebody was.
    writer: Option<String>,
}

impl Remembered {
    fn load(folder: &Folder) -> Option<Self> {
        let text = whole_file::read_text(&folder.head(), MAX_TEXT_BYTES).ok()??;
        let text = text.trim_end_matches('\n');
        let (line, writer) = text.split_once('\n').unwrap_or((text, ""));
        let mut words = line.split(' ');
        let head = Head { len: words.next()?.parse().ok()?, hash: words.next()?.parse().ok()? };
        let writer = match words.next() {
            Some(SETTLED) => None,
            _ => Some(writer.to_owned()),
        };
        Some(Self { head, writer })
    }
}

impl Head {
    pub(crate) fn load(folder: &Folder) -> Option<Self> {
        Remembered::load(folder).map(|remembered| remembered.head)
    }

    /// Where the log ended at the least: by `HEAD`, and by what is known of the store's files, with the names of these.
    pub(crate) fn remembered(folder: &Folder) -> impl Iterator<Item = (&'static str, Self)> {
        let head = Self::load(folder).map(|head| ("HEAD", head));
        head.into_iter().chain(Check::load(folder).map(|head| ("sled.check", head)))
    }

    /// The one of these that knows of more events.
    pub(crate) fn least(folder: &Folder) -> Option<Self> {
        Self::remembered(folder).map(|(_, head)| head).max_by_key(|head| head.len)
    }

    /// The head that answers may be given for without looking at the store: nothing, if a writer began to append to it
    /// and did not come to the end.
    ///
    /// While that writer is at it, answers are those before its append, which is not acknowledged yet.
    ///
    /// One that ends the log before a checkpoint that was signed of it, or before its store was closed, is not used.
    pub(crate) fn usable(folder: &Folder) -> Option<Self> {
        let Remembered { head, writer } = Remembered::load(folder)?;
        let signed = Checkpoints::of(folder).sizes().ok()?.last().copied().unwrap_or_default();
        let closed = Check::load(folder);
        let is_other = closed.is_some_and(|closed| closed.len > head.len || (closed.len == head.len && closed != head));
        if is_other || signed > head.len {
            return None;
        }
        let is_at_it = |writer: String| !writer.is_empty() && Lock::is_held_by(&folder.lock(), &writer);
        writer.is_none_or(is_at_it).then_some(head)
    }

    /// Says where the log ends, without waiting for the disk.
    pub(crate) fn save(self, folder: &Folder) -> std::io::Result<()> {
        self.write(&format!("{SETTLED}\n"), folder).map(|_| ())
    }

    /// The same, unless the file says it already: whoever has seen what the store holds puts right what it says.
    pub(crate) fn settle(self, folder: &Folder) {
        if Remembered::load(folder) != Some(Remembered { head: self, writer: None }) {
            // A hint that cannot be written is asked about again by the next who has seen the store.
            let _ = self.save(folder);
        }
    }

    /// Says that somebody is about to append here; on the disk once the file that is given back is synced.
    pub(crate) fn save_writing(self, writer: &str, folder: &Folder) -> std::io::Result<File> {
        self.write(&format!("{WRITING}\n{writer}\n"), folder)
    }

    /// Takes the file away, so that every reader looks at the store.
    pub(crate) fn remove(folder: &Folder) -> std::io::Result<()> {
        match std::fs::remove_file(folder.head()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => store_folder::sync(folder.path()),
        }
    }

    fn write(self, state: &str, folder: &Folder) -> std::io::Result<File> {
        let text = format!("{} {} {state}", self.len, self.hash);
        let mut file = whole_file::open_to_write(&folder.head())?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        Ok(file)
    }

    /// What this remembers and a log of `len` events does not hold: nothing, if the log goes on from here.
    ///
    /// `who` names the file that remembers it; `hash_at` gives the hash of an event, if it can be read.
    pub(crate) fn forgotten(self, who: &str, len: u64, hash_at: impl Fn(u64) -> Option<EventHash>) -> Option<Damage> {
        let newest = self.len.checked_sub(1)?;
        if newest >= len {
            let what = format!(
                "{who} remembers {} events, and the store holds {len}: the log was cut, or {who} was replaced",
                self.len
            );
            return Some(Damage { seq: len, what });
        }
        let found = hash_at(newest).filter(|found| *found != self.hash)?;
        Some(Damage {
            seq: newest,
            what: format!("hashes to {found}, and {who} remembers {}: the log was replaced, or {who} was", self.hash),
        })
    }
}
