//! Checkpoints: how many events a log has and the root over them, signed with the log's key.
//!
//! ```text
//! text = origin LF size LF base64(root) LF *(extension LF)
//! ```
//!
//! Ours have no extension lines; those of other logs may, and they are signed and not read.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::merkle::{Node, root};
use super::note::{Note, NoteError, NoteSignature};
use super::note_key::{LogSigner, Vkey, WitnessKey};

/// The most events that a checkpoint may stand for: what JSON's readers keep exactly.
pub const MAX_SIZE: u64 = (1 << 53) - 1;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of events.
    pub size: u64,
    /// The root over them.
    pub root: Node,
}

/// A checkpoint whose signature was checked with a log's key: there is no other way to have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    says: Checkpoint,
    note: Note,
    /// The signature that was checked.
    signed: NoteSignature,
}

/// Why bytes are no checkpoint of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// They are no note, or not signed with the log's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is none of a checkpoint.
    #[error("not a checkpoint: {0}")]
    Form(&'static str),
    /// It has no events, and another root than that of none.
    #[error("not a checkpoint: it has no events, and another root than that of none")]
    EmptyRoot {
        /// The log that it says it is of.
        origin: String,
    },
    /// It is of another log.
    #[error("a checkpoint of the log `{found}`, and `{expected}` was expected")]
    Origin {
        /// The log that was expected.
        expected: String,
        /// The log that it is of.
        found: String,
    },
}

impl Checkpoint {
    /// Reads the text of a checkpoint's note.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Form`], [`CheckpointError::EmptyRoot`].
    ///
    /// # Source
    ///
    /// C2SP tlog-checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Form("its last line has no end"))?.split('\n');
        let [Some(origin), Some(size), Some(root)] = [lines.next(), lines.next(), lines.next()] else {
            return Err(CheckpointError::Form("it has fewer than three lines"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Form("it has an empty line"));
        }
        let size = decimal(size).filter(|size| *size <= MAX_SIZE);
        let size = size.ok_or(CheckpointError::Form("its second line is no size"))?;
        let root: Option<Node> = node_of(root);
        let root = root.ok_or(CheckpointError::Form("its third line is no root"))?;
        if size == 0 && root != self::root(&[]) {
            return Err(CheckpointError::EmptyRoot { origin: origin.to_owned() });
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The note of it, signed with the log's key.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Form`] or [`CheckpointError::EmptyRoot`] if it is none, [`CheckpointError::Origin`] if the key is
    /// of another log.
    pub fn sign(self, signer: &LogSigner) -> Result<Verified, CheckpointError> {
        let bytes = signer.sign(&self.to_string()).bytes;
        self.signed(&signer.vkey(), bytes)
    }

    /// The note of it, with what whoever holds the log's key signed of its text.
    ///
    /// # Errors
    ///
    /// Those of [`sign`](Self::sign), and [`NoteError::Forged`] if it is no signature of the text by that key.
    pub fn signed(self, key: &Vkey, bytes: Vec<u8>) -> Result<Verified, CheckpointError> {
        let text = self.to_string();
        if Self::parse(&text)? != self {
            return Err(CheckpointError::Form("its origin is not one line"));
        }
        if key.name() != self.origin {
            return Err(CheckpointError::Origin { expected: self.origin, found: key.name().to_owned() });
        }
        key.verify(&text, &bytes)?;
        let signed = NoteSignature { name: key.name().to_owned(), key_id: key.key_id(), bytes };
        Ok(Verified { says: self, note: Note::new(text)?.only(signed.clone()), signed })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64_STANDARD.encode(self.root))
    }
}

impl Verified {
    /// Reads a checkpoint of the log with that key, and checks its signature.
    ///
    /// The log is the one that the verifier was told of, by its key's name: never one that the bytes name.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointError`].
    pub fn open(bytes: &[u8], key: &Vkey) -> Result<Self, CheckpointError> {
        Self::open_of(bytes, key.name(), key)
    }

    /// Reads a checkpoint of the log with that name and key, which need not have the log's name, and checks its signature.
    ///
    /// The name is the one that the verifier was told: never one that the bytes say.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointError`].
    ///
    /// # Source
    ///
    /// C2SP tlog-checkpoint: the key's name should be the log's, and does not have to.
    pub fn open_of(bytes: &[u8], origin: &str, key: &Vkey) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let mut signed = None;
        for signature in note.signatures_by(key)? {
            key.verify(note.text(), &signature.bytes)?;
            signed = signed.or(Some(signature.clone()));
        }
        let says = Checkpoint::parse(note.text())?;
        if says.origin != origin {
            return Err(CheckpointError::Origin { expected: origin.to_owned(), found: says.origin });
        }
        let signed = signed.expect("there is one at least");
        Ok(Self { says, note, signed })
    }

    /// Reads a checkpoint that a witness signed, which had checked the log's signature then: for the witness itself.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointError`] but [`Origin`](CheckpointError::Origin).
    pub fn reopen(bytes: &[u8], witness: &WitnessKey) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let signed = note.signatures_by(witness)?.next().cloned().expect("there is one at least");
        let found = Self { says: Checkpoint::parse(note.text())?, note, signed };
        witness.cosigned(&found)?;
        Ok(found)
    }

    /// The same with more signatures under it, of which none is checked.
    #[must_use]
    pub fn with(mut self, signatures: impl IntoIterator<Item = NoteSignature>) -> Self {
        for signature in signatures {
            self.note.add(signature);
        }
        self
    }

    /// The same with the one signature that was checked.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { note: self.note.only(self.signed.clone()), ..self.clone() }
    }

    /// What it says.
    pub fn says(&self) -> &Checkpoint {
        &self.says
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.says.origin
    }

    /// Number of events.
    pub fn size(&self) -> u64 {
        self.says.size
    }

    /// The root over them.
    pub fn root(&self) -> Node {
        self.says.root
    }

    /// The signed note, with whatever other signatures stand under it.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

/// A number as these formats write it: digits without leading zeros.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

/// A node as these formats write it: in base64.
pub(super) fn node_of(base64: &str) -> Option<Node> {
    BASE64_STANDARD.decode(base64).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "ledger.example/agreements";

    fn signer() -> LogSigner {
        LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name")
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size: 3, root: [7; 32] }
    }

    #[test]
    fn a_signed_checkpoint_is_read_back() {
        let signed = checkpoint().sign(&signer()).expect("it can be signed");
        let text = signed.note().to_string();
        assert!(text.starts_with("ledger.example/agreements\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n— "));
        assert_eq!(Verified::open(text.as_bytes(), &signer().vkey()), Ok(signed));
    }

    #[test]
    fn a_checkpoint_is_of_the_log_that_the_verifier_names() {
        let other = LogSigner::from_seed("ledger.example/others", &[9; 32]).expect("a good name");
        assert!(matches!(checkpoint().sign(&other), Err(CheckpointError::Origin { .. })));
        // The right key, over a text that names another log.
        let mut note = Note::new("ledger.example/others\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n".to_owned())
            .expect("a text");
        note.add(signer().sign(note.text()));
        let found = Verified::open(note.to_string().as_bytes(), &signer().vkey());
        assert!(matches!(found, Err(CheckpointError::Origin { .. })), "{found:?}");
    }

    #[test]
    fn alone_a_checkpoint_has_the_one_signature_that_was_checked() {
        let plain = checkpoint().sign(&signer()).expect("it can be signed");
        let other = LogSigner::from_seed("other.example", &[8; 32]).expect("a good name");
        let both = plain.clone().with([other.sign(plain.note().text())]);
        assert_eq!(both.note().signatures().len(), 2);
        let opened = Verified::open(both.note().to_string().as_bytes(), &signer().vkey()).expect("it is signed");
        assert_eq!((opened.clone(), opened.alone()), (both, plain));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(Checkpoint::parse(&format!("o\n3\n{root}\n")).map(|found| found.size), Ok(3));
        assert_eq!(Checkpoint::parse(&format!("o\n0\n{empty}\n")).map(|found| found.size), Ok(0));
        assert_eq!(Checkpoint::parse(&format!("o\n3\n{root}\nmore\n")).map(|found| found.size), Ok(3));
        for text in [
            String::new(),
            "o\n3\n".to_owned(),
            format!("o\n3\n{root}"),
            format!("\n3\n{root}\n"),
            format!("o\n3\n{root}\n\n"),
            format!("o\n03\n{root}\n"),
            format!("o\n+3\n{root}\n"),
            format!("o\n-3\n{root}\n"),
            format!("o\n\n{root}\n"),
            format!("o\n9007199254740992\n{root}\n"),
            format!("o\n18446744073709551616\n{root}\n"),
            format!("o\n0\n{root}\n"),
            format!("o\n3\n{}\n", &root[1..]),
            format!("o\n3\n{}\n", root.replace("wc=", "wd=")),
            "o\n3\n\n".to_owned(),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
        let two_lines = Checkpoint { origin: "a\nb".to_owned(), ..checkpoint() };
        assert!(two_lines.sign(&signer()).is_err());
    }
}
