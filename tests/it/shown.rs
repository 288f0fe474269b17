//! What a ledger may hold is not always safe to print: quotes keep their source's hidden characters, and names may look
//! like formulas to a spreadsheet. No answer of any command in any form passes them on.

use crate::hostile::run;
use crate::support::Desk;

/// A document that reorders, hides and drives a terminal; the quotes are taken from it.
const DOCUMENT: &str =
    "plain words\nabc \u{202e}drow\u{202c} xyz\nin\u{200b}visible\nso\u{ad}ft\n\u{1b}[31mred\u{1b}[0m\r\u{9b}2J\n";

const FILE: &str = r#"{
  "source": {"publisher": "=cmd|'/C calc'!A0", "title": "@SUM(A1)", "grade": "press", "document": "hostile.md"},
  "announced": "2023-10-20",
  "announcements": [
    {"kind": "party", "id": "plus", "name": "+1", "type": "state", "quote": "abc \u202edrow\u202c xyz"},
    {"kind": "party", "id": "minus", "name": "-1+1", "type": "state", "quote": "in\u200bvisible"},
    {"kind": "party", "id": "at", "name": "@x", "type": "state", "quote": "so\u00adft"},
    {"kind": "party", "id": "wide", "name": "＝1", "type": "state"},
    {"kind": "agreement", "id": "pact", "title": "=1+1", "type": "programme"},
    {"kind": "joining", "party": "plus", "agreement": "pact", "occurred": "2023", "quote": "plain words"},
    {"kind": "joining", "party": "minus", "agreement": "pact", "occurred": "2023", "quote": "abc \u202edrow\u202c"},
    {"kind": "joining", "party": "at", "agreement": "pact", "occurred": "2023"},
    {"kind": "joining", "party": "wide", "agreement": "pact", "occurred": "2023"}
  ]
}"#;

const QUESTIONS: &[&str] = &[
    "log",
    "show 1",
    "show 7",
    "history",
    "history pact",
    "history plus",
    "members pact --on 2024-01-01",
    "source list",
    "source show DOCUMENT",
    "source text DOCUMENT",
    "key show",
    "verify",
];

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("hostile.md", DOCUMENT);
    desk.write("file.json", FILE);
    let answer = desk.run("append --init --ledger ledger file.json");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

/// Every answer in that form; [`run`] looks at each character of it.
fn answers(desk: &Desk, format: &str) -> Vec<(String, String)> {
    let sources = desk.run("source list --ledger ledger --json").json();
    let document = sources["sources"][0]["document"]["b3"].as_str().expect("an address").to_owned();
    let answer = |question: &&str| {
        let line = format!("{} --ledger ledger --format {format}", question.replace("DOCUMENT", &document));
        let answer = run(desk, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
        ((*question).to_owned(), answer.out)
    };
    QUESTIONS.iter().map(answer).collect()
}

fn answer_to<'a>(answers: &'a [(String, String)], question: &str) -> &'a str {
    &answers.iter().find(|(asked, _)| asked == question).expect("it was asked").1
}

#[test]
fn tables_show_hidden_characters_by_their_number() {
    let answers = answers(&desk(), "table");
    assert!(answer_to(&answers, "source show DOCUMENT").contains(r"“abc \u{202e}drow\u{202c} xyz”"));
    assert!(answer_to(&answers, "source text DOCUMENT").contains(r"in\u{200b}visible"));
    assert!(answer_to(&answers, "source text DOCUMENT").contains(r"\u{1b}[31mred\u{1b}[0m\u{d}\u{9b}2J"));
    assert!(answer_to(&answers, "show 7").contains("202e"));
}

#[test]
fn json_escapes_hidden_characters_and_reads_as_the_same_text() {
    let answers = answers(&desk(), "json");
    for (question, answer) in answers.iter().filter(|(question, _)| !question.contains("text")) {
        serde_json::from_str::<serde_json::Value>(answer).unwrap_or_else(|error| panic!("{question}: {error}"));
    }
    let event: serde_json::Value = serde_json::from_str(answer_to(&answers, "show 7")).expect("it is JSON");
    assert_eq!(event["announcement"]["evidence"][0]["quote"], "abc \u{202e}drow\u{202c}");
}

#[test]
fn ndjson_is_one_document_a_line() {
    for (question, answer) in answers(&desk(), "ndjson").iter().filter(|(question, _)| !question.contains("text")) {
        for line in answer.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{question}: {error}"));
        }
    }
}

#[test]
fn no_cell_of_csv_is_a_formula() {
    let answers = answers(&desk(), "csv");
    let mut defused = 0;
    for (question, answer) in
        answers.iter().filter(|(question, _)| !["show", "source text"].iter().any(|own| question.starts_with(own)))
    {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(answer.as_bytes());
        for row in reader.records() {
            for cell in &row.unwrap_or_else(|error| panic!("{question}: {error}")) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '＝', '\t', '\r']), "{question}: {cell}");
                defused += usize::from(cell.starts_with('\''));
            }
        }
    }
    assert!(defused > 10, "names that look like formulas were not shown at all: {defused}");
}
