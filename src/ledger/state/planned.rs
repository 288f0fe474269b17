//! What is planned to follow the events of a ledger, before any of it is in the store.

use crate::domain::timestamp::Timestamp;
use crate::event::chain::{Chain, ChainFault};
use crate::event::snapshot::{Events, LogPoint, Recorded, Snapshot};
use crate::event::statement::Event;
use crate::integrity::digest::EventHash;
use crate::ledger::state::authority::Authority;
use crate::ledger::state::registry::{Registry, Taken};
use crate::ledger::state::relevance::{Places, Relevance};
use crate::ledger::state::{State, learn};

/// A state with events behind it that are not in the store: the admission of the next ones sees both.
pub struct Planned<'s> {
    before: &'s State,
    events: Vec<Recorded>,
    stands: Vec<LogPoint>,
    pub(in crate::ledger) chain: Chain,
    pub(in crate::ledger) authority: Authority,
    pub(in crate::ledger) index: Registry<'s>,
    pub(in crate::ledger) bearing: Relevance<'s>,
}

/// Events of a plan that came into the store.
#[derive(Debug)]
pub struct NewEvents {
    pub(super) events: Vec<Recorded>,
    pub(super) stands: Vec<LogPoint>,
    /// What is derived from them, if they are the whole plan.
    pub(super) said: Option<Said>,
}

/// What is derived from the events of a plan.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) chain: Chain,
    pub(super) authority: Authority,
    pub(super) names: Taken,
    pub(super) places: Places,
}

impl<'s> Planned<'s> {
    pub(super) fn over(before: &'s State) -> Self {
        Self {
            before,
            events: Vec::new(),
            stands: Vec::new(),
            chain: before.chain.clone(),
            authority: before.authority.clone(),
            index: Registry::following(&before.index),
            bearing: Relevance::following(&before.bearing),
        }
    }

    /// Returns the state that the plan is over.
    pub fn before(&self) -> &'s State {
        self.before
    }

    /// Returns all events, those that are stored and those that are planned.
    pub fn events(&self) -> Events<'_> {
        Events::of(&self.before.snapshot.events, &self.events)
    }

    /// Returns where the log would stand after each event, stored ones first.
    pub fn stands(&self) -> impl Iterator<Item = &LogPoint> {
        self.before.snapshot.heads.stands().iter().chain(&self.stands)
    }

    /// Returns the hash at which the log stands, or would, when it has `len` events.
    pub fn head_at(&self, len: u64) -> Option<EventHash> {
        let planned = self.stands.binary_search_by_key(&len, |stand| stand.head.len).ok();
        planned.map(|place| self.stands[place].head.hash).or_else(|| self.before.snapshot.heads.at(len))
    }

    /// Returns where the log would stand with `len` events, the last of which is planned.
    pub(in crate::ledger) fn stand_at(&self, len: u64) -> Option<&LogPoint> {
        self.stands.binary_search_by_key(&len, |stand| stand.head.len).ok().map(|place| &self.stands[place])
    }

    /// Returns when the newest event was recorded.
    pub fn recorded(&self) -> Option<Timestamp> {
        self.chain.recorded()
    }

    /// Takes the next event.
    ///
    /// # Errors
    ///
    /// The first [`ChainFault`], if it does not follow: then the plan is of no use any more.
    pub fn take(&mut self, event: Event) -> Result<(), ChainFault> {
        let place = self.events().len();
        let faults = self.chain.push(&event);
        let (recorded, stand) = event.into_recorded();
        learn(place, &recorded, (&mut self.authority, &mut self.index, &mut self.bearing));
        self.events.push(recorded);
        self.stands.push(stand);
        faults.into_iter().next().map_or(Ok(()), Err)
    }

    /// Returns those of the planned events with which the log has `len`, to be [kept](State::keep).
    pub fn into_new(mut self, len: u64) -> NewEvents {
        let came =
            usize::try_from(len).expect("events are in memory").saturating_sub(self.before.snapshot.events.len());
        let is_whole = came == self.events.len();
        self.events.truncate(came);
        self.stands.truncate(came);
        let Self { chain, authority, index, bearing, events, stands, .. } = self;
        let said = is_whole.then(|| Said { chain, authority, names: index.into_own(), places: bearing.into_own() });
        NewEvents { events, stands, said }
    }
}

impl NewEvents {
    /// Returns what a ledger tells with these events at its end.
    pub fn after(self, mut snapshot: Snapshot) -> Snapshot {
        snapshot.events.extend(self.events);
        snapshot.heads.extend(self.stands);
        snapshot
    }

    /// Returns the events, in their order.
    pub fn events(&self) -> &[Recorded] {
        &self.events
    }
}
