//! What a witness says under a checkpoint: that at a time it was the largest of that log that it had seen, and that it
//! went on from those before.
//!
//! ```text
//! message   = "cosignature/v1" LF "time " seconds LF text of the checkpoint
//! signature = seconds (64 bits, big-endian) || Ed25519 over the message
//! ```

use super::checkpoint::Verified;
use super::note::{NoteError, NoteSignature};
use super::note_key::{WitnessKey, WitnessSigner};

impl WitnessSigner {
    /// Signs a checkpoint's text at a time, in seconds since 1970.
    ///
    /// # Source
    ///
    /// C2SP tlog-cosignature, of Ed25519.
    pub fn cosign(&self, checkpoint: &Verified, seconds: u64) -> NoteSignature {
        let signature = self.sign_bytes(&message(seconds, checkpoint.note().text()));
        self.signature([&seconds.to_be_bytes()[..], &signature].concat())
    }
}

impl WitnessKey {
    /// When the witness signed a checkpoint, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`NoteError::Unsigned`] if it did not, [`NoteError::Forged`] if its signature does not hold.
    ///
    /// # Source
    ///
    /// C2SP tlog-cosignature, of Ed25519.
    pub fn cosigned(&self, checkpoint: &Verified) -> Result<u64, NoteError> {
        let mut newest = 0;
        for signature in checkpoint.note().signatures_by(self)? {
            let (seconds, signature) = signature.bytes.split_first_chunk::<8>().ok_or_else(|| self.forged())?;
            let seconds = u64::from_be_bytes(*seconds);
            // Without a time, nothing is said of what is the largest.
            if seconds == 0 || i64::try_from(seconds).is_err() {
                return Err(self.forged());
            }
            let signature = signature.try_into().map_err(|_| self.forged())?;
            self.check(&message(seconds, checkpoint.note().text()), signature)?;
            newest = newest.max(seconds);
        }
        Ok(newest)
    }

    /// Whether a signature is the witness's own on a checkpoint, whatever else stands under that.
    pub fn is_signed_by(&self, checkpoint: &Verified, signature: &NoteSignature) -> bool {
        self.cosigned(&checkpoint.alone().with([signature.clone()])).is_ok()
    }
}

fn message(seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::LogSigner;
    use crate::integrity::checkpoint::Checkpoint;

    fn checkpoint() -> Verified {
        let signer = LogSigner::from_seed("ledger.example/log", &[9; 32]).expect("a good name");
        Checkpoint { origin: "ledger.example/log".to_owned(), size: 3, root: [7; 32] }.sign(&signer).expect("it is one")
    }

    #[test]
    fn a_cosignature_is_of_one_text_and_one_time() {
        let witness = WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
        let key = witness.vkey();
        let plain = checkpoint();
        assert!(matches!(key.cosigned(&plain), Err(NoteError::Unsigned { .. })));
        let signature = witness.cosign(&plain, 1_679_315_147);
        let signed = plain.clone().with([signature.clone()]);
        assert_eq!(key.cosigned(&signed), Ok(1_679_315_147));
        for place in 0..signature.bytes.len() {
            let mut other = signature.clone();
            other.bytes[place] ^= 1;
            assert!(
                matches!(key.cosigned(&plain.clone().with([other])), Err(NoteError::Forged { .. })),
                "byte {place}"
            );
        }
        for cut in [0, 8, 71] {
            let other = NoteSignature { bytes: signature.bytes[..cut].to_vec(), ..signature.clone() };
            assert!(matches!(key.cosigned(&plain.clone().with([other])), Err(NoteError::Forged { .. })), "{cut} bytes");
        }
        let timeless = witness.cosign(&plain, 0);
        assert!(key.cosigned(&plain.clone().with([timeless])).is_err());
        let far = witness.cosign(&plain, u64::MAX);
        assert!(key.cosigned(&plain.with([far])).is_err());
    }
}
