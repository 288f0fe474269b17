//! What a ledger holds: its parties, agreements, missions and announcements, and how many there are of each type.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::name::{folded, words};
use crate::domain::shape::vocabulary;
use crate::event::snapshot::Snapshot;
use crate::query::sentence::Names;
use crate::query::view::THINGS;
use crate::query::{Position, View};

vocabulary! {
    /// What can be listed.
    pub enum What {
        /// Who acts.
        Parties = "parties",
        /// What they act on.
        Agreements = "agreements",
        /// What contributions go to.
        Missions = "missions",
        /// What was made public, an event each.
        Announcements = "announcements",
    }
}

/// The question: what there is.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// What is listed; only counted, if none is named.
    pub what: Option<What>,
    /// Only those of this type; of announcements, of this kind.
    pub of_type: Option<&'q str>,
    /// Only those whose ids and names hold all these words, however they are spelled.
    pub like: Option<&'q str>,
    /// The day on which they were called so.
    pub on: Day,
}

/// The answer: `servanda/list/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct List {
    /// Name and version of this form.
    pub schema: &'static str,
    /// What is listed; only counted, if none was named.
    pub what: Option<What>,
    /// The type that was asked for.
    pub of_type: Option<String>,
    /// The words that were asked for.
    pub like: Option<String>,
    /// The position at which the answer was computed.
    pub position: Position,
    /// They, in the order of their ids; announcements in that of recording.
    #[serde(serialize_with = "crate::query::parallel_json::serialize")]
    #[schemars(with = "Vec<Item>")]
    pub items: Vec<Item>,
    /// How many of each type are listed, or if nothing is listed, how many there are.
    pub counts: Vec<Count>,
}

/// One thing, or one announcement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its name or title; of an announcement, what it says in a sentence.
    pub name: String,
    /// Its type, or the kind of an announcement; missions have none.
    pub r#type: Option<String>,
    /// Other names by which it is found.
    pub also_known_as: Vec<String>,
    /// The event that describes it, or that it is.
    pub event: u64,
    /// How many events name a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// The event that corrected or retracted an announcement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub struck_by: Option<u64>,
}

/// How many there are of a type.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Count {
    /// Of what.
    pub what: What,
    /// The type, or the kind of announcements; missions have none.
    pub r#type: Option<String>,
    /// How many.
    pub number: u64,
}

/// Lists what a ledger holds, or counts it.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::list::{Question, What, list};
///
/// let facts = example()?;
/// let question = Question { what: Some(What::Parties), of_type: Some("state"), like: Some("PAKIS"), on: Day::parse("2023-10-19")? };
/// let answer = list(&facts, question);
/// assert!(answer.items.iter().any(|party| party.name == "Pakistan"));
/// # Ok(())
/// # }
/// ```
pub fn list(snapshot: &Snapshot, question: Question<'_>) -> List {
    let view = View::whole(snapshot);
    let like = question.like.map(folded);
    let is_meant = |item: &Item| {
        let is_of_type = question.of_type.is_none_or(|of_type| item.r#type.as_deref() == Some(of_type));
        is_of_type && like.as_ref().is_none_or(|like| holds_words(item, like))
    };
    let mut counts: BTreeMap<(What, Option<String>), u64> = BTreeMap::new();
    let mut items = Vec::new();
    for what in What::ALL.iter().filter(|what| question.what.is_none_or(|wanted| wanted == **what)) {
        let all = match what {
            What::Parties => things(&view, Namespace::Party, question.on),
            What::Agreements => things(&view, Namespace::Agreement, question.on),
            What::Missions => things(&view, Namespace::Mission, question.on),
            What::Announcements => announcements(&view),
        };
        for item in all.into_iter().filter(is_meant) {
            *counts.entry((*what, item.r#type.clone())).or_default() += 1;
            if question.what.is_some() {
                items.push(item);
            }
        }
    }
    let counts = counts.into_iter().map(|((what, r#type), number)| Count { what, r#type, number });
    List {
        schema: "servanda/list/v1",
        what: question.what,
        of_type: question.of_type.map(str::to_owned),
        like: question.like.map(str::to_owned),
        position: view.position(),
        items,
        counts: counts.collect(),
    }
}

/// Whether the id and the names of an item hold all words of a folded text.
fn holds_words(item: &Item, like: &str) -> bool {
    let mut names = folded(&item.id);
    for name in item.also_known_as.iter().chain([&item.name]) {
        names.push('\n');
        names += &folded(name);
    }
    words(like).all(|word| names.contains(word))
}

fn things(view: &View<'_>, namespace: Namespace, on: Day) -> Vec<Item> {
    let named = named(view);
    let item = |id: &str| {
        let (name, r#type, also_known_as) = described(view, namespace, id, on)?;
        Some(Item {
            id: view.called(namespace, id).id,
            name,
            r#type,
            also_known_as,
            event: view.catalogue.described_by(namespace, id, on)?,
            events: Some(named.get(&(namespace, id.to_owned())).copied().unwrap_or_default()),
            struck_by: None,
        })
    };
    view.catalogue.ids(namespace).filter_map(item).collect()
}

/// The name, the type and the other names of a thing on a day, by its folded id.
pub(super) fn described(
    view: &View<'_>,
    namespace: Namespace,
    id: &str,
    on: Day,
) -> Option<(String, Option<String>, Vec<String>)> {
    match namespace {
        Namespace::Party => view
            .catalogue
            .party(id, on)
            .map(|party| (party.name.clone(), Some(party.r#type.to_string()), party.also_known_as.clone())),
        Namespace::Agreement => view
            .catalogue
            .agreement(id, on)
            .map(|of| (of.title.clone(), Some(of.r#type.to_string()), of.also_known_as.clone())),
        Namespace::Mission => {
            view.catalogue.mission(id, on).map(|mission| (mission.title.clone(), None, mission.also_known_as.clone()))
        }
        Namespace::Announcement => None,
    }
}

/// How many events name each thing, by its folded id.
fn named(view: &View<'_>) -> HashMap<(Namespace, String), u64> {
    let mut counts: HashMap<(Namespace, String), u64> = HashMap::new();
    let mut of_event: Vec<(Namespace, String)> = Vec::new();
    for event in view.events {
        event.announcement.body.each_id(&mut |namespace, id| {
            if THINGS.contains(&namespace) {
                of_event.push((namespace, id.to_ascii_lowercase()));
            }
        });
        of_event.sort_unstable();
        of_event.dedup();
        for thing in of_event.drain(..) {
            *counts.entry(thing).or_default() += 1;
        }
    }
    counts
}

fn announcements(view: &View<'_>) -> Vec<Item> {
    let names = Names(&view.catalogue);
    let item = |event: &crate::event::Recorded| Item {
        id: event.id.to_string(),
        name: names.sentence(&event.announcement.body),
        r#type: Some(event.announcement.body.kind().to_string()),
        also_known_as: Vec::new(),
        event: event.seq,
        events: None,
        struck_by: view.knowledge.struck.get(&event.seq).map(|struck| struck.by),
    };
    view.events.iter().map(item).collect()
}
