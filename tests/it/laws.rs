//! Laws that hold for every history, with generated ones of two parties. The worry is the history that nobody thought
//! of: an answer that depends on the order of recording, or a fold that panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::{
    Given, Told, corrected, did, disputed, expected, left, milestone, pact_with, paused, retracted, undid,
};
use servanda::domain::act::{DepartureAct, JoiningAct};
use servanda::domain::agreement::AgreementType;
use servanda::domain::day::Day;
use servanda::domain::window::Certainty;

/// Days on which answers are compared.
pub(crate) const DAYS: [&str; 6] = ["1999-12-31", "2001-03-01", "2003-07-15", "2005-01-01", "2008-02-29", "2030-01-01"];

/// A seed of one announcement: party, what happened, act, day, open start, stay, standing.
type Seed = (bool, u8, usize, i32, bool, u8, bool);

fn seed() -> impl Strategy<Value = Seed> {
    (any::<bool>(), 0..12_u8, 0..64_usize, 0..4000_i32, any::<bool>(), 0..6_u8, prop::bool::weighted(0.2))
}

/// The announcement that a seed grows to. No two have windows of one width, so that no claims tie.
fn grow(index: usize, (party, what, act, day, is_open, stay, is_reported): Seed) -> Told {
    let party = if party { "a" } else { "b" };
    let width = i32::try_from(index).expect("histories are short");
    let first = Day::from_ymd(2000, 1, 1).expect("a day").shift(day);
    let date =
        if is_open && index == 0 { format!("[..{first}]") } else { format!("[{first}..{}]", first.shift(width)) };
    let joining = JoiningAct::ALL[act % JoiningAct::ALL.len()].as_str();
    let departure = DepartureAct::ALL[act % DepartureAct::ALL.len()].as_str();
    let mut told = match what {
        0..=4 => did(party, joining, &date),
        5..=6 => left(party, &date),
        7 => undid(party, departure, &date),
        8 => expected(party, &first.to_string()),
        9 => paused("suspension", &date).with("party", party),
        10 => paused("resumption", &date).with("party", party),
        _ => milestone(if act % 2 == 0 { "entry-into-force" } else { "terminated" }, &date),
    };
    if stay < 2 && !matches!(what, 8 | 11..) {
        told = told.with("stay", if stay == 0 { "one" } else { "two" });
    }
    if is_reported {
        told = told.reported();
    }
    told.named(&format!("told-{index}"))
}

pub(crate) fn history() -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec(seed(), 1..10)
        .prop_map(|seeds| seeds.into_iter().enumerate().map(|(index, seed)| grow(index, seed)).collect())
}

/// The type of an agreement, and rules of its own.
pub(crate) fn rules() -> impl Strategy<Value = (&'static str, Value)> {
    let own = prop::sample::select(vec![
        Value::Null,
        json!({"in_force": "stated"}),
        json!({"delay": 90}),
        json!({"member": ["signature"], "associated": ["ratification"]}),
    ]);
    (prop::sample::select(AgreementType::ALL.to_vec()).prop_map(AgreementType::as_str), own)
}

/// All answers on the days, with announcements' ids instead of their positions.
fn answers(given: &Given) -> Vec<Value> {
    let name = |seq: &Value| {
        let seq = seq.as_u64().and_then(|seq| usize::try_from(seq).ok()).expect("a position");
        json!(given.events[seq].id.as_str().trim_end_matches("-again"))
    };
    let answer = |given: &Given, on: &&str| {
        let mut rows = serde_json::to_value(given.answer(on).members).expect("rows are JSON");
        for row in rows.as_array_mut().expect("rows") {
            row["events"] = row["events"].as_array().expect("events").iter().map(name).collect();
        }
        rows
    };
    let both = [given.clone(), given.with_reported()];
    both.iter().flat_map(|given| DAYS.iter().map(move |on| answer(given, on))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_recording_does_not_matter(
        (told, shuffled) in history().prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        (kind, own) in rules(),
    ) {
        prop_assert_eq!(answers(&pact_with(kind, &own, told)), answers(&pact_with(kind, &own, shuffled)));
    }

    #[test]
    fn what_is_certain_is_possible(told in history(), (kind, own) in rules()) {
        let given = pact_with(kind, &own, told).with_reported();
        for row in DAYS.iter().flat_map(|on| given.answer(on).members) {
            prop_assert!(row.at_least <= row.status, "{row:?}");
            prop_assert_eq!(row.certainty == Certainty::Certain, row.at_least == row.status, "{:?}", row);
        }
    }

    #[test]
    fn an_earlier_state_of_knowledge_is_the_answer_of_the_prefix(told in history(), (kind, own) in rules(), cut in 0..10_usize) {
        let cut = cut.min(told.len());
        let all = pact_with(kind, &own, told.clone());
        let prefix = pact_with(kind, &own, told[..cut].to_vec());
        let seq = u64::try_from(cut).expect("histories are short");
        for on in DAYS {
            // The answers differ in the question that they repeat, and in nothing else.
            let text = |given: &Given| {
                let mut answer = given.answer(on);
                answer.vantage.recorded_by = None;
                serde_json::to_string(&answer).expect("an answer is JSON")
            };
            prop_assert_eq!(text(&all.recorded_by(seq)), text(&prefix));
        }
    }

    #[test]
    fn what_is_retracted_and_told_again_gives_the_earlier_answer(told in history(), (kind, own) in rules(), which in 0..10_usize) {
        let which = which % told.len();
        let again = told[which].clone().named(&format!("told-{which}-again"));
        let back = [retracted(&format!("told-{which}")), again];
        let longer = pact_with(kind, &own, told.iter().cloned().chain(back));
        prop_assert_eq!(answers(&pact_with(kind, &own, told)), answers(&longer));
    }

    #[test]
    fn no_history_is_too_odd_to_be_answered(
        told in history(),
        (kind, own) in rules(),
        odd in prop::collection::vec((0..3_u8, 0..14_usize, seed()), 0..8),
    ) {
        let odd = odd.into_iter().enumerate().map(|(at, (what, of, seed))| {
            let of = format!("told-{of}");
            let index = at + 10;
            match what {
                0 => retracted(&of),
                1 => disputed(&of),
                _ => corrected(&of, &grow(index, seed)),
            }
            .named(&format!("told-{index}"))
        });
        let all = pact_with(kind, &own, told.into_iter().chain(odd));
        prop_assert_eq!(answers(&all).len(), 2 * DAYS.len());
    }
}
