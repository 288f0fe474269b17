//! Integration tests: one binary, one module a worry.

mod all_at_once;
mod corrections;
mod faults;
mod files;
mod format;
mod founding;
mod given;
mod golden;
mod hostile;
mod ilrs;
mod kill;
mod laws;
mod layers;
mod membership;
mod model;
mod processes;
mod refusals;
mod replaced;
mod shown;
mod support;
mod tampered_store;
mod tampering;
mod tidy;
mod tour;
mod treaties;
mod trial;
