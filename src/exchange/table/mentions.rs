//! The parties that rows name, spelling by spelling, while it is not decided yet who they are.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::domain::name::folded;
use crate::domain::party::PartyType;
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
    /// How many rows give it each type.
    pub(super) types: BTreeMap<PartyType, u64>,
    /// How many rows have it.
    pub(super) rows: u64,
    /// The line of the first of them.
    pub(super) line: u64,
}

/// The spellings of a table, each once.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    by_spelling: Met<Box<str>, u32>,
    all: Vec<Mention>,
    /// The one that was entered last: rows that follow each other mostly name the same party.
    latest: usize,
}

impl Mentions {
    /// Enters that the row on that line names a party so, and gives it that name; an empty one is none.
    pub(super) fn enter(&mut self, spelling: &str, name: &str, line: u64) {
        if self.all.get(self.latest).is_none_or(|latest| &*latest.spelling != spelling) {
            self.latest = self.place(spelling, line);
        }
        let mention = &mut self.all[self.latest];
        mention.rows += 1;
        let is_full = mention.names.len() == MAX_NAMES;
        match mention.names.get_mut(name) {
            Some(rows) => *rows += 1,
            None if name.is_empty() || is_full => {}
            None => drop(mention.names.insert(name.into(), 1)),
        }
    }

    /// Says that the row that was entered last gives its party that type.
    pub(super) fn say_type(&mut self, own: PartyType) {
        if let Some(mention) = self.all.get_mut(self.latest) {
            *mention.types.entry(own).or_default() += 1;
        }
    }

    fn place(&mut self, spelling: &str, line: u64) -> usize {
        if let Some(place) = self.by_spelling.get(spelling) {
            return *place as usize;
        }
        let place = self.all.len();
        let number = u32::try_from(place).expect("a table within the limits names fewer things");
        self.by_spelling.insert(spelling.into(), number);
        let (names, types) = (Met::default(), BTreeMap::new());
        self.all.push(Mention { spelling: spelling.into(), names, types, rows: 0, line });
        place
    }

    /// The spellings, in an order that does not depend on that of the rows.
    pub(super) fn in_order(mut self) -> Vec<Mention> {
        self.all.sort_unstable_by(|one, other| one.spelling.cmp(&other.spelling));
        self.all
    }
}

/// How a spelling was read, apart from what a ledger has.
#[derive(Debug)]
pub(super) struct Spelled {
    pub(super) mention: Mention,
    pub(super) folded: String,
    /// The country whose code or name it is.
    pub(super) country: Option<Known>,
    /// The only country among the names beside it.
    pub(super) called: Option<Known>,
    /// Whether it is a code of a system that only a map can name, such as COW's: it means what it means there.
    pub(super) is_named_code: bool,
    /// The names beside all spellings that fold to it, folded; where the map names a system of codes, they say nothing.
    names: Rc<BTreeSet<String>>,
}

impl Spelled {
    /// Reads all spellings of a table: what folds to one has all names that stand beside any of it.
    pub(super) fn all(mentions: Vec<Mention>, layout: &NewParties) -> Vec<Self> {
        let mut spelled: Vec<Self> = mentions.into_iter().map(|mention| Self::of(mention, layout)).collect();
        if layout.codes != ISO {
            return spelled;
        }
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for Self { folded: own, mention, .. } in &spelled {
            names.entry(own.clone()).or_default().extend(mention.names.keys().map(|name| folded(name)));
        }
        let said = |names: BTreeSet<String>| (only_country(&names), Rc::new(names));
        let said: BTreeMap<String, _> = names.into_iter().map(|(own, names)| (own, said(names))).collect();
        for own in &mut spelled {
            if let Some((country, names)) = said.get(&own.folded) {
                own.names = Rc::clone(names);
                own.called.clone_from(country);
                own.country = own.country.take().or_else(|| country.clone());
            }
        }
        spelled
    }

    fn of(mention: Mention, layout: &NewParties) -> Self {
        let name = folded(&mention.spelling);
        let is_own = |system: &&CodeSystem| !LIKE_IDS.contains(system);
        let own: Vec<CodeSystem> = layout.codes.iter().filter(is_own).copied().collect();
        let is_named_code = countries::of_code(&name, &own).is_some();
        let country = countries::of_code(&name, &layout.codes).or_else(|| countries::of_name(&mention.spelling));
        Self { folded: name, mention, country, called: None, is_named_code, names: Rc::default() }
    }

    /// Whether it looks like a code or an abbreviation, which resembles others by accident.
    pub(super) fn is_short(&self) -> bool {
        let spelling = &self.mention.spelling;
        let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" -.".contains(&byte);
        spelling.chars().count() < 4 || (spelling.len() <= 9 && spelling.bytes().all(is_capital))
    }

    /// The name that all rows give it, folded, where names say who parties are.
    pub(super) fn only_name(&self) -> Option<&str> {
        let mut names = self.names.iter();
        names.next().filter(|_| names.next().is_none()).map(String::as_str)
    }

    /// The name that most rows give it; of several, the first in alphabetical order.
    pub(super) fn usual_name(&self) -> Option<&str> {
        let names = self.mention.names.iter();
        names.max_by(|one, other| one.1.cmp(other.1).then_with(|| other.0.cmp(one.0))).map(|(name, _)| &**name)
    }
}

/// The only country among these names.
fn only_country(names: &BTreeSet<String>) -> Option<Known> {
    let mut found = names.iter().filter_map(|name| countries::of_name(name));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}
