//! Reads bytes of an event. What is read is canonical: written again it is the same bytes, and every other way agrees.
#![no_main]

use libfuzzer_sys::fuzz_target;
use servanda::event::Event;
use servanda::event::canonical::{check_canonical, to_canonical};
use servanda::event::statement::{announced, content_hash, split, write_statement};
use servanda::exchange::ndjson;
use servanda::integrity::digest::event_hash;

fuzz_target!(|bytes: &[u8]| {
    check_line(bytes);
    let Ok(event) = Event::read(bytes) else { return };
    let statement = write_statement(&event.header, &event.id, &event.announcement).expect("it was read");
    let again = [statement.as_bytes(), event.signature.as_deref().unwrap_or_default().as_bytes()].concat();
    assert_eq!(again, bytes);
    assert_eq!(event.hash, event_hash(bytes));
    assert_eq!(Event::recall(bytes).as_ref(), Ok(&event));
    assert!(announced(&event.announcement).is_object());
    content_hash(&event.announcement).expect("it was read");
    let line = ndjson::line(bytes).expect("an event is text");
    let (_, exported) = ndjson::lines(line.as_bytes()).next().expect("a line").expect("it was written so");
    assert_eq!((exported.hash, exported.bytes.as_slice()), (event.hash, bytes));
});

/// A statement's line by itself: what the scanner takes, serde reads, and the writer writes as it was.
fn check_line(bytes: &[u8]) {
    let Ok((line, _)) = split(bytes) else { return };
    if check_canonical(line).is_ok() {
        let value = serde_json::from_str(line).expect("canonical JSON is JSON");
        assert_eq!(to_canonical(&value).as_deref(), Ok(line));
    }
}
