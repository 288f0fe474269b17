//! `kill -9` in the middle of an append: whole files or nothing of them, everything acknowledged still there, and the
//! same command goes on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Desk, is_long, read};
use servanda::ledger::Folder;
use servanda::ledger::verify::{Outside, verify};

/// Rounds by default, and with `SERVANDA_TESTS_LONG`.
const ROUNDS: [u32; 2] = [30, 1000];
/// After so many rounds a new ledger is begun, so that reading all of it stays quick.
const ROUNDS_OF_A_LEDGER: u32 = 10;
const FILES: usize = 4;
const FILE_LEN: usize = 15;

/// Writes a folder of files that describe parties of their own.
fn write_files(desk: &Desk, round: &str) {
    for file in 0..FILES {
        let mut text = "evidence: { none: made up for a test }\nannouncements:\n".to_owned();
        for number in 0..FILE_LEN {
            let id = format!("{round}-{file}-{number}");
            writeln!(text, "  - {{ kind: party, id: {id}, name: Party {id}, type: company }}")
                .expect("text takes everything");
        }
        desk.write(&format!("{round}/{file}.yaml"), text);
    }
}

/// Number of events, and how many of each file, of a ledger that verifies. A file is the text before the last hyphen.
fn held(desk: &Desk) -> (usize, BTreeMap<String, usize>) {
    let (log, snapshot) = read(&Folder::at(desk.path().join("ledger")));
    let report = verify(&log, &Outside::default());
    assert!(report.passed(), "{report:#?}");
    let mut files = BTreeMap::new();
    for event in &snapshot.events[1..] {
        let (file, _) = event.id.as_str().rsplit_once('-').expect("ids of these tests");
        *files.entry(file.to_owned()).or_default() += 1;
    }
    (snapshot.events.len(), files)
}

/// Number of events that were acknowledged, batch by batch: `HEAD` is written when a batch is on the disk.
fn acknowledged(desk: &Desk) -> usize {
    let head = fs::read_to_string(desk.path().join("ledger/HEAD")).expect("it is there, and replaced whole");
    head.split_once(' ').and_then(|(len, _)| len.parse().ok()).expect("a length and a hash")
}

/// A ledger with its genesis and one round, and how long a batch of it took.
fn begun() -> (Desk, Duration) {
    let desk = Desk::new();
    assert_eq!(desk.run("init --ledger ledger").code, 0);
    write_files(&desk, "first");
    let start = Instant::now();
    assert_eq!(desk.run("append --ledger ledger first").code, 0);
    (desk, start.elapsed() / u32::try_from(FILES).expect("a few"))
}

/// Appends the files of a folder, and kills the process some time after it has acknowledged `target` events. Returns how
/// many were acknowledged by then.
fn append_and_kill(desk: &Desk, folder: &str, target: usize, later: Duration) -> usize {
    let mut command = desk.command(["append", "--ledger", "ledger", folder]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    while acknowledged(desk) < target && child.try_wait().expect("it is ours").is_none() {
        thread::yield_now();
    }
    // The moment of the kill is what is varied; nothing waits for it to be long enough.
    thread::sleep(later);
    let len = acknowledged(desk);
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    len
}

#[test]
fn a_killed_append_leaves_whole_files_and_goes_on_when_it_is_run_again() {
    let (mut desk, mut batch_time) = begun();
    let rounds = ROUNDS[usize::from(is_long())];
    for round in 0..rounds {
        if round > 0 && round % ROUNDS_OF_A_LEDGER == 0 {
            (desk, batch_time) = begun();
        }
        // A kill between the store and `HEAD` leaves the hint behind, so the ledger itself is asked.
        let (before, _) = held(&desk);
        let name = format!("round{round}");
        write_files(&desk, &name);
        let batches = round as usize % FILES;
        let target = if batches == 0 { 0 } else { before + batches * FILE_LEN };
        let later = batch_time.mul_f64(f64::from(round % ROUNDS_OF_A_LEDGER) / f64::from(ROUNDS_OF_A_LEDGER));
        let acknowledged = append_and_kill(&desk, &name, target, later);

        let (len, files) = held(&desk);
        assert!(len >= acknowledged, "{acknowledged} events were acknowledged, {len} are there");
        assert!(files.values().all(|count| *count == FILE_LEN), "a part of a file: {files:?}");

        let again = desk.run(&format!("append --ledger ledger {name}"));
        assert_eq!(again.code, 0, "{}", again.err);
        let (len, files) = held(&desk);
        assert_eq!(len, before + FILES * FILE_LEN, "every announcement is there once");
        assert!(files.values().all(|count| *count == FILE_LEN), "{files:?}");
    }
}
