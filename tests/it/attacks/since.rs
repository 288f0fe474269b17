//! What is verified since a checkpoint: where the log goes on from it, what is new is verified as by the whole; where it does
//! not, the whole is.

use super::{Ledger, another_day, check, checkpoint, failed};
use servanda::ledger::verify::{Layer, Outside, Report};

/// What is found since the checkpoint of the first events, so many.
fn since(ledger: &Ledger, values: &[Vec<u8>], signed: &[Vec<u8>]) -> Report {
    let since = Some(("last".to_owned(), checkpoint(signed)));
    ledger.verify_with(values, &Outside { since, ..Outside::default() })
}

/// What the layer of checkpoints says first.
fn told(report: &Report) -> &str {
    let layer = report.layers.iter().find(|layer| layer.layer == Layer::Checkpoints).expect("every layer is there");
    layer.faults.first().map_or("", |fault| fault.what.as_str())
}

#[test]
fn a_log_that_goes_on_from_a_checkpoint_is_read_from_there() {
    let ledger = Ledger::new();
    for size in [1, 4, 7, 9] {
        let report = since(&ledger, &ledger.values, &ledger.values[..size]);
        check(&report, &[], &[]);
        let size = size as u64;
        assert_eq!((report.since, report.events), (Some(size), 9 - size));
        assert_eq!(report.head, ledger.verify(&ledger.values).head);
    }
}

#[test]
fn a_history_rewritten_with_the_recorders_key_before_a_checkpoint_is_found_since_it() {
    let ledger = Ledger::new();
    let report = since(&ledger, &ledger.rewritten(5, another_day), &ledger.values[..7]);
    check(&report, &[Layer::Checkpoints], &[6]);
    assert!(told(&report).starts_with("last: FORK: "), "{report:#?}");
    assert_eq!(report.since, None, "all of it was verified");
}

#[test]
fn a_log_that_is_shorter_than_the_checkpoint_is_found_since_it() {
    let ledger = Ledger::new();
    let report = since(&ledger, &ledger.values[..7], &ledger.values);
    assert_eq!(failed(&report), [Layer::Checkpoints]);
    assert!(told(&report).starts_with("last: ROLLBACK: ") && report.since.is_none(), "{report:#?}");
}

#[test]
fn a_checkpoint_within_a_batch_is_none_to_go_on_from() {
    let ledger = Ledger::new();
    let report = since(&ledger, &ledger.values, &ledger.values[..5]);
    check(&report, &[Layer::Checkpoints], &[4]);
    assert!(told(&report).contains("within a batch") && report.since.is_none(), "{report:#?}");
}

#[test]
fn whatever_is_changed_anywhere_is_found_since_a_checkpoint_if_the_whole_finds_it_in_what_is_new() {
    let ledger = Ledger::new();
    for size in [1, 4, 7] {
        for seq in size..ledger.values.len() {
            let mut values = ledger.values.clone();
            let middle = values[seq].len() / 2;
            values[seq][middle] ^= 1;
            let (found, whole) = (since(&ledger, &values, &ledger.values[..size]), ledger.verify(&values));
            assert_eq!((failed(&found), found.first_bad()), (failed(&whole), whole.first_bad()), "{size}, {seq}");
        }
    }
}
