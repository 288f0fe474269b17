//! Whoever has a recorder's key, alone: where reviewers are asked for, he cannot have what others said mean something
//! else.

use serde_json::{Value, json};

use servanda::ledger::{Batch, Folder, KeyFile, Ledger, Options};

use crate::review::desk;
use crate::support::{Answer, Desk, access, body, done, draft, refused};

/// Appends announcements about treaties, each in a line, by somebody's key.
fn says(desk: &Desk, key: &str, lines: &[&str]) -> Answer {
    let announcements: String = lines.iter().map(|line| ["  - { ", line, " }\n"].concat()).collect();
    desk.write("said.yaml", format!("evidence: {{ none: made up }}\nannouncements:\n{announcements}"));
    desk.run(&format!("append said.yaml --ledger l --key {key}"))
}

/// What France is to the accord, and how many parties that are states are its members.
fn france(desk: &Desk, on: &str) -> (String, u64) {
    let answer = desk.run(&format!("members accord --on {on} --ledger l --json")).json();
    let states = desk.run(&format!("members accord --on {on} --type state --ledger l --json")).json();
    let row = answer["members"].as_array().expect("rows").iter().find(|row| row["party"] == "fr");
    let status = row.and_then(|row| row["status"].as_str()).unwrap_or("none").to_owned();
    (status, states["counts"]["certain"].as_u64().expect("a number"))
}

/// A ledger with a treaty, the accord, that France has signed (event 8) and Spain has ratified, and reviewers for every
/// kind that takes them.
fn reviewed_desk() -> Desk {
    let desk = desk();
    let lines = [
        "kind: agreement, id: accord, title: Accord, type: treaty",
        "kind: party, id: es, name: Spain, type: state",
        "kind: joining, id: signs, party: fr, agreement: accord, act: signature, occurred: 2010",
        "kind: joining, id: ratifies, party: es, agreement: accord, act: ratification, occurred: 2010, effective: 2011",
    ];
    done(&says(&desk, "ana", &lines));
    let kinds = "joining=1 memorandum=1 contribution=1 departure=1 suspension=1 statement=1 prospect=1 milestone=1 count=1 \
                 correction=1 retraction=1 dispute=1 confirmation=1";
    done(&desk.run(&format!("policy set {kinds} --ledger l")));
    desk
}

#[test]
fn one_recorder_alone_describes_nothing_anew_and_so_changes_no_answer() {
    let desk = reviewed_desk();
    let before = [france(&desk, "2012-01-01"), france(&desk, "2020-01-01")];
    assert_eq!(before, [("signatory".to_owned(), 1), ("signatory".to_owned(), 1)], "Spain is a member, and a state");
    let of_accord = "id: accord, title: Accord, type: treaty, membership: { member: [signature] }";
    let memo = "agreement: { id: accord, title: Accord, type: memorandum }";
    let lines = [
        "kind: agreement, id: accord, title: Accord, type: agreement, from: 2001",
        &format!(
            "kind: correction, id: own-rules, corrects: \"agreement:accord\", because: never-true, replacement: {{ kind: agreement, {of_accord} }}"
        ),
        "kind: correction, id: no-state, corrects: \"party:es\", because: never-true, replacement: { kind: party, id: es, name: Spain, type: agency }",
        "kind: party, id: fr, name: Gaul, type: company, also_known_as: [Spain], from: 2002",
        &format!("kind: memorandum, id: memo, {memo}, parties: [fr], occurred: 2003"),
        "kind: retraction, id: forgets, retracts: ratifies, reason: no",
    ];
    for line in lines {
        done(&says(&desk, "ana", &[line]));
    }
    assert_eq!([france(&desk, "2012-01-01"), france(&desk, "2020-01-01")], before);
    let awaiting = desk.run("awaiting --ledger l --json").json();
    let events = |of: &Value| of.as_array().expect("a list").iter().map(|of| of["event"].as_u64()).collect::<Vec<_>>();
    let all: Vec<Option<u64>> = (11..17).map(Some).collect();
    assert_eq!(events(&awaiting["awaiting"]), all);
    let members = desk.run("members accord --ledger l --json").json();
    assert_eq!(events(&members["awaiting"]), all, "of the accord and of its parties");
    assert_eq!((&members["described_by"], &members["members"][1]["described_by"]), (&6.into(), &4.into()));
    assert_eq!(events(&desk.run("diff --recorded 10 16 --ledger l --json").json()["awaiting"]), all);

    let why = desk.run("why fr accord --on 2012-01-01 --ledger l --json").json();
    assert_eq!(events(&why["described_by"]), [Some(6), Some(4)]);
    assert_eq!(
        (&why["described_by"][0]["recorder"], &why["described_by"][1]["recorder"]),
        (&"ana".into(), &"desk".into())
    );
    assert_eq!(events(&why["left_out"]), [11, 12, 14, 15].map(Some));
    let why = desk.run("why fr accord --on 2012-01-01 --ledger l");
    for told in ["Accord is described: treaty", "awaiting: 0 of 1 confirmed; recorded by ana"] {
        assert!(why.out.contains(told), "{told}: {}", why.out);
    }
    assert_eq!(desk.run("party Gaul --ledger l").code, 3, "nobody is found by that name");
    done(&desk.run("verify --ledger l"));
}

#[test]
fn a_description_that_is_confirmed_decides_and_is_named_with_its_recorder_in_answers_and_certificates() {
    let desk = reviewed_desk();
    done(&says(&desk, "ana", &["kind: agreement, id: accord, title: Accord, type: agreement, from: 2001"]));
    done(&says(&desk, "ana", &["kind: party, id: fr, name: France, type: agency, from: 2002"]));
    done(&desk.run("attest 11 --confirm --key boris --ledger l"));
    assert_eq!(france(&desk, "2012-01-01"), ("member".to_owned(), 2));
    done(&desk.run("attest 12 --confirm --key cleo --ledger l"));
    assert_eq!(france(&desk, "2012-01-01"), ("member".to_owned(), 1));
    let why = desk.run("why fr accord --on 2012-01-01 --ledger l");
    assert!(why.out.contains("By these descriptions") && why.out.contains("1 of 1 confirmed by boris"), "{}", why.out);
    let changed = desk.run("diff --recorded 12 13 --on 2012-01-01 --ledger l --json").json();
    assert_eq!(changed["changes"][0]["events"], json!([11]), "what made the difference");

    let key = desk.run("key show --ledger l --json").json()["log_key"].as_str().expect("a key").to_owned();
    done(&desk.run("certify fr accord --on 2012-01-01 --output certificate --ledger l"));
    let good = desk.run(&format!("check certificate --vkey {key} --json"));
    done(&good);
    assert_eq!(good.json()["answer"]["described_by"][0]["event"], 11);
    let whole: Value =
        serde_json::from_slice(&std::fs::read(desk.path().join("certificate")).expect("it is there")).expect("JSON");
    // The description, the first one, the policy, and the verdict.
    for seq in [11, 6, 10, 13] {
        let mut other = whole.clone();
        other["events"].as_array_mut().expect("events").retain(|event| event["seq"] != seq);
        desk.write("other", other.to_string());
        refused(&desk.run(&format!("check other --vkey {key}")), "answer");
    }
}

#[test]
fn a_policy_names_descriptions_unless_told_otherwise_and_says_so_where_an_old_one_does_not() {
    let desk = desk();
    let confirm = |answer: &Answer| answer.json()["confirm"].as_array().expect("a list").clone();
    let needs = |answer: &Answer| {
        confirm(answer)
            .iter()
            .map(|of| format!("{}={}", of["kind"].as_str().expect("a kind"), of["reviewers"]))
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (set, expected) in [
        ("joining=2", "party=2 agreement=2 mission=2 joining=2"),
        ("joining=1 departure=2 mission=0", "party=1 agreement=1 joining=1 departure=2"),
        ("departure=1 correction=2 party=1", "party=1 agreement=2 mission=2 departure=1 correction=2"),
    ] {
        let answer = desk.run(&format!("policy set {set} --ledger l --json"));
        done(&answer);
        assert_eq!((needs(&answer), &answer.json()["unnamed"]), (expected.to_owned(), &json!([])), "{set}");
        assert!(desk.run(&format!("policy set {set} --ledger l")).err.contains("already"), "{set}");
    }
    let log = desk.run("log --last 1 --ledger l");
    assert!(log.out.contains("each agreement or mission that is described anew takes 2 reviewers"), "{}", log.out);
    done(&desk.run("policy lift --ledger l"));
    assert_eq!(desk.run("policy lift --ledger l").err, "policy: already event 9\n");
    done(&says(&desk, "ana", &["kind: party, id: fr, name: France, type: agency, from: 2001"]));

    // A policy of a time when none could name them.
    let folder = Folder::at(desk.path().join("l"));
    let mut ledger = Ledger::open(&folder, &access()).expect("it opens");
    let old = draft(body("policy", json!({"confirm": [{"kinds": ["joining"], "reviewers": 1}]})));
    let batch = Batch { drafts: vec![old], ..Batch::default() };
    let admin = KeyFile::read(&desk.path().join("config/servanda/recorder_ed25519")).expect("init made it");
    let now = ledger.events().last().expect("there are some").stated;
    ledger.append(&[batch], Options::default(), &admin, now).expect("it is admissible");
    drop(ledger);
    let shown = desk.run("policy show --ledger l");
    assert!(shown.out.contains("It says nothing of party, agreement, mission"), "{}", shown.out);
    let first = says(&desk, "ana", &["kind: party, id: de, name: Germany, type: state"]);
    assert_eq!((first.code, first.err.as_str()), (0, ""));
    let later = says(&desk, "ana", &["kind: party, id: de, name: Germany, type: agency, from: 2001"]);
    assert!(later.code == 0 && later.err.contains("W0904"), "{}", later.err);
    done(&desk.run("policy set joining=1 --ledger l"));
    let later = says(&desk, "ana", &["kind: party, id: de, name: Germany, type: agency, from: 2002"]);
    assert!(
        later.code == 0 && !later.err.contains("W0904") && later.out.contains("1 of them counts when"),
        "{}",
        later.err
    );
}

#[test]
fn what_awaits_decides_nothing_when_others_are_appended() {
    let desk = desk();
    done(&desk.run("policy set joining=1 --ledger l"));
    done(&says(
        &desk,
        "ana",
        &["kind: agreement, id: pact, title: Pact, type: treaty, also_known_as: [Bond], from: 2001"],
    ));
    let plain = "kind: joining, party: fr, agreement: pact, occurred: 2010";
    done(&says(&desk, "ana", &[plain]));
    let called = says(&desk, "ana", &["kind: joining, party: fr, agreement: bond, occurred: 2011"]);
    assert!(called.code == 1 && !called.err.contains("that is a name of"), "{}", called.err);
    let rules = "membership: { in_force: stated }";
    let stated = format!("kind: agreement, id: pact, title: Pact, type: programme, {rules}, from: 2002");
    done(&says(&desk, "ana", &[&stated]));
    let early = says(&desk, "ana", &["kind: departure, party: fr, agreement: pact, act: withdrawal, occurred: 2005"]);
    assert!(early.err.contains("W0901"), "no order of acts is irregular by the other rules: {}", early.err);
    done(&desk.run("attest 7 --confirm --key boris --ledger l"));
    let unsaid = says(&desk, "ana", &["kind: joining, party: fr, agreement: pact, occurred: 2012"]);
    refused(&unsaid, "joining a treaty needs its `act`");
}
