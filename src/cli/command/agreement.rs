//! `servanda agreement`

use clap::Args;

use crate::cli::as_of::{Asking, seen_from};
use crate::cli::command::counts::counted_for;
use crate::cli::command::members;
use crate::cli::failure::Exit;
use crate::cli::page::{self, Claims, Page, Unfold, Unfolding};
use crate::cli::screen::{Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Standing;
use crate::query::agreement::{AgreementPage, MilestoneEntry, Published, StatementEntry, Titled, agreement};
use crate::query::sentence::milestone_in_words;

/// Show everything about an agreement on a day
///
/// Its parties, what happened to it, reservations, numbers that others published, what is expected, who signed, and on whose word.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda agreement ilrs
  servanda agreement ilrsco --on 2023-10-21
  servanda agreement ilrs --json")]
pub(in crate::cli) struct Agreement {
    /// The agreement's id, or another of its names
    #[arg(value_name = "AGREEMENT")]
    subject: String,
    #[command(flatten)]
    asking: Asking,
    /// Give every claim of a fact a line, beneath the one that decides
    #[arg(long)]
    claims: bool,
}

impl Agreement {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("agreement", None, &[at.known])?;
        let answer = agreement(&reading.snapshot, &self.subject, at)?;
        context.answer(&Unfolding { answer, claims: Claims::wanted(self.claims) })?;
        Ok(Exit::Done)
    }
}

impl Unfold for AgreementPage {
    const ITEMS: &'static str = "members";

    fn table(&self, screen: Screen, claims: Claims) -> String {
        let mut page = Page::new(
            screen,
            &format!("{} ({}), {}, on {}", self.title, self.agreement, self.r#type, seen_from(&self.vantage, screen)),
        );
        let titled = |titled: &Titled| format!("{} ({})", titled.title, titled.agreement);
        page.fact("belongs to", &self.parent.as_ref().map(titled).unwrap_or_default());
        page.fact("has", &self.children.iter().map(titled).collect::<Vec<_>>().join(", "));
        page.fact("depositary", self.depositary.as_deref().unwrap_or_default());
        page.fact("about", &self.subjects.join(", "));
        page.fact("also known as", &self.also_known_as.join(", "));
        page.line(&members::count(self.counts));
        page.section("Parties", &members::people(&self.members));
        page.section("Former parties", &members::people(&self.former));
        page.section("Milestones", &milestones(&self.milestones));
        page.section("Reservations, declarations and objections", &self.statements());
        page.section("Published numbers", &self.published());
        page.section("Expected", &page::prospects(&self.prospects));
        page.section("Signatories", &page::signatories(&self.signatories));
        page.section("What happened", &page::history(&self.history, claims));
        page.section("Sources", &page::sources(&self.sources));
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        members::sheet(&self.members)
    }
}

impl AgreementPage {
    fn statements(&self) -> Sheet {
        let row = |of: &StatementEntry| {
            let to = of.to.as_ref().map(|to| format!(" (to {to})")).unwrap_or_default();
            let cells = vec![
                of.name.clone(),
                format!("{}{to}", of.act),
                of.occurred.in_words(),
                of.summary.clone().unwrap_or_default(),
                of.event.to_string(),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec!["PARTY", "STATEMENT", "MADE", "WHAT", "EVENT"],
            rows: self.statements.iter().map(row).collect(),
        }
    }

    fn published(&self) -> Sheet {
        let row = |of: &Published| {
            (
                Tone::Plain,
                vec![
                    of.number.to_string(),
                    of.of.to_string(),
                    counted_for(of.on.as_ref(), of.during.as_ref()),
                    of.event.to_string(),
                ],
            )
        };
        Sheet { header: vec!["NUMBER", "OF", "ON", "EVENT"], rows: self.published.iter().map(row).collect() }
    }
}

/// Milestones, as on the pages of agreements and missions.
pub(super) fn milestones(milestones: &[MilestoneEntry]) -> Sheet {
    let row = |of: &MilestoneEntry| {
        let wording = of.wording.as_deref();
        let day = match (&of.occurred, &of.expected) {
            (Some(occurred), _) => page::dated(occurred, wording),
            (None, Some(expected)) => format!("expected {}", page::dated(expected, wording)),
            (None, None) => String::new(),
        };
        let reported = if of.standing == Standing::Reported { " (reported)" } else { "" };
        let disputed = if of.disputed { " (disputed)" } else { "" };
        let tone = if reported.is_empty() && disputed.is_empty() { Tone::Plain } else { Tone::Unsure };
        let what = milestone_in_words(of.act, of.what.as_deref());
        (tone, vec![day, format!("{what}{reported}{disputed}"), of.event.to_string()])
    };
    Sheet { header: vec!["WHEN", "WHAT", "EVENT"], rows: milestones.iter().map(row).collect() }
}
