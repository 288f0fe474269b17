//! Whether an announcement fits what came before: dates in order, one correction each, and what is irregular.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::act::JoiningAct;
use crate::domain::announcement::{Announcement, Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, AnnouncementId};
use crate::event::statement::Event;
use crate::ledger::admission::{Desk, Scope};
use crate::ledger::finding::{Code, Finding};
use crate::projection::acts::AgreementActs;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Claim, Horizon, Knowledge};
use crate::projection::rules::{Rules, binds_by_consent};
use crate::projection::stays::Stays;

/// Checks one announcement.
pub(super) fn check(
    position: usize,
    announcement: &Announcement,
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut say = |field: &str, code, message: String, hint: &str| {
        findings.push(Finding::new(position, field, code, message).hint(hint));
    };
    if let (Some(announced), Some((field, occurred))) = (&announcement.announced, occurred(&announcement.body))
        && announced.window().certainly_before(occurred.window())
    {
        let message = format!("announced {announced}, before it occurred on {occurred}");
        say(field, Code::AnnouncedBeforeOccurred, message, "what is only expected is a `prospect`, or has `expected`");
    }
    match &announcement.body {
        Body::Joining(joining) => {
            let id = joining.agreement.as_str();
            let of_type = scope.batch.agreement_type(id).or_else(|| scope.ledger.agreement_type(id));
            if let Some(of_type) = of_type.filter(|of_type| binds_by_consent(*of_type))
                && joining.act == JoiningAct::Unspecified
            {
                let message = format!("joining a {of_type} needs its `act`");
                say("act", Code::MissingKey, message, "for example `act: ratification`");
            }
        }
        Body::Milestone(milestone) => {
            one_of(["agreement", "mission"], milestone.agreement.is_some(), milestone.mission.is_some(), &mut say);
            one_of(["occurred", "expected"], milestone.occurred.is_some(), milestone.expected.is_some(), &mut say);
        }
        Body::Contribution(contribution) if contribution.occurred.is_none() && contribution.expected.is_none() => {
            let hint = "give one of them; `XXXX` says that the day is unknown";
            say("", Code::Combination, "neither `occurred` nor `expected` is there".to_owned(), hint);
        }
        Body::Correction(correction) => struck(position, "corrects", correction.corrects.as_str(), desk, findings),
        Body::Retraction(retraction) => struck(position, "retracts", retraction.retracts.as_str(), desk, findings),
        _ => {}
    }
}

fn one_of(keys: [&str; 2], first: bool, second: bool, say: &mut dyn FnMut(&str, Code, String, &str)) {
    let [one, other] = keys;
    if first == second {
        let found = if first { "both are there" } else { "neither is there" };
        let message = format!("either `{one}` or `{other}` is needed; {found}");
        say(if first { other } else { "" }, Code::Combination, message, "keep one of them");
    }
}

/// The day of the act, and the field that has it.
fn occurred(body: &Body) -> Option<(&'static str, &Date)> {
    let date = match body {
        Body::Joining(joining) => Some(&joining.occurred),
        Body::Memorandum(memorandum) => Some(&memorandum.occurred),
        Body::Contribution(contribution) => contribution.occurred.as_ref(),
        Body::Departure(departure) => Some(&departure.occurred),
        Body::Suspension(suspension) => Some(&suspension.occurred),
        Body::Statement(statement) => Some(&statement.occurred),
        Body::Milestone(milestone) => milestone.occurred.as_ref(),
        Body::Correction(correction) => {
            let replacement = correction.replacement.as_ref()?;
            return occurred(&replacement.0).map(|(_, date)| ("replacement.occurred", date));
        }
        _ => None,
    };
    date.map(|date| ("occurred", date))
}

/// Nothing is corrected or retracted twice.
fn struck(position: usize, field: &str, id: &str, desk: &Desk<'_>, findings: &mut Vec<Finding>) {
    let by = desk.struck_by(id);
    if let Some(by) = by {
        let message = format!("`{id}` was already corrected or retracted by {by}");
        let hint = format!("correct or retract {by} instead");
        findings.push(Finding::new(position, field, Code::AlreadyStruck, message).hint(hint));
    }
}

impl Desk<'_> {
    /// What struck the announcement of that id, in the ledger or earlier in the batch.
    fn struck_by(&self, id: &str) -> Option<String> {
        let id = AnnouncementId::parse(id).ok()?;
        let strikes = |announcement: &Announcement| match &announcement.body {
            Body::Correction(correction) => correction.corrects == id,
            Body::Retraction(retraction) => retraction.retracts == id,
            _ => false,
        };
        if let Some(new) = self.admitted.new.iter().find(|new| strikes(&new.announcement)) {
            return Some(format!("`{}`", new.id));
        }
        let seq = self.index.announcement(&id)?;
        let knowledge = self.knowledge.get_or_init(|| Knowledge::of(self.events, Horizon::default()));
        let by = knowledge.struck.get(&seq)?.by;
        Some(format!("`{}`", self.events[usize::try_from(by).ok()?].id))
    }
}

/// The events, from `first` on, that certainly cannot follow the history; `events` holds the ledger and the batch.
pub fn irregular(events: &[Event], first: u64) -> Vec<u64> {
    let touched: BTreeSet<String> = events
        .iter()
        .filter(|event| event.header.seq >= first)
        .filter_map(|event| Some(agreement_of(&event.announcement.body)?.folded()))
        .collect();
    if touched.is_empty() {
        return Vec::new();
    }
    let knowledge = Knowledge::of(events, Horizon::default());
    let catalogue = Catalogue::of(&knowledge.claims);
    let mut found = BTreeSet::new();
    for (id, claims) in by_agreement(&knowledge.claims, touched) {
        let Some(agreement) = catalogue.agreement(&id, Day::MAX) else { continue };
        let rules = Rules::of(agreement);
        for standing in Standing::ALL {
            let acts = AgreementActs::of(&claims, &id, &rules, *standing);
            for own in acts.parties.values() {
                let stays = Stays::of(own, &acts.for_all, &acts.milestones, &rules);
                found.extend(stays.irregular.iter().map(|claim| claim.seq()).filter(|seq| *seq >= first));
            }
        }
    }
    found.into_iter().collect()
}

/// The agreement in which a body tells of participation; a correction tells what its replacement does.
fn agreement_of(body: &Body) -> Option<&AgreementId> {
    match body {
        Body::Joining(joining) => Some(&joining.agreement),
        Body::Memorandum(memorandum) => Some(&memorandum.agreement.id),
        Body::Departure(departure) => Some(&departure.agreement),
        Body::Suspension(suspension) => Some(&suspension.agreement),
        Body::Milestone(milestone) => milestone.agreement.as_ref(),
        Body::Correction(correction) => agreement_of(correction.replacement.as_ref()?.0.as_ref()),
        _ => None,
    }
}

/// The claims about participation in each of these agreements: one pass for all, since a batch may touch many.
fn by_agreement<'a>(claims: &[Claim<'a>], folded_ids: BTreeSet<String>) -> BTreeMap<String, Vec<Claim<'a>>> {
    let mut found: BTreeMap<String, Vec<Claim<'a>>> = folded_ids.into_iter().map(|id| (id, Vec::new())).collect();
    for claim in claims {
        if let Some(own) = agreement_of(claim.body).and_then(|id| found.get_mut(&id.folded())) {
            own.push(claim.clone());
        }
    }
    found
}
