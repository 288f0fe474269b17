//! Folders that survive a power cut.
//!
//! A file's name lives in its folder. Until the folder itself is on the disk, a file that was written and synced may
//! have no name after a power cut.

use std::fs;
use std::io;
use std::path::Path;

/// Creates `folder` and whatever is missing above it, all of it durable. A folder that is there is left alone.
///
/// # Errors
///
/// What the operating system says, also when something else than a folder is in the way.
pub fn create(folder: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    for path in missing.into_iter().rev() {
        match fs::create_dir(path) {
            // Somebody else creates it too, and both make sure that it lasts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            outcome => outcome?,
        }
        sync(parent(path))?;
    }
    Ok(())
}

/// Makes a folder in another that only its owner can look into, for as long as it is not dropped.
///
/// # Errors
///
/// What the operating system says.
pub fn private(within: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(within)
}

/// Puts the names in `folder` on the disk.
///
/// # Errors
///
/// What the operating system says.
pub fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and there is nothing to ask for.
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Has two folders change their places: in one step where the system can, else by way of a third place, where nothing is.
///
/// A crash within these steps leaves nothing at `b`; what was there lies at the third place.
///
/// # Errors
///
/// What the operating system says.
pub fn exchange(a: &Path, b: &Path, between: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            outcome => return Ok(outcome?),
        }
    }
    exchange_in_steps(a, b, between)
}

fn exchange_in_steps(a: &Path, b: &Path, between: &Path) -> io::Result<()> {
    fs::rename(b, between)?;
    fs::rename(a, b).inspect_err(|_| drop(fs::rename(between, b)))?;
    fs::rename(between, a)
}

/// The folder that `path` lies in, which for a bare name is the current one.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_change_their_places() {
        let top = tempfile::tempdir().expect("a temporary folder");
        let [a, b, between] = ["a", "b", "between"].map(|name| top.path().join(name));
        for folder in [&a, &b] {
            fs::create_dir(folder).expect("there is room");
            fs::write(folder.join("name"), folder.to_string_lossy().as_bytes()).expect("there is room");
        }
        let name = |folder: &Path| fs::read_to_string(folder.join("name")).expect("it is there");
        exchange(&a, &b, &between).expect("both are there");
        assert_eq!((name(&a), name(&b)), (b.display().to_string(), a.display().to_string()));
        exchange_in_steps(&a, &b, &between).expect("both are there");
        assert_eq!((name(&a), name(&b)), (a.display().to_string(), b.display().to_string()));
        fs::remove_dir_all(&a).expect("it is ours");
        exchange_in_steps(&a, &b, &between).expect_err("one is not there");
        assert_eq!(name(&b), b.display().to_string(), "the other is where it was");
        assert!(!between.exists());
    }

    #[test]
    fn a_folder_is_created_with_all_above_it_and_again_without_complaint() {
        let top = tempfile::tempdir().expect("a temporary folder");
        let deep = top.path().join("a/b/c");
        create(&deep).expect("nothing is in the way");
        create(&deep).expect("it is there");
        assert!(deep.is_dir());
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let top = tempfile::tempdir().expect("a temporary folder");
        fs::write(top.path().join("a"), "a file").expect("a fresh file");
        assert!(create(&top.path().join("a")).is_err());
        assert!(create(&top.path().join("a/b")).is_err());
    }

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        assert_eq!(parent(Path::new("name")), Path::new("."));
        assert_eq!(parent(Path::new("folder/name")), Path::new("folder"));
    }
}
