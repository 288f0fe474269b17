//! A layout on the columns of one table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use csv::ByteRecord;

use crate::exchange::table::account::RejectCode;
use crate::exchange::table::cells::{joined, without_footnotes};
use crate::exchange::table::dates::{DateForms, Fault};
use crate::exchange::table::fault::TableFault;
use crate::exchange::table::layout::{Behind, Field, Layout, StayKey};
use crate::exchange::table::reader::Rows;

/// Where a value stands in a row.
#[derive(Debug)]
pub(super) enum Place {
    At(usize),
    Always(String),
    Nowhere,
}

impl Place {
    pub(super) fn of(field: &Field, rows: &Rows) -> Result<Self, TableFault> {
        Ok(match field {
            Field::Column(name) => Self::At(rows.column(name)?),
            Field::Constant(value) => Self::Always(value.clone()),
            Field::Absent => Self::Nowhere,
        })
    }

    /// The place again, if it is a column.
    pub(super) fn column(&self) -> Option<Self> {
        match self {
            Self::At(index) => Some(Self::At(*index)),
            Self::Always(_) | Self::Nowhere => None,
        }
    }

    /// The value without white space around it; empty if there is none.
    pub(super) fn text<'r>(&'r self, record: &'r ByteRecord) -> Result<&'r str, Fault> {
        match self {
            Self::At(index) => cell(record, *index),
            Self::Always(value) => Ok(value),
            Self::Nowhere => Ok(""),
        }
    }
}

fn cell(record: &ByteRecord, index: usize) -> Result<&str, Fault> {
    let bytes = record.get(index).unwrap_or_default();
    let text = std::str::from_utf8(bytes);
    text.map(str::trim).map_err(|_| (RejectCode::NotText, format!("cell {} is not UTF-8", index + 1)))
}

/// What makes the label of a stay, on the columns of one table.
#[derive(Debug)]
pub(super) enum StayPlace {
    None,
    At(Vec<usize>),
    RowOfReference,
}

/// The places of everything that a layout names.
#[derive(Debug)]
pub(super) struct Columns {
    width: usize,
    pub(super) party: Place,
    behind: Behind,
    pub(super) party_name: Place,
    pub(super) agreement: Place,
    pub(super) agreement_title: Place,
    pub(super) act: Place,
    date: Place,
    date_parts: Option<[Place; 3]>,
    pub(super) effective: Place,
    pub(super) announced: Place,
    pub(super) role: Place,
    pub(super) note: Place,
    pub(super) reference: Place,
    /// What rows say beyond that, by key.
    pub(super) more: BTreeMap<String, Place>,
    stay: StayPlace,
}

impl Columns {
    /// Finds the columns.
    ///
    /// # Errors
    ///
    /// [`TableFault::NoColumn`] for the first that is not there.
    pub(super) fn of(layout: &Layout, rows: &Rows) -> Result<Self, TableFault> {
        let place = |field| Place::of(field, rows);
        let more = layout.more.values.iter().map(|(key, field)| Ok((key.clone(), place(field)?)));
        let stay = match &layout.stay {
            StayKey::None => StayPlace::None,
            StayKey::Columns(names) => {
                StayPlace::At(names.iter().map(|name| rows.column(name)).collect::<Result<_, _>>()?)
            }
            StayKey::RowOfReference => StayPlace::RowOfReference,
        };
        Ok(Self {
            width: rows.header().len(),
            party: place(&layout.party)?,
            behind: layout.parties.behind,
            party_name: place(&layout.party_name)?,
            agreement: place(&layout.agreement)?,
            agreement_title: place(&layout.agreement_title)?,
            act: place(&layout.act)?,
            date: place(&layout.date)?,
            date_parts: match &layout.date_parts {
                Some([year, month, day]) => Some([place(year)?, place(month)?, place(day)?]),
                None => None,
            },
            effective: place(&layout.effective)?,
            announced: place(&layout.announced)?,
            role: place(&layout.role)?,
            note: place(&layout.note)?,
            reference: place(&layout.reference)?,
            more: more.collect::<Result<_, _>>()?,
            stay,
        })
    }

    /// Who acts, without footnotes where the table has them.
    pub(super) fn party<'r>(&'r self, record: &'r ByteRecord) -> Result<&'r str, Fault> {
        let text = self.party.text(record)?;
        Ok(match self.behind {
            Behind::Nothing => text,
            Behind::Footnotes => without_footnotes(text),
        })
    }

    /// When, as one text; in EDTF if it is told in three columns.
    pub(super) fn date<'r>(&'r self, record: &'r ByteRecord, dates: &DateForms) -> Result<Cow<'r, str>, Fault> {
        match &self.date_parts {
            None => self.date.text(record).map(Cow::Borrowed),
            Some([year, month, day]) => {
                joined([year.text(record)?, month.text(record)?, day.text(record)?], dates).map(Cow::Owned)
            }
        }
    }

    /// Refuses a row that has not as many cells as there are columns.
    pub(super) fn check_width(&self, record: &ByteRecord) -> Result<(), Fault> {
        check_width(self.width, record)
    }

    /// Writes the label of the stay into `label`; empty if there is none.
    pub(super) fn stay(&self, record: &ByteRecord, label: &mut String) -> Result<(), Fault> {
        label.clear();
        match &self.stay {
            StayPlace::None => {}
            StayPlace::RowOfReference => {
                let reference = self.reference.text(record)?;
                label.push_str(reference.rsplit_once('/').map_or(reference, |(row, _)| row));
            }
            StayPlace::At(indexes) => {
                for (place, index) in indexes.iter().enumerate() {
                    label.push_str(if place == 0 { "" } else { "/" });
                    label.push_str(cell(record, *index)?);
                }
            }
        }
        Ok(())
    }
}

/// Refuses a row that has not `width` cells.
pub(super) fn check_width(width: usize, record: &ByteRecord) -> Result<(), Fault> {
    if record.len() == width {
        return Ok(());
    }
    Err((RejectCode::RaggedRow, format!("the row has {} cells, and there are {width} columns", record.len())))
}
