//! Reads dates. What is read, is written and read again as the same, and the first of its days is not after the last.
#![no_main]

use libfuzzer_sys::fuzz_target;
use servanda::domain::date::Date;
use servanda::domain::window::Window;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let date = match Date::parse(text) {
        Ok(date) => date,
        Err(error) => {
            let _ = (error.to_string(), error.hint());
            return;
        }
    };
    let written = date.to_string();
    let again = Date::parse(&written).unwrap_or_else(|error| panic!("{text} is written as {written}: {error}"));
    assert_eq!((again.to_string(), again.window()), (written.clone(), date.window()));
    assert_eq!(again, date);
    let json = serde_json::to_string(&date).expect("it is text");
    assert_eq!(serde_json::from_str::<Date>(&json).expect("it was written so"), date);
    assert!(!date.in_words().is_empty());
    if let Some(day) = date.as_day() {
        assert_eq!(date.window(), Window::of_day(day));
    }
    check_window(date.window());
});

/// What is derived of a window has that window, and can be read.
fn check_window(window: Window) {
    if let (Some(earliest), Some(latest)) = (window.earliest(), window.latest()) {
        assert!(earliest <= latest, "{earliest} to {latest}");
    }
    assert!(!window.certainly_before(window) && window.overlaps(window) && window.hull(window) == window);
    let derived = Date::of_window(window);
    assert_eq!(derived.window(), window);
    assert_eq!(Date::parse(&derived.to_string()).as_ref(), Ok(&derived));
}
