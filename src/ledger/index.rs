//! What admission has to know of the ledger: the ids that are taken, and what was struck. Folded from the events.

use std::collections::HashMap;

use crate::domain::agreement::AgreementType;
use crate::domain::announcement::{Announcement, Body};
use crate::domain::id::{AnnouncementId, ByName, Namespace, folded};
use crate::domain::source::Address;
use crate::event::facts::Recorded;

/// The ids of a ledger, by their folded form.
#[derive(Debug, Clone, Default)]
pub struct Index {
    announcements: ByName<u64>,
    parties: ByName<String>,
    agreements: ByName<String>,
    missions: ByName<String>,
    other_names: HashMap<(Namespace, String), String>,
    /// The first thing of each look.
    looks: HashMap<(Namespace, String), String>,
    types: ByName<AgreementType>,
    erased: HashMap<Address, u64>,
    personal: HashMap<Address, (u64, u64)>,
}

impl Index {
    /// Takes the ids of one more event.
    pub fn add(&mut self, event: &Recorded) {
        self.announcements.insert(event.id.folded(), event.seq);
        self.describe(&event.announcement);
        if let Body::Erasure(erasure) = &event.announcement.body {
            for document in &erasure.documents {
                self.erased.entry(document.clone()).or_insert(event.seq);
            }
        }
        for document in event.announcement.evidence.iter().filter_map(|evidence| evidence.source.document.as_deref()) {
            if let Some(commit) = &document.commit {
                self.personal.entry(commit.clone()).or_insert((event.seq, document.len));
            }
        }
    }

    /// The event by which a document was erased.
    pub fn erased(&self, document: &Address) -> Option<u64> {
        self.erased.get(document).copied()
    }

    /// Whether an event names a personal document by this commitment.
    pub fn is_personal(&self, commit: &Address) -> bool {
        self.personal.contains_key(commit)
    }

    /// Personal documents by their commitments, each with the first event that names it, and its length.
    pub fn personal(&self) -> impl Iterator<Item = (&Address, u64, u64)> {
        self.personal.iter().map(|(commit, (seq, len))| (commit, *seq, *len))
    }

    /// Takes the ids of the things that an announcement describes.
    pub fn describe(&mut self, announcement: &Announcement) {
        if let Some(described) = described(&announcement.body) {
            for name in described.other_names {
                self.other_names.entry((described.namespace, name.to_lowercase())).or_insert(described.id.to_owned());
            }
            let look = (described.namespace, look(described.id));
            self.looks.entry(look).or_insert_with(|| described.id.to_owned());
            if let Some(things) = self.space(described.namespace) {
                things.entry(described.id.to_ascii_lowercase()).or_insert_with(|| described.id.to_owned());
            }
        }
        let body = match &announcement.body {
            Body::Correction(correction) => correction.replacement.as_ref().map(|replacement| replacement.0.as_ref()),
            body => Some(body),
        };
        match body.unwrap_or(&announcement.body) {
            Body::Agreement(agreement) => self.types.insert(agreement.id.folded(), agreement.r#type),
            Body::Memorandum(memorandum) => {
                self.types.insert(memorandum.agreement.id.folded(), memorandum.agreement.r#type)
            }
            _ => None,
        };
    }

    /// The event of the announcement of that id, whatever its case.
    pub fn announcement(&self, id: &AnnouncementId) -> Option<u64> {
        self.announcements.get(&*folded(id.as_str())).copied()
    }

    /// The id of a thing as its description writes it.
    pub fn thing(&self, namespace: Namespace, id: &str) -> Option<&str> {
        self.things_of(namespace)?.get(&*folded(id)).map(String::as_str)
    }

    /// The id of the thing that is also known by that name.
    pub fn thing_called(&self, namespace: Namespace, name: &str) -> Option<&str> {
        self.other_names.get(&(namespace, name.to_lowercase())).map(String::as_str)
    }

    /// Another thing whose id looks like this one: it differs in characters that are taken for each other.
    pub fn alike(&self, namespace: Namespace, id: &str) -> Option<&str> {
        let found = self.looks.get(&(namespace, look(id))).map(String::as_str);
        found.filter(|found| !found.eq_ignore_ascii_case(id))
    }

    /// The ids of all things of a space, in order.
    pub fn things(&self, namespace: Namespace) -> impl Iterator<Item = &str> {
        let mut things: Vec<&str> =
            self.things_of(namespace).into_iter().flatten().map(|(_, id)| id.as_str()).collect();
        things.sort_unstable();
        things.into_iter()
    }

    /// The ids of all announcements, folded.
    pub fn announcements(&self) -> impl Iterator<Item = &str> {
        self.announcements.keys().map(String::as_str)
    }

    /// The type of an agreement.
    pub fn agreement_type(&self, id: &str) -> Option<AgreementType> {
        self.types.get(&*folded(id)).copied()
    }

    fn space(&mut self, namespace: Namespace) -> Option<&mut ByName<String>> {
        match namespace {
            Namespace::Party => Some(&mut self.parties),
            Namespace::Agreement => Some(&mut self.agreements),
            Namespace::Mission => Some(&mut self.missions),
            Namespace::Announcement => None,
        }
    }

    fn things_of(&self, namespace: Namespace) -> Option<&ByName<String>> {
        match namespace {
            Namespace::Party => Some(&self.parties),
            Namespace::Agreement => Some(&self.agreements),
            Namespace::Mission => Some(&self.missions),
            Namespace::Announcement => None,
        }
    }
}

/// How an id looks to somebody who reads fast: `l`, `1` and `I`, `0` and `O`, `rn` and `m`, `vv` and `w`, and whatever
/// separates words, are taken for each other.
fn look(id: &str) -> String {
    let one_of = |c: char| match c.to_ascii_lowercase() {
        'l' | '1' => 'i',
        '0' => 'o',
        '_' | '.' | ':' | '/' => '-',
        other => other,
    };
    let folded: String = id.chars().map(one_of).collect();
    folded.replace("rn", "m").replace("vv", "w")
}

/// A thing that an announcement describes.
pub struct Described<'a> {
    /// Its space.
    pub namespace: Namespace,
    /// Its id.
    pub id: &'a str,
    /// Where the id stands in the body.
    pub field: &'static str,
    other_names: Vec<&'a str>,
}

/// What a body describes: a party, agreement or mission, or the instrument that a memorandum brings.
pub fn described(body: &Body) -> Option<Described<'_>> {
    let (namespace, id, field, name, others): (_, _, _, &String, &[String]) = match body {
        Body::Party(party) => (Namespace::Party, party.id.as_str(), "id", &party.name, &party.also_known_as),
        Body::Agreement(agreement) => {
            (Namespace::Agreement, agreement.id.as_str(), "id", &agreement.title, &agreement.also_known_as)
        }
        Body::Mission(mission) => {
            (Namespace::Mission, mission.id.as_str(), "id", &mission.title, &mission.also_known_as)
        }
        Body::Memorandum(memorandum) => {
            let new = &memorandum.agreement;
            (Namespace::Agreement, new.id.as_str(), "agreement.id", &new.title, &[])
        }
        _ => return None,
    };
    let other_names = std::iter::once(name).chain(others).map(String::as_str).collect();
    Some(Described { namespace, id, field, other_names })
}
