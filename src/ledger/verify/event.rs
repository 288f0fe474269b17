//! An event looked at by itself: whatever can be said of it without those before and after it.

use crate::event::reader::EventReader;
use crate::event::statement::{self, Event};
use crate::integrity::digest::{self, EventHash};
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::integrity::{PublicKey, SignatureError, merkle};
use crate::ledger::facts::EventDigest;
use crate::ledger::log::reader::{Log, ReadItem};
use crate::ledger::verify::documents::{Quoted, Texts};
use crate::store::bundle::BUNDLE_LEN;
use crate::store::run::Run;

/// What is at one position.
pub(crate) struct CheckedEvent {
    pub(super) seq: u64,
    pub(super) len: u64,
    /// The leaf of its bytes in the tree, if they could be read.
    pub(super) leaf: Option<merkle::Node>,
    /// Hash of its bytes, recomputed.
    pub(super) hash: EventHash,
    /// The event, or why it is none.
    pub(super) event: Result<Event, String>,
    /// The key that signed it, if it is signed.
    pub(super) key: Option<Result<PublicKey, SignatureError>>,
    pub(super) quotes: Vec<Quoted>,
    /// What it tells, where facts are there to compare it with.
    pub(super) told: Option<EventDigest>,
    /// Of the last event of a full bundle, whether the hash that the store keeps of it is the right one.
    pub(super) root: Option<Result<(), String>>,
}

impl CheckedEvent {
    /// An event's bytes, which hash to `hash`, read strictly.
    pub(super) fn of(seq: u64, bytes: &[u8], hash: EventHash, recall: &mut EventReader) -> Self {
        let event = recall.strict(bytes, hash).map_err(|error| error.to_string());
        let key = event.as_ref().ok().and_then(|event| signed_by(event, bytes));
        let (len, leaf) = (bytes.len() as u64, Some(merkle::leaf(bytes)));
        Self { seq, len, leaf, hash, event, key, quotes: Vec::new(), told: None, root: None }
    }

    fn unreadable(seq: u64, what: String) -> Self {
        let hash = digest::event_hash(&[]);
        Self { seq, len: 0, leaf: None, hash, event: Err(what), key: None, quotes: Vec::new(), told: None, root: None }
    }
}

fn signed_by(event: &Event, bytes: &[u8]) -> Option<Result<PublicKey, SignatureError>> {
    let armor = event.signature.as_ref()?;
    let statement = statement::split(bytes).map_or(0, |(statement, _)| statement.len() + 1);
    Some(verify_signature(armor, EVENT_NAMESPACE, &bytes[..statement]))
}

/// What is looked at, with which texts, and whether what the events tell is compared with facts.
pub(super) type Looking<'l> = (&'l Log, &'l Texts, bool);

/// Looks at what was found at the positions of a bundle.
pub(super) fn look((log, texts, with_facts): Looking<'_>, found: Vec<ReadItem>) -> Vec<CheckedEvent> {
    let mut recall = EventReader::default();
    let mut all = Vec::with_capacity(BUNDLE_LEN);
    for found in found {
        match found {
            ReadItem::Unreadable { seq, what } => all.push(CheckedEvent::unreadable(seq, what)),
            ReadItem::Run(run) => look_at_run((log, texts, with_facts), &run, &mut recall, &mut all),
        }
    }
    all
}

fn look_at_run(
    (log, texts, with_facts): Looking<'_>,
    run: &Run,
    recall: &mut EventReader,
    all: &mut Vec<CheckedEvent>,
) {
    for (index, bytes) in run.values().enumerate() {
        let hash = run.hash(index).map_or_else(|| digest::event_hash(bytes), EventHash::from_bytes);
        let mut seen = CheckedEvent::of(run.first() + index as u64, bytes, hash, recall);
        if let Ok(event) = &seen.event {
            seen.quotes = texts.look_up(&event.announcement.evidence);
            seen.told = with_facts.then(|| EventDigest::by(event));
        }
        all.push(seen);
    }
    if run.len() == BUNDLE_LEN {
        let leaves: Vec<merkle::Node> = all[all.len() - BUNDLE_LEN..].iter().filter_map(|seen| seen.leaf).collect();
        if let Some(last) = all.last_mut() {
            last.root = kept_root(log, run, &leaves);
        }
    }
}

/// Compares the hash that the store keeps of a full bundle with the root over its leaves.
fn kept_root(log: &Log, run: &Run, leaves: &[merkle::Node]) -> Option<Result<(), String>> {
    let bundle = run.first() / BUNDLE_LEN as u64;
    let kept = match log.root(bundle) {
        Ok(kept) => kept?,
        Err(error) => return Some(Err(error.to_string())),
    };
    let holds = merkle::root(leaves) == kept;
    Some(if holds {
        Ok(())
    } else {
        Err(format!(
            "the hash kept of the events {} to {} is another",
            run.first(),
            run.first() + BUNDLE_LEN as u64 - 1
        ))
    })
}
