//! On whose word: the text of documents, and the place of a quote in it.

pub mod encoding;
pub mod extract;
mod fold;
mod html;
pub mod nearest;
pub mod otherwise;
#[cfg(feature = "pdf")]
mod pdf;
pub mod quote;
