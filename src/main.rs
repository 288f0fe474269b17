//! Arguments in, exit code out. The only reader of the clock, the environment and the standard streams.

use std::io::{self, IsTerminal, Read, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use servanda::cli;
use servanda::cli::environment::Surroundings;
use servanda::domain::timestamp::Timestamp;

/// A command asks for many small pieces of memory on several threads, and gives none back.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let began = Instant::now();
    quiet_what_is_caught();
    let utc_offset_s = utc_offset_s();
    start_threads();
    let interrupted = Arc::new(AtomicBool::new(false));
    let (mut input, mut out, mut err) = (Input(Arc::clone(&interrupted)), stdout().lock(), stderr());
    let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
    let mut around = Surroundings {
        now: now(),
        clock: &now,
        utc_offset_s,
        elapsed: &|| began.elapsed(),
        watch_interrupt: &|| watch_interrupt(&interrupted),
        watch_hangup: &watch_hangup,
        variable: &|name| std::env::var(name).ok().filter(|value| !value.is_empty()),
        folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        pid: std::process::id(),
        entropy: &entropy,
        stdin: &mut input,
        out: &mut out,
        err: &mut err,
        show: &show,
        out_is_terminal,
        err_is_terminal,
        width: width(out_is_terminal),
    };
    ExitCode::from(cli::run(std::env::args_os(), &mut around))
}

/// The clock; one of years that are not written with four digits counts as one before 1970, and is refused as that.
fn now() -> Timestamp {
    let unix_ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |before| -before),
    };
    Timestamp::from_unix_ms(unix_ms).unwrap_or_else(|_| Timestamp::from_unix_ms(-1).expect("1969 is a year"))
}

/// How far clocks are ahead of UTC here, by `TZ` or the system's own zone; as UTC, where that cannot be told. The C library looks
/// into the environment for it, which is sound while there is one thread: before any other is started, and in a process that shows
/// its threads (`/proc`).
fn utc_offset_s() -> i32 {
    time::UtcOffset::current_local_offset().map_or(0, time::UtcOffset::whole_seconds)
}

/// Writes to standard error; nobody can be told that it is gone.
fn show(text: &str) {
    let mut err = stderr();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Columns, as the environment says, or else the terminal that answers go to.
fn width(out_is_terminal: bool) -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size().filter(|_| out_is_terminal);
    set.or_else(|| terminal().map(|(width, _)| usize::from(width.0)))
}

fn entropy() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// The first interrupt or request to end is noted for whoever asks; the second ends the process, which is safe at any
/// time, with the exit code that shells give it.
fn watch_interrupt(interrupted: &Arc<AtomicBool>) -> io::Result<Box<dyn Fn() -> bool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    for signal in [SIGINT, SIGTERM] {
        // Registered first, so that it sees the flag as it was before this signal.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(interrupted))?;
        flag::register(signal, Arc::clone(interrupted))?;
    }
    let interrupted = Arc::clone(interrupted);
    Ok(Box::new(move || interrupted.load(Ordering::Relaxed)))
}

/// A hangup is noted until somebody asks.
fn watch_hangup() -> io::Result<Box<dyn Fn() -> bool>> {
    let hung_up = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&hung_up))?;
    Ok(Box::new(move || hung_up.swap(false, Ordering::Relaxed)))
}

/// Standard input, which fails where nothing comes and there was an interrupt: a read that waits would not hear of it.
struct Input(Arc<AtomicBool>);

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        /// How often it looks whether there was an interrupt that came just before it waits.
        const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        let input = stdin();
        loop {
            match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&TICK)) {
                Ok(0) | Err(Errno::INTR) if self.0.load(Ordering::Relaxed) => {
                    return Err(io::Error::other("interrupted"));
                }
                Ok(0) | Err(Errno::INTR) => continue,
                // What cannot be waited for is read as it is.
                Ok(_) | Err(_) => {}
            }
            match rustix::io::read(&input, &mut *buffer) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                // There is no standard input.
                Err(Errno::BADF) => return Ok(0),
                read => return Ok(read?),
            }
        }
    }
}

/// Starts the threads that work is divided among; where they cannot be started, for a limit on them or for want of memory,
/// all of it is done on this one. Left to itself, the first question would panic.
fn start_threads() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let start = |_| {
        let (given, wait) = std::sync::mpsc::channel::<rayon::ThreadBuilder>();
        let work = move || wait.recv().map_or((), rayon::ThreadBuilder::run);
        std::thread::Builder::new().spawn(work).ok().map(|_| given)
    };
    let started: Vec<_> = (0..cores).map_while(start).collect();
    let is_started = started.len() == cores;
    let mut waiting = started.into_iter();
    let take = |thread| {
        let next = waiting.next().map(|next| next.send(thread));
        next.and_then(Result::ok).ok_or_else(|| std::io::Error::other("no thread waits for it"))
    };
    let built = if is_started {
        rayon::ThreadPoolBuilder::new().num_threads(cores).spawn_handler(take).build_global()
    } else {
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()
    };
    built.expect("nobody else makes it, and every thread is there already");
}

/// sled panics on files that it did not write, and reading a PDF may on what is none; both are caught and reported, so that
/// nothing is printed twice.
fn quiet_what_is_caught() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let inside_sled = panic.location().is_some_and(|place| place.file().contains("sled-0."));
        let inside_pdf = std::thread::current().name() == Some(servanda::evidence::extract::PDF_THREAD);
        if !inside_sled && !inside_pdf {
            loud(panic);
        }
    }));
}
