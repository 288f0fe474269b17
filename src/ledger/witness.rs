//! A witness for logs, ours and others': it signs a checkpoint only if it goes on from the last that it signed, and has
//! that on its disk before it answers.
//!
//! In scope: C2SP tlog-witness without its transport, which is a request's body and what is answered to it. A checkpoint
//! of a known log that does not go on is kept as evidence, with the one that it does not go on from.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::integrity::Vkey;
use crate::integrity::checkpoint::{Checkpoint, CheckpointError, Verified};
use crate::integrity::note::{MAX_NOTE, Note, NoteError};
use crate::integrity::note_key::WitnessSigner;
use crate::integrity::proof::{ProofError, check_consistency};
use crate::integrity::proof_file::{ConsistencyFile, ProofFileError};
use crate::store::lock::{Lock, LockError};
use crate::store::{folder as store_folder, whole_file};

/// How long a witness waits for another process that signs for it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes in a request.
pub const MAX_REQUEST: usize = MAX_NOTE + 64 * 64;

/// A witness with its key, the logs that it knows, and what it has signed.
#[derive(Debug)]
pub struct Witness {
    signer: WitnessSigner,
    logs: Vec<Vkey>,
    folder: PathBuf,
}

/// Why a checkpoint was not signed. Each has the status by which HTTP answers it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request is none.
    #[error(transparent)]
    Form(#[from] ProofFileError),
    /// What it has is no checkpoint.
    #[error(transparent)]
    NotCheckpoint(CheckpointError),
    /// The older size is the larger one.
    #[error("the older checkpoint has {old} events, more than the {new} of the newer")]
    Backwards {
        /// The older size, as the request says.
        old: u64,
        /// The size of the checkpoint.
        new: u64,
    },
    /// The log is not one of those that are known.
    #[error("the log `{0}` is not known here")]
    UnknownLog(String),
    /// No key of the log signed it.
    #[error(transparent)]
    Untrusted(CheckpointError),
    /// It goes on from another size than that of the last checkpoint that was signed here.
    #[error("the last checkpoint that was signed here has {known} events")]
    Conflict {
        /// Events of that checkpoint; none, if none was signed.
        known: u64,
    },
    /// The proof does not fit, whatever the log is.
    #[error(transparent)]
    Proof(ProofError),
    /// It is not shown to go on from the last checkpoint, with which it is kept.
    #[error("it is not shown to go on from the last checkpoint that was signed here: {why}; both are kept in {}", .evidence.display())]
    NotShown {
        /// Why not.
        why: ProofError,
        /// Where both are kept.
        evidence: PathBuf,
    },
    /// At one size it has another root than the last checkpoint: the log shows different histories.
    #[error("ALARM: the log signed two roots of {size} events; both checkpoints are kept in {}", .evidence.display())]
    Fork {
        /// Number of events.
        size: u64,
        /// Where both are kept.
        evidence: PathBuf,
    },
    /// The clock says nothing that can be signed.
    #[error("the clock says that it is 1970")]
    Clock,
    /// Another process signs for this witness.
    #[error("the witness is in use by {0}")]
    InUse(String),
    /// What was signed before cannot be read, or kept.
    #[error("{}: {what}", .file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl Refusal {
    /// The status by which HTTP answers it.
    ///
    /// # Source
    ///
    /// C2SP tlog-witness, `add-checkpoint`.
    pub fn status(&self) -> u16 {
        match self {
            // What the log signed is not what an empty log has.
            Self::NotCheckpoint(CheckpointError::EmptyRoot { .. }) => 422,
            Self::Form(_) | Self::NotCheckpoint(_) | Self::Backwards { .. } => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Conflict { .. } => 409,
            Self::Proof(_) | Self::NotShown { .. } | Self::Fork { .. } => 422,
            Self::State { .. } | Self::Clock => 500,
            Self::InUse(_) => 503,
        }
    }
}

impl Witness {
    /// With a key, the keys of the logs that it signs for, and its folder: what it signed lies in `signed`, and what logs
    /// should not have signed in `evidence`.
    pub fn new(signer: WitnessSigner, logs: Vec<Vkey>, folder: impl Into<PathBuf>) -> Self {
        Self { signer, logs, folder: folder.into() }
    }

    /// Signs the checkpoint of a request, if it goes on from the last; the answer is the line of the signature. The
    /// time is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// Every [`Refusal`].
    ///
    /// # Source
    ///
    /// C2SP tlog-witness, `add-checkpoint`.
    pub fn add_checkpoint(&self, request: &str, seconds: u64) -> Result<String, Refusal> {
        if seconds == 0 {
            return Err(Refusal::Clock);
        }
        let request = ConsistencyFile::parse(request)?;
        let newer = self.opened(&request.checkpoint)?;
        let (old, new) = (request.old, newer.size());
        if old > new {
            return Err(Refusal::Backwards { old, new });
        }
        // From what is known to what is kept, nobody else signs.
        let _lock = self.lock()?;
        let file = self.file(newer.origin());
        let known = self.known(&file)?;
        let known_size = known.as_ref().map_or(0, Verified::size);
        if known_size != old {
            return Err(Refusal::Conflict { known: known_size });
        }
        match &known {
            Some(older) => {
                check_consistency(older, &newer, &request.path).map_err(|why| self.refusal(why, older, &newer))?;
            }
            None if request.path.is_empty() => {}
            None => return Err(Refusal::Proof(ProofError::Length { found: request.path.len() })),
        }
        let signature = self.signer.cosign(&newer, seconds);
        // Whatever else stood under it is not kept: nobody has checked it.
        let signed = newer.alone().with([signature.clone()]);
        // What was not kept was not signed.
        self.keep(&file, signed.note())?;
        Ok(format!("{signature}\n"))
    }

    fn lock(&self) -> Result<Lock, Refusal> {
        let file = self.folder.join("LOCK");
        let state = |what: String| Refusal::State { file: file.clone(), what };
        store_folder::create(&self.folder).map_err(|error| state(error.to_string()))?;
        let holder = format!("pid {}: servanda witness", std::process::id());
        Lock::acquire(&file, &holder, LOCK_TIMEOUT).map_err(|error| match error {
            LockError::Held { holder } => Refusal::InUse(holder),
            LockError::Io(error) => state(error.to_string()),
        })
    }

    fn file(&self, origin: &str) -> PathBuf {
        self.folder.join("signed").join(folder_name(origin))
    }

    /// The last checkpoint of a log that was signed here.
    ///
    /// # Errors
    ///
    /// [`Refusal::State`].
    pub fn last(&self, log: &Vkey) -> Result<Option<Verified>, Refusal> {
        self.known(&self.file(log.name()))
    }

    fn opened(&self, text: &str) -> Result<Verified, Refusal> {
        let form = |error: NoteError| Refusal::NotCheckpoint(error.into());
        let note = Note::parse(text.as_bytes()).map_err(form)?;
        let origin = match Checkpoint::parse(note.text()) {
            Ok(says) => says.origin,
            // Whose log it is, and whether that signed it, comes before what is wrong with it.
            Err(CheckpointError::EmptyRoot { origin }) => origin,
            Err(error) => return Err(Refusal::NotCheckpoint(error)),
        };
        let keys: Vec<&Vkey> = self.logs.iter().filter(|key| key.name() == origin).collect();
        let mut found = Err(Refusal::UnknownLog(origin));
        for key in keys {
            match Verified::open(text.as_bytes(), key) {
                Ok(checkpoint) => found = Ok(checkpoint),
                // One that does not hold spoils the note, whichever others hold.
                Err(error @ CheckpointError::Note(NoteError::Forged { .. })) => return Err(Refusal::Untrusted(error)),
                Err(error @ CheckpointError::EmptyRoot { .. }) => found = Err(Refusal::NotCheckpoint(error)),
                Err(_) if matches!(found, Ok(_) | Err(Refusal::NotCheckpoint(_))) => {}
                Err(error) => found = Err(Refusal::Untrusted(error)),
            }
        }
        found
    }

    fn known(&self, file: &Path) -> Result<Option<Verified>, Refusal> {
        let state = |what: String| Refusal::State { file: file.to_owned(), what };
        let text = whole_file::read_text(file, MAX_NOTE as u64).map_err(|error| state(error.to_string()))?;
        let Some(text) = text else { return Ok(None) };
        // Only what was signed here counts, by whichever key of the log that was.
        Verified::reopen(text.as_bytes(), &self.signer.vkey()).map(Some).map_err(|error| state(error.to_string()))
    }

    fn keep(&self, file: &Path, note: &Note) -> Result<(), Refusal> {
        let kept = store_folder::create(&self.folder.join("signed"))
            .and_then(|()| whole_file::replace(file, note.to_string().as_bytes(), None));
        kept.map_err(|error| Refusal::State { file: file.to_owned(), what: error.to_string() })
    }

    /// Keeps two checkpoints of one log that are not shown to go on from each other.
    fn refusal(&self, why: ProofError, older: &Verified, newer: &Verified) -> Refusal {
        let evidence = self.folder.join("evidence").join(folder_name(newer.origin()));
        let mut written = store_folder::create(&evidence);
        for checkpoint in [older, newer] {
            let root = checkpoint.root().first_chunk().copied().map_or(0, u64::from_be_bytes);
            let file = evidence.join(format!("{}-{root:016x}", checkpoint.size()));
            let note = checkpoint.alone().note().to_string();
            written = written.and_then(|()| whole_file::replace(&file, note.as_bytes(), None));
        }
        match written {
            Err(error) => Refusal::State { file: evidence, what: format!("{why}, and {error}") },
            Ok(()) if older.size() == newer.size() && older.root() != newer.root() => {
                Refusal::Fork { size: newer.size(), evidence }
            }
            Ok(()) => Refusal::NotShown { why, evidence },
        }
    }
}

/// The name of a log in a folder: one element, whatever the log calls itself.
pub fn folder_name(origin: &str) -> String {
    let mut name = String::new();
    for (place, byte) in origin.bytes().enumerate() {
        match byte {
            b'/' => name.push('+'),
            // No folder's own name, and none that is hidden.
            b'.' if place == 0 => name.push_str("%2e"),
            b'.' | b'_' | b'-' => name.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => name.push(byte.into()),
            _ => {
                let _ = write!(name, "%{byte:02x}");
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::LogSigner;
    use crate::integrity::merkle::{Node, Tree, leaf, node};
    use crate::integrity::note::NoteSignature;

    const ORIGIN: &str = "ledger.example/log";

    /// A log whose events are numbers, or others from one on.
    struct Numbers {
        forked_at: u64,
    }

    impl Tree for Numbers {
        type Error = std::convert::Infallible;

        fn complete(&self, height: u32, index: u64) -> Result<Node, Self::Error> {
            if height == 0 {
                return Ok(leaf(&[u8::from(index >= self.forked_at), u8::try_from(index).expect("a small number")]));
            }
            Ok(node(&self.complete(height - 1, 2 * index)?, &self.complete(height - 1, 2 * index + 1)?))
        }
    }

    fn log() -> LogSigner {
        LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name")
    }

    fn checkpoint(tree: &Numbers, size: u64) -> Verified {
        let Ok(root) = tree.root(size);
        Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&log()).expect("it is one")
    }

    fn request(tree: &Numbers, old: u64, new: u64) -> String {
        let Ok(path) = tree.consistency(old, new);
        ConsistencyFile { old, path, checkpoint: checkpoint(tree, new).note().to_string() }.text()
    }

    fn witness(folder: &Path) -> Witness {
        let signer = WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
        Witness::new(signer, vec![log().vkey()], folder)
    }

    const HONEST: Numbers = Numbers { forked_at: u64::MAX };

    #[track_caller]
    fn check(outcome: Result<String, Refusal>, status: u16) {
        let refusal = outcome.expect_err("it is refused");
        assert_eq!(refusal.status(), status, "{refusal}");
    }

    #[test]
    fn a_witness_signs_what_goes_on_and_remembers_it() {
        let desk = tempfile::tempdir().expect("a folder");
        for (old, new) in [(0, 3), (3, 3), (3, 8), (8, 20)] {
            // Each time from what is on the disk.
            let witness = witness(desk.path());
            let answer = witness.add_checkpoint(&request(&HONEST, old, new), 1000 + new).expect("it goes on");
            let line = answer.strip_suffix('\n').expect("a line");
            let signature = crate::integrity::note::NoteSignature::parse(line).expect("a signature");
            let signed = checkpoint(&HONEST, new).with([signature]);
            assert_eq!(witness.signer.vkey().cosigned(&signed), Ok(1000 + new));
            assert_eq!(witness.last(&log().vkey()).expect("it can be read").map(|last| last.size()), Some(new));
        }
        check(witness(desk.path()).add_checkpoint(&request(&HONEST, 3, 30), 5), 409);
        check(witness(desk.path()).add_checkpoint(&request(&HONEST, 0, 30), 5), 409);
    }

    #[test]
    fn a_fork_is_an_alarm_with_both_checkpoints_kept() {
        let desk = tempfile::tempdir().expect("a folder");
        let witness = witness(desk.path());
        witness.add_checkpoint(&request(&HONEST, 0, 8), 5).expect("it begins");
        let forked = Numbers { forked_at: 5 };
        check(witness.add_checkpoint(&request(&forked, 8, 12), 6), 422);
        check(witness.add_checkpoint(&request(&forked, 8, 8), 6), 422);
        let kept = std::fs::read_dir(desk.path().join("evidence/ledger.example+log")).expect("evidence is kept");
        assert_eq!(kept.count(), 3, "the one that was signed, and two others");
        assert_eq!(witness.last(&log().vkey()).expect("it can be read").map(|last| last.size()), Some(8));
        // A log that was rolled back cannot go on from what was signed.
        check(witness.add_checkpoint(&request(&HONEST, 4, 6), 6), 409);
    }

    #[test]
    fn what_a_witness_does_not_know_it_does_not_sign() {
        let desk = tempfile::tempdir().expect("a folder");
        let witness = witness(desk.path());
        check(witness.add_checkpoint(&request(&HONEST, 0, 8), 0), 500);
        check(witness.add_checkpoint("", 5), 400);
        check(witness.add_checkpoint("old 0\n\nnothing", 5), 400);
        let good = request(&HONEST, 0, 8);
        check(witness.add_checkpoint(&good.replacen("old 0", "old 9", 1), 5), 400);
        check(witness.add_checkpoint(&good.replacen(ORIGIN, "ledger.example/other", 1), 5), 404);
        check(witness.add_checkpoint(&good.replacen("\n8\n", "\n9\n", 1), 5), 403);
        let other = LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name");
        let Ok(root) = HONEST.root(8);
        let forged = Checkpoint { origin: ORIGIN.to_owned(), size: 8, root }.sign(&other).expect("it is one");
        let unsigned = ConsistencyFile { old: 0, path: Vec::new(), checkpoint: forged.note().to_string() };
        check(witness.add_checkpoint(&unsigned.text(), 5), 403);
        let with_proof = ConsistencyFile { old: 0, path: vec![[0; 32]], checkpoint: good[7..].to_owned() };
        check(witness.add_checkpoint(&with_proof.text(), 5), 422);
        assert!(witness.last(&log().vkey()).expect("it can be read").is_none());
    }

    #[test]
    fn an_empty_log_has_the_root_of_none() {
        let desk = tempfile::tempdir().expect("a folder");
        let witness = witness(desk.path());
        let text = Checkpoint { origin: ORIGIN.to_owned(), size: 0, root: [7; 32] }.to_string();
        let signed = |signer: &LogSigner| {
            let text = text.replace(ORIGIN, signer.vkey().name());
            format!("old 0\n\n{text}\n{}\n", signer.sign(&text))
        };
        check(witness.add_checkpoint(&signed(&log()), 5), 422);
        let others = [(ORIGIN, 403), ("ledger.example/other", 404)];
        for (origin, status) in others {
            check(
                witness.add_checkpoint(&signed(&LogSigner::from_seed(origin, &[8; 32]).expect("a good name")), 5),
                status,
            );
        }
        assert!(witness.add_checkpoint(&request(&HONEST, 0, 0), 5).is_ok());
        assert!(witness.add_checkpoint(&request(&HONEST, 0, 3), 6).is_ok());
    }

    #[test]
    fn of_two_keys_of_a_log_both_have_to_hold_if_both_signed() {
        let next = LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name");
        let alone = request(&HONEST, 0, 8);
        let mut second = next.sign(checkpoint(&HONEST, 8).note().text());
        let both = format!("{alone}{second}\n");
        second.bytes[3] ^= 1;
        for keys in [[log().vkey(), next.vkey()], [next.vkey(), log().vkey()]] {
            let desk = tempfile::tempdir().expect("a folder");
            let witness = Witness::new(witness(desk.path()).signer, keys.to_vec(), desk.path());
            check(witness.add_checkpoint(&format!("{alone}{second}\n"), 5), 403);
            assert!(witness.add_checkpoint(&alone, 5).is_ok());
            assert!(witness.add_checkpoint(&both.replacen("old 0", "old 8", 1), 5).is_ok());
        }
    }

    #[test]
    fn nothing_that_others_put_under_a_checkpoint_is_kept() {
        let desk = tempfile::tempdir().expect("a folder");
        let witness = witness(desk.path());
        let forged = NoteSignature { bytes: vec![1; 72], ..witness.signer.cosign(&checkpoint(&HONEST, 8), 7) };
        let junk = "— junk.example AAAAAAA=\n".repeat(98);
        let request = format!("{}{forged}\n{junk}", request(&HONEST, 0, 8));
        witness.add_checkpoint(&request, 5).expect("the log signed it");
        let last = witness.last(&log().vkey()).expect("it can be read").expect("it was signed");
        assert_eq!((last.size(), last.note().signatures().len()), (8, 2));
        assert!(witness.add_checkpoint(&self::request(&HONEST, 8, 9), 6).is_ok());
    }

    #[test]
    fn a_log_that_changed_its_key_goes_on() {
        let desk = tempfile::tempdir().expect("a folder");
        witness(desk.path()).add_checkpoint(&request(&HONEST, 0, 8), 5).expect("it begins");
        let next = LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name");
        let Ok(root) = HONEST.root(9);
        let signed = Checkpoint { origin: ORIGIN.to_owned(), size: 9, root }.sign(&next).expect("it is one");
        let Ok(path) = HONEST.consistency(8, 9);
        let request = ConsistencyFile { old: 8, path, checkpoint: signed.note().to_string() }.text();
        let signer = WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
        let witness = Witness::new(signer, vec![next.vkey()], desk.path());
        assert!(witness.add_checkpoint(&request, 6).is_ok());
    }

    #[test]
    fn only_one_of_two_forks_is_signed_whoever_asks_at_once() {
        for _ in 0..20 {
            let desk = tempfile::tempdir().expect("a folder");
            witness(desk.path()).add_checkpoint(&request(&HONEST, 0, 4), 5).expect("it begins");
            let ask = |forked_at| {
                let request = request(&Numbers { forked_at }, 4, 9);
                witness(desk.path()).add_checkpoint(&request, 6).is_ok()
            };
            let signed = std::thread::scope(|scope| {
                let others = scope.spawn(|| ask(6));
                [ask(u64::MAX), others.join().expect("it ends")]
            });
            assert_eq!(signed.iter().filter(|signed| **signed).count(), 1);
        }
    }

    #[test]
    fn what_was_not_signed_here_is_not_gone_on_from() {
        let desk = tempfile::tempdir().expect("a folder");
        let witness = witness(desk.path());
        witness.add_checkpoint(&request(&HONEST, 0, 8), 5).expect("it begins");
        let file = desk.path().join("signed/ledger.example+log");
        let kept = std::fs::read_to_string(&file).expect("it is kept");
        for other in [String::new(), checkpoint(&HONEST, 4).note().to_string(), kept.replacen("\n8\n", "\n7\n", 1)] {
            std::fs::write(&file, other).expect("it can be written");
            check(witness.add_checkpoint(&request(&HONEST, 8, 9), 6), 500);
        }
    }

    #[test]
    fn a_log_has_one_element_of_a_path_whatever_it_calls_itself() {
        assert_eq!(folder_name("ledger.example/a/../b"), "ledger.example+a+..+b");
        assert_eq!(folder_name(".."), "%2e.");
        assert_eq!(folder_name("a b\u{e9}+%"), "a%20b%c3%a9%2b%25");
    }
}
