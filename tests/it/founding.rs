//! A ledger is founded whole or not at all, a dry run writes nothing, and what lies in its folder cannot stop a command.

use std::fs;
use std::process::Command;

use crate::support::{Answer, Desk};

const ONE_PARTY: &str =
    "evidence: { none: made up for a test }\nannouncements:\n  - { kind: party, id: p, name: P, type: state }\n";

fn names(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(desk.path()).expect("the desk can be listed");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_dry_run_writes_nothing_not_even_a_key() {
    let desk = Desk::new();
    desk.write("a.yaml", ONE_PARTY);
    let answer = desk.run("append --init --dry-run a.yaml --ledger ledger");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains("would append 1 event"), "{}", answer.out);
    assert_eq!(names(&desk), ["a.yaml"]);
}

#[test]
fn a_file_that_is_refused_leaves_no_key_and_no_ledger_behind() {
    for faulty in
        ["announcements: 3\n", "evidence: { none: x }\nannouncements:\n- { kind: joining, party: p, agreement: q }\n"]
    {
        for line in ["append --init a.yaml --ledger ledger", "import csv t.csv --map m.toml --init --ledger ledger"] {
            let desk = Desk::new();
            desk.write("a.yaml", faulty);
            desk.write("t.csv", "a,b\n");
            desk.write("m.toml", "nonsense = 1\n");
            let answer = desk.run(line);
            assert_ne!(answer.code, 0, "{}", answer.out);
            assert!(!answer.err.contains("made a key"), "{}", answer.err);
            assert_eq!(names(&desk), ["a.yaml", "m.toml", "t.csv"], "{line}: {}", answer.err);
        }
    }
    let desk = Desk::new();
    desk.write("a.yaml", ONE_PARTY);
    let answer = desk.run("append --init a.yaml --ledger ledger");
    assert!(answer.code == 0 && answer.err.contains("made a key for recorder"), "{}", answer.err);
    desk.write("b.yaml", ONE_PARTY.replace("id: p", "id: q"));
    assert_eq!(desk.run("append b.yaml --ledger ledger").code, 0, "the key that was made signs");
}

#[test]
fn a_folder_without_its_settings_is_to_be_repaired_and_one_of_a_newer_program_is_for_that() {
    let desk = Desk::new();
    desk.write("a.yaml", ONE_PARTY);
    assert_eq!(desk.run("append --init a.yaml --ledger ledger").code, 0);
    assert_eq!(desk.run("backup b --ledger ledger").code, 0);
    let settings = desk.path().join("ledger/servanda.toml");
    let text = fs::read_to_string(&settings).expect("text");
    let each = |words: [&str; 2]| {
        for line in ["log", "append a.yaml", "verify", "status", "backup c", "members p"] {
            let answer = desk.run(&format!("{line} --ledger ledger"));
            let is_told = words.iter().all(|word| answer.err.contains(word));
            assert!(answer.code == 3 && is_told, "{line}: {}", answer.err);
        }
    };
    for newer in [text.replacen("format = 1", "format = 2", 1), "format = 3\nanother = [\"form\"]\n".to_owned()] {
        fs::write(&settings, newer).expect("it is ours");
        each(["and this program reads 1", "hint: a newer servanda made it"]);
    }
    fs::remove_file(&settings).expect("it is there");
    each(["ledger/servanda.toml is lost", "hint: `servanda repair --from FILE --ledger ledger`"]);
    assert_eq!(desk.run("repair --from b --ledger ledger").code, 0);
    assert_eq!(fs::read_to_string(&settings).expect("text"), text);
    assert_eq!(desk.run("log --ledger nowhere").err.matches("repair").count(), 0, "where nothing is, nothing is lost");
}

#[test]
fn founding_prints_the_hash_to_keep() {
    let desk = Desk::new();
    desk.write("a.yaml", ONE_PARTY);
    let answer = desk.run("append --init a.yaml --ledger ledger");
    let genesis = desk.run("show 0 --ledger ledger --json").json()["hash"].as_str().expect("a hash").to_owned();
    assert!(answer.err.contains(&format!("genesis {genesis}")), "{}", answer.err);
    assert_eq!(desk.run(&format!("verify --genesis {genesis} --ledger ledger")).code, 0);
}

#[test]
fn of_two_who_found_one_ledger_each_is_done_or_told() {
    let desk = Desk::new();
    desk.write("a.yaml", ONE_PARTY);
    // One key for both, so that only the ledger is raced for.
    assert_eq!(desk.run("init --ledger first").code, 0);
    let start = || desk.command(["append", "--init", "a.yaml", "--ledger", "ledger"]).output().expect("it runs");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Answer::of(&start()))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(answers.iter().any(|answer| answer.code == 0));
    for answer in answers.iter().filter(|answer| answer.code != 0) {
        assert_eq!(answer.code, 3);
        assert!(answer.err.contains("there is a ledger at") && answer.err.contains("already"), "{}", answer.err);
    }
    assert_eq!(desk.run("verify --ledger ledger").code, 0);
    assert_eq!(names(&desk), ["a.yaml", "config", "first", "ledger", "state"]);
    // Whoever came too late has not left word that the folder holds its own.
    assert_eq!(desk.run("checkpoint --ledger ledger").code, 0);
}

#[test]
fn of_many_who_found_ledgers_beside_each_other_each_has_its_own() {
    let desk = Desk::new();
    assert_eq!(desk.run("init --ledger first").code, 0);
    let found = |name: String| Answer::of(&desk.command(["init", "--ledger", &name]).output().expect("it runs"));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || (0..6).for_each(|turn| assert_eq!(found(format!("l{thread}-{turn}")).code, 0)));
        }
    });
    for name in names(&desk).iter().filter(|name| name.starts_with('l')) {
        assert_eq!(desk.run(&format!("verify --ledger {name}")).code, 0, "{name}");
    }
    assert_eq!(names(&desk).len(), 48 + 3, "something is left over");
}

#[test]
fn where_there_is_no_ledger_the_one_beside_it_is_named() {
    let desk = Desk::new();
    assert_eq!(desk.run("init --ledger pacts.servanda").code, 0);
    let answer = desk.run("members ilrs");
    assert_eq!(answer.code, 3);
    assert!(answer.err.contains("add --ledger pacts.servanda"), "{}", answer.err);
}

#[test]
fn a_pipe_in_the_place_of_a_file_holds_nothing_up() {
    for name in ["HEAD", "servanda.toml"] {
        let desk = Desk::new();
        assert_eq!(desk.run("init --ledger ledger").code, 0);
        let path = desk.path().join("ledger").join(name);
        fs::remove_file(&path).expect("it is there");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo is part of every Unix");
        assert!(made.success());
        // Without HEAD there is only no hint; without its settings there is no ledger to read.
        let expected = if name == "HEAD" { 0 } else { 3 };
        assert_eq!(desk.run("log --ledger ledger").code, expected, "{name}");
        assert_eq!(desk.run("verify --ledger ledger").code, expected, "{name}");
    }
}

#[test]
fn evidence_whose_documents_are_gone_was_not_checked() {
    let desk = Desk::with_ilrs(&["october-2023"]);
    fs::remove_dir_all(desk.path().join("ilrs.servanda/documents")).expect("they are there");
    let answer = desk.run("verify --ledger ilrs.servanda --json");
    assert_eq!(answer.code, 1);
    let layer = |name: &str| {
        let layers = answer.json()["layers"].as_array().expect("a list").clone();
        layers.into_iter().find(|layer| layer["layer"] == name).expect("every layer is told")
    };
    assert_eq!(layer("documents")["verdict"], "fail");
    assert_eq!(layer("evidence")["verdict"], "not checked");
    let text = desk.run("source text 18eb --ledger ilrs.servanda");
    assert_eq!(text.code, 3, "{}", text.out);
}

#[test]
fn a_position_that_is_not_there_is_no_position() {
    let desk = Desk::with_ilrs(&["october-2023"]);
    for by in ["2023", "40", "2001-01-01"] {
        let answer = desk.run(&format!("members ilrs --recorded-by {by} --ledger ilrs.servanda"));
        assert_eq!(answer.code, 3, "{by}");
        assert!(answer.err.contains("the newest, event 39"), "{}", answer.err);
    }
}

#[test]
fn an_event_is_found_by_a_hash_of_digits_alone() {
    // Of 600 hashes some begin with eight decimal digits: about one in 43.
    let desk = Desk::new();
    let parties: Vec<String> =
        (0..600).map(|n| format!("  - {{ kind: party, id: p{n}, name: P{n}, type: state }}\n")).collect();
    desk.write("a.yaml", format!("evidence: {{ none: made up for a test }}\nannouncements:\n{}", parties.concat()));
    assert_eq!(desk.run("append --init a.yaml --ledger ledger").code, 0);
    let log = desk.run("log --ledger ledger --json").json();
    let events = log["events"].as_array().expect("a list").clone();
    let plain = |event: &&serde_json::Value| {
        event["hash"].as_str().is_some_and(|hash| hash.bytes().take(8).all(|byte| byte.is_ascii_digit()))
    };
    let event = events.iter().find(plain).expect("one in 43");
    let prefix = &event["hash"].as_str().expect("a hash")[..8];
    assert_eq!(desk.run(&format!("show {prefix} --ledger ledger --json")).json()["seq"], event["seq"]);
}
