//! Who may record, and the keys for checking it with other people's tools.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::Body;
use crate::domain::governance::RecorderRole;
use crate::domain::id::Recorder;
use crate::domain::timestamp::Timestamp;
use crate::event::effective::Corrections;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::integrity::{EVENT_NAMESPACE, PublicKey, Vkey};
use crate::ledger::state::authority::{Authority, KeyAtRisk};
use crate::query::Position;

/// The answer: `servanda/keys/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Keys {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The position at which the answer was computed.
    pub position: Position,
    /// The log's verifier key in use.
    pub log_key: Option<Vkey>,
    /// Every key that was ever added.
    pub keys: Vec<Key>,
    /// Those whose loss could not be made good, as far as this account knows, with what to do.
    pub at_risk: Vec<KeyRisk>,
}

/// A key whose loss could not be made good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyRisk {
    /// The key: a fingerprint, or the log's verifier key.
    pub key: String,
    /// What would be lost.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl KeyRisk {
    /// A risk in words.
    pub fn of(risk: &KeyAtRisk) -> Self {
        match risk {
            KeyAtRisk::OnlyAdmin { recorder, key } => Self {
                key: key.fingerprint(),
                what: format!("{recorder}'s key alone is an admin's, and no copy of it is known: without it nobody changes keys any more"),
                hint: "`servanda key add NAME --public @FILE.pub --role admin` adds one that lies elsewhere; `servanda key copied` says that there is a copy".to_owned(),
            },
            KeyAtRisk::Log { key } => Self {
                key: key.to_string(),
                what: "no copy of the log's key is known: without it an admin has to replace it".to_owned(),
                hint: "`servanda key copied --log-key` says that there is a copy".to_owned(),
            },
        }
    }
}

/// One recorder's key.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Key {
    /// Whose it is.
    pub recorder: Recorder,
    /// The key, as OpenSSH writes it.
    pub key: PublicKey,
    /// Its fingerprint, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// What its recorder may do.
    pub roles: Vec<RecorderRole>,
    /// The event that added it, and when.
    pub added: Moment,
    /// The event that revoked it, and when.
    pub revoked: Option<Moment>,
    /// The first correction of the clock that speaks of events while it could sign: their bytes state times by which other
    /// tools would take it for too young or too old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_corrected_by: Option<u64>,
}

/// A position on both clocks of recording.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Moment {
    /// The event.
    pub event: u64,
    /// When it was recorded.
    pub recorded: Timestamp,
}

/// Lists the keys; which are at risk, is for the account to say.
pub fn keys(snapshot: &Snapshot) -> Keys {
    let authority = Authority::of(&snapshot.events);
    let corrections = Corrections::of(&snapshot.events);
    let moment = |seq: u64| {
        let event = snapshot.event(seq).expect("authority comes from these events");
        Moment { event: seq, recorded: corrections.recorded(event) }
    };
    let keys = authority.keys().map(|(key, history)| Key {
        recorder: history.recorder.clone(),
        key: *key,
        fingerprint: key.fingerprint(),
        roles: history.roles.clone(),
        added: moment(history.added),
        revoked: history.revoked.map(moment),
        clock_corrected_by: corrected_while(snapshot, history.added..=history.revoked.unwrap_or(u64::MAX)),
    });
    let mut keys: Vec<Key> = keys.collect();
    keys.sort_by(|a, b| (a.added.event, &a.recorder, a.key).cmp(&(b.added.event, &b.recorder, b.key)));
    Keys {
        schema: "servanda/keys/v1",
        position: Position::of(snapshot),
        log_key: authority.log_key().cloned(),
        keys,
        at_risk: Vec::new(),
    }
}

/// The first correction of the clock that speaks of one of these events.
fn corrected_while(snapshot: &Snapshot, seqs: RangeInclusive<u64>) -> Option<u64> {
    let speaks = |event: &&Recorded| match &event.announcement.body {
        Body::ClockCorrected(corrected) => corrected.from <= *seqs.end() && event.seq > *seqs.start(),
        _ => false,
    };
    snapshot.events.iter().find(speaks).map(|event| event.seq)
}

impl Keys {
    /// Returns the files with the keys that are published beside a log, by their names.
    pub fn published(&self) -> [(&'static str, Vec<u8>); 2] {
        let vkey = self.log_key.as_ref().map(|key| format!("{key}\n")).unwrap_or_default();
        [("log.vkey", vkey.into_bytes()), ("allowed_signers", self.allowed_signers().into_bytes())]
    }

    /// The file that `ssh-keygen -Y verify -f` reads: one line a key, with the times between which it may sign.
    ///
    /// The times approximate the rule, which goes by position, to the second. A key that could sign while the clock was
    /// wrong has none, and a comment says so: those who verify go by what the bytes state.
    ///
    /// # Source
    ///
    /// `ssh-keygen(1)`, allowed signers.
    pub fn allowed_signers(&self) -> String {
        let line = |key: &Key| {
            let mut options = format!("namespaces=\"{EVENT_NAMESPACE}\"");
            if let Some(by) = key.clock_corrected_by {
                let why = format!("# {}: no times, since the clock was wrong, as event {by} says", key.recorder);
                return format!("{why}\n{} {options} {}\n", key.recorder, key.key);
            }
            options += &format!(",valid-after=\"{}\"", compact(key.added.recorded));
            if let Some(revoked) = key.revoked {
                options += &format!(",valid-before=\"{}\"", compact(revoked.recorded));
            }
            format!("{} {options} {}\n", key.recorder, key.key)
        };
        self.keys.iter().map(line).collect()
    }
}

/// A moment to the second, as `YYYYMMDDhhmmssZ`.
pub fn compact(moment: Timestamp) -> String {
    let text = moment.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    seconds.chars().filter(char::is_ascii_digit).chain(['Z']).collect()
}
