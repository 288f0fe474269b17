//! Going through a long log a piece at a time, while others may use the ledger between two pieces.

use std::ops::Range;

use crate::domain::id::Origin;
use crate::event::chain::{Chain, Damage};
use crate::event::snapshot::Heads;
use crate::event::statement::Event;
use crate::integrity::digest::EventHash;
use crate::ledger::log::open::OpenError;
use crate::ledger::log::reader::Log;
use crate::ledger::log::replay::{closed, followed};

/// A pass through the events of a log, of which some are read at a time, while others may use the ledger.
#[derive(Debug)]
pub struct Cursor {
    rest: Range<u64>,
    /// Where the log ends.
    head: EventHash,
    chain: Option<Chain>,
}

impl Cursor {
    /// Through the newest events of a log, so many, that stands so.
    pub fn newest(events: u64, heads: &Heads, origin: &Origin) -> Self {
        let len = heads.len();
        let first = len.saturating_sub(events);
        let chain = (first == 0).then(|| Chain::new(origin.clone()));
        Self { rest: first..len, head: heads.head(), chain }
    }

    /// Whether all of them were read.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Checks that the chain ends where the log does.
    fn ends(&self, chain: Chain) -> Result<(), Damage> {
        let chain = closed(chain)?;
        if chain.head() != self.head {
            let what = format!("has the hash {}, and {} was expected", chain.head(), self.head);
            return Err(Damage { seq: self.rest.end.saturating_sub(1), what });
        }
        Ok(())
    }
}

impl Log {
    /// What `work` makes of each of the next events, at most so many, read on all cores; none after the last.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] at the first event that does not fit those before, or [`OpenError::Store`].
    pub fn next<T: Send>(
        &self,
        pass: &mut Cursor,
        at_most: u64,
        work: impl Fn(Event) -> T + Sync,
    ) -> Result<Vec<T>, OpenError> {
        let seqs = pass.rest.start..pass.rest.end.min(pass.rest.start + at_most);
        if seqs.end > self.len() {
            return Err(Damage { seq: self.len(), what: "the log is shorter than it was".to_owned() }.into());
        }
        pass.rest.start = seqs.end;
        let take = |taken: &mut Vec<T>, event| taken.push(work(event));
        let (parts, _) = followed((&self.origin, self.store.as_ref()), seqs, &mut pass.chain, (|_| Vec::new(), take))?;
        if pass.rest.is_empty() {
            pass.chain.take().map_or(Ok(()), |chain| pass.ends(chain))?;
        }
        Ok(parts.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::chain::Head;
    use crate::event::snapshot::LogPoint;
    use crate::integrity::digest::event_hash;
    use crate::ledger::folder::Folder;
    use crate::ledger::log::reader::tests::{LEN, now, origin, unsigned};
    use crate::ledger::testing;

    #[test]
    fn a_pass_goes_through_the_newest_events_in_pieces_of_any_length() {
        let desk = tempfile::tempdir().expect("a folder");
        let ids: Vec<String> = (0..600).map(|number| format!("m-{number}")).collect();
        let folder = testing::with_missions(desk.path(), &ids.iter().map(String::as_str).collect::<Vec<_>>());
        let log = Log::read(&folder, &testing::access()).expect("it can be read");
        let known = log.naming().expect("it holds");
        assert_eq!(known.heads, {
            let whole = log.snapshot().expect("it holds").heads;
            let mut newest = Heads::new(log.origin());
            newest.push(*whole.newest().expect("there are events"));
            newest
        });
        for (newest, at_most) in [(u64::MAX, 1000), (log.len(), 256), (601, 7), (300, 299), (1, 1), (0, 5)] {
            let mut pass = Cursor::newest(newest, &known.heads, log.origin());
            let mut seqs = Vec::new();
            while !pass.is_done() {
                seqs.extend(log.next(&mut pass, at_most, |event| event.header.seq).expect("they hang together"));
            }
            assert_eq!(seqs, (log.len().saturating_sub(newest)..log.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_pass_ends_with_the_head_that_it_began_for() {
        let values = unsigned();
        let log = Log::of(&Folder::at("nowhere"), origin(), &values).expect("they are no longer than events");
        let stand =
            LogPoint { head: Head { len: LEN, hash: event_hash(b"another") }, recorded: now(), ends_batch: true };
        let mut heads = Heads::new(&origin());
        heads.push(stand);
        for newest in [LEN, 10] {
            let mut pass = Cursor::newest(newest, &heads, &origin());
            let found = log.next(&mut pass, LEN, |_| ());
            assert!(matches!(found, Err(OpenError::Damaged(Damage { seq, .. })) if seq == LEN - 1), "{found:?}");
        }
        let mut pass = Cursor::newest(LEN, &heads, &Origin::parse("ledger.example/others").expect("an origin"));
        assert!(matches!(log.next(&mut pass, 5, |_| ()), Err(OpenError::Damaged(Damage { seq: 0, .. }))));
    }
}
