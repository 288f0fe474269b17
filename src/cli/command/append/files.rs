//! The announcement files that a command line names.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::locate::shell_word;
use crate::exchange::announcement_file::AnnouncementFile;
use crate::exchange::tree::{Format, MAX_FILE};
use crate::ledger::Progress;

/// Endings of files that hold tables.
const TABLES: &[&str] = &[".csv", ".tsv", ".csv.gz", ".tsv.gz", ".xlsx", ".xls", ".ods"];

/// Files that were named: what was read, and why others could not be.
pub(super) struct Given {
    pub(super) files: Vec<AnnouncementFile>,
    pub(super) unreadable: Vec<Failure>,
}

/// Reads every file, in the order in which they are named; of a folder those in it.
pub(super) fn read(named: &[PathBuf], context: &mut Context<'_, '_>) -> Result<Given, Failure> {
    context.meter("append").run(|progress| read_telling(named, progress, context))
}

fn read_telling(named: &[PathBuf], progress: Progress<'_>, context: &mut Context<'_, '_>) -> Result<Given, Failure> {
    let mut given = Given { files: Vec::new(), unreadable: Vec::new() };
    for name in named {
        if name.as_os_str() == "-" {
            let mut bytes = Vec::new();
            context.around.stdin.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
            given.files.push(AnnouncementFile::read("standard input", None, &bytes, &context.around.folder));
            continue;
        }
        let path = context.around.path(name);
        let found = if path.is_dir() { files_in(&path, name) } else { Ok(vec![(path, name.display().to_string())]) };
        match found {
            Ok(found) => {
                let of = given.len().max(named.len()).max(found.len());
                for (path, name) in &found {
                    given.take(path, name);
                    progress("files read", given.len() as u64, of as u64);
                }
            }
            Err(failure) => given.unreadable.push(failure),
        }
    }
    Ok(given)
}

impl Given {
    fn len(&self) -> usize {
        self.files.len() + self.unreadable.len()
    }

    fn take(&mut self, path: &Path, name: &str) {
        match read_file(path, name) {
            Ok(file) => self.files.push(file),
            Err(failure) => self.unreadable.push(failure),
        }
    }
}

/// The announcement files of a folder, in the order of their names.
fn files_in(folder: &Path, shown: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let could_not =
        |error: std::io::Error| Failure::new(Exit::CouldNot, format!("{} cannot be read: {error}", shown.display()));
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(could_not)? {
        let name = entry.map_err(could_not)?.file_name();
        let path = folder.join(&name);
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && Format::of_name(&name.to_string_lossy()).is_some() && path.is_file() {
            found.insert(name.clone(), (path, shown.join(&name).display().to_string()));
        }
    }
    if found.is_empty() {
        let message = format!("there is no announcement file in {}", shown.display());
        return Err(
            Failure::new(Exit::CouldNot, message).hint("they end in .yaml, .yml, .toml, .json, .ndjson or .jsonl")
        );
    }
    Ok(found.into_values().collect())
}

fn read_file(path: &Path, name: &str) -> Result<AnnouncementFile, Failure> {
    if TABLES.iter().any(|ending| name.to_lowercase().ends_with(ending)) {
        let word = shell_word(name);
        return Err(Failure::new(Exit::CouldNot, format!("{name} is a table, and no announcement file"))
            .hint(format!("`servanda import csv {word} --map MAP` imports it"))
            .hint("`servanda template map` prints a map to start from"));
    }
    let could_not = |error: std::io::Error| Failure::new(Exit::CouldNot, format!("{name} cannot be read: {error}"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(could_not)?;
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(could_not)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(AnnouncementFile::read(name, Format::of_name(name), &bytes, folder))
}
