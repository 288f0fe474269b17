//! The account of an import: every row in exactly one class.

use std::collections::BTreeMap;

use crate::domain::shape::vocabulary;
use crate::exchange::table::matches::Question;

vocabulary! {
    /// Why a row could not become an event.
    pub enum RejectCode {
        /// It has more or fewer cells than there are columns.
        RaggedRow = "ragged-row",
        /// A cell is not UTF-8.
        NotText = "not-text",
        /// It names no party.
        NoParty = "no-party",
        /// It names no agreement.
        NoAgreement = "no-agreement",
        /// It names a party that may be one of several, or only resembles one: `--matches FILE` asks which.
        UnclearParty = "unclear-party",
        /// What it names cannot become an id: it has no letter, or is too long.
        NoId = "no-id",
        /// It names an agreement that is neither in the table of agreements nor in the ledger.
        UnknownAgreement = "unknown-agreement",
        /// The agreement was described before, in other words.
        SecondDescription = "second-description",
        /// It is of no kind that rows can be.
        UnknownKind = "unknown-kind",
        /// The act has no counterpart in our vocabulary.
        UnknownAct = "unknown-act",
        /// The role is none of ours.
        UnknownRole = "unknown-role",
        /// No date is given, or the end has not come.
        NoDateGiven = "no-date-given",
        /// A day that tables write where they know none.
        PlaceholderDate = "placeholder-date",
        /// A year too late to be meant.
        LateYear = "late-year",
        /// A year of two digits.
        TwoDigitYear = "two-digit-year",
        /// A date in another form.
        OtherDateForm = "other-date-form",
        /// A day that the calendar does not have.
        ImpossibleDate = "impossible-date",
        /// A cell has a word that its vocabulary does not have.
        UnknownWord = "unknown-word",
        /// A cell has another form than its value can have: a number, an id, an address, plain text.
        WrongForm = "wrong-form",
        /// A cell is empty, or has no column, that its kind of announcement needs.
        MissingCell = "missing-cell",
        /// A cell says what its kind of announcement has no place for.
        NotTaken = "not-taken",
        /// It tells of a source, and not who published it or how close that is to the fact.
        NoPublisher = "no-publisher",
        /// The document that it names cannot be read.
        NoDocument = "no-document",
        /// The ledger does not admit it.
        NotAdmitted = "not-admitted",
    }
}

/// The rows that were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// How many.
    pub rows: u64,
    /// The line of the first of them, from 1.
    pub first_line: u64,
    /// What is wrong with that one, in a sentence.
    pub first_reason: String,
}

/// Rejected rows, by code.
pub type Rejects = BTreeMap<RejectCode, Rejected>;

/// What became of the rows that tell of acts, and of the things that they name.
///
/// `rows` is the sum of `events`, `already`, `duplicates` and the rejects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows that became events.
    pub events: u64,
    /// Rows that were events before.
    pub already: u64,
    /// Rows that say once more what another row of the same stay says.
    pub duplicates: u64,
    /// Rows that could not become events.
    pub rejects: Rejects,
    /// Events that were admitted although they certainly cannot follow the history, and are not counted in answers.
    pub irregular: u64,
    /// Whether the import was stopped before the end.
    pub stopped: bool,
    /// Rows that were not looked at, since it was.
    pub left: u64,
    /// Batches that were appended.
    pub batches: u64,
    /// The table of agreements, if there is one; else the agreements that rows name.
    pub agreements: Described,
    /// The parties that rows name.
    pub parties: Described,
    /// The missions that rows name.
    pub missions: Described,
    /// The parties of which somebody has to say who they are.
    pub questions: Vec<Question>,
}

/// What became of descriptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// Rows of a table of their own.
    pub rows: u64,
    /// Things that were described by the import.
    pub described: u64,
    /// Things that the ledger had already.
    pub already: u64,
    /// Rows that say once more what another says.
    pub duplicates: u64,
    /// Rows that could not become events.
    pub rejects: Rejects,
    /// Things that were not described, since the import was stopped.
    pub left: u64,
}

impl Account {
    /// The account of this import and of another that followed it.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        let Self {
            rows,
            events,
            already,
            duplicates,
            rejects,
            irregular,
            stopped,
            left,
            batches,
            agreements,
            parties,
            missions,
            questions,
        } = later;
        self.rows += rows;
        self.events += events;
        self.already += already;
        self.duplicates += duplicates;
        add(&mut self.rejects, rejects);
        self.irregular += irregular;
        self.stopped |= stopped;
        self.left += left;
        self.batches += batches;
        self.agreements.add(agreements);
        self.parties.add(parties);
        self.missions.add(missions);
        self.questions.extend(questions);
        self
    }

    /// The rows that were rejected.
    pub fn rejected(&self) -> u64 {
        sum(&self.rejects)
    }

    /// Whether every row is in one class, and no more than one.
    pub fn adds_up(&self) -> bool {
        let of_table = &self.agreements;
        self.rows == self.events + self.already + self.duplicates + self.rejected()
            && (of_table.rows == 0
                || of_table.rows
                    == of_table.described
                        + of_table.already
                        + of_table.duplicates
                        + of_table.left
                        + sum(&of_table.rejects))
    }
}

impl Described {
    fn add(&mut self, later: Self) {
        let Self { rows, described, already, duplicates, rejects, left } = later;
        self.rows += rows;
        self.described += described;
        self.already += already;
        self.duplicates += duplicates;
        add(&mut self.rejects, rejects);
        self.left += left;
    }
}

/// Adds rejects of later rows.
fn add(rejects: &mut Rejects, later: Rejects) {
    for (code, of) in later {
        match rejects.get_mut(&code) {
            Some(known) => known.rows += of.rows,
            None => drop(rejects.insert(code, of)),
        }
    }
}

/// The number of rows in all codes.
pub fn sum(rejects: &Rejects) -> u64 {
    rejects.values().map(|rejected| rejected.rows).sum()
}

/// Counts one more.
pub(super) fn count(rejects: &mut Rejects, code: RejectCode, line: u64, reason: &str) {
    let first = || Rejected { rows: 0, first_line: line, first_reason: reason.to_owned() };
    rejects.entry(code).or_insert_with(first).rows += 1;
}
