//! Whether an announcement fits what came before: dates in order, one correction each, and what is irregular.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::domain::act::JoiningAct;
use crate::domain::agreement::AgreementType;
use crate::domain::announcement::{Announcement, Body, Kind, Standing, earliest};
use crate::domain::contribution::Aim;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::governance::{Policy, Reaffirmation, RecorderRevoked, RevocationCause, Verdict};
use crate::domain::id::AnnouncementId;
use crate::event::snapshot::{Events, Recorded};
use crate::ledger::admission::draft::{Brought, Draft, Fragment};
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::admission::{Desk, Scope, counts};
use crate::ledger::state::registry::described;
use crate::ledger::state::relevance::striking;
use crate::projection::catalogue::Catalogue;
use crate::projection::knowledge::{Horizon, Knowledge, Unreviewed};
use crate::projection::membership::{Sources, participations};
use crate::projection::rank::Prefer;
use crate::projection::review::Review;
use crate::projection::rules::{Rules, binds_by_consent};
use crate::projection::stays::Irregularity;

/// Fewer agreements than these are not worth a thread of their own.
const FEWEST_AGREEMENTS: usize = 16;

/// Checks one announcement.
pub(super) fn check(
    position: usize,
    (draft, announcement): (&Draft, &Announcement),
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut say = |field: &str, code, message: String, hint: &str| {
        findings.push(Finding::new(position, field, code, message).hint(hint));
    };
    if let (Some(public), Some((field, occurred))) = (public(draft), occurred(&announcement.body)) {
        follows(&public, (field, occurred), &mut say);
    }
    check_body(&announcement.body, "", (position, scope, desk), &mut say);
    match &announcement.body {
        Body::Correction(correction) => {
            let replacement = correction.replacement.as_ref().map(|replacement| replacement.0.as_ref());
            if let Some(body) = replacement {
                check_body(body, "replacement", (position, scope, desk), &mut say);
            }
            strikes((draft, "corrects", &correction.corrects), replacement, desk, &mut say);
        }
        Body::Retraction(retraction) => strikes((draft, "retracts", &retraction.retracts), None, desk, &mut say),
        Body::Dispute(dispute) => tells_of_world(("of", &dispute.of), desk, &mut say),
        Body::Confirmation(confirmation) => tells_of_world(("of", &confirmation.of), desk, &mut say),
        Body::RecorderRevoked(revoked) => suspects(revoked, desk.events, &mut say),
        Body::Policy(policy) => takes_reviewers(policy, &mut say),
        Body::Attestation(attestation) => {
            tells_of_world(("of", &attestation.of), desk, &mut say);
            if attestation.verdict == Verdict::Reject && attestation.reason.is_none() {
                let hint = "say what in the evidence does not hold";
                say("reason", Code::MissingKey, "a rejection needs its `reason`".to_owned(), hint);
            }
        }
        Body::Reaffirmation(reaffirmation) => are_suspect(reaffirmation, desk, &mut say),
        _ => {}
    }
}

/// Checks that a fragment was not announced before what it tells, as far as it could be read.
pub(super) fn check_dates(position: usize, fragment: &Fragment, findings: &mut Vec<Finding>) {
    let (Some(on), Some((_, body))) = (&fragment.announced, &fragment.body) else { return };
    let date = |body: &Map<String, Value>| Date::parse(body.get("occurred")?.as_str()?).ok();
    let replacement = || date(body.get("replacement")?.get("body")?.as_object()?);
    let told = date(body).map(|date| ("occurred", date)).or_else(|| Some(("replacement.occurred", replacement()?)));
    if let Some((field, occurred)) = told {
        let public = Public { how: "announced", on };
        follows(&public, (field, &occurred), &mut |field, code, message, hint| {
            findings.push(Finding::new(position, field, code, message).hint(hint));
        });
    }
}

/// What was announced had happened.
fn follows(public: &Public<'_>, (field, occurred): (&str, &Date), say: &mut Say<'_>) {
    if public.on.window().latest().is_some_and(|latest| !occurred.window().possibly_by(latest.next())) {
        let Public { how, on, .. } = public;
        let message = format!("{how} {on}, before it occurred on {occurred}");
        say(field, Code::AnnouncedBeforeOccurred, message, "what is only expected is a `prospect`, or has `expected`");
    }
}

/// Says one problem: field, code, message, hint.
pub(super) type Say<'s> = dyn FnMut(&str, Code, String, &str) + 's;

/// What the shape of a body alone cannot say; `path` is the way to the body.
fn check_body(body: &Body, path: &str, (position, scope, desk): (usize, &Scope<'_>, &Desk<'_>), say: &mut Say<'_>) {
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    match body {
        Body::Joining(joining) => {
            if joining.act == JoiningAct::Unspecified
                && let Some(of_type) = desk.agreement_type(joining.agreement.as_str(), position, scope)
                && binds_by_consent(of_type)
            {
                let message = format!("joining a {of_type} needs its `act`");
                say(&at("act"), Code::MissingKey, message, "for example `act: ratification`");
            }
        }
        Body::Milestone(milestone) => {
            let mut one_of = |keys: [&str; 2], first: bool, second: bool| {
                if first == second {
                    let found = if first { "both are there" } else { "neither is there" };
                    let message = format!("either `{}` or `{}` is needed; {found}", keys[0], keys[1]);
                    let field = if first { at(keys[1]) } else { path.to_owned() };
                    say(&field, Code::Combination, message, "keep one of them");
                }
            };
            one_of(["agreement", "mission"], milestone.agreement.is_some(), milestone.mission.is_some());
            one_of(["occurred", "expected"], milestone.occurred.is_some(), milestone.expected.is_some());
        }
        Body::Count(count) => counts::check(count, path, desk, say),
        Body::Prospect(prospect) if prospect.aim == Some(Aim::Joining) && prospect.agreement.is_none() => {
            let message = "no agreement is named that the parties could join".to_owned();
            say(&at("aim"), Code::Combination, message, "name the `agreement`, or leave `aim` out");
        }
        Body::Contribution(contribution) if contribution.occurred.is_none() && contribution.expected.is_none() => {
            let hint = "give one of them; `XXXX` says that the day is unknown";
            say(path, Code::Combination, "neither `occurred` nor `expected` is there".to_owned(), hint);
        }
        _ => {}
    }
}

/// Whether an announcement can be corrected or retracted: once, if it tells of the world, and a thing keeps its id.
fn strikes(
    (draft, field, id): (&Draft, &str, &AnnouncementId),
    replacement: Option<&Body>,
    desk: &Desk<'_>,
    say: &mut Say<'_>,
) {
    tells_of_world((field, id), desk, say);
    // Of an id that is there with other content that is told, and nothing else.
    let is_itself = |by: &&AnnouncementId| draft.id.as_ref().is_some_and(|own| own.folded() == by.folded());
    if let Some(by) = desk.struck_by(id).filter(|by| !is_itself(by)) {
        let by = format!("`{by}`");
        let message = format!("`{id}` was already corrected or retracted by {by}");
        say(field, Code::AlreadyStruck, message, &format!("correct or retract {by} instead"));
    }
    let (Some(struck), Some(announced)) = (desk.body(id), desk.announcement(id)) else { return };
    // Taking back a correction brings back what it corrected.
    if field == "retracts" && announced.body.kind() == Kind::Correction {
        return;
    }
    let named = |body| described(body).map(|thing| (thing.namespace, thing.id.to_ascii_lowercase()));
    match (replacement, named(struck)) {
        (None, Some((namespace, thing))) if struck.kind().is_description() => {
            let message = format!("others may name the {namespace} `{thing}`, so its description stays");
            say(field, Code::Combination, message, "give a `replacement` of the same kind and id that is right");
        }
        (Some(replacement), Some(thing)) if named(replacement).as_ref() != Some(&thing) => {
            let message = format!("the replacement does not describe the {} `{}`", thing.0, thing.1);
            say("replacement", Code::Combination, message, "others may name it: keep its kind and id");
        }
        _ => {}
    }
}

/// What a key signed is in doubt only where others may have had it, and from an event on that there is, and by which it
/// could sign.
fn suspects(revoked: &RecorderRevoked, events: Events<'_>, say: &mut Say<'_>) {
    let Some(from) = revoked.suspect_from else { return };
    let len = events.len() as u64;
    let revokes = |event: &&Recorded| matches!(&event.announcement.body, Body::RecorderRevoked(other) if other.key == revoked.key);
    let before = events.iter().find(revokes).map(|event| event.seq);
    if revoked.because != RevocationCause::Compromised {
        let message = format!("what a {} key signed is not in doubt", revoked.because);
        say("suspect_from", Code::Combination, message, "leave it out, or say that the key was compromised");
    } else if from >= len {
        let message = format!("there is no event {from}: the newest is {}", len.saturating_sub(1));
        say("suspect_from", Code::UnknownReference, message, "name the first event that may be somebody else's");
    } else if let Some(before) = before.filter(|before| from >= *before) {
        let message = format!("the key signed nothing from event {from} on: event {before} revoked it");
        say("suspect_from", Code::Combination, message, "name the first event that may be somebody else's");
    }
}

/// Reviewers confirm what tells of the world; what the ledger says of itself is an admin's.
fn takes_reviewers(policy: &Policy, say: &mut Say<'_>) {
    for (place, confirm) in policy.confirm.iter().enumerate() {
        for kind in confirm.kinds.iter().filter(|kind| !kind.takes_reviewers()) {
            let message = format!("a {kind} counts without reviewers");
            say(&format!("confirm[{place}].kinds"), Code::KindNotHere, message, "name kinds that tell of the world");
        }
    }
}

/// Only what is in doubt is reaffirmed.
fn are_suspect(reaffirmation: &Reaffirmation, desk: &Desk<'_>, say: &mut Say<'_>) {
    let review = desk.review();
    for (place, id) in reaffirmation.of.iter().enumerate() {
        let Some(seq) = desk.index.announcement(id).and_then(|seq| usize::try_from(seq).ok()) else { continue };
        if review.suspected(desk.events.at(seq)).is_none() {
            let message = format!("event {seq} is not in doubt");
            say(&format!("of[{place}]"), Code::Combination, message, "`servanda awaiting` lists what is suspect");
        }
    }
}

/// The ledger's own announcements are changed by others of their kind, and by nobody's word.
fn tells_of_world((field, id): (&str, &AnnouncementId), desk: &Desk<'_>, say: &mut Say<'_>) {
    if let Some(kind) = desk.body(id).map(Body::kind).filter(|kind| kind.is_about_ledger()) {
        let message = format!("`{id}` is a {kind}: it is about the ledger, and is not disputed or taken back");
        say(field, Code::KindNotHere, message, "a key is taken back by `recorder-revoked`");
    }
}

/// When an announcement was made, as it says itself.
struct Public<'a> {
    how: &'static str,
    /// What it tells had happened by the end of it; a day of grace is for time zones.
    on: &'a Date,
}

/// The day on which it was announced, or without one the earliest on which a source was published that it brings itself.
fn public(draft: &Draft) -> Option<Public<'_>> {
    if let Some(on) = &draft.announcement.announced {
        return Some(Public { how: "announced", on });
    }
    let own = draft.sources.iter().filter(|_| draft.brought == Brought::ByItself);
    let on = earliest(own.filter_map(|source| source.source.published.as_ref()))?;
    Some(Public { how: "published", on })
}

/// The day of the act, and the field that has it.
pub fn occurred(body: &Body) -> Option<(&'static str, &Date)> {
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

impl Desk<'_> {
    /// The announcement of that id, in the ledger or earlier in the batch.
    fn announcement(&self, id: &AnnouncementId) -> Option<&Announcement> {
        match self.index.announcement(id) {
            Some(seq) => Some(&self.events.get(usize::try_from(seq).ok()?)?.announcement),
            None => Some(&self.admitted.new.get(*self.seen.get(&id.folded())?)?.announcement),
        }
    }

    /// What the announcement of that id says, in the ledger or earlier in the batch; of a correction, its replacement.
    pub(super) fn body(&self, id: &AnnouncementId) -> Option<&Body> {
        match &self.announcement(id)?.body {
            Body::Correction(correction) => correction.replacement.as_ref().map(|replacement| replacement.0.as_ref()),
            body => Some(body),
        }
    }

    /// What counts in the ledger.
    fn review(&self) -> &Review<'_> {
        self.review.get_or_init(|| Review::of(self.events.iter()))
    }

    /// The type of an agreement, by what was told of it last before an announcement at a position, in the batch or else
    /// in the ledger, so that it is the same however announcements are put into files; or by what is told of it first,
    /// after that. What takes reviewers counts only when these have confirmed it.
    fn agreement_type(&self, id: &str, position: usize, scope: &Scope<'_>) -> Option<AgreementType> {
        let (there, new) = (scope.ledger.agreement_types(id), scope.batch.agreement_types(id));
        let is_new = |draft: &Draft| {
            let id = draft.id.clone().or_else(|| draft.announcement.description_id());
            id.is_none_or(|id| self.index.announcement(&id).is_none())
        };
        let before = |(place, _): &&(u64, AgreementType)| {
            usize::try_from(*place).is_ok_and(|place| place < position && is_new(&scope.also.drafts[place]))
        };
        let told = match (there.as_slice(), new.as_slice()) {
            (there, _) if scope.ledger.reviewers_of(Kind::Agreement) > 0 && !there.is_empty() => self.counting(there),
            ([], [first, ..]) if scope.ledger.reviewers_of(Kind::Agreement) > 0 => Some(first),
            (there, new) => new.iter().rfind(before).or_else(|| self.counting(there)).or(new.first()),
        };
        told.map(|(_, of_type)| *of_type)
    }

    /// The last of some types that counts; of several events one may await reviewers.
    fn counting<'t>(&self, told: &'t [(u64, AgreementType)]) -> Option<&'t (u64, AgreementType)> {
        let counts = |(seq, _): &&(u64, AgreementType)| {
            let event = usize::try_from(*seq).ok().and_then(|place| self.events.get(place));
            event.is_some_and(|event| !self.review().awaits(event))
        };
        match told {
            [_, _, ..] if self.index.asks_for_reviewers() => told.iter().rev().find(counts).or(told.first()),
            _ => told.last(),
        }
    }

    /// What struck the announcement of that id and was not itself retracted, in the ledger or earlier in the batch.
    pub(super) fn struck_by(&self, id: &AnnouncementId) -> Option<&AnnouncementId> {
        let new = |place: usize| &self.admitted.new[place - self.events.len()];
        let at = |place: usize| {
            let event = self.events.get(place).map(|event| (&event.id, &*event.announcement));
            let (id, announcement) = event.unwrap_or_else(|| (&new(place).id, &new(place).announcement));
            (id, &announcement.body)
        };
        let mut about = self.ledger.bearing.about();
        about.push(&self.about);
        striking(&about, id, at).map(|place| at(place).0)
    }
}

/// The events, from `first` on, that certainly cannot follow the history, each with the reason; `bearing` are the
/// events that bear on that, of the ledger and of what is new, and `review` says what counts of descriptions: acts that
/// await reviewers are looked at as if they counted.
pub fn irregular<'a>(bearing: &[&'a Recorded], first: u64, review: Review<'a>) -> Vec<(u64, Irregularity)> {
    let knowledge = Knowledge::reviewed(bearing.to_vec(), review, Horizon::default(), Unreviewed::ActsCount);
    let catalogue = Catalogue::of(&knowledge);
    let by_agreement: Vec<_> = knowledge.by_agreement().into_iter().collect();
    let of_agreement = |(id, claims): &(String, Vec<_>)| {
        let mut found = BTreeMap::new();
        let Some(agreement) = catalogue.agreement(id, Day::MAX) else { return found };
        let rules = Rules::of(agreement);
        for standing in Standing::ALL {
            for part in participations(&knowledge, claims, id, &rules, (*standing, Prefer::default(), Sources::Decided))
            {
                let irregular = part.stays.irregular.iter().map(|irregular| (irregular.claim.seq(), irregular.because));
                found.extend(irregular.filter(|(seq, _)| *seq >= first));
            }
        }
        found
    };
    let found: BTreeMap<u64, Irregularity> =
        by_agreement.par_iter().with_min_len(FEWEST_AGREEMENTS).flat_map_iter(of_agreement).collect();
    found.into_iter().collect()
}
