//! One pass over the events in order: what follows from those before.

use crate::domain::announcement::{Body, Kind};
use crate::domain::id::{Origin, Recorder};
use crate::event::chain::{Chain, ChainFault, Damage, Head};
use crate::event::reader::EventReader;
use crate::event::snapshot::LogPoint;
use crate::event::statement::Event;
use crate::integrity::digest::{self, EventHash};
use crate::integrity::{PublicKey, SignatureError};
use crate::ledger::documents::inventory::Inventory;
use crate::ledger::facts::CacheCheck;
use crate::ledger::log::reader::Log;
use crate::ledger::state::authority::{Authority, AuthorityFault};
use crate::ledger::verify::documents::Quotes;
use crate::ledger::verify::event::CheckedEvent;
use crate::ledger::verify::roots::Roots;
use crate::ledger::verify::{Fault, Outside};

/// An event of a batch whose signature has not come yet.
struct Member {
    seq: u64,
    /// The event that signs for it, as it says itself.
    end: u64,
    kind: Kind,
    /// What the ledger says about itself; of the world nothing is needed.
    body: Option<Body>,
}

/// One pass over the events.
pub(crate) struct Fold {
    pub(crate) chain: Chain,
    pub(crate) authority: Authority,
    batch: Vec<Member>,
    pub(super) bytes: u64,
    pub(super) signatures: u64,
    pub(super) bytes_faults: Vec<Fault>,
    pub(super) chain_faults: Vec<Fault>,
    pub(super) signature_faults: Vec<Fault>,
    pub(super) tree: Roots,
    /// Documents and extracted texts.
    pub(crate) holdings: Inventory,
    pub(super) quotes: Quotes,
    /// The facts that are kept, if they are compared.
    pub(super) cache: Option<CacheCheck>,
    first: Option<EventHash>,
}

impl Fold {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self {
            chain: Chain::new(origin.clone()),
            authority: Authority::default(),
            batch: Vec::new(),
            bytes: 0,
            signatures: 0,
            bytes_faults: Vec::new(),
            chain_faults: Vec::new(),
            signature_faults: Vec::new(),
            tree: Roots::default(),
            holdings: Inventory::default(),
            quotes: Quotes::default(),
            cache: None,
            first: None,
        }
    }

    /// A walk that goes on from older events: where their chain and their tree stand, who may sign, what was erased, and the hash
    /// of the first.
    pub(super) fn resumed(
        chain: Chain,
        authority: Authority,
        tree: Roots,
        (holdings, first): (Inventory, EventHash),
        origin: &Origin,
    ) -> Self {
        Self { chain, authority, tree, holdings, first: Some(first), ..Self::new(origin) }
    }

    /// What does not hold so far, layer by layer.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &Fault> {
        [&self.bytes_faults, &self.chain_faults, &self.signature_faults].into_iter().flatten()
    }

    /// Goes on to the next event, of which the bytes are at hand.
    pub(crate) fn event(&mut self, seq: u64, bytes: &[u8]) {
        self.take(CheckedEvent::of(seq, bytes, digest::event_hash(bytes), &mut EventReader::default()));
    }

    /// Goes on to the next position.
    pub(super) fn take(&mut self, seen: CheckedEvent) {
        let CheckedEvent { seq, len, leaf, hash, event, key, quotes, told, root } = seen;
        self.bytes += len;
        self.first = self.first.or(Some(hash));
        if let Some(root) = root {
            self.tree.take_tile(seq, root);
        }
        self.tree.take(leaf, event.as_ref().is_ok_and(|event| event.header.ends_batch()));
        let event = match event {
            Ok(event) => event,
            Err(what) => {
                self.bytes_faults.push(Fault { seq, what });
                self.chain.advance(hash);
                return;
            }
        };
        for fault in self.chain.push(&event) {
            self.chain_faults.push(blamed(seq, &fault));
        }
        if let Some(cache) = &mut self.cache {
            cache.take(seq, told);
            if event.header.ends_batch() {
                let recorded = event.header.recorded;
                cache.take_end(&LogPoint { head: Head { len: seq + 1, hash }, recorded, ends_batch: true });
            }
        }
        self.holdings.take(seq, &event.announcement);
        for quoted in quotes {
            self.quotes.take(seq, quoted);
        }
        self.signed(seq, event, key);
    }

    /// Checks the signature at the end of a batch against the keys before its first event.
    fn signed(&mut self, seq: u64, event: Event, key: Option<Result<PublicKey, SignatureError>>) {
        let (end, kind) = (event.header.batch, event.announcement.body.kind());
        let body = kind.is_about_ledger().then_some(event.announcement.body);
        self.batch.push(Member { seq, end, kind, body });
        let Some(key) = key else { return };
        self.signatures += 1;
        // What was slipped into a batch signs for itself, and not for those around it.
        let batch: Vec<Member> = self.batch.extract_if(.., |member| member.end == end).collect();
        let key = match key {
            Ok(key) => key,
            Err(error) => {
                self.signature_faults.push(Fault { seq, what: error.to_string() });
                return;
            }
        };
        let alone = batch.len() == 1;
        for member in &batch {
            if member.kind.is_about_ledger() && !alone {
                let what = format!("a {} stands in a batch with others", member.kind);
                self.signature_faults.push(Fault { seq: member.seq, what });
            }
            if let Err(fault) = self.check(&key, &event.header.recorder, member) {
                self.signature_faults.push(Fault { seq: member.seq, what: fault.to_string() });
                return;
            }
        }
        for member in &batch {
            let applied = member.body.as_ref().map_or(Ok(()), |body| self.authority.apply(member.seq, body));
            if let Err(fault) = applied {
                self.signature_faults.push(Fault { seq: member.seq, what: fault.to_string() });
            }
        }
    }

    fn check(&self, key: &PublicKey, recorder: &Recorder, member: &Member) -> Result<(), AuthorityFault> {
        match &member.body {
            Some(body) => self.authority.check(key, recorder, body),
            None => self.authority.check_role(key, recorder, member.kind),
        }
    }

    /// What can be said only at the end.
    pub(super) fn end(&mut self, log: &Log, outside: &Outside) {
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
        if let (Some(expected), Some(first)) = (outside.genesis, self.first)
            && expected != first
        {
            let what = format!("genesis hashes to {first}, not to the {expected} that was given");
            self.signature_faults.push(Fault { seq: 0, what });
        }
        if let (Some(held), Some(first)) = (&outside.held, self.first)
            && held.genesis != first
        {
            let what =
                format!("REPLACED: genesis hashes to {first}, and this folder held {held} when it was last seen");
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
        | ChainFault::Founded { .. }
        | ChainFault::Recorded { .. }
        | ChainFault::Correction(_)
        | ChainFault::Batch { .. }
        | ChainFault::BatchEnd { .. } => Fault { seq, what: fault.to_string() },
    }
}
