//! What cannot follow the history is found while appending, from the few events that bear on it. The worry is one that
//! was not looked at: the warning is the same as that of a fold over the whole ledger.

use proptest::prelude::*;
use serde_json::json;

use crate::given::told;
use crate::laws::{amended, rules};
use crate::support::{Desk, access, found, key, moment};
use servanda::domain::day::Day;
use servanda::ledger::{AppendError, Batch, Code, Draft, Ledger, Options};
use servanda::query::conflicts::conflicts;
use servanda::query::{Reported, Standpoint};

/// The new events that were warned about; nothing, if they were refused.
fn warned(ledger: &mut Ledger, drafts: Vec<Draft>) -> Option<Vec<u64>> {
    let first = ledger.head().len;
    let batch = Batch { drafts, ..Batch::default() };
    let appended = match ledger.append(&[batch], Options::default(), &key(), moment(1000)) {
        Ok(appended) => appended,
        Err(AppendError::NotAdmissible { .. }) => return None,
        Err(error) => panic!("{error}"),
    };
    let irregular = appended.batches[0].warnings.iter().filter(|finding| finding.code == Code::Irregular);
    Some(irregular.map(|finding| first + finding.draft as u64).collect())
}

/// The events from `first` on that the whole history shows to be irregular.
fn shown(ledger: &Ledger, first: u64) -> Vec<u64> {
    let at = Standpoint { reported: Reported::Included, ..Standpoint::on(Day::MAX) };
    let found = conflicts(ledger.snapshot(), None, None, at).expect("there is no position to miss");
    let mut seqs: Vec<u64> = found.irregular.iter().map(|act| act.event).filter(|seq| *seq >= first).collect();
    seqs.sort_unstable();
    seqs.dedup();
    seqs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_warned_about_is_what_the_whole_history_shows(all in amended(), (kind, own) in rules()) {
        let desk = Desk::new();
        let mut ledger = Ledger::open(&found(desk.path()), &access()).expect("the ledger opens");
        let mut pact = told("agreement", json!({"id": "pact", "title": "Pact", "type": kind}));
        if !own.is_null() {
            pact = pact.with("membership", own);
        }
        let party = |id: &str| told("party", json!({"id": id, "name": id, "type": "state"}));
        let things = [pact, party("a"), party("b")].iter().map(crate::given::Told::draft).collect();
        prop_assert_eq!(warned(&mut ledger, things), Some(vec![]));
        for told in &all.told {
            let first = ledger.head().len;
            if let Some(seqs) = warned(&mut ledger, vec![told.draft()]) {
                prop_assert_eq!(seqs, shown(&ledger, first), "{:?}", told);
            }
        }
    }
}
