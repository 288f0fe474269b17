//! Verifying what is new since a checkpoint, as of a night: what was there before was verified then.
//!
//! 1. The log goes on from the checkpoint: the root over so many of its first events is the one that was signed, by the hashes
//!    that the store keeps of full bundles, and by the events themselves behind those.
//! 2. The events that the rest goes on from are read again, and proven to be in the tree of that root: the newest of the old ones,
//!    and those that say who may sign and what was erased. Which these are is told by the facts that this account keeps, or by
//!    all of the store where these do not fit.
//! 3. What follows is verified as if all were: bytes, chain, signatures, documents, quotes, hashes of bundles, and the newer
//!    checkpoints.
//!
//! Left unchecked is whatever rots, or is changed by who can write to the disk, in the older events' bytes and documents without
//! the hashes kept of them: only the whole reads those again. Where the log does not go on from the checkpoint, or what it
//! is to go on from cannot be read, all of it is verified.

use std::collections::BTreeMap;

use crate::domain::announcement::{Body, Kind};
use crate::event::chain::Chain;
use crate::event::statement::Event;
use crate::integrity::checkpoint::Verified;
use crate::integrity::digest::event_hash;
use crate::integrity::merkle::{Frontier, Node, Tree};
use crate::integrity::proof::check_inclusion;
use crate::ledger::documents::inventory::{DocumentState, Inventory};
use crate::ledger::log::reader::Log;
use crate::ledger::log::tree::LogTree;
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::documents::fault;
use crate::ledger::verify::fold::Fold;
use crate::ledger::verify::roots::Roots;
use crate::ledger::verify::{Fault, Outside};

/// What a walk goes on from, if the log goes on from the checkpoint that was given.
pub(super) fn resumed(log: &Log, outside: &Outside) -> Option<Fold> {
    let (_, since) = outside.since.as_ref()?;
    let before = Before::of(log, since)?;
    let newest = before.event(since.size().checked_sub(1)?)?;
    if !newest.header.ends_batch() {
        return None;
    }
    let (mut authority, mut holdings) = (Authority::default(), Inventory::default());
    for told in log.naming().ok()?.events.iter().filter(|told| told.seq < since.size()) {
        if !is_gone_on_from(told.announcement.body.kind()) {
            continue;
        }
        let event = before.event(told.seq)?;
        let body = &event.announcement.body;
        authority.apply(event.header.seq, body).ok()?;
        if let Body::Erasure(erasure) = body {
            holdings.erase(event.header.seq, erasure);
        }
    }
    let mut at = BTreeMap::from([(since.size(), Some((since.root(), true)))]);
    // What somebody gave to hold it against may be older still.
    for older in outside.checkpoints.iter().map(|(_, given)| given.size()).filter(|size| *size < since.size()) {
        at.insert(older, before.root(older));
    }
    let roots = Roots::resumed(Frontier::of(&before.tree, since.size()).ok()?, at);
    let first = event_hash(&before.bytes(0)?);
    Some(Fold::resumed(Chain::after(&newest), authority, roots, (holdings, first), log.origin()))
}

/// What the rest of a log goes on from: who may sign, and what was erased.
const fn is_gone_on_from(kind: Kind) -> bool {
    matches!(kind, Kind::Genesis | Kind::RecorderAdded | Kind::RecorderRevoked | Kind::LogKeyChanged | Kind::Erasure)
}

/// The events that a checkpoint was signed for.
struct Before<'l> {
    log: &'l Log,
    since: &'l Verified,
    tree: LogTree<'l>,
}

impl<'l> Before<'l> {
    /// Of a log that has them.
    fn of(log: &'l Log, since: &'l Verified) -> Option<Self> {
        let size = since.size();
        let is_its = since.origin() == log.origin().as_str() && size <= log.len();
        let tree = if is_its { log.tree(size).ok()? } else { return None };
        let before = Self { log, since, tree };
        (before.tree.root(size).ok()? == since.root()).then_some(before)
    }

    /// The bytes of one of them, if they are in the tree that was signed.
    fn bytes(&self, seq: u64) -> Option<Vec<u8>> {
        let bytes = self.log.value(seq)?.ok()?;
        let path = self.tree.inclusion(seq, self.since.size()).ok()?;
        check_inclusion(self.since, seq, &bytes, &path).ok()?;
        Some(bytes)
    }

    /// One of them.
    fn event(&self, seq: u64) -> Option<Event> {
        Event::read(&self.bytes(seq)?).ok().filter(|event| event.header.seq == seq)
    }

    /// The root over the first of them, so many, and whether a batch ends there.
    fn root(&self, size: u64) -> Option<(Node, bool)> {
        let ends = size.checked_sub(1).is_none_or(|seq| self.event(seq).is_some_and(|last| last.header.ends_batch()));
        Some((self.tree.root(size).ok()?, ends))
    }
}

/// The documents of older events that newer ones say were erased, and that are still there.
pub(super) fn not_deleted(log: &Log, holdings: &Inventory) -> Vec<Fault> {
    let shelf = log.shelf();
    let still_there = holdings.erased_elsewhere().filter(|(address, _)| shelf.has(address));
    still_there.filter_map(|(address, by)| fault(address, by, &DocumentState::NotDeleted(by))).collect()
}
