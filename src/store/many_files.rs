//! Many files that are new, and durable together: written one after the other without waiting for the disk, and put on it
//! all at once.
//!
//! Nothing of them counts until [`sync`](ManyFiles::sync) has returned. Before that, a power cut may leave each of them out,
//! empty or cut, in any order. So they are written where nobody looks for them: into a folder that gets its name only
//! afterwards, which is what whoever uses this has to see to. When `sync` has returned, each is there with its bytes and
//! under its name, as if it had been synced when it was written.
//!
//! What takes long is not to write, but to wait: a file that is synced by itself waits for the journal of the file system
//! twice, once for its bytes and once for its name. Several threads wait for one write of the journal together, and the names
//! of a folder are synced once. The system could sync all that it holds in one call (`syncfs`); but that waits for what everybody
//! else wrote there too, and before Linux 5.8 does not tell that something could not be written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::store::shared::Rights;
use crate::store::{durable_file, folder};

/// Files that are synced at one time.
const AT_ONCE: usize = 16;
/// Files that wait to be synced: more are not remembered.
const MOST_WAITING: usize = 4096;

/// Files that were written, and that a power cut may still take.
#[derive(Debug, Default)]
pub struct ManyFiles {
    waiting: Vec<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl ManyFiles {
    /// Writes a file in a folder that is there, in place of what is there.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn write(&mut self, path: &Path, bytes: &[u8], rights: Rights) -> io::Result<()> {
        durable_file::replace_unsynced(path, bytes, rights)?;
        self.folders.insert(folder::parent(path).to_owned());
        self.waiting.push(path.to_owned());
        if self.waiting.len() < MOST_WAITING { Ok(()) } else { self.sync_waiting() }
    }

    /// Waits until all of them are on the disk, and their names.
    ///
    /// # Errors
    ///
    /// What the operating system says; then any of them may not be there after a power cut.
    pub fn sync(mut self) -> io::Result<()> {
        self.sync_waiting()?;
        self.folders.iter().try_for_each(|folder| folder::sync(folder))
    }

    fn sync_waiting(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let next = AtomicUsize::new(0);
        let take_turns = || {
            while let Some(path) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
                File::open(path)?.sync_all()?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            // Where no thread can be started, this one does all of it.
            let start = |_| thread::Builder::new().spawn_scoped(scope, take_turns).ok();
            let others: Vec<_> = (1..AT_ONCE.min(waiting.len())).map_while(start).collect();
            let own = take_turns();
            let ends = others.into_iter().map(|other| other.join().expect("syncing does not panic"));
            ends.fold(own, Result::and)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn more_files_than_are_remembered_are_all_there_and_of_two_of_one_name_the_later() {
        let top = tempfile::tempdir().expect("a temporary folder");
        let mut files = ManyFiles::default();
        for number in 0..MOST_WAITING + 10 {
            let text = number.to_string();
            files.write(&top.path().join(&text), text.as_bytes(), Rights::Usual).expect("there is room");
        }
        files.write(&top.path().join("7"), b"other", Rights::Personal).expect("there is room");
        assert_eq!(files.waiting.len(), 11);
        files.sync().expect("they are there");
        assert_eq!(fs::read_dir(top.path()).expect("it can be listed").count(), MOST_WAITING + 10);
        assert_eq!(fs::read_to_string(top.path().join("7")).expect("it is there"), "other");
    }

    #[test]
    fn a_file_that_cannot_be_synced_is_told() {
        let top = tempfile::tempdir().expect("a temporary folder");
        let mut files = ManyFiles::default();
        for name in ["a", "b", "c"] {
            files.write(&top.path().join(name), b"text", Rights::Usual).expect("there is room");
        }
        fs::remove_file(top.path().join("b")).expect("it is there");
        files.sync().expect_err("one is gone");
    }
}
