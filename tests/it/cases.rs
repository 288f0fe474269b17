//! Cases that everybody knows, as the sources tell them: who was what on the days around each change, and who could
//! know. The worry is a rule that is right on paper and wrong about the world.
//!
//! Facts of treaties deposited with the Secretary-General are those of the United Nations Treaty Collection,
//! "Multilateral Treaties Deposited with the Secretary-General" (MTDSG), under the chapter that each test names.

use serde_json::json;

use crate::given::{
    Given, Told, check, check_row, corrected, did, joined, left, milestone, pact, pact_with, retracted, treaty, undid,
};
use servanda::query::Prefer;

/// A treaty that is in force for a party so many days after its consent.
fn treaty_with_delay(days: u32, told: impl IntoIterator<Item = Told>) -> Given {
    pact_with("treaty", &json!({ "delay": days }), told)
}

/// Holds the answers on days, in a line each, against what is expected.
#[track_caller]
fn check_days(given: &Given, expected: &[(&str, &str)]) {
    for (on, expected) in expected {
        check(given, on, expected);
    }
}

/// Canada and the Kyoto Protocol. The protocol lets a party go one year after the depositary has its notice
/// (article 27).
///
/// # Source
///
/// MTDSG, chapter XXVII, 7.a; depositary notification C.N.796.2011.TREATIES-1 of 16 December 2011.
#[test]
fn canada_left_the_kyoto_protocol_a_year_after_its_notice() {
    let kyoto = pact(
        "protocol",
        [
            did("canada", "signature", "1998-04-29").at_once(),
            did("canada", "ratification", "2002-12-17").at_once(),
            milestone("entry-into-force", "2005-02-16").at_once(),
            left("canada", "2011-12-15").with("effective", "2012-12-15").announced("2011-12-16"),
        ],
    );
    check_days(
        &kyoto,
        &[
            ("1998-04-28", ""),
            ("1998-04-29", "canada signatory"),
            ("2002-12-16", "canada signatory"),
            ("2002-12-17", "canada contracting"),
            ("2005-02-15", "canada contracting"),
            ("2005-02-16", "canada member"),
            ("2011-12-15", "canada member"),
            ("2012-12-14", "canada member"),
            ("2012-12-15", "canada former"),
        ],
    );
    check_row(&kyoto, ("canada", "2012-01-01"), "2005-02-16", "2012-12-15", &[2, 4, 3]);
    let before = kyoto.announced_by("2011-12-15");
    check_row(&before, ("canada", "2012-01-01"), "2005-02-16", "-", &[2, 3]);
    check(&before, "2012-12-15", "canada member");
}

/// The United States and the Paris Agreement, which is in force for a later party thirty days after its consent
/// (article 21(3)), and which a party may leave one year after its notice (article 28).
///
/// # Source
///
/// MTDSG, chapter XXVII, 7.d; depositary notifications C.N.575.2019.TREATIES-XXVII.7.d of 4 November 2019 and
/// C.N.10.2021.TREATIES-XXVII.7.d of 20 January 2021.
#[test]
fn the_united_states_left_the_paris_agreement_and_came_back() {
    let paris = treaty_with_delay(
        30,
        [
            did("us", "signature", "2016-04-22").at_once(),
            did("us", "acceptance", "2016-09-03").at_once(),
            milestone("entry-into-force", "2016-11-04").at_once(),
            left("us", "2019-11-04").with("effective", "2020-11-04").at_once(),
            did("us", "acceptance", "2021-01-20").at_once(),
        ],
    );
    check_days(
        &paris,
        &[
            ("2016-04-21", ""),
            ("2016-04-22", "us signatory"),
            ("2016-09-03", "us contracting"),
            ("2016-11-03", "us contracting"),
            ("2016-11-04", "us member"),
            ("2019-11-04", "us member"),
            ("2020-11-03", "us member"),
            ("2020-11-04", "us former"),
            ("2021-01-19", "us former"),
            ("2021-01-20", "us contracting"),
            ("2021-02-18", "us contracting"),
            ("2021-02-19", "us member"),
        ],
    );
    check_row(&paris, ("us", "2020-01-01"), "2016-11-04", "2020-11-04", &[2, 4, 3]);
    check_row(&paris, ("us", "2022-01-01"), "2021-02-19", "-", &[5, 3]);
    check(&paris.announced_by("2019-11-03"), "2020-11-04", "us member");
    check(&paris.announced_by("2021-01-19"), "2021-02-19", "us former");
}

/// Russia and the Comprehensive Nuclear-Test-Ban Treaty, which is not in force. The law that takes the ratification
/// back was signed and published on 2 November 2023; the depositary was notified on 3 November. Russia stays a
/// signatory, as its foreign ministry said on that day.
///
/// # Source
///
/// MTDSG, chapter XXVI, 4; the ministry's statement as told by Interfax and TASS on 3 November 2023.
#[test]
fn russia_is_a_signatory_of_the_test_ban_again() {
    let withdrawn = |on| undid("russia", "withdrawal-of-ratification", on).at_once();
    let ban = treaty([
        did("russia", "signature", "1996-09-24").at_once(),
        did("russia", "ratification", "2000-05-27").with("deposited", "2000-06-30").announced("2000-06-30"),
        withdrawn("2023-11-02").graded("party"),
        withdrawn("2023-11-03").graded("depositary"),
    ]);
    check_days(
        &ban,
        &[
            ("1996-09-23", ""),
            ("1996-09-24", "russia signatory"),
            ("2000-06-29", "russia signatory"),
            ("2000-06-30", "russia contracting"),
            ("2023-11-02", "russia contracting"),
            ("2023-11-03", "russia signatory"),
        ],
    );
    check_row(&ban, ("russia", "2023-11-01"), "2000-06-30", "2023-11-03", &[2, 4, 3]);
    check_row(&ban, ("russia", "2024-01-01"), "1996-09-24", "-", &[1]);
    // By the law alone, before the depositary was heard.
    check(&ban.announced_by("2023-11-02"), "2023-11-02", "russia signatory");
    check(&ban.announced_by("2023-11-01"), "2023-11-02", "russia contracting");
    assert_eq!(ban.preferring(Prefer::Official).row("russia", "2023-11-02").status.as_str(), "contracting");
}

/// Saudi Arabia and the Moon Agreement, which is in force for a later party thirty days after its accession
/// (article 19(4)), and which a party may leave one year after its notice (article 20).
///
/// # Source
///
/// MTDSG, chapter XXIV, 2.
#[test]
fn saudi_arabia_left_the_moon_agreement() {
    let moon = treaty_with_delay(
        30,
        [
            milestone("entry-into-force", "1984-07-11").at_once(),
            did("saudi-arabia", "accession", "2012-07-18").at_once(),
            left("saudi-arabia", "2023-01-05").with("effective", "2024-01-05").at_once(),
        ],
    );
    check_days(
        &moon,
        &[
            ("2012-07-17", ""),
            ("2012-07-18", "saudi-arabia contracting"),
            ("2012-08-16", "saudi-arabia contracting"),
            ("2012-08-17", "saudi-arabia member"),
            ("2023-01-05", "saudi-arabia member"),
            ("2024-01-04", "saudi-arabia member"),
            ("2024-01-05", "saudi-arabia former"),
        ],
    );
    check_row(&moon, ("saudi-arabia", "2023-06-01"), "2012-08-17", "2024-01-05", &[2, 3, 1]);
    check_row(&moon.announced_by("2023-01-04"), ("saudi-arabia", "2023-01-04"), "2012-08-17", "-", &[2, 1]);
}

/// Czechoslovakia and its successors in the Vienna Convention on the Law of Treaties, in force since 27 January 1980
/// and thirty days after an accession (article 84). Czechoslovakia acceded on 29 July 1987 and ceased to exist with
/// 31 December 1992; the Czech Republic notified its succession on 22 February 1993 and Slovakia on 28 May 1993, both
/// with effect from 1 January 1993.
///
/// # Source
///
/// MTDSG, chapter XXIII, 1, and the historical information on both states.
#[test]
fn the_successors_of_czechoslovakia_are_members_from_the_succession_on_and_nobody_twice() {
    let succeeded = |party, notified| did(party, "succession", notified).with("effective", "1993-01-01").at_once();
    let vienna = treaty_with_delay(
        30,
        [
            milestone("entry-into-force", "1980-01-27").at_once(),
            did("czechoslovakia", "accession", "1987-07-29").at_once(),
            undid("czechoslovakia", "termination", "1992-12-31").with("effective", "1993-01-01").at_once(),
            succeeded("czech-republic", "1993-02-22"),
            succeeded("slovakia", "1993-05-28"),
        ],
    );
    let after = "czech-republic member, czechoslovakia former, slovakia member";
    check_days(
        &vienna,
        &[
            ("1987-07-28", ""),
            ("1987-07-29", "czechoslovakia contracting"),
            ("1987-08-28", "czechoslovakia member"),
            ("1992-12-31", "czechoslovakia member"),
            ("1993-01-01", after),
            ("1993-02-22", after),
            ("1993-05-28", after),
        ],
    );
    check_row(&vienna, ("czechoslovakia", "1992-12-31"), "1987-08-28", "1993-01-01", &[2, 3, 1]);
    check_row(&vienna, ("slovakia", "1993-01-01"), "1993-01-01", "-", &[5]);
    check(&vienna.announced_by("1993-02-21"), "1993-01-01", "czechoslovakia former");
    let one = vienna.announced_by("1993-05-27");
    check(&one, "1993-01-01", "czech-republic member, czechoslovakia former");
}

/// Indonesia and the United Nations: admitted on 28 September 1950, back in the General Assembly on 28 September
/// 1966. When it left depends on whom one asks: it said so on 7 January 1965, confirmed it by a letter of 20 January,
/// and the journal International Organization of 1965 has it outside from 1 March, when its mission closed; the
/// Organization spoke of a cessation of co-operation later. Claims of one departure, then, that do not agree.
///
/// # Source
///
/// Yearbook of the United Nations 1968, roster, note on Indonesia; International Organization 19 (1965), membership
/// chart, note 1, on documents A/5857 and S/6157; A. M. Taylor, International Journal 20 (1965).
#[test]
fn indonesia_left_the_united_nations_for_a_while_and_sources_differ_on_the_day() {
    let stays = |out: Vec<Told>| {
        let back = joined("indonesia", "1966-09-28").with("act", "unspecified").at_once();
        pact("organisation", [did("indonesia", "admission", "1950-09-28").at_once(), back].into_iter().chain(out))
    };
    let letter = || left("indonesia", "1965-01-20").at_once().graded("party");
    let chart = || left("indonesia", "1965-01-20").with("effective", "1965-03-01").graded("secondary");
    let claims = stays(vec![letter(), chart()]);
    check_days(
        &claims,
        &[
            ("1950-09-27", ""),
            ("1950-09-28", "indonesia member"),
            ("1965-01-19", "indonesia member"),
            ("1965-01-20", "indonesia former"),
            ("1965-03-01", "indonesia former"),
            ("1966-09-27", "indonesia former"),
            ("1966-09-28", "indonesia member"),
        ],
    );
    check_row(&claims, ("indonesia", "1960-01-01"), "1950-09-28", "1965-01-20", &[1, 3, 4]);
    check_row(&claims, ("indonesia", "1970-01-01"), "1966-09-28", "-", &[2]);

    // A source that leaves the day open keeps the answer open, and no longer than it does.
    let open = stays(vec![left("indonesia", "[1965-01-07..1965-03-01]")]);
    check_days(
        &open,
        &[
            ("1965-01-06", "indonesia member"),
            ("1965-01-07", "indonesia possibly member"),
            ("1965-02-28", "indonesia possibly member"),
            ("1965-03-01", "indonesia former"),
            ("1966-09-28", "indonesia member"),
        ],
    );
}

/// The United Kingdom and the Union. It gave notice on 29 March 2017, to be out after two years (Treaty on European
/// Union, article 50(3)); the European Council put the day off three times, and it was out at the end of 31 January
/// 2020, in Brussels: 1 February is the first day outside.
///
/// # Source
///
/// European Council Decisions (EU) 2019/476 of 22 March, 2019/584 of 11 April and 2019/1810 of 29 October 2019; Official
/// Journal L 29 of 31 January 2020, Withdrawal Agreement, article 185.
#[test]
fn the_united_kingdom_left_the_union_later_than_it_had_said() {
    let out = |effective| left("uk", "2017-03-29").with("effective", effective);
    let put_off = |id, effective, announced| corrected(id, &out(effective)).announced(announced);
    let union = pact(
        "organisation",
        [
            did("uk", "accession", "1973-01-01").at_once(),
            out("2019-03-30").at_once().named("notice"),
            put_off("notice", "2019-04-13", "2019-03-22").named("first"),
            put_off("first", "2019-11-01", "2019-04-11").named("second"),
            put_off("second", "2020-02-01", "2019-10-29"),
        ],
    );
    check_days(
        &union,
        &[
            ("1972-12-31", ""),
            ("1973-01-01", "uk member"),
            ("2017-03-29", "uk member"),
            ("2019-03-30", "uk member"),
            ("2020-01-31", "uk member"),
            ("2020-02-01", "uk former"),
        ],
    );
    for (known, until) in [
        ("2017-03-28", "-"),
        ("2017-03-29", "2019-03-30"),
        ("2019-03-21", "2019-03-30"),
        ("2019-03-22", "2019-04-13"),
        ("2019-04-11", "2019-11-01"),
        ("2019-10-29", "2020-02-01"),
    ] {
        let row = union.announced_by(known).row("uk", "2017-06-01");
        assert_eq!(row.until.map_or_else(|| "-".to_owned(), |date| date.to_string()), until, "known by {known}");
    }
}

/// The Gambia and South Africa in the Rome Statute, in force since 1 July 2002 and from the first day of the month
/// after the sixtieth day for later parties (article 126). A withdrawal takes effect a year after its notice (article
/// 127); both were called off in time, so that both were members throughout.
///
/// # Source
///
/// MTDSG, chapter XVIII, 10; depositary notifications C.N.786.2016 and C.N.121.2017 (South Africa), C.N.862.2016 and
/// C.N.62.2017 (The Gambia), all TREATIES-XVIII.10.
#[test]
fn the_gambia_and_south_africa_called_off_leaving_the_rome_statute() {
    let notice = |party, on, effective| left(party, on).with("effective", effective).at_once();
    let called_off = |party, on| undid(party, "revocation-of-notice", on).at_once();
    let rome = treaty([
        did("south-africa", "signature", "1998-07-17").at_once(),
        did("south-africa", "ratification", "2000-11-27").at_once(),
        milestone("entry-into-force", "2002-07-01").at_once(),
        did("gambia", "signature", "1998-12-04").at_once(),
        did("gambia", "ratification", "2002-06-28").with("effective", "2002-09-01").at_once(),
        notice("south-africa", "2016-10-19", "2017-10-19"),
        notice("gambia", "2016-11-10", "2017-11-10"),
        called_off("gambia", "2017-02-10"),
        called_off("south-africa", "2017-03-07"),
    ]);
    check_days(
        &rome,
        &[
            ("2002-06-28", "gambia contracting, south-africa contracting"),
            ("2002-07-01", "gambia contracting, south-africa member"),
            ("2002-09-01", "gambia member, south-africa member"),
            ("2016-12-01", "gambia member, south-africa member"),
            ("2017-10-19", "gambia member, south-africa member"),
            ("2017-11-10", "gambia member, south-africa member"),
        ],
    );
    for party in ["gambia", "south-africa"] {
        assert_eq!(rome.row(party, "2018-01-01").until, None, "{party}");
    }
    let until = |given: &Given, party: &str| given.row(party, "2017-01-01").until.map(|date| date.to_string());
    for before in [rome.announced_by("2017-02-09"), rome.recorded_by(7), rome.recorded_at(7)] {
        assert_eq!(until(&before, "gambia").as_deref(), Some("2017-11-10"));
        assert_eq!(until(&before, "south-africa").as_deref(), Some("2017-10-19"));
        check(&before, "2017-10-18", "gambia member, south-africa member");
        check(&before, "2017-10-19", "gambia member, south-africa former");
        check(&before, "2017-11-10", "gambia former, south-africa former");
    }
    for between in [rome.announced_by("2017-02-10"), rome.announced_by("2017-03-06"), rome.recorded_by(8)] {
        check(&between, "2018-01-01", "gambia member, south-africa former");
    }
}

/// Were a calling off itself recorded by mistake, the notice would stand again.
#[test]
fn a_calling_off_that_is_retracted_leaves_the_notice() {
    let told = [
        did("gambia", "ratification", "2002-06-28").with("effective", "2002-09-01"),
        left("gambia", "2016-11-10").with("effective", "2017-11-10"),
        undid("gambia", "revocation-of-notice", "2017-02-10").named("off"),
        retracted("off"),
    ];
    check(&treaty(told.clone()).recorded_by(3), "2018-01-01", "gambia member");
    check(&treaty(told), "2018-01-01", "gambia former");
}
