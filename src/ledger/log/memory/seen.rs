//! Where a log ended when this account last appended to it or verified it: what was acknowledged and nobody has signed yet.
//!
//! ```text
//! _logs/NAME/GENESIS/seen    LEN HASH LF
//! ```
//!
//! It is replaced whole, without waiting for the disk: after a power cut an older one says less, and one that says nothing is
//! none.

use std::path::Path;

use crate::event::chain::Head;
use crate::ledger::folder::head;
use crate::ledger::folder::log_id::{LogId, SEEN};
use crate::ledger::log::memory::{Memory, MemoryError, refused};
use crate::store::folder as store_folder;

impl Memory {
    /// Remembers where a log ended, unless more is remembered of it.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`].
    pub fn saw(&self, log: &LogId, head: Head) -> Result<(), MemoryError> {
        let Some(of_log) = self.log(log) else { return Ok(()) };
        if head::read(&of_log.join(SEEN)).is_some_and(|known| known.len >= head.len) {
            return Ok(());
        }
        write(&of_log, head)
    }

    /// Remembers where a log ends now, whatever was remembered: for whoever was told that events are missing, and goes on
    /// without them.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Io`].
    pub fn goes_on_from(&self, log: &LogId, head: Head) -> Result<(), MemoryError> {
        self.log(log).map_or(Ok(()), |of_log| write(&of_log, head))
    }
}

fn write(of_log: &Path, head: Head) -> Result<(), MemoryError> {
    let file = of_log.join(SEEN);
    store_folder::create_private(of_log).and_then(|()| head::write(&file, head)).map_err(refused(&file))
}
