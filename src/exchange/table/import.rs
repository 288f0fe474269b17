//! A table into a ledger: batch by batch, each one append, so that stopping anywhere leaves whole batches.
//!
//! The table is read twice. The first time, everything that it names is entered, so that it is decided who the parties are, and
//! two agreements that would have one id are found, before anything is appended. What the ledger has already is not appended again: the same import goes on
//! where it was stopped.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use csv::ByteRecord;

use crate::domain::id::{AgreementId, Namespace};
use crate::exchange::table::account::{Account, RejectCode};
use crate::exchange::table::agreements::{self, Listed};
use crate::exchange::table::columns::Columns;
use crate::exchange::table::directory::Directory;
use crate::exchange::table::drafting::{Brings, Drafting, Named, Portion};
use crate::exchange::table::fault::TableFault;
use crate::exchange::table::identity;
use crate::exchange::table::layout::{BroughtBy, Form, Layout};
use crate::exchange::table::matches::{Answers, Question};
use crate::exchange::table::mentions::Mentions;
use crate::exchange::table::more::{self, MOST_ITEMS, items};
use crate::exchange::table::reader::{Rows, Table};
use crate::exchange::table::rejects::TakeReject;
use crate::exchange::table::roster::{Roster, Standing};
use crate::exchange::table::row::party_type;
use crate::exchange::table::target::{Receiver, Taken, Target};
use crate::ledger::write::administer::review::usable;
use crate::ledger::{AppendError, Code, Finding, Progress};

/// The announcements of one batch, unless it is asked otherwise.
pub const BATCH_LEN: usize = 8_192;

/// What to import.
pub struct Import<'a> {
    /// What the columns mean.
    pub layout: &'a Layout,
    /// A table of agreements, if there is one.
    pub agreements: Option<&'a Table<'a>>,
    /// The table of acts.
    pub acts: &'a Table<'a>,
    /// What was answered about parties.
    pub answers: &'a Answers,
    /// The announcements of one batch.
    pub batch_len: usize,
    /// Where the documents lie that rows name, at this folder or below it; none, if rows name none.
    pub folder: Option<&'a Path>,
}

/// Who watches an import.
pub struct Watch<'a> {
    /// Whether to stop before the next batch.
    pub stop: &'a dyn Fn() -> bool,
    /// Told how far it has come, after each batch.
    pub progress: Progress<'a>,
    /// Given every row that is rejected.
    pub reject: &'a mut TakeReject<'a>,
}

/// Why an import ended early. What was appended before stays, and the same import goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// A table cannot be imported.
    #[error(transparent)]
    Table(#[from] TableFault),
    /// A batch was not appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// Rejects could not be written.
    #[error("the rejects cannot be written: {0}")]
    Rejects(#[source] io::Error),
}

impl Import<'_> {
    /// The columns of the tables, those of the acts first.
    ///
    /// # Errors
    ///
    /// [`TableFault`] if a table cannot be read.
    pub fn columns(&self) -> Result<Vec<String>, TableFault> {
        let mut columns = self.acts.rows(&self.layout.form)?.header().to_vec();
        if let Some(table) = self.agreements {
            columns.extend_from_slice(table.rows(&Form::default())?.header());
        }
        Ok(columns)
    }

    /// Imports, and gives an account of every row.
    ///
    /// # Errors
    ///
    /// [`ImportFault`].
    pub fn run(&self, target: &mut Target<'_>, watch: &mut Watch<'_>) -> Result<Account, ImportFault> {
        let directory = Directory::of(usable(target.events()));
        let mut account = Account::default();
        let mut agreements = Roster::new(Namespace::Agreement, &self.layout.agreements.prefix);
        let listed = match self.agreements {
            Some(table) => agreements::read(table, &mut agreements, &directory, &mut account.agreements, watch.reject)?,
            None => Listed::new(),
        };
        let named = self.survey(agreements, &directory, &mut account.questions)?;
        account.left = named.rows;
        account.parties.already = named.parties.in_ledger();
        if self.agreements.is_none() {
            account.agreements.already = named.agreements.in_ledger();
        }
        account.missions.already = named.missions.in_ledger();
        let drafting = Drafting::new(self.layout, self.acts.rows(&self.layout.form)?, named, self.folder)?;
        Loading { import: self, receiver: Receiver::of(target), watch, drafting, account }.run(listed)
    }

    /// Reads the table of acts for what it names.
    fn survey(
        &self,
        agreements: Roster<AgreementId>,
        directory: &Directory,
        questions: &mut Vec<Question>,
    ) -> Result<Named, TableFault> {
        let mut rows = self.acts.rows(&self.layout.form)?;
        let columns = Columns::of(self.layout, &rows)?;
        let mut mentions = Mentions::default();
        let mut named = Named {
            parties: Roster::new(Namespace::Party, &self.layout.parties.prefix),
            agreements,
            missions: Roster::new(Namespace::Mission, ""),
            rows: 0,
        };
        let mut record = ByteRecord::new();
        while rows.read(&mut record)? {
            named.rows += 1;
            if columns.check_width(&record).is_err() {
                continue;
            }
            if let Some(party) = columns.party(&record).ok().filter(|party| !party.is_empty()) {
                let name = columns.party_name.text(&record).unwrap_or_default();
                mentions.enter(party, name, Rows::line_of(&record));
                self.survey_type(&columns, &record, &mut mentions);
            }
            self.survey_agreement(&columns, &record, &mut named.agreements, directory)?;
            self.survey_more(&columns, &record, &mut mentions, &mut named, directory)?;
        }
        let known = directory.names(Namespace::Party);
        let decided = identity::decide(mentions, known, &self.layout.parties, self.answers)?;
        questions.extend(decided.questions);
        named.parties = decided.parties;
        Ok(named)
    }

    /// Keeps the type that the row gives its party.
    fn survey_type(&self, columns: &Columns, record: &ByteRecord, mentions: &mut Mentions) {
        let text = columns.more.get("party_type").and_then(|place| place.text(record).ok()).unwrap_or_default();
        if let Ok(own) = party_type(text, &self.layout.more.words) {
            mentions.say_type(own);
        }
    }

    /// Enters what the other columns name.
    fn survey_more(
        &self,
        columns: &Columns,
        record: &ByteRecord,
        mentions: &mut Mentions,
        named: &mut Named,
        directory: &Directory,
    ) -> Result<(), TableFault> {
        for (key, place) in &columns.more {
            let Some(namespace) = more::names(key) else { continue };
            let known = directory.names(namespace);
            let cell = place.text(record).unwrap_or_default();
            match namespace {
                Namespace::Party => {
                    for party in items(cell, self.layout.more.list_mark).take(MOST_ITEMS) {
                        mentions.enter(party, "", Rows::line_of(record));
                    }
                }
                Namespace::Mission if !cell.is_empty() => {
                    let title = columns.more.get("mission_title").and_then(|place| place.text(record).ok());
                    named.missions.enter(cell, title.unwrap_or_default(), known)?;
                }
                Namespace::Mission | Namespace::Agreement | Namespace::Announcement => {}
            }
        }
        Ok(())
    }

    /// Enters the agreement that a row names, if rows bring them or the ledger has it.
    fn survey_agreement(
        &self,
        columns: &Columns,
        record: &ByteRecord,
        agreements: &mut Roster<AgreementId>,
        directory: &Directory,
    ) -> Result<(), TableFault> {
        let agreement = columns.agreement.text(record).unwrap_or_default();
        let title = columns.agreement_title.text(record).unwrap_or_default();
        if agreement.is_empty() || (agreements.find(agreement).is_some() && title.is_empty()) {
            return Ok(());
        }
        let known = directory.names(Namespace::Agreement);
        let is_known = || known.of_id(agreement).or_else(|| known.called(agreement)).is_some();
        if self.layout.agreements.brought_by == BroughtBy::Rows || is_known() {
            agreements.enter(agreement, title, known)?;
        }
        Ok(())
    }
}

/// An import that is under way.
struct Loading<'i, 't, 'l, 'w, 'v> {
    import: &'i Import<'i>,
    receiver: Receiver<'t, 'l>,
    watch: &'w mut Watch<'v>,
    drafting: Drafting<'i>,
    account: Account,
}

impl Loading<'_, '_, '_, '_, '_> {
    fn run(mut self, listed: Listed) -> Result<Account, ImportFault> {
        let of = self.account.left;
        self.describe_all(listed)?;
        let mut portion = Portion::default();
        let mut more = true;
        while more && !self.is_stopped() {
            let len = self.import.batch_len;
            more = self.drafting.fill(&mut portion, len, &mut self.account, self.watch.reject)?;
            self.append(&mut portion)?;
            self.account.left = of.saturating_sub(self.account.rows);
            (self.watch.progress)("rows", self.account.rows, of);
        }
        Ok(self.account)
    }

    fn is_stopped(&mut self) -> bool {
        self.account.stopped = self.account.stopped || (self.watch.stop)();
        self.account.stopped
    }

    /// Describes the agreements of a table of their own.
    fn describe_all(&mut self, listed: Listed) -> Result<(), ImportFault> {
        self.account.agreements.left = listed.len() as u64;
        let mut waiting = listed.into_iter().peekable();
        while waiting.peek().is_some() && !self.is_stopped() {
            let mut portion = Portion::default();
            for (number, told) in waiting.by_ref().take(self.import.batch_len) {
                let thing = self.drafting.named.agreements.thing_mut(number);
                thing.standing = Standing::Described;
                if let Ok(id) = &thing.id {
                    let draft = agreements::agreement(thing, id, told, self.import.layout);
                    portion.push(draft, Brings::Agreement);
                }
            }
            self.append(&mut portion)?;
            self.account.agreements.left = waiting.len() as u64;
        }
        Ok(())
    }

    /// Appends a portion. What is not admissible is rejected, and the rest goes on without it.
    fn append(&mut self, portion: &mut Portion) -> Result<(), ImportFault> {
        while !portion.drafts.is_empty() {
            let (drafts, outcome) = self.receiver.take(std::mem::take(&mut portion.drafts));
            portion.drafts = drafts;
            match outcome {
                Ok(taken) => {
                    self.count(portion, &taken);
                    break;
                }
                Err(AppendError::NotAdmissible { findings }) if is_of_rows(&findings) => {
                    self.reject_refused(portion, &findings)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn count(&mut self, portion: &Portion, taken: &Taken) {
        let account = &mut self.account;
        account.batches += u64::from(taken.is_written);
        account.irregular += taken.irregular;
        for (draft, brings) in portion.brings.iter().enumerate() {
            match brings {
                Brings::Party => account.parties.described += 1,
                Brings::Agreement => account.agreements.described += 1,
                Brings::Mission => account.missions.described += 1,
                Brings::Row(_) if taken.already.contains(&draft) => account.already += 1,
                Brings::Row(_) => account.events += 1,
            }
        }
    }

    /// Takes the drafts out that the ledger does not admit, and rejects their rows.
    fn reject_refused(&mut self, portion: &mut Portion, findings: &[Vec<Finding>]) -> Result<(), ImportFault> {
        let mut refused: BTreeMap<usize, &Finding> = BTreeMap::new();
        for finding in findings.iter().flatten().filter(|finding| finding.code.refuses()) {
            refused.entry(finding.draft).or_insert(finding);
        }
        for (draft, finding) in &refused {
            if let Brings::Row(record) = portion.brings[*draft] {
                let reason = format!("{}: {}", finding.code, finding.message);
                let (record, account) = (&portion.records[record], &mut self.account);
                self.drafting.reject(record, RejectCode::NotAdmitted, &reason, account, self.watch.reject)?;
            }
        }
        portion.keep(|draft| !refused.contains_key(&draft));
        Ok(())
    }
}

/// Whether what was refused is refused for what single announcements say.
fn is_of_rows(findings: &[Vec<Finding>]) -> bool {
    let is_of_batch = |finding: &Finding| matches!(finding.code, Code::NotAuthorised | Code::BatchTooLarge);
    let mut refusing = findings.iter().flatten().filter(|finding| finding.code.refuses()).peekable();
    refusing.peek().is_some() && !refusing.any(is_of_batch)
}
