//! Whoever owns the disk changes, removes, repeats, moves or adds something: verification finds it and says where.
//!
//! An event is bad if its bytes do not hash to the `prev` of the next; for the last one its signature tells. So a change
//! of `prev` itself accuses two events: the one that was changed, and the one before it, for which nobody vouches any more.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Ledger, ORIGIN, accused, append, append_at, check, failed, log_of, mission, parts, strangers_key, taken};
use crate::support::{is_long, key};
use servanda::integrity::digest::event_hash;
use servanda::ledger::publish::signed_event::batch_end;
use servanda::ledger::verify::{Layer, Outside, Verdict, verify};
use servanda::ledger::{AppendError, ClockFault};

/// The bytes of the value of `prev`.
fn place_of_prev(value: &[u8]) -> Range<usize> {
    let (statement, _) = parts(value);
    let start = statement.find("\"prev\":\"").expect("every statement has it") + 8;
    start..start + 64
}
#[test]
fn a_sound_ledger_passes() {
    let ledger = Ledger::new();
    let report = ledger.verify(&ledger.values);
    check(&report, &[], &[]);
    let bytes: usize = ledger.values.iter().map(Vec::len).sum();
    assert_eq!((report.events, report.bytes), (9, bytes as u64));
    let covered: Vec<&str> = report.layers[..3].iter().map(|layer| layer.covered.as_str()).collect();
    let signed = "4 batches; not checked against anything outside: genesis is self-asserted";
    assert_eq!(covered, [&format!("9 events, {bytes} bytes"), "9 events", signed]);
    assert_eq!(report.layers[6].verdict, Verdict::NotChecked("none is kept".into()));
}

#[test]
fn an_edit_of_any_byte_is_found_and_its_event_named() {
    let ledger = Ledger::new();
    let mut covered = 0;
    for seq in 0..ledger.values.len() {
        let prev = place_of_prev(&ledger.values[seq]);
        for at in 0..ledger.values[seq].len() {
            const MASKS: [u8; 2] = [0x01, 0x20];
            for mask in if is_long() { MASKS.to_vec() } else { vec![MASKS[at % 2]] } {
                let mut values = ledger.values.clone();
                values[seq][at] ^= mask;
                let report = ledger.verify(&values);
                let seq = seq as u64;
                assert!(accused(&report).contains(&seq), "byte {at} of event {seq} xor {mask}: {report:#?}");
                let first = if prev.contains(&at) { seq.saturating_sub(1) } else { seq };
                let readable = !failed(&report).contains(&Layer::Bytes);
                let first = if readable { first } else { seq };
                assert_eq!(report.first_bad(), Some(first), "byte {at} of event {seq} xor {mask}: {report:#?}");
            }
            covered += 1;
        }
    }
    assert_eq!(covered, ledger.values.iter().map(Vec::len).sum::<usize>());
}

#[test]
fn a_deletion_is_found_by_the_chain_at_the_event_before_the_gap() {
    let ledger = Ledger::new();
    for seq in 0..ledger.values.len() {
        let mut values = ledger.values.clone();
        values.remove(seq);
        let report = ledger.verify(&values);
        // Cut at the very end, it is the batch that lacks its signed event; else the one before the gap has a stranger
        // for a successor.
        assert_eq!(report.first_bad(), Some(seq.saturating_sub(1) as u64), "event {seq} removed: {report:#?}");
        assert!(failed(&report).contains(&Layer::Chain), "{report:#?}");
    }
}

#[test]
fn an_insertion_is_found_by_the_chain_where_it_stands() {
    let ledger = Ledger::new();
    let strangers = Ledger::founded(ORIGIN, &strangers_key());
    let strange = strangers.values[0].clone();
    for at in 1..=ledger.values.len() {
        for slipped_in in [ledger.values[at - 1].clone(), strange.clone()] {
            let mut values = ledger.values.clone();
            values.insert(at, slipped_in);
            let report = ledger.verify(&values);
            let at = at as u64;
            assert!(accused(&report).contains(&at), "inserted at {at}: {report:#?}");
            assert_eq!(report.first_bad(), Some(at - 1), "inserted at {at}: {report:#?}");
        }
    }
    let mut values = ledger.values.clone();
    values.insert(0, strange);
    assert_eq!(ledger.verify(&values).first_bad(), Some(0));
}

#[test]
fn a_reordering_is_found_by_the_chain_where_it_begins() {
    let ledger = Ledger::new();
    for seq in 0..ledger.values.len() - 1 {
        let mut values = ledger.values.clone();
        values.swap(seq, seq + 1);
        let report = ledger.verify(&values);
        assert!(accused(&report).is_superset(&BTreeSet::from([seq as u64, seq as u64 + 1])), "{seq}: {report:#?}");
        assert_eq!(report.first_bad(), Some(seq.saturating_sub(1) as u64), "{seq}: {report:#?}");
    }
}

#[test]
fn a_gap_does_not_accuse_all_that_follows() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    values.remove(4);
    check(&ledger.verify(&values), &[Layer::Chain], &[3, 4]);
}

#[test]
fn an_unreadable_end_of_a_batch_does_not_accuse_the_next_batch() {
    let ledger = Ledger::new();
    let mut values = ledger.values.clone();
    values[3][0] = b'[';
    check(&ledger.verify(&values), &[Layer::Bytes, Layer::Chain], &[3]);
}

#[test]
fn an_unreadable_event_hides_nothing_that_comes_after_it() {
    let ledger = Ledger::new();
    // The end of its batch must still be of that batch.
    let later = |line: &str| line.replace("00:00:01.000Z", "00:00:02.000Z");
    let mut values = ledger.rewritten_with(Some(&key()), 6..=8, later);
    values[5][0] = b'[';
    check(&ledger.verify(&values), &[Layer::Bytes, Layer::Chain], &[5, 6]);
    // And every other event must still say where it stands.
    let mut values = ledger.rewritten(4, |line| line.replace("\"seq\":4", "\"seq\":99"));
    values[2][0] = b'[';
    let report = ledger.verify(&values);
    let told = "says that it is event 99, and stands at 4";
    assert!(report.layers[1].faults.iter().any(|fault| fault.seq == 4 && fault.what == told), "{report:#?}");
}

#[test]
fn an_event_that_repeats_the_number_of_the_one_before_it_follows_it_nowhere() {
    let ledger = Ledger::new();
    // Also where reading begins with the one before it.
    for seq in [1, 5] {
        let (own, before) = (format!("\"seq\":{seq},"), format!("\"seq\":{},", seq - 1));
        let values = ledger.rewritten(seq, |line| line.replace(&own, &before));
        check(&ledger.verify(&values), &[Layer::Chain], &[seq as u64]);
        assert!(log_of(&ledger.folder, ORIGIN, &values).snapshot().is_err());
        let refused = batch_end(&values[seq - 1], &values[seq..].concat()).expect_err("it does not follow");
        let told = format!("says that it is event {}, and stands at {seq}", seq - 1);
        assert!(seq == 1 || refused.to_string().ends_with(&told), "{refused}");
    }
}

#[test]
fn a_tail_cut_within_a_batch_is_found_by_the_chain_at_its_missing_end() {
    let ledger = Ledger::new();
    for len in [2, 3, 5, 6, 8] {
        check(&ledger.verify(&ledger.values[..len]), &[Layer::Chain], &[len as u64 - 1]);
    }
    check(&ledger.verify(&[]), &[Layer::Chain], &[0]);
}

#[test]
fn a_batch_that_ends_before_it_begins_or_far_beyond_is_found_by_the_chain() {
    let ledger = Ledger::new();
    let ends_with = |end: u64| {
        let said = format!("\"batch\":{end},");
        ledger.verify(&ledger.rewritten(7, |line| line.replace("\"batch\":8,", &said)))
    };
    // 65,536 events are a batch, and the next event should say so too.
    check(&ends_with(7 + 65_535), &[Layer::Chain], &[8]);
    check(&ends_with(7 + 65_536), &[Layer::Chain], &[7, 8]);
    check(&ends_with(6), &[Layer::Chain], &[7, 8]);
}

#[test]
fn a_genesis_that_founds_another_ledger_than_its_own_is_found_by_the_chain() {
    let ledger = Ledger::new();
    let body = |origin: &str| format!("\"origin\":\"{origin}\"");
    let report = ledger.verify(&ledger.rewritten(0, |line| line.replace(&body(ORIGIN), &body("test.example/other"))));
    assert_eq!(report.first_bad(), Some(0));
    let told = report.layers[1].faults.iter().any(|fault| fault.what.contains("founds the ledger test.example/other"));
    assert!(told, "{report:#?}");
}

#[test]
fn a_statement_that_says_the_same_in_other_bytes_is_refused_whoever_signed_it() {
    let ledger = Ledger::new();
    let spelt = |change: &dyn Fn(&str) -> String| ledger.verify(&ledger.rewritten(8, change));
    check(&spelt(&|line| line.to_owned()), &[], &[]);
    let changes: [&dyn Fn(&str) -> String; 7] = [
        &|line| line.replacen(':', ": ", 1),
        &|line| line.replace("\"opened\"", "\"open\\u0065d\""),
        &|line| line.replacen("{\"batch\":8,", "{", 1).replace(",\"v\":1}", ",\"v\":1,\"batch\":8}"),
        &|line| line.replace("\"batch\":8", "\"batch\":8.0"),
        &|line| line.replace("\"batch\":8", "\"batch\":8,\"batch\":8"),
        &|line| line.replace(",\"v\":1}", ",\"standing\":\"confirmed\",\"v\":1}"),
        &|line| line.replace("\"v\":1}", "\"v\":1,\"w\":1}"),
    ];
    for change in changes {
        check(&spelt(change), &[Layer::Bytes], &[8]);
    }
}

#[test]
fn an_edit_is_found_by_the_chain_and_at_the_end_of_a_batch_by_its_signature_too() {
    let ledger = Ledger::new();
    for (seq, layers) in [
        (1, &[Layer::Chain][..]),
        (4, &[Layer::Chain]),
        (3, &[Layer::Chain, Layer::Signatures]),
        (6, &[Layer::Chain, Layer::Signatures]),
        (8, &[Layer::Signatures]),
    ] {
        let mut values = ledger.values.clone();
        let text = String::from_utf8(values[seq].clone()).expect("events are text");
        let place =
            text.find("\"no_evidence\":\"made").or(text.find("\"publisher\":\"The")).expect("it rests on something");
        values[seq][place + 16] ^= 1;
        check(&ledger.verify(&values), layers, &[seq as u64]);
    }
}

#[test]
fn events_of_two_ledgers_swapped_are_found_by_the_chains_of_both() {
    let (ledger, other) = (Ledger::new(), Ledger::founded("test.example/other", &key()));
    for seq in 1..ledger.values.len() {
        let (mut values, mut others) = (ledger.values.clone(), other.values.clone());
        std::mem::swap(&mut values[seq], &mut others[seq]);
        let theirs = verify(&log_of(&other.folder, "test.example/other", &others), &Outside::default());
        for report in [ledger.verify(&values), theirs] {
            // It is the right recorder's, and rightly signed: by the chain alone it is a stranger.
            check(&report, &[Layer::Chain], &[seq as u64 - 1, seq as u64]);
        }
    }
}

#[test]
fn a_replay_of_another_ledgers_event_is_found_by_the_chain_and_refitted_by_its_signature() {
    let (ledger, other) = (Ledger::new(), Ledger::founded("test.example/other", &key()));
    append(&other.folder, mission("m-9"), &key()).expect("it is admissible");
    let genuine = taken(&other.folder).pop().expect("it was appended");
    let mut values = ledger.values.clone();
    values.push(genuine.clone());
    let report = ledger.verify(&values);
    check(&report, &[Layer::Chain], &[8, 9]);
    assert!(report.layers[1].faults.iter().any(|fault| fault.what.contains("test.example/other")), "{report:#?}");

    // Made to fit, it is no longer what its recorder signed.
    let (statement, armor) = parts(&genuine);
    let own_prev = std::str::from_utf8(&genuine[place_of_prev(&genuine)]).expect("hex digits");
    let fitted = statement.replace("test.example/other", ORIGIN);
    let fitted = fitted.replace(own_prev, &event_hash(&ledger.values[8]).to_string());
    values[9] = format!("{fitted}\n{}", armor.expect("it stands alone")).into_bytes();
    check(&ledger.verify(&values), &[Layer::Signatures], &[9]);
}

#[test]
fn a_whole_ledger_under_another_name_is_found_by_the_chain_at_every_event() {
    let ledger = Ledger::new();
    let report = verify(&log_of(&ledger.folder, "test.example/other", &ledger.values), &Outside::default());
    check(&report, &[Layer::Chain], &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_backdated_event_is_found_by_the_chain_even_if_the_recorder_signed_it() {
    let ledger = Ledger::new();
    let recorded = |from: &'static str, to: &'static str| {
        move |line: &str| {
            let changed = line.replace(from, to);
            assert_ne!(changed, line, "it was recorded then");
            changed
        }
    };
    let (genuine, early, late) = ("00:00:01.000Z", "00:00:00.999Z", "00:00:02.000Z");
    let values = ledger.rewritten_with(Some(&key()), 7..=8, recorded(genuine, early));
    check(&ledger.verify(&values), &[Layer::Chain], &[7]);
    // Later than those before is no fault; what follows has to be as late.
    let values = ledger.rewritten_with(Some(&key()), 7..=8, recorded(genuine, late));
    check(&ledger.verify(&values), &[], &[]);
    let values = ledger.rewritten_with(Some(&key()), 4..=6, recorded(genuine, late));
    check(&ledger.verify(&values), &[Layer::Chain], &[7]);
    // Within a batch there is one time.
    let values = ledger.rewritten(7, recorded(genuine, late));
    check(&ledger.verify(&values), &[Layer::Chain], &[8]);
}

#[test]
fn a_clock_set_far_back_appends_nothing_and_a_little_back_dates_nothing_back() {
    let ledger = Ledger::new();
    let ten_minutes = 600_000;
    let refused = append_at(&ledger.folder, mission("m-9"), &key(), 1000 - ten_minutes - 1);
    assert!(matches!(refused, Err(AppendError::Clock(ClockFault::Behind { .. }))), "{refused:?}");
    assert_eq!(taken(&ledger.folder), ledger.values);
    append_at(&ledger.folder, mission("m-9"), &key(), 1000 - ten_minutes).expect("it is admissible");
    let newest = taken(&ledger.folder).pop().expect("it was appended");
    assert!(parts(&newest).0.contains("\"recorded\":\"2026-11-23T00:00:01.000Z\""));
}
