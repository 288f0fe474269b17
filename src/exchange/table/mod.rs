//! Other people's tables: rows in; announcements and an account of every row out.
//!
//! A row becomes an announcement, or is a duplicate of one, or is rejected with a code and a reason; none is lost. What
//! contradicts other rows is an announcement all the same. Nothing here opens a file or prints: callers bring readers.

pub mod account;
mod acts;
mod agreements;
mod cells;
mod columns;
mod countries;
mod country_names;
mod cow;
mod dates;
pub mod directory;
mod drafting;
mod fault;
mod identity;
pub mod import;
mod kinds;
pub mod layout;
pub mod manytreaties;
pub mod map;
pub mod matches;
mod mentions;
mod months;
pub mod more;
mod parties;
mod reader;
pub mod rejects;
mod roster;
mod row;
mod similar;
mod sources;
mod target;
pub mod untc;

pub use account::{Account, RejectCode, Rejected};
pub use acts::TableAct;
pub use countries::CodeSystem;
pub use dates::{DateForm, DateForms};
pub use fault::TableFault;
pub use reader::{COMMA, MAX_EXPANDED, MAX_RECORD, Table};
pub use target::Target;

/// What a table says in many of its rows, by a hash that is fast for short texts.
type Met<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
