//! How many reviewers announcements take: by the policy before each, whatever policy comes later.
//!
//! | what | takes |
//! |---|---|
//! | what tells of the world | what the policy says of its kind |
//! | a description | nothing, if it is the first of its thing; else what the policy says of its kind |
//! | a memorandum | what the policy says of it; if its agreement was described before, at least what a description of one takes |
//! | a correction | at least as much as what it corrects took, as what takes its place takes by itself, and as a description of what was described there takes now |
//! | a retraction | at least as much as what it takes back took, and as a description of what was described there takes now |
//!
//! So nothing that was told or described comes to say something else by fewer people than a policy asks for. The first
//! description is the first in the log, wherever in its batch: that an announcement in the batch named the thing before
//! makes it no later one, for what a file says does not depend on the order of its lines. A first description is free
//! even where a memorandum brings it that itself awaits reviewers, so that whatever may be named is described.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use crate::domain::announcement::{Body, Kind};
use crate::domain::governance::Policy;
use crate::domain::id::{AnnouncementId, Namespace, folded};
use crate::event::snapshot::Recorded;

/// Events that one thread looks at in a row.
const PART: usize = 2048;

/// The policies of a log, and what the events that they ask for reviewers of say of others.
#[derive(Debug, Default)]
pub struct Policies {
    /// In their order, each with its event and the kinds that it names.
    set: Vec<(u64, BTreeMap<Kind, u64>)>,
    /// The first event that describes each thing, by its folded id; none, where no policy asks for reviewers.
    first: HashMap<(Namespace, String), u64>,
    /// Corrections and retractions, by their events; none, where no policy asks for reviewers.
    strikes: HashMap<u64, Takes>,
}

/// What an event takes, and what it may come to change.
#[derive(Debug, Clone, Default)]
struct Takes {
    reviewers: u64,
    /// The descriptions that it makes, or that it puts another in the place of.
    descriptions: BTreeSet<Kind>,
}

impl Policies {
    /// By what the ledger says of itself, and what it was told of the world; each in the order of the events.
    pub fn of(own: &[&Recorded], told: &[&Recorded]) -> Self {
        let set = own.iter().filter_map(|event| match &event.announcement.body {
            Body::Policy(policy) => Some((event.seq, named(policy))),
            _ => None,
        });
        let mut policies = Self { set: set.collect(), ..Self::default() };
        if policies.ask() {
            policies.learn(told);
        }
        policies
    }

    /// The newest, with the event that set it and every kind that it names.
    pub fn newest(&self) -> Option<(u64, &BTreeMap<Kind, u64>)> {
        self.set.last().map(|(seq, named)| (*seq, named))
    }

    /// How many reviewers have to confirm an event for it to count.
    pub fn needed(&self, event: &Recorded) -> u64 {
        match self.strikes.get(&event.seq) {
            Some(takes) => takes.reviewers,
            None => self.of_body(&event.announcement.body, event.seq),
        }
    }

    /// Whether an event is the first that describes its thing.
    pub fn describes_first(&self, event: &Recorded) -> bool {
        event.announcement.body.describes().is_some_and(|thing| self.first_of(thing) == Some(event.seq))
    }

    /// The kinds of descriptions that an event comes to change: of what an event before it described.
    pub fn describes_anew(&self, event: &Recorded) -> BTreeSet<Kind> {
        match self.strikes.get(&event.seq) {
            Some(takes) => takes.descriptions.clone(),
            None => self.later(&event.announcement.body, event.seq).into_iter().collect(),
        }
    }

    /// The policy by which one recorder alone describes things anew with an event, since it asks for reviewers of
    /// others and does not name that.
    pub fn passed_over_by(&self, event: &Recorded) -> Option<u64> {
        let (policy, named) = self.before(event.seq)?;
        let passes = named.values().any(|reviewers| *reviewers > 0)
            && self.needed(event) == 0
            && self.describes_anew(event).iter().any(|kind| !named.contains_key(kind));
        passes.then_some(policy)
    }

    /// Whether one ever asked for reviewers.
    fn ask(&self) -> bool {
        self.set.iter().any(|(_, named)| named.values().any(|reviewers| *reviewers > 0))
    }

    /// Looks at the few events that describe, that strike, and that are struck.
    fn learn(&mut self, told: &[&Recorded]) {
        let parts = || told.par_iter().with_min_len(PART).copied();
        let struck: HashSet<&AnnouncementId> = parts().filter_map(|event| event.announcement.body.strikes()).collect();
        let bears = |event: &&Recorded| {
            let body = &event.announcement.body;
            body.describes().is_some() || body.strikes().is_some() || struck.contains(&event.id)
        };
        let mut takes: HashMap<&AnnouncementId, Takes> = HashMap::new();
        for event in parts().filter(bears).collect::<Vec<_>>() {
            let body = &event.announcement.body;
            if let Some((space, id)) = body.describes() {
                self.first.entry((space, folded(id).into_owned())).or_insert(event.seq);
            }
            // What is struck is earlier, so that it is known what it took, and nothing here goes round in circles.
            let own = match body.strikes() {
                Some(target) => self.of_strike(event, takes.get(target)),
                None => Takes {
                    reviewers: self.of_body(body, event.seq),
                    descriptions: body.describes().map(|(space, _)| description_of(space)).into_iter().collect(),
                },
            };
            if body.strikes().is_some() {
                self.strikes.insert(event.seq, own.clone());
            }
            if struck.contains(&event.id) {
                takes.insert(&event.id, own);
            }
        }
    }

    /// What a correction or retraction takes, by what its target took.
    fn of_strike(&self, event: &Recorded, target: Option<&Takes>) -> Takes {
        let body = &event.announcement.body;
        let replacement = match body {
            Body::Correction(_) => body.said(),
            _ => None,
        };
        let Takes { mut reviewers, mut descriptions } = target.cloned().unwrap_or_default();
        descriptions.extend(replacement.and_then(|replacement| self.later(replacement, event.seq)));
        let by_itself = replacement.map_or(0, |replacement| self.of_body(replacement, event.seq));
        reviewers = reviewers.max(self.says(body.kind(), event.seq)).max(by_itself);
        for kind in &descriptions {
            reviewers = reviewers.max(self.says(*kind, event.seq));
        }
        Takes { reviewers, descriptions }
    }

    /// What a body takes at a position, which strikes nothing.
    fn of_body(&self, body: &Body, seq: u64) -> u64 {
        let kind = body.kind();
        let of_kind = if kind.is_description() { 0 } else { self.says(kind, seq) };
        of_kind.max(self.later(body, seq).map_or(0, |kind| self.says(kind, seq)))
    }

    /// The description that a body makes, if an event before that position makes one of the same thing.
    fn later(&self, body: &Body, seq: u64) -> Option<Kind> {
        let thing = body.describes()?;
        let first = self.first_of(thing).filter(|first| *first < seq);
        first.map(|_| description_of(thing.0))
    }

    fn first_of(&self, (space, id): (Namespace, &str)) -> Option<u64> {
        self.first.get(&(space, folded(id).into_owned())).copied()
    }

    /// What the policy before a position says of a kind.
    fn says(&self, kind: Kind, seq: u64) -> u64 {
        self.before(seq).and_then(|(_, named)| named.get(&kind).copied()).unwrap_or_default()
    }

    /// The policy before a position.
    fn before(&self, seq: u64) -> Option<(u64, &BTreeMap<Kind, u64>)> {
        let before = self.set.partition_point(|(set, _)| *set < seq);
        before.checked_sub(1).map(|newest| (self.set[newest].0, &self.set[newest].1))
    }
}

/// How many reviewers a policy asks for, of each kind that it names; of a kind that it names twice, the more.
pub fn named(policy: &Policy) -> BTreeMap<Kind, u64> {
    let mut named: BTreeMap<Kind, u64> = BTreeMap::new();
    for confirm in &policy.confirm {
        for kind in &confirm.kinds {
            let need = named.entry(*kind).or_default();
            *need = confirm.reviewers.max(*need);
        }
    }
    named
}

/// The kind that describes things of a space.
fn description_of(space: Namespace) -> Kind {
    match space {
        Namespace::Party => Kind::Party,
        Namespace::Agreement => Kind::Agreement,
        Namespace::Mission => Kind::Mission,
        Namespace::Announcement => unreachable!("no announcement describes another"),
    }
}
