//! What can be announced: agreements, parties, acts, dates and sources. Pure; knows nothing of bytes or storage.

pub mod announcement;

pub mod act;
pub mod agreement;
pub mod contribution;
pub mod governance;
pub mod packed;
pub mod party;

pub mod date;
pub mod day;
pub mod id;
pub mod name;
pub mod schema;
pub mod shape;
pub mod source;
pub mod text;
pub mod timestamp;
pub mod window;
