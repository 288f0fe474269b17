//! A ledger's folder that is made beside its place, and moved into it whole.
//!
//! Whatever goes wrong before the move, nothing is in that place; a process that is killed leaves its folder
//! `.servanda-new-…` behind, which nobody reads and anybody may delete.

use std::io;

use crate::ledger::settings::Folder;
use crate::store::folder as store_folder;

/// A folder that is not yet in its place: dropping it leaves nothing behind.
pub(crate) struct Aside {
    made: tempfile::TempDir,
    target: Folder,
}

impl Aside {
    /// How the names of these folders begin.
    pub(crate) const PREFIX: &str = ".servanda-new-";

    /// Makes an empty folder beside where it shall be.
    pub(crate) fn beside(target: &Folder) -> io::Result<Self> {
        let parent = store_folder::parent(target.path());
        store_folder::create(parent)?;
        let made = tempfile::Builder::new().prefix(Self::PREFIX).tempdir_in(parent)?;
        Ok(Self { made, target: target.clone() })
    }

    /// Where it is now.
    pub(crate) fn folder(&self) -> Folder {
        self.target.elsewhere(self.made.path())
    }

    /// Where it shall be.
    pub(crate) fn target(&self) -> &Folder {
        &self.target
    }

    /// Moves it into its place, durably. On an error it is gone.
    pub(crate) fn publish(self) -> io::Result<Folder> {
        let Self { made, target } = self;
        store_folder::sync(made.path())?;
        std::fs::rename(made.path(), target.path())?;
        // The folder has another name now; there is nothing to remove under the old one.
        let _ = made.keep();
        store_folder::sync(store_folder::parent(target.path()))?;
        Ok(target)
    }
}
