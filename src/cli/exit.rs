//! The exit codes: one table, from which help, the manual page and the guide are printed.
//!
//! What could not be looked at, for want of a program, a file or a permission, is never told by the code of what was found:
//! whoever watches over a ledger has to tell a disk that is not mounted from a history that was changed.

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or yes.
    Done = 0,
    /// A check found something, or what was given is refused.
    No = 1,
    /// The command line was misused.
    Misuse = 2,
    /// It could not be done, or not be looked at.
    CouldNot = 3,
    /// Somebody else was first: try again.
    Conflict = 4,
    /// Done, but not signed as the settings ask.
    Unsigned = 5,
}

/// What is told of the codes that the system gives.
pub const OF_SIGNALS: &str = "128 and more: a signal ended it, 130 the second interrupt, 143 the second request to end";

impl Exit {
    /// Every code, in order.
    pub const ALL: [Self; 6] = [Self::Done, Self::No, Self::Misuse, Self::CouldNot, Self::Conflict, Self::Unsigned];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in words for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or yes",
            Self::No => "no: a check found something, or what was given is refused",
            Self::Misuse => "the command line was misused",
            Self::CouldNot => {
                "it could not be done, or not be looked at: not there, not permitted, in use, no such program"
            }
            Self::Conflict => "somebody else was first: look, and try again",
            Self::Unsigned => "done, but not signed as the settings ask: a checkpoint is due",
        }
    }

    /// The table, a line each.
    pub fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {}  {}\n", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}  {OF_SIGNALS}", lines.concat())
    }
}
