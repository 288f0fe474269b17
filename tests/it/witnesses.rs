//! Witnesses through the binary: they sign what goes on, and whoever trusts them finds a log that shows two histories.

use std::fs;
use std::process::Command;

use crate::support::{Answer, Desk};

const NAME: &str = "test.example/ledger";

pub(crate) fn append(desk: &Desk, ledger: &str, id: &str) {
    let init = if desk.path().join(ledger).exists() { "" } else { "--init --origin test.example/ledger" };
    desk.write(
        "next.yaml",
        format!("announcements: [{{ kind: mission, id: {id}, title: M, evidence: {{ none: a test }} }}]\n"),
    );
    let answer = desk.run(&format!("append next.yaml --ledger {ledger} {init}"));
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(desk.run(&format!("checkpoint --ledger {ledger}")).code, 0);
}

/// A desk with a signed ledger of two events, two witnesses, and a policy that asks for both.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    append(&desk, "ledger", "one");
    let key = desk.run("key show --ledger ledger --json").json()["log_key"].as_str().expect("a key").to_owned();
    desk.write("log.vkey", key + "\n");
    let mut policy = String::new();
    for name in ["one", "two"] {
        let answer = desk.run(&format!("witness key --name witness.example/{name} --folder {name}"));
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert_eq!(desk.run(&format!("witness key --folder {name}")).out, answer.out, "one key, made once");
        policy += &format!("witness {name} {}", answer.out);
    }
    desk.write("policy", policy + "group both all one two\nquorum both\n");
    desk
}

/// Copies a ledger.
pub(crate) fn copy(desk: &Desk, from: &str, to: &str) {
    let status = Command::new("cp").args(["-r", from, to]).current_dir(desk.path()).status().expect("there is cp");
    assert!(status.success());
}

/// Asks a witness, and keeps what it answers.
fn ask(desk: &Desk, ledger: &str, witness: &str, old: u64) -> Answer {
    let request = desk.run(&format!("checkpoint request --old {old} --ledger {ledger}"));
    assert_eq!(request.code, 0, "{}", request.err);
    desk.write("request", request.out);
    let answer = desk.run(&format!("witness sign request --log @log.vkey --folder {witness}"));
    desk.write("answer", &answer.out);
    answer
}

pub(crate) fn verdict(desk: &Desk, line: &str) -> (i32, String, String) {
    let answer = desk.run(&format!("{line} --policy policy --json"));
    let layers = answer.json()["layers"].clone();
    let layers = layers.as_array().expect("layers").clone();
    let layer = layers.into_iter().find(|layer| layer["layer"] == "witnesses").expect("every layer is there");
    (answer.code, layer["verdict"].as_str().expect("a verdict").to_owned(), layer.to_string())
}

#[test]
fn a_log_that_witnesses_saw_verifies_by_the_policy() {
    let desk = desk();
    assert_eq!(verdict(&desk, "verify --ledger ledger").1, "fail", "nobody has seen it");
    for (witness, expected) in [("one", "fail"), ("two", "pass")] {
        assert_eq!(ask(&desk, "ledger", witness, 0).code, 0);
        let kept = desk.run("checkpoint cosign answer --policy policy --ledger ledger");
        assert_eq!(kept.code, 0, "{}", kept.err);
        assert_eq!(verdict(&desk, "verify --ledger ledger").1, expected);
    }
    append(&desk, "ledger", "two");
    let (code, _, said) = verdict(&desk, "verify --ledger ledger");
    assert!(code == 0 && said.contains("the first 2 events"), "{said}");
    for witness in ["one", "two"] {
        assert_eq!(ask(&desk, "ledger", witness, 2).code, 0);
        assert_eq!(desk.run("checkpoint cosign answer --policy policy --ledger ledger").code, 0);
    }
    let (_, _, said) = verdict(&desk, "verify --ledger ledger");
    assert!(said.contains("the first 3 events, seen by one, two"), "{said}");
    // What is published and what is proved carries the witnesses' signatures along.
    assert_eq!(desk.run("export tiles public --ledger ledger").code, 0);
    assert_eq!(verdict(&desk, "verify --export public --vkey @log.vkey").1, "pass");
    let proof = desk.run("prove 1 --ledger ledger").out;
    assert!(proof.contains("— witness.example/one ") && proof.contains("— witness.example/two "), "{proof}");
    let list = desk.run("checkpoint list --ledger ledger --json").json();
    assert_eq!(list["checkpoints"][1]["signed_by"].as_array().expect("names").len(), 3);
}

#[test]
fn a_witness_is_asked_from_where_it_signed_last() {
    let desk = desk();
    assert_eq!(ask(&desk, "ledger", "one", 0).code, 0);
    append(&desk, "ledger", "two");
    let answer = ask(&desk, "ledger", "one", 0);
    assert_eq!(answer.code, 4, "{}", answer.err);
    assert!(answer.err.contains("servanda checkpoint request --old 2"), "{}", answer.err);
    assert_eq!(ask(&desk, "ledger", "one", 2).code, 0);
    assert_eq!(ask(&desk, "ledger", "one", 3).code, 0, "at one size it signs again");
}

#[test]
fn a_split_view_is_an_alarm_of_the_witness_with_both_checkpoints_as_evidence() {
    let desk = desk();
    copy(&desk, "ledger", "other");
    append(&desk, "ledger", "two");
    assert_eq!(ask(&desk, "ledger", "one", 0).code, 0);
    fs::remove_dir_all(desk.path().join("state")).expect("something was remembered");
    append(&desk, "other", "another-two");
    let answer = ask(&desk, "other", "one", 3);
    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(answer.err.contains("ALARM") && answer.out.is_empty(), "{}", answer.err);
    let evidence = desk.path().join("one/evidence/test.example+ledger");
    let kept: Vec<String> = fs::read_dir(&evidence)
        .expect("evidence is kept")
        .map(|entry| fs::read_to_string(entry.expect("it can be listed").path()).expect("it can be read"))
        .collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|note| note.starts_with(&format!("{NAME}\n3\n"))), "{kept:?}");
    // Somebody who asks for the witness's signature is not shown the other history.
    assert_eq!(verdict(&desk, "verify --ledger other").1, "fail");
}

#[test]
fn what_no_known_witness_signed_is_not_kept() {
    let desk = desk();
    assert_eq!(desk.run("witness key --name witness.example/three --folder three").code, 0);
    assert_eq!(ask(&desk, "ledger", "three", 0).code, 0);
    let cosign = || desk.run("checkpoint cosign answer --policy policy --ledger ledger");
    assert!(cosign().code == 1 && cosign().err.contains("no known witness"), "{}", cosign().err);
    assert_eq!(ask(&desk, "ledger", "one", 0).code, 0);
    let good = fs::read_to_string(desk.path().join("answer")).expect("it was answered");
    append(&desk, "ledger", "two");
    assert_eq!(cosign().code, 1, "it is of the checkpoint before");
    assert_eq!(desk.run("checkpoint cosign answer --size 2 --policy policy --ledger ledger").code, 0);
    for other in ["nothing\n", "— a b\n", "\n"] {
        desk.write("answer", other);
        let answer = cosign();
        assert!(answer.code == 1 && answer.err.contains("line 1"), "{}", answer.err);
    }
    // A forged line that somebody puts there is told, and keeps the ledger from nothing.
    let flipped = good.replacen(['A', 'B'], "C", 1);
    fs::write(desk.path().join("ledger/cosignatures/2"), flipped).expect("it can be written");
    assert_eq!(verdict(&desk, "verify --ledger ledger").1, "fail");
    append(&desk, "ledger", "three");
    assert_eq!(desk.run("witness key --folder nowhere").code, 2);
    assert_eq!(desk.run("witness sign request --log @log.vkey --folder nowhere").code, 3);
    assert_eq!(desk.run("witness key --name a+b --folder new").code, 2);
}

#[test]
fn a_witness_that_lost_what_it_signed_says_so_until_it_is_told_to_begin() {
    let desk = desk();
    assert_eq!(ask(&desk, "ledger", "one", 0).code, 0);
    fs::remove_dir_all(desk.path().join("one/signed")).expect("it is there");
    let lost = ask(&desk, "ledger", "one", 0);
    assert!(lost.code == 3 && lost.err.contains("--new"), "{}", lost.err);
    let lost = desk.run("witness serve --log @log.vkey --folder one --listen 127.0.0.1:0");
    assert!(lost.code == 3 && lost.err.contains("--new"), "{}", lost.err);
    let begun = desk.run("witness sign request --log @log.vkey --folder one --new");
    assert_eq!(begun.code, 0, "{}", begun.err);
    assert_eq!(ask(&desk, "ledger", "one", 2).code, 0);
}

#[test]
fn a_log_is_named_with_its_key_where_that_has_another_name() {
    let desk = desk();
    let key = fs::read_to_string(desk.path().join("log.vkey")).expect("it is there");
    desk.write("request", desk.run("checkpoint request --ledger ledger").out);
    let sign = |log: &str| {
        let words = ["witness", "sign", "request", "--folder", "one", "--log", log];
        Answer::of(&desk.command(words).output().expect("the binary runs"))
    };
    // Some other log's key, and its own behind its name, whole or in a file.
    let unknown = sign(&format!("go.sum database tree={}", key.trim_end()));
    assert!(unknown.code == 1 && unknown.err.contains("is not known here"), "{}", unknown.err);
    assert_eq!(sign(&format!("{NAME}={}", key.trim_end())).code, 0);
    desk.write("request", desk.run("checkpoint request --old 2 --ledger ledger").out);
    assert_eq!(sign(&format!("{NAME}=@log.vkey")).code, 0);
    for wrong in ["=@log.vkey", "name=", "name=key", "name"] {
        assert_eq!(sign(wrong).code, 2, "{wrong}");
    }
}

#[test]
fn a_witness_with_a_key_of_a_type_to_come_is_one_that_did_not_sign() {
    let desk = desk();
    // A key of ML-DSA-44 of the name `w.example/ml`, of 1,312 bytes 7.
    let key = format!("w.example/ml+3686747c+BgcH{}Bwc=", "BwcH".repeat(436));
    let known = desk.run("witness key --folder one").out;
    let policy = |rest: &str| desk.write("policy", format!("witness ml {key}\nwitness ed {known}{rest}\n"));
    policy("group g any ml ed\nquorum g");
    let (code, verdict, said) = self::verdict(&desk, "verify --ledger ledger");
    assert!(code == 1 && verdict == "fail" && said.contains("ml (a key of type 0x06)"), "{said}");
    assert_eq!(ask(&desk, "ledger", "one", 0).code, 0);
    assert_eq!(desk.run("checkpoint cosign answer --policy policy --ledger ledger").code, 0);
    let (code, verdict, said) = self::verdict(&desk, "verify --ledger ledger");
    assert!(code == 0 && verdict == "pass" && said.contains("seen by ed; not known here: ml"), "{said}");
    policy("group g all ml ed\nquorum g");
    let needed = desk.run("verify --ledger ledger --policy policy");
    assert!(needed.code == 2 && needed.err.contains("line 1: the key of the witness `ml`"), "{}", needed.err);
}
