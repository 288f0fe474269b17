//! `servanda witness`

mod serve;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::command::checkpoint::{text_of, text_within, vkey};
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::integrity::Vkey;
use crate::integrity::note_key::WitnessSigner;
use crate::ledger::SignerError;
use crate::ledger::keys::signer::{create_secret, witness_signer};
use crate::ledger::publish::witness::{KnownLog, Memory, Refusal, Witness as Signing};

/// Be a witness for logs, ours and others'
///
/// A witness signs a checkpoint only if its log goes on from the last one that it signed. So whoever trusts the witness knows that no other history was shown to it. It keeps what it signs on its disk before it answers, and a log that shows two histories as evidence.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda witness key --name witness.example/desk > witness.vkey
  servanda checkpoint request > request
  servanda witness sign request --log @public/log.vkey > answer")]
pub(in crate::cli) struct Witness {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the witness's public key; one is made if there is none
    Key {
        /// The name that it signs under, for a new key: a web address without its scheme
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        own: Own,
    },
    /// Answer a request with a signature, if the log goes on from what was signed before
    Sign {
        /// The request, as `servanda checkpoint request` prints it
        request: PathBuf,
        #[command(flatten)]
        logs: Logs,
        #[command(flatten)]
        own: Own,
    },
    /// Answer requests over HTTP until it is interrupted, as C2SP tlog-witness says
    ///
    /// It takes requests at `/add-checkpoint`, shows the last checkpoint that it signed of a log at `/HASH/checkpoint`, by the SHA-256 of the log's name, and says at `/healthz` whether it can sign. Each request is told on standard error, a line with the time and the outcome. A hangup (SIGHUP) has it read the keys of the logs again. As a service it says so to systemd (sd_notify) when it is ready, reloads or ends. For TLS, put a reverse proxy before it.
    Serve(serve::Serve),
}

/// For whom a witness signs.
#[derive(Debug, Args)]
struct Logs {
    /// The keys of the logs that are signed for; @FILE reads one from a file; NAME=KEY or NAME=@FILE, if the log has another name than its key
    #[arg(long, value_name = "KEY", required_unless_present = "logs")]
    log: Vec<String>,
    /// A file with such keys, one a line; lines that begin with # are passed over
    #[arg(long = "logs", id = "logs", value_name = "FILE")]
    list: Option<PathBuf>,
    /// Sign also where what was signed before is not there any more: only for logs that this witness's key never signed for
    #[arg(long)]
    new: bool,
}

impl Logs {
    fn witness(&self, own: &Own, context: &Context<'_, '_>) -> Result<Signing, Failure> {
        let logs = self.known(context)?;
        let folder = own.folder(context)?;
        let file = folder.join("key");
        let signer = witness_signer(&file).map_err(|error| match error {
            SignerError::Absent { file } => {
                Failure::new(Exit::CouldNot, format!("the witness has no key yet: there is no {}", file.display()))
                    .hint("`servanda witness key --name NAME` makes one; bring it back from its copy if there was one")
            }
            other => other.into(),
        })?;
        let memory = if self.new { Memory::New } else { Memory::Kept };
        Ok(Signing::new(signer, logs, folder, memory).with_key_file(file))
    }

    /// Returns the logs as they are named now, each once.
    fn known(&self, context: &Context<'_, '_>) -> Result<Vec<KnownLog>, Failure> {
        const MAX_LOGS: u64 = 1 << 20;
        let listed = match &self.list {
            Some(file) => text_within(file, MAX_LOGS, context)?,
            None => String::new(),
        };
        let file = self.list.as_deref().unwrap_or(Path::new("")).display().to_string();
        let lines = (1..).zip(listed.lines().map(str::trim));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let given = self.log.iter().map(|text| ("--log".to_owned(), text.as_str()));
        let mut logs = Vec::new();
        for (place, text) in given.chain(lines.map(|(number, line)| (format!("{file}, line {number}"), line))) {
            let log = known_log(text, context).map_err(|failure| placed(&place, failure))?;
            if !logs.contains(&log) {
                logs.push(log);
            }
        }
        if logs.is_empty() {
            return Err(Failure::new(Exit::Misuse, "no log is named").hint("a file of --logs has a key a line"));
        }
        Ok(logs)
    }
}

/// Has a failure say where the key stands.
fn placed(place: &str, failure: Failure) -> Failure {
    let what = failure.message.strip_prefix("--vkey: ").unwrap_or(&failure.message);
    Failure { message: format!("{place}: {what}"), ..failure }
}

/// A log on the command line, `KEY` or `NAME=KEY`. A key ends with the signs that divide, and may have them in its name:
/// it is one if it is one whole, or behind the first sign behind which there is one.
fn known_log(text: &str, context: &Context<'_, '_>) -> Result<KnownLog, Failure> {
    let is_key = |text: &str| text.starts_with('@') || text.parse::<Vkey>().is_ok();
    let named = text.match_indices('=').map(|(at, _)| (&text[..at], &text[at + 1..]));
    match named.into_iter().find(|(_, key)| !is_key(text) && is_key(key)) {
        Some((origin, key)) if !origin.is_empty() => {
            Ok(KnownLog { origin: origin.to_owned(), key: vkey(key, context)? })
        }
        _ => Ok(vkey(text, context)?.into()),
    }
}

/// What a witness keeps.
#[derive(Debug, Args)]
struct Own {
    /// The witness's folder, with its key and what it signed [default: witness in $SERVANDA_STATE, or servanda-witness in $XDG_STATE_HOME]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Own {
    fn folder(&self, context: &Context<'_, '_>) -> Result<PathBuf, Failure> {
        let own = self.folder.as_ref().map(|folder| context.around.path(folder));
        own.or_else(|| context.witness_folder()).ok_or_else(|| {
            let what = "none of SERVANDA_STATE, XDG_STATE_HOME and HOME says where a witness keeps what it signs";
            Failure::new(Exit::CouldNot, what).hint("name a folder with --folder")
        })
    }
}

impl Witness {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Key { name, own } => {
                let file = own.folder(context)?.join("key");
                let signer = if file.exists() { witness_signer(&file)? } else { new_key(name, &file, context)? };
                context.print(&format!("{}\n", signer.vkey()))?;
            }
            What::Sign { request, logs, own } => {
                let witness = logs.witness(&own, context)?;
                let text = text_of(&request, context)?;
                let seconds = u64::try_from(context.around.now.unix_ms() / 1000).unwrap_or_default();
                let answer = witness.add_checkpoint(&text, seconds);
                let signed = answer.map_err(|refusal| refused(&request, &refusal))?;
                context.print(&signed.line)?;
            }
            What::Serve(serve) => return serve.run(context),
        }
        Ok(Exit::Done)
    }
}

fn new_key(name: Option<String>, file: &Path, context: &mut Context<'_, '_>) -> Result<WitnessSigner, Failure> {
    let Some(name) = name else {
        return Err(Failure::new(Exit::Misuse, "there is no key yet").hint("--name NAME makes one under that name"));
    };
    let seed = (context.around.entropy)()?;
    let signer = WitnessSigner::from_seed(&name, &seed)
        .map_err(|error| Failure::new(Exit::Misuse, format!("--name: {error}")))?;
    // First, so that a key without it has lost something.
    Signing::begin(file.parent().unwrap_or(file))?;
    create_secret(file, &signer.to_secret_text())?;
    Ok(signer)
}

/// What to do where a witness does not know any more what it signed.
const LOST: &str = "bring that folder back. If this key never signed for the log, --new begins now; else make a new key under a \
                    new name, and have others trust that";

fn refused(request: &Path, refusal: &Refusal) -> Failure {
    let exit = match refusal {
        Refusal::Conflict { .. } => Exit::Conflict,
        Refusal::State { .. } | Refusal::Lost { .. } | Refusal::Clock | Refusal::InUse(_) => Exit::CouldNot,
        _ => Exit::No,
    };
    let failure = Failure::new(exit, format!("{}: {refusal}", request.display()));
    match refusal {
        Refusal::Lost { .. } => failure.hint(LOST),
        Refusal::Conflict { known } => failure.hint(format!("ask again: servanda checkpoint request --old {known}")),
        Refusal::UnknownLog(_) => failure.hint("name its key with --log, as it was had from elsewhere"),
        Refusal::Fork { .. } => failure.hint("the log shows different histories: tell others, and show them both"),
        Refusal::NotShown { .. } => failure.hint("if the log cannot show it either, it shows different histories"),
        _ => failure,
    }
}
