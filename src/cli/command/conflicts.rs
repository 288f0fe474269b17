//! `servanda conflicts`

use clap::Args;

use crate::cli::arguments::word;
use crate::cli::as_of::{Asking, known};
use crate::cli::command::why::because;
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{Page, counted, numbers, words};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::date::Date;
use crate::domain::source::Grade;
use crate::domain::window::Certainty;
use crate::query::conflicts::weak::Weak;
use crate::query::conflicts::{Alternative, Answered, Conflict, Conflicts as ConflictsAnswer, Difference, conflicts};

/// Show claims that disagree, every source side by side, and acts that cannot follow
///
/// For each claim of a fact, what the answer on the day asked would be by it alone. Nothing is hidden: --prefer chooses which claim decides elsewhere.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda conflicts
  servanda conflicts ilrs --on 2021-05-01
  servanda conflicts ilrs --weak press
  servanda conflicts pakistan --include-reported --json")]
pub(in crate::cli) struct Conflicts {
    /// A party or an agreement, by its id or another of its names; all, if none is given
    subject: Option<String>,
    #[command(flatten)]
    asking: Asking,
    /// Show the answers that rest on one source below this grade: depositary, party, host, press or secondary
    #[arg(long, value_name = "GRADE", value_parser = grade)]
    weak: Option<Grade>,
}

impl Conflicts {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("conflicts", None, &[at.known])?;
        let answer = conflicts(&reading.snapshot, self.subject.as_deref(), self.weak, at)?;
        context.answer_last(answer)?;
        Ok(Exit::Done)
    }
}

/// A grade of sources, on the command line.
fn grade(text: &str) -> Result<Grade, String> {
    word(Grade::ALL, text)
}

impl Answer for ConflictsAnswer {
    const ITEMS: &'static str = "conflicts";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, &format!("Claims that disagree{}", known(&self.vantage)));
        let facts = counted(self.conflicts.len(), "fact", "facts");
        let acts = counted(self.irregular.len(), "act", "acts");
        page.line(&format!("{facts} with claims that disagree, {acts} that cannot follow the history"));
        if !self.conflicts.is_empty() {
            let asked = Date::of_day(self.vantage.on).in_words();
            page.line(&format!("BY IT ALONE is the answer on {asked} if only that claim of the fact had been made"));
        }
        for conflict in &self.conflicts {
            page.section(&heading(conflict), &side_by_side(conflict));
            if let Some(reason) = conflict.decided_by {
                page.line(&format!("the first decides: {}", because(reason)));
            }
        }
        let row = |of: &crate::query::conflicts::IrregularAct| {
            let why = of.because.as_str().replace('-', " ");
            (Tone::Bad, vec![of.what.clone(), why, of.event.to_string()])
        };
        let rows = self.irregular.iter().map(row).collect();
        page.section("Not counted, since they cannot follow", &Sheet { header: vec!["WHAT", "WHY", "EVENT"], rows });
        let row = |of: &Weak| {
            let possibly = if of.certainty == Certainty::Possible { "possibly " } else { "" };
            let grade = of.grade.map(|grade| format!(" ({grade})")).unwrap_or_default();
            let source =
                of.publisher.as_ref().map_or("no source".to_owned(), |publisher| format!("{publisher}{grade}"));
            let status = format!("{possibly}{}", of.status);
            (Tone::Unsure, vec![of.name.clone(), of.title.clone(), status, source, numbers(&of.events)])
        };
        let header = vec!["PARTY", "AGREEMENT", "STATUS", "SOURCE", "EVENTS"];
        page.section("By one weak source alone", &Sheet { header, rows: self.weak.iter().map(row).collect() });
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |of: &Conflict, claim: &Alternative| {
            let differences: Vec<&str> = of.differences.iter().map(|difference| difference.as_str()).collect();
            let text = |date: Option<&Date>| date.map(ToString::to_string).unwrap_or_default();
            let answer = claim.answer.as_ref();
            let cells = vec![
                of.agreement.clone(),
                of.party.clone().unwrap_or_default(),
                of.about.to_string(),
                differences.join(" "),
                claim.event.to_string(),
                claim.id.clone(),
                claim.date.to_string(),
                claim.act.clone().unwrap_or_default(),
                claim.role.map(|role| role.to_string()).unwrap_or_default(),
                text(claim.announced.as_ref()),
                claim.grade.map(|grade| grade.to_string()).unwrap_or_default(),
                claim.publishers.join("; "),
                claim.decides.to_string(),
                claim.supports.to_string(),
                answer.map(|answer| answer.status.to_string()).unwrap_or_default(),
                answer.map(|answer| answer.certainty.to_string()).unwrap_or_default(),
                text(answer.and_then(|answer| answer.since.as_ref())),
            ];
            (Tone::Plain, cells)
        };
        let rows = self.conflicts.iter().flat_map(|of| of.claims.iter().map(move |claim| row(of, claim)));
        Sheet {
            header: vec![
                "agreement",
                "party",
                "about",
                "differences",
                "event",
                "id",
                "date",
                "act",
                "role",
                "announced",
                "grade",
                "publishers",
                "decides",
                "supports",
                "answer",
                "answer_certainty",
                "answer_since",
            ],
            rows: rows.collect(),
        }
        .with_days(dates!["date", "announced", "answer_since"])
    }
}

/// What a conflict is about, and in what the claims disagree.
fn heading(conflict: &Conflict) -> String {
    let whose = conflict.name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
    let about = conflict.about.as_str().replace('-', " ");
    let differences: Vec<&str> = conflict
        .differences
        .iter()
        .map(|difference| match difference {
            Difference::Dates => "different dates",
            Difference::Acts => "different acts",
            Difference::Roles => "different roles",
            Difference::Announced => "different days of announcement by one publisher",
            Difference::Signatories => "different signatories",
            Difference::Places => "different places",
            Difference::OlderSource => "a source is older than what it tells",
            Difference::Listed => "not as a list has it",
            Difference::Actors => "the party or who acts for it",
            Difference::Denied => "somebody denies it",
        })
        .collect();
    format!("{whose}{} ({about}): {}", conflict.title, differences.join(", "))
}

fn side_by_side(conflict: &Conflict) -> Sheet {
    let row = |claim: &Alternative| {
        let part = match (claim.decides, claim.supports) {
            (true, _) => "decides",
            (false, true) => "supports",
            (false, false) => "",
        };
        let disputed = if claim.disputed_by.is_empty() { "" } else { ", denied" };
        let role = claim.role.map(|role| format!(" as {role}")).unwrap_or_default();
        let act = claim.act.as_ref().map(|act| format!("{act}{role}")).unwrap_or_default();
        let source = if claim.publishers.is_empty() { "no source".to_owned() } else { claim.publishers.join("; ") };
        let grade = claim.grade.map(|grade| format!(" ({grade})")).unwrap_or_default();
        let cells = vec![
            format!("{part}{disputed}").trim_start_matches(", ").to_owned(),
            claim.date.in_words(),
            act,
            format!("{source}{grade}"),
            words(claim.announced.as_ref()),
            claim.answer.as_ref().map(would_be).unwrap_or_default(),
            claim.event.to_string(),
        ];
        (if claim.decides { Tone::Plain } else { Tone::Quiet }, cells)
    };
    Sheet {
        header: vec!["", "DATE", "ACT", "SOURCE", "ANNOUNCED", "BY IT ALONE", "EVENT"],
        rows: conflict.claims.iter().map(row).collect(),
    }
}

fn would_be(answer: &Answered) -> String {
    let possibly = if answer.certainty == Certainty::Possible { "possibly " } else { "" };
    format!("{possibly}{}", answer.status)
}
