//! What a ledger has already: parties and agreements, by id and by name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::domain::announcement::Body;
use crate::domain::id::Namespace;
use crate::event::Recorded;

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
    /// By a name in small letters, the id; none if two things have that name.
    called: HashMap<String, Option<String>>,
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
            Body::Party(party) => self.parties.add(party.id.as_str(), &party.name, &party.also_known_as),
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

    /// The only thing of that name, whatever its case.
    pub(super) fn called(&self, name: &str) -> Option<&str> {
        self.called.get(&name.to_lowercase())?.as_deref()
    }

    fn add(&mut self, id: &str, name: &str, others: &[String]) {
        self.ids.entry(id.to_ascii_lowercase()).or_insert_with(|| id.to_owned());
        for name in std::iter::once(name).chain(others.iter().map(String::as_str)) {
            match self.called.entry(name.to_lowercase()) {
                Entry::Vacant(slot) => _ = slot.insert(Some(id.to_owned())),
                Entry::Occupied(mut slot) if slot.get().as_deref() != Some(id) => _ = slot.insert(None),
                Entry::Occupied(_) => {}
            }
        }
    }
}
