//! Keys that sign notes, a log's and a witness's, in the form of Go and C2SP.
//!
//! ```text
//! type    = 0x01 of a log, 0x04 of a witness
//! key id  = SHA-256(name || LF || type || public)[..4], as 8 hex digits
//! vkey    = <name>+<key id>+<base64(type || public)>
//! signer  = PRIVATE+KEY+<name>+<key id>+<base64(type || seed)>
//! ```

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signature, Signer, SigningKey};
use sha2::{Digest, Sha256};

use super::digest::sha256_hex;
use super::note::{NoteError, NoteSignature};
use super::point::{self, PointError};
use super::ssh_key::PublicKey;
use super::text::serde_as_text;

/// The type of a log's key: its signatures are over the text of a note.
const LOG: u8 = 0x01;
/// The type of a witness's key: its signatures are over the text and a time.
const WITNESS: u8 = 0x04;

const PRIVATE: &str = "PRIVATE+KEY+";

/// The public key of a log.
pub type Vkey = NoteKey<LOG>;
/// The private key of a log.
pub type LogSigner = NoteSigner<LOG>;
/// The public key of a witness.
pub type WitnessKey = NoteKey<WITNESS>;
/// The private key of a witness.
pub type WitnessSigner = NoteSigner<WITNESS>;

/// A public key with the name that it signs under. One text for each key.
///
/// # Source
///
/// C2SP signed-note; the form is that of Go's `golang.org/x/mod/sumdb/note`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKey<const TYPE: u8> {
    name: String,
    point: [u8; 32],
}

/// A private key. It is wiped from memory when dropped, and `Debug` shows its public half only.
pub struct NoteSigner<const TYPE: u8> {
    name: String,
    key: SigningKey,
}

/// Why text is no key of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteKeyError {
    /// Empty, or with a plus, white space or a control character.
    #[error("{found:?} cannot name a key: expected text without plus, white space and control characters")]
    Name {
        /// The name as it was.
        found: String,
    },
    /// Not the three parts of a note key.
    #[error("expected {expected}")]
    Form {
        /// The form that was asked for.
        expected: &'static str,
    },
    /// A key of another type: a witness's where a log's is needed.
    #[error("expected an Ed25519 key of type {expected:#04x}, found type {found:#04x}")]
    Type {
        /// The type that was asked for.
        expected: u8,
        /// The type stated.
        found: u8,
    },
    /// The id belongs to another name or key: one of the three was mistyped or changed.
    #[error("expected the key id {expected} for this name and key, found {found:?}")]
    KeyId {
        /// The id that name and key have.
        expected: String,
        /// The id stated.
        found: String,
    },
    /// The key's 32 bytes are not a key.
    #[error(transparent)]
    Point(#[from] PointError),
}

impl<const TYPE: u8> NoteKey<TYPE> {
    /// The name that the key signs under; of a log its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Ed25519 key itself, to compare with keys in other forms.
    pub fn point(&self) -> &[u8; 32] {
        &self.point
    }

    /// The four bytes that mark this key's signatures in a note.
    pub fn key_id(&self) -> [u8; 4] {
        let digest = Sha256::new().chain_update(&self.name).chain_update([b'\n', TYPE]).chain_update(self.point);
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest.finalize());
        [a, b, c, d]
    }

    /// The same as a number, which is shown in 8 hex digits.
    pub fn id_number(&self) -> u32 {
        u32::from_be_bytes(self.key_id())
    }

    fn key_id_hex(&self) -> String {
        format!("{:08x}", self.id_number())
    }

    /// Checks a signature over a message.
    pub(super) fn check(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), NoteError> {
        let signature = Signature::from_bytes(signature);
        let key = point::strict(&self.point).map_err(|_| self.forged())?;
        key.verify_strict(message, &signature).map_err(|_| self.forged())
    }

    pub(super) fn forged(&self) -> NoteError {
        NoteError::Forged { name: self.name.clone(), key_id: self.id_number() }
    }

    fn expect_id(&self, found: &str) -> Result<(), NoteKeyError> {
        let expected = self.key_id_hex();
        if expected == found { Ok(()) } else { Err(NoteKeyError::KeyId { expected, found: found.to_owned() }) }
    }
}

impl Vkey {
    /// The key of the log of that name with those 32 bytes, wherever its other half is.
    ///
    /// # Errors
    ///
    /// [`NoteKeyError::Name`], [`NoteKeyError::Point`].
    pub fn of_point(name: &str, point: &[u8; 32]) -> Result<Self, NoteKeyError> {
        check_name(name)?;
        point::strict(point)?;
        Ok(Self { name: name.to_owned(), point: *point })
    }

    /// Returns the fingerprint, `SHA256:…`, by which an ssh-agent that holds the log's key shows it.
    pub fn fingerprint(&self) -> String {
        PublicKey::of_checked_point(self.point).fingerprint()
    }

    /// The [`origin_hash`] of the log with the name of its key.
    pub fn origin_hash(&self) -> String {
        origin_hash(&self.name)
    }

    /// The SHA-256 of the key's 32 bytes in hex: what tells logs apart whose names would be one.
    pub fn point_hash(&self) -> String {
        sha256_hex(&self.point)
    }

    /// Checks the log's signature over a note's text.
    ///
    /// # Errors
    ///
    /// [`NoteError::Forged`].
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<(), NoteError> {
        let signature = signature.try_into().map_err(|_| self.forged())?;
        self.check(text.as_bytes(), signature)
    }
}

/// The SHA-256 of a log's name in hex: where a witness shows what it signed of the log.
///
/// # Source
///
/// C2SP tlog-witness, monitor retrieval.
pub fn origin_hash(origin: &str) -> String {
    sha256_hex(origin.as_bytes())
}

impl LogSigner {
    /// Signs a note's text.
    pub fn sign(&self, text: &str) -> NoteSignature {
        self.signature(self.sign_bytes(text.as_bytes()).to_vec())
    }
}

impl<const TYPE: u8> NoteSigner<TYPE> {
    /// The key that grows from 32 random bytes, under that name; of a log, its origin.
    ///
    /// # Errors
    ///
    /// [`NoteKeyError::Name`] if a note key cannot have that name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteKeyError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// The public half.
    pub fn vkey(&self) -> NoteKey<TYPE> {
        NoteKey { name: self.name.clone(), point: self.key.verifying_key().to_bytes() }
    }

    /// A signature by it, as it stands under a note.
    pub(super) fn signature(&self, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature { name: self.name.clone(), key_id: self.vkey().key_id(), bytes }
    }

    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// The secret text to keep in the signer file, without a line end.
    ///
    /// It is no `Display`, so that nothing prints it by mistake.
    pub fn to_secret_text(&self) -> String {
        format!("{PRIVATE}{}", note_key(TYPE, &self.name, &self.vkey().key_id_hex(), self.key.as_bytes()))
    }
}

impl<const TYPE: u8> FromStr for NoteKey<TYPE> {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, NoteKeyError> {
        let (name, id, point) = split(TYPE, text, "a key `<name>+<key id>+<base64>`")?;
        let key = Self { name: name.to_owned(), point };
        key.expect_id(id)?;
        point::strict(&point)?;
        Ok(key)
    }
}

impl<const TYPE: u8> fmt::Display for NoteKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&note_key(TYPE, &self.name, &self.key_id_hex(), &self.point))
    }
}

impl<const TYPE: u8> fmt::Debug for NoteKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKey({self})")
    }
}

serde_as_text!(
    Vkey,
    "The verifier key of a log, as signed notes write it: name, key id and key.",
    "^[^+\\s]+\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]+=*$"
);

impl<const TYPE: u8> FromStr for NoteSigner<TYPE> {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, NoteKeyError> {
        const FORM: &str = "a signer `PRIVATE+KEY+<name>+<key id>+<base64>`";
        let text = text.strip_prefix(PRIVATE).ok_or(NoteKeyError::Form { expected: FORM })?;
        let (name, id, seed) = split(TYPE, text, FORM)?;
        let signer = Self::from_seed(name, &seed)?;
        signer.vkey().expect_id(id)?;
        Ok(signer)
    }
}

impl<const TYPE: u8> fmt::Debug for NoteSigner<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner(of {:?})", self.vkey())
    }
}

/// `<name>+<id>+<base64(type || key)>`.
fn note_key(r#type: u8, name: &str, id: &str, key: &[u8; 32]) -> String {
    let mut typed = [r#type; 33];
    typed[1..].copy_from_slice(key);
    format!("{name}+{id}+{}", BASE64_STANDARD.encode(typed))
}

/// The type of a key that has the form and the id of one, if no key of that type can be used here: of ML-DSA, or one that is
/// still to come.
///
/// # Source
///
/// C2SP signed-note, of key ids.
pub fn unknown_type(text: &str) -> Option<u8> {
    let (name, id, typed) = parts(text)?;
    check_name(name).ok()?;
    let digest = Sha256::new().chain_update(name).chain_update(b"\n").chain_update(&typed).finalize();
    let expected = digest.iter().take(4).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let r#type = *typed.first()?;
    (id == expected && ![LOG, WITNESS].contains(&r#type)).then_some(r#type)
}

/// Undoes [`note_key`]; the id is the caller's to check.
fn split<'a>(r#type: u8, text: &'a str, expected: &'static str) -> Result<(&'a str, &'a str, [u8; 32]), NoteKeyError> {
    let form = NoteKeyError::Form { expected };
    let Some((name, id, typed)) = parts(text) else { return Err(form) };
    check_name(name)?;
    match typed.split_first() {
        Some((&found, key)) if found == r#type => Ok((name, id, key.try_into().map_err(|_| form)?)),
        Some((&found, _)) => Err(NoteKeyError::Type { expected: r#type, found }),
        None => Err(form),
    }
}

/// Name, id, and type with key. Base64 may have a plus, so only the first two divide.
fn parts(text: &str) -> Option<(&str, &str, Vec<u8>)> {
    let mut parts = text.splitn(3, '+');
    let (name, id, base64) = (parts.next()?, parts.next()?, parts.next()?);
    Some((name, id, BASE64_STANDARD.decode(base64).ok()?))
}

fn check_name(name: &str) -> Result<(), NoteKeyError> {
    let wrong = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.contains(wrong) {
        return Err(NoteKeyError::Name { found: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go's own example, from the documentation of `golang.org/x/mod/sumdb/note`.
    const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    const ORIGIN: &str = "ledger.example/agreements";

    fn vkey(text: &str) -> Result<Vkey, NoteKeyError> {
        text.parse()
    }

    fn signer(text: &str) -> Result<LogSigner, NoteKeyError> {
        text.parse()
    }

    #[test]
    fn keys_made_by_go_are_read_and_written_unchanged() {
        let go = signer(GO_SIGNER).expect("a good signer");
        assert_eq!(go.to_secret_text(), GO_SIGNER);
        assert_eq!(go.vkey().to_string(), GO_VKEY);
        assert_eq!(vkey(GO_VKEY), Ok(go.vkey()));
        assert_eq!(go.vkey().name(), "PeterNeumann");
        assert_eq!(go.vkey().key_id(), [0xc7, 0x4f, 0x20, 0xa3]);
    }

    #[test]
    fn a_key_from_a_seed_has_one_text_also_in_json() {
        let key = LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name");
        assert_eq!(
            key.vkey().to_string(),
            "ledger.example/agreements+80cfd0f5+Af0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY"
        );
        assert_eq!(signer(&key.to_secret_text()).expect("what was written").vkey(), key.vkey());
        let json = serde_json::to_string(&key.vkey()).expect("a key is text");
        assert_eq!(serde_json::from_str::<Vkey>(&json).expect("what was written"), key.vkey());
    }

    #[test]
    fn a_name_that_would_break_a_note_is_refused() {
        for name in ["", "a+b", "a b", "a\u{a0}b", "a\nb", "a\u{7f}b"] {
            let error = LogSigner::from_seed(name, &[9; 32]).expect_err("a bad name");
            assert_eq!(error, NoteKeyError::Name { found: name.to_owned() });
        }
    }

    #[test]
    fn an_id_that_is_not_of_this_name_and_key_is_refused() {
        let check = |text: &str, expected: &str, found: &str| {
            let error = NoteKeyError::KeyId { expected: expected.to_owned(), found: found.to_owned() };
            assert_eq!(vkey(text).err().or_else(|| signer(text).err()), Some(error), "{text}");
        };
        check(&GO_VKEY.replace("c74f20a3", "c74f20a4"), "c74f20a3", "c74f20a4");
        check(&GO_VKEY.replace("c74f20a3", "C74F20A3"), "c74f20a3", "C74F20A3");
        check(&GO_VKEY.replace("c74f20a3", ""), "c74f20a3", "");
        let other = GO_SIGNER.replace("c74f20a3", "c74f20a4");
        assert!(matches!(signer(&other), Err(NoteKeyError::KeyId { .. })));
        assert!(matches!(vkey(&GO_VKEY.replace("Peter", "Petra")), Err(NoteKeyError::KeyId { .. })));
    }

    #[test]
    fn text_of_another_form_or_type_is_refused() {
        for text in ["", "a", "a+c74f20a3", "a+c74f20a3+", "a+c74f20a3+AQ==", &GO_VKEY[..GO_VKEY.len() - 1], GO_SIGNER]
        {
            assert!(matches!(vkey(text), Err(NoteKeyError::Form { .. })), "{text}");
        }
        assert!(matches!(signer(GO_VKEY), Err(NoteKeyError::Form { .. })));
        assert!(matches!(signer(&format!("{GO_SIGNER}\n")), Err(NoteKeyError::Form { .. })));
        let witness = format!("w+00000000+{}", BASE64_STANDARD.encode([4; 33]));
        assert_eq!(vkey(&witness), Err(NoteKeyError::Type { expected: LOG, found: WITNESS }));
    }

    #[test]
    fn a_weak_key_is_refused_even_with_its_right_id() {
        let weak = Vkey { name: "weak".to_owned(), point: [0; 32] };
        assert_eq!(vkey(&weak.to_string()), Err(PointError::SmallOrder.into()));
    }

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = signer(GO_SIGNER).expect("a good signer");
        assert_eq!(format!("{key:?}"), format!("NoteSigner(of NoteKey({GO_VKEY}))"));
    }
}
