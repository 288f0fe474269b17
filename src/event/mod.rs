//! An announcement, written down: header, canonical bytes, chain.

pub mod canonical;
