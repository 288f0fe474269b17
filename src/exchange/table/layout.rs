//! What the columns of a table mean.

use std::collections::{BTreeMap, HashMap};

use crate::domain::agreement::{AgreementType, InForce};
use crate::domain::party::PartyType;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::countries::{CodeSystem, ISO};
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
    /// Where the head of the table is, and what its rows are.
    pub form: Form,
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
    /// When, by year, month and day in a column each; then the date itself is absent.
    pub date_parts: Option<[Field; 3]>,
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
    /// Letters behind a date that are acts, and come before that of the row; none, if letters mean nothing.
    pub letters: BTreeMap<String, TableAct>,
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
#[derive(Debug, Clone)]
pub struct NewParties {
    /// What comes before a spelling to make an id of it.
    pub prefix: String,
    /// Their type, where no list of codes tells it.
    pub r#type: Option<PartyType>,
    /// The types of some of them, by spelling, code or id, whatever else tells it.
    pub types: BTreeMap<String, PartyType>,
    /// What is read as a code of a country, in the order in which it is looked for.
    pub codes: Vec<CodeSystem>,
    /// What stands behind their names.
    pub behind: Behind,
}

impl Default for NewParties {
    fn default() -> Self {
        let (prefix, types, codes) = (String::new(), BTreeMap::new(), ISO.to_vec());
        Self { prefix, r#type: None, types, codes, behind: Behind::Nothing }
    }
}

/// What stands behind names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Nothing: all of it is the name.
    Nothing,
    /// Numbers of footnotes.
    Footnotes,
}

/// Where the head of a table is, and what its rows are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// Where the names of the columns stand.
    pub header: HeaderAt,
    /// In a status table, the agreement that it is of.
    pub agreement: String,
}

/// Where the names of the columns stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderAt {
    /// In the first line.
    #[default]
    First,
    /// In the line of that number, from 1; what stands above is no row.
    Line(u64),
    /// In the first line that has a column of participants, of a status table; each of its cells is a row.
    Status,
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
