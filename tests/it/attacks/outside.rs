//! Attacks on a whole log through the binary, as its owner could make them, and who finds them: somebody who kept a
//! checkpoint, somebody who has what was published.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Answer, Desk};

const NAME: &str = "test.example/ledger";

fn told(id: &str) -> String {
    format!("announcements: [{{ kind: mission, id: {id}, title: Mission {id}, evidence: {{ none: a test }} }}]\n")
}

fn append(desk: &Desk, ledger: &str, id: &str) -> Answer {
    desk.write("next.yaml", told(id));
    desk.run(&format!("append next.yaml --ledger {ledger}"))
}

/// A ledger with a genesis and two missions.
fn founded(desk: &Desk, ledger: &str) {
    desk.write("first.yaml", told("one"));
    let answer = desk.run(&format!("append --init --ledger {ledger} --origin {NAME} first.yaml"));
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(append(desk, ledger, "two").code, 0);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let entry = entry.expect("it can be listed");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}

/// A desk with a ledger `ledger` that was signed at three events, the key and the checkpoint that somebody kept, and a
/// copy `older` of the ledger from before.
fn signed() -> Desk {
    let desk = Desk::new();
    founded(&desk, "older");
    copy(&desk.path().join("older"), &desk.path().join("ledger"));
    assert_eq!(append(&desk, "ledger", "three").code, 0);
    let answer = desk.run("checkpoint --ledger ledger");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk.write("kept.checkpoint", &answer.out);
    let key = desk.run("key show --ledger ledger --json").json()["log_key"].as_str().expect("a key").to_owned();
    desk.write("log.vkey", key + "\n");
    desk
}

fn forget(desk: &Desk) {
    fs::remove_dir_all(desk.path().join("state")).expect("something was remembered");
}

/// Where checkpoints of the one ledger of that name are remembered.
fn remembered(desk: &Desk) -> PathBuf {
    let logs = desk.path().join("state/servanda/_logs/test.example+ledger");
    let mut logs = fs::read_dir(logs).expect("something is remembered");
    let found = logs.next().expect("a log").expect("it can be listed").path();
    assert!(logs.next().is_none(), "it is the only one");
    found
}

/// The verdict on a layer, and what it says of faults.
#[track_caller]
fn layer(answer: &Answer, name: &str) -> (String, String) {
    let answer = answer.json();
    let layers = answer["layers"].as_array().expect("layers").clone();
    let found = layers.into_iter().find(|layer| layer["layer"] == name).expect("every layer is there");
    (found["verdict"].as_str().expect("a verdict").to_owned(), found["faults"].to_string())
}

const AGAINST: &str = "--against kept.checkpoint --vkey @log.vkey --json";

#[track_caller]
fn check_found(desk: &Desk, line: &str, name: &str, word: &str) {
    let answer = desk.run(line);
    assert_eq!(answer.code, 1, "{line}: {}{}", answer.out, answer.err);
    let (verdict, faults) = layer(&answer, name);
    assert!(verdict == "fail" && faults.contains(word), "{line}: {verdict} {faults}");
}

#[test]
fn a_log_that_goes_on_from_a_checkpoint_verifies_against_it() {
    let desk = signed();
    for id in ["four", "five"] {
        let answer = desk.run(&format!("verify --ledger ledger {AGAINST}"));
        assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
        assert_eq!(layer(&answer, "checkpoints").0, "pass");
        assert_eq!(layer(&answer, "tree").0, "pass");
        assert_eq!(append(&desk, "ledger", id).code, 0);
    }
    let again = desk.run("checkpoint --ledger ledger");
    assert_eq!(again.out, desk.run("checkpoint sign --ledger ledger").out, "at one size, one checkpoint");
    let list = desk.run("checkpoint list --ledger ledger --json").json();
    let sizes: Vec<_> = list["checkpoints"].as_array().expect("rows").iter().map(|row| row["size"].clone()).collect();
    assert_eq!(sizes, [4, 6]);
    let shown = desk.run("checkpoint show 4 --ledger ledger").out;
    assert_eq!(shown, fs::read_to_string(desk.path().join("kept.checkpoint")).expect("it was kept"));
}

#[test]
fn a_backup_restored_over_a_newer_ledger_is_found_by_who_remembers() {
    let desk = signed();
    // The older copy has no checkpoint of its own: only the user's state knows that the log was longer.
    check_found(&desk, "verify --ledger older --json", "checkpoints", "ROLLBACK");
    let answer = append(&desk, "older", "another-three");
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("ROLLBACK") && answer.err.contains("hint: "), "{}", answer.err);
    assert_eq!(desk.run("checkpoint --ledger older").code, 1);
    forget(&desk);
    assert_eq!(desk.run("verify --ledger older").code, 0, "nobody remembers");
    check_found(&desk, &format!("verify --ledger older {AGAINST}"), "checkpoints", "ROLLBACK");
}

#[test]
fn a_tail_cut_off_is_found_by_the_ledgers_own_checkpoint() {
    let desk = signed();
    forget(&desk);
    // Whoever cuts the store forgets the checkpoints that lie beside it.
    copy(&desk.path().join("ledger/checkpoints"), &desk.path().join("older/checkpoints"));
    check_found(&desk, "verify --ledger older --json", "checkpoints", "ROLLBACK");
    let answer = append(&desk, "older", "another-three");
    assert!(answer.code == 1 && answer.err.contains("ROLLBACK"), "{}", answer.err);
}

#[test]
fn a_history_rewritten_with_all_keys_is_found_by_an_old_checkpoint() {
    let desk = signed();
    // With the log's key and the recorder's, another third event is recorded and signed.
    forget(&desk);
    assert_eq!(append(&desk, "older", "another-three").code, 0);
    assert_eq!(desk.run("checkpoint --ledger older").code, 0);
    assert_eq!(desk.run("verify --ledger older").code, 0, "it holds by itself");
    check_found(&desk, &format!("verify --ledger older {AGAINST}"), "checkpoints", "FORK");
    // A checkpoint of the one is remembered when the other is opened.
    fs::remove_dir_all(desk.path().join("older/checkpoints")).expect("it was signed");
    fs::copy(desk.path().join("kept.checkpoint"), remembered(&desk).join("4")).expect("it can be copied");
    let answer = append(&desk, "older", "four");
    assert!(answer.code == 1 && answer.err.contains("FORK"), "{}", answer.err);
    let answer = desk.run("checkpoint --ledger older");
    assert!(answer.code == 1 && answer.err.contains("FORK"), "{}", answer.err);
}

#[test]
fn a_ledger_founded_again_is_found_by_its_key() {
    let desk = signed();
    forget(&desk);
    founded(&desk, "again");
    assert_eq!(desk.run("verify --ledger again").code, 0, "it holds by itself");
    check_found(&desk, &format!("verify --ledger again {AGAINST}"), "checkpoints", "ROLLBACK");
    assert_eq!(append(&desk, "again", "three").code, 0);
    check_found(&desk, &format!("verify --ledger again {AGAINST}"), "checkpoints", "FORK");
    // Its own checkpoints are signed with another key.
    let other = desk.run("checkpoint --ledger again");
    assert_eq!(other.code, 0, "{}", other.err);
    desk.write("other.checkpoint", other.out);
    let answer = desk.run("check other.checkpoint --vkey @log.vkey");
    assert!(answer.code == 1 && answer.err.contains("not signed by test.example/ledger"), "{}", answer.err);
}

#[test]
fn an_unsigned_root_and_a_checkpoint_of_another_log_are_refused() {
    let desk = signed();
    let kept = fs::read_to_string(desk.path().join("kept.checkpoint")).expect("it was kept");
    for (what, text) in [
        ("no signature", kept.split("\n\n").next().expect("a text").to_owned() + "\n"),
        ("another root", kept.replacen("\n4\n", "\n5\n", 1)),
        ("another log", kept.replacen(NAME, "test.example/other", 1)),
        ("nothing", String::new()),
        ("noise", "\u{0}\u{1}—\n\n— ".to_owned()),
    ] {
        desk.write("given", text);
        for line in [
            "check given --vkey @log.vkey".to_owned(),
            "verify --ledger ledger --against given --vkey @log.vkey".to_owned(),
        ] {
            let answer = desk.run(&line);
            assert_eq!(answer.code, 1, "{what}: {line}: {}{}", answer.out, answer.err);
            assert!(answer.err.starts_with("error: given: "), "{what}: {}", answer.err);
        }
    }
    desk.write("given", [0xff, 0xfe]);
    assert_eq!(desk.run("check given --vkey @log.vkey").code, 1);
    assert_eq!(desk.run("check nowhere --vkey @log.vkey").code, 3);
    assert_eq!(desk.run("check kept.checkpoint --vkey nothing").code, 2);
    assert_eq!(desk.run("check kept.checkpoint --vkey @nowhere").code, 3);
}

#[test]
fn a_kept_checkpoint_that_was_changed_is_told() {
    let desk = signed();
    forget(&desk);
    let file = desk.path().join("ledger/checkpoints/4");
    let kept = fs::read(&file).expect("it is kept");
    for (place, _) in kept.iter().enumerate() {
        let mut other = kept.clone();
        other[place] ^= 1;
        fs::write(&file, &other).expect("it can be written");
        if place % 16 == 0 {
            check_found(&desk, "verify --ledger ledger --json", "checkpoints", "checkpoints/4");
            assert_eq!(append(&desk, "ledger", "four").code, 1);
        }
    }
    fs::rename(&file, desk.path().join("ledger/checkpoints/3")).expect("it can be renamed");
    fs::write(desk.path().join("ledger/checkpoints/3"), &kept).expect("it can be written");
    check_found(&desk, "verify --ledger ledger --json", "checkpoints", "is of 4 events");
}

#[test]
fn a_timestamp_that_nobody_can_check_passes_for_nothing() {
    let desk = signed();
    desk.write("ledger/timestamps/4.tsr", "anything");
    let verified = desk.run("verify --ledger ledger --json").json();
    let timestamps = &verified["layers"][6];
    assert_eq!((&timestamps["layer"], &timestamps["verdict"]), (&"timestamps".into(), &"not checked".into()));
    assert!(timestamps["why"].as_str().is_some_and(|why| why.contains("no authority")), "{timestamps}");
}

#[test]
fn a_published_log_verifies_without_its_store() {
    let desk = signed();
    let public = "verify --export public --vkey @log.vkey --json";
    for id in ["four", "five", "six"] {
        let answer = desk.run("export tiles public --ledger ledger");
        assert_eq!(answer.code, 0, "{}", answer.err);
        let answer = desk.run(public);
        assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
        for name in ["bytes", "chain", "signatures", "tree", "checkpoints"] {
            assert_eq!(layer(&answer, name).0, "pass", "{name}");
        }
        assert_eq!(append(&desk, "ledger", id).code, 0);
    }
    let names = |folder: &str| {
        let entries = fs::read_dir(desk.path().join("public").join(folder)).expect("it is there");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("it can be listed").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    };
    assert_eq!(names("tile/0/000.p"), ["4", "5", "6"], "somebody may keep a checkpoint of that size");
    assert_eq!(names("checkpoints"), ["4", "5", "6"]);
    assert_eq!(names("."), ["allowed_signers", "checkpoint", "checkpoints", "log.vkey", "tile"]);
}

#[test]
fn a_hostile_tile_is_found() {
    let desk = signed();
    assert_eq!(desk.run("export tiles public --with-proofs --ledger ledger").code, 0);
    let proof =
        |seq: u64| fs::read(desk.path().join(format!("public/proofs/{seq}.tlog-proof"))).expect("it is published");
    let of_another = proof(2);
    forget(&desk);
    let public = "verify --export public --vkey @log.vkey --json";
    let change = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let file = desk.path().join("public").join(name);
        let whole = fs::read(&file).expect("it is published");
        let mut other = whole.clone();
        change(&mut other);
        fs::write(&file, other).expect("it can be written");
        let answer = desk.run(public);
        assert_eq!(answer.code, 1, "{name}: {}{}", answer.out, answer.err);
        fs::write(&file, whole).expect("it can be written");
        answer
    };
    let flipped = |bytes: &mut Vec<u8>| *bytes.last_mut().expect("it is not empty") ^= 1;
    let answer = change("tile/0/000.p/4", &flipped);
    assert_eq!((layer(&answer, "tree").0, layer(&answer, "chain").0), ("fail".to_owned(), "pass".to_owned()));
    for (name, what) in [
        ("tile/entries/000.p/4", &flipped as &dyn Fn(&mut Vec<u8>)),
        ("tile/entries/000.p/4", &|bytes| bytes.truncate(100)),
        ("tile/entries/000.p/4", &Vec::clear),
        ("tile/entries/000.p/4", &|bytes| bytes[0] = 0xff),
        ("tile/0/000.p/4", &|bytes| bytes.truncate(64)),
        ("tile/0/000.p/4", &Vec::clear),
        ("tile/0/000.p/4", &|bytes| bytes.push(0)),
        ("tile/entries/000.p/4", &|bytes| bytes.push(0)),
        ("checkpoints/4", &flipped),
        ("proofs/1.tlog-proof", &flipped),
        ("proofs/1.tlog-proof", &|bytes| bytes[60] ^= 1),
        ("proofs/1.tlog-proof", &|bytes| bytes.clone_from(&of_another)),
        ("proofs/1.tlog-proof", &Vec::clear),
        ("log.vkey", &|bytes| bytes[0] ^= 1),
        ("allowed_signers", &Vec::clear),
    ] {
        change(name, what);
    }
    let answer = desk.run(public);
    assert_eq!(answer.code, 0, "all is as it was: {}", answer.out);
    assert!(answer.out.contains("proofs checked: 4"), "{}", answer.out);
    fs::remove_dir_all(desk.path().join("public/tile/entries")).expect("it is published");
    assert_eq!(desk.run(public).code, 1);
    fs::write(desk.path().join("public/checkpoint"), "nothing").expect("it can be written");
    let answer = desk.run(public);
    assert!(answer.code == 1 && answer.err.contains("not a signed note"), "{}", answer.err);
    assert_eq!(desk.run("verify --export nowhere --vkey @log.vkey").code, 3);
    assert_eq!(desk.run("verify --export public").code, 2);
}

#[test]
fn a_split_view_is_refused_where_the_other_was_published() {
    let desk = signed();
    assert_eq!(desk.run("export tiles public --ledger ledger").code, 0);
    forget(&desk);
    let answer = desk.run("export tiles public --ledger older");
    assert!(answer.code == 1 && answer.err.contains("ROLLBACK"), "a stale view: {}", answer.err);
    assert_eq!(append(&desk, "older", "another-three").code, 0);
    let answer = desk.run("export tiles public --ledger older");
    assert!(answer.code == 1 && answer.err.contains("FORK"), "{}", answer.err);
    forget(&desk);
    founded(&desk, "again");
    let answer = desk.run("export tiles public --ledger again");
    assert!(answer.code == 1 && answer.err.contains("not signed by"), "{}", answer.err);
    forget(&desk);
    assert_eq!(desk.run("verify --export public --vkey @log.vkey").code, 0, "it was left as it was");
}

#[test]
fn a_checkpoint_of_another_log_or_of_no_event_vouches_for_nothing() {
    let desk = signed();
    forget(&desk);
    let root = servanda::integrity::merkle::root(&[]);
    let signer = servanda::integrity::LogSigner::from_seed("test.example/other", &[3; 32]).expect("a good name");
    let none = |origin: &str| servanda::integrity::checkpoint::Checkpoint { origin: origin.to_owned(), size: 0, root };
    let other = none("test.example/other").sign(&signer).expect("it is one");
    desk.write("other.checkpoint", other.note().to_string());
    desk.write("other.vkey", signer.vkey().to_string());
    let line = "verify --ledger ledger --against other.checkpoint --vkey @other.vkey --json";
    check_found(&desk, line, "checkpoints", "of the log `test.example/other`");
    check_found(
        &desk,
        "verify --ledger ledger --vkey @other.vkey --json",
        "signatures",
        "not one that the events name",
    );
    assert_eq!(desk.run("verify --ledger ledger --vkey @log.vkey").code, 0);
    // Of the log itself, with its key, but of no event.
    let secret = fs::read_to_string(desk.path().join("ledger/keys/log.key")).expect("it is there");
    let own: servanda::integrity::LogSigner = secret.trim_end().parse().expect("a key");
    desk.write("empty", none(NAME).sign(&own).expect("it is one").note().to_string());
    let answer = desk.run("verify --ledger ledger --against empty --vkey @log.vkey");
    assert!(answer.code == 0 && answer.out.contains("self-asserted"), "{}", answer.out);
    let answer = desk.run(&format!("verify --ledger ledger {}", AGAINST.replace(" --json", "")));
    assert!(answer.out.contains("of a log that a key from outside vouches for"), "{}", answer.out);
    assert_eq!(append(&desk, "ledger", "four").code, 0);
    let answer = desk.run(&format!("verify --ledger ledger {}", AGAINST.replace(" --json", "")));
    assert!(answer.out.contains("vouches for the first 4 of 5 events"), "{}", answer.out);
}

#[test]
fn a_published_log_of_more_events_than_there_are_is_refused_at_once() {
    let desk = signed();
    assert_eq!(desk.run("export tiles public --ledger ledger").code, 0);
    let secret = fs::read_to_string(desk.path().join("ledger/keys/log.key")).expect("it is there");
    let signer: servanda::integrity::LogSigner = secret.trim_end().parse().expect("a key");
    for size in [5, 257, 100_000_000_000, (1 << 53) - 1] {
        let vast = servanda::integrity::checkpoint::Checkpoint { origin: NAME.to_owned(), size, root: [7; 32] };
        desk.write("public/checkpoint", vast.sign(&signer).expect("it is one").note().to_string());
        let answer = desk.run("verify --export public --vkey @log.vkey");
        assert!(answer.code == 1 && answer.err.contains("is not there"), "{size}: {}", answer.err);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_holds_nobody_up() {
    let desk = signed();
    assert_eq!(desk.run("export tiles public --ledger ledger").code, 0);
    assert_eq!(desk.run("prove 1 --output proofs --ledger ledger").code, 0);
    let (ledger, public) = ("verify --ledger ledger", "verify --export public --vkey @public/log.vkey");
    let check = "check proofs/1.tlog-proof --vkey @log.vkey";
    let known = remembered(&desk).join("4");
    let known = known.strip_prefix(desk.path()).expect("it lies below the desk").display().to_string();
    for (file, line, code) in [
        ("ledger/checkpoints/4", ledger, 1),
        ("ledger/cosignatures/4", ledger, 1),
        ("ledger/timestamps/4.tsr", ledger, 0),
        ("ledger/HEAD", ledger, 0),
        ("ledger/facts", ledger, 0),
        ("ledger/servanda.toml", ledger, 3),
        (known.as_str(), ledger, 1),
        ("public/checkpoint", public, 3),
        ("public/checkpoints/4", public, 1),
        ("public/tile/0/000.p/4", public, 1),
        ("public/tile/entries/000.p/4", public, 1),
        ("public/allowed_signers", public, 1),
        ("public/log.vkey", public, 3),
        ("proofs/1.tlog-proof", check, 3),
        ("proofs/1.event", check, 3),
        ("log.vkey", check, 3),
    ] {
        let (path, aside) = (desk.path().join(file), desk.path().join("aside"));
        let was_there = fs::rename(&path, &aside).is_ok();
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo is part of every Unix");
        assert!(made.success());
        let answer = desk.run(line);
        assert_eq!(answer.code, code, "{file}: {}{}", answer.out, answer.err);
        fs::remove_file(&path).expect("it is there");
        if was_there {
            fs::rename(&aside, &path).expect("it can be put back");
        }
    }
    for line in [ledger, public, check] {
        assert_eq!(desk.run(line).code, 0, "{line}");
    }
}
