//! Laws that hold for every history, with generated ones of two parties, and what was said about their announcements
//! afterwards. The worry is the history that nobody thought of: an answer that depends on the order of recording, or a
//! fold that panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::{
    Given, Told, confirmed, corrected, day, did, disputed, expected, left, milestone, pact_with, paused, remarked,
    retracted, undid,
};
use servanda::domain::act::{DepartureAct, JoiningAct, MilestoneAct, StatementAct};
use servanda::domain::agreement::AgreementType;
use servanda::domain::day::Day;
use servanda::domain::source::Grade;
use servanda::domain::window::Certainty;
use servanda::query::standings::standings;

/// Days on which answers are compared.
pub(crate) const DAYS: [&str; 6] = ["1999-12-31", "2001-03-01", "2003-07-15", "2005-01-01", "2008-02-29", "2030-01-01"];

/// A seed of one announcement: party, what happened, act, day, open start, stay, standing.
pub(crate) type Seed = (bool, u8, usize, i32, bool, u8, bool);

pub(crate) fn seed() -> impl Strategy<Value = Seed> {
    (any::<bool>(), 0..15_u8, 0..64_usize, 0..4000_i32, any::<bool>(), 0..6_u8, prop::bool::weighted(0.2))
}

/// The most days of a month, a quarter, a year and a decade, less than there are indices.
const WIDTHS: [i32; 4] = [2, 40, 100, 400];

/// The grade of an announcement's source.
fn grade(index: usize) -> &'static str {
    Grade::ALL[index % Grade::ALL.len()].as_str()
}

/// The announcement that a seed grows to. No two have windows of one width, nor sources of one grade and dates of one
/// class of precision, and no two prospects were announced on one day, so that no claims tie.
pub(crate) fn grow(index: usize, (party, what, act, day, is_open, stay, is_reported): Seed) -> Told {
    let party = if party { "a" } else { "b" };
    let width = WIDTHS[index / Grade::ALL.len()] + i32::try_from(index).expect("histories are short");
    let first = Day::from_ymd(2000, 1, 1).expect("a day").shift(day);
    let date =
        if is_open && index == 0 { format!("[..{first}]") } else { format!("[{first}..{}]", first.shift(width)) };
    let joining = JoiningAct::ALL[act % JoiningAct::ALL.len()].as_str();
    let departure = DepartureAct::ALL[act % DepartureAct::ALL.len()].as_str();
    let mut told = match what {
        0..=4 => did(party, joining, &date),
        5..=6 => left(party, &date),
        7 => undid(party, departure, &date),
        8 => hoped(party, index, day),
        9 => paused("suspension", &date).with("party", party),
        10 => paused("resumption", &date).with("party", party),
        11 => milestone(if act % 2 == 0 { "entry-into-force" } else { "terminated" }, &date),
        12 => milestone(MilestoneAct::ALL[act % MilestoneAct::ALL.len()].as_str(), &date),
        13 => paused(if act % 2 == 0 { "suspension" } else { "resumption" }, &date),
        _ => remarked(party, StatementAct::ALL[act % StatementAct::ALL.len()].as_str(), &date),
    };
    if stay < 2 && !matches!(what, 8 | 11..) {
        told = told.with("stay", if stay == 0 { "one" } else { "two" });
    }
    if is_reported {
        told = told.reported();
    }
    told.graded(grade(index)).named(&format!("told-{index}"))
}

/// Something expected since a day that no other index has.
fn hoped(party: &str, index: usize, day: i32) -> Told {
    let index = i32::try_from(index).expect("histories are short");
    let since = Day::from_ymd(2000, 1, 1).expect("a day").shift(day - day % 32 + index);
    expected(party, &since.to_string())
}

pub(crate) fn history() -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec(seed(), 1..10)
        .prop_map(|seeds| seeds.into_iter().enumerate().map(|(index, seed)| grow(index, seed)).collect())
}

/// A history, and what was said about its announcements afterwards.
#[derive(Debug, Clone)]
pub(crate) struct Amended {
    pub(crate) told: Vec<Told>,
    /// The announcement that each one is about, by its place among `told`.
    about: Vec<Option<usize>>,
}

impl Amended {
    /// Adds what is said about an announcement; as when appending, nothing is corrected or retracted twice, and only
    /// claims about the world are corrected or denied.
    fn of(told: Vec<Told>, sayings: Vec<(u8, usize, Seed)>) -> Self {
        let mut all = Self { about: vec![None; told.len()], told };
        let mut is_claim = vec![true; all.told.len()];
        let mut struck = vec![false; all.told.len()];
        for (what, of, seed) in sayings {
            let (index, of) = (all.told.len(), of % all.told.len());
            let (id, party) = (format!("told-{of}"), if seed.0 { "a" } else { "b" });
            let corrects = what == 1 && is_claim[of] && !struck[of];
            let retracts = what == 0 && !struck[of];
            let said = match what {
                0 if retracts => retracted(&id),
                1 if corrects => corrected(&id, &grow(index, seed)).graded(grade(index)),
                2 if is_claim[of] => disputed(&id),
                3 if is_claim[of] => confirmed(&id),
                4 => remarked(party, "objection", "2004").with("to", id),
                5 => hoped(party, index, seed.3).with("fulfilled_by", id),
                _ => continue,
            };
            struck[of] |= corrects || retracts;
            all.told.push(said.named(&format!("told-{index}")));
            all.about.push(Some(of));
            is_claim.push(corrects || what >= 4);
            struck.push(false);
        }
        all
    }

    /// The same in another order, in which whatever is about an announcement still comes after it.
    fn in_order(&self, wanted: &[usize]) -> Vec<Told> {
        let mut told = Vec::new();
        let mut done = vec![false; self.told.len()];
        while told.len() < self.told.len() {
            let is_next = |index: &&usize| !done[**index] && self.about[**index].is_none_or(|of| done[of]);
            let next = *wanted.iter().find(is_next).expect("nothing is about what comes after it");
            done[next] = true;
            told.push(self.told[next].clone());
        }
        told
    }
}

pub(crate) fn amended() -> impl Strategy<Value = Amended> {
    (history(), prop::collection::vec((0..6_u8, 0..16_usize, seed()), 0..7))
        .prop_map(|(told, sayings)| Amended::of(told, sayings))
}

/// An amended history, and an order to record it in.
fn shuffled() -> impl Strategy<Value = (Amended, Vec<usize>)> {
    amended().prop_flat_map(|all| {
        let order: Vec<usize> = (0..all.told.len()).collect();
        (Just(all), Just(order).prop_shuffle())
    })
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
    let answer = |given: &Given, on: &&str| {
        let mut rows = serde_json::to_value(given.answer(on).members).expect("rows are JSON");
        for row in rows.as_array_mut().expect("rows") {
            name(given, row);
            let statements = row["statements"].as_array_mut().expect("statements");
            for statement in statements.iter_mut() {
                name(given, statement);
            }
            // Beside what decides, all is listed as it was recorded.
            statements.sort_by_key(Value::to_string);
        }
        rows
    };
    let both = [given.clone(), given.with_reported()];
    both.iter().flat_map(|given| DAYS.iter().map(move |on| answer(given, on))).collect()
}

/// Puts ids in the place of the positions that an object holds.
fn name(given: &Given, object: &mut Value) {
    let id = |seq: &Value| {
        let seq = seq.as_u64().and_then(|seq| usize::try_from(seq).ok()).expect("a position");
        json!(given.snapshot.events[seq].id.as_str().trim_end_matches("-again"))
    };
    for (key, value) in object.as_object_mut().expect("an object") {
        match key.as_str() {
            "event" => *value = id(value),
            "events" | "disagree" | "confirmed_by" | "objections" => {
                let mut ids: Vec<Value> = value.as_array().expect("positions").iter().map(id).collect();
                if key != "events" {
                    ids.sort_by_key(Value::to_string);
                }
                *value = ids.into();
            }
            _ => {}
        }
    }
}

/// A window of days since the beginning of 2000, and the day of it that it really was.
fn guess() -> impl Strategy<Value = (i32, i32, i32)> {
    (0..3500_i32, 0..900_i32).prop_flat_map(|(first, width)| (Just(first), Just(first + width), first..=first + width))
}

/// The same history as it was known and as it was: a signature, a consent and a leaving in each of two stays, a
/// suspension and a resumption, and the entry into force; each may be left out.
fn guessed() -> impl Strategy<Value = (Vec<Told>, Vec<Told>)> {
    prop::collection::vec(prop::option::of(guess()), 9)
        .prop_filter("what begins ends later", |guesses| {
            let real = |index: usize| guesses[index].map(|(.., real)| real);
            let in_order = |a: usize, b: usize| real(a).zip(real(b)).is_none_or(|(a, b)| a < b);
            let pairs = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (6, 7)];
            pairs.iter().all(|(a, b)| in_order(*a, *b))
        })
        .prop_map(|guesses| {
            let day = |days: i32| Day::from_ymd(2000, 1, 1).expect("a day").shift(days).to_string();
            let acts = |date: &dyn Fn((i32, i32, i32)) -> String| {
                let told = |(index, guess): (usize, &Option<_>)| {
                    let date = date((*guess)?);
                    let stay = if index < 3 { "one" } else { "two" };
                    Some(match index {
                        0 | 3 => did("a", "signature", &date).with("stay", stay),
                        1 | 4 => did("a", "ratification", &date).with("stay", stay),
                        2 | 5 => left("a", &date).with("stay", stay),
                        6 => paused("suspension", &date),
                        7 => paused("resumption", &date),
                        _ => milestone("entry-into-force", &date),
                    })
                };
                guesses.iter().enumerate().filter_map(told).collect()
            };
            let known = |(first, last, _)| format!("[{}..{}]", day(first), day(last));
            (acts(&known), acts(&|(.., real)| day(real)))
        })
}

/// Joinings and leavings without labels as they were known and as they were, none of which may be taken for another
/// claim of the one before.
fn in_turn() -> impl Strategy<Value = (Vec<Told>, Vec<Told>)> {
    prop::collection::vec((1..1500_i32, 0..500_i32, 0..500_i32), 1..7).prop_filter_map("apart", |gaps| {
        let reals = gaps.iter().scan(0, |day, (gap, ..)| {
            *day += gap;
            Some(*day)
        });
        let guesses: Vec<_> = reals.zip(&gaps).map(|(real, (_, lo, hi))| (real - lo, real + hi, real)).collect();
        let apart = |a: usize| guesses.iter().skip(a + 2).all(|later| guesses[a].1 < later.0);
        let leavings_apart =
            (1..guesses.len()).step_by(2).all(|a| apart(a) && guesses.get(a + 1).is_none_or(|b| guesses[a].1 < b.0));
        let day = |days: i32| Day::from_ymd(2000, 1, 1).expect("a day").shift(days).to_string();
        let acts = |date: &dyn Fn(&(i32, i32, i32)) -> String| -> Vec<Told> {
            let act = |(index, guess)| {
                if index % 2 == 0 { did("a", "memorandum", &date(guess)) } else { left("a", &date(guess)) }
            };
            guesses.iter().enumerate().map(act).collect()
        };
        let known = |(first, last, _): &_| format!("[{}..{}]", day(*first), day(*last));
        (leavings_apart && (0..guesses.len()).all(apart)).then(|| (acts(&known), acts(&|(.., real)| day(*real))))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_recording_does_not_matter((all, order) in shuffled(), (kind, own) in rules()) {
        let other = pact_with(kind, &own, all.in_order(&order));
        prop_assert_eq!(answers(&pact_with(kind, &own, all.told)), answers(&other));
    }

    #[test]
    fn what_is_certain_is_possible(all in amended(), (kind, own) in rules()) {
        let given = pact_with(kind, &own, all.told).with_reported();
        for row in DAYS.iter().flat_map(|on| given.answer(on).members) {
            prop_assert!(row.at_least <= row.status, "{row:?}");
            prop_assert_eq!(row.certainty == Certainty::Certain, row.at_least == row.status, "{:?}", row);
        }
    }

    #[test]
    fn standings_are_on_every_day_what_is_answered_for_it(
        all in amended(),
        (kind, own) in rules(),
        days in prop::collection::vec(-400..4000_i32, 16),
    ) {
        let given = pact_with(kind, &own, all.told);
        for given in [given.with_reported(), given] {
            let standings = standings(&given.snapshot, given.standpoint(day(DAYS[0]))).expect("it is recorded");
            let drawn = days.iter().map(|later| day("2000-01-01").shift(*later).to_string());
            for on in DAYS.into_iter().map(str::to_owned).chain(drawn) {
                let answered = given.answer(&on).members;
                let answered: Vec<_> = answered.iter().map(|row| (&*row.party, row.status, row.at_least)).collect();
                let found = standings.on(day(&on)).map(|row| (row.party, row.status, row.at_least));
                prop_assert_eq!(found.collect::<Vec<_>>(), answered, "on {}", on);
            }
        }
    }

    #[test]
    fn an_earlier_state_of_knowledge_is_the_answer_of_the_prefix(
        (all, order) in shuffled(),
        (kind, own) in rules(),
        cut in 0..16_usize,
    ) {
        let told = all.in_order(&order);
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
    fn what_was_announced_by_a_day_is_answered_as_if_nothing_else_were_recorded(
        all in amended(),
        (kind, own) in rules(),
        order in Just((0..16_i32).collect::<Vec<_>>()).prop_shuffle(),
        cut in 0..16_i32,
    ) {
        let day = |place: i32| Day::from_ymd(2000, 1, 1).expect("a day").shift(place * 200);
        let dated = all.told.into_iter().zip(order).map(|(told, place)| (told.announced(&day(place).to_string()), place));
        let (dated, places): (Vec<Told>, Vec<i32>) = dated.unzip();
        let known = dated.iter().zip(places).filter(|(_, place)| *place <= cut).map(|(told, _)| told.clone());
        let known = pact_with(kind, &own, known.collect::<Vec<_>>());
        prop_assert_eq!(answers(&pact_with(kind, &own, dated).announced_by(&day(cut).to_string())), answers(&known));
    }

    #[test]
    fn what_really_was_lies_between_what_is_certain_and_what_is_possible(
        (known, real) in guessed(),
        (_, own) in rules(),
    ) {
        let (known, real) = (pact_with("treaty", &own, known), pact_with("treaty", &own, real));
        for on in DAYS {
            for (known, real) in known.answer(on).members.into_iter().zip(real.answer(on).members) {
                let between = known.at_least <= real.status && real.status <= known.status;
                prop_assert!(between && real.certainty == Certainty::Certain, "on {on}: {known:?} was {real:?}");
            }
        }
    }

    #[test]
    fn unlabelled_stays_too_lie_between_what_is_certain_and_what_is_possible((known, real) in in_turn()) {
        let (known, real) = (pact_with("programme", &Value::Null, known), pact_with("programme", &Value::Null, real));
        for on in DAYS {
            let (known, real) = (known.row("a", on), real.row("a", on));
            prop_assert!(known.at_least <= real.status && real.status <= known.status, "on {on}: {known:?} was {real:?}");
        }
    }

    #[test]
    fn what_others_deny_or_say_too_changes_no_status(all in amended(), (kind, own) in rules()) {
        let statuses = |given: Given| -> Vec<Value> {
            let part = |row: &Value| json!([row["party"], row["status"], row["at_least"], row["since"], row["until"]]);
            let answers = answers(&given);
            answers.iter().map(|rows| rows.as_array().expect("rows").iter().map(part).collect()).collect()
        };
        let plain: Vec<Told> = all.told.iter().filter(|told| !told.only_comments()).cloned().collect();
        prop_assert_eq!(statuses(pact_with(kind, &own, all.told)), statuses(pact_with(kind, &own, plain)));
    }

    #[test]
    fn what_is_only_reported_lowers_no_status(all in amended(), (kind, own) in rules()) {
        let given = pact_with(kind, &own, all.told);
        for on in DAYS {
            for row in given.answer(on).members {
                let with = given.with_reported().row(&row.party, on);
                prop_assert!(with == row || with.status > row.status, "{row:?} became {with:?}");
            }
        }
    }

    #[test]
    fn what_is_retracted_and_told_again_gives_the_earlier_answer(
        all in amended(),
        (kind, own) in rules(),
        which in 0..16_usize,
    ) {
        // What others are about stays with the first telling.
        let alone: Vec<usize> = (0..all.told.len()).filter(|index| !all.about.contains(&Some(*index))).collect();
        let (which, told) = (alone[which % alone.len()], all.told);
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
