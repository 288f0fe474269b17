//! A signature as whoever signs hands it over, before anything of it is believed.
//!
//! What is written of it is never what was handed over: its bytes are taken out of whatever they came in, armored here,
//! and read again by the [`verify`](crate::integrity::signature::verify) that reads every armor of a ledger. So it cannot matter how they came.

use super::armor;
use super::signature::{self, MAX_ARMOR_LEN, SignatureError};
use super::ssh_key::PublicKey;

/// What somebody who signs hands over, of which nothing was checked.
///
/// A key service or an agent answers with a blob, and `ssh-keygen -Y sign` with an armor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unverified {
    /// An SSH signature over [`signed_data`](super::signed_data): `string algorithm || string R||S`, and of a security key
    /// `|| byte flags || uint32 counter`. It is what an agent answers to `SSH_AGENTC_SIGN_REQUEST`, without its length.
    Blob(Vec<u8>),
    /// An armored SSHSIG, in lines of whatever length and end.
    Armor(String),
}

impl Unverified {
    /// Checks that it is a signature of `message` for `namespace` by `key`, and returns its armor, as a ledger has it.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: [`OtherKey`](SignatureError::OtherKey) if another key signed, and whatever [`verify`] refuses.
    ///
    /// [`verify`]: super::verify
    pub fn armor(&self, key: &PublicKey, namespace: &str, message: &[u8]) -> Result<String, SignatureError> {
        let len = self.len();
        if len > MAX_ARMOR_LEN {
            return Err(SignatureError::TooLong { len });
        }
        let armor = match self {
            Self::Blob(signature) => signature::armored(key, namespace, signature),
            Self::Armor(text) => armor::encode(&armor::decode_leniently(text).ok_or(SignatureError::Armor)?),
        };
        let found = signature::verify(&armor, namespace, message)?;
        if found == *key { Ok(armor) } else { Err(SignatureError::OtherKey { expected: *key, found }) }
    }

    fn len(&self) -> usize {
        match self {
            Self::Blob(signature) => signature.len(),
            Self::Armor(text) => text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Signer;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::integrity::ssh_wire::put_string;
    use crate::integrity::{EVENT_NAMESPACE, SigningKey, signed_data};

    const MESSAGE: &[u8] = b"{\"v\":1}\n";

    fn key() -> SigningKey {
        SigningKey::from_seed(&[7; 32])
    }

    fn read(given: &Unverified) -> Result<String, SignatureError> {
        given.armor(&key().public(), EVENT_NAMESPACE, MESSAGE)
    }

    fn good() -> String {
        key().sign(EVENT_NAMESPACE, MESSAGE)
    }

    /// The blob of a key with this seed, in software, or touched on a security key.
    fn blob(seed: u8, touch: &[u8]) -> Vec<u8> {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let data = signed_data(EVENT_NAMESPACE, MESSAGE);
        let (name, signed) = if touch.is_empty() {
            ("ssh-ed25519", data)
        } else {
            ("sk-ssh-ed25519@openssh.com", [&Sha256::digest(b"ssh:")[..], touch, &Sha256::digest(data)].concat())
        };
        let mut blob = Vec::new();
        put_string(&mut blob, name.as_bytes());
        put_string(&mut blob, &key.sign(&signed).to_bytes());
        blob.extend(touch);
        blob
    }

    fn security_key() -> PublicKey {
        let mut blob = Vec::new();
        put_string(&mut blob, b"sk-ssh-ed25519@openssh.com");
        put_string(&mut blob, key().public().point());
        put_string(&mut blob, b"ssh:");
        PublicKey::from_blob(&blob).expect("a good key")
    }

    #[test]
    fn however_an_armor_is_wrapped_it_is_written_one_way() {
        let good = good();
        let body: String = good.lines().filter(|line| !line.starts_with('-')).collect();
        let ways = [
            good.clone(),
            good.trim_end().to_owned(),
            good.replace('\n', "\r\n"),
            format!("\n{good}\n\n"),
            format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----"),
        ];
        for way in ways {
            assert_eq!(read(&Unverified::Armor(way.clone())), Ok(good.clone()), "{way:?}");
        }
    }

    #[test]
    fn what_is_no_armor_is_not_taken_for_one() {
        let good = good();
        let twice = format!("{good}{good}");
        let others = ["", "\n", "nonsense", &good[1..], &good[..good.len() - 2], &twice, &good.replace("SSH", "PGP")];
        for other in others {
            assert_eq!(read(&Unverified::Armor(other.to_owned())), Err(SignatureError::Armor), "{other:?}");
        }
    }

    #[test]
    fn a_blob_is_armored_as_ssh_keygen_would_have() {
        assert_eq!(read(&Unverified::Blob(blob(7, b""))), Ok(good()));
    }

    #[test]
    fn a_blob_of_a_touched_security_key_is_armored() {
        let armor = |touch: &[u8]| Unverified::Blob(blob(7, touch)).armor(&security_key(), EVENT_NAMESPACE, MESSAGE);
        let armored = armor(&[1, 0, 0, 0, 9]).expect("it was touched");
        assert_eq!(signature::verify(&armored, EVENT_NAMESPACE, MESSAGE), Ok(security_key()));
        assert_eq!(armor(&[0, 0, 0, 0, 9]), Err(SignatureError::NobodyPresent { flags: 0 }));
    }

    #[test]
    fn another_key_another_purpose_and_another_message_are_refused() {
        let other = SigningKey::from_seed(&[8; 32]);
        let by_another = read(&Unverified::Armor(other.sign(EVENT_NAMESPACE, MESSAGE)));
        assert_eq!(by_another, Err(SignatureError::OtherKey { expected: key().public(), found: other.public() }));
        let mismatch = Err(SignatureError::Mismatch { key: key().public() });
        assert_eq!(read(&Unverified::Blob(blob(8, b""))), mismatch);
        assert_eq!(read(&Unverified::Armor(key().sign(EVENT_NAMESPACE, b"another"))), mismatch);
        let for_another = read(&Unverified::Armor(key().sign("file", MESSAGE)));
        assert!(matches!(for_another, Err(SignatureError::Namespace { .. })), "{for_another:?}");
    }

    #[test]
    fn an_answer_beyond_any_signature_is_not_even_read() {
        let len = MAX_ARMOR_LEN + 1;
        assert_eq!(read(&Unverified::Armor(" ".repeat(len))), Err(SignatureError::TooLong { len }));
        assert_eq!(read(&Unverified::Blob(vec![0; len])), Err(SignatureError::TooLong { len }));
    }
}
