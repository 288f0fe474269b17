//! The things that a table names, each under its own spelling, and the ids that they have.

use std::cell::Cell;
use std::str::FromStr;

use crate::domain::id::{IdError, Namespace};
use crate::domain::party::PartyType;
use crate::domain::text::{self, TextKind};
use crate::exchange::table::Met;
use crate::exchange::table::account::RejectCode;
use crate::exchange::table::countries::Known;
use crate::exchange::table::dates::Fault;
use crate::exchange::table::directory::Names;
use crate::exchange::table::fault::TableFault;

/// Turns a spelling into an id: in Latin letters without marks; each run of characters that ids do not have becomes a `-`,
/// and none comes first.
pub(super) fn id_of(prefix: &str, spelling: &str) -> String {
    let latin = deunicode::deunicode(spelling);
    let mut id = String::with_capacity(prefix.len() + latin.len());
    let mut in_run = false;
    for c in prefix.chars().chain(latin.trim().chars()) {
        let fits = c.is_ascii_alphanumeric() || "._:/-".contains(c);
        if fits {
            id.push(c);
        } else if !in_run {
            id.push('-');
        }
        in_run = !fits;
    }
    id.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// What is known of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The ledger has it.
    InLedger,
    /// It is still to be described.
    ToDescribe,
    /// It was described on the way.
    Described,
}

/// A thing that a table names.
#[derive(Debug)]
pub(super) struct Thing<I> {
    /// As the table writes it.
    pub(super) spelling: Box<str>,
    /// Other spellings of it.
    pub(super) others: Vec<Box<str>>,
    /// Its id, or why it has none.
    pub(super) id: Result<I, Fault>,
    /// The name that the table gives it.
    pub(super) name: Option<Box<str>>,
    /// The type that the table itself gives it.
    pub(super) r#type: Option<PartyType>,
    /// The country that it is, by a code or a name.
    pub(super) country: Option<Known>,
    /// What is known of it.
    pub(super) standing: Standing,
}

impl<I: FromStr<Err = IdError>> Thing<I> {
    /// A thing that the ledger has.
    pub(super) fn in_ledger(spelling: &str, id: &str) -> Self {
        let id = id.parse().map_err(|error: IdError| (RejectCode::NoId, error.to_string()));
        Self { id, standing: Standing::InLedger, ..Self::unclear(spelling, (RejectCode::NoId, String::new())) }
    }
}

impl<I> Thing<I> {
    /// A thing of which it is not known who it is.
    pub(super) fn unclear(spelling: &str, why: Fault) -> Self {
        let (others, standing) = (Vec::new(), Standing::ToDescribe);
        Self { spelling: spelling.into(), others, id: Err(why), name: None, r#type: None, country: None, standing }
    }
}

/// The things of one kind that a table names; a number for each spelling.
#[derive(Debug)]
pub(super) struct Roster<I> {
    namespace: Namespace,
    prefix: String,
    by_spelling: Met<Box<str>, u32>,
    /// By the folded id that a spelling makes: the spelling.
    made: Met<String, Box<str>>,
    things: Vec<Thing<I>>,
    /// The number that was found last: rows that follow each other mostly name the same.
    latest: Cell<u32>,
}

impl<I> Roster<I> {
    /// An empty one; `prefix` comes before every spelling to make its id.
    pub(super) fn new(namespace: Namespace, prefix: &str) -> Self {
        let prefix = prefix.to_owned();
        Self {
            namespace,
            prefix,
            by_spelling: Met::default(),
            made: Met::default(),
            things: Vec::new(),
            latest: Cell::new(0),
        }
    }

    /// The number of the thing that is spelled so, if it was entered.
    pub(super) fn find(&self, spelling: &str) -> Option<u32> {
        let latest = self.latest.get();
        if self.things.get(latest as usize).is_some_and(|thing| &*thing.spelling == spelling) {
            return Some(latest);
        }
        let number = self.by_spelling.get(spelling).copied()?;
        self.latest.set(number);
        Some(number)
    }

    /// Adds a thing, and returns its number.
    pub(super) fn add(&mut self, thing: Thing<I>) -> u32 {
        let number = u32::try_from(self.things.len()).expect("a table within the limits names fewer things");
        self.things.push(thing);
        number
    }

    /// Says that a spelling names the thing of that number.
    pub(super) fn spell(&mut self, spelling: &str, number: u32) {
        self.by_spelling.insert(spelling.into(), number);
    }

    pub(super) fn thing(&self, number: u32) -> &Thing<I> {
        &self.things[number as usize]
    }

    pub(super) fn thing_mut(&mut self, number: u32) -> &mut Thing<I> {
        &mut self.things[number as usize]
    }

    /// The number of things that the ledger had.
    pub(super) fn in_ledger(&self) -> u64 {
        self.things.iter().filter(|thing| thing.standing == Standing::InLedger).count() as u64
    }
}

impl<I: FromStr<Err = IdError>> Roster<I> {
    /// Enters a spelling, and its name if it has none yet. `known` is what the ledger has.
    ///
    /// # Errors
    ///
    /// [`TableFault::Collision`] with another spelling, or with a thing of the ledger that is not known by this one.
    pub(super) fn enter(&mut self, spelling: &str, name: &str, known: &Names) -> Result<u32, TableFault> {
        if let Some(number) = self.find(spelling) {
            self.name(number, name);
            return Ok(number);
        }
        let made = id_of(&self.prefix, spelling);
        // With a prefix, things are named apart from those of others.
        let called = if self.prefix.is_empty() { known.called(spelling) } else { None };
        let found = known.of_id(&made).or(called);
        self.check_collision(spelling, &made, known)?;
        if found.is_none() {
            self.made.insert(made.to_ascii_lowercase(), spelling.into());
        }
        let standing = if found.is_some() { Standing::InLedger } else { Standing::ToDescribe };
        let id = match found {
            Some(id) => id.parse().map_err(|error: IdError| error.to_string()),
            None => self.new_id(spelling, &made),
        };
        let id = id.map_err(|why| (RejectCode::NoId, why));
        let number = self.add(Thing { id, standing, ..Thing::unclear(spelling, (RejectCode::NoId, String::new())) });
        self.spell(spelling, number);
        self.name(number, name);
        Ok(number)
    }

    fn name(&mut self, number: u32, name: &str) {
        let thing = self.thing_mut(number);
        if thing.name.is_none()
            && let Ok(admitted) = text::admit(name, TextKind::Name)
        {
            thing.name = Some(admitted.text.into());
        }
    }

    /// An id that is not as the table spells it needs the spelling as another name.
    fn new_id(&self, spelling: &str, made: &str) -> Result<I, String> {
        if let Err(fault) = text::admit(spelling, TextKind::Name) {
            return Err(fault.to_string());
        }
        made.parse()
            .map_err(|error: IdError| format!("`{}` cannot become an id: {error}", self.prefix.clone() + spelling))
    }

    /// The ledger may know a thing by many spellings; what it does not know has to differ in its id.
    fn check_collision(&self, spelling: &str, made: &str, known: &Names) -> Result<(), TableFault> {
        let is_as_spelled = || made.eq_ignore_ascii_case(&(self.prefix.clone() + spelling));
        let other = match known.of_id(made) {
            Some(id) if is_as_spelled() || known.called(spelling) == Some(id) => None,
            Some(id) => Some(id),
            None => self.made.get(&made.to_ascii_lowercase()).map(|other| &**other),
        };
        match other.filter(|_| !made.is_empty()) {
            None => Ok(()),
            Some(other) => Err(TableFault::Collision {
                namespace: self.namespace,
                first: other.to_owned(),
                second: spelling.to_owned(),
                id: made.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_of_other_characters_becomes_a_dash_and_none_comes_first() {
        for (spelling, id) in [
            ("ecolex:CHE-ITA[ISD]_1906A", "ecolex:CHE-ITA-ISD-_1906A"),
            ("desta:D PTA_2006O8", "desta:D-PTA_2006O8"),
            ("KOR - PRK", "KOR---PRK"),
            ("Baden-Württemberg", "Baden-Wurttemberg"),
            ("[[x", "x"),
            ("中国", "Zhong-Guo"),
            ("中国 (PRC)", "Zhong-Guo-PRC-"),
            ("Россия", "Rossiia"),
        ] {
            assert_eq!(id_of("", spelling), id, "{spelling}");
        }
        assert_eq!(id_of("unts:", "123"), "unts:123");
    }
}
