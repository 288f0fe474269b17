//! One file a command: parse, ask, print.

mod agreement;
pub(super) mod append;
pub(super) mod asking;
mod attest;
mod awaiting;
pub(super) mod backup;
mod certify;
pub(super) mod check;
pub(super) mod checkpoint;
mod clock;
mod completions;
mod conflicts;
mod correct;
mod counts;
mod diff;
mod export;
pub(super) mod forget;
mod given;
mod history;
pub(super) mod import;
mod init;
mod key;
mod list;
mod log;
mod members;
mod mission;
mod own;
mod party;
mod policy;
mod prospects;
mod prove;
mod reaffirm;
mod repair;
mod replay;
mod restore;
mod retract;
pub(super) mod schema;
mod search;
mod show;
pub(super) mod source;
pub(super) mod status;
mod template;
mod timeline;
pub(super) mod verify;
mod why;
mod witness;

use std::fmt::Display;
use std::str::FromStr;

use clap::Subcommand;

use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::domain::day::Day;
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::ledger::{AppendError, Code};
use crate::query::{Prefer, RecordedBy};

/// What can be asked of the program.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::Init),
    Append(append::Append),
    Correct(correct::Correct),
    Retract(retract::Retract),
    Import(import::Import),
    Template(template::Template),
    Schema(schema::Schema),
    List(list::List),
    Search(search::Search),
    Members(members::Members),
    History(history::History),
    Party(party::Party),
    Agreement(agreement::Agreement),
    Mission(mission::Mission),
    Diff(diff::Diff),
    Replay(replay::Replay),
    Prospects(prospects::Prospects),
    Timeline(timeline::Timeline),
    Why(why::Why),
    Conflicts(conflicts::Conflicts),
    Counts(counts::Counts),
    Log(log::Log),
    Show(show::Show),
    Source(source::Source),
    Key(key::Key),
    Policy(policy::Policy),
    Attest(attest::Attest),
    Awaiting(awaiting::Awaiting),
    Reaffirm(reaffirm::Reaffirm),
    Clock(clock::Clock),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Repair(repair::Repair),
    Forget(forget::Forget),
    Completions(completions::Completions),
    Man(completions::Man),
    Checkpoint(checkpoint::Checkpoint),
    Witness(witness::Witness),
    Prove(prove::Prove),
    Certify(certify::Certify),
    Check(check::Check),
    Verify(verify::Verify),
    Status(status::Status),
}

impl Command {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Init(command) => command.run(context),
            Self::Append(command) => command.run(context),
            Self::Correct(command) => command.run(context),
            Self::Retract(command) => command.run(context),
            Self::Import(command) => command.run(context),
            Self::Template(command) => command.run(context),
            Self::Schema(command) => command.run(context),
            Self::List(command) => command.run(context),
            Self::Search(command) => command.run(context),
            Self::Members(command) => command.run(context),
            Self::History(command) => command.run(context),
            Self::Party(command) => command.run(context),
            Self::Agreement(command) => command.run(context),
            Self::Mission(command) => command.run(context),
            Self::Diff(command) => command.run(context),
            Self::Replay(command) => command.run(context),
            Self::Prospects(command) => command.run(context),
            Self::Timeline(command) => command.run(context),
            Self::Why(command) => command.run(context),
            Self::Conflicts(command) => command.run(context),
            Self::Counts(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Source(command) => command.run(context),
            Self::Key(command) => command.run(context),
            Self::Policy(command) => command.run(context),
            Self::Attest(command) => command.run(context),
            Self::Awaiting(command) => command.run(context),
            Self::Reaffirm(command) => command.run(context),
            Self::Clock(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Backup(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Repair(command) => command.run(context),
            Self::Forget(command) => command.run(context),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
            Self::Checkpoint(command) => command.run(context),
            Self::Witness(command) => command.run(context),
            Self::Prove(command) => command.run(context),
            Self::Certify(command) => command.run(context),
            Self::Check(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Status(command) => command.run(context),
        }
    }
}

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
fn said_day(text: &str, today: Day) -> Result<Day, String> {
    match text {
        "today" => Ok(today),
        "yesterday" => Ok(today.previous()),
        _ => day(text),
    }
}

/// A day on the command line.
fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).map_err(|error| format!("{error}, or today, or yesterday"))
}

/// Which claims decide, on the command line.
fn prefer(text: &str) -> Result<Prefer, String> {
    word(Prefer::ALL, text)
}

/// A recorder's name on the command line.
fn recorder(text: &str) -> Result<Recorder, String> {
    Recorder::parse(text).map_err(|error| error.to_string())
}

/// A word of a vocabulary on the command line.
fn word<W: FromStr + Display>(all: &[W], text: &str) -> Result<W, String> {
    text.parse().map_err(|_| {
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        format!("the words are {}", words.join(", "))
    })
}

/// An event's position, which is digits alone, or a moment up to its last millisecond, on the command line.
fn recorded_by(text: &str) -> Result<RecordedBy, String> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if let (true, Ok(seq)) = (is_digits, text.parse()) {
        return Ok(RecordedBy::Seq(seq));
    }
    let moment = Timestamp::last_of(text).map(RecordedBy::At);
    moment.map_err(|error| format!("`{text}` is no position of an event, and {error}"))
}

/// What admission found of an announcement that stands in no file, and what was not done for it.
fn not_recorded(error: AppendError, undone: &str) -> Failure {
    let AppendError::NotAdmissible { findings } = error else { return error.into() };
    let mut found = findings.into_iter().flatten().filter(|finding| finding.code.refuses());
    let Some(first) = found.next() else { return Failure::new(Exit::No, undone) };
    let exit = if first.code == Code::UnknownReference { Exit::CouldNot } else { Exit::No };
    let failure = Failure::new(exit, format!("{}; {undone}", first.message));
    first.hint.into_iter().fold(failure, Failure::hint)
}

/// A number with the word for what is counted.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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
