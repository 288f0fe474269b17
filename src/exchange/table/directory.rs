//! What a ledger has already: parties and agreements, by id and by name.

use std::collections::HashMap;

use crate::domain::announcement::Body;
use crate::domain::id::Namespace;
use crate::domain::name::folded;
use crate::domain::party::{Party, PartyType};
use crate::event::Recorded;
use crate::exchange::table::countries::{self, Known, Listed};

/// The parties and agreements of a ledger.
#[derive(Debug, Default)]
pub struct Directory {
    parties: Names,
    agreements: Names,
    missions: Names,
}

/// Things of one kind.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By folded id, the id as it is written.
    ids: HashMap<String, String>,
    /// By a folded name, the ids of those that have it, in order.
    called: HashMap<String, Vec<String>>,
    /// By the code of a country, the ids of the parties that are that country, in order.
    countries: HashMap<&'static str, Vec<String>>,
}

impl Directory {
    /// The things that events describe.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Recorded>) -> Self {
        let mut directory = Self::default();
        for event in events {
            directory.add(&event.announcement.body);
        }
        directory
    }

    pub(super) fn names(&self, namespace: Namespace) -> &Names {
        match namespace {
            Namespace::Party => &self.parties,
            Namespace::Agreement => &self.agreements,
            Namespace::Mission => &self.missions,
            Namespace::Announcement => unreachable!("no table describes an announcement"),
        }
    }

    fn add(&mut self, body: &Body) {
        match body {
            Body::Party(party) => self.parties.add_party(party),
            Body::Agreement(agreement) => {
                self.agreements.add(agreement.id.as_str(), &agreement.title, &agreement.also_known_as);
            }
            Body::Mission(mission) => self.missions.add(mission.id.as_str(), &mission.title, &mission.also_known_as),
            Body::Memorandum(memorandum) => {
                self.agreements.add(memorandum.agreement.id.as_str(), &memorandum.agreement.title, &[]);
            }
            Body::Correction(correction) => {
                if let Some(replacement) = &correction.replacement {
                    self.add(&replacement.0);
                }
            }
            _ => {}
        }
    }
}

impl Names {
    /// The thing of that id, whatever its case.
    pub(super) fn of_id(&self, id: &str) -> Option<&str> {
        self.ids.get(&id.to_ascii_lowercase()).map(String::as_str)
    }

    /// The only thing of that name, as names are folded.
    pub(super) fn called(&self, name: &str) -> Option<&str> {
        match self.all_called(name) {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Every thing of that name, as names are folded.
    pub(super) fn all_called(&self, name: &str) -> &[String] {
        self.called.get(&folded(name)).map_or(&[], Vec::as_slice)
    }

    /// The parties that are the country of that code, and not one of its organs.
    pub(super) fn of_country(&self, code: &str) -> &[String] {
        self.countries.get(code).map_or(&[], Vec::as_slice)
    }

    /// Every folded name, and who has it.
    pub(super) fn each_name(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.called.iter().map(|(name, ids)| (name.as_str(), ids.as_slice()))
    }

    /// Whether some country is known to be that party.
    pub(super) fn is_a_country(&self, id: &str) -> bool {
        self.countries.values().any(|ids| ids.iter().any(|other| other == id))
    }

    fn add(&mut self, id: &str, name: &str, others: &[String]) {
        let id = self.ids.entry(id.to_ascii_lowercase()).or_insert_with(|| id.to_owned());
        for name in std::iter::once(name).chain(others.iter().map(String::as_str)) {
            put(self.called.entry(folded(name)).or_default(), id);
        }
    }

    fn add_party(&mut self, party: &Party) {
        self.add(party.id.as_str(), &party.name, &party.also_known_as);
        if let Some(known) = country_itself(party) {
            put(self.countries.entry(known.code).or_default(), party.id.as_str());
        }
    }
}

fn put(ids: &mut Vec<String>, id: &str) {
    if let Err(place) = ids.binary_search_by(|other| other.as_str().cmp(id)) {
        ids.insert(place, id.to_owned());
    }
}

/// The country that a party is. Agencies and companies sit in one, and are none.
fn country_itself(party: &Party) -> Option<Known> {
    let told = party.country.as_ref().and_then(countries::of_country);
    let known = match told {
        Some(known) => known,
        None if party.country.is_none() && party.r#type == PartyType::State => countries::of_name(&party.name)?,
        None => return None,
    };
    let is_called_so = || countries::of_name(&party.name).is_some_and(|called| called == known);
    let is_it = match known.listed() {
        Listed::As(PartyType::State) if matches!(party.r#type, PartyType::Unspecified | PartyType::Government) => {
            is_called_so()
        }
        Listed::As(of_list) => party.r#type == of_list || party.r#type == PartyType::State,
        Listed::AsTold(_) => matches!(party.r#type, PartyType::State | PartyType::Unspecified | PartyType::Government),
    };
    (is_it && party.acts_for.is_none()).then_some(known)
}
