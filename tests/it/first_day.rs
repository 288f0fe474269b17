//! A newcomer's path: from an empty folder to answers, with what the program itself says to do. The worry is somebody who
//! gives up before the first answer.

use servanda::domain::act::JoiningAct;
use servanda::domain::agreement::AgreementType;
use servanda::exchange::template::makes;
use servanda::projection::rules::Rules;

use crate::support::{Answer, Desk, done};

fn run(desk: &Desk, words: &[&str]) -> Answer {
    let answer = Answer::of(&desk.command(words).output().expect("the binary runs"));
    done(&answer);
    answer
}

#[test]
fn the_case_that_is_printed_can_be_appended_as_it_is_and_asked_about() {
    let desk = Desk::new();
    desk.write("case.yaml", run(&desk, &["template", "case"]).out);
    run(&desk, &["append", "--init", "case.yaml"]);
    let members = run(&desk, &["members", "example-programme", "--json"]).json();
    assert_eq!(members["members"][0]["party"], "example-state");
    assert_eq!(members["members"][0]["certainty"], "certain");
}

#[test]
fn from_an_empty_folder_to_the_questions_of_the_founding_article() {
    let desk = Desk::new();
    // The first append: the case, with one's own values in place of the examples.
    let case = run(&desk, &["template", "case"]).out;
    let own = [
        ("example-state", "pakistan"),
        ("example-agency", "suparco"),
        ("example-programme", "ilrs"),
        ("Example State joins the Example Programme", "Pakistan joins the ILRS"),
        ("Example State", "Pakistan"),
        ("Example Agency", "SUPARCO"),
        ("Example Programme", "International Lunar Research Station"),
        ("Example Space Agency", "Technology Times"),
        ("grade: host", "grade: press"),
        ("#country: PK", "country: PK"),
        ("#document: sources/example.md", "document: sources/report.md"),
        ("#quote: signed", "quote: signed"),
        // Descriptions rest on what everybody knows; what the article says is quoted.
        ("    name: ", "    evidence: { none: everybody knows }\n    name: "),
        ("    title: International", "    evidence: { none: everybody knows }\n    title: International"),
        ("    act: established", "    evidence: { none: another report }\n    act: established"),
    ];
    let own = own.iter().fold(case, |text, (example, value)| text.replace(example, value));
    desk.write("case.yaml", own);
    desk.write(
        "sources/report.md",
        "Pakistan and China signed the agreement on 18 October 2023. Azerbaijan joined, it was said on 8 October.\n",
    );
    run(&desk, &["append", "--init", "case.yaml"]);
    // The second: another party joins, from a file like the one that `template joining` prints.
    assert!(run(&desk, &["template", "joining"]).out.contains("What it makes of a party"));
    desk.write(
        "azerbaijan.yaml",
        "\
announced: 2023-10-08
source: { publisher: Technology Times, grade: press, published: 2023-10-20, document: sources/report.md }
announcements:
  - { kind: party, id: azerbaijan, name: Azerbaijan, type: state, evidence: { none: everybody knows } }
  - { kind: joining, party: azerbaijan, agreement: ilrs, occurred: \"[..2023-10-08]\", quote: Azerbaijan joined }
",
    );
    run(&desk, &["append", "azerbaijan.yaml"]);
    // The third: what is expected, mistakenly of the wrong party.
    desk.write(
        "prospect.yaml",
        "\
source: { publisher: Technology Times, grade: press, published: 2023-10-20 }
announcements:
  - { kind: prospect, parties: [azerbaijan], what: framework agreement on human spaceflight, stage: finalising, standing: reported }
",
    );
    run(&desk, &["append", "prospect.yaml"]);

    let members = |on: &str, more: &[&str]| {
        let words = [&["members", "ilrs", "--on", on, "--json"], more].concat();
        let answer = run(&desk, &words).json();
        let rows = answer["members"].as_array().expect("a list").clone();
        rows.iter()
            .map(|row| format!("{} {}", row["party"].as_str().unwrap_or_default(), row["certainty"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(members("2023-10-19", &[]), ["azerbaijan \"certain\"", "pakistan \"certain\""]);
    assert_eq!(members("2023-10-19", &["--announced-by", "2023-10-19"]), ["azerbaijan \"certain\""]);
    assert_eq!(members("2023-10-01", &[]), ["azerbaijan \"possible\""]);

    let found = run(&desk, &["search", "human", "SPACEFLIGHT"]).out;
    let number = found.lines().find_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let number = number.unwrap_or_else(|| panic!("an event is named: {found}")).to_string();
    let why = run(&desk, &["why", "PK", "ilrs", "--on", "2023-10-19"]).out;
    assert!(why.contains("signed the agreement on 18 October") && why.contains("Technology Times"), "{why}");

    run(&desk, &["retract", &number, "--reason", "It is Pakistan of which that is said"]);
    assert_eq!(run(&desk, &["prospects", "--include-reported", "--json"]).json()["prospects"], serde_json::json!([]));
    let history = run(&desk, &["history", "azerbaijan"]).out;
    assert!(history.contains("struck by event"), "{history}");
    run(&desk, &["verify"]);
}

#[test]
fn templates_say_of_each_act_what_the_rules_make_of_a_party() {
    for of_type in AgreementType::ALL {
        for act in JoiningAct::ALL {
            let (_, status, _) = Rules::of_type(*of_type).joining(*act, None);
            assert_eq!(makes(*of_type, *act), status.as_str(), "{act} of a {of_type}");
        }
    }
}

#[test]
fn a_template_names_the_acts_that_lead_elsewhere_than_most() {
    let desk = Desk::new();
    let text = run(&desk, &["template", "joining"]).out;
    let words = text.lines().map(|line| line.trim_start().trim_start_matches("# ")).collect::<Vec<_>>().join(" ");
    for told in [
        "programme, organisation: joint-statement, letter-of-intent → associated; any other act → member.",
        "signature → signatory, who is not bound yet",
        "any other act → contracting, and a member once it is in force.",
        "letter-of-intent: any act → member.",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    for (kind, told) in [("departure", "former"), ("suspension", "suspended"), ("prospect", "prospective")] {
        assert!(run(&desk, &["template", kind]).out.contains(told), "{kind}");
    }
}
