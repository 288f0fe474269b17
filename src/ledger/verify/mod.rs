//! Verification: a verdict for each layer, every fault found, and how much was covered.
//!
//! What is found is data, not an error. After a fault it goes on from the actual bytes, so that one fault is told once.
//! `tree` compares the hashes that are kept of full tiles, `checkpoints` the roots that were signed, and `projections` the
//! facts with what every event tells; `witnesses` are those of a policy, and `timestamps` those of
//! authorities whose certificates are brought.
//!
//! Events are looked at one by one on all cores (`seen`), a stretch of them in memory at a time, and put together in
//! order (`walk`): memory does not grow with the log, but for the names of its documents.

mod documents;
mod event;
mod fold;
mod roots;
mod since;
pub mod sources;

use crate::integrity::digest::event_hash;
use std::borrow::Cow;
use std::collections::VecDeque;

use rayon::prelude::*;

use crate::domain::shape::vocabulary;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::{Chain, Head};
use crate::integrity::Vkey;
use crate::integrity::checkpoint::Verified;
use crate::integrity::digest::EventHash;
use crate::integrity::policy::Policy;
use crate::ledger::documents::inventory::is_out_of_reach;
use crate::ledger::facts::{CacheCheck, UsedFor};
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::log::clock::tolerated;
use crate::ledger::log::older::Older;
use crate::ledger::log::open::Progress;
use crate::ledger::log::reader::{Log, ReadItem};
use crate::ledger::log::timestamps::{Checker, Stamp, TimestampError};
use crate::store::bundle::BUNDLE_LEN;

use documents::{Kept, Texts, Whose};
use event::{CheckedEvent, Looking};

pub(crate) use fold::Fold;

/// The events that are looked at by themselves at a time, on all cores, while those before are put together.
const STRETCH: u64 = 16 * BUNDLE_LEN as u64;

vocabulary! {
    /// What is verified, each on its own.
    pub enum Layer {
        /// Every event is there, canonical and within limits.
        Bytes = "bytes",
        /// Every event follows the one before it, and batches are complete.
        Chain = "chain",
        /// Every batch is signed by a key that was authorised at its position.
        Signatures = "signatures",
        /// The Merkle tree has the published root.
        Tree = "tree",
        /// Every checkpoint kept is a prefix, correctly signed.
        Checkpoints = "checkpoints",
        /// Witnesses have seen the same log.
        Witnesses = "witnesses",
        /// Timestamps were given for these checkpoints.
        Timestamps = "timestamps",
        /// Every document is there and is the one that was recorded, or was erased.
        Documents = "documents",
        /// Every quote stands where it was found.
        Evidence = "evidence",
        /// Derived state equals a replay.
        Projections = "projections",
    }
}

/// What came of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that there is was checked, and holds.
    Pass,
    /// At least one thing does not hold.
    Fail,
    /// Nothing was checked, and why.
    NotChecked(Cow<'static, str>),
    /// It was to be checked, and something could not be looked at: a program is not there, or the operating system refuses.
    /// That says nothing of the log.
    CouldNot(String),
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The event that is bad, or that names what is bad.
    pub seq: u64,
    /// What does not hold.
    pub what: String,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct LayerReport {
    /// Which.
    pub layer: Layer,
    /// What came of it.
    pub verdict: Verdict,
    /// How many things were checked, in words.
    pub covered: String,
    /// What does not hold, in the order of the events.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Takes what does not hold of a layer besides.
    pub fn add(&mut self, layer: Layer, faults: Vec<Fault>) {
        if let Some(own) = self.layers.iter_mut().find(|own| own.layer == layer) {
            own.take(faults);
        }
    }
}

impl LayerReport {
    /// Takes what does not hold besides.
    fn take(&mut self, faults: Vec<Fault>) {
        if !faults.is_empty() {
            self.verdict = Verdict::Fail;
            self.faults.extend(faults);
            self.faults.sort_by_key(|fault| fault.seq);
        }
    }
}

/// All layers, and what was covered.
#[derive(Debug, Clone)]
pub struct Report {
    /// In the order of [`Layer::ALL`].
    pub layers: Vec<LayerReport>,
    /// How many of the first events were not read again, if the log was verified since a checkpoint and goes on from it.
    pub since: Option<u64>,
    /// Events that were read from disk and hashed again.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Hash of the newest event, recomputed.
    pub head: EventHash,
    /// What was recorded later than the clock from outside says. One of both is wrong, and which one no log can tell: it is
    /// no fault of a layer.
    pub ahead: Option<Ahead>,
    /// The newest of the checkpoints that hold, wherever it was had from.
    pub newest: Option<Verified>,
    /// How much older it is than what was known when it was restored so: no fault of a layer, since what there is may hold.
    pub older: Option<Older>,
}

/// Events that were recorded later than it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// The first of them; all that follow are too.
    pub from: u64,
    /// When the newest was recorded.
    pub latest: Timestamp,
    /// What the clock from outside says.
    pub now: Timestamp,
}

impl Report {
    /// Whether everything that was to be checked was, and holds.
    pub fn passed(&self) -> bool {
        self.layers.iter().all(|layer| !matches!(layer.verdict, Verdict::Fail | Verdict::CouldNot(_)))
    }

    /// Whether something does not hold.
    pub fn failed(&self) -> bool {
        self.layers.iter().any(|layer| layer.verdict == Verdict::Fail)
    }

    /// The first event that is bad.
    pub fn first_bad(&self) -> Option<u64> {
        self.layers.iter().flat_map(|layer| &layer.faults).map(|fault| fault.seq).min()
    }
}

/// What is known of a log from elsewhere: without it, a log vouches for itself alone.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// The hash of the first event.
    pub genesis: Option<EventHash>,
    /// The log that the folder held when it was seen before.
    pub held: Option<LogId>,
    /// The log's key.
    pub log_key: Option<Vkey>,
    /// Checkpoints, checked with a key from outside, and what they are called.
    pub checkpoints: Vec<(String, Verified)>,
    /// The checkpoint since which the log is verified, if not all of it is, and what it is called.
    pub since: Option<(String, Verified)>,
    /// Checkpoints of this log that were seen before and remembered.
    pub remembered: Checkpoints,
    /// Which witnesses are known, and how many of them must have signed.
    pub policy: Option<Policy>,
    /// How timestamps are checked.
    pub timestamps: Option<Checker>,
    /// The caller's clock.
    pub now: Option<Timestamp>,
}

/// Verifies all of a log.
pub fn verify(log: &Log, outside: &Outside) -> Report {
    verify_telling(log, outside, &|_, _, _| {})
}

/// The same, and tells now and then how many events were looked at, and of how many.
pub fn verify_telling(log: &Log, outside: &Outside, progress: Progress<'_>) -> Report {
    let resumed = since::resumed(log, outside);
    let since = resumed.as_ref().map(|walk| walk.chain.len());
    let mut walk = resumed.unwrap_or_else(|| Fold::new(log.origin()));
    let (mut kept, mut remembered) = (log.checkpoints(), outside.remembered.clone());
    let (older, known) = (log.older().unwrap_or_default(), remembered.most().unwrap_or_default());
    let from = since.unwrap_or_default();
    if since.is_some() {
        kept = kept.within(from..=u64::MAX);
    }
    if since.is_some() || older.is_some() {
        // What the ledger says itself that it lacks is no fault of what it has.
        remembered = remembered.within(from..=older.map_or(u64::MAX, |older| older.len));
    }
    let outside = &Outside { remembered, ..outside.clone() };
    walk.tree.want(kept.sizes().unwrap_or_default());
    walk.tree.want(outside.remembered.sizes().unwrap_or_default());
    walk.tree.want(outside.checkpoints.iter().chain(&outside.since).map(|(_, checkpoint)| checkpoint.size()));
    let comparison = match since {
        None => log.comparison(),
        Some(_) => Err("facts are compared with all events, or none".to_owned()),
    };
    let why_no_facts = comparison.as_ref().err().cloned();
    walk.cache = comparison.ok();
    let with_facts = walk.cache.is_some();
    let texts = Texts::new(log.shelf());
    let begin = from / BUNDLE_LEN as u64 * BUNDLE_LEN as u64;
    let stretches: Vec<u64> = (begin..log.len()).step_by(usize::try_from(STRETCH).unwrap_or(usize::MAX)).collect();
    let mut stretches: VecDeque<u64> = stretches.into();
    let look =
        |start: Option<u64>| start.map_or_else(Vec::new, |start| stretch((log, &texts, with_facts), (start, from)));
    let mut next = look(stretches.pop_front());
    while !next.is_empty() {
        let following = stretches.pop_front();
        let take = || next.into_iter().for_each(|seen| walk.take(seen));
        ((), next) = rayon::join(take, || look(following));
        progress("events verified", following.unwrap_or(log.len()) - begin, log.len() - begin);
    }
    walk.end(log, outside);
    let whose = if log.is_published() { Whose::Published } else { Whose::Ledgers };
    let mut documents = Kept::look(&log.shelf(), &walk.holdings, whose);
    if since.is_some() {
        documents.add(since::not_deleted(log, &walk.holdings));
    }
    let head = walk.chain.head();
    let ahead = outside.now.and_then(|now| ahead(&walk.chain, now));
    let vouched = walk.tree.vouched(outside, (log.origin(), log.len()));
    if let Some(given) = outside.log_key.as_ref().filter(|given| !walk.authority.log_keys().any(|key| key == *given)) {
        let what = format!("the log key that was given, {given}, is not one that the events name");
        walk.signature_faults.push(Fault { seq: 0, what });
    }
    let ([tree, checkpoints, witnesses], newest) =
        walk.tree.report(&kept, outside, &walk.authority, (log.origin(), log.len()), seen(log, &outside.remembered));
    let checkpoints = match older {
        Some(older) => short_of(checkpoints, older, known),
        None => checkpoints,
    };
    let events = log.len() - from;
    let layers = vec![
        report(Layer::Bytes, walk.bytes_faults, format!("{events} events, {} bytes", walk.bytes)),
        report(Layer::Chain, walk.chain_faults, format!("{events} events")),
        report(
            Layer::Signatures,
            walk.signature_faults,
            signatures_covered(walk.signatures, outside, (vouched, log.len())),
        ),
        tree,
        checkpoints,
        witnesses,
        timestamps(log, from, outside.timestamps.as_ref()),
        if log.has_documents() {
            documents.report()
        } else {
            not_checked(Layer::Documents, "no documents are published with the log")
        },
        if log.has_documents() {
            walk.quotes.report(&walk.holdings)
        } else {
            not_checked(Layer::Evidence, "no documents are published with the log")
        },
        projections(walk.cache, why_no_facts, (log.len(), head)),
    ];
    Report { layers, since, events, bytes: walk.bytes, head, ahead, newest, older }
}

/// Says of a ledger that was restored as it was earlier that what is remembered behind its end cannot be held against it.
///
/// It is not told as a rollback, which it was meant to be; and it does not pass, since whoever can write into a folder can write
/// there too that it is older on purpose.
fn short_of(checkpoints: LayerReport, older: Older, known: u64) -> LayerReport {
    if known <= older.len || !checkpoints.faults.is_empty() {
        return checkpoints;
    }
    let why = format!("it was restored as it was with {} events, and {known} are remembered", older.len);
    LayerReport { verdict: Verdict::CouldNot(why), ..checkpoints }
}

/// Finds what is wrong with a log beside where it was seen to end, if it was seen at more than anybody signed; and how long it
/// was then.
fn seen(log: &Log, remembered: &Checkpoints) -> Option<(u64, String)> {
    // What keeps the signed ones from being listed is told of them.
    let seen = remembered.seen().ok()??;
    let seq = seen.len.checked_sub(1)?;
    if seq >= log.len() {
        return Some((seen.len, CheckpointsError::SawMore { len: log.len(), seen: seen.len }.to_string()));
    }
    let found = log.value(seq)?.ok().map(|event| event_hash(&event))?;
    (found != seen.hash).then(|| (seen.len, CheckpointsError::SawAnother { seq }.to_string()))
}

/// What was recorded later than a clock says, beyond what honest clocks differ.
fn ahead(chain: &Chain, now: Timestamp) -> Option<Ahead> {
    let from = chain.first_after(tolerated(now))?;
    Some(Ahead { from, latest: chain.recorded()?, now })
}

/// Has the facts that are kept beside a log made anew, if they are others than the events tell, or not believed; the report
/// says so. Of a log that does not hold none are made.
pub fn renew_facts(log: &Log, report: &mut Report) {
    let holds = [Layer::Bytes, Layer::Chain, Layer::Signatures];
    let is_sound = |of: &LayerReport| of.verdict == Verdict::Pass || !holds.contains(&of.layer);
    if !report.layers.iter().all(is_sound) {
        return;
    }
    let Some(layer) = report.layers.iter_mut().find(|of| of.layer == Layer::Projections) else { return };
    if layer.verdict == Verdict::Pass || !log.snapshot().is_ok_and(|snapshot| log.keep(&snapshot)) {
        return;
    }
    match &mut layer.verdict {
        Verdict::NotChecked(why) => *why = format!("{why}; they were made anew").into(),
        Verdict::Pass | Verdict::Fail | Verdict::CouldNot(_) => layer.covered += "; they were made anew",
    }
}

/// Looks at the events of a stretch by themselves, on all cores; at none before `from`.
fn stretch(looking: Looking<'_>, (start, from): (u64, u64)) -> Vec<CheckedEvent> {
    let log = looking.0;
    let bundle = BUNDLE_LEN as u64;
    let bundles: Vec<u64> = (start..log.len().min(start + STRETCH)).step_by(BUNDLE_LEN).collect();
    let look = |first: u64| {
        let found: Vec<ReadItem> = log.found(first.max(from)..first + bundle).collect();
        event::look(looking, found)
    };
    bundles.into_par_iter().flat_map_iter(look).collect()
}

/// Every timestamp is over a checkpoint that is kept; whether that holds is told by the layer of checkpoints.
fn timestamps(log: &Log, from: u64, checker: Option<&Checker>) -> LayerReport {
    let kept = log.timestamps();
    let newer = |sizes: Vec<u64>| sizes.into_iter().filter(|size| *size >= from).collect::<Vec<u64>>();
    let sizes = match kept.sizes().map(newer) {
        Ok(sizes) if sizes.is_empty() => return not_checked(Layer::Timestamps, "none is kept"),
        Ok(sizes) => sizes,
        Err(error) if is_unreachable(&error) => {
            return report_of(Layer::Timestamps, Vec::new(), vec![error.to_string()], String::new());
        }
        Err(error) => {
            let fault = Fault { seq: log.len().saturating_sub(1), what: error.to_string() };
            return report(Layer::Timestamps, vec![fault], String::new());
        }
    };
    let Some(checker) = checker else {
        return not_checked(Layer::Timestamps, "no authority's certificate was given to check them with");
    };
    let (mut faults, mut out_of_reach, mut stamps) = (Vec::new(), Vec::new(), Vec::new());
    for size in &sizes {
        let checked = kept.read(*size).and_then(|reply| checker.check(&log.checkpoint_file(*size), &reply));
        match checked {
            Ok(stamp) => stamps.push((*size, stamp)),
            Err(error) => {
                let what = format!("timestamps/{size}.tsr: {error}");
                let is_unchecked = match &error {
                    TimestampError::NotRun { .. } => true,
                    TimestampError::Io { source, .. } => is_out_of_reach(source),
                    TimestampError::Refused(_) | TimestampError::Ahead { .. } => false,
                };
                if is_unchecked {
                    out_of_reach.push(what);
                } else {
                    faults.push(Fault { seq: size.saturating_sub(1), what });
                }
            }
        }
    }
    report_of(Layer::Timestamps, faults, out_of_reach, stamped(&stamps))
}

/// Whether what keeps a checkpoint from being read is the operating system.
fn is_unreachable(error: &CheckpointsError) -> bool {
    matches!(error, CheckpointsError::Io { source, .. } if is_out_of_reach(source))
}

/// What timestamps that hold say, by the sizes of their checkpoints.
fn stamped(stamps: &[(u64, Stamp)]) -> String {
    let Some((size, first)) = stamps.first() else { return String::new() };
    let all = format!("{} of checkpoints, the first over {size} events at {}", stamps.len(), first.time);
    let expired: Vec<_> = stamps.iter().filter_map(|(_, stamp)| stamp.expired).collect();
    match expired.iter().min() {
        None => all,
        Some(day) if stamps.len() == 1 => {
            format!("{all}; certificate expired since {day}: it rests on that key not having leaked")
        }
        Some(day) => {
            format!(
                "{all}; certificates of {} expired since {day}: they rest on those keys not having leaked",
                expired.len()
            )
        }
    }
}

/// The facts that are kept are compared, if questions use them: those of this very head.
fn projections(cache: Option<CacheCheck>, why_not: Option<String>, (len, head): (u64, EventHash)) -> LayerReport {
    let Some(mut cache) = cache else { return not_checked(Layer::Projections, why_not.unwrap_or_default()) };
    let mut faults: Vec<Fault> = match cache.used(Head { len, hash: head }) {
        UsedFor::ForTheLog => Vec::new(),
        UsedFor::ForAnother(other) => vec![Fault {
            seq: other,
            what: "HEAD ends the log before it, and questions are answered as of then; `log` or `append` puts it right"
                .to_owned(),
        }],
        UsedFor::Never => {
            let why = "the facts that are kept are of another head, or damaged: no question uses them";
            return not_checked(Layer::Projections, why);
        }
    };
    let what = "the facts that are kept of it are others";
    faults.extend(cache.differ().iter().map(|seq| Fault { seq: *seq, what: what.to_owned() }));
    if cache.ends_differ() {
        let what = "the ends of batches that are kept up to it are others".to_owned();
        faults.push(Fault { seq: len.saturating_sub(1), what });
    }
    if cache.is_scattered() {
        let what = "what is kept of it lies where questions do not find it".to_owned();
        faults.push(Fault { seq: len.saturating_sub(1), what });
    }
    report(Layer::Projections, faults, format!("facts of {} events", cache.compared))
}

fn report(layer: Layer, faults: Vec<Fault>, covered: String) -> LayerReport {
    report_of(layer, faults, Vec::new(), covered)
}

/// The same of a layer of which some things could not be looked at.
fn report_of(layer: Layer, mut faults: Vec<Fault>, out_of_reach: Vec<String>, covered: String) -> LayerReport {
    faults.sort_by_key(|fault| fault.seq);
    let more = match out_of_reach.len() {
        0 | 1 => String::new(),
        all => format!("; and {} more", all - 1),
    };
    let verdict = match out_of_reach.into_iter().next() {
        _ if !faults.is_empty() => Verdict::Fail,
        Some(first) => Verdict::CouldNot(first + &more),
        None => Verdict::Pass,
    };
    LayerReport { layer, verdict, covered, faults }
}

fn not_checked(layer: Layer, why: impl Into<Cow<'static, str>>) -> LayerReport {
    LayerReport { layer, verdict: Verdict::NotChecked(why.into()), covered: String::new(), faults: Vec::new() }
}

fn signatures_covered(signatures: u64, outside: &Outside, (vouched, len): (u64, u64)) -> String {
    match (outside.genesis, vouched) {
        (Some(_), _) => format!("{signatures} batches, from a genesis that was given"),
        (None, 0) => format!("{signatures} batches; not checked against anything outside: genesis is self-asserted"),
        (None, all) if all == len => format!("{signatures} batches, of a log that a key from outside vouches for"),
        (None, some) => {
            format!("{signatures} batches; a key from outside vouches for the first {some} of {len} events")
        }
    }
}
