//! Wrong clocks: what is refused under one, and how a ledger goes on that was recorded under one.
//!
//! Every moment is made up here. Commands run in this process, with a clock of the test's own.

use std::io::empty;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::json;
use servanda::cli::run;
use servanda::cli::surroundings::Surroundings;
use servanda::domain::timestamp::Timestamp;
use servanda::ledger::{AppendError, Batch, Clock, ClockFault, Folder, Ledger, Options};

use crate::support::{Answer, Desk, access, body, done, draft, found, key, moment};

/// No two keys of a desk are the same.
static SEED: AtomicU8 = AtomicU8::new(1);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Ten years.
const ACCIDENT_MS: i64 = 3_652 * DAY_MS;

/// Appends a mission under a clock.
fn append(folder: &Folder, id: &str, clock: impl Into<Clock>) -> Result<u64, AppendError> {
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    let drafts = vec![draft(body("mission", json!({"id": id, "title": "A mission"})))];
    let batch = Batch { drafts, ..Batch::default() };
    Ok(ledger.append(&[batch], Options::default(), &key(), clock)?.head.len)
}

/// Runs a command under a clock.
fn at(desk: &Desk, now: Timestamp, line: &str) -> Answer {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let config = desk.path().join("config").display().to_string();
    let state = desk.path().join("state").display().to_string();
    let mut around = Surroundings {
        now,
        clock: &|| now,
        elapsed: &|| std::time::Duration::ZERO,
        watch_interrupt: &|| Ok(Box::new(|| false)),
        variable: &|name| match name {
            "XDG_CONFIG_HOME" => Some(config.clone()),
            "XDG_STATE_HOME" => Some(state.clone()),
            _ => None,
        },
        folder: desk.path().to_owned(),
        pid: std::process::id(),
        entropy: &|| Ok([SEED.fetch_add(1, Ordering::Relaxed); 32]),
        stdin: &mut empty(),
        out: &mut out,
        err: &mut err,
        out_is_terminal: false,
        err_is_terminal: false,
        width: None,
    };
    let words = ["servanda"].into_iter().chain(line.split_whitespace()).map(Into::into);
    let code = i32::from(run(words, &mut around));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("answers are text");
    Answer { code, out: text(out), err: text(err) }
}

/// A file that describes a party.
fn party(desk: &Desk, id: &str) {
    let text = format!(
        "evidence: {{ none: a test }}\nannouncements:\n- {{ kind: party, id: {id}, name: Party {id}, type: state }}\n"
    );
    desk.write(&format!("{id}.yaml"), text);
}

/// A ledger `l` that was founded at the beginning of the tests' time, with a party in it.
fn desk() -> Desk {
    let desk = Desk::new();
    ["a", "b", "c", "d"].iter().for_each(|id| party(&desk, id));
    done(&at(&desk, moment(0), "append --init --ledger l a.yaml"));
    desk
}

/// It could not be done for the clock, and these words say so.
#[track_caller]
fn stopped(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    for word in words {
        assert!(answer.err.contains(word), "{word}: {}", answer.err);
    }
}

#[test]
fn a_clock_that_leaps_ten_years_is_refused_with_both_times_and_the_option_that_says_it_is_right() {
    let desk = desk();
    let ahead = moment(ACCIDENT_MS);
    stopped(
        &at(&desk, ahead, "append --ledger l b.yaml"),
        &["2036-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z", "--clock-is-right"],
    );
    done(&at(&desk, moment(1000), "append --ledger l b.yaml"));
    done(&at(&desk, ahead, "append --ledger l c.yaml --clock-is-right"));
    stopped(&at(&desk, moment(2000), "append --ledger l d.yaml"), &["2036-11-22", "before the newest event"]);
}

#[test]
fn four_hundred_days_are_no_leap_and_a_millisecond_more_is() {
    let desk = Desk::new();
    let folder = found(desk.path());
    let most = 400 * DAY_MS;
    let refused = append(&folder, "a", moment(most + 1));
    assert!(matches!(refused, Err(AppendError::Clock(ClockFault::Ahead { .. }))), "{refused:?}");
    assert_eq!(append(&folder, "a", moment(most)).expect("it is believed"), 2);
    assert_eq!(append(&folder, "b", moment(2 * most)).expect("it is believed"), 3);
    let right = Clock::said_to_be_right(moment(ACCIDENT_MS));
    assert_eq!(append(&folder, "c", right).expect("it is right"), 4);
}

#[test]
fn every_command_that_appends_asks_about_a_leap_and_can_be_told_that_the_clock_is_right() {
    let desk = desk();
    let public =
        desk.write("new.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFjEv3mKfkxpZBVLlAmGzbXbHyp0wyIpEzMgZZfrSd3");
    desk.write("t.csv", "party,agreement,date\nx,y,2020-01-01\n");
    let public = public.file_name().and_then(|name| name.to_str()).expect("a name");
    let lines = [
        "append b.yaml".to_owned(),
        "policy set joining=1".to_owned(),
        format!("key add ana --public @{public}"),
        "key replace-log".to_owned(),
        format!("key revoke @{public}"),
        "policy lift".to_owned(),
    ];
    let mut now = moment(0);
    for line in lines {
        now = Timestamp::from_unix_ms(now.unix_ms() + 401 * DAY_MS).expect("a moment");
        stopped(&at(&desk, now, &format!("--ledger l {line}")), &["--clock-is-right"]);
        done(&at(&desk, now, &format!("--ledger l {line} --clock-is-right")));
    }
    for line in ["import csv", "import manytreaties", "attest", "reaffirm", "source erase", "key replace"] {
        let help = at(&desk, now, &format!("{line} --help"));
        assert!(help.out.contains("--clock-is-right"), "{line}");
    }
}

#[test]
fn a_clock_before_the_program_was_made_founds_nothing() {
    let desk = Desk::new();
    party(&desk, "a");
    let early = moment(-DAY_MS - 1);
    for line in ["init --ledger l", "append --init --ledger l a.yaml"] {
        stopped(&at(&desk, early, line), &["2026-11-21T23:59:59.999Z", "2026-11-22T00:00:00.000Z", "set the clock"]);
        assert!(!desk.path().join("l").exists() && !desk.path().join("config").exists(), "{line}");
    }
    done(&at(&desk, moment(0), "init --ledger l"));
}

#[test]
fn a_clock_before_the_days_that_sources_state_founds_nothing() {
    let desk = Desk::new();
    let file = |day: &str, key: &str| {
        format!(
            "source: {{ publisher: P, grade: press, {key}: {day} }}\nannouncements:\n- {{ kind: party, id: a, name: A, type: state }}\n"
        )
    };
    for key in ["published", "retrieved"] {
        desk.write("a.yaml", file("2026-11-25", key));
        let answer = at(&desk, moment(0), "append --init --ledger l a.yaml");
        assert_eq!(answer.code, 1, "{}", answer.err);
        assert!(answer.err.contains("error[E0204]") && answer.err.contains("2026-11-23"), "{}", answer.err);
        assert!(!desk.path().join("l").exists());
    }
    // In some time zone it is tomorrow.
    desk.write("a.yaml", file("2026-11-24", "published"));
    done(&at(&desk, moment(0), "append --init --ledger l a.yaml"));
}

#[test]
fn a_clock_before_1970_is_refused_in_words_and_help_needs_no_clock() {
    let desk = desk();
    let never = Timestamp::from_unix_ms(-1).expect("a moment");
    for line in ["log --ledger l", "append --ledger l b.yaml", "members x --ledger l", "verify --ledger l"] {
        stopped(&at(&desk, never, line), &["1969-12-31T23:59:59.999Z", "1970", "set the clock"]);
    }
    for line in ["--help", "--version"] {
        done(&at(&desk, never, line));
    }
    assert!(Path::new(&desk.path().join("l")).exists());
}
