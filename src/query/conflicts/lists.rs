//! Who a published list has and our claims have not, and the other way round; and who joined beside whom it acts for.

use crate::domain::agreement::{Count, Counted};
use crate::domain::announcement::{Body, Standing};
use crate::domain::day::Day;
use crate::domain::window::Certainty;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Participation, Row, Sources, participations};
use crate::projection::rank::Rival;
use crate::projection::rules::Status;
use crate::query::conflicts::differences::alternatives;
use crate::query::conflicts::{About, Answered, Conflict, Difference, Whole};
use crate::query::counts::ours::Part;
use crate::query::history::happened;

impl<'a> Whole<'_, 'a> {
    /// Where a list that somebody published and the claims of the parties contradict each other: a list that claims to be
    /// whole lacks a party that certainly was one, or a list has one that certainly was not, though claims tell of it.
    pub(super) fn of_lists(&self, claims: &[&'a Claim<'a>]) -> Vec<Conflict> {
        let lists: Vec<(&Claim<'a>, &Count, [Day; 2])> = claims.iter().filter_map(|claim| dated_list(claim)).collect();
        if lists.is_empty() {
            return Vec::new();
        }
        let how = (Standing::Confirmed, self.terms.prefer, Sources::Decided);
        let parts = participations(&self.view.knowledge, claims, self.id, self.terms.rules, how);
        let parts: Vec<Part<'a>> = parts.into_iter().map(|part| Part::of(part, self.terms.rules, self.view)).collect();
        let conflicts = lists.iter().flat_map(|(claim, count, days)| {
            parts.iter().filter_map(move |part| {
                let is_listed = count.listed.iter().any(|id| id.folded() == part.whole.party);
                let contradicts = |day: Day| match part.counted_on(count.of, day) {
                    Certainty::Certain if !is_listed => {
                        count.complete && (count.of != Counted::States || part.is_state(day, self.view))
                    }
                    Certainty::Not if is_listed => !part.whole.on(day).claims.is_empty(),
                    _ => false,
                };
                days.iter().all(|day| contradicts(*day)).then(|| self.listed(claim, count, &part.whole.on(days[1])))
            })
        });
        conflicts.collect()
    }

    fn listed(&self, claim: &'a Claim<'a>, count: &'a Count, row: &Row<'a>) -> Conflict {
        let mut rivals: Vec<Rival<'a>> = Vec::new();
        let occurred = row.claims.iter().filter_map(|claim| Some((*claim, happened(claim.body)?.1)));
        rivals.extend(occurred.map(|(claim, date)| Rival { claim, window: claim.happened(date), date }));
        rivals.extend(count.on.iter().map(|date| Rival { claim, window: date.window(), date }));
        let mut claims = alternatives(&rivals);
        let answered = Answered {
            status: row.status,
            certainty: row.certainty,
            since: row.since.clone(),
            until: row.until.clone(),
        };
        for told in &mut claims {
            // They tell of several facts, of which none decides another.
            (told.decides, told.supports) = (false, false);
            told.answer = (told.event != claim.seq()).then(|| answered.clone());
        }
        self.named(&row.party, Conflict { about: About::Listing, claims, ..self.conflict(vec![Difference::Listed]) })
    }

    /// Where a party joined, and so did another that acts for it: the sources may mean one act by both.
    pub(super) fn of_actors(&self, parts: &[Participation<'a>]) -> Vec<Conflict> {
        let takes_part = |row: &Row<'a>| row.status > Status::Prospective;
        let rows: Vec<Row<'a>> = parts.iter().map(|part| part.on(self.on)).filter(takes_part).collect();
        let beside = rows.iter().filter_map(|agent| {
            let described = self.view.catalogue.party(&agent.party, self.on)?;
            let of = described.acts_for.as_ref()?.folded();
            Some((agent, rows.iter().find(|row| row.party == of)?))
        });
        let conflicts = beside.map(|(agent, party)| {
            let first = |row: &Row<'a>| {
                let claim = *row.claims.first()?;
                let date = happened(claim.body)?.1;
                Some(Rival { claim, window: claim.happened(date), date })
            };
            let rivals: Vec<Rival<'a>> = [party, agent].into_iter().filter_map(first).collect();
            let conflict = Conflict { claims: alternatives(&rivals), ..self.conflict(vec![Difference::Actors]) };
            self.named(&party.party, conflict)
        });
        conflicts.collect()
    }
}

/// A list that a claim brings, with the first and the last day that it may be for.
fn dated_list<'a>(claim: &'a Claim<'a>) -> Option<(&'a Claim<'a>, &'a Count, [Day; 2])> {
    let Body::Count(count) = claim.body else { return None };
    let days = count.on.as_ref()?.window();
    let is_list = claim.standing == Standing::Confirmed && !count.listed.is_empty();
    is_list.then_some((claim, count, [days.earliest()?, days.latest()?]))
}
