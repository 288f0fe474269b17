//! Which answers new events change: for which days what a party is to an agreement becomes something else.
//!
//! Between two days on which something may begin or end nothing changes, so that a few days tell of all.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::{Body, Standing};
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, Namespace, PartyId, folded};
use crate::domain::window::Certainty;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::projection::membership::{Participation, Sources, participations};
use crate::projection::rank::Prefer;
use crate::projection::rules::Rules;
use crate::query::{Known, QueryError, Status, View};

/// Answers about one party and one agreement that are no longer the same.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Consequence {
    /// The agreement's id.
    pub agreement: String,
    /// The party's id.
    pub party: String,
    /// The party's name.
    pub name: String,
    /// The first day whose answer changes; none, if all days before do.
    pub from: Option<Day>,
    /// The last day whose answer changes; none, if all later days up to the one asked for do.
    pub to: Option<Day>,
    /// What the answer was.
    pub before: Said,
    /// What it becomes.
    pub after: Said,
}

/// What an answer says of a party.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Said {
    /// The highest status possible.
    pub status: Status,
    /// How sure that is.
    pub certainty: Certainty,
    /// Whether somebody denies it.
    pub disputed: bool,
}

impl Said {
    const NOTHING: Self = Self { status: Status::None, certainty: Certainty::Certain, disputed: false };

    /// The status with how sure it is, in words.
    pub fn in_words(self) -> String {
        let possibly = if self.certainty == Certainty::Possible { "possibly " } else { "" };
        let disputed = if self.disputed { ", disputed" } else { "" };
        format!("{possibly}{}{disputed}", self.status)
    }
}

/// The answers for days up to `until` that change when the events from `first_new` on are added.
///
/// `facts` holds the log with the new events at its end; only confirmed claims are looked at.
///
/// # Errors
///
/// [`QueryError::InsideBatch`] if the facts do not know the head before the first of the new events.
pub fn consequences(snapshot: &Snapshot, first_new: u64, until: Day) -> Result<Vec<Consequence>, QueryError> {
    let (before, after) = (View::until(snapshot, first_new, Known::default())?, View::whole(snapshot));
    let mut found = Vec::new();
    let new = &snapshot.events[snapshot.events.partition_point(|event| event.seq < first_new)..];
    for agreement in touched(&after, new) {
        let (old, new) = (parts(&before, &agreement, until), parts(&after, &agreement, until));
        let parties: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for party in parties {
            found.extend(of_party(&after, &agreement, party, old.get(party), new.get(party), until));
        }
    }
    Ok(found)
}

/// The agreements that new events tell of or describe, by their folded ids.
fn touched(view: &View<'_>, new: &[Recorded]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for event in new {
        let mut at = Some(event);
        // A correction may be of a correction; each is about an earlier event, so that this comes to an end.
        while let Some(event) = at {
            let said = event.announcement.body.said();
            found.extend(said.and_then(Body::agreement).map(AgreementId::folded));
            if let Some((Namespace::Agreement, id)) = said.and_then(Body::describes) {
                found.insert(folded(id).into_owned());
            }
            let target = event.announcement.body.about().and_then(|id| view.knowledge.event(id));
            at = target.filter(|target| target.seq < event.seq);
        }
    }
    found
}

fn parts<'v>(view: &'v View<'_>, agreement: &str, on: Day) -> BTreeMap<String, Participation<'v>> {
    let Some(described) = view.catalogue.agreement(agreement, on) else { return BTreeMap::new() };
    let claims = view.knowledge.about_agreement(agreement);
    let rules = Rules::of(described);
    let parts = participations(
        &view.knowledge,
        &claims,
        agreement,
        &rules,
        (Standing::Confirmed, Prefer::default(), Sources::Decided),
    );
    parts.into_iter().map(|part| (part.party.clone(), part)).collect()
}

fn of_party(
    view: &View<'_>,
    agreement: &str,
    party: &str,
    old: Option<&Participation<'_>>,
    new: Option<&Participation<'_>>,
    until: Day,
) -> Vec<Consequence> {
    let said = |part: Option<&Participation<'_>>, day: Day| {
        part.map_or(Said::NOTHING, |part| {
            let row = part.on(day);
            Said { status: row.status, certainty: row.certainty, disputed: row.disputed }
        })
    };
    let turning = old.into_iter().chain(new).flat_map(Participation::turning_points);
    // What turns on a day may also do so on the next: the first day after the last possible one.
    let days: BTreeSet<Day> = turning.flat_map(|day| [day, day.shift(1)]).filter(|day| *day <= until).collect();
    let days: Vec<Day> = std::iter::once(Day::MIN).chain(days).collect();
    let described = view.catalogue.party(party, until);
    let id = PartyId::parse(party).map_or_else(|_| party.to_owned(), |id| view.party_id(&id, until));
    let mut found: Vec<Consequence> = Vec::new();
    for (index, day) in days.iter().enumerate() {
        let to = days.get(index + 1).map(|next| next.previous());
        let (before, after) = (said(old, *day), said(new, *day));
        if before == after {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.to == Some(day.previous()) && last.before == before && last.after == after => {
                last.to = to;
            }
            _ => found.push(Consequence {
                agreement: agreement.to_owned(),
                party: id.clone(),
                name: described.map_or_else(|| party.to_owned(), |party| party.name.clone()),
                from: (*day > Day::MIN).then_some(*day),
                to,
                before,
                after,
            }),
        }
    }
    found
}
