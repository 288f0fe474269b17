//! What the keys of an announcement hold, on which the schema and the templates agree.

use std::collections::BTreeSet;

use crate::domain::announcement::{Kind, Standing};
use crate::domain::id::Namespace;
use crate::domain::shape::{Field, Record, Shape, Shaped, Word};
use crate::domain::text::TextKind;
use crate::exchange::fields::{COMMON, Key};

/// What a key of [`COMMON`] holds.
pub(super) enum Form {
    /// A value like that of a kind's own field.
    Plain(Shape),
    /// A source, or a list of them.
    Sources,
    /// A passage, or a list of them.
    Quotes,
    /// The reason why there is none, or sources each with its own passages.
    Evidence,
    /// Words of the source, by the name of a date's key.
    Wording,
}

impl Form {
    /// The form of that key.
    pub(super) fn of(key: &Key) -> Self {
        match key.name {
            "id" => Self::Plain(Shape::Id(Namespace::Announcement)),
            "announced" => Self::Plain(Shape::Date),
            "standing" => Self::Plain(Standing::SHAPE),
            "note" => Self::Plain(Shape::Text(TextKind::Prose)),
            "source" => Self::Sources,
            "quote" => Self::Quotes,
            "evidence" => Self::Evidence,
            "wording" => Self::Wording,
            other => unreachable!("`{other}` is a key of every announcement and has no form"),
        }
    }
}

/// The keys of a kind's dates, with those that every announcement may have.
pub(super) fn date_keys(record: &Record) -> BTreeSet<&'static str> {
    let everywhere = COMMON.iter().filter(|key| matches!(Form::of(key), Form::Plain(Shape::Date))).map(|key| key.name);
    let own = record.fields.iter().filter(|field| matches!(field.shape, Shape::Date)).map(Field::name);
    let mut keys: BTreeSet<_> = everywhere.chain(own).collect();
    if record.fields.iter().any(|field| matches!(field.shape, Shape::Replacement)) {
        keys.extend(replacing_kinds().flat_map(|kind| date_keys(kind.record())));
    }
    keys
}

/// The kinds that people write down.
pub(super) fn written_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.is_written_in_files())
}

/// The kinds that can take the place of a corrected announcement.
pub(super) fn replacing_kinds() -> impl Iterator<Item = Kind> {
    written_kinds().filter(|kind| kind.can_replace())
}

/// One sentence about a kind.
pub(super) fn doc_of(kind: Kind) -> &'static str {
    words_of(&[kind]).first().map_or("", |word| word.doc)
}

/// The words for some kinds, in the order of the vocabulary.
pub(super) fn words_of(kinds: &[Kind]) -> Vec<Word> {
    let Shape::Word(vocabulary) = Kind::SHAPE else { unreachable!("kinds are a vocabulary") };
    vocabulary.iter().copied().filter(|word| kinds.iter().any(|kind| kind.as_str() == word.text)).collect()
}
