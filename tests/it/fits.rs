//! Answers on a terminal: no wider than it is, through a pager if they are long, with help that can be looked over; and
//! pictures of which no words run into each other. The worry is a screen full of broken lines.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::empty;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use servanda::cli::environment::Surroundings;
use servanda::cli::run;
use servanda::cli::screen::columns;

use crate::support::{Answer, Desk, done, fixture, moment};

/// No two keys are the same.
static SEED: AtomicU8 = AtomicU8::new(1);

/// Questions of every kind whose answers are for people.
const QUESTIONS: &[&str] = &[
    "agreement ilrs",
    "conflicts",
    "conflicts ilrs --include-reported",
    "counts",
    "diff 2023-10-01 2023-10-21",
    "history",
    "history ilrs",
    "key show",
    "list",
    "list announcements",
    "list parties",
    "log",
    "members ilrs --all --include-reported",
    "mission change-6",
    "party pakistan",
    "party suparco --include-reported",
    "prospects --include-reported",
    "replay --on 2023-10-19",
    "search pakistan",
    "show 0",
    "show pakistan-joins-ilrs",
    "source check",
    "source list",
    "timeline ilrs --to 2023-12-31",
    "verify",
    "why pakistan ilrs --on 2023-10-19",
    "append --dry-run new.yaml",
    "awaiting",
    "checkpoint list",
    "clock show",
    "policy show",
];

/// The founding case, with names that take more room than they have letters.
fn desk() -> Desk {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    fs::rename(desk.path().join("ilrs.servanda"), desk.path().join(".servanda")).expect("a ledger can be moved");
    let long = "中国国家航天局和国际月球科研站合作协调委员会".repeat(3);
    desk.write(
        "wide.yaml",
        format!(
            "evidence: {{ none: {} }}\nannouncements:
- {{ kind: party, id: wide, name: {long}, type: agency }}
- {{ kind: joining, party: wide, agreement: ilrs, occurred: 2023-10-12, note: {} }}
",
            "long ".repeat(60),
            "unbroken".repeat(40)
        ),
    );
    done(&desk.run("append wide.yaml"));
    desk.write("new.yaml", "evidence: { none: made up }\nannouncements:\n- { kind: departure, party: pakistan, agreement: ilrs, act: withdrawal, occurred: 2023-10-20 }\n");
    desk
}

#[test]
fn no_answer_is_wider_than_the_terminal() {
    let desk = desk();
    for width in [60, 80, 100] {
        for question in QUESTIONS {
            let output = desk.command(question.split(' ')).env("COLUMNS", width.to_string()).output();
            let answer = Answer::of(&output.expect("the binary runs"));
            done(&answer);
            let wide = answer.out.lines().find(|line| columns(line) > width);
            assert_eq!(wide, None, "{question} at {width} columns");
        }
    }
}

#[test]
fn what_is_read_by_programs_is_broken_nowhere() {
    let desk = desk();
    let answer = desk.command(["show", "0", "--json"]).env("COLUMNS", "60").output().expect("the binary runs");
    assert_eq!(Answer::of(&answer).out.lines().count(), 1);
}

/// Runs a command line on a terminal that is made up, with these variables.
fn on_terminal(desk: &Desk, line: &str, variables: &[(&str, String)]) -> Answer {
    seen(desk, line, variables, false).0
}

/// The same, where each look at the clock finds it two seconds later, and what is shown meanwhile, if anybody sees it.
fn seen(desk: &Desk, line: &str, variables: &[(&str, String)], is_seen: bool) -> (Answer, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (now, elapsed, shown) = (moment(0), Cell::new(Duration::ZERO), RefCell::new(String::new()));
    let mut around = Surroundings {
        now,
        utc_offset_s: 0,
        clock: &|| now,
        elapsed: &|| elapsed.replace(elapsed.get() + Duration::from_secs(2)),
        watch_interrupt: &|| Ok(Box::new(|| false)),
        watch_hangup: &|| Ok(Box::new(|| false)),
        variable: &|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
        folder: desk.path().to_owned(),
        pid: std::process::id(),
        entropy: &|| Ok([SEED.fetch_add(1, Ordering::Relaxed); 32]),
        stdin: &mut empty(),
        out: &mut out,
        err: &mut err,
        show: &|text| shown.borrow_mut().push_str(text),
        out_is_terminal: true,
        err_is_terminal: is_seen,
        width: Some(80),
    };
    let words = ["servanda"].into_iter().chain(line.split_whitespace()).map(Into::into);
    let code = i32::from(run(words, &mut around));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("answers are text");
    (Answer { code, out: text(out), err: text(err) }, shown.into_inner())
}

#[test]
fn a_terminal_shows_answers_through_a_pager() {
    let desk = Desk::with_ilrs(&["october-2023"]);
    let seen = desk.path().join("seen");
    let state = || ("XDG_STATE_HOME", desk.path().join("state").display().to_string());
    let ask = |pager: &[(&str, String)], more: &str| {
        let _ = fs::remove_file(&seen);
        let variables: Vec<(&str, String)> = [state()].into_iter().chain(pager.iter().cloned()).collect();
        let answer = on_terminal(&desk, &format!("history --color never --ledger ilrs.servanda {more}"), &variables);
        done(&answer);
        (answer.out, fs::read_to_string(&seen).unwrap_or_default())
    };
    let plain = ask(&[("PAGER", "cat".to_owned())], "").0;
    assert!(plain.contains("Pakistan"), "{plain}");
    let to_file = |name| (name, "cat > seen".to_owned());
    assert_eq!(ask(&[to_file("PAGER")], ""), (String::new(), plain.clone()));
    assert_eq!(ask(&[to_file("SERVANDA_PAGER"), ("PAGER", "false".to_owned())], ""), (String::new(), plain.clone()));
    assert_eq!(ask(&[to_file("PAGER")], "--no-pager"), (plain.clone(), String::new()));
    // Who leaves early has seen enough; where there is none, the answer is there all the same.
    assert_eq!(ask(&[("PAGER", "true".to_owned())], "").0, "");
    assert_eq!(ask(&[("PAGER", "no-such-pager-anywhere 2> seen".to_owned())], "").0, plain);
}

#[test]
fn long_work_shows_how_far_it_has_come_and_takes_that_away_again() {
    let desk = Desk::new();
    let founding = format!("append --init --origin test.example/ilrs {}", fixture("ilrs/october-2023").display());
    for place in ["new/a.yaml", "new/b.yaml"] {
        let id = place.replace(['/', '.'], "-");
        let party = format!("announcements:\n- {{ kind: party, id: {id}, name: {id}, type: agency }}\n");
        desk.write(place, format!("evidence: {{ none: a test }}\n{party}"));
    }
    for name in ["members.csv", "map.toml"] {
        desk.write(name, fs::read(fixture(&format!("tables/{name}"))).expect("the fixture is there"));
    }
    let work: &[(&str, &[&str])] = &[
        (&founding, &["files read", "batches checked", "batches appended"]),
        ("verify", &["events verified"]),
        ("log", &["events read"]),
        ("replay --on 2023-10-19", &["agreements"]),
        ("append new", &["files read", "batches checked", "batches appended"]),
        ("import csv members.csv --map map.toml", &["rows"]),
        ("backup all.backup", &["events written"]),
        ("export ndjson all.ndjson", &["events written"]),
        ("export csv members ilrs members.csv --on 2023-10-19", &["rows written"]),
        ("export country-years years.csv", &["rows written"]),
        (
            "export tiles public --with-documents --with-proofs",
            &["tiles written", "documents looked", "proofs written"],
        ),
        ("restore all.backup one.servanda", &["events checked", "documents looked", "events verified"]),
        ("restore all.ndjson two.servanda --documents .servanda/documents", &["events checked", "events verified"]),
        ("restore public three.servanda", &["events checked", "events verified"]),
        ("repair --from all.backup", &["events checked", "events verified"]),
    ];
    let variables = [("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")]
        .map(|(name, folder)| (name, desk.path().join(folder).display().to_string()));
    let pager = [("PAGER", "cat".to_owned())];
    let variables = [&variables[..], &pager].concat();
    for (line, steps) in work {
        let (answer, shown) = seen(&desk, line, &variables, true);
        done(&answer);
        for step in *steps {
            assert!(shown.contains(step), "{line}: {step} is not in {shown:?}");
        }
        let name = line.split(' ').next().unwrap_or_default();
        let lines = || shown.split("\r\u{1b}[K");
        assert!(lines().all(|told| told.is_empty() || told.starts_with(&format!("{name}: "))), "{line}: {shown:?}");
        assert!(shown.ends_with("\r\u{1b}[K"), "{line} leaves {shown:?}");
        assert!(!answer.err.contains('\r'), "{line}: {}", answer.err);
    }
    assert_eq!(seen(&desk, "verify", &variables, false).1, "");
    assert_eq!(seen(&desk, "verify --quiet", &variables, true).1, "");
}

#[test]
fn help_of_the_program_has_its_commands_in_groups() {
    let desk = Desk::new();
    for width in ["60", "80"] {
        let output = desk.command(["--help"]).env("COLUMNS", width).output().expect("the binary runs");
        let help = Answer::of(&output).out;
        for group in ["Record:", "Ask:", "Compare:", "Check:", "Exchange:", "Keep:"] {
            assert!(help.contains(&format!("\n{group}\n")), "{help}");
        }
        let before = help.split("Options of every command:").next().unwrap_or_default();
        let groups = before.split("\nRecord:\n").nth(1).unwrap_or_default();
        let width: usize = width.parse().expect("a number");
        assert_eq!(groups.lines().find(|line| columns(line) > width), None);
        assert_eq!(help.matches("--lock-timeout").count(), 1, "{help}");
    }
}

#[test]
fn no_name_runs_into_a_picture() {
    let desk = desk();
    done(&desk.run("timeline ilrs --to 2023-12-31 --svg ilrs.svg"));
    let picture = fs::read_to_string(desk.path().join("ilrs.svg")).expect("it was written");
    let names: Vec<&str> = picture.lines().filter(|line| line.contains("clip-path=\"url(#names)\"")).collect();
    assert!(names.len() > 5, "{picture}");
    let wide = names.iter().find(|line| line.contains("中国")).expect("its name is there");
    let shown = wide.rsplit("<text").next().unwrap_or_default();
    assert!(shown.contains('…') && shown.matches('中').count() == 1, "{shown}");
}
