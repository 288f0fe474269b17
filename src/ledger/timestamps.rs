//! When the world outside saw a checkpoint: timestamps of RFC 3161 over its exact bytes, as `openssl ts` checks them.
//!
//! A timestamp says that the checkpoint, and with it every event before, was there at that time, on the word of an
//! authority that knows nothing of the log. What it is worth depends on the authority's certificate, which the verifier
//! brings.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::ledger::Folder;
use crate::ledger::checkpoints::{CheckpointsError, sizes_in};
use crate::store::{folder as store_folder, whole_file};

/// The most bytes in a reply.
pub const MAX_REPLY: u64 = 1 << 20;

/// How timestamps are checked.
#[derive(Debug, Clone)]
pub struct Checker {
    /// The program `openssl`, by its path or to be found.
    pub openssl: PathBuf,
    /// The certificates of authorities that are trusted, in PEM.
    pub authorities: PathBuf,
    /// Certificates between those and the one that signed, in PEM, where the reply does not have them.
    pub between: Option<PathBuf>,
}

/// Why a timestamp was not made, or does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The program could not be run.
    #[error("`{} ts` cannot be run: {source}", .openssl.display())]
    NotRun {
        /// The program.
        openssl: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The program refused.
    #[error("the timestamp does not hold: {0}")]
    Refused(String),
    /// The operating system refused.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The timestamps that are kept of a log's checkpoints, by their sizes.
#[derive(Debug, Clone)]
pub struct Timestamps(PathBuf);

impl Timestamps {
    /// Those in a ledger's folder, or of a published log.
    pub fn of(folder: &Folder) -> Self {
        Self(folder.timestamps())
    }

    /// The sizes of the checkpoints that have one, in order.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub fn sizes(&self) -> Result<Vec<u64>, CheckpointsError> {
        sizes_in(&self.0, ".tsr")
    }

    /// The file of a size.
    pub fn file(&self, size: u64) -> PathBuf {
        self.0.join(format!("{size}.tsr"))
    }

    /// Keeps a reply that was checked, on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Io`].
    pub fn keep(&self, size: u64, reply: &[u8]) -> Result<(), TimestampError> {
        let file = self.file(size);
        let kept = store_folder::create(&self.0).and_then(|()| whole_file::replace(&file, reply, None));
        kept.map_err(|source| TimestampError::Io { file, source })
    }
}

/// What an authority is asked: the digest of a checkpoint's file, in DER.
///
/// # Errors
///
/// [`TimestampError::NotRun`], [`TimestampError::Refused`].
///
/// # Source
///
/// RFC 3161, section 2.4.1.
pub fn request(openssl: &Path, checkpoint: &Path) -> Result<Vec<u8>, TimestampError> {
    let output = run(openssl, &["-query", "-sha256", "-cert"], &[("-data", checkpoint)])?;
    Ok(output.stdout)
}

impl Checker {
    /// Checks a reply over a checkpoint's file, and tells its time in the program's words.
    ///
    /// # Errors
    ///
    /// [`TimestampError::NotRun`], [`TimestampError::Refused`].
    ///
    /// # Source
    ///
    /// RFC 3161, section 2.4.2, by `openssl ts -verify`.
    pub fn check(&self, checkpoint: &Path, reply: &Path) -> Result<String, TimestampError> {
        let mut files = vec![("-data", checkpoint), ("-in", reply), ("-CAfile", &self.authorities)];
        files.extend(self.between.as_deref().map(|between| ("-untrusted", between)));
        run(&self.openssl, &["-verify"], &files)?;
        let told = run(&self.openssl, &["-reply", "-text"], &[("-in", reply)])?;
        let text = String::from_utf8_lossy(&told.stdout);
        let time = text.lines().find_map(|line| line.strip_prefix("Time stamp: "));
        let none = || TimestampError::Refused("it tells no time".to_owned());
        time.map(|time| time.trim().to_owned()).ok_or_else(none)
    }
}

fn run(openssl: &Path, words: &[&str], files: &[(&str, &Path)]) -> Result<Output, TimestampError> {
    let mut command = Command::new(openssl);
    command.arg("ts").args(words).stdin(Stdio::null());
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    let not_run = |source| TimestampError::NotRun { openssl: openssl.to_owned(), source };
    let output = command.output().map_err(not_run)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // The last line names the fault; those before are of how it was come upon.
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("openssl says nothing of why");
    Err(TimestampError::Refused(last.trim().to_owned()))
}
