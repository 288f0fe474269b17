//! `servanda verify`

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::command::checkpoint::{checker, kept, policy_of, text_of, vkey};
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Head;
use crate::integrity::checkpoint::{CheckpointError, Verified};
use crate::integrity::note::NoteError;
use crate::integrity::{EventHash, Vkey};
use crate::ledger::Log;
use crate::ledger::folder::log_id::LogId;
use crate::ledger::log::checkpoints::{self, Checkpoints};
use crate::ledger::log::memory::Met;
use crate::ledger::log::older::Older;
use crate::ledger::publish::tiles;
use crate::ledger::state::authority::Authority;
use crate::ledger::verify::{Ahead, Fault, Layer, LayerReport, Outside, Report, Verdict, renew_facts, verify_telling};
use crate::query::keys::{KeyRisk, keys};

/// Check that nothing was altered, removed or slipped in
///
/// Every event is read from disk and hashed again. Each layer has a verdict of its own; all faults are told, not only the first. What cannot be looked at, for want of a permission or of the program openssl, is not checked, and the exit code is then 3, unless something else does not hold. So it is with what is remembered behind the end of a ledger that was restored as it was earlier.
///
/// With --since only what is new since a checkpoint is verified, with all that it names, and that the log goes on from there: for each night, where the whole is verified once a week. Older events and documents are not read again, so that what rots there is found by the whole alone. Where the log does not go on from the checkpoint, all of it is verified.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda verify
  servanda verify --quiet --since ilrs.checkpoint
  servanda verify --against ilrs.checkpoint --vkey @public/log.vkey
  servanda verify --export public --vkey @public/log.vkey")]
pub(in crate::cli) struct Verify {
    /// The hash that the first event must have
    #[arg(long, value_name = "HASH")]
    genesis: Option<EventHash>,
    /// A checkpoint that was kept elsewhere: the log must go on from it
    #[arg(long, value_name = "FILE", requires = "vkey")]
    against: Vec<PathBuf>,
    /// Only what is new since this checkpoint, and that the log goes on from it: a file, or the number of events of one that the ledger keeps
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "export", value_parser = NonEmptyStringValueParser::new())]
    since: Option<String>,
    /// The log's key as it was had from elsewhere, with which the checkpoints must be signed; @FILE reads it from a file
    #[arg(long, value_name = "KEY")]
    vkey: Option<String>,
    /// Which witnesses must have seen the log, as C2SP tlog-policy writes it; its logs are not looked at
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The certificates of timestamping authorities that are trusted, in PEM; `openssl ts` checks with them
    #[arg(long, value_name = "FILE")]
    tsa_ca: Option<PathBuf>,
    /// Certificates between those and the one that signed, in PEM
    #[arg(long, value_name = "FILE", requires = "tsa_ca")]
    tsa_untrusted: Option<PathBuf>,
    /// Verify a folder that `export tiles` published, instead of a ledger
    #[arg(long, value_name = "FOLDER", requires = "vkey")]
    export: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        context.say_if_forgetful();
        let log_key = self.vkey.as_ref().map(|text| vkey(text, context)).transpose()?;
        let checkpoints = self.checkpoints(log_key.as_ref(), context)?;
        let timestamps = self.tsa_ca.as_deref().map(|file| checker(file, self.tsa_untrusted.as_deref(), context));
        let timestamps = timestamps.transpose()?;
        let policy = self.policy.as_deref().map(|file| policy_of(file, context)).transpose()?;
        let now = Some(context.around.now);
        let mut outside =
            Outside { genesis: self.genesis, log_key, checkpoints, policy, timestamps, now, ..Outside::default() };
        let mut at_risk = Vec::new();
        let report = if let Some((folder, key)) = self.export.as_ref().zip(outside.log_key.clone()) {
            let folder = context.around.path(folder);
            let (log, checkpoint) = tiles::open(&folder, &key)?;
            outside.checkpoints.push(("checkpoint".to_owned(), checkpoint));
            outside.remembered = remembered(&log, log.id().ok(), context)?;
            let report = context.meter("verify").run(|progress| verify_telling(&log, &outside, progress));
            remember_seen(&log, &report, context);
            let report = tiles::with_tiles(report, &log, &key, &folder);
            // Of a log that does not hold, enough is told already.
            match log.naming() {
                Ok(snapshot) => tiles::with_beside(report, &folder, &keys(&snapshot).published()),
                Err(_) => report,
            }
        } else {
            let log = context.read_log_afresh("verify")?;
            let (folder, memory) = (context.ledger(), context.memory());
            outside.held = memory.held(&folder)?;
            if let (None, Ok(id)) = (&outside.held, log.id())
                && let Met::New { namesake } = memory.meet(&folder, &id)?
            {
                context.warn_of(&id.origin, namesake);
            }
            // What was signed of the log that was here is held against whatever is here now.
            outside.remembered = remembered(&log, outside.held.clone().or_else(|| log.id().ok()), context)?;
            outside.since = self.since(&log, outside.log_key.as_ref(), context)?;
            let mut report = context.meter("verify").run(|progress| verify_telling(&log, &outside, progress));
            remember_seen(&log, &report, context);
            if report.since.is_none() {
                renew_facts(&log, &mut report);
            }
            let keys = log.naming().map(|snapshot| Authority::of(&snapshot.events));
            at_risk = keys.map_or_else(|_| Vec::new(), |keys| context.key_risks(&keys));
            report
        };
        VerifyAnswer { at_risk, ..VerifyAnswer::of(&report) }.tell(context)?;
        Ok(exit_of(&report))
    }

    /// The checkpoint since which the log is verified, signed with a key of the log or with the one that was given; of a log whose
    /// keys are not known, all is verified.
    fn since(
        &self,
        log: &Log,
        key: Option<&Vkey>,
        context: &Context<'_, '_>,
    ) -> Result<Option<(String, Verified)>, Failure> {
        let Some(since) = &self.since else { return Ok(None) };
        let Ok(snapshot) = log.naming() else { return Ok(None) };
        let keys = Authority::of(&snapshot.events);
        if let Ok(size) = since.parse() {
            return Ok(Some((format!("checkpoints/{size}"), kept(log, &keys, Some(size))?)));
        }
        let file = Path::new(since);
        let text = text_of(file, context).map_err(|failure| no_checkpoint(file, failure))?;
        let open = |key: &Vkey| Verified::open(text.as_bytes(), key);
        let opened = match key {
            Some(key) => open(key),
            None => {
                keys.log_keys().map(open).reduce(Result::or).unwrap_or(Err(CheckpointError::Form("nobody signed it")))
            }
        };
        Ok(Some((since.clone(), opened.map_err(|error| not_opened(file, &error))?)))
    }

    /// The checkpoints that were given, of which the signatures must hold before anything is compared.
    fn checkpoints(&self, key: Option<&Vkey>, context: &Context<'_, '_>) -> Result<Vec<(String, Verified)>, Failure> {
        let Some(key) = key else { return Ok(Vec::new()) };
        let open = |file: &PathBuf| {
            let name = file.display().to_string();
            let text = checkpoints::read(&context.around.path(file))?;
            let text = text.ok_or_else(|| Failure::new(Exit::CouldNot, format!("there is no file {name}")))?;
            let checkpoint = Verified::open(text.as_bytes(), key);
            let refused = |error| Failure::new(Exit::No, format!("{name}: {error}")).hint("give another copy of it");
            Ok((name.clone(), checkpoint.map_err(refused)?))
        };
        self.against.iter().map(open).collect()
    }
}

/// What to do where a log cannot be verified since a checkpoint.
const WHOLE: &str = "`servanda verify` without --since reads all of it, and `servanda checkpoint --output FILE` keeps a checkpoint again";

/// A file that cannot be had says nothing against the log.
fn no_checkpoint(file: &Path, failure: Failure) -> Failure {
    let name = file.display();
    Failure { exit: Exit::CouldNot, ..failure }.hint(format!("nothing was verified, for want of {name}: {WHOLE}"))
}

/// A file that is no checkpoint says nothing against the log; one that another key signed may.
fn not_opened(file: &Path, error: &CheckpointError) -> Failure {
    let name = file.display();
    let exit = match error {
        CheckpointError::Note(NoteError::Form(_) | NoteError::Line(_)) | CheckpointError::Form(_) => Exit::CouldNot,
        CheckpointError::Note(NoteError::Unsigned { .. } | NoteError::Forged { .. })
        | CheckpointError::EmptyRoot { .. }
        | CheckpointError::Origin { .. } => Exit::No,
    };
    Failure::new(exit, format!("{name}: {error}")).hint(format!("nothing was verified, for want of {name}: {WHOLE}"))
}

/// Remembers where a log ends that holds, and the newest checkpoint of it that does, whoever signed that.
fn remember_seen(log: &Log, report: &Report, context: &mut Context<'_, '_>) {
    let holds = [Layer::Bytes, Layer::Chain, Layer::Signatures, Layer::Checkpoints];
    let is_whole = report.layers.iter().all(|layer| !holds.contains(&layer.layer) || layer.faults.is_empty());
    let (true, Ok(id)) = (is_whole, log.id()) else { return };
    context.remember_head(&id, Head { len: log.len(), hash: report.head });
    if let Some(newest) = &report.newest {
        context.remember_seen(&id, newest);
    }
}

/// The exit code of a report: what could not be looked at is not told as something that does not hold.
pub(super) fn exit_of(report: &Report) -> Exit {
    match (report.failed(), report.passed()) {
        (true, _) => Exit::No,
        (false, true) => Exit::Done,
        (false, false) => Exit::CouldNot,
    }
}

/// The checkpoints that are remembered of a log; where it is not known which that is, none.
fn remembered(log: &Log, id: Option<LogId>, context: &Context<'_, '_>) -> Result<Checkpoints, Failure> {
    let memory = context.memory();
    let Some(id) = id else { return Ok(Checkpoints::default()) };
    // Of a log that does not hold, the keys are not known, and enough is told already; and what this log's key signed is of
    // this log, whichever was here before.
    if log.id().as_ref() == Ok(&id)
        && memory.has_nameless(&id.origin)
        && let Ok(snapshot) = log.naming()
    {
        memory.adopt(&id, &Authority::of(&snapshot.events))?;
    }
    Ok(memory.checkpoints(&id))
}

/// The answer: `servanda/verify/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct VerifyAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// Whether everything that was to be checked was, and holds.
    passed: bool,
    /// How many of the first events were not read again, if the log was verified since a checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// Events that were read from disk and hashed again.
    events: u64,
    /// Their bytes.
    bytes: u64,
    /// Hash of the newest event, recomputed.
    head: EventHash,
    /// The first event that is bad.
    first_bad: Option<u64>,
    /// What was recorded later than the clock says, if anything was: one of both clocks is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<AheadAnswer>,
    /// How much older it is than what was known when it was restored so, if it is: nothing can be appended to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<OlderAnswer>,
    /// Each layer, checked on its own.
    layers: Vec<LayerAnswer>,
    /// Keys whose loss could not be made good, as far as this account knows: no fault of the log.
    at_risk: Vec<KeyRisk>,
}

/// Events that were recorded later than it is.
#[derive(Debug, Serialize, JsonSchema)]
struct AheadAnswer {
    /// The first of them; all that follow are too.
    from: u64,
    /// When the newest was recorded.
    latest: Timestamp,
    /// What the clock says.
    now: Timestamp,
}

/// A ledger that was restored as it was earlier.
#[derive(Debug, Serialize, JsonSchema)]
struct OlderAnswer {
    /// Events that were known when it was restored.
    known: u64,
}

/// What came of one layer.
#[derive(Debug, Serialize, JsonSchema)]
struct LayerAnswer {
    /// Which.
    layer: Layer,
    /// Whether it holds.
    #[schemars(extend("enum" = ["pass", "fail", "not checked"]))]
    verdict: &'static str,
    /// Why it was not checked, or could not be.
    why: Option<String>,
    /// Whether it was to be checked, and could not be.
    #[serde(skip)]
    could_not: bool,
    /// How many things were checked, in words.
    covered: String,
    /// What does not hold, in the order of the events.
    faults: Vec<FaultAnswer>,
}

/// What does not hold.
#[derive(Debug, Serialize, JsonSchema)]
struct FaultAnswer {
    /// The event.
    event: u64,
    /// What is wrong with it.
    what: String,
}

impl VerifyAnswer {
    pub(super) fn of(report: &Report) -> Self {
        let layer = |layer: &LayerReport| {
            let (verdict, why) = match &layer.verdict {
                Verdict::Pass => ("pass", None),
                Verdict::Fail => ("fail", None),
                Verdict::NotChecked(why) => ("not checked", Some(why.to_string())),
                Verdict::CouldNot(why) => ("not checked", Some(why.clone())),
            };
            let fault = |fault: &Fault| FaultAnswer { event: fault.seq, what: fault.what.clone() };
            let faults = layer.faults.iter().map(fault).collect();
            let could_not = matches!(layer.verdict, Verdict::CouldNot(_));
            LayerAnswer { layer: layer.layer, verdict, why, could_not, covered: layer.covered.clone(), faults }
        };
        Self {
            schema: "servanda/verify/v1",
            passed: report.passed(),
            since: report.since,
            events: report.events,
            bytes: report.bytes,
            head: report.head,
            first_bad: report.first_bad(),
            ahead: report.ahead.map(|Ahead { from, latest, now }| AheadAnswer { from, latest, now }),
            older: report.older.map(|Older { known, .. }| OlderAnswer { known }),
            layers: report.layers.iter().map(layer).collect(),
            at_risk: Vec::new(),
        }
    }

    /// Prints it. To whoever wants to hear only what is wrong, and asked for no other form, it tells that where errors go, and nothing
    /// if nothing is.
    pub(super) fn tell(&self, context: &mut Context<'_, '_>) -> Result<(), Failure> {
        if !context.is_silent() {
            return context.answer(self);
        }
        let faulty: Vec<&LayerAnswer> =
            self.layers.iter().filter(|layer| layer.verdict == "fail" || layer.could_not).collect();
        let screen = context.error_screen();
        let mut text = layers(faulty, screen) + &self.beside();
        if let Some(seq) = self.first_bad {
            text += &format!("the first bad event is {seq}\n");
        }
        context.complain(text.trim_start_matches('\n'));
        Ok(())
    }

    /// What was read again, and what was not.
    fn read(&self) -> String {
        let Self { events, bytes, .. } = self;
        match self.since {
            None => format!("{events} events and {bytes} bytes, all there are"),
            Some(since) => format!(
                "{events} events and {bytes} bytes since the checkpoint of {since} events, from which the log goes on\n\
                 not read again: the bytes and signatures of the first {since} events, the documents and quotes that only they name, older checkpoints and timestamps, and facts; `servanda verify` reads all of it"
            ),
        }
    }

    /// What is worth knowing beside the layers.
    fn beside(&self) -> String {
        let mut text = String::new();
        if let Some(AheadAnswer { from, latest, now }) = &self.ahead {
            text += &format!(
                "\nThe events from {from} on were recorded later than it is: the newest at {latest}, and the clock says {now}.\nOne of both clocks is wrong. `servanda clock show` tells more.\n"
            );
        }
        if let Some(OlderAnswer { known }) = &self.older {
            text += &format!(
                "\nIt was restored as it was earlier: {known} events were known then. It is only read, and nothing is appended to it.\n"
            );
        }
        text
    }
}

/// What came of layers, each with what does not hold of it.
fn layers<'l>(layers: impl IntoIterator<Item = &'l LayerAnswer>, screen: Screen) -> String {
    const MOST: usize = 20;
    let mut text = String::new();
    for layer in layers {
        let tone = match layer.verdict {
            "pass" => Tone::Good,
            "fail" => Tone::Bad,
            _ => Tone::Quiet,
        };
        let said = layer.why.as_ref().unwrap_or(&layer.covered);
        let verdict = screen.toned(tone, &format!("{:<11}", layer.verdict));
        let said = screen.beside(26, said);
        text += &format!("{:<12} {verdict}  {said}\n", layer.layer.as_str());
        for fault in layer.faults.iter().take(MOST) {
            let said = format!("event {}: {}", fault.event, shown(&fault.what));
            text += &format!("             {}\n", screen.beside(13, &said));
        }
        if layer.faults.len() > MOST {
            text += &format!("             … and {} more\n", layer.faults.len() - MOST);
        }
    }
    text
}

impl Answer for VerifyAnswer {
    const ITEMS: &'static str = "layers";

    fn table(&self, screen: Screen) -> String {
        let mut text = layers(&self.layers, screen) + &self.beside();
        let risks = self.at_risk.iter().map(|risk| format!("note: {}\n", screen.beside(6, &risk.what)));
        let risks: String = risks.collect();
        if !risks.is_empty() {
            text += &format!("\n{risks}      `servanda key show` tells what to do\n");
        }
        text += &match self.first_bad {
            Some(seq) => format!("\nthe first bad event is {seq}\n"),
            None => format!("\n{}\nhead {}\n", self.read(), self.head),
        };
        text
    }

    fn sheet(&self) -> Sheet {
        let row = |layer: &LayerAnswer| {
            let verdict = layer.verdict.to_owned();
            let said = layer.why.as_ref().unwrap_or(&layer.covered).clone();
            (Tone::Plain, vec![layer.layer.to_string(), verdict, said, layer.faults.len().to_string()])
        };
        Sheet { header: vec!["layer", "verdict", "covered", "faults"], rows: self.layers.iter().map(row).collect() }
    }
}
