//! `servanda init`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::locate::{MadeKey, shell_word};
use crate::cli::log_key::LogKeyName;
use crate::cli::{Context, Outcome};
use crate::domain::id::{Origin, Recorder};
use crate::domain::text::shown;
use crate::integrity::{SigningKey, Vkey};
use crate::ledger::write::genesis::{FurtherKeys, NewLedger, StagedLedger, local_origin, local_origin_of};
use crate::ledger::{Clock, Folder, KeyFile, LogHolder, create_secret};

/// What to do with the hash of a genesis.
pub(super) const KEEP_GENESIS: &str =
    "Keep the genesis hash elsewhere: it is what a verifier needs to know that this is the ledger meant.\n";

/// Found a new ledger
///
/// Makes the folder with its store, the log's own key and the genesis event. The recorder's key is the one given, or is made in the user's configuration folder.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda init --ledger treaties.servanda --origin ministry.example/treaties
  servanda init --ledger desk.servanda --recorder desk@ministry.example --key ~/.ssh/id_ed25519
  servanda init --ledger office.servanda --recovery stick/office-recovery")]
pub(in crate::cli) struct Init {
    #[command(flatten)]
    names: LedgerNames,
}

/// The names and the key of a new ledger.
#[derive(Debug, Args)]
pub(super) struct LedgerNames {
    /// Name of the ledger [default: local/FOLDER-XXXXXX, where XXXXXX are digits of the log's key]
    #[arg(long, value_name = "NAME")]
    origin: Option<Origin>,
    /// Name of the first recorder
    #[arg(long, value_name = "NAME", default_value = "recorder")]
    recorder: Recorder,
    /// The recorder's OpenSSH Ed25519 key: private, or the public half of one in ssh-agent [env: SERVANDA_KEY] [default: servanda/recorder_ed25519 in the user's configuration folder]
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Make the ledger for the folder's group to work in: all that is made in it is the group's to read and replace, whatever the umask, but for keys
    #[arg(long)]
    shared: bool,
    /// Write a recovery key to FILE: an admin's, to be kept elsewhere for the day on which other keys are lost
    #[arg(long, value_name = "FILE")]
    recovery: Option<PathBuf>,
    /// Who signs for the log: a file, which is made if it is missing, or agent:KEY, a key in ssh-agent by its fingerprint or comment [env: SERVANDA_LOG_KEY] [default: keys/log.key in the ledger]
    #[arg(long, value_name = "FILE|agent:KEY")]
    pub(super) log_key: Option<LogKeyName>,
}

/// A ledger that was made and is not yet in its place, with the keys that are written when it comes there.
pub(super) struct Fresh {
    pub(super) founded: StagedLedger,
    /// The recorder's, if it was made.
    made: Option<MadeKey>,
    files: Vec<NewKey>,
    recorder: PathBuf,
    /// How the recorder's key is named on a command line.
    named: String,
    log_key: Option<PathBuf>,
}

/// A key that is made with a ledger.
enum NewKey {
    /// The log's, which lies elsewhere.
    Log { file: PathBuf, text: String },
    /// An admin's, for the day on which others are lost.
    Recovery { file: PathBuf, seed: [u8; 32], comment: String },
}

impl LedgerNames {
    /// Of a ledger that is there already, with the key that signs.
    pub(super) fn of_key(key: Option<PathBuf>) -> Self {
        let recorder = Recorder::parse("recorder").expect("the default is a recorder's name");
        Self { origin: None, recorder, key, shared: false, recovery: None, log_key: None }
    }
}

impl Init {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let target = context.ledger();
        let (fresh, _) = self.names.found(&target, true, context)?;
        let origin = fresh.founded.ledger.origin().clone();
        let genesis = fresh.founded.ledger.head();
        let (folder, to_copy) = fresh.settle(context)?;
        let path = context.shown_path(&folder);
        context.print(&format!("founded {path}: {origin}, genesis {}\n", genesis.hash))?;
        context.say(&format!("\n{KEEP_GENESIS}{to_copy}"));
        let path = shell_word(&path);
        context.say(&format!("\nTry:\n  servanda template party\n  servanda --ledger {path} append FILE\n"));
        Ok(Exit::Done)
    }
}

impl LedgerNames {
    /// Makes the ledger, not yet in its place, and perhaps a key, which is to be kept before the ledger comes there.
    pub(super) fn found(
        &self,
        target: &Folder,
        keep_key: bool,
        context: &mut Context<'_, '_>,
    ) -> Result<(Fresh, KeyFile), Failure> {
        let target = &if self.shared { target.clone().for_group() } else { target.clone() };
        // What would fail is told before a key is made for it.
        StagedLedger::check_free(target)?;
        let now = Clock::from(context.around.now).now()?;
        if let Some(origin) = &self.origin {
            context.memory().check_name(origin, target)?;
        }
        let recovery = self.recovery.as_deref().map(|file| recovery_file(file, target, context)).transpose()?;
        context.say_held(target)?;
        let (key, made) = context.key_or_new(self.key.as_ref(), self.recorder.as_str(), keep_key)?;
        let seed = (context.around.entropy)()?;
        let held = self.log_holder(target, &seed, context)?;
        let origin = match held.as_ref().map(|(origin, ..)| origin).or(self.origin.as_ref()) {
            Some(origin) => origin.clone(),
            None => local_origin(&std::path::absolute(target.path())?, &seed),
        };
        let mut files = Vec::new();
        let mut further = FurtherKeys { log_key: held.as_ref().map(|(_, holder, _)| holder), recovery: None };
        if let Some(file) = recovery {
            let seed = (context.around.entropy)()?;
            further.recovery = Some(SigningKey::from_seed(&seed).public());
            files.push(NewKey::Recovery { file, seed, comment: recovery_comment(&origin) });
        }
        let founding = NewLedger { origin, recorder: self.recorder.clone(), log_key_seed: &seed, now };
        let founded = StagedLedger::with_keys(target, founding, &further, &key, &context.access("init"))?;
        let log_key = match held {
            None => Some(std::path::absolute(target.log_key())?),
            Some((_, LogHolder::File { file, signer }, is_new)) => {
                if is_new {
                    files.push(NewKey::Log { file: file.clone(), text: signer.to_secret_text() });
                }
                Some(file)
            }
            Some((_, LogHolder::Agent(_), _)) => None,
        };
        let recorder = context.key_path(self.key.as_ref())?;
        let option = |file: &PathBuf| format!(" --key {}", shell_word(&file.to_string_lossy()));
        let named = self.key.as_ref().map_or_else(String::new, option);
        Ok((Fresh { founded, made, files, recorder, named, log_key }, key))
    }

    /// Whoever is to sign for the log elsewhere than in the ledger's folder, with the log's name, and whether the key is still to
    /// be written.
    fn log_holder(
        &self,
        target: &Folder,
        seed: &[u8; 32],
        context: &Context<'_, '_>,
    ) -> Result<Option<(Origin, LogHolder, bool)>, Failure> {
        let Some(name) = context.log_key_name(self.log_key.as_ref()) else { return Ok(None) };
        let origin_by = |key: &Vkey| match &self.origin {
            Some(origin) => Ok::<_, Failure>(origin.clone()),
            None => Ok(local_origin_of(&std::path::absolute(target.path())?, key)),
        };
        context.new_log_holder(&name, seed, origin_by, self.origin.as_ref()).map(Some)
    }
}

/// The file of a recovery key, if one can be written there.
fn recovery_file(file: &Path, target: &Folder, context: &Context<'_, '_>) -> Result<PathBuf, Failure> {
    let path = context.around.path(file);
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(Exit::CouldNot, format!("{} is there already", file.display()))
            .hint("name a file that is not there yet with --recovery"));
    }
    if std::path::absolute(&path)?.starts_with(std::path::absolute(target.path())?) {
        return Err(Failure::new(Exit::Misuse, "a recovery key in the ledger's own folder would be lost with it")
            .hint("name a file elsewhere with --recovery: on a stick, or where another machine's disk is"));
    }
    Ok(path)
}

/// What a recovery key says of itself, to whoever finds it in ten years.
fn recovery_comment(origin: &Origin) -> String {
    format!(
        "recovery key of the ledger {origin}: an admin's, to be kept elsewhere; `servanda key add` and `servanda key replace-log` take it with --key"
    )
}

impl Fresh {
    /// Moves the ledger into its place, after the keys that come with it were written; and tells what is to be copied.
    pub(super) fn settle(self, context: &mut Context<'_, '_>) -> Result<(Folder, String), Failure> {
        context.keep_made(self.made)?;
        let mut written = Vec::new();
        let settled = self.files.iter().try_for_each(|file| file.write(&mut written));
        let settled = settled.and_then(|()| context.settle_founded(self.founded));
        let folder = settled.inspect_err(|_| {
            // Without the ledger they are of no use.
            for file in &written {
                let _ = std::fs::remove_file(file);
            }
        })?;
        let path = shell_word(&context.shown_path(&folder));
        let files = [(Some(&self.recorder), self.named.as_str()), (self.log_key.as_ref(), " --log-key")];
        let files = files.into_iter().filter_map(|(file, option)| Some((shown_file(file?), option)));
        let files: Vec<(String, &str)> = files.collect();
        let width = files.iter().map(|(file, _)| file.chars().count()).max().unwrap_or_default();
        let mut text = "\nCopy these files elsewhere, since they are in no backup; and then say so:\n".to_owned();
        for (file, option) in files {
            text += &format!("  {file:<width$}   servanda --ledger {path} key copied{option}\n");
        }
        for file in &self.files {
            if let NewKey::Recovery { file, .. } = file {
                let file = shown_file(file);
                text += &format!("Take the recovery key away, for the day on which these are lost:\n  {file}\n");
            }
        }
        Ok((folder, text))
    }
}

fn shown_file(file: &Path) -> String {
    shown(&file.to_string_lossy()).into_owned()
}

impl NewKey {
    fn write(&self, written: &mut Vec<PathBuf>) -> Result<(), Failure> {
        match self {
            Self::Log { file, text } => {
                create_secret(file, text)?;
                written.push(file.clone());
            }
            Self::Recovery { file, seed, comment } => {
                KeyFile::create(file, seed, comment)?;
                let mut public = file.clone().into_os_string();
                public.push(".pub");
                written.extend([file.clone(), public.into()]);
            }
        }
        Ok(())
    }
}
