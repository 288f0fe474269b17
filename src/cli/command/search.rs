//! `servanda search`

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::page::Page;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::name::{folded, words};
use crate::query::search::{FoundEvent, FoundThing, Place, Search as SearchAnswer, search};

/// Look for words in names, ids, quotes, publishers, signatories, notes and all else that was recorded
///
/// However they are spelled: without case, accents and kinds of apostrophes. All words have to stand in one thing or one announcement, as parts of its words too. Codes of ISO 3166-1 find states.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda search pakistan
  servanda search zhang kejian
  servanda search \"signed the agreement\" --json")]
pub(in crate::cli) struct Search {
    /// The words
    #[arg(required = true)]
    words: Vec<String>,
}

/// The most announcements that are listed for people.
const SHOWN: usize = 60;
/// The words that are shown of a long text, around what was found.
const AROUND: usize = 12;

impl Search {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let query = self.words.join(" ");
        if words(&folded(&query)).next().is_none() {
            let failure = Failure::new(Exit::Misuse, format!("there is no word in `{query}`"));
            return Err(failure.hint("give letters or digits; `servanda list` shows what there is"));
        }
        let reading = context.read("search", None, &[])?;
        let answer = search(&reading.snapshot, &query);
        context.answer_last(answer)?;
        Ok(Exit::Done)
    }
}

impl Answer for SearchAnswer {
    const ITEMS: &'static str = "events";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, &format!("“{}”", self.words));
        if self.things.is_empty() && self.events.is_empty() {
            page.line("these words stand nowhere");
            let near: Vec<String> = self.near.iter().map(ToString::to_string).collect();
            page.fact("spelled nearly so", &near.join(", "));
        }
        let thing = |of: &FoundThing| {
            let by = if of.by == of.name || of.by.eq_ignore_ascii_case(&of.id) { String::new() } else { of.by.clone() };
            let what = of.r#type.as_ref().map_or(of.what.to_string(), |r#type| format!("{}, {}", of.what, r#type));
            (Tone::Plain, vec![of.id.clone(), of.name.clone(), what, by])
        };
        let rows = self.things.iter().map(thing).collect();
        page.section("Called so", &Sheet { header: vec!["ID", "NAME", "WHAT", "ALSO KNOWN AS"], rows });
        let wanted = folded(&self.words);
        let event = |of: &FoundEvent| {
            let places: Vec<String> = of.places.iter().map(|place| shown_place(place, &wanted)).collect();
            let struck = of.struck_by.map(|by| format!(" — struck by event {by}")).unwrap_or_default();
            let tone = if of.struck_by.is_some() { Tone::Struck } else { Tone::Plain };
            (tone, vec![of.event.to_string(), format!("{}{struck}", of.what), places.join("; ")])
        };
        let rows = self.events.iter().take(SHOWN).map(event).collect();
        page.section("Said so", &Sheet { header: vec!["EVENT", "WHAT", "WHERE"], rows });
        if self.events.len() > SHOWN {
            page.line(&format!("… and {} more; --json has all", self.events.len() - SHOWN));
        }
        page.end(&self.position)
    }

    fn sheet(&self) -> Sheet {
        let thing = |of: &FoundThing| {
            let cells =
                vec![of.what.to_string(), of.id.clone(), String::new(), of.name.clone(), String::new(), of.by.clone()];
            (Tone::Plain, cells)
        };
        let place = |of: &FoundEvent, place: &Place| {
            let (event, what) = (of.event.to_string(), of.what.clone());
            (
                Tone::Plain,
                vec!["announcement".to_owned(), of.id.clone(), event, what, place.field.clone(), place.text.clone()],
            )
        };
        let places = self.events.iter().flat_map(|of| of.places.iter().map(move |at| place(of, at)));
        Sheet {
            header: vec!["what", "id", "event", "name", "field", "text"],
            rows: self.things.iter().map(thing).chain(places).collect(),
        }
    }
}

/// The field and the words around what was found.
fn shown_place(place: &Place, wanted: &str) -> String {
    let all: Vec<&str> = place.text.split_whitespace().collect();
    let holds = |word: &&str| words(wanted).any(|part| folded(word).contains(part));
    let at = all.iter().position(holds).unwrap_or_default();
    let (from, to) = (at.saturating_sub(AROUND / 3), (at + AROUND).min(all.len()));
    let before = if from > 0 { "… " } else { "" };
    let after = if to < all.len() { " …" } else { "" };
    format!("{}: {before}{}{after}", place.field, all[from..to].join(" "))
}
