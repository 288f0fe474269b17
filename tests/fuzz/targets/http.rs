//! Speaks HTTP with a witness, and as a witness with who asks it. Whatever is sent, every answer is whole and has a status that
//! is meant, and of a witness's answer nothing but its form is taken.
#![no_main]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use servanda::exchange::witness::client::{Address, Answer, Client};
use servanda::exchange::witness::server::{Limits, Server, Told, What};
use servanda::integrity::checkpoint::MAX_SIZE;
use servanda::ledger::publish::witness::{Memory, Witness};
use servanda_fuzz::{folder, log_key, witness_signer};

/// What the server may answer, and what it says while it waits.
const STATUS: &[&str] =
    &["100", "200", "400", "403", "404", "405", "408", "409", "411", "413", "422", "431", "500", "503", "505"];
/// The time of a question.
const SECONDS: u64 = 5;
/// How what is asked of a witness ends.
const ASKED: &str = "old 0\n\nasked\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else { return };
    match way {
        b'q' => check_request(bytes),
        b'u' => check_address(&String::from_utf8_lossy(bytes)),
        _ => check_answer(bytes),
    }
});

fn server() -> SocketAddr {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    *SERVER.get_or_init(|| {
        let witness = Witness::new(witness_signer(), vec![log_key().into()], folder().join("witness"), Memory::New);
        let seconds = Duration::from_secs(SECONDS);
        let limits = Limits { workers: 2, request: seconds, idle: seconds, ..Limits::default() };
        let server = Server::bind(([127, 0, 0, 1], 0).into(), "", witness, limits).expect("an address is free");
        let url = server.url().expect("it has an address");
        let address = url.trim_start_matches("http://").parse().expect("it has a port");
        thread::spawn(move || server.run(&|| 1_767_225_900, &|| false, &mut tell));
        address
    })
}

/// A mistake costs the server one connection, and must be found here.
fn tell(told: Told) {
    if let What::Failed(what) = told.what {
        eprintln!("{what}");
        process::abort();
    }
}

fn check_request(bytes: &[u8]) {
    let mut stream = TcpStream::connect(server()).expect("the server takes connections");
    let timeout = Some(Duration::from_secs(2 * SECONDS));
    stream.set_read_timeout(timeout).expect("a time can be set");
    // Who was refused may be cut off while it still sends.
    let is_sent = stream.write_all(bytes).is_ok() && stream.shutdown(std::net::Shutdown::Write).is_ok();
    let mut answer = Vec::new();
    let is_read = stream.read_to_end(&mut answer).is_ok();
    if is_sent && is_read && !answer.is_empty() {
        let text = str::from_utf8(&answer).expect("answers are text");
        let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        assert!(status.is_some_and(|status| STATUS.contains(&status)), "{text:?}");
        assert!(text.contains("\r\n\r\n"), "{text:?}");
    }
}

fn check_address(text: &str) {
    if let Ok(address) = text.parse::<Address>() {
        let written = address.to_string();
        assert_eq!(written.parse::<Address>().as_ref(), Ok(&address), "{text:?} is written as {written:?}");
        assert!(written.to_ascii_lowercase().starts_with("http://"), "{written}");
    }
}

/// Answers these bytes to who asks a witness.
fn check_answer(bytes: &[u8]) {
    static LISTENER: OnceLock<TcpListener> = OnceLock::new();
    let listener = LISTENER.get_or_init(|| TcpListener::bind(("127.0.0.1", 0)).expect("an address is free"));
    let address = format!("http://{}", listener.local_addr().expect("it has an address"));
    let address: Address = address.parse().expect("it is one");
    let answer = thread::scope(|scope| {
        scope.spawn(|| answer(listener, bytes));
        Client::new(Duration::from_secs(SECONDS)).add_checkpoint(&address, ASKED)
    });
    match answer {
        Ok(Answer::Conflict { known }) => assert!(known <= MAX_SIZE),
        Ok(Answer::Refused { status, said }) => assert!(status != 200 && said.chars().count() <= 200),
        Ok(Answer::Signed(_)) | Err(_) => {}
    }
}

fn answer(listener: &TcpListener, bytes: &[u8]) {
    let (mut stream, _) = listener.accept().expect("somebody asks");
    let mut asked = Vec::new();
    let mut piece = [0; 1024];
    while !asked.ends_with(ASKED.as_bytes()) {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => asked.extend(&piece[..read]),
            _ => return,
        }
    }
    let _ = stream.write_all(bytes);
}
