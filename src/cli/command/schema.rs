//! `servanda schema`

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::answers::Published;
use crate::cli::failure::Exit;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::exchange::schema;
use crate::ledger::admission::finding::nearest;

/// Print the JSON Schema of announcement files, or of an answer
///
/// Editors complete and check announcement files with the one; programs that read answers in JSON rely on the others. Fields are only ever added to an answer.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda schema > announcement-file.schema.json
  servanda schema --line                            of one line of NDJSON
  servanda schema members                           of what `members --json` answers
  servanda schema --list                            the names of all")]
pub(in crate::cli) struct Schema {
    /// Name of the form, as it stands in an answer's `schema`, or its middle part
    #[arg(value_parser = form, default_value = "announcement-file")]
    name: &'static Published,
    /// Of one announcement, as in a line of NDJSON
    #[arg(long, conflicts_with_all = ["name", "list"])]
    line: bool,
    /// List the names
    #[arg(long, conflicts_with = "name")]
    list: bool,
}

impl Schema {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.list {
            context.answer(&Schemas::all())?;
            return Ok(Exit::Done);
        }
        let schema = if self.line { schema::announcement() } else { self.name.schema() };
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        context.print(&(text + "\n"))?;
        Ok(Exit::Done)
    }
}

fn form(text: &str) -> Result<&'static Published, String> {
    Published::find(text).ok_or_else(|| {
        let names = Published::all().flat_map(|form| [form.short_name(), form.name]);
        match nearest(text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`servanda schema --list` names those that there are".to_owned(),
        }
    })
}

/// The answer: `servanda/schemas/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Schemas {
    /// Name and version of this form.
    schema: &'static str,
    /// The forms that have a schema.
    schemas: Vec<Named>,
}

/// One form.
#[derive(Debug, Serialize, JsonSchema)]
struct Named {
    /// Its name and version.
    name: &'static str,
    /// What it tells, in a sentence.
    what: &'static str,
}

impl Schemas {
    fn all() -> Self {
        let schemas = Published::all().map(|form| Named { name: form.name, what: form.what }).collect();
        Self { schema: "servanda/schemas/v1", schemas }
    }
}

impl Answer for Schemas {
    const ITEMS: &'static str = "schemas";

    fn table(&self, screen: Screen) -> String {
        screen.table(&Sheet { header: vec!["NAME", "WHAT"], ..self.sheet() }, "no forms")
    }

    fn sheet(&self) -> Sheet {
        let row = |form: &Named| (Tone::Plain, vec![form.name.to_owned(), form.what.to_owned()]);
        Sheet { header: vec!["name", "what"], rows: self.schemas.iter().map(row).collect() }
    }
}
