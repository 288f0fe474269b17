//! `servanda certify`

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::day;
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::domain::day::Day;
use crate::exchange::json_line::json_line;
use crate::query::certificate::certify;

/// Write an answer that can be checked without the ledger: events, rule, evidence and proofs in one file
///
/// The file has the events that the answer rests on, each with a proof that it is in the log, under one checkpoint. `servanda check` derives the answer from it again, with the log's key alone. It cannot show that no other event of the log, or a later one, changes the answer.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda certify pakistan ilrs --on 2023-10-19 > pakistan.certificate
  servanda certify azerbaijan ilrs --on 2023-10-05 --output azerbaijan.certificate")]
pub(in crate::cli) struct Certify {
    /// The party's id, or another of its names
    party: String,
    /// The agreement's id, or another of its names
    agreement: String,
    /// The day; also today or yesterday [default: today, where you are]
    #[arg(long, value_name = "DATE", value_parser = day)]
    on: Option<Day>,
    /// Write to this file, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Certify {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let on = self.on.unwrap_or(context.around.today().day);
        let log = context.read_log("certify")?;
        let snapshot = log.hashed_snapshot()?;
        let checkpoint = context.newest_checkpoint(&log)?;
        let certificate = certify(&log, &checkpoint, &snapshot, (&self.party, &self.agreement, on));
        let certificate = certificate.map_err(|error| match error {
            crate::query::certificate::CertifyError::Query(error) => error.into(),
            other => Failure::new(Exit::CouldNot, other.to_string()),
        })?;
        drop(log);
        let text = json_line(&certificate);
        context.export(self.output.as_deref(), |out| out.write_all(text.as_bytes()))?;
        Ok(Exit::Done)
    }
}
