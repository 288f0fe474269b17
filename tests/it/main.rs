//! Integration tests: one binary, one module a worry.

mod faults;
mod kill;
mod format;
mod golden;
mod layers;
mod processes;
mod model;
mod support;
mod tampered_store;
mod tampering;
mod tidy;
mod tour;
mod trial;
