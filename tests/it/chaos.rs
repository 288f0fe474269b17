//! Everything at once, in an order that nobody chose: appends, imports, kills, faults of the disk, facts that are damaged,
//! signing, backups, restores and repairs on a small ledger, with a model of what was acknowledged beside it.
//!
//! It runs for 60 seconds, or as many as `SERVANDA_CHAOS_SECONDS` says, with another seed each time, which it tells;
//! `SERVANDA_CHAOS_SEED` runs one again.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::support::{Answer, Desk, tell};
use crate::traced::{can_trace, traced};

/// Seconds by default.
const SECONDS: u64 = 60;
/// Events after which another ledger is begun, so that each step stays quick.
const MOST_EVENTS: usize = 3000;

/// A ledger `l`, and what is known of it.
struct Chaos {
    seed: u64,
    random: TestRng,
    desk: Desk,
    /// The ids of the events that were acknowledged, in their order.
    acknowledged: Vec<String>,
    /// Batches that may be there: each whole or not, and none without those before it.
    perhaps: Vec<Vec<String>>,
    /// What the newest backup has for certain.
    backed_up: usize,
    /// What was done, newest last.
    done: Vec<String>,
    next: usize,
    can_trace: bool,
    /// Rounds of each kind.
    steps: usize,
}

impl Chaos {
    fn new(seed: u64, round: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&round.to_le_bytes());
        let mut chaos = Self {
            seed,
            random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
            desk: Desk::new(),
            acknowledged: Vec::new(),
            perhaps: Vec::new(),
            backed_up: 0,
            done: Vec::new(),
            next: 0,
            can_trace: can_trace(),
            steps: 0,
        };
        assert_eq!(chaos.desk.run("init --ledger l").code, 0);
        chaos.acknowledged = chaos.ids("l");
        chaos
    }

    /// What to say when something does not hold.
    fn place(&self) -> String {
        format!(
            "seed {}, after: {}",
            self.seed,
            self.done.iter().rev().take(12).rev().cloned().collect::<Vec<_>>().join("; ")
        )
    }

    fn run(&self, line: &str) -> Answer {
        self.desk.run(line)
    }

    #[track_caller]
    fn succeeds(&self, line: &str) -> Answer {
        let answer = self.run(line);
        assert_eq!(answer.code, 0, "{}: {line}: {}{}", self.place(), answer.out, answer.err);
        answer
    }

    fn ids(&self, ledger: &str) -> Vec<String> {
        let answer = self.succeeds(&format!("log --json --ledger {ledger}"));
        let events = answer.json()["events"].as_array().expect("a list").clone();
        events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Holds the ledger against the model; of what may be there it is then known.
    fn look(&mut self) {
        let found = self.ids("l");
        assert!(found.starts_with(&self.acknowledged), "{}: acknowledged events are gone", self.place());
        let mut rest = &found[self.acknowledged.len()..];
        for batch in std::mem::take(&mut self.perhaps) {
            // A batch of which nothing is there ends what that process did.
            rest = rest.strip_prefix(batch.as_slice()).unwrap_or(rest);
        }
        assert!(rest.is_empty(), "{}: there is what nobody wrote, or a part of a batch: {rest:?}", self.place());
        self.acknowledged = found;
    }

    /// Writes files of parties, each a batch, and returns their ids.
    fn files(&mut self) -> Vec<Vec<String>> {
        let _ = fs::remove_dir_all(self.desk.path().join("files"));
        let many = self.random.random_bool(0.05);
        let mut batches = Vec::new();
        for file in 0..self.random.random_range(1..=3) {
            let mut text = "evidence: { none: made up }\nannouncements:\n".to_owned();
            let mut ids = Vec::new();
            for _ in 0..if many { 300 } else { self.random.random_range(1..=5) } {
                let id = format!("p{}", self.next);
                self.next += 1;
                writeln!(text, "  - {{ kind: party, id: {id}, name: P, type: company }}")
                    .expect("text takes everything");
                ids.push(format!("party:{id}"));
            }
            self.desk.write(&format!("files/{file}.yaml"), text);
            batches.push(ids);
        }
        batches
    }

    fn step(&mut self) {
        self.steps += 1;
        let what = self.random.random_range(0..100);
        match what {
            0..=24 => self.append(),
            25..=44 => self.append_and_kill(),
            45..=56 => self.append_with_fault(),
            57..=62 => self.import(),
            63..=70 => self.damage_facts(),
            71..=77 => {
                self.note("checkpoint");
                self.succeeds("checkpoint --ledger l");
            }
            78..=85 => self.back_up(),
            86..=91 => self.restore(),
            92..=94 => self.damage_and_repair(),
            _ => {
                self.note("verify");
                self.look();
                self.succeeds("verify --ledger l");
            }
        }
        if self.random.random_bool(0.3) {
            self.look();
        }
    }

    fn note(&mut self, what: &str) {
        self.done.push(what.to_owned());
    }

    fn append(&mut self) {
        self.look();
        let batches = self.files();
        self.note("append");
        self.succeeds("append files --ledger l");
        self.acknowledged.extend(batches.concat());
    }

    fn append_and_kill(&mut self) {
        self.look();
        let batches = self.files();
        let later = Duration::from_micros(self.random.random_range(0..90_000));
        self.note(&format!("append, killed after {later:?}"));
        let mut command = self.desk.command(["append", "files", "--ledger", "l"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        thread::sleep(later);
        let _ = child.kill();
        let is_done = child.wait().expect("it is ours").success();
        if is_done { self.acknowledged.extend(batches.concat()) } else { self.perhaps = batches }
    }

    fn append_with_fault(&mut self) {
        if !self.can_trace {
            return;
        }
        self.look();
        let batches = self.files();
        let call = ["openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink"]
            [self.random.random_range(0..8)];
        let fault = ["error=EIO", "error=ENOSPC", "signal=SIGKILL"][self.random.random_range(0..3)];
        let nth = self.random.random_range(1..=if call == "openat" { 50 } else { 9 });
        self.note(&format!("append with {call} {nth} {fault}"));
        let answer = traced(
            &self.desk,
            "append files",
            &[&format!("-etrace={call}"), "-e", &format!("inject={call}:{fault}:when={nth}")],
        );
        if answer.code == 0 { self.acknowledged.extend(batches.concat()) } else { self.perhaps = batches }
    }

    fn import(&mut self) {
        self.look();
        let mut table = "Land;Name;Vertrag;Was;Wann;Bemerkung\n".to_owned();
        let before = self.acknowledged.len();
        for _ in 0..self.random.random_range(1..40) {
            writeln!(table, "Q{0};Party {0};lunar-compact;unterzeichnet;18.10.2023;", self.next)
                .expect("text takes everything");
            self.next += 1;
        }
        self.desk.write("members.csv", table);
        self.desk.write("map.toml", MAP);
        self.note("import");
        self.succeeds("import csv members.csv --map map.toml --ledger l");
        self.acknowledged = self.ids("l");
        assert!(self.acknowledged.len() > before, "{}", self.place());
    }

    fn damage_facts(&mut self) {
        let name = ["facts", "recent", "HEAD"][self.random.random_range(0..3)];
        let file = self.desk.path().join("l").join(name);
        let Ok(mut bytes) = fs::read(&file) else { return };
        let how = self.random.random_range(0..3);
        self.note(&format!("damage {name} {how}"));
        match how {
            0 => fs::remove_file(&file).expect("it is there"),
            1 => {
                bytes.truncate(self.random.random_range(0..=bytes.len()));
                fs::write(&file, bytes).expect("it is ours");
            }
            _ if name != "HEAD" && !bytes.is_empty() => {
                let at = self.random.random_range(0..bytes.len());
                bytes[at] ^= 1 << self.random.random_range(0..8);
                fs::write(&file, bytes).expect("it is ours");
            }
            _ => {}
        }
        self.look();
    }

    fn back_up(&mut self) {
        self.look();
        if self.random.random_bool(0.4) {
            let later = Duration::from_micros(self.random.random_range(0..40_000));
            self.note(&format!("backup, killed after {later:?}"));
            let mut command = self.desk.command(["backup", "b", "--ledger", "l"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
            thread::sleep(later);
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        self.note("backup");
        self.succeeds("backup b --ledger l");
        self.backed_up = self.acknowledged.len();
    }

    /// What a backup gives is what was there when it was made, or since.
    fn restore(&mut self) {
        if self.backed_up == 0 {
            return;
        }
        self.look();
        self.note("restore");
        let _ = fs::remove_dir_all(self.desk.path().join("copy"));
        // A checkpoint may be known that is newer than the backup.
        let restored = self.run("restore b copy --despite-known");
        assert!(matches!(restored.code, 0 | 1), "{}: {}{}", self.place(), restored.out, restored.err);
        let found = self.ids("copy");
        assert!(
            self.acknowledged.starts_with(&found) && found.len() >= self.backed_up,
            "{}: {} of {}",
            self.place(),
            found.len(),
            self.backed_up
        );
    }

    fn damage_and_repair(&mut self) {
        self.look();
        self.note("backup");
        self.succeeds("backup b --ledger l");
        self.backed_up = self.acknowledged.len();
        let db = self.desk.path().join("l/sled/db");
        let mut bytes = fs::read(&db).expect("it is there");
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or_default() + 1;
        let how = self.random.random_range(0..3);
        self.note(&format!("damage the store {how}, and repair it"));
        match how {
            0 => bytes.truncate(self.random.random_range(0..used)),
            1 => {
                let at = self.random.random_range(0..used);
                bytes[at] ^= 1 << self.random.random_range(0..8);
            }
            _ => {
                let at = self.random.random_range(0..used) & !4095;
                let end = (at + 4096).min(bytes.len());
                bytes[at..end].fill(0);
            }
        }
        fs::write(&db, bytes).expect("it is ours");
        // Whatever it says before, it says nothing that is not so.
        let shown = self.run("log --json --ledger l");
        if shown.code == 0 {
            let events = shown.json()["events"].as_array().expect("a list").len();
            assert_eq!(events, self.acknowledged.len(), "{}: fewer are shown, and nothing said", self.place());
        }
        self.succeeds("repair --from b --ledger l");
        self.look();
        for entry in fs::read_dir(self.desk.path().join("l")).expect("a folder").flatten() {
            if entry.file_name().to_string_lossy().starts_with("sled.damaged-") {
                fs::remove_dir_all(entry.path()).expect("it is ours");
            }
        }
    }
}

/// How the table is read.
const MAP: &str = include_str!("../../fixtures/tables/map.toml");

#[test]
fn whatever_happens_what_was_acknowledged_is_there_once_and_nothing_is_there_in_part() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos();
    let seed = number("SERVANDA_CHAOS_SEED").unwrap_or(u64::try_from(now % 1_000_000_007).expect("it is smaller"));
    let end = Instant::now() + Duration::from_secs(number("SERVANDA_CHAOS_SECONDS").unwrap_or(SECONDS));
    tell(&format!("chaos: seed {seed}"));
    let (mut steps, mut events, mut round) = (0, 0, 0);
    while Instant::now() < end {
        let mut chaos = Chaos::new(seed, round);
        while Instant::now() < end && chaos.acknowledged.len() < MOST_EVENTS {
            chaos.step();
        }
        chaos.look();
        chaos.succeeds("verify --ledger l");
        (steps, events, round) = (steps + chaos.steps, events + chaos.acknowledged.len(), round + 1);
    }
    tell(&format!("chaos: seed {seed}, {steps} steps, {events} events in {round} ledgers"));
}
