//! What is expected of parties, and what that makes of them. The worries are a laboratory that concludes contracts with an
//! organisation's members and is taken for a candidate, and a promise whose day is past that no answer tells of.

use serde_json::{Value, json};
use servanda::query::prospects::{ProspectState, prospects};

use crate::given::{Told, check, day, expected, joined, programme, told};
use crate::support::{Desk, done, refused};

/// A prospect of `a` about the pact, with that aim.
fn aimed(aim: &str) -> Told {
    expected("a", "2015").with("aim", aim)
}

#[test]
fn only_who_is_to_join_is_prospective() {
    for (aim, status) in [("joining", "a prospective"), ("instrument", ""), ("other", "")] {
        check(&programme([aimed(aim)]), "2016-01-01", status);
    }
    check(&programme([expected("a", "2015")]), "2016-01-01", "a prospective");
    let both = [aimed("instrument"), joined("a", "2016-06-01"), aimed("joining").announced("2020")];
    check(&programme(both), "2020-12-31", "a member");
}

#[test]
fn an_instrument_is_not_met_by_joining() {
    let state = |aim: &str| {
        let given = programme([aimed(aim).with("due", "2015-12"), joined("a", "2015-11-01")]);
        let answer = prospects(&given.snapshot, None, given.standpoint(day("2016-01-01"))).expect("nothing is named");
        answer.prospects[0].state
    };
    assert_eq!((state("joining"), state("instrument")), (ProspectState::Met, ProspectState::Overdue));
    let fulfilled = aimed("instrument").with("due", "2015-12").with("fulfilled_by", "signed");
    let signed = told("milestone", json!({"agreement": "pact", "act": "other", "occurred": "2015-12-01"}));
    let given = programme([signed.named("signed").announced("2015-12-02"), fulfilled]);
    let answer = prospects(&given.snapshot, None, given.standpoint(day("2016-01-01"))).expect("nothing is named");
    assert_eq!(answer.prospects[0].state, ProspectState::Met);
}

const HEAD: &str = "evidence: { none: made up for a test }\nannouncements:\n";
const THINGS: &str = "  - { kind: party, id: a, name: A, type: state }\n  - { kind: agreement, id: pact, title: Pact, type: programme }\n";
const PROSPECT: &str = "{ kind: prospect, parties: [a], what: something, stage: in-talks";

#[test]
fn joining_is_expected_only_of_an_agreement_that_is_named() {
    let desk = Desk::new();
    desk.write("a.yaml", format!("{HEAD}{THINGS}  - {PROSPECT}, announced: 2015, aim: joining }}\n"));
    let answer = desk.run("append --init --ledger l a.yaml");
    refused(&answer, "E0112");
    assert!(answer.err.contains("a.yaml:5:"), "{}", answer.err);
    let rest = [", aim: joining, agreement: pact }", ", aim: other }", ", aim: instrument, agreement: pact }", " }"];
    let prospects = rest.map(|rest| format!("  - {PROSPECT}, announced: 2015{rest}\n")).concat();
    desk.write("a.yaml", format!("{HEAD}{THINGS}{prospects}"));
    let answer = desk.run("append --init --ledger l a.yaml");
    done(&answer);
    // What is the default anyway is the same announcement.
    assert!(answer.out.contains("line 8: already event 4"), "{}", answer.out);
}

#[test]
fn what_bears_no_day_of_announcement_is_warned_of_once_an_append() {
    let desk = Desk::new();
    let joining = "  - { kind: joining, party: a, agreement: pact, occurred: 2015 }\n";
    let dispute = "  - { kind: dispute, of: party:a, reason: it is none }\n";
    desk.write("a.yaml", format!("{HEAD}{THINGS}  - {PROSPECT} }}\n{joining}{dispute}"));
    let answer = desk.run("append --init --ledger l a.yaml");
    done(&answer);
    assert_eq!(answer.err.matches("warning[W0905]").count(), 1, "{}", answer.err);
    assert!(answer.err.contains("a.yaml:5:") && answer.err.contains("and of 1 other:"), "{}", answer.err);
    assert!(answer.err.contains("`announced`"), "{}", answer.err);
    let dated = [
        format!("announced: 2015\n{HEAD}{joining}"),
        format!("source: {{ publisher: P, grade: press, published: 2016 }}\nannouncements:\n{joining}"),
        format!("{HEAD}{dispute}"),
    ];
    for text in dated {
        desk.write("b.yaml", text);
        assert!(!desk.run("append --ledger l b.yaml").err.contains("W0905"));
    }
}

#[test]
fn why_tells_what_is_overdue() {
    let desk = Desk::new();
    let due = |aim: &str| format!("  - {PROSPECT}, announced: 2015, agreement: pact, due: 2015-10, aim: {aim} }}\n");
    desk.write("a.yaml", format!("{HEAD}{THINGS}{}", due("joining")));
    desk.write("b.yaml", format!("{HEAD}{THINGS}{}", due("instrument")));
    for (file, row, left_out) in [("a", "prospective", json!([])), ("b", "none", json!(["other-aim"]))] {
        done(&desk.run(&format!("append --init --ledger {file} {file}.yaml")));
        let why = |on: &str| desk.run(&format!("why a pact --on {on} --ledger {file} --json")).json();
        assert_eq!(why("2015-10-31")["overdue"], json!([]));
        let late = why("2015-11-01");
        assert_eq!((&late["overdue"][0]["due"], &late["overdue"][0]["events"]), (&json!("2015-10"), &json!([3])));
        assert_eq!(late["row"]["status"].as_str().unwrap_or("none"), row);
        let because: Vec<_> =
            late["left_out"].as_array().expect("a list").iter().map(|of| of["because"].clone()).collect();
        assert_eq!(json!(because), left_out);
        let text = desk.run(&format!("why a pact --on 2015-11-01 --ledger {file}")).out;
        assert!(text.contains("Overdue: something, due Oct 2015 (event 3)."), "{text}");
    }
}

#[test]
fn who_joined_and_left_on_one_day_is_warned_of_and_listed_and_nothing() {
    let joins = "  - { kind: joining, id: joins, party: a, agreement: pact, occurred: 2020-01-01, announced: 2021 }\n";
    let leaves = "  - { kind: departure, id: leaves, party: a, agreement: pact, act: withdrawal, occurred: 2020-01-01, announced: 2021 }\n";
    for (first, then) in [(joins, leaves), (leaves, joins)] {
        let desk = Desk::new();
        desk.write("1.yaml", format!("{HEAD}{THINGS}{first}"));
        desk.write("2.yaml", format!("{HEAD}{then}"));
        done(&desk.run("append --init --ledger l 1.yaml"));
        let answer = desk.run("append --ledger l 2.yaml");
        done(&answer);
        assert!(answer.err.contains("warning[W0901]") && answer.err.contains("or on that day"), "{}", answer.err);
        let irregular = desk.run("conflicts --ledger l --json").json()["irregular"].clone();
        let because: Vec<_> = irregular.as_array().expect("a list").iter().map(|of| of["because"].clone()).collect();
        assert_eq!(because, ["ends-before-it-begins", "ends-before-it-begins"]);
        let row = desk.run("members pact --on 2020-01-01 --all --ledger l --json").json()["members"][0].clone();
        let mut events: Vec<_> = row["events"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
        events.sort_unstable();
        assert_eq!((&row["status"], events), (&json!("none"), vec![3, 4]));
    }
}
