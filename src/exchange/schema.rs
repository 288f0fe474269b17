//! The JSON Schema of announcement files, from which editors complete and check.
//!
//! It is written from the tables of `domain` and of [`fields`](crate::exchange::fields) and says nothing that they do not.
//! What is valid is well formed; whether it may be appended (dates, references, quotes, evidence) only the program knows.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::domain::announcement::Kind;
use crate::domain::id::{MAX_ID, Namespace};
use crate::domain::schema::{described, words};
use crate::domain::shape::{Record, Shape, Shaped};
use crate::domain::source::{Address, Source};
use crate::exchange::fields::{ANNOUNCEMENTS, COMMON, KIND, Key, PERSONAL};
use crate::exchange::form::{Form, date_keys, doc_of, replacing_kinds, words_of, written_kinds};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// An id has a letter somewhere, and begins with a letter or digit.
const ID: &str = "(?:[A-Za-z]|[0-9][0-9._:/-]*[A-Za-z])[A-Za-z0-9._:/-]*";

/// `agreement:`, an id, `@` and the longest date that is read.
const MAX_DESCRIPTION_ID: usize = 10 + MAX_ID + 1 + 100;

/// The schema of a whole announcement file, for YAML, TOML and JSON alike.
///
/// # Source
///
/// JSON Schema, draft 2020-12, without extensions.
pub fn announcement_file() -> Value {
    let top = COMMON.iter().filter(|key| key.at_top);
    let mut properties: Map<_, _> = top.map(|key| common_property(key, &BTreeSet::new())).collect();
    properties.insert(
        ANNOUNCEMENTS.to_owned(),
        json!({
            "description": "The announcements; all of them are appended, or none.",
            "type": "array",
            "minItems": 1,
            "items": reference("announcement"),
        }),
    );
    json!({
        "$schema": DRAFT,
        "$id": "https://servanda.example/schema/announcement-file/v1",
        "title": "servanda announcement file",
        "description": "What somebody made public about agreements and their parties, and on whose word. \
            What stands at the top holds for every announcement that does not say otherwise.",
        "type": "object",
        "properties": properties,
        "required": [ANNOUNCEMENTS],
        "additionalProperties": false,
        "$defs": definitions(),
    })
}

/// The schema of one announcement on its own, as on a line of NDJSON.
pub fn announcement() -> Value {
    json!({
        "$schema": DRAFT,
        "$id": "https://servanda.example/schema/announcement/v1",
        "title": "servanda announcement",
        "description": "One claim that somebody made public, and on whose word.",
        "$ref": "#/$defs/announcement",
        "$defs": definitions(),
    })
}

fn definitions() -> Value {
    let written: Vec<_> = written_kinds().collect();
    let replacing: Vec<_> = replacing_kinds().collect();
    let mut definitions: Map<_, _> =
        written.iter().map(|kind| (kind.to_string(), announcement_of_kind(*kind))).collect();
    let shared = [
        ("announcement", by_kind("One claim that somebody made public.", &written, |kind| reference(kind.as_str()))),
        ("replacement", by_kind("A kind, and beside it the keys of that kind.", &replacing, replacement_of_kind)),
        ("date", date()),
        ("thing-id", json!({ "type": "string", "maxLength": MAX_ID, "pattern": format!("^{ID}$") })),
        (
            "announcement-id",
            json!({
                "type": "string",
                "maxLength": MAX_DESCRIPTION_ID,
                "pattern": format!("^(?:{ID}|(?:party|agreement|mission):{ID}@.+)$"),
            }),
        ),
        (
            "named-announcement",
            json!({ "anyOf": [
                described(reference("announcement-id"), "Its id, or 8 or more digits of its hash."),
                described(of_shape(Shape::Integer), "The position of its event."),
            ] }),
        ),
        ("source", source()),
        ("document", document()),
        ("quotes", one_or_list(&text())),
        ("evidence", evidence()),
    ];
    definitions.extend(shared.map(|(name, schema)| (name.to_owned(), schema)));
    Value::Object(definitions)
}

/// An object whose `kind` decides what else it has: editors offer the keys of that kind only, and name its mistakes.
fn by_kind(doc: &str, kinds: &[Kind], then: impl Fn(Kind) -> Value) -> Value {
    let cases: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let case = json!({ "properties": { KIND: { "const": kind } }, "required": [KIND] });
            json!({ "if": case, "then": then(*kind) })
        })
        .collect();
    json!({
        "description": doc,
        "type": "object",
        "properties": { KIND: described(json!({ "oneOf": words(&words_of(kinds)) }), "What it is about.") },
        "required": [KIND],
        "allOf": cases,
    })
}

/// Its own keys, and those that every announcement may have: the `id` of a description is that of the thing.
fn announcement_of_kind(kind: Kind) -> Value {
    let record = kind.record();
    let dates = date_keys(record);
    let common = COMMON.iter().filter(|key| record.field(key.name).is_none()).map(|key| common_property(key, &dates));
    let own = record.fields.iter().map(|field| (field.name().to_owned(), described(of_shape(field.shape), field.doc)));
    described(of_kind(kind, common.chain(own).collect()), doc_of(kind))
}

/// The keys of the kind's body alone.
fn replacement_of_kind(kind: Kind) -> Value {
    let own = kind.record().fields.iter().map(|field| {
        let path = format!("{kind}/properties/{}", field.name());
        (field.name().to_owned(), reference(&path))
    });
    of_kind(kind, own.collect())
}

fn of_kind(kind: Kind, mut properties: Map<String, Value>) -> Value {
    properties.insert(KIND.to_owned(), json!({ "const": kind }));
    let required: Vec<_> = std::iter::once(KIND).chain(kind.record().required()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn common_property(key: &Key, dates: &BTreeSet<&str>) -> (String, Value) {
    let schema = match Form::of(key) {
        Form::Plain(Shape::Id(Namespace::Announcement)) => reference("announcement-id"),
        Form::Plain(shape) => of_shape(shape),
        Form::Sources => one_or_list(&reference("source")),
        Form::Quotes => reference("quotes"),
        Form::Evidence => reference("evidence"),
        Form::Wording => wording(dates),
    };
    (key.name.to_owned(), described(schema, key.doc))
}

fn of_shape(shape: Shape) -> Value {
    match shape {
        Shape::Text(_) => text(),
        Shape::Id(Namespace::Announcement) => reference("named-announcement"),
        Shape::Id(Namespace::Party | Namespace::Agreement | Namespace::Mission) => reference("thing-id"),
        Shape::Date => reference("date"),
        Shape::Integer => json!({ "type": "integer", "minimum": 0, "maximum": (1_u64 << 53) - 1 }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Word(vocabulary) => json!({ "oneOf": words(vocabulary) }),
        Shape::Code(code) => described(text(), &format!("It is {}.", code.what)),
        Shape::Record(record) => of_record(record),
        Shape::List(item) => json!({ "type": "array", "minItems": 1, "items": of_shape(*item) }),
        Shape::Document => reference("document"),
        Shape::Replacement => reference("replacement"),
    }
}

fn of_record(record: &Record) -> Value {
    let properties: Map<_, _> = record
        .fields
        .iter()
        .map(|field| (field.name().to_owned(), described(of_shape(field.shape), field.doc)))
        .collect();
    json!({
        "description": record.doc,
        "type": "object",
        "properties": properties,
        "required": record.required().collect::<Vec<_>>(),
        "minProperties": 1,
        "additionalProperties": false,
    })
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

/// YAML reads a bare year as a number.
fn date() -> Value {
    json!({
        "description": "A date as precise as its source gave it, in EDTF (ISO 8601-2).",
        "type": ["string", "integer"],
        "minLength": 1,
        "minimum": -9999,
        "maximum": 9999,
        "examples": [
            "2023-10-18", "2023-10", "2018", "202X", "[2024-05..2024-08]", "[..2023-10]", "2023-10-18~", "XXXX",
        ],
    })
}

const ENCODING: &str = "The encoding of its text, such as windows-1251 or gb18030, where the document does not say it, or says \
    it wrongly; it is kept as it is, with its text beside it.";

fn document() -> Value {
    let path = described(text(), "The way to the document from this file.");
    json!({
        "if": { "type": "object" },
        "then": {
            "properties": {
                "path": path,
                "b3": described(of_shape(Address::SHAPE), "The hash that it must have."),
                "encoding": described(text(), ENCODING),
            },
            "required": ["path"],
            "additionalProperties": false,
        },
        "else": path,
    })
}

/// What is recorded of a source, and what is said of its document on the way in.
fn source() -> Value {
    let mut source = of_record(&Source::RECORD);
    source["properties"][PERSONAL.name] = described(of_shape(Shape::Boolean), PERSONAL.doc);
    source["if"] = json!({ "properties": { PERSONAL.name: { "const": true } }, "required": [PERSONAL.name] });
    source["then"] = json!({ "required": ["document"] });
    source
}

fn evidence() -> Value {
    let source = reference("source");
    let quote = described(reference("quotes"), "The exact passage, or a list of passages, of this source's document.");
    let none = described(text(), "Why there is no evidence.");
    json!({
        "if": { "type": "array" },
        "then": {
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": { "source": source, "quote": quote },
                "required": ["source"],
                "additionalProperties": false,
            },
        },
        "else": {
            "type": "object",
            "properties": { "source": source, "quote": quote, "none": none },
            "additionalProperties": false,
            "if": { "required": ["none"] },
            "then": { "maxProperties": 1 },
            "else": { "required": ["source"] },
        },
    })
}

fn wording(dates: &BTreeSet<&str>) -> Value {
    let properties: Map<_, _> = dates.iter().map(|key| ((*key).to_owned(), text())).collect();
    json!({ "type": "object", "properties": properties, "minProperties": 1, "additionalProperties": false })
}

/// Not `oneOf`: a mistake in the item is then told as such, and not as two things that it is not.
fn one_or_list(item: &Value) -> Value {
    json!({ "if": { "type": "array" }, "then": { "minItems": 1, "items": item }, "else": item })
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::path::Path;

    use jsonschema::draft202012;

    use super::*;
    use crate::domain::date::Date;
    use crate::domain::id;
    use crate::domain::shape::Field;
    use crate::exchange::tree::{self, Format, Node};

    /// What a YAML file is to an editor.
    pub(in crate::exchange) fn read_yaml(text: &str) -> Value {
        let nodes = tree::read(Format::Yaml, text).unwrap_or_else(|faults| panic!("{faults:?} in\n{text}"));
        as_json(&nodes[0])
    }

    pub(in crate::exchange) fn check_valid(name: &str, file: &Value) {
        assert_eq!(faults(&announcement_file(), file), [""; 0], "{name}");
    }

    fn as_json(node: &Node) -> Value {
        match &node.value {
            tree::Value::Null => Value::Null,
            tree::Value::Text { text, plain: true } => {
                let number = text.parse::<i64>().map(Value::from).ok();
                number.or_else(|| text.parse::<bool>().map(Value::from).ok()).unwrap_or(text.as_str().into())
            }
            tree::Value::Text { text, plain: false } => text.as_str().into(),
            tree::Value::List(items) => items.iter().map(as_json).collect(),
            tree::Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), as_json(&entry.value))).collect()
            }
        }
    }

    /// Place and message of every fault.
    fn faults(schema: &Value, file: &Value) -> Vec<String> {
        let validator = draft202012::new(schema).expect("the schema is one");
        validator.iter_errors(file).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The announcement, given in braces, has one fault, which is at `place`.
    fn refuses(announcement: &str, place: &str) {
        refuses_file(&format!("announcements: [{announcement}]"), &format!("/announcements/0{place}"));
    }

    fn refuses_file(text: &str, place: &str) {
        let found = faults(&announcement_file(), &read_yaml(text));
        assert!(matches!(&found[..], [one] if one.starts_with(&format!("{place}: "))), "{text}: {found:#?}");
    }

    #[test]
    fn both_are_schemas_of_draft_2020_12() {
        for schema in [announcement_file(), announcement()] {
            let checked = draft202012::meta::validate(&schema).map_err(|error| error.to_string());
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn the_files_of_the_founding_case_are_valid() {
        let mut seen = 0;
        for folder in ["october-2023", "other-sources"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ilrs").join(folder);
            for entry in fs::read_dir(folder).expect("the founding case is there") {
                let path = entry.expect("its folder can be listed").path();
                if path.extension().is_some_and(|ending| ending == "yaml") {
                    let file = read_yaml(&fs::read_to_string(&path).expect("is text"));
                    check_valid(&path.display().to_string(), &file);
                    for line in file[ANNOUNCEMENTS].as_array().into_iter().flatten() {
                        assert_eq!(faults(&announcement(), line), [""; 0], "{}", path.display());
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 50, "only {seen} announcements were found");
    }

    #[test]
    fn an_editor_offers_the_keys_of_the_kind_and_no_others() {
        let definitions = definitions();
        let offered: Vec<_> = definitions["announcement"]["properties"][KIND]["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|word| word["const"].as_str())
            .collect();
        let written: Vec<_> =
            Kind::ALL.iter().filter(|kind| kind.is_written_in_files()).map(|kind| kind.as_str()).collect();
        assert_eq!(offered, written);
        for kind in written_kinds() {
            let own = kind.record().fields.iter().map(Field::name);
            let expected: BTreeSet<_> = own.chain(COMMON.iter().map(|key| key.name)).chain([KIND]).collect();
            let keys = definitions[kind.as_str()]["properties"].as_object().into_iter().flatten();
            assert_eq!(keys.map(|(key, _)| key.as_str()).collect::<BTreeSet<_>>(), expected, "{kind}");
        }
    }

    #[test]
    fn a_mistake_is_found_once_and_where_it_stands() {
        const DISPUTE: &str = "kind: dispute, of: a";
        refuses("{kind: dispute, of: a, off: b}", "");
        refuses("{kind: dispute}", "");
        refuses("{of: a}", "");
        refuses("{kind: genesis}", "/kind");
        refuses("{kind: joyning}", "/kind");
        refuses("{kind: party, name: A, type: state}", "");
        refuses("{kind: party, id: a, name: A, type: realm}", "/type");
        refuses("{kind: party, id: a b, name: A, type: state}", "/id");
        refuses("{kind: party, id: a, name: \"\", type: state}", "/name");
        refuses("{kind: party, id: a, name: A, type: state, also_known_as: B}", "/also_known_as");
        refuses("{kind: count, agreement: a, number: -1, of: all, on: 2023}", "/number");
        refuses("{kind: count, agreement: a, number: 9007199254740992, of: all, on: 2023}", "/number");
        refuses("{kind: count, agreement: a, number: 1, of: all, on: [2023]}", "/on");
        refuses("{kind: prospect, parties: [], what: A, stage: invited}", "/parties");
        refuses(&format!("{{{DISPUTE}, quote: 7}}"), "/quote");
        refuses(&format!("{{{DISPUTE}, quote: [a, 7]}}"), "/quote/1");
        refuses(&format!("{{{DISPUTE}, wording: {{occurred: then}}}}"), "/wording");
        refuses(&format!("{{{DISPUTE}, source: {{publisher: A}}}}"), "/source");
        refuses(
            &format!("{{{DISPUTE}, source: {{publisher: A, grade: press, document: {{b3: a}}}}}}"),
            "/source/document",
        );
        refuses(&format!("{{{DISPUTE}, evidence: {{quote: a}}}}"), "/evidence");
        refuses(&format!("{{{DISPUTE}, evidence: {{none: a, quote: b}}}}"), "/evidence");
        refuses(
            &format!("{{{DISPUTE}, evidence: [{{source: {{publisher: A, grade: press}}, none: a}}]}}"),
            "/evidence/0",
        );
    }

    #[test]
    fn a_file_is_a_list_of_announcements_and_what_they_share() {
        refuses_file("announcements: []", "/announcements");
        refuses_file("announced: 2023", "");
        refuses_file("announcements: [{kind: dispute, of: a}]\nquote: a", "");
    }

    #[test]
    fn a_replacement_has_its_kind_beside_its_keys() {
        let correction = |replacement: &str| {
            format!("{{kind: correction, corrects: a, because: never-true, replacement: {{{replacement}}}}}")
        };
        let good = "kind: departure, party: a, agreement: b, act: withdrawal, occurred: 2023";
        check_valid(good, &read_yaml(&format!("announcements: [{}]", correction(good))));
        refuses(&correction("kind: dispute"), "/replacement");
        refuses(&correction("kind: dispute, of: a, id: b"), "/replacement");
        refuses(&correction("kind: correction"), "/replacement/kind");
        refuses(&correction("kind: erasure"), "/replacement/kind");
        refuses(&correction("of: a"), "/replacement");
    }

    #[test]
    fn what_the_schema_takes_for_an_id_is_one() {
        let schema = json!({ "$ref": "#/$defs/thing-id", "$defs": definitions() });
        let validator = draft202012::new(&schema).expect("the schema is one");
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer = |text: &String| ['a', 'Z', '0', '-', ':', '/', ' ', 'é'].map(|c| format!("{text}{c}"));
            texts.extend(texts.iter().flat_map(longer).collect::<BTreeSet<_>>());
        }
        texts.extend([128, 129].map(|len| "a".repeat(len)));
        for text in texts {
            let is_id = id::check(Namespace::Party, &text).is_ok();
            assert_eq!(validator.is_valid(&json!(text)), is_id, "{text:?}");
        }
    }

    #[test]
    fn every_announcement_id_is_one_to_the_schema() {
        let schema = json!({ "$ref": "#/$defs/announcement-id", "$defs": definitions() });
        let longest = format!("agreement:{}@2018-04-19", "a".repeat(MAX_ID));
        for text in ["pakistan-joins", "party:eswatini", "party:eswatini@2018-04-19", &longest] {
            assert_eq!(id::check(Namespace::Announcement, text), Ok(()));
            assert_eq!(faults(&schema, &json!(text)), [""; 0]);
        }
        assert_eq!(faults(&schema, &json!("joining@2018")).len(), 1);
    }

    #[test]
    fn the_examples_of_dates_are_dates() {
        for example in date()["examples"].as_array().into_iter().flatten() {
            assert!(Date::parse(example.as_str().unwrap_or_default()).is_ok(), "{example}");
        }
    }
}
