//! `servanda import untc`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{How, imported, table};
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::exchange::table::import::{BATCH_LEN, Import as Importing};
use crate::exchange::table::{Table, untc};

/// Import status tables of the United Nations Treaty Collection
///
/// A participant a line and a column for each way to take part, as its site and scrapers give them: days with letters behind (a accession, A acceptance, AA approval, c formal confirmation, d succession, s definitive signature, n provisional application, P consent to be bound), in brackets what is no longer in effect, footnotes behind names, titles above. A table is of one agreement, unless a column names them; when that entered into force, a milestone has to say.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda import untc genocide.csv --agreement genocide-convention
  servanda import untc IV-1.csv IV-3.csv --rejects rejects.csv     agreements IV-1 and IV-3")]
pub(super) struct Untc {
    /// The tables as CSV, plain or compressed with gzip
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The agreement that the table is of: an id of the ledger, or another that becomes one [default: the name of the file]
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
    /// The agreement's title, if the ledger does not have it
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    #[command(flatten)]
    how: How,
}

impl Untc {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { files, agreement, title, how } = self;
        if files.len() > 1 && (agreement.is_some() || title.is_some()) {
            let message = "--agreement and --title are of one table, and several are given";
            return Err(
                Failure::new(Exit::Misuse, message).hint("name each file for its agreement, or import them one by one")
            );
        }
        let of = |file: &PathBuf| {
            let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
            untc::layout(agreement.as_deref().unwrap_or(stem(&name)), title.as_deref(), &name)
        };
        let layouts: Vec<_> = files.iter().map(of).collect();
        let tables: Vec<Table<'_>> =
            files.iter().zip(&layouts).map(|(file, layout)| table(file, layout, context)).collect();
        for (acts, layout) in tables.iter().zip(&layouts) {
            let unread = acts.unread(layout)?;
            if !unread.is_empty() {
                let name = &acts.name;
                context.complain(&format!("{name}: columns that tell of no act are not read: {}\n", unread.join(", ")));
            }
        }
        let answers = super::matches::read(how.matches.as_deref(), context)?;
        let imports: Vec<Importing<'_>> = (tables.iter().zip(&layouts))
            .map(|(acts, layout)| {
                let (agreements, answers, batch_len, folder) = (None, &answers, BATCH_LEN, None);
                Importing { layout, agreements, acts, answers, batch_len, folder }
            })
            .collect();
        imported(&imports, &how, context)
    }
}

/// The name of a file without what says that it is a table.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let is_table =
        |ending: &std::ffi::OsStr| ["csv", "tsv", "txt"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    match Path::new(name).extension() {
        Some(ending) if is_table(ending) => &name[..name.len() - ending.len() - 1],
        _ => name,
    }
}
