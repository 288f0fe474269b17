//! The same through the binary, on a real store that was changed behind its back: `verify` names the event and exits with 1,
//! and a question is answered as before from the facts that are kept, or refused with a hint to verify, never wrongly.

use std::fs;

use sled::Tree;

use super::{ORIGIN, append, founded, mission};
use crate::support::{Desk, key as recorder};

const THINGS: &str = "\
evidence: { none: made up for a test }
announcements:
  - { kind: party, id: pakistan, name: Pakistan, type: state }
  - { kind: party, id: azerbaijan, name: Azerbaijan, type: state }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme }
";
const JOININGS: &str = "\
evidence: { none: made up for a test }
announcements:
  - { kind: joining, party: pakistan, agreement: ilrs, occurred: 2023-10-18 }
  - { kind: joining, party: azerbaijan, agreement: ilrs, occurred: 2023-10-18 }
";

/// A ledger of three batches, which end with the events 0, 3 and 5, made by the binary.
fn sound() -> Desk {
    let desk = Desk::new();
    desk.write("1.yaml", THINGS);
    desk.write("2.yaml", JOININGS);
    let answer = desk.run("append --init --ledger ledger --origin test.example/ledger 1.yaml 2.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(desk.run("verify --ledger ledger").code, 0);
    for question in QUESTIONS {
        desk.write(&file_of(question), desk.run(question).out);
    }
    desk
}

const QUESTIONS: [&str; 2] = ["members --ledger ledger ilrs --on 2026-11-22", "history --ledger ledger"];

/// The file with the answer that a question had.
fn file_of(question: &str) -> String {
    format!("{}.txt", &question[..7])
}

/// Opens the store as any program could, lets `change` at its trees, and closes it.
fn behind_its_back(desk: &Desk, change: impl FnOnce(&Tree, &Tree)) {
    let config = sled::Config::new().path(desk.path().join("ledger/sled")).segment_size(8 << 20).flush_every_ms(None);
    let db = config.open().expect("no process has it open");
    let (tail, marks) = (db.open_tree("tail").expect("it is there"), db.open_tree("marks").expect("it is there"));
    change(&tail, &marks);
    db.flush().expect("it can be written");
    // What whoever asks saw of it before is another matter.
    desk.forget_what_was_seen();
}

fn key(seq: u64) -> [u8; 8] {
    seq.to_be_bytes()
}

fn text(tail: &Tree, seq: u64) -> String {
    let value = tail.get(key(seq)).expect("it can be read").expect("it is there");
    String::from_utf8(value.to_vec()).expect("events are text")
}

fn put(tail: &Tree, seq: u64, value: &str) {
    tail.insert(key(seq), value).expect("it can be written");
}

fn remove(tail: &Tree, seqs: impl IntoIterator<Item = u64>) {
    for seq in seqs {
        tail.remove(key(seq)).expect("it can be written");
    }
}

fn set_len(marks: &Tree, len: u64) {
    marks.insert("len", &key(len)).expect("it can be written");
}

/// The ledger is refused by all that rest on it, and `verify` names the first bad event.
fn check(desk: &Desk, first_bad: u64) {
    let answer = desk.run("verify --ledger ledger");
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains(&format!("event {first_bad}: ")), "{}", answer.out);
    assert!(answer.out.contains(&format!("the first bad event is {first_bad}\n")), "{}", answer.out);
    assert_eq!(desk.run("verify --ledger ledger --json").json()["first_bad"], first_bad);

    desk.write(
        "3.yaml",
        "announcements: [{ kind: mission, id: change-6, title: Chang'e-6, evidence: { none: a test } }]",
    );
    for question in QUESTIONS {
        let answer = desk.run(question);
        let before = fs::read_to_string(desk.path().join(file_of(question))).expect("it was asked before");
        // A `HEAD` that the facts do not fit sends whoever asks to the store.
        assert!(answer.code == 1 || answer.out == before, "{question}: {}{}", answer.out, answer.err);
    }
    fs::remove_file(desk.path().join("ledger/facts")).expect("they are kept");
    for question in QUESTIONS.into_iter().chain(["log --ledger ledger", "append --ledger ledger 3.yaml"]) {
        let answer = desk.run(question);
        assert_eq!(answer.code, 1, "{question}: {}{}", answer.out, answer.err);
        assert!(answer.out.is_empty(), "{question} answers: {}", answer.out);
        assert!(answer.err.contains("servanda verify"), "{question}: {}", answer.err);
    }
}

fn check_change(first_bad: u64, change: impl FnOnce(&Tree, &Tree)) {
    let desk = sound();
    behind_its_back(&desk, change);
    check(&desk, first_bad);
}

#[test]
fn a_changed_day_is_found_and_nobody_is_told_it() {
    for seq in [4, 5] {
        // For the last event only its signature tells.
        check_change(seq, |tail, _| put(tail, seq, &text(tail, seq).replace("2023-10-18", "2023-10-19")));
    }
}

#[test]
fn what_was_changed_is_found_since_a_checkpoint_and_where_that_has_it_by_the_whole() {
    // What the end of the log or the checkpoint does not vouch for any more is verified as a whole.
    for (seq, first_bad, since) in [(4, 4, Some(4)), (5, 5, None), (2, 2, None)] {
        let desk = Desk::new();
        desk.write("1.yaml", THINGS);
        desk.write("2.yaml", JOININGS);
        let made = "append --init --ledger ledger --origin test.example/ledger 1.yaml";
        for line in [made, "checkpoint --ledger ledger", "append 2.yaml --ledger ledger", "verify --ledger ledger"] {
            assert_eq!(desk.run(line).code, 0, "{line}");
        }
        let sound = desk.run("verify --since 4 --ledger ledger --json");
        assert_eq!((sound.code, &sound.json()["since"], &sound.json()["events"]), (0, &4.into(), &2.into()));
        behind_its_back(&desk, |tail, _| {
            let text = text(tail, seq);
            put(tail, seq, &text.replace("2023-10-18", "2023-10-19").replace("ILRS", "ILRT").replace("Azer", "Ezer"));
        });
        let found = desk.run("verify --since 4 --ledger ledger --json");
        assert_eq!((found.code, &found.json()["first_bad"]), (1, &first_bad.into()), "{seq}: {}", found.out);
        assert_eq!(found.json()["since"].as_u64(), since, "{seq}: {}", found.out);
        assert_eq!(found.out.contains("FORK: "), seq < 4, "{seq}: {}", found.out);
    }
}

#[test]
fn an_event_missing_from_the_store_is_found() {
    for seq in [0, 2, 4, 5] {
        check_change(seq, |tail, _| remove(tail, [seq]));
    }
}

#[test]
fn an_event_missing_from_the_store_leaves_nothing_for_a_checkpoint_to_stand_for() {
    let desk = sound();
    assert_eq!(desk.run("checkpoint --ledger ledger").code, 0);
    behind_its_back(&desk, |tail, _| remove(tail, [2]));
    let answer = desk.run("verify --ledger ledger");
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("checkpoints/6: one of the first 6 events could not be read"), "{}", answer.out);
}

#[test]
fn a_tail_cut_within_a_batch_is_found() {
    check_change(4, |tail, marks| {
        remove(tail, [5]);
        set_len(marks, 5);
    });
}

#[test]
fn a_tail_cut_by_a_batch_is_found_by_what_head_remembers() {
    check_change(4, |tail, marks| {
        remove(tail, [4, 5]);
        set_len(marks, 4);
    });
    let desk = sound();
    let head = fs::read_to_string(desk.path().join("ledger/HEAD")).expect("it is there");
    desk.write("ledger/HEAD", head.replacen('6', "8", 1));
    check(&desk, 6);
}

#[test]
fn an_end_that_head_does_not_remember_is_found() {
    let desk = sound();
    desk.write("ledger/HEAD", format!("4 {}\n", "0".repeat(64)));
    check(&desk, 3);
}

#[test]
fn an_event_added_at_the_end_is_found() {
    for seq in [0, 4, 5] {
        check_change(5, |tail, marks| {
            put(tail, 6, &text(tail, seq));
            set_len(marks, 7);
        });
    }
    check_change(6, |tail, marks| {
        put(tail, 6, "{}\n");
        set_len(marks, 7);
    });
}

#[test]
fn a_document_that_is_gone_keeps_nobody_from_asking_but_not_from_verifying() {
    let desk = Desk::with_ilrs(&["october-2023"]);
    let documents = fs::read_dir(desk.path().join("ilrs.servanda/documents")).expect("it is there");
    let document = documents.map(|entry| entry.expect("an entry").path()).next().expect("sources were kept");
    fs::remove_file(document).expect("it is there");
    let answer = desk.run("verify --ledger ilrs.servanda");
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(answer.out.contains("MISSING"), "{}", answer.out);
    assert_eq!(desk.run("members --ledger ilrs.servanda ilrs").code, 0);
}

#[test]
fn another_ledger_in_its_place_is_found_by_the_hash_of_its_genesis() {
    let (desk, other) = (sound(), sound());
    let shown = desk.run("show --ledger ledger 0 --json").json();
    let genesis = shown["hash"].as_str().or(shown["event"]["hash"].as_str()).expect("an event has a hash").to_owned();
    let line = format!("verify --ledger ledger --genesis {genesis}");
    assert_eq!(desk.run(&line).code, 0);
    let answer = other.run(&line);
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(answer.out.contains("the first bad event is 0\n"), "{}", answer.out);
    // One that is gone is none, whatever comes after it.
    behind_its_back(&desk, |tail, _| remove(tail, [0]));
    let answer = desk.run(&line);
    assert!(answer.code == 1 && answer.out.contains("event 0: genesis hashes to"), "{}", answer.out);
}

/// A ledger of one bundle and a few events more, of which the bundle's entries were changed and packed again.
fn with_changed_entries(change: impl Fn(&mut Vec<u8>)) -> Desk {
    let desk = Desk::new();
    let mission = |number| format!("  - {{ kind: mission, id: m-{number}, title: Mission {number} }}\n");
    let missions: String = (0..300).map(mission).collect();
    desk.write("1.yaml", format!("evidence: {{ none: made up for a test }}\nannouncements:\n{missions}"));
    let answer = desk.run("append --init --ledger ledger --origin test.example/ledger 1.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    let config = sled::Config::new().path(desk.path().join("ledger/sled")).segment_size(8 << 20).flush_every_ms(None);
    let db = config.open().expect("no process has it open");
    let bundles = db.open_tree("bundles").expect("it is there");
    assert_eq!(bundles.len(), 1, "one bundle is full");
    let (key, sealed) = bundles.first().expect("it can be read").expect("it is there");
    let mut entries = zstd::stream::decode_all(&sealed[5..]).expect("it is packed");
    change(&mut entries);
    let packed = zstd::stream::encode_all(entries.as_slice(), 3).expect("memory takes it");
    let size = u32::try_from(entries.len()).expect("it is small").to_be_bytes();
    bundles.insert(key, [&sealed[..1], &size, &packed].concat()).expect("it can be written");
    db.flush().expect("it can be written");
    desk
}

#[test]
fn a_changed_event_in_a_sealed_bundle_is_found_where_the_bundle_ends_and_by_the_hash_of_its_tile() {
    let whole = with_changed_entries(|_| ());
    let answer = whole.run("verify --ledger ledger");
    assert_eq!(answer.code, 0, "packing alone changes nothing");
    assert!(answer.out.contains("1 hashes of full tiles; "), "{}", answer.out);

    let desk = with_changed_entries(|entries| {
        let title = b"Mission 100";
        let at = entries.windows(title.len()).position(|bytes| bytes == title).expect("it is in the bundle");
        entries[at + title.len() - 1] = b'1';
    });
    let answer = desk.run("verify --ledger ledger");
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("event 255: hashes to"), "{}", answer.out);
    assert!(answer.out.contains("event 255: the hash kept of the events 0 to 255 is another"), "{}", answer.out);
    let question = desk.run("log --ledger ledger");
    assert_eq!((question.code, question.out.as_str()), (1, ""), "{}", question.err);
}

#[test]
fn a_bundle_that_lost_bytes_is_damage_and_no_answer() {
    let desk = with_changed_entries(|entries| entries.truncate(entries.len() - 1));
    let answer = desk.run("verify --ledger ledger");
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("the values 0 to 255 cannot be restored"), "{}", answer.out);
    let question = desk.run("log --ledger ledger");
    assert_eq!((question.code, question.out.as_str()), (1, ""), "{}", question.err);
}

#[test]
fn the_hash_that_is_kept_of_each_bundle_is_held_against_its_own_events() {
    let desk = Desk::new();
    let folder = founded(desk.path(), ORIGIN, &recorder());
    let missions = (0..600).flat_map(|number| mission(&format!("m-{number}"))).collect();
    append(&folder, missions, &recorder()).expect("it is admissible");
    // The layers that fail, and the first bad event.
    let verified = || {
        let report = desk.run("verify --ledger ledger --json").json();
        let layers = report["layers"].as_array().expect("layers").clone();
        let failed = layers.into_iter().filter(|layer| layer["verdict"] == "fail").map(|layer| layer["layer"].clone());
        (failed.collect::<Vec<_>>(), report["first_bad"].as_u64())
    };
    assert_eq!(verified(), (vec![], None));
    let config = sled::Config::new().path(folder.path().join("sled")).segment_size(8 << 20).flush_every_ms(None);
    let put = |bundle: u64, hash: &[u8]| {
        let db = config.open().expect("no process has it open");
        let roots = db.open_tree("roots").expect("it is there");
        assert_eq!(roots.len(), 2, "two bundles are full");
        roots.insert(key(bundle), hash).expect("it can be written").expect("it was there").to_vec()
    };
    for (bundle, last) in [(0, 255), (1, 511)] {
        for other in [&[7; 32][..], &[7; 31]] {
            let genuine = put(bundle, other);
            assert_eq!(verified(), (vec!["tree".into()], Some(last)));
            put(bundle, &genuine);
            assert_eq!(verified(), (vec![], None));
        }
    }
}
