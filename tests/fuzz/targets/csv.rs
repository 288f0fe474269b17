//! Reads maps and tables, plain or gzip, and counts what they would bring. Every row is in one class, whether the table is
//! compressed or not and however long batches are.
#![no_main]

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use servanda::exchange::table::import::{Import, Watch};
use servanda::exchange::table::layout::Layout;
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::{Account, COMMA, Table, Target, account, manytreaties, map};

/// What stands between a map, or a table of agreements, and the table of acts.
const BETWEEN: &[u8] = b"\n---\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else { return };
    let Some(at) = bytes.windows(BETWEEN.len()).position(|bytes| bytes == BETWEEN) else { return };
    let (first, acts) = (&bytes[..at], &bytes[at + BETWEEN.len()..]);
    if *way == b't' {
        check(&manytreaties::layout(), COMMA, Some(first), acts);
        return;
    }
    let Ok(text) = str::from_utf8(first) else { return };
    match map::read(text, "acts.csv") {
        Ok(layout) => check(&layout, layout.delimiter, None, acts),
        Err(problems) => {
            for problem in problems {
                assert!(text.get(problem.span.clone()).is_some(), "{problem:?} of {text:?}");
            }
        }
    }
});

fn check(layout: &Layout, delimiter: u8, agreements: Option<&[u8]>, acts: &[u8]) {
    let account = count(layout, delimiter, agreements, acts, 100);
    if acts.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
    compressed.write_all(acts).expect("memory can be written to");
    let compressed = compressed.finish().expect("memory can be written to");
    assert_eq!(count(layout, delimiter, agreements, &compressed, 2), account);
}

/// The account of an import into nowhere; none, if the table is refused.
fn count(layout: &Layout, delimiter: u8, agreements: Option<&[u8]>, acts: &[u8], batch_len: usize) -> Option<Account> {
    let table = |name: &str, bytes: &[u8]| {
        let (name, bytes) = (name.to_owned(), bytes.to_vec());
        Table { name, delimiter, open: Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())))) }
    };
    let acts = table("acts.csv", acts);
    let agreements = agreements.map(|bytes| table("agreements.csv", bytes));
    let mut rejected = 0;
    let mut watch = Watch {
        stop: &|| false,
        progress: &|_, rows, of| assert!(rows <= of),
        reject: &mut |_| {
            rejected += 1;
            Ok(())
        },
    };
    let import = Import { layout, agreements: agreements.as_ref(), acts: &acts, answers: &Answers::default(), batch_len, folder: None };
    let account = import.run(&mut Target::Nowhere(&[]), &mut watch).ok()?;
    assert!(account.adds_up() && account.left == 0, "{account:?}");
    assert_eq!(rejected, account.rejected() + account::sum(&account.agreements.rejects));
    Some(account)
}
