//! Integration tests: one binary, one module a worry.

mod faults;
mod format;
mod golden;
mod kill;
mod layers;
mod model;
mod processes;
mod all_at_once;
mod files;
mod hostile;
mod layers;
mod refusals;
mod shown;
mod support;
mod tampered_store;
mod tampering;
mod tidy;
mod tour;
mod trial;
