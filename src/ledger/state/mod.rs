//! What the events say so far: what they tell and where they end, who may sign the next, which ids are taken, and which events
//! bear on which.
//!
//! A [`State`] is what is stored, and nothing else. What is planned to follow is [`Planned`] over it, looks through to it, and
//! is dropped, or kept once it is in the store: nothing is ever taken back.

pub mod authority;
mod planned;
pub mod registry;
pub mod relevance;

use crate::domain::id::Origin;
use crate::event::chain::Chain;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::ledger::state::authority::Authority;
use crate::ledger::state::registry::Registry;
use crate::ledger::state::relevance::Relevance;

pub use planned::{NewEvents, Planned};

/// What the events of a ledger say.
pub struct State {
    pub(super) snapshot: Snapshot,
    pub(super) chain: Chain,
    pub(super) authority: Authority,
    pub(super) index: Registry<'static>,
    pub(super) bearing: Relevance<'static>,
}

impl State {
    /// Returns the state of a ledger without events.
    pub fn new(origin: Origin) -> Self {
        Self::of(Snapshot::new(origin.clone()), Chain::new(origin))
    }

    /// Returns the state of a ledger with these events, which hang together as `chain` does.
    pub fn of(snapshot: Snapshot, chain: Chain) -> Self {
        let (authority, index, bearing) = (Authority::default(), Registry::default(), Relevance::default());
        let mut state = Self { snapshot, chain, authority, index, bearing };
        state.chain.settle();
        state.learn(0);
        state
    }

    /// Returns the number of events.
    pub fn len(&self) -> u64 {
        self.chain.len()
    }

    /// Tells whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what the events tell, with where the log stood after each.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Returns the end of the chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Returns who may sign the next event.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the ids and names that are taken.
    pub fn index(&self) -> &Registry<'static> {
        &self.index
    }

    /// Returns what the events tell, by itself.
    pub fn into_snapshot(self) -> Snapshot {
        self.snapshot
    }

    /// Returns a plan of what is to follow, empty as yet.
    pub fn plan(&self) -> Planned<'_> {
        Planned::over(self)
    }

    /// Keeps events of a plan over this state that came into the store.
    pub fn keep(&mut self, new: NewEvents) {
        let first = self.snapshot.events.len();
        let NewEvents { events, stands, said } = new;
        self.snapshot.events.extend(events);
        self.snapshot.heads.extend(stands);
        if let Some(said) = said {
            self.chain = said.chain;
            self.chain.settle();
            self.authority = said.authority;
            self.index.absorb(said.names);
            self.bearing.absorb(said.places);
        } else {
            self.chain = Chain::resumed(self.snapshot.origin.clone(), &self.snapshot.heads);
            self.learn(first);
        }
    }

    /// Brings what is derived from the events up to those from a place on.
    fn learn(&mut self, first: usize) {
        for (place, event) in self.snapshot.events.iter().enumerate().skip(first) {
            learn(place, event, (&mut self.authority, &mut self.index, &mut self.bearing));
        }
    }
}

/// Takes an event, which stands at a place among all, into what is derived from the events.
fn learn(
    place: usize,
    event: &Recorded,
    (authority, index, bearing): (&mut Authority, &mut Registry<'_>, &mut Relevance<'_>),
) {
    // What `verify` would tell of keys does not keep others from reading; signing is checked when it happens.
    let _ = authority.apply(event.seq, &event.announcement.body);
    index.add(event);
    bearing.add(place, event);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::event::statement::Event;

    /// An event of each kind and form, as if they were in one log.
    fn events() -> Vec<Event> {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden/v1");
        let mut files: Vec<_> =
            fs::read_dir(golden).expect("it is there").map(|file| file.expect("a file").path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "event"));
        files.sort_unstable();
        let read = |file: &std::path::PathBuf| Event::read(&fs::read(file).expect("it is there")).expect("an event");
        let mut events: Vec<Event> = files.iter().map(read).collect();
        for (place, event) in events.iter_mut().enumerate() {
            (event.header.seq, event.header.batch) = (place as u64, place as u64);
        }
        events
    }

    fn state(events: &[Event]) -> State {
        let origin = events[0].header.ledger.clone();
        let (mut snapshot, mut chain) = (Snapshot::new(origin.clone()), Chain::new(origin));
        for event in events {
            chain.push(event);
            snapshot.extend([event.clone()]);
        }
        State::of(snapshot, chain)
    }

    #[track_caller]
    fn check_same(kept: &State, read: &State) {
        assert_eq!(kept.snapshot, read.snapshot);
        assert_eq!((kept.chain.len(), kept.chain.head()), (read.chain.len(), read.chain.head()));
        assert_eq!(kept.chain.recorded(), read.chain.recorded());
        assert_eq!(kept.authority, read.authority);
        assert!(kept.index.own() == read.index.own(), "the names differ");
        assert!(kept.bearing.own() == read.bearing.own(), "the places differ");
    }

    #[test]
    fn what_is_kept_of_plans_is_what_all_the_events_say_wherever_the_plans_were_cut() {
        let events = events();
        for first in 1..events.len() {
            for second in first..events.len() {
                let mut kept = state(&events[..first]);
                // One plan that came into the store whole, and one of which an append came no further.
                for (to, came) in [(second, second), (events.len(), usize::midpoint(second, events.len()))] {
                    let from = kept.snapshot.events.len();
                    let mut planned = kept.plan();
                    for event in &events[from..to] {
                        // These do not follow each other, which is nothing to what they say.
                        let _ = planned.take(event.clone());
                    }
                    let new = planned.into_new(came as u64);
                    kept.keep(new);
                    check_same(&kept, &state(&events[..came]));
                }
            }
        }
    }

    #[test]
    fn a_plan_knows_what_all_its_events_say() {
        let events = events();
        let whole = state(&events);
        for first in 1..events.len() {
            let before = state(&events[..first]);
            let mut planned = before.plan();
            for event in &events[first..] {
                let _ = planned.take(event.clone());
            }
            assert_eq!(planned.authority, whole.authority);
            assert!(planned.events().iter().eq(&whole.snapshot.events));
            assert!(planned.events().from(first / 2).eq(&whole.snapshot.events[first / 2..]));
            for event in &whole.snapshot.events {
                assert_eq!(planned.index.announcement(&event.id), whole.index.announcement(&event.id));
                assert_eq!(planned.head_at(event.seq + 1), whole.snapshot.heads.at(event.seq + 1));
                let place = usize::try_from(event.seq).expect("a few");
                let struck = |state: &Relevance<'_>| state.struck_by(planned.events(), place);
                assert_eq!(struck(&planned.bearing), struck(&whole.bearing), "event {place}, from {first} on planned");
            }
            let named = |index: &Registry<'_>| -> Vec<String> { index.announcements().map(str::to_owned).collect() };
            let (mut by_plan, mut by_all) = (named(&planned.index), named(&whole.index));
            by_plan.sort_unstable();
            by_all.sort_unstable();
            assert_eq!(by_plan, by_all);
        }
    }
}
