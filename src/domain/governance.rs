//! The ledger about itself, and about its own announcements: corrections, keys, policies, erasure.

use crate::domain::announcement::{Kind, Replacement};
use crate::domain::id::{AnnouncementId, Origin, Recorder};
use crate::domain::party::code;
use crate::domain::shape::{Code, Shape, Shaped, record, vocabulary};
use crate::domain::source::Address;

record! {
    /// An announcement was wrong from the start; another may take its place.
    pub struct Correction {
        /// The announcement that was wrong.
        required corrects: AnnouncementId,
        /// How it came to be wrong.
        required because: CorrectionCause,
        /// The kind and body that take its place.
        optional replacement: Replacement,
        /// Why, in a sentence.
        optional reason: String as Prose,
    }
}

vocabulary! {
    /// How an announcement came to be wrong.
    pub enum CorrectionCause {
        /// It never was so.
        NeverTrue = "never-true",
        /// Better information came.
        BetterInformation = "better-information",
    }
}

record! {
    /// An announcement is taken back: its source withdrew it, or it was recorded by mistake.
    pub struct Retraction {
        /// The announcement that is taken back.
        required retracts: AnnouncementId,
        /// Why.
        required reason: String as Prose,
    }
}

record! {
    /// Another source denies an announcement.
    pub struct Dispute {
        /// The announcement that is denied.
        required of: AnnouncementId,
        /// What is denied, and how.
        optional reason: String as Prose,
    }
}

record! {
    /// Another source says the same as an announcement.
    pub struct Confirmation {
        /// The announcement that is confirmed.
        required of: AnnouncementId,
        /// In which words.
        optional reason: String as Prose,
    }
}

record! {
    /// The first event: which log it is, and who may record.
    pub struct Genesis {
        /// The verifier key of the log.
        required log_key: LogKey,
        /// The ledger's name.
        required origin: Origin,
        /// The recorders of the first hour.
        nonempty recorders: Authorised,
    }
}

record! {
    /// A recorder with a key and roles.
    pub struct Authorised {
        /// The public key, as OpenSSH writes it, without comment.
        required key: RecorderKey,
        /// The recorder's name.
        required recorder: Recorder,
        /// What the recorder may do.
        nonempty roles: RecorderRole,
    }
}

vocabulary! {
    /// What a recorder may do.
    pub enum RecorderRole {
        /// Change keys, policies and documents.
        Admin = "admin",
        /// Append announcements.
        Recorder = "recorder",
        /// Attest announcements.
        Reviewer = "reviewer",
    }
}

record! {
    /// A recorder may no longer use a key.
    pub struct RecorderRevoked {
        /// Why.
        required because: RevocationCause,
        /// The key.
        required key: RecorderKey,
        /// The recorder's name.
        required recorder: Recorder,
        /// The first event that may not be the recorder's own, where a key was compromised.
        optional suspect_from: u64,
    }
}

vocabulary! {
    /// Why a key is no longer used.
    pub enum RevocationCause {
        /// Another takes its place, or the recorder left.
        Retired = "retired",
        /// It cannot be found.
        Lost = "lost",
        /// Somebody else may have it.
        Compromised = "compromised",
    }
}

record! {
    /// Events bear times that were wrong: the clock was ahead when they were recorded.
    pub struct ClockCorrected {
        /// The first event whose time was wrong; those after it, up to this one, are no later than this one.
        required from: u64,
        /// How it came to be wrong.
        required reason: String as Prose,
    }
}

record! {
    /// The log signs with another key from now on.
    pub struct LogKeyChanged {
        /// Why.
        required because: RevocationCause,
        /// The key from now on.
        required new: LogKey,
        /// The key until now.
        required old: LogKey,
    }
}

record! {
    /// Which kinds of announcements count only once reviewers have confirmed them.
    pub struct Policy {
        /// The kinds and the numbers of reviewers, in place of every earlier policy.
        nonempty confirm: Confirm,
    }
}

record! {
    /// Kinds that need reviewers.
    pub struct Confirm {
        /// The kinds.
        nonempty kinds: Kind,
        /// How many reviewers; 0 lifts the policy.
        required reviewers: u64,
    }
}

record! {
    /// A reviewer confirms or rejects an announcement.
    pub struct Attestation {
        /// The announcement.
        required of: AnnouncementId,
        /// The verdict.
        required verdict: Verdict,
        /// Why; required with a rejection.
        optional reason: String as Prose,
    }
}

vocabulary! {
    /// A reviewer's verdict.
    pub enum Verdict {
        /// The evidence holds.
        Confirm = "confirm",
        /// The evidence does not hold.
        Reject = "reject",
    }
}

record! {
    /// What a compromised key signed is true all the same.
    pub struct Reaffirmation {
        /// The announcements.
        nonempty of: AnnouncementId,
        /// Why.
        required reason: String as Prose,
    }
}

record! {
    /// Documents were deleted; the events that name them stay.
    pub struct Erasure {
        /// On whose authority.
        required authority: String as Prose,
        /// The documents.
        nonempty documents: Address,
        /// Why.
        required reason: String as Prose,
    }
}

code!(
    /// A recorder's public key, as OpenSSH writes it, without comment.
    RecorderKey,
    "an OpenSSH public key of type ssh-ed25519 or sk-ssh-ed25519@openssh.com, without comment",
    |text| text.len() <= 512
        && text.is_ascii()
        && (text.starts_with("ssh-ed25519 AAAA") || text.starts_with("sk-ssh-ed25519@openssh.com AAAA"))
        && text.split(' ').count() == 2
);
code!(
    /// A log's verifier key, as signed notes write it.
    LogKey,
    "a verifier key: name+key id+key",
    |text| text.len() <= 256 && text.is_ascii() && text.splitn(3, '+').count() == 3
);
