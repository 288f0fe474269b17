//! In what claims of one fact differ.
//!
//! Nothing that is not said differs from anything: an absent role, an unspecified act, no day of announcement.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::act::{JoiningAct, Signatory};
use crate::domain::announcement::Body;
use crate::domain::id::PartyId;
use crate::domain::name::{folded, words};
use crate::domain::window::Window;
use crate::projection::acts::Act;
use crate::projection::knowledge::Claim;
use crate::projection::rank::{Prefer, Rival, all_overlap, rank, supporting};
use crate::query::conflicts::{Alternative, Difference};

/// In what the ranked claims of a party's fact disagree.
pub(super) fn between(acts: &[Act<'_>]) -> Vec<Difference> {
    let rivals: Vec<Rival<'_>> = acts.iter().map(Act::rival).collect();
    // The deposit of an instrument tells of the act in it, and is none of its own.
    let states_none = [JoiningAct::Unspecified.as_str(), JoiningAct::Deposit.as_str()];
    let mut found = said_of_all(&rivals);
    if differ(acts.iter().map(Act::name).filter(|name| !states_none.contains(name))) {
        found.push(Difference::Acts);
    }
    if differ(acts.iter().filter_map(Act::role)) {
        found.push(Difference::Roles);
    }
    if any_pair(acts, |a, b| signed_otherwise(signatories(a.claim), signatories(b.claim))) {
        found.push(Difference::Signatories);
    }
    if any_pair(acts, |a, b| place(a.claim).zip(place(b.claim)).is_some_and(|(a, b)| elsewhere(a, b))) {
        found.push(Difference::Places);
    }
    found.sort_unstable();
    found
}

/// What claims of any fact may disagree in: its day, the days on which one publisher announced it, that a source is older
/// than what it tells, and that somebody denies it.
pub(super) fn said_of_all(rivals: &[Rival<'_>]) -> Vec<Difference> {
    let supporting = supporting(rivals.iter().map(|rival| rival.window));
    let rest = rivals.iter().map(|rival| rival.window).filter(|window| !supporting.contains(window));
    let mut by_publisher: BTreeMap<&str, Vec<Window>> = BTreeMap::new();
    for claim in rivals.iter().map(|rival| rival.claim) {
        let Some(announced) = &claim.event.announcement.announced else { continue };
        for evidence in claim.evidence {
            by_publisher.entry(&evidence.source.publisher).or_default().push(announced.window());
        }
    }
    let found = [
        (!all_overlap(&rest.collect::<Vec<_>>()), Difference::Dates),
        (by_publisher.values().any(|windows| !all_overlap(windows)), Difference::Announced),
        (rivals.iter().any(|rival| is_older(rival.claim)), Difference::OlderSource),
        (rivals.iter().any(|rival| !rival.claim.disputed_by.is_empty()), Difference::Denied),
    ];
    found.into_iter().filter(|(holds, _)| *holds).map(|(_, difference)| difference).collect()
}

/// Whether a source that a claim brings was published, or retrieved, before what it tells had happened; a day of grace is
/// for time zones.
fn is_older(claim: &Claim<'_>) -> bool {
    let occurred = match claim.body {
        Body::Joining(joining) => &joining.occurred,
        Body::Memorandum(memorandum) => &memorandum.occurred,
        Body::Departure(departure) => &departure.occurred,
        Body::Suspension(suspension) => &suspension.occurred,
        Body::Milestone(milestone) => match &milestone.occurred {
            Some(occurred) => occurred,
            None => return false,
        },
        _ => return false,
    };
    let sources = claim.event.announcement.evidence.iter().map(|evidence| &evidence.source);
    let mut days = sources.flat_map(|source| [&source.published, &source.retrieved]).flatten();
    days.any(|day| day.window().shift(1).certainly_before(occurred.window()))
}

/// Whether two lists of signatories name others for the same party, or, where none is named, no one in common.
fn signed_otherwise(some: &[Signatory], others: &[Signatory]) -> bool {
    let by_party = |signatories: &[Signatory]| {
        let mut found: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
        for signatory in signatories {
            let party = signatory.r#for.as_ref().map(PartyId::folded);
            found.entry(party).or_default().insert(folded(&signatory.name));
        }
        found
    };
    let (some, others) = (by_party(some), by_party(others));
    some.iter().any(|(party, names)| others.get(party).is_some_and(|others| names.is_disjoint(others)))
}

fn signatories<'a>(claim: &Claim<'a>) -> &'a [Signatory] {
    match claim.body {
        Body::Joining(joining) => &joining.signatories,
        Body::Memorandum(memorandum) => &memorandum.signatories,
        _ => &[],
    }
}

fn place<'a>(claim: &Claim<'a>) -> Option<&'a str> {
    match claim.body {
        Body::Joining(joining) => joining.place.as_deref(),
        Body::Memorandum(memorandum) => memorandum.place.as_deref(),
        _ => None,
    }
}

/// Whether two places are not the same, and neither is a part of how the other is said: Beijing, and Beijing, China.
fn elsewhere(some: &str, other: &str) -> bool {
    let (some, other) = (folded(some), folded(other));
    let (some, other): (BTreeSet<&str>, BTreeSet<&str>) = (words(&some).collect(), words(&other).collect());
    !some.is_subset(&other) && !other.is_subset(&some)
}

fn any_pair<T>(items: &[T], holds: impl Fn(&T, &T) -> bool) -> bool {
    items.iter().enumerate().any(|(place, item)| items[..place].iter().any(|other| holds(item, other)))
}

fn differ<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    values.any(|value| Some(&value) != first.as_ref())
}

/// The claim that each preference chooses.
pub(super) fn by_preference(rivals: &[Rival<'_>]) -> BTreeMap<&'static str, u64> {
    let first = |prefer: &Prefer| {
        let mut claims = rivals.to_vec();
        // Ranking moves only what differs: the order that is ranked anew is that of recording.
        claims.sort_by_key(|rival| rival.claim.seq());
        rank(&mut claims, *prefer, |rival| *rival);
        Some((prefer.as_str(), claims.first()?.claim.seq()))
    };
    Prefer::ALL.iter().filter_map(first).collect()
}

/// Ranked claims side by side.
pub(super) fn alternatives(rivals: &[Rival<'_>]) -> Vec<Alternative> {
    let supporting = supporting(rivals.iter().map(|rival| rival.window));
    let told = rivals.iter().enumerate();
    told.map(|(place, rival)| alternative(rival, supporting.contains(&rival.window), place)).collect()
}

/// The claim at a place among ranked claims.
fn alternative(rival: &Rival<'_>, supports: bool, place: usize) -> Alternative {
    let claim = rival.claim;
    let announcement = &claim.event.announcement;
    let mut publishers: Vec<String> = claim.evidence.iter().map(|evidence| evidence.source.publisher.clone()).collect();
    publishers.dedup();
    Alternative {
        event: claim.seq(),
        id: claim.event.id.to_string(),
        date: rival.date.clone(),
        act: None,
        role: None,
        announced: announcement.public_on().cloned(),
        grade: claim.grade(),
        publishers,
        quotes: claim.evidence.iter().filter_map(|evidence| evidence.quote.clone()).collect(),
        signatories: signatories(claim).iter().map(|signatory| signatory.name.clone()).collect(),
        place: self::place(claim).map(str::to_owned),
        supports,
        decides: place == 0,
        disputed_by: claim.disputed_by.clone(),
        confirmed_by: claim.confirmed_by.clone(),
        answer: None,
    }
}
