//! Erasure: documents go, on record, and everything else stays provable. The worries are a deletion that half happened, one
//! that nobody accounts for, one that somebody without authority ordered, a document that comes back by the back door, and
//! proofs that break because a document is gone.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use servanda::domain::announcement::Announcement;
use servanda::integrity::digest::document_hash;
use servanda::ledger::verify::Layer;
use servanda::ledger::{AppendError, Appended, Batch, Clock, Code, Draft, Folder, KeyFile, Ledger, Options};

use crate::personal;
use crate::support::{Answer, Desk, access, body};

const NOTE: &str = "Pakistan signed the agreement on 18 October.\n";
/// Two pages with the same text.
const PAGES: [&str; 2] = ["<p>The same words.</p>", "<p>The <b>same</b> words.</p>"];
const FILE: &str = "\
evidence: { none: made up for a test }
announcements:
  - { kind: party, id: pakistan, name: Pakistan, type: state }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme }
  - kind: joining
    party: pakistan
    agreement: ilrs
    occurred: 2023-10-18
    source: { publisher: The host, grade: host, document: note.md }
    quote: Pakistan signed the agreement
  - kind: milestone
    agreement: ilrs
    act: opened
    occurred: 2023
    source: { publisher: The press, grade: press, document: one.html }
    quote: The same words.
  - kind: milestone
    agreement: ilrs
    act: launched
    occurred: 2023
    source: { publisher: Another, grade: press, document: two.html }
    quote: The same words.
";

fn desk() -> Desk {
    let desk = Desk::new();
    for (name, content) in [("note.md", NOTE), ("one.html", PAGES[0]), ("two.html", PAGES[1]), ("file.yaml", FILE)] {
        desk.write(name, content);
    }
    let answer = desk.run("append --init --ledger l file.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

fn address(document: &str) -> String {
    document_hash(document.as_bytes()).to_string()
}

fn path(desk: &Desk, document: &str) -> PathBuf {
    desk.path().join("l/documents").join(address(document))
}

/// The text of both pages.
fn text(desk: &Desk) -> PathBuf {
    path(desk, "The same words.\n")
}

fn erase(desk: &Desk, document: &str) -> Answer {
    desk.run(&format!("source erase {document} --authority The-court --reason It-names-someone --ledger l"))
}

fn erased(desk: &Desk, document: &str) -> Answer {
    let answer = erase(desk, &address(document));
    assert_eq!(answer.code, 0, "{}", answer.err);
    answer
}

/// A layer as `verify` tells of it.
fn layer(desk: &Desk, layer: Layer) -> String {
    let answer = desk.run("verify --ledger l").out;
    answer.lines().find(|line| line.starts_with(layer.as_str())).unwrap_or_default().to_owned()
}

#[test]
fn a_document_is_deleted_and_an_event_says_so() {
    let desk = desk();
    assert_eq!(erased(&desk, NOTE).out, format!("document {:.8}: erased by event 6\n", address(NOTE)));
    assert!(!path(&desk, NOTE).exists());
    assert!(layer(&desk, Layer::Documents).ends_with("pass         3 of 4 files, 1 erased by event 6"));
    assert!(layer(&desk, Layer::Evidence).ends_with("pass         2 of 3 quotes; 1 not checked: erased"));
    assert_eq!(desk.run("verify --ledger l").code, 0);
    let event = desk.run("show 6 --ledger l").out;
    assert!(event.contains("The-court") && event.contains("It-names-someone"), "{event}");
}

#[test]
fn every_answer_says_that_it_is_erased() {
    let desk = desk();
    erased(&desk, NOTE);
    let prefix = &address(NOTE)[..8];
    for line in ["source list", "source show PREFIX", "source check", "why pakistan ilrs --on 2023-10-19"] {
        let answer = desk.run(&format!("{} --ledger l", line.replace("PREFIX", prefix)));
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
        let said = answer.out.contains("erased by event 6") || answer.out.contains("erased (event 6)");
        assert!(said, "{line}: {}", answer.out);
    }
    let text = desk.run(&format!("source text {prefix} --ledger l"));
    assert!(text.code == 3 && text.out.is_empty() && text.err.contains("was erased by event 6"), "{}", text.err);
    assert!(text.err.contains("servanda show 6"), "{}", text.err);
    let why = desk.run("why pakistan ilrs --on 2023-10-19 --ledger l --json").json();
    assert_eq!(why["claims"][0]["evidence"][0]["erased"], 6);
    let list = desk.run("source list --ledger l --json").json();
    assert_eq!(list["sources"][0]["erased"], 6);
}

#[test]
fn a_certificate_says_it_and_holds_with_the_logs_key_alone() {
    let desk = desk();
    let certify = "certify pakistan ilrs --on 2023-10-19 --ledger l --output";
    assert_eq!(desk.run("export tiles public --ledger l").code, 0);
    assert_eq!(desk.run(&format!("{certify} before.certificate")).code, 0);
    erased(&desk, NOTE);
    assert_eq!(desk.run(&format!("{certify} after.certificate")).code, 0);
    for file in ["before.certificate", "after.certificate"] {
        let answer = desk.run(&format!("check {file} --vkey @public/log.vkey"));
        assert_eq!(answer.code, 0, "{file}: {} {}", answer.out, answer.err);
    }
    let after = fs::read_to_string(desk.path().join("after.certificate")).expect("it was written");
    assert!(after.contains("\"erased\":6"), "{after}");
}

#[test]
fn checkpoints_proofs_facts_and_exports_hold_as_before() {
    let desk = desk();
    for line in ["export tiles public --with-documents --ledger l", "prove 3 --output proofs --ledger l"] {
        let answer = desk.run(line);
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
    }
    fs::copy(desk.path().join("public/checkpoint"), desk.path().join("old")).expect("it was published");
    let published = desk.path().join("public/documents").join(address(NOTE));
    assert!(published.exists());
    erased(&desk, NOTE);
    assert!(layer(&desk, Layer::Projections).contains("pass"));
    let questions = desk.run("members ilrs --on 2023-10-19 --ledger l");
    assert!(questions.code == 0 && questions.out.contains("1 certainly"), "{}", questions.out);
    for line in [
        "verify --against old --vkey @public/log.vkey --ledger l",
        "check proofs/3.tlog-proof --vkey @public/log.vkey",
        "export tiles public --with-documents --ledger l",
        "verify --export public --vkey @public/log.vkey",
    ] {
        let answer = desk.run(line);
        assert_eq!(answer.code, 0, "{line}: {} {}", answer.out, answer.err);
    }
    assert!(!published.exists(), "it was published, and is taken back");
    assert_eq!(fs::read_dir(desk.path().join("public/documents")).expect("a folder").count(), 3);
}

#[test]
fn a_crash_between_the_event_and_the_deletion_is_told_and_finished_by_the_same_command() {
    let desk = desk();
    for (document, layers) in [(NOTE, 1), (PAGES[0], 1)] {
        erased(&desk, document);
        fs::write(path(&desk, document), document).expect("as if it had not been deleted");
        let found = personal::faults(&desk, Layer::Documents);
        assert_eq!(found.len(), layers);
        assert!(found[0].contains("and is still there") && found[0].contains(&address(document)), "{found:?}");
        assert_eq!(desk.run("source check --ledger l").code, 1);
        // What is left is not published either.
        assert_eq!(desk.run("export tiles public --with-documents --ledger l").code, 0);
        assert!(!desk.path().join("public/documents").join(address(document)).exists());

        let len = desk.run("log --ledger l --json").json()["position"]["len"].clone();
        let again = erased(&desk, document);
        assert!(again.out.contains("already erased by event") && again.out.contains("1 file"), "{}", again.out);
        assert_eq!(desk.run("log --ledger l --json").json()["position"]["len"], len, "no second event");
        assert!(!path(&desk, document).exists());
        assert_eq!(desk.run("verify --ledger l").code, 0);
    }
}

#[test]
fn a_text_goes_with_the_last_document_that_has_it() {
    let desk = desk();
    erased(&desk, PAGES[0]);
    assert!(text(&desk).exists(), "the other page has it too");
    assert!(layer(&desk, Layer::Evidence).ends_with("3 quotes"), "the text is still there to be checked");
    erased(&desk, PAGES[1]);
    assert!(!text(&desk).exists());
    assert_eq!(desk.run("verify --ledger l").code, 0);
    assert!(layer(&desk, Layer::Documents).ends_with("1 of 4 files, 1 erased by event 6, 2 erased by event 7"));
}

#[test]
fn several_are_erased_by_one_event_and_those_that_were_before_are_passed_over() {
    let desk = desk();
    erased(&desk, NOTE);
    let both = format!("{} {} {}", &address(NOTE)[..8], &address(PAGES[0])[..8], address(PAGES[1]));
    let answer = erase(&desk, &both);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains("already erased by event 6"), "{}", answer.out);
    assert_eq!(answer.out.matches(": erased by event 7").count(), 2, "{}", answer.out);
    assert_eq!(personal::files(&desk.path().join("l/documents")), Vec::<PathBuf>::new());
}

#[test]
fn what_no_event_names_is_not_erased() {
    let desk = desk();
    let text = address("The same words.\n");
    for (document, told) in [("0000", "no source has"), (&text, "no source has"), ("12", "4 digits")] {
        let answer = erase(&desk, document);
        assert_eq!(answer.code, 3, "{}", answer.err);
        assert!(answer.err.contains(told), "{}", answer.err);
    }
    assert_eq!(desk.run("log --ledger l --json").json()["position"]["len"], 6);
    assert!(text == address("The same words.\n") && path(&desk, NOTE).exists());
}

#[test]
fn who_is_no_admin_erases_nothing() {
    let desk = desk();
    let other = Desk::new();
    assert_eq!(other.run("init --ledger other").code, 0);
    let key = other.path().join("config/servanda/recorder_ed25519");
    let shown = other.run("key show --ledger other --json").json();
    let public = shown["keys"][0]["key"].as_str().expect("a key").to_owned();
    let erase_with_it =
        format!("source erase {} --authority me --reason mine --key {} --ledger l", address(NOTE), key.display());
    let stranger = desk.run(&erase_with_it);
    assert!(stranger.code == 1 && stranger.err.contains("never added"), "{}", stranger.err);

    let added =
        format!("announcements:\n  - {{ kind: recorder-added, recorder: ann, roles: [recorder], key: {public} }}\n");
    desk.write("added.yaml", added);
    assert_eq!(desk.run("append --ledger l added.yaml").code, 0);
    let recorder = desk.run(&erase_with_it);
    assert!(recorder.code == 1 && recorder.err.contains("role admin"), "{}", recorder.err);
    assert!(path(&desk, NOTE).exists());
    assert_eq!(desk.run("verify --ledger l").code, 0);
}

#[test]
fn missing_without_an_erasure_is_a_failure() {
    let desk = desk();
    fs::remove_file(path(&desk, NOTE)).expect("it is there");
    let found = personal::faults(&desk, Layer::Documents);
    assert!(matches!(&found[..], [one] if one.ends_with("is MISSING")), "{found:?}");
    let check = desk.run("source check --ledger l");
    assert!(check.code == 1 && check.out.contains("missing"), "{}", check.out);
    let one = desk.run(&format!("source check {} --ledger l", &address(PAGES[0])[..8]));
    assert_eq!(one.code, 0, "only that one is looked at: {}", one.out);
}

#[test]
fn a_swapped_document_is_named_by_the_layer_of_documents() {
    let desk = desk();
    fs::write(path(&desk, NOTE), NOTE.replace("signed", "denied")).expect("it can be written");
    let found = personal::faults(&desk, Layer::Documents);
    assert!(matches!(&found[..], [one] if one.contains("hashes to")), "{found:?}");
}

#[test]
fn what_was_erased_does_not_come_back_by_being_announced_again() {
    let desk = desk();
    erased(&desk, NOTE);
    // The same file is what it was, and puts nothing back.
    let again = desk.run("append --ledger l file.yaml");
    assert_eq!((again.code, again.out.lines().next()), (0, Some("file.yaml: already there (5 announcements)")));
    assert!(!path(&desk, NOTE).exists());
    let more = "  - kind: milestone\n    agreement: ilrs\n    act: terminated\n    occurred: 2025\n    source: [{ publisher: A, grade: press }, { publisher: B, grade: press, document: note.md }]\n";
    desk.write("more.yaml", format!("{FILE}{more}"));
    let refused = desk.run("append --ledger l more.yaml");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("E0506") && refused.err.contains("erased by event 6"), "{}", refused.err);
    assert!(refused.err.contains("more.yaml:27:86"), "the second source is meant: {}", refused.err);
    assert!(!path(&desk, NOTE).exists());
}

#[test]
fn an_erasure_that_is_appended_by_whatever_way_deletes_too() {
    let desk = desk();
    desk.write(
        "e.yaml",
        format!("announcements:\n  - {{ kind: erasure, authority: A, documents: [{}], reason: R }}\n", address(NOTE)),
    );
    let written = desk.run("append --ledger l e.yaml");
    assert!(written.code == 1 && written.err.contains("`servanda source erase` writes it"), "{}", written.err);

    let key = KeyFile::read(&desk.path().join("config/servanda/recorder_ed25519")).expect("the key is there");
    let mut ledger = Ledger::open(&Folder::at(desk.path().join("l")), &access()).expect("it opens");
    let now = servanda::domain::timestamp::Timestamp::from_unix_ms(4_000_000_000_000)
        .map(Clock::said_to_be_right)
        .expect("a moment");
    let mut append = |documents: &[&str], reason: &str| {
        let fields = json!({ "authority": "The court", "documents": documents, "reason": reason });
        let batch = Batch { drafts: vec![Draft::of(Announcement::of(body("erasure", fields)))], ..Batch::default() };
        ledger.append(&[batch], Options::default(), &key, now)
    };
    let refused = |appended: Result<Appended, AppendError>| match appended {
        Err(AppendError::NotAdmissible { findings }) => findings[0][0].code,
        other => panic!("{other:?}"),
    };
    let (note, unknown, words) = (address(NOTE), "0".repeat(64), address("The same words.\n"));
    assert_eq!(refused(append(&[&note, &unknown], "Privacy")), Code::UnknownReference);
    assert_eq!(refused(append(&[&words], "Privacy")), Code::UnknownReference, "a text goes with its document");
    assert!(path(&desk, NOTE).exists());
    append(&[&note], "Privacy").expect("it is admissible");
    assert!(!path(&desk, NOTE).exists());
    assert_eq!(append(&[&note], "Privacy").expect("it is there").batches[0].already, [(0, 6)]);
    assert_eq!(refused(append(&[&note], "Other")), Code::Erased);
}

#[test]
fn a_deletion_that_fails_is_told_and_the_event_stays() {
    let desk = desk();
    fs::remove_file(path(&desk, NOTE)).expect("it is there");
    fs::create_dir(path(&desk, NOTE)).expect("a folder can be made");
    let key = KeyFile::read(&desk.path().join("config/servanda/recorder_ed25519")).expect("the key is there");
    let mut ledger = Ledger::open(&Folder::at(desk.path().join("l")), &access()).expect("it opens");
    let now = servanda::domain::timestamp::Timestamp::from_unix_ms(4_000_000_000_000)
        .map(Clock::said_to_be_right)
        .expect("a moment");
    let note = servanda::domain::source::Address::try_from(address(NOTE)).expect("an address");
    for _ in 0..2 {
        let failed = ledger.erase(std::slice::from_ref(&note), ("A", "R"), &key, now).expect_err("a folder is there");
        assert!(matches!(failed, AppendError::NotDeleted { seq: 6, .. }), "{failed}");
        assert_eq!(ledger.head().len, 7, "the event is there once");
    }
    fs::remove_dir(path(&desk, NOTE)).expect("it is there");
    let page = servanda::domain::source::Address::try_from(address(PAGES[0])).expect("an address");
    let erased = ledger.erase(&[note.clone(), page], ("A", "R"), &key, now).expect("nothing is in the way");
    assert_eq!((erased.event, erased.already), (Some(7), vec![(note, 6)]));
    drop(ledger);
    assert_eq!(desk.run("verify --ledger l").code, 0);
}

#[test]
fn a_personal_document_goes_with_its_salt_and_leaves_nothing_to_try_guesses_on() {
    let desk = personal::desk();
    let (commit, document, salt) = personal::kept(&desk);
    let kept_salt = fs::read(&salt).expect("it is there");
    assert_eq!(erase(&desk, &commit[..8]).code, 0);
    assert!(!document.exists() && !salt.exists());
    assert_eq!(desk.run("verify --ledger l").code, 0);
    let verified = desk.run("verify --ledger l").out;
    assert!(verified.contains("the documents of all quotes are erased"), "{verified}");
    // A salt that was left behind is told of, and goes.
    fs::write(&salt, kept_salt).expect("as if it had not been deleted");
    let found = personal::faults(&desk, Layer::Documents);
    assert!(matches!(&found[..], [one] if one.contains("is still there")), "{found:?}");
    assert_eq!(erase(&desk, &commit).code, 0);
    assert!(!salt.exists());
    // The same announcements are known, and nothing is kept again.
    let again = desk.run("append --ledger l file.yaml");
    assert_eq!((again.code, again.out.lines().next()), (0, Some("file.yaml: already there (4 announcements)")));
    assert_eq!(personal::files(&desk.path().join("l/documents")), Vec::<PathBuf>::new());
}

#[test]
fn restoring_does_not_bring_back_what_was_erased() {
    let desk = desk();
    let copy = desk.path().join("copies");
    fs::create_dir(&copy).expect("a folder can be made");
    for document in [NOTE, PAGES[0]] {
        fs::copy(path(&desk, document), copy.join(address(document))).expect("it can be copied");
    }
    erased(&desk, NOTE);
    assert_eq!(desk.run("export ndjson all.ndjson --ledger l").code, 0);
    let restored = desk.run("restore all.ndjson again --documents copies");
    assert!(restored.err.contains("was erased by event 6, and was not copied"), "{}", restored.err);
    assert!(!desk.path().join("again/documents").join(address(NOTE)).exists());
    assert!(desk.path().join("again/documents").join(address(PAGES[0])).exists());
}
