//! Descriptions of the agreements that a table brings, and tables of agreements.

use csv::ByteRecord;

use crate::domain::agreement::{Agreement, InForce, Membership, Mission};
use crate::domain::announcement::{Announcement, Body};
use crate::domain::id::{AgreementId, MissionId, Namespace};
use crate::domain::text::{self, TextKind};
use crate::exchange::table::account::{Described, RejectCode, count};
use crate::exchange::table::columns::{Place, check_width};
use crate::exchange::table::dates::{Fault, shown};
use crate::exchange::table::directory::Directory;
use crate::exchange::table::fault::TableFault;
use crate::exchange::table::import::ImportFault;
use crate::exchange::table::layout::{Field, Form, Layout};
use crate::exchange::table::reader::{Rows, Table};
use crate::exchange::table::rejects::{Reject, TakeReject};
use crate::exchange::table::roster::{Roster, Standing, Thing};
use crate::ledger::Draft;

/// What a table tells of an agreement, apart from its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) title: String,
    pub(super) others: Vec<String>,
    pub(super) note: Option<String>,
}

/// A claim of a table, without other evidence.
pub(super) fn draft_of(body: impl Into<Body>, layout: &Layout) -> Draft {
    let mut announcement = Announcement::of(body);
    announcement.no_evidence = Some(layout.reason.clone());
    Draft::of(announcement)
}

/// Describes an agreement.
pub(super) fn agreement(thing: &Thing<AgreementId>, id: &AgreementId, told: Told, layout: &Layout) -> Draft {
    let in_force = layout.agreements.in_force;
    let stated = Membership { member: Vec::new(), associated: Vec::new(), in_force, delay: 0 };
    let mut also_known_as = own_spelling(id.as_str(), &thing.spelling);
    for other in told.others {
        if other != told.title && !also_known_as.contains(&other) {
            also_known_as.push(other);
        }
    }
    let body = Agreement {
        id: id.clone(),
        title: told.title,
        r#type: layout.agreements.r#type,
        parent: None,
        subjects: Vec::new(),
        also_known_as,
        depositary: None,
        membership: (in_force != InForce::default()).then_some(stated),
        from: None,
    };
    let mut draft = draft_of(body, layout);
    draft.announcement.note = told.note;
    draft
}

/// Describes a mission.
pub(super) fn mission(
    thing: &Thing<MissionId>,
    id: &MissionId,
    programme: Option<AgreementId>,
    layout: &Layout,
) -> Draft {
    let title = thing.name.as_deref().unwrap_or(&thing.spelling).to_owned();
    let also_known_as = own_spelling(id.as_str(), &thing.spelling).into_iter().filter(|own| *own != title).collect();
    draft_of(Mission { id: id.clone(), title, programme, also_known_as, from: None }, layout)
}

/// The spelling as another name, where the id is not spelled so.
fn own_spelling(id: &str, spelling: &str) -> Vec<String> {
    let recorded = text::admit(spelling, TextKind::Name).map(|admitted| admitted.text.into_owned());
    recorded.ok().filter(|spelling| spelling != id).into_iter().collect()
}

/// The columns of a table of agreements.
struct Columns {
    width: usize,
    id: Place,
    title: Place,
    alt_titles: Place,
    remarks: Vec<(&'static str, Place)>,
}

/// The most bytes of text in a description, so that an event surely holds it.
const MAX_TEXT: usize = 24 << 10;
/// What stands between two other titles.
const BETWEEN_TITLES: char = '|';
/// Columns about the agreement as a whole. They are kept as a remark: what holds of a party, its own rows say.
const REMARKS: [(&str, &str); 4] =
    [("kind", "kind"), ("signed", "signed_on"), ("in force", "in_force_on"), ("ended", "ended_on")];

impl Columns {
    fn of(rows: &Rows) -> Result<Self, TableFault> {
        let place = |name: &str| Place::of(&Field::Column(name.to_owned()), rows);
        let optional = |name: &str| place(name).unwrap_or(Place::Nowhere);
        Ok(Self {
            width: rows.header().len(),
            id: place("agreement_id")?,
            title: place("title")?,
            alt_titles: optional("alt_titles"),
            remarks: REMARKS.iter().map(|(what, name)| (*what, optional(name))).collect(),
        })
    }

    fn id<'r>(&'r self, record: &'r ByteRecord) -> Result<&'r str, Fault> {
        check_width(self.width, record)?;
        match self.id.text(record)? {
            "" => Err((RejectCode::NoAgreement, "`agreement_id` is empty".to_owned())),
            id => Ok(id),
        }
    }

    fn told(&self, id: &str, record: &ByteRecord) -> Result<Told, Fault> {
        let name = |text: &str| text::admit(text, TextKind::Name).ok().map(|admitted| admitted.text.into_owned());
        let title = name(self.title.text(record)?).or_else(|| name(id)).unwrap_or_default();
        let others: Vec<String> = self.alt_titles.text(record)?.split(BETWEEN_TITLES).filter_map(name).collect();
        let mut remarks = Vec::new();
        for (what, place) in &self.remarks {
            if let Some(value) = name(place.text(record)?) {
                remarks.push(format!("{what} {value}"));
            }
        }
        let length = [title.len(), others.iter().map(String::len).sum(), remarks.iter().map(String::len).sum()];
        if length.iter().sum::<usize>() > MAX_TEXT {
            return Err((RejectCode::NotAdmitted, format!("the row has more than {MAX_TEXT} bytes of text")));
        }
        let note = (!remarks.is_empty()).then(|| format!("The table says: {}", remarks.join(", ")));
        Ok(Told { title, others, note })
    }
}

/// A table of agreements that was read: what is told of each that the ledger does not have, by its number.
pub(super) type Listed = Vec<(u32, Told)>;

/// Reads a table of agreements, and gives an account of its rows.
///
/// # Errors
///
/// [`ImportFault::Table`], [`ImportFault::Rejects`].
pub(super) fn read(
    table: &Table<'_>,
    roster: &mut Roster<AgreementId>,
    directory: &Directory,
    account: &mut Described,
    take: &mut TakeReject<'_>,
) -> Result<Listed, ImportFault> {
    let mut rows = table.rows(&Form::default())?;
    let columns = Columns::of(&rows)?;
    let mut record = ByteRecord::new();
    let mut seen: Vec<Told> = Vec::new();
    let mut listed = Listed::new();
    while rows.read(&mut record)? {
        account.rows += 1;
        let row = columns.id(&record).and_then(|id| Ok((id, columns.told(id, &record)?)));
        let fault = match row {
            Ok((id, told)) => {
                let is_new = roster.find(id).is_none();
                let number = roster.enter(id, "", directory.names(Namespace::Agreement))?;
                list(number, is_new.then_some(told.clone()), &told, roster, &mut seen, account, &mut listed)
            }
            Err(fault) => Some(fault),
        };
        if let Some((code, reason)) = fault {
            let line = Rows::line_of(&record);
            count(&mut account.rejects, code, line, &reason);
            let reject =
                Reject { table: rows.table(), header: rows.header(), line, code, reason: &reason, record: &record };
            take(&reject).map_err(ImportFault::Rejects)?;
        }
    }
    Ok(listed)
}

/// Puts one row into its class, and says if it is to be rejected.
fn list(
    number: u32,
    new: Option<Told>,
    told: &Told,
    roster: &Roster<AgreementId>,
    seen: &mut Vec<Told>,
    account: &mut Described,
    listed: &mut Listed,
) -> Option<Fault> {
    let thing = roster.thing(number);
    if new.is_some() {
        seen.push(told.clone());
    }
    match (&thing.id, new) {
        (Err(why), _) => return Some(why.clone()),
        (Ok(_), None) if seen.get(number as usize) == Some(told) => account.duplicates += 1,
        (Ok(_), None) => {
            let reason = format!("{} is described before, in other words", shown(&thing.spelling));
            return Some((RejectCode::SecondDescription, reason));
        }
        (Ok(_), Some(_)) if thing.standing == Standing::InLedger => account.already += 1,
        (Ok(_), Some(told)) => listed.push((number, told)),
    }
    None
}
