//! What the events say so far: who may sign, which ids are taken, and which of them bear on which.

pub mod authority;
pub mod registry;
pub mod relevance;
