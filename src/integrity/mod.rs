//! Why bytes can be trusted: digests and signatures. Pure; knows no agreements.

pub mod digest;

mod text;

pub use digest::{ContentHash, DocumentHash, EventHash};
