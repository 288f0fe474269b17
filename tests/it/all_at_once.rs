//! Everything that is wrong is told at once, and each thing once: what only follows from another mistake is not one.

use std::fs;

use crate::support::{Answer, Desk};

const TOP: &str = "evidence: { none: made up for a test }\nannouncements:\n";

/// Codes with the places at which they are told, in the order of the answer.
fn told(answer: &Answer) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for line in answer.err.lines() {
        if let Some(code) = line.strip_prefix("error[") {
            told.push((code[..5].to_owned(), String::new()));
        } else if let (Some(place), Some(last)) = (line.trim_start().strip_prefix("--> "), told.last_mut()) {
            place.clone_into(&mut last.1);
        }
    }
    told
}

/// Appends the files, of which the announcements are given, and compares everything that is told.
fn check(files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let desk = Desk::new();
    let mut line = "append --init --ledger ledger".to_owned();
    for (name, text) in files {
        desk.write(name, if text.starts_with("  - ") { format!("{TOP}{text}") } else { (*text).to_owned() });
        line.extend([" ", name]);
    }
    let answer = desk.run(&line);
    let found = told(&answer);
    let found: Vec<(&str, &str)> = found.iter().map(|(code, place)| (code.as_str(), place.as_str())).collect();
    assert_eq!(found, expected, "{}", answer.err);
    assert_eq!(answer.code, i32::from(!expected.is_empty()), "{}", answer.err);
    let number = if expected.len() == 1 { "1 problem;".to_owned() } else { format!("{} problems;", expected.len()) };
    assert!(expected.is_empty() || answer.err.contains(&number), "{}", answer.err);
}

#[test]
fn five_mistakes_in_five_announcements_are_all_told() {
    let text = "  - { kind: party, id: china, name: China, type: stat }
  - { kind: party, id: cnsa, name: CNSA, type: agency, colour: red }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme, parent: moon }
  - { kind: joining, party: china, agreement: ilrs, occurred: 2023-13-01 }
  - { kind: party, id: suparco, name: \"SUPARCO\\e[2J\", type: agency }
";
    let expected = [
        ("E0110", "a.yaml:3:50"),
        ("E0107", "a.yaml:4:56"),
        ("E0301", "a.yaml:5:72"),
        ("E0201", "a.yaml:6:63"),
        ("E0601", "a.yaml:7:39"),
    ];
    check(&[("a.yaml", text)], &expected);
}

#[test]
fn a_key_that_is_misspelt_is_not_missing_as_well() {
    let text = "  - { kind: party, id: a, nmae: A, type: agency }
  - { kind: joining, party: a, agreement: a, ocurred: 2023 }
";
    check(&[("a.yaml", text)], &[("E0107", "a.yaml:3:27"), ("E0301", "a.yaml:4:43"), ("E0107", "a.yaml:4:46")]);
}

#[test]
fn one_announcement_tells_each_of_its_mistakes() {
    let text = "  - { kind: joining, party: a b, agreement: ilrs, act: sign, occurred: 2023-02-30, colour: red }\n";
    let expected = [
        ("E0111", "a.yaml:3:29"),
        ("E0301", "a.yaml:3:45"),
        ("E0110", "a.yaml:3:56"),
        ("E0201", "a.yaml:3:72"),
        ("E0107", "a.yaml:3:84"),
    ];
    check(&[("a.yaml", text)], &expected);
}

#[test]
fn a_broken_announcement_without_a_source_lacks_that_too() {
    let text = "announcements:\n  - { kind: party, id: china, name: China, type: stat }\n";
    check(&[("a.yaml", text)], &[("E0501", "a.yaml:2:13"), ("E0110", "a.yaml:2:50")]);
}

#[test]
fn the_mistakes_of_several_files_are_told_together() {
    let files = [
        ("a.yaml", "  - { kind: party, id: china, name: China, type: stat }\n"),
        ("b.yaml", "announcements: [\n"),
        ("c.toml", "[[announcements]]\nkind = \"party\"\nid = \"x\"\nname = \"X\"\ntype = \"agency\"\n"),
        ("d.json", "{\"announcements\": [{\"kind\": \"joning\"}]}"),
    ];
    let expected =
        [("E0110", "a.yaml:3:50"), ("E0101", "b.yaml:1:16"), ("E0501", "c.toml:2:8"), ("E0110", "d.json:1:29")];
    check(&files, &expected);
}

#[test]
fn naming_what_is_described_wrongly_is_no_second_mistake() {
    let joining = "  - { kind: joining, party: China, agreement: ilrs, occurred: 2023 }\n";
    let ilrs = "  - { kind: agreement, id: ilrs, title: ILRS, type: programme }\n";
    let unreadable = "  - { kind: party, id: china, name: China, type: stat }\n";
    let inadmissible = "  - { kind: party, id: china, name: \"China\\e[2J\", type: state }\n";
    for (wrong, code, place) in [(unreadable, "E0110", "a.yaml:3:50"), (inadmissible, "E0601", "a.yaml:3:37")] {
        let first = format!("{wrong}{ilrs}");
        check(&[("a.yaml", &format!("{first}{joining}"))], &[(code, place)]);
        check(&[("a.yaml", &first), ("b.yaml", joining)], &[(code, place)]);
    }
}

#[test]
fn naming_an_announcement_that_is_wrong_is_no_second_mistake() {
    let things = "  - { kind: agreement, id: ilrs, title: ILRS, type: programme }\n";
    let retraction = "  - { kind: retraction, retracts: Joins, reason: x }\n";
    let unreadable = "  - { kind: milestone, id: joins, agreement: ilrs, act: open, occurred: 2023 }\n";
    let inadmissible = "  - { kind: milestone, id: joins, agreement: moon, act: opened, occurred: 2023 }\n";
    for (wrong, code, place) in [(unreadable, "E0110", "a.yaml:4:57"), (inadmissible, "E0301", "a.yaml:4:46")] {
        let first = format!("{things}{wrong}");
        check(&[("a.yaml", &format!("{first}{retraction}"))], &[(code, place)]);
        check(&[("a.yaml", &first), ("b.yaml", retraction)], &[(code, place)]);
    }
}

#[test]
fn what_rests_on_a_source_that_cannot_be_read_is_no_second_mistake_and_its_other_mistakes_are_told() {
    let text = "\
source: { publisher: P, grade: press, document: missing.md }
announcements:
  - { kind: party, id: china, name: China, type: state, quote: China }
  - { kind: party, id: cnsa, name: CNSA, type: agency, acts_for: chna, quote: CNSA }
";
    check(&[("a.yaml", text)], &[("E0502", "a.yaml:1:49"), ("E0301", "a.yaml:4:66")]);
}

#[test]
fn a_file_may_not_name_what_only_a_later_file_describes() {
    let files = [
        ("a.yaml", "  - { kind: party, id: cnsa, name: CNSA, type: agency, acts_for: china }\n"),
        ("b.yaml", "  - { kind: party, id: china, name: China, type: state }\n"),
    ];
    check(&files, &[("E0301", "a.yaml:3:66")]);
    check(&[files[1], files[0]], &[]);
}

#[test]
fn more_problems_than_anybody_reads_are_counted() {
    let desk = Desk::new();
    desk.write("a.json", format!("{{\"announcements\": [{}1]}}", "1,".repeat(20_000)));
    let answer = desk.run("append --init --ledger ledger a.json");
    assert!(answer.err.ends_with("… and 19951 more\n20001 problems; nothing was appended\n"), "{}", answer.err);
}

#[test]
fn a_key_that_there_is_not_hides_no_other_mistake_of_its_announcement() {
    let things = "  - { kind: party, id: china, name: China, type: state }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme }
  - { kind: joining, id: joins, party: china, agreement: ilrs, occurred: 2021 }
  - { kind: retraction, retracts: joins, reason: x }
";
    let mistakes = "  - { kind: party, id: cnsa, name: \"CNSA\\e[2J\", type: agency, colour: red }
  - { kind: joining, party: china, agreement: ilrs, announced: 2023-10-01, occurred: 2023-10-18, colour: red }
  - { kind: retraction, retracts: nothing, reason: x, colour: red }
  - { kind: retraction, retracts: joins, reason: x, colour: red }
  - { kind: dispute, of: 99, reason: x, colour: red }
";
    let expected = [
        ("E0601", "a.yaml:7:36"),
        ("E0107", "a.yaml:7:63"),
        ("E0203", "a.yaml:8:86"),
        ("E0107", "a.yaml:8:98"),
        ("E0301", "a.yaml:9:35"),
        ("E0107", "a.yaml:9:55"),
        ("E0401", "a.yaml:10:35"),
        ("E0107", "a.yaml:10:53"),
        ("E0301", "a.yaml:11:26"),
        ("E0107", "a.yaml:11:41"),
    ];
    check(&[("a.yaml", &format!("{things}{mistakes}"))], &expected);
}

#[test]
fn what_a_file_that_does_not_parse_would_have_described_is_no_second_mistake() {
    let files = [
        ("a.yaml", "announcements: [\n"),
        ("b.yaml", "  - { kind: party, id: cnsa, name: \"CNSA\\e[2J\", type: agency, acts_for: china }\n"),
    ];
    check(&files, &[("E0101", "a.yaml:1:16"), ("E0601", "b.yaml:3:36")]);
    // What stands before it cannot be described in it.
    let files = [("a.yaml", files[1].1), ("b.yaml", files[0].1)];
    check(&files, &[("E0601", "a.yaml:3:36"), ("E0301", "a.yaml:3:73"), ("E0101", "b.yaml:1:16")]);
}

#[test]
fn files_that_are_not_there_are_all_told_with_the_mistakes_of_the_others() {
    let desk = Desk::new();
    desk.write("a.yaml", format!("{TOP}  - {{ kind: party, id: china, name: China, type: stat, acts_for: x }}\n"));
    desk.write("t.csv", "a,b\n");
    fs::create_dir(desk.path().join("empty")).expect("a folder can be made");
    let answer = desk.run("append --init --ledger ledger gone.yaml a.yaml t.csv empty lost.yaml");
    assert_eq!(answer.code, 3, "{}", answer.err);
    for told in
        ["gone.yaml cannot be read", "E0110", "t.csv is a table", "no announcement file in empty", "lost.yaml cannot"]
    {
        assert!(answer.err.contains(told), "{told}: {}", answer.err);
    }
    assert!(answer.err.ends_with("5 problems; nothing was appended\n"), "{}", answer.err);
    assert!(!desk.path().join("ledger").exists());
}

#[test]
fn what_is_told_twice_beside_a_mistake_hides_it_not() {
    let joining = "  - { kind: joining, party: a, agreement: ag, occurred: 2020-01-01 }\n";
    let things = "  - { kind: party, id: a, name: A, type: state }\n  - { kind: agreement, id: ag, title: Ag, type: programme }\n";
    let text =
        format!("{things}{joining}{joining}  - {{ kind: joining, party: nobody, agreement: ag, occurred: 2020 }}\n");
    check(&[("a.yaml", &text)], &[("E0301", "a.yaml:7:29")]);
}
