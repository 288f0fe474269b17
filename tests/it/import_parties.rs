//! That a party is who it is, not how a table spells it: found by id, name, code and country, in any order of rows; asked
//! for where it only resembles one, and never silently made anew.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use servanda::exchange::table::import::{BATCH_LEN, Import, Watch};
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::{Account, Target, map};
use servanda::ledger::{Folder, Ledger};

use crate::import::{announced, table};
use crate::support::{Answer, Desk, access, found, key, moment};

const MAP: &str = "[columns]\nparty = \"p\"\nparty_name = \"n\"\nact = \"a\"\ndate = \"d\"\n\
                   [constants]\nagreement = \"t\"\n[agreements]\nin_force = \"stated\"\n";

/// Who is a party to `t` after these rows `party,name` were imported, and what was asked.
struct Imported {
    desk: Desk,
    account: Value,
}

impl Imported {
    fn of(own: &str, rows: &[&str], map: &str) -> Self {
        let desk = Desk::new();
        let own = format!("evidence: {{ none: made up }}\nannouncements:\n{own}");
        desk.write("own.yaml", own);
        let answer = desk.run("append --init --quiet own.yaml");
        assert_eq!(answer.code, 0, "{}", answer.err);
        let rows: String = rows.iter().flat_map(|row| [row, ",ratification,2001\n"]).collect();
        desk.write("t.csv", format!("p,n,a,d\n{rows}"));
        desk.write("map.toml", format!("{MAP}{map}"));
        let mut imported = Self { desk, account: Value::Null };
        imported.again("");
        imported
    }

    fn again(&mut self, more: &str) {
        let answer = self.desk.run(&format!("import csv t.csv --map map.toml --json {more}"));
        assert_eq!(answer.code, 0, "{}", answer.err);
        self.account = answer.json();
    }

    /// The members by id, each with its name and type.
    fn members(&self) -> BTreeMap<String, (String, String)> {
        let answer = self.desk.run("members t --on 2010-01-01 --json").json();
        let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
        let rows = answer["members"].as_array().expect("a list").iter();
        rows.map(|row| (text(row, "party"), (text(row, "name"), text(row, "type")))).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.members().into_keys().collect()
    }

    /// What was asked: spelling, and who it may be.
    fn asked(&self) -> Vec<(String, Vec<String>)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let each = |value: &Value| value.as_array().expect("a list").iter().map(text).collect();
        let questions = self.account["questions"].as_array().expect("a list").iter();
        questions.map(|question| (text(&question["spelling"]), each(&question["may_be"]))).collect()
    }
}

const OWN: &str = "  - { kind: agreement, id: t, title: T, type: treaty, membership: { in_force: stated } }\n\
                   \x20 - { kind: party, id: pakistan, name: Pakistan, type: state, country: PK }\n\
                   \x20 - { kind: party, id: uk, name: United Kingdom, type: state, country: GB }\n\
                   \x20 - { kind: party, id: suparco, name: SUPARCO, type: agency, country: PK, acts_for: pakistan }\n\
                   \x20 - { kind: party, id: aland, name: Åland, type: unspecified, also_known_as: [Ahvenanmaa] }\n";

fn check_found(spelling: &str, party: &str) {
    let imported = Imported::of(OWN, &[&format!("{spelling},")], "");
    assert_eq!(imported.ids(), [party], "{spelling}: {:?}", imported.asked());
    assert_eq!(imported.account["parties"]["described"], 0, "{spelling}");
}

#[test]
fn a_party_of_the_ledger_is_found_by_id_name_alias_and_code_however_they_are_written() {
    for spelling in ["pakistan", "PAKISTAN", "PAK", "PK", "pak", "ＰＡＫ"] {
        check_found(spelling, "pakistan");
    }
    for spelling in ["GB", "GBR", "UK", "United Kingdom of Great Britain and Northern Ireland", "Great Britain"] {
        check_found(spelling, "uk");
    }
    for spelling in ["Åland", "A\u{30A}land", "\u{212B}LAND", "aland", "AHVENANMAA"] {
        check_found(spelling, "aland");
    }
    let by_name = Imported::of(OWN, &["c17,Pakistan"], "");
    assert_eq!(by_name.ids(), ["pakistan"], "a spelling that says nothing is who its name says");
}

#[test]
fn spellings_of_one_name_are_one_party_wherever_they_come_from() {
    for rows in [
        ["Côte d'Ivoire,", "Côte d’Ivoire,"],
        ["Côte d’Ivoire,", "CIV,"],
        ["CI,", "Cote d'Ivoire,"],
        ["Österreichische Agentur,", "O\u{308}sterreichische Agentur,"],
    ] {
        let imported = Imported::of("  - { kind: party, id: x, name: X, type: state }\n", &rows, "");
        assert_eq!(imported.ids().len(), 1, "{rows:?}");
        assert_eq!(imported.account["parties"]["described"], 1, "{rows:?}");
    }
}

#[test]
fn names_in_other_scripts_have_ids_in_latin_letters_and_are_told_apart() {
    let rows = ["Россия,", "中国,", "الأردن,", "中國,", "Çankaya,", "Cank Aya,"];
    let imported = Imported::of("  - { kind: party, id: x, name: X, type: state }\n", &rows, "");
    let ids = imported.ids();
    assert_eq!(ids.len(), 6, "{ids:?}");
    assert!(ids.contains(&"Rossiia".to_owned()), "{ids:?}");
    for name in ["Россия", "中国", "中國"] {
        let party = imported.desk.command(["party", name, "--json"]).output().expect("the binary runs");
        assert_eq!(Answer::of(&party).code, 0, "{name}");
    }
}

#[test]
fn codes_of_other_systems_are_read_only_where_the_map_names_them() {
    let own = "  - { kind: party, id: switzerland, name: Switzerland, type: state, country: CH }\n\
               \x20 - { kind: party, id: eswatini, name: Eswatini, type: state, country: SZ }\n";
    for (spelling, map, party) in [
        ("SWZ", "", "eswatini"),
        ("SWZ", "[parties]\ncodes = \"cow\"\n", "switzerland"),
        ("225", "[parties]\ncodes = \"cow\"\n", "switzerland"),
        ("756", "[parties]\ncodes = [\"m49\"]\n", "switzerland"),
        ("CH", "[parties]\ncodes = [\"cow\", \"iso\"]\n", "switzerland"),
        ("SUN", "[parties]\ncodes = [\"iso\", \"iso-former\"]\n", "SUN"),
    ] {
        let imported = Imported::of(own, &[&format!("{spelling},")], map);
        assert_eq!(imported.ids(), [party], "{spelling} {map}: {:?}", imported.asked());
    }
    let unread = Imported::of(own, &["756,"], "");
    assert_eq!(unread.account["rejects"][0]["code"], "no-id");
    let one_system_for_another = Imported::of(own, &["SWZ,Switzerland"], "");
    let expected = vec!["eswatini".to_owned(), "switzerland".to_owned()];
    assert_eq!(one_system_for_another.asked(), [("SWZ".to_owned(), expected)]);
}

#[test]
fn types_come_from_the_list_of_codes_and_a_map_can_name_others() {
    let rows = ["PSE,", "COK,", "TWN,", "XKX,", "EU,", "FRA,", "GRL,", "Nowhere,"];
    let types = |map: &str| {
        let imported = Imported::of("  - { kind: party, id: x, name: X, type: state }\n", &rows, map);
        let types = imported.members().into_iter().map(|(id, (_, own))| (id, own));
        types.collect::<BTreeMap<String, String>>()
    };
    let check = |map: &str, expected: &[(&str, &str)]| {
        let types = types(map);
        for (id, own) in expected {
            assert_eq!(types.get(*id).map(String::as_str), Some(*own), "{id} {map}");
        }
    };
    let always = [("PSE", "state"), ("FRA", "state"), ("EUE", "intergovernmental"), ("GRL", "unspecified")];
    let (to_some, to_all) = (["COK", "TWN", "XKX", "Nowhere"], "[parties]\ntype = \"state\"\n");
    check("", &always);
    check("", &to_some.map(|id| (id, "unspecified")));
    check(to_all, &always);
    check(to_all, &to_some.map(|id| (id, "state")));
    let exceptions =
        format!("{to_all}[parties.types]\nEUE = \"state\"\nGreenland = \"government\"\nTW = \"unspecified\"\n");
    check(&exceptions, &[("EUE", "state"), ("GRL", "government"), ("TWN", "unspecified"), ("COK", "state")]);
}

#[test]
fn what_only_resembles_a_party_is_asked_for_and_is_what_was_answered() {
    for (spelling, may_be) in [("Republic of Pakistan", "pakistan"), ("Pakistann", "pakistan"), ("Ahvenanma", "aland")]
    {
        let mut imported = Imported::of(OWN, &[&format!("{spelling},"), "FRA,"], "");
        assert_eq!(imported.asked(), [(spelling.to_owned(), vec![may_be.to_owned()])]);
        assert_eq!(imported.ids(), ["FRA"], "the rest is imported");
        imported.again("--matches who.csv");
        let asked = std::fs::read_to_string(imported.desk.path().join("who.csv")).expect("it asks");
        let header = "spelling,is,may_be,or_be,why,rows,first_line\n";
        assert_eq!(asked, format!("{header}{spelling},,{may_be},,similar-name,1,2\n"));
        imported.desk.write("who.csv", asked.replace(&format!("{spelling},,"), &format!("{spelling},{may_be},")));
        imported.again("--matches who.csv");
        assert_eq!(imported.ids(), ["FRA", may_be], "{spelling}");
        assert!(imported.asked().is_empty());
        let kept = std::fs::read_to_string(imported.desk.path().join("who.csv")).expect("answers stay");
        assert_eq!(kept, format!("{header}{spelling},{may_be},,,,,\n"));
    }
}

#[test]
fn a_party_that_is_answered_to_be_new_is_made_once() {
    let mut imported = Imported::of(OWN, &["Republic of Pakistan,", "pakistan,"], "");
    imported.desk.write("who.csv", "spelling,is\nRepublic of Pakistan,new\n");
    imported.again("--matches who.csv");
    assert_eq!(imported.ids(), ["Republic-of-Pakistan", "pakistan"]);
    imported.again("--matches who.csv");
    assert_eq!((&imported.account["already"], &imported.account["parties"]["described"]), (&2.into(), &0.into()));
}

#[test]
fn no_spelling_that_is_asked_about_is_a_formula_of_spreadsheets() {
    let mut imported = Imported::of(OWN, &["=Republic of Pakistan,"], "");
    imported.again("--matches who.csv");
    let asked = std::fs::read_to_string(imported.desk.path().join("who.csv")).expect("it asks");
    assert!(asked.contains("\n'=Republic of Pakistan,,pakistan,"), "{asked}");
    imported.desk.write("who.csv", asked.replace("Pakistan,,pakistan,", "Pakistan,pakistan,,"));
    imported.again("--matches who.csv");
    assert_eq!((imported.ids(), imported.asked().len()), (vec!["pakistan".to_owned()], 0));
}

#[test]
fn an_answer_is_for_the_spelling_that_was_asked_about() {
    let mut imported = Imported::of(OWN, &["SWZ,Switzerland", "Eswatini,", "CHE,Switzerland"], "");
    imported.desk.write("who.csv", "spelling,is\nSWZ,CHE\n");
    imported.again("--matches who.csv");
    assert_eq!(imported.ids(), ["CHE", "SWZ"], "{:?}", imported.asked());
}

#[test]
fn an_answer_that_names_nobody_is_told_where_it_stands() {
    let imported = Imported::of(OWN, &["Republic of Pakistan,"], "");
    imported.desk.write("who.csv", "spelling,is\nRepublic of Pakistan,pakisten\n");
    let answer = imported.desk.run("import csv t.csv --map map.toml --matches who.csv");
    assert_ne!(answer.code, 0);
    for expected in ["who.csv, line 2", "`pakisten`", "no such party"] {
        assert!(answer.err.contains(expected), "{}", answer.err);
    }
}

#[test]
fn a_name_of_two_parties_is_asked_for() {
    let own = "  - { kind: party, id: serbia, name: Serbia, type: state, also_known_as: [Serbia and Montenegro] }\n\
               \x20 - { kind: party, id: montenegro, name: Montenegro, type: state, also_known_as: [Serbia and Montenegro] }\n";
    let imported = Imported::of(own, &["SERBIA and Montenegro,", "Serbia,"], "");
    let both = vec!["montenegro".to_owned(), "serbia".to_owned()];
    assert_eq!(imported.asked(), [("SERBIA and Montenegro".to_owned(), both)]);
    assert_eq!(imported.ids(), ["serbia"]);
    let beside = Imported::of(OWN, &["c17,SUPARCO", "c18,An agency", "c19,An Agency"], "");
    let expected = [("c17", "suparco"), ("c19", "c18")].map(|(one, may)| (one.to_owned(), vec![may.to_owned()]));
    assert_eq!(beside.asked(), expected);
}

#[test]
fn parties_that_a_table_brings_under_one_id_are_told_apart_whoever_comes_first() {
    let ids = |rows: &[&str]| Imported::of("  - { kind: party, id: x, name: X, type: state }\n", rows, "").ids();
    let rows = ["中国,", "中國,", "Zhong-Guo,"];
    let all = ids(&rows);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.contains(&"Zhong-Guo".to_owned()), "what is spelled as an id has it: {all:?}");
    assert_eq!(all, ids(&[rows[2], rows[1], rows[0]]));
}

/// Spellings of which some are one party, some resemble one, and some are of the ledger.
const SPELLINGS: [&str; 20] = [
    "PAK",
    "Pakistan",
    "PK",
    "Republic of Pakistan",
    "pakistan",
    "GBR",
    "Côte d'Ivoire",
    "Côte d’Ivoire",
    "CIV",
    "Åland",
    "A\u{30A}land",
    "Россия",
    "KOR - PRK",
    "KOR-PRK",
    "Kazakstan",
    "Kazakhstan",
    "Space Agency",
    "SPACE AGENCY",
    "12",
    "EC",
];

fn imported(folder: &Folder, rows: &[(usize, usize)]) -> Account {
    let names = ["", "Pakistan", "Some Agency", "Other Agency"];
    let row = |(party, name): &(usize, usize)| {
        let (party, name) = (SPELLINGS[*party % SPELLINGS.len()], names[*name % names.len()]);
        format!("{party},{name},ratification,200{}\n", party.len() % 10)
    };
    let acts = table("t.csv", "p,n,a,d\n".to_owned() + &rows.iter().map(row).collect::<String>());
    let layout = map::read(MAP, "t.csv").expect("it is a map");
    let answers = Answers::default();
    let import = Import {
        layout: &layout,
        agreements: None,
        acts: &acts,
        answers: &answers,
        batch_len: BATCH_LEN,
        folder: None,
    };
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    let key = key();
    let mut target = Target::Ledger { ledger: &mut ledger, signer: &key, clock: moment(1000).into() };
    let mut watch = Watch { stop: &|| false, progress: &|_, _, _| {}, reject: &mut |_| Ok(()) };
    import.run(&mut target, &mut watch).expect("it is imported")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn rows_in_any_order_give_the_same_parties_and_questions(
        rows in prop::collection::vec((0..20_usize, 0..4_usize), 1..24).prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
    ) {
        let desk = Desk::new();
        let (one, other) = (found(&desk.path().join("one")), found(&desk.path().join("other")));
        let accounts = [imported(&one, &rows.0), imported(&other, &rows.1)];
        prop_assert_eq!(announced(&one), announced(&other));
        let asked = |account: &Account| {
            account.questions.iter().map(|asked| (asked.spelling.clone(), asked.may.clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(asked(&accounts[0]), asked(&accounts[1]));
        let again = imported(&one, &rows.1);
        prop_assert_eq!((again.parties.described, again.events), (0, 0), "a second import makes nobody anew");
    }
}
