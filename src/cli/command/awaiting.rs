//! `servanda awaiting`

use clap::Args;

use crate::cli::arguments::recorder;
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{Page, review, words};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::id::Recorder;
use crate::query::review::{Awaiting as AwaitingAnswer, Suspect, UnderReview, awaiting};

/// The most suspect events that are listed for people.
const SHOWN_SUSPECTS: usize = 40;

/// Show what awaits reviewers, and what somebody else may have signed
///
/// What awaits reviewers counts in no answer. What was signed with a key that was in other hands counts, and is marked as suspect until it is reaffirmed: by whoever is the recorder, since a batch does not say with which of several keys it was signed.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda awaiting
  servanda awaiting --reviewer boris         what boris has not spoken of")]
pub(in crate::cli) struct Awaiting {
    /// Only what this reviewer can speak of, and has not
    #[arg(long, value_name = "NAME", value_parser = recorder)]
    reviewer: Option<Recorder>,
}

impl Awaiting {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let answer = awaiting(&context.read("awaiting", None, &[])?.snapshot, self.reviewer.as_ref());
        context.answer(&answer)?;
        Ok(Exit::Done)
    }
}

impl Answer for AwaitingAnswer {
    const ITEMS: &'static str = "awaiting";

    fn table(&self, screen: Screen) -> String {
        let whom = self.reviewer.as_ref().map_or_else(|| "reviewers".to_owned(), ToString::to_string);
        let mut page = Page::new(screen, &format!("Awaiting {whom}"));
        if self.awaiting.is_empty() {
            page.line("nothing");
        }
        page.section("", &under_review(&self.awaiting));
        let row = |of: &Suspect| {
            let key = format!("{}'s, revoked by event {}", of.recorder, of.revoked_by);
            (Tone::Unsure, vec![of.what.clone(), key, of.event.to_string()])
        };
        let rows = self.suspect.iter().take(SHOWN_SUSPECTS).map(row).collect();
        page.section("Suspect, until reaffirmed", &Sheet { header: vec!["WHAT", "KEY", "EVENT"], rows });
        if let Some(more) = self.suspect.len().checked_sub(SHOWN_SUSPECTS).filter(|more| *more > 0) {
            page.line(&format!("… and {more} more; --json has all"));
        }
        page.end(&self.position)
    }

    fn sheet(&self) -> Sheet {
        sheet(&self.awaiting)
    }
}

/// Announcements that reviewers speak of, for people.
pub(super) fn under_review(announcements: &[UnderReview]) -> Sheet {
    let row = |of: &UnderReview| {
        let cells = vec![
            words(of.date.as_ref()),
            of.what.clone(),
            of.recorder.to_string(),
            review(&of.review),
            of.event.to_string(),
        ];
        (Tone::Unsure, cells)
    };
    let header = vec!["WHEN", "WHAT", "RECORDED BY", "REVIEWERS", "EVENT"];
    Sheet { header, rows: announcements.iter().map(row).collect() }
}

/// The same for spreadsheets.
pub(super) fn sheet(announcements: &[UnderReview]) -> Sheet {
    let row = |of: &UnderReview| {
        let cells = vec![
            of.event.to_string(),
            of.id.clone(),
            of.kind.to_string(),
            of.date.as_ref().map(ToString::to_string).unwrap_or_default(),
            of.what.clone(),
            of.recorder.to_string(),
            of.review.state.to_string(),
            of.review.needed.to_string(),
            of.review.confirmed.to_string(),
        ];
        (Tone::Plain, cells)
    };
    Sheet {
        header: vec!["event", "id", "kind", "date", "what", "recorder", "state", "needed", "confirmed"],
        rows: announcements.iter().map(row).collect(),
    }
    .with_days(dates!["date"])
}
