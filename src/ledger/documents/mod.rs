//! The files that events name: which they are, in what state, and their bytes.

pub mod inventory;
pub mod reader;
