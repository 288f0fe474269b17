//! Files in, files out: announcement files, the schema, templates.

pub mod place;
pub mod tree;
