//! A small ledger for the tests of this layer: a genesis, and a batch of missions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::agreement::Mission;
use crate::domain::announcement::Announcement;
use crate::domain::id::{AnnouncementId, MissionId, Origin, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::integrity::signing_key::SigningKey;
use crate::ledger::admission::draft::{Batch, Draft};
use crate::ledger::folder::Folder;
use crate::ledger::folder::user::User;
use crate::ledger::keys::signer::KeyFile;
use crate::ledger::log::open::Access;
use crate::ledger::write::append::Options;
use crate::ledger::write::genesis::{NewLedger, StagedLedger};

pub(crate) fn access() -> Access {
    Access { holder: "test".to_owned(), lock_timeout: Duration::from_secs(10) }
}

/// Founds a ledger below a folder, and appends the missions of these ids as one batch.
pub(crate) fn with_missions(desk: &Path, ids: &[&str]) -> Folder {
    let mission = |id: &&str| {
        let id = MissionId::parse(id).expect("an id");
        Announcement::of(Mission { title: "M".to_owned(), programme: None, also_known_as: Vec::new(), from: None, id })
    };
    with(desk, ids.iter().map(|id| (None, mission(id))))
}

/// Founds a ledger below a folder, and appends these announcements as one batch, by these ids or those that they are
/// given.
pub(crate) fn with<'i>(desk: &Path, told: impl Iterator<Item = (Option<&'i str>, Announcement)>) -> Folder {
    let key = KeyFile::of(SigningKey::from_seed(&[7; 32]));
    let now = Timestamp::from_unix_ms(1_795_392_000_000).expect("a moment of 2026");
    let founding = NewLedger {
        origin: Origin::parse("ledger.example/missions").expect("an origin"),
        recorder: Recorder::parse("desk").expect("a recorder"),
        log_key_seed: &[9; 32],
        now,
    };
    let user = User::at(&desk.join("state"), || Ok([5; 32])).expect("there is room");
    let target = Folder::at(desk.join("first")).of(Arc::new(user));
    let mut founded = StagedLedger::new(&target, founding, &key, &access()).expect("it can be founded");
    let drafts = told.map(|(id, mut announcement)| {
        announcement.no_evidence = Some("a test".to_owned());
        let id = id.map(|id| AnnouncementId::parse(id).expect("an id"));
        Draft { id, ..Draft::of(announcement) }
    });
    let batch = Batch { drafts: drafts.collect(), ..Batch::default() };
    founded.ledger.append(&[batch], Options::default(), &key, now).expect("it is admissible");
    founded.publish().expect("it can be moved")
}
