//! `servanda export`

mod country_years;
mod events;
mod tables;
mod tiles;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{Format, Sheet};
use crate::cli::{Context, Outcome, spreadsheet};

/// Write events and tables for other programs
///
/// `ndjson` has every event whole: `restore` makes the same ledger of it again, and jq and b3sum check it. `tiles` is a folder to publish, which verifiers of transparency logs read. The tables are CSV by RFC 4180, for spreadsheets and statistics.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda export ndjson ilrs.ndjson
  servanda export csv members ilrs ilrs.csv --on 2023-10-19
  servanda export country-years --from 2021 --to 2023
  servanda export tiles public")]
pub(in crate::cli) struct Export {
    #[command(subcommand)]
    what: What,
}

/// By which some spreadsheets know that a text is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[derive(Debug, Subcommand)]
enum What {
    Ndjson(events::Ndjson),
    Csv(tables::Tables),
    CountryYears(country_years::CountryYears),
    Tiles(tiles::Tiles),
}

impl Export {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Ndjson(events) => events.run(context),
            What::Csv(tables) => tables.run(context),
            What::CountryYears(years) => years.run(context),
            What::Tiles(tiles) => tiles.run(context),
        }
    }
}

/// Where an export goes.
#[derive(Debug, Args)]
struct Place {
    /// The file, there whole or not at all; standard output, if it is - or none is given
    file: Option<PathBuf>,
    /// The same as FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    output: Option<PathBuf>,
}

impl Place {
    fn path(&self) -> Option<&Path> {
        self.file.as_deref().or(self.output.as_deref())
    }
}

/// Where a table goes, and how it begins.
#[derive(Debug, Args)]
struct Target {
    #[command(flatten)]
    place: Place,
    /// Begin with a byte order mark, by which some spreadsheets know that it is UTF-8
    #[arg(long)]
    bom: bool,
}

impl Target {
    /// Writes rows as CSV, one after the other.
    fn csv(
        &self,
        header: &[&str],
        rows: impl IntoIterator<Item = Vec<String>>,
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        let rows = rows.into_iter();
        let (mut written, of) = (0, rows.size_hint().1.unwrap_or(0) as u64);
        context.export_metered(self.place.path(), |out, progress| {
            if self.bom {
                out.write_all(BYTE_ORDER_MARK)?;
            }
            let told = |_: &Vec<String>| {
                written += 1;
                progress("rows written", written, of);
            };
            spreadsheet::write(out, header, rows.inspect(told))
        })?;
        Ok(Exit::Done)
    }

    /// Writes a sheet as CSV.
    fn sheet(&self, sheet: Sheet, context: &mut Context<'_, '_>) -> Outcome {
        self.csv(&sheet.header, sheet.rows.into_iter().map(|(_, cells)| cells), context)
    }
}

/// Refuses forms that an export does not have.
fn check_format(context: &Context<'_, '_>, own: Format, name: &str) -> Result<(), Failure> {
    let format = context.format();
    // A table is what is asked for when nothing is said.
    if format == own || format == Format::Table {
        return Ok(());
    }
    let message = format!("this export has the form {name} and no other");
    Err(Failure::new(Exit::Misuse, message).hint("leave --format and --json out"))
}
