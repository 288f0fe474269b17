//! Membership over time: that no day is drawn as another answer than `members` gives, in the terminal and as a picture.

use proptest::prelude::*;

use servanda::domain::day::Day;
use servanda::domain::window::Certainty;
use servanda::query::timeline::{Question, Timeline, timeline};
use servanda::query::{Reported, Standpoint, Status};

use crate::given::{Given, day, pact_with};
use crate::ilrs::{all, ask};
use crate::laws::{DAYS, history, rules};

fn drawn(given: &Given, to: &str, reported: Reported) -> Timeline {
    let at = Standpoint { reported, ..Standpoint::on(day(to)) };
    let snapshot = &given.snapshot;
    timeline(snapshot, "pact", Question { at, from: Some(day("1990-01-01")), party_type: None })
        .expect("it is described")
}

/// What the timeline says of a party on a day, as `members` would.
fn said(timeline: &Timeline, party: &str, on: Day) -> Option<(Status, Certainty)> {
    let line = timeline.parties.iter().find(|line| line.party == party)?;
    let there =
        line.spans.iter().find(|span| span.from.is_none_or(|from| from <= on) && span.to.is_none_or(|to| on <= to))?;
    Some((there.status, there.certainty))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_day_is_drawn_as_members_answers_it(told in history(), (kind, own) in rules(), offset in 0..400_i32) {
        let given = pact_with(kind, &own, told);
        for (given, reported) in [(given.clone(), Reported::LeftOut), (given.with_reported(), Reported::Included)] {
            let timeline = drawn(&given, "2031-12-31", reported);
            for on in DAYS {
                let on = day(on).shift(offset);
                let answer = given.answer(&on.to_string());
                for row in &answer.members {
                    let expected = row.takes_part().then_some((row.status, row.certainty));
                    prop_assert_eq!(said(&timeline, &row.party, on), expected, "{} on {}", row.party, on);
                }
            }
        }
    }
}

#[test]
fn a_terminal_shows_what_is_certain_possible_and_disputed_without_colours() {
    let run = |columns: &str| {
        let words =
            "timeline ilrs --from 2023-01-01 --to 2023-12-31 --include-reported --type state --ledger ilrs.servanda";
        let output = all().command(words.split(' ')).env("COLUMNS", columns).output().expect("the binary runs");
        let text = String::from_utf8(output.stdout).expect("it is text");
        text.lines().take(11).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        run("60"),
        "\
International Lunar Research Station (ilrs), 1 Jan 2023 to
31 Dec 2023, with what is only reported

              2023   Mar     May    Jul     Sep     Nov
Russia        ██████████████████████████████████████████████
Pakistan                         ?█~█!█~█!█~█!█~█!██████████
Venezuela                             ██████████████████████
South Africa                                ████████████████
Azerbaijan                                      ████████████

█ member   ? perhaps   ~ reported   ! disputed"
    );
    for columns in ["40", "100", "300"] {
        let widest = run(columns).lines().map(|line| line.chars().count()).max();
        let columns: usize = columns.parse().expect("a number");
        assert!(widest <= Some(columns), "{columns}: {widest:?}");
    }
}

/// Follows the tags of a document, and fails where they do not nest or an attribute is not quoted.
fn check_well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("every tag ends");
        assert!(!text.contains('&') || text.contains("&amp;") || text.contains("&lt;"), "{text}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().expect("a name"));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_picture_is_the_same_every_time_and_says_in_words_what_it_shows() {
    let line = "timeline ilrs --to 2023-12-31 --include-reported --svg - --ledger ilrs.servanda";
    let (first, second) = (all().run(line), all().run(line));
    assert_eq!((first.code, &first.out), (0, &second.out));
    check_well_formed(&first.out);
    for words in [
        "<title id=\"title\">Membership over time: International Lunar Research Station (ilrs)</title>",
        "<desc id=\"desc\">Who was what to International Lunar Research Station, 9 Mar 2021 to 31 Dec 2023: 9 parties",
        "<title>South Africa: member since 1 Sep 2023</title>",
        "possibly associated since by 20 Oct 2023",
        "possibly reported member since Jun 2023, disputed",
    ] {
        assert!(first.out.contains(words), "{words}");
    }
    assert!(!first.out.contains("2023-10-20"), "no day is written that a source does not give");
}

#[test]
fn a_picture_escapes_what_names_say() {
    let desk = crate::support::Desk::new();
    desk.write(
        "a.yaml",
        "evidence: { none: made up }\nannouncements:\n\
         - { kind: party, id: a, name: \"<A> & \\\"B\\\"\", type: state }\n\
         - { kind: agreement, id: pact, title: Pact, type: programme }\n\
         - { kind: joining, party: a, agreement: pact, occurred: 2001 }\n",
    );
    assert_eq!(desk.run("append --init a.yaml").code, 0);
    let picture = desk.run("timeline pact --to 2010-01-01 --svg -").out;
    check_well_formed(&picture);
    assert!(picture.contains("&lt;A&gt; &amp; &quot;B&quot;"), "{picture}");
}

#[test]
fn a_timeline_without_parties_is_an_answer() {
    let answer = ask(all(), "timeline artemis-accords --to 2023-12-31");
    assert_eq!(answer["parties"], serde_json::json!([]));
    let told = all().run("timeline artemis-accords --to 2023-12-31 --ledger ilrs.servanda");
    assert!(told.out.contains("nobody takes part"), "{}", told.out);
}
