//! `servanda repair`

use std::path::PathBuf;

use clap::Args;

use crate::cli::command::restore::{known, remembered};
use crate::cli::command::verify::{VerifyAnswer, exit_of};
use crate::cli::failure::Failure;
use crate::cli::page::counted;
use crate::cli::recovered_from::Again;
use crate::cli::{Context, Outcome};
use crate::ledger::Settings;
use crate::ledger::recover::repair::repair;
use crate::ledger::recover::restore::{Known, Meant, Restoration};
use crate::store::acting::{Acting, as_oneself};

/// Make a damaged ledger whole again, from a backup, an export or a published log
///
/// The events are taken from there, and as far as they follow, the newer ones from the damaged store. All of it is checked as `restore` does before it takes the place of what is there, which is laid aside and not deleted. If events are known that are nowhere any more, nothing changes. Keys stay; documents and checkpoints that are missing or altered come from the backup, but for what was erased. If it is stopped, the old store is in its place, or the new one.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda repair --from ilrs.backup
  servanda repair --from ilrs.ndjson         what `export ndjson` wrote
  age --decrypt -i key.txt ilrs.backup.age | servanda repair --from -")]
pub(in crate::cli) struct Repair {
    /// What `backup` or `export ndjson` wrote, or the folder of `export tiles`; - is one of the first two on standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Go on without events that are known of, and are nowhere any more
    #[arg(long)]
    despite_known: bool,
}

impl Repair {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        if !folder.path().join("sled").exists() {
            // It may be the name alone that is lost; where nothing of a ledger is, there is none.
            Settings::load(&folder).map_err(|error| context.not_opened(error.into(), &folder))?;
        }
        let memory = context.memory();
        let known = known(self.despite_known);
        // Of a store that cannot be read, this is all that tells whose events it should have.
        let held = memory.held(&folder)?.filter(|_| known == Known::Holds);
        let meant = Meant { genesis: held.map(|log| log.genesis), known, ..Meant::default() };
        // What nobody signed is given up without another word, once that is said.
        let remembered = |log: &_, keys: &_| {
            let remembered = as_oneself(|| remembered(&memory, log, keys))?;
            Ok(if self.despite_known { remembered.signed() } else { remembered })
        };
        let access = context.access("repair");
        let (path, meter) = (context.around.path(&self.from), context.meter("repair"));
        let (mut taken, mut again) = (None, Again::default());
        let hand_over = |restoration: &mut Restoration<'_>| {
            taken = Some(again.take((&self.from, &path), &mut *context.around.stdin, restoration)?);
            Ok(())
        };
        let acting = Acting::as_owner_of(folder.path())?;
        let repaired =
            meter.run(|progress| repair::<Failure>(&folder, (remembered, meant), &access, progress, hand_over));
        drop(acting);
        if let Some(taken) = &taken {
            taken.tell(context);
        }
        let repaired = repaired?;
        context.holds(&folder, &repaired.log);
        context.remember_restored((&repaired.log, &repaired.report), self.despite_known);
        let path = context.shown_path(&folder);
        let events = |number: u64| counted(usize::try_from(number).unwrap_or(usize::MAX), "event", "events");
        let saved = match repaired.saved {
            0 => String::new(),
            saved => format!(", and {} that only the damaged store had", events(saved)),
        };
        context.say(&format!("repaired {path}: {} from elsewhere{saved}\n", events(repaired.given)));
        if repaired.mended > 0 {
            let files = counted(repaired.mended, "altered file is", "altered files are");
            context.say(&format!("{files} put right\n"));
        }
        if let Some(damaged) = &repaired.damaged {
            context.say(&format!("the damaged store lies in {}; only repair reads it\n", damaged.display()));
        }
        VerifyAnswer::of(&repaired.report).tell(context)?;
        Ok(exit_of(&repaired.report))
    }
}
