//! Recorders' keys: a key file as `ssh-keygen` writes it, or a new one.

use std::path::{Path, PathBuf};

use crate::integrity::note_key::{LogSigner, NoteKeyError, Vkey, WitnessSigner};
use crate::integrity::signature::EVENT_NAMESPACE;
use crate::integrity::signing_key::{SigningKey, SigningKeyError};
use crate::integrity::ssh_key::PublicKey;
use crate::store::{folder as store_folder, whole_file};

/// Somebody who can sign a batch.
pub trait Signer {
    /// The public half of the key.
    fn public(&self) -> PublicKey;

    /// Signs the statement that ends a batch, with its line feed; the answer is an armored SSHSIG.
    ///
    /// # Errors
    ///
    /// [`SignerError`], if the key cannot be used now.
    fn sign(&self, statement: &[u8]) -> Result<String, SignerError>;
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
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Absent { .. } => "give the key with --key FILE or SERVANDA_KEY; `servanda init` makes one".to_owned(),
            Self::OpenToOthers { file, .. } => format!("chmod 600 {}", file.display()),
            Self::Unusable { source: SigningKeyError::Encrypted, .. } => {
                "use a key without a passphrase, made for this: ssh-keygen -t ed25519 -N '' -f FILE".to_owned()
            }
            Self::Unusable { .. } => "a key is made with: ssh-keygen -t ed25519 -N '' -f FILE".to_owned(),
            Self::NoLogKey { .. } => "it holds one line, `PRIVATE+KEY+NAME+ID+…`".to_owned(),
            Self::OtherLogKey { .. } => {
                "the log's key lies in the ledger's folder `keys/`, and is never copied: sign where it is".to_owned()
            }
            Self::Io { .. } => "look at the file and its folder".to_owned(),
        }
    }
}

/// A key read from a file.
#[derive(Debug)]
pub struct KeyFile(SigningKey);

impl KeyFile {
    /// A key at hand.
    pub fn of(key: SigningKey) -> Self {
        Self(key)
    }

    /// Reads an OpenSSH private key. As ssh does, it refuses a file that others can read.
    ///
    /// # Errors
    ///
    /// [`SignerError`], with what to do about it.
    pub fn read(file: &Path) -> Result<Self, SignerError> {
        SigningKey::from_openssh(&secret(file)?)
            .map(Self)
            .map_err(|source| SignerError::Unusable { file: file.to_owned(), source })
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
        whole_file::create_new(file, key.to_openssh(comment).as_bytes(), Some(0o600)).map_err(io)?;
        let public = format!("{} {comment}\n", key.public());
        let mut beside = file.as_os_str().to_owned();
        beside.push(".pub");
        whole_file::replace(Path::new(&beside), public.as_bytes(), None).map_err(io)?;
        Ok(Self(key))
    }
}

impl Signer for KeyFile {
    fn public(&self) -> PublicKey {
        self.0.public()
    }

    fn sign(&self, statement: &[u8]) -> Result<String, SignerError> {
        Ok(self.0.sign(EVENT_NAMESPACE, statement))
    }
}

/// Reads the log's key from its file, if it is the one in use.
///
/// # Errors
///
/// [`SignerError`], with what to do about it.
pub fn log_signer(file: &Path, in_use: Option<&Vkey>) -> Result<LogSigner, SignerError> {
    let signer: LogSigner =
        secret(file)?.trim_end().parse().map_err(|source| SignerError::NoLogKey { file: file.to_owned(), source })?;
    let found = signer.vkey();
    if in_use == Some(&found) {
        return Ok(signer);
    }
    let expected = in_use.map_or_else(|| "none".to_owned(), ToString::to_string);
    Err(SignerError::OtherLogKey { file: file.to_owned(), expected, found: found.to_string() })
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
    whole_file::create_new(file, format!("{text}\n").as_bytes(), Some(0o600)).map_err(io)
}

/// Reads the text of a private key. As ssh does, it refuses a file that others can read.
fn secret(file: &Path) -> Result<String, SignerError> {
    let io = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => SignerError::Absent { file: file.to_owned() },
        _ => SignerError::Io { file: file.to_owned(), source },
    };
    let metadata = std::fs::metadata(file).map_err(io)?;
    check_mode(file, &metadata)?;
    if metadata.len() > 64 << 10 {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, "too long for a key file");
        return Err(SignerError::Io { file: file.to_owned(), source });
    }
    std::fs::read_to_string(file).map_err(io)
}

#[cfg(unix)]
fn check_mode(file: &Path, metadata: &std::fs::Metadata) -> Result<(), SignerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 { Ok(()) } else { Err(SignerError::OpenToOthers { file: file.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &std::fs::Metadata) -> Result<(), SignerError> {
    Ok(())
}
