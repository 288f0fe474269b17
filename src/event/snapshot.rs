//! What answers rest on: every announcement with the position and the moment of its recording, and the hashes at which
//! the log stood.
//!
//! In scope: facts in memory, wherever they were read. Out of scope: bytes, signatures and the chain, which have done
//! their part when events become facts.

use crate::domain::announcement::{Announcement, Body};
use crate::domain::id::{AnnouncementId, Origin, Recorder};
use crate::domain::packed::{Packed, Packer, Unpacker, Unreadable};
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::event::statement::{Event, Header};
use crate::integrity::digest::{EventHash, genesis_prev};

/// An announcement that was recorded: what an event tells, without its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Position, from 0.
    pub seq: u64,
    /// The time of recording that its bytes state. Whoever tells when it was recorded asks the [`Corrections`] of the
    /// clock.
    ///
    /// [`Corrections`]: crate::event::effective::Corrections
    pub stated: Timestamp,
    /// Who recorded it.
    pub recorder: Recorder,
    /// The announcement's id.
    pub id: AnnouncementId,
    /// What was announced; on the heap, for there are many in a row, and they are large.
    pub announcement: Box<Announcement>,
}

/// Where a log stood when an event had been appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPoint {
    /// The end of the log then.
    pub head: Head,
    /// When its newest event was recorded, as its bytes state.
    pub recorded: Timestamp,
    /// Whether a batch ended with it.
    pub ends_batch: bool,
}

/// Where a log stood: after each of its events, after its batches, or at its end alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// What the first event follows.
    beginning: EventHash,
    /// In the order of their lengths.
    stands: Vec<LogPoint>,
}

/// The events of a log, or those of them that a question rests on, with the name of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The ledger's origin.
    pub origin: Origin,
    /// The events, in their order; not all of them, where they were read for a question that rests on few.
    pub events: Vec<Recorded>,
    /// Where the log stood.
    pub heads: Heads,
}

impl Heads {
    /// Of a log of that name without events.
    pub fn new(origin: &Origin) -> Self {
        Self { beginning: genesis_prev(origin.as_str()), stands: Vec::new() }
    }

    /// Takes where the log stood next.
    pub fn push(&mut self, stand: LogPoint) {
        debug_assert!(self.newest().is_none_or(|newest| newest.head.len < stand.head.len), "a log only grows");
        self.stands.push(stand);
    }

    /// Each of them, in their order.
    pub fn stands(&self) -> &[LogPoint] {
        &self.stands
    }

    /// Where the log stands now, if it has events.
    pub fn newest(&self) -> Option<&LogPoint> {
        self.stands.last()
    }

    /// Number of events in the log.
    pub fn len(&self) -> u64 {
        self.newest().map_or(0, |newest| newest.head.len)
    }

    /// Whether the log has no events.
    pub fn is_empty(&self) -> bool {
        self.stands.is_empty()
    }

    /// The head of the log when it had so many events; none, if that is not known here.
    pub fn at(&self, len: u64) -> Option<EventHash> {
        if len == 0 {
            return Some(self.beginning);
        }
        self.stands.binary_search_by_key(&len, |stand| stand.head.len).ok().map(|place| self.stands[place].head.hash)
    }

    /// Returns where the log ends now.
    pub fn end(&self) -> Head {
        self.newest().map_or(Head { len: 0, hash: self.beginning }, |newest| newest.head)
    }

    /// The head of the log as it is now; before its first event, what that follows.
    pub fn head(&self) -> EventHash {
        self.end().hash
    }

    /// How many events there were at that moment, those recorded in it included, by the effective times of the whole log:
    /// an event is no later than any that follows it.
    pub fn len_by(&self, moment: Timestamp) -> u64 {
        let newest = self.stands.iter().rev().find(|stand| stand.recorded <= moment);
        newest.map_or(0, |newest| newest.head.len)
    }

    /// Forgets what came after the log had so many events.
    pub fn cut(&mut self, len: u64) {
        self.stands.truncate(self.stands.partition_point(|stand| stand.head.len <= len));
    }
}

impl Extend<LogPoint> for Heads {
    fn extend<T: IntoIterator<Item = LogPoint>>(&mut self, stands: T) {
        for stand in stands {
            self.push(stand);
        }
    }
}

impl Snapshot {
    /// Of a ledger without events.
    pub fn new(origin: Origin) -> Self {
        Self { heads: Heads::new(&origin), origin, events: Vec::new() }
    }

    /// The event at a position, if it is among these.
    pub fn event(&self, seq: u64) -> Option<&Recorded> {
        event_at(&self.events, seq)
    }

    /// Forgets the newest event, unless it says what is to be kept, and with it where the log stood.
    pub fn forget_newest_unless(&mut self, keep: impl Fn(&Body) -> bool) {
        if self.events.pop_if(|event| !keep(&event.announcement.body)).is_some() {
            self.heads.stands.clear();
        }
    }

    /// Takes the events that follow these.
    pub fn append(&mut self, next: Self) {
        self.events.extend(next.events);
        self.heads.stands.extend(next.heads.stands);
    }
}

/// The event at a position, among events in their order; of a whole log, it stands at its own place.
pub fn event_at(events: &[Recorded], seq: u64) -> Option<&Recorded> {
    let whole = usize::try_from(seq).ok().and_then(|place| events.get(place)).filter(|event| event.seq == seq);
    whole.or_else(|| events.binary_search_by_key(&seq, |event| event.seq).ok().map(|place| &events[place]))
}

impl Extend<Event> for Snapshot {
    fn extend<T: IntoIterator<Item = Event>>(&mut self, events: T) {
        for event in events {
            let (recorded, stand) = event.into_recorded();
            self.heads.push(stand);
            self.events.push(recorded);
        }
    }
}

/// The events of a log in their order, in two pieces: whoever plans what is to follow has both.
#[derive(Debug, Clone, Copy)]
pub struct Events<'e> {
    stored: &'e [Recorded],
    planned: &'e [Recorded],
}

impl<'e> Events<'e> {
    /// Returns stored events and those that are to follow them as one.
    pub fn of(stored: &'e [Recorded], planned: &'e [Recorded]) -> Self {
        Self { stored, planned }
    }

    /// Returns the number of events.
    pub fn len(self) -> usize {
        self.stored.len() + self.planned.len()
    }

    /// Tells whether there is no event.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the event at a place, if there is one.
    pub fn get(self, place: usize) -> Option<&'e Recorded> {
        self.stored.get(place).or_else(|| self.planned.get(place.checked_sub(self.stored.len())?))
    }

    /// Returns the event at a place.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn at(self, place: usize) -> &'e Recorded {
        self.get(place).expect("a place among the events")
    }

    /// Returns each of the events.
    pub fn iter(self) -> impl Iterator<Item = &'e Recorded> {
        self.stored.iter().chain(self.planned)
    }

    /// Returns each of the events from a place on.
    pub fn from(self, first: usize) -> impl Iterator<Item = &'e Recorded> {
        let planned = first.saturating_sub(self.stored.len()).min(self.planned.len());
        self.stored[first.min(self.stored.len())..].iter().chain(&self.planned[planned..])
    }
}

impl Event {
    /// Returns what the event tells, and where the log stands with it.
    pub fn into_recorded(self) -> (Recorded, LogPoint) {
        let Self { header, id, announcement, hash, .. } = self;
        let (seq, recorded, ends_batch) = (header.seq, header.recorded, header.ends_batch());
        let stand = LogPoint { head: Head { len: seq + 1, hash }, recorded, ends_batch };
        let announcement = Box::new(announcement);
        (Recorded { seq, stated: recorded, recorder: header.recorder, id, announcement }, stand)
    }

    /// Whether it tells what is recorded there.
    pub fn tells(&self, recorded: &Recorded) -> bool {
        let Header { seq, recorded: stated, recorder, .. } = &self.header;
        (*seq, *stated, recorder) == (recorded.seq, recorded.stated, &recorded.recorder)
            && (&self.id, &self.announcement) == (&recorded.id, &*recorded.announcement)
    }
}

/// Packs events one after the other: positions and moments as differences from the event before.
pub fn pack_rows<'v>(events: impl IntoIterator<Item = &'v Recorded>) -> Vec<u8> {
    let mut packer = Packer::of_many();
    let mut before = (0, 0);
    for event in events {
        let place = (event.seq, event.stated.unix_ms());
        pack_row(place, before, &event.recorder, &event.id, &event.announcement, &mut packer);
        before = place;
    }
    packer.into_bytes()
}

/// Packs what an event tells by itself, everything written out.
pub fn pack_event(event: &Event) -> Vec<u8> {
    let mut packer = Packer::default();
    let Header { seq, recorded, recorder, .. } = &event.header;
    pack_row((*seq, recorded.unix_ms()), (0, 0), recorder, &event.id, &event.announcement, &mut packer);
    packer.into_bytes()
}

/// The same of an event that was recorded: equal bytes tell the same.
pub fn pack_alone(event: &Recorded) -> Vec<u8> {
    let mut packer = Packer::default();
    let place = (event.seq, event.stated.unix_ms());
    pack_row(place, (0, 0), &event.recorder, &event.id, &event.announcement, &mut packer);
    packer.into_bytes()
}

fn pack_row<'v>(
    place: (u64, i64),
    before: (u64, i64),
    recorder: &'v Recorder,
    id: &'v AnnouncementId,
    announcement: &'v Announcement,
    packer: &mut Packer<'v>,
) {
    packer.number(place.0.wrapping_sub(before.0));
    packer.signed(place.1.wrapping_sub(before.1));
    recorder.pack(packer);
    id.pack(packer);
    announcement.pack(packer);
}

/// Unpacks so many events.
///
/// # Errors
///
/// [`Unreadable`] if these are not the bytes of so many events.
pub fn unpack_rows(bytes: &[u8], len: usize) -> Result<Vec<Recorded>, Unreadable> {
    let mut unpacker = Unpacker::new(bytes);
    // No event has fewer bytes than these.
    let mut events = Vec::with_capacity(len.min(bytes.len() / 8));
    let (mut seq, mut recorded) = (0_u64, 0_i64);
    for _ in 0..len {
        seq = seq.wrapping_add(unpacker.number()?);
        recorded = recorded.wrapping_add(unpacker.signed()?);
        events.push(Recorded {
            seq,
            stated: Timestamp::from_unix_ms(recorded).map_err(|_| unpacker.unreadable("a moment that there is not"))?,
            recorder: Packed::unpack(&mut unpacker)?,
            id: Packed::unpack(&mut unpacker)?,
            announcement: Box::new(Packed::unpack(&mut unpacker)?),
        });
    }
    unpacker.finish()?;
    Ok(events)
}
