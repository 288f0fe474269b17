//! A witness over HTTP: it answers as the specification says, to friends and strangers alike. The worries are a status that
//! another implementation does not expect, a fork that is signed because two ask at once or because the witness was killed,
//! and a client that keeps others from being served, whether it is slow, large or talks nonsense.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use servanda::exchange::witness::server::{Limits, Server};
use servanda::integrity::note_key::WitnessSigner;
use servanda::ledger::publish::witness::{Memory, Witness};

use crate::support::Desk;
use crate::witnesses::{append, copy, desk};

/// A witness that is served by a process of its own.
pub(crate) struct Served {
    child: Child,
    /// Where it says that it is asked.
    pub(crate) url: String,
}

impl Served {
    /// Serves the witness in a folder, at a port that is free.
    pub(crate) fn begin(desk: &Desk, folder: &str, more: &str) -> Self {
        let line = format!("witness serve --log @log.vkey --folder {folder} {more}");
        let listen = if more.contains("--listen") { "" } else { " --listen 127.0.0.1:0" };
        Self::of(&mut desk.command((line + listen).split_whitespace()))
    }

    /// Starts a command, and waits until it says where it listens.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("it is piped")).read_line(&mut line).expect("it can be read");
        let url = line.trim_end().strip_prefix("listening on ").map(str::to_owned);
        let url = url.unwrap_or_else(|| {
            let mut said = String::new();
            let _ = child.stderr.take().map(|mut err| err.read_to_string(&mut said));
            panic!("it does not listen: {line}{said}")
        });
        Self { child, url }
    }

    /// Asks it to end, and gives its exit code and what it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let asked = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(asked.expect("there is kill").success());
        let mut said = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
        (self.child.wait().expect("it is ours").code(), said)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }

    fn connect(&self) -> TcpStream {
        connect(&self.url)
    }

    /// Sends bytes, ends, and reads the whole answer.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        sent(self.connect(), bytes.as_ref())
    }

    fn add_checkpoint(&self, body: &str) -> (u16, String, String) {
        parts(&self.send(post("/add-checkpoint", body)))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(url: &str) -> TcpStream {
    let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    TcpStream::connect(address).expect("it listens")
}

fn sent(mut stream: TcpStream, bytes: &[u8]) -> String {
    // A server that refuses need not read everything.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers with text");
    answer
}

pub(crate) fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: witness\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status, the fields and the text of an answer.
pub(crate) fn parts(answer: &str) -> (u16, String, String) {
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|head| head.get(..3)).and_then(|status| status.parse().ok());
    (status.expect("a status"), head.to_lowercase(), text.to_owned())
}

/// What a witness is asked of a ledger.
pub(crate) fn request(desk: &Desk, ledger: &str, old: u64) -> String {
    let request = desk.run(&format!("checkpoint request --old {old} --ledger {ledger}"));
    assert_eq!(request.code, 0, "{}", request.err);
    request.out
}

#[test]
fn each_request_is_answered_with_the_status_of_the_specification() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    let first = request(&desk, "ledger", 0);
    assert_eq!(served.add_checkpoint(&first.replace("test.example/ledger", "other.example")).0, 404);
    let unsigned = first.replacen("\n2\n", "\n3\n", 1);
    assert_eq!(served.add_checkpoint(&unsigned).0, 403);
    assert_eq!(served.add_checkpoint(&first.replacen("old 0", "old 3", 1)).0, 400);
    let needless = first.replacen("old 0\n", &format!("old 0\n{}=\n", "A".repeat(43)), 1);
    assert_eq!(served.add_checkpoint(&needless).0, 422);
    let (status, head, line) = served.add_checkpoint(&first);
    assert!(status == 200 && line.starts_with("— witness.example/one ") && line.ends_with('\n'), "{status}: {line}");
    assert!(head.contains("\r\ndate: ") && head.contains("\r\ncontent-type: text/plain"), "{head}");

    append(&desk, "ledger", "two");
    let next = request(&desk, "ledger", 2);
    let (status, head, text) = served.add_checkpoint(&request(&desk, "ledger", 0));
    assert_eq!((status, &*text), (409, "2\n"));
    assert!(head.contains("\r\ncontent-type: text/x.tlog.size\r\n"), "{head}");
    let lines: Vec<&str> = next.lines().collect();
    let swapped = next.replacen(lines[1], &format!("{}=", "A".repeat(43)), 1);
    let (status, _, said) = served.add_checkpoint(&swapped);
    assert!(status == 422 && !said.contains(desk.path().to_str().expect("a name")), "{said}");
    assert_eq!(served.add_checkpoint(&next).0, 200);
    for nonsense in ["", "nonsense", "old 0\n", "old 0\n\n", "old 0\n\na\nb\n\n— c d\n"] {
        assert_eq!(served.add_checkpoint(nonsense).0, 400, "{nonsense:?}");
    }
    let (code, said) = served.end();
    assert!(code == Some(0) && said.contains("signed 3 events of test.example/ledger"), "{said}");
}

#[test]
fn what_is_no_request_to_sign_is_told_so() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "--prefix /desk/");
    assert!(served.url.ends_with("/desk"), "{}", served.url);
    let ask = |text: &str| parts(&served.send(text.replace('\n', "\r\n") + "\r\n\r\n"));
    let (status, head, _) = ask("GET /desk/add-checkpoint HTTP/1.1\nHost: w");
    assert!(status == 405 && head.contains("\r\nallow: post\r\n"), "{head}");
    assert_eq!(ask("PUT /desk/add-checkpoint HTTP/1.1\nHost: w\nContent-Length: 0").0, 405);
    assert_eq!(ask("POST /add-checkpoint HTTP/1.1\nHost: w\nContent-Length: 0").0, 404);
    assert_eq!(ask("POST /desk/sign-subtree HTTP/1.1\nHost: w\nContent-Length: 0").0, 404);
    assert_eq!(ask("POST /desk/add-checkpoint HTTP/1.1\nHost: w").0, 411);
    assert_eq!(ask("POST /desk/add-checkpoint HTTP/1.1\nHost: w\nTransfer-Encoding: chunked").0, 411);
    assert_eq!(ask("POST /desk/add-checkpoint HTTP/1.1\nContent-Length: 0").0, 400);
    assert_eq!(ask("EHLO there").0, 400);
    assert_eq!(ask(&format!("GET / HTTP/1.1\nHost: w\nA: {}", "b".repeat(9000))).0, 431);
    // Also while it is still being sent.
    assert_eq!(parts(&served.send(post("/desk/add-checkpoint", &"a".repeat(2 << 20)))).0, 413);
    let far = "POST /desk/add-checkpoint HTTP/1.1\nHost: w\nContent-Length: 99999999999999999999999";
    assert_eq!(ask(far).0, 413);
    let binary =
        b"POST /desk/add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\xff\xfe";
    assert_eq!(parts(&served.send(binary)).0, 400);
    // A client that goes away in the middle is none.
    assert_eq!(served.send("POST /desk/add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\nold"), "");
    assert_eq!(parts(&served.send(post("/desk/add-checkpoint", &request(&desk, "ledger", 0)))).0, 200);
}

#[test]
fn monitors_are_shown_what_was_signed_last() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    // By `printf test.example/ledger | sha256sum`.
    let hash = "b0313082870adbad07750c8f5f16be9fd58f8dffe25213787d927738ffeb68c0";
    let get = |method: &str, hash: &str| {
        parts(&served.send(format!("{method} /{hash}/checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")))
    };
    assert_eq!(get("GET", hash).0, 404, "nothing was signed yet");
    let (_, _, line) = served.add_checkpoint(&request(&desk, "ledger", 0));
    let (status, head, note) = get("GET", hash);
    assert!(status == 200 && note.starts_with("test.example/ledger\n2\n") && note.ends_with(&line), "{note}");
    assert!(note.contains("\n— test.example/ledger "), "{note}");
    let (status, own, text) = get("HEAD", hash);
    let length = |head: &str| head.lines().find(|line| line.starts_with("content-length")).map(str::to_owned);
    assert_eq!((status, length(&own), &*text), (200, length(&head), ""));
    assert_eq!(get("POST", hash).0, 405);
    assert_eq!(get("GET", &"0".repeat(64)).0, 404);
    assert_eq!(get("GET", &hash.to_uppercase()).0, 404);
    assert_eq!(get("GET", "../one/key").0, 404);
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    let body = request(&desk, "ledger", 0);
    let again = body.replacen("old 0", "old 2", 1);
    let keep = |body: &str| post("/add-checkpoint", body).replace("Connection: close\r\n", "");
    let last = post("/add-checkpoint", &again);
    // All at once, of which the last one says that it is.
    let answer = served.send(keep(&body) + &keep(&again) + &last);
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    assert_eq!(answer.matches("Connection: close").count(), 1, "{answer}");
    // Who waits to be told to send the body is told.
    let mut stream = served.connect();
    let (head, body) = last.split_once("\r\n\r\n").expect("it has a head");
    stream.write_all(format!("{head}\r\nExpect: 100-continue\r\n\r\n").as_bytes()).expect("it listens");
    let mut told = [0; 25];
    stream.read_exact(&mut told).expect("it answers");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(parts(&sent(stream, body.as_bytes())).0, 200);
}

#[test]
fn a_slow_client_does_not_keep_others_from_being_served() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    let body = request(&desk, "ledger", 0);
    let whole = post("/add-checkpoint", &body);
    let mut slow: Vec<TcpStream> = (0..8).map(|_| served.connect()).collect();
    for (stream, length) in slow.iter_mut().zip([0, 1, 20, 60, 100, 120, 130, 140]) {
        stream.write_all(&whole.as_bytes()[..length]).expect("it listens");
    }
    assert_eq!(served.add_checkpoint(&body).0, 200);
    // And it ends although they are there.
    assert_eq!(served.end().0, Some(0));
}

/// Serves a witness of no logs on a thread of its own, while a test talks to it.
fn serving(limits: Limits, talk: impl FnOnce(&str)) {
    let desk = Desk::new();
    let signer = WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
    let witness = Witness::new(signer, Vec::new(), desk.path(), Memory::New);
    let server = Server::bind("127.0.0.1:0".parse().expect("an address"), "", witness, limits).expect("a port is free");
    let url = server.url().expect("it listens");
    let is_to_end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let served = scope.spawn(|| server.run(&|| 5, &|| is_to_end.load(Ordering::Relaxed), &mut |_| {}));
        // Also if what is talked about fails, it ends.
        let talked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| talk(&url)));
        is_to_end.store(true, Ordering::Relaxed);
        served.join().expect("it does not panic").expect("it could begin");
        talked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// A time that no test waits for, and that no connection has to be waited for.
const FOR_EVER: Duration = Duration::from_hours(1);

fn patient() -> Limits {
    Limits { workers: 1, request: FOR_EVER, idle: FOR_EVER, ..Limits::default() }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: w\r\n\r\n";

/// Asks, and reads the whole answer; the connection stays open.
#[track_caller]
fn ask(mut stream: &TcpStream) {
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("it is a time");
    stream.write_all(GET.as_bytes()).expect("it listens");
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"add-checkpoint\n") {
        stream.read_exact(&mut byte).expect("it is answered");
        answer.extend(byte);
    }
    assert!(answer.starts_with(b"HTTP/1.1 404 "), "{}", String::from_utf8_lossy(&answer));
}

/// It was closed, and nothing was said on it.
#[track_caller]
fn is_closed(mut stream: &TcpStream) {
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("it is a time");
    assert_eq!(stream.read(&mut [0; 8]).expect("it is closed"), 0);
}

#[test]
fn whoever_connects_and_says_nothing_holds_no_thread() {
    serving(patient(), |url| {
        let silent: Vec<TcpStream> = (0..100).map(|_| connect(url)).collect();
        ask(&connect(url));
        ask(&silent[50]);
        ask(&silent[0]);
    });
}

#[test]
fn a_connection_that_is_kept_holds_no_thread_either() {
    serving(patient(), |url| {
        let kept: Vec<TcpStream> = (0..3).map(|_| connect(url)).collect();
        for _ in 0..3 {
            kept.iter().for_each(ask);
        }
    });
}

#[test]
fn of_more_connections_than_an_address_has_places_the_one_that_waited_longest_is_closed() {
    for limits in [
        Limits { connections_of_address: 4, ..patient() },
        Limits { connections: 4, ..patient() },
        Limits { connections_of_address: 4, connections: 4, ..patient() },
    ] {
        serving(limits, |url| {
            let silent: Vec<TcpStream> = (0..6).map(|_| connect(url)).collect();
            is_closed(&silent[0]);
            is_closed(&silent[1]);
            silent[2..].iter().for_each(ask);
            // Now that all have asked, the first of them has waited longest.
            let another = connect(url);
            is_closed(&silent[2]);
            ask(&another);
            ask(&silent[3]);
        });
    }
}

#[test]
fn whoever_asks_on_more_connections_than_it_has_turns_is_answered_on_each_of_them() {
    serving(Limits { workers: 4, served_of_address: 1, ..patient() }, |url| {
        let all: Vec<TcpStream> = (0..20).map(|_| connect(url)).collect();
        for mut stream in &all {
            stream.write_all(GET.as_bytes()).expect("it listens");
        }
        for stream in all {
            assert_eq!(parts(&sent(stream, b"")).0, 404);
        }
    });
}

#[test]
fn whoever_says_nothing_for_too_long_is_sent_away() {
    serving(Limits { idle: Duration::from_millis(50), ..patient() }, |url| {
        let silent: Vec<TcpStream> = (0..5).map(|_| connect(url)).collect();
        silent.iter().for_each(is_closed);
    });
}

#[test]
fn slow_clients_cost_others_no_more_than_the_time_of_a_request() {
    let short = Duration::from_millis(300);
    serving(Limits { workers: 2, request: short, idle: short, ..Limits::default() }, |url| {
        // Both threads are held by requests that do not come to their end.
        let mut slow: Vec<TcpStream> = (0..2).map(|_| connect(url)).collect();
        for stream in &mut slow {
            stream.write_all(b"POST /").expect("it listens");
        }
        assert_eq!(parts(&sent(connect(url), GET.as_bytes())).0, 404);
        for mut stream in slow {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("it answers");
            assert_eq!(parts(&answer).0, 408);
        }
    });
}

#[test]
fn of_two_forks_one_is_signed_also_if_both_are_brought_at_once() {
    let desk = desk();
    copy(&desk, "ledger", "other");
    let served = Served::begin(&desk, "one", "");
    assert_eq!(served.add_checkpoint(&request(&desk, "ledger", 0)).0, 200);
    append(&desk, "ledger", "two");
    fs::remove_dir_all(desk.path().join("state")).expect("something was remembered");
    append(&desk, "other", "another-two");
    let forks = [request(&desk, "ledger", 2), request(&desk, "other", 2)];
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = forks.iter().map(|fork| scope.spawn(|| served.add_checkpoint(fork).0)).collect();
        asked.into_iter().map(|asked| asked.join().expect("it is answered")).collect()
    });
    assert!(answers == [200, 409] || answers == [409, 200], "{answers:?}");
}

#[test]
fn what_was_answered_is_remembered_by_a_witness_that_was_killed() {
    let desk = desk();
    copy(&desk, "ledger", "other");
    append(&desk, "ledger", "two");
    fs::remove_dir_all(desk.path().join("state")).expect("something was remembered");
    append(&desk, "other", "another-two");
    let served = Served::begin(&desk, "one", "");
    assert_eq!(served.add_checkpoint(&request(&desk, "ledger", 0)).0, 200);
    served.kill();
    let served = Served::begin(&desk, "one", "");
    let fork = request(&desk, "other", 0);
    let (status, _, known) = served.add_checkpoint(&fork);
    assert_eq!((status, &*known), (409, "3\n"));
    let (status, _, said) = served.add_checkpoint(&fork.replacen("old 0", "old 3", 1));
    assert!(status == 422 && said.contains("ALARM") && !said.contains("evidence/"), "{said}");
    let evidence = fs::read_dir(desk.path().join("one/evidence/test.example+ledger")).expect("evidence is kept");
    assert_eq!(evidence.count(), 2);
    let (code, said) = served.end();
    assert!(code == Some(0) && said.contains("ALARM") && said.contains("one/evidence"), "{said}");
}

#[test]
fn a_witness_that_cannot_keep_what_it_signs_signs_nothing() {
    let desk = desk();
    fs::remove_dir(desk.path().join("one/signed")).expect("it is empty");
    desk.write("one/signed", "in the way");
    let served = Served::begin(&desk, "one", "");
    let (status, _, said) = served.add_checkpoint(&request(&desk, "ledger", 0));
    assert!(status == 500 && !said.contains('—') && !said.contains("signed:"), "{said}");
    let said = served.end().1;
    assert!(said.contains(" 500 POST /add-checkpoint: refused: "), "{said}");
}

#[test]
fn it_listens_where_it_is_told_and_ends_when_it_is_told() {
    let desk = desk();
    let served = Served::begin(&desk, "one", "");
    let taken = desk.run(&format!(
        "witness serve --log @log.vkey --folder two --listen {}",
        served.url.trim_start_matches("http://")
    ));
    assert!(taken.code == 3 && taken.err.contains("hint: "), "{}", taken.err);
    let (code, said) = served.end();
    assert_eq!((code, &*said), (Some(0), ""));
    let (code, said) = Served::begin(&desk, "one", "--listen 0.0.0.0:0").end();
    assert!(code == Some(0) && said.contains("without TLS"), "{said}");
    for wrong in ["--listen localhost", "--listen 127.0.0.1", "--prefix a?b"] {
        assert_eq!(desk.run(&format!("witness serve --log @log.vkey --folder one {wrong}")).code, 2, "{wrong}");
    }
    assert_eq!(desk.run("witness serve --log @log.vkey --folder nowhere").code, 3, "it has no key");
}
