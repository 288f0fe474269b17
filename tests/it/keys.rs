//! Recorders' keys as they come and go: who may change them, from which event on a key may sign, and what stays of what it
//! signed. The worries are a key that signs after it was revoked, one that comes back, a ledger whose keys nobody can
//! change any more, and a change of keys that was stopped in the middle.

use std::fs;

use servanda::ledger::KeyFile;

use crate::support::{Answer, Desk};

/// A ledger in which `desk` is admin and recorder, and the keys of two more, with a key for each to change to.
fn desk() -> Desk {
    let desk = Desk::new();
    for (seed, name) in (1..).zip(["ana", "ana2", "boris", "boris2"]) {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    assert_eq!(desk.run("init --ledger l --recorder desk").code, 0);
    desk
}

/// Appends a party of that name with a key.
fn record(desk: &Desk, party: &str, key: &str) -> Answer {
    let announcement = format!("{{ kind: party, id: {party}, name: {party}, type: state }}");
    desk.write("file.yaml", format!("evidence: {{ none: made up }}\nannouncements:\n  - {announcement}\n"));
    desk.run(&format!("append --ledger l --key {key} file.yaml"))
}

fn done(answer: &Answer) {
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
}

fn refused(answer: &Answer, because: &str) {
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains(because), "{}", answer.err);
}

#[test]
fn a_key_signs_from_the_event_that_adds_it_to_the_one_that_revokes_it() {
    let desk = desk();
    refused(&record(&desk, "one", "ana"), "was never added to this ledger");
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    done(&record(&desk, "one", "ana"));
    let revoked = desk.run("key revoke @ana.pub --ledger l --because compromised --suspect-from 2 --json");
    done(&revoked);
    let keys = revoked.json();
    let ana = keys["keys"].as_array().expect("keys").iter().find(|key| key["recorder"] == "ana").expect("ana's");
    assert_eq!((&ana["added"]["event"], &ana["revoked"]["event"]), (&1.into(), &3.into()));
    refused(&record(&desk, "two", "ana"), "was revoked by event 3");
    let verified = desk.run("verify --ledger l");
    assert_eq!(verified.code, 0, "what it signed before stays: {}", verified.out);
}

#[test]
fn a_key_that_is_replaced_hands_on_its_roles_and_the_same_command_finishes_what_was_stopped() {
    let desk = desk();
    done(&desk.run("key add boris --ledger l --public @boris.pub --role reviewer --role recorder"));
    // Stopped between the two events: the new key is there, and the old one still.
    done(&desk.run("key add boris --ledger l --public @boris2.pub --role reviewer --role recorder"));
    let replaced = desk.run("key replace @boris.pub --with @boris2.pub --ledger l --json");
    done(&replaced);
    assert_eq!(replaced.err, "recorder-added: already event 2\nrecorder-revoked: event 3\n");
    refused(&record(&desk, "one", "boris"), "was revoked by event 3");
    done(&record(&desk, "one", "boris2"));
    let again = desk.run("key replace @boris.pub --with @boris2.pub --ledger l");
    assert_eq!(again.err, "recorder-added: already event 2\nrecorder-revoked: already event 3\n");
    let keys = replaced.json();
    let roles = |fingerprint: usize| &keys["keys"][fingerprint]["roles"];
    assert_eq!(roles(1), roles(2));
}

#[test]
fn an_admin_hands_over_with_the_old_key_and_cannot_be_the_last() {
    let desk = desk();
    let own = desk.path().join("config/servanda/recorder_ed25519.pub");
    fs::copy(own, desk.path().join("desk.pub")).expect("init made it");
    refused(&desk.run("key revoke @desk.pub --ledger l"), "is the last admin, and cannot be removed");
    done(&desk.run("key replace @desk.pub --with @ana.pub --ledger l"));
    refused(&record(&desk, "one", "config/servanda/recorder_ed25519"), "was revoked by event 2");
    done(&record(&desk, "one", "ana"));
    done(&desk.run("key add boris --ledger l --public @boris.pub --key ana"));
    done(&desk.run("verify --ledger l"));
}

#[test]
fn nobody_changes_keys_without_the_role_and_no_key_returns_or_belongs_to_two() {
    let desk = desk();
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    refused(&desk.run("key add ana --ledger l --public @ana2.pub --role admin --key ana"), "needs the role admin");
    refused(&desk.run("key add eve --ledger l --public @ana.pub"), "is already ana's");
    done(&desk.run("key revoke @ana.pub --ledger l --because lost"));
    refused(&desk.run("key add ana --ledger l --public @ana.pub --role reviewer"), "is already ana's");
    refused(&desk.run("key revoke @ana.pub --ledger l --because retired"), "was revoked by event 2");
    let unknown = desk.run("key revoke @boris.pub --ledger l");
    assert_eq!(unknown.code, 3, "{}", unknown.err);
    assert!(unknown.err.contains("ever had the key"), "{}", unknown.err);
    desk.write("rsa.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== somebody\n");
    refused(&desk.run("key add eve --ledger l --public @rsa.pub"), "is no public key of a recorder");
}

#[test]
fn only_what_a_compromised_key_signed_is_in_doubt_and_from_an_event_that_there_is() {
    let desk = desk();
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    let lost = desk.run("key revoke @ana.pub --ledger l --because lost --suspect-from 1");
    refused(&lost, "what a lost key signed is not in doubt");
    let beyond = desk.run("key revoke @ana.pub --ledger l --because compromised --suspect-from 2");
    assert!(beyond.code != 0 && beyond.err.contains("there is no event 2: the newest is 1"), "{}", beyond.err);
    done(&desk.run("key revoke @ana.pub --ledger l --because compromised --suspect-from 1"));
}

#[test]
fn the_keys_that_came_and_went_are_exported_with_the_times_between_which_they_sign() {
    let desk = desk();
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    done(&desk.run("key revoke @ana.pub --ledger l"));
    let exported = desk.run("key export --ledger l");
    let ana = exported.out.lines().find(|line| line.starts_with("ana ")).expect("a line for ana");
    assert!(ana.contains("valid-after=") && ana.contains("valid-before="), "{ana}");
    let public = fs::read_to_string(desk.path().join("ana.pub")).expect("it was made");
    let own: Vec<&str> = public.split_whitespace().take(2).collect();
    assert!(ana.ends_with(&own.join(" ")), "{ana}");
}
