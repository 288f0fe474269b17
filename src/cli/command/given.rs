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

/// Hands over the events of a file or folder, and the documents that are with them.
pub(super) fn take(
    from: &Path,
    restoration: &mut Restoration,
    context: &mut Context<'_, '_>,
) -> Result<Given, Failure> {
    let path = context.around.path(from);
    if path.is_dir() {
        let copied = restoration.take_published(&path)?;
        if copied.named > 0 {
            tell(&copied, context);
        }
        return Ok(Given::Published);
    }
    let name = || shown(&from.to_string_lossy()).into_owned();
    let file = std::fs::File::open(&path)
        .map_err(|error| Failure::new(Exit::CouldNot, format!("{} cannot be read: {error}", name())))?;
    if backup::look(&path)?.is_none() {
        take_lines(restoration, BufReader::new(file))?;
        return Ok(Given::Export);
    }
    let (holding, copied) = restoration.take_backup(&path)?;
    let is_damaged = holding.rest.as_ref().is_some_and(|rest| !rest.is_unfinished);
    if let Some(rest) = holding.rest {
        let what = if rest.is_unfinished { "unfinished" } else { "damaged, or follow what is" };
        context.complain(&format!(
            "warning: {} ends with {} bytes that are {what}, and do not count: {}\n",
            name(),
            rest.bytes,
            rest.what
        ));
    }
    tell(&copied, context);
    Ok(Given::Backup { is_damaged })
}

/// Hands over the lines of an export.
pub(super) fn take_lines(restoration: &mut Restoration, input: impl BufRead) -> Result<(), Failure> {
    for read in lines(input) {
        // Whoever is to stop while nothing comes finds that it cannot be read.
        let (line, event) = read.or_else(|fault| restoration.go_on().map_err(Failure::from).and(Err(fault.into())))?;
        restoration.push(event.hash, event.bytes).map_err(|error| {
            let mut failure = Failure::from(error);
            failure.message = format!("line {line}: {}", failure.message);
            failure
        })?;
    }
    Ok(())
}

/// Says what became of documents.
pub(super) fn tell(copied: &Copied, context: &mut Context<'_, '_>) {
    context.say(&format!("copied {} of {} documents\n", copied.copied, copied.named));
    for refused in &copied.refused {
        context.complain(&format!("warning: {}\n", shown(refused)));
    }
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
