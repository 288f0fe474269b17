//! The command line: parse, ask, print.

pub mod diagnostic;
