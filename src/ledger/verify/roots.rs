//! The roots over the first events of a log, recomputed, and who published them: checkpoints.

use std::collections::BTreeMap;

use crate::domain::id::Origin;
use crate::integrity::checkpoint::{Checkpoint, Verified};
use crate::integrity::merkle::{Frontier, Node};
use crate::integrity::policy::Policy;
use crate::ledger::log::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::{Fault, Layer, LayerReport, Outside, is_unreachable, not_checked, report, report_of};

/// The tree over the events, as far as they could be read.
pub(super) struct Roots {
    /// Nothing behind an event that could not be read.
    frontier: Option<Frontier>,
    /// The roots over so many events that are asked for, and whether a batch ends there.
    at: BTreeMap<u64, Option<(Node, bool)>>,
    tiles: usize,
    tile_faults: Vec<Fault>,
}

impl Default for Roots {
    fn default() -> Self {
        Self { frontier: Some(Frontier::default()), at: BTreeMap::new(), tiles: 0, tile_faults: Vec::new() }
    }
}

impl Roots {
    /// The tree over older events, that goes on, with the roots that are known of them.
    pub(super) fn resumed(frontier: Frontier, at: BTreeMap<u64, Option<(Node, bool)>>) -> Self {
        Self { frontier: Some(frontier), at, ..Self::default() }
    }

    /// Asks for the roots over so many events, where they are not known.
    pub(super) fn want(&mut self, sizes: impl IntoIterator<Item = u64>) {
        for size in sizes {
            self.at.entry(size).or_insert(None);
        }
    }

    /// Takes the leaf of the next event.
    pub(super) fn take(&mut self, leaf: Option<Node>, ends_batch: bool) {
        let (Some(frontier), Some(leaf)) = (&mut self.frontier, leaf) else {
            self.frontier = None;
            return;
        };
        frontier.push(leaf);
        if let Some(root) = self.at.get_mut(&frontier.size()) {
            *root = Some((frontier.root(), ends_batch));
        }
    }

    /// Takes whether the hash that the store keeps of a full bundle is the right one.
    pub(super) fn take_tile(&mut self, seq: u64, outcome: Result<(), String>) {
        self.tiles += 1;
        self.tile_faults.extend(outcome.err().map(|what| Fault { seq, what }));
    }

    /// What is wrong with a checkpoint of a log of so many events.
    fn fault(&self, checkpoint: &Checkpoint, (origin, len): (&Origin, u64)) -> Option<String> {
        let size = checkpoint.size;
        if checkpoint.origin != origin.as_str() {
            return Some(format!("it is of the log `{}`", checkpoint.origin));
        }
        if size > len {
            return Some(format!("ROLLBACK: it was signed for {size} events, and the log has {len}"));
        }
        if size == 0 {
            return None;
        }
        match self.at.get(&size).copied().flatten() {
            Some((root, _)) if root != checkpoint.root => {
                Some(format!("FORK: the first {size} events are others than those that it was signed for"))
            }
            Some((_, false)) => Some("it stands within a batch".to_owned()),
            Some((_, true)) => None,
            None => Some(format!("one of the first {size} events could not be read")),
        }
    }

    /// How many of a log's first events a key from outside vouches for, by a checkpoint that holds.
    pub(super) fn vouched(&self, outside: &Outside, log: (&Origin, u64)) -> u64 {
        let holding = outside.checkpoints.iter().filter(|(_, given)| self.fault(given.says(), log).is_none());
        holding.map(|(_, given)| given.size()).max().unwrap_or_default()
    }

    /// The layers `tree`, `checkpoints` and `witnesses` of a log of so many events, beside the checkpoints that it keeps itself and
    /// those that came from outside, and the one since which it is verified; and the newest of those that hold. `seen` is what is
    /// wrong beside where the log was seen to end, which was so long.
    pub(super) fn report(
        self,
        kept: &Checkpoints,
        outside: &Outside,
        keys: &Authority,
        (origin, len): (&Origin, u64),
        seen: Option<(u64, String)>,
    ) -> ([LayerReport; 3], Option<Verified>) {
        let (mut faults, mut out_of_reach) = (Vec::new(), Vec::new());
        let mut others = OtherLogs::default();
        let mut of_folder = |folder: &Checkpoints, name: &str| {
            let sizes = folder.sizes();
            let found = sizes.iter().flatten().filter_map(|size| {
                let got = folder.get(*size, keys);
                if let Some(error) = got.as_ref().err().filter(|error| is_unreachable(error)) {
                    out_of_reach.push(error.to_string());
                    return None;
                }
                // That the log is another is told before that nobody knows who signed it.
                let told = |error: CheckpointsError| {
                    let other = folder.says(*size).and_then(|says| self.fault(&says, (origin, len)));
                    other.unwrap_or_else(|| error.to_string())
                };
                let found = got.map_err(told).transpose()?;
                Some((format!("{name}/{size}"), *size, found))
            });
            let found: Vec<_> = found.collect();
            match sizes.err() {
                Some(error) if is_unreachable(&error) => out_of_reach.push(error.to_string()),
                error => {
                    faults.extend(error.map(|error| Fault { seq: len.saturating_sub(1), what: error.to_string() }));
                }
            }
            found
        };
        let own = of_folder(kept, "checkpoints");
        let remembered = of_folder(&outside.remembered, "remembered");
        let given = outside.checkpoints.iter().chain(&outside.since);
        let given = given.map(|(name, given)| (name.clone(), given.size(), Ok(given.clone())));
        let (mut checked, mut newest) = (0, 0);
        let mut holding = Vec::new();
        let from_outside = outside.checkpoints.len() + remembered.len();
        for (name, size, found) in own.into_iter().chain(remembered).chain(given) {
            checked += 1;
            let holds = |checkpoint: Verified| self.fault(checkpoint.says(), (origin, len)).map_or(Ok(checkpoint), Err);
            match found.and_then(holds) {
                Ok(checkpoint) => {
                    newest = newest.max(size);
                    holding.push(checkpoint);
                }
                Err(what) => others.add(&name, size, &what),
            }
        }
        if let Some((size, what)) = seen {
            others.add("remembered/seen", size, &what);
        }
        faults.extend(others.faults(len));
        let published = match newest {
            0 => "no checkpoint publishes a root yet".to_owned(),
            newest => format!("the root over the first {newest} events is published"),
        };
        let tree = if self.tiles == 0 && newest == 0 {
            not_checked(Layer::Tree, "no checkpoint publishes a root yet")
        } else {
            let tiles = match self.tiles {
                0 => String::new(),
                tiles => format!("{tiles} hashes of full tiles; "),
            };
            report(Layer::Tree, self.tile_faults, tiles + &published)
        };
        let checkpoints = if checked == 0 && faults.is_empty() && out_of_reach.is_empty() {
            not_checked(Layer::Checkpoints, "none is kept")
        } else {
            let covered = format!("{checked} signed roots, {from_outside} of them from outside");
            report_of(Layer::Checkpoints, faults, out_of_reach, covered)
        };
        let newest = holding.iter().max_by_key(|checkpoint| checkpoint.size()).cloned();
        ([tree, checkpoints, witnesses(holding, outside.policy.as_ref(), len)], newest)
    }
}

/// Checkpoints that do not hold, by the folder or file that they are kept in and by how they do not: where many say that the log is
/// another, one line does.
#[derive(Default)]
struct OtherLogs(BTreeMap<(String, String), Vec<(u64, String)>>);

impl OtherLogs {
    fn add(&mut self, name: &str, size: u64, what: &str) {
        let folder = name.rsplit_once('/').map_or(name, |(folder, _)| folder);
        let kind = what.split_once(':').filter(|(kind, _)| ["ROLLBACK", "FORK"].contains(kind)).map(|(kind, _)| kind);
        // What is wrong with a file alone is told of each.
        let key = kind.map_or_else(|| (name.to_owned(), what.to_owned()), |kind| (folder.to_owned(), kind.to_owned()));
        self.0.entry(key).or_default().push((size, format!("{name}: {what}")));
    }

    /// A fault of each, by the largest of them.
    fn faults(self, len: u64) -> Vec<Fault> {
        let told = self.0.into_values().filter_map(|mut all| {
            all.sort_by_key(|(size, _)| *size);
            let (size, mut what) = all.pop()?;
            if let (Some((first, _)), Some((last, _))) = (all.first(), all.last()) {
                let number = all.len();
                what += &match number {
                    1 => format!("; another, of {first} events, says so too"),
                    _ => format!("; {number} others, of {first} to {last} events, say so too"),
                };
            }
            Some(Fault { seq: size.min(len).saturating_sub(1), what })
        });
        let mut faults: Vec<Fault> = told.collect();
        faults.sort_by_key(|fault| fault.seq);
        faults
    }
}

/// Which of the checkpoints that hold were seen by as many witnesses as a policy asks for.
fn witnesses(mut holding: Vec<Verified>, policy: Option<&Policy>, len: u64) -> LayerReport {
    let Some(policy) = policy.filter(|policy| policy.needs_witnesses()) else {
        return not_checked(Layer::Witnesses, "no policy names any");
    };
    holding.sort_by_key(Verified::size);
    let seen: Vec<_> = holding.iter().map(|checkpoint| (checkpoint.size(), policy.witnessed(checkpoint))).collect();
    let mut faults = Vec::new();
    for (size, seen) in &seen {
        for name in &seen.forged {
            let what = format!("the signature of witness {name} under the checkpoint of {size} events is forged");
            faults.push(Fault { seq: size.saturating_sub(1), what });
        }
    }
    let newest = seen.iter().rev().find(|(size, seen)| *size > 0 && seen.is_quorum);
    let Some((size, seen)) = newest else {
        let what = "no checkpoint was seen by as many witnesses as the policy asks for".to_owned() + &uncounted(policy);
        faults.push(Fault { seq: len.saturating_sub(1), what });
        return report(Layer::Witnesses, faults, String::new());
    };
    let names: Vec<&str> = seen.by.iter().map(|(name, _)| name.as_str()).collect();
    report(
        Layer::Witnesses,
        faults,
        format!("the first {size} events, seen by {}", names.join(", ")) + &uncounted(policy),
    )
}

/// The witnesses of a policy whose signatures cannot be checked.
fn uncounted(policy: &Policy) -> String {
    let each = |(name, found): &(String, u8)| format!("{name} (a key of type {found:#04x})");
    let names: Vec<String> = policy.unknown.iter().map(each).collect();
    if names.is_empty() { String::new() } else { format!("; not known here: {}", names.join(", ")) }
}
