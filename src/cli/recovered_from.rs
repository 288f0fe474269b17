//! Events that were had elsewhere: in a backup, an export or a published log.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::beginning::{self, Beginning};
use crate::cli::failure::{Exit, Failure};
use crate::cli::locate::shell_word;
use crate::domain::text::shown;
use crate::exchange::ndjson::lines;
use crate::ledger::Folder as LedgerFolder;
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

/// Returns the name of what is given, as it is told: `-` is standard input.
pub(super) fn name_of(given: &Path) -> Cow<'_, str> {
    if given.as_os_str() == "-" { STANDARD_INPUT.into() } else { given.to_string_lossy() }
}

/// Hands over the events of a file or folder, of a backup perhaps those up to some point, and the documents that are with them; the
/// file is named as it was given.
pub(super) fn take(
    from: &Path,
    path: &Path,
    restoration: &mut Restoration<'_>,
    at: Option<At>,
) -> Result<Taken, Failure> {
    if as_oneself(|| path.is_dir()) {
        check_no_ledger(from, path)?;
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
    let (_, beginning) = begun(&mut file)?;
    if beginning == Beginning::Backup {
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
    let begun = begun(&mut input);
    let (begun, beginning) = begun.or_else(|failure| restoration.go_on().map_err(Failure::from).and(Err(failure)))?;
    beginning.check(&name.to_string_lossy(), name != Path::new(STANDARD_INPUT))?;
    let input = Cursor::new(begun).chain(input);
    if beginning == Beginning::Backup {
        let file = restoration.lay_aside(name, input)?;
        return take_backup((name, &file), restoration, at);
    }
    check_whole(at)?;
    take_lines(restoration, BufReader::new(input)).map_err(|mut failure| {
        failure.message = format!("{}: {}", shown(&name.to_string_lossy()), failure.message);
        failure
    })
}

/// Reads the first bytes of a stream, and tells what begins so.
fn begun(input: &mut impl Read) -> Result<(Vec<u8>, Beginning), Failure> {
    let mut begun = Vec::new();
    input.take(beginning::MOST).read_to_end(&mut begun)?;
    let beginning = Beginning::of(&begun);
    Ok((begun, beginning))
}

/// Refuses the folder of a ledger in place of a copy of one.
fn check_no_ledger(from: &Path, path: &Path) -> Result<(), Failure> {
    if !as_oneself(|| LedgerFolder::at(path).is_ledger()) {
        return Ok(());
    }
    let name = from.to_string_lossy();
    Err(Failure::new(Exit::No, format!("{} is a ledger itself, and no backup or export of one", shown(&name)))
        .hint(format!("`servanda backup FILE --ledger {}` backs it up", shell_word(&name))))
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
