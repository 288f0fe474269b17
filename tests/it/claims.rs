//! Claims of one fact that disagree: which decides, by which preference, and what parties say about how they are bound.

use proptest::prelude::*;

use servanda::domain::date::Date;
use servanda::query::conflicts::conflicts;
use servanda::query::{Prefer, Standpoint};

use crate::given::{Given, corrected, day, did, disputed, joined, left, pact_with, programme, remarked, told, treaty};
use crate::laws::{DAYS, history, rules};

fn since(history: &Given, prefer: Prefer) -> String {
    let row = history.preferring(prefer).row("a", "2030-01-01");
    row.since.as_ref().map(Date::to_string).unwrap_or_default()
}

#[track_caller]
fn check_since(history: &Given, expected: [&str; 4]) {
    let found: Vec<String> = Prefer::ALL.iter().map(|prefer| since(history, *prefer)).collect();
    assert_eq!(found, expected, "strongest, latest, official, undisputed");
}

#[test]
fn a_preference_chooses_among_claims_that_conflict() {
    let history = programme([
        joined("a", "2021-03-09").named("first").graded("press").announced("2021-03-10"),
        joined("a", "2021-06-01").graded("secondary").announced("2023-10-01"),
        joined("a", "2021-04").graded("host").announced("2021-05-01"),
        disputed("first"),
    ]);
    check_since(&history, ["2021-04", "2021-06-01", "2021-04", "2021-04"]);
    let history = programme([
        joined("a", "2021-03-09").named("first").graded("press").announced("2021-03-10"),
        joined("a", "2021-06-01").graded("secondary").announced("2023-10-01"),
        disputed("first"),
    ]);
    check_since(&history, ["2021-03-09", "2021-06-01", "2021-03-09", "2021-06-01"]);
}

#[test]
fn every_official_source_comes_before_the_press_and_the_strongest_of_them_first() {
    let history = programme([
        joined("a", "2021-03-09").graded("press"),
        joined("a", "2021-06").graded("party"),
        joined("a", "2021-07-01").graded("host"),
    ]);
    check_since(&history, ["2021-06", "2021-07-01", "2021-06", "2021-06"]);
}

#[test]
fn where_windows_overlap_no_preference_changes_the_date() {
    let history = programme([
        joined("a", "2021-03").graded("press").announced("2021-03-10"),
        joined("a", "2021-03-09").graded("secondary").announced("2021-03-12"),
        joined("a", "../2021-04-01").graded("host").announced("2024-01-01"),
    ]);
    check_since(&history, ["2021-03-09"; 4]);
}

#[test]
fn different_acts_are_chosen_among_even_where_the_dates_agree() {
    let history = programme([
        did("a", "memorandum", "2021-03-09").graded("press").announced("2021-03-10"),
        did("a", "signature", "2021-03-09").graded("secondary").announced("2023-10-01"),
    ]);
    let act = |prefer| history.preferring(prefer).row("a", "2030-01-01").act.map(|act| act.to_string());
    assert_eq!(act(Prefer::Strongest).as_deref(), Some("memorandum"));
    assert_eq!(act(Prefer::Latest).as_deref(), Some("signature"));
    assert_eq!(history.preferring(Prefer::Latest).row("a", "2030-01-01").events, [1, 2]);
}

#[test]
fn a_notice_that_does_not_say_when_it_takes_effect_is_marked() {
    let history =
        treaty([did("a", "ratification", "2000-01-01").with("effective", "2000-02-01"), left("a", "2010-05-05")]);
    let before = history.row("a", "2010-05-04");
    assert!(before.effect_assumed && before.until.is_some());
    let told = left("a", "2010-05-05").with("effective", "2011-05-05");
    let history = treaty([did("a", "ratification", "2000-01-01").with("effective", "2000-02-01"), told]);
    assert!(!history.row("a", "2010-05-04").effect_assumed);
    let history = programme([joined("a", "2000-01-01"), left("a", "2010-05-05")]);
    assert!(!history.row("a", "2010-05-04").effect_assumed, "only treaties need notice");
}

#[test]
fn a_reservation_marks_its_party_until_it_is_withdrawn() {
    let history = treaty([
        did("a", "ratification", "2000-01-01"),
        did("b", "ratification", "2000-01-01"),
        remarked("a", "reservation", "2000-01-01").named("r"),
        remarked("b", "objection", "2000-06-01").named("o").with("to", "r"),
        remarked("a", "withdrawal", "2010").with("to", "r"),
    ]);
    let marks = |party: &str, on: &str| -> Vec<String> {
        let row = history.row(party, on);
        let mark =
            |of: &servanda::query::members::Statement| format!("{} {} {:?}", of.act, of.certainty, of.objections);
        row.statements.iter().map(mark).collect()
    };
    assert!(marks("a", "1999-12-31").is_empty());
    let reserved = history.row("a", "2000-01-01").statements[0].event;
    assert_eq!(marks("a", "2001-01-01"), [format!("reservation certain [{}]", reserved + 1)]);
    assert_eq!(marks("b", "2001-01-01"), ["objection certain []"]);
    assert_eq!(marks("a", "2010-06-01"), [format!("reservation possible [{}]", reserved + 1)]);
    assert!(marks("a", "2010-12-31").is_empty());
}

#[test]
fn only_its_own_party_withdraws_a_statement() {
    let history = treaty([
        did("a", "ratification", "2000-01-01"),
        remarked("a", "reservation", "2000-01-01").named("r"),
        told(
            "joining",
            serde_json::json!({"party": "b", "agreement": "pact", "act": "ratification", "occurred": "2000"}),
        ),
        remarked("b", "withdrawal", "2001-01-01").with("to", "r"),
        remarked("b", "withdrawal", "2001-01-01"),
    ]);
    assert_eq!(history.row("a", "2010-01-01").statements.len(), 1);
}

#[test]
fn an_objection_stays_with_a_reservation_that_is_corrected() {
    let history = treaty([
        did("a", "ratification", "2000-01-01"),
        remarked("a", "reservation", "2000-01-01").named("r"),
        remarked("b", "objection", "2000-06-01").with("to", "r"),
        corrected("r", &remarked("a", "reservation", "2000-01-02")),
    ]);
    let row = history.row("a", "2010-01-01");
    assert_eq!((row.statements.len(), row.statements[0].objections.len()), (1, 1));
}

const GRADES: [&str; 5] = ["depositary", "party", "host", "press", "secondary"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn preferences_agree_where_nothing_conflicts(told in history(), (kind, own) in rules(), grade in 0..5_usize) {
        let graded = told.into_iter().enumerate().map(|(index, told)| told.graded(GRADES[(index * 3 + grade) % 5]));
        let given = pact_with(kind, &own, graded);
        let snapshot = &given.snapshot;
        for on in DAYS {
            let found = conflicts(snapshot, None, None, Standpoint::on(day(on))).expect("there is no position to miss");
            let conflicting = found.conflicts.iter().filter_map(|of| of.party.as_deref());
            // Which claim decides may also say whether a stay is empty, and so irregular.
            let irregular = found.irregular.iter().map(|of| of.party.as_str());
            let conflicting: Vec<&str> = conflicting.chain(irregular).collect();
            if found.conflicts.iter().any(|of| of.party.is_none()) {
                continue;
            }
            let rows = |prefer| -> Vec<_> {
                let rows = given.preferring(prefer).answer(on).members.into_iter();
                rows.filter(|row| !conflicting.contains(&row.party.as_str())).collect()
            };
            for prefer in Prefer::ALL {
                prop_assert_eq!(rows(*prefer), rows(Prefer::Strongest), "{} on {}", prefer, on);
            }
        }
    }
}
