//! An answer in one file, with the events that it rests on and proofs that they are in a log: whoever has the log's key
//! derives the answer again, with no ledger at hand.
//!
//! ```text
//! {"agreement":ID,"answer":{…},"checkpoint":NOTE,"events":[{"event":TEXT,"proof":[BASE64],"seq":N}],"on":DAY,"party":ID,
//!  "schema":"servanda/certificate/v1"}
//! ```
//!
//! Among the events is always the newest of the checkpoint, whose hash is the head of the log. What such a file cannot
//! show is what it leaves out: an event of the log that would change the answer, or one that came later.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::announcement::Body;
use crate::domain::day::Day;
use crate::domain::governance::{Authorised, RecorderKey, RecorderRevoked, RevocationCause};
use crate::domain::id::{Namespace, Origin};
use crate::event::chain::Head;
use crate::event::snapshot::{Heads, LogPoint, Recorded, Snapshot};
use crate::event::statement::Event;
use crate::integrity::Vkey;
use crate::integrity::checkpoint::{CheckpointError, Verified};
use crate::integrity::merkle::{Node, Tree};
use crate::integrity::proof::{ProofError, check_inclusion};
use crate::ledger::Log;
use crate::ledger::documents::inventory::erasures;
use crate::query::review::describes_any;
use crate::query::view::{concerns_all_or, names_any};
use crate::query::why::{Why, why};
use crate::query::{QueryError, Standpoint};

/// Name and version of the form.
pub const SCHEMA: &str = "servanda/certificate/v1";
/// The most events that a certificate may have.
const MOST_EVENTS: usize = 10_000;

/// An answer with what it rests on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The agreement's id.
    pub agreement: String,
    /// What `why` answers.
    pub answer: Value,
    /// The signed note of the checkpoint under which everything is proved.
    pub checkpoint: String,
    /// The events, in their order.
    pub events: Vec<CertifiedEvent>,
    /// The day.
    pub on: Day,
    /// The party's id.
    pub party: String,
    /// Name and version of this form.
    pub schema: String,
}

/// One event, with the proof that it is in the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertifiedEvent {
    /// Its bytes, which are text.
    pub event: String,
    /// The hashes from its neighbour up to the root, in base64.
    pub proof: Vec<String>,
    /// Its position.
    pub seq: u64,
}

/// What a certificate was found to show.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The answer, derived again.
    pub answer: Why,
    /// Number of events that it was derived from.
    pub events: usize,
    /// The checkpoint under which they are proved.
    pub checkpoint: Verified,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// The question has no answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The log is not the one that the checkpoint was signed for, or the facts are of another state of it.
    #[error("the checkpoint of {size} events is not of the log as it stands, with {len}")]
    OtherState {
        /// The checkpoint's events.
        size: u64,
        /// The log's.
        len: u64,
    },
    /// It rests on too much for one file.
    #[error("the answer rests on {0} events, and a certificate has at most {MOST_EVENTS}")]
    TooMany(usize),
    /// A proof could not be made.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// An event could not be read.
    #[error("event {seq} cannot be read: {what}")]
    Unreadable {
        /// Its position.
        seq: u64,
        /// Why not.
        what: String,
    },
}

/// Why a certificate shows nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It has another form.
    #[error("not a certificate: {0}")]
    Form(String),
    /// Its checkpoint is not of that log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// An event is not in the log.
    #[error("event {seq}: {source}")]
    NotInLog {
        /// Its position, as the file says.
        seq: u64,
        /// Why not.
        source: ProofError,
    },
    /// An event is in the log, and none that can be read.
    #[error("event {seq}: {what}")]
    NotEvent {
        /// Its position.
        seq: u64,
        /// What is wrong.
        what: String,
    },
    /// From these events the question has no answer.
    #[error("from its events there is no answer: {0}")]
    NoAnswer(#[from] QueryError),
    /// From these events follows another answer.
    #[error("from its events follows another answer than the one that it states")]
    OtherAnswer,
}

/// Answers why a party is what it is to an agreement on a day, with everything that it takes to derive that again.
///
/// The facts are those of the log as the checkpoint has it, as far as the question rests on them.
///
/// # Errors
///
/// Every [`CertifyError`].
pub fn certify(
    log: &Log,
    checkpoint: &Verified,
    snapshot: &Snapshot,
    (party, agreement, on): (&str, &str, Day),
) -> Result<Certificate, CertifyError> {
    let size = checkpoint.size();
    if snapshot.heads.len() != size || size == 0 {
        return Err(CertifyError::OtherState { size, len: snapshot.heads.len() });
    }
    let answer = why(snapshot, party, agreement, Standpoint::on(on))?;
    let (party, agreement) = (answer.party.clone(), answer.agreement.clone());
    let answer = serde_json::to_value(&answer).expect("answers are JSON");
    let few = bearing(snapshot, Some(&party), &agreement);
    let is_enough = |some: &BTreeSet<u64>| {
        let derived = why(&among(snapshot, some), &party, &agreement, Standpoint::on(on));
        derived.is_ok_and(|derived| serde_json::to_value(derived).is_ok_and(|derived| derived == answer))
    };
    let mut seqs = if is_enough(&few) { few } else { bearing(snapshot, None, &agreement) };
    if !is_enough(&seqs) {
        seqs = snapshot.events.iter().map(|event| event.seq).collect();
    }
    seqs.insert(size - 1);
    if seqs.len() > MOST_EVENTS {
        return Err(CertifyError::TooMany(seqs.len()));
    }
    let unreadable = |seq: u64, what: String| CertifyError::Unreadable { seq, what };
    let tree = log.tree(size).map_err(|error| unreadable(size - 1, error.to_string()))?;
    let certified = seqs.into_iter().map(|seq| {
        let bytes = log.value(seq).unwrap_or_else(|| Err("it is not there".to_owned()));
        let bytes = bytes.map_err(|what| unreadable(seq, what))?;
        let path = tree.inclusion(seq, size).map_err(|error| unreadable(seq, error.to_string()))?;
        check_inclusion(checkpoint, seq, &bytes, &path)?;
        let event = String::from_utf8(bytes).map_err(|error| unreadable(seq, error.to_string()))?;
        Ok(CertifiedEvent { event, proof: path.iter().map(|hash| BASE64_STANDARD.encode(hash)).collect(), seq })
    });
    Ok(Certificate {
        events: certified.collect::<Result<_, CertifyError>>()?,
        agreement,
        answer,
        checkpoint: checkpoint.note().to_string(),
        on,
        party,
        schema: SCHEMA.to_owned(),
    })
}

/// The events that bear on a party's part in an agreement, or on the whole agreement; with what they name, and what
/// comments on them.
fn bearing(snapshot: &Snapshot, party: Option<&str>, agreement: &str) -> BTreeSet<u64> {
    let party = party.map(str::to_ascii_lowercase);
    let mut things: BTreeSet<(Namespace, String)> = BTreeSet::new();
    things.extend(party.iter().map(|party| (Namespace::Party, party.clone())));
    let named = (Namespace::Agreement, agreement.to_ascii_lowercase());
    things.insert(named.clone());
    let subjects = [named];
    let is_direct = |body: &Body| {
        let is_wanted = |id: &str| party.as_ref().is_none_or(|party| party == id);
        names_any(body, &subjects) && concerns_all_or(body, &is_wanted)
    };
    let mut found: BTreeSet<u64> = BTreeSet::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = (found.len(), things.len(), ids.len());
        for event in snapshot.events.iter().filter(|event| !found.contains(&event.seq)).collect::<Vec<_>>() {
            let body = &event.announcement.body;
            let comments = body.about().is_some_and(|of| ids.contains(of.as_str()));
            let is_named = ids.contains(event.id.as_str());
            if !(is_direct(body) || comments || is_named || describes_any(body, &things)) {
                continue;
            }
            found.insert(event.seq);
            ids.insert(event.id.as_str().to_owned());
            body.each_id(&mut |namespace, id| {
                if namespace == Namespace::Announcement {
                    ids.insert(id.to_owned());
                } else {
                    things.insert((namespace, id.to_ascii_lowercase()));
                }
            });
        }
        if before == (found.len(), things.len(), ids.len()) {
            found.extend(erasures_of(snapshot, &found));
            found.extend(rules_of_counting(snapshot));
            return found;
        }
    }
}

/// The events by which others count, are suspect, or were recorded at another time than they state; the reviewers'
/// verdicts are comments on what they are about.
fn rules_of_counting(snapshot: &Snapshot) -> impl Iterator<Item = u64> + '_ {
    let revoked = snapshot.events.iter().filter_map(|event| match &event.announcement.body {
        Body::RecorderRevoked(revoked) if revoked.because == RevocationCause::Compromised => Some(&revoked.key),
        _ => None,
    });
    let revoked: BTreeSet<&str> = revoked.map(RecorderKey::as_str).collect();
    let is_one = move |body: &Body| match body {
        Body::Policy(_) | Body::Reaffirmation(_) | Body::ClockCorrected(_) => true,
        Body::RecorderRevoked(RecorderRevoked { key, .. }) | Body::RecorderAdded(Authorised { key, .. }) => {
            revoked.contains(key.as_str())
        }
        Body::Genesis(genesis) => genesis.recorders.iter().any(|recorder| revoked.contains(recorder.key.as_str())),
        _ => false,
    };
    snapshot.events.iter().filter(move |event| is_one(&event.announcement.body)).map(|event| event.seq)
}

/// The events by which documents were erased that these events rest on.
fn erasures_of(snapshot: &Snapshot, seqs: &BTreeSet<u64>) -> Vec<u64> {
    let erased = erasures(&snapshot.events);
    if erased.is_empty() {
        return Vec::new();
    }
    let events = snapshot.events.iter().filter(|event| seqs.contains(&event.seq));
    let evidence = events.flat_map(|event| &event.announcement.evidence);
    let addresses = evidence.filter_map(|evidence| evidence.source.document.as_ref()?.address());
    addresses.filter_map(|address| erased.get(address.as_str()).copied()).collect()
}

/// Some of the events, of a log that stands where it does.
fn among(snapshot: &Snapshot, seqs: &BTreeSet<u64>) -> Snapshot {
    let events = snapshot.events.iter().filter(|event| seqs.contains(&event.seq)).cloned().collect();
    let mut heads = Heads::new(&snapshot.origin);
    if let Some(newest) = snapshot.heads.newest() {
        heads.push(*newest);
    }
    Snapshot { origin: snapshot.origin.clone(), events, heads }
}

/// Derives the answer of a certificate again, from its events, each of which is in the log of that key.
///
/// # Errors
///
/// Every [`CertificateError`].
pub fn check(text: &str, key: &Vkey) -> Result<Certified, CertificateError> {
    let form = |what: &str| CertificateError::Form(what.to_owned());
    let certificate: Certificate =
        serde_json::from_str(text).map_err(|error| CertificateError::Form(error.to_string()))?;
    if certificate.schema != SCHEMA {
        return Err(form("its `schema` is another"));
    }
    let checkpoint = Verified::open(certificate.checkpoint.as_bytes(), key)?;
    let origin: Origin = checkpoint.origin().parse().map_err(|_| form("its origin is none of a ledger"))?;
    if certificate.events.len() > MOST_EVENTS {
        return Err(form("it has more events than a certificate may"));
    }
    let mut events: Vec<Recorded> = Vec::new();
    let mut newest = None;
    for certified in &certificate.events {
        let event = proved(&checkpoint, certified)?;
        let seq = certified.seq;
        let not_event = |what: &str| CertificateError::NotEvent { seq, what: what.to_owned() };
        if event.header.seq != seq || event.header.ledger != origin {
            return Err(not_event("it says that it is another, or of another ledger"));
        }
        if events.last().is_some_and(|before| before.seq >= seq) {
            return Err(not_event("the events are not in their order"));
        }
        let stand = LogPoint {
            head: Head { len: seq + 1, hash: event.hash },
            recorded: event.header.recorded,
            ends_batch: true,
        };
        newest = Some(stand);
        let mut one = Snapshot::new(origin.clone());
        one.extend([event]);
        events.append(&mut one.events);
    }
    let newest = newest.filter(|stand: &LogPoint| stand.head.len == checkpoint.size());
    let newest = newest.ok_or_else(|| form("the newest event of the checkpoint is not among its events"))?;
    let mut heads = Heads::new(&origin);
    heads.push(newest);
    let snapshot = Snapshot { origin, events, heads };
    let answer = why(&snapshot, &certificate.party, &certificate.agreement, Standpoint::on(certificate.on))?;
    let derived = serde_json::to_value(&answer).map_err(|error| form(&error.to_string()))?;
    if derived != certificate.answer {
        return Err(CertificateError::OtherAnswer);
    }
    Ok(Certified { answer, events: snapshot.events.len(), checkpoint })
}

fn proved(checkpoint: &Verified, certified: &CertifiedEvent) -> Result<Event, CertificateError> {
    let seq = certified.seq;
    let not_event = |what: String| CertificateError::NotEvent { seq, what };
    let hash = |text: &String| BASE64_STANDARD.decode(text).ok().and_then(|bytes| Node::try_from(bytes).ok());
    let path: Option<Vec<Node>> = certified.proof.iter().map(hash).collect();
    let path = path.ok_or_else(|| not_event("its proof has something else than hashes".to_owned()))?;
    check_inclusion(checkpoint, seq, certified.event.as_bytes(), &path)
        .map_err(|source| CertificateError::NotInLog { seq, source })?;
    Event::read(certified.event.as_bytes()).map_err(|error| not_event(error.to_string()))
}
