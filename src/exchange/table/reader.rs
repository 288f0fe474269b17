//! CSV, plain or compressed with gzip, a record at a time.
//!
//! Whatever the bytes are, memory stays bounded: a record, the expanded table and the ratio between the expanded and the
//! compressed table each have a limit.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;

use crate::exchange::table::fault::TableFault;
use crate::exchange::table::layout::{Form, HeaderAt, Layout};
use crate::exchange::table::untc::{self, Status};

/// The longest record, in bytes, give or take a buffer.
pub const MAX_RECORD: u64 = 1 << 20;
/// The most bytes of a table once it is expanded.
pub const MAX_EXPANDED: u64 = 8 << 30;
/// Bytes that may be expanded before the ratio is looked at.
const RATIO_FREE: u64 = 64 << 20;
/// The most bytes that one byte of gzip may stand for; tables have 5 to 50, gzip can do 1,000.
const MAX_RATIO: u64 = 200;
/// What stands between two cells, if nothing else is said.
pub const COMMA: u8 = b',';
const GZIP: [u8; 2] = [0x1F, 0x8B];
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A table that can be read more than once.
pub struct Table<'a> {
    /// What to call it in a message: its path as given.
    pub name: String,
    /// What stands between two cells, a byte of ASCII.
    pub delimiter: u8,
    /// Opens it at its beginning.
    pub open: Box<dyn Fn() -> io::Result<Box<dyn Read>> + 'a>,
}

impl Table<'_> {
    /// The columns of a status table that tell of no act, and are not read.
    ///
    /// # Errors
    ///
    /// [`TableFault`] if the table cannot be read.
    pub fn unread(&self, layout: &Layout) -> Result<Vec<String>, TableFault> {
        Ok(self.rows(&layout.form)?.unread)
    }

    /// Opens the table and reads the names of its columns, which stand where `form` says.
    pub(super) fn rows(&self, form: &Form) -> Result<Rows, TableFault> {
        let not_opened = |cause| TableFault::NotOpened { table: self.name.clone(), cause };
        let bytes = (self.open)().map_err(not_opened)?;
        let tally = Rc::new(Tally::default());
        let expanded = expand(bytes).map_err(not_opened)?;
        let mut limited = Limited { expanded, tally: Rc::clone(&tally) };
        let first = beginning(&mut limited).map_err(|error| unreadable(&self.name, 1, error.into()))?;
        let told = told_delimiter(&first);
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).flexible(true).delimiter(told.unwrap_or(self.delimiter));
        let reader = reader.from_reader(Cursor::new(first).chain(limited));
        let (table, header, places) = (self.name.clone(), Vec::new(), HashMap::new());
        let (line_ends, status, waiting) = (LineEnds::LineFeed, None, VecDeque::new());
        let mut rows = Rows { table, reader, tally, header, places, line_ends, status, waiting, unread: Vec::new() };
        rows.read_header(form, told.is_some())?;
        Ok(rows)
    }
}

/// The bytes in which a table may tell what stands between its cells.
fn beginning(limited: &mut Limited) -> io::Result<Vec<u8>> {
    const LONGEST: u64 = 16;
    let mut first = Vec::new();
    limited.take(LONGEST).read_to_end(&mut first)?;
    Ok(first)
}

/// What stands between two cells, by a line `sep=;` before all others, as spreadsheets write and read it.
fn told_delimiter(first: &[u8]) -> Option<u8> {
    let first = first.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(first);
    match first.get(..6)? {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', mark, b'\r' | b'\n'] => {
            let is_mark = mark.is_ascii() && !matches!(mark, b'"' | b'\r' | b'\n');
            is_mark.then_some(*mark)
        }
        _ => None,
    }
}

/// The records of a table behind its first.
pub(super) struct Rows {
    table: String,
    reader: csv::Reader<io::Chain<Cursor<Vec<u8>>, Limited>>,
    tally: Rc<Tally>,
    header: Vec<String>,
    /// Where the columns are, by their names; the first of those without one.
    places: HashMap<String, usize>,
    line_ends: LineEnds,
    /// How cells become rows, in a status table.
    status: Option<Status>,
    /// Rows that were made of cells, and are still to be read.
    waiting: VecDeque<ByteRecord>,
    /// The columns of a status table that are not read.
    unread: Vec<String>,
}

/// Whether a record is read with the line feed that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    /// It is.
    LineFeed,
    /// A carriage return ends it, and the line feed behind that is read with the next.
    CarriageReturn,
}

impl Rows {
    /// The name of the table.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The index of a column, from 0.
    pub(super) fn column(&self, name: &str) -> Result<usize, TableFault> {
        self.places.get(name).copied().ok_or_else(|| TableFault::NoColumn {
            table: self.table.clone(),
            column: name.to_owned(),
            there: self.header.clone(),
        })
    }

    /// Reads the next row into `record`; false at the end.
    pub(super) fn read(&mut self, record: &mut ByteRecord) -> Result<bool, TableFault> {
        let Some(status) = self.status.take() else { return self.read_line(record) };
        let mut found = Ok(true);
        while self.waiting.is_empty() && matches!(found, Ok(true)) {
            found = self.read_line(record);
            if matches!(found, Ok(true)) {
                status.unfold(record, &mut self.waiting);
                let position = record.position().cloned();
                self.waiting.iter_mut().for_each(|row| row.set_position(position.clone()));
            }
        }
        self.status = Some(status);
        match self.waiting.pop_front() {
            Some(row) => {
                *record = row;
                Ok(true)
            }
            None => found,
        }
    }

    fn read_line(&mut self, record: &mut ByteRecord) -> Result<bool, TableFault> {
        let read = self.reader.read_byte_record(record);
        self.tally.since_record.set(0);
        let read = read.map_err(|error| self.unreadable(error))?;
        if read {
            self.place(record);
        }
        Ok(read)
    }

    /// Says on which line the record begins: blank lines before it are passed over, and not part of it.
    fn place(&self, record: &mut ByteRecord) {
        let Some(mut position) = record.position().cloned() else { return };
        let end = self.reader.position();
        let is_cut_off = end.byte() == self.tally.read.get() && self.tally.last.get() != b'\n';
        let own = u64::from(self.line_ends == LineEnds::LineFeed && !is_cut_off);
        // With one line feed read, none can be inside the record.
        let is_plain = end.line() - position.line() <= 1;
        let inside = if is_plain { 0 } else { breaks(record) };
        position.set_line(end.line().saturating_sub(inside + own).max(1));
        record.set_position(Some(position));
    }

    /// The line on which a record begins, from 1.
    pub(super) fn line_of(record: &ByteRecord) -> u64 {
        record.position().map_or(0, csv::Position::line)
    }

    fn read_header(&mut self, form: &Form, is_told: bool) -> Result<(), TableFault> {
        let mut record = ByteRecord::new();
        let mut is_first = true;
        loop {
            if !self.read_line(&mut record)? {
                return Err(self.no_header(form, is_first));
            }
            if std::mem::take(&mut is_first) && self.reader.position().line() == 1 + breaks(&record) {
                self.line_ends = LineEnds::CarriageReturn;
            }
            let is_delimiter = is_told && record.position().is_some_and(|position| position.byte() == 0);
            let is_header = match form.header {
                HeaderAt::First => true,
                HeaderAt::Line(line) => Self::line_of(&record) >= line,
                HeaderAt::Status => Status::is_head(&record),
            };
            if is_header && !is_delimiter {
                break;
            }
        }
        self.name_columns(&record)?;
        if form.header == HeaderAt::Status {
            self.status = Status::of(&self.header, &form.agreement);
            let unread = self.status.iter().flat_map(|status| status.unread(&self.header));
            self.unread = unread.map(str::to_owned).collect();
            self.header.clear();
            self.places.clear();
            self.name_columns(&ByteRecord::from(untc::COLUMNS.to_vec()))?;
        }
        Ok(())
    }

    fn name_columns(&mut self, record: &ByteRecord) -> Result<(), TableFault> {
        for field in record {
            let name = std::str::from_utf8(field).map_err(|_| self.not_text())?;
            let name = name.trim_start_matches(BYTE_ORDER_MARK).trim();
            match self.places.entry(name.to_owned()) {
                Entry::Vacant(entry) => drop(entry.insert(self.header.len())),
                Entry::Occupied(_) if name.is_empty() => {}
                Entry::Occupied(_) => {
                    return Err(TableFault::TwoColumns { table: self.table.clone(), column: name.to_owned() });
                }
            }
            self.header.push(name.to_owned());
        }
        Ok(())
    }

    fn no_header(&self, form: &Form, is_empty: bool) -> TableFault {
        let table = self.table.clone();
        let (line, what) = match form.header {
            _ if is_empty => return TableFault::Empty { table },
            HeaderAt::First => return TableFault::Empty { table },
            HeaderAt::Line(line) => {
                (line, "the names of the columns are to be in this line, and the table ends before it")
            }
            HeaderAt::Status => (1, "no line has a column of participants and one of an act"),
        };
        let hint = match form.header {
            HeaderAt::Status => {
                "a status table has columns such as `Participant` and `Ratification`; import other tables with `import csv`"
            }
            HeaderAt::First | HeaderAt::Line(_) => "lines count from 1, and blank ones count",
        };
        TableFault::Unreadable { table, line, what: what.to_owned(), hint }
    }

    fn not_text(&self) -> TableFault {
        TableFault::Unreadable {
            table: self.table.clone(),
            line: 1,
            what: "the names of the columns are not UTF-8".to_owned(),
            hint: "save it as CSV in UTF-8, plain or compressed with gzip",
        }
    }

    fn unreadable(&self, error: csv::Error) -> TableFault {
        unreadable(&self.table, self.reader.position().line(), error)
    }
}

fn unreadable(table: &str, line: u64, error: csv::Error) -> TableFault {
    let hint = match error.kind() {
        csv::ErrorKind::Io(error) => {
            error.get_ref().and_then(|inner| inner.downcast_ref::<Beyond>()).map(|beyond| beyond.hint())
        }
        _ => None,
    };
    let what = match error.into_kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        other => format!("this is no CSV: {other:?}"),
    };
    let hint = hint.unwrap_or("fetch the file again: it may be damaged or cut off");
    TableFault::Unreadable { table: table.to_owned(), line, what, hint }
}

/// Line feeds inside the cells of a record.
fn breaks(record: &ByteRecord) -> u64 {
    record.as_slice().iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// What was read of a table.
#[derive(Debug, Default)]
struct Tally {
    read: Cell<u64>,
    since_record: Cell<u64>,
    last: Cell<u8>,
}

/// A limit that was met.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Beyond {
    #[error("a record goes on for more than {MAX_RECORD} bytes")]
    Record,
    #[error("the table has more than {MAX_EXPANDED} bytes")]
    Table,
    #[error("a byte of gzip stands for more than {MAX_RATIO} bytes: this is no table")]
    Ratio,
}

impl Beyond {
    fn hint(self) -> &'static str {
        match self {
            Self::Record => "look for a quotation mark that is not closed",
            Self::Table => "split it into several tables",
            Self::Ratio => "if it really is one, expand it first",
        }
    }
}

/// Bytes of a table, and how many of its file they were read from.
enum Expanded {
    Plain(Box<dyn Read>),
    Gzip(Box<MultiGzDecoder<Counted>>),
}

/// Looks at the first two bytes.
fn expand(mut bytes: Box<dyn Read>) -> io::Result<Expanded> {
    let mut first = Vec::with_capacity(GZIP.len());
    bytes.by_ref().take(GZIP.len() as u64).read_to_end(&mut first)?;
    let is_gzip = first == GZIP;
    let whole: Box<dyn Read> = Box::new(Cursor::new(first).chain(bytes));
    Ok(if is_gzip {
        Expanded::Gzip(Box::new(MultiGzDecoder::new(Counted { bytes: whole, read: 0 })))
    } else {
        Expanded::Plain(whole)
    })
}

/// Counts the compressed bytes.
struct Counted {
    bytes: Box<dyn Read>,
    read: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Stops at the limits.
struct Limited {
    expanded: Expanded,
    tally: Rc<Tally>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, compressed) = match &mut self.expanded {
            Expanded::Plain(bytes) => (bytes.read(buffer)?, None),
            Expanded::Gzip(decoder) => (decoder.read(buffer)?, Some(decoder.get_ref().read)),
        };
        let tally = &self.tally;
        let total = tally.read.get() + read as u64;
        tally.read.set(total);
        tally.since_record.set(tally.since_record.get() + read as u64);
        tally.last.set(buffer[..read].last().copied().unwrap_or(tally.last.get()));
        let is_bomb = |compressed: u64| total > RATIO_FREE && total / MAX_RATIO > compressed;
        if tally.since_record.get() > MAX_RECORD + buffer.len() as u64 {
            return Err(io::Error::other(Beyond::Record));
        }
        if total > MAX_EXPANDED {
            return Err(io::Error::other(Beyond::Table));
        }
        if compressed.is_some_and(is_bomb) {
            return Err(io::Error::other(Beyond::Ratio));
        }
        Ok(read)
    }
}
