//! `servanda forget`

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::id::Origin;
use crate::integrity::EventHash;
use crate::ledger::admission::finding::nearest;
use crate::ledger::log::memory::{Known, Memory};

/// Lay aside what is remembered of a ledger, or list what is
///
/// Of each ledger that was signed or appended to here, this account remembers the checkpoints and the folder, by the ledger's name and the hash of its genesis: by these an older copy in its place is told, and another ledger. Whoever means to go on with one of those has them forgotten first: with --folder only which ledger the folder held, so that older copies of that one are told as before. Nothing else is deleted, and ledgers are left as they are; what is laid aside is told, and moved back it counts again.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda forget --list                     what is remembered
  servanda forget ministry.example/treaties")]
pub(in crate::cli) struct Forget {
    /// The ledger's name
    #[arg(required_unless_present_any = ["list", "folder"])]
    name: Option<Origin>,
    /// List what is remembered, and forget nothing
    #[arg(long, conflicts_with_all = ["name", "folder"])]
    list: bool,
    /// Forget which ledger the folder held that --ledger names, and nothing else
    #[arg(long, conflicts_with = "name")]
    folder: bool,
}

impl Forget {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if let Some(why) = context.account().why_not() {
            return Err(Failure::new(Exit::CouldNot, format!("nothing is remembered: {why}")));
        }
        let memory = context.memory();
        if self.folder {
            return forget_folder(&memory, context);
        }
        let Some(name) = self.name else {
            context.answer(&RememberedAnswer::of(&memory.all()?))?;
            return Ok(Exit::Done);
        };
        let Some(forgotten) = memory.forget(&name)? else {
            let known = memory.all()?;
            let failure = Failure::new(Exit::CouldNot, format!("nothing is remembered of {name}"));
            return Err(match nearest(name.as_str(), known.iter().map(|known| known.origin.as_str())) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint("`servanda forget --list` lists what is remembered"),
            });
        };
        context.answer(&RememberedAnswer::of(&forgotten.known))?;
        context.say_shown(&format!(
            "forgotten: where {name} ended, its checkpoints and backups, and the folders that held it; older copies of it are told no more"
        ));
        for (from, to) in &forgotten.aside {
            context.say_shown(&format!(
                "laid aside in {}: moved back to {}, it counts again",
                to.display(),
                from.display()
            ));
        }
        Ok(Exit::Done)
    }
}

/// Has another ledger be in a folder from now on: what was signed of the one that was there is remembered all the same.
fn forget_folder(memory: &Memory, context: &mut Context<'_, '_>) -> Outcome {
    let folder = context.ledger();
    let path = context.shown_path(&folder);
    let Some(held) = memory.forget_place(&folder)? else {
        return Err(Failure::new(Exit::CouldNot, format!("it is not remembered which ledger {path} held"))
            .hint("`servanda forget --list` lists what is remembered"));
    };
    let known = memory.all()?.into_iter().filter(|known| known.genesis == Some(held.genesis));
    context.answer(&RememberedAnswer::of(&known.collect::<Vec<_>>()))?;
    context.say_shown(&format!("{path} held {held}: that is forgotten, and what is known of that ledger is not"));
    Ok(Exit::Done)
}

/// The answer: `servanda/remembered/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct RememberedAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// The ledgers, by their names.
    ledgers: Vec<Row>,
}

/// What is remembered of a ledger.
#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    /// Its name.
    origin: String,
    /// The hash of its genesis; null, if nobody wrote it down.
    genesis: Option<EventHash>,
    /// How many events it had when checkpoints of it were signed.
    sizes: Vec<u64>,
    /// The folders that held it.
    folders: Vec<String>,
}

impl RememberedAnswer {
    fn of(known: &[Known]) -> Self {
        let row = |known: &Known| Row {
            origin: known.origin.to_string(),
            genesis: known.genesis,
            sizes: known.sizes.clone(),
            folders: known.folders.iter().map(|folder| folder.display().to_string()).collect(),
        };
        Self { schema: "servanda/remembered/v1", ledgers: known.iter().map(row).collect() }
    }
}

impl Answer for RememberedAnswer {
    const ITEMS: &'static str = "ledgers";

    fn table(&self, screen: Screen) -> String {
        let rows = screen.table(&self.sheet(), "no ledger is remembered");
        format!("{rows}\n{}\n", counted(self.ledgers.len(), "ledger", "ledgers"))
    }

    fn sheet(&self) -> Sheet {
        let row = |row: &Row| {
            let genesis = row.genesis.map(|genesis| genesis.to_string()).unwrap_or_default();
            let sizes: Vec<String> = row.sizes.iter().map(u64::to_string).collect();
            (Tone::Plain, vec![row.origin.clone(), genesis, sizes.join("; "), row.folders.join("; ")])
        };
        Sheet { header: vec!["origin", "genesis", "sizes", "folders"], rows: self.ledgers.iter().map(row).collect() }
    }
}
