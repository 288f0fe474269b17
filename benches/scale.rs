//! What a large ledger costs, beside `SQLite` and a bare file on the same events in the same run.
//!
//! `cargo bench --bench scale -- 1000000` prints a table; without a number it takes 10,000 events, and with `--test` few.
//! Times are of one run each, and of the machine that ran them: the ratios say more.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use servanda::domain::day::Day;
use servanda::exchange::table::import::{BATCH_LEN, Import, Watch};
use servanda::exchange::table::matches::Answers;
use servanda::exchange::table::{Target, manytreaties};
use servanda::integrity::digest::event_hash;
use servanda::integrity::proof::check_inclusion;
use servanda::ledger::facts::{self, HeadsKnown, Scope};
use servanda::ledger::log::checkpoints::Checkpoints;
use servanda::ledger::verify::{Outside, verify};
use servanda::ledger::{Batch, Folder, Ledger, Log, Options, log_signer};
use servanda::query::members::{Question, members};
use servanda::query::replay::replay;
use servanda::query::standings::standings;
use servanda::query::{Standpoint, Status};

use common::history::History;
use common::{access, append_to, found_with, key, now};

/// Events in a batch of the bulk load.
const BATCH: usize = 8192;
/// Single appends whose median is told.
const SINGLES: usize = 64;
/// The most events that peers are given.
const PEERS: usize = 200_000;
/// The most rows of a table that is imported.
const ROWS: usize = 250_000;
const AGREEMENT: &str = "orbit-7";

fn main() {
    let wanted = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let len = if common::is_small() { 2000 } else { wanted.unwrap_or(10_000) };
    let desk = common::desk(env!("CARGO_TARGET_TMPDIR"));
    let folder = load(desk.path(), len);
    let values = read(&folder);
    let history = singles(desk.path(), &folder, &values);
    proofs(&folder, history);
    cold(&folder);
    import(desk.path(), len.min(ROWS));
    peers(desk.path(), &values);
}

/// One agreement for 400 events, as in collections of treaties; 45 at the least.
fn agreements(len: usize) -> usize {
    common::history::AGREEMENTS.max(len / 400)
}

/// Loads the ledger in large batches, and tells how long the library took for it.
fn load(desk: &Path, len: usize) -> Folder {
    let agreements = agreements(len);
    let (folder, mut history) = found_with(desk, "scale", agreements);
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let mut spent = Duration::ZERO;
    let before = ledger.head().len;
    while ledger.head().len < len as u64 {
        let batch: Batch = history.batch(BATCH.min(len));
        let began = Instant::now();
        append_to(&mut ledger, batch);
        spent += began.elapsed();
    }
    let appended = ledger.head().len - before;
    println!("| events | {}, of them {before} that describe what the others name |", ledger.head().len);
    row("bulk load through the library", appended, spent);
    let began = Instant::now();
    ledger.close().expect("there is room");
    told("closing", began.elapsed());
    let bytes = |name: &str| size_of(&folder.path().join(name)) / (appended + before);
    let (all, facts) = (size_of(folder.path()) / (appended + before), bytes("facts"));
    println!("| on disk, everything | {all} bytes an event, of them {facts} of facts |");
    folder
}

/// Verifies, reads, replays and asks; gives back the bytes of all events.
fn read(folder: &Folder) -> Vec<Vec<u8>> {
    let log = Log::read(folder, &access()).expect("the log can be read");
    let len = log.len();
    let began = Instant::now();
    assert!(verify(&log, &Outside::default()).passed());
    row("full verify", len, began.elapsed());

    let began = Instant::now();
    let snapshot = log.snapshot().expect("the chain holds");
    row("events read from the store, with their chain", len, began.elapsed());
    drop(snapshot);
    let began = Instant::now();
    let snapshot = facts::read(folder, Scope::Everything, HeadsKnown::Newest).expect("they are kept");
    row("events read from the facts", len, began.elapsed());
    let began = Instant::now();
    let few = facts::read(folder, Scope::Agreement(AGREEMENT), HeadsKnown::Newest).expect("they are kept");
    row("what one agreement rests on, read from the facts", few.events.len() as u64, began.elapsed());
    let at = Standpoint::on(Day::from_ymd(2000, 1, 1).expect("a day"));
    let began = Instant::now();
    let state = replay(&snapshot, at).expect("there is no position to miss");
    row("whole state on a day, from events in memory", len, began.elapsed());
    println!("| parties in it | {} |", state.agreements.iter().map(|of| of.parties.len()).sum::<usize>());
    let began = Instant::now();
    let standings = standings(&snapshot, at).expect("there is no position to miss");
    row("standings on all days, from events in memory", len, began.elapsed());
    let began = Instant::now();
    let members_on = standings.on(at.on).filter(|row| row.status == Status::Member).count();
    told("whole state on a day, from standings", began.elapsed());
    println!("| members in it | {members_on} |");
    let began = Instant::now();
    members(&few, AGREEMENT, Question { at, party_type: None, all: false }).expect("it is described");
    row("members of one agreement, from what it rests on in memory", few.events.len() as u64, began.elapsed());

    let values: Vec<Vec<u8>> = common::values(&log).take(PEERS).collect();
    let bytes: usize = values.iter().map(Vec::len).sum();
    println!("| an event | {} bytes on average |", bytes / values.len());
    values
}

/// Appends one at a time, durably: through the ledger, to `SQLite`, and to a bare file; gives back the history, which goes
/// on.
fn singles(desk: &Path, folder: &Folder, values: &[Vec<u8>]) -> History {
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    // Another seed's history begins anew, with announcements of other ids.
    let mut history = History::new(common::SEED + 1, agreements(values.len()));
    let mut one = |batch| {
        let began = Instant::now();
        ledger.append(&[batch], Options::default(), &key(), now()).expect("it is admissible");
        began.elapsed()
    };
    let ours = median((0..SINGLES).map(|_| one(history.batch(1))));
    told("durable append of one, through the library", ours);

    let database = sqlite(&desk.join("single.sqlite"));
    let rows = values.iter().take(SINGLES);
    let theirs = median(rows.map(|value| {
        let began = Instant::now();
        insert(&database, value);
        began.elapsed()
    }));
    told("durable append of one, SQLite (WAL, FULL)", theirs);

    let mut file = File::create_new(desk.join("single.bare")).expect("the file is new");
    let bare = median(values.iter().take(SINGLES).map(|value| {
        let began = Instant::now();
        file.write_all(value).and_then(|()| file.sync_data()).expect("the disk writes");
        began.elapsed()
    }));
    told("durable append of one, bare file and fdatasync", bare);
    println!(
        "| append of one: ours to SQLite's, ours to bare | {:.2}, {:.2} |",
        ours.as_secs_f64() / theirs.as_secs_f64(),
        ours.as_secs_f64() / bare.as_secs_f64()
    );
    history
}

/// Signs the log, proves events, and signs it again after an append of one.
fn proofs(folder: &Folder, mut history: History) {
    let log = Log::read(folder, &access()).expect("the log can be read");
    let keys = log.authority().expect("the chain holds");
    let signer = log_signer(&folder.log_key(), keys.log_key()).expect("the log's key is there");
    let began = Instant::now();
    let checkpoint = log.checkpoint(&signer, &keys, &Checkpoints::default()).expect("it can be signed");
    row("first checkpoint, for which everything is read again", log.len(), began.elapsed());
    let spread = (0..SINGLES as u64).map(|place| place * log.len() / SINGLES as u64);
    let made = median(spread.clone().map(|seq| {
        let began = Instant::now();
        log.prove(seq, &checkpoint).expect("it can be proved");
        began.elapsed()
    }));
    told("a proof of one event, made and checked", made);
    let checked = median(spread.map(|seq| {
        let proof = log.prove(seq, &checkpoint).expect("it can be proved");
        let began = Instant::now();
        check_inclusion(&checkpoint, seq, &proof.event, &proof.file.path).expect("it holds");
        began.elapsed()
    }));
    told("the same, checked", checked);
    drop(log);
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    let signed = median((0..SINGLES).map(|_| {
        ledger.append(&[history.batch(1)], Options::default(), &key(), now()).expect("it is admissible");
        let began = Instant::now();
        ledger.checkpoint(&signer).expect("it can be signed");
        began.elapsed()
    }));
    told("a checkpoint after an append of one", signed);
}

/// Whole processes: how long, and the most memory that they held.
fn cold(folder: &Folder) {
    for line in [
        "--version",
        "members orbit-7 --on 2000-01-01 --json",
        "replay --on 2000-01-01 --json",
        "history orbit-7 --json",
        "verify --json",
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_servanda"));
        command.args(line.split_whitespace()).arg("--ledger").arg(folder.path()).stdout(Stdio::null());
        let began = Instant::now();
        let mut child = command.spawn().expect("the binary runs");
        let mut peak_kib = 0;
        let status = loop {
            peak_kib = peak_kib.max(held_kib(child.id()));
            if let Some(status) = child.try_wait().expect("it is ours") {
                break status;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(status.success(), "{line}");
        println!("| cold process: `{line}` | {}, {} MiB at most |", ms(began.elapsed()), peak_kib / 1024);
    }
}

/// The most memory that a process has held so far, where the system tells.
fn held_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or_default()
}

/// A table of so many rows into a ledger of its own.
fn import(desk: &Path, rows: usize) {
    let [agreements, acts] = common::table::tables(common::SEED, rows);
    let (folder, _) = found_with(desk, "imported", common::history::AGREEMENTS);
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let signer = key();
    let mut target = Target::Ledger { ledger: &mut ledger, signer: &signer, clock: now().into() };
    let mut watch = Watch { stop: &|| false, progress: &|_, _, _| {}, reject: &mut |_| Ok(()) };
    let layout = manytreaties::layout();
    let import = Import {
        layout: &layout,
        agreements: Some(&agreements),
        acts: &acts,
        answers: &Answers::default(),
        batch_len: BATCH_LEN,
        folder: None,
    };
    let began = Instant::now();
    let account = import.run(&mut target, &mut watch).expect("the tables can be imported");
    drop(ledger);
    let spent = began.elapsed();
    assert_eq!(account.rows, account.events + account.duplicates + account.rejected());
    row("import of a table, rows read to facts kept", account.rows, spent);
}

/// The same events in bulk: to `SQLite` with a column of hashes, and to a bare file.
fn peers(desk: &Path, values: &[Vec<u8>]) {
    let mut database = sqlite(&desk.join("bulk.sqlite"));
    let began = Instant::now();
    for batch in values.chunks(BATCH) {
        let transaction = database.transaction().expect("it is ours alone");
        for value in batch {
            insert(&transaction, value);
        }
        transaction.commit().expect("the disk writes");
    }
    row("bulk load, SQLite (WAL, FULL, BLAKE3 beside each)", values.len() as u64, began.elapsed());
    drop(database);
    println!("| SQLite on disk | {} bytes an event |", size_of(&desk.join("bulk.sqlite")) / values.len() as u64);

    let mut file = File::create_new(desk.join("bulk.bare")).expect("the file is new");
    let began = Instant::now();
    for batch in values.chunks(BATCH) {
        file.write_all(&batch.concat()).and_then(|()| file.sync_data()).expect("the disk writes");
    }
    row("bulk load, bare file and fdatasync", values.len() as u64, began.elapsed());
}

fn sqlite(path: &Path) -> Connection {
    let database = Connection::open(path).expect("the folder can be written");
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE events (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL);";
    database.execute_batch(setup).expect("SQLite takes it");
    database
}

fn insert(database: &Connection, value: &[u8]) {
    let mut statement = database.prepare_cached("INSERT INTO events (hash, bytes) VALUES (?1, ?2)").expect("it is SQL");
    statement.execute((event_hash(value).as_bytes(), value)).expect("the disk writes");
}

fn size_of(path: &Path) -> u64 {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = fs::read_dir(path).expect("it can be listed");
    entries.map(|entry| size_of(&entry.expect("it can be listed").path())).sum()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2]
}

fn row(what: &str, len: u64, time: Duration) {
    let rate = u128::from(len) * 1000 / time.as_micros().max(1);
    println!("| {what} | {}, {rate} k events/s |", ms(time));
}

fn told(what: &str, time: Duration) {
    println!("| {what} | {} |", ms(time));
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
