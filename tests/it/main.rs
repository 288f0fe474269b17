//! Integration tests: one binary, one module a worry.

mod layers;
mod support;
mod tidy;
mod tour;
mod trial;
