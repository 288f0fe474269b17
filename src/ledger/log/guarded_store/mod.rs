//! The store, with its opening watched: sled mends what it finds when it opens its files, and writes over whatever it cannot
//! read there or what lies behind a damage, so that what could still have been read is gone.
//!
//! 1. What sled may write over is read and [kept](crate::ledger::log::guarded_store::before) before it opens anything. A disk that cannot read
//!    it is told, and sled opens nothing.
//! 2. The store that was opened is the one that was there if it has the end that `HEAD` and `sled.check` remember, and
//!    stands as it stood in what sled went over, or, since a process that was killed leaves an end that is torn, if every
//!    event in it can be read. Then what was kept goes.
//! 3. Else all of it is put back. A damaged store is then read from a copy, so that it can be told what is left, and
//!    nothing is written to it. Where the copy is whole, one read failed, and the same again may succeed.
//!
//! Where nobody remembers any end, nobody knows whether one that was torn was longer: then the whole store is copied to
//! `sled.damaged-N` before it is opened for good. One that sled left as it was is whole if its chain holds and its end is
//! signed; from then on its end is remembered. One of which that does not hold is read from a copy.

mod before;
mod kept_copy;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::event::chain::Head;
use crate::integrity::digest::{PartsHash, event_hash};
use crate::ledger::folder::Folder;
use crate::ledger::folder::head::Check;
use crate::ledger::folder::settings::Settings;
use crate::ledger::folder::staging::Copied;
use crate::ledger::log::guarded_store::before::{BEFORE, Before, copy_parts};
use crate::ledger::log::guarded_store::kept_copy::KeptCopy;
use crate::ledger::log::replay::checked_keeping;
use crate::ledger::log::sealing::EventSealing;
use crate::store::sled::{GoneOver, SEGMENT_BYTES, SledStore, files, gone_over};
use crate::store::{Runs, Store, StoreError, durable_file, folder as store_folder};

/// How the names of damaged stores begin that were laid aside.
pub(crate) const DAMAGED: &str = "sled.damaged-";
/// sled's log.
const LOG: &str = "db";

/// How sled left the end of a log when it opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// As it was.
    Kept,
    /// Written over.
    Torn,
}

/// A store that is watched.
pub(crate) struct GuardedStore {
    /// There until this is dropped.
    store: Option<SledStore>,
    folder: Folder,
    /// Where the files are copied to that are read in place of the ledger's own.
    copy: Option<Copy>,
}

/// A copy that is read.
enum Copy {
    /// It is gone when it was read.
    Gone(#[expect(dead_code, reason = "it is held")] Copied),
    /// It stays with the account.
    Kept(#[expect(dead_code, reason = "it is held")] KeptCopy),
}

impl GuardedStore {
    /// Creates an empty store, as [`SledStore::create`] does.
    pub(crate) fn create(folder: &Folder) -> Result<Self, StoreError> {
        Ok(Self::of(SledStore::create(&folder.store(), &EventSealing)?, folder))
    }

    /// Opens a ledger's store, as [`SledStore::open`] does; a damaged one as a copy of its files, which are left as they are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] and [`StoreError::Io`] also if a read failed: what is there is as it was.
    pub(crate) fn open(folder: &Folder) -> Result<Self, StoreError> {
        if durable_file::kind(&folder.store().join("db"))? == durable_file::Kind::Absent {
            return Err(StoreError::Absent { folder: folder.store() });
        }
        // What was kept is written back into these files, and sled writes into them: they are looked at before either.
        files(&folder.store())?;
        if let Some(left) = Before::left(folder)? {
            left.put_back()?;
            left.forget()?;
        }
        part_files(folder)?;
        let before = Before::take(folder)?;
        let opened = SledStore::open(&folder.store(), &EventSealing).map(|store| Self::of(store, folder));
        let ends: Vec<Head> = Head::remembered(folder).map(|(_, head)| head).collect();
        let end = match opened {
            Ok(opened) if opened.has_all(&ends) && (before.is_unchanged() || opened.can_be_read()) => {
                before.forget()?;
                return Ok(opened);
            }
            // Somebody else has it.
            Err(error @ (StoreError::InUse { .. } | StoreError::Absent { .. })) => {
                before.forget()?;
                return Err(error);
            }
            opened => {
                let error = opened.map(Self::close).err();
                let end = if before.is_unchanged() { End::Kept } else { End::Torn };
                before.put_back()?;
                before.forget()?;
                if let Some(error) = error {
                    return Err(error);
                }
                end
            }
        };
        let copied = Self::copied(folder, folder.path())?;
        if ends.is_empty() {
            return copied.open_unknown(end);
        }
        let is_whole = copied.has_all(&ends) && copied.can_be_read();
        if is_whole { Err(read_failed()) } else { Ok(copied) }
    }

    /// Opens the store of which this is a copy, and of which nobody remembers the end: from now on it is remembered.
    fn open_unknown(self, end: End) -> Result<Self, StoreError> {
        let Some(newest) = self.signed_end() else { return Ok(self) };
        let folder = self.folder.clone();
        drop(self);
        if end == End::Torn {
            copy_store(&folder.store(), &unused(&folder), Tail::Kept)?;
        }
        // It was read whole as a copy: if it has another end now, a read failed, and what sled wrote over is put back.
        let before = Before::take(&folder)?;
        let opened = SledStore::open(&folder.store(), &EventSealing).map(|store| Self::of(store, &folder));
        let opened = match opened {
            Ok(opened) if opened.len() == newest.len && opened.has(newest) => opened,
            opened => {
                let error = opened.map(Self::close).err().unwrap_or_else(read_failed);
                before.put_back()?;
                before.forget()?;
                return Err(error);
            }
        };
        before.forget()?;
        // If that is not written, all of it is looked at again.
        let _ = Check::renew(&folder, newest);
        Ok(opened)
    }

    /// Where the log ends, if all of it can be read, its chain holds, and its end is signed.
    fn signed_end(&self) -> Option<Head> {
        let origin = Settings::load(&self.folder).ok()?.origin;
        let (_, chain) = checked_keeping(&origin, self, |body| body.kind().is_about_ledger()).ok()?;
        Some(chain.end())
    }

    /// Opens a copy of the store in a folder that is another's. If it is not what its folder remembers, or cannot all be read,
    /// a fresh copy is opened before that is told: it may be that a read failed while sled opened the first, which then wrote
    /// over what it could not read.
    ///
    /// # Errors
    ///
    /// Those of [`copied`](Self::copied).
    pub(crate) fn borrowed(folder: &Folder, scratch: &Path) -> Result<Self, StoreError> {
        let ends: Vec<Head> = Head::remembered(folder).map(|(_, head)| head).collect();
        if let Some(kept) = Self::kept(folder, &ends)? {
            return Ok(kept);
        }
        let first = Self::copied(folder, scratch)?;
        if ends.iter().all(|head| first.has(*head)) && first.can_be_read() {
            return Ok(first);
        }
        drop(first);
        Self::copied(folder, scratch)
    }

    /// Opens the copy that stays with the account, if there can be one and it is what the folder remembers: a damaged store is
    /// told from a fresh one.
    fn kept(folder: &Folder, ends: &[Head]) -> Result<Option<Self>, StoreError> {
        let Some(cache) = folder.cache() else { return Ok(None) };
        let is_whole = |store: &SledStore| {
            let opened = |head: &Head| ends_with(store, *head);
            ends.iter().all(opened)
        };
        let copy = |to: &Path| {
            copy_store(&folder.store(), to, Tail::Cut)?;
            // All of it is read once, so that what sled could not read is not kept.
            let store = SledStore::open(to, &EventSealing)?;
            if is_whole(&store) && can_be_read(&store) { Ok(()) } else { Err(read_failed()) }
        };
        let Ok(Some(kept)) = KeptCopy::of(folder, cache, copy) else { return Ok(None) };
        match SledStore::open(&kept.store(), &EventSealing) {
            Ok(store) if is_whole(&store) => {
                Ok(Some(Self { store: Some(store), folder: folder.clone(), copy: Some(Copy::Kept(kept)) }))
            }
            opened => {
                drop(opened);
                kept.forget()?;
                Ok(None)
            }
        }
    }

    /// Opens a copy of a ledger's store, made in a folder that is gone when this is dropped.
    ///
    /// # Errors
    ///
    /// Those of [`SledStore::open`], and of copying.
    fn copied(folder: &Folder, within: &Path) -> Result<Self, StoreError> {
        let copy = Copied::within(within)?;
        let store = copy.store();
        copy_store(&folder.store(), &store, Tail::Cut)?;
        let store = SledStore::open(&store, &EventSealing)?;
        Ok(Self { store: Some(store), folder: folder.clone(), copy: Some(Copy::Gone(copy)) })
    }

    fn of(store: SledStore, folder: &Folder) -> Self {
        Self { store: Some(store), folder: folder.clone(), copy: None }
    }

    /// Closes the store, and remembers nothing of it.
    fn close(mut self) {
        drop(self.store.take());
    }

    fn store(&self) -> &SledStore {
        self.store.as_ref().expect("taken only when this is dropped")
    }

    /// Whether the log ended so, each time that is remembered, or ends so. Where nobody remembers any, nobody knows.
    fn has_all(&self, ends: &[Head]) -> bool {
        !ends.is_empty() && ends.iter().all(|head| self.has(*head))
    }

    fn has(&self, head: Head) -> bool {
        ends_with(self.store(), head)
    }

    fn can_be_read(&self) -> bool {
        can_be_read(self.store())
    }
}

impl Store for GuardedStore {
    fn len(&self) -> u64 {
        self.store().len()
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        if self.copy.is_some() {
            return Err(StoreError::Damaged {
                what: "it is read from a copy, and nothing is written to it".to_owned(),
            });
        }
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

impl Drop for GuardedStore {
    fn drop(&mut self) {
        if self.store.is_none() || self.copy.is_some() {
            return;
        }
        // What another log's store ends with, that was put here by mistake, is not remembered.
        let head = Head::load(&self.folder).filter(|head| self.has(*head));
        drop(self.store.take());
        if let Some(head) = head {
            let _ = Check::renew(&self.folder, head);
        }
    }
}

/// Whether the log of a store ended so, or ends so.
fn ends_with(store: &SledStore, head: Head) -> bool {
    let hash_at = |seq: u64| store.read(seq..seq + 1).next()?.ok().map(|event| event_hash(&event));
    head.len.checked_sub(1).is_none_or(|newest| hash_at(newest) == Some(head.hash))
}

fn can_be_read(store: &SledStore) -> bool {
    store.read(0..store.len()).all(|event| event.is_ok())
}

fn read_failed() -> StoreError {
    io::Error::other("a read failed while it was opened, and it was put back").into()
}

/// Has every file of the store be one of its own: sled writes in place, and a copy by hard links would change with it.
fn part_files(folder: &Folder) -> Result<(), StoreError> {
    for name in files(&folder.store())? {
        durable_file::part(&folder.store().join(name))?;
    }
    Ok(())
}

/// What becomes of zeros at the end of a log that is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// They stay.
    Kept,
    /// There are no more than a segment: sled looks at each, also where a file only claims to be so long.
    Cut,
}

/// Copies the files of a store into a new folder, for its owner alone, durably.
fn copy_store(from: &Path, to: &Path, tail: Tail) -> Result<(), StoreError> {
    store_folder::create_personal(to)?;
    for of in gone_over(from)?.into_iter().map(GoneOver::whole) {
        let path = to.join(&of.name);
        if let Some(within) = path.parent().filter(|within| !within.is_dir()) {
            store_folder::create_personal(within)?;
        }
        let copy = durable_file::make_personal(&path)?;
        let (mut sum, mut no_limit) = (PartsHash::default(), u64::MAX);
        let end = copy_parts(from, &of, &copy, &mut sum, &mut no_limit)?;
        if tail == Tail::Cut && of.name == LOG {
            let segment = SEGMENT_BYTES as u64;
            copy.set_len(of.len.min(end.next_multiple_of(segment) + segment))?;
        }
        copy.sync_all()?;
    }
    Ok(store_folder::sync(to)?)
}

/// A path where a damaged store can be laid: `sled.damaged-N`.
pub(crate) fn unused(folder: &Folder) -> PathBuf {
    let path = |number: u32| folder.path().join(format!("{DAMAGED}{number}"));
    (1..u32::MAX).map(path).find(|path| path.symlink_metadata().is_err()).unwrap_or_default()
}

/// The logs of the damaged stores that were laid aside, and of the one that is there.
pub(crate) fn logs(folder: &Folder) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
    let aside = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(DAMAGED) || name == BEFORE
    });
    aside.map(|entry| entry.path()).chain([folder.store()]).map(|store| store.join("db")).collect()
}
