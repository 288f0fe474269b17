//! Changes in words.

use crate::domain::act::Role;
use crate::domain::date::Date;
use crate::query::diff::{ChangeKind, PartyChange, Side};

/// A change in a sentence.
pub(super) fn sentence(kind: ChangeKind, title: &str, parties: &[PartyChange]) -> String {
    let names: Vec<&str> = parties.iter().map(|party| party.name.as_str()).collect();
    let names = match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let words = |side: &Option<Side>| side.as_ref().map_or_else(|| "nothing".to_owned(), Side::in_words);
    match (kind, parties) {
        (ChangeKind::NewInstrument, _) => format!("{names} concluded {title}"),
        (ChangeKind::EndedInstrument, _) => format!("{title} ended for {names}"),
        (ChangeKind::Joined, [party]) => format!("{names} joined {title}: {}", words(&party.after)),
        (ChangeKind::Left, [party]) => {
            format!("{names} left {title}: {}, was {}", words(&party.after), words(&party.before))
        }
        (_, [party]) => format!("{names} in {title}: {}", difference(party.before.as_ref(), party.after.as_ref())),
        (_, _) => format!("{names} in {title}"),
    }
}

/// What differs between two sides, in words.
fn difference(before: Option<&Side>, after: Option<&Side>) -> String {
    let words = |side: Option<&Side>| side.map_or_else(|| "nothing".to_owned(), Side::in_words);
    let (was, is) = (words(before), words(after));
    let mut differences = Vec::new();
    if was != is {
        differences.push(format!("{was} → {is}"));
    }
    if let (Some(before), Some(after)) = (before, after) {
        let day = |date: &Option<Date>| date.as_ref().map_or_else(|| "no day".to_owned(), Date::in_words);
        if before.since != after.since {
            differences.push(format!("since {} → {}", day(&before.since), day(&after.since)));
        }
        if before.until != after.until {
            differences.push(format!("until {} → {}", day(&before.until), day(&after.until)));
        }
        if before.role != after.role {
            let role = |role: Option<Role>| role.map_or("no role", Role::as_str);
            differences.push(format!("{} → {}", role(before.role), role(after.role)));
        }
        if before.at_least != after.at_least {
            differences.push(format!("at least {} → {}", before.at_least, after.at_least));
        }
        match (before.disputed, after.disputed) {
            (false, true) => differences.push("now disputed".to_owned()),
            (true, false) => differences.push("no longer disputed".to_owned()),
            (true, true) | (false, false) => {}
        }
        if before.confirmations != after.confirmations {
            differences.push(format!("confirmed {} → {} times", before.confirmations, after.confirmations));
        }
    }
    differences.join(", ")
}
