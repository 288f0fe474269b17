//! Folders that survive a power cut, and whose they are.
//!
//! A file's name lives in its folder. Until the folder itself is on the disk, a file that was written and synced may
//! have no name after a power cut.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use crate::store::shared::{self, ROOT, Rights};

/// Creates `folder` and whatever is missing above it, all of it durable. A folder that is there is left alone.
///
/// # Errors
///
/// What the operating system says, also when something else than a folder is in the way.
pub fn create(folder: &Path) -> io::Result<()> {
    create_with(folder, &fs::DirBuilder::new(), Rights::Usual)
}

/// Creates `folder` and whatever is missing above it, as [`create`] does, for nobody else to look into.
///
/// # Errors
///
/// Those of [`create`].
pub fn create_private(folder: &Path) -> io::Result<()> {
    create_with(folder, fs::DirBuilder::new().mode(0o700), Rights::Secret)
}

fn create_with(folder: &Path, builder: &fs::DirBuilder, rights: Rights) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    for path in missing.into_iter().rev() {
        match builder.create(path) {
            // Somebody else creates it too, and both make sure that it lasts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            outcome => outcome.and_then(|()| shared::share_folder(path, rights))?,
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

/// Creates a folder where none is, for its owner, and for the group that the folder around it is shared with.
///
/// # Errors
///
/// What the operating system says.
pub fn create_personal(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    shared::share_folder(folder, Rights::Personal)
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

/// Tells whose a folder is, by the user id, if it is another's than of who asks: nothing, if it is one's own.
///
/// One that is still to be made is one's own if the nearest folder above it that is there is, or is the system's, as `/tmp`
/// is: whoever may make a folder there owns it then. A symbolic link is where it leads.
///
/// # Errors
///
/// What the operating system says, if it does not let one look.
pub fn foreign_owner(folder: &Path) -> io::Result<Option<u32>> {
    let asks = rustix::process::geteuid().as_raw();
    for path in folder.ancestors() {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        match fs::metadata(path) {
            Ok(found) => {
                let owner = found.uid();
                let may_be_made = path != folder && owner == ROOT;
                return Ok(Some(owner).filter(|owner| *owner != asks && !may_be_made));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
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
    fn a_folder_is_of_whoever_owns_it_or_what_it_is_to_be_made_in() {
        let top = tempfile::tempdir().expect("a temporary folder");
        let own = top.path().join("own");
        fs::create_dir(&own).expect("there is room");
        for folder in [own.clone(), own.join("a/b"), top.path().join("a"), Path::new("/of nobody yet").to_owned()] {
            assert_eq!(foreign_owner(&folder).expect("it can be looked at"), None, "{}", folder.display());
        }
        std::os::unix::fs::symlink(&own, top.path().join("link")).expect("a fresh link");
        assert_eq!(foreign_owner(&top.path().join("link")).expect("it can be looked at"), None);
        // Only the system can give folders away, and everybody else has that of the system.
        let (others, whose) = match std::os::unix::fs::chown(&own, Some(12345), None) {
            Ok(()) => (own, 12345),
            Err(_) => (Path::new("/").to_owned(), ROOT),
        };
        assert_eq!(foreign_owner(&others).expect("it can be looked at"), Some(whose));
        if whose != ROOT {
            assert_eq!(foreign_owner(&others.join("a/b")).expect("it can be looked at"), Some(whose));
        }
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
