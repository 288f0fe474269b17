//! The program on disks that fail: each call to the system that it makes in a ledger's folder is failed once, with
//! `EIO`, with `ENOSPC`, or by a kill in its place. The worries are an acknowledged event that is gone, a batch that is
//! torn, a panic, and a ledger that the same command cannot bring to where it would have been.
//!
//! `strace` puts the faults in. By default some positions of each operation are failed, others in each of the three ways;
//! with `SERVANDA_TESTS_LONG` every position in all of them.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Answer, Desk, fixture, is_long};
use crate::traced::{base, can_trace, copied, traced, write_parties};

/// The calls that change a disk, or open what is on it.
const CALLS: [&str; 12] = [
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
];
/// What happens in their place.
const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=SIGKILL"];
/// Positions that are failed by default, in all of an operation.
const MOST: usize = 7;

/// An operation on the ledger `l` in the folder `base`, and what is to be found afterwards.
struct Operation {
    /// The command, without `--ledger l`.
    line: &'static str,
    /// Before it, and again when it has succeeded.
    done: fn(&Desk) -> bool,
}

/// Fails the command at its positions, each time on a fresh copy of the folder, and looks at what that leaves.
fn each_fault(base: &Desk, line: &str, look: impl Fn(&Desk, &Answer, &str)) {
    let positions = positions(base, line);
    assert!(positions.len() > 10, "{positions:?}");
    let step = if is_long() { 1 } else { positions.len().div_ceil(MOST) };
    for (number, (call, nth)) in positions.iter().enumerate().step_by(step) {
        let faults = if is_long() { &FAULTS[..] } else { &FAULTS[number / step % 3..=number / step % 3] };
        for fault in faults {
            let place = format!("{line} with {call} {nth} {fault}");
            let desk = copied(base);
            let answer = traced(&desk, line, &[&trace(), "-e", &format!("inject={call}:{fault}:when={nth}")]);
            let known = [-1, 0, 1, 3, 4, 127].contains(&answer.code);
            assert!(known, "{place}: it ended with {}: {}", answer.code, answer.err);
            look(&desk, &answer, &place);
        }
    }
}

/// Fails the operation wherever it can fail, and does it again.
fn check(base: &Desk, operation: &Operation) {
    if !can_trace() {
        return;
    }
    let before = ids(base, "l");
    each_fault(base, operation.line, |desk, answer, place| {
        if answer.code == 0 {
            assert!((operation.done)(desk), "{place}: it said that it was done");
        }
        let after = ids(desk, "l");
        assert!(after.starts_with(&before), "{place}: events were lost");
        let again = desk.run(&format!("{} --ledger l", operation.line));
        assert_eq!(again.code, 0, "{place}, and again: {}{}", again.out, again.err);
        assert!((operation.done)(desk), "{place}, and again");
        let verified = desk.run("verify --ledger l");
        assert_eq!(verified.code, 0, "{place}: {}{}", verified.out, verified.err);
        let all = ids(desk, "l");
        let unique: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(unique.len(), all.len(), "{place}: something is there twice");
    });
}

/// The ids of a ledger's events, if it can be read as it is: it always can.
#[track_caller]
fn ids(desk: &Desk, ledger: &str) -> Vec<String> {
    let answer = desk.run(&format!("log --ledger {ledger} --json"));
    assert_eq!(answer.code, 0, "it cannot be read: {}", answer.err);
    let events = answer.json()["events"].as_array().expect("a list").clone();
    events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

fn trace() -> String {
    format!("-etrace={}", CALLS.join(","))
}

/// The calls of an undisturbed run that are made in the desk's folder or after the first that is: the call, and which of
/// its thread it is, from 1.
fn positions(base: &Desk, line: &str) -> Vec<(String, usize)> {
    let desk = copied(base);
    let answer = traced(&desk, line, &[&trace()]);
    assert_eq!(answer.code, 0, "{line}: {}{}", answer.out, answer.err);
    let trace = fs::read_to_string(desk.path().join("trace")).expect("it was traced");
    let own = desk.path().display().to_string();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut found = Vec::new();
    let mut begun = false;
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, rest)) = rest.trim_start().split_once('(') else { continue };
        if !CALLS.contains(&call) {
            continue;
        }
        let count = counts.entry((thread.to_owned(), call.to_owned())).or_default();
        *count += 1;
        begun |= rest.contains(&own);
        let place = (call.to_owned(), *count);
        if begun && !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// Whether the log has an event of that id.
fn has(desk: &Desk, id: &str) -> bool {
    ids(desk, "l").iter().any(|own| own == id)
}

#[test]
fn appending_two_files_with_a_document() {
    let desk = base();
    write_parties(&desk, &["a", "b"], 3, Some("This is a note.\n"));
    check(&desk, &Operation { line: "append files", done: |desk| has(desk, "party:a-2") && has(desk, "party:b-2") });
}

#[test]
fn appending_so_much_that_bundles_are_sealed() {
    let desk = base();
    write_parties(&desk, &["a"], 300, None);
    check(&desk, &Operation { line: "append files", done: |desk| has(desk, "party:a-299") });
}

#[test]
fn an_append_says_if_its_outcome_is_unknown_and_the_same_again_tells() {
    if !can_trace() {
        return;
    }
    let base = base();
    write_parties(&base, &["a"], 3, None);
    let before = ids(&base, "l");
    let mut unknown = 0;
    for (call, nth) in positions(&base, "append files") {
        if !["pwrite64", "fsync", "fdatasync"].contains(&call.as_str()) {
            continue;
        }
        let place = format!("{call} {nth}");
        let desk = copied(&base);
        let answer = traced(&desk, "append files", &[&trace(), "-e", &format!("inject={call}:error=EIO:when={nth}")]);
        if !answer.err.contains("its outcome is unknown") {
            continue;
        }
        unknown += 1;
        assert_eq!(answer.code, 3, "{place}: {}", answer.err);
        assert!(answer.err.contains("run the same command again"), "{place}: {}", answer.err);
        let landed = ids(&desk, "l").len() - before.len();
        assert!([0, 3].contains(&landed), "{place}: {landed} of a batch of 3");
        let again = desk.run("append files --ledger l --json");
        assert_eq!(again.code, 0, "{place}: {}", again.err);
        let appended = again.json()["files"][0]["appended"].as_array().map_or(0, Vec::len);
        assert_eq!(landed + appended, 3, "{place}: {}", again.out);
    }
    assert!(unknown > 0, "no fault was met where it matters");
}

#[test]
fn signing_the_log() {
    let desk = Desk::with_ilrs(&["october-2023"]);
    fs::rename(desk.path().join("ilrs.servanda"), desk.path().join("l")).expect("a ledger can be moved");
    let is_signed = |desk: &Desk| desk.run("checkpoint list --ledger l --json").out.contains("\"size\"");
    check(&desk, &Operation { line: "checkpoint", done: is_signed });
}

#[test]
fn adding_a_recorders_key() {
    let desk = base();
    servanda::ledger::KeyFile::create(&desk.path().join("ana"), &[1; 32], "ana").expect("a key can be made");
    let is_there = |desk: &Desk| desk.run("key show --ledger l").out.contains("\nana ");
    check(&desk, &Operation { line: "key add ana --public @ana.pub", done: is_there });
}

#[test]
fn erasing_a_document() {
    let desk = base();
    let is_erased = |desk: &Desk| {
        let address = "18eb114afdf71f0f6f97326b90b9521deb0199fefb0e52acb3cf4209cdb7002e";
        !desk.path().join("l/documents").join(address).exists()
    };
    assert!(!is_erased(&desk));
    check(&desk, &Operation { line: "source erase 18eb --authority A --reason R", done: is_erased });
}

#[test]
fn importing_a_table() {
    let desk = base();
    for name in ["members.csv", "map.toml"] {
        desk.write(name, fs::read(fixture(&format!("tables/{name}"))).expect("the fixture is there"));
    }
    let is_imported = |desk: &Desk| {
        let again = desk.run("import csv members.csv --map map.toml --dry-run --ledger l --json");
        again.code == 0 && again.json()["events"]["appended"].as_u64().is_none_or(|new| new == 0)
    };
    check(&desk, &Operation { line: "import csv members.csv --map map.toml", done: is_imported });
}

#[test]
fn publishing_tiles_over_what_was_published() {
    let desk = base();
    assert_eq!(desk.run("export tiles public --ledger l").code, 0);
    write_parties(&desk, &["a"], 300, None);
    assert_eq!(desk.run("append files --ledger l").code, 0);
    let is_published = |desk: &Desk| {
        let key = desk.run("key show --ledger l --json").json()["log_key"].as_str().expect("a key").to_owned();
        let verified = desk.run(&format!("verify --export public --vkey {key} --json"));
        verified.code == 0 && verified.json()["events"].as_u64() == Some(ids(desk, "l").len() as u64)
    };
    check(&desk, &Operation { line: "export tiles public", done: is_published });
}

#[test]
fn backing_up_what_is_new() {
    let desk = base();
    assert_eq!(desk.run("backup b --ledger l").code, 0);
    write_parties(&desk, &["a"], 3, Some("This is a note.\n"));
    assert_eq!(desk.run("append files --ledger l").code, 0);
    let is_backed_up = |desk: &Desk| {
        let _ = fs::remove_dir_all(desk.path().join("copy"));
        desk.run("restore b copy").code == 0 && ids(desk, "copy") == ids(desk, "l")
    };
    check(&desk, &Operation { line: "backup b", done: is_backed_up });
}

#[test]
fn repairing_a_store() {
    let desk = base();
    assert_eq!(desk.run("backup b --ledger l").code, 0);
    let is_whole = |desk: &Desk| desk.run("verify --ledger l").code == 0;
    check(&desk, &Operation { line: "repair --from b", done: is_whole });
}

#[test]
fn restoring_a_backup() {
    if !can_trace() {
        return;
    }
    let base = base();
    write_parties(&base, &["a"], 3, Some("This is a note.\n"));
    assert_eq!(base.run("append files --ledger l").code, 0);
    assert_eq!(base.run("backup b --ledger l").code, 0);
    let expected = ids(&base, "l");
    each_fault(&base, "restore b copy", |desk, answer, place| {
        let is_there = desk.path().join("copy").exists();
        assert!(is_there || answer.code != 0, "{place}: it said that it was done");
        if !is_there {
            let again = desk.run("restore b copy");
            assert_eq!(again.code, 0, "{place}, and again: {}", again.err);
        }
        assert_eq!(ids(desk, "copy"), expected, "{place}");
        // A document that could not be read is told of, and the rest is restored.
        let is_told = answer.code == 1 && answer.err.contains("was not copied");
        let verified = desk.run("verify --ledger copy");
        assert_eq!(verified.code == 0, !is_told, "{place}: {}{}", verified.out, verified.err);
    });
}

#[test]
fn on_a_full_disk_a_ledger_is_read_and_saved_elsewhere_and_nobody_is_told_to_repair_it() {
    if !can_trace() {
        return;
    }
    let desk = base();
    write_parties(&desk, &["a"], 3, Some("This is a note.\n"));
    let full = |line: &str, file: &str, calls: &str| {
        let file = desk.path().join(file).display().to_string();
        let inject = format!("inject={calls}:error=ENOSPC");
        traced(&desk, line, &["-P", &file, "-e", &format!("trace={calls}"), "-e", &inject])
    };
    for line in ["log", "verify", "backup elsewhere"] {
        let answer = full(line, "l/LOCK", "write,ftruncate");
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
    }
    for (file, calls) in [("l/sled/db", "pwrite64,fdatasync,fsync"), ("l/documents", "openat,write,fsync")] {
        let answer = full("append files", file, calls);
        assert_eq!(answer.code, 3, "{file}: {}", answer.err);
        assert!(answer.err.contains("No space left on device"), "{file}: {}", answer.err);
        assert!(answer.err.contains("make room on the disk"), "{file}: {}", answer.err);
        assert!(!answer.err.contains("repair"), "{file}: {}", answer.err);
    }
    assert_eq!(desk.run("append files --ledger l").code, 0);
    assert_eq!(desk.run("verify --ledger l").code, 0);
}

#[test]
fn a_repair_whose_stores_cannot_change_places_forgets_nothing_that_was_known() {
    if !can_trace() {
        return;
    }
    let desk = base();
    assert_eq!(desk.run("backup old --ledger l").code, 0);
    write_parties(&desk, &["a"], 3, None);
    assert_eq!(desk.run("append files --ledger l").code, 0);
    assert_eq!(desk.run("backup new --ledger l").code, 0);
    fs::write(desk.path().join("l/sled/db"), b"nothing").expect("it is ours");
    fs::remove_dir_all(desk.path().join("l/checkpoints")).expect("it was signed");
    for fault in ["error=EBUSY", "signal=SIGKILL"] {
        let inject = format!("inject=renameat2:{fault}");
        let failed = traced(&desk, "repair --from new", &["-etrace=renameat2", "-e", &inject]);
        assert!([-1, 3].contains(&failed.code), "{fault}: {}", failed.err);
        // Here a kill leaves what was made, and events would be found in it; without it they are known to be lost.
        let aside =
            fs::read_dir(desk.path().join("l")).expect("it can be listed").map(|entry| entry.expect("it is there"));
        let aside = aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("sled.damaged-"));
        aside.for_each(|store| fs::remove_dir_all(store.path()).expect("it is ours"));
        let older = desk.run("repair --from old --ledger l");
        assert_eq!(older.code, 1, "{fault}: {}", older.err);
        assert!(older.err.contains("the last 3 are lost"), "{fault}: {}", older.err);
    }
    assert_eq!(desk.run("repair --from new --ledger l").code, 0);
}
