//! `servanda checkpoint`

mod witness;

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::log_key::LogKeyName;
use crate::cli::page::counted;
use crate::cli::screen::{Answer, Format, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::integrity::Vkey;
use crate::integrity::checkpoint::Verified;
use crate::integrity::note::NoteSignature;
use crate::integrity::note_key::NoteKey;
use crate::integrity::policy::Policy;
use crate::integrity::proof_file::ConsistencyFile;
use crate::ledger::Log;
use crate::ledger::log::checkpoints::CheckpointsError;
use crate::ledger::log::timestamps::{self, Checker, MAX_REPLY};
use crate::ledger::publish::witness::MAX_REQUEST;
use crate::ledger::state::authority::Authority;
use crate::store::durable_file::read_bytes;

/// Sign how many events there are, and which, for others to keep
///
/// A checkpoint binds the whole log to the log's key. Whoever keeps one can tell later, with `servanda verify --against` or with other people's tools, that nothing was changed or cut off. Without a subcommand the log is signed as it stands, and with --quiet nothing is said of that.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda checkpoint
  servanda checkpoint list
  servanda checkpoint --output ilrs.checkpoint    to keep elsewhere
  servanda checkpoint timestamp-request > request.tsq")]
pub(in crate::cli) struct Checkpoint {
    #[command(subcommand)]
    what: Option<What>,
    /// Who signs: a file with the log's key, or agent:KEY, a key in ssh-agent by its fingerprint or comment [env: SERVANDA_LOG_KEY] [default: keys/log.key in the ledger, or whichever agent has that key]
    #[arg(long, value_name = "FILE|agent:KEY")]
    log_key: Option<LogKeyName>,
    /// Write the signed checkpoint to this file, whole or not at all, in place of one that was kept before [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Sign the log as it stands, unless that was done
    Sign,
    /// List the checkpoints that were signed
    List,
    /// Print what a witness is asked to sign: the newest checkpoint, and that it goes on from an older one
    ///
    /// `servanda witness sign` answers it, and so does every witness of C2SP tlog-witness at its `add-checkpoint`.
    Request {
        /// The last checkpoint that the witness signed, by its number of events
        #[arg(long, value_name = "SIZE", default_value_t = 0)]
        old: u64,
    },
    /// Keep what witnesses answered, if it holds
    Cosign {
        /// The file with the lines of their signatures
        file: PathBuf,
        /// For how many events the checkpoint was signed; the newest, if none is given
        #[arg(long)]
        size: Option<u64>,
        /// The witnesses that are known, as C2SP tlog-policy writes them
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
    },
    /// Ask witnesses over HTTP to sign the newest checkpoint, and keep what they answer, if it holds
    ///
    /// Each is asked from what it signed last, as far as that is remembered here, and once more from where it says. A witness that signed another history of the log is an alarm, with both checkpoints kept as evidence.
    Witness(witness::Witness),
    /// Print what a timestamping authority is asked, of RFC 3161 in DER
    TimestampRequest {
        /// For how many events the checkpoint was signed; the newest, if none is given
        #[arg(long)]
        size: Option<u64>,
    },
    /// Keep what a timestamping authority answered, if it holds
    Timestamp {
        /// The file with its reply
        file: PathBuf,
        /// For how many events the checkpoint was signed; the newest, if none is given
        #[arg(long)]
        size: Option<u64>,
        /// The certificates of authorities that are trusted, in PEM
        #[arg(long, value_name = "FILE")]
        tsa_ca: PathBuf,
        /// Certificates between those and the one that signed, in PEM
        #[arg(long, value_name = "FILE")]
        tsa_untrusted: Option<PathBuf>,
    },
    /// Print a signed checkpoint as it is
    Show {
        /// For how many events it was signed; the newest, if none is given
        size: Option<u64>,
        /// Write it to this file, whole or not at all [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Checkpoint {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let what = match self.what {
            Some(What::Witness(witness)) => return witness.run(context),
            what => what.unwrap_or(What::Sign),
        };
        if self.output.is_some() && !matches!(what, What::Sign) {
            return Err(Failure::new(Exit::Misuse, "--output before a subcommand goes with `sign`")
                .hint("`servanda checkpoint show --output FILE` writes one that was signed before"));
        }
        let log = context.read_log("checkpoint")?;
        // Who signs does not go by what is kept beside the events.
        let keys = match what {
            What::Sign => log.authority()?,
            _ => Authority::of(&log.naming()?.events),
        };
        match what {
            What::Sign => sign(&log, &keys, (self.log_key.as_ref(), self.output.as_deref()), context),
            What::List => {
                let answer = CheckpointsAnswer::of(&log, &keys)?;
                drop(log);
                context.answer(&answer)?;
                Ok(Exit::Done)
            }
            What::Show { size, output } => {
                let found = kept(&log, &keys, size)?;
                drop(log);
                match output {
                    Some(file) => write(&found, &file, context)?,
                    None => print(&found, context)?,
                }
                Ok(Exit::Done)
            }
            What::Request { old } => {
                let newest = kept(&log, &keys, None)?.alone();
                let request = match old {
                    0 => ConsistencyFile { old, path: Vec::new(), checkpoint: newest.note().to_string() },
                    old => log.prove_consistency(&kept(&log, &keys, Some(old))?, &newest)?,
                };
                drop(log);
                context.print(&request.text())?;
                Ok(Exit::Done)
            }
            What::TimestampRequest { size } => {
                let checkpoint = kept(&log, &keys, size)?;
                let file = log.checkpoint_file(checkpoint.size());
                drop(log);
                if context.around.out_is_terminal {
                    return Err(Failure::new(Exit::Misuse, "a request is no text").hint("send it to a file: > FILE"));
                }
                let request = timestamps::request(Path::new(OPENSSL), &file)?;
                context.around.out.write_all(&request)?;
                context.around.out.flush()?;
                Ok(Exit::Done)
            }
            What::Timestamp { file, size, tsa_ca, tsa_untrusted } => {
                let checkpoint = kept(&log, &keys, size)?;
                let checker = checker(&tsa_ca, tsa_untrusted.as_deref(), context)?;
                let none = || Failure::new(Exit::CouldNot, format!("there is no file {}", file.display()));
                let bytes = read_bytes(&context.around.path(&file), MAX_REPLY)?.ok_or_else(none)?;
                let stamp = checker.check(&log.checkpoint_file(checkpoint.size()), &bytes)?;
                log.timestamps().keep(checkpoint.size(), &bytes)?;
                context.say(&format!("kept for the checkpoint of {} events: {}\n", checkpoint.size(), stamp.time));
                if let Some(day) = stamp.expired {
                    context.say(&format!("certificate expired since {day}: it rests on that key not having leaked\n"));
                }
                Ok(Exit::Done)
            }
            What::Witness(_) => unreachable!("it was run above"),
            What::Cosign { file, size, policy } => cosign(&log, &kept(&log, &keys, size)?, &file, &policy, context),
        }
    }
}

fn sign(
    log: &Log,
    keys: &Authority,
    (given, output): (Option<&LogKeyName>, Option<&Path>),
    context: &mut Context<'_, '_>,
) -> Outcome {
    // Whoever has one that is only read need not look for the key.
    log.check_not_older()?;
    let remembered = context.met_log(log, keys)?;
    let signer = context.log_holder(given, keys)?;
    let made = log.checkpoint(&signer, keys, &remembered)?;
    context.remember(&log.id()?, &made);
    match output {
        Some(file) => write(&made, file, context)?,
        None if context.is_silent() => {}
        None => print(&made, context)?,
    }
    Ok(Exit::Done)
}

/// Writes the note itself to a file, in place of what was kept there.
fn write(checkpoint: &Verified, file: &Path, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let note = checkpoint.note().to_string();
    context.export(Some(file), |out| out.write_all(note.as_bytes()))
}

/// The checkpoint of a size, or the newest.
pub(in crate::cli) fn kept(log: &Log, keys: &Authority, size: Option<u64>) -> Result<Verified, Failure> {
    let kept = log.checkpoints();
    let found = match size {
        Some(size) => kept.get(size, keys)?,
        None => kept.newest(keys)?,
    };
    found.ok_or_else(|| {
        let which =
            size.map_or_else(|| "no checkpoint yet".to_owned(), |size| format!("no checkpoint of {size} events"));
        Failure::new(Exit::CouldNot, format!("there is {which}"))
            .hint("`servanda checkpoint` signs the log as it stands; `servanda checkpoint list` shows what was signed")
    })
}

fn cosign(log: &Log, checkpoint: &Verified, file: &Path, policy: &Path, context: &mut Context<'_, '_>) -> Outcome {
    let policy = policy_of(policy, context)?;
    let name = file.display();
    let text = text_of(file, context)?;
    let lines = (1..).zip(text.lines()).map(|(number, line)| {
        let none = || Failure::new(Exit::No, format!("{name}: line {number} is no signature"));
        NoteSignature::parse(line).ok_or_else(none)
    });
    let given: Vec<NoteSignature> = lines.collect::<Result<_, _>>()?;
    // Each by itself: what is kept already does not stand for what is given.
    let holds = |signature: &NoteSignature| {
        policy.witnesses.iter().any(|witness| witness.key.is_signed_by(checkpoint, signature))
    };
    if let Some(bad) = given.iter().find(|signature| !holds(signature)) {
        let message = format!("{name}: the signature of {} is of no known witness on this checkpoint", bad.name);
        return Err(Failure::new(Exit::No, message).hint("nothing was kept; look at the policy, and at the size"));
    }
    keep(log, checkpoint, given, context)?;
    Ok(Exit::Done)
}

/// Keeps signatures of witnesses that were checked.
fn keep(
    log: &Log,
    checkpoint: &Verified,
    signatures: Vec<NoteSignature>,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let names: Vec<&str> = signatures.iter().map(|signature| signature.name.as_str()).collect();
    let said = format!("kept under the checkpoint of {} events: {}\n", checkpoint.size(), names.join(", "));
    log.checkpoints().cosign(checkpoint.size(), signatures)?;
    context.say(&said);
    Ok(())
}

/// The program that checks timestamps.
const OPENSSL: &str = "openssl";
/// The most bytes in the file of a log's key.
const MAX_KEY_BYTES: u64 = 4096;

/// How timestamps are checked, with the certificates that were named, which must be there: the program that checks with
/// them says of any fault that the timestamp does not hold.
pub(in crate::cli) fn checker(
    authorities: &Path,
    between: Option<&Path>,
    context: &Context<'_, '_>,
) -> Result<Checker, Failure> {
    let certificates = |file: &Path| {
        let path = context.around.path(file);
        let opened = std::fs::File::open(&path);
        let refused = |error| Failure::new(Exit::CouldNot, format!("{} cannot be read: {error}", file.display()));
        opened.map(|_| path).map_err(refused)
    };
    Ok(Checker {
        openssl: PathBuf::from(OPENSSL),
        authorities: certificates(authorities)?,
        between: between.map(certificates).transpose()?,
        now: context.around.now,
    })
}

/// Reads a small file of text that was named.
pub(in crate::cli) fn text_of(file: &Path, context: &Context<'_, '_>) -> Result<String, Failure> {
    text_within(file, MAX_REQUEST as u64, context)
}

/// Reads a file of text that was named, of at most so many bytes.
pub(in crate::cli) fn text_within(file: &Path, limit: u64, context: &Context<'_, '_>) -> Result<String, Failure> {
    let name = file.display();
    let found = read_bytes(&context.around.path(file), limit)
        .map_err(|error| Failure::new(Exit::CouldNot, format!("{name} cannot be read: {error}")))?;
    let found = found.ok_or_else(|| Failure::new(Exit::CouldNot, format!("there is no file {name}")))?;
    String::from_utf8(found).map_err(|_| Failure::new(Exit::No, format!("{name} is no text")))
}

/// Reads a policy that was named.
pub(in crate::cli) fn policy_of(file: &Path, context: &Context<'_, '_>) -> Result<Policy, Failure> {
    let text = text_of(file, context)?;
    Policy::parse(&text).map_err(|error| {
        Failure::new(Exit::Misuse, format!("{}: {error}", file.display()))
            .hint("a policy is written as C2SP tlog-policy says: `witness NAME KEY`, `group`, `quorum`")
    })
}

/// The note itself, or what it says.
fn print(checkpoint: &Verified, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    if context.format() == Format::Table {
        return context.print(&checkpoint.note().to_string());
    }
    context.answer(&CheckpointsAnswer { checkpoints: vec![Row::of(checkpoint)], ..CheckpointsAnswer::none(checkpoint) })
}

impl Context<'_, '_> {
    /// The checkpoint of the log as it stands, signed now where its key is at hand; else the newest that was signed, if the
    /// log goes on from what is remembered.
    pub(in crate::cli) fn newest_checkpoint(&mut self, log: &Log) -> Result<Verified, Failure> {
        let keys = log.authority()?;
        let remembered = self.met_log(log, &keys)?;
        let checkpoint = match self.log_holder(None, &keys) {
            Ok(signer) => log.checkpoint(&signer, &keys, &remembered)?,
            Err(error) => {
                log.check_known(&remembered, &keys)?;
                log.checkpoints().newest(&keys)?.ok_or(error)?
            }
        };
        self.remember(&log.id()?, &checkpoint);
        Ok(checkpoint)
    }
}

/// The answer: `servanda/checkpoints/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct CheckpointsAnswer {
    /// Name and version of this form.
    schema: &'static str,
    /// The ledger's name.
    origin: String,
    /// The checkpoints, by their sizes.
    checkpoints: Vec<Row>,
}

/// One checkpoint.
#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    /// Number of events.
    size: u64,
    /// The root of the Merkle tree over them, in base64.
    root: String,
    /// The names of those who signed: the log, and witnesses.
    signed_by: Vec<String>,
    /// The signed note, byte for byte.
    note: String,
}

impl Row {
    fn of(checkpoint: &Verified) -> Self {
        Self {
            size: checkpoint.size(),
            root: BASE64_STANDARD.encode(checkpoint.root()),
            signed_by: checkpoint.note().signatures().iter().map(|signature| signature.name.clone()).collect(),
            note: checkpoint.note().to_string(),
        }
    }
}

impl CheckpointsAnswer {
    fn of(log: &Log, keys: &Authority) -> Result<Self, CheckpointsError> {
        let kept = log.checkpoints();
        let rows = kept.sizes()?.into_iter().filter_map(|size| kept.get(size, keys).transpose());
        let checkpoints = rows.map(|found| found.map(|found| Row::of(&found))).collect::<Result<_, _>>()?;
        Ok(Self { schema: "servanda/checkpoints/v1", origin: log.origin().to_string(), checkpoints })
    }

    fn none(of: &Verified) -> Self {
        Self { schema: "servanda/checkpoints/v1", origin: of.origin().to_owned(), checkpoints: Vec::new() }
    }
}

impl Answer for CheckpointsAnswer {
    const ITEMS: &'static str = "checkpoints";

    fn table(&self, screen: Screen) -> String {
        let rows = screen.table(&self.sheet(), "no checkpoint was signed yet");
        format!("{rows}\n{} of {}\n", counted(self.checkpoints.len(), "checkpoint", "checkpoints"), self.origin)
    }

    fn sheet(&self) -> Sheet {
        let row = |row: &Row| (Tone::Plain, vec![row.size.to_string(), row.root.clone(), row.signed_by.join("; ")]);
        Sheet { header: vec!["size", "root", "signed_by"], rows: self.checkpoints.iter().map(row).collect() }
    }
}

/// A key on the command line: the key itself, or `@FILE`.
pub(in crate::cli) fn note_key<const TYPE: u8>(
    text: &str,
    hint: &str,
    context: &Context<'_, '_>,
) -> Result<NoteKey<TYPE>, Failure> {
    let read = |file: &str| text_within(Path::new(file), MAX_KEY_BYTES, context);
    let key = text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), read)?;
    key.trim_end().parse().map_err(|error| Failure::new(Exit::Misuse, format!("--vkey: {error}")).hint(hint))
}

/// A log's key on the command line.
pub(in crate::cli) fn vkey(text: &str, context: &Context<'_, '_>) -> Result<Vkey, Failure> {
    note_key(text, "`servanda key show` ends with the log's key", context)
}
