//! References: every party, agreement, mission and announcement that is named must be there.

use serde_json::Value;

use crate::domain::announcement::{Announcement, Body, Kind};
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::shape::{Shape, for_each_leaf};
use crate::ledger::admission::draft::{Draft, Fragment};
use crate::ledger::admission::finding::{Code, Finding, nearest};
use crate::ledger::admission::{Desk, Scope};

/// The findings after which no near names are looked for.
const MAX_HINTS: usize = 100;
/// The events that are told of several.
const MOST_TOLD: usize = 12;

/// Whether everything that a body names is described, and written as its description writes it: so it is with most.
pub(super) fn is_settled(body: &Body, scope: &Scope<'_>) -> bool {
    let mut settled = true;
    body.each_id(&mut |namespace, id| {
        let written = || scope.ledger.thing(namespace, id).or_else(|| scope.batch.thing(namespace, id));
        settled = settled && written() == Some(id);
    });
    settled
}

/// Checks every id that the announcement names, and writes it as its description does.
pub(super) fn resolve(
    position: usize,
    draft: &Draft,
    announcement: &mut Announcement,
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    findings: &mut Vec<Finding>,
) {
    let kind = announcement.body.kind();
    // Nobody reads more than the first, and looking for a near name takes a pass over all of them.
    let hints = findings.len() < MAX_HINTS;
    let mut body = announcement.body.to_value();
    for_each_leaf(kind.record(), &mut body, "", &mut |leaf| {
        let (Shape::Id(namespace), Value::String(id)) = (leaf.shape, &mut *leaf.value) else { return };
        if leaf.field == "id" {
            return;
        }
        let found = match namespace {
            Namespace::Announcement => match draft.positions.get(&leaf.path) {
                Some(seq) => event_at(*seq, desk),
                None => announcement_named((position, draft.id.as_ref()), kind, id, scope, desk, hints),
            },
            Namespace::Party | Namespace::Agreement | Namespace::Mission => thing_named(namespace, id, scope, hints),
        };
        match found {
            Ok(written) => *id = written,
            Err(Named { code, message, hint }) => {
                findings.push(Finding { draft: position, field: leaf.path, code, message, hint });
            }
        }
    });
    announcement.body = Body::read(kind, body).expect("ids as they are described leave an announcement its form");
}

/// Checks what a fragment names, as far as it could be read. Where in the file it stands is not known any more: that the
/// announcement which it names comes later is not told.
pub(super) fn check(
    position: usize,
    fragment: &Fragment,
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    findings: &mut Vec<Finding>,
) {
    let Some((kind, body)) = &fragment.body else { return };
    for_each_leaf(kind.record(), &mut Value::Object(body.clone()), "", &mut |leaf| {
        let (Shape::Id(namespace), Value::String(id)) = (leaf.shape, &*leaf.value) else { return };
        if leaf.field == "id" {
            return;
        }
        let hints = findings.len() < MAX_HINTS;
        let found = match namespace {
            Namespace::Announcement => match fragment.positions.get(&leaf.path) {
                Some(seq) => event_at(*seq, desk),
                None => announcement_named((usize::MAX, None), *kind, id, scope, desk, hints),
            },
            Namespace::Party | Namespace::Agreement | Namespace::Mission => thing_named(namespace, id, scope, hints),
        };
        match found {
            Ok(written) if matches!(leaf.field, "corrects" | "retracts") => {
                let target = AnnouncementId::parse(&written).ok();
                findings.extend(target.and_then(|id| already_struck(&id, desk)).map(
                    |Named { code, message, hint }| Finding {
                        draft: position,
                        field: leaf.path.clone(),
                        code,
                        message,
                        hint,
                    },
                ));
            }
            Ok(_) => {}
            Err(Named { code, message, hint }) => {
                findings.push(Finding { draft: position, field: leaf.path, code, message, hint });
            }
        }
    });
}

/// That an announcement was corrected or retracted before, if it was.
fn already_struck(id: &AnnouncementId, desk: &Desk<'_>) -> Option<Named> {
    let by = desk.struck_by(id)?;
    let message = format!("`{id}` was already corrected or retracted by `{by}`");
    Some(Named { code: Code::AlreadyStruck, message, hint: Some(format!("correct or retract `{by}` instead")) })
}

/// Why a name leads nowhere.
struct Named {
    code: Code,
    message: String,
    hint: Option<String>,
}

fn thing_named(namespace: Namespace, id: &str, scope: &Scope<'_>, hints: bool) -> Result<String, Named> {
    if let Some(written) = scope.ledger.thing(namespace, id).or_else(|| scope.batch.thing(namespace, id)) {
        return Ok(written.to_owned());
    }
    if scope.is_refused(namespace, id.to_ascii_lowercase()) {
        return Ok(id.to_owned());
    }
    let called = scope.ledger.thing_called(namespace, id).or_else(|| scope.batch.thing_called(namespace, id));
    let things = || scope.ledger.things(namespace).chain(scope.batch.things(namespace));
    let near = hints.then(|| nearest(id, things())).flatten();
    let hint = match (called, near) {
        (Some(known), _) => format!("that is a name of `{known}`: write its id"),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("describe it first, in this file or an earlier one: `kind: {namespace}`, `id: {id}`"),
    };
    let message = format!("no {namespace} `{id}` is described, in the ledger or in this batch");
    Err(Named { code: Code::UnknownReference, message, hint: Some(hint) })
}

/// The id of the announcement that the event at a position is.
fn event_at(seq: u64, desk: &Desk<'_>) -> Result<String, Named> {
    let place = usize::try_from(seq).ok().filter(|place| *place < desk.events.len());
    place.map(|place| desk.events.at(place).id.to_string()).ok_or_else(|| {
        let newest = desk.events.len().saturating_sub(1);
        let message = format!("there is no event {seq} in the ledger: the newest is {newest}");
        let hint = Some("digits alone are the position of an event; `servanda log` lists them".to_owned());
        Named { code: Code::UnknownReference, message, hint }
    })
}

/// An announcement can name only those before it: so no two can correct each other.
///
/// Its id is looked for first, then the event whose hash begins so. `position` and `own` are of the draft that names it.
fn announcement_named(
    (position, own): (usize, Option<&AnnouncementId>),
    kind: Kind,
    id: &str,
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    hints: bool,
) -> Result<String, Named> {
    let Ok(wanted) = AnnouncementId::parse(id) else { return Ok(id.to_owned()) };
    if own.is_some_and(|own| own.folded() == wanted.folded()) {
        let message = format!("a {kind} cannot be about itself");
        return Err(Named { code: Code::Itself, message, hint: Some("name another announcement".to_owned()) });
    }
    if let Some(seq) = desk.index.announcement(&wanted) {
        return Ok(desk.events.at(usize::try_from(seq).expect("events are in memory")).id.to_string());
    }
    if let Some(new) = desk.seen.get(&wanted.folded()) {
        return Ok(desk.admitted.new[*new].id.to_string());
    }
    let (first, last) = scope.given.get(&wanted.folded()).copied().unzip();
    if last.is_some_and(|last| last > position) {
        let message = format!("the announcement `{id}` comes later in this file");
        return Err(Named { code: Code::LaterReference, message, hint: Some("move it up".to_owned()) });
    }
    // An announcement that was refused for a reason of its own is not told a second time.
    if first.is_some() || scope.is_refused(Namespace::Announcement, wanted.folded()) {
        return Ok(id.to_owned());
    }
    match desk.beginning(id).as_slice() {
        [] => {}
        [seq] => return event_at(*seq, desk),
        several => {
            let told: Vec<String> = several.iter().take(MOST_TOLD).map(u64::to_string).collect();
            let message = format!("{} events have a hash that begins with `{id}`: {}", several.len(), told.join(", "));
            let hint = "give more digits, or the position of the event".to_owned();
            return Err(Named { code: Code::UnknownReference, message, hint: Some(hint) });
        }
    }
    let near = hints.then(|| nearest(id, desk.index.announcements())).flatten();
    let hint =
        near.map_or_else(|| "`servanda search WORDS` finds them".to_owned(), |near| format!("did you mean `{near}`?"));
    let message = format!("no announcement `{id}` is in the ledger or before this one");
    Err(Named { code: Code::UnknownReference, message, hint: Some(hint) })
}
