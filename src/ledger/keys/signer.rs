//! Recorders' keys: a key file as `ssh-keygen` writes it, or a new one; or a key that `ssh-keygen` signs with, because
//! only a passphrase, an agent or a security key gives it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::integrity::note_key::{LogSigner, NoteKeyError, Vkey, WitnessSigner};
use crate::integrity::signature::{EVENT_NAMESPACE, SignatureError};
use crate::integrity::signing_key::{SigningKey, SigningKeyError};
use crate::integrity::ssh_key::PublicKey;
use crate::integrity::unverified::Unverified;
use crate::ledger::state::authority::Authority;
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

/// How the file of a log's key ends that is to take the place of the one beside it.
pub(crate) const NEXT: &str = "next";
/// The most bytes of a key's file.
const MAX_KEY_BYTES: u64 = 64 << 10;

/// Somebody who can sign a batch: a key file, an agent, a key service.
///
/// What it hands over is checked before anything is written, so that a signer that is wrong costs an append, and no more.
pub trait Signer: Send + Sync {
    /// The public half of the key.
    fn public(&self) -> PublicKey;

    /// Signs the statement that ends a batch, with its line feed, for the namespace [`EVENT_NAMESPACE`]: an armor, or the
    /// SSH signature over [`signed_data`](crate::integrity::signed_data) of both.
    ///
    /// # Errors
    ///
    /// [`SignerError`], if the key cannot be used now; [`SignerError::Service`] is for signers that are no files.
    fn sign(&self, statement: &[u8]) -> Result<Unverified, SignerError>;
}

/// Has a signer sign the statement that ends a batch, with its line feed, and returns the armor to be written.
pub(crate) fn armor_by(signer: &dyn Signer, key: &PublicKey, statement: &[u8]) -> Result<String, SignerError> {
    let given = signer.sign(statement)?;
    given.armor(key, EVENT_NAMESPACE, statement).map_err(|source| SignerError::NoSignature { key: *key, source })
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// There is no such file.
    #[error("there is no key file {}", .file.display())]
    Absent {
        /// The file.
        file: PathBuf,
    },
    /// The log's own is not where it is kept.
    #[error("the log's own key is not there: {}{}", .file.display(), .agent.as_deref().unwrap_or_default())]
    LostLogKey {
        /// The file.
        file: PathBuf,
        /// Why no agent has it either, behind a semicolon; nothing, where none was to be asked.
        agent: Option<String>,
    },
    /// Others than its owner can read it.
    #[error("the key file {} can be read by others: its mode is {mode:o}", .file.display())]
    OpenToOthers {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds no key that can sign here.
    #[error("the key file {} cannot be used: {source}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: SigningKeyError,
    },
    /// `ssh-keygen`, which signs with this key, did not.
    #[error("ssh-keygen did not sign with {}: {what}", .file.display())]
    NotSigned {
        /// The file.
        file: PathBuf,
        /// What it answered.
        what: String,
    },
    /// It signs only once somebody was asked, and nobody is there.
    #[error("the key file {} signs only when somebody is asked: {because}", .file.display())]
    WouldAsk {
        /// The file.
        file: PathBuf,
        /// What would be asked for.
        because: &'static str,
    },
    /// What signs is no file, and did not.
    #[error("{name} did not sign: {source}")]
    Service {
        /// What it is called.
        name: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An ssh-agent did not sign for the log, or does not have its key.
    #[error("the ssh-agent did not sign for the log: {what}")]
    Agent {
        /// What it answered, or why it cannot be asked.
        what: String,
    },
    /// What was handed over is no signature of the batch. Nothing of it was written.
    #[error("what was signed for the key {} is no signature of this batch with it: {source}", .key.fingerprint())]
    NoSignature {
        /// The key that should have signed.
        key: PublicKey,
        /// What is wrong.
        source: SignatureError,
    },
    /// It holds no key of a log, or of a witness.
    #[error("the key file {} cannot be used: {source}", .file.display())]
    NoLogKey {
        /// The file.
        file: PathBuf,
        /// Why.
        source: NoteKeyError,
    },
    /// It holds another key than the log's.
    #[error("{} holds the key {found}, and the log signs with {expected}", .file.display())]
    OtherLogKey {
        /// The file.
        file: PathBuf,
        /// The log key in use.
        expected: String,
        /// What is there.
        found: String,
    },
    /// It holds a key of the log that another took the place of.
    #[error("{} holds an earlier key of the log, in whose place event {replaced} put {expected}", .file.display())]
    EarlierLogKey {
        /// The file.
        file: PathBuf,
        /// The log key in use.
        expected: String,
        /// The event that named the next key.
        replaced: u64,
    },
    /// The log's key is not in its place yet, but beside it.
    #[error("a change of the log's key was stopped: the new one is in {}, and not in its place", .next.display())]
    PendingLogKey {
        /// Where it is.
        next: PathBuf,
    },
    /// The operating system refused.
    #[error("the key file {} cannot be reached: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl SignerError {
    /// Returns the error for whoever knows the keys that the log had: a file that holds an earlier one of them is told as that.
    #[must_use]
    pub fn of_log(self, keys: &Authority) -> Self {
        match self {
            Self::OtherLogKey { file, expected, found } => match keys.log_key_replaced(&found) {
                Some(replaced) => Self::EarlierLogKey { file, expected, replaced },
                None => Self::OtherLogKey { file, expected, found },
            },
            other => other,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Absent { .. } => {
                "give the key with --key FILE or SERVANDA_KEY; `servanda init` makes one for a new ledger, and `servanda key add` \
                 has a ledger take another"
                    .to_owned()
            }
            Self::LostLogKey { agent, .. } => {
                let held = match agent {
                    Some(_) => {
                        "if an ssh-agent holds it, start that and have SSH_AUTH_SOCK say where it listens: `ssh-add -l` shows the key. \
                         If it was in the file, copy"
                    }
                    None => "copy",
                };
                format!(
                    "{held} it back from where you keep it, as it is in no backup; SERVANDA_LOG_KEY names another file. Only where every \
                     copy of it is lost, `servanda key replace-log --because lost` has the log sign with another from now on"
                )
            }
            Self::OpenToOthers { file, .. } => format!("chmod 600 {}", file.display()),
            Self::NotSigned { .. } => {
                "a public key's private half is asked of ssh-agent: `ssh-add -l` lists what it has".to_owned()
            }
            Self::WouldAsk { .. } => {
                "give a key without a passphrase that only this process can read, or sign where somebody is".to_owned()
            }
            Self::Agent { .. } => {
                "`ssh-add -l` lists what the agent has, and SSH_AUTH_SOCK says where it listens".to_owned()
            }
            Self::Service { .. } => "nothing was appended: try again when it answers".to_owned(),
            Self::NoSignature { .. } => {
                "nothing was appended: look at what signs with this key, an agent, `ssh-keygen` or a service".to_owned()
            }
            Self::Unusable { .. } => "a key is made with: ssh-keygen -t ed25519 -N '' -f FILE".to_owned(),
            Self::NoLogKey { .. } => "it holds one line, `PRIVATE+KEY+NAME+ID+…`".to_owned(),
            Self::OtherLogKey { .. } => {
                "that was never a key of this log: copy the one in use there from where you keep it, or name its file with \
                 SERVANDA_LOG_KEY"
                    .to_owned()
            }
            Self::EarlierLogKey { .. } => {
                "copy the newer key there from where you keep it, or name its file with SERVANDA_LOG_KEY".to_owned()
            }
            Self::PendingLogKey { .. } => "`servanda key replace-log` finishes it".to_owned(),
            Self::Io { .. } => "look at the file and its folder".to_owned(),
        }
    }
}

/// A key that a file holds, or names.
#[derive(Debug)]
pub struct KeyFile(Held);

#[derive(Debug)]
enum Held {
    /// In memory.
    Here(SigningKey),
    /// Where `ssh-keygen` has it from.
    Elsewhere { file: PathBuf, public: PublicKey, because: &'static str },
}

impl KeyFile {
    /// A key at hand.
    pub fn of(key: SigningKey) -> Self {
        Self(Held::Here(key))
    }

    /// Reads an OpenSSH private key; as ssh does, it refuses a file that others can read.
    ///
    /// With a key that needs a passphrase or is on a security key, and with a public key, whose other half `ssh-agent` has,
    /// `ssh-keygen -Y sign` will sign, and ask whom it has to.
    ///
    /// # Errors
    ///
    /// [`SignerError`], with what to do about it.
    pub fn read(file: &Path) -> Result<Self, SignerError> {
        if let Some(public) = public_half(file)? {
            let because = "its private half is in an agent";
            return Ok(Self(Held::Elsewhere { file: file.to_owned(), public, because }));
        }
        let text = secret(file)?;
        let unusable = |source| SignerError::Unusable { file: file.to_owned(), source };
        match SigningKey::from_openssh(&text) {
            Ok(key) => Ok(Self::of(key)),
            Err(error @ (SigningKeyError::Encrypted | SigningKeyError::Algorithm { .. })) => {
                let public = SigningKey::public_of_openssh(&text).map_err(unusable)?;
                let because = match error {
                    SigningKeyError::Encrypted => "it has a passphrase",
                    _ => "a security key has to be touched",
                };
                Ok(Self(Held::Elsewhere { file: file.to_owned(), public, because }))
            }
            Err(source) => Err(unusable(source)),
        }
    }

    /// Reads an OpenSSH private key that signs without asking anybody, for a process that nobody watches.
    ///
    /// # Errors
    ///
    /// [`SignerError::WouldAsk`] for a key behind a passphrase, on a security key or in an agent, and every error of
    /// [`read`](Self::read).
    pub fn read_unattended(file: &Path) -> Result<Self, SignerError> {
        match Self::read(file)? {
            Self(Held::Elsewhere { file, because, .. }) => Err(SignerError::WouldAsk { file, because }),
            here => Ok(here),
        }
    }

    /// Makes a key of 32 random bytes and writes it, mode 0600, with its public half beside it as `FILE.pub`.
    ///
    /// # Errors
    ///
    /// [`SignerError::Io`], also if the file is there already.
    pub fn create(file: &Path, seed: &[u8; 32], comment: &str) -> Result<Self, SignerError> {
        let io = |source| SignerError::Io { file: file.to_owned(), source };
        let key = SigningKey::from_seed(seed);
        if let Some(folder) = file.parent() {
            store_folder::create(folder).map_err(io)?;
        }
        durable_file::create_new(file, key.to_openssh(comment).as_bytes(), Rights::Secret).map_err(io)?;
        let public = format!("{} {comment}\n", key.public());
        let mut beside = file.as_os_str().to_owned();
        beside.push(".pub");
        durable_file::replace(Path::new(&beside), public.as_bytes(), Rights::Usual).map_err(io)?;
        Ok(Self::of(key))
    }
}

impl Signer for KeyFile {
    fn public(&self) -> PublicKey {
        match &self.0 {
            Held::Here(key) => key.public(),
            Held::Elsewhere { public, .. } => *public,
        }
    }

    fn sign(&self, statement: &[u8]) -> Result<Unverified, SignerError> {
        let armor = match &self.0 {
            Held::Here(key) => key.sign(EVENT_NAMESPACE, statement),
            Held::Elsewhere { file, .. } => {
                ssh_keygen(file, statement).map_err(|what| SignerError::NotSigned { file: file.clone(), what })?
            }
        };
        Ok(Unverified::Armor(armor))
    }
}

/// The key of a file that holds a public one.
fn public_half(file: &Path) -> Result<Option<PublicKey>, SignerError> {
    let text = text_of(file)?;
    let line: Vec<&str> = text.split_whitespace().take(2).collect();
    Ok(line.join(" ").parse().ok())
}

/// Has `ssh-keygen` sign, which talks to the agent and to people itself; the answer is what it writes.
fn ssh_keygen(file: &Path, statement: &[u8]) -> Result<String, String> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", EVENT_NAMESPACE, "-f"]).arg(file);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("it cannot be run: {error}"))?;
    let mut stdin = child.stdin.take().expect("it was asked for");
    // It reads all of it before it writes. If it does not, its end tells.
    let _ = stdin.write_all(statement);
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "its answer is no text".to_owned())
}

/// Reads the log's key from its file, if it is the one in use.
///
/// # Errors
///
/// [`SignerError`], with what to do about it.
pub fn log_signer(file: &Path, in_use: Option<&Vkey>) -> Result<LogSigner, SignerError> {
    let error = match log_key_of(file) {
        Ok(signer) if in_use == Some(&signer.vkey()) => return Ok(signer),
        Ok(other) => SignerError::OtherLogKey {
            file: file.to_owned(),
            expected: in_use.map_or_else(|| "none".to_owned(), ToString::to_string),
            found: other.vkey().to_string(),
        },
        Err(SignerError::Absent { file }) => SignerError::LostLogKey { file, agent: None },
        Err(error) => return Err(error),
    };
    let next = file.with_extension(NEXT);
    let is_pending = log_key_of(&next).is_ok_and(|next| in_use == Some(&next.vkey()));
    Err(if is_pending { SignerError::PendingLogKey { next } } else { error })
}

/// Reads a log's key from its file, which a group may share: it can be read by others then, but not written.
pub(crate) fn log_key_of(file: &Path) -> Result<LogSigner, SignerError> {
    /// A group may read it.
    const SHARED: u32 = 0o040;
    let text = secret_but(file, SHARED)?;
    text.trim_end().parse().map_err(|source| SignerError::NoLogKey { file: file.to_owned(), source })
}

/// Reads a witness's key from its file.
///
/// # Errors
///
/// [`SignerError`], with what to do about it.
pub fn witness_signer(file: &Path) -> Result<WitnessSigner, SignerError> {
    let text = secret(file)?;
    text.trim_end().parse().map_err(|source| SignerError::NoLogKey { file: file.to_owned(), source })
}

/// Writes the text of a new private key, mode 0600, with the folder that it lies in.
///
/// # Errors
///
/// [`SignerError::Io`], also if the file is there already.
pub fn create_secret(file: &Path, text: &str) -> Result<(), SignerError> {
    let io = |source| SignerError::Io { file: file.to_owned(), source };
    if let Some(folder) = file.parent() {
        store_folder::create(folder).map_err(io)?;
    }
    durable_file::create_new(file, format!("{text}\n").as_bytes(), Rights::Secret).map_err(io)
}

/// Reads the text of a private key. As ssh does, it refuses a file that others can read.
fn secret(file: &Path) -> Result<String, SignerError> {
    secret_but(file, 0)
}

/// The same, but for permission bits that are as they should be.
fn secret_but(file: &Path, allowed: u32) -> Result<String, SignerError> {
    let text = text_of(file)?;
    let metadata = std::fs::metadata(file).map_err(|source| SignerError::Io { file: file.to_owned(), source })?;
    check_mode(file, &metadata, allowed)?;
    Ok(text)
}

/// A key may lie behind a link; what is no file in the end, as a pipe that would be waited for, is not read.
fn text_of(file: &Path) -> Result<String, SignerError> {
    let io = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => SignerError::Absent { file: file.to_owned() },
        _ => SignerError::Io { file: file.to_owned(), source },
    };
    let text =
        std::fs::canonicalize(file).and_then(|path| durable_file::read_text(&path, MAX_KEY_BYTES)).map_err(io)?;
    text.ok_or_else(|| SignerError::Absent { file: file.to_owned() })
}

#[cfg(unix)]
fn check_mode(file: &Path, metadata: &std::fs::Metadata, allowed: u32) -> Result<(), SignerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if (mode & !allowed).trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(SignerError::OpenToOthers { file: file.to_owned(), mode })
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &std::fs::Metadata, _: u32) -> Result<(), SignerError> {
    Ok(())
}
