//! Which files beside the events are in a backup.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::integrity::digest::DocumentHash;
use crate::ledger::folder::Folder;
use crate::store::within::{self, Entry};

/// Folders whose files are in a backup.
const FOLDERS: [&str; 5] = ["documents", "checkpoints", "cosignatures", "timestamps", "evidence"];

/// Whether a backup has that document as its name says: by its hash, or personal, with a salt.
pub(in crate::ledger::recover) fn is_sound(known: &BTreeMap<String, [u8; 32]>, path: &str) -> bool {
    let is_named_so = |hash: &[u8; 32]| path.ends_with(&DocumentHash::from_bytes(*hash).to_string());
    let is_salt = Path::new(path).extension().is_some_and(|end| end == "salt");
    known.get(path).is_some_and(|hash| is_salt || is_named_so(hash) || known.contains_key(&format!("{path}.salt")))
}

/// The files of a ledger's folder that are in a backup, by their paths in it, in order.
pub(in crate::ledger::recover) fn paths(folder: &Folder) -> io::Result<Vec<String>> {
    let mut found = vec!["servanda.toml".to_owned()];
    found.extend(named(folder)?.into_iter().filter(|(_, kind)| *kind == Entry::File).map(|(path, _)| path));
    found.sort();
    Ok(found)
}

/// What has the name of a file that is in a backup, and is a link, a pipe or a device, which no backup takes in.
pub(in crate::ledger::recover) fn left_out(folder: &Folder) -> io::Result<Vec<String>> {
    let others = named(folder)?.into_iter().filter(|(_, kind)| *kind == Entry::Other);
    Ok(others.map(|(path, _)| path).collect())
}

/// All that has the name of a file that is in a backup.
fn named(folder: &Folder) -> io::Result<Vec<(String, Entry)>> {
    let mut found = Vec::new();
    for name in FOLDERS {
        add_named(folder.path(), name, &mut found)?;
    }
    found.retain(|(path, _)| is_ours(path));
    Ok(found)
}

fn add_named(root: &Path, below: &str, found: &mut Vec<(String, Entry)>) -> io::Result<()> {
    for (name, kind) in within::list(root, below)? {
        let path = format!("{below}/{name}");
        if kind != Entry::Folder {
            found.push((path, kind));
        } else if below.starts_with("evidence") && below.matches('/').count() < 2 {
            add_named(root, &path, found)?;
        }
    }
    Ok(())
}

/// Whether a path is one that a backup may have: in one of the folders, and nowhere else.
pub(in crate::ledger::recover) fn is_ours(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.len() < 200;
    let is_name =
        |part: &str| is_plain(part) && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte));
    let mut parts = path.split('/');
    match (parts.next(), path.matches('/').count()) {
        (Some("servanda.toml"), 0) => true,
        (Some("documents"), 1) => parts.all(is_document),
        (Some("evidence"), 1..=3) => parts.all(is_name),
        (Some(folder), 1) => FOLDERS.contains(&folder) && parts.all(is_name),
        _ => false,
    }
}

/// Whether a file among the documents is one, or a salt, by its name: what else lies there is nobody's.
fn is_document(name: &str) -> bool {
    name.strip_suffix(".salt").unwrap_or(name).parse::<DocumentHash>().is_ok()
}

/// Whether a file that is signed of a log's beginning is of no more than `len` events: those that came meanwhile have to
/// wait for their events. What is not called after a size does not matter.
pub(in crate::ledger::recover) fn is_within(path: &str, len: u64) -> bool {
    let name = ["checkpoints/", "cosignatures/", "timestamps/"].iter().find_map(|folder| path.strip_prefix(folder));
    let size = name.and_then(|name| name.split('.').next()?.parse::<u64>().ok());
    size.is_none_or(|size| size <= len)
}
