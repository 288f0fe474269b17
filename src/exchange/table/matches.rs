//! What is asked about the parties of a table, and what was answered: a table to confirm and to give back.
//!
//! Each line is a spelling that may be a party, with the party that it may be. Whoever imports writes into the column `is`
//! the id of a party, or `new` for one of its own; a line without an answer is asked again.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use csv::StringRecord;

use crate::domain::name::folded;
use crate::domain::shape::vocabulary;
use crate::domain::text::is_formula;
use crate::exchange::table::fault::TableFault;
use crate::exchange::table::mentions::Mention;

/// The most bytes of a file of answers.
pub const MAX_MATCHES: u64 = 16 << 20;
/// The answer for a party of its own.
const NEW: &str = "new";
/// The columns that are written; `spelling` and `is` are read.
const COLUMNS: [&str; 7] = ["spelling", "is", "may_be", "or_be", "why", "rows", "first_line"];

vocabulary! {
    /// Why it is not clear who a party is.
    pub enum Why {
        /// Several parties have that name, or are that country.
        Several = "several-have-this-name",
        /// Code and name in its rows are two countries.
        CodeAndName = "code-and-name-differ",
        /// Its rows give it the name of another.
        SameName = "same-name",
        /// Its id would be that of another.
        SameId = "same-id",
        /// Its name only resembles that of another.
        Similar = "similar-name",
    }
}

/// A party that a spelling may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct May {
    /// Its id, in the ledger or as it would be.
    pub id: String,
    /// Why.
    pub why: Why,
}

impl May {
    pub(super) fn one_of(id: &str) -> Self {
        Self { id: id.to_owned(), why: Why::Several }
    }

    pub(super) fn code_or_name(id: &str) -> Self {
        Self { id: id.to_owned(), why: Why::CodeAndName }
    }

    pub(super) fn same_name(id: &str) -> Self {
        Self { id: id.to_owned(), why: Why::SameName }
    }

    pub(super) fn same_id(id: &str) -> Self {
        Self { id: id.to_owned(), why: Why::SameId }
    }

    pub(super) fn similar(id: &str) -> Self {
        Self { id: id.to_owned(), why: Why::Similar }
    }
}

/// A spelling of which somebody has to say who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// As the table writes it.
    pub spelling: String,
    /// Who it may be; at least one.
    pub may: Vec<May>,
    /// How many rows have it.
    pub rows: u64,
    /// The line of the first of them, from 1.
    pub line: u64,
}

impl Question {
    pub(super) fn of(mention: &Mention, may: &[May]) -> Self {
        let spelling = mention.spelling.clone().into();
        Self { spelling, may: may.to_vec(), rows: mention.rows, line: mention.line }
    }

    /// Why its rows wait, in a sentence.
    pub(super) fn reason(&self) -> String {
        let ids: Vec<String> = self.may.iter().map(|may| format!("`{}`", may.id)).collect();
        let who = ids.join(" or ");
        let why = match self.may.first().map(|may| may.why) {
            Some(Why::Several) => "several have this name",
            Some(Why::CodeAndName) => "its code and the name beside it are two countries",
            Some(Why::SameName) => "the name beside it is the same",
            Some(Why::SameId) => "it would have the same id",
            Some(Why::Similar) | None => "the names resemble each other",
        };
        format!("it may be {who}: {why}; --matches FILE asks, and takes the answer")
    }
}

/// What was answered about a spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A party of its own.
    New,
    /// That party.
    Is { spelling: String, party: String, line: u64 },
}

/// What was answered, by folded spelling.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    file: String,
    by_name: BTreeMap<String, Answer>,
    /// The answers as they were written, to be written again.
    lines: Vec<(String, String)>,
}

impl Answers {
    /// Reads a file of that name; what has no answer yet is passed over.
    ///
    /// # Errors
    ///
    /// [`TableFault`] if it is no such table, or too large for one.
    pub fn read(file: &str, bytes: impl Read) -> Result<Self, TableFault> {
        let unreadable = |line: u64, what: String| TableFault::Unreadable {
            table: file.to_owned(),
            line,
            what,
            hint: "write it again with --matches and another name, and answer in its column `is`",
        };
        let mut text = Vec::new();
        let read = bytes.take(MAX_MATCHES + 1).read_to_end(&mut text);
        read.map_err(|error| unreadable(1, error.to_string()))?;
        if text.len() as u64 > MAX_MATCHES {
            return Err(unreadable(1, format!("answers have at most {MAX_MATCHES} bytes")));
        }
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
        let header = reader.headers().map_err(|error| unreadable(1, error.to_string()))?.clone();
        let column = |name: &str| {
            let place = header.iter().position(|column| column.trim() == name);
            let there = || header.iter().map(str::to_owned).collect();
            place.ok_or_else(|| TableFault::NoColumn {
                table: file.to_owned(),
                column: name.to_owned(),
                there: there(),
            })
        };
        let (spelling, is) = if text.is_empty() { (0, 0) } else { (column("spelling")?, column("is")?) };
        let mut answers = Self { file: file.to_owned(), ..Self::default() };
        let mut record = StringRecord::new();
        loop {
            let line = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(true) => answers.put(record.get(spelling), record.get(is), line),
                Ok(false) => return Ok(answers),
                Err(error) => return Err(unreadable(line, error.to_string())),
            }
        }
    }

    fn put(&mut self, spelling: Option<&str>, is: Option<&str>, line: u64) {
        let (Some(spelling), Some(is)) = (spelling, is) else { return };
        let spelling = as_it_was(spelling);
        let is = is.trim();
        if is.is_empty() {
            return;
        }
        let answer = match is {
            NEW => Answer::New,
            party => Answer::Is { spelling: spelling.to_owned(), party: party.to_owned(), line },
        };
        self.by_name.insert(folded(spelling), answer);
        self.lines.push((spelling.to_owned(), is.to_owned()));
    }

    pub(super) fn of(&self, folded: &str) -> Option<&Answer> {
        self.by_name.get(folded)
    }

    pub(super) fn nobody(&self, answer: &Answer) -> TableFault {
        let (spelling, party, line) = match answer {
            Answer::New => (String::new(), NEW.to_owned(), 0),
            Answer::Is { spelling, party, line } => (spelling.clone(), party.clone(), *line),
        };
        TableFault::NoSuchParty { file: self.file.clone(), line, spelling, party }
    }

    /// Writes the answers there were, and what is still to be asked.
    ///
    /// # Errors
    ///
    /// What writing says.
    pub fn write(&self, questions: &[Question], output: impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(COLUMNS)?;
        for (spelling, is) in &self.lines {
            writer.write_record([harmless(spelling).as_str(), is, "", "", "", "", ""])?;
        }
        for question in questions {
            let Question { spelling, may, rows, line } = question;
            let first = may.first();
            let others: Vec<&str> = may.iter().skip(1).map(|may| may.id.as_str()).collect();
            writer.write_record([
                harmless(spelling).as_str(),
                "",
                first.map_or("", |may| may.id.as_str()),
                &others.join(" "),
                first.map_or("", |may| may.why.as_str()),
                &rows.to_string(),
                &line.to_string(),
            ])?;
        }
        writer.flush()
    }
}

/// A spelling as a spreadsheet may have it: with an apostrophe in front, if it would be run.
fn harmless(spelling: &str) -> String {
    if is_formula(spelling) { format!("'{spelling}") } else { spelling.to_owned() }
}

/// A spelling without that apostrophe.
fn as_it_was(spelling: &str) -> &str {
    spelling.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(spelling)
}
