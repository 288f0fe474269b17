//! What to do about a finding: a command that can be pasted as it is, words, or both.

use std::path::Path;

use crate::cli::Context;
use crate::cli::locate::shell_word;
use crate::ledger::keys::copies::{is_kept_here, is_uncopied};
use crate::ledger::status::{Concern, Finding, Status as Standing};
use crate::ledger::{Folder, SignerError};

/// What to do.
#[derive(Debug, Default)]
pub(super) struct Remedy {
    /// A command for a shell, with everything in it; empty, if no command does it, or something has to be chosen first.
    pub(super) run: String,
    /// What to know, to do or to choose beside that; empty, if the command is all.
    pub(super) advice: String,
}

impl Remedy {
    fn words(advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..Self::default() }
    }

    fn command(run: String) -> Self {
        Self { run, ..Self::default() }
    }

    fn and(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }
}

/// Where a ledger stands, for whoever says what to do about it.
pub(super) struct Situation<'s> {
    standing: &'s Standing,
    folder: &'s Folder,
    /// The ledger as it is shown, and how commands name it.
    shown: String,
    option: String,
    /// Why nobody can sign for the log here, if so.
    unsigned: Option<&'s SignerError>,
}

impl<'s> Situation<'s> {
    pub(super) fn of(
        (standing, unsigned): (&'s Standing, Option<&'s SignerError>),
        folder: &'s Folder,
        context: &Context<'_, '_>,
    ) -> Self {
        let option = context.global.ledger.as_ref();
        let option = option.map(|path| format!(" --ledger {}", shell_word(&path.display().to_string())));
        Self { standing, folder, shown: context.shown_path(folder), option: option.unwrap_or_default(), unsigned }
    }

    /// Tells what whoever is to sign should know of the log's key: that it cannot be used, or that there may be no copy of it.
    pub(super) fn log_key(&self, context: &Context<'_, '_>) -> Option<Finding> {
        let key = self.standing.log_key.as_ref().filter(|_| self.standing.older.is_none())?;
        let is_open = || self.standing.findings.iter().any(|finding| finding.concern == Concern::LogKeyOpen);
        match self.unsigned {
            Some(error) if self.is_to_sign(context) && !(is_too_open(error) && is_open()) => {
                Some(Finding { concern: Concern::LogKeyUnusable, what: format!("the log cannot be signed: {error}") })
            }
            _ if is_uncopied(self.folder, key, &context.copied()) => {
                let what = "nobody has confirmed that a copy of the log's key lies elsewhere".to_owned();
                Some(Finding { concern: Concern::LogKeyUncopied, what })
            }
            _ => None,
        }
    }

    /// Tells whether this account signs for the log: it says with what, or keeps the key, or appends where each append is signed.
    fn is_to_sign(&self, context: &Context<'_, '_>) -> bool {
        let appends_signed = || Context::signs_each_append(self.folder) && self.folder.is_own();
        context.log_key_name(None).is_some() || is_kept_here(self.folder) || appends_signed()
    }

    /// Says what to do about a finding.
    pub(super) fn remedy(&self, finding: &Finding) -> Remedy {
        match finding.concern {
            Concern::Replaced => {
                let forget = self.servanda("forget --folder");
                Remedy::words(format!(
                    "look for the one that was here, and keep both; if this one is meant, `{forget}` has this account know it here"
                ))
            }
            Concern::Rollback | Concern::DamagedStore => self.repair(),
            Concern::Fork | Concern::Evidence => Remedy::command(self.servanda("verify"))
                .and("append nothing, keep both histories, and ask whoever has the log's key"),
            Concern::Older => Remedy::words(
                "append to the ledger that has all of them; `servanda repair --from FILE` with a newer backup makes this one \
                 whole, and to go on without them `servanda restore` makes another of the same --at with --despite-known",
            ),
            Concern::StoreAside => {
                let name = finding.what.split(' ').next().unwrap_or_default();
                Remedy::command(self.servanda("verify"))
                    .and(format!("if all of it holds, take {} away", self.path(name)))
            }
            Concern::LogKeyUnusable => self.signing(),
            Concern::CheckpointDue => self.once_signed("checkpoint"),
            Concern::WitnessDue => {
                let remedy = self.once_signed("checkpoint");
                if remedy.run.is_empty() {
                    return remedy;
                }
                remedy.and("then `servanda checkpoint witness --policy FILE`, with the policy that names the witnesses")
            }
            Concern::BackupGone => self.backup_gone(),
            Concern::BackupDue => self.backup(),
            Concern::StreamUnchecked => Remedy::words(
                "bring it back through `servanda backup check -`, as in `gzip -dc FILE | servanda backup check -`, or back up into \
                 a file",
            ),
            Concern::SingleAdmin => Remedy::words("add another: `servanda key add NAME --public @FILE --role admin`"),
            Concern::LogKeyUncopied => Remedy::command(self.servanda("key copied --log-key")).and(format!(
                "copy {} to where neither the ledger nor its backup is; then say so",
                self.path("keys/log.key")
            )),
            Concern::LogKeyOpen => Remedy::command(format!("chmod o= {}", self.path("keys/log.key"))),
            Concern::NotRemembered => {
                Remedy::words("set SERVANDA_STATE to a folder of this account that can be written, and that lasts")
            }
            Concern::Room => Remedy::command(format!("df -h {}", shell_word(&self.shown))).and("make room"),
        }
    }

    fn servanda(&self, command: &str) -> String {
        format!("servanda{} {command}", self.option)
    }

    fn path(&self, name: &str) -> String {
        shell_word(&format!("{}/{name}", self.shown))
    }

    /// Returns the file of the last backup, with its name in a command, if it can stand in one.
    fn file(&self) -> Option<(&Path, String)> {
        let (last, _) = self.standing.backup.as_ref()?;
        Some((&last.file, shell_word(last.file.to_str()?)))
    }

    /// Tells whether a backup or a checkpoint is refused before something else is put right.
    fn is_blocked(&self) -> bool {
        let blocks = |finding: &Finding| match finding.concern {
            Concern::Replaced | Concern::Rollback | Concern::Fork | Concern::DamagedStore | Concern::Older => true,
            Concern::StoreAside
            | Concern::Evidence
            | Concern::LogKeyUnusable
            | Concern::CheckpointDue
            | Concern::WitnessDue
            | Concern::BackupGone
            | Concern::BackupDue
            | Concern::StreamUnchecked
            | Concern::SingleAdmin
            | Concern::LogKeyUncopied
            | Concern::LogKeyOpen
            | Concern::NotRemembered
            | Concern::Room => false,
        };
        self.standing.findings.iter().any(blocks)
    }

    fn repair(&self) -> Remedy {
        match self.file().filter(|(file, _)| file.is_file()) {
            Some((_, file)) => Remedy::command(self.servanda(&format!("repair --from {file}"))),
            None => Remedy::words(
                "append nothing to it; `servanda repair --from FILE` makes it whole from a backup, an export or a published copy, \
                 and `servanda repair --from -` from a backup that comes as a stream",
            ),
        }
    }

    /// Gives a command that signs, where that can be done.
    fn once_signed(&self, command: &str) -> Remedy {
        match self.unsigned {
            _ if self.is_blocked() => Remedy::words("put right first what stands above"),
            None if self.standing.log_key.is_some() && self.folder.is_own() => Remedy::command(self.servanda(command)),
            _ => Remedy::words(format!("whoever has the log's key runs `servanda {command}`")),
        }
    }

    fn backup(&self) -> Remedy {
        match self.file() {
            _ if self.is_blocked() => Remedy::words("put right first what stands above"),
            Some((file, word)) if file.is_file() => Remedy::command(self.servanda(&format!("backup {word}"))),
            _ => Remedy::words("make one on another disk: `servanda backup FILE`"),
        }
    }

    fn backup_gone(&self) -> Remedy {
        match self.file() {
            _ if self.is_blocked() => Remedy::words("bring it back: it may have what is missing here"),
            Some((file, word)) if is_absent(file) && file.parent().is_some_and(Path::is_dir) => {
                Remedy::command(self.servanda(&format!("backup {word}")))
                    .and("bring it back, or mount its disk; if it is lost, make another")
            }
            _ => Remedy::words("bring it back, or mount its disk; if it is lost, make another: `servanda backup FILE`"),
        }
    }

    /// Says what lets the log be signed again.
    fn signing(&self) -> Remedy {
        let Some(error) = self.unsigned else { return Remedy::default() };
        let key = self.standing.log_key.as_ref().map(ToString::to_string).unwrap_or_default();
        match error {
            SignerError::OpenToOthers { file, .. } => Remedy::command(format!("chmod 600 {}", word_of(file))),
            SignerError::Agent { .. } => Remedy::words(format!("{}; the key in use is {key}", error.hint())),
            SignerError::PendingLogKey { .. } => Remedy::command(self.servanda("key replace-log")),
            SignerError::Io { .. } => Remedy::words(format!("{}, or name another with SERVANDA_LOG_KEY", error.hint())),
            _ => Remedy::words(format!(
                "put the key in use, {key}, back into {} (mode 600) from where its copy is, or have an ssh-agent hold it; if it \
                 is lost, an admin runs `servanda key replace-log --because lost`",
                self.path("keys/log.key")
            )),
        }
    }
}

fn is_too_open(error: &SignerError) -> bool {
    matches!(error, SignerError::OpenToOthers { .. })
}

fn is_absent(file: &Path) -> bool {
    file.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn word_of(file: &Path) -> String {
    shell_word(&file.display().to_string())
}
