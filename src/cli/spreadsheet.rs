//! Comma-separated values that no spreadsheet takes for formulas.
//!
//! Rows are written by RFC 4180, with line feeds between them. A cell is text that somebody announced, and spreadsheets
//! run what begins with `=`, `+`, `-` or `@` (also in full width, and behind white space) as a formula: such a cell gets
//! an apostrophe in front, which spreadsheets read as "this is text". So does one that begins with a tab or another
//! control character, which is shown by its number like everywhere else.
//!
//! There is no exception, not even for what we write ourselves: a year before 0000, in EDTF `-0044`, becomes `'-0044`,
//! since a spreadsheet would make a negative number of it. To read a cell back, drop one apostrophe from those that stand
//! before such a character: a text that has apostrophes there of its own gets one more, so that nothing is lost.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::domain::text::{is_formula, shown};

/// Writes a header and rows as wide as it.
///
/// # Errors
///
/// What the operating system says.
pub(super) fn write<R, C>(out: &mut dyn Write, header: &[&str], rows: impl IntoIterator<Item = R>) -> io::Result<()>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header).map_err(refused)?;
    for row in rows {
        for cell in row {
            writer.write_field(harmless(cell.as_ref()).as_bytes()).map_err(refused)?;
        }
        writer.write_record(None::<&[u8]>).map_err(refused)?;
    }
    writer.flush()
}

/// The kind of the error counts: a reader who has seen enough closes the pipe.
fn refused(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The cell as a spreadsheet may have it.
fn harmless(cell: &str) -> Cow<'_, str> {
    let shown = shown(cell);
    if is_formula(cell) { Cow::Owned(format!("'{shown}")) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &str, expected: &str) {
        assert_eq!(harmless(cell), expected, "{cell:?}");
    }

    #[test]
    fn what_a_spreadsheet_would_run_begins_with_an_apostrophe() {
        for harmful in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "=", "-0044", " =1", "\u{3000}=1", "'=1", "''-1"] {
            check(harmful, &format!("'{harmful}"));
        }
        check("\t=1", "'\\u{9}=1");
        check("\r=1", "'\\u{d}=1");
        check("\n=1", "'\\u{a}=1");
    }

    #[test]
    fn other_text_is_as_it_was() {
        for plain in ["", "2023-10-18", "[..2023-10]", "Chang'e-6", "'s-Hertogenbosch", "a=b", "1", "~", "'"] {
            check(plain, plain);
        }
    }

    #[test]
    fn an_apostrophe_can_be_taken_off_again() {
        let texts: Vec<String> =
            ["", "'", "''"].iter().flat_map(|a| ["=", "a", " -"].map(|b| format!("{a}{b}"))).collect();
        let mut written: Vec<_> = texts.iter().map(|text| harmless(text)).collect();
        written.sort();
        written.dedup();
        assert_eq!(written.len(), texts.len());
    }

    #[test]
    fn commas_quotes_and_line_breaks_stand_between_quotes() {
        let mut text = Vec::new();
        write(&mut text, &["a", "b"], [["1,2", "say \"x\""], ["", "é"]]).expect("memory takes everything");
        assert_eq!(String::from_utf8(text).expect("text"), "a,b\n\"1,2\",\"say \"\"x\"\"\"\n,é\n");
    }
}
