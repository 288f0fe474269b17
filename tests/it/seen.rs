//! What an account saw of a log it remembers, whoever signed it: the worry is a folder that was put back, which nobody notices
//! but who signed.

use std::fs;

use crate::support::{Answer, Desk, done, fixture};
use crate::traced::copy;

/// The program for an account that has a state folder of that name.
fn by(desk: &Desk, account: &str, line: &str) -> Answer {
    let mut command = desk.command(line.split(' '));
    command.env("XDG_STATE_HOME", desk.path().join(account));
    Answer::of(&command.output().expect("the binary runs"))
}

/// A file that describes a party.
fn party(desk: &Desk, id: &str) -> String {
    let party = format!("{{ kind: party, id: {id}, name: {id}, type: state }}");
    desk.write(&format!("{id}.yaml"), format!("evidence: {{ none: a test }}\nannouncements: [{party}]\n"));
    format!("append {id}.yaml --ledger l")
}

/// A ledger that anna founded, signed and signs again under another key; `l.before` is what it was at first.
fn desk() -> Desk {
    let desk = Desk::new();
    let fixture = fixture("ilrs/october-2023").display().to_string();
    done(&by(&desk, "anna", &format!("append --init --ledger l --origin test.example/seen {fixture}")));
    copy(&desk.path().join("l"), &desk.path().join("l.before"));
    for id in ["a", "b"] {
        done(&by(&desk, "anna", &party(&desk, id)));
        done(&by(&desk, "anna", "checkpoint --ledger l"));
    }
    done(&by(&desk, "anna", "key replace-log --ledger l"));
    done(&by(&desk, "anna", "checkpoint --ledger l"));
    desk
}

/// The folder as it was before.
fn put_back(desk: &Desk) {
    fs::remove_dir_all(desk.path().join("l")).expect("it is there");
    copy(&desk.path().join("l.before"), &desk.path().join("l"));
}

/// What a layer of `verify` found, a line each.
fn faults(answer: &Answer, layer: &str) -> Vec<String> {
    let answer = answer.json();
    let layers = answer["layers"].as_array().expect("a list");
    let found = layers.iter().find(|found| found["layer"] == layer).expect("every layer is told");
    let faults = found["faults"].as_array().expect("a list");
    faults.iter().map(|fault| fault["what"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn whoever_verified_or_appended_knows_of_what_others_signed_when_the_folder_is_put_back() {
    for line in ["verify --ledger l", "append c.yaml --ledger l"] {
        let desk = desk();
        party(&desk, "c");
        done(&by(&desk, "boris", line));
        put_back(&desk);
        for refused in ["append c.yaml --ledger l", "checkpoint --ledger l", "backup new.backup --ledger l"] {
            let answer = by(&desk, "boris", refused);
            assert!(answer.code == 1 && answer.err.contains("ROLLBACK"), "{line}: {refused}: {}", answer.err);
        }
        assert!(!desk.path().join("new.backup").exists());
        let verified = by(&desk, "boris", "verify --ledger l --json");
        assert_eq!(verified.code, 1, "{}", verified.out);
        // Who never saw more cannot know.
        done(&by(&desk, "carla", "verify --ledger l"));
    }
}

#[test]
fn a_rollback_to_before_the_log_key_was_replaced_is_one_and_told_in_one_line() {
    let desk = desk();
    put_back(&desk);
    let told = faults(&by(&desk, "anna", "verify --ledger l --json"), "checkpoints");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("ROLLBACK: it was signed for 43 events, and the log has 40"), "{told:?}");
    assert!(told[0].ends_with("2 others, of 41 to 42 events, say so too"), "{told:?}");
    let refused = by(&desk, "anna", &party(&desk, "c"));
    assert!(refused.err.contains("ROLLBACK: the log has 40 events"), "{}", refused.err);
    assert!(!refused.err.contains("signature"), "{}", refused.err);
}

#[test]
fn what_is_seen_of_a_log_that_does_not_hold_is_not_remembered() {
    let desk = desk();
    let checkpoint = desk.path().join("l/checkpoints/41");
    let text = fs::read_to_string(&checkpoint).expect("it is there");
    fs::write(&checkpoint, text.replace("test.example/seen", "test.example/other")).expect("it is ours");
    assert_eq!(by(&desk, "boris", "verify --ledger l").code, 1);
    let logs = desk.path().join("boris/servanda/_logs");
    assert!(crate::personal::files(&logs).iter().all(|file| file.file_name().is_some_and(|name| name != "43")));
}

/// Whether `verify`, `status` and whatever appends, signs or backs up anew tell an account of a rollback or a fork.
#[track_caller]
fn check_told(desk: &Desk, account: &str, what: &str) {
    party(desk, "d");
    for refused in ["append d.yaml --ledger l", "checkpoint --ledger l", "backup new.backup --ledger l"] {
        let answer = by(desk, account, refused);
        assert!(answer.code != 0 && answer.err.contains(what), "{refused}: {}{}", answer.out, answer.err);
    }
    let told = faults(&by(desk, account, "verify --ledger l --json"), "checkpoints");
    assert!(told.len() == 1 && told[0].contains(what), "{told:?}");
    let status = by(desk, account, "status --ledger l");
    assert!(status.code == 1 && status.out.contains(what), "{}", status.out);
}

#[test]
fn what_was_appended_or_verified_and_that_nobody_signed_is_missed_too() {
    for line in ["verify --ledger l", "append c.yaml --ledger l"] {
        let desk = desk();
        // Behind everything that was signed.
        done(&by(&desk, "anna", &party(&desk, "more")));
        copy(&desk.path().join("l"), &desk.path().join("l.now"));
        party(&desk, "c");
        done(&by(&desk, "anna", "append c.yaml --ledger l"));
        done(&by(&desk, "boris", line));
        fs::remove_dir_all(desk.path().join("l.before")).expect("it is there");
        fs::rename(desk.path().join("l.now"), desk.path().join("l.before")).expect("it is ours");
        put_back(&desk);
        check_told(&desk, "boris", "ROLLBACK");
        check_told(&desk, "anna", "ROLLBACK");
        // And if it went on otherwise.
        done(&by(&desk, "carla", "append d.yaml --ledger l"));
        check_told(&desk, "boris", "FORK");
    }
}

#[test]
fn what_nobody_signed_can_be_gone_on_without_once_that_is_meant() {
    let desk = desk();
    done(&by(&desk, "anna", "backup last.backup --ledger l"));
    done(&by(&desk, "anna", &party(&desk, "c")));
    fs::remove_dir_all(desk.path().join("l")).expect("the disk is gone");
    let restored = by(&desk, "anna", "restore last.backup l");
    assert!(restored.code == 0 && restored.err.contains("43 events, and this account saw 44"), "{}", restored.err);
    let refused = by(&desk, "anna", &party(&desk, "d"));
    assert!(refused.err.contains("ROLLBACK: the log has 43 events, and this account saw 44"), "{}", refused.err);
    assert!(refused.err.contains("--despite-known"), "{}", refused.err);
    fs::remove_dir_all(desk.path().join("l")).expect("it is ours");
    // It is said once more, and from then on this is what there is.
    let restored = by(&desk, "anna", "restore last.backup l --despite-known");
    assert!(restored.code == 0 && restored.err.contains("this account saw 44"), "{}", restored.err);
    done(&by(&desk, "anna", &party(&desk, "d")));
    done(&by(&desk, "anna", "verify --ledger l"));
}
