//! Signed notes: a text, and lines with the signatures of those who vouch for it.
//!
//! ```text
//! note      = text LF 1*signature
//! text      = lines that are not all empty, each with its LF
//! signature = "— " name " " base64(key id[4] || signature) LF
//! ```
//!
//! In scope: the form, and whether a known key signed. Out of scope: what the text says.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::note_key::NoteKey;

/// The most bytes in a note.
pub const MAX_NOTE: usize = 1 << 20;
/// The most signatures under a note.
const MAX_SIGNATURES: usize = 100;

/// A text with signatures under it, of which none is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A signature under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name that the key signs under.
    pub name: String,
    /// The four bytes that mark its signatures.
    pub key_id: [u8; 4],
    /// What follows them, by the type of the key.
    pub bytes: Vec<u8>,
}

/// Why bytes are no signed note, or not signed by a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Too many bytes, or something else than text.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// A line below the text is no signature.
    #[error("not a signed note: line {0} is no signature")]
    Line(usize),
    /// None of the signatures is by that key.
    #[error("not signed by {name} with the key {key_id:08x}")]
    Unsigned {
        /// The name that the key signs under.
        name: String,
        /// The key's id.
        key_id: u32,
    },
    /// A signature says that it is by that key, and is not.
    #[error("the signature of {name} with the key {key_id:08x} does not fit the text")]
    Forged {
        /// The name that the key signs under.
        name: String,
        /// The key's id.
        key_id: u32,
    },
}

impl Note {
    /// A text that nobody has signed yet.
    ///
    /// # Errors
    ///
    /// [`NoteError::Form`] for what cannot be signed.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Form("its text does not end with a line feed"));
        }
        if text.chars().any(is_control) {
            return Err(NoteError::Form("it has control characters"));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// [`NoteError::Form`], [`NoteError::Line`].
    ///
    /// # Source
    ///
    /// C2SP signed-note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::Form("it has more than 1 MiB"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Form("it is not UTF-8"))?;
        if all.chars().any(is_control) {
            return Err(NoteError::Form("it has control characters"));
        }
        // The last empty line divides: the text may have others.
        let Some(end) = all.rfind("\n\n") else {
            return Err(NoteError::Form("no empty line stands between its text and its signatures"));
        };
        let mut note = Self::new(all[..=end].to_owned())?;
        let lines = all[end + 2..].split_inclusive('\n');
        let first = note.text.lines().count() + 2;
        for (place, line) in lines.enumerate() {
            let signature =
                line.strip_suffix('\n').and_then(NoteSignature::parse).ok_or(NoteError::Line(first + place))?;
            if note.signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::Form("it has more than 100 signatures"));
            }
            note.signatures.push(signature);
        }
        if note.signatures.is_empty() {
            return Err(NoteError::Form("it has no signature"));
        }
        Ok(note)
    }

    /// The text, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in their order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Takes one more signature, unless one of that key is there.
    pub fn add(&mut self, signature: NoteSignature) {
        let is_same = |known: &NoteSignature| (&known.name, known.key_id) == (&signature.name, signature.key_id);
        if !self.signatures.iter().any(is_same) {
            self.signatures.push(signature);
        }
    }

    /// The same text with one signature.
    pub(super) fn only(&self, signature: NoteSignature) -> Self {
        Self { text: self.text.clone(), signatures: vec![signature] }
    }

    /// The signatures that say they are by that key, of which every one must hold.
    ///
    /// # Errors
    ///
    /// [`NoteError::Unsigned`] if there is none.
    pub fn signatures_by<const TYPE: u8>(
        &self,
        key: &NoteKey<TYPE>,
    ) -> Result<impl Iterator<Item = &NoteSignature>, NoteError> {
        let is_by = |signature: &&NoteSignature| signature.name == key.name() && signature.key_id == key.key_id();
        let mut found = self.signatures.iter().filter(is_by).peekable();
        if found.peek().is_none() {
            return Err(NoteError::Unsigned { name: key.name().to_owned(), key_id: key.id_number() });
        }
        Ok(found.collect::<Vec<_>>().into_iter())
    }
}

/// What no note has: a control character of ASCII, but for the ends of its lines.
fn is_control(c: char) -> bool {
    c.is_ascii_control() && c != '\n'
}

impl NoteSignature {
    /// Reads a signature's line, without its line feed; nothing, if it is none.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
        let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
        let bytes = BASE64_STANDARD.decode(base64).ok().filter(|_| is_name)?;
        let (key_id, bytes) = bytes.split_first_chunk::<4>().filter(|(_, rest)| !rest.is_empty())?;
        Some(Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "— {} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::{LogSigner, Vkey};

    /// Go's own example, from the documentation of `golang.org/x/mod/sumdb/note`.
    const GO: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    fn key() -> Vkey {
        GO_KEY.parse().expect("a good key")
    }

    fn checked(text: &str, key: &Vkey) -> Result<(), NoteError> {
        let note = Note::parse(text.as_bytes())?;
        note.signatures_by(key)?.try_for_each(|signature| key.verify(note.text(), &signature.bytes))
    }

    #[test]
    fn a_note_signed_by_go_holds_and_is_written_as_it_was_read() {
        assert_eq!(checked(GO, &key()), Ok(()));
        let note = Note::parse(GO.as_bytes()).expect("a note");
        assert_eq!((note.to_string().as_str(), note.signatures().len()), (GO, 1));
    }

    #[test]
    fn every_changed_byte_of_a_note_is_found() {
        for place in 0..GO.len() {
            let mut bytes = GO.as_bytes().to_vec();
            bytes[place] ^= 1;
            let outcome = std::str::from_utf8(&bytes).is_ok_and(|text| checked(text, &key()).is_ok());
            assert!(!outcome, "byte {place}");
        }
    }

    #[test]
    fn a_note_that_others_signed_is_not_signed_by_the_key() {
        let other = LogSigner::from_seed("PeterNeumann", &[3; 32]).expect("a good name");
        let mut note = Note::parse(GO.as_bytes()).expect("a note");
        assert!(matches!(checked(GO, &other.vkey()), Err(NoteError::Unsigned { .. })));
        note.add(other.sign(note.text()));
        assert_eq!((checked(&note.to_string(), &other.vkey()), checked(&note.to_string(), &key())), (Ok(()), Ok(())));
        // Under its own id, a signature that does not fit is no signature of somebody else.
        let forged = NoteSignature { bytes: vec![0; 64], ..other.sign(note.text()) };
        let mut note = Note::new(note.text().to_owned()).expect("a text");
        note.add(forged.clone());
        assert!(matches!(checked(&note.to_string(), &other.vkey()), Err(NoteError::Forged { .. })));
        // Nor behind one that does.
        let both = format!("{}\n{}\n{forged}\n", note.text(), other.sign(note.text()));
        assert!(matches!(checked(&both, &other.vkey()), Err(NoteError::Forged { .. })));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let text = "a\n\n— w AAAAAAA=\n";
        assert!(Note::parse(text.as_bytes()).is_ok());
        for other in [
            "",
            "\n",
            "a\n",
            "a\n\n",
            "a\n\n— w AAAAAAA=",
            "a\n\n- w AAAAAAA=\n",
            "a\n\n— w+ AAAAAAA=\n",
            "a\n\n—  AAAAAAA=\n",
            "a\n\n— w AAAAAA==\n",
            "a\n\n— w AAAAAAB=\n",
            "a\n\n— w AAAAAAA=\nb\n",
            "a\tb\n\n— w AAAAAAA=\n",
            "a\r\n\n— w AAAAAAA=\n",
            "a\n\n— w\u{7} AAAAAAA=\n",
        ] {
            assert!(Note::parse(other.as_bytes()).is_err(), "{other:?}");
        }
        let many = format!("a\n\n{}", "— w AAAAAAA=\n".repeat(101));
        assert_eq!(Note::parse(many.as_bytes()), Err(NoteError::Form("it has more than 100 signatures")));
    }

    #[test]
    fn a_line_that_is_no_signature_is_told_by_its_number() {
        for (text, line) in [("a\n\nb\n", 3), ("a\n\n— w AAAAAAA=\nb\n", 4), ("a\n\na\n\n— w AAAAAAA=\n\u{2014}\n", 6)]
        {
            assert_eq!(Note::parse(text.as_bytes()), Err(NoteError::Line(line)), "{text:?}");
        }
    }

    #[test]
    fn a_note_has_at_most_a_mebibyte() {
        let of_len = |len: usize| {
            let end = "\n\n— w AAAAAAA=\n";
            Note::parse(format!("{}{end}", "a".repeat(len - end.len())).as_bytes()).map(drop)
        };
        assert_eq!(of_len(MAX_NOTE), Ok(()));
        for len in [MAX_NOTE + 1, MAX_NOTE + 2] {
            assert_eq!(of_len(len), Err(NoteError::Form("it has more than 1 MiB")), "{len} bytes");
        }
    }
}
