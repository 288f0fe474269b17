//! What is told of announcements that were events already.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::Kind;
use crate::event::Snapshot;

/// The most announcements for which people are told unasked that they no longer stand.
pub(super) const SHOWN_STRUCK: usize = 20;

/// An announcement that was an event already.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Already {
    /// The line of the file, from 1.
    pub(super) line: usize,
    /// The event.
    pub(super) event: u64,
    /// Where it no longer stands: the event that corrected or retracted it since, the one that corrected that, and so on.
    /// Retracting them from the last on brings it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    struck_by: Vec<u64>,
    /// Whether the first of them takes it back.
    #[serde(skip)]
    is_retracted: bool,
}

impl Already {
    /// The announcement at a line, with what struck its event since.
    pub(super) fn of(line: usize, event: u64, struck_by: Option<&Vec<u64>>, snapshot: &Snapshot) -> Self {
        let struck_by = struck_by.cloned().unwrap_or_default();
        let first = struck_by.first().and_then(|seq| snapshot.events.get(usize::try_from(*seq).ok()?));
        let is_retracted = first.is_some_and(|event| event.announcement.body.kind() == Kind::Retraction);
        Self { line, event, struck_by, is_retracted }
    }

    /// Whether it no longer stands.
    pub(super) fn is_struck(&self) -> bool {
        !self.struck_by.is_empty()
    }

    /// What is told of it, with the commands that bring it back.
    pub(super) fn told(&self) -> String {
        let Self { line, event, .. } = self;
        let Some(by) = self.struck_by.first() else { return format!("  line {line}: already event {event}\n") };
        let how = if self.is_retracted { "retracted" } else { "corrected" };
        let commands = self.struck_by.iter().rev().map(|by| format!("`servanda retract {by} --reason …`"));
        let back = commands.collect::<Vec<_>>().join(", then ");
        format!("  line {line}: already event {event}, {how} since by event {by}; {back} brings it back\n")
    }
}
