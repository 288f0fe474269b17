//! Help: commands in groups, and the options of every command once.

use std::ffi::OsString;

use clap::error::ErrorKind;

use crate::cli::exit::Exit;
use crate::cli::screen::Screen;
use crate::cli::{PLACES, command_line};

/// Commands by what they are for.
const GROUPS: &[(&str, &[&str])] = &[
    ("Record", &["init", "append", "template", "correct", "retract", "import", "attest", "reaffirm"]),
    (
        "Ask",
        &[
            "list",
            "search",
            "members",
            "party",
            "agreement",
            "mission",
            "history",
            "timeline",
            "replay",
            "why",
            "prospects",
        ],
    ),
    ("Compare", &["diff", "conflicts", "counts", "awaiting"]),
    ("Check", &["verify", "log", "show", "source", "prove", "certify", "check", "checkpoint", "witness"]),
    ("Exchange", &["export", "schema", "completions", "man"]),
    ("Keep", &["status", "backup", "restore", "repair", "key", "policy", "clock", "forget"]),
];

/// Columns of help where nobody says how wide the terminal is.
const WIDTH: usize = 100;

/// Whether help was asked for, rather than something that is none.
pub(super) fn is_asked(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The help that was asked for; `plain` is what it would be otherwise.
pub(super) fn of(arguments: &[OsString], width: Option<usize>, plain: clap::Error) -> clap::Error {
    arranged(width).try_get_matches_from(arguments).err().filter(is_asked).unwrap_or(plain)
}

/// The command line with its commands in groups. The options of every command stand in the help of the program alone.
fn arranged(width: Option<usize>) -> clap::Command {
    let mut all = command_line().after_help(format!("{PLACES}\n\n{}", Exit::table()));
    all.build();
    let globals: Vec<clap::Id> = all
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().clone())
        .collect();
    let groups = grouped(&all, width.unwrap_or(WIDTH).min(WIDTH));
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{{options}}{{after-help}}"
    );
    all.mut_subcommands(|command| with_globals_elsewhere(command, &globals)).help_template(template)
}

fn with_globals_elsewhere(command: clap::Command, globals: &[clap::Id]) -> clap::Command {
    let hidden = command.mut_args(|argument| {
        let is_global = globals.contains(argument.get_id());
        if is_global { argument.hide(true) } else { argument }
    });
    let more = "`servanda --help` lists the options of every command, such as --ledger, --json and --no-pager.";
    let has_own = hidden.get_after_help().is_some();
    let told = if has_own { hidden } else { hidden.after_help(more) };
    told.mut_subcommands(|command| with_globals_elsewhere(command, globals))
}

/// The groups, each command with what it does.
fn grouped(all: &clap::Command, width: usize) -> String {
    const MARGIN: usize = 15;
    let screen = Screen { width: Some(width), colour: false, today: None };
    let mut text = String::new();
    for (group, names) in GROUPS {
        text += &format!("{group}:\n");
        for name in *names {
            let about = all.find_subcommand(name).and_then(clap::Command::get_about).map(ToString::to_string);
            let about = screen.beside(MARGIN, &about.unwrap_or_default());
            text += &format!("  {name:<width$}{about}\n", width = MARGIN - 2);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let all = command_line();
        let commands: BTreeSet<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), commands);
        assert_eq!(grouped.len(), commands.len());
    }

    #[test]
    fn options_of_every_command_stand_in_the_help_of_the_program_alone() {
        let help = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let plain = command_line().try_get_matches_from(&arguments).expect_err("help was asked for");
            of(&arguments, Some(80), plain).to_string()
        };
        let whole = help("servanda --help");
        assert!(whole.contains("--lock-timeout") && whole.contains("\nRecord:\n  init "), "{whole}");
        for line in
            ["servanda members --help", "servanda key add --help", "servanda help members", "servanda members -h"]
        {
            let text = help(line);
            assert!(!text.contains("--lock-timeout") && text.contains("servanda --help"), "{text}");
        }
    }
}
