//! Verification: a verdict for each layer, every fault found, and how much was covered.
//!
//! What is found is data, not an error. After a fault it goes on from the actual bytes, so that one fault is told once.
//! The layers `tree`, `checkpoints`, `witnesses`, `timestamps` and `projections` have nothing
//! to check yet, and say so.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::announcement::Body;
use crate::domain::id::Origin;
use crate::domain::shape::vocabulary;
use crate::domain::source::{Address, Document, Evidence};
use crate::event::chain::{Chain, ChainFault};
use crate::event::statement::{self, Event};
use crate::evidence::quote::holds;
use crate::integrity::digest::{self, EventHash, document_hash};
use crate::integrity::signature::{EVENT_NAMESPACE, verify as verify_signature};
use crate::ledger::Damage;
use crate::ledger::authority::Authority;
use crate::ledger::log::{Found, Log};
use crate::ledger::shelf::Shelf;

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
    NotChecked(&'static str),
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

/// All layers, and what was covered.
#[derive(Debug, Clone)]
pub struct Report {
    /// In the order of [`Layer::ALL`].
    pub layers: Vec<LayerReport>,
    /// Events that were read from disk and hashed again.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Hash of the newest event, recomputed.
    pub head: EventHash,
}

impl Report {
    /// Whether no layer failed.
    pub fn passed(&self) -> bool {
        self.layers.iter().all(|layer| layer.verdict != Verdict::Fail)
    }

    /// The first event that is bad.
    pub fn first_bad(&self) -> Option<u64> {
        self.layers.iter().flat_map(|layer| &layer.faults).map(|fault| fault.seq).min()
    }
}

/// Verifies all of a log.
///
/// `genesis` is the hash of the first event as it was had from elsewhere: without it, genesis proves itself alone.
pub fn verify(log: &Log, genesis: Option<EventHash>) -> Report {
    let mut walk = Walk::new(log.origin());
    for found in log.found(0..log.len()) {
        match found {
            Found::Run(run) => (run.first()..).zip(run.values()).for_each(|(seq, bytes)| walk.event(seq, bytes)),
            Found::Unreadable { seq, what } => walk.unreadable(seq, what),
        }
    }
    walk.end(log, genesis);
    let documents = Kept::look(&log.shelf(), &walk.named, &walk.erased);
    let head = walk.chain.head();
    let evidence = evidence_report(&walk.quotes, &documents);
    let layers = vec![
        report(Layer::Bytes, walk.bytes_faults, format!("{} events, {} bytes", log.len(), walk.bytes)),
        report(Layer::Chain, walk.chain_faults, format!("{} events", log.len())),
        report(Layer::Signatures, walk.signature_faults, signatures_covered(walk.signatures, genesis)),
        not_checked(Layer::Tree, "no checkpoint publishes a root yet"),
        not_checked(Layer::Checkpoints, "none is kept"),
        not_checked(Layer::Witnesses, "none is named"),
        not_checked(Layer::Timestamps, "none is kept"),
        documents.report(),
        evidence,
        not_checked(Layer::Projections, "no derived state is kept"),
    ];
    Report { layers, events: log.len(), bytes: walk.bytes, head }
}

fn report(layer: Layer, mut faults: Vec<Fault>, covered: String) -> LayerReport {
    faults.sort_by_key(|fault| fault.seq);
    let verdict = if faults.is_empty() { Verdict::Pass } else { Verdict::Fail };
    LayerReport { layer, verdict, covered, faults }
}

fn not_checked(layer: Layer, why: &'static str) -> LayerReport {
    LayerReport { layer, verdict: Verdict::NotChecked(why), covered: String::new(), faults: Vec::new() }
}

fn signatures_covered(signatures: u64, genesis: Option<EventHash>) -> String {
    match genesis {
        Some(_) => format!("{signatures} batches, from a genesis that was given"),
        None => format!("{signatures} batches; not checked against anything outside: genesis is self-asserted"),
    }
}

/// A file that an event names.
pub(super) struct Named {
    /// The first event that names it.
    seq: u64,
    pub(super) len: u64,
    /// The document that it is, or whose text it is: erased together.
    document: String,
}

/// An event of a batch whose signature has not come yet.
struct Member {
    seq: u64,
    /// The event that signs for it, as it says itself.
    end: u64,
    body: Body,
}

/// One pass over the events.
pub(super) struct Walk {
    pub(super) chain: Chain,
    authority: Authority,
    batch: Vec<Member>,
    bytes: u64,
    signatures: u64,
    bytes_faults: Vec<Fault>,
    chain_faults: Vec<Fault>,
    signature_faults: Vec<Fault>,
    /// Documents and extracted texts, by their addresses.
    pub(super) named: BTreeMap<String, Named>,
    quotes: Vec<(u64, Evidence)>,
    erased: BTreeMap<String, u64>,
    first: Option<EventHash>,
}

impl Walk {
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            chain: Chain::new(origin.clone()),
            authority: Authority::default(),
            batch: Vec::new(),
            bytes: 0,
            signatures: 0,
            bytes_faults: Vec::new(),
            chain_faults: Vec::new(),
            signature_faults: Vec::new(),
            named: BTreeMap::new(),
            quotes: Vec::new(),
            erased: BTreeMap::new(),
            first: None,
        }
    }

    /// What does not hold so far, layer by layer.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Fault> {
        [&self.bytes_faults, &self.chain_faults, &self.signature_faults].into_iter().flatten()
    }

    fn unreadable(&mut self, seq: u64, what: String) {
        self.bytes_faults.push(Fault { seq, what });
        self.chain.advance(digest::event_hash(&[]));
    }

    pub(super) fn event(&mut self, seq: u64, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let hash = digest::event_hash(bytes);
        self.first = self.first.or(Some(hash));
        let event = match Event::read(bytes) {
            Ok(event) => event,
            Err(error) => {
                self.bytes_faults.push(Fault { seq, what: error.to_string() });
                self.chain.advance(hash);
                return;
            }
        };
        for fault in self.chain.push(&event) {
            self.chain_faults.push(blamed(seq, &fault));
        }
        self.collect(seq, &event);
        self.signed(seq, &event, bytes);
    }

    /// Checks the signature at the end of a batch against the keys before its first event.
    fn signed(&mut self, seq: u64, event: &Event, bytes: &[u8]) {
        let end = event.header.batch;
        self.batch.push(Member { seq, end, body: event.announcement.body.clone() });
        let Some(armor) = &event.signature else { return };
        self.signatures += 1;
        // What was slipped into a batch signs for itself, and not for those around it.
        let batch: Vec<Member> = self.batch.extract_if(.., |member| member.end == end).collect();
        let statement = statement::split(bytes).map_or(0, |(statement, _)| statement.len() + 1);
        let key = match verify_signature(armor, EVENT_NAMESPACE, &bytes[..statement]) {
            Ok(key) => key,
            Err(error) => {
                self.signature_faults.push(Fault { seq, what: error.to_string() });
                return;
            }
        };
        let alone = batch.len() == 1;
        for Member { seq, body, .. } in &batch {
            let kind = body.kind();
            if kind.is_about_ledger() && !alone {
                let what = format!("a {kind} stands in a batch with others");
                self.signature_faults.push(Fault { seq: *seq, what });
            }
            if let Err(fault) = self.authority.check(&key, &event.header.recorder, body) {
                self.signature_faults.push(Fault { seq: *seq, what: fault.to_string() });
                return;
            }
        }
        for Member { seq, body, .. } in &batch {
            if let Err(fault) = self.authority.apply(*seq, body) {
                self.signature_faults.push(Fault { seq: *seq, what: fault.to_string() });
            }
        }
    }

    /// Notes the documents and quotes that an event names.
    fn collect(&mut self, seq: u64, event: &Event) {
        if let Body::Erasure(erasure) = &event.announcement.body {
            for address in &erasure.documents {
                self.erased.insert(address.as_str().to_owned(), seq);
            }
        }
        for evidence in &event.announcement.evidence {
            if let Some(document) = &evidence.source.document {
                let own = document.address().map_or("", |address| address.as_str());
                for (address, len) in files_of(document) {
                    self.named.entry(address).or_insert_with(|| Named { seq, len, document: own.to_owned() });
                }
            }
            if evidence.quote.is_some() {
                self.quotes.push((seq, evidence.clone()));
            }
        }
    }

    /// What can be said only at the end.
    fn end(&mut self, log: &Log, genesis: Option<EventHash>) {
        let last = log.len().saturating_sub(1);
        if self.chain.is_open() {
            let what = "the log ends in the middle of a batch: its signed end is gone".to_owned();
            self.chain_faults.push(Fault { seq: last, what });
        }
        if log.is_empty() {
            self.chain_faults.push(Fault { seq: 0, what: "there is no event, not even a genesis".to_owned() });
        }
        // The hint is not believed; but a log that lacks what somebody remembers has lost it.
        if let Some(Damage { seq, what }) = log.forgotten() {
            self.chain_faults.push(Fault { seq, what });
        }
        if let (Some(expected), Some(first)) = (genesis, self.first)
            && expected != first
        {
            let what = format!("genesis hashes to {first}, not to the {expected} that was given");
            self.signature_faults.push(Fault { seq: 0, what });
        }
    }
}

/// The event to blame: a `prev` that does not fit accuses the event before.
fn blamed(seq: u64, fault: &ChainFault) -> Fault {
    match fault {
        ChainFault::Prev { expected, found } if seq > 0 => Fault {
            seq: seq - 1,
            what: format!("hashes to {expected}, and event {seq} names {found} as the one before it"),
        },
        ChainFault::Prev { .. }
        | ChainFault::Seq { .. }
        | ChainFault::Origin { .. }
        | ChainFault::Recorded { .. }
        | ChainFault::Batch { .. }
        | ChainFault::BatchEnd { .. } => Fault { seq, what: fault.to_string() },
    }
}

/// The files that a document stands for, with their lengths: itself, and the text extracted from it.
fn files_of(document: &Document) -> Vec<(String, u64)> {
    let own = document.address().map(|address| (address.as_str().to_owned(), document.len));
    let text = document.text.as_ref().map(|text| (text.b3.as_str().to_owned(), text.len));
    own.into_iter().chain(text).collect()
}

/// The documents that were looked at.
struct Kept {
    looked_at: usize,
    erased: usize,
    faults: Vec<Fault>,
    /// Those that are what they should be.
    good: BTreeMap<String, Vec<u8>>,
    gone: BTreeSet<String>,
}

impl Kept {
    fn look(shelf: &Shelf, named: &BTreeMap<String, Named>, erased: &BTreeMap<String, u64>) -> Self {
        let mut kept = Self {
            looked_at: named.len(),
            erased: 0,
            faults: Vec::new(),
            good: BTreeMap::new(),
            gone: BTreeSet::new(),
        };
        for (address, Named { seq, len, document }) in named {
            let fault = match shelf.document(address) {
                Ok(Some(bytes)) if bytes.len() as u64 != *len => {
                    Some(format!("document {address} has {} bytes, not {len}", bytes.len()))
                }
                Ok(Some(bytes)) if document_hash(&bytes).to_string() != *address => {
                    Some(format!("document {address} hashes to {}", document_hash(&bytes)))
                }
                Ok(Some(bytes)) => {
                    kept.good.insert(address.clone(), bytes);
                    None
                }
                Ok(None) if erased.contains_key(document) => {
                    kept.erased += 1;
                    None
                }
                Ok(None) => Some(format!("document {address} is MISSING")),
                Err(error) => Some(format!("document {address}: {error}")),
            };
            if let Some(what) = fault {
                kept.faults.push(Fault { seq: *seq, what });
            }
            if !kept.good.contains_key(address) {
                kept.gone.insert(address.clone());
            }
        }
        kept
    }

    fn report(self) -> LayerReport {
        if self.looked_at == 0 {
            return not_checked(Layer::Documents, "no event names one");
        }
        let erased = if self.erased > 0 { format!(", {} erased as events say", self.erased) } else { String::new() };
        let covered = format!("{} of {} files{erased}", self.good.len(), self.looked_at);
        report(Layer::Documents, self.faults, covered)
    }
}

/// Whether quotes stand where they were found. Of documents that are gone, the layer `documents` tells.
fn evidence_report(quotes: &[(u64, Evidence)], documents: &Kept) -> LayerReport {
    let mut faults = Vec::new();
    let mut unseen = 0;
    for (seq, evidence) in quotes {
        let (Some(quote), Some(document)) = (&evidence.quote, &evidence.source.document) else {
            faults.push(Fault { seq: *seq, what: "a quote has no document to stand in".to_owned() });
            continue;
        };
        let address = document.text_address().map(Address::as_str);
        let Some(address) = address.filter(|address| !documents.gone.contains(*address)) else {
            unseen += 1;
            continue;
        };
        let text = documents.good.get(address).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let at = evidence.at.and_then(|(start, end)| Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?));
        let stands = text.zip(at).is_some_and(|(text, at)| holds(text, at, quote));
        if !stands {
            let what = format!("a quote does not stand at its place in document {address}");
            faults.push(Fault { seq: *seq, what });
        }
    }
    if quotes.is_empty() {
        return not_checked(Layer::Evidence, "no event has a quote");
    }
    if unseen == quotes.len() {
        return not_checked(Layer::Evidence, "the documents of all quotes are missing, altered or erased");
    }
    let covered = match unseen {
        0 => format!("{} quotes", quotes.len()),
        _ => format!(
            "{} of {} quotes; the documents of the others are missing, altered or erased",
            quotes.len() - unseen,
            quotes.len()
        ),
    };
    report(Layer::Evidence, faults, covered)
}
