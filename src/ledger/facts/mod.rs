//! The facts file: what the events tell, packed, beside the store, so that a question waits for no writer.
//!
//! `facts` holds the events up to some batch, by sections that questions rest on; `recent` the batches since
//! then, one frame each. Both carry the head of the log at which they were written, and are used for the very head that
//! `HEAD` tells, and for no other. Derived from the events, they are never believed by `verify`, which compares them; and
//! questions believe only what was made by who asks, from events that were checked ([`user`](crate::ledger::folder::user)). What is
//! damaged, torn, foreign or behind is as if it were not there, and is made anew from the store.
//!
//! Nothing here is waited for. A crash, or a power cut, leaves files that do not fit, or fit an older head.

mod comparison;
mod layout;
mod partitions;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::ops::Range;

use rayon::prelude::*;

use crate::domain::announcement::Body;
use crate::domain::id::Origin;
use crate::event::chain::Head;
use crate::event::snapshot::{Events, Heads, LogPoint, Recorded, Snapshot};
use crate::ledger::folder::Folder;
use crate::ledger::folder::settings::Settings;
use crate::ledger::folder::user::Marks;
use crate::store::compressed::Effort;
use crate::store::{durable_file, folder as store_folder};

pub(crate) use comparison::{CacheCheck, EventDigest, UsedFor};
use layout::{Base, Block, End, Frame, Index, Lying, Unusable};
use partitions::{Partition, Partitions};

/// Blocks have at least half as many events, where sections are small, and never more.
pub(crate) const BLOCK_LEN: usize = 2048;
/// Blocks in memory at a time, where few of their events are kept.
const AT_A_TIME: usize = 8;
/// The most events in `recent` when a writer leaves.
const MOST_RECENT: u64 = 8192;

/// Which of a ledger's events a question rests on.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'s> {
    /// All of them.
    Everything,
    /// Those that say such things.
    Those(fn(&Body) -> bool),
    /// Those that tell of this agreement, by its id, and what it and its parties are.
    Agreement(&'s str),
}

/// How much of where the log stood a question has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadsKnown {
    /// Where it stands now.
    Newest,
    /// Where it stood at the end of each batch.
    Batches,
}

/// Reads the facts that a question rests on, without the store and without waiting: nothing, if there are none that fit
/// the newest head.
///
/// An agreement is taken by its id. Where none is described by that id at the point that is asked from, the name may mean
/// another, and everything has to be read: `query::kept` sees to that.
pub fn read(folder: &Folder, scope: Scope<'_>, known: HeadsKnown) -> Option<Snapshot> {
    let settings = Settings::load(folder).ok()?;
    let mut head = Head::usable(folder)?;
    loop {
        let files = Files::open(folder, &settings.origin).ok().and_then(|files| files.cut(head));
        let files = files.filter(|files| {
            let marks = &files.base.marks;
            head.len >= marks.greatest() && head.len >= folder.signed(&settings.origin, marks.genesis)
        });
        if let Some(snapshot) = files.and_then(|files| files.snapshot(scope, known).ok()) {
            return Some(snapshot);
        }
        // A writer may have replaced the files between one and the other; then it has said so.
        let newer = Head::usable(folder).filter(|newer| newer.len > head.len)?;
        head = newer;
    }
}

/// Both files, of which the indexes were read.
struct Files {
    base: Base,
    origin: Origin,
    frames: Vec<(Frame, Vec<u8>)>,
    /// Where `recent` goes on.
    recent_len: u64,
}

impl Files {
    fn open(folder: &Folder, origin: &Origin) -> Result<Self, Unusable> {
        let nobodys = || Unusable::Other("no facts are kept for who asks");
        let (facts, recent) = (folder.facts().ok_or_else(nobodys)?, folder.recent().ok_or_else(nobodys)?);
        let file = durable_file::open_to_read(&facts)?.ok_or(Unusable::Other("no facts are kept"))?;
        let base = Base::open(file, |genesis| folder.marks(origin, genesis))?;
        if base.index.origin != origin.as_str() {
            return Err(Unusable::Other("facts of another ledger"));
        }
        let mut files = Self { base, origin: origin.clone(), frames: Vec::new(), recent_len: 0 };
        if let Some(recent) = durable_file::open_to_read(&recent)? {
            files.read_frames(BufReader::new(recent))?;
        }
        Ok(files)
    }

    /// Reads the frames that follow the base and each other: those before it were taken up into it, and a torn one is
    /// the last.
    fn read_frames(&mut self, mut recent: BufReader<File>) -> Result<(), Unusable> {
        while let Ok(frame) = layout::read_header(&self.base.marks, &mut recent) {
            let Ok(bytes) = layout::read_block(&self.base.marks, &frame.block, &mut recent) else { break };
            if frame.from == self.end_of_all() {
                self.frames.push((frame, bytes));
            } else if frame.end.len > self.base.index.end.len {
                break;
            }
            self.recent_len = recent.stream_position()?;
        }
        Ok(())
    }

    /// The same up to a head that they had: a writer says what it added before it says where the log ends.
    fn cut(mut self, head: Head) -> Option<Self> {
        while self.head() != head {
            self.frames.pop()?;
        }
        Some(self)
    }

    fn end(&self) -> &End {
        self.frames.last().map_or(&self.base.index.end, |(frame, _)| &frame.end)
    }

    fn end_of_all(&self) -> (u64, [u8; 32]) {
        (self.end().len, self.end().head)
    }

    fn head(&self) -> Head {
        self.end().head()
    }

    /// Every head that they can be used for.
    fn heads(&self) -> impl Iterator<Item = Head> {
        std::iter::once(&self.base.index.end).chain(self.frames.iter().map(|(frame, _)| &frame.end)).map(End::head)
    }

    /// Events in `recent`.
    fn recent(&self) -> u64 {
        self.end().len.saturating_sub(self.base.index.end.len)
    }

    fn snapshot(mut self, scope: Scope<'_>, known: HeadsKnown) -> Result<Snapshot, Unusable> {
        let events = match scope {
            Scope::Everything => self.events_of(None)?,
            Scope::Agreement(id) => self.events_of(Some(id))?,
            Scope::Those(keep) => self.those(keep)?,
        };
        let heads = self.stands(known)?;
        Ok(Snapshot { origin: self.origin, events, heads })
    }

    /// The events that a question about an agreement rests on; all, if none is named, or none is found by that id.
    fn events_of(&mut self, agreement: Option<&str>) -> Result<Vec<Recorded>, Unusable> {
        let marks = &self.base.marks;
        let recent = self.frames.par_iter().map(|(frame, bytes)| frame.block.events(marks, bytes));
        let recent: Vec<Recorded> = recent.collect::<Result<Vec<_>, _>>().map(joined)?;
        let Some(blocks) = agreement.and_then(|id| self.blocks_of(id, &recent)) else {
            let blocks: Vec<usize> = (0..self.base.index.blocks.len()).collect();
            return in_their_places(self.of_blocks(&blocks)?, recent, self.end().len);
        };
        let mut events = joined(self.of_blocks(&blocks.into_iter().collect::<Vec<_>>())?);
        events.extend(recent);
        events.sort_unstable_by_key(|event| event.seq);
        Ok(events)
    }

    /// The events that say such things.
    fn those(&mut self, keep: fn(&Body) -> bool) -> Result<Vec<Recorded>, Unusable> {
        let mut kept = Vec::new();
        let work = |_, event: Recorded| keep(&event.announcement.body).then_some(event);
        self.each_event(work, |event| kept.extend(event))?;
        kept.sort_unstable_by_key(|event| event.seq);
        Ok(kept)
    }

    /// The events of some blocks.
    fn of_blocks(&mut self, blocks: &[usize]) -> Result<Vec<Vec<Recorded>>, Unusable> {
        let bytes = self.bytes_of(blocks)?;
        let marks = &self.base.marks;
        bytes.into_par_iter().map(|(block, bytes)| block.events(marks, &bytes)).collect()
    }

    fn bytes_of(&mut self, blocks: &[usize]) -> Result<Vec<(Block, Vec<u8>)>, Unusable> {
        blocks.iter().map(|block| self.base.block(*block)).collect()
    }

    /// Unpacks all events, some blocks at a time; does work on all cores, and takes what comes of it in their order.
    fn each_event<T: Send>(
        &mut self,
        work: impl Fn(Option<usize>, Recorded) -> T + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), Unusable> {
        let all: Vec<usize> = (0..self.base.index.blocks.len()).collect();
        for some in all.chunks(AT_A_TIME) {
            let bytes = self.bytes_of(some)?;
            let marks = &self.base.marks;
            let of_block = |(place, (block, bytes)): (&usize, (Block, Vec<u8>))| {
                Ok(block.events(marks, &bytes)?.into_iter().map(|event| work(Some(*place), event)).collect())
            };
            let found = some.par_iter().zip(bytes).map(of_block);
            let found: Vec<Vec<T>> = found.collect::<Result<_, Unusable>>()?;
            found.into_iter().flatten().for_each(&mut take);
        }
        for (frame, bytes) in &self.frames {
            frame.block.events(&self.base.marks, bytes)?.into_iter().for_each(|event| take(work(None, event)));
        }
        Ok(())
    }

    fn stands(&mut self, known: HeadsKnown) -> Result<Heads, Unusable> {
        let mut heads = Heads::new(&self.origin);
        let mut stands = match known {
            HeadsKnown::Newest => Vec::new(),
            HeadsKnown::Batches => {
                let mut stands = self.base.ends()?;
                for (frame, _) in &self.frames {
                    stands.push(frame.end.stand()?);
                }
                stands
            }
        };
        if known == HeadsKnown::Newest || stands.is_empty() {
            stands = vec![self.end().stand()?];
        }
        if stands.last() != Some(&self.end().stand()?) || !stands.is_sorted_by(|a, b| a.head.len < b.head.len) {
            return Err(Unusable::Other("the ends of batches do not end where the facts do"));
        }
        for stand in stands {
            heads.push(stand);
        }
        Ok(heads)
    }

    /// The blocks that a question about an agreement rests on; nothing, if it is not found by its id.
    fn blocks_of(&self, id: &str, recent: &[Recorded]) -> Option<BTreeSet<usize>> {
        let wanted = Partition::of_agreement(id);
        let index = &self.base.index;
        let is_told_of = |section: &Partition| index.sections.binary_search_by(|(own, _)| own.cmp(section)).is_ok();
        let is_recent = || Partitions::from(|place| &recent[place], 0..recent.len(), |_| None).of.contains(&wanted);
        if !is_told_of(&wanted) && !is_recent() {
            return None;
        }
        let read = [Partition::Things, wanted];
        let needs = index.needs.iter().chain(self.frames.iter().flat_map(|(frame, _)| &frame.needs));
        let needed = needs.filter(|(from, _)| read.contains(from)).map(|(_, on)| on);
        let sections: BTreeSet<&Partition> = read.iter().chain(needed).collect();
        let blocks = index.sections.iter().filter(|(section, _)| sections.contains(section));
        Some(blocks.flat_map(|(_, blocks)| blocks.clone()).collect())
    }
}

/// Puts the events of a whole log in their places; each must be there once.
fn in_their_places(of_base: Vec<Vec<Recorded>>, recent: Vec<Recorded>, len: u64) -> Result<Vec<Recorded>, Unusable> {
    const OTHERS: Unusable = Unusable::Other("other events than those that there are");
    let found: usize = of_base.iter().map(Vec::len).sum::<usize>() + recent.len();
    if found as u64 != len {
        return Err(OTHERS);
    }
    let mut places: Vec<Option<Recorded>> = Vec::new();
    places.resize_with(found, || None);
    for event in of_base.into_iter().flatten().chain(recent) {
        let place = usize::try_from(event.seq).ok().and_then(|place| places.get_mut(place)).ok_or(OTHERS)?;
        *place = Some(event);
    }
    places.into_iter().collect::<Option<_>>().ok_or(OTHERS)
}

fn joined<T>(parts: Vec<Vec<T>>) -> Vec<T> {
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    for part in parts {
        all.extend(part);
    }
    all
}

/// Writes both files anew: all of a log, whose heads after its batches are known.
///
/// # Errors
///
/// What the operating system says.
pub(crate) fn write(folder: &Folder, snapshot: &Snapshot, block_len: usize) -> io::Result<CacheState> {
    let newest = snapshot.heads.newest().ok_or_else(|| io::Error::other("there is no event"))?;
    let marks = snapshot.heads.at(1).and_then(|genesis| folder.marks(&snapshot.origin, genesis));
    let nobodys = || io::Error::other("no facts are kept for who asks");
    let (marks, to) = marks.zip(folder.facts().zip(folder.recent())).ok_or_else(nobodys)?;
    folder.keep_key()?;
    let found = Partitions::of(&snapshot.events);
    let mut order: Vec<usize> = (0..snapshot.events.len()).collect();
    order.par_sort_by_key(|place| &found.of[*place]);
    let (runs, sections) = cut(&order, &found.of, block_len);
    let pack = |run: &Range<usize>| {
        layout::pack_events(&marks, order[run.clone()].iter().map(|place| &snapshot.events[*place]), Effort::More)
    };
    let mut packed: Vec<(Block, Vec<u8>)> = runs.par_iter().map(pack).collect::<Result<_, _>>()?;
    packed.push(layout::pack_ends(&marks, snapshot.heads.stands().iter().filter(|stand| stand.ends_batch))?);
    let mut at = 0;
    for (block, _) in &mut packed {
        at = block.lie_at(at);
    }
    let (mut blocks, bytes): (Vec<Block>, Vec<Vec<u8>>) = packed.into_iter().unzip();
    let ends = blocks.pop().expect("the ends were put there");
    let index = Index {
        origin: snapshot.origin.to_string(),
        end: End::of(newest),
        blocks,
        ends,
        sections,
        needs: found.needs.into_iter().collect(),
    };
    if !folder.has_derived() {
        store_folder::create_private(store_folder::parent(&to.0))?;
    }
    durable_file::replace_unsynced_with(&to.0, |out| layout::write_base(&marks, &index, &bytes, out))?;
    match std::fs::remove_file(to.1) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let head = newest.head;
    marks.raise(head)?;
    Ok(CacheState { marks, head, recent: 0, recent_len: 0 })
}

/// Cuts ordered events into blocks, and tells in which of them the events of each section lie.
fn cut(order: &[usize], of: &[Partition], block_len: usize) -> (Vec<Range<usize>>, Vec<Lying>) {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut sections: Vec<Lying> = Vec::new();
    let mut begin = 0;
    for (at, place) in order.iter().enumerate() {
        let last = sections.last().map(|(last, _)| last).filter(|last| **last != of[*place]);
        let is_new = last.is_some() || sections.is_empty();
        // The things are read by everybody, and what is apart by few.
        let is_alone = matches!(last, Some(Partition::Things | Partition::Apart));
        if at > begin && (at - begin == block_len || is_alone || (is_new && at - begin >= block_len / 2)) {
            blocks.push(begin..at);
            begin = at;
        }
        match sections.last_mut().filter(|_| !is_new) {
            Some((_, own)) => own.end = blocks.len() + 1,
            None => sections.push((of[*place].clone(), blocks.len()..blocks.len() + 1)),
        }
    }
    if begin < order.len() {
        blocks.push(begin..order.len());
    }
    (blocks, sections)
}

/// What the files of facts hold, as whoever writes the ledger knows it.
#[derive(Debug, Clone)]
pub(crate) struct CacheState {
    marks: Marks,
    /// The head that they fit.
    head: Head,
    /// Events in `recent`, and bytes.
    recent: u64,
    recent_len: u64,
}

/// A batch that is packed, and not yet written.
pub(crate) struct PackedBatch {
    frame: Vec<u8>,
    head: Head,
    events: u64,
}

impl CacheState {
    /// What is there; nothing, if the files cannot be used.
    pub(crate) fn find(folder: &Folder, origin: &Origin) -> Option<Self> {
        let files = Files::open(folder, origin).ok()?;
        Some(Self { head: files.head(), recent: files.recent(), recent_len: files.recent_len, marks: files.base.marks })
    }

    /// Whether they are those of these events.
    pub(crate) fn fits(&self, snapshot: &Snapshot) -> bool {
        self.head == snapshot.heads.end()
    }

    /// Whether they fit a head, and are not to be written anew for the events that came since.
    pub(crate) fn is_settled(&self, head: Head) -> bool {
        self.head == head && self.recent <= MOST_RECENT
    }

    /// Packs the batch that ends a log, to be added to the recent ones; nothing, if the files are not those of the
    /// events before.
    ///
    /// `place_of` finds an announcement among the events.
    pub(crate) fn pack(
        &self,
        (events, places): (Events<'_>, Range<usize>),
        end: &LogPoint,
        place_of: impl Fn(&str) -> Option<usize>,
    ) -> Option<PackedBatch> {
        if self.head.len != places.start as u64 {
            return None;
        }
        let needs = Partitions::from(|place| events.at(place), places.clone(), place_of).needs.into_iter().collect();
        let (block, bytes) =
            layout::pack_events(&self.marks, places.clone().map(|place| events.at(place)), Effort::Little).ok()?;
        let from = (self.head.len, *self.head.hash.as_bytes());
        let mut frame = Vec::new();
        layout::write_header(&self.marks, &Frame { from, end: End::of(end), block, needs }, &mut frame).ok()?;
        frame.extend(bytes);
        let head = end.head;
        Some(PackedBatch { frame, head, events: places.len() as u64 })
    }

    /// Adds a batch that was packed to the recent ones; nothing, if that fails.
    pub(crate) fn follow(self, folder: &Folder, next: &PackedBatch) -> Option<Self> {
        let mut file = durable_file::open_to_write(&folder.recent()?).ok()?;
        // What is there behind the last frame that follows is torn.
        file.set_len(self.recent_len).ok()?;
        file.seek(SeekFrom::Start(self.recent_len)).ok()?;
        file.write_all(&next.frame).ok()?;
        Some(Self {
            head: next.head,
            recent: self.recent + next.events,
            recent_len: self.recent_len + next.frame.len() as u64,
            marks: self.marks,
        })
    }

    /// Says that there are files of this length, once `HEAD` tells it: fewer events are not answered from any more.
    pub(crate) fn remember(&self) {
        // Where it cannot be said, what is older is found out by `HEAD` alone.
        let _ = self.marks.raise(self.head);
    }
}
