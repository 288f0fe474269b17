//! That tables are read as they are: status tables of the United Nations, dates in words, in three columns and as numbers,
//! and what spreadsheets put above a table; and that status tables of real acts answer as those acts do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use servanda::exchange::table::import::{Import, Watch};
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::{Target, untc};

use crate::import::{desk_with_ledger, of_fixture, only, table, whole_tables};
use crate::support::Desk;

/// Imports a status table, and returns the account.
fn imported(desk: &Desk, table: &str, more: &str) -> Value {
    desk.write("status.csv", table);
    let answer = desk.run(&format!("import untc status.csv --json {more}"));
    assert_eq!(answer.code, 0, "{}", answer.err);
    answer.json()
}

/// What each announcement of an agreement's acts says: party, act, date.
fn acts(desk: &Desk) -> BTreeSet<(String, String, String)> {
    let log = desk.run("export ndjson");
    let events = log.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let text = |body: &Value, key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let told = events.filter_map(|event| {
        let statement = event["statement"].as_str().map_or_else(
            || event["statement"].clone(),
            |text| serde_json::from_str(text).expect("a statement is JSON"),
        );
        let body = statement["body"].clone();
        (!text(&body, "act").is_empty()).then(|| (text(&body, "party"), text(&body, "act"), text(&body, "occurred")))
    });
    told.collect()
}

fn check(table: &str, expected: &[(&str, &str, &str)]) {
    let desk = desk_with_ledger();
    imported(&desk, table, "--agreement t");
    let expected =
        expected.iter().map(|(party, act, date)| ((*party).to_owned(), (*act).to_owned(), (*date).to_owned()));
    assert_eq!(acts(&desk), expected.collect(), "{table}");
}

#[test]
fn each_cell_of_a_status_table_is_an_act_of_its_column_or_its_letter() {
    check(
        "Participant,Signature,\"Ratification, Accession(a), Succession(d)\"\n\
         Albania,14 Jan 1993,11 May 1994\nAndorra,,27 Feb 2003 a\nCzech Republic,,22 Feb 1993 d\nSerbia 2,,20 Apr 2000\ta\n",
        &[
            ("ALB", "signature", "1993-01-14"),
            ("ALB", "ratification", "1994-05-11"),
            ("AND", "accession", "2003-02-27"),
            ("CZE", "succession", "1993-02-22"),
            ("SRB", "accession", "2000-04-20"),
        ],
    );
    check(
        "participant,signature,\"Ratification, Acceptance(A), Approval(AA), Formal confirmation(c)\"\n\
         European Union,,8 Jun 1994 c\n\"Bolivia (Plurinational State of)\",8 Jun 1994 s,\nBurundi,,[21 Sep 2004 ]\n",
        &[
            ("EUE", "formal-confirmation", "1994-06-08"),
            ("BOL", "definitive-signature", "1994-06-08"),
            ("BDI", "ratification", "2004-09-21"),
            ("BDI", "withdrawal", "[2004-09-21..]"),
        ],
    );
}

#[test]
fn a_cell_that_says_what_heads_say_drops_no_row() {
    check(
        "Participant,Type,Signature\nFrance,State,14 Jan 1993\nParticipant,Type,Signature\nGermany,State,15 Jan 1993\n",
        &[("FRA", "signature", "1993-01-14"), ("DEU", "signature", "1993-01-15")],
    );
}

#[test]
fn what_stands_above_a_status_table_is_no_row_and_what_no_act_heads_is_told() {
    let desk = desk_with_ledger();
    let table = "sep=;\nCHAPTER IV\nParties;168\n\nConvention on something;;;\nParticipant;Signature;Remarks;Accession(a)\n\
                 Pakistan;8 Jun 1994;a remark;\nParticipant;Signature;Remarks;Accession(a)\nFrance 1;;;June 1994 a\nPeru;soon;;\n";
    desk.write("IV-3.csv", table);
    let answer = desk.run("import untc IV-3.csv --json --rejects r.csv");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.err.contains("not read: Remarks"), "{}", answer.err);
    let account = answer.json();
    assert_eq!(["rows", "events", "rejected"].map(|key| account[key].as_u64()), [Some(3), Some(2), Some(1)]);
    assert_eq!(account["rejects"][0]["first_line"], 10);
    assert!(desk.run("agreement IV-3").out.contains("IV-3"));
    let rejects = std::fs::read_to_string(desk.path().join("r.csv")).expect("rejects were written");
    assert!(rejects.contains("IV-3.csv,10,other-date-form"), "{rejects}");
}

#[test]
fn several_status_tables_have_one_account_and_an_agreement_each() {
    let desk = desk_with_ledger();
    desk.write("one.csv", "Participant,Signature\nPakistan,8 Jun 1994\n");
    desk.write("two.csv", "State,Accession\nPAK,1994-06-08\nPakistann,8 Jun 1995\n");
    let account = desk.run("import untc one.csv two.csv --json").json();
    assert_eq!((&account["rows"], &account["agreements"]["described"]), (&3.into(), &2.into()));
    assert_eq!(account["parties"]["described"], 1, "what resembles a party is asked for: {account}");
    let again = desk.run("import untc one.csv two.csv --json").json();
    assert_eq!((&again["already"], &again["events"]), (&2.into(), &0.into()));
    assert_eq!(desk.run("import untc one.csv two.csv --agreement t").code, 2);
    desk.write("none.csv", "a,b\n1,2\n");
    let none = desk.run("import untc none.csv");
    assert!(none.code != 0 && none.err.contains("no line has a column of participants"), "{}", none.err);
}

#[test]
fn hostile_status_tables_give_rejects_with_their_lines_and_nothing_is_lost() {
    let rows: &[&[u8]] = &[
        b"Participant,Signature,Accession(a),x",
        b"P\xFFru,8 Jun 1994,,",
        b"Peru,8 Jun 1994,,,more",
        b"Peru,[ ],[a],",
        b"Peru,[8 Jun 1994,8 Jun 1994 a b,",
        b"Peru,\xE2\x80\xAE8 Jun 1994,99999999999999999999 Jun 1994,",
        b"12,8 Jun 1994,,",
        b",8 Jun 1994,,",
        b"\"",
    ];
    let table = table("t.csv", rows.join(b"\n".as_slice()));
    let layout = untc::layout("t", None, "t.csv");
    let mut lines = Vec::new();
    let mut watch = Watch {
        stop: &|| false,
        progress: &|_, _, _| {},
        reject: &mut |reject| {
            lines.push(reject.line);
            Ok(())
        },
    };
    let answers = Answers::default();
    let import =
        Import { layout: &layout, agreements: None, acts: &table, answers: &answers, batch_len: 100, folder: None };
    let account = import.run(&mut Target::Nowhere(&[]), &mut watch).expect("it is a table");
    assert!(account.adds_up() && account.events == 0, "{account:?}");
    lines.dedup();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8]);
}

/// What a table says with a map, as party, act and date.
fn check_map(table: &str, map: &str, expected: &[(&str, &str, &str)]) {
    let desk = desk_with_ledger();
    desk.write("t.csv", table);
    desk.write("map.toml", map);
    let answer = desk.run("import csv t.csv --map map.toml --json");
    assert_eq!(answer.code, 0, "{}", answer.err);
    let expected =
        expected.iter().map(|(party, act, date)| ((*party).to_owned(), (*act).to_owned(), (*date).to_owned()));
    assert_eq!(acts(&desk), expected.collect(), "{table}");
}

#[test]
fn a_map_can_say_how_days_months_letters_and_numbers_are_written() {
    let constants = "[constants]\nagreement = \"t\"\nact = \"ratification\"\n";
    check_map(
        "Participant,Day\nAlbania,11 May 1994\nSerbia 2,20 Apr 2000 a\nPeru,20 Apr 2000 x\n",
        &format!(
            "[columns]\nparty = \"Participant\"\ndate = \"Day\"\n{constants}\
             [letters]\na = \"accession\"\n[dates]\nforms = [\"d mmm yyyy\"]\n[parties]\nfootnotes = true\n"
        ),
        &[("ALB", "ratification", "1994-05-11"), ("SRB", "accession", "2000-04-20")],
    );
    check_map(
        "stateabb,styear,stmonth,stday\nUSA,1945,10,24\nUKG,1945,10,0\nSWZ,2002,-9,-9\nFRN,1945.0,10.0,24.0\nGMY,-9,-9,-9\n",
        &format!(
            "[columns]\nparty = \"stateabb\"\nyear = \"styear\"\nmonth = \"stmonth\"\nday = \"stday\"\n{constants}\
             [dates]\nfloats = true\n[parties]\ncodes = \"cow\"\n"
        ),
        &[
            ("USA", "ratification", "1945-10-24"),
            ("GBR", "ratification", "1945-10"),
            ("CHE", "ratification", "2002"),
            ("FRA", "ratification", "1945-10-24"),
        ],
    );
    check_map(
        "sep=;\nA list\nof parties\nc;d\nPAK;45217\nAZE;45217.0\n",
        &format!(
            "[columns]\nparty = \"c\"\ndate = \"d\"\n{constants}[dates]\nforms = [\"excel\"]\n[table]\nheader_line = 4\n"
        ),
        &[("PAK", "ratification", "2023-10-18"), ("AZE", "ratification", "2023-10-18")],
    );
}

#[test]
fn what_a_map_cannot_mean_is_told_where_it_stands() {
    let desk = desk_with_ledger();
    desk.write("t.csv", "p,y,d\n");
    let map = "[columns]\nparty = \"p\"\nyear = \"y\"\ndate = \"d\"\n[constants]\nagreement = \"t\"\nact = \"signature\"\n\
               [dates]\nforms = [\"edtf\"]\n[letters]\na = \"acession\"\n[table]\nheader_line = 0\n[parties]\ncodes = \"cows\"\n";
    desk.write("map.toml", map);
    let answer = desk.run("import csv t.csv --map map.toml");
    assert_eq!(answer.code, 1);
    for expected in
        ["told already, by `year`", "has no form", "did you mean `accession`?", "count from 1", "`cow`", "5 problems"]
    {
        assert!(answer.err.contains(expected), "{expected}: {}", answer.err);
    }
}

/// The acts that have a column in status tables.
const ACTS: [(&str, &str); 6] = [
    ("signature", ""),
    ("ratification", ""),
    ("accession", " a"),
    ("acceptance", " A"),
    ("approval", " AA"),
    ("succession", " d"),
];

/// Participants whom the acts call by the name of what was there before them, and how a status table calls them.
const NOW: [(&str, &str); 4] =
    [("PSE", "State of Palestine"), ("RWA", "Rwanda"), ("UGA", "Uganda"), ("VAT", "Holy See")];
/// Participants that are left out: two states had the name of the one, so that a status table's is asked for, and the
/// acts have a code for the other that is none of ISO 3166-1, and would be its id.
const LEFT_OUT: [&str; 2] = ["YUG", "ALG"];

/// A day, month or year as the collection writes it; none if the source has another form.
fn in_words(date: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = date.split('-').collect();
    let is_plain = !date.is_empty() && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let month = |month: &str| MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?).copied();
    match parts.as_slice() {
        _ if !is_plain || date.starts_with("9999") || date < "1600" => None,
        [year] => Some((*year).to_owned()),
        [year, of] => Some(format!("{} {year}", month(of)?)),
        [year, of, day] => Some(format!("{} {} {year}", day.trim_start_matches('0'), month(of)?)),
        _ => None,
    }
}

/// The stays of each party, by the row of the source that tells them.
fn stays(own: &str, party: usize, reference: usize) -> BTreeMap<String, BTreeSet<String>> {
    let mut stays: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in csv::Reader::from_reader(own.as_bytes()).records().map(|record| record.expect("a row")) {
        let row = record[reference].rsplit_once('/').map_or(&record[reference], |(row, _)| row);
        stays.entry(record[party].to_owned()).or_default().insert(row.to_owned());
    }
    stays
}

/// The acts of one agreement that a status table can hold: as manytreaties has them, and as a status table. Who came more than
/// once is left out: a status table has a line for each participant, and cannot tell stays apart.
fn in_both_forms(id: &str, acts: &[u8]) -> (String, String) {
    let (mut rows, mut lines) = (String::new(), String::new());
    let own = only(id, acts);
    let mut reader = csv::Reader::from_reader(own.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let place = |name: &str| header.iter().position(|column| column == name).expect("the column is there");
    let [party, name, action, date, reference] = ["party", "party_name", "action", "date", "source_ref"].map(place);
    let stays = stays(&own, party, reference);
    for record in reader.records().map(|record| record.expect("a row")) {
        if stays[&record[party]].len() > 1 || LEFT_OUT.contains(&&record[party]) {
            continue;
        }
        let Some((act, letter)) = ACTS.iter().find(|(act, _)| *act == &record[action]) else { continue };
        let Some(day) = in_words(&record[date]) else { continue };
        rows += &format!("{id},{},,{act},{},{}\n", &record[party], &record[date], &record[reference]);
        let now = NOW.iter().find(|(code, _)| *code == &record[party]).map(|(_, name)| *name);
        let own = if record[name].is_empty() { &record[party] } else { &record[name] };
        let called = now.unwrap_or(own);
        let called = format!("\"{} 2\"", called.replace('"', "\"\""));
        lines += &match *act {
            "signature" => format!("{called},{day},\n"),
            _ => format!("{called},,{day}{letter}\n"),
        };
    }
    let header = "agreement_id,party,party_name,action,date,source_ref\n";
    let status = "Participant,Signature,\"Ratification, Acceptance(A), Approval(AA), Accession(a), Succession(d)\"\n";
    (header.to_owned() + &rows, status.to_owned() + &lines)
}

/// The status of each party on a day.
fn statuses(desk: &Desk, id: &str, day: &str) -> BTreeMap<String, (String, String)> {
    let answer = desk.run(&format!("members {id} --on {day} --all --json")).json();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = answer["members"].as_array().expect("a list").iter();
    rows.map(|row| (text(row, "party"), (text(row, "status"), text(row, "certainty")))).collect()
}

fn check_same(agreements: &[u8], acts: &[u8], ids: &[&str]) -> usize {
    let mut checked = 0;
    for id in ids {
        let (rows, status) = in_both_forms(id, acts);
        let (one, other) = (desk_with_ledger(), desk_with_ledger());
        for desk in [&one, &other] {
            desk.write(
                "own.yaml",
                format!(
                    "evidence: {{ none: made up }}\nannouncements:\n\
                 - {{ kind: agreement, id: \"{id}\", title: T, type: treaty }}\n\
                 - {{ kind: milestone, agreement: \"{id}\", act: entry-into-force, occurred: 1960 }}\n"
                ),
            );
            let answer = desk.run("append own.yaml --quiet");
            assert_eq!(answer.code, 0, "{}", answer.err);
        }
        one.write("agreements.csv", only(id, agreements));
        one.write("actions.csv", rows);
        let answer = one.run("import manytreaties --agreements agreements.csv --actions actions.csv --json");
        assert_eq!(answer.code, 0, "{}", answer.err);
        let account = imported(&other, &status, &format!("--agreement {id}"));
        assert_eq!(account["rejected"], answer.json()["rejected"], "{id}: {account}");
        for day in ["1950-01-01", "1972-06-15", "1990-01-01", "2000-12-31", "2020-01-01"] {
            let expected = statuses(&one, id, day);
            assert_eq!(statuses(&other, id, day), expected, "{id} on {day}");
            checked += expected.len();
        }
    }
    checked
}

#[test]
fn status_tables_of_real_acts_answer_as_those_acts_do() {
    let (agreements, acts) = (of_fixture("agreements.csv"), of_fixture("actions.csv"));
    let ids = ["ggo:CNSWHO_1946A", "ggo:INTRRW_1946A", "huggo_trade:STHADC_1992O"];
    assert!(check_same(&agreements, &acts, &ids) > 300);
    if let Some([agreements, acts]) = whole_tables() {
        let ids = ["ggo:TRTPNW_1968A", "ggo:UNFCCC_1992A", "ecolex:CBD_1992A", "ieadb:RAMSA_1971A"];
        assert!(check_same(&agreements, &acts, &ids) > 1_000);
    }
}
