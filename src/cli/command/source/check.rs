//! `servanda source check`

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::ledger::documents::inventory::{DocumentState, Inventory};
use crate::ledger::verify::Fault;
use crate::ledger::verify::sources::{CheckedDocument, check};
use crate::query::Position;
use crate::query::sources::document_beginning;

/// Check that documents are there as they were recorded, and that quotes stand in them
///
/// It looks at what `verify` looks at for the layers documents and evidence, and takes the events as they are; whether those are whole, only `verify` says. The exit code is 1 if something is wrong, and 3 if no more than that a document cannot be reached. A document that was erased is not.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda source check
  servanda source check 18eb114a --json")]
pub(in crate::cli) struct Check {
    /// The first digits of documents' addresses, at least 4 [default: all documents]
    document: Vec<String>,
}

impl Check {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let reading = context.read("source", None, &[])?;
        let holdings = Inventory::of(&reading.snapshot.events);
        let whole = |prefix: &String| Ok(String::from(document_beginning(&holdings, prefix)?));
        let only = self.document.iter().map(whole).collect::<Result<Vec<String>, Failure>>()?;
        let only = (!only.is_empty()).then_some(only.as_slice());
        let checked = check(&reading.snapshot.events, &reading.shelf, only);
        let answer = SourceCheck::of(Position::of(&reading.snapshot), &checked);
        context.answer(&answer)?;
        Ok(answer.exit())
    }
}

/// The answer: `servanda/source-check/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct SourceCheck {
    /// Name and version of this form.
    schema: &'static str,
    /// The position at which the answer was computed.
    position: Position,
    /// Whether nothing is wrong.
    passed: bool,
    /// The documents, in the order in which events first name them.
    documents: Vec<DocumentAnswer>,
}

/// What came of one document.
#[derive(Debug, Serialize, JsonSchema)]
struct DocumentAnswer {
    /// Its address.
    document: String,
    /// The first event that names it.
    event: u64,
    /// In what state it is, or its extracted text: the worse of both.
    #[schemars(extend("enum" = ["kept", "erased", "not deleted", "missing", "altered", "unreadable", "out of reach"]))]
    state: &'static str,
    /// The event by which it was erased.
    erased: Option<u64>,
    /// Quotes, or places of passages, that events take from it.
    quotes: usize,
    /// How many of them were looked for and found; those of what was erased cannot be.
    found: usize,
    /// What is wrong, with the event that it is about.
    faults: Vec<DocumentFault>,
}

/// What is wrong.
#[derive(Debug, Serialize, JsonSchema)]
struct DocumentFault {
    /// The event.
    event: u64,
    /// What is wrong.
    what: String,
}

impl SourceCheck {
    fn of(position: Position, checked: &[CheckedDocument]) -> Self {
        let documents = checked.iter().map(|one| {
            let (state, erased) = match one.state {
                DocumentState::Kept => ("kept", None),
                DocumentState::Erased(by) => ("erased", Some(by)),
                DocumentState::NotDeleted(by) => ("not deleted", Some(by)),
                DocumentState::Missing(_) => ("missing", None),
                DocumentState::Altered(_) => ("altered", None),
                DocumentState::Unreadable(_) => ("unreadable", None),
                DocumentState::OutOfReach(_) => ("out of reach", None),
            };
            let fault = |fault: &Fault| DocumentFault { event: fault.seq, what: fault.what.clone() };
            DocumentAnswer {
                document: one.address.clone(),
                event: one.event,
                state,
                erased,
                quotes: one.quotes,
                found: one.found,
                faults: one.faults.iter().map(fault).collect(),
            }
        });
        Self {
            schema: "servanda/source-check/v1",
            position,
            passed: checked.iter().all(CheckedDocument::holds),
            documents: documents.collect(),
        }
    }
}

impl SourceCheck {
    /// What could not be looked at is not taken for wrong.
    fn exit(&self) -> Exit {
        let wrong: Vec<&DocumentAnswer> = self.documents.iter().filter(|one| !one.faults.is_empty()).collect();
        let is_unseen = |one: &&DocumentAnswer| one.state == "out of reach" && one.faults.len() == 1;
        match wrong.len() {
            0 => Exit::Done,
            _ if wrong.iter().all(is_unseen) => Exit::CouldNot,
            _ => Exit::No,
        }
    }
}

impl DocumentAnswer {
    fn state(&self) -> String {
        match self.erased {
            Some(by) => format!("{} (event {by})", self.state),
            None => self.state.to_owned(),
        }
    }

    fn quotes(&self) -> String {
        match (self.quotes, self.found) {
            (0, _) => String::new(),
            (_, 0) if self.state == "erased" => format!("{} not checked: erased", self.quotes),
            (quotes, found) => format!("{found} of {quotes}"),
        }
    }
}

impl Answer for SourceCheck {
    const ITEMS: &'static str = "documents";

    fn table(&self, screen: Screen) -> String {
        let row = |one: &DocumentAnswer| {
            let tone = match one.state {
                "erased" => Tone::Quiet,
                _ if one.faults.is_empty() => Tone::Plain,
                _ => Tone::Bad,
            };
            (tone, vec![one.document[..8].to_owned(), one.state(), one.quotes(), one.event.to_string()])
        };
        let header = vec!["DOCUMENT", "STATE", "QUOTES FOUND", "EVENT"];
        let sheet = Sheet { header, rows: self.documents.iter().map(row).collect() };
        let mut text = screen.table(&sheet, "no event names a document");
        let faults: Vec<&DocumentFault> = self.documents.iter().flat_map(|one| &one.faults).collect();
        for fault in &faults {
            text += &format!("event {}: {}\n", fault.event, shown(&fault.what));
        }
        let documents = counted(self.documents.len(), "document", "documents");
        let wrong = if faults.is_empty() { "nothing is wrong".to_owned() } else { format!("{} wrong", faults.len()) };
        text + &format!("\n{documents}: {wrong}\n")
    }

    fn sheet(&self) -> Sheet {
        let row = |one: &DocumentAnswer| {
            let faults: Vec<&str> = one.faults.iter().map(|fault| fault.what.as_str()).collect();
            let cells = vec![
                one.document.clone(),
                one.event.to_string(),
                one.state.to_owned(),
                one.erased.map(|by| by.to_string()).unwrap_or_default(),
                one.quotes.to_string(),
                one.found.to_string(),
                faults.join("; "),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["document", "event", "state", "erased", "quotes", "found", "faults"],
            rows: self.documents.iter().map(row).collect(),
        }
    }
}
