//! Reads backups as `restore` does: as they are, or made of records without their checks. What is restored is what the backup
//! says that it has, nothing comes to lie beside it, and the backup goes on with it.
#![no_main]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use libfuzzer_sys::fuzz_target;
use servanda::integrity::digest::event_hash;
use servanda::ledger::log::checkpoints::Checkpoints;
use servanda::ledger::recover::backup::{BackupError, backup, look};
use servanda::ledger::recover::restore::{Known, Meant, Restoration};
use servanda::ledger::{Folder, Log};
use servanda_fuzz::framed::framed;
use servanda_fuzz::{access, folder};

fuzz_target!(|bytes: &[u8]| {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let Some((way, bytes)) = bytes.split_first() else { return };
    let bytes = if *way == b'f' { bytes.to_vec() } else { framed(bytes) };
    let desk = folder().join(format!("backup-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir(&desk).expect("it is not there");
    let file = desk.join("a.backup");
    fs::write(&file, &bytes).expect("it can be written");
    let holding = match look(&file) {
        Ok(None) => {
            assert!(!bytes.starts_with(b"servanda backup1"));
            None
        }
        Ok(holding) => holding,
        Err(error) => {
            assert!(matches!(error, BackupError::NotBackup { .. }), "{error}");
            None
        }
    };
    let meant = Meant { known: Known::MayDiffer, ..Meant::default() };
    let target = Folder::at(desk.join("restored"));
    let mut restoration = Restoration::new(&target, meant, &access()).expect("nothing is there");
    let opened = fs::File::open(&file).expect("it was written");
    if let Ok((taken, _)) = restoration.take_backup((&file, &opened), None) {
        let holding = holding.expect("what is taken is a backup");
        assert_eq!((holding.head, holding.origin), (taken.head, taken.origin));
        if let Ok(restored) = restoration.finish(&Checkpoints::default(), &access()) {
            check(&restored.publish().expect("nothing is there"), taken.head.len, &file);
        }
    } else {
        drop(restoration);
    }
    let beside = fs::read_dir(&desk).expect("it is there").map(|entry| entry.expect("it can be listed").file_name());
    let beside: Vec<_> = beside.filter(|name| name != "a.backup" && name != "restored").collect();
    assert!(beside.is_empty(), "{beside:?}");
    fs::remove_dir_all(&desk).expect("it is there");
});

/// What was restored has so many events, and its backup goes on with it.
fn check(target: &Folder, len: u64, file: &Path) {
    let log = Log::read(target, &access()).expect("it was restored");
    assert_eq!(log.len(), len);
    let newest = log.value(len - 1).expect("within").expect("it can be read");
    let origin = log.origin().clone();
    drop(log);
    let done = backup(target, file, &access()).expect("the backup is its own");
    assert_eq!((done.before, done.head.len, done.head.hash), (len, len, event_hash(&newest)));
    let holding = look(file).expect("it is a backup").expect("it is a backup");
    assert_eq!((holding.head, holding.origin, holding.rest), (done.head, origin, None));
}
