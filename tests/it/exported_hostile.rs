//! Exports that somebody made, cut or changed: restoring refuses each, says where and why, and leaves nothing behind.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use servanda::domain::id::{Origin, Recorder};
use servanda::event::statement::split;
use servanda::exchange::ndjson;
use servanda::integrity::SigningKey;
use servanda::integrity::digest::event_hash;
use servanda::ledger::write::genesis::{NewLedger, StagedLedger};
use servanda::ledger::{Draft, Folder, KeyFile};

use crate::hostile::run;
use crate::support::{Desk, access, append, armor, body, draft, found, key, moment, read};

/// A ledger's events, in batches that end with the events 0, 3 and 5, and a desk to restore them on.
struct Export {
    desk: Desk,
    events: Vec<Vec<u8>>,
}

impl Export {
    fn new() -> Self {
        let desk = Desk::new();
        let folder = found(desk.path());
        append(&folder, missions(&["a", "b", "c"])).expect("it is admissible");
        append(&folder, missions(&["d", "e"])).expect("it is admissible");
        Self { events: events(&folder), desk }
    }

    /// Restoring this is refused with that message, and leaves nothing behind.
    #[track_caller]
    fn check(&self, export: impl AsRef<[u8]>, said: &str) {
        self.desk.write("export.ndjson", export);
        self.refused(&["restore", "export.ndjson", "restored"], said);
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], said: &str) {
        let answer = run(&self.desk, arguments);
        assert_eq!((answer.code, answer.out.as_str()), (1, ""), "{}", answer.err);
        assert!(answer.err.starts_with("error: ") && answer.err.contains("hint: "), "{}", answer.err);
        assert!(answer.err.contains(said), "no `{said}` in {:.2000}", answer.err);
        assert_eq!(left_over(&self.desk), [""; 0]);
    }
}

/// What restoring left on the desk.
fn left_over(desk: &Desk) -> Vec<String> {
    let names =
        fs::read_dir(desk.path()).expect("it can be listed").map(|entry| entry.expect("it can be listed").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name == "restored" || name.starts_with(".servanda-new-")).collect()
}

fn missions(ids: &[&str]) -> Vec<Draft> {
    ids.iter().map(|id| draft(body("mission", json!({"id": id, "title": id})))).collect()
}

fn events(folder: &Folder) -> Vec<Vec<u8>> {
    let (log, _) = read(folder);
    (0..log.len()).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect()
}

/// The export of these events, each with its right hash.
fn export(events: &[Vec<u8>]) -> String {
    events.iter().map(|event| ndjson::line(event).expect("it is text")).collect()
}

/// The event with another statement, signed by that key if it was signed.
fn changed(event: &[u8], key: &KeyFile, change: impl FnOnce(&str) -> String) -> Vec<u8> {
    let (statement, signature) = split(event).expect("a sound event");
    let statement = format!("{}\n", change(statement));
    let signature = signature.map(|_| armor(key, &statement));
    (statement + &signature.unwrap_or_default()).into_bytes()
}

fn stranger() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[8; 32]))
}

#[test]
fn the_export_as_it_was_is_restored() {
    let case = Export::new();
    case.desk.write("export.ndjson", export(&case.events));
    let answer = run(&case.desk, &["restore", "export.ndjson", "restored"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(events(&Folder::at(case.desk.path().join("restored"))), case.events);
}

#[test]
fn what_is_no_export_is_refused() {
    let case = Export::new();
    case.check("", "export.ndjson is empty");
    for neither in
        [&b"\n"[..], b"[]\n", b"hello\n", b"\x7fELF\xff\0\n", "\u{1b}[31m\u{202e}{\"\u{1b}[31m\":1}\n".as_bytes()]
    {
        case.check(neither, "export.ndjson is neither a backup nor an export");
    }
    case.check("{\n\n", "line 1: not an exported event, at column 1");
    case.check(export(&case.events).replacen('\n', "\n\n", 1), "line 2: an event was expected, and the line is empty");
    case.check(b"{\"a\xff\0\n", "line 1: not UTF-8 from byte 3 on");
    case.check("{\"\u{1b}[31m\":1}\n", "line 1: not an exported event");
    case.check(export(&case.events).replace("\"v\":1}\n", "\"v\":1,\"\u{202e}x\":0}\n"), "unknown field");
    let statements: Vec<_> = case.events.iter().map(|event| split(event).expect("sound").0).collect();
    case.check(statements.join("\n"), "line 1: not an exported event");
}

#[test]
fn an_export_that_was_cut_is_refused() {
    let case = Export::new();
    let text = export(&case.events);
    case.check(&text[..text.len() - 9], "line 6: not an exported event, at column");
    case.check(&text[..text.len() - 9], "the line is cut off");
    for len in [2, 3, 5] {
        let said = format!("the events end with event {}, in the middle of a batch", len - 1);
        case.check(export(&case.events[..len]), &said);
    }
    case.check(export(&case.events[1..]), "line 1: event 0: says that it is event 1, and stands at 0");
}

#[test]
fn an_export_cut_between_batches_is_an_older_ledger_that_a_known_head_tells() {
    let case = Export::new();
    let (older, newest) = (event_hash(&case.events[3]).to_string(), event_hash(&case.events[5]).to_string());
    case.desk.write("export.ndjson", export(&case.events[..4]));
    let restore = ["restore", "export.ndjson", "restored", "--expect-head"];
    let said = format!("the events end with event 3, which hashes to {older}, not to the {newest} that was given");
    case.refused(&[&restore[..], &[newest.as_str()]].concat(), &said);
    assert_eq!(run(&case.desk, &[&restore[..], &[older.as_str()]].concat()).code, 0);
}

#[test]
fn a_changed_event_is_refused_by_the_hash_beside_it() {
    let case = Export::new();
    let text = export(&case.events);
    for (line, what) in [(2, "\\\"title\\\":\\\"b\\\""), (5, "\\\"title\\\":\\\"e\\\"")] {
        let change = what.replace("title\\\":\\\"", "title\\\":\\\"x");
        assert_eq!(text.matches(what).count(), 1);
        let (seq, said) = (line, "its bytes hash to");
        case.check(text.replace(what, &change), &format!("line {}: event {seq}: {said}", line + 1));
    }
    let (first, last) = (event_hash(&case.events[0]).to_string(), event_hash(&case.events[5]).to_string());
    case.check(text.replacen(&first, &last, 1), &format!("line 1: event 0: its bytes hash to {first}, not to {last}"));
    // A signature belongs to the bytes that are hashed.
    case.check(text.replacen("-----END", "------END", 1), "line 1: event 0: its bytes hash to");
}

#[test]
fn a_changed_event_with_its_right_hash_is_refused_by_the_next_or_by_its_signature() {
    let case = Export::new();
    let with = |seq: usize, event: Vec<u8>| {
        let mut events = case.events.clone();
        events[seq] = event;
        export(&events)
    };
    let retitled = |line: &str| line.replace("\"title\":\"", "\"title\":\"x");
    case.check(with(2, changed(&case.events[2], &key(), retitled)), "line 4: event 2: hashes to");
    // Signed again by its recorder, an event is as good as the first: only a head that was kept tells. Not so in the
    // middle, and not by a stranger.
    case.check(with(3, changed(&case.events[3], &key(), retitled)), "line 5: event 3: hashes to");
    case.check(with(5, changed(&case.events[5], &stranger(), retitled)), "line 6: event 4: the key SHA256:");
    let (statement, _) = split(&case.events[5]).expect("sound");
    let (_, other) = split(&case.events[3]).expect("sound");
    let borrowed = format!("{statement}\n{}", other.expect("it ends a batch")).into_bytes();
    case.check(with(5, borrowed), "line 6: event 5: ");
    case.check(
        with(5, format!("{statement}\n").into_bytes()),
        "line 6: event 5: event 5 of the batch that ends with 5 is not signed",
    );
    let spaced = |line: &str| line.replacen(':', ": ", 1);
    case.check(
        with(5, changed(&case.events[5], &key(), spaced)),
        "line 6: event 5: the statement is not canonical JSON",
    );
    case.check(
        with(0, changed(&case.events[0], &key(), spaced)),
        "line 1: event 0: the statement is not canonical JSON",
    );
    case.check(with(0, changed(&case.events[0], &stranger(), str::to_owned)), "line 1: event 0: the key SHA256:");
    let defaulted = |line: &str| line.replace(",\"v\":1}", ",\"standing\":\"confirmed\",\"v\":1}");
    case.check(with(5, changed(&case.events[5], &key(), defaulted)), "line 6: event 5: ");
    let endless = |line: &str| line.replace("\"batch\":5", "\"batch\":9007199254740991");
    case.check(with(4, changed(&case.events[4], &key(), endless)), "line 5: event 4: says that its batch ends with");
}

#[test]
fn lines_in_another_order_are_refused() {
    let case = Export::new();
    let of = |seqs: &[usize]| export(&seqs.iter().map(|seq| case.events[*seq].clone()).collect::<Vec<_>>());
    case.check(of(&[0, 2, 1, 3, 4, 5]), "line 2: event 1: says that it is event 2, and stands at 1");
    case.check(of(&[0, 1, 1, 2, 3, 4, 5]), "line 3: event 2: says that it is event 1, and stands at 2");
    case.check(of(&[0, 1, 3, 4, 5]), "line 3: event 2: says that it is event 3, and stands at 2");
    case.check(of(&[0, 4, 5]), "line 2: event 1: says that it is event 4, and stands at 1");
    case.check(of(&[5, 4, 3, 2, 1, 0]), "line 1: event 0: says that it is event 5, and stands at 0");
    case.check(of(&[0, 1, 2, 3, 4, 5, 0]), "line 7: event 6: says that it is event 0, and stands at 6");
}

#[test]
fn events_of_another_ledger_are_refused() {
    let case = Export::new();
    let founding = NewLedger {
        origin: Origin::parse("test.example/other").expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: moment(0),
    };
    let target = Folder::at(case.desk.path().join("other"));
    let folder = StagedLedger::new(&target, founding, &key(), &access())
        .and_then(StagedLedger::publish)
        .expect("it can be founded");
    append(&folder, missions(&["a", "b", "c"])).expect("it is admissible");
    let other = events(&folder);
    let mixed = export(&[&case.events[..1], &other[1..]].concat());
    case.check(&mixed, "belongs to the ledger test.example/other, not to test.example/ledger");
    case.check(&mixed, "line 2: event 0: hashes to");
    case.desk.write("export.ndjson", export(&other));
    let genesis = event_hash(&case.events[0]).to_string();
    let arguments = ["restore", "export.ndjson", "restored", "--genesis", &genesis];
    case.refused(&arguments, &format!("line 1: event 0: genesis hashes to {}, not to", event_hash(&other[0])));
}

#[test]
fn lines_and_batches_without_end_are_refused_in_bounded_memory() {
    let case = Export::new();
    case.check(format!("{{{}", "x".repeat(1 << 20)), "line 1: a line has at most 394234 bytes");
    let long = format!("{{\"statement\":\"{}\"}}\n", "x".repeat(1 << 20));
    case.check([export(&case.events), long].concat(), "line 7: a line has at most 394234 bytes");
    let zeros = File::create(case.desk.path().join("export.ndjson")).expect("it can be made");
    zeros.set_len(3 << 30).expect("a file may have holes");
    case.refused(&["restore", "export.ndjson", "restored"], "export.ndjson begins with zeros");
    let brackets = format!("{{\"a\":{}\n", "[".repeat(300_000));
    case.check(brackets, "line 1: not an exported event");
    let large = format!("{{\"batch\":{}\n", "1".repeat(70_000));
    let line = json!({"hash": event_hash(large.as_bytes()), "statement": large.trim_end(), "v": 1});
    case.check(line.to_string(), "line 1: event 0: an event has at most 65535 bytes, this one has");
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let case = Export::new();
    case.desk.write("export.ndjson", export(&case.events));
    fs::create_dir(case.desk.path().join("empty")).expect("a folder can be made");
    std::os::unix::fs::symlink("nowhere", case.desk.path().join("link")).expect("a link can be made");
    for there in ["empty", "link", "ledger", "export.ndjson"] {
        let answer = run(&case.desk, &["restore", "export.ndjson", there]);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{there}");
        assert!(answer.err.contains("is there already"), "{}", answer.err);
    }
    let absent = run(&case.desk, &["restore", "absent", "restored"]);
    assert_eq!((absent.code, left_over(&case.desk).len()), (3, 0));
    assert!(absent.err.contains("absent cannot be read"), "{}", absent.err);
}

#[test]
fn a_restore_that_is_killed_leaves_no_ledger_and_the_same_command_goes_on() {
    let case = Export::new();
    let text = export(&case.events);
    case.desk.write("export.ndjson", &text);
    let mut command = case.desk.command(["restore", "-", "restored"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary runs");
    let half = &text.as_bytes()[..text.len() - 20];
    child.stdin.take().map(|mut input| input.write_all(half).map(|()| std::mem::forget(input)));
    // It has made its folder aside once there is one.
    while left_over(&case.desk).is_empty() {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before its input did");
        std::thread::yield_now();
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(!case.desk.path().join("restored").exists());
    assert_eq!(run(&case.desk, &["restore", "export.ndjson", "restored"]).code, 0);
}
