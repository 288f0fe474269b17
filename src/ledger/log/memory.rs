//! What an account remembers of logs: the checkpoints that it saw of each, and which log each folder held.
//!
//! ```text
//! _logs/NAME/GENESIS/SIZE      a checkpoint of that log, as it was signed
//! _logs/NAME/GENESIS/at-PLACE  the path of a folder that held it
//! _logs/NAME/GENESIS/seen      where it ended when the account last appended or verified
//! _logs/NAME/GENESIS/backup    when it was backed up last into a file, and which; likewise `stream` and `checked`
//! _places/PLACE                origin LF genesis LF path LF: what the folder at that path holds
//! _forgotten/NAME, …           what somebody laid aside of logs of that name
//! NAME/SIZE                    as before anybody wrote down the genesis: of the log whose key signed it
//! ```
//!
//! A log is its origin with the hash of its genesis: two ledgers may have one name, and one may have many keys. NAME is the
//! origin with `+` for `/`, PLACE the BLAKE3 of the folder's canonical path; no origin begins with `_`.
//!
//! Checkpoints are only added, and `_places` is replaced whole, so that processes need not wait for each other. Where one is
//! killed in between, a folder may be remembered in `_logs` that `_places` does not know yet: it is met again.
//!
//! In scope: what this account wrote for itself. Out of scope: whose its folder is, which the caller has seen to.

mod backups;
mod seen;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::domain::id::Origin;
use crate::integrity::checkpoint::Verified;
use crate::integrity::digest::{EventHash, document_hash};
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::{LOGS, LogId, folder_name};
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError, read};
use crate::ledger::state::authority::Authority;
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

pub use backups::{BackupKind, LastBackup};

const PLACES: &str = "_places";
const FORGOTTEN: &str = "_forgotten";
/// What else an account keeps in its folder: whatever lies there is of no log of that name.
const OTHERS: [&str; 2] = ["witness", "derived"];
/// How the names of files begin that have the path of a folder.
const AT: &str = "at-";
/// The most bytes in the file of a place: a path, and what its folder holds.
const MAX_PLACE: u64 = 16 << 10;

/// What an account remembers, in a folder of its own; or nothing, if it has none.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    account: Option<PathBuf>,
}

/// What is remembered of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub origin: Origin,
    /// The hash of its genesis, if anybody wrote that down.
    pub genesis: Option<EventHash>,
    /// How many events it had when checkpoints of it were signed.
    pub sizes: Vec<u64>,
    /// The folders that held it, by their canonical paths.
    pub folders: Vec<PathBuf>,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.genesis {
            Some(genesis) => write!(f, "genesis {genesis}")?,
            None => f.write_str("nobody wrote down which genesis")?,
        }
        if let Some(size) = self.sizes.last() {
            write!(f, ", signed for {size} events")?;
        }
        self.folders.iter().try_for_each(|folder| write!(f, ", in {}", folder.display()))
    }
}

/// A folder that the account meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// It held this log before.
    Before,
    /// Nothing was known of it.
    New {
        /// Another log of that name, if one is known.
        namesake: Option<Known>,
    },
}

/// What keeps an account from going on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// A folder holds another log than it did, and nobody founded or restored one there.
    #[error("REPLACED: {} held {held}, and now it holds {found}", .folder.display())]
    Replaced {
        /// The folder.
        folder: PathBuf,
        /// What it held when it was last seen.
        held: Box<LogId>,
        /// What it holds.
        found: Box<LogId>,
    },
    /// The name is remembered as another log's.
    #[error("{} is the name of another ledger that is remembered: {known}", .known.origin)]
    Taken {
        /// The other log.
        known: Box<Known>,
    },
    /// A file is not what this program writes.
    #[error("{}: {what}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What is remembered cannot be read or written.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Checkpoints that are remembered cannot be used.
    #[error(transparent)]
    Checkpoints(#[from] CheckpointsError),
}

/// What was laid aside.
#[derive(Debug)]
pub struct Forgotten {
    /// Of which logs.
    pub known: Vec<Known>,
    /// Where it lay, and where it lies now.
    pub aside: Vec<(PathBuf, PathBuf)>,
}

impl Memory {
    /// What an account remembers in a folder of its own, which is there or not.
    pub fn at(account: impl Into<PathBuf>) -> Self {
        Self { account: Some(account.into()) }
    }

    /// The checkpoints that are remembered of a log.
    pub fn checkpoints(&self, log: &LogId) -> Checkpoints {
        self.log(log).map(Checkpoints::remembered_at).unwrap_or_default()
    }

    /// Whether checkpoints are remembered of logs of that name whose genesis nobody wrote down.
    pub fn has_nameless(&self, origin: &Origin) -> bool {
        self.nameless(origin).is_some_and(|of| of.sizes().is_ok_and(|sizes| !sizes.is_empty()))
    }

    /// Takes what was remembered before anybody wrote down the genesis as this log's, as far as one of its keys signed it.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Fork`] if this log's key signed two histories; [`CheckpointsError::Io`].
    pub fn adopt(&self, log: &LogId, keys: &Authority) -> Result<(), CheckpointsError> {
        let Some(nameless) = self.nameless(&log.origin) else { return Ok(()) };
        for size in nameless.sizes()? {
            let file = nameless.file(size);
            let Some(text) = read(&file)? else { continue };
            let signed = keys.log_keys().find_map(|key| Verified::open(text.as_bytes(), key).ok());
            let Some(signed) = signed.filter(|signed| signed.size() == size) else { continue };
            // It is in its new place before it leaves the old one.
            self.checkpoints(log).keep(&signed)?;
            remove(&file).map_err(|source| CheckpointsError::Io { file, source })?;
        }
        Ok(())
    }

    /// Which log a folder held when it was last seen.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Unusable`], [`MemoryError::Io`].
    pub fn held(&self, folder: &Folder) -> Result<Option<LogId>, MemoryError> {
        let path = canonical(folder.path());
        self.place(&path).map_or(Ok(None), |file| held_by(&file))
    }

    /// Meets a folder with a log in it. What it holds is not remembered yet: [`holds`](Self::holds) does that.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Replaced`], and what keeps it from being known.
    pub fn meet(&self, folder: &Folder, log: &LogId) -> Result<Met, MemoryError> {
        match self.held(folder)? {
            Some(held) if held == *log => Ok(Met::Before),
            Some(held) => Err(MemoryError::Replaced {
                folder: folder.path().to_owned(),
                held: Box::new(held),
                found: Box::new(log.clone()),
            }),
            None => Ok(Met::New { namesake: self.namesake(log, folder)? }),
        }
    }

    /// Another log of that name, if one is known: one that still is in another folder, or of which checkpoints are remembered
    /// and that never was in this one.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`], [`MemoryError::Checkpoints`].
    pub fn namesake(&self, log: &LogId, folder: &Folder) -> Result<Option<Known>, MemoryError> {
        self.another(&log.origin, Some(&log.genesis), folder)
    }

    /// Checks that a ledger of that name, which somebody chose, can be founded in a folder.
    ///
    /// One that was in this folder and is nowhere any more was deleted, to be begun again.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Taken`], [`MemoryError::Io`].
    pub fn check_name(&self, origin: &Origin, folder: &Folder) -> Result<(), MemoryError> {
        let another = self.another(origin, None, folder)?;
        another.map_or(Ok(()), |known| Err(MemoryError::Taken { known: Box::new(known) }))
    }

    /// Remembers which log a folder holds, in place of what it held.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`].
    pub fn holds(&self, folder: &Folder, log: &LogId) -> Result<(), MemoryError> {
        let path = canonical(folder.path());
        let (Some(of_log), Some(file)) = (self.log(log), self.place(&path)) else { return Ok(()) };
        write(&of_log.join(at(&path)), path.as_os_str().as_bytes())?;
        let text = format!("{}\n{}\n", log.origin, log.genesis);
        write(&file, &[text.as_bytes(), path.as_os_str().as_bytes(), b"\n"].concat())
    }

    /// Takes back that a folder holds a log, since it did not come there: it holds what it held before, if it did.
    pub fn never_held(&self, folder: &Folder, log: &LogId, before: Option<&LogId>) {
        let path = canonical(folder.path());
        let (Some(of_log), Some(file)) = (self.log(log), self.place(&path)) else { return };
        if held_by(&file).is_ok_and(|held| held.as_ref() == Some(log)) {
            // If it stays, the folder is taken for one that was replaced, which is told.
            let _ = before.map_or_else(|| remove(&file).map_err(refused(&file)), |before| self.holds(folder, before));
        }
        if before == Some(log) {
            return;
        }
        let _ = remove(&of_log.join(at(&path)));
        let _ = std::fs::remove_dir(of_log);
    }

    /// Forgets which log a folder held, and nothing else of that; returns which it was, if it held one.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Unusable`], [`MemoryError::Io`].
    pub fn forget_place(&self, folder: &Folder) -> Result<Option<LogId>, MemoryError> {
        let path = canonical(folder.path());
        let (Some(held), Some(file)) = (self.held(folder)?, self.place(&path)) else { return Ok(None) };
        if let Some(of_log) = self.log(&held) {
            let at = of_log.join(at(&path));
            remove(&at).map_err(refused(&at))?;
        }
        remove(&file).map_err(refused(&file))?;
        Ok(Some(held))
    }

    /// Everything that is remembered, by the names.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`], [`MemoryError::Checkpoints`].
    pub fn all(&self) -> Result<Vec<Known>, MemoryError> {
        let Some(account) = &self.account else { return Ok(Vec::new()) };
        let mut names = names_in(account)?;
        names.extend(names_in(&account.join(LOGS))?);
        let mut origins: Vec<Origin> = names.iter().filter_map(|name| name.replace('+', "/").parse().ok()).collect();
        origins.sort_unstable();
        origins.dedup();
        let known: Vec<Vec<Known>> = origins.iter().map(|origin| self.known(origin)).collect::<Result<_, _>>()?;
        Ok(known.concat())
    }

    /// Lays aside what is remembered of logs of that name: nothing, if nothing is.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`], [`MemoryError::Checkpoints`].
    pub fn forget(&self, origin: &Origin) -> Result<Option<Forgotten>, MemoryError> {
        let Some(account) = &self.account else { return Ok(None) };
        let known = self.known(origin)?;
        let files = account.join(PLACES);
        let places = names_in(&files)?.into_iter().map(|name| files.join(name));
        let is_held = |file: &PathBuf| held_by(file).is_ok_and(|held| held.is_some_and(|held| held.origin == *origin));
        let places: Vec<PathBuf> = places.filter(is_held).collect();
        if known.is_empty() && places.is_empty() {
            return Ok(None);
        }
        let name = folder_name(origin.as_str());
        let mut aside = Vec::new();
        // What else lies in the account's folder may be called like a ledger.
        let nameless = Some(account.join(&name)).filter(|_| self.has_nameless(origin));
        for from in nameless.into_iter().chain([account.join(LOGS).join(&name)]) {
            aside.extend(lay_aside(&from, &account.join(FORGOTTEN), &name)?.map(|to| (from, to)));
        }
        for file in places {
            remove(&file).map_err(refused(&file))?;
        }
        Ok(Some(Forgotten { known, aside }))
    }

    fn log(&self, log: &LogId) -> Option<PathBuf> {
        Some(log.folder_of(self.account.as_ref()?))
    }

    fn logs(&self, origin: &Origin) -> Option<PathBuf> {
        Some(self.account.as_ref()?.join(LOGS).join(folder_name(origin.as_str())))
    }

    fn nameless(&self, origin: &Origin) -> Option<Checkpoints> {
        let name = folder_name(origin.as_str());
        let folder = self.account.as_ref().filter(|_| !OTHERS.contains(&name.as_str()))?.join(name);
        folder.is_dir().then(|| Checkpoints::at(folder))
    }

    fn place(&self, path: &Path) -> Option<PathBuf> {
        Some(self.account.as_ref()?.join(PLACES).join(document_hash(path.as_os_str().as_bytes()).to_string()))
    }

    /// What is remembered of logs of that name.
    fn known(&self, origin: &Origin) -> Result<Vec<Known>, MemoryError> {
        let Some(logs) = self.logs(origin) else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for genesis in names_in(&logs)?.iter().filter_map(|name| name.parse::<EventHash>().ok()) {
            let log = LogId { origin: origin.clone(), genesis };
            let folders = folders_in(&logs.join(genesis.to_string()))?;
            let sizes = self.checkpoints(&log).sizes()?;
            all.push(Known { origin: log.origin, genesis: Some(genesis), sizes, folders });
        }
        let sizes = self.nameless(origin).map_or(Ok(Vec::new()), |nameless| nameless.sizes())?;
        if !sizes.is_empty() {
            all.push(Known { origin: origin.clone(), genesis: None, sizes, folders: Vec::new() });
        }
        Ok(all)
    }

    /// A log of that name, and of another genesis than that, as [`namesake`](Self::namesake) says.
    fn another(
        &self,
        origin: &Origin,
        genesis: Option<&EventHash>,
        folder: &Folder,
    ) -> Result<Option<Known>, MemoryError> {
        let path = canonical(folder.path());
        let others =
            self.known(origin)?.into_iter().filter(|known| genesis.is_none() || known.genesis.as_ref() != genesis);
        for known in others {
            let mut elsewhere = known.folders.iter().filter(|other| **other != path);
            let stands = elsewhere.any(|other| self.still_holds(other, &known));
            let was_here = known.folders.contains(&path);
            if stands || (!known.sizes.is_empty() && !was_here) {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Whether a folder is there that was last seen with that log.
    fn still_holds(&self, path: &Path, known: &Known) -> bool {
        let held = self.place(path).and_then(|file| held_by(&file).ok().flatten());
        Folder::at(path).is_ledger()
            && held.is_some_and(|held| held.origin == known.origin && Some(held.genesis) == known.genesis)
    }
}

/// The path of a folder as the system knows it, also of one that is still to be made.
fn canonical(path: &Path) -> PathBuf {
    let real = path.canonicalize().ok();
    let beside = || Some(canonical(path.parent()?).join(path.file_name()?));
    real.or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// The name of the file that has the path of a folder.
fn at(path: &Path) -> String {
    format!("{AT}{}", document_hash(path.as_os_str().as_bytes()))
}

/// Which log the file of a place says that its folder holds.
fn held_by(file: &Path) -> Result<Option<LogId>, MemoryError> {
    let Some(bytes) = durable_file::read_bytes(file, MAX_PLACE).map_err(refused(file))? else { return Ok(None) };
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| std::str::from_utf8(line).ok());
    let [origin, genesis] = [lines.next().flatten(), lines.next().flatten()];
    let origin = origin.and_then(|origin| origin.parse().ok());
    let genesis = genesis.and_then(|genesis| genesis.parse().ok());
    let held = origin.zip(genesis).map(|(origin, genesis)| LogId { origin, genesis });
    let what = "it does not say which ledger a folder holds; take it away";
    held.map(Some).ok_or_else(|| MemoryError::Unusable { file: file.to_owned(), what })
}

/// The folders whose paths the files in a log's folder have.
fn folders_in(of_log: &Path) -> Result<Vec<PathBuf>, MemoryError> {
    let mut folders = Vec::new();
    for file in names_in(of_log)?.iter().filter(|name| name.starts_with(AT)).map(|name| of_log.join(name)) {
        let path = durable_file::read_bytes(&file, MAX_PLACE).map_err(refused(&file))?;
        folders.extend(path.map(|path| PathBuf::from(std::ffi::OsString::from_vec(path))));
    }
    Ok(folders)
}

/// The names in a folder, in order: none, if there is no folder. What is no text is nothing of ours.
fn names_in(folder: &Path) -> Result<Vec<String>, MemoryError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(refused(folder))?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string()));
    let names: Vec<_> = names.collect::<io::Result<_>>().map_err(refused(folder))?;
    let mut names: Vec<String> = names.into_iter().flatten().collect();
    names.sort_unstable();
    Ok(names)
}

/// Writes a file that only its owner reads, unless it says that already.
fn write(file: &Path, bytes: &[u8]) -> Result<(), MemoryError> {
    if durable_file::read_bytes(file, MAX_PLACE).is_ok_and(|found| found.as_deref() == Some(bytes)) {
        return Ok(());
    }
    store_folder::create_private(store_folder::parent(file))
        .and_then(|()| durable_file::replace(file, bytes, Rights::Secret))
        .map_err(refused(file))
}

/// Removes a file, which somebody else may have done already.
fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => store_folder::sync(store_folder::parent(file)),
    }
}

/// Moves a folder, if it is there, to where nothing is yet.
fn lay_aside(from: &Path, to: &Path, name: &str) -> Result<Option<PathBuf>, MemoryError> {
    store_folder::create_private(to).map_err(refused(to))?;
    for number in 1_u64.. {
        let target = to.join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
        if target.symlink_metadata().is_ok() {
            continue;
        }
        match std::fs::rename(from, &target) {
            Ok(()) => {
                store_folder::sync(to)
                    .and_then(|()| store_folder::sync(store_folder::parent(from)))
                    .map_err(refused(to))?;
                return Ok(Some(target));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // Somebody else laid something aside there.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) => return Err(refused(from)(error)),
        }
    }
    Ok(None)
}

fn refused(file: &Path) -> impl FnOnce(io::Error) -> MemoryError {
    let file = file.to_owned();
    move |source| MemoryError::Io { file, source }
}
