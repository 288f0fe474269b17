//! What corrections and retractions may strike: a thing that others name keeps its description under its id, a
//! replacement is held to what any announcement is held to, and the ledger's own word is not taken back.

use crate::support::{Answer, Desk};

const TOP: &str = "evidence: { none: made up for a test }\nannouncements:\n";
const THINGS: &str = "  - { kind: party, id: p, name: P, type: state }
  - { kind: agreement, id: pact, title: Pact, type: treaty }
  - { kind: mission, id: m, title: M }
  - { kind: joining, id: p-signs, party: p, agreement: pact, act: signature, occurred: 2020-01-01 }
";

/// A desk with a ledger of a party, a treaty, a mission and a signature.
fn desk() -> Desk {
    let desk = Desk::new();
    let answer = append(&desk, THINGS, "--init");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

fn append(desk: &Desk, announcements: &str, option: &str) -> Answer {
    desk.write("a.yaml", format!("{TOP}{announcements}"));
    desk.run(&format!("append a.yaml --ledger ledger {option}"))
}

fn refused(announcement: &str, code: &str, words: &str) {
    let answer = append(&desk(), announcement, "");
    assert_eq!(answer.code, 1, "{announcement}: {}", answer.out);
    assert!(answer.err.contains(&format!("error[{code}]")) && answer.err.contains(words), "{}", answer.err);
}

#[test]
fn a_description_is_corrected_under_its_own_id() {
    let correct = |replacement: &str| {
        format!(
            "  - {{ kind: correction, corrects: \"agreement:pact\", because: never-true, replacement: {replacement} }}\n"
        )
    };
    refused(&correct("{ kind: agreement, id: other, title: Other, type: treaty }"), "E0112", "does not describe");
    refused(&correct("{ kind: party, id: pact, name: Pact, type: agency }"), "E0112", "does not describe");
    refused(
        "  - { kind: correction, corrects: \"agreement:pact\", because: never-true }\n",
        "E0112",
        "others may name",
    );
    refused("  - { kind: retraction, retracts: \"party:p\", reason: a mistake }\n", "E0112", "others may name");

    let desk = desk();
    let right = correct("{ kind: agreement, id: pact, title: The Pact, type: programme }");
    assert_eq!(append(&desk, &right, "").code, 0);
    assert_eq!(desk.run("members pact --ledger ledger --json").json()["title"], "The Pact");
    // A programme needs no act, whatever the description said before it was corrected.
    let joining = "  - { kind: joining, id: later, party: p, agreement: pact, occurred: 2021-01-01 }\n";
    let answer = append(&desk, joining, "");
    assert_eq!(answer.code, 0, "{}", answer.err);
    // Taking back the correction brings the first description back.
    let id =
        desk.run("log --last 2 --ledger ledger --json").json()["events"][0]["id"].as_str().expect("an id").to_owned();
    let answer = append(&desk, &format!("  - {{ kind: retraction, retracts: {id}, reason: it was right }}\n"), "");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(desk.run("members pact --ledger ledger --json").json()["title"], "Pact");
}

#[test]
fn a_replacement_is_held_to_what_any_announcement_is_held_to() {
    let correct = |replacement: &str| {
        format!(
            "  - {{ kind: correction, corrects: p-signs, because: better-information, replacement: {replacement} }}\n"
        )
    };
    refused(&correct("{ kind: milestone, act: adopted }"), "E0112", "either `agreement` or `mission`");
    refused(&correct("{ kind: joining, party: p, agreement: pact, occurred: 2020-01-02 }"), "E0108", "needs its `act`");
    let item = "item: { name: x, type: data }, stage: agreed";
    refused(&correct(&format!("{{ kind: contribution, party: p, mission: m, {item} }}")), "E0112", "neither");
    refused(
        &correct("{ kind: joining, party: q, agreement: pact, act: accession, occurred: 2020-01-02 }"),
        "E0301",
        "`q`",
    );
}

#[test]
fn the_ledgers_own_word_is_neither_disputed_nor_taken_back() {
    let desk = desk();
    let genesis = desk.run("show 0 --ledger ledger --json").json()["id"].as_str().expect("an id").to_owned();
    for kind in [
        format!("  - {{ kind: retraction, retracts: {genesis}, reason: no }}\n"),
        format!("  - {{ kind: correction, corrects: {genesis}, because: never-true }}\n"),
        format!("  - {{ kind: dispute, of: {genesis} }}\n"),
        format!("  - {{ kind: confirmation, of: {genesis} }}\n"),
    ] {
        let answer = append(&desk, &kind, "");
        assert_eq!(answer.code, 1, "{kind}");
        assert!(answer.err.contains("error[E0113]") && answer.err.contains("recorder-revoked"), "{}", answer.err);
    }
}

#[test]
fn a_struck_event_says_so_when_it_is_shown() {
    let desk = desk();
    append(&desk, "  - { kind: retraction, retracts: p-signs, reason: the source withdrew it }\n", "");
    assert_eq!(desk.run("show p-signs --ledger ledger --json").json()["struck_by"], 5);
    assert!(desk.run("show p-signs --ledger ledger").out.contains("struck    by event 5\n"));
}

#[test]
fn strictness_looks_at_all_files_before_it_refuses() {
    let desk = desk();
    desk.write(
        "1.yaml",
        format!(
            "{TOP}  - {{ kind: party, id: q, name: Q, type: state }}
  - {{ kind: departure, party: q, agreement: pact, act: withdrawal, occurred: 2021-01-01 }}\n"
        ),
    );
    desk.write(
        "2.yaml",
        format!("{TOP}  - {{ kind: joining, party: q, agreement: pact, act: accession, occurred: 2020-01-01 }}\n"),
    );
    let alone = desk.run("append --strict 1.yaml --ledger ledger");
    assert_eq!(alone.code, 1);
    assert!(alone.err.contains("error[W0901]") && alone.err.contains("1 problem;"), "{}", alone.err);
    let together = desk.run("append --strict 1.yaml 2.yaml --ledger ledger");
    assert_eq!(together.code, 0, "{}", together.err);
    assert!(!together.err.contains("W0901"), "{}", together.err);
}
