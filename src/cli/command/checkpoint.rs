//! `servanda checkpoint`

use base64::prelude::{BASE64_STANDARD, Engine};
use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::command::counted;
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{Answer, Format, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::integrity::Vkey;
use crate::integrity::checkpoint::Verified;
use crate::ledger::authority::Authority;
use crate::ledger::checkpoints::{Checkpoints, CheckpointsError};
use crate::ledger::settings::CheckpointWhen;
use crate::ledger::{Folder, Ledger, Log, Settings, log_signer};

/// Sign how many events there are, and which, for others to keep
///
/// A checkpoint binds the whole log to the log's key. Whoever keeps one can tell later, with `servanda verify --against` or with other people's tools, that nothing was changed or cut off. Without a subcommand the log is signed as it stands.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda checkpoint
  servanda checkpoint list
  servanda checkpoint show > ilrs.checkpoint      to keep elsewhere")]
pub(in crate::cli) struct Checkpoint {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Sign the log as it stands, unless that was done
    Sign,
    /// List the checkpoints that were signed
    List,
    /// Print a signed checkpoint as it is
    Show {
        /// For how many events it was signed; the newest, if none is given
        size: Option<u64>,
    },
}

impl Checkpoint {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let log = context.read_log("checkpoint")?;
        let keys = Authority::of(&log.naming()?.events);
        match self.what.unwrap_or(What::Sign) {
            What::Sign => sign(&log, &keys, context),
            What::List => {
                let answer = CheckpointsAnswer::of(&log, &keys)?;
                drop(log);
                context.answer(&answer)?;
                Ok(Exit::Done)
            }
            What::Show { size } => {
                let kept = log.checkpoints();
                drop(log);
                let found = match size {
                    Some(size) => kept.get(size, &keys)?,
                    None => kept.newest(&keys)?,
                };
                let none = || Failure::new(Exit::CouldNot, "there is no such checkpoint");
                let found =
                    found.ok_or_else(|| none().hint("`servanda checkpoint list` shows those that there are"))?;
                print(&found, context)?;
                Ok(Exit::Done)
            }
        }
    }
}

fn sign(log: &Log, keys: &Authority, context: &mut Context<'_, '_>) -> Outcome {
    let signer = log_signer(&context.ledger().log_key(), keys.log_key())?;
    let remembered = context.remembered(log.origin());
    let made = log.checkpoint(&signer, keys, &remembered)?;
    context.remember(&made);
    print(&made, context)?;
    Ok(Exit::Done)
}

/// The note itself, or what it says.
fn print(checkpoint: &Verified, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    if context.format() == Format::Table {
        return context.print(&checkpoint.note().to_string());
    }
    context.answer(&CheckpointsAnswer { checkpoints: vec![Row::of(checkpoint)], ..CheckpointsAnswer::none(checkpoint) })
}

impl Context<'_, '_> {
    /// The checkpoints that this user has seen of the log of that name, wherever it lies.
    pub(in crate::cli) fn remembered(&self, origin: &crate::domain::id::Origin) -> Checkpoints {
        let variable = |name: &str| (self.around.variable)(name).map(std::path::PathBuf::from);
        let state = variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")));
        // An origin has slashes, and could have `..` between them; a plus it never has.
        let name = origin.as_str().replace('/', "+");
        state.map(|state| Checkpoints::at(self.around.path(&state).join("servanda").join(name))).unwrap_or_default()
    }

    /// Whether a ledger's settings say that a checkpoint is signed after every append.
    pub(in crate::cli) fn signs_each_append(&self, folder: &Folder) -> bool {
        Settings::load(folder).is_ok_and(|settings| settings.checkpoint == CheckpointWhen::EachAppend)
    }

    /// Signs the log as it stands, where its key is at hand; where it is not, that is said.
    pub(in crate::cli) fn sign(&mut self, ledger: &Ledger) -> Result<(), Failure> {
        match log_signer(&self.ledger().log_key(), ledger.authority().log_key()) {
            Ok(signer) => {
                let made = ledger.checkpoint(&signer)?;
                self.remember(&made);
            }
            Err(error) => self.complain(&format!("warning: no checkpoint was signed: {error}\n")),
        }
        Ok(())
    }

    /// Remembers a checkpoint; it is kept in the ledger's folder too, so that this can fail.
    pub(in crate::cli) fn remember(&mut self, checkpoint: &Verified) {
        let Ok(origin) = checkpoint.origin().parse() else { return };
        if let Err(error) = self.remembered(&origin).keep(checkpoint) {
            self.complain(&format!("warning: the checkpoint is kept beside the ledger alone: {error}\n"));
        }
    }
}

/// The answer: `servanda/checkpoints/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct CheckpointsAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// The ledger's name.
    origin: String,
    /// The checkpoints, by their sizes.
    checkpoints: Vec<Row>,
}

/// One checkpoint.
#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    /// Number of events.
    size: u64,
    /// The root of the Merkle tree over them, in base64.
    root: String,
    /// The names of those who signed: the log, and witnesses.
    signed_by: Vec<String>,
    /// The signed note, byte for byte.
    note: String,
}

impl Row {
    fn of(checkpoint: &Verified) -> Self {
        Self {
            size: checkpoint.size(),
            root: BASE64_STANDARD.encode(checkpoint.root()),
            signed_by: checkpoint.note().signatures().iter().map(|signature| signature.name.clone()).collect(),
            note: checkpoint.note().to_string(),
        }
    }
}

impl CheckpointsAnswer {
    fn of(log: &Log, keys: &Authority) -> Result<Self, CheckpointsError> {
        let kept = log.checkpoints();
        let rows = kept.sizes()?.into_iter().filter_map(|size| kept.get(size, keys).transpose());
        let checkpoints = rows.map(|found| found.map(|found| Row::of(&found))).collect::<Result<_, _>>()?;
        Ok(Self { schema: "servanda/checkpoints/v1", origin: log.origin().to_string(), checkpoints })
    }

    fn none(of: &Verified) -> Self {
        Self { schema: "servanda/checkpoints/v1", origin: of.origin().to_owned(), checkpoints: Vec::new() }
    }
}

impl Answer for CheckpointsAnswer {
    const ITEMS: &'static str = "checkpoints";

    fn table(&self, screen: Screen) -> String {
        let rows = screen.table(&self.sheet(), "no checkpoint was signed yet");
        format!("{rows}\n{} of {}\n", counted(self.checkpoints.len(), "checkpoint", "checkpoints"), self.origin)
    }

    fn sheet(&self) -> Sheet {
        let row = |row: &Row| (Tone::Plain, vec![row.size.to_string(), row.root.clone(), row.signed_by.join("; ")]);
        Sheet { header: vec!["size", "root", "signed_by"], rows: self.checkpoints.iter().map(row).collect() }
    }
}

/// A log's key on the command line: the key itself, or `@FILE`.
pub(in crate::cli) fn vkey(text: &str, context: &Context<'_, '_>) -> Result<Vkey, Failure> {
    let read = |file: &str| {
        std::fs::read_to_string(context.around.path(std::path::Path::new(file)))
            .map_err(|error| Failure::new(Exit::CouldNot, format!("{file} cannot be read: {error}")))
    };
    let key = text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), read)?;
    key.trim_end().parse().map_err(|error| {
        Failure::new(Exit::Misuse, format!("--vkey: {error}")).hint("`servanda key show` ends with the log's key")
    })
}
