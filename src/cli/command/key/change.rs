//! `servanda key add`, `replace` and `revoke`

use std::path::Path;

use clap::Args;

use crate::cli::administer::{Admin, conclude, unrecorded};
use crate::cli::arguments::{recorder, word};
use crate::cli::command::checkpoint::text_of;
use crate::cli::failure::{Exit, Failure};
use crate::cli::log_key::LogKeyName;
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Announcement;
use crate::domain::governance::{Authorised, RecorderKey, RecorderRevoked, RecorderRole, RevocationCause};
use crate::domain::id::Recorder;
use crate::integrity::PublicKey;
use crate::ledger::state::authority::KeyHistory;
use crate::ledger::{Ledger, LogHolder, LogKeyReplaced, NewLogKey, SignerError, create_secret};
use crate::query::keys::keys;

/// Add a recorder, or a further key of one
///
/// From the next event on the key may sign what its roles allow. It needs an admin's key.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda key add ana --public @ana.pub
  servanda key add boris --public @boris.pub --role reviewer --role recorder")]
pub(super) struct Add {
    /// The recorder's name
    #[arg(value_parser = recorder)]
    recorder: Recorder,
    /// The public key, as ssh-keygen writes it; @FILE reads it from a file
    #[arg(long, value_name = "KEY")]
    public: String,
    /// What the recorder may do: admin, recorder or reviewer; can be given more than once [default: recorder]
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Vec<RecorderRole>,
    #[command(flatten)]
    admin: Admin,
}

/// Give a recorder another key in place of one
///
/// The new key has the roles of the old one, which is revoked in a second event. If it is stopped between the two, the same command finishes it. It needs an admin's key, which may be the old one.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda key replace @ana.pub --with @ana-2027.pub
  servanda key replace @boris.pub --with @boris-2027.pub --because lost")]
pub(super) struct Replace {
    /// The old key: its fingerprint, or the public key; @FILE reads that from a file
    old: String,
    /// The new public key, as ssh-keygen writes it; @FILE reads it from a file
    #[arg(long, value_name = "KEY")]
    with: String,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    admin: Admin,
}

/// Revoke a key: it signs no event from the next one on
///
/// What it signed before stays as it is. A revoked key never returns. One that was retired or lost can be revoked once more as compromised: what it signed until it was first revoked is suspect then, and not what its recorder signed since. It needs an admin's key.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda key revoke @ana-2027.pub --because retired
  servanda key revoke @ana-2027.pub --because compromised
  servanda key revoke @boris-2027.pub --because compromised --suspect-from 12")]
pub(super) struct Revoke {
    /// The key: its fingerprint, or the public key; @FILE reads that from a file
    revoked: String,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    admin: Admin,
}

/// Have the log sign with another key from now on
///
/// It signs the log once more with the old key, makes a new one in its place, and says so in an event. Those who check the log with its key need the new one: `key show` prints it. If it is stopped, the same command finishes it. It needs an admin's key.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda key replace-log
  servanda export tiles public               publishes under the new key, and the key")]
pub(super) struct ReplaceLog {
    /// The new key: a file, which is made if it is missing, or agent:KEY, a key in ssh-agent by its fingerprint or comment [default: a new one where the old one lies]
    #[arg(long, value_name = "FILE|agent:KEY")]
    log_key: Option<LogKeyName>,
    /// Why: retired, lost or compromised
    #[arg(long, value_name = "WHY", value_parser = cause, default_value = "retired")]
    because: RevocationCause,
    #[command(flatten)]
    admin: Admin,
}

/// Why a key is no longer used.
#[derive(Debug, Args)]
struct Why {
    /// Why: retired, lost or compromised
    #[arg(long, value_name = "WHY", value_parser = cause, default_value = "retired")]
    because: RevocationCause,
    /// The first event that somebody else may have signed with it, where it was compromised
    #[arg(long, value_name = "SEQ")]
    suspect_from: Option<u64>,
}

impl Add {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let roles = if self.role.is_empty() { vec![RecorderRole::Recorder] } else { self.role };
        let added =
            Authorised { key: recorder_key(public_key(&self.public, context)?), recorder: self.recorder, roles };
        change(&self.admin, context, |_| Ok(vec![Announcement::of(added)]))
    }
}

impl Replace {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let old = self.old.clone();
        let new = recorder_key(public_key(&self.with, context)?);
        let old_key = public_key_of(&old, context)?;
        change(&self.admin, context, |ledger| {
            let (key, history) = known(ledger, &old, old_key)?;
            let added = Authorised { key: new, recorder: history.recorder.clone(), roles: history.roles.clone() };
            Ok(vec![Announcement::of(added), Announcement::of(self.why.revoke(key, &history.recorder))])
        })
    }
}

impl Revoke {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let given = public_key_of(&self.revoked, context)?;
        change(&self.admin, context, |ledger| {
            let (key, history) = known(ledger, &self.revoked, given)?;
            Ok(vec![Announcement::of(self.why.revoke(key, &history.recorder))])
        })
    }
}

impl ReplaceLog {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let folder = context.ledger();
        let mut ledger = context.open_to_write("key", &folder)?;
        let signer = self.admin.key(context)?;
        // The last that the old key signs; where it is lost, that was said, and is why it is replaced.
        let is_lost = self.because == RevocationCause::Lost && context.log_holder(None, ledger.authority()).is_err();
        if !is_lost {
            context.sign(&ledger, None);
        }
        let seed = (context.around.entropy)()?;
        let held = self.log_key.as_ref().map(|name| held_elsewhere(name, &seed, &ledger, context)).transpose()?;
        let new = held.as_ref().map_or(NewLogKey::Own(&seed), NewLogKey::Held);
        let made = ledger.change_log_key(&new, self.because, &signer, self.admin.clock(context));
        let LogKeyReplaced { made, misplaced } = made.map_err(unrecorded)?;
        if let Some(why) = &misplaced {
            for line in told_as_misplaced(made.seq(), why, held.as_ref()) {
                context.complain_shown(&line);
            }
        }
        let exit = conclude((ledger, &folder), &[("log-key-changed", made)], keys, context)?;
        Ok(if misplaced.is_some() { Exit::Unsigned } else { exit })
    }
}

/// Says that the log's key is another since that event, where it could not be put in its place.
fn told_as_misplaced(seq: u64, why: &SignerError, held: Option<&LogHolder>) -> [String; 2] {
    let hint = match held {
        Some(LogHolder::File { file, .. }) => {
            format!("until keys/log.key leads there, SERVANDA_LOG_KEY={} names it", file.display())
        }
        Some(LogHolder::Agent(_)) => "until keys/log.key is taken away, SERVANDA_LOG_KEY=agent:KEY names it".to_owned(),
        None => "the new key is kept as keys/log.next, and the same command puts it in its place".to_owned(),
    };
    let what = format!("the log's key is another since event {seq}, and could not be put in its place: {why}");
    [format!("warning: {what}"), format!("hint: {hint}")]
}

/// Whoever is to sign for the log from now on; a file that was missing is there then.
fn held_elsewhere(
    name: &LogKeyName,
    seed: &[u8; 32],
    ledger: &Ledger,
    context: &Context<'_, '_>,
) -> Result<LogHolder, Failure> {
    let origin = ledger.origin();
    let (_, holder, is_new) = context.new_log_holder(name, seed, |_| Ok(origin.clone()), Some(origin))?;
    if let (true, LogHolder::File { file, signer }) = (is_new, &holder) {
        create_secret(file, &signer.to_secret_text())?;
    }
    Ok(holder)
}

impl Why {
    fn revoke(&self, key: &PublicKey, recorder: &Recorder) -> RecorderRevoked {
        RecorderRevoked {
            because: self.because,
            key: recorder_key(*key),
            recorder: recorder.clone(),
            suspect_from: self.suspect_from,
        }
    }
}

/// Appends what changes keys, one event after the other, and shows the keys that there are then.
fn change(
    admin: &Admin,
    context: &mut Context<'_, '_>,
    changes: impl FnOnce(&Ledger) -> Result<Vec<Announcement>, Failure>,
) -> Outcome {
    let folder = context.ledger();
    let mut ledger = context.open_to_write("key", &folder)?;
    let signer = admin.key(context)?;
    let mut made = Vec::new();
    for announcement in changes(&ledger)? {
        let kind = announcement.body.kind().as_str();
        let own = ledger.append_own(announcement, &signer, admin.clock(context));
        made.push((kind, own.map_err(unrecorded)?));
    }
    conclude((ledger, &folder), &made, keys, context)
}

/// The key that was named, with what became of it.
fn known<'l>(
    ledger: &'l Ledger,
    named: &str,
    key: Option<PublicKey>,
) -> Result<(&'l PublicKey, &'l KeyHistory), Failure> {
    let is_meant = |own: &PublicKey| key.map_or_else(|| own.fingerprint() == named, |key| key == *own);
    ledger.authority().keys().find(|(own, _)| is_meant(own)).ok_or_else(|| {
        Failure::new(Exit::CouldNot, format!("no recorder of this ledger ever had the key {named}"))
            .hint("`servanda key show` lists the keys with their fingerprints")
    })
}

/// A public key that was named, unless it is a fingerprint.
fn public_key_of(text: &str, context: &Context<'_, '_>) -> Result<Option<PublicKey>, Failure> {
    if text.starts_with("SHA256:") { Ok(None) } else { public_key(text, context).map(Some) }
}

/// A public key as `ssh-keygen` writes it, with or without a comment.
fn public_key(text: &str, context: &Context<'_, '_>) -> Result<PublicKey, Failure> {
    let (name, text) = match text.strip_prefix('@') {
        Some(file) => (file.to_owned(), text_of(Path::new(file), context)?),
        None => ("the key".to_owned(), text.to_owned()),
    };
    let line: Vec<&str> = text.split_whitespace().take(2).collect();
    line.join(" ").parse().map_err(|error| {
        let failure = Failure::new(Exit::No, format!("{name} is no public key of a recorder: {error}"));
        if line.len() == 1 && name == "the key" {
            return Failure { exit: Exit::Misuse, ..failure }
                .hint("name its file as @FILE.pub, or give a fingerprint as `servanda key show` lists them");
        }
        failure.hint("a key is made with: ssh-keygen -t ed25519 -N '' -f FILE; its public half is FILE.pub")
    })
}

fn recorder_key(key: PublicKey) -> RecorderKey {
    RecorderKey::try_from(key.to_string()).expect("a public key is written as events hold it")
}

fn role(text: &str) -> Result<RecorderRole, String> {
    word(RecorderRole::ALL, text)
}

fn cause(text: &str) -> Result<RevocationCause, String> {
    word(RevocationCause::ALL, text)
}
