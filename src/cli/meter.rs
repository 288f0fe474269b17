//! How far long work has come: one line of a terminal, after a second, and nothing where it is piped.
//!
//! A progress bar of somebody else's (indicatif) would read the clock and find the terminal by itself, which nothing does
//! here but `main`, so that tests can.

use std::cell::Cell;
use std::time::Duration;

use crate::cli::Context;
use crate::ledger::Progress;

/// Work that takes less shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a line stands at least.
const PAUSE: Duration = Duration::from_millis(100);
/// What takes a line away.
const CLEAR: &str = "\r\u{1b}[K";

/// What a command does, since when, and how far it has come.
pub(super) struct Meter<'s> {
    what: &'static str,
    /// Where it is shown, if somebody sees it.
    show: Option<&'s dyn Fn(&str)>,
    elapsed: &'s dyn Fn() -> Duration,
    began: Duration,
    state: Cell<State>,
}

/// The part of the work that is done now.
#[derive(Debug, Clone, Copy)]
struct State {
    /// What was done with what, such as `events verified`.
    did: &'static str,
    began: Duration,
    /// When it last said how far it has come.
    heard: Duration,
    told: Option<Duration>,
}

impl<'s> Meter<'s> {
    /// Begins now.
    fn begun(what: &'static str, show: Option<&'s dyn Fn(&str)>, elapsed: &'s dyn Fn() -> Duration) -> Self {
        let began = elapsed();
        Self { what, show, elapsed, began, state: Cell::new(State { did: "", began, heard: began, told: None }) }
    }

    /// Shows nothing, if it would be in the way.
    pub(super) fn hide_if(&mut self, hides: bool) {
        self.show = self.show.filter(|_| !hides);
    }

    /// Does work that tells how far it has come, shows that, and takes it away again.
    pub(super) fn run<T>(self, work: impl FnOnce(Progress<'_>) -> T) -> T {
        let result = work(&|did, done, of| self.tell(did, done, of));
        if let (Some(show), Some(_)) = (self.show, self.state.get().told) {
            show(CLEAR);
        }
        result
    }

    /// Shows how far it has come, if it is time for that.
    fn tell(&self, did: &'static str, done: u64, of: u64) {
        let Some(show) = self.show else { return };
        let (now, before) = ((self.elapsed)(), self.state.get());
        // What comes next began when what was before it was last heard of.
        let began = if before.did == did { before.began } else { before.heard };
        let state = State { did, began, heard: now, ..before };
        let is_early = now.saturating_sub(self.began) < PATIENCE
            || state.told.is_some_and(|told| now.saturating_sub(told) < PAUSE);
        if is_early || done == 0 {
            self.state.set(state);
            return;
        }
        self.state.set(State { told: Some(now), ..state });
        show(&format!("{CLEAR}{}: {}", self.what, far(did, (done, of), now.saturating_sub(state.began))));
    }
}

/// How far it has come, how fast, and how long it takes yet; not how long, if it is not known of how many.
fn far(did: &str, (done, of): (u64, u64), took: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "nobody counts beyond 2^53")]
    let (rate, left) = (done as f64 / took.as_secs_f64().max(0.001), of.saturating_sub(done) as f64);
    let digits = usize::from(rate < 10.0);
    match of {
        0 => format!("{done} {did}, {rate:.digits$} a second"),
        _ => format!("{done} of {of} {did}, {rate:.digits$} a second, {:.0} s left", left / rate),
    }
}

impl<'s> Context<'_, 's> {
    /// What shows how far a command has come, where somebody sees it.
    pub(super) fn meter(&self, what: &'static str) -> Meter<'s> {
        let shows = self.around.err_is_terminal && !self.global.quiet;
        Meter::begun(what, shows.then_some(self.around.show), self.around.elapsed)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What is shown of steps, each at a time in milliseconds.
    fn shown(shows: bool, steps: &[(u64, &'static str, u64, u64)]) -> String {
        let (out, now) = (RefCell::new(String::new()), Cell::new(Duration::ZERO));
        let (show, elapsed) = (|text: &str| out.borrow_mut().push_str(text), || now.get());
        Meter::begun("verify", shows.then_some(&show), &elapsed).run(|progress| {
            for (ms, did, done, of) in steps {
                now.set(Duration::from_millis(*ms));
                progress(did, *done, *of);
            }
        });
        out.into_inner()
    }

    #[test]
    fn what_takes_less_than_a_second_shows_nothing_and_more_what_how_far_how_fast_and_how_long() {
        let read = |ms, done| (ms, "events read", done, 1000);
        assert_eq!(shown(true, &[read(10, 5), read(990, 900)]), "");
        assert_eq!(
            shown(true, &[read(0, 1), read(500, 100), read(2000, 500), read(2050, 510), read(2500, 750)]),
            "\r\u{1b}[Kverify: 500 of 1000 events read, 250 a second, 2 s left\
             \r\u{1b}[Kverify: 750 of 1000 events read, 300 a second, 1 s left\r\u{1b}[K"
        );
    }

    #[test]
    fn each_part_of_the_work_has_a_rate_of_its_own_and_one_without_an_end_has_no_time_left() {
        let steps = [
            (0, "lines read", 1, 0),
            (2000, "lines read", 10, 0),
            (4000, "proofs made", 1, 9),
            (6000, "proofs made", 3, 9),
        ];
        assert_eq!(
            shown(true, &steps),
            "\r\u{1b}[Kverify: 10 lines read, 5.0 a second\
             \r\u{1b}[Kverify: 1 of 9 proofs made, 0.5 a second, 16 s left\
             \r\u{1b}[Kverify: 3 of 9 proofs made, 0.8 a second, 8 s left\r\u{1b}[K"
        );
    }

    #[test]
    fn where_nobody_sees_it_nothing_is_shown() {
        assert_eq!(shown(false, &[(2000, "events read", 500, 1000)]), "");
    }
}
