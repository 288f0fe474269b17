//! The exit codes. The worries are a code that no table tells of, and what could not be looked at, told by the code of tampering.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use servanda::cli::exit::Exit;

use crate::borrowed::OTHER;
use crate::support::{Answer, Desk, done, tell};
use crate::traced::base;

#[test]
fn every_exit_code_stands_once_in_the_table_that_help_manual_readme_and_guide_tell() {
    let codes: BTreeSet<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
    assert_eq!(codes.into_iter().collect::<Vec<u8>>(), [0, 1, 2, 3, 4, 5]);
    let desk = Desk::new();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (help, manual) = (words(&desk.run("--help").out), words(&desk.run("man").out));
    let pages = [include_str!("../../README.md"), include_str!("../../src/guide/keeping.md")];
    for exit in Exit::ALL {
        let (code, meaning) = (exit.code(), exit.meaning());
        assert!(help.contains(&format!("{code} {meaning}")), "{code}: {help}");
        assert!(manual.contains(&format!("\\fB{code}\\fR {meaning}")), "{code}");
        assert!(pages.iter().all(|page| page.contains(&format!("| {code} | {meaning} |"))), "{code}");
    }
}

#[test]
fn each_code_says_what_the_table_says() {
    let desk = base();
    let exits = |line: &str, exit: Exit| {
        let answer = desk.run(line);
        assert_eq!(answer.code, i32::from(exit.code()), "{line}: {}{}", answer.out, answer.err);
    };
    desk.write("faulty.yaml", "announcements: 3\n");
    desk.write(
        "good.yaml",
        "evidence: { none: a test }\nannouncements:\n- { kind: party, id: zz, name: Z, type: state }\n",
    );
    exits("verify --ledger l", Exit::Done);
    exits("append faulty.yaml --ledger l", Exit::No);
    exits("append --nonsense", Exit::Misuse);
    exits("verify --ledger nowhere", Exit::CouldNot);
    exits(&format!("append good.yaml --ledger l --expect-head {}", "0".repeat(64)), Exit::Conflict);
}

/// What came of a layer of `verify`, and the exit code.
#[track_caller]
fn check(answer: &Answer, layer: &str, verdict: &str, code: i32) {
    let layers = answer.json()["layers"].as_array().expect("there are layers").clone();
    let own = layers.iter().find(|own| own["layer"] == layer).expect("it is one of them");
    assert_eq!((own["verdict"].as_str(), answer.code), (Some(verdict), code), "{own}: {}", answer.err);
}

#[test]
fn a_timestamp_that_no_program_can_check_is_not_checked_and_is_no_fault() {
    let desk = base();
    done(&desk.run("checkpoint --ledger l"));
    let len = desk.run("verify --ledger l --json").json()["events"].to_string();
    desk.write(&format!("l/timestamps/{len}.tsr"), "a reply");
    desk.write("ca.pem", "a certificate");
    check(&desk.run("verify --ledger l --json"), "timestamps", "not checked", 0);
    let without = |line: &str| {
        let mut command = desk.command(line.split_whitespace());
        Answer::of(&command.env("PATH", desk.path()).output().expect("the binary runs"))
    };
    let answer = without("verify --ledger l --tsa-ca ca.pem --json");
    check(&answer, "timestamps", "not checked", 3);
    assert_eq!(answer.json()["passed"], false, "what was asked for was not done");
    // What does not hold is told all the same.
    let document = crate::personal::files(&desk.path().join("l/documents")).remove(0);
    fs::write(document, "other bytes").expect("it is ours");
    check(&without("verify --ledger l --tsa-ca ca.pem --json"), "documents", "fail", 1);
    let lost = desk.run("verify --ledger l --tsa-ca nowhere.pem");
    assert!(lost.code == 3 && lost.err.contains("nowhere.pem cannot be read"), "{}", lost.err);
}

#[test]
fn what_the_system_does_not_let_one_read_is_not_checked_and_is_no_fault() {
    let desk = base();
    done(&desk.run("checkpoint --ledger l"));
    let as_another = |line: &str| {
        let scratch = desk.path().join("scratch");
        let own = desk.command(line.split_whitespace());
        let mut command = Command::new(desk.path().join("servanda"));
        command.args(own.get_args()).current_dir(desk.path()).env_clear();
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Answer::of(&command.env("TMPDIR", scratch).uid(OTHER).gid(OTHER).output().expect("the binary runs"))
    };
    fs::copy(env!("CARGO_BIN_EXE_servanda"), desk.path().join("servanda")).expect("there is room");
    let open = "chmod 755 . && chmod -R a+rX l && mkdir -m 777 scratch state/other && chmod -R a+rX state && chown 0 l";
    let prepared = Command::new("sh").args(["-c", open]).current_dir(desk.path()).status();
    if !prepared.expect("there is a shell").success() || Command::new("true").uid(OTHER).output().is_err() {
        tell("left out: only root runs the program as another account");
        return;
    }
    let line = "verify --ledger l --json";
    check(&as_another(line), "documents", "pass", 0);
    for (name, layer) in [("documents", "documents"), ("checkpoints", "checkpoints")] {
        let mode = |mode: &str| {
            let changed = Command::new("chmod").args([mode, &format!("l/{name}")]).current_dir(desk.path()).status();
            assert!(changed.expect("it is there").success());
        };
        mode("700");
        check(&as_another(line), layer, "not checked", 3);
        mode("755");
    }
    let document = crate::personal::files(&desk.path().join("l/documents")).remove(0);
    Command::new("chmod").arg("600").arg(document).status().expect("it is there");
    check(&as_another(line), "documents", "not checked", 3);
    let checked = as_another("source check --ledger l");
    assert!(checked.code == 3 && checked.out.contains("out of reach"), "{}{}", checked.out, checked.err);
    check(&desk.run(line), "documents", "pass", 0);
}

/// A fault that somebody brings into a ledger.
type Fault = fn(&Path);

fn cut(ledger: &Path) {
    let store = ledger.join("sled/db");
    let bytes = fs::read(&store).expect("it is there");
    fs::write(&store, &bytes[..2000]).expect("it is ours");
}

fn overwritten(ledger: &Path) {
    let mut bytes = fs::read(ledger.join("sled/db")).expect("it is there");
    bytes[2000..2004].copy_from_slice(b"XXXX");
    fs::write(ledger.join("sled/db"), bytes).expect("it is ours");
}

fn gone(ledger: &Path) {
    fs::remove_dir_all(ledger.join("sled")).expect("it is ours");
}

fn checkpoint_changed(ledger: &Path) {
    for entry in fs::read_dir(ledger.join("checkpoints")).expect("it was signed").flatten() {
        fs::write(entry.path(), "no checkpoint").expect("it is ours");
    }
}

#[test]
fn what_was_found_is_told_by_1_whichever_command_finds_it() {
    let faults: [(&str, Fault); 4] =
        [("cut", cut), ("overwritten", overwritten), ("gone", gone), ("a checkpoint changed", checkpoint_changed)];
    for (what, fault) in faults {
        let desk = base();
        desk.write(
            "good.yaml",
            "evidence: { none: a test }\nannouncements:\n- { kind: party, id: zz, name: Z, type: state }\n",
        );
        done(&desk.run("checkpoint --ledger l"));
        fault(&desk.path().join("l"));
        // A backup has the files beside the events as they are.
        let looks = |line: &&&str| !(what == "a checkpoint changed" && line.starts_with("backup"));
        let lines = ["verify -q", "append good.yaml", "checkpoint", "backup b", "export tiles public"];
        for line in lines.iter().filter(looks) {
            let answer = desk.run(&format!("{line} --ledger l"));
            assert_eq!(answer.code, 1, "{what}, {line}: {}{}", answer.out, answer.err);
        }
    }
}
