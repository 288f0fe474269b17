//! What a proof proves: that an event is in a log, or that a log only grew.
//!
//! Roots come from [checkpoints](super::checkpoint) whose signatures were checked, and from nowhere else: no function here
//! takes a bare root.

use super::checkpoint::Verified;
use super::merkle::{Node, leaf, node};

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The log has no such event yet.
    #[error("event {index} is not among the {size} events of the checkpoint")]
    Beyond {
        /// The event's position.
        index: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The older checkpoint is the larger one.
    #[error("the older checkpoint has {old} events, more than the {new} of the newer")]
    Backwards {
        /// Size of the older checkpoint.
        old: u64,
        /// Size of the newer.
        new: u64,
    },
    /// The checkpoints are of different logs.
    #[error("the checkpoints are of `{old}` and of `{new}`")]
    Origin {
        /// Origin of the older checkpoint.
        old: String,
        /// Origin of the newer.
        new: String,
    },
    /// There are more or fewer hashes than lead there.
    #[error("{found} hashes are too many or too few")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// They lead elsewhere.
    #[error("the hashes do not lead to the root of the checkpoint of {size} events")]
    Root {
        /// The size of that checkpoint.
        size: u64,
    },
}

/// Checks that an event is the one at a position of the log that a checkpoint stands for.
///
/// # Errors
///
/// Every [`ProofError`] but those of two checkpoints.
///
/// # Source
///
/// RFC 9162, section 2.1.3.2, over the hashes of RFC 6962.
pub fn check_inclusion(checkpoint: &Verified, index: u64, event: &[u8], path: &[Node]) -> Result<(), ProofError> {
    let size = checkpoint.size();
    if index >= size {
        return Err(ProofError::Beyond { index, size });
    }
    // Up to where the ways to the leaf and to the last one join, each level has a neighbour; beyond, only where the leaf
    // lies to the right of one.
    let inner = (u64::BITS - (index ^ (size - 1)).leading_zeros()) as usize;
    let border = (index >> inner).count_ones() as usize;
    expect_len(path, inner + border)?;
    let mut found = leaf(event);
    for (level, sibling) in path.iter().enumerate() {
        let is_right = level >= inner || index >> level & 1 == 1;
        found = if is_right { node(sibling, &found) } else { node(&found, sibling) };
    }
    leads_to(found, checkpoint)
}

/// Checks that the log of one checkpoint goes on from that of an older one.
///
/// # Errors
///
/// Every [`ProofError`] but [`Beyond`](ProofError::Beyond).
///
/// # Source
///
/// RFC 9162, section 2.1.4.2, over the hashes of RFC 6962.
pub fn check_consistency(older: &Verified, newer: &Verified, path: &[Node]) -> Result<(), ProofError> {
    let (old, new) = (older.size(), newer.size());
    if older.origin() != newer.origin() {
        return Err(ProofError::Origin { old: older.origin().to_owned(), new: newer.origin().to_owned() });
    }
    if old > new {
        return Err(ProofError::Backwards { old, new });
    }
    if old == 0 || old == new {
        expect_len(path, 0)?;
        return if old == 0 { Ok(()) } else { leads_to(older.root(), newer) };
    }
    let length = ProofError::Length { found: path.len() };
    // An older tree that is one complete subtree is where the way begins.
    let (first, rest) = match path {
        _ if old.is_power_of_two() => (older.root(), path),
        [first, rest @ ..] => (*first, rest),
        [] => return Err(length),
    };
    // From the last subtree of the older tree that is whole in both, up both trees at once.
    let shift = old.trailing_zeros();
    let (mut from, mut to) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut in_older, mut in_newer) = (first, first);
    for next in rest {
        if to == 0 {
            return Err(length);
        }
        if from & 1 == 1 || from == to {
            in_older = node(next, &in_older);
            in_newer = node(next, &in_newer);
            while from & 1 == 0 && from != 0 {
                (from, to) = (from >> 1, to >> 1);
            }
        } else {
            in_newer = node(&in_newer, next);
        }
        (from, to) = (from >> 1, to >> 1);
    }
    if to != 0 {
        return Err(length);
    }
    leads_to(in_older, older)?;
    leads_to(in_newer, newer)
}

fn leads_to(found: Node, checkpoint: &Verified) -> Result<(), ProofError> {
    if found == checkpoint.root() { Ok(()) } else { Err(ProofError::Root { size: checkpoint.size() }) }
}

fn expect_len(path: &[Node], expected: usize) -> Result<(), ProofError> {
    if path.len() == expected { Ok(()) } else { Err(ProofError::Length { found: path.len() }) }
}
