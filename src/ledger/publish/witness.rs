//! A witness for logs, ours and others': it signs a checkpoint only if it goes on from the last that it signed, and has
//! that on its disk before it answers.
//!
//! In scope: C2SP tlog-witness without its transport, which is a request's body and what is answered to it. A checkpoint
//! of a known log that does not go on is kept as evidence, with the one that it does not go on from.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::integrity::Vkey;
use crate::integrity::checkpoint::{Checkpoint, CheckpointError, Verified};
use crate::integrity::note::{MAX_NOTE, Note, NoteError};
use crate::integrity::note_key::WitnessSigner;
use crate::integrity::proof::{ProofError, check_consistency};
use crate::integrity::proof_file::{ConsistencyFile, ProofFileError};
use crate::ledger::folder::log_id::folder_name;
use crate::store::lock::{Lock, LockError};
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

/// How long a witness waits for another process that signs for it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// The most files that are kept as evidence of one log.
pub const MOST_EVIDENCE: usize = 256;
/// The most bytes in the file of a witness's key.
const MAX_KEY: u64 = 64 << 10;
/// The most bytes in a request.
pub const MAX_REQUEST: usize = MAX_NOTE + 64 * 64;

/// The folder of what was signed, and beside it the list of the logs that have something there.
const SIGNED: &str = "signed";
const SIGNED_FOR: &str = "signed-for";
/// The most bytes in that list.
const MAX_SIGNED_FOR: u64 = 1 << 20;

/// A witness with its key, the logs that it knows, and what it has signed.
#[derive(Debug)]
pub struct Witness {
    signer: WitnessSigner,
    logs: RwLock<Arc<[KnownLog]>>,
    folder: PathBuf,
    memory: Memory,
    key_file: Option<PathBuf>,
    is_outdated: AtomicBool,
}

/// A log that a witness signs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// Its name.
    pub origin: String,
    /// Its key, which mostly has that name too.
    pub key: Vkey,
}

impl From<Vkey> for KnownLog {
    fn from(key: Vkey) -> Self {
        Self { origin: key.name().to_owned(), key }
    }
}

/// What a witness takes it for, if it finds nothing that it signed of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It was lost, unless the witness can tell that it never signed anything of that log.
    Kept,
    /// It begins now: somebody says so who knows.
    New,
}

/// A checkpoint that was signed, and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The log's name.
    pub origin: String,
    /// Number of events.
    pub size: u64,
    /// The line of the signature, with its end: what is answered.
    pub line: String,
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
    /// It has the key, and not what it signed of the log: whatever it signed now could be another history.
    #[error("what was signed of `{origin}` is not in {}, where it should be: nothing can be signed that goes on from it", .folder.display())]
    Lost {
        /// The log.
        origin: String,
        /// Where it should be.
        folder: PathBuf,
    },
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
            Self::NotCheckpoint(CheckpointError::EmptyRoot { .. })
            | Self::Proof(_)
            | Self::NotShown { .. }
            | Self::Fork { .. } => 422,
            Self::Form(_) | Self::NotCheckpoint(_) | Self::Backwards { .. } => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Conflict { .. } => 409,
            Self::State { .. } | Self::Lost { .. } | Self::Clock => 500,
            Self::InUse(_) => 503,
        }
    }
}

impl Witness {
    /// With a key, the logs that it signs for, and its folder: what it signed lies in `signed`, and what logs should not
    /// have signed in `evidence`.
    pub fn new(signer: WitnessSigner, logs: Vec<KnownLog>, folder: impl Into<PathBuf>, memory: Memory) -> Self {
        let logs = RwLock::new(logs.into());
        Self { signer, logs, folder: folder.into(), memory, key_file: None, is_outdated: AtomicBool::new(false) }
    }

    /// Has [`check`](Self::check) look whether the witness's key is still in the file that it was read from.
    #[must_use]
    pub fn with_key_file(self, file: impl Into<PathBuf>) -> Self {
        Self { key_file: Some(file.into()), ..self }
    }

    /// Makes the folder for what a witness will sign, which had no key before: from now on its absence says something.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn begin(folder: &Path) -> std::io::Result<()> {
        store_folder::create(&folder.join(SIGNED))
    }

    /// Signs the checkpoint of a request, if it goes on from the last. The time is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// Every [`Refusal`].
    ///
    /// # Source
    ///
    /// C2SP tlog-witness, `add-checkpoint`.
    pub fn add_checkpoint(&self, request: &str, seconds: u64) -> Result<Signed, Refusal> {
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
        if known.is_none() {
            self.check_memory(newer.origin())?;
        }
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
        Ok(Signed { origin: newer.origin().to_owned(), size: new, line: format!("{signature}\n") })
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
        self.folder.join(SIGNED).join(folder_name(origin))
    }

    /// The logs that it signs for.
    pub fn logs(&self) -> Arc<[KnownLog]> {
        Arc::clone(&self.logs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs for these logs from now on, and for no others.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check) of these logs: then it signs for those that it signed for.
    pub fn sign_for(&self, logs: Vec<KnownLog>) -> Result<(), Refusal> {
        self.check_of(&logs)?;
        *self.logs.write().unwrap_or_else(PoisonError::into_inner) = logs.into();
        self.is_outdated.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that the logs could not be read again, and that it signs for those that it knew.
    pub fn keep_logs(&self) {
        self.is_outdated.store(true, Ordering::Relaxed);
    }

    /// Tells whether it signs for the logs that it knew, since they could not be read again.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated.load(Ordering::Relaxed)
    }

    /// Checks that the witness can sign: that nothing is lost of what was signed, as far as that can be told, that a signature could be
    /// kept, and that its key is where it was, without which it would not begin again.
    ///
    /// # Errors
    ///
    /// [`Refusal::Lost`], [`Refusal::State`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.check_of(&self.logs())?;
        self.check_room()?;
        self.check_key()
    }

    /// Checks that nothing is lost of what was signed, as far as that can be told.
    ///
    /// # Errors
    ///
    /// [`Refusal::Lost`], [`Refusal::State`].
    pub fn check_kept(&self) -> Result<(), Refusal> {
        self.check_of(&self.logs())
    }

    /// Checks that one more checkpoint could be kept.
    fn check_room(&self) -> Result<(), Refusal> {
        let folder = self.folder.join(SIGNED);
        durable_file::try_out(&folder, MAX_NOTE)
            .map_err(|error| Refusal::State { file: folder, what: error.to_string() })
    }

    fn check_key(&self) -> Result<(), Refusal> {
        let Some(file) = &self.key_file else { return Ok(()) };
        let state = |what: String| Refusal::State { file: file.clone(), what };
        let read = fs::canonicalize(file).and_then(|file| durable_file::read_text(&file, MAX_KEY));
        let text = read.map_err(|error| state(error.to_string()))?.unwrap_or_default();
        match text.trim_end().parse::<WitnessSigner>() {
            Ok(there) if there.vkey() == self.signer.vkey() => Ok(()),
            _ => Err(state("it does not hold the witness's key any more".to_owned())),
        }
    }

    fn check_of(&self, logs: &[KnownLog]) -> Result<(), Refusal> {
        let is_absent = |log: &&KnownLog| self.known(&self.file(&log.origin)).is_ok_and(|known| known.is_none());
        logs.iter().filter(is_absent).try_for_each(|log| self.check_memory(&log.origin))
    }

    /// Checks that a log of which nothing is found that was signed is one of which nothing ever was.
    fn check_memory(&self, origin: &str) -> Result<(), Refusal> {
        let folder = self.folder.join(SIGNED);
        let is_new = self.memory == Memory::New
            || (folder.exists() && !self.signed_for()?.lines().any(|name| name == folder_name(origin)));
        if is_new { Ok(()) } else { Err(Refusal::Lost { origin: origin.to_owned(), folder }) }
    }

    /// The logs of which something was signed, a line each.
    fn signed_for(&self) -> Result<String, Refusal> {
        let file = self.folder.join(SIGNED_FOR);
        let read = durable_file::read_text(&file, MAX_SIGNED_FOR).map(Option::unwrap_or_default);
        read.map_err(|error| Refusal::State { file, what: error.to_string() })
    }

    /// The last checkpoint of a log that was signed here.
    ///
    /// # Errors
    ///
    /// [`Refusal::State`].
    pub fn last(&self, origin: &str) -> Result<Option<Verified>, Refusal> {
        self.known(&self.file(origin))
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
        let logs = self.logs();
        let keys = logs.iter().filter(|log| log.origin == origin).map(|log| &log.key);
        let mut found = Err(Refusal::UnknownLog(origin.clone()));
        for key in keys {
            match Verified::open_of(text.as_bytes(), &origin, key) {
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
        let text = durable_file::read_text(file, MAX_NOTE as u64).map_err(|error| state(error.to_string()))?;
        let Some(text) = text else { return Ok(None) };
        // Only what was signed here counts, by whichever key of the log that was.
        Verified::reopen(text.as_bytes(), &self.signer.vkey()).map(Some).map_err(|error| state(error.to_string()))
    }

    fn keep(&self, file: &Path, note: &Note) -> Result<(), Refusal> {
        let kept = store_folder::create(&self.folder.join(SIGNED))
            .and_then(|()| durable_file::replace(file, note.to_string().as_bytes(), Rights::Usual));
        kept.map_err(|error| Refusal::State { file: file.to_owned(), what: error.to_string() })?;
        // Only now: a crash before leaves a checkpoint that nobody got, and that the witness goes on from.
        let (mut all, name) = (self.signed_for()?, file.file_name().unwrap_or_default().to_string_lossy());
        if all.lines().any(|own| own == name) {
            return Ok(());
        }
        all += &format!("{name}\n");
        let list = self.folder.join(SIGNED_FOR);
        let listed = durable_file::replace(&list, all.as_bytes(), Rights::Usual);
        listed.map_err(|error| Refusal::State { file: list, what: error.to_string() })
    }

    /// Keeps two checkpoints of one log that are not shown to go on from each other.
    fn refusal(&self, why: ProofError, older: &Verified, newer: &Verified) -> Refusal {
        let is_fork = older.size() == newer.size() && older.root() != newer.root();
        // Others can send what the log signed with proofs that do not fit: that leaves room for what needs none.
        let most = if is_fork { MOST_EVIDENCE } else { MOST_EVIDENCE / 2 };
        let evidence = self.folder.join("evidence").join(folder_name(newer.origin()));
        match keep_evidence(&evidence, [older, newer], most) {
            Err(error) => Refusal::State { file: evidence, what: format!("{why}, and {error}") },
            Ok(()) if is_fork => Refusal::Fork { size: newer.size(), evidence },
            Ok(()) => Refusal::NotShown { why, evidence },
        }
    }
}

/// Keeps two checkpoints that one log should not have signed both, a file each, unless there are so many already.
///
/// # Errors
///
/// What the operating system says.
pub fn keep_evidence(folder: &Path, checkpoints: [&Verified; 2], most: usize) -> std::io::Result<()> {
    store_folder::create(folder)?;
    if std::fs::read_dir(folder)?.count() >= most {
        return Ok(());
    }
    for checkpoint in checkpoints {
        let root = checkpoint.root().first_chunk().copied().map_or(0, u64::from_be_bytes);
        let file = folder.join(format!("{}-{root:016x}", checkpoint.size()));
        durable_file::replace(&file, checkpoint.alone().note().to_string().as_bytes(), Rights::Usual)?;
    }
    Ok(())
}
