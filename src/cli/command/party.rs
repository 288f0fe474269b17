//! `servanda party`

use clap::Args;

use crate::cli::as_of::{Asking, seen_from};
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{self, Claims, Page, Unfold, Unfolding, numbers, status, tone, words};
use crate::cli::screen::{Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::query::party::{Named, Participation, PartyPage, party};

/// Show everything about a party on a day
///
/// What it is to each agreement, through whom, what it gives, what is expected of it, who signed, and on whose word. What its agencies are stands apart: it is theirs.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda party pakistan
  servanda party pakistan --on 2023-10-19 --announced-by 2023-10-19
  servanda party SUPARCO --json")]
pub(in crate::cli) struct Party {
    /// The party's id, or another of its names
    #[arg(value_name = "PARTY")]
    subject: String,
    #[command(flatten)]
    asking: Asking,
    /// Give every claim of a fact a line, beneath the one that decides
    #[arg(long)]
    claims: bool,
}

impl Party {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("party", None, &[at.known])?;
        let answer = party(&reading.snapshot, &self.subject, at)?;
        context.answer(&Unfolding { answer, claims: Claims::wanted(self.claims) })?;
        Ok(Exit::Done)
    }
}

impl Unfold for PartyPage {
    const ITEMS: &'static str = "agreements";

    fn table(&self, screen: Screen, claims: Claims) -> String {
        let mut page = Page::new(
            screen,
            &format!("{} ({}), {}, on {}", self.name, self.party, self.r#type, seen_from(&self.vantage, screen)),
        );
        let named = |named: &Named| format!("{} ({})", named.name, named.party);
        page.fact("acts for", &self.acts_for.as_ref().map(named).unwrap_or_default());
        page.fact("agencies", &self.agents.iter().map(named).collect::<Vec<_>>().join(", "));
        page.fact("country", self.country.as_deref().unwrap_or_default());
        page.fact("also known as", &self.also_known_as.join(", "));
        if self.agreements.is_empty() {
            page.line("it is nothing to any agreement by then");
        }
        page.section("Agreements", &participations(&self.agreements, Whose::Own));
        page.section("Agreements of its agencies", &participations(&self.through_agents, Whose::OfAgents));
        page.section("Through it, for others", &self.through());
        page.section("Contributions", &page::contributions(&self.contributions));
        page.section("Expected", &page::prospects(&self.prospects));
        page.section("Signatories", &page::signatories(&self.signatories));
        page.section("What happened", &page::history(&self.history, claims));
        page.section("Sources", &page::sources(&self.sources));
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let all = self.agreements.iter().chain(&self.through_agents);
        let row = |of: &Participation| {
            let text =
                |date: &Option<crate::domain::date::Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
            let cells = vec![
                of.row.party.clone(),
                of.agreement.clone(),
                of.title.clone(),
                of.row.status.to_string(),
                of.row.certainty.to_string(),
                of.row.role.map(|role| role.to_string()).unwrap_or_default(),
                text(&of.row.since),
                text(&of.row.until),
                numbers(&of.row.disagree),
                numbers(&of.row.events),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec![
                "party",
                "agreement",
                "title",
                "status",
                "certainty",
                "role",
                "since",
                "until",
                "disagree",
                "events",
            ],
            rows: all.map(row).collect(),
        }
        .with_days(dates!["since", "until"])
    }
}

impl PartyPage {
    fn through(&self) -> Sheet {
        let row = |of: &crate::query::party::Through| {
            (Tone::Plain, vec![of.party.clone(), of.agreement.clone(), of.event.to_string()])
        };
        Sheet { header: vec!["PARTY", "AGREEMENT", "EVENT"], rows: self.for_others.iter().map(row).collect() }
    }
}

/// Whose participations a table lists.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Own,
    OfAgents,
}

fn participations(participations: &[Participation], whose: Whose) -> Sheet {
    let row = |of: &Participation| {
        let party = if whose == Whose::Own { String::new() } else { of.row.name.clone() };
        let cells = vec![
            party,
            of.title.clone(),
            status(&of.row),
            words(of.row.since.as_ref()),
            words(of.row.until.as_ref()),
            numbers(&of.row.events),
        ];
        (tone(&of.row), cells)
    };
    Sheet {
        header: vec!["AGENCY", "AGREEMENT", "STATUS", "SINCE", "UNTIL", "EVENTS"],
        rows: participations.iter().map(row).collect(),
    }
}
