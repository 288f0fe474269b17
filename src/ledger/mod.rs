//! The only writer: admission, append, signing, verification; and the reader that answers rest on.
//!
//! A ledger is a folder. One process at a time has its store open, readers included, so whoever needs it opens it, does
//! one thing and closes it: a reader takes what it needs out of its [`Log`], and drops it. Most questions need only the
//! [`facts`] that are kept beside it.
//!
//! The wings, in reading order. A wing uses those above it, and what its row in `tests/it/layers.rs` allows.
//!
//! | wing | what it is |
//! |---|---|
//! | [`folder`] | where a ledger lies |
//! | [`state`] | what the events say so far of who may sign, which ids are taken, and what bears on what |
//! | [`documents`] | the files that events name |
//! | [`keys`] | who signs: recorders, and the log itself |
//! | [`facts`] | what the events tell, kept beside the store for quick answers |
//! | [`log`] | the events as they lie in the store: read, checked, and signed for as far as they go |
//! | [`admission`] | what may become an event |
//! | [`write`](mod@write) | the only way in |
//! | [`verify`] | whether all of it is whole |
//! | [`publish`] | a log for strangers: tiles, proofs, witnesses |
//! | [`recover`] | made whole again: backups, restoring, repair |
//! | [`status`] | how a ledger stands |

pub mod folder;

pub mod state;

pub mod documents;
pub mod keys;

pub mod facts;
pub mod log;

pub mod admission;
pub mod write;

pub mod verify;

pub mod publish;
pub mod recover;

pub mod status;
#[cfg(test)]
mod testing;

pub use admission::draft::{Batch, Brought, Draft, DraftDocument, DraftQuote, DraftSource, Privacy};
pub use admission::finding::{Code, Finding};
pub use documents::reader::DocumentReader;
pub use folder::Folder;
pub use folder::denied::Denied;
pub use folder::settings::{Settings, SettingsError};
pub use folder::user::User;
pub use keys::log_holder::{LogHolder, LogSigning};
pub use keys::signer::{KeyFile, Signer, SignerError, create_secret, log_signer};
pub use log::clock::{Clock, ClockFault};
pub use log::cursor::Cursor;
pub use log::open::{Access, OpenError, Progress};
pub use log::reader::{Log, ReadItem};
pub use write::Ledger;
pub use write::administer::log_key::{LogKeyReplaced, NewLogKey};
pub use write::append::{AppendError, Appended, Options};
