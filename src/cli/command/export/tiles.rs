//! `servanda export tiles`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::command::export::check_format;
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::ledger::documents::inventory::{Inventory, NamedBy};
use crate::ledger::publish::tiles::{proof_file, publish_telling, put};
use crate::ledger::state::authority::Authority;
use crate::ledger::{DocumentReader, Folder, Log, Progress};
use crate::query::keys::keys;

/// Publish the log as files that anybody can check without us
///
/// The folder has the layout of C2SP tlog-tiles, for a web server or a disk to send; what is there already is added to. The log is signed as it stands where its key is at hand, else it is published up to the newest checkpoint. Check the folder with `servanda verify --export`.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda export tiles public
  servanda export tiles public --with-documents")]
pub(super) struct Tiles {
    /// The folder
    folder: PathBuf,
    /// Copy the documents of sources too, but never personal ones
    #[arg(long)]
    with_documents: bool,
    /// Write a proof of every event into `proofs`, under the checkpoint that is published
    #[arg(long)]
    with_proofs: bool,
}

impl Tiles {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        check_format(context, Format::Table, "of a folder of tiles")?;
        let log = context.read_log("export")?;
        let snapshot = log.hashed_snapshot()?;
        let authority = Authority::of(&snapshot.events);
        let checkpoint = context.newest_checkpoint(&log)?;
        let key = authority.log_key_at(checkpoint.size()).ok_or_else(|| Failure::new(Exit::CouldNot, "no log key"))?;
        let beside = [
            ("log.vkey", format!("{key}\n").into_bytes()),
            ("allowed_signers", keys(&snapshot).allowed_signers().into_bytes()),
        ];
        let folder = context.around.path(&self.folder);
        let meter = context.meter("export");
        let (done, documents) = meter.run(|progress| {
            let done = publish_telling(&log, &checkpoint, &authority, &folder, &beside, progress)?;
            let holdings = Inventory::of(&snapshot.events);
            take_back(&holdings, &folder)?;
            let documents = if self.with_documents { documents((&holdings, &log), &folder, progress)? } else { 0 };
            if self.with_proofs {
                for proof in log.proofs(&checkpoint)? {
                    let proof = proof?;
                    put(&proof_file(&folder, proof.index), proof.text().as_bytes())?;
                    progress("proofs written", proof.index + 1, checkpoint.size());
                }
            }
            Ok::<_, Failure>((done, documents))
        })?;
        drop(log);
        let with = if self.with_documents { format!(", {documents} documents") } else { String::new() };
        context.say(&format!(
            "published {} events, {} of them new, in {} files of tiles{with}\n",
            done.size,
            done.size - done.before,
            done.tiles
        ));
        Ok(Exit::Done)
    }
}

/// Copies the documents that events name by their plain hashes; personal ones are named by commitments, and stay.
fn documents((holdings, log): (&Inventory, &Log), folder: &Path, progress: Progress<'_>) -> Result<usize, Failure> {
    let (shelf, of) = (log.shelf(), holdings.files().count() as u64);
    let target = DocumentReader::of(&Folder::at(folder));
    let mut copied = 0;
    for (looked, (address, named)) in (1..).zip(holdings.files()) {
        progress("documents looked at", looked, of);
        // One that was erased may still be there, if that was cut short.
        if named.by == NamedBy::Commitment || holdings.erased_by(address).is_some() {
            continue;
        }
        if let Some(bytes) = shelf.document(address).map_err(|error| not_copied(&error))? {
            target.keep(address, &bytes).map_err(|error| not_copied(&error))?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// Deletes what was published before it was erased, whether documents are published again or not.
fn take_back(holdings: &Inventory, folder: &Path) -> Result<(), Failure> {
    let erased = holdings.files().map(|(address, _)| address).filter(|address| holdings.erased_by(address).is_some());
    DocumentReader::of(&Folder::at(folder)).remove(erased).map_err(|error| not_copied(&error))?;
    Ok(())
}

fn not_copied(error: &crate::store::documents::DocumentError) -> Failure {
    Failure::new(Exit::CouldNot, error.to_string())
}
