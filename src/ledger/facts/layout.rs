//! The bytes of the two files of facts, version 4. They are derived: a version that is not known is written anew.
//!
//! ```text
//! facts  = magic[16] || genesis[32] || len[8] || tag[16] || index[len] || block …      in the order of the index
//! recent = frame …                                                       as long as they follow each other
//! frame  = len[8] || tag[16] || header[len] || block
//! block  = zstd frame of packed rows of events, or of the ends of batches
//! ```
//!
//! Numbers are little-endian; index and header are bincode. A `tag` is [keyed](crate::ledger::folder::user) and stands before what it
//! is of; index and headers have those of their blocks, with the places where these lie, and tell where the log stood. A
//! frame's is bound to where it stood before. Rows are in [`event::snapshot`](crate::event::snapshot).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::packed::{Packer, Unpacker, Unreadable};
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::event::snapshot::{LogPoint, Recorded, pack_rows, unpack_rows};
use crate::integrity::digest::{EventHash, document_hash};
use crate::ledger::facts::partitions::{Dependency, Partition};
use crate::ledger::folder::user::Marks;
use crate::store::compressed::{Effort, compress, decompress};

const MAGIC: &[u8; 16] = b"servanda facts 4";
const CHECK_BYTES: usize = 16;
/// The most bytes of an index or a header.
const MAX_INDEX_BYTES: usize = 256 << 20;
/// The most bytes of a block before it is compressed.
const MAX_BLOCK_BYTES: u32 = 1 << 30;
/// The most bytes of a packed event: about twice those of an event, which it says with fewer marks.
const MAX_ROW_BYTES: u64 = 128 << 10;

/// The first half of a BLAKE3, keyed or not.
pub(super) type Check = [u8; CHECK_BYTES];

/// What is tagged.
#[derive(Debug, Clone, Copy)]
enum Page {
    /// The index of all blocks.
    Index = 1,
    /// The header of a frame.
    Header = 2,
    /// Rows.
    Block = 3,
}

fn tag(marks: &Marks, page: Page, bytes: &[u8]) -> Check {
    marks.tag(&[&[page as u8], bytes])
}

/// A section, and the blocks that hold its events and may hold others.
pub(super) type Lying = (Partition, Range<usize>);

/// What lies where in the file `facts`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) origin: String,
    /// Where the log stood.
    pub(super) end: End,
    pub(super) blocks: Vec<Block>,
    /// The ends of batches.
    pub(super) ends: Block,
    /// In their order.
    pub(super) sections: Vec<Lying>,
    pub(super) needs: Vec<Dependency>,
}

/// What comes before the events of a frame.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// What the log stood at before: number of events, and head.
    pub(super) from: (u64, [u8; 32]),
    pub(super) end: End,
    pub(super) block: Block,
    pub(super) needs: Vec<Dependency>,
}

/// Where a log stood at the end of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) len: u64,
    pub(super) head: [u8; 32],
    recorded_ms: i64,
}

/// Where rows lie, and what they have to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Block {
    /// From the first byte behind the index.
    at: u64,
    /// Compressed, and before that.
    bytes: u32,
    size: u32,
    /// How many rows there are.
    pub(super) rows: u32,
    check: Check,
}

/// Why facts cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("{0}")]
    Other(&'static str),
}

impl Index {
    /// Whether it can be an index of blocks in so many bytes: each in a place of its own, and all events once.
    fn is_possible(&self, room: u64) -> bool {
        let mut at = 0;
        let follows = |block: &Block| {
            let is_next = block.at == at;
            at = block.at.saturating_add(block.bytes.into());
            is_next
        };
        let rows: u64 = self.blocks.iter().map(|block| u64::from(block.rows)).sum();
        self.blocks.iter().chain([&self.ends]).all(follows)
            && at <= room
            && rows == self.end.len
            && u64::from(self.ends.rows) <= self.end.len
            && self.sections.is_sorted_by(|(a, _), (b, _)| a < b)
            && self.sections.iter().all(|(_, blocks)| blocks.start < blocks.end && blocks.end <= self.blocks.len())
    }
}

impl End {
    /// As the end of a batch.
    pub(super) fn of(stand: &LogPoint) -> Self {
        Self { len: stand.head.len, head: *stand.head.hash.as_bytes(), recorded_ms: stand.recorded.unix_ms() }
    }

    /// As the end of a log.
    pub(super) fn head(&self) -> Head {
        Head { len: self.len, hash: EventHash::from_bytes(self.head) }
    }

    pub(super) fn stand(&self) -> Result<LogPoint, Unusable> {
        let recorded = Timestamp::from_unix_ms(self.recorded_ms);
        let recorded = recorded.map_err(|_| Unusable::Other("a moment that there is not"))?;
        Ok(LogPoint { head: self.head(), recorded, ends_batch: true })
    }
}

/// Packs events into a block, which does not know yet where it lies.
pub(super) fn pack_events<'e>(
    marks: &Marks,
    events: impl ExactSizeIterator<Item = &'e Recorded>,
    effort: Effort,
) -> io::Result<(Block, Vec<u8>)> {
    let rows = events.len();
    block(marks, &pack_rows(events), rows, effort)
}

/// Packs the ends of batches likewise.
pub(super) fn pack_ends<'s>(marks: &Marks, stands: impl Iterator<Item = &'s LogPoint>) -> io::Result<(Block, Vec<u8>)> {
    let mut packer = Packer::default();
    let (mut len, mut recorded, mut rows) = (0, 0, 0);
    for stand in stands {
        packer.number(stand.head.len - len);
        packer.signed(stand.recorded.unix_ms() - recorded);
        packer.raw(stand.head.hash.as_bytes());
        (len, recorded, rows) = (stand.head.len, stand.recorded.unix_ms(), rows + 1);
    }
    // Hashes do not become smaller.
    block(marks, &packer.into_bytes(), rows, Effort::Little)
}

fn block(marks: &Marks, rows: &[u8], len: usize, effort: Effort) -> io::Result<(Block, Vec<u8>)> {
    let bytes = compress(rows, effort)?;
    let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "too many bytes for a block of facts");
    let number = |len: usize| u32::try_from(len).ok().filter(|len| *len <= MAX_BLOCK_BYTES).ok_or_else(too_large);
    let block = Block {
        at: 0,
        bytes: number(bytes.len())?,
        size: number(rows.len())?,
        rows: number(len)?,
        check: tag(marks, Page::Block, &bytes),
    };
    Ok((block, bytes))
}

/// A digest that is no tag: for comparing what is in memory.
pub(super) fn digest(bytes: &[u8]) -> Check {
    let mut check = Check::default();
    check.copy_from_slice(&document_hash(bytes).as_bytes()[..CHECK_BYTES]);
    check
}

impl Block {
    /// Where it lies behind a block that ends there; gives back where the next may begin.
    pub(super) fn lie_at(&mut self, at: u64) -> u64 {
        self.at = at;
        at + u64::from(self.bytes)
    }

    /// The events of a block with these bytes.
    pub(super) fn events(&self, marks: &Marks, bytes: &[u8]) -> Result<Vec<Recorded>, Unusable> {
        Ok(unpack_rows(&self.rows(marks, bytes)?, self.len())?)
    }

    /// The ends of batches in a block with these bytes.
    pub(super) fn ends(&self, marks: &Marks, bytes: &[u8]) -> Result<Vec<LogPoint>, Unusable> {
        let rows = self.rows(marks, bytes)?;
        let mut unpacker = Unpacker::new(&rows);
        let mut end = End { len: 0, head: [0; 32], recorded_ms: 0 };
        let mut stands = Vec::new();
        for _ in 0..self.len() {
            let more = unpacker.number()?;
            if more == 0 {
                return Err(Unusable::Other("a batch without events"));
            }
            end.len = end.len.wrapping_add(more);
            end.recorded_ms = end.recorded_ms.wrapping_add(unpacker.signed()?);
            end.head.copy_from_slice(unpacker.raw(32)?);
            stands.push(end.stand()?);
        }
        unpacker.finish()?;
        Ok(stands)
    }

    fn len(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }

    /// Whether these are its bytes, and it stands for no more than its rows can be.
    fn is_of(&self, marks: &Marks, bytes: &[u8]) -> bool {
        u64::from(self.size) <= u64::from(self.rows) * MAX_ROW_BYTES && tag(marks, Page::Block, bytes) == self.check
    }

    fn rows(&self, marks: &Marks, bytes: &[u8]) -> Result<Vec<u8>, Unusable> {
        if !self.is_of(marks, bytes) {
            return Err(Unusable::Other("a block of facts is damaged"));
        }
        Ok(decompress(bytes, usize::try_from(self.size).unwrap_or(usize::MAX))?)
    }
}

/// Writes the header of a frame with its length and tag before it.
pub(super) fn write_header(marks: &Marks, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
    write_tagged(marks, Page::Header, frame, out)
}

/// Reads what [`write_header`] wrote.
pub(super) fn read_header(marks: &Marks, from: &mut dyn Read) -> Result<Frame, Unusable> {
    read_tagged(marks, Page::Header, from)
}

fn write_tagged(marks: &Marks, page: Page, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let bytes = bincode::serde::encode_to_vec(value, bincode::config::standard()).map_err(io::Error::other)?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(&tag(marks, page, &bytes))?;
    out.write_all(&bytes)
}

fn read_tagged<T: DeserializeOwned>(marks: &Marks, page: Page, from: &mut dyn Read) -> Result<T, Unusable> {
    let (mut len, mut expected) = ([0; 8], Check::default());
    from.read_exact(&mut len)?;
    from.read_exact(&mut expected)?;
    let len = u64::from_le_bytes(len);
    let mut bytes = Vec::new();
    // What is not there is not waited for with memory.
    from.take(len.min(MAX_INDEX_BYTES as u64)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len || tag(marks, page, &bytes) != expected {
        return Err(Unusable::Other("an index of facts was not made by this account for this ledger, or is damaged"));
    }
    let config = bincode::config::standard().with_limit::<MAX_INDEX_BYTES>();
    match bincode::serde::decode_from_slice(&bytes, config) {
        Ok((value, read)) if read == bytes.len() => Ok(value),
        _ => Err(Unusable::Other("an index of facts is of another form")),
    }
}

/// The file `facts`, of which the index was read.
pub(super) struct Base {
    file: File,
    pub(super) marks: Marks,
    /// Where the blocks begin.
    begin: u64,
    pub(super) index: Index,
}

impl Base {
    pub(super) fn open(mut file: File, marks: impl FnOnce(EventHash) -> Option<Marks>) -> Result<Self, Unusable> {
        let (mut magic, mut genesis) = ([0; MAGIC.len()], [0; 32]);
        file.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Err(Unusable::Other("facts of another version"));
        }
        file.read_exact(&mut genesis)?;
        let marks = marks(EventHash::from_bytes(genesis)).ok_or(Unusable::Other("there is nobody to believe them"))?;
        let index: Index = read_tagged(&marks, Page::Index, &mut file)?;
        let begin = file.stream_position()?;
        let room = file.metadata()?.len().saturating_sub(begin);
        if !index.is_possible(room) {
            return Err(Unusable::Other("an index of facts that cannot be"));
        }
        Ok(Self { file, marks, begin, index })
    }

    /// A block with its bytes.
    pub(super) fn block(&mut self, place: usize) -> Result<(Block, Vec<u8>), Unusable> {
        let block = self.index.blocks.get(place).cloned().ok_or(Unusable::Other("a block that there is not"))?;
        let bytes = self.read(&block)?;
        Ok((block, bytes))
    }

    /// The ends of batches.
    pub(super) fn ends(&mut self) -> Result<Vec<LogPoint>, Unusable> {
        let block = self.index.ends.clone();
        let bytes = self.read(&block)?;
        block.ends(&self.marks, &bytes)
    }

    fn read(&mut self, block: &Block) -> Result<Vec<u8>, Unusable> {
        let at = self.begin.checked_add(block.at).ok_or(Unusable::Other("a block beyond the end"))?;
        if self.file.stream_position()? != at {
            self.file.seek(SeekFrom::Start(at))?;
        }
        let mut bytes = Vec::new();
        (&mut self.file).take(block.bytes.into()).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Writes the file `facts`.
pub(super) fn write_base(marks: &Marks, index: &Index, blocks: &[Vec<u8>], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(marks.genesis.as_bytes())?;
    write_tagged(marks, Page::Index, index, out)?;
    blocks.iter().try_for_each(|block| out.write_all(block))
}

/// Reads the block that lies behind a header; a torn one is none.
pub(super) fn read_block(marks: &Marks, block: &Block, from: &mut dyn Read) -> Result<Vec<u8>, Unusable> {
    let mut bytes = Vec::new();
    from.take(block.bytes.into()).read_to_end(&mut bytes)?;
    if block.is_of(marks, &bytes) { Ok(bytes) } else { Err(Unusable::Other("a torn frame of facts")) }
}
