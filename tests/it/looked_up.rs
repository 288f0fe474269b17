//! Names that people type: other letters, other cases, codes, names that several have, and words that stand anywhere. The
//! worry is an answer about somebody else, and no answer where there is one.

use servanda::query::search::search;

use crate::support::{Answer, Desk, done, read};

/// A ledger `l` of parties.
fn desk(parties: &str) -> Desk {
    let desk = Desk::new();
    desk.write("a.yaml", format!("evidence: {{ none: a test }}\nannouncements:\n{parties}"));
    done(&desk.run("append --init --ledger l a.yaml -q"));
    desk
}

/// Asks for a party, by a name that may have spaces.
fn party(desk: &Desk, name: &str) -> Answer {
    let output = desk.command(["party", name, "--ledger", "l", "--json"]).output().expect("the binary runs");
    Answer::of(&output)
}

#[track_caller]
fn found(desk: &Desk, names: &[&str], id: &str) {
    for name in names {
        let answer = party(desk, name);
        assert_eq!(answer.code, 0, "{name}: {}", answer.err);
        assert_eq!(answer.json()["party"], id, "{name}");
    }
}

#[track_caller]
fn asked_back(desk: &Desk, name: &str, words: &[&str]) {
    let answer = party(desk, name);
    assert_eq!(answer.code, 3, "{name}: {}", answer.out);
    for word in words {
        assert!(answer.err.contains(word), "{name}: {word}: {}", answer.err);
    }
}

const NAMED: &str = "\
- { kind: party, id: tur, name: Turkey, type: state, also_known_as: [Türkiye] }
- { kind: party, id: civ, name: \"Côte d’Ivoire\", type: state, country: CI }
- { kind: party, id: pakistan, name: Pakistan, type: state, country: PK }
- { kind: party, id: suparco, name: SUPARCO, type: agency, acts_for: pakistan, country: PK }
- { kind: party, id: serbia, name: Serbia, type: state, also_known_as: [Serbia and Montenegro] }
- { kind: party, id: montenegro, name: Montenegro, type: state, also_known_as: [SERBIA AND MONTENEGRO, Serbia] }
- { kind: party, id: MLI, name: Mali, type: state }
";

#[test]
fn a_name_is_found_in_whatever_letters_it_is_written() {
    let desk = desk(NAMED);
    found(&desk, &["Türkiye", "TÜRKIYE", "TÜRKİYE", "Tu\u{308}rkiye", "turkiye", "TUR"], "tur");
    found(&desk, &["cote d'ivoire", "CÔTE D\u{2019}IVOIRE", "Côte  d´Ivoire"], "civ");
}

#[test]
fn a_code_of_a_country_finds_the_state_and_not_its_agency() {
    let desk = desk(NAMED);
    found(&desk, &["PK", "pak", "PAK"], "pakistan");
    found(&desk, &["CI", "CIV"], "civ");
    // Nothing says which country it is: by its id, and by the name that the code list has.
    found(&desk, &["ML"], "MLI");
    found(&desk, &["ME"], "montenegro");
}

#[test]
fn a_name_that_several_have_is_asked_back_with_all_of_them_and_an_id_wins() {
    let desk = desk(NAMED);
    asked_back(&desk, "serbia and montenegro", &["2 parties", "`montenegro` and `serbia`", "hint: give the id"]);
    found(&desk, &["serbia", "SERBIA"], "serbia");
    // Of names that are spelled alike, the one that is written so.
    found(&desk, &["SERBIA AND MONTENEGRO"], "montenegro");
}

#[test]
fn what_is_not_found_is_proposed_by_name_and_nearness_and_never_by_the_alphabet() {
    let desk = desk(NAMED);
    asked_back(&desk, "Pakstan", &["did you mean `pakistan`?"]);
    asked_back(&desk, "ivoire", &["did you mean `civ` (Côte d’Ivoire)?"]);
    asked_back(&desk, "Atlantis", &["`servanda list parties --ledger l`", "`servanda search WORDS --ledger l`"]);
    let answer = desk.run("history atlantis --ledger l");
    assert!(answer.err.contains("`servanda list --ledger l` shows"), "{}", answer.err);
}

#[test]
fn things_are_listed_by_type_and_by_words_and_counted() {
    let desk = desk(NAMED);
    let ids = |line: &str| {
        let answer = desk.run(&format!("list {line} --ledger l --json")).json();
        let items = answer["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("parties --type agency"), ["suparco"]);
    assert_eq!(ids("parties --like TURKIYE"), ["tur"]);
    assert_eq!(ids("announcements --type party --like ivoire"), ["party:civ"]);
    assert_eq!(ids("missions"), [""; 0]);
    let counted = desk.run("list --ledger l");
    assert!(counted.out.contains("6       parties        state"), "{}", counted.out);
    let parties = desk.run("list parties --ledger l");
    assert!(parties.out.contains("7 parties: 1 agency, 6 state\n"), "{}", parties.out);
    let wrong = desk.run("list parties --type sate --ledger l");
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `state`?"), "{}", wrong.err);
}

#[test]
fn words_are_found_wherever_they_stand() {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    let (_, snapshot) = read(&desk.ledger("ilrs.servanda"));
    let fields = |words: &str| {
        let found = search(&snapshot, words);
        let mut fields: Vec<String> =
            found.events.iter().flat_map(|event| &event.places).map(|place| place.field.clone()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    };
    assert!(fields("zhang KEJIAN").contains(&"signatories[0].name".to_owned()));
    assert!(fields("Technology Times").contains(&"publisher".to_owned()));
    assert!(fields("ceremony of 18 october").contains(&"quote".to_owned()));
    assert_eq!(search(&snapshot, "ICUBE-Q").things.len(), 0);
    assert!(fields("ICUBE-Q").contains(&"item.name".to_owned()));
    // Words of one announcement that stand in different texts of it.
    assert!(!search(&snapshot, "kejian technology").events.is_empty());
    let things: Vec<String> = search(&snapshot, "pakistan").things.iter().map(|thing| thing.id.clone()).collect();
    assert_eq!(things.first().map(String::as_str), Some("pakistan"));
    assert!(things.contains(&"suparco".to_owned()), "{things:?}");
    assert_eq!(
        search(&snapshot, "pk").things[0].id,
        "pakistan",
        "a code means that state before all names with these letters"
    );
    let nothing = search(&snapshot, "pakistn");
    assert!(nothing.things.is_empty() && nothing.near.iter().any(|near| near.id == "pakistan"), "{nothing:?}");
}

#[test]
fn what_was_taken_back_is_found_too_and_marked() {
    let desk = Desk::with_ilrs(&["october-2023"]);
    done(&desk.run("retract pakistan-joins-ilrs --reason mistaken --ledger ilrs.servanda"));
    let (_, snapshot) = read(&desk.ledger("ilrs.servanda"));
    let found = search(&snapshot, "pakistan-joins-ilrs");
    let event = found.events.iter().find(|event| event.id == "pakistan-joins-ilrs").expect("it is found");
    assert_eq!(event.struck_by, Some(snapshot.events.len() as u64 - 1));
}

#[test]
fn a_search_for_no_word_is_a_misuse() {
    let desk = desk(NAMED);
    let answer = desk.run("search --ledger l — ’");
    assert!(answer.code == 2 && answer.err.contains("hint: "), "{}", answer.err);
}
