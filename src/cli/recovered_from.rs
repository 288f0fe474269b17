//! Events that were had elsewhere: in a backup, an export or a published log.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::domain::text::shown;
use crate::exchange::ndjson::lines;
use crate::ledger::recover::backup;
use crate::ledger::recover::restore::{At, Copied, Restoration};
use crate::store::acting::as_oneself;

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
    /// Says what does not count.
    pub(super) fn warn(&self, context: &mut Context<'_, '_>) {
        if let Some(warning) = &self.warning {
            context.complain(warning);
        }
    }

    /// Says what is to be said.
    pub(super) fn tell(&self, context: &mut Context<'_, '_>) {
        self.warn(context);
        for copied in &self.copied {
            context.say(&format!("copied {} of {} documents\n", copied.copied, copied.named));
            for refused in &copied.refused {
                context.complain(&format!("warning: {}\n", shown(refused)));
            }
        }
    }
}

/// What standard input is called.
const STANDARD_INPUT: &str = "standard input";

/// Hands over the events of a file or folder, of a backup perhaps those up to some point, and the documents that are with them; the
/// file is named as it was given.
pub(super) fn take(
    from: &Path,
    path: &Path,
    restoration: &mut Restoration<'_>,
    at: Option<At>,
) -> Result<Taken, Failure> {
    if as_oneself(|| path.is_dir()) {
        check_whole(at)?;
        let copied = Some(restoration.take_published(path)?).filter(|copied| copied.named > 0).into_iter().collect();
        return Ok(Taken { given: Given::Published, warning: None, copied });
    }
    let file = opened(from, path)?;
    // What is no file cannot be read again from its beginning.
    if file.metadata()?.is_file() {
        take_file((from, &file), restoration, at)
    } else {
        take_stream(file, from, restoration, at)
    }
}

/// Hands over what an open file has, from its beginning on.
fn take_file(
    (name, mut file): (&Path, &File),
    restoration: &mut Restoration<'_>,
    at: Option<At>,
) -> Result<Taken, Failure> {
    file.rewind()?;
    let (_, is_backup) = begins_as_backup(&mut file)?;
    if is_backup {
        return take_backup((name, file), restoration, at);
    }
    file.rewind()?;
    take_stream(file, name, restoration, at)
}

/// What may be asked for several times: a file or a folder, or what came once and was laid aside.
#[derive(Debug, Default)]
pub(super) struct Again(Option<File>);

impl Again {
    /// Hands over what [`take`] does, or what comes on standard input, if it is called `-`, as often as it is asked.
    pub(super) fn take(
        &mut self,
        (from, path): (&Path, &Path),
        input: &mut dyn Read,
        restoration: &mut Restoration<'_>,
    ) -> Result<Taken, Failure> {
        let is_input = from.as_os_str() == "-";
        let name = if is_input { Path::new(STANDARD_INPUT) } else { from };
        if self.0.is_none() {
            if is_input {
                self.0 = Some(restoration.lay_aside(name, input)?);
            } else if as_oneself(|| path.is_dir() || path.is_file()) {
                return take(from, path, restoration, None);
            } else {
                self.0 = Some(restoration.lay_aside(name, opened(from, path)?)?);
            }
        }
        let file = self.0.as_ref().expect("it was laid aside");
        take_file((name, file), restoration, None)
    }
}

/// A file that was named, to be read.
fn opened(from: &Path, path: &Path) -> Result<File, Failure> {
    let name = || shown(&from.to_string_lossy()).into_owned();
    as_oneself(|| File::open(path))
        .map_err(|error| Failure::new(Exit::CouldNot, format!("{} cannot be read: {error}", name())))
}

/// Hands over what comes on standard input: a backup or an export, told apart by how they begin.
pub(super) fn take_input(
    input: impl Read,
    restoration: &mut Restoration<'_>,
    at: Option<At>,
) -> Result<Taken, Failure> {
    take_stream(input, Path::new(STANDARD_INPUT), restoration, at)
}

fn take_stream(
    mut input: impl Read,
    name: &Path,
    restoration: &mut Restoration<'_>,
    at: Option<At>,
) -> Result<Taken, Failure> {
    // Whoever is to stop while nothing comes finds that it cannot be read.
    let begun = begins_as_backup(&mut input);
    let (begun, is_backup) = begun.or_else(|failure| restoration.go_on().map_err(Failure::from).and(Err(failure)))?;
    let input = Cursor::new(begun).chain(input);
    if is_backup {
        let file = restoration.lay_aside(name, input)?;
        return take_backup((name, &file), restoration, at);
    }
    check_whole(at)?;
    take_lines(restoration, BufReader::new(input))
}

/// The first bytes of a stream, and whether a backup begins so.
fn begins_as_backup(input: &mut impl Read) -> Result<(Vec<u8>, bool), Failure> {
    let mut begun = Vec::new();
    input.take(backup::BEGINNING as u64).read_to_end(&mut begun)?;
    let is_backup = backup::begins_as_one(&begun);
    Ok((begun, is_backup))
}

/// Of a backup alone it is known, before anything is taken, what was recorded when.
fn check_whole(at: Option<At>) -> Result<(), Failure> {
    if at.is_none() {
        return Ok(());
    }
    Err(Failure::new(Exit::Misuse, "--at goes with a backup, and this is none")
        .hint("`servanda backup FILE` makes one"))
}

fn take_backup(
    (name, file): (&Path, &File),
    restoration: &mut Restoration<'_>,
    at: Option<At>,
) -> Result<Taken, Failure> {
    let (holding, copied) = restoration.take_backup((name, file), at)?;
    let is_damaged = holding.rest.as_ref().is_some_and(|rest| !rest.is_unfinished);
    let warning = holding.rest.map(|rest| {
        let what = if rest.is_unfinished { "unfinished" } else { "damaged, or follow what is" };
        let name = shown(&name.to_string_lossy()).into_owned();
        format!("warning: {name} ends with {} bytes that are {what}, and do not count: {}\n", rest.bytes, rest.what)
    });
    Ok(Taken { given: Given::Backup { is_damaged }, warning, copied: vec![copied] })
}

/// Hands over the lines of an export.
fn take_lines(restoration: &mut Restoration<'_>, input: impl BufRead) -> Result<Taken, Failure> {
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
