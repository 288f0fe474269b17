//! How fast a ledger is on this machine's disk, and beside it what the disk alone would cost in the same run.
//!
//! Everything is made from one seed. With `--test`, or under `cargo test`, each runs once over a small ledger.

#![expect(clippy::print_stderr, reason = "a figure says nothing without what was measured")]

mod common;

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use criterion::{BatchSize, Criterion, Throughput};

use servanda::domain::day::Day;
use servanda::ledger::log::sealing::EventSealing;
use servanda::ledger::verify::{Outside, verify};
use servanda::ledger::{Folder, Ledger, Log};
use servanda::query::Standpoint;
use servanda::query::members::{Question, members};
use servanda::store::Store;
use servanda::store::sled::SledStore;

use common::{BATCH, access, append_to, found, grown};

/// A treaty, of which there is much to tell.
const TREATY: &str = "orbit-7";

fn main() {
    let desk = common::desk(env!("CARGO_TARGET_TMPDIR"));
    let mut criterion = common::criterion();
    let folder = grown(desk.path(), if common::is_small() { 600 } else { 10_000 });
    let values = values(&folder);
    append(&mut criterion, desk.path(), &values, 1);
    append(&mut criterion, desk.path(), &values, BATCH);
    ask(&mut criterion, &folder);
    ask_cold(&mut criterion, desk.path());
    criterion.final_summary();
}

/// The bytes of all events.
fn values(folder: &Folder) -> Vec<Vec<u8>> {
    let log = Log::read(folder, &access()).expect("the log can be read");
    common::values(&log).collect()
}

/// Appends `size` announcements as one batch: through the ledger, to the store alone, and to a bare file.
fn append(criterion: &mut Criterion, desk: &Path, values: &[Vec<u8>], size: usize) {
    let mut group = criterion.benchmark_group(format!("append {size}, durably"));
    group.throughput(Throughput::Elements(size as u64));

    let (folder, mut history) = found(desk, &format!("ledger-{size}"));
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let before = ledger.events().len();
    group.bench_function("ledger: admit, sign, write, sync, HEAD", |bencher| {
        bencher.iter_batched(|| history.batch(size), |batch| append_to(&mut ledger, batch), BatchSize::PerIteration);
    });
    drop(ledger);
    let log = Log::read(&folder, &access()).expect("the log can be read");
    let own: Vec<Vec<u8>> = common::values(&log).skip(before).collect();
    let (appended, bytes) = (own.len(), own.iter().map(Vec::len).sum::<usize>());
    eprintln!(
        "{appended} events of {} bytes on average were appended to {before}, in batches of {size}",
        bytes / appended.max(1)
    );

    // The same bytes for the store and for the file: whole batches, as long as they last, and again.
    let batches: Vec<&[Vec<u8>]> = values.chunks_exact(size).collect();
    let mut store = SledStore::create(&desk.join(format!("store-{size}")), &EventSealing).expect("the folder is new");
    let mut next = batches.iter().cycle();
    group.bench_function("store: sled, synced", |bencher| {
        bencher.iter(|| store.append(store.len(), next.next().expect("a cycle")).expect("the disk writes"));
    });
    let mut file = File::create_new(desk.join(format!("bare-{size}"))).expect("the file is new");
    let mut next = batches.iter().map(|batch| batch.concat()).cycle();
    group.bench_function("bare: append and fdatasync", |bencher| {
        bencher.iter_batched(
            || next.next().expect("a cycle"),
            |bytes| {
                file.write_all(&bytes).expect("the disk writes");
                file.sync_data().expect("the disk syncs");
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Reads, verifies and asks the grown ledger.
fn ask(criterion: &mut Criterion, folder: &Folder) {
    criterion.bench_function("open for writing", |bencher| {
        bencher.iter_batched(
            || (),
            |()| Ledger::open(folder, &access()).expect("the ledger opens"),
            BatchSize::PerIteration,
        );
    });
    let log = Log::read(folder, &access()).expect("the log can be read");
    let snapshot = log.snapshot().expect("the chain holds");
    let at = Standpoint::on(Day::from_ymd(2000, 1, 1).expect("a day"));
    let question = Question { at, party_type: None, all: false };
    let answer = members(&snapshot, TREATY, question).expect("it is described");
    let counts = answer.counts;
    eprintln!("{TREATY} has {} certain and {} possible members", counts.certain, counts.possible);

    let mut group = criterion.benchmark_group(format!("with {} events", log.len()));
    group.throughput(Throughput::Elements(log.len()));
    group.bench_function("read the events", |bencher| {
        bencher.iter_with_large_drop(|| log.snapshot().expect("the chain holds"));
    });
    group.bench_function("verify", |bencher| {
        let outside = Outside { genesis: Some(snapshot.heads.stands()[0].head.hash), ..Outside::default() };
        assert!(verify(&log, &outside).passed());
        bencher.iter(|| verify(black_box(&log), &outside));
    });
    group.bench_function("members of one agreement", |bencher| {
        bencher.iter(|| members(black_box(&snapshot), TREATY, question).expect("it is described"));
    });
    group.finish();
}

/// The founding case as a whole cold process, beside a process of the same binary that only says its version.
fn ask_cold(criterion: &mut Criterion, desk: &Path) {
    let binary = env!("CARGO_BIN_EXE_servanda");
    let ledger = desk.join("ilrs.servanda");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary);
        command.args(arguments).arg("--ledger").arg(&ledger).current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = command.env("XDG_CONFIG_HOME", desk.join("config")).output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout.len()
    };
    run(&["append", "--init", "--quiet", "fixtures/ilrs/october-2023", "fixtures/ilrs/other-sources"]);
    eprintln!("the founding case is appended by the binary of this profile: 57 events");
    let mut group = criterion.benchmark_group("cold process");
    group.bench_function("members of the founding case", |bencher| {
        bencher.iter(|| run(&["members", "ilrs", "--on", "2023-10-19", "--json"]));
    });
    group.bench_function("version alone", |bencher| bencher.iter(|| run(&["--version"])));
    group.finish();
}
