//! Which log something is of, and what files are called that are kept of logs.

use std::fmt::{self, Write};
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::id::Origin;
use crate::integrity::checkpoint::MAX_SIZE;
use crate::integrity::digest::EventHash;

/// Which log: its name, and the hash of its first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogId {
    /// What it calls itself.
    pub origin: Origin,
    /// The hash of its genesis, whatever became of its keys since.
    pub genesis: EventHash,
}

/// The folder of an account in which the logs have theirs of which it remembers something.
pub(crate) const LOGS: &str = "_logs";

/// The file there that says where a log ended when the account saw it last.
pub(crate) const SEEN: &str = "seen";

impl LogId {
    /// Returns the folder in which an account keeps what it remembers of this log, whether it is there or not.
    pub(crate) fn folder_of(&self, account: &Path) -> PathBuf {
        account.join(LOGS).join(folder_name(self.origin.as_str())).join(self.genesis.to_string())
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ledger {} with genesis {}", self.origin, self.genesis)
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

/// The sizes by which the files of a folder are called that have that ending, in order; of none, if there is no folder.
///
/// # Errors
///
/// What the operating system says.
pub(crate) fn sizes_in(folder: &Path, ending: &str) -> io::Result<Vec<u64>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names: Vec<_> = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    let sizes = names.iter().filter_map(|name| size_of(name.to_str()?.strip_suffix(ending)?));
    let mut sizes: Vec<u64> = sizes.collect();
    sizes.sort_unstable();
    Ok(sizes)
}

/// The size in a file's name.
fn size_of(name: &str) -> Option<u64> {
    let size = name.parse().ok().filter(|size| *size <= MAX_SIZE)?;
    (u64::to_string(&size) == name).then_some(size)
}
