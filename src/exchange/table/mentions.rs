//! The parties that rows name, spelling by spelling, while it is not decided yet who they are.

use crate::domain::name::folded;
use crate::exchange::table::Met;
use crate::exchange::table::countries::{self, CodeSystem, ISO, Known};
use crate::exchange::table::layout::NewParties;

/// Systems whose codes parties have as ids too: an id of the ledger comes first.
const LIKE_IDS: [CodeSystem; 3] = [CodeSystem::Alpha2, CodeSystem::Alpha3, CodeSystem::Former];
/// The most names that are kept for one spelling; later ones are as good as none.
const MAX_NAMES: usize = 1 << 10;

/// A spelling by which rows name a party.
#[derive(Debug)]
pub(super) struct Mention {
    /// As the table writes it.
    pub(super) spelling: Box<str>,
    /// How many rows give it each name.
    pub(super) names: Met<Box<str>, u64>,
    /// How many rows have it.
    pub(super) rows: u64,
    /// The line of the first of them.
    pub(super) line: u64,
}

/// The spellings of a table, each once.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    by_spelling: Met<Box<str>, u32>,
    mentions: Vec<Mention>,
    /// The one that was entered last: rows that follow each other mostly name the same party.
    latest: usize,
}

impl Mentions {
    /// Enters that the row on that line names a party so, and gives it that name; an empty one is none.
    pub(super) fn enter(&mut self, spelling: &str, name: &str, line: u64) {
        if self.mentions.get(self.latest).is_none_or(|latest| &*latest.spelling != spelling) {
            self.latest = self.place(spelling, line);
        }
        let mention = &mut self.mentions[self.latest];
        mention.rows += 1;
        let is_full = mention.names.len() == MAX_NAMES;
        match mention.names.get_mut(name) {
            Some(rows) => *rows += 1,
            None if name.is_empty() || is_full => {}
            None => drop(mention.names.insert(name.into(), 1)),
        }
    }

    fn place(&mut self, spelling: &str, line: u64) -> usize {
        if let Some(place) = self.by_spelling.get(spelling) {
            return *place as usize;
        }
        let place = self.mentions.len();
        let number = u32::try_from(place).expect("a table within the limits names fewer things");
        self.by_spelling.insert(spelling.into(), number);
        self.mentions.push(Mention { spelling: spelling.into(), names: Met::default(), rows: 0, line });
        place
    }

    /// The spellings, in an order that does not depend on that of the rows.
    pub(super) fn in_order(mut self) -> Vec<Mention> {
        self.mentions.sort_unstable_by(|one, other| one.spelling.cmp(&other.spelling));
        self.mentions
    }
}

/// How a spelling was read, apart from what a ledger has.
#[derive(Debug)]
pub(super) struct Spelled {
    pub(super) mention: Mention,
    pub(super) folded: String,
    /// The country whose code or name it is.
    pub(super) country: Option<Known>,
    /// Another country, or the only one, that its rows give as its name.
    pub(super) called: Option<Known>,
    /// Whether it is a code of a system that only a map can name, such as COW's: it means what it means there.
    pub(super) is_named_code: bool,
    /// Whether the names beside it say who it is: where the map names a system of codes, they do not.
    has_telling_names: bool,
}

impl Spelled {
    pub(super) fn of(mention: Mention, layout: &NewParties) -> Self {
        let is_iso = layout.codes == ISO;
        let name = folded(&mention.spelling);
        let of_code = countries::of_code(&name, &layout.codes);
        let is_own = |system: &&CodeSystem| !LIKE_IDS.contains(system);
        let own: Vec<CodeSystem> = layout.codes.iter().filter(is_own).copied().collect();
        let is_named_code = countries::of_code(&name, &own).is_some();
        // Where the map names the system of codes, they are believed; else a name beside a code is a check of it.
        let called = if is_iso { only_country(&mention) } else { None };
        let country = of_code.or_else(|| countries::of_name(&mention.spelling)).or_else(|| called.clone());
        Self { folded: name, mention, country, called, is_named_code, has_telling_names: is_iso }
    }

    /// Whether it looks like a code or an abbreviation, which resembles others by accident.
    pub(super) fn is_short(&self) -> bool {
        let spelling = &self.mention.spelling;
        let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" -.".contains(&byte);
        spelling.chars().count() < 4 || (spelling.len() <= 9 && spelling.bytes().all(is_capital))
    }

    /// The name that all rows give it, folded, where names say who parties are.
    pub(super) fn only_name(&self) -> Option<String> {
        let mut names = self.mention.names.keys().filter(|_| self.has_telling_names).map(|name| folded(name));
        let first = names.next()?;
        names.all(|other| other == first).then_some(first)
    }

    /// The name that most rows give it; of several, the first in alphabetical order.
    pub(super) fn usual_name(&self) -> Option<&str> {
        let names = self.mention.names.iter();
        names.max_by(|one, other| one.1.cmp(other.1).then_with(|| other.0.cmp(one.0))).map(|(name, _)| &**name)
    }
}

/// The only country whose name the rows give.
fn only_country(mention: &Mention) -> Option<Known> {
    let mut found = mention.names.keys().filter_map(|name| countries::of_name(name));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}
