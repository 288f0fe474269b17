//! Which events lie together in the file of facts, and which questions need which of them.
//!
//! Every event lies in one section: a description among the things, and with it what the ledger says of itself, by which
//! others count; whatever tells of an agreement with it, whatever comments on another announcement with that, and the
//! others apart. A question about one agreement rests on the things
//! and on the section of the agreement; and, where an announcement there is about another elsewhere, on the section of
//! the other. What comments on an announcement always lies with it, so that one step is enough.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::domain::announcement::Body;
use crate::domain::id::{AnnouncementId, Namespace, folded};
use crate::event::snapshot::Recorded;

/// Where events lie together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Partition {
    /// Parties, agreements and missions; keys, policies and documents.
    Things,
    /// What tells of no agreement: contributions, prospects of none.
    Apart,
    /// What tells of the agreement of that folded id.
    Agreement(String),
}

/// One section needs another: whoever reads the first reads the second too.
pub(super) type Dependency = (Partition, Partition);

/// What an event's place follows from.
pub(super) trait Located {
    /// The announcement's id.
    fn id(&self) -> &str;
    /// The section of what it speaks of.
    fn spoken_of(&self) -> Partition;
    /// The announcement that it comments on.
    fn about(&self) -> Option<&str>;
    /// Calls `visit` for every announcement that it names.
    fn each_reference(&self, visit: &mut dyn FnMut(&str));
}

impl Located for Recorded {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn spoken_of(&self) -> Partition {
        spoken_of(&self.announcement.body)
    }

    fn about(&self) -> Option<&str> {
        self.announcement.body.about().map(AnnouncementId::as_str)
    }

    fn each_reference(&self, visit: &mut dyn FnMut(&str)) {
        each_reference(&self.announcement.body, visit);
    }
}

/// The same of an event of which nothing else is kept.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) seq: u64,
    id: AnnouncementId,
    of: Partition,
    about: Option<AnnouncementId>,
    references: Vec<Box<str>>,
}

impl Reference {
    pub(super) fn by(event: Recorded) -> Self {
        let mut references = Vec::new();
        event.each_reference(&mut |id| references.push(id.into()));
        let about = event.announcement.body.about().cloned();
        Self { seq: event.seq, of: event.spoken_of(), id: event.id, about, references }
    }
}

impl Located for Reference {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn spoken_of(&self) -> Partition {
        self.of.clone()
    }

    fn about(&self) -> Option<&str> {
        self.about.as_ref().map(AnnouncementId::as_str)
    }

    fn each_reference(&self, visit: &mut dyn FnMut(&str)) {
        self.references.iter().for_each(|id| visit(id));
    }
}

/// The sections of events, and what they need.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    /// By the places of the events.
    pub(super) of: Vec<Partition>,
    pub(super) needs: BTreeSet<Dependency>,
}

impl Partitions {
    /// Of all events of a log.
    pub(super) fn of<E: Located>(events: &[E]) -> Self {
        let mut named: HashMap<String, Option<usize>> = HashMap::new();
        for event in events {
            event.each_reference(&mut |id| {
                named.insert(id.to_owned(), None);
            });
        }
        if !named.is_empty() {
            for (place, event) in events.iter().enumerate() {
                if let Some(found) = named.get_mut(event.id()) {
                    *found = Some(place);
                }
            }
        }
        Self::from(|place| &events[place], 0..events.len(), |id| named.get(id).copied().flatten())
    }

    /// Returns those of the events at some places; `at` gives the event at a place, and `place_of` finds an announcement among
    /// all of them.
    pub(super) fn from<'e, E: Located + 'e>(
        at: impl Fn(usize) -> &'e E,
        places: Range<usize>,
        place_of: impl Fn(&str) -> Option<usize>,
    ) -> Self {
        let mut finding = Resolver { at, place_of, known: HashMap::new() };
        let mut found = Self::default();
        for place in places {
            let event = (finding.at)(place);
            let section = finding.section(place);
            let about = event.spoken_of();
            let mut need = |from: &Partition, on: &Partition| {
                if from != on && *from != Partition::Apart && *on != Partition::Things {
                    found.needs.insert((from.clone(), on.clone()));
                }
            };
            need(&about, &section);
            event.each_reference(&mut |id| {
                if let Some(target) = (finding.place_of)(id) {
                    let target = finding.section(target);
                    need(&section, &target);
                    need(&about, &target);
                }
            });
            found.of.push(section);
        }
        found
    }
}

struct Resolver<A, F> {
    at: A,
    place_of: F,
    /// The sections of comments that were looked at.
    known: HashMap<usize, Partition>,
}

impl<'e, E: Located + 'e, A: Fn(usize) -> &'e E, F: Fn(&str) -> Option<usize>> Resolver<A, F> {
    /// The section of an event: of a comment that of its target, which may be one again.
    fn section(&mut self, place: usize) -> Partition {
        let mut chain: Vec<usize> = Vec::new();
        let mut at = place;
        let section = loop {
            if let Some(known) = self.known.get(&at) {
                break known.clone();
            }
            let event = (self.at)(at);
            let Some(target) = event.about() else { break event.spoken_of() };
            chain.push(at);
            match (self.place_of)(target) {
                Some(next) if !chain.contains(&next) => at = next,
                // Comments on each other, or on nothing.
                _ => break Partition::Apart,
            }
        };
        for comment in chain {
            self.known.insert(comment, section.clone());
        }
        section
    }
}

/// The section of what a body speaks of, a correction by what takes the place of the wrong.
fn spoken_of(body: &Body) -> Partition {
    let said = match body {
        Body::Correction(correction) => correction.replacement.as_ref().map(|replacement| &*replacement.0),
        body => Some(body),
    };
    match said {
        Some(Body::Attestation(_)) | None => Partition::Apart,
        Some(said) if said.kind().is_description() || said.kind().is_about_ledger() => Partition::Things,
        Some(said) => said.agreement().map_or(Partition::Apart, |id| Partition::of_agreement(id.as_str())),
    }
}

impl Partition {
    /// Of what is no comment on another announcement.
    pub(super) fn of_first_hand(body: &Body) -> Option<Self> {
        body.about().is_none().then(|| spoken_of(body))
    }

    /// Of what tells of an agreement, whatever the case of its id.
    pub(super) fn of_agreement(id: &str) -> Self {
        Self::Agreement(folded(id).into_owned())
    }
}

/// Calls `visit` for every announcement that a body names, and that it takes to understand it: what is reaffirmed stands
/// by itself.
fn each_reference(body: &Body, visit: &mut dyn FnMut(&str)) {
    if matches!(body, Body::Reaffirmation(_)) {
        return;
    }
    body.each_id(&mut |namespace, id| {
        if namespace == Namespace::Announcement {
            visit(id);
        }
    });
}
