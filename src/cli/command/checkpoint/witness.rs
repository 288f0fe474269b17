//! `servanda checkpoint witness`

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::{kept, note_key, policy_of};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::{Context, Outcome};
use crate::exchange::witness::client::{Address, AddressError, Answer, AskError, Client};
use crate::integrity::Vkey;
use crate::integrity::checkpoint::Verified;
use crate::integrity::merkle::Tree;
use crate::integrity::note::NoteSignature;
use crate::integrity::note_key::WitnessKey;
use crate::integrity::proof_file::ConsistencyFile;
use crate::ledger::Log;
use crate::ledger::publish::prove::ProveError;
use crate::ledger::publish::witness::{MOST_EVIDENCE, keep_evidence};
use crate::ledger::state::authority::Authority;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("known").required(true), before_help = "\
Examples:
  servanda checkpoint witness --policy policy
  servanda checkpoint witness http://127.0.0.1:7080 --vkey @witness.vkey")]
pub(super) struct Witness {
    /// Where witnesses are asked, http://HOST[:PORT][/PATH] [default: every witness of the policy that has an address]
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// The witnesses that are known, as C2SP tlog-policy writes them
    #[arg(long, value_name = "FILE", group = "known")]
    policy: Option<PathBuf>,
    /// The key of a witness that is known; @FILE reads it from a file
    #[arg(long, value_name = "KEY", group = "known", requires = "urls")]
    vkey: Vec<String>,
    /// Seconds that a witness has for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

/// The most that are asked at once.
const AT_ONCE: usize = 32;

/// A witness to be asked.
struct Target {
    address: Address,
    /// Whose signatures are taken from there.
    keys: Vec<WitnessKey>,
}

/// What is asked of a witness.
struct Question<'t> {
    target: &'t Target,
    /// What it signed last, as it was told or is remembered.
    older: Option<Verified>,
    request: String,
}

/// What a witness answered.
struct Heard {
    answer: Result<Answer, AskError>,
    /// If it did not sign, what it signed last, as it shows it.
    last: Option<String>,
}

/// What comes of an answer.
enum Outcomes {
    Signed(Vec<NoteSignature>),
    /// It is to be asked again, from there.
    Again(Verified),
}

impl Witness {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let targets = self.targets(context)?;
        let client = Client::new(Duration::from_secs(self.timeout));
        let log = context.read_log("checkpoint")?;
        let keys = Authority::of(&log.naming()?.events);
        // A witness would be asked in vain to sign for another ledger, and would keep it as evidence.
        context.met_log(&log, &keys)?;
        let newest = kept(&log, &keys, None)?.alone();
        let vkey = keys.log_key_at(newest.size()).cloned();
        let vkey = vkey.ok_or_else(|| Failure::new(Exit::CouldNot, "the log has no key"))?;
        let asked: Result<Vec<_>, Failure> = targets
            .iter()
            .map(|target| question(&log, &newest, target, remembered(&log, &keys, target, &newest)?))
            .collect();
        let mut asked = asked?;
        // Nobody waits for the ledger while witnesses are waited for.
        drop(log);
        let mut worst = None;
        for is_last in [false, true] {
            let heard = ask(&client, &vkey, &asked);
            let log = context.read_log("checkpoint")?;
            let case = Case { log: &log, keys: &keys, newest: &newest, is_last };
            let mut again = Vec::new();
            for (question, heard) in asked.into_iter().zip(heard) {
                let done = case.outcome(&question, heard).and_then(|outcome| match outcome {
                    Outcomes::Signed(signatures) => case.keep(signatures, context),
                    Outcomes::Again(older) => {
                        again.push(self::question(&log, &newest, question.target, Some(older))?);
                        Ok(())
                    }
                });
                if let Err(failure) = done {
                    context.complain(&failure.text());
                    worst = Some(worse(worst, failure.exit));
                }
            }
            asked = again;
            if asked.is_empty() {
                break;
            }
        }
        worst.map_or(Ok(Exit::Done), |exit| Err(Failure::said(exit)))
    }

    fn targets(&self, context: &Context<'_, '_>) -> Result<Vec<Target>, Failure> {
        let policy = self.policy.as_ref().map(|file| policy_of(file, context)).transpose()?;
        let witnesses = policy.map(|policy| policy.witnesses).unwrap_or_default();
        if self.urls.is_empty() {
            let with_url = witnesses.into_iter().filter_map(|witness| Some((witness.url?, witness.key)));
            let targets = with_url.map(|(url, key)| Ok(Target { address: address(&url)?, keys: vec![key] }));
            let targets: Vec<Target> = targets.collect::<Result<_, Failure>>()?;
            if targets.is_empty() {
                return Err(Failure::new(Exit::Misuse, "no witness of the policy has an address")
                    .hint("name one: `witness NAME KEY http://HOST[:PORT]` in the policy, or as an argument"));
            }
            return Ok(targets);
        }
        let mut keys: Vec<WitnessKey> = witnesses.into_iter().map(|witness| witness.key).collect();
        for text in &self.vkey {
            keys.push(note_key(text, "the key of a witness is what `servanda witness key` prints", context)?);
        }
        self.urls.iter().map(|url| Ok(Target { address: address(url)?, keys: keys.clone() })).collect()
    }
}

fn address(text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|error: AddressError| {
        let failure = Failure::new(Exit::Misuse, error.to_string());
        match error {
            AddressError::Https(url) => failure
                .hint(format!(
                    "bring files there: servanda checkpoint request --old SIZE | curl --data-binary @- {}/add-checkpoint \
                     > answer, then servanda checkpoint cosign answer --policy FILE",
                    url.trim_end_matches('/')
                ))
                .hint("or ask through a proxy on this machine that speaks https for it"),
            _ => failure,
        }
    })
}

/// The newest checkpoint under which a signature of the witness is kept.
fn remembered(log: &Log, keys: &Authority, target: &Target, newest: &Verified) -> Result<Option<Verified>, Failure> {
    let kept = log.checkpoints();
    for size in kept.cosigned_sizes()?.into_iter().rev().filter(|size| *size <= newest.size()) {
        let found = kept.get(size, keys)?;
        if let Some(found) = found.filter(|found| target.keys.iter().any(|key| key.cosigned(found).is_ok())) {
            return Ok(Some(found.alone()));
        }
    }
    Ok(None)
}

fn question<'t>(
    log: &Log,
    newest: &Verified,
    target: &'t Target,
    older: Option<Verified>,
) -> Result<Question<'t>, Failure> {
    let request = match &older {
        Some(older) => log.prove_consistency(older, newest)?,
        None => ConsistencyFile { old: 0, path: Vec::new(), checkpoint: newest.note().to_string() },
    };
    Ok(Question { target, older, request: request.text() })
}

/// Asks all, many at once, and those that do not sign what they signed last.
fn ask(client: &Client, vkey: &Vkey, asked: &[Question<'_>]) -> Vec<Heard> {
    let one = |question: &Question<'_>| {
        let address = &question.target.address;
        let answer = client.add_checkpoint(address, &question.request);
        let is_signed = !matches!(answer, Ok(Answer::Conflict { .. } | Answer::Refused { status: 422, .. }));
        // Witnesses need not show it, and where they do not, less can be said.
        let last = if is_signed { None } else { client.last(address, vkey).ok().flatten() };
        Heard { answer, last }
    };
    let mut heard = Vec::new();
    for some in asked.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let asking: Vec<_> = some.iter().map(|question| scope.spawn(move || one(question))).collect();
            heard.extend(asking.into_iter().map(|asking| asking.join().expect("asking does not panic")));
        });
    }
    heard
}

/// What answers are held against.
struct Case<'l> {
    log: &'l Log,
    keys: &'l Authority,
    newest: &'l Verified,
    /// Whether nobody is asked again.
    is_last: bool,
}

impl Case<'_> {
    fn outcome(&self, question: &Question<'_>, heard: Heard) -> Result<Outcomes, Failure> {
        let address = &question.target.address;
        let old = question.older.as_ref().map_or(0, Verified::size);
        let failed = |exit, what: String| Failure::new(exit, format!("{address}: {what}"));
        match heard.answer {
            Ok(Answer::Signed(signatures)) => {
                let keys = &question.target.keys;
                let mut good = signatures;
                // What others signed is nothing to us, and no reason to refuse the rest.
                good.retain(|signature| keys.iter().any(|key| key.is_signed_by(self.newest, signature)));
                if good.is_empty() {
                    return Err(failed(Exit::No, "no signature of a known witness is in its answer".to_owned())
                        .hint("nothing was kept; is it the witness whose key was given?"));
                }
                Ok(Outcomes::Signed(good))
            }
            Ok(Answer::Conflict { known }) if known == old => {
                let what =
                    format!("it answered nonsense: asked from {old} events on, it says that it signed {known} last");
                Err(failed(Exit::CouldNot, what))
            }
            Ok(Answer::Conflict { known }) => {
                let shown = self.shown(known, heard.last.as_deref());
                self.check_shown(address, known, shown.as_ref())?;
                if self.is_last {
                    let what = format!("somebody else asks it too: it signed {known} events meanwhile");
                    return Err(failed(Exit::Conflict, what).hint("run the same command again"));
                }
                self.older(address, known, shown).map(Outcomes::Again)
            }
            Ok(Answer::Refused { status, said }) => {
                if status == 422 {
                    self.check_shown(address, old, self.shown(old, heard.last.as_deref()).as_ref())?;
                }
                let failure = failed(Exit::No, format!("it refused, with status {status}: {said}"));
                Err(match status {
                    404 => failure.hint("the address is another, or the log's key is not known there"),
                    403 => failure.hint("another key of the log is known there"),
                    422 => failure.hint(
                        "the proof holds here: the witness was shown another history, or is wrong; ask whoever runs it \
                         for the checkpoint that it signed last, and keep both",
                    ),
                    _ => failure,
                })
            }
            Err(error) => {
                let exit = if matches!(error, AskError::Nonsense(_)) { Exit::No } else { Exit::CouldNot };
                Err(failed(exit, format!("{error}; nothing of it was kept")))
            }
        }
    }

    /// What the witness shows, if it is a checkpoint of that size, signed by this log.
    fn shown(&self, size: u64, text: Option<&str>) -> Option<Verified> {
        let key = self.keys.log_key_at(size)?;
        Verified::open(text?.as_bytes(), key).ok().filter(|shown| shown.size() == size).map(|shown| shown.alone())
    }

    /// Raises the alarm if what a witness signed last is not what this log has, and says whether that is shown.
    fn check_shown(&self, address: &Address, known: u64, shown: Option<&Verified>) -> Result<(), Failure> {
        let (len, newest) = (self.log.len(), self.newest.size());
        if known > len {
            let message = match shown {
                Some(shown) => format!(
                    "ROLLBACK: the log has {}, and {address} signed it with {known}; both checkpoints are kept in {}",
                    counted(usize::try_from(len).unwrap_or(usize::MAX), "event", "events"),
                    self.keep_evidence(shown)?
                ),
                None => format!(
                    "{address} says that it signed {known} events of the log, which has {len}, and does not show it"
                ),
            };
            return Err(Failure::new(Exit::No, message)
                .hint("if events were lost, restore the newest copy of the ledger, and append nothing to this one"));
        }
        let root = || self.log.tree(known).and_then(|tree| tree.root(known)).map_err(ProveError::from);
        if let Some(shown) = shown
            && root()? != shown.root()
        {
            let evidence = self.keep_evidence(shown)?;
            let message = format!(
                "FORK: {address} signed {known} other events of the log than are here; both checkpoints are kept in {evidence}"
            );
            return Err(Failure::new(Exit::No, message)
                .hint("the log's key signed two histories: append nothing, keep both, and ask whoever has that key"));
        }
        if known > newest {
            let message =
                format!("{address}: it signed {known} events last, and the newest checkpoint here is of {newest}");
            return Err(Failure::new(Exit::CouldNot, message).hint("`servanda checkpoint` signs the log as it stands"));
        }
        Ok(())
    }

    fn keep_evidence(&self, shown: &Verified) -> Result<String, Failure> {
        let folder = self.log.evidence();
        // The one of that size here says more than the newest, where there is one.
        let own = self.log.checkpoints().get(shown.size(), self.keys).ok().flatten();
        keep_evidence(&folder, [own.as_ref().unwrap_or(self.newest), shown], MOST_EVIDENCE)
            .map_err(|error| Failure::new(Exit::CouldNot, format!("{}: {error}", folder.display())))?;
        Ok(folder.display().to_string())
    }

    /// The checkpoint that a witness signed last: ours of that size, or what it shows.
    fn older(&self, address: &Address, known: u64, shown: Option<Verified>) -> Result<Verified, Failure> {
        let kept = self.log.checkpoints().get(known, self.keys)?.map(|kept| kept.alone());
        kept.or(shown).ok_or_else(|| {
            let message =
                format!("{address}: it signed {known} events last, and no checkpoint of that many is kept here");
            Failure::new(Exit::CouldNot, message).hint(format!(
                "put it back into {} from a copy of the ledger",
                self.log.checkpoint_file(known).display()
            ))
        })
    }

    fn keep(&self, signatures: Vec<NoteSignature>, context: &mut Context<'_, '_>) -> Result<(), Failure> {
        super::keep(self.log, self.newest, signatures, context)
    }
}

/// The exit code of several failures: what was found comes before what could not be done.
fn worse(before: Option<Exit>, now: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Done => 0,
        Exit::Unsigned => 1,
        Exit::Conflict => 2,
        Exit::CouldNot => 3,
        Exit::Misuse => 4,
        Exit::No => 5,
    };
    before.filter(|before| rank(*before) > rank(now)).unwrap_or(now)
}
