//! What events mean for programmes, organisations and soft instruments: each rule a test. The worry is an
//! answer that depends on the order of recording, or claims more than was told.

use serde_json::json;

use crate::given::{
    check, check_row, day, did, disputed, expected, joined, left, milestone, pact, pact_with, paused, programme,
    retracted, told, undid,
};
use servanda::domain::act::{JoiningAct, Role};

#[test]
fn announcements_may_be_recorded_in_any_order() {
    let history = programme([left("us", "2020-11-04"), joined("us", "2016-11-04")]);
    check(&history, "2018-01-01", "us member");
    check(&history, "2021-01-01", "us former");
}

#[test]
fn the_day_of_joining_is_inside_and_the_day_of_leaving_outside() {
    let history = programme([joined("us", "2016-11-04"), left("us", "2020-11-04")]);
    check(&history, "2016-11-03", "");
    check(&history, "2016-11-04", "us member");
    check(&history, "2020-11-03", "us member");
    check(&history, "2020-11-04", "us former");
}

#[test]
fn an_imprecise_day_gives_three_answers() {
    let history = programme([joined("us", "2016"), left("us", "2020")]);
    for (on, expected) in [
        ("2015-12-31", ""),
        ("2016-01-01", "us possibly member"),
        ("2016-12-30", "us possibly member"),
        ("2016-12-31", "us member"),
        ("2019-12-31", "us member"),
        ("2020-01-01", "us possibly member"),
        ("2020-12-30", "us possibly member"),
        ("2020-12-31", "us former"),
    ] {
        check(&history, on, expected);
    }
}

#[test]
fn an_open_start_is_possible_on_any_day_before() {
    let history = programme([joined("us", "[..2016-11-04]")]);
    check(&history, "1000-01-01", "us possibly member");
    check(&history, "2016-11-04", "us member");
}

#[test]
fn an_open_start_is_clipped_at_the_earliest_milestone() {
    let history =
        programme([milestone("launched", "2015-06"), milestone("established", "2016"), joined("us", "[..2016-11-04]")]);
    check(&history, "2015-05-31", "");
    check(&history, "2015-06-01", "us possibly member");
    check_row(&history, ("us", "2017-01-01"), "[..2016-11-04]", "-", &[3]);
}

#[test]
fn an_open_start_of_leaving_is_clipped_like_one_of_joining() {
    let history =
        programme([milestone("launched", "2015-06-01"), joined("us", "2015-06-01"), left("us", "[..2020-01-01]")]);
    check(&history, "2015-06-01", "us possibly member");
    check(&history, "2020-01-01", "us former");
}

#[test]
fn an_act_works_from_its_effective_day() {
    let history = programme([
        joined("us", "2016-01-01").with("effective", "2016-06-01"),
        left("us", "2020-01-01").with("effective", "2021-01-01"),
    ]);
    check(&history, "2016-03-01", "");
    check(&history, "2016-06-01", "us member");
    check(&history, "2020-12-31", "us member");
    check_row(&history, ("us", "2020-12-31"), "2016-06-01", "2021-01-01", &[1, 2]);
}

#[test]
fn stays_repeat_any_number_of_times() {
    let mut told = Vec::new();
    for year in (2000..2020).step_by(2) {
        told.push(joined("us", &format!("{year}-01-01")));
        told.push(left("us", &format!("{}-01-01", year + 1)));
    }
    told.reverse();
    let history = programme(told);
    for year in (2000..2020).step_by(2) {
        check(&history, &format!("{year}-07-01"), "us member");
        check(&history, &format!("{}-07-01", year + 1), "us former");
    }
}

#[test]
fn on_the_day_of_leaving_one_may_come_back() {
    let history = programme([joined("us", "2020-01-01"), left("us", "2020-01-01"), joined("us", "2010-01-01")]);
    check(&history, "2020-01-01", "us member");
    check_row(&history, ("us", "2020-01-01"), "2020-01-01", "-", &[1]);
    check_row(&history, ("us", "2019-12-31"), "2010-01-01", "2020-01-01", &[3, 2]);
}

#[test]
fn acts_with_one_label_make_one_stay_and_never_merge_with_another() {
    let history = programme([
        joined("us", "2000").with("stay", "first"),
        left("us", "2004-06-01").with("stay", "first"),
        joined("us", "2003-01-01").with("stay", "second"),
        joined("us", "2003-06-01"),
    ]);
    check_row(&history, ("us", "2002-01-01"), "2000", "2004-06-01", &[1, 2]);
    check(&history, "2005-01-01", "us member");
}

#[test]
fn a_labelled_stay_that_is_certainly_empty_is_not_counted_as_a_whole() {
    for end in ["2009-12-31", "2010-01-01"] {
        let history = programme([joined("us", "2010-01-01").with("stay", "row"), left("us", end).with("stay", "row")]);
        check(&history, "2010-01-01", "");
        check(&history, "2020-01-01", "");
    }
    let possible = programme([joined("us", "2010").with("stay", "row"), left("us", "2010").with("stay", "row")]);
    check(&possible, "2010-06-01", "us possibly member");
}

#[test]
fn leaving_without_an_open_stay_is_not_counted() {
    let history = programme([left("us", "2010-01-01"), joined("us", "2012-01-01")]);
    check(&history, "2011-01-01", "");
    check(&history, "2020-01-01", "us member");
    assert_eq!(history.row("us", "2011-01-01").events, [2, 1]);
}

#[test]
fn leaving_that_may_follow_the_joining_is_counted() {
    let history = programme([joined("us", "2020-03-01"), left("us", "2020")]);
    check(&history, "2020-02-01", "");
    check(&history, "2020-06-01", "us possibly member");
    check(&history, "2021-01-01", "us former");
    let rejoined = programme([left("us", "[..2020-06-01]"), joined("us", "2010-01-01"), joined("us", "2021-01-01")]);
    check(&rejoined, "2020-12-01", "us former");
    check(&rejoined, "2021-01-01", "us member");
}

#[test]
fn several_claims_of_one_departure_are_one_departure() {
    let history = programme([
        joined("uk", "1973-01-01"),
        left("uk", "2020"),
        left("uk", "2020-02-01").graded("press"),
        left("uk", "2020-02-02").graded("secondary"),
    ]);
    check(&history, "2020-01-31", "uk member");
    check(&history, "2020-02-01", "uk former");
    check_row(&history, ("uk", "2020-01-31"), "1973-01-01", "2020-02-01", &[1, 3, 4, 2]);
}

#[test]
fn a_claim_that_strictly_contains_another_supports_it_whatever_its_grade() {
    let history = programme([
        joined("us", "[..2020-01-01]").graded("depositary"),
        joined("us", "2016").graded("party"),
        joined("us", "2016-05-05").graded("secondary"),
    ]);
    check_row(&history, ("us", "2020-01-01"), "2016-05-05", "-", &[3, 1, 2]);
    check(&history, "2016-05-04", "");
}

#[test]
fn among_the_rest_grade_then_precision_then_order_decide() {
    for (better, worse) in [("depositary", "party"), ("party", "host"), ("host", "press"), ("press", "secondary")] {
        let history = programme([joined("us", "2016-05-05").graded(worse), joined("us", "2017").graded(better)]);
        check_row(&history, ("us", "2020-01-01"), "2017", "-", &[2, 1]);
    }
    let precise = programme([joined("us", "2017").graded("press"), joined("us", "2016-05").graded("press")]);
    check_row(&precise, ("us", "2020-01-01"), "2016-05", "-", &[2, 1]);
    let equal = programme([joined("us", "2017-05").graded("press"), joined("us", "2016-05").graded("press")]);
    check_row(&equal, ("us", "2020-01-01"), "2017-05", "-", &[1, 2]);
}

#[test]
fn act_and_role_come_from_the_best_claim_that_states_them() {
    let history = programme([
        did("us", "memorandum", "2016").graded("depositary").with("role", "founding-member"),
        joined("us", "2016-05-05").graded("press"),
        did("us", "signature", "2016-05-06").graded("secondary"),
    ]);
    let row = history.row("us", "2020-01-01");
    assert_eq!(
        (row.act, row.role, row.events),
        (Some(JoiningAct::Signature), Some(Role::FoundingMember), vec![2, 3, 1])
    );
}

#[test]
fn claims_that_lead_to_different_statuses_are_successive_steps() {
    let history = programme([did("us", "joint-statement", "2016-05-05"), did("us", "memorandum", "2018-05-05")]);
    check(&history, "2017-01-01", "us associated");
    check(&history, "2018-05-05", "us member");
    check_row(&history, ("us", "2019-01-01"), "2018-05-05", "-", &[2]);
}

#[test]
fn an_explicit_role_decides_before_the_act() {
    for kind in ["programme", "organisation"] {
        for (act, role, expected) in [
            ("joint-statement", "member", "us member"),
            ("letter-of-intent", "founding-member", "us member"),
            ("signature", "associate", "us associated"),
            ("unspecified", "observer", "us associated"),
        ] {
            check(&pact(kind, [did("us", act, "2016").with("role", role)]), "2020-01-01", expected);
        }
    }
}

#[test]
fn without_a_role_a_joint_statement_or_letter_associates_and_every_other_act_makes_a_member() {
    for act in JoiningAct::ALL {
        let expected = match act {
            JoiningAct::JointStatement | JoiningAct::LetterOfIntent => "us associated",
            _ => "us member",
        };
        check(&programme([did("us", act.as_str(), "2016")]), "2020-01-01", expected);
    }
}

#[test]
fn signatories_of_a_soft_instrument_are_its_members() {
    for kind in ["memorandum", "joint-statement", "letter-of-intent", "agreement"] {
        check(&pact(kind, [did("us", "joint-statement", "2016")]), "2020-01-01", "us member");
    }
}

#[test]
fn a_memorandum_brings_its_parties_as_members() {
    let agreement = json!({"id": "debris", "title": "Space debris"});
    let memorandum = json!({"agreement": agreement, "parties": ["b", "a"], "occurred": "2023-10-18"});
    let history = programme([told("memorandum", memorandum)]);
    let at = servanda::query::Standpoint::on(day("2023-10-18"));
    let question = servanda::query::members::Question { at, party_type: None, all: false };
    let snapshot = &history.snapshot;
    let answer = servanda::query::members::members(snapshot, "Space debris", question).expect("it is described");
    let parties: Vec<&str> = answer.members.iter().map(|row| row.party.as_str()).collect();
    assert_eq!((parties, answer.counts.certain), (vec!["a", "b"], 2));
}

#[test]
fn an_agreement_may_have_its_own_rules_of_membership() {
    let rules = json!({"member": ["joint-statement"], "associated": ["memorandum"]});
    let told = [did("a", "joint-statement", "2016"), did("b", "memorandum", "2016"), did("c", "signature", "2016")];
    check(&pact_with("programme", &rules, told), "2020-01-01", "a member, b associated, c member");
}

#[test]
fn the_end_of_the_agreement_ends_every_stay() {
    for act in ["terminated", "expired", "superseded"] {
        let history = programme([
            joined("a", "2000"),
            joined("b", "2001"),
            left("b", "2005-01-01"),
            milestone(act, "2010-01-01"),
        ]);
        check(&history, "2009-12-31", "a member, b former");
        check(&history, "2010-01-01", "a former, b former");
        check_row(&history, ("a", "2009-12-31"), "2000", "2010-01-01", &[1, 4]);
    }
}

#[test]
fn a_suspension_replaces_membership_until_it_is_resumed() {
    let history = programme([
        joined("a", "2000-01-01"),
        did("b", "joint-statement", "2000-01-01"),
        paused("suspension", "2005-01-01"),
        paused("resumption", "2006-01-01"),
    ]);
    check(&history, "2004-12-31", "a member, b associated");
    check(&history, "2005-01-01", "a suspended, b associated");
    check(&history, "2006-01-01", "a member, b associated");
}

#[test]
fn a_suspension_ends_with_the_stay() {
    let suspended = paused("suspension", "2005-01-01").with("party", "a");
    let history = programme([joined("a", "2000-01-01"), suspended, left("a", "2008-01-01"), joined("a", "2010-01-01")]);
    check(&history, "2007-12-31", "a suspended");
    check(&history, "2008-01-01", "a former");
    check(&history, "2010-01-01", "a member");
    check_row(&history, ("a", "2006-01-01"), "2005-01-01", "2008-01-01", &[2, 1, 3]);
}

#[test]
fn a_labelled_suspension_touches_its_stay_alone() {
    let history = programme([
        joined("a", "2000-01-01").with("stay", "one"),
        joined("a", "2000-01-01").with("stay", "two"),
        paused("suspension", "2005-01-01").with("party", "a").with("stay", "one"),
    ]);
    check(&history, "2006-01-01", "a member");
}

#[test]
fn several_claims_of_one_suspension_are_one_suspension() {
    let history = programme([
        joined("a", "2000-01-01"),
        paused("suspension", "2009").with("party", "a"),
        paused("suspension", "2009-07-05").with("party", "a"),
        paused("resumption", "2011").with("party", "a"),
        paused("resumption", "2011-06-01").with("party", "a"),
    ]);
    check(&history, "2009-07-04", "a member");
    check(&history, "2009-07-05", "a suspended");
    check(&history, "2011-05-31", "a suspended");
    check(&history, "2011-06-01", "a member");
}

#[test]
fn whoever_is_a_member_but_perhaps_suspended_is_at_least_suspended() {
    let history = programme([joined("a", "2000"), paused("suspension", "2009")]);
    check(&history, "2009-06-01", "a possibly member");
    assert_eq!(history.row("a", "2009-06-01").at_least.as_str(), "suspended");
}

#[test]
fn a_notice_that_was_revoked_ends_nothing() {
    let notice = left("a", "2019-01-01").with("effective", "2020-01-01");
    let revoked = |on| undid("a", "revocation-of-notice", on);
    check(&programme([joined("a", "2000"), notice.clone(), revoked("2019-06-01")]), "2021-01-01", "a member");
    check(&programme([joined("a", "2000"), notice, revoked("2020-06-01")]), "2021-01-01", "a former");
    let assumed = programme([joined("a", "2000"), left("a", "2019-01-01"), revoked("2019-06-01")]);
    check(&assumed, "2021-01-01", "a member");
}

#[test]
fn a_revocation_calls_off_the_last_notice_and_no_earlier_one() {
    let told = [
        joined("a", "2000-01-01"),
        left("a", "2005-01-01"),
        joined("a", "2010-01-01"),
        left("a", "2019-01-01").with("effective", "2020-01-01"),
        undid("a", "revocation-of-notice", "2019-06-01"),
    ];
    check(&programme(told.clone()), "2006-01-01", "a former");
    check(&programme(told), "2021-01-01", "a member");
}

#[test]
fn something_expected_lasts_until_the_party_joins() {
    let history = programme([expected("a", "2015-01-01"), joined("a", "2016-01-01"), left("a", "2018-01-01")]);
    check(&history, "2014-12-31", "");
    check(&history, "2015-01-01", "a prospective");
    check(&history, "2016-01-01", "a member");
    check(&history, "2018-01-01", "a former");
}

#[test]
fn what_is_expected_of_a_member_does_not_outlive_its_leaving() {
    let history = programme([joined("a", "2010-01-01"), expected("a", "2015-01-01"), left("a", "2018-01-01")]);
    check(&history, "2019-01-01", "a former");
}

#[test]
fn whoever_left_may_be_expected_back() {
    let history = programme([joined("a", "2010-01-01"), left("a", "2012-01-01"), expected("a", "2015-01-01")]);
    check(&history, "2016-01-01", "a prospective");
}

#[test]
fn something_expected_ends_when_it_is_fulfilled_or_retracted() {
    let signed = joined("other", "2016-01-01").named("signed").announced("2016-01-01");
    let history = programme([signed, expected("a", "2015-01-01").with("fulfilled_by", "signed")]);
    check(&history, "2015-06-01", "a prospective");
    check(&history, "2016-01-01", "other member");
    let history = programme([expected("a", "2015-01-01").named("hope"), retracted("hope")]);
    check(&history, "2015-06-01", "");
    check(&history.recorded_by(1), "2015-06-01", "a prospective");
}

#[test]
fn former_parties_are_listed_if_all_are_asked_for() {
    let history = programme([joined("a", "2010-01-01"), left("a", "2012-01-01"), joined("b", "2020-01-01")]);
    let rows: Vec<(String, &str)> =
        history.answer("2015-01-01").members.iter().map(|row| (row.party.clone(), row.status.as_str())).collect();
    assert_eq!(rows, [("a".to_owned(), "former"), ("b".to_owned(), "none")]);
}

#[test]
fn at_least_is_the_highest_rung_that_is_certain() {
    let history = programme([did("a", "joint-statement", "2010-01-01"), did("a", "signature", "2015")]);
    check(&history, "2015-06-01", "a possibly member");
    assert_eq!(history.row("a", "2015-06-01").at_least.as_str(), "associated");
    let again = programme([joined("a", "2010-01-01"), left("a", "2012-01-01"), joined("a", "2015")]);
    assert_eq!(again.row("a", "2015-06-01").at_least.as_str(), "former");
}

#[test]
fn until_is_told_even_if_it_lies_in_the_future() {
    let history = programme([joined("a", "2010-01-01"), left("a", "2012-01-01").with("effective", "2090-01-01")]);
    check_row(&history, ("a", "2020-01-01"), "2010-01-01", "2090-01-01", &[1, 2]);
}

#[test]
fn what_is_only_reported_shows_if_asked_for_and_only_above_what_is_confirmed() {
    let history = programme([
        joined("a", "2010-01-01").reported(),
        did("a", "joint-statement", "2012-01-01"),
        did("a", "memorandum", "2014-01-01"),
    ]);
    check(&history, "2011-01-01", "");
    check(&history, "2013-01-01", "a associated");
    check(&history.with_reported(), "2013-01-01", "a member");
    check_row(&history.with_reported(), ("a", "2013-01-01"), "2010-01-01", "-", &[1]);
    check_row(&history.with_reported(), ("a", "2015-01-01"), "2014-01-01", "-", &[3]);
}

#[test]
fn what_is_reported_neither_supports_nor_decides_what_is_confirmed() {
    let history =
        programme([joined("a", "2016").graded("press"), joined("a", "2016-05-05").graded("depositary").reported()]);
    check_row(&history, ("a", "2020-01-01"), "2016", "-", &[1]);
}

#[test]
fn a_dispute_marks_the_fact_and_changes_no_status() {
    let history = programme([
        joined("a", "2016-05-05").named("sharp"),
        joined("a", "2016").named("wide"),
        disputed("wide").announced("2018-01-01").named("denial"),
        retracted("denial"),
    ]);
    assert!(history.recorded_by(3).row("a", "2020-01-01").disputed);
    check(&history.recorded_by(3), "2020-01-01", "a member");
    assert!(!history.recorded_by(2).row("a", "2020-01-01").disputed);
    assert!(!history.row("a", "2020-01-01").disputed, "the denial was retracted");
    let heard = |day| {
        programme([
            joined("a", "2016-05-05").named("it").announced("2016-05-05"),
            disputed("it").announced("2018-01-01"),
        ])
        .announced_by(day)
    };
    assert!(!heard("2017-12-31").row("a", "2020-01-01").disputed);
    assert!(heard("2018-01-01").row("a", "2020-01-01").disputed);
}

#[test]
fn what_has_no_date_of_announcement_is_known_from_the_day_of_recording() {
    let history = programme([joined("a", "2016-05-05")]);
    check(&history.announced_by("2026-11-22"), "2020-01-01", "");
    check(&history.announced_by("2026-11-23"), "2020-01-01", "a member");
    let vague = programme([joined("a", "2016-05-05").announced("2016-05")]);
    check(&vague.announced_by("2016-05-30"), "2020-01-01", "");
    check(&vague.announced_by("2016-05-31"), "2020-01-01", "a member");
}
