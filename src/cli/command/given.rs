//! Events that were had elsewhere: in a backup, an export or a published log.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::domain::text::shown;
use crate::exchange::ndjson::lines;
use crate::ledger::backup;
use crate::ledger::restore::{Copied, Restoration};

/// What they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// A backup: documents and checkpoints are with it.
    Backup {
        /// Whether it is damaged, so that there may be less in it than there was.
        is_damaged: bool,
    },
    /// What `export ndjson` wrote.
    Export,
    /// What `export tiles` wrote, perhaps with documents.
    Published,
}

/// What was taken, and what is to be said of it when that is done.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) given: Given,
    /// What the file has that does not count.
    warning: Option<String>,
    /// Documents that were with the events.
    pub(super) copied: Vec<Copied>,
}

impl Taken {
    /// Says what is to be said.
    pub(super) fn tell(&self, context: &mut Context<'_, '_>) {
        self.warning.iter().for_each(|warning| context.complain(warning));
        for copied in &self.copied {
            context.say(&format!("copied {} of {} documents\n", copied.copied, copied.named));
            for refused in &copied.refused {
                context.complain(&format!("warning: {}\n", shown(refused)));
            }
        }
    }
}

/// Hands over the events of a file or folder, and the documents that are with them; the file is named as it was given.
pub(super) fn take(from: &Path, path: &Path, restoration: &mut Restoration<'_>) -> Result<Taken, Failure> {
    if path.is_dir() {
        let copied = Some(restoration.take_published(path)?).filter(|copied| copied.named > 0).into_iter().collect();
        return Ok(Taken { given: Given::Published, warning: None, copied });
    }
    let name = || shown(&from.to_string_lossy()).into_owned();
    let file = std::fs::File::open(path)
        .map_err(|error| Failure::new(Exit::CouldNot, format!("{} cannot be read: {error}", name())))?;
    if backup::look(path)?.is_none() {
        return take_lines(restoration, BufReader::new(file));
    }
    let (holding, copied) = restoration.take_backup(path)?;
    let is_damaged = holding.rest.as_ref().is_some_and(|rest| !rest.is_unfinished);
    let warning = holding.rest.map(|rest| {
        let what = if rest.is_unfinished { "unfinished" } else { "damaged, or follow what is" };
        let name = name();
        format!("warning: {name} ends with {} bytes that are {what}, and do not count: {}\n", rest.bytes, rest.what)
    });
    Ok(Taken { given: Given::Backup { is_damaged }, warning, copied: vec![copied] })
}

/// Hands over the lines of an export.
pub(super) fn take_lines(restoration: &mut Restoration<'_>, input: impl BufRead) -> Result<Taken, Failure> {
    for read in lines(input) {
        // Whoever is to stop while nothing comes finds that it cannot be read.
        let (line, event) = read.or_else(|fault| restoration.go_on().map_err(Failure::from).and(Err(fault.into())))?;
        restoration.push(event.hash, event.bytes).map_err(|error| {
            let mut failure = Failure::from(error);
            failure.message = format!("line {line}: {}", failure.message);
            failure
        })?;
    }
    Ok(Taken { given: Given::Export, warning: None, copied: Vec::new() })
}

/// A folder that was named, and has to be there.
pub(super) fn folder(from: &Path, hint: &str, context: &Context<'_, '_>) -> Result<PathBuf, Failure> {
    let folder = context.around.path(from);
    if folder.is_dir() {
        return Ok(folder);
    }
    let name = shown(&from.to_string_lossy()).into_owned();
    Err(Failure::new(Exit::CouldNot, format!("{name} is not a folder")).hint(hint))
}
