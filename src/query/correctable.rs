//! What a correction would take the place of: what stands of an announcement now.

use std::collections::BTreeMap;

use crate::domain::announcement::Body;
use crate::domain::id::AnnouncementId;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::query::sentence::Names;
use crate::query::{QueryError, View};

/// What stands of an announcement, and what a correction of it has to name.
#[derive(Debug, Clone)]
pub struct Correctable {
    /// The event to be corrected: the last correction, where there was one before.
    pub event: u64,
    /// Its announcement.
    pub corrects: AnnouncementId,
    /// What it says, in a sentence.
    pub what: String,
    /// What it says.
    pub body: Body,
    /// The source's own words for its dates.
    pub wording: BTreeMap<String, String>,
}

/// Looks what a correction of an event would take the place of.
///
/// # Errors
///
/// [`QueryError::TakenBack`] if nothing stands of it, [`QueryError::NotCorrectable`] if it says nothing of the world, or is
/// itself only about another announcement.
pub fn correctable(snapshot: &Snapshot, event: &Recorded) -> Result<Correctable, QueryError> {
    let view = View::whole(snapshot);
    let (mut newest, mut wording) = (event, &event.announcement.wording);
    while let Some(struck) = view.knowledge.struck.get(&newest.seq) {
        let by = view.event(struck.by).filter(|_| struck.replaced);
        newest = by.ok_or(QueryError::TakenBack { seq: event.seq, by: struck.by })?;
        if !newest.announcement.wording.is_empty() {
            wording = &newest.announcement.wording;
        }
    }
    let body = newest.announcement.body.said().filter(|body| body.kind().can_replace());
    let kind = newest.announcement.body.kind();
    let body = body.ok_or(QueryError::NotCorrectable { seq: newest.seq, kind })?;
    Ok(Correctable {
        event: newest.seq,
        corrects: newest.id.clone(),
        what: Names(&view.catalogue).sentence(body),
        body: body.clone(),
        wording: wording.clone(),
    })
}
