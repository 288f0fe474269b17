//! Which file of a ledger an account may not read or write, for whoever was refused: the operating system does not say.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::ledger::folder::Folder;
use crate::store::durable_file;
use crate::store::shared::{may_read, may_write};

/// A file or folder that who asks may not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Where it lies.
    pub path: PathBuf,
    /// Whose it is, by the user id.
    pub owner: u32,
    /// Its group, by the id.
    pub group: u32,
    /// Its rights, without those of its kind.
    pub mode: u32,
    /// `read` or `written`.
    pub right: &'static str,
}

impl Denied {
    fn of(path: &Path, is_written: bool) -> Option<Self> {
        let right = match (may_read(path), is_written && !may_write(path)) {
            (false, _) => "read",
            (true, true) => "written",
            (true, false) => return None,
        };
        let found = std::fs::symlink_metadata(path).ok()?;
        let mode = found.mode() & 0o777;
        Some(Self { path: path.to_owned(), owner: found.uid(), group: found.gid(), mode, right })
    }
}

impl Folder {
    /// The first file of the ledger that who asks may not read, or in a ledger of theirs not write, but for keys; nothing, if
    /// there is none.
    pub fn denied(&self) -> Option<Denied> {
        let is_own = self.foreign_owner().is_ok_and(|owner| owner.is_none());
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            if let Some(denied) = Denied::of(&folder, is_own) {
                return Some(denied);
            }
            let mut entries: Vec<PathBuf> =
                std::fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path()).collect();
            entries.sort_unstable();
            for path in entries.into_iter().filter(|path| *path != self.keys()) {
                match durable_file::kind(&path) {
                    Ok(durable_file::Kind::Regular) => {
                        if let Some(denied) = Denied::of(&path, is_own && path.parent() != Some(&self.documents())) {
                            return Some(denied);
                        }
                    }
                    _ if path.symlink_metadata().is_ok_and(|found| found.is_dir()) => folders.push(path),
                    _ => {}
                }
            }
        }
        None
    }
}
