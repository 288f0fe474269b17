//! Whether anything can be remembered of ledgers, told without trying: nothing is written for that.

use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use crate::cli::Context;

impl Context<'_, '_> {
    /// Tells why nothing is remembered for the account, if so, as far as that can be seen.
    pub(super) fn why_not_remembered(&self) -> Option<String> {
        let account = self.account();
        account.why_not().or_else(|| unwritable(&account.own()?))
    }
}

/// Tells why nothing can be written into a folder, if so, which is there or still to be made.
fn unwritable(folder: &Path) -> Option<String> {
    let there = folder.ancestors().find(|path| path.exists())?;
    let disk = statvfs(there).ok();
    // What is kept for root alone is no room for others.
    let is_root = rustix::process::geteuid().is_root();
    let is_full = disk.is_some_and(|disk| if is_root { disk.f_bfree } else { disk.f_bavail } == 0);
    let why = match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Err(error) => format!("{} cannot be written: {error}", there.display()),
        Ok(()) if is_full => format!("the disk of {} is full", there.display()),
        Ok(()) => return None,
    };
    Some(format!("{why}; set SERVANDA_STATE to a folder of your own"))
}
