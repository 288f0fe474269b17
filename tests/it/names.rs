//! Names of ledgers: what an account remembers of one is held against no other, whatever it is called; and a ledger that
//! takes another's place unasked is told.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Answer, Desk, done};
use crate::witnesses::copy;

const NAME: &str = "test.example/ledger";

/// Runs words that may have spaces in them.
fn run(desk: &Desk, words: &[&str]) -> Answer {
    Answer::of(&desk.command(words).output().expect("the binary runs"))
}

/// Appends a party of that name, and founds the ledger for it where more words say so.
fn append(desk: &Desk, ledger: &str, party: &str, more: &[&str]) -> Answer {
    let told = format!("{{ kind: party, id: {party}, name: {party}, type: company }}");
    desk.write("next.yaml", format!("evidence: {{ none: made up }}\nannouncements:\n  - {told}\n"));
    run(desk, &[&["append", "next.yaml", "--quiet", "--ledger", ledger], more].concat())
}

/// It was done, and nothing was wrong.
#[track_caller]
fn plain(answer: &Answer) {
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
}

/// A ledger is founded, signed, appended to and signed again, as if there were no other.
#[track_caller]
fn check_lives(desk: &Desk, ledger: &str, more: &[&str]) {
    let found = append(desk, ledger, "one", &[&["--init"], more].concat());
    assert!(found.code == 0 && !found.err.contains("warning"), "{}", found.err);
    for party in ["two", "three"] {
        plain(&run(desk, &["checkpoint", "--ledger", ledger]));
        plain(&append(desk, ledger, party, &[]));
    }
    plain(&run(desk, &["verify", "--ledger", ledger]));
}

/// Refused, for reasons that are told.
#[track_caller]
fn told(answer: &Answer, words: &[&str]) {
    // A history that was changed is told by another code than what cannot be done.
    let is_alarm =
        words.iter().any(|word| ["ROLLBACK", "FORK", "REPLACED"].iter().any(|alarm| word.starts_with(alarm)));
    assert_eq!(answer.code, if is_alarm { 1 } else { 3 }, "{}{}", answer.out, answer.err);
    assert!(words.iter().all(|word| answer.err.contains(word)), "{}", answer.err);
}

/// What a layer of `verify` tells, which fails.
#[track_caller]
fn fault(desk: &Desk, ledger: &str, name: &str) -> String {
    let answer = desk.run(&format!("verify --json --ledger {ledger}"));
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    let answer = answer.json();
    let layers = answer["layers"].as_array().expect("layers");
    let layer = layers.iter().find(|layer| layer["layer"] == name).expect("every layer is there");
    layer["faults"].to_string()
}

fn genesis(desk: &Desk, ledger: &str) -> String {
    let event = desk.run(&format!("show 0 --json --ledger {ledger}")).json();
    event["event"]["hash"].as_str().or(event["hash"].as_str()).expect("a hash").to_owned()
}

fn origin(desk: &Desk, ledger: &str) -> String {
    let answer = desk.run(&format!("checkpoint show --ledger {ledger}"));
    answer.out.lines().next().expect("a name").to_owned()
}

fn state(desk: &Desk) -> PathBuf {
    desk.path().join("state/servanda")
}

fn remove(desk: &Desk, ledger: &str) {
    fs::remove_dir_all(desk.path().join(ledger)).expect("it is there");
}

fn rename(desk: &Desk, from: &str, to: &str) {
    fs::rename(desk.path().join(from), desk.path().join(to)).expect("it can be moved");
}

#[test]
fn ledgers_in_folders_of_one_name_or_of_names_that_become_one_are_as_many() {
    for names in [["2025/treaties", "2026/treaties"], ["a b", "a+b"], ["\u{6761}\u{7ea6}", "\u{534f}\u{5b9a}"]] {
        let desk = Desk::new();
        for name in names {
            check_lives(&desk, name, &[]);
        }
        for name in names {
            plain(&append(&desk, name, "four", &[]));
        }
    }
}

#[test]
fn a_ledger_that_was_deleted_and_is_begun_again_is_another() {
    let desk = Desk::new();
    for more in [&[][..], &["--origin", NAME]] {
        for _ in 0..3 {
            check_lives(&desk, "ledger", more);
            remove(&desk, "ledger");
        }
    }
    let again = desk.run("init --ledger ledger");
    let said = again.err.starts_with("ledger held the ledger test.example/ledger with genesis ");
    assert!(again.code == 0 && said && again.err.contains("signed for 3 events"), "{}", again.err);
}

#[test]
fn a_restored_ledger_is_the_one_that_its_folder_holds_from_then_on() {
    let desk = Desk::new();
    check_lives(&desk, "one", &[]);
    check_lives(&desk, "two", &[]);
    plain(&desk.run("backup b --ledger one"));
    remove(&desk, "two");
    done(&desk.run("restore b two"));
    for ledger in ["one", "two"] {
        plain(&append(&desk, ledger, ledger, &[]));
        plain(&desk.run(&format!("verify --ledger {ledger}")));
    }
}

#[test]
fn a_ledger_whose_key_was_changed_is_a_rollback_when_it_is_put_back_and_no_stranger() {
    let desk = Desk::new();
    plain(&append(&desk, "ledger", "one", &["--init"]));
    copy(&desk, "ledger", "older");
    done(&desk.run("key replace-log --ledger ledger"));
    plain(&append(&desk, "ledger", "two", &[]));
    plain(&desk.run("checkpoint --ledger ledger"));
    remove(&desk, "ledger");
    rename(&desk, "older", "ledger");
    told(&append(&desk, "ledger", "instead", &[]), &["ROLLBACK"]);
    told(&desk.run("checkpoint --ledger ledger"), &["ROLLBACK"]);
    let checkpoints = fault(&desk, "ledger", "checkpoints");
    assert!(checkpoints.contains("ROLLBACK"), "{checkpoints}");
}

#[test]
fn a_folder_that_shows_another_ledger_unasked_is_an_alarm_until_the_first_is_forgotten() {
    let desk = Desk::new();
    check_lives(&desk, "ledger", &[]);
    check_lives(&desk, "other", &[]);
    let (first, second, name) = (genesis(&desk, "ledger"), genesis(&desk, "other"), origin(&desk, "ledger"));
    remove(&desk, "ledger");
    rename(&desk, "other", "ledger");
    let words = ["REPLACED", first.as_str(), second.as_str(), "`servanda forget --folder --ledger ledger`"];
    told(&append(&desk, "ledger", "instead", &[]), &words);
    told(&desk.run("checkpoint --ledger ledger"), &words);
    told(&desk.run("export tiles public --ledger ledger"), &words);
    let signatures = fault(&desk, "ledger", "signatures");
    assert!(signatures.contains("REPLACED") && signatures.contains(&first), "{signatures}");
    let checkpoints = fault(&desk, "ledger", "checkpoints");
    assert!(checkpoints.contains("it is of the log"), "{checkpoints}");
    let forgotten = desk.run("forget --folder --ledger ledger");
    assert!(forgotten.code == 0 && forgotten.err.contains(&first), "{}{}", forgotten.out, forgotten.err);
    plain(&append(&desk, "ledger", "instead", &[]));
    plain(&desk.run("verify --ledger ledger"));
    let nothing = desk.run("forget --folder --ledger nowhere");
    assert!(nothing.code == 3 && nothing.err.contains("not remembered which ledger nowhere held"), "{}", nothing.err);
    done(&desk.run(&format!("forget {name}")));
}

#[test]
fn whoever_means_another_ledger_in_a_folder_still_knows_of_the_one_that_was_there() {
    let desk = Desk::new();
    check_lives(&desk, "ledger", &[]);
    copy(&desk, "ledger", "older");
    plain(&append(&desk, "ledger", "four", &[]));
    remove(&desk, "ledger");
    done(&desk.run("init --ledger other"));
    rename(&desk, "other", "ledger");
    told(&append(&desk, "ledger", "instead", &[]), &["REPLACED"]);
    done(&desk.run("forget --folder --ledger ledger"));
    plain(&append(&desk, "ledger", "instead", &[]));
    told(&append(&desk, "older", "instead", &[]), &["ROLLBACK"]);
}

#[test]
fn a_name_that_was_chosen_and_is_anothers_is_refused_with_the_ways_out() {
    let desk = Desk::new();
    let named = ["--init", "--origin", NAME];
    plain(&append(&desk, "one", "a", &named));
    let ways = [NAME, "--origin", "servanda forget test.example/ledger"];
    told(&append(&desk, "two", "a", &named), &ways);
    plain(&desk.run("checkpoint --ledger one"));
    told(&desk.run("init --ledger two --origin test.example/ledger"), &ways);
    // Gone, it is remembered all the same where somebody may have what was signed of it.
    remove(&desk, "one");
    told(&append(&desk, "two", "a", &named), &ways);
    assert!(!desk.path().join("two").exists(), "nothing was founded");

    check_lives(&desk, "two", &["--origin", "test.example/another"]);
    done(&desk.run("forget test.example/ledger"));
    check_lives(&desk, "three", &["--origin", NAME]);
}

#[test]
fn a_strangers_ledger_of_a_name_that_is_known_is_told_once_and_remembered_apart() {
    let (desk, other) = (Desk::new(), Desk::new());
    check_lives(&desk, "ledger", &["--origin", NAME]);
    check_lives(&other, "ledger", &["--origin", NAME]);
    copy_tree(&other.path().join("ledger"), &desk.path().join("theirs"));
    fs::copy(
        other.path().join("config/servanda/recorder_ed25519"),
        desk.path().join("config/servanda/recorder_ed25519"),
    )
    .expect("it can be copied");
    let met = desk.run("checkpoint --ledger theirs");
    assert_eq!(met.code, 0, "{}", met.err);
    assert!(met.err.starts_with("warning: another ledger of the name test.example/ledger"), "{}", met.err);
    plain(&append(&desk, "theirs", "four", &[]));
    plain(&desk.run("verify --ledger theirs"));
    plain(&desk.run("verify --ledger ledger"));
    assert_eq!(desk.run("forget --list --json").json()["ledgers"].as_array().map(Vec::len), Some(2));
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("there is room");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let entry = entry.expect("it can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}

#[test]
fn what_is_forgotten_is_laid_aside_and_nothing_else() {
    let desk = Desk::new();
    check_lives(&desk, "one", &["--origin", NAME]);
    check_lives(&desk, "two", &["--origin", "test.example/two"]);
    told(&desk.run("forget test.example/leger"), &["nothing is remembered", "did you mean test.example/ledger?"]);
    for (aside, size) in [("test.example+ledger", "3"), ("test.example+ledger-2", "4")] {
        let genesis = genesis(&desk, "one");
        let answer = desk.run("forget test.example/ledger");
        assert!(answer.code == 0 && answer.out.contains(&genesis), "{}{}", answer.out, answer.err);
        let aside = state(&desk).join("_forgotten").join(aside);
        assert!(answer.err.contains(&aside.display().to_string()), "{}", answer.err);
        assert!(aside.join(&genesis).join(size).is_file(), "the checkpoint is there");
        let list = desk.run("forget --list --json").json();
        assert_eq!(list["ledgers"].as_array().map(Vec::len), Some(1), "{list}");
        plain(&desk.run("checkpoint --ledger one"));
    }
    plain(&append(&desk, "two", "four", &[]));
}

/// Puts what is remembered of the one ledger to where it lay before a genesis was written down.
fn as_before(desk: &Desk) {
    let logs = state(desk).join("_logs");
    let only = |folder: &Path| fs::read_dir(folder).expect("a folder").next().expect("one").expect("it can be listed");
    let log = only(&logs);
    let old = state(desk).join(log.file_name());
    fs::rename(only(&log.path()).path(), &old).expect("it can be moved");
    for entry in fs::read_dir(&old).expect("a folder").flatten() {
        if entry.file_name() == "seen" || entry.file_name().to_string_lossy().starts_with("at-") {
            fs::remove_file(entry.path()).expect("it is ours");
        }
    }
    fs::remove_dir_all(logs).expect("it is ours");
    fs::remove_dir_all(state(desk).join("_places")).expect("it is ours");
}

#[test]
fn what_was_remembered_by_the_name_alone_is_of_the_ledger_whose_key_signed_it() {
    let desk = Desk::new();
    append(&desk, "ledger", "one", &["--init", "--origin", NAME]);
    copy(&desk, "ledger", "older");
    plain(&append(&desk, "ledger", "two", &[]));
    plain(&desk.run("checkpoint --ledger ledger"));
    as_before(&desk);
    let founded = desk.run("init --ledger new --origin test.example/ledger");
    told(&founded, &["is the name of another ledger", "servanda forget test.example/ledger"]);
    let checkpoints = fault(&desk, "older", "checkpoints");
    assert!(checkpoints.contains("ROLLBACK"), "{checkpoints}");
    assert!(fs::read_dir(state(&desk).join("test.example+ledger")).expect("a folder").next().is_none(), "it was moved");
    told(&append(&desk, "older", "instead", &[]), &["ROLLBACK"]);
    plain(&append(&desk, "ledger", "three", &[]));
    let list = desk.run("forget --list --json").json();
    assert_eq!(list["ledgers"][0]["genesis"].as_str(), Some(genesis(&desk, "ledger").as_str()), "{list}");
    assert_eq!(list["ledgers"].as_array().map(Vec::len), Some(1), "{list}");
}

#[test]
fn what_another_ledger_left_under_the_name_alone_is_held_against_nobody() {
    let desk = Desk::new();
    check_lives(&desk, "ledger", &["--origin", NAME]);
    as_before(&desk);
    remove(&desk, "ledger");
    let other = Desk::new();
    check_lives(&other, "ledger", &["--origin", NAME]);
    copy_tree(&other.path().join("ledger"), &desk.path().join("theirs"));
    let answer = desk.run("checkpoint --ledger theirs");
    assert!(answer.code == 0 && answer.err.starts_with("warning: another ledger of the name"), "{}", answer.err);
    assert!(state(&desk).join("test.example+ledger/3").is_file(), "it is left where it was");
    plain(&desk.run("verify --ledger theirs"));
}

#[test]
fn what_a_ledger_in_anothers_place_signed_is_not_remembered_of_the_one_that_was_there() {
    let desk = Desk::new();
    done(&desk.run("init --ledger theirs --origin test.example/ledger"));
    done(&desk.run("checkpoint --ledger theirs"));
    as_before(&desk);
    let signed = state(&desk).join("test.example+ledger/1");
    let kept = fs::read(&signed).expect("it is remembered by the name alone");
    fs::remove_file(&signed).expect("it is ours");
    done(&desk.run("init --ledger ledger --origin test.example/ledger"));
    fs::write(&signed, &kept).expect("there is room");
    let first = genesis(&desk, "ledger");
    remove(&desk, "ledger");
    rename(&desk, "theirs", "ledger");
    let signatures = fault(&desk, "ledger", "signatures");
    assert!(signatures.contains("REPLACED") && signatures.contains(&first), "{signatures}");
    let of_the_first = state(&desk).join("_logs/test.example+ledger").join(first).join("1");
    assert!(signed.is_file() && !of_the_first.exists(), "it is left where it was");
}
