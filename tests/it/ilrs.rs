//! The founding case through the binary: what the press told of the lunar research station in October 2023, and what
//! the ledger answers. The worry is an answer that says more, or less, than its sources do.

use std::sync::OnceLock;

use serde_json::Value;

use crate::support::Desk;

/// The report of October 2023 alone.
pub(crate) fn report() -> &'static Desk {
    static LEDGER: OnceLock<Desk> = OnceLock::new();
    LEDGER.get_or_init(|| Desk::with_ilrs(&["october-2023"]))
}

/// The report and all other sources.
pub(crate) fn all() -> &'static Desk {
    static LEDGER: OnceLock<Desk> = OnceLock::new();
    LEDGER.get_or_init(|| Desk::with_ilrs(&["october-2023", "other-sources"]))
}

/// What the binary answers in JSON; the ledger is named for it.
#[track_caller]
pub(crate) fn ask(desk: &Desk, line: &str) -> Value {
    let answer = desk.run(&format!("{line} --ledger ilrs.servanda --json"));
    assert_eq!(answer.code, 0, "{line}: {}", answer.err);
    answer.json()
}

/// The rows of a question, those of one status and certainty, as names.
fn who(answer: &Value, status: &str, certainty: &str) -> Vec<String> {
    let rows = answer["members"].as_array().expect("rows");
    let wanted = rows.iter().filter(|row| row["status"] == status && row["certainty"] == certainty);
    wanted.map(|row| row["party"].as_str().expect("an id").to_owned()).collect()
}

#[track_caller]
fn check(desk: &Desk, options: &str, certain: &[&str], possible: &[&str]) {
    let answer = ask(desk, &format!("members ilrs {options}"));
    assert_eq!(who(&answer, "member", "certain"), certain, "certainly, {options}");
    assert_eq!(who(&answer, "member", "possible"), possible, "possibly, {options}");
    assert_eq!(answer["counts"]["certain"], certain.len());
    assert_eq!(answer["counts"]["possible"], possible.len());
}

fn row(desk: &Desk, party: &str, options: &str) -> Value {
    let answer = ask(desk, &format!("members ilrs {options}"));
    let rows = answer["members"].as_array().expect("rows");
    rows.iter().find(|row| row["party"] == party).unwrap_or_else(|| panic!("no {party} {options}")).clone()
}

/// The ids of the events that a row rests on, in its order.
fn claims(desk: &Desk, row: &Value) -> Vec<String> {
    let log = ask(desk, "log");
    let events = row["events"].as_array().expect("events").iter();
    let id =
        |seq: &Value| log["events"][seq.as_u64().and_then(|seq| usize::try_from(seq).ok()).expect("a seq")].clone();
    events.map(|seq| id(seq)["id"].as_str().expect("an id").to_owned()).collect()
}

const FOUR: [&str; 4] = ["azerbaijan", "russia", "south-africa", "venezuela"];
const FIVE: [&str; 5] = ["azerbaijan", "pakistan", "russia", "south-africa", "venezuela"];

#[test]
fn on_19_october_2023_pakistan_had_joined() {
    check(report(), "--on 2023-10-19", &["azerbaijan", "pakistan"], &["russia", "south-africa", "venezuela"]);
    check(all(), "--on 2023-10-19", &FIVE, &[]);
}

#[test]
fn nobody_could_know_of_pakistan_before_20_october_2023() {
    check(report(), "--on 2023-10-19 --announced-by 2023-10-19", &["azerbaijan"], &[]);
    check(all(), "--on 2023-10-19 --announced-by 2023-10-19", &FOUR, &[]);
    let early = ask(report(), "members ilrs --on 2023-10-19 --announced-by 2023-10-19 --all");
    assert!(early["members"].as_array().is_some_and(|rows| rows.iter().all(|row| row["party"] != "pakistan")));
}

#[test]
fn on_5_october_2023_pakistan_had_not_joined() {
    check(report(), "--on 2023-10-05", &[], &FOUR);
    check(all(), "--on 2023-10-05", &FOUR, &[]);
}

#[test]
fn pakistan_is_a_member_from_the_day_of_the_signature() {
    check(all(), "--on 2023-10-17 --type state", &FOUR, &[]);
    check(all(), "--on 2023-10-18 --type state", &FIVE, &[]);
}

#[test]
fn azerbaijan_is_possibly_a_member_before_its_announcement_and_certainly_from_then_on() {
    for (on, certainty) in [("2023-10-01", "possible"), ("2023-10-07", "possible"), ("2023-10-08", "certain")] {
        assert_eq!(row(report(), "azerbaijan", &format!("--on {on}"))["certainty"], certainty, "on {on}");
    }
}

#[test]
fn a_sharper_source_settles_when_azerbaijan_joined() {
    check(all(), "--on 2023-10-02", &["russia", "south-africa", "venezuela"], &[]);
    check(all(), "--on 2023-10-03", &FOUR, &[]);
}

#[test]
fn five_countries_take_part_on_20_october_2023() {
    for desk in [report(), all()] {
        let answer = ask(desk, "members ilrs --on 2023-10-20 --type state");
        assert_eq!(answer["counts"], serde_json::json!({"certain": 5, "possible": 0}));
        assert_eq!(who(&answer, "member", "certain"), FIVE);
    }
}

#[test]
fn whoever_signed_a_joint_statement_is_associated_and_no_country() {
    for desk in [report(), all()] {
        let answer = ask(desk, "members ilrs --on 2023-10-21");
        assert_eq!(who(&answer, "associated", "certain"), ["apsco", "iloa", "nanospace-ag", "narit"]);
        assert_eq!(answer["counts"]["certain"], 5);
        let states = ask(desk, "members ilrs --on 2023-10-21 --type state");
        assert_eq!(who(&states, "associated", "certain"), [""; 0]);
    }
}

#[test]
fn other_acts_told_of_nanospace_and_iloa_are_claims_of_the_same_facts() {
    let nanospace = row(all(), "nanospace-ag", "--on 2023-10-21");
    assert_eq!(claims(all(), &nanospace), ["nanospace-signs-ilrs-memorandum", "nanospace-signs-ilrs-joint-statement"]);
    assert_eq!((&nanospace["role"], &nanospace["act"]), (&"associate".into(), &"memorandum".into()));
    let iloa = row(all(), "iloa", "--on 2023-10-21");
    assert_eq!(claims(all(), &iloa), ["iloa-signs-ilrs-letter-of-intent", "iloa-signs-ilrs-joint-statement"]);
}

#[test]
fn the_memorandum_has_its_two_agencies_and_makes_nobody_a_member_of_the_programme() {
    let answer = ask(all(), "members cnsa-suparco-space-debris --on 2023-10-18");
    assert_eq!(who(&answer, "member", "certain"), ["cnsa", "suparco"]);
    assert_eq!(ask(all(), "members cnsa-suparco-space-debris --on 2023-10-17")["members"], serde_json::json!([]));
    let programme = ask(all(), "members ilrs --on 2023-12-31 --all --include-reported");
    let rows = programme["members"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["party"] != "cnsa" && row["party"] != "suparco" && row["party"] != "china"));
}

#[test]
fn what_is_expected_makes_nobody_a_member() {
    let founders = ask(all(), "members ilrsco --on 2023-12-31");
    let rows = founders["members"].as_array().expect("rows");
    // DSEL is to conclude agreements with the founders, and is none that would join.
    assert_eq!(rows.len(), 0, "{rows:?}");
    assert_eq!(founders["counts"]["certain"], 0);
}

#[test]
fn reports_of_june_2023_make_pakistan_at_most_a_reported_disputed_member() {
    check(all(), "--on 2023-07-01 --type state", &["russia"], &[]);
    let reported = row(all(), "pakistan", "--on 2023-07-01 --include-reported");
    assert_eq!(reported["status"], "member");
    assert_eq!(reported["standing"], "reported");
    assert_eq!(reported["disputed"], true);
    assert_eq!(reported["since"], "2023-06");
    // Once it is confirmed, the report adds nothing.
    let confirmed = row(all(), "pakistan", "--on 2023-10-18 --include-reported");
    assert_eq!((&confirmed["standing"], &confirmed["disputed"]), (&"confirmed".into(), &false.into()));
}

#[test]
fn a_member_is_one_since_the_day_of_the_sharpest_claim() {
    let since = [
        ("pakistan", "2023-10-18"),
        ("azerbaijan", "2023-10-03"),
        ("russia", "2021-03-09"),
        ("venezuela", "2023-07-17"),
        ("south-africa", "2023-09-01"),
    ];
    for (party, since) in since {
        let row = row(all(), party, "--on 2023-10-20");
        assert_eq!((&row["since"], &row["until"]), (&since.into(), &Value::Null), "{party}");
    }
}

#[test]
fn claims_of_one_fact_stand_together_the_deciding_one_first() {
    let expected = [
        (
            "south-africa",
            vec!["south-africa-joins-ilrs", "south-africa-joins-ilrs-xinhua", "south-africa-takes-part-in-ilrs"],
        ),
        ("russia", vec!["russia-joins-ilrs", "russia-joins-ilrs-reuters", "russia-takes-part-in-ilrs"]),
    ];
    for (party, expected) in expected {
        assert_eq!(claims(all(), &row(all(), party, "--on 2023-10-20")), expected);
    }
    let venezuela = claims(all(), &row(all(), "venezuela", "--on 2023-10-20"));
    assert_eq!((venezuela[0].as_str(), venezuela.len()), ("venezuela-joins-ilrs", 4));
    let azerbaijan = claims(all(), &row(all(), "azerbaijan", "--on 2023-10-20"));
    assert_eq!((azerbaijan[0].as_str(), azerbaijan.len()), ("azerbaijan-signs-joint-statement", 5));
}

#[test]
fn act_and_role_come_from_the_best_claim_that_states_them() {
    let russia = row(all(), "russia", "--on 2023-10-20");
    assert_eq!((&russia["act"], &russia["role"]), (&"memorandum".into(), &"founding-member".into()));
    let azerbaijan = row(all(), "azerbaijan", "--on 2023-10-20");
    assert_eq!((&azerbaijan["act"], &azerbaijan["role"]), (&"joint-statement".into(), &"member".into()));
}

#[test]
fn what_was_recorded_later_does_not_change_the_earlier_answer() {
    let last = ask(report(), "log")["position"]["len"].as_u64().expect("a length") - 1;
    for on in ["2023-07-01", "2023-10-01", "2023-10-05", "2023-10-19", "2023-10-21"] {
        let then = ask(report(), &format!("members ilrs --on {on} --all"));
        let now = ask(all(), &format!("members ilrs --on {on} --all --recorded-by {last}"));
        assert_eq!(now["members"], then["members"], "on {on}");
        assert_eq!(now["counts"], then["counts"], "on {on}");
        assert_eq!(now["position"]["len"], last + 1);
    }
}

#[test]
fn the_history_of_pakistan_has_what_it_contributes_as_precisely_as_it_is_known() {
    let history = ask(report(), "history pakistan");
    let entries = history["entries"].as_array().expect("entries");
    let entry = |id: &str| entries.iter().find(|entry| entry["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(entry("prss-1-launched")["date"], "2018");
    assert_eq!(entry("paktes-1a-launched")["date"], "2018");
    assert_eq!(entry("icube-q-for-change-6")["date"], "[2024-05..2024-08]");
    assert_eq!(entry("icube-q-for-change-6")["wording"], "mid-2024");
    assert_eq!(entry("pakistan-joins-ilrs")["date"], "2023-10-18");
    assert_eq!(entry("pakistan-joins-ilrs")["announced"], "2023-10-20");
    let table = report().run("history pakistan --ledger ilrs.servanda").out;
    assert!(table.contains("mid-2024"), "{table}");
}

#[test]
fn what_has_no_day_of_its_own_stands_where_it_was_announced() {
    let history = ask(all(), "history pakistan");
    let ids: Vec<&str> =
        history["entries"].as_array().expect("entries").iter().filter_map(|entry| entry["id"].as_str()).collect();
    let at = |id: &str| ids.iter().position(|other| *other == id).unwrap_or_else(|| panic!("no {id}"));
    assert!(at("party:pakistan") < at("prss-1-launched"));
    assert!(at("prss-1-launched") < at("pakistan-joined-ilrs-in-june"));
    assert!(at("pakistan-joined-ilrs-in-june") < at("pakistan-had-not-joined-in-june"));
    assert!(at("pakistan-had-not-joined-in-june") < at("pakistan-joins-ilrs"));
}

#[test]
fn the_history_always_has_descriptions() {
    let history = ask(report(), "history pakistan --announced-by 2023-10-19");
    let ids: Vec<&Value> = history["entries"].as_array().expect("entries").iter().map(|entry| &entry["id"]).collect();
    assert_eq!(ids, ["party:pakistan", "party:suparco"]);
}

#[test]
fn the_history_of_a_mission_has_who_contributes_to_it() {
    for (mission, contribution) in [
        ("change-6", "icube-q-for-change-6"),
        ("prss-1", "prss-1-launched"),
        ("long-march-2c-2018", "paktes-1a-launched"),
    ] {
        let history = ask(report(), &format!("history {mission}"));
        let entries = history["entries"].as_array().expect("entries");
        assert!(entries.iter().any(|entry| entry["id"] == contribution), "{mission}");
    }
}

#[test]
fn aims_and_plans_are_shown_as_precisely_as_they_are_known() {
    let history = ask(report(), "history ilrs");
    let entries = history["entries"].as_array().expect("entries");
    let date = |id: &str| entries.iter().find(|entry| entry["id"] == id).map(|entry| entry["date"].clone());
    assert_eq!(date("ilrs-lasting-base"), Some("203X".into()));
    assert_eq!(date("ilrs-precursor-missions"), Some("202X".into()));
    let history = ask(report(), "history ilrsco");
    let entries = history["entries"].as_array().expect("entries");
    let date = |id: &str| entries.iter().find(|entry| entry["id"] == id).map(|entry| entry["date"].clone());
    assert_eq!(date("ilrsco-to-be-established"), Some("2023".into()));
    assert_eq!(date("dsel-agreements-with-ilrsco-founders"), Some("[..2023-10]".into()));
}

#[test]
fn a_framework_agreement_is_only_said_to_be_near() {
    let history = ask(report(), "history suparco");
    let entries = history["entries"].as_array().expect("entries");
    let prospect = entries.iter().find(|entry| entry["id"] == "cnsa-suparco-human-spaceflight-framework");
    let prospect = prospect.expect("it is in the history");
    assert_eq!((&prospect["standing"], &prospect["kind"]), (&"reported".into(), &"prospect".into()));
}

#[test]
fn a_source_is_shown_with_every_quote_that_rests_on_it() {
    let sources = ask(report(), "source list");
    let listed = sources["sources"].as_array().expect("sources");
    assert_eq!(listed.len(), 1);
    let address = listed[0]["document"]["b3"].as_str().expect("an address");
    let shown = ask(report(), &format!("source show {}", &address[..8]));
    let source = &shown["sources"][0];
    assert_eq!((&source["publisher"], &source["grade"]), (&"Technology Times".into(), &"press".into()));
    let text = report().run(&format!("source text {} --ledger ilrs.servanda", &address[..8])).out;
    let uses = source["uses"].as_array().expect("uses");
    assert!(uses.len() > 20);
    let quote = "the agreement was signed on 18 October 2023, and this was announced on 20 October";
    assert!(uses.iter().any(|one| one["id"] == "pakistan-joins-ilrs" && one["quote"] == quote));
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed.contains(quote));
}

#[test]
fn an_event_is_shown_by_its_position_its_id_and_its_hash() {
    let by_id = ask(report(), "show pakistan-joins-ilrs");
    assert_eq!(by_id["announcement"]["body"]["through"], "suparco");
    assert_eq!(by_id["announcement"]["body"]["signatories"][0]["name"], "Zhang Kejian");
    assert_eq!(by_id["announcement"]["body"]["attended_by"].as_array().map(Vec::len), Some(2));
    let hash = by_id["hash"].as_str().expect("a hash");
    assert_eq!(ask(report(), &format!("show {}", by_id["seq"])), by_id);
    assert_eq!(ask(report(), &format!("show {}", &hash[..12])), by_id);
}

#[test]
fn the_answer_in_json_has_the_keys_that_were_promised() {
    let answer = ask(all(), "members ilrs --on 2023-10-19");
    assert_eq!(answer["schema"], "servanda/members/v1");
    assert_eq!((&answer["agreement"], &answer["on"]), (&"ilrs".into(), &"2023-10-19".into()));
    assert_eq!(answer.get("announced_by"), Some(&Value::Null));
    assert_eq!(ask(all(), "members ilrs --announced-by 2023-10-19")["announced_by"], "2023-10-19");
    assert!(answer["position"]["len"].is_u64());
    let head = answer["position"]["head"].as_str().expect("a head");
    assert!(head.len() == 64 && head.bytes().all(|byte| byte.is_ascii_hexdigit()), "{head}");
    assert!(answer["counts"]["certain"].is_u64() && answer["counts"]["possible"].is_u64());
    let rows = answer["members"].as_array().expect("rows");
    assert_eq!(rows.len(), 9);
    for row in rows {
        for text in ["party", "name", "type", "status", "certainty", "at_least", "standing"] {
            assert!(row[text].is_string(), "{text} of {row}");
        }
        for text in ["role", "since", "until"] {
            assert!(row.get(text).is_some_and(|value| value.is_string() || value.is_null()), "{text} of {row}");
        }
        assert!(row["disputed"].is_boolean());
        assert!(row["events"].as_array().is_some_and(|events| events.iter().all(Value::is_u64)));
    }
    let pakistan = row(all(), "pakistan", "--on 2023-10-19");
    assert_eq!((&pakistan["name"], &pakistan["type"]), (&"Pakistan".into(), &"state".into()));
    assert_eq!((&pakistan["at_least"], &pakistan["role"]), (&"member".into(), &"member".into()));
}
