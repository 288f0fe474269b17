//! The account of an import, as an answer.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::domain::shape::{Shape, Shaped};
use crate::event::chain::Head;
use crate::exchange::table::account::{Described, Rejected, Rejects, sum};
use crate::exchange::table::matches::Question;
use crate::exchange::table::{Account, RejectCode};
use crate::integrity::EventHash;

/// What became of every row of a table: `servanda/import/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ImportAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// Whether nothing was written, and this only tells what would be.
    dry_run: bool,
    /// Whether it was stopped before the end; the same import goes on from there.
    pub(super) stopped: bool,
    /// Number of events in the ledger.
    len: u64,
    /// Hash of the newest of them; null where there is no ledger.
    head: Option<EventHash>,
    /// The hash of the genesis, if the ledger was founded with the import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) founded: Option<EventHash>,
    /// What is said of the keys of a ledger that was founded.
    #[serde(skip)]
    pub(super) to_copy: String,
    /// Rows that were looked at: the sum of events, already, duplicates and rejected.
    rows: u64,
    /// Rows that became events.
    events: u64,
    /// Rows that were events before.
    already: u64,
    /// Rows that say once more what another row of the same stay says.
    duplicates: u64,
    /// Rows that could not become events.
    rejected: u64,
    /// Why not, by code.
    rejects: Vec<RejectedAnswer>,
    /// Rows that were not looked at, since the import was stopped.
    pub(super) left: u64,
    /// Events among them that certainly cannot follow the history: admitted, and not counted in answers.
    irregular: u64,
    /// Batches that were appended, each with one signature.
    batches: u64,
    /// The agreements that rows name, or that a table of their own lists.
    agreements: DescribedAnswer,
    /// The parties that rows name.
    parties: DescribedAnswer,
    /// The missions that rows name.
    missions: DescribedAnswer,
    /// Spellings of which somebody has to say which party they are; their rows are rejected until then.
    questions: Vec<QuestionAnswer>,
}

/// A spelling that may be a party.
#[derive(Debug, Serialize, JsonSchema)]
struct QuestionAnswer {
    /// As the table writes it.
    spelling: String,
    /// The ids of the parties that it may be, in the ledger or as they would be.
    may_be: Vec<String>,
    /// Why that is not clear.
    why: &'static str,
    /// How many rows have it.
    rows: u64,
    /// The line of the first of them, from 1.
    first_line: u64,
}

/// The rows that were rejected for one reason.
#[derive(Debug, Serialize, JsonSchema)]
struct RejectedAnswer {
    /// The code, as in the table of rejects.
    code: &'static str,
    /// What it means.
    what: &'static str,
    /// How many rows.
    rows: u64,
    /// The line of the first of them, from 1.
    first_line: u64,
    /// What is wrong with that one.
    first_reason: String,
}

/// What became of descriptions.
#[derive(Debug, Serialize, JsonSchema)]
struct DescribedAnswer {
    /// Rows of a table of their own; 0 if there is none.
    rows: u64,
    /// Things that were described by the import.
    described: u64,
    /// Things that the ledger had already.
    already: u64,
    /// Rows that say once more what another says.
    duplicates: u64,
    /// Rows that could not become events.
    rejected: u64,
    /// Why not, by code.
    rejects: Vec<RejectedAnswer>,
    /// Things that were not described, since the import was stopped.
    left: u64,
}

impl ImportAnswer {
    pub(super) fn of(account: &Account, head: Option<Head>, dry_run: bool) -> Self {
        let described = |of: &Described| DescribedAnswer {
            rows: of.rows,
            described: of.described,
            already: of.already,
            duplicates: of.duplicates,
            rejected: sum(&of.rejects),
            rejects: rejected(&of.rejects),
            left: of.left,
        };
        Self {
            schema: "servanda/import/v1",
            dry_run,
            stopped: account.stopped,
            len: head.map_or(0, |head| head.len),
            head: head.map(|head| head.hash),
            founded: None,
            to_copy: String::new(),
            rows: account.rows,
            events: account.events,
            already: account.already,
            duplicates: account.duplicates,
            rejected: account.rejected(),
            rejects: rejected(&account.rejects),
            left: account.left,
            irregular: account.irregular,
            batches: account.batches,
            agreements: described(&account.agreements),
            parties: described(&account.parties),
            missions: described(&account.missions),
            questions: account.questions.iter().map(asked).collect(),
        }
    }
}

fn asked(question: &Question) -> QuestionAnswer {
    QuestionAnswer {
        spelling: question.spelling.clone(),
        may_be: question.may.iter().map(|may| may.id.clone()).collect(),
        why: question.may.first().map_or("", |may| may.why.as_str()),
        rows: question.rows,
        first_line: question.line,
    }
}

fn rejected(rejects: &Rejects) -> Vec<RejectedAnswer> {
    let answer = |(code, rejected): (&RejectCode, &Rejected)| RejectedAnswer {
        code: code.as_str(),
        what: meaning(*code),
        rows: rejected.rows,
        first_line: rejected.first_line,
        first_reason: rejected.first_reason.clone(),
    };
    rejects.iter().map(answer).collect()
}

/// What a code means, in a sentence.
fn meaning(code: RejectCode) -> &'static str {
    let Shape::Word(words) = RejectCode::SHAPE else { unreachable!("codes are a vocabulary") };
    words.iter().find(|word| word.text == code.as_str()).map_or("", |word| word.doc)
}

impl Answer for ImportAnswer {
    const ITEMS: &'static str = "rejects";

    fn table(&self, screen: Screen) -> String {
        let rows = |number: u64| format!("{number} {}", if number == 1 { "row" } else { "rows" });
        let would = if self.dry_run { "would become" } else { "became" };
        let mut text = format!("{}: {} {would} events", rows(self.rows), self.events);
        text += &format!(
            ", {} were events already, {} are duplicates, {} rejected\n",
            self.already, self.duplicates, self.rejected
        );
        for (what, of) in [("agreements", &self.agreements), ("parties", &self.parties)] {
            text += &format!("{what}: {} described, {} known already\n", of.described, of.already);
        }
        if self.missions.described + self.missions.already > 0 {
            let of = &self.missions;
            text += &format!("missions: {} described, {} known already\n", of.described, of.already);
        }
        if self.irregular > 0 {
            text +=
                &format!("{} of the events certainly cannot follow the history, and are not counted\n", self.irregular);
        }
        if self.left > 0 {
            text += &format!("{} left to look at\n", rows(self.left));
        }
        let sheet = self.rejects_sheet(vec!["CODE", "ROWS", "WHAT", "FIRST LINE", "WHAT IS WRONG THERE"]);
        if !sheet.rows.is_empty() {
            text += &format!("\nrejected:\n{}", screen.table(&sheet, ""));
        }
        text
    }

    fn sheet(&self) -> Sheet {
        self.rejects_sheet(vec!["code", "rows", "what", "first_line", "first_reason"])
    }
}

impl ImportAnswer {
    fn rejects_sheet(&self, header: Vec<&'static str>) -> Sheet {
        let row = |of: &RejectedAnswer| {
            let line = of.first_line.to_string();
            let cells = vec![
                of.code.to_owned(),
                of.rows.to_string(),
                of.what.trim_end_matches('.').to_owned(),
                line,
                of.first_reason.clone(),
            ];
            (Tone::Plain, cells)
        };
        Sheet { header, rows: self.rejects.iter().chain(&self.agreements.rejects).map(row).collect() }
    }
}
