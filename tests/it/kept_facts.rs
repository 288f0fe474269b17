//! The facts that are kept beside the store: they give the answers that the events give, for one agreement as for all, and
//! when they are damaged, foreign or behind, it is as if they were not there. The worry is a fast answer that is wrong.

use std::fs;
use std::process::Command;

use proptest::prelude::*;
use serde_json::{Value, json};

use servanda::domain::date::Date;
use servanda::domain::day::Day;
use servanda::domain::id::AnnouncementId;
use servanda::event::Snapshot;
use servanda::ledger::facts::{HeadsKnown, Scope, read};
use servanda::ledger::verify::{Layer, Outside, Verdict, verify};
use servanda::ledger::{Batch, Draft, Folder, Ledger, Log, Options};
use servanda::query::members::members;
use servanda::query::timeline::timeline;
use servanda::query::why::why;
use servanda::query::years::years;
use servanda::query::{self, Known, RecordedBy, Reported, Standpoint};
use servanda::store::lock::Lock;

use crate::personal::files;
use crate::support::{Desk, access, body, draft, found, is_long, key, moment};

const PARTIES: [&str; 2] = ["a", "b"];
const AGREEMENTS: [&str; 4] = ["pact", "accord", "Treaty", "memo"];

fn named(kind: &str, id: &str, fields: Value) -> Draft {
    let mut draft = draft(body(kind, fields));
    draft.id = Some(AnnouncementId::parse(id).expect("an id"));
    draft
}

/// Everything that the others name.
fn things() -> Vec<Draft> {
    let party = |id: &str| draft(body("party", json!({"id": id, "name": id.to_uppercase(), "type": "state"})));
    // A name that is also the id of another, which comes later and may be taken back.
    let agreement = |id: &str| {
        let others = if id == "accord" { json!(["memo", "first"]) } else { json!(["once"]) };
        let fields = json!({"id": id, "title": format!("The {id}"), "type": "programme", "also_known_as": others});
        draft(body("agreement", fields))
    };
    let memo = json!({"agreement": {"id": "memo", "title": "The memo"}, "parties": PARTIES, "occurred": "2000-05-05"});
    let mission = draft(body("mission", json!({"id": "m", "title": "M"})));
    PARTIES
        .map(party)
        .into_iter()
        .chain(AGREEMENTS[..3].iter().map(|id| agreement(id)))
        .chain([mission, named("memorandum", "told-0", memo)])
        .collect()
}

/// What happens next: what, to whom, in which agreement, about which announcement before, on which day.
type Seed = (u8, usize, usize, prop::sample::Index, i32);

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let seed = (0..12_u8, 0..PARTIES.len(), 0..AGREEMENTS.len(), any::<prop::sample::Index>(), 0..4000_i32);
    prop::collection::vec(seed, 4..40)
}

fn grow(number: usize, (what, party, agreement, about, day): &Seed) -> Draft {
    let date = Day::from_ymd(2000, 1, 1).expect("a day").shift(*day).to_string();
    let (party, agreement) = (PARTIES[*party], AGREEMENTS[*agreement]);
    let of = format!("told-{}", about.index(number));
    let joining = json!({"party": party, "agreement": agreement, "occurred": date});
    let (kind, fields) = match what {
        0..=2 => ("joining", joining),
        3 => ("departure", json!({"party": party, "agreement": agreement, "act": "withdrawal", "occurred": date})),
        4 => (
            "correction",
            json!({"corrects": of, "because": "never-true", "replacement": {"kind": "joining", "body": joining}}),
        ),
        5 => {
            let renamed = json!({"id": party, "name": format!("{party} {number}"), "type": "state"});
            let replacement = json!({"kind": "party", "body": renamed});
            ("correction", json!({"corrects": of, "because": "never-true", "replacement": replacement}))
        }
        6 => ("retraction", json!({"retracts": of, "reason": "a mistake"})),
        7 => ("dispute", json!({"of": of})),
        8 => ("confirmation", json!({"of": of})),
        9 => (
            "statement",
            json!({"party": party, "agreement": agreement, "act": "objection", "occurred": date, "to": of}),
        ),
        10 => {
            let expected = json!({"parties": [party], "what": "joining", "stage": "in-talks", "fulfilled_by": of});
            ("prospect", expected)
        }
        _ => ("milestone", json!({"agreement": agreement, "act": "terminated", "occurred": date})),
    };
    let mut draft = named(kind, &format!("told-{number}"), fields);
    draft.announcement.announced = Date::parse(&date).ok();
    draft
}

/// The facts as the events themselves tell them.
fn replayed(folder: &Folder) -> Snapshot {
    Log::read(folder, &access()).and_then(|log| log.snapshot()).expect("the chain holds")
}

/// Makes the kept facts anew, all of them in one file, in blocks of so many events.
fn remake(folder: &Folder, block_len: usize) {
    let log = Log::read(folder, &access()).expect("the log can be read");
    log.keep_in_blocks(&log.snapshot().expect("the chain holds"), block_len);
}

/// Every answer about one agreement.
fn answers(snapshot: &Snapshot, agreement: &str, at: Standpoint) -> Vec<String> {
    let members = members(snapshot, agreement, query::members::Question { at, party_type: None, all: true });
    let timeline = timeline(snapshot, agreement, query::timeline::Question { at, from: None, party_type: None });
    let question = query::years::Question { agreement: Some(agreement), ..query::years::Question::of(at) };
    let mut answers = vec![said(members), said(timeline), said(years(snapshot, question))];
    answers.extend(PARTIES.map(|party| said(why(snapshot, party, agreement, at))));
    answers
}

fn said<T: serde::Serialize>(answer: Result<T, query::QueryError>) -> String {
    match answer {
        Ok(answer) => serde_json::to_string(&answer).expect("answers are JSON"),
        Err(error) => format!("{error:?}"),
    }
}

/// What is kept tells the same as the events, for each agreement, each clock, and all together.
fn check(folder: &Folder) {
    let replayed = replayed(folder);
    let kept = read(folder, Scope::Everything, HeadsKnown::Batches).expect("they are kept");
    assert_eq!(kept.events, replayed.events);
    assert_eq!((kept.heads.len(), kept.heads.head()), (replayed.heads.len(), replayed.heads.head()));
    for stand in kept.heads.stands() {
        assert!(replayed.heads.stands().contains(stand), "{stand:?}");
    }
    let ends: Vec<u64> = kept.heads.stands().iter().map(|stand| stand.head.len - 1).collect();
    let middle = RecordedBy::Seq(ends[ends.len() / 2]);
    let now = Standpoint { reported: Reported::Included, ..Standpoint::on(Day::from_ymd(2008, 1, 1).expect("a day")) };
    let by = |recorded_by| Known { recorded_by: Some(recorded_by), announced_by: None };
    let public = Known { recorded_by: None, announced_by: Some(Day::from_ymd(2004, 1, 1).expect("a day")) };
    let at_first = by(RecordedBy::At(moment(0)));
    let known = [Known::default(), by(middle), at_first, by(RecordedBy::Seq(kept.heads.len())), public];
    for agreement in AGREEMENTS.into_iter().chain(["PACT", "the accord", "The memo", "nothing", "a"]) {
        for known in known {
            let narrow = query::load::kept(folder, Some(agreement), &[known]).expect("they are kept");
            let at = Standpoint { known, ..now };
            for (own, expected) in answers(&narrow, agreement, at).iter().zip(answers(&replayed, agreement, at)) {
                assert_eq!(*own, expected, "{agreement} {known:?}");
            }
        }
    }
    let report = verify(&Log::read(folder, &access()).expect("the log can be read"), &Outside::default());
    let layer = report.layers.iter().find(|layer| layer.layer == Layer::Projections).expect("it is there");
    assert_eq!(layer.verdict, Verdict::Pass, "{layer:?}");
}

/// Appends each by itself; what is not admitted is left out.
fn append(folder: &Folder, drafts: impl IntoIterator<Item = Draft>) {
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    for (number, draft) in (0..).zip(drafts) {
        let batch = Batch { drafts: vec![draft], ..Batch::default() };
        let _ = ledger.append(&[batch], Options::default(), &key(), moment(number));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if is_long() { 48 } else { 12 }))]

    #[test]
    fn what_is_kept_answers_as_the_events_do(
        seeds in seeds(),
        first in any::<prop::sample::Index>(),
        // With blocks of one event, nothing is read by chance.
        block_len in prop::sample::select(vec![1, 1, 3, 2048]),
    ) {
        let desk = Desk::new();
        let folder = found(desk.path());
        append(&folder, things());
        let drafts: Vec<Draft> = (1..).zip(&seeds).map(|(number, seed)| grow(number, seed)).collect();
        let (before, after) = drafts.split_at(first.index(drafts.len()));
        append(&folder, before.to_vec());
        remake(&folder, block_len);
        append(&folder, after.to_vec());
        check(&folder);
        remake(&folder, block_len);
        check(&folder);
    }
}

#[test]
fn a_correction_that_moves_a_joining_to_another_agreement_is_seen_from_both() {
    let joined = |agreement: &str| json!({"party": "a", "agreement": agreement, "occurred": "2001-01-01"});
    let moved = |corrects: &str, to: &str| {
        let replacement = json!({"kind": "joining", "body": joined(to)});
        json!({"corrects": corrects, "because": "better-information", "replacement": replacement})
    };
    let desk = Desk::new();
    let folder = found(desk.path());
    append(&folder, things());
    remake(&folder, 2048);
    append(
        &folder,
        [
            named("joining", "first", joined("pact")),
            named("correction", "second", moved("first", "accord")),
            named("correction", "third", moved("second", "Treaty")),
            named("dispute", "fourth", json!({"of": "third"})),
        ],
    );
    for _ in 0..2 {
        check(&folder);
        let snapshot = |id| read(&folder, Scope::Agreement(id), HeadsKnown::Newest).expect("they are kept");
        let at = Standpoint::on(Day::from_ymd(2002, 1, 1).expect("a day"));
        let of = |id| members(&snapshot(id), id, query::members::Question { at, party_type: None, all: false });
        let number = |id| of(id).expect("it is described").members.len();
        assert_eq!(["pact", "accord", "treaty"].map(number), [0, 0, 1]);
        assert!(of("treaty").expect("it is described").members[0].disputed);
        remake(&folder, 1);
    }
}

#[test]
fn a_question_about_one_agreement_does_not_read_the_others() {
    let desk = Desk::new();
    let folder = found(desk.path());
    append(&folder, things());
    let joining = |number: i32, agreement: &str| {
        let day = Day::from_ymd(1900, 1, 1).expect("a day").shift(number).to_string();
        draft(body("joining", json!({"party": "a", "agreement": agreement, "occurred": day})))
    };
    let drafts = (0..6000).map(|number| joining(number, if number < 3000 { "pact" } else { "accord" }));
    let facts_of = |scope| read(&folder, scope, HeadsKnown::Newest).expect("they are kept").events.len();
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let batch = Batch { drafts: drafts.collect(), ..Batch::default() };
    ledger.append(&[batch], Options::default(), &key(), moment(9)).expect("it is admissible");
    drop(ledger);
    remake(&folder, 2048);
    assert_eq!(facts_of(Scope::Everything), 6008);
    for (agreement, most) in [("pact", 4200), ("accord", 4200), ("memo", 2100)] {
        assert!(facts_of(Scope::Agreement(agreement)) < most, "{agreement}: {}", facts_of(Scope::Agreement(agreement)));
    }
}

/// A ledger of the founding case, and what it answers.
fn asked() -> (Desk, String) {
    let desk = Desk::with_ilrs(&["october-2023"]);
    let answer = desk.run(QUESTION);
    assert_eq!(answer.code, 0, "{}", answer.err);
    (desk, answer.out)
}

const QUESTION: &str = "members ilrs --on 2023-10-19 --ledger ilrs.servanda --json";

/// The answer stays the same, whatever lies in the place of a file of facts; what is no file is left alone.
#[track_caller]
fn check_answer(desk: &Desk, expected: &str, what: &str) {
    for _ in 0..2 {
        let answer = desk.run(QUESTION);
        assert_eq!((answer.code, answer.out.as_str()), (0, expected), "{what}: {}", answer.err);
    }
}

/// The facts of the newest head are there, and verify.
fn check_kept(desk: &Desk) {
    let folder = desk.ledger("ilrs.servanda");
    assert!(read(&folder, Scope::Everything, HeadsKnown::Newest).is_some());
    let verified = desk.run("verify --ledger ilrs.servanda --json").json();
    let layer = verified["layers"].as_array().and_then(|layers| layers.iter().find(|of| of["layer"] == "projections"));
    assert_eq!(layer.map(|layer| &layer["verdict"]), Some(&json!("pass")), "{verified}");
}

fn facts_of(desk: &Desk) -> std::path::PathBuf {
    desk.path().join("ilrs.servanda/facts")
}

#[test]
fn facts_that_are_cut_anywhere_are_as_if_they_were_not_there() {
    let (desk, expected) = asked();
    let whole = fs::read(facts_of(&desk)).expect("they are kept");
    for len in (0..whole.len()).step_by(whole.len() / 24 + 1).chain([15, 16, 24, 40, whole.len() - 1]) {
        fs::write(facts_of(&desk), &whole[..len]).expect("it can be written");
        check_answer(&desk, &expected, &format!("cut at {len}"));
    }
    check_kept(&desk);
}

#[test]
fn facts_with_a_changed_byte_anywhere_give_no_other_answer() {
    let (desk, _) = asked();
    let folder = desk.ledger("ilrs.servanda");
    let whole = fs::read(facts_of(&desk)).expect("they are kept");
    let expected = replayed(&folder).events;
    for at in 0..whole.len() {
        let mut other = whole.clone();
        other[at] ^= 1 << (at % 8);
        fs::write(facts_of(&desk), other).expect("it can be written");
        let snapshot = read(&folder, Scope::Everything, HeadsKnown::Newest);
        assert!(snapshot.is_none_or(|snapshot| snapshot.events == expected), "byte {at}");
    }
}

#[test]
fn facts_of_another_ledger_or_another_state_are_not_used() {
    let (desk, expected) = asked();
    let own = fs::read(facts_of(&desk)).expect("they are kept");
    let (other, _) = asked();
    let foreign = fs::read(facts_of(&other)).expect("they are kept");
    assert_ne!(own, foreign, "keys and moments differ");
    for (what, bytes) in
        [("another founding", foreign.as_slice()), ("no facts", b"servanda facts 3"), ("text", b"hello")]
    {
        fs::write(facts_of(&desk), bytes).expect("it can be written");
        check_answer(&desk, &expected, what);
    }
    desk.write("more.yaml", MORE);
    assert_eq!(desk.run("append --ledger ilrs.servanda more.yaml").code, 0);
    let newer = desk.run(QUESTION).out;
    assert!(newer.contains("\"party\":\"narnia\""), "{newer}");
    fs::write(facts_of(&desk), &own).expect("it can be written");
    check_answer(&desk, &newer, "facts of the state before, and the batch since then");
    let recent = desk.path().join("ilrs.servanda/recent");
    fs::write(facts_of(&desk), &own).expect("it can be written");
    let _ = fs::remove_file(&recent);
    check_answer(&desk, &newer, "facts of the state before alone");
    fs::write(&recent, b"\x07torn").expect("it can be written");
    check_answer(&desk, &newer, "a torn frame");
    assert_eq!(desk.run("append --ledger ilrs.servanda more.yaml").code, 0);
    check_answer(&desk, &newer, "after another append");
}

const MORE: &str = "
evidence: { none: made up for a test }
announced: 2023-10-18
announcements:
  - { kind: party, id: narnia, name: Narnia, type: state }
  - { kind: joining, party: narnia, agreement: ilrs, occurred: 2023-10-18 }
";

#[cfg(unix)]
#[test]
fn what_is_no_file_holds_nothing_up_and_is_left_alone() {
    for name in ["facts", "recent"] {
        let (desk, expected) = asked();
        let path = desk.path().join("ilrs.servanda").join(name);
        let _ = fs::remove_file(&path);
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo is part of every Unix");
        assert!(made.success());
        check_answer(&desk, &expected, "a pipe");
        let _ = fs::remove_file(&path);
        let outside = desk.write("outside", "untouched");
        std::os::unix::fs::symlink(&outside, &path).expect("a fresh link");
        check_answer(&desk, &expected, "a link");
        desk.write("more.yaml", MORE);
        assert_eq!(desk.run("append --ledger ilrs.servanda more.yaml").code, 0);
        assert!(desk.run(QUESTION).out.contains("\"party\":\"narnia\""));
        assert_eq!(fs::read_to_string(&outside).expect("it is there"), "untouched");
    }
}

#[test]
fn after_a_writer_that_did_not_come_to_the_end_the_store_is_asked() {
    let (desk, before) = asked();
    let (snapshot, head) = (facts_of(&desk), desk.path().join("ilrs.servanda/HEAD"));
    let kept = (fs::read(&snapshot).expect("they are kept"), fs::read_to_string(&head).expect("it is there"));
    let check = desk.path().join("ilrs.servanda/sled.check");
    let closed = fs::read(&check).expect("it was closed");
    let derived = files(&desk.path().join("state/servanda/derived"));
    let derived: Vec<_> = derived.into_iter().map(|file| (fs::read(&file).expect("it is ours"), file)).collect();
    desk.write("more.yaml", MORE);
    assert_eq!(desk.run("append --ledger ilrs.servanda more.yaml").code, 0);
    let after = desk.run(QUESTION).out;
    // As it is on the disk when the batch is, and nothing that comes after it.
    let put_back = |state: &str| {
        fs::write(&snapshot, &kept.0).expect("it can be written");
        let _ = fs::remove_file(desk.path().join("ilrs.servanda/recent"));
        fs::write(&head, kept.1.replace("settled", state)).expect("it can be written");
        fs::write(&check, &closed).expect("it can be written");
        for (bytes, file) in &derived {
            fs::write(file, bytes).expect("it is ours");
        }
    };
    put_back("writing\na writer");
    check_answer(&desk, &after, "a writer was killed");
    let settled = || fs::read_to_string(&head).expect("it is there").ends_with(" settled\n");
    assert!(settled());
    // While that writer is at it, nobody waits, and answers are those before.
    put_back("writing\na writer");
    let lock = desk.path().join("ilrs.servanda/LOCK");
    let hold = |holder| Lock::acquire(&lock, holder, access().lock_timeout).expect("nobody holds it");
    let held = hold("a writer");
    check_answer(&desk, &before, "somebody is writing");
    drop(held);
    // Somebody else who holds the lock is not that writer: who asks has to wait for the store.
    let held = hold("a reader");
    assert_eq!(desk.run(&format!("{QUESTION} --lock-timeout 0")).code, 3);
    drop(held);
    check_answer(&desk, &after, "nobody is any more");
    assert!(settled());
}

#[test]
fn a_head_that_was_left_behind_is_told_and_put_right_by_whoever_sees_the_store() {
    let put_right: [(&str, i32); 3] = [
        ("append --ledger ilrs.servanda more.yaml", 0),
        ("log --ledger ilrs.servanda", 0),
        ("append --ledger ilrs.servanda --dry-run more.yaml", 0),
    ];
    for (command, code) in put_right {
        let (desk, _) = asked();
        let head = desk.path().join("ilrs.servanda/HEAD");
        let kept = fs::read(&head).expect("it is there");
        desk.write("more.yaml", MORE);
        assert_eq!(desk.run("append --ledger ilrs.servanda more.yaml").code, 0);
        let after = desk.run(QUESTION).out;
        fs::write(&head, &kept).expect("it can be written");
        // How the store was closed would tell that too.
        fs::remove_file(desk.path().join("ilrs.servanda/sled.check")).expect("it was closed");
        let verified = desk.run("verify --ledger ilrs.servanda");
        assert_eq!(verified.code, 1, "{}", verified.out);
        assert!(verified.out.contains("HEAD ends the log before it"), "{}", verified.out);
        assert_eq!(desk.run(command).code, code, "{command}");
        check_answer(&desk, &after, command);
        assert_eq!(desk.run("verify --ledger ilrs.servanda").code, 0);
    }
}

#[test]
fn a_damaged_block_and_a_torn_frame_are_made_anew() {
    let (desk, _) = asked();
    desk.write("more.yaml", MORE);
    assert_eq!(desk.run("append --ledger ilrs.servanda more.yaml").code, 0);
    let (expected, recent) = (desk.run(QUESTION).out, desk.path().join("ilrs.servanda/recent"));
    let torn = fs::read(&recent).expect("it has a batch");
    fs::write(&recent, &torn[..torn.len() - 5]).expect("it can be written");
    check_answer(&desk, &expected, "a torn frame");
    check_kept(&desk);
    let mut damaged = fs::read(facts_of(&desk)).expect("they are kept");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(facts_of(&desk), &damaged).expect("it can be written");
    check_answer(&desk, &expected, "a damaged block");
    // Whoever needs the block makes it anew.
    assert_eq!(desk.run("history --ledger ilrs.servanda").code, 0);
    check_kept(&desk);
}

#[test]
fn what_is_shown_beside_a_hash_is_what_was_hashed() {
    let (desk, _) = asked();
    let folder = desk.ledger("ilrs.servanda");
    let log = Log::read(&folder, &access()).expect("the log can be read");
    let mut snapshot = log.snapshot().expect("the chain holds");
    snapshot.events[20].announcement.note = Some("slipped in".to_owned());
    log.keep(&snapshot);
    drop(log);
    let answer = desk.run("show 20 --ledger ilrs.servanda");
    assert!(
        answer.code == 3 && answer.err.contains("`servanda verify --ledger ilrs.servanda` makes them anew"),
        "{}{}",
        answer.out,
        answer.err
    );
    assert_eq!(desk.run("show 19 --ledger ilrs.servanda").code, 0);
    assert_eq!(desk.run("verify --ledger ilrs.servanda").code, 1);
}

#[test]
fn a_position_inside_a_batch_is_answered_from_the_log() {
    let (desk, _) = asked();
    let log = desk.run("log --ledger ilrs.servanda --json").json();
    for seq in [1, 2, 20] {
        let answer = desk.run(&format!("history --ledger ilrs.servanda --json --recorded-by {seq}")).json();
        assert_eq!(answer["position"]["len"], seq + 1);
        assert_eq!(answer["position"]["head"], log["events"][usize::try_from(seq).expect("few")]["hash"]);
    }
}

#[test]
fn facts_are_made_where_there_were_none() {
    let (desk, expected) = asked();
    fs::remove_file(facts_of(&desk)).expect("they are kept");
    assert_eq!(desk.run("log --ledger ilrs.servanda").code, 0);
    check_answer(&desk, &expected, "none");
    check_kept(&desk);
}
