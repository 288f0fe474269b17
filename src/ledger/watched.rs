//! The store, with its files watched: sled mends what it finds when it opens them, and writes over whatever lies behind a
//! damage, so that what could still have been read there is gone.
//!
//! 1. When the store is closed, `sled.check` says what that of its files hashes to which sled may write over, and where the
//!    log ended.
//! 2. When it is opened and they hash to something else, because a process was killed, the power failed, or a disk rots,
//!    they are copied first, to `sled.before-N`. Where there is no room for that, it is opened all the same.
//! 3. If it opens, and has all events that `HEAD` and `sled.check` remember, nothing was wrong, and the copies go. Else they
//!    are called `sled.damaged-N`, and stay.
//!
//! Nothing waits for the disk here: a check that was lost or left behind costs a copy.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::integrity::digest::{DocumentHash, EventHash, event_hash, files_hash};
use crate::ledger::aside::Aside;
use crate::ledger::sealing;
use crate::ledger::settings::{Folder, Head};
use crate::store::sled::{SledStore, recovered};
use crate::store::{Runs, Store, StoreError, whole_file};

/// The most bytes of the file with the check.
const MAX_CHECK: u64 = 4096;
/// How many bytes of a file are copied at a time; those that are all zeros are not.
const COPIED: usize = 1 << 16;

/// A store that was opened so.
pub(super) struct WatchedStore {
    /// There until this is dropped.
    store: Option<SledStore>,
    folder: Folder,
}

/// The files of a store, before it is opened.
pub(super) struct Unopened<'f> {
    folder: &'f Folder,
    /// A copy of them, if they are not as they were left.
    copy: Option<PathBuf>,
}

impl<'f> Unopened<'f> {
    /// Looks at them, and copies them if they are not as they were left.
    pub(super) fn look(folder: &'f Folder) -> io::Result<Self> {
        let store = folder.store();
        if !store.is_dir()
            || Check::load(folder).is_some_and(|check| hash(&store).is_ok_and(|hash| hash == check.files))
        {
            return Ok(Self { folder, copy: None });
        }
        let copy = unused(folder, "before");
        Aside::remove_left(folder.path())?;
        let made = tempfile::Builder::new().prefix(Aside::PREFIX).tempdir_in(folder.path())?;
        match copy_files(&store, made.path()) {
            Ok(()) => {}
            Err(error) if is_without_room(&error) => return Ok(Self { folder, copy: None }),
            Err(error) => return Err(error),
        }
        fs::rename(made.keep(), &copy)?;
        Ok(Self { folder, copy: Some(copy) })
    }

    /// Opens them.
    pub(super) fn open(&self) -> Result<WatchedStore, StoreError> {
        let store = SledStore::open(&self.folder.store(), &sealing::Events)?;
        Ok(WatchedStore { store: Some(store), folder: self.folder.clone() })
    }

    /// What they were before is wanted no longer, or is laid aside, if what was opened is not all that there was.
    pub(super) fn settle(self, opened: &Result<WatchedStore, StoreError>) {
        let Some(copy) = &self.copy else { return };
        let is_whole = match opened {
            // Where nobody knows how many events there were, all may be wanted.
            Ok(store) => Head::least(self.folder).is_some_and(|head| head.len <= store.len()),
            Err(error) => !matches!(error, StoreError::Damaged { .. }),
        };
        // If neither can be done, it is still there.
        if is_whole {
            for left in numbered(self.folder, "before") {
                let _ = fs::remove_dir_all(left);
            }
        } else {
            let _ = fs::rename(copy, unused(self.folder, "damaged"));
            // So that the next one who opens it makes no other copy of what is left.
            Check::renew(self.folder, None);
        }
    }
}

impl Store for WatchedStore {
    fn len(&self) -> u64 {
        self.store().len()
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        self.store.as_mut().expect("taken only when this is dropped").append(expected_len, values)
    }

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        self.store().runs(seqs)
    }

    fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.store().root(bundle)
    }

    fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        self.store().roots(bundles)
    }
}

impl WatchedStore {
    fn store(&self) -> &SledStore {
        self.store.as_ref().expect("taken only when this is dropped")
    }

    fn head(&self) -> Option<Head> {
        let len = self.store().len();
        let newest = self.store().read(len.checked_sub(1)?..len).next()?.ok()?;
        Some(Head { len, hash: event_hash(&newest) })
    }
}

impl Drop for WatchedStore {
    fn drop(&mut self) {
        let head = self.head();
        drop(self.store.take());
        Check::renew(&self.folder, head);
    }
}

/// What `sled.check` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Check {
    /// Where the log ended.
    pub(super) head: Head,
    /// What the files hash to.
    files: DocumentHash,
}

impl Check {
    pub(super) fn load(folder: &Folder) -> Option<Self> {
        let text = whole_file::read_text(&folder.check(), MAX_CHECK).ok()??;
        let mut words = text.trim_end().split(' ');
        let head = Head { len: words.next()?.parse().ok()?, hash: words.next()?.parse().ok()? };
        Some(Self { head, files: words.next()?.parse().ok()? })
    }

    /// Says what the files hash to now. What was known of where the log ended is not forgotten for less.
    fn renew(folder: &Folder, head: Option<Head>) {
        const NOTHING: Head = Head { len: 0, hash: EventHash::from_bytes([0; 32]) };
        let known = Self::load(folder).map(|check| check.head);
        let head = known.into_iter().chain(head).max_by_key(|head| head.len).unwrap_or(NOTHING);
        if let Ok(files) = hash(&folder.store()) {
            // Without it the next one makes a copy.
            let _ = Self { head, files }.save(folder);
        }
    }

    fn save(self, folder: &Folder) -> io::Result<()> {
        let text = format!("{} {} {}\n", self.head.len, self.head.hash, self.files);
        whole_file::replace_unsynced_with(&folder.check(), |out| out.write_all(text.as_bytes()))
    }
}

fn hash(store: &Path) -> io::Result<DocumentHash> {
    files_hash(recovered(store)?)
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    let mut buffer = vec![0; COPIED];
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let (mut input, mut output) = (File::open(entry.path())?, File::create_new(to.join(entry.file_name()))?);
        let mut len = 0;
        loop {
            let count = input.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            if buffer[..count].iter().any(|byte| *byte != 0) {
                output.seek(SeekFrom::Start(len))?;
                output.write_all(&buffer[..count])?;
            }
            len += count as u64;
        }
        output.set_len(len)?;
    }
    Ok(())
}

fn is_without_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A path `sled.WHAT-N` where nothing is.
pub(super) fn unused(folder: &Folder, what: &str) -> PathBuf {
    let path = |number: u32| folder.path().join(format!("sled.{what}-{number}"));
    (1..u32::MAX).map(path).find(|path| path.symlink_metadata().is_err()).unwrap_or_default()
}

/// The files of stores that were laid aside because something of them was lost, and of such as are being looked at.
pub(super) fn laid_aside(folder: &Folder) -> Vec<PathBuf> {
    let aside = ["damaged", "before"].into_iter().flat_map(|what| numbered(folder, what));
    aside.map(|store| store.join("db")).collect()
}

/// The paths `sled.WHAT-N` where something is.
fn numbered(folder: &Folder, what: &str) -> Vec<PathBuf> {
    let start = format!("sled.{what}-");
    let entries = fs::read_dir(folder.path()).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&start)).map(|entry| entry.path()).collect()
}
