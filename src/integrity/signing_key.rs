//! Recorders' private keys: Ed25519, from a seed or an OpenSSH key file that is not encrypted.

use std::fmt;

use ed25519_dalek::Signer;
use ssh_key::private::{Ed25519Keypair, KeypairData, PrivateKey};

use super::signature;
use super::ssh_key::PublicKey;

/// A recorder's private key. It is wiped from memory when dropped, and `Debug` shows its public half only.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Why the text of a key file gives no signing key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// A passphrase is needed: load the key into an agent, or sign with `ssh-keygen`.
    #[error("the private key is encrypted")]
    Encrypted,
    /// RSA, or the handle of a security key, which signs through an agent or `ssh-keygen` only.
    #[error("expected a private key of ssh-ed25519, found one of {found}")]
    Algorithm {
        /// The algorithm that the file names.
        found: String,
    },
    /// Damaged, a public key, or in another format than OpenSSH's.
    #[error("not an OpenSSH private key that can be read")]
    Unreadable(#[source] ssh_key::Error),
}

impl SigningKey {
    /// The key that grows from 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads the text of an OpenSSH private key file.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`] if the file is encrypted, holds another kind of key, or is not such a file.
    pub fn from_openssh(text: &str) -> Result<Self, SigningKeyError> {
        let file = PrivateKey::from_openssh(text).map_err(SigningKeyError::Unreadable)?;
        if file.is_encrypted() {
            return Err(SigningKeyError::Encrypted);
        }
        match file.key_data() {
            KeypairData::Ed25519(pair) => Ok(Self::from_seed(pair.private.as_ref())),
            _ => Err(SigningKeyError::Algorithm { found: file.algorithm().to_string() }),
        }
    }

    /// The public half of an OpenSSH private key file, also of one that is encrypted or stands for a security key.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Unreadable`], and [`SigningKeyError::Algorithm`] if it is no key of Ed25519.
    pub fn public_of_openssh(text: &str) -> Result<PublicKey, SigningKeyError> {
        let file = PrivateKey::from_openssh(text).map_err(SigningKeyError::Unreadable)?;
        let blob = file.public_key().to_bytes().map_err(SigningKeyError::Unreadable)?;
        PublicKey::from_blob(&blob).map_err(|_| SigningKeyError::Algorithm { found: file.algorithm().to_string() })
    }

    /// The text of a key file that OpenSSH reads, not encrypted. The same key and comment give the same text.
    ///
    /// # Panics
    ///
    /// If the comment is longer than the format allows, which is about a MiB.
    pub fn to_openssh(&self, comment: &str) -> String {
        let mut file = PrivateKey::from(Ed25519Keypair::from(&self.0));
        file.set_comment(comment);
        file.to_openssh(ssh_key::LineEnding::LF).expect("a comment is a few words").to_string()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::of_signer(&self.0)
    }

    /// Signs `message` for `namespace`, which may not be empty.
    ///
    /// The armor is, byte for byte, what `ssh-keygen -Y sign` writes for the same key.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> String {
        let signature = self.0.sign(&signature::signed_data(namespace, message));
        signature::armored(&self.public(), namespace, &signature::blob_of(&signature.to_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use ssh_key::private::SkEd25519;
    use ssh_key::public;

    use super::*;

    const FILE: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLAAAAJAAAAAAAAAA
AAAAAAtzc2gtZWQyNTUxOQAAACDqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA
AAAEAHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB+pKbGPinFIKvvVQexMuxfmV
R3auvr57kkIe6mkURtIsAAAADHRlc3RAZXhhbXBsZQE=
-----END OPENSSH PRIVATE KEY-----
";

    const ENCRYPTED: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBwxMgTZL
FEddaiFcAfptiFAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIMhL90bruZVdwto5
EZBfXHe2+x5xamnXGzeZxLX2bJrpAAAAkMPTqqGICB+40Au1/xjqrugMxX9tLZg9060KWv
m1nRhtyidpPzUex+08016XE8UIId/QB4f1vPxjaOqeNSf0IGFmPzgw1vxn72VYzVa+MEHo
exxqHC1UHY9j2Qo2OzK8/K9nnRjvni62PRgvGkm22ht9LMfdh1eoV8e6nSqaKNOHp6dt7i
5z+V7RUCeVjfShgg==
-----END OPENSSH PRIVATE KEY-----
";

    #[test]
    fn a_key_file_is_written_and_read_back() {
        let key = SigningKey::from_seed(&[7; 32]);
        assert_eq!(key.to_openssh("test@example"), FILE);
        let read = SigningKey::from_openssh(FILE).expect("a good file");
        assert_eq!(read.public(), key.public());
        assert_eq!(read.sign("n", b"m"), key.sign("n", b"m"));
    }

    #[test]
    fn an_encrypted_file_is_told_from_an_unreadable_one() {
        assert!(matches!(SigningKey::from_openssh(ENCRYPTED), Err(SigningKeyError::Encrypted)));
        for text in ["", "ssh-ed25519 AAAA", &FILE.replacen("AAAA", "AAAB", 1), &FILE[..200]] {
            assert!(matches!(SigningKey::from_openssh(text), Err(SigningKeyError::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn the_handle_of_a_security_key_is_refused_by_name() {
        let point = public::Ed25519PublicKey(*SigningKey::from_seed(&[7; 32]).public().point());
        let handle = SkEd25519::new(public::SkEd25519::new(point, "ssh:"), 1, vec![1; 8]).expect("a short handle");
        let file = PrivateKey::from(handle).to_openssh(ssh_key::LineEnding::LF).expect("a short file");
        let error = SigningKey::from_openssh(&file).expect_err("nothing to sign with");
        assert_eq!(error.to_string(), "expected a private key of ssh-ed25519, found one of sk-ssh-ed25519@openssh.com");
    }

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = SigningKey::from_seed(&[7; 32]);
        assert_eq!(format!("{key:?}"), format!("SigningKey(of PublicKey({}))", key.public()));
    }
}
