//! A ledger's folder that is made beside its place, and moved into it whole.
//!
//! Whatever goes wrong before the move, nothing is in that place; a process that is killed leaves its folder
//! `.servanda-new-…` behind, which nobody reads and anybody may delete. The next one that makes such a folder there does: a
//! process holds the lock in its own as long as it lives.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::ledger::settings::Folder;
use crate::store::folder as store_folder;
use crate::store::lock::Lock;

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
        sweep(parent);
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

/// Removes what processes left behind that were killed, as far as that can be told and done.
fn sweep(within: &Path) {
    for entry in std::fs::read_dir(within).into_iter().flatten().flatten() {
        let is_aside = entry.file_name().to_string_lossy().starts_with(Aside::PREFIX);
        if !is_aside || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let folder = Folder::at(entry.path());
        if folder.is_own() && matches!(Lock::look(&folder.lock(), Duration::ZERO), Ok(Some(_))) {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_is_making_stays() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| desk.path().join(format!("{}{name}", Aside::PREFIX));
        for name in ["dead", "alive", "just-made"] {
            std::fs::create_dir(path(name)).expect("there is room");
        }
        std::fs::write(path("dead").join("LOCK"), "").expect("there is room");
        let alive = Lock::acquire(&path("alive").join("LOCK"), "somebody", Duration::ZERO).expect("nobody has it");
        let aside = Aside::beside(&Folder::at(desk.path().join("ledger"))).expect("there is room");
        assert!(!path("dead").exists() && path("alive").exists() && path("just-made").exists());
        drop((alive, aside));
    }
}
