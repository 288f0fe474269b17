//! Whether the facts that are kept are those of the events, for `verify`: a window of the log in memory at a time.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::domain::id::Origin;
use crate::event::chain::Head;
use crate::event::snapshot::{LogPoint, Recorded, pack_alone, pack_event};
use crate::event::statement::Event;
use crate::ledger::facts::layout::{Check, Lying, Unusable, digest};
use crate::ledger::facts::partitions::{Dependency, Located, Partition, Partitions, Reference};
use crate::ledger::facts::{Files, HeadsKnown};
use crate::ledger::folder::Folder;

/// The events that are compared at a time: by one sum, and one by one if that differs.
const WINDOW: u64 = 1 << 16;
/// The windows that are compared one by one, with a pass over the files for each; of those beyond, the first event is told.
const MOST_WINDOWS: usize = 16;
/// What there is not: no fact has this digest, as far as anybody can find.
const NOTHING: Check = [0; 16];

/// What an event tells, as a digest of its packed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventDigest(Check);

impl EventDigest {
    pub(crate) fn by(event: &Event) -> Self {
        Self(digest(&pack_event(event)))
    }
}

/// For what the facts are used that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsedFor {
    /// For the log as it is, or they would be.
    ForTheLog,
    /// For one of so many events: `HEAD` sends questions there.
    ForAnother(u64),
    /// For none.
    Never,
}

/// Cached facts that are being compared with the events, one after the other.
pub(crate) struct CacheCheck {
    files: Option<Files>,
    /// The head for which questions use them.
    asked: Option<Head>,
    /// What the facts of each window come to, once all were looked at.
    sums: Option<Sums>,
    /// The window that is being compared: where it begins, and what its events tell so far.
    begin: u64,
    told: Vec<Check>,
    windows: usize,
    /// The ends of batches so far, as one digest.
    ends: Check,
    last_end: u64,
    /// Events whose facts are others, or are not there.
    differ: Vec<u64>,
    pub(crate) compared: u64,
    /// The events that name announcements, with the blocks that they lie in.
    referring: Vec<LocatedEvent>,
}

/// One number for each window of events, whatever their order, which nobody can foresee: it differs if one tells
/// something else, is missing, or is there twice.
struct Sums {
    keys: [RandomState; 2],
    of: Vec<[u64; 2]>,
}

impl Sums {
    fn new(len: u64) -> Self {
        let windows = usize::try_from(len.div_ceil(WINDOW)).unwrap_or(usize::MAX);
        Self { keys: [RandomState::new(), RandomState::new()], of: vec![[0; 2]; windows] }
    }

    fn term(&self, seq: u64, told: &Check) -> [u64; 2] {
        [self.keys[0].hash_one((seq, told)), self.keys[1].hash_one((seq, told))]
    }

    fn add(&mut self, seq: u64, told: &Check) {
        let term = self.term(seq, told);
        if let Some(sum) = usize::try_from(seq / WINDOW).ok().and_then(|window| self.of.get_mut(window)) {
            *sum = plus(*sum, term);
        }
    }

    /// Whether these are what the events from a window's beginning on have to tell.
    fn are(&self, begin: u64, told: &[Check]) -> bool {
        let terms = (begin..).zip(told).map(|(seq, told)| self.term(seq, told));
        let window = usize::try_from(begin / WINDOW).ok().and_then(|window| self.of.get(window));
        window == Some(&terms.fold([0; 2], plus))
    }
}

fn plus(a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
    [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])]
}

/// An event that lies in a block, or among the recent ones.
type LocatedEvent = (Option<usize>, Reference);

impl CacheCheck {
    /// With the facts that are kept in a folder, if any can be used; else why not.
    pub(crate) fn new(folder: &Folder, origin: &Origin) -> Result<Self, String> {
        let files = Some(Files::open(folder, origin).map_err(|error| error.to_string())?);
        Ok(Self {
            files,
            asked: Head::usable(folder),
            sums: None,
            begin: 0,
            told: Vec::new(),
            windows: 0,
            ends: NOTHING,
            last_end: 0,
            differ: Vec::new(),
            compared: 0,
            referring: Vec::new(),
        })
    }

    /// Compares the next event; one that could not be read tells nothing.
    pub(crate) fn take(&mut self, seq: u64, told: Option<EventDigest>) {
        let (Some(files), Some(EventDigest(told))) = (&mut self.files, told) else { return };
        if seq >= files.end().len {
            return;
        }
        if self.sums.is_none() {
            let Ok(sums) = summed(files, &mut self.referring) else {
                // What cannot be read is not used by anybody.
                self.files = None;
                return;
            };
            self.sums = Some(sums);
        }
        if seq >= self.begin + WINDOW {
            self.close();
            self.begin = seq / WINDOW * WINDOW;
        }
        let place = usize::try_from(seq - self.begin).unwrap_or(usize::MAX);
        self.told.resize(place.max(self.told.len()), NOTHING);
        self.told.push(told);
        self.compared += 1;
    }

    /// Compares what the events of a window tell with their facts.
    fn close(&mut self) {
        let told = std::mem::take(&mut self.told);
        let (Some(files), Some(sums)) = (&mut self.files, &self.sums) else { return };
        let len = WINDOW.min(files.end().len - self.begin);
        if told.is_empty() || (told.len() as u64 == len && sums.are(self.begin, &told)) {
            return;
        }
        self.windows += 1;
        if self.windows > MOST_WINDOWS {
            self.differ.push(self.begin);
            return;
        }
        let Ok(kept) = digests(files, self.begin, len) else {
            self.files = None;
            return;
        };
        let differs = |(told, kept): (&Check, &Check)| *told != NOTHING && told != kept;
        let others = (self.begin..).zip(told.iter().zip(&kept)).filter(|(_, pair)| differs(*pair));
        self.differ.extend(others.map(|(seq, _)| seq));
    }

    /// Events whose facts are others, or are not there, once all were taken.
    pub(crate) fn differ(&mut self) -> &[u64] {
        self.close();
        &self.differ
    }

    /// Takes where the log stood at the end of a batch.
    pub(crate) fn take_end(&mut self, stand: &LogPoint) {
        if self.files.as_ref().is_some_and(|files| stand.head.len <= files.end().len) {
            self.ends = and_then(self.ends, stand);
            self.last_end = stand.head.len;
        }
    }

    /// Whether the ends of batches are others than those of the log, as far as the facts go.
    pub(crate) fn ends_differ(&mut self) -> bool {
        let Some(files) = &mut self.files else { return false };
        let is_whole = self.last_end == files.end().len;
        let kept = files.stands(HeadsKnown::Batches).map(|heads| heads.stands().iter().fold(NOTHING, and_then));
        // What cannot be read is not used by anybody.
        is_whole && kept.is_ok_and(|kept| kept != self.ends)
    }

    /// Whether events that name announcements lie where a question about these does not find them.
    pub(crate) fn is_scattered(&mut self) -> bool {
        let referring = std::mem::take(&mut self.referring);
        // What cannot be read is not used by anybody.
        self.files.as_mut().is_some_and(|files| scattered(files, referring).unwrap_or(false))
    }

    /// How the facts are used, beside a log that ends so.
    pub(crate) fn used(&self, log: Head) -> UsedFor {
        let Some(files) = &self.files else { return UsedFor::Never };
        let asked = self.asked.filter(|asked| files.heads().any(|head| head == *asked));
        match asked {
            Some(asked) if asked == log => UsedFor::ForTheLog,
            Some(asked) => UsedFor::ForAnother(asked.len),
            None if files.head() == log => UsedFor::ForTheLog,
            None => UsedFor::Never,
        }
    }
}

/// The digest of ends of batches and one more.
fn and_then(ends: Check, stand: &LogPoint) -> Check {
    let [len, recorded] = [stand.head.len.to_le_bytes(), stand.recorded.unix_ms().to_le_bytes()];
    digest(&[ends.as_slice(), &len, &recorded, stand.head.hash.as_bytes()].concat())
}

/// What the facts of each window come to; what lies elsewhere than questions look for it is not there.
fn summed(files: &mut Files, referring: &mut Vec<LocatedEvent>) -> Result<Sums, Unusable> {
    let mut sums = Sums::new(files.end().len);
    let sections = files.base.index.sections.clone();
    let of_event = |block: Option<usize>, event: Recorded| {
        let digest = lies_well(&event, block, &sections).then(|| (event.seq, digest(&pack_alone(&event))));
        (digest, refers(&event).then(|| (block, Reference::by(event))))
    };
    files.each_event(of_event, |(digest, event)| {
        if let Some((seq, digest)) = digest {
            sums.add(seq, &digest);
        }
        referring.extend(event);
    })?;
    Ok(sums)
}

/// The digests of the facts of a window that begins there, in the order of the events.
fn digests(files: &mut Files, begin: u64, len: u64) -> Result<Vec<Check>, Unusable> {
    let mut digests = vec![NOTHING; usize::try_from(len).unwrap_or(usize::MAX)];
    let sections = files.base.index.sections.clone();
    let of_event = |block: Option<usize>, event: Recorded| {
        let is_meant = (begin..begin + len).contains(&event.seq) && lies_well(&event, block, &sections);
        is_meant.then(|| (event.seq, digest(&pack_alone(&event))))
    };
    files.each_event(of_event, |digest| {
        if let Some((seq, digest)) = digest
            && let Some(kept) = usize::try_from(seq - begin).ok().and_then(|place| digests.get_mut(place))
        {
            // Of two, which one is used is not known.
            *kept = if *kept == NOTHING { digest } else { NOTHING };
        }
    })?;
    Ok(digests)
}

/// Whether an event names an announcement.
fn refers(event: &Recorded) -> bool {
    let mut refers = false;
    event.each_reference(&mut |_| refers = true);
    refers
}

/// Whether one of the events that name announcements does not lie in the blocks of its section, or its section does not
/// name the others that it rests on.
fn scattered(files: &mut Files, referring: Vec<LocatedEvent>) -> Result<bool, Unusable> {
    let mut named: HashSet<String> = HashSet::new();
    for (_, event) in &referring {
        event.each_reference(&mut |id| {
            named.insert(id.to_owned());
        });
    }
    // Where an announcement lies follows from it and from what it names, step by step.
    let mut events = referring;
    if !named.is_empty() {
        let is_named = |event: &Recorded| named.contains(event.id.as_str()) && !refers(event);
        let work = |block, event: Recorded| is_named(&event).then(|| (block, Reference::by(event)));
        files.each_event(work, |event| events.extend(event))?;
    }
    events.sort_unstable_by_key(|(_, event)| event.seq);
    let (blocks, events): (Vec<Option<usize>>, Vec<Reference>) = events.into_iter().unzip();
    let expected = Partitions::of(&events);
    let index = &files.base.index;
    let lies_well = |(section, block): (&Partition, &Option<usize>)| {
        let found = index.sections.binary_search_by(|(own, _)| own.cmp(section));
        block.is_none_or(|block| found.is_ok_and(|place| index.sections[place].1.contains(&block)))
    };
    let needs: HashSet<&Dependency> =
        index.needs.iter().chain(files.frames.iter().flat_map(|(frame, _)| &frame.needs)).collect();
    Ok(!expected.of.iter().zip(&blocks).all(lies_well) || !expected.needs.iter().all(|need| needs.contains(need)))
}

/// Whether an event that is no comment lies in the blocks of its section, or among the recent ones.
fn lies_well(event: &Recorded, block: Option<usize>, sections: &[Lying]) -> bool {
    let (Some(block), Some(own)) = (block, Partition::of_first_hand(&event.announcement.body)) else { return true };
    let found = sections.binary_search_by(|(section, _)| section.cmp(&own));
    found.is_ok_and(|place| sections[place].1.contains(&block))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use crate::domain::agreement::{Agreement, AgreementType, Count, Counted};
    use crate::domain::announcement::{Announcement, Body, Replacement};
    use crate::domain::date::Date;
    use crate::domain::governance::{Correction, CorrectionCause, Dispute};
    use crate::domain::id::{AgreementId, AnnouncementId};
    use crate::event::snapshot::{Heads, LogPoint, Snapshot};
    use crate::ledger::facts::layout::{Base, Index, pack_ends, write_base};
    use crate::ledger::facts::partitions::Partition;
    use crate::ledger::facts::{BLOCK_LEN, HeadsKnown, Scope, read, write};
    use crate::ledger::folder::Folder;
    use crate::ledger::log::reader::Log;
    use crate::ledger::testing::{access, with, with_missions};
    use crate::ledger::verify::{Layer, LayerReport, Outside, Verdict, verify};

    /// A ledger of a genesis and two missions, and what it tells.
    fn ledger(desk: &Path) -> (Folder, Snapshot) {
        let folder = with_missions(desk, &["a", "b"]);
        let snapshot = Log::read(&folder, &access()).and_then(|log| log.snapshot()).expect("the chain holds");
        (folder, snapshot)
    }

    fn projections(folder: &Folder) -> LayerReport {
        let report = verify(&Log::read(folder, &access()).expect("it can be read"), &Outside::default());
        report.layers.into_iter().find(|of| of.layer == Layer::Projections).expect("every layer is there")
    }

    #[test]
    fn facts_that_say_something_else_than_an_event_are_found_and_the_event_named() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let (folder, mut snapshot) = ledger(desk.path());
        assert_eq!(projections(&folder).verdict, Verdict::Pass);
        if let Body::Mission(mission) = &mut snapshot.events[2].announcement.body {
            mission.title = "N".to_owned();
        }
        write(&folder, &snapshot, BLOCK_LEN).expect("it can be written");
        assert!(read(&folder, Scope::Everything, HeadsKnown::Newest).is_some());
        let report = projections(&folder);
        assert_eq!((report.verdict, report.faults.len(), report.faults[0].seq), (Verdict::Fail, 1, 2));
    }

    #[test]
    fn facts_that_lack_an_event_or_have_one_twice_are_found() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let (folder, snapshot) = ledger(desk.path());
        for (doubled, bad) in [(0, 1), (2, 1)] {
            let mut other = snapshot.clone();
            other.events[1] = snapshot.events[doubled].clone();
            other.events.sort_by_key(|event| event.seq);
            write(&folder, &other, BLOCK_LEN).expect("it can be written");
            assert!(read(&folder, Scope::Everything, HeadsKnown::Newest).is_none());
            let seqs: Vec<u64> = projections(&folder).faults.iter().map(|fault| fault.seq).collect();
            assert!(seqs.contains(&bad) && seqs.contains(&(doubled as u64)), "{seqs:?}");
        }
    }

    #[test]
    fn ends_of_batches_that_never_were_are_found() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let (folder, snapshot) = ledger(desk.path());
        let mut heads = Heads::new(&snapshot.origin);
        for stand in snapshot.heads.stands() {
            heads.push(LogPoint { ends_batch: true, ..*stand });
        }
        write(&folder, &Snapshot { heads, ..snapshot }, BLOCK_LEN).expect("it can be written");
        let report = projections(&folder);
        assert!(report.verdict == Verdict::Fail && report.faults[0].what.contains("ends of batches"), "{report:?}");
    }

    /// A ledger in which a number told of one agreement is corrected to one of another, and that is denied.
    fn with_comments(desk: &Path) -> Folder {
        let agreement = |id: &str| AgreementId::parse(id).expect("an id");
        let id = |id: &str| AnnouncementId::parse(id).expect("an id");
        let described = |name: &str| {
            let (title, r#type) = (name.to_owned(), AgreementType::Programme);
            let (subjects, also_known_as) = (Vec::new(), Vec::new());
            let (parent, depositary, membership, from) = (None, None, None, None);
            let id = agreement(name);
            Agreement { id, title, r#type, parent, subjects, also_known_as, depositary, membership, from }
        };
        let count = |of: &str| {
            let on = Date::parse("2020").expect("a year");
            Count {
                agreement: agreement(of),
                number: 3,
                of: Counted::All,
                on: Some(on),
                during: None,
                joining: None,
                listed: Vec::new(),
                complete: false,
            }
        };
        let replacement = Some(Replacement(Box::new(count("b").into())));
        let correction =
            Correction { corrects: id("told"), because: CorrectionCause::NeverTrue, replacement, reason: None };
        let dispute = Dispute { of: id("set-right"), reason: Some("it was none".to_owned()) };
        let told = [
            (None, Announcement::of(described("a"))),
            (None, Announcement::of(described("b"))),
            (Some("told"), Announcement::of(count("a"))),
            (Some("set-right"), Announcement::of(correction)),
            (Some("denied"), Announcement::of(dispute)),
        ];
        with(desk, told.into_iter())
    }

    /// Writes the facts of a ledger with an event in each block and an index that was changed, and verifies.
    fn with_index(folder: &Folder, change: impl Fn(&mut Index)) -> LayerReport {
        let snapshot = Log::read(folder, &access()).and_then(|log| log.snapshot()).expect("the chain holds");
        write(folder, &snapshot, 1).expect("it can be written");
        let path = folder.facts().expect("they are kept");
        let marks = |genesis| folder.marks(&snapshot.origin, genesis);
        let mut base = Base::open(File::open(&path).expect("it is there"), marks).expect("it is whole");
        let mut blocks: Vec<Vec<u8>> =
            (0..base.index.blocks.len()).map(|place| base.block(place).expect("it is whole").1).collect();
        let marks = base.marks.clone();
        blocks.push(
            pack_ends(&marks, snapshot.heads.stands().iter().filter(|stand| stand.ends_batch)).expect("memory").1,
        );
        change(&mut base.index);
        let mut bytes = Vec::new();
        write_base(&marks, &base.index, &blocks, &mut bytes).expect("memory");
        std::fs::write(path, bytes).expect("it can be written");
        projections(folder)
    }

    #[test]
    fn comments_that_do_not_lie_with_what_they_are_about_are_found() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let folder = with_comments(desk.path());
        assert_eq!(with_index(&folder, |_| {}).verdict, Verdict::Pass);
        // Of the three events that tell of `a`, the last is the comment on the comment.
        let report = with_index(&folder, |index| {
            let of_a = index.sections.iter_mut().find(|(section, _)| *section == Partition::of_agreement("a"));
            of_a.expect("something is told of it").1.end -= 1;
        });
        assert_eq!(report.verdict, Verdict::Fail);
        assert!(report.faults[0].what.contains("do not find it"), "{report:?}");
    }

    #[test]
    fn a_section_that_does_not_name_those_that_it_rests_on_is_found() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let folder = with_comments(desk.path());
        let report = with_index(&folder, |index| {
            assert_eq!(index.needs, [(Partition::of_agreement("b"), Partition::of_agreement("a"))]);
            index.needs.clear();
        });
        assert_eq!(report.verdict, Verdict::Fail);
    }

    #[test]
    fn facts_of_an_older_head_are_not_compared_and_that_is_said() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let (folder, mut snapshot) = ledger(desk.path());
        snapshot.events.truncate(1);
        snapshot.heads.cut(1);
        write(&folder, &snapshot, BLOCK_LEN).expect("it can be written");
        assert!(matches!(projections(&folder).verdict, Verdict::NotChecked(why) if why.contains("another head")));
        std::fs::remove_file(folder.facts().expect("they are kept")).expect("it is there");
        assert!(matches!(projections(&folder).verdict, Verdict::NotChecked(why) if why.contains("no facts")));
    }
}
