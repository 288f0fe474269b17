//! Long answers on a terminal, through the program that the account reads long texts with, as git does.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cli::Context;
use crate::cli::failure::Failure;

impl Context<'_, '_> {
    /// Prints an answer, on a terminal through a pager.
    ///
    /// Where there is none, the answer is printed as it is.
    pub(super) fn page(&mut self, text: &str) -> Result<(), Failure> {
        match self.pager() {
            Some(pager) if self.is_paged(&pager, text) => Ok(()),
            _ => self.print(text),
        }
    }

    /// Whether answers go through a pager.
    pub(super) fn pages(&self) -> bool {
        self.pager().is_some()
    }

    /// The pager's command, as a shell reads it.
    fn pager(&self) -> Option<String> {
        if !self.around.out_is_terminal || self.global.no_pager {
            return None;
        }
        let named = ["SERVANDA_PAGER", "PAGER"].into_iter().find_map(|name| (self.around.variable)(name));
        Some(named.unwrap_or_else(|| "less".to_owned())).filter(|pager| pager.trim() != "cat")
    }

    /// Hands a text to a pager and waits for it; nothing, if it cannot be run.
    fn is_paged(&mut self, pager: &str, text: &str) -> bool {
        // What was written before comes before.
        let _ = self.around.out.flush();
        let mut command = Command::new("sh");
        command.args(["-c", pager]).stdin(Stdio::piped()).current_dir(&self.around.folder);
        // Colours are shown, and what fits on the screen is not waited with.
        for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
            if (self.around.variable)(name).is_none() {
                command.env(name, value);
            }
        }
        let Ok(mut running) = command.spawn() else { return false };
        // Whoever leaves before the end has seen enough.
        let _ = running.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
        // A shell that does not find the command says so by this code.
        !running.wait().is_ok_and(|status| status.code() == Some(127))
    }
}
