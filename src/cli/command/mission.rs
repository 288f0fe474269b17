//! `servanda mission`

use clap::Args;

use crate::cli::as_of::{Asking, seen_from};
use crate::cli::command::agreement::milestones;
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{self, Claims, Page, Unfold, Unfolding, numbers};
use crate::cli::screen::{Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::query::contributions::ContributionState;
use crate::query::mission::{MissionPage, mission};

/// Show everything about a mission on a day
///
/// Who gives what to it and how far that has come, its milestones, and on whose word.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda mission change-6
  servanda mission prss-1 --on 2018-12-31 --json")]
pub(in crate::cli) struct Mission {
    /// The mission's id, or another of its names
    #[arg(value_name = "MISSION")]
    subject: String,
    #[command(flatten)]
    asking: Asking,
    /// Give every claim of a fact a line, beneath the one that decides
    #[arg(long)]
    claims: bool,
}

impl Mission {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("mission", None, &[at.known])?;
        let answer = mission(&reading.snapshot, &self.subject, at)?;
        context.answer(&Unfolding { answer, claims: Claims::wanted(self.claims) })?;
        Ok(Exit::Done)
    }
}

impl Unfold for MissionPage {
    const ITEMS: &'static str = "contributions";

    fn table(&self, screen: Screen, claims: Claims) -> String {
        let title = format!("{} ({}), mission, on {}", self.title, self.mission, seen_from(&self.vantage, screen));
        let mut page = Page::new(screen, &title);
        let programme = self.programme.as_ref().map(|of| format!("{} ({})", of.title, of.agreement));
        page.fact("programme", &programme.unwrap_or_default());
        page.fact("also known as", &self.also_known_as.join(", "));
        page.section("Contributions", &page::contributions(&self.contributions));
        page.section("Milestones", &milestones(&self.milestones));
        page.section("Expected", &page::prospects(&self.prospects));
        page.section("What happened", &page::history(&self.history, claims));
        page.section("Sources", &page::sources(&self.sources));
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |of: &ContributionState| {
            let text =
                |date: &Option<crate::domain::date::Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
            let cells = vec![
                of.party.clone(),
                of.mission.clone(),
                of.item.clone(),
                of.item_type.to_string(),
                of.stage.to_string(),
                of.certainty.to_string(),
                text(&of.occurred),
                text(&of.expected),
                of.with.join(" "),
                numbers(&of.events),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec![
                "party",
                "mission",
                "item",
                "type",
                "stage",
                "certainty",
                "occurred",
                "expected",
                "with",
                "events",
            ],
            rows: self.contributions.iter().map(row).collect(),
        }
        .with_days(dates!["occurred", "expected"])
    }
}
