//! Descriptions that come later than the first, and what else has a thing described otherwise: they take reviewers, as
//! the acts do whose meaning they change.

use serde_json::{Value, json};

use servanda::query::review::awaiting;

use super::{confirms, members, policy, waiting};
use crate::given::{Given, Told, corrected, joined, milestone, programme, retracted, told, treaty};

/// The same history up to that event, and nothing after it.
fn until(given: &Given, seq: u64) -> Given {
    let mut given = given.clone();
    given.snapshot.events.retain(|event| event.seq <= seq);
    given.snapshot.heads.cut(seq + 1);
    given
}

/// The pact is described as of that type.
pub(super) fn described(r#type: &str) -> Told {
    told("agreement", json!({"id": "pact", "title": "Pact", "type": r#type}))
}

/// A memorandum brings a pact, with a party.
pub(super) fn concluded(party: &str) -> Told {
    let agreement = json!({"id": "pact", "title": "Pact", "type": "memorandum"});
    told("memorandum", json!({"agreement": agreement, "parties": [party], "occurred": "2010"}))
}

/// A treaty that France has signed, whose descriptions take a reviewer since; then `said`, which ana confirms at last.
fn signed_treaty(said: impl IntoIterator<Item = Told>) -> Given {
    let signed = joined("fr", "2010").with("act", "signature").named("signs");
    let told = [signed, policy(&["agreement"], 1)].into_iter().chain(said);
    treaty(told.chain([confirms("ana", "anew")]))
}

/// Holds that what takes reviewers changed nothing for days past or to come before they confirmed it, awaits them, and
/// makes France a member then.
fn check_anew(given: &Given, what: &str) {
    let newest = given.snapshot.heads.len() - 1;
    let before = until(given, newest - 1);
    for on in ["2010-12-31", "2020-12-31"] {
        assert_eq!(before.row("fr", on).status.as_str(), "signatory", "{what}, on {on}");
    }
    assert!(waiting(&before).contains(&(newest - 1)), "{what} awaits a reviewer");
    assert!(members(given).ends_with("fr") && waiting(given).is_empty(), "{what}, confirmed");
}

#[test]
fn a_later_description_and_the_correction_of_any_take_reviewers() {
    check_anew(&signed_treaty([described("agreement").with("from", "2000").named("anew")]), "a later description");
    check_anew(&signed_treaty([corrected("agreement:pact", &described("agreement")).named("anew")]), "a correction");
    let own = described("treaty").with("membership", json!({"member": ["signature"]}));
    check_anew(&signed_treaty([corrected("agreement:pact", &own).named("anew")]), "rules of its own");
    let first = corrected("agreement:pact", &described("protocol")).named("first");
    let again = corrected("first", &described("agreement")).named("anew");
    check_anew(&signed_treaty([first, confirms("ana", "first"), again]), "the correction of a correction");
    check_anew(&signed_treaty([concluded("de").named("anew")]), "a memorandum of an agreement that is described");
    let other = corrected("signs", &described("agreement").with("from", "2000")).named("anew");
    let given = signed_treaty([other]);
    let before = until(&given, 3);
    assert_eq!((before.row("fr", "2020-12-31").status.as_str(), waiting(&before)), ("signatory", vec![3]));
}

#[test]
fn a_first_description_is_free_wherever_it_stands_and_a_memorandum_that_awaits_brings_it() {
    let party = |r#type: &str| told("party", json!({"id": "fr", "name": "France", "type": r#type}));
    let given = programme([
        policy(&["party", "agreement", "memorandum"], 1),
        joined("fr", "2010"),
        party("state"),
        party("agency").with("from", "2005"),
        told("agreement", json!({"id": "memo", "title": "Memo", "type": "memorandum", "from": "2005"})),
    ]);
    let row = given.row("fr", "2020-12-31");
    assert_eq!((row.r#type.as_str(), row.name.as_str(), row.described_by), ("state", "France", Some(3)));
    assert_eq!(waiting(&given), [4]);
    // What a memorandum brings can be described otherwise only with reviewers, whichever of the two is confirmed.
    let brings = |parties: Value| {
        let agreement = json!({"id": "memo", "title": "Memo", "type": "memorandum"});
        told("memorandum", json!({"agreement": agreement, "parties": parties, "occurred": "2010"}))
    };
    let given = programme([
        policy(&["agreement", "memorandum"], 1),
        brings(json!(["fr"])),
        told("agreement", json!({"id": "memo", "title": "Memo", "type": "treaty"})).named("anew"),
        told("joining", json!({"party": "de", "agreement": "memo", "act": "signature", "occurred": "2011"})),
        confirms("ana", "anew"),
    ]);
    let of_memo = |given: &Given| {
        let at = given.standpoint(crate::given::day("2020-12-31"));
        let question = servanda::query::members::Question { at, party_type: None, all: false };
        let answer = servanda::query::members::members(&given.snapshot, "memo", question).expect("it is described");
        answer.members.iter().map(|row| format!("{} {}", row.party, row.status)).collect::<Vec<_>>()
    };
    assert_eq!(
        (of_memo(&given.recorded_by(4)), of_memo(&given)),
        (vec!["de member".into()], vec!["de signatory".into()])
    );
}

#[test]
fn what_strikes_takes_at_least_what_it_strikes_took() {
    let begin = || [policy(&["joining"], 1), joined("fr", "2010").named("joins"), confirms("ana", "joins")];
    let never = told("correction", json!({"corrects": "joins", "because": "never-true", "reason": "no"}));
    for (what, strikes) in [
        ("a retraction", retracted("joins")),
        ("a correction with nothing in its place", never),
        ("a correction by something else", corrected("joins", &milestone("launched", "2010"))),
    ] {
        let later = [policy(&["departure"], 1), strikes.named("strikes"), confirms("ana", "strikes")];
        let given = programme(begin().into_iter().chain(later));
        assert_eq!((members(&given.recorded_by(5)), members(&given)), ("fr".to_owned(), String::new()), "{what}");
    }
}

#[test]
fn a_description_comes_back_with_as_many_reviewers_as_another_takes() {
    let given = treaty([
        joined("fr", "2010").with("act", "signature"),
        corrected("agreement:pact", &described("agreement")).named("corrects"),
        policy(&["agreement"], 1),
        retracted("corrects").named("brings-back"),
        retracted("brings-back").named("strikes-that"),
        confirms("ana", "brings-back"),
        confirms("ana", "strikes-that"),
    ]);
    for (seq, expected, waits) in [(4, "fr", vec![4]), (5, "fr", vec![4, 5]), (6, "", vec![5]), (7, "fr", vec![])] {
        let given = until(&given, seq);
        assert_eq!((members(&given), waiting(&given)), (expected.to_owned(), waits), "as of event {seq}");
    }
    // So does what a memorandum brought.
    let brought = || concluded("fr").named("brings");
    let given = given_without_description([brought(), policy(&["agreement"], 1), retracted("brings")]);
    assert_eq!(awaiting(&given, None).awaiting.len(), 1);
}

/// Snapshot of these events alone.
fn given_without_description(told: impl IntoIterator<Item = Told>) -> servanda::event::Snapshot {
    let mut snapshot = programme(told).snapshot;
    snapshot.events.remove(0);
    snapshot
}

#[test]
fn descriptions_and_what_corrects_them_are_always_known() {
    let given = treaty([
        joined("fr", "2010").with("act", "signature").announced("2010"),
        corrected("agreement:pact", &described("agreement")).named("corrects").announced("2020"),
        retracted("corrects").named("strikes").announced("2021"),
    ]);
    assert_eq!((members(&given.recorded_by(2)), members(&given)), ("fr".to_owned(), String::new()));
    assert_eq!(members(&given.recorded_by(2).announced_by("2015-01-01")), "fr");
    assert_eq!(given.announced_by("2015-01-01").row("fr", "2014-01-01").status.as_str(), "signatory");
}

#[test]
fn what_was_described_before_a_policy_named_it_stays() {
    let given = treaty([
        joined("fr", "2010").with("act", "signature"),
        described("agreement").with("from", "2000"),
        policy(&["agreement"], 1),
        described("treaty").with("from", "2001"),
        policy(&["joining"], 1),
        described("programme").with("from", "2002"),
    ]);
    for (seq, expected) in [(1, ""), (2, "fr"), (3, "fr"), (4, "fr"), (6, "fr")] {
        assert_eq!(members(&given.recorded_by(seq)), expected, "as of event {seq}");
    }
    assert_eq!(waiting(&given), [4]);
}
