//! Rules that only show where two of them meet: the ladder of statuses, ends that come early, clocks that compose,
//! rules of an agreement's own. The worry is a sentence of the rules that no other test would miss.

use serde_json::json;

use crate::given::{
    Given, Told, check, check_row, confirmed, corrected, did, disputed, expected, joined, left, milestone, pact,
    pact_with, paused, programme, retracted, told, treaty, undid,
};
use servanda::domain::act::Role;
use servanda::query::Status;
use servanda::query::members::Member;

/// Acts by which a party leaves for good.
const LEAVINGS: [&str; 5] = ["withdrawal", "denunciation", "termination", "expulsion", "non-renewal"];

fn since(given: &Given, party: &str, on: &str) -> Option<String> {
    given.row(party, on).since.map(|date| date.to_string())
}

#[test]
fn statuses_stand_in_one_order_and_each_is_reached() {
    let names: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    let ladder = [
        "none",
        "former",
        "prospective",
        "associated",
        "signatory",
        "provisional",
        "contracting",
        "suspended",
        "member",
    ];
    assert_eq!(names, ladder);
    assert!(Status::ALL.is_sorted());
    let life = treaty([
        expected("a", "2001-01-01"),
        did("a", "memorandum", "2002-01-01"),
        did("a", "signature", "2003-01-01"),
        did("a", "provisional-application", "2004-01-01"),
        did("a", "ratification", "2005-01-01"),
        milestone("entry-into-force", "2006-01-01"),
        paused("suspension", "2007-01-01").with("party", "a"),
        paused("resumption", "2008-01-01").with("party", "a"),
        left("a", "2009-01-01"),
    ]);
    let reached = ["none", "prospective", "associated", "signatory", "provisional", "contracting", "member"];
    let reached = reached.into_iter().chain(["suspended", "member", "former"]);
    for (year, status) in (2000..).zip(reached) {
        assert_eq!(life.row("a", &format!("{year}-07-01")).status.as_str(), status, "in {year}");
    }
}

#[test]
fn a_date_stands_for_its_days_and_a_doubt_about_it_is_shown_and_widens_nothing() {
    for doubtful in ["2016-05-05~", "2016-05-05?", "2016-05-05%"] {
        let history = programme([joined("a", doubtful)]);
        check(&history, "2016-05-04", "");
        check(&history, "2016-05-05", "a member");
        assert_eq!(since(&history, "a", "2020-01-01").as_deref(), Some(doubtful));
    }
    for (date, before, first, last) in [
        ("2018", "2017-12-31", "2018-01-01", "2018-12-31"),
        ("2018-02", "2018-01-31", "2018-02-01", "2018-02-28"),
        ("202X", "2019-12-31", "2020-01-01", "2029-12-31"),
        ("[2024-05..2024-08]", "2024-04-30", "2024-05-01", "2024-08-31"),
    ] {
        let history = programme([joined("a", date)]);
        check(&history, before, "");
        check(&history, first, "a possibly member");
        check(&history, last, "a member");
        assert_eq!(since(&history, "a", last).as_deref(), Some(date));
    }
    let unknown = programme([joined("a", "XXXX")]);
    check(&unknown, "0500-01-01", "a possibly member");
    // It was recorded, so it had happened by then.
    check(&unknown, "2500-01-01", "a member");
}

#[test]
fn every_act_works_from_its_own_day_of_effect() {
    let on = "2000-01-01";
    let later = |told: Told| told.with("effective", "2000-06-01");
    for (history, before, after) in [
        (treaty([later(did("a", "signature", on))]), "", "a signatory"),
        (treaty([later(did("a", "provisional-application", on))]), "", "a provisional"),
        (treaty([later(did("a", "entry-into-force", on))]), "", "a member"),
        (programme([did("a", "ratification", on).with("deposited", "2000-06-01")]), "", "a member"),
        (programme([joined("a", "1999-01-01"), later(paused("suspension", on))]), "a member", "a suspended"),
        (programme([joined("a", "1999-01-01"), later(left("a", on))]), "a member", "a former"),
    ] {
        check(&history, "2000-05-31", before);
        check(&history, "2000-06-01", after);
    }
}

#[test]
fn every_way_of_leaving_closes_the_stay_and_the_next_joining_opens_another() {
    for act in LEAVINGS {
        let told = [joined("a", "2000-01-01"), undid("a", act, "2005-01-01"), joined("a", "2010-01-01")];
        let history = programme(told);
        check(&history, "2004-12-31", "a member");
        check(&history, "2005-01-01", "a former");
        check_row(&history, ("a", "2012-01-01"), "2010-01-01", "-", &[3]);
    }
}

#[test]
fn a_departure_that_may_follow_the_last_joining_does_unless_it_may_say_again_how_the_stay_before_ended() {
    let told = |left_first: &str| {
        let again = [joined("a", "2009-03-01"), left("a", "2009")];
        programme([joined("a", "2000-01-01"), left("a", left_first)].into_iter().chain(again))
    };
    check(&told("2003-01-01"), "2009-02-28", "a former");
    check(&told("2003-01-01"), "2009-06-01", "a possibly member");
    check(&told("2003-01-01"), "2009-12-31", "a former");
    check(&told("2009-02-01"), "2009-02-15", "a former");
    check(&told("2009-02-01"), "2009-12-31", "a member");
    check_row(&told("2009-02-01"), ("a", "2005-01-01"), "2000-01-01", "2009-02-01", &[1, 2, 4]);
}

#[test]
fn claims_of_another_stay_support_and_decide_nothing() {
    let history = programme([
        joined("a", "2000").with("stay", "one"),
        left("a", "2002").with("stay", "one"),
        joined("a", "2000-03-01").with("stay", "two").graded("depositary"),
        left("a", "2001-01-01").with("stay", "two"),
    ]);
    check(&history, "2000-02-01", "a possibly member");
    check(&history, "2001-06-01", "a member");
    check_row(&history, ("a", "2001-06-01"), "2000", "2002", &[1, 2]);
}

#[test]
fn of_stays_that_run_together_the_one_that_is_certain_is_shown() {
    let history = programme([
        joined("a", "2000-01-01").with("stay", "one"),
        left("a", "2005").with("stay", "one"),
        joined("a", "2004-01-01").with("stay", "two"),
    ]);
    check(&history, "2005-06-01", "a member");
    check_row(&history, ("a", "2005-06-01"), "2004-01-01", "-", &[3]);
}

#[test]
fn own_rules_come_before_the_role() {
    let own = json!({"member": ["joint-statement"], "associated": ["memorandum"]});
    let told = [
        did("a", "joint-statement", "2000").with("role", "observer"),
        did("b", "memorandum", "2000").with("role", "member"),
        did("c", "signature", "2000").with("role", "observer"),
    ];
    check(&pact_with("programme", &own, told), "2001-01-01", "a member, b associated, c associated");
}

#[test]
fn own_rules_may_make_members_of_a_treaty_without_its_entry_into_force() {
    let own = json!({"member": ["definitive-signature"]});
    let told = [did("a", "definitive-signature", "2000-01-01"), did("b", "ratification", "2000-01-01")];
    check(&pact_with("treaty", &own, told), "2001-01-01", "a member, b contracting");
}

#[test]
fn a_founding_member_is_a_member_in_a_role() {
    let history = pact(
        "organisation",
        [did("a", "joint-statement", "2000-01-01").with("role", "founding-member"), joined("b", "2000-01-01")],
    );
    check(&history, "2001-01-01", "a member, b member");
    assert_eq!(history.row("a", "2001-01-01").role, Some(Role::FoundingMember));
    assert_eq!(history.row("b", "2001-01-01").role, Some(Role::Member), "implied by membership");
}

#[test]
fn an_associate_that_becomes_a_member_gives_up_the_lower_role() {
    let history = programme([
        did("a", "memorandum", "2000-01-01").with("role", "observer"),
        did("a", "memorandum", "2005-01-01").with("role", "member"),
    ]);
    assert_eq!(history.row("a", "2004-12-31").role, Some(Role::Observer));
    assert_eq!(history.row("a", "2005-01-01").role, Some(Role::Member));
}

#[test]
fn a_consent_outranks_provisional_application_and_membership_both() {
    let history = treaty([
        did("a", "provisional-application", "2000-01-01"),
        did("a", "ratification", "2001-01-01"),
        milestone("entry-into-force", "2002"),
    ]);
    check(&history, "2000-12-31", "a provisional");
    check(&history, "2001-01-01", "a contracting");
    check(&history, "2002-06-01", "a possibly member");
    assert_eq!(history.row("a", "2002-06-01").at_least.as_str(), "contracting");
    check(&history, "2002-12-31", "a member");
}

#[test]
fn a_ratification_withdrawn_in_force_falls_back_to_the_signature_or_out() {
    let told = |signed: bool| {
        let signature = signed.then(|| did("a", "signature", "1999-01-01"));
        let rest = [
            milestone("entry-into-force", "1999-06-01"),
            did("a", "ratification", "2000-01-01"),
            undid("a", "withdrawal-of-ratification", "2005-01-01").with("effective", "2005-07-01"),
        ];
        treaty(rest.into_iter().chain(signature))
    };
    for (signed, after) in [(true, "a signatory"), (false, "a former")] {
        check(&told(signed), "2005-06-30", "a member");
        check(&told(signed), "2005-07-01", after);
    }
}

#[test]
fn a_treaty_that_ends_ends_every_status_alike() {
    let told = |ended: &str| {
        treaty([
            did("contracting", "ratification", "2000-01-01"),
            did("member", "entry-into-force", "2000-01-01"),
            did("provisional", "provisional-application", "2000-01-01"),
            did("signatory", "signature", "2000-01-01"),
            milestone("terminated", ended),
        ])
    };
    let before = "contracting contracting, member member, provisional provisional, signatory signatory";
    let after = "contracting former, member former, provisional former, signatory former";
    check(&told("2010-01-01"), "2009-12-31", before);
    check(&told("2010-01-01"), "2010-01-01", after);
    let possibly = "contracting possibly contracting, member possibly member, provisional possibly provisional, \
                    signatory possibly signatory";
    check(&told("2010"), "2009-12-31", before);
    check(&told("2010"), "2010-01-01", possibly);
    check(&told("2010"), "2010-12-31", after);
}

#[test]
fn whoever_comes_after_the_end_of_an_agreement_never_was_anything_to_it() {
    let history = programme([milestone("terminated", "2010-01-01"), joined("a", "2015-01-01")]);
    check(&history, "2009-12-31", "");
    check(&history, "2016-01-01", "");
}

#[test]
fn the_earlier_of_leaving_and_the_end_of_the_agreement_counts_end_by_end() {
    let history = programme([joined("a", "2000-01-01"), left("a", "2010"), milestone("expired", "2010-07-01")]);
    check(&history, "2009-12-31", "a member");
    check(&history, "2010-01-01", "a possibly member");
    check(&history, "2010-06-30", "a possibly member");
    check(&history, "2010-07-01", "a former");
    check_row(&history, ("a", "2005-01-01"), "2000-01-01", "[2010-01-01..2010-07-01]", &[1, 2, 3]);
}

#[test]
fn whoever_left_before_the_entry_into_force_was_no_member_and_no_date_says_so() {
    let history = treaty([
        did("a", "ratification", "2000-01-01"),
        left("a", "2005-01-01"),
        milestone("entry-into-force", "2010-01-01"),
    ]);
    check(&history, "2004-12-31", "a contracting");
    check(&history, "2012-01-01", "a former");
    check_row(&history, ("a", "2012-01-01"), "2000-01-01", "2005-01-01", &[1, 2]);
}

#[test]
fn a_suspension_for_all_holds_for_those_who_join_in_it_and_return() {
    let history = programme([
        paused("suspension", "2005-01-01"),
        joined("a", "2000-01-01"),
        left("a", "2006-01-01"),
        joined("a", "2007-01-01"),
        joined("b", "2006-01-01"),
        paused("resumption", "2010"),
    ]);
    check(&history, "2005-01-01", "a suspended");
    check(&history, "2006-01-01", "a former, b suspended");
    check(&history, "2007-01-01", "a suspended, b suspended");
    check(&history, "2010-06-01", "a possibly member, b possibly member");
    check(&history, "2010-12-31", "a member, b member");
}

#[test]
fn a_resumption_whose_day_is_less_precise_than_that_of_the_suspension_may_follow_it() {
    let told = |resumed| {
        let own = |told: Told| told.with("party", "a");
        [joined("a", "2000-01-01"), own(paused("suspension", "2009-07-05")), own(paused("resumption", resumed))]
    };
    let history = programme(told("2009"));
    check(&history, "2009-07-04", "a member");
    check(&history, "2009-07-05", "a possibly member");
    check(&history, "2009-12-31", "a member");
    check(&programme(told("2008")), "2010-01-01", "a suspended");
}

#[test]
fn a_suspension_takes_the_place_of_membership_alone() {
    let history = treaty([
        did("a", "signature", "2000-01-01"),
        did("b", "ratification", "2000-01-01"),
        did("c", "provisional-application", "2000-01-01"),
        did("d", "entry-into-force", "2000-01-01"),
        paused("suspension", "2005-01-01"),
    ]);
    check(&history, "2006-01-01", "a signatory, b contracting, c provisional, d suspended");
}

#[test]
fn something_expected_is_as_certain_as_its_announcement_and_its_fulfilment() {
    let vague = programme([expected("a", "2015"), joined("a", "2016")]);
    check(&vague, "2014-12-31", "");
    check(&vague, "2015-06-01", "a possibly prospective");
    check(&vague, "2015-12-31", "a prospective");
    check(&vague, "2016-06-01", "a possibly member");
    check(&vague, "2016-12-31", "a member");
}

#[test]
fn any_later_rung_ends_what_was_expected() {
    for (act, status) in [("joint-statement", "associated"), ("memorandum", "associated"), ("signature", "signatory")] {
        let told = [expected("a", "2015-01-01"), did("a", act, "2016-01-01"), left("a", "2017-01-01")];
        let history = treaty(told);
        check(&history, "2015-12-31", "a prospective");
        check(&history, "2016-01-01", &format!("a {status}"));
        check(&history, "2017-01-01", "a former");
    }
}

#[test]
fn what_is_expected_of_several_ends_for_each_when_it_joins() {
    let both = told("prospect", json!({"parties": ["a", "b"], "agreement": "pact", "what": "it", "stage": "applied"}));
    let history = programme([both.announced("2015-01-01"), joined("a", "2016-01-01")]);
    check(&history, "2015-06-01", "a prospective, b prospective");
    check(&history, "2016-06-01", "a member, b prospective");
}

#[test]
fn what_was_expected_stays_fulfilled_when_the_fulfilment_is_corrected_and_not_when_it_is_retracted() {
    let told = vec![
        expected("a", "2015-01-01").with("fulfilled_by", "signed"),
        joined("b", "2016-01-01").named("signed").announced("2016-01-01"),
        corrected("signed", &joined("b", "2016-02-01")).announced("2016-03-01").named("better"),
        corrected("better", &joined("b", "2016-02-02")).announced("2016-04-01").named("best"),
    ];
    let corrected = programme(told.clone());
    check(&corrected.recorded_by(2), "2017-01-01", "b member");
    check(&corrected.recorded_by(3), "2017-01-01", "b member");
    check(&corrected, "2017-01-01", "b member");
    check(&corrected, "2015-06-01", "a prospective");
    let plain = told.into_iter().take(2).chain([retracted("signed")]);
    check(&programme(plain), "2017-01-01", "a prospective");
}

#[test]
fn an_open_start_of_what_is_stated_for_the_party_is_clipped_too() {
    let history = treaty([
        milestone("opened", "1990-01-01"),
        did("a", "ratification", "[..2000-01-01]").with("effective", "[..2000-06-01]"),
    ]);
    check(&history, "1989-12-31", "");
    check(&history, "1990-01-01", "a possibly member");
    check(&history, "2000-06-01", "a member");
    assert_eq!(since(&history, "a", "2000-06-01").as_deref(), Some("[..2000-06-01]"));
}

#[test]
fn an_open_start_of_a_suspension_or_of_the_end_is_clipped_too() {
    for (last, after) in [
        (paused("suspension", "[..2000-01-01]"), "a suspended"),
        (milestone("terminated", "[..2000-01-01]"), "a former"),
    ] {
        let history = programme([milestone("established", "1990-01-01"), joined("a", "1985-01-01"), last]);
        check(&history, "1989-12-31", "a member");
        check(&history, "1990-01-01", "a possibly member");
        check(&history, "2000-01-01", after);
    }
}

#[test]
fn the_clocks_compose() {
    let history = programme([
        joined("a", "2000-01-01").announced("2000-01-02"),
        joined("b", "2001-01-01").announced("2005-01-01"),
        left("a", "2003-01-01").announced("2003-01-01"),
    ]);
    check(&history, "2004-01-01", "a former, b member");
    check(&history.announced_by("2004-01-01"), "2004-01-01", "a former");
    check(&history.recorded_by(2), "2004-01-01", "a member, b member");
    check(&history.announced_by("2004-01-01").recorded_by(2), "2004-01-01", "a member");
    check(&history.recorded_at(2).announced_by("2000-01-01"), "2004-01-01", "");
}

#[test]
fn without_a_day_of_its_own_an_announcement_is_as_old_as_its_source() {
    let history = programme([
        joined("a", "2000-01-01").published("2001-02"),
        joined("b", "2000-01-01").published("2001-02").announced("2003-01-01"),
    ]);
    check(&history.announced_by("2001-02-27"), "2004-01-01", "");
    check(&history.announced_by("2001-02-28"), "2004-01-01", "a member");
    check(&history.announced_by("2003-01-01"), "2004-01-01", "a member, b member");
}

#[test]
fn a_retraction_works_from_its_own_announcement_on() {
    let history = programme([
        joined("a", "2000-01-01").announced("2000-01-01").named("it"),
        retracted("it").announced("2005-01-01"),
    ]);
    check(&history.announced_by("2004-12-31"), "2006-01-01", "a member");
    check(&history.announced_by("2005-01-01"), "2006-01-01", "");
}

#[test]
fn an_answer_names_the_position_that_it_was_computed_at() {
    let history = programme([joined("a", "2000-01-01"), left("a", "2001-01-01"), joined("b", "2002-01-01")]);
    for (seq, given) in [(1, history.recorded_by(1)), (2, history.recorded_at(2)), (3, history.clone())] {
        let position = given.answer("2003-01-01").vantage.position;
        assert_eq!((position.len, position.head), (seq + 1, history.snapshot.heads.at(seq + 1).expect("it is there")));
    }
}

#[test]
fn a_confirmation_is_named_and_changes_nothing_else_and_neither_does_its_retraction() {
    let told = vec![joined("a", "2000").named("it"), joined("a", "2000-05-05").graded("press")];
    let plain = programme(told.clone()).row("a", "2001-01-01");
    for (more, confirmed_by) in
        [(vec![confirmed("it")], vec![3]), (vec![confirmed("it").named("again"), retracted("again")], vec![])]
    {
        let row = programme(told.iter().cloned().chain(more)).row("a", "2001-01-01");
        assert_eq!(row, Member { confirmed_by, ..plain.clone() });
    }
}

#[test]
fn a_dispute_of_what_was_corrected_does_not_mark_the_correction() {
    let history = programme([
        joined("a", "2000").named("it"),
        disputed("it"),
        corrected("it", &joined("a", "2001-01-01")).named("better"),
        disputed("better").named("denial"),
    ]);
    assert!(history.recorded_by(2).row("a", "2003-01-01").disputed);
    assert!(!history.recorded_by(3).row("a", "2003-01-01").disputed);
    assert!(history.row("a", "2003-01-01").disputed);
}

#[test]
fn an_unspecified_act_and_an_absent_role_conflict_with_nothing() {
    let history = programme([
        joined("a", "2000-01-01").graded("depositary"),
        did("a", "memorandum", "2000-01-01").graded("press").with("role", "founding-member"),
    ]);
    let row = history.row("a", "2001-01-01");
    assert_eq!(row.events, [1, 2]);
    assert_eq!(
        (row.act.map(|act| act.to_string()).as_deref(), row.role),
        (Some("memorandum"), Some(Role::FoundingMember))
    );
}

#[test]
fn a_confirmed_status_that_is_as_high_stands_before_a_reported_one() {
    let history = programme([
        joined("a", "2000-01-01").reported().graded("depositary"),
        joined("a", "2001-01-01"),
        left("a", "2002-01-01"),
        left("a", "2003-01-01").reported(),
    ])
    .with_reported();
    check_row(&history, ("a", "2001-06-01"), "2001-01-01", "2002-01-01", &[2, 3]);
    check_row(&history, ("a", "2002-06-01"), "2000-01-01", "2003-01-01", &[1, 4]);
    check(&history, "2003-01-01", "a former");
}

/// Swaziland is Eswatini since 19 April 2018, by a notice of its king.
#[test]
fn a_party_that_changes_its_name_stays_the_same_party() {
    let old = told("party", json!({"id": "sz", "name": "Swaziland", "type": "state"}));
    let new = told("party", json!({"id": "sz", "name": "Eswatini", "type": "state", "from": "2018-04-19"}));
    let history = pact("organisation", [old, did("sz", "admission", "1968-09-24"), new]);
    for (on, name) in [("2018-04-18", "Swaziland"), ("2018-04-19", "Eswatini")] {
        let row = history.row("sz", on);
        assert_eq!((row.name.as_str(), row.status.as_str(), row.events), (name, "member", vec![2]), "on {on}");
    }
}

#[test]
fn an_agreement_is_read_by_the_description_of_the_day() {
    let later = json!({"id": "pact", "title": "Pact of 2010", "type": "organisation", "from": "2010-01-01"});
    let later = told("agreement", later).with("membership", json!({"associated": ["memorandum"]}));
    let history = programme([did("a", "memorandum", "2000-01-01"), later]);
    for (on, title, status) in [("2009-12-31", "Pact", "a member"), ("2010-01-01", "Pact of 2010", "a associated")] {
        assert_eq!(history.answer(on).title, title);
        check(&history, on, status);
    }
}
