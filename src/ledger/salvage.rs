//! Events that are still in the files of a damaged store, though the store cannot tell of them: those of the newest events,
//! which are in no bundle yet, lie there as they are. Each begins with the same bytes, says which event it follows, and is
//! believed for its place in the chain and the signature of its batch, as any that is given.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use memchr::{memchr, memmem};

use crate::event::chain::prev_of;
use crate::event::statement::{Event, MAX_EVENT};
use crate::integrity::digest::{EventHash, event_hash};
use crate::ledger::settings::Head;

/// How the bytes of every event begin.
const BEGINNING: &[u8] = b"{\"batch\":";
/// How the signature behind a statement begins.
const SIGNATURE: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
/// How it ends.
const SIGNATURE_END: &[u8] = b"-----END SSH SIGNATURE-----\n";
/// How much of a file is looked at together, besides what may begin in it and end behind it.
const WINDOW: usize = 8 << 20;

/// The events that follow a head, in their order, as far as they are in these files. What cannot be read is passed over.
pub(super) fn behind<'p>(head: Head, files: impl IntoIterator<Item = &'p Path>) -> Vec<Vec<u8>> {
    let mut found: HashMap<EventHash, Vec<u8>> = HashMap::new();
    for file in files {
        let _ = look(file, |event, seq| {
            if seq >= head.len
                && let Some(prev) = prev_of(event)
            {
                found.insert(prev, event.to_vec());
            }
        });
    }
    let mut events = Vec::new();
    let mut newest = head.hash;
    while let Some(event) = found.remove(&newest) {
        newest = event_hash(&event);
        events.push(event);
    }
    events
}

/// Hands over every event that stands somewhere in a file, with its position.
fn look(file: &Path, mut found: impl FnMut(&[u8], u64)) -> io::Result<()> {
    let mut input = File::open(file)?;
    let len = input.metadata()?.len();
    let mut window = Vec::new();
    let mut at = 0;
    while at < len {
        input.seek(SeekFrom::Start(at))?;
        window.clear();
        (&mut input).take((WINDOW + MAX_EVENT) as u64).read_to_end(&mut window)?;
        let mut start = 0;
        while let Some(next) =
            memmem::find(&window[start..], BEGINNING).map(|place| start + place).filter(|next| *next < WINDOW)
        {
            if let Some(event) = event_at(&window[next..])
                && let Ok(read) = Event::read(event)
            {
                found(event, read.header.seq);
            }
            start = next + 1;
        }
        at += WINDOW as u64;
    }
    Ok(())
}

/// The bytes of an event that begins here: a line, and a signature if one follows.
fn event_at(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = &bytes[..bytes.len().min(MAX_EVENT)];
    let statement = memchr(b'\n', bytes)? + 1;
    let behind = &bytes[statement..];
    let signature =
        if behind.starts_with(SIGNATURE) { memmem::find(behind, SIGNATURE_END)? + SIGNATURE_END.len() } else { 0 };
    Some(&bytes[..statement + signature])
}
