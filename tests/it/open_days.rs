//! What is warned of days while appending: a beginning that nothing bounds, and an act that lies ahead of its recording. The
//! worry is an answer that stays possible for ever, and nobody was told.

use crate::support::{Desk, done};

const HEAD: &str = "announced: 2020-01-01\nevidence: { none: made up for a test }\nannouncements:\n";
const THINGS: &str = "  - { kind: party, id: a, name: A, type: state }
  - { kind: agreement, id: pact, title: Pact, type: programme }
  - { kind: mission, id: m, title: M }
";

/// Holds the warnings of the last of these announcements, appended one after the other, against what is expected.
#[track_caller]
fn check(told: &[&str], expected: &[&str]) {
    let desk = Desk::new();
    desk.write("things.yaml", format!("{HEAD}{THINGS}"));
    done(&desk.run("append --init --ledger l things.yaml"));
    let mut err = String::new();
    for (place, told) in told.iter().enumerate() {
        let head = if told.contains("21") { HEAD.replacen("announced: 2020-01-01\n", "", 1) } else { HEAD.to_owned() };
        desk.write(&format!("{place}.yaml"), format!("{head}  - {told}\n"));
        let answer = desk.run(&format!("append --ledger l {place}.yaml"));
        done(&answer);
        err = answer.err;
    }
    let codes = err.lines().filter_map(|line| line.strip_prefix("warning[")).map(|line| &line[..5]);
    let codes: Vec<&str> = codes.filter(|code| *code != "W0905").collect();
    assert_eq!(codes, expected, "{told:?}: {err}");
}

const OPEN: &str = "{ kind: joining, id: j, party: a, agreement: pact, occurred: \"[..2019]\" }";

#[test]
fn a_beginning_that_nothing_bounds_is_told_by_the_date_from_which_an_act_works() {
    check(&[OPEN], &["W0906"]);
    check(&["{ kind: joining, party: a, agreement: pact, occurred: 2019 }"], &[]);
    check(&["{ kind: joining, party: a, agreement: pact, occurred: XXXX, effective: 2019 }"], &[]);
    check(&["{ kind: joining, party: a, agreement: pact, occurred: 2019, deposited: XXXX }"], &["W0906"]);
    check(&["{ kind: joining, party: a, agreement: pact, occurred: 2019, effective: \"[..2019]\" }"], &["W0906"]);
    let joined = "{ kind: joining, party: a, agreement: pact, occurred: 2018 }";
    check(&[joined, "{ kind: departure, party: a, agreement: pact, act: withdrawal, occurred: XXXX }"], &["W0906"]);
}

#[test]
fn only_a_milestone_that_stands_and_is_confirmed_bounds_a_beginning() {
    let milestone = "kind: milestone, id: began, agreement: pact, act: established";
    let bounded = format!("{{ {milestone}, occurred: 2010 }}");
    check(&[&bounded, OPEN], &[]);
    check(&[&format!("{{ {milestone}, occurred: XXXX }}"), OPEN], &["W0906"]);
    check(&[&format!("{{ {milestone}, occurred: 2010, standing: reported }}"), OPEN], &["W0906"]);
    check(&[&bounded, "{ kind: retraction, retracts: began, reason: a mistake }", OPEN], &["W0906"]);
}

#[test]
fn an_act_of_any_kind_that_lies_ahead_of_its_recording_stands_and_is_told() {
    for told in [
        "kind: joining, party: a, agreement: pact, occurred: 2101",
        "kind: joining, party: a, agreement: pact, occurred: 2019, deposited: 2101",
        "kind: milestone, agreement: pact, act: amended, occurred: 2101",
        "kind: suspension, agreement: pact, act: suspension, occurred: 2101",
        "kind: statement, party: a, agreement: pact, act: declaration, occurred: 2101",
        "kind: contribution, party: a, mission: m, item: { name: X, type: data }, stage: offered, occurred: 2101",
    ] {
        check(&[&format!("{{ {told} }}")], &["W0907"]);
    }
    check(&["{ kind: joining, party: a, agreement: pact, occurred: 2019, effective: 2101 }"], &[]);
    check(&["{ kind: milestone, agreement: pact, act: amended, expected: 2101 }"], &[]);
}
