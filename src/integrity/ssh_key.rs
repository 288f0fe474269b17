//! Recorders' public keys: an OpenSSH public key line without its comment.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use super::point::{self, PointError};
use super::ssh_wire::{Reader, WireError, put_string};
use super::text::serde_as_text;

/// The only application that a security key may be bound to.
pub(super) const SK_APPLICATION: &str = "ssh:";

/// An Ed25519 public key in OpenSSH's form, in software or on a security key.
///
/// As text `ssh-ed25519 AAAA…` or `sk-ssh-ed25519@openssh.com AAAA…`, one space and no comment. Every key has one text
/// only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    algorithm: Algorithm,
    point: [u8; 32],
}

/// How the key signs, and what its blobs are called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Algorithm {
    Ed25519,
    SkEd25519,
}

/// Why text or bytes are no public key of a recorder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Not a line as `ssh-keygen` writes it, or with a comment.
    #[error("expected `<algorithm> <base64>` in one line without a comment")]
    Form,
    /// RSA, ECDSA, a certificate.
    #[error("expected a key of ssh-ed25519 or sk-ssh-ed25519@openssh.com, found {found:?}")]
    Algorithm {
        /// The algorithm that the key names.
        found: String,
    },
    /// A security key made for something else than SSH.
    #[error("expected a security key of the application \"ssh:\", found {found:?}")]
    Application {
        /// The application that the key names.
        found: String,
    },
    /// The key's bytes have another structure.
    #[error("the key's bytes: {0}")]
    Wire(#[from] WireError),
    /// The key's 32 bytes are not a key.
    #[error(transparent)]
    Point(#[from] PointError),
}

impl PublicKey {
    /// The fingerprint that `ssh-keygen -l` shows, `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(self.to_blob())))
    }

    /// The Ed25519 key itself, to compare with keys in other forms.
    pub fn point(&self) -> &[u8; 32] {
        &self.point
    }

    /// The key in both forms that have its Ed25519 key: in software, and on a security key. Whoever had the one may
    /// have made the other of it.
    pub fn forms(&self) -> [Self; 2] {
        [Algorithm::Ed25519, Algorithm::SkEd25519].map(|algorithm| Self { algorithm, point: self.point })
    }

    /// Returns the key in software with these 32 bytes, which somebody has checked.
    pub(super) fn of_checked_point(point: [u8; 32]) -> Self {
        Self { algorithm: Algorithm::Ed25519, point }
    }

    pub(super) fn of_signer(key: &ed25519_dalek::SigningKey) -> Self {
        Self { algorithm: Algorithm::Ed25519, point: key.verifying_key().to_bytes() }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn verifier(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(&self.point).expect("no PublicKey is made of bytes that are not a point")
    }

    pub(super) fn from_blob(blob: &[u8]) -> Result<Self, PublicKeyError> {
        let mut reader = Reader::new(blob);
        let name = reader.string()?;
        let algorithm = Algorithm::from_name(name).ok_or_else(|| PublicKeyError::Algorithm { found: lossy(name) })?;
        let point = reader.array()?;
        if algorithm == Algorithm::SkEd25519 {
            let application = reader.string()?;
            if application != SK_APPLICATION.as_bytes() {
                return Err(PublicKeyError::Application { found: lossy(application) });
            }
        }
        reader.finish()?;
        point::strict(&point)?;
        Ok(Self { algorithm, point })
    }

    pub(super) fn to_blob(self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(80);
        put_string(&mut blob, self.algorithm.name().as_bytes());
        put_string(&mut blob, &self.point);
        if self.algorithm == Algorithm::SkEd25519 {
            put_string(&mut blob, SK_APPLICATION.as_bytes());
        }
        blob
    }
}

impl Algorithm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Ed25519, Self::SkEd25519].into_iter().find(|algorithm| algorithm.name().as_bytes() == name)
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(line: &str) -> Result<Self, PublicKeyError> {
        let (_, base64) = line.split_once(' ').ok_or(PublicKeyError::Form)?;
        let blob = BASE64_STANDARD.decode(base64).map_err(|_| PublicKeyError::Form)?;
        let key = Self::from_blob(&blob)?;
        if key.to_string() == line { Ok(key) } else { Err(PublicKeyError::Form) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm.name(), BASE64_STANDARD.encode(self.to_blob()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

serde_as_text!(
    PublicKey,
    "An Ed25519 public key as OpenSSH writes it, without comment.",
    "^(?:ssh-ed25519|sk-ssh-ed25519@openssh\\.com) [A-Za-z0-9+/]+=*$"
);

/// Bytes of an unknown field, for a message.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::LogSigner;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

    fn parse(line: &str) -> Result<PublicKey, PublicKeyError> {
        line.parse()
    }

    fn line(name: &str, fields: &[&[u8]]) -> String {
        let mut blob = Vec::new();
        put_string(&mut blob, name.as_bytes());
        for field in fields {
            put_string(&mut blob, field);
        }
        format!("{name} {}", BASE64_STANDARD.encode(blob))
    }

    fn point() -> [u8; 32] {
        *parse(LINE).expect("a good line").point()
    }

    #[test]
    fn a_line_of_openssh_is_read_and_written_unchanged() {
        let sk = line("sk-ssh-ed25519@openssh.com", &[&point(), b"ssh:"]);
        for text in [LINE, &sk] {
            let key = parse(text).expect("a good line");
            assert_eq!(key.to_string(), text);
            let json = serde_json::to_string(&key).expect("a key is text");
            assert_eq!(serde_json::from_str::<PublicKey>(&json).expect("what was written"), key);
        }
        assert_ne!(parse(LINE), parse(&sk));
    }

    #[test]
    fn the_fingerprint_is_the_one_ssh_keygen_shows() {
        let key = parse(LINE).expect("a good line");
        assert_eq!(key.fingerprint(), "SHA256:z/fSv0Z0RZS+Lccbc6ZoOWwt/fbj1VFJGSBKQbo4icE");
    }

    #[test]
    fn its_point_is_that_of_the_same_key_in_another_form() {
        let note_key = LogSigner::from_seed("ledger.example/log", &[7; 32]).expect("a good name").vkey();
        assert_eq!(parse(LINE).expect("a good line").point(), note_key.point());
    }

    #[test]
    fn any_other_way_to_write_the_line_is_refused() {
        let others = [
            String::new(),
            LINE.replace(' ', ""),
            LINE.replace(' ', "  "),
            LINE.replace(' ', "\t"),
            format!("{LINE} comment"),
            format!("{LINE}\n"),
            format!(" {LINE}"),
            LINE.replace("ssh-ed25519 ", "ssh-rsa "),
            LINE.replace("ssh-ed25519 ", "sk-ssh-ed25519@openssh.com "),
        ];
        for other in others {
            assert_eq!(parse(&other), Err(PublicKeyError::Form), "{other:?}");
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused_by_name() {
        let check = |name: &str| {
            let expected = PublicKeyError::Algorithm { found: name.to_owned() };
            assert_eq!(parse(&line(name, &[&point()])), Err(expected));
        };
        check("ssh-rsa");
        check("ssh-ed25519-cert-v01@openssh.com");
        check("sk-ecdsa-sha2-nistp256@openssh.com");
    }

    #[test]
    fn a_security_key_of_another_application_is_refused() {
        let check = |application: &str| {
            let text = line("sk-ssh-ed25519@openssh.com", &[&point(), application.as_bytes()]);
            assert_eq!(parse(&text), Err(PublicKeyError::Application { found: application.to_owned() }));
        };
        check("");
        check("ssh:other");
        check("https://example.org");
    }

    #[test]
    fn a_blob_of_another_structure_is_refused() {
        let check = |fields: &[&[u8]], expected: WireError| {
            assert_eq!(parse(&line("ssh-ed25519", fields)), Err(expected.into()));
        };
        check(&[], WireError::Truncated { needed: 4, left: 0 });
        check(&[&point()[..31]], WireError::Length { expected: 32, found: 31 });
        check(&[&point(), b""], WireError::Trailing { len: 4 });
    }

    #[test]
    fn a_weak_key_is_refused() {
        assert_eq!(parse(&line("ssh-ed25519", &[&[0; 32]])), Err(PointError::SmallOrder.into()));
    }
}
