//! Reads exported events as `restore` does. A line is written again with the same event; what is restored has the events that
//! were given, to the byte.
#![no_main]

use std::sync::atomic::{AtomicU64, Ordering};

use libfuzzer_sys::fuzz_target;
use servanda::event::Event;
use servanda::exchange::ndjson::{line, lines};
use servanda::integrity::digest::event_hash;
use servanda::ledger::log::checkpoints::Checkpoints;
use servanda::ledger::recover::restore::{Meant, Restoration};
use servanda::ledger::{Folder, Log};
use servanda_fuzz::{access, folder};

fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else { return };
    let mut events = Vec::new();
    for read in lines(bytes) {
        match read {
            Ok((_, event)) => {
                let written = line(&event.bytes);
                if let Ok(written) = &written {
                    let (_, again) = lines(written.as_bytes()).next().expect("a line").expect("it was written so");
                    assert_eq!(again.bytes, event.bytes);
                    assert_eq!(again.hash, event_hash(&event.bytes));
                }
                events.push(event);
            }
            Err(fault) => {
                assert!(!fault.to_string().is_empty());
                break;
            }
        }
    }
    let is_event = events.first().is_some_and(|event| Event::read(&event.bytes).is_ok());
    if *way == b'r' && is_event {
        restore(events.into_iter().map(|event| event.bytes).collect());
    }
});

/// Restores events as if their hashes were right, which nobody finds by chance.
fn restore(events: Vec<Vec<u8>>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let target = Folder::at(folder().join(format!("restored-{}", NUMBER.fetch_add(1, Ordering::Relaxed))));
    let mut restoration = Restoration::new(&target, Meant::default(), &access()).expect("nothing is there");
    for event in &events {
        if restoration.push(event_hash(event), event.clone()).is_err() {
            return;
        }
    }
    let Ok(restored) = restoration.finish(&Checkpoints::default(), &access()) else { return };
    let target = restored.publish().expect("nothing is there");
    let log = Log::read(&target, &access()).expect("it was restored");
    let found: Vec<_> = (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect();
    assert_eq!(found, events);
    drop(log);
    std::fs::remove_dir_all(target.path()).expect("it is there");
}
