//! When a log was backed up last by this account, and into what: no ledger knows that of itself.
//!
//! ```text
//! _logs/NAME/GENESIS/backup     LEN HEAD BYTES TIME LF path LF    into a file
//! _logs/NAME/GENESIS/stream     LEN HEAD BYTES TIME LF            to standard output
//! _logs/NAME/GENESIS/checked    LEN HEAD BYTES TIME LF            what was found whole when it came as a stream
//! ```
//!
//! Each is replaced whole by the next that succeeds. What was written to standard output may have gone nowhere: it takes the
//! place of no file, and counts for what it is until it was checked.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::memory::{MAX_PLACE, Memory, MemoryError, refused, write};
use crate::store::durable_file;

/// What is remembered of backups, each in a file of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupKind {
    /// One that was written into a file.
    File,
    /// One that was written to standard output: nobody knows where it went.
    Stream,
    /// One that came back as a stream, and was whole.
    Checked,
}

impl BackupKind {
    fn name(self) -> &'static str {
        match self {
            Self::File => "backup",
            Self::Stream => "stream",
            Self::Checked => "checked",
        }
    }
}

/// A backup that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastBackup {
    /// The file; empty for a stream.
    pub file: PathBuf,
    /// When it was made, or checked.
    pub at: Timestamp,
    /// Where the log ended.
    pub head: Head,
    /// Its bytes; 0, if they were not counted.
    pub bytes: u64,
}

impl Memory {
    /// Remembers that a log was backed up, or that a backup of it was checked.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`].
    pub fn backed_up(&self, log: &LogId, kind: BackupKind, backup: &LastBackup) -> Result<(), MemoryError> {
        let Some(file) = self.log(log).map(|of_log| of_log.join(kind.name())) else { return Ok(()) };
        let LastBackup { at, head, bytes, .. } = backup;
        let text = format!("{} {} {bytes} {at}\n", head.len, head.hash);
        let path = match kind {
            BackupKind::File => [backup.file.as_os_str().as_bytes(), b"\n"].concat(),
            BackupKind::Stream | BackupKind::Checked => Vec::new(),
        };
        write(&file, &[text.as_bytes(), &path].concat())
    }

    /// Returns the newest backup of a log that is remembered of that kind, if any is.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Unusable`], [`MemoryError::Io`].
    pub fn last_backup(&self, log: &LogId, kind: BackupKind) -> Result<Option<LastBackup>, MemoryError> {
        let Some(file) = self.log(log).map(|of_log| of_log.join(kind.name())) else { return Ok(None) };
        let Some(bytes) = durable_file::read_bytes(&file, MAX_PLACE).map_err(refused(&file))? else { return Ok(None) };
        let what = "it does not say when the ledger was backed up; take it away";
        parse(&bytes, kind).map(Some).ok_or(MemoryError::Unusable { file, what })
    }
}

fn parse(bytes: &[u8], kind: BackupKind) -> Option<LastBackup> {
    let (line, path) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n')? + 1);
    let path = match kind {
        BackupKind::File => path.strip_suffix(b"\n")?,
        BackupKind::Stream | BackupKind::Checked => Some(path).filter(|path| path.is_empty())?,
    };
    let mut words = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?.split(' ');
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
        let last = |kind| memory.last_backup(&log, kind).expect("it can be read");
        assert_eq!(last(BackupKind::File), None);
        let head = Head { len: 3, hash: hash.parse().expect("a hash") };
        let at = "2026-11-22T10:00:00.000Z".parse().expect("a moment");
        // A name may be any bytes.
        let file = PathBuf::from(std::ffi::OsString::from_vec(b"/mnt/a\nb\xff".to_vec()));
        let made = LastBackup { file, at, head, bytes: 4096 };
        memory.backed_up(&log, BackupKind::File, &made).expect("there is room");
        let streamed = LastBackup { file: PathBuf::new(), bytes: 17, ..made.clone() };
        memory.backed_up(&log, BackupKind::Stream, &streamed).expect("there is room");
        assert_eq!((last(BackupKind::File), last(BackupKind::Stream)), (Some(made), Some(streamed)));
        assert_eq!(last(BackupKind::Checked), None);
        for other in [
            "",
            "\n",
            "3\n/f\n",
            &format!("x {hash} 1 2026-11-22T10:00:00.000Z\n/f\n"),
            &format!("3 {hash} 1 now\n/f\n"),
        ] {
            assert_eq!(parse(other.as_bytes(), BackupKind::File), None, "{other:?}");
        }
        let line = format!("3 {hash} 1 2026-11-22T10:00:00.000Z\n/f\n");
        assert_eq!(parse(line.as_bytes(), BackupKind::Stream), None, "a stream has no file");
    }
}
