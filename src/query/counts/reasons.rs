//! Why a published number is not ours: the parties that may have been counted otherwise, and by which claims.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::agreement::{Count, Counted};
use crate::domain::announcement::Body;
use crate::domain::id::PartyId;
use crate::domain::window::Certainty;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Row, part_if_only};
use crate::projection::rules::Status;
use crate::projection::stay::Terms;
use crate::query::members::events;

use super::ours::{Era, Part, Seen, When, era_on};
use super::{Because, Candidate, Verdict};

/// A number that is compared with ours.
pub(super) struct Asked<'e, 's> {
    pub(super) count: &'e Count,
    pub(super) verdict: Verdict,
    /// Whether it is higher than what we count for certain.
    pub(super) is_higher: bool,
    /// For when it comes nearest to ours; not told of a joining that is not counted.
    pub(super) when: Option<When<'e>>,
    /// The parties, as they were known when the number was published.
    pub(super) era: &'e Era<'s>,
    /// All that is known now.
    pub(super) now: &'e Seen<'e>,
}

/// What was found so far: the first reason of each party.
type Found = BTreeMap<String, Candidate>;

impl Asked<'_, '_> {
    /// The parties that may explain the difference, in the order of their ids.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut found = Found::new();
        let Some(when) = &self.when else {
            self.not_placed(&mut found);
            return found.into_values().collect();
        };
        if matches!(when, When::On(_) | When::During(_)) {
            self.list(when, &mut found);
        }
        if self.verdict != Verdict::Agrees {
            self.rivals(when, &mut found);
        }
        if self.is_higher {
            let possible = |part: &Part<'_>| self.counted(part, when) == Certainty::Possible;
            self.add_all(when, &mut found, Because::Possible, possible);
        }
        match self.verdict {
            Verdict::Agrees => {}
            Verdict::More => self.not_counted(when, &mut found),
            Verdict::Fewer => self.counted_otherwise(when, &mut found),
        }
        found.into_values().collect()
    }

    fn counted(&self, part: &Part<'_>, when: &When<'_>) -> Certainty {
        self.era.counted(self.count.of, part, when)
    }

    /// What a list has that we do not count, and what we count that a whole list has not.
    fn list(&self, when: &When<'_>, found: &mut Found) {
        let listed: BTreeSet<String> = self.count.listed.iter().map(PartyId::folded).collect();
        for party in &listed {
            let part = self.era.part(party);
            if part.is_none_or(|part| self.counted(part, when) == Certainty::Not) {
                self.add(when, found, Because::Listed, (party, part));
            }
        }
        if self.count.complete {
            let is_left_out =
                |part: &Part<'_>| self.counted(part, when) == Certainty::Certain && !listed.contains(&part.whole.party);
            self.add_all(when, found, Because::NotListed, is_left_out);
        }
    }

    /// Parties that another claim alone would have counted, or not.
    fn rivals(&self, when: &When<'_>, found: &mut Found) {
        let acts = self.era.acts();
        let terms = Terms { milestones: &acts.milestones, rules: &self.era.rules, prefer: self.era.seen.at.prefer };
        for part in &self.era.confirmed {
            let counted = self.counted(part, when);
            let is_wanted = match self.verdict {
                Verdict::More => counted == Certainty::Not,
                Verdict::Fewer => counted == Certainty::Certain,
                Verdict::Agrees => false,
            };
            for fact in part.whole.stays.facts.iter().filter(|_| is_wanted) {
                let closes = |claim: &Claim<'_>, is_support: bool| {
                    let whole = part_if_only(acts, &part.whole.party, (fact, claim), terms);
                    let then = self.counted(&Part::of(whole, &self.era.rules, self.era.seen.view), when);
                    match self.verdict {
                        Verdict::More => then == Certainty::Certain || (then == Certainty::Possible && !is_support),
                        Verdict::Fewer => then == Certainty::Not,
                        Verdict::Agrees => false,
                    }
                };
                let (first, others) = (&fact.acts[0], &fact.acts[1..]);
                let rivals = others.iter().filter(|act| closes(act.claim, act.effect.overlaps(first.effect)));
                let rivals: Vec<u64> = rivals.map(|act| act.claim.seq()).collect();
                if !rivals.is_empty() {
                    let candidate = self.candidate(when, Because::Conflict, (&part.whole.party, Some(part)));
                    let candidate = Candidate { events: rivals, ..candidate };
                    found.entry(part.whole.party.clone()).or_insert(candidate);
                }
            }
        }
    }

    /// Parties that somebody who counted more may have counted.
    fn not_counted(&self, when: &When<'_>, found: &mut Found) {
        let of = self.count.of;
        for part in self.era.reported() {
            let ours = self.era.part(&part.whole.party);
            if self.counted(part, when) != Certainty::Not
                && ours.is_none_or(|ours| self.counted(ours, when) == Certainty::Not)
            {
                self.add(when, found, Because::Reported, (&part.whole.party, Some(part)));
            }
        }
        let other_type = |part: &Part<'_>| {
            of == Counted::States
                && self.counted(part, when) == Certainty::Not
                && self.era.counted(Counted::All, part, when) != Certainty::Not
        };
        self.add_all(when, found, Because::NotState, other_type);
        if let When::On(day) = when {
            let takes_part = |part: &Part<'_>| {
                part.on(*day).status > Status::Former
                    && self.counted(part, when) == Certainty::Not
                    && (of != Counted::States || part.is_state(*day, self.era.seen.view))
            };
            let because = match of {
                Counted::States | Counted::All => Because::NotMember,
                Counted::Parties => Because::NotParty,
                Counted::Signatories => Because::NotSignatory,
            };
            self.add_all(when, found, because, takes_part);
        }
        self.undated(when, found);
    }

    /// Parties that are counted by all that is known now, where nothing says when that was announced.
    fn undated(&self, when: &When<'_>, found: &mut Found) {
        let eras = self.now.eras();
        let Some(era) = era_on(&eras, when.day()) else { return };
        for part in &era.confirmed {
            let before = self.era.part(&part.whole.party);
            if era.counted(self.count.of, part, when) == Certainty::Not
                || before.is_some_and(|before| self.counted(before, when) != Certainty::Not)
            {
                continue;
            }
            let spans = part.spans(self.count.of);
            let claims = spans.iter().flat_map(|span| &span.events).filter_map(|seq| self.now.knowledge.claim(*seq));
            let undated: Vec<u64> = claims.filter(|claim| is_undated(claim)).map(Claim::seq).collect();
            if !undated.is_empty() {
                let candidate = self.candidate(when, Because::Undated, (&part.whole.party, Some(part)));
                let candidate = Candidate { events: undated, ..candidate };
                found.entry(part.whole.party.clone()).or_insert(candidate);
            }
        }
    }

    /// Parties that somebody who counted fewer may not have counted.
    fn counted_otherwise(&self, when: &When<'_>, found: &mut Found) {
        let of = self.count.of;
        let is_certain = |part: &Part<'_>| self.counted(part, when) == Certainty::Certain;
        let disputed = |part: &Part<'_>| is_certain(part) && part.whole.on(when.day()).disputed;
        self.add_all(when, found, Because::Disputed, disputed);
        let other_type =
            |part: &Part<'_>| of == Counted::All && is_certain(part) && !part.is_state(when.day(), self.era.seen.view);
        self.add_all(when, found, Because::NotState, other_type);
        let bound = |part: &Part<'_>| {
            of == Counted::Signatories && is_certain(part) && part.on(when.day()).at_least >= Status::Contracting
        };
        self.add_all(when, found, Because::Bound, bound);
    }

    /// The party whose joining has no place among those that are counted.
    fn not_placed(&self, found: &mut Found) {
        let event = self.count.joining.as_ref().and_then(|id| self.now.knowledge.event(id));
        let Some((event, Body::Joining(joining))) =
            event.and_then(|event| Some((event, event.announcement.body.said()?)))
        else {
            return;
        };
        let when = When::On(self.era.seen.at.on);
        let party = joining.party.folded();
        let candidate = self.candidate(&when, Because::NotCounted, (&party, self.era.part(&party)));
        found.insert(party, Candidate { events: vec![event.seq], ..candidate });
    }

    fn add_all(&self, when: &When<'_>, found: &mut Found, because: Because, is_one: impl Fn(&Part<'_>) -> bool) {
        for part in self.era.confirmed.iter().filter(|part| is_one(part)) {
            self.add(when, found, because, (&part.whole.party, Some(part)));
        }
    }

    fn add(&self, when: &When<'_>, found: &mut Found, because: Because, of: (&str, Option<&Part<'_>>)) {
        if !found.contains_key(of.0) {
            found.insert(of.0.to_owned(), self.candidate(when, because, of));
        }
    }

    fn candidate(&self, when: &When<'_>, because: Because, (party, part): (&str, Option<&Part<'_>>)) -> Candidate {
        let on = when.day();
        let described = self.era.seen.view.catalogue.party(party, on);
        let row: Option<Row<'_>> = part.map(|part| part.whole.on(on));
        Candidate {
            party: described.map_or_else(|| party.to_owned(), |party| party.id.to_string()),
            name: described.map_or_else(|| party.to_owned(), |party| party.name.clone()),
            status: row.as_ref().map_or(Status::None, |row| row.status),
            certainty: row.as_ref().map_or(Certainty::Certain, |row| row.certainty),
            because,
            events: row.map(|row| events(&row.claims)).unwrap_or_default(),
        }
    }
}

/// Whether neither a claim nor a source of it says when it was made public.
fn is_undated(claim: &Claim<'_>) -> bool {
    let announcement = &claim.event.announcement;
    announcement.announced.is_none() && claim.evidence.iter().all(|evidence| evidence.source.published.is_none())
}
