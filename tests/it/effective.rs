//! Effective times: which corrections of the clock a chain may have, and what follows from them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;
use servanda::domain::announcement::Announcement;
use servanda::domain::id::Origin;
use servanda::event::effective::Corrections;
use servanda::event::statement::{Event, Header, split};
use servanda::event::{Chain, Snapshot};
use servanda::integrity::digest::event_hash;
use servanda::ledger::verify::{Layer, Outside, Verdict, verify};
use servanda::ledger::{Folder, Log};

use crate::clock::{DAY_MS, append, corrected};
use crate::support::{Desk, armor, body, key, moment, name, read};

/// An event, signed if it ends its batch.
fn signed(statement: &str, ends: bool) -> Vec<u8> {
    let mut value = format!("{statement}\n");
    if ends {
        value += &armor(&key(), &value);
    }
    value.into_bytes()
}

/// Which layers tell of which event, if these are the events.
#[track_caller]
fn check_forged(folder: &Folder, values: &[Vec<u8>], layers: &[Layer], seq: u64) {
    let log = Log::of(folder, name("test.example/ledger"), values).expect("none is too long");
    let report = verify(&log, &Outside::default());
    let failed: Vec<Layer> = report.layers.iter().filter(|of| of.verdict == Verdict::Fail).map(|of| of.layer).collect();
    assert_eq!((failed.as_slice(), report.first_bad()), (layers, Some(seq)), "{report:#?}");
    assert!(log.snapshot().is_err() || layers == [Layer::Signatures], "nobody reads it");
}

#[test]
fn a_correction_that_cannot_be_is_found_by_the_chain_even_if_an_admin_signed_it() {
    let desk = Desk::new();
    let (folder, values) = corrected(desk.path());
    let (statement, _) = split(&values[3]).expect("an event");
    let said = |from: &str, to: &str| {
        let changed = statement.replace(from, to);
        assert_ne!(changed, statement, "it says so");
        let mut values = values.clone();
        values[3] = signed(&changed, true);
        values
    };
    let (from, recorded) = ("\"from\":2", "2026-11-24T00:00:00.000Z");
    for other in ["\"from\":0", "\"from\":3", "\"from\":4", "\"from\":9007199254740991"] {
        check_forged(&folder, &said(from, other), &[Layer::Chain], 3);
    }
    for other in ["2026-11-23T00:00:00.999Z", "2026-11-22T00:00:00.000Z", "2036-11-22T00:00:00.000Z"] {
        check_forged(&folder, &said(recorded, other), &[Layer::Chain], 3);
    }
    // From further back than it need be is no fault, as long as that is no later.
    let log = Log::of(&folder, name("test.example/ledger"), &said(from, "\"from\":1")).expect("none is too long");
    assert!(verify(&log, &Outside::default()).passed());
}

#[test]
fn what_follows_a_correction_is_no_earlier_and_no_other_event_goes_back() {
    let desk = Desk::new();
    let (folder, values) = corrected(desk.path());
    append(&folder, "c", moment(DAY_MS + 1)).expect("the ledger goes on");
    let (log, _) = read(&folder);
    let newest = log.value(4).expect("within").expect("it can be read");
    let (statement, _) = split(&newest).expect("an event");
    let early = statement.replace("2026-11-24T00:00:00.001Z", "2026-11-23T23:59:59.999Z");
    let mut forged = values.clone();
    forged.push(signed(&early, true));
    check_forged(&folder, &forged, &[Layer::Chain], 4);
    // The same time in an event that corrects nothing.
    let prev = |of: &[u8]| event_hash(of).to_string();
    let back = statement.replace("\"batch\":4", "\"batch\":3").replace("\"seq\":4", "\"seq\":3");
    let back = back.replace(&prev(&values[3]), &prev(&values[2]));
    let mut forged = values[..3].to_vec();
    forged.push(signed(&back, true));
    check_forged(&folder, &forged, &[Layer::Chain], 3);
}

#[test]
fn a_correction_in_a_batch_with_others_is_found_by_signatures() {
    let desk = Desk::new();
    let (folder, values) = corrected(desk.path());
    append(&folder, "c", moment(DAY_MS)).expect("the ledger goes on");
    let (log, _) = read(&folder);
    let newest = log.value(4).expect("within").expect("it can be read");
    let (first, second) = (split(&values[3]).expect("an event").0, split(&newest).expect("an event").0);
    let first = signed(&first.replace("\"batch\":3", "\"batch\":4"), false);
    let second = second.replace(&event_hash(&values[3]).to_string(), &event_hash(&first).to_string());
    let forged = [&values[..3], &[first, signed(&second, true)]].concat();
    check_forged(&folder, &forged, &[Layer::Signatures], 3);
}

/// A time of recording, or a correction from an event on.
type Told = (i64, Option<u64>);

/// The effective time of each event by the rule as it is written down.
fn by_the_rule(told: &[Told]) -> Vec<i64> {
    let of = |(seq, (stated, _)): (usize, &Told)| {
        let corrects = |(_, from): &&Told| from.is_some_and(|from| from <= seq as u64);
        told[seq + 1..].iter().filter(corrects).map(|(ms, _)| *ms).chain([*stated]).min().unwrap_or(*stated)
    };
    told.iter().enumerate().map(of).collect()
}

/// Whether an event may follow these, by the rule as it is written down.
fn may_follow(told: &[Told], (ms, from): Told) -> bool {
    let Some(newest) = told.last() else { return from.is_none() };
    match from {
        None => ms >= newest.0,
        Some(from) => {
            let times = by_the_rule(told);
            let before = usize::try_from(from).ok().and_then(|from| from.checked_sub(1));
            let Some(before) = before.and_then(|before| times.get(before.min(times.len() - 1))) else { return false };
            ms >= *before && times.iter().any(|time| *time > ms)
        }
    }
}

/// An event that says so, behind these.
fn event(chain: &Chain, seq: u64, (ms, from): Told) -> Event {
    let body = match from {
        None => body("mission", json!({"id": format!("m-{seq}"), "title": "A mission"})),
        Some(from) => body("clock-corrected", json!({"from": from, "reason": "a test"})),
    };
    let header = Header {
        batch: seq,
        ledger: name("test.example/ledger"),
        prev: chain.head(),
        recorded: moment(ms),
        recorder: name("recorder"),
        seq,
    };
    let hash = event_hash(&seq.to_le_bytes());
    Event { header, id: name(&format!("e-{seq}")), announcement: Announcement::of(body), signature: None, hash }
}

proptest! {
    /// Times near each other, so that many of them meet.
    #[test]
    fn effective_times_are_what_a_slow_model_says(tried in vec((0_i64..40, option::of(0_u64..24)), 1..24)) {
        let origin = name::<Origin>("test.example/ledger");
        let mut chain = Chain::new(origin.clone());
        let (mut told, mut snapshot): (Vec<Told>, Snapshot) = (Vec::new(), Snapshot::new(origin));
        for one in tried {
            let event = event(&chain, told.len() as u64, one);
            let mut next = chain.clone();
            let fits = next.push(&event).is_empty();
            prop_assert_eq!(fits, may_follow(&told, one), "{:?} behind {:?}", one, told);
            if !fits {
                continue;
            }
            chain = next;
            told.push(one);
            snapshot.extend([event]);

            let slow = by_the_rule(&told);
            let corrections = Corrections::of(&snapshot.events);
            let fast: Vec<i64> = snapshot.events.iter().map(|event| corrections.recorded(event).unix_ms()).collect();
            let slow_moments: Vec<i64> = slow.iter().map(|ms| moment(*ms).unix_ms()).collect();
            prop_assert_eq!(&fast, &slow_moments, "{:?}", told);
            prop_assert!(slow.is_sorted(), "{:?}: {:?}", told, slow);
            prop_assert!(slow.iter().zip(&told).all(|(effective, (stated, _))| effective <= stated));
            prop_assert_eq!(chain.recorded(), Some(moment(told[told.len() - 1].0)));
            for ms in 0..40 {
                let known = slow.iter().filter(|time| **time <= ms).count() as u64;
                prop_assert_eq!(snapshot.heads.len_by(moment(ms)), known, "{:?} by {}", told, ms);
            }
        }
    }
}
