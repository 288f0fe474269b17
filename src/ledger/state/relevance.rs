//! Which events can bear on whether an act follows the history: few of many, found without looking at the others.

use std::collections::BTreeSet;
use std::slice::from_ref;

use crate::domain::agreement::InForce;
use crate::domain::announcement::{Body, Standing};
use crate::domain::id::{AgreementId, AnnouncementId, ByName, PartyId, folded};
use crate::event::snapshot::{Events, Recorded};

/// The events about each agreement, by party, and those that correct or retract others; of a plan, those that it adds to the
/// ones before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Relevance<'b> {
    before: Option<&'b Relevance<'b>>,
    own: Places,
}

/// What there is of that beside what was before, by places in a log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Places {
    agreements: ByName<OfAgreement>,
    about: About,
    /// Corrections of the clock, which bear on the days of all.
    clock: Vec<usize>,
}

/// The places of corrections and retractions, by the folded id of what they are about.
pub(crate) type About = ByName<Vec<usize>>;

/// The events about one agreement.
#[derive(Debug, Clone, Default, PartialEq)]
struct OfAgreement {
    /// About all parties: descriptions, milestones, suspensions for all.
    whole: Vec<usize>,
    parties: ByName<Vec<usize>>,
    /// Whether a description of it says, or said, that a table states its stays.
    is_stated: bool,
    /// Whether somebody left it, or something is told that may have ended it.
    ends: bool,
}

/// Whom a body concerns.
struct Concerned<'a> {
    agreement: &'a str,
    /// Whether it tells of the agreement as a whole.
    whole: bool,
    parties: &'a [PartyId],
}

impl<'b> Relevance<'b> {
    /// Returns what is to have the events that follow another's.
    pub(super) fn following(before: &'b Self) -> Self {
        Self { before: Some(before), own: Places::default() }
    }

    /// Returns what there is beside what was before.
    #[cfg(test)]
    pub(super) fn own(&self) -> &Places {
        &self.own
    }

    /// Returns what there is beside what was before, by itself.
    pub(super) fn into_own(self) -> Places {
        self.own
    }

    /// Takes in what followed.
    pub(super) fn absorb(&mut self, next: Places) {
        for (id, of) in next.agreements {
            let agreement = self.own.agreements.entry(id).or_default();
            agreement.whole.extend(of.whole);
            for (party, places) in of.parties {
                agreement.parties.entry(party).or_default().extend(places);
            }
            agreement.is_stated |= of.is_stated;
            agreement.ends |= of.ends;
        }
        for (id, places) in next.about {
            self.own.about.entry(id).or_default().extend(places);
        }
        self.own.clock.extend(next.clock);
    }

    /// Returns what there is, from the oldest on.
    fn all(&self) -> Vec<&Places> {
        let mut all: Vec<&Places> = std::iter::successors(Some(self), |of| of.before).map(|of| &of.own).collect();
        all.reverse();
        all
    }

    /// Takes the next event.
    pub(crate) fn add(&mut self, place: usize, event: &Recorded) {
        if let Body::ClockCorrected(_) = &event.announcement.body {
            self.own.clock.push(place);
        }
        note_strike(&mut self.own.about, &event.announcement.body, place);
        let Some(concerned) = concerned(&event.announcement.body) else { return };
        let agreement = entry(&mut self.own.agreements, concerned.agreement);
        let said = event.announcement.body.said();
        agreement.ends |= matches!(said, Some(Body::Departure(_) | Body::Milestone(_)));
        if concerned.whole {
            agreement.whole.push(place);
            agreement.is_stated |= states_stays(&event.announcement.body);
        }
        for party in concerned.parties {
            entry(&mut agreement.parties, party.as_str()).push(place);
        }
    }

    /// The events that bear on the acts among those from `first` on, in their order; `place_of` finds an announcement.
    pub(crate) fn on<'a>(
        &self,
        events: Events<'a>,
        first: usize,
        place_of: impl Fn(&AnnouncementId) -> Option<usize>,
    ) -> Vec<&'a Recorded> {
        let all = self.all();
        let mut found: BTreeSet<usize> = all.iter().flat_map(|places| &places.clock).copied().collect();
        let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
        let new = events.from(first).map(|event| &event.announcement.body);
        for (body, concerned) in new.filter_map(|body| Some((body, concerned(body)?))) {
            let id = folded(concerned.agreement);
            let of: Vec<&OfAgreement> = all.iter().filter_map(|places| places.agreements.get(&*id)).collect();
            if of.iter().all(|of| !of.is_stated && !of.ends) && always_follows(body) {
                continue;
            }
            for party in concerned.parties {
                if seen.insert((concerned.agreement, "")) {
                    found.extend(of.iter().flat_map(|of| &of.whole));
                }
                if seen.insert((concerned.agreement, party.as_str())) {
                    let party = folded(party.as_str());
                    found.extend(of.iter().filter_map(|of| of.parties.get(&*party)).flatten());
                }
            }
        }
        self.add_what_is_said(events, &mut found, place_of);
        found.into_iter().map(|place| events.at(place)).collect()
    }

    /// Whether a milestone that stands and is confirmed says since when there is an agreement: no act under it happened
    /// before the earliest.
    pub(crate) fn has_beginning(&self, events: Events<'_>, agreement: &AgreementId) -> bool {
        let id = agreement.folded();
        let bounds = |body: &Body| match body.said() {
            Some(Body::Milestone(milestone)) => {
                milestone.occurred.as_ref().is_some_and(|date| date.window().earliest().is_some())
            }
            _ => false,
        };
        let of = self.all().into_iter().filter_map(|places| places.agreements.get(&*id));
        of.flat_map(|of| &of.whole).any(|place| {
            let announcement = &events.at(*place).announcement;
            let confirmed = announcement.standing == Standing::Confirmed && bounds(&announcement.body);
            confirmed && self.struck_by(events, *place).is_empty()
        })
    }

    /// Returns corrections and retractions, by what they are about, in pieces of which the oldest comes first.
    pub(crate) fn about(&self) -> Vec<&About> {
        self.all().into_iter().map(|places| &places.about).collect()
    }

    /// The event that corrected or retracted the one at a place, the one that corrected that, and so on: none, if the
    /// first was itself retracted. Retracting them from the last on brings back what they struck.
    pub(crate) fn struck_by(&self, events: Events<'_>, place: usize) -> Vec<usize> {
        let about = self.about();
        let at = |place: usize| (&events.at(place).id, &events.at(place).announcement.body);
        let next = |place: &usize| striking(&about, at(*place).0, at);
        std::iter::successors(next(&place), next).collect()
    }

    /// Adds the corrections and retractions of events, those of these, and what they correct.
    fn add_what_is_said(
        &self,
        events: Events<'_>,
        found: &mut BTreeSet<usize>,
        place_of: impl Fn(&AnnouncementId) -> Option<usize>,
    ) {
        let about = self.about();
        if about.iter().all(|about| about.is_empty()) {
            return;
        }
        let mut open: Vec<usize> = found.iter().copied().collect();
        while let Some(place) = open.pop() {
            let event = events.at(place);
            let id = folded(event.id.as_str());
            let said = about.iter().filter_map(|about| about.get(&*id)).flatten().copied();
            let corrected = event.announcement.body.strikes().and_then(&place_of);
            for next in said.chain(corrected) {
                if found.insert(next) {
                    open.push(next);
                }
            }
        }
    }
}

/// Whether an act can follow any history in which nothing ends: so do those that end nothing and have no label.
fn always_follows(body: &Body) -> bool {
    match body {
        Body::Joining(joining) => joining.stay.is_none(),
        Body::Memorandum(_) | Body::Suspension(_) => true,
        _ => false,
    }
}

/// Whether a description says that a table states the stays of the agreement.
fn states_stays(body: &Body) -> bool {
    let described = match body {
        Body::Agreement(agreement) => agreement.membership.as_ref(),
        Body::Correction(correction) => match correction.replacement.as_ref().map(|replacement| &*replacement.0) {
            Some(Body::Agreement(agreement)) => agreement.membership.as_ref(),
            _ => None,
        },
        _ => None,
    };
    described.is_some_and(|membership| membership.in_force == InForce::Stated)
}

/// Adds a correction or retraction at a place to what there is about others.
pub(crate) fn note_strike(about: &mut About, body: &Body, place: usize) {
    if let Some(target) = body.strikes() {
        about.entry(target.folded()).or_default().push(place);
    }
}

/// The one among the corrections and retractions of an announcement that was not itself retracted; `at` reads a place.
///
/// Each is about one announcement, before it: so each that bears on this is come to once, after what it is about.
pub(crate) fn striking<'a>(
    about: &[&About],
    id: &AnnouncementId,
    at: impl Fn(usize) -> (&'a AnnouncementId, &'a Body),
) -> Option<usize> {
    let strikes_on = |id: &AnnouncementId| -> Vec<usize> {
        about.iter().filter_map(|about| about.get(&*folded(id.as_str()))).flatten().copied().collect()
    };
    let mut found: Vec<(usize, Option<usize>)> = strikes_on(id).into_iter().map(|place| (place, None)).collect();
    let own = found.len();
    let mut next = 0;
    while let Some((place, _)) = found.get(next).copied() {
        let mut retractions = strikes_on(at(place).0);
        retractions.retain(|place| matches!(at(*place).1, Body::Retraction(_)));
        found.extend(retractions.into_iter().map(|place| (place, Some(next))));
        next += 1;
    }
    let mut retracted = vec![false; found.len()];
    for (index, (_, of)) in found.iter().enumerate().rev() {
        if let Some(of) = of.filter(|_| !retracted[index]) {
            retracted[of] = true;
        }
    }
    (0..own).find(|index| !retracted[*index]).map(|index| found[index].0)
}

fn concerned(body: &Body) -> Option<Concerned<'_>> {
    let (agreement, whole, parties): (_, bool, &[PartyId]) = match body {
        Body::Agreement(agreement) => (&agreement.id, true, &[]),
        Body::Memorandum(memorandum) => (&memorandum.agreement.id, true, &memorandum.parties),
        Body::Joining(joining) => (&joining.agreement, false, from_ref(&joining.party)),
        Body::Departure(departure) => (&departure.agreement, false, from_ref(&departure.party)),
        Body::Suspension(suspension) => match &suspension.party {
            Some(party) => (&suspension.agreement, false, from_ref(party)),
            None => (&suspension.agreement, true, &[]),
        },
        Body::Milestone(milestone) => (milestone.agreement.as_ref()?, true, &[]),
        Body::Correction(correction) => return concerned(&correction.replacement.as_ref()?.0),
        _ => return None,
    };
    Some(Concerned { agreement: agreement.as_str(), whole, parties })
}

/// The value of an id in any case, made if there is none.
fn entry<'m, T: Default>(map: &'m mut ByName<T>, id: &str) -> &'m mut T {
    let folded = folded(id);
    if !map.contains_key(&*folded) {
        map.insert(folded.clone().into_owned(), T::default());
    }
    map.get_mut(&*folded).expect("it was just put there")
}
