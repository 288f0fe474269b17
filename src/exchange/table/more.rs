//! What rows may say beyond who did what and when: keys of every kind of announcement that a row can be, and on whose
//! word it is said.
//!
//! The keys of kinds are those of announcement files, by the tables of `domain`: what a kind gets there, a column can hold.
//! A record inside a record has a column for each of its fields: `item` and `item_type`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::announcement::Kind;
use crate::domain::id::Namespace;
use crate::domain::shape::{Field as Key, Record, Shape};
use crate::exchange::form::date_keys;
use crate::exchange::table::layout::Field;

/// The kinds that a row can be.
pub(super) const KINDS: [Kind; 9] = [
    Kind::Joining,
    Kind::Memorandum,
    Kind::Contribution,
    Kind::Departure,
    Kind::Suspension,
    Kind::Statement,
    Kind::Prospect,
    Kind::Milestone,
    Kind::Count,
];

/// What stands between the items of a cell that holds a list.
pub const LIST_MARK: char = ';';
/// The most items of such a cell.
pub(super) const MOST_ITEMS: usize = 1_000;
/// The source's own words for the main date; for another date, with `_` and its key behind.
pub(super) const WORDING: &str = "wording";

/// Keys that every announcement may have, and things that a row describes on the way.
const EVERYWHERE: [&str; 7] = ["kind", "id", "standing", "party_type", "mission_title", "quote", WORDING];
/// Keys of the source.
pub(super) const SOURCE: [&str; 7] = ["publisher", "title", "url", "published", "retrieved", "grade", "document"];

/// What rows say beyond who did what and when.
#[derive(Debug, Clone)]
pub struct More {
    /// Where the values stand, by key.
    pub values: BTreeMap<String, Field>,
    /// The table's words for acts, and ours, as they stand in the map.
    pub acts: HashMap<String, String>,
    /// The table's words of other vocabularies, and ours.
    pub words: HashMap<String, String>,
    /// What stands between the items of a list.
    pub list_mark: char,
}

impl Default for More {
    fn default() -> Self {
        Self { values: BTreeMap::new(), acts: HashMap::new(), words: HashMap::new(), list_mark: LIST_MARK }
    }
}

impl More {
    /// Whether a column or a constant gives that key.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether rows are acts of parties, and say nothing that only other announcements do.
    pub fn is_nothing(&self) -> bool {
        self.values.is_empty()
    }
}

/// Every key that a map may give a column for, beside those that a layout names itself.
pub(super) fn keys() -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = EVERYWHERE.iter().chain(&SOURCE).map(|key| (*key).to_owned()).collect();
    for kind in KINDS {
        keys.extend(own_keys(kind.record()));
        keys.extend(date_keys(kind.record()).iter().map(|date| format!("{WORDING}_{date}")));
    }
    keys
}

/// The keys of a record, with those of the records in it.
pub(super) fn own_keys(record: &'static Record) -> impl Iterator<Item = String> {
    record.fields.iter().flat_map(|key| {
        let within = match key.shape {
            Shape::Record(inner) => inner.fields.get(1..).unwrap_or_default(),
            _ => &[],
        };
        let name = key.name();
        std::iter::once(name.to_owned()).chain(within.iter().map(move |inner| format!("{name}_{}", inner.name())))
    })
}

/// The key of the date that a row's `date` is.
pub(super) fn main_date(kind: Kind) -> &'static str {
    match kind {
        Kind::Prospect => "due",
        Kind::Count => "on",
        _ => "occurred",
    }
}

/// The key of a kind's act, or of how far it has come.
pub(super) fn act_key(kind: Kind) -> Option<&'static Key> {
    kind.record().field("act").or_else(|| kind.record().field("stage"))
}

/// What the cell of a key names, where it names things.
pub(super) fn names(key: &str) -> Option<Namespace> {
    let of = |shape: Shape| match shape {
        Shape::Id(namespace) => Some(namespace),
        Shape::List(Shape::Id(namespace)) => Some(*namespace),
        _ => None,
    };
    let found = KINDS.iter().find_map(|kind| of(kind.record().field(key)?.shape))?;
    (found != Namespace::Announcement).then_some(found)
}

/// The items of a cell that holds a list.
pub(super) fn items(cell: &str, mark: char) -> impl Iterator<Item = &str> {
    cell.split(mark).map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_kind_has_a_column_and_no_key_means_two_things() {
        let keys = keys();
        for key in ["item", "item_type", "fulfilled_by", "signatories", "wording_effective", "summary", "parties"] {
            assert!(keys.contains(key), "{key}");
        }
        let title = KINDS.iter().filter(|kind| kind.record().field("title").is_some()).count();
        assert_eq!(title, 0, "a title is that of the source");
        assert_eq!(names("through"), Some(Namespace::Party));
        assert_eq!(names("with"), Some(Namespace::Party));
        assert_eq!(names("mission"), Some(Namespace::Mission));
        assert_eq!(names("fulfilled_by"), None);
        assert_eq!(names("what"), None);
    }

    #[test]
    fn a_list_has_no_empty_items() {
        assert_eq!(items(" a; b ;;c", ';').collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(items("", ';').count(), 0);
    }
}
