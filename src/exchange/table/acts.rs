//! The acts of tables, in our words.

use crate::domain::act::{
    Departure, DepartureAct, Joining, JoiningAct, Role, Statement, StatementAct, Suspension, SuspensionAct,
};
use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::id::{AgreementId, PartyId};

/// What a row says that a party did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableAct {
    /// It came to the agreement.
    Joining(JoiningAct),
    /// It left.
    Departure(DepartureAct),
    /// The operation was suspended or resumed for it.
    Suspension(SuspensionAct),
    /// It spoke about how it is bound.
    Statement(StatementAct),
}

/// Words of tables that are not ours with another spelling.
const OTHER_WORDS: &[(&str, TableAct)] = &[
    // An agreement in simplified form binds by the one act by which it is concluded (VCLT 11).
    ("simplified-procedure", TableAct::Joining(JoiningAct::ConsentToBeBound)),
    ("force", TableAct::Joining(JoiningAct::EntryIntoForce)),
    ("definite-signature", TableAct::Joining(JoiningAct::DefinitiveSignature)),
];

impl TableAct {
    /// The act of that name, whatever its case, with `_` or a space for `-`.
    ///
    /// A withdrawal is that of a party, not of a statement.
    pub fn named(word: &str) -> Option<Self> {
        let word: String = word.trim().chars().map(same).collect();
        let other = || OTHER_WORDS.iter().find(|(other, _)| *other == word).map(|(_, act)| *act);
        word.parse()
            .map(Self::Joining)
            .or_else(|_| word.parse().map(Self::Departure))
            .or_else(|_| word.parse().map(Self::Suspension))
            .or_else(|_| word.parse().map(Self::Statement))
            .ok()
            .or_else(other)
    }

    /// Our word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Joining(act) => act.as_str(),
            Self::Departure(act) => act.as_str(),
            Self::Suspension(act) => act.as_str(),
            Self::Statement(act) => act.as_str(),
        }
    }

    /// Every word that [`named`](Self::named) knows, for a hint.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let joining = JoiningAct::ALL.iter().map(|act| act.as_str());
        let departure = DepartureAct::ALL.iter().map(|act| act.as_str());
        let suspension = SuspensionAct::ALL.iter().map(|act| act.as_str());
        let statement = StatementAct::ALL.iter().map(|act| act.as_str());
        joining.chain(departure).chain(suspension).chain(statement)
    }

    /// Whether it ends something, so that no date may mean that nothing has ended.
    pub fn ends(self) -> bool {
        match self {
            Self::Departure(_) => true,
            Self::Joining(_) | Self::Suspension(_) | Self::Statement(_) => false,
        }
    }
}

fn same(c: char) -> char {
    match c {
        '_' | ' ' => '-',
        other => other.to_ascii_lowercase(),
    }
}

/// An act with what a row says of it.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) act: TableAct,
    pub(super) party: PartyId,
    pub(super) agreement: AgreementId,
    pub(super) occurred: Date,
    pub(super) effective: Option<Date>,
    pub(super) role: Option<Role>,
    pub(super) stay: Option<String>,
}

impl From<Claim> for Body {
    fn from(claim: Claim) -> Self {
        let Claim { act, party, agreement, occurred, effective, role, stay } = claim;
        match act {
            TableAct::Joining(act) => Joining {
                party,
                agreement,
                act,
                occurred,
                deposited: None,
                effective,
                through: None,
                role,
                stay,
                signatories: Vec::new(),
                attended_by: Vec::new(),
                scope: Vec::new(),
                place: None,
            }
            .into(),
            TableAct::Departure(act) => Departure { party, agreement, act, occurred, effective, stay }.into(),
            TableAct::Suspension(act) => {
                Suspension { party: Some(party), agreement, act, occurred, effective, stay }.into()
            }
            TableAct::Statement(act) => Statement { party, agreement, act, occurred, summary: None, to: None }.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_ours_is_an_act_however_it_is_written() {
        for word in TableAct::words() {
            let act = TableAct::named(word).expect(word);
            assert_eq!(TableAct::named(&word.replace('-', "_")), Some(act), "{word}");
            assert_eq!(TableAct::named(&word.to_uppercase().replace('-', " ")), Some(act), "{word}");
        }
        assert_eq!(TableAct::named("withdrawal"), Some(TableAct::Departure(DepartureAct::Withdrawal)));
        assert_eq!(TableAct::named("membership_start"), None);
    }

    #[test]
    fn only_what_ends_may_lack_its_date_for_not_having_ended() {
        assert!(TableAct::named("termination").is_some_and(TableAct::ends));
        assert!(!TableAct::named("entry_into_force").is_some_and(TableAct::ends));
    }
}
