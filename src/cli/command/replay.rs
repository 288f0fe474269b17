//! `servanda replay`

use clap::Args;

use crate::cli::as_of::{Asking, seen_from};
use crate::cli::command::members;
use crate::cli::failure::Exit;
use crate::cli::page::{self, Page};
use crate::cli::screen::{Answer, Screen, Sheet};
use crate::cli::{Context, Outcome};
use crate::query::replay::{State, replay_telling};

/// Replay the history to a day: the whole state, as one document
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda replay --on 2023-10-19
  servanda replay --on 2023-10-19 --recorded-by 30 --json")]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    asking: Asking,
}

impl Replay {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("replay", None, &[at.known])?;
        let answer = context.meter("replay").run(|progress| replay_telling(&reading.snapshot, at, progress))?;
        context.answer_last(answer)?;
        Ok(Exit::Done)
    }
}

impl Answer for State {
    const ITEMS: &'static str = "agreements";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, &format!("The state on {}", seen_from(&self.vantage, screen)));
        let (told, untold): (Vec<_>, Vec<_>) = self.agreements.iter().partition(|of| !of.parties.is_empty());
        for agreement in told {
            let heading = format!("{} ({}), {}", agreement.title, agreement.id, members::count(agreement.counts));
            page.section(&heading, &members::people(&agreement.parties));
        }
        let contributions: Vec<_> = self.missions.iter().flat_map(|mission| mission.contributions.clone()).collect();
        page.section("Contributions to missions", &page::contributions(&contributions));
        page.section("Expected", &page::prospects(&self.prospects));
        if !untold.is_empty() {
            let ids: Vec<&str> = untold.iter().map(|agreement| agreement.id.as_str()).collect();
            page.line(&format!("\nwithout parties on that day: {}", ids.join(", ")));
        }
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let mut all = Sheet { header: vec!["agreement"], rows: Vec::new() };
        for agreement in &self.agreements {
            let sheet = members::sheet(&agreement.parties);
            all.header = std::iter::once("agreement").chain(sheet.header).collect();
            let with_agreement =
                |(tone, cells): (_, Vec<String>)| (tone, std::iter::once(agreement.id.clone()).chain(cells).collect());
            all.rows.extend(sheet.rows.into_iter().map(with_agreement));
        }
        all
    }
}
