//! What texts are told to be written as.

use proptest::prelude::*;

use super::*;

fn check_hint(text: &str, hint: &str) {
    assert_eq!(Date::parse(text).expect_err(text).hint().as_deref(), Some(hint), "{text}");
}

#[test]
fn what_a_source_says_is_met_with_the_expression_to_write() {
    for (text, hint) in [
        ("18.10.2023", "write 2023-10-18"),
        ("18 October 2023", "write 2023-10-18"),
        ("18th Oct. 2023", "write 2023-10-18"),
        ("October 18, 2023", "write 2023-10-18"),
        ("Wednesday, 18 October 2023", "write 2023-10-18"),
        ("on 18 October 2023", "write 2023-10-18"),
        ("Oct 2023", "write 2023-10"),
        ("10/2023", "write 2023-10"),
        ("2023-1", "write 2023-01"),
        ("20231018", "write 2023-10-18"),
        ("2023/10/18", "write 2023-10-18"),
        (" 2023-10-xx", "write 2023-10-XX"),
        ("03/04/2023", "write 2023-04-03 or 2023-03-04"),
        ("05.05.2023", "write 2023-05-05"),
        ("2030s", "write 203X"),
        ("2000s", "write 200X or 20XX"),
        ("c. 2018", "write 2018~"),
        ("about 2018", "write 2018~"),
        ("unknown", "write XXXX"),
    ] {
        check_hint(text, hint);
    }
}

#[test]
fn a_part_of_a_year_a_decade_or_a_month_is_a_span_of_its_days() {
    for (text, hint) in [
        ("mid-2024", "write \"[2024-05..2024-08]\""),
        ("early 2024", "write \"[2024-01..2024-04]\""),
        ("Late 2024", "write \"[2024-09..2024-12]\""),
        ("end of 2024", "write \"[2024-09..2024-12]\""),
        ("Q3 2024", "write \"[2024-07..2024-09]\""),
        ("2024-Q1", "write \"[2024-01..2024-03]\""),
        ("third quarter of 2024", "write \"[2024-07..2024-09]\""),
        ("4th quarter 2024", "write \"[2024-10..2024-12]\""),
        ("second half of 2024", "write \"[2024-07..2024-12]\""),
        ("H1 2024", "write \"[2024-01..2024-06]\""),
        ("late 1990s", "write \"[1995..1999]\""),
        ("early 1990s", "write \"[1990..1994]\""),
        ("mid-1990s", "write \"[1993..1997]\""),
        ("mid-October 2023", "write \"[2023-10-11..2023-10-20]\""),
        ("late February 2024", "write \"[2024-02-21..2024-02-29]\""),
        ("19th century", "write \"[1801..1900]\""),
        ("spring 2024", "write 2024-21, and keep the source's words in `wording`"),
        ("winter 2023/24", "write 2023-24, and keep the source's words in `wording`"),
    ] {
        check_hint(text, hint);
    }
}

#[test]
fn no_hint_changes_the_date() {
    for (text, hint) in [
        ("before 2030", "write \"[..2029]\""),
        ("prior to October 2023", "write \"[..2023-09]\""),
        ("before 2023-10-08", "write \"[..2023-10-07]\""),
        ("before 1 January 2030", "write \"[..2029-12-31]\""),
        ("before mid-2024", "write \"[..2024-04]\""),
        ("after 8 October 2023", "write \"[2023-10-09..]\""),
        ("after 2023", "write \"[2024..]\""),
        ("after 31 December 2023", "write \"[2024-01-01..]\""),
        ("after the 1990s", "write \"[2000..]\""),
        ("by 8 October 2023", "write \"[..2023-10-08]\""),
        ("until 2023", "write \"[..2023]\""),
        ("not later than 2023-10", "write \"[..2023-10]\""),
        ("2023 or earlier", "write \"[..2023]\""),
        ("since 2023-10-08", "write \"[2023-10-08..]\""),
        ("from May 2023", "write \"[2023-05..]\""),
        ("2023 or later", "write \"[2023..]\""),
        ("on or before 8 October 2023", "write \"[..2023-10-08]\""),
    ] {
        check_hint(text, hint);
    }
}

#[test]
fn two_dates_are_a_span_or_one_of_the_two() {
    for (text, hint) in [
        ("2023-2024", "write \"[2023..2024]\""),
        ("2023–2024", "write \"[2023..2024]\""),
        ("2023/24", "write \"[2023..2024]\""),
        ("2019-20", "write \"[2019..2020]\""),
        ("1999-00", "write \"[1999..2000]\""),
        ("2009/10", "write 2009-10 or \"[2009..2010]\""),
        ("2010 or 2011", "write \"[2010,2011]\""),
        ("10 or 11 October 2023", "write \"[2023-10-10,2023-10-11]\""),
        ("between 2010 and 2012", "write \"[2010..2012]\""),
        ("from May to July 2024", "write \"[2024-05..2024-07]\""),
        ("May-July 2024", "write \"[2024-05..2024-07]\""),
        ("2–6 October 2023", "write \"[2023-10-02..2023-10-06]\""),
        ("30 October – 2 November 2023", "write \"[2023-10-30..2023-11-02]\""),
        ("2010s–2020s", "write \"[2010..2029]\""),
        ("early 2020 to mid-2021", "write \"[2020-01..2021-08]\""),
    ] {
        check_hint(text, hint);
    }
}

#[test]
fn years_are_counted_from_the_era_that_is_said() {
    for (text, hint) in [
        ("1 BC", "write 0000"),
        ("44 BCE", "write -0043"),
        ("15 March 44 B.C.", "write -0043-03-15"),
        ("AD 476", "write 0476"),
        ("476 CE", "write 0476"),
        ("c. 44 BC", "write -0043~"),
        ("before 1 BC", "write \"[..-0001]\""),
    ] {
        check_hint(text, hint);
    }
}

#[test]
fn months_are_read_in_the_languages_of_the_united_nations() {
    for text in [
        "18 أكتوبر 2023",
        "١٨ تشرين الأول/أكتوبر ٢٠٢٣",
        "2023年10月18日",
        "二〇二三年十月十八日",
        "２０２３年１０月１８日",
        "18 octobre 2023",
        "18 октября 2023 года",
        "18 de octubre de 2023",
    ] {
        check_hint(text, "write 2023-10-18");
    }
    check_hint("1er août 2023", "write 2023-08-01");
    check_hint("2009年10月", "write 2009-10");
    check_hint("в октябре 2023 г.", "write 2023-10");
    check_hint("كانون الثاني/يناير 2024", "write 2024-01");
    check_hint("setiembre de 2023", "write 2023-09");
}

#[test]
fn nothing_is_suggested_that_cannot_be_told() {
    for text in [
        "",
        "soon",
        "31.02.2023",
        "13/13/2023",
        "18.10.23",
        "2009-010",
        "2023/13",
        "Mayor 2023",
        "about",
        "juil jui 2023",
        "March 2 to 6, 2023",
        "10–12 2023",
        "spring 2023/24",
        "Q5 2024",
        "0 BC",
        "2024 to 2023",
        "s",
    ] {
        check_hint(text, "write it like 2023-10-18, 2023-10 or 2023");
    }
}

proptest! {
    #[test]
    fn a_reading_is_a_date_whatever_the_text(
        text in "(before |after |by |c\\. |mid-|late |between |from |q|winter |第)?[0-9]{0,4}( to | or |-|–|/|年| octobre | de |\\.)?[0-9]{0,4}(s| BC|月|-XX)?|\\PC{0,30}"
    ) {
        for reading in readings(&text) {
            prop_assert!(Date::parse(&reading).is_ok(), "{} of {}", reading, text);
        }
    }
}
