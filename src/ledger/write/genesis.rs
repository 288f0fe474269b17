//! Genesis: a new ledger with its first event, made aside and moved into place whole.

use crate::ledger::state::State;
use crate::ledger::write::Backing;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::announcement::Announcement;
use crate::domain::governance::{Authorised, Genesis, LogKey, RecorderKey, RecorderRole};
use crate::domain::id::{Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::integrity::note_key::{LogSigner, NoteKeyError, Vkey};
use crate::integrity::ssh_key::PublicKey;
use crate::ledger::admission::draft::{Batch, Draft};
use crate::ledger::folder::Folder;
use crate::ledger::folder::readme::{make_keys_folder, write_readme};
use crate::ledger::folder::settings::Settings;
use crate::ledger::folder::staging::StagingFolder;
use crate::ledger::keys::log_holder::{LogHolder, LogSigning};
use crate::ledger::keys::signer::{Signer, SignerError};
use crate::ledger::log::guarded_store::GuardedStore;
use crate::ledger::log::open::{Access, OpenError};
use crate::ledger::write::Ledger;
use crate::ledger::write::administer::log_key::lead_to;
use crate::ledger::write::append::{AppendError, Options};
use crate::store::shared::Rights;
use crate::store::{StoreError, durable_file, folder as store_folder};

/// What a new ledger is made of.
#[derive(Debug)]
pub struct NewLedger<'a> {
    /// Its name.
    pub origin: Origin,
    /// The first recorder: admin and recorder.
    pub recorder: Recorder,
    /// 32 random bytes for the log key.
    pub log_key_seed: &'a [u8; 32],
    /// The caller's clock.
    pub now: Timestamp,
}

/// The name of the recorder whose key lies elsewhere.
pub const RECOVERY: &str = "recovery";

/// Keys of a new ledger beside its recorder's.
#[derive(Debug, Default)]
pub struct FurtherKeys<'a> {
    /// Who signs for the log, if that is no key in the ledger's own folder; of the ledger's name.
    pub log_key: Option<&'a LogHolder>,
    /// A key that lies elsewhere, for the day on which others are lost: an admin's, of the recorder [`RECOVERY`].
    pub recovery: Option<PublicKey>,
}

/// Why no ledger was founded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoundError {
    /// There is one already.
    #[error("there is a ledger at {} already", .folder.display())]
    AlreadyThere {
        /// Where.
        folder: PathBuf,
    },
    /// Something else is there.
    #[error("{} is not empty, and is no ledger", .folder.display())]
    NotEmpty {
        /// Where.
        folder: PathBuf,
    },
    /// The origin cannot name a log key.
    #[error(transparent)]
    LogKey(#[from] NoteKeyError),
    /// The place of the log's key cannot lead to whoever holds it.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder failed.
    #[error("the folder cannot be made: {0}")]
    Io(#[from] io::Error),
    /// The ledger could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The genesis was not appended.
    #[error(transparent)]
    Genesis(#[from] AppendError),
}

/// The name of a ledger that nobody named: `local/`, its folder's name in the characters of origins, and six digits of the
/// log's key, so that two folders of one name are two ledgers, and so is one that is begun again.
pub fn local_origin(folder: &Path, log_key_seed: &[u8; 32]) -> Origin {
    let key = LogSigner::from_seed("local", log_key_seed).expect("a plain word can name a key").vkey();
    local_origin_of(folder, &key)
}

/// The same by the public half of the log's key, which may still have another name.
pub fn local_origin_of(folder: &Path, key: &Vkey) -> Origin {
    /// The most bytes of the folder's name.
    const MOST: usize = 100;
    // A ledger in a hidden folder is named for the folder that it hides in.
    let named = folder.file_name().filter(|name| *name != ".servanda").or_else(|| folder.parent()?.file_name());
    let named = named.map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = named.chars().map(plain).take(MOST).collect();
    let name = if name.bytes().any(|byte| byte.is_ascii_alphanumeric()) { &name } else { "ledger" };
    Origin::parse(&format!("local/{name}-{}", &key.point_hash()[..6])).expect("its characters are those of origins")
}

/// A ledger that is complete and not yet in its place: dropping it leaves nothing behind.
pub struct StagedLedger {
    /// The ledger, to append to.
    pub ledger: Ledger,
    aside: StagingFolder,
}

impl StagedLedger {
    /// Makes a ledger with its genesis beside the folder where it shall be.
    ///
    /// # Errors
    ///
    /// [`FoundError`]; nothing is left behind.
    pub fn new(
        target: &Folder,
        founding: NewLedger<'_>,
        signer: &dyn Signer,
        access: &Access,
    ) -> Result<Self, FoundError> {
        Self::with_keys(target, founding, &FurtherKeys::default(), signer, access)
    }

    /// The same with further keys.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn with_keys(
        target: &Folder,
        founding: NewLedger<'_>,
        further: &FurtherKeys<'_>,
        signer: &dyn Signer,
        access: &Access,
    ) -> Result<Self, FoundError> {
        Self::check_free(target)?;
        let aside = StagingFolder::beside(target, &access.holder, target.rights())?;
        // As long as it may come to nothing, nothing is kept of it.
        let folder = Folder::at(aside.folder().path());

        make_keys_folder(&folder)?;
        let log_key = if let Some(holder) = further.log_key {
            lead_to(holder, &folder.log_key())?;
            holder.vkey()
        } else {
            let signer = LogSigner::from_seed(founding.origin.as_str(), founding.log_key_seed)?;
            let text = format!("{}\n", signer.to_secret_text());
            durable_file::create_new(&folder.log_key(), text.as_bytes(), Rights::Secret)?;
            signer.vkey()
        };
        store_folder::create(&folder.documents())?;
        Settings::new(founding.origin.clone()).save(&folder)?;
        write_readme(&folder, &founding.origin)?;
        let store = GuardedStore::create(&folder)?;
        let backing = Backing::new(folder, Box::new(store), None, aside.lock());
        let mut ledger = Ledger { state: State::new(founding.origin.clone()), backing };
        let written = |key: PublicKey| RecorderKey::try_from(key.to_string()).expect("a public key has its form");
        let first = Authorised {
            key: written(signer.public()),
            recorder: founding.recorder,
            roles: vec![RecorderRole::Admin, RecorderRole::Recorder],
        };
        let recovery = further.recovery.map(|key| Authorised {
            key: written(key),
            recorder: Recorder::parse(RECOVERY).expect("it is a recorder's name"),
            roles: vec![RecorderRole::Admin],
        });
        let genesis = Genesis {
            log_key: LogKey::try_from(log_key.to_string()).expect("a verifier key has its form"),
            origin: founding.origin,
            recorders: [first].into_iter().chain(recovery).collect(),
        };
        let batch = Batch { drafts: vec![Draft::of(Announcement::of(genesis))], ..Batch::default() };
        ledger.append(&[batch], Options::default(), signer, founding.now)?;
        Ok(Self { ledger, aside })
    }

    /// Checks that a ledger can be founded in that folder: nothing is there, or an empty folder.
    ///
    /// # Errors
    ///
    /// [`FoundError::AlreadyThere`], [`FoundError::NotEmpty`].
    pub fn check_free(target: &Folder) -> Result<(), FoundError> {
        if target.is_ledger() {
            return Err(FoundError::AlreadyThere { folder: target.path().to_owned() });
        }
        match std::fs::read_dir(target.path()) {
            Ok(mut entries) => match entries.next() {
                Some(_) => Err(FoundError::NotEmpty { folder: target.path().to_owned() }),
                None => Ok(()),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where it shall be.
    pub fn target(&self) -> Folder {
        self.aside.target().clone()
    }

    /// Closes the ledger and moves it into its place, durably.
    ///
    /// # Errors
    ///
    /// [`FoundError::Io`] if something came into its place meanwhile.
    pub fn publish(self) -> Result<Folder, FoundError> {
        let Self { ledger, aside } = self;
        // What is derived can be done without.
        let _ = ledger.moved_to(aside.folder()).close();
        let target = aside.target().clone();
        aside.publish().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty if target.is_ledger() => {
                FoundError::AlreadyThere { folder: target.path().to_owned() }
            }
            _ => error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::signing_key::SigningKey;
    use crate::ledger::keys::signer::KeyFile;
    use crate::ledger::testing::access;

    #[test]
    fn a_ledger_that_is_closed_and_not_yet_in_its_place_is_nobody_elses_to_remove() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let key = KeyFile::of(SigningKey::from_seed(&[7; 32]));
        let founded = |name: &str| {
            let founding = NewLedger {
                origin: Origin::parse(&format!("ledger.example/{name}")).expect("an origin"),
                recorder: Recorder::parse("desk").expect("a recorder"),
                log_key_seed: &[9; 32],
                now: Timestamp::from_unix_ms(1_795_392_000_000).expect("a moment of 2026"),
            };
            let target = Folder::at(desk.path().join(name));
            StagedLedger::new(&target, founding, &key, &access()).expect("it can be founded")
        };
        let StagedLedger { ledger, aside } = founded("first");
        drop(ledger);
        let second = founded("second");
        let folder = aside.publish().expect("nothing is there");
        assert_eq!(Ledger::open(&folder, &access()).expect("all of it is there").head().len, 1);
        drop(second);
        assert_eq!(std::fs::read_dir(desk.path()).expect("it can be listed").count(), 1, "something is left over");
    }

    #[test]
    fn a_ledger_that_nobody_named_is_named_for_its_folder_and_its_key() {
        let origin = |folder: &str, seed: u8| local_origin(Path::new(folder), &[seed; 32]).to_string();
        assert_eq!(origin("/desk/treaties", 1), "local/treaties-34750f");
        assert_eq!(origin("/desk/treaties/.servanda", 1), "local/treaties-34750f");
        assert_eq!(origin("/desk/A b+C", 1), "local/a-b-c-34750f");
        assert_eq!(origin("/desk/\u{6761}\u{7ea6}", 1), "local/ledger-34750f");
        assert_eq!(origin("/", 1), "local/ledger-34750f");
        assert_eq!(origin(&format!("/desk/{}", "long".repeat(60)), 1).len(), 113);
        assert_eq!(origin("/desk/index", 1), "local/index-34750f");
        assert_ne!(origin("/2025/treaties", 1), origin("/2026/treaties", 2));
    }
}
