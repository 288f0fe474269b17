//! The reader: the events of a ledger as they lie in its store, read a run at a time.
//!
//! It holds the ledger's lock as long as it lives: take what is needed, and drop it, so that nobody waits for a reader.

use std::num::NonZero;
use std::ops::Range;

use rayon::prelude::*;

use crate::domain::id::Origin;
use crate::event::chain::{Chain, prev_slot};
use crate::event::facts::{Facts, Heads, Stand};
use crate::event::recall::Recall;
use crate::event::statement::{Event, split};
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::merkle;
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::ledger::authority::Authority;
use crate::ledger::facts::{self, Comparison, HeadsKnown, Scope};
use crate::ledger::settings::{Folder, Head, Settings};
use crate::ledger::shelf::Shelf;
use crate::ledger::{Access, Damage, OpenError, lock, open_store, unreadable};
use crate::store::bundle::BUNDLE_LEN;
use crate::store::lock::Lock;
use crate::store::memory::MemoryStore;
use crate::store::run::Run;
use crate::store::{Store, StoreError};

/// Fewer positions than these are not worth a thread of their own.
const MIN_PART: u64 = 2048;

/// The events of a ledger, as bytes, at one moment.
pub struct Log {
    folder: Folder,
    origin: Origin,
    store: Box<dyn Store>,
    remembered: Option<Head>,
    // Released last: fields are dropped in the order of their declaration.
    lock: Option<Lock>,
}

/// What was found at some positions of a log.
#[derive(Debug)]
pub enum Found {
    /// Events, as bytes.
    Run(Run),
    /// Nothing that can be read, and why.
    Unreadable {
        /// The position.
        seq: u64,
        /// Why not.
        what: String,
    },
}

impl Log {
    /// Opens a ledger to read it; others wait until it is dropped.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; what is wrong with single events is left to [`facts`](Self::facts) and to `verify`.
    pub fn read(folder: &Folder, access: &Access) -> Result<Self, OpenError> {
        let settings = Settings::load(folder)?;
        let lock = lock(folder, access)?;
        let store = Box::new(open_store(folder, access)?);
        let remembered = Head::load(folder);
        Ok(Self { folder: folder.clone(), origin: settings.origin, store, remembered, lock: Some(lock) })
    }

    /// Events that were had otherwise.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] if one of them is no event.
    pub fn of(folder: &Folder, origin: Origin, values: &[Vec<u8>]) -> Result<Self, StoreError> {
        let mut store = MemoryStore::default();
        for values in values.chunks(BUNDLE_LEN) {
            store.append(store.len(), values)?;
        }
        Ok(Self { folder: folder.clone(), origin, store: Box::new(store), remembered: None, lock: None })
    }

    /// The ledger's name, as its settings say.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of events.
    pub fn len(&self) -> u64 {
        self.store.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// The bytes of an event; an error says why the store could not give them.
    pub fn value(&self, seq: u64) -> Option<Result<Vec<u8>, String>> {
        let value = (seq < self.len()).then(|| self.store.read(seq..seq + 1).next())??;
        Some(value.map_err(|error| error.to_string()))
    }

    /// The hash that the store keeps of a full bundle of 256 events, if it keeps one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn root(&self, bundle: u64) -> Result<Option<merkle::Node>, StoreError> {
        self.store.root(bundle)
    }

    /// Walks over the events of some positions, a run of them in memory at a time, past what cannot be read.
    pub fn found(&self, seqs: Range<u64>) -> impl Iterator<Item = Found> {
        let mut rest = seqs.start..seqs.end.min(self.len());
        let mut runs = self.store.runs(rest.clone());
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            match runs.next() {
                Some(Ok(run)) => {
                    rest.start += run.len() as u64;
                    Some(Found::Run(run))
                }
                outcome => {
                    let what = match outcome {
                        Some(Err(error)) => error.to_string(),
                        Some(Ok(_)) | None => "the store ends before its length".to_owned(),
                    };
                    let seq = rest.start;
                    rest.start += 1;
                    runs = self.store.runs(rest.clone());
                    Some(Found::Unreadable { seq, what })
                }
            }
        })
    }

    /// The first thing that `HEAD` remembers and the log does not hold: nothing, if the log goes on from there.
    pub fn forgotten(&self) -> Option<Damage> {
        let hash_at = |seq| self.value(seq)?.ok().map(|bytes| event_hash(&bytes));
        self.remembered?.forgotten(self.len(), hash_at)
    }

    /// What the events tell, with the heads after each, if the chain holds, its end is signed, and it is no shorter than
    /// `HEAD` remembers.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] at the first event that cannot be believed, or [`OpenError::Store`].
    pub fn facts(&self) -> Result<Facts, OpenError> {
        let (facts, _) = checked(&self.origin, self.store.as_ref())?;
        self.forgotten().map_or(Ok(facts), |damage| Err(damage.into()))
    }

    /// The same from the facts that are kept beside the store, if they fit: the events are hashed, and not read.
    ///
    /// # Errors
    ///
    /// Those of [`facts`](Self::facts), which tells what is wrong with a log that these facts do not fit.
    pub fn hashed_facts(&self) -> Result<Facts, OpenError> {
        let kept = facts::read(&self.folder, Scope::Everything, HeadsKnown::Batches);
        match kept.and_then(|kept| self.with_hashes(kept)) {
            Some(facts) if check_end(&facts, self.store.as_ref()).is_ok() => {
                self.settle(&facts);
                Ok(facts)
            }
            _ => {
                let facts = self.facts()?;
                self.settle(&facts);
                Ok(facts)
            }
        }
    }

    /// These facts with the heads after each event, if the events hang together and end as the facts do.
    fn with_hashes(&self, mut facts: Facts) -> Option<Facts> {
        if facts.heads.len() != self.len() {
            return None;
        }
        let links: Vec<Links> =
            parts(self.len()).into_par_iter().map(|part| self.links(part)).collect::<Option<_>>()?;
        let mut heads = Heads::new(&self.origin);
        let mut events = facts.events.iter();
        for part in links {
            if part.prev != heads.head() {
                return None;
            }
            for head in part.hashes {
                let event = events.next()?;
                let ends_batch = facts.heads.at(event.seq + 1) == Some(head);
                heads.push(Stand { len: event.seq + 1, head, recorded: event.recorded, ends_batch });
            }
        }
        // Each batch must end where it did, and the last of them the log.
        let ends = heads.stands().iter().filter(|stand| stand.ends_batch);
        if !ends.eq(facts.heads.stands()) {
            return None;
        }
        facts.heads = heads;
        Some(facts)
    }

    /// The hashes of events that name each other's.
    fn links(&self, part: Range<u64>) -> Option<Links> {
        let mut links = Links { prev: EventHash::from_bytes([0; 32]), hashes: Vec::new() };
        for run in self.store.runs(part) {
            let run = run.ok()?;
            for (index, bytes) in run.values().enumerate() {
                let slot = prev_slot(bytes)?;
                let prev = std::str::from_utf8(bytes.get(slot..slot + 2 * 32)?).ok()?.parse().ok()?;
                match links.hashes.last() {
                    None => links.prev = prev,
                    Some(before) if *before == prev => {}
                    Some(_) => return None,
                }
                links.hashes.push(run.hash(index).map_or_else(|| event_hash(bytes), EventHash::from_bytes));
            }
        }
        Some(links)
    }

    /// Where the log ends, if it holds: what [`facts`](Self::facts) checks, and nothing is kept of it.
    ///
    /// # Errors
    ///
    /// Those of [`facts`](Self::facts).
    pub fn check(&self) -> Result<Head, OpenError> {
        let (_, chain) = walked(&self.origin, self.store.as_ref(), Keep::OfLedger)?;
        let head = Head { len: chain.len(), hash: chain.head() };
        self.forgotten().map_or(Ok(head), |damage| Err(damage.into()))
    }

    /// Keeps these facts, which were read from the store, beside it in place of what is there; and puts right what `HEAD`
    /// says. They can be done without.
    pub fn keep(&self, facts: &Facts) {
        self.keep_in_blocks(facts, facts::BLOCK_LEN);
    }

    /// The same in blocks of so many events: with fewer, less is read for one agreement, and more for all.
    pub fn keep_in_blocks(&self, facts: &Facts, len: usize) {
        if self.lock.is_some() && facts.heads.len() == self.len() {
            let _ = facts::write(&self.folder, facts, len);
            self.settle(facts);
        }
    }

    /// Puts right what `HEAD` says, by what the store was seen to hold.
    fn settle(&self, facts: &Facts) {
        if self.lock.is_some() && !facts.heads.is_empty() {
            Head { len: facts.heads.len(), hash: facts.heads.head() }.settle(&self.folder);
        }
    }

    /// The facts that are kept beside the store, to be compared with its events; none beside events that were had
    /// otherwise.
    pub(super) fn comparison(&self) -> Option<Comparison> {
        self.lock.as_ref().and_then(|_| Comparison::new(&self.folder, &self.origin))
    }

    /// The documents that its events name.
    pub fn shelf(&self) -> Shelf {
        Shelf::of(&self.folder)
    }
}

/// Reads all events of a store, follows the chain, and checks the signature at its end, which through `prev` binds every
/// byte before it.
pub(crate) fn checked(origin: &Origin, store: &dyn Store) -> Result<(Facts, Chain), OpenError> {
    walked(origin, store, Keep::All)
}

/// What is kept of the events while they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// All of them.
    All,
    /// What the ledger says about itself, and the newest.
    OfLedger,
}

fn walked(origin: &Origin, store: &dyn Store, keep: Keep) -> Result<(Facts, Chain), OpenError> {
    let stretches: Vec<Stretch> =
        parts(store.len()).into_par_iter().map(|part| Stretch::read(origin, store, part, keep)).collect();
    let mut facts = Facts::new(origin.clone());
    let mut chain = Chain::new(origin.clone());
    for stretch in stretches {
        if let Some(first) = &stretch.first {
            fits(&mut chain, first)?;
        }
        if facts.events.is_empty() {
            facts = stretch.facts;
        } else {
            facts.append(stretch.facts);
        }
        stretch.ends.map_or(Ok(()), Err)?;
        chain = stretch.chain.unwrap_or(chain);
    }
    if chain.is_open() {
        let what = "the log ends in the middle of a batch".to_owned();
        return Err(Damage { seq: chain.len() - 1, what }.into());
    }
    check_end(&facts, store)?;
    Ok((facts, chain))
}

/// The hashes of events in a row, and what the first follows.
struct Links {
    prev: EventHash,
    hashes: Vec<EventHash>,
}

/// Positions in parts that begin with bundles, one for each core.
pub(crate) fn parts(len: u64) -> Vec<Range<u64>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let bundle = BUNDLE_LEN as u64;
    let part = len.div_ceil(cores).max(MIN_PART).next_multiple_of(bundle);
    (0..len).step_by(usize::try_from(part).unwrap_or(usize::MAX)).map(|start| start..len.min(start + part)).collect()
}

/// Events in a row that fit each other, up to the first that does not. Whether they fit those before is not looked at.
struct Stretch {
    facts: Facts,
    /// The first of them whole, to be held against those before.
    first: Option<Event>,
    /// The chain after them.
    chain: Option<Chain>,
    ends: Option<OpenError>,
}

impl Stretch {
    fn read(origin: &Origin, store: &dyn Store, part: Range<u64>, keep: Keep) -> Self {
        let mut stretch = Self { facts: Facts::new(origin.clone()), first: None, chain: None, ends: None };
        if keep == Keep::All {
            // The first has room for all that follow it.
            stretch.facts.events.reserve(usize::try_from(store.len() - part.start).unwrap_or(0));
        }
        let mut recall = Recall::default();
        for run in store.runs(part) {
            let read = run.map_err(unreadable).and_then(|run| stretch.run(&run, &mut recall, keep));
            if let Err(error) = read {
                stretch.ends = Some(error);
                break;
            }
        }
        stretch
    }

    fn run(&mut self, run: &Run, recall: &mut Recall, keep: Keep) -> Result<(), OpenError> {
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
            if keep == Keep::OfLedger {
                self.facts.forget_newest_of_world();
            }
            self.facts.extend([event]);
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

/// Checks that the newest event is signed by a key that may. Earlier signatures are left to `verify`.
fn check_end(facts: &Facts, store: &dyn Store) -> Result<(), OpenError> {
    let Some(end) = facts.events.last() else { return Ok(()) };
    let newest = store.read(end.seq..end.seq + 1).next().transpose().map_err(unreadable)?.unwrap_or_default();
    let damage = |what: String| Damage { seq: end.seq, what };
    let (statement, armor) = split(&newest).map_err(|error| damage(error.to_string()))?;
    let key = verify_signature(armor.unwrap_or_default(), EVENT_NAMESPACE, &newest[..=statement.len()])
        .map_err(|error| damage(error.to_string()))?;
    let mut authority = Authority::default();
    // What changes keys stands alone in its batch, so that none of these are of the last.
    for event in facts.events.iter().take_while(|event| event.seq < end.seq) {
        // What could not be changed then is `verify`'s to tell.
        let _ = authority.apply(event.seq, &event.announcement.body);
    }
    let check = authority.check(&key, &end.recorder, &end.announcement.body);
    check.map_err(|fault| damage(fault.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreement::Mission;
    use crate::domain::announcement::Announcement;
    use crate::domain::id::{AnnouncementId, MissionId, Recorder};
    use crate::domain::timestamp::Timestamp;
    use crate::event::statement::{Header, write_statement};

    /// Enough for two threads, wherever there are two cores.
    const LEN: u64 = 2 * MIN_PART + 100;

    fn origin() -> Origin {
        Origin::parse("ledger.example/parts").expect("an origin")
    }

    /// A chain of one batch, of which only the signature is missing.
    fn unsigned() -> Vec<Vec<u8>> {
        let id: MissionId = MissionId::parse("m").expect("an id");
        let described = Mission { id, title: "M".to_owned(), programme: None, also_known_as: Vec::new(), from: None };
        let announcement = Announcement::of(described);
        let id = AnnouncementId::parse("mission:m").expect("an id");
        let mut prev = crate::integrity::digest::genesis_prev(origin().as_str());
        let write = |seq| {
            let header = Header {
                batch: LEN,
                ledger: origin(),
                prev,
                recorded: Timestamp::from_unix_ms(0).expect("a moment"),
                recorder: Recorder::parse("desk").expect("a recorder"),
                seq,
            };
            let value = write_statement(&header, &id, &announcement).expect("plain text").into_bytes();
            prev = event_hash(&value);
            value
        };
        (0..LEN).map(write).collect()
    }

    /// What is wrong first, read one after the other.
    fn first_damage(values: &[Vec<u8>]) -> Option<Damage> {
        let mut chain = Chain::new(origin());
        (0..).zip(values).find_map(|(seq, bytes)| match Event::recall(bytes) {
            Err(error) => Some(Damage { seq, what: error.to_string() }),
            Ok(event) => chain.push(&event).first().map(|fault| Damage { seq, what: fault.to_string() }),
        })
    }

    fn check(values: &[Vec<u8>], at: u64) {
        let log = Log::of(&Folder::at("nowhere"), origin(), values).expect("they are no longer than events");
        let Err(OpenError::Damaged(found)) = log.facts() else { panic!("it is damaged") };
        assert_eq!(found.seq, at);
        if let Some(first) = first_damage(values) {
            assert_eq!(found, first);
        }
    }

    #[test]
    fn the_first_damage_is_told_whichever_thread_comes_upon_it() {
        let whole = unsigned();
        check(&whole, LEN - 1);
        let place = |seq: u64| usize::try_from(seq).expect("a small number");
        for at in [0, 1, LEN / 2 - 1, LEN / 2, LEN / 2 + 1, LEN - 1] {
            let mut unreadable = whole.clone();
            unreadable[place(at)].pop();
            unreadable[place(LEN - 1)].clear();
            check(&unreadable, at);

            let mut swapped = whole.clone();
            swapped[place(at)] = whole[place((at + 2) % LEN)].clone();
            check(&swapped, at);
        }
    }
}
