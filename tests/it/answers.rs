//! That answers in JSON are what their published schemas say, and no more: a schema that is open for consumers is closed
//! here, so that a field which it does not know fails. [`check`] sees every answer of the binary in any test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::{Validator, draft202012};
use serde_json::Value;

use servanda::cli::answers::{ANSWERS, Published};
use servanda::event::chain::Head;
use servanda::event::snapshot::LogPoint;
use servanda::event::{Event, Snapshot};
use servanda::ledger::KeyFile;
use servanda::query::Known;
use servanda::query::history::{Span, history};
use servanda::query::records::show;
use servanda::query::sources::sources;

use crate::support::{Desk, fixture};

/// Commands that together give every answer there is. The founding case is there, and a file with one announcement.
const COMMANDS: &[&str] = &[
    "append new.yaml",
    "append --dry-run new.yaml",
    "append --init --ledger other.servanda new.yaml",
    "key add rita --public @rita.pub --role reviewer",
    "policy set joining=1",
    "policy show",
    "clock show",
    "attest 12 --reject --reason R --key rita",
    "awaiting",
    "backup ilrs.backup",
    "agreement ilrs --on 2023-10-21",
    "checkpoint",
    "checkpoint list",
    "check ilrs.checkpoint --vkey @log.vkey",
    "check 12.tlog-proof --vkey @log.vkey",
    "agreement ilrsco --include-reported",
    "conflicts",
    "conflicts pakistan --include-reported",
    "counts",
    "diff 2023-10-17 2023-10-19",
    "diff --recorded 20 30 --on 2023-10-19",
    "mission change-6",
    "party pakistan",
    "party suparco --include-reported --prefer official",
    "prospects --on 2023-11-01",
    "replay --on 2023-10-19",
    "export country-years --from 2021 --to 2023 --agreement ilrs --resolve any-day-possible",
    "import csv members.csv --map map.toml",
    "history",
    "history pakistan --announced-by 2023-10-19",
    "history --from 2023-07-01 --to 2023-09-30",
    "forget --list",
    "key show",
    "list",
    "list parties --type state",
    "list announcements --like pakistan",
    "log --last 3",
    "members ilrs --on 2023-10-19",
    "members ilrs --on 2023-10-01 --all --include-reported --announced-by 2023-10-19 --recorded-by 20",
    "members ilrs --recorded-by 9999-12-31",
    "schema --list",
    "search pakistan",
    "search pakistn",
    "show 0",
    "show 12",
    "source list",
    "source check",
    "source erase 2b11 --authority A --reason R",
    "source show 18eb",
    "status --accept single-admin,log-key-uncopied,checkpoint-due,backup-due",
    "timeline ilrs --to 2023-12-31 --include-reported",
    "verify",
    "why pakistan ilrs --on 2023-10-19",
    "why azerbaijan ilrs --on 2023-10-05 --recorded-by 39",
    "why pakistan artemis-accords",
];

/// Holds an answer against its published schema.
#[track_caller]
pub(crate) fn check(answer: &Value) {
    let name = answer["schema"].as_str().expect("an answer names its form");
    let validator = CLOSED.get(name).unwrap_or_else(|| panic!("`{name}` is not among the published answers"));
    let faults: Vec<String> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{name}:\n{}\n{answer:#}", faults.join("\n"));
}

static CLOSED: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    let closed = |form: &Published| {
        let mut schema = form.schema();
        close(&mut schema, Stands::ForAValue);
        let options = draft202012::options().should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|error| panic!("{}: {error}", form.name))
    };
    ANSWERS.iter().map(|form| (form.name, closed(form))).collect()
});

/// What a schema stands for.
#[derive(Clone, Copy)]
enum Stands {
    /// All of a value.
    ForAValue,
    /// A part of what is said of a value elsewhere.
    BesideOthers,
}

/// Lets no object have a field that is not described.
fn close(schema: &mut Value, stands: Stands) {
    let Some(keywords) = schema.as_object_mut() else { return };
    for (keyword, value) in keywords.iter_mut() {
        match keyword.as_str() {
            "properties" | "$defs" => each(value).for_each(|inner| close(inner, Stands::ForAValue)),
            "items" | "additionalProperties" => close(value, Stands::ForAValue),
            "prefixItems" => each(value).for_each(|inner| close(inner, Stands::ForAValue)),
            "allOf" | "anyOf" | "oneOf" => each(value).for_each(|inner| close(inner, Stands::BesideOthers)),
            "$comment" | "$id" | "$ref" | "$schema" | "const" | "default" | "description" | "enum" | "examples"
            | "format" | "maximum" | "maxItems" | "maxLength" | "minimum" | "minItems" | "minLength" | "pattern"
            | "required" | "title" | "type" => {}
            other => panic!("`{other}` may hide fields; say here how it is closed"),
        }
    }
    if matches!(stands, Stands::ForAValue) {
        keywords.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

fn each(value: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(map) => Box::new(map.values_mut()),
        other => panic!("schemas were expected: {other}"),
    }
}

/// What is answered in JSON by all commands.
fn given() -> Vec<Value> {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    desk.write(
        "new.yaml",
        "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: new, name: New, type: state }\n",
    );
    for name in ["members.csv", "map.toml"] {
        desk.write(name, fs::read(fixture(&format!("tables/{name}"))).expect("the fixture is there"));
    }
    KeyFile::create(&desk.path().join("rita"), &[3; 32], "rita").expect("a key can be made");
    for line in ["checkpoint", "export tiles .", "prove 12 --output ."] {
        assert_eq!(desk.run(&format!("{line} --ledger ilrs.servanda")).code, 0, "{line}");
    }
    fs::copy(desk.path().join("checkpoint"), desk.path().join("ilrs.checkpoint")).expect("it was published");
    let run = |line: &&str| {
        let ledger = if line.contains("--ledger") { "" } else { "--ledger ilrs.servanda" };
        let answer = desk.run(&format!("{line} {ledger} --json"));
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
        answer.json()
    };
    COMMANDS.iter().map(run).collect()
}

#[test]
fn every_answer_is_given_and_is_what_its_schema_says() {
    let answers = given();
    answers.iter().for_each(check);
    let named: BTreeSet<&str> = answers.iter().filter_map(|answer| answer["schema"].as_str()).collect();
    assert_eq!(named, ANSWERS.iter().map(|form| form.name).collect(), "a command for each answer is in COMMANDS");
}

#[test]
fn events_of_every_kind_are_what_their_schema_says() {
    for entry in fs::read_dir(fixture("golden/v1")).expect("golden events are there") {
        let path = entry.expect("their folder can be listed").path();
        if path.extension().is_some_and(|ending| ending == "event") {
            let event = Event::read(&fs::read(&path).expect("it can be read")).expect("a golden event is an event");
            let mut snapshot = Snapshot::new(event.header.ledger.clone());
            let (seq, recorded) = (event.header.seq, event.header.recorded);
            if seq > 0 {
                snapshot.heads.push(LogPoint {
                    head: Head { len: seq, hash: event.header.prev },
                    recorded,
                    ends_batch: true,
                });
            }
            snapshot.extend([event.clone()]);
            check(&serde_json::to_value(show(&snapshot, &event)).expect("JSON"));
            check(&serde_json::to_value(sources(&snapshot)).expect("JSON"));
            check(
                &serde_json::to_value(
                    history(&snapshot, None, Span::default(), Known::default()).expect("it is there"),
                )
                .expect("JSON"),
            );
        }
    }
}

#[test]
fn a_field_more_or_less_than_published_is_found_wherever_it_stands() {
    let is_valid = |answer: &Value| CLOSED[answer["schema"].as_str().expect("a name")].is_valid(answer);
    for answer in given() {
        for place in objects(&answer) {
            let mut more = answer.clone();
            more.pointer_mut(&place).expect("it was there")["unheard_of"] = true.into();
            assert!(!is_valid(&more), "{} with a field more at `{place}`", answer["schema"]);
        }
        let keys = answer.as_object().expect("an answer is an object").keys();
        for key in keys.filter(|key| !["founded", "schema"].contains(&key.as_str())) {
            let mut less = answer.clone();
            less.as_object_mut().expect("an answer is an object").remove(key);
            assert!(!is_valid(&less), "{} without `{key}`", answer["schema"]);
        }
    }
}

/// The way to every object whose keys are fields.
fn objects(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(value, "", &mut |place, value| {
        let has_words_by_field = place.ends_with("/wording");
        if value.is_object() && !has_words_by_field {
            found.push(place.to_owned());
        }
    });
    found
}

fn walk(value: &Value, place: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(place, value);
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{place}/{index}"), visit));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| walk(item, &format!("{place}/{key}"), visit)),
        _ => {}
    }
}

#[test]
fn published_schemas_are_open_and_say_what_every_field_is() {
    for form in ANSWERS {
        let schema = form.schema();
        let checked = draft202012::meta::validate(&schema).map_err(|error| error.to_string());
        assert_eq!(checked, Ok(()), "{}", form.name);
        assert_eq!(schema["properties"]["schema"]["const"], form.name);
        walk(&schema, "", &mut |place, value| {
            let (before, field) = place.rsplit_once('/').unwrap_or_default();
            assert!(field != "additionalProperties" || value != false, "{} is closed at {place}", form.name);
            let is_field = before.ends_with("/properties") && value.get("const").is_none();
            let said = value["description"].as_str().or(value["$ref"].as_str());
            assert!(!is_field || said.is_some_and(|said| !said.is_empty()), "{}: {place}", form.name);
        });
    }
}

#[test]
fn whatever_names_itself_a_form_in_the_source_is_published() {
    let mut named = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut named);
    let published: BTreeSet<String> = Published::all().map(|form| form.name.to_owned()).collect();
    assert_eq!(named, published);
}

/// The names between quotes in the files of a folder.
fn collect(folder: &Path, named: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        if path.is_dir() {
            collect(&path, named);
        } else {
            let code = fs::read_to_string(&path).expect("sources are UTF-8");
            let names = code.split("\"servanda/").skip(1).filter_map(|rest| rest.split('"').next());
            let is_form = |name: &&str| name.split_once("/v").is_some_and(|(_, version)| version.parse::<u8>().is_ok());
            named.extend(names.filter(is_form).map(|name| format!("servanda/{name}")));
        }
    }
}

#[test]
fn a_schema_is_found_by_its_whole_name_and_by_the_middle_of_it() {
    let desk = Desk::new();
    for form in Published::all() {
        for name in [form.name, form.short_name()] {
            let answer = desk.run(&format!("schema {name}"));
            assert_eq!((answer.code, answer.json()), (0, form.schema()), "{name}");
        }
    }
    assert_eq!(desk.run("schema").out, desk.run("schema announcement-file").out);
    assert_eq!(desk.run("schema --line").out, desk.run("schema announcement").out);
    for (wrong, hint) in [("mebers", "did you mean `members`?"), ("unheard-of", "`servanda schema --list`")] {
        let answer = desk.run(&format!("schema {wrong}"));
        assert_eq!(answer.code, 2);
        assert!(answer.err.contains(hint), "{}", answer.err);
    }
}
