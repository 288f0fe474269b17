//! Days and moments as whoever asks has them: today is the reader's own, and a moment is told to any precision, with any offset.

use servanda::domain::timestamp::Timestamp;

use crate::clock::at_place;
use crate::support::{Answer, Desk, done, moment};

const NOTHING: &str = "evidence: { none: a test }\nannouncements:\n";

/// A ledger with an agreement, and a party that was recorded 1 minute and 323 milliseconds into 2026-11-23.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("a.yaml", format!("{NOTHING}- {{ kind: agreement, id: ag, title: Ag, type: programme }}\n"));
    desk.write("b.yaml", format!("{NOTHING}- {{ kind: party, id: x, name: X, type: state }}\n"));
    done(&at_place(&desk, moment(0), 0, "append --init --ledger l a.yaml"));
    done(&at_place(&desk, moment(60_323), 0, "append --ledger l b.yaml"));
    desk
}

/// The evening of 30 November 2026 in Greenwich.
fn evening() -> Timestamp {
    "2026-11-30T19:00:00.000Z".parse().expect("a moment")
}

/// What is asked that evening, where clocks are that many minutes ahead of UTC.
fn asked(desk: &Desk, minutes: i32, line: &str) -> Answer {
    let answer = at_place(desk, evening(), minutes * 60, &format!("{line} --ledger l"));
    done(&answer);
    answer
}

#[test]
fn without_a_day_the_answer_is_for_the_readers_own_and_says_by_which_clocks() {
    let desk = desk();
    for (minutes, day, told) in [
        (0, "2026-11-30", "30 Nov 2026 (today, UTC)"),
        (13 * 60, "2026-12-01", "1 Dec 2026 (today, UTC+13:00)"),
        (5 * 60 + 45, "2026-12-01", "1 Dec 2026 (today, UTC+05:45)"),
        (-(3 * 60 + 30), "2026-11-30", "30 Nov 2026 (today, UTC-03:30)"),
    ] {
        for line in
            ["members ag", "members ag --on today", "agreement ag", "party x", "replay", "prospects", "why x ag"]
        {
            assert!(asked(&desk, minutes, line).out.contains(told), "{line}: {}", asked(&desk, minutes, line).out);
        }
        assert_eq!(asked(&desk, minutes, "members ag --json").json()["on"], day);
        assert_eq!(asked(&desk, minutes, "timeline ag --from 2026-01-01 --json").json()["on"], day);
    }
    let another = asked(&desk, 0, "members ag --on 2026-11-29").out;
    assert!(another.contains("29 Nov 2026") && !another.contains("today"), "{another}");
}

#[test]
fn today_and_yesterday_are_days_wherever_one_is_asked_for() {
    let desk = desk();
    let is = |line: &str, key: &str, day: &str| assert_eq!(asked(&desk, 13 * 60, line).json()[key], day, "{line}");
    is("members ag --on today --json", "on", "2026-12-01");
    is("members ag --on=yesterday --json", "on", "2026-11-30");
    is("members ag --announced-by yesterday --json", "announced_by", "2026-11-30");
    is("timeline ag --from yesterday --to today --json", "from", "2026-11-30");
    let diff = asked(&desk, 13 * 60, "diff yesterday today --json").json();
    assert_eq!((&diff["from"]["on"], &diff["to"]["on"]), (&"2026-11-30".into(), &"2026-12-01".into()));
    let refused = at_place(&desk, evening(), 0, "members ag --on tomorrow --ledger l");
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("or today, or yesterday"), "{}", refused.err);
    let help = at_place(&desk, evening(), 0, "members --help").out;
    assert!(help.contains("today or yesterday, where you are") && help.contains("digits alone"), "{help}");
}

/// Nowhere are clocks as far apart as these, and it is never one day on both.
#[test]
fn the_program_goes_by_the_zone_of_its_environment() {
    let desk = desk();
    let day_in = |zone: &str| {
        let line = "members ag --on today --json --ledger l".split_whitespace();
        let answer = Answer::of(&desk.command(line).env("TZ", zone).output().expect("the binary runs"));
        answer.json()["on"].as_str().expect("a day").to_owned()
    };
    let (west, east) = (day_in("<-12>12"), day_in("<+14>-14"));
    assert!(west < east, "{west} {east}");
}

#[test]
fn a_moment_is_told_to_any_precision_and_means_its_last_millisecond() {
    let desk = desk();
    let len_by = |moment: &str| {
        let line = format!("members ag --json --ledger l --recorded-by {moment}");
        let answer = at_place(&desk, evening(), 0, &line);
        done(&answer);
        answer.json()["position"]["len"].as_u64().expect("a number")
    };
    for (moment, len) in [
        ("2026-11-23T00:01Z", 3),
        ("2026-11-23T00:01", 3),
        ("2026-11-23T00:01:00Z", 3),
        ("2026-11-23T00:01:00.3Z", 3),
        ("2026-11-23T00:01:00.323Z", 3),
        ("2026-11-23T00:01:00.322Z", 2),
        ("2026-11-23T00:00Z", 2),
        ("2026-11-23T00:00:59Z", 2),
        ("2026-11-23T00Z", 3),
        ("2026-11-23T02:01+02:00", 3),
        ("2026-11-22T14:01:00.3-1000", 3),
        ("2026-11-23T00:31+00:30", 3),
        ("2026-11-23T00:31+00:31", 2),
        ("20261123T0001Z", 3),
        ("2026-11-23", 3),
        ("2026-11", 3),
        ("1", 2),
        ("2", 3),
    ] {
        assert_eq!(len_by(moment), len, "{moment}");
    }
    for (wrong, why) in
        [("2026-11-23T25:00Z", "no such time"), ("soon", "no position"), ("2026-02-30T00:00", "28 days")]
    {
        let answer = at_place(&desk, evening(), 0, &format!("members ag --ledger l --recorded-by {wrong}"));
        assert_eq!(answer.code, 2, "{wrong}");
        assert!(answer.err.contains(why), "{}", answer.err);
    }
}

#[test]
fn a_year_with_a_number_is_a_season_where_the_source_says_so_in_words() {
    let said = |wording: &str| {
        let desk = Desk::new();
        let joining = format!("- {{ kind: milestone, agreement: ag, act: opened, occurred: 2020-21{wording} }}\n");
        desk.write(
            "a.yaml",
            format!("{NOTHING}- {{ kind: agreement, id: ag, title: Ag, type: programme }}\n{joining}"),
        );
        let answer = desk.run("append --init --ledger l a.yaml");
        (answer.code, answer.err, desk.run("history ag --ledger l").out)
    };
    let (code, err, out) = said(", wording: { occurred: spring of that year }");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("spring of that year"), "{out}");
    for wording in ["", ", wording: { occurred: session 2020/21 }", ", wording: { occurred: '2020-21' }"] {
        let (code, err, _) = said(wording);
        assert_eq!(code, 1, "{wording}");
        for told in ["E0201", "\"[2020..2021]\"", "\"[2020-03..2020-05]\""] {
            assert!(err.contains(told), "{err}");
        }
    }
}
