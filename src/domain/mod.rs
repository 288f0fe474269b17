//! What can be announced: agreements, parties, acts, dates and sources. Pure; knows nothing of bytes or storage.

pub mod date;
pub mod day;
pub mod window;
