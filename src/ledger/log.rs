//! The reader: the events of a ledger as they lie in its store, read a run at a time.
//!
//! It holds the ledger's lock as long as it lives: take what is needed, and drop it, so that nobody waits for a reader.

use std::ops::Range;

use rayon::prelude::*;

use crate::domain::announcement::Body;
use crate::domain::id::Origin;
use crate::event::chain::{Chain, prev_slot};
use crate::event::facts::{Facts, Heads, Stand};
use crate::event::statement::Event;
use crate::integrity::digest::{EventHash, event_hash};
use crate::integrity::merkle;
use crate::ledger::facts::{self, Comparison, HeadsKnown, Scope};
use crate::ledger::settings::{Folder, Head, Settings};
use crate::ledger::shelf::Shelf;
use crate::ledger::stretch::{check_end, checked, checked_keeping, closed, followed, parts};
use crate::ledger::{Access, Damage, OpenError, lock, open_store};
use crate::store::bundle::BUNDLE_LEN;
use crate::store::lock::Lock;
use crate::store::memory::MemoryStore;
use crate::store::run::Run;
use crate::store::{Store, StoreError};

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

/// A way through the events of a log, of which some are read at a time, while others may use the ledger.
#[derive(Debug)]
pub struct Walk {
    rest: Range<u64>,
    /// Where the log ends.
    head: EventHash,
    chain: Option<Chain>,
}

impl Walk {
    /// Through the newest events of a log, so many, that stands so.
    pub fn newest(events: u64, heads: &Heads, origin: &Origin) -> Self {
        let len = heads.len();
        let first = len.saturating_sub(events);
        let chain = (first == 0).then(|| Chain::new(origin.clone()));
        Self { rest: first..len, head: heads.head(), chain }
    }

    /// Whether all of them were read.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Checks that the chain ends where the log does.
    fn ends(&self, chain: Chain) -> Result<(), Damage> {
        let chain = closed(chain)?;
        if chain.head() != self.head {
            let what = format!("has the hash {}, and {} was expected", chain.head(), self.head);
            return Err(Damage { seq: self.rest.end.saturating_sub(1), what });
        }
        Ok(())
    }
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
            Some(facts) if check_end(&facts.events, self.store.as_ref()).is_ok() => {
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
            parts(0..self.len()).into_par_iter().map(|part| self.links(part)).collect::<Option<_>>()?;
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
        let (_, chain) = checked_keeping(&self.origin, self.store.as_ref(), |body| body.kind().is_about_ledger())?;
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

    /// What bears on the names of things, and on who may record, if the end of the log is signed and is no other than `HEAD`
    /// remembers; from the facts that are kept beside the store, if they fit.
    ///
    /// # Errors
    ///
    /// Those of [`facts`](Self::facts); of what the kept facts spare reading, nothing is said.
    pub fn naming(&self) -> Result<Facts, OpenError> {
        let store = self.store.as_ref();
        let kept = facts::read(&self.folder, Scope::Those(bears_on_names), HeadsKnown::Newest);
        let fits = |kept: &Facts| {
            let newest = check_end(&kept.events, store).ok().flatten();
            newest.is_some_and(|newest| (kept.heads.len(), kept.heads.head()) == (self.len(), newest.hash))
        };
        let facts = match kept.filter(fits) {
            Some(kept) => kept,
            None => checked_keeping(&self.origin, store, bears_on_names)?.0,
        };
        if let Some(damage) = self.forgotten() {
            return Err(damage.into());
        }
        self.settle(&facts);
        Ok(facts)
    }

    /// What `work` makes of each of the next events, at most so many, read on all cores; none after the last.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] at the first event that does not fit those before, or [`OpenError::Store`].
    pub fn next<T: Send>(
        &self,
        walk: &mut Walk,
        at_most: u64,
        work: impl Fn(Event) -> T + Sync,
    ) -> Result<Vec<T>, OpenError> {
        let seqs = walk.rest.start..walk.rest.end.min(walk.rest.start + at_most);
        if seqs.end > self.len() {
            return Err(Damage { seq: self.len(), what: "the log is shorter than it was".to_owned() }.into());
        }
        walk.rest.start = seqs.end;
        let take = |taken: &mut Vec<T>, event| taken.push(work(event));
        let parts = followed((&self.origin, self.store.as_ref()), seqs, &mut walk.chain, (|_| Vec::new(), take))?;
        if walk.rest.is_empty() {
            walk.chain.take().map_or(Ok(()), |chain| walk.ends(chain))?;
        }
        Ok(parts.into_iter().flatten().collect())
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

/// Whether a body says what something is called, or comments on what may; or changes who may record.
pub(crate) fn bears_on_names(body: &Body) -> bool {
    let describes = body.kind().is_description() || matches!(body, Body::Memorandum(_));
    describes || body.about().is_some() || body.kind().is_about_ledger()
}

/// The hashes of events in a row, and what the first follows.
struct Links {
    prev: EventHash,
    hashes: Vec<EventHash>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreement::Mission;
    use crate::domain::announcement::Announcement;
    use crate::domain::id::{AnnouncementId, MissionId, Recorder};
    use crate::domain::timestamp::Timestamp;
    use crate::event::statement::{Header, write_statement};
    use crate::ledger::stretch::MIN_PART;
    use crate::ledger::trial;

    /// Enough for two threads, wherever there are two cores.
    const LEN: u64 = 2 * MIN_PART + 100;

    fn origin() -> Origin {
        Origin::parse("ledger.example/parts").expect("an origin")
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_ms(0).expect("a moment")
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
                recorded: now(),
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
    fn a_walk_goes_through_the_newest_events_in_pieces_of_any_length() {
        let desk = tempfile::tempdir().expect("a folder");
        let ids: Vec<String> = (0..600).map(|number| format!("m-{number}")).collect();
        let folder = trial::with_missions(desk.path(), &ids.iter().map(String::as_str).collect::<Vec<_>>());
        let log = Log::read(&folder, &trial::access()).expect("it can be read");
        let known = log.naming().expect("it holds");
        assert_eq!(known.heads, {
            let whole = log.facts().expect("it holds").heads;
            let mut newest = Heads::new(log.origin());
            newest.push(*whole.newest().expect("there are events"));
            newest
        });
        for (newest, at_most) in [(u64::MAX, 1000), (log.len(), 256), (601, 7), (300, 299), (1, 1), (0, 5)] {
            let mut walk = Walk::newest(newest, &known.heads, log.origin());
            let mut seqs = Vec::new();
            while !walk.is_done() {
                seqs.extend(log.next(&mut walk, at_most, |event| event.header.seq).expect("they hang together"));
            }
            assert_eq!(seqs, (log.len().saturating_sub(newest)..log.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_walk_ends_with_the_head_that_it_began_for() {
        let values = unsigned();
        let log = Log::of(&Folder::at("nowhere"), origin(), &values).expect("they are no longer than events");
        let stand = Stand { len: LEN, head: event_hash(b"another"), recorded: now(), ends_batch: true };
        let mut heads = Heads::new(&origin());
        heads.push(stand);
        for newest in [LEN, 10] {
            let mut walk = Walk::newest(newest, &heads, &origin());
            let found = log.next(&mut walk, LEN, |_| ());
            assert!(matches!(found, Err(OpenError::Damaged(Damage { seq, .. })) if seq == LEN - 1), "{found:?}");
        }
        let mut walk = Walk::newest(LEN, &heads, &Origin::parse("ledger.example/others").expect("an origin"));
        assert!(matches!(log.next(&mut walk, 5, |_| ()), Err(OpenError::Damaged(Damage { seq: 0, .. }))));
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
