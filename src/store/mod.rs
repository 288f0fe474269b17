//! Where bytes lie. It returns exactly the bytes it was given, and knows nothing of their meaning.

pub mod documents;
pub mod folder;
pub mod lock;
pub mod whole_file;
