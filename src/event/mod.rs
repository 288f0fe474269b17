//! An announcement, written down: header, canonical bytes, chain.
//!
//! ```text
//! event     = statement LF [sigblock]     at most 65,535 bytes
//! statement = one line of canonical JSON  at most 64,511 bytes with its LF
//! sigblock  = an armored OpenSSH signature, present exactly when seq = batch
//! ```

pub mod canonical;
pub mod chain;
pub mod statement;

pub use chain::{Chain, ChainFault};
pub use statement::{Event, EventError, Header};
