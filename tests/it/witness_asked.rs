//! Witnesses asked over HTTP. The worries are a witness that is believed without its signature, one that takes what the
//! client has of time, memory or disk, and a log that was forked or rolled back and does not learn it from its witnesses.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::{Answer, Desk};
use crate::witness_http::Served;
use crate::witnesses::{append, copy, desk, verdict};

/// Adds the addresses of witnesses to the policy.
fn name_addresses(desk: &Desk, addresses: &[(&str, &str)]) {
    let policy = fs::read_to_string(desk.path().join("policy")).expect("there is one");
    let line = |line: &str| {
        let of = |(name, _): &&(&str, &str)| line.starts_with(&format!("witness {name} "));
        let words: Vec<&str> = line.split(' ').take(3).collect();
        addresses.iter().find(of).map_or(line.to_owned(), |(_, url)| format!("{} {url}", words.join(" ")))
    };
    let lines: Vec<String> = policy.lines().map(line).collect();
    desk.write("policy", lines.join("\n") + "\n");
}

fn witness(desk: &Desk, ledger: &str, more: &str) -> Answer {
    desk.run(&format!("checkpoint witness --policy policy --ledger {ledger} {more}"))
}

/// What is kept of witnesses in a ledger.
fn kept(desk: &Desk, ledger: &str) -> usize {
    fs::read_dir(desk.path().join(ledger).join("cosignatures")).map_or(0, Iterator::count)
}

#[test]
fn every_witness_of_a_policy_is_asked_and_then_the_log_verifies() {
    let desk = desk();
    let (one, two) = (Served::begin(&desk, "one", ""), Served::begin(&desk, "two", "--prefix /two"));
    name_addresses(&desk, &[("one", &one.url), ("two", &format!("{}/", two.url))]);
    assert_eq!(verdict(&desk, "verify --ledger ledger").1, "fail", "nobody has seen it");
    let answer = witness(&desk, "ledger", "");
    assert_eq!((answer.code, &*answer.out), (0, ""), "{}", answer.err);
    let line = |name: &str| format!("kept under the checkpoint of 2 events: witness.example/{name}\n");
    assert_eq!(answer.err, line("one") + &line("two"));
    assert_eq!(verdict(&desk, "verify --ledger ledger").1, "pass");
    // From what is remembered; then from what the witness says.
    append(&desk, "ledger", "two");
    assert_eq!(witness(&desk, "ledger", "").code, 0);
    append(&desk, "ledger", "three");
    fs::remove_dir_all(desk.path().join("ledger/cosignatures")).expect("there were some");
    assert_eq!(witness(&desk, "ledger", "").code, 0);
    let (_, _, said) = verdict(&desk, "verify --ledger ledger");
    assert!(said.contains("the first 4 events, seen by one, two"), "{said}");
    assert_eq!(witness(&desk, "ledger", "").code, 0, "the same again");
    let (code, said) = one.end();
    assert_eq!(code, Some(0));
    assert_eq!(
        said.matches(" 409 POST /add-checkpoint: refused").count(),
        1,
        "asked in vain only where nothing was remembered: {said}"
    );
    assert_eq!(said.matches("signed ").count(), 1 + 1 + 1 + 1 + 1, "{said}");
}

#[test]
fn a_witness_is_known_by_its_key() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    let key = |name: &str| desk.run(&format!("witness key --folder {name}")).out;
    desk.write("two.vkey", key("two"));
    desk.write("one.vkey", key("one"));
    let ask = |keys: &str| desk.run(&format!("checkpoint witness {} {keys} --ledger ledger", served.url));
    let answer = ask("--vkey @two.vkey");
    assert!(answer.code == 1 && answer.err.contains("no signature of a known witness"), "{}", answer.err);
    assert_eq!(kept(&desk, "ledger"), 0);
    assert_eq!(ask("--vkey @two.vkey --vkey @one.vkey").code, 0);
    assert_eq!(kept(&desk, "ledger"), 1);
    // An address that the policy gives to one witness does not stand for another.
    name_addresses(&desk, &[("two", &served.url)]);
    assert_eq!(witness(&desk, "ledger", "").code, 1);
    assert_eq!(witness(&desk, "ledger", &served.url).code, 0, "one that is named does");
    assert_eq!(ask("").code, 2);
    assert_eq!(ask("--vkey @log.vkey").code, 2, "a log is no witness");
    assert_eq!(desk.run("checkpoint witness --vkey @one.vkey --ledger ledger").code, 2);
    assert_eq!(ask("--vkey @one.vkey --policy policy").code, 2);
}

#[test]
fn an_address_is_of_plain_http_and_what_else_to_do_is_said() {
    let desk = desk();
    assert!(witness(&desk, "ledger", "").err.contains("no witness of the policy has an address"));
    let answer = witness(&desk, "ledger", "https://witness.example/desk/");
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("https://witness.example/desk/add-checkpoint"), "{}", answer.err);
    assert_eq!(witness(&desk, "ledger", "witness.example").code, 2);
    let nobody = witness(&desk, "ledger", "http://127.0.0.1:1");
    assert!(nobody.code == 3 && nobody.err.contains("no answer"), "{}", nobody.err);
}

#[test]
fn a_fork_is_an_alarm_of_the_log_with_both_checkpoints_kept() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    copy(&desk, "ledger", "other");
    copy(&desk, "ledger", "longer");
    append(&desk, "ledger", "two");
    for (ledger, id) in [("other", "another-two"), ("longer", "yet-another"), ("longer", "and-more")] {
        fs::remove_dir_all(desk.path().join("state")).expect("something was remembered");
        append(&desk, ledger, id);
    }
    assert_eq!(witness(&desk, "ledger", &served.url).code, 0);
    for (ledger, sizes) in [("other", ["3", "3"]), ("longer", ["3", "3"])] {
        let answer = witness(&desk, ledger, &served.url);
        assert!(answer.code == 1 && answer.err.contains("FORK") && answer.err.contains("hint"), "{}", answer.err);
        assert_eq!(evidence(&desk, ledger), sizes, "{ledger}");
        assert_eq!(kept(&desk, ledger), 0);
    }
}

/// The sizes of the checkpoints that are kept as evidence.
fn evidence(desk: &Desk, ledger: &str) -> Vec<String> {
    let entries = fs::read_dir(desk.path().join(ledger).join("evidence")).expect("evidence is kept");
    let notes = entries.map(|entry| fs::read_to_string(entry.expect("it can be listed").path()).expect("it is text"));
    let mut sizes: Vec<String> = notes.filter_map(|note| note.lines().nth(1).map(str::to_owned)).collect();
    sizes.sort();
    sizes
}

#[test]
fn a_rollback_is_an_alarm_of_the_log_with_both_checkpoints_kept() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    copy(&desk, "ledger", "backup");
    append(&desk, "ledger", "two");
    assert_eq!(witness(&desk, "ledger", &served.url).code, 0);
    let answer = witness(&desk, "backup", &served.url);
    assert!(answer.code == 1 && answer.err.contains("ROLLBACK: the log has 2 events"), "{}", answer.err);
    assert_eq!(evidence(&desk, "backup"), ["2", "3"]);
    // A checkpoint that is missing here is had from the witness.
    append(&desk, "ledger", "three");
    fs::remove_file(desk.path().join("ledger/checkpoints/3")).expect("it was signed");
    fs::remove_dir_all(desk.path().join("ledger/cosignatures")).expect("there were some");
    assert_eq!(witness(&desk, "ledger", &served.url).code, 0);
    // And one that is not signed here yet is no rollback.
    fs::remove_file(desk.path().join("ledger/checkpoints/4")).expect("it was signed");
    let answer = witness(&desk, "ledger", &served.url);
    assert!(answer.code == 3 && answer.err.contains("`servanda checkpoint` signs"), "{}", answer.err);
}

/// A witness that answers the same to everything that it is asked, and to nothing if that is none.
fn answering(answer: Option<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    // It ends with the test's process.
    thread::spawn(move || {
        let mut silent = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let Some(answer) = answer.clone() else {
                silent.push(stream);
                continue;
            };
            let mut read = [0; 4096];
            let _ = stream.read(&mut read);
            let is_endless = answer.ends_with(b"...");
            while stream.write_all(&answer).is_ok() && is_endless {}
        }
    });
    url
}

fn with_text(status: &str, fields: &str, text: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n{text}", text.len()).into_bytes()
}

#[test]
fn a_witness_that_answers_nonsense_is_told_so_and_nothing_of_it_is_kept() {
    let desk = desk();
    let size = "Content-Type: text/x.tlog.size\r\n";
    let unheard = "— witness.example/one AAAAAAA=\n";
    for (answer, code, said) in [
        (b"220 mail.example ESMTP\r\n".to_vec(), 3, "gave no answer"),
        (Vec::new(), 3, "gave no answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec(), 3, "gave no answer"),
        (with_text("200 OK", "", ""), 1, "nonsense"),
        (with_text("200 OK", "", "hello\n"), 1, "nonsense"),
        (with_text("200 OK", "", unheard), 1, "no signature of a known witness"),
        (with_text("200 OK", "", &"a".repeat(1 << 20)), 1, "longer than any answer"),
        (with_text("200 OK", "Transfer-Encoding: chunked\r\n", "zz\r\n"), 3, "gave no answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n\xff\xff".to_vec(), 1, "no text"),
        (with_text("302 Found", "Location: http://127.0.0.1:1/\r\n", ""), 1, "status 302"),
        (with_text("404 Not Found", "", "no\u{1b}[31m such\nlog"), 1, "status 404: no\\u{1b}[31m such"),
        (with_text("403 Forbidden", "", "no"), 1, "another key"),
        (with_text("422 Unprocessable", "", "no"), 1, "the proof holds here"),
        (with_text("503 Busy", "", "no"), 1, "status 503"),
        (with_text("409 Conflict", "", "1\n"), 1, "409 without the size"),
        (with_text("409 Conflict", size, "01\n"), 1, "409 without the size"),
        (with_text("409 Conflict", size, "1"), 1, "409 without the size"),
        (with_text("409 Conflict", size, "0\n"), 3, "nonsense"),
        (with_text("409 Conflict", size, "1\n"), 3, "no checkpoint of that many is kept here"),
        (with_text("409 Conflict", size, "2\n"), 3, "nonsense: asked from 2 events on"),
        (with_text("409 Conflict", size, "9\n"), 1, "says that it signed 9 events"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n...".to_vec(), 3, "gave no answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n...".to_vec(), 1, "longer than any answer"),
    ] {
        let what = String::from_utf8_lossy(&answer[..answer.len().min(80)]).into_owned();
        let found = witness(&desk, "ledger", &answering(Some(answer)));
        assert_eq!(found.code, code, "{what}: {}", found.err);
        assert!(found.err.contains(said), "{what}: {}", found.err);
        assert!(!found.err.contains('\u{1b}'), "{}", found.err);
        assert_eq!(kept(&desk, "ledger"), 0, "{what}");
        assert!(!desk.path().join("ledger/evidence").exists(), "{what}");
    }
}

#[test]
fn a_witness_that_never_answers_is_waited_for_no_longer_than_said_and_keeps_no_other_from_being_asked() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    let silent = answering(None);
    let answer = witness(&desk, "ledger", &format!("{silent} {} --timeout 1", served.url));
    assert!(answer.code == 3 && answer.err.contains("did not answer in time"), "{}", answer.err);
    assert!(answer.err.contains("kept under the checkpoint of 2 events: witness.example/one"), "{}", answer.err);
    assert_eq!(kept(&desk, "ledger"), 1);
    assert_eq!(witness(&desk, "ledger", &format!("{silent} --timeout 0")).code, 2);
}
