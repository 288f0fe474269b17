//! What was met of what was expected of parties: a prospect is, when its parties have come to the agreement.

use std::collections::{HashMap, HashSet};

use crate::domain::agreement::Agreement;
use crate::domain::announcement::{Body, Standing};
use crate::domain::contribution::Prospect;
use crate::domain::id::PartyId;
use crate::domain::window::Window;
use crate::ledger::Progress;
use crate::projection::interval::{Interval, ends_by};
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Participation, Participations, Sources, participations};
use crate::projection::rules::Rules;
use crate::query::view::{AgreementState, concerns_all_or};
use crate::query::{Reported, Standpoint, View};

/// When a party came to what a prospect of it expected, by the position of the prospect's event and the party.
pub(super) type Fulfilments<'v, 'a> = HashMap<(u64, String), (Window, Vec<&'v Claim<'a>>)>;

/// What was met in all agreements, of the prospects that are wanted.
pub(super) fn fulfilments<'v>(
    view: &'v View<'_>,
    at: Standpoint,
    wanted: &(impl Fn(&Body) -> bool + Sync),
) -> Fulfilments<'v, 'v> {
    let of_agreement = |id: &'v str, agreement: &'v Agreement, claims: &[&'v Claim<'_>]| {
        let claims = concerning_expected(claims, wanted);
        if claims.is_empty() {
            return Vec::new();
        }
        let rules = Rules::of(agreement);
        let parts =
            |standing| participations(&view.knowledge, &claims, id, &rules, (standing, at.prefer, Sources::Decided));
        met_in(&parts(Standing::Confirmed), &parts(Standing::Reported), at.reported)
    };
    view.of_each(at.on, of_agreement).into_iter().collect()
}

/// The claims about an agreement that concern parties of which something is expected; none, if nothing is.
fn concerning_expected<'v>(claims: &[&'v Claim<'v>], wanted: &impl Fn(&Body) -> bool) -> Vec<&'v Claim<'v>> {
    let expected = claims.iter().filter_map(|claim| match claim.body {
        Body::Prospect(prospect) if wanted(claim.body) => Some(prospect.parties.iter().map(PartyId::folded)),
        _ => None,
    });
    let expected: HashSet<String> = expected.flatten().collect();
    if expected.is_empty() {
        return Vec::new();
    }
    let concerns = |claim: &&Claim<'_>| concerns_all_or(claim.body, &|party| expected.contains(party));
    claims.iter().copied().filter(concerns).collect()
}

/// The parties of every agreement, and what was met in all of them: one fold for both.
pub(super) fn state_and_fulfilments<'v>(
    view: &'v View<'_>,
    at: Standpoint,
    progress: Progress<'_>,
) -> (Vec<AgreementState<'v>>, Fulfilments<'v, 'v>) {
    let of_agreement = |id: &'v str, agreement: &'v Agreement, claims: &[&'v Claim<'_>]| {
        let rules = Rules::of(agreement);
        let parts = Participations::of(&view.knowledge, claims, id, &rules, at.reckoning());
        let state = view.as_state(agreement, &parts.on(at.on), at.on);
        let expected = concerning_expected(claims, &|_| true);
        let is_reported = |claim: &&Claim<'_>| claim.standing == Standing::Reported;
        let reported = if expected.iter().any(is_reported) {
            participations(&view.knowledge, &expected, id, &rules, (Standing::Reported, at.prefer, Sources::Decided))
        } else {
            Vec::new()
        };
        vec![(state, met_in(&parts.confirmed, &reported, at.reported))]
    };
    let (states, met): (Vec<_>, Vec<_>) = view.of_each_telling(at.on, of_agreement, progress).into_iter().unzip();
    (states, met.into_iter().flatten().collect())
}

/// A prospect and its party, and when and by which claims it was met.
type Met<'v, 'a> = ((u64, String), (Window, Vec<&'v Claim<'a>>));

/// What was met in one agreement.
fn met_in<'v, 'a>(
    confirmed: &[Participation<'v>],
    reported: &[Participation<'v>],
    include: Reported,
) -> Vec<Met<'v, 'a>>
where
    'v: 'a,
{
    let mut found = Vec::new();
    for part in confirmed {
        for prospect in &part.prospects {
            if let Some(end) = prospect.end {
                let key = (prospect.claims[0].seq(), part.party.clone());
                found.push((key, (end, prospect.claims[1..].to_vec())));
            }
        }
    }
    // What is only reported to be expected is met by what is confirmed; by a report only where reports count.
    for part in reported {
        let own = confirmed.binary_search_by(|other| other.party.cmp(&part.party)).ok();
        let own = own.map(|index| &confirmed[index].stays).filter(|_| include == Reported::LeftOut);
        let stays = if include == Reported::Included { Some(&part.stays) } else { own };
        for prospect in &part.prospects {
            let over = |interval: &&Interval<'_>| interval.end.is_some_and(|end| ends_by(end, prospect.begin));
            let came = stays.into_iter().flat_map(|stays| &stays.intervals).filter(|interval| !over(interval));
            if let Some(by) = came.min_by(|a, b| a.begin.cmp_by_ends(&b.begin)) {
                found.push(((prospect.claims[0].seq(), part.party.clone()), (by.begin, vec![by.claims[0]])));
            }
        }
    }
    found
}

/// When all parties of a prospect had come to it.
pub(super) fn met_by_all<'v>(
    view: &'v View<'_>,
    claim: &Claim<'_>,
    prospect: &Prospect,
    met: &Fulfilments<'v, 'v>,
) -> Option<(Window, Vec<&'v Claim<'v>>)> {
    if let Some(by) = prospect.fulfilled_by.as_ref().and_then(|id| view.knowledge.claim_of(id)) {
        return Some((by.announced(), vec![by]));
    }
    let of_each = prospect.parties.iter().map(|party| met.get(&(claim.seq(), party.folded())));
    let of_each: Vec<&(Window, Vec<&Claim<'_>>)> = of_each.collect::<Option<_>>()?;
    let window = of_each.iter().map(|(window, _)| *window).reduce(Window::later_of)?;
    Some((window, of_each.into_iter().flat_map(|(_, by)| by.iter().copied()).collect()))
}
