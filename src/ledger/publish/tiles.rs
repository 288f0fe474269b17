//! A log published as files, for anybody to check with other people's tools: C2SP tlog-tiles, with what is ours beside.
//!
//! Tiles and entries come first, the checkpoint that stands for them last, so that whoever reads meanwhile finds either
//! the older log or the newer. What is there is added to. The partial tiles of every size that was signed stay until the
//! full one is there, since somebody may keep a checkpoint of that size and read on from it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::integrity::Vkey;
use crate::integrity::checkpoint::{CheckpointError, Verified};
use crate::integrity::merkle::{self, Node, Tree};
use crate::integrity::note::MAX_NOTE;
use crate::ledger::folder::Folder;
use crate::ledger::log::checkpoints::CheckpointsError;
use crate::ledger::log::open::Progress;
use crate::ledger::log::reader::Log;
use crate::ledger::log::tree::{BUNDLE_HEIGHT, LogTree};
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::{Fault, Layer, Report};
use crate::store::durable_file::{self, read_bytes};
use crate::store::shared::Rights;
use crate::store::tiles::{self, TILE_WIDTH, Tile};
use crate::store::{StoreError, folder as store_folder};

/// Why a log was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// What is there is no log that goes on here.
    #[error("{}: {source}", .file.display())]
    NotThisLog {
        /// Its checkpoint.
        file: PathBuf,
        /// Why not.
        source: CheckpointError,
    },
    /// What is there has more events.
    #[error("ROLLBACK: {} was published with {size} events, and the checkpoint has {len}", .folder.display())]
    Rollback {
        /// Where.
        folder: PathBuf,
        /// Its events.
        size: u64,
        /// Events of the checkpoint that was to be published.
        len: u64,
    },
    /// What is there has other events.
    #[error("FORK: {} was published with other events among its first {size}", .folder.display())]
    Fork {
        /// Where.
        folder: PathBuf,
        /// Its events.
        size: u64,
    },
    /// The events are not those that the checkpoint was signed for.
    #[error("the log is not the one that the checkpoint of {size} events was signed for")]
    OtherRoot {
        /// The checkpoint's events.
        size: u64,
    },
    /// Entries that the checkpoint stands for are not there.
    #[error("{} is not there, of a log that was signed for {size} events: nothing behind it can be verified", .file.display())]
    Incomplete {
        /// The first file that is missing.
        file: PathBuf,
        /// The checkpoint's events.
        size: u64,
    },
    /// The checkpoints that are kept cannot be used.
    #[error(transparent)]
    Checkpoints(#[from] CheckpointsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folder beside the tiles in which proofs of events lie, named for their positions.
const PROOFS: &str = "proofs";

/// Where a proof of an event is published.
pub fn proof_file(folder: &Path, seq: u64) -> PathBuf {
    folder.join(PROOFS).join(format!("{seq}.tlog-proof"))
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// Events that were published before.
    pub before: u64,
    /// Events that are now.
    pub size: u64,
    /// Tiles and bundles of entries that were written.
    pub tiles: usize,
}

/// Files beside the tiles, by their names: copies for convenience.
pub type Beside<'b> = &'b [(&'b str, Vec<u8>)];

/// Publishes the log up to a checkpoint of it; `keys` tells which key signed what was published before.
///
/// # Errors
///
/// [`PublishError`]; what was published before then still stands.
pub fn publish(
    log: &Log,
    checkpoint: &Verified,
    keys: &Authority,
    folder: &Path,
    beside: Beside<'_>,
) -> Result<Publication, PublishError> {
    publish_telling(log, checkpoint, keys, folder, beside, &|_, _, _| {})
}

/// The same, and tells how many tiles were written, and of how many.
///
/// # Errors
///
/// Those of [`publish`].
pub fn publish_telling(
    log: &Log,
    checkpoint: &Verified,
    keys: &Authority,
    folder: &Path,
    beside: Beside<'_>,
    progress: Progress<'_>,
) -> Result<Publication, PublishError> {
    let size = checkpoint.size();
    let tree = log.tree(size)?;
    if tree.root(size)? != checkpoint.root() {
        return Err(PublishError::OtherRoot { size });
    }
    let before = published_before(folder, keys)?;
    if let Some(before) = &before {
        let old = before.size();
        if old > size {
            return Err(PublishError::Rollback { folder: folder.to_owned(), size: old, len: size });
        }
        if tree.root(old)? != before.root() {
            return Err(PublishError::Fork { folder: folder.to_owned(), size: old });
        }
    }
    let known = before.map_or(0, |before| before.size());
    let mut written = 0;
    let of = Tile::all(known, size).count() as u64;
    for tile in Tile::all(known, size) {
        put(&folder.join(tile.path()), &contents(log, &tree, tile)?)?;
        written += 1;
        progress("tiles written", written as u64, of);
    }
    let kept = log.checkpoints();
    for tile in needed(kept.sizes()?.into_iter().chain([known]), size) {
        let file = folder.join(tile.path());
        if !file.is_file() {
            put(&file, &contents(log, &tree, tile)?)?;
            written += 1;
        }
    }
    for (name, bytes) in beside {
        put(&folder.join(name), bytes)?;
    }
    let stamps = log.timestamps();
    let all = kept.sizes()?.into_iter().flat_map(|earlier| {
        let cosigned = kept.cosignature_file(earlier).map(|file| ("cosignatures", earlier, file));
        std::iter::once(("checkpoints", earlier, kept.file(earlier))).chain(cosigned)
    });
    let stamped = stamps.sizes()?.into_iter().map(|earlier| ("timestamps", earlier, stamps.file(earlier)));
    for (name, _, file) in all.chain(stamped).filter(|(_, earlier, _)| *earlier <= size) {
        let refused = |source| PublishError::Io { file: file.clone(), source };
        if let (Some(bytes), Some(last)) = (read_bytes(&file, MAX_NOTE as u64).map_err(refused)?, file.file_name()) {
            put(&folder.join(name).join(last), &bytes)?;
        }
    }
    put(&folder.join("checkpoint"), checkpoint.note().to_string().as_bytes())?;
    for tile in Tile::all(known, size).filter(|tile| tile.width == TILE_WIDTH) {
        // That nobody needs the partial ones any more is no reason to fail.
        let _ = std::fs::remove_dir_all(folder.join(tile.partials()));
    }
    Ok(Publication { before: known, size, tiles: written })
}

/// The checkpoint of what is published in a folder, if anything is.
///
/// # Errors
///
/// [`PublishError::NotThisLog`], [`PublishError::Io`].
pub fn published(folder: &Path, key: &Vkey) -> Result<Option<Verified>, PublishError> {
    let file = folder.join("checkpoint");
    let text = read_bytes(&file, MAX_NOTE as u64).map_err(|source| PublishError::Io { file: file.clone(), source })?;
    let open = |text: Vec<u8>| Verified::open(&text, key).map_err(|source| PublishError::NotThisLog { file, source });
    text.map(open).transpose()
}

/// The same by the log's key at that size, which may have changed since.
fn published_before(folder: &Path, keys: &Authority) -> Result<Option<Verified>, PublishError> {
    let mut refused = None;
    for key in keys.log_keys() {
        match published(folder, key) {
            Ok(found) if found.as_ref().is_none_or(|found| keys.log_key_at(found.size()) == Some(key)) => {
                return Ok(found);
            }
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(None), Err)
}

/// A published log, to be read and verified without its store.
///
/// # Errors
///
/// [`PublishError::Io`] if nothing is published there, and those of [`published`].
pub fn open(folder: &Path, key: &Vkey) -> Result<(Log, Verified), PublishError> {
    let checkpoint = published(folder, key)?.ok_or_else(|| PublishError::Io {
        file: folder.join("checkpoint"),
        source: io::Error::new(io::ErrorKind::NotFound, "nothing is published here"),
    })?;
    let file = || folder.join("checkpoint");
    let origin = checkpoint.origin().parse().map_err(|_| PublishError::NotThisLog {
        file: file(),
        source: CheckpointError::Form("its origin is none of a ledger"),
    })?;
    let store = tiles::Published::at(folder, checkpoint.size());
    // A checkpoint can be of more events than anybody can look for.
    if let Some(missing) = store.missing() {
        return Err(PublishError::Incomplete { file: missing, size: checkpoint.size() });
    }
    Ok((Log::published(&Folder::at(folder), origin, Box::new(store)), checkpoint))
}

/// The report on a published log, with its tiles and proofs compared with its events; `key` is the one in use.
pub fn with_tiles(mut report: Report, log: &Log, key: &Vkey, folder: &Path) -> Report {
    let mut faults = differing(log, folder).unwrap_or_else(|error| vec![Fault { seq: 0, what: error.to_string() }]);
    let tiles = Tile::all(0, log.len()).filter(|tile| tile.level.is_some()).count();
    let older = needed(log.checkpoints().sizes().unwrap_or_default().into_iter(), log.len()).len();
    // Without keys that the events name, the one that is given is the only one that there can be.
    let keys = log.authority().map_or_else(|_| vec![key.clone()], |keys| keys.log_keys().cloned().collect());
    let (proofs, unproved) = log.unproved(folder, &keys);
    faults.extend(unproved);
    if let Some(tree) = report.layers.iter_mut().find(|of| of.layer == Layer::Tree) {
        tree.covered += &format!("; published tiles compared: {tiles}");
        if older > 0 {
            tree.covered += &format!(", and {older} partial ones of older checkpoints");
        }
        if proofs > 0 {
            tree.covered += &format!("; proofs checked: {proofs}");
        }
    }
    report.add(Layer::Tree, faults);
    report
}

/// Adds to the report on a published log which of the files beside its tiles are not what its events say.
pub fn with_beside(mut report: Report, folder: &Path, beside: Beside<'_>) -> Report {
    let differs = |(name, expected): &&(&str, Vec<u8>)| {
        let found = read_bytes(&folder.join(name), expected.len() as u64 + 1);
        !matches!(found, Ok(Some(found)) if found == *expected)
    };
    let what = |name: &str| format!("the file {name} is not what the events say");
    let faults = beside.iter().filter(differs).map(|(name, _)| Fault { seq: 0, what: what(name) });
    report.add(Layer::Signatures, faults.collect());
    report
}

/// The partial tiles that signed sizes need beside those of a tree over `size` entries.
///
/// # Source
///
/// C2SP tlog-tiles: a log serves the partial tiles of sizes for which it signed a checkpoint until the full tile is there.
fn needed(signed: impl Iterator<Item = u64>, size: u64) -> BTreeSet<Tile> {
    signed.filter(|older| *older < size).flat_map(|older| Tile::partial(older, size)).collect()
}

/// The tiles that are others than the events make them, or are not there; each by the last event that it stands for.
fn differing(log: &Log, folder: &Path) -> Result<Vec<Fault>, StoreError> {
    let tree = log.tree(log.len())?;
    // What keeps them from being listed is told with the checkpoints.
    let signed = log.checkpoints().sizes().unwrap_or_default();
    // The entries of the newest size were read already.
    let newest = Tile::all(0, log.len()).filter(|tile| tile.level.is_some());
    let mut faults = Vec::new();
    for tile in newest.chain(needed(signed.into_iter(), log.len())) {
        let expected = contents(log, &tree, tile)?;
        // A partial tile may have been replaced by the full one meanwhile.
        let full = Tile { width: TILE_WIDTH, ..tile };
        let found = [tile, full].into_iter().find_map(|tile| {
            let bytes = read_bytes(&folder.join(tile.path()), tile.most_bytes()).transpose()?;
            Some(bytes.map(|bytes| (tile.width, bytes)))
        });
        let what = match found {
            Some(Ok((width, found))) if found == expected || (width != tile.width && found.starts_with(&expected)) => {
                continue;
            }
            Some(Ok(_)) => {
                format!("has other {} than the log", if tile.level.is_some() { "hashes" } else { "entries" })
            }
            Some(Err(error)) => error.to_string(),
            None => "is not there".to_owned(),
        };
        let last = (tile.index * TILE_WIDTH + tile.width) << (8 * tile.level.unwrap_or(0));
        faults.push(Fault { seq: last.saturating_sub(1), what: format!("{}: {what}", tile.path().display()) });
    }
    Ok(faults)
}

/// The bytes of a tile.
fn contents(log: &Log, tree: &LogTree<'_>, tile: Tile) -> Result<Vec<u8>, StoreError> {
    let begin = tile.index * TILE_WIDTH;
    match tile.level {
        Some(0) => {
            let leaves = tree.leaves_of(tile.index)?;
            let is_full = tile.width == TILE_WIDTH;
            if is_full && merkle::root(&leaves) != tree.complete(BUNDLE_HEIGHT, tile.index)? {
                let what = format!("the hash kept of the events from {begin} on is another");
                return Err(StoreError::Damaged { what });
            }
            Ok(leaves.iter().take(usize::try_from(tile.width).unwrap_or(usize::MAX)).flatten().copied().collect())
        }
        Some(level) => {
            let hashes = (begin..begin + tile.width).map(|index| tree.complete(8 * level, index));
            Ok(hashes.collect::<Result<Vec<Node>, _>>()?.concat())
        }
        None => log.bundle(begin..begin + tile.width),
    }
}

/// Writes a file of what is published, and the folder that it lies in, onto the disk.
///
/// # Errors
///
/// [`PublishError::Io`].
pub fn put(file: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    let refused = |source| PublishError::Io { file: file.to_owned(), source };
    if let Some(folder) = file.parent() {
        store_folder::create(folder).map_err(refused)?;
    }
    durable_file::replace(file, bytes, Rights::Usual).map_err(refused)
}
