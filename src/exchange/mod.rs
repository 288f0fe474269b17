//! Files in, files out: announcement files, the schema, templates.
