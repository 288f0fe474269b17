//! Files in, files out: announcement files, the schema, templates.

pub mod announcement_file;
pub mod fields;
mod form;
pub mod place;
pub mod schema;
pub mod template;
pub mod tree;
