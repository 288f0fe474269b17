//! Disks of which a read fails, once or for good: every read that the program makes of files at its desk, in each command, fails
//! in each way. The worries are a store that sled zeroes because it could not read the header of a segment, and an answer
//! from less than there is.
//!
//! A library that is preloaded (`tests/failing_reads.c`) fails the reads; the C compiler that links Rust builds it. By default some
//! positions of each command are failed in one way, and every one while the log is read; with `SERVANDA_TESTS_LONG` every one in
//! all of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::borrowed::give_away;
use crate::support::{Answer, Desk, is_long, tell};
use crate::traced::{base, copied, write_parties};

/// How a read fails, and for how long.
const FAULTS: [(&str, &str); 7] = [
    ("EIO", "once"),
    ("EIO", "ever"),
    ("EINTR", "once"),
    ("ENOMEM", "once"),
    ("ENOMEM", "ever"),
    ("SHORT", "once"),
    ("SHORT", "ever"),
];
/// Positions that are failed by default.
const MOST: usize = 25;

/// The library that fails reads, built once.
static LIBRARY: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is room");
    let library = folder.path().join("failing_reads.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/failing_reads.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-w", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().expect("there is a C compiler").success());
    (folder, library)
});

/// Runs the program with the fault at that one of its reads, from 1; 0 fails none. Gives back how many there were.
fn failing(desk: &Desk, line: &str, (how, length): (&str, &str), at: usize) -> (Answer, usize) {
    let count = desk.path().with_extension("count");
    let mut command = desk.command(line.split_whitespace().chain(["--ledger", "l"]));
    command.env("LD_PRELOAD", &LIBRARY.1).env("FAIL_BELOW", desk.path()).env("FAIL_COUNT", &count);
    // What is copied to be read lies at the desk too.
    command.env("TMPDIR", desk.path()).env("FAIL_AT", at.to_string()).env("FAIL_HOW", how).env("FAIL_FOR", length);
    let answer = Answer::of(&command.output().expect("the binary runs"));
    let counted = fs::read_to_string(&count).ok().and_then(|count| count.trim().parse().ok());
    let _ = fs::remove_file(count);
    (answer, counted.unwrap_or_default())
}

/// The hashes of a ledger's events.
#[track_caller]
fn events(desk: &Desk, place: &str) -> Vec<String> {
    let answer = desk.run("log --ledger l --json");
    assert_eq!(answer.code, 0, "{place}: it cannot be read any more: {}", answer.err);
    let events = answer.json()["events"].as_array().expect("a list").clone();
    events.iter().map(|event| event["hash"].as_str().expect("a hash").to_owned()).collect()
}

/// A ledger of a few batches, of which some came after sled's last snapshot; with a backup that is older.
fn desk() -> Desk {
    let desk = base();
    assert_eq!(desk.run("backup b --ledger l").code, 0);
    write_parties(&desk, &["one", "two", "new"], 40, None);
    for file in ["one", "two"] {
        assert_eq!(desk.run(&format!("append files/{file}.yaml --ledger l")).code, 0);
    }
    desk
}

/// Fails the reads of a command, each time at a fresh desk, and looks at what that leaves.
fn check(line: &str, changes: bool, most: usize) {
    check_at(line, changes, most, |_| ());
}

/// The same at desks at which something was done first.
fn check_at(line: &str, changes: bool, most: usize, prepare: impl Fn(&Desk)) {
    let base = desk();
    let before = events(&base, line);
    let fresh = || {
        let desk = copied(&base);
        prepare(&desk);
        desk
    };
    let (sound, reads) = failing(&fresh(), line, ("EIO", "once"), 0);
    assert_eq!(sound.code, 0, "{line}: {}{}", sound.out, sound.err);
    assert!(reads > 5, "{line} reads {reads} times: they are not seen");
    let (mut runs, mut told) = (0, 0);
    let step = if is_long() { 1 } else { reads.div_ceil(most) };
    for at in (1..=reads).step_by(step) {
        let turn = at / step;
        let one = if step == 1 { 0 } else { turn % FAULTS.len() };
        let faults = if is_long() { &FAULTS[..] } else { &FAULTS[one..=one] };
        for fault in faults.iter().copied() {
            let place = format!("{line} with read {at} of {reads}: {} {}", fault.0, fault.1);
            let desk = fresh();
            let (answer, _) = failing(&desk, line, fault, at);
            runs += 1;
            // An append of which only the checkpoint that was due could not be signed ends with 5.
            assert!([0, 1, 3, 5].contains(&answer.code), "{place}: it ended with {}: {}", answer.code, answer.err);
            if answer.code == 0 {
                // Facts that cannot be read are not compared, and that is said.
                let is_said = line == "verify" && answer.out.contains("projections  not checked");
                assert!(changes || is_said || answer.out == sound.out, "{place}: {}\n{}", answer.out, answer.err);
            } else {
                told += 1;
                let said = format!("{}{}", answer.out, answer.err);
                let names = ["rror", "cannot", "read failed", "interrupted", "Interrupted"];
                assert!(names.iter().any(|name| said.contains(name)), "{place}: {said}");
            }
            let after = events(&desk, &place);
            assert!(after.starts_with(&before), "{place}: {} of {} events", after.len(), before.len());
            assert!(changes || after == before, "{place}: it changed something");
            let again = desk.run(&format!("{line} --ledger l"));
            assert_eq!(again.code, 0, "{place}, and again: {}{}", again.out, again.err);
            if turn % 5 == 0 || is_long() {
                let verified = desk.run("verify --ledger l");
                assert_eq!(verified.code, 0, "{place}, and verified: {}{}", verified.out, verified.err);
            }
        }
    }
    tell(&format!("{line}: {runs} reads that failed of {reads}, told {told} times, no event lost"));
    assert!(told > 0, "{line}: no failure was told");
}

#[test]
fn no_read_that_fails_costs_an_event_or_an_answer_while_the_log_is_read() {
    check("log --last 1", false, usize::MAX);
}

#[test]
fn no_read_that_fails_costs_an_event_while_one_is_appended() {
    check("append files/new.yaml", true, MOST);
}

#[test]
fn no_read_that_fails_costs_an_event_while_all_is_verified() {
    check("verify", false, MOST);
}

#[test]
fn no_read_that_fails_costs_an_event_while_a_backup_grows() {
    check("backup b", true, MOST);
}

#[test]
fn no_read_that_fails_costs_an_answer_from_what_is_kept() {
    check("members ilrs --on 2023-10-19", false, MOST);
}

#[test]
fn no_read_that_fails_costs_an_answer_from_a_folder_of_another_account() {
    if give_away(&desk().path().join("l")) {
        check_at("log --last 1", false, MOST, |desk| assert!(give_away(&desk.path().join("l"))));
    }
}

#[test]
fn no_read_that_fails_costs_an_event_where_nobody_remembers_where_the_log_ended() {
    let forget = |desk: &Desk| {
        for remembers in ["HEAD", "sled.check"] {
            fs::remove_file(desk.path().join("l").join(remembers)).expect("it is there");
        }
    };
    check_at("log --last 1", false, 2 * MOST, forget);
}
