//! Large files on their way: beside the place that they shall have, under a name that says so, until all of them is on the disk.
//!
//! A process that is killed leaves one behind, perhaps with all of a ledger in it. The next that makes one there takes it away.
//! It is told by its lock, which who made it holds for as long as the file is open.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::store::durable_file::unnamed;
use crate::store::lock::Lock;

/// How the names of these files begin.
const PREFIX: &str = ".servanda-part-";

/// Makes an empty file in a folder, locked, once those are gone that killed processes left there; it is removed unless it is
/// persisted.
///
/// # Errors
///
/// What the operating system says.
pub(crate) fn create(within: &Path, mode: u32) -> io::Result<NamedTempFile> {
    sweep(within);
    loop {
        let mut builder = tempfile::Builder::new();
        let made =
            builder.prefix(PREFIX).permissions(Permissions::from_mode(mode)).tempfile_in(within).map_err(unnamed)?;
        // Where nobody can lock, nobody takes anything away; and what was not locked yet may have been taken for what is left.
        if made.as_file().lock().is_err() || made.as_file().metadata()?.nlink() > 0 {
            return Ok(made);
        }
    }
}

/// Removes what killed processes left in a folder, as far as that can be told and done.
fn sweep(within: &Path) {
    for entry in fs::read_dir(within).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Ok(Some(_held)) = Lock::seize(&entry.path())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_is_writing_stays() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let [dead, alive] = [(); 2].map(|()| create(desk.path(), 0o600).expect("there is room"));
        // A process that is killed closes its files, and removes none.
        let (file, left) = dead.keep().expect("it is there");
        drop(file);
        fs::create_dir(desk.path().join(format!("{PREFIX}folder"))).expect("there is room");
        fs::write(desk.path().join(".tmp-of-others"), "").expect("there is room");
        let next = create(desk.path(), 0o600).expect("there is room");
        assert!(!left.exists() && alive.path().exists() && next.path().exists());
        drop((alive, next));
        assert_eq!(
            fs::read_dir(desk.path()).expect("it can be listed").count(),
            2,
            "what is nobody's file of these stays"
        );
    }
}
