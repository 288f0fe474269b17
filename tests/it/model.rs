//! That the tables of fields, the structs and their JSON are one thing: what one of them says, the others do.
//!
//! Values are made from the tables alone, every field of them, and given to the structs.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use servanda::domain::announcement::{Body, Kind};
use servanda::domain::id::Namespace;
use servanda::domain::shape::{Leaf, Need, Record, Shape, Word, for_each_leaf};
use servanda::domain::source::Source;

/// Codes, of which each syntax accepts at least one.
const CODES: &[&str] = &[
    "PK",
    "Q148",
    "03yrm5c26",
    "5493001KJTIIGC8Y1R12",
    "https://example.org/page",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbWNw",
    "ledger.example+01234567+AQID",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "recorder",
];

/// A value of that shape, with every field that it may have.
fn value(shape: Shape) -> Value {
    match shape {
        Shape::Text(_) => json!("some words"),
        Shape::Id(Namespace::Announcement) => json!("party:eswatini@2018-04-19"),
        Shape::Id(Namespace::Party | Namespace::Agreement | Namespace::Mission) => json!("some-id"),
        Shape::Date => json!("2023-10"),
        Shape::Integer => json!(7),
        Shape::Boolean => json!(true),
        Shape::Word(words) => json!(words.last().expect("a vocabulary has words").text),
        Shape::Code(code) => {
            json!(CODES.iter().find(|text| (code.accepts)(text)).unwrap_or_else(|| panic!("no {} here", code.what)))
        }
        Shape::Record(record) => object(record),
        Shape::List(inner) => json!([value(*inner), value(*inner)]),
        Shape::Document => json!({"b3": CODES[7], "len": 3, "text": {"b3": CODES[7], "len": 2}, "type": "text/html"}),
        Shape::Replacement => json!({"kind": "joining", "body": object(Kind::Joining.record())}),
    }
}

fn object(record: &Record) -> Value {
    record.fields.iter().map(|field| (field.name().to_owned(), value(field.shape))).collect::<Map<_, _>>().into()
}

/// Every record within a value, as a JSON pointer, with its table.
fn records(shape: Shape, pointer: &str, found: &mut Vec<(String, &'static Record)>) {
    match shape {
        Shape::Record(record) => {
            found.push((pointer.to_owned(), record));
            for field in record.fields {
                records(field.shape, &format!("{pointer}/{}", field.name()), found);
            }
        }
        Shape::List(inner) => (0..2).for_each(|index| records(*inner, &format!("{pointer}/{index}"), found)),
        Shape::Replacement => records(Shape::Record(Kind::Joining.record()), &format!("{pointer}/body"), found),
        _ => {}
    }
}

/// Calls `check` with every kind, a full body, and each record within it.
fn for_each_record(check: impl Fn(Kind, &Value, &str, &'static Record)) {
    for kind in Kind::ALL {
        let full = object(kind.record());
        let mut found = Vec::new();
        records(Shape::Record(kind.record()), "", &mut found);
        for (pointer, record) in found {
            check(*kind, &full, &pointer, record);
        }
    }
}

fn object_at<'a>(value: &'a mut Value, pointer: &str) -> &'a mut Map<String, Value> {
    value.pointer_mut(pointer).and_then(Value::as_object_mut).expect("a record is an object")
}

fn read(kind: Kind, value: &Value) -> Body {
    Body::read(kind, value).unwrap_or_else(|error| panic!("{kind}: {error}\n{value}"))
}

#[test]
fn a_body_with_every_field_is_read_and_written_the_same() {
    for kind in Kind::ALL {
        let full = object(kind.record());
        let body = read(*kind, &full);
        assert_eq!(body.kind(), *kind);
        assert_eq!(body.to_value(), full, "{kind}");
    }
}

#[test]
fn a_body_with_only_what_it_needs_is_read_and_written_the_same() {
    for kind in Kind::ALL {
        let least = least(kind.record());
        assert_eq!(read(*kind, &least).to_value(), least, "{kind}");
    }
}

/// A record's required fields, each with no more than it needs.
fn least(record: &Record) -> Value {
    let of_shape = |shape: Shape| match shape {
        Shape::Record(inner) => least(inner),
        Shape::List(Shape::Record(inner)) => json!([least(inner)]),
        other => value(other),
    };
    let required = record.fields.iter().filter(|field| field.need == Need::Required);
    required.map(|field| (field.name().to_owned(), of_shape(field.shape))).collect::<Map<_, _>>().into()
}

#[test]
fn only_a_field_that_is_not_required_can_be_left_out() {
    for_each_record(|kind, full, pointer, record| {
        for field in record.fields {
            let mut without = full.clone();
            object_at(&mut without, pointer).remove(field.name());
            // What a prospect aims at by default depends on whether it names an agreement.
            if (kind, field.name()) == (Kind::Prospect, "agreement") {
                object_at(&mut without, pointer).remove("aim");
            }
            match (field.need, Body::read(kind, &without)) {
                (Need::Required, read) => assert!(read.is_err(), "{kind}{pointer}: {} is required", field.name()),
                (Need::Optional, Ok(body)) => assert_eq!(body.to_value(), without, "{kind}{pointer}/{}", field.name()),
                (Need::Optional, Err(error)) => panic!("{kind}{pointer}: {}: {error}", field.name()),
            }
        }
    });
}

#[test]
fn a_key_that_is_not_in_the_table_is_refused() {
    for_each_record(|kind, full, pointer, _| {
        let mut with = full.clone();
        object_at(&mut with, pointer).insert("unheard_of".to_owned(), json!("x"));
        let error = Body::read(kind, &with).expect_err("an unknown key");
        assert!(error.to_string().contains("unheard_of"), "{kind}{pointer}: {error}");
    });
}

#[test]
fn a_field_takes_nothing_of_another_shape() {
    for_each_record(|kind, full, pointer, record| {
        for field in record.fields {
            for wrong in [json!([[["x"]]]), json!({"a": 1}), json!(""), json!("no such\u{7}"), json!(-1), json!(1.5)] {
                let is_text = matches!(field.shape, Shape::Text(_)) && wrong.is_string();
                let mut with = full.clone();
                object_at(&mut with, pointer).insert(field.name().to_owned(), wrong.clone());
                assert_eq!(Body::read(kind, &with).is_ok(), is_text, "{kind}{pointer}/{}: {wrong}", field.name());
            }
        }
    });
}

#[test]
fn every_word_is_read_and_written_and_at_most_one_is_left_out_as_the_default() {
    for kind in Kind::ALL {
        for (path, words) in vocabularies(kind.record()) {
            let written = |word: &str| written_with(*kind, &path, word).is_some_and(|written| written == word);
            let left_out = words.iter().filter(|word| !written(word.text)).count();
            let defaulted = ["act", "agreement.type", "aim", "membership.in_force", "replacement.act"];
            let may =
                matches!(kind, Kind::Joining | Kind::Memorandum | Kind::Agreement | Kind::Prospect | Kind::Correction);
            let expected = usize::from(may && defaulted.contains(&path.as_str()));
            assert_eq!(left_out, expected, "{kind}: {path}");
            let texts: BTreeSet<_> = words.iter().map(|word| word.text).collect();
            assert_eq!(texts.len(), words.len(), "{kind}: {path} has a word twice");
        }
    }
}

/// What stands at a path after a word was put there, read and written; nothing if it was left out.
fn written_with(kind: Kind, path: &str, word: &str) -> Option<String> {
    let mut given = object(kind.record());
    at(kind, &mut given, path, |value| *value = json!(word));
    let body = read(kind, &given);
    let mut written = body.to_value();
    assert_eq!(read(kind, &written), body, "{kind}: {path}: {word}");
    let mut found = None;
    at(kind, &mut written, path, |value| found = value.as_str().map(str::to_owned));
    found
}

fn at(kind: Kind, value: &mut Value, path: &str, mut change: impl FnMut(&mut Value)) {
    for_each_leaf(kind.record(), value, "", &mut |leaf| {
        if leaf.path == path {
            change(leaf.value);
        }
    });
}

/// The paths at which words of a vocabulary stand.
fn vocabularies(record: &'static Record) -> Vec<(String, &'static [Word])> {
    let mut found = Vec::new();
    for_each_leaf(record, &mut object(record), "", &mut |leaf| {
        if let Shape::Word(words) = leaf.shape {
            found.push((leaf.path, words));
        }
    });
    found
}

#[test]
fn a_word_of_no_vocabulary_is_refused() {
    for kind in Kind::ALL {
        for (path, _) in vocabularies(kind.record()) {
            for wrong in ["no-such-word", "Signature", "signature ", ""] {
                let mut given = object(kind.record());
                at(*kind, &mut given, &path, |value| *value = json!(wrong));
                assert!(Body::read(*kind, given).is_err(), "{kind}: {path}: {wrong:?}");
            }
        }
    }
}

#[test]
fn for_each_leaf_visits_exactly_the_leaves() {
    for kind in Kind::ALL {
        let mut full = object(kind.record());
        let mut expected = Vec::new();
        flatten(&full, "", &mut expected);
        // A replacement stands for its body: its kind is no field of a record.
        expected.retain(|path| path != "replacement.kind");
        let expected: BTreeSet<String> =
            expected.into_iter().map(|path| path.replacen("replacement.body.", "replacement.", 1)).collect();
        assert_eq!(visited(kind.record(), &mut full), expected, "{kind}");
    }
}

#[test]
fn a_document_is_one_leaf_of_its_source() {
    let mut source = object(&Source::RECORD);
    let expected = Source::RECORD.fields.iter().map(|field| field.name().to_owned()).collect();
    assert_eq!(visited(&Source::RECORD, &mut source), expected);
    let read: Source = serde_json::from_value(source.clone()).expect("a source with every field");
    assert_eq!(serde_json::to_value(read).expect("a source is JSON"), source);
}

/// The paths of all leaves, each visited once with the value that stands there.
fn visited(record: &'static Record, value: &mut Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for_each_leaf(record, value, "", &mut |Leaf { path, field, shape, value: found }| {
        assert_eq!(*found, self::value(shape), "{path}");
        let last = path.rsplit('.').next().and_then(|last| last.split('[').next());
        assert_eq!(last, Some(field), "{path}");
        assert!(paths.insert(path.clone()), "{path} is visited twice");
    });
    paths
}

fn flatten(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(path.to_owned()),
    }
}
