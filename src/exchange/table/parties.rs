//! Descriptions of the parties that a table brings: by the list of codes, else by what the table and its map say.

use crate::domain::id::PartyId;
use crate::domain::name::folded;
use crate::domain::party::{Party, PartyType};
use crate::domain::text::{self, TextKind};
use crate::exchange::table::agreements::draft_of;
use crate::exchange::table::countries::{self, Listed};
use crate::exchange::table::layout::{Layout, NewParties};
use crate::exchange::table::roster::Thing;
use crate::ledger::Draft;

/// The most other names of a party that is described on the way; tables spell few in more ways.
const MAX_NAMES: usize = 32;

/// Describes a party.
pub(super) fn party(thing: &Thing<PartyId>, id: &PartyId, layout: &Layout) -> Draft {
    let country = thing.country.as_ref();
    let own = thing.name.as_deref().unwrap_or(&thing.spelling);
    let name = country.map_or(own, |country| country.name).to_owned();
    let body = Party {
        id: id.clone(),
        r#type: party_type(thing, id, &layout.parties),
        acts_for: None,
        country: country.and_then(|country| country.country.clone()),
        also_known_as: other_names(thing, id.as_str(), &name),
        name,
        identifiers: None,
        from: None,
    };
    draft_of(body, layout)
}

/// The type that the map gives that party; else that of its rows; else that of the list; else that of all parties of the map.
fn party_type(thing: &Thing<PartyId>, id: &PartyId, parties: &NewParties) -> PartyType {
    let of_all = parties.r#type;
    let of_list = match thing.country.as_ref().map(countries::Known::listed) {
        Some(Listed::As(listed)) => listed,
        Some(Listed::AsTold(otherwise)) => of_all.unwrap_or(otherwise),
        None => of_all.unwrap_or(PartyType::Unspecified),
    };
    let code = thing.country.as_ref().map(|country| country.code);
    let is_it = |given: &str| {
        let of_code = || countries::of_code(given, &countries::ISO).or_else(|| countries::of_name(given));
        let name = folded(given);
        spellings(thing).any(|spelling| folded(spelling) == name)
            || id.as_str().eq_ignore_ascii_case(given)
            || code.is_some_and(|code| of_code().is_some_and(|other| other.code == code))
    };
    parties.types.iter().find(|(given, _)| is_it(given)).map_or(thing.r#type.unwrap_or(of_list), |(_, own)| *own)
}

fn spellings(thing: &Thing<PartyId>) -> impl Iterator<Item = &str> {
    std::iter::once(&*thing.spelling).chain(thing.others.iter().map(|other| &**other))
}

/// What the table writes, where neither id nor name is written so.
fn other_names(thing: &Thing<PartyId>, id: &str, name: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for spelling in spellings(thing).chain(thing.name.as_deref()) {
        let Ok(admitted) = text::admit(spelling, TextKind::Name) else { continue };
        let is_known =
            admitted.text == id || admitted.text == name || names.iter().any(|other| *other == admitted.text);
        if !is_known && names.len() < MAX_NAMES {
            names.push(admitted.text.into_owned());
        }
    }
    names
}
