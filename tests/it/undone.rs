//! Undoing and putting right: by a position, an id or the first digits of a hash, from the command line and from files. The
//! worry is somebody who cannot get rid of a mistake, or strikes another announcement than is meant.

use std::fs;

use servanda::domain::announcement::Body;
use servanda::event::Snapshot;
use servanda::exchange::announcement_file::AnnouncementFile;
use servanda::exchange::correction::correction;
use servanda::exchange::tree::Format;
use servanda::ledger::Draft;
use servanda::query::QueryError;
use servanda::query::correctable::correctable;

use crate::support::{Answer, Desk, append, body, done, draft, found, read, refused};

/// The founding case, in a ledger where commands look for one.
fn desk() -> Desk {
    let desk = Desk::with_ilrs(&["october-2023"]);
    fs::rename(desk.path().join("ilrs.servanda"), desk.path().join(".servanda")).expect("a ledger can be moved");
    desk
}

fn run<const N: usize>(desk: &Desk, words: [&str; N]) -> Answer {
    Answer::of(&desk.command(words).output().expect("the binary runs"))
}

fn snapshot(desk: &Desk) -> Snapshot {
    read(&desk.ledger(".servanda")).1
}

/// The position and the hash of an announcement.
fn event(snapshot: &Snapshot, id: &str) -> (u64, String) {
    let event = snapshot.events.iter().find(|event| event.id.as_str() == id).expect("it was appended");
    (event.seq, snapshot.heads.at(event.seq + 1).expect("all hashes are known").to_string())
}

/// What the newest event strikes.
fn struck(snapshot: &Snapshot) -> String {
    let newest = snapshot.events.last().expect("there are events");
    newest.announcement.body.strikes().expect("it strikes").to_string()
}

fn is_member(desk: &Desk) -> bool {
    let answer = desk.run("members ilrs --on 2023-10-20 --json").json();
    answer["members"].as_array().expect("a list").iter().any(|row| row["party"] == "pakistan")
}

#[test]
fn a_retraction_takes_back_and_another_brings_back() {
    let desk = desk();
    assert!(is_member(&desk));
    let (seq, hash) = event(&snapshot(&desk), "pakistan-joins-ilrs");
    let would = run(&desk, ["retract", &seq.to_string(), "--reason", "A mistake", "--dry-run"]);
    done(&would);
    assert!(would.out.contains("would append 1 event") && would.out.contains("member → none"), "{}", would.out);
    assert!(is_member(&desk));
    done(&run(&desk, ["retract", &hash[..8], "--reason", "A mistake"]));
    assert!(!is_member(&desk));
    assert_eq!(struck(&snapshot(&desk)), "pakistan-joins-ilrs");
    // The same again is there already; taken back, all is as it was.
    let newest = snapshot(&desk).events.len() - 1;
    done(&run(&desk, ["retract", &newest.to_string(), "--reason", "It was none"]));
    assert!(is_member(&desk));
    let nobody = run(&desk, ["retract", "9999", "--reason", "x"]);
    assert!(nobody.code == 3 && nobody.err.contains("there is no event `9999`"), "{}", nobody.err);
}

/// How a file names an event, by its position, and by the beginning of its hash or all of it.
type Name = fn(u64, &str, &str) -> String;

#[test]
fn files_name_announcements_by_position_and_digits_of_a_hash_and_the_id_is_recorded() {
    // Digits alone would be a position.
    let beginning = |hash: &str| {
        let letter = hash.find(|digit: char| digit.is_ascii_alphabetic()).expect("of 64 digits some are letters");
        hash[..9.max(letter + 1)].to_owned()
    };
    let names: [Name; 4] = [
        |seq, _, _| seq.to_string(),
        |seq, _, _| format!("\"{seq}\""),
        |_, beginning, _| format!("\"{beginning}\""),
        |_, _, hash| format!("\"{}\"", hash.to_uppercase()),
    ];
    for name in names {
        let desk = desk();
        let (seq, hash) = event(&snapshot(&desk), "pakistan-joins-ilrs");
        let named = name(seq, &beginning(&hash), &hash);
        let text = format!(
            "evidence: {{ none: a test }}\nannouncements:\n- {{ kind: retraction, retracts: {named}, reason: x }}\n"
        );
        desk.write("r.yaml", &text);
        done(&desk.run("append r.yaml"));
        assert_eq!(struck(&snapshot(&desk)), "pakistan-joins-ilrs", "{named}");
    }
}

#[test]
fn every_key_that_names_an_announcement_takes_a_position() {
    let desk = desk();
    let (seq, _) = event(&snapshot(&desk), "pakistan-joins-ilrs");
    let text = format!(
        "\
evidence: {{ none: a test }}
announcements:
- {{ kind: dispute, of: {seq}, reason: x }}
- {{ kind: confirmation, of: {seq}, reason: x }}
- {{ kind: statement, party: pakistan, agreement: ilrs, act: objection, occurred: 2023-10-19, to: {seq} }}
- {{ kind: prospect, parties: [pakistan], what: joining, stage: in-talks, fulfilled_by: {seq} }}
- kind: correction
  corrects: {seq}
  because: never-true
  reason: x
  replacement: {{ kind: prospect, parties: [pakistan], what: joining, stage: in-talks, fulfilled_by: {seq} }}
"
    );
    desk.write("all.yaml", text);
    done(&desk.run("append all.yaml"));
    let snapshot = snapshot(&desk);
    let named: Vec<String> = snapshot.events[snapshot.events.len() - 5..]
        .iter()
        .map(|event| match &event.announcement.body {
            Body::Dispute(dispute) => dispute.of.to_string(),
            Body::Confirmation(confirmation) => confirmation.of.to_string(),
            Body::Statement(statement) => statement.to.as_ref().expect("it was given").to_string(),
            Body::Prospect(prospect) => prospect.fulfilled_by.as_ref().expect("it was given").to_string(),
            other => other.strikes().expect("a correction").to_string(),
        })
        .collect();
    assert_eq!(named, ["pakistan-joins-ilrs"; 5]);
}

#[test]
fn an_exact_id_comes_before_the_digits_of_a_hash() {
    let desk = desk();
    let (_, hash) = event(&snapshot(&desk), "pakistan-joins-ilrs");
    let id = format!("a{}", &hash[..8]).replace(char::is_numeric, "b");
    let text = |id: &str| {
        format!(
            "evidence: {{ none: a test }}\nannouncements:\n- {{ kind: milestone, id: {id}, agreement: ilrs, act: other, what: x, occurred: 2023 }}\n- {{ kind: retraction, retracts: {id}, reason: x }}\n"
        )
    };
    desk.write("m.yaml", text(&id));
    done(&desk.run("append m.yaml"));
    assert_eq!(struck(&snapshot(&desk)), id);
}

#[test]
fn what_names_no_event_or_a_number_with_a_fraction_is_refused_with_a_hint() {
    let desk = desk();
    for (named, words) in [
        ("9999", &["E0301", "there is no event 9999"][..]),
        ("210.0", &["E0109", "digits alone"]),
        ("1e5", &["E0109", "in quotes: \"1e5\""]),
        ("\"1e5\"", &["E0301"]),
        ("\"deadbeefdead\"", &["E0301"]),
        ("99999999999999999999", &["E0109"]),
    ] {
        desk.write(
            "r.yaml",
            format!(
                "evidence: {{ none: a test }}\nannouncements:\n- {{ kind: retraction, retracts: {named}, reason: x }}\n"
            ),
        );
        let answer = desk.run("append r.yaml");
        for word in words {
            refused(&answer, word);
        }
    }
}

#[test]
fn a_correction_is_printed_filled_and_appends_with_what_was_changed() {
    let desk = desk();
    let printed = run(&desk, ["correct", "pakistan-joins-ilrs", "--reason", "The ceremony was a day earlier"]);
    done(&printed);
    // As it is, it corrects nothing, but is a file.
    desk.write("c.yaml", printed.out.replace("occurred: 2023-10-18", "occurred: 2023-10-17"));
    done(&desk.run("append c.yaml"));
    let on = |day: &str| desk.run(&format!("members ilrs --on {day} --json")).json()["members"].to_string();
    assert!(on("2023-10-17").contains("\"pakistan\"") && !on("2023-10-16").contains("\"pakistan\""));
    // The next one corrects the correction.
    let next = desk.run("correct pakistan-joins-ilrs");
    done(&next);
    assert!(
        next.out.contains("occurred: 2023-10-17") && next.err.contains("was corrected before"),
        "{}{}",
        next.out,
        next.err
    );
    desk.write("empty.yaml", &next.out);
    refused(&desk.run("append empty.yaml"), "E0603");
}

#[test]
fn an_editor_edits_a_correction_and_what_cannot_be_appended_is_kept() {
    let edited = |desk: &Desk, editor: &str| {
        let mut command = desk.command(["correct", "pakistan-joins-ilrs", "--reason", "x", "--edit"]);
        Answer::of(&command.env("PATH", "/usr/bin:/bin").env("EDITOR", editor).output().expect("the binary runs"))
    };
    let kept = |desk: &Desk| {
        let names = fs::read_dir(desk.path()).expect("it can be listed").flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("correction-of-")).count()
    };
    let desk = desk();
    let left = edited(&desk, "true");
    refused(&left, "left as it was");
    let failed = edited(&desk, "false");
    assert!(failed.code == 3 && failed.err.contains("ended with"), "{}", failed.err);
    assert_eq!(kept(&desk), 0);
    refused(&edited(&desk, "sed -i s/2023-10-18/2023-10-38/"), "E0201");
    assert_eq!(kept(&desk), 1);
    done(&edited(&desk, "sed -i s/2023-10-18/2023-10-17/"));
    assert_eq!(kept(&desk), 1);
    assert_eq!(struck(&snapshot(&desk)), "pakistan-joins-ilrs");
}

#[test]
fn what_is_filled_in_says_what_was_recorded_whatever_it_is() {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    let (_, snapshot) = read(&desk.ledger("ilrs.servanda"));
    let mut filled = 0;
    for event in &snapshot.events {
        let found = match correctable(&snapshot, event) {
            Ok(found) => found,
            Err(QueryError::NotCorrectable { .. } | QueryError::TakenBack { .. }) => continue,
            Err(error) => panic!("{}: {error}", event.id),
        };
        let text = correction(&found.corrects, &found.what, (&found.body, &found.wording), "a reason: \"so\"");
        let file = AnnouncementFile::read("c.yaml", Some(Format::Yaml), text.as_bytes(), desk.path());
        assert!(file.problems.is_empty(), "{text}\n{:?}", file.problems);
        let [Draft { announcement, .. }] = file.batch.drafts.as_slice() else { panic!("one announcement: {text}") };
        let Body::Correction(read) = &announcement.body else { panic!("a correction: {text}") };
        let replacement = read.replacement.as_ref().expect("it is filled");
        assert_eq!(*replacement.0, found.body, "{text}");
        assert_eq!(announcement.wording, found.wording, "{text}");
        filled += 1;
    }
    assert!(filled > 30, "{filled}");
}

#[test]
fn what_cannot_be_corrected_says_what_can_be_done() {
    let desk = desk();
    let genesis = desk.run("correct 0");
    assert!(genesis.code == 3 && genesis.err.contains("event 0 is a genesis"), "{}", genesis.err);
    done(&run(&desk, ["retract", "pakistan-joins-ilrs", "--reason", "x"]));
    let gone = desk.run("correct pakistan-joins-ilrs");
    assert!(
        gone.code == 3 && gone.err.contains("was taken back by event") && gone.err.contains("servanda retract"),
        "{}",
        gone.err
    );
}

#[test]
fn words_that_people_try_lead_to_the_command_that_is_meant() {
    let desk = desk();
    for (word, command) in [
        ("add", "servanda append"),
        ("record", "servanda append"),
        ("undo", "servanda retract"),
        ("stats", "servanda list"),
        ("open", "--ledger"),
        ("edit", "servanda correct"),
    ] {
        let answer = desk.run(word);
        assert!(answer.code == 2 && answer.err.contains(command), "{word}: {}", answer.err);
    }
    desk.write("x.csv", "a,b\n");
    let table = desk.run("append x.csv");
    assert!(table.code == 3 && table.err.contains("servanda import csv x.csv"), "{}", table.err);
    assert!(desk.run("append --help").out.contains("undo is a retraction"));
}

#[test]
fn a_draft_of_the_library_may_name_a_position_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = found(folder.path());
    let mission = draft(body("mission", serde_json::json!({ "id": "m", "title": "M" })));
    let milestone = serde_json::json!({ "mission": "m", "act": "launched", "occurred": "2023" });
    append(&ledger, vec![mission, draft(body("milestone", milestone))]).expect("they are admissible");
    let seq = read(&ledger).1.events.len() as u64 - 1;
    let mut retraction = draft(body("retraction", serde_json::json!({ "retracts": "anything", "reason": "x" })));
    retraction.positions.insert("retracts".to_owned(), seq);
    append(&ledger, vec![retraction]).expect("it is admissible");
    let (_, snapshot) = read(&ledger);
    assert_eq!(struck(&snapshot), snapshot.events[snapshot.events.len() - 2].id.to_string());
}
