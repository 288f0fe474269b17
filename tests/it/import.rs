//! That importing a table loses nothing: every row is an event, a duplicate or a reject with its reason; stopping
//! anywhere and going on gives what one run gives; and who was in force is what engines of others say.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use servanda::exchange::table::import::{BATCH_LEN, Import, ImportFault, Watch};
use servanda::exchange::table::layout::Layout;
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::{Account, COMMA, RejectCode, Table, TableFault, Target, manytreaties};
use servanda::ledger::{Folder, Ledger};

use crate::support::{Answer, Desk, access, fixture, found, key, moment, read, tell};

const AGREEMENTS: &str =
    "agreement_id,title,alt_titles\nt:A[x]_1,First treaty,An older title|Another\nt:B,Second treaty,\n";
const HEADER: &str = "agreement_id,party,party_name,action,date,source_ref\n";

/// A table with the columns that manytreaties has; `row` stands for the row of the source, `col` for its column.
pub(crate) fn acts(rows: &[&str]) -> String {
    HEADER.to_owned() + &rows.join("\n") + "\n"
}

pub(crate) fn table(name: &str, bytes: impl Into<Vec<u8>>) -> Table<'static> {
    let bytes = bytes.into();
    let open = move || -> std::io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(bytes.clone()))) };
    Table { name: name.to_owned(), delimiter: COMMA, open: Box::new(open) }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// How to run an import.
#[derive(Clone, Copy)]
struct How {
    batch_len: usize,
    /// Stop before the batch of that number, from 0.
    stop_before: usize,
}

const WHOLE: How = How { batch_len: BATCH_LEN, stop_before: usize::MAX };

fn import(folder: &Folder, agreements: &Table<'_>, acts: &Table<'_>, how: How) -> Result<Account, ImportFault> {
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    let key = key();
    let mut target = Target::Ledger { ledger: &mut ledger, signer: &key, clock: moment(1000).into() };
    run(&manytreaties::layout(), Some(agreements), acts, how, &mut target)
}

fn run(
    layout: &Layout,
    agreements: Option<&Table<'_>>,
    acts: &Table<'_>,
    how: How,
    target: &mut Target<'_>,
) -> Result<Account, ImportFault> {
    let asked = Cell::new(0);
    let mut rejected = 0;
    let stop = || asked.replace(asked.get() + 1) >= how.stop_before;
    let mut watch = Watch {
        stop: &stop,
        progress: &|_, rows, of| assert!(rows <= of),
        reject: &mut |reject| {
            assert!(reject.line > 1 && !reject.reason.is_empty() && reject.cells().count() > 0);
            rejected += 1;
            Ok(())
        },
    };
    let account =
        Import { layout, agreements, acts, answers: &Answers::default(), batch_len: how.batch_len, folder: None }
            .run(target, &mut watch)?;
    let of_agreements: u64 = account.agreements.rejects.values().map(|rejected| rejected.rows).sum();
    assert_eq!(rejected, account.rejected() + of_agreements);
    assert!(account.adds_up(), "{account:?}");
    Ok(account)
}

/// The account of a table of acts on an empty ledger.
pub(crate) fn account_of(rows: &[&str]) -> Account {
    let mut nowhere = Target::Nowhere(&[]);
    let (agreements, acts) = (table("agreements.csv", AGREEMENTS), table("acts.csv", acts(rows)));
    run(&manytreaties::layout(), Some(&agreements), &acts, WHOLE, &mut nowhere).expect("it is a table")
}

fn check_code(row: &str, expected: Option<RejectCode>) {
    let account = account_of(&[row]);
    let codes: Vec<RejectCode> = account.rejects.keys().copied().collect();
    assert_eq!(codes, Vec::from_iter(expected), "{row}");
    assert_eq!((account.rows, account.events), (1, u64::from(expected.is_none())), "{row}");
}

#[test]
fn each_reason_to_reject_a_row_has_its_code() {
    for (row, code) in [
        ("t:B,PAK,Pakistan,signature,2023-10-18,s#1/a", None),
        ("t:B,PAK,Pakistan,signature,2023-10-18", Some(RejectCode::RaggedRow)),
        ("t:B,PAK,Pakistan,signature,2023-10-18,s#1/a,more", Some(RejectCode::RaggedRow)),
        ("t:B,,Pakistan,signature,2023-10-18,s#1/a", Some(RejectCode::NoParty)),
        (",PAK,Pakistan,signature,2023-10-18,s#1/a", Some(RejectCode::NoAgreement)),
        ("t:B,中国,China,signature,2023-10-18,s#1/a", None),
        ("t:B,[],China,signature,2023-10-18,s#1/a", Some(RejectCode::NoId)),
        ("t:B,12,Twelve,signature,2023-10-18,s#1/a", Some(RejectCode::NoId)),
        ("t:C,PAK,Pakistan,signature,2023-10-18,s#1/a", Some(RejectCode::UnknownAgreement)),
        ("t:B,PAK,Pakistan,membership_start,2023-10-18,s#1/a", Some(RejectCode::UnknownAct)),
        ("t:B,PAK,Pakistan,signature,,s#1/a", Some(RejectCode::NoDateGiven)),
        ("t:B,PAK,Pakistan,withdrawal,9999-12-31,s#1/a", Some(RejectCode::NoDateGiven)),
        ("t:B,PAK,Pakistan,termination,9999-12-31,s#1/a", Some(RejectCode::NoDateGiven)),
        ("t:B,PAK,Pakistan,entry_into_force,9999-12-31,s#1/a", Some(RejectCode::PlaceholderDate)),
        ("t:B,PAK,Pakistan,entry_into_force,0001-01-01,s#1/a", Some(RejectCode::PlaceholderDate)),
        ("t:B,PAK,Pakistan,signature,2899-01-01,s#1/a", Some(RejectCode::LateYear)),
        ("t:B,PAK,Pakistan,signature,01-01-01,s#1/a", Some(RejectCode::TwoDigitYear)),
        ("t:B,PAK,Pakistan,signature,17.12.1994,s#1/a", Some(RejectCode::OtherDateForm)),
        ("t:B,PAK,Pakistan,signature,2010-02-29,s#1/a", Some(RejectCode::ImpossibleDate)),
        ("t:B,PAK,Pakistan,signature,1968-07..1968-09,s#1/a", None),
        ("t:B,PAK,Pakistan,signature,1968-07-01?,s#1/a", None),
        ("t:B,PAK,Pakistan,simplified_procedure,1968,s#1/a", None),
    ] {
        check_code(row, code);
    }
}

#[test]
fn what_is_said_again_of_one_stay_is_a_duplicate_and_of_another_stay_is_not() {
    let account = account_of(&[
        "t:B,PAK,Pakistan,signature,2023-10-18,s#1/first",
        "t:B,PAK,Pakistan,signature,2023-10-18,s#1/second",
        "t:B,PAK,Pakistan,signature,2023-10-19,s#1/second",
        "t:B,PAK,Pakistan,signature,2023-10-18,s#2/first",
        "t:B,AZE,Azerbaijan,signature,2023-10-18,s#3/first",
        "t:B,AZE,Azerbaijan,ratification,2023-10-18,s#3/first",
    ]);
    assert_eq!((account.rows, account.events, account.duplicates), (6, 5, 1));
    assert_eq!((account.parties.described, account.agreements.described), (2, 2));
}

#[test]
fn a_table_of_agreements_has_an_account_of_its_own() {
    let agreements = "agreement_id,title\nt:A,One\nt:A,One\nt:A,Two\n,Three\n[],Four\nt:B\n";
    let mut nowhere = Target::Nowhere(&[]);
    let (agreements, acts) = (table("agreements.csv", agreements), table("acts.csv", HEADER));
    let account = run(&manytreaties::layout(), Some(&agreements), &acts, WHOLE, &mut nowhere).expect("it is a table");
    assert_eq!((account.agreements.rows, account.agreements.described, account.agreements.duplicates), (6, 1, 1));
    let codes: Vec<RejectCode> = account.agreements.rejects.keys().copied().collect();
    let expected = [RejectCode::RaggedRow, RejectCode::NoAgreement, RejectCode::NoId, RejectCode::SecondDescription];
    assert_eq!(codes, expected);
}

#[test]
fn two_agreements_that_would_have_one_id_are_an_error_before_anything_is_appended() {
    let desk = Desk::new();
    let folder = found(desk.path());
    let agreements = table("agreements.csv", "agreement_id,title\na[b],One\na-b-,Two\n");
    let fault = import(&folder, &agreements, &table("acts.csv", HEADER), WHOLE).expect_err("they collide");
    assert!(matches!(fault, ImportFault::Table(TableFault::Collision { .. })), "{fault}");
    assert_eq!(read(&folder).1.events.len(), 1, "only the genesis is there");
}

#[test]
fn what_is_spelled_otherwise_than_ids_is_found_by_its_own_spelling() {
    let desk = desk_with_ledger();
    desk.write("agreements.csv", AGREEMENTS);
    desk.write("acts.csv", acts(&["t:A[x]_1,KOR - PRK,,entry_into_force,2023-10-18,s#1/a"]));
    let answer = desk.run("import manytreaties --agreements agreements.csv --actions acts.csv");
    assert_eq!(answer.code, 0, "{}", answer.err);
    for name in ["t:A[x]_1", "t:A-x-_1", "An older title"] {
        let members = Answer::of(&desk.command(["members", name, "--json"]).output().expect("the binary runs")).json();
        assert_eq!((&members["agreement"], &members["members"][0]["party"]), (&"t:A-x-_1".into(), &"KOR---PRK".into()));
    }
    for name in ["KOR - PRK", "kor---prk"] {
        let party = desk.command(["party", name, "--json"]).output().expect("the binary runs");
        assert_eq!(Answer::of(&party).code, 0, "{name}");
    }
}

/// A desk with a ledger where commands look for one.
pub(crate) fn desk_with_ledger() -> Desk {
    let desk = Desk::new();
    let answer = desk.run("init --quiet");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

pub(crate) fn of_fixture(name: &str) -> Vec<u8> {
    fs::read(fixture(&format!("manytreaties/{name}"))).expect("the fixture is there")
}

/// The announcements of a ledger behind its genesis, by id.
pub(crate) fn announced(folder: &Folder) -> BTreeMap<String, Value> {
    let events = read(folder).1.events;
    let content = |event: &servanda::event::Recorded| servanda::event::statement::announced(&event.announcement);
    events.iter().skip(1).map(|event| (event.id.to_string(), content(event))).collect()
}

#[test]
fn a_second_run_appends_nothing() {
    let desk = Desk::new();
    let folder = found(desk.path());
    let (agreements, acts) = (table("a", of_fixture("agreements.csv")), table("b", of_fixture("actions.csv")));
    let first = import(&folder, &agreements, &acts, WHOLE).expect("it is imported");
    let len = read(&folder).1.events.len();
    let second = import(&folder, &agreements, &acts, WHOLE).expect("it is imported");
    assert_eq!((first.events, first.already), (1002, 0));
    assert_eq!((second.events, second.already, second.batches), (0, 1002, 0));
    assert_eq!((second.parties.described, second.agreements.already), (0, 3));
    assert_eq!(read(&folder).1.events.len(), len);
}

#[test]
fn stopped_before_any_batch_a_second_run_gives_what_one_run_gives() {
    let desk = Desk::new();
    let whole = found(&desk.path().join("whole"));
    let (agreements, acts) = (table("a", of_fixture("agreements.csv")), table("b", of_fixture("actions.csv")));
    import(&whole, &agreements, &acts, WHOLE).expect("it is imported");
    for stop_before in [0, 1, 2, 4] {
        let folder = found(&desk.path().join(stop_before.to_string()));
        let how = How { batch_len: 300, stop_before };
        let stopped = import(&folder, &agreements, &acts, how).expect("it is stopped");
        assert!(stopped.stopped && stopped.batches == stop_before as u64, "{stopped:?}");
        assert_eq!(stopped.rows + stopped.left, 1002);
        let rest = import(&folder, &agreements, &acts, How { batch_len: 300, ..WHOLE }).expect("it goes on");
        assert_eq!((stopped.events, rest.left), (rest.already, 0));
        assert_eq!(announced(&folder), announced(&whole));
    }
}

#[test]
fn gzip_says_what_plain_says() {
    let desk = Desk::new();
    let (plain, packed) = (found(&desk.path().join("plain")), found(&desk.path().join("packed")));
    let (agreements, acts) = (of_fixture("agreements.csv"), of_fixture("actions.csv"));
    let packed_tables = (table("a.gz", gzip(&agreements)), table("b.gz", gzip(&acts)));
    let first = import(&plain, &table("a", agreements), &table("b", acts), WHOLE).expect("it is imported");
    let second = import(&packed, &packed_tables.0, &packed_tables.1, WHOLE).expect("it is imported");
    assert_eq!(first, second);
    assert_eq!(announced(&plain), announced(&packed));
}

#[test]
fn a_map_of_ones_own_names_columns_acts_and_forms_of_dates() {
    let desk = desk_with_ledger();
    for name in ["members.csv", "map.toml"] {
        desk.write(name, fs::read(fixture(&format!("tables/{name}"))).expect("the fixture is there"));
    }
    let answer = desk.run("import csv members.csv --map map.toml --rejects rejects.csv --json");
    assert_eq!(answer.code, 0, "{}", answer.err);
    let account = answer.json();
    let number = |key: &str| account[key].as_u64().expect("a number");
    assert_eq!(["rows", "events", "duplicates", "rejected"].map(number), [8, 5, 1, 2]);
    let rejects = fs::read_to_string(desk.path().join("rejects.csv")).expect("rejects were written");
    assert_eq!(
        rejects,
        "reject_table,reject_line,reject_code,reject_reason,Land,Name,Vertrag,Was,Wann,Bemerkung\n\
         members.csv,8,no-date-given,no date is given,AZE,Azerbaijan,lunar-compact,ausgetreten,unbekannt,\n\
         members.csv,9,unknown-act,\"\"\"besichtigt\"\" is no act that has a counterpart here\",\
         AZE,Azerbaijan,lunar-compact,besichtigt,1.1.2024,\n"
    );
    let members = desk.run("members lunar-compact --on 2024-05-01 --json").json();
    let row =
        |party: &str| members["members"].as_array().and_then(|rows| rows.iter().find(|row| row["party"] == party));
    assert_eq!(row("PAK").map(|row| (&row["status"], &row["since"])), Some((&"member".into(), &"2024-04".into())));
    assert_eq!(row("AZE"), None, "a signature alone makes nobody a party where the table states who is one");
}

#[test]
fn what_the_ledger_does_not_admit_is_rejected_and_the_rest_goes_on() {
    let desk = desk_with_ledger();
    let map = "[columns]\nparty = \"p\"\nact = \"a\"\ndate = \"d\"\nannounced = \"n\"\nnote = \"m\"\n\
               [constants]\nagreement = \"t\"\n";
    desk.write("map.toml", map);
    desk.write("t.csv", "p,a,d,n,m\nPAK,signature,2023-10-18,2023-10-20,\nAZE,signature,2023-10-18,2023-10-01,\n");
    let account = desk.run("import csv t.csv --map map.toml --json").json();
    assert_eq!((&account["events"], &account["rejects"][0]["code"]), (&1.into(), &"not-admitted".into()));
    assert_eq!(account["rejects"][0]["first_line"], 3);
}

#[test]
fn parties_of_the_ledger_are_taken_by_id_or_name() {
    let desk = desk_with_ledger();
    desk.write("own.yaml", "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: south-africa, name: South Africa, type: state, also_known_as: [ZAF] }\n");
    assert_eq!(desk.run("append own.yaml").code, 0);
    desk.write(
        "map.toml",
        "[columns]\nparty = \"p\"\ndate = \"d\"\n[constants]\nagreement = \"t\"\nact = \"signature\"\n",
    );
    desk.write("t.csv", "p,d\nZAF,2023\nSouth Africa,2022\nsouth-africa,2021\n");
    let account = desk.run("import csv t.csv --map map.toml --json").json();
    assert_eq!((&account["events"], &account["parties"]["described"]), (&3.into(), &0.into()), "{account}");
}

/// Whether each set is what the engines of others found, a ledger for each agreement.
fn check_expected(expected: &Value, agreements: &[u8], acts: &[u8]) -> usize {
    let mut checked = 0;
    for agreement in expected["agreements"].as_array().expect("a list") {
        let id = agreement["agreement_id"].as_str().expect("an id");
        let desk = desk_with_ledger();
        desk.write("agreements.csv", only(id, agreements));
        desk.write("actions.csv", only(id, acts));
        let imported = desk.run("import manytreaties --agreements agreements.csv --actions actions.csv --json");
        assert_eq!(imported.code, 0, "{}", imported.err);
        for on in agreement["expected"].as_array().expect("a list") {
            let day = on["date"].as_str().expect("a day");
            let answer = desk.run(&format!("members {id} --on {day} --json")).json();
            for (certainty, key) in [("certain", "certain"), ("possible", "possible_only")] {
                assert_eq!(members(&answer, certainty), spelled(&on[key]), "{id} on {day}: {certainty}");
                checked += 1;
            }
        }
    }
    checked
}

/// The rows of one agreement. An agreement's id stands first in both tables, and needs no quotes.
pub(crate) fn only(id: &str, table: &[u8]) -> String {
    let text = std::str::from_utf8(table).expect("UTF-8");
    let header = text.lines().next().unwrap_or_default();
    let own = text.lines().filter(|line| line.strip_prefix(id).is_some_and(|rest| rest.starts_with(',')));
    std::iter::once(header).chain(own).fold(String::new(), |all, line| all + line + "\n")
}

fn members(answer: &Value, certainty: &str) -> Vec<String> {
    let rows = answer["members"].as_array().expect("a list").iter();
    let own = rows.filter(|row| row["status"] == "member" && row["certainty"] == certainty);
    let mut ids: Vec<String> = own.map(|row| row["party"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

/// Parties as they are spelled, by their ids.
fn spelled(parties: &Value) -> Vec<String> {
    let parties = parties.as_array().expect("a list").iter();
    let mut ids: Vec<String> = parties.map(|party| party.as_str().expect("a text").replace(' ', "-")).collect();
    ids.sort();
    ids
}

#[test]
fn who_was_in_force_is_what_other_engines_say_of_the_extract() {
    let expected = serde_json::from_slice(&of_fixture("expected_membership.json")).expect("JSON");
    assert_eq!(check_expected(&expected, &of_fixture("agreements.csv"), &of_fixture("actions.csv")), 3 * 20 * 2);
}

/// The whole tables, which lie beside the project where they may be.
fn whole(name: &str) -> Option<Vec<u8>> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let read = fs::read(&path).ok();
    if read.is_none() {
        // Straight to standard error, so that it is seen although the test passes.
        tell(&format!("left out: {} is not there", path.display()));
    }
    read
}

pub(crate) fn whole_tables() -> Option<[Vec<u8>; 2]> {
    let unpacked = |packed: Vec<u8>| {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("it is gzip");
        bytes
    };
    Some([whole("agreements.fixture.csv.gz").map(unpacked)?, whole("actions.fixture.csv.gz").map(unpacked)?])
}

#[test]
fn who_was_in_force_is_what_other_engines_say_of_ten_agreements_on_twenty_days() {
    let (Some([agreements, acts]), Some(expected)) = (whole_tables(), whole("expected_membership.fixture.json")) else {
        return;
    };
    let expected = serde_json::from_slice(&expected).expect("JSON");
    assert_eq!(check_expected(&expected, &agreements, &acts), 10 * 20 * 2);
}

#[test]
fn the_account_of_the_whole_tables_adds_up_to_the_row() {
    let Some([agreements, acts]) = whole_tables() else { return };
    let mut nowhere = Target::Nowhere(&[]);
    let (agreements, acts) = (table("agreements", agreements), table("actions", acts));
    let account = run(&manytreaties::layout(), Some(&agreements), &acts, WHOLE, &mut nowhere).expect("it is a table");
    assert_eq!((account.rows, account.events, account.duplicates), (247_117, 242_827, 1_157));
    let rejects: Vec<(RejectCode, u64)> = account.rejects.iter().map(|(code, of)| (*code, of.rows)).collect();
    let expected = [
        (RejectCode::PlaceholderDate, 1_293),
        (RejectCode::LateYear, 569),
        (RejectCode::TwoDigitYear, 91),
        (RejectCode::OtherDateForm, 1_180),
    ];
    assert_eq!(rejects, expected);
    assert_eq!(
        (account.agreements.rows, account.agreements.described, account.parties.described),
        (10_209, 10_209, 271)
    );
}
