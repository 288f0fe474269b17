//! `servanda attest`

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::cli::administer::{ClockSaid, conclude, unrecorded};
use crate::cli::command::awaiting::{sheet, under_review};
use crate::cli::failure::Failure;
use crate::cli::page::Page;
use crate::cli::screen::{Answer, Screen, Sheet};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Kind;
use crate::domain::governance::Verdict;
use crate::event::{Recorded, Snapshot};
use crate::ledger::KeyFile;
use crate::query::records::find;
use crate::query::review::{ReviewedAnswer, reviewed};

/// Confirm or reject announcements, as a reviewer
///
/// An announcement of a kind that takes reviewers counts when enough of them have confirmed it: others than who recorded it, each with the latest verdict. A rejection does not outweigh confirmations, and is shown wherever the announcement is. Each verdict is an event, and it needs a reviewer's key.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("verdict").required(true),
    before_help = "\
Examples:
  servanda attest 12 --confirm --key boris
  servanda attest 12 --reject --reason \"The source says that it may sign\" --key boris"
)]
pub(in crate::cli) struct Attest {
    /// The events: positions, announcements' ids, or 8 or more digits of hashes
    #[arg(required = true)]
    event: Vec<String>,
    /// Say that the evidence holds
    #[arg(long, group = "verdict")]
    confirm: bool,
    /// Say that the evidence does not hold
    #[arg(long, group = "verdict", requires = "reason")]
    reject: bool,
    /// Why, in words that stay in the ledger for ever; a rejection needs them
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The reviewer's key [default: the recorder's] [env: SERVANDA_KEY]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    clock: ClockSaid,
}

impl Attest {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        let mut ledger = context.open_to_write("attest", &folder)?;
        let signer = KeyFile::read(&context.key_path(self.key.as_ref())?)?;
        let verdict = if self.confirm { Verdict::Confirm } else { Verdict::Reject };
        let meant = |which: &String| Ok(find(ledger.snapshot(), which)?.seq);
        let events = self.event.iter().map(meant).collect::<Result<Vec<u64>, Failure>>()?;
        let mut made = Vec::new();
        for seq in &events {
            let own = ledger.attest(*seq, verdict, self.reason.as_deref(), &signer, self.clock.clock(context));
            made.push((Kind::Attestation.as_str(), own.map_err(unrecorded)?));
        }
        let answer = |snapshot: &Snapshot| {
            let events: Vec<&Recorded> = events.iter().filter_map(|seq| snapshot.event(*seq)).collect();
            reviewed(snapshot, &events)
        };
        conclude((ledger, &folder), &made, answer, context)
    }
}

impl Answer for ReviewedAnswer {
    const ITEMS: &'static str = "announcements";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, "With reviewers");
        page.section("", &under_review(&self.announcements));
        page.end(&self.position)
    }

    fn sheet(&self) -> Sheet {
        sheet(&self.announcements)
    }
}
