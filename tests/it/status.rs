//! How a ledger stands, told by what is kept. The worries are a fault that is known and not told, a watch that cries on a ledger
//! that is well, so that nobody listens, and one that changes what it watches.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;
use servanda::integrity::SigningKey;
use servanda::ledger::{KeyFile, Signer};

use crate::borrowed::{contents, give_away};
use crate::clock::{DAY_MS, at};
use crate::support::{Answer, Desk, done, moment};
use crate::traced::copy;

/// A ledger `l` that was founded at the beginning of the tests' time, with a second admin, and with more to append.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    for id in ["a", "b", "c"] {
        let text = format!(
            "evidence: {{ none: a test }}\nannouncements:\n- {{ kind: party, id: {id}, name: Party {id}, type: state }}\n"
        );
        desk.write(&format!("{id}.yaml"), text);
    }
    done(&at(&desk, moment(0), "append --init --ledger l a.yaml"));
    let admin = KeyFile::of(SigningKey::from_seed(&[250; 32])).public();
    desk.write("admin.pub", format!("{admin} ana\n"));
    done(&at(&desk, moment(0), "key add ana --public @admin.pub --role admin --ledger l"));
    done(&at(&desk, moment(0), "key copied --log-key --ledger l"));
    desk
}

/// How the ledger stands so many days later.
pub(crate) fn status(desk: &Desk, days: i64, more: &str) -> Answer {
    let room = if more.contains("--room") { "" } else { "--room 0" };
    at(desk, moment(days * DAY_MS), &format!("status --ledger l --json {room} {more}"))
}

/// The kinds of what there is to do.
fn concerns(answer: &Answer) -> Vec<String> {
    let findings = answer.json()["findings"].as_array().expect("a list").clone();
    let due = findings.into_iter().filter(|finding| finding["accepted"] == Value::Bool(false));
    due.map(|finding| finding["concern"].as_str().expect("a word").to_owned()).collect()
}

#[track_caller]
pub(crate) fn check(answer: &Answer, expected: &[&str]) {
    assert_eq!(concerns(answer), expected, "{}", answer.out);
    assert_eq!(answer.code, i32::from(!expected.is_empty()), "{}{}", answer.out, answer.err);
    for finding in answer.json()["findings"].as_array().expect("a list") {
        let [run, advice] = ["run", "advice"].map(|name| finding[name].as_str().expect("text"));
        assert!(!run.is_empty() || !advice.is_empty(), "{finding}");
        check_command(run);
    }
}

/// What is there to be pasted is a command, of which nothing is left to fill in.
#[track_caller]
fn check_command(run: &str) {
    let words: Vec<&str> = run.split_whitespace().collect();
    match words.split_first() {
        None | Some((&("chmod" | "df"), _)) => {}
        Some((&"servanda", rest)) => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_servanda"));
            done(&Answer::of(&command.args(rest).arg("--help").env_clear().output().expect("the binary runs")));
        }
        Some(_) => panic!("it is no command: {run}"),
    }
    assert!(!words.iter().any(|word| ["FILE", "NAME", "@FILE", "-", "&&"].contains(word)), "{run}");
}

/// Backs the ledger up, and signs it.
pub(crate) fn keep(desk: &Desk, days: i64) {
    done(&at(desk, moment(days * DAY_MS), "checkpoint --ledger l"));
    done(&at(desk, moment(days * DAY_MS), "backup --ledger l l.backup"));
}

#[test]
fn a_ledger_that_is_well_has_nothing_to_do() {
    let desk = desk();
    check(&status(&desk, 0, ""), &[]);
    keep(&desk, 0);
    let answer = status(&desk, 400, "");
    check(&answer, &[]);
    let told = answer.json();
    let names = ["events", "admins", "store", "checkpoint", "backup", "witness", "newest"];
    let [events, admins, store, checkpoint, backup, witness, newest] = names.map(|name| &told[name]);
    assert_eq!((events, admins, &store["seen"]), (&3.into(), &2.into(), &"opens".into()), "{told}");
    assert_eq!(
        (&checkpoint["size"], &backup["size"], &backup["is_there"]),
        (&3.into(), &3.into(), &true.into()),
        "{told}"
    );
    assert_eq!(
        (&backup["made"]["age_s"], &newest["age_s"]),
        (&(400 * 86_400).into(), &(400 * 86_400).into()),
        "{told}"
    );
    assert!(witness.is_null() && backup["waiting_since"].is_null(), "{told}");
    let people = at(&desk, moment(0), "status --ledger l --room 0");
    assert!(people.code == 0 && people.out.ends_with("\nnothing to do\n"), "{}", people.out);
    assert_eq!(
        at(&desk, moment(0), "status --ledger l --room 0 --quiet").out,
        "",
        "a watch is silent when all is well"
    );
}

#[test]
fn events_wait_no_longer_than_they_may_for_a_checkpoint_and_a_backup() {
    let desk = desk();
    check(&status(&desk, 2, ""), &[]);
    check(&status(&desk, 3, ""), &["checkpoint-due", "backup-due"]);
    check(&status(&desk, 3, "--days 7"), &[]);
    keep(&desk, 3);
    done(&at(&desk, moment(10 * DAY_MS), "append --ledger l b.yaml"));
    let answer = status(&desk, 11, "");
    check(&answer, &[]);
    assert_eq!(answer.json()["backup"]["waiting_since"]["at"], moment(10 * DAY_MS).to_string());
    check(&status(&desk, 13, ""), &["checkpoint-due", "backup-due"]);
    done(&at(&desk, moment(13 * DAY_MS), "backup --ledger l l.backup"));
    check(&status(&desk, 13, ""), &["checkpoint-due"]);
}

#[test]
fn a_checkpoint_that_each_append_should_have_is_due_at_once() {
    let desk = desk();
    let settings = desk.path().join("l/servanda.toml");
    let text = fs::read_to_string(&settings).expect("text");
    fs::write(settings, text.replacen("= \"on-request\"", "= \"each-append\"", 1)).expect("it is ours");
    check(&status(&desk, 0, ""), &["checkpoint-due"]);
    done(&at(&desk, moment(0), "checkpoint --ledger l"));
    check(&status(&desk, 0, ""), &[]);
}

#[test]
fn what_is_no_memory_of_a_backup_is_none() {
    let desk = desk();
    keep(&desk, 0);
    let state = desk.path().join("state/servanda/_logs");
    let kept = crate::personal::files(&state).into_iter().find(|file| file.ends_with("backup")).expect("it is kept");
    fs::write(kept, "3 of them\n").expect("it is ours");
    check(&status(&desk, 9, ""), &["backup-due"]);
}

#[test]
fn one_admin_key_is_told_until_there_is_a_second_or_it_is_meant_so() {
    let desk = Desk::new();
    done(&at(&desk, moment(0), "init --ledger l"));
    check(&status(&desk, 0, ""), &["single-admin", "log-key-uncopied"]);
    check(&status(&desk, 0, "--room 4000000000 --accept single-admin,log-key-uncopied,room"), &[]);
    assert_eq!(at(&desk, moment(0), "status --accept nonsense").code, 2);
}

/// Has the ledger be as it was when its folder was copied to `old`.
fn put_back(desk: &Desk) {
    fs::remove_dir_all(desk.path().join("l")).expect("it is ours");
    fs::rename(desk.path().join("old"), desk.path().join("l")).expect("it is there");
}

#[test]
fn a_ledger_that_was_put_back_is_told_by_what_the_account_saw() {
    for more in ["checkpoint --ledger l", "backup --ledger l l.backup", "members p --ledger l"] {
        let desk = desk();
        copy(&desk.path().join("l"), &desk.path().join("old"));
        done(&at(&desk, moment(1), "append --ledger l b.yaml"));
        at(&desk, moment(2), more);
        put_back(&desk);
        let answer = status(&desk, 0, "");
        check(&answer, &["rollback"]);
    }
}

#[test]
fn a_ledger_with_other_events_than_its_last_backup_is_told() {
    let desk = desk();
    copy(&desk.path().join("l"), &desk.path().join("old"));
    done(&at(&desk, moment(1), "append --ledger l b.yaml"));
    done(&at(&desk, moment(2), "backup --ledger l l.backup"));
    put_back(&desk);
    desk.forget_what_was_seen();
    done(&at(&desk, moment(3), "append --ledger l c.yaml"));
    check(&status(&desk, 0, ""), &["fork"]);
}

#[test]
fn another_ledger_in_the_place_of_one_is_told() {
    let desk = desk();
    done(&at(&desk, moment(0), "init --ledger other"));
    done(&at(&desk, moment(0), "append --ledger l b.yaml"));
    fs::remove_dir_all(desk.path().join("l")).expect("it is ours");
    fs::rename(desk.path().join("other"), desk.path().join("l")).expect("it is there");
    check(&status(&desk, 0, "--accept single-admin"), &["replaced", "log-key-uncopied"]);
}

#[test]
fn a_store_that_does_not_open_or_ends_otherwise_is_told_with_what_is_remembered() {
    for facts in ["kept", "lost"] {
        for damage in ["zeros", "gone", "older"] {
            let desk = desk();
            let ledger = desk.path().join("l");
            copy(&ledger.join("sled"), &desk.path().join("older"));
            done(&at(&desk, moment(1), "append --ledger l b.yaml"));
            let db = ledger.join("sled/db");
            match damage {
                "zeros" => {
                    let len = fs::metadata(&db).expect("it is there").len();
                    fs::write(&db, vec![0; usize::try_from(len).expect("it is small")]).expect("it is ours");
                }
                "gone" => fs::remove_dir_all(ledger.join("sled")).expect("it is ours"),
                _ => {
                    fs::remove_dir_all(ledger.join("sled")).expect("it is ours");
                    copy(&desk.path().join("older"), &ledger.join("sled"));
                }
            }
            if facts == "lost" {
                fs::remove_file(ledger.join("facts")).expect("they are kept");
            }
            let before = contents(&ledger);
            let answer = status(&desk, 0, "");
            // The account has read facts of an event that the store no longer has.
            let is_shorter = (facts, damage) == ("lost", "older");
            check(&answer, if is_shorter { &["rollback", "damaged-store"] } else { &["damaged-store"] });
            assert_eq!(answer.json()["store"]["seen"], "damaged");
            let events = if is_shorter { 3 } else { 4 };
            assert_eq!(answer.json()["events"], events, "{facts}, {damage}: {}", answer.out);
            assert!(contents(&ledger) == before, "{facts}, {damage}: it wrote");
        }
    }
}

#[test]
fn what_lies_beside_a_ledger_and_tells_of_damage_is_told() {
    let desk = desk();
    fs::create_dir(desk.path().join("l/sled.damaged-1")).expect("it is ours");
    desk.write("l/evidence/3-0000000000000000", "a checkpoint");
    let key = desk.path().join("l/keys/log.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
    check(&status(&desk, 0, "--room 4000000000"), &["store-aside", "evidence", "log-key-open", "room"]);
    let run = |answer: &Answer| answer.json()["findings"][2]["run"].as_str().expect("a command").to_owned();
    assert_eq!(run(&status(&desk, 0, "")), "chmod o= l/keys/log.key");
}

#[test]
fn the_status_of_a_ledger_that_may_only_be_read_is_told_and_nothing_is_written_into_it() {
    let desk = desk();
    keep(&desk, 0);
    let check_unchanged = |of: &str| {
        let before = contents(&desk.path().join("l"));
        for _ in 0..2 {
            let answer = status(&desk, 0, "");
            check(&answer, &[]);
            assert_eq!(answer.json()["events"], 3, "{of}");
            assert!(contents(&desk.path().join("l")) == before, "{of}: it wrote");
        }
    };
    check_unchanged("one's own");
    fs::remove_file(desk.path().join("l/facts")).expect("they are kept");
    check_unchanged("one's own without facts");
    if give_away(&desk.path().join("l")) {
        check_unchanged("another's");
    }
}

#[test]
fn a_ledger_that_is_in_use_is_told_by_its_facts() {
    let desk = desk();
    let lock = fs::File::open(desk.path().join("l/LOCK")).expect("it is there");
    lock.lock().expect("nobody has it");
    let answer = status(&desk, 0, "");
    check(&answer, &[]);
    assert_eq!(answer.json()["store"], serde_json::json!({"seen": "in use", "why": "another process"}));
    fs::remove_file(desk.path().join("l/facts")).expect("they are kept");
    let waited = status(&desk, 0, "--lock-timeout 0");
    assert_eq!(waited.code, 3, "{}", waited.out);
}
