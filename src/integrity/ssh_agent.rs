//! What an ssh-agent is asked, and what it answers: as much of it as signing with Ed25519 needs.
//!
//! ```text
//! message    = uint32 length || byte type || body
//! list       = 11                                        answered by
//! identities = 12 || uint32 number || number × (string key || string comment)
//! sign       = 13 || string key || string data || uint32 0      answered by
//! signature  = 14 || string (string "ssh-ed25519" || string signature[64])
//! ```
//!
//! The signature of a key in software is plain Ed25519 over the data, and so over a note's text: it is what a log's key in a file
//! would have made. That of a security key is over other bytes, and is of no use for notes.
//!
//! In scope: the bytes. Out of scope: how one comes to an agent.
//!
//! # Source
//!
//! draft-miller-ssh-agent, sections 3.5 and 3.6; RFC 8709, section 6.

use super::ssh_key::{Algorithm, PublicKey};
use super::ssh_wire::{Reader, WireError, put_string};

/// The most bytes of an answer; OpenSSH's own limit.
pub const MAX_ANSWER: u32 = 256 << 10;

const LIST: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN: u8 = 13;
const SIGNATURE: u8 = 14;

/// A key that an agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its public half.
    pub key: PublicKey,
    /// What it is called.
    pub comment: String,
}

/// Why an answer is none to what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgentAnswerError {
    /// It says something else: most often that it failed.
    #[error("it refused")]
    Refused,
    /// It is no answer of an agent.
    #[error("its answer cannot be read: {0}")]
    Wire(#[from] WireError),
    /// It signed in another way.
    #[error("it signed with something else than Ed25519")]
    Algorithm,
}

/// Asks which keys there are.
pub fn list() -> Vec<u8> {
    message(&[LIST])
}

/// Asks for a signature by a key over data.
pub fn sign(key: &PublicKey, data: &[u8]) -> Vec<u8> {
    let mut body = vec![SIGN];
    put_string(&mut body, &key.to_blob());
    put_string(&mut body, data);
    body.extend(0_u32.to_be_bytes());
    message(&body)
}

/// The keys of Ed25519 in software that an answer lists, without its length; others are passed over.
///
/// # Errors
///
/// [`AgentAnswerError`].
pub fn identities(answer: &[u8]) -> Result<Vec<Identity>, AgentAnswerError> {
    let mut reader = expect(answer, IDENTITIES)?;
    let mut found = Vec::new();
    for _ in 0..reader.uint32()? {
        let (blob, comment) = (reader.string()?, reader.string()?);
        let key = PublicKey::from_blob(blob).ok().filter(|key| key.algorithm() == Algorithm::Ed25519);
        found.extend(key.map(|key| Identity { key, comment: String::from_utf8_lossy(comment).into_owned() }));
    }
    reader.finish()?;
    Ok(found)
}

/// The signature of Ed25519 that an answer holds, without its length. Nothing of it is checked.
///
/// # Errors
///
/// [`AgentAnswerError`].
pub fn signature(answer: &[u8]) -> Result<[u8; 64], AgentAnswerError> {
    let mut reader = expect(answer, SIGNATURE)?;
    let blob = reader.string()?;
    reader.finish()?;
    let mut reader = Reader::new(blob);
    if reader.string()? != Algorithm::Ed25519.name().as_bytes() {
        return Err(AgentAnswerError::Algorithm);
    }
    let signature = reader.array()?;
    reader.finish()?;
    Ok(signature)
}

fn message(body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(4 + body.len());
    put_string(&mut message, body);
    message
}

fn expect(answer: &[u8], r#type: u8) -> Result<Reader<'_>, AgentAnswerError> {
    let mut reader = Reader::new(answer);
    if reader.byte()? == r#type { Ok(reader) } else { Err(AgentAnswerError::Refused) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::SigningKey;

    fn key() -> PublicKey {
        SigningKey::from_seed(&[7; 32]).public()
    }

    /// An answer of that type, with strings.
    fn answer(r#type: u8, number: Option<u32>, strings: &[&[u8]]) -> Vec<u8> {
        let mut answer = vec![r#type];
        answer.extend(number.into_iter().flat_map(u32::to_be_bytes));
        for string in strings {
            put_string(&mut answer, string);
        }
        answer
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        let [_, on_a_security_key] = key().forms();
        let strings: [&[u8]; 6] = [b"rsa", b"a", &on_a_security_key.to_blob(), b"b", &key().to_blob(), b"c"];
        let found = identities(&answer(IDENTITIES, Some(3), &strings)).expect("an answer");
        assert_eq!(found, [Identity { key: key(), comment: "c".to_owned() }]);
    }

    #[test]
    fn an_answer_that_is_cut_off_or_goes_on_is_none() {
        let blob = answer(0, None, &[b"ssh-ed25519", &[9; 64]])[1..].to_vec();
        let signed = answer(SIGNATURE, None, &[&blob]);
        assert_eq!(signature(&signed), Ok([9; 64]));
        let listed = answer(IDENTITIES, Some(1), &[&key().to_blob(), b"c"]);
        for end in 0..signed.len() {
            assert!(signature(&signed[..end]).is_err(), "{end}");
        }
        for end in 0..listed.len() {
            assert!(identities(&listed[..end]).is_err(), "{end}");
        }
        assert!(signature(&[&signed[..], b"x"].concat()).is_err());
        assert!(identities(&answer(IDENTITIES, Some(u32::MAX), &[])).is_err(), "and it is not waited for");
        assert_eq!(signature(&[5]), Err(AgentAnswerError::Refused));
        let other = answer(0, None, &[b"ssh-rsa", &[9; 64]])[1..].to_vec();
        assert_eq!(signature(&answer(SIGNATURE, None, &[&other])), Err(AgentAnswerError::Algorithm));
    }

    #[test]
    fn what_is_asked_has_its_length_before_it() {
        assert_eq!(list(), [0, 0, 0, 1, 11]);
        let asked = sign(&key(), b"ab");
        assert_eq!(asked[..5], [&(u32::try_from(asked.len()).expect("short") - 4).to_be_bytes()[..], &[13]].concat());
        assert!(asked.ends_with(&[0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0]));
    }
}
