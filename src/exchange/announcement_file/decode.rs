//! Values by their shape: every problem is said, none ends the reading.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::domain::announcement::Kind;
use crate::domain::date::Date;
use crate::domain::id::{self, Namespace};
use crate::domain::shape::{Field, Need, Record, Shape};
use crate::exchange::announcement_file::{FileProblem, find, first_key};
use crate::exchange::fields::KIND;
use crate::exchange::tree::{self, Entry, Node};
use crate::ledger::admission::finding::{Code, nearest};

/// The largest integer that every JSON reader keeps exactly.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The places of fields, by the way to them.
pub(super) type FieldPlaces = BTreeMap<String, Range<usize>>;

/// The most problems of one file that are kept; further ones are counted.
const MAX_PROBLEMS: usize = 1000;

/// Reads values, and collects what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pub(super) problems: Vec<FileProblem>,
    /// The number of problems that were not kept.
    pub(super) more: usize,
    /// Announcements that were named by the positions of their events, by the way to the field.
    pub(super) positions: BTreeMap<String, u64>,
    /// Dates that are seasons by number, by the way to them, until it is known whether their source says so.
    seasons: Vec<(String, Range<usize>, Date)>,
}

impl Decoder {
    pub(super) fn say(&mut self, span: Range<usize>, code: Code, message: String, hint: &str) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.problems.push(FileProblem { span, code, message, hint: Some(hint.to_owned()) });
        }
    }

    /// The number of problems so far.
    pub(super) fn count(&self) -> usize {
        self.problems.len() + self.more
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    /// The entries of a map.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        let entries = node.entries();
        if entries.is_none() {
            let message = format!("{what} is keys with values; this is {}", form(node));
            self.say(node.span.clone(), Code::WrongForm, message, "`servanda template KIND` shows how it looks");
        }
        entries
    }

    /// The items of a list that has some.
    pub(super) fn items<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        match &node.value {
            tree::Value::List(items) if items.is_empty() => {
                self.say(node.span.clone(), Code::WrongForm, format!("`{key}` is empty"), "leave it out, or fill it");
                items
            }
            tree::Value::List(items) => items,
            _ => {
                let message = format!("`{key}` is a list; this is {}", form(node));
                let hint = format!("put it in brackets: `{key}: [ … ]`");
                self.say(node.span.clone(), Code::WrongForm, message, &hint);
                &[]
            }
        }
    }

    /// Tells of keys that do not belong here, and gives back the keys that they may have meant.
    pub(super) fn only<'k>(&mut self, entries: &[Entry], known: &[&'k str], whereabouts: &str) -> Vec<&'k str> {
        let mut meant = Vec::new();
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let near = nearest(&entry.key, known.iter().copied());
            meant.extend(near);
            if self.is_full() {
                self.more += 1;
                continue;
            }
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys here are {}", known.join(", ")),
            };
            let message = format!("there is no key `{}` {whereabouts}", entry.key);
            self.say(entry.key_span.clone(), Code::UnknownKey, message, &hint);
        }
        meant
    }

    /// The fields of a record, as JSON. Keys that are not the record's are left to the caller, who told of those that are
    /// `meant` by them: a word that is misspelt is not missing as well.
    pub(super) fn fields(
        &mut self,
        record: &'static Record,
        (entries, meant): (&[Entry], &[&str]),
        own: &Range<usize>,
        path: &str,
        places: &mut FieldPlaces,
    ) -> Map<String, Value> {
        let mut map = Map::new();
        for field in record.fields {
            let name = field.name();
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            match find(entries, name) {
                Some(node) => {
                    places.insert(path.clone(), node.span.clone());
                    if let Some(value) = self.value(node, field, field.shape, &path, places) {
                        map.insert(name.to_owned(), value);
                    }
                }
                None if field.need == Need::Required && !meant.contains(&name) => {
                    let message = format!("`{name}` is missing");
                    self.say(own.clone(), Code::MissingKey, message, &format!("{name}: {}", field.doc));
                }
                None => {}
            }
        }
        map
    }

    fn value(
        &mut self,
        node: &Node,
        field: &'static Field,
        shape: Shape,
        path: &str,
        places: &mut FieldPlaces,
    ) -> Option<Value> {
        let name = field.name();
        match shape {
            Shape::Text(_) => self.text(node, name).map(Value::String),
            Shape::Date => self.date(node, path).map(|date| Value::String(date.to_string())),
            Shape::Id(Namespace::Announcement) if name != "id" => self.reference(node, name, path),
            Shape::Id(namespace) => {
                let text = self.text(node, name)?;
                match id::check(namespace, &text) {
                    Ok(()) => Some(Value::String(text)),
                    Err(error) => {
                        self.say(node.span.clone(), Code::NotId, error.to_string(), &error.hint());
                        None
                    }
                }
            }
            Shape::Integer => self.integer(node, name).map(Value::from),
            Shape::Boolean => self.parsed_word::<bool>(node, ["true", "false"].into_iter(), name).map(Value::Bool),
            Shape::Word(words) => {
                self.word(node, words.iter().map(|word| word.text), name).map(|word| Value::String(word.to_owned()))
            }
            Shape::Code(code) => {
                let text = self.text(node, name)?;
                if (code.accepts)(&text) {
                    return Some(Value::String(text));
                }
                let message = format!("`{text}` is not {}", code.what);
                self.say(node.span.clone(), Code::NotId, message, field.doc);
                None
            }
            Shape::Record(record) => {
                let entries = self.map(node, &format!("`{name}`"))?;
                let known: Vec<&str> = record.fields.iter().map(Field::name).collect();
                let meant = self.only(entries, &known, &format!("in `{name}`"));
                if entries.is_empty() {
                    self.say(
                        node.span.clone(),
                        Code::WrongForm,
                        format!("`{name}` is empty"),
                        "leave it out, or fill it",
                    );
                    return None;
                }
                Some(Value::Object(self.fields(record, (entries, &meant), &node.span, path, places)))
            }
            Shape::List(inner) => {
                let mut values = Vec::new();
                for (index, item) in self.items(node, name).iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    places.insert(path.clone(), item.span.clone());
                    values.extend(self.value(item, field, *inner, &path, places));
                }
                Some(Value::Array(values)).filter(|values| values != &Value::Array(Vec::new()))
            }
            Shape::Replacement => self.replacement(node, path, places),
            Shape::Document => None,
        }
    }

    /// An announcement that is named: by its id, by the position of its event, or by the first digits of its hash.
    fn reference(&mut self, node: &Node, name: &str, path: &str) -> Option<Value> {
        let text = self.text(node, name)?;
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            let seq = self.integer(node, name)?;
            self.positions.insert(path.to_owned(), seq);
            return Some(Value::String(format!("event:{seq}")));
        }
        if node.is_plain() && is_float(&text) {
            let message =
                format!("`{text}` without quotes is a number with a fraction or an exponent, and names no event");
            let hint =
                format!("write the position of an event in digits alone, or an id or a hash in quotes: \"{text}\"");
            self.say(node.span.clone(), Code::WrongForm, message, &hint);
            return None;
        }
        match id::check(Namespace::Announcement, &text) {
            Ok(()) => Some(Value::String(text)),
            Err(error) => {
                self.say(node.span.clone(), Code::NotId, error.to_string(), &error.hint());
                None
            }
        }
    }

    /// The kind of a replacement, and beside it the keys of that kind's body.
    fn replacement(&mut self, node: &Node, path: &str, places: &mut FieldPlaces) -> Option<Value> {
        let entries = self.map(node, "a replacement")?;
        let Some(kind) = find(entries, KIND) else {
            let hint = "say what takes its place, for example `kind: joining`";
            self.say(first_key(node), Code::MissingKey, "a replacement needs its `kind`".to_owned(), hint);
            return None;
        };
        let span = kind.span.clone();
        let kind: Kind = self.parsed_word(kind, Kind::ALL.iter().map(|kind| kind.as_str()), KIND)?;
        if kind.is_about_ledger() || kind == Kind::Correction {
            let hint = "what was wrong is replaced by what is right about the world";
            self.say(span, Code::KindNotHere, format!("a {kind} cannot be a replacement"), hint);
            return None;
        }
        let record = kind.record();
        let mut known: Vec<&str> = record.fields.iter().map(Field::name).collect();
        known.push(KIND);
        let meant = self.only(entries, &known, &format!("in a {kind}"));
        let body = self.fields(record, (entries, &meant), &node.span, path, places);
        Some(serde_json::json!({ "body": body, "kind": kind }))
    }

    /// A text, whether it stands in quotes or not.
    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let text = node.text();
        if text.is_none() {
            let message = format!("`{key}` is a text; this is {}", form(node));
            self.say(node.span.clone(), Code::WrongForm, message, "leave the key out if there is nothing to say");
        }
        text.map(str::to_owned)
    }

    pub(super) fn date(&mut self, node: &Node, path: &str) -> Option<Date> {
        let Some(text) = node.text() else {
            let message = format!("a date is written as text; this is {}", form(node));
            let hint = "quote dates that begin with a bracket: \"[..2023-10-08]\"";
            self.say(node.span.clone(), Code::WrongForm, message, hint);
            return None;
        };
        match Date::parse(text) {
            Ok(date) => {
                if date.has_season() {
                    self.seasons.push((path.to_owned(), node.span.clone(), date.clone()));
                }
                Some(date)
            }
            Err(error) => {
                let hint = error.hint().unwrap_or_else(|| {
                    "write as much as the source says, such as the month or the year alone".to_owned()
                });
                self.say(node.span.clone(), Code::NotDate, error.to_string(), &hint);
                None
            }
        }
    }

    /// Refuses the seasons read so far that no source's words beside them say: `2020-21` may be two years.
    pub(super) fn settle_seasons(&mut self, wording: &BTreeMap<String, String>) {
        for (path, span, date) in std::mem::take(&mut self.seasons) {
            if wording.get(&path).is_some_and(|words| says_season(words, &date)) {
                continue;
            }
            let message =
                format!("`{date}` has a season, or another part of a year, by its number: elsewhere it would be years");
            self.say(span, Code::NotDate, message, &date.season_hint());
        }
    }

    fn integer(&mut self, node: &Node, key: &str) -> Option<u64> {
        let number = node.text().and_then(|text| text.parse::<u64>().ok()).filter(|number| *number <= MAX_INTEGER);
        if number.is_none() {
            let message = format!("`{key}` is a whole number from 0 to {MAX_INTEGER}");
            self.say(node.span.clone(), Code::WrongForm, message, "write digits only");
        }
        number
    }

    /// One of the words of a vocabulary.
    fn word(
        &mut self,
        node: &Node,
        words: impl Iterator<Item = &'static str> + Clone,
        key: &str,
    ) -> Option<&'static str> {
        let text = self.text(node, key)?;
        if let Some(word) = words.clone().find(|word| *word == text) {
            return Some(word);
        }
        if self.is_full() {
            self.more += 1;
            return None;
        }
        let hint = match nearest(&text, words.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the words of `{key}` are {}", words.collect::<Vec<_>>().join(", ")),
        };
        self.say(node.span.clone(), Code::UnknownWord, format!("`{text}` is not a word of `{key}`"), &hint);
        None
    }

    /// One of the words of a vocabulary, as its type.
    pub(super) fn parsed_word<T: FromStr>(
        &mut self,
        node: &Node,
        words: impl Iterator<Item = &'static str> + Clone,
        key: &str,
    ) -> Option<T> {
        self.word(node, words, key)?.parse().ok()
    }
}

/// Whether readers of YAML or JSON take a scalar without quotes for a number that is not whole as it is written.
fn is_float(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '.' | '-' | '+'))
        && text.parse::<f64>().is_ok()
}

/// Whether the source's words are words, and not the numbers of the date again: `session 2020-21`.
fn says_season(words: &str, date: &Date) -> bool {
    let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).collect::<Vec<_>>().join("-");
    words.contains(char::is_alphabetic) && !digits(words).contains(&digits(&date.to_string()))
}

/// What a node is, in a word.
pub(super) fn form(node: &Node) -> &'static str {
    match &node.value {
        tree::Value::Null => "nothing",
        tree::Value::Text { .. } => "a text",
        tree::Value::List(_) => "a list",
        tree::Value::Map(_) => "keys with values",
    }
}
