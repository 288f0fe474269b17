//! Answers that one publisher alone carries, and no strong one; who confirms a claim carries it too.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::date::Date;
use crate::domain::name::folded;
use crate::domain::source::{Evidence, Grade};
use crate::domain::window::Certainty;
use crate::projection::membership::Row;
use crate::projection::rules::Status;
use crate::query::conflicts::Whole;
use crate::query::members::events;

/// A row that rests on one source, or on none.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Weak {
    /// The agreement's id.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// The party's id.
    pub party: String,
    /// Its name.
    pub name: String,
    /// What the party is on that day.
    pub status: Status,
    /// How sure that is.
    pub certainty: Certainty,
    /// Since when, as EDTF.
    pub since: Option<Date>,
    /// The grade of the source; none, if there is no source.
    pub grade: Option<Grade>,
    /// Who published it.
    pub publisher: Option<String>,
    /// The events that the row rests on.
    pub events: Vec<u64>,
}

impl Whole<'_, '_> {
    /// The row, if all that it rests on is of one source at the most, and that is below the grade.
    pub(super) fn weak(&self, row: &Row<'_>, below: Grade) -> Option<Weak> {
        if matches!(row.status, Status::None | Status::Former) {
            return None;
        }
        let confirmations = row.claims.iter().flat_map(|claim| &claim.confirmed_by);
        let confirming = confirmations.filter_map(|seq| self.view.event(*seq));
        let told = row.claims.iter().flat_map(|claim| claim.evidence);
        let all: Vec<&Evidence> = told.chain(confirming.flat_map(|event| &*event.announcement.evidence)).collect();
        let sources = || all.iter().map(|evidence| &*evidence.source);
        let one = sources().map(|source| folded(&source.publisher)).collect::<BTreeSet<_>>().len() <= 1;
        let source = sources().min_by_key(|source| source.grade);
        // Grades go from the strongest to the weakest.
        if !one || source.is_some_and(|source| source.grade <= below) {
            return None;
        }
        let described = self.view.catalogue.party(&row.party, self.on);
        let agreement = self.conflict(Vec::new());
        Some(Weak {
            agreement: agreement.agreement,
            title: agreement.title,
            party: described.map_or_else(|| row.party.clone(), |party| party.id.to_string()),
            name: described.map_or_else(|| row.party.clone(), |party| party.name.clone()),
            status: row.status,
            certainty: row.certainty,
            since: row.since.clone(),
            grade: source.map(|source| source.grade),
            publisher: source.map(|source| source.publisher.clone()),
            events: events(&row.claims),
        })
    }
}
