//! Who signs for the log, as far as the command line and the environment say, and which keys have copies.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::domain::id::Origin;
use crate::integrity::{LogSigner, Vkey};
use crate::ledger::folder::settings::CheckpointWhen;
use crate::ledger::keys::copies::{Copied, keys_at_risk};
use crate::ledger::keys::log_holder::AgentKey;
use crate::ledger::state::authority::Authority;
use crate::ledger::{Folder, Ledger, LogHolder, LogSigning, Settings, SignerError};
use crate::query::keys::KeyRisk;

/// Names who signs for the log.
const VARIABLE: &str = "SERVANDA_LOG_KEY";

/// Who signs for a log, on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogKeyName {
    /// A file.
    File(PathBuf),
    /// A key that ssh-agent holds, by its fingerprint or comment.
    Agent(String),
}

impl FromStr for LogKeyName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.strip_prefix("agent:").map_or_else(|| Self::File(text.into()), |named| Self::Agent(named.to_owned())))
    }
}

impl Context<'_, '_> {
    /// Who signs for the log, if anybody is named: here, or in the environment.
    pub(super) fn log_key_name(&self, given: Option<&LogKeyName>) -> Option<LogKeyName> {
        let from = |text: String| text.parse().unwrap_or_else(|never: Infallible| match never {});
        given.cloned().or_else(|| (self.around.variable)(VARIABLE).map(from))
    }

    /// Where ssh-agent listens.
    fn agent(&self) -> Option<PathBuf> {
        (self.around.variable)("SSH_AUTH_SOCK").map(PathBuf::from)
    }

    fn agent_named(&self) -> Result<PathBuf, SignerError> {
        self.agent()
            .ok_or_else(|| SignerError::Agent { what: "SSH_AUTH_SOCK does not say where it listens".to_owned() })
    }

    /// Returns whoever holds the log's key in use: who is named; else the file in the ledger's folder, or an agent that has it.
    pub(super) fn log_holder(&self, given: Option<&LogKeyName>, keys: &Authority) -> Result<LogHolder, SignerError> {
        self.log_holder_of(given, keys.log_key()).map_err(|error| error.of_log(keys))
    }

    /// Returns whoever holds a log's key, as [`log_holder`](Self::log_holder) does, where no other keys of the log are known.
    pub(super) fn log_holder_of(
        &self,
        given: Option<&LogKeyName>,
        in_use: Option<&Vkey>,
    ) -> Result<LogHolder, SignerError> {
        match self.log_key_name(given) {
            None => LogHolder::of(&self.ledger().log_key(), self.agent().as_deref(), in_use),
            Some(LogKeyName::File(file)) => LogHolder::of_file(&self.around.path(&file), in_use),
            Some(LogKeyName::Agent(named)) => {
                let log = in_use.map_or("", |key| key.name());
                let held = AgentKey::named(&self.agent_named()?, &named, log)?;
                let holder = LogHolder::Agent(held);
                if Some(&holder.vkey()) == in_use {
                    return Ok(holder);
                }
                let expected = in_use.map_or_else(|| "none".to_owned(), ToString::to_string);
                let found = holder.vkey().to_string();
                Err(SignerError::OtherLogKey { file: format!("agent:{named}").into(), expected, found })
            }
        }
    }

    /// Whoever is named to hold the key of a log from now on, with the log's name, and whether the key is still to be written
    /// to its file: it grows from `seed` then. A log without a name is named by its key.
    pub(super) fn new_log_holder(
        &self,
        name: &LogKeyName,
        seed: &[u8; 32],
        origin_by: impl FnOnce(&Vkey) -> Result<Origin, Failure>,
        origin: Option<&Origin>,
    ) -> Result<(Origin, LogHolder, bool), Failure> {
        let unnamed = |point: &[u8; 32]| Vkey::of_point("local", point).expect("a plain word can name a key");
        match name {
            LogKeyName::Agent(named) => {
                let socket = self.agent_named()?;
                let origin = origin_by(&unnamed(AgentKey::find(&socket, named)?.point()))?;
                let holder = LogHolder::Agent(AgentKey::named(&socket, named, origin.as_str())?);
                Ok((origin, holder, false))
            }
            LogKeyName::File(file) => {
                let path = self.around.path(file);
                let none = |error: &dyn std::fmt::Display| {
                    Failure::new(Exit::CouldNot, format!("{}: {error}", file.display()))
                        .hint("name a file that is not there yet: a key is made for it")
                };
                match LogHolder::read(&path) {
                    Err(SignerError::Absent { .. }) => {
                        let key = LogSigner::from_seed("local", seed).expect("a plain word can name a key").vkey();
                        let origin = origin_by(&key)?;
                        let signer = LogSigner::from_seed(origin.as_str(), seed).map_err(|error| none(&error))?;
                        Ok((origin, LogHolder::File { file: path, signer }, true))
                    }
                    Ok(holder) => {
                        let key = holder.vkey();
                        let found = Origin::parse(key.name()).map_err(|error| none(&error))?;
                        if origin.is_some_and(|origin| *origin != found) {
                            return Err(none(&format!("it is the key of the log {found}")));
                        }
                        Ok((found, holder, false))
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Whether a ledger's settings say that a checkpoint is signed after every append.
    pub(super) fn signs_each_append(folder: &Folder) -> bool {
        Settings::load(folder).is_ok_and(|settings| settings.checkpoint == CheckpointWhen::EachAppend)
    }

    /// Signs the log as it stands after an append; if that cannot be done, it is said, and what was appended stays.
    pub(super) fn sign(&mut self, ledger: &Ledger, given: Option<&LogKeyName>) -> Exit {
        let signer = self.log_holder(given, ledger.authority()).map_err(Failure::from);
        match signer.and_then(|signer| Ok(ledger.checkpoint(&signer)?)) {
            Ok(made) => {
                let log = ledger.id().expect("what has no genesis has no checkpoint");
                self.remember(&log, &made);
                Exit::Done
            }
            // Somebody else signed it, or this command did before.
            Err(_) if ledger.is_signed() => Exit::Done,
            Err(failure) => {
                self.complain_shown(&format!("warning: no checkpoint was signed: {}", failure.message));
                for hint in failure.hints {
                    self.advise(&hint);
                }
                Exit::Unsigned
            }
        }
    }

    /// Signs the log if that is done after every append.
    pub(super) fn sign_if_due(&mut self, ledger: &Ledger, folder: &Folder, given: Option<&LogKeyName>) -> Exit {
        if Self::signs_each_append(folder) { self.sign(ledger, given) } else { Exit::Done }
    }

    /// What the account says of copies of keys.
    pub(super) fn copied(&self) -> Copied {
        self.account().own().map_or_else(Copied::default, Copied::at)
    }

    /// The keys of the ledger whose loss could not be made good.
    pub(super) fn key_risks(&self, keys: &Authority) -> Vec<KeyRisk> {
        keys_at_risk(&self.ledger(), keys, &self.copied()).iter().map(KeyRisk::of).collect()
    }
}
