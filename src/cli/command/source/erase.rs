//! `servanda source erase`

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::administer::{Admin, not_recorded};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::source::Address;
use crate::integrity::EventHash;
use crate::ledger::Ledger;
use crate::ledger::documents::inventory::Inventory;
use crate::ledger::write::administer::erase::Erased;
use crate::query::sources::document_beginning;

/// Delete documents, and record on whose authority and why
///
/// The events that rest on them stay, with their quotes, and everything still verifies: `verify` says by which event a document was erased. Its extracted text goes too, unless another document has the same. If it is stopped in the middle, the same command finishes it. It needs an admin's key. Copies elsewhere are not reached: backups, and folders that were published until `export tiles` publishes there again.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda source erase 2b118f73 --authority \"Data protection officer\" --reason \"It names a private person\"
  servanda source erase 2b118f73 7c9ac6ef --authority \"Court order 7/26\" --reason \"Removed from publication\"")]
pub(in crate::cli) struct Erase {
    /// The first digits of documents' addresses, at least 4
    #[arg(required = true)]
    document: Vec<String>,
    /// On whose authority, in words that stay in the ledger for ever
    #[arg(long, value_name = "TEXT")]
    authority: String,
    /// Why, in words that stay in the ledger for ever
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    admin: Admin,
}

impl Erase {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        let mut ledger = context.open_to_write("source", &folder)?;
        let holdings = Inventory::of(ledger.events());
        let whole = |prefix: &String| Ok(document_beginning(&holdings, prefix)?);
        let documents = self.document.iter().map(whole).collect::<Result<Vec<Address>, Failure>>()?;
        let key = self.admin.key(context)?;
        let erased = ledger
            .erase(&documents, (&self.authority, &self.reason), &key, self.admin.clock(context))
            .map_err(|error| not_recorded(error, "nothing was erased"))?;
        let answer = ErasedAnswer::of(&documents, &erased, &ledger);
        let is_new = erased.event.is_some();
        let exit = if is_new { context.sign_if_due(&ledger, &folder, None) } else { Exit::Done };
        context.close(ledger);
        context.answer(&answer)?;
        Ok(exit)
    }
}

/// The answer: `servanda/erased/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ErasedAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// The event by which documents were erased now; null, if all were before.
    event: Option<u64>,
    /// The documents, in the order in which they were named.
    documents: Vec<ErasedDocument>,
    /// Files that an earlier erasure had left, and that were deleted now.
    finished: usize,
    /// Number of events in the ledger.
    len: u64,
    /// Hash of the newest of them.
    head: EventHash,
}

/// One document.
#[derive(Debug, Serialize, JsonSchema)]
struct ErasedDocument {
    /// Its address.
    document: String,
    /// The event by which it was erased.
    event: u64,
    /// Whether that was done before.
    already: bool,
}

impl ErasedAnswer {
    fn of(documents: &[Address], erased: &Erased, ledger: &Ledger) -> Self {
        let one = |document: &Address| {
            let before = erased.already.iter().find(|(already, _)| already == document).map(|(_, by)| *by);
            let event = before.or(erased.event).unwrap_or_default();
            ErasedDocument { document: document.as_str().to_owned(), event, already: before.is_some() }
        };
        let head = ledger.head();
        Self {
            schema: "servanda/erased/v1",
            event: erased.event,
            documents: documents.iter().map(one).collect(),
            finished: erased.finished,
            len: head.len,
            head: head.hash,
        }
    }
}

impl Answer for ErasedAnswer {
    const ITEMS: &'static str = "documents";

    fn table(&self, _: Screen) -> String {
        let mut text = String::new();
        for one in &self.documents {
            let already = if one.already { "already " } else { "" };
            text += &format!("document {:.8}: {already}erased by event {}\n", one.document, one.event);
        }
        if self.finished > 0 {
            text += &format!("{} that had been left deleted\n", counted(self.finished, "file", "files"));
        }
        text
    }

    fn sheet(&self) -> Sheet {
        let row = |one: &ErasedDocument| {
            let already = if one.already { "already" } else { "erased" };
            (Tone::Plain, vec![one.document.clone(), one.event.to_string(), already.to_owned()])
        };
        Sheet { header: vec!["document", "event", "outcome"], rows: self.documents.iter().map(row).collect() }
    }
}
