//! `servanda correct`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::cli::administer::ClockSaid;
use crate::cli::command::append::Append;
use crate::cli::failure::{Exit, Failure};
use crate::cli::locate::shell_word;
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::exchange::announcement_file::AnnouncementFile;
use crate::exchange::correction::correction;
use crate::exchange::tree::Format;
use crate::query::correctable::{Correctable, correctable};
use crate::query::records::find;

/// Put right what was recorded: print a correction, filled in, or edit and append it
///
/// The correction is an event of its own; what it corrects stays to be seen, struck through. Of what was corrected before, the newest correction is corrected.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda correct 23 > correction.yaml      then change it, and append it
  servanda correct 23 --reason \"It was a day earlier\" --edit --dry-run")]
pub(in crate::cli) struct Correct {
    /// Its position, its announcement's id, or 8 or more digits of its hash
    event: String,
    /// What was wrong, in words that stay in the ledger for ever
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Open it in $VISUAL or $EDITOR, and append what comes of it
    #[arg(long)]
    edit: bool,
    /// With --edit: check everything, show which answers would change, write nothing
    #[arg(long, requires = "edit")]
    dry_run: bool,
    /// With --edit: the recorder's key [default: the one that `init` made] [env: SERVANDA_KEY]
    #[arg(long, value_name = "FILE", requires = "edit")]
    key: Option<PathBuf>,
    #[command(flatten)]
    clock: ClockSaid,
}

impl Correct {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let (asked, found) = {
            let log = context.read_log("correct")?;
            let reading = Context::read_hashed(&log)?;
            let event = find(&reading.snapshot, &self.event)?;
            (event.seq, correctable(&reading.snapshot, event)?)
        };
        if found.event != asked {
            context.say(&format!("event {asked} was corrected before: this corrects event {}\n", found.event));
        }
        let Correctable { corrects, what, body, wording, event } = &found;
        let text = correction(corrects, &shown(what), (body, wording), &self.reason);
        if !self.edit {
            context.print(&text)?;
            return Ok(Exit::Done);
        }
        self.edited(*event, &text, context)
    }

    /// Has the file edited, and appends it; what cannot be appended is kept, since somebody wrote it.
    fn edited(self, event: u64, text: &str, context: &mut Context<'_, '_>) -> Outcome {
        let prefix = format!("correction-of-{event}-");
        let folder = context.around.folder.clone();
        let mut file = tempfile::Builder::new().prefix(&prefix).suffix(".yaml").tempfile_in(&folder)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush())?;
        edit(file.path(), context)?;
        // An editor may put another file in the place of this one.
        let written = std::fs::read(file.path())?;
        if written == text.as_bytes() {
            let failure = Failure::new(Exit::No, "the correction was left as it was; nothing was appended");
            return Err(failure.hint("change what was wrong below `replacement`, and say why at `reason`"));
        }
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = AnnouncementFile::read(&name, Some(Format::Yaml), &written, &folder);
        let outcome = Append::of_command(self.key, self.clock, self.dry_run).append(vec![read], &[], context);
        if outcome.is_err() {
            let kept = file.into_temp_path().keep().map_err(|error| error.error)?;
            let kept = shell_word(&kept.strip_prefix(&folder).unwrap_or(&kept).to_string_lossy());
            context.advise(&format!("what was written is kept: mend it, then `servanda append {kept}`"));
        }
        outcome
    }
}

/// Runs the editor that the environment names, as a shell reads it.
fn edit(path: &Path, context: &Context<'_, '_>) -> Result<(), Failure> {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| (context.around.variable)(name));
    let editor = named.unwrap_or_else(|| "vi".to_owned());
    let could_not = |why: String| {
        Failure::new(Exit::CouldNot, format!("the editor `{editor}` {why}; nothing was appended"))
            .hint("name another with EDITOR, or `servanda correct EVENT > FILE`, and append the file")
    };
    let ended = Command::new("sh").args(["-c", &format!("{editor} \"$@\""), &editor]).arg(path).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(could_not(format!("ended with {status}"))),
        Err(error) => Err(could_not(format!("could not be run: {error}"))),
    }
}
