//! Published numbers against ours. The worries are a number that is explained by whoever came later, one that is called
//! wrong since it counts something else, and a list that says otherwise than its own number.

use serde_json::json;
use servanda::query::counts::{Compared, counts};

use crate::given::{Given, Told, did, joined, left, milestone, pact_with, programme, told, treaty};
use crate::support::{Desk, refused};

fn state(id: &str) -> Told {
    told("party", json!({"id": id, "name": id, "type": "state"}))
}

fn agency(id: &str) -> Told {
    told("party", json!({"id": id, "name": id, "type": "agency"}))
}

/// A number of the pact's parties, published on that day.
fn number(of: &str, number: u64, on: &str) -> Told {
    told("count", json!({"agreement": "pact", "number": number, "of": of, "on": on})).announced(on)
}

/// A number of those that came within some days, published at their end.
fn within(of: &str, number: u64, during: &str, announced: &str) -> Told {
    told("count", json!({"agreement": "pact", "number": number, "of": of, "during": during})).announced(announced)
}

/// The place of a joining.
fn place(of: &str, number: u64, joining: &str, announced: &str) -> Told {
    told("count", json!({"agreement": "pact", "number": number, "of": of, "joining": joining})).announced(announced)
}

/// The only number.
fn compared(given: &Given) -> Compared {
    let at = given.standpoint(crate::given::day("2026-01-01"));
    let mut answer = counts(&given.snapshot, None, at).expect("nothing is named").counts;
    assert_eq!(answer.len(), 1);
    answer.remove(0)
}

/// Holds the verdict, `more 1 than 3` or `agrees 2–3`, and why, `b conflict 4`, against what is expected.
#[track_caller]
fn check(given: &Given, verdict: &str, because: &str) {
    let found = compared(given);
    let ours = match (found.ours.certain, found.ours.most) {
        (certain, most) if certain == most => certain.to_string(),
        (certain, most) => format!("{certain}–{most}"),
    };
    let said = match found.verdict.as_str() {
        "agrees" => format!("agrees {ours}"),
        other => format!("{} {other} than {ours}", found.difference),
    };
    let one = |of: &servanda::query::counts::Candidate| {
        let events = of.events.iter().map(|event| format!(" {event}")).collect::<Vec<_>>().concat();
        format!("{} {}{events}", of.party, of.because)
    };
    let others = found.agrees_as.iter().map(|of| format!("as {of}"));
    let found = others.chain(found.explained_by.iter().map(one)).collect::<Vec<_>>().join(", ");
    assert_eq!((said.as_str(), found.as_str()), (verdict, because));
}

/// A and b joined in time, and whatever else was told.
fn two_and(more: impl IntoIterator<Item = Told>) -> Given {
    let two = [state("a"), state("b"), joined("a", "2020-01-01").at_once(), joined("b", "2020-02-01").at_once()];
    // Who they are is known whenever it is told.
    programme(two.into_iter().chain(more).chain([state("c"), state("e")]))
}

#[test]
fn a_number_is_held_against_what_was_announced_when_it_was_and_never_explained_by_what_came_later() {
    check(&two_and([number("all", 2, "2020-06-01")]), "agrees 2", "");
    // C had joined by then, which was told a year later.
    let later = || joined("c", "2020-03-01").announced("2021-03-01");
    check(&two_and([later(), number("all", 2, "2020-06-01")]), "agrees 2", "");
    check(&two_and([later(), number("all", 3, "2020-06-01")]), "1 more than 2", "");
    check(&two_and([later(), number("all", 3, "2021-03-01")]), "agrees 3", "");
    check(&two_and([later(), number("all", 2, "2020-06-01").announced("2021-06")]), "1 fewer than 3", "");
    // Of an announcement that is not dated to the day, the latest day counts.
    check(&two_and([later(), number("all", 3, "2020-06-01").announced("2021-03")]), "agrees 3", "");
}

#[test]
fn whose_announcement_has_no_day_is_said_to_have_none() {
    check(&two_and([joined("c", "2020-03-01"), number("all", 3, "2020-06-01")]), "1 more than 2", "c undated 5");
}

#[test]
fn who_only_may_be_a_member_explains_a_number_that_is_higher_than_those_who_certainly_are() {
    let maybe = || joined("c", "2020-05-01").with("effective", "[2020-05-01..2020-07-01]").at_once();
    check(&two_and([maybe(), number("all", 3, "2020-06-01")]), "agrees 2–3", "c possible 5");
    check(&two_and([maybe(), number("all", 2, "2020-06-01")]), "agrees 2–3", "");
    check(&two_and([maybe(), number("all", 1, "2020-06-01")]), "1 fewer than 2–3", "");
}

#[test]
fn claims_that_conflict_are_named_where_another_would_close_the_difference() {
    let two = || {
        let early = did("c", "signature", "2020-05-01").graded("press").published("2020-05-03");
        let late = did("c", "signature", "2020-07-01").graded("host").published("2020-05-02");
        [early, late]
    };
    check(&two_and(two().into_iter().chain([number("all", 3, "2020-06-01")])), "1 more than 2", "c conflict 5");
    check(&two_and(two().into_iter().chain([number("all", 2, "2020-06-01")])), "agrees 2", "");
    let other = || {
        let early = did("c", "signature", "2020-05-01").graded("host").published("2020-05-03");
        let late = did("c", "signature", "2020-07-01").graded("press").published("2020-05-02");
        [early, late]
    };
    check(&two_and(other().into_iter().chain([number("all", 2, "2020-06-01")])), "1 fewer than 3", "c conflict 6");
    let denied = [
        joined("c", "2020-03-01").at_once().named("c-joins"),
        crate::given::disputed("c-joins").announced("2020-04-01"),
    ];
    check(&two_and(denied.into_iter().chain([number("all", 2, "2020-06-01")])), "1 fewer than 3", "c disputed 5");
}

#[test]
fn roles_types_and_reports_explain_a_number_that_is_higher() {
    let observer = joined("c", "2020-03-01").with("role", "observer").at_once();
    check(&two_and([observer, number("all", 3, "2020-06-01")]), "1 more than 2", "c not-member 5");
    let of_agency = [agency("d"), joined("d", "2020-03-01").at_once()];
    let three = || number("states", 3, "2020-06-01");
    check(
        &two_and(of_agency.clone().into_iter().chain([three()])),
        "1 more than 2",
        "as all, as parties, d not-state 6",
    );
    let two = number("all", 2, "2020-06-01");
    check(&two_and(of_agency.into_iter().chain([two])), "1 fewer than 3", "as states, d not-state 6");
    let reported = joined("c", "2020-03-01").at_once().reported();
    check(&two_and([reported, number("all", 3, "2020-06-01")]), "1 more than 2", "c reported 5");
}

#[test]
fn signatories_are_those_that_have_signed_and_parties_those_that_are_bound() {
    let history = |of: &str, told: u64, on: &str| {
        treaty([
            did("a", "signature", "2020-01-01").at_once(),
            did("a", "ratification", "2020-03-01").at_once(),
            did("b", "signature", "2020-01-01").at_once(),
            did("c", "accession", "2020-04-01").at_once(),
            did("d", "definitive-signature", "2020-05-01").at_once(),
            did("e", "signature", "2020-01-02").at_once(),
            left("e", "2020-09-01").at_once(),
            milestone("entry-into-force", "2020-06-01").at_once(),
            number(of, told, on),
        ])
    };
    check(&history("signatories", 4, "2020-07-01"), "agrees 4", "");
    check(&history("signatories", 3, "2020-10-01"), "agrees 3", "");
    check(&history("parties", 2, "2020-04-15"), "agrees 2", "");
    check(&history("parties", 3, "2020-07-01"), "agrees 3", "");
    // A number that includes others: those that have signed, and are not bound.
    check(&history("parties", 4, "2020-07-01"), "1 more than 3", "as signatories, b not-party 3, e not-party 6");
    check(&history("signatories", 5, "2020-07-01"), "1 more than 4", "c not-signatory 4 8");
    check(&history("signatories", 2, "2020-07-01"), "2 fewer than 4", "a bound 2 8, d bound 5 8");
}

#[test]
fn a_table_that_states_its_stays_has_signatories_too() {
    let history = [
        did("a", "signature", "2020-01-01").at_once(),
        did("a", "entry-into-force", "2020-03-01").at_once(),
        did("b", "signature", "2020-01-01").at_once(),
        number("signatories", 2, "2020-06-01"),
    ];
    check(&pact_with("treaty", &json!({"in_force": "stated"}), history), "agrees 2", "");
}

#[test]
fn a_number_within_some_days_counts_those_that_came_then() {
    let came =
        || [joined("c", "2021-03-01").at_once(), joined("d", "[2020-12-01..2021-02-01]").announced("2021-02-01")];
    let history = |number: Told| two_and(came().into_iter().chain([number]));
    check(&history(within("all", 1, "2021", "2021-12-31")), "agrees 1–2", "");
    check(&history(within("all", 2, "2021", "2021-12-31")), "agrees 1–2", "d possible 6");
    check(&history(within("all", 4, "2021", "2021-12-31")), "2 more than 1–2", "d possible 6");
    check(&history(within("all", 3, "2020", "2021-12-31")), "agrees 2–3", "d possible 6");
    // Of those only that were known by then.
    check(&history(within("all", 0, "2021", "2021-01-31")), "agrees 0", "");
}

#[test]
fn the_place_of_a_joining_is_that_among_the_joinings() {
    let history = |number: Told| {
        let third = [joined("c", "2021-03-01").named("third").at_once(), joined("d", "2021-04-01").at_once()];
        two_and(third.into_iter().chain([number]))
    };
    check(&history(place("all", 3, "third", "2021-03-01")), "agrees 3", "");
    check(&history(place("all", 4, "third", "2021-05-01")), "1 more than 3", "");
    check(&history(place("all", 1, "third", "2021-05-01").with("during", "2021")), "agrees 1", "");
    // Those that came on one day share their places, and whoever is out again may not be counted.
    let also = || joined("e", "2021-03-01").at_once();
    let shared = |told: u64| {
        two_and([joined("c", "2021-03-01").named("third").at_once(), also(), place("all", told, "third", "2022")])
    };
    check(&shared(3), "agrees 3–4", "");
    check(&shared(4), "agrees 3–4", "e possible 6");
    let out = |told: u64| {
        two_and([
            left("a", "2020-06-01").at_once(),
            joined("c", "2021-03-01").named("third").at_once(),
            place("all", told, "third", "2022"),
        ])
    };
    check(&out(2), "agrees 2–3", "");
    check(&out(3), "agrees 2–3", "a possible 3 5");
}

#[test]
fn a_joining_that_is_not_counted_has_no_place() {
    let taken_back = [
        joined("c", "2021-03-01").named("third").at_once(),
        crate::given::retracted("third").announced("2021-04-01"),
        place("all", 3, "third", "2021-05-01"),
    ];
    check(&two_and(taken_back), "3 more than 0", "c not-counted 5");
}

#[test]
fn a_list_tells_who_differs_whatever_its_number() {
    let listing = |listed: &[&str], complete: bool| {
        number("all", 2, "2020-06-01").with("listed", json!(listed)).with("complete", complete)
    };
    check(&two_and([listing(&["a", "b"], true)]), "agrees 2", "");
    check(&two_and([listing(&["a", "c"], true)]), "agrees 2", "b not-listed 4, c listed");
    check(&two_and([listing(&["a", "c"], false)]), "agrees 2", "c listed");
}

const HEAD: &str = "\
announced: 2020-06-01
evidence: { none: made up for a test }
announcements:
  - { kind: party, id: a, name: A, type: state }
  - { kind: party, id: b, name: B, type: state }
  - { kind: agreement, id: pact, title: Pact, type: programme }
  - { kind: agreement, id: other, title: Other, type: programme }
  - { kind: joining, id: joins, party: a, agreement: pact, occurred: 2020-01-01 }
  - { kind: joining, id: joins-other, party: a, agreement: other, occurred: 2020-01-01 }
";

#[test]
fn a_number_is_told_the_same_whatever_other_numbers_are_told() {
    let days = ["2020-01-15", "2020-02-01", "2020-02-20", "2020-07-01", "2020-08", "2021-03-01", "2021-06-01"];
    let numbers = || {
        let plain = days.iter().enumerate().map(|(place, day)| number("all", place as u64 % 4, day));
        let places = days.iter().map(|day| place("all", 2, "third", day));
        let spans = days.iter().map(|day| within("all", 1, "2020", day));
        plain.chain(places).chain(spans)
    };
    let acts = || {
        [
            joined("c", "2020-03-01").named("third").announced("2020-07-15"),
            joined("d", "2020-02-10").announced("2020-02-20"),
            left("a", "2020-06-01").announced("2021-03-01"),
            number("all", 9, "2020-02-01").named("wrong"),
            // A number that turns out to be an act, and another that stays one.
            crate::given::corrected("wrong", &joined("e", "2020-07-01")).announced("2020-07-20"),
            number("all", 8, "2020-02-01").named("off"),
            crate::given::corrected("off", &number("all", 7, "2020-02-02")).announced("2021-01-01"),
            crate::given::retracted("third").announced("2021-05-01"),
        ]
    };
    let answers = |history: Vec<Told>| {
        let given = two_and(history);
        let at = given.standpoint(crate::given::day("2022-01-01"));
        let found = counts(&given.snapshot, None, at).expect("nothing is named").counts;
        let told = |found: &Compared| {
            let because: Vec<_> = found.explained_by.iter().map(|of| (&of.party, of.because)).collect();
            let asked = (found.number, found.of, &found.on, &found.joining, &found.during, found.announced_by);
            format!("{asked:?}: {:?} {:?} {} {because:?}", found.ours, found.verdict, found.difference)
        };
        found.iter().map(told).collect::<Vec<_>>()
    };
    let take = |all: &mut Vec<String>, one: &String| {
        let place = all.iter().position(|told| told == one);
        assert!(place.is_some(), "alone it is {one}, and among all {all:#?}");
        place.map(|place| all.remove(place))
    };
    let without = answers(acts().into());
    let mut all = answers(acts().into_iter().chain(numbers()).collect());
    for alone in numbers() {
        let mut with = answers(acts().into_iter().chain([alone]).collect());
        for told in &without {
            take(&mut with, told);
        }
        assert_eq!(with.len(), 1);
        take(&mut all, &with[0]);
    }
    assert_eq!(all, without);
}

#[test]
fn numbers_and_lists_that_cannot_be_are_refused() {
    let cases = [
        ("number: 2, on: 2020, listed: [a, nobody]", "E0301"),
        ("number: 2, on: 2020, complete: true", "E0112"),
        ("number: 3, on: 2020, listed: [a, b], complete: true", "E0112"),
        ("number: 1, on: 2020, listed: [a, b]", "E0112"),
        ("number: 2, on: 2020, listed: [a, A]", "E0112"),
        ("number: 2, on: 2020, during: 2020", "E0112"),
        ("number: 2", "E0112"),
        ("number: 0, joining: joins", "E0112"),
        ("number: 1, joining: joins-other", "E0112"),
        ("number: 1, joining: agreement:pact", "E0113"),
        ("number: 1, joining: nothing", "E0301"),
    ];
    let fine = [
        "number: 2, on: 2020, listed: [a, B], complete: true",
        "number: 3, during: 2020, listed: [a]",
        "number: 1, joining: joins",
    ];
    for (keys, code) in cases.into_iter().chain(fine.map(|keys| (keys, ""))) {
        let desk = Desk::new();
        desk.write("a.yaml", format!("{HEAD}  - {{ kind: count, agreement: pact, of: states, {keys} }}\n"));
        let answer = desk.run("append --init --ledger l a.yaml");
        if code.is_empty() {
            assert_eq!(answer.code, 0, "{keys}: {}", answer.err);
        } else {
            refused(&answer, code);
            assert!(answer.err.contains("1 problem;"), "{keys}: {}", answer.err);
        }
    }
}

#[test]
fn people_are_shown_whom_a_number_may_count_and_by_which_events() {
    let desk = Desk::new();
    let numbers = "  - { kind: count, agreement: pact, of: states, number: 2, on: 2020-06-01, listed: [b] }\n  - { kind: count, agreement: pact, of: all, number: 1, joining: joins }\n";
    desk.write("a.yaml", format!("{HEAD}{numbers}"));
    assert_eq!(desk.run("append --init --ledger l a.yaml").code, 0);
    let text = desk.run("counts pact --ledger l").out;
    assert!(text.contains("1 more than ours") && text.contains("B (listed)"), "{text}");
    assert!(text.contains("1 (all), the place of joins"), "{text}");
    let answer = desk.run("counts pact --ledger l --json").json();
    assert_eq!(
        (&answer["counts"][0]["announced_by"], &answer["counts"][0]["complete"]),
        (&json!("2020-06-01"), &json!(false))
    );
}
