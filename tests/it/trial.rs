//! The shortest way through: found, append, ask, verify.

use serde_json::json;

use crate::support::{Desk, append, body, draft, found, read};
use servanda::ledger::verify::{Outside, verify};

#[test]
fn what_is_appended_is_read_back_and_verifies() {
    let desk = Desk::new();
    let folder = found(desk.path());
    let drafts = vec![
        draft(body("party", json!({"id": "pakistan", "name": "Pakistan", "type": "state"}))),
        draft(body("agreement", json!({"id": "ilrs", "title": "ILRS", "type": "programme"}))),
        draft(body("joining", json!({"party": "pakistan", "agreement": "ilrs", "occurred": "2023-10-18"}))),
    ];
    append(&folder, drafts).expect("they are admissible");
    let (log, snapshot) = read(&folder);
    assert_eq!(snapshot.events.len(), 4);
    let outside = Outside { genesis: snapshot.heads.at(1), ..Outside::default() };
    assert!(verify(&log, &outside).passed());
}
