//! How events hang together, told to the store: each holds the hash of the one before.

use crate::event::chain::prev_slot;
use crate::integrity::digest::event_hash;
use crate::integrity::merkle;
use crate::store::bundle::Sealing;

/// Seals events as [`chain`](crate::event::chain) links them.
#[derive(Debug, Clone, Copy)]
pub struct EventSealing;

impl Sealing for EventSealing {
    fn slot(&self, value: &[u8]) -> Option<usize> {
        prev_slot(value)
    }

    fn hash(&self, value: &[u8]) -> [u8; 32] {
        *event_hash(value).as_bytes()
    }

    fn root(&self, values: &[&[u8]]) -> [u8; 32] {
        let leaves: Vec<merkle::Node> = values.iter().map(|value| merkle::leaf(value)).collect();
        merkle::root(&leaves)
    }
}
