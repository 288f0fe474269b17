//! Where the ledger is, where the recorder's key is, and who asks.

use std::io::ErrorKind;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::domain::text::shown;
use crate::event::Snapshot;
use crate::integrity::SigningKey;
use crate::ledger::log::checkpoints::Checkpoints;
use crate::ledger::{
    Access, Denied, DocumentReader, Folder, KeyFile, Ledger, Log, OpenError, Settings, SettingsError, SignerError,
};
use crate::query::Known;
use crate::query::load::kept;

/// The events of a log, which others may use meanwhile.
///
/// They are not given back: the process ends with its answer, and freeing a large ledger piece by piece would take a
/// noticeable part of its time.
pub(super) struct Reading {
    pub(super) snapshot: ManuallyDrop<Snapshot>,
    pub(super) shelf: DocumentReader,
}

/// A recorder's key that was made, and is not written yet: what fails before anything is signed with it leaves none behind.
pub(super) struct MadeKey {
    path: PathBuf,
    seed: [u8; 32],
    recorder: String,
}

/// A word as a shell reads it, so that commands that are printed can be run.
pub(super) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The most ledgers that are told where the one that was named is none.
const MOST_TOLD: usize = 4;

/// Returns the ledgers in a folder by their names, those last that are older on purpose.
fn ledgers_in(folder: &Path) -> Vec<Folder> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut ledgers: Vec<Folder> = entries.map(|entry| Folder::at(entry.path())).filter(Folder::is_ledger).collect();
    ledgers.sort_by_cached_key(|ledger| (ledger.older().exists(), ledger.path().to_owned()));
    ledgers
}

impl Context<'_, '_> {
    /// The ledger that is meant: given, or from the environment, or found here or above, as git does.
    pub(super) fn ledger(&self) -> Folder {
        let given = self.global.ledger.clone().or_else(|| (self.around.variable)("SERVANDA_LEDGER").map(PathBuf::from));
        if let Some(path) = given {
            return self.folder_at(self.around.path(&path));
        }
        let here = self.around.folder.ancestors().map(|folder| folder.join(".servanda"));
        let found = here.into_iter().find(|path| Folder::at(path).is_ledger());
        self.folder_at(found.unwrap_or_else(|| self.around.folder.join(".servanda")))
    }

    /// The path of the ledger as it is shown, from the current folder where it lies below it.
    pub(super) fn shown_path(&self, folder: &Folder) -> String {
        let path = folder.path();
        let path = path.strip_prefix(&self.around.folder).unwrap_or(path).display().to_string();
        shown(&path).into_owned()
    }

    /// How others see this process while it has the ledger open.
    pub(super) fn access(&self, command: &str) -> Access {
        Access { holder: format!("pid {}: servanda {command}", self.around.pid), lock_timeout: self.lock_timeout() }
    }

    /// Reads what a question from these points rests on, about one agreement if one is named: the facts that are kept, or
    /// if they do not fit, the log, from which they are then made anew.
    pub(super) fn read(&self, command: &str, agreement: Option<&str>, points: &[Known]) -> Result<Reading, Failure> {
        let folder = self.ledger();
        let kept = kept(&folder, agreement, points);
        let fits = kept.is_some();
        if let Some(snapshot) = kept.filter(|snapshot| points.iter().all(|known| known.can_be_placed(snapshot))) {
            return Ok(Reading { snapshot: ManuallyDrop::new(snapshot), shelf: DocumentReader::of(&folder) });
        }
        let log = self.read_log(command)?;
        let reading = Self::read_all(&log)?;
        if !fits {
            log.keep(&reading.snapshot);
        }
        Ok(reading)
    }

    /// Takes the events out of a log, and checks its chain.
    pub(super) fn read_all(log: &Log) -> Result<Reading, Failure> {
        Ok(Reading { snapshot: ManuallyDrop::new(log.snapshot()?), shelf: log.shelf() })
    }

    /// The same by way of the facts that are kept, with the hash of each event.
    pub(super) fn read_hashed(log: &Log) -> Result<Reading, Failure> {
        Ok(Reading { snapshot: ManuallyDrop::new(log.hashed_snapshot()?), shelf: log.shelf() })
    }

    /// Opens the ledger for appending, if it is the one that was here, and goes on from every checkpoint of it that this user
    /// has seen.
    pub(super) fn open_to_write(&mut self, command: &str, folder: &Folder) -> Result<Ledger, Failure> {
        let opened = Ledger::open(folder, &self.access(command));
        let ledger = opened.map_err(|error| self.not_opened(error, folder))?;
        self.say_if_forgetful();
        if let Some(log) = ledger.id() {
            ledger.check(&self.met(folder, &log, ledger.authority())?)?;
            self.remember_head(&log, ledger.head());
            // It holds, whoever signed it.
            if let Some(newest) = Checkpoints::of(folder).newest(ledger.authority())? {
                self.remember_seen(&log, &newest);
            }
        }
        Ok(ledger)
    }

    /// Closes a ledger that was opened for appending, and remembers where it ends. That what is derived of it cannot be kept costs no
    /// more than that it is made again when somebody asks.
    pub(super) fn close(&mut self, ledger: Ledger) {
        if let Some(log) = ledger.id() {
            self.remember_head(&log, ledger.head());
        }
        let _ = ledger.close();
    }

    /// Opens the log as it is.
    pub(super) fn read_log(&self, command: &str) -> Result<Log, Failure> {
        let folder = self.ledger();
        Log::read(&folder, &self.access(command)).map_err(|error| self.not_opened(error, &folder))
    }

    /// Opens the log as it is on its disk now, whatever was copied of it before.
    pub(super) fn read_log_afresh(&self, command: &str) -> Result<Log, Failure> {
        let folder = self.ledger().afresh();
        Log::read(&folder, &self.access(command)).map_err(|error| self.not_opened(error, &folder))
    }

    /// Where there is no ledger, those that lie beside it are named.
    pub(super) fn not_opened(&self, error: OpenError, folder: &Folder) -> Failure {
        if !matches!(error, OpenError::Settings(SettingsError::Absent { .. })) {
            return error.into();
        }
        let beside = ledgers_in(folder.path().parent().unwrap_or(&self.around.folder));
        let paths: Vec<String> = beside.iter().map(|found| shell_word(&self.shown_path(found))).collect();
        let failure = Failure::new(Exit::CouldNot, error.to_string());
        match paths.as_slice() {
            [] => error.into(),
            [path] => failure.hint(format!("{path} is one: add --ledger {path}, or set SERVANDA_LEDGER")),
            several => {
                let more = several.len().saturating_sub(MOST_TOLD);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let told = several[..several.len().min(MOST_TOLD)].join(", ");
                failure.hint(format!(
                    "{told}{more} are ledgers: name the one that is meant with --ledger, or in SERVANDA_LEDGER"
                ))
            }
        }
    }

    /// A failure for want of rights says which file of the ledger it is that may not be read or written: nothing is damaged.
    pub(super) fn with_rights(&self, mut failure: Failure) -> Failure {
        /// How the system's words end for a file system that is mounted read-only: EROFS.
        const READ_ONLY: &str = "(os error 30)";
        /// How they end for a want of rights: EACCES, EPERM and that.
        const DENIED: [&str; 3] = ["(os error 13)", "(os error 1)", READ_ONLY];
        if !DENIED.iter().any(|denied| failure.message.contains(denied)) {
            return failure;
        }
        failure.hints.retain(|hint| !hint.contains("repair"));
        if failure.message.contains(READ_ONLY) {
            return failure
                .hint("permissions: the file system is mounted read-only, for every account; reading goes on");
        }
        let hint = match self.ledger().denied() {
            Some(Denied { path, owner, group, mode, right }) => {
                let path = path.display();
                format!(
                    "permissions: {path} may not be {right} by this account: it is user {owner}'s and group {group}'s, {mode:03o}"
                )
            }
            None => "permissions: see whose the file is, and who may read and write it".to_owned(),
        };
        failure.hint(hint)
    }

    /// A failure that tells to forget the ledger names it, where its name is known.
    pub(super) fn with_name(&self, mut failure: Failure) -> Failure {
        const NAMELESS: &str = "`servanda forget NAME`";
        if failure.hints.iter().any(|hint| hint.contains(NAMELESS))
            && let Ok(settings) = Settings::load(&self.ledger())
        {
            let named = format!("`servanda forget {}`", settings.origin);
            failure.hints.iter_mut().for_each(|hint| *hint = hint.replace(NAMELESS, &named));
        }
        failure
    }

    /// Has each command in the hints of a failure be for the ledger that was given on the command line: pasted without it, it would
    /// be for another.
    pub(super) fn with_ledger(&self, mut failure: Failure) -> Failure {
        failure.hints.iter_mut().for_each(|hint| *hint = self.of_ledger(hint));
        failure
    }

    /// Says what to do, though the command goes on, with each command in it for the ledger that was given.
    pub(super) fn advise(&mut self, hint: &str) {
        let hint = self.of_ledger(hint);
        self.complain_shown(&format!("hint: {hint}"));
    }

    /// Returns a hint with each command in it for the ledger that was given on the command line, if one was.
    fn of_ledger(&self, hint: &str) -> String {
        match &self.global.ledger {
            Some(given) => with_option(hint, &format!(" --ledger {}", shell_word(&given.to_string_lossy()))),
            None => hint.to_owned(),
        }
    }

    /// The recorder's key file: given, or from the environment, or the one that `init` makes.
    pub(super) fn key_path(&self, given: Option<&PathBuf>) -> Result<PathBuf, Failure> {
        let given = given.cloned().or_else(|| (self.around.variable)("SERVANDA_KEY").map(PathBuf::from));
        if let Some(path) = given {
            return Ok(self.around.path(&path));
        }
        let config =
            self.absolute("XDG_CONFIG_HOME").or_else(|| self.absolute("HOME").map(|home| home.join(".config")));
        let Some(config) = config else {
            return Err(Failure::new(Exit::CouldNot, "neither HOME nor XDG_CONFIG_HOME says where keys are kept")
                .hint("give a key with --key FILE, or set SERVANDA_KEY"));
        };
        Ok(config.join("servanda").join("recorder_ed25519"))
    }

    /// The recorder's key; if none was named and none is there, one is made, which is to be [kept](Self::keep_made) before
    /// anything rests on it. For a dry run, a key that was made is not to be kept.
    pub(super) fn key_or_new(
        &self,
        given: Option<&PathBuf>,
        recorder: &str,
        keep: bool,
    ) -> Result<(KeyFile, Option<MadeKey>), Failure> {
        let named = given.is_some() || (self.around.variable)("SERVANDA_KEY").is_some();
        let path = self.key_path(given)?;
        match KeyFile::read(&path) {
            Err(SignerError::Absent { .. }) if !named => {
                let seed = (self.around.entropy)()?;
                let made = keep.then(|| MadeKey { path, seed, recorder: recorder.to_owned() });
                Ok((KeyFile::of(SigningKey::from_seed(&seed)), made))
            }
            other => Ok((other?, None)),
        }
    }

    /// Writes a key that was made, if one was, and says so.
    pub(super) fn keep_made(&mut self, made: Option<MadeKey>) -> Result<(), Failure> {
        let Some(MadeKey { path, seed, recorder }) = made else { return Ok(()) };
        KeyFile::create(&path, &seed, &recorder).map_err(|error| match error {
            SignerError::Io { source, .. } if source.kind() == ErrorKind::AlreadyExists => {
                let what = format!("somebody else has made a key meanwhile, {}; nothing was founded", path.display());
                Failure::new(Exit::Conflict, what).hint("run the same command again")
            }
            other => other.into(),
        })?;
        self.say(&format!("made a key for {recorder}: {}\n", shown(&path.to_string_lossy())));
        Ok(())
    }
}

/// Commands that are about no ledger, or name it otherwise.
const OF_NO_LEDGER: [&str; 9] =
    ["restore", "template", "schema", "completions", "man", "forget", "help", "witness", "check"];

/// Adds an option to each command in a text, which stands in backticks, if the command is about a ledger and has none.
fn with_option(text: &str, option: &str) -> String {
    let mut pieces = text.split("`servanda ");
    let mut found = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (command, behind) = piece.split_once('`').unwrap_or((piece, ""));
        let name = command.split(' ').next().unwrap_or_default();
        let is_of_ledger = !OF_NO_LEDGER.contains(&name) || command.starts_with("forget --folder");
        let option = if is_of_ledger && !command.contains("--ledger") { option } else { "" };
        found += &format!("`servanda {command}{option}`{behind}");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_a_hint_is_for_the_ledger_that_was_given() {
        for (hint, expected) in [
            ("`servanda verify` tells it", "`servanda verify --ledger l` tells it"),
            (
                "see `servanda key show` and `servanda log`",
                "see `servanda key show --ledger l` and `servanda log --ledger l`",
            ),
            ("`servanda template party` shows how", "`servanda template party` shows how"),
            (
                "`servanda forget a/b` or `servanda forget --folder`",
                "`servanda forget a/b` or `servanda forget --folder --ledger l`",
            ),
            ("`servanda verify --ledger other`", "`servanda verify --ledger other`"),
            ("no command at all", "no command at all"),
        ] {
            assert_eq!(with_option(hint, " --ledger l"), expected);
        }
    }
}
