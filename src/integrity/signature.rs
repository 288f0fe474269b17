//! Recorders' signatures: SSHSIG, with one form for each signature and no slack.
//!
//! ```text
//! blob      = "SSHSIG" || uint32 1 || string key || string namespace || string "" || string "sha512"
//!             || string signature
//! signature = string algorithm || string R||S [|| byte flags || uint32 counter]     (the last two: security keys)
//! signed    = "SSHSIG" || string namespace || string "" || string "sha512" || string SHA-512(message)
//! ```
//!
//! `ssh-keygen` itself accepts S+L, a filled `reserved` field and re-wrapped armor. In a ledger these would be bytes
//! that can be changed without a key, so all of them are refused here.

use ed25519_dalek::Signature;
use sha2::{Digest, Sha256, Sha512};

use super::armor;
use super::ssh_key::{Algorithm, PublicKey, PublicKeyError, SK_APPLICATION, lossy};
use super::ssh_wire::{Reader, WireError, put_string};

/// The namespace of signatures over statements. Frozen.
pub const EVENT_NAMESPACE: &str = "servanda-event-v1";

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const HASH: &[u8] = b"sha512";

/// Somebody touched the security key.
const USER_PRESENT: u8 = 0x01;

/// A good armor has less than 600 bytes, or some more if its namespace is long.
pub(super) const MAX_ARMOR_LEN: usize = 4096;

/// Why an armor is no signature of this message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Longer than any signature with an Ed25519 key.
    #[error("expected an armor of at most {MAX_ARMOR_LEN} bytes, found {len}")]
    TooLong {
        /// Length of the armor in bytes.
        len: usize,
    },
    /// Wrapped or spaced in another way, or not an armored signature at all.
    #[error("the armor is not written as ssh-keygen writes it")]
    Armor,
    /// The armor holds something else than SSHSIG.
    #[error("the signature does not begin with \"SSHSIG\"")]
    Magic,
    /// A version of SSHSIG that does not exist yet.
    #[error("expected SSHSIG version {VERSION}, found {found}")]
    Version {
        /// The version stated.
        found: u32,
    },
    /// The signature's fields have another structure.
    #[error("the signature's bytes: {0}")]
    Wire(#[from] WireError),
    /// The key is of another kind, or none.
    #[error("the signature's key: {0}")]
    Key(#[from] PublicKeyError),
    /// Signed for another purpose.
    #[error("expected the namespace {expected:?}, found {found:?}")]
    Namespace {
        /// What the signature should be for.
        expected: String,
        /// What it is for.
        found: String,
    },
    /// Bytes that no signature covers.
    #[error("expected an empty reserved field, found {len} bytes")]
    Reserved {
        /// How many.
        len: usize,
    },
    /// The message was hashed in another way.
    #[error("expected the hash sha512, found {found:?}")]
    Hash {
        /// The hash stated.
        found: String,
    },
    /// Key and signature do not go together.
    #[error("expected a signature of {expected}, as the key is, found one of {found:?}")]
    Algorithm {
        /// The key's algorithm.
        expected: &'static str,
        /// The algorithm that the signature states.
        found: String,
    },
    /// A security key signed on its own.
    #[error("nobody touched the security key: expected flag {USER_PRESENT:#04x} among {flags:#04x}")]
    NobodyPresent {
        /// The flags that the security key signed.
        flags: u8,
    },
    /// All is as it should be, but the message is another or the signature was made with another key.
    #[error("the signature is not by {} over this message", .key.fingerprint())]
    Mismatch {
        /// The key that the armor names.
        key: PublicKey,
    },
    /// A signature of this message, with another key than it should be.
    #[error("expected a signature by {}, found one by {}", .expected.fingerprint(), .found.fingerprint())]
    OtherKey {
        /// Whose signature it should be.
        expected: PublicKey,
        /// Whose it is.
        found: PublicKey,
    },
}

/// Checks that `armor` signs `message` for `namespace`, and returns the key that did.
///
/// Whether that key was allowed to is the caller's question.
///
/// # Errors
///
/// [`SignatureError`] unless the armor is the only one that its key could have made of these values.
///
/// # Source
///
/// OpenSSH, PROTOCOL.sshsig and PROTOCOL.u2f.
pub fn verify(armor: &str, namespace: &str, message: &[u8]) -> Result<PublicKey, SignatureError> {
    if armor.len() > MAX_ARMOR_LEN {
        return Err(SignatureError::TooLong { len: armor.len() });
    }
    let blob = armor::decode(armor).ok_or(SignatureError::Armor)?;
    let (key, signature) = decode(&blob, namespace)?;
    let signed = signed_data(namespace, message);
    let signed = match signature.touch {
        None => signed,
        Some(touch) => touch.signed_data(&signed),
    };
    key.verifier()
        .verify_strict(&signed, &Signature::from_bytes(&signature.bytes))
        .map_err(|_| SignatureError::Mismatch { key })?;
    Ok(key)
}

/// What a key signs in place of `message`, if it is to sign that for `namespace`.
pub fn signed_data(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut signed = MAGIC.to_vec();
    put_string(&mut signed, namespace.as_bytes());
    put_string(&mut signed, b"");
    put_string(&mut signed, HASH);
    put_string(&mut signed, &Sha512::digest(message));
    signed
}

/// The blob of a signature by a key that is not on a security key.
pub(super) fn blob_of(bytes: &[u8; 64]) -> Vec<u8> {
    let mut signature = Vec::new();
    put_string(&mut signature, Algorithm::Ed25519.name().as_bytes());
    put_string(&mut signature, bytes);
    signature
}

/// The armor of the blob of a signature by `key`.
pub(super) fn armored(key: &PublicKey, namespace: &str, signature: &[u8]) -> String {
    let mut blob = MAGIC.to_vec();
    blob.extend(VERSION.to_be_bytes());
    put_string(&mut blob, &key.to_blob());
    put_string(&mut blob, namespace.as_bytes());
    put_string(&mut blob, b"");
    put_string(&mut blob, HASH);
    put_string(&mut blob, signature);
    armor::encode(&blob)
}

struct Signed {
    bytes: [u8; 64],
    touch: Option<Touch>,
}

/// What a security key adds to what it signs.
struct Touch {
    flags: u8,
    counter: u32,
}

impl Touch {
    fn signed_data(&self, message: &[u8]) -> Vec<u8> {
        let mut signed = Sha256::digest(SK_APPLICATION).to_vec();
        signed.push(self.flags);
        signed.extend(self.counter.to_be_bytes());
        signed.extend(Sha256::digest(message));
        signed
    }
}

fn decode(blob: &[u8], namespace: &str) -> Result<(PublicKey, Signed), SignatureError> {
    let mut reader = Reader::new(blob);
    if reader.bytes(MAGIC.len())? != MAGIC {
        return Err(SignatureError::Magic);
    }
    let version = reader.uint32()?;
    if version != VERSION {
        return Err(SignatureError::Version { found: version });
    }
    let key = PublicKey::from_blob(reader.string()?)?;
    let found = reader.string()?;
    if found != namespace.as_bytes() {
        return Err(SignatureError::Namespace { expected: namespace.to_owned(), found: lossy(found) });
    }
    let reserved = reader.string()?;
    if !reserved.is_empty() {
        return Err(SignatureError::Reserved { len: reserved.len() });
    }
    let hash = reader.string()?;
    if hash != HASH {
        return Err(SignatureError::Hash { found: lossy(hash) });
    }
    let signature = decode_signature(reader.string()?, key.algorithm())?;
    reader.finish()?;
    Ok((key, signature))
}

fn decode_signature(blob: &[u8], algorithm: Algorithm) -> Result<Signed, SignatureError> {
    let mut reader = Reader::new(blob);
    let found = reader.string()?;
    if found != algorithm.name().as_bytes() {
        return Err(SignatureError::Algorithm { expected: algorithm.name(), found: lossy(found) });
    }
    let bytes = reader.array()?;
    let touch = match algorithm {
        Algorithm::Ed25519 => None,
        Algorithm::SkEd25519 => Some(Touch { flags: reader.byte()?, counter: reader.uint32()? }),
    };
    reader.finish()?;
    match touch {
        Some(Touch { flags, .. }) if flags & USER_PRESENT == 0 => Err(SignatureError::NobodyPresent { flags }),
        touch => Ok(Signed { bytes, touch }),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey as DalekKey};

    use super::super::point::PointError;
    use super::super::signing_key::SigningKey;
    use super::*;

    const NAMESPACE: &str = EVENT_NAMESPACE;
    const MESSAGE: &[u8] = b"{\"v\":1}\n";

    /// What `ssh-keygen -Y sign` of OpenSSH 9.2 wrote over `MESSAGE`.
    const ARMOR: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg6kpsY+KcUgq+9VB7Ey7F+ZVHdq
6+vnuSQh7qaRRG0iwAAAARc2VydmFuZGEtZXZlbnQtdjEAAAAAAAAABnNoYTUxMgAAAFMA
AAALc3NoLWVkMjU1MTkAAABAVtkF9Lrr/3AuMccVIA4gCCmIbOG6fvbYWd7T5ylbMQhB1y
ucadbCNpGnO9Y8h4fdxHxt+4JDy9Bia1UjqmzjBA==
-----END SSH SIGNATURE-----
";

    /// The order of the group, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];

    /// The fields of an armor, to be changed one at a time.
    struct Fields {
        version: u32,
        key: Vec<u8>,
        namespace: &'static str,
        reserved: &'static [u8],
        hash: &'static [u8],
        signature: Vec<u8>,
        trailing: &'static [u8],
    }

    impl Fields {
        fn armor(&self) -> String {
            let mut blob = [MAGIC, &self.version.to_be_bytes()].concat();
            for field in [&self.key, self.namespace.as_bytes(), self.reserved, self.hash, &self.signature] {
                put_string(&mut blob, field);
            }
            blob.extend(self.trailing);
            armor::encode(&blob)
        }
    }

    fn software() -> Fields {
        let bytes = dalek().sign(&signed_data(NAMESPACE, MESSAGE)).to_bytes();
        fields(Algorithm::Ed25519, key().to_blob(), &[&bytes], b"")
    }

    /// What a security key with these properties would answer.
    fn hardware(application: &str, flags: u8) -> Fields {
        let mut key = Vec::new();
        put_string(&mut key, Algorithm::SkEd25519.name().as_bytes());
        put_string(&mut key, dalek().verifying_key().as_bytes());
        put_string(&mut key, application.as_bytes());
        let touch = [flags, 0, 0, 1, 2];
        let message = Sha256::digest(signed_data(NAMESPACE, MESSAGE));
        let signed = [&Sha256::digest(application), touch.as_slice(), &message].concat();
        fields(Algorithm::SkEd25519, key, &[&dalek().sign(&signed).to_bytes()], &touch)
    }

    fn fields(algorithm: Algorithm, key: Vec<u8>, strings: &[&[u8]], tail: &[u8]) -> Fields {
        let mut signature = Vec::new();
        put_string(&mut signature, algorithm.name().as_bytes());
        for string in strings {
            put_string(&mut signature, string);
        }
        signature.extend(tail);
        Fields { version: 1, key, namespace: NAMESPACE, reserved: b"", hash: HASH, signature, trailing: b"" }
    }

    fn dalek() -> DalekKey {
        DalekKey::from_bytes(&[7; 32])
    }

    fn key() -> PublicKey {
        SigningKey::from_seed(&[7; 32]).public()
    }

    fn accepts(armor: &str, key: PublicKey) {
        assert_eq!(verify(armor, NAMESPACE, MESSAGE), Ok(key), "{armor}");
    }

    fn refuses(armor: &str, error: impl Into<SignatureError>) {
        assert_eq!(verify(armor, NAMESPACE, MESSAGE), Err(error.into()), "{armor}");
    }

    #[test]
    fn our_armor_is_byte_for_byte_that_of_ssh_keygen() {
        assert_eq!(SigningKey::from_seed(&[7; 32]).sign(NAMESPACE, MESSAGE), ARMOR);
        assert_eq!(software().armor(), ARMOR);
        accepts(ARMOR, key());
    }

    #[test]
    fn another_message_namespace_or_key_is_refused() {
        let mismatch = |key| SignatureError::Mismatch { key };
        assert_eq!(verify(ARMOR, NAMESPACE, b"{\"v\":1}"), Err(mismatch(key())));
        let namespace = SignatureError::Namespace { expected: "file".to_owned(), found: NAMESPACE.to_owned() };
        assert_eq!(verify(ARMOR, "file", MESSAGE), Err(namespace));
        let other = SigningKey::from_seed(&[8; 32]).public();
        refuses(&Fields { key: other.to_blob(), ..software() }.armor(), mismatch(other));
    }

    #[test]
    fn every_one_bit_change_of_an_armor_is_refused() {
        for armor in [ARMOR, &hardware("ssh:", 1).armor()] {
            check_bits(armor);
        }
    }

    fn check_bits(armor: &str) {
        for bit in 0..armor.len() * 8 {
            let mut bytes = armor.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // What is not UTF-8 cannot even be asked about.
            let Ok(changed) = std::str::from_utf8(&bytes) else { continue };
            assert!(verify(changed, NAMESPACE, MESSAGE).is_err(), "bit {bit}:\n{changed}");
        }
    }

    #[test]
    fn another_wrapping_of_the_same_bytes_is_refused() {
        let unwrapped = ARMOR.replacen("Hdq\n6+v", "Hdq6+v", 1);
        let others = [
            ARMOR.replace('\n', "\r\n"),
            format!("{ARMOR}\n"),
            format!("{ARMOR}x"),
            format!("\n{ARMOR}"),
            ARMOR.trim_end().to_owned(),
            ARMOR.replace("==\n", "\n==\n"),
            ARMOR.replace("==\n", "\n"),
            unwrapped,
        ];
        for other in others {
            assert_ne!(other, ARMOR);
            refuses(&other, SignatureError::Armor);
        }
    }

    #[test]
    fn an_armor_beyond_any_signature_is_not_even_decoded() {
        let long = armor::encode(&[0; MAX_ARMOR_LEN]);
        refuses(&long, SignatureError::TooLong { len: long.len() });
        refuses(&" ".repeat(MAX_ARMOR_LEN), SignatureError::Armor);
    }

    #[test]
    fn a_second_scalar_of_the_same_signature_is_refused() {
        let mut fields = software();
        let scalar = fields.signature.len() - 32;
        let mut carry = 0;
        for (byte, add) in fields.signature[scalar..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        refuses(&fields.armor(), SignatureError::Mismatch { key: key() });
    }

    #[test]
    fn fields_that_ssh_keygen_lets_pass_are_refused() {
        refuses(&Fields { reserved: b"x", ..software() }.armor(), SignatureError::Reserved { len: 1 });
        let sha256 = SignatureError::Hash { found: "sha256".to_owned() };
        refuses(&Fields { hash: b"sha256", ..software() }.armor(), sha256);
        refuses(&Fields { version: 0, ..software() }.armor(), SignatureError::Version { found: 0 });
        refuses(&Fields { version: 2, ..software() }.armor(), SignatureError::Version { found: 2 });
        refuses(&Fields { trailing: b"\0\0", ..software() }.armor(), WireError::Trailing { len: 2 });
        refuses(&armor::encode(b"SSHSIX"), SignatureError::Magic);
    }

    #[test]
    fn a_signature_of_another_structure_than_its_key_is_refused() {
        let (software, hardware) = (software(), hardware("ssh:", 1));
        let mixed = Fields { key: software.key.clone(), signature: hardware.signature, ..software };
        let expected =
            SignatureError::Algorithm { expected: "ssh-ed25519", found: "sk-ssh-ed25519@openssh.com".to_owned() };
        refuses(&mixed.armor(), expected);
        let bare = |strings: &[&[u8]], tail| fields(Algorithm::Ed25519, key().to_blob(), strings, tail).armor();
        refuses(&bare(&[&[0; 63]], b""), WireError::Length { expected: 64, found: 63 });
        refuses(&bare(&[&[0; 64]], b"\x01"), WireError::Trailing { len: 1 });
    }

    #[test]
    fn a_key_of_small_order_vouches_for_nothing() {
        let mut weak = Vec::new();
        put_string(&mut weak, b"ssh-ed25519");
        put_string(&mut weak, &[0; 32]);
        refuses(&Fields { key: weak, ..software() }.armor(), PublicKeyError::from(PointError::SmallOrder));
    }

    #[test]
    fn a_touched_security_key_of_ssh_is_accepted() {
        let fields = hardware("ssh:", 1);
        let key = PublicKey::from_blob(&fields.key).expect("a good key");
        accepts(&fields.armor(), key);
        // 4 is user verification: a PIN was asked for as well.
        accepts(&hardware("ssh:", 1 | 4).armor(), key);
    }

    #[test]
    fn a_security_key_untouched_or_of_another_application_is_refused() {
        refuses(&hardware("ssh:", 0).armor(), SignatureError::NobodyPresent { flags: 0 });
        refuses(&hardware("ssh:", 4).armor(), SignatureError::NobodyPresent { flags: 4 });
        let other = PublicKeyError::Application { found: "ssh:other".to_owned() };
        refuses(&hardware("ssh:other", 1).armor(), other);
    }

    #[test]
    fn flags_and_counter_of_a_security_key_are_signed() {
        for changed in [4, 3, 2, 1] {
            let mut fields = hardware("ssh:", 1);
            let at = fields.signature.len() - changed;
            fields.signature[at] ^= 0x80;
            let key = PublicKey::from_blob(&fields.key).expect("a good key");
            refuses(&fields.armor(), SignatureError::Mismatch { key });
        }
    }
}
