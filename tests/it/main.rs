//! Integration tests: one binary, one module a worry.

mod all_at_once;
mod faults;
mod files;
mod format;
mod golden;
mod hostile;
mod ilrs;
mod kill;
mod layers;
mod model;
mod processes;
mod refusals;
mod shown;
mod support;
mod tampered_store;
mod tampering;
mod tidy;
mod tour;
mod trial;
