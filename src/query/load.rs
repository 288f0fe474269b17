//! The facts that are kept beside the store, as far as a question rests on them.

use crate::domain::id::{Namespace, folded};
use crate::event::snapshot::Snapshot;
use crate::ledger::Folder;
use crate::ledger::facts::{HeadsKnown, Scope, read};
use crate::query::{Known, RecordedBy, View};

/// Reads what is kept in a ledger's folder, without waiting for anybody: nothing, if that does not fit the newest head.
///
/// For a question about one agreement, by whatever name, only what it rests on is read, if that is the agreement that is
/// described by that id at each of the points from which it is asked.
pub fn kept(folder: &Folder, agreement: Option<&str>, points: &[Known]) -> Option<Snapshot> {
    let is_now = |known: &Known| known.recorded_by.is_none();
    let heads = if points.iter().all(is_now) { HeadsKnown::Newest } else { HeadsKnown::Batches };
    if let Some(agreement) = agreement {
        let snapshot = read(folder, Scope::Agreement(agreement), heads)?;
        if points.iter().all(|known| is_described(&snapshot, agreement, *known)) {
            return Some(snapshot);
        }
    }
    read(folder, Scope::Everything, heads)
}

/// Whether an agreement of that id is described, as it is known from there; from where nothing is known, none is.
fn is_described(snapshot: &Snapshot, agreement: &str, known: Known) -> bool {
    let view = View::of(snapshot, known);
    view.is_ok_and(|view| view.catalogue.ids(Namespace::Agreement).any(|id| id == folded(agreement)))
}

impl Known {
    /// Whether these facts tell the head of the log at that point, or that there is no such point.
    pub fn can_be_placed(&self, snapshot: &Snapshot) -> bool {
        match self.recorded_by {
            Some(RecordedBy::Seq(seq)) => seq >= snapshot.heads.len() || snapshot.heads.at(seq + 1).is_some(),
            Some(RecordedBy::At(_)) | None => true,
        }
    }
}
