//! Words wherever they stand: in names and ids of things, in what was announced, and in what it rests on.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::announcement::{Announcement, Kind};
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::name::{folded, words};
use crate::domain::shape::{Shape, for_each_leaf, vocabulary};
use crate::domain::source::Url;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::projection::lookup::Meaning;
use crate::query::list::described;
use crate::query::sentence::Names;
use crate::query::view::THINGS;
use crate::query::{Called, Position, View};

/// Fewer events than these are not worth a thread of their own.
const FEWEST_EVENTS: usize = 256;

vocabulary! {
    /// What a thing is.
    pub enum Thing {
        /// Who acts.
        Party = "party",
        /// What they act on.
        Agreement = "agreement",
        /// What contributions go to.
        Mission = "mission",
    }
}

/// The answer: `servanda/search/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Search {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The words that were looked for.
    pub words: String,
    /// The position at which the answer was computed.
    pub position: Position,
    /// Things with these words in an id or a name: what is called just so first, then what begins so.
    pub things: Vec<FoundThing>,
    /// Announcements with these words in what they say or rest on, in the order of recording.
    pub events: Vec<FoundEvent>,
    /// If nothing was found, things with names that are spelled nearly so.
    pub near: Vec<Called>,
}

/// A thing that was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FoundThing {
    /// What it is.
    pub what: Thing,
    /// Its id.
    pub id: String,
    /// Its name or title.
    pub name: String,
    /// Its type; missions have none.
    pub r#type: Option<String>,
    /// The name or id in which the words stand; if they are a code, the code.
    pub by: String,
}

/// An announcement that was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FoundEvent {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// What it says, in a sentence.
    pub what: String,
    /// The event that corrected or retracted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub struck_by: Option<u64>,
    /// Where the words stand.
    pub places: Vec<Place>,
}

/// A text in which the words stand.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Place {
    /// What the text is: `quote`, `publisher`, or the way to it in what was announced, such as `signatories[0].name`.
    pub field: String,
    /// The text, whole.
    pub text: String,
}

/// Looks for words in names, titles, aliases, ids, quotes, publishers, titles of sources, signatories, notes and every other
/// text that was recorded, however they are spelled. All of them have to stand in one thing, or in one announcement.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::query::search::search;
///
/// let facts = example()?;
/// let answer = search(&facts, "PAKISTAN");
/// assert_eq!(answer.things[0].id, "pakistan");
/// # Ok(())
/// # }
/// ```
pub fn search(snapshot: &Snapshot, query: &str) -> Search {
    let view = View::whole(snapshot);
    let wanted = folded(query);
    let parts: Vec<&str> = words(&wanted).collect();
    let mut things: Vec<FoundThing> =
        THINGS.into_iter().flat_map(|space| in_names(&view, space, &wanted, &parts)).collect();
    // Whoever writes a code means that state before all whose names have these letters.
    for id in of_code(&view, query).iter().rev() {
        let is_it = |thing: &FoundThing| thing.what == Thing::Party && thing.id.eq_ignore_ascii_case(id);
        let found = things.iter().position(is_it).map(|place| things.remove(place));
        if let Some(found) = found.or_else(|| thing(&view, Namespace::Party, id, query)) {
            things.insert(0, found);
        }
    }
    let names = Names(&view.catalogue);
    let look = |event: &Recorded| {
        let places = if parts.is_empty() { Vec::new() } else { in_announcement(event, &parts) };
        (!places.is_empty()).then(|| FoundEvent {
            event: event.seq,
            id: event.id.to_string(),
            kind: event.announcement.body.kind(),
            what: names.sentence(&event.announcement.body),
            struck_by: view.knowledge.struck.get(&event.seq).map(|struck| struck.by),
            places,
        })
    };
    let events: Vec<FoundEvent> = view.events.par_iter().with_min_len(FEWEST_EVENTS).filter_map(look).collect();
    let near = if things.is_empty() && events.is_empty() { view.near(None, query) } else { Vec::new() };
    Search { schema: "servanda/search/v1", words: query.to_owned(), position: view.position(), things, events, near }
}

/// The things of a space with an id or a name that holds all the words.
fn in_names(view: &View<'_>, namespace: Namespace, wanted: &str, parts: &[&str]) -> Vec<FoundThing> {
    if parts.is_empty() {
        return Vec::new();
    }
    // By folded id: how well the best of its names fits, and that name.
    let mut best: std::collections::BTreeMap<&str, (u8, &str)> = std::collections::BTreeMap::new();
    let mut look = |id, called| {
        let name = folded(called);
        let fits = match &name {
            name if name == wanted => 0,
            name if name.starts_with(wanted) => 1,
            name if parts.iter().all(|part| name.contains(part)) => 2,
            _ => return,
        };
        let known = best.entry(id).or_insert((fits, called));
        if fits < known.0 {
            *known = (fits, called);
        }
    };
    view.catalogue.each_name(namespace, &mut look);
    for id in view.catalogue.ids(namespace) {
        look(id, id);
    }
    let mut found: Vec<(u8, &str, &str)> = best.into_iter().map(|(id, (fits, by))| (fits, id, by)).collect();
    found.sort_unstable();
    found.into_iter().filter_map(|(_, id, by)| thing(view, namespace, id, by)).collect()
}

/// The states that a code of ISO 3166-1 means.
fn of_code(view: &View<'_>, query: &str) -> Vec<String> {
    match view.catalogue.state_of(query.trim()) {
        Meaning::One(id) => vec![id],
        Meaning::Several(ids) => ids,
        Meaning::Nothing => Vec::new(),
    }
}

fn thing(view: &View<'_>, namespace: Namespace, id: &str, by: &str) -> Option<FoundThing> {
    let what = match namespace {
        Namespace::Party => Thing::Party,
        Namespace::Agreement => Thing::Agreement,
        Namespace::Mission => Thing::Mission,
        Namespace::Announcement => return None,
    };
    let (name, r#type, _) = described(view, namespace, id, Day::MAX)?;
    Some(FoundThing { what, id: view.called(namespace, id).id, name, r#type, by: by.to_owned() })
}

/// The texts of an announcement that hold the words: those that hold all of them, or else each that holds one, if together
/// they hold all.
fn in_announcement(event: &Recorded, parts: &[&str]) -> Vec<Place> {
    let mut held = vec![false; parts.len()];
    let (mut some, mut whole) = (Vec::new(), Vec::new());
    each_text(event, &mut |field, text| {
        let name = folded(text);
        let holds: Vec<bool> = parts.iter().map(|part| name.contains(part)).collect();
        if !holds.contains(&true) {
            return;
        }
        let place = Place { field: field.to_owned(), text: text.to_owned() };
        if holds.iter().all(|holds| *holds) {
            whole.push(place);
        } else {
            some.push(place);
        }
        held.iter_mut().zip(holds).for_each(|(held, holds)| *held |= holds);
    });
    if !whole.is_empty() {
        whole
    } else if held.iter().all(|held| *held) {
        some
    } else {
        Vec::new()
    }
}

/// Calls `visit` for every text of an announcement, with what it is. The names of a thing stand in its description, and are
/// found as those of the thing.
fn each_text(event: &Recorded, visit: &mut dyn FnMut(&str, &str)) {
    let Announcement { body, note, wording, no_evidence, evidence, .. } = &*event.announcement;
    let kind = body.kind();
    if !kind.is_description() {
        visit("id", event.id.as_str());
        let mut value = body.to_value();
        for_each_leaf(kind.record(), &mut value, "", &mut |leaf| {
            if let (Shape::Text(_), Value::String(text)) = (leaf.shape, &*leaf.value) {
                visit(&leaf.path, text);
            }
        });
    }
    let texts = [("note", note), ("evidence.none", no_evidence)];
    for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?))) {
        visit(field, text);
    }
    for (date, words) in wording {
        visit(&format!("wording.{date}"), words);
    }
    for evidence in evidence {
        let source = &evidence.source;
        visit("publisher", &source.publisher);
        let url = source.url.as_ref().map(Url::as_str);
        let texts = [("title", source.title.as_deref()), ("url", url), ("quote", evidence.quote.as_deref())];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text?))) {
            visit(field, text);
        }
    }
}
