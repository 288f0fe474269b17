//! What is described: parties, agreements and missions, by id and by other names, as they were on a day.

use std::collections::BTreeMap;

use crate::domain::agreement::{Agreement, Mission};
use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{Namespace, folded};
use crate::domain::party::{Party, PartyType};
use crate::projection::knowledge::Knowledge;

/// Descriptions of things, found whatever the case of their ids.
#[derive(Debug, Default)]
pub struct Catalogue<'a> {
    parties: BTreeMap<String, Vec<Description<&'a Party>>>,
    agreements: BTreeMap<String, Vec<Description<AgreementView<'a>>>>,
    missions: BTreeMap<String, Vec<Description<&'a Mission>>>,
}

/// One description, and the day from which it holds.
#[derive(Debug)]
struct Description<T> {
    from: Option<Day>,
    /// The event that makes it.
    event: u64,
    thing: T,
}

/// An agreement, described by itself or by the memorandum that brought it.
#[derive(Debug, Clone)]
pub enum AgreementView<'a> {
    /// Described by an announcement of its own.
    Described(&'a Agreement),
    /// Brought by a memorandum.
    Concluded(Box<Agreement>),
}

impl AgreementView<'_> {
    /// The description.
    pub fn get(&self) -> &Agreement {
        match self {
            Self::Described(agreement) => agreement,
            Self::Concluded(agreement) => agreement,
        }
    }
}

impl<'a> Catalogue<'a> {
    /// Collects the descriptions among the claims. The first of an agreement may be that of a memorandum that awaits
    /// reviewers: others may name it.
    pub fn of(knowledge: &Knowledge<'a>) -> Self {
        let mut catalogue = Self::default();
        let awaiting = knowledge.awaiting.iter();
        let mut brought = awaiting.filter(|event| knowledge.review.policies().describes_first(event)).peekable();
        for claim in &knowledge.claims {
            while let Some(event) = brought.next_if(|event| event.seq < claim.seq()) {
                catalogue.add(event.seq, &event.announcement.body);
            }
            catalogue.add(claim.seq(), claim.body);
        }
        for event in brought {
            catalogue.add(event.seq, &event.announcement.body);
        }
        catalogue
    }

    fn add(&mut self, event: u64, body: &'a Body) {
        match body {
            Body::Party(party) => {
                insert(&mut self.parties, party.id.folded(), party.from.as_ref(), (event, party));
            }
            Body::Agreement(agreement) => {
                let view = AgreementView::Described(agreement);
                insert(&mut self.agreements, agreement.id.folded(), agreement.from.as_ref(), (event, view));
            }
            Body::Memorandum(memorandum) => {
                let new = &memorandum.agreement;
                let view = AgreementView::Concluded(Box::new(Agreement {
                    id: new.id.clone(),
                    title: new.title.clone(),
                    r#type: new.r#type,
                    parent: None,
                    subjects: Vec::new(),
                    also_known_as: Vec::new(),
                    depositary: None,
                    membership: None,
                    from: None,
                }));
                insert(&mut self.agreements, new.id.folded(), None, (event, view));
            }
            Body::Mission(mission) => {
                insert(&mut self.missions, mission.id.folded(), mission.from.as_ref(), (event, mission));
            }
            _ => {}
        }
    }

    /// The party of that id as it was on a day.
    pub fn party(&self, id: &str, on: Day) -> Option<&'a Party> {
        on_day(self.parties.get(&*folded(id))?, on).map(|known| known.thing)
    }

    /// Whether the party of that id is of a type on every day; nothing, if that depends on the day.
    pub fn is_always(&self, id: &str, r#type: PartyType) -> Option<bool> {
        let Some([first, others @ ..]) = self.parties.get(&*folded(id)).map(Vec::as_slice) else { return Some(false) };
        let is_same = others.iter().all(|other| other.thing.r#type == first.thing.r#type);
        is_same.then(|| first.thing.r#type == r#type)
    }

    /// The agreement of that id as it was on a day.
    pub fn agreement(&self, id: &str, on: Day) -> Option<&Agreement> {
        on_day(self.agreements.get(&*folded(id))?, on).map(|known| known.thing.get())
    }

    /// The days from which the agreement of that id was another than before, in order.
    pub fn agreement_changes(&self, id: &str) -> impl Iterator<Item = Day> {
        let descriptions = self.agreements.get(&*folded(id)).into_iter().flatten();
        descriptions.filter_map(|description| description.from)
    }

    /// The mission of that id as it was on a day.
    pub fn mission(&self, id: &str, on: Day) -> Option<&'a Mission> {
        on_day(self.missions.get(&*folded(id))?, on).map(|known| known.thing)
    }

    /// The event that describes a thing as it was on a day.
    pub fn described_by(&self, namespace: Namespace, id: &str, on: Day) -> Option<u64> {
        let id = &*folded(id);
        match namespace {
            Namespace::Party => on_day(self.parties.get(id)?, on).map(|known| known.event),
            Namespace::Agreement => on_day(self.agreements.get(id)?, on).map(|known| known.event),
            Namespace::Mission => on_day(self.missions.get(id)?, on).map(|known| known.event),
            Namespace::Announcement => None,
        }
    }

    /// Whether a thing of a space has this id, whatever its case.
    pub fn has(&self, namespace: Namespace, id: &str) -> bool {
        let id = &*folded(id);
        match namespace {
            Namespace::Party => self.parties.contains_key(id),
            Namespace::Agreement => self.agreements.contains_key(id),
            Namespace::Mission => self.missions.contains_key(id),
            Namespace::Announcement => false,
        }
    }

    /// Calls `visit` for every name that a thing of a space is or was found by, with its folded id, in the order of the ids.
    pub fn each_name<'s>(&'s self, namespace: Namespace, visit: &mut dyn FnMut(&'s str, &'s str)) {
        match namespace {
            Namespace::Party => each(&self.parties, visit, |party| (&party.name, &party.also_known_as)),
            Namespace::Agreement => each(&self.agreements, visit, |view| {
                let agreement = view.get();
                (&agreement.title, &agreement.also_known_as)
            }),
            Namespace::Mission => each(&self.missions, visit, |mission| (&mission.title, &mission.also_known_as)),
            Namespace::Announcement => {}
        }
    }

    /// The folded ids of all things of a space, in order.
    pub fn ids(&self, namespace: Namespace) -> Box<dyn Iterator<Item = &str> + '_> {
        match namespace {
            Namespace::Party => Box::new(self.parties.keys().map(String::as_str)),
            Namespace::Agreement => Box::new(self.agreements.keys().map(String::as_str)),
            Namespace::Mission => Box::new(self.missions.keys().map(String::as_str)),
            Namespace::Announcement => Box::new(std::iter::empty()),
        }
    }
}

fn each<'s, T>(
    things: &'s BTreeMap<String, Vec<Description<T>>>,
    visit: &mut dyn FnMut(&'s str, &'s str),
    names: impl Fn(&'s T) -> (&'s String, &'s Vec<String>),
) {
    for (id, descriptions) in things {
        for description in descriptions {
            let (name, others) = names(&description.thing);
            std::iter::once(name).chain(others).for_each(|name| visit(id, name));
        }
    }
}

fn insert<T>(
    things: &mut BTreeMap<String, Vec<Description<T>>>,
    id: String,
    from: Option<&Date>,
    (event, thing): (u64, T),
) {
    let from = from.and_then(|date| date.window().earliest());
    let descriptions = things.entry(id).or_default();
    let at = descriptions.partition_point(|known| known.from <= from);
    descriptions.insert(at, Description { from, event, thing });
}

/// The newest description that holds by then; before all of them, the oldest.
fn on_day<T>(descriptions: &[Description<T>], on: Day) -> Option<&Description<T>> {
    let holding = descriptions.iter().rev().find(|known| known.from.is_none_or(|from| from <= on));
    holding.or(descriptions.first())
}
