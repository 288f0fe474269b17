//! Whoever has every key makes a history that holds by itself: it is found by who remembers another, a checkpoint, a
//! genesis, a witness. What has a timestamp is in `interop.sh`.

use std::fs;

use super::{Ledger, ORIGIN, another_day, check, checkpoint, failed, kept, log_key, log_of, strangers_key};
use crate::support::key;
use servanda::integrity::LogSigner;
use servanda::integrity::checkpoint::{Checkpoint, Verified};
use servanda::integrity::digest::event_hash;
use servanda::integrity::note::NoteSignature;
use servanda::integrity::note_key::WitnessSigner;
use servanda::integrity::policy::Policy;
use servanda::integrity::proof::{ProofError, check_consistency};
use servanda::integrity::proof_file::ConsistencyFile;
use servanda::ledger::log::checkpoints::Checkpoints;
use servanda::ledger::publish::tiles::{open, publish};
use servanda::ledger::publish::witness::{Memory, Refusal, Witness};
use servanda::ledger::verify::{Layer, Outside, Report, Verdict, verify};

/// What the layer of checkpoints says of its faults.
fn told(report: &Report) -> String {
    let layer = report.layers.iter().find(|layer| layer.layer == Layer::Checkpoints).expect("every layer is there");
    layer.faults.iter().map(|fault| fault.what.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_history_rewritten_with_all_keys_is_found_by_checkpoints_if_an_old_one_was_kept() {
    let ledger = Ledger::new();
    let values = ledger.rewritten(5, another_day);
    check(&ledger.verify_with(&values, &kept([checkpoint(&values)])), &[], &[]);
    let report = ledger.verify_with(&values, &kept([checkpoint(&ledger.values)]));
    check(&report, &[Layer::Checkpoints], &[8]);
    assert!(told(&report).starts_with("kept of 9: FORK: the first 9 events are others"), "{report:#?}");
}

fn witness_key() -> WitnessSigner {
    WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name")
}

/// What somebody knows who trusts the witness.
fn trusting(checkpoint: Verified) -> Outside {
    let policy = format!("witness one {}\nquorum one\n", witness_key().vkey());
    Outside { policy: Some(Policy::parse(&policy).expect("a policy")), ..kept([checkpoint]) }
}

#[test]
fn a_history_rewritten_with_all_keys_is_found_by_witnesses() {
    let ledger = Ledger::new();
    let witness =
        Witness::new(witness_key(), vec![log_key().vkey().into()], ledger.desk.path().join("witness"), Memory::New);
    let ask = |old: u64, checkpoint: &Verified| {
        let request = ConsistencyFile { old, path: Vec::new(), checkpoint: checkpoint.note().to_string() };
        witness.add_checkpoint(&request.text(), 1_800_000_000)
    };
    let genuine = checkpoint(&ledger.values);
    let signed = ask(0, &genuine).expect("it has not seen the log before");
    let cosigned = NoteSignature::parse(signed.line.trim_end()).expect("a signature");
    let seen = trusting(genuine.clone().with([cosigned.clone()]));
    check(&ledger.verify_with(&ledger.values, &seen), &[], &[]);

    let values = ledger.rewritten(5, another_day);
    let signed = checkpoint(&values);
    // The witness does not sign it, and nobody can sign in its place.
    let refused = ask(9, &signed);
    assert!(matches!(refused, Err(Refusal::Fork { size: 9, .. })), "{refused:?}");
    check(&ledger.verify_with(&values, &trusting(signed.clone())), &[Layer::Witnesses], &[8]);
    let report = ledger.verify_with(&values, &trusting(signed.with([cosigned])));
    check(&report, &[Layer::Witnesses], &[8]);
    // That it saw the log before there was anything in it says nothing.
    let empty = checkpoint(&[]);
    let nothing = trusting(empty.clone().with([witness_key().cosign(&empty, 1_800_000_000)]));
    check(&ledger.verify_with(&values, &nothing), &[Layer::Witnesses], &[8]);
    // What the witness did sign is of the other history.
    check(&ledger.verify_with(&values, &seen), &[Layer::Checkpoints, Layer::Witnesses], &[8]);
}

#[test]
fn a_genesis_founded_again_is_found_by_signatures_if_its_hash_is_known() {
    let (ledger, again) = (Ledger::new(), Ledger::founded(ORIGIN, &strangers_key()));
    let outside = Outside { genesis: Some(event_hash(&ledger.values[0])), ..Outside::default() };
    check(&ledger.verify_with(&ledger.values, &outside), &[], &[]);
    check(&again.verify(&again.values), &[], &[]);
    check(&again.verify_with(&again.values, &outside), &[Layer::Signatures], &[0]);

    let mut values = ledger.values.clone();
    values[0] = again.values[0].clone();
    let report = ledger.verify(&values);
    assert_eq!((report.first_bad(), failed(&report)), (Some(0), vec![Layer::Chain, Layer::Signatures]));
}

#[test]
fn a_genesis_founded_again_is_found_by_checkpoints_if_the_logs_key_and_one_are_known() {
    // The founder has the log's key, and names it again: the key alone tells nothing.
    let (ledger, again) = (Ledger::new(), Ledger::founded(ORIGIN, &strangers_key()));
    check(&again.verify_with(&again.values, &kept([])), &[], &[]);
    for size in [1, 4, 7, 9] {
        let report = again.verify_with(&again.values, &kept([checkpoint(&ledger.values[..size])]));
        check(&report, &[Layer::Checkpoints], &[size as u64 - 1]);
    }
}

#[test]
fn a_tail_cut_behind_a_batch_is_found_by_checkpoints_if_one_of_more_events_is_remembered() {
    let ledger = Ledger::new();
    for len in [1, 4, 7] {
        let values = &ledger.values[..len];
        check(&ledger.verify(values), &[], &[]);
        let report = ledger.verify_with(values, &kept([checkpoint(&ledger.values)]));
        check(&report, &[Layer::Checkpoints], &[len as u64 - 1]);
        let expected = format!("kept of 9: ROLLBACK: it was signed for 9 events, and the log has {len}");
        assert!(told(&report).starts_with(&expected), "{report:#?}");
    }
}

#[test]
fn a_stale_view_is_told_from_a_current_one_by_a_checkpoint_of_more_events_and_by_nothing_else() {
    let ledger = Ledger::new();
    let stale = &ledger.values[..7];
    // Everything in it is genuine: it holds, and an older checkpoint vouches for it.
    let report = ledger.verify_with(stale, &kept([checkpoint(&ledger.values[..4])]));
    check(&report, &[], &[]);
    assert!(report.layers[2].covered.contains("the first 4 of 7 events"), "{report:#?}");
    check(&ledger.verify_with(stale, &kept([checkpoint(&ledger.values)])), &[Layer::Checkpoints], &[6]);
}

#[test]
fn what_is_remembered_holds_is_counted_and_vouches_for_nothing() {
    let ledger = Ledger::new();
    let folder = ledger.desk.path().join("remembered");
    let remembered = Checkpoints::at(&folder);
    for size in [4, 7] {
        remembered.keep(&checkpoint(&ledger.values[..size])).expect("it can be kept");
    }
    let verified = |outside: Outside| {
        let report = ledger.verify_with(&ledger.values, &Outside { remembered: remembered.clone(), ..outside });
        let covered = report.layers[2..5].iter().map(|layer| layer.covered.clone()).collect::<Vec<_>>();
        (report, covered)
    };
    let (report, covered) = verified(kept([checkpoint(&ledger.values)]));
    check(&report, &[], &[]);
    let signed = "4 batches, of a log that a key from outside vouches for";
    assert_eq!(
        covered,
        [signed, "the root over the first 9 events is published", "3 signed roots, 3 of them from outside"]
    );
    // Of those that a key from outside vouches for, the largest counts.
    let several = [7, 9, 4].map(|size| checkpoint(&ledger.values[..size]));
    assert_eq!(verified(kept(several)).1[0], signed);
    let (report, covered) = verified(Outside::default());
    check(&report, &[], &[]);
    let signed = "4 batches; not checked against anything outside: genesis is self-asserted";
    assert_eq!(
        covered,
        [signed, "the root over the first 7 events is published", "2 signed roots, 2 of them from outside"]
    );

    // Whatever was put in its place is told by the event that it ends with.
    for (size, other) in [(4, b"nothing".to_vec()), (7, fs::read(folder.join("4")).expect("it is kept"))] {
        let genuine = fs::read(folder.join(size.to_string())).expect("it is kept");
        fs::write(folder.join(size.to_string()), other).expect("it can be written");
        check(&verified(Outside::default()).0, &[Layer::Checkpoints], &[size - 1]);
        fs::write(folder.join(size.to_string()), genuine).expect("it can be written");
    }
}

#[test]
fn a_checkpoint_of_another_log_is_told_whoever_vouches_for_it() {
    let ledger = Ledger::new();
    let other = LogSigner::from_seed("other.example/ledger", &[9; 32]).expect("a good name");
    let (origin, root) = ("other.example/ledger".to_owned(), checkpoint(&ledger.values).root());
    let signed = Checkpoint { origin, size: 9, root };
    let report = ledger.verify_with(&ledger.values, &kept([signed.sign(&other).expect("it is one")]));
    check(&report, &[Layer::Checkpoints], &[8]);
    assert!(told(&report).contains("it is of the log `other.example/ledger`"), "{report:#?}");
}

#[test]
fn a_checkpoint_over_an_unreadable_event_of_the_log_vouches_for_nothing() {
    let ledger = Ledger::new();
    let (key, signed) = (log_key().vkey(), checkpoint(&ledger.values));
    let folder = ledger.folder.path().join("sound");
    let log = log_of(&ledger.folder, ORIGIN, &ledger.values);
    publish(&log, &signed, &log.authority().expect("the chain holds"), &folder, &[]).expect("it can be published");
    fs::write(folder.join("tile/entries/000.p/9"), "").expect("it was published");
    let (log, signed) = open(&folder, &key).expect("its checkpoint is there");
    let report = verify(&log, &kept([signed]));
    assert!(failed(&report).contains(&Layer::Checkpoints), "{report:#?}");
    assert!(told(&report).contains("one of the first 9 events could not be read"), "{report:#?}");
}

#[test]
fn a_forged_signature_of_a_witness_is_told_though_others_are_enough() {
    let ledger = Ledger::new();
    let other = WitnessSigner::from_seed("other.example", &[3; 32]).expect("a good name");
    let (one, two) = (witness_key().vkey(), other.vkey());
    let policy = format!("witness one {one}\nwitness two {two}\ngroup any 1 one two\nquorum any\n");
    let seen = checkpoint(&ledger.values);
    let (genuine, mut forged) = (witness_key().cosign(&seen, 1_800_000_000), other.cosign(&seen, 1_800_000_000));
    let verified = |signatures: [NoteSignature; 2]| {
        let policy = Some(Policy::parse(&policy).expect("a policy"));
        ledger.verify_with(&ledger.values, &Outside { policy, ..kept([seen.clone().with(signatures)]) })
    };
    check(&verified([genuine.clone(), forged.clone()]), &[], &[]);
    forged.bytes[20] ^= 1;
    check(&verified([genuine, forged]), &[Layer::Witnesses], &[8]);
}

#[test]
fn a_file_in_the_place_of_what_is_kept_is_told_and_not_passed_over() {
    let ledger = Ledger::new();
    let file = ledger.desk.write("file", "");
    let outside = Outside { remembered: Checkpoints::at(&file), ..Outside::default() };
    check(&ledger.verify_with(&ledger.values, &outside), &[Layer::Checkpoints], &[8]);
    fs::write(ledger.folder.path().join("timestamps"), "").expect("it can be written");
    check(&ledger.verify(&ledger.values), &[Layer::Timestamps], &[8]);
}

#[test]
fn a_checkpoint_within_a_batch_is_found_by_checkpoints_and_vouches_for_nothing() {
    let ledger = Ledger::new();
    for size in [2, 3, 5, 6, 8] {
        let report = ledger.verify_with(&ledger.values, &kept([checkpoint(&ledger.values[..size])]));
        check(&report, &[Layer::Checkpoints], &[size as u64 - 1]);
        assert!(told(&report).contains("within a batch"), "{report:#?}");
        assert!(report.layers[2].covered.contains("self-asserted"), "{report:#?}");
    }
    // Of no event at all there is nothing to compare, and nothing to vouch for.
    let report = ledger.verify_with(&ledger.values, &kept([checkpoint(&[])]));
    check(&report, &[], &[]);
    assert!(report.layers[2].covered.contains("self-asserted"), "{report:#?}");
    assert_eq!(report.layers[3].verdict, Verdict::NotChecked("no checkpoint publishes a root yet".into()));
}

#[test]
fn a_split_view_is_found_by_checkpoints_when_two_who_were_shown_different_logs_compare() {
    let ledger = Ledger::new();
    let values = ledger.rewritten(5, another_day);
    let (mine, yours) = (checkpoint(&ledger.values), checkpoint(&values));
    for (shown, theirs) in [(&ledger.values, &yours), (&values, &mine)] {
        let report = ledger.verify_with(shown, &kept([theirs.clone()]));
        check(&report, &[Layer::Checkpoints], &[8]);
        assert!(told(&report).contains("FORK"), "{report:#?}");
    }
    // Without any event at hand: at one size they have different roots, and no proof leads from one to the other.
    assert_eq!(check_consistency(&mine, &yours, &[]), Err(ProofError::Root { size: 9 }));
    let longer = checkpoint(&[&values[..], &ledger.values[8..]].concat());
    let of_theirs = log_of(&ledger.folder, ORIGIN, &[&values[..], &ledger.values[8..]].concat());
    let proof = of_theirs.prove_consistency(&yours, &longer).expect("theirs goes on from theirs");
    assert_eq!(check_consistency(&yours, &longer, &proof.path), Ok(()));
    assert_eq!(check_consistency(&mine, &longer, &proof.path), Err(ProofError::Root { size: 9 }));
    assert!(of_theirs.prove_consistency(&mine, &longer).is_err());
}

#[test]
fn a_log_key_that_the_events_do_not_name_is_found_by_signatures() {
    let ledger = Ledger::new();
    let other = servanda::integrity::LogSigner::from_seed(ORIGIN, &[3; 32]).expect("a good name");
    let outside = Outside { log_key: Some(other.vkey()), ..Outside::default() };
    check(&ledger.verify_with(&ledger.values, &outside), &[Layer::Signatures], &[0]);
    let log = log_of(&ledger.folder, ORIGIN, &Ledger::founded(ORIGIN, &key()).values);
    assert!(verify(&log, &kept([])).passed());
}
