//! A witness that answers over HTTP/1.1, until it is told to end.
//!
//! One thread watches all connections on which nothing was said yet; a fixed number of others take those on which
//! something was, one request at a time each, and give the connection back. Every request has to be there within a time,
//! however its bytes come, so that who sends slowly holds a thread no longer than that, and who sends nothing holds none.
//! No address holds more than its share of them at once.
//!
//! What was signed is on the disk before its answer is sent. A server that is killed between the two has signed something
//! that nobody got; asked again, it signs that again.

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::endpoint::{self, Wanted};
use super::message::{Connection, Fault, Head, Reply};
use super::waiting::{Room, Visitor, holder};
use crate::ledger::publish::witness::{MAX_REQUEST, Refusal, Signed, Witness};

/// How often it looks whether it is to end.
const TICK: Duration = Duration::from_millis(100);
/// How many connections are taken before others are looked at.
const AT_ONCE: usize = 64;
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
    /// How many of one address, or one IPv6 network of 64 bits, are served at once: the others wait.
    pub served_of_address: usize,
    /// How long a request may take once it is read.
    pub request: Duration,
    /// How long a connection may wait for its next request.
    pub idle: Duration,
    /// How many connections there are at most; the one that has waited longest makes room for another.
    pub connections: usize,
    /// How many of them come from one address, or one IPv6 network of 64 bits.
    pub connections_of_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: 32,
            served_of_address: 8,
            request: Duration::from_secs(10),
            idle: Duration::from_secs(5),
            connections: 512,
            connections_of_address: 128,
        }
    }
}

/// What happened, for whoever runs the witness. Who asked is not told: before it stands a proxy, which knows.
#[derive(Debug)]
pub struct Told {
    /// When, in seconds since 1970.
    pub seconds: u64,
    /// The status that was answered; none, if nothing was.
    pub status: Option<u16>,
    /// The method and the path that were asked, as they came; nothing, if no request could be read.
    pub asked: Option<(String, String)>,
    /// What came of it.
    pub what: What,
}

/// What came of a request, or of a connection.
#[derive(Debug)]
pub enum What {
    /// A checkpoint was signed.
    Signed(Signed),
    /// A checkpoint was not signed.
    Refused(Refusal),
    /// Something else was asked, and answered.
    Answered,
    /// It was no request that is answered, and why.
    NoRequest(&'static str),
    /// A connection was not answered.
    Failed(String),
}

/// What the threads of a server share.
struct Work<'s> {
    clock: &'s (dyn Fn() -> u64 + Sync),
    is_ending: &'s AtomicBool,
    /// Has the thread that watches look what there is.
    wake: PipeWriter,
}

/// What becomes of a connection on which something was said.
enum Served<'s> {
    /// It waits for its next request.
    Kept(Visitor<'s>),
    /// It has ended.
    Ended(IpAddr),
}

impl Served<'_> {
    fn address(&self) -> IpAddr {
        match self {
            Self::Kept(visitor) => visitor.address,
            Self::Ended(address) => *address,
        }
    }
}

/// The two ends of the threads that serve: what they take, and what they give back.
struct Queue<'s> {
    said: Mutex<Receiver<Visitor<'s>>>,
    served: Sender<Served<'s>>,
}

impl Work<'_> {
    /// Tells what happened. Who does not listen is not waited for.
    fn tell(&self, told: &SyncSender<Told>, head: Option<&Head>, status: Option<u16>, what: What) {
        let asked = head.map(|head| (head.method.clone(), head.path.clone()));
        let _ = told.try_send(Told { seconds: (self.clock)(), status, asked, what });
    }

    fn fail(&self, told: &SyncSender<Told>, what: String) {
        self.tell(told, None, None, What::Failed(what));
    }

    fn wake(&self) {
        // Where nobody watches any more, nobody has to be woken.
        let _ = (&self.wake).write(b".");
    }
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

    /// The witness that answers.
    pub fn witness(&self) -> &Witness {
        &self.witness
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
        let (words, wake) = io::pipe()?;
        self.listener.set_nonblocking(true)?;
        let is_ending = AtomicBool::new(false);
        let work = Work { clock, is_ending: &is_ending, wake };
        let ((say, said), (served, back)) = (channel(), channel());
        let queue = Queue { said: Mutex::new(said), served };
        let outcome = thread::scope(|scope| {
            let (work, queue) = (&work, &queue);
            let watching = told.clone();
            let watcher = move || self.watch(work, &watching, words, (&say, &back));
            let begun = thread::Builder::new().spawn_scoped(scope, watcher).and_then(|_| {
                (0..self.limits.workers).try_for_each(|_| {
                    let told = told.clone();
                    thread::Builder::new().spawn_scoped(scope, move || self.take_turns(work, queue, &told)).map(drop)
                })
            });
            while begun.is_ok() && !is_to_end() {
                if let Ok(event) = heard.recv_timeout(TICK) {
                    tell(event);
                }
            }
            work.is_ending.store(true, Ordering::Relaxed);
            work.wake();
            begun
        });
        heard.try_iter().for_each(tell);
        outcome
    }

    /// Takes connections, and hands on those on which something is said, until the server ends; then nobody is served any
    /// more.
    fn watch<'s>(
        &self,
        work: &Work<'s>,
        told: &SyncSender<Told>,
        mut words: PipeReader,
        (say, back): (&Sender<Visitor<'s>>, &Receiver<Served<'s>>),
    ) {
        let mut room = Room::new(self.limits.clone());
        while !work.is_ending.load(Ordering::Relaxed) {
            let (came, said) = match room.look(&self.listener, &mut words) {
                Ok(found) => found,
                Err(error) => {
                    work.fail(told, format!("no connection could be watched: {error}"));
                    thread::sleep(TICK);
                    continue;
                }
            };
            for visitor in said {
                room.queue(visitor);
            }
            for served in back.try_iter() {
                room.had_turn(served.address());
                match served {
                    Served::Kept(visitor) if visitor.connection.has_more() => room.queue(visitor),
                    Served::Kept(visitor) => room.wait(visitor),
                    Served::Ended(address) => room.leave(address),
                }
            }
            while let Some(visitor) = room.next() {
                // They end after this thread.
                let _ = say.send(visitor);
            }
            if came.connection {
                self.accept(work, told, &mut room);
            }
        }
    }

    /// Takes the connections that are there, a few at a time.
    fn accept<'s>(&self, work: &Work<'s>, told: &SyncSender<Told>, room: &mut Room<'s>) {
        for _ in 0..AT_ONCE {
            let taken = self.listener.accept().and_then(|(stream, address)| {
                stream.set_nonblocking(false)?;
                Ok(Visitor { connection: Connection::new(stream, work.is_ending), address: holder(address.ip()) })
            });
            match taken {
                Ok(visitor) => room.enter(visitor),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    work.fail(told, format!("no connection could be taken: {error}"));
                    // Mostly there are too many open: one less, or some time, may help.
                    if !room.close_oldest(|_| true) {
                        thread::sleep(TICK);
                    }
                    return;
                }
            }
        }
    }

    fn take_turns<'s>(&self, work: &Work<'s>, queue: &Queue<'s>, told: &SyncSender<Told>) {
        loop {
            let said = queue.said.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(visitor) = said else { return };
            let address = visitor.address;
            // A mistake of ours costs one connection, and no thread.
            let served = catch_unwind(AssertUnwindSafe(|| self.serve(visitor, work, told))).unwrap_or_else(|_| {
                work.fail(told, "a connection ended by a mistake of the program".to_owned());
                None
            });
            // Who watches may have ended, and nothing waits then.
            let _ = queue.served.send(served.map_or(Served::Ended(address), Served::Kept));
            work.wake();
        }
    }

    /// Answers a request, and gives the connection back if it is kept for another.
    fn serve<'s>(&self, mut visitor: Visitor<'s>, work: &Work<'s>, told: &SyncSender<Told>) -> Option<Visitor<'s>> {
        let connection = &mut visitor.connection;
        let head = match connection.head(self.limits.request) {
            Ok(head) => head,
            Err(fault) => return refuse(visitor.connection, &fault, None, (work, told)),
        };
        let Answered { reply, is_read, what } = match self.reply(&head, connection, work) {
            Ok(answered) => answered,
            Err(fault) => return refuse(visitor.connection, &fault, Some(&head), (work, told)),
        };
        work.tell(told, Some(&head), Some(reply.status), what);
        let keeps = head.keeps && is_read && !work.is_ending.load(Ordering::Relaxed);
        connection.answer(&reply, head.method == "HEAD", (work.clock)(), keeps).ok()?;
        if !is_read {
            visitor.connection.linger();
            return None;
        }
        keeps.then_some(visitor)
    }

    /// What is answered to a request.
    fn reply(&self, head: &Head, connection: &mut Connection<'_>, work: &Work<'_>) -> Result<Answered, Fault> {
        let is_read = head.length.is_none_or(|length| length == 0);
        let answered = |reply| Ok(Answered { reply, is_read, what: What::Answered });
        match Wanted::of(head, &self.prefix) {
            Wanted::Nothing(reply) => answered(reply),
            Wanted::Health => answered(endpoint::health(&self.witness)),
            Wanted::Last(hash) => answered(endpoint::last(&self.witness, &hash)),
            Wanted::AddCheckpoint => {
                let length =
                    head.length.ok_or(Fault::Answered(411, "a request to sign has a body, and says its length"))?;
                if length > MAX_REQUEST {
                    return Err(Fault::Answered(413, "no request to sign is that long"));
                }
                let body = connection.body(length, head.waits)?;
                let Ok(text) = String::from_utf8(body) else {
                    const NO_TEXT: &str = "the request is no text";
                    let reply = Reply::text(400, format!("{NO_TEXT}\n"));
                    return Ok(Answered { reply, is_read: true, what: What::NoRequest(NO_TEXT) });
                };
                let outcome = self.witness.add_checkpoint(&text, (work.clock)());
                let reply = endpoint::signed(&outcome);
                Ok(Answered { reply, is_read: true, what: outcome.map_or_else(What::Refused, What::Signed) })
            }
        }
    }
}

/// What is answered to a request.
struct Answered {
    reply: Reply,
    /// Whether its body was read.
    is_read: bool,
    what: What,
}

/// Answers what is no request, and ends the connection.
fn refuse<'s>(
    mut connection: Connection<'s>,
    fault: &Fault,
    head: Option<&Head>,
    (work, told): (&Work<'s>, &SyncSender<Told>),
) -> Option<Visitor<'s>> {
    let Fault::Answered(status, why) = fault else { return None };
    work.tell(told, head, Some(*status), What::NoRequest(why));
    let reply = Reply::text(*status, format!("{why}\n"));
    if connection.answer(&reply, false, (work.clock)(), false).is_ok() {
        connection.linger();
    }
    None
}
