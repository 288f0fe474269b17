//! Taking everything that a published log has, to make a ledger of it again.

use std::io;
use std::path::Path;

use crate::integrity::checkpoint::CheckpointError;
use crate::integrity::digest::event_hash;
use crate::integrity::note::MAX_NOTE;
use crate::ledger::publish::tiles::PublishError;
use crate::ledger::recover::restore::{Copied, Restoration, RestoreError};
use crate::store::Store;
use crate::store::durable_file::read_bytes;
use crate::store::tiles::Published;

impl Restoration<'_> {
    /// Takes the events of a published log, and the documents beside them, and tells what became of those.
    ///
    /// No key is needed: the events are checked by what they say, and how many there are is looked at when it is done.
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push) and [`copy_documents`](Self::copy_documents), and [`RestoreError::Published`].
    pub fn take_published(&mut self, folder: &Path) -> Result<Copied, RestoreError> {
        let file = folder.join("checkpoint");
        let failed = |source| PublishError::Io { file: file.clone(), source };
        let nothing = || io::Error::new(io::ErrorKind::NotFound, "nothing is published here");
        let note = read_bytes(&file, MAX_NOTE as u64).map_err(failed)?.ok_or_else(nothing).map_err(failed)?;
        let size = String::from_utf8_lossy(&note).lines().nth(1).and_then(|line| line.parse().ok());
        let form = CheckpointError::Form("it does not say how many events there are");
        let size: u64 = size.ok_or(PublishError::NotThisLog { file: file.clone(), source: form })?;
        let store = Published::at(folder, size);
        if let Some(missing) = store.missing() {
            return Err(PublishError::Incomplete { file: missing, size }.into());
        }
        self.await_events(size);
        for value in store.read(0..size) {
            let value = value?;
            self.push(event_hash(&value), value)?;
        }
        let documents = folder.join("documents");
        if documents.is_dir() { self.copy_documents(&documents) } else { Ok(Copied::default()) }
    }
}

impl From<PublishError> for RestoreError {
    fn from(error: PublishError) -> Self {
        Self::Published(Box::new(error))
    }
}
