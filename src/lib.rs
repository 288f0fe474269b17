//! A ledger of agreements: who agreed to what, when, on whose word, and what was known at the time.
//!
//! The layers, in reading order. A layer uses only what its row allows, and `tests/it/layers.rs` holds it to that.
//!
//! | layer | what it is | may use |
//! |---|---|---|
//! | [`domain`] | what can be announced | none of ours |
//! | [`integrity`] | why bytes can be trusted | none of ours |
//! | [`store`] | where bytes lie | none of ours |
//! | [`event`] | an announcement, written down | domain, integrity |
//! | [`evidence`] | on whose word | domain |
//! | [`projection`] | what events mean on a day | domain, event |
//! | [`ledger`] | the only writer | domain, integrity, store, event, evidence, projection |
//! | [`query`] | the questions that every face asks | domain, integrity, event, projection; of ledger what reads |
//! | [`exchange`] | files in, files out; witnesses over HTTP | domain, integrity, event, evidence, ledger |
//! | [`cli`] | one file a command | all but projection; of store whole files |
//! | `guide` | the handbook, in Markdown | nothing |
//!
//! The library never prints and never reads the clock or the environment: callers bring both. Nothing derived is ever
//! hashed, and nothing that was appended is ever changed.

pub mod domain;
pub mod integrity;
pub mod store;

pub mod event;
pub mod evidence;

pub mod projection;

pub mod ledger;

pub mod exchange;
pub mod query;

// Doc comments there are the help, which is no Markdown.
#[allow(clippy::doc_markdown)]
pub mod cli;
