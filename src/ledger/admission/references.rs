//! References: every party, agreement, mission and announcement that is named must be there.

use serde_json::Value;

use crate::domain::announcement::{Announcement, Body, Kind};
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::shape::{Shape, for_each_leaf};
use crate::ledger::admission::{Desk, Scope};
use crate::ledger::draft::{Draft, Fragment};
use crate::ledger::finding::{Code, Finding, nearest};

/// The findings after which no near names are looked for.
const MAX_HINTS: usize = 100;

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
            Namespace::Announcement => announcement_named(position, draft, kind, id, scope, desk, hints),
            Namespace::Party | Namespace::Agreement | Namespace::Mission => thing_named(namespace, id, scope, hints),
        };
        match found {
            Ok(written) => *id = written,
            Err(Named { code, message, hint }) => {
                findings.push(Finding { draft: position, field: leaf.path, code, message, hint });
            }
        }
    });
    if let Ok(body) = Body::read(kind, body) {
        announcement.body = body;
    }
}

/// Checks the things that a fragment names.
pub(super) fn check(position: usize, fragment: &Fragment, scope: &Scope<'_>, findings: &mut Vec<Finding>) {
    for (namespace, id, field) in &fragment.references {
        let hints = findings.len() < MAX_HINTS;
        if let Err(Named { code, message, hint }) = thing_named(*namespace, id, scope, hints) {
            findings.push(Finding { draft: position, field: field.clone(), code, message, hint });
        }
    }
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

/// An announcement can name only those before it: so no two can correct each other.
fn announcement_named(
    position: usize,
    draft: &Draft,
    kind: Kind,
    id: &str,
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    hints: bool,
) -> Result<String, Named> {
    let Ok(wanted) = AnnouncementId::parse(id) else { return Ok(id.to_owned()) };
    if draft.id.as_ref().is_some_and(|own| own.folded() == wanted.folded()) {
        let message = format!("a {kind} cannot be about itself");
        return Err(Named { code: Code::Itself, message, hint: Some("name another announcement".to_owned()) });
    }
    if let Some(seq) = desk.index.announcement(&wanted) {
        return Ok(desk.events[usize::try_from(seq).expect("events are in memory")].id.to_string());
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
    let near = hints.then(|| nearest(id, desk.index.announcements())).flatten();
    let hint = near.map_or_else(|| "`servanda log` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    let message = format!("no announcement `{id}` is in the ledger or before this one");
    Err(Named { code: Code::UnknownReference, message, hint: Some(hint) })
}
