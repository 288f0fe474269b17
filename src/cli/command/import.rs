//! `servanda import`

mod answer;
mod matches;
mod untc;

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::administer::ClockSaid;
use crate::cli::command::append::shown_problem;
use crate::cli::command::init::{KEEP_GENESIS, LedgerNames};
use crate::cli::diagnostic::render;
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::Format;
use crate::cli::{Context, Outcome};
use crate::exchange::place::SourceText;
use crate::exchange::table::import::{BATCH_LEN, Import as Importing, ImportFault, Watch};
use crate::exchange::table::layout::Layout;
use crate::exchange::table::rejects::{Reject, RejectsWriter};
use crate::exchange::table::{Account, Table, Target, manytreaties, map};
use crate::exchange::tree::MAX_TOML;
use crate::ledger::{Folder, KeyFile};

use untc::Untc;

pub(in crate::cli) use answer::ImportAnswer;

/// Import other people's tables, and give an account of every row
///
/// Every row becomes an event, or is a duplicate, or is rejected with a reason. What is there already is not appended again: an import that was stopped goes on when it is run again.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda import manytreaties --agreements agreements.csv --actions actions.csv.gz
  servanda import untc genocide.csv --agreement genocide-convention
  servanda import csv members.csv --map map.toml --rejects rejects.csv --matches parties.csv
  servanda import csv members.csv --map map.toml --init        found the ledger, too")]
pub(in crate::cli) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Manytreaties(Manytreaties),
    Csv(Csv),
    Untc(Untc),
}

/// Import the tables of manytreaties, manyenviron, manyhealth and manytrade
///
/// Agreements with their titles in one table, acts of parties in the other. A row of a data set is one stay, and members are those that its rows state.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda import manytreaties --agreements agreements.csv --actions actions.csv.gz
  servanda import manytreaties --agreements agreements.csv --actions actions.csv.gz --rejects rejects.csv")]
struct Manytreaties {
    /// The agreements: agreement_id, title, and if there are kind, signed_on, in_force_on, ended_on, alt_titles
    #[arg(long, value_name = "FILE")]
    agreements: PathBuf,
    /// The acts: agreement_id, party, party_name, action, date, source_ref
    #[arg(long, value_name = "FILE")]
    actions: PathBuf,
    #[command(flatten)]
    how: How,
}

/// Import any table, with a map of its columns
///
/// A row is what a party did, or any other announcement: something expected, given, counted, or a milestone. It can bring its source, with the document that it was taken from, and the phrase that says it. `servanda template map` prints a commented map to start from.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda import csv members.csv --map map.toml --rejects rejects.csv
  servanda import csv members.csv --map map.toml --dry-run --json")]
struct Csv {
    /// The table, plain or compressed with gzip; one announcement a row. Documents that rows name lie beside it or below
    file: PathBuf,
    /// What its columns mean, in TOML
    #[arg(long, value_name = "MAP")]
    map: PathBuf,
    #[command(flatten)]
    how: How,
}

/// How to import.
#[derive(Debug, Args)]
struct How {
    /// Write the rows that could not become events here, with line, code and reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Ask here about parties that only resemble one or may be several, and take the answers from here when it is run again
    #[arg(long, value_name = "FILE")]
    matches: Option<PathBuf>,
    /// Give the account, append nothing; without a ledger, as it would be in a new one
    #[arg(long)]
    dry_run: bool,
    /// Found the ledger if there is none
    #[arg(long)]
    init: bool,
    #[command(flatten)]
    names: LedgerNames,
    #[command(flatten)]
    clock: ClockSaid,
}

impl Import {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Manytreaties(Manytreaties { agreements, actions, how }) => {
                let layout = manytreaties::layout();
                let agreements = table(&agreements, &layout, context);
                let acts = table(&actions, &layout, context);
                let answers = matches::read(how.matches.as_deref(), context)?;
                let import = Importing {
                    layout: &layout,
                    agreements: Some(&agreements),
                    acts: &acts,
                    answers: &answers,
                    batch_len: BATCH_LEN,
                    folder: None,
                };
                imported(&[import], &how, context)
            }
            What::Csv(Csv { file, map, how }) => {
                let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
                let layout = read_map(&map, &name, context)?;
                let acts = table(&file, &layout, context);
                let answers = matches::read(how.matches.as_deref(), context)?;
                let path = context.around.path(&file);
                let import = Importing {
                    layout: &layout,
                    agreements: None,
                    acts: &acts,
                    answers: &answers,
                    batch_len: BATCH_LEN,
                    folder: path.parent(),
                };
                imported(&[import], &how, context)
            }
            What::Untc(untc) => untc.run(context),
        }
    }
}

fn table(given: &Path, layout: &Layout, context: &Context<'_, '_>) -> Table<'static> {
    let path = context.around.path(given);
    let open = move || -> std::io::Result<Box<dyn Read>> { Ok(Box::new(File::open(&path)?)) };
    Table { name: given.display().to_string(), delimiter: layout.delimiter, open: Box::new(open) }
}

/// Reads the map, and shows what is wrong with it where it stands.
fn read_map(given: &Path, table: &str, context: &mut Context<'_, '_>) -> Result<Layout, Failure> {
    let name = given.display().to_string();
    let could_not = |error: std::io::Error| Failure::new(Exit::CouldNot, format!("{name} cannot be read: {error}"));
    let mut text = String::new();
    let file = File::open(context.around.path(given)).map_err(could_not)?;
    file.take(MAX_TOML as u64 + 1).read_to_string(&mut text).map_err(could_not)?;
    map::read(&text, table).map_err(|problems| {
        let screen = context.error_screen();
        let problems: Vec<_> = problems.into_iter().map(|problem| shown_problem(problem, |_| true)).collect();
        let shown = render(&SourceText { name, text }, &problems, screen.width.unwrap_or(100), screen.colour);
        let count = counted(problems.len(), "problem", "problems");
        context.complain(&format!("{shown}\n{count}; nothing was imported\n"));
        Failure::said(Exit::No)
    })
}

/// Imports tables one behind the other, and gives one account of them.
fn imported(imports: &[Importing<'_>], how: &How, context: &mut Context<'_, '_>) -> Outcome {
    let mut rejects = open_rejects(how.rejects.as_deref(), imports, context)?;
    let folder = context.ledger();
    let is_new = !folder.is_ledger() && (how.init || how.dry_run);
    let (answer, exit) = if is_new {
        (found(imports, &folder, rejects.as_mut(), how, context)?, Exit::Done)
    } else if how.dry_run {
        let reading = context.read("import", None, &[])?;
        let heads = &reading.snapshot.heads;
        let head = heads.end();
        let account = account(imports, Target::Nowhere(&reading.snapshot.events), rejects.as_mut(), how, context)?;
        (ImportAnswer::of(&account, Some(head), how.dry_run), Exit::Done)
    } else {
        append(imports, &folder, rejects.as_mut(), how, context)?
    };
    if let Some(rejects) = rejects {
        rejects.finish()?;
    }
    context.answer(&answer)?;
    if let (Some(genesis), Format::Table) = (answer.founded, context.format()) {
        let path = context.shown_path(&folder);
        context.say(&format!("\nfounded {path}: genesis {genesis}\n{KEEP_GENESIS}{}", answer.to_copy));
    }
    if answer.stopped {
        let message = format!("stopped as asked, after a whole batch; {} rows are left", answer.left);
        return Err(Failure::new(Exit::CouldNot, message).hint("run the same command again: it goes on from there"));
    }
    Ok(exit)
}

fn append(
    imports: &[Importing<'_>],
    folder: &Folder,
    rejects: Option<&mut RejectsFile>,
    how: &How,
    context: &mut Context<'_, '_>,
) -> Result<(ImportAnswer, Exit), Failure> {
    let mut ledger = context.open_to_write("import", folder)?;
    let key = KeyFile::read(&context.key_path(how.names.key.as_ref())?)?;
    let target = Target::Ledger { ledger: &mut ledger, signer: &key, clock: how.clock.clock(context) };
    let account = account(imports, target, rejects, how, context)?;
    let exit = if account.events > 0 { context.sign(&ledger, how.names.log_key.as_ref()) } else { Exit::Done };
    let answer = ImportAnswer::of(&account, Some(ledger.head()), false);
    context.close(ledger);
    Ok((answer, exit))
}

/// Imports into a new ledger, which is in its place once all is imported, or not at all; of a dry run, nothing is left.
fn found(
    imports: &[Importing<'_>],
    folder: &Folder,
    rejects: Option<&mut RejectsFile>,
    how: &How,
    context: &mut Context<'_, '_>,
) -> Result<ImportAnswer, Failure> {
    let (mut fresh, key) = how.names.found(folder, !how.dry_run, context)?;
    let target = Target::Ledger { ledger: &mut fresh.founded.ledger, signer: &key, clock: how.clock.clock(context) };
    let account = account(imports, target, rejects, how, context)?;
    if how.dry_run {
        return Ok(ImportAnswer::of(&account, None, true));
    }
    let (head, genesis) = (fresh.founded.ledger.head(), fresh.founded.ledger.snapshot().heads.at(1));
    let (_, to_copy) = fresh.settle(context)?;
    let mut answer = ImportAnswer::of(&account, Some(head), false);
    (answer.founded, answer.to_copy) = (genesis, to_copy);
    Ok(answer)
}

/// Runs the import, with progress where somebody sees it.
fn account(
    imports: &[Importing<'_>],
    mut target: Target<'_>,
    mut rejects: Option<&mut RejectsFile>,
    how: &How,
    context: &mut Context<'_, '_>,
) -> Result<Account, Failure> {
    let stop = (context.around.watch_interrupt)()?;
    let account = context.meter("import").run(|progress| {
        let mut watch = Watch {
            stop: &*stop,
            progress,
            reject: &mut |reject: &Reject<'_>| match &mut rejects {
                Some(rejects) => rejects.write(reject),
                None => Ok(()),
            },
        };
        let mut account = Account::default();
        for import in imports {
            account = account.and(import.run(&mut target, &mut watch)?);
            if account.stopped {
                break;
            }
        }
        Ok::<Account, ImportFault>(account)
    })?;
    if let Some(first) = imports.first() {
        matches::write(how.matches.as_deref(), first.answers, &account, context)?;
    }
    Ok(account)
}

type RejectsFile = RejectsWriter<BufWriter<File>>;

fn open_rejects(
    given: Option<&Path>,
    imports: &[Importing<'_>],
    context: &Context<'_, '_>,
) -> Result<Option<RejectsFile>, Failure> {
    let mut columns = Vec::new();
    for import in imports {
        columns.extend(import.columns()?);
    }
    let Some(given) = given else { return Ok(None) };
    let path = context.around.path(given);
    let tables = imports.iter().flat_map(|import| import.agreements.into_iter().chain([import.acts]));
    let is_same = |table: &Table<'_>| same_file(&path, &context.around.path(Path::new(&table.name)));
    if tables.into_iter().any(is_same) {
        let message = format!("{} is one of the tables", given.display());
        return Err(Failure::new(Exit::Misuse, message).hint("name another file with --rejects"));
    }
    let file = File::create(&path)
        .map_err(|error| Failure::new(Exit::CouldNot, format!("{} cannot be written: {error}", given.display())))?;
    Ok(Some(RejectsWriter::new(BufWriter::new(file), columns)))
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
