//! What the columns of a table mean.

use std::collections::HashMap;

use crate::domain::agreement::{AgreementType, InForce};
use crate::domain::party::PartyType;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::dates::DateForms;
use crate::exchange::table::more::More;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The cell of the column of that name.
    Column(String),
    /// The same for every row.
    Constant(String),
    /// Nowhere: the table does not say.
    Absent,
}

/// What makes the label of a stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StayKey {
    /// Nothing: acts are put in order by their days.
    None,
    /// The cells of these columns.
    Columns(Vec<String>),
    /// The reference without what stands behind its last `/`.
    RowOfReference,
}

/// What the columns of a table mean.
#[derive(Debug, Clone)]
pub struct Layout {
    /// What stands between two cells, a byte of ASCII.
    pub delimiter: u8,
    /// Who acts: a code, an id or a name.
    pub party: Field,
    /// The party's name.
    pub party_name: Field,
    /// On which agreement.
    pub agreement: Field,
    /// The agreement's title.
    pub agreement_title: Field,
    /// What was done.
    pub act: Field,
    /// When.
    pub date: Field,
    /// From which day it holds.
    pub effective: Field,
    /// When the public could know.
    pub announced: Field,
    /// The role in a programme or organisation.
    pub role: Field,
    /// A remark.
    pub note: Field,
    /// What is kept as the reference to the row.
    pub reference: Field,
    /// What rows say beyond that.
    pub more: More,
    /// What makes the label of a stay.
    pub stay: StayKey,
    /// The table's words for acts; others are looked for in our vocabulary.
    pub acts: HashMap<String, TableAct>,
    /// How dates are written.
    pub dates: DateForms,
    /// Parties that are described on the way.
    pub parties: NewParties,
    /// Agreements that are described on the way.
    pub agreements: NewAgreements,
    /// Why there is no evidence but the table.
    pub reason: String,
}

/// How parties are described that the ledger does not have.
#[derive(Debug, Clone, Default)]
pub struct NewParties {
    /// What comes before a spelling to make an id of it.
    pub prefix: String,
    /// Their type, where no code of ISO 3166 tells it.
    pub r#type: Option<PartyType>,
}

/// How agreements are described that the ledger does not have.
#[derive(Debug, Clone)]
pub struct NewAgreements {
    /// What comes before a spelling to make an id of it.
    pub prefix: String,
    /// Their type.
    pub r#type: AgreementType,
    /// How a stay in them begins.
    pub in_force: InForce,
    /// Whether rows bring them, or a table of their own.
    pub brought_by: BroughtBy,
}

/// What brings agreements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroughtBy {
    /// The first row that names them.
    Rows,
    /// A table of agreements; rows that name others are rejected.
    OwnTable,
}

/// The reason that announcements of tables give for having no evidence.
pub const IMPORTED: &str = "imported table";
