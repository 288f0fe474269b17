//! What is refused, and how it is said: for every code a file that provokes it, told at its line and column with a hint,
//! and a ledger that is as it was.
//!
//! The table is complete: a code that nothing here provokes fails a test.

use std::fs;

use servanda::ledger::Folder;
use servanda::ledger::admission::finding::Code;

use crate::support::{Answer, Desk, read};

/// What every case finds in the ledger.
const BASE: &str = "\
evidence: { none: made up for a test }
announcements:
  - { kind: party, id: pakistan, name: Pakistan, type: state }
  - { kind: party, id: china, name: China, type: state, also_known_as: [PRC] }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme }
  - { kind: agreement, id: pact, title: The Pact, type: treaty }
  - { kind: mission, id: change-6, title: Chang'e-6 }
  - { kind: joining, id: pakistan-joins, party: pakistan, agreement: ilrs, occurred: 2023-10-18 }
  - { kind: joining, id: china-joins, party: china, agreement: ilrs, occurred: 2021-03-09 }
  - { kind: retraction, id: not-so, retracts: china-joins, reason: recorded by mistake }
";

/// The document beside every case.
const DOCUMENT: &str = "Pakistan signed the agreement on 18 October.\n";

/// A recorder's public key; nobody has the private one.
const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFjEv3mKfkxpZBVLlAmGzbXbHyp0wyIpEzMgZZfrSd3";

/// A file of which the first two lines are always the same, so that its own begin with line 3.
const TOP: &str = "evidence: { none: made up for a test }\nannouncements:\n";

/// Stands before what is wrong in a case, and is taken out.
const MARK: char = '§';

struct Case {
    code: Code,
    /// The announcements, indented by two; or, without a leading space, a whole file. A § stands before what is wrong.
    text: &'static str,
    /// Words of the hint.
    hint: &'static str,
}

impl Case {
    fn marked(&self) -> String {
        if self.text.starts_with("  - ") { format!("{TOP}{}", self.text) } else { self.text.to_owned() }
    }

    fn file(&self) -> String {
        self.marked().replace(MARK, "")
    }
}

const fn case(code: Code, text: &'static str, hint: &'static str) -> Case {
    Case { code, text, hint }
}

const FILES: &[Case] = &[
    case(Code::Syntax, "announcements:\n  - kind: §\"joining\n", "close it"),
    case(Code::EmptyFile, "§", "servanda template"),
    case(Code::DuplicateKey, "  - kind: joining\n    §kind: party\n", "line 3, column 5"),
    case(Code::TooLarge, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[§[]", "fewer"),
    case(Code::YamlFeature, "announcements:\n  - §&a { kind: party }\n", "write the value out"),
];

const VALUES: &[Case] = &[
    case(
        Code::UnknownKey,
        "  - { kind: party, §nam: Pakistan, id: x, name: Pakistan, type: state }\n",
        "did you mean `name`?",
    ),
    case(Code::UnknownKey, "  - { kind: party, §colour: x, id: x, name: X, type: state }\n", "the keys here are"),
    case(Code::MissingKey, "  - { kind: §party, id: x, type: state }\n", "name:"),
    case(Code::MissingKey, "  - §id: x\n    name: X\n", "kind: joining"),
    case(Code::MissingKey, "§announced: 2023\n", "announcements:"),
    case(Code::MissingKey, "  - { kind: §joining, party: china, agreement: pact, occurred: 2023 }\n", "ratification"),
    case(Code::WrongForm, "  - { kind: party, id: x, name: §[X], type: state }\n", "leave the key out"),
    case(Code::WrongForm, "  - { kind: count, agreement: ilrs, of: states, number: §-3, on: 2023 }\n", "digits"),
    case(
        Code::UnknownWord,
        "  - { kind: joining, party: china, agreement: ilrs, act: §signatur, occurred: 2023 }\n",
        "did you mean `signature`?",
    ),
    case(Code::UnknownWord, "  - { kind: §joning }\n", "did you mean `joining`?"),
    case(Code::UnknownWord, "  - { kind: §treatise }\n", "the words of `kind` are"),
    case(Code::NotId, "  - { kind: party, id: §a b, name: X, type: state }\n", "letters"),
    case(Code::NotId, "  - { kind: party, id: x, name: X, type: state, country: §pk }\n", ""),
    case(
        Code::Combination,
        "  - kind: retraction\n    quote: §it was wrong\n    evidence: { none: x }\n    retracts: pakistan-joins\n    reason: y\n",
        "into `evidence`",
    ),
    case(Code::Combination, "  - { kind: §milestone, act: opened, agreement: ilrs }\n", "keep one"),
    case(
        Code::Combination,
        "  - { kind: milestone, act: opened, agreement: ilrs, mission: §change-6, occurred: 2023 }\n",
        "keep one",
    ),
    case(Code::KindNotHere, "  - { kind: §genesis }\n", "servanda init"),
    case(Code::KindNotHere, "  - { kind: §clock-corrected }\n", "servanda clock correct"),
    case(
        Code::KindNotHere,
        "  - { kind: correction, corrects: pakistan-joins, because: never-true, replacement: { kind: §policy } }\n",
        "about the world",
    ),
];

const DATES: &[Case] = &[
    case(Code::NotDate, "  - { kind: joining, party: china, agreement: ilrs, occurred: §2010-02-29 }\n", "28"),
    case(Code::NotDate, "  - { kind: joining, party: china, agreement: ilrs, occurred: §18.10.2023 }\n", "2023-10-18"),
    case(Code::NotDate, "  - { kind: joining, party: china, agreement: ilrs, occurred: §9999-12-31 }\n", "leave"),
    case(Code::NotDate, "  - { kind: joining, party: china, agreement: ilrs, occurred: §0001-01-01 }\n", "leave"),
    case(
        Code::NotDate,
        "  - { kind: joining, party: china, agreement: ilrs, occurred: §before 2030 }\n",
        "\"[..2029]\"",
    ),
    case(
        Code::NotDate,
        "  - { kind: joining, party: china, agreement: ilrs, occurred: §2020-21 }\n",
        "\"[2020..2021]\"",
    ),
    case(
        Code::NotDate,
        "  - { kind: joining, party: china, agreement: ilrs, occurred: 2023, announced: §2023-24 }\n",
        "wording",
    ),
    case(
        Code::AnnouncedBeforeOccurred,
        "  - { kind: joining, party: china, agreement: ilrs, occurred: §2023-10-18, announced: 2023-10-16 }\n",
        "prospect",
    ),
    case(
        Code::AnnouncedBeforeOccurred,
        "announcements:\n  - { kind: joining, party: china, agreement: ilrs, occurred: §2023-10-18, source: { publisher: P, grade: host, published: 2023-10-16 } }\n",
        "prospect",
    ),
    case(
        Code::AnnouncedBeforeOccurred,
        "announcements:\n  - { kind: joining, party: china, agreement: ilrs, occurred: §2023-10-18, source: [{ publisher: P, grade: host, published: 2023-10-20 }, { publisher: Q, grade: press, published: 2023-10 }, { publisher: R, grade: press, published: 2023-09 }] }\n",
        "prospect",
    ),
    case(
        Code::SourceAhead,
        "source: { publisher: P, grade: press, published: §2999-01-01 }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x }\n",
        "is the clock?",
    ),
    case(
        Code::SourceAhead,
        "announcements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x, source: { publisher: P, grade: press, retrieved: §2999 } }\n",
        "is the clock?",
    ),
];

const NAMES: &[Case] = &[
    case(
        Code::UnknownReference,
        "  - { kind: joining, party: §pakistn, agreement: ilrs, occurred: 2023 }\n",
        "did you mean `pakistan`?",
    ),
    case(
        Code::UnknownReference,
        "  - { kind: joining, party: §prc, agreement: ilrs, occurred: 2023 }\n",
        "that is a name of `china`",
    ),
    case(
        Code::UnknownReference,
        "  - { kind: joining, party: §venezuela, agreement: ilrs, occurred: 2023 }\n",
        "`kind: party`, `id: venezuela`",
    ),
    case(
        Code::UnknownReference,
        "  - { kind: retraction, retracts: §pakistan-join, reason: x }\n",
        "did you mean `pakistan-joins`?",
    ),
    case(Code::CaseOnly, "  - { kind: party, id: §China, name: China, type: state }\n", "use `china`"),
    case(
        Code::CaseOnly,
        "  - { kind: joining, id: §China-Joins, party: china, agreement: ilrs, occurred: 2023 }\n",
        "another id",
    ),
    case(Code::SecondDescription, "  - { kind: party, id: §china, name: Cathay, type: state }\n", "`from: DATE`"),
    case(
        Code::OtherContent,
        "  - { kind: joining, id: §china-joins, party: china, agreement: ilrs, occurred: 2023 }\n",
        "another id",
    ),
    case(
        Code::LaterReference,
        "  - { kind: retraction, retracts: §later, reason: x }\n  - { kind: joining, id: later, party: china, agreement: ilrs, occurred: 2023 }\n",
        "move it up",
    ),
    case(
        Code::ReservedId,
        "  - { kind: joining, id: §\"party:china\", party: china, agreement: ilrs, occurred: 2023 }\n",
        "description",
    ),
    case(Code::AlreadyStruck, "  - { kind: retraction, retracts: §china-joins, reason: x }\n", "`not-so` instead"),
    case(Code::Itself, "  - { kind: confirmation, id: x, of: §x }\n", "another"),
];

const EVIDENCE: &[Case] = &[
    case(
        Code::NoEvidence,
        "announcements:\n  - { kind: §retraction, retracts: pakistan-joins, reason: x }\n",
        "`source`",
    ),
    case(
        Code::Unreadable,
        "source: { publisher: P, grade: press, document: §missing.md }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x }\n",
        "beside this file",
    ),
    case(
        Code::OtherHash,
        "source: { publisher: P, grade: press, document: §{ path: note.md, b3: 0000000000000000000000000000000000000000000000000000000000000000 } }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x }\n",
        "b3sum",
    ),
    case(
        Code::QuoteNotFound,
        "source: { publisher: P, grade: press, document: note.md }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x, quote: §pakistan signed the agreement }\n",
        "the document has “Pakistan signed the agreement on 18 October.”",
    ),
    case(
        Code::QuoteWithoutDocument,
        "source: { publisher: P, grade: press }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x, quote: §pakistan signed the agreement }\n",
        "document:",
    ),
];

/// On a ledger in which the document was named, and another erased.
const DOCUMENTS: &[Case] = &[
    case(
        Code::Erased,
        "source: { publisher: P, grade: press, document: §erased.md }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x }\n",
        "another source",
    ),
    case(
        Code::Personal,
        "source: { publisher: P, grade: press, document: §note.md, personal: true }\nannouncements:\n  - { kind: retraction, retracts: pakistan-joins, reason: x }\n",
        "leave `personal` out",
    ),
];

const TEXTS: &[Case] = &[
    case(Code::ControlCharacter, "  - { kind: party, id: x, name: §\"X\\e[31m\", type: state }\n", "delete"),
    case(Code::HiddenCharacter, "  - { kind: party, id: x, name: §\"X\\u202e\", type: state }\n", "delete"),
    case(Code::EmptyText, "  - { kind: party, id: x, name: §\"  \", type: state }\n", "write something"),
];

/// A ledger with [`BASE`] in it, and the document beside the files to come.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("base.yaml", BASE);
    desk.write("note.md", DOCUMENT);
    let founded = desk.run("append --init --ledger ledger base.yaml");
    assert_eq!(founded.code, 0, "{}", founded.err);
    desk
}

/// Length and head of the desk's ledger.
fn state(desk: &Desk) -> (u64, String) {
    let (log, snapshot) = read(&Folder::at(desk.path().join("ledger")));
    (log.len(), snapshot.heads.head().to_string())
}

fn names(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(desk.path()).expect("the desk can be listed");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The part of an answer that tells of one place, if it tells this code there.
fn told(answer: &Answer, code: Code, place: &str) -> Option<String> {
    let parts = answer.err.split("\n\n");
    let here = parts.filter(|part| part.contains(&format!("[{code}]")) && part.contains(&format!("--> {place}\n")));
    here.map(str::to_owned).next()
}

/// Line and column of the mark.
fn place(marked: &str) -> String {
    let before = marked.split(MARK).next().unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("case.yaml:{}:{column}", before.matches('\n').count() + 1)
}

/// That this one thing is told, at its place, with that hint, and that nothing is appended.
fn check(desk: &Desk, code: Code, place: &str, content: &[u8], hint: &str) {
    desk.write("case.yaml", content);
    let before = state(desk);
    let answer = desk.run("append --ledger ledger case.yaml");
    let beginning = String::from_utf8_lossy(&content[..content.len().min(1000)]);
    let shown = format!("{beginning}\n{}", answer.err);
    assert_eq!(answer.code, 1, "{shown}");
    assert_eq!(answer.out, "", "{shown}");
    let part = told(&answer, code, place).unwrap_or_else(|| panic!("no {code} at {place}: {shown}"));
    assert!(part.contains("= help: ") && part.contains(hint), "no hint `{hint}`: {shown}");
    assert!(answer.err.ends_with("1 problem; nothing was appended\n"), "only one thing is wrong: {shown}");
    assert_eq!(state(desk), before, "{shown}");
}

fn check_marked(desk: &Desk, code: Code, marked: &str, hint: &str) {
    check(desk, code, &place(marked), marked.replace(MARK, "").as_bytes(), hint);
}

fn check_all(cases: &[Case]) {
    let desk = desk();
    for case in cases {
        check_marked(&desk, case.code, &case.marked(), case.hint);
    }
}

#[test]
fn a_file_that_is_none_is_refused_at_its_place() {
    check_all(FILES);
    check(&desk(), Code::NotText, "case.yaml:1:12", b"announced: \xff\n", "UTF-8");
}

#[test]
fn a_value_that_its_key_does_not_take_is_refused_at_its_place() {
    check_all(VALUES);
}

#[test]
fn an_impossible_date_is_refused_at_its_place() {
    check_all(DATES);
}

#[test]
fn what_was_announced_had_happened_by_its_own_word_or_its_own_source_and_a_day_for_time_zones() {
    let desk = desk();
    let source = |day: &str| format!("{{ publisher: P, grade: host, published: {day} }}");
    let joining =
        |more: &str| format!("  - {{ kind: joining, party: china, agreement: ilrs, occurred: 2023-10-18{more} }}\n");
    let early = source("2023-10-01");
    for text in [
        // In some time zone it was the day before.
        format!("{TOP}{}", joining(", announced: 2023-10-17")),
        format!("announcements:\n{}", joining(&format!(", source: {}", source("2023-10-17")))),
        // Its own word goes before its source's.
        format!("announcements:\n{}", joining(&format!(", announced: 2023-10-20, source: {early}"))),
        // A source for a whole file was not published for each of its announcements.
        format!("source: {early}\nannouncements:\n{}", joining("")),
        format!("announcements:\n{}", joining(&format!(", source: {}", source("\"[2023-10-01..]\"")))),
        format!("announcements:\n{}", joining(&format!(", source: {}", source("2023")))),
    ] {
        desk.write("case.yaml", &text);
        let answer = desk.run("append --dry-run --ledger ledger case.yaml");
        assert_eq!(answer.code, 0, "{text}: {}", answer.err);
    }
}

#[test]
fn a_name_that_leads_nowhere_or_is_taken_is_refused_at_its_place() {
    check_all(NAMES);
}

#[test]
fn evidence_that_does_not_support_is_refused_at_its_place() {
    check_all(EVIDENCE);
}

#[test]
fn a_document_that_may_not_be_kept_like_this_is_refused_at_its_place() {
    let desk = desk();
    desk.write("erased.md", "To be erased.\n");
    let milestone = |document: &str| {
        format!(
            "  - {{ kind: milestone, agreement: ilrs, act: opened, occurred: 2023, source: {{ publisher: P, grade: press, document: {document} }} }}\n"
        )
    };
    desk.write("two.yaml", format!("announcements:\n{}{}", milestone("note.md"), milestone("erased.md")));
    assert_eq!(desk.run("append --ledger ledger two.yaml").code, 0);
    let address = servanda::integrity::digest::document_hash(b"To be erased.\n");
    let erased = desk.run(&format!("source erase {address} --authority A --reason R --ledger ledger"));
    assert_eq!(erased.code, 0, "{}", erased.err);
    for case in DOCUMENTS {
        check_marked(&desk, case.code, &case.marked(), case.hint);
    }
}

#[test]
fn a_text_that_hides_something_is_refused_at_its_place() {
    check_all(TEXTS);
}

#[test]
fn what_may_not_be_signed_is_refused_at_its_place() {
    let desk = desk();
    let added = |name: &str| {
        format!("  - {{ kind: §recorder-added, recorder: {name}, roles: [recorder], key: {OTHER_KEY} }}\n")
    };
    let two = format!("announcements:\n{}{}", added("ann"), added("ben"));
    check_marked(&desk, Code::NotAlone, &two, "file of its own");

    desk.write("added.yaml", format!("announcements:\n{}", added("ann")).replace(MARK, ""));
    let answer = desk.run("append --ledger ledger added.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    check_marked(&desk, Code::NotAuthorised, &format!("announcements:\n{}", added("ben")), "servanda key");
}

#[test]
fn what_is_too_long_for_an_event_is_refused_at_its_place() {
    let desk = desk();
    let reason = "word ".repeat(14_000);
    let text = format!("{TOP}  - {{ kind: §retraction, retracts: pakistan-joins, reason: {reason} }}\n");
    check_marked(&desk, Code::TooLong, &text, "split it");
}

#[test]
fn a_batch_beyond_its_limit_is_refused() {
    let party = |number| format!("{{\"kind\":\"party\",\"id\":\"p{number}\",\"name\":\"P\",\"type\":\"state\"}}");
    let many: Vec<String> = (0..65_537).map(party).collect();
    let text = format!("{{\"evidence\":{{\"none\":\"x\"}},\"announcements\":[\n{}]}}", many.join(",\n"));
    check(&desk(), Code::BatchTooLarge, "case.yaml:2:9", text.as_bytes(), "split the file");
}

#[test]
fn warnings_are_told_at_their_place_and_refuse_nothing() {
    let desk = desk();
    for (code, place, text) in [
        (
            Code::Irregular,
            "3:13",
            "  - { kind: departure, party: pakistan, agreement: ilrs, act: withdrawal, occurred: 2020 }\n",
        ),
        (Code::Normalised, "3:36", "  - { kind: party, id: cote, name: Co\u{302}te, type: state }\n"),
        (Code::Undated, "3:13", "  - { kind: milestone, agreement: ilrs, act: opened, occurred: 2020 }\n"),
        (
            Code::OpenBeginning,
            "3:82",
            "  - { kind: joining, party: pakistan, agreement: pact, act: signature, occurred: \"[..2020-05]\" }\n",
        ),
        (Code::Ahead, "3:66", "  - { kind: joining, party: pakistan, agreement: ilrs, occurred: 2400 }\n"),
        (Code::Confusable, "3:24", "  - { kind: party, id: paklstan, name: Pakistan, type: state }\n"),
    ] {
        desk.write("case.yaml", format!("{TOP}{text}"));
        let (len, _) = state(&desk);
        let answer = desk.run("append --ledger ledger case.yaml");
        assert_eq!(answer.code, 0, "{}", answer.err);
        let part = told(&answer, code, &format!("case.yaml:{place}"));
        assert!(part.is_some_and(|part| part.starts_with("warning[")), "{code}: {}", answer.err);
        assert_eq!(state(&desk).0, len + 1);
    }
}

#[test]
fn every_code_is_provoked_by_some_file() {
    let tables = [FILES, VALUES, DATES, NAMES, EVIDENCE, DOCUMENTS, TEXTS];
    let elsewhere = [
        Code::NotText,
        Code::NotAuthorised,
        Code::NotAlone,
        Code::TooLong,
        Code::BatchTooLarge,
        Code::Irregular,
        Code::Normalised,
        Code::Confusable,
        Code::ClockCorrection,
        Code::PassedOver,
        Code::Undated,
        Code::OpenBeginning,
        Code::Ahead,
    ];
    let provoked: Vec<Code> =
        tables.iter().flat_map(|table| table.iter().map(|case| case.code)).chain(elsewhere).collect();
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !provoked.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_ledger_that_would_begin_with_a_refused_file_is_not_made() {
    let desk = Desk::new();
    desk.write("base.yaml", BASE);
    desk.write("note.md", DOCUMENT);
    desk.write("case.yaml", "");
    // The recorder's key is made with the first ledger, and outlives it.
    desk.run("append --init --ledger ledger case.yaml");
    let before = names(&desk);
    assert!(!before.contains(&"ledger".to_owned()), "{before:?}");
    for table in [FILES, VALUES, DATES, NAMES, EVIDENCE, TEXTS] {
        let case = table.first().expect("a table has cases");
        desk.write("case.yaml", case.file());
        let answer = desk.run("append --init --ledger ledger base.yaml case.yaml");
        assert_eq!(answer.code, 1, "{}", answer.err);
        assert_eq!(names(&desk), before, "{}", answer.err);
    }
}
