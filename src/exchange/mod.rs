//! Files in, files out: announcement files, the schema, templates, tables, exported events; and witnesses over HTTP.

pub mod announcement_file;
pub mod correction;
pub mod fields;
mod form;
pub mod json_line;
pub mod ndjson;
pub mod place;
pub mod schema;
pub mod table;
pub mod template;
pub mod tree;
pub mod witness;
mod yaml;
