//! Announcement files mean the same in every format, and an append of them can be repeated.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use servanda::domain::announcement::{Kind, Standing};
use servanda::event::Recorded;
use servanda::exchange::announcement_file::AnnouncementFile;
use servanda::exchange::template::template;
use servanda::exchange::tree::Format;
use servanda::ledger::Folder;

use crate::support::{Answer, Desk, read};

const YAML: &str = "\
announced: 2023-10-20
source: { publisher: P, title: T, grade: host, document: note.md }
announcements:
  - { kind: party, id: pakistan, name: \"Pakistan\", type: state, country: PK }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme }
  - kind: joining
    party: pakistan
    agreement: ilrs
    act: signature
    occurred: 2023-10-18~
    scope: [development, training]
    signatories: [{ name: Zhang Kejian, office: administrator }]
    quote: signed the agreement
  - { kind: count, agreement: ilrs, number: 7, of: states, on: 2023-10 }
";

const TOML: &str = r#"
announced = 2023-10-20

[source]
publisher = "P"
title = "T"
grade = "host"
document = "note.md"

[[announcements]]
kind = "party"
id = "pakistan"
name = "Pakistan"
type = "state"
country = "PK"

[[announcements]]
kind = "agreement"
id = "ilrs"
title = "ILRS"
type = "programme"

[[announcements]]
kind = "joining"
party = "pakistan"
agreement = "ilrs"
act = "signature"
occurred = "2023-10-18~"
scope = ["development", "training"]
signatories = [{ name = "Zhang Kejian", office = "administrator" }]
quote = "signed the agreement"

[[announcements]]
kind = "count"
agreement = "ilrs"
number = 7
of = "states"
on = "2023-10"
"#;

const JSON: &str = r#"{
  "announced": "2023-10-20",
  "source": {"publisher": "P", "title": "T", "grade": "host", "document": "note.md"},
  "announcements": [
    {"kind": "party", "id": "pakistan", "name": "P\u0061kistan", "type": "state", "country": "PK"},
    {"kind": "agreement", "id": "ilrs", "title": "ILRS", "type": "programme"},
    {"kind": "joining", "party": "pakistan", "agreement": "ilrs", "act": "signature", "occurred": "2023-10-18~",
     "scope": ["development", "training"], "signatories": [{"name": "Zhang Kejian", "office": "administrator"}],
     "quote": "signed the agreement"},
    {"kind": "count", "agreement": "ilrs", "number": 7, "of": "states", "on": "2023-10"}
  ]
}"#;

const THINGS: &str = "\
evidence: { none: made up for a test }
announcements:
  - { kind: party, id: Pakistan, name: Pakistan, type: state }
  - { kind: agreement, id: ILRS, title: ILRS, type: programme }
";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("note.md", "Pakistan signed the agreement on 18 October.\n");
    desk.write("other.md", "Islamabad has joined.\n");
    desk
}

fn append(desk: &Desk, rest: &str) -> Answer {
    desk.run(&format!("append --init --ledger ledger {rest}"))
}

fn admitted(desk: &Desk, name: &str, content: &str) -> Answer {
    desk.write(name, content);
    let answer = append(desk, name);
    assert_eq!(answer.code, 0, "{}", answer.err);
    answer
}

fn refused(desk: &Desk, name: &str, content: &str, said: &[&str]) {
    desk.write(name, content);
    let answer = append(desk, name);
    assert_eq!(answer.code, 1, "{}", answer.err);
    for words in said {
        assert!(answer.err.contains(words), "no `{words}`: {}", answer.err);
    }
}

fn events(desk: &Desk) -> Vec<Recorded> {
    read(&Folder::at(desk.path().join("ledger"))).1.events
}

fn contents(desk: &Desk) -> Vec<String> {
    events(desk)[1..].iter().map(|event| servanda::event::statement::content(&event.announcement).to_string()).collect()
}

/// The same announcements one a line, each with what stands at the top of the others.
fn ndjson() -> String {
    let file: serde_json::Value = serde_json::from_str(JSON).expect("it is JSON");
    let line = |announcement: &serde_json::Value| {
        let mut announcement = announcement.clone();
        announcement["announced"] = file["announced"].clone();
        announcement["source"] = file["source"].clone();
        format!("{announcement}\n\n")
    };
    file["announcements"].as_array().expect("a list").iter().map(line).collect()
}

#[test]
fn the_same_content_makes_the_same_events_in_every_format() {
    let ids = |desk: &Desk| events(desk)[1..].iter().map(|event| event.id.to_string()).collect::<Vec<_>>();
    let yaml = desk();
    admitted(&yaml, "a.yaml", YAML);
    for (name, text) in [("a.toml", TOML), ("a.json", JSON), ("a.ndjson", &ndjson())] {
        let other = desk();
        admitted(&other, name, text);
        assert_eq!(contents(&other), contents(&yaml), "{name}");
        assert_eq!(ids(&other), ids(&yaml), "{name}");
        let again = admitted(&yaml, name, text);
        assert!(again.out.contains(&format!("{name}: already there (4 announcements)")), "{}", again.out);
    }
}

#[test]
fn what_stands_at_the_top_holds_where_nothing_else_is_said() {
    let desk = desk();
    let text = "\
announced: 2023-10-20
standing: reported
source: { publisher: Top, grade: host, document: note.md }
announcements:
  - { kind: party, id: a, name: A, type: state, quote: signed the agreement }
  - { kind: party, id: b, name: B, type: state, announced: 2024, standing: confirmed }
  - { kind: party, id: c, name: C, type: state, source: { publisher: Own, grade: press } }
  - { kind: party, id: d, name: D, type: state, evidence: { none: nobody says so } }
";
    admitted(&desk, "a.yaml", text);
    let events = events(&desk);
    let [_, a, b, c, d] = &events[..] else { panic!("four and the genesis") };
    let dates = [a, b, c, d].map(|event| event.announcement.announced.as_ref().map(ToString::to_string));
    assert_eq!(dates.map(Option::unwrap_or_default), ["2023-10-20", "2024", "2023-10-20", "2023-10-20"]);
    assert_eq!(a.announcement.standing, Standing::Reported);
    assert_eq!(b.announcement.standing, Standing::Confirmed);
    let publisher = |event: &Recorded| event.announcement.evidence.first().map(|used| used.source.publisher.clone());
    assert_eq!([a, b, c, d].map(publisher), [Some("Top".into()), Some("Top".into()), Some("Own".into()), None]);
    assert_eq!(a.announcement.evidence[0].quote.as_deref(), Some("signed the agreement"));
    assert_eq!(a.announcement.evidence[0].at, Some((9, 29)));
    assert_eq!(d.announcement.no_evidence.as_deref(), Some("nobody says so"));
}

#[test]
fn a_quote_is_found_in_whichever_source_has_it_or_in_the_one_that_it_belongs_to() {
    let desk = desk();
    let sources = "\
announcements:
  - kind: party
    id: a
    name: A
    type: state
    source:
      - { publisher: One, grade: host, document: note.md }
      - { publisher: Two, grade: press, document: other.md }
    quote: [has joined, signed the agreement]
  - kind: party
    id: b
    name: B
    type: state
    evidence:
      - { source: { publisher: One, grade: host, document: note.md }, quote: on 18 October }
      - { source: { publisher: Two, grade: press, document: other.md }, quote: [Islamabad, joined] }
";
    admitted(&desk, "a.yaml", sources);
    let found = |event: &Recorded| -> Vec<(String, String)> {
        let quoted = event.announcement.evidence.iter();
        quoted.map(|used| (used.source.publisher.clone(), used.quote.clone().unwrap_or_default())).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(publisher, quote)| ((*publisher).to_owned(), (*quote).to_owned())).collect()
    };
    let events = events(&desk);
    assert_eq!(found(&events[1]), pairs(&[("One", "signed the agreement"), ("Two", "has joined")]));
    let expected = pairs(&[("One", "on 18 October"), ("Two", "Islamabad"), ("Two", "joined")]);
    assert_eq!(found(&events[2]), expected);

    // What belongs to one source is not looked for in the other.
    let swapped = sources.replace("quote: on 18 October", "quote: has joined").replace("id: b", "id: c");
    refused(&desk, "b.yaml", &swapped, &["E0504", "b.yaml:15:78"]);
}

#[test]
fn what_rests_on_nothing_is_shown_in_every_answer_that_rests_on_it() {
    let desk = desk();
    let text = format!("{THINGS}  - {{ kind: joining, party: pakistan, agreement: ilrs, occurred: 2023-10-18 }}\n");
    admitted(&desk, "a.yaml", &text);
    let answer = desk.run("members ilrs --on 2024-01-01 --json --ledger ledger").json();
    assert_eq!(answer["members"][0]["party"], "Pakistan");
    assert_eq!(answer["members"][0]["without_evidence"], true, "{answer}");
}

#[test]
fn standard_input_is_a_file_too() {
    let desk = desk();
    let mut command = desk.command(["append", "--init", "--ledger", "ledger", "-"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("a pipe").write_all(YAML.as_bytes()).expect("it reads");
    let answer = Answer::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.starts_with("standard input: events 1–4\n"), "{}", answer.out);
}

#[test]
fn a_folder_is_its_announcement_files_in_the_order_of_their_names() {
    let desk = desk();
    let party = |id: &str| {
        format!("evidence: {{ none: x }}\nannouncements: [{{ kind: party, id: {id}, name: X, type: state }}]\n")
    };
    for (name, id) in [("10.yaml", "second"), ("2.YML", "third"), ("02.yaml", "first")] {
        desk.write(&format!("in/{name}"), party(id));
    }
    desk.write("in/README.md", "not one");
    desk.write("in/sources/01.yaml", party("below"));
    let answer = append(&desk, "in");
    assert_eq!(answer.code, 0, "{}", answer.err);
    let ids: Vec<String> = events(&desk)[1..].iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids, ["party:first", "party:second", "party:third"]);
    for name in ["in/02.yaml: ", "in/10.yaml: ", "in/2.YML: "] {
        assert!(answer.out.contains(name), "{}", answer.out);
    }
}

#[test]
fn the_same_id_is_the_same_announcement_or_refused_with_the_difference() {
    let desk = desk();
    admitted(&desk, "things.yaml", THINGS);
    let joining = "evidence: { none: x }\nannouncements:\n  - { kind: joining, id: Joins, party: pakistan, agreement: ilrs, occurred: 2023-10-18, role: member }\n";
    admitted(&desk, "a.yaml", joining);
    let head = events(&desk).len();
    assert!(admitted(&desk, "a.yaml", joining).out.contains("already there (1 announcement)"));
    let report = desk.run("append --ledger ledger a.yaml --json").json();
    assert_eq!(report["files"][0]["already"], serde_json::json!([{"line": 3, "event": 3}]));

    let other = joining.replace("18, role: member", "19");
    let difference = [
        "E0304",
        "occurred is `2023-10-18` there and `2023-10-19` here",
        "role is `member` there and nothing here",
        "event 3",
    ];
    refused(&desk, "b.yaml", &other, &difference);
    refused(&desk, "c.yaml", &joining.replace("Joins", "joins"), &["E0302", "`Joins`"]);
    assert_eq!(events(&desk).len(), head);

    // Another source makes another announcement of the same fact.
    let sourced =
        joining.replace("evidence: { none: x }", "source: { publisher: P, grade: press }").replace(" id: Joins,", "");
    admitted(&desk, "d.yaml", &sourced);
    admitted(&desk, "e.yaml", &sourced.replace("publisher: P", "publisher: Q"));
    assert_eq!(events(&desk).len(), head + 2);
}

#[test]
fn a_thing_is_described_once_or_from_a_day_on() {
    let desk = desk();
    admitted(&desk, "things.yaml", THINGS);
    assert!(admitted(&desk, "things.yaml", THINGS).out.contains("already there (2 announcements)"));
    let renamed = "evidence: { none: x }\nannouncements:\n  - { kind: party, id: Pakistan, name: Land of the Pure, type: state }\n";
    refused(&desk, "b.yaml", renamed, &["E0303", "name is `Pakistan` there and `Land of the Pure` here", "from: DATE"]);
    admitted(&desk, "c.yaml", &renamed.replace("state }", "state, from: 2024 }"));
    assert_eq!(events(&desk).last().map(|event| event.id.to_string()).as_deref(), Some("party:Pakistan@2024"));
    refused(&desk, "d.yaml", &renamed.replace("id: Pakistan", "id: pakistan"), &["E0302", "use `Pakistan`"]);
}

#[test]
fn things_are_found_whatever_the_case_and_written_as_described() {
    let desk = desk();
    admitted(&desk, "things.yaml", THINGS);
    admitted(
        &desk,
        "a.yaml",
        "evidence: { none: x }\nannouncements:\n  - { kind: joining, party: PAKISTAN, agreement: ilrs, occurred: 2023 }\n",
    );
    let content = contents(&desk).pop().expect("it was appended");
    assert!(content.contains("\"Pakistan\"") && content.contains("\"ILRS\""), "{content}");
}

#[test]
fn what_cannot_follow_is_warned_of_and_refused_only_when_strict() {
    let desk = desk();
    let text = format!(
        "{THINGS}  - {{ kind: joining, party: pakistan, agreement: ilrs, occurred: 2023 }}\n  - {{ kind: departure, party: pakistan, agreement: ilrs, act: withdrawal, occurred: 2020 }}\n"
    );
    desk.write("a.yaml", text);
    let strict = append(&desk, "--strict a.yaml");
    assert_eq!(strict.code, 1, "{}", strict.err);
    assert!(strict.err.contains("W0901") && strict.err.contains("without --strict"), "{}", strict.err);
    assert!(!desk.path().join("ledger").exists());
    let admitted = append(&desk, "a.yaml");
    assert_eq!(admitted.code, 0, "{}", admitted.err);
    assert!(admitted.err.contains("warning[W0901]"), "{}", admitted.err);
    assert_eq!(events(&desk).len(), 5);
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_would_be() {
    let desk = desk();
    desk.write("a.yaml", YAML);
    let first = append(&desk, "--dry-run a.yaml");
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.out.contains("would append 4 events") && !desk.path().join("ledger").exists(), "{}", first.out);
    admitted(&desk, "things.yaml", THINGS);
    let before = events(&desk).len();
    desk.write("b.yaml", "source: { publisher: P, grade: press, document: other.md }\nannouncements:\n  - { kind: party, id: x, name: X, type: state }\n");
    let second = append(&desk, "--dry-run b.yaml");
    assert!(second.out.contains("would append 1 event"), "{}", second.out);
    assert_eq!(events(&desk).len(), before);
    let kept = std::fs::read_dir(desk.path().join("ledger/documents")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "the document of a dry run is not kept");
}

#[test]
fn a_text_that_is_not_in_normal_form_is_recorded_in_it_and_that_is_said() {
    let desk = desk();
    let answer = admitted(
        &desk,
        "a.yaml",
        "evidence: { none: x }\nannouncements:\n  - { kind: party, id: ci, name: Co\u{302}te d’Ivoire, type: state }\n",
    );
    assert!(answer.err.contains("warning[W0902]") && answer.err.contains("a.yaml:3:34"), "{}", answer.err);
    assert!(contents(&desk)[0].contains("C\u{f4}te d’Ivoire"));
}

#[test]
fn the_library_reads_a_file_and_knows_the_line_of_each_draft() {
    let desk = desk();
    let file = AnnouncementFile::read("a.yaml", Some(Format::Yaml), YAML.as_bytes(), desk.path());
    assert_eq!(file.problems, []);
    assert_eq!([0, 1, 2, 3].map(|draft| file.line(draft)), [4, 5, 6, 14]);
    let elsewhere = AnnouncementFile::read("a.yaml", None, YAML.as_bytes(), Path::new("nowhere"));
    assert_eq!(elsewhere.problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["E0502"]);
}

/// What the templates name: their example ids, described and announced.
const EXAMPLES: &str = "\
evidence: { none: made up for a test }
announcements:
  - { kind: party, id: example-state, name: Example state, type: state }
  - { kind: agreement, id: example-agreement, title: Example agreement, type: programme }
  - { kind: mission, id: example-mission, title: Example mission }
  - { kind: milestone, id: example-announcement, agreement: example-agreement, act: opened, occurred: 2020 }
  - { kind: joining, party: example-state, agreement: example-agreement, occurred: 2020 }
";

#[test]
fn every_template_is_accepted_once_what_it_names_is_described() {
    let desk = desk();
    desk.write("sources/example.md", "The exact passage");
    admitted(&desk, "examples.yaml", EXAMPLES);
    let mut tried = 0;
    // These name keys and roles that only a ledger itself can bring.
    let of_this_ledger = [Kind::RecorderRevoked, Kind::LogKeyChanged, Kind::Attestation];
    let kinds = Kind::ALL.iter().filter(|kind| template(**kind).is_some() && !of_this_ledger.contains(kind));
    for kind in kinds {
        let printed = desk.run(&format!("template {kind}"));
        // A thing is described once: what the template describes is another.
        let text = if kind.is_description() {
            printed.out.replace("\n    id: example-", "\n    id: new-")
        } else {
            printed.out
        };
        desk.write("template.yaml", text);
        let answer = append(&desk, "--dry-run template.yaml");
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{kind}");
        tried += 1;
    }
    assert!(tried > 15, "{tried} templates");
}
