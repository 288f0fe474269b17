//! What a question costs as a whole cold process over a large ledger: what it rests on is read and replayed each time.
//!
//! Beside it stands a process of the same binary that only says its version. With `--test`, or under `cargo test`, each
//! question is asked once over a small ledger.

#![expect(clippy::print_stderr, reason = "a figure says nothing without what was measured")]

mod common;

use std::process::Command;

/// The questions. One line each: the command with its arguments.
const QUESTIONS: &[&str] = &[
    "members orbit-7 --on 2000-01-01",
    "history",
    "history orbit-7",
    "party borumbra --on 2000-01-01",
    "agreement orbit-7 --on 2000-01-01",
    "mission lunar-3",
    "replay --on 2000-01-01",
    "diff 2000-01-01 2001-01-01",
    "why borumbra orbit-7 --on 2000-01-01",
    "conflicts",
    "counts",
    "timeline orbit-7 --from 1990-01-01 --to 2000-01-01",
    "prospects --on 2000-01-01",
    "log",
    "show 500",
    "source list",
    "key show",
];

fn main() {
    let small = common::is_small();
    let desk = common::desk(env!("CARGO_TARGET_TMPDIR"));
    let mut criterion = common::criterion();
    let len = if small { 600 } else { 100_000 };
    let folder = common::grown(desk.path(), len);

    let run = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_servanda"));
        command.args(line.split_whitespace()).arg("--ledger").arg(folder.path()).current_dir(desk.path());
        let output = command.env("XDG_CONFIG_HOME", desk.path()).output().expect("the binary runs");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout.len()
    };
    let mut group = criterion.benchmark_group(format!("cold process over {len} events"));
    group.bench_function("--version, which reads nothing", |bencher| bencher.iter(|| run("--version")));
    for question in QUESTIONS {
        let question = format!("{question} --json");
        eprintln!("{question}: {} bytes of answer", run(&question));
        group.bench_function(&question, |bencher| bencher.iter(|| run(&question)));
    }
    group.finish();
    criterion.final_summary();
}
