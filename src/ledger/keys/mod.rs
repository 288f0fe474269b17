//! Who signs: recorders with keys of their own, and whoever holds the log's; and of which of these there are copies.

pub mod copies;
pub mod log_holder;
pub mod signer;
