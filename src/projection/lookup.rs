//! Things by what people call them: ids first, then names however they are spelled, then codes of countries.

use std::collections::BTreeMap;

use crate::domain::day::Day;
use crate::domain::id::{self, Namespace};
use crate::domain::name::{folded, words};
use crate::domain::party::{Country, PartyType};
use crate::projection::catalogue::Catalogue;

/// The longest name for which near ones are looked for, in bytes: comparing takes time in proportion to both.
const MAX_NAME: usize = 256;

/// What a name means among the things of a space, by their folded ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// That one.
    One(String),
    /// More than one, in the order of their ids: nobody can say which.
    Several(Vec<String>),
    /// None.
    Nothing,
}

impl Meaning {
    fn of(mut ids: Vec<String>) -> Self {
        ids.dedup();
        match ids.len() {
            0 => Self::Nothing,
            1 => Self::One(ids.remove(0)),
            _ => Self::Several(ids),
        }
    }
}

impl Catalogue<'_> {
    /// What a name means: the thing of that id, whatever its case; else whatever is called so, however it is spelled, or of
    /// several the one that is written so; else the state with that code of ISO 3166-1.
    pub fn find(&self, namespace: Namespace, name: &str) -> Meaning {
        if self.has(namespace, name) {
            return Meaning::One(id::folded(name).into_owned());
        }
        let wanted = folded(name);
        let (mut alike, mut same) = (Vec::new(), Vec::new());
        self.each_name(namespace, &mut |id, called| {
            if folded(called) == wanted {
                alike.push(id.to_owned());
                if called == name {
                    same.push(id.to_owned());
                }
            }
        });
        match (Meaning::of(alike), Meaning::of(same)) {
            (Meaning::Several(_), Meaning::One(id)) => Meaning::One(id),
            (Meaning::Nothing, _) if namespace == Namespace::Party => self.state_of(name),
            (meaning, _) => meaning,
        }
    }

    /// The states that a code of ISO 3166-1 means: by the country of their descriptions; without such, by their ids or
    /// names, as the code list has them.
    pub fn state_of(&self, code: &str) -> Meaning {
        let Some(country) = Country::of_code(code) else { return Meaning::Nothing };
        let is_state = |id: &&str| {
            let party = self.party(id, Day::MAX);
            party.is_some_and(|party| party.r#type == PartyType::State && party.country.as_ref() == Some(&country))
        };
        let by_country: Vec<String> = self.ids(Namespace::Party).filter(is_state).map(str::to_owned).collect();
        if !by_country.is_empty() {
            return Meaning::of(by_country);
        }
        let others = country.also().into_iter().flatten();
        let names: Vec<String> = others.chain([country.as_str()]).map(folded).collect();
        let mut found: Vec<String> =
            self.ids(Namespace::Party).filter(|id| names.iter().any(|name| name == id)).map(str::to_owned).collect();
        self.each_name(Namespace::Party, &mut |id, called| {
            if names.contains(&folded(called)) {
                found.push(id.to_owned());
            }
        });
        found.sort_unstable();
        Meaning::of(found)
    }

    /// The things of a space whose ids or names hold every word of `name`, or else are spelled nearly so, nearest first.
    pub fn near(&self, namespace: Namespace, name: &str, most: usize) -> Vec<String> {
        let wanted = folded(name);
        if wanted.is_empty() || wanted.len() > MAX_NAME {
            return Vec::new();
        }
        let parts: Vec<&str> = words(&wanted).collect();
        let mut distances: BTreeMap<&str, usize> = BTreeMap::new();
        let mut look = |id, called: &str| {
            if let Some(distance) = distance(&wanted, &parts, &folded(called)) {
                let known = distances.entry(id).or_insert(distance);
                *known = distance.min(*known);
            }
        };
        self.ids(namespace).for_each(|id| look(id, id));
        self.each_name(namespace, &mut look);
        let mut near: Vec<(usize, &str)> = distances.into_iter().map(|(id, distance)| (distance, id)).collect();
        near.sort_unstable();
        near.into_iter().take(most).map(|(_, id)| id.to_owned()).collect()
    }
}

/// How far a name is from what was wanted; nothing, if it is not near. What holds all its words is nearer than what is
/// spelled otherwise.
fn distance(wanted: &str, parts: &[&str], called: &str) -> Option<usize> {
    if !parts.is_empty() && parts.iter().all(|part| called.contains(part)) {
        return Some(0);
    }
    let (len, other) = (wanted.chars().count(), called.chars().count());
    let limit = (len / 3).max(1);
    if len.abs_diff(other) > limit {
        return None;
    }
    Some(strsim::damerau_levenshtein(wanted, called)).filter(|distance| *distance <= limit)
}
