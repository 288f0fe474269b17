//! `servanda append`

mod already;
mod files;

use crate::cli::locate::shell_word;
use crate::event::Snapshot;
use crate::ledger::write::append::Preview;
use crate::query::review::await_from;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::administer::ClockSaid;
use crate::cli::command::init::{Fresh, KEEP_GENESIS, LedgerNames};
use crate::cli::diagnostic::{Level, Problem, render};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Format, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::text::shown;
use crate::event::Recorded;
use crate::exchange::announcement_file::{AnnouncementFile, FileProblem};
use crate::integrity::EventHash;
use crate::ledger::{AppendError, Appended, Batch, Code, Finding, Folder, KeyFile, Ledger, Options, Signer};
use crate::query::consequences::{Consequence, consequences};

use already::{Already, SHOWN_STRUCK};
use files::Given;

/// Append the announcements of files
///
/// Checks all of them first. Each file is one batch: all its announcements become events, or none. What is in the ledger already is not appended again. Nothing is ever deleted: undo is a retraction (`servanda retract EVENT`), and `servanda correct EVENT` puts right what was wrong.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(before_help = "\
Examples:
  servanda append october-2023.yaml
  servanda append --init --ledger other.servanda announcements/
  servanda append --dry-run new.yaml         check everything, write nothing
  servanda append - < new.yaml               from standard input")]
pub(in crate::cli) struct Append {
    /// Announcement files in YAML, TOML, JSON or NDJSON; a folder means those in it, without hidden ones and subfolders; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Found the ledger if there is none
    #[arg(long)]
    init: bool,
    #[command(flatten)]
    names: LedgerNames,
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Refuse what certainly cannot follow the history, instead of warning
    #[arg(long)]
    strict: bool,
    /// Append only if the newest event has this hash
    #[arg(long, value_name = "HASH")]
    expect_head: Option<EventHash>,
    #[command(flatten)]
    clock: ClockSaid,
    /// List every event that was appended
    #[arg(short, long)]
    verbose: bool,
}

/// The most answers that a dry run lists for people.
const SHOWN_CHANGES: usize = 40;

/// A ledger to append to: one that is there, or one that comes with its first events.
enum Target {
    There(Box<Ledger>),
    New(Box<Fresh>),
}

impl Target {
    fn ledger(&mut self) -> &mut Ledger {
        match self {
            Self::There(ledger) => ledger,
            Self::New(fresh) => &mut fresh.founded.ledger,
        }
    }

    fn into_ledger(self) -> Ledger {
        match self {
            Self::There(ledger) => *ledger,
            Self::New(fresh) => fresh.founded.ledger,
        }
    }
}

impl Append {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Given { files, unreadable } = files::read(&self.files, context)?;
        self.append(files, &unreadable, context)
    }

    /// Appends what a command wrote itself.
    pub(super) fn of_command(key: Option<PathBuf>, clock: ClockSaid, dry_run: bool) -> Self {
        Self {
            files: Vec::new(),
            init: false,
            names: LedgerNames::of_key(key),
            dry_run,
            strict: false,
            expect_head: None,
            clock,
            verbose: false,
        }
    }

    /// Appends files that were read, unless others could not be.
    pub(super) fn append(
        self,
        mut files: Vec<AnnouncementFile>,
        unreadable: &[Failure],
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        for file in &mut files {
            file.batch.bring_salts(|| (context.around.entropy)())?;
        }
        let folder = context.ledger();
        let (mut target, key) = self.open(&folder, context)?;
        let broken = !unreadable.is_empty() || files.iter().any(|file| !file.problems.is_empty());
        let options = Options { expect_head: self.expect_head, strict: self.strict, dry_run: self.dry_run || broken };
        let batches = share_described(&mut files);
        let (signer, clock): (&dyn Signer, _) = (&key, self.clock.clock(context));
        let appended = context
            .meter("append")
            .run(|progress| target.ledger().append_telling(&batches, options, signer, clock, progress));
        let mut appended = match appended {
            Ok(appended) if !broken => appended,
            Ok(_) => return self.refused(&files, &[], unreadable, context),
            Err(AppendError::NotAdmissible { findings }) => {
                return self.refused(&files, &findings, unreadable, context);
            }
            Err(error) => return Err(error.into()),
        };
        let warnings: Vec<Vec<Finding>> = appended.batches.iter().map(|outcome| outcome.warnings.clone()).collect();
        complain(&files, &warnings, false, context);
        let mut exit = Exit::Done;
        let mut report = match (appended.preview.take(), target) {
            (Some(preview), target) => would_be(&files, &appended, preview, target, context)?,
            (None, Target::New(fresh)) => {
                let snapshot = fresh.founded.ledger.snapshot();
                let report = Report { founded: snapshot.heads.at(1), ..Report::of(&files, &appended, snapshot) };
                Report { to_copy: fresh.settle(context)?.1, ..report }
            }
            (None, Target::There(ledger)) => {
                let report = Report::of(&files, &appended, ledger.snapshot());
                exit = context.sign_if_due(&ledger, &folder, self.names.log_key.as_ref());
                context.close(*ledger);
                report
            }
        };
        report.path = context.shown_path(&folder);
        report.verbose = self.verbose;
        tell(&report, context)?;
        Ok(exit)
    }

    fn open(&self, folder: &Folder, context: &mut Context<'_, '_>) -> Result<(Target, KeyFile), Failure> {
        if self.init && !folder.is_ledger() {
            let (fresh, key) = self.names.found(folder, !self.dry_run, context)?;
            return Ok((Target::New(Box::new(fresh)), key));
        }
        let ledger = context.open_to_write("append", folder)?;
        let key = KeyFile::read(&context.key_path(self.names.key.as_ref())?)?;
        Ok((Target::There(Box::new(ledger)), key))
    }

    /// Prints every problem, and that nothing was appended.
    fn refused(
        &self,
        files: &[AnnouncementFile],
        findings: &[Vec<Finding>],
        unreadable: &[Failure],
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        let findings = without_consequences(files, findings, unreadable);
        let problems = complain(files, &findings, self.strict, context) + unreadable.len();
        for failure in unreadable {
            context.complain(&failure.text());
        }
        context.complain(&format!("{}; nothing was appended\n", counted(problems, "problem", "problems")));
        Err(Failure::said(if unreadable.is_empty() { Exit::No } else { Exit::CouldNot }))
    }
}

/// What was found, but for names that may be described in a file of which nothing could be read.
fn without_consequences(
    files: &[AnnouncementFile],
    findings: &[Vec<Finding>],
    unreadable: &[Failure],
) -> Vec<Vec<Finding>> {
    let unread = files.iter().position(|file| file.is_unread).unwrap_or(files.len());
    let known = if unreadable.is_empty() { unread } else { 0 };
    let is_told = |place: usize, finding: &Finding| place < known || finding.code != Code::UnknownReference;
    let told = findings.iter().enumerate();
    told.map(|(place, found)| found.iter().filter(|finding| is_told(place, finding)).cloned().collect()).collect()
}

/// Prints what was appended, and to whom a ledger is new also what to keep and to try.
fn tell(report: &Report, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    context.answer(report)?;
    let is_for_people = context.format() == Format::Table;
    if let Some(genesis) = report.founded.filter(|_| !report.dry_run && is_for_people) {
        let path = &report.path;
        context.say(&format!(
            "\nfounded {path}: genesis {genesis}\n{KEEP_GENESIS}{}{}",
            report.to_copy,
            suggestions(report, path)
        ));
    }
    Ok(())
}

impl Answer for Report {
    const ITEMS: &'static str = "files";

    fn table(&self, screen: Screen) -> String {
        let (mut text, mut told) = (String::new(), 0);
        for file in &self.files {
            let name = shown(&file.file).into_owned();
            let what = match (file.appended.as_slice(), file.already.len()) {
                ([], already) => format!("already there ({})", counted(already, "announcement", "announcements")),
                ([one], _) => format!("event {}", one.event),
                ([first, .., last], _) => format!("events {}–{}", first.event, last.event),
            };
            text += &format!("{name}: {what}\n");
            for event in file.appended.iter().filter(|_| self.verbose) {
                text += &format!("  {} {}\n", event.event, event.id);
            }
            let is_told = |already: &&Already| {
                told += usize::from(already.is_struck());
                let is_struck = already.is_struck() && told <= SHOWN_STRUCK;
                self.verbose || !file.appended.is_empty() || is_struck
            };
            text.extend(file.already.iter().filter(is_told).map(Already::told));
        }
        if told > SHOWN_STRUCK && !self.verbose {
            text += &format!("… {told} in all were corrected or retracted since; --verbose lists them\n");
        }
        let total: usize = self.files.iter().map(|file| file.appended.len()).sum();
        let events = counted(total, "event", "events");
        text += &if self.dry_run {
            let changes = changed_answers(self.changes.as_deref().unwrap_or_default(), screen);
            format!("would append {events} to {}\n{changes}", self.path)
        } else {
            let head = format!("{:.16}", self.head.to_string());
            format!("appended {events} to {}; it holds {}, head {head}\n", self.path, self.len)
        };
        match self.awaiting.len() {
            0 => text,
            1 => text + "1 of them counts when reviewers have confirmed it\n",
            number => text + &format!("{number} of them count when reviewers have confirmed them\n"),
        }
    }

    fn sheet(&self) -> Sheet {
        let rows = self.files.iter().flat_map(|file| {
            let new = file
                .appended
                .iter()
                .map(|event| vec![file.file.clone(), event.event.to_string(), event.id.clone(), "appended".to_owned()]);
            let there = file.already.iter().map(|already| {
                let outcome = if already.is_struck() { "already, and struck since" } else { "already" };
                vec![file.file.clone(), already.event.to_string(), String::new(), outcome.to_owned()]
            });
            new.chain(there).map(|cells| (Tone::Plain, cells))
        });
        Sheet { header: vec!["file", "event", "id", "outcome"], rows: rows.collect() }
    }
}

/// The answers that a dry run would change, and how many more there are.
fn changed_answers(changes: &[Consequence], screen: Screen) -> String {
    if changes.is_empty() {
        return "no answer about who is what to an agreement, for a day up to today, would change\n".to_owned();
    }
    let day = |day: Day| Date::of_day(day).in_words();
    let row = |change: &Consequence| {
        let days = match (change.from, change.to) {
            (Some(from), Some(to)) if from == to => day(from),
            (Some(from), Some(to)) => format!("{} to {}", day(from), day(to)),
            (Some(from), None) => format!("{} and later", day(from)),
            (None, Some(to)) => format!("{} and before", day(to)),
            (None, None) => "all days".to_owned(),
        };
        let what = format!("{} → {}", change.before.in_words(), change.after.in_words());
        (Tone::Plain, vec![change.agreement.clone(), change.party.clone(), what, days])
    };
    let shown = &changes[..changes.len().min(SHOWN_CHANGES)];
    let sheet = Sheet { header: vec!["AGREEMENT", "PARTY", "ANSWER", "FOR"], rows: shown.iter().map(row).collect() };
    let more = changes.len() - shown.len();
    let more = if more > 0 { format!("… and {more} more; --json has all\n") } else { String::new() };
    let answers = counted(changes.len(), "answer", "answers");
    format!("{answers} about days up to today would change:\n\n{}{more}", screen.table(&sheet, ""))
}

/// The next commands to try.
fn suggestions(report: &Report, path: &str) -> String {
    let path = shell_word(path);
    let mut text = "\nTry:\n".to_owned();
    if let Some(agreement) = &report.agreement {
        text += &format!("  servanda --ledger {path} members {agreement}\n");
        text += &format!("  servanda --ledger {path} history {agreement}\n");
    }
    text + &format!("  servanda --ledger {path} verify\n")
}

/// The report on a dry run.
fn would_be(
    files: &[AnnouncementFile],
    appended: &Appended,
    preview: Preview,
    target: Target,
    context: &Context<'_, '_>,
) -> Result<Report, Failure> {
    let (is_new, first_new) = (matches!(target, Target::New(_)), preview.first_new);
    let snapshot = target.into_ledger().into_snapshot_with(preview);
    let there = usize::try_from(first_new).expect("events are in memory");
    Ok(Report {
        dry_run: true,
        changes: Some(consequences(&snapshot, first_new, context.around.today().day)?),
        founded: if is_new { snapshot.heads.at(1) } else { None },
        agreement: busiest(&snapshot.events[..there]),
        ..Report::of(files, appended, &snapshot)
    })
}

/// Takes the batches out of the files. What a broken file would have described counts as described in all of them.
fn share_described(files: &mut [AnnouncementFile]) -> Vec<Batch> {
    let also: BTreeSet<_> = files.iter().flat_map(|file| file.batch.also_described.iter().cloned()).collect();
    let mut batches: Vec<Batch> = files.iter_mut().map(|file| std::mem::take(&mut file.batch)).collect();
    for batch in &mut batches {
        batch.also_described.clone_from(&also);
    }
    batches
}

/// Prints what is wrong with each file, and returns how many problems refuse it.
fn complain(
    files: &[AnnouncementFile],
    findings: &[Vec<Finding>],
    strict: bool,
    context: &mut Context<'_, '_>,
) -> usize {
    const MOST: usize = 50;
    let refuses = |code: Code| code.refuses() || (strict && code == Code::Irregular);
    let screen = context.error_screen();
    let mut refusing = 0;
    let mut told = 0;
    for (index, file) in files.iter().enumerate() {
        let mut problems = file.problems.clone();
        problems.extend(findings.get(index).into_iter().flatten().map(|finding| file.place(finding)));
        problems.sort_by_key(|problem| (problem.span.start, problem.code.as_str(), problem.message.clone()));
        // What stands at the top of a file is wrong once, not once for each announcement.
        problems.dedup();
        refusing += problems.iter().filter(|problem| refuses(problem.code)).count() + file.more;
        let room = MOST.saturating_sub(told);
        told += problems.len() + file.more;
        let problems: Vec<Problem> =
            problems.into_iter().take(room).map(|problem| shown_problem(problem, refuses)).collect();
        if !problems.is_empty() {
            let text = render(&file.source, &problems, screen.width.unwrap_or(100), screen.colour);
            context.complain(&(text + "\n"));
        }
    }
    if told > MOST {
        context.complain(&format!("… and {} more\n", told - MOST));
    }
    refusing
}

pub(super) fn shown_problem(problem: FileProblem, refuses: impl Fn(Code) -> bool) -> Problem {
    Problem {
        level: if refuses(problem.code) { Level::Error } else { Level::Warning },
        code: problem.code.to_string(),
        title: problem.message,
        label: None,
        span: problem.span,
        hint: problem.hint,
    }
}

/// What was appended: `servanda/appended/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Report {
    /// Name and version of this form.
    schema: &'static str,
    /// Whether nothing was written, and this only tells what would be.
    dry_run: bool,
    /// Number of events in the ledger.
    len: u64,
    /// Hash of the newest of them.
    head: EventHash,
    /// What came of each file, in the order in which they were given.
    files: Vec<FileReport>,
    /// The hash of the genesis, if the ledger was founded with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    founded: Option<EventHash>,
    /// Those of the events that count only when reviewers have confirmed them.
    awaiting: Vec<u64>,
    /// Of a dry run, the answers for days up to today that would change; else null.
    changes: Option<Vec<Consequence>>,
    #[serde(skip)]
    agreement: Option<String>,
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    to_copy: String,
    #[serde(skip)]
    verbose: bool,
}

/// What came of one file.
#[derive(Debug, Serialize, JsonSchema)]
struct FileReport {
    /// The file, as it was named.
    file: String,
    /// The events that its announcements became.
    appended: Vec<AppendedEvent>,
    /// The announcements that the ledger had already.
    already: Vec<Already>,
}

/// An announcement that became an event.
#[derive(Debug, Serialize, JsonSchema)]
struct AppendedEvent {
    /// The event.
    event: u64,
    /// The announcement's id.
    id: String,
}

impl Report {
    /// The first of the events that are new, if there are any; else the one that comes next.
    fn first_new(&self) -> u64 {
        let new = self.files.iter().flat_map(|file| &file.appended);
        new.map(|event| event.event).min().unwrap_or(self.len)
    }

    fn of(files: &[AnnouncementFile], appended: &Appended, snapshot: &Snapshot) -> Self {
        let files = files.iter().zip(&appended.batches).map(|(file, outcome)| FileReport {
            file: file.source.name.clone(),
            appended: outcome
                .appended
                .iter()
                .map(|(event, id)| AppendedEvent { event: *event, id: id.clone() })
                .collect(),
            already: outcome
                .already
                .iter()
                .map(|(draft, event)| Already::of(file.line(*draft), *event, outcome.struck.get(event), snapshot))
                .collect(),
        });
        let mut report = Self {
            schema: "servanda/appended/v1",
            dry_run: false,
            len: appended.head.len,
            head: appended.head.hash,
            files: files.collect(),
            founded: None,
            awaiting: Vec::new(),
            changes: None,
            agreement: busiest(&snapshot.events),
            path: String::new(),
            to_copy: String::new(),
            verbose: false,
        };
        report.awaiting = await_from(snapshot, report.first_new());
        report
    }
}

/// The agreement that most joinings are to: what a newcomer would ask about.
fn busiest(events: &[Recorded]) -> Option<String> {
    let mut joinings: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        if let Body::Joining(joining) = &event.announcement.body {
            *joinings.entry(joining.agreement.as_str()).or_default() += 1;
        }
    }
    joinings.into_iter().max_by_key(|(_, count)| *count).map(|(agreement, _)| agreement.to_owned())
}
