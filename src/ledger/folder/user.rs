//! Who asks: the account's own folder, which lies in no ledger, and the key by which files are known again that were derived
//! for this account.
//!
//! Derived files answer fast because nothing in them is checked but that they are one's own. So everything in them bears a
//! tag, BLAKE3 keyed with what nobody else has: the account's key, the ledger's name and genesis, and the folder, by device
//! and inode. Another ledger's files, another folder's, another account's, or a changed byte have other tags. What is one's
//! own and old has the right ones: so the greatest length for which there ever were files is kept with the key, and less is not
//! used.
//!
//! ```text
//! STATE/derived.key            32 bytes, for nobody else
//! STATE/derived/<folder>/      for each folder of a ledger, by a hash of its device and inode
//!     <genesis>                the greatest length of that ledger, and the head there
//!     facts, recent            the files themselves, if the ledger's folder is somebody else's
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::id::Origin;
use crate::event::chain::Head;
use crate::integrity::digest::{EventHash, TagKey, hex};
use crate::ledger::folder::log_id::{LogId, sizes_in};
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

/// The key's file.
const KEY: &str = "derived.key";
/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// The most bytes of the file with the greatest length.
const MAX_GREATEST: u64 = 256;
/// What is bound into the tags of files, version 1.
const FILES: &[u8] = b"servanda derived files v1";
/// What is bound into the tag of a copy of a store.
const OWN: &[u8] = b"servanda kept copy v1";
/// What names a folder's place.
const PLACE: &[u8] = b"servanda derived place v1";

/// An account that keeps derived files.
#[derive(Debug)]
pub struct User {
    state: PathBuf,
    key: TagKey,
    /// The key's bytes, where it is not on the disk yet.
    fresh: Option<[u8; KEY_BYTES]>,
}

impl User {
    /// The account with that folder of its own, in which its key lies; where there is none, it is made of 32 random bytes, and
    /// put there with the first file that is kept.
    ///
    /// # Errors
    ///
    /// What the operating system says, and [`io::ErrorKind::InvalidData`] if what lies there is no key.
    pub fn at(state: &Path, random: impl FnOnce() -> io::Result<[u8; KEY_BYTES]>) -> io::Result<Self> {
        let state = state.to_owned();
        let Some(bytes) = durable_file::read_bytes(&state.join(KEY), KEY_BYTES as u64)? else {
            let fresh = random()?;
            return Ok(Self { state, key: TagKey::of(fresh), fresh: Some(fresh) });
        };
        let no_key = |_| io::Error::new(io::ErrorKind::InvalidData, "the file `derived.key` holds no key");
        Ok(Self { state, key: TagKey::of(bytes.try_into().map_err(no_key)?), fresh: None })
    }

    /// Sees to it that the key is on the disk.
    ///
    /// # Errors
    ///
    /// What the operating system says, also if another process has put another key there meanwhile.
    pub(crate) fn keep_key(&self) -> io::Result<()> {
        let Some(fresh) = self.fresh.as_ref().filter(|_| !self.is_key_kept()) else { return Ok(()) };
        store_folder::create_private(&self.state)?;
        durable_file::create_new(&self.state.join(KEY), fresh, Rights::Secret)
    }

    fn is_key_kept(&self) -> bool {
        let is_on_disk = |fresh: &[u8; KEY_BYTES]| {
            durable_file::read_bytes(&self.state.join(KEY), KEY_BYTES as u64)
                .is_ok_and(|kept| kept.is_some_and(|kept| kept == fresh))
        };
        self.fresh.as_ref().is_none_or(is_on_disk)
    }

    /// What the account knows again: nothing, if its key is not on the disk yet.
    pub(crate) fn own_tag(&self, text: &str) -> Option<String> {
        self.is_key_kept().then(|| hex(&self.key.tag(&[OWN, text.as_bytes()])))
    }

    /// Where the account keeps what is derived of the ledger in a folder.
    pub(crate) fn place(&self, folder: &Path) -> io::Result<PathBuf> {
        let found = fs::metadata(folder)?;
        let name = self.key.tag(&[PLACE, &found.dev().to_le_bytes(), &found.ino().to_le_bytes()]);
        Ok(self.state.join("derived").join(hex(&name)))
    }

    /// The most events of that log for which the account remembers a checkpoint; what cannot be read is more than any.
    pub(crate) fn signed(&self, log: &LogId) -> u64 {
        let sizes = sizes_in(&log.folder_of(&self.state), "");
        sizes.map_or(u64::MAX, |sizes| sizes.last().copied().unwrap_or_default())
    }

    /// How files are told that were derived from the ledger of that name and genesis in a folder.
    pub(crate) fn marks(&self, folder: &Path, origin: &Origin, genesis: EventHash) -> io::Result<Marks> {
        let found = fs::metadata(folder)?;
        let origin = origin.as_str().as_bytes();
        let key = self.key.within(&[
            FILES,
            &(origin.len() as u64).to_le_bytes(),
            origin,
            genesis.as_bytes(),
            &found.dev().to_le_bytes(),
            &found.ino().to_le_bytes(),
        ]);
        Ok(Marks { key, genesis, greatest: self.place(folder)?.join(genesis.to_string()) })
    }
}

/// How files are told that were derived from one ledger, in one folder, for one account.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    key: TagKey,
    pub(crate) genesis: EventHash,
    greatest: PathBuf,
}

impl Marks {
    /// The tag of bytes that are put to such a use.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.key.tag(parts)
    }

    /// The greatest length of the ledger for which there were files; what cannot be read is more than any.
    pub(crate) fn greatest(&self) -> u64 {
        match durable_file::read_text(&self.greatest, MAX_GREATEST) {
            Ok(None) => 0,
            Ok(Some(text)) => text.split(' ').next().and_then(|len| len.parse().ok()).unwrap_or(u64::MAX),
            Err(_) => u64::MAX,
        }
    }

    /// Says that there are files for that head. Less than was said before is not said.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn raise(&self, head: Head) -> io::Result<()> {
        let known = match self.greatest() {
            // What somebody's hand left there is written anew.
            u64::MAX => 0,
            known => known,
        };
        if known >= head.len {
            return Ok(());
        }
        store_folder::create_private(store_folder::parent(&self.greatest))?;
        let text = format!("{} {}\n", head.len, head.hash);
        durable_file::replace_unsynced_with(&self.greatest, |out| out.write_all(text.as_bytes()))
    }
}
