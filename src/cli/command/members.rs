//! `servanda members`

use std::cmp::Reverse;

use clap::Args;

use crate::cli::arguments::word;
use crate::cli::as_of::{Asking, seen_from};
use crate::cli::command::awaiting::under_review;
use crate::cli::days::dates;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::{Page, counted, numbers, status, tone, words};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::party::{Country, PartyType};
use crate::domain::window::Certainty;
use crate::query::Status;
use crate::query::members::{Counts, Member, Members as MembersAnswer, Question, members};

/// Show who is what to an agreement on a day
///
/// With imprecise dates a party is certainly, possibly or not a member. A day is looked at on three clocks: when it held (--on), when it was announced (--announced-by) and when this ledger knew (--recorded-by).
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda members ilrs --on 2023-10-19
  servanda members ilrs --on 2023-10-19 --announced-by 2023-10-19
  servanda members ilrs --type state --json")]
pub(in crate::cli) struct Members {
    #[command(flatten)]
    parties: Parties,
}

/// Which parties of which agreement, on a day.
#[derive(Debug, Args)]
pub(super) struct Parties {
    /// The agreement's id, or another of its names
    agreement: String,
    #[command(flatten)]
    asking: Asking,
    /// Only parties of this type, such as state
    #[arg(long, value_name = "TYPE", value_parser = party_type)]
    r#type: Option<PartyType>,
    /// Show former parties, and those that are nothing to it, too
    #[arg(long)]
    all: bool,
}

impl Members {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let answer = self.parties.answer(context, "members")?;
        context.answer(&answer)?;
        Ok(Exit::Done)
    }
}

impl Parties {
    /// Who they are, as that command asks it.
    pub(super) fn answer(&self, context: &Context<'_, '_>, command: &str) -> Result<MembersAnswer, Failure> {
        let at = self.asking.standpoint(context);
        let question = Question { at, party_type: self.r#type, all: self.all };
        let reading = context.read(command, Some(&self.agreement), &[at.known])?;
        Ok(members(&reading.snapshot, &self.agreement, question)?)
    }
}

/// A type of parties, on the command line.
pub(super) fn party_type(text: &str) -> Result<PartyType, String> {
    word(PartyType::ALL, text)
}

impl Answer for MembersAnswer {
    const ITEMS: &'static str = "members";

    fn table(&self, screen: Screen) -> String {
        let mut page =
            Page::new(screen, &format!("{} ({}) on {}", self.title, self.agreement, seen_from(&self.vantage, screen)));
        if self.members.is_empty() {
            page.line("\nno party is recorded for these conditions");
        }
        page.section("", &people(&self.members));
        page.section("Awaiting reviewers, and not counted", &under_review(&self.awaiting));
        page.line("");
        page.line(&count(self.counts));
        if self.members.iter().any(|member| member.until.is_some()) {
            page.line("UNTIL is the first day on which it no longer is");
        }
        let nobody = self.counts.certain + self.counts.possible == 0;
        if nobody && self.members.iter().any(|member| member.status == Status::Contracting) {
            page.line("whoever is contracting becomes a member when the agreement is in force; see `servanda template milestone`");
        }
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        // A table that is kept says of what and of when it is.
        let mut sheet = sheet(&self.members);
        sheet.header.splice(..0, ["agreement", "on"]);
        for (_, cells) in &mut sheet.rows {
            cells.splice(..0, [self.agreement.clone(), self.vantage.on.to_string()]);
        }
        sheet
    }
}

/// How many are members, in words.
pub(super) fn count(counts: Counts) -> String {
    let all = counted(counts.certain + counts.possible, "member", "members");
    format!("{all}: {} certainly, {} possibly", counts.certain, counts.possible)
}

/// Rows for spreadsheets.
pub(super) fn sheet(members: &[Member]) -> Sheet {
    let row = |member: &Member| {
        let text = |date: &Option<Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
        let events: Vec<String> = member.events.iter().map(u64::to_string).collect();
        let statements: Vec<String> =
            member.statements.iter().map(|statement| format!("{}:{}", statement.act, statement.event)).collect();
        let cells = vec![
            member.party.clone(),
            member.name.clone(),
            member.r#type.to_string(),
            code(member.country.as_ref(), Country::alpha_2),
            code(member.country.as_ref(), Country::alpha_3),
            member.status.to_string(),
            member.certainty.to_string(),
            member.at_least.to_string(),
            member.role.map(|role| role.to_string()).unwrap_or_default(),
            text(&member.since),
            text(&member.until),
            member.effect_assumed.to_string(),
            member.disputed.to_string(),
            numbers(&member.disagree),
            member.standing.to_string(),
            member.without_evidence.to_string(),
            member.suspect.to_string(),
            statements.join(" "),
            events.join(" "),
        ];
        (Tone::Plain, cells)
    };
    Sheet {
        header: vec![
            "party",
            "name",
            "type",
            "alpha_2",
            "alpha_3",
            "status",
            "certainty",
            "at_least",
            "role",
            "since",
            "until",
            "effect_assumed",
            "disputed",
            "disagree",
            "standing",
            "without_evidence",
            "suspect",
            "statements",
            "events",
        ],
        rows: members.iter().map(row).collect(),
    }
    .with_days(dates!["since", "until"])
}

/// A code of ISO 3166, where a party has a country.
pub(super) fn code(country: Option<&Country>, of: fn(&Country) -> Option<&str>) -> String {
    country.and_then(of).unwrap_or_default().to_owned()
}

/// Rows for people, the highest status first, those that only may hold it apart.
pub(super) fn people(members: &[Member]) -> Sheet {
    let mut rows: Vec<&Member> = members.iter().collect();
    rows.sort_by_key(|row| (row.certainty == Certainty::Possible, Reverse(row.status), row.name.clone()));
    let (certain, possible): (Vec<&Member>, Vec<&Member>) =
        rows.into_iter().partition(|row| row.certainty != Certainty::Possible);
    let header = vec!["PARTY", "NAME", "STATUS", "SINCE", "UNTIL", "EVENTS"];
    let line = |words: &str| {
        let mut cells = vec![String::new(); header.len()];
        words.clone_into(&mut cells[0]);
        (Tone::Quiet, cells)
    };
    let apart = (!certain.is_empty() && !possible.is_empty()).then(|| [line(""), line("perhaps:")]);
    let mut all: Vec<(Tone, Vec<String>)> = certain.into_iter().map(cells).collect();
    all.extend(apart.into_iter().flatten());
    all.extend(possible.into_iter().map(cells));
    Sheet { header, rows: all }
}

/// A row for people: what is unsure, reported or disputed is said in words, and coloured besides.
fn cells(member: &Member) -> (Tone, Vec<String>) {
    let cells = vec![
        member.party.clone(),
        member.name.clone(),
        status(member),
        words(member.since.as_ref()),
        words(member.until.as_ref()),
        numbers(&member.events),
    ];
    (tone(member), cells)
}
