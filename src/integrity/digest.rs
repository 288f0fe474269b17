//! Digests: BLAKE3 with one frozen context a purpose, so that a hash of one kind never passes for another.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::text::serde_as_text;

/// Frozen.
const EVENT_CONTEXT: &str = "servanda 2026-11-22 event v1";
/// Frozen.
const GENESIS_CONTEXT: &str = "servanda 2026-11-22 genesis v1";
/// Frozen.
const ANNOUNCEMENT_CONTEXT: &str = "servanda 2026-11-22 announcement v1";
/// Domain of the checks in a backup.
const BACKUP_CONTEXT: &str = "servanda 2026-11-27 backup v1";

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Hashes an event: its statement with LF, and its signature block if it has one.
pub fn event_hash(event: &[u8]) -> EventHash {
    EventHash(blake3::derive_key(EVENT_CONTEXT, event))
}

/// The `prev` of event 0, which has no event before it.
pub fn genesis_prev(origin: &str) -> EventHash {
    EventHash(blake3::derive_key(GENESIS_CONTEXT, origin.as_bytes()))
}

/// Hashes the canonical line of what an announcement says; equal hashes mean the same announcement.
pub fn content_hash(canonical: &[u8]) -> ContentHash {
    ContentHash(blake3::derive_key(ANNOUNCEMENT_CONTEXT, canonical))
}

/// Hashes a whole file as `b3sum` does, without a context.
pub fn document_hash(document: &[u8]) -> DocumentHash {
    DocumentHash(*blake3::hash(document).as_bytes())
}

/// A hash over parts of files, as they are fed to it in an order of the caller's.
#[derive(Debug, Default)]
pub struct PartsHash(blake3::Hasher);

impl PartsHash {
    /// Goes on with a file of that name and length.
    pub fn file(&mut self, name: &str, len: u64) {
        self.number(name.len() as u64);
        self.0.update(name.as_bytes());
        self.number(len);
    }

    /// Goes on with bytes that stand at that offset of it.
    pub fn block(&mut self, at: u64, bytes: &[u8]) {
        self.number(at);
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    /// What all of it hashes to.
    pub fn finish(&self) -> DocumentHash {
        DocumentHash(*self.0.finalize().as_bytes())
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }
}

/// A secret key with which tags are made: who does not have it can neither make nor foresee one.
#[derive(Clone)]
pub struct TagKey([u8; 32]);

impl TagKey {
    /// Of 32 random bytes.
    pub const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key for one use, told by parts that cannot be confused with those of another.
    #[must_use]
    pub fn within(&self, parts: &[&[u8]]) -> Self {
        Self(*self.hash(parts).as_bytes())
    }

    /// The tag of these bytes, one part after the other: the first half of their keyed BLAKE3.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.hash(parts).as_bytes()[..16]);
        tag
    }

    fn hash(&self, parts: &[&[u8]]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize()
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TagKey(…)")
    }
}

/// The check behind a record of a backup: BLAKE3 over the check before and the parts of the record, by a key of its own.
pub fn backup_check(before: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(BACKUP_CONTEXT);
    hasher.update(before);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Binds to a whole file without telling what it is: its BLAKE3 keyed by the salt. Who has only the commitment cannot even
/// try out guesses; who has file and salt computes it again.
pub fn commitment(salt: &Salt, document: &[u8]) -> Commitment {
    Commitment(*blake3::keyed_hash(&salt.0, document).as_bytes())
}

/// 32 random bytes, kept beside the document that a commitment is to. Whoever has them can try out what it may be.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// Takes bytes that are random, or were once.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the file beside the document and for nothing else.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    /// Without the bytes: they are not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// Why text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Too short or too long.
    #[error("expected 64 hex digits, found {len} bytes")]
    Length {
        /// Length of the text in bytes.
        len: usize,
    },
    /// Something else than a lower-case hex digit.
    #[error("expected a lower-case hex digit at byte {at}")]
    Digit {
        /// Place of the first such byte, from 0.
        at: usize,
    },
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 32 bytes; as text 64 lower-case hex digits, of which `{:.8}` shows the first eight.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes a digest that was computed or stored before.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The digest's bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                parse_hex(text).map(Self)
            }
        }

        serde_as_text!($name, "A hash: 32 bytes in lower-case hexadecimal digits.", "^[0-9a-f]{64}$");
    };
}

digest! {
    /// The hash of an event, and so of all before it.
    EventHash
}

digest! {
    /// The hash of what an announcement says, apart from its place in a ledger.
    ContentHash
}

digest! {
    /// The address of a document: plain BLAKE3 of the file.
    DocumentHash
}

digest! {
    /// The address of a personal document: BLAKE3 of the file, keyed by the salt beside it.
    Commitment
}

fn fmt_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [0; 64];
    write_hex(bytes, &mut digits);
    f.pad(std::str::from_utf8(&digits).expect("hex digits are ASCII"))
}

/// Bytes in hexadecimal digits, two each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    write_hex(bytes, &mut digits);
    String::from_utf8(digits).expect("hex digits are ASCII")
}

/// What bytes hash to by SHA-256, in hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What bytes hash to by one of the SHA-2 family, named as OpenSSL does, in hexadecimal digits; nothing, if it is another.
pub(crate) fn sha2_hex(algorithm: &str, bytes: &[u8]) -> Option<String> {
    match algorithm {
        "sha256" => Some(sha256_hex(bytes)),
        "sha384" => Some(hex(&Sha384::digest(bytes))),
        "sha512" => Some(hex(&Sha512::digest(bytes))),
        _ => None,
    }
}

fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 0xf)];
    }
}

fn parse_hex(text: &str) -> Result<[u8; 32], DigestError> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return Err(DigestError::Length { len: digits.len() });
    }
    let mut bytes = [0; 32];
    for (at, digit) in digits.iter().enumerate() {
        bytes[at / 2] = bytes[at / 2] << 4 | nibble(*digit).ok_or(DigestError::Digit { at })?;
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTOR: &[u8] = b"{\"v\":1}\n";
    const VECTOR_HASH: &str = "4450cc50e614373f62a7a5c75b09fd09f78b00bdbcda6da1615802daab802c94";

    #[test]
    fn the_hashes_are_those_of_the_format() {
        assert_eq!(event_hash(VECTOR).to_string(), VECTOR_HASH);
        assert_eq!(
            document_hash(VECTOR).to_string(),
            "6a7328aa5dbd260f2ea963a1262a518317c6246c099504267ff282405bd1a081"
        );
        assert_eq!(
            genesis_prev("ledger.example/agreements").to_string(),
            "3dd36cac71b6b1d61eec9db16f6102589d95152ada593b8b21cc07896e4b1633"
        );
    }

    #[test]
    fn the_contexts_separate_the_purposes() {
        let hashes = [
            *event_hash(b"x").as_bytes(),
            *genesis_prev("x").as_bytes(),
            *content_hash(b"x").as_bytes(),
            *document_hash(b"x").as_bytes(),
        ];
        for (i, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..i].contains(hash));
        }
        assert_eq!(*content_hash(b"x").as_bytes(), blake3::derive_key("servanda 2026-11-22 announcement v1", b"x"));
    }

    #[test]
    fn a_commitment_is_the_keyed_hash_and_tells_nothing_without_its_salt() {
        let salt = Salt::from_bytes([7; 32]);
        let made = commitment(&salt, VECTOR);
        assert_eq!(*made.as_bytes(), *blake3::keyed_hash(&[7; 32], VECTOR).as_bytes());
        assert_ne!(made, commitment(&Salt::from_bytes([8; 32]), VECTOR));
        assert_ne!(made.as_bytes(), document_hash(VECTOR).as_bytes());
        assert_eq!(format!("{salt:?}"), "Salt(…)");
    }

    #[test]
    fn a_check_of_a_backup_is_over_the_one_before_and_all_parts() {
        let before = [7; 32];
        let expected = blake3::derive_key("servanda 2026-11-27 backup v1", &[&before[..], b"ab", b"c"].concat());
        assert_eq!(backup_check(&before, &[b"ab", b"c"]), expected);
        assert_ne!(backup_check(&before, &[b"ab"]), expected);
        assert_ne!(backup_check(&[8; 32], &[b"ab", b"c"]), expected);
    }

    #[test]
    fn a_digest_is_read_back_from_its_text_and_from_json() {
        let hash = event_hash(VECTOR);
        assert_eq!(VECTOR_HASH.parse(), Ok(hash));
        let json = serde_json::to_string(&hash).expect("a digest is text");
        assert_eq!(json, format!("\"{VECTOR_HASH}\""));
        assert_eq!(serde_json::from_str::<EventHash>(&json).expect("what was written"), hash);
    }

    #[test]
    fn text_that_is_not_64_lower_case_hex_digits_is_refused_with_the_place() {
        let parse = str::parse::<DocumentHash>;
        assert_eq!(parse(""), Err(DigestError::Length { len: 0 }));
        assert_eq!(parse(&VECTOR_HASH[1..]), Err(DigestError::Length { len: 63 }));
        assert_eq!(parse(&VECTOR_HASH.replacen('c', "C", 1)), Err(DigestError::Digit { at: 4 }));
        assert_eq!(parse(&VECTOR_HASH.replacen("44", "é", 1)), Err(DigestError::Digit { at: 0 }));
        let number = serde_json::from_str::<EventHash>("12").expect_err("a digest is text");
        assert!(number.to_string().contains("expected text"), "{number}");
    }

    #[test]
    fn a_precision_shortens_a_digest_to_a_prefix() {
        assert_eq!(format!("{:.8}", event_hash(VECTOR)), "4450cc50");
    }
}
