//! Files in, files out: announcement files, the schema, templates, exported events.

pub mod announcement_file;
pub mod fields;
mod form;
pub mod json_line;
pub mod ndjson;
pub mod place;
pub mod schema;
pub mod template;
pub mod tree;
