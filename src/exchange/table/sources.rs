//! On whose word a row is said: its source, the document that it names, and the phrase that it quotes.
//!
//! A quote has to stand in a document. Where a row names none, its phrase is kept as one, which says that it was taken
//! from a table: one for each phrase and not one for the whole table, so that a table which has grown brings the rows that
//! it had before in the form that they had.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::ByteRecord;

use crate::domain::date::Date;
use crate::domain::source::{Grade, Source, Url};
use crate::domain::text::{self, TextKind};
use crate::evidence::extract::MediaType;
use crate::exchange::announcement_file::documents::{DocumentBytes, DocumentFolder};
use crate::exchange::table::Met;
use crate::exchange::table::account::RejectCode;
use crate::exchange::table::columns::{Columns, Place};
use crate::exchange::table::dates::{DateForms, Fault, shown};
use crate::exchange::table::more::SOURCE;
use crate::exchange::table::row::word;
use crate::ledger::{Brought, DraftDocument, DraftQuote, DraftSource, Privacy};

/// Documents that are looked up before those that were read are let go; what drafts rest on stays with them.
const MOST_KEPT: usize = 10_000;
/// The longest path of a document, in bytes; no system takes longer ones.
const LONGEST_PATH: usize = 4096;
/// What stands below a phrase that is kept as a document.
const TAKEN: &str = "\n\n[As quoted in a table; the source itself was not kept.]\n";

/// The source of a row, and its passage.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) source: Option<DraftSource>,
    pub(super) quote: Option<DraftQuote>,
    /// The document's path, to tell rows apart that differ in nothing else.
    pub(super) path: String,
}

/// The documents that rows name.
pub(super) struct Documents {
    folder: Option<PathBuf>,
    read: BTreeMap<String, Result<DocumentBytes, String>>,
    phrases: Met<Box<str>, Arc<[u8]>>,
    /// Bytes that were read since [`begin`](Self::begin).
    bytes: usize,
}

impl Documents {
    /// Documents are looked for in `folder`, and below it.
    pub(super) fn beside(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned), read: BTreeMap::new(), phrases: Met::default(), bytes: 0 }
    }

    /// Lets go of everything before the next batch.
    pub(super) fn begin(&mut self) {
        self.read.clear();
        self.phrases.clear();
        self.bytes = 0;
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn file(&mut self, path: &str) -> Result<DocumentBytes, String> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let Some(folder) = &self.folder else { return Err("no folder says where documents lie".to_owned()) };
        if path.len() > LONGEST_PATH {
            return Err(format!("{} is no path", shown(path)));
        }
        let read = DocumentFolder::new(folder).get(path);
        let read = read.map_err(|refusal| format!("{}; {}", refusal.message, refusal.hint));
        self.bytes += read.as_ref().map_or(0, |(_, bytes)| bytes.len());
        if self.read.len() >= MOST_KEPT {
            self.read.clear();
        }
        self.read.insert(path.to_owned(), read.clone());
        read
    }

    fn phrase(&mut self, phrase: &str) -> DocumentBytes {
        if let Some(known) = self.phrases.get(phrase) {
            return (MediaType::Text, Arc::clone(known));
        }
        let bytes: Arc<[u8]> = format!("{phrase}{TAKEN}").into_bytes().into();
        if self.phrases.len() >= MOST_KEPT {
            self.phrases.clear();
        }
        self.phrases.insert(phrase.into(), Arc::clone(&bytes));
        (MediaType::Text, bytes)
    }
}

/// Whose words sources are, on the columns of one table: those of a row, or the same for all of them.
pub(super) fn brought(columns: &Columns) -> Brought {
    // Only what a source was published for tells when that had happened.
    match columns.more.get("published") {
        Some(Place::Always(_)) => Brought::ByFile,
        _ => Brought::ByItself,
    }
}

/// Reads the source of a row; none if its cells are empty.
pub(super) fn read(
    columns: &Columns,
    record: &ByteRecord,
    dates: &DateForms,
    words: &HashMap<String, String>,
    documents: &mut Documents,
) -> Result<Told, Fault> {
    let cell = |key: &str| columns.more.get(key).map_or(Ok(""), |place| place.text(record));
    let [publisher, quote] = [cell("publisher")?, cell("quote")?];
    if publisher.is_empty() {
        return match first_of_row(columns, record)? {
            None => Ok(Told::default()),
            Some(key) => {
                let reason = format!("`{key}` is told of a source, and `publisher` is empty; say who published it");
                Err((RejectCode::NoPublisher, reason))
            }
        };
    }
    let grade = cell("grade")?;
    if grade.is_empty() {
        let grades: Vec<&str> = Grade::ALL.iter().map(|grade| grade.as_str()).collect();
        let reason = format!("`grade` is empty: how close is the source to the fact? it is {}", grades.join(", "));
        return Err((RejectCode::NoPublisher, reason));
    }
    let date = |key| optional_date(key, cell(key)?, dates);
    let source = Source {
        publisher: name("publisher", publisher)?,
        title: optional(cell("title")?, |text| name("title", text))?,
        url: optional(cell("url")?, address)?,
        published: date("published")?,
        retrieved: date("retrieved")?,
        grade: word("grade", grade, Grade::ALL.iter().map(|grade| grade.as_str()), words)?
            .parse()
            .expect("it is a word of the vocabulary"),
        document: None,
    };
    let path = cell("document")?.to_owned();
    let bytes = match (path.as_str(), quote) {
        ("", "") => None,
        ("", phrase) => Some(documents.phrase(phrase)),
        (path, _) => Some(documents.file(path).map_err(|why| (RejectCode::NoDocument, format!("`document`: {why}")))?),
    };
    let document = bytes.map(|(media, bytes)| DraftDocument {
        media,
        bytes,
        encoding: None,
        expected: None,
        privacy: Privacy::Public,
    });
    let quote = (!quote.is_empty()).then(|| DraftQuote { text: quote.to_owned(), source: Some(0) });
    Ok(Told { source: Some(DraftSource { source, document }), quote, path })
}

/// The first key of a source, or the quote, of which the row itself says something.
fn first_of_row<'k>(columns: &Columns, record: &ByteRecord) -> Result<Option<&'k str>, Fault> {
    for key in SOURCE.into_iter().chain(["quote"]).filter(|key| *key != "grade") {
        if let Some(place @ Place::At(_)) = columns.more.get(key)
            && !place.text(record)?.is_empty()
        {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// A date that need not be there.
pub(super) fn optional_date(key: &str, text: &str, dates: &DateForms) -> Result<Option<Date>, Fault> {
    match dates.read(text) {
        Ok(date) => Ok(Some(date)),
        Err((RejectCode::NoDateGiven, _)) => Ok(None),
        Err((code, reason)) => Err((code, format!("`{key}`: {reason}"))),
    }
}

fn optional<T>(text: &str, read: impl FnOnce(&str) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

fn name(key: &str, text: &str) -> Result<String, Fault> {
    admitted(key, text, TextKind::Name)
}

/// A text as it is recorded.
pub(super) fn admitted(key: &str, text: &str, kind: TextKind) -> Result<String, Fault> {
    let admitted = text::admit(text, kind);
    admitted
        .map(|admitted| admitted.text.into_owned())
        .map_err(|fault| (RejectCode::WrongForm, format!("`{key}`: {fault} in {}", shown(text))))
}

fn address(text: &str) -> Result<Url, Fault> {
    Url::try_from(text.to_owned()).map_err(|_| {
        let reason = format!("`url`: {} is no web address that begins with https:// or http://", shown(text));
        (RejectCode::WrongForm, reason)
    })
}
