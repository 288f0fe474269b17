//! How events hang together: each names the hash of the one before, and a batch ends in a signed event.
//!
//! Out of scope: signatures. The chain alone proves nothing to somebody who does not trust whoever keeps it.

use crate::domain::announcement::Body;
use crate::domain::id::{Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::event::facts::Stand;
use crate::event::statement::Event;
use crate::integrity::digest::{self, EventHash};

/// The most events in a batch.
pub const MAX_BATCH_LEN: usize = 65_536;
/// The most bytes in a batch.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// The end of a chain: what the next event must follow.
#[derive(Debug, Clone)]
pub struct Chain {
    origin: Origin,
    len: u64,
    /// What follows the newest event by its own number: `len`, unless one before stands in a wrong place, which was told.
    next_seq: u64,
    head: EventHash,
    recorded: Option<Timestamp>,
    open: Option<OpenBatch>,
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
    /// Recorded earlier than the event before.
    #[error("was recorded at {found}, before the event before it at {earlier}")]
    Recorded {
        /// When the event before was recorded.
        earlier: Timestamp,
        /// What the event says.
        found: Timestamp,
    },
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
        Self { origin, len: 0, next_seq: 0, head, recorded: None, open: None }
    }

    /// The chain that ends with `event`, in which it and everything before it fits.
    pub fn after(event: &Event) -> Self {
        let header = &event.header;
        Self {
            origin: header.ledger.clone(),
            len: header.seq + 1,
            next_seq: header.seq + 1,
            head: event.hash,
            recorded: Some(header.recorded),
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

    /// When the newest event was recorded.
    pub fn recorded(&self) -> Option<Timestamp> {
        self.recorded
    }

    /// Whether the last batch lacks its end.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The chain of a ledger that stands so, at the end of a batch; of one without events, if it stands nowhere.
    pub fn resumed(origin: Origin, stand: Option<&Stand>) -> Self {
        let mut chain = Self::new(origin);
        if let Some(stand) = stand {
            (chain.len, chain.next_seq) = (stand.len, stand.len);
            (chain.head, chain.recorded) = (stand.head, Some(stand.recorded));
        }
        chain
    }

    /// Goes on to the next event, and tells what does not fit.
    ///
    /// It goes on from the actual event whatever it found, so that one fault is told once.
    pub fn push(&mut self, event: &Event) -> Vec<ChainFault> {
        let faults = self.faults(event);
        let header = &event.header;
        self.open = OpenBatch::after(event);
        self.recorded = Some(header.recorded);
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
        if let Some(earlier) = self.recorded.filter(|earlier| header.recorded < *earlier) {
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
