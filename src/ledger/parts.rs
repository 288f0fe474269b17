//! Work over many things on all cores.

use std::num::NonZero;
use std::ops::Range;

/// Does work over positions from 0 on, on all cores, and gives the results in the order of their parts.
///
/// A part has no fewer positions than `least`, so that a thread has enough to do.
pub(crate) fn in_parts<T: Send>(len: u64, least: u64, work: impl Fn(Range<u64>) -> T + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let part = len.div_ceil(cores).max(least).max(1);
    let parts = (0..len).step_by(usize::try_from(part).unwrap_or(usize::MAX)).map(|start| start..len.min(start + part));
    let parts: Vec<Range<u64>> = parts.collect();
    if let [only] = parts.as_slice() {
        return vec![work(only.clone())];
    }
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || work(part))).collect();
        // A panic is our own mistake, wherever it happened.
        running.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
