//! `servanda completions` and `servanda man`: the command line, written down for shells and for `man`.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::exit::{Exit, OF_SIGNALS};
use crate::cli::{Context, Outcome, command_line};
use crate::domain::text::shown;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda completions bash > servanda.bash
  servanda completions zsh > _servanda")]
pub(in crate::cli) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command_line(), "servanda", &mut script);
        context.print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}

/// Print the manual page, or write one page a command into a folder
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda man > servanda.1
  servanda man man1/                  servanda.1, servanda-append.1 and so on")]
pub(in crate::cli) struct Man {
    /// The folder, made if need be; without one, the main page is printed
    folder: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Some(given) = self.folder else {
            context.print(&page(&command_line())?)?;
            return Ok(Exit::Done);
        };
        let folder = context.around.path(&given);
        std::fs::create_dir_all(&folder)?;
        let pages = pages(&command_line());
        for (name, command) in &pages {
            std::fs::write(folder.join(format!("{name}.1")), page(command)?)?;
        }
        context.say(&format!("wrote {} pages to {}\n", pages.len(), shown(&given.to_string_lossy())));
        Ok(Exit::Done)
    }
}

/// A command and those below it, each by the name of its page.
fn pages(command: &Command) -> Vec<(String, Command)> {
    let mut command = command.clone();
    command.build();
    let mut all = Vec::new();
    let mut waiting = vec![("servanda".to_owned(), command)];
    while let Some((name, command)) = waiting.pop() {
        let below = command.get_subcommands().filter(|command| command.get_name() != "help");
        waiting.extend(below.map(|below| (format!("{name}-{}", below.get_name()), below.clone())));
        all.push((name.clone(), command.display_name(name)));
    }
    all
}

/// The page of a command, with the exit codes and the examples of its help at the end.
fn page(command: &Command) -> std::io::Result<String> {
    let mut roff = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut roff)?;
    let mut text = String::from_utf8_lossy(&roff).into_owned();
    text += &exit_status();
    let help = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    if !examples.is_empty() {
        let literal = examples.join("\n").replace('\\', "\\\\").replace('-', "\\-");
        text += &format!(".SH EXAMPLES\n.nf\n{literal}\n.fi\n");
    }
    Ok(text)
}

/// The section with the exit codes.
fn exit_status() -> String {
    let each = Exit::ALL.map(|exit| format!(".TP\n\\fB{}\\fR\n{}\n", exit.code(), exit.meaning()));
    format!(".SH \"EXIT STATUS\"\n{}.PP\n{OF_SIGNALS}\n", each.concat())
}
