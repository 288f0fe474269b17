//! How events hang together: each names the hash of the one before, and a batch ends in a signed event.
//!
//! Out of scope: signatures. The chain alone proves nothing to somebody who does not trust whoever keeps it.

use crate::domain::announcement::Body;
use crate::domain::id::{Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::event::effective::{CorrectionFault, Times};
use crate::event::snapshot::Heads;
use crate::event::statement::Event;
use crate::integrity::digest::{self, EventHash};

/// The most events in a batch.
pub const MAX_BATCH_LEN: usize = 65_536;
/// The most bytes in a batch.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of events.
    pub len: u64,
    /// Hash of the newest event, or before the first what that follows.
    pub hash: EventHash,
}

/// The first event that cannot be believed. `verify` tells all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} is damaged: {what}")]
pub struct Damage {
    /// Its position.
    pub seq: u64,
    /// What is wrong.
    pub what: String,
}

/// The end of a chain: what the next event must follow.
#[derive(Debug, Clone)]
pub struct Chain {
    origin: Origin,
    len: u64,
    /// What follows the newest event by its own number: `len`, unless one before stands in a wrong place, which was told.
    next_seq: u64,
    head: EventHash,
    /// When its events were recorded, as far as they are known here.
    times: Times,
    /// Corrections that reach back behind the first event that is known here.
    unsettled: Vec<Unsettled>,
    open: Option<OpenBatch>,
}

/// A correction of the clock that has to be held against events before those that are known.
#[derive(Debug, Clone)]
struct Unsettled {
    seq: u64,
    from: u64,
    recorded: Timestamp,
}

/// A batch whose signed event has not come yet.
#[derive(Debug, Clone)]
struct OpenBatch {
    end: u64,
    recorder: Recorder,
    recorded: Timestamp,
}

/// Something that does not fit where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// Another number than the position.
    #[error("says that it is event {found}, and stands at {expected}")]
    Seq {
        /// The position.
        expected: u64,
        /// What the event says.
        found: u64,
    },
    /// Another event came before it than the one that is there.
    #[error("names {found} as the hash of the event before it, which is {expected}")]
    Prev {
        /// Hash of the event before, recomputed.
        expected: EventHash,
        /// What the event says.
        found: EventHash,
    },
    /// Another ledger's event.
    #[error("belongs to the ledger {found}, not to {expected}")]
    Origin {
        /// This ledger.
        expected: Origin,
        /// What the event says.
        found: Origin,
    },
    /// A genesis that founds another ledger than the one that it stands in.
    #[error("founds the ledger {origin}, and stands in {ledger}")]
    Founded {
        /// The ledger that it stands in.
        ledger: Origin,
        /// The ledger that it founds.
        origin: Origin,
    },
    /// Recorded earlier than the event before, and no correction of the clock.
    #[error("was recorded at {found}, before the event before it at {earlier}")]
    Recorded {
        /// When the event before was recorded.
        earlier: Timestamp,
        /// What the event says.
        found: Timestamp,
    },
    /// A correction of the clock that cannot be.
    #[error(transparent)]
    Correction(#[from] CorrectionFault),
    /// Differs from the other events of its batch.
    #[error("differs in its {field} from the batch that it stands in, which ends with event {end}")]
    Batch {
        /// Which field.
        field: &'static str,
        /// The end of the batch as its first event says.
        end: u64,
    },
    /// A batch that ends before it begins, or is longer than a batch may be.
    #[error("says that its batch ends with event {end}, which cannot be")]
    BatchEnd {
        /// What the event says.
        end: u64,
    },
}

/// Where the hash in `prev` stands in an event, or would stand in one that it was cut from.
///
/// Keys ascend, so that a comma comes before it; inside of text its quotes would be escaped.
pub fn prev_slot(event: &[u8]) -> Option<usize> {
    const BEFORE: &[u8] = b",\"prev\":\"";
    let statement = memchr::memchr(b'\n', event).map_or(event, |end| &event[..end]);
    memchr::memmem::rfind(statement, BEFORE).map(|at| at + BEFORE.len())
}

/// The hash of the event before, as an event states it.
pub fn prev_of(event: &[u8]) -> Option<EventHash> {
    let slot = prev_slot(event)?;
    std::str::from_utf8(event.get(slot..slot + 2 * 32)?).ok()?.parse().ok()
}

impl Chain {
    /// The chain of a ledger without events.
    pub fn new(origin: Origin) -> Self {
        let head = digest::genesis_prev(origin.as_str());
        Self { origin, len: 0, next_seq: 0, head, times: Times::default(), unsettled: Vec::new(), open: None }
    }

    /// The chain that ends with `event`, in which it and everything before it fits.
    pub fn after(event: &Event) -> Self {
        let header = &event.header;
        let mut times = Times::default();
        times.push(header.seq, header.recorded);
        Self {
            origin: header.ledger.clone(),
            len: header.seq + 1,
            next_seq: header.seq + 1,
            head: event.hash,
            times,
            unsettled: Vec::new(),
            open: OpenBatch::after(event),
        }
    }

    /// Number of events.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Hash of the newest event, or of the origin.
    pub fn head(&self) -> EventHash {
        self.head
    }

    /// Returns where the chain ends.
    pub fn end(&self) -> Head {
        Head { len: self.len, hash: self.head }
    }

    /// Has the times of recording stand that came last, if nobody plans from those before them: the next plan shares all.
    pub(crate) fn settle(&mut self) {
        self.times.settle();
    }

    /// When the newest event was recorded.
    pub fn recorded(&self) -> Option<Timestamp> {
        self.times.newest()
    }

    /// The first event that was recorded later than that, by effective times.
    pub(crate) fn first_after(&self, moment: Timestamp) -> Option<u64> {
        self.times.first_after(moment)
    }

    /// Whether the next event can correct the clock to that time, from an event on.
    ///
    /// # Errors
    ///
    /// Every [`CorrectionFault`].
    pub(crate) fn check_correction(&self, from: u64, recorded: Timestamp) -> Result<(), CorrectionFault> {
        self.times.check(from, recorded)
    }

    /// Whether the last batch lacks its end.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The chain of a ledger that stood so after each of its events, and stands at the end of a batch.
    pub fn resumed(origin: Origin, heads: &Heads) -> Self {
        let mut chain = Self::new(origin);
        for stand in heads.stands() {
            chain.times.push(stand.head.len - 1, stand.recorded);
        }
        (chain.len, chain.next_seq, chain.head) = (heads.len(), heads.len(), heads.head());
        chain
    }

    /// Goes on as another chain does, that began with the newest event of this one; tells the first correction of the
    /// clock there that does not fit, with its position.
    ///
    /// # Errors
    ///
    /// [`ChainFault::Correction`].
    pub(crate) fn go_on(&mut self, next: Self) -> Result<(), (u64, ChainFault)> {
        for correction in next.unsettled {
            let Unsettled { seq, from, recorded } = correction;
            if self.times.reach(from) {
                self.times.check_from(from, recorded).map_err(|fault| (seq, fault.into()))?;
            } else {
                self.unsettled.push(correction);
            }
            self.times.push(seq, recorded);
        }
        self.times.append(&next.times);
        (self.len, self.next_seq, self.head, self.open) = (next.len, next.next_seq, next.head, next.open);
        Ok(())
    }

    /// Goes on to the next event, and tells what does not fit.
    ///
    /// It goes on from the actual event whatever it found, so that one fault is told once.
    pub fn push(&mut self, event: &Event) -> Vec<ChainFault> {
        let faults = self.faults(event);
        let header = &event.header;
        self.open = OpenBatch::after(event);
        if let Body::ClockCorrected(correction) = &event.announcement.body
            && !self.times.reach(correction.from)
            && !faults.iter().any(|fault| matches!(fault, ChainFault::Correction(_)))
        {
            self.unsettled.push(Unsettled { seq: self.len, from: correction.from, recorded: header.recorded });
        }
        self.times.push(self.len, header.recorded);
        self.head = event.hash;
        self.len += 1;
        self.next_seq = header.seq.saturating_add(1);
        faults
    }

    /// Goes on past an event that could not be read, of which only the bytes' hash is known.
    pub fn advance(&mut self, hash: EventHash) {
        self.head = hash;
        self.len += 1;
        self.next_seq = self.next_seq.saturating_add(1);
        // If it was the end of the batch, the next event begins another.
        self.open.take_if(|open| open.end < self.next_seq);
    }

    fn faults(&self, event: &Event) -> Vec<ChainFault> {
        let header = &event.header;
        let mut faults = Vec::new();
        if header.seq != self.len && header.seq != self.next_seq {
            faults.push(ChainFault::Seq { expected: self.len, found: header.seq });
        }
        if header.prev != self.head {
            faults.push(ChainFault::Prev { expected: self.head, found: header.prev });
        }
        if header.ledger != self.origin {
            faults.push(ChainFault::Origin { expected: self.origin.clone(), found: header.ledger.clone() });
        }
        if let Body::Genesis(genesis) = &event.announcement.body
            && genesis.origin != header.ledger
        {
            faults.push(ChainFault::Founded { ledger: header.ledger.clone(), origin: genesis.origin.clone() });
        }
        if let Body::ClockCorrected(correction) = &event.announcement.body {
            faults.extend(self.check_correction(correction.from, header.recorded).err().map(ChainFault::from));
        } else if let Some(earlier) = self.recorded().filter(|earlier| header.recorded < *earlier) {
            faults.push(ChainFault::Recorded { earlier, found: header.recorded });
        }
        let longest = header.seq.saturating_add(MAX_BATCH_LEN as u64 - 1);
        match &self.open {
            Some(open) => faults.extend(open.faults(event)),
            None if header.batch < header.seq || header.batch > longest => {
                faults.push(ChainFault::BatchEnd { end: header.batch });
            }
            None => {}
        }
        faults
    }
}

impl OpenBatch {
    /// The batch that `event` leaves open, if it does.
    fn after(event: &Event) -> Option<Self> {
        let header = &event.header;
        (!header.ends_batch()).then(|| Self {
            end: header.batch,
            recorder: header.recorder.clone(),
            recorded: header.recorded,
        })
    }

    fn faults(&self, event: &Event) -> impl Iterator<Item = ChainFault> {
        let header = &event.header;
        let fields = [
            ("batch", header.batch == self.end),
            ("recorder", header.recorder == self.recorder),
            ("recorded", header.recorded == self.recorded),
        ];
        let end = self.end;
        fields.into_iter().filter(|(_, same)| !same).map(move |(field, _)| ChainFault::Batch { field, end })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::agreement::Mission;
    use crate::domain::announcement::Announcement;
    use crate::domain::governance::ClockCorrected;
    use crate::domain::id::{AnnouncementId, MissionId};
    use crate::event::statement::Header;
    use crate::integrity::digest::event_hash;

    fn event(chain: &Chain, (ms, from): (i64, Option<u64>)) -> Event {
        let id = MissionId::parse("m").expect("an id");
        let mission = Mission { id, title: "M".to_owned(), programme: None, also_known_as: Vec::new(), from: None };
        let corrected = |from| Body::from(ClockCorrected { from, reason: "a test".to_owned() });
        let body = from.map_or_else(|| Body::from(mission), corrected);
        let header = Header {
            batch: chain.len,
            ledger: chain.origin.clone(),
            prev: chain.head,
            recorded: Timestamp::from_unix_ms(ms).expect("a moment"),
            recorder: Recorder::parse("desk").expect("a recorder"),
            seq: chain.len,
        };
        let id = AnnouncementId::parse("mission:m").expect("an id");
        let hash = event_hash(&chain.len.to_le_bytes());
        Event { header, id, announcement: Announcement::of(body), signature: None, hash }
    }

    /// The chain over these events, followed in parts that begin there; the first fault with its position.
    fn in_parts(events: &[Event], starts: &[usize]) -> Result<Vec<(u64, i64)>, (u64, ChainFault)> {
        let mut whole = Chain::new(events[0].header.ledger.clone());
        let faulty = |chain: &mut Chain, event: &Event| match chain.push(event).into_iter().next() {
            Some(fault) => Err((event.header.seq, fault)),
            None => Ok(()),
        };
        for (part, start) in starts.iter().enumerate() {
            let end = starts.get(part + 1).copied().unwrap_or(events.len());
            let [first, rest @ ..] = &events[*start..end] else { continue };
            faulty(&mut whole, first)?;
            let mut own = Chain::after(first);
            let ends = rest.iter().find_map(|event| faulty(&mut own, event).err());
            whole.go_on(own)?;
            ends.map_or(Ok(()), Err)?;
        }
        Ok(whole.times.steps())
    }

    /// Events at these times, some of them corrections of the clock; few of those that cannot be, each of which ends the log.
    fn events_of(told: Vec<(i64, Option<u64>)>) -> Vec<Event> {
        let mut chain = Chain::new(Origin::parse("ledger.example/parts").expect("an origin"));
        let mut events = Vec::new();
        for (index, (ms, from)) in told.into_iter().enumerate() {
            let event = event(&chain, (ms, from));
            if !chain.push(&event).is_empty() && index % 5 != 0 {
                chain = Chain::new(chain.origin.clone());
                for kept in &events {
                    chain.push(kept);
                }
                continue;
            }
            events.push(event);
        }
        events
    }

    proptest! {
        #[test]
        fn a_chain_that_shares_its_times_with_plans_tells_what_one_of_its_own_does(
            told in proptest::collection::vec((0_i64..12, proptest::option::of(0_u64..16)), 1..16),
            ways in proptest::collection::vec(0_u8..4, 16),
        ) {
            let events = events_of(told);
            let mut own = Chain::new(Origin::parse("ledger.example/parts").expect("an origin"));
            let (mut shared, mut others) = (own.clone(), Vec::new());
            for (event, way) in events.iter().zip(ways) {
                if way & 1 == 1 {
                    // A plan of which nothing comes, and that somebody has still.
                    others.push((shared.clone(), own.clone()));
                }
                let mut plan = shared.clone();
                prop_assert_eq!(plan.push(event), own.push(event));
                shared = plan;
                if way & 2 == 2 {
                    shared.settle();
                }
            }
            others.push((shared, own));
            for (shared, own) in others {
                prop_assert_eq!(shared.times.steps(), own.times.steps());
                for (ms, from) in (-1..13).flat_map(|ms| (0..18).map(move |from| (ms, from))) {
                    let at = Timestamp::from_unix_ms(ms).expect("a moment");
                    prop_assert_eq!(shared.check_correction(from, at), own.check_correction(from, at));
                    prop_assert_eq!(shared.first_after(at), own.first_after(at));
                }
            }
        }

        #[test]
        fn a_chain_that_is_followed_in_parts_tells_what_one_that_is_followed_whole_does(
            told in proptest::collection::vec((0_i64..12, proptest::option::of(0_u64..16)), 1..16),
            second in 0_usize..16,
            third in 0_usize..16,
        ) {
            let events = events_of(told);
            if events.is_empty() {
                return Ok(());
            }
            let mut starts = [0, second.min(events.len()), third.min(events.len())];
            starts.sort_unstable();
            prop_assert_eq!(in_parts(&events, &starts), in_parts(&events, &[0]));
        }
    }
}
