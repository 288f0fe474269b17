//! What sled goes over again when it opens its files, and may write over if it finds it damaged, or cannot read it: the
//! segments of its log from where its newest snapshot ends, and the headers of all. A snapshot bears that place in its
//! name. Whatever else is damaged it tells when it is asked for it.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{SEGMENT_BYTES, damaged};
use crate::store::StoreError;
use crate::store::durable_file::{self, Kind};

/// The bytes that a segment's header has: a sum, then the place in the log that the segment begins at, and another.
const HEADER_BYTES: usize = 20;
/// sled writes places with these bits turned.
const TURNED: u64 = i64::MAX.cast_unsigned();
/// The folder of the store's folder: for pages that are too long for a segment.
const BLOBS: &str = "blobs";
/// The most bytes of a store's files: with more, the headers of its segments alone would take minutes to read.
const MAX_BYTES: u64 = 1 << 40;
/// The most files of a store: it has its log, its settings, a snapshot or two, and hardly ever a page of its own.
const MAX_FILES: usize = 4096;

/// A file of a store, of which sled goes over some parts.
#[derive(Debug, Clone)]
pub struct GoneOver {
    /// Its name in the store's folder.
    pub name: String,
    /// How long it is.
    pub len: u64,
    /// What is gone over, in order.
    pub parts: Vec<Range<u64>>,
}

impl GoneOver {
    /// The same file as if all of it were gone over.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.parts = std::iter::once(0..self.len).collect();
        self
    }
}

/// The names of the files of a store, in their order, each of which is what it should be: sled itself would write through a
/// link, and wait at a pipe.
///
/// # Errors
///
/// [`StoreError::Damaged`] if something else is there; [`StoreError::Io`].
pub fn files(folder: &Path) -> Result<Vec<String>, StoreError> {
    let stranger = |name: &str| damaged(&format!("{name} in {} is not what it should be", folder.display()));
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Err(damaged(&format!("{} is not a folder", folder.display())));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| stranger(&name.to_string_lossy()))?;
        match (name == BLOBS, durable_file::kind(&entry.path())?) {
            (false, Kind::Regular) => names.push(name),
            (true, Kind::Other) => {
                for page in blobs(&entry.path())? {
                    if durable_file::kind(&entry.path().join(&page))? != Kind::Regular {
                        return Err(stranger(&format!("{BLOBS}/{page}")));
                    }
                    names.push(format!("{BLOBS}/{page}"));
                    if names.len() > MAX_FILES {
                        return Err(too_many(folder));
                    }
                }
            }
            // What is gone meanwhile is not there.
            (_, Kind::Absent) => {}
            _ => return Err(stranger(&name)),
        }
        if names.len() > MAX_FILES {
            return Err(too_many(folder));
        }
    }
    names.sort();
    Ok(names)
}

fn too_many(folder: &Path) -> StoreError {
    damaged(&format!("{} has more than {MAX_FILES} files", folder.display()))
}

fn blobs(folder: &Path) -> Result<Vec<String>, StoreError> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Err(damaged(&format!("{} is not a folder", folder.display())));
    }
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.take(MAX_FILES + 1).collect()
}

/// What sled goes over in the store in this folder.
///
/// # Errors
///
/// Those of [`files`], and of reading the headers.
pub fn gone_over(folder: &Path) -> Result<Vec<GoneOver>, StoreError> {
    let names = files(folder)?;
    let snapshots = names.iter().filter_map(|name| u64::from_str_radix(name.strip_prefix("snap.")?, 16).ok());
    let newest = snapshots.max().unwrap_or(0);
    let mut bytes = 0_u64;
    let of = |name: String| {
        let Some(file) = durable_file::open_to_read(&folder.join(&name))? else {
            return Err(damaged(&format!("{name} was there, and is not")));
        };
        let len = file.metadata()?.len();
        bytes = bytes.saturating_add(len);
        if bytes > MAX_BYTES {
            return Err(damaged(&format!("{name} claims to have {len} bytes")));
        }
        let all = GoneOver { name, len, parts: Vec::new() }.whole();
        if all.name == "db" { Ok(GoneOver { parts: parts(&file, len, newest)?, ..all }) } else { Ok(all) }
    };
    names.into_iter().map(of).collect()
}

/// The parts of the log, of that length, that are gone over from that place on.
fn parts(log: &File, len: u64, from: u64) -> io::Result<Vec<Range<u64>>> {
    let segment = SEGMENT_BYTES as u64;
    let from = from / segment * segment;
    let mut parts: Vec<Range<u64>> = Vec::new();
    for begin in (0..len).step_by(SEGMENT_BYTES) {
        let end = len.min(begin + segment);
        let is_gone_over = from == 0 || place(log, begin, end)?.is_none_or(|place| place >= from);
        parts.push(begin..if is_gone_over { end } else { begin + HEADER_BYTES as u64 });
    }
    Ok(parts)
}

/// The place in the log that a segment's header tells, if there is one.
fn place(log: &File, begin: u64, end: u64) -> io::Result<Option<u64>> {
    let mut header = [0; HEADER_BYTES];
    if end - begin < header.len() as u64 {
        return Ok(None);
    }
    log.read_exact_at(&mut header, begin)?;
    let place = header[4..12].try_into().expect("8 bytes");
    Ok(Some(u64::from_le_bytes(place) ^ TURNED))
}
