//! A system that starts no more threads: what needs none is answered, and what needs one says so. The worries are a panic, and
//! a store that waits for ever for threads of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{Answer, Desk, done, tell};

/// An account that runs nothing else, so that a limit on its processes is one on its threads.
const ACCOUNT: &str = "23456";
/// How a program ends that could not start another.
const UNREACHABLE: i32 = 126;

/// Runs the program under that account, with so many threads and processes at most.
fn limited(desk: &Desk, line: &str, threads: usize) -> Answer {
    let own = desk.command(line.split_whitespace());
    let mut command = Command::new("timeout");
    command.args(["60", "setpriv", "--reuid", ACCOUNT, "--clear-groups"]);
    command.arg("prlimit").arg(format!("--nproc={threads}")).arg(desk.path().join("servanda")).args(own.get_args());
    command.current_dir(desk.path()).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Answer::of(&command.output().expect("timeout is part of every system"))
}

#[test]
fn without_threads_nothing_panics_or_waits_for_ever() {
    let desk = Desk::new();
    fs::copy(env!("CARGO_BIN_EXE_servanda"), desk.path().join("servanda")).expect("there is room");
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let party = |id: &str| {
        format!("evidence: {{none: made up}}\nannouncements: [{{kind: party, id: {id}, name: A, type: state}}]")
    };
    desk.write("a.yaml", party("a"));
    desk.write("b.yaml", party("b"));
    let given = Command::new("chown").args(["-R", ACCOUNT]).arg(desk.path()).output().expect("chown is there");
    if !given.status.success() {
        tell("left out: only root runs programs under other accounts");
        return;
    }
    if limited(&desk, "--version", 1000).code == UNREACHABLE {
        tell("left out: no other account reaches what lies in the folder for temporary files");
        return;
    }
    done(&limited(&desk, "append --init --ledger l a.yaml", 1000));
    let mut done_with = 0;
    for threads in [1, 2, 3, 4, 6, 9] {
        for line in [
            "log --ledger l",
            "party a --ledger l",
            "append b.yaml --ledger l",
            "verify --ledger l",
            "backup b --ledger l",
        ] {
            let answer = limited(&desk, line, threads);
            let place = format!("{line} with {threads} threads");
            assert!([0, 3].contains(&answer.code), "{place}: it ended with {}: {}", answer.code, answer.err);
            assert!(answer.code == 0 || answer.err.contains("thread"), "{place}: {}", answer.err);
            done_with += usize::from(answer.code == 0);
        }
    }
    assert!(done_with > 10, "{done_with}");
    done(&limited(&desk, "verify --ledger l", 1000));
}
