//! `servanda check`

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::command::checkpoint::{text_within, vkey};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::event::chain::MAX_BATCH_BYTES;
use crate::integrity::checkpoint::Verified;
use crate::integrity::proof::{check_consistency, check_inclusion};
use crate::integrity::proof_file::{ConsistencyFile, INCLUSION, InclusionFile};
use crate::integrity::{EventHash, Vkey};
use crate::ledger::publish::signed_event::{SignedEvent, batch_end};
use crate::query::certificate;
use crate::query::why::Why;
use crate::store::durable_file::read_bytes;

/// Check a proof or a checkpoint, with the log's key and without the ledger
///
/// It says what the file shows, and what no such file can show. Nothing is asked of the ledger or of the network.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda check proofs/12.tlog-proof --vkey @public/log.vkey      with 12.event beside it
  servanda check ilrs.checkpoint --vkey @public/log.vkey")]
pub(in crate::cli) struct Check {
    /// The proof, or the checkpoint
    file: PathBuf,
    /// The log's key as it was had from elsewhere; @FILE reads it from a file
    #[arg(long, value_name = "KEY")]
    vkey: String,
    /// The event's bytes [default: the file of that name that ends in .event]
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// The older checkpoint, for a proof that the log goes on from it
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let key = vkey(&self.vkey, context)?;
        let text = text_within(&self.file, MAX_BATCH_BYTES as u64, context)?;
        let checked = match text.lines().next() {
            Some(INCLUSION) => self.inclusion(&text, &key, context)?,
            Some(line) if line.starts_with("old ") => self.consistency(&text, &key, context)?,
            Some(line) if line.starts_with('{') => self.certificate(&text, &key)?,
            _ => Checked::of(What::Checkpoint, &opened(&self.file, &text, &key)?),
        };
        context.answer(&checked)?;
        Ok(Exit::Done)
    }

    fn inclusion(&self, text: &str, key: &Vkey, context: &Context<'_, '_>) -> Result<Checked, Failure> {
        let proof = InclusionFile::parse(text).map_err(|error| self.refused(&error))?;
        let checkpoint = opened(&self.file, &proof.checkpoint, key)?;
        let beside = |ending: &str| self.file.with_extension(ending);
        let file = self.event.clone().unwrap_or_else(|| beside("event"));
        let none = || {
            Failure::new(Exit::CouldNot, format!("there is no event at {}", file.display()))
                .hint("a proof is about an event's bytes: name their file with --event")
        };
        let event = bytes(&file, context)?.ok_or_else(none)?;
        check_inclusion(&checkpoint, proof.index, &event, &proof.path).map_err(|error| self.refused(&error))?;
        let rest = bytes(&beside("rest"), context)?.unwrap_or_default();
        let end = batch_end(&event, &rest).map_err(|error| self.refused(&error))?;
        if end.ledger.as_str() != checkpoint.origin() {
            return Err(self.refused(&format!("the event says that it is of the ledger {}", end.ledger)));
        }
        if end.seq != proof.index {
            let found = format!("the event says that it is event {}, and the proof is of {}", end.seq, proof.index);
            return Err(self.refused(&found));
        }
        Ok(Checked { event: Some(EventChecked::of(end)), ..Checked::of(What::Inclusion, &checkpoint) })
    }

    fn consistency(&self, text: &str, key: &Vkey, context: &Context<'_, '_>) -> Result<Checked, Failure> {
        let proof = ConsistencyFile::parse(text).map_err(|error| self.refused(&error))?;
        let newer = opened(&self.file, &proof.checkpoint, key)?;
        let Some(against) = &self.against else {
            return Err(Failure::new(Exit::Misuse, "this proof goes on from an older checkpoint")
                .hint("name its file with --against"));
        };
        let older = opened(against, &text_within(against, MAX_BATCH_BYTES as u64, context)?, key)?;
        if proof.old != older.size() {
            let events = counted(usize::try_from(proof.old).unwrap_or(usize::MAX), "event", "events");
            let found =
                format!("it says that it goes on from {events}, and {} is of {}", against.display(), older.size());
            return Err(self.refused(&found));
        }
        check_consistency(&older, &newer, &proof.path).map_err(|error| self.refused(&error))?;
        Ok(Checked { older: Some(older.size()), ..Checked::of(What::Consistency, &newer) })
    }

    fn certificate(&self, text: &str, key: &Vkey) -> Result<Checked, Failure> {
        let found = certificate::check(text, key).map_err(|error| self.refused(&error))?;
        Ok(Checked {
            answer: Some(found.answer),
            events: Some(found.events as u64),
            ..Checked::of(What::Certificate, &found.checkpoint)
        })
    }

    fn refused(&self, what: &dyn std::fmt::Display) -> Failure {
        Failure::new(Exit::No, format!("{}: {what}", self.file.display()))
    }
}

fn opened(file: &Path, text: &str, key: &Vkey) -> Result<Verified, Failure> {
    Verified::open(text.as_bytes(), key).map_err(|error| Failure::new(Exit::No, format!("{}: {error}", file.display())))
}

fn bytes(file: &Path, context: &Context<'_, '_>) -> Result<Option<Vec<u8>>, Failure> {
    read_bytes(&context.around.path(file), MAX_BATCH_BYTES as u64)
        .map_err(|error| Failure::new(Exit::CouldNot, format!("{} cannot be read: {error}", file.display())))
}

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum What {
    /// That an event is in the log.
    Inclusion,
    /// That the log goes on from an older checkpoint.
    Consistency,
    /// That a checkpoint is signed by the log.
    Checkpoint,
    /// That an answer follows from events that are in the log.
    Certificate,
}

/// The answer: `servanda/checked/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Checked {
    /// Name and version of this form.
    schema: &'static str,
    /// What was checked, and holds.
    what: What,
    /// The log's name.
    origin: String,
    /// Events of the log, by the checkpoint.
    size: u64,
    /// The root of the Merkle tree over them, in base64.
    root: String,
    /// Events of the older checkpoint.
    older: Option<u64>,
    /// The event.
    event: Option<EventChecked>,
    /// The answer, derived again.
    answer: Option<Why>,
    /// Events that it was derived from.
    events: Option<u64>,
    /// What no such file can show.
    not_shown: Vec<&'static str>,
}

/// An event that is in the log.
#[derive(Debug, Serialize, JsonSchema)]
struct EventChecked {
    /// Its position.
    seq: u64,
    /// The announcement's id.
    id: String,
    /// Hash of its bytes.
    hash: EventHash,
    /// When it says it was recorded.
    recorded: String,
    /// By whom, as it says.
    recorder: String,
    /// The event that is signed for its batch.
    signed_with: u64,
    /// The fingerprint of the key that signed.
    key: String,
}

impl EventChecked {
    fn of(end: SignedEvent) -> Self {
        Self {
            seq: end.seq,
            id: end.id,
            hash: end.hash,
            recorded: end.recorded.to_string(),
            recorder: end.recorder.to_string(),
            signed_with: end.signed_with,
            key: end.key.fingerprint(),
        }
    }
}

impl Checked {
    fn of(what: What, checkpoint: &Verified) -> Self {
        let mut not_shown = Vec::new();
        if what == What::Inclusion {
            not_shown
                .push("whether the recorder's key was allowed to sign: that follows from earlier events of the log");
            not_shown.push("whether a later event corrects or retracts it");
        }
        if what == What::Certificate {
            not_shown.push("whether an event that the file leaves out, or a later one, changes the answer");
            not_shown.push("whether the recorders' keys were allowed to sign");
        }
        not_shown.push("whether the log shows others another history: compare checkpoints with theirs");
        Self {
            schema: "servanda/checked/v1",
            what,
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: BASE64_STANDARD.encode(checkpoint.root()),
            older: None,
            event: None,
            answer: None,
            events: None,
            not_shown,
        }
    }
}

impl Answer for Checked {
    const ITEMS: &'static str = "not_shown";

    fn table(&self, screen: Screen) -> String {
        let log = format!("the log {} of {} events", self.origin, self.size);
        let derived = self.answer.as_ref().map(|answer| {
            let from = counted(usize::try_from(self.events.unwrap_or_default()).unwrap_or_default(), "event", "events");
            format!("{}\nThis follows from {from} of {log}\n", answer.table(screen).trim_end())
        });
        let mut text = match (&self.event, self.older) {
            _ if derived.is_some() => derived.unwrap_or_default(),
            (Some(event), _) => format!(
                "event {} ({}) is in {log}\nhash      {}\nrecorded  {} by {}\nsigned    with event {}, by the key {}\n",
                event.seq, event.id, event.hash, event.recorded, event.recorder, event.signed_with, event.key
            ),
            (None, Some(older)) => format!("{log} goes on from its first {older} events\n"),
            (None, None) => format!("{log} was signed so\n"),
        };
        text += &format!("root      {}\n\nnot shown:\n", self.root);
        for line in &self.not_shown {
            text += &format!("  {}\n", screen.wrapped(line).replace('\n', "\n  "));
        }
        text
    }

    fn sheet(&self) -> Sheet {
        let event = self.event.as_ref().map(|event| event.seq.to_string()).unwrap_or_default();
        let older = self.older.map(|older| older.to_string()).unwrap_or_default();
        let what = match self.what {
            What::Inclusion => "inclusion",
            What::Consistency => "consistency",
            What::Checkpoint => "checkpoint",
            What::Certificate => "certificate",
        };
        let row = vec![what.to_owned(), self.origin.clone(), self.size.to_string(), event, older];
        Sheet { header: vec!["what", "origin", "size", "event", "older"], rows: vec![(Tone::Plain, row)] }
    }
}
