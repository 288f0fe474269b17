//! Events by the first digits of their hashes, as `show` takes them.

use crate::event::snapshot::LogPoint;
use crate::integrity::digest::EventHash;

/// The fewest digits that name an event.
const FEWEST: usize = 8;
/// The digits of a hash.
const ALL: usize = 64;

/// The hashes of a log in their order: thousands of announcements may ask.
pub(super) struct ByHash {
    sorted: Vec<(EventHash, u64)>,
}

impl ByHash {
    pub(super) fn of<'s>(stands: impl Iterator<Item = &'s LogPoint>) -> Self {
        let mut sorted: Vec<_> = stands.map(|stand| (stand.head.hash, stand.head.len - 1)).collect();
        sorted.sort_unstable_by_key(|(hash, _)| *hash.as_bytes());
        Self { sorted }
    }

    /// The events whose hashes begin with these digits, in their order; none, unless they are 8 or more.
    pub(super) fn beginning(&self, digits: &str) -> Vec<u64> {
        if !(FEWEST..=ALL).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Vec::new();
        }
        let digits = digits.to_ascii_lowercase();
        let Ok(least) = format!("{digits:0<ALL$}").parse::<EventHash>() else { return Vec::new() };
        let sorted = &self.sorted;
        let from = sorted.partition_point(|(hash, _)| hash.as_bytes() < least.as_bytes());
        let begins = |(hash, _): &&(EventHash, u64)| hash.to_string().starts_with(&digits);
        let mut found: Vec<u64> = sorted[from..].iter().take_while(begins).map(|(_, seq)| *seq).collect();
        found.sort_unstable();
        found
    }
}
