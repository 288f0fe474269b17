//! What is said to whoever runs the program as a service: that it is ready, that it reloads or ends, and that it is alive.
//!
//! # Source
//!
//! `sd_notify(3)` and `sd_watchdog_enabled(3)`: datagrams of `NAME=VALUE` to the socket that `NOTIFY_SOCKET` names, by its
//! path or, behind `@`, in the abstract namespace.

use std::cell::Cell;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::cli::environment::Surroundings;

/// How long is waited for one who does not listen.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whoever runs the program, if anybody wants to hear of it.
#[derive(Debug, Default)]
pub(super) struct Service {
    socket: Option<UnixDatagram>,
    /// How often it is to be told that the program is alive, and when it was last, by the time that the program has run.
    beat: Option<(Duration, Cell<Duration>)>,
}

impl Service {
    /// By what the environment says.
    ///
    /// # Errors
    ///
    /// What the system says of a socket that is named and cannot be reached.
    pub(super) fn of(around: &Surroundings<'_>) -> io::Result<Self> {
        let Some(name) = (around.variable)("NOTIFY_SOCKET") else { return Ok(Self::default()) };
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket: Some(socket), beat: beat(around).map(|beat| (beat, Cell::default())) })
    }

    /// Says something; nobody can be told that it was not heard.
    pub(super) fn say(&self, state: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(state.as_bytes());
        }
    }

    /// Says that the program is alive, if it is time; it has run for so long.
    pub(super) fn beat(&self, elapsed: Duration) {
        if let Some((every, last)) = &self.beat
            && elapsed.saturating_sub(last.get()) >= *every
        {
            last.set(elapsed);
            self.say("WATCHDOG=1");
        }
    }
}

/// Twice as often as asked, if it was asked of this process.
fn beat(around: &Surroundings<'_>) -> Option<Duration> {
    let of = (around.variable)("WATCHDOG_PID");
    if of.is_some_and(|of| of != around.pid.to_string()) {
        return None;
    }
    let us: u64 = (around.variable)("WATCHDOG_USEC")?.parse().ok()?;
    (us > 0).then(|| Duration::from_micros(us / 2))
}
