//! The documents of a ledger that is restored.

use std::path::Path;

use crate::evidence::extract::MAX_DOCUMENT_BYTES;
use crate::ledger::documents::inventory::{DocumentState, Entry, NamedBy};
use crate::ledger::documents::reader::DocumentReader;
use crate::ledger::folder::Folder;
use crate::ledger::recover::restore::{Restoration, RestoreError};
use crate::store::documents::Documents;
use crate::store::many_files::ManyFiles;

/// What became of the documents.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    /// How many files events name.
    pub named: usize,
    /// How many were copied.
    pub copied: usize,
    /// Why others that are there were not.
    pub refused: Vec<String>,
}

impl Restoration<'_> {
    /// Step 3: copies the documents that events name from a folder that has them under their hashes.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Document`] if one could not be kept. One that cannot be read is told in the answer.
    pub fn copy_documents(&self, from: &Path) -> Result<Copied, RestoreError> {
        let (source, kept) = (Documents::at(from), Documents::at(self.aside.folder().documents()));
        let shelf = DocumentReader::of_documents(source.clone());
        let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
        let (mut copied, mut files) = (Copied::default(), ManyFiles::default());
        let Some(holdings) = self.walk.as_ref().map(|walk| &walk.holdings) else { return Ok(copied) };
        // What only events name that are not kept is nobody's.
        let is_named = |named: &Entry| named.seq < self.whole();
        let of = holdings.files().filter(|(_, named)| is_named(named)).count() as u64;
        for (address, named) in holdings.files().filter(|(_, named)| is_named(named)) {
            self.go_on()?;
            copied.named += 1;
            (self.progress)("documents looked at", copied.named as u64, of);
            match holdings.look(&shelf, address, named) {
                DocumentState::Kept => {
                    let bytes = source.get(address, limit)?.unwrap_or_default();
                    let salt = source.salt(address)?.and_then(|salt| <[u8; 32]>::try_from(salt).ok());
                    let salt = salt.filter(|_| named.by == NamedBy::Commitment);
                    kept.put_among(&mut files, (address, &bytes), salt.as_ref())?;
                    copied.copied += 1;
                }
                DocumentState::Erased(_) => {}
                DocumentState::NotDeleted(by) => {
                    copied.refused.push(format!("document {address} was erased by event {by}, and was not copied"));
                }
                DocumentState::Missing(_) if !shelf.has(address) => {}
                DocumentState::Missing(what)
                | DocumentState::Altered(what)
                | DocumentState::Unreadable(what)
                | DocumentState::OutOfReach(what) => {
                    copied.refused.push(format!("document {address} {what}, and was not copied"));
                }
            }
        }
        files.sync()?;
        Ok(copied)
    }

    /// Deletes the documents that the events which were taken say were erased: some may have come with older events.
    pub(in crate::ledger) fn drop_erased(&self) -> Result<(), RestoreError> {
        let Some(holdings) = self.walk.as_ref().map(|walk| &walk.holdings) else { return Ok(()) };
        let erased = holdings.files().map(|(address, _)| address).filter(|of| holdings.erased_by(of).is_some());
        Documents::at(self.aside.folder().documents()).remove(erased)?;
        Ok(())
    }

    /// The documents that are kept here, and are other bytes elsewhere: their paths in a ledger.
    pub(in crate::ledger) fn altered_in(&self, other: &Folder) -> Vec<String> {
        let Some(holdings) = self.walk.as_ref().map(|walk| &walk.holdings) else { return Vec::new() };
        let (own, theirs) = (DocumentReader::of(&self.folder()), DocumentReader::of(other));
        let is_altered = |(address, named): &(&str, &Entry)| {
            matches!(holdings.look(&theirs, address, named), DocumentState::Altered(_))
                && holdings.look(&own, address, named) == DocumentState::Kept
        };
        holdings.files().filter(is_altered).map(|(address, _)| format!("documents/{address}")).collect()
    }
}
