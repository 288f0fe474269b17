//! `servanda prospects`

use clap::Args;

use crate::cli::as_of::{Asking, seen_from};
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{self, Page, counted, numbers};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::query::prospects::{Expected, ProspectState, Prospects as ProspectsAnswer, prospects};

/// Show what is expected, and whether it is due, overdue, met or has slipped
///
/// Prospects of parties, and milestones and contributions that have a day to come. Something has slipped when a later announcement put it off.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda prospects --on 2023-10-21
  servanda prospects ilrs
  servanda prospects ilrsco --on 2023-11-01 --json")]
pub(in crate::cli) struct Prospects {
    /// A party, agreement or mission, by its id or another of its names; everything, if none is given
    subject: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

impl Prospects {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("prospects", None, &[at.known])?;
        let answer = prospects(&reading.snapshot, self.subject.as_deref(), at)?;
        context.answer(&answer)?;
        Ok(Exit::Done)
    }
}

impl Answer for ProspectsAnswer {
    const ITEMS: &'static str = "prospects";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, &format!("What is expected, on {}", seen_from(&self.vantage, screen)));
        let overdue = self.prospects.iter().filter(|of| of.state == ProspectState::Overdue).count();
        let all = counted(self.prospects.len(), "expectation", "expectations");
        page.line(&format!("{all}, {overdue} overdue"));
        page.section("", &page::prospects(&self.prospects));
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |of: &Expected| {
            let text = |date: &Option<Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
            let moved: Vec<String> = of.moved_from.iter().map(|moved| text(&moved.due)).collect();
            let cells = vec![
                of.of.to_string(),
                of.parties.join(" "),
                of.agreement.clone().unwrap_or_default(),
                of.mission.clone().unwrap_or_default(),
                of.what.clone(),
                of.stage.clone().unwrap_or_default(),
                text(&of.due),
                of.state.to_string(),
                text(&of.met),
                moved.join(" "),
                of.slipped.to_string(),
                of.standing.to_string(),
                numbers(&of.events),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec![
                "of",
                "parties",
                "agreement",
                "mission",
                "what",
                "stage",
                "due",
                "state",
                "met",
                "moved_from",
                "slipped",
                "standing",
                "events",
            ],
            rows: self.prospects.iter().map(row).collect(),
        }
        .with_days(dates!["due", "met"])
    }
}
