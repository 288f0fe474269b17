//! What events mean for treaties, protocols and framework agreements: each rule a test. The worry is a signatory that
//! is taken for a party, or a party that left and still counts.

use serde_json::json;

use crate::given::{Given, Told, check, check_row, did, left, milestone, pact, pact_with, treaty, undid};

/// Acts by which a party consents to be bound.
const CONSENTS: [&str; 10] = [
    "ratification",
    "acceptance",
    "approval",
    "accession",
    "succession",
    "formal-confirmation",
    "consent-to-be-bound",
    "notification",
    "exchange-of-notes",
    "definitive-signature",
];

fn ratified(party: &str, occurred: &str) -> Told {
    did(party, "ratification", occurred)
}

#[test]
fn a_signature_makes_a_signatory_even_when_the_treaty_is_in_force() {
    for kind in ["treaty", "protocol", "framework-agreement"] {
        let history = pact(kind, [did("a", "signature", "2000-01-01"), milestone("entry-into-force", "2005-01-01")]);
        check(&history, "1999-12-31", "");
        check(&history, "2010-01-01", "a signatory");
    }
}

#[test]
fn a_consent_makes_a_contracting_party_and_a_member_once_the_treaty_is_in_force() {
    for act in CONSENTS {
        let history = treaty([did("a", act, "2000-01-01"), milestone("entry-into-force", "2005-01-01")]);
        check(&history, "2004-12-31", "a contracting");
        check(&history, "2005-01-01", "a member");
        check(&treaty([did("a", act, "2000-01-01")]), "2020-01-01", "a contracting");
    }
}

#[test]
fn a_consent_works_from_its_deposit() {
    let history = treaty([ratified("a", "2000-01-01").with("deposited", "2001-01-01")]);
    check(&history, "2000-12-31", "");
    check(&history, "2001-01-01", "a contracting");
}

#[test]
fn after_the_entry_into_force_the_delay_runs_from_the_consent() {
    let told = [ratified("a", "2010-01-01"), ratified("b", "2000-01-01"), milestone("entry-into-force", "2005-01-01")];
    let history = pact_with("treaty", &json!({"delay": 90}), told);
    check(&history, "2005-01-01", "b member");
    check(&history, "2010-03-31", "a contracting, b member");
    check(&history, "2010-04-01", "a member, b member");
    check_row(&history, ("a", "2011-01-01"), "2010-04-01", "-", &[1, 3]);
}

#[test]
fn what_is_stated_for_the_party_comes_before_what_follows_from_the_treaty() {
    let history = treaty([
        ratified("a", "2000-01-01").with("effective", "2000-03-01"),
        ratified("b", "2000-01-01"),
        did("b", "entry-into-force", "2000-04-01"),
        milestone("entry-into-force", "2005-01-01"),
    ]);
    check(&history, "2000-02-29", "a contracting, b contracting");
    check(&history, "2000-03-01", "a member, b contracting");
    check(&history, "2000-04-01", "a member, b member");
}

#[test]
fn the_later_of_two_windows_is_taken_end_by_end() {
    let history = treaty([ratified("a", "2005"), milestone("entry-into-force", "2005-07-01")]);
    check(&history, "2005-06-30", "a possibly contracting");
    check(&history, "2005-07-01", "a possibly member");
    check(&history, "2005-12-31", "a member");
    check_row(&history, ("a", "2006-01-01"), "[2005-07-01..2005-12-31]", "-", &[1, 2]);
}

#[test]
fn provisional_application_lasts_until_membership_or_its_own_end() {
    let told = [
        did("a", "provisional-application", "2000-01-01"),
        did("b", "signature", "1999-01-01"),
        did("b", "provisional-application", "2000-01-01"),
        undid("b", "end-of-provisional-application", "2002-01-01"),
        did("a", "entry-into-force", "2003-01-01"),
    ];
    let history = treaty(told);
    check(&history, "2001-01-01", "a provisional, b provisional");
    check(&history, "2002-01-01", "a provisional, b signatory");
    check(&history, "2003-01-01", "a member, b signatory");
}

#[test]
fn a_withdrawn_ratification_falls_back_to_the_signature_if_there_is_one() {
    let told = [
        did("a", "signature", "1999-01-01"),
        ratified("a", "2000-01-01"),
        undid("a", "withdrawal-of-ratification", "2005-01-01"),
        did("b", "accession", "2000-01-01"),
        undid("b", "withdrawal-of-ratification", "2005-01-01"),
    ];
    let history = treaty(told.clone());
    check(&history, "2004-12-31", "a contracting, b contracting");
    check(&history, "2005-01-01", "a signatory, b former");
    let again = treaty(told.into_iter().chain([ratified("a", "2010-01-01")]));
    check(&again, "2009-12-31", "a signatory, b former");
    check(&again, "2010-01-01", "a contracting, b former");
}

#[test]
fn several_claims_of_a_step_back_are_one_step_back() {
    let history = treaty([
        did("a", "signature", "1999-01-01"),
        ratified("a", "2000-01-01"),
        undid("a", "withdrawal-of-ratification", "2005"),
        undid("a", "withdrawal-of-ratification", "2005-06-01"),
    ]);
    check(&history, "2005-05-31", "a contracting");
    check(&history, "2005-06-01", "a signatory");
}

#[test]
fn a_step_back_of_another_kind_does_not_part_the_claims_of_a_consent() {
    let history = treaty([
        did("a", "provisional-application", "1994-01-01"),
        undid("a", "end-of-provisional-application", "1995-05-01"),
        ratified("a", "1995"),
        ratified("a", "1995-06-01"),
    ]);
    check(&history, "1995-05-15", "a former");
    check_row(&history, ("a", "1996-01-01"), "1995-06-01", "-", &[4, 3]);
}

#[test]
fn a_withdrawn_signature_leaves_a_former_party_that_may_sign_again() {
    let history = treaty([
        did("a", "signature", "2000-01-01"),
        undid("a", "withdrawal-of-signature", "2002-01-01"),
        did("a", "signature", "2008-01-01"),
    ]);
    check(&history, "2001-12-31", "a signatory");
    check(&history, "2002-01-01", "a former");
    check(&history, "2008-01-01", "a signatory");
    check_row(&history, ("a", "2009-01-01"), "2008-01-01", "-", &[3]);
}

#[test]
fn leaving_ends_whatever_was_gained_alike() {
    for act in ["signature", "ratification", "provisional-application", "entry-into-force"] {
        let history = treaty([did("a", act, "2000-01-01"), left("a", "2005-01-01")]);
        check(&history, "2005-01-01", "a former");
    }
}

#[test]
fn a_consent_after_leaving_opens_another_stay() {
    let history = treaty([
        milestone("entry-into-force", "1990-01-01"),
        ratified("a", "2000-01-01"),
        left("a", "2005-01-01"),
        did("a", "accession", "2010-01-01"),
    ]);
    check(&history, "2007-01-01", "a former");
    check(&history, "2010-01-01", "a member");
}

/// What a table states, with its rules.
fn table(told: impl IntoIterator<Item = Told>) -> Given {
    pact_with("treaty", &json!({"in_force": "stated"}), told)
}

#[test]
fn a_table_states_the_beginning_as_entry_into_force_else_consent_and_the_end_as_departure() {
    let history = table([
        ratified("a", "1999-01-01"),
        did("a", "entry-into-force", "2001-01-01"),
        did("a", "entry-into-force", "2000-01-01"),
        left("a", "2010-01-01"),
        left("a", "2009-01-01"),
        ratified("b", "2003-01-01"),
        did("b", "accession", "2002-01-01"),
    ]);
    check(&history, "1999-12-31", "");
    check(&history, "2000-01-01", "a member");
    check(&history, "2002-01-01", "a member, b member");
    check(&history, "2009-01-01", "a former, b member");
}

#[test]
fn in_a_table_signature_deposit_and_provisional_application_never_begin_membership() {
    for act in ["signature", "deposit", "provisional-application"] {
        check(&table([did("a", act, "2000-01-01")]), "2010-01-01", "");
    }
}

#[test]
fn in_a_table_no_order_is_irregular_but_an_end_before_the_beginning() {
    let consent_first = table([ratified("a", "2000-01-01"), did("a", "signature", "2001-01-01")]);
    check(&consent_first, "2000-01-01", "a member");
    check(&table([ratified("a", "2000-01-01"), left("a", "1999-01-01")]), "2005-01-01", "");
}

#[test]
fn in_a_table_a_consent_works_from_its_effective_day_too() {
    let history = table([ratified("a", "2000-01-01").with("effective", "2000-04-01")]);
    check(&history, "2000-03-31", "");
    check(&history, "2000-04-01", "a member");
}

#[test]
fn a_table_states_membership_of_any_type_of_agreement() {
    for kind in ["agreement", "organisation", "protocol"] {
        let history = pact_with(
            kind,
            &json!({"in_force": "stated"}),
            [ratified("a", "1999-01-01"), did("a", "entry-into-force", "2000-01-01")],
        );
        check(&history, "1999-06-01", "");
        check(&history, "2000-01-01", "a member");
    }
}

#[test]
fn every_stay_of_a_table_is_a_row() {
    let history = table([
        ratified("a", "2000-01-01").with("stay", "1"),
        left("a", "2005-01-01").with("stay", "1"),
        ratified("a", "2003-01-01").with("stay", "2"),
        ratified("b", "2009-01-01").with("stay", "3"),
        left("b", "2008-01-01").with("stay", "3"),
    ]);
    check(&history, "2007-01-01", "a member");
    check(&history, "2010-01-01", "a member");
}
