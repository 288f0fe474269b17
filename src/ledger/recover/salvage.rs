//! Events that are still in the files of a damaged store, though the store cannot tell of them: those of the newest events,
//! which are in no bundle yet, lie there as they are, a line each and a signature if one follows.
//!
//! The same place in the chain may be claimed by several: by what was never acknowledged, by what another repair gave up,
//! or by an event with a byte changed. An event that leads to what is remembered is taken before others, and then the one
//! that most events follow; if nothing tells two apart, neither is. Whatever is taken is checked by its place in the chain
//! and the signature of its batch, as any event that is given.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use memchr::{memchr_iter, memmem};

use crate::event::chain::{Head, prev_of};
use crate::event::statement::{Event, MAX_EVENT};
use crate::integrity::digest::{EventHash, event_hash};
use crate::store::durable_file;
use crate::store::lenient_read::read_around;

/// How the bytes of events begin: the first of their keys that every one has, or the only one before it. Within one, neither
/// stands anywhere: no part of a statement has these keys, and a quote in a text has a backslash before it.
const BEGINNINGS: [&[u8]; 2] = [b"{\"batch\":", b"{\"announced\":"];
/// How the signature behind a statement begins.
const SIGNATURE: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
/// How it ends.
const SIGNATURE_END: &[u8] = b"-----END SSH SIGNATURE-----\n";
/// How much of a file is looked at together, besides what may begin in it and end behind it.
const WINDOW: usize = 8 << 20;
/// The most bytes of events that are kept in memory.
const MAX_FOUND: usize = 256 << 20;

/// An event that was found.
struct Found {
    seq: u64,
    prev: EventHash,
    bytes: Vec<u8>,
}

/// The one of several events to go on with.
struct Next {
    hash: EventHash,
    /// Whether it leads to what is remembered, and how many there are from it on.
    rank: (bool, usize),
    /// Whether another is as good.
    is_open: bool,
}

/// The events that follow a head, in their order, as far as they are in these files. What cannot be read is passed over.
pub(crate) fn behind(head: Head, remembered: &[Head], files: &[PathBuf]) -> Vec<Vec<u8>> {
    let mut found: HashMap<EventHash, Found> = HashMap::new();
    let mut room = MAX_FOUND;
    for file in files {
        let _ = look(file, |event| {
            if let Ok(read) = Event::read(event)
                && read.header.seq >= head.len
                && let Some(prev) = prev_of(event)
                && event.len() <= room
            {
                found.entry(event_hash(event)).or_insert_with(|| {
                    room -= event.len();
                    Found { seq: read.header.seq, prev, bytes: event.to_vec() }
                });
            }
        });
    }
    let next = next(&found, remembered);
    let mut newest = head.hash;
    let hashes = std::iter::from_fn(|| {
        newest = next.get(&newest).filter(|next| !next.is_open)?.hash;
        Some(newest)
    });
    let hashes: Vec<EventHash> = hashes.collect();
    hashes.iter().filter_map(|hash| found.remove(hash)).map(|found| found.bytes).collect()
}

/// What to go on with behind an event, by its hash.
fn next(found: &HashMap<EventHash, Found>, remembered: &[Head]) -> HashMap<EventHash, Next> {
    let mut leading = HashSet::new();
    for head in remembered {
        let mut at = head.hash;
        while let Some(event) = found.get(&at).filter(|_| leading.insert(at)) {
            at = event.prev;
        }
    }
    let mut newest_first: Vec<_> = found.iter().collect();
    newest_first.sort_by_key(|(_, event)| std::cmp::Reverse(event.seq));
    let mut next: HashMap<EventHash, Next> = HashMap::new();
    for (hash, event) in newest_first {
        let behind = next.get(hash).map_or(0, |next| next.rank.1);
        let rank = (leading.contains(hash), behind + 1);
        match next.get_mut(&event.prev) {
            Some(other) if other.rank > rank => {}
            Some(other) if other.rank == rank => other.is_open = true,
            _ => {
                next.insert(event.prev, Next { hash: *hash, rank, is_open: false });
            }
        }
    }
    next
}

/// Hands over what may be an event, wherever it stands in a file.
fn look(file: &Path, mut found: impl FnMut(&[u8])) -> io::Result<()> {
    let Some(mut input) = durable_file::open_to_read(file)? else { return Ok(()) };
    let len = input.metadata()?.len();
    let mut window = Vec::new();
    for begin in (0..len).step_by(WINDOW) {
        let room = WINDOW + 2 * MAX_EVENT;
        window.resize(room.min(usize::try_from(len - begin).unwrap_or(room)), 0);
        read_around(&mut input, begin, &mut window);
        let mut line = 0;
        for end in memchr_iter(b'\n', &window) {
            // Only the last beginning before the end of a line may be that of an event.
            let earliest = line.max((end + 1).saturating_sub(MAX_EVENT));
            line = end + 1;
            let last = BEGINNINGS.iter().filter_map(|beginning| memmem::rfind(&window[earliest..end], beginning)).max();
            if let Some(at) = last
                && earliest + at < WINDOW
            {
                found(with_signature(&window[earliest + at..], line - earliest - at));
            }
        }
    }
    Ok(())
}

/// An event whose statement is so long, with its signature if one follows.
fn with_signature(bytes: &[u8], statement: usize) -> &[u8] {
    let bytes = &bytes[..bytes.len().min(MAX_EVENT)];
    let behind = &bytes[statement..];
    let end = if behind.starts_with(SIGNATURE) { memmem::find(behind, SIGNATURE_END) } else { None };
    &bytes[..statement + end.map_or(0, |end| end + SIGNATURE_END.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::log::reader::Log;
    use crate::ledger::testing::{access, with_missions};

    /// The events of a ledger, and the head over the first of them.
    fn events() -> (Vec<Vec<u8>>, Head) {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let log = Log::read(&with_missions(desk.path(), &["a", "b", "c"]), &access()).expect("it can be read");
        let events: Vec<Vec<u8>> =
            (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect();
        let head = Head { len: 1, hash: event_hash(&events[0]) };
        (events, head)
    }

    fn salvaged(head: Head, remembered: &[Head], files: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let paths: Vec<PathBuf> = (0..files.len()).map(|number| folder.path().join(number.to_string())).collect();
        paths.iter().zip(files).for_each(|(path, bytes)| std::fs::write(path, bytes).expect("there is room"));
        behind(head, remembered, &paths)
    }

    #[test]
    fn events_are_found_wherever_they_stand_and_in_whatever_order() {
        let (events, head) = events();
        let rubbish = [b"\0\0{\"batch\":{\"batch\":\n".as_slice(), b"-----BEGIN SSH"].concat();
        let scattered: Vec<u8> = events.iter().rev().flat_map(|event| [&rubbish[..], event].concat()).collect();
        assert_eq!(salvaged(head, &[], &[scattered]), events[1..]);
        let split: Vec<Vec<u8>> = events.iter().map(|event| [&rubbish[..], event, &rubbish[..]].concat()).collect();
        assert_eq!(salvaged(head, &[], &split), events[1..]);
        let across = [vec![0; WINDOW - 100], events.concat()].concat();
        assert_eq!(salvaged(head, &[], &[across]), events[1..]);
        assert!(salvaged(head, &[], &[b"{\"batch\":".repeat(100_000), Vec::new()]).is_empty());
    }

    #[test]
    fn of_events_that_claim_the_same_place_the_one_that_is_remembered_or_followed_is_taken() {
        let (events, head) = events();
        let altered = |event: &[u8]| String::from_utf8_lossy(event).replacen("mission", "Mission", 1).into_bytes();
        let newest = events.len() - 1;
        assert_ne!(altered(&events[newest]), events[newest]);
        for order in [[0, 1], [1, 0]] {
            let place = |files: [Vec<u8>; 2]| order.map(|number| files[number].clone());
            let others = [events.concat(), altered(&events[1])];
            assert_eq!(salvaged(head, &[], &place(others)), events[1..], "more events follow it");
            let others = [events.concat(), altered(&events[newest])];
            assert_eq!(salvaged(head, &[], &place(others.clone())), events[1..newest], "nothing tells them apart");
            let remembered = Head { len: events.len() as u64, hash: event_hash(&events[newest]) };
            assert_eq!(salvaged(head, &[remembered], &place(others)), events[1..], "it is remembered");
        }
    }
}
