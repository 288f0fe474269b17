//! Folders that are made for a while, and known for that by their names: a ledger's, beside its place and moved into it whole,
//! or one for a copy that is read.
//!
//! Whatever goes wrong before the move, nothing is in that place. A process that is killed leaves its folder behind, which
//! nobody reads and anybody may delete, and which the next one that makes such a folder there does delete. It is told by its
//! lock, which who made it holds from the moment on that the lock is there until the folder has another name, or is gone.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::ledger::folder::Folder;
use crate::store::folder as store_folder;
use crate::store::lock::Lock;

/// A folder that is gone when this is dropped.
pub(super) struct Made {
    // The lock is released last: fields are dropped in the order of their declaration.
    folder: TempDir,
    lock: Lock,
}

impl Made {
    /// Makes an empty folder in another, with a name that begins so, once those are gone that killed processes left there.
    fn within(parent: &Path, prefix: &str, holder: &str, rights: Option<u32>) -> io::Result<Self> {
        sweep(parent, prefix);
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
        if let Some(mode) = rights {
            std::fs::set_permissions(folder.path(), Permissions::from_mode(mode))?;
        }
        let lock = Lock::create(&Folder::at(folder.path()).lock(), holder)?;
        Ok(Self { folder, lock })
    }
}

/// A folder for a copy of a store, which is gone when this is dropped.
pub(crate) struct Copied(Made);

impl Copied {
    /// How the names of these folders begin.
    pub(crate) const PREFIX: &str = ".servanda-copy-";

    /// Makes one in a folder that others may use too.
    pub(crate) fn within(scratch: &Path) -> io::Result<Self> {
        Made::within(scratch, Self::PREFIX, "a reader of a copy", None).map(Self)
    }

    /// Where the copy lies.
    pub(crate) fn store(&self) -> PathBuf {
        Folder::at(self.0.folder.path()).store()
    }
}

/// A ledger's folder that is not yet in its place: dropping it leaves nothing behind.
pub(crate) struct StagingFolder {
    made: Made,
    target: Folder,
}

impl StagingFolder {
    /// How the names of these folders begin.
    pub(crate) const PREFIX: &str = ".servanda-new-";

    /// Makes a folder beside where it shall be, with nothing in it but its lock, which says who holds it; for its owner
    /// alone, or with the rights of a folder that is shared.
    pub(crate) fn beside(target: &Folder, holder: &str, rights: Option<u32>) -> io::Result<Self> {
        let parent = store_folder::parent(target.path());
        store_folder::create(parent)?;
        Ok(Self { made: Made::within(parent, Self::PREFIX, holder, rights)?, target: target.clone() })
    }

    /// Where it is now.
    pub(crate) fn folder(&self) -> Folder {
        self.target.elsewhere(self.made.folder.path())
    }

    /// Where it shall be.
    pub(crate) fn target(&self) -> &Folder {
        &self.target
    }

    /// Its lock, which is held until it is in its place at the least.
    pub(crate) fn lock(&self) -> Lock {
        self.made.lock.clone()
    }

    /// Moves it into its place, durably. On an error it is gone.
    pub(crate) fn publish(self) -> io::Result<Folder> {
        let Self { made: Made { folder, lock }, target } = self;
        store_folder::sync(folder.path())?;
        std::fs::rename(folder.path(), target.path())?;
        // The folder has another name now; there is nothing to remove under the old one.
        let _ = folder.keep();
        drop(lock);
        store_folder::sync(store_folder::parent(target.path()))?;
        Ok(target)
    }
}

/// Removes what processes left behind that were killed, as far as that can be told and done.
fn sweep(within: &Path, prefix: &str) {
    for entry in std::fs::read_dir(within).into_iter().flatten().flatten() {
        let is_made = entry.file_name().to_string_lossy().starts_with(prefix);
        if !is_made || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let folder = Folder::at(entry.path());
        // It is held until all is gone: nobody takes for theirs what is being removed.
        if folder.is_own()
            && let Ok(Some(_held)) = Lock::seize(&folder.lock())
        {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_killed_readers_left_go_and_those_that_are_read_stay() {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let read = Copied::within(scratch.path()).expect("there is room");
        std::fs::create_dir(read.store()).expect("there is room");
        let left = scratch.path().join(format!("{}left", Copied::PREFIX));
        std::fs::create_dir_all(left.join("sled")).expect("there is room");
        std::fs::write(left.join("LOCK"), "a reader of a copy").expect("there is room");
        let second = Copied::within(scratch.path()).expect("there is room");
        assert!(!left.exists() && read.store().is_dir());
        drop((read, second));
        assert_eq!(std::fs::read_dir(scratch.path()).expect("it can be listed").count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_is_making_stays() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| desk.path().join(format!("{}{name}", StagingFolder::PREFIX));
        for name in ["dead", "alive", "just-made"] {
            std::fs::create_dir(path(name)).expect("there is room");
        }
        std::fs::write(path("dead").join("LOCK"), "").expect("there is room");
        let alive = Lock::create(&path("alive").join("LOCK"), "somebody").expect("nothing is there");
        let target = Folder::at(desk.path().join("ledger"));
        let aside = StagingFolder::beside(&target, "another", None).expect("there is room");
        assert!(!path("dead").exists() && path("alive").exists() && path("just-made").exists());
        // A folder of which somebody looks at the lock is somebody's.
        drop(alive);
        let looks = Lock::look(&path("alive").join("LOCK"), std::time::Duration::ZERO).expect("it can be read");
        drop(StagingFolder::beside(&target, "a third", None).expect("there is room"));
        assert!(looks.is_some() && path("alive").exists() && aside.folder().path().exists());
        aside.publish().expect("nothing is there");
        assert_eq!(std::fs::read_to_string(target.lock()).expect("it is there"), "", "nobody holds it");
    }
}
