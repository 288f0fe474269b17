//! Files that appear whole or not at all, and last; those that can be done without are not waited for.
//!
//! The bytes go to a temporary file in the same folder, then to the disk; only then does the file get its name, and the
//! folder is synced. A crash at any point leaves the old file or the new one, and at worst a temporary file, whose name
//! begins with `.tmp-`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::store::shared::{self, Rights};
use crate::store::{folder, unfinished};

/// Writes `bytes` to `path`, in place of what is there. A symbolic link is replaced, not followed.
///
/// It has its rights before it has its name. Those of a file that was there before count for nothing.
///
/// # Errors
///
/// What the operating system says. If only the last sync failed, the new file may be in place but not durable.
pub fn replace(path: &Path, bytes: &[u8], rights: Rights) -> io::Result<()> {
    synced(temporary(path, bytes, rights)?)?.persist(path)?;
    folder::sync(folder::parent(path))
}

/// Writes to `path`, in place of what is there, whatever `write` writes, without waiting for the disk.
///
/// For what can be done without: readers see the old file or the new one, and after a power cut perhaps neither.
///
/// # Errors
///
/// What the operating system or `write` says.
pub fn replace_unsynced_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::new(temporary(path, b"", Rights::Usual)?);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.persist(path)?;
    Ok(())
}

/// The same of `bytes`, for a file that is synced later, or never counts.
///
/// # Errors
///
/// What the operating system says.
pub fn replace_unsynced(path: &Path, bytes: &[u8], rights: Rights) -> io::Result<()> {
    temporary(path, bytes, rights)?.persist(path)?;
    Ok(())
}

/// Opens a regular file to read it and write over what is in it, or makes it. A link, a pipe or a device is not opened; a file that has
/// another name too, as in a copy by hard links, is [parted from it](part) first.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if it is no file; else what the operating system says.
pub fn open_to_write(path: &Path) -> io::Result<fs::File> {
    part(path)?;
    let file = regular(fs::OpenOptions::new().read(true).write(true).create(true).truncate(false), path)?;
    shared::share(&file, folder::parent(path), Rights::Usual)?;
    Ok(file)
}

/// Makes a file where nothing is, to read and write it, for its owner, and for the group that the folder is shared with.
///
/// # Errors
///
/// What the operating system says.
pub fn make_personal(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = Rights::Personal.mode();
    let file = fs::OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)?;
    shared::share(&file, folder::parent(path), Rights::Personal)?;
    Ok(file)
}

/// Gives a file that has other names too a content of its own, so that what is written to it changes none of those. What
/// is not there, or is no file, is left alone.
///
/// # Errors
///
/// What the operating system says; the file is then as it was.
pub fn part(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let is_shared = |found: &fs::Metadata| found.is_file() && found.nlink() > 1;
        if fs::symlink_metadata(path).is_ok_and(|found| is_shared(&found)) {
            let mut from = regular(fs::OpenOptions::new().read(true), path)?;
            let mut own = create_with_mode(folder::parent(path), from.metadata()?.permissions().mode() & 0o777)?;
            io::copy(&mut from, own.as_file_mut())?;
            synced(own)?.persist(path)?;
            folder::sync(folder::parent(path))?;
        }
    }
    Ok(())
}

/// Opens what lies at a path, if it is a regular file: told by what was opened and not by a look before, so that nobody
/// can put a link or a pipe there in between. A link is not followed, and a pipe is not waited for.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if it is no file; else what the operating system says.
pub(crate) fn regular(options: &mut fs::OpenOptions, path: &Path) -> io::Result<fs::File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let opened = options.open(path);
    // A link, a folder or a pipe without a reader is refused in other words.
    let file =
        opened.map_err(|error| if kind(path).is_ok_and(|kind| kind == Kind::Other) { not_regular() } else { error })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

/// Opens a regular file to read it, `None` if there is none. A link, a pipe or a device is not opened.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if it is no file; else what the operating system says.
pub fn open_to_read(path: &Path) -> io::Result<Option<fs::File>> {
    match regular(fs::OpenOptions::new().read(true), path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a regular file")
}

/// Writes to `path`, in place of what is there, whatever `write` writes, which need not fit in memory.
///
/// Only a regular file is replaced: links, pipes and devices that people name are left alone. What a crash leaves of one goes
/// with the next that is written beside it.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if something else than a file is there; what the operating system or `write` says.
/// The file is then as it was.
pub fn replace_with<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    if kind(path)? == Kind::Other {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    let mut out = io::BufWriter::new(unfinished::create(folder::parent(path), Rights::Usual.mode())?);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    synced(file)?.persist(path).map_err(|error| error.error)?;
    Ok(folder::sync(folder::parent(path))?)
}

/// Checks that a file of so many bytes can be made in a folder, which is left as it is.
///
/// # Errors
///
/// What the operating system says.
pub fn try_out(within: &Path, len: usize) -> io::Result<()> {
    create_with_mode(within, Rights::Secret.mode())?.write_all(&vec![0; len])
}

/// Writes `bytes` to `path`, where nothing may be yet.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] if there is anything at `path`, and else what the operating system says.
pub fn create_new(path: &Path, bytes: &[u8], rights: Rights) -> io::Result<()> {
    synced(temporary(path, bytes, rights)?)?.persist_noclobber(path)?;
    folder::sync(folder::parent(path))
}

/// Reads a small text file, `None` if there is none. A link, a pipe or a device is not opened.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if it is no file, longer than `limit` bytes or not UTF-8; else what the system says.
pub fn read_text(path: &Path, limit: u64) -> io::Result<Option<String>> {
    let Some(bytes) = read_bytes(path, limit)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}

/// Reads a file, `None` if there is none. A link, a pipe or a device is not opened.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if it is no file or longer than `limit` bytes; else what the system says.
pub fn read_bytes(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_to_read(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    let too_long = || io::Error::new(io::ErrorKind::InvalidData, format!("longer than {limit} bytes"));
    if bytes.len() as u64 > limit { Err(too_long()) } else { Ok(Some(bytes)) }
}

/// What lies at a path, before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Absent,
    Regular,
    /// A symbolic link, which may lead out of the ledger; a pipe, which may block for ever; a folder or a device.
    Other,
}

pub(crate) fn kind(path: &Path) -> io::Result<Kind> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Kind::Regular),
        Ok(_) => Ok(Kind::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kind::Absent),
        Err(error) => Err(error),
    }
}

/// A file beside `path` that holds `bytes`, and is removed unless it is persisted.
pub(super) fn temporary(path: &Path, bytes: &[u8], rights: Rights) -> io::Result<NamedTempFile> {
    let within = folder::parent(path);
    let mut file = create_with_mode(within, rights.mode())?;
    shared::share(file.as_file(), within, rights)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn synced(file: NamedTempFile) -> io::Result<NamedTempFile> {
    file.as_file().sync_all()?;
    Ok(file)
}

/// Returns an error of the system without the name of a temporary file, which nobody has heard of.
pub(super) fn unnamed(error: io::Error) -> io::Error {
    let said = error.to_string();
    let code = said.split_once("(os error ").and_then(|(_, behind)| behind.split_once(')')?.0.parse().ok());
    code.map_or(error, io::Error::from_raw_os_error)
}

#[cfg(unix)]
fn create_with_mode(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tmp-").permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder).map_err(unnamed)
}

#[cfg(not(unix))]
fn create_with_mode(folder: &Path, _mode: u32) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".tmp-").tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After `write`, the file holds `expected` and the folder nothing else.
    fn check(write: impl FnOnce(&Path) -> io::Result<()>, expected: &str) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        write(&path).expect("the folder can be written");
        assert_eq!(fs::read_to_string(&path).expect("the file is there"), expected);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1, "something is left over");
    }

    #[test]
    fn replacing_creates_the_file_or_takes_its_place() {
        check(|path| replace(path, b"new", Rights::Usual), "new");
        check(|path| fs::write(path, "old and longer").and_then(|()| replace(path, b"new", Rights::Usual)), "new");
    }

    #[test]
    fn what_is_written_piece_by_piece_appears_whole_or_not_at_all() {
        let twice = |out: &mut dyn Write| -> io::Result<()> {
            out.write_all(b"ne")?;
            out.write_all(b"w")
        };
        check(|path| replace_with(path, twice), "new");
        check(|path| fs::write(path, "old and longer").and_then(|()| replace_with(path, twice)), "new");
        let then_fails = |out: &mut dyn Write| {
            out.write_all(b"new")?;
            Err(io::Error::other("no more"))
        };
        check(
            |path| {
                fs::write(path, "old")?;
                assert!(replace_with(path, then_fails).is_err());
                Ok(())
            },
            "old",
        );
    }

    #[test]
    fn creating_anew_never_overwrites() {
        check(|path| create_new(path, b"new", Rights::Usual), "new");
        check(
            |path| {
                fs::write(path, "old")?;
                let refused = create_new(path, b"new", Rights::Usual).expect_err("there is a file");
                assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
                Ok(())
            },
            "old",
        );
    }

    #[test]
    fn a_failed_replacement_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let in_the_way = folder.path().join("name");
        fs::create_dir(&in_the_way).expect("a fresh folder");
        assert!(replace(&in_the_way, b"new", Rights::Usual).is_err());
        assert!(in_the_way.is_dir());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        for write in [create_new, replace] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("key");
            write(&path, b"secret", Rights::Secret).expect("the folder can be written");
            let mode = fs::metadata(&path).expect("the file is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_another_name_is_parted_from_it_before_it_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (own, other) = (folder.path().join("own"), folder.path().join("other"));
        fs::write(&own, "as it was").expect("a fresh file");
        fs::hard_link(&own, &other).expect("the same folder");
        open_to_write(&own).and_then(|mut file| file.write_all(b"AS")).expect("it can be written");
        assert_eq!(fs::read_to_string(&own).expect("it is there"), "AS it was");
        assert_eq!(fs::read_to_string(&other).expect("it is there"), "as it was");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 2, "something is left over");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_and_a_link_are_no_files_to_read_or_write_and_are_not_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [pipe, link, missing] = ["pipe", "link", "missing"].map(|name| folder.path().join(name));
        let made = rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        );
        made.expect("a pipe can be made");
        std::os::unix::fs::symlink(&missing, &link).expect("a fresh link");
        for path in [&pipe, &link, &folder.path().to_owned()] {
            for refused in [open_to_read(path).map(drop), open_to_write(path).map(drop)] {
                assert_eq!(
                    refused.expect_err("it is no file").kind(),
                    io::ErrorKind::InvalidData,
                    "{}",
                    path.display()
                );
            }
        }
        assert!(!missing.exists(), "nothing was made behind the link");
        assert!(open_to_read(&missing).expect("that is no failure").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (outside, link) = (folder.path().join("outside"), folder.path().join("link"));
        fs::write(&outside, "untouched").expect("a fresh file");
        std::os::unix::fs::symlink(&outside, &link).expect("a fresh link");
        assert_eq!(kind(&link).expect("it can be looked at"), Kind::Other);
        assert!(create_new(&link, b"new", Rights::Usual).is_err());
        assert!(replace_with(&link, |_| io::Result::Ok(())).is_err());
        replace(&link, b"new", Rights::Usual).expect("the folder can be written");
        assert_eq!(kind(&link).expect("it can be looked at"), Kind::Regular);
        assert_eq!(fs::read_to_string(&outside).expect("it is still there"), "untouched");
    }
}
