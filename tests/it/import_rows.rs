//! Rows of any kind: that they bring their sources, documents and phrases, and that nothing of what a row says is lost.

use std::fs;

use serde_json::{Value, json};

use crate::import::desk_with_ledger;
use crate::support::{Desk, done};

/// A map of what a desk keeps in a spreadsheet.
pub(crate) const MAP: &str = r#"
[columns]
kind = "kind"
party = "who"
party_type = "type"
act = "act"
date = "when"
wording = "words"
announced = "announced"
publisher = "outlet"
grade = "grade"
title = "headline"
url = "link"
published = "published"
retrieved = "fetched"
quote = "phrase"
document = "file"
standing = "standing"
note = "remark"
role = "role"
parties = "parties"
what = "what"
number = "number"
of = "counted"
during = "span"
listed = "listed"
complete = "whole"
aim = "aim"
place = "place"
mission = "mission"
mission_title = "mission_title"
item = "item"
item_type = "item_type"
with = "partners"
signatories = "signed"
summary = "summary"
id = "id"

[constants]
agreement = "ilrs"
agreement_title = "International Lunar Research Station"

[agreements]
type = "programme"

[words]
"newspaper" = "press"
"#;

const COLUMNS: [&str; 35] = [
    "kind",
    "who",
    "type",
    "act",
    "when",
    "words",
    "announced",
    "outlet",
    "grade",
    "headline",
    "link",
    "published",
    "fetched",
    "phrase",
    "file",
    "standing",
    "remark",
    "role",
    "parties",
    "what",
    "number",
    "counted",
    "mission",
    "mission_title",
    "item",
    "item_type",
    "partners",
    "signed",
    "span",
    "listed",
    "whole",
    "aim",
    "place",
    "summary",
    "id",
];

/// A table of these rows; what a row does not say is an empty cell.
pub(crate) fn table(rows: &[&[(&str, &str)]]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("memory takes everything");
    for row in rows {
        assert!(row.iter().all(|(key, _)| COLUMNS.contains(key)), "{row:?}");
        let cell = |column: &&str| row.iter().find(|(key, _)| key == column).map_or("", |(_, cell)| *cell);
        writer.write_record(COLUMNS.iter().map(cell)).expect("memory takes everything");
    }
    String::from_utf8(writer.into_inner().expect("memory takes everything")).expect("it is text")
}

pub(crate) const PAKISTAN: &[(&str, &str)] = &[
    ("who", "PAK"),
    ("act", "signature"),
    ("when", "2023-10-18"),
    ("words", "on Wednesday"),
    ("announced", "2023-10-20"),
    ("outlet", "Technology Times"),
    ("grade", "newspaper"),
    ("headline", "Pakistan joins the ILRS"),
    ("link", "https://example.org/ilrs"),
    ("published", "2023-10-20"),
    ("fetched", "2023-11-02"),
    ("phrase", "Pakistan signed the agreement on Wednesday"),
    ("remark", "seen by two of us"),
    ("signed", "Zhang Kejian (administrator); Moin ul Haque (ambassador)"),
    ("place", "Beijing"),
];

/// A desk with a ledger and the map, and what the import of that table says.
fn imported(desk: &Desk, rows: &[&[(&str, &str)]]) -> Value {
    desk.write("map.toml", MAP);
    desk.write("t.csv", table(rows));
    let answer = desk.run("import csv t.csv --map map.toml --rejects rejects.csv --json");
    assert_eq!(answer.code, 0, "{}", answer.err);
    answer.json()
}

/// The announcements of a ledger by their kinds, those of things that rows describe left out.
fn told(desk: &Desk) -> Vec<Value> {
    let events = desk.run("export ndjson").out;
    let statement = |line: &str| -> Value {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        serde_json::from_str(line["statement"].as_str().expect("it is text")).expect("it is JSON")
    };
    let is_told =
        |event: &Value| !["genesis", "party", "agreement", "mission"].iter().any(|kind| event["kind"] == *kind);
    events.lines().map(statement).filter(is_told).collect()
}

#[test]
fn what_a_row_has_stays_visible_in_why() {
    let desk = desk_with_ledger();
    let account = imported(&desk, &[PAKISTAN]);
    assert_eq!((&account["events"], &account["rejected"]), (&json!(1), &json!(0)), "{account}");
    let why = desk.run("why PAK ilrs --on 2023-10-19");
    done(&why);
    for shown in [
        "on Wednesday",
        "announced 20 Oct 2023",
        "Technology Times (press), Pakistan joins the ILRS",
        "published 20 Oct 2023, retrieved 2 Nov 2023",
        "https://example.org/ilrs",
        "“Pakistan signed the agreement on Wednesday” (line 1)",
        "note: seen by two of us",
        "row of a table: t.csv",
    ] {
        assert!(why.out.contains(shown), "{shown}: {}", why.out);
    }
    assert!(!why.out.contains("no evidence: imported table\n    note"), "{}", why.out);
    let claim = &desk.run("why PAK ilrs --on 2023-10-19 --json").json()["claims"][0];
    assert_eq!((&claim["note"], &claim["source_ref"]), (&json!("seen by two of us"), &json!("t.csv")));
    assert_eq!(claim["evidence"][0]["retrieved"], "2023-11-02");
    let document = claim["evidence"][0]["document"].as_str().expect("it is kept");
    let text = desk.run(&format!("source text {document}"));
    assert!(text.out.contains("As quoted in a table"), "{}", text.out);
    let body = &told(&desk)[0]["body"];
    assert_eq!(body["signatories"][1], json!({"name": "Moin ul Haque", "office": "ambassador"}));
    assert_eq!(body["place"], "Beijing");
}

#[test]
fn a_row_is_what_its_kind_or_else_its_act_says() {
    let desk = desk_with_ledger();
    let rows: &[&[(&str, &str)]] = &[
        PAKISTAN,
        &[("act", "withdrawal"), ("who", "PAK"), ("when", "2030-01-01")],
        &[
            ("kind", "Statement"),
            ("act", "withdrawal"),
            ("who", "PAK"),
            ("when", "2024"),
            ("summary", "No more doubts."),
        ],
        &[("act", "suspension"), ("who", "PAK"), ("when", "2025")],
        &[
            ("act", "in talks"),
            ("parties", "THA; SRB"),
            ("what", "joining"),
            ("when", "2024"),
            ("announced", "2023-11"),
        ],
        &[
            ("kind", "prospect"),
            ("act", "invited"),
            ("who", "NIC"),
            ("what", "an agreement on data"),
            ("aim", "instrument"),
        ],
        &[("act", "established"), ("when", "2021-06-16")],
        &[("act", "milestone/entry_into_force"), ("when", "2022")],
        &[("kind", "count"), ("number", "9"), ("counted", "States"), ("when", "2024-01-01")],
        &[
            ("act", "count"),
            ("number", "2"),
            ("counted", "signatories"),
            ("span", "2024"),
            ("listed", "PAK; THA"),
            ("whole", "yes"),
        ],
        &[
            ("kind", "contribution"),
            ("act", "launched"),
            ("who", "PAK"),
            ("when", "2024-05-03"),
            ("mission", "change-6"),
            ("mission_title", "Chang'e-6"),
            ("item", "ICUBE-Q"),
            ("item_type", "cubesat"),
            ("partners", "CNSA; SUPARCO"),
            ("type", "state"),
        ],
    ];
    let account = imported(&desk, rows);
    let rejects = fs::read_to_string(desk.path().join("rejects.csv")).expect("rejects were written");
    assert_eq!((&account["events"], &account["missions"]["described"]), (&json!(11), &json!(1)), "{rejects}");
    let told = told(&desk);
    let kinds: Vec<&str> = told.iter().map(|event| event["kind"].as_str().expect("a kind")).collect();
    assert_eq!(
        kinds,
        [
            "joining",
            "departure",
            "statement",
            "suspension",
            "prospect",
            "prospect",
            "milestone",
            "milestone",
            "count",
            "count",
            "contribution"
        ]
    );
    assert_eq!(told[2]["body"]["summary"], "No more doubts.");
    assert_eq!(
        (&told[4]["body"]["parties"], &told[4]["body"]["stage"], &told[4]["body"]["due"]),
        (&json!(["THA", "SRB"]), &json!("in-talks"), &json!("2024"))
    );
    assert_eq!((&told[5]["body"]["parties"], &told[5]["body"]["aim"]), (&json!(["NIC"]), &json!("instrument")));
    assert_eq!(told[7]["body"]["act"], "entry-into-force");
    assert_eq!(
        (&told[8]["body"]["number"], &told[8]["body"]["of"], &told[8]["body"]["on"]),
        (&json!(9), &json!("states"), &json!("2024-01-01"))
    );
    let listed = &told[9]["body"];
    assert_eq!(
        (&listed["during"], &listed["listed"], &listed["complete"], listed.get("on")),
        (&json!("2024"), &json!(["PAK", "THA"]), &json!(true), None)
    );
    assert_eq!(told[10]["body"]["item"], json!({"name": "ICUBE-Q", "type": "cubesat"}));
    assert_eq!(told[10]["body"]["with"], json!(["CNSA", "SUPARCO"]));
    let mission = desk.run("mission change-6 --on 2024-06-01 --json").json();
    let programme = &mission["programme"]["agreement"];
    assert_eq!((&mission["title"], programme), (&json!("Chang'e-6"), &json!("ilrs")), "{mission}");
}

#[test]
fn a_table_that_has_grown_brings_only_its_new_rows() {
    let desk = desk_with_ledger();
    let azerbaijan: &[(&str, &str)] = &[
        ("who", "AZE"),
        ("act", "joint statement"),
        ("when", "2023-10-03"),
        ("outlet", "Technology Times"),
        ("grade", "press"),
        ("phrase", "Azerbaijan came before Pakistan"),
    ];
    let count = |account: &Value| {
        ["rows", "events", "already", "duplicates"].map(|key| account[key].as_u64().expect("a number"))
    };
    assert_eq!(count(&imported(&desk, &[PAKISTAN, azerbaijan, PAKISTAN])), [3, 2, 0, 1]);
    assert_eq!(count(&imported(&desk, &[PAKISTAN, azerbaijan])), [2, 0, 2, 0]);
    let later: &[(&str, &str)] = &[
        ("who", "ZAF"),
        ("act", "signature"),
        ("when", "2023-09"),
        ("outlet", "Technology Times"),
        ("grade", "press"),
        ("phrase", "South Africa too"),
    ];
    assert_eq!(count(&imported(&desk, &[later, azerbaijan, PAKISTAN])), [3, 1, 2, 0]);
}

#[test]
fn a_quote_stands_in_the_document_that_its_row_names() {
    let desk = desk_with_ledger();
    desk.write("sources/page.md", "Reported: Pakistan signed the\nagreement on Wednesday.\n");
    let row = |file: &'static str, phrase: &'static str| {
        vec![
            ("who", "PAK"),
            ("act", "signature"),
            ("when", "2023-10-18"),
            ("outlet", "CNSA"),
            ("grade", "host"),
            ("phrase", phrase),
            ("file", file),
        ]
    };
    let rows = [
        row("sources/page.md", "signed the agreement on Wednesday"),
        row("sources/page.md", "signed nothing"),
        row("sources/other.md", "signed the agreement"),
        row("../page.md", "signed the agreement"),
        row("t.csv", "signed the agreement"),
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(Vec::as_slice).collect();
    let account = imported(&desk, &rows);
    let rejects: Vec<(&str, u64)> = account["rejects"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|of| (of["code"].as_str().expect("a code"), of["rows"].as_u64().expect("a number")))
        .collect();
    assert_eq!((&account["events"], rejects), (&json!(1), vec![("no-document", 3), ("not-admitted", 1)]), "{account}");
    let dry = desk.run("import csv t.csv --map map.toml --dry-run --json").json();
    assert_eq!((&dry["already"], &dry["rejects"]), (&json!(1), &account["rejects"]), "a dry run says what comes");
    let why = desk.run("why PAK ilrs --on 2023-10-19");
    assert!(why.out.contains("“signed the agreement on Wednesday” (line 1)"), "{}", why.out);
}

#[test]
fn a_first_import_founds_the_ledger_and_a_dry_run_leaves_nothing() {
    let desk = Desk::new();
    desk.write("map.toml", MAP);
    let wrong: &[(&str, &str)] =
        &[("who", "AZE"), ("act", "signature"), ("when", "2023-10-18"), ("announced", "2023-10-01")];
    desk.write("t.csv", table(&[PAKISTAN, wrong]));
    assert_eq!(desk.run("import csv t.csv --map map.toml").code, 3);
    let before = fs::read_dir(desk.path()).expect("it can be listed").count();
    let dry = desk.run("import csv t.csv --map map.toml --dry-run --json");
    done(&dry);
    let account = dry.json();
    assert_eq!((&account["events"], &account["rejects"][0]["code"]), (&json!(1), &json!("not-admitted")), "{account}");
    assert_eq!((&account["len"], &account["head"]), (&json!(0), &Value::Null));
    assert_eq!(fs::read_dir(desk.path()).expect("it can be listed").count(), before, "something is left over");
    let first = desk.run("import csv t.csv --map map.toml --init --origin ministry.example/treaties");
    done(&first);
    assert!(first.err.contains("Keep the genesis hash elsewhere"), "{}", first.err);
    done(&desk.run("verify"));
    let again = desk.run("import csv t.csv --map map.toml --init --json").json();
    assert_eq!((&again["events"], &again["already"]), (&json!(0), &json!(1)));
    assert_eq!(desk.run("members ilrs --on 2023-10-19 --json").json()["counts"]["certain"], 1);
}
