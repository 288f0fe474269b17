//! Events read from a store on all cores, in stretches that fit each other; their chain, and the signature at its end.
//!
//! In scope: what the first thing is that cannot be believed, and who may sign: whatever the ledger says of itself, and with
//! it its keys, is signed by who might say so then. Out of scope: everything else that is wrong, and the signatures of other
//! batches, which `verify` tells; the last one vouches for all of them.

use std::num::NonZero;
use std::ops::Range;

use rayon::prelude::*;

use crate::domain::announcement::Body;
use crate::domain::id::{Origin, Recorder};
use crate::event::chain::{Chain, ChainFault, Damage};
use crate::event::reader::EventReader;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::event::statement::{Event, split};
use crate::integrity::PublicKey;
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::ledger::log::open::{OpenError, unreadable};
use crate::ledger::state::authority::Authority;
use crate::store::Store;
use crate::store::bundle::BUNDLE_LEN;
use crate::store::run::Run;

/// Fewer positions than these are not worth a thread of their own.
pub(super) const MIN_PART: u64 = 2048;

/// Reads all events of a store, follows the chain, and checks the signature at its end, which through `prev` binds every
/// byte before it, and those of what the ledger says of itself.
pub(crate) fn checked(origin: &Origin, store: &dyn Store) -> Result<(Snapshot, Chain), OpenError> {
    let with_room = |part: &Range<u64>| {
        let mut snapshot = Snapshot::new(origin.clone());
        // The first has room for all that follow it.
        snapshot.events.reserve(usize::try_from(store.len() - part.start).unwrap_or(0));
        snapshot
    };
    walked(origin, store, with_room, |_| true)
}

/// The same, of which only what says such things is kept, and the newest; what changes keys must be among it.
pub(crate) fn checked_keeping(
    origin: &Origin,
    store: &dyn Store,
    keep: impl Fn(&Body) -> bool + Sync,
) -> Result<(Snapshot, Chain), OpenError> {
    walked(origin, store, |_| Snapshot::new(origin.clone()), keep)
}

fn walked(
    origin: &Origin,
    store: &dyn Store,
    new: impl Fn(&Range<u64>) -> Snapshot + Sync,
    keep: impl Fn(&Body) -> bool + Sync,
) -> Result<(Snapshot, Chain), OpenError> {
    let take = |snapshot: &mut Snapshot, event| {
        snapshot.forget_newest_unless(&keep);
        snapshot.extend([event]);
    };
    let mut snapshot = Snapshot::new(origin.clone());
    let mut chain = Some(Chain::new(origin.clone()));
    let (parts, own) = followed((origin, store), 0..store.len(), &mut chain, (new, take))?;
    check_own(&own)?;
    for part in parts {
        if snapshot.events.is_empty() {
            snapshot = part;
        } else {
            snapshot.forget_newest_unless(&keep);
            snapshot.append(part);
        }
    }
    let chain = closed(chain.unwrap_or_else(|| Chain::new(origin.clone())))?;
    check_end(&snapshot.events, store)?;
    Ok((snapshot, chain))
}

/// Checks that what the ledger says of itself, in the order of the events from the first on, was signed by who might.
fn check_own(own: &[Own]) -> Result<(), Damage> {
    let mut authority = Authority::default();
    for said in own {
        let damage = |what: String| Damage { seq: said.seq, what };
        let key = said.key.as_ref().map_err(|what| damage(what.clone()))?;
        let allowed = authority.check(key, &said.recorder, &said.body);
        allowed.and_then(|()| authority.apply(said.seq, &said.body)).map_err(|fault| damage(fault.to_string()))?;
    }
    Ok(())
}

/// The chain at the end of a log: every batch has its end.
pub(crate) fn closed(chain: Chain) -> Result<Chain, Damage> {
    if chain.is_open() {
        return Err(Damage { seq: chain.len() - 1, what: "the log ends in the middle of a batch".to_owned() });
    }
    Ok(chain)
}

/// Reads the events of some positions on all cores, a part each, and gives back what was taken of each part in order, and what
/// the ledger says of itself there.
///
/// The chain goes on from what it is, or begins with the first of these events.
pub(crate) fn followed<T: Send>(
    (origin, store): (&Origin, &dyn Store),
    seqs: Range<u64>,
    chain: &mut Option<Chain>,
    (new, take): (impl Fn(&Range<u64>) -> T + Sync, impl Fn(&mut T, Event) + Sync),
) -> Result<(Vec<T>, Vec<Own>), OpenError> {
    let read = |part: Range<u64>| Part::read(store, part.clone(), new(&part), &take);
    let stretches: Vec<Part<T>> = parts(seqs).into_par_iter().map(read).collect();
    let (mut found, mut own) = (Vec::with_capacity(stretches.len()), Vec::new());
    for stretch in stretches {
        if let Some(first) = &stretch.first {
            match chain {
                Some(chain) => fits(chain, first)?,
                None if first.header.ledger == *origin => {}
                None => {
                    let fault = ChainFault::Origin { expected: origin.clone(), found: first.header.ledger.clone() };
                    return Err(Damage { seq: first.header.seq, what: fault.to_string() }.into());
                }
            }
        }
        match (&mut *chain, stretch.chain) {
            (Some(chain), Some(next)) => {
                chain.go_on(next).map_err(|(seq, fault)| Damage { seq, what: fault.to_string() })?;
            }
            (own, next) => *own = own.take().or(next),
        }
        stretch.ends.map_or(Ok(()), Err)?;
        found.push(stretch.taken);
        own.extend(stretch.own);
    }
    Ok((found, own))
}

/// Positions in parts that begin with bundles, one for each core.
pub(crate) fn parts(seqs: Range<u64>) -> Vec<Range<u64>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let bundle = BUNDLE_LEN as u64;
    let begin = seqs.start / bundle * bundle;
    let part = (seqs.end - begin).div_ceil(cores).max(MIN_PART).next_multiple_of(bundle);
    let starts = (begin..seqs.end).step_by(usize::try_from(part).unwrap_or(usize::MAX));
    starts.map(|start| start.max(seqs.start)..seqs.end.min(start + part)).collect()
}

/// What the ledger says of itself, with the key that signed it.
pub(crate) struct Own {
    seq: u64,
    recorder: Recorder,
    body: Body,
    /// Else what is wrong with the signature.
    key: Result<PublicKey, String>,
}

impl Own {
    fn of(event: &Event, bytes: &[u8]) -> Self {
        let (seq, recorder) = (event.header.seq, event.header.recorder.clone());
        Self { seq, recorder, body: event.announcement.body.clone(), key: signed_by(bytes) }
    }
}

/// The key that signed an event; else what is wrong with the signature.
fn signed_by(event: &[u8]) -> Result<PublicKey, String> {
    let (statement, armor) = split(event).map_err(|error| error.to_string())?;
    let signed = verify_signature(armor.unwrap_or_default(), EVENT_NAMESPACE, &event[..=statement.len()]);
    signed.map_err(|error| error.to_string())
}

/// Events in a row that fit each other, up to the first that does not. Whether they fit those before is not looked at.
struct Part<T> {
    taken: T,
    /// The first of them whole, to be held against those before.
    first: Option<Event>,
    /// The chain after them.
    chain: Option<Chain>,
    own: Vec<Own>,
    ends: Option<OpenError>,
}

impl<T> Part<T> {
    fn read(store: &dyn Store, part: Range<u64>, taken: T, take: &impl Fn(&mut T, Event)) -> Self {
        let mut stretch = Self { taken, first: None, chain: None, own: Vec::new(), ends: None };
        let mut recall = EventReader::default();
        for run in store.runs(part) {
            let read = run.map_err(unreadable).and_then(|run| stretch.run(&run, &mut recall, take));
            if let Err(error) = read {
                stretch.ends = Some(error);
                break;
            }
        }
        stretch
    }

    fn run(&mut self, run: &Run, recall: &mut EventReader, take: &impl Fn(&mut T, Event)) -> Result<(), OpenError> {
        for (index, bytes) in run.values().enumerate() {
            let hash = run.hash(index).map_or_else(|| event_hash(bytes), EventHash::from_bytes);
            let read = recall.hashed(bytes, hash);
            let event = read.map_err(|error| Damage { seq: run.first() + index as u64, what: error.to_string() })?;
            if let Some(chain) = &mut self.chain {
                fits(chain, &event)?;
            } else {
                self.chain = Some(Chain::after(&event));
                self.first = Some(event.clone());
            }
            if event.announcement.body.kind().is_about_ledger() {
                self.own.push(Own::of(&event, bytes));
            }
            take(&mut self.taken, event);
        }
        Ok(())
    }
}

/// Goes on to the next event of a chain, if it fits.
fn fits(chain: &mut Chain, event: &Event) -> Result<(), Damage> {
    let seq = chain.len();
    match chain.push(event).into_iter().next() {
        Some(fault) => Err(Damage { seq, what: fault.to_string() }),
        None => Ok(()),
    }
}

/// Checks that the newest event is signed by a key that may, and gives it back, if there is one; the events that change
/// keys are among those before. Earlier signatures are left to `verify`.
pub(super) fn check_end(events: &[Recorded], store: &dyn Store) -> Result<Option<Event>, OpenError> {
    let Some(seq) = store.len().checked_sub(1) else { return Ok(None) };
    let newest = store.read(seq..seq + 1).next().transpose().map_err(unreadable)?.unwrap_or_default();
    let damage = |what: String| Damage { seq, what };
    let key = signed_by(&newest).map_err(damage)?;
    let end = Event::recall(&newest).map_err(|error| damage(error.to_string()))?;
    // What changes keys stands alone in its batch, so that none of these are of the last.
    let authority = Authority::of(&events[..events.partition_point(|event| event.seq < seq)]);
    let check = authority.check(&key, &end.header.recorder, &end.announcement.body);
    check.map_err(|fault| damage(fault.to_string()))?;
    Ok(Some(end))
}
