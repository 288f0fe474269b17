//! The analyst's questions, asked of the founding case through the binary: what changed, who disagrees, what is due, why.
//! The worry is an answer that is not the one that the sources give, or that says more than they do.

use std::fs;

use serde_json::{Value, json};

use crate::ilrs::{all, ask, report};
use crate::support::fixture;

/// The texts under a key of every item of a list.
fn texts(answer: &Value, list: &str, key: &str) -> Vec<String> {
    let items = answer[list].as_array().unwrap_or_else(|| panic!("no {list} in {answer}"));
    items.iter().map(|item| item[key].as_str().unwrap_or_default().to_owned()).collect()
}

fn find<'v>(answer: &'v Value, list: &str, key: &str, value: &str) -> &'v Value {
    let items = answer[list].as_array().expect("a list");
    items.iter().find(|item| item[key] == value).unwrap_or_else(|| panic!("no {value} in {list}: {answer:#}"))
}

#[test]
fn between_two_days_pakistan_joined_and_one_memorandum_was_concluded() {
    for desk in [report(), all()] {
        let answer = ask(desk, "diff 2023-10-17 2023-10-19");
        assert_eq!(texts(&answer, "changes", "kind"), ["new-instrument", "joined"]);
        assert_eq!(texts(&answer, "changes", "agreement"), ["cnsa-suparco-space-debris", "ilrs"]);
        let changes = answer["changes"].as_array().expect("changes");
        assert_eq!(texts(&changes[0], "parties", "party"), ["cnsa", "suparco"]);
        assert_eq!(texts(&changes[1], "parties", "party"), ["pakistan"]);
        assert_eq!(changes[1]["labels"], json!(["world-changed", "learned-late"]), "announced two days later");
    }
}

#[test]
fn between_two_states_of_knowledge_dates_sharpened_that_were_so_before() {
    let answer = ask(all(), "diff --recorded 39 56 --on 2023-10-05");
    let russia = answer["changes"].as_array().expect("changes").iter().find(|of| of["parties"][0]["party"] == "russia");
    let russia = russia.expect("Russia changed");
    assert_eq!(russia["parties"][0]["before"]["certainty"], "possible");
    assert_eq!(russia["parties"][0]["after"]["since"], "2021-03-09");
    assert_eq!(russia["labels"], json!(["learned-late"]));
    let same = ask(all(), "diff --recorded 56 56 --on 2023-10-05");
    assert_eq!(same["changes"], json!([]));
}

#[test]
fn between_two_days_of_announcement_the_public_learned_of_pakistan() {
    let answer = ask(all(), "diff --announced 2023-10-19 2023-10-20 --on 2023-10-19");
    assert!(answer["changes"].is_array());
}

#[test]
fn the_claims_that_disagree_are_those_of_four_facts() {
    let answer = ask(all(), "conflicts");
    assert_eq!(texts(&answer, "conflicts", "party"), ["azerbaijan", "iloa", "nanospace-ag", "russia"]);
    let differences = |party| find(&answer, "conflicts", "party", party)["differences"].clone();
    assert_eq!(differences("russia"), json!(["dates"]));
    assert_eq!(differences("azerbaijan"), json!(["announced"]));
    assert_eq!(differences("nanospace-ag"), json!(["acts"]));
    assert_eq!(differences("iloa"), json!(["acts"]));
    assert_eq!(answer["irregular"], json!([]));
    assert_eq!(ask(report(), "conflicts")["conflicts"], json!([]), "one report contradicts nothing");
}

#[test]
fn a_conflict_says_what_each_answer_would_be_and_which_claim_each_preference_takes() {
    let answer = ask(all(), "conflicts russia --on 2021-05-01");
    let russia = &answer["conflicts"][0];
    let status = |date: &str| find(russia, "claims", "date", date)["answer"]["status"].clone();
    assert_eq!((status("2021-03-09"), status("2021-06")), (json!("member"), json!("none")));
    let event = |date: &str| find(russia, "claims", "date", date)["event"].clone();
    assert_eq!(russia["by_preference"]["strongest"], event("2021-03-09"));
    let members = ask(all(), "members ilrs --on 2021-05-01 --prefer strongest");
    assert!(texts(&members, "members", "party").contains(&"russia".to_owned()));
}

#[test]
fn what_is_only_reported_is_in_conflict_only_when_it_is_asked_for() {
    assert_eq!(ask(all(), "conflicts pakistan")["conflicts"], json!([]));
    let answer = ask(all(), "conflicts pakistan --include-reported");
    assert_eq!(answer["conflicts"][0]["differences"], json!(["denied"]));
}

#[test]
fn a_prospect_is_overdue_once_its_last_day_is_over() {
    let state = |on: &str| {
        let answer = ask(all(), &format!("prospects ilrsco --on {on}"));
        find(&answer, "prospects", "of", "prospect")["state"].clone()
    };
    assert_eq!(state("2023-10-21"), "due");
    assert_eq!(state("2023-10-31"), "due");
    assert_eq!(state("2023-11-01"), "overdue");
}

#[test]
fn a_reported_prospect_is_marked_and_makes_nobody_a_member() {
    let answer = ask(all(), "prospects cnsa --on 2023-10-21");
    let framework = find(&answer, "prospects", "standing", "reported");
    assert_eq!((framework["due"].clone(), framework["state"].clone()), (Value::Null, json!("open")));
    assert_eq!(framework["parties"], json!(["cnsa", "suparco"]));
    let state = ask(all(), "replay --on 2023-10-21");
    let parties = state["agreements"].as_array().expect("agreements").iter().filter_map(|of| of["parties"].as_array());
    assert!(parties.flatten().all(|row| row["standing"] == "confirmed"));
}

#[test]
fn pakistans_page_has_its_contributions_as_precisely_as_they_are_known() {
    let answer = ask(all(), "party pakistan --on 2023-10-21");
    let icube = find(&answer, "contributions", "item", "ICUBE-Q");
    assert_eq!(icube["mission"], "change-6");
    assert_eq!((icube["stage"].clone(), icube["with"].clone()), (json!("under-way"), json!(["sjtu"])));
    assert_eq!((icube["expected"].clone(), icube["wording"].clone()), (json!("[2024-05..2024-08]"), json!("mid-2024")));
    assert_eq!(find(&answer, "contributions", "item", "PRSS-1")["occurred"], "2018");
    assert_eq!(texts(&answer, "agreements", "agreement"), ["ilrs"]);
    assert_eq!(texts(&answer, "through_agents", "agreement"), ["cnsa-suparco-space-debris"]);
    assert!(texts(&answer, "signatories", "name").contains(&"Zhang Kejian".to_owned()));
    let mission = ask(all(), "mission change-6 --on 2023-10-21");
    assert_eq!(mission["contributions"][0]["item"], "ICUBE-Q");
    let suparco = ask(all(), "party suparco");
    assert_eq!(texts(&suparco, "for_others", "party"), ["pakistan"]);
}

#[test]
fn the_page_of_the_coordination_organisation_has_its_parent_and_its_expected_establishment() {
    let answer = ask(all(), "agreement ilrsco --on 2023-10-21");
    assert_eq!(answer["parent"]["agreement"], "ilrs");
    assert_eq!(answer["milestones"][0]["act"], "established");
    assert_eq!(
        (answer["milestones"][0]["expected"].clone(), answer["counts"]["certain"].clone()),
        (json!("2023"), json!(0))
    );
    assert_eq!(ask(all(), "agreement ilrs")["children"][0]["agreement"], "ilrsco");
}

#[test]
fn why_gives_the_row_of_members_with_every_event_and_every_quote_in_its_place() {
    for on in ["2021-05-01", "2023-07-01", "2023-10-05", "2023-10-19", "2023-10-21"] {
        for agreement in ["ilrs", "cnsa-suparco-space-debris"] {
            let members = ask(all(), &format!("members {agreement} --on {on} --all"));
            for row in members["members"].as_array().expect("rows") {
                let party = row["party"].as_str().expect("an id");
                let why = ask(all(), &format!("why {party} {agreement} --on {on}"));
                assert_eq!(&why["row"], row, "{party} on {on}");
                let events: Vec<Value> =
                    why["claims"].as_array().expect("claims").iter().map(|claim| claim["event"].clone()).collect();
                assert_eq!(&json!(events), &row["events"]);
                let claims = why["claims"].as_array().expect("claims");
                claims.iter().filter_map(|claim| claim["evidence"].as_array()).flatten().for_each(check_place);
            }
        }
    }
}

/// Holds a quote against the passage of the kept document that it is said to be, and its line.
fn check_place(cited: &Value) {
    let Some(quote) = cited["quote"].as_str() else { return };
    let address = cited["text"].as_str().expect("a quote is from a document");
    let text = fs::read_to_string(all().path().join("ilrs.servanda/documents").join(address)).expect("it is kept");
    let place = |index: usize| cited["at"][index].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a place");
    let passage: Vec<&str> = text[place(0)..place(1)].split_whitespace().collect();
    assert_eq!(passage, quote.split_whitespace().collect::<Vec<_>>());
    let line = text[..place(0)].lines().count().max(1) as u64;
    let begins_a_line = text[..place(0)].ends_with('\n');
    assert_eq!(cited["line"], line + u64::from(begins_a_line));
}

#[test]
fn why_says_what_was_told_and_does_not_count() {
    let because = |line: &str| -> Vec<(u64, String)> {
        let answer = ask(all(), line);
        let left = answer["left_out"].as_array().expect("a list").clone();
        let each =
            |of: &Value| (of["event"].as_u64().expect("a seq"), of["because"].as_str().expect("a word").to_owned());
        left.iter().map(each).collect()
    };
    let pakistan = because("why pakistan ilrs --on 2023-10-19");
    assert_eq!(pakistan, [(52, "reported".to_owned()), (54, "reported".to_owned())]);
    let early = because("why pakistan ilrs --on 2023-10-19 --announced-by 2023-10-19");
    assert!(early.contains(&(23, "announced-later".to_owned())), "{early:?}");
    let before = because("why azerbaijan ilrs --on 2023-10-19 --recorded-by 39");
    assert!(before.iter().all(|(event, because)| *event > 39 && because == "recorded-later"), "{before:?}");
}

#[test]
fn why_doubts_a_possible_row_in_words() {
    let answer = all().run("why azerbaijan ilrs --on 2023-10-05 --recorded-by 39 --ledger ilrs.servanda");
    assert!(answer.out.contains("known only as by 8 Oct 2023"), "{}", answer.out);
}

#[test]
fn nothing_told_is_an_answer_and_an_unknown_name_is_a_mistake() {
    let answer = ask(all(), "why pakistan artemis-accords");
    assert_eq!((answer["row"].clone(), answer["claims"].clone()), (Value::Null, json!([])));
    for line in
        ["why pakistn ilrs", "party pakistn", "agreement ilr", "mission change", "conflicts nobody", "counts nobody"]
    {
        let answer = all().run(&format!("{line} --ledger ilrs.servanda"));
        assert_eq!(answer.code, 3, "{line}: {}", answer.err);
        assert!(answer.err.starts_with("error: there is no"), "{line}: {}", answer.err);
    }
}

#[test]
fn a_history_of_a_span_has_what_may_have_happened_in_it() {
    let answer = ask(all(), "history ilrs --from 2023-07-01 --to 2023-09-30");
    let ids = texts(&answer, "entries", "id");
    let has = |part: &str| ids.iter().any(|id| id.contains(part));
    assert!(has("south-africa") && has("venezuela") && !has("artemis"), "{ids:?}");
    let dates = texts(&answer, "entries", "date");
    assert!(dates.contains(&"[..2023-10-20]".to_owned()), "it may have happened by then");
    assert!(!dates.contains(&"2023-10-18".to_owned()) && !dates.contains(&"2021-03-09".to_owned()));
    let wrong = all().run("history --from 2023-09-30 --to 2023-07-01 --ledger ilrs.servanda");
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}

#[test]
fn a_dry_run_lists_the_answers_about_past_days_that_a_file_would_change() {
    let file = fixture("ilrs/other-sources/04-russia.yaml");
    let answer = ask(report(), &format!("append --dry-run {}", file.display()));
    let changes = answer["changes"].as_array().expect("changes");
    let said: Vec<String> = changes
        .iter()
        .map(|of| {
            format!(
                "{} {} {} → {} {}",
                of["party"], of["from"], of["before"]["status"], of["after"]["status"], of["to"]
            )
        })
        .collect();
    let expected = [
        r#""russia" null "member" → "none" "2021-03-08""#,
        r#""russia" "2021-03-09" "member" → "member" "2023-10-19""#,
    ];
    assert_eq!(said, expected);
    assert_eq!(changes[1]["before"]["certainty"], "possible");
}
