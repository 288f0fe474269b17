//! Who signs: strangers, recorders who may not, keys that were revoked; and histories rewritten without the keys of all.

use serde_json::{Value, json};

use super::{
    Ledger, ORIGIN, another_day, append, check, checkpoint, kept, log_key, mission, parts, signed, strangers_key, taken,
};
use crate::support::{body, draft, key, moment, name};
use servanda::domain::announcement::{Announcement, Body};
use servanda::event::Header;
use servanda::event::statement::write_statement;
use servanda::integrity::digest::event_hash;
use servanda::integrity::{LogSigner, SigningKey};
use servanda::ledger::verify::Layer;
use servanda::ledger::{AppendError, KeyFile, Signer};

/// The key of a second recorder.
fn clerks_key() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[6; 32]))
}

fn clerk(roles: &[&str]) -> Value {
    json!({"key": clerks_key().public().to_string(), "recorder": "clerk", "roles": roles})
}

/// A ledger whose event 9 lets the clerk do that.
fn with_clerk(roles: &[&str]) -> Ledger {
    let mut ledger = Ledger::new();
    append(&ledger.folder, vec![draft(body("recorder-added", clerk(roles)))], &key()).expect("an admin may");
    ledger.values = taken(&ledger.folder);
    ledger
}

/// These events, and one that somebody made without asking the ledger: it fits, and says that it is by `recorder`.
fn forged(values: &[Vec<u8>], recorder: &str, key: &KeyFile, kind: &str, fields: Value) -> Vec<Vec<u8>> {
    forged_in(values, values.len() as u64, recorder, Some(key), body(kind, fields))
}

/// The same in a batch that ends with that event, signed if it is the end.
fn forged_in(values: &[Vec<u8>], batch: u64, recorder: &str, key: Option<&KeyFile>, body: Body) -> Vec<Vec<u8>> {
    let header = Header {
        batch,
        ledger: name(ORIGIN),
        prev: event_hash(values.last().expect("there is a genesis")),
        recorded: moment(2000),
        recorder: name(recorder),
        seq: values.len() as u64,
    };
    let mut announcement = Announcement::of(body);
    announcement.no_evidence = Some("made up for a test".to_owned());
    let statement = write_statement(&header, &name("forged"), &announcement).expect("it is short");
    let mut values = values.to_vec();
    values.push(signed(statement.trim_end(), key));
    values
}

fn forged_mission(values: &[Vec<u8>], recorder: &str, key: &KeyFile) -> Vec<Vec<u8>> {
    forged(values, recorder, key, "mission", json!({"id": "forged", "title": "A mission"}))
}

#[test]
fn an_unauthorised_key_is_found_by_signatures_at_the_first_event_that_it_signs_for() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    let (statement, _) = parts(&values[8]);
    values[8] = signed(statement, Some(&strangers_key()));
    check(&ledger.verify(&values), &[Layer::Signatures], &[7]);
    check(&ledger.verify(&forged_mission(&ledger.values, "stranger", &strangers_key())), &[Layer::Signatures], &[9]);
    check(&ledger.verify(&forged_mission(&ledger.values, "recorder", &key())), &[], &[]);
}

#[test]
fn a_key_that_a_stranger_added_is_not_believed_though_the_log_ends_with_its_signature() {
    let ledger = Ledger::new();
    let added = json!({"key": strangers_key().public().to_string(), "recorder": "stranger", "roles": ["recorder"]});
    let values = forged(&ledger.values, "recorder", &strangers_key(), "recorder-added", added);
    let values = forged_mission(&values, "stranger", &strangers_key());
    let log = super::log_of(&ledger.folder, super::ORIGIN, &values);
    for refused in [log.snapshot().map(drop), log.authority().map(drop), log.naming().map(drop), log.check().map(drop)]
    {
        let refused = refused.expect_err("nobody who might added that key");
        assert!(refused.to_string().starts_with("event 9 is damaged"), "{refused}");
    }
}

#[test]
fn a_signature_taken_from_another_batch_is_found_by_signatures() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    let (statement, _) = parts(&ledger.values[8]);
    let (_, armor) = parts(&ledger.values[6]);
    values[8] = format!("{statement}\n{}", armor.expect("event 6 ends a batch")).into_bytes();
    check(&ledger.verify(&values), &[Layer::Signatures], &[8]);
}

#[test]
fn a_recorder_who_signs_as_another_or_without_the_role_is_found_by_signatures() {
    let ledger = with_clerk(&["recorder"]);
    check(&ledger.verify(&forged_mission(&ledger.values, "clerk", &clerks_key())), &[], &[]);
    check(&ledger.verify(&forged_mission(&ledger.values, "recorder", &clerks_key())), &[Layer::Signatures], &[10]);
    let friend = json!({"key": strangers_key().public().to_string(), "recorder": "friend", "roles": ["admin"]});
    let values = forged(&ledger.values, "clerk", &clerks_key(), "recorder-added", friend);
    check(&ledger.verify(&values), &[Layer::Signatures], &[10]);
    // Nor does what was not allowed allow anything.
    let values = forged_mission(&values, "friend", &strangers_key());
    check(&ledger.verify(&values), &[Layer::Signatures], &[10, 11]);

    let ledger = with_clerk(&["reviewer"]);
    check(&ledger.verify(&forged_mission(&ledger.values, "clerk", &clerks_key())), &[Layer::Signatures], &[10]);
}

#[test]
fn a_change_of_keys_that_cannot_be_is_found_by_signatures_whoever_signed_it() {
    let ledger = with_clerk(&["recorder"]);
    let vkey = |seed| LogSigner::from_seed(ORIGIN, &[seed; 32]).expect("a good name").vkey().to_string();
    let recorder = json!({"key": key().public().to_string(), "recorder": "recorder", "because": "retired"});
    let unknown = json!({"key": strangers_key().public().to_string(), "recorder": "stranger", "because": "retired"});
    let log_key = log_key().vkey().to_string();
    for (kind, fields) in [
        ("recorder-added", clerk(&["admin"])),
        ("recorder-revoked", unknown),
        // There would be no admin any more.
        ("recorder-revoked", recorder),
        ("log-key-changed", json!({"because": "lost", "old": vkey(1), "new": vkey(2)})),
        ("log-key-changed", json!({"because": "lost", "old": log_key, "new": log_key})),
    ] {
        let values = forged(&ledger.values, "recorder", &key(), kind, fields);
        check(&ledger.verify(&values), &[Layer::Signatures], &[10]);
    }
    let change = json!({"because": "lost", "old": log_key, "new": vkey(2)});
    check(&ledger.verify(&forged(&ledger.values, "recorder", &key(), "log-key-changed", change)), &[], &[]);
}

#[test]
fn a_change_of_keys_within_a_batch_of_other_events_is_found_by_signatures() {
    let ledger = Ledger::new();
    let mission = || body("mission", json!({"id": "forged", "title": "A mission"}));
    let added = || body("recorder-added", clerk(&["recorder"]));
    for (bodies, bad) in
        [([mission(), mission()], None), ([added(), mission()], Some(9)), ([mission(), added()], Some(10))]
    {
        let [first, last] = bodies;
        let values = forged_in(&ledger.values, 10, "recorder", None, first);
        let values = forged_in(&values, 10, "recorder", Some(&key()), last);
        let (layers, seqs): (&[_], _) = if bad.is_some() { (&[Layer::Signatures], bad) } else { (&[], None) };
        check(&ledger.verify(&values), layers, seqs.as_slice());
    }
}

#[test]
fn a_revoked_key_is_found_by_signatures_and_what_it_signed_before_stays() {
    let mut ledger = with_clerk(&["recorder"]);
    append(&ledger.folder, mission("by-the-clerk"), &clerks_key()).expect("the clerk may");
    let mut revoked = clerk(&[]);
    revoked["because"] = "retired".into();
    revoked.as_object_mut().expect("a body").remove("roles");
    append(&ledger.folder, vec![draft(body("recorder-revoked", revoked))], &key()).expect("an admin may");
    ledger.values = taken(&ledger.folder);
    check(&ledger.verify(&ledger.values), &[], &[]);
    let refused = append(&ledger.folder, mission("too-late"), &clerks_key());
    assert!(matches!(refused, Err(AppendError::NotAuthorised(_))), "{refused:?}");

    let values = forged_mission(&ledger.values, "clerk", &clerks_key());
    check(&ledger.verify(&values), &[Layer::Signatures], &[12]);
    // Where it would have been allowed, it has no place any more.
    let mut values = forged_mission(&ledger.values[..11], "clerk", &clerks_key());
    values.push(ledger.values[11].clone());
    check(&ledger.verify(&values), &[Layer::Chain], &[11, 12]);
}

#[test]
fn a_retired_key_called_compromised_later_changes_nothing_that_verifies_and_anything_else_is_found_by_signatures() {
    let mut ledger = with_clerk(&["recorder"]);
    append(&ledger.folder, mission("by-the-clerk"), &clerks_key()).expect("the clerk may");
    let revoked =
        |because: &str| json!({"key": clerks_key().public().to_string(), "recorder": "clerk", "because": because});
    append(&ledger.folder, vec![draft(body("recorder-revoked", revoked("retired")))], &key()).expect("an admin may");
    ledger.values = taken(&ledger.folder);
    let again = |because: &str| forged(&ledger.values, "recorder", &key(), "recorder-revoked", revoked(because));
    check(&ledger.verify(&again("compromised")), &[], &[]);
    check(&ledger.verify(&again("lost")), &[Layer::Signatures], &[12]);
    // It takes an admin, and gives the thief nothing back.
    let by_thief = forged(&ledger.values, "clerk", &clerks_key(), "recorder-revoked", revoked("compromised"));
    check(&ledger.verify(&by_thief), &[Layer::Signatures], &[12]);
    let values = forged_mission(&again("compromised"), "clerk", &clerks_key());
    check(&ledger.verify(&values), &[Layer::Signatures], &[13]);
}

#[test]
fn a_history_rewritten_without_keys_is_found_by_signatures() {
    let ledger = Ledger::new();
    // All that follows fits, and nobody has signed it: every batch from there on.
    let values = ledger.rewritten_with(None, 5..=5, another_day);
    check(&ledger.verify(&values), &[Layer::Signatures], &[6, 8]);
    let values = ledger.rewritten_with(Some(&strangers_key()), 5..=5, another_day);
    check(&ledger.verify(&values), &[Layer::Signatures], &[4, 7]);
}

#[test]
fn a_history_rewritten_with_the_logs_key_alone_is_found_by_signatures() {
    let ledger = Ledger::new();
    for key in [None, Some(&strangers_key())] {
        let values = ledger.rewritten_with(key, 5..=5, another_day);
        // A checkpoint of it can be made, and holds.
        let report = ledger.verify_with(&values, &kept([checkpoint(&values)]));
        let first = if key.is_some() { [4, 7] } else { [6, 8] };
        check(&report, &[Layer::Signatures], &first);
    }
}

#[test]
fn a_history_rewritten_with_the_recorders_key_alone_is_found_by_checkpoints() {
    let ledger = Ledger::new();
    let values = ledger.rewritten(5, another_day);
    check(&ledger.verify(&values), &[], &[]);
    // Whoever kept several learns behind which event it begins.
    let signed = [4, 7, 9].map(|size| checkpoint(&ledger.values[..size]));
    check(&ledger.verify_with(&values, &kept(signed)), &[Layer::Checkpoints], &[6, 8]);
}
