//! Integration tests: one binary, one module a worry.

mod faults;
mod kill;
mod format;
mod layers;
mod processes;
mod support;
mod tampered_store;
mod tampering;
mod tidy;
mod tour;
mod trial;
