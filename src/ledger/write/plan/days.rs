//! What days of new acts leave open: a beginning that nothing bounds, and an act that lies ahead of its recording.

use std::collections::{BTreeSet, HashMap};

use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::id::AgreementId;
use crate::event::snapshot::Recorded;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::admission::occurred;
use crate::ledger::state::Planned;
use crate::ledger::write::append::place;
use crate::ledger::write::plan::Drafted;

/// Finds what the days of planned events leave open, each with its batch; `drafted` has their batches and drafts. Of a beginning
/// it is told once an agreement.
pub(super) fn open_days(planned: &Planned<'_>, drafted: &HashMap<u64, Drafted>) -> Vec<(usize, Finding)> {
    let mut found = Vec::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    let events = planned.events();
    for event in events.from(place(planned.before().len())) {
        let Some(Drafted { batch, draft }) = drafted.get(&event.seq).copied() else { continue };
        let body = &event.announcement.body;
        if let Some((agreement, field, date)) = body.said().and_then(works_from)
            && date.window().earliest().is_none()
            && !planned.bearing.has_beginning(events, agreement)
            && told.insert(agreement.folded())
        {
            found.push((batch, unbounded(draft, event, agreement, field)));
        }
        let recorded = event.stated.day();
        let ahead = |date: &Date| date.window().earliest().is_some_and(|first| first > recorded.next());
        let days = occurred(body).into_iter().chain(deposited(body));
        found.extend(days.filter(|(_, date)| ahead(date)).map(|(field, date)| {
            let message = format!("`{}` lies ahead of its recording, on {date}: it stands as it is told", event.id);
            let hint = "what is only expected is a `prospect`, or has `expected`; is the date right?";
            (batch, Finding::new(draft, field, Code::Ahead, message).hint(hint))
        }));
    }
    found
}

/// Of an act of parties to an agreement: to which, and the date from which it works, with the field that has it.
fn works_from(body: &Body) -> Option<(&AgreementId, &'static str, &Date)> {
    let (agreement, effective, occurred) = match body {
        Body::Joining(joining) => {
            let deposited = joining.deposited.as_ref().map(|date| ("deposited", date));
            let effective = joining.effective.as_ref().map(|date| ("effective", date));
            let (field, date) = effective.or(deposited).unwrap_or(("occurred", &joining.occurred));
            return Some((&joining.agreement, field, date));
        }
        Body::Memorandum(of) => (&of.agreement.id, &of.effective, &of.occurred),
        Body::Departure(of) => (&of.agreement, &of.effective, &of.occurred),
        Body::Suspension(of) => (&of.agreement, &of.effective, &of.occurred),
        _ => return None,
    };
    let (field, date) = effective.as_ref().map_or(("occurred", occurred), |date| ("effective", date));
    Some((agreement, field, date))
}

/// The day on which an instrument was deposited, and the field that has it.
fn deposited(body: &Body) -> Option<(&'static str, &Date)> {
    match (body, body.said()?) {
        (Body::Correction(_), Body::Joining(joining)) => Some(("replacement.deposited", joining.deposited.as_ref()?)),
        (_, Body::Joining(joining)) => Some(("deposited", joining.deposited.as_ref()?)),
        _ => None,
    }
}

fn unbounded(draft: usize, event: &Recorded, agreement: &AgreementId, field: &str) -> Finding {
    let message = format!(
        "`{}` may have happened on any day before, since nothing says since when `{agreement}` exists",
        event.id
    );
    let hint = format!(
        "a milestone bounds it: `{{ kind: milestone, agreement: {agreement}, act: established, occurred: … }}`, see `servanda template milestone`"
    );
    let replaces = matches!(event.announcement.body, Body::Correction(_));
    let field = if replaces { format!("replacement.{field}") } else { field.to_owned() };
    Finding::new(draft, field, Code::OpenBeginning, message).hint(hint)
}
