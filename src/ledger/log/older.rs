//! A ledger that was restored as it was earlier, and says so itself: whoever has it sees that it is older than what is known, and
//! nobody goes on with it by mistake, on whatever machine and whatever the account remembers.
//!
//! The file `OLDER` begins with the number of events that were known when it was made. It says nothing any more once the ledger
//! has as many, as after a repair with all of them.

use std::io;

use crate::ledger::folder::Folder;
use crate::ledger::log::checkpoints::CheckpointsError;
use crate::store::durable_file;
use crate::store::shared::Rights;

/// The most bytes in the file.
const MAX_TEXT_BYTES: u64 = 4096;

/// How much older a ledger is than what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Older {
    /// Events that it has.
    pub len: u64,
    /// Events that were known when it was restored.
    pub known: u64,
}

impl Older {
    /// What the ledger in a folder says, which has so many events; nothing, if it is no older than what was known.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`] if the file is there, and does not say how many.
    pub(crate) fn of(folder: &Folder, len: u64) -> Result<Option<Self>, CheckpointsError> {
        let file = folder.older();
        let text = durable_file::read_text(&file, MAX_TEXT_BYTES);
        let known = text.and_then(|text| text.as_deref().map(known_in).transpose());
        let known = known.map_err(|source| CheckpointsError::Io { file, source })?;
        Ok(known.filter(|known| *known > len).map(|known| Self { len, known }))
    }

    /// Refuses a ledger to which nothing is appended, and which nobody signs.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Older`], and those of [`of`](Self::of).
    pub(crate) fn refuse(folder: &Folder, len: u64) -> Result<(), CheckpointsError> {
        Self::of(folder, len)?.map_or(Ok(()), |older| Err(CheckpointsError::Older(older)))
    }

    /// Has the ledger in a folder say so, on the disk when this returns.
    pub(crate) fn save(self, folder: &Folder) -> io::Result<()> {
        let Self { len, known } = self;
        let text = format!(
            "{known} events were known when this ledger was restored as it was when it had {len}.\n\
             It is there to be read: nothing is appended to it, and it is not signed.\n"
        );
        durable_file::replace(&folder.older(), text.as_bytes(), Rights::Usual)
    }
}

/// The number that the file begins with.
fn known_in(text: &str) -> io::Result<u64> {
    let known = text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    known.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it does not say how many events were known"))
}
