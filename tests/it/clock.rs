//! Wrong clocks: what is refused under one, and how a ledger goes on that was recorded under one.
//!
//! Every moment is made up here. Commands run in this process, with a clock of the test's own.

use std::fs;
use std::io::empty;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::json;
use servanda::cli::environment::Surroundings;
use servanda::cli::run;
use servanda::domain::announcement::Announcement;
use servanda::domain::timestamp::Timestamp;
use servanda::exchange::ndjson::line;
use servanda::ledger::{AppendError, Batch, Clock, ClockFault, Draft, Folder, KeyFile, Ledger, Options};

use crate::support::{Answer, Desk, access, body, done, draft, fixture, found, key, moment, name, read};

/// No two keys of a desk are the same.
static SEED: AtomicU8 = AtomicU8::new(1);
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Ten years.
const ACCIDENT_MS: i64 = 3_652 * DAY_MS;

/// Appends a mission under a clock.
pub(crate) fn append(folder: &Folder, id: &str, clock: impl Into<Clock>) -> Result<u64, AppendError> {
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    let drafts = vec![draft(body("mission", json!({"id": id, "title": "A mission"})))];
    let batch = Batch { drafts, ..Batch::default() };
    Ok(ledger.append(&[batch], Options::default(), &key(), clock)?.head.len)
}

/// Runs a command under a clock.
pub(crate) fn at(desk: &Desk, now: Timestamp, line: &str) -> Answer {
    at_place(desk, now, 0, line)
}

/// Runs a command under a clock, where clocks are that many seconds ahead of UTC.
pub(crate) fn at_place(desk: &Desk, now: Timestamp, utc_offset_s: i32, line: &str) -> Answer {
    at_account(desk, desk.path(), now, utc_offset_s, line)
}

/// The same for an account that has its folders elsewhere.
pub(crate) fn at_account(desk: &Desk, account: &Path, now: Timestamp, utc_offset_s: i32, line: &str) -> Answer {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let config = account.join("config").display().to_string();
    let state = account.join("state").display().to_string();
    let mut around = Surroundings {
        now,
        clock: &|| now,
        utc_offset_s,
        elapsed: &|| std::time::Duration::ZERO,
        watch_interrupt: &|| Ok(Box::new(|| false)),
        watch_hangup: &|| Ok(Box::new(|| false)),
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
        show: &|_| (),
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
    for id in ["a", "b", "c", "d"] {
        party(&desk, id);
    }
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

/// An accident in a ledger `l`: `b` was recorded ten years ahead, as event 2, and the clock is right again a day later.
fn accident() -> (Desk, Timestamp) {
    let desk = desk();
    done(&at(&desk, moment(ACCIDENT_MS), "append --ledger l b.yaml --clock-is-right"));
    (desk, moment(DAY_MS))
}

const CORRECT: &str = "clock correct --ledger l --reason wrong";

#[test]
fn after_an_accident_a_correction_lets_everybody_go_on() {
    let (desk, now) = accident();
    // With a checkpoint over it there is no way back.
    done(&at(&desk, now, "checkpoint --ledger l"));
    stopped(&at(&desk, now, "append --ledger l c.yaml"), &["set the clock", "servanda clock correct"]);
    let told = at(&desk, now, "clock show --ledger l");
    assert!(told.out.contains("The events from 2 on were recorded later than now"), "{}", told.out);

    done(&at(&desk, now, CORRECT));
    let later = moment(DAY_MS + 1000);
    done(&at(&desk, later, "append --ledger l c.yaml"));
    done(&at(&desk, later, "checkpoint --ledger l"));
    let verified = at(&desk, later, "verify --ledger l --json");
    done(&verified);
    assert!(verified.json().get("ahead").is_none(), "{}", verified.out);

    let lines = at(&desk, later, "log --ledger l --json").json()["events"].clone();
    let times: Vec<&str> = (0..5).filter_map(|seq| lines[seq]["recorded"].as_str()).collect();
    let (first, corrected) = ("2026-11-23T00:00:00.000Z", "2026-11-24T00:00:00.000Z");
    assert_eq!(times, [first, first, corrected, corrected, "2026-11-24T00:00:01.000Z"]);
    let clock = json!({ "said": "2036-11-22T00:00:00.000Z", "corrected_by": 3 });
    assert_eq!((&lines[2]["clock"], lines[3].get("clock")), (&clock, None));
    let shown = at(&desk, later, "show 2 --ledger l");
    assert!(shown.out.contains("(its clock said 2036-11-22T00:00:00.000Z, corrected by event 3)"), "{}", shown.out);
    let told = at(&desk, later, "clock show --ledger l --json").json();
    assert_eq!((&told["corrections"][0]["from"], &told["ahead_from"]), (&json!(2), &json!(null)));
}

#[test]
fn a_correction_changes_no_answer_by_position_and_moves_the_days_of_recording() {
    let (desk, now) = accident();
    let line = "history --ledger l --json --recorded-by";
    let by = |when: &str| at(&desk, now, &format!("{line} {when}"));
    let entries = |answer: &Answer| answer.json()["entries"].as_array().expect("a list").len();
    let before: Vec<String> = ["1", "2"].map(|seq| by(seq).out).into();
    assert!(before[1].contains("2036-11-22"), "{}", before[1]);
    assert_eq!(entries(&by("2026-11-30")), 1);
    done(&at(&desk, now, CORRECT));
    assert_eq!(["1", "2"].map(|seq| by(seq).out), before[..]);
    assert_eq!((entries(&by("2026-11-23")), entries(&by("2026-11-24"))), (1, 2));
    assert!(!by("3").out.contains("2036"), "within that prefix the correction counts");
    // A claim without a day of announcement was public when it was recorded.
    desk.write(
        "d.yaml",
        "evidence: { none: a test }\nannouncements:\n- { kind: agreement, id: x, title: X, type: programme }\n- { kind: joining, party: a, agreement: x, occurred: 2020-01-01 }\n",
    );
    let far = moment(ACCIDENT_MS);
    done(&at(&desk, far, "append --ledger l d.yaml --clock-is-right"));
    let members = |by: &str| {
        let line = format!("members x --ledger l --json --on 2026-01-01 --announced-by {by}");
        at(&desk, now, &line).json()["counts"]["certain"].clone()
    };
    assert_eq!((members("2026-12-31"), members("2036-12-31")), (json!(0), json!(1)));
    done(&at(&desk, moment(2 * DAY_MS), CORRECT));
    assert_eq!((members("2026-11-24"), members("2026-11-25")), (json!(0), json!(1)));
}

#[test]
fn a_second_correction_cannot_date_earlier_events_back() {
    let (desk, now) = accident();
    done(&at(&desk, now, CORRECT));
    done(&at(&desk, moment(2 * DAY_MS), "append --ledger l c.yaml"));
    // Nothing is later than the clock.
    let refused = |answer: &Answer, words: &str| {
        assert!(answer.code == 1 && answer.err.contains(words), "{}{}", answer.out, answer.err);
    };
    refused(&at(&desk, moment(2 * DAY_MS), CORRECT), "nothing before it was recorded later");
    // A clock that lies behind reaches as far back as it says, and no further.
    let early = moment(1000);
    refused(&at(&desk, early, &format!("{CORRECT} --from 4")), "the event before that was recorded at 2026-11-24");
    refused(&at(&desk, moment(-1), &format!("{CORRECT} --from 2")), "was recorded at 2026-11-23");
    refused(&at(&desk, early, &format!("{CORRECT} --from 0")), "from the first event on");
    done(&at(&desk, early, &format!("{CORRECT} --from 2")));
    let lines = at(&desk, moment(3 * DAY_MS), "log --ledger l --json").json()["events"].clone();
    let times: Vec<&str> = (0..6).filter_map(|seq| lines[seq]["recorded"].as_str()).collect();
    assert_eq!(times[..2], ["2026-11-23T00:00:00.000Z"; 2], "what stands before stays");
    assert_eq!(times[2..], ["2026-11-23T00:00:01.000Z"; 4]);
    done(&at(&desk, moment(3 * DAY_MS), "verify --ledger l"));
}

#[test]
fn a_correction_under_a_clock_that_is_behind_dates_no_event_before_its_sources() {
    for key in ["published", "retrieved"] {
        let desk = desk();
        for (year, id) in [(1, "p"), (2, "q"), (3, "r")] {
            let day = moment(year * 365 * DAY_MS);
            let source = format!("source: {{ publisher: P, grade: press, {key}: {} }}", day.day());
            let text = format!("{source}\nannouncements:\n- {{ kind: party, id: {id}, name: {id}, type: state }}\n");
            desk.write("source.yaml", text);
            done(&at(&desk, day, "append --ledger l source.yaml"));
        }
        let (now, before) = (moment(DAY_MS), at(&desk, moment(0), "log --ledger l").out);
        stopped(&at(&desk, now, "append --ledger l b.yaml"), &["clock show", "date events back"]);
        for from in ["", " --from 2"] {
            let answer = at(&desk, now, &format!("{CORRECT}{from}"));
            assert!(answer.code == 1 && answer.err.contains("error: corrects the clock"), "{}", answer.err);
            assert!(answer.err.contains("event 2, which counts"), "{}", answer.err);
            assert!(answer.err.contains("events 2–4, recorded from 2027"), "{}", answer.err);
        }
        assert_eq!(at(&desk, moment(0), "log --ledger l").out, before);
        // In some time zone it is tomorrow.
        done(&at(&desk, moment((3 * 365 - 1) * DAY_MS), &format!("{CORRECT} --from 4")));
        // Where those days are wrong, there is a way on.
        done(&at(&desk, now, &format!("{CORRECT} --clock-is-right")));
        done(&at(&desk, now, "append --ledger l b.yaml"));
        done(&at(&desk, now, "verify --ledger l"));
    }
}

#[test]
fn a_correction_that_is_there_already_lets_nothing_else_go_back() {
    let desk = Desk::new();
    let (folder, _) = corrected(desk.path());
    let mut again = Draft::of(Announcement::of(body("clock-corrected", json!({ "from": 2, "reason": "a test" }))));
    again.id = Some(name("clock-corrected:3"));
    let drafts = vec![again, draft(body("mission", json!({"id": "x", "title": "A mission"})))];
    let batch = Batch { drafts, ..Batch::default() };
    let append = |clock| {
        let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
        ledger.append(std::slice::from_ref(&batch), Options::default(), &key(), clock)
    };
    let refused = append(moment(1000));
    assert!(matches!(refused, Err(AppendError::Clock(ClockFault::Behind { .. }))), "{refused:?}");
    let appended = append(moment(DAY_MS)).expect("it is no earlier than the newest event");
    assert_eq!((appended.batches[0].already.len(), appended.head.len), (1, 5));
    Ledger::open(&folder, &access()).expect("it opens still");
}

#[test]
fn only_an_admin_corrects_the_clock() {
    let (desk, now) = accident();
    done(&at(&desk, now, CORRECT));
    KeyFile::create(&desk.path().join("ana"), &[200; 32], "ana").expect("a key can be made");
    done(&at(&desk, now, "key add ana --public @ana.pub --ledger l"));
    done(&at(&desk, moment(ACCIDENT_MS), "append --ledger l c.yaml --key ana --clock-is-right"));
    let answer = at(&desk, now, &format!("{CORRECT} --key ana"));
    assert!(answer.code == 1 && answer.err.contains("needs the role admin"), "{}", answer.err);
}

#[test]
fn verify_tells_of_times_beyond_its_own_clock() {
    let (desk, now) = accident();
    let verified = at(&desk, now, "verify --ledger l");
    done(&verified);
    assert!(verified.out.contains("The events from 2 on were recorded later than it is"), "{}", verified.out);
    let told = at(&desk, now, "verify --ledger l --json").json()["ahead"].clone();
    let expected = json!({ "from": 2, "latest": "2036-11-22T00:00:00.000Z", "now": "2026-11-24T00:00:00.000Z" });
    assert_eq!(told, expected);
    let verified = at(&desk, moment(ACCIDENT_MS - 600_000), "verify --ledger l --json");
    assert!(verified.json().get("ahead").is_none(), "as far as honest clocks differ");
}

#[test]
fn a_key_that_could_sign_while_the_clock_was_wrong_is_exported_without_times() {
    let desk = desk();
    for (seed, name) in [(201, "ana"), (202, "boris"), (203, "cleo")] {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    let ahead = moment(ACCIDENT_MS);
    done(&at(&desk, moment(1000), "key add boris --public @boris.pub --ledger l"));
    done(&at(&desk, moment(2000), "key revoke @boris.pub --ledger l"));
    done(&at(&desk, moment(3000), "key add ana --public @ana.pub --ledger l"));
    done(&at(&desk, ahead, "append --ledger l b.yaml --key ana --clock-is-right"));
    done(&at(&desk, moment(DAY_MS), CORRECT));
    done(&at(&desk, moment(DAY_MS), "key revoke @ana.pub --ledger l"));
    done(&at(&desk, moment(DAY_MS), "key add cleo --public @cleo.pub --ledger l"));
    let exported = at(&desk, moment(DAY_MS), "key export --ledger l").out;
    let line = |who: &str| exported.lines().find(|line| line.starts_with(who)).expect("a line").to_owned();
    assert!(line("# ana").contains("as event 6 says") && !line("ana ").contains("valid-"), "{exported}");
    assert!(!line("recorder ").contains("valid-"), "{exported}");
    assert!(line("boris ").contains("valid-after=\"20261123000001Z\",valid-before=\"20261123000002Z\""), "{exported}");
    assert!(line("cleo ").contains("valid-after=\"20261124000000Z\""), "{exported}");
    // What is published says so too.
    done(&at(&desk, moment(DAY_MS), "checkpoint --ledger l"));
    done(&at(&desk, moment(DAY_MS), "export tiles public --ledger l"));
    let key = at(&desk, moment(DAY_MS), "key show --ledger l --json").json()["log_key"].as_str().map(str::to_owned);
    let line = format!("verify --export public --vkey {}", key.expect("a key"));
    done(&at(&desk, moment(DAY_MS), &line));
}

/// The events of a ledger, with an accident in event 2 and its correction in event 3.
pub(crate) fn corrected(desk: &Path) -> (Folder, Vec<Vec<u8>>) {
    let folder = found(desk);
    append(&folder, "a", moment(1000)).expect("it is admissible");
    append(&folder, "b", Clock::said_to_be_right(moment(ACCIDENT_MS))).expect("the clock is said to be right");
    let mut ledger = Ledger::open(&folder, &access()).expect("it opens");
    ledger.correct_clock(None, "a test", &key(), moment(DAY_MS)).expect("an admin may");
    drop(ledger);
    let (log, _) = read(&folder);
    let values = (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect();
    (folder, values)
}

/// A log with an accident, its correction and what follows, as it is exported; `SERVANDA_BLESS_NEW=1` writes it if it is missing.
#[test]
fn a_log_with_a_corrected_clock_is_written_byte_for_byte_as_ever() {
    let desk = Desk::new();
    let (folder, mut values) = corrected(desk.path());
    append(&folder, "c", moment(DAY_MS + 1000)).expect("the ledger goes on");
    let (log, _) = read(&folder);
    values.push(log.value(4).expect("within").expect("it can be read"));
    let written: String = values.iter().map(|value| line(value).expect("an event")).collect();
    let golden = fixture("golden/clock-corrected.ndjson");
    if !golden.exists() && std::env::var_os("SERVANDA_BLESS_NEW").is_some() {
        fs::write(&golden, &written).expect("it can be written");
    }
    assert_eq!(fs::read_to_string(&golden).expect("it is there"), written);

    done(&at(&desk, moment(2 * DAY_MS), &format!("restore {} again", golden.display())));
    let lines = at(&desk, moment(2 * DAY_MS), "log --ledger again --json").json()["events"].clone();
    let times: Vec<&str> = (1..5).filter_map(|seq| lines[seq]["recorded"].as_str()).collect();
    let corrected = "2026-11-24T00:00:00.000Z";
    assert_eq!(times, ["2026-11-23T00:00:01.000Z", corrected, corrected, "2026-11-24T00:00:01.000Z"]);
}
