//! Damaged files as a test: what a store may show when bytes were changed or cut off behind its back.

use std::fs;
use std::path::Path;

use crate::store::Store;
use crate::store::bundle::Toy;
use crate::store::sled::SledStore;

/// A file's name and its bytes.
type Content = (String, Vec<u8>);

#[test]
fn damaged_files_yield_an_error_or_an_earlier_state_and_never_other_values() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let values: Vec<Vec<u8>> = (0..100).map(|n| format!("value {n}").into_bytes()).collect();
    SledStore::create(folder.path(), &Toy)
        .and_then(|mut store| store.append(0, &values[..60]))
        .expect("a fresh folder");
    // Opening again leaves a snapshot, as in any store that has been in use.
    SledStore::open(folder.path(), &Toy).and_then(|mut store| store.append(60, &values[60..])).expect("it is sound");
    drop(SledStore::open(folder.path(), &Toy).expect("it is sound"));
    let sound = contents(folder.path());

    let used = 12 << 10;
    let mut unharmed = 0;
    let mut reported = 0;
    for at in (0..used).step_by(389) {
        for damage in [|db: &mut Vec<u8>, at: usize| db.truncate(at), |db: &mut Vec<u8>, at: usize| db[at] ^= 0x10] {
            let mut files = sound.clone();
            let (_, db) = files.iter_mut().find(|(name, _)| name == "db").expect("sled makes it");
            damage(db, at);
            restore(folder.path(), &files);
            if check(folder.path(), &values) { unharmed += 1 } else { reported += 1 }
        }
    }
    assert!(
        unharmed > 0 && reported > 0,
        "{unharmed} unharmed, {reported} reported: the damage is not where it should be"
    );
}

/// Whether all that is shown can be read. Whatever can be read is what was appended.
fn check(folder: &Path, values: &[Vec<u8>]) -> bool {
    let Ok(store) = SledStore::open(folder, &Toy) else { return false };
    assert!(store.len() <= values.len() as u64);
    store.read(0..store.len()).zip(values).all(|(value, expected)| {
        assert!(value.as_ref().map_or(true, |value| value == expected));
        value.is_ok()
    })
}

fn contents(folder: &Path) -> Vec<Content> {
    let paths = fs::read_dir(folder).expect("the store is there").map(|entry| entry.expect("it can be listed").path());
    let named =
        |path: &Path| path.file_name().and_then(|name| name.to_str()).expect("sled's names are ASCII").to_owned();
    let content = |path: &Path| (named(path), fs::read(path).expect("it can be read"));
    paths.filter(|path| path.is_file()).map(|path| content(&path)).collect()
}

fn restore(folder: &Path, files: &[Content]) {
    for (name, _) in contents(folder) {
        fs::remove_file(folder.join(name)).expect("the folder can be written");
    }
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("the folder can be written");
    }
}
