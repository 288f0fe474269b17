//! Published numbers: for when they are, the joining of which one is the place, and lists that claim to be whole.

use std::collections::HashSet;

use crate::domain::agreement::Count;
use crate::domain::announcement::Body;
use crate::ledger::admission::Desk;
use crate::ledger::admission::finding::Code;
use crate::ledger::admission::history::Say;

/// Checks a number; `path` is the way to the body that tells of it.
pub(super) fn check(count: &Count, path: &str, desk: &Desk<'_>, say: &mut Say<'_>) {
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    match (&count.on, &count.during) {
        (Some(_), Some(_)) => {
            let message = "either `on` or `during` is needed; both are there".to_owned();
            say(&at("during"), Code::Combination, message, "keep one of them");
        }
        (None, None) if count.joining.is_none() => {
            let message = "either `on` or `during` is needed; neither is there".to_owned();
            let hint = "`on` is the day that the number is for, `during` the days within which so many came";
            say(path, Code::Combination, message, hint);
        }
        _ => {}
    }
    let listed = count.listed.len() as u64;
    if count.complete && count.listed.is_empty() {
        let message = "a list that claims to be whole is needed for `complete`; there is none".to_owned();
        say(&at("complete"), Code::Combination, message, "give the ids of the parties as `listed`");
    } else if listed > count.number || (count.complete && listed != count.number) {
        let message = format!("the number is {}, and {listed} are listed", count.number);
        let hint = "the number is that of the list; one that the source gives besides is a `count` of its own";
        say(&at("number"), Code::Combination, message, hint);
    }
    let mut seen = HashSet::new();
    if let Some(place) = count.listed.iter().position(|party| !seen.insert(party.folded())) {
        let message = format!("`{}` is listed twice", count.listed[place]);
        say(&at(&format!("listed[{place}]")), Code::Combination, message, "list each party once");
    }
    let Some(joining) = &count.joining else { return };
    if count.number == 0 {
        let message = "the first to join has the place 1, not 0".to_owned();
        say(&at("number"), Code::Combination, message, "give the place that the joining has among the joinings");
    }
    match desk.body(joining) {
        Some(Body::Joining(named)) if named.agreement.folded() != count.agreement.folded() => {
            let message = format!("`{joining}` is a joining of `{}`, not of `{}`", named.agreement, count.agreement);
            say(&at("joining"), Code::Combination, message, "name a joining of the agreement that is counted");
        }
        Some(Body::Joining(_)) | None => {}
        Some(other) => {
            let message = format!("`{joining}` is a {}, and no joining has a place by it", other.kind());
            say(&at("joining"), Code::KindNotHere, message, "name the announcement of the joining that was the last");
        }
    }
}
