//! Signatures over one message, by a key in software and by one as on a security key.

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::Signer;
use servanda::integrity::{EVENT_NAMESPACE, SigningKey};
use sha2::{Digest, Sha256, Sha512};

/// What is signed.
pub const MESSAGE: &[u8] = b"{\"v\":1}\n";

/// The armor of the key in software.
pub fn armor_by_key() -> String {
    SigningKey::from_seed(&[7; 32]).sign(EVENT_NAMESPACE, MESSAGE)
}

/// The armor of these bytes.
pub fn armored(blob: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(blob);
    let lines = base64.as_bytes().chunks(70).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    let body: String = lines.collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{body}-----END SSH SIGNATURE-----\n")
}

/// The bytes of an armor.
pub fn unarmored(armor: &str) -> Vec<u8> {
    let body: String = armor.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(body).expect("it was armored so")
}

/// The bytes of a signature by a security key that somebody touched.
///
/// # Source
///
/// OpenSSH, PROTOCOL.sshsig and PROTOCOL.u2f.
pub fn signed_by_security_key() -> Vec<u8> {
    const NAME: &[u8] = b"sk-ssh-ed25519@openssh.com";
    let key = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let namespace = EVENT_NAMESPACE.as_bytes();
    let signed = [b"SSHSIG", &strings(&[namespace, b"", b"sha512", &Sha512::digest(MESSAGE)])[..]].concat();
    let touch = [1, 0, 0, 0, 7];
    let by_device = [&Sha256::digest(b"ssh:")[..], &touch, &Sha256::digest(signed)].concat();
    let public = strings(&[NAME, key.verifying_key().as_bytes(), b"ssh:"]);
    let signature = [strings(&[NAME, &key.sign(&by_device).to_bytes()]), touch.to_vec()].concat();
    [b"SSHSIG\0\0\0\x01", &strings(&[&public, namespace, b"", b"sha512", &signature])[..]].concat()
}

/// Each with its length before it.
fn strings(all: &[&[u8]]) -> Vec<u8> {
    let len = |string: &[u8]| u32::try_from(string.len()).expect("it is short").to_be_bytes();
    all.iter().flat_map(|string| [&len(string)[..], string].concat()).collect()
}
