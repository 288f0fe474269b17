//! Rows and maps that say what they cannot say: each is told with its code, its key and what to do, and costs nobody else.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use servanda::exchange::table::import::{Import, Watch};
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::{Account, COMMA, RejectCode, Table, Target, map};

use crate::import_rows::{MAP, PAKISTAN, table};

fn memory(text: String) -> Table<'static> {
    let open = move || -> std::io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(text.clone()))) };
    Table { name: "t.csv".to_owned(), delimiter: COMMA, open: Box::new(open) }
}

/// The account of a table, and the reasons of its rejects.
fn account_of(text: String) -> (Account, BTreeMap<RejectCode, String>) {
    let layout = map::read(MAP, "t.csv").expect("it is a map");
    let acts = memory(text);
    let mut reasons = BTreeMap::new();
    let mut watch = Watch {
        stop: &|| false,
        progress: &|_, _, _| {},
        reject: &mut |reject| {
            reasons.insert(reject.code, reject.reason.to_owned());
            Ok(())
        },
    };
    let import = Import {
        layout: &layout,
        agreements: None,
        acts: &acts,
        answers: &Answers::default(),
        batch_len: 100,
        folder: Some(Path::new("nowhere")),
    };
    let account = import.run(&mut Target::Nowhere(&[]), &mut watch).expect("it is a table");
    assert!(account.adds_up(), "{account:?}");
    (account, reasons)
}

/// The cells of a row, by their columns.
type Row = &'static [(&'static str, &'static str)];

#[test]
fn each_reason_to_reject_a_row_has_its_code_and_names_its_key() {
    let cases: &[(Row, RejectCode, &str)] = &[
        (&[("kind", "treaty")], RejectCode::UnknownKind, "rows can be joining"),
        (&[("kind", "prospekt")], RejectCode::UnknownKind, "did you mean `prospect`?"),
        (&[("act", "interested")], RejectCode::UnknownAct, "the nearest is `interest`"),
        (
            &[("kind", "count"), ("number", "nine"), ("counted", "all"), ("when", "2023")],
            RejectCode::WrongForm,
            "`number`",
        ),
        (&[("kind", "count"), ("counted", "all"), ("when", "2023")], RejectCode::MissingCell, "needs `number`"),
        (
            &[("kind", "count"), ("number", "9"), ("counted", "stats"), ("when", "2023")],
            RejectCode::UnknownWord,
            "`states`",
        ),
        (&[("act", "invited"), ("what", "it")], RejectCode::NoParty, "needs `parties`"),
        (&[("act", "invited"), ("who", "PAK")], RejectCode::MissingCell, "needs `what`"),
        (&[("act", "adopted"), ("who", "PAK"), ("when", "2023")], RejectCode::NotTaken, "has no `party`"),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("what", "it")],
            RejectCode::NotTaken,
            "has no `what`",
        ),
        (&[("act", "signature"), ("who", "PAK")], RejectCode::NoDateGiven, "needs `occurred`"),
        (&[("act", "signature"), ("who", "PAK"), ("when", "2010-02-29")], RejectCode::ImpossibleDate, "2010-02-29"),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("link", "https://a.example")],
            RejectCode::NoPublisher,
            "`url`",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("phrase", "it")],
            RejectCode::NoPublisher,
            "`quote`",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("outlet", "X")],
            RejectCode::NoPublisher,
            "`grade`",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("outlet", "X"), ("grade", "tabloid")],
            RejectCode::UnknownWord,
            "depositary",
        ),
        (
            &[
                ("act", "signature"),
                ("who", "PAK"),
                ("when", "2023"),
                ("outlet", "X"),
                ("grade", "press"),
                ("link", "a.example"),
            ],
            RejectCode::WrongForm,
            "`url`",
        ),
        (
            &[
                ("act", "signature"),
                ("who", "PAK"),
                ("when", "2023"),
                ("outlet", "X"),
                ("grade", "press"),
                ("published", "soon"),
            ],
            RejectCode::OtherDateForm,
            "`published`",
        ),
        (
            &[
                ("act", "signature"),
                ("who", "PAK"),
                ("when", "2023"),
                ("outlet", "X"),
                ("grade", "press"),
                ("file", "a.md"),
            ],
            RejectCode::NoDocument,
            "`document`",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("standing", "rumour")],
            RejectCode::UnknownWord,
            "`standing`",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("type", "land")],
            RejectCode::UnknownWord,
            "`party_type`",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("role", "boss")],
            RejectCode::UnknownRole,
            "observer",
        ),
        (
            &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("remark", "a\u{202e}b")],
            RejectCode::WrongForm,
            "`note`",
        ),
        (&[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("id", "a b")], RejectCode::WrongForm, "`id`"),
        (
            &[("kind", "contribution"), ("act", "offered"), ("who", "PAK"), ("mission", "m"), ("item", "x")],
            RejectCode::MissingCell,
            "`item_type` is empty",
        ),
    ];
    for (row, code, said) in cases {
        let (account, reasons) = account_of(table(&[row]));
        assert_eq!((account.rows, account.events), (1, 0), "{row:?}");
        let reason = reasons.get(code).unwrap_or_else(|| panic!("{row:?}: {reasons:?}"));
        assert!(reason.contains(said), "{row:?}: {reason}");
    }
}

#[test]
fn a_hostile_cell_is_a_reject_and_costs_nobody_else() {
    let many = (0..5_000).map(|party| format!("p{party}")).collect::<Vec<_>>().join(";");
    let long = "x".repeat(200_000);
    let nested = "joining/".repeat(100_000) + "signature";
    let rows: &[&[(&str, &str)]] = &[
        &[("act", "invited"), ("what", "it"), ("parties", &many)],
        &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("outlet", &long), ("grade", &long)],
        &[("act", &long), ("who", "PAK"), ("when", "2023")],
        &[("act", &nested), ("who", "PAK"), ("when", "2023")],
        &[("act", "signature"), ("who", "PAK"), ("when", "2023"), ("outlet", "X"), ("grade", "press"), ("file", &long)],
        &[("act", "signature"), ("who", "PAK"), ("when", "2023")],
    ];
    let (account, reasons) = account_of(table(rows));
    assert_eq!((account.rows, account.events, account.rejected()), (6, 1, 5), "{reasons:?}");
    assert!(account.rejects.values().all(|rejected| rejected.first_reason.len() < 500), "{account:?}");
    let cut = table(&[PAKISTAN]).replace("https://example.org/ilrs", "\"");
    let layout = map::read(MAP, "t.csv").expect("it is a map");
    let mut watch = Watch { stop: &|| false, progress: &|_, _, _| {}, reject: &mut |_| Ok(()) };
    let acts = memory(cut);
    let import = Import {
        layout: &layout,
        agreements: None,
        acts: &acts,
        answers: &Answers::default(),
        batch_len: 100,
        folder: None,
    };
    let account = import.run(&mut Target::Nowhere(&[]), &mut watch).expect("it is a table");
    assert_eq!((account.rows, account.rejected()), (1, 1));
}

#[test]
fn a_map_says_who_published_what_and_has_no_key_that_rows_do_not_have() {
    let whole = "[columns]\nparty = \"p\"\nact = \"x\"\ndate = \"d\"\n[constants]\nagreement = \"a\"\n";
    for (more, said) in [
        ("url = \"https://a.example\"\n", "nothing says what its `publisher` is"),
        ("publisher = \"X\"\n", "nothing says what its `grade` is"),
        ("publsher = \"X\"\n", "there is no key `publsher` of rows"),
        ("fulfiled_by = \"X\"\n", "there is no key `fulfiled_by` of rows"),
    ] {
        let problems = map::read(&format!("{whole}{more}"), "t.csv").expect_err(more);
        assert!(problems.iter().any(|problem| problem.message.contains(said)), "{problems:?}");
    }
    let of_counts =
        "[columns]\nnumber = \"n\"\non = \"d\"\n[constants]\nkind = \"count\"\nagreement = \"a\"\nof = \"all\"\n";
    assert!(map::read(of_counts, "t.csv").is_ok());
}
