//! What a command finds around it. `main` reads it from the system, tests make it up.

use std::fmt;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::day::Day;
use crate::domain::timestamp::Timestamp;

/// The system, as far as a command may see it.
pub struct Surroundings<'a> {
    /// The clock, read once. No command goes by one before 1970, which no machine's clock means.
    pub now: Timestamp,
    /// The clock itself, for who runs for long.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// How far the reader's clocks are ahead of UTC, in seconds: what day it is depends on it.
    pub utc_offset_s: i32,
    /// How long this process has run.
    pub elapsed: &'a dyn Fn() -> Duration,
    /// From the call on, an interrupt or a request to end does not end the process, but is told by what is given back; a
    /// second one ends it.
    pub watch_interrupt: &'a dyn Fn() -> std::io::Result<Box<dyn Fn() -> bool>>,
    /// From the call on, a hangup does not end the process, but is told once by what is given back.
    pub watch_hangup: &'a dyn Fn() -> std::io::Result<Box<dyn Fn() -> bool>>,
    /// An environment variable, if it is set and not empty.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The current folder.
    pub folder: PathBuf,
    /// The process id.
    pub pid: u32,
    /// 32 random bytes, for a new key or the salt of a document.
    pub entropy: &'a dyn Fn() -> std::io::Result<[u8; 32]>,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Where answers go.
    pub out: &'a mut dyn Write,
    /// Where everything else goes.
    pub err: &'a mut dyn Write,
    /// Writes where everything else goes, at any time: how far work has come.
    pub show: &'a dyn Fn(&str),
    /// Whether answers go to a terminal.
    pub out_is_terminal: bool,
    /// Whether everything else goes to a terminal.
    pub err_is_terminal: bool,
    /// Columns that answers should fit in.
    pub width: Option<usize>,
}

/// The reader's day, and how far their clocks are ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// The day.
    pub day: Day,
    /// Seconds.
    pub utc_offset_s: i32,
}

impl Surroundings<'_> {
    /// The day where the reader is.
    pub fn today(&self) -> Today {
        Today { day: self.now.day_at(self.utc_offset_s), utc_offset_s: self.utc_offset_s }
    }

    /// A path as the user means it, from the current folder.
    pub fn path(&self, path: &std::path::Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// The reader's clocks, as `UTC` or `UTC+05:30`.
impl fmt::Display for Today {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.utc_offset_s / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        if (hours, minutes) == (0, 0) { f.write_str("UTC") } else { write!(f, "UTC{sign}{hours:02}:{minutes:02}") }
    }
}
