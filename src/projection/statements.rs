//! Reservations, declarations and objections: what parties say about how they are bound, until they take it back.

use std::collections::{BTreeMap, HashMap};

use crate::domain::act::{Statement, StatementAct};
use crate::domain::day::Day;
use crate::domain::window::{Certainty, Window, covers};
use crate::projection::knowledge::{Claim, Knowledge};

/// One statement of a party about how it is bound.
#[derive(Debug, Clone)]
pub struct MadeStatement<'a> {
    /// The claim that tells of it.
    pub claim: &'a Claim<'a>,
    /// What kind of statement it is.
    pub act: StatementAct,
    /// When it was made.
    pub made: Window,
    /// When it was withdrawn (VCLT 22).
    pub withdrawn: Option<Window>,
    /// Objections of others to it (VCLT 20).
    pub objections: Vec<&'a Claim<'a>>,
}

impl MadeStatement<'_> {
    /// Whether it stands on a day.
    pub fn on(&self, day: Day) -> Certainty {
        covers(self.made, self.withdrawn, day)
    }
}

/// The statements about one agreement, by the folded ids of the parties that made them.
///
/// A withdrawal that does not name what it withdraws takes back the only statement that its party has made.
pub fn remarks<'a>(
    knowledge: &Knowledge<'_>,
    statements: &[(&'a Claim<'a>, &'a Statement)],
) -> BTreeMap<String, Vec<MadeStatement<'a>>> {
    let mut found: BTreeMap<String, Vec<MadeStatement<'a>>> = BTreeMap::new();
    let mut places: HashMap<u64, (String, usize)> = HashMap::new();
    for (claim, statement) in statements.iter().filter(|(_, statement)| statement.act != StatementAct::Withdrawal) {
        let own = found.entry(statement.party.folded()).or_default();
        places.insert(claim.seq(), (statement.party.folded(), own.len()));
        let made = claim.happened(&statement.occurred);
        own.push(MadeStatement { claim, act: statement.act, made, withdrawn: None, objections: Vec::new() });
    }
    for (claim, statement) in statements {
        // What was corrected is spoken of by its old name.
        let named = statement.to.as_ref().map(|to| places.get(&knowledge.claim_of(to)?.seq()));
        let by = statement.party.folded();
        match (statement.act, named) {
            (StatementAct::Objection, Some(Some((party, index)))) => {
                if let Some(remark) = found.get_mut(party).and_then(|own| own.get_mut(*index)) {
                    remark.objections.push(claim);
                }
            }
            (StatementAct::Withdrawal, Some(Some((party, index)))) if *party == by => {
                withdraw(found.get_mut(party).and_then(|own| own.get_mut(*index)), claim.happened(&statement.occurred));
            }
            (StatementAct::Withdrawal, None) => {
                if let Some([only]) = found.get_mut(&by).map(Vec::as_mut_slice) {
                    withdraw(Some(only), claim.happened(&statement.occurred));
                }
            }
            _ => {}
        }
    }
    found
}

/// The earliest of several withdrawals counts.
fn withdraw(remark: Option<&mut MadeStatement<'_>>, withdrawn: Window) {
    let Some(remark) = remark else { return };
    remark.withdrawn = remark.withdrawn.into_iter().chain([withdrawn]).reduce(Window::earlier_of);
}
