//! What sled may write over when it opens a store, kept until it is known that nothing was lost.
//!
//! sled 0.34.7 takes a segment of its log for a free one if it cannot read the segment's header, once, for whatever reason,
//! and writes zeros over it (`pagecache/iterator.rs`, `read_segment_header(..).ok()?`); behind a damage it does the same. So
//! all of that is read and copied first, and put back if the store that was opened is not the one that was there.
//!
//! ```text
//! sled.before/db, conf, snap.…   as they were, as far as sled goes over them; elsewhere a hole
//! sled.before/kept               what HEAD said, what the copy hashes to, and the account's tag over both
//! ```
//!
//! A process that is killed in between leaves the copy to the next one, which puts it back if it is whole, and if `HEAD` says
//! what it said then: whoever appends writes `HEAD` first, and then the copy is of an older store. A copy that another account
//! made, or that came with the folder from elsewhere, is laid aside as a damaged store is: `repair` looks into those, and
//! nothing is written on their word. Where there is no room for a copy on the disk, it is kept in memory.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{MemfdFlags, SeekFrom};
use rustix::io::Errno;

use crate::integrity::digest::{PartsHash, document_hash};
use crate::ledger::folder::Folder;
use crate::ledger::log::guarded_store::unused;
use crate::store::sled::{GoneOver, files, gone_over, lock_for_a_moment};
use crate::store::{StoreError, durable_file, folder as store_folder};

/// The copy, before anybody knows whether it is wanted.
pub(super) const BEFORE: &str = "sled.before";
/// A copy that is being made, or removed.
const COPYING: &str = "sled.copying";
/// The file of a copy that tells what it is of.
const KEPT: &str = "kept";
/// The most bytes of that, and of `HEAD`.
const MAX_TEXT: u64 = 64 << 10;
/// How many bytes a copy leaves free: two segments of sled's log, and what else a command writes.
const RESERVE: u64 = 64 << 20;
/// The most bytes that are kept in memory: where there is less room than that for a copy, there should be more.
const MOST_IN_MEMORY: u64 = 256 << 20;
/// How many bytes are read together.
const READ: usize = 1 << 20;
/// How many bytes are looked at together.
const BLOCK: usize = 1 << 16;

/// A copy of what sled may write over.
pub(super) struct Before {
    folder: Folder,
    files: Vec<Kept>,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the ledger's folder.
    Disk,
    Memory,
}

/// A file that is kept.
struct Kept {
    of: GoneOver,
    copy: File,
}

impl Before {
    /// Keeps what sled may write over in the store of a folder, which nobody has open.
    ///
    /// # Errors
    ///
    /// What the store's files cannot be read for; [`StoreError::InUse`] if somebody has them open.
    pub(super) fn take(folder: &Folder) -> Result<Self, StoreError> {
        let _locked = lock_for_a_moment(&folder.store())?;
        let found = gone_over(&folder.store())?;
        let bytes: u64 = found.iter().flat_map(|file| &file.parts).map(|part| part.end - part.start).sum();
        if is_room(folder.path(), bytes)
            && let Ok(on_disk) = Self::on_disk(folder, &found)
        {
            return Ok(on_disk);
        }
        Self::in_memory(folder, found, MOST_IN_MEMORY)
    }

    fn in_memory(folder: &Folder, found: Vec<GoneOver>, most: u64) -> Result<Self, StoreError> {
        let mut sum = PartsHash::default();
        let mut files = Vec::with_capacity(found.len());
        let mut left = most;
        for of in found {
            let copy = File::from(rustix::fs::memfd_create("servanda", MemfdFlags::CLOEXEC).map_err(io::Error::from)?);
            copy_parts(&folder.store(), &of, &copy, &mut sum, &mut left)?;
            files.push(Kept { of, copy });
        }
        Ok(Self { folder: folder.clone(), files, place: Place::Memory })
    }

    fn on_disk(folder: &Folder, found: &[GoneOver]) -> Result<Self, StoreError> {
        let made = folder.path().join(COPYING);
        let kept = Self::made_at(&made, folder, found).and_then(|files| {
            fs::rename(&made, folder.path().join(BEFORE))?;
            Ok(Self { folder: folder.clone(), files, place: Place::Disk })
        });
        if kept.is_err() {
            let _ = fs::remove_dir_all(&made);
        }
        kept
    }

    /// Copies into a new folder, for its owner alone.
    fn made_at(made: &Path, folder: &Folder, found: &[GoneOver]) -> Result<Vec<Kept>, StoreError> {
        if made.symlink_metadata().is_ok() {
            fs::remove_dir_all(made)?;
        }
        store_folder::create_personal(made)?;
        let mut sum = PartsHash::default();
        let mut files = Vec::with_capacity(found.len());
        let mut no_limit = u64::MAX;
        for of in found {
            let path = made.join(&of.name);
            if let Some(within) = path.parent().filter(|within| *within != made && !within.is_dir()) {
                store_folder::create_personal(within)?;
            }
            let copy = durable_file::make_personal(&path)?;
            copy_parts(&folder.store(), of, &copy, &mut sum, &mut no_limit)?;
            files.push(Kept { of: of.clone(), copy });
        }
        let what = what_is_kept(folder, &sum)?;
        let text = format!("{what}{}", tag(folder, &what));
        durable_file::replace_unsynced_with(&made.join(KEPT), |out| out.write_all(text.as_bytes()))?;
        Ok(files)
    }

    /// The copy that a killed process of this account left, if it is whole and of the store as it is; one that is not goes.
    pub(super) fn left(folder: &Folder) -> Result<Option<Self>, StoreError> {
        let at = folder.path().join(BEFORE);
        if at.symlink_metadata().is_err() {
            return Ok(None);
        }
        match read_left(&at, folder).ok().flatten() {
            Some((files, Whose::Own)) => Ok(Some(Self { folder: folder.clone(), files, place: Place::Disk })),
            Some((_, Whose::Unknown)) => {
                fs::rename(&at, unused(folder))?;
                Ok(None)
            }
            None => {
                remove(folder, &at)?;
                Ok(None)
            }
        }
    }

    /// Whether the log is as it was, wherever something stood that is kept.
    pub(super) fn is_unchanged(&self) -> bool {
        let store = self.folder.store();
        let log = self.files.iter().find(|file| file.of.name == "db");
        log.is_some_and(|log| {
            let now = durable_file::open_to_read(&store.join("db"));
            now.is_ok_and(|now| now.is_some_and(|now| is_same(log, &now).unwrap_or(false)))
        })
    }

    /// Writes everything back that is kept, durably, and removes what has come since.
    ///
    /// # Errors
    ///
    /// What the operating system says; the copy is then still there. [`StoreError::Damaged`] if something there is no file:
    /// nothing is written then.
    pub(super) fn put_back(&self) -> Result<(), StoreError> {
        let store = self.folder.store();
        files(&store)?;
        let _locked = lock_for_a_moment(&store)?;
        for file in &self.files {
            let path = store.join(&file.of.name);
            let out = durable_file::open_to_write(&path)?;
            out.set_len(file.of.len)?;
            file.write_back(&out)?;
            out.sync_all()?;
        }
        for name in files(&store)? {
            if !self.files.iter().any(|file| file.of.name == name) {
                fs::remove_file(store.join(name))?;
            }
        }
        store_folder::sync(&store)?;
        Ok(())
    }

    /// Does without the copy.
    ///
    /// # Errors
    ///
    /// What keeps it from going: it would be taken for one of the store as it will be.
    pub(super) fn forget(self) -> Result<(), StoreError> {
        match self.place {
            Place::Disk => remove(&self.folder, &self.folder.path().join(BEFORE)),
            Place::Memory => Ok(()),
        }
    }
}

impl Kept {
    /// Writes into a file what is kept of it. What is a hole on both sides takes no time, however large it claims to be.
    fn write_back(&self, out: &File) -> io::Result<()> {
        let parts = &self.of.parts;
        let mut kept = vec![0; BLOCK];
        let clear = |at, block: &[u8]| {
            let kept = &mut kept[..block.len()];
            self.copy.read_exact_at(kept, at)?;
            if is_zeros(kept) { out.write_all_at(kept, at) } else { Ok(()) }
        };
        each_block(out, parts, |_, error| error, clear)?;
        each_block(&self.copy, parts, |_, error| error, |at, block| out.write_all_at(block, at))
    }
}

/// Under its name a copy is never there in part.
fn remove(folder: &Folder, at: &Path) -> Result<(), StoreError> {
    let gone = folder.path().join(COPYING);
    if gone.symlink_metadata().is_ok() {
        fs::remove_dir_all(&gone)?;
    }
    fs::rename(at, &gone)?;
    // What is left of it goes with the next one.
    let _ = fs::remove_dir_all(gone);
    Ok(())
}

/// Who made a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// This account.
    Own,
    /// Another, or nobody knows.
    Unknown,
}

fn read_left(at: &Path, folder: &Folder) -> Result<Option<(Vec<Kept>, Whose)>, StoreError> {
    let Some(text) = durable_file::read_text(&at.join(KEPT), MAX_TEXT)? else { return Ok(None) };
    let mut sum = PartsHash::default();
    let mut files = Vec::new();
    for of in gone_over(at)?.into_iter().filter(|file| file.name != KEPT) {
        let Some(copy) = durable_file::open_to_read(&at.join(&of.name))? else { return Ok(None) };
        sum.file(&of.name, of.len);
        each_block(
            &copy,
            &of.parts,
            |_, error| error,
            |at, block| {
                sum.block(at, block);
                Ok(())
            },
        )?;
        files.push(Kept { of, copy });
    }
    let what = what_is_kept(folder, &sum)?;
    Ok(text.strip_prefix(&what).map(|by| (files, if by == tag(folder, &what) { Whose::Own } else { Whose::Unknown })))
}

/// The text that tells of what store a copy is, and what it hashes to.
fn what_is_kept(folder: &Folder, sum: &PartsHash) -> io::Result<String> {
    let head = durable_file::read_bytes(&folder.head(), MAX_TEXT)?.unwrap_or_default();
    Ok(format!("{} {}\n", document_hash(&head), sum.finish()))
}

/// The line by which the account knows such a text again; an empty one, where it has no key yet.
fn tag(folder: &Folder, what: &str) -> String {
    format!("{}\n", folder.own_tag(what).unwrap_or_default())
}

/// Whether so many bytes leave room for what is to be written next.
fn is_room(within: &Path, bytes: u64) -> bool {
    rustix::fs::statvfs(within).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= bytes + RESERVE)
}

/// Copies what counts of a file of the store, but for zeros, and hashes it; no more than so many bytes are written. Where the
/// last byte ends that is no zero is given back, to the block.
pub(super) fn copy_parts(
    store: &Path,
    of: &GoneOver,
    to: &File,
    sum: &mut PartsHash,
    left: &mut u64,
) -> Result<u64, StoreError> {
    let path = store.join(&of.name);
    let from = durable_file::open_to_read(&path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    // Where the file system can have both share their content until one is written, there is nothing to copy.
    let is_cloned = rustix::fs::ioctl_ficlone(to, &from).is_ok();
    to.set_len(of.len)?;
    sum.file(&of.name, of.len);
    let unreadable = |at, source| StoreError::Unreadable { file: path.clone(), at, source };
    let mut end = 0;
    each_block(&from, &of.parts, unreadable, |at, block| {
        sum.block(at, block);
        end = at + block.len() as u64;
        if !is_cloned {
            *left = left.checked_sub(block.len() as u64).ok_or_else(|| no_room(of))?;
            to.write_all_at(block, at)?;
        }
        Ok(())
    })?;
    Ok(end)
}

/// Why nothing is opened where what sled may write over can be kept nowhere.
fn no_room(of: &GoneOver) -> io::Error {
    let bytes: u64 = of.parts.iter().map(|part| part.end - part.start).sum();
    let mib = (bytes + RESERVE).div_ceil(1 << 20);
    io::Error::new(
        io::ErrorKind::StorageFull,
        format!("the store is opened where the disk has {mib} MiB left for a copy"),
    )
}

/// Whether a file has what is kept of it, wherever that is not zeros.
fn is_same(kept: &Kept, now: &File) -> io::Result<bool> {
    let (mut is_same, mut other) = (true, vec![0; BLOCK]);
    each_block(
        &kept.copy,
        &kept.of.parts,
        |_, error| error,
        |at, block| {
            if is_same {
                let other = &mut other[..block.len()];
                now.read_exact_at(other, at)?;
                is_same = other == block;
            }
            Ok(())
        },
    )?;
    Ok(is_same)
}

fn is_zeros(block: &[u8]) -> bool {
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    *block == ZEROS[..block.len()]
}

/// Goes through the blocks of these parts of a file that are not zeros, with their places. What the file has as a hole is not
/// read: else who makes a file that claims to be large could have it read for as long.
fn each_block<E>(
    file: &File,
    parts: &[Range<u64>],
    unreadable: impl Fn(u64, io::Error) -> E,
    mut work: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = vec![0; READ];
    for part in parts {
        let mut at = part.start;
        while let Some(begin) = next_data(file, at, part.end).map_err(|error| unreadable(at, error))? {
            // Blocks are counted from where the part begins.
            at += (begin - at) / BLOCK as u64 * BLOCK as u64;
            let len = usize::try_from(part.end - at).unwrap_or(READ).min(READ);
            file.read_exact_at(&mut buffer[..len], at).map_err(|error| unreadable(at, error))?;
            for block in buffer[..len].chunks(BLOCK) {
                if !is_zeros(block) {
                    work(at, block)?;
                }
                at += block.len() as u64;
            }
        }
    }
    Ok(())
}

/// Where a file has something that is no hole, from a place on, before another.
fn next_data(file: &File, at: u64, end: u64) -> io::Result<Option<u64>> {
    if at >= end {
        return Ok(None);
    }
    match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(begin) => Ok(Some(begin).filter(|begin| *begin < end)),
        // Nothing but a hole follows.
        Err(Errno::NXIO) => Ok(None),
        // The file system does not tell.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some(at)),
        Err(error) => Err(error.into()),
    }
}
