//! Where the log ended, as two files of the folder remember it: copies, never authority. What counts is what the store holds.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::event::chain::{Damage, Head};
use crate::integrity::digest::EventHash;
use crate::ledger::folder::Folder;
use crate::ledger::folder::log_id::sizes_in;
use crate::store::lock::Lock;
use crate::store::{durable_file, folder as store_folder};

/// The most bytes that `HEAD` may have.
const MAX_TEXT_BYTES: u64 = 64 << 10;
/// The most bytes of a file that says where a log ended and nothing else.
const MAX_LINE: u64 = 4096;

/// Says of a head that nobody was appending to it.
const SETTLED: &str = "settled";
/// Says of a head that somebody was about to append to it; who, stands in the next line.
const WRITING: &str = "writing";

/// What `HEAD` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remembered {
    head: Head,
    /// Who was about to append to it, if somebody was.
    writer: Option<String>,
}

impl Remembered {
    fn load(folder: &Folder) -> Option<Self> {
        let text = durable_file::read_text(&folder.head(), MAX_TEXT_BYTES).ok()??;
        let text = text.trim_end_matches('\n');
        let (line, writer) = text.split_once('\n').unwrap_or((text, ""));
        let mut words = line.split(' ');
        let head = Head { len: words.next()?.parse().ok()?, hash: words.next()?.parse().ok()? };
        let writer = match words.next() {
            Some(SETTLED) => None,
            _ => Some(writer.to_owned()),
        };
        Some(Self { head, writer })
    }
}

impl Head {
    pub(crate) fn load(folder: &Folder) -> Option<Self> {
        Remembered::load(folder).map(|remembered| remembered.head)
    }

    /// Where the log ended at the least: by `HEAD`, and by what is known of the store's files, with the names of these.
    pub(crate) fn remembered(folder: &Folder) -> impl Iterator<Item = (&'static str, Self)> {
        let head = Self::load(folder).map(|head| ("HEAD", head));
        head.into_iter().chain(Check::load(folder).map(|head| ("sled.check", head)))
    }

    /// The one of these that knows of more events.
    pub(crate) fn least(folder: &Folder) -> Option<Self> {
        Self::remembered(folder).map(|(_, head)| head).max_by_key(|head| head.len)
    }

    /// The head that answers may be given for without looking at the store: nothing, if a writer began to append to it
    /// and did not come to the end.
    ///
    /// While that writer is at it, answers are those before its append, which is not acknowledged yet.
    ///
    /// One that ends the log before a checkpoint that was signed of it, or before its store was closed, is not used.
    pub(crate) fn usable(folder: &Folder) -> Option<Self> {
        let Remembered { head, writer } = Remembered::load(folder)?;
        let signed = sizes_in(&folder.checkpoints(), "").ok()?.last().copied().unwrap_or_default();
        let closed = Check::load(folder);
        let is_other = closed.is_some_and(|closed| closed.len > head.len || (closed.len == head.len && closed != head));
        if is_other || signed > head.len {
            return None;
        }
        let is_at_it = |writer: String| !writer.is_empty() && Lock::is_held_by(&folder.lock(), &writer);
        writer.is_none_or(is_at_it).then_some(head)
    }

    /// Says where the log ends, without waiting for the disk.
    pub(crate) fn save(self, folder: &Folder) -> io::Result<()> {
        self.write(&format!("{SETTLED}\n"), folder).map(|_| ())
    }

    /// The same, unless the file says it already: whoever has seen what the store holds puts right what it says.
    pub(crate) fn settle(self, folder: &Folder) {
        if Remembered::load(folder) != Some(Remembered { head: self, writer: None }) {
            // A hint that cannot be written is asked about again by the next who has seen the store.
            let _ = self.save(folder);
        }
    }

    /// Says that somebody is about to append here; on the disk once the file that is given back is synced.
    pub(crate) fn save_writing(self, writer: &str, folder: &Folder) -> io::Result<File> {
        self.write(&format!("{WRITING}\n{writer}\n"), folder)
    }

    /// Takes the file away, so that every reader looks at the store.
    pub(crate) fn remove(folder: &Folder) -> io::Result<()> {
        match std::fs::remove_file(folder.head()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => store_folder::sync(folder.path()),
        }
    }

    fn write(self, state: &str, folder: &Folder) -> io::Result<File> {
        let text = format!("{} {} {state}", self.len, self.hash);
        let mut file = durable_file::open_to_write(&folder.head())?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        Ok(file)
    }

    /// What this remembers and a log of `len` events does not hold: nothing, if the log goes on from here.
    ///
    /// `who` names the file that remembers it; `hash_at` gives the hash of an event, if it can be read.
    pub(crate) fn forgotten(self, who: &str, len: u64, hash_at: impl Fn(u64) -> Option<EventHash>) -> Option<Damage> {
        let newest = self.len.checked_sub(1)?;
        if newest >= len {
            let what = format!(
                "{who} remembers {} events, and the store holds {len}: the log was cut, or {who} was replaced",
                self.len
            );
            return Some(Damage { seq: len, what });
        }
        let found = hash_at(newest).filter(|found| *found != self.hash)?;
        Some(Damage {
            seq: newest,
            what: format!("hashes to {found}, and {who} remembers {}: the log was replaced, or {who} was", self.hash),
        })
    }
}

/// Where the log ended when its store was closed, in the file `sled.check`: what an opening is held against, beside `HEAD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Check;

impl Check {
    pub(crate) fn load(folder: &Folder) -> Option<Head> {
        read(&folder.check())
    }

    /// Says where the log ends. What was known of that is not forgotten for less.
    pub(crate) fn renew(folder: &Folder, head: Head) -> io::Result<()> {
        if Self::load(folder).is_some_and(|known| known.len >= head.len) {
            return Ok(());
        }
        write(&folder.check(), head)
    }
}

/// Reads where a log ended from a file that says nothing else; nothing, if it does not say that.
pub(crate) fn read(file: &Path) -> Option<Head> {
    let text = durable_file::read_text(file, MAX_LINE).ok()??;
    let mut words = text.trim_end().split(' ');
    let head = Head { len: words.next()?.parse().ok()?, hash: words.next()?.parse().ok()? };
    words.next().is_none().then_some(head)
}

/// Has a file say where a log ended, without waiting for the disk.
pub(crate) fn write(file: &Path, head: Head) -> io::Result<()> {
    let text = format!("{} {}\n", head.len, head.hash);
    durable_file::replace_unsynced_with(file, |out| out.write_all(text.as_bytes()))
}
