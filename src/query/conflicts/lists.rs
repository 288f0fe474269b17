//! Who a published list has and our claims have not, and the other way round; and who joined beside whom it acts for.

use crate::domain::act::JoiningAct;
use crate::domain::agreement::{Count, Counted};
use crate::domain::announcement::{Body, Standing};
use crate::domain::day::Day;
use crate::domain::party::PartyType;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Participation, Row};
use crate::projection::rank::Rival;
use crate::projection::rules::Status;
use crate::query::View;
use crate::query::conflicts::differences::alternatives;
use crate::query::conflicts::{About, Answered, Conflict, Difference, Whole};
use crate::query::history::happened;

impl<'a> Whole<'_, 'a> {
    /// Where a list that somebody published and the claims of the parties contradict each other: a list that claims to be
    /// whole lacks a party that certainly was one, or a list has one that certainly was not, though claims tell of it.
    pub(super) fn of_lists(&self, claims: &[&'a Claim<'a>], parts: &[Participation<'a>]) -> Vec<Conflict> {
        let lists = claims.iter().filter_map(|claim| match claim.body {
            Body::Count(count) if claim.standing == Standing::Confirmed && !count.listed.is_empty() => {
                let days = count.on.as_ref()?.window();
                Some((*claim, count, [days.earliest()?, days.latest()?]))
            }
            _ => None,
        });
        let conflicts = lists.flat_map(|(claim, count, days)| {
            parts.iter().filter_map(move |part| {
                let is_listed = count.listed.iter().any(|id| id.folded() == part.party);
                let contradicts = |day: Day| {
                    let row = part.on(day);
                    if is_listed {
                        !row.claims.is_empty() && is_certainly_not(count, &row)
                    } else {
                        count.complete && is_certainly(self.view, count, &row, day)
                    }
                };
                days.into_iter().all(contradicts).then(|| self.listed(claim, count, &part.on(days[1])))
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

/// Whether a row certainly is of those who were counted.
fn is_certainly(view: &View<'_>, count: &Count, row: &Row<'_>, day: Day) -> bool {
    let signs = |claim: &&Claim<'_>| matches!(claim.body, Body::Joining(joining) if matches!(joining.act, JoiningAct::Signature | JoiningAct::DefinitiveSignature));
    if count.of == Counted::Signatories && !row.claims.iter().any(signs) {
        return false;
    }
    let is_state = || view.catalogue.party(&row.party, day).is_some_and(|party| party.r#type == PartyType::State);
    row.at_least >= least(count.of) && (count.of != Counted::States || is_state())
}

/// Whether a row certainly is none of those who were counted.
fn is_certainly_not(count: &Count, row: &Row<'_>) -> bool {
    row.status < least(count.of)
}

/// The lowest status of those who are counted.
const fn least(of: Counted) -> Status {
    match of {
        Counted::States | Counted::All => Status::Member,
        Counted::Signatories => Status::Signatory,
        Counted::Parties => Status::Contracting,
    }
}
