//! The store on a disk, in sled.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `tail` | seq, 8 bytes, big-endian | the bytes appended |
//! | `marks` | `len` | the number of values, 8 bytes, big-endian |
//!
//! One append is one sled transaction over both trees. sled applies it tree by tree, so that `len` comes last in its
//! log, and recovers either all of it or a log that ends before it. Only if sled itself fails half-way may values be
//! left in `tail` without their `len`. Then they were never appended: values from `len` on are not read, and the next
//! append removes them.
//!
//! What sled leaves to us:
//!
//! * its `flush` asks for `sync_file_range`, which does not empty the disk's cache: each append syncs the file itself;
//! * it puts a page longer than a quarter of a segment into a file of its own, which it does not sync before the log
//!   names it, so that a power cut in between could cost a page of *acknowledged* values. Segments are therefore so
//!   large that no page of 17 values needs that;
//! * killed while it writes a snapshot, it takes the torn one for the newest and refuses to open: torn ones are removed
//!   first. A snapshot only saves reading the log;
//! * on damaged files it may panic. Panics are caught and reported as damage;
//! * if the newest part of its log is damaged, it goes back to an earlier length without a word. Whoever must know
//!   compares with a length and a hash kept elsewhere, before appending.

use std::convert::Infallible;
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use sled::transaction::{ConflictableTransactionResult, TransactionError, Transactional, TransactionalTree};
use sled::{Config, IVec, Tree};

use crate::store::whole_file::{self, Kind};
use crate::store::{Store, StoreError, Values, check_append, folder};

/// A quarter of this holds the 17 longest values that a leaf may have before it is split. sled fixes it at creation.
const SEGMENT_BYTES: usize = 8 << 20;
/// The pages kept in memory, so that walking over a large store stays flat.
const CACHE_BYTES: u64 = 64 << 20;
/// More values than there can be; what lies beyond is damage.
const LEN_MAX: u64 = 1 << 53;
const LEN: &[u8] = b"len";

/// A store in a folder of its own, open at most once over all processes.
pub struct SledStore {
    /// There until the handle is dropped.
    trees: Option<Trees>,
    /// The file that sled writes to. It is opened before the first write, so that it hears of every failure.
    file: File,
    len: u64,
    must_reopen: bool,
}

struct Trees {
    tail: Tree,
    marks: Tree,
}

impl SledStore {
    /// Creates an empty store in `folder`, which is created if need be. On return it survives a power cut.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyThere`], also for a store whose creation was interrupted: open it.
    /// [`StoreError::Io`] if the folder cannot be written.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        folder::create(folder)?;
        if whole_file::kind(&folder.join("db"))? != Kind::Absent {
            return Err(StoreError::AlreadyThere { folder: folder.to_owned() });
        }
        remove_torn_settings(folder)?;
        Self::start(folder, &config(folder).create_new(true))
    }

    /// Opens the store in `folder`. Somebody else's handle is waited for, but no longer than a tenth of a second.
    ///
    /// # Errors
    ///
    /// [`StoreError::Absent`] if there is none, [`StoreError::InUse`] if somebody else has it open,
    /// [`StoreError::Damaged`] if its files make no sense, and [`StoreError::Io`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        match whole_file::kind(&folder.join("db"))? {
            Kind::Absent => return Err(StoreError::Absent { folder: folder.to_owned() }),
            Kind::Other => return Err(damaged("its file is not a regular one")),
            Kind::Regular => {}
        }
        remove_torn_snapshots(folder)?;
        Self::start(folder, &config(folder))
    }

    fn start(folder: &Path, config: &Config) -> Result<Self, StoreError> {
        let trees = guarded(|| Trees::open(config)).map_err(|error| while_opening(error, folder))?;
        let file = File::options().write(true).open(folder.join("db"))?;
        let len = guarded(|| trees.read_len())?;
        let store = Self { trees: Some(trees), file, len, must_reopen: false };
        store.settle(folder)?;
        Ok(store)
    }

    /// Puts everything on the disk that this handle shows. A process that was killed between writing and syncing
    /// leaves values that are there to be read, and would be gone after a power cut.
    fn settle(&self, folder: &Path) -> Result<(), StoreError> {
        guarded(|| self.trees().tail.flush().map_err(StoreError::from))?;
        self.file.sync_all()?;
        File::open(folder.join("conf"))?.sync_all()?;
        for names in [&folder.join("blobs"), folder, folder::parent(folder)] {
            folder::sync(names)?;
        }
        Ok(())
    }

    /// Appends, and syncs. After an error, whether the values are on the disk is not known.
    fn write(&self, values: &[Vec<u8>], new_len: u64) -> Result<(), StoreError> {
        guarded(|| self.trees().append(self.len, values, new_len))?;
        Ok(self.file.sync_data()?)
    }

    fn trees(&self) -> &Trees {
        self.trees.as_ref().expect("taken only when the handle is dropped")
    }
}

impl Store for SledStore {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, expected_len: u64, values: &[Vec<u8>]) -> Result<(), StoreError> {
        if self.must_reopen {
            return Err(StoreError::MustReopen);
        }
        check_append(expected_len, self.len, values)?;
        if values.is_empty() {
            return Ok(());
        }
        let new_len = self.len + values.len() as u64;
        if let Err(error) = self.write(values, new_len) {
            self.must_reopen = true;
            return Err(StoreError::OutcomeUnknown(match error {
                StoreError::Io(error) => error,
                other => io::Error::other(other),
            }));
        }
        self.len = new_len;
        Ok(())
    }

    fn read(&self, seqs: Range<u64>) -> Values<'_> {
        let entries = self.trees().tail.range(key(seqs.start)..);
        Box::new(Walk { entries, seqs, len: self.len })
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // sled writes here once more, and panics if the disk fails. Whatever was acknowledged is on the disk already.
        let trees = self.trees.take();
        let _ = catch_unwind(AssertUnwindSafe(move || drop(trees)));
    }
}

impl Trees {
    fn open(config: &Config) -> Result<Self, StoreError> {
        let db = config.open()?;
        Ok(Self { tail: db.open_tree("tail")?, marks: db.open_tree("marks")? })
    }

    /// The number of values; 0 is written where there is none yet, in a store just created.
    fn read_len(&self) -> Result<u64, StoreError> {
        let Some(mark) = self.marks.get(LEN)? else {
            if self.tail.iter().next().transpose()?.is_some() {
                return Err(damaged("there are values, but it is not known how many"));
            }
            self.marks.insert(LEN, &0_u64.to_be_bytes())?;
            return Ok(0);
        };
        let len = <[u8; 8]>::try_from(mark.as_ref()).ok().map(u64::from_be_bytes);
        len.filter(|len| *len <= LEN_MAX).ok_or_else(|| damaged("its length is not a number of values"))
    }

    fn append(&self, len: u64, values: &[Vec<u8>], new_len: u64) -> Result<(), StoreError> {
        let never_appended = self.tail.range(key(len)..).keys().collect::<Result<Vec<IVec>, _>>()?;
        let write = |(tail, marks): &(TransactionalTree, TransactionalTree)| {
            for key in &never_appended {
                tail.remove(key)?;
            }
            for (seq, value) in (len..).zip(values) {
                tail.insert(&key(seq), value.as_slice())?;
            }
            marks.insert(LEN, &new_len.to_be_bytes())?;
            ConflictableTransactionResult::<(), Infallible>::Ok(())
        };
        match (&self.tail, &self.marks).transaction(write) {
            Ok(()) => {}
            Err(TransactionError::Storage(error)) => return Err(error.into()),
            Err(TransactionError::Abort(never)) => match never {},
        }
        self.tail.flush()?;
        Ok(())
    }
}

/// A read on its way: the entries from its first seq on, which should be those of `seqs`.
struct Walk {
    entries: sled::Iter,
    seqs: Range<u64>,
    len: u64,
}

impl Iterator for Walk {
    type Item = Result<Vec<u8>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let seq = self.seqs.next()?;
        let value = self.value(seq);
        if value.is_err() {
            self.seqs = 0..0;
        }
        Some(value)
    }
}

impl Walk {
    fn value(&mut self, seq: u64) -> Result<Vec<u8>, StoreError> {
        if seq >= self.len {
            return Err(StoreError::Missing { seq });
        }
        match guarded(|| Ok(self.entries.next().transpose()?))? {
            Some((found, value)) if found == key(seq) => Ok(value.to_vec()),
            Some((found, _)) if found.len() != 8 => Err(damaged("there is a key that is not a seq")),
            Some(_) | None => Err(StoreError::Missing { seq }),
        }
    }
}

fn config(folder: &Path) -> Config {
    // Without the thread that flushes every half second: nothing is acknowledged on its word.
    Config::new().path(folder).flush_every_ms(None).cache_capacity(CACHE_BYTES).segment_size(SEGMENT_BYTES)
}

fn key(seq: u64) -> [u8; 8] {
    seq.to_be_bytes()
}

/// Removes the settings of a creation that was killed before it came to the store's file. sled would not read half of
/// them, and writes them anew.
fn remove_torn_settings(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join("conf")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Removes the snapshots that a killed process did not finish. Whoever has the store open may be writing one just now,
/// so this holds sled's own lock meanwhile.
fn remove_torn_snapshots(folder: &Path) -> Result<(), StoreError> {
    let _locked = lock_for_a_moment(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Takes the lock that sled takes on an open store; dropping the file releases it.
///
/// It waits a little: threads of sled may hold on to the file for a moment after a handle was dropped.
fn lock_for_a_moment(folder: &Path) -> Result<File, StoreError> {
    let file = File::open(folder.join("db"))?;
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
    Err(StoreError::InUse { folder: folder.to_owned() })
}

/// What sled says, or that it panicked.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // sled changes a page by swapping a pointer to it, so that a panic leaves every page whole, the old or the new one.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged("sled panicked over its files")))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}

/// sled reports a lock that is taken as an I/O error like any other, but for its words.
fn while_opening(error: StoreError, folder: &Path) -> StoreError {
    let folder = folder.to_owned();
    match error {
        StoreError::Io(error) if error.kind() == io::ErrorKind::AlreadyExists => StoreError::AlreadyThere { folder },
        StoreError::Io(error) if error.to_string().starts_with("could not acquire lock") => {
            StoreError::InUse { folder }
        }
        other => other,
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            // Reading stopped where its own pointers led: the file is cut short, or another was put in its place.
            sled::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => damaged("its file is too short"),
            sled::Error::Io(error) => Self::Io(error),
            other => Self::Damaged { what: other.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, SledStore) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = SledStore::create(folder.path()).expect("the folder is empty");
        (folder, store)
    }

    fn reopen(folder: &tempfile::TempDir) -> SledStore {
        SledStore::open(folder.path()).expect("nobody else has it open")
    }

    fn append(store: &mut SledStore, values: &[Vec<u8>]) {
        store.append(store.len(), values).expect("built on the present length");
    }

    fn numbered(numbers: Range<u32>) -> Vec<Vec<u8>> {
        numbers.map(|n| format!("value {n}").into_bytes()).collect()
    }

    fn check(store: &SledStore, expected: &[Vec<u8>]) {
        assert_eq!(store.len(), expected.len() as u64);
        let values: Result<Vec<_>, _> = store.read(0..store.len()).collect();
        assert!(values.expect("all values are there") == expected);
    }

    /// Lets `change` at the trees behind the store's back.
    fn tamper(folder: &tempfile::TempDir, change: impl FnOnce(&Trees)) {
        drop(lock_for_a_moment(folder.path()).expect("nobody else has it open"));
        change(&Trees::open(&config(folder.path())).expect("nobody else has it open"));
    }

    #[test]
    fn a_reopened_store_shows_all_that_was_appended() {
        let (folder, mut store) = fresh();
        let values = numbered(0..300);
        append(&mut store, &values[..1]);
        drop(store);
        let mut store = reopen(&folder);
        check(&store, &values[..1]);
        append(&mut store, &values[1..]);
        drop(store);
        check(&reopen(&folder), &values);
    }

    #[test]
    fn a_store_is_created_once_and_opened_only_if_it_is_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inside = folder.path().join("ledger/sled");
        assert!(matches!(SledStore::open(&inside), Err(StoreError::Absent { .. })));
        assert!(!inside.exists(), "opening creates nothing");
        drop(SledStore::create(&inside).expect("the folder is empty"));
        assert!(matches!(SledStore::create(&inside), Err(StoreError::AlreadyThere { .. })));
    }

    #[test]
    fn a_store_is_open_once_at_a_time() {
        let (folder, store) = fresh();
        assert!(matches!(SledStore::open(folder.path()), Err(StoreError::InUse { .. })));
        assert!(matches!(SledStore::create(folder.path()), Err(StoreError::AlreadyThere { .. })));
        drop(store);
        reopen(&folder);
    }

    #[test]
    fn an_interrupted_creation_is_begun_again_or_opened_as_an_empty_store() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("conf"), "segment_size: 83").expect("a fresh file");
        check(&SledStore::create(folder.path()).expect("nothing was made of it yet"), &[]);

        let folder = tempfile::tempdir().expect("a temporary folder");
        File::create(folder.path().join("db")).expect("a fresh file");
        let mut store = reopen(&folder);
        check(&store, &[]);
        append(&mut store, &numbered(0..1));
    }

    #[test]
    fn values_without_their_length_were_never_appended() {
        let (folder, mut store) = fresh();
        append(&mut store, &numbered(0..2));
        drop(store);
        tamper(&folder, |trees| {
            for seq in [2, 3, 5, 400] {
                trees.tail.insert(key(seq), "half an append").expect("the folder can be written");
            }
        });
        let mut store = reopen(&folder);
        check(&store, &numbered(0..2));
        assert!(matches!(store.read(2..4).next(), Some(Err(StoreError::Missing { seq: 2 }))));

        append(&mut store, &numbered(2..4));
        check(&store, &numbered(0..4));
        assert_eq!(store.trees().tail.len(), 4, "nothing of the half append is left");
    }

    #[test]
    fn a_gap_is_named_by_its_seq() {
        let (folder, mut store) = fresh();
        append(&mut store, &numbered(0..6));
        drop(store);
        tamper(&folder, |trees| {
            for seq in [3, 5] {
                trees.tail.remove(key(seq)).expect("the folder can be written");
            }
        });
        let store = reopen(&folder);
        for (from, missing) in [(0, 3), (3, 3), (4, 5), (5, 5)] {
            let last = store.read(from..6).last();
            assert!(matches!(last, Some(Err(StoreError::Missing { seq })) if seq == missing));
        }
    }

    type Change = fn(&Trees) -> sled::Result<Option<IVec>>;

    #[test]
    fn what_no_append_writes_is_damage() {
        let changes: [Change; 4] = [
            |trees| trees.tail.insert([0; 9], "a key too long"),
            |trees| trees.marks.insert(LEN, "not a number"),
            |trees| trees.marks.insert(LEN, &u64::MAX.to_be_bytes()),
            |trees| trees.marks.remove(LEN),
        ];
        for change in changes {
            let (folder, mut store) = fresh();
            append(&mut store, &numbered(0..3));
            drop(store);
            tamper(&folder, |trees| drop(change(trees).expect("the folder can be written")));
            let outcome =
                SledStore::open(folder.path()).and_then(|store| store.read(0..3).collect::<Result<Vec<_>, _>>());
            assert!(matches!(outcome, Err(StoreError::Damaged { .. })));
        }
    }

    #[test]
    fn no_page_is_large_enough_for_a_file_of_its_own() {
        let (folder, mut store) = fresh();
        let longest = vec![vec![0xa5; crate::store::MAX_VALUE_BYTES]; 20];
        for _ in 0..10 {
            append(&mut store, &longest);
            append(&mut store, &longest[..1]);
        }
        drop(store);
        check(&reopen(&folder), &vec![longest[0].clone(); 210]);
        assert_eq!(fs::read_dir(folder.path().join("blobs")).expect("sled makes it").count(), 0);
    }

    #[test]
    fn a_snapshot_torn_by_a_kill_is_no_obstacle() {
        let (folder, mut store) = fresh();
        append(&mut store, &numbered(0..3));
        drop(store);
        for torn in ["", "torn in the middle of writing"] {
            fs::write(folder.path().join("snap.00000000FFFFFFFF.generating"), torn).expect("a fresh file");
            check(&reopen(&folder), &numbered(0..3));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn after_a_failed_sync_the_handle_writes_no_more_and_shows_what_was_before() {
        let (folder, mut store) = fresh();
        append(&mut store, &numbered(0..2));
        store.file = File::open("/dev/null").expect("every Linux has it, and it cannot be synced");
        assert!(matches!(store.append(2, &numbered(2..4)), Err(StoreError::OutcomeUnknown(_))));
        assert!(matches!(store.append(2, &numbered(2..4)), Err(StoreError::MustReopen)));
        check(&store, &numbered(0..2));
        assert!(matches!(store.read(2..4).next(), Some(Err(StoreError::Missing { seq: 2 }))));
        drop(store);
        check(&reopen(&folder), &numbered(0..4));
    }
}
