//! Announcements that take reviewers, and what a compromised key signed. The worries are a claim that counts before
//! others have looked at it, a correction that strikes before it counts, a recorder who confirms himself, a past that a
//! new policy changes, and a verdict by a thief.

mod anew;
mod law;

use serde_json::{Value, json};

use servanda::ledger::KeyFile;
use servanda::query::review::awaiting;

use crate::given::{Given, Told, corrected, disputed, joined, left, programme, retracted, told};
use crate::support::{Answer, Desk, done, refused};

/// From now on announcements of some kinds take so many reviewers.
fn policy(kinds: &[&str], reviewers: u64) -> Told {
    told("policy", json!({"confirm": [{"kinds": kinds, "reviewers": reviewers}]}))
}

/// A reviewer confirms an announcement.
fn confirms(reviewer: &str, id: &str) -> Told {
    told("attestation", json!({"of": id, "verdict": "confirm"})).by(reviewer)
}

/// A reviewer rejects an announcement.
fn rejects(reviewer: &str, id: &str) -> Told {
    told("attestation", json!({"of": id, "verdict": "reject", "reason": "it says may"})).by(reviewer)
}

/// A key of a recorder is revoked, which somebody else may have had since that event.
fn compromised(recorder: &str, since: u64) -> Told {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    let fields = json!({"because": "compromised", "key": key, "recorder": recorder, "suspect_from": since});
    told("recorder-revoked", fields).by("admin")
}

/// It is true all the same.
fn reaffirmed(ids: &[&str]) -> Told {
    told("reaffirmation", json!({"of": ids, "reason": "compared with the source"})).by("admin")
}

/// Who is a member at the end of 2020, in a word each; the suspect ones with a question mark.
fn members(given: &Given) -> String {
    let rows = given.answer("2020-12-31").members.into_iter().filter(|row| row.status.as_str() == "member");
    let rows = rows.map(|row| format!("{}{}", row.party, if row.suspect { "?" } else { "" }));
    rows.collect::<Vec<_>>().join(" ")
}

/// The events that await reviewers, by the answer about members, which the answer about all agrees with.
fn waiting(given: &Given) -> Vec<u64> {
    let events: Vec<u64> = given.answer("2020-12-31").awaiting.iter().map(|of| of.event).collect();
    let all: Vec<u64> = awaiting(&given.snapshot, None).awaiting.iter().map(|of| of.event).collect();
    assert_eq!(events, all, "all that is told is told of the pact");
    events
}

#[test]
fn what_takes_reviewers_counts_when_enough_others_have_confirmed_it() {
    let given = programme([
        policy(&["joining"], 2),
        joined("fr", "2010").named("joins"),
        confirms("ana", "joins"),
        confirms("ana", "joins"),
        confirms("recorder", "joins"),
        confirms("boris", "joins"),
    ]);
    for (seq, expected) in [(2, ""), (3, ""), (4, ""), (5, ""), (6, "fr")] {
        assert_eq!(members(&given.recorded_by(seq)), expected, "as of event {seq}");
    }
    assert_eq!(waiting(&given), [0_u64; 0]);
    let early = given.recorded_by(5).answer("2020-12-31").awaiting;
    let [only] = early.as_slice() else { panic!("{early:?}") };
    assert_eq!((only.event, only.review.confirmed, only.review.needed), (2, 1, 2), "neither twice nor his own");
}

#[test]
fn verdicts_go_by_the_clock_of_recording_and_not_by_that_of_announcing() {
    let joins = joined("fr", "2010").named("joins").announced("2010-02-01");
    let given = programme([policy(&["joining"], 1), joins, confirms("ana", "joins")]);
    assert_eq!(members(&given.announced_by("2010-03-01")), "fr", "what was announced then counts, as is known now");
    assert_eq!(members(&given.announced_by("2010-01-01")), "");
}

#[test]
fn the_policy_before_an_announcement_decides_whatever_policy_comes_later() {
    let given = programme([
        joined("fr", "2010"),
        policy(&["joining"], 1),
        joined("de", "2010").named("de-joins"),
        policy(&["joining"], 0),
        joined("it", "2010"),
    ]);
    assert_eq!((members(&given), waiting(&given)), ("fr it".to_owned(), vec![3]));
}

#[test]
fn a_rejection_outweighs_nobody_and_the_latest_verdict_of_a_reviewer_counts() {
    let given = programme([
        policy(&["joining"], 2),
        joined("fr", "2010").named("joins"),
        rejects("cleo", "joins"),
        confirms("ana", "joins"),
        confirms("boris", "joins"),
        rejects("boris", "joins"),
        confirms("cleo", "joins"),
    ]);
    let expected = [(3, "rejected", ""), (4, "rejected", ""), (6, "rejected", ""), (7, "counts", "fr")];
    for (seq, state, counted) in expected {
        let given = given.recorded_by(seq);
        assert_eq!(members(&given), counted, "as of event {seq}");
        let told = given.answer("2020-12-31").awaiting;
        assert_eq!(told.first().map_or("counts", |of| of.review.state.as_str()), state, "as of event {seq}");
    }
    assert_eq!(members(&given.recorded_by(5)), "fr", "two confirm it, and one rejects it");
}

#[test]
fn what_awaits_reviewers_strikes_nothing_and_marks_nothing() {
    let policy = || policy(&["correction", "retraction", "dispute"], 1);
    let given = programme([
        joined("fr", "2010").named("joins"),
        policy(),
        corrected("joins", &joined("fr", "2030")).named("corrects"),
        confirms("ana", "corrects"),
    ]);
    assert_eq!((members(&given.recorded_by(3)), members(&given)), ("fr".to_owned(), String::new()));
    let given =
        programme([joined("fr", "2010").named("joins"), policy(), retracted("joins").named("x"), confirms("ana", "x")]);
    assert_eq!((members(&given.recorded_by(3)), members(&given)), ("fr".to_owned(), String::new()));
    let given =
        programme([joined("fr", "2010").named("joins"), policy(), disputed("joins").named("x"), confirms("ana", "x")]);
    let is_disputed = |given: &Given| given.row("fr", "2020-12-31").disputed;
    assert!(!is_disputed(&given.recorded_by(3)) && is_disputed(&given));
}

#[test]
fn what_takes_the_place_of_the_wrong_counts_no_sooner_than_by_itself() {
    let given = programme([
        left("fr", "2005").named("leaves"),
        policy(&["joining"], 1),
        corrected("leaves", &joined("fr", "2005")).named("corrects"),
        confirms("ana", "corrects"),
    ]);
    assert_eq!((members(&given.recorded_by(3)), members(&given)), (String::new(), "fr".to_owned()));
}

#[test]
fn a_correction_that_counts_strikes_all_that_an_awaiting_one_would() {
    let given = programme([
        joined("fr", "2010").named("joins"),
        policy(&["correction"], 1),
        corrected("joins", &joined("fr", "2030")).named("first"),
        corrected("first", &joined("fr", "2031")).named("second"),
        confirms("ana", "second"),
    ]);
    assert_eq!((members(&given.recorded_by(4)), members(&given)), ("fr".to_owned(), String::new()));
    assert_eq!(given.row("fr", "2032-01-01").events, [4], "and what stands is what it says");
}

#[test]
fn an_agreement_that_an_awaiting_memorandum_brings_can_be_named() {
    let agreement = json!({"id": "memo", "title": "Memo", "type": "memorandum"});
    let brings = told("memorandum", json!({"agreement": agreement, "parties": ["fr"], "occurred": "2010"}));
    let mut given = programme([
        policy(&["memorandum"], 1),
        brings.named("memo"),
        told("joining", json!({"party": "de", "agreement": "memo", "occurred": "2011"})),
        confirms("ana", "memo"),
    ]);
    let parties = |given: &Given| {
        let at = given.standpoint(crate::given::day("2020-12-31"));
        let question = servanda::query::members::Question { at, party_type: None, all: false };
        let answer = servanda::query::members::members(&given.snapshot, "memo", question).expect("it is described");
        answer.members.into_iter().map(|row| row.party).collect::<Vec<_>>()
    };
    assert_eq!(parties(&given), ["de", "fr"]);
    given = given.recorded_by(3);
    assert_eq!(parties(&given), ["de"]);
}

#[test]
fn what_a_compromised_key_signed_counts_and_is_suspect_until_reaffirmed() {
    let given = programme([
        joined("fr", "2010").named("fr-joins").by("ana"),
        joined("de", "2010").named("de-joins").by("ana"),
        joined("it", "2010").by("boris"),
        compromised("ana", 2),
        joined("es", "2010").by("ana"),
        reaffirmed(&["de-joins"]),
    ]);
    for (seq, expected) in [(3, "de fr it"), (4, "de? fr it"), (5, "de? es fr it"), (6, "de es fr it")] {
        assert_eq!(members(&given.recorded_by(seq)), expected, "as of event {seq}");
    }
    let suspects =
        |given: &Given| awaiting(&given.snapshot, None).suspect.iter().map(|of| of.event).collect::<Vec<_>>();
    assert_eq!(suspects(&given), [] as [u64; 0]);
    let again = programme([
        joined("fr", "2010").named("joins").by("ana"),
        compromised("ana", 1),
        reaffirmed(&["joins"]),
        compromised("ana", 1),
    ]);
    assert_eq!(suspects(&again), [1], "another revocation puts it in doubt again");
}

#[test]
fn a_thief_confirms_nothing_and_clears_nothing() {
    let given = programme([
        policy(&["joining"], 1),
        joined("fr", "2010").named("joins"),
        confirms("ana", "joins").named("verdict"),
        compromised("ana", 3),
        reaffirmed(&["verdict"]).named("cleared"),
        compromised("admin", 5),
        reaffirmed(&["cleared"]).by("other"),
    ]);
    for (seq, expected) in [(3, "fr"), (4, ""), (5, "fr"), (6, ""), (7, "fr")] {
        assert_eq!(members(&given.recorded_by(seq)), expected, "as of event {seq}");
    }
}

/// A ledger with an agreement, the admin and recorder `desk`, the recorder `ana`, and two reviewers.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    for (seed, name) in (1..).zip(["ana", "boris", "cleo"]) {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    done(&desk.run("init --ledger l --recorder desk"));
    done(&desk.run("key add ana --public @ana.pub --ledger l"));
    done(&desk.run("key add boris --public @boris.pub --role reviewer --role recorder --ledger l"));
    done(&desk.run("key add cleo --public @cleo.pub --role reviewer --ledger l"));
    desk.write(
        "things.yaml",
        "evidence: { none: made up }
announcements:
  - { kind: party, id: fr, name: France, type: state }
  - { kind: agreement, id: pact, title: Pact, type: programme }
",
    );
    done(&desk.run("append things.yaml --ledger l"));
    desk
}

/// Appends that France joins the pact, under that id.
fn joins(desk: &Desk, id: &str, key: &str) -> Answer {
    let joining = format!("{{ kind: joining, id: {id}, party: fr, agreement: pact, occurred: 2010 }}");
    desk.write("joining.yaml", format!("evidence: {{ none: made up }}\nannouncements:\n  - {joining}\n"));
    desk.run(&format!("append joining.yaml --ledger l --key {key}"))
}

#[test]
fn reviewers_bring_an_announcement_to_count_from_the_command_line() {
    let desk = desk();
    let set = desk.run("policy set joining=2 --ledger l");
    done(&set);
    assert_eq!(set.err, "policy: event 6\n");
    assert_eq!(desk.run("policy set joining=2 --ledger l").err, "policy: already event 6\n");
    let appended = joins(&desk, "joins", "ana");
    assert!(appended.out.contains("1 of them counts when reviewers have confirmed it"), "{}", appended.out);
    assert_eq!(desk.run("awaiting --ledger l --json").json()["awaiting"][0]["event"], 7);

    done(&desk.run("attest joins --confirm --key boris --ledger l"));
    let same = desk.run("attest 7 --confirm --key boris --ledger l");
    assert_eq!((same.code, same.err.as_str()), (0, "attestation: already event 8\n"));
    let of = |reviewer: &str| {
        let answer = desk.run(&format!("awaiting --reviewer {reviewer} --ledger l --json")).json();
        answer["awaiting"].as_array().expect("a list").len()
    };
    assert_eq!((of("ana"), of("boris"), of("cleo")), (0, 0, 1), "the recorder, who has spoken, and who has not");
    let why = desk.run("why fr pact --ledger l");
    assert!(why.out.contains("awaiting: 1 of 2 confirmed by boris (event 8)"), "{}", why.out);

    let second = desk.run("attest joins --confirm --key cleo --ledger l --json");
    done(&second);
    assert_eq!(second.json()["announcements"][0]["review"]["state"], "counts");
    let counted = desk.run("members pact --ledger l --json").json();
    assert_eq!((&counted["counts"]["certain"], &counted["awaiting"]), (&1.into(), &json!([])));
    done(&desk.run("verify --ledger l"));
}

#[test]
fn a_verdict_needs_another_who_is_a_reviewer_and_a_rejection_its_reason() {
    let desk = desk();
    done(&desk.run("policy set joining=1 --ledger l"));
    done(&joins(&desk, "joins", "boris"));
    refused(
        &desk.run("attest joins --confirm --key boris --ledger l"),
        "was recorded by boris, and is reviewed by others",
    );
    refused(
        &desk.run("attest joins --confirm --key ana --ledger l"),
        "needs the role reviewer, which ana does not have",
    );
    refused(&desk.run("attest policy:6 --confirm --key cleo --ledger l"), "it is about the ledger");
    assert_eq!(desk.run("attest joins --reject --key cleo --ledger l").code, 2, "a rejection without a reason");
    assert_eq!(desk.run("attest joins --key cleo --ledger l").code, 2, "no verdict");
    assert_eq!(desk.run("attest 99 --confirm --key cleo --ledger l").code, 3, "there is no such event");
    done(&desk.run("attest joins --reject --reason May --key cleo --ledger l"));
    let why = desk.run("why fr pact --ledger l --json").json();
    let left_out = &why["left_out"][0];
    assert_eq!(
        (&left_out["because"], &left_out["review"]["verdicts"][0]["reason"]),
        (&"rejected".into(), &"May".into())
    );
    let history = desk.run("history fr --ledger l");
    assert!(history.out.contains("rejected by cleo (event 8): May"), "{}", history.out);
}

#[test]
fn a_policy_needs_an_admin_and_names_kinds_that_tell_of_the_world() {
    let desk = desk();
    refused(&desk.run("policy set joining=1 --key ana --ledger l"), "needs the role admin");
    for wrong in ["genesis=1", "policy=1", "joining", "joining=0", "joining=100", "dancing=1"] {
        assert_eq!(desk.run(&format!("policy set {wrong} --ledger l")).code, 2, "{wrong}");
    }
    let nothing = desk.run("policy lift --ledger l");
    assert_eq!((nothing.code, nothing.err.as_str()), (0, ""), "there is nothing to lift");
    let many = desk.run("policy set joining=3 --ledger l");
    assert!(many.out.contains("That is too few"), "{}", many.out);
    done(&desk.run("policy lift --ledger l"));
    let shown = desk.run("policy show --ledger l --json").json();
    assert_eq!((&shown["since"]["event"], &shown["confirm"]), (&7.into(), &json!([])));
    assert_eq!(shown["reviewers"], json!(["boris", "cleo"]));
    let taken = joins(&desk, "attestation:7", "ana");
    refused(&taken, "can only be the id of another kind: attestation");
}

#[test]
fn what_a_compromised_key_signed_is_listed_and_reaffirmed_by_an_admin() {
    let desk = desk();
    done(&joins(&desk, "joins", "ana"));
    done(&joins(&desk, "joins-too", "ana"));
    refused(&desk.run("reaffirm joins --reason Checked --ledger l"), "event 6 is not in doubt");
    done(&desk.run("key revoke @ana.pub --because compromised --ledger l"));
    let listed = desk.run("awaiting --ledger l --json").json();
    let events: Vec<&Value> = listed["suspect"].as_array().expect("a list").iter().map(|of| &of["event"]).collect();
    assert_eq!(events, [6, 7], "all that was signed since the key was added");
    for question in ["members pact", "why fr pact", "history fr", "show joins", "awaiting"] {
        let answer = desk.run(&format!("{question} --ledger l"));
        assert!(answer.out.to_lowercase().contains("suspect"), "{question}: {}", answer.out);
    }
    refused(&desk.run("reaffirm 1..5 --reason Checked --ledger l"), "no event from 1 to 5 is suspect");
    let done_at_once = desk.run("reaffirm 0..20 --reason Checked --ledger l");
    assert_eq!((done_at_once.code, done_at_once.err.as_str()), (0, "reaffirmation: event 9\n"));
    let again = desk.run("reaffirm joins joins-too --reason Checked --ledger l");
    assert_eq!((again.code, again.err.as_str()), (0, "reaffirmation: already event 9\n"));
    let members = desk.run("members pact --ledger l --json").json();
    assert_eq!(members["members"][0]["suspect"], false);
    done(&desk.run("verify --ledger l"));
}

#[test]
fn a_certificate_carries_the_policy_and_the_verdicts_that_its_answer_rests_on() {
    let desk = desk();
    done(&desk.run("policy set joining=1 --ledger l"));
    done(&joins(&desk, "joins", "ana"));
    done(&desk.run("attest joins --confirm --key boris --ledger l"));
    done(&desk.run("key revoke @boris.pub --because compromised --ledger l"));
    done(&desk.run("reaffirm attestation:8 --reason Asked --ledger l"));
    let key = desk.run("key show --ledger l --json").json()["log_key"].as_str().expect("a key").to_owned();
    done(&desk.run("certify fr pact --on 2020-01-01 --output certificate --ledger l"));
    let good = desk.run(&format!("check certificate --vkey {key} --json"));
    done(&good);
    assert_eq!(good.json()["answer"]["row"]["status"], "member");
    let whole: Value =
        serde_json::from_slice(&std::fs::read(desk.path().join("certificate")).expect("it is there")).expect("JSON");
    let events = whole["events"].as_array().expect("events");
    let seqs: Vec<u64> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, [2, 4, 5, 6, 7, 8, 9, 10], "what it rests on, and not the rest");
    for seq in [6, 8] {
        let mut other = whole.clone();
        other["events"].as_array_mut().expect("events").retain(|event| event["seq"] != seq);
        desk.write("other", other.to_string());
        refused(&desk.run(&format!("check other --vkey {key}")), "follows another answer");
    }
}

#[test]
fn facts_of_one_agreement_tell_what_counts_as_the_store_does() {
    let desk = desk();
    done(&desk.run("policy set joining=1 correction=1 --ledger l"));
    done(&joins(&desk, "joins", "ana"));
    done(&desk.run("attest joins --confirm --key boris --ledger l"));
    done(&joins(&desk, "joins-too", "ana"));
    done(&desk.run("key revoke @ana.pub --because compromised --suspect-from 9 --ledger l"));
    done(&desk.run("verify --ledger l"));
    for question in ["members pact", "why fr pact", "timeline pact", "awaiting", "policy show"] {
        let kept = desk.run(&format!("{question} --ledger l --json"));
        done(&kept);
        for file in ["facts", "recent"] {
            let _ = std::fs::remove_file(desk.path().join("l").join(file));
        }
        let anew = desk.run(&format!("{question} --ledger l --json"));
        assert_eq!(kept.json(), anew.json(), "{question}");
    }
}
