//! Rows into drafts, a portion at a time.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::path::Path;

use csv::ByteRecord;

use crate::domain::act::Role;
use crate::domain::date::Date;
use crate::domain::id::{AgreementId, MissionId, PartyId};
use crate::domain::text::{self, TextKind};
use crate::exchange::table::account::{Account, RejectCode, count};
use crate::exchange::table::acts::{Claim, TableAct};
use crate::exchange::table::agreements::{self, Told, draft_of};
use crate::exchange::table::cells::day_and_act;
use crate::exchange::table::columns::Columns;
use crate::exchange::table::dates::{Fault, shown};
use crate::exchange::table::import::ImportFault;
use crate::exchange::table::layout::Layout;
use crate::exchange::table::reader::Rows;
use crate::exchange::table::rejects::{Reject, TakeReject};
use crate::exchange::table::roster::{Roster, Standing};
use crate::exchange::table::row::{self, Foreign, Things};
use crate::exchange::table::sources::Documents;
use crate::exchange::table::{Met, parties};
use crate::integrity::DocumentHash;
use crate::integrity::digest::document_hash;
use crate::ledger::Draft;
use crate::ledger::admission::finding::nearest;

/// Bytes of rows after which a portion ends, so that a batch stays well below its limit.
const MAX_PORTION_BYTES: usize = 16 << 20;
/// Dates that are kept as they were read; no table has so many different ones.
const MAX_KEPT: usize = 1 << 20;

/// What a draft comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brings {
    /// The row in this record.
    Row(usize),
    /// A party that a row names.
    Party,
    /// An agreement that a row names, or that has a table of its own.
    Agreement,
    /// A mission that a row names.
    Mission,
}

/// Drafts that go into one batch.
#[derive(Debug, Default)]
pub(super) struct Portion {
    pub(super) drafts: Vec<Draft>,
    /// What each draft comes from.
    pub(super) brings: Vec<Brings>,
    /// Records, which are used again for the next portion.
    pub(super) records: Vec<ByteRecord>,
    taken: usize,
    bytes: usize,
}

impl Portion {
    fn clear(&mut self) {
        self.drafts.clear();
        self.brings.clear();
        (self.taken, self.bytes) = (0, 0);
    }

    /// The next record to read into.
    fn record(&mut self) -> &mut ByteRecord {
        if self.taken == self.records.len() {
            self.records.push(ByteRecord::new());
        }
        &mut self.records[self.taken]
    }

    /// Puts a draft behind the others.
    pub(super) fn push(&mut self, draft: Draft, brings: Brings) {
        self.drafts.push(draft);
        self.brings.push(brings);
    }

    /// Keeps the drafts at some positions.
    pub(super) fn keep(&mut self, is_kept: impl Fn(usize) -> bool) {
        let mut position = 0..;
        self.drafts.retain(|_| position.next().is_some_and(&is_kept));
        let mut position = 0..;
        self.brings.retain(|_| position.next().is_some_and(&is_kept));
    }
}

/// The things that the rows of a table name.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) parties: Roster<PartyId>,
    pub(super) agreements: Roster<AgreementId>,
    pub(super) missions: Roster<MissionId>,
    /// The rows of the table.
    pub(super) rows: u64,
}

/// The claims that were told, to know one that is told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    party: u32,
    agreement: u32,
    act: TableAct,
    date: u32,
    stay: u32,
    /// What else the row says; 0 if it says no more.
    rest: u32,
}

impl Hash for Seen {
    /// In few words, since every row is looked up.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.party) << 32 | u64::from(self.agreement));
        state.write_u64(u64::from(self.date) << 32 | u64::from(self.stay));
        state.write_u32(self.rest);
        self.act.hash(state);
    }
}

/// What a row tells that was not told before.
struct New {
    things: Things,
    draft: Draft,
}

/// Rows into drafts.
pub(super) struct Drafting<'l> {
    layout: &'l Layout,
    columns: Columns,
    pub(super) rows: Rows,
    pub(super) named: Named,
    readings: Readings<'l>,
    seen: HashSet<Seen, foldhash::fast::RandomState>,
    /// The same of rows of any kind, by a hash of all that they say.
    heard: HashSet<DocumentHash>,
    foreign: Foreign,
    documents: Documents,
    label: String,
}

impl<'l> Drafting<'l> {
    /// Documents that rows name are looked for in `folder`.
    pub(super) fn new(
        layout: &'l Layout,
        rows: Rows,
        named: Named,
        folder: Option<&Path>,
    ) -> Result<Self, ImportFault> {
        let columns = Columns::of(layout, &rows)?;
        Ok(Self {
            layout,
            rows,
            named,
            readings: Readings::of(layout),
            seen: HashSet::default(),
            heard: HashSet::new(),
            foreign: row::foreign(&columns),
            documents: Documents::beside(folder),
            columns,
            label: String::new(),
        })
    }

    /// Fills a portion with up to `len` drafts; false if the table has ended.
    pub(super) fn fill(
        &mut self,
        portion: &mut Portion,
        len: usize,
        account: &mut Account,
        take: &mut TakeReject<'_>,
    ) -> Result<bool, ImportFault> {
        portion.clear();
        self.documents.begin();
        while portion.drafts.len() < len && portion.bytes + self.documents.bytes() < MAX_PORTION_BYTES {
            if !self.rows.read(portion.record())? {
                return Ok(false);
            }
            account.rows += 1;
            let slot = portion.taken;
            match self.told(&portion.records[slot]) {
                Ok(Some(new)) => {
                    self.describe(&new, portion);
                    portion.bytes += portion.records[slot].as_slice().len();
                    portion.push(new.draft, Brings::Row(slot));
                    portion.taken += 1;
                }
                Ok(None) => account.duplicates += 1,
                Err((code, reason)) => self.reject(&portion.records[slot], code, &reason, account, take)?,
            }
        }
        Ok(true)
    }

    /// Counts a row as rejected, and hands it on.
    pub(super) fn reject(
        &self,
        record: &ByteRecord,
        code: RejectCode,
        reason: &str,
        account: &mut Account,
        take: &mut TakeReject<'_>,
    ) -> Result<(), ImportFault> {
        let line = Rows::line_of(record);
        count(&mut account.rejects, code, line, reason);
        let reject = Reject { table: self.rows.table(), header: self.rows.header(), line, code, reason, record };
        take(&reject).map_err(ImportFault::Rejects)
    }

    /// What a row tells; none if it was told before.
    fn told(&mut self, record: &ByteRecord) -> Result<Option<New>, Fault> {
        self.columns.check_width(record)?;
        if !self.layout.more.is_nothing() {
            return self.told_of_any_kind(record);
        }
        let named = &self.named;
        let (party, party_id) = found(&named.parties, self.columns.party(record)?, RejectCode::NoParty)?;
        let agreement = self.columns.agreement.text(record)?;
        let (agreement, agreement_id) = found(&named.agreements, agreement, RejectCode::NoAgreement)?;
        let cell = self.columns.date(record, &self.layout.dates)?;
        let (day, own) = day_and_act(&cell, &self.layout.letters)?;
        let act = match own {
            Some(act) => act,
            None => self.readings.act(self.columns.act.text(record)?)?,
        };
        let (date, occurred) = self.readings.date(day, act)?;
        self.columns.stay(record, &mut self.label)?;
        let stay = self.readings.stay(&self.label);
        let rest = Rest::of(&self.columns, &self.readings, record)?;
        let reference = self.columns.reference.text(record)?;
        let more = self.readings.rest(&rest);
        if !self.seen.insert(Seen { party, agreement, act, date, stay, rest: more }) {
            return Ok(None);
        }
        let claim = Claim {
            act,
            party: party_id.clone(),
            agreement: agreement_id.clone(),
            occurred,
            effective: rest.effective,
            role: rest.role,
            stay: (!self.label.is_empty()).then(|| self.label.clone()),
        };
        let mut draft = draft_of(claim, self.layout);
        draft.announcement.source_ref = (!reference.is_empty()).then(|| reference.to_owned());
        draft.announcement.announced = rest.announced;
        draft.announcement.note = rest.note;
        Ok(Some(New {
            things: Things { parties: vec![party], agreement: Some(agreement), ..Things::default() },
            draft,
        }))
    }

    /// The same of a row that may be of any kind, on anybody's word.
    fn told_of_any_kind(&mut self, record: &ByteRecord) -> Result<Option<New>, Fault> {
        self.columns.stay(record, &mut self.label)?;
        let Self { layout, columns, named, foreign, documents, label, .. } = self;
        let row::Told { things, draft, all } =
            row::Reading { layout, columns, named, foreign }.told(record, label, documents)?;
        let is_new = self.heard.insert(document_hash(all.as_bytes()));
        Ok(is_new.then_some(New { things, draft }))
    }

    /// Describes what a row names for the first time, before the row itself.
    fn describe(&mut self, new: &New, portion: &mut Portion) {
        for number in &new.things.parties {
            let thing = self.named.parties.thing_mut(*number);
            if thing.standing == Standing::ToDescribe {
                thing.standing = Standing::Described;
                if let Ok(id) = &thing.id {
                    portion.push(parties::party(thing, id, self.layout), Brings::Party);
                }
            }
        }
        if let Some(number) = new.things.agreement {
            self.describe_agreement(number, new.things.brings_agreement, portion);
        }
        if let Some(number) = new.things.mission {
            self.describe_mission(number, new.things.agreement, portion);
        }
    }

    fn describe_agreement(&mut self, number: u32, is_brought: bool, portion: &mut Portion) {
        let thing = self.named.agreements.thing_mut(number);
        if thing.standing == Standing::ToDescribe {
            thing.standing = Standing::Described;
            let title = thing.name.as_deref().unwrap_or(&thing.spelling);
            let told = Told { title: title.to_owned(), ..Told::default() };
            if let (Ok(id), false) = (&thing.id, is_brought) {
                portion.push(agreements::agreement(thing, id, told, self.layout), Brings::Agreement);
            }
        }
    }

    /// Describes a mission, of the programme that the row names beside it.
    fn describe_mission(&mut self, number: u32, programme: Option<u32>, portion: &mut Portion) {
        let programme = programme.and_then(|number| self.named.agreements.thing(number).id.clone().ok());
        let thing = self.named.missions.thing_mut(number);
        if thing.standing == Standing::ToDescribe {
            thing.standing = Standing::Described;
            if let Ok(id) = &thing.id {
                portion.push(agreements::mission(thing, id, programme, self.layout), Brings::Mission);
            }
        }
    }
}

/// The thing of that spelling with its id.
pub(super) fn found<'r, I>(roster: &'r Roster<I>, spelling: &str, empty: RejectCode) -> Result<(u32, &'r I), Fault> {
    if spelling.is_empty() {
        return Err((empty, "the cell is empty".to_owned()));
    }
    let Some(number) = roster.find(spelling) else {
        return Err(match empty {
            RejectCode::NoAgreement => {
                let reason = format!("{} is neither in the table of agreements nor in the ledger", shown(spelling));
                (RejectCode::UnknownAgreement, reason)
            }
            _ => (empty, format!("{} was not there when the table was read before", shown(spelling))),
        });
    };
    match &roster.thing(number).id {
        Ok(id) => Ok((number, id)),
        Err(why) => Err(why.clone()),
    }
}

/// What was read before, and what came of it.
struct Readings<'l> {
    layout: &'l Layout,
    acts: Met<Box<str>, Result<TableAct, Fault>>,
    /// A number for each date that was read; dates that are none are not kept.
    dates: Met<Box<str>, (u32, Date)>,
    by_date: Met<Date, u32>,
    stays: Met<Box<str>, u32>,
    latest_stay: (String, u32),
    rests: Met<Box<str>, u32>,
}

impl<'l> Readings<'l> {
    fn of(layout: &'l Layout) -> Self {
        Self {
            layout,
            acts: Met::default(),
            dates: Met::default(),
            by_date: Met::default(),
            stays: Met::default(),
            latest_stay: (String::new(), 0),
            rests: Met::default(),
        }
    }

    fn act(&mut self, word: &str) -> Result<TableAct, Fault> {
        if let Some(known) = self.acts.get(word) {
            return known.clone();
        }
        let act = act_of(self.layout, word);
        if self.acts.len() < MAX_KEPT {
            self.acts.insert(word.into(), act.clone());
        }
        act
    }

    fn date(&mut self, text: &str, act: TableAct) -> Result<(u32, Date), Fault> {
        if let Some((number, date)) = self.dates.get(text) {
            return Ok((*number, date.clone()));
        }
        if act.ends() && self.layout.dates.is_no_end(text) {
            return Err((RejectCode::NoDateGiven, format!("{} says that the end has not come", shown(text))));
        }
        let date = self.layout.dates.read(text)?;
        let next = u32::try_from(self.by_date.len()).expect("a table within the limits has fewer dates");
        let number = *self.by_date.entry(date.clone()).or_insert(next);
        if self.dates.len() < MAX_KEPT {
            self.dates.insert(text.into(), (number, date.clone()));
        }
        Ok((number, date))
    }

    fn stay(&mut self, label: &str) -> u32 {
        // The acts of a stay mostly stand one behind the other.
        if !self.stays.is_empty() && self.latest_stay.0 == label {
            return self.latest_stay.1;
        }
        let next = u32::try_from(self.stays.len()).expect("a table within the limits has fewer stays");
        let number = match self.stays.get(label) {
            Some(number) => *number,
            None => *self.stays.entry(label.into()).or_insert(next),
        };
        label.clone_into(&mut self.latest_stay.0);
        self.latest_stay.1 = number;
        number
    }

    fn rest(&mut self, rest: &Rest) -> u32 {
        let Some(key) = rest.key() else { return 0 };
        let next = u32::try_from(self.rests.len() + 1).expect("a table within the limits has fewer rows");
        *self.rests.entry(key).or_insert(next)
    }
}

fn act_of(layout: &Layout, word: &str) -> Result<TableAct, Fault> {
    let known = layout.acts.get(word).copied().or_else(|| TableAct::named(word));
    known.ok_or_else(|| {
        let own = layout.acts.keys().map(String::as_str);
        let near = nearest(word, TableAct::words().map(|word: &str| word).chain(own));
        let hint = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
        (RejectCode::UnknownAct, format!("{} is no act that has a counterpart here{hint}", shown(word)))
    })
}

/// What a row may say besides.
struct Rest {
    effective: Option<Date>,
    announced: Option<Date>,
    role: Option<Role>,
    note: Option<String>,
}

impl Rest {
    fn of(columns: &Columns, readings: &Readings<'_>, record: &ByteRecord) -> Result<Self, Fault> {
        let dates = &readings.layout.dates;
        let date = |text: &str| match dates.read(text) {
            Ok(date) => Ok(Some(date)),
            Err((RejectCode::NoDateGiven, _)) => Ok(None),
            Err(fault) => Err(fault),
        };
        let role = match columns.role.text(record)? {
            "" => None,
            word => Some(role_of(word)?),
        };
        let note = text::admit(columns.note.text(record)?, TextKind::Prose).ok();
        Ok(Self {
            effective: date(columns.effective.text(record)?)?,
            announced: date(columns.announced.text(record)?)?,
            role,
            note: note.map(|admitted| admitted.text.into_owned()),
        })
    }

    /// What tells two claims apart; nothing if the row says no more.
    fn key(&self) -> Option<Box<str>> {
        let Self { effective, announced, role, note } = self;
        let is_empty = effective.is_none() && announced.is_none() && role.is_none() && note.is_none();
        (!is_empty).then(|| format!("{effective:?}{announced:?}{role:?}{note:?}").into())
    }
}

fn role_of(word: &str) -> Result<Role, Fault> {
    word.to_ascii_lowercase().replace(['_', ' '], "-").parse().map_err(|_| {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        (RejectCode::UnknownRole, format!("{} is no role; the roles are {}", shown(word), roles.join(", ")))
    })
}
