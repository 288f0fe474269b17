//! Events read from a store on all cores, in stretches that fit each other; their chain, and the signature at its end.
//!
//! In scope: what the first thing is that cannot be believed. Out of scope: everything else that is wrong, and earlier
//! signatures, which `verify` tells.

use std::num::NonZero;
use std::ops::Range;

use rayon::prelude::*;

use crate::domain::announcement::Body;
use crate::domain::id::Origin;
use crate::event::chain::{Chain, ChainFault};
use crate::event::facts::{Facts, Recorded};
use crate::event::recall::Recall;
use crate::event::statement::{Event, split};
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::ledger::authority::Authority;
use crate::ledger::{Damage, OpenError, unreadable};
use crate::store::Store;
use crate::store::bundle::BUNDLE_LEN;
use crate::store::run::Run;

/// Fewer positions than these are not worth a thread of their own.
pub(super) const MIN_PART: u64 = 2048;

/// Reads all events of a store, follows the chain, and checks the signature at its end, which through `prev` binds every
/// byte before it.
pub(crate) fn checked(origin: &Origin, store: &dyn Store) -> Result<(Facts, Chain), OpenError> {
    let with_room = |part: &Range<u64>| {
        let mut facts = Facts::new(origin.clone());
        // The first has room for all that follow it.
        facts.events.reserve(usize::try_from(store.len() - part.start).unwrap_or(0));
        facts
    };
    walked(origin, store, with_room, |_| true)
}

/// The same, of which only what says such things is kept, and the newest; what changes keys must be among it.
pub(super) fn checked_keeping(
    origin: &Origin,
    store: &dyn Store,
    keep: impl Fn(&Body) -> bool + Sync,
) -> Result<(Facts, Chain), OpenError> {
    walked(origin, store, |_| Facts::new(origin.clone()), keep)
}

fn walked(
    origin: &Origin,
    store: &dyn Store,
    new: impl Fn(&Range<u64>) -> Facts + Sync,
    keep: impl Fn(&Body) -> bool + Sync,
) -> Result<(Facts, Chain), OpenError> {
    let take = |facts: &mut Facts, event| {
        facts.forget_newest_unless(&keep);
        facts.extend([event]);
    };
    let mut facts = Facts::new(origin.clone());
    let mut chain = Some(Chain::new(origin.clone()));
    for part in followed((origin, store), 0..store.len(), &mut chain, (new, take))? {
        if facts.events.is_empty() {
            facts = part;
        } else {
            facts.forget_newest_unless(&keep);
            facts.append(part);
        }
    }
    let chain = closed(chain.unwrap_or_else(|| Chain::new(origin.clone())))?;
    check_end(&facts.events, store)?;
    Ok((facts, chain))
}

/// The chain at the end of a log: every batch has its end.
pub(super) fn closed(chain: Chain) -> Result<Chain, Damage> {
    if chain.is_open() {
        return Err(Damage { seq: chain.len() - 1, what: "the log ends in the middle of a batch".to_owned() });
    }
    Ok(chain)
}

/// Reads the events of some positions on all cores, a part each, and gives back what was taken of each part in order.
///
/// The chain goes on from what it is, or begins with the first of these events.
pub(super) fn followed<T: Send>(
    (origin, store): (&Origin, &dyn Store),
    seqs: Range<u64>,
    chain: &mut Option<Chain>,
    (new, take): (impl Fn(&Range<u64>) -> T + Sync, impl Fn(&mut T, Event) + Sync),
) -> Result<Vec<T>, OpenError> {
    let read = |part: Range<u64>| Stretch::read(store, part.clone(), new(&part), &take);
    let stretches: Vec<Stretch<T>> = parts(seqs).into_par_iter().map(read).collect();
    let mut found = Vec::with_capacity(stretches.len());
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
    }
    Ok(found)
}

/// Positions in parts that begin with bundles, one for each core.
pub(super) fn parts(seqs: Range<u64>) -> Vec<Range<u64>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let bundle = BUNDLE_LEN as u64;
    let begin = seqs.start / bundle * bundle;
    let part = (seqs.end - begin).div_ceil(cores).max(MIN_PART).next_multiple_of(bundle);
    let starts = (begin..seqs.end).step_by(usize::try_from(part).unwrap_or(usize::MAX));
    starts.map(|start| start.max(seqs.start)..seqs.end.min(start + part)).collect()
}

/// Events in a row that fit each other, up to the first that does not. Whether they fit those before is not looked at.
struct Stretch<T> {
    taken: T,
    /// The first of them whole, to be held against those before.
    first: Option<Event>,
    /// The chain after them.
    chain: Option<Chain>,
    ends: Option<OpenError>,
}

impl<T> Stretch<T> {
    fn read(store: &dyn Store, part: Range<u64>, taken: T, take: &impl Fn(&mut T, Event)) -> Self {
        let mut stretch = Self { taken, first: None, chain: None, ends: None };
        let mut recall = Recall::default();
        for run in store.runs(part) {
            let read = run.map_err(unreadable).and_then(|run| stretch.run(&run, &mut recall, take));
            if let Err(error) = read {
                stretch.ends = Some(error);
                break;
            }
        }
        stretch
    }

    fn run(&mut self, run: &Run, recall: &mut Recall, take: &impl Fn(&mut T, Event)) -> Result<(), OpenError> {
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
    let (statement, armor) = split(&newest).map_err(|error| damage(error.to_string()))?;
    let key = verify_signature(armor.unwrap_or_default(), EVENT_NAMESPACE, &newest[..=statement.len()])
        .map_err(|error| damage(error.to_string()))?;
    let end = Event::recall(&newest).map_err(|error| damage(error.to_string()))?;
    // What changes keys stands alone in its batch, so that none of these are of the last.
    let authority = Authority::of(&events[..events.partition_point(|event| event.seq < seq)]);
    let check = authority.check(&key, &end.header.recorder, &end.announcement.body);
    check.map_err(|fault| damage(fault.to_string()))?;
    Ok(Some(end))
}
