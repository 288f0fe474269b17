//! Which claims disagree, which acts cannot follow the history, and what was promised and is not there: each rule of the
//! listing a test. The worry is a conflict that nobody hears of, or a list so long that nobody reads it.

use serde_json::json;

use crate::given::{
    Given, Told, corrected, day, did, disputed, expected, joined, left, milestone, programme, retracted, told, treaty,
};
use servanda::query::Standpoint;
use servanda::query::conflicts::{Conflicts, conflicts};
use servanda::query::prospects::prospects;

fn listed(given: &Given) -> Conflicts {
    let snapshot = &given.snapshot;
    conflicts(snapshot, None, None, Standpoint::on(day("2030-01-01"))).expect("nothing is asked for by name")
}

/// Holds what disagrees against what is expected, `joining: dates acts`, a line a fact.
#[track_caller]
fn check(given: &Given, expected: &[&str]) {
    let listed = listed(given);
    let line = |(about, differences): (String, Vec<String>)| format!("{about}: {}", differences.join(" "));
    let found = listed.conflicts.iter().map(|conflict| {
        let differences = conflict.differences.iter().map(ToString::to_string).collect();
        line((conflict.about.to_string(), differences))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

/// Holds the events that cannot follow against what is expected, with the reason.
#[track_caller]
fn check_irregular(given: &Given, expected: &[(u64, &str)]) {
    let listed = listed(given);
    let found: Vec<(u64, &str)> = listed.irregular.iter().map(|act| (act.event, act.because.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn dates_conflict_if_no_day_is_common_to_them() {
    check(&programme([joined("a", "2000-01-01"), joined("a", "2000-01-02")]), &["joining: dates"]);
    check(&programme([joined("a", "2000-01"), joined("a", "[2000-01-31..2000-02-02]")]), &[]);
    check(&programme([joined("a", "2000-01"), joined("a", "2000-02")]), &["joining: dates"]);
}

#[test]
fn a_claim_that_supports_another_conflicts_with_none() {
    check(&programme([joined("a", "2000"), joined("a", "2000-05-05"), joined("a", "[..2001]")]), &[]);
}

#[test]
fn different_acts_and_roles_conflict_and_what_states_none_does_not() {
    let memorandum = || did("a", "memorandum", "2000-01-01");
    check(&programme([memorandum(), did("a", "signature", "2000-01-01")]), &["joining: acts"]);
    check(&programme([memorandum(), joined("a", "2000-01-01")]), &[]);
    let (member, founder) = (memorandum().with("role", "member"), memorandum().with("role", "founding-member"));
    check(&programme([member.clone(), founder]), &["joining: roles"]);
    check(&programme([member, memorandum()]), &[]);
}

#[test]
fn one_announcer_that_gives_two_days_of_announcement_conflicts_with_itself() {
    let said = |on| joined("a", "2000-01-01").graded("host").announced(on);
    check(&programme([said("2000-01-08"), said("2000-01-09")]), &["joining: announced"]);
    check(&programme([said("2000-01-08"), joined("a", "2000-01-01").announced("2000-01-09")]), &[]);
}

#[test]
fn successive_steps_and_other_stays_do_not_conflict() {
    check(&programme([did("a", "joint-statement", "2000-01-01"), did("a", "memorandum", "2001-01-01")]), &[]);
    check(&treaty([did("a", "signature", "2000-01-01"), did("a", "ratification", "2001-01-01")]), &[]);
    let stay = |on, stay| joined("a", on).with("stay", stay);
    check(&programme([stay("2000-01-01", "one"), stay("2001-01-01", "two")]), &[]);
    check(&programme([joined("a", "2000-01-01"), joined("a", "2001-01-01").reported()]), &[]);
}

#[test]
fn departures_and_the_entry_into_force_conflict_too() {
    let out = [joined("a", "2000-01-01"), left("a", "2005-01-01"), left("a", "2005-01-02")];
    check(&programme(out), &["leaving: dates"]);
    let twice = ["2005-01-01", "2005-01-02"].map(|on| milestone("entry-into-force", on));
    check(&treaty(twice), &["entry-into-force: dates"]);
}

#[test]
fn what_is_denied_is_listed_and_what_was_struck_is_not() {
    let it = || joined("a", "2000-01-01").named("it");
    check(&programme([it(), disputed("it")]), &["joining: denied"]);
    check(&programme([it(), disputed("it").named("denial"), retracted("denial")]), &[]);
    check(&programme([it(), joined("a", "2001-01-01"), retracted("it")]), &[]);
    check(&programme([it(), joined("a", "2001-01-01"), corrected("it", &joined("a", "2001"))]), &[]);
}

#[test]
fn a_departure_without_a_stay_is_irregular_until_a_joining_is_recorded() {
    check_irregular(&programme([left("a", "2005-01-01")]), &[(1, "nothing-to-end")]);
    check_irregular(&programme([left("a", "2005-01-01"), joined("a", "2006-01-01")]), &[(1, "nothing-to-end")]);
    check_irregular(&programme([left("a", "2005-01-01"), joined("a", "2000-01-01")]), &[]);
}

#[test]
fn a_labelled_stay_that_is_empty_is_irregular_as_a_whole() {
    let one = |told: Told| told.with("stay", "one");
    let history = programme([one(joined("a", "2005-01-01")), one(left("a", "2004-01-01"))]);
    check_irregular(&history, &[(1, "ends-before-it-begins"), (2, "ends-before-it-begins")]);
    check_irregular(&programme([one(joined("a", "2005")), one(left("a", "2005"))]), &[]);
}

/// What became of the only thing expected, by that day.
fn state(given: &Given, on: &str) -> String {
    let snapshot = &given.snapshot;
    let answer = prospects(snapshot, None, Standpoint::on(day(on))).expect("nothing is asked for by name");
    let states: Vec<String> = answer.prospects.iter().map(|expected| expected.state.to_string()).collect();
    states.join(" ")
}

#[test]
fn what_is_expected_is_overdue_when_its_day_is_certainly_past() {
    let history = programme([expected("a", "2023-07-01").with("due", "2023-10")]);
    for (on, became) in
        [("2023-09-30", "open"), ("2023-10-01", "due"), ("2023-10-31", "due"), ("2023-11-01", "overdue")]
    {
        assert_eq!(state(&history, on), became, "on {on}");
    }
    let undated = programme([expected("a", "2023-07-01")]);
    assert_eq!(state(&undated, "2100-01-01"), "open");
}

#[test]
fn what_came_about_is_met_also_by_a_corrected_announcement() {
    let hope = expected("a", "2023-07-01").with("due", "2023-10").with("fulfilled_by", "it");
    let it = told("milestone", json!({"agreement": "pact", "act": "other", "occurred": "2023-09", "what": "signed"}));
    let better = corrected("it", &it.clone().with("occurred", "2023-09-05"));
    let history = programme([it.announced("2023-09-30").named("it"), hope, better.announced("2023-10-15")]);
    assert_eq!(state(&history, "2023-11-01"), "met");
    let back = expected("a", "2023-07-01").with("due", "2023-10");
    assert_eq!(state(&programme([back, joined("a", "2023-10-02")]), "2023-11-01"), "met");
}
