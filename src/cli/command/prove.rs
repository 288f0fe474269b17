//! `servanda prove`

use std::path::PathBuf;

use clap::Args;

use crate::cli::command::checkpoint::kept;
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::ledger::state::authority::Authority;
use crate::query::records::find;
use crate::store::durable_file::replace_with;

/// Prove to others that an event is in the log, or that the log only grew
///
/// The proof is a file that `servanda check` and other people's tools check with the log's key and without the ledger. With --output the event's own bytes are written beside it, and whatever of its batch it takes to reach the signature.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda prove pakistan-joins-ilrs > pakistan.tlog-proof
  servanda prove 12 --output proofs")]
pub(in crate::cli) struct Prove {
    /// The event: its position, its announcement's id, or 8 or more digits of its hash
    #[arg(required_unless_present = "consistency")]
    event: Option<String>,
    /// Prove that the log of the second checkpoint goes on from that of the first, each by its number of events
    #[arg(long, value_names = ["OLD", "NEW"], num_args = 2, conflicts_with_all = ["event", "output", "checkpoint"])]
    consistency: Option<Vec<u64>>,
    /// Under this checkpoint, by its number of events [default: the newest]
    #[arg(long, value_name = "SIZE")]
    checkpoint: Option<u64>,
    /// Write the proof and the event into this folder, named by the event's position
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Prove {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let log = context.read_log("prove")?;
        let keys = Authority::of(&log.naming()?.events);
        if let Some([old, new]) = self.consistency.as_deref() {
            let [older, newer] = [*old, *new].map(|size| kept(&log, &keys, Some(size)));
            let proof = log.prove_consistency(&older?, &newer?)?;
            drop(log);
            context.print(&proof.text())?;
            return Ok(Exit::Done);
        }
        let named = self.event.as_deref().unwrap_or_default();
        let by_position = named.parse().ok().filter(|seq| *seq < log.len());
        let seq = match by_position {
            Some(seq) => seq,
            None => find(&Context::read_hashed(&log)?.snapshot, named)?.seq,
        };
        let proof = log.prove(seq, &kept(&log, &keys, self.checkpoint)?)?;
        let rest = if self.output.is_some() { log.rest_of_batch(seq)? } else { Vec::new() };
        drop(log);
        let Some(folder) = self.output else {
            context.print(&proof.file.text())?;
            return Ok(Exit::Done);
        };
        let folder = context.around.path(&folder);
        std::fs::create_dir_all(&folder)?;
        let mut files = vec![("tlog-proof", proof.file.text().into_bytes()), ("event", proof.event)];
        if !rest.is_empty() {
            files.push(("rest", rest.concat()));
        }
        for (ending, bytes) in files {
            let name = format!("{seq}.{ending}");
            replace_with(&folder.join(&name), |out| out.write_all(&bytes)).map_err(|error: std::io::Error| {
                Failure::new(Exit::CouldNot, format!("{name} cannot be written: {error}"))
            })?;
            context.say(&format!("wrote {name}\n"));
        }
        Ok(Exit::Done)
    }
}
