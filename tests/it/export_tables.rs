//! What tables for other programs have: one form for each answer, days beside imprecise dates, codes of countries, and a
//! file that is named in one way for every export.

use std::fs;

use crate::export::cells;
use crate::ilrs::all;
use crate::support::{Desk, done};

const LEDGER: &str = "--ledger ilrs.servanda";

/// The cells of a column of an exported table, one for each row.
fn column(table: &[Vec<String>], name: &str) -> Vec<String> {
    let at = table[0].iter().position(|own| own == name).unwrap_or_else(|| panic!("{name}: {:?}", table[0]));
    table[1..].iter().map(|row| row[at].clone()).collect()
}

fn exported(desk: &Desk, line: &str) -> String {
    let answer = desk.run(&format!("export {line} {LEDGER}"));
    done(&answer);
    answer.out
}

#[test]
fn an_answer_has_one_csv_whichever_way_it_is_asked_for() {
    for line in ["members ilrs --on 2023-10-19", "members ilrs --on 2023-10-19 --all --type state", "history pakistan"]
    {
        let asked = all().run(&format!("{line} --format csv {LEDGER}"));
        done(&asked);
        assert_eq!(exported(all(), &format!("csv {line}")), asked.out, "{line}");
    }
}

#[test]
fn every_export_takes_its_file_in_one_way() {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    for (line, file) in [
        ("ndjson", "a.ndjson"),
        ("csv members ilrs", "a.csv"),
        ("csv history", "a.csv"),
        ("csv history pakistan", "a.csv"),
        ("csv actions", "a.txt"),
        ("country-years", "a.csv"),
    ] {
        let whole = exported(&desk, line);
        assert!(whole.lines().count() > 1, "{line}");
        assert_eq!(exported(&desk, &format!("{line} -")), whole, "{line}");
        for named in [file.to_owned(), format!("--output {file}")] {
            assert_eq!(exported(&desk, &format!("{line} {named}")), "", "{line}");
            let written = fs::read_to_string(desk.path().join(file)).expect("it is there");
            assert_eq!(written, whole, "{line}");
            fs::remove_file(desk.path().join(file)).expect("it is there");
        }
        assert_eq!(desk.run(&format!("export {line} {file} --output {file} {LEDGER}")).code, 2, "{line}");
    }
}

#[test]
fn beside_each_date_stand_the_days_that_it_may_mean() {
    let members = cells(&exported(all(), "csv members ilrs --on 2023-10-19 --all"));
    let of = |name: &str| column(&members, name);
    let [parties, since, earliest, latest] = ["party", "since", "since_earliest", "since_latest"].map(of);
    let row = |party: &str| {
        let at = parties.iter().position(|own| own == party).expect("it is there");
        [since[at].as_str(), earliest[at].as_str(), latest[at].as_str()]
    };
    assert_eq!(row("pakistan"), ["2023-10-18", "2023-10-18", "2023-10-18"]);
    for (table, dates) in [
        ("csv history", ["date", "announced"].as_slice()),
        ("csv actions", &["occurred", "effective", "deposited", "announced"]),
        ("csv members ilrs --all", &["since", "until"]),
    ] {
        let table = cells(&exported(all(), table));
        for date in dates {
            let days = ["earliest", "latest"].map(|end| column(&table, &format!("{date}_{end}")));
            for ((edtf, earliest), latest) in column(&table, date).iter().zip(&days[0]).zip(&days[1]) {
                let is_day =
                    |text: &str| text.is_empty() || text.trim_start_matches(['\'', '-']).len() == "2023-10-18".len();
                assert!(is_day(earliest) && is_day(latest), "{edtf}: {earliest} {latest}");
                assert!(earliest.is_empty() || latest.is_empty() || earliest <= latest, "{edtf}");
                let plain = edtf.len() == "2023-10-18".len() && !edtf.contains(['[', 'X', '~', '?']);
                assert!(!plain || (edtf == earliest && edtf == latest), "{edtf}: {earliest} {latest}");
                assert!(!edtf.is_empty() || (earliest.is_empty() && latest.is_empty()));
            }
        }
    }
}

#[test]
fn a_party_with_a_country_has_its_codes() {
    let desk = Desk::new();
    desk.write(
        "a.yaml",
        "evidence: { none: x }\nannouncements:\n\
         - { kind: agreement, id: pact, title: Pact, type: programme }\n\
         - { kind: party, id: pakistan, name: Pakistan, type: state, country: PK }\n\
         - { kind: party, id: czechoslovakia, name: Czechoslovakia, type: state, country: CSHH }\n\
         - { kind: party, id: kosovo, name: Kosovo, type: state, country: XK }\n\
         - { kind: party, id: somebody, name: Somebody, type: company }\n\
         - { kind: joining, party: pakistan, agreement: pact, occurred: 2001 }\n\
         - { kind: joining, party: czechoslovakia, agreement: pact, occurred: 2001 }\n\
         - { kind: joining, party: kosovo, agreement: pact, occurred: 2001 }\n\
         - { kind: joining, party: somebody, agreement: pact, occurred: 2001 }\n",
    );
    done(&desk.run("append --init --ledger ilrs.servanda a.yaml"));
    for line in ["csv members pact --on 2002-01-01", "csv actions", "country-years --from 2002 --to 2002"] {
        let table = cells(&exported(&desk, line));
        let [parties, two, three] = ["party", "alpha_2", "alpha_3"].map(|name| column(&table, name));
        for (party, letters) in [
            ("pakistan", ["PK", "PAK"]),
            ("czechoslovakia", ["CS", "CSK"]),
            ("kosovo", ["XK", "XKX"]),
            ("somebody", ["", ""]),
        ] {
            let at = parties.iter().position(|own| own == party).expect("it is there");
            assert_eq!([two[at].as_str(), three[at].as_str()], letters, "{line}");
        }
    }
    let members = desk.run("members pact --on 2002-01-01 --json --ledger ilrs.servanda").json();
    assert_eq!(members["members"][2]["country"], "PK");
}

#[test]
fn a_byte_order_mark_comes_first_where_it_is_asked_for() {
    for line in ["csv members ilrs", "csv history", "csv actions", "country-years"] {
        let plain = exported(all(), line);
        assert!(plain.starts_with(|c: char| c.is_ascii_lowercase()), "{line}");
        assert_eq!(exported(all(), &format!("{line} --bom")), format!("\u{feff}{plain}"), "{line}");
    }
}
