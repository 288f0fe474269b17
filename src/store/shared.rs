//! Whose hands files come into: a folder's owner's alone, or a group's that works in it together.
//!
//! A folder is shared if its group may write it and it hands its group on (the set-group-ID bit), as `git init --shared=group`
//! makes one. What is made in it belongs to that group, and has the folder's rights, whatever the umask says: what one
//! account's process makes, another's can read and replace. Secrets stay their owner's.

use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Access, AtFlags, CWD, Mode};
use rustix::process::{getegid, geteuid, getgroups, umask};

/// The bit of a folder that hands its group on.
const HANDS_ON: u32 = 0o2000;
/// The rights of a folder that a group works in, and nobody else sees.
pub const GROUP: u32 = HANDS_ON | 0o770;
/// The user id of the system itself, which can write everywhere.
pub(super) const ROOT: u32 = 0;

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Whoever the umask lets, or the folder, if it is shared.
    Usual,
    /// Its owner, and the group of a folder that is shared.
    Personal,
    /// Its owner alone, wherever it lies.
    Secret,
}

impl Rights {
    /// The mode of a file as it is made, less the umask.
    pub(crate) fn mode(self) -> u32 {
        match self {
            Self::Usual => 0o666,
            Self::Personal | Self::Secret => 0o600,
        }
    }
}

/// A folder that a group works in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Its rights.
    mode: u32,
    /// Its group, by the id.
    group: u32,
}

impl Shared {
    /// How a folder is shared; nothing, if it is not, or cannot be looked at.
    pub fn of(folder: &Path) -> Option<Self> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::metadata(folder).ok().and_then(|found| Self::by(&found))
    }

    fn by(found: &Metadata) -> Option<Self> {
        let mode = found.mode();
        let is_shared = found.is_dir() && mode & HANDS_ON != 0 && mode & 0o020 != 0;
        is_shared.then(|| Self { mode: mode & 0o7777, group: found.gid() })
    }

    /// Whether whoever asks belongs to the group, and nobody else may write.
    pub fn is_ours(self) -> bool {
        let of_group = || getgroups().is_ok_and(|groups| groups.iter().any(|group| group.as_raw() == self.group));
        self.mode & 0o002 == 0 && (getegid().as_raw() == self.group || of_group())
    }

    /// Its rights.
    pub fn mode(self) -> u32 {
        self.mode
    }

    /// The group, by its id.
    pub fn group(self) -> u32 {
        self.group
    }

    fn of_file(self, rights: Rights) -> u32 {
        match rights {
            Rights::Usual => self.mode & 0o666,
            Rights::Personal => self.mode & 0o660,
            Rights::Secret => rights.mode(),
        }
    }
}

/// Gives a file that lies in a folder the rights that it has there, if it is shared, and the file is of who asks.
///
/// # Errors
///
/// What the operating system says.
pub fn share(file: &File, folder: &Path, rights: Rights) -> io::Result<()> {
    let Some(shared) = Shared::of(folder) else { return Ok(()) };
    let (found, mode) = (file.metadata()?, shared.of_file(rights));
    if found.mode() & 0o777 == mode || found.uid() != geteuid().as_raw() {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// Gives a folder that was made in another its rights, if that is shared.
///
/// # Errors
///
/// What the operating system says.
pub fn share_folder(made: &Path, rights: Rights) -> io::Result<()> {
    let Some(shared) = Shared::of(super::folder::parent(made)) else { return Ok(()) };
    let mode = match rights {
        Rights::Usual => shared.mode,
        Rights::Personal => shared.mode & !0o007,
        Rights::Secret => return Ok(()),
    };
    fs::set_permissions(made, Permissions::from_mode(mode))
}

/// Gives the files of a folder that is shared its rights, as far as they are of who asks: those that others make.
pub(super) fn share_files(folder: &Path) {
    if Shared::of(folder).is_none() {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if let Ok(Some(file)) = super::durable_file::open_to_read(&entry.path()) {
            // What stays one's own is told to the next who wants it.
            let _ = share(&file, folder, Rights::Usual);
        }
    }
}

/// One change of the umask at a time: it is the process's.
static UMASK: Mutex<()> = Mutex::new(());

/// The umask that fits a shared folder, for as long as this is not dropped: for files that somebody else's code makes.
pub(super) struct Umask {
    before: Mode,
    _one: MutexGuard<'static, ()>,
}

impl Umask {
    /// Nothing, if the folder is not shared.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let shared = Shared::of(folder)?;
        let one = UMASK.lock().unwrap_or_else(PoisonError::into_inner);
        let before = umask(Mode::from_raw_mode(!shared.mode & 0o777));
        Some(Self { before, _one: one })
    }
}

impl Drop for Umask {
    fn drop(&mut self) {
        umask(self.before);
    }
}

/// Whether who asks may write a file, or make and replace files in a folder, by what the operating system says now.
pub fn may_write(path: &Path) -> bool {
    may(path, Access::WRITE_OK)
}

/// Whether who asks may read a file, or list a folder and what is in it.
pub fn may_read(path: &Path) -> bool {
    may(path, Access::READ_OK)
}

fn may(path: &Path, right: Access) -> bool {
    let enters = if path.is_dir() { Access::EXEC_OK } else { Access::empty() };
    rustix::fs::accessat(CWD, path, right | enters, AtFlags::EACCESS).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{durable_file, folder as store_folder};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_made_in_a_shared_folder_has_its_rights_whatever_the_umask_but_secrets() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        for (folder_mode, usual, personal) in [(0o2770, 0o660, 0o660), (0o2775, 0o664, 0o660)] {
            let folder = desk.path().join(format!("{folder_mode:o}"));
            fs::create_dir(&folder).expect("a fresh folder");
            fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).expect("it is ours");
            for (rights, expected) in [(Rights::Usual, usual), (Rights::Personal, personal), (Rights::Secret, 0o600)] {
                let file = folder.join(format!("{expected:o}-{rights:?}"));
                durable_file::replace(&file, b"text", rights).expect("it can be written");
                assert_eq!(mode(&file), expected, "{rights:?}");
            }
            durable_file::open_to_write(&folder.join("HEAD")).expect("it can be written");
            assert_eq!(mode(&folder.join("HEAD")), usual);
            store_folder::create(&folder.join("a/b")).expect("it can be made");
            assert_eq!((mode(&folder.join("a")), mode(&folder.join("a/b"))), (folder_mode, folder_mode));
            store_folder::create_private(&folder.join("keys")).expect("it can be made");
            assert_eq!(mode(&folder.join("keys")) & 0o777, 0o700);
        }
    }

    #[test]
    fn a_folder_is_shared_if_its_group_may_write_it_and_it_hands_the_group_on() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        for (mode, is_shared, is_ours) in [
            (0o2770, true, true),
            (0o2777, true, false),
            (0o2755, false, false),
            (0o770, false, false),
            (0o700, false, false),
        ] {
            fs::set_permissions(desk.path(), Permissions::from_mode(mode)).expect("it is ours");
            let found = Shared::of(desk.path());
            assert_eq!((found.is_some(), found.is_some_and(Shared::is_ours)), (is_shared, is_ours), "{mode:o}");
        }
        assert_eq!(Shared::of(&desk.path().join("missing")), None);
    }
}
