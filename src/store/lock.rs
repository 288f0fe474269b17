//! Who works on a ledger's folder: an exclusive lock on one file, which names its holder.
//!
//! The operating system releases the lock with the process, however it ends. The file stays for ever: if it were
//! removed, one process could wait for the file that it opened while another locks a new one of the same name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::store::shared::{self, Rights};
use crate::store::{durable_file, folder};

const PAUSE: Duration = Duration::from_millis(20);
/// The most characters of the holder's text that are shown.
const HOLDER_MAX_CHARS: usize = 200;

/// The lock, held until it is dropped, and whatever was cloned of it.
#[derive(Debug, Clone)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock(Arc<Held>);

#[derive(Debug)]
struct Held {
    file: File,
    holder: String,
}

/// Why the lock was not acquired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else holds it. Wait longer, or ask them.
    #[error("the ledger is in use by {}", if .holder.is_empty() { "another process" } else { .holder })]
    Held {
        /// What the holder said of itself: one line without control characters, at most 200 characters; empty if it
        /// has not said anything yet.
        holder: String,
    },
    /// The lock's file cannot be used.
    #[error("the ledger cannot be locked")]
    Io(#[from] io::Error),
}

impl Lock {
    /// Locks the file at `path`, which is created if need be, and writes `holder` into it if there is room.
    ///
    /// While somebody else holds the lock, it tries again every 20 ms until `timeout` has passed; it tries at least
    /// twice.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] after the timeout; [`LockError::Io`] if the file cannot be opened, or is a symbolic link.
    pub fn acquire(path: &Path, holder: &str, timeout: Duration) -> Result<Self, LockError> {
        let mut file = open(path)?;
        wait_for(&file, timeout, File::try_lock)?;
        // Where there is no room for the name it is held without one, so that a ledger on a full disk can be read and saved.
        // One that has another name too, as in a copy by hard links, is not written: that would change the other.
        if file.metadata()?.nlink() == 1 {
            let _ = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes()));
        }
        Ok(Self::held(file, holder))
    }

    /// Makes the file at `path`, where nothing may be yet, with `holder` in it. It is locked before it has that name, so that
    /// nobody finds it there and free.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn create(path: &Path, holder: &str) -> io::Result<Self> {
        let made = durable_file::temporary(path, holder.as_bytes(), Rights::Usual)?;
        made.as_file().try_lock()?;
        Ok(Self::held(made.persist_noclobber(path)?, holder))
    }

    fn held(file: File, holder: &str) -> Self {
        Self(Arc::new(Held { file, holder: holder.to_owned() }))
    }

    /// Locks the file at `path` if nobody has it now, looking or holding, until what is given back is dropped; nothing is
    /// written. `None`, if somebody has, or there is no such file.
    ///
    /// # Errors
    ///
    /// What the operating system says, also if it is no file.
    pub fn seize(path: &Path) -> io::Result<Option<File>> {
        let Some(file) = durable_file::open_to_read(path)? else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits until nobody holds the lock at `path`, as [`acquire`](Self::acquire) does, and keeps others from it until what is
    /// given back is dropped; nothing is written, and where there is no such file there is nothing to wait for.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire).
    pub fn look(path: &Path, timeout: Duration) -> Result<Option<File>, LockError> {
        let Some(file) = durable_file::open_to_read(path)? else { return Ok(None) };
        wait_for(&file, timeout, File::try_lock_shared)?;
        Ok(Some(file))
    }

    /// What the holder said of itself.
    pub fn holder(&self) -> &str {
        &self.0.holder
    }

    /// Whether that holder holds the lock at `path` now. If it cannot be told, it does not.
    pub fn is_held_by(path: &Path, holder: &str) -> bool {
        let Ok(Some(mut file)) = durable_file::open_to_read(path) else { return false };
        let is_held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        let mut text = String::new();
        is_held && file.read_to_string(&mut text).is_ok() && text == holder
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // So that the next holder is not taken for this one before it has written its own name. If that fails, or the
        // process is killed first, the lock is released all the same when the file is closed.
        if self.file.metadata().is_ok_and(|found| found.nlink() == 1) {
            let _ = self.file.set_len(0);
        }
    }
}

/// Tries to lock a file every 20 ms until `timeout` has passed, at least twice.
fn wait_for(
    file: &File,
    timeout: Duration,
    try_lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<(), LockError> {
    // Whoever looks at who holds it locks it for a moment; that is not waited for as for a holder.
    let mut left = timeout.max(PAUSE);
    loop {
        match try_lock(file) {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if left.is_zero() => return Err(LockError::Held { holder: read(file) }),
            Err(TryLockError::WouldBlock) => {}
        }
        let pause = left.min(PAUSE);
        thread::sleep(pause);
        left -= pause;
    }
}

/// Opens the file without touching what is in it. A link might lead to a file that is none of ours to write to.
fn open(path: &Path) -> io::Result<File> {
    let opened = durable_file::regular(OpenOptions::new().read(true).write(true).create(true).truncate(false), path);
    let opened = opened.and_then(|file| shared::share(&file, folder::parent(path), Rights::Usual).map(|()| file));
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} is not a regular file", path.display()))
        }
        _ => error,
    })
}

/// What the holder said of itself. Where locked files cannot be read, that is nothing.
fn read(file: &File) -> String {
    let mut bytes = Vec::new();
    // A character is at most four bytes; whatever follows would not be shown.
    match file.take(4 * HOLDER_MAX_CHARS as u64).read_to_end(&mut bytes) {
        Ok(_) => one_line(&String::from_utf8_lossy(&bytes)),
        Err(_) => String::new(),
    }
}

/// The text on one line, with nothing in it that a terminal would obey.
fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").chars().take(HOLDER_MAX_CHARS).collect()
}

/// Control characters, line separators, zero-width characters, and those that change the direction of writing.
fn is_invisible(c: char) -> bool {
    let formats = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || formats
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn path() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("LOCK");
        (folder, path)
    }

    fn acquire(path: &Path, holder: &str) -> Lock {
        Lock::acquire(path, holder, Duration::ZERO).expect("nobody holds it")
    }

    /// While a lock is held by `holder`, others are told `shown`.
    fn check(holder: &str, shown: &str) {
        let (_folder, path) = path();
        let _held = acquire(&path, holder);
        match Lock::acquire(&path, "another", Duration::from_millis(1)) {
            Err(LockError::Held { holder }) => assert_eq!(holder, shown),
            other => panic!("expected that it is held, not {other:?}"),
        }
    }

    #[test]
    fn who_holds_the_lock_is_told_to_others() {
        check("pid 4711: servanda append", "pid 4711: servanda append");
        check("", "");
    }

    #[test]
    fn a_holder_is_shown_on_one_line_without_anything_a_terminal_obeys() {
        check("\u{1b}[31mred\u{7}\n\tnext\u{9b}2J \u{202e}back", "[31mred next 2J back");
        check(&"é".repeat(500), &"é".repeat(200));
    }

    #[test]
    fn a_lock_that_is_made_was_never_free_and_is_held_until_the_last_has_dropped_it() {
        let (_folder, path) = path();
        let made = Lock::create(&path, "first").expect("nothing is there");
        assert_eq!(Lock::create(&path, "second").expect_err("it is there").kind(), io::ErrorKind::AlreadyExists);
        drop(made.clone());
        assert!(Lock::is_held_by(&path, "first") && Lock::seize(&path).expect("it can be read").is_none());
        drop(made);
        assert!(Lock::seize(&path).expect("it can be read").is_some());
        assert_eq!(std::fs::read_to_string(&path).expect("it stays"), "");
    }

    #[test]
    fn a_released_lock_can_be_acquired_again() {
        let (_folder, path) = path();
        drop(acquire(&path, "a holder with a longer name"));
        let _held = acquire(&path, "second");
        assert_eq!(std::fs::read_to_string(&path).expect("others may read it"), "second");
    }

    #[test]
    fn whether_it_is_held_is_told_without_holding_it() {
        let (_folder, path) = path();
        assert!(!Lock::is_held_by(&path, "first"));
        let held = acquire(&path, "first");
        assert!(Lock::is_held_by(&path, "first") && Lock::is_held_by(&path, "first"));
        assert!(!Lock::is_held_by(&path, "second"));
        drop(held);
        assert!(!Lock::is_held_by(&path, "first"));
        assert_eq!(std::fs::read_to_string(&path).expect("it stays"), "");
    }

    #[test]
    fn what_a_killed_holder_left_behind_is_in_nobodys_way() {
        let (_folder, path) = path();
        std::fs::write(&path, "killed, and with a longer name").expect("a fresh file");
        let _held = acquire(&path, "next");
        assert_eq!(std::fs::read_to_string(&path).expect("others may read it"), "next");
    }

    #[test]
    fn who_waits_gets_the_lock_when_it_is_released() {
        let (_folder, path) = path();
        let held = acquire(&path, "first");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| Lock::acquire(&path, "second", Duration::from_mins(1)));
            drop(held);
            assert!(waiting.join().expect("it does not panic").is_ok());
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_refused_and_its_target_untouched() {
        let (folder, path) = path();
        let outside = folder.path().join("outside");
        std::fs::write(&outside, "untouched").expect("a fresh file");
        std::os::unix::fs::symlink(&outside, &path).expect("a fresh link");
        assert!(matches!(Lock::acquire(&path, "me", Duration::ZERO), Err(LockError::Io(_))));
        assert_eq!(std::fs::read_to_string(&outside).expect("it is still there"), "untouched");
    }
}
