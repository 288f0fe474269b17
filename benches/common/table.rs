//! A table of treaty acts out of a seed, with the columns of manytreaties: gaps, repetitions and rows to be rejected too.

use std::fmt::Write;
use std::io::{self, Cursor, Read};

use servanda::domain::day::Day;
use servanda::exchange::table::{COMMA, Table};

use super::seed::Seed;

const PARTIES: usize = 200;
/// Rows of one agreement, as there are in collections of treaties.
const ROWS_OF_ONE: usize = 24;
const ACTIONS: [&str; 5] = ["signature", "ratification", "accession", "entry_into_force", "withdrawal"];

/// The table of agreements and that of acts, which has so many rows.
pub(crate) fn tables(seed: u64, rows: usize) -> [Table<'static>; 2] {
    let mut seed = Seed(seed);
    let of = rows.div_ceil(ROWS_OF_ONE);
    let mut agreements = "agreement_id,title,kind\n".to_owned();
    for number in 0..of {
        let kind = if seed.one_in(3) { "bilateral" } else { "multilateral" };
        let line = writeln!(agreements, "b:PACT{number}_19{:02}A,Pact number {number} on rivers,{kind}", number % 100);
        line.expect("memory takes everything");
    }
    let mut acts = "agreement_id,party,party_name,action,date,source_ref\n".to_owned();
    let first = Day::from_ymd(1900, 1, 1).expect("a day");
    for row in 0..rows {
        let agreement = seed.index(of);
        let party = seed.index(PARTIES);
        let day = first.shift(seed.days(100 * 365)).to_string();
        // One in a hundred is a year alone, and one in a hundred is a day that tables write where there is none.
        let date = match seed.below(100) {
            0 => &day[..4],
            1 => "9999-12-31",
            _ => day.as_str(),
        };
        let action = seed.one_of(&ACTIONS);
        let line = writeln!(
            acts,
            "b:PACT{agreement}_19{:02}A,P{party:03},Party {party},{action},{date},bench-1.0/acts#{}",
            agreement % 100,
            row / 2
        );
        line.expect("memory takes everything");
    }
    [table("agreements.csv", agreements), table("acts.csv", acts)]
}

fn table(name: &str, text: String) -> Table<'static> {
    let open = move || -> io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(text.clone().into_bytes()))) };
    Table { name: name.to_owned(), delimiter: COMMA, open: Box::new(open) }
}
