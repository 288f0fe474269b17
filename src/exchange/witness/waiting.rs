//! Connections on which nothing was said yet: they wait here, and cost a place but no thread.
//!
//! There are so many places, and so many for one address. Where one is missing, the connection that has waited longest
//! makes room: who connects and says nothing loses a place, and keeps nobody from being served.
//!
//! Those on which something was said wait for their turn: so many of one address have one at a time, so that who sends
//! slowly, on however many connections, keeps others waiting for no more than their share of the threads.

use std::collections::{HashMap, VecDeque};
use std::io::{self, PipeReader, Read};
use std::net::{IpAddr, Ipv6Addr, TcpListener};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::message::Connection;
use super::server::Limits;

/// A connection and whose it is.
pub(super) struct Visitor<'s> {
    pub(super) connection: Connection<'s>,
    pub(super) address: IpAddr,
}

/// Connections that wait, and how many there are in all.
pub(super) struct Room<'s> {
    /// Since longest first, and until when.
    waiting: VecDeque<(Visitor<'s>, Instant)>,
    /// Something was said on them, and their address has no turn left: likewise.
    queued: VecDeque<(Visitor<'s>, Instant)>,
    /// How many are being served, by address.
    served: HashMap<IpAddr, usize>,
    /// Connections by address, those that are served among them.
    by_address: HashMap<IpAddr, usize>,
    total: usize,
    limits: Limits,
}

/// What came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Came {
    /// Somebody connects.
    pub(super) connection: bool,
    /// Somebody of the server's own has something to tell.
    pub(super) word: bool,
}

impl<'s> Room<'s> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            waiting: VecDeque::new(),
            queued: VecDeque::new(),
            served: HashMap::new(),
            by_address: HashMap::new(),
            total: 0,
            limits,
        }
    }

    /// Takes a connection in, if room can be made for it.
    pub(super) fn enter(&mut self, visitor: Visitor<'s>) {
        let address = visitor.address;
        let is_own = |own: &Visitor<'_>| own.address == address;
        let has_place = self.by_address.get(&address).is_none_or(|own| *own < self.limits.connections_of_address)
            || self.close_oldest(is_own);
        if has_place && (self.has_place() || self.close_oldest(|_| true)) {
            *self.by_address.entry(address).or_default() += 1;
            self.total += 1;
            self.wait(visitor);
        }
    }

    /// Has a connection wait that was served.
    pub(super) fn wait(&mut self, visitor: Visitor<'s>) {
        self.waiting.push_back((visitor, Instant::now() + self.limits.idle));
    }

    /// Has a connection on which something was said wait for its turn, no longer than a request may take.
    pub(super) fn queue(&mut self, visitor: Visitor<'s>) {
        self.queued.push_back((visitor, Instant::now() + self.limits.request));
    }

    /// The connection whose turn it is, if there is one: of those whose address has a turn left, the one that has waited
    /// longest.
    pub(super) fn next(&mut self) -> Option<Visitor<'s>> {
        let has_turn = |address| self.served.get(address).is_none_or(|own| *own < self.limits.served_of_address);
        let at = self.queued.iter().position(|(visitor, _)| has_turn(&visitor.address))?;
        let (visitor, _) = self.queued.remove(at)?;
        *self.served.entry(visitor.address).or_default() += 1;
        Some(visitor)
    }

    /// A connection of that address has had its turn.
    pub(super) fn had_turn(&mut self, address: IpAddr) {
        one_less(&mut self.served, address);
    }

    /// A connection of that address has ended.
    pub(super) fn leave(&mut self, address: IpAddr) {
        self.total -= 1;
        one_less(&mut self.by_address, address);
    }

    fn has_place(&self) -> bool {
        self.total < self.limits.connections
    }

    /// Ends the connection that has waited longest, among some: one on which nothing was said, if there is any.
    pub(super) fn close_oldest(&mut self, among: impl Fn(&Visitor<'_>) -> bool) -> bool {
        let closed = remove_first(&mut self.waiting, &among).or_else(|| remove_first(&mut self.queued, &among));
        closed.inspect(|visitor| self.leave(visitor.address)).is_some()
    }

    /// Waits until something comes, or somebody has waited too long, and gives the connections on which something was said.
    pub(super) fn look(
        &mut self,
        listener: &TcpListener,
        words: &mut PipeReader,
    ) -> io::Result<(Came, Vec<Visitor<'s>>)> {
        let accepts = self.has_place() || !self.waiting.is_empty() || !self.queued.is_empty();
        let until = [&self.waiting, &self.queued].into_iter().filter_map(|all| Some(all.front()?.1)).min();
        let until = until.map(|until| until.saturating_duration_since(Instant::now()));
        let (came, said) = {
            let listening = if accepts { PollFlags::IN } else { PollFlags::empty() };
            let mut all = vec![
                PollFd::from_borrowed_fd(words.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(listener.as_fd(), listening),
            ];
            let streams = self.waiting.iter().map(|(visitor, _)| visitor.connection.stream());
            all.extend(streams.map(|stream| PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN)));
            match poll(&mut all, until.map(timespec).as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let said: Vec<bool> = all.iter().map(|one| !one.revents().is_empty()).collect();
            (Came { word: said[0], connection: said[1] }, said)
        };
        if came.word {
            // They are told apart by what was sent with them.
            let _ = words.read(&mut [0; 512])?;
        }
        let now = Instant::now();
        let mut ready = Vec::new();
        for ((visitor, until), has_said) in std::mem::take(&mut self.waiting).into_iter().zip(said.into_iter().skip(2))
        {
            if has_said {
                ready.push(visitor);
            } else if until <= now {
                self.leave(visitor.address);
            } else {
                self.waiting.push_back((visitor, until));
            }
        }
        while self.queued.front().is_some_and(|(_, until)| *until <= now)
            && let Some((visitor, _)) = self.queued.pop_front()
        {
            self.leave(visitor.address);
        }
        Ok((came, ready))
    }
}

fn remove_first<'s>(
    all: &mut VecDeque<(Visitor<'s>, Instant)>,
    among: impl Fn(&Visitor<'_>) -> bool,
) -> Option<Visitor<'s>> {
    let at = all.iter().position(|(visitor, _)| among(visitor))?;
    all.remove(at).map(|(visitor, _)| visitor)
}

fn one_less(counts: &mut HashMap<IpAddr, usize>, address: IpAddr) {
    if let Some(own) = counts.get_mut(&address) {
        *own -= 1;
        if *own == 0 {
            counts.remove(&address);
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    // To the millisecond after: else it would come back too early, again and again.
    let ms = duration.as_millis().saturating_add(1);
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds, tv_nsec: i64::try_from(ms % 1000).unwrap_or_default() * 1_000_000 }
}

/// Whom an address belongs to: of IPv6 whoever has its network of 64 bits.
pub(super) fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_holder_and_every_ipv4_address_its_own() {
        let holder = |text: &str| holder(text.parse().expect("an address")).to_string();
        assert_eq!(holder("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(holder("2001:db8:1:3:3:4:5:6"), "2001:db8:1:3::");
        assert_eq!(holder("192.0.2.7"), "192.0.2.7");
        assert_eq!(holder("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn of_one_address_so_many_are_served_at_once_and_others_are_before_the_rest() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let place = listener.local_addr().expect("it listens");
        let is_ending = AtomicBool::new(false);
        let mut room = Room::new(Limits { served_of_address: 2, ..Limits::default() });
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        for last in [1, 1, 1, 1, 2] {
            let stream = TcpStream::connect(place).expect("it listens");
            room.enter(Visitor { connection: Connection::new(stream, &is_ending), address: address(last) });
            let (visitor, _) = room.waiting.pop_front().expect("it entered");
            room.queue(visitor);
        }
        let turns = |room: &mut Room<'_>| std::iter::from_fn(|| room.next()).map(|of| of.address).collect::<Vec<_>>();
        assert_eq!(turns(&mut room), [1, 1, 2].map(address));
        assert!(turns(&mut room).is_empty());
        room.had_turn(address(2));
        assert!(turns(&mut room).is_empty(), "another's turn is none of theirs");
        room.had_turn(address(1));
        assert_eq!(turns(&mut room), [address(1)]);
        // Where a place is missing, who waits for a turn makes room too.
        assert!(room.close_oldest(|_| true) && !room.close_oldest(|_| true));
        assert_eq!(room.total, 4);
    }

    #[test]
    fn a_wait_is_never_shorter_than_it_should_be() {
        for duration in
            [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(999), Duration::from_micros(5_999_999)]
        {
            let found = timespec(duration);
            let nanoseconds = i128::from(found.tv_sec) * 1_000_000_000 + i128::from(found.tv_nsec);
            assert!(nanoseconds > i128::try_from(duration.as_nanos()).expect("it is short"), "{duration:?}");
        }
    }
}
