//! `servanda list`

use clap::Args;

use crate::cli::arguments::word;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::Page;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::agreement::AgreementType;
use crate::domain::announcement::Kind;
use crate::domain::party::PartyType;
use crate::ledger::admission::finding::nearest;
use crate::query::list::{Item, List as ListAnswer, Question, What, list};

/// List what the ledger holds, or count it
///
/// Things are called as they are called today.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda list                              how much of what there is
  servanda list parties --type state
  servanda list agreements --like \"lunar station\"
  servanda list announcements --type prospect --json")]
pub(in crate::cli) struct List {
    /// What to list: parties, agreements, missions or announcements; all are counted, if none is named
    #[arg(value_parser = what)]
    what: Option<What>,
    /// Only those of this type, such as state or treaty; of announcements, of this kind
    #[arg(long, value_name = "TYPE", requires = "what")]
    r#type: Option<String>,
    /// Only those whose ids and names hold all these words, however they are spelled
    #[arg(long, value_name = "WORDS", requires = "what")]
    like: Option<String>,
}

impl List {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if let (Some(what), Some(of_type)) = (self.what, &self.r#type) {
            check_type(what, of_type)?;
        }
        let reading = context.read("list", None, &[])?;
        let on = context.around.today().day;
        let (of_type, like) = (self.r#type.as_deref(), self.like.as_deref());
        let answer = list(&reading.snapshot, Question { what: self.what, of_type, like, on });
        context.answer_last(answer)?;
        Ok(Exit::Done)
    }
}

fn what(text: &str) -> Result<What, String> {
    word(What::ALL, text)
}

/// Refuses a type that nothing has.
fn check_type(what: What, of_type: &str) -> Result<(), Failure> {
    let words: Vec<&str> = match what {
        What::Parties => PartyType::ALL.iter().map(|word| word.as_str()).collect(),
        What::Agreements => AgreementType::ALL.iter().map(|word| word.as_str()).collect(),
        What::Announcements => Kind::ALL.iter().map(|word| word.as_str()).collect(),
        What::Missions => Vec::new(),
    };
    if words.contains(&of_type) {
        return Ok(());
    }
    let failure = Failure::new(Exit::Misuse, format!("no {what} are of type `{of_type}`"));
    Err(match nearest(of_type, words.iter().copied()) {
        _ if words.is_empty() => failure.hint("missions have no types: leave --type out"),
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("the types are {}", words.join(", "))),
    })
}

impl Answer for ListAnswer {
    const ITEMS: &'static str = "items";

    fn table(&self, screen: Screen) -> String {
        let title = self.what.map_or("What the ledger holds".to_owned(), |what| {
            let of_type = self.of_type.as_ref().map(|of_type| format!(" of type {of_type}")).unwrap_or_default();
            let like = self.like.as_ref().map(|like| format!(" like “{like}”")).unwrap_or_default();
            let (first, rest) = what.as_str().split_at(1);
            format!("{}{rest}{of_type}{like}", first.to_uppercase())
        });
        let mut page = Page::new(screen, &title);
        let types =
            || self.counts.iter().filter_map(|count| Some(format!("{} {}", count.number, count.r#type.as_ref()?)));
        match self.what {
            None => page.section("", &self.counted()),
            Some(_) if self.items.is_empty() => page.line("there are none"),
            Some(what) => {
                page.section("", &self.listed(what));
                let types: Vec<String> = types().collect();
                let types = if types.len() > 1 { format!(": {}", types.join(", ")) } else { String::new() };
                page.line(&format!("\n{} {what}{types}", self.items.len()));
            }
        }
        page.end(&self.position)
    }

    fn sheet(&self) -> Sheet {
        if self.what.is_none() {
            let cells = |count: &crate::query::list::Count| {
                vec![count.what.to_string(), count.r#type.clone().unwrap_or_default(), count.number.to_string()]
            };
            let rows = self.counts.iter().map(|count| (Tone::Plain, cells(count))).collect();
            return Sheet { header: vec!["what", "type", "number"], rows };
        }
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let cells = |item: &Item| {
            vec![
                item.id.clone(),
                item.name.clone(),
                item.r#type.clone().unwrap_or_default(),
                item.also_known_as.join("; "),
                item.event.to_string(),
                number(item.events),
                number(item.struck_by),
            ]
        };
        Sheet {
            header: vec!["id", "name", "type", "also_known_as", "event", "events", "struck_by"],
            rows: self.items.iter().map(|item| (Tone::Plain, cells(item))).collect(),
        }
    }
}

impl ListAnswer {
    fn counted(&self) -> Sheet {
        let row = |count: &crate::query::list::Count| {
            let of_type = count.r#type.clone().unwrap_or_default();
            (Tone::Plain, vec![count.number.to_string(), count.what.to_string(), of_type])
        };
        Sheet { header: vec!["NUMBER", "WHAT", "TYPE"], rows: self.counts.iter().map(row).collect() }
    }

    fn listed(&self, what: What) -> Sheet {
        let row = |item: &Item| {
            let of_type = item.r#type.clone().unwrap_or_default();
            let events = item.events.map(|events| events.to_string()).unwrap_or_default();
            let tone = if item.struck_by.is_some() { Tone::Struck } else { Tone::Plain };
            match what {
                What::Announcements => {
                    let by = item.struck_by.map(|by| format!(" — struck by event {by}")).unwrap_or_default();
                    (tone, vec![item.event.to_string(), item.id.clone(), of_type, format!("{}{by}", item.name)])
                }
                What::Parties | What::Agreements | What::Missions => {
                    (tone, vec![item.id.clone(), item.name.clone(), of_type, events])
                }
            }
        };
        let header = match what {
            What::Announcements => vec!["EVENT", "ID", "KIND", "WHAT"],
            What::Parties => vec!["ID", "NAME", "TYPE", "EVENTS"],
            What::Agreements | What::Missions => vec!["ID", "TITLE", "TYPE", "EVENTS"],
        };
        Sheet { header, rows: self.items.iter().map(row).collect() }
    }
}
