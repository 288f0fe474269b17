//! `servanda key copied`

use clap::Args;

use crate::cli::administer::AdminKey;
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::ledger::Signer;
use crate::ledger::state::authority::Authority;

use super::shown;

/// Say that there is a copy of a key elsewhere
///
/// Without it, `key show`, `verify` and `status` warn of a key whose loss could not be made good: an admin's that is the only one, and the log's own. It is kept for this account, by the key: one that takes its place is to be copied again. Nothing looks whether the copy is there.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda key copied                        the recorder's key
  servanda key copied --log-key              the log's own")]
pub(super) struct Copied {
    /// The log's own key
    #[arg(long, conflicts_with = "key")]
    log_key: bool,
    #[command(flatten)]
    key: AdminKey,
}

impl Copied {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if let Some(why) = context.account().why_not() {
            return Err(Failure::new(Exit::CouldNot, format!("that there is a copy cannot be kept: {why}")));
        }
        let reading = context.read("key", None, &[])?;
        let keys = Authority::of(&reading.snapshot.events);
        let (point, name) = if self.log_key {
            let key = keys.log_key().ok_or_else(|| Failure::new(Exit::CouldNot, "the log has no key"))?;
            (*key.point(), key.to_string())
        } else {
            let key = self.key.read(context)?.public();
            keys.recorder_of(&key).map_err(|fault| {
                Failure::new(Exit::No, fault.to_string())
                    .hint("`servanda key show` lists who may sign; name another key with --key FILE")
            })?;
            (*key.point(), key.fingerprint())
        };
        context.copied().say(&point, &name, context.around.now)?;
        let keys = shown(&reading.snapshot, context);
        context.answer(&keys)?;
        Ok(Exit::Done)
    }
}
