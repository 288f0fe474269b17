//! The command line: parse, ask, print.
//!
//! Answers go to standard output, everything else to standard error. A command is one file in `command/`.

mod account;
mod administer;
pub mod answers;
mod arguments;
mod as_of;
mod beginning;
pub mod command;
mod days;
pub mod diagnostic;
pub mod environment;
pub mod exit;
pub mod failure;
mod help;
pub mod locate;
mod log_key;
mod meter;
mod output;
mod page;
mod pager;
mod pieces;
mod recovered_from;
pub mod screen;
mod service;
mod spreadsheet;
mod svg;
mod timeline_chart;
mod tried;

use crate::cli::arguments::knowing;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};
use command::Command;
use environment::Surroundings;
use failure::{Exit, Failure};
use screen::{Answer, Format, Screen};

use crate::domain::text::shown;
use crate::exchange::json_line::write_json_line;

/// Keep and ask a ledger of agreements
#[derive(Debug, Parser)]
#[command(name = "servanda", version, max_term_width = 100, before_help = EXAMPLES, after_help = PLACES, subcommand_required = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  servanda append --init announcements/     found a ledger, append what files announce
  servanda members ilrs --on 2023-10-19     who was a member on that day
  servanda verify                           that nothing was altered or removed";

/// Where what is remembered lies.
const PLACES: &str = "\
What is remembered of ledgers, above all their checkpoints, lies in $SERVANDA_STATE, else in
$XDG_STATE_HOME/servanda, else in ~/.local/state/servanda.";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Folder of the ledger [default: .servanda here or in a parent folder] [env: SERVANDA_LEDGER]
    #[arg(long, global = true, value_name = "PATH")]
    ledger: Option<PathBuf>,
    /// Form of the answer: table, json, ndjson or csv
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    format: Format,
    /// The same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    json: bool,
    /// When to use colours: auto, always or never; NO_COLOR switches them off too
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, hide_possible_values = true)]
    color: Colour,
    /// Seconds to wait for others that use the ledger
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10)]
    lock_timeout: u64,
    /// Say nothing but the answer and what is wrong; `verify`, `backup`, `restore`, `repair` and `checkpoint` then have no answer when all is well
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Show long answers as they are; else a terminal shows them by SERVANDA_PAGER, PAGER or less
    #[arg(long, global = true)]
    no_pager: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The command line, as it is described to people, shells and `man`.
pub fn command_line() -> clap::Command {
    Cli::command()
}

/// Runs a command line and returns its exit code. The first argument is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, around: &mut Surroundings<'_>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let today = around.today().day;
    let parsed = knowing(command_line(), today).try_get_matches_from(&arguments);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) if help::is_asked(&error) => return usage(&help::of(&arguments, around.width, error), around),
        Err(error) => return usage(&error, around),
    };
    // What is restored may be of another ledger than the folder has.
    let is_of_folder = !matches!(cli.command, Command::Restore(_));
    let mut context = Context { global: cli.global, around, is_said: false };
    let outcome = context.check_clock().and_then(|()| cli.command.run(&mut context));
    match outcome {
        Ok(exit) => exit.code(),
        // Whoever reads the answer has seen enough.
        Err(failure) if failure.message == BROKEN_PIPE => Exit::Done.code(),
        Err(failure) => {
            let failure = context.with_rights(failure);
            let failure = if is_of_folder { context.with_name(failure) } else { failure };
            let failure = context.with_ledger(failure);
            let _ = context.around.err.write_all(failure.text().as_bytes());
            failure.exit.code()
        }
    }
}

const BROKEN_PIPE: &str = "broken pipe";

/// Help and version are answers; anything else is a misuse.
fn usage(error: &clap::Error, around: &mut Surroundings<'_>) -> u8 {
    let rendered = error.render();
    let (stream, terminal) = if error.use_stderr() {
        (&mut *around.err, around.err_is_terminal)
    } else {
        (&mut *around.out, around.out_is_terminal)
    };
    let colour = terminal && (around.variable)("NO_COLOR").is_none();
    let plain = rendered.to_string();
    // What was typed is repeated in the message, and may come from somebody else's file names.
    let safe: Vec<_> = plain.split('\n').map(shown).collect();
    let safe = safe.join("\n");
    let text = if colour && safe == plain { rendered.ansi().to_string() } else { safe };
    let text = text + &tried::hint(error);
    let _ = stream.write_all(text.as_bytes());
    if error.use_stderr() { Exit::Misuse.code() } else { Exit::Done.code() }
}

/// What a command works with.
pub struct Context<'a, 's> {
    /// Options of every command.
    global: Global,
    /// The system.
    around: &'a mut Surroundings<'s>,
    /// Whether it was said that nothing is remembered.
    is_said: bool,
}

/// How a command ends.
type Outcome = Result<Exit, Failure>;

impl Context<'_, '_> {
    fn format(&self) -> Format {
        if self.global.json { Format::Json } else { self.global.format }
    }

    /// Without a clock there is no today; and the store does not open under one before 1970.
    fn check_clock(&self) -> Result<(), Failure> {
        let now = self.around.now;
        if now.unix_ms() >= 0 {
            return Ok(());
        }
        let message = format!("the clock says {now}, before 1970, when clocks begin to count");
        Err(Failure::new(Exit::CouldNot, message).hint("set the clock"))
    }

    /// The screen for answers.
    fn screen(&self) -> Screen {
        self.screen_for(self.around.out_is_terminal)
    }

    /// The screen for everything else.
    fn error_screen(&self) -> Screen {
        self.screen_for(self.around.err_is_terminal)
    }

    fn screen_for(&self, terminal: bool) -> Screen {
        Screen { width: self.width(), colour: self.colour(terminal), today: Some(self.around.today()) }
    }

    /// Columns that are written on, which are never fewer than words need.
    fn width(&self) -> Option<usize> {
        self.around.width.map(|width| width.max(screen::NARROWEST))
    }

    fn colour(&self, terminal: bool) -> bool {
        match self.global.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && (self.around.variable)("NO_COLOR").is_none(),
        }
    }

    /// Prints an answer.
    fn print(&mut self, text: &str) -> Result<(), Failure> {
        printed(self.around.out.write_all(text.as_bytes()).and_then(|()| self.around.out.flush()))
    }

    /// Prints an answer in the form that was asked for.
    fn answer<A: Answer>(&mut self, answer: &A) -> Result<(), Failure> {
        if self.format() == Format::Json && !self.pages() {
            return printed(write_json_line(answer, &mut self.around.out));
        }
        let text = screen::show(answer, self.format(), self.screen());
        self.page(&text)
    }

    /// Prints an answer that may be long, and is the last of the process: it is not given back, since freeing it piece by
    /// piece would take a noticeable part of the time.
    fn answer_last<A: Answer>(&mut self, answer: A) -> Result<(), Failure> {
        self.answer(&*ManuallyDrop::new(answer))
    }

    /// Whether nothing is to be said when all is well; an answer in a form for programs is always given.
    fn is_silent(&self) -> bool {
        self.global.quiet && self.format() == Format::Table
    }

    /// Prints what is worth knowing beside the answer.
    fn say(&mut self, text: &str) {
        if !self.global.quiet {
            // Nobody can be told that standard error is gone.
            let _ = self.around.err.write_all(text.as_bytes());
        }
    }

    /// Prints what is wrong, also when only that is to be said.
    fn complain(&mut self, text: &str) {
        let _ = self.around.err.write_all(text.as_bytes());
    }

    /// Says a line that may hold somebody else's words, safe for a terminal.
    fn say_shown(&mut self, line: &str) {
        self.say(&format!("{}\n", shown(line)));
    }

    /// The same of what is wrong.
    fn complain_shown(&mut self, line: &str) {
        self.complain(&format!("{}\n", shown(line)));
    }

    fn lock_timeout(&self) -> Duration {
        Duration::from_secs(self.global.lock_timeout)
    }
}

/// What became of printing: a reader who has seen enough is no failure.
fn printed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::new(Exit::Done, BROKEN_PIPE)),
        other => Ok(other?),
    }
}
