//! What is appended again. The worry is a file that can never be appended a second time, with everything that lies beside
//! it, since something came after it: a correction, a retraction, a description, another clock. And a file that means
//! something else when it is cut in two.

use std::ops::Range;

use proptest::prelude::*;
use serde_json::{Value, json};
use servanda::domain::announcement::Announcement;
use servanda::domain::id::AnnouncementId;
use servanda::ledger::{AppendError, Appended, Batch, Clock, Code, Draft, DraftSource, Ledger, Options};

use crate::clock::DAY_MS;
use crate::given::{Told, confirmed, corrected, disputed, joined, retracted, told};
use crate::laws::{Seed, grow, seed};
use crate::support::{Desk, access, body, done, draft, found, key, moment, name, refused, source};

const HEAD: &str = "evidence: { none: made up for a test }\nannouncements:\n";
const PACT: &str = "  - { kind: party, id: a, name: A, type: state }
  - { kind: agreement, id: pact, title: Pact, type: programme }
  - { kind: joining, id: joins, party: a, agreement: pact, occurred: 2020-01-01 }
";
const CORRECTION: &str = "  - { kind: correction, id: c1, corrects: joins, because: never-true, reason: it was June, replacement: { kind: joining, party: a, agreement: pact, occurred: 2020-06-01 } }\n";

/// A desk with these files, by name and announcements, in a folder `in`.
fn desk(files: &[(&str, &str)]) -> Desk {
    let desk = Desk::new();
    for (name, announcements) in files {
        desk.write(&format!("in/{name}.yaml"), format!("{HEAD}{announcements}"));
    }
    desk
}

/// Appends the folder, and returns how many events there are then.
#[track_caller]
fn appended(desk: &Desk) -> (u64, String) {
    let answer = desk.run("append --init --ledger l in");
    done(&answer);
    (desk.run("verify --ledger l --json").json()["events"].as_u64().expect("a number"), answer.out)
}

#[test]
fn corrections_and_retractions_that_are_there_are_as_there_as_all_others_and_what_lies_beside_them_is_appended() {
    let retraction = "  - { kind: retraction, id: r1, retracts: c1, reason: it was January after all }\n";
    let desk = desk(&[("1", PACT), ("2", CORRECTION), ("3", retraction)]);
    assert_eq!(appended(&desk).0, 6);
    assert_eq!(appended(&desk).0, 6);
    desk.write("in/4.yaml", format!("{HEAD}{}", CORRECTION.replace("c1", "c2")));
    assert_eq!(appended(&desk).0, 7);
    assert_eq!(appended(&desk).0, 7);
}

#[test]
fn what_was_struck_since_says_by_what_and_how_it_comes_back() {
    let desk = desk(&[("1", PACT)]);
    appended(&desk);
    desk.write("2.yaml", format!("{HEAD}  - {{ kind: retraction, id: r1, retracts: joins, reason: a mistake }}\n"));
    done(&desk.run("append --ledger l 2.yaml"));
    let told = |line: &str| desk.run(line).out;
    let text = told("append --ledger l in");
    let expected =
        "line 5: already event 3, retracted since by event 4; `servanda retract 4 --reason …` brings it back";
    assert!(text.contains(expected), "{text}");
    let answer = desk.run("append --ledger l in --json").json();
    let already = &answer["files"][0]["already"];
    assert_eq!((&already[1]["struck_by"], &already[2]["struck_by"]), (&Value::Null, &json!([4])));

    desk.write("3.yaml", format!("{HEAD}  - {{ kind: retraction, id: r2, retracts: r1, reason: it was none }}\n"));
    done(&desk.run("append --ledger l 3.yaml"));
    let text = told("append --ledger l in 2.yaml");
    assert!(!text.contains("event 3,"), "{text}");
    assert!(text.contains("already event 4, retracted since by event 5"), "{text}");

    // A correction that was itself corrected still strikes: both are taken back, the newer one first.
    let again = CORRECTION.replace("id: c1", "id: c2").replace("corrects: joins", "corrects: c1");
    desk.write("4.yaml", format!("{HEAD}{CORRECTION}{again}"));
    done(&desk.run("append --ledger l 4.yaml"));
    let text = told("append --ledger l in");
    let commands = "`servanda retract 7 --reason …`, then `servanda retract 6 --reason …` brings it back";
    assert!(text.contains(&format!("already event 3, corrected since by event 6; {commands}")), "{text}");
}

#[test]
fn in_one_file_as_in_several_what_was_taken_back_leaves_room_for_another_correction() {
    let retraction = "  - { kind: retraction, retracts: c1, reason: a mistake }\n";
    let again = CORRECTION.replace("c1", "c2");
    let whole = desk(&[("1", &format!("{PACT}{CORRECTION}{retraction}{again}"))]);
    assert_eq!(appended(&whole).0, 7);
    let in_two = desk(&[("1", &format!("{PACT}{CORRECTION}")), ("2", &format!("{retraction}{again}"))]);
    assert_eq!(appended(&in_two).0, 7);
    in_two.write("x.yaml", format!("{HEAD}{}", CORRECTION.replace("c1", "c3")));
    let answer = in_two.run("append --ledger l x.yaml");
    refused(&answer, "E0401");
    assert!(answer.err.contains("`c2`"), "{}", answer.err);
}

#[test]
fn an_act_without_its_name_stays_when_its_agreement_is_said_to_be_a_treaty_later() {
    let treaty = "  - { kind: correction, corrects: agreement:pact, because: never-true, reason: it is one, replacement: { kind: agreement, id: pact, title: Pact, type: treaty } }\n";
    let one = desk(&[("1", &format!("{PACT}{treaty}"))]);
    let two = desk(&[("1", PACT), ("2", treaty)]);
    for desk in [&one, &two] {
        assert_eq!(appended(desk).0, 5);
        assert_eq!(appended(desk).0, 5);
        // What is new is held against what is known by now, also beside what is there.
        desk.write(
            "in/1.yaml",
            format!("{HEAD}{PACT}  - {{ kind: joining, party: a, agreement: pact, occurred: 2021 }}\n"),
        );
        refused(&desk.run("append --ledger l in/1.yaml"), "E0108");
    }
}

#[test]
fn a_correction_of_that_id_with_other_content_is_told_as_that_alone() {
    let desk = desk(&[("1", PACT), ("2", CORRECTION)]);
    appended(&desk);
    desk.write("x.yaml", format!("{HEAD}{}", CORRECTION.replace("2020-06-01", "2020-07-01")));
    let answer = desk.run("append --ledger l x.yaml");
    refused(&answer, "E0304");
    assert!(!answer.err.contains("E0401"), "{}", answer.err);
}

#[test]
fn a_wrong_quote_beside_what_is_there_already_is_told() {
    let desk = desk(&[]);
    desk.write("in/sources/a.md", "They joined.");
    let file = |quote: &str| {
        format!(
            "source: {{ publisher: P, grade: press, document: sources/a.md }}\nannouncements:\n{PACT}  - {{ kind: milestone, agreement: pact, act: opened, occurred: 2020{quote} }}\n"
        )
    };
    desk.write("in/1.yaml", file(""));
    assert_eq!(appended(&desk).0, 5);
    desk.write("in/1.yaml", file(", quote: They left"));
    refused(&desk.run("append --ledger l in/1.yaml"), "E0504");
}

#[test]
fn what_was_recorded_under_a_clock_ahead_is_there_when_the_clock_is_right_again() {
    let desk = Desk::new();
    let mut ledger = Ledger::open(&found(desk.path()), &access()).expect("the ledger opens");
    let mut ahead = Draft::of(Announcement::of(body("mission", json!({"id": "m", "title": "M"}))));
    let mut published = source();
    published.published = Some(name("2027-06-01"));
    ahead.sources = vec![DraftSource { source: published, document: None }];
    let mut append = |draft: &Draft, ms: i64| {
        let batch = Batch { drafts: vec![draft.clone()], ..Batch::default() };
        // The source's day was wrong as the clock was, which only who knows the clock can say.
        ledger.append(&[batch], Options::default(), &key(), Clock::said_to_be_right(moment(ms)))
    };
    append(&ahead, 300 * DAY_MS).expect("the clock says so");
    append(&draft(body("clock-corrected", json!({"from": 1, "reason": "ten months ahead"}))), 1000)
        .expect("it was wrong");
    let again = append(&ahead, 2000).expect("it is there");
    assert_eq!((again.head.len, &again.batches[0].already[..]), (3, &[(0, 1)][..]));
    ahead.announcement.note = Some("something else".to_owned());
    ahead.announcement.body = body("mission", json!({"id": "n", "title": "N"}));
    let Err(AppendError::NotAdmissible { findings }) = append(&ahead, 2000) else { panic!("it is not published yet") };
    assert_eq!(findings[0][0].code, Code::SourceAhead);
}

/// Announcements in their order, of which some cannot be admitted, and how they are put into files and appends.
#[derive(Debug, Clone)]
struct Case {
    told: Vec<Draft>,
    /// Whether a file ends behind an announcement.
    ends: Vec<bool>,
    /// How many files an append goes back before those that are new, and how many new ones it takes.
    appends: Vec<(usize, usize)>,
}

/// What is told of the two parties, of what was told, and of the pact itself.
fn tells(index: usize, (what, of, seed): (u8, usize, Seed), before: &[Told]) -> Told {
    let (id, other) = (format!("told-{of}"), before.get(of));
    let named = |told: Told| told.named(&format!("told-{index}"));
    let kind = if seed.0 { "treaty" } else { "programme" };
    let pact = told("agreement", json!({"id": "pact", "title": "Pact", "type": kind}));
    match what {
        0..=4 => grow(index, seed),
        5..=8 => named(retracted(&id)),
        9..=12 => named(corrected(&id, &grow(index, seed))),
        13 => named(disputed(&id)),
        14 => named(confirmed(&id)),
        15 => other.cloned().unwrap_or(pact),
        16 => joined("A", "2004-05-01").with("agreement", "PACT"),
        17 => joined("b", &format!("{}", 2001 + of)),
        18 => pact.with("from", format!("{}", 2001 + of)),
        _ => named(corrected("agreement:pact", &pact)),
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let told = prop::collection::vec((0..20_u8, 0..8_usize, seed()), 1..14);
    let appends = prop::collection::vec((0..6_usize, 0..4_usize), 1..6);
    (told, prop::collection::vec(any::<bool>(), 20), appends).prop_map(|(seeds, ends, appends)| {
        let party = |id: &str| crate::given::told("party", json!({"id": id, "name": id, "type": "state"}));
        let mut told: Vec<Told> = Vec::new();
        for (index, seed) in seeds.into_iter().enumerate() {
            told.push(tells(index, seed, &told));
        }
        let pact = crate::given::told("agreement", json!({"id": "pact", "title": "Pact", "type": "programme"}));
        let all = [pact, party("a"), party("b")].into_iter().chain(told);
        Case { told: all.map(|told| told.draft()).collect(), ends, appends }
    })
}

fn append(ledger: &mut Ledger, files: &[Vec<Draft>]) -> Result<Appended, AppendError> {
    let batches: Vec<Batch> = files.iter().map(|drafts| Batch { drafts: drafts.clone(), ..Batch::default() }).collect();
    ledger.append(&batches, Options::default(), &key(), moment(1000))
}

/// What a ledger tells, whatever its files were: its events but for their batches.
fn events(ledger: &Ledger) -> Vec<(AnnouncementId, Announcement)> {
    ledger.events().iter().map(|event| (event.id.clone(), Announcement::clone(&event.announcement))).collect()
}

/// The announcements that are admitted, one after the other.
fn admitted(told: &[Draft]) -> (Vec<Draft>, Vec<(AnnouncementId, Announcement)>) {
    let desk = Desk::new();
    let mut ledger = Ledger::open(&found(desk.path()), &access()).expect("the ledger opens");
    let mut admitted = Vec::new();
    for draft in told {
        match append(&mut ledger, &[vec![draft.clone()]]) {
            Ok(_) => admitted.push(draft.clone()),
            Err(AppendError::NotAdmissible { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    (admitted, events(&ledger))
}

/// The files of each append: a few of those before, again, and a few new ones; then all of them, twice.
fn appends(seeds: &[(usize, usize)], files: usize) -> Vec<Range<usize>> {
    let mut done = 0;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (back, new) in seeds {
        let to = (done + new).min(files);
        ranges.push(done.saturating_sub(*back)..to);
        done = to;
    }
    ranges.extend([0..files, 0..files]);
    ranges
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_appended_in_any_cut_that_keeps_their_order_and_again_are_as_once(case in cases()) {
        let (told, expected) = admitted(&case.told);
        let mut files: Vec<Vec<Draft>> = vec![Vec::new()];
        for (draft, ends) in told.iter().zip(case.ends.iter().cycle()) {
            files.last_mut().expect("never empty").push(draft.clone());
            if *ends {
                files.push(Vec::new());
            }
        }
        let whole = (vec![told.clone()], vec![0..1, 0..1]);
        let cut = (files.clone(), appends(&case.appends, files.len()));
        for (files, appends) in [whole, cut] {
            let desk = Desk::new();
            let mut ledger = Ledger::open(&found(desk.path()), &access()).expect("the ledger opens");
            for range in appends {
                let appended = append(&mut ledger, &files[range.clone()]);
                prop_assert!(appended.is_ok(), "{:?}: {:?}", range, appended);
            }
            prop_assert_eq!(&events(&ledger), &expected);
        }
    }
}
