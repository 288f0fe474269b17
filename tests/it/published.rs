//! A log published as files, at several sizes. The worry is somebody who kept a checkpoint and cannot read on from it, since
//! the tiles of that size are gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;
use servanda::integrity::checkpoint::Verified;
use servanda::integrity::merkle::{self, Node};
use servanda::ledger::Folder;

use crate::support::{Answer, Desk, append, body, done, draft, found};

const VERIFY: &str = "verify --export public --vkey @public/log.vkey --json";

/// Lets the log grow to that many events, and signs it.
fn sign(desk: &Desk, folder: &Folder, from: u64, size: u64) {
    let missions =
        (from..size).map(|seq| draft(body("mission", json!({"id": format!("m-{seq}"), "title": "A mission"}))));
    append(folder, missions.collect()).expect("all of it is admissible");
    done(&desk.run("checkpoint --ledger ledger"));
}

/// Signs at these sizes, and publishes at some.
fn grown(signed: &[(u64, bool)], check: impl Fn(&Desk, &[u64])) -> Desk {
    let desk = Desk::new();
    let folder = found(desk.path());
    let mut sizes = vec![1];
    done(&desk.run("checkpoint --ledger ledger"));
    for (size, is_published) in signed {
        sign(&desk, &folder, *sizes.last().expect("there is one"), *size);
        sizes.push(*size);
        if *is_published {
            done(&desk.run("export tiles public --ledger ledger"));
            check(&desk, &sizes);
        }
    }
    desk
}

fn tiles(desk: &Desk) -> BTreeSet<String> {
    fn below(folder: &Path, name: &str, all: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it can be listed").path();
            let name = format!("{name}/{}", path.file_name().expect("a name").to_string_lossy());
            if path.is_dir() {
                below(&path, &name, all);
            } else {
                all.insert(name);
            }
        }
    }
    let mut all = BTreeSet::new();
    below(&desk.path().join("public/tile"), "tile", &mut all);
    all
}

/// The tiles of levels that a log of few events has, as the specification tells: full ones, and of every signed size what
/// is not full.
fn expected(signed: &[u64]) -> BTreeSet<String> {
    let newest = signed.last().expect("there is one");
    let mut all = BTreeSet::new();
    for (level, of_size) in [("entries", 1), ("0", 1), ("1", 256)] {
        for size in signed {
            let (hashes, newest) = (size / of_size, newest / of_size);
            all.extend((0..hashes / 256).map(|index| format!("tile/{level}/{index:03}")));
            let (index, width) = (hashes / 256, hashes % 256);
            if width > 0 && newest / 256 == index {
                all.insert(format!("tile/{level}/{index:03}.p/{width}"));
            }
        }
    }
    all
}

/// The root that the tiles of a size give, with a partial one where no full one is.
fn root_of_tiles(desk: &Desk, size: u64) -> Node {
    let mut leaves: Vec<Node> = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - index * 256).min(256);
        let names = [format!("tile/0/{index:03}.p/{width}"), format!("tile/0/{index:03}")];
        let found = names.iter().find_map(|name| fs::read(desk.path().join("public").join(name)).ok());
        let hashes = found.unwrap_or_else(|| panic!("{size}: none of {names:?} is there"));
        let width = usize::try_from(width).expect("it is small");
        leaves.extend(hashes.chunks_exact(32).take(width).map(|hash| Node::try_from(hash).expect("32 bytes")));
    }
    merkle::root(&leaves)
}

fn tree(answer: &Answer) -> (String, String) {
    let answer = answer.json();
    let layer = answer["layers"].as_array().expect("layers").iter().find(|layer| layer["layer"] == "tree").cloned();
    let layer = layer.expect("it is one of them");
    (layer["verdict"].as_str().expect("a word").to_owned(), layer["faults"].to_string())
}

const GROWTH: [(u64, bool); 7] =
    [(2, true), (3, false), (5, true), (255, true), (258, false), (300, true), (301, true)];

#[test]
fn partial_tiles_of_every_signed_size_stay_until_the_full_one_is_there() {
    grown(&GROWTH, |desk, sizes| {
        assert_eq!(tiles(desk), expected(sizes), "{sizes:?}");
        done(&desk.run(VERIFY));
    });
}

#[test]
fn whoever_kept_a_checkpoint_finds_the_tiles_of_its_size() {
    grown(&GROWTH, |desk, sizes| {
        let key = fs::read_to_string(desk.path().join("public/log.vkey")).expect("it is published");
        let key = key.trim_end().parse().expect("a key");
        for size in sizes {
            let note = fs::read(desk.path().join(format!("public/checkpoints/{size}"))).expect("it is published");
            let checkpoint = Verified::open(&note, &key).expect("it was signed");
            assert_eq!(root_of_tiles(desk, *size), checkpoint.root(), "{size}");
        }
    });
}

#[test]
fn what_was_signed_before_it_was_published_has_its_tiles_too() {
    let desk = grown(&[(2, false), (7, false), (9, true)], |_, _| {});
    assert_eq!(tiles(&desk), expected(&[1, 2, 7, 9]));
}

#[test]
fn a_partial_tile_of_an_older_checkpoint_that_is_gone_or_changed_is_found() {
    let desk = grown(&[(2, true), (7, true)], |_, _| {});
    for name in ["tile/0/000.p/1", "tile/0/000.p/2", "tile/entries/000.p/1", "tile/entries/000.p/2"] {
        let file = desk.path().join("public").join(name);
        let whole = fs::read(&file).expect("it is published");
        fs::remove_file(&file).expect("it is there");
        let (verdict, faults) = tree(&desk.run(VERIFY));
        assert!(verdict == "fail" && faults.contains(&format!("{name}: is not there")), "{faults}");
        let mut other = whole.clone();
        other[5] ^= 1;
        fs::write(&file, other).expect("it can be written");
        let (verdict, faults) = tree(&desk.run(VERIFY));
        assert!(verdict == "fail" && faults.contains(&format!("{name}: has other ")), "{faults}");
        fs::write(&file, [whole.as_slice(), b"more"].concat()).expect("it can be written");
        assert_eq!(tree(&desk.run(VERIFY)).0, "fail", "{name}");
        fs::write(&file, whole).expect("it can be written");
    }
    done(&desk.run(VERIFY));
}

#[test]
fn publishing_again_brings_back_what_is_missing_of_older_sizes() {
    let desk = grown(&[(2, true), (7, true)], |_, _| {});
    fs::remove_file(desk.path().join("public/tile/0/000.p/2")).expect("it is there");
    done(&desk.run("export tiles public --ledger ledger"));
    assert_eq!(tiles(&desk), expected(&[1, 2, 7]));
}
