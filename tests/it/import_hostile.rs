//! That no table, whatever its bytes are, makes an import panic, take memory without end, or leave half a batch.

use std::cell::Cell;
use std::fs;
use std::io::{Cursor, Read};

use servanda::exchange::table::import::{Import, ImportFault, Watch};
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::rejects::{Reject, RejectsWriter};
use servanda::exchange::table::{Account, COMMA, MAX_RECORD, Table, Target, manytreaties, map};

use crate::import::{account_of, desk_with_ledger, gzip, table};

const AGREEMENTS: &str = "agreement_id,title\nt:B,Second treaty\n";
const HEADER: &str = "agreement_id,party,party_name,action,date,source_ref\n";
const ROW: &str = "t:B,PAK,Pakistan,signature,2023-10-18,s#1/a\n";

fn imported(acts: &Table<'_>) -> Result<Account, ImportFault> {
    let (layout, agreements) = (manytreaties::layout(), table("agreements.csv", AGREEMENTS));
    let mut watch = Watch { stop: &|| false, progress: &|_, _, _| {}, reject: &mut |_| Ok(()) };
    let import = Import {
        layout: &layout,
        agreements: Some(&agreements),
        acts,
        answers: &Answers::default(),
        batch_len: 100,
        folder: None,
    };
    import.run(&mut Target::Nowhere(&[]), &mut watch)
}

/// What is said of a table, with the hint.
fn said(bytes: impl Into<Vec<u8>>) -> String {
    match imported(&table("acts.csv", bytes)) {
        Err(ImportFault::Table(fault)) => format!("{fault}; {}", fault.hint()),
        other => panic!("it is imported: {other:?}"),
    }
}

fn check_said(bytes: impl Into<Vec<u8>>, expected: &str) {
    let said = said(bytes);
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_table_that_cannot_be_read_is_refused_with_its_line_and_a_hint() {
    check_said("", "acts.csv is empty; its first line has the names of the columns");
    check_said(
        "party,party_name,action,date,source_ref\n",
        "acts.csv has no column `agreement_id`; it has the columns party",
    );
    check_said("agreement_id;party;date\n", "[table] delimiter = \";\"");
    check_said("party,party\n", "acts.csv has two columns `party`");
    check_said(b"party,\xFF\xFE\n", "line 1: the names of the columns are not UTF-8");
    check_said("\u{FEFF}party,x\n", "it has the columns party, x");
    let unclosed = format!("{HEADER}\"{}", "x".repeat(4 << 20));
    check_said(unclosed, "look for a quotation mark that is not closed");
    let long = format!("{HEADER}{}", "x,".repeat(2 << 20));
    check_said(long, &format!("a record goes on for more than {MAX_RECORD} bytes"));
}

#[test]
fn a_table_of_as_many_columns_as_a_record_holds_takes_no_time_of_its_own() {
    let many: String = (0..135_000).fold(String::new(), |header, column| header + &format!(",c{column}"));
    let header = format!("{}{many}\n", HEADER.trim_end());
    assert!((MAX_RECORD * 9 / 10..MAX_RECORD).contains(&(header.len() as u64)), "{}", header.len());
    // The last of them is named, and stands twice; then every row is rejected for want of cells, each cell at its place.
    check_said(format!("{},c134999\n", header.trim_end()), "acts.csv has two columns `c134999`");
    let acts = table("acts.csv", format!("{header}{}", ROW.repeat(3)));
    let (layout, agreements) = (manytreaties::layout(), table("agreements.csv", AGREEMENTS));
    let import = Import {
        layout: &layout,
        agreements: Some(&agreements),
        acts: &acts,
        answers: &Answers::default(),
        batch_len: 100,
        folder: None,
    };
    let mut rejects = Vec::new();
    let mut writer = RejectsWriter::new(&mut rejects, import.columns().expect("it has columns"));
    let mut reject = |reject: &Reject<'_>| writer.write(reject);
    let mut watch = Watch { stop: &|| false, progress: &|_, _, _| {}, reject: &mut reject };
    import.run(&mut Target::Nowhere(&[]), &mut watch).expect("it can be read");
    writer.finish().expect("there is room");
    let rejects = String::from_utf8(rejects).expect("it is text");
    assert_eq!(rejects.lines().count(), 4);
    assert!(rejects.lines().nth(1).is_some_and(|row| row.contains("t:B,PAK,Pakistan,signature,2023-10-18,s#1/a,,,")));
}

#[test]
fn gzip_that_is_broken_or_cut_off_is_refused_wherever_it_breaks() {
    let whole = gzip(format!("{HEADER}{}", ROW.repeat(300)).as_bytes());
    for len in 2..whole.len() {
        check_said(&whole[..len], "fetch the file again");
    }
    for at in 2..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        // What happens to be another table is one; the rest is told of.
        if let Err(fault) = imported(&table("acts.csv.gz", bytes)) {
            assert!(matches!(fault, ImportFault::Table(_)), "{fault}");
        }
    }
}

#[test]
fn a_little_gzip_that_stands_for_a_lot_is_refused_early() {
    let row = format!("t:B,PAK,{}\n", "x".repeat(500_000));
    let rows = format!("{HEADER}{}", row.repeat((80 << 20) / row.len()));
    check_said(gzip(rows.as_bytes()), "if it really is one, expand it first");
}

#[test]
fn rows_that_are_no_text_or_have_other_widths_are_rejects_and_the_rest_is_imported() {
    let rows = [
        b"t:B,PAK,Pakistan,signature,2023,s#1/a\nt:B,\xFF,x,signature,2023,s#2/a\n\n".as_slice(),
        b"t:B\n,,,,,\n\"a\nb\"\n",
    ];
    let account = imported(&table("acts.csv", [HEADER.as_bytes(), &rows.concat()].concat())).expect("it is a table");
    assert!(account.adds_up());
    assert_eq!((account.rows, account.events, account.rejected()), (5, 1, 4));
    let lines: Vec<u64> = account.rejects.values().map(|rejected| rejected.first_line).collect();
    assert_eq!(lines, [5, 3, 6]);
}

#[test]
fn a_table_that_changes_while_it_is_read_gives_an_account_all_the_same() {
    let opened = Cell::new(0);
    let open = || -> std::io::Result<Box<dyn Read>> {
        opened.set(opened.get() + 1);
        let row = if opened.get() == 1 { ROW.to_owned() } else { ROW.replace("PAK", "AZE") + ROW };
        Ok(Box::new(Cursor::new([HEADER, &row].concat())))
    };
    let changing = Table { name: "acts.csv".to_owned(), delimiter: COMMA, open: Box::new(open) };
    let account = imported(&changing).expect("it is a table");
    assert_eq!((account.rows, account.events, account.rejected()), (2, 1, 1));
}

#[test]
fn names_that_are_no_text_are_done_without() {
    let map = "[columns]\nparty = \"p\"\nparty_name = \"n\"\nagreement = \"a\"\nagreement_title = \"t\"\ndate = \"d\"\n\
               [constants]\nact = \"signature\"\n";
    let layout = map::read(map, "t").expect("it is a map");
    let acts = table("t", b"p,n,a,t,d\nX,\xFF,y,\xFE,2023\n".as_slice());
    let mut watch = Watch { stop: &|| false, progress: &|_, _, _| {}, reject: &mut |_| Ok(()) };
    let import = Import {
        layout: &layout,
        agreements: None,
        acts: &acts,
        answers: &Answers::default(),
        batch_len: 100,
        folder: None,
    };
    let account = import.run(&mut Target::Nowhere(&[]), &mut watch).expect("it is a table");
    assert_eq!((account.events, account.parties.described, account.agreements.described), (1, 1, 1));
}

#[test]
fn a_row_is_on_the_line_on_which_an_editor_shows_it() {
    let lines = |ends: &str, last: &str| {
        let rows = ["a,b", "1", "", "\"2\n2\",,", "3,", "", "4", "5"].join(ends) + last;
        let table = Table {
            name: "t".to_owned(),
            delimiter: b',',
            open: Box::new(move || Ok(Box::new(Cursor::new(rows.clone())))),
        };
        let layout =
            map::read("[columns]\nparty = \"a\"\nact = \"b\"\ndate = \"b\"\n[constants]\nagreement = \"t\"\n", "t");
        let mut found = Vec::new();
        let mut watch = Watch {
            stop: &|| false,
            progress: &|_, _, _| {},
            reject: &mut |reject| {
                found.push(reject.line);
                Ok(())
            },
        };
        let import = Import {
            layout: &layout.expect("it is a map"),
            agreements: None,
            acts: &table,
            answers: &Answers::default(),
            batch_len: 100,
            folder: None,
        };
        import.run(&mut Target::Nowhere(&[]), &mut watch).expect("it is a table");
        found
    };
    for ends in ["\n", "\r\n"] {
        for last in ["", ends] {
            assert_eq!(lines(ends, last), [2, 4, 6, 8, 9], "{ends:?} {last:?}");
        }
    }
}

#[test]
fn hidden_and_huge_cells_become_rejects_and_not_events() {
    let huge = format!("t:B,PAK,Pakistan,signature,{},s#1/a", "9".repeat(200_000));
    let hidden = "t:B,PA\u{202E}K,Pakistan,signature,2023,s#1/a";
    let account = account_of(&[&huge, hidden]);
    assert_eq!((account.rows, account.rejected()), (2, 2));
    assert!(account.rejects.values().all(|rejected| rejected.first_reason.len() < 300), "{account:?}");
}

#[test]
fn what_is_wrong_with_a_map_is_shown_where_it_stands() {
    let desk = desk_with_ledger();
    desk.write("t.csv", "p,a,d\nPAK,signature,2023\n");
    desk.write("map.toml", "[columns]\nparty = \"p\"\nact = \"a\"\ndate = \"d\"\n[acts]\nin = \"sinature\"\n");
    let answer = desk.run("import csv t.csv --map map.toml");
    assert_eq!(answer.code, 1);
    for expected in ["map.toml:6:6", "did you mean `signature`?", "nothing says what the `agreement` is", "2 problems"]
    {
        assert!(answer.err.contains(expected), "{}", answer.err);
    }
}

#[test]
fn a_table_is_never_taken_for_the_file_of_rejects() {
    let desk = desk_with_ledger();
    desk.write("agreements.csv", AGREEMENTS);
    let path = desk.write("acts.csv", [HEADER, ROW].concat());
    let answer = desk.run("import manytreaties --agreements agreements.csv --actions acts.csv --rejects ./acts.csv");
    assert_eq!(answer.code, 2, "{}", answer.err);
    let mut text = String::new();
    fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text)).expect("it is there");
    assert_eq!(text, [HEADER, ROW].concat());
}
