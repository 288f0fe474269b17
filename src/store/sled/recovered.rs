//! What sled goes over again when it opens its files, and may write over if it finds it damaged: the segments of its log
//! from where its newest snapshot ends, and the headers of all. A snapshot bears that place in its name. Whatever else is
//! damaged it tells when it is asked for it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::SEGMENT_BYTES;

/// The bytes that a segment's header has: a sum, then the place in the log that the segment begins at, and another.
const HEADER_BYTES: usize = 20;
/// sled writes places with these bits turned.
const TURNED: u64 = i64::MAX.cast_unsigned();
/// How many bytes are looked at together.
const BLOCK: usize = 1 << 16;
/// What stands for the bytes of a block that the disk cannot read.
const UNREADABLE: u8 = 0xEE;
/// A block that is passed over.
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// The files of the store in this folder, in the order of their names, and what is gone over of each.
///
/// # Errors
///
/// What the system says.
pub fn recovered(folder: &Path) -> io::Result<Vec<(String, Scan)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    files.sort();
    let snapshots = files.iter().filter_map(|(name, _)| u64::from_str_radix(name.strip_prefix("snap.")?, 16).ok());
    let newest = snapshots.max().unwrap_or(0);
    let scan = |(name, path): (String, _)| {
        let scan = Scan::of(File::open(path)?, if name == "db" { newest } else { 0 })?;
        Ok((name, scan))
    };
    files.into_iter().map(scan).collect()
}

/// What is gone over of a file: how long it is, in 8 bytes, and of each block that is not zeros alone where it begins, in
/// 8 bytes, and what is in it. What the disk cannot read is told in the same way each time.
pub struct Scan {
    file: File,
    /// What is still to be read of it, the first part last.
    parts: Vec<Range<u64>>,
    /// What is handed over just now.
    piece: Vec<u8>,
    /// How much of it was handed over.
    taken: usize,
}

impl Scan {
    /// Of a file that is the log, or, if all of it is gone over, may be another.
    fn of(mut file: File, from: u64) -> io::Result<Self> {
        let segment = SEGMENT_BYTES as u64;
        let from = from / segment * segment;
        let len = file.metadata()?.len();
        let mut parts = Vec::new();
        for begin in (0..len).step_by(SEGMENT_BYTES) {
            let end = len.min(begin + segment);
            let is_gone_over = from == 0 || place(&mut file, begin).is_none_or(|place| place >= from);
            parts.push(begin..if is_gone_over { end } else { begin + HEADER_BYTES as u64 });
        }
        parts.reverse();
        Ok(Self { file, parts, piece: len.to_le_bytes().to_vec(), taken: 0 })
    }

    /// Goes to the next block; it leaves nothing to be handed over if there is none.
    fn advance(&mut self) -> io::Result<()> {
        const PLACE: usize = size_of::<u64>();
        self.taken = 0;
        while let Some(part) = self.parts.last_mut() {
            let begin = part.start;
            let len = usize::try_from(part.end - begin).unwrap_or(BLOCK).min(BLOCK);
            part.start += len as u64;
            if part.is_empty() {
                self.parts.pop();
            }
            self.piece.resize(PLACE + len, 0);
            self.file.seek(SeekFrom::Start(begin))?;
            if self.file.read_exact(&mut self.piece[PLACE..]).is_err() {
                self.piece[PLACE..].fill(UNREADABLE);
            }
            if self.piece[PLACE..] != ZEROS[..len] {
                self.piece[..PLACE].copy_from_slice(&begin.to_le_bytes());
                return Ok(());
            }
        }
        self.piece.clear();
        Ok(())
    }
}

impl Read for Scan {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            self.advance()?;
        }
        let count = (&self.piece[self.taken..]).read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

/// The place in the log that a segment's header tells, which begins here, if there is one and it can be read.
fn place(log: &mut File, begin: u64) -> Option<u64> {
    let mut header = [0; HEADER_BYTES];
    log.seek(SeekFrom::Start(begin)).ok()?;
    log.read_exact(&mut header).ok()?;
    let place = header[4..12].try_into().expect("8 bytes");
    Some(u64::from_le_bytes(place) ^ TURNED)
}
