//! What days of new acts leave open: a beginning that nothing bounds, and an act that lies ahead of its recording.

use std::collections::{BTreeSet, HashMap};

use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::id::AgreementId;
use crate::event::facts::Recorded;
use crate::ledger::Ledger;
use crate::ledger::finding::{Code, Finding};

impl Ledger {
    /// What the days of the planned events from a place on leave open, each with its batch; `planned` has their batches and
    /// drafts. Of a beginning it is told once an agreement.
    pub(super) fn open_days(&self, planned: &HashMap<u64, (usize, usize)>, first: usize) -> Vec<(usize, Finding)> {
        let mut found = Vec::new();
        let mut told: BTreeSet<String> = BTreeSet::new();
        for event in &self.facts.events[first..] {
            let Some((batch, draft)) = planned.get(&event.seq).copied() else { continue };
            let Some((agreement, occurred, works_otherwise)) = event.announcement.body.said().and_then(joins) else {
                continue;
            };
            let open = !works_otherwise && occurred.window().earliest().is_none();
            if open && !self.bearing.has_beginning(&self.facts.events, agreement) && told.insert(agreement.folded()) {
                found.push((batch, unbounded(draft, event, agreement)));
            }
            let recorded = event.stated.day();
            if occurred.window().earliest().is_some_and(|first| first > recorded.next()) {
                let message = format!(
                    "`{}` happens on {occurred}, and is recorded on {recorded}: it stands as it is told",
                    event.id
                );
                let hint = "what is only expected is a `prospect`; is the date right?";
                found.push((batch, Finding::new(draft, "occurred", Code::Ahead, message).hint(hint)));
            }
        }
        found
    }
}

/// Of an act by which parties come to an agreement: to which, when, and whether it works from another day than that.
fn joins(body: &Body) -> Option<(&AgreementId, &Date, bool)> {
    match body {
        Body::Joining(joining) => {
            let otherwise = joining.effective.is_some() || joining.deposited.is_some();
            Some((&joining.agreement, &joining.occurred, otherwise))
        }
        Body::Memorandum(memorandum) => {
            Some((&memorandum.agreement.id, &memorandum.occurred, memorandum.effective.is_some()))
        }
        _ => None,
    }
}

fn unbounded(draft: usize, event: &Recorded, agreement: &AgreementId) -> Finding {
    let message = format!(
        "`{}` may have happened on any day before, since nothing says since when `{agreement}` exists",
        event.id
    );
    let hint = format!(
        "a milestone bounds it: `{{ kind: milestone, agreement: {agreement}, act: established, occurred: … }}`, see `servanda template milestone`"
    );
    Finding::new(draft, "occurred", Code::OpenBeginning, message).hint(hint)
}
