//! Words that people try, and the commands that do what they mean.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Words for a command that there is under another name, and what to say.
const TRIED: &[(&[&str], &str)] = &[
    (
        &["add", "record", "new", "insert", "commit", "put", "announce", "create"],
        "`servanda append FILE` records what a file announces, `servanda template KIND` prints one to start from, and \
         `servanda init` makes a new ledger",
    ),
    (
        &["undo", "delete", "remove", "rm", "revert", "unrecord"],
        "nothing is deleted: `servanda retract EVENT --reason TEXT` takes an announcement back",
    ),
    (&["edit", "amend", "fix", "update", "change", "set"], "`servanda correct EVENT` puts right what was wrong"),
    (
        &["stats", "count", "info", "summary", "ls"],
        "`servanda list` counts what a ledger holds, and `servanda status` tells how it stands",
    ),
    (&["find", "grep", "lookup", "query"], "`servanda search WORDS` looks for words in all that was recorded"),
    (
        &["open", "use", "connect"],
        "a ledger is not opened: name it with --ledger PATH or SERVANDA_LEDGER; `servanda init` makes a new one",
    ),
    (&["who"], "`servanda members AGREEMENT --on DATE` tells who is what on a day"),
    (&["cat", "get", "event", "read"], "`servanda show EVENT` shows one event, and `servanda log` all of them"),
    (&["health", "doctor", "monitor"], "`servanda status` tells how a ledger stands, and what there is to do"),
    (&["check-ledger", "fsck", "validate", "audit"], "`servanda verify` checks the ledger"),
    (&["countries", "states", "parties"], "`servanda list parties` lists them"),
    (&["agreements", "treaties"], "`servanda list agreements` lists them"),
    (&["missions"], "`servanda list missions` lists them"),
    (
        &["announcements", "events"],
        "`servanda list announcements` lists them, and `servanda log` tells who recorded them",
    ),
];

/// A line with the command that is meant, if somebody tried a word for it that is none.
pub(super) fn hint(error: &clap::Error) -> String {
    let tried = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) => word.to_lowercase(),
        _ => return String::new(),
    };
    let meant = TRIED.iter().find(|(words, _)| words.contains(&tried.as_str()));
    meant.map(|(_, hint)| format!("hint: {hint}\n")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_word_is_a_command_and_each_leads_to_commands_that_there_are() {
        let all = crate::cli::command_line();
        let commands: BTreeSet<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
        for (words, hint) in TRIED {
            assert!(words.iter().all(|word| !commands.contains(word)), "{words:?}");
            let named = hint.split("servanda ").skip(1).filter_map(|rest| rest.split([' ', '`']).next());
            for command in named {
                assert!(commands.contains(command), "{hint}");
            }
        }
    }
}
