//! On whose word: the text of documents, and the place of a quote in it.

pub mod extract;
mod fold;
pub mod nearest;
#[cfg(feature = "pdf")]
mod pdf;
pub mod quote;
