//! Reads signed notes, checkpoints, witness policies and note keys. What is read is written the same, and no checkpoint is
//! believed but those that the log's key signed.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use servanda::integrity::Vkey;
use servanda::integrity::checkpoint::{Checkpoint, Verified};
use servanda::integrity::note::Note;
use servanda::integrity::note_key::{LogSigner, WitnessKey, WitnessSigner};
use servanda::integrity::policy::Policy;
use servanda_fuzz::{KnownLog, log_key, witness_key};

fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else { return };
    check_note(bytes);
    let text = String::from_utf8_lossy(bytes);
    match way {
        b'p' => check_policy(&text),
        b'k' => check_keys(&text),
        _ => check_checkpoint(&text),
    }
});

fn log() -> &'static KnownLog {
    static LOG: OnceLock<KnownLog> = OnceLock::new();
    LOG.get_or_init(|| KnownLog::new(1))
}

fn check_note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.to_string().as_bytes(), bytes);
    assert!(!note.signatures().is_empty());
    let known = [&log().older, &log().newer];
    if let Ok(checkpoint) = Verified::open(bytes, &log_key()) {
        let is_known = |known: &&Verified| known.alone() == checkpoint.alone();
        assert!(known.iter().any(is_known), "{}", checkpoint.note());
        if let Ok(seconds) = witness_key().cosigned(&checkpoint) {
            assert_eq!((seconds, checkpoint.size()), (1_767_225_700, log().newer.size()));
        }
    }
    if let Ok(checkpoint) = Verified::reopen(bytes, &witness_key()) {
        assert_eq!((checkpoint.size(), checkpoint.root()), (log().newer.size(), log().newer.root()));
    }
}

fn check_checkpoint(text: &str) {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        let written = checkpoint.to_string();
        // Lines behind the third are signed and not read.
        assert!(text.starts_with(&written), "{text:?} is written as {written:?}");
        assert_eq!(Checkpoint::parse(&written).as_ref(), Ok(&checkpoint));
    }
}

fn check_policy(text: &str) {
    let Ok(policy) = Policy::parse(text) else { return };
    for checkpoint in [&log().older, &log().newer] {
        let witnessed = policy.witnessed(checkpoint);
        assert!(witnessed.forged.is_empty());
        if policy.needs_witnesses() && witnessed.is_quorum {
            assert!(!witnessed.by.is_empty() && checkpoint.size() == log().newer.size());
        }
    }
}

/// A key that is read has one text.
fn check_keys(text: &str) {
    if let Ok(key) = text.parse::<Vkey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<WitnessKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(signer) = text.parse::<LogSigner>() {
        assert_eq!(signer.to_secret_text(), text);
    }
    if let Ok(signer) = text.parse::<WitnessSigner>() {
        assert_eq!(signer.to_secret_text(), text);
    }
}
