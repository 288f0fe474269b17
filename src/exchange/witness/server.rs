//! A witness that answers over HTTP/1.1, until it is told to end.
//!
//! A fixed number of threads take connections, one at a time each; others wait their turn in the system's queue. Every
//! request has to be there within a time, however its bytes come, so that who sends slowly holds a thread no longer than
//! that. A connection is kept open for a next request only while most threads are free.
//!
//! What was signed is on the disk before its answer is sent. A server that is killed between the two has signed something
//! that nobody got; asked again, it signs that again.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::endpoint::{self, Wanted};
use super::message::{Connection, Fault, Head, Reply};
use crate::ledger::witness::{MAX_REQUEST, Refusal, Signed, Witness};

/// How often it looks whether it is to end.
const TICK: Duration = Duration::from_millis(100);
/// The most that is told and was not heard yet; what comes on top of it is not told.
const MOST_TOLD: usize = 1024;

/// A witness with the address at which it is asked.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    witness: Witness,
    prefix: String,
    limits: Limits,
}

/// What clients may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many are served at once.
    pub workers: usize,
    /// How long a request may take from its first byte to its last.
    pub request: Duration,
    /// How long a connection may wait for its next request.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { workers: 32, request: Duration::from_secs(10), idle: Duration::from_secs(5) }
    }
}

/// What happened, for whoever runs the witness.
#[derive(Debug)]
pub enum Told {
    /// A checkpoint was signed.
    Signed(Signed),
    /// A checkpoint was not signed.
    Refused(Refusal),
    /// A connection was not answered.
    Failed(String),
}

/// What the threads of a server share.
struct Work<'s> {
    clock: &'s (dyn Fn() -> u64 + Sync),
    is_ending: AtomicBool,
    busy: AtomicUsize,
}

impl Server {
    /// Takes an address; of port 0 the system makes a free one. What is asked of it stands below the prefix.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn bind(address: SocketAddr, prefix: &str, witness: Witness, limits: Limits) -> io::Result<Self> {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Ok(Self { listener: TcpListener::bind(address)?, witness, prefix, limits })
    }

    /// Where it is asked: its submission prefix, and its monitoring prefix.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn url(&self) -> io::Result<String> {
        Ok(format!("http://{}{}", self.listener.local_addr()?, self.prefix))
    }

    /// Answers until it is told to end, and what was begun is answered. The clock says seconds since 1970.
    ///
    /// # Errors
    ///
    /// What the system says, if it gives no threads.
    pub fn run(
        &self,
        clock: &(dyn Fn() -> u64 + Sync),
        is_to_end: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Told),
    ) -> io::Result<()> {
        let (told, heard) = sync_channel(MOST_TOLD);
        let work = Work { clock, is_ending: AtomicBool::new(false), busy: AtomicUsize::new(0) };
        let outcome = thread::scope(|scope| {
            let worker = |_| {
                let (work, told) = (&work, told.clone());
                thread::Builder::new().spawn_scoped(scope, move || self.take_turns(work, &told)).map(drop)
            };
            let begun = (0..self.limits.workers).try_for_each(worker);
            while begun.is_ok() && !is_to_end() {
                if let Ok(event) = heard.recv_timeout(TICK) {
                    tell(event);
                }
            }
            work.is_ending.store(true, Ordering::Relaxed);
            self.wake();
            begun
        });
        heard.try_iter().for_each(tell);
        outcome
    }

    /// Lets every thread that waits for a connection have one.
    fn wake(&self) {
        let Ok(mut address) = self.listener.local_addr() else { return };
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        for _ in 0..self.limits.workers {
            // If the queue is full, nobody waits.
            let _ = TcpStream::connect_timeout(&address, TICK);
        }
    }

    fn take_turns(&self, work: &Work<'_>, told: &SyncSender<Told>) {
        while !work.is_ending.load(Ordering::Relaxed) {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    work.busy.fetch_add(1, Ordering::Relaxed);
                    // A mistake of ours costs one connection, and no thread.
                    let outcome = catch_unwind(AssertUnwindSafe(|| self.serve(stream, work, told)));
                    work.busy.fetch_sub(1, Ordering::Relaxed);
                    if outcome.is_err() {
                        let _ =
                            told.try_send(Told::Failed("a connection ended by a mistake of the program".to_owned()));
                    }
                }
                Err(error) => {
                    let _ = told.try_send(Told::Failed(format!("no connection could be taken: {error}")));
                    thread::sleep(TICK);
                }
            }
        }
    }

    /// Answers the requests of one connection.
    fn serve(&self, stream: TcpStream, work: &Work<'_>, told: &SyncSender<Told>) {
        let mut connection = Connection::new(stream, &work.is_ending);
        loop {
            let head = match connection.head(self.limits.idle, self.limits.request) {
                Ok(head) => head,
                Err(fault) => return refuse(connection, &fault, work),
            };
            let (reply, is_read) = match self.reply(&head, &mut connection, work, told) {
                Ok(answered) => answered,
                Err(fault) => return refuse(connection, &fault, work),
            };
            let is_quiet = work.busy.load(Ordering::Relaxed) <= self.limits.workers / 2;
            let keeps = head.keeps && is_read && is_quiet && !work.is_ending.load(Ordering::Relaxed);
            if connection.answer(&reply, head.method == "HEAD", (work.clock)(), keeps).is_err() {
                return;
            }
            if !is_read {
                return connection.linger();
            }
            if !keeps {
                return;
            }
        }
    }

    /// What is answered to a request, and whether its body was read.
    fn reply(
        &self,
        head: &Head,
        connection: &mut Connection<'_>,
        work: &Work<'_>,
        told: &SyncSender<Told>,
    ) -> Result<(Reply, bool), Fault> {
        let has_no_body = head.length.is_none_or(|length| length == 0);
        match Wanted::of(head, &self.prefix) {
            Wanted::Nothing(reply) => Ok((reply, has_no_body)),
            Wanted::Last(hash) => Ok((endpoint::last(&self.witness, &hash), has_no_body)),
            Wanted::AddCheckpoint => {
                let length =
                    head.length.ok_or(Fault::Answered(411, "a request to sign has a body, and says its length"))?;
                if length > MAX_REQUEST {
                    return Err(Fault::Answered(413, "no request to sign is that long"));
                }
                let body = connection.body(length, head.waits)?;
                let Ok(text) = String::from_utf8(body) else {
                    return Ok((Reply::text(400, "the request is no text\n"), true));
                };
                let outcome = self.witness.add_checkpoint(&text, (work.clock)());
                let reply = endpoint::signed(&outcome);
                // Who does not listen is not waited for.
                let _ = told.try_send(outcome.map_or_else(Told::Refused, Told::Signed));
                Ok((reply, true))
            }
        }
    }
}

/// Answers what is no request, and ends the connection.
fn refuse(mut connection: Connection<'_>, fault: &Fault, work: &Work<'_>) {
    let Fault::Answered(status, why) = fault else { return };
    let reply = Reply::text(*status, format!("{why}\n"));
    if connection.answer(&reply, false, (work.clock)(), false).is_ok() {
        connection.linger();
    }
}
