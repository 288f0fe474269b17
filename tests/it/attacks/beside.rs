//! What lies beside the events: documents and what is quoted of them, changed, removed, swapped or never said so; and facts.

use std::fs;

use super::{Ledger, NOTE, PAGE, check};
use crate::support::{access, moment, name};
use servanda::domain::announcement::Body;
use servanda::event::facts::{Heads, Stand};
use servanda::ledger::Log;
use servanda::ledger::verify::{Layer, Outside, verify};

#[test]
fn a_document_changed_or_removed_is_found_by_documents_at_the_event_that_names_it() {
    let ledger = Ledger::new();
    let page = ledger.document(PAGE.as_bytes());
    let text = fs::read_dir(ledger.folder.path().join("documents")).expect("it can be listed");
    let text = text.map(|entry| entry.expect("an entry").path());
    let text = text.into_iter().find(|path| ![&page, &ledger.document(NOTE.as_bytes())].contains(&path));
    let text = text.expect("the text of the page lies beside it");
    // The note stands behind events 4 and 6, the page and its text behind event 5.
    for (path, seq) in [(ledger.document(NOTE.as_bytes()), 4), (page, 5), (text, 5)] {
        let sound = fs::read(&path).expect("the document is kept");
        let mut changed = sound.clone();
        changed[1] ^= 1;
        let longer = [&sound[..], b"\n"].concat();
        for other in [&changed[..], &sound[..sound.len() - 1], &longer, b""] {
            fs::write(&path, other).expect("it can be written");
            check(&ledger.verify(&ledger.values), &[Layer::Documents], &[seq]);
        }
        fs::remove_file(&path).expect("it is there");
        check(&ledger.verify(&ledger.values), &[Layer::Documents], &[seq]);
        fs::write(&path, sound).expect("it can be written");
    }
    assert!(ledger.verify(&ledger.values).passed());
}

#[test]
fn two_documents_swapped_are_found_by_documents_at_both_events() {
    let ledger = Ledger::new();
    fs::write(ledger.document(NOTE.as_bytes()), PAGE).expect("it can be written");
    fs::write(ledger.document(PAGE.as_bytes()), NOTE).expect("it can be written");
    check(&ledger.verify(&ledger.values), &[Layer::Documents], &[4, 5]);
}

#[test]
fn a_quote_that_does_not_stand_at_its_place_is_found_by_evidence_even_if_the_recorder_signed_it() {
    let ledger = Ledger::new();
    let at = |statement: &str| {
        let start = statement.find("\"at\":[").expect("it has a quote") + 6;
        start..start + statement[start..].find(']').expect("the place ends")
    };
    let move_to = |seq: usize, place: &str| {
        ledger.verify(&ledger.rewritten(seq, |statement| {
            let mut statement = statement.to_owned();
            statement.replace_range(at(&statement), place);
            statement
        }))
    };
    let second = NOTE.rfind("18 October").expect("it stands there twice");
    for place in ["0,29", "18,47", "17,18", "17,17", "47,18", "0,9007199254740991", "86,87"] {
        check(&move_to(4, place), &[Layer::Evidence], &[4]);
    }
    // Where the same words stand once more, they support the announcement as well.
    check(&move_to(6, &format!("{second},{}", second + 10)), &[], &[]);

    let said = ledger.rewritten(4, |statement| statement.replace("signed on 18 October", "signed on 19 October"));
    check(&ledger.verify(&said), &[Layer::Evidence], &[4]);
}

#[test]
fn facts_forged_whole_are_found_by_projections_at_the_event_and_not_by_questions() {
    let ledger = Ledger::new();
    let log = Log::read(&ledger.folder, &access()).expect("the log can be read");
    let mut facts = log.facts().expect("the chain holds");
    let Body::Joining(joining) = &mut facts.events[5].announcement.body else { panic!("event 5 tells of a joining") };
    joining.occurred = name("2024-10-03");
    // Whoever can write the ledger's folder can make a file of facts that fits in everything else.
    log.keep(&facts);
    check(&verify(&log, &Outside::default()), &[Layer::Projections], &[5]);
    drop(log);
    let ask = |line: &str| ledger.desk.run(&format!("{line} --ledger ledger"));
    let members = || ask("members ilrs --on 2023-12-31").out;
    // A question does not go to the events, so that its answer is as good as the folder that it comes from.
    assert!(!members().contains("azerbaijan"), "{}", members());
    let shown = ask("show 5");
    assert!(shown.code == 3 && shown.err.contains("delete the file `facts`"), "{}{}", shown.out, shown.err);
    assert_eq!(ask("verify").code, 1);
    fs::remove_file(ledger.folder.path().join("facts")).expect("it is there");
    assert!(members().contains("azerbaijan"), "{}", members());
    assert_eq!(ask("verify").code, 0);
}

#[test]
fn ends_of_batches_forged_among_the_facts_are_found_by_projections() {
    let ledger = Ledger::new();
    let log = Log::read(&ledger.folder, &access()).expect("the log can be read");
    let genuine = log.facts().expect("the chain holds");
    for place in 0..3 {
        let mut facts = genuine.clone();
        facts.heads = Heads::new(log.origin());
        for (number, stand) in genuine.heads.stands().iter().filter(|stand| stand.ends_batch).enumerate() {
            let recorded = if number == place { moment(999) } else { stand.recorded };
            facts.heads.push(Stand { recorded, ..*stand });
        }
        log.keep(&facts);
        check(&verify(&log, &Outside::default()), &[Layer::Projections], &[8]);
    }
}
