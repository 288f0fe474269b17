//! What was wrong and what was taken back: answers before and after, on the clock of recording. The worry is a past
//! answer that cannot be given again, or a correction that loses what it did not mean to change.

use serde_json::json;

use crate::given::{Given, Told, check, check_row, corrected, day, did, joined, left, programme, retracted, told};
use servanda::query::Standpoint;
use servanda::query::members::{Question, members};

fn first() -> Told {
    joined("a", "2016-05-05").named("first").graded("press")
}

#[test]
fn what_was_retracted_never_was() {
    let history = programme([first(), retracted("first")]);
    check(&history.recorded_by(1), "2020-01-01", "a member");
    check(&history, "2020-01-01", "");
}

#[test]
fn what_was_corrected_is_replaced() {
    let history = programme([first(), corrected("first", &joined("a", "2018-05-05"))]);
    check(&history.recorded_by(1), "2017-01-01", "a member");
    check(&history, "2017-01-01", "");
    check_row(&history, ("a", "2020-01-01"), "2018-05-05", "-", &[2]);
}

#[test]
fn a_correction_without_replacement_strikes() {
    let never = told("correction", json!({"corrects": "first", "because": "never-true"}));
    check(&programme([first(), never]), "2020-01-01", "");
}

#[test]
fn a_correction_works_from_its_own_announcement_on() {
    let known = |day| {
        let first = first().announced("2016-05-05");
        let second = corrected("first", &joined("a", "2018-05-05")).announced("2019-01-01");
        programme([first, second]).announced_by(day)
    };
    check(&known("2018-12-31"), "2017-01-01", "a member");
    check(&known("2019-01-01"), "2017-01-01", "");
}

#[test]
fn a_replacement_inherits_evidence_standing_and_stay() {
    let replaced = corrected("first", &joined("a", "2018-05-05"));
    let graded = programme([first(), replaced.clone(), joined("a", "2017-05-05").graded("secondary")]);
    check_row(&graded, ("a", "2020-01-01"), "2018-05-05", "-", &[2, 3]);
    assert!(!graded.row("a", "2020-01-01").without_evidence);

    let reported = programme([first().reported(), replaced.clone()]);
    check(&reported, "2020-01-01", "");
    check(&reported.with_reported(), "2020-01-01", "a member");

    let labelled = programme([first().with("stay", "one"), replaced, left("a", "2019-01-01").with("stay", "one")]);
    check(&labelled, "2020-01-01", "a former");
}

#[test]
fn a_replacement_may_bring_evidence_and_stay_of_its_own() {
    let own = corrected("first", &joined("a", "2018-05-05").with("stay", "two")).graded("secondary");
    let history = programme([
        first().with("stay", "one"),
        own,
        left("a", "2019-01-01").with("stay", "one"),
        joined("a", "2017-05-05").with("stay", "two").graded("press"),
    ]);
    check_row(&history, ("a", "2020-01-01"), "2017-05-05", "-", &[4, 2]);
}

/// A claim, its correction, the correction of that, and the retraction of the last.
fn chain() -> Given {
    programme([
        first().with("stay", "one"),
        corrected("first", &joined("a", "2017-05-05")).named("second"),
        corrected("second", &joined("a", "2018-05-05")).named("third"),
        retracted("third"),
        retracted("second"),
    ])
}

#[test]
fn a_correction_can_be_corrected() {
    check_row(&chain().recorded_by(2), ("a", "2020-01-01"), "2017-05-05", "-", &[2]);
    check_row(&chain().recorded_by(3), ("a", "2020-01-01"), "2018-05-05", "-", &[3]);
    check(&chain().recorded_by(3), "2018-05-04", "");
}

#[test]
fn the_retraction_of_a_correction_brings_back_what_it_corrected() {
    check_row(&chain().recorded_by(4), ("a", "2020-01-01"), "2017-05-05", "-", &[2]);
    check_row(&chain(), ("a", "2020-01-01"), "2016-05-05", "-", &[1]);
}

#[test]
fn evidence_is_inherited_through_every_correction() {
    assert!(!chain().recorded_by(3).row("a", "2020-01-01").without_evidence);
}

#[test]
fn a_corrected_departure_moves_the_end() {
    let history = programme([
        joined("a", "2010-01-01"),
        left("a", "2015-01-01").named("out"),
        corrected("out", &left("a", "2016-01-01")),
    ]);
    check(&history.recorded_by(2), "2015-06-01", "a former");
    check(&history, "2015-06-01", "a member");
}

#[test]
fn a_correction_may_change_who_and_by_which_act() {
    let history = programme([first(), corrected("first", &did("b", "joint-statement", "2016-05-05"))]);
    check(&history, "2020-01-01", "b associated");
}

#[test]
fn a_retraction_can_be_retracted() {
    let history = programme([first(), retracted("first").named("back"), retracted("back")]);
    check(&history.recorded_by(2), "2020-01-01", "");
    check(&history, "2020-01-01", "a member");
}

#[test]
fn a_description_holds_from_its_day_on() {
    let old = told("party", json!({"id": "sz", "name": "Swaziland", "type": "state"}));
    let new = told("party", json!({"id": "sz", "name": "Eswatini", "type": "government", "from": "2018-04-19"}));
    let history = programme([old, new, joined("sz", "1968")]);
    for (on, name) in [("1970-01-01", "Swaziland"), ("2018-04-18", "Swaziland"), ("2018-04-19", "Eswatini")] {
        assert_eq!(history.row("sz", on).name, name, "on {on}");
    }
    assert_eq!(history.row("sz", "2020-01-01").r#type.as_str(), "government");
}

#[test]
fn descriptions_are_known_before_anybody_announced_them() {
    let described = told("party", json!({"id": "sz", "name": "Eswatini", "type": "state"}));
    let history = programme([described, joined("sz", "1968").announced("1968")]);
    assert_eq!(history.announced_by("1970-01-01").row("sz", "1970-01-01").name, "Eswatini");
}

#[test]
fn a_thing_is_found_by_its_id_in_any_case_and_by_its_other_names() {
    let history = programme([joined("a", "1968")]);
    let question = Question { at: Standpoint::on(day("1970-01-01")), party_type: None, all: false };
    let snapshot = &history.snapshot;
    for name in ["pact", "PACT", "Pact"] {
        assert_eq!(members(snapshot, name, question).map(|answer| answer.agreement), Ok("pact".to_owned()));
    }
    assert!(members(snapshot, "pakt", question).is_err());
}
