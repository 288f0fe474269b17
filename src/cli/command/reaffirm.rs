//! `servanda reaffirm`

use clap::Args;

use crate::cli::administer::{Admin, conclude, unrecorded};
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Kind;
use crate::ledger::Ledger;
use crate::query::records::find;
use crate::query::review::awaiting;

/// Say that what a compromised key signed is true all the same
///
/// Such events are marked as suspect until then, and a suspect verdict of a reviewer does not count. Of a range, what is not suspect is passed over. It needs an admin's key.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda reaffirm 59 --reason \"Compared with the source by two of us\"
  servanda reaffirm 59..75 --reason \"Compared with the sources by two of us\"")]
pub(in crate::cli) struct Reaffirm {
    /// The events: positions, announcements' ids, 8 or more digits of hashes, or a range of positions such as 59..75
    #[arg(required = true)]
    event: Vec<String>,
    /// Why, in words that stay in the ledger for ever
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    admin: Admin,
}

impl Reaffirm {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        let mut ledger = context.open_to_write("reaffirm", &folder)?;
        let signer = self.admin.key(context)?;
        let mut seqs = Vec::new();
        for which in &self.event {
            seqs.extend(meant(which, &ledger)?);
        }
        let made = ledger.reaffirm(&seqs, &self.reason, &signer, self.admin.clock(context)).map_err(unrecorded)?;
        let made: Vec<_> = made.into_iter().map(|own| (Kind::Reaffirmation.as_str(), own)).collect();
        conclude((ledger, &folder), &made, |snapshot| awaiting(snapshot, None), context)
    }
}

/// The events that are meant: one, or those of a range that are suspect.
fn meant(which: &str, ledger: &Ledger) -> Result<Vec<u64>, Failure> {
    let range = which.split_once("..").and_then(|(first, last)| first.parse().ok().zip(last.parse::<u64>().ok()));
    let Some((first, last)) = range else { return Ok(vec![find(ledger.snapshot(), which)?.seq]) };
    let suspect = awaiting(ledger.snapshot(), None).suspect;
    let found: Vec<u64> = suspect.iter().map(|of| of.event).filter(|event| (first..=last).contains(event)).collect();
    if found.is_empty() {
        return Err(Failure::new(Exit::No, format!("no event from {first} to {last} is suspect"))
            .hint("`servanda awaiting` lists what is suspect"));
    }
    Ok(found)
}
