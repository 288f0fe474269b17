//! What changed, and why: the labels of changes, and that changes applied to one state give the other.

use std::collections::BTreeMap;

use proptest::prelude::*;

use servanda::domain::day::Day;
use servanda::query::consequences::consequences;
use servanda::query::diff::{Change, ChangeKind, Diff, Label, Side, apply, diff};
use servanda::query::replay::replay;
use servanda::query::{Known, RecordedBy, Standpoint};

use crate::given::{Given, corrected, day, did, disputed, joined, left, milestone, programme, retracted, told, treaty};
use crate::laws::{DAYS, history, rules};

fn recorded(on: &str, seq: u64) -> Standpoint {
    let known = Known { recorded_by: Some(RecordedBy::Seq(seq)), ..Known::default() };
    Standpoint { known, ..Standpoint::on(day(on)) }
}

fn between(given: &Given, from: Standpoint, to: Standpoint) -> Diff {
    diff(&given.snapshot, from, to).expect("the positions are there")
}

/// The only change between two states of knowledge of a day, as its labels.
#[track_caller]
fn labels(given: &Given, on: &str, from: u64) -> Vec<Label> {
    let last = given.snapshot.heads.len() - 1;
    let changes = between(given, recorded(on, from), recorded(on, last)).changes;
    assert_eq!(changes.len(), 1, "{changes:#?}");
    changes[0].labels.clone()
}

#[test]
fn what_happened_before_and_is_told_now_was_learned_late() {
    // Everything is recorded in 2026.
    let given = programme([joined("a", "2001-01-01"), joined("b", "2002-01-01")]);
    assert_eq!(labels(&given, "2010-01-01", 1), [Label::LearnedLate]);
}

#[test]
fn what_happens_after_the_earlier_state_of_knowledge_is_the_world_changing() {
    let given = programme([joined("a", "2001-01-01"), joined("b", "9000-01-01")]);
    assert_eq!(labels(&given, "9500-01-01", 1), [Label::WorldChanged]);
}

#[test]
fn a_correction_says_that_we_were_wrong() {
    let given = programme([joined("a", "2001-01-01").named("j"), corrected("j", &joined("a", "2002-01-01"))]);
    assert_eq!(labels(&given, "2010-01-01", 1), [Label::WeWereWrong]);
    assert_eq!(labels(&given, "2001-06-01", 1), [Label::WeWereWrong], "it was none then");
}

#[test]
fn a_retraction_takes_back_and_gives_its_reason() {
    let given = programme([joined("a", "2001-01-01").named("j"), retracted("j")]);
    assert_eq!(labels(&given, "2010-01-01", 1), [Label::Retracted]);
    let changes = between(&given, recorded("2010-01-01", 1), recorded("2010-01-01", 2)).changes;
    assert_eq!((changes[0].kind, changes[0].reasons[0].reason.as_str()), (ChangeKind::Left, "recorded by mistake"));
    assert_eq!(changes[0].events, [2, 1]);
}

#[test]
fn a_dispute_and_a_confirmation_are_changes_of_their_own() {
    let joining = || joined("a", "2001-01-01").named("j");
    assert_eq!(labels(&programme([joining(), disputed("j")]), "2010-01-01", 1), [Label::Disputed]);
    let confirmed = told("confirmation", serde_json::json!({"of": "j"}));
    assert_eq!(labels(&programme([joining(), confirmed]), "2010-01-01", 1), [Label::Confirmed]);
}

#[test]
fn what_was_only_reported_and_now_is_confirmed_says_so() {
    let given = programme([joined("a", "2001-01-01").reported(), joined("a", "2001-01-01")]).with_reported();
    let at = |seq| Standpoint { reported: servanda::query::Reported::Included, ..recorded("2010-01-01", seq) };
    let changes = between(&given, at(1), at(2)).changes;
    assert_eq!(changes[0].labels, [Label::Confirmed]);
}

#[test]
fn between_two_days_only_the_world_changes() {
    let given = programme([
        joined("a", "2001-01-01").announced("2001-01-02"),
        left("a", "2005-01-01").announced("2005-01-02"),
        joined("b", "2003").announced("2020"),
    ]);
    let kinds = |from: &str, to: &str| -> Vec<(ChangeKind, Vec<Label>)> {
        let changes = between(&given, Standpoint::on(day(from)), Standpoint::on(day(to))).changes;
        changes.into_iter().map(|change| (change.kind, change.labels)).collect()
    };
    assert_eq!(kinds("2000-01-01", "2002-01-01"), [(ChangeKind::Joined, vec![Label::WorldChanged])]);
    assert_eq!(
        kinds("2002-01-01", "2010-01-01"),
        [
            (ChangeKind::Left, vec![Label::WorldChanged]),
            (ChangeKind::Joined, vec![Label::WorldChanged, Label::LearnedLate]),
        ]
    );
    assert_eq!(kinds("2002-01-01", "2002-01-01"), []);
}

#[test]
fn the_end_of_an_agreement_is_one_change_for_all_its_parties() {
    let given = treaty([
        did("a", "accession", "2000-01-01").with("effective", "2000-01-01"),
        did("b", "accession", "2000-01-01").with("effective", "2000-01-01"),
        milestone("terminated", "2010-01-01"),
    ]);
    let changes = between(&given, Standpoint::on(day("2009-01-01")), Standpoint::on(day("2011-01-01"))).changes;
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!((changes[0].kind, changes[0].parties.len()), (ChangeKind::EndedInstrument, 2));
}

#[test]
fn new_events_change_answers_about_the_days_that_they_tell_of_and_no_others() {
    let given = programme([joined("a", "2001-01-01"), left("a", "2005-03")]);
    let changed = |from, until| consequences(&given.snapshot, from, day(until)).expect("its heads are known");
    let found = changed(2, "2020-01-01");
    let said: Vec<String> = found
        .iter()
        .map(|of| {
            let text = |day: Option<Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
            let days = format!("{} {}", text(of.from), text(of.to));
            format!("{} {days}: {} → {}", of.party, of.before.in_words(), of.after.in_words())
        })
        .collect();
    let expected = ["a 2005-03-01 2005-03-30: member → possibly member", "a 2005-03-31 -: member → former"];
    assert_eq!(said, expected);
    assert_eq!(changed(3, "2020-01-01"), []);
    assert_eq!(changed(2, "2005-02-28"), [], "nothing is said of days to come");
}

/// What each row of a state says.
fn state(given: &Given, at: Standpoint) -> BTreeMap<(String, String), Side> {
    let none = diff(&given.snapshot, recorded("2000-01-01", 0), at).expect("the positions are there");
    let empty = replay(&given.snapshot, recorded("2000-01-01", 0)).expect("the position is there");
    assert!(empty.agreements.iter().all(|agreement| agreement.parties.is_empty()));
    let mut state = BTreeMap::new();
    apply(&mut state, &none.changes);
    state
}

/// Changes of rows, whatever they are called.
fn sides(changes: &[Change]) -> BTreeMap<(String, String), (Option<Side>, Option<Side>)> {
    let of = |change: &Change| {
        let agreement = change.agreement.clone();
        let each = change.parties.iter().cloned();
        each.map(move |party| ((agreement.clone(), party.party), (party.before, party.after))).collect::<Vec<_>>()
    };
    changes.iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_changes_after_one_another_are_the_change_from_the_first_to_the_last(
        told in history(),
        (kind, own) in rules(),
        days in prop::sample::subsequence(DAYS.to_vec(), 3),
    ) {
        let given = crate::given::pact_with(kind, &own, told);
        let last = given.snapshot.heads.len() - 1;
        let by_day: Vec<Standpoint> = days.iter().map(|on| Standpoint::on(day(on))).collect();
        let by_position: Vec<Standpoint> = [last / 3, last / 2, last].map(|seq| recorded(days[1], seq)).to_vec();
        for at in [by_day, by_position] {
            let (first, second) = (between(&given, at[0], at[1]), between(&given, at[1], at[2]));
            let direct = between(&given, at[0], at[2]);
            let mut applied = state(&given, at[0]);
            apply(&mut applied, &first.changes);
            prop_assert_eq!(&applied, &state(&given, at[1]));
            apply(&mut applied, &second.changes);
            prop_assert_eq!(&applied, &state(&given, at[2]));
            let mut composed = sides(&first.changes);
            for (key, (before, after)) in sides(&second.changes) {
                let before = composed.remove(&key).map_or(before, |(first, _)| first);
                composed.insert(key, (before, after));
            }
            composed.retain(|_, (before, after)| before != after);
            prop_assert_eq!(composed, sides(&direct.changes));
        }
    }
}
