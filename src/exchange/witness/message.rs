//! Requests of HTTP/1.1 as they come, within bounds, and what is answered to them.
//!
//! A request's head has at most 8 KiB and 64 fields. Its body has the length that it says: what comes in chunks is
//! answered with 411, as RFC 9112 allows, so that there is one way only to tell where a request ends. How long it takes is
//! measured here; what time it is, callers say.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::macros::format_description;

/// The most bytes in the head of a request.
const MAX_HEAD: usize = 8 << 10;
/// The most fields in it.
const MAX_FIELDS: usize = 64;
/// How often whoever waits for bytes looks whether the server ends.
const TICK: Duration = Duration::from_millis(100);
/// What a client still sends after it was refused is read for so long, and no more bytes than that, so that it reads the
/// answer before it learns that nobody listens.
const LINGER: Duration = Duration::from_secs(2);
const MAX_LINGER: usize = 4 << 20;

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    /// The path, without what is asked of it.
    pub(super) path: String,
    /// Bytes of the body, if that is said.
    pub(super) length: Option<usize>,
    /// Whether the client waits to be told before it sends the body.
    pub(super) waits: bool,
    /// Whether it may ask again on the same connection.
    pub(super) keeps: bool,
}

/// Why there is no request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The client has gone, or the server ends: nobody waits for an answer.
    Gone,
    /// It is answered so, and nothing after it on this connection is read.
    Answered(u16, &'static str),
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The media type.
    pub(super) kind: &'static str,
    /// The methods that would do, for a 405.
    pub(super) allow: Option<&'static str>,
    pub(super) text: String,
}

impl Reply {
    /// A text for people.
    pub(super) fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", allow: None, text: text.into() }
    }

    fn head(&self, seconds: u64, keeps: bool) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        if let Some(date) = http_date(seconds) {
            let _ = write!(head, "Date: {date}\r\n");
        }
        if let Some(allow) = self.allow {
            let _ = write!(head, "Allow: {allow}\r\n");
        }
        let _ = write!(head, "Content-Type: {}\r\nContent-Length: {}\r\n", self.kind, self.text.len());
        head + if keeps { "\r\n" } else { "Connection: close\r\n\r\n" }
    }
}

impl Head {
    /// Reads the head of a request, and how many bytes it has; nothing, if more of it is to come.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let len = match request.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if bytes.len() > MAX_HEAD => return Err(TOO_LARGE),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(TOO_LARGE),
            Err(httparse::Error::Version) => return Err(Fault::Answered(505, "this is HTTP/1.1")),
            Err(_) => return Err(Fault::Answered(400, "this is no request of HTTP/1.1")),
        };
        if len > MAX_HEAD {
            return Err(TOO_LARGE);
        }
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
            return Err(Fault::Answered(400, "this is no request of HTTP/1.1"));
        };
        let values = |name: &'static str| {
            let of_that_name = move |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case(name);
            request.headers.iter().filter(of_that_name).map(|field| field.value.trim_ascii())
        };
        let says = |name: &'static str, word: &str| {
            let words = values(name).flat_map(|value| value.split(|byte| *byte == b','));
            words.map(<[u8]>::trim_ascii).any(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        };
        if version == 1 && values("host").count() != 1 {
            return Err(Fault::Answered(400, "a request names its host once"));
        }
        let mut lengths = values("content-length");
        let length = match (lengths.next(), lengths.next()) {
            (None, _) => None,
            (Some(digits), None) => Some(length(digits)?),
            (Some(_), Some(_)) => return Err(Fault::Answered(400, "a request says its length once")),
        };
        if values("transfer-encoding").next().is_some() {
            let status = if length.is_some() { 400 } else { 411 };
            return Err(Fault::Answered(status, "say the length of the body: it is not read in chunks"));
        }
        let head = Self {
            method: method.to_owned(),
            path: path(target).to_owned(),
            length,
            waits: version == 1 && says("expect", "100-continue"),
            keeps: version == 1 && !says("connection", "close"),
        };
        Ok(Some((head, len)))
    }
}

const TOO_LARGE: Fault = Fault::Answered(431, "the head of a request has at most 8 KiB, and 64 fields");

fn length(digits: &[u8]) -> Result<usize, Fault> {
    let no_length = Fault::Answered(400, "the length of the body is no number");
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(no_length);
    }
    // What no number can hold is too long in any case.
    Ok(str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX))
}

/// The path of a target, which a proxy may send whole.
fn path(target: &str) -> &str {
    let after_scheme = ["http://", "https://"].iter().find_map(|scheme| target.strip_prefix(scheme));
    let path = match after_scheme {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    path.split('?').next().unwrap_or_default()
}

/// The date as HTTP writes it; none, if the clock is off.
fn http_date(seconds: u64) -> Option<String> {
    let form =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let date = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?);
    date.ok()?.format(form).ok()
}

/// A status in words.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        // The words say nothing that the number does not.
        _ => "",
    }
}

/// A connection to a client, which has until some time to send what it has to, or to take what it is sent.
pub(super) struct Connection<'s> {
    stream: TcpStream,
    /// What was read, and not looked at.
    unread: Vec<u8>,
    until: Instant,
    is_ending: &'s AtomicBool,
}

impl<'s> Connection<'s> {
    pub(super) fn new(stream: TcpStream, is_ending: &'s AtomicBool) -> Self {
        // An answer is one piece, and nothing follows it.
        let _ = stream.set_nodelay(true);
        Self { stream, unread: Vec::new(), until: Instant::now(), is_ending }
    }

    /// What it is read from, to wait on.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether something of the next request is there already.
    pub(super) fn has_more(&self) -> bool {
        !self.unread.is_empty()
    }

    /// The next request's head, which has begun. It has to be there whole, with its body, within a time.
    pub(super) fn head(&mut self, request: Duration) -> Result<Head, Fault> {
        self.until = Instant::now() + request;
        if self.unread.is_empty() && !matches!(self.more(MAX_HEAD), Ok(1..)) {
            return Err(Fault::Gone);
        }
        loop {
            if let Some((head, len)) = Head::parse(&self.unread)? {
                self.unread.drain(..len);
                return Ok(head);
            }
            self.expect_more(MAX_HEAD)?;
        }
    }

    /// The body of that length, within the time of its head.
    pub(super) fn body(&mut self, length: usize, waits: bool) -> Result<Vec<u8>, Fault> {
        if waits && self.unread.is_empty() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| Fault::Gone)?;
        }
        while self.unread.len() < length {
            self.expect_more(length - self.unread.len())?;
        }
        let rest = self.unread.split_off(length);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    /// Sends an answer, to a question for its head alone without the text.
    pub(super) fn answer(&mut self, reply: &Reply, is_head: bool, seconds: u64, keeps: bool) -> io::Result<()> {
        let mut bytes = reply.head(seconds, keeps);
        if !is_head {
            bytes.push_str(&reply.text);
        }
        self.until = Instant::now() + LINGER;
        self.send(bytes.as_bytes())
    }

    /// Ends a connection of which not everything was read: what was answered would be lost if it ended at once.
    pub(super) fn linger(mut self) {
        self.until = Instant::now() + LINGER;
        let mut left = MAX_LINGER;
        let _ = self.stream.shutdown(Shutdown::Write);
        while let Ok(read @ 1..) = self.more(MAX_HEAD) {
            self.unread.clear();
            left = left.saturating_sub(read);
            if left == 0 {
                return;
            }
        }
    }

    fn expect_more(&mut self, at_most: usize) -> Result<(), Fault> {
        match self.more(at_most) {
            Ok(1..) => Ok(()),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(Fault::Answered(408, "the request did not come to its end in time"))
            }
            Ok(0) | Err(_) => Err(Fault::Gone),
        }
    }

    /// Reads more, and says how much; the end is none.
    fn more(&mut self, at_most: usize) -> io::Result<usize> {
        let mut piece = [0; 8 << 10];
        let piece_len = at_most.min(piece.len());
        loop {
            if self.is_ending.load(Ordering::Relaxed) {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            self.stream.set_read_timeout(Some(self.left()?.min(TICK)))?;
            match self.stream.read(&mut piece[..piece_len]) {
                Ok(read) => {
                    self.unread.extend(&piece[..read]);
                    return Ok(read);
                }
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(self.left()?))?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is left of the time.
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// Whether it only took longer than was waited for.
fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str, Option<usize>, bool), u16>) {
        let found = match Head::parse(text.as_bytes()) {
            Ok(head) => {
                let (head, len) = head.expect("it is whole");
                assert_eq!(len, text.len());
                Ok((head.method, head.path, head.length, head.keeps))
            }
            Err(Fault::Answered(status, _)) => Err(status),
            Err(Fault::Gone) => unreachable!("a text does not go"),
        };
        let expected =
            expected.map(|(method, path, length, keeps)| (method.to_owned(), path.to_owned(), length, keeps));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_request_is_read_as_http_has_it() {
        let get = |fields: &str| format!("GET /a HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        check(&get(""), Ok(("GET", "/a", None, true)));
        check(&get("connection: Close\r\n"), Ok(("GET", "/a", None, false)));
        check(&get("Connection: te, close\r\n"), Ok(("GET", "/a", None, false)));
        check(&get("content-length: 007\r\n"), Ok(("GET", "/a", Some(7), true)));
        check("POST /a?b=/c HTTP/1.0\r\n\r\n", Ok(("POST", "/a", None, false)));
        check("POST http://h/a/b?c HTTP/1.1\r\nHost: h\r\n\r\n", Ok(("POST", "/a/b", None, true)));
        check("POST http://h HTTP/1.1\r\nHost: h\r\n\r\n", Ok(("POST", "/", None, true)));
        check("OPTIONS * HTTP/1.1\nHost: h\n\n", Ok(("OPTIONS", "*", None, true)));
        let far = format!("content-length: {}\r\n", "9".repeat(40));
        check(&get(&far), Ok(("GET", "/a", Some(usize::MAX), true)));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let post = |fields: &str| format!("POST /a HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        for (fields, status) in [
            ("Host: h\r\n", 400),
            ("Content-Length: 3\r\nContent-Length: 3\r\n", 400),
            ("Content-Length: 3, 3\r\n", 400),
            ("Content-Length: +3\r\n", 400),
            ("Content-Length: \r\n", 400),
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", 411),
            ("Transfer-Encoding : chunked\r\n", 400),
            (" folded\r\n", 400),
            ("a\0b: c\r\n", 400),
        ] {
            check(&post(fields), Err(status));
        }
        check("POST /a HTTP/1.1\r\n\r\n", Err(400));
        check("\u{16}\u{3}\u{1}\u{2}\0\u{1}", Err(400));
        check("POST /a HTTP/2.0\r\n\r\n", Err(505));
        check(&post(&"a: b\r\n".repeat(64)), Err(431));
        check(&post(&format!("a: {}\r\n", "b".repeat(MAX_HEAD))), Err(431));
        check(&format!("GET /{}", "a".repeat(MAX_HEAD)), Err(431));
        assert_eq!(Head::parse(b"GET / HTTP/1.1\r\nHost"), Ok(None));
    }

    #[test]
    fn an_answer_has_its_date_and_length() {
        let reply = Reply { allow: Some("POST"), ..Reply::text(405, "no\n") };
        let head = reply.head(784_111_777, false);
        assert_eq!(
            head,
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: POST\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        );
        assert!(!reply.head(0, true).contains("Date"));
    }
}
