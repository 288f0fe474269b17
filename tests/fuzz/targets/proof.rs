//! Reads proofs, certificates and what witnesses are asked to sign. Nothing is proved of a known log but what is so, by the
//! one way that there is.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use servanda::integrity::checkpoint::Verified;
use servanda::integrity::proof::{check_consistency, check_inclusion};
use servanda::integrity::proof_file::{ConsistencyFile, InclusionFile};
use servanda::ledger::publish::witness::{Memory, Witness};
use servanda::query::certificate::{self, Certificate};
use servanda_fuzz::{KnownLog, folder, log_key, witness_signer};

fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(bytes) else { return };
    log();
    match way {
        b'i' => check_inclusion_file(text),
        b'c' => check_consistency_file(text),
        b'a' => check_certificate(text),
        _ => check_request(text),
    }
});

fn log() -> &'static KnownLog {
    static LOG: OnceLock<KnownLog> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = KnownLog::new(2);
        certificate::check(&log.certificate, &log_key()).expect("it is as it was made");
        check_consistency(&log.older, &log.newer, &log.consistency.path).expect("it goes on");
        log
    })
}

fn check_inclusion_file(text: &str) {
    let Ok(proof) = InclusionFile::parse(text) else { return };
    let written = proof.text();
    assert_eq!(InclusionFile::parse(&written).as_ref(), Ok(&proof));
    assert!(written == text || text.contains("\nextra "), "{text:?} is written as {written:?}");
    let newer = &log().newer;
    for (seq, event) in log().events.iter().enumerate() {
        if check_inclusion(newer, proof.index, event, &proof.path).is_ok() {
            assert_eq!((proof.index, &proof.path), (seq as u64, &log().paths[seq]));
        }
    }
}

fn check_consistency_file(text: &str) {
    let Ok(proof) = ConsistencyFile::parse(text) else { return };
    assert_eq!(proof.text(), text);
    if check_consistency(&log().older, &log().newer, &proof.path).is_ok() {
        assert_eq!(proof.path, log().consistency.path);
    }
    assert!(check_consistency(&log().newer, &log().older, &proof.path).is_err());
}

/// What a certificate shows rests on events of the log, and on no others.
fn check_certificate(text: &str) {
    let Ok(certified) = certificate::check(text, &log_key()) else { return };
    let stated: Certificate = serde_json::from_str(text).expect("it was read");
    let is_known = |known: &Verified| known.alone() == certified.checkpoint.alone();
    assert!(is_known(&log().newer) || is_known(&log().older), "{text}");
    for event in &stated.events {
        assert_eq!(log().events.get(event.seq as usize).map(Vec::as_slice), Some(event.event.as_bytes()));
    }
    assert_eq!(serde_json::to_value(&certified.answer).expect("answers are JSON"), stated.answer);
}

/// A witness that has signed the older checkpoint signs only what the log's key signed.
fn check_request(text: &str) {
    static WITNESS: OnceLock<Witness> = OnceLock::new();
    let witness = WITNESS.get_or_init(|| Witness::new(witness_signer(), vec![log_key().into()], folder().join("witness"), Memory::New));
    if let Ok(signed) = witness.add_checkpoint(text, 1_767_225_900) {
        assert!([log().older.size(), log().newer.size()].contains(&signed.size), "{text}");
        assert!(signed.line.starts_with("— witness.example "), "{}", signed.line);
    }
}
