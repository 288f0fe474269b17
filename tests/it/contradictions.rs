//! What real sources contradict each other in, kind by kind; which claim decides and why; and that nothing happens after it
//! was announced. The worry is an answer that looks sure where its sources are not at one.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use crate::given::{
    Given, Told, check, confirmed, corrected, day, did, disputed, joined, left, milestone, pact, programme, told,
    treaty,
};
use servanda::domain::source::Grade;
use servanda::query::conflicts::{Conflicts, conflicts};
use servanda::query::history::{Span, history};
use servanda::query::why::why;
use servanda::query::{Known, Prefer, Standpoint};

fn listed(given: &Given, on: &str, weak: Option<Grade>) -> Conflicts {
    conflicts(&given.snapshot, None, weak, Standpoint::on(day(on))).expect("nothing is asked for by name")
}

/// Holds what disagrees against what is expected, `a joining: dates acts`, a line a fact.
#[track_caller]
fn disagree(given: &Given, expected: &[&str]) {
    let found = listed(given, "2025-01-01", None).conflicts.into_iter().map(|conflict| {
        let differences: Vec<&str> = conflict.differences.iter().map(|difference| difference.as_str()).collect();
        format!("{} {}: {}", conflict.party.unwrap_or_default(), conflict.about, differences.join(" "))
    });
    assert_eq!(found.map(|line| line.trim_start().to_owned()).collect::<Vec<_>>(), expected);
}

/// Holds why the claim that decides does so, and since when that has it.
#[track_caller]
fn decides(given: &Given, since: &str, reason: &str) {
    let row = given.row("a", "2024-12-31");
    assert_eq!(row.since.map(|date| date.to_string()).as_deref(), Some(since));
    assert_eq!(row.decided_by.map_or("-", |reason| reason.as_str()), reason);
    let why = why(&given.snapshot, "a", "pact", given.standpoint(day("2024-12-31")));
    if let Ok(why) = why {
        assert_eq!(why.row.expect("it is told of").decided_by, row.decided_by);
    }
}

/// The pact with that party described.
fn known(history: impl IntoIterator<Item = Told>) -> Given {
    let party = |id: &str, r#type: &str| told("party", json!({"id": id, "name": id, "type": r#type}));
    let agency = party("agency", "agency").with("acts_for", "a");
    programme([party("a", "state"), party("b", "state"), agency].into_iter().chain(history))
}

#[test]
fn precision_is_a_class_and_no_number_of_days() {
    // April has fewer days than October, and February the fewest.
    for (first, second) in [("2023-04", "2023-10"), ("2023-10", "2023-04"), ("2023-10", "2023-02"), ("2024", "2023")] {
        decides(&known([joined("a", first), joined("a", second)]), first, "recorded-first");
    }
    decides(&known([joined("a", "2023-10"), joined("a", "2023-04-05")]), "2023-04-05", "more-exact");
    decides(&known([joined("a", "2023-04-05~"), joined("a", "2023-10-05")]), "2023-10-05", "more-exact");
    decides(&known([joined("a", "[..2023-04]"), joined("a", "2023-10")]), "2023-10", "more-exact");
    decides(&known([joined("a", "2023-10-05").graded("press")]), "2023-10-05", "-");
}

#[test]
fn vagueness_does_not_buy_rank_by_what_bounds_it() {
    // Announced on the fifth, an unknown day is one of few; it is no more exact for that.
    let vague = joined("a", "XXXX").announced("2023-04-05").graded("press");
    decides(&known([vague, joined("a", "2023-10-05").graded("press")]), "2023-10-05", "more-exact");
}

#[test]
fn a_better_grade_decides_before_a_more_exact_date() {
    let (host, press) = (joined("a", "2023-04").graded("host"), joined("a", "2023-10-05").graded("press"));
    decides(&known([press.clone(), host.clone()]), "2023-04", "better-grade");
    let later = press.announced("2023-10-06");
    let given = known([host.announced("2023-05-01"), later]).preferring(Prefer::Latest);
    decides(&given, "2023-10-05", "announced-last");
}

#[test]
fn nothing_happened_after_it_was_announced() {
    let check_on = |told: Told, days: [(&str, &str); 3]| {
        let given = known([told]);
        for (on, expected) in days {
            check(&given, on, expected);
        }
    };
    let bounded = [("2023-10-20", "a possibly member"), ("2023-10-21", "a member"), ("2500-01-01", "a member")];
    check_on(joined("a", "XXXX").announced("2023-10-20"), bounded);
    check_on(joined("a", "2023").announced("2023-10-20"), bounded);
    check_on(joined("a", "XXXX").published("2023-10-20"), bounded);
    // The day of effect may lie ahead, and so may an act that was recorded ahead of its day.
    let ahead = joined("a", "2023-10-18").with("effective", "2024").announced("2023-10-20");
    check_on(ahead, [("2023-12-31", ""), ("2024-01-01", "a possibly member"), ("2024-12-31", "a member")]);
    check_on(
        joined("a", "2400"),
        [("2399-12-31", ""), ("2400-01-01", "a possibly member"), ("2400-12-31", "a member")],
    );
    let gone = known([joined("a", "2020-01-01"), left("a", "[2022..]").announced("2023-10-20")]);
    check(&gone, "2023-10-20", "a possibly member");
    check(&gone, "2023-10-21", "a former");
}

#[test]
fn an_inherited_source_bounds_nothing() {
    let first = joined("a", "2023-01-01").named("it").published("2023-02-01");
    let given = known([first, corrected("it", &joined("a", "2024"))]);
    check(&given, "2024-06-01", "a possibly member");
    check(&given, "2024-12-31", "a member");
}

#[test]
fn what_is_certain_from_a_day_on_has_its_place_in_a_history_by_that_day() {
    let told = [
        joined("a", "XXXX").announced("2020-05-05").named("unknown"),
        joined("b", "2019").named("year"),
        joined("c", "2019-06-01").named("day"),
        joined("d", "[2019-02..]").named("open").with("effective", "2019-02-02").announced("2024-01-01"),
    ];
    let answer = history(&programme(told).snapshot, None, Span::default(), Known::default()).expect("nothing is named");
    let ids: Vec<&str> = answer.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["agreement:pact", "day", "year", "unknown", "open"]);
}

#[test]
fn one_fact_is_one_line_of_a_history() {
    let told = [
        joined("a", "2023-10-05").graded("press").named("press"),
        joined("a", "2023-10-18").graded("host").named("host"),
        joined("a", "2023").graded("host").named("year"),
        joined("b", "2023-10-18").named("other"),
        milestone("established", "2021-03-09").named("founded"),
        milestone("established", "2021-04").named("later"),
    ];
    let answer = history(&programme(told).snapshot, None, Span::default(), Known::default()).expect("nothing is named");
    let of: Vec<(&str, Option<u64>)> = answer.entries.iter().map(|entry| (entry.id.as_str(), entry.claim_of)).collect();
    let expected = [
        ("agreement:pact", None),
        ("founded", None),
        ("later", Some(5)),
        ("press", Some(2)),
        ("host", None),
        ("other", None),
        ("year", Some(2)),
    ];
    assert_eq!(of, expected);
}

/// Holds the events that disagree with the row of a party on a day.
#[track_caller]
fn sources_disagree(given: &Given, on: &str, expected: &[u64]) {
    assert_eq!(given.row("a", on).disagree, expected, "on {on}");
}

#[test]
fn sources_disagree_on_the_days_on_which_one_alone_would_make_another_answer() {
    let given = programme([joined("a", "2021-04-29").graded("host"), joined("a", "2021-06-16").graded("press")]);
    sources_disagree(&given, "2021-04-28", &[]);
    sources_disagree(&given, "2021-05-01", &[2]);
    sources_disagree(&given, "2021-06-16", &[]);
    sources_disagree(&given, "2023-10-19", &[]);
    // A row of none as well.
    let given = programme([joined("a", "2021-06-16").graded("host"), joined("a", "2021-04-29").graded("press")]);
    sources_disagree(&given, "2021-05-01", &[2]);
    // What merely supports does not disagree, nor what is only vaguer.
    sources_disagree(&programme([joined("a", "2021-04-29"), joined("a", "2021")]), "2021-02-01", &[]);
}

#[test]
fn sources_disagree_where_one_states_another_role_or_milestone() {
    let member = || joined("a", "2020-01-01").with("act", "memorandum");
    let roles = programme([member().with("role", "member"), member().with("role", "founding-member")]);
    sources_disagree(&roles, "2021-01-01", &[2]);
    // Also where it merely supports what decides.
    let vague = member().with("occurred", "2020-01").with("role", "founding-member");
    let roles = programme([member().with("role", "member"), vague]);
    sources_disagree(&roles, "2021-01-01", &[2]);
    let ends = [milestone("terminated", "2022-01-01"), milestone("terminated", "2023-01-01")];
    let ended = programme([member()].into_iter().chain(ends));
    sources_disagree(&ended, "2021-01-01", &[3]);
    // Also where the row is none yet by the milestone that decides.
    let in_force = [("2022-01-01", "depositary"), ("2021-01-01", "press")]
        .map(|(on, grade)| milestone("entry-into-force", on).graded(grade));
    let treaty = treaty([did("a", "ratification", "2020-01-01")].into_iter().chain(in_force));
    check(&treaty, "2021-06-01", "a contracting");
    sources_disagree(&treaty, "2020-06-01", &[]);
    sources_disagree(&treaty, "2021-06-01", &[3]);
    sources_disagree(&treaty, "2022-06-01", &[3]);
}

#[test]
fn two_days_for_one_act_and_a_ceremony_for_its_signature() {
    disagree(&known([joined("a", "2023-10-18"), joined("a", "2023-10-20")]), &["a joining: dates"]);
    let signed = did("a", "signature", "2023-10-18").graded("press");
    let ceremony = did("a", "signature", "2023-10-25").graded("host");
    disagree(&known([signed, ceremony]), &["a joining: dates"]);
}

#[test]
fn signature_and_deposit_are_no_contradiction() {
    let (ratified, deposited) = (did("a", "ratification", "2020-01-01"), did("a", "deposit", "2020-01-01"));
    disagree(&treaty([ratified, deposited]), &[]);
    disagree(&known([did("a", "signature", "2020-01-01"), did("a", "deposit", "2020-01-01")]), &[]);
}

#[test]
fn signatories_and_places_that_differ() {
    let signed = |name: &str, office: &str| {
        let signatories = json!([{"name": name, "office": office, "for": "a"}]);
        did("a", "signature", "2023-10-18").with("signatories", signatories)
    };
    disagree(&known([signed("Ana Duval", "minister"), signed("Li Wei", "minister")]), &["a joining: signatories"]);
    disagree(&known([signed("Ana Duval", "minister"), signed("ANA  DUVAL", "envoy")]), &[]);
    disagree(&known([signed("Ana Duval", "minister"), did("a", "signature", "2023-10-18")]), &[]);
    let at = |place: &str| joined("a", "2023-10-18").with("place", place);
    disagree(&known([at("Beijing"), at("Islamabad")]), &["a joining: places"]);
    disagree(&known([at("Beijing"), at("Beijing, China")]), &[]);
}

#[test]
fn days_of_announcement_differ_only_where_both_are_told() {
    let told = || joined("a", "2023-10-18").graded("host");
    let (early, late) = (told().announced("2023-10-19"), told().announced("2023-10-20"));
    disagree(&known([early.clone(), late]), &["a joining: announced"]);
    disagree(&known([early, told().published("2023-11-01")]), &[]);
    disagree(&known([told(), told()]), &[]);
}

#[test]
fn a_page_that_is_older_than_what_it_shows() {
    let older = joined("a", "2023-10-18").published("2023-10-01").announced("2023-10-18");
    disagree(&known([older]), &["a joining: older-source"]);
    let grace = joined("a", "2023-10-18").published("2023-10-17").announced("2023-10-18");
    disagree(&known([grace]), &[]);
}

#[test]
fn rival_milestones_of_one_act_whatever_happens_once() {
    for (act, about) in [("established", "establishment"), ("launched", "launch"), ("opened", "opening")] {
        let rivals = [milestone(act, "2021-03-09"), milestone(act, "2021-06-16")];
        disagree(&known(rivals), &[&format!("{about}: dates")]);
    }
    disagree(&known([milestone("amended", "2021-03-09"), milestone("amended", "2021-06-16")]), &[]);
}

#[test]
fn who_began_it() {
    let founder = |party: &str| joined(party, "2021-03-09").with("role", "founding-member");
    let joined_later = joined("b", "2021-03-09").with("role", "member");
    disagree(&known([founder("a"), founder("b"), joined_later]), &["b joining: roles"]);
}

#[test]
fn a_party_or_only_its_institute() {
    disagree(&known([joined("a", "2023-10-18"), joined("agency", "2023-10-18")]), &["a joining: actors"]);
    disagree(&known([joined("b", "2023-10-18"), joined("agency", "2023-10-18")]), &[]);
}

/// A list of states that somebody published for a day.
fn list(listed: &[&str], on: &str) -> Told {
    let count = json!({"agreement": "pact", "number": listed.len(), "of": "all", "on": on, "listed": listed});
    told("count", count)
}

#[test]
fn absent_from_a_list_that_claims_to_be_whole() {
    let both = || [joined("a", "2020-01-01"), joined("b", "2020-01-01")];
    let with = |list: Told| known(both().into_iter().chain([list]));
    disagree(&with(list(&["b"], "2021-01-01").with("complete", true)), &["a listing: listed"]);
    disagree(&with(list(&["b"], "2021-01-01")), &[]);
    disagree(&with(list(&["b"], "2019-01-01").with("complete", true)), &["b listing: listed"]);
    disagree(&with(list(&["a", "b"], "2021-01-01").with("complete", true)), &[]);
    let treaty_of = |list: Told| {
        let acts = [did("a", "signature", "2020-01-01"), did("b", "accession", "2020-06-01"), list];
        treaty(acts)
    };
    // Who accedes has signed nothing, and is no party of which a list of signatories tells.
    disagree(&treaty_of(list(&["a"], "2021-01-01").with("of", "signatories").with("complete", true)), &[]);
    disagree(
        &treaty_of(list(&["a"], "2021-01-01").with("of", "parties").with("complete", true)),
        &["a listing: listed", "b listing: listed"],
    );
    // Where the day of the list is not known to the day, it may be from before.
    let later =
        known([joined("a", "2020-01-01"), joined("b", "2023-10-01"), list(&["a"], "2023").with("complete", true)]);
    disagree(&later, &[]);
}

#[test]
fn told_by_one_weak_source_alone() {
    let given = known([
        joined("a", "2020-01-01").graded("press"),
        joined("b", "2020-01-01").graded("press"),
        joined("b", "2020-01-01").graded("host"),
        joined("agency", "2020-01-01"),
    ]);
    let weak = |below| {
        let found = listed(&given, "2021-01-01", Some(below)).weak;
        found.into_iter().map(|weak| weak.party).collect::<Vec<_>>()
    };
    assert_eq!(weak(Grade::Host), ["a", "agency"]);
    assert_eq!(weak(Grade::Press), ["agency"]);
    assert!(listed(&given, "2021-01-01", None).weak.is_empty());
    let confirmed =
        known([joined("a", "2020-01-01").graded("press").named("it"), confirmed("it").graded("depositary")]);
    // Somebody, who confirms it, is its only publisher here; but not one below that grade.
    assert!(listed(&confirmed, "2021-01-01", Some(Grade::Host)).weak.is_empty());
}

#[test]
fn what_is_denied_is_told_and_changes_no_status() {
    disagree(&known([joined("a", "2020-01-01").named("it"), disputed("it")]), &["a joining: denied"]);
}

proptest! {
    /// Claims of equal rank change nothing by their order but which of them decides.
    #[test]
    fn the_order_of_claims_of_equal_rank_changes_only_who_decides(
        days in proptest::collection::btree_set(1..28_u32, 2..5),
        seed in any::<u64>(),
    ) {
        let told: Vec<Told> = days.iter().map(|day| joined("a", &format!("2020-03-{day:02}")).graded("press")).collect();
        let mut other = told.clone();
        let turn = usize::try_from(seed % told.len() as u64).expect("it is small");
        other.rotate_left(turn);
        let (ours, theirs) = (pact("programme", told), pact("programme", other));
        let dates = |given: &Given| -> BTreeSet<String> {
            let conflicts = listed(given, "2025-01-01", None).conflicts;
            conflicts.iter().flat_map(|conflict| &conflict.claims).map(|claim| claim.date.to_string()).collect()
        };
        prop_assert_eq!(dates(&ours), dates(&theirs));
        let (own, their) = (ours.row("a", "2021-01-01"), theirs.row("a", "2021-01-01"));
        prop_assert_eq!((own.status, own.certainty, own.at_least), (their.status, their.certainty, their.at_least));
        prop_assert_eq!(own.decided_by, their.decided_by);
    }
}
