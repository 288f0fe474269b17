//! What there is to do about a ledger, as `status` says it. The worries are a key that cannot sign and that nobody misses until
//! the day on which it is to, a backup that is nowhere and counts, a copy that is older on purpose and told as an accident, and
//! words where a command is to be pasted.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::clock::{DAY_MS, at};
use crate::status::{check, desk, keep, status};
use crate::support::{Answer, Desk, done, moment, tell};

/// An account that no file of accounts knows.
const NOBODY: u32 = 54_321;

/// The finding of a kind.
#[track_caller]
fn finding(answer: &Answer, concern: &str) -> Value {
    let findings = answer.json()["findings"].as_array().expect("a list").clone();
    let found = findings.into_iter().find(|finding| finding["concern"] == concern);
    found.unwrap_or_else(|| panic!("no {concern}: {}", answer.out))
}

/// Backs the ledger up to standard output, into a file that the account does not know.
fn stream(desk: &Desk) {
    let out = File::create(desk.path().join("stream")).expect("there is room");
    let mut command = desk.command(["backup", "--quiet", "-", "--ledger", "l"]);
    done(&Answer::of(&command.stdout(Stdio::from(out)).output().expect("the binary runs")));
}

#[test]
fn a_stream_is_told_apart_takes_the_place_of_no_file_and_counts_once_it_came_back_whole() {
    let desk = desk();
    keep(&desk, 0);
    done(&at(&desk, moment(DAY_MS), "append --ledger l b.yaml"));
    stream(&desk);
    let today = status(&desk, 1, "");
    check(&today, &[]);
    let told = today.json();
    assert!(told["backup"]["file"].as_str().is_some_and(|file| file.ends_with("/l.backup")), "{told}");
    assert_eq!((&told["backup"]["size"], &told["stream"]["size"]), (&3.into(), &4.into()));
    assert_eq!(told["stream"]["checked"], false);
    check(&status(&desk, 4, "--accept checkpoint-due"), &["stream-unchecked"]);
    check(&status(&desk, 4, "--accept checkpoint-due,stream-unchecked"), &[]);
    let input = File::open(desk.path().join("stream")).expect("it is there");
    let mut command = desk.command(["backup", "check", "-", "--quiet"]);
    done(&Answer::of(&command.stdin(Stdio::from(input)).output().expect("the binary runs")));
    let checked = status(&desk, 4, "--accept checkpoint-due");
    check(&checked, &[]);
    assert_eq!(checked.json()["stream"]["checked"], true);
    let people = at(&desk, moment(DAY_MS), "status --ledger l --room 0").out;
    assert!(people.contains("/l.backup\n") && people.contains("to standard output, which came back whole"), "{people}");
    // What is appended later is in neither.
    done(&at(&desk, moment(5 * DAY_MS), "append --ledger l c.yaml"));
    check(&status(&desk, 8, "--accept checkpoint-due"), &["backup-due"]);
}

#[test]
fn a_stream_that_went_nowhere_is_no_backup() {
    let desk = desk();
    stream(&desk);
    check(&status(&desk, 0, ""), &[]);
    check(&status(&desk, 3, "--accept checkpoint-due"), &["stream-unchecked"]);
}

#[test]
fn a_backup_that_is_gone_or_cut_is_told_until_that_is_meant_so() {
    let desk = desk();
    keep(&desk, 0);
    let file = desk.path().join("l.backup");
    let whole = fs::read(&file).expect("it is there");
    fs::write(&file, &whole[..whole.len() / 2]).expect("it is ours");
    let cut = status(&desk, 0, "");
    check(&cut, &["backup-gone"]);
    assert_eq!(finding(&cut, "backup-gone")["run"], "", "a backup that was cut is not written over");
    fs::remove_file(&file).expect("it is there");
    let gone = status(&desk, 0, "");
    check(&gone, &["backup-gone"]);
    assert_eq!(gone.json()["backup"]["is_there"], false);
    check(&status(&desk, 9, "--accept backup-gone"), &[]);
    let run = finding(&gone, "backup-gone")["run"].as_str().expect("text").replace("servanda ", "");
    done(&desk.run(&run));
    check(&status(&desk, 0, ""), &[]);
}

/// Puts something else in the place of the log's key.
fn change_key(desk: &Desk, how: &str) {
    let file = desk.path().join("l/keys/log.key");
    let changed = match how {
        "gone" => fs::remove_file(&file),
        "garbage" => fs::write(&file, "nonsense\n"),
        "a folder" => fs::remove_file(&file).and_then(|()| fs::create_dir(&file)),
        "of all" => fs::set_permissions(&file, fs::Permissions::from_mode(0o666)),
        "another's" => {
            done(&desk.run("init --ledger other --origin another.example/l"));
            fs::copy(desk.path().join("other/keys/log.key"), &file).map(drop)
        }
        _ => {
            let old = fs::read(&file).expect("it is there");
            done(&at(desk, moment(0), "key replace-log --ledger l"));
            done(&at(desk, moment(0), "key copied --log-key --ledger l"));
            fs::write(&file, old)
        }
    };
    changed.expect("it is ours");
}

#[test]
fn a_log_key_that_cannot_sign_is_told_and_no_command_that_fails_for_it() {
    for how in ["gone", "garbage", "a folder", "of all", "another's", "last year's"] {
        let desk = desk();
        keep(&desk, 0);
        change_key(&desk, how);
        done(&at(&desk, moment(0), "append --ledger l b.yaml"));
        let due = status(&desk, 3, "--accept backup-due,log-key-open");
        let told = if how == "of all" { "log-key-open" } else { "log-key-unusable" };
        check(&due, if how == "of all" { &["checkpoint-due"] } else { &["log-key-unusable", "checkpoint-due"] });
        finding(&due, told);
        assert_eq!(finding(&due, "checkpoint-due")["run"], "", "{how}");
        assert_eq!(at(&desk, moment(0), "checkpoint --ledger l").code, 3, "{how}");
    }
}

#[test]
fn whoever_only_reads_is_told_of_no_key_and_of_nothing_to_remember() {
    let desk = desk();
    keep(&desk, 0);
    change_key(&desk, "garbage");
    let program = desk.path().join("servanda");
    fs::copy(env!("CARGO_BIN_EXE_servanda"), &program).expect("there is room");
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = Command::new(&program);
    command.args(["status", "--ledger", "l", "--json", "--days", "100000", "--room", "0"]);
    command.current_dir(desk.path()).env_clear().uid(NOBODY).gid(NOBODY);
    match command.output() {
        Ok(output) => check(&Answer::of(&output), &[]),
        Err(_) => tell("left out: only root runs programs under other accounts"),
    }
}

#[test]
fn an_agent_that_does_not_answer_holds_nobody_up() {
    let desk = desk();
    fs::remove_file(desk.path().join("l/keys/log.key")).expect("init made it");
    let socket = desk.path().join("agent");
    // It takes who calls, and never says a word.
    let _silent = UnixListener::bind(&socket).expect("nothing is there");
    for at in [socket.clone(), desk.path().join("nobody")] {
        let mut command = desk.command(["status", "--ledger", "l", "--json", "--days", "100000", "--room", "0"]);
        let answer = Answer::of(&command.env("SSH_AUTH_SOCK", &at).output().expect("the binary runs"));
        check(&answer, &["log-key-unusable"]);
        let named = command.env("SERVANDA_LOG_KEY", "agent:log").output().expect("the binary runs");
        check(&Answer::of(&named), &["log-key-unusable"]);
    }
}

#[test]
fn a_copy_that_is_older_on_purpose_is_told_as_that_and_as_no_rollback() {
    let desk = desk();
    keep(&desk, 0);
    done(&at(&desk, moment(0), "append --ledger l b.yaml"));
    keep(&desk, 0);
    done(&desk.run("restore l.backup past --at 0"));
    fs::rename(desk.path().join("l"), desk.path().join("whole")).expect("it is ours");
    fs::rename(desk.path().join("past"), desk.path().join("l")).expect("it is ours");
    let told = status(&desk, 9, "");
    check(&told, &["older"]);
    assert_eq!(told.json()["older"], 4);
    check(&status(&desk, 9, "--accept older"), &[]);
    // Neither does it pass, since anybody who can write there can say so; nor is it told as an attack.
    for quiet in ["", "--quiet"] {
        let verified = desk.run(&format!("verify --ledger l {quiet}"));
        let said = verified.out + &verified.err;
        assert_eq!(verified.code, 3, "{said}");
        let layer = "checkpoints  not checked  it was restored as it was with 1 events, and 4 are remembered";
        assert!(said.contains(layer) && !said.contains("ROLLBACK"), "{said}");
    }
    let signed = desk.run("checkpoint --ledger l");
    assert!(signed.code == 3 && signed.err.contains("was restored as it was with 1 events"), "{}", signed.err);
    assert!(signed.err.contains("--at 0 --despite-known") && !signed.err.contains("copy it back"), "{}", signed.err);
    let meant = desk.run("restore l.backup on --at 0 --despite-known");
    assert!(meant.err.contains("`servanda forget local/l-"), "{}", meant.err);
    // A checkpoint of its own that it does not hold was never restored.
    fs::create_dir_all(desk.path().join("l/checkpoints")).expect("there is room");
    fs::copy(desk.path().join("whole/checkpoints/4"), desk.path().join("l/checkpoints/4")).expect("there is room");
    check(&status(&desk, 9, "--accept older"), &["rollback"]);
    assert_eq!(desk.run("verify --ledger l").code, 1);
}

#[test]
fn nothing_is_remembered_is_something_to_do_for_whoever_keeps_a_ledger() {
    let desk = desk();
    let mut command = desk.command(["status", "--ledger", "l", "--days", "100000", "--room", "0", "--json"]);
    let answer = Answer::of(&command.env_remove("XDG_STATE_HOME").output().expect("the binary runs"));
    check(&answer, &["not-remembered"]);
    assert_eq!(answer.json()["remembers"]["yes"], false);
}
