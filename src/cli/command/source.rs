//! `servanda source`

pub(in crate::cli) mod check;
pub(in crate::cli) mod erase;

use clap::{Args, Subcommand};

use crate::cli::days::dates;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::source::Document;
use crate::domain::text::shown;
use crate::ledger::DocumentReader;
use crate::ledger::documents::inventory::Inventory;
use crate::query::sources::{SourceUse, Sources, document_beginning, sources};

/// Show the sources that events rest on, check the documents kept of them, or erase one
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda source list
  servanda source show 18eb114a       a document, by the first digits of its address
  servanda source text 18eb114a
  servanda source check               that every document is there, and every quote in it")]
pub(in crate::cli) struct Source {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the sources
    List,
    /// Show a source with the quotes that events take from it
    Show {
        /// The first digits of its document's address, at least 4
        document: String,
    },
    /// Print the text of a document, in which quotes are found
    Text {
        /// The first digits of its address, at least 4
        document: String,
    },
    Check(check::Check),
    Erase(erase::Erase),
}

impl Source {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Check(check) => check.run(context),
            What::Erase(erase) => erase.run(context),
            What::List | What::Show { .. } | What::Text { .. } => self.show(context),
        }
    }

    fn show(self, context: &mut Context<'_, '_>) -> Outcome {
        let reading = context.read("source", None, &[])?;
        let all = sources(&reading.snapshot);
        match self.what {
            What::List | What::Check(_) | What::Erase(_) => context.answer(&all)?,
            What::Show { document } => {
                let found = all.of_document(&document)?;
                if context.format() == crate::cli::screen::Format::Table {
                    let shown = |used| whole(used, &reading.shelf);
                    let text = found.sources.iter().map(shown).collect::<Vec<_>>().join("\n");
                    context.print(&text)?;
                } else {
                    context.answer(&found)?;
                }
            }
            What::Text { document } => {
                let address = document_beginning(&Inventory::of(&reading.snapshot.events), &document)?;
                let found = all.of_document(address.as_str())?;
                if let Some(by) = found.sources.iter().find_map(|used| used.erased) {
                    return Err(erased(address.as_str(), by));
                }
                let document = found.sources.iter().find_map(|used| used.source.document.as_deref());
                let text = document.and_then(Document::text_address).unwrap_or(&address);
                let text = reading.shelf.document_text(text.as_str()).map_err(|error| {
                    Failure::new(Exit::CouldNot, error.to_string()).hint("`servanda source check` tells more")
                })?;
                let lines: Vec<String> = text.lines().map(|line| shown(line).into_owned()).collect();
                context.print(&(lines.join("\n") + "\n"))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// What there is to say instead of a document that was erased.
fn erased(address: &str, by: u64) -> Failure {
    Failure::new(Exit::CouldNot, format!("document {address} was erased by event {by}"))
        .hint(format!("`servanda show {by}` says on whose authority, and why"))
}

/// One source, with every quote, or the passage that is meant where only its place is recorded.
fn whole(used: &SourceUse, shelf: &DocumentReader) -> String {
    let source = &used.source;
    let mut told = format!("{}\n", shown(&source.publisher));
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            told += &format!("  {name:<10} {}\n", shown(&value));
        }
    };
    line("title", source.title.clone());
    line("url", source.url.as_ref().map(|url| url.as_str().to_owned()));
    line("published", source.published.as_ref().map(Date::in_words));
    line("retrieved", source.retrieved.as_ref().map(Date::in_words));
    line("grade", Some(source.grade.to_string()));
    if let Some(document) = &source.document {
        line("document", document.address().map(|address| address.as_str().to_owned()));
        let personal = if document.commit.is_some() { ", personal: known by a commitment" } else { "" };
        line("", Some(format!("{}, {} bytes{personal}", document.r#type, document.len)));
        line("", used.erased.map(|by| format!("erased by event {by}")));
    }
    let text = source.document.as_deref().filter(|of| of.commit.is_some()).and_then(Document::address);
    let text = text.and_then(|address| shelf.document_text(address.as_str()).ok());
    let passage = |start, end| text.as_ref()?.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?);
    for used in &used.uses {
        told += &format!("  event {}  {}\n", used.event, used.id);
        if let Some((start, end)) = used.at {
            let quote = used.quote.as_deref().or(passage(start, end)).map(|quote| format!("“{}” ", shown(quote)));
            told += &format!("    {}(bytes {start}–{end})\n", quote.unwrap_or_default());
        }
    }
    told
}

impl Answer for Sources {
    const ITEMS: &'static str = "sources";

    fn table(&self, screen: Screen) -> String {
        let row = |used: &SourceUse| {
            let address = used.source.document.as_deref().and_then(Document::address);
            let cells = vec![
                address.map(|address| address.as_str()[..8].to_owned()).unwrap_or_default(),
                used.source.publisher.clone(),
                used.source.title.clone().unwrap_or_default(),
                used.source.grade.to_string(),
                match used.erased {
                    Some(by) => format!("{}; erased by event {by}", counted(used.uses.len(), "use", "uses")),
                    None => counted(used.uses.len(), "use", "uses"),
                },
            ];
            (if used.erased.is_some() { Tone::Quiet } else { Tone::Plain }, cells)
        };
        let sheet = Sheet {
            header: vec!["DOCUMENT", "PUBLISHER", "TITLE", "GRADE", "USES"],
            rows: self.sources.iter().map(row).collect(),
        };
        let without = counted(self.without.len(), "announcement has", "announcements have");
        format!("{}\n{without} no source\n", screen.table(&sheet, "no sources"))
    }

    fn sheet(&self) -> Sheet {
        let row = |used: &SourceUse| {
            let text = |date: &Option<Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
            let source = &used.source;
            let address = source.document.as_deref().and_then(Document::address);
            let cells = vec![
                address.map(|address| address.as_str().to_owned()).unwrap_or_default(),
                source.publisher.clone(),
                source.title.clone().unwrap_or_default(),
                source.url.as_ref().map(|url| url.as_str().to_owned()).unwrap_or_default(),
                text(&source.published),
                source.grade.to_string(),
                used.uses.iter().map(|used| used.event.to_string()).collect::<Vec<_>>().join(" "),
                used.erased.map(|by| by.to_string()).unwrap_or_default(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["document", "publisher", "title", "url", "published", "grade", "events", "erased"],
            rows: self.sources.iter().map(row).collect(),
        }
        .with_days(dates!["published"])
    }
}
