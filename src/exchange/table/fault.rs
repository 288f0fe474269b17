//! Why a table cannot be imported at all.

use std::io;

use crate::domain::id::Namespace;

/// Why a table cannot be imported. What is wrong with one row alone is a reject.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// It cannot be opened.
    #[error("{table} cannot be read: {cause}")]
    NotOpened {
        /// The table.
        table: String,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Its bytes stop making sense, or go on for too long.
    #[error("{table}, line {line}: {what}")]
    Unreadable {
        /// The table.
        table: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// Not even a line with the names of columns.
    #[error("{table} is empty")]
    Empty {
        /// The table.
        table: String,
    },
    /// A column that is needed is not there.
    #[error("{table} has no column `{column}`")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The columns that there are.
        there: Vec<String>,
    },
    /// A column's name stands twice.
    #[error("{table} has two columns `{column}`")]
    TwoColumns {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// An answer about a party names nobody.
    #[error("{file}, line {line}: `{spelling}` is to be `{party}`, and there is no such party")]
    NoSuchParty {
        /// The file of answers.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What the table writes.
        spelling: String,
        /// Who that is to be.
        party: String,
    },
    /// Two things would have one id.
    #[error("the {namespace} `{first}` and the {namespace} `{second}` would both have the id `{id}`")]
    Collision {
        /// What kind of things.
        namespace: Namespace,
        /// How the one is spelled.
        first: String,
        /// How the other is spelled.
        second: String,
        /// The id of both.
        id: String,
    },
}

impl TableFault {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotOpened { .. } => "look at its name and its permissions".to_owned(),
            Self::Unreadable { hint, .. } => (*hint).to_owned(),
            Self::Empty { .. } => "its first line has the names of the columns".to_owned(),
            Self::NoColumn { there, .. } => match other_delimiter(there) {
                Some(mark) => {
                    let mark = mark.escape_default();
                    format!("does `{mark}` stand between its cells? a map can say so: [table] delimiter = \"{mark}\"")
                }
                None => format!("it has the columns {}", listed(there)),
            },
            Self::TwoColumns { .. } => "name one of them otherwise".to_owned(),
            Self::NoSuchParty { .. } => {
                "write the id of a party of the ledger or the table; or `new`, for one of its own; or nothing, to be asked again"
                    .to_owned()
            }
            Self::Collision { .. } => {
                "spell one of them otherwise: ids have letters A–Z a–z, digits and . _ : / - and are found whatever their case"
                    .to_owned()
            }
        }
    }
}

/// What seems to stand between cells, where everything is in one.
fn other_delimiter(columns: &[String]) -> Option<char> {
    let [only] = columns else { return None };
    [';', '\t', '|', ','].into_iter().find(|mark| only.contains(*mark))
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    const LONGEST: usize = 40;
    let short = |name: &String| name.chars().take(LONGEST).collect::<String>();
    let shown: Vec<String> = names.iter().take(MOST).map(short).collect();
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
