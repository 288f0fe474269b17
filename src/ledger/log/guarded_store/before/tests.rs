//! Copies that are put back, and those that are not.

use std::fs::OpenOptions;

use super::*;
use crate::event::chain::Head;
use crate::ledger::log::guarded_store::GuardedStore;
use crate::ledger::testing::with_missions;
use crate::store::Store;

const ZEROS: [u8; 4096] = [0; 4096];

/// A process that was killed when sled had zeroed what it could not read: the copy is there, and the log is not.
fn killed(folder: &Folder) -> Vec<u8> {
    drop(Before::take(folder).expect("it can be read"));
    let db = folder.store().join("db");
    let log = fs::read(&db).expect("it is there");
    let out = OpenOptions::new().write(true).open(db).expect("it is ours");
    out.write_all_at(&ZEROS, 0).expect("there is room");
    log
}

#[test]
fn what_a_killed_process_kept_is_put_back_by_the_next() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    let len = GuardedStore::open(&folder).expect("it is sound").len();
    let before = killed(&folder);
    let left = Before::left(&folder).expect("it can be read").expect("it is whole");
    left.put_back().expect("there is room");
    assert!(fs::read(folder.store().join("db")).expect("it is there") == before);
    killed(&folder);
    assert_eq!(GuardedStore::open(&folder).expect("it was put back").len(), len);
    assert!(!folder.path().join(BEFORE).exists());
}

#[test]
fn what_was_kept_of_a_store_that_somebody_appended_to_since_is_not_put_back() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    drop(Before::take(&folder).expect("it can be read"));
    let head = Head::load(&folder).expect("it was written");
    head.save_writing("somebody", &folder).expect("there is room");
    assert!(Before::left(&folder).expect("it can be read").is_none());
    assert!(!folder.path().join(BEFORE).exists());
}

#[test]
fn a_copy_of_which_a_byte_is_another_is_not_put_back() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    for name in ["db", "conf", KEPT] {
        drop(Before::take(&folder).expect("it can be read"));
        let path = folder.path().join(BEFORE).join(name);
        let mut bytes = fs::read(&path).expect("it is kept");
        bytes[10] ^= 1;
        fs::write(path, bytes).expect("it is ours");
        assert!(Before::left(&folder).expect("it can be read").is_none(), "{name}");
    }
}

#[test]
fn holes_are_not_read_however_large_they_are_and_are_put_back_as_they_were() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    let db = folder.store().join("db");
    let out = OpenOptions::new().read(true).write(true).open(&db).expect("it is ours");
    // Read, it would take the better part of an hour.
    let far = 1 << 39;
    out.write_all_at(b"far behind", far).expect("there is room");
    out.set_len(far + (8 << 20)).expect("there is room");
    let log = fs::read(folder.store().join("conf")).expect("it is there");
    let before = Before::take(&folder).expect("it can be read");
    assert!(before.is_unchanged());
    out.write_all_at(b"where nothing was", far / 2).expect("there is room");
    out.write_all_at(&[0; 10], far).expect("there is room");
    fs::write(folder.store().join("conf"), "changed").expect("it is ours");
    assert!(!before.is_unchanged());
    before.put_back().expect("there is room");
    let mut read = [1; 17];
    out.read_exact_at(&mut read, far / 2).expect("it is there");
    assert_eq!(read, [0; 17]);
    out.read_exact_at(&mut read[..10], far).expect("it is there");
    assert_eq!(&read[..10], b"far behind");
    assert!(fs::read(folder.store().join("conf")).expect("it is there") == log);
}

#[test]
fn what_the_disk_has_no_room_for_is_kept_in_memory_up_to_a_limit_and_then_told() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    let found = || gone_over(&folder.store()).expect("it can be read");
    assert!(Before::in_memory(&folder, found(), MOST_IN_MEMORY).expect("there is room").is_unchanged());
    let refused = Before::in_memory(&folder, found(), 1000).map(drop).expect_err("it is more");
    assert!(matches!(&refused, StoreError::Io(error) if error.kind() == io::ErrorKind::StorageFull), "{refused}");
    assert!(refused.to_string().contains("MiB left for a copy"), "{refused}");
}

#[test]
fn a_copy_that_nobody_vouches_for_is_laid_aside() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    let log = killed(&folder);
    let kept = folder.path().join(BEFORE).join(KEPT);
    let text = fs::read_to_string(&kept).expect("it is kept");
    let (what, _) = text.split_once('\n').expect("a tag follows");
    for forged in ["", "0123456789abcdef0123456789abcdef"] {
        fs::write(&kept, format!("{what}\n{forged}\n")).expect("it is ours");
        assert!(Before::left(&folder).expect("it can be read").is_none(), "{forged}");
        let aside = folder.path().join("sled.damaged-1");
        assert!(fs::read(aside.join("db")).expect("it is there") == log);
        assert!(fs::read(folder.store().join("db")).expect("it is there") != log, "nothing was put back");
        fs::rename(aside, folder.path().join(BEFORE)).expect("it is ours");
    }
}

#[test]
fn nothing_is_put_back_through_a_link() {
    let desk = tempfile::tempdir().expect("a folder");
    let folder = with_missions(desk.path(), &["a", "b"]);
    drop(Before::take(&folder).expect("it can be read"));
    let (store, victim) = (folder.store(), desk.path().join("victim"));
    fs::rename(&store, &victim).expect("it is ours");
    fs::write(victim.join("conf"), "another's").expect("it is ours");
    std::os::unix::fs::symlink(&victim, &store).expect("a fresh link");
    let left = Before::left(&folder).expect("it can be read").expect("it is whole");
    assert!(matches!(left.put_back(), Err(StoreError::Damaged { .. })));
    assert!(matches!(GuardedStore::open(&folder), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read_to_string(victim.join("conf")).expect("it is there"), "another's");
}
