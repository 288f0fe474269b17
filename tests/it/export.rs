//! What is exported: that a ledger comes back from its events byte for byte, that no table runs in a spreadsheet, and
//! that no year says more than `members` answers on its days.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use proptest::prelude::*;
use serde_json::{Value, json};

use servanda::domain::day::Day;
use servanda::domain::window::Certainty;
use servanda::exchange::ndjson;
use servanda::ledger::Folder;
use servanda::ledger::verify::{Outside, verify};
use servanda::query::years::{Question, Resolver, years};
use servanda::query::{Reported, Standpoint, Status};

use crate::given::{Given, corrected, day, did, joined, left, pact_with, paused, programme, retracted, told, treaty};
use crate::ilrs::{all, ask};
use crate::laws::{history, rules};
use crate::support::{Answer, Desk, fixture, read};

/// The cells of a table, its header first.
pub(crate) fn cells(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let row =
        |row: csv::Result<csv::StringRecord>| row.expect("as wide as its header").iter().map(str::to_owned).collect();
    reader.records().map(row).collect()
}

/// What the binary exports as a table.
#[track_caller]
fn table(desk: &Desk, line: &str) -> Vec<Vec<String>> {
    let answer = desk.run(&format!("export {line} --ledger ilrs.servanda"));
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{line}");
    cells(&answer.out)
}

/// Copies the founding case, whose ledger others use too.
fn founding_case() -> Desk {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    assert_eq!(desk.run("export ndjson ilrs.ndjson --ledger ilrs.servanda").code, 0);
    desk
}

#[test]
fn a_restored_ledger_has_the_same_bytes_and_verifies() {
    let desk = founding_case();
    let answer = desk.run("restore ilrs.ndjson copy --documents ilrs.servanda/documents --json");
    assert_eq!((answer.code, &answer.json()["passed"]), (0, &Value::Bool(true)), "{}", answer.err);
    assert!(answer.err.contains("copied 14 of 14 documents") && answer.err.contains("log's own key"), "{}", answer.err);
    let genesis = {
        let (log, snapshot) = read(&Folder::at(desk.path().join("ilrs.servanda")));
        let (copy, copied) = read(&Folder::at(desk.path().join("copy")));
        assert_eq!(copied, snapshot);
        for seq in 0..log.len() {
            assert_eq!(copy.value(seq), log.value(seq), "event {seq}");
        }
        let genesis = snapshot.heads.at(1).expect("it has a genesis");
        assert!(verify(&copy, &Outside { genesis: Some(genesis), ..Outside::default() }).passed());
        genesis
    };
    for seq in [0, 25, 56] {
        let raw = |ledger: &str| desk.run(&format!("show {seq} --raw --ledger {ledger}")).out;
        assert_eq!(raw("copy"), raw("ilrs.servanda"));
    }
    for file in ["servanda.toml", "README", "HEAD"] {
        let text = |ledger: &str| fs::read_to_string(desk.path().join(ledger).join(file)).expect("it is there");
        assert_eq!(text("copy"), text("ilrs.servanda"), "{file}");
    }
    assert_eq!(
        desk.run("export ndjson --ledger copy").out,
        fs::read_to_string(desk.path().join("ilrs.ndjson")).expect("it is there")
    );
    // Facts are not part of an export; the first question makes them.
    assert_eq!(desk.run("history --ledger copy").out, desk.run("history --ledger ilrs.servanda").out);
    assert_eq!(
        desk.run(&format!("verify --genesis {genesis} --ledger copy")).out,
        desk.run(&format!("verify --genesis {genesis} --ledger ilrs.servanda")).out
    );
}

#[test]
fn a_restored_ledger_goes_on() {
    let desk = founding_case();
    assert_eq!(desk.run("restore ilrs.ndjson copy").code, 1);
    desk.write("new.yaml", "evidence: { none: x }\nannouncements:\n  - { kind: mission, id: new, title: New }\n");
    let answer = desk.run("append new.yaml --ledger copy");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains("event 57"), "{}", answer.out);
}

#[test]
fn documents_that_an_export_does_not_have_are_missing_until_they_are_copied() {
    let desk = founding_case();
    let without = desk.run("restore ilrs.ndjson without --json");
    assert_eq!(without.code, 1);
    assert!(without.err.contains("copy them to without/documents"), "{}", without.err);
    let verdict = |answer: &Value, layer: &str| {
        let layers = answer["layers"].as_array().expect("layers");
        layers.iter().find(|row| row["layer"] == layer).expect("it is there")["verdict"].clone()
    };
    let answer = without.json();
    assert_eq!(["bytes", "chain", "signatures"].map(|layer| verdict(&answer, layer)), ["pass"; 3]);
    assert_eq!(["documents", "evidence"].map(|layer| verdict(&answer, layer)), ["fail", "not checked"]);

    let documents: Vec<_> =
        fs::read_dir(desk.path().join("ilrs.servanda/documents")).expect("they are there").collect();
    fs::create_dir(desk.path().join("kept")).expect("a folder can be made");
    for (place, document) in documents.iter().enumerate() {
        let document = document.as_ref().expect("it can be listed");
        let kept = desk.path().join("kept").join(document.file_name());
        match place {
            0 => fs::write(kept, "altered").expect("it can be written"),
            1 => fs::create_dir(kept).expect("it can be made"),
            2 => {}
            _ => drop(fs::copy(document.path(), kept).expect("it can be copied")),
        }
    }
    let some = desk.run("restore ilrs.ndjson some --documents kept");
    assert_eq!(some.code, 1);
    for said in ["copied 11 of 14 documents", "and was not copied", "is not a regular file"] {
        assert!(some.err.contains(said), "{said}: {}", some.err);
    }
    assert_eq!(some.out.matches("MISSING").count(), 3, "{}", some.out);
    assert_eq!(desk.run("restore ilrs.ndjson none --documents absent").code, 3);
    assert!(!desk.path().join("none").exists());
}

#[test]
fn events_come_through_a_pipe_as_well() {
    let desk = founding_case();
    let mut command = desk.command(["restore", "-", "piped", "--documents", "ilrs.servanda/documents", "-q"]);
    let input = fs::File::open(desk.path().join("ilrs.ndjson")).expect("it is there");
    let answer = Answer::of(&command.stdin(Stdio::from(input)).output().expect("the binary runs"));
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
}

#[test]
fn an_export_is_there_whole_or_not_at_all() {
    let desk = founding_case();
    let whole = fs::read_to_string(desk.path().join("ilrs.ndjson")).expect("it is there");
    desk.write("old", "an older export");
    fs::create_dir(desk.path().join("folder")).expect("a folder can be made");
    std::os::unix::fs::symlink("old", desk.path().join("link")).expect("a link can be made");
    let before = fs::read_dir(desk.path()).expect("it can be listed").count();
    for name in ["folder", "link", "nowhere/x", "/dev/null"] {
        let answer = desk.run(&format!("export ndjson {name} --ledger ilrs.servanda"));
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{name}");
        assert!(answer.err.starts_with(&format!("error: {name} cannot be written")), "{}", answer.err);
    }
    assert_eq!(fs::read_to_string(desk.path().join("old")).expect("it is there"), "an older export");
    assert_eq!(desk.run("export ndjson old --ledger ilrs.servanda").code, 0);
    assert_eq!(fs::read_to_string(desk.path().join("old")).expect("it is there"), whole);
    assert_eq!(desk.run("export ndjson - --ledger ilrs.servanda").out, whole);
    assert_eq!(fs::read_dir(desk.path()).expect("it can be listed").count(), before, "something is left over");
    for wrong in ["ndjson --json", "ndjson --format csv", "csv actions --json", "csv history --format ndjson"] {
        assert_eq!(desk.run(&format!("export {wrong} --ledger ilrs.servanda")).code, 2, "{wrong}");
    }
}

#[test]
fn every_line_is_what_its_schema_says() {
    let validator = jsonschema::draft202012::new(&ndjson::schema()).expect("it is a schema");
    let export = all().run("export ndjson --ledger ilrs.servanda").out;
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(lines.len(), 57);
    for (line, seq) in lines.iter().zip(0..) {
        assert!(validator.is_valid(line), "{line}");
        let statement: Value = serde_json::from_str(line["statement"].as_str().expect("text")).expect("it is JSON");
        assert_eq!((&statement["seq"], line.get("signature").is_some()), (&json!(seq), statement["batch"] == seq));
    }
}

/// A signed event, one that holds hidden characters, and one inside a batch.
const GOLDEN: [&str; 3] = ["genesis", "joining", "batch-member"];

#[test]
fn golden_lines_are_read_and_written_as_ever() {
    let events = GOLDEN.map(|name| fs::read(fixture(&format!("golden/v1/{name}.event"))).expect("it is there"));
    let written: String = events.iter().map(|event| ndjson::line(event).expect("it is text")).collect();
    let path = fixture("golden/exported-event-v1.ndjson");
    if !path.exists() && std::env::var_os("SERVANDA_BLESS_NEW").is_some_and(|value| value == "1") {
        fs::write(&path, &written).expect("it can be written");
    }
    let golden = fs::read(&path).expect("it is there");
    assert_eq!(String::from_utf8_lossy(&golden), written);
    let read: Vec<_> = ndjson::lines(golden.as_slice()).map(|line| line.expect("it is a line").1.bytes).collect();
    assert_eq!(read, events);
}

#[test]
fn no_cell_of_a_table_is_a_formula_and_commas_stay_in_their_cell() {
    let desk = Desk::new();
    let name = "=HYPERLINK(\"http://x.example\",\"a, b\")";
    let parties =
        [("a", name), ("b", "@SUM(1+1)"), ("c", "-2+3"), ("d", "+4"), ("e", "'=5"), ("f", "'s-Hertogenbosch")];
    let mut told: Vec<Value> =
        parties.map(|(id, name)| json!({"kind": "party", "id": id, "name": name, "type": "state"})).into();
    told.push(json!({"kind": "agreement", "id": "pact", "title": "=Pact", "type": "programme"}));
    told.extend(parties.map(|(id, _)| {
        json!({"kind": "joining", "id": format!("{id}-joins"), "party": id, "agreement": "pact", "occurred": "-0044",
               "stay": "=stay", "evidence": [{"source": {"publisher": name, "grade": "press"}}]})
    }));
    desk.write("a.json", json!({"evidence": {"none": "x"}, "announcements": told}).to_string());
    let answer = desk.run("append --init --ledger ilrs.servanda a.json");
    assert_eq!(answer.code, 0, "{}", answer.err);
    let lines = [
        "csv members pact --on 2000-01-01",
        "csv history",
        "csv actions",
        "country-years --from -44 --to -43 --resolve any-day-possible",
    ];
    let tables = lines.map(|line| table(&desk, line));
    for (line, table) in lines.iter().zip(&tables) {
        for cell in table.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{line}: {cell}");
        }
    }
    let column = |table: &[Vec<String>], name: &str| {
        let at = table[0].iter().position(|column| column == name).expect("it is a column");
        table[1..].iter().map(|row| row[at].clone()).collect::<Vec<_>>()
    };
    let expected = parties.map(|(_, name)| if name.starts_with("'s") { name.to_owned() } else { format!("'{name}") });
    assert_eq!(column(&tables[0], "name"), expected);
    assert_eq!(column(&tables[2], "publisher")[0], format!("'{name}"));
    assert_eq!(
        (&column(&tables[2], "occurred")[0], &column(&tables[2], "stay")[0]),
        (&"'-0044".into(), &"'=stay".into())
    );
    assert_eq!(column(&tables[3], "year")[..2], ["'-44", "'-43"]);
    let raw = desk.run("export csv members pact --on 2000-01-01 --ledger ilrs.servanda").out;
    assert!(raw.contains("\"'=HYPERLINK(\"\"http://x.example\"\",\"\"a, b\"\")\""), "{raw}");
}

#[test]
fn every_act_of_the_founding_case_is_a_row_and_what_was_struck_is_there() {
    let acts = table(all(), "csv actions");
    let events = ask(all(), "log")["events"].clone();
    let acting = ["joining", "memorandum", "departure", "suspension", "statement"];
    let expected =
        events.as_array().expect("events").iter().filter(|event| acting.iter().any(|kind| event["kind"] == *kind));
    let mut seqs: Vec<String> = acts[1..].iter().map(|row| row[29].clone()).collect();
    seqs.dedup();
    assert_eq!(seqs, expected.map(|event| event["seq"].to_string()).collect::<Vec<_>>());
    let pakistan = acts.iter().find(|row| row[28] == "pakistan-joins-ilrs").expect("it is there");
    assert_eq!(pakistan[..6], ["ilrs", "pakistan", "PK", "PAK", "joining", "signature"]);
    assert_eq!(
        (&pakistan[7], &pakistan[24], &pakistan[30]),
        (&"suparco".into(), &"Technology Times".into(), &String::new())
    );
    let told = [
        joined("a", "2001").named("one").graded("press"),
        joined("b", "2002").named("two"),
        corrected("one", &joined("a", "2003").with("stay", "s")),
        retracted("two"),
        paused("suspension", "2004"),
    ];
    let given = programme(told);
    let snapshot = &given.snapshot;
    let acts =
        servanda::query::actions::actions(snapshot, servanda::query::Known::default()).expect("all of it is known");
    let said: Vec<_> =
        acts.iter().map(|act| (act.event, act.party.as_deref(), act.occurred.to_string(), act.struck_by)).collect();
    let expected = [
        (1, Some("a"), "2001", Some(3)),
        (2, Some("b"), "2002", Some(4)),
        (3, Some("a"), "2003", None),
        (5, None, "2004", None),
    ];
    assert_eq!(said, expected.map(|(event, party, date, struck)| (event, party, date.to_owned(), struck)));
    assert_eq!((acts[2].publishers.as_slice(), acts[2].stay.as_deref()), (&["Somebody".to_owned()][..], Some("s")));
}

/// What `members` answers of each party on every day of a year: the highest certain status and the highest possible.
fn daily(given: &Given, year: i32) -> BTreeMap<String, Vec<(Status, Status)>> {
    let first = Day::from_ymd(year, 1, 1).expect("a day");
    let days = std::iter::successors(Some(first), |day| Some(day.next()).filter(|day| day.ymd().0 == year));
    let mut found: BTreeMap<String, Vec<(Status, Status)>> = BTreeMap::new();
    for row in days.flat_map(|day| given.answer(&day.to_string()).members) {
        found.entry(row.party).or_default().push((row.at_least, row.status));
    }
    found
}

/// What these come to for the whole year.
fn resolved(days: &[(Status, Status)], resolver: Resolver) -> (Status, Certainty) {
    let certain = || days.iter().map(|(certain, _)| *certain);
    let highest = certain().max();
    let status = match resolver {
        Resolver::AnyDayCertain => highest,
        Resolver::AnyDayPossible => days.iter().map(|(_, possible)| *possible).max(),
        Resolver::EveryDayCertain => certain().min(),
        Resolver::OnFirstOfJanuary => certain().next(),
        Resolver::OnLastOfDecember => certain().next_back(),
    };
    let is_certain = resolver != Resolver::AnyDayPossible || status == highest;
    (status.expect("a year has days"), if is_certain { Certainty::Certain } else { Certainty::Possible })
}

/// The rows of a year, as the question gives them.
fn asked(
    given: &Given,
    reported: Reported,
    year: i32,
    resolver: Resolver,
    at_least: Status,
) -> BTreeMap<String, (Status, Certainty)> {
    let at = Standpoint { reported, ..Standpoint::on(day("2026-01-01")) };
    let question = Question { from: Some(year), to: Some(year), resolver, at_least, ..Question::of(at) };
    let snapshot = &given.snapshot;
    let answer = years(snapshot, question).expect("the pact is described");
    answer.rows.into_iter().map(|row| (row.party, (row.status, row.certainty))).collect()
}

#[track_caller]
fn follows_from_members(given: &Given, reported: Reported, year: i32) {
    let daily = daily(given, year);
    for resolver in Resolver::ALL {
        for at_least in [Status::Member, Status::Prospective] {
            let all = daily.iter().map(|(party, days)| (party.clone(), resolved(days, *resolver)));
            let expected = all.filter(|(_, (status, _))| *status >= at_least).collect();
            assert_eq!(asked(given, reported, year, *resolver, at_least), expected, "{resolver} {at_least} {year}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_year_says_what_members_answers_on_its_days(told in history(), (kind, own) in rules(), year in 1999..2012_i32) {
        let given = pact_with(kind, &own, told);
        follows_from_members(&given, Reported::LeftOut, year);
        follows_from_members(&given.with_reported(), Reported::Included, year);
    }
}

#[test]
fn years_go_by_the_rules_that_the_agreement_has_on_each_day() {
    let later = told("agreement", json!({"id": "pact", "title": "Pact", "type": "programme", "from": "2003-07-01"}));
    let given = treaty([
        did("a", "signature", "2001-05-01"),
        later,
        left("a", "2005-12-31"),
        did("b", "ratification", "[2002-11..2003-02]"),
    ]);
    for year in 2001..=2006 {
        follows_from_members(&given, Reported::LeftOut, year);
    }
    let on = |year, resolver| asked(&given, Reported::LeftOut, year, resolver, Status::Member).contains_key("a");
    assert_eq!((on(2003, Resolver::OnFirstOfJanuary), on(2003, Resolver::OnLastOfDecember)), (false, true));
    assert_eq!((on(2005, Resolver::AnyDayCertain), on(2005, Resolver::OnLastOfDecember)), (true, false));
}

#[test]
fn country_years_of_the_founding_case_say_what_members_answers_at_the_end_of_each_year() {
    let answer = ask(all(), "export country-years --agreement ilrs --to 2024 --resolve on-31-dec --type state");
    assert_eq!((&answer["from"], &answer["to"], &answer["agreement"]), (&json!(2021), &json!(2024), &json!("ilrs")));
    let rows = answer["rows"].as_array().expect("rows");
    for year in 2021..=2024 {
        let members = ask(all(), &format!("members ilrs --on {year}-12-31 --type state"));
        let certain = members["members"].as_array().expect("rows").iter().filter(|row| row["at_least"] == "member");
        let expected: Vec<&Value> = certain.map(|row| &row["party"]).collect();
        let found: Vec<&Value> = rows.iter().filter(|row| row["year"] == year).map(|row| &row["party"]).collect();
        assert_eq!(found, expected, "{year}");
    }
    assert_eq!(
        rows.iter().filter(|row| row["party"] == "pakistan").map(|row| &row["year"]).collect::<Vec<_>>(),
        [2023, 2024]
    );
    assert!(rows.iter().all(|row| row["country"].as_str().is_some_and(|code| code.len() == 2)));
    let table = table(all(), "country-years");
    let russia: Vec<_> = table.iter().filter(|row| row[1] == "russia").map(|row| row[7].as_str()).collect();
    assert_eq!(russia, ["2021", "2022", "2023"], "without years given, from the first turn to the last");
}

#[test]
fn years_that_cannot_be_are_refused() {
    for (line, said) in [
        ("--from 2024 --to 2023", "--from is after --to"),
        ("--from 10000", "9999"),
        ("--resolve mid", "any-day-certain"),
        ("--at-least former", "prospective"),
    ] {
        let answer = all().run(&format!("export country-years {line} --ledger ilrs.servanda"));
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{line}");
        assert!(answer.err.contains(said), "{line}: {}", answer.err);
    }
    let unknown = all().run("export country-years --agreement ilsr --ledger ilrs.servanda");
    assert!(unknown.code == 3 && unknown.err.contains("did you mean `ilrs`"), "{}", unknown.err);
}
