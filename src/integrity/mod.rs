//! Why bytes can be trusted: digests and signatures. Pure; knows no agreements.

pub mod checkpoint;
pub mod cosignature;
pub mod digest;
pub mod merkle;
pub mod note;
pub mod note_key;
pub mod policy;
pub mod proof;
pub mod proof_file;
pub mod signature;
pub mod signing_key;
pub mod ssh_agent;
pub mod ssh_key;
pub mod unverified;

mod armor;
mod point;
mod ssh_wire;
mod text;

pub use digest::{Commitment, ContentHash, DocumentHash, EventHash, Salt};
pub use note_key::{LogSigner, Vkey};
pub use point::PointError;
pub use signature::{EVENT_NAMESPACE, SignatureError, signed_data, verify};
pub use signing_key::{SigningKey, SigningKeyError};
pub use ssh_key::{PublicKey, PublicKeyError};
pub use ssh_wire::WireError;
pub use unverified::Unverified;
