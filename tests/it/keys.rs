//! Recorders' keys as they come and go: who may change them, from which event on a key may sign, and what stays of what it
//! signed. The worries are a key that signs after it was revoked, one that comes back, a ledger whose keys nobody can
//! change any more, and a change of keys that was stopped in the middle.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};

use servanda::integrity::LogSigner;
use servanda::ledger::KeyFile;

use crate::support::{Answer, Desk, done, refused};

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
    refused(&desk.run("key add ana --ledger l --public @ana.pub --role reviewer"), "was revoked by event 2");
    let again = desk.run("key add ana --ledger l --public @ana.pub");
    refused(&again, "was revoked by event 2");
    assert!(!again.err.contains("already"), "the same that was said once is no answer: {}", again.err);
    refused(&desk.run("key revoke @ana.pub --ledger l --because retired"), "was revoked by event 2");
    let unknown = desk.run("key revoke @boris.pub --ledger l");
    assert_eq!(unknown.code, 3, "{}", unknown.err);
    assert!(unknown.err.contains("ever had the key"), "{}", unknown.err);
    desk.write("rsa.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== somebody\n");
    refused(&desk.run("key add eve --ledger l --public @rsa.pub"), "is no public key of a recorder");
}

/// The same Ed25519 key on a security key, or in software if it is on one.
fn in_another_form(public: &str) -> String {
    let base64 = public.split_whitespace().nth(1).expect("a key");
    let blob = BASE64_STANDARD.decode(base64).expect("base64");
    let is_sk = public.starts_with("sk-");
    let point = &blob[if is_sk { 4 + 26 + 4.. } else { 4 + 11 + 4.. }][..32];
    let mut other = Vec::new();
    let name = if is_sk { "ssh-ed25519" } else { "sk-ssh-ed25519@openssh.com" };
    for text in [name.as_bytes(), point].into_iter().chain((!is_sk).then_some("ssh:".as_bytes())) {
        other.extend(u32::try_from(text.len()).expect("a short text").to_be_bytes());
        other.extend(text);
    }
    format!("{name} {}", BASE64_STANDARD.encode(other))
}

#[test]
fn no_key_returns_in_another_form_nor_has_two_of_them() {
    let desk = desk();
    let public = |name: &str| fs::read_to_string(desk.path().join(format!("{name}.pub"))).expect("it was made");
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    desk.write("twin.pub", in_another_form(&public("ana")));
    for recorder in ["ana", "eve"] {
        refused(&desk.run(&format!("key add {recorder} --ledger l --public @twin.pub")), "in another form");
    }
    done(&desk.run("key revoke @ana.pub --ledger l --because compromised"));
    refused(&desk.run("key add ana --ledger l --public @twin.pub"), "in another form");

    desk.write("sk.pub", in_another_form(&public("boris")));
    done(&desk.run("key add boris --ledger l --public @sk.pub"));
    refused(&desk.run("key add boris --ledger l --public @boris.pub"), "in another form");
    done(&desk.run("key revoke @sk.pub --ledger l"));
    refused(&desk.run("key replace @ana.pub --with @boris.pub --ledger l"), "in another form");
    assert_eq!(
        in_another_form(&in_another_form(&public("boris"))).split(' ').nth(1),
        public("boris").split(' ').nth(1)
    );
}

#[test]
fn a_retired_key_can_be_called_compromised_later_and_what_its_successor_signed_is_not_in_doubt() {
    let desk = desk();
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    done(&record(&desk, "one", "ana"));
    done(&record(&desk, "two", "ana"));
    done(&desk.run("key replace @ana.pub --with @ana2.pub --ledger l"));
    done(&record(&desk, "three", "ana2"));
    let suspect = || {
        let listed = desk.run("awaiting --ledger l --json").json();
        let events =
            listed["suspect"].as_array().expect("a list").iter().map(|of| of["event"].as_u64().expect("a number"));
        events.collect::<Vec<_>>()
    };
    assert_eq!(suspect(), [0; 0]);
    let late = desk.run("key revoke @ana.pub --because compromised --suspect-from 5 --ledger l");
    refused(&late, "the key signed nothing from event 5 on: event 5 revoked it");
    refused(&desk.run("key revoke @ana.pub --because lost --ledger l"), "was revoked by event 5");
    let revoked = desk.run("key revoke @ana.pub --because compromised --suspect-from 3 --ledger l --json");
    done(&revoked);
    assert_eq!(revoked.err, "recorder-revoked: event 7\n");
    let keys = revoked.json();
    let ana = keys["keys"].as_array().expect("keys").iter().find(|key| key["added"]["event"] == 1).expect("ana's");
    assert_eq!(ana["revoked"]["event"], 5, "from which it signs nothing any more");
    assert_eq!(suspect(), [3], "and not what the successor signed");
    done(&desk.run("key revoke @ana.pub --because compromised --ledger l"));
    assert_eq!(suspect(), [2, 3], "more of it, since it was added");
    let history = desk.run("history one --ledger l");
    assert!(history.out.contains("suspect: its key was revoked as compromised by event 8"), "{}", history.out);
    done(&desk.run("reaffirm 2..3 --reason Compared --ledger l"));
    assert_eq!(suspect(), [0; 0]);
    done(&record(&desk, "four", "ana2"));
    done(&desk.run("verify --ledger l"));
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

/// Writes a key as its owner's alone.
fn secret(path: &Path, text: &[u8]) {
    fs::write(path, text).expect("there is room");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

/// The log's key, as `key show` has it.
fn log_key(desk: &Desk) -> String {
    desk.run("key show --ledger l --json").json()["log_key"].as_str().expect("a log has a key").to_owned()
}

#[test]
fn the_log_signs_with_another_key_from_the_event_that_names_it_and_both_spans_verify() {
    let desk = desk();
    let old = log_key(&desk);
    let changed = desk.run("key replace-log --ledger l");
    done(&changed);
    assert_eq!(changed.err, "log-key-changed: event 1\n");
    let new = log_key(&desk);
    assert!(new != old && !desk.path().join("l/keys/log.next").exists());
    done(&desk.run("checkpoint --ledger l"));
    done(&desk.run("verify --ledger l"));
    fs::copy(desk.path().join("l/checkpoints/1"), desk.path().join("old")).expect("it was signed before the change");
    done(&desk.run(&format!("verify --ledger l --against old --vkey {old}")));
    fs::copy(desk.path().join("l/checkpoints/2"), desk.path().join("new")).expect("it was signed since");
    done(&desk.run(&format!("verify --ledger l --against new --vkey {new}")));
    assert_eq!(desk.run(&format!("check new --vkey {old}")).code, 1, "the old key signs nothing any more");
    refused(&desk.run("key replace-log --ledger l --key ana"), "was never added to this ledger");
}

#[test]
fn a_log_key_that_is_lost_is_told_with_what_to_do_and_is_replaced() {
    let desk = desk();
    fs::remove_file(desk.path().join("l/keys/log.key")).expect("init made it");
    done(&desk.run("key add ana --ledger l --public @ana.pub"));
    let unsigned = desk.run("checkpoint --ledger l");
    assert_eq!(unsigned.code, 3, "{}", unsigned.err);
    for told in [
        "the log's own key is not there: ",
        "it is in no backup",
        "`servanda key replace-log --because lost --ledger l`",
    ] {
        assert!(unsigned.err.contains(told), "{}", unsigned.err);
    }
    done(&desk.run("key replace-log --because lost --ledger l"));
    done(&desk.run("checkpoint --ledger l"));
    done(&desk.run("verify --ledger l"));
}

#[test]
fn a_change_of_the_log_key_that_was_stopped_is_finished_by_the_same_command() {
    let desk = desk();
    let keys = desk.path().join("l/keys");
    let old = fs::read(keys.join("log.key")).expect("init made it");
    done(&desk.run("key replace-log --ledger l"));
    let new = fs::read(keys.join("log.key")).expect("it was replaced");
    // Stopped after the event, before the key was in its place.
    fs::rename(keys.join("log.key"), keys.join("log.next")).expect("it is there");
    secret(&keys.join("log.key"), &old);
    let unsigned = desk.run("checkpoint --ledger l");
    assert!(unsigned.code != 0 && unsigned.err.contains("servanda key replace-log"), "{}", unsigned.err);
    let finished = desk.run("key replace-log --ledger l");
    done(&finished);
    assert!(finished.err.ends_with("log-key-changed: already event 1\n"), "{}", finished.err);
    assert_eq!(fs::read(keys.join("log.key")).expect("it is there"), new);
    // Stopped at the very end: the next change is another.
    fs::copy(keys.join("log.key"), keys.join("log.next")).expect("there is room");
    let again = desk.run("key replace-log --ledger l");
    assert!(again.err.ends_with("log-key-changed: event 2\n"), "{}", again.err);
    assert!(fs::read(keys.join("log.key")).expect("it is there") != new && !keys.join("log.next").exists());
    // Stopped before the event: the key that was made is taken.
    let made = LogSigner::from_seed(log_key(&desk).split('+').next().expect("its name"), &[5; 32]).expect("a name");
    secret(&keys.join("log.next"), made.to_secret_text().as_bytes());
    done(&desk.run("key replace-log --ledger l"));
    assert_eq!(log_key(&desk), made.vkey().to_string());
    done(&desk.run("verify --ledger l"));
}

#[test]
fn what_was_published_goes_on_under_the_new_key() {
    let desk = desk();
    let old = log_key(&desk);
    done(&desk.run("export tiles out --ledger l"));
    done(&desk.run("key replace-log --ledger l"));
    done(&desk.run("export tiles out --ledger l"));
    done(&desk.run(&format!("verify --export out --vkey {}", log_key(&desk))));
    assert_eq!(desk.run(&format!("verify --export out --vkey {old}")).code, 1, "the old key signed no such checkpoint");
}
