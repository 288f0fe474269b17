//! Power cuts, simulated: the calls by which an append changes the disk are recorded, and the ledger's folder is made as a
//! disk may have it that lost its power after any of them. The worries are an acknowledged event that was not on the disk,
//! a batch of which a part is there, and a ledger that does not open afterwards.
//!
//! What the model allows is more than a journaling file system does. Until a file is synced, each write to it and each
//! change of its length may be lost or kept, whatever became of the others, and one that is kept may end at any sector.
//! Until a folder is synced, the same holds for each name that was made, changed or taken away in it. What was synced stays.
//! Not simulated are disks that say that they wrote and did not, sectors that are written in part, and rot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

use servanda::ledger::verify::{Layer, Outside, Verdict, verify};
use servanda::ledger::{Folder, Log};

use crate::support::{Desk, access, is_long, tell};
use crate::traced::{base, can_trace, copied, traced, write_parties};

const CALLS: &str = "openat,write,pwrite64,lseek,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,close";
const SECTOR: usize = 512;
/// Ways in which what was not synced is lost, after each call: by default, and where everything is wanted.
const WAYS: [usize; 2] = [3, 40];

/// One change of a disk; files are numbered, since names change.
#[derive(Debug, Clone)]
enum Change {
    Write { file: usize, at: usize, bytes: Vec<u8> },
    Cut { file: usize, len: usize },
    Name { path: PathBuf, file: usize },
    Folder { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
    Unname { path: PathBuf },
}

/// What happened, in order.
#[derive(Debug)]
enum Event {
    Change(Change),
    /// All changes before that place that were to this file, or to names in this folder, are on the disk.
    Synced {
        file: Option<usize>,
        folder: Option<PathBuf>,
        before: usize,
    },
    /// So many events were said to be there.
    Acknowledged(u64),
}

/// A disk: what is in files, and their names.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: Vec<Vec<u8>>,
    names: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
}

impl Disk {
    fn read(folder: &Path) -> Self {
        let mut disk = Self::default();
        disk.add(folder);
        disk
    }

    fn add(&mut self, folder: &Path) {
        self.folders.insert(folder.to_owned());
        for entry in fs::read_dir(folder).expect("it can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.add(&path);
            } else {
                self.files.push(fs::read(&path).expect("it can be read"));
                self.names.insert(path, self.files.len() - 1);
            }
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { file, at, bytes } => {
                let content = &mut self.files[*file];
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Change::Cut { file, len } => self.files[*file].resize(*len, 0),
            Change::Name { path, file } => {
                self.names.insert(path.clone(), *file);
            }
            Change::Folder { path } => {
                self.folders.insert(path.clone());
            }
            Change::Rename { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Change::Unname { path } => {
                self.names.remove(path);
            }
        }
    }

    /// Writes it below another root.
    fn write(&self, from: &Path, to: &Path) {
        let placed = |path: &Path| path.strip_prefix(from).map(|path| to.join(path)).ok();
        for folder in self.folders.iter().filter_map(|path| placed(path)) {
            fs::create_dir_all(folder).expect("there is room");
        }
        for (path, file) in self.names.iter().filter_map(|(path, file)| Some((placed(path)?, file))) {
            if path.parent().is_some_and(Path::is_dir) {
                fs::write(&path, &self.files[*file]).expect("there is room");
                // Among them are keys, which nobody else may read.
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
            }
        }
    }
}

/// Reads what `strace` wrote of one run, of files below `root`.
struct Recorder<'r> {
    root: &'r Path,
    disk: Disk,
    events: Vec<Event>,
    /// Where the next write of a descriptor goes.
    offsets: BTreeMap<String, usize>,
}

impl Recorder<'_> {
    /// A line of a call that has ended; `begun` is how many events there were when it began.
    fn take(&mut self, call: &str, arguments: &str, result: &str, begun: usize) {
        let texts = texts(arguments);
        let descriptor = arguments.split('>').next().unwrap_or_default().to_owned();
        let own = texts.first().map(PathBuf::from).unwrap_or_default();
        let numbers: Vec<usize> =
            arguments.rsplit(", ").filter_map(|word| word.trim_end_matches(')').parse().ok()).collect();
        match call {
            "openat" if !result.starts_with('-') => {
                let path = texts.get(1).map(PathBuf::from).unwrap_or_default();
                self.offsets.insert(result.split('>').next().unwrap_or_default().to_owned(), 0);
                if arguments.contains("O_CREAT") && path.starts_with(self.root) && !self.disk.names.contains_key(&path)
                {
                    self.disk.files.push(Vec::new());
                    let file = self.disk.files.len() - 1;
                    self.change(Change::Name { path, file });
                } else if arguments.contains("O_TRUNC")
                    && let Some(file) = self.disk.names.get(&path).copied()
                {
                    self.change(Change::Cut { file, len: 0 });
                }
            }
            "write" | "pwrite64" => {
                let len: usize = result.parse().unwrap_or_default();
                let bytes = texts.get(1).map(|text| text.as_bytes().to_vec()).unwrap_or_default();
                let bytes = raw(arguments).unwrap_or(bytes);
                let at = if call == "pwrite64" {
                    numbers.first().copied().unwrap_or_default()
                } else {
                    self.offsets.get(&descriptor).copied().unwrap_or_default()
                };
                if call == "write" {
                    self.offsets.insert(descriptor, at + len);
                }
                if let Some(file) = self.disk.names.get(&own).copied() {
                    if own.file_name().is_some_and(|name| name == "HEAD")
                        && bytes.windows(7).any(|word| word == b"settled")
                    {
                        let len = String::from_utf8_lossy(&bytes).split(' ').next().and_then(|len| len.parse().ok());
                        self.events.push(Event::Acknowledged(len.expect("HEAD begins with a number")));
                    }
                    self.change(Change::Write { file, at, bytes: bytes[..len].to_vec() });
                }
            }
            "lseek" => {
                self.offsets.insert(descriptor, result.parse().unwrap_or_default());
            }
            "ftruncate" => {
                if let (Some(file), Some(len)) = (self.disk.names.get(&own).copied(), numbers.first().copied()) {
                    self.change(Change::Cut { file, len });
                }
            }
            "fsync" | "fdatasync" if result.starts_with('0') => {
                let file = self.disk.names.get(&own).copied();
                let folder = file.is_none().then_some(own);
                self.events.push(Event::Synced { file, folder, before: begun });
            }
            "rename" | "renameat" | "renameat2" if result.starts_with('0') => {
                let mut names = arguments.split('"').skip(1).step_by(2).map(unhex);
                let mut name =
                    || PathBuf::from(String::from_utf8_lossy(&names.next().unwrap_or_default()).into_owned());
                let (from, to) = (name(), name());
                if to.starts_with(self.root) {
                    self.change(Change::Rename { from, to });
                }
            }
            "unlink" | "unlinkat" if result.starts_with('0') => {
                let path = texts.last().map(PathBuf::from).unwrap_or_default();
                if self.disk.names.contains_key(&path) {
                    self.change(Change::Unname { path });
                }
            }
            "mkdir" | "mkdirat" if result.starts_with('0') => {
                let path = texts.last().map(PathBuf::from).unwrap_or_default();
                if path.starts_with(self.root) {
                    self.change(Change::Folder { path });
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, change: Change) {
        self.disk.apply(&change);
        self.events.push(Event::Change(change));
    }
}

/// The texts of a line, which stand in hexadecimal between quotes, or between angles behind a descriptor.
fn texts(arguments: &str) -> Vec<String> {
    let marked = arguments.split(['"', '<', '>']).filter(|part| part.starts_with("\\x"));
    marked.take_while(|part| part.len() < 4096).map(|part| String::from_utf8_lossy(&unhex(part)).into_owned()).collect()
}

/// The bytes that a line writes.
fn raw(arguments: &str) -> Option<Vec<u8>> {
    arguments.split('"').nth(1).map(unhex)
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit");
    let bytes = text.as_bytes().chunks_exact(4);
    bytes.map(|escaped| u8::try_from(16 * digit(escaped[2]) + digit(escaped[3])).expect("two digits")).collect()
}

/// Records what a command does to a disk.
fn record(desk: &Desk, line: &str) -> (Disk, Vec<Event>) {
    let before = Disk::read(desk.path());
    let answer = traced(desk, line, &["-xx", "-s16777216", &format!("-etrace={CALLS}")]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    let trace = fs::read_to_string(desk.path().join("trace")).expect("it was traced");
    let mut recorder =
        Recorder { root: desk.path(), disk: before.clone(), events: Vec::new(), offsets: BTreeMap::new() };
    let mut unfinished: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let begun = recorder.events.len();
        if let Some(begin) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (begin, begun));
            continue;
        }
        let Some((head, result)) = rest.rsplit_once(" = ") else { continue };
        let (call, begun) = match unfinished.remove(thread).filter(|_| rest.starts_with("<...")) {
            Some(found) => found,
            None => (head, begun),
        };
        if let Some((name, arguments)) = call.split_once('(') {
            recorder.take(name, arguments.trim_end().trim_end_matches(')'), result, begun);
        }
    }
    (before, recorder.events)
}

/// The changes among the first events, and which of them are on the disk for certain.
fn durable(events: &[Event]) -> Vec<(&Change, bool)> {
    let is_in = |change: &Change, of_file: Option<usize>, folder: Option<&Path>| match change {
        Change::Write { file, .. } | Change::Cut { file, .. } => of_file == Some(*file),
        Change::Name { path, .. } | Change::Folder { path } | Change::Unname { path } => {
            folder.is_some() && path.parent() == folder
        }
        Change::Rename { to, .. } => folder.is_some() && to.parent() == folder,
    };
    let is_synced = |place: usize, change: &Change| {
        events[place..].iter().any(|event| match event {
            Event::Synced { file, folder, before } => *before > place && is_in(change, *file, folder.as_deref()),
            _ => false,
        })
    };
    let changes = events.iter().enumerate().filter_map(|(place, event)| match event {
        Event::Change(change) => Some((place, change)),
        _ => None,
    });
    changes.map(|(place, change)| (change, is_synced(place, change))).collect()
}

/// A disk that lost its power after these events: what was not synced is lost, kept, or either.
fn after_cut(before: &Disk, events: &[Event], way: usize, random: &mut TestRng) -> Disk {
    let mut disk = before.clone();
    for (change, is_durable) in durable(events) {
        if let Change::Name { file, .. } = change {
            disk.files.resize(disk.files.len().max(file + 1), Vec::new());
        }
        let is_kept = is_durable
            || match way {
                0 => false,
                1 => true,
                _ => random.random_bool(0.5),
            };
        match change {
            _ if !is_kept => {}
            Change::Write { file, at, bytes } if !is_durable && way > 1 => {
                // Whole sectors of it, up to any.
                let end = random.random_range(0..=bytes.len().div_ceil(SECTOR)) * SECTOR;
                let bytes = bytes[..end.min(bytes.len())].to_vec();
                disk.apply(&Change::Write { file: *file, at: *at, bytes });
            }
            change => disk.apply(change),
        }
    }
    disk
}

/// When events are said to be there, what the store and the documents have of them is on the disk, with all names.
fn are_synced(root: &Path, before: &Disk, events: &[Event]) {
    let mut names: BTreeMap<usize, PathBuf> = before.names.iter().map(|(path, file)| (*file, path.clone())).collect();
    for place in 0..events.len() {
        if let Event::Change(Change::Name { path, file }) = &events[place] {
            names.insert(*file, path.clone());
        }
        if !matches!(events[place], Event::Acknowledged(_)) {
            continue;
        }
        let changes = durable(&events[..place]);
        let of_store = changes.iter().filter(|(change, _)| match change {
            Change::Write { file, .. } | Change::Cut { file, .. } => names
                .get(file)
                .is_some_and(|path| path.ends_with("sled/db") || path.starts_with(root.join("l/documents"))),
            Change::Name { path, .. } | Change::Folder { path } | Change::Rename { to: path, .. } => {
                path.starts_with(root.join("l/documents"))
            }
            Change::Unname { .. } => false,
        });
        let unsynced: Vec<_> = of_store.filter(|(_, is_durable)| !is_durable).map(|(change, _)| change).collect();
        assert!(unsynced.is_empty(), "said to be there, and not on the disk: {} changes", unsynced.len());
    }
}

/// Cuts the power after each change that a command makes, and looks at what is left.
fn check(desk: &Desk, line: &str, done: fn(u64) -> u64) {
    if !can_trace() {
        return;
    }
    let folder = desk.path().join("l");
    let len = |folder: &Path| Log::read(&Folder::at(folder), &access()).expect("it opens").len();
    let begun = len(&folder);
    let recorded = copied(desk);
    let (before, events) = record(&recorded, line);
    let ends: Vec<u64> = events
        .iter()
        .filter_map(|event| if let Event::Acknowledged(len) = event { Some(*len) } else { None })
        .collect();
    assert_eq!(ends.iter().max(), Some(&done(begun)), "{ends:?}");
    are_synced(recorded.path(), &before, &events);
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut cuts = 0;
    for place in 0..=events.len() {
        if place > 0 && !matches!(events[place - 1], Event::Change(_) | Event::Acknowledged(_)) {
            continue;
        }
        let acknowledged = events[..place]
            .iter()
            .filter_map(|event| if let Event::Acknowledged(len) = event { Some(*len) } else { None })
            .max()
            .unwrap_or(begun);
        for way in 0..WAYS[usize::from(is_long())] {
            let cut = Desk::new();
            after_cut(&before, &events[..place], way, &mut random).write(recorded.path(), cut.path());
            let name = format!("{line}: after {place} of {} events, way {way}", events.len());
            let log = Log::read(&Folder::at(cut.path().join("l")), &access())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(log.len() >= acknowledged, "{name}: {} of {acknowledged} acknowledged events", log.len());
            assert!(
                [begun].iter().chain(&ends).any(|end| *end == log.len()),
                "{name}: a part of a batch: {}",
                log.len()
            );
            let report = verify(&log, &Outside::default());
            let failed: Vec<Layer> =
                report.layers.iter().filter(|layer| layer.verdict == Verdict::Fail).map(|layer| layer.layer).collect();
            assert_eq!(failed, [], "{name}: {report:#?}");
            drop(log);
            if way == 0 {
                let again = cut.run(&format!("{line} --ledger l"));
                assert_eq!(again.code, 0, "{name}, and again: {}", again.err);
                assert_eq!(len(&cut.path().join("l")), done(begun), "{name}, and again");
            }
            cuts += 1;
        }
    }
    tell(&format!("{line}: {cuts} cuts"));
}

#[test]
fn an_append_of_two_files_with_a_document() {
    let desk = base();
    write_parties(&desk, &["a", "b"], 3, Some("This is a note.\n"));
    check(&desk, "append files", |begun| begun + 6);
}

/// What must not be lost of a ledger that is in its place: the rest can be made again.
fn lasts(path: &Path) -> bool {
    let lasting = ["documents", "checkpoints", "sled/db", "servanda.toml"];
    let mut below = path.iter().skip_while(|part| !part.to_string_lossy().starts_with(".servanda-new-")).skip(1);
    let below: PathBuf = below.by_ref().collect();
    lasting.iter().any(|name| below.starts_with(name))
}

#[test]
fn a_restored_ledger_is_on_the_disk_before_it_is_in_its_place() {
    if !can_trace() {
        return;
    }
    let desk = base();
    write_parties(&desk, &["a", "b"], 3, Some("This is a note.\n"));
    for line in ["append files --ledger l", "checkpoint --ledger l", "backup b --ledger l"] {
        assert_eq!(desk.run(line).code, 0, "{line}");
    }
    let recorded = copied(&desk);
    let (before, events) = record(&recorded, "restore b new");
    let new = recorded.path().join("new");
    let is_moved = |event: &Event| matches!(event, Event::Change(Change::Rename { to, .. }) if *to == new);
    let place = events.iter().position(is_moved).expect("it came into its place");
    let (mut disk, mut names) = (before, 0);
    let changes = durable(&events[..place]);
    for (change, _) in &changes {
        if let Change::Name { file, .. } = change {
            disk.files.resize(disk.files.len().max(file + 1), Vec::new());
        }
        disk.apply(change);
    }
    let lasting: BTreeMap<usize, &Path> =
        disk.names.iter().filter(|(path, _)| lasts(path)).map(|(path, file)| (*file, path.as_path())).collect();
    for (change, is_durable) in changes {
        let path = match change {
            Change::Write { file, .. } | Change::Cut { file, .. } => lasting.get(file).copied(),
            Change::Name { path, .. } | Change::Rename { to: path, .. } => {
                let is_there = disk.names.contains_key(path) && lasts(path);
                names += usize::from(is_there);
                is_there.then_some(path.as_path())
            }
            Change::Folder { path } => lasts(path).then_some(path.as_path()),
            Change::Unname { .. } => None,
        };
        assert!(
            is_durable || path.is_none(),
            "in its place, and not on the disk: {}",
            path.expect("it lasts").display()
        );
    }
    let documents = fs::read_dir(new.join("documents")).expect("a folder").count();
    assert!(documents > 1 && names > documents, "{names} names, {documents} documents");
    assert!(
        durable(&events)
            .iter()
            .any(|(change, is_durable)| { *is_durable && matches!(change, Change::Rename { to, .. } if *to == new) })
    );
}

#[test]
fn an_append_that_seals_a_bundle() {
    let desk = base();
    write_parties(&desk, &["a"], 300, None);
    check(&desk, "append files", |begun| begun + 300);
}

#[test]
fn events_that_were_not_synced_would_be_missed() {
    if !can_trace() {
        return;
    }
    let desk = base();
    write_parties(&desk, &["a"], 3, None);
    let recorded = copied(&desk);
    let (before, events) = record(&recorded, "append files");
    let cut = |events: &[Event]| {
        let cut = Desk::new();
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        after_cut(&before, events, 0, &mut random).write(recorded.path(), cut.path());
        Log::read(&Folder::at(cut.path().join("l")), &access()).map(|log| log.len()).ok()
    };
    let whole = cut(&events);
    let unsynced: Vec<Event> = events.into_iter().filter(|event| !matches!(event, Event::Synced { .. })).collect();
    assert!(whole.is_some() && cut(&unsynced) < whole, "the model notices what no call put on the disk");
}
