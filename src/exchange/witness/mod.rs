//! Witnesses over HTTP: one that answers, and who asks.
//!
//! In scope: the transport of C2SP tlog-witness, `add-checkpoint` and the retrieval by monitors. What is signed, and
//! kept before it is answered, is the ledger's [`witness`](crate::ledger::publish::witness). Out of scope: TLS, which a reverse proxy
//! before the witness speaks, and `sign-subtree`, which is optional.

pub mod client;
mod endpoint;
mod message;
pub mod server;
mod waiting;

/// Where a checkpoint is brought to, below the witness's prefix.
const ADD_CHECKPOINT: &str = "/add-checkpoint";
/// What a size is answered as.
const SIZE: &str = "text/x.tlog.size";
