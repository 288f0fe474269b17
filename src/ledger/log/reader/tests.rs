//! What is wrong first is told, whichever thread comes upon it.

use super::*;
use crate::domain::agreement::Mission;
use crate::domain::announcement::Announcement;
use crate::domain::id::{AnnouncementId, MissionId, Recorder};
use crate::domain::timestamp::Timestamp;
use crate::event::chain::Chain;
use crate::event::statement::{Event, Header, write_statement};
use crate::ledger::log::replay::MIN_PART;

/// Enough for two threads, wherever there are two cores.
pub(in crate::ledger) const LEN: u64 = 2 * MIN_PART + 100;

pub(in crate::ledger) fn origin() -> Origin {
    Origin::parse("ledger.example/parts").expect("an origin")
}

pub(in crate::ledger) fn now() -> Timestamp {
    Timestamp::from_unix_ms(0).expect("a moment")
}

/// A chain of one batch, of which only the signature is missing.
pub(in crate::ledger) fn unsigned() -> Vec<Vec<u8>> {
    let id: MissionId = MissionId::parse("m").expect("an id");
    let described = Mission { id, title: "M".to_owned(), programme: None, also_known_as: Vec::new(), from: None };
    let announcement = Announcement::of(described);
    let id = AnnouncementId::parse("mission:m").expect("an id");
    let mut prev = crate::integrity::digest::genesis_prev(origin().as_str());
    let write = |seq| {
        let header = Header {
            batch: LEN,
            ledger: origin(),
            prev,
            recorded: now(),
            recorder: Recorder::parse("desk").expect("a recorder"),
            seq,
        };
        let value = write_statement(&header, &id, &announcement).expect("plain text").into_bytes();
        prev = event_hash(&value);
        value
    };
    (0..LEN).map(write).collect()
}

/// What is wrong first, read one after the other.
fn first_damage(values: &[Vec<u8>]) -> Option<Damage> {
    let mut chain = Chain::new(origin());
    (0..).zip(values).find_map(|(seq, bytes)| match Event::recall(bytes) {
        Err(error) => Some(Damage { seq, what: error.to_string() }),
        Ok(event) => chain.push(&event).first().map(|fault| Damage { seq, what: fault.to_string() }),
    })
}

fn check(values: &[Vec<u8>], at: u64) {
    let log = Log::of(&Folder::at("nowhere"), origin(), values).expect("they are no longer than events");
    let Err(OpenError::Damaged(found)) = log.snapshot() else { panic!("it is damaged") };
    assert_eq!(found.seq, at);
    if let Some(first) = first_damage(values) {
        assert_eq!(found, first);
    }
}

#[test]
fn the_first_damage_is_told_whichever_thread_comes_upon_it() {
    let whole = unsigned();
    check(&whole, LEN - 1);
    let place = |seq: u64| usize::try_from(seq).expect("a small number");
    for at in [0, 1, LEN / 2 - 1, LEN / 2, LEN / 2 + 1, LEN - 1] {
        let mut unreadable = whole.clone();
        unreadable[place(at)].pop();
        unreadable[place(LEN - 1)].clear();
        check(&unreadable, at);

        let mut swapped = whole.clone();
        swapped[place(at)] = whole[place((at + 2) % LEN)].clone();
        check(&swapped, at);
    }
}
