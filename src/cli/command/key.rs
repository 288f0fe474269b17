//! `servanda key`

mod change;
mod copied;

use clap::{Args, Subcommand};

use crate::cli::failure::Exit;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::event::Snapshot;
use crate::ledger::state::authority::Authority;
use crate::query::keys::{Key as KeyAnswer, Keys, keys};

/// Show who may record, change that, and export the keys for other tools
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda key show
  servanda key export > allowed_signers      for ssh-keygen -Y verify -f")]
pub(in crate::cli) struct Key {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the recorders' keys and the log's own
    Show,
    /// Print the keys as OpenSSH's allowed_signers, with the times between which they may sign
    Export,
    Add(change::Add),
    Replace(change::Replace),
    Revoke(change::Revoke),
    ReplaceLog(change::ReplaceLog),
    Copied(copied::Copied),
}

impl Key {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Show => {
                let reading = context.read("key", None, &[])?;
                let keys = shown(&reading.snapshot, context);
                context.answer(&keys)?;
            }
            What::Export => {
                let keys = keys(&context.read("key", None, &[])?.snapshot);
                context.print(&keys.allowed_signers())?;
            }
            What::Add(add) => return add.run(context),
            What::Replace(replace) => return replace.run(context),
            What::Revoke(revoke) => return revoke.run(context),
            What::ReplaceLog(replace) => return replace.run(context),
            What::Copied(copied) => return copied.run(context),
        }
        Ok(Exit::Done)
    }
}

/// The keys, with those at risk as far as the account knows.
fn shown(snapshot: &Snapshot, context: &Context<'_, '_>) -> Keys {
    Keys { at_risk: context.key_risks(&Authority::of(&snapshot.events)), ..keys(snapshot) }
}

impl Answer for Keys {
    const ITEMS: &'static str = "keys";

    fn table(&self, screen: Screen) -> String {
        let row = |key: &KeyAnswer| {
            let state = match key.revoked {
                Some(revoked) => format!("revoked by event {}", revoked.event),
                None => format!("since event {}", key.added.event),
            };
            let tone = if key.revoked.is_some() { Tone::Quiet } else { Tone::Plain };
            (tone, vec![key.recorder.to_string(), roles(key), key.fingerprint.clone(), state])
        };
        let sheet =
            Sheet { header: vec!["RECORDER", "ROLES", "KEY", "STATE"], rows: self.keys.iter().map(row).collect() };
        let log_key = self.log_key.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut text = format!("{}\nlog key  {log_key}\n", screen.table(&sheet, "no keys"));
        for risk in &self.at_risk {
            text +=
                &format!("\nat risk  {}\n         {}\n", screen.beside(9, &risk.what), screen.beside(9, &risk.hint));
        }
        text
    }

    fn sheet(&self) -> Sheet {
        let row = |key: &KeyAnswer| {
            let cells = vec![
                key.recorder.to_string(),
                roles(key),
                key.key.to_string(),
                key.fingerprint.clone(),
                key.added.event.to_string(),
                key.revoked.map(|revoked| revoked.event.to_string()).unwrap_or_default(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["recorder", "roles", "key", "fingerprint", "added", "revoked"],
            rows: self.keys.iter().map(row).collect(),
        }
    }
}

fn roles(key: &KeyAnswer) -> String {
    key.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}
