//! What a file or stream is, as far as its first bytes tell: one of ours, or what is given by mistake in place of one.

use crate::cli::failure::{Exit, Failure};
use crate::cli::locate::shell_word;
use crate::domain::text::shown;
use crate::ledger::recover::backup::begins_as_one;

/// How many bytes tell: those of the longest mark.
pub(super) const MOST: u64 = 40;

/// What wraps a backup or an export so that it has to be unwrapped before it is given: how it begins, what it is, and what unwraps it.
const WRAPPED: [(&[u8], &str, &str); 8] = [
    (b"\x1f\x8b", "compressed with gzip", "gzip -dc"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "zstd -dc"),
    (b"\xfd7zXZ\0", "compressed with xz", "xz -dc"),
    (b"BZh", "compressed with bzip2", "bzip2 -dc"),
    (b"PK\x03\x04", "a zip archive", "unzip -p"),
    (b"age-encryption.org/", "encrypted with age", "age --decrypt -i KEY"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted with age", "age --decrypt -i KEY"),
    (b"-----BEGIN PGP MESSAGE-----", "encrypted with gpg", "gpg --decrypt"),
];

/// What begins so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// What `backup` writes.
    Backup,
    /// What `export ndjson` writes, or other lines of JSON.
    Lines,
    /// Something that is packed or encrypted, and what unwraps it.
    Wrapped(&'static str, &'static str),
    /// Nothing at all.
    Empty,
    /// Zeros, as they stand where a disk lost what was written.
    Zeros,
    /// Anything else.
    Other,
}

impl Beginning {
    /// Tells what begins with these bytes, of which there are [`MOST`], or fewer where there are no more.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let wrapped = WRAPPED.iter().find(|(mark, ..)| bytes.starts_with(mark));
        match (bytes, wrapped) {
            ([], _) => Self::Empty,
            (_, Some((_, what, program))) => Self::Wrapped(what, program),
            _ if begins_as_one(bytes) => Self::Backup,
            ([b'{', ..], _) => Self::Lines,
            _ if bytes.iter().all(|byte| *byte == 0) => Self::Zeros,
            _ => Self::Other,
        }
    }

    /// Refuses what is neither a backup nor lines, by the name that it has. What is wrapped cannot be looked at, and may be sound.
    pub(super) fn check(self, name: &str, is_file: bool) -> Result<(), Failure> {
        let what = match self {
            Self::Backup | Self::Lines => return Ok(()),
            Self::Wrapped(what, program) => {
                let word = if is_file { format!(" {}", shell_word(name)) } else { String::new() };
                let hint =
                    format!("have it unwrapped on the way: {program}{word} | servanda …, with - in place of the file");
                let what = format!("{} is {what}, and cannot be looked into", shown(name));
                return Err(Failure::new(Exit::CouldNot, what).hint(hint));
            }
            Self::Empty => "is empty",
            Self::Zeros => "begins with zeros: nothing was written there, or its disk lost it",
            Self::Other => "is neither a backup nor an export: it does not begin as one of them does",
        };
        let hint = "give what `backup` or `export ndjson` wrote, or the folder of `export tiles`";
        Err(Failure::new(Exit::No, format!("{} {what}", shown(name))).hint(hint))
    }
}
