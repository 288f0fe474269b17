//! What admission has to know of the ledger: the ids that are taken, and what was struck. Folded from the events.

use std::collections::{BTreeMap, HashMap};

use crate::domain::agreement::AgreementType;
use crate::domain::announcement::{Announcement, Body, Kind};
use crate::domain::id::{AnnouncementId, ByName, Namespace, folded};
use crate::domain::name;
use crate::domain::source::Address;
use crate::event::snapshot::Recorded;
use crate::projection::policies::named;

/// The ids of a ledger, by their folded form; of a plan, those that it adds to the ones before it.
#[derive(Debug, Clone, Default)]
pub struct Registry<'b> {
    before: Option<&'b Registry<'b>>,
    own: Taken,
}

/// What an index has beside the one before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Taken {
    announcements: ByName<u64>,
    parties: ByName<String>,
    agreements: ByName<String>,
    missions: ByName<String>,
    other_names: HashMap<(Namespace, String), String>,
    /// The first thing of each look.
    looks: HashMap<(Namespace, String), String>,
    /// The types that were told of each agreement, in the order of the events, or drafts, that tell them.
    types: ByName<Vec<(u64, AgreementType)>>,
    /// What the newest policy says.
    policy: BTreeMap<Kind, u64>,
    /// Whether a policy ever asked for reviewers.
    asks_for_reviewers: bool,
    erased: HashMap<Address, u64>,
    personal: HashMap<Address, (u64, u64)>,
}

impl<'b> Registry<'b> {
    /// Returns an index that is to have what follows another's events.
    pub(super) fn following(before: &'b Self) -> Self {
        let (policy, asks_for_reviewers) = (before.own.policy.clone(), before.own.asks_for_reviewers);
        Self { before: Some(before), own: Taken { policy, asks_for_reviewers, ..Taken::default() } }
    }

    /// Returns what it has beside the index before it.
    #[cfg(test)]
    pub(super) fn own(&self) -> &Taken {
        &self.own
    }

    /// Returns what it has beside the index before it, by itself.
    pub(super) fn into_own(self) -> Taken {
        self.own
    }

    /// Takes in what an index that followed this one has.
    pub(super) fn absorb(&mut self, next: Taken) {
        let own = &mut self.own;
        own.announcements.extend(next.announcements);
        own.parties.extend(next.parties);
        own.agreements.extend(next.agreements);
        own.missions.extend(next.missions);
        own.other_names.extend(next.other_names);
        own.looks.extend(next.looks);
        for (id, told) in next.types {
            own.types.entry(id).or_default().extend(told);
        }
        own.policy = next.policy;
        own.asks_for_reviewers |= next.asks_for_reviewers;
        own.erased.extend(next.erased);
        own.personal.extend(next.personal);
    }

    /// Returns what each index has, from the newest one back.
    fn all(&self) -> impl Iterator<Item = &Taken> {
        std::iter::successors(Some(self), |index| index.before).map(|index| &index.own)
    }

    /// Takes the ids of one more event.
    pub fn add(&mut self, event: &Recorded) {
        self.own.announcements.insert(event.id.folded(), event.seq);
        self.describe(&event.announcement, event.seq);
        if let Body::Policy(policy) = &event.announcement.body {
            self.own.policy = named(policy);
            self.own.asks_for_reviewers |= self.own.policy.values().any(|reviewers| *reviewers > 0);
        }
        if let Body::Erasure(erasure) = &event.announcement.body {
            for document in &erasure.documents {
                if self.erased(document).is_none() {
                    self.own.erased.insert(document.clone(), event.seq);
                }
            }
        }
        for document in event.announcement.evidence.iter().filter_map(|evidence| evidence.source.document.as_deref()) {
            if let Some(commit) = &document.commit
                && !self.is_personal(commit)
            {
                self.own.personal.insert(commit.clone(), (event.seq, document.len));
            }
        }
    }

    /// The event by which a document was erased.
    pub fn erased(&self, document: &Address) -> Option<u64> {
        self.all().find_map(|names| names.erased.get(document)).copied()
    }

    /// Whether an event names a personal document by this commitment.
    pub fn is_personal(&self, commit: &Address) -> bool {
        self.all().any(|names| names.personal.contains_key(commit))
    }

    /// Personal documents by their commitments, each with the first event that names it, and its length.
    pub fn personal(&self) -> impl Iterator<Item = (&Address, u64, u64)> {
        self.all().flat_map(|names| &names.personal).map(|(commit, (seq, len))| (commit, *seq, *len))
    }

    /// Whether a policy ever asked for reviewers: only then it has to be looked at whether a description counts.
    pub fn asks_for_reviewers(&self) -> bool {
        self.own.asks_for_reviewers
    }

    /// How many reviewers the newest policy asks for, of a kind.
    pub fn reviewers_of(&self, kind: Kind) -> u64 {
        self.own.policy.get(&kind).copied().unwrap_or_default()
    }

    /// Takes the ids of the things that an announcement describes, and its other names, unless it describes anew what
    /// takes reviewers then: these may never confirm it. `place` is that of the event, or of the draft.
    pub fn describe(&mut self, announcement: &Announcement, place: u64) {
        if let Some(described) = described(&announcement.body) {
            let is_free =
                self.thing(described.namespace, described.id).is_none() || self.reviewers_of(described.kind) == 0;
            for name in described.other_names.into_iter().filter(|_| is_free) {
                let name = (described.namespace, name::folded(name));
                if !self.all().any(|names| names.other_names.contains_key(&name)) {
                    self.own.other_names.insert(name, described.id.to_owned());
                }
            }
            let look = (described.namespace, look(described.id));
            if !self.all().any(|names| names.looks.contains_key(&look)) {
                self.own.looks.insert(look, described.id.to_owned());
            }
            if self.thing(described.namespace, described.id).is_none()
                && let Some(things) = self.own.space(described.namespace)
            {
                things.insert(described.id.to_ascii_lowercase(), described.id.to_owned());
            }
        }
        let told = match announcement.body.said() {
            Some(Body::Agreement(agreement)) => (agreement.id.folded(), agreement.r#type),
            Some(Body::Memorandum(memorandum)) => (memorandum.agreement.id.folded(), memorandum.agreement.r#type),
            _ => return,
        };
        self.own.types.entry(told.0).or_default().push((place, told.1));
    }

    /// The event of the announcement of that id, whatever its case.
    pub fn announcement(&self, id: &AnnouncementId) -> Option<u64> {
        let id = folded(id.as_str());
        self.all().find_map(|names| names.announcements.get(&*id)).copied()
    }

    /// The id of a thing as its description writes it.
    pub fn thing(&self, namespace: Namespace, id: &str) -> Option<&str> {
        let id = folded(id);
        self.all().find_map(|names| names.things_of(namespace)?.get(&*id)).map(String::as_str)
    }

    /// The id of the thing that is also known by that name.
    pub fn thing_called(&self, namespace: Namespace, name: &str) -> Option<&str> {
        let name = (namespace, name::folded(name));
        self.all().find_map(|names| names.other_names.get(&name)).map(String::as_str)
    }

    /// Another thing whose id looks like this one: it differs in characters that are taken for each other.
    pub fn alike(&self, namespace: Namespace, id: &str) -> Option<&str> {
        let look = (namespace, look(id));
        let found = self.all().find_map(|names| names.looks.get(&look)).map(String::as_str);
        found.filter(|found| !found.eq_ignore_ascii_case(id))
    }

    /// The ids of all things of a space, in order.
    pub fn things(&self, namespace: Namespace) -> impl Iterator<Item = &str> {
        let all = self.all().filter_map(|names| names.things_of(namespace)).flatten();
        let mut things: Vec<&str> = all.map(|(_, id)| id.as_str()).collect();
        things.sort_unstable();
        things.into_iter()
    }

    /// The ids of all announcements, folded.
    pub fn announcements(&self) -> impl Iterator<Item = &str> {
        self.all().flat_map(|names| names.announcements.keys()).map(String::as_str)
    }

    /// The types that were told of an agreement, in their order, each by the event or draft at that place.
    pub fn agreement_types(&self, id: &str) -> Vec<(u64, AgreementType)> {
        let id = folded(id);
        let mut told: Vec<&[_]> = self.all().filter_map(|names| names.types.get(&*id)).map(Vec::as_slice).collect();
        told.reverse();
        told.concat()
    }
}

impl Taken {
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
    /// The kind that describes such things.
    pub kind: Kind,
    /// Its id.
    pub id: &'a str,
    /// Where the id stands in the body.
    pub field: &'static str,
    other_names: Vec<&'a str>,
}

/// What a body describes: a party, agreement or mission, or the instrument that a memorandum brings.
pub fn described(body: &Body) -> Option<Described<'_>> {
    let (kind, id, field, name, others): (_, _, _, &String, &[String]) = match body {
        Body::Party(party) => (Kind::Party, party.id.as_str(), "id", &party.name, &party.also_known_as),
        Body::Agreement(agreement) => {
            (Kind::Agreement, agreement.id.as_str(), "id", &agreement.title, &agreement.also_known_as)
        }
        Body::Mission(mission) => (Kind::Mission, mission.id.as_str(), "id", &mission.title, &mission.also_known_as),
        Body::Memorandum(memorandum) => {
            let new = &memorandum.agreement;
            (Kind::Agreement, new.id.as_str(), "agreement.id", &new.title, &[])
        }
        _ => return None,
    };
    let (namespace, _) = body.describes()?;
    let other_names = std::iter::once(name).chain(others).map(String::as_str).collect();
    Some(Described { namespace, kind, id, field, other_names })
}
