//! Who signs for a log: its key in a file, in the ledger's own folder or where a link there leads, or an ssh-agent that holds it.
//!
//! What an agent signs for a key in software is plain Ed25519 over the note's text, as the key in a file signs it, so that who
//! verifies need not know. Nothing says which of them holds the key: the log names the key in use, and whoever has that signs.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::integrity::note_key::{LogSigner, Vkey};
use crate::integrity::ssh_agent::{self, AgentAnswerError, Identity, MAX_ANSWER};
use crate::integrity::ssh_key::PublicKey;
use crate::ledger::keys::signer::{SignerError, log_key_of, log_signer};

/// How long an agent may take to sign: somebody may have to be asked.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long it may take to say what it has, for which nobody is asked.
const LISTING: Duration = Duration::from_secs(5);

/// Somebody who can sign checkpoints of a log.
///
/// What it hands over is checked with the key before it is kept.
pub trait LogSigning {
    /// The log's key.
    fn vkey(&self) -> Vkey;

    /// Signs a note's text: 64 bytes of Ed25519.
    ///
    /// # Errors
    ///
    /// [`SignerError`], if the key cannot be used now.
    fn sign_text(&self, text: &str) -> Result<Vec<u8>, SignerError>;
}

impl LogSigning for LogSigner {
    fn vkey(&self) -> Vkey {
        self.vkey()
    }

    fn sign_text(&self, text: &str) -> Result<Vec<u8>, SignerError> {
        Ok(self.sign(text).bytes)
    }
}

/// Whoever holds the key of a log.
#[derive(Debug)]
pub enum LogHolder {
    /// A file.
    File {
        /// Which.
        file: PathBuf,
        /// What it holds.
        signer: LogSigner,
    },
    /// An agent.
    Agent(AgentKey),
}

/// A log's key that an agent holds.
#[derive(Debug)]
pub struct AgentKey {
    socket: PathBuf,
    key: PublicKey,
    vkey: Vkey,
}

impl LogSigning for LogHolder {
    fn vkey(&self) -> Vkey {
        match self {
            Self::File { signer, .. } => signer.vkey(),
            Self::Agent(agent) => agent.vkey.clone(),
        }
    }

    fn sign_text(&self, text: &str) -> Result<Vec<u8>, SignerError> {
        match self {
            Self::File { signer, .. } => signer.sign_text(text),
            Self::Agent(agent) => Ok(agent.sign(text)?.to_vec()),
        }
    }
}

impl LogHolder {
    /// The key of a log that a file holds, whichever log that is.
    ///
    /// # Errors
    ///
    /// [`SignerError`], with what to do about it.
    pub fn read(file: &Path) -> Result<Self, SignerError> {
        Ok(Self::File { file: file.to_owned(), signer: log_key_of(file)? })
    }

    /// Returns the file, if it holds the key in use.
    ///
    /// # Errors
    ///
    /// [`SignerError`], with what to do about it.
    pub fn of_file(file: &Path, in_use: Option<&Vkey>) -> Result<Self, SignerError> {
        log_signer(file, in_use).map(|signer| Self::File { file: file.to_owned(), signer })
    }

    /// Returns whoever holds the key in use: the file, or else the agent that listens there, if that has it.
    ///
    /// # Errors
    ///
    /// [`SignerError`] of the file, if neither has it; where there is no file, it says why no agent has it.
    pub fn of(file: &Path, agent: Option<&Path>, in_use: Option<&Vkey>) -> Result<Self, SignerError> {
        let (error, in_use) = match (Self::of_file(file, in_use), in_use) {
            (Err(error), Some(in_use)) => (error, in_use),
            (done, _) => return done,
        };
        match (AgentKey::in_use(agent, in_use), error) {
            (Ok(held), _) => Ok(Self::Agent(held)),
            (Err(why), SignerError::LostLogKey { file, .. }) => {
                let agent = format!("; nor has an ssh-agent {}: {why}", in_use.fingerprint());
                Err(SignerError::LostLogKey { file, agent: Some(agent) })
            }
            (Err(_), error) => Err(error),
        }
    }
}

impl AgentKey {
    /// Returns the key in use, if the agent holds it who listens there; else why not.
    fn in_use(socket: Option<&Path>, in_use: &Vkey) -> Result<Self, String> {
        let socket = socket.ok_or("SSH_AUTH_SOCK names none")?;
        let held = listed(socket).map_err(|error| match error {
            SignerError::Agent { what } => what,
            other => other.to_string(),
        })?;
        match held.into_iter().find(|held| held.key.point() == in_use.point()) {
            Some(held) => Ok(Self { socket: socket.to_owned(), key: held.key, vkey: in_use.clone() }),
            None => Err(format!("the one that listens at {} has other keys", socket.display())),
        }
    }

    /// The key of that fingerprint, or with that comment, that the agent holds who listens there; it signs for the log of that
    /// name.
    ///
    /// # Errors
    ///
    /// [`SignerError::Agent`] if there is no agent, or no such key, or several; [`SignerError::NoLogKey`] if the name cannot be a
    /// log's.
    pub fn named(socket: &Path, named: &str, log: &str) -> Result<Self, SignerError> {
        let key = Self::find(socket, named)?;
        let vkey = Vkey::of_point(log, key.point())
            .map_err(|source| SignerError::NoLogKey { file: socket.to_owned(), source })?;
        Ok(Self { socket: socket.to_owned(), key, vkey })
    }

    /// The public half of the key of that fingerprint, or with that comment.
    ///
    /// # Errors
    ///
    /// [`SignerError::Agent`] if there is no agent, or no such key, or several.
    pub fn find(socket: &Path, named: &str) -> Result<PublicKey, SignerError> {
        let held = listed(socket)?;
        let mut meant = held.iter().filter(|held| held.key.fingerprint() == named || held.comment == named);
        match (meant.next(), meant.next()) {
            (Some(one), None) => Ok(one.key),
            (None, _) => Err(refused(format!("it has no Ed25519 key {named}"))),
            (Some(_), Some(_)) => Err(refused(format!("it has several keys called {named}: give a fingerprint"))),
        }
    }

    fn sign(&self, text: &str) -> Result<[u8; 64], SignerError> {
        let answer = ask(&self.socket, &ssh_agent::sign(&self.key, text.as_bytes()))?;
        ssh_agent::signature(&answer).map_err(|error| not_answered(&error))
    }
}

/// What an agent says that it has. It is asked aside: one that was stopped keeps whoever asks waiting before the first byte.
fn listed(socket: &Path) -> Result<Vec<Identity>, SignerError> {
    let (tell, told) = mpsc::channel();
    let asked = socket.to_owned();
    thread::spawn(move || tell.send(ask(&asked, &ssh_agent::list())));
    let late = |_| refused(format!("{}: it does not say within {} s what it has", socket.display(), LISTING.as_secs()));
    let answer = told.recv_timeout(LISTING).map_err(late)??;
    ssh_agent::identities(&answer).map_err(|error| not_answered(&error))
}

/// Asks an agent, and gives its answer without the length.
fn ask(socket: &Path, question: &[u8]) -> Result<Vec<u8>, SignerError> {
    let io = |error: std::io::Error| refused(format!("{}: {error}", socket.display()));
    let agent = UnixStream::connect(socket).map_err(io)?;
    agent.set_write_timeout(Some(PATIENCE)).and_then(|()| (&agent).write_all(question)).map_err(io)?;
    let mut answering = Answering { agent, until: Instant::now() + PATIENCE };
    let mut len = [0; 4];
    answering.read_exact(&mut len).map_err(io)?;
    let len = u32::from_be_bytes(len);
    if len > MAX_ANSWER {
        return Err(refused(format!("its answer would have {len} bytes")));
    }
    let mut answer = Vec::new();
    answering.take(u64::from(len)).read_to_end(&mut answer).map_err(io)?;
    Ok(answer)
}

/// An agent that answers, which is waited for until then, however slowly it says something.
struct Answering {
    agent: UnixStream,
    until: Instant,
}

impl Read for Answering {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(std::io::Error::from(std::io::ErrorKind::TimedOut));
        }
        self.agent.set_read_timeout(Some(left))?;
        self.agent.read(buffer)
    }
}

fn refused(what: String) -> SignerError {
    SignerError::Agent { what }
}

fn not_answered(error: &AgentAnswerError) -> SignerError {
    refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_waited_for_as_long_as_for_one_answer_however_many_bytes_come() {
        let (mut other, agent) = UnixStream::pair().expect("two ends");
        other.write_all(b"a drop").expect("there is room");
        let late = Answering { agent, until: Instant::now() }.read(&mut [0]).expect_err("it is too late");
        assert_eq!(late.kind(), std::io::ErrorKind::TimedOut);
    }
}
