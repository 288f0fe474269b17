//! How far long work has come: one line of a terminal, after a second, and nothing where it is piped.
//!
//! A progress bar of somebody else's (indicatif) would read the clock and find the terminal by itself, which nothing does
//! here but `main`, so that tests can.

use std::cell::RefCell;
use std::io::Write;
use std::time::Duration;

use crate::cli::Context;
use crate::ledger::Progress;

/// Work that takes less shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a line stands at least.
const PAUSE: Duration = Duration::from_millis(100);

/// What is done, of how much, and since when.
pub(super) struct Meter {
    what: &'static str,
    unit: &'static str,
    shows: bool,
    began: Duration,
    told: Option<Duration>,
}

impl Meter {
    /// Begins now; shown only where somebody sees it.
    pub(super) fn begun(context: &Context<'_, '_>, what: &'static str, unit: &'static str) -> Self {
        let shows = context.around.err_is_terminal && !context.global.quiet;
        Self { what, unit, shows, began: (context.around.elapsed)(), told: None }
    }

    /// Shows nothing, if it would be in the way.
    pub(super) fn hide_if(&mut self, hides: bool) {
        self.shows &= !hides;
    }

    /// The line that takes the place of the one before, if it is time for one.
    pub(super) fn line(&mut self, done: u64, of: u64, now: Duration) -> Option<String> {
        let took = now.saturating_sub(self.began);
        let is_early = took < PATIENCE || self.told.is_some_and(|told| now.saturating_sub(told) < PAUSE);
        if !self.shows || done == 0 || is_early {
            return None;
        }
        self.told = Some(now);
        #[expect(clippy::cast_precision_loss, reason = "nobody counts beyond 2^53")]
        let (rate, left) = (done as f64 / took.as_secs_f64(), of.saturating_sub(done) as f64);
        let Self { what, unit, .. } = self;
        Some(format!("\r\u{1b}[K{what}: {done} of {of} {unit}, {rate:.0} a second, {:.0} s left", left / rate))
    }

    /// What takes the line away again.
    pub(super) fn end(&self) -> &'static str {
        if self.told.is_some() { "\r\u{1b}[K" } else { "" }
    }

    /// Does work that tells how far it has come, and shows that.
    pub(super) fn run<T>(
        self,
        err: &mut dyn Write,
        elapsed: &dyn Fn() -> Duration,
        work: impl FnOnce(Progress<'_>) -> T,
    ) -> T {
        let shown = RefCell::new((self, err));
        let result = work(&|done, of| {
            let (meter, err) = &mut *shown.borrow_mut();
            if let Some(line) = meter.line(done, of, elapsed()) {
                // Nobody can be told that standard error is gone.
                let _ = err.write_all(line.as_bytes()).and_then(|()| err.flush());
            }
        });
        let (meter, err) = shown.into_inner();
        let _ = err.write_all(meter.end().as_bytes());
        result
    }
}

impl Context<'_, '_> {
    /// Does work that tells how far it has come, and shows that where somebody sees it.
    pub(super) fn metered<T>(
        &mut self,
        what: &'static str,
        unit: &'static str,
        work: impl FnOnce(Progress<'_>) -> T,
    ) -> T {
        let meter = Meter::begun(self, what, unit);
        let elapsed = self.around.elapsed;
        meter.run(&mut *self.around.err, elapsed, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(shows: bool, steps: &[(u64, u64)]) -> String {
        let meter = Meter { what: "verify", unit: "events", shows, began: Duration::ZERO, told: None };
        let (mut out, now) = (Vec::new(), RefCell::new(Duration::ZERO));
        meter.run(&mut out, &|| *now.borrow(), |progress| {
            for (ms, done) in steps {
                *now.borrow_mut() = Duration::from_millis(*ms);
                progress(*done, 1000);
            }
        });
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn what_takes_less_than_a_second_shows_nothing_and_more_what_how_far_how_fast_and_how_long() {
        assert_eq!(shown(true, &[(10, 5), (990, 900)]), "");
        assert_eq!(
            shown(true, &[(500, 100), (2000, 500), (2050, 510), (2500, 750)]),
            "\r\u{1b}[Kverify: 500 of 1000 events, 250 a second, 2 s left\
             \r\u{1b}[Kverify: 750 of 1000 events, 300 a second, 1 s left\r\u{1b}[K"
        );
    }

    #[test]
    fn where_nobody_sees_it_nothing_is_shown() {
        assert_eq!(shown(false, &[(2000, 500)]), "");
    }
}
