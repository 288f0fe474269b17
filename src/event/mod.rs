//! An announcement, written down: header, canonical bytes, chain.
//!
//! ```text
//! event     = statement LF [sigblock]     at most 65,535 bytes
//! statement = one line of canonical JSON  at most 64,511 bytes with its LF
//! sigblock  = an armored OpenSSH signature (SSHSIG, sha512, namespace `servanda-event-v1`) of the statement with its
//!             LF, present exactly when seq = batch: through `prev` it vouches for its whole batch
//! ```
//!
//! The keys of a statement, version 1, frozen; a key that is not here is refused:
//!
//! | key | value |
//! |---|---|
//! | `announced` | when the public could know, EDTF; may be absent |
//! | `batch` | `seq` of the last event of the batch |
//! | `body` | the claim, by `kind` |
//! | `evidence` | sources, each with a quote and its place `at` in the document's text, in bytes |
//! | `id` | the announcement's id |
//! | `kind` | what it is about |
//! | `ledger` | the origin: no event can be replayed into another ledger |
//! | `no_evidence` | why there is none; only with `evidence: []` |
//! | `note`, `source_ref`, `standing`, `wording` | may be absent |
//! | `prev` | hash of the event before; of the origin for the first |
//! | `recorded` | `YYYY-MM-DDThh:mm:ss.sssZ`, one value for a batch, never earlier than the event before, unless it is a `clock-corrected`: see [`effective`] |
//! | `recorder` | who signed |
//! | `seq` | position, from 0 |
//! | `v` | 1 |
//!
//! The hashes are BLAKE3 in derive-key mode: of an event's bytes with the context `servanda 2026-11-22 event v1`, of the
//! origin with `servanda 2026-11-22 genesis v1`, of what was announced with `servanda 2026-11-22 announcement v1`.
//! Documents are named by their plain BLAKE3.

pub mod canonical;
pub mod chain;
pub mod effective;
pub mod reader;
pub mod snapshot;
pub mod statement;
pub mod written;

pub use chain::{Chain, ChainFault};
pub use snapshot::{Recorded, Snapshot};
pub use statement::{Event, EventError, Header};
