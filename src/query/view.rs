//! A log, seen from a point on the clocks of knowledge: what every question is answered from.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::domain::agreement::{Agreement, AgreementType};
use crate::domain::announcement::Body;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, AnnouncementId, MissionId, Namespace, PartyId};
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::{Recorded, Snapshot, event_at};
use crate::ledger::Progress;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Claim, Horizon, Knowledge};
use crate::projection::lookup::Meaning;
use crate::projection::membership::{Participations, Row, rows};
use crate::projection::rules::Rules;
use crate::query::members::{Member, member};
use crate::query::{Called, Known, Position, QueryError, RecordedBy, Reported, Standpoint, Vantage};

/// The spaces of what is described.
pub(super) const THINGS: [Namespace; 3] = [Namespace::Party, Namespace::Agreement, Namespace::Mission];

/// Agreements that are looked at between two looks at how far it has come.
const AT_A_TIME: usize = 512;

/// A log, seen from a point on the clocks of knowledge.
#[derive(Debug)]
pub struct View<'a> {
    pub(super) events: &'a [Recorded],
    pub(super) position: Position,
    pub(super) knowledge: Knowledge<'a>,
    pub(super) catalogue: Catalogue<'a>,
}

/// The parties of one agreement on a day.
#[derive(Debug)]
pub(super) struct AgreementState<'v> {
    /// The agreement, as it was on that day.
    pub(super) agreement: &'v Agreement,
    /// Every party that was ever told to be anything to it, in the order of their ids.
    pub(super) members: Vec<Member>,
}

impl<'a> View<'a> {
    /// Looks at a log's events from `known`.
    ///
    /// # Errors
    ///
    /// [`QueryError::NotRecorded`] if `known` names an event that there is not, or a moment before the first;
    /// [`QueryError::InsideBatch`].
    pub fn of(snapshot: &'a Snapshot, known: Known) -> Result<Self, QueryError> {
        let Some(recorded_by) = known.recorded_by else {
            return Ok(Self::at(&snapshot.events, Position::of(snapshot), known));
        };
        let len = match recorded_by {
            RecordedBy::Seq(seq) => Some(seq).filter(|seq| *seq < snapshot.heads.len()).map_or(0, |seq| seq + 1),
            RecordedBy::At(moment) => snapshot.heads.len_by(moment),
        };
        if len == 0 {
            let newest = snapshot.heads.newest().map(|stand| (stand.head.len - 1, stand.recorded));
            return Err(QueryError::NotRecorded {
                newest,
                first: snapshot.heads.stands().first().map(|stand| stand.recorded),
            });
        }
        Self::until(snapshot, len, known)
    }

    /// Looks at all of a log, as it is known now.
    pub fn whole(snapshot: &'a Snapshot) -> Self {
        Self::at(&snapshot.events, Position::of(snapshot), Known::default())
    }

    /// Looks at the first events of a log, so many as it had then.
    ///
    /// # Errors
    ///
    /// [`QueryError::InsideBatch`] if the head that it then had is not known.
    pub(super) fn until(snapshot: &'a Snapshot, len: u64, known: Known) -> Result<Self, QueryError> {
        let events = &snapshot.events[..snapshot.events.partition_point(|event| event.seq < len)];
        let head = snapshot.heads.at(len).ok_or(QueryError::InsideBatch(len.saturating_sub(1)))?;
        Ok(Self::at(events, Position { len, head }, known))
    }

    fn at(events: &'a [Recorded], position: Position, known: Known) -> Self {
        let knowledge = Knowledge::of(events, Horizon { announced_by: known.announced_by });
        let catalogue = Catalogue::of(&knowledge);
        Self { events, position, knowledge, catalogue }
    }

    /// The position that answers are computed at; before the first event, what it follows.
    pub(super) fn position(&self) -> Position {
        self.position.clone()
    }

    /// From where this is seen, and at which position.
    pub(super) fn vantage(&self, at: Standpoint) -> Vantage {
        Vantage {
            on: at.on,
            announced_by: at.known.announced_by,
            recorded_by: at.known.recorded_by,
            include_reported: at.reported == Reported::Included,
            prefer: at.prefer,
            position: self.position(),
        }
    }

    /// The event at a position.
    pub(super) fn event(&self, seq: u64) -> Option<&'a Recorded> {
        event_at(self.events, seq)
    }

    /// When an event was recorded, by the corrections of the clock that are known from here.
    pub(super) fn recorded(&self, event: &Recorded) -> Timestamp {
        self.knowledge.recorded(event)
    }

    /// The id of a party as its description writes it.
    pub(super) fn party_id(&self, id: &PartyId, on: Day) -> String {
        self.catalogue.party(id.as_str(), on).map_or(id, |party| &party.id).to_string()
    }

    /// The name of a party on a day; of one that is not described, its id.
    pub(super) fn party_name(&self, id: &PartyId, on: Day) -> String {
        self.catalogue.party(id.as_str(), on).map_or_else(|| id.to_string(), |party| party.name.clone())
    }

    /// The id of an agreement as its description writes it.
    pub(super) fn agreement_id(&self, id: &AgreementId, on: Day) -> String {
        self.catalogue.agreement(id.as_str(), on).map_or(id, |agreement| &agreement.id).to_string()
    }

    /// The title of an agreement on a day; of one that is not described, its id.
    pub(super) fn agreement_title(&self, id: &AgreementId, on: Day) -> String {
        self.catalogue.agreement(id.as_str(), on).map_or_else(|| id.to_string(), |agreement| agreement.title.clone())
    }

    /// The id of a mission as its description writes it.
    pub(super) fn mission_id(&self, id: &MissionId, on: Day) -> String {
        self.catalogue.mission(id.as_str(), on).map_or(id, |mission| &mission.id).to_string()
    }

    /// The title of a mission on a day; of one that is not described, its id.
    pub(super) fn mission_title(&self, id: &MissionId, on: Day) -> String {
        self.catalogue.mission(id.as_str(), on).map_or_else(|| id.to_string(), |mission| mission.title.clone())
    }

    /// The folded id of a thing, by its id or another name.
    pub(super) fn find(&self, namespace: Namespace, name: &str) -> Result<String, QueryError> {
        match self.catalogue.find(namespace, name) {
            Meaning::One(id) => Ok(id),
            Meaning::Several(ids) => Err(self.several(namespace, name, &ids)),
            Meaning::Nothing => Err(self.not_found(Some(namespace), name)),
        }
    }

    /// The things that a name may mean, at most one of each space.
    pub(super) fn subjects(&self, name: &str) -> Result<Vec<(Namespace, String)>, QueryError> {
        let mut found = Vec::new();
        for space in THINGS {
            match self.catalogue.find(space, name) {
                Meaning::One(id) => found.push((space, id)),
                Meaning::Several(ids) => return Err(self.several(space, name, &ids)),
                Meaning::Nothing => {}
            }
        }
        if found.is_empty() { Err(self.not_found(None, name)) } else { Ok(found) }
    }

    /// A thing by its folded id, as it is called now.
    pub(super) fn called(&self, namespace: Namespace, id: &str) -> Called {
        let (id, name) = match namespace {
            Namespace::Party => {
                self.catalogue.party(id, Day::MAX).map(|party| (party.id.to_string(), party.name.clone()))
            }
            Namespace::Agreement => {
                self.catalogue.agreement(id, Day::MAX).map(|of| (of.id.to_string(), of.title.clone()))
            }
            Namespace::Mission => self.catalogue.mission(id, Day::MAX).map(|of| (of.id.to_string(), of.title.clone())),
            Namespace::Announcement => None,
        }
        .unwrap_or_else(|| (id.to_owned(), id.to_owned()));
        Called { id, name }
    }

    /// The things whose names are near to one, of a space or of all, nearest first in each.
    pub(super) fn near(&self, namespace: Option<Namespace>, name: &str) -> Vec<Called> {
        const MOST: usize = 5;
        let spaces = namespace.map_or(THINGS.to_vec(), |space| vec![space]);
        let near = |space: Namespace| {
            let ids = self.catalogue.near(space, name, MOST);
            ids.into_iter().map(move |id| self.called(space, &id)).collect::<Vec<_>>()
        };
        spaces.into_iter().flat_map(near).take(MOST).collect()
    }

    fn several(&self, namespace: Namespace, name: &str, ids: &[String]) -> QueryError {
        let found = ids.iter().map(|id| self.called(namespace, id)).collect();
        QueryError::SeveralSo { namespace, name: name.to_owned(), found }
    }

    fn not_found(&self, namespace: Option<Namespace>, name: &str) -> QueryError {
        let spaces = namespace.map_or(THINGS.to_vec(), |space| vec![space]);
        let described = spaces.iter().map(|space| self.catalogue.ids(*space).count()).sum();
        QueryError::NotFound { namespace, name: name.to_owned(), near: self.near(namespace, name), described }
    }

    /// Whether an event was public by the day that is looked from.
    pub(super) fn is_public(&self, event: &Recorded) -> bool {
        self.knowledge.is_public(event)
    }

    /// What was told of the world, and was public by the day that is looked from.
    pub(super) fn told(&self) -> impl Iterator<Item = &'a Recorded> {
        let is_about_world = |event: &&Recorded| !event.announcement.body.kind().is_about_ledger();
        self.events.iter().filter(is_about_world).filter(|event| self.is_public(event))
    }

    /// Of these, the events that name one of these things, themselves or through the announcement that they are about.
    pub(super) fn concerning(&self, subjects: &[(Namespace, String)]) -> Vec<&'a Recorded> {
        let mut concerned: HashSet<&AnnouncementId> = HashSet::new();
        let mut found = Vec::new();
        for event in self.told() {
            let body = &event.announcement.body;
            let names = names_any(body, subjects) || body.about().is_some_and(|target| concerned.contains(target));
            if names {
                concerned.insert(&event.id);
                found.push(event);
            }
        }
        found
    }

    /// The parties of an agreement, by its folded id.
    pub(super) fn standing(&self, id: &str, at: Standpoint) -> Option<AgreementState<'_>> {
        self.standing_by(id, &self.knowledge.about_agreement(id), at)
    }

    /// The parties of every agreement, in the order of the agreements' ids.
    pub(super) fn state(&self, at: Standpoint) -> Vec<AgreementState<'_>> {
        self.of_each(at.on, |id, _, claims| self.standing_by(id, claims, at).into_iter().collect())
    }

    /// The same, with the rows of the parties that are wanted alone, by their folded ids.
    pub(super) fn state_of(&self, at: Standpoint, wanted: impl Fn(&str) -> bool + Sync) -> Vec<AgreementState<'_>> {
        self.of_each(at.on, |id, _, claims| {
            let mut claims = claims.to_vec();
            claims.retain(|claim| concerns_all_or(claim.body, &wanted));
            let mut state: Vec<AgreementState<'_>> = self.standing_by(id, &claims, at).into_iter().collect();
            for state in &mut state {
                state.members.retain(|member| wanted(&member.party.to_ascii_lowercase()));
            }
            state
        })
    }

    /// Does work over every agreement described by a day, by its folded id and with the claims about it, on all cores;
    /// the results are in the order of the ids.
    pub(super) fn of_each<'v, T: Send>(
        &'v self,
        on: Day,
        work: impl Fn(&'v str, &'v Agreement, &[&'v Claim<'a>]) -> Vec<T> + Sync,
    ) -> Vec<T> {
        self.of_each_telling(on, work, &|_, _, _| {})
    }

    /// The same, and tells how far it has come.
    pub(super) fn of_each_telling<'v, T: Send>(
        &'v self,
        on: Day,
        work: impl Fn(&'v str, &'v Agreement, &[&'v Claim<'a>]) -> Vec<T> + Sync,
        progress: Progress<'_>,
    ) -> Vec<T> {
        let mut claims = self.knowledge.by_agreement();
        let of_id = |id: &'v str| Some((id, self.catalogue.agreement(id, on)?, claims.remove(id).unwrap_or_default()));
        let all: Vec<_> = self.catalogue.ids(Namespace::Agreement).filter_map(of_id).collect();
        let mut found = Vec::new();
        for (part, some) in (1..).zip(all.chunks(AT_A_TIME)) {
            found.par_extend(some.par_iter().flat_map_iter(|(id, agreement, claims)| work(id, agreement, claims)));
            let done = (part * AT_A_TIME).min(all.len());
            progress("agreements", done as u64, all.len() as u64);
        }
        found
    }

    /// The parties of every agreement on two days, by the same knowledge.
    pub(super) fn states(&self, at: Standpoint, days: [Day; 2]) -> [Vec<AgreementState<'_>>; 2] {
        let both = self.of_each(days[0], |id, agreement, claims| {
            let parts =
                |agreement| Participations::of(&self.knowledge, claims, id, &Rules::of(agreement), at.reckoning());
            let first = parts(agreement);
            let then = self.catalogue.agreement(id, days[1]).expect("what is described once is described on every day");
            let state = |agreement, parts: &Participations<'_>, on| self.as_state(agreement, &parts.on(on), on);
            let second = if std::ptr::eq(agreement, then) {
                state(then, &first, days[1])
            } else {
                state(then, &parts(then), days[1])
            };
            vec![(state(agreement, &first, days[0]), second)]
        });
        let (first, second) = both.into_iter().unzip();
        [first, second]
    }

    fn standing_by<'v>(&'v self, id: &str, claims: &[&'v Claim<'a>], at: Standpoint) -> Option<AgreementState<'v>> {
        let agreement = self.catalogue.agreement(id, at.on)?;
        let rows = rows(&self.knowledge, claims, id, &Rules::of(agreement), at.reckoning());
        Some(self.as_state(agreement, &rows, at.on))
    }

    pub(super) fn as_state<'v>(&'v self, agreement: &'v Agreement, rows: &[Row<'_>], on: Day) -> AgreementState<'v> {
        let participants = is_of_participants(agreement);
        AgreementState { agreement, members: rows.iter().map(|row| member(row, self, on, participants)).collect() }
    }
}

/// Whether an agreement is one that parties take part in with a role.
pub(super) fn is_of_participants(agreement: &Agreement) -> bool {
    matches!(agreement.r#type, AgreementType::Programme | AgreementType::Organisation)
}

/// Whether a body tells of the agreement as a whole, or of a party that is wanted.
pub(super) fn concerns_all_or(body: &Body, wanted: &impl Fn(&str) -> bool) -> bool {
    match body {
        Body::Joining(joining) => wanted(&joining.party.folded()),
        Body::Departure(departure) => wanted(&departure.party.folded()),
        Body::Suspension(suspension) => suspension.party.as_ref().is_none_or(|party| wanted(&party.folded())),
        _ => true,
    }
}

/// Whether a body names one of these things.
pub(super) fn names_any(body: &Body, subjects: &[(Namespace, String)]) -> bool {
    let mut found = false;
    body.each_id(&mut |namespace, id| {
        found |= subjects.iter().any(|(space, subject)| *space == namespace && id.eq_ignore_ascii_case(subject));
    });
    found
}
