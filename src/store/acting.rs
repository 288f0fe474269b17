//! The system's own account, that works for a while as the account whose a folder is: the kernel then lets it do there what that
//! account may, and no more, whatever that account puts in its way meanwhile, and what it makes is that account's.
//!
//! Only the calling thread changes, and those that it starts from then on, which stay that account's: whoever acts begins before
//! others work for it, and ends soon after.

use std::cell::Cell;
use std::fs::{self, Metadata};
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Gid, Uid};
use rustix::process::{getegid, geteuid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::store::shared::ROOT;

thread_local! {
    /// As whom this thread acts.
    static ACTS_AS: Cell<Option<As>> = const { Cell::new(None) };
}

/// As whom a thread acts, and the group that it had before.
#[derive(Debug, Clone, Copy)]
struct As {
    owner: Uid,
    group: Gid,
    before: Gid,
}

/// A thread of the system's own account that acts as another account, as long as this is not dropped.
pub struct Acting {
    /// What the thread had before.
    groups: Vec<Gid>,
    before: Gid,
    /// It is the thread's own.
    _thread: PhantomData<*const ()>,
}

impl Acting {
    /// Begins to act as the account whose a folder is, or else as whose link leads there, since that account can have it lead
    /// elsewhere at any time; nothing changes, unless the system's own account asks, and one of these is another's.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn as_owner_of(folder: &Path) -> io::Result<Option<Self>> {
        if geteuid().as_raw() != ROOT {
            return Ok(None);
        }
        let Some(found) = of_another(folder)? else { return Ok(None) };
        let (owner, group, before) = (Uid::from_raw(found.uid()), Gid::from_raw(found.gid()), getegid());
        let acting = Self { groups: getgroups()?, before, _thread: PhantomData };
        set_thread_groups(&[group])?;
        // Dropped if the next step fails, and all is as it was.
        let acting = Some(acting);
        let another = As { owner, group, before };
        another.begin()?;
        ACTS_AS.set(Some(another));
        Ok(acting)
    }

    /// Begins to act as the account whose the folder is in which something is, or shall be: the nearest that is there.
    ///
    /// # Errors
    ///
    /// Those of [`as_owner_of`](Self::as_owner_of).
    pub fn as_owner_around(path: &Path) -> io::Result<Option<Self>> {
        let around = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
        Self::as_owner_of(around.unwrap_or(Path::new("")))
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        ACTS_AS.set(None);
        let back = become_oneself(self.before).and_then(|()| Ok(set_thread_groups(&self.groups)?));
        back.expect("whoever could act as another can be itself again");
    }
}

/// Does something as the account that the process is of, in the middle of acting as another: it reads what that one may not.
pub fn as_oneself<T>(what: impl FnOnce() -> T) -> T {
    let Some(another) = ACTS_AS.take() else { return what() };
    become_oneself(another.before).expect("whoever acts as another can be itself again");
    let done = what();
    another.begin().expect("it was that account before");
    ACTS_AS.set(Some(another));
    done
}

/// What is of another account than the system's own: a folder, or the nearest link on the way to it.
fn of_another(folder: &Path) -> io::Result<Option<Metadata>> {
    let found = fs::metadata(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    if found.uid() != ROOT {
        return Ok(Some(found));
    }
    let on_the_way = std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    let mut links = on_the_way.ancestors().filter_map(|path| fs::symlink_metadata(path).ok());
    Ok(links.find(|found| found.is_symlink() && found.uid() != ROOT))
}

impl As {
    /// Makes the thread the other's. The real and the saved user stay the system's own, to which there is a way back.
    fn begin(self) -> io::Result<()> {
        set_thread_res_gid(None, Some(self.group), None)?;
        set_thread_res_uid(None, Some(self.owner), None)?;
        Ok(())
    }
}

fn become_oneself(group: Gid) -> io::Result<()> {
    set_thread_res_uid(None, Some(Uid::ROOT), None)?;
    set_thread_res_gid(None, Some(group), None)?;
    Ok(())
}
