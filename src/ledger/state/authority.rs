//! Who may sign what: the keys and roles at a position of the log, folded from the ledger's own announcements.
//!
//! Validity goes by position, never by clock. A key may sign after it was added and before it was revoked; what it
//! signed stays valid when it is retired. That others may have had it can be said later too, and changes nothing here.

use std::collections::BTreeMap;

use crate::domain::announcement::{Body, Kind};
use crate::domain::governance::{Authorised, Genesis, RecorderRevoked, RecorderRole, RevocationCause};
use crate::domain::id::Recorder;
use crate::event::snapshot::Recorded;
use crate::integrity::note_key::Vkey;
use crate::integrity::ssh_key::PublicKey;

/// The keys and roles before the next event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Authority {
    keys: BTreeMap<PublicKey, KeyHistory>,
    /// Each with the event that named it.
    log_keys: Vec<(u64, Vkey)>,
}

/// What became of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyHistory {
    /// Whose it is.
    pub recorder: Recorder,
    /// What its recorder may do with it.
    pub roles: Vec<RecorderRole>,
    /// The event that added it.
    pub added: u64,
    /// The event that revoked it, the first if a later one says that others may have had it.
    pub revoked: Option<u64>,
}

/// Why a signer may not append, or why a change of keys cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityFault {
    /// Nobody added this key.
    #[error("the key {key} was never added to this ledger")]
    UnknownKey {
        /// Its fingerprint.
        key: String,
    },
    /// The key belongs to somebody else.
    #[error("the key {key} belongs to {owner}, not to {recorder}")]
    OthersKey {
        /// Its fingerprint.
        key: String,
        /// Whose it is.
        owner: Recorder,
        /// Who was named.
        recorder: Recorder,
    },
    /// The key was revoked before.
    #[error("the key {key} was revoked by event {by}")]
    Revoked {
        /// Its fingerprint.
        key: String,
        /// The event.
        by: u64,
    },
    /// The signer lacks the role.
    #[error("`{kind}` needs the role {role}, which {recorder} does not have")]
    Role {
        /// Who signed.
        recorder: Recorder,
        /// What is needed.
        role: RecorderRole,
        /// For which kind.
        kind: Kind,
    },
    /// The first event founds the ledger, and no other does.
    #[error("a ledger begins with its genesis, and has only one")]
    Genesis,
    /// A key that is added is there already.
    #[error("the key {key} is already {owner}'s")]
    KeyTaken {
        /// Its fingerprint.
        key: String,
        /// Whose it is.
        owner: Recorder,
    },
    /// A key that is added has the Ed25519 key of one that is there, or was.
    #[error("the key {key} is {owner}'s key {known} in another form")]
    SamePoint {
        /// Its fingerprint.
        key: String,
        /// The fingerprint of the other.
        known: String,
        /// Whose that is.
        owner: Recorder,
    },
    /// A log key cannot be a recorder's.
    #[error("the key {key} cannot be both the log's and a recorder's")]
    LogKey {
        /// Its fingerprint.
        key: String,
    },
    /// Nobody could change keys any more.
    #[error("{recorder} is the last admin, and cannot be removed")]
    LastAdmin {
        /// Who.
        recorder: Recorder,
    },
    /// The log key that is changed is not the one in use.
    #[error("the log key in use is {expected}, not {found}")]
    OtherLogKey {
        /// The key in use.
        expected: String,
        /// What the event says.
        found: String,
    },
    /// Text that is no key.
    #[error("{0}")]
    NotKey(String),
}

/// A key whose loss could not be made good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyAtRisk {
    /// No other key is an admin's, and no copy of this one is known: without it nobody changes a key any more.
    OnlyAdmin {
        /// Whose it is.
        recorder: Recorder,
        /// The key.
        key: PublicKey,
    },
    /// No copy of the log's key is known, which an admin can have replaced.
    Log {
        /// The key.
        key: Vkey,
    },
}

impl Authority {
    /// By events in their order, among which are all that change keys. What could not be changed then changes nothing,
    /// and is `verify`'s to tell.
    pub fn of(events: &[Recorded]) -> Self {
        let mut authority = Self::default();
        for event in events {
            let _ = authority.apply(event.seq, &event.announcement.body);
        }
        authority
    }

    /// Every key that was ever added, with what became of it.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, &KeyHistory)> {
        self.keys.iter()
    }

    /// The log key in use.
    pub fn log_key(&self) -> Option<&Vkey> {
        self.log_keys.last().map(|(_, key)| key)
    }

    /// The event that named the log key in use.
    pub fn log_key_since(&self) -> Option<u64> {
        self.log_keys.last().map(|(named, _)| *named)
    }

    /// Every log key that there was, in their order.
    pub fn log_keys(&self) -> impl Iterator<Item = &Vkey> {
        self.log_keys.iter().map(|(_, key)| key)
    }

    /// Returns the event that put another key in the place of a log key, which is given as it is written; nothing, if it is in use or
    /// was never the log's.
    pub fn log_key_replaced(&self, key: &str) -> Option<u64> {
        let position = self.log_keys.iter().position(|(_, known)| known.to_string() == key)?;
        self.log_keys.get(position + 1).map(|(named, _)| *named)
    }

    /// The log key that was in use when the log had so many events: checkpoints of that size are signed with it.
    pub fn log_key_at(&self, size: u64) -> Option<&Vkey> {
        self.log_keys.iter().rev().find(|(named, _)| *named < size).map(|(_, key)| key)
    }

    /// The recorder whose key this is, if it may still sign.
    ///
    /// # Errors
    ///
    /// [`AuthorityFault::UnknownKey`], [`AuthorityFault::Revoked`].
    pub fn recorder_of(&self, key: &PublicKey) -> Result<&Recorder, AuthorityFault> {
        let history = self.keys.get(key).ok_or_else(|| AuthorityFault::UnknownKey { key: key.fingerprint() })?;
        match history.revoked {
            Some(by) => Err(AuthorityFault::Revoked { key: key.fingerprint(), by }),
            None => Ok(&history.recorder),
        }
    }

    /// Checks that `recorder` may, with this key, sign a batch that holds this body.
    ///
    /// The state is the one before the batch's first event. A genesis is signed by an admin whom it names itself.
    ///
    /// # Errors
    ///
    /// An [`AuthorityFault`] saying what is missing.
    pub fn check(&self, key: &PublicKey, recorder: &Recorder, body: &Body) -> Result<(), AuthorityFault> {
        if let Body::Genesis(genesis) = body {
            if !self.keys.is_empty() {
                return Err(AuthorityFault::Genesis);
            }
            return Self::founded(genesis)?.check_role(key, recorder, Kind::Genesis);
        }
        self.check_role(key, recorder, body.kind())
    }

    /// The same for any body of a kind that tells of the world, or needs no more than a role.
    ///
    /// # Errors
    ///
    /// An [`AuthorityFault`] saying what is missing.
    pub(crate) fn check_role(&self, key: &PublicKey, recorder: &Recorder, kind: Kind) -> Result<(), AuthorityFault> {
        let owner = self.recorder_of(key)?;
        if owner != recorder {
            let (owner, recorder) = (owner.clone(), recorder.clone());
            return Err(AuthorityFault::OthersKey { key: key.fingerprint(), owner, recorder });
        }
        let role = role_for(kind);
        let has = self.keys.get(key).is_some_and(|history| history.roles.contains(&role));
        if has { Ok(()) } else { Err(AuthorityFault::Role { recorder: recorder.clone(), role, kind }) }
    }

    /// Checks that neither this key nor another form of it is or was a recorder's: a key that was revoked never
    /// returns.
    ///
    /// # Errors
    ///
    /// [`AuthorityFault::Revoked`], [`AuthorityFault::KeyTaken`], [`AuthorityFault::SamePoint`].
    pub fn check_new(&self, key: &PublicKey) -> Result<(), AuthorityFault> {
        let known = key.forms().into_iter().find_map(|form| Some((form, self.keys.get(&form)?)));
        let Some((known, history)) = known else { return Ok(()) };
        let (key_of, owner) = (key.fingerprint(), history.recorder.clone());
        Err(match history.revoked {
            _ if known != *key => AuthorityFault::SamePoint { key: key_of, known: known.fingerprint(), owner },
            Some(by) => AuthorityFault::Revoked { key: key_of, by },
            None => AuthorityFault::KeyTaken { key: key_of, owner },
        })
    }

    /// Applies a change of keys; other kinds change nothing.
    ///
    /// # Errors
    ///
    /// An [`AuthorityFault`] if the change cannot be; the state is then as it was.
    pub fn apply(&mut self, seq: u64, body: &Body) -> Result<(), AuthorityFault> {
        match body {
            Body::Genesis(genesis) if self.keys.is_empty() => *self = Self::founded(genesis)?,
            Body::Genesis(_) => return Err(AuthorityFault::Genesis),
            Body::RecorderAdded(added) => self.add(seq, added)?,
            Body::RecorderRevoked(revoked) => self.revoke(seq, revoked)?,
            Body::LogKeyChanged(change) => {
                let (old, new) = (vkey(change.old.as_str())?, vkey(change.new.as_str())?);
                if self.log_key() != Some(&old) {
                    let expected = self.log_key().map_or_else(String::new, ToString::to_string);
                    return Err(AuthorityFault::OtherLogKey { expected, found: old.to_string() });
                }
                if let Some(taken) = self.keys.keys().find(|key| key.point() == new.point()) {
                    return Err(AuthorityFault::LogKey { key: taken.fingerprint() });
                }
                if self.log_keys.iter().any(|(_, known)| known.point() == new.point()) || new.name() != old.name() {
                    return Err(AuthorityFault::NotKey(format!(
                        "`{new}` cannot follow `{old}`: a new key, of the same name"
                    )));
                }
                self.log_keys.push((seq, new));
            }
            _ => {}
        }
        Ok(())
    }

    fn founded(genesis: &Genesis) -> Result<Self, AuthorityFault> {
        let log_key = vkey(genesis.log_key.as_str())?;
        if log_key.name() != genesis.origin.as_str() {
            let found = log_key.to_string();
            return Err(AuthorityFault::OtherLogKey { expected: format!("{}+…", genesis.origin), found });
        }
        let mut authority = Self { keys: BTreeMap::new(), log_keys: vec![(0, log_key)] };
        for recorder in &genesis.recorders {
            authority.add(0, recorder)?;
        }
        Ok(authority)
    }

    fn add(&mut self, seq: u64, added: &Authorised) -> Result<(), AuthorityFault> {
        let key = public_key(added.key.as_str())?;
        self.check_new(&key)?;
        if self.log_keys.iter().any(|(_, log_key)| log_key.point() == key.point()) {
            return Err(AuthorityFault::LogKey { key: key.fingerprint() });
        }
        let (recorder, roles) = (added.recorder.clone(), added.roles.clone());
        self.keys.insert(key, KeyHistory { recorder, roles, added: seq, revoked: None });
        Ok(())
    }

    fn revoke(&mut self, seq: u64, revoked: &RecorderRevoked) -> Result<(), AuthorityFault> {
        let key = public_key(revoked.key.as_str())?;
        let fault = || AuthorityFault::UnknownKey { key: key.fingerprint() };
        let history = self.keys.get(&key).ok_or_else(fault)?;
        if history.recorder != revoked.recorder {
            let (owner, recorder) = (history.recorder.clone(), revoked.recorder.clone());
            return Err(AuthorityFault::OthersKey { key: key.fingerprint(), owner, recorder });
        }
        match history.revoked {
            // What it signed until then is in doubt since; that it signs nothing any more is so already.
            Some(_) if revoked.because == RevocationCause::Compromised => return Ok(()),
            Some(by) => return Err(AuthorityFault::Revoked { key: key.fingerprint(), by }),
            None => {}
        }
        let admins = |(_, history): &(&PublicKey, &KeyHistory)| {
            history.revoked.is_none() && history.roles.contains(&RecorderRole::Admin)
        };
        if self.keys.iter().filter(admins).all(|(other, _)| *other == key) {
            return Err(AuthorityFault::LastAdmin { recorder: revoked.recorder.clone() });
        }
        if let Some(history) = self.keys.get_mut(&key) {
            history.revoked = Some(seq);
        }
        Ok(())
    }
}

/// The role that signing an announcement of this kind needs.
const fn role_for(kind: Kind) -> RecorderRole {
    match kind {
        Kind::Attestation => RecorderRole::Reviewer,
        kind if kind.is_about_ledger() => RecorderRole::Admin,
        _ => RecorderRole::Recorder,
    }
}

fn public_key(text: &str) -> Result<PublicKey, AuthorityFault> {
    text.parse().map_err(|error| AuthorityFault::NotKey(format!("`{text}` is not a recorder's key: {error}")))
}

fn vkey(text: &str) -> Result<Vkey, AuthorityFault> {
    text.parse().map_err(|error| AuthorityFault::NotKey(format!("`{text}` is not a log key: {error}")))
}
