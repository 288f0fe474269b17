//! What parties give to missions, as far as it has come by a day.
//!
//! Claims about one item of one party to one mission tell of one contribution. A stage is reached on the day that its
//! claim gives, and where it gives none, on the day of the announcement; the latest stage reached by the day counts. What
//! is expected is what the latest announcement expects.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::{Body, Standing};
use crate::domain::contribution::{Contribution, ContributionStage, ItemType};
use crate::domain::date::Date;
use crate::domain::window::{Certainty, Window};
use crate::projection::knowledge::Claim;
use crate::query::members::events;
use crate::query::{Reported, Standpoint, View};

/// One contribution on a day.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ContributionState {
    /// Who gives.
    pub party: String,
    /// Its name.
    pub name: String,
    /// To which mission.
    pub mission: String,
    /// Its title.
    pub title: String,
    /// What is given.
    pub item: String,
    /// What kind of thing that is.
    pub item_type: ItemType,
    /// The latest stage that may have been reached by the day.
    pub stage: ContributionStage,
    /// How sure it is that the stage was reached.
    pub certainty: Certainty,
    /// Partners in it, by id.
    pub with: Vec<String>,
    /// The agency that acts for the party, by id.
    pub through: Option<String>,
    /// When the stage was reached, as EDTF.
    pub occurred: Option<Date>,
    /// When it is expected, as EDTF.
    pub expected: Option<Date>,
    /// The source's own words for that date.
    pub wording: Option<String>,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether somebody denies a claim of it.
    pub disputed: bool,
    /// Whether a claim of it has no evidence.
    pub without_evidence: bool,
    /// The events that tell of it, that of the stage first.
    pub events: Vec<u64>,
}

/// One claim of a contribution.
pub(super) type Told<'v, 'a> = (&'v Claim<'a>, &'a Contribution);

/// The claims of contributions, those of one item together: by party, mission and item, in the order of recording.
pub(super) fn by_item<'v, 'a>(
    view: &'v View<'a>,
    reported: Reported,
) -> BTreeMap<(String, String, String), Vec<Told<'v, 'a>>> {
    let mut found: BTreeMap<_, Vec<Told<'v, 'a>>> = BTreeMap::new();
    for claim in &view.knowledge.claims {
        let Body::Contribution(contribution) = claim.body else { continue };
        if claim.standing == Standing::Confirmed || reported == Reported::Included {
            let item = contribution.item.name.to_lowercase();
            let key = (contribution.party.folded(), contribution.mission.folded(), item);
            found.entry(key).or_default().push((claim, contribution));
        }
    }
    found
}

/// When the stage that a claim tells of was reached.
pub(super) fn reached(claim: &Claim<'_>, contribution: &Contribution) -> Window {
    contribution.occurred.as_ref().map_or_else(|| claim.announced(), |date| claim.happened(date))
}

/// The contributions of a day, by party, mission and item.
pub(super) fn contributions(view: &View<'_>, at: Standpoint) -> Vec<ContributionState> {
    by_item(view, at.reported).into_values().filter_map(|told| state(view, &told, at)).collect()
}

fn state(view: &View<'_>, told: &[Told<'_, '_>], at: Standpoint) -> Option<ContributionState> {
    let by_then = told.iter().filter(|(claim, contribution)| reached(claim, contribution).possibly_by(at.on));
    let (claim, contribution) = by_then
        .clone()
        .max_by(|(a, a_told), (b, b_told)| {
            let order = reached(a, a_told).cmp_by_ends(&reached(b, b_told));
            order.then(a_told.stage.cmp(&b_told.stage)).then(a.seq().cmp(&b.seq()))
        })
        .copied()?;
    let expecting = by_then.clone().filter(|(_, contribution)| contribution.expected.is_some());
    let expecting = expecting.max_by(|(a, _), (b, _)| a.announced().cmp_by_ends(&b.announced()));
    let mut claims: Vec<&Claim<'_>> = vec![claim];
    claims.extend(by_then.clone().map(|(claim, _)| *claim));
    let certain = reached(claim, contribution).certainly_by(at.on);
    Some(ContributionState {
        party: view.party_id(&contribution.party, at.on),
        name: view.party_name(&contribution.party, at.on),
        mission: view.mission_id(&contribution.mission, at.on),
        title: view.mission_title(&contribution.mission, at.on),
        item: contribution.item.name.clone(),
        item_type: contribution.item.r#type,
        stage: contribution.stage,
        certainty: if certain { Certainty::Certain } else { Certainty::Possible },
        with: contribution.with.iter().map(ToString::to_string).collect(),
        through: contribution.through.as_ref().map(ToString::to_string),
        occurred: contribution.occurred.clone(),
        expected: expecting.and_then(|(_, contribution)| contribution.expected.clone()),
        wording: wording(claim, "occurred").or_else(|| wording(expecting?.0, "expected")),
        standing: claim.standing,
        disputed: claims.iter().any(|claim| !claim.disputed_by.is_empty()),
        without_evidence: claims.iter().any(|claim| claim.evidence.is_empty()),
        events: events(&claims),
    })
}

/// The source's own words for a date of a claim.
pub(super) fn wording(claim: &Claim<'_>, field: &str) -> Option<String> {
    claim.event.announcement.wording.get(field).cloned()
}
