//! Where what is exported goes: standard output, or a file that appears whole.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, printed};
use crate::domain::text::shown;
use crate::ledger::Progress;
use crate::store::durable_file::replace_with;

impl Context<'_, '_> {
    /// Writes to a file, or to standard output if none is given or it is `-`.
    ///
    /// A file has what is written under its name once all of it is on the disk, and not before.
    pub(super) fn export(
        &mut self,
        file: Option<&Path>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.export_metered(file, |out, _| write(out))
    }

    /// The same, and shows how far it has come, unless the terminal shows what is written.
    pub(super) fn export_metered(
        &mut self,
        file: Option<&Path>,
        write: impl FnOnce(&mut dyn Write, Progress<'_>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let Some(file) = file.filter(|file| file.as_os_str() != "-") else {
            let mut meter = self.meter("export");
            meter.hide_if(self.around.out_is_terminal);
            let mut out = io::BufWriter::new(&mut *self.around.out);
            let written = meter.run(|progress| write(&mut out, progress).and_then(|()| out.flush()));
            // What is left in the buffer is nobody's, if the reader has seen enough.
            let _ = out.into_parts();
            return printed(written);
        };
        let name = shown(&file.to_string_lossy()).into_owned();
        let path = self.around.path(file);
        let replaced = self.meter("export").run(|progress| replace_with(&path, |out| write(out, progress)));
        replaced.map_err(|error: io::Error| {
            let failure = Failure::new(Exit::CouldNot, format!("{name} cannot be written: {error}"));
            match error.kind() {
                io::ErrorKind::InvalidInput => failure.hint("name a file, or - for standard output"),
                _ => failure,
            }
        })?;
        self.say(&format!("wrote {name}\n"));
        Ok(())
    }
}
