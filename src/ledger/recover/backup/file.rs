//! A backup as a file: records one behind the other, each with a hash over itself and all before it.
//!
//! ```text
//! file    = "servanda backup1" *record
//! record  = kind:u8 len:u64 payload:[len] check:[32]
//! payload = events: first:u64 count:u32 bytes:u32 zstd(*(len:u16 (big-endian) event))
//!         | file:   hash:[32] path-len:u16 path bytes
//!         | end:    len:u64 head:[32] origin
//! check   = BLAKE3(check-before kind len payload), by its own key; before the first record 32 zeros
//! ```
//!
//! Numbers are little-endian, but for the length before an event, which is as in C2SP tlog-tiles. A backup is what stands
//! before its last whole `end`: it grows by records behind that, so that one that was stopped in the middle is what it was
//! before. Of two files of one path the later counts.

use crate::ledger::recover::backup::files::is_ours;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::domain::id::Origin;
use crate::event::chain::Head;
use crate::event::statement::MAX_EVENT;
use crate::integrity::digest::{EventHash, backup_check, document_hash};
use crate::ledger::recover::backup::Rest;
use crate::store::compressed::{Effort, compress, decompress};
use crate::store::tiles::bundle;

/// How the file begins, with the version of its format.
pub(in crate::ledger::recover) const MAGIC: &[u8; 16] = b"servanda backup1";
/// The most bytes of events in a record, unpacked.
pub(in crate::ledger::recover) const MAX_EVENTS: usize = 4 << 20;
/// The most events in a record: many more than there is room for, of which each has a header and an id.
const MAX_COUNT: usize = 1 << 15;
/// The most bytes of a payload: a document with its name, or events that do not shrink.
const MAX_PAYLOAD: u64 = 32 << 20;
/// Bytes around a payload: kind, length and check.
const AROUND: u64 = 1 + 8 + 32;

const EVENTS: u8 = 1;
const FILE: u8 = 2;
const END: u8 = 3;

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ledger::recover) enum Record {
    /// Events in a row.
    Events {
        /// The position of the first.
        first: u64,
        values: Vec<Vec<u8>>,
    },
    /// A file beside them, by its path in the ledger's folder.
    File { path: String, bytes: Vec<u8> },
    /// Where the log ended, and whose it is.
    End { head: Head, origin: Origin },
}

/// What a backup was found to hold, up to its last end.
#[derive(Debug, Clone)]
pub(in crate::ledger::recover) struct Contents {
    pub(in crate::ledger::recover) origin: Origin,
    pub(in crate::ledger::recover) head: Head,
    /// The files, by their paths, with the hashes of their bytes.
    pub(in crate::ledger::recover) files: BTreeMap<String, [u8; 32]>,
    /// Where the last end ends.
    pub(in crate::ledger::recover) len: u64,
    /// The check of the last end.
    check: [u8; 32],
    /// What is behind it and does not count, if there is anything.
    pub(in crate::ledger::recover) rest: Option<Rest>,
}

/// Reads records, and checks each.
pub(in crate::ledger::recover) struct Records<R> {
    input: R,
    /// Bytes of the file, and those that were read.
    len: u64,
    at: u64,
    check: [u8; 32],
    /// Whether the file ended within a record.
    is_cut: bool,
}

impl<R: Read + Seek> Records<R> {
    /// Of a file that begins as a backup does; nothing, if it is another.
    pub(in crate::ledger::recover) fn open(mut input: R) -> io::Result<Option<Self>> {
        let len = input.seek(SeekFrom::End(0))?;
        input.seek(SeekFrom::Start(0))?;
        let mut magic = [0; MAGIC.len()];
        if len < magic.len() as u64 {
            return Ok(None);
        }
        input.read_exact(&mut magic)?;
        let records = Self { input, len, at: magic.len() as u64, check: [0; 32], is_cut: false };
        Ok((magic == *MAGIC).then_some(records))
    }

    /// Whether so much was read, and no more.
    pub(in crate::ledger::recover) fn is_at(&self, len: u64) -> bool {
        self.at == len
    }

    /// The next record; nothing at the end of the file.
    ///
    /// # Errors
    ///
    /// What is wrong with it. There is no going on after that.
    pub(in crate::ledger::recover) fn next(&mut self) -> Result<Option<Record>, RecordFault> {
        let left = self.len - self.at;
        if left == 0 {
            return Ok(None);
        }
        let mut head = [0; 9];
        if left < AROUND {
            self.is_cut = true;
            return Err(RecordFault::Damaged("the last record is cut off".to_owned()));
        }
        self.input.read_exact(&mut head)?;
        let len = u64::from_le_bytes(head[1..].try_into().expect("8 bytes"));
        if len > MAX_PAYLOAD {
            return Err(RecordFault::Damaged(format!(
                "the record at byte {} is damaged: its length cannot be",
                self.at
            )));
        }
        if len > left - AROUND {
            self.is_cut = true;
            return Err(RecordFault::Damaged("the last record is cut off, or its length is damaged".to_owned()));
        }
        let mut payload = vec![0; usize::try_from(len).expect("no record is longer than memory can be")];
        self.input.read_exact(&mut payload)?;
        let mut check = [0; 32];
        self.input.read_exact(&mut check)?;
        if check != backup_check(&self.check, &[&head, &payload]) {
            return Err(RecordFault::Damaged(format!("the record at byte {} is damaged", self.at)));
        }
        self.at += AROUND + len;
        self.check = check;
        let other_form = || RecordFault::Damaged("a record has another form than its kind".to_owned());
        parse(head[0], &payload).ok_or_else(other_form).map(Some)
    }

    /// Looks at all records; gives what is wrong in place of what there is, if there is no whole backup. `go_on` is asked before
    /// each record.
    ///
    /// # Errors
    ///
    /// What the operating system says, or `go_on`: nothing is known of the backup then.
    pub(in crate::ledger::recover) fn contents(
        mut self,
        go_on: &dyn Fn() -> io::Result<()>,
    ) -> io::Result<Result<Contents, Option<String>>> {
        let mut found: Option<Contents> = None;
        let mut next = 0;
        // Those since the last end, of which it is not known yet whether they count.
        let mut since: Vec<(String, [u8; 32])> = Vec::new();
        let wrong = loop {
            go_on()?;
            match self.next() {
                Ok(None) => break None,
                Err(RecordFault::Damaged(what)) => break Some(what),
                Err(RecordFault::Io(error)) => return Err(error),
                Ok(Some(Record::Events { first, values })) if first == next => next += values.len() as u64,
                Ok(Some(Record::File { path, bytes })) => {
                    // What is not a ledger's own is not taken either.
                    if is_ours(&path) {
                        since.push((path, *document_hash(&bytes).as_bytes()));
                    }
                }
                Ok(Some(Record::End { head, origin }))
                    if head.len == next && found.as_ref().is_none_or(|found| found.origin == origin) =>
                {
                    let mut files = found.take().map_or_else(BTreeMap::new, |before| before.files);
                    files.extend(since.drain(..));
                    found = Some(Contents { origin, head, files, len: self.at, check: self.check, rest: None });
                }
                Ok(Some(_)) => break Some("its records are not in their order".to_owned()),
            }
        };
        let Some(mut found) = found else { return Ok(Err(wrong)) };
        if self.len > found.len {
            let (is_unfinished, what) = match wrong {
                None => (true, "its end is missing".to_owned()),
                Some(what) => (self.is_cut, what),
            };
            found.rest = Some(Rest { bytes: self.len - found.len, what, is_unfinished });
        }
        Ok(Ok(found))
    }
}

/// Why there is no next record.
#[derive(Debug)]
pub(in crate::ledger::recover) enum RecordFault {
    /// What is there is none.
    Damaged(String),
    /// It cannot be read, whatever it is.
    Io(io::Error),
}

impl From<io::Error> for RecordFault {
    fn from(error: io::Error) -> Self {
        // As many bytes were there a moment ago.
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Damaged("it changed while it was read".to_owned())
        } else {
            Self::Io(error)
        }
    }
}

fn parse(kind: u8, payload: &[u8]) -> Option<Record> {
    match kind {
        EVENTS => {
            let (first, rest) = payload.split_first_chunk()?;
            let (count, rest) = rest.split_first_chunk()?;
            let (bytes, packed) = rest.split_first_chunk()?;
            let bytes = usize::try_from(u32::from_le_bytes(*bytes)).ok().filter(|bytes| *bytes <= MAX_EVENTS)?;
            let count = usize::try_from(u32::from_le_bytes(*count)).ok().filter(|count| *count <= MAX_COUNT)?;
            let unpacked = decompress(packed, bytes).ok()?;
            let mut rest = unpacked.as_slice();
            let mut values = Vec::new();
            while let Some((len, behind)) = rest.split_first_chunk() {
                let (value, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
                if values.len() == count {
                    return None;
                }
                values.push(value.to_vec());
                rest = behind;
            }
            let is_whole = rest.is_empty() && values.len() == count;
            is_whole.then_some(Record::Events { first: u64::from_le_bytes(*first), values })
        }
        FILE => {
            let (hash, rest) = payload.split_first_chunk::<32>()?;
            let (len, rest) = rest.split_first_chunk()?;
            let (path, bytes) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
            let path = std::str::from_utf8(path).ok()?.to_owned();
            (document_hash(bytes).as_bytes() == hash).then(|| Record::File { path, bytes: bytes.to_vec() })
        }
        END => {
            let (len, rest) = payload.split_first_chunk()?;
            let (hash, origin) = rest.split_first_chunk()?;
            let origin = Origin::parse(std::str::from_utf8(origin).ok()?).ok()?;
            let head = Head { len: u64::from_le_bytes(*len), hash: EventHash::from_bytes(*hash) };
            Some(Record::End { head, origin })
        }
        _ => None,
    }
}

/// Writes records behind those that are there.
pub(in crate::ledger::recover) struct Writer<W> {
    out: W,
    /// Bytes of the file so far.
    len: u64,
    check: [u8; 32],
}

impl<W: Write + Seek> Writer<W> {
    /// Behind the last end of a backup; what stood there was taken away.
    pub(in crate::ledger::recover) fn behind(mut out: W, contents: &Contents) -> io::Result<Self> {
        out.seek(SeekFrom::Start(contents.len))?;
        Ok(Self { out, len: contents.len, check: contents.check })
    }
}

impl<W: Write> Writer<W> {
    /// A new file.
    pub(in crate::ledger::recover) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self { out, len: MAGIC.len() as u64, check: [0; 32] })
    }

    /// Bytes of the file so far.
    pub(in crate::ledger::recover) fn len(&self) -> u64 {
        self.len
    }

    /// Writes one more.
    pub(in crate::ledger::recover) fn write(&mut self, record: &Record) -> io::Result<()> {
        let (kind, payload) = match record {
            Record::Events { first, values } => {
                debug_assert!(values.iter().all(|value| value.len() <= MAX_EVENT), "a store takes no longer ones");
                let unpacked = bundle(values.iter().map(Vec::as_slice));
                let mut payload = first.to_le_bytes().to_vec();
                payload.extend(u32::try_from(values.len()).map_err(io::Error::other)?.to_le_bytes());
                payload.extend(u32::try_from(unpacked.len()).map_err(io::Error::other)?.to_le_bytes());
                payload.extend(compress(&unpacked, Effort::More)?);
                (EVENTS, payload)
            }
            Record::File { path, bytes } => {
                let mut payload = document_hash(bytes).as_bytes().to_vec();
                payload.extend(u16::try_from(path.len()).map_err(io::Error::other)?.to_le_bytes());
                payload.extend(path.as_bytes());
                payload.extend(bytes);
                (FILE, payload)
            }
            Record::End { head, origin } => {
                let payload = [&head.len.to_le_bytes(), &head.hash.as_bytes()[..], origin.as_str().as_bytes()].concat();
                (END, payload)
            }
        };
        let mut around = [kind; 9];
        around[1..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        self.check = backup_check(&self.check, &[&around, &payload]);
        self.out.write_all(&around)?;
        self.out.write_all(&payload)?;
        self.out.write_all(&self.check)?;
        self.len += AROUND + payload.len() as u64;
        Ok(())
    }

    /// The file, with all of it handed to the system.
    pub(in crate::ledger::recover) fn end(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const DOCUMENT: &str = "documents/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn origin() -> Origin {
        Origin::parse("test.example/ledger").expect("an origin")
    }

    fn end(len: u64) -> Record {
        Record::End { head: Head { len, hash: EventHash::from_bytes([7; 32]) }, origin: origin() }
    }

    fn records() -> Vec<Record> {
        let events = |first, values: &[&str]| Record::Events {
            first,
            values: values.iter().map(|value| value.as_bytes().to_vec()).collect(),
        };
        let file = |path: &str, bytes: &[u8]| Record::File { path: path.to_owned(), bytes: bytes.to_vec() };
        vec![
            events(0, &["one", "two"]),
            file(DOCUMENT, b"A"),
            end(2),
            events(2, &["three"]),
            file(DOCUMENT, b"B"),
            file("checkpoints/3", b""),
            end(3),
        ]
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut writer = Writer::begin(Cursor::new(Vec::new())).expect("there is memory");
        for record in records {
            writer.write(record).expect("there is memory");
        }
        writer.end().expect("there is memory").into_inner()
    }

    /// Bytes of which the disk gives the first, and no more.
    struct Failing(Cursor<Vec<u8>>, u64);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let left = usize::try_from(self.1.saturating_sub(self.0.position())).expect("a few");
            if left == 0 {
                Err(io::Error::other("the disk fails"))
            } else {
                (&mut self.0).take(left as u64).read(buffer)
            }
        }
    }

    impl Seek for Failing {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_disk_that_fails_is_no_damage_of_the_backup_wherever_it_does() {
        let bytes = written(&records());
        for len in MAGIC.len()..bytes.len() {
            let failing = Failing(Cursor::new(bytes.clone()), len as u64);
            let records = Records::open(failing).expect("its beginning can be read").expect("a backup");
            assert!(records.contents(&|| Ok(())).is_err(), "{len} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn what_is_no_file_of_a_ledger_is_not_kept_in_mind() {
        let file = |path: &str| Record::File { path: path.to_owned(), bytes: Vec::new() };
        let all = [records(), vec![file("../a"), file("elsewhere/b"), file("documents/.c"), end(3)]].concat();
        let files = contents(&written(&all)).expect("a backup").files;
        assert_eq!(files.into_keys().collect::<Vec<_>>(), ["checkpoints/3", DOCUMENT]);
    }

    fn contents(bytes: &[u8]) -> Option<Contents> {
        Records::open(Cursor::new(bytes)).expect("it can be read")?.contents(&|| Ok(())).expect("it can be read").ok()
    }

    #[test]
    fn records_come_back_and_of_two_files_of_a_path_the_later_counts() {
        let bytes = written(&records());
        let mut reader = Records::open(Cursor::new(&bytes)).expect("it can be read").expect("a backup");
        let mut found = Vec::new();
        while let Some(record) = reader.next().expect("all are sound") {
            found.push(record);
        }
        assert_eq!(found, records());
        let contents = contents(&bytes).expect("a backup");
        assert_eq!((contents.head.len, contents.len, contents.rest), (3, bytes.len() as u64, None));
        assert_eq!(contents.files[DOCUMENT], *document_hash(b"B").as_bytes());
    }

    #[test]
    fn wherever_it_is_cut_it_is_what_it_was_at_its_last_end() {
        let (first, whole) = (written(&records()[..3]), written(&records()));
        for len in 0..=whole.len() {
            let expected = match len {
                _ if len == whole.len() => Some(3),
                _ if len >= first.len() => Some(2),
                _ => None,
            };
            let found = contents(&whole[..len]);
            assert_eq!(found.as_ref().map(|found| found.head.len), expected, "{len} bytes");
            assert_eq!(
                found.and_then(|found| found.rest).is_some(),
                len > first.len() && len < whole.len(),
                "{len} bytes"
            );
        }
    }

    #[test]
    fn whichever_bit_is_another_nothing_behind_it_counts() {
        let (first, whole) = (written(&records()[..3]), written(&records()));
        for bit in 0..8 * whole.len() {
            let mut other = whole.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            let found = contents(&other);
            let expected = (bit / 8 >= first.len()).then_some(2);
            assert_eq!(found.as_ref().map(|found| found.head.len), expected, "bit {bit}");
            assert!(found.is_none_or(|found| found.rest.is_some()), "bit {bit}");
        }
    }

    #[test]
    fn a_backup_goes_on_behind_its_last_end() {
        let whole = written(&records());
        let cut = &whole[..whole.len() - 1];
        let found = contents(cut).expect("it has an end");
        let mut file = Cursor::new(cut[..usize::try_from(found.len).expect("it is small")].to_vec());
        file.set_position(3);
        let mut writer = Writer::behind(file, &found).expect("there is memory");
        for record in &records()[3..] {
            writer.write(record).expect("there is memory");
        }
        assert_eq!(writer.end().expect("there is memory").into_inner(), whole);
    }

    #[test]
    fn records_in_another_order_are_no_backup() {
        let other = Record::End {
            origin: Origin::parse("test.example/other").expect("an origin"),
            head: Head { len: 3, hash: EventHash::from_bytes([7; 32]) },
        };
        let mut all = records();
        all[6] = other;
        assert_eq!(contents(&written(&all)).expect("it has an end").head.len, 2, "another ledger");
        for records in [&records()[3..], &[end(1)], &records()[..2]] {
            assert!(contents(&written(records)).is_none(), "{records:?}");
        }
    }
}
