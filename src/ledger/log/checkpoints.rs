//! Checkpoints that were signed, kept for ever: in the ledger's folder, and wherever else somebody remembers them.
//!
//! What is signed here was read from the disk again since the last one was, and goes on from it. A log that is shorter
//! than a checkpoint that anybody knows was rolled back; one with another root was forked.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::event::chain::{Damage, Head, prev_of};
use crate::event::statement::split;
use crate::integrity::checkpoint::{Checkpoint, CheckpointError, Verified};
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::merkle::{self, Frontier};
use crate::integrity::note::{MAX_NOTE, Note, NoteError, NoteSignature};
use crate::ledger::folder::{Folder, head, log_id};
use crate::ledger::keys::log_holder::LogSigning;
use crate::ledger::keys::signer::SignerError;
use crate::ledger::log::older::Older;
use crate::ledger::log::tree::LogTree;
use crate::ledger::state::authority::Authority;
use crate::store::acting::as_oneself;
use crate::store::shared::Rights;
use crate::store::{Store, StoreError, durable_file, folder as store_folder};

/// Checkpoints in a folder, a file each, by their sizes; or none.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints {
    folder: PathBuf,
    /// Where the lines of witnesses lie, likewise.
    cosignatures: Option<PathBuf>,
    /// The ledger that they are kept with, if they are.
    ledger: Option<Folder>,
    written: Written,
    /// The sizes that count, if not all do.
    counted: Option<RangeInclusive<u64>>,
    /// Where the log ended when the account that remembers them saw it last, signed or not.
    seen: Option<Head>,
}

/// Who wrote the files, and so what they are believed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Written {
    /// Whoever could.
    #[default]
    ByAnybody,
    /// This account, for itself alone, after it had checked the signature of each.
    ByTheAccount,
}

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointsError {
    /// A file is no checkpoint of this log.
    #[error("{}: {source}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: CheckpointError,
    },
    /// A file has another size than its name says.
    #[error("{} is of {found} events", .file.display())]
    Misnamed {
        /// The file.
        file: PathBuf,
        /// What it says.
        found: u64,
    },
    /// A checkpoint is known of a longer log.
    #[error("ROLLBACK: the log has {len} events, and {} was signed for {size}", .known.display())]
    Rollback {
        /// Events in the log.
        len: u64,
        /// Where the longer one is known.
        known: PathBuf,
        /// Its events.
        size: u64,
    },
    /// A checkpoint is known of another log of that name.
    #[error("FORK: the first {size} events are others than those that {} was signed for", .known.display())]
    Fork {
        /// Where it is known.
        known: PathBuf,
        /// Its events.
        size: u64,
    },
    /// Whoever asks has seen a longer log.
    #[error("ROLLBACK: the log has {len} events, and this account saw {seen}")]
    SawMore {
        /// Events in the log.
        len: u64,
        /// Events when it was seen last.
        seen: u64,
    },
    /// Whoever asks has seen another log of that name and genesis.
    #[error("FORK: event {seq} is another than this account saw")]
    SawAnother {
        /// The newest event that was seen.
        seq: u64,
    },
    /// The events since the last checkpoint do not hang together.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// It was restored as it was earlier, and is only read.
    #[error("ROLLBACK: this ledger was restored as it was with {} events, and {} were known then", .0.len, .0.known)]
    Older(Older),
    /// There is nothing to sign.
    #[error("the log has no events")]
    Empty,
    /// It cannot be signed.
    #[error(transparent)]
    Signing(CheckpointError),
    /// Whoever holds the log's key did not sign it.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Checkpoints {
    /// Those that a ledger keeps itself.
    pub fn of(folder: &Folder) -> Self {
        Self {
            folder: folder.checkpoints(),
            cosignatures: Some(folder.cosignatures()),
            ledger: Some(folder.clone()),
            ..Self::default()
        }
    }

    /// Those in any folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Returns those that an account remembers of one log, in a folder of its own, with where it saw the log end.
    pub(super) fn remembered_at(folder: PathBuf) -> Self {
        Self { seen: head::read(&folder.join(log_id::SEEN)), folder, written: Written::ByTheAccount, ..Self::default() }
    }

    /// Those of them that are of so many events.
    #[must_use]
    pub(crate) fn within(self, sizes: RangeInclusive<u64>) -> Self {
        let seen = self.seen.filter(|seen| sizes.contains(&seen.len));
        Self { counted: Some(sizes), seen, ..self }
    }

    /// Their sizes, in order. What is called otherwise is not looked at.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub fn sizes(&self) -> Result<Vec<u64>, CheckpointsError> {
        if self.folder.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let mut sizes = self.by_whom_they_are(|| sizes_in(&self.folder, ""))?;
        sizes.retain(|size| self.counted.as_ref().is_none_or(|counted| counted.contains(size)));
        Ok(sizes)
    }

    /// Reads something of them: what the account remembers, as that account, whoever it acts as meanwhile.
    fn by_whom_they_are<T>(&self, reads: impl FnOnce() -> T) -> T {
        match self.written {
            Written::ByTheAccount => as_oneself(reads),
            Written::ByAnybody => reads(),
        }
    }

    /// Returns where the log ended when it was seen last, if that is behind everything that was signed of it.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub fn seen(&self) -> Result<Option<Head>, CheckpointsError> {
        let signed = self.sizes()?.last().copied().unwrap_or_default();
        Ok(self.seen.filter(|seen| seen.len > signed))
    }

    /// Returns those that were signed, whatever else was seen of the log.
    #[must_use]
    pub fn signed(self) -> Self {
        Self { seen: None, ..self }
    }

    /// Returns the most events that are known of the log.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub(crate) fn most(&self) -> Result<u64, CheckpointsError> {
        let signed = self.sizes()?.last().copied().unwrap_or_default();
        Ok(self.seen.map_or(signed, |seen| seen.len.max(signed)))
    }

    /// The file of a size.
    pub fn file(&self, size: u64) -> PathBuf {
        self.folder.join(size.to_string())
    }

    /// The checkpoint of a size, its signature checked with the key that was in use then; nothing, if none is kept.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Unusable`], [`CheckpointsError::Misnamed`], [`CheckpointsError::Io`].
    pub fn get(&self, size: u64, keys: &Authority) -> Result<Option<Verified>, CheckpointsError> {
        let file = self.file(size);
        let Some(text) = self.by_whom_they_are(|| read(&file))? else { return Ok(None) };
        let unsigned = || CheckpointError::Form("there is no log key to check it with");
        let checkpoint =
            keys.log_key_at(size).ok_or_else(unsigned).and_then(|key| Verified::open(text.as_bytes(), key));
        let checkpoint = checkpoint.map_err(|source| CheckpointsError::Unusable { file: file.clone(), source })?;
        let checkpoint = checkpoint.with(self.cosignatures(size)?);
        if checkpoint.size() == size {
            Ok(Some(checkpoint))
        } else {
            Err(CheckpointsError::Misnamed { file, found: checkpoint.size() })
        }
    }

    /// What the checkpoint of a size says, whether or not the log still knows of the key that signed it: of those that the
    /// account wrote for itself, since it checked them then. Of others, nothing.
    ///
    /// A log that was rolled back to before its key was changed does not know of the new one.
    pub(crate) fn says(&self, size: u64) -> Option<Checkpoint> {
        let text =
            self.by_whom_they_are(|| read(&self.file(size))).ok()?.filter(|_| self.written == Written::ByTheAccount)?;
        Checkpoint::parse(Note::parse(text.as_bytes()).ok()?.text()).ok().filter(|says| says.size == size)
    }

    /// The newest, if any is kept.
    ///
    /// # Errors
    ///
    /// Those of [`sizes`](Self::sizes) and [`get`](Self::get).
    pub fn newest(&self, keys: &Authority) -> Result<Option<Verified>, CheckpointsError> {
        self.sizes()?.last().map_or(Ok(None), |size| self.get(*size, keys))
    }

    /// Keeps a checkpoint, on the disk when this returns; one of that size that is there already stays.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub fn keep(&self, checkpoint: &Verified) -> Result<(), CheckpointsError> {
        if self.folder.as_os_str().is_empty() {
            return Ok(());
        }
        let file = self.file(checkpoint.size());
        let (folder, rights): (fn(&Path) -> _, _) = match self.written {
            Written::ByAnybody => (store_folder::create, Rights::Usual),
            Written::ByTheAccount => (store_folder::create_private, Rights::Secret),
        };
        let created = self
            .check_own()
            .and_then(|()| folder(&self.folder))
            .and_then(|()| durable_file::create_new(&file, checkpoint.note().to_string().as_bytes(), rights));
        match created {
            Ok(()) => Ok(()),
            Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(CheckpointsError::Io { file, source })
            }
            // Of the same events, one stays; of others, both are told.
            Err(_) => {
                let there = read(&file)?.and_then(|text| Note::parse(text.as_bytes()).ok());
                let is_same = there.is_some_and(|there| there.text() == checkpoint.note().text());
                let size = checkpoint.size();
                if is_same { Ok(()) } else { Err(CheckpointsError::Fork { known: file, size }) }
            }
        }
    }

    /// The sizes of the checkpoints under which something of witnesses is kept, in order.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub fn cosigned_sizes(&self) -> Result<Vec<u64>, CheckpointsError> {
        self.cosignatures.as_ref().map_or(Ok(Vec::new()), |folder| sizes_in(folder, ""))
    }

    /// The file of what witnesses wrote under the checkpoint of a size.
    pub(crate) fn cosignature_file(&self, size: u64) -> Option<PathBuf> {
        self.cosignatures.as_ref().map(|folder| folder.join(size.to_string()))
    }

    /// What witnesses wrote under the checkpoint of a size. Nothing of it is checked.
    fn cosignatures(&self, size: u64) -> Result<Vec<NoteSignature>, CheckpointsError> {
        let Some(file) = self.cosignature_file(size) else { return Ok(Vec::new()) };
        let text = read(&file)?.unwrap_or_default();
        let lines = (1..).zip(text.lines()).map(|(number, line)| {
            NoteSignature::parse(line).ok_or_else(|| CheckpointsError::Unusable {
                file: file.clone(),
                source: NoteError::Line(number).into(),
            })
        });
        lines.collect()
    }

    /// Keeps what witnesses wrote under the checkpoint of a size, beside what others wrote, on the disk when this
    /// returns.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Unusable`] if what is kept there cannot be read, [`CheckpointsError::Io`].
    pub fn cosign(&self, size: u64, signatures: Vec<NoteSignature>) -> Result<(), CheckpointsError> {
        let Some(folder) = &self.cosignatures else { return Ok(()) };
        let mut all = self.cosignatures(size)?;
        for signature in signatures {
            all.retain(|known| (&known.name, known.key_id) != (&signature.name, signature.key_id));
            all.push(signature);
        }
        let text = all.iter().fold(String::new(), |text, signature| text + &signature.to_string() + "\n");
        let file = folder.join(size.to_string());
        let kept = self
            .check_own()
            .and_then(|()| store_folder::create(folder))
            .and_then(|()| durable_file::replace(&file, text.as_bytes(), Rights::Usual));
        kept.map_err(|source| CheckpointsError::Io { file, source })
    }

    /// Another's folder is only read.
    fn check_own(&self) -> std::io::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), Folder::check_own)
    }

    /// Checks that a log goes on from the newest of these, and gives that back with the tree over its events.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Rollback`], [`CheckpointsError::Fork`], and those of [`newest`](Self::newest).
    pub(crate) fn check(
        &self,
        store: &dyn Store,
        keys: &Authority,
    ) -> Result<Option<(Verified, Frontier)>, CheckpointsError> {
        if let Some(seen) = self.seen()? {
            check_seen(seen, store)?;
        }
        let Some(size) = self.sizes()?.last().copied() else { return Ok(None) };
        let known = match self.get(size, keys) {
            Ok(Some(known)) => known,
            Ok(None) => return Ok(None),
            Err(error) => {
                // That the log is another is told before that nobody knows who signed it.
                self.says(size).map_or(Ok(()), |says| self.goes_on(&says, store).map(drop))?;
                return Err(error);
            }
        };
        let frontier = self.goes_on(known.says(), store)?;
        Ok(Some((known, frontier)))
    }

    /// The tree over the events that a checkpoint says there are, if they are the first of this log.
    fn goes_on(&self, says: &Checkpoint, store: &dyn Store) -> Result<Frontier, CheckpointsError> {
        let (len, size) = (store.len(), says.size);
        if size > len {
            return Err(CheckpointsError::Rollback { len, known: self.file(size), size });
        }
        let frontier = Frontier::of(&LogTree::of(store, size)?, size)?;
        if frontier.root() == says.root {
            Ok(frontier)
        } else {
            Err(CheckpointsError::Fork { known: self.file(size), size })
        }
    }
}

impl Checkpoints {
    /// The checkpoint of a log as it stands: kept already, or made and kept now.
    pub(crate) fn extend(
        &self,
        store: &dyn Store,
        keys: &Authority,
        signer: &dyn LogSigning,
    ) -> Result<Verified, CheckpointsError> {
        let frontier = match self.check(store, keys)? {
            Some((last, _)) if last.size() == store.len() => return Ok(last),
            Some((_, frontier)) => frontier,
            None => Frontier::default(),
        };
        let made = make(store, frontier, signer)?;
        self.keep(&made)?;
        Ok(made)
    }
}

/// The sizes by which the files of a folder are called that have that ending, in order; of none, if there is no folder.
pub(crate) fn sizes_in(folder: &Path, ending: &str) -> Result<Vec<u64>, CheckpointsError> {
    log_id::sizes_in(folder, ending).map_err(|source| CheckpointsError::Io { file: folder.to_owned(), source })
}

/// Checks that a log goes on from where it was seen to end.
fn check_seen(seen: Head, store: &dyn Store) -> Result<(), CheckpointsError> {
    let (len, Some(seq)) = (store.len(), seen.len.checked_sub(1)) else { return Ok(()) };
    if seq >= len {
        return Err(CheckpointsError::SawMore { len, seen: seen.len });
    }
    match store.read(seq..seq + 1).next().transpose()?.map(|event| event_hash(&event)) {
        Some(found) if found != seen.hash => Err(CheckpointsError::SawAnother { seq }),
        _ => Ok(()),
    }
}

/// Reads a checkpoint's file.
///
/// # Errors
///
/// [`CheckpointsError::Io`].
pub fn read(file: &Path) -> Result<Option<String>, CheckpointsError> {
    let text = durable_file::read_text(file, MAX_NOTE as u64);
    text.map_err(|source| CheckpointsError::Io { file: file.to_owned(), source })
}

/// Makes the checkpoint of a log that ends with a batch, after everything since the last one was read from the disk
/// again; it is signed, and not yet kept. The tree of the last checkpoint is what the new one goes on from.
///
/// # Errors
///
/// [`CheckpointsError::Empty`]; [`CheckpointsError::Damaged`] if the events since then do not hang together; and what keeps
/// it from being signed.
fn make(store: &dyn Store, mut frontier: Frontier, signer: &dyn LogSigning) -> Result<Verified, CheckpointsError> {
    let key = signer.vkey();
    let (len, from) = (store.len(), frontier.size());
    if len == 0 {
        return Err(CheckpointsError::Empty);
    }
    let mut before: Option<EventHash> = None;
    let mut seq = from.saturating_sub(1);
    let mut is_signed = false;
    for run in store.runs(seq..len) {
        for bytes in run?.values() {
            let damage = |what: &str| Damage { seq, what: what.to_owned() };
            if let Some(before) = before.filter(|before| prev_of(bytes) != Some(*before)) {
                return Err(damage(&format!("does not follow an event with the hash {before}")).into());
            }
            before = Some(event_hash(bytes));
            is_signed = split(bytes).map_err(|error| damage(&error.to_string()))?.1.is_some();
            if seq >= from {
                frontier.push(merkle::leaf(bytes));
            }
            seq += 1;
        }
    }
    if !is_signed {
        return Err(Damage { seq: len - 1, what: "the log ends in the middle of a batch".to_owned() }.into());
    }
    let checkpoint = Checkpoint { origin: key.name().to_owned(), size: len, root: frontier.root() };
    let signed = signer.sign_text(&checkpoint.to_string())?;
    checkpoint.signed(&key, signed).map_err(CheckpointsError::Signing)
}
