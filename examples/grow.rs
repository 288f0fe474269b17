//! Grows a ledger of many events out of a seed, to try things on.
//!
//! `cargo run --release --example grow -- FOLDER EVENTS` makes FOLDER/grown.

#[path = "../benches/common/mod.rs"]
mod common;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let len = arguments.next().and_then(|len| len.parse().ok()).expect("a number of events");
    common::grown(std::path::Path::new(&folder), len);
}
