//! Which kind of announcement a row is, and by which act: as its column says, or as follows from the act alone.

use crate::domain::announcement::Kind;
use crate::domain::shape::{Shape, Word};
use crate::exchange::table::account::RejectCode;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::dates::{Fault, shown};
use crate::exchange::table::more::{KINDS, act_key};
use crate::ledger::admission::finding::nearest;

/// What stands between a kind and an act, where a map says both: `statement/withdrawal`.
const BETWEEN: char = '/';
/// Kinds whose acts are told apart by their words alone, in the order in which they are asked; those of parties come
/// before them.
const BY_WORD: [Kind; 3] = [Kind::Milestone, Kind::Prospect, Kind::Contribution];

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// The kind.
    pub(super) kind: Kind,
    /// The act, or how far it has come, in our word.
    pub(super) act: Option<&'static str>,
}

/// The kind of that name, whatever its case, with `_` or a space for `-`.
pub(super) fn kind_of(word: &str) -> Result<Kind, Fault> {
    let same = folded(word);
    KINDS.into_iter().find(|kind| kind.as_str() == same).ok_or_else(|| {
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
        let hint = match nearest(&same, kinds.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("rows can be {}", kinds.join(", ")),
        };
        (RejectCode::UnknownKind, format!("{} is no kind that a row can be; {hint}", shown(word)))
    })
}

/// What a row is that says this of its kind, and this of its act.
///
/// Without a kind, a word is an act of a party if it can be, then what happened to the agreement, then how far something
/// expected or given has come; the name of a kind alone is that kind.
pub(super) fn said(kind: Option<Kind>, word: &str) -> Result<Said, Fault> {
    if let Some((first, act)) = word.split_once(BETWEEN) {
        let own = kind_of(first)?;
        return match kind.filter(|kind| *kind != own) {
            Some(kind) => Err((RejectCode::UnknownAct, format!("the row is a {kind}, and its act that of a {own}"))),
            None if act.contains(BETWEEN) => Err(no_act(own, act)),
            None => said(Some(own), act),
        };
    }
    match kind {
        Some(kind) if word.is_empty() || folded(word) == kind.as_str() => Ok(Said { kind, act: None }),
        Some(kind) => match own_act(kind, word) {
            Some(act) => Ok(Said { kind, act: Some(act) }),
            None => Err(no_act(kind, word)),
        },
        None => by_word(word).ok_or_else(|| {
            let near = nearest(word, TableAct::words().chain(words()));
            let hint = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            (RejectCode::UnknownAct, format!("{} is no act that has a counterpart here{hint}", shown(word)))
        }),
    }
}

/// What a row is that says how far something has come, and nothing else: something expected, else given.
pub(super) fn by_stage(word: &str) -> Result<Said, Fault> {
    let of = |kind| own_act(kind, word).map(|act| Said { kind, act: Some(act) });
    of(Kind::Prospect).or_else(|| of(Kind::Contribution)).ok_or_else(|| no_act(Kind::Prospect, word))
}

/// Every word that is no act of a party and says what a row is all the same.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let kinds = KINDS.iter().map(|kind| kind.as_str());
    kinds.chain(BY_WORD.into_iter().flat_map(|kind| acts(kind).iter().map(|word| word.text)))
}

fn by_word(word: &str) -> Option<Said> {
    let of_kind = || kind_of(word).ok().map(|kind| Said { kind, act: None });
    let of_act = || BY_WORD.into_iter().find_map(|kind| Some(Said { kind, act: Some(own_act(kind, word)?) }));
    of_party(word).or_else(of_kind).or_else(of_act)
}

/// An act of a party, also under the other names that acts have in tables.
fn of_party(word: &str) -> Option<Said> {
    let (kind, act) = match TableAct::named(word)? {
        TableAct::Joining(act) => (Kind::Joining, act.as_str()),
        TableAct::Departure(act) => (Kind::Departure, act.as_str()),
        TableAct::Suspension(act) => (Kind::Suspension, act.as_str()),
        TableAct::Statement(act) => (Kind::Statement, act.as_str()),
    };
    Some(Said { kind, act: Some(act) })
}

/// The word of a kind's own vocabulary.
fn own_act(kind: Kind, word: &str) -> Option<&'static str> {
    let same = folded(word);
    let own = acts(kind).iter().find(|own| own.text == same).map(|own| own.text);
    own.or_else(|| of_party(word).filter(|other| other.kind == kind)?.act)
}

fn no_act(kind: Kind, word: &str) -> Fault {
    let words: Vec<&str> = acts(kind).iter().map(|word| word.text).collect();
    let hint = match (nearest(&folded(word), words.iter().copied()), words.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => format!("a {kind} has no act"),
        (None, false) => format!("the words are {}", words.join(", ")),
    };
    (RejectCode::UnknownAct, format!("{} is no act of a {kind}; {hint}", shown(word)))
}

/// The vocabulary of a kind's acts, or of how far it has come.
fn acts(kind: Kind) -> &'static [Word] {
    match act_key(kind).map(|key| key.shape) {
        Some(Shape::Word(words)) => words,
        _ => &[],
    }
}

/// As our words are written: small letters, with `-` for `_` and spaces.
pub(super) fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Option<Kind>, word: &str, expected: Result<(Kind, Option<&str>), RejectCode>) {
        let found = said(kind, word).map(|said| (said.kind, said.act)).map_err(|(code, _)| code);
        assert_eq!(found, expected, "{kind:?} {word}");
    }

    #[test]
    fn a_word_says_what_a_row_is_and_a_kind_says_which_words_it_takes() {
        check(None, "Signature", Ok((Kind::Joining, Some("signature"))));
        check(None, "withdrawal", Ok((Kind::Departure, Some("withdrawal"))));
        check(Some(Kind::Statement), "withdrawal", Ok((Kind::Statement, Some("withdrawal"))));
        check(None, "statement/withdrawal", Ok((Kind::Statement, Some("withdrawal"))));
        check(None, "entry into force", Ok((Kind::Joining, Some("entry-into-force"))));
        check(None, "milestone/entry_into_force", Ok((Kind::Milestone, Some("entry-into-force"))));
        check(Some(Kind::Joining), "force", Ok((Kind::Joining, Some("entry-into-force"))));
        check(None, "in talks", Ok((Kind::Prospect, Some("in-talks"))));
        check(None, "launched", Ok((Kind::Milestone, Some("launched"))));
        check(Some(Kind::Contribution), "launched", Ok((Kind::Contribution, Some("launched"))));
        check(None, "count", Ok((Kind::Count, None)));
        check(Some(Kind::Count), "", Ok((Kind::Count, None)));
        check(Some(Kind::Count), "signature", Err(RejectCode::UnknownAct));
        check(Some(Kind::Joining), "milestone/adopted", Err(RejectCode::UnknownAct));
        check(None, "besichtigt", Err(RejectCode::UnknownAct));
        check(None, "", Err(RejectCode::UnknownAct));
        check(None, "treaty/signature", Err(RejectCode::UnknownKind));
        assert_eq!(kind_of("Prospect"), Ok(Kind::Prospect));
        let stage = |word| by_stage(word).map(|said| said.kind).map_err(|(code, _)| code);
        assert_eq!(["scheduled", "launched"].map(stage), [Ok(Kind::Prospect), Ok(Kind::Contribution)]);
        assert_eq!(stage("signature"), Err(RejectCode::UnknownAct));
    }
}
