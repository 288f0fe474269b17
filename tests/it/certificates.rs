//! Certificates through the binary: an answer that somebody derives again who has the file and the log's key alone.

use std::fs;

use crate::support::Desk;

/// The founding case, its key, and a certificate of an answer.
fn certified(question: &str) -> Desk {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    let key = desk.run("key show --ledger ilrs.servanda --json").json()["log_key"].as_str().expect("a key").to_owned();
    desk.write("log.vkey", key + "\n");
    let answer = desk.run(&format!("certify {question} --output certificate --ledger ilrs.servanda"));
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

#[test]
fn an_answer_is_derived_again_with_no_ledger_at_hand() {
    for question in
        ["pakistan ilrs --on 2023-10-19", "azerbaijan ilrs --on 2023-10-05", "pakistan ilrs --on 2020-01-01"]
    {
        let desk = certified(question);
        let mut expected = desk.run(&format!("why {question} --ledger ilrs.servanda --json")).json();
        for claim in expected["claims"].as_array_mut().expect("claims") {
            for cited in claim["evidence"].as_array_mut().expect("evidence") {
                // Lines are counted in documents, which are not in a certificate.
                cited["line"] = serde_json::Value::Null;
            }
        }
        fs::remove_dir_all(desk.path().join("ilrs.servanda")).expect("it is there");
        let answer = desk.run("check certificate --vkey @log.vkey --json");
        assert_eq!(answer.code, 0, "{}", answer.err);
        let answer = answer.json();
        assert_eq!((&answer["what"], &answer["answer"]), (&"certificate".into(), &expected), "{question}");
        assert!(answer["events"].as_u64().is_some_and(|events| events < 57), "{question}: not the whole log");
        let text = desk.run("check certificate --vkey @log.vkey").out;
        assert!(
            text.contains("whether an event that the file leaves out, or a later one, changes the answer"),
            "{text}"
        );
    }
}

#[test]
fn a_certificate_that_was_changed_shows_nothing() {
    let desk = certified("pakistan ilrs --on 2023-10-19");
    let whole = fs::read_to_string(desk.path().join("certificate")).expect("it was written");
    let good: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    let check = |other: &str, word: &str| {
        desk.write("other", other);
        let answer = desk.run("check other --vkey @log.vkey");
        assert!(answer.code == 1 && answer.err.contains(word), "{word}: {}{}", answer.out, answer.err);
    };
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut other = good.clone();
        change(&mut other);
        other.to_string()
    };
    check(&changed(&|other| other["answer"]["row"]["status"] = "former".into()), "another answer");
    check(&changed(&|other| other["on"] = "2020-01-01".into()), "another answer");
    check(&changed(&|other| other["party"] = "azerbaijan".into()), "answer");
    check(&changed(&|other| other["party"] = "nobody".into()), "no answer");
    check(&changed(&|other| other["schema"] = "servanda/certificate/v2".into()), "not a certificate");
    check(&changed(&|other| other["more"] = 1.into()), "not a certificate");
    check(&changed(&|other| other["events"][0]["event"] = "{}\n".into()), "do not lead to the root");
    check(&changed(&|other| other["events"][0]["seq"] = 56.into()), "event 56");
    check(&changed(&|other| other["events"][0]["proof"][0] = "AAAA".into()), "hashes");
    let without_last = |other: &mut serde_json::Value| {
        other["events"].as_array_mut().expect("events").pop();
    };
    check(&changed(&without_last), "newest event");
    check(&changed(&|other| other["events"].as_array_mut().expect("events").swap(0, 1)), "order");
    for place in 0..good["events"].as_array().expect("events").len() - 1 {
        let mut other = good.clone();
        other["events"].as_array_mut().expect("events").remove(place);
        desk.write("other", other.to_string());
        let answer = desk.run("check other --vkey @log.vkey --json");
        // What is left out either changes what is derived, or nothing.
        assert!(answer.code == 1 || answer.json()["answer"] == good["answer"], "{place}: {}", answer.out);
    }
    check(&whole[..whole.len() / 2], "not a certificate");
    let other = Desk::with_ilrs(&["october-2023"]);
    let key = other.run("key show --ledger ilrs.servanda --json").json()["log_key"].as_str().expect("a key").to_owned();
    desk.write("other.vkey", key);
    assert_eq!(desk.run("check certificate --vkey @other.vkey").code, 1);
    assert_eq!(desk.run("certify nobody ilrs --ledger ilrs.servanda").code, 3);
}
