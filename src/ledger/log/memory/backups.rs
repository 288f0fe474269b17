//! When a log was backed up last by this account, and into which file: no ledger knows that of itself.
//!
//! ```text
//! _logs/NAME/GENESIS/backup    LEN HEAD BYTES TIME LF path LF
//! ```
//!
//! It is replaced whole by each backup that succeeds. Whether the file is still there, or on another machine by now, is not
//! known here.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::memory::{MAX_PLACE, Memory, MemoryError, refused, write};
use crate::store::durable_file;

/// The file that says it.
const BACKUP: &str = "backup";

/// A backup that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastBackup {
    /// The file, or `-` if it went to standard output.
    pub file: PathBuf,
    /// When it was made.
    pub at: Timestamp,
    /// Where the log ended.
    pub head: Head,
    /// Its bytes.
    pub bytes: u64,
}

impl Memory {
    /// Remembers that a log was backed up.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`].
    pub fn backed_up(&self, log: &LogId, backup: &LastBackup) -> Result<(), MemoryError> {
        let Some(file) = self.log(log).map(|of_log| of_log.join(BACKUP)) else { return Ok(()) };
        let LastBackup { at, head, bytes, .. } = backup;
        let text = format!("{} {} {bytes} {at}\n", head.len, head.hash);
        write(&file, &[text.as_bytes(), backup.file.as_os_str().as_bytes(), b"\n"].concat())
    }

    /// The newest backup of a log that is remembered, if any is.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Unusable`], [`MemoryError::Io`].
    pub fn last_backup(&self, log: &LogId) -> Result<Option<LastBackup>, MemoryError> {
        let Some(file) = self.log(log).map(|of_log| of_log.join(BACKUP)) else { return Ok(None) };
        let Some(bytes) = durable_file::read_bytes(&file, MAX_PLACE).map_err(refused(&file))? else { return Ok(None) };
        let what = "it does not say when the ledger was backed up; take it away";
        parse(&bytes).map(Some).ok_or(MemoryError::Unusable { file, what })
    }
}

fn parse(bytes: &[u8]) -> Option<LastBackup> {
    let (line, path) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n')?);
    let path = path.strip_prefix(b"\n")?.strip_suffix(b"\n")?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let head = Head { len: words.next()?.parse().ok()?, hash: words.next()?.parse().ok()? };
    let (bytes, at) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let file = PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()));
    words.next().is_none().then_some(LastBackup { file, at, head, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_of_a_backup_is_told_again_and_nothing_else_is_taken_for_it() {
        let account = tempfile::tempdir().expect("a temporary folder");
        let memory = Memory::at(account.path());
        let hash = "ab".repeat(32);
        let log =
            LogId { origin: "test.example/ledger".parse().expect("an origin"), genesis: hash.parse().expect("a hash") };
        assert_eq!(memory.last_backup(&log).expect("nothing is there"), None);
        let head = Head { len: 3, hash: hash.parse().expect("a hash") };
        let at = "2026-11-22T10:00:00.000Z".parse().expect("a moment");
        // A name may be any bytes.
        let file = PathBuf::from(std::ffi::OsString::from_vec(b"/mnt/a\nb\xff".to_vec()));
        let made = LastBackup { file, at, head, bytes: 4096 };
        memory.backed_up(&log, &made).expect("there is room");
        assert_eq!(memory.last_backup(&log).expect("it is there"), Some(made));
        for other in [
            "",
            "\n",
            "3\n/f\n",
            &format!("x {hash} 1 2026-11-22T10:00:00.000Z\n/f\n"),
            &format!("3 {hash} 1 now\n/f\n"),
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other:?}");
        }
    }
}
