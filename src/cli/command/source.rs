//! `servanda source`

use clap::{Args, Subcommand};

use crate::cli::command::counted;
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::source::{Address, Document};
use crate::domain::text::shown;
use crate::query::sources::{SourceUse, Sources, sources};

/// Show the sources that events rest on, and the documents kept of them
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda source list
  servanda source show 18eb114a       a document, by the first digits of its address
  servanda source text 18eb114a")]
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
}

impl Source {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let reading = context.read("source", None, &[])?;
        let all = sources(&reading.facts);
        match self.what {
            What::List => context.answer(&all)?,
            What::Show { document } => {
                let found = all.of_document(&document)?;
                if context.format() == crate::cli::screen::Format::Table {
                    let text = found.sources.iter().map(whole).collect::<Vec<_>>().join("\n");
                    context.print(&text)?;
                } else {
                    context.answer(&found)?;
                }
            }
            What::Text { document } => {
                let found = all.of_document(&document)?;
                let document = found.sources.iter().find_map(|used| used.source.document.as_deref());
                let address = document.and_then(Document::text_address).map(Address::as_str).unwrap_or_default();
                let text = reading.shelf.document_text(address).map_err(|error| {
                    Failure::new(Exit::CouldNot, error.to_string()).hint("`servanda verify` tells more")
                })?;
                let lines: Vec<String> = text.lines().map(|line| shown(line).into_owned()).collect();
                context.print(&(lines.join("\n") + "\n"))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// One source, with every quote.
fn whole(used: &SourceUse) -> String {
    let source = &used.source;
    let mut text = format!("{}\n", shown(&source.publisher));
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!("  {name:<10} {}\n", shown(&value));
        }
    };
    line("title", source.title.clone());
    line("url", source.url.as_ref().map(|url| url.as_str().to_owned()));
    line("published", source.published.as_ref().map(Date::in_words));
    line("retrieved", source.retrieved.as_ref().map(Date::in_words));
    line("grade", Some(source.grade.to_string()));
    if let Some(document) = &source.document {
        line("document", document.address().map(|address| address.as_str().to_owned()));
        line("", Some(format!("{}, {} bytes", document.r#type, document.len)));
    }
    for used in &used.uses {
        text += &format!("  event {}  {}\n", used.event, used.id);
        if let (Some(quote), Some((start, end))) = (&used.quote, used.at) {
            text += &format!("    “{}” (bytes {start}–{end})\n", shown(quote));
        }
    }
    text
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
                counted(used.uses.len(), "use", "uses"),
            ];
            (Tone::Plain, cells)
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
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["document", "publisher", "title", "url", "published", "grade", "events"],
            rows: self.sources.iter().map(row).collect(),
        }
    }
}
