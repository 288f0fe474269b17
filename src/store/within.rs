//! Files of a folder that somebody else can change at any time: reached from the folder itself, a name at a time, and through no
//! link. Whoever reads them for others, or as the system's own account, comes by nothing that lies elsewhere.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

/// What a name in a folder is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, a pipe, a device.
    Other,
}

/// Lists what is in a folder below a root, by the names that are UTF-8; nothing, if it is not there.
///
/// # Errors
///
/// What the operating system says, and [`io::ErrorKind::InvalidData`] if a name on the way is no folder.
pub fn list(root: &Path, below: &str) -> io::Result<Vec<(String, Entry)>> {
    let Some(folder) = folder(root, Path::new(below))? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if [".", ".."].contains(&name) {
            continue;
        }
        let kind = match FileType::from_raw_mode(statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) {
            FileType::RegularFile => Entry::File,
            FileType::Directory => Entry::Folder,
            _ => Entry::Other,
        };
        found.push((name.to_owned(), kind));
    }
    Ok(found)
}

/// Reads a file below a root, of `limit` bytes at the most; nothing, if it is not there.
///
/// # Errors
///
/// What the operating system says, and [`io::ErrorKind::InvalidData`] if it is longer, no file, or a name on the way is no
/// folder.
pub fn read(root: &Path, path: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let path = Path::new(path);
    let (Some(name), below) = (path.file_name(), path.parent().unwrap_or(Path::new(""))) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no name of a file"));
    };
    let Some(folder) = folder(root, below)? else { return Ok(None) };
    // A pipe in its place is not waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Some(file) = there(openat(&folder, name, flags, Mode::empty()), name)? else { return Ok(None) };
    let file = File::from(file);
    if !file.metadata()?.is_file() {
        return Err(not_followed(name));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    let too_long = || io::Error::new(io::ErrorKind::InvalidData, format!("longer than {limit} bytes"));
    if bytes.len() as u64 > limit { Err(too_long()) } else { Ok(Some(bytes)) }
}

/// Opens a folder below a root, which itself may be a link.
fn folder(root: &Path, below: &Path) -> io::Result<Option<OwnedFd>> {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Some(mut folder) = there(openat(CWD, root, flags, Mode::empty()), root.as_os_str())? else {
        return Ok(None);
    };
    for part in below.components() {
        let Component::Normal(name) = part else { return Err(not_followed(part.as_os_str())) };
        match there(openat(&folder, name, flags | OFlags::NOFOLLOW, Mode::empty()), name)? {
            Some(next) => folder = next,
            None => return Ok(None),
        }
    }
    Ok(Some(folder))
}

/// Tells apart what is not there from what is no folder, or a link to one.
fn there(opened: rustix::io::Result<OwnedFd>, name: &OsStr) -> io::Result<Option<OwnedFd>> {
    use rustix::io::Errno;
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR | Errno::NXIO) => Err(not_followed(name)),
        Err(error) => Err(error.into()),
    }
}

fn not_followed(name: &OsStr) -> io::Error {
    let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} is a link or no regular file, and is not followed"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_reached_through_a_link_or_outside_of_the_root() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let root = desk.path().join("root");
        fs::create_dir_all(root.join("a/b")).expect("there is room");
        fs::write(root.join("a/b/file"), "here").expect("there is room");
        fs::create_dir(desk.path().join("outside")).expect("there is room");
        fs::write(desk.path().join("outside/file"), "a secret").expect("there is room");
        symlink("../../outside", root.join("a/link")).expect("there is room");
        symlink("../../outside/file", root.join("a/name")).expect("there is room");
        assert_eq!(read(&root, "a/b/file", 4).expect("it is a file"), Some(b"here".to_vec()));
        assert_eq!(read(&root, "a/b/none", 4).expect("there is none"), None);
        assert_eq!(read(&root, "c/b/none", 4).expect("there is none"), None);
        assert!(list(&root, "c").expect("there is none").is_empty());
        for path in ["a/link/file", "a/name", "../outside/file", "a/../../outside/file", "a", "a/b", "a/b/file/x"] {
            let refused = read(&root, path, 100).expect_err(path);
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{path}: {refused}");
        }
        assert_eq!(read(&root, "a/b/file", 3).expect_err("it is longer").kind(), io::ErrorKind::InvalidData);
        assert!(list(&root, "a/link").is_err() && list(&root, "..").is_err());
        let mut found = list(&root, "a").expect("a folder");
        found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let expected = [("b", Entry::Folder), ("link", Entry::Other), ("name", Entry::Other)];
        assert!(found.iter().map(|(name, kind)| (name.as_str(), *kind)).eq(expected));
        // The root itself is what somebody named.
        symlink("root", desk.path().join("named")).expect("there is room");
        assert!(read(&desk.path().join("named"), "a/b/file", 4).is_ok_and(|bytes| bytes.is_some()));
    }
}
