//! Where quotes stand in the documents that are kept.

use std::collections::BTreeMap;

use crate::ledger::documents::reader::DocumentReader;
use crate::query::why::Why;

impl Why {
    /// Finds the lines of the quotes in the documents that are kept; one that cannot be read leaves its quotes without.
    pub fn place_quotes(&mut self, documents: &DocumentReader) {
        let mut texts: BTreeMap<String, Option<String>> = BTreeMap::new();
        for cited in self.claims.iter_mut().flat_map(|claim| &mut claim.evidence) {
            let (Some(address), Some((first, _))) = (&cited.text, cited.at) else { continue };
            let text = texts.entry(address.clone()).or_insert_with(|| documents.document_text(address).ok());
            let before = text.as_ref().and_then(|text| text.get(..usize::try_from(first).ok()?));
            cited.line = before.map(|before| before.matches('\n').count() as u64 + 1);
        }
    }
}
