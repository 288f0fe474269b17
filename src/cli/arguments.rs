//! What stands on the command line of several commands: days, moments, names and words, each read in one way.

use std::fmt::Display;
use std::str::FromStr;

use crate::domain::day::Day;
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::query::{Prefer, RecordedBy};

/// What stands for a day in help, and for what parses it.
const DAY: &str = "DATE";

/// A command line whose days may be said by words, since it knows what day it is.
pub(super) fn knowing(command: clap::Command, today: Day) -> clap::Command {
    let knows = |argument: clap::Arg| {
        let is_day = argument.get_value_names().is_some_and(|names| names.len() == 1 && names[0].as_str() == DAY);
        if is_day { argument.value_parser(move |text: &str| said_day(text, today)) } else { argument }
    };
    command.mut_args(knows).mut_subcommands(|command| knowing(command, today))
}

/// A day on the command line, by its number or as `today` or `yesterday`.
pub(super) fn said_day(text: &str, today: Day) -> Result<Day, String> {
    match text {
        "today" => Ok(today),
        "yesterday" => Ok(today.previous()),
        _ => day(text),
    }
}

/// A day on the command line.
pub(super) fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).map_err(|error| format!("{error}, or today, or yesterday"))
}

/// Which claims decide, on the command line.
pub(super) fn prefer(text: &str) -> Result<Prefer, String> {
    word(Prefer::ALL, text)
}

/// A recorder's name on the command line.
pub(super) fn recorder(text: &str) -> Result<Recorder, String> {
    Recorder::parse(text).map_err(|error| error.to_string())
}

/// A word of a vocabulary on the command line.
pub(super) fn word<W: FromStr + Display>(all: &[W], text: &str) -> Result<W, String> {
    text.parse().map_err(|_| {
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        format!("the words are {}", words.join(", "))
    })
}

/// An event's position, which is digits alone, or a moment up to its last millisecond, on the command line.
pub(super) fn recorded_by(text: &str) -> Result<RecordedBy, String> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if let (true, Ok(seq)) = (is_digits, text.parse()) {
        return Ok(RecordedBy::Seq(seq));
    }
    let moment = Timestamp::last_of(text).map(RecordedBy::At);
    moment.map_err(|error| format!("`{text}` is no position of an event, and {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_alone_are_a_position_and_all_else_is_a_moment() {
        assert_eq!(recorded_by("2026"), Ok(RecordedBy::Seq(2026)));
        assert_eq!(recorded_by("20261122"), Ok(RecordedBy::Seq(20_261_122)));
        let end = "2026-11-22T23:59:59.999Z".parse().expect("a moment");
        assert_eq!(recorded_by("2026-11-22"), Ok(RecordedBy::At(end)));
        assert!(recorded_by("+1").is_err() && recorded_by("12 ").is_err());
    }
}
