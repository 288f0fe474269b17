//! A row of any kind: its cells by the keys and shapes of that kind, as the values of an announcement file.

use std::collections::{BTreeMap, HashMap};

use csv::ByteRecord;
use serde_json::{Map, Value};

use crate::domain::announcement::{Announcement, Body, Kind, Standing};
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::party::PartyType;
use crate::domain::shape::{Field as Key, Need, Record, Shape};
use crate::domain::text::TextKind;
use crate::exchange::form::date_keys;
use crate::exchange::table::account::RejectCode;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::cells::day_and_act;
use crate::exchange::table::columns::{Columns, Place};
use crate::exchange::table::dates::{Fault, shown};
use crate::exchange::table::drafting::{Named, found};
use crate::exchange::table::kinds::{Said, by_stage, folded, kind_of, said};
use crate::exchange::table::layout::{Field, Layout};
use crate::exchange::table::more::{KINDS, MOST_ITEMS, SOURCE, WORDING, act_key, items, main_date, own_keys};
use crate::exchange::table::sources::{self, Documents, admitted, optional_date};
use crate::ledger::Draft;
use crate::ledger::admission::finding::nearest;

/// The largest integer that every JSON reader keeps exactly.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The things that a row names, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Things {
    pub(super) parties: Vec<u32>,
    pub(super) agreement: Option<u32>,
    pub(super) mission: Option<u32>,
    /// Whether the row itself describes the agreement.
    pub(super) brings_agreement: bool,
}

/// What a row tells.
pub(super) struct Told {
    pub(super) things: Things,
    pub(super) draft: Draft,
    /// Everything that it says, to know a row that says it once more.
    pub(super) all: String,
}

/// By kind, the columns that its rows leave empty, with their keys: what they would say has no place there.
pub(super) type Foreign = BTreeMap<Kind, Vec<(String, Place)>>;

/// Finds the columns that the rows of each kind leave empty.
pub(super) fn foreign(columns: &Columns) -> Foreign {
    let own_columns = [("party", &columns.party), ("role", &columns.role), ("effective", &columns.effective)];
    let more = || columns.more.iter().map(|(key, place)| (key.as_str(), place));
    let of_any: Vec<String> = KINDS.iter().flat_map(|kind| own_keys(kind.record())).collect();
    let is_of_kinds = |key: &str| of_any.iter().any(|own| own == key) && !SOURCE.contains(&key);
    let of_kind = |kind: Kind| {
        let own: Vec<String> = own_keys(kind.record()).collect();
        let dates = date_keys(kind.record());
        let is_own = |key: &str| match key.strip_prefix(WORDING).and_then(|rest| rest.strip_prefix('_')) {
            Some(date) => dates.contains(date),
            // One party is a list of one.
            None if key == "party" => own.iter().any(|own| own == "party" || own == "parties"),
            None => !is_of_kinds(key) || own.iter().any(|own| own == key),
        };
        let columns = own_columns.into_iter().chain(more()).filter_map(|(key, place)| Some((key, place.column()?)));
        (kind, columns.filter(|(key, _)| !is_own(key)).map(|(key, place)| (key.to_owned(), place)).collect())
    };
    KINDS.into_iter().map(of_kind).collect()
}

/// What rows are read by.
#[derive(Clone, Copy)]
pub(super) struct Reading<'r> {
    pub(super) layout: &'r Layout,
    pub(super) columns: &'r Columns,
    pub(super) named: &'r Named,
    pub(super) foreign: &'r Foreign,
}

impl Reading<'_> {
    /// Reads a row. `stay` is the label of its stay, empty if there is none. A fault names its column.
    pub(super) fn told(self, record: &ByteRecord, stay: &str, documents: &mut Documents) -> Result<Told, Fault> {
        self.read(record, stay, documents).map_err(|(code, reason)| {
            let key = reason.strip_prefix('`').and_then(|rest| rest.split_once('`')).map_or("", |(key, _)| key);
            match self.layout.more.values.get(key) {
                Some(Field::Column(column)) if column != key => (code, format!("column {}, {reason}", shown(column))),
                _ => (code, reason),
            }
        })
    }

    fn read(self, record: &ByteRecord, stay: &str, documents: &mut Documents) -> Result<Told, Fault> {
        let cell = self.columns.date(record, &self.layout.dates)?;
        let (date, act) = day_and_act(&cell, &self.layout.letters)?;
        let act = act.map(TableAct::word);
        let mut row = Row { by: self, record, stay, date, act, things: Things::default() };
        let said = row.said()?;
        row.refuse_foreign(said.kind)?;
        let body = row.body(said)?;
        let wording = row.wording(said.kind, &body)?;
        let body = Body::read(said.kind, Value::Object(body))
            .map_err(|error| (RejectCode::WrongForm, format!("this is no {}: {error}", said.kind)))?;
        row.party_type()?;
        let (dates, words) = (&self.layout.dates, &self.layout.more.words);
        let sources::Told { source, quote, path } = sources::read(self.columns, record, dates, words, documents)?;
        let cell = |key| row.more(key);
        let (note, reference) = (self.columns.note.text(record)?, self.columns.reference.text(record)?);
        let announcement = Announcement {
            announced: optional_date("announced", self.columns.announced.text(record)?, dates)?,
            standing: row.standing()?,
            note: some(note).map(|note| admitted("note", note, TextKind::Prose)).transpose()?,
            wording,
            source_ref: some(reference).map(str::to_owned),
            no_evidence: source.is_none().then(|| self.layout.reason.clone()),
            ..Announcement::of(body)
        };
        let id = some(cell("id")?).map(|id| announcement_id("id", id)).transpose()?;
        let source_told = source.as_ref().map(|source| &source.source);
        let all = format!("{id:?}{announcement:?}{source_told:?}{path:?}{quote:?}");
        let draft = Draft {
            id,
            sources: Vec::from_iter(source),
            brought: sources::brought(self.columns),
            quotes: Vec::from_iter(quote),
            ..Draft::of(announcement)
        };
        Ok(Told { things: row.things, draft, all })
    }
}

/// A row while it is read.
struct Row<'r> {
    by: Reading<'r>,
    record: &'r ByteRecord,
    stay: &'r str,
    /// The cell of its date, or those of year, month and day, without letters.
    date: &'r str,
    /// The act that letters behind the date are.
    act: Option<&'static str>,
    things: Things,
}

impl<'r> Row<'r> {
    /// The cell of a key beside those that a layout names itself; empty if there is none.
    fn more(&self, key: &str) -> Result<&'r str, Fault> {
        self.by.columns.more.get(key).map_or(Ok(""), |place| place.text(self.record))
    }

    /// Which kind it is, by which act.
    fn said(&self) -> Result<Said, Fault> {
        let more = &self.by.layout.more;
        let kind = some(self.more("kind")?).map(|word| kind_of(more.words.get(word).map_or(word, String::as_str)));
        let act = self.act.map_or_else(|| self.by.columns.act.text(self.record), Ok)?;
        let act = more.acts.get(act).map_or(act, String::as_str);
        match (kind.transpose()?, act, self.more("stage")?) {
            (None, "", stage) if !stage.is_empty() => {
                by_stage(self.by.layout.more.words.get(stage).map_or(stage, String::as_str))
            }
            (kind, act, _) => said(kind, act),
        }
    }

    fn refuse_foreign(&self, kind: Kind) -> Result<(), Fault> {
        for (key, place) in self.by.foreign.get(&kind).into_iter().flatten() {
            let text = place.text(self.record)?;
            if !text.is_empty() {
                let reason = format!("a {kind} has no `{key}`, and the cell says {}", shown(text));
                return Err((RejectCode::NotTaken, reason));
            }
        }
        Ok(())
    }

    fn body(&mut self, said: Said) -> Result<Map<String, Value>, Fault> {
        let mut body = Map::new();
        for key in said.kind.record().fields {
            let value = if act_key(said.kind).is_some_and(|act| act.name() == key.name()) {
                self.act(key, said)?
            } else {
                let text = self.text(key.name(), said.kind)?;
                self.value(key.name(), text, key.shape, said.kind)?
            };
            match value {
                Some(value) => drop(body.insert(key.name().to_owned(), value)),
                None if key.need == Need::Required => return Err(missing(key, said.kind)),
                None => {}
            }
        }
        if said.kind == Kind::Contribution {
            self.agreement(self.by.columns.agreement.text(self.record)?)?;
        }
        Ok(body)
    }

    /// The act, or how far it has come, which may have a column of its own.
    fn act(&self, key: &'static Key, said: Said) -> Result<Option<Value>, Fault> {
        let text = if key.name() == "stage" { self.more("stage")? } else { "" };
        let own = match key.shape {
            Shape::Word(known) if !text.is_empty() => {
                Some(word(key.name(), text, known.iter().map(|word| word.text), &self.by.layout.more.words)?)
            }
            _ => None,
        };
        match (own, said.act) {
            (Some(own), Some(act)) if own != act => {
                Err((RejectCode::NotTaken, format!("`stage` says `{own}`, and the act `{act}`")))
            }
            (own, act) => Ok(act.or(own).map(Value::from)),
        }
    }

    /// The cell of a kind's key.
    fn text(&self, key: &str, kind: Kind) -> Result<&'r str, Fault> {
        let columns = self.by.columns;
        match key {
            "party" => columns.party(self.record),
            "parties" => match self.more("parties")? {
                "" => columns.party(self.record),
                parties => Ok(parties),
            },
            "agreement" if !self.more("mission")?.is_empty() => {
                // It is whose mission it is.
                Ok("")
            }
            "agreement" => columns.agreement.text(self.record),
            "agreement_title" => columns.agreement_title.text(self.record),
            "effective" => columns.effective.text(self.record),
            "role" => columns.role.text(self.record),
            "stay" if !self.stay.is_empty() => Ok(self.stay),
            "on" if !self.more("during")?.is_empty() => self.more("on"),
            key if key == main_date(kind) => match self.more(key)? {
                "" => Ok(self.date),
                date => Ok(date),
            },
            key => self.more(key),
        }
    }

    /// The value of a cell, by the shape of its key; none if it is empty.
    fn value(&mut self, key: &str, text: &str, shape: Shape, kind: Kind) -> Result<Option<Value>, Fault> {
        if text.is_empty() {
            return Ok(None);
        }
        let value = match shape {
            Shape::Text(own) => Value::String(admitted(key, text, own)?),
            Shape::Id(Namespace::Party) => {
                let (number, id) = found(&self.by.named.parties, text, RejectCode::NoParty)?;
                self.things.parties.push(number);
                Value::String(id.to_string())
            }
            Shape::Id(Namespace::Agreement) => match self.agreement(text)? {
                Some(id) => Value::String(id),
                None => return Ok(None),
            },
            Shape::Id(Namespace::Mission) => {
                let (number, id) = found(&self.by.named.missions, text, RejectCode::MissingCell)?;
                self.things.mission = Some(number);
                self.agreement(self.by.columns.agreement.text(self.record)?)?;
                Value::String(id.to_string())
            }
            Shape::Id(Namespace::Announcement) => Value::String(announcement_id(key, text)?.to_string()),
            Shape::Date => match self.date(key, text, kind)? {
                Some(date) => Value::String(date),
                None => return Ok(None),
            },
            Shape::Integer => Value::from(integer(key, text)?),
            Shape::Boolean => Value::Bool(boolean(key, text)?),
            Shape::Word(known) => {
                let own = word(key, text, known.iter().map(|word| word.text), &self.by.layout.more.words);
                let code = |(code, reason)| (if key == "role" { RejectCode::UnknownRole } else { code }, reason);
                Value::from(own.map_err(code)?)
            }
            Shape::Code(code) if (code.accepts)(text) => Value::from(text),
            Shape::Code(code) => {
                return Err((RejectCode::WrongForm, format!("`{key}`: {} is not {}", shown(text), code.what)));
            }
            Shape::Record(inner) => self.record(key, text, inner, kind)?,
            Shape::List(inner) => {
                let mut values = Vec::new();
                if items(text, self.by.layout.more.list_mark).nth(MOST_ITEMS).is_some() {
                    return Err((RejectCode::WrongForm, format!("`{key}` has more than {MOST_ITEMS} items")));
                }
                for item in items(text, self.by.layout.more.list_mark) {
                    values.extend(match inner {
                        Shape::Record(inner) => Some(named(key, item, inner)?),
                        inner => self.value(key, item, *inner, kind)?,
                    });
                }
                if values.is_empty() {
                    return Ok(None);
                }
                Value::Array(values)
            }
            Shape::Document | Shape::Replacement => return Ok(None),
        };
        Ok(Some(value))
    }

    /// The agreement's id; none if no agreement is named.
    fn agreement(&mut self, text: &str) -> Result<Option<String>, Fault> {
        if text.is_empty() {
            return Ok(None);
        }
        let (number, id) = found(&self.by.named.agreements, text, RejectCode::NoAgreement)?;
        self.things.agreement = Some(number);
        Ok(Some(id.to_string()))
    }

    fn date(&self, key: &str, text: &str, kind: Kind) -> Result<Option<String>, Fault> {
        let dates = &self.by.layout.dates;
        if kind == Kind::Departure && key == main_date(kind) && dates.is_no_end(text) {
            return Err((RejectCode::NoDateGiven, format!("{} says that the end has not come", shown(text))));
        }
        Ok(optional_date(key, text, dates)?.map(|date| date.to_string()))
    }

    /// A record inside a kind's: its first field is the cell of its key, and the others have cells of their own.
    fn record(&mut self, key: &str, text: &str, inner: &'static Record, kind: Kind) -> Result<Value, Fault> {
        let mut map = Map::new();
        for (place, field) in inner.fields.iter().enumerate() {
            let own = if place == 0 { key.to_owned() } else { format!("{key}_{}", field.name()) };
            let text = if place == 0 { text } else { self.text(&own, kind)? };
            match self.value(&own, text, field.shape, kind)? {
                Some(value) => drop(map.insert(field.name().to_owned(), value)),
                None if field.need == Need::Optional => {}
                None if own == "agreement_title" => {
                    let number = self.things.agreement.expect("the agreement's id comes before its title");
                    let thing = self.by.named.agreements.thing(number);
                    let title = thing.name.as_deref().unwrap_or(&thing.spelling);
                    map.insert(field.name().to_owned(), Value::from(title));
                }
                None => {
                    return Err((RejectCode::MissingCell, format!("`{own}` is empty; it is {}", lowered(field.doc))));
                }
            }
        }
        self.things.brings_agreement |= kind == Kind::Memorandum && key == "agreement";
        Ok(Value::Object(map))
    }

    /// The source's own words, each beside its date.
    fn wording(&self, kind: Kind, body: &Map<String, Value>) -> Result<BTreeMap<String, String>, Fault> {
        let main = main_date(kind);
        let of_main = [main, "expected", "during"].into_iter().find(|key| body.contains_key(*key)).unwrap_or(main);
        let mut wording = BTreeMap::new();
        for (key, _) in self.by.columns.more.range(WORDING.to_owned()..) {
            let Some(rest) = key.strip_prefix(WORDING) else { break };
            let date = rest.strip_prefix('_').unwrap_or(of_main);
            if let Some(words) = some(self.more(key)?) {
                wording.insert(date.to_owned(), admitted(key, words, TextKind::Prose)?);
            }
        }
        Ok(wording)
    }

    fn standing(&self) -> Result<Standing, Fault> {
        let Some(text) = some(self.more("standing")?) else { return Ok(Standing::default()) };
        let words = Standing::ALL.iter().map(|word| word.as_str());
        word("standing", text, words, &self.by.layout.more.words)
            .map(|word| word.parse().expect("it is a word of the vocabulary"))
    }

    /// Checks the type of the party, which was read when the table was read before.
    fn party_type(&self) -> Result<(), Fault> {
        match some(self.more("party_type")?) {
            Some(text) => party_type(text, &self.by.layout.more.words).map(drop),
            None => Ok(()),
        }
    }
}

/// A type of parties.
pub(super) fn party_type(text: &str, own: &HashMap<String, String>) -> Result<PartyType, Fault> {
    let words = PartyType::ALL.iter().map(|word| word.as_str());
    word("party_type", text, words, own).map(|word| word.parse().expect("it is a word of the vocabulary"))
}

/// A word of a vocabulary, however it is written; `own` has the table's words for ours.
pub(super) fn word(
    key: &str,
    text: &str,
    words: impl Iterator<Item = &'static str>,
    own: &HashMap<String, String>,
) -> Result<&'static str, Fault> {
    let words: Vec<&'static str> = words.collect();
    let same = folded(own.get(text).map_or(text, String::as_str));
    words.iter().find(|word| **word == same).copied().ok_or_else(|| {
        let hint = match nearest(&same, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the words are {}", words.join(", ")),
        };
        (RejectCode::UnknownWord, format!("`{key}`: {} is no word of it; {hint}", shown(text)))
    })
}

/// Somebody with an office behind the name, in brackets: `Zhang Kejian (administrator)`.
fn named(key: &str, text: &str, inner: &'static Record) -> Result<Value, Fault> {
    let [first, second, ..] = inner.fields else { unreachable!("a list of records has records of several fields") };
    let split = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    let (name, office) = split.map_or((text, ""), |(name, office)| (name.trim(), office.trim()));
    let mut map = Map::from_iter([(first.name().to_owned(), Value::String(admitted(key, name, TextKind::Name)?))]);
    if !office.is_empty() {
        map.insert(second.name().to_owned(), Value::String(admitted(key, office, TextKind::Name)?));
    }
    Ok(Value::Object(map))
}

fn announcement_id(key: &str, text: &str) -> Result<AnnouncementId, Fault> {
    AnnouncementId::parse(text)
        .map_err(|error| (RejectCode::WrongForm, format!("`{key}`: {error} in {}; {}", shown(text), error.hint())))
}

fn integer(key: &str, text: &str) -> Result<u64, Fault> {
    // Some programs write every number with a fraction.
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.parse().ok().filter(|number| *number <= MAX_INTEGER).ok_or_else(|| {
        (RejectCode::WrongForm, format!("`{key}`: {} is no whole number from 0 to {MAX_INTEGER}", shown(text)))
    })
}

fn boolean(key: &str, text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err((RejectCode::WrongForm, format!("`{key}`: {} is neither true nor false", shown(text)))),
    }
}

fn missing(key: &'static Key, kind: Kind) -> Fault {
    let name = key.name();
    let reason = format!("a {kind} needs `{name}`, and nothing says it: {}", lowered(key.doc));
    let code = match name {
        "party" | "parties" => RejectCode::NoParty,
        "agreement" => RejectCode::NoAgreement,
        "act" => RejectCode::UnknownAct,
        _ if matches!(key.shape, Shape::Date) => RejectCode::NoDateGiven,
        _ => RejectCode::MissingCell,
    };
    (code, reason)
}

/// The first sentence about a key, within another sentence.
fn lowered(doc: &str) -> String {
    let mut letters = doc.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
