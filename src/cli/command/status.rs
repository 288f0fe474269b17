//! `servanda status`

mod remedy;
mod remembered;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::arguments::word;
use crate::cli::failure::Exit;
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Format, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::id::Origin;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::integrity::{EventHash, Vkey};
use crate::ledger::Folder;
use crate::ledger::status::{Concern, Finding, Limits, Reached, Status as Standing, StoreSeen, status};

use remedy::{Remedy, Situation};

/// Tell how a ledger stands, and what there is to do
///
/// How many events there are, how old the newest checkpoint, signature of a witness, timestamp and backup are, how many keys can change keys, and whether a rollback or damage is known. It goes by what is kept, and answers at once; that everything holds, only `servanda verify` says. Nothing is written into the ledger. The exit code is 1 if there is anything to do.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda status
  servanda status --json
  servanda status --days 7 --accept single-admin")]
pub(in crate::cli) struct Status {
    /// Days that events may wait for a checkpoint, for a witness that saw others, and for a backup
    #[arg(long, value_name = "DAYS", default_value_t = 2)]
    days: u32,
    /// MiB that the disk should have free
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    room: u32,
    /// What is meant to be so, by its name in the answer: it is told, and nothing to do
    #[arg(long, value_name = "CONCERN", value_delimiter = ',', value_parser = concern)]
    accept: Vec<Concern>,
}

fn concern(text: &str) -> Result<Concern, String> {
    word(Concern::ALL, text)
}

impl Status {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let (folder, memory, now) = (context.ledger(), context.memory(), context.around.now);
        let limits = Limits { now, days: self.days, room: u64::from(self.room) << 20 };
        let standing = status(&folder, &memory, &context.access("status"), limits);
        let mut standing = standing.map_err(|error| context.not_opened(error, &folder))?;
        let key = standing.log_key.as_ref();
        let unsigned = key.and_then(|key| context.log_holder_of(None, Some(key)).err());
        let situation = Situation::of((&standing, unsigned.as_ref()), &folder, context);
        let mut more: Vec<Finding> = situation.log_key(context).into_iter().collect();
        // Whoever only reads has nothing that would be missed.
        if let Some(why) = context.why_not_remembered().filter(|_| folder.is_own() && standing.older.is_none()) {
            // What to do is said apart.
            let why = why.split_once(';').map_or(&*why, |(why, _)| why);
            let what =
                format!("this account remembers nothing, so that a rollback or a lost backup is not noticed: {why}");
            more.push(Finding { concern: Concern::NotRemembered, what });
        }
        standing.findings.append(&mut more);
        standing.findings.sort_by_key(|finding| finding.concern);
        let situation = Situation::of((&standing, unsigned.as_ref()), &folder, context);
        let answer = StatusAnswer::of((&standing, &situation), (&folder, &self.accept), context);
        if !(answer.ok && context.global.quiet && context.format() == Format::Table) {
            context.answer(&answer)?;
        }
        Ok(if answer.ok { Exit::Done } else { Exit::No })
    }
}

/// The answer: `servanda/status/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct StatusAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// Whether there is nothing to do.
    ok: bool,
    /// The ledger's folder.
    ledger: String,
    /// Its name.
    origin: Origin,
    /// The hash of its first event, if that can be told.
    genesis: Option<EventHash>,
    /// How many events there are; if the store does not open, as many as are remembered.
    events: Option<u64>,
    /// The hash of the newest.
    head: Option<EventHash>,
    /// When the newest was recorded.
    newest: Option<Moment>,
    /// The newest checkpoint.
    checkpoint: Option<ReachedAnswer>,
    /// The newest checkpoint that witnesses signed, and when the last of them did, as they say: nothing of it is checked here.
    witness: Option<ReachedAnswer>,
    /// The newest checkpoint with a timestamp, and when that was brought.
    timestamp: Option<ReachedAnswer>,
    /// The last backup that this account made into a file; null, if it knows of none.
    backup: Option<BackupMade>,
    /// The last backup that this account wrote to standard output; null, if it knows of none.
    stream: Option<StreamMade>,
    /// Events that were known when the ledger was restored as it was earlier, if it was: it is only read.
    older: Option<u64>,
    /// How many keys can change keys; null, if that cannot be told.
    admins: Option<usize>,
    /// The log's verifier key in use.
    log_key: Option<Vkey>,
    /// What was seen of the store: opens, in use, not opened, or damaged.
    store: StoreAnswer,
    /// Whether this account remembers anything of ledgers; if not, why not.
    remembers: Remembers,
    /// Bytes that are free on the ledger's disk.
    free_bytes: Option<u64>,
    /// What there is to look at.
    findings: Vec<FindingAnswer>,
}

/// A moment, and how long it was ago.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct Moment {
    /// The moment.
    at: Timestamp,
    /// Seconds since then; less than none, if it is still to come.
    age_s: i64,
}

/// How far something reaches.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
struct ReachedAnswer {
    /// Events that it is of.
    size: u64,
    /// When it was made: of a file, when that was written. Null, if that is not known.
    made: Option<Moment>,
    /// When the first event was recorded that it is not of; null, if it is of all.
    waiting_since: Option<Moment>,
}

/// The last backup that is known.
#[derive(Debug, Serialize, JsonSchema)]
struct BackupMade {
    /// The file.
    file: String,
    /// Whether there is such a file now.
    is_there: bool,
    /// Its bytes, when it was made.
    bytes: u64,
    /// How far it reaches.
    #[serde(flatten)]
    reached: ReachedAnswer,
}

/// The last backup that went to standard output.
#[derive(Debug, Serialize, JsonSchema)]
struct StreamMade {
    /// Its bytes.
    bytes: u64,
    /// Whether as much came back since, and was found whole: else nobody knows whether it arrived anywhere.
    checked: bool,
    /// How far it reaches.
    #[serde(flatten)]
    reached: ReachedAnswer,
}

/// What was seen of the store.
#[derive(Debug, Serialize, JsonSchema)]
struct StoreAnswer {
    /// In a word.
    #[schemars(extend("enum" = ["opens", "in use", "not opened", "damaged"]))]
    seen: &'static str,
    /// By whom it is used, or why it was not opened.
    why: Option<String>,
}

/// Whether anything is remembered.
#[derive(Debug, Serialize, JsonSchema)]
struct Remembers {
    /// Whether it is.
    yes: bool,
    /// Why not, and how to change that.
    why_not: Option<String>,
}

/// What there is to look at.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingAnswer {
    /// Which kind.
    concern: Concern,
    /// What was found.
    what: String,
    /// The command that does something about it, as it is typed into a shell; empty, if none does, or something is to be chosen first.
    run: String,
    /// What is to be known, done or chosen beside that; empty, if the command is all.
    advice: String,
    /// Whether it was said to be meant so.
    accepted: bool,
}

impl StatusAnswer {
    fn of(
        (standing, situation): (&Standing, &Situation<'_>),
        (folder, accepted): (&Folder, &[Concern]),
        context: &Context<'_, '_>,
    ) -> Self {
        let now = context.around.now;
        let moment = |at: Timestamp| Moment { at, age_s: (now.unix_ms() - at.unix_ms()).div_euclid(1000) };
        let reached = |of: &Reached| ReachedAnswer {
            size: of.size,
            made: of.at.map(moment),
            waiting_since: of.waiting_since.map(moment),
        };
        let (seen, why) = match &standing.store {
            StoreSeen::Opens => ("opens", None),
            StoreSeen::InUse(holder) => ("in use", Some(holder.clone())),
            StoreSeen::NotOpened(why) => ("not opened", Some(why.clone())),
            StoreSeen::Damaged => ("damaged", None),
        };
        let backup = standing.backup.as_ref().map(|(last, of)| BackupMade {
            file: last.file.display().to_string(),
            is_there: last.file.is_file(),
            bytes: last.bytes,
            reached: reached(of),
        });
        let stream = standing.stream.as_ref().map(|(last, of)| StreamMade {
            bytes: last.bytes,
            checked: standing.checked.is_some_and(|checked| checked.size >= of.size),
            reached: reached(of),
        });
        let why_not = context.why_not_remembered();
        let findings = standing.findings.iter().map(|finding| {
            let Remedy { run, advice } = situation.remedy(finding);
            let accepted = accepted.contains(&finding.concern);
            FindingAnswer { concern: finding.concern, what: finding.what.clone(), run, advice, accepted }
        });
        let findings: Vec<FindingAnswer> = findings.collect();
        Self {
            schema: "servanda/status/v1",
            ok: findings.iter().all(|finding| finding.accepted),
            ledger: context.shown_path(folder),
            origin: standing.origin.clone(),
            genesis: standing.genesis,
            events: standing.head.map(|head| head.len),
            head: standing.head.map(|head| head.hash),
            newest: standing.newest.map(moment),
            checkpoint: standing.checkpoint.as_ref().map(reached),
            witness: standing.witness.as_ref().map(reached),
            timestamp: standing.timestamp.as_ref().map(reached),
            backup,
            stream,
            older: standing.older.map(|older| older.known),
            admins: standing.admins,
            log_key: standing.log_key.clone(),
            store: StoreAnswer { seen, why },
            remembers: Remembers { yes: why_not.is_none(), why_not },
            free_bytes: standing.free,
            findings,
        }
    }
}

/// How long something was ago.
fn ago(age_s: i64) -> String {
    let units = [(24 * 60 * 60, "day", "days"), (60 * 60, "hour", "hours"), (60, "minute", "minutes")];
    match units.into_iter().find(|(seconds, ..)| age_s >= *seconds) {
        _ if age_s < 0 => "ahead of the clock".to_owned(),
        None => "just now".to_owned(),
        Some((seconds, one, many)) => {
            format!("{} ago", counted(usize::try_from(age_s / seconds).unwrap_or(usize::MAX), one, many))
        }
    }
}

impl Moment {
    fn text(&self) -> String {
        let second = self.at.to_string();
        format!("{}, {}Z", ago(self.age_s), second.split('.').next().unwrap_or_default())
    }
}

impl ReachedAnswer {
    fn text(&self) -> String {
        let events = counted(usize::try_from(self.size).unwrap_or(usize::MAX), "event", "events");
        let made = self.made.map(|made| format!(", {}", made.text())).unwrap_or_default();
        let waiting = self.waiting_since.map(|since| format!("; others wait since {}", since.text()));
        format!("{events}{made}{}", waiting.unwrap_or_default())
    }
}

impl Answer for StatusAnswer {
    const ITEMS: &'static str = "findings";

    fn table(&self, screen: Screen) -> String {
        const MARGIN: usize = 13;
        let mut text = String::new();
        for (name, said) in self.lines() {
            text += &format!("{name:<MARGIN$}{}\n", screen.beside(MARGIN, &shown(&said)));
        }
        let (accepted, due): (Vec<_>, Vec<_>) = self.findings.iter().partition(|finding| finding.accepted);
        for finding in accepted {
            let said = format!("accepted, {}: {}", finding.concern, finding.what);
            text += &format!("{}\n", screen.toned(Tone::Quiet, &screen.beside(0, &shown(&said))));
        }
        if due.is_empty() {
            return text + "\nnothing to do\n";
        }
        text += &format!("\n{} to do:\n", counted(due.len(), "thing", "things"));
        for finding in due {
            let concern = screen.toned(Tone::Bad, finding.concern.as_str());
            let margin = finding.concern.as_str().len() + 2;
            text += &format!("\n{concern}: {}\n", screen.beside(margin, &shown(&finding.what)));
            if !finding.advice.is_empty() {
                text += &format!("{:margin$}{}\n", "", screen.beside(margin, &shown(&finding.advice)));
            }
            // A command is on one line, so that it can be copied.
            if !finding.run.is_empty() {
                text += &format!("  {}\n", shown(&finding.run));
            }
        }
        text
    }

    fn sheet(&self) -> Sheet {
        let row = |finding: &FindingAnswer| {
            let accepted = if finding.accepted { "yes" } else { "" };
            (
                Tone::Plain,
                vec![
                    finding.concern.to_string(),
                    finding.what.clone(),
                    finding.run.clone(),
                    finding.advice.clone(),
                    accepted.to_owned(),
                ],
            )
        };
        Sheet {
            header: vec!["concern", "what", "run", "advice", "accepted"],
            rows: self.findings.iter().map(row).collect(),
        }
    }
}

impl StatusAnswer {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let reached = |of: Option<&ReachedAnswer>| of.map_or_else(|| "none".to_owned(), ReachedAnswer::text);
        let events = match (self.events, self.head) {
            (Some(events), Some(head)) => {
                let newest = self.newest.map(|newest| format!("; the newest {}", newest.text())).unwrap_or_default();
                let events = counted(usize::try_from(events).unwrap_or(usize::MAX), "event", "events");
                format!("{events}, head {:.16}{newest}", head.to_string())
            }
            _ => "not known".to_owned(),
        };
        let backup = match &self.backup {
            None => "none that this account knows of".to_owned(),
            Some(made) => {
                let there = if made.is_there { "" } else { ", which is not there now" };
                format!("{}; into {}{there}", made.reached.text(), made.file)
            }
        };
        let store = match &self.store.why {
            Some(why) => format!("{}: {why}", self.store.seen),
            None => self.store.seen.to_owned(),
        };
        let mut lines = vec![
            ("ledger", format!("{}, {}", self.ledger, self.origin)),
            ("events", events),
            ("checkpoint", reached(self.checkpoint.as_ref())),
            ("witness", reached(self.witness.as_ref())),
            ("timestamp", reached(self.timestamp.as_ref())),
            ("backup", backup),
            ("admin keys", self.admins.map_or_else(|| "not known".to_owned(), |admins| admins.to_string())),
            ("store", store),
            ("free", self.free_bytes.map_or_else(|| "not known".to_owned(), |bytes| format!("{} MiB", bytes >> 20))),
        ];
        if let Some(made) = &self.stream {
            let looked_at = if made.checked { "which came back whole" } else { "which nobody looked at" };
            lines.push(("streamed", format!("{}; to standard output, {looked_at}", made.reached.text())));
        }
        if let Some(why_not) = &self.remembers.why_not {
            lines.push(("remembered", format!("nothing: {why_not}")));
        }
        lines
    }
}
