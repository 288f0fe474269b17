//! The store, with its files watched: sled mends what it finds when it opens them, and writes over whatever lies behind a
//! damage, so that what could still have been read there is gone.
//!
//! 1. When the store is closed, `sled.check` says what that of its files hashes to which sled may write over, and where the
//!    log ended.
//! 2. When it is to be opened and that hashes to something else, because a process was killed, the power failed, or a disk
//!    rots, the files are copied first, to `sled.before`, and the copy is synced. Where that cannot be done, for want of room
//!    or of permissions, the store is opened all the same; a store that somebody has open is not.
//! 3. If every event can be read then, up to what `HEAD` and `sled.check` remember, the copy goes. Else it is called
//!    `sled.damaged-N`, and stays. A process that is killed in between leaves `sled.before` to the next one.
//!
//! The check itself is not synced: one that was lost or left behind costs a copy.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::integrity::digest::{DocumentHash, EventHash, event_hash, files_hash};
use crate::ledger::sealing::Events;
use crate::ledger::settings::{Folder, Head};
use crate::store::sled::{SledStore, lock_for_a_moment, recovered};
use crate::store::unreadable::read_around;
use crate::store::{Runs, Store, StoreError, folder as store_folder, whole_file};

/// The most bytes of the file with the check.
const MAX_CHECK: u64 = 4096;
/// The copy, before anybody knows whether it is wanted.
const BEFORE: &str = "sled.before";
/// A copy that is being made, or removed.
const COPYING: &str = "sled.copying";
/// How many bytes a copy leaves free: two segments of sled's log, and what else a command writes.
const RESERVE: u64 = 64 << 20;
/// How many bytes of a file are copied at a time.
const BLOCK: usize = 1 << 16;

/// A store that is watched.
pub(super) struct WatchedStore {
    /// There until this is dropped.
    store: Option<SledStore>,
    folder: Folder,
}

impl WatchedStore {
    /// Creates an empty store, as [`SledStore::create`] does.
    pub(super) fn create(folder: &Folder) -> Result<Self, StoreError> {
        Ok(Self { store: Some(SledStore::create(&folder.store(), &Events)?), folder: folder.clone() })
    }

    /// Opens a ledger's store, as [`SledStore::open`] does, with a copy of its files if they are not as they were left.
    pub(super) fn open(folder: &Folder) -> Result<Self, StoreError> {
        let copy = copy_of(folder)?;
        let opened =
            SledStore::open(&folder.store(), &Events).map(|store| Self { store: Some(store), folder: folder.clone() });
        if let Some(copy) = copy {
            settle(folder, &copy, &opened);
        }
        opened
    }

    fn store(&self) -> &SledStore {
        self.store.as_ref().expect("taken only when this is dropped")
    }

    /// Whether all events can be read, with those that are remembered. Where nobody remembers any, nobody knows.
    fn is_whole(&self) -> bool {
        Head::least(&self.folder).is_some_and(|head| self.has(head))
            && self.store().read(0..self.store().len()).all(|event| event.is_ok())
    }

    /// Whether the log ended here, or ends.
    fn has(&self, head: Head) -> bool {
        let hash_at = |seq: u64| self.store().read(seq..seq + 1).next()?.ok().map(|event| event_hash(&event));
        head.len.checked_sub(1).is_some_and(|newest| hash_at(newest) == Some(head.hash))
    }
}

impl Store for WatchedStore {
    fn len(&self) -> u64 {
        self.store().len()
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        self.store.as_mut().expect("taken only when this is dropped").append(expected_len, values)
    }

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        self.store().runs(seqs)
    }

    fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.store().root(bundle)
    }

    fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        self.store().roots(bundles)
    }
}

impl Drop for WatchedStore {
    fn drop(&mut self) {
        // What another log's store ends with, that was put here by mistake, is not remembered.
        let head = Head::load(&self.folder).filter(|head| self.has(*head));
        drop(self.store.take());
        Check::renew(&self.folder, head);
    }
}

/// What `sled.check` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Check {
    /// Where the log ended.
    pub(super) head: Head,
    /// What the files hash to.
    files: DocumentHash,
}

impl Check {
    pub(super) fn load(folder: &Folder) -> Option<Self> {
        let text = whole_file::read_text(&folder.check(), MAX_CHECK).ok()??;
        let mut words = text.trim_end().split(' ');
        let head = Head { len: words.next()?.parse().ok()?, hash: words.next()?.parse().ok()? };
        Some(Self { head, files: words.next()?.parse().ok()? })
    }

    /// Says what the files hash to now. What was known of where the log ended is not forgotten for less.
    pub(super) fn renew(folder: &Folder, head: Option<Head>) {
        const NOTHING: Head = Head { len: 0, hash: EventHash::from_bytes([0; 32]) };
        let known = Self::load(folder).map(|check| check.head);
        let head = known.into_iter().chain(head).max_by_key(|head| head.len).unwrap_or(NOTHING);
        if let Ok(files) = hash(&folder.store()) {
            // Without it the next one makes a copy.
            let _ = Self { head, files }.save(folder);
        }
    }

    fn save(self, folder: &Folder) -> io::Result<()> {
        let text = format!("{} {} {}\n", self.head.len, self.head.hash, self.files);
        whole_file::replace_unsynced_with(&folder.check(), |out| out.write_all(text.as_bytes()))
    }
}

fn hash(store: &Path) -> io::Result<DocumentHash> {
    files_hash(recovered(store)?)
}

/// The copy that somebody left who was killed, or a new one if the files are not as they were left and can be copied.
fn copy_of(folder: &Folder) -> Result<Option<PathBuf>, StoreError> {
    let (store, copy) = (folder.store(), folder.path().join(BEFORE));
    if copy.join("db").is_file() {
        return Ok(Some(copy));
    }
    let is_there = whole_file::kind(&store.join("db")).is_ok_and(|kind| kind == whole_file::Kind::Regular);
    let is_as_left = || Check::load(folder).is_some_and(|check| hash(&store).is_ok_and(|hash| hash == check.files));
    if !is_there || is_as_left() {
        return Ok(None);
    }
    let _locked = match lock_for_a_moment(&store) {
        Err(StoreError::InUse { folder }) => return Err(StoreError::InUse { folder }),
        other => other.ok(),
    };
    let made = folder.path().join(COPYING);
    let is_made = copy_files(&store, &made).and_then(|()| fs::rename(&made, &copy));
    if is_made.is_err() {
        let _ = fs::remove_dir_all(&made);
        return Ok(None);
    }
    // If that fails, there is a copy all the same.
    let _ = store_folder::sync(folder.path());
    Ok(Some(copy))
}

/// Whether so many bytes leave room for what is to be written next.
fn is_room(within: &Path, bytes: u64) -> bool {
    rustix::fs::statvfs(within).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= bytes + RESERVE)
}

/// Copies the files of a store that nobody has open into a new folder, for its owner alone, and syncs them. What the disk
/// cannot read is left out: zeros stand there.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    let files = fs::read_dir(from)?.map(|entry| entry?.metadata()).collect::<io::Result<Vec<_>>>()?;
    if !is_room(from, files.iter().map(fs::Metadata::len).sum()) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    if to.symlink_metadata().is_ok() {
        fs::remove_dir_all(to)?;
    }
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let mut input = File::open(entry.path())?;
        let output = File::options().write(true).create_new(true).mode(0o600).open(to.join(entry.file_name()))?;
        let len = input.metadata()?.len();
        output.set_len(len)?;
        let (mut block, zeros) = (vec![0; BLOCK], vec![0; BLOCK]);
        for at in (0..len).step_by(BLOCK) {
            let part = &mut block[..BLOCK.min(usize::try_from(len - at).unwrap_or(BLOCK))];
            read_around(&mut input, at, part);
            if *part != zeros[..part.len()] {
                output.write_all_at(part, at)?;
            }
        }
        output.sync_all()?;
    }
    store_folder::sync(to)
}

/// A copy is wanted no longer if the store has all that it had; else it is laid aside. Whoever did not come to open the
/// store, for other reasons than what is in its files, leaves that to the next one.
fn settle(folder: &Folder, copy: &Path, opened: &Result<WatchedStore, StoreError>) {
    let is_whole = match opened {
        Ok(store) => store.is_whole(),
        Err(error) if error.is_of_files() => false,
        Err(_) => return,
    };
    // If neither can be done, it is still there.
    if is_whole {
        // Under its name it is never there in part.
        let gone = folder.path().join(COPYING);
        let _ = fs::rename(copy, &gone).and_then(|()| fs::remove_dir_all(gone));
    } else {
        let _ = fs::rename(copy, unused(folder));
        // So that the next one who opens it makes no other copy of what is left.
        Check::renew(folder, None);
    }
}

/// A path where a damaged store can be laid: `sled.damaged-N`.
pub(super) fn unused(folder: &Folder) -> PathBuf {
    let path = |number: u32| folder.path().join(format!("{DAMAGED}{number}"));
    (1..u32::MAX).map(path).find(|path| path.symlink_metadata().is_err()).unwrap_or_default()
}

/// How the names of these begin.
const DAMAGED: &str = "sled.damaged-";

/// The logs of the damaged stores that were laid aside, and of the one that is there.
pub(super) fn logs(folder: &Folder) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.path()).into_iter().flatten().flatten();
    let aside = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(DAMAGED) || name == BEFORE
    });
    aside.map(|entry| entry.path()).chain([folder.store()]).map(|store| store.join("db")).collect()
}
