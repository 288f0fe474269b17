//! `servanda clock`

use clap::{Args, Subcommand};

use crate::cli::administer::{AdminKey, conclude, unrecorded};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::Page;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Kind;
use crate::domain::timestamp::Timestamp;
use crate::event::effective::Corrections;
use crate::event::snapshot::Recorded;
use crate::ledger::{self, Ledger};
use crate::query::clock::{ClockAnswer, ClockCorrection, clock};
use crate::query::records::find;
use crate::query::{Known, RecordedBy};

/// Show which events were recorded under a wrong clock, and correct that
///
/// What follows an event is recorded no earlier than it. Where the clock was ahead once, nobody can append until that time, unless an admin says that it was wrong.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda clock show
  servanda clock correct --reason \"The machine came back with a wrong clock\"")]
pub(in crate::cli) struct Clock {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show which events lie ahead of the clock, and what was corrected
    Show,
    Correct(Correct),
}

/// Say that events bear times that were wrong, and go on from the clock as it is
///
/// They count as recorded no later than this, in every question about what was known when; their bytes stay, and an answer by the position of an event never changes. It needs an admin's key, and a clock that is right.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda clock correct --reason \"The machine came back with a wrong clock\"
  servanda clock correct --from 41 --reason \"The clock was ahead while this was recorded\"")]
struct Correct {
    /// The first event whose time was wrong: its position, its announcement's id, or 8 or more digits of its hash [default: the first that lies ahead of the clock]
    #[arg(long, value_name = "EVENT")]
    from: Option<String>,
    /// How the clock came to be wrong, in words that stay in the ledger for ever
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Correct it though an event among those rests on a source of a day that the clock has not reached: the clock is right
    #[arg(long)]
    clock_is_right: bool,
    #[command(flatten)]
    admin: AdminKey,
}

impl Clock {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Show => {
                let now = context.around.now;
                let by_now = Known { recorded_by: Some(RecordedBy::At(now)), ..Known::default() };
                let answer = clock(&context.read("clock", None, &[by_now])?.snapshot, now);
                context.answer(&answer)?;
                Ok(Exit::Done)
            }
            What::Correct(correct) => correct.run(context),
        }
    }
}

impl Correct {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        let mut ledger = context.open_to_write("clock", &folder)?;
        let signer = self.admin.read(context)?;
        let seq = |which: &String| Ok::<_, Failure>(find(ledger.snapshot(), which)?.seq);
        let from = self.from.as_ref().map(seq).transpose()?;
        let now = context.around.now;
        say_what_moves(&ledger, from, now, context);
        let said = if self.clock_is_right { ledger::Clock::said_to_be_right(now) } else { now.into() };
        let made = ledger.correct_clock(from, &self.reason, &signer, said).map_err(unrecorded)?;
        conclude((ledger, &folder), &[(Kind::ClockCorrected.as_str(), made)], |snapshot| clock(snapshot, now), context)
    }
}

/// Says which events would count as recorded at another time, before anybody signs that.
fn say_what_moves(ledger: &Ledger, from: Option<u64>, now: Timestamp, context: &mut Context<'_, '_>) {
    let corrections = Corrections::of(ledger.events());
    let recorded = |event: &Recorded| corrections.recorded(event);
    let is_meant = |event: &&Recorded| from.is_none_or(|from| event.seq >= from) && recorded(event) > now;
    let first = ledger.events().iter().find(is_meant);
    if let Some((first, last)) = first.zip(ledger.events().last()) {
        context.say(&format!(
            "by the clock it is {now}: the events {}–{}, recorded from {} to {}, are to count as recorded then\n",
            first.seq,
            last.seq,
            recorded(first),
            recorded(last)
        ));
    }
}

impl Answer for ClockAnswer {
    const ITEMS: &'static str = "corrections";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, "Clock");
        page.fact("now", &self.now.to_string());
        page.fact("newest event", &self.newest.map(|newest| newest.to_string()).unwrap_or_default());
        if let Some(from) = self.ahead_from {
            page.line(&format!(
                "The events from {from} on were recorded later than now. If the clock is right, an admin can go on with `servanda clock correct --reason TEXT`."
            ));
        }
        let row = |of: &ClockCorrection| {
            let events = format!("{}–{}", of.from, of.event.saturating_sub(1));
            (Tone::Plain, vec![events, of.recorded.to_string(), of.reason.clone(), of.event.to_string()])
        };
        let rows = self.corrections.iter().map(row).collect();
        page.section("Corrected", &Sheet { header: vec!["EVENTS", "NO LATER THAN", "WHY", "EVENT"], rows });
        page.end(&self.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |of: &ClockCorrection| {
            let cells = vec![
                of.event.to_string(),
                of.from.to_string(),
                of.recorded.to_string(),
                of.recorder.to_string(),
                of.reason.clone(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["event", "from", "recorded", "recorder", "reason"],
            rows: self.corrections.iter().map(row).collect(),
        }
    }
}
