//! The rows that could not become events, as a table of their own: to be looked at, put right and imported again.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use csv::ByteRecord;

use crate::exchange::table::account::RejectCode;

/// A row that could not become an event.
#[derive(Debug)]
pub struct Reject<'a> {
    /// The table.
    pub table: &'a str,
    /// Its columns.
    pub header: &'a [String],
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub code: RejectCode,
    /// Why, in a sentence.
    pub reason: &'a str,
    /// The row as it is.
    pub(super) record: &'a ByteRecord,
}

impl<'a> Reject<'a> {
    /// The cells as they are.
    pub fn cells(&self) -> impl Iterator<Item = &'a [u8]> {
        self.record.iter()
    }
}

/// What takes rejects.
pub type TakeReject<'a> = dyn FnMut(&Reject<'_>) -> io::Result<()> + 'a;

/// The columns before those of the row.
const OWN: [&str; 4] = ["reject_table", "reject_line", "reject_code", "reject_reason"];

/// Writes rejects as CSV. A column of the tables has one place, whichever of the tables has it.
pub struct RejectsWriter<W: Write> {
    writer: csv::Writer<W>,
    columns: Vec<String>,
    /// Where the cell of each column stands in a row, by the columns of the row's table.
    places: HashMap<Vec<String>, Vec<Option<usize>>>,
    begun: bool,
}

impl<W: Write> RejectsWriter<W> {
    /// A table with these columns behind its own; a column that is named twice counts once.
    pub fn new(output: W, columns: impl IntoIterator<Item = String>) -> Self {
        let mut known = HashSet::new();
        let columns = columns.into_iter().filter(|column| known.insert(column.clone())).collect();
        let writer = csv::WriterBuilder::new().flexible(true).from_writer(output);
        Self { writer, columns, places: HashMap::new(), begun: false }
    }

    /// Writes one row. Cells beyond the columns, of a ragged row, stand at its end.
    ///
    /// # Errors
    ///
    /// What writing says.
    pub fn write(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.begin()?;
        let line = reject.line.to_string();
        let own = [reject.table, line.as_str(), reject.code.as_str(), reject.reason];
        own.iter().try_for_each(|cell| self.writer.write_field(cell))?;
        if !self.places.contains_key(reject.header) {
            self.places.insert(reject.header.to_vec(), places(&self.columns, reject.header));
        }
        for place in self.places.get(reject.header).into_iter().flatten() {
            self.writer.write_field(place.and_then(|place| reject.record.get(place)).unwrap_or_default())?;
        }
        for cell in reject.record.iter().skip(reject.header.len()) {
            self.writer.write_field(cell)?;
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    /// Writes what is still in memory; without rejects, only the names of the columns.
    ///
    /// # Errors
    ///
    /// What writing says.
    pub fn finish(mut self) -> io::Result<()> {
        self.begin()?;
        self.writer.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.writer.write_record(OWN.into_iter().chain(self.columns.iter().map(String::as_str)))?;
        }
        Ok(())
    }
}

/// Where each of the columns stands in a table with that header.
fn places(columns: &[String], header: &[String]) -> Vec<Option<usize>> {
    let mut by_name = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        by_name.entry(name).or_insert(place);
    }
    columns.iter().map(|column| by_name.get(column).copied()).collect()
}
