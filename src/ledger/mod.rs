//! The only writer: admission, append, signing, verification.
