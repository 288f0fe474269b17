//! When the world outside saw a checkpoint: timestamps of RFC 3161 over its exact bytes, as `openssl ts` checks them.
//!
//! A timestamp says that the checkpoint, and with it every event before, was there at that time, on the word of an
//! authority that knows nothing of the log. What it is worth depends on the authority's certificate, which the verifier
//! brings. That has to be good at the time that is told, and not when somebody looks: else no timestamp outlived its
//! certificate. Once that has expired, the timestamp rests on the authority's key not having leaked since, which is said.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::domain::day::Day;
use crate::domain::timestamp::Timestamp;
use crate::integrity::digest::{sha2_hex, sha256_hex};
use crate::integrity::note::MAX_NOTE;
use crate::ledger::folder::Folder;
use crate::ledger::log::checkpoints::{CheckpointsError, sizes_in};
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

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
    /// The caller's clock: no timestamp is of later.
    pub now: Timestamp,
}

/// What a timestamp that holds says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the checkpoint was there.
    pub time: Timestamp,
    /// The day on which a certificate that it rests on expired, if that is over.
    pub expired: Option<Day>,
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
    /// It tells a time that is still to come.
    #[error("the timestamp is of {time}, and the clock says {now}")]
    Ahead {
        /// What it says.
        time: Timestamp,
        /// What the clock says.
        now: Timestamp,
    },
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
pub struct Timestamps(Folder);

impl Timestamps {
    /// Those in a ledger's folder, or of a published log.
    pub fn of(folder: &Folder) -> Self {
        Self(folder.clone())
    }

    /// The sizes of the checkpoints that have one, in order.
    ///
    /// # Errors
    ///
    /// [`CheckpointsError::Io`].
    pub fn sizes(&self) -> Result<Vec<u64>, CheckpointsError> {
        sizes_in(&self.0.timestamps(), ".tsr")
    }

    /// The file of a size.
    pub fn file(&self, size: u64) -> PathBuf {
        self.0.timestamps().join(format!("{size}.tsr"))
    }

    /// Reads the reply of a size.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Io`], also if there is none, something else than a file, or more than [`MAX_REPLY`] bytes.
    pub fn read(&self, size: u64) -> Result<Vec<u8>, TimestampError> {
        let file = self.file(size);
        let read = durable_file::read_bytes(&file, MAX_REPLY);
        let found = read.and_then(|found| found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)));
        found.map_err(|source| TimestampError::Io { file, source })
    }

    /// Keeps a reply that was checked, on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Io`].
    pub fn keep(&self, size: u64, reply: &[u8]) -> Result<(), TimestampError> {
        let file = self.file(size);
        let own = self.0.check_own().and_then(|()| store_folder::create(&self.0.timestamps()));
        let kept = own.and_then(|()| durable_file::replace(&file, reply, Rights::Usual));
        kept.map_err(|source| TimestampError::Io { file, source })
    }
}

/// What an authority is asked: the digest of a checkpoint's file, in DER.
///
/// # Errors
///
/// [`TimestampError::NotRun`], [`TimestampError::Refused`], [`TimestampError::Io`].
///
/// # Source
///
/// RFC 3161, section 2.4.1.
pub fn request(openssl: &Path, checkpoint: &Path) -> Result<Vec<u8>, TimestampError> {
    let digest = sha256_hex(&read_note(checkpoint)?);
    run(openssl, &["-query", "-sha256", "-cert", "-digest", &digest], &[], None)
}

/// Reads a checkpoint's file. The program that checks gets what it hashes to: it would follow a link and wait at a pipe,
/// which whoever owns the folder can put there at any time.
fn read_note(checkpoint: &Path) -> Result<Vec<u8>, TimestampError> {
    let read = durable_file::read_bytes(checkpoint, MAX_NOTE as u64);
    let found = read.and_then(|found| found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)));
    found.map_err(|source| TimestampError::Io { file: checkpoint.to_owned(), source })
}

impl Checker {
    /// Checks a reply over a checkpoint's file: that the certificates it rests on were good at the time that it tells, and
    /// that this time has come.
    ///
    /// # Errors
    ///
    /// [`TimestampError::NotRun`], [`TimestampError::Refused`], [`TimestampError::Ahead`], [`TimestampError::Io`].
    ///
    /// # Source
    ///
    /// RFC 3161, section 2.4.2 and appendix B, by `openssl ts -verify -attime`.
    pub fn check(&self, checkpoint: &Path, reply: &[u8]) -> Result<Stamp, TimestampError> {
        let note = read_note(checkpoint)?;
        let (time, digest) = self.told_by(reply, &note)?;
        if time > self.now {
            return Err(TimestampError::Ahead { time, now: self.now });
        }
        self.holds_at(time, &digest, reply)?;
        let expired = match self.holds_at(self.now, &digest, reply) {
            Ok(()) => None,
            Err(TimestampError::Refused(_)) => Some(self.day_of_expiry(time, &digest, reply)?),
            Err(other) => return Err(other),
        };
        Ok(Stamp { time, expired })
    }

    /// The time that the authority signed, and what the checkpoint hashes to as the authority hashed. A reply has words around
    /// what is signed, which anybody can change: they are taken off first.
    fn told_by(&self, reply: &[u8], note: &[u8]) -> Result<(Timestamp, String), TimestampError> {
        let token = run(&self.openssl, &["-reply", "-token_out"], &[], Some(reply))?;
        let told = run(&self.openssl, &["-reply", "-token_in", "-text"], &[], Some(&token))?;
        let text = String::from_utf8_lossy(&told);
        let says = |what: &str| text.lines().find_map(|line| line.strip_prefix(what));
        let refused = |what: &str| TimestampError::Refused(what.to_owned());
        let time = says("Time stamp: ").and_then(time_in_words).ok_or_else(|| refused("it tells no time"))?;
        let digest = says("Hash Algorithm: ").and_then(|algorithm| sha2_hex(algorithm.trim(), note));
        Ok((time, digest.ok_or_else(|| refused("it is over another hash than SHA-256, SHA-384 or SHA-512"))?))
    }

    /// Checks a reply as of a time, with all certificates.
    fn holds_at(&self, time: Timestamp, digest: &str, reply: &[u8]) -> Result<(), TimestampError> {
        let seconds = time.unix_ms().div_euclid(1000).to_string();
        let mut files = vec![("-CAfile", self.authorities.as_path())];
        files.extend(self.between.as_deref().map(|between| ("-untrusted", between)));
        run(&self.openssl, &["-verify", "-attime", &seconds, "-digest", digest], &files, Some(reply)).map(drop)
    }

    /// The first day at whose end a reply no longer held. It is found by asking: the program says that a certificate has
    /// expired, and neither which nor when.
    fn day_of_expiry(&self, from: Timestamp, digest: &str, reply: &[u8]) -> Result<Day, TimestampError> {
        let (mut held, mut over) = (from.day().previous(), self.now.day());
        while held.next() < over {
            let middle = held.shift((over.days_since_epoch() - held.days_since_epoch()) / 2);
            match self.holds_at(end_of(middle), digest, reply) {
                Ok(()) => held = middle,
                Err(TimestampError::Refused(_)) => over = middle,
                Err(other) => return Err(other),
            }
        }
        Ok(over)
    }
}

/// The last second of a day.
fn end_of(day: Day) -> Timestamp {
    let seconds = i64::from(day.next().days_since_epoch()) * 24 * 60 * 60 - 1;
    Timestamp::from_unix_ms(seconds * 1000).expect("it is between two times")
}

/// A time as OpenSSL writes it, `Jun  1 12:00:00 2020 GMT`, maybe with a fraction of a second.
fn time_in_words(words: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = words.split_ascii_whitespace().collect();
    let [month, day, clock, year, "GMT"] = words[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let ms = fraction.get(..3).unwrap_or(fraction);
    format!("{year:0>4}-{month:02}-{day:0>2}T{clock}.{ms:0<3}Z").parse().ok()
}

/// Runs `openssl ts`, maybe with something to read, and returns what it wrote.
fn run(
    openssl: &Path,
    words: &[&str],
    files: &[(&str, &Path)],
    given: Option<&[u8]>,
) -> Result<Vec<u8>, TimestampError> {
    let mut command = Command::new(openssl);
    command.arg("ts").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    command.args(given.map(|_| ["-in", "/dev/stdin"]).into_iter().flatten());
    let not_run = |source| TimestampError::NotRun { openssl: openssl.to_owned(), source };
    let mut child = command.spawn().map_err(not_run)?;
    let mut stdin = child.stdin.take().expect("it was asked for");
    // It reads what it needs before it writes. If that is not all, its end tells.
    let _ = stdin.write_all(given.unwrap_or_default());
    drop(stdin);
    let output = child.wait_with_output().map_err(not_run)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    if output.status.code().is_none() {
        return Err(not_run(io::Error::other(format!("it ended with {}", output.status))));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // The last line names the fault; those before are of how it was come upon.
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("openssl says nothing of why");
    Err(TimestampError::Refused(last.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_openssl_writes_them() {
        let check = |words: &str, expected: &str| {
            assert_eq!(time_in_words(words).map(|time| time.to_string()).as_deref(), Some(expected), "{words}");
        };
        check("Jun  1 12:00:00 2020 GMT", "2020-06-01T12:00:00.000Z");
        check("Dec 31 23:59:59.5 1999 GMT", "1999-12-31T23:59:59.500Z");
        check("Nov 22 09:30:00.0071239 2026 GMT", "2026-11-22T09:30:00.007Z");
        for other in
            ["", "Bad time value", "Jun  1 12:00:00 2020", "Jun 31 12:00:00 2020 GMT", "Juni 1 12:00:00 2020 GMT"]
        {
            assert_eq!(time_in_words(other), None, "{other}");
        }
    }
}
