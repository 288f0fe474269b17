//! The file in which somebody says who the parties of a table are: read before an import, written after it.

use std::fs::File;
use std::io::{BufWriter, ErrorKind};
use std::path::Path;

use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::exchange::table::Account;
use crate::exchange::table::matches::Answers;

/// The answers in that file; none if there is no such file yet.
pub(super) fn read(given: Option<&Path>, context: &Context<'_, '_>) -> Result<Answers, Failure> {
    let Some(given) = given else { return Ok(Answers::default()) };
    let name = given.display().to_string();
    match File::open(context.around.path(given)) {
        Ok(file) => Answers::read(&name, file).map_err(|fault| {
            let hint = fault.hint();
            Failure::new(Exit::No, fault.to_string()).hint(hint)
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Answers::default()),
        Err(error) => Err(Failure::new(Exit::CouldNot, format!("{name} cannot be read: {error}"))),
    }
}

/// Writes what was answered and what is asked; where nothing is, no file is made.
pub(super) fn write(
    given: Option<&Path>,
    answers: &Answers,
    account: &Account,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let Some(given) = given else { return Ok(()) };
    let path = context.around.path(given);
    if account.questions.is_empty() && !path.exists() {
        return Ok(());
    }
    let could_not = |error| Failure::new(Exit::CouldNot, format!("{} cannot be written: {error}", given.display()));
    let mut text = Vec::new();
    answers.write(&account.questions, &mut text).map_err(could_not)?;
    // Answers are somebody's work: the file is replaced whole, or stays as it is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(could_not)?;
    std::io::Write::write_all(&mut BufWriter::new(&mut file), &text).map_err(could_not)?;
    file.persist(&path).map_err(|error| could_not(error.error))?;
    if !account.questions.is_empty() {
        let (count, name) = (account.questions.len(), given.display());
        context.complain(&format!(
            "{count} to be confirmed in {name}: write the id of a party, or `new`, into the column `is`, and run this again\n"
        ));
    }
    Ok(())
}
