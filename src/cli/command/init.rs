//! `servanda init`

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::{Exit, Failure};
use crate::cli::place::shell_word;
use crate::cli::{Context, Outcome};
use crate::domain::id::{Origin, Recorder};
use crate::ledger::found::{Founded, Founding, local_origin};
use crate::ledger::{Clock, Folder, KeyFile};

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
  servanda init --ledger desk.servanda --recorder desk@ministry.example --key ~/.ssh/id_ed25519")]
pub(in crate::cli) struct Init {
    #[command(flatten)]
    names: NewLedger,
}

/// The names and the key of a new ledger.
#[derive(Debug, Args)]
pub(super) struct NewLedger {
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
}

impl NewLedger {
    /// Of a ledger that is there already, with the key that signs.
    pub(super) fn of_key(key: Option<PathBuf>) -> Self {
        let recorder = Recorder::parse("recorder").expect("the default is a recorder's name");
        Self { origin: None, recorder, key, shared: false }
    }
}

impl Init {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let target = context.ledger();
        let (founded, _) = self.names.found(&target, true, context)?;
        let origin = founded.ledger.origin().clone();
        let genesis = founded.ledger.head();
        let folder = context.settle_founded(founded)?;
        let path = context.shown_path(&folder);
        context.print(&format!("founded {path}: {origin}, genesis {}\n", genesis.hash))?;
        context.say(&format!(
            "
{KEEP_GENESIS}"
        ));
        let path = shell_word(&path);
        context.say(&format!("\nTry:\n  servanda template party\n  servanda --ledger {path} append FILE\n"));
        Ok(Exit::Done)
    }
}

impl NewLedger {
    /// Makes the ledger, not yet in its place.
    pub(super) fn found(
        &self,
        target: &Folder,
        keep_key: bool,
        context: &mut Context<'_, '_>,
    ) -> Result<(Founded, KeyFile), Failure> {
        let target = &if self.shared { target.clone().for_group() } else { target.clone() };
        // What would fail is told before a key is made for it.
        Founded::check_free(target)?;
        let now = Clock::from(context.around.now).now()?;
        if let Some(origin) = &self.origin {
            context.memory().check_name(origin, target)?;
        }
        context.say_held(target)?;
        let key = context.key_or_new(self.key.as_ref(), self.recorder.as_str(), keep_key)?;
        let seed = (context.around.entropy)()?;
        let origin = match &self.origin {
            Some(origin) => origin.clone(),
            None => local_origin(&std::path::absolute(target.path())?, &seed),
        };
        let founding = Founding { origin, recorder: self.recorder.clone(), log_key_seed: &seed, now };
        let founded = Founded::new(target, founding, &key, &context.access("init"))?;
        Ok((founded, key))
    }
}
