//! What a witness answers to which request.

use super::message::{Head, Reply};
use super::{ADD_CHECKPOINT, SIZE};
use crate::integrity::note_key::origin_hash;
use crate::ledger::publish::witness::{Refusal, Signed, Witness};

/// Where a witness says whether it can sign.
const HEALTH: &str = "/healthz";

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To sign a checkpoint.
    AddCheckpoint,
    /// The last checkpoint that was signed of the log with that hash.
    Last(String),
    /// Whether it can sign.
    Health,
    /// Something that is answered so.
    Nothing(Reply),
}

impl Wanted {
    /// What a request is for, at a witness with that prefix.
    pub(super) fn of(head: &Head, prefix: &str) -> Self {
        let Some(path) = head.path.strip_prefix(prefix) else { return Self::nothing() };
        if path == ADD_CHECKPOINT {
            return if head.method == "POST" { Self::AddCheckpoint } else { Self::wrong_method("POST") };
        }
        let reads = ["GET", "HEAD"].contains(&head.method.as_str());
        if path == HEALTH {
            return if reads { Self::Health } else { Self::wrong_method("GET, HEAD") };
        }
        let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
        match hash.filter(|hash| hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))) {
            Some(hash) if reads => Self::Last(hash.to_owned()),
            Some(_) => Self::wrong_method("GET, HEAD"),
            None => Self::nothing(),
        }
    }

    fn nothing() -> Self {
        Self::Nothing(Reply::text(404, "there is nothing here: a checkpoint is brought to add-checkpoint\n"))
    }

    fn wrong_method(allow: &'static str) -> Self {
        Self::Nothing(Reply { allow: Some(allow), ..Reply::text(405, format!("the method here is {allow}\n")) })
    }
}

/// What is answered to a request to sign.
///
/// # Source
///
/// C2SP tlog-witness, `add-checkpoint`.
pub(super) fn signed(outcome: &Result<Signed, Refusal>) -> Reply {
    match outcome {
        Ok(signed) => Reply::text(200, signed.line.clone()),
        Err(refusal @ Refusal::Conflict { known }) => {
            Reply { kind: SIZE, ..Reply::text(refusal.status(), format!("{known}\n")) }
        }
        Err(refusal) => Reply::text(refusal.status(), format!("{}\n", told(refusal))),
    }
}

/// A refusal as it is told to strangers, who need not know where things lie here.
fn told(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotShown { why, .. } => {
            format!("it is not shown to go on from the last checkpoint that was signed here: {why}")
        }
        Refusal::Fork { size, .. } => format!("ALARM: the log signed two roots of {size} events; both are kept"),
        Refusal::State { .. } | Refusal::Lost { .. } | Refusal::Clock | Refusal::InUse(_) => {
            "the witness cannot keep what it signs, and signs nothing: try again later".to_owned()
        }
        _ => refusal.to_string(),
    }
}

/// Answers whoever watches over the server, whether the witness can sign. One that could not read its logs again signs for those that
/// it knew: that is told, and no failure.
pub(super) fn health(witness: &Witness) -> Reply {
    match witness.check() {
        Ok(()) if witness.is_outdated() => {
            Reply::text(200, "ok, but not reloaded: it signs for the logs that it knew before\n")
        }
        Ok(()) => Reply::text(200, "ok\n"),
        Err(refusal) => Reply::text(503, format!("{}\n", told(&refusal))),
    }
}

/// What is answered to a monitor.
///
/// # Source
///
/// C2SP tlog-witness, monitor retrieval.
pub(super) fn last(witness: &Witness, hash: &str) -> Reply {
    let logs = witness.logs();
    let log = logs.iter().find(|log| origin_hash(&log.origin) == hash);
    match log.map(|log| witness.last(&log.origin)) {
        Some(Ok(Some(checkpoint))) => Reply::text(200, checkpoint.note().to_string()),
        Some(Ok(None)) | None => Reply::text(404, "no checkpoint of that log was signed here\n"),
        Some(Err(refusal)) => Reply::text(refusal.status(), format!("{}\n", told(&refusal))),
    }
}
