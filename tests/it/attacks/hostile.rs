//! Hostile files: an export, a proof and a checkpoint in which any byte is another, or which end anywhere, are refused, and
//! nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Ledger, ORIGIN, checkpoint, kept, log_key, log_of};
use servanda::integrity::checkpoint::Verified;
use servanda::integrity::proof::{check_consistency, check_inclusion};
use servanda::integrity::proof_file::{ConsistencyFile, InclusionFile};
use servanda::ledger::log::checkpoints::Checkpoints;
use servanda::ledger::publish::signed_event::batch_end;
use servanda::ledger::publish::tiles::{open, publish, with_tiles};
use servanda::ledger::verify::verify;

/// Each way in which one byte is another, in so many of its bits, and several hundred places to end early.
fn variants(whole: &[u8], bits: u8) -> impl Iterator<Item = (String, Vec<u8>)> {
    let changed = (0..whole.len()).flat_map(move |place| {
        (0..bits).map(move |bit| {
            let mut other = whole.to_vec();
            other[place] ^= 1 << ((place + usize::from(bit)) % 8);
            (format!("byte {place} is {:#04x}", other[place]), other)
        })
    });
    let ends = (0..whole.len()).step_by(1 + whole.len() / 500);
    let cut = ends.map(|len| (format!("cut at {len}"), whole[..len].to_vec()));
    changed.chain(cut).chain([("a byte more".to_owned(), [whole, b"\n"].concat())])
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it can be listed").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_hostile_tile_or_checkpoint_of_an_export_is_refused_whichever_byte_it_is() {
    let ledger = Ledger::new();
    let (public, log) = (ledger.desk.path().join("public"), log_of(&ledger.folder, ORIGIN, &ledger.values[..4]));
    let (signed, key) = (checkpoint(&ledger.values[..4]), log_key().vkey());
    let keys = log.authority().expect("the chain holds");
    publish(&log, &signed, &keys, &public, &[]).expect("it can be published");
    Checkpoints::at(public.join("checkpoints")).keep(&signed).expect("it can be kept");
    let believed = || {
        let Ok((log, signed)) = open(&public, &key) else { return false };
        with_tiles(verify(&log, &kept([signed])), &log, &key, &public).passed()
    };
    assert!(believed());
    let mut names: Vec<_> =
        files(&public).iter().map(|file| file.strip_prefix(&public).expect("below").to_owned()).collect();
    names.sort();
    let expected = ["checkpoint", "checkpoints/4", "tile/0/000.p/4", "tile/entries/000.p/4"];
    assert_eq!(names, expected.map(PathBuf::from));
    for file in files(&public) {
        let whole = fs::read(&file).expect("it is there");
        for (what, other) in variants(&whole, 1) {
            fs::write(&file, other).expect("it can be written");
            assert!(!believed(), "{}: {what}", file.display());
        }
        fs::write(&file, whole).expect("it can be written");
    }
    assert!(believed());
}

#[test]
fn a_hostile_checkpoint_file_is_refused_whichever_bit_it_is() {
    let whole = checkpoint(&Ledger::new().values).note().to_string();
    let key = log_key().vkey();
    assert!(Verified::open(whole.as_bytes(), &key).is_ok());
    for (what, other) in variants(whole.as_bytes(), 8) {
        assert!(Verified::open(&other, &key).is_err(), "{what}");
    }
}

#[test]
fn a_hostile_proof_of_an_event_is_refused_whichever_bit_it_is() {
    let ledger = Ledger::new();
    let signed = checkpoint(&ledger.values);
    let log = log_of(&ledger.folder, ORIGIN, &ledger.values);
    let (proof, rest) = (log.prove(5, &signed).expect("it is there"), log.rest_of_batch(5).expect("the batch ends"));
    let (file, event, rest) = (proof.file.text().into_bytes(), proof.event, rest.concat());
    let key = log_key().vkey();
    // What somebody does who has these three files and the key, as `check` does it.
    let proved = |file: &[u8], event: &[u8], rest: &[u8]| {
        let file = InclusionFile::parse(std::str::from_utf8(file).ok()?).ok()?;
        let signed = Verified::open(file.checkpoint.as_bytes(), &key).ok()?;
        check_inclusion(&signed, file.index, event, &file.path).ok()?;
        let end = batch_end(event, rest).ok()?;
        (end.seq == file.index && end.ledger.as_str() == signed.origin()).then_some(())
    };
    assert!(proved(&file, &event, &rest).is_some());
    for (what, other) in variants(&file, 8) {
        assert!(proved(&other, &event, &rest).is_none(), "the proof: {what}");
    }
    for (what, other) in variants(&event, 1) {
        assert!(proved(&file, &other, &rest).is_none(), "the event: {what}");
    }
    for (what, other) in variants(&rest, 1) {
        assert!(proved(&file, &event, &other).is_none(), "the rest of the batch: {what}");
    }
}

#[test]
fn a_hostile_proof_of_growth_is_refused_whichever_bit_it_is() {
    let ledger = Ledger::new();
    let (older, newer) = (checkpoint(&ledger.values[..7]), checkpoint(&ledger.values));
    let proof = log_of(&ledger.folder, ORIGIN, &ledger.values).prove_consistency(&older, &newer).expect("it goes on");
    let key = log_key().vkey();
    let proved = |file: &[u8]| {
        let file = ConsistencyFile::parse(std::str::from_utf8(file).ok()?).ok()?;
        let newer = Verified::open(file.checkpoint.as_bytes(), &key).ok()?;
        check_consistency(&older, &newer, &file.path).ok().filter(|()| file.old == older.size())
    };
    let file = proof.text().into_bytes();
    assert!(proved(&file).is_some());
    for (what, other) in variants(&file, 8) {
        assert!(proved(&other).is_none(), "{what}");
    }
}

#[test]
fn an_unsigned_root_proves_nothing_since_no_function_takes_one() {
    let source = include_str!("../../../src/integrity/proof.rs");
    let functions: Vec<&str> =
        source.split("\npub fn ").skip(1).map(|text| text.split('{').next().unwrap_or(text)).collect();
    assert_eq!(functions.len(), 2, "{functions:?}");
    for function in functions {
        assert!(function.contains(": &Verified"), "{function}");
        // Hashes come as a path, and nothing else is one.
        let without_path = function.replacen("path: &[Node]", "", 1);
        assert!(!without_path.contains("Node") && !without_path.contains("32]"), "{function}");
    }
    // There is no other way to have one than by a signature that was checked, or made.
    let source = include_str!("../../../src/integrity/checkpoint.rs");
    let fields =
        source.split("pub struct Verified {").nth(1).and_then(|rest| rest.split('}').next()).expect("it is there");
    assert!(!fields.contains("pub "), "{fields}");
}
