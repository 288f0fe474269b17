//! What an account remembers, whatever lies in its folder and whoever writes there too.

use super::*;

fn log(origin: &str, byte: u8) -> LogId {
    LogId { origin: origin.parse().expect("an origin"), genesis: EventHash::from_bytes([byte; 32]) }
}

#[test]
fn a_folder_is_one_place_whichever_way_leads_there_and_whether_it_is_there_or_not() {
    let desk = tempfile::tempdir().expect("a temporary folder");
    let memory = Memory::at(desk.path().join("account"));
    let (log, other) = (log("test.example/one", 1), log("test.example/one", 2));
    memory.holds(&Folder::at(desk.path().join("ledger")), &log).expect("there is room");
    std::fs::create_dir(desk.path().join("ledger")).expect("there is room");
    std::os::unix::fs::symlink(desk.path(), desk.path().join("link")).expect("a fresh link");
    for path in ["ledger", "link/ledger", "ledger/../ledger"] {
        let folder = Folder::at(desk.path().join(path));
        assert_eq!(memory.held(&folder).expect("it can be read"), Some(log.clone()), "{path}");
        assert!(matches!(memory.meet(&folder, &other), Err(MemoryError::Replaced { .. })), "{path}");
    }
    let folder = Folder::at(desk.path().join("ledger"));
    memory.never_held(&folder, &other, None);
    assert!(memory.held(&folder).expect("it can be read").is_some(), "that was never said");
    memory.holds(&folder, &other).expect("there is room");
    memory.never_held(&folder, &other, Some(&log));
    assert_eq!(memory.held(&folder).expect("it can be read"), Some(log.clone()), "it holds what it held");
    memory.never_held(&folder, &log, None);
    assert_eq!(memory.held(&folder).expect("it can be read"), None);
    assert_eq!(memory.all().expect("it can be read"), []);
}

#[test]
fn whatever_lies_in_the_place_of_a_place_is_told_and_changes_nothing() {
    let desk = tempfile::tempdir().expect("a temporary folder");
    let memory = Memory::at(desk.path());
    let (folder, log) = (Folder::at("/ledger"), log("test.example/one", 1));
    memory.holds(&folder, &log).expect("there is room");
    let file = memory.place(Path::new("/ledger")).expect("there is an account");
    let sound = std::fs::read(&file).expect("it was written");
    let long = vec![b'a'; 20_000];
    for hostile in [&b""[..], b"\n", b"test.example/one\n", &sound[..40], b"\xff\n\xff\n", b"One\n00\n", &long] {
        std::fs::write(&file, hostile).expect("there is room");
        assert!(memory.meet(&folder, &log).is_err(), "{hostile:?}");
    }
    std::fs::remove_file(&file).expect("it is ours");
    std::os::unix::fs::symlink("/dev/zero", &file).expect("a fresh link");
    assert!(memory.meet(&folder, &log).is_err());
    memory.holds(&folder, &log).expect("a link is replaced");
    assert_eq!(memory.meet(&folder, &log).expect("it can be read"), Met::Before);
}

#[test]
fn processes_that_remember_at_once_leave_one_answer_and_every_log() {
    let desk = tempfile::tempdir().expect("a temporary folder");
    let (memory, folder) = (Memory::at(desk.path()), Folder::at("/ledger"));
    let logs: Vec<LogId> = (0..8).map(|byte| log("test.example/one", byte)).collect();
    std::thread::scope(|scope| {
        for log in &logs {
            let (memory, folder) = (&memory, &folder);
            scope.spawn(move || memory.holds(folder, log).expect("there is room"));
        }
    });
    let held = memory.held(&folder).expect("it can be read").expect("somebody was last");
    assert!(logs.contains(&held));
    assert_eq!(memory.all().expect("it can be read").len(), logs.len());
    let forgotten = memory.forget(&held.origin).expect("it can be moved").expect("it was remembered");
    assert_eq!((forgotten.known.len(), forgotten.aside.len()), (8, 1));
    assert_eq!(memory.held(&folder).expect("it can be read"), None);
    assert!(memory.forget(&held.origin).expect("it can be read").is_none());
}

#[test]
fn what_else_an_account_keeps_is_not_forgotten_with_a_log_of_that_name() {
    let desk = tempfile::tempdir().expect("a temporary folder");
    let memory = Memory::at(desk.path());
    for name in OTHERS {
        let (origin, file) = (Origin::parse(name).expect("an origin"), desk.path().join(name).join("3"));
        std::fs::create_dir_all(desk.path().join(name)).expect("there is room");
        std::fs::write(&file, "nothing of a log").expect("there is room");
        assert!(!memory.has_nameless(&origin), "{name}");
        assert!(memory.forget(&origin).expect("it can be read").is_none(), "{name}");
        memory.holds(&Folder::at("/ledger"), &log(name, 1)).expect("there is room");
        assert!(memory.forget(&origin).expect("it can be moved").is_some(), "{name}");
        assert!(file.is_file(), "{name}");
    }
}
