//! Which claims tell of one fact: what a history shows as one line.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use crate::domain::announcement::Standing;
use crate::domain::day::Day;
use crate::domain::id::AgreementId;
use crate::event::snapshot::Recorded;
use crate::projection::acts::AgreementActs;
use crate::projection::knowledge::Claim;
use crate::projection::rank::Prefer;
use crate::projection::rules::Rules;
use crate::projection::stay::Terms;
use crate::projection::stays::{Stays, pauses};
use crate::query::View;

/// By the events whose claims do not decide, the event whose claim of the same fact does.
pub(super) fn deciding(view: &View<'_>, events: &[&Recorded]) -> HashMap<u64, u64> {
    let claims = events.iter().filter_map(|event| view.knowledge.claim(event.seq));
    let agreements: BTreeSet<String> = claims.filter_map(Claim::agreement).map(AgreementId::folded).collect();
    let by_agreement: BTreeMap<String, Vec<&Claim<'_>>> = match Vec::from_iter(&agreements)[..] {
        [only] => BTreeMap::from([(only.clone(), view.knowledge.about_agreement(only))]),
        [] => BTreeMap::new(),
        _ => view.knowledge.by_agreement(),
    };
    let wanted: Vec<(&String, &Vec<&Claim<'_>>)> =
        by_agreement.iter().filter(|(id, _)| agreements.contains(*id)).collect();
    let facts: Vec<Vec<u64>> = wanted.par_iter().flat_map_iter(|(id, claims)| told(view, id, claims)).collect();
    let deciders: HashSet<u64> = facts.iter().map(|fact| fact[0]).collect();
    let others = facts.iter().flat_map(|fact| fact[1..].iter().map(|other| (*other, fact[0])));
    // One event may tell of several facts, and decide one of them.
    others.filter(|(other, _)| !deciders.contains(other)).collect()
}

/// The facts of an agreement that have several claims: the events of these, the deciding one first.
fn told(view: &View<'_>, id: &str, claims: &[&Claim<'_>]) -> Vec<Vec<u64>> {
    let Some(described) = view.catalogue.agreement(id, Day::MAX) else { return Vec::new() };
    let rules = Rules::of(described);
    let prefer = Prefer::default();
    let mut found: Vec<Vec<u64>> = Vec::new();
    for standing in Standing::ALL {
        let acts = AgreementActs::of(claims, id, &rules, *standing, prefer);
        let terms = Terms { milestones: &acts.milestones, rules: &rules, prefer };
        let of_parties = acts.parties.values().flat_map(|own| Stays::of(own, &acts.for_all, terms).facts);
        let of_all = of_parties.chain(pauses(acts.for_all.clone(), prefer));
        found.extend(of_all.map(|fact| fact.acts.iter().map(|act| act.claim.seq()).collect()));
        if *standing == Standing::Confirmed {
            let milestones = acts.milestones.facts();
            found.extend(milestones.map(|told| told.iter().map(|reached| reached.claim.seq()).collect()));
        }
    }
    found.retain(|fact| fact.len() > 1);
    found
}
