//! Reads documents as quotes are looked for in them: text, Markdown, HTML, PDF. What is found holds where it was found, and
//! what is cut out of a document is found in it.
#![no_main]

use std::panic;
use std::thread;

use libfuzzer_sys::fuzz_target;
use servanda::evidence::extract::{DocumentText, MediaType, PDF_THREAD, text_of};
use servanda::evidence::nearest::nearest;
use servanda::evidence::quote::{Prepared, find, holds};

fuzz_target!(
    init: {
        // A panic of the crate that reads PDF ends its thread and is an error, as it is meant to.
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(PDF_THREAD) {
                told(panic);
            }
        }));
    },
    |bytes: &[u8]| {
        let [media, from, len, document @ ..] = bytes else { return };
        let media = MediaType::ALL[usize::from(*media) % MediaType::ALL.len()];
        let Ok(text) = text_of(media, document, None) else { return };
        if let DocumentText::Extracted(text) = &text
            && !media.is_plain()
        {
            assert!(text.ends_with('\n') && !text.contains("\n\n"), "{text:?}");
        }
        check_quotes(text.as_str(), usize::from(*from), usize::from(*len));
    }
);

/// Looks for a piece of the text, and for that piece with something else before it.
fn check_quotes(text: &str, from: usize, len: usize) {
    let start = text.floor_char_boundary(from);
    let end = text.ceil_char_boundary(start + len);
    let piece = &text[start..end];
    let prepared = Prepared::new(text);
    for quote in [piece.to_owned(), piece.trim().to_owned(), format!("no {piece}"), piece.replace(' ', "\n")] {
        let found = prepared.find(&quote);
        assert_eq!(found, find(text, &quote));
        if let Some(at) = &found {
            assert!(holds(text, at.clone(), &quote), "{quote:?} is found at {at:?} of {text:?}");
            let passage = &text[at.clone()];
            let again = find(text, passage).unwrap_or_else(|| panic!("{passage:?} is not found in {text:?}"));
            assert!(again.start <= at.start);
        } else {
            assert!(!holds(text, start..end, &quote), "{quote:?} holds in {text:?} and is not found");
        }
        if let Some(passage) = nearest(text, &quote) {
            assert!(passage.chars().count() <= 120, "{passage:?}");
        }
    }
}
