//! The events as they lie in a store: opened, read, replayed and checked, and signed for as far as they go.

pub mod open;

pub(crate) mod guarded_store;
pub mod sealing;

pub mod reader;
pub mod replay;

pub mod cursor;

pub mod tree;

pub mod checkpoints;
pub mod older;
pub mod timestamps;

pub mod clock;
pub mod memory;
