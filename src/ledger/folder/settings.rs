//! What a ledger says of itself in `servanda.toml`: a copy of what its events say, never authority.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::id::Origin;
use crate::domain::shape::vocabulary;
use crate::ledger::folder::Folder;
use crate::store::durable_file;
use crate::store::shared::Rights;

/// The most bytes that `servanda.toml` may have.
const MAX_TEXT_BYTES: u64 = 64 << 10;

/// The format of the folder, version 1.
const FORMAT: u32 = 1;

/// What `servanda.toml` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// Version of the folder's format.
    pub format: u32,
    /// The ledger's name; the genesis event says the same.
    pub origin: Origin,
    /// When a checkpoint is signed without being asked for.
    #[serde(default)]
    pub checkpoint: CheckpointWhen,
}

vocabulary! {
    /// When a checkpoint is signed without being asked for; after an import one always is.
    pub enum CheckpointWhen default OnRequest {
        /// Never.
        OnRequest = "on-request",
        /// After every append.
        EachAppend = "each-append",
    }
}

/// Why the settings of a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no ledger here.
    #[error("there is no ledger at {}", .folder.display())]
    Absent {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// There is a store, and no file that says which ledger it is of.
    #[error("{} is lost: there is a store beside it, and nothing says which ledger that is", .file.display())]
    Lost {
        /// Where the file should be.
        file: PathBuf,
    },
    /// A newer program made the folder.
    #[error("the format of {} is {found}, and this program reads {FORMAT}", .file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// The format.
        found: u32,
    },
    /// The file says what it should not.
    #[error("{} cannot be used: {what}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The operating system refused.
    #[error("{} cannot be read: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Settings {
    /// Settings of a new ledger.
    pub fn new(origin: Origin) -> Self {
        Self { format: FORMAT, origin, checkpoint: CheckpointWhen::default() }
    }

    /// Reads the settings of a ledger.
    ///
    /// # Errors
    ///
    /// [`SettingsError`].
    pub fn load(folder: &Folder) -> Result<Self, SettingsError> {
        let file = folder.settings_file();
        let text = match durable_file::read_text(&file, MAX_TEXT_BYTES) {
            Ok(Some(text)) => text,
            Ok(None) if folder.store().join("db").is_file() => return Err(SettingsError::Lost { file }),
            Ok(None) => return Err(SettingsError::Absent { folder: folder.path().to_owned() }),
            Err(source) => return Err(SettingsError::Io { file, source }),
        };
        if let Some(found) = format_of(&text).filter(|found| *found > FORMAT) {
            return Err(SettingsError::Newer { file, found });
        }
        Self::parse(&text).map_err(|what| SettingsError::Unusable { file, what })
    }

    /// Reads what such a file says; else what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| told(text, &error))?;
        if settings.format != FORMAT {
            return Err(format!("its format is {}, and this program reads {FORMAT}", settings.format));
        }
        Ok(settings)
    }

    pub(crate) fn save(&self, folder: &Folder) -> std::io::Result<()> {
        let text = format!(
            "# A ledger of servanda. Its name is a copy of what the genesis event says; `servanda verify` compares them.\n\
             format = {}\norigin = \"{}\"\n\
             # When a checkpoint is signed: \"on-request\", or \"each-append\".\ncheckpoint = \"{}\"\n",
            self.format, self.origin, self.checkpoint
        );
        durable_file::replace(&folder.settings_file(), text.as_bytes(), Rights::Usual)
    }
}

/// Says what is wrong with a file of settings, and in which of its lines.
fn told(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return error.message().to_owned() };
    let before = text.get(..span.start).unwrap_or_default();
    let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
    format!("line {}, `{}`: {}", before.matches('\n').count() + 1, line.trim(), error.message())
}

/// The format that such a file says, whatever else it says.
fn format_of(text: &str) -> Option<u32> {
    let table: toml::Table = toml::from_str(text).ok()?;
    u32::try_from(table.get("format")?.as_integer()?).ok()
}
