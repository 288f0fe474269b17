//! How far an import has come, where somebody sees it.

use std::time::Duration;

use crate::cli::Context;
use crate::exchange::table::import::Progress;

/// How far an import has come, in one line of a terminal that is written over.
pub(super) struct Meter {
    shows: bool,
    began: Duration,
    written: bool,
}

impl Meter {
    pub(super) fn begun(now: Duration, context: &Context<'_, '_>) -> Self {
        Self { shows: context.around.err_is_terminal && !context.global.quiet, began: now, written: false }
    }

    /// The line, if somebody sees it.
    pub(super) fn line(&mut self, progress: Progress, now: Duration) -> Option<String> {
        if !self.shows || progress.rows == 0 {
            return None;
        }
        self.written = true;
        let seconds = now.saturating_sub(self.began).as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "nobody counts rows beyond 2^53")]
        let (rows, left) = (progress.rows as f64, progress.of.saturating_sub(progress.rows) as f64);
        let rate = rows / seconds;
        let Progress { rows, of } = progress;
        Some(format!("\r\u{1b}[K{rows} of {of} rows, {rate:.0} a second, {:.0} s left", left / rate))
    }

    /// What takes the line away again.
    pub(super) fn end(&self) -> &'static str {
        if self.written { "\r\u{1b}[K" } else { "" }
    }
}
