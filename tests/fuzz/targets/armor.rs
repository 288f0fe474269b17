//! Reads armored signatures, and keys of OpenSSH. Of a message, one armor by each key is accepted, and none of others.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use servanda::integrity::{EVENT_NAMESPACE, PublicKey, SigningKey, verify};
use servanda_fuzz::signed::{MESSAGE, armor_by_key, armored, signed_by_security_key};

fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else { return };
    let known = known();
    match way {
        b'b' => check_armor(&armored(bytes), known),
        b'k' => check_keys(&String::from_utf8_lossy(bytes)),
        _ => check_armor(&String::from_utf8_lossy(bytes), known),
    }
});

fn check_armor(armor: &str, known: &[String]) {
    if verify(armor, EVENT_NAMESPACE, MESSAGE).is_ok() {
        assert!(known.iter().any(|known| known == armor), "accepted: {armor}");
        assert!(verify(armor, EVENT_NAMESPACE, b"{\"v\":2}\n").is_err());
        assert!(verify(armor, "another-namespace", MESSAGE).is_err());
    }
}

/// The armors that are signatures of the message.
fn known() -> &'static [String; 2] {
    static KNOWN: OnceLock<[String; 2]> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let known = [armor_by_key(), armored(&signed_by_security_key())];
        assert!(known.iter().all(|armor| verify(armor, EVENT_NAMESPACE, MESSAGE).is_ok()));
        known
    })
}

/// A key that is read has one text.
fn check_keys(text: &str) {
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string(), text);
        assert!(key.fingerprint().starts_with("SHA256:"));
    }
    let public = SigningKey::public_of_openssh(text);
    if let Ok(key) = SigningKey::from_openssh(text) {
        assert_eq!(public.ok(), Some(key.public()));
        let again = SigningKey::from_openssh(&key.to_openssh("")).expect("it was written so");
        assert_eq!(again.public(), key.public());
    }
}
